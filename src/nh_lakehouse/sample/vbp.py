"""The skilled nursing facility value-based purchasing programme: scores, multipliers and ranks of one fiscal year.

Source: CMS SNF VBP, fiscal year 2024. Achievement is 0 below the threshold, 100 from the benchmark on, else
90 x (rate - threshold) / (benchmark - threshold) + 5 with rate = 1 - readmission rate; improvement is
100 x (rate - earlier rate) / (benchmark - earlier rate) - 5 within 0 and 90, and 0 for homes that did not improve; the
performance score is the greater. The exchange function is logistic; its scale reproduces the published range of
multipliers, 0.9802538758 to 1.0176785153.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nh_lakehouse.sample import names
from nh_lakehouse.sample.homes import Homes
from nh_lakehouse.sample.hospitals import hospitals_of
from nh_lakehouse.sample.places import zip_code
from nh_lakehouse.sample.randomness import Dice
from nh_lakehouse.sample.states import STATES

__all__ = ["BENCHMARK", "NO_BASELINE", "THRESHOLD", "Vbp", "baseline_year", "multiplier_of", "vbp_of"]

Ints = NDArray[np.int64]

#: Achievement threshold and benchmark of fiscal year 2024 in 1/100,000; the sample keeps them for every year.
THRESHOLD, BENCHMARK = 79_271, 83_033
#: Scale and middle of the exchange function.
_SCALE, _FLOOR = 0.03793239, 0.98
#: What stands beside a baseline that could not be computed.
NO_BASELINE = (
    "This facility had fewer than 25 eligible stays during the baseline period. Therefore, this facility did not have "
    "sufficient data to calculate a baseline period risk-standardized readmission rate or improvement score."
)
#: Hospitals with swing beds are scored too: 2.2 % of the file, none of them in Provider Information.
_HOSPITALS_PER_HOME = 0.016
_UNIT = 100_000


@dataclass(frozen=True)
class Vbp:
    """One row per scored home or hospital, by certification number.

    Rates and scores are in 1/100,000, multipliers in 1/1,000,000; `baseline` is -1 where it is missing.
    """

    fiscal_year: int
    ccn: list[str]
    name: list[str]
    address: list[str]
    town: list[str]
    state: list[str]
    zip_code: list[str]
    baseline: Ints
    performance: Ints
    achievement: Ints
    improvement: Ints
    score: Ints
    multiplier: Ints
    rank: Ints


def baseline_year(fiscal_year: int) -> int:
    """The fiscal year of the baseline period (2019 up to 2025, then four years back)."""
    return 2019 if fiscal_year <= 2025 else fiscal_year - 4


def vbp_of(dice: Dice, homes: Homes, published: Ints, fiscal_year: int, first_year: int) -> Vbp:
    """The programme's results; in the first year of a sample the published distribution holds exactly."""
    scored = published[homes.traits.rsrr[published] > 0]
    moved = np.zeros(len(scored))
    for year in range(first_year + 1, fiscal_year + 1):
        moved = moved * 0.7 + dice.normal("rsrr", scored, year) * 0.006
    performance = np.rint((homes.traits.rsrr[scored] + moved) * _UNIT).astype(np.int64)
    before = homes.traits.baseline_rsrr[scored]
    baseline = np.where(before > 0, np.rint(before * _UNIT), -1).astype(np.int64)
    hospitals = hospitals_of(dice, max(2, int(len(homes) * _HOSPITALS_PER_HOME)))
    hospital = hospitals.numbers
    performance = np.concatenate([performance, _hospital_rates(dice, "hospital rsrr", hospital)])
    baseline = np.concatenate([baseline, _hospital_rates(dice, "hospital baseline", hospital)])
    places = [(STATES[code].code, names.town_name(code, town)) for code, town in _towns(homes, scored)]
    places += list(zip(hospitals.state_code, hospitals.town, strict=True))
    achievement, improvement = _achievement(performance), _improvement(performance, baseline)
    score = np.maximum(achievement, improvement)
    ccn = [*homes.ccn[scored].tolist(), *hospitals.ccn]
    addresses = [*homes.address[scored].tolist(), *hospitals.address]
    zip_codes = [zip_code(code, town) for code, town in _towns(homes, scored)]
    zip_codes += hospitals.zip_code
    order = np.argsort(np.array(ccn, dtype=object), kind="stable").tolist()
    pick = np.array(order, dtype=np.int64)
    named = [*homes.name[scored].tolist(), *hospitals.name]
    return Vbp(
        fiscal_year=fiscal_year,
        ccn=[ccn[row] for row in order],
        name=[named[row] for row in order],
        address=[addresses[row] for row in order],
        town=[places[row][1] for row in order],
        state=[places[row][0] for row in order],
        zip_code=[zip_codes[row] for row in order],
        baseline=baseline[pick],
        performance=performance[pick],
        achievement=achievement[pick],
        improvement=improvement[pick],
        score=score[pick],
        multiplier=multiplier_of(score[pick]),
        rank=1 + len(order) - np.searchsorted(np.sort(score), score[pick], side="right"),
    )


def _towns(homes: Homes, numbers: Ints) -> list[tuple[int, int]]:
    return list(zip(homes.state[numbers].tolist(), homes.town[numbers].tolist(), strict=True))


def _hospital_rates(dice: Dice, what: str, hospital: Ints) -> Ints:
    return np.rint(np.clip(0.196 + dice.normal(what, hospital) * 0.019, 0.14, 0.3) * _UNIT).astype(np.int64)


def _achievement(performance: Ints) -> Ints:
    rate = _UNIT - performance
    between = (90 * _UNIT * (rate - THRESHOLD) + (BENCHMARK - THRESHOLD) // 2) // (BENCHMARK - THRESHOLD) + 5 * _UNIT
    return np.where(rate < THRESHOLD, 0, np.where(rate >= BENCHMARK, 100 * _UNIT, between))


def _improvement(performance: Ints, baseline: Ints) -> Ints:
    """0 where the rate did not rise; 90 where it rose and reached the benchmark."""
    rate, before = _UNIT - performance, _UNIT - baseline
    room = np.maximum(BENCHMARK - before, 1)
    gained = (100 * _UNIT * (rate - before) + room // 2) // room - 5 * _UNIT
    gained = np.where(rate >= BENCHMARK, 90 * _UNIT, np.clip(gained, 0, 90 * _UNIT))
    return np.where((baseline < 0) | (rate <= before), 0, gained)


def multiplier_of(score: Ints) -> Ints:
    """The exchange function, from a table in steps of 0.01 points."""
    table = [_FLOOR + _SCALE / (1 + math.exp(5 - step / 1_000)) for step in range(10_001)]
    points = np.array([round(value * 10**10) for value in table], dtype=np.int64)
    step, rest = np.divmod(score, 1_000)
    after = np.minimum(step + 1, 10_000)
    value = points[step] * 1_000 + (points[after] - points[step]) * rest
    rounded: Ints = (value + 5 * 10**6) // 10**7
    return rounded
