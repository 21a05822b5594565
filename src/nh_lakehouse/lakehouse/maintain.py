"""Compacting tables and removing files that no version in use needs, with `deltalake` on either engine.

Both commit to the table's log without changing a row. The versions that earlier runs recorded are moved along, in
`ops.tables`, so that the next run does not take a rewritten table for a changed one. A crash before that costs one
computation that changes nothing.
"""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nh_lakehouse.errors import ConfigError, LoadError
from nh_lakehouse.lakehouse.lakehouse import Lakehouse
from nh_lakehouse.lakehouse.lock import RunLock

if TYPE_CHECKING:
    from deltalake import DeltaTable

__all__ = ["DEFAULT_HOURS", "Maintained", "append_record", "maintenance_id", "move_record", "optimize", "vacuum"]

#: Files of earlier versions are kept this long: time travel, and a reader that began before, still find them.
DEFAULT_HOURS = 7 * 24

_RECORD = "ops.tables"
#: Rows by which a file may be longer than it should: DuckDB cuts row groups at multiples of a vector.
_GROUP = 8_192


@dataclass(frozen=True)
class Maintained:
    """What maintenance did to a table.

    Attributes:
        table: full name.
        files_before, files_after: data files of the present version.
        removed_n: files deleted from the disk (of a dry run: that would be).
        removed_bytes: their size.
    """

    table: str
    files_before: int
    files_after: int
    removed_n: int = 0
    removed_bytes: int = 0


def optimize(
    lake: Lakehouse, names: Sequence[str], *, orders: Mapping[str, Sequence[str]] | None = None, wait_s: float = 0.0
) -> list[Maintained]:
    """Rewrite many small data files of a table into few; the rows stay as they are.

    Args:
        lake: the lakehouse.
        names: full names of existing tables.
        orders: table -> columns by which its rows lie: they are sorted, in files of bounded size.
        wait_s: how long to wait for a run that writes the lakehouse.
    Raises:
        ConflictError: another run writes the lakehouse.
    """

    def compact(name: str) -> Maintained:
        table = lake.delta(name)
        before = len(table.file_uris())
        if order := (orders or {}).get(name):
            _sort(lake, table, name, order)
        elif before > 1:
            table.optimize.compact()
        return Maintained(name, before, len(lake.snapshot(name).file_uris()))

    return _maintain(lake, names, "optimize", compact, wait_s)


