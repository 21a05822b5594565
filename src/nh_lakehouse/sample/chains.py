"""Chain performance measures: unweighted means over the homes of each chain, the nation first.

Columns of quality measures, which no other file of the sample holds, are drawn around the published national values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nh_lakehouse.sample.headers import CHAINS
from nh_lakehouse.sample.month import Snapshot
from nh_lakehouse.sample.names import chain_name
from nh_lakehouse.sample.staffing import HOUR_UNIT
from nh_lakehouse.sample.traits import OWNERSHIP_TYPES, SPECIAL_FOCUS
from nh_lakehouse.sample.writing import Cells, Sheet, decimal, number, quoted_if_blank, text

__all__ = ["chains_sheet"]

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: National value and deviation between chains (February 2026) of the 24 last columns, in their order.
_QUALITY = (
    (23.8, 3.7),
    (12.0, 3.4),
    (1.5, 0.6),
    (2.5, 1.0),
    (54.2, 9.4),
    (79.7, 9.0),
    (81.7, 9.0),
    (1.9, 0.5),
    (1.8, 0.6),
    (16.7, 5.0),
    (3.3, 1.2),
    (5.0, 1.7),
    (1.7, 0.8),
    (1.0, 0.5),
    (16.5, 5.0),
    (14.9, 4.5),
    (95.4, 2.5),
    (93.4, 3.5),
    (0.1, 0.05),
    (19.8, 6.0),
    (5.4, 1.9),
    (11.3, 6.0),
    (19.6, 6.0),
    (10.8, 0.6),
)
_FIRST_QUALITY = len(CHAINS) - len(_QUALITY)


@dataclass(frozen=True)
class _Groups:
    """The homes of a file by group: position 0 is the nation, then one position per chain."""

    position: Ints
    size: int

    def total(self, values: NDArray[np.generic], known: Flags | None = None) -> Ints:
        """Sums per group, over the homes that have the value."""
        shown = np.where(True if known is None else known, values, 0).astype(np.int64)
        sums = np.zeros(self.size, dtype=np.int64)
        np.add.at(sums, self.position[self.position > 0], shown[self.position > 0])
        sums[0] = shown.sum()
        return sums

    def mean(
        self, values: NDArray[np.generic], unit: int, places: int, known: Flags | None = None, scale: int = 1
    ) -> Cells:
        """Means per group of whole numbers in 1 / unit, times `scale`; empty where no home of the group has one."""
        known = np.ones(len(self.position), dtype=bool) if known is None else known
        count = self.total(known)
        divisor = np.maximum(count, 1) * unit
        rounded = (2 * self.total(values, known) * scale * 10**places + divisor) // (2 * divisor)
        return decimal(rounded, places, count > 0, trimmed=True)


def chains_sheet(month: Snapshot) -> Sheet:
    """The file of one month: the national row, then the chains by name."""
    chain = month.homes.chain[month.rows]
    present = sorted(set(chain[chain > 0].tolist()), key=lambda item: (chain_name(item), item))
    positions = np.zeros(700, dtype=np.int64)
    positions[present] = np.arange(1, len(present) + 1)
    groups = _Groups(positions[chain], len(present) + 1)
    cells = {
        "Chain": text(["National", *(chain_name(item) for item in present)]),
        "Chain ID": number(np.array([0, *present]), np.array([False] + [True] * len(present)), missing='""'),
        **_composition(month, groups),
        **_performance(month, groups),
    }
    quality = _quality(month, present)
    columns = tuple(cells[header] for header in CHAINS[:_FIRST_QUALITY]) + quality
    return Sheet(
        f"Nursing_Home_Chain_Performance_Measures_{month.label[:3]}_{month.label[3:]}.csv",
        tuple(f'"{header}"' if " " in header else header for header in CHAINS),
        tuple(
            column if header == "Chain ID" else quoted_if_blank(column)
            for header, column in zip(CHAINS, columns, strict=True)
        ),
    )


def _composition(month: Snapshot, groups: _Groups) -> dict[str, Cells]:
    rows, surveys = month.rows, month.surveys
    everyone = np.ones(len(rows), dtype=np.int64)
    kinds = [name.split(" - ")[0] for name, _ in OWNERSHIP_TYPES]
    owner = month.homes.ownership[rows]
    pairs = np.unique(np.stack([groups.position, month.homes.state[rows]]), axis=1)
    states = np.bincount(pairs[0], minlength=groups.size)
    states[0] = len(np.unique(month.homes.state[rows]))
    special = month.staffing.standing[rows] == SPECIAL_FOCUS
    found = {
        "Number of facilities": number(groups.total(everyone)),
        "Number of states and territories with operations": number(states),
        "Number of Special Focus Facilities (SFF)": number(groups.total(special)),
        "Number of SFF candidates": number(groups.total(surveys.candidate[rows])),
        "Number of facilities with an abuse icon": number(groups.total(surveys.abuse[rows])),
        "Percentage of facilities with an abuse icon": groups.mean(surveys.abuse[rows], 1, 1, scale=100),
    }
    for kind, word in (("For profit", "for-profit"), ("Non profit", "non-profit"), ("Government", "government-owned")):
        of_kind = np.array([name == kind for name in kinds])[owner]
        found[f"Percent of facilities classified as {word}"] = groups.mean(of_kind, 1, 1, scale=100)
    return found


def _performance(month: Snapshot, groups: _Groups) -> dict[str, Cells]:
    rows, staffing, ratings, totals = month.rows, month.staffing, month.ratings, month.totals
    fines, cents, denials = totals.fines[rows], totals.fine_cents[rows], totals.denials[rows]
    known, left = staffing.reported[rows], staffing.has_administrators[rows]
    found = {
        "Average total nursing staff turnover percentage": groups.mean(
            staffing.turnover[rows], 10, 1, staffing.has_turnover[rows]
        ),
        "Average Registered Nurse turnover percentage": groups.mean(
            staffing.rn_turnover[rows], 10, 1, staffing.has_rn_turnover[rows]
        ),
        "Average number of administrators who have left the nursing home": groups.mean(
            staffing.administrators_left[rows], 1, 1, left
        ),
        "Total number of fines": number(groups.total(fines)),
        "Average number of fines": groups.mean(fines, 1, 2),
        "Total amount of fines in dollars": number((groups.total(cents) + 50) // 100),
        "Average amount of fines in dollars": groups.mean(cents, 100, 2),
        "Total number of payment denials": number(groups.total(denials)),
        "Average number of payment denials": groups.mean(denials, 1, 1),
    }
    stars = {
        "overall 5-star": ratings.overall,
        "health inspection": ratings.health,
        "staffing": ratings.staffing,
        "quality": ratings.quality,
    }
    for name, rating in stars.items():
        found[f"Average {name} rating"] = groups.mean(rating.stars[rows], 1, 1, rating.stars[rows] > 0)
    for name, job in (("total nurse", "total"), ("total weekend nurse", "weekend"), ("total Registered Nurse", "rn")):
        hours = staffing.hours[job][rows]
        found[f"Average {name} hours per resident day"] = groups.mean(hours, HOUR_UNIT, 1, known)
    return found


def _quality(month: Snapshot, present: list[int]) -> tuple[Cells, ...]:
    """The quality measures: each chain keeps its level and moves a little from quarter to quarter."""
    chains, quarter = np.array([0, *present]), month.staffing.quarter
    columns = []
    for index, (centre, spread) in enumerate(_QUALITY):
        noise = month.dice.normal(f"chain quality {index}", chains) * 0.95
        noise = noise + month.dice.normal(f"chain quality {index}", chains, quarter) * 0.1
        values = np.clip(centre + np.where(chains > 0, noise, 0.0) * spread, 0, 100)
        columns.append(decimal(np.rint(values * 10).astype(np.int64), 1, trimmed=True))
    return tuple(columns)
