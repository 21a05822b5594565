"""Headers of the publishers' editions, as their files have them."""

from __future__ import annotations

import csv
from pathlib import Path

HEADERS = Path(__file__).parent / "fixtures" / "headers"


def header_of(edition: str) -> list[str]:
    """The column names of an edition."""
    with (HEADERS / f"{edition}.txt").open(encoding="utf-8", newline="") as lines:
        return next(csv.reader(lines))
