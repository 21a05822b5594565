"""A generated folder as the tests read it."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from nh_lakehouse.sample import SampleReport

CCN = "CMS Certification Number (CCN)"


@dataclass(frozen=True)
class Landing:
    """A generated folder and what the generator said of it."""

    folder: Path
    report: SampleReport

    def records(self, name: str) -> tuple[list[str], list[list[str]]]:
        """Header and data records of a file, as a program that knows CSV reads them."""
        raw = (self.folder / name).read_bytes()
        try:
            content = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            content = raw.decode("cp1252")
        rows = [row for row in csv.reader(io.StringIO(content, newline="")) if row]
        return rows[0], rows[1:]

    def rows(self, name: str) -> list[dict[str, str]]:
        """The data records of a file by header; only for files without faults in rows."""
        header, rows = self.records(name)
        return [dict(zip(header, row, strict=True)) for row in rows]
