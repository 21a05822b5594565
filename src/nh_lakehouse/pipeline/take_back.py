"""Taking back a landing file that was wrong: its rows leave bronze, and what is made of them follows.

The file's newest release goes; an earlier one of the same name stands again. Silver and gold are brought up to date by
the run that takes it back, from the same difference in bronze that a new file makes.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from nh_lakehouse.contracts import load_contracts, load_tables
from nh_lakehouse.errors import ConfigError, RowAccountingError
from nh_lakehouse.lakehouse import Lakehouse
from nh_lakehouse.lakehouse.duckdb_sql import sql_name, sql_value
from nh_lakehouse.lakehouse.state import file_events, matching_names
from nh_lakehouse.lakehouse.store import Store

__all__ = ["Release", "find_release", "mark_waiting", "take_back"]

_FILES = "ops.files"
#: State of a file whose rows are being deleted.
_BEGUN = "forgetting"
#: States of files without rows of their own: a copy of another file, and one that the next run will look at.
_NO_ROWS = ("duplicate", "waiting")


@dataclass(frozen=True)
class Release:
    """One release of a landing file.

    Attributes:
        file: its name, as runs report it.
        data_set: where it was loaded to.
        sha256: hash of its bytes.
        load_id: the load that wrote its rows; None where no row of it stands in bronze.
        rows_n: its rows in bronze; 0 for a copy of another file, which brought none of its own.
        earlier_n: earlier releases of the same name that stand in bronze.
        copies: other landing files with the same bytes, which were left out for it.
    """

    file: str
    data_set: str
    sha256: str
    load_id: str | None
    rows_n: int
    earlier_n: int
    copies: tuple[str, ...]


def find_release(lake: Lakehouse, file: str) -> Release:
    """The newest release of a loaded file.

    Args:
        lake: the lakehouse.
        file: name of the file as runs report it, or the last part of it.
    Raises:
        ConfigError: no such file, several, or one that was never loaded.
    """
    events = file_events(lake)
    name = _full_name(file, events)
    own = [e for e in events if e["file"] == name]
    newest = own[-1]
    standing = _standing(lake, name, {str(e["data_set"]) for e in own if e["data_set"]})
    if newest["status"] in _NO_ROWS:
        return Release(name, newest["data_set"], newest["sha256"], None, 0, len(standing), ())
    if newest["status"] == _BEGUN:
        begun = [s for s in standing if s[1:3] == (newest["sha256"], newest["load_id"])]
        rows_n = sum(s[3] for s in begun)
        others_n, copies = len(standing) - len(begun), _copies(events, newest)
        return Release(name, newest["data_set"], newest["sha256"], newest["load_id"], rows_n, others_n, copies)
    if newest["status"] == "loaded" and newest["rows_read_n"] == 0:
        return Release(name, newest["data_set"], newest["sha256"], None, 0, len(standing), _copies(events, newest))
    if not standing:
        raise ConfigError(_why_not(name, newest), option="FILE")
    data_set, sha256, load_id, rows_n = standing[0]
    written = {"data_set": data_set, "sha256": sha256, "file": name, "period": None}
    periods = [e["period"] for e in own if e["sha256"] == sha256]
    copies = _copies(events, {**written, "period": periods[-1] if periods else None})
    return Release(name, data_set, sha256, load_id, rows_n, len(standing) - 1, copies)


def take_back(store: Store, file: str, run_id: str) -> Release:
    """Delete the rows of a file's newest release from bronze, and record that the file is forgotten.

    Copies of it that were left out are looked at by the next run. What is to be done is recorded first: killed
    anywhere, it is completed by the next run.

    Raises:
        ConfigError: as `find_release`.
        RowAccountingError: other rows would have gone; the table is back at the version before.
    """
    release = find_release(store.lake, file)
    if release.rows_n:
        _mark(store, {release.file: _BEGUN}, run_id, release)
        table = f"bronze.{release.data_set}"
        before = store.lake.version(table)
        condition = " AND ".join(
            f"{sql_name(column)} = {sql_value(value)}"
            for column, value in (
                ("_source_sha256", release.sha256),
                ("_source_file", release.file),
                ("_load_id", str(release.load_id)),
            )
        )
        deleted = store.delete(table, condition)
        if deleted != release.rows_n:
            if store.lake.version(table) != before:
                store.restore(table, before)
            raise RowAccountingError(
                f"{table}: {release.rows_n:,} rows of {release.file} were to be deleted, the commit deleted "
                f"{deleted:,}; the table is as it was",
                table=table,
            )
    _mark(store, {release.file: "forgotten", **dict.fromkeys(release.copies, "waiting")}, run_id, release)
    return release


def mark_waiting(store: Store, file: str, run_id: str) -> str:
    """Let the next run look at a forgotten file again; returns its full name.

    Raises:
        ConfigError: the file is not forgotten.
    """
    events = file_events(store.lake)
    name = _full_name(file, events)
    newest = [e for e in events if e["file"] == name][-1]
    if newest["status"] != "forgotten":
        raise ConfigError(f"{name} is not forgotten: its state is {newest['status']}", option="FILE")
    release = Release(name, newest["data_set"], newest["sha256"], newest["load_id"], 0, 0, ())
    _mark(store, {name: "waiting"}, run_id, release)
    return name


def _full_name(file: str, events: list[dict[str, Any]]) -> str:
    names = sorted({e["file"] for e in events})
    fitting = matching_names(file, names)
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        listing = "".join(f"\n  {n}" for n in fitting)
        raise ConfigError(f"several files are called {file!r}; give one of{listing}", option="FILE")
    near = difflib.get_close_matches(file, [*names, *(n.split("/")[-1] for n in names)], n=3)
    hint = (
        f"; did you mean {', '.join(near)}?" if near else "; nh-lakehouse query 'SELECT file FROM ops.files' lists all"
    )
    raise ConfigError(f"no file {file!r} was ever seen by a run{hint}", option="FILE")


def _standing(lake: Lakehouse, name: str, data_sets: set[str]) -> list[tuple[str, str, str, int]]:
    """Releases of a name that stand in bronze, newest first: data set, hash, load, rows."""
    tables = [f"bronze.{d}" for d in sorted(data_sets) if lake.version(f"bronze.{d}") >= 0]
    tables = [t for t in tables if lake.snapshot(t).file_uris()]
    if not tables:
        return []
    parts = " UNION ALL ".join(
        f"SELECT '{t.split('.')[1]}' AS data_set, _source_sha256, _load_id, _loaded_at FROM {t} WHERE _source_file = ?"
        for t in tables
    )
    with lake.duckdb(tables) as connection:
        rows: list[tuple[str, str, str, int]] = connection.execute(
            f"""SELECT data_set, _source_sha256, _load_id, count(*) FROM ({parts})
                GROUP BY data_set, _source_sha256, _load_id ORDER BY max(_loaded_at) DESC, _load_id DESC""",
            [name] * len(tables),
        ).fetchall()
    return rows


def _copies(events: list[dict[str, Any]], release: dict[str, Any]) -> tuple[str, ...]:
    """Files that were left out because a release was loaded."""
    latest = {e["file"]: e for e in events}
    contract = load_contracts().get(release["data_set"])
    # Claims are known by their content alone: a copy is of the day on which it came.
    facts = ("data_set", "sha256") if contract and contract.rhythm == "C" else ("data_set", "sha256", "period")
    return tuple(
        sorted(
            name
            for name, event in latest.items()
            if event["status"] == "duplicate" and name != release["file"] and all(event[f] == release[f] for f in facts)
        )
    )


def _why_not(name: str, event: dict[str, Any]) -> str:
    status = event["status"]
    if status == "forgotten":
        return f"{name} is forgotten already; forget --undo lets the next run load it again"
    if status == "rejected":
        return f"{name} was rejected: no row of it was loaded; nh-lakehouse accept {name} stops the reports of it"
    return f"{name} was never loaded: its state is {status}; there is nothing to take back"


def _mark(store: Store, states: dict[str, str], run_id: str, release: Release) -> None:
    """Write the new state of files; everything else as last recorded of these bytes."""
    now = datetime.now(timezone.utc)
    latest: dict[str, dict[str, Any]] = {e["file"]: e for e in file_events(store.lake) if e["sha256"] == release.sha256}
    rows = [{**latest[n], "run_id": run_id, "status": s, "recorded_at": now} for n, s in states.items()]
    for row in rows:
        if row["file"] == release.file and release.load_id is not None:
            row["load_id"] = release.load_id
    store.append_rows(_FILES, load_tables()[_FILES].columns, rows)
