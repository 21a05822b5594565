"""Star ratings, and the footnotes that stand where a rating is missing.

Source of the rules: CMS Five-Star Quality Rating System, Technical Users' Guide 2024: health stars by rank within the
state (best 10 % five stars, worst 20 % one star), staffing and quality move the overall rating by one star up or down.
Shares of the other stars and of the footnotes are those of Provider Information, October 2024.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nh_lakehouse.sample.homes import Homes
from nh_lakehouse.sample.randomness import Dice, cumulative, normal, ranked, stepped
from nh_lakehouse.sample.staffing import Staffing, drift
from nh_lakehouse.sample.surveys import Surveys
from nh_lakehouse.sample.traits import LATE, PENALIZED, SPECIAL_FOCUS, TOO_NEW, UNRATED

__all__ = ["Ratings", "Stars", "Withheld", "ratings_of", "withheld_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

_STAFFING_SHARES = (0.185, 0.235, 0.26, 0.205, 0.115)
_QUALITY_SHARES = (0.09, 0.175, 0.24, 0.24, 0.255)
_LONG_STAY_SHARES = (0.125, 0.155, 0.19, 0.215, 0.315)
_SHORT_STAY_SHARES = (0.125, 0.18, 0.22, 0.22, 0.255)
#: Of the homes: no long-stay stars, no short-stay stars (too little data, footnote 2), data not verified (20) for the
#: long-stay or for the short-stay measures.
_NO_LONG_STAY, _NO_SHORT_STAY, _UNVERIFIED_LONG, _UNVERIFIED_SHORT = 0.0267, 0.1642, 0.004, 0.007


@dataclass(frozen=True)
class Stars:
    """One rating: 1 to 5, or 0 where it is missing, and its footnote, 0 for none."""

    stars: Ints
    footnote: Ints


@dataclass(frozen=True)
class Ratings:
    """The six ratings of every home."""

    overall: Stars
    health: Stars
    quality: Stars
    long_stay: Stars
    short_stay: Stars
    staffing: Stars


@dataclass(frozen=True)
class Withheld:
    """Which homes have no stars of quality measures: too few long or short stays, data that could not be verified."""

    few_long: Flags
    few_short: Flags
    unverified_long: Flags
    unverified_short: Flags


def withheld_of(dice: Dice, numbers: Ints) -> Withheld:
    """Why homes have no stars of quality measures; it stays so for as long as they exist."""
    chance = dice.uniform("unverified", numbers)
    long = chance < _UNVERIFIED_LONG
    return Withheld(
        few_long=dice.uniform("no long stay", numbers) < _NO_LONG_STAY,
        few_short=dice.uniform("no short stay", numbers) < _NO_SHORT_STAY,
        unverified_long=long,
        unverified_short=~long & (chance < _UNVERIFIED_LONG + _UNVERIFIED_SHORT),
    )


def ratings_of(dice: Dice, homes: Homes, staffing: Staffing, surveys: Surveys, start: int) -> Ratings:
    """The ratings in the quarter of the staffing; `start` is the quarter of the first month."""
    none = np.where(staffing.standing == TOO_NEW, 1, np.where(staffing.standing == SPECIAL_FOCUS, 18, 0))
    unrated = none > 0
    health = Stars(np.where(unrated, 0, _health(homes, staffing, surveys)), none)
    staff = _staffing(staffing, none)
    quality, long_stay, short_stay = _quality(dice, homes, staffing.quarter, start, none)
    stars = health.stars + (staff.stars == 5) - (staff.stars == 1)
    stars = np.clip(stars, 1, 5) + (quality.stars == 5) - (quality.stars == 1)
    stars = np.clip(np.where(health.stars == 1, np.minimum(stars, 2), stars), 1, 5)
    overall = Stars(np.where(unrated, 0, np.where(surveys.abuse, np.minimum(stars, 4), stars)), none)
    return Ratings(overall, health, quality, long_stay, short_stay, staff)


def _health(homes: Homes, staffing: Staffing, surveys: Surveys) -> Ints:
    """Stars by rank of the weighted score among the homes of the state; icons of abuse cap them at two."""
    stars = np.full(len(homes), 3, dtype=np.int64)
    numbers = np.flatnonzero(staffing.members)
    order = numbers[np.lexsort((numbers, surveys.weighted_score[numbers], homes.state[numbers]))]
    state = homes.state[order]
    begin = np.searchsorted(state, state, side="left")
    size = np.searchsorted(state, state, side="right") - begin
    place = (np.arange(len(order)) - begin + 0.5) / size
    stars[order] = 5 - np.searchsorted(np.array([0.1, 1 / 3, 17 / 30, 0.8]), place, side="right")
    return np.where(surveys.abuse, np.minimum(stars, 2), stars)


def _staffing(staffing: Staffing, none: Ints) -> Stars:
    """Stars from adjusted hours and turnover; one star where the hours are missing or days had no registered nurse."""
    known = np.flatnonzero(staffing.reported)
    score = np.zeros(len(none))
    if len(known):
        total, nurses = staffing.adjusted["total"][known], staffing.adjusted["rn"][known]
        leaving = np.where(staffing.has_turnover[known], staffing.turnover[known], 480)
        merit = normal(ranked(total)) * 0.55 + normal(ranked(nurses)) * 0.4 - normal(ranked(leaving)) * 0.45
        score[known] = ranked(merit)
    stars = 1 + stepped(score, _STAFFING_SHARES)
    punished = (staffing.standing == LATE) | (staffing.standing == PENALIZED)
    missing = (none > 0) | (staffing.standing == UNRATED)
    footnote = np.where(none > 0, none, np.where(missing, 2, np.where(punished, 12, 0)))
    return Stars(np.where(missing, 0, np.where(punished, 1, stars)), footnote)


def _quality(dice: Dice, homes: Homes, quarter: int, start: int, none: Ints) -> tuple[Stars, Stars, Stars]:
    """Stars of the quality measures: all, long-stay, short-stay."""
    numbers, traits = np.arange(len(homes)), homes.traits
    moved = drift(dice, "quality", numbers, quarter, start) * 0.15
    long_score, short_score = traits.long_stay_score + moved, traits.short_stay_score + moved
    both = (long_score + short_score) * 0.6
    withheld = withheld_of(dice, numbers)
    no_long, no_short = withheld.few_long, withheld.few_short
    bad_long, bad_short = withheld.unverified_long, withheld.unverified_short
    either = bad_long | bad_short
    little = no_long & no_short
    return (
        _rated(both, _QUALITY_SHARES, bad_long | (little & ~bad_short), _noted(none, either, little)),
        _rated(long_score, _LONG_STAY_SHARES, bad_long | (no_long & ~bad_short), _noted(none, either, no_long)),
        _rated(
            short_score,
            _SHORT_STAY_SHARES,
            bad_short | (no_short & ~bad_long),
            _noted(none, bad_short, no_short & ~bad_long),
        ),
    )


def _noted(none: Ints, unverified: Flags, too_little: Flags) -> Ints:
    """Footnotes: those of homes without ratings first, then 20 for data not verified, 2 for too little data."""
    return np.where(none > 0, none, np.where(unverified, 20, np.where(too_little, 2, 0)))


def _rated(score: Floats, shares: tuple[float, ...], hidden: Flags, footnote: Ints) -> Stars:
    """Stars by share, missing for hidden ratings and for homes without ratings (footnotes 1 and 18)."""
    stars = 1 + stepped(cumulative(score), shares)
    return Stars(np.where(hidden | (footnote == 1) | (footnote == 18), 0, stars), footnote)
