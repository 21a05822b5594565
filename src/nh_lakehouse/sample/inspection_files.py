"""The files of inspections: citations, inspection dates, summary, citation codes and the cut points of the states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nh_lakehouse.sample.citations import FIRE_LETTERS, FIRE_STATUS, HEALTH_LETTERS, HEALTH_STATUS, Citations
from nh_lakehouse.sample.headers_inspections import (
    CITATION_CODES,
    CUT_POINTS,
    FIRE_CITATIONS,
    HEALTH_CITATIONS,
    SURVEY_DATES,
    SURVEY_SUMMARY,
)
from nh_lakehouse.sample.inspections import INFECTION_DAYS, earlier
from nh_lakehouse.sample.month import Snapshot
from nh_lakehouse.sample.places import places_of
from nh_lakehouse.sample.states import STATES
from nh_lakehouse.sample.tags import FIRE, HEALTH, all_tags
from nh_lakehouse.sample.writing import Cells, Sheet, choice, days, decimal, number, quoted, quoted_if_needed, text

__all__ = [
    "citation_codes_sheet",
    "cut_points_sheet",
    "fire_citations_sheet",
    "health_citations_sheet",
    "survey_dates_sheet",
    "survey_summary_sheet",
]

Ints = NDArray[np.int64]
Days = NDArray[np.datetime64]

_NO_YES = ("N", "Y")
_FIRE_COMPLAINT, _FIRE_STANDARD, _COMPLAINT, _STANDARD, _INFECTION = range(5)
_VISITS = ("Fire Safety Complaint", "Fire Safety Standard", "Health Complaint", "Health Standard", "Infection Control")
#: Complaint inspections count in cycles of a year, whatever the cycle of the citations.
_YEAR = 365
#: Shares of the homes of a state above its cut points: the best tenth have five stars, the worst fifth one.
_CUTS = (0.1, 1 / 3, 17 / 30, 0.8)
#: How far the last cut lies above the worst home of a state that has too few, in 1/1,000 points for each.
_BEYOND = 20_000


@dataclass(frozen=True)
class Visits:
    """One row per home, day and kind of inspection, in the order of the file."""

    place: Ints
    day: Days
    kind: Ints
    cycle: Ints


def health_citations_sheet(month: Snapshot) -> Sheet:
    """Citations of health inspections, by home, newest first."""
    cells = _citation_cells(month, month.health, HEALTH)
    name = f"NH_HealthCitations_{month.label}.csv"
    return Sheet(name, HEALTH_CITATIONS, tuple(cells[header] for header in HEALTH_CITATIONS))


def fire_citations_sheet(month: Snapshot) -> Sheet:
    """Citations of fire safety and emergency preparedness inspections, by home, newest first."""
    cells = _citation_cells(month, month.fire, FIRE)
    name = f"NH_FireSafetyCitations_{month.label}.csv"
    return Sheet(name, FIRE_CITATIONS, tuple(cells[header] for header in FIRE_CITATIONS))


def _citation_cells(month: Snapshot, citations: Citations, kind: str) -> dict[str, Cells]:
    tags = all_tags(kind).tags
    letters, statuses = (HEALTH_LETTERS, HEALTH_STATUS) if kind == HEALTH else (FIRE_LETTERS, FIRE_STATUS)
    same = np.zeros(len(citations))

    def labelled(codes: NDArray[np.int64], labels: Sequence[str]) -> Cells:
        return choice(codes, quoted_if_needed(text(list(labels))).to_pylist())

    return {
        **_homes(month, month.inspections.place[citations.row], always=False),
        "Survey Date": days(citations.day),
        "Survey Type": choice(same, ["Health" if kind == HEALTH else "Fire Safety"]),
        "Deficiency Prefix": labelled(citations.tag, [tag.prefix for tag in tags]),
        "Deficiency Category": labelled(citations.tag, [tag.category for tag in tags]),
        "Deficiency Tag Number": labelled(citations.tag, [f"{tag.number:04d}" for tag in tags]),
        "Tag Version": choice(citations.old, ("New", "Old")),
        "Deficiency Description": labelled(citations.tag, [tag.description for tag in tags]),
        "Scope Severity Code": labelled(citations.letter, [letter for letter, _ in letters]),
        "Deficiency Corrected": labelled(citations.status, [status for status, _ in statuses]),
        "Correction Date": days(citations.corrected, citations.has_date),
        "Inspection Cycle": number(_cycles(month, citations)),
        "Standard Deficiency": choice(citations.standard, _NO_YES),
        "Complaint Deficiency": choice(citations.complaint, _NO_YES),
        "Infection Control Inspection Deficiency": choice(citations.infection, _NO_YES),
        "Citation under IDR": choice(citations.disputed, _NO_YES),
        "Citation under IIDR": choice(citations.disputed_independently, _NO_YES),
        "Processing Date": choice(same, [month.processing_date]),
    }


def _cycles(month: Snapshot, citations: Citations) -> Ints:
    """The cycle of the inspection; findings of infection control alone count by years."""
    cycle = month.inspections.age[citations.row] + 1
    alone = ~(citations.standard | citations.complaint)
    return np.where(alone, _years_ago(month, citations.day), cycle)


def _years_ago(month: Snapshot, day: Days) -> Ints:
    """1 for the last twelve months, 2 for those before, 3 for all before these."""
    age = (np.datetime64(month.processing_date) - day).astype("timedelta64[D]").astype(np.int64)
    return np.clip(1 + age // _YEAR, 1, 3)


def _homes(month: Snapshot, place: Ints, *, always: bool) -> dict[str, Cells]:
    """Cells of the homes at the given places among the open ones, quoted `always` or where it is needed."""
    homes, rows = month.homes, month.rows
    places = places_of(homes, rows)
    cells = {
        "CMS Certification Number (CCN)": text(homes.ccn[rows]),
        "Provider Name": text(homes.name[rows]),
        "Provider Address": places.address,
        "City/Town": places.town,
        "State": places.state,
        "ZIP Code": places.zip_code,
        "Location": places.location,
    }
    index = pa.array(place)
    quote = quoted if always else quoted_if_needed
    return {name: pc.take(quote(column), index) for name, column in cells.items()}


def visits_of(month: Snapshot) -> Visits:
    """All inspections: standard ones, those of complaints where they found something, those of infection control."""
    rows, health, fire = month.inspections, month.health, month.fire
    checks = np.repeat(np.arange(len(rows)), rows.checks)
    turn = np.arange(len(checks)) - (np.cumsum(rows.checks) - rows.checks)[checks]
    chance = month.dice.uniform("visit day", rows.home[checks], rows.inspection[checks], 100 + turn)
    check_day = np.maximum(
        earlier(rows.day[checks], turn, rows.checks[checks], INFECTION_DAYS, chance), rows.approved[checks]
    )
    parts = (
        (np.arange(len(rows)), rows.day, _STANDARD),
        (np.flatnonzero(rows.has_fire), rows.fire_day[rows.has_fire], _FIRE_STANDARD),
        (health.row[health.complaint], health.day[health.complaint], _COMPLAINT),
        (health.row[health.infection], health.day[health.infection], _INFECTION),
        (checks, check_day, _INFECTION),
        (fire.row[fire.complaint], fire.day[fire.complaint], _FIRE_COMPLAINT),
    )
    row = np.concatenate([part[0] for part in parts])
    day = np.concatenate([part[1] for part in parts]).astype("datetime64[D]")
    kind = np.concatenate([np.full(len(part[0]), part[2]) for part in parts])
    place = rows.place[row]
    order = np.lexsort((rows.age[row], kind, -day.astype(np.int64), place))
    row, day, kind, place = row[order], day[order], kind[order], place[order]
    first = np.ones(len(row), dtype=bool)
    first[1:] = (place[1:] != place[:-1]) | (day[1:] != day[:-1]) | (kind[1:] != kind[:-1])
    row, day, kind, place = row[first], day[first], kind[first], place[first]
    standard = (kind == _STANDARD) | (kind == _FIRE_STANDARD)
    return Visits(place, day, kind, np.where(standard, rows.age[row] + 1, _years_ago(month, day)))


def survey_dates_sheet(month: Snapshot) -> Sheet:
    """Days of inspections, by home, newest first."""
    visits = visits_of(month)
    ccn = quoted(text(month.homes.ccn[month.rows]))
    columns = (
        pc.take(ccn, pa.array(visits.place)),
        days(visits.day),
        choice(visits.kind, _VISITS),
        number(visits.cycle),
        choice(np.zeros(len(visits.place)), [month.processing_date]),
    )
    return Sheet(f"NH_SurveyDates_{month.label}.csv", _quoted_header(SURVEY_DATES), columns)


def survey_summary_sheet(month: Snapshot) -> Sheet:
    """Deficiencies of the standard inspections, by home and cycle, in all and by category."""
    rows = month.inspections
    order = np.lexsort((rows.age, rows.place))
    has_fire = rows.has_fire[order]
    health, fire = _by_category(month, HEALTH), _by_category(month, FIRE)
    cells = {
        **_homes(month, rows.place[order], always=True),
        "Inspection Cycle": number(rows.age[order] + 1),
        "Health Survey Date": days(rows.day[order]),
        "Fire Safety Survey Date": days(rows.fire_day[order], has_fire),
        "Total Number of Health Deficiencies": number(rows.standard[order]),
        "Total Number of Fire Safety Deficiencies": number(rows.fire[order], has_fire),
        **{header: number(counts[order]) for header, counts in health.items()},
        **{header: number(counts[order], has_fire) for header, counts in fire.items()},
        "Processing Date": choice(np.zeros(len(rows)), [month.processing_date]),
    }
    columns = tuple(cells[header] for header in SURVEY_SUMMARY)
    return Sheet(f"NH_SurveySummary_{month.label}.csv", _quoted_header(SURVEY_SUMMARY), columns)


def _by_category(month: Snapshot, kind: str) -> dict[str, Ints]:
    """Citations of standard inspections per inspection, by the header of their category."""
    series, citations = all_tags(kind), month.health if kind == HEALTH else month.fire
    size, chosen = len(month.inspections), citations.standard
    places = citations.row[chosen] * len(series.categories) + series.category[citations.tag[chosen]]
    table = np.bincount(places, minlength=size * len(series.categories)).reshape(size, -1).astype(np.int64)
    return {_summary_header(name): table[:, place] for place, name in enumerate(series.categories)}


def _summary_header(category: str) -> str:
    """The publisher's header of a category: no commas, and anaesthetizing."""
    name = category.replace(", and ", " and ").replace(", ", " and ").replace("Anesth", "Anaesth")
    return f"Count of {name}"