def _sort(lake: Lakehouse, table: DeltaTable, name: str, order: Sequence[str]) -> None:
    """Write the rows of a table once more in their order, unless they lie in it."""
    import pyarrow.parquet as pq

    from nh_lakehouse.lakehouse.adopt import Swap, swap
    from nh_lakehouse.lakehouse.placing import FILE_ROWS, connect, laid_out, overlap
    from nh_lakehouse.lakehouse.reading import data_files

    files = [Path(f) for f in data_files(table)]
    sizes = [pq.read_metadata(f).num_rows for f in files]
    few = len(files) <= -(-sum(sizes) // FILE_ROWS) and max(sizes, default=0) <= FILE_ROWS + _GROUP
    staging = lake.root / "_staging" / maintenance_id()
    try:
        staging.mkdir(parents=True)
        with connect(staging) as connection:
            if few and not overlap(connection, table, files, order):
                return
            sorted_files = laid_out(connection, table, files, order, staging / "sorted")
        swap(table, lake.folder(name), Swap(tuple(sorted_files), tuple(files), copied_n=sum(sizes), data_change=False))
    finally:
        shutil.rmtree(lake.root / "_staging", ignore_errors=True)


def vacuum(
    lake: Lakehouse, names: Sequence[str], *, hours: float = DEFAULT_HOURS, dry_run: bool = False, wait_s: float = 0.0
) -> list[Maintained]:
    """Delete files that no version of the last hours needs, and files that a killed run left behind.

    Files of the present version are never touched. A table whose older files are gone is computed in full, once, where
    a run would have told from them what changed.

    Args:
        lake: the lakehouse.
        names: full names of existing tables.
        hours: keep files that a version of the last hours holds; seven days by default.
        dry_run: only say what would be deleted.
        wait_s: how long to wait for a run that writes the lakehouse.
    Raises:
        ConfigError: a negative number of hours.
        ConflictError: another run writes the lakehouse.
    """
    if hours < 0:
        raise ConfigError(f"--hours {hours}: expected 0 or more", option="--hours")

    def clean(name: str) -> Maintained:
        table = lake.delta(name)
        current = _current_files(lake, name)
        wanted = _vacuum(table, hours, dry_run=True)
        if in_use := current & set(wanted):
            raise LoadError(
                f"{name}: {sorted(in_use)[0]} is part of the present version; nothing was deleted", table=name
            )
        size = sum((lake.folder(name) / path).stat().st_size for path in wanted if (lake.folder(name) / path).exists())
        if wanted and not dry_run:
            _vacuum(table, hours, dry_run=False)
        return Maintained(name, len(current), len(current), len(wanted), size)

    return _maintain(lake, names, "vacuum", clean, wait_s)


def maintenance_id() -> str:
    """Name of a piece of maintenance, as the lock and the record show it; shaped like a run's."""
    return f"{datetime.now(timezone.utc):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"


def _vacuum(table: Any, hours: float, *, dry_run: bool) -> list[str]:
    removed: list[str] = table.vacuum(
        retention_hours=int(hours), dry_run=dry_run, enforce_retention_duration=hours >= DEFAULT_HOURS, full=True
    )
    return removed


def _current_files(lake: Lakehouse, name: str) -> set[str]:
    root = lake.folder(name).as_uri().rstrip("/") + "/"
    return {uri.removeprefix(root).removeprefix(f"{lake.folder(name)}/") for uri in lake.snapshot(name).file_uris()}


def _maintain(
    lake: Lakehouse, names: Sequence[str], mode: str, work: Callable[[str], Maintained], wait_s: float
) -> list[Maintained]:
    """Work on the tables under the run lock, then move the recorded versions along."""
    run_id = maintenance_id()
    done: list[Maintained] = []
    moved: dict[str, tuple[int, int]] = {}
    started = time.monotonic()
    with RunLock(lake.root, run_id, wait_s=wait_s):
        # The record is written to in between, so its own turn comes last.
        for name in sorted(names, key=lambda n: n == _RECORD):
            if name == _RECORD:
                move_record(lake, moved, run_id, mode, time.monotonic() - started)
                moved = {}
            before = lake.version(name)
            done.append(work(name))
            after = lake.version(name)
            if after != before:
                moved[name] = (before, after)
        move_record(lake, moved, run_id, mode, time.monotonic() - started)
    return sorted(done, key=lambda m: names.index(m.table))


def move_record(lake: Lakehouse, moved: dict[str, tuple[int, int]], run_id: str, mode: str, duration_s: float) -> None:
    """Record that tables which were current still are, although a version number went up."""
    if not moved or not lake.exists(_RECORD):
        return
    from nh_lakehouse.lakehouse.state import read_state

    # A record counts as newer by its time alone.
    now = datetime.now(timezone.utc) + timedelta(microseconds=1)
    rows = []
    for name, record in read_state(lake).tables.items():
        inputs = {n: moved[n][1] if n in moved and moved[n][0] == v else v for n, v in record.input_versions.items()}
        version = record.version_after
        if name in moved and moved[name][0] == version:
            version = moved[name][1]
        if inputs == dict(record.input_versions) and version == record.version_after:
            continue
        rows.append(
            {
                "run_id": run_id,
                "table": name,
                "status": "ok",
                "mode": mode,
                "version_before": record.version_after,
                "version_after": version,
                "inserted_n": 0,
                "updated_n": 0,
                "deleted_n": 0,
                "unchanged_n": None,
                "fingerprint": record.fingerprint,
                "input_versions": list(inputs.items()),
                "duration_s": duration_s,
                "error": None,
                "recorded_at": now,
            }
        )
    append_record(lake, _RECORD, rows)


def append_record(lake: Lakehouse, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows to an operations table where no engine is open."""
    if not rows:
        return
    import pyarrow as pa
    from deltalake import write_deltalake

    from nh_lakehouse.contracts import load_tables
    from nh_lakehouse.lakehouse.schema import arrow_schema

    table = pa.Table.from_pylist([dict(r) for r in rows], schema=arrow_schema(load_tables()[name].columns))
    write_deltalake(lake.path(name), table, mode="append")
