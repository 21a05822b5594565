"""Chance without a generator: every number is a hash of the seed, of what is drawn and of the keys it is drawn for.

So a draw never depends on what was drawn before it, and the files come out byte for byte equal on any machine: the
hash is whole-number arithmetic, and the rest uses only operations whose result IEEE 754 fixes (+ - * / and
comparisons, each in a step of its own, so that no compiler joins two of them). Sums are taken over whole numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Dice", "Quantiles", "cumulative", "normal", "ranked", "stepped"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_STEPS = 4096
_TAIL = 1 / (_STEPS * 16)


@dataclass(frozen=True)
class Dice:
    """The source of all chance of one sample."""

    seed: int

    def uniform(self, what: str, *keys: Any) -> Floats:
        """Numbers evenly spread in (0, 1), one for each combination of the keys (whole numbers or arrays).

        Example:
            >>> bool(Dice(1).uniform("coin", np.arange(3))[2] == Dice(1).uniform("coin", 2)[0])
            True
        """
        salt = int.from_bytes(blake2b(f"{self.seed}/{what}".encode(), digest_size=8).digest(), "little")
        mixed = _mixed(np.array([salt], dtype=np.uint64))
        for key in keys:
            mixed = _mixed(mixed ^ _mixed(np.atleast_1d(np.asarray(key, dtype=np.int64)).astype(np.uint64)))
        numbers: Floats = (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53 + 2.0**-54
        return numbers

    def normal(self, what: str, *keys: Any) -> Floats:
        """Standard normal numbers, one for each combination of the keys."""
        return normal(self.uniform(what, *keys))

    def evenly(self, what: str, ids: Ints) -> Floats:
        """Like `uniform`, but as even as so many numbers can be: shares come out exact in small samples, too."""
        return ranked(self.uniform(what, ids))


def _mixed(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finalizer of SplitMix64 after one step."""
    bits = bits + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(bits ^ (bits >> np.uint64(31)), dtype=np.uint64)


def _table() -> Floats:
    """Quantiles of the normal distribution, rounded so that every C library gives the same."""
    probabilities = [_TAIL, *(step / _STEPS for step in range(1, _STEPS)), 1 - _TAIL]
    return np.array([round(NormalDist().inv_cdf(probability), 9) for probability in probabilities])


_NORMAL = _table()
_NORMAL_STEP = _NORMAL[1:] - _NORMAL[:-1]


def normal(probability: Any) -> Floats:
    """The standard normal quantile, by linear interpolation between 4,097 points (within -4.3 and 4.3)."""
    position = np.asarray(probability) * _STEPS
    index = np.minimum(position.astype(np.int64), _STEPS - 1)
    return _NORMAL[index] + (position - index) * _NORMAL_STEP[index]


def cumulative(score: Any) -> Floats:
    """The standard normal distribution function: the inverse of `normal`."""
    clipped = np.clip(np.asarray(score, dtype=np.float64), _NORMAL[0], _NORMAL[-1])
    index = np.clip(np.searchsorted(_NORMAL, clipped, side="right") - 1, 0, _STEPS - 1)
    position = index + (clipped - _NORMAL[index]) / _NORMAL_STEP[index]
    return np.clip(position / _STEPS, _TAIL, 1 - _TAIL)


def ranked(values: NDArray[Any]) -> Floats:
    """The place of each value among all, as (rank - 1/2) / n; ties keep their order."""
    places = np.empty(len(values), dtype=np.int64)
    places[np.argsort(values, kind="stable")] = np.arange(len(values))
    return (places + 0.5) / max(1, len(values))


@dataclass(frozen=True)
class Quantiles:
    """A distribution given by points of its quantile function, with straight lines between them."""

    points: tuple[float, ...]
    probabilities: tuple[float, ...] = (0, 0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1)

    def __call__(self, probability: Floats) -> Floats:
        """Values at the given probabilities."""
        levels, values = np.array(self.probabilities, dtype=np.float64), np.array(self.points, dtype=np.float64)
        index = np.clip(np.searchsorted(levels, probability, side="right") - 1, 0, len(levels) - 2)
        share = (probability - levels[index]) / (levels[index + 1] - levels[index])
        return values[index] + share * (values[index + 1] - values[index])

    def whole(self, probability: Floats, scale: int = 1) -> Ints:
        """Values in units of 1 / scale, rounded to whole numbers."""
        return np.rint(self(probability) * scale).astype(np.int64)

    def counts(self, probability: Floats) -> Ints:
        """Values rounded down to whole numbers."""
        return np.floor(self(probability)).astype(np.int64)

    def probability(self, value: Floats) -> Floats:
        """Probabilities of the given values (the inverse, for values inside the range)."""
        levels, values = np.array(self.probabilities, dtype=np.float64), np.array(self.points, dtype=np.float64)
        index = np.clip(np.searchsorted(values, value, side="right") - 1, 0, len(levels) - 2)
        width = np.maximum(values[index + 1] - values[index], 1e-9)
        share = np.clip((value - values[index]) / width, 0.0, 1.0)
        return levels[index] + share * (levels[index + 1] - levels[index])


def stepped(probability: Floats, shares: Sequence[float]) -> Ints:
    """Categories 0, 1, 2, ... with the given shares (they need not add up to one)."""
    bounds = np.array([sum(shares[: index + 1]) for index in range(len(shares))], dtype=np.float64)
    return np.minimum(np.searchsorted(bounds / bounds[-1], probability, side="right"), len(shares) - 1).astype(np.int64)
