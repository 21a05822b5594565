"""Rows of text from columns: constants, cells, and several cells of one claim joined in front.

A claims row has up to 275 cells of which few vary. Everything that does not is joined to one text beforehand, numbered
slots of a claim are joined by one call over lists, and RIF lines repeat a text of their claim that was made once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nh_lakehouse.sample.randomness import Ints
from nh_lakehouse.sample.writing import Cells

__all__ = ["Columns", "Form", "Slots", "counted", "list_offsets", "picked", "rows_n", "stacked", "taken"]

#: Columns of equal length by name.
Columns: TypeAlias = dict[str, NDArray[Any]]


class Slots(NamedTuple):
    """Cells of several neighbouring columns, joined."""

    cells: Cells
    width: int


@dataclass(frozen=True)
class Form:
    """Form of a file's rows.

    Attributes:
        header: the columns.
        separator: between cells.
        fixed: what stands in columns that are the same in every row; empty where nothing is said.
        end: what ends a row.
    """

    header: tuple[str, ...]
    separator: str
    fixed: Mapping[str, str]
    end: str = "\n"

    def rows(self, cells: Mapping[str, Cells | Slots | str]) -> Cells:
        """Rows of text; a key of `cells` names its column, or the first of its columns."""
        pieces: list[Any] = []
        literal, position, used = "", 0, 0
        while position < len(self.header):
            name = self.header[position]
            literal += self.separator if position else ""
            value = cells.get(name)
            used += value is not None
            if value is None or isinstance(value, str):
                literal += self.fixed.get(name, "") if value is None else value
                position += 1
                continue
            pieces += [literal, value.cells if isinstance(value, Slots) else value]
            literal = ""
            position += value.width if isinstance(value, Slots) else 1
        if used != len(cells):
            raise KeyError(f"no such columns: {sorted(set(cells) - set(self.header))}")
        return pc.binary_join_element_wise(*pieces, literal + self.end, "")

    def split(self, name: str) -> tuple[Form, Form]:
        """The columns before one, and those from it on: what belongs to the claim and to its lines."""
        at = self.header.index(name)
        return (
            Form((*self.header[:at], ""), self.separator, self.fixed, end=""),
            Form(self.header[at:], self.separator, self.fixed, self.end),
        )

    def slots(self, cells: Cells, counts: Ints, width: int, empty: str = "") -> Slots:
        """The cells of each claim (so many as `counts` says, one after the other) in `width` columns.

        A cell may hold several columns (`I10|0`); `empty` is then as wide.
        """
        tails = _tails(self.separator, width, empty)
        lists = pa.ListArray.from_arrays(pa.array(list_offsets(counts), type=pa.int32()), cells)
        joined = pc.binary_join(lists, self.separator)
        columns = width * (1 + empty.count(self.separator))
        return Slots(pc.binary_join_element_wise(joined, pc.take(tails, pa.array(counts)), ""), columns)


@lru_cache(maxsize=64)
def _tails(separator: str, width: int, empty: str) -> Cells:
    """What stands behind the used slots, by their number; without any, the first separator falls away."""
    texts = [(separator + empty) * (width - used) for used in range(width + 1)]
    return pa.array([texts[0][len(separator) :], *texts[1:]], type=pa.string())


def list_offsets(counts: Ints) -> Ints:
    """Where the cells of each claim begin, and where the last ends."""
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])


def counted(counts: Ints) -> tuple[Ints, Ints]:
    """For each of `counts` things of each row: the row, and its number within the row from 0 on."""
    rows = np.repeat(np.arange(len(counts)), counts)
    return rows, np.arange(len(rows)) - np.repeat(list_offsets(counts)[:-1], counts)


def picked(labels: Cells, codes: NDArray[Any]) -> Cells:
    """The label of each code."""
    return pc.take(labels, pa.array(codes))


def rows_n(columns: Columns) -> int:
    """Number of rows."""
    return len(next(iter(columns.values())))


def taken(columns: Columns, rows: NDArray[Any]) -> Columns:
    """Some rows, by position or by flag."""
    return {name: values[rows] for name, values in columns.items()}


def stacked(parts: Sequence[Columns]) -> Columns:
    """Rows of several sets of the same columns, one after the other."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
