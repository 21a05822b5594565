"""The quality reporting program: 48 figures of every home, and of every hospital with swing beds.

Twelve measures, each with its counts, rates and, where claims are behind it, limits and a comparison with the nation.
Periods are those of the publisher's calendar (table 25 of the Nursing Home Data Dictionary, October 2024); measures of
two years and of one year move every October, the others every quarter. Codes are those of October 2024 in every month.

Figures are whole numbers in 1 / `unit`; a figure that is not published has a footnote in its place: 1 newly certified,
7 suppressed, 9 too few cases, 10 no data, 14 not required to report; 13 stands beside results of a shorter time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nh_lakehouse.sample.homes import Homes
from nh_lakehouse.sample.hospitals import Hospitals
from nh_lakehouse.sample.long_format import path, portion, skewed
from nh_lakehouse.sample.measures import residents_of, short_stays_of
from nh_lakehouse.sample.periods import quarter_days
from nh_lakehouse.sample.randomness import Dice
from nh_lakehouse.sample.traits import TOO_NEW
from nh_lakehouse.sample.vaccination import vaccination_of

__all__ = [
    "CATEGORIES",
    "FOOTNOTES",
    "MEASURES",
    "Figure",
    "Reporters",
    "figures_of",
    "homes_reporting",
    "hospitals_reporting",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: What stands in the column of footnotes, by the numbers that `Figure.note` holds.
FOOTNOTES = ("-", "1", "7", "9", "10", "13", "9,13", "14")
_NONE, _NEW, _SUPPRESSED, _FEW, _NO_DATA, _SHORTER, _FEW_AND_SHORTER, _NOT_REQUIRED = range(8)
#: The comparison with the nation, by the numbers that figures hold.
CATEGORIES = (
    "Better than the National Rate",
    "No Different than the National Rate",
    "Worse than the National Rate",
    "Number of Cases Too Small",
)
_SHORT_TIME, _SUPPRESSED_SHARE = 0.075, 0.0015
_HOSPITAL_WITHOUT_DATA = 0.74


class Measure(NamedTuple):
    """One measure: its rate in the nation, how far facilities lie apart, and from how many cases on it is told.

    `kind`: `claims` (with limits and comparison), `spending`, `stays` (from assessments), `staff` (from reports on
    employees); `cases` are its cases in a year per short stay.
    """

    prefix: str
    kind: str
    rate: float
    spread: float
    higher: bool
    cases: float
    least: int


MEASURES = (
    Measure("S_004_01_PPR_PD", "claims", 0.1051, 0.36, False, 2.3, 25),
    Measure("S_005_02_DTC", "claims", 0.528, 0.22, True, 2.2, 25),
    Measure("S_006_01_MSPB", "spending", 1.03, 0.15, False, 2.1, 20),
    Measure("S_007_02", "stays", 0.945, 1.0, True, 1.6, 20),
    Measure("S_013_02", "stays", 0.009, 0.7, False, 1.6, 20),
    Measure("S_024_05", "stays", 0.53, 0.3, True, 1.25, 20),
    Measure("S_025_05", "stays", 0.5, 0.3, True, 1.25, 20),
    Measure("S_038_02", "stays", 0.025, 0.7, False, 1.6, 20),
    Measure("S_039_01_HAI", "claims", 0.0726, 0.36, False, 1.35, 25),
    Measure("S_040_02", "staff", 0.1, 0.0, True, 1.0, 1),
    Measure("S_041_01", "staff", 0.45, 0.35, True, 1.0, 1),
    Measure("S_042_01", "stays", 0.51, 0.3, True, 1.25, 20),
)
#: Weight of the cases in the rate that is told; the rest is the nation's (claims).
_PULL = {"S_004_01_PPR_PD": 370, "S_005_02_DTC": 60, "S_039_01_HAI": 300}


@dataclass(frozen=True)
class Reporters:
    """Facilities that report: a prefix of their draws and their numbers, short stays in a year, quality, employees.

    `vaccinated` is the share of employees who are up to date; `silent` and the other flags say who has no results.
    """

    kind: str
    numbers: Ints
    stays: Floats
    quality: Floats
    readmitted: Floats
    employees: Ints
    vaccinated: Floats
    silent: Flags
    too_new: Flags
    not_required: Flags


@dataclass(frozen=True)
class Figure:
    """One code: whole numbers in 1 / 10^places (or positions in `CATEGORIES`), footnotes, known values, its period."""

    code: str
    values: Ints
    places: int
    note: Ints
    known: Flags
    begin: date
    end: date
    is_category: bool = False


def homes_reporting(dice: Dice, homes: Homes, standing: Ints) -> Reporters:
    """All homes as reporters; those for Medicaid alone need not report."""
    numbers, traits = np.arange(len(homes)), homes.traits
    lettered = np.array([ccn[2] in "AE" for ccn in homes.ccn.tolist()], dtype=bool)
    hours = residents_of(homes) * (traits.aide + traits.lpn + traits.rn)
    vaccination = vaccination_of(dice, homes, standing == TOO_NEW)
    return Reporters(
        kind="home",
        numbers=numbers,
        stays=short_stays_of(dice, homes),
        quality=traits.short_stay_score,
        readmitted=np.where(traits.rsrr > 0, (traits.rsrr - 0.2021) / 0.0216, 0.0),
        employees=np.maximum(np.rint(hours / 4.2), 5).astype(np.int64),
        vaccinated=np.where(vaccination.known, vaccination.staff, 59) / 1_000,
        silent=dice.uniform("no program data", numbers) < 0.006,
        too_new=standing == TOO_NEW,
        not_required=lettered,
    )


def hospitals_reporting(dice: Dice, hospitals: Hospitals) -> Reporters:
    """Hospitals as reporters: most have too few patients in their swing beds, or none."""
    numbers = hospitals.numbers
    nobody = np.zeros(len(numbers), dtype=bool)
    return Reporters(
        kind="hospital",
        numbers=numbers,
        stays=28 * skewed(dice.normal("swing bed stays", numbers), 0.9),
        quality=dice.normal("swing bed quality", numbers),
        readmitted=np.zeros(len(numbers)),
        employees=np.zeros(len(numbers), dtype=np.int64),
        vaccinated=np.zeros(len(numbers)),
        silent=dice.uniform("no swing bed data", numbers) < _HOSPITAL_WITHOUT_DATA,
        too_new=nobody,
        not_required=nobody,
    )


def figures_of(dice: Dice, who: Reporters, quarter: int) -> list[Figure]:
    """All figures of a release (`quarter` is the calendar quarter it comes out in), in order of their codes."""
    found: list[Figure] = []
    for measure in MEASURES:
        begin, end, time = _period(measure, quarter)
        made = {"claims": _claims, "spending": _spending, "stays": _stays, "staff": _staff}[measure.kind]
        figures = made(dice, who, measure, time)
        found += [replace(figure, begin=begin, end=end) for figure in figures]
    return sorted(found, key=lambda figure: figure.code)


def _period(measure: Measure, quarter: int) -> tuple[date, date, int]:
    """First and last day, and the number of the period: its last quarter."""
    # The newest October release: its claims end in September of the year before.
    october = quarter - (quarter + 1) % 4
    last, length = {
        "S_004_01_PPR_PD": (october - 5, 8),
        "S_005_02_DTC": (october - 5, 8),
        "S_006_01_MSPB": (october - 5, 8),
        "S_039_01_HAI": (october - 5, 4),
        "S_040_02": (quarter - 4, 1),
        "S_041_01": (october - 3, 2),
    }.get(measure.prefix, (quarter - 4, 4))
    return quarter_days(last - length + 1)[0], quarter_days(last)[-1], last


def _figure(code: str, values: Ints, places: int, note: Ints, known: Flags) -> Figure:
    return Figure(code, values, places, note, known, date.min, date.max)


def _score(dice: Dice, who: Reporters, measure: Measure, time: int) -> Floats:
    """How good a facility is at a measure: standard normal, higher is better, slow to change."""
    name = f"{who.kind} {measure.prefix}"
    own = dice.normal(name, who.numbers) * 0.72 + path(dice, name, who.numbers, time) * 0.32
    readmitted = 0.4 if measure.prefix.startswith("S_004") else 0.15
    return own + who.quality * 0.42 - who.readmitted * readmitted


def _rate(dice: Dice, who: Reporters, measure: Measure, time: int) -> Floats:
    score = _score(dice, who, measure, time)
    bad = (1 - measure.rate if measure.higher else measure.rate) * skewed(-score, measure.spread)
    return np.clip(1 - bad if measure.higher else bad, 0.0, 1.0)


def _cases(dice: Dice, who: Reporters, measure: Measure, time: int) -> Ints:
    noise = 1 + dice.normal(f"{who.kind} {measure.prefix} cases", who.numbers, time) * 0.06
    return np.maximum(np.rint(who.stays * measure.cases * noise), 0).astype(np.int64)


def _notes(dice: Dice, who: Reporters, measure: Measure, cases: Ints) -> tuple[Ints, Flags]:
    """Footnotes, and who has a published value."""
    shorter = dice.uniform(f"{who.kind} shorter", who.numbers) < _SHORT_TIME
    assessed = measure.kind == "stays"
    few = cases < measure.least
    shorter = shorter & assessed
    note = np.where(few, np.where(shorter, _FEW_AND_SHORTER, _FEW), np.where(shorter, _SHORTER, _NONE))
    hidden = dice.uniform(f"{who.kind} suppressed {measure.prefix}", who.numbers) < _SUPPRESSED_SHARE
    note = np.where(hidden, _SUPPRESSED, note)
    note = np.where((cases == 0) | who.silent, _NO_DATA, note)
    note = np.where(who.too_new, _NEW, note)
    note = np.where(who.not_required, _NOT_REQUIRED, note)
    return note, (note == _NONE) | (note == _SHORTER)


def _per(count: Ints, size: Ints, unit: int) -> Ints:
    return (2 * unit * count + size) // np.maximum(2 * size, 1)


def _claims(dice: Dice, who: Reporters, measure: Measure, time: int) -> list[Figure]:
    """A rate from claims with the limits of its interval, and whether the nation's lies outside of it."""
    cases, rate = _cases(dice, who, measure, time), _rate(dice, who, measure, time)
    note, known = _notes(dice, who, measure, cases)
    count = portion(rate, cases, dice.uniform(f"{who.kind} {measure.prefix} chance", who.numbers, time))
    pull = _PULL[measure.prefix]
    told = (count + measure.rate * pull) / (cases + pull)
    middle = np.rint(told * 10_000).astype(np.int64)
    half = np.rint(np.sqrt(measure.rate * (1 - measure.rate) / (cases + pull)) * 19_600).astype(np.int64)
    low, high = np.maximum(middle - half, 0), np.minimum(middle + half, 10_000)
    nation = round(measure.rate * 10_000)
    above, below = low > nation, high < nation
    good, bad = (above, below) if measure.higher else (below, above)
    category = np.where(cases < measure.least, 3, np.where(good, 0, np.where(bad, 2, 1)))
    names = {
        "S_004_01_PPR_PD": ("OBS_READM", "OBS", "RSRR"),
        "S_005_02_DTC": ("NUMBER", "OBS_RATE", "RS_RATE"),
        "S_039_01_HAI": ("NUMBER", "OBS_RATE", "RS_RATE"),
    }[measure.prefix]
    too_small = known | (note == _FEW)
    figures = [
        replace(_figure("COMP_PERF", category, 0, note, too_small), is_category=True),
        _figure(names[0], count, 0, note, known),
        _figure(names[1], _per(count, cases, 10_000), 2, note, known),
        _figure(names[2], middle, 2, note, known),
        _figure(f"{names[2]}_2_5", low, 2, note, known),
        _figure(f"{names[2]}_97_5", high, 2, note, known),
        _figure("VOLUME", cases, 0, note, known),
    ]
    return [replace(figure, code=f"{measure.prefix}_{figure.code}") for figure in figures]


