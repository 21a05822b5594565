"""Options that several commands share."""

from __future__ import annotations

import os
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nh_lakehouse.errors import ConfigError

if TYPE_CHECKING:
    from nh_lakehouse.lakehouse import Lakehouse

__all__ = [
    "DEFAULT_LAKEHOUSE",
    "INTERRUPTED",
    "EngineName",
    "EngineOption",
    "Format",
    "FormatOption",
    "LakehouseOption",
    "ProfileOption",
    "WaitOption",
    "examples",
    "listed",
    "most_rows",
    "open_lakehouse",
]

DEFAULT_LAKEHOUSE = Path("build/lakehouse")
INTERRUPTED = "interrupted: every table is whole, and the next run goes on from here"


class Format(str, Enum):
    """How rows are printed."""

    table = "table"
    json = "json"
    csv = "csv"


class EngineName(str, Enum):
    """Engines by name."""

    auto = "auto"
    sail = "sail"
    spark = "spark"


LakehouseOption = Annotated[
    Path, typer.Option("--lakehouse", "-l", metavar="DIR", envvar="NH_LAKEHOUSE", help="Folder of the tables.")
]
FormatOption = Annotated[Format, typer.Option("--format", "-f", help="A table for people, json or csv for programs.")]
ProfileOption = Annotated[
    str | None,
    typer.Option("--profile", metavar="NAME", help="Settings from conf/NAME.yaml, else from the package's profiles."),
]
WaitOption = Annotated[
    float,
    typer.Option("--wait", metavar="SECONDS", min=0, help="Wait so long for a run that writes the same lakehouse."),
]
EngineOption = Annotated[
    EngineName | None,
    typer.Option(
        "--engine", "-e", help="sail: embedded, no Java. spark: Apache Spark. auto: sail where it is installed."
    ),
]


def examples(*lines: str) -> str:
    """The epilog of a command: one example per line; the control character keeps help from joining them."""
    return "\n".join(["\b", "Examples:", *(f"  nh-lakehouse {line}" for line in lines)])


def listed(values: list[str] | None) -> tuple[str, ...]:
    """Values of an option that may be repeated or separated by commas."""
    return tuple(part.strip() for value in values or [] for part in value.split(",") if part.strip())


def most_rows(limit: int | None, default: int, form: Format) -> int | None:
    """How many rows to print; None is all. A program must not be given part of a table unasked."""
    if limit is None:
        return default if form is Format.table else None
    return limit or None


def open_lakehouse(folder: Path) -> Lakehouse:
    """An existing lakehouse.

    Raises:
        ConfigError: there is none in the folder.
    """
    from nh_lakehouse.lakehouse import Lakehouse

    lake = Lakehouse(folder)
    if not lake.tables():
        what = "holds no tables" if folder.is_dir() else "does not exist"
        raise ConfigError(
            f"the lakehouse {folder} {what}: nh-lakehouse run --landing DIR --lakehouse {os.fspath(folder)} "
            "makes one, or name another with --lakehouse or NH_LAKEHOUSE",
            option="--lakehouse",
        )
    return lake
