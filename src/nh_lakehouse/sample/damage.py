"""Faults put into the files of a sample: edited lines, how the text becomes bytes, and where each fault ended up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal, NamedTuple

from nh_lakehouse.sample.writing import Sheet

__all__ = ["CCN", "DOLLARS", "QUOTE", "SHORT_ROW", "TWICE", "Damage", "Dirt", "Edit", "Fault", "Rows", "damaged_lines"]

CCN = "CMS Certification Number (CCN)"
QUOTE = '"'

Severity = Literal["row", "duplicate", "cell", "warn", "none", "referential", "drift", "file"]


@dataclass(frozen=True)
class Dirt:
    """One fault of a sample.

    Attributes:
        file: name of the file.
        row: number of the data record, the first is 1; 0 for the file as a whole.
        column: header of the column, empty where the fault is not of one column.
        what: what is wrong, in words.
        reason: the reason a load is expected to give, empty where the value is read as it is meant.
        severity: what becomes of it: `row`, `duplicate`, `cell`, `warn`, `none`, `referential` (the row stays and is
            reported between tables), `drift`, `file`.
    """

    file: str
    row: int
    column: str
    what: str
    reason: str
    severity: Severity


class Fault(NamedTuple):
    """What is wrong, the reason a load is expected to give, and what becomes of it."""

    what: str
    reason: str
    severity: Severity


SHORT_ROW = Fault("a row with too few cells", "short_row", "row")
TWICE = Fault("the same row a second time", "duplicate", "duplicate")
DOLLARS = Fault("money with a sign and a comma", "", "none")


@dataclass(frozen=True)
class Edit:
    """A line put before, after or in place of the record at a position (from 0, before any edit)."""

    position: int
    place: Literal["before", "after", "instead"]
    line: str
    fault: Fault
    column: str = ""


@dataclass(frozen=True)
class Damage:
    """All that is done to one file: edited lines, how the text becomes bytes, and faults of the file as a whole.

    `notes` pairs a column (or nothing) with a fault.
    """

    edits: tuple[Edit, ...] = ()
    encoding: str = "utf-8"
    newline: str = "\n"
    end: str = ""
    notes: tuple[tuple[str, Fault], ...] = ()

    def of_file(self, file: str) -> list[Dirt]:
        """The faults of the file as a whole."""
        return [Dirt(file, 0, column, *fault) for column, fault in self.notes]


@dataclass
class Rows:
    """Picks rows of a sheet that no other fault has, spread over the file."""

    sheet: Sheet
    shares: Iterator[float]
    used: set[int] = field(default_factory=set)

    def pick(self, header: str = "", good: Callable[[str], bool] = bool) -> int:
        """The first free row, from the next share of the file on, whose cell passes the test, or -1."""
        size = self.sheet.rows_n
        cells = self.sheet.columns[self.sheet.column(header)] if header else None
        begin: int = int(size * next(self.shares))
        for position in chain(range(begin, size), range(begin)):
            if position not in self.used and (cells is None or good(cells[position].as_py())):
                self.used.add(position)
                return position
        return -1

    def edited(self, position: int, header: str, change: Callable[[str], str]) -> str:
        """The line of a row with one cell changed."""
        cells = self.sheet.cells(position)
        index = self.sheet.column(header)
        cells[index] = change(cells[index])
        return ",".join(cells)

    def cell(
        self, header: str, change: Callable[[str], str], fault: Fault, good: Callable[[str], bool] = bool
    ) -> list[Edit]:
        """One changed cell, in a row whose cell passes the test (no edit where there is none)."""
        position = self.pick(header, good)
        if position < 0:
            return []
        return [Edit(position, "instead", self.edited(position, header, change), fault, header)]


def damaged_lines(file: str, lines: Sequence[str], damage: Damage) -> tuple[list[str], list[Dirt]]:
    """The lines of a file with the edits made, and where each fault ended up."""
    at: dict[tuple[int, str], list[Edit]] = {}
    for edit in damage.edits:
        at.setdefault((edit.position, edit.place), []).append(edit)
    result: list[str] = []
    found: list[Dirt] = []

    def put(edits: list[Edit]) -> None:
        for edit in edits:
            result.append(edit.line)
            found.append(Dirt(file, len(result), edit.column, *edit.fault))

    done = 0
    for position in sorted({edit.position for edit in damage.edits}):
        result.extend(lines[done:position])
        put(at.get((position, "before"), []))
        instead = at.get((position, "instead"), [])
        put(instead)
        result.extend([] if instead else [lines[position]])
        put(at.get((position, "after"), []))
        done = position + 1
    result.extend(lines[done:])
    return result, found
