"""Which version of a table stood at a time, or right after a run; read without an engine."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from nh_lakehouse.errors import ConfigError
from nh_lakehouse.lakehouse.lakehouse import Lakehouse
from nh_lakehouse.lakehouse.reading import data_files

__all__ = ["Commit", "Stand", "check_readable", "commits_of", "stand_at"]

_RUN = re.compile(r"\d{8}T\d{6}-[0-9a-f]{4}\Z")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_MINUTE = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}\Z")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?([zZ]|[+-]\d{2}:\d{2})?\Z")


@dataclass(frozen=True)
class Stand:
    """A version of a table and when it was written (None where the log no longer tells)."""

    version: int
    written_at: datetime | None


def stand_at(lake: Lakehouse, name: str, text: str) -> Stand:
    """The version of a table that stood at the end of a UTC day, at a UTC time, or right after a run.

    Args:
        lake: the lakehouse.
        name: full name of an existing table.
        text: `2024-11-01`, `2024-11-01T08:30:00`, or the id of a run.
    Raises:
        ConfigError: neither a time nor a known run; the table did not exist then; the version cannot be read any more.
    """
    commits = {c.version: c.at for c in commits_of(lake, name)}
    if _RUN.match(text):
        version = _after_run(lake, name, text, commits)
    else:
        version = _at(name, text, _moment(text), commits)
    check_readable(lake, name, version, f"--as-of {text}")
    return Stand(version, commits.get(version))


@dataclass(frozen=True)
class Commit:
    """One commit of a table, as its log tells."""

    version: int
    at: datetime
    operation: str | None


def commits_of(lake: Lakehouse, name: str) -> list[Commit]:
    """Commits of a table, as far back as its log reaches, oldest first."""
    return [
        Commit(
            int(entry["version"]),
            datetime.fromtimestamp(int(entry["timestamp"]) / 1000, timezone.utc),
            entry.get("operation"),
        )
        for entry in reversed(lake.delta(name).history())
        if entry.get("version") is not None and entry.get("timestamp") is not None
    ]


# --- at a time -------------------------------------------------------------------------------------------------------


def _moment(text: str) -> datetime:
    """First moment that no longer counts."""
    try:
        if _DAY.match(text):
            return datetime.fromisoformat(text).replace(tzinfo=timezone.utc) + timedelta(days=1)
        if not _TIME.match(text):
            raise ValueError(text)
        moment = datetime.fromisoformat(re.sub(r"[zZ]\Z", "+00:00", text))
        moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
        if _MINUTE.match(text):
            return moment + timedelta(minutes=1)
        # A second holds all of its milliseconds.
        return moment + (timedelta(microseconds=1) if moment.microsecond else timedelta(seconds=1))
    except (ValueError, OverflowError):
        raise ConfigError(
            f"--as-of {text}: expected a UTC day (2024-11-01), a time (2024-11-01T08:30:00) or the id of a run "
            "(20241101T083000-1a2b; query 'SELECT run_id, ended_at FROM ops.runs' lists them)",
            option="--as-of",
        ) from None


def _at(name: str, text: str, until: datetime, commits: Mapping[int, datetime]) -> int:
    versions = [v for v, at in commits.items() if at < until]
    if versions:
        return max(versions)
    oldest = min(commits, default=0)
    first = f"{commits[oldest]:%Y-%m-%d %H:%M:%S} UTC" if commits else "an unknown time"
    if oldest:
        raise ConfigError(
            f"--as-of {text}: the log of {name} reaches back to version {oldest} of {first} alone", option="--as-of"
        )
    raise ConfigError(
        f"--as-of {text}: {name} did not exist then; its first version is of {first}; "
        f"nh-lakehouse history {name} lists them",
        option="--as-of",
    )


# --- after a run -----------------------------------------------------------------------------------------------------


def _after_run(lake: Lakehouse, name: str, run: str, commits: Mapping[int, datetime]) -> int:
    records = _rows(lake, "ops.tables", ["run_id", "table", "status", "version_after", "recorded_at"])
    runs = _rows(lake, "ops.runs", ["run_id", "started_at", "ended_at"])
    files = _rows(lake, "ops.files", ["run_id", "recorded_at"])
    ends = [r["recorded_at"] for r in (*records, *files) if r["run_id"] == run]
    ends += [r["ended_at"] for r in runs if r["run_id"] == run]
    if not ends:
        newest = sorted({r["run_id"] for r in (*runs, *records) if r["run_id"]})[-3:]
        known = f"; the newest are {', '.join(newest)}" if newest else ""
        raise ConfigError(f"--as-of {run}: no run of that id is recorded in {lake.root}{known}", option="--as-of")
    own = [r for r in records if r["table"] == name]
    if own:
        return _recorded(name, run, own, max(ends))
    # Bronze and what runs write about themselves: all that was written before the next run began.
    starts = {r["run_id"]: _start_of(r["run_id"]) for r in (*records, *files)}
    starts |= {r["run_id"]: r["started_at"] for r in runs}
    later = [at for other, at in starts.items() if at > starts[run] and other != run]
    forever = datetime.max.replace(tzinfo=timezone.utc)
    return _at(name, run, max(min(later, default=forever), max(ends) + timedelta(milliseconds=1)), commits)


def _recorded(name: str, run: str, own: Sequence[Mapping[str, Any]], end: datetime) -> int:
    """Version after the last write of the table that was recorded up to the end of a run."""
    version: int | None = None
    for row in own:
        if row["status"] == "lost":
            if row["recorded_at"] > end and version is not None:
                raise ConfigError(
                    f"--as-of {run}: {name} was deleted or put back before run {row['run_id']} and made anew; "
                    "its earlier versions cannot be read",
                    option="--as-of",
                )
            version = None if row["recorded_at"] <= end else version
        elif row["status"] == "ok" and row["recorded_at"] <= end and (row["version_after"] or 0) >= 0:
            version = row["version_after"]
    if version is None:
        raise ConfigError(
            f"--as-of {run}: {name} did not exist after that run; the first that wrote it is "
            f"{next((r['run_id'] for r in own if r['status'] == 'ok' and r['recorded_at'] > end), 'unknown')}",
            option="--as-of",
        )
    return version


def _rows(lake: Lakehouse, name: str, columns: Sequence[str]) -> list[dict[str, Any]]:
    if not lake.exists(name):
        return []
    order = "recorded_at" if "recorded_at" in columns else columns[-1]
    rows: list[dict[str, Any]] = lake.arrow(name, columns).sort_by(order).to_pylist()
    return rows


def _start_of(run: str) -> datetime:
    return datetime.strptime(run[:15], "%Y%m%dT%H%M%S").replace(tzinfo=timezone.utc)


# --- can it be read --------------------------------------------------------------------------------------------------


def check_readable(lake: Lakehouse, name: str, version: int, asked: str) -> None:
    """The version's log entries and data files are there.

    Args:
        lake: the lakehouse.
        name: full name of an existing table.
        version: the wanted version.
        asked: option and value that asked for it, for the message.
    Raises:
        ConfigError: some are gone.
    """
    from deltalake.exceptions import DeltaError

    try:
        missing = sum(not Path(file).exists() for file in data_files(lake.snapshot(name, version)))
    except DeltaError:
        missing = 1
    if missing:
        raise ConfigError(
            f"{asked}: version {version} of {name} cannot be read any more: a vacuum deleted its files; "
            f"choose a later time (nh-lakehouse history {name} lists the versions)",
            option=asked.split(" ")[0],
        )
