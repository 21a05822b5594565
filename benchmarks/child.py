"""What all measured processes share: how they find the files, and what they tell at their end.

Peers import this, so that it imports little: their start is theirs.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: Environment variable with the start of the process on the monotonic clock, which all processes share.
STARTED = "BENCH_STARTED"
_PERIOD = re.compile(r"_(?:[A-Z][a-z]{2}\d{4}|\d{8}|Q\d_\d{4})(?=\.csv$)")


def since_start() -> float:
    """Seconds since the process was started, interpreter and imports included."""
    return time.monotonic() - float(os.environ.get(STARTED, time.monotonic()))


def tell(facts: Mapping[str, Any]) -> None:
    """The facts of a run as the last line of standard output."""
    print(json.dumps(dict(facts)), flush=True)


def csv_files(folder: Path) -> list[Path]:
    """The CSV files of a landing folder by name."""
    return sorted(p for p in folder.glob("*.csv") if not p.name.startswith("."))


def kind_of(path: Path) -> str:
    """The name of a file without its period: files of one kind belong to one table."""
    return _PERIOD.sub("", path.name).removesuffix(".csv").lower()


def peer_options(description: str | None) -> argparse.Namespace:
    """The options that all peers take."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("step", choices=["first", "second"], help="first load, or one more month into what is there")
    parser.add_argument("--landing", type=Path, required=True, help="folder of the CSV files of this step")
    parser.add_argument("--out", type=Path, required=True, help="folder of the tables")
    parser.add_argument("--answers", type=Path, required=True, help="JSON file of the answers")
    parser.add_argument("--memory", default="4g", help="driver memory, where there is a driver")
    return parser.parse_args()
