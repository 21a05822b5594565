"""Health inspections: three cycles of deficiencies and points, complaints, icons. Deficiency points are multiples of 4.

Inspections follow each other at the home's own interval, 13 months for most and much longer for a fifth of the homes,
so that the last one is more than two years old in one home of ten and a fifth have a new first cycle each quarter.

Source of the scoring: CMS Five-Star Quality Rating System, Technical Users' Guide 2024: a second revisit adds half of
the deficiency points, a third 70 %, a fourth 85 %; the total weighs the cycles 1/2, 1/3 and 1/6, or 60 and 40 % of two.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from nh_lakehouse.sample import marginals
from nh_lakehouse.sample.homes import Homes
from nh_lakehouse.sample.periods import month_start
from nh_lakehouse.sample.randomness import Dice, Quantiles, cumulative
from nh_lakehouse.sample.staffing import Staffing
from nh_lakehouse.sample.traits import ORDINARY, SPECIAL_FOCUS, TOO_NEW

__all__ = ["Cycle", "Surveys", "surveys_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Days = NDArray[np.datetime64]

#: Inspections become public about seven weeks after they end.
_DELAY_DAYS = 50
#: Days between the inspections of a home.
_INTERVAL = Quantiles((280, 350, 400, 440, 900, 1_900), (0, 0.25, 0.55, 0.77, 0.79, 1))
#: Points per deficiency, in steps of four: most are minor, a few put residents in immediate jeopardy.
_SEVERITY = Quantiles((1, 1.2, 1.55, 2.7, 4.2, 11), (0, 0.3, 0.6, 0.85, 0.95, 1))
#: Deficiencies rose from year to year (means of the three cycles in October 2024: 9.56, 9.14, 8.48).
_LEVEL_DAY, _LEVEL_PER_DAY = np.datetime64("2023-12-01"), 0.042 / 365
_REVISIT_POINTS = np.array([0, 0, 50, 70, 85], dtype=np.int64)
_ABUSE_SHARE, _CANDIDATE_SHARE = 0.0943, 0.0297
_NO_INFECTION_INSPECTION = 0.506


@dataclass(frozen=True)
class Cycle:
    """One inspection cycle; `known` homes have its counts, `dated` homes its day; `inspection` counts a home's own."""

    inspection: Ints
    known: Flags
    dated: Flags
    day: Days
    deficiencies: Ints
    standard: Ints
    complaint: Ints
    points: Ints
    revisits: Ints
    revisit_points: Ints
    total_points: Ints


@dataclass(frozen=True)
class Surveys:
    """Three cycles, newest first, and what depends on them; `weighted_score` is in 1/1,000."""

    cycles: tuple[Cycle, Cycle, Cycle]
    weighted_score: Ints
    incidents: Ints
    complaints: Ints
    infection_citations: Ints
    has_infection_citations: Flags
    abuse: Flags
    candidate: Flags


def surveys_of(dice: Dice, homes: Homes, staffing: Staffing) -> Surveys:
    """The inspections that are public when the quarter of the staffing is in force."""
    numbers = np.arange(len(homes))
    too_new, special = staffing.standing == TOO_NEW, staffing.standing == SPECIAL_FOCUS
    grown_up = (homes.traits.standing == TOO_NEW) & ~too_new
    public = np.datetime64(month_start((staffing.quarter + 2) * 3)) - np.timedelta64(_DELAY_DAYS, "D")
    interval = np.rint(_INTERVAL(dice.uniform("survey interval", numbers))).astype(np.int64)
    offset = (dice.uniform("first survey", numbers) * interval).astype(np.int64)
    days = int((public - np.datetime64(date(2000, 1, 1))).astype(np.int64))
    latest = (days - offset) // interval
    known = (~too_new, ~too_new, ~(too_new | special | grown_up))
    cycles = []
    for age in range(3):
        inspection = latest - age
        elapsed = (offset + inspection * interval).astype("timedelta64[D]")
        day = np.where(too_new, homes.approved, np.datetime64(date(2000, 1, 1)) + elapsed)
        dated = np.ones(len(homes), dtype=bool) if age == 0 else known[age]
        cycles.append(Cycle(inspection, known[age], dated, day, *_findings(dice, homes, inspection, day)))
    points = [cycle.total_points for cycle in cycles]
    three = (3 * points[0] + 2 * points[1] + points[2]) * 1_000
    two = (60 * points[0] + 40 * points[1]) * 10
    bad = homes.traits.deficiency_score
    noise = {what: dice.normal(what, numbers, latest) for what in ("incidents", "complaints", "infection", "abuse")}
    return Surveys(
        cycles=(cycles[0], cycles[1], cycles[2]),
        weighted_score=np.where(known[2], (2 * three + 6) // 12, two),
        incidents=marginals.INCIDENTS.counts(cumulative(bad * 0.4 + noise["incidents"] * 0.9)),
        complaints=marginals.COMPLAINTS.counts(cumulative(bad * 0.6 + noise["complaints"] * 0.8)),
        infection_citations=marginals.INFECTION_CITATIONS.counts(cumulative(bad * 0.5 + noise["infection"] * 0.85)),
        has_infection_citations=dice.uniform("infection inspection", numbers) >= _NO_INFECTION_INSPECTION,
        abuse=cumulative(bad * 0.6 + noise["abuse"] * 0.8) > 1 - _ABUSE_SHARE,
        candidate=(cumulative(bad * 0.8 + noise["abuse"] * 0.6) > 1 - _CANDIDATE_SHARE)
        & (staffing.standing == ORDINARY),
    )


def _findings(dice: Dice, homes: Homes, inspection: Ints, day: Days) -> tuple[Ints, ...]:
    """What one inspection of each home found: the counts and points of a cycle, in their order."""
    numbers = np.arange(len(homes))
    level = np.clip(1 + (day - _LEVEL_DAY).astype(np.int64) * _LEVEL_PER_DAY, 0.7, 1.05)
    score = homes.traits.deficiency_score * 0.75 + dice.normal("inspection", numbers, inspection) * 0.66
    found = np.floor(marginals.DEFICIENCIES(cumulative(score)) * level).astype(np.int64)
    chance = dice.uniform("complaint share", numbers, inspection)
    share = np.where(chance < 0.43, 0.0, np.minimum(1.0, (chance - 0.43) * 2.2))
    complaint = np.floor(found * share).astype(np.int64)
    both = np.floor(complaint * 0.36).astype(np.int64)
    points = 4 * np.rint(found * _SEVERITY(dice.uniform("severity", numbers, inspection))).astype(np.int64)
    chance = dice.uniform("revisits", numbers, inspection)
    more = (chance > 0.945).astype(np.int64) + (chance > 0.993) + (chance > 0.998)
    revisits = np.where(found == 0, 0, 1 + more)
    revisit_points = (points * _REVISIT_POINTS[revisits] + 50) // 100
    return found, found - complaint + both, complaint, points, revisits, revisit_points, points + revisit_points
