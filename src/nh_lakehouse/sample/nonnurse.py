"""Daily staffing other than nurses (Payroll-Based Journal): the sister file of the nurses' hours.

Homes, days and residents are those of the nurse file of the same quarter; the hours of physical therapists are, over
the quarter, those that Provider Information states per resident. Jobs that few homes have are zero in the others.

Jobs: table 2 of the specification of the Payroll-Based Journal.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nh_lakehouse.sample.headers_measures import NON_NURSE_FOOTNOTE_SINCE, NON_NURSE_JOBS
from nh_lakehouse.sample.homes import Homes
from nh_lakehouse.sample.long_format import skewed
from nh_lakehouse.sample.payroll import Block, blocks_of, census_of, day_columns, hours_text
from nh_lakehouse.sample.randomness import Dice
from nh_lakehouse.sample.staffing import HOUR_UNIT, Staffing
from nh_lakehouse.sample.writing import Cells, joined

__all__ = ["nonnurse_lines", "nonnurse_name"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class _Job(NamedTuple):
    """A job: its hours on a day in every home that has it, and per resident; how many homes have it.

    `weekend` are hours of a weekend day against a weekday, `contract` is how many homes hire contract staff for it.
    """

    daily: float
    per_resident: float
    homes: float
    weekend: float
    contract: float


_JOBS = {
    "Admin": _Job(6.5, 0.01, 0.99, 0.12, 0.04),
    "MedDir": _Job(0.5, 0.0, 0.85, 0.2, 0.85),
    "OthMD": _Job(0.15, 0.0, 0.2, 0.1, 0.8),
    "PA": _Job(0.3, 0.0, 0.06, 0.1, 0.7),
    "NP": _Job(0.8, 0.0, 0.2, 0.1, 0.6),
    "ClinNrsSpec": _Job(0.3, 0.0, 0.02, 0.1, 0.3),
    "Pharmacist": _Job(0.2, 0.001, 0.6, 0.2, 0.85),
    "Dietician": _Job(1.0, 0.025, 0.85, 0.15, 0.45),
    "FeedAsst": _Job(1.0, 0.02, 0.05, 0.8, 0.02),
    "OT": _Job(0.0, 0.06, 0.92, 0.2, 0.6),
    "OTasst": _Job(0.0, 0.06, 0.85, 0.2, 0.6),
    "OTaide": _Job(0.0, 0.01, 0.08, 0.2, 0.3),
    "PT": _Job(0.0, 1.0, 1.0, 0.2, 0.6),
    "PTasst": _Job(0.0, 0.08, 0.9, 0.25, 0.6),
    "PTaide": _Job(0.0, 0.015, 0.15, 0.2, 0.3),
    "RespTher": _Job(2.0, 0.06, 0.12, 0.9, 0.4),
    "RespTech": _Job(1.0, 0.02, 0.02, 0.9, 0.4),
    "SpcLangPath": _Job(0.0, 0.045, 0.9, 0.2, 0.6),
    "TherRecSpec": _Job(2.0, 0.03, 0.15, 0.3, 0.03),
    "QualActvProf": _Job(4.0, 0.03, 0.7, 0.3, 0.02),
    "OthActv": _Job(2.0, 0.09, 0.85, 0.6, 0.02),
    "QualSocWrk": _Job(3.0, 0.035, 0.65, 0.08, 0.04),
    "OthSocWrk": _Job(2.0, 0.04, 0.45, 0.15, 0.04),
    "MHSvc": _Job(0.5, 0.01, 0.05, 0.1, 0.5),
}
_CENTS = 100
#: The therapists of a home are hired in one contract.
_THERAPY = frozenset({"OT", "OTasst", "OTaide", "PT", "PTasst", "PTaide", "SpcLangPath"})


def nonnurse_name(quarter: int) -> str:
    """Name of the file of a quarter."""
    return f"PBJ_Daily_Non_Nurse_Staffing_Q{quarter % 4 + 1}_{quarter // 4}.csv"


def nonnurse_lines(dice: Dice, homes: Homes, staffing: Staffing) -> Iterator[Cells]:
    """The data records of a quarter, a block of homes at a time, each home with all its days."""
    for block, stamps in blocks_of(dice, homes, staffing):
        census, reported = census_of(block)
        columns: list[Cells | str] = [*day_columns(block, stamps, reported)]
        for job in NON_NURSE_JOBS:
            hours = _hours(block, job, census)
            contract = np.where(_hired(block, job), hours, 0)
            columns += [hours_text(values) for values in (hours, hours - contract, contract)]
            if job == "Admin" and staffing.quarter >= NON_NURSE_FOOTNOTE_SINCE:
                columns.append("")
        yield joined(columns)


def _hours(block: Block, job: str, census: Ints) -> Ints:
    """Hours in 1/100 of every home and day."""
    what = _JOBS[job]
    weight = np.where(block.weekend, what.weekend, 1.0)
    pattern = weight * (len(block.days) / weight.sum())
    if job == "PT":
        per_resident: Floats = (block.staffing.therapist[block.rows] / HOUR_UNIT)[:, None]
        daily = np.zeros(per_resident.shape)
    else:
        size = skewed(block.dice.normal(f"payroll {job} level", block.rows), 0.4)[:, None]
        has = block.uniform(f"{job} present") < what.homes
        per_resident, daily = size * what.per_resident * has, size * what.daily * has
    noise = 1 + block.daily(job) * 0.12
    hours = (per_resident * census + daily) * pattern * np.clip(noise, 0.4, 1.6)
    return np.rint(np.minimum(hours, 400) * _CENTS).astype(np.int64)


def _hired(block: Block, job: str) -> NDArray[np.bool_]:
    """Whether the job is done by contract staff: on all days, or in its place by employees."""
    name = "therapy" if job in _THERAPY else job
    return block.uniform(f"{name} hired") < _JOBS[job].contract
