"""Writing files block by block: each is opened once, rows are counted, some are kept to make faults of."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from nh_lakehouse.sample.damage import Dirt, Fault
from nh_lakehouse.sample.landing import SampleFile
from nh_lakehouse.sample.writing import Cells

__all__ = ["Delivery", "Sheet"]

_KEPT = 1_000


@dataclass
class Sheet:
    """A file that is being written.

    Attributes:
        file: open for writing.
        rows: data records so far.
        kept: the first of them, as text.
    """

    file: BinaryIO
    rows: int = 0
    kept: list[str] = field(default_factory=list)


@dataclass
class Delivery:
    """The files of one delivery, in one folder."""

    folder: Path
    sheets: dict[str, Sheet] = field(default_factory=dict)
    dirt: list[Dirt] = field(default_factory=list)

    def __enter__(self) -> Delivery:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for sheet in self.sheets.values():
            sheet.file.close()

    def open(self, name: str, header: str, newline: str = "\n") -> Sheet:
        """Begin a file with its header line."""
        sheet = Sheet((self.folder / name).open("wb"))
        sheet.file.write(f"{header}{newline}".encode())
        self.sheets[name] = sheet
        return sheet

    def write(self, name: str, rows: Cells) -> None:
        """Append rows of text, each with its line end."""
        sheet = self.sheets[name]
        if len(sheet.kept) < _KEPT:
            sheet.kept += [row.rstrip("\n") for row in rows.slice(0, _KEPT - len(sheet.kept)).to_pylist()]
        sheet.rows += len(rows)
        # The values of an Arrow array of text that was just made are one run of bytes.
        if len(rows):
            sheet.file.write(memoryview(rows.buffers()[2]))

    def add(self, name: str, line: str, column: str, fault: Fault | None, end: str = "\n") -> None:
        """Append one line by hand, and note its fault."""
        sheet = self.sheets[name]
        sheet.file.write(f"{line}{end}".encode())
        sheet.rows += 1
        if fault is not None:
            self.dirt.append(Dirt(name, sheet.rows, column, *fault))

    def note(self, name: str, fault: Fault) -> None:
        """Note a fault of a file as a whole."""
        self.dirt.append(Dirt(name, 0, "", *fault))

    def files(self) -> tuple[SampleFile, ...]:
        """The files in order of their names."""
        return tuple(SampleFile(name, sheet.rows) for name, sheet in sorted(self.sheets.items()))