def _spending(dice: Dice, who: Reporters, measure: Measure, time: int) -> list[Figure]:
    """Spending against the nation's."""
    cases = _cases(dice, who, measure, time)
    note, known = _notes(dice, who, measure, cases)
    score = measure.rate * skewed(-_score(dice, who, measure, time), measure.spread)
    hundredths = np.rint(score * 100).astype(np.int64)
    return [
        _figure(f"{measure.prefix}_NUMB", cases, 0, note, known),
        _figure(f"{measure.prefix}_SCORE", hundredths, 2, note, known),
    ]


def _stays(dice: Dice, who: Reporters, measure: Measure, time: int) -> list[Figure]:
    """A share of the stays, from assessments; pressure ulcers have an adjusted rate, too."""
    cases, rate = _cases(dice, who, measure, time), _rate(dice, who, measure, time)
    note, known = _notes(dice, who, measure, cases)
    count = portion(rate, cases, dice.uniform(f"{who.kind} {measure.prefix} chance", who.numbers, time))
    found = _of_counts(measure, count, cases, note, known)
    if measure.prefix == "S_038_02":
        mix = 1 + dice.normal(f"{who.kind} skin", who.numbers) * 0.12
        adjusted = np.rint(_per(count, cases, 1_000) * np.clip(mix, 0.6, 1.4)).astype(np.int64)
        found.append(_figure(f"{measure.prefix}_ADJ_RATE", np.minimum(adjusted, 1_000), 1, note, known))
    return found


def _staff(dice: Dice, who: Reporters, measure: Measure, time: int) -> list[Figure]:
    """A share of the employees: up to date against COVID-19 (as in the vaccination file), or with a flu shot."""
    rate = who.vaccinated if measure.prefix == "S_040_02" else _rate(dice, who, measure, time)
    cases = who.employees
    note, known = _notes(dice, who, measure, cases)
    count = portion(rate, cases, dice.uniform(f"{who.kind} {measure.prefix} chance", who.numbers, time))
    return _of_counts(measure, count, cases, note, known)


def _of_counts(measure: Measure, count: Ints, cases: Ints, note: Ints, known: Flags) -> list[Figure]:
    return [
        _figure(f"{measure.prefix}_DENOMINATOR", cases, 0, note, known),
        _figure(f"{measure.prefix}_NUMERATOR", count, 0, note, known),
        _figure(f"{measure.prefix}_OBS_RATE", _per(count, cases, 1_000), 1, note, known),
    ]