def citation_codes_sheet(month: Snapshot) -> Sheet:
    """The tags of all three series."""
    tags = sorted([*all_tags(HEALTH).tags, *all_tags(FIRE).tags])
    columns = (
        [tag.prefix for tag in tags],
        [str(tag.number) for tag in tags],
        [f"{tag.prefix}-{tag.number:04d}" for tag in tags],
        [tag.description for tag in tags],
        [tag.category for tag in tags],
    )
    cells = tuple(quoted_if_needed(text(column)) for column in columns)
    return Sheet(f"NH_CitationDescriptions_{month.label}.csv", _quoted_header(CITATION_CODES), cells)


def cut_points_sheet(month: Snapshot) -> Sheet:
    """Ranges of the weighted score for each star, by state: those behind the health ratings of the month."""
    members = np.flatnonzero(month.staffing.members)
    order = sorted(range(len(STATES)), key=lambda state: STATES[state].code)
    scores = month.surveys.weighted_score
    cuts = np.array([_cuts(np.sort(scores[members[month.homes.state[members] == state]])) for state in order])
    low = [np.zeros(len(order), dtype=np.int64), *(cuts[:, star] + 1 for star in range(3))]
    ranges = [pc.binary_join_element_wise(decimal(low[star], 3), decimal(cuts[:, star], 3), "-") for star in range(4)]
    best_last = pc.binary_join_element_wise(">", decimal(cuts[:, 3], 3), "")
    columns = (text([STATES[state].code for state in order]), *ranges, best_last)
    return Sheet(f"NH_HlthInspecCutpointsState_{month.label}.csv", _quoted_header(CUT_POINTS), columns)


def _cuts(scores: Ints) -> list[int]:
    """The highest score of 5, 4, 3 and 2 stars; stars that no home has share the gap to the next score."""
    below = [int(((np.arange(len(scores)) + 0.5) / len(scores) < share).sum()) for share in _CUTS]
    found: list[int] = []
    for place, count in enumerate(below):
        low = int(scores[count - 1]) if count else 0
        high = int(scores[count]) if count < len(scores) else low + _BEYOND * below.count(count)
        turn = place - below.index(count) + (0 if count else 1)
        cut = low + (high - low) * turn // (below.count(count) + (0 if count else 1))
        found.append(max(cut, found[-1] + 1) if found else cut)
    return found


def _quoted_header(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f'"{name}"' for name in names)
