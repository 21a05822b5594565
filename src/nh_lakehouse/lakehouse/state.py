"""What earlier runs recorded, read without an engine: known files and the last write of every table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nh_lakehouse.lakehouse.lakehouse import Lakehouse

__all__ = ["KnownFile", "State", "TableRecord", "file_events", "matching_names", "read_state"]


@dataclass(frozen=True)
class KnownFile:
    """Present state of a landing file."""

    file: str
    status: str
    size_bytes: int
    modified_at: datetime
    sha256: str | None
    period: str | None
    data_set: str | None
    rows_read_n: int | None
    error: str | None
    contract_fingerprint: str | None


@dataclass(frozen=True)
class TableRecord:
    """The last successful write of a table."""

    version_after: int
    fingerprint: str
    input_versions: Mapping[str, int]


@dataclass(frozen=True)
class State:
    """What a lakehouse knows of the past."""

    files: Mapping[str, KnownFile]
    tables: Mapping[str, TableRecord]

    def rows_read(self) -> dict[str, int]:
        """Content hash -> rows that were counted when the file was parsed."""
        return {f.sha256: f.rows_read_n for f in self.files.values() if f.sha256 and f.rows_read_n}


def read_state(lake: Lakehouse) -> State:
    """The recorded state of a lakehouse; empty for a new one."""
    return State(_files(lake), _tables(lake))


def file_events(lake: Lakehouse, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """What was recorded of landing files, oldest first: the last event of a file is its state.

    Args:
        lake: the lakehouse.
        columns: only these and the time; all if None.
    """
    if not lake.exists("ops.files"):
        return []
    wanted = [*columns, "recorded_at"] if columns else None
    rows: list[dict[str, Any]] = lake.arrow("ops.files", columns=wanted).sort_by("recorded_at").to_pylist()
    return rows


def matching_names(file: str, names: Iterable[str]) -> list[str]:
    """Names of files that a user may mean: the name itself, else by its last part, else as a path that ends in it."""
    known = list(names)
    return (
        [n for n in known if n == file]
        or [n for n in known if n.split("/")[-1] == file]
        or [n for n in known if file.endswith(f"/{n}")]
    )


def _files(lake: Lakehouse) -> dict[str, KnownFile]:
    columns = list(KnownFile.__dataclass_fields__)
    return {row["file"]: KnownFile(**{c: row[c] for c in columns}) for row in file_events(lake, columns)}


def _tables(lake: Lakehouse) -> dict[str, TableRecord]:
    if not lake.exists("ops.tables"):
        return {}
    columns = ["table", "status", "version_after", "fingerprint", "input_versions", "recorded_at"]
    rows: list[dict[str, Any]] = lake.arrow("ops.tables", columns=columns).sort_by("recorded_at").to_pylist()
    found: dict[str, TableRecord] = {}
    for row in rows:
        if row["status"] == "ok":
            versions = dict(row["input_versions"] or [])
            found[row["table"]] = TableRecord(row["version_after"], row["fingerprint"], versions)
        elif row["status"] == "lost":
            found.pop(row["table"], None)
    return found
