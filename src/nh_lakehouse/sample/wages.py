"""Pay per hour of nurses, by job, state and year. The figures are invented: round, and of a plausible size."""

from __future__ import annotations

import numpy as np

from nh_lakehouse.sample.month import Snapshot
from nh_lakehouse.sample.writing import Sheet, decimal, number, text

__all__ = ["wages_sheet"]

_HEADER = ("job", "state", "year", "usd_per_hour")
#: Dollars an hour in 2024, and what each year adds, in cents.
_PAY = {
    "rndon": (55, 150),
    "rnadmin": (45, 125),
    "rn": (40, 100),
    "lpnadmin": (32, 75),
    "lpn": (30, 75),
    "cna": (19, 50),
    "natrn": (16, 50),
    "medaide": (20, 50),
}
#: Per cent of the nation's pay; all other states are paid as `US`.
_STATES = {"US": 100, "CA": 130, "MS": 85, "NY": 120}
#: The first year of daily payroll files.
_FIRST_YEAR = 2017


def wages_sheet(month: Snapshot) -> Sheet:
    """All years up to that of the month: the newest file alone is valid, so that each holds the earlier years too."""
    last = month.month // 12
    rows = [
        (job, state, year, (100 * dollars + (year - 2024) * rise) * share // 100)
        for state, share in _STATES.items()
        for job, (dollars, rise) in _PAY.items()
        for year in range(_FIRST_YEAR, last + 1)
    ]
    jobs, states, years, cents = zip(*rows, strict=True)
    columns = (text(jobs), text(states), number(np.asarray(years)), decimal(np.asarray(cents), 2))
    return Sheet(f"wages_{last}.csv", _HEADER, columns)
