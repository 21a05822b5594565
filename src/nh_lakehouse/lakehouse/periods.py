"""Which periods of a data set are loaded, missing in between, or overdue; read from `ops.files` without an engine.

When a period is due, by rhythm; later than the publisher usually is, so that what is called overdue is:
- monthly: at the end of the month itself, which is the month of the release;
- quarterly, each row with its quarter (payroll): at the end of the fifth month after the quarter, for homes have 45
  days to submit and the publisher checks what they sent;
- quarterly, by the quarter of the release (quality reporting): at the end of that quarter;
- yearly (a federal fiscal year, which begins in October): at the end of March of that year.
Claims accumulate and references are replaced as a whole: neither can have a gap.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from nh_lakehouse.contracts.model import DataSet
from nh_lakehouse.lakehouse.lakehouse import Lakehouse

__all__ = ["PERIOD_COLUMNS", "Coverage", "Span", "coverage_of", "due_date", "joined", "loaded_periods"]

#: Columns that state a period, the one that counts first: a measurement period stands beside the snapshot's own.
PERIOD_COLUMNS = ("snapshot_month", "quarter", "fiscal_year", "period")

_SHAPES = {
    "month": re.compile(r"(\d{4})-(\d{2})(?:-\d{2})?\Z"),
    "quarter": re.compile(r"(\d{4})Q([1-4])\Z"),
    "year": re.compile(r"(\d{4})\Z"),
    "date": re.compile(r"(\d{4})-(\d{2})-(\d{2})\Z"),
}
_PER_YEAR = {"month": 12, "quarter": 4, "year": 1}
#: Months from the end of a quarter to the publication of its payroll hours.
_PAYROLL_MONTHS = 5
#: Last month, within the fiscal year, by which its file is out.
_FISCAL_YEAR_MONTH = 3


@dataclass(frozen=True)
class Span:
    """Periods in a row that are in one state: loaded, absent or overdue."""

    state: str
    first: str
    last: str
    periods_n: int


@dataclass(frozen=True)
class Coverage:
    """The periods of one data set.

    Attributes:
        data_set: name of the data set.
        rhythm: M, Q, Y, C (claims) or R (reference: the newest release alone).
        loaded: periods of which a file was loaded, in order.
        absent: periods between the first and the last loaded one of which none was.
        overdue: periods after the last loaded one that are due.
    """

    data_set: str
    rhythm: str
    loaded: tuple[str, ...]
    absent: tuple[str, ...] = ()
    overdue: tuple[str, ...] = ()

    @property
    def first(self) -> str | None:
        """First loaded period, None where none is."""
        return self.loaded[0] if self.loaded else None

    @property
    def last(self) -> str | None:
        """Last loaded period, None where none is."""
        return self.loaded[-1] if self.loaded else None

    def spans(self) -> list[Span]:
        """All periods in order, those in a row of one state together."""
        by_state = {"loaded": self.loaded, "absent": self.absent, "overdue": self.overdue}
        states = {period: state for state, periods in by_state.items() for period in periods}
        found = []
        for state, group in groupby(sorted(states), key=states.__getitem__):
            periods = list(group)
            found.append(Span(state, periods[0], periods[-1], len(periods)))
        return found


def loaded_periods(lake: Lakehouse) -> dict[str, set[str]]:
    """Data set -> periods of the files that its bronze table holds."""
    if not lake.exists("ops.files"):
        return {}
    found: dict[str, set[str]] = {}
    for row in lake.arrow("ops.files", ["data_set", "status", "period"]).to_pylist():
        if row["status"] == "loaded" and row["data_set"] and row["period"]:
            found.setdefault(row["data_set"], set()).update(row["period"].split(","))
    return {name: periods for name, periods in found.items() if lake.exists(f"bronze.{name}")}


def coverage_of(lake: Lakehouse, contracts: Mapping[str, DataSet], today: date) -> list[Coverage]:
    """What is loaded, absent and overdue of each data set, those that were never loaded with empty lists.

    Args:
        lake: the lakehouse.
        contracts: the data sets.
        today: a period is overdue where it was due before this day.
    """
    loaded = loaded_periods(lake)
    return [_coverage(contract, loaded.get(name, set()), today) for name, contract in sorted(contracts.items())]


def due_date(data_set: DataSet, period: str) -> date:
    """Last day on which a period of a data set is not yet late; see the module's text."""
    grain = data_set.period.grain
    year, number = divmod(_number(period, grain) or 0, _PER_YEAR[grain])
    if grain == "year":
        return _month_end(year, _FISCAL_YEAR_MONTH)
    if grain == "month":
        return _month_end(year, number + 1)
    tells_of_the_past = data_set.period.column is not None
    return _month_end(year, 3 * (number + 1) + (_PAYROLL_MONTHS if tells_of_the_past else 0))


def joined(periods: Sequence[str]) -> list[str]:
    """Periods of one grain in order, those in a row as one text (`2018Q1 to 2018Q3`)."""
    grain = next((g for g in _PER_YEAR if periods and _number(periods[0], g) is not None), "month")
    found: list[list[str]] = []
    for period in periods:
        if found and _number(period, grain) == (_number(found[-1][-1], grain) or 0) + 1:
            found[-1].append(period)
        else:
            found.append([period])
    return [run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in found]


def _coverage(data_set: DataSet, loaded: set[str], today: date) -> Coverage:
    grain = data_set.period.grain
    if data_set.rhythm == "R":
        return Coverage(data_set.name, "R", tuple(sorted(loaded)[-1:]))
    if data_set.rhythm == "C" or grain == "date":
        return Coverage(data_set.name, data_set.rhythm, tuple(sorted(loaded)))
    numbers = sorted({n for n in (_number(p, grain) for p in loaded) if n is not None})
    absent = [n for n in range(numbers[0], numbers[-1]) if n not in numbers] if numbers else []
    overdue: list[str] = []
    while (
        data_set.period.due
        and numbers
        and due_date(data_set, following := _text(numbers[-1] + 1 + len(overdue), grain)) < today
    ):
        overdue.append(following)
    return Coverage(
        data_set.name,
        data_set.rhythm,
        tuple(_text(n, grain) for n in numbers),
        tuple(_text(n, grain) for n in absent),
        tuple(overdue),
    )


def _number(period: str, grain: str) -> int | None:
    """Number of a period, counted without gaps; None where the text is none of that grain."""
    found = _SHAPES[grain].match(period.strip())
    if found is None:
        return None
    return int(found[1]) * _PER_YEAR[grain] + (int(found[2]) - 1 if grain != "year" else 0)


def _text(number: int, grain: str) -> str:
    year, part = divmod(number, _PER_YEAR[grain])
    return {"month": f"{year:04d}-{part + 1:02d}", "quarter": f"{year:04d}Q{part + 1}", "year": f"{year:04d}"}[grain]


def _month_end(year: int, month: int) -> date:
    """Last day of a month; months go on counting after December."""
    years, rest = divmod(month, 12)
    return date(year + years, rest + 1, 1) - timedelta(days=1)
