"""The penalties file and the two files of the value-based purchasing programme, as sheets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nh_lakehouse.sample.headers import PENALTIES, vbp_aggregate_headers, vbp_headers
from nh_lakehouse.sample.month import Snapshot
from nh_lakehouse.sample.places import places_of
from nh_lakehouse.sample.vbp import BENCHMARK, NO_BASELINE, THRESHOLD, baseline_year
from nh_lakehouse.sample.writing import Sheet, choice, days, decimal, number, quoted, quoted_if_needed, text

__all__ = ["penalties_sheet", "vbp_aggregate_sheet", "vbp_sheet"]

_QUOTED = {*PENALTIES[:6], "Location"}
_NOT_YET = "To be added after the end of FY {year}"


def penalties_sheet(month: Snapshot) -> Sheet:
    """Fines and payment denials of the homes that are open, by certification number and day."""
    homes = month.homes
    events = month.penalties.chosen(homes.alive[month.penalties.home])
    events = events.chosen(np.argsort(homes.ccn[events.home], kind="stable"))
    places = places_of(homes, events.home)
    cells = (
        text(homes.ccn[events.home]),
        text(homes.name[events.home]),
        places.address,
        places.town,
        places.state,
        places.zip_code,
        days(events.day),
        choice(events.fine, ("Payment Denial", "Fine")),
        number((events.cents + 50) // 100, events.fine),
        days(events.start, ~events.fine),
        number(events.days, ~events.fine),
        places.location,
        choice(np.zeros(len(events)), [month.processing_date]),
    )
    columns = tuple(
        quoted(column) if name in _QUOTED else quoted_if_needed(column)
        for name, column in zip(PENALTIES, cells, strict=True)
    )
    return Sheet(f"NH_Penalties_{month.label}.csv", tuple(f'"{name}"' for name in PENALTIES), columns)


def vbp_sheet(month: Snapshot) -> Sheet:
    """One row per home or hospital of the programme."""
    vbp = month.vbp
    known = vbp.baseline >= 0
    note = choice(known, (NO_BASELINE, ""))
    empty = choice(np.zeros(len(known)), [""])
    columns = (
        number(vbp.rank),
        empty,
        text(vbp.ccn),
        text(vbp.name),
        text(vbp.address),
        text(vbp.town),
        text(vbp.state),
        text(vbp.zip_code),
        decimal(np.maximum(vbp.baseline, 0), 5, known, missing="---"),
        note,
        decimal(vbp.performance, 5),
        empty,
        decimal(vbp.achievement, 5),
        empty,
        decimal(vbp.improvement, 5, known, missing="---"),
        note,
        decimal(vbp.score, 5),
        empty,
        decimal(vbp.multiplier, 6),
        empty,
    )
    headers = vbp_headers(vbp.fiscal_year, baseline_year(vbp.fiscal_year))
    quoted_columns = tuple(quoted_if_needed(column) for column in columns)
    return Sheet(f"FY_{vbp.fiscal_year}_SNF_VBP_Facility_Performance.csv", headers, quoted_columns)


def vbp_aggregate_sheet(month: Snapshot) -> Sheet:
    """The one row of national figures; the national rates are means over the homes."""
    vbp = month.vbp
    known = vbp.baseline >= 0
    multipliers = f"{vbp.multiplier.min() / 10**6:.6f}-{vbp.multiplier.max() / 10**6:.6f}"
    scores = f"{vbp.score.min() / 10**5:.5f}-{vbp.score.max() / 10**5:.5f}"
    later = _NOT_YET.format(year=vbp.fiscal_year)
    cells = (
        _mean_rate(vbp.baseline[known]),
        _mean_rate(vbp.performance),
        f"{THRESHOLD / 10**5:.5f}",
        f"{BENCHMARK / 10**5:.5f}",
        scores,
        str(len(vbp.ccn)),
        multipliers,
        later,
        later,
    )
    headers = vbp_aggregate_headers(vbp.fiscal_year, baseline_year(vbp.fiscal_year))
    return Sheet(
        f"FY_{vbp.fiscal_year}_SNF_VBP_Aggregate_Performance.csv", headers, tuple(text([cell]) for cell in cells)
    )


def _mean_rate(rates: NDArray[np.int64]) -> str:
    count = max(1, len(rates))
    return f"{(2 * int(rates.sum()) + count) // (2 * count) / 10**5:.5f}"
