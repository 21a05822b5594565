"""COVID-19 vaccination of residents and staff, in homes and by state and nation.

Homes lie around the level of their state and move slowly from month to month; a third of the homes have no resident,
nearly half no employee who is up to date. The averages are means over the homes of the same file, as written there.

Source: the publisher's files of October 2024.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from nh_lakehouse.sample.headers_measures import VACCINATION
from nh_lakehouse.sample.homes import Homes
from nh_lakehouse.sample.long_format import path
from nh_lakehouse.sample.month import Snapshot
from nh_lakehouse.sample.periods import month_start
from nh_lakehouse.sample.randomness import Dice, Quantiles, cumulative
from nh_lakehouse.sample.states import STATES
from nh_lakehouse.sample.traits import TOO_NEW
from nh_lakehouse.sample.writing import Sheet, choice, decimal, quoted, text

__all__ = ["Vaccination", "vaccination_averages_sheet", "vaccination_of", "vaccination_sheet"]

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: Up-to-date residents, per cent: a third none, mean 23.7. Staff: 47 % none, mean 5.9.
_RESIDENTS = Quantiles((0, 0, 3, 25, 52, 71, 84, 97, 100), (0, 0.32, 0.35, 0.6, 0.78, 0.9, 0.95, 0.99, 1))
_STAFF = Quantiles((0, 0, 1.2, 5.6, 13, 25, 39, 85, 100), (0, 0.43, 0.45, 0.7, 0.83, 0.92, 0.96, 0.99, 1))
_NOT_AVAILABLE = "Not Available"
_UNKNOWN = 0.017


@dataclass(frozen=True)
class Vaccination:
    """Per cent in tenths by number of the home, and which homes have told them."""

    residents: Ints
    staff: Ints
    known: Flags


def vaccination_of(dice: Dice, homes: Homes, too_new: Flags) -> Vaccination:
    """The vaccinations of all homes in the month of the homes."""
    numbers, month = np.arange(len(homes)), homes.month
    tenths = []
    for who, distribution in (("residents", _RESIDENTS), ("staff", _STAFF)):
        state = dice.normal(f"vaccinated {who} of state", homes.state) * 0.42
        own = dice.normal(f"vaccinated {who}", numbers) * 0.78 + homes.traits.quality * 0.3
        score = state + own + path(dice, f"vaccinated {who}", numbers, month) * 0.22
        tenths.append(np.rint(distribution(cumulative(score * 0.97)) * 10).astype(np.int64))
    return Vaccination(tenths[0], tenths[1], ~too_new & (dice.uniform("vaccination unknown", numbers) >= _UNKNOWN))


def _of_month(month: Snapshot) -> Vaccination:
    return vaccination_of(month.dice, month.homes, month.staffing.standing == TOO_NEW)


def _last_sunday(month: int) -> date:
    """The day of the data: files come out on the last Sunday of a month."""
    end = month_start(month + 1) - timedelta(days=1)
    return end - timedelta(days=(end.weekday() + 1) % 7)


def vaccination_sheet(month: Snapshot) -> Sheet:
    """One row per home."""
    found, rows, day = _of_month(month), month.rows, _last_sunday(month.month)
    known = found.known[rows]
    cells = (
        quoted(text(month.homes.ccn[rows])),
        choice(month.homes.state[rows], [state.code for state in STATES]),
        decimal(found.residents[rows], 1, known, missing=_NOT_AVAILABLE),
        decimal(found.staff[rows], 1, known, missing=_NOT_AVAILABLE),
        choice(np.zeros(len(rows)), [day.strftime("%m/%d/%Y")]),
    )
    headers = ("CMS Certification Number (CCN)", *VACCINATION)
    return Sheet(f"NH_CovidVaxProvider_{day:%Y%m%d}.csv", headers, cells)


def vaccination_averages_sheet(month: Snapshot) -> Sheet:
    """The nation, then the states by code: means over the homes that have told."""
    found, rows, day = _of_month(month), month.rows, _last_sunday(month.month)
    known, state = found.known[rows], month.homes.state[rows]
    order = sorted(range(len(STATES)), key=lambda index: STATES[index].code)
    groups = [known, *(known & (state == index) for index in order)]
    cells = (
        text(["US", *(STATES[index].code for index in order)]),
        text([_mean(found.residents[rows][group]) for group in groups]),
        text([_mean(found.staff[rows][group]) for group in groups]),
        text([day.strftime("%m/%d/%Y")] * len(groups)),
    )
    return Sheet(f"NH_CovidVaxAverages_{day:%Y%m%d}.csv", VACCINATION, cells)


def _mean(tenths: Ints) -> str:
    """The mean as short as can be: `23.7`, `5`."""
    count = len(tenths)
    if not count:
        return _NOT_AVAILABLE
    mean = (2 * int(tenths.sum()) + count) // (2 * count)
    return f"{mean // 10}.{mean % 10}".removesuffix(".0")
