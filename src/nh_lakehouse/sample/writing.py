"""Text of the files: columns of cells, quoted as the publisher quotes them, joined to lines of bytes.

Whole numbers become text through look-up tables and cuts, never through a float, so that a file is the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

__all__ = [
    "Sheet",
    "choice",
    "days",
    "decimal",
    "joined",
    "number",
    "quoted",
    "quoted_if_blank",
    "quoted_if_needed",
    "text",
]

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
#: Cells of one column: an Arrow array of text.
Cells: TypeAlias = "pa.StringArray"


def text(values: Sequence[str] | NDArray[Any]) -> Cells:
    """Cells of text as they are."""
    return pa.array(list(values), type=pa.string())


def choice(codes: NDArray[Any], labels: Sequence[str]) -> Cells:
    """The label of each code."""
    return pc.take(pa.array(labels, type=pa.string()), pa.array(np.asarray(codes, dtype=np.int64)))


def number(values: Ints, known: Flags | None = None, missing: str = "") -> Cells:
    """Whole numbers."""
    return _with_gaps(pa.array(values).cast(pa.string()), known, missing)


def decimal(
    values: Ints, places: int, known: Flags | None = None, *, trimmed: bool = False, missing: str = ""
) -> Cells:
    """Numbers in units of 10^-places: all places written (`3.50`), or as short as can be (`3.5`) when `trimmed`."""
    unit = 10**places
    size = np.abs(values)
    sign = choice(values < 0, ("", "-"))
    whole, rest = pa.array(size // unit).cast(pa.string()), pc.take(_endings(places, trimmed), pa.array(size % unit))
    return _with_gaps(pc.binary_join_element_wise(sign, whole, rest, ""), known, missing)


def days(values: NDArray[np.datetime64], known: Flags | None = None) -> Cells:
    """Days as `2024-10-01`."""
    return _with_gaps(pa.array(values.astype("datetime64[D]")).cast(pa.string()), known, "")


def quoted(cells: Cells) -> Cells:
    """Every cell in quotes."""
    return pc.binary_join_element_wise('"', pc.replace_substring(cells, '"', '""'), '"', "")


def quoted_if_needed(cells: Cells) -> Cells:
    """Cells that hold a comma, a quote or a line break in quotes."""
    return _quoted_where(cells, '[,"\n\r]')


def quoted_if_blank(cells: Cells) -> Cells:
    """Cells that hold a blank, too, in quotes: the habit of the publisher's SAS exports."""
    return _quoted_where(cells, '[ ,"\n\r]')


def joined(columns: Sequence[Any]) -> Cells:
    """Lines made of columns of cells (a plain text stands for a column that is the same in every line)."""
    return pc.binary_join_element_wise(*columns, ",")


def _quoted_where(cells: Cells, pattern: str) -> Cells:
    needed = pc.match_substring_regex(cells, pattern)
    return pc.if_else(needed, quoted(cells), cells) if pc.any(needed).as_py() else cells


def _with_gaps(cells: Cells, known: Flags | None, missing: str) -> Cells:
    return cells if known is None else pc.if_else(pa.array(known), cells, missing)


@lru_cache(maxsize=16)
def _endings(places: int, trimmed: bool) -> Cells:
    """`.00000` to `.99999`, or without the zeros at the end."""
    if places == 0:
        return pa.array([""], type=pa.string())
    endings = (f".{value:0{places}d}" for value in range(10**places))
    return pa.array(
        [ending.rstrip("0").rstrip(".") for ending in endings] if trimmed else list(endings), type=pa.string()
    )


@dataclass(frozen=True)
class Sheet:
    """A file before it is written: its name, the header as it stands in the file, and the cells of each column."""

    name: str
    header: tuple[str, ...]
    columns: tuple[Cells, ...]

    @property
    def rows_n(self) -> int:
        """Number of data records."""
        return len(self.columns[0])

    def blocks(self, size: int = 65_536) -> Iterator[Cells]:
        """The data records as text, so many at a time."""
        for begin in range(0, self.rows_n, size):
            yield joined([column.slice(begin, size) for column in self.columns])

    def lines(self) -> list[str]:
        """The data records as text."""
        return list(joined(self.columns).to_pylist())

    def cells(self, row: int) -> list[str]:
        """The cells of one data record, as they stand in the file."""
        return [column[row].as_py() for column in self.columns]

    def column(self, header: str) -> int:
        """Position of a column by its header, quoted or not."""
        return [title.strip('"') for title in self.header].index(header)
