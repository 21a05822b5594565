"""Quality measures of homes in long format: eighteen from resident assessments (MDS), four from Medicare claims.

A measure of a home lies around the level of its state in the averages file, better where the stars of its quality
measures are many, and moves slowly from quarter to quarter; a month shows the quarters of the payroll quarter in force.
Scores are counts over counts: the average of four quarters is pooled, as published, not the mean of the four.

Sources: the publisher's October 2024 files (codes, words, periods, shares of missing scores), checked on their first
rows: the adjusted score of a claims measure is observed / expected x the nation's rate.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from nh_lakehouse.sample.averages import quality_by_state
from nh_lakehouse.sample.headers_measures import CLAIMS, MDS
from nh_lakehouse.sample.homes import Homes
from nh_lakehouse.sample.long_format import cycled, dashed, interleaved, path, portion, repeated, six_places, skewed
from nh_lakehouse.sample.month import Snapshot
from nh_lakehouse.sample.periods import quarter_days, quarter_label
from nh_lakehouse.sample.places import Places, places_of
from nh_lakehouse.sample.randomness import Dice
from nh_lakehouse.sample.ratings import withheld_of
from nh_lakehouse.sample.traits import TOO_NEW
from nh_lakehouse.sample.writing import Cells, Sheet, choice, number, quoted, text

__all__ = ["claims_sheet", "home_cells", "location_of", "mds_sheet", "residents_of", "short_stays_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: Scores of the four quarters, and their average.
_SCORES = (*(f"Q{quarter} Measure Score" for quarter in (1, 2, 3, 4)), "Four Quarter Average Score")
#: The last quarter of the measures that the change of the assessment in October 2023 froze. The publisher replaced them
#: in January 2025; the sample has the measures of October 2024 in every month.
_FROZEN = 2023 * 4 + 2
#: Fewest residents or stays behind a published score.
_FEWEST = 20
_TOO_SMALL, _NO_DATA, _UNVERIFIED = 9, 10, 21
#: Of the missing claims measures, those with no data at all.
_NO_CLAIMS = 0.05


class _Measure(NamedTuple):
    """A measure from resident assessments.

    `counted` is the share of the long-stay residents, or of the short stays of a quarter, that it looks at; `spread` of
    homes is that of the logarithm of the share of residents for whom it went badly.
    """

    code: str
    words: str
    starred: bool
    frozen: bool
    higher: bool
    counted: float
    spread: float


_LONG = "Percentage of long-stay residents "
_SHORT = "Percentage of short-stay residents "
_MEASURES = (
    _Measure("401", _LONG + "whose need for help with daily activities has increased", True, True, False, 0.72, 0.45),
    _Measure("404", _LONG + "who lose too much weight", False, False, False, 0.9, 0.5),
    _Measure(
        "405",
        "Percentage of low risk long-stay residents who lose control of their bowels or bladder",
        False,
        True,
        False,
        0.33,
        0.33,
    ),
    _Measure("406", _LONG + "with a catheter inserted and left in their bladder", True, False, False, 0.9, 0.7),
    _Measure("407", _LONG + "with a urinary tract infection", True, False, False, 0.95, 0.8),
    _Measure("408", _LONG + "who have depressive symptoms", False, False, False, 0.85, 1.1),
    _Measure("409", _LONG + "who were physically restrained", False, False, False, 1.0, 1.5),
    _Measure("410", _LONG + "experiencing one or more falls with major injury", True, False, False, 1.0, 0.5),
    _Measure("415", _LONG + "assessed and appropriately given the pneumococcal vaccine", False, False, True, 1.0, 1.1),
    _Measure("419", _LONG + "who received an antipsychotic medication", True, False, False, 0.9, 0.5),
    _Measure(
        "430", _SHORT + "assessed and appropriately given the pneumococcal vaccine", False, False, True, 1.0, 0.75
    ),
    _Measure("434", _SHORT + "who newly received an antipsychotic medication", True, False, False, 0.8, 0.7),
    _Measure("451", _LONG + "whose ability to move independently worsened", True, True, False, 0.55, 0.4),
    _Measure("452", _LONG + "who received an antianxiety or hypnotic medication", False, False, False, 0.5, 0.45),
    _Measure("453", "Percentage of high risk long-stay residents with pressure ulcers", True, True, False, 0.62, 0.45),
    _Measure(
        "454", _LONG + "assessed and appropriately given the seasonal influenza vaccine", False, False, True, 1.0, 1.0
    ),
    _Measure("471", _SHORT + "who made improvements in function", True, True, True, 0.75, 0.5),
    _Measure(
        "472",
        _SHORT + "who were assessed and appropriately given the seasonal influenza vaccine",
        False,
        False,
        True,
        1.0,
        0.65,
    ),
)


class _Claim(NamedTuple):
    """A measure from Medicare claims: `nation` is the rate of the nation (in per cent, or per 1,000 days)."""

    code: str
    words: str
    nation: float
    spread: float


_CLAIMS = (
    _Claim("521", _SHORT + "who were rehospitalized after a nursing home admission", 22.4449, 0.22),
    _Claim("522", _SHORT + "who had an outpatient emergency department visit", 11.1284, 0.42),
    _Claim("551", "Number of hospitalizations per 1000 long-stay resident days", 1.72495, 0.38),
    _Claim("552", "Number of outpatient emergency department visits per 1000 long-stay resident days", 1.6181, 0.55),
)


def residents_of(homes: Homes) -> Floats:
    """Residents of each home on an average day, over the years."""
    return homes.traits.beds.astype(np.float64) * np.minimum(homes.traits.occupancy, 1.0)


def short_stays_of(dice: Dice, homes: Homes) -> Floats:
    """Short stays under Medicare of each home in a year; few where the short-stay stars are missing."""
    numbers = np.arange(len(homes))
    stays = residents_of(homes) * skewed(dice.normal("short stays", numbers), 0.55) * 0.95
    return np.where(withheld_of(dice, numbers).few_short, np.minimum(stays * 0.13, 11.0), stays + 10)


def home_cells(month: Snapshot, places: Places) -> list[Cells]:
    """Certification number, name, address, town, state and ZIP code of every home, in quotes."""
    cells = (text(month.homes.ccn[month.rows]), text(month.homes.name[month.rows]))
    where = (places.address, places.town, places.state, places.zip_code)
    return [quoted(column) for column in (*cells, *where)]


def location_of(places: Places) -> Cells:
    """`701 MONROE STREET NW, RUSSELLVILLE, AL, 35653`, in quotes."""
    parts = (places.address, places.town, places.state, places.zip_code)
    return quoted(pc.binary_join_element_wise(*parts, ", "))


def mds_sheet(month: Snapshot) -> Sheet:
    """Eighteen measures of every home, each with four quarters and their average."""
    rows, size = month.rows, len(_MEASURES)
    titles = [name for score in _SCORES for name in (score, f"Footnote for {score}")]
    columns: dict[str, list[Cells]] = {title: [] for title in (*titles, "period")}
    for measure in _MEASURES:
        last = min(month.staffing.quarter, _FROZEN) if measure.frozen else month.staffing.quarter
        quarters = list(range(last - 3, last + 1))
        counts, bases = zip(*(_counted(month, measure, quarter) for quarter in quarters), strict=True)
        count, base = np.stack([*counts, sum(counts)]), np.stack([*bases, sum(bases)])
        note = np.stack([_footnotes(month, measure, base[step]) for step in range(5)])
        for step, title in enumerate(_SCORES):
            known = note[step][rows] == 0
            micros = (200_000_000 * count[step][rows] + base[step][rows]) // np.maximum(2 * base[step][rows], 1)
            columns[title].append(six_places(micros, known))
            columns[f"Footnote for {title}"].append(number(note[step][rows], ~known))
        columns["period"].append(choice(np.zeros(len(rows)), [dashed([quarter_label(q) for q in quarters])]))
    scores = [interleaved(columns[title]) for title in titles]
    starred = cycled(["Y" if measure.starred else "N" for measure in _MEASURES], len(rows))
    kinds = ["Short Stay" if measure.words.startswith(_SHORT) else "Long Stay" for measure in _MEASURES]
    named = _named([(measure.code, measure.words, kind) for measure, kind in zip(_MEASURES, kinds, strict=True)], rows)
    return _sheet(month, "MDS", MDS, [*named, *scores, starred, interleaved(columns["period"])], size)


def _named(measures: list[tuple[str, str, str]], rows: Ints) -> list[Cells]:
    """Code, words and kind of residents of the measures, for every home."""
    return [cycled([f'"{measure[part]}"' for measure in measures], len(rows)) for part in range(3)]


def _sheet(month: Snapshot, kind: str, headers: tuple[str, ...], middle: list[Cells], size: int) -> Sheet:
    """A file with the home before and the place and day after the columns of the measures."""
    places = places_of(month.homes, month.rows)
    before = [repeated(column, size) for column in home_cells(month, places)]
    after = [repeated(location_of(places), size), choice(np.zeros(len(month.rows) * size), [month.processing_date])]
    titles = tuple(f'"{header}"' for header in headers)
    return Sheet(f"NH_QualityMsr_{kind}_{month.label}.csv", titles, (*before, *middle, *after))


def _counted(month: Snapshot, measure: _Measure, quarter: int) -> tuple[Ints, Ints]:
    """In how many of how many residents or stays of a quarter the measure was met."""
    dice, homes = month.dice, month.homes
    numbers, name = np.arange(len(homes)), f"measure {measure.code}"
    short = measure.words.startswith(_SHORT)
    base = short_stays_of(dice, homes) * 0.75 if short else _long_stays(dice, homes)
    noise = 1 + dice.normal(f"{name} residents", numbers, quarter) * 0.07
    size = np.maximum(np.rint(base * measure.counted * noise), 1).astype(np.int64)
    score = homes.traits.short_stay_score if short else homes.traits.long_stay_score
    moved = path(dice, name, numbers, quarter) * (0.37 * min(1.0, 0.4 / measure.spread))
    level = score * 0.5 + dice.normal(name, numbers) * 0.8 + moved
    header = measure.words.replace("-stay", " stay")
    centre = quality_by_state(dice, header, month.start)[homes.state] / 100
    bad = (1 - centre if measure.higher else centre) * skewed(-level, measure.spread)
    rate = np.clip(1 - bad if measure.higher else bad, 0.0, 1.0)
    return portion(rate, size, dice.uniform(f"{name} chance", numbers, quarter)), size


def _long_stays(dice: Dice, homes: Homes) -> Floats:
    """Long-stay residents of a quarter; few where the long-stay stars are missing."""
    few = withheld_of(dice, np.arange(len(homes))).few_long
    return residents_of(homes) * np.where(few, 0.25, 0.95)


def _footnotes(month: Snapshot, measure: _Measure, size: Ints) -> Ints:
    """Why there is no score, 0 where there is one."""
    withheld = withheld_of(month.dice, np.arange(len(month.homes)))
    unverified = {"419": withheld.unverified_long, "434": withheld.unverified_long | withheld.unverified_short}
    hidden = unverified.get(measure.code, np.zeros(len(size), dtype=bool))
    note = np.where(size < _FEWEST, _TOO_SMALL, 0)
    note = np.where(month.staffing.standing == TOO_NEW, _NO_DATA, note)
    return np.where(hidden, _UNVERIFIED, note)


def claims_sheet(month: Snapshot) -> Sheet:
    """Four measures of every home from the claims of the year that ends a quarter before the payroll quarter."""
    rows, quarters = month.rows, range(month.staffing.quarter - 4, month.staffing.quarter)
    columns: list[list[Cells]] = [[], [], [], []]
    for claim in _CLAIMS:
        adjusted, observed, expected, note = _claim_scores(month, claim, quarters[-1])
        known = note[rows] == 0
        for column, values in zip(columns, (adjusted, observed, expected), strict=False):
            column.append(six_places(values[rows], known))
        columns[3].append(number(note[rows], ~known))
    kinds = ["Short Stay" if claim.code < "550" else "Long Stay" for claim in _CLAIMS]
    named = _named([(claim.code, claim.words, kind) for claim, kind in zip(_CLAIMS, kinds, strict=True)], rows)
    days = [quarter_days(quarter) for quarter in quarters]
    period = dashed([days[0][0].strftime("%Y%m%d"), days[-1][-1].strftime("%Y%m%d")])
    constant = [choice(np.zeros(len(rows) * len(_CLAIMS)), [value]) for value in ("Y", period)]
    scores = [interleaved(column) for column in columns]
    return _sheet(month, "Claims", CLAIMS, [*named, *scores, *constant], len(_CLAIMS))


def _claim_scores(month: Snapshot, claim: _Claim, last: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Adjusted, observed and expected score in 1/1,000,000, and the footnote (0 for none)."""
    dice, homes = month.dice, month.homes
    numbers, name, short = np.arange(len(homes)), f"measure {claim.code}", claim.code < "550"
    stays = short_stays_of(dice, homes)
    # Per cent of the stays of a year, or number in 1,000 of the days of the residents who are long there.
    base = np.maximum(np.rint(stays if short else _long_stays(dice, homes) * 130), 1).astype(np.int64)
    unit = 100 if short else 1_000
    traits = homes.traits
    readmitted = np.where(traits.rsrr > 0, (traits.rsrr - 0.2021) / 0.0216, 0.0)
    score = traits.short_stay_score if short else traits.long_stay_score
    level = dice.normal(name, numbers) * 0.72 + path(dice, name, numbers, last) * 0.3 - score * 0.4
    level = level + readmitted * (0.45 if claim.code in ("521", "551") else 0.1)
    wanted = quality_by_state(dice, claim.words.replace("-stay residents", " stay residents"), month.start)
    wanted = wanted[homes.state] * skewed(level, claim.spread)
    expected = claim.nation * skewed(dice.normal(f"{name} expected", numbers), 0.17)
    rate = np.clip(wanted * expected / claim.nation / unit, 0.0, 1.0)
    count = portion(rate, base, dice.uniform(f"{name} chance", numbers, last))
    observed = (2 * unit * 1_000_000 * count + base) // (2 * base)
    expected_micros = np.rint(expected * 1_000_000).astype(np.int64)
    adjusted = np.rint(observed / expected_micros * (claim.nation * 1_000_000)).astype(np.int64)
    most = 100_000_000 if short else 1_000_000_000
    few = base < (29 if short else 33 * 130)
    empty = (month.staffing.standing == TOO_NEW) | (few & (dice.uniform("no claims", numbers) < _NO_CLAIMS))
    note = np.where(empty, _NO_DATA, np.where(few, _TOO_SMALL, 0))
    return np.minimum(adjusted, most), observed, expected_micros, note
