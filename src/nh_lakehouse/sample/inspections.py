"""The inspections of the homes that are open: three cycles of health and fire safety, complaints, infection control.

Deficiencies of a cycle are those of Provider Information. Those of complaint inspections alone were found in the year
before the cycle's standard inspection, those of infection control inspections alone in the two years before the newest
one and are counted in no cycle. Everything hangs on the home and the number of its inspection, so that an inspection
keeps its findings for as long as it is public.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nh_lakehouse.sample.homes import Homes
from nh_lakehouse.sample.randomness import Dice, Quantiles, cumulative, normal
from nh_lakehouse.sample.states import measure_by_state
from nh_lakehouse.sample.surveys import Surveys

__all__ = ["COMPLAINT_DAYS", "INFECTION_DAYS", "Inspections", "earlier", "inspections_of"]

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Days = NDArray[np.datetime64]

#: Shares tuned so that the files of 14,814 homes have as many rows as those of October 2024 (seed 1): inspections
#: without one of fire safety (33 of 44,243), fire safety citations of complaints alone, infection control citations
#: that are of a complaint as well, infection control inspections.
_NO_FIRE, _FIRE_COMPLAINT, _SHARED, _SECOND_VISIT = 0.00078125, 0.018083007, 0.329974366, 0.385107423
#: Fire safety deficiencies of one inspection over the mean of the state.
_FIRE = Quantiles((0, 0, 0, 0.02, 0.06, 0.25, 0.72, 1.4, 2.1, 2.55, 3.4, 4.5, 6))
_FIRE_LEVEL = 0.94897461
#: Days between the health and the fire safety inspection of a cycle.
_FIRE_LAG = Quantiles((-21, -12, 0, 0, 6, 11), (0, 0.2, 0.3, 0.65, 0.9, 1))
#: Days before a standard inspection in which its cycle's complaints were inspected (inspections are 280 days apart or
#: more), and before the newest one in which infection control was.
COMPLAINT_DAYS, INFECTION_DAYS = 269, 700


@dataclass(frozen=True)
class Inspections:
    """One row per home and inspection cycle.

    `place` is the place of the home among the open ones, `age` 0 to 2, newest first. Deficiencies: `standard` found on
    the standard inspection, `both` of them on a complaint inspection as well, `complaints` on one of `visits` complaint
    inspections alone; `infection` on one of `checks` infection control inspections alone, with `shared` of the
    complaints (newest cycle only). `fire` is the fire safety deficiencies, where `has_fire`, and `fire_complaint` those
    of a complaint. `severity` is standard normal, higher is worse.
    """

    home: Ints
    place: Ints
    age: Ints
    inspection: Ints
    approved: Days
    day: Days
    standard: Ints
    both: Ints
    complaints: Ints
    visits: Ints
    infection: Ints
    shared: Ints
    checks: Ints
    has_fire: Flags
    fire_day: Days
    fire: Ints
    fire_complaint: Ints
    severity: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.home)


def inspections_of(dice: Dice, homes: Homes, surveys: Surveys, rows: Ints) -> Inspections:
    """The inspections of the homes with the given numbers that are public; those of homes too new to rate, too."""
    chosen = [np.flatnonzero(cycle.dated[rows]) for cycle in surveys.cycles]
    place = np.concatenate(chosen)
    home = rows[place]
    age = np.repeat(np.arange(3), [len(places) for places in chosen])

    def of_cycle(name: str) -> NDArray[np.int64]:
        return np.concatenate(
            [getattr(cycle, name)[rows[where]] for cycle, where in zip(surveys.cycles, chosen, strict=True)]
        )

    keys = home, of_cycle("inspection")
    day = of_cycle("day").astype("datetime64[D]")
    known = of_cycle("known").astype(bool)
    both = np.where(known, of_cycle("standard") + of_cycle("complaint") - of_cycle("deficiencies"), 0)
    complaints = np.where(known, of_cycle("complaint") - both, 0)
    share = 0.19 + 0.45 * dice.uniform("complaint visits", *keys)
    visits = np.where(complaints > 0, np.clip(np.rint(complaints * share), 1, 60), 0).astype(np.int64)
    newest = (age == 0) & surveys.has_infection_citations[home]
    infection = np.where(newest, surveys.infection_citations[home], 0)
    first_visit = -(-complaints // np.maximum(visits, 1))
    shared = np.minimum(_shared(dice, infection, *keys), first_visit)
    chance = dice.uniform("infection visits", *keys)
    checks = np.where(newest, 1 + (chance < _SECOND_VISIT).astype(np.int64), 0)
    for share_of_more in (0.4, 0.2, 0.09, 0.04, 0.012):
        checks = checks + (newest & (chance < share_of_more))
    has_fire = dice.uniform("no fire inspection", *keys) >= _NO_FIRE
    return Inspections(
        home=home,
        place=place,
        age=age,
        inspection=keys[1],
        approved=homes.approved[home].astype("datetime64[D]"),
        day=day,
        standard=of_cycle("standard"),
        both=both,
        complaints=complaints,
        visits=visits,
        infection=infection - shared,
        shared=shared,
        checks=checks,
        has_fire=has_fire,
        fire_day=day + np.rint(_FIRE_LAG(dice.uniform("fire lag", *keys))).astype("timedelta64[D]"),
        fire=np.where(has_fire, _fire(dice, homes, *keys), 0),
        fire_complaint=np.where(has_fire, _fire_complaints(dice, *keys), 0),
        severity=normal(dice.uniform("severity", *keys)),
    )


def earlier(day: Days, turn: Ints, turns: Ints, within: int, chance: NDArray[np.float64]) -> Days:
    """A day before another: so many days back are cut into equal `turns`, and one day is drawn from each."""
    width = within // np.maximum(turns, 1)
    return day - (1 + turn * width + (chance * width).astype(np.int64)).astype("timedelta64[D]")


def _shared(dice: Dice, infection: Ints, home: Ints, inspection: Ints) -> Ints:
    """How many of so many citations each: one draw for each of them."""
    row = np.repeat(np.arange(len(infection)), infection)
    turn = np.arange(len(row)) - (np.cumsum(infection) - infection)[row]
    hit = dice.uniform("infection and complaint", home[row], inspection[row], turn) < _SHARED
    return np.bincount(row[hit], minlength=len(infection)).astype(np.int64)


def _fire(dice: Dice, homes: Homes, home: Ints, inspection: Ints) -> Ints:
    """Fire safety deficiencies: those usual in the state, the home and chance."""
    score = homes.traits.deficiency_score[home] * 0.3 + dice.normal("fire home", home) * 0.7
    score = score + dice.normal("fire inspection", home, inspection) * 0.65
    level = measure_by_state("fire_deficiencies")[homes.state[home]] * _FIRE_LEVEL
    chance = dice.uniform("fire rounding", home, inspection)
    found = _FIRE(cumulative(score)) * level
    return np.minimum(44, np.floor(found + chance)).astype(np.int64)


def _fire_complaints(dice: Dice, home: Ints, inspection: Ints) -> Ints:
    """Fire safety deficiencies found on complaint inspections alone: seldom one, more seldom more."""
    chance = dice.uniform("fire complaint", home, inspection)
    return (chance < _FIRE_COMPLAINT).astype(np.int64) + (chance < 0.004) + (chance < 0.001)
