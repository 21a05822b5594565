"""The files of a second month, made from those of the first: what changes is set here, so that its share is known.

One home in twenty has one certified bed more and other hours, one in five hundred vanishes and as many are new; one
score in ten of the claims measures differs; every other file is the first month's but for its processing date. The
next payroll quarter comes from the generator.
"""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

__all__ = ["HOME_CHANGED", "HOME_GONE", "SCORE_CHANGED", "write_second_month"]

#: One home, or score, of so many.
HOME_CHANGED, HOME_GONE, SCORE_CHANGED = 20, 500, 10
_NAMES = (("Oct2024", "Nov2024"), ("20241027", "20241124"))
#: The day on which a file was made, at the end of each of its lines.
_DAYS = ((b"2024-10-01", b"2024-11-01"), (b"20241001", b"20241101"), (b"10/27/2024", b"11/24/2024"))
_LAST = re.compile(rb"(?:%s)(?=\"?\r?\n)" % b"|".join(day for day, _ in _DAYS))


def write_second_month(first: Path, out: Path) -> None:
    """Write the second month's files.

    Args:
        first: folder of the first month's files; those without a month in their name (yearly, quarterly) come once.
        out: folder to write to, which exists.
    """
    for source in sorted(first.glob("*.csv")):
        name = source.name
        for old, new in _NAMES:
            name = name.replace(old, new)
        if name == source.name or name.startswith(("PBJ_", "Skilled_", "Swing_")):
            continue
        _with_next_day(source, out / name)
        if name.startswith("NH_ProviderInfo_"):
            _rewrite(out / name, _homes)
        elif name.startswith("NH_QualityMsr_Claims_"):
            _rewrite(out / name, _scores)


def _with_next_day(source: Path, target: Path) -> None:
    days = dict(_DAYS)
    with source.open("rb") as lines, target.open("wb") as out:
        out.writelines(_LAST.sub(lambda found: days[found[0]], line) for line in lines)


def _rewrite(path: Path, change: Callable[[Sequence[str], Iterator[list[str]]], Iterator[list[str]]]) -> None:
    new = path.with_suffix(".new")
    with path.open(encoding="utf-8", newline="") as file, new.open("w", encoding="utf-8", newline="") as out:
        reader = csv.reader(file)
        header = next(reader)
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(change(header, reader))
    shutil.move(new, path)


def _homes(header: Sequence[str], rows: Iterator[list[str]]) -> Iterator[list[str]]:
    """Changed, gone and new homes; a new one is a copy under a number that no home has."""
    beds = header.index("Number of Certified Beds")
    hours = header.index("Reported Total Nurse Staffing Hours per Resident per Day")
    for number, row in enumerate(rows):
        if number % HOME_CHANGED == 0:
            row[beds] = str(int(row[beds] or 0) + 1)
            row[hours] = f"{float(row[hours]) * 1.01:.5f}" if row[hours] else ""
        if number % HOME_GONE != 1:
            yield row
        if number % HOME_GONE == 2:
            yield [f"{row[0][:2]}Z{row[0][3:]}", *row[1:]]


def _scores(header: Sequence[str], rows: Iterator[list[str]]) -> Iterator[list[str]]:
    score = header.index("Adjusted Score")
    for number, row in enumerate(rows):
        if number % SCORE_CHANGED == 0 and row[score]:
            row[score] = f"{float(row[score]) * 1.01:.6f}"
        yield row
