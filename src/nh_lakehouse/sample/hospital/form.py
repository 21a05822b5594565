"""Tables of text while a hospital sample is made: rows, the faults in them, and the words they are made of."""

from __future__ import annotations

import csv
import io
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from random import Random

from nh_lakehouse.sample.damage import Dirt, Fault

__all__ = ["Delivery", "Form", "fee", "moment", "new_id", "stamp"]

Note = tuple[str, Fault]


@dataclass
class Form:
    """One file while it is made: its header, its rows, and the faults by row."""

    name: str
    header: str
    rows: list[Sequence[str]] = field(default_factory=list)
    dirt: list[Dirt] = field(default_factory=list)

    def add(self, cells: Sequence[str], *notes: Note) -> None:
        """A row, and what is odd about it: (column, fault) pairs."""
        self.rows.append(cells)
        self.dirt += [Dirt(self.name, len(self.rows), column, *fault) for column, fault in notes]

    def text(self, newline: str) -> str:
        """The file's text."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator=newline)
        writer.writerow(self.header.split(","))
        writer.writerows(self.rows)
        return out.getvalue()


@dataclass
class Delivery:
    """The files of one source, and how often each case was put in."""

    source: str
    forms: dict[str, Form] = field(default_factory=dict)
    cases: Counter[str] = field(default_factory=Counter)

    def form(self, name: str, header: str) -> Form:
        """A new file."""
        self.forms[name] = Form(f"{self.source}/{name}.csv", header)
        return self.forms[name]

    def count(self, case: str, n: int = 1) -> None:
        """Count a case."""
        self.cases[f"{self.source}/{case}"] += n

    def write(self, folder: Path, *, encoding: str, newlines: dict[str, str]) -> None:
        """Write all files."""
        for form in self.forms.values():
            path = folder / form.name
            path.parent.mkdir(parents=True, exist_ok=True)
            text = form.text(newlines.get(path.stem, "\n"))
            path.write_bytes(text.encode(encoding))


def new_id(chance: Random) -> str:
    """An identifier as Synthea writes it."""
    return str(uuid.UUID(int=chance.getrandbits(128)))


def moment(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """A moment, UTC."""
    return datetime(year, month, day, hour, minute, tzinfo=timezone.utc)


def stamp(at: datetime) -> str:
    """A moment as Synthea writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def fee(cents: int) -> str:
    """An amount without needless zeros, as the Massachusetts General set writes it."""
    return f"{cents / 100:.2f}".rstrip("0").rstrip(".")
