"""Files with one row per home and measure: cells of homes and of measures brought together, and how scores are spread.

Rows stand home by home, the measures of each in the order of the file.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nh_lakehouse.sample.randomness import Dice
from nh_lakehouse.sample.writing import Cells, choice, number

__all__ = ["cycled", "dashed", "interleaved", "path", "portion", "repeated", "six_places", "skewed"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: Points of the table behind `skewed`, from -4.5 to 4.5.
_POINTS, _REACH = 3_600, 4.5
_THREE = tuple(f"{value:03d}" for value in range(1_000))


def repeated(cells: Cells, measures: int) -> Cells:
    """Cells of homes, each for all its measures."""
    return pc.take(cells, pa.array(np.repeat(np.arange(len(cells)), measures)))


def cycled(labels: Sequence[str], homes: int) -> Cells:
    """Labels of measures, for every home anew."""
    return choice(np.tile(np.arange(len(labels)), homes), labels)


def interleaved(columns: Sequence[Cells]) -> Cells:
    """One array of cells per measure, in order of the homes, as one column of the file."""
    homes, measures = len(columns[0]), len(columns)
    order = np.arange(homes)[:, None] + np.arange(measures) * homes
    return pc.take(pa.concat_arrays([_plain(column) for column in columns]), pa.array(order.ravel()))


def _plain(cells: Cells) -> Cells:
    return cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells


def six_places(micros: Ints, known: Flags) -> Cells:
    """Numbers in 1/1,000,000 with all six decimals, as `4.347830`; empty where they are not known."""
    whole, rest = np.divmod(micros, 1_000_000)
    parts = (number(whole), choice(rest // 1_000, _THREE), choice(rest % 1_000, _THREE))
    written = pc.binary_join_element_wise(pc.binary_join_element_wise(*parts[:2], "."), parts[2], "")
    return pc.if_else(pa.array(known), written, "")


def dashed(times: Sequence[str]) -> str:
    """First and last of the quarters or days of a measurement period: `2023Q3-2024Q2`."""
    return f"{times[0]}-{times[-1]}"


def portion(rate: Floats, size: Ints, chance: Floats) -> Ints:
    """How many of `size` are counted at a rate: never far from rate x size, and right on average."""
    return np.minimum(np.floor(rate * size + chance).astype(np.int64), size)


def skewed(score: Floats, spread: float) -> Floats:
    """A factor around 1 from a standard normal score: log-normal with mean 1, from a table of rounded points."""
    table = _table(spread)
    position = (np.clip(score, -_REACH, _REACH * 0.9999) + _REACH) * (_POINTS / (2 * _REACH))
    index = position.astype(np.int64)
    step = table[index + 1] - table[index]
    return table[index] + (position - index) * step


@lru_cache(maxsize=64)
def _table(spread: float) -> Floats:
    scores = (point * 2 * _REACH / _POINTS - _REACH for point in range(_POINTS + 1))
    return np.array([round(math.exp(spread * score - spread * spread / 2), 9) for score in scores])


def path(dice: Dice, what: str, numbers: Ints, time: int) -> Floats:
    """A standard normal score that moves slowly: of its three parts one is new at each step of time."""
    moved = np.zeros(len(numbers))
    for back in range(3):
        moved = moved + dice.normal(what, numbers, time - back) * 0.57735
    return moved
