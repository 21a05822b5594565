"""Months and quarters as whole numbers, so that they can be added, compared and hashed.

A month is `year * 12 + month - 1`, a quarter `year * 4 + quarter - 1`.
"""

from __future__ import annotations

from datetime import date

__all__ = [
    "month_label",
    "month_of",
    "month_start",
    "month_year",
    "quarter_days",
    "quarter_in_force",
    "quarter_label",
    "quarter_of",
    "wanted_quarters",
]

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def month_of(day: date) -> int:
    """The month that holds a day."""
    return day.year * 12 + day.month - 1


def month_start(month: int) -> date:
    """The first day of a month."""
    return date(month // 12, month % 12 + 1, 1)


def month_year(month: int) -> int:
    """The calendar year of a month."""
    return month // 12


def month_label(month: int) -> str:
    """`Oct2024`, as the publisher writes it in file names."""
    return f"{_MONTHS[month % 12]}{month // 12}"


def quarter_of(month: int) -> int:
    """The calendar quarter of a month."""
    return month // 3


def quarter_label(quarter: int) -> str:
    """`2024Q2`, the value of `CY_Qtr`."""
    return f"{quarter // 4}Q{quarter % 4 + 1}"


def quarter_days(quarter: int) -> list[date]:
    """All days of a quarter, in order."""
    start = month_start(quarter * 3).toordinal()
    return [date.fromordinal(day) for day in range(start, month_start(quarter * 3 + 3).toordinal())]


def quarter_in_force(month: int) -> int:
    """The payroll quarter behind the hours published in a month: two quarters back (October shows April to June)."""
    return quarter_of(month) - 2


def wanted_quarters(first_month: int, months: int, quarters: int) -> list[int]:
    """The payroll quarters of a sample, oldest first.

    The quarter in force in the first month comes first, then those that come into force in the later months, then
    older ones, until there are enough.
    """
    newest = [quarter_in_force(first_month + offset) for offset in range(months)]
    ahead = sorted(set(newest))[:quarters]
    older = [ahead[0] - step for step in range(1, quarters - len(ahead) + 1)]
    return sorted(older + ahead)
