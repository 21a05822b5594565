"""Hours, turnover, residents and case mix of the homes in one payroll quarter, as Provider Information states them.

Everything is a function of the home and the quarter, so hours are equal in the months of a quarter and drift from one
quarter to the next. In the first quarter of a sample the drift is zero and the published distributions hold exactly.
Numbers are whole: hours and indexes in 1/100,000, residents and turnover in 1/10.

Sources: CMS, Nursing Home Data Dictionary, October 2024; checked on the rows of the October 2024 file: case-mix hours
are the index ratio times the national mean of the reported hours, adjusted hours are reported / case-mix x the
national mean of the case-mix hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nh_lakehouse.sample.homes import Homes
from nh_lakehouse.sample.randomness import Dice
from nh_lakehouse.sample.states import GUAM
from nh_lakehouse.sample.traits import LATE, ORDINARY, PENALIZED, SPECIAL_FOCUS, TOO_NEW, UNRATED

__all__ = ["HOUR_UNIT", "Staffing", "drift", "mean_of", "staffing_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: Hours per resident and day have five decimals.
HOUR_UNIT = 100_000
#: A home counts as new until it has been open for so many months.
_NEW_MONTHS = 12
#: How steady a standing is: the share of homes that keep it in another quarter, and that of others that get it.
_KEEPS = {LATE: 0.6, PENALIZED: 0.6, UNRATED: 0.6}
_FALLS_LATE, _FALLS_PENALIZED = 0.0075, 0.0145
#: Share of late homes that stand in the payroll file all the same, with hours that nobody can use.
_LATE_IN_PAYROLL = 0.5
#: Shares of homes with hours for which a measure is missing all the same (October 2024).
_NO_ADJUSTED, _NO_TURNOVER, _NO_RN_TURNOVER, _NO_ADMINISTRATORS, _NO_RESIDENTS = 0.00194, 0.0753, 0.1442, 0.1385, 0.857


@dataclass(frozen=True)
class Staffing:
    """One array per measure, indexed by the number of the home; only homes with the flag of a measure have it.

    `reported`: hours are published; `in_payroll`: the home stands in the daily payroll file of the quarter; `case_mix`
    and `adjusted` hold hours by job (aide, lpn, rn, total, weekend).
    """

    quarter: int
    members: Flags
    standing: Ints
    reported: Flags
    in_payroll: Flags
    has_adjusted: Flags
    has_turnover: Flags
    has_rn_turnover: Flags
    has_administrators: Flags
    has_residents: Flags
    residents: Ints
    hours: dict[str, Ints]
    rn_weekend: Ints
    licensed: Ints
    therapist: Ints
    turnover: Ints
    rn_turnover: Ints
    administrators_left: Ints
    case_mix_index: Ints
    case_mix_ratio: Ints
    national_index: int
    case_mix: dict[str, Ints]
    adjusted: dict[str, Ints]


def drift(dice: Dice, what: str, numbers: Ints, quarter: int, start: int) -> Floats:
    """How far a measure has moved since the start quarter: a smooth path with deviation about 1.4, 0 at the start."""
    here, there = np.zeros(len(numbers)), np.zeros(len(numbers))
    for back in range(3):
        here = here + dice.normal(what, numbers, quarter - back) / 1.75
        there = there + dice.normal(what, numbers, start - back) / 1.75
    return here - there


def mean_of(values: Ints, among: Flags) -> int:
    """The mean of whole numbers, rounded to a whole number (0 of none)."""
    count = int(among.sum())
    return (2 * int(values[among].sum()) + count) // (2 * count) if count else 0


def staffing_of(dice: Dice, homes: Homes, members: Flags, quarter: int, start: int) -> Staffing:
    """The staffing of a quarter.

    Args:
        dice: source of chance.
        homes: the homes of the month.
        members: the homes that were open when the quarter came into force; others have no hours yet.
        quarter: the payroll quarter.
        start: the quarter in force in the first month of the sample.
    """
    numbers, traits = np.arange(len(homes)), homes.traits
    standing = _standing(dice, homes, quarter, start)
    has_hours = (standing == ORDINARY) | (standing == SPECIAL_FOCUS) | (standing == PENALIZED)
    reported = members & has_hours
    late = members & (standing == LATE) & (homes.state != GUAM)
    in_payroll = reported | (late & (dice.uniform("in payroll", numbers, quarter) < _LATE_IN_PAYROLL))
    hours, rn_weekend = _hours(dice, homes, quarter, start, unusable=~has_hours)
    occupancy = traits.occupancy * (1 + 0.02 * drift(dice, "residents", numbers, quarter, start))
    residents = np.maximum(10, np.rint(np.minimum(occupancy, 1.25) * traits.beds * 10).astype(np.int64))
    index = np.rint(traits.case_mix * (1 + 0.02 * drift(dice, "case mix", numbers, quarter, start)) * HOUR_UNIT)
    index = index.astype(np.int64)
    national_index = _weighted_mean(index, residents, reported)
    ratio = _quotient(index * HOUR_UNIT, max(1, national_index))
    case_mix = {job: _quotient(ratio * mean_of(values, reported), HOUR_UNIT) for job, values in hours.items()}
    adjusted = {
        job: _quotient(values * mean_of(case_mix[job], reported), np.maximum(case_mix[job], 1))
        for job, values in hours.items()
    }
    has_turnover = reported & (dice.uniform("no turnover", numbers) >= _NO_TURNOVER)
    return Staffing(
        quarter=quarter,
        members=members,
        standing=standing,
        reported=reported,
        in_payroll=in_payroll,
        has_adjusted=reported & (dice.uniform("no adjusted", numbers) >= _NO_ADJUSTED),
        has_turnover=has_turnover,
        has_rn_turnover=has_turnover & (dice.uniform("no turnover", numbers) >= _NO_RN_TURNOVER),
        has_administrators=reported & (dice.uniform("no administrators", numbers) >= _NO_ADMINISTRATORS),
        has_residents=(standing != TOO_NEW) | (dice.uniform("no residents", numbers) >= _NO_RESIDENTS),
        residents=residents,
        hours=hours,
        rn_weekend=rn_weekend,
        licensed=hours["lpn"] + hours["rn"],
        therapist=np.rint(traits.therapist * HOUR_UNIT).astype(np.int64),
        turnover=_tenths(traits.turnover + 2.2 * drift(dice, "turnover", numbers, quarter, start)),
        rn_turnover=_tenths(traits.rn_turnover + 3.5 * drift(dice, "rn turnover", numbers, quarter, start)),
        administrators_left=traits.administrators_left,
        case_mix_index=index,
        case_mix_ratio=ratio,
        national_index=national_index,
        case_mix=case_mix,
        adjusted=adjusted,
    )


def _standing(dice: Dice, homes: Homes, quarter: int, start: int) -> Ints:
    """How each home stands in the quarter."""
    standing, numbers = homes.traits.standing, np.arange(len(homes))
    grown_up = (standing == TOO_NEW) & (homes.month - homes.opened >= _NEW_MONTHS)
    standing = np.where(grown_up, ORDINARY, standing)
    if quarter == start:
        return standing
    chance = dice.uniform("standing", numbers, quarter)
    later = standing.copy()
    for kind, keeps in _KEEPS.items():
        later[(standing == kind) & (chance >= keeps)] = ORDINARY
    ordinary = standing == ORDINARY
    later[ordinary & (chance < _FALLS_LATE + _FALLS_PENALIZED)] = PENALIZED
    later[ordinary & (chance < _FALLS_LATE)] = LATE
    return np.where(homes.state == GUAM, LATE, later)


def _hours(dice: Dice, homes: Homes, quarter: int, start: int, *, unusable: Flags) -> tuple[dict[str, Ints], Ints]:
    """Hours by job, and registered nurse hours at weekends; those of late homes are far too low or too high."""
    numbers, traits = np.arange(len(homes)), homes.traits
    common = drift(dice, "hours", numbers, quarter, start) * 0.02
    strange = np.where(dice.uniform("strange", numbers) < 0.6, 0.3, 3.4)
    factor = np.where(unusable, strange, 1.0)
    hours: dict[str, Ints] = {}
    for job in ("aide", "lpn", "rn"):
        moved = 1 + common + drift(dice, job, numbers, quarter, start) * 0.025
        hours[job] = np.rint(getattr(traits, job) * np.maximum(moved, 0.5) * factor * HOUR_UNIT).astype(np.int64)
    hours["total"] = hours["aide"] + hours["lpn"] + hours["rn"]
    rn_weekend = np.rint(hours["rn"] * traits.rn_weekend_ratio).astype(np.int64)
    weekend = np.rint(hours["total"] * traits.weekend_ratio).astype(np.int64)
    hours["weekend"] = np.maximum(weekend, rn_weekend)
    return hours, rn_weekend


def _tenths(percent: Floats) -> Ints:
    return np.rint(np.clip(percent, 0, 100) * 10).astype(np.int64)


def _quotient(numerator: Ints, denominator: Any) -> Ints:
    """Whole-number division, rounded half up."""
    return np.asarray((2 * numerator + denominator) // (2 * denominator), dtype=np.int64)


def _weighted_mean(values: Ints, weights: Ints, among: Flags) -> int:
    total = int(weights[among].sum())
    return (2 * int((values[among] * weights[among]).sum()) + total) // (2 * total) if total else 0
