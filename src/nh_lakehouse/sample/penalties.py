"""Fines and payment denials: single events, kept for three years.

The penalties file and the sums in Provider Information are both made from them.

Amounts have cents, as in Provider Information; the penalties file states them in whole dollars, so that the two
differ by rounding, as the publisher's do (560,369,291 against 560,370,800 in October 2024).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from nh_lakehouse.sample import marginals
from nh_lakehouse.sample.homes import Homes
from nh_lakehouse.sample.periods import month_start
from nh_lakehouse.sample.randomness import Dice, cumulative, ranked

__all__ = ["Penalties", "Totals", "first_penalties", "next_penalties", "penalty_totals"]

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Days = NDArray[np.datetime64]

#: The file is a rolling three years, and penalties become public about a month after they are imposed.
_YEARS, _DELAY_DAYS = 3, 25
#: New events of a month, as a share of an even thirty-sixth of all: more come than go, so that the totals grow.
_PACE = 1.4
#: Share of the new events that strike homes already penalized.
_REPEATED = 0.6


@dataclass(frozen=True)
class Penalties:
    """One row per event; `home` is the number of the home, `cents` is 0 for denials, `days` 0 for fines."""

    home: Ints
    day: Days
    fine: Flags
    cents: Ints
    start: Days
    days: Ints

    def __len__(self) -> int:
        return len(self.home)

    def chosen(self, rows: Flags | Ints) -> Penalties:
        """Some of the rows."""
        return Penalties(*(getattr(self, field.name)[rows] for field in fields(self)))


@dataclass(frozen=True)
class Totals:
    """Sums per home, indexed by its number; amounts in cents."""

    fines: Ints
    fine_cents: Ints
    denials: Ints


def first_penalties(dice: Dice, homes: Homes) -> Penalties:
    """The events of the three years before the first month."""
    numbers = np.arange(len(homes))
    fined = np.repeat(numbers, homes.traits.fines)
    denied = np.repeat(numbers, homes.traits.denials)
    begin, end = _window(homes.month)
    home = np.concatenate([fined, denied])
    fine = np.arange(len(home)) < len(fined)
    ids = np.arange(len(home))
    span = int((end - begin).astype(np.int64))
    day = begin + (dice.uniform("penalty day", ids) * span).astype("timedelta64[D]")
    return _ordered(_events(dice, homes, ids, (home, day, fine), even=True))


def next_penalties(dice: Dice, homes: Homes, earlier: Penalties) -> Penalties:
    """The events that are public one month later: old ones drop out, new ones come in."""
    begin, end = _window(homes.month)
    kept = earlier.chosen(earlier.day >= begin)
    wanted = max(2, int(len(earlier) * _PACE / 36))
    ids = homes.month * 100_000 + np.arange(wanted)
    again = earlier.home[(dice.uniform("fined again", ids) * len(earlier)).astype(np.int64)]
    anyone = np.flatnonzero(homes.alive)[(dice.uniform("fined", ids) * homes.alive.sum()).astype(np.int64)]
    home = np.where(dice.uniform("repeated", ids) < _REPEATED, again, anyone)
    day = end - (dice.uniform("penalty day", ids) * 30).astype("timedelta64[D]")
    fine = dice.uniform("fine or denial", ids) < 0.889
    new = _events(dice, homes, ids, (home, day, fine), even=False)
    return _ordered(_joined([kept, new]))


def penalty_totals(penalties: Penalties, homes: Homes) -> Totals:
    """What Provider Information says of each home: exactly the sum over its events."""
    size, fine = len(homes), penalties.fine
    cents = np.zeros(size, dtype=np.int64)
    np.add.at(cents, penalties.home[fine], penalties.cents[fine])
    return Totals(
        fines=np.bincount(penalties.home[fine], minlength=size),
        fine_cents=cents,
        denials=np.bincount(penalties.home[~fine], minlength=size),
    )


def _window(month: int) -> tuple[np.datetime64, np.datetime64]:
    """First and last day of the penalties that are public in a month."""
    end = np.datetime64(month_start(month)) - np.timedelta64(_DELAY_DAYS, "D")
    return np.datetime64(month_start(month - 12 * _YEARS)), end


def _events(dice: Dice, homes: Homes, ids: Ints, struck: tuple[Ints, Days, Flags], *, even: bool) -> Penalties:
    """Events with their amounts and lengths; three fines of ten have cents (reductions for early payment)."""
    home, day, fine = struck
    level = homes.traits.fine_score[home] + dice.normal("fine", ids) * 0.9
    chance = ranked(level) if even else cumulative(level)
    if even:
        chance[fine] = ranked(level[fine])
    dollars = marginals.FINE_USD.whole(chance)
    odd = dice.uniform("cents", ids)
    cents = dollars * 100 + np.where(odd < 0.3, 25 * np.floor(odd * 13.3).astype(np.int64), 0)
    start = day + (15 + dice.uniform("denial start", ids) * 75).astype("timedelta64[D]")
    days = marginals.DENIAL_DAYS.whole(dice.uniform("denial days", ids))
    return Penalties(home, day, fine, np.where(fine, cents, 0), start, np.where(fine, 0, days))


def _joined(parts: Sequence[Penalties]) -> Penalties:
    return Penalties(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Penalties)))


def _ordered(penalties: Penalties) -> Penalties:
    """Events by home and day, so that the order of a file never depends on how it came about."""
    keys = (penalties.cents, penalties.days, ~penalties.fine, penalties.day, penalties.home)
    return penalties.chosen(np.lexsort(keys))
