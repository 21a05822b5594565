"""Every table as it was before a run, by commits that can themselves be taken back; no engine is needed.

What a run wrote lies at or behind its start, as one run writes at a time; what a killed attempt wrote directly before
it counts as its own. Each table goes back to its last version before that, as a new version. Tables that the run made
are empty afterwards. `ops.runs` keeps its rows: the record of what was done is added to, never shortened.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from nh_lakehouse.errors import ConfigError
from nh_lakehouse.lakehouse.lakehouse import Lakehouse
from nh_lakehouse.lakehouse.lock import RunLock
from nh_lakehouse.lakehouse.maintain import append_record, maintenance_id, move_record
from nh_lakehouse.lakehouse.state import file_events
from nh_lakehouse.lakehouse.travel import Commit, check_readable, commits_of
from nh_lakehouse.pipeline.record import run_row

__all__ = ["Restoration", "Restored", "restore"]

_RUNS, _TABLES, _FILES = "ops.runs", "ops.tables", "ops.files"
_MAINTENANCE = ("OPTIMIZE", "VACUUM START", "VACUUM END")


@dataclass(frozen=True)
class Restored:
    """One table that went back (or would).

    Attributes:
        table: full name.
        version_before: version that stood.
        version_restored: earlier version whose rows stand now; 0, which is empty, where the run made the table.
        written_at: when that version was written.
        version_after: number of the new version; None where nothing was done.
    """

    table: str
    version_before: int
    version_restored: int
    written_at: datetime | None
    version_after: int | None = None


@dataclass(frozen=True)
class Restoration:
    """What was done, and the runs that were undone by it, oldest first."""

    run_id: str
    tables: tuple[Restored, ...]
    runs: tuple[str, ...]


def restore(lake: Lakehouse, run: str, *, dry_run: bool = False, wait_s: float = 0.0) -> Restoration:
    """Put every table back to where it was before a run.

    All is checked before anything is done. Killed anywhere, it is completed by asking again; a load in between makes
    the tables of the present files.

    Args:
        lake: the lakehouse.
        run: id of the run.
        dry_run: only say what would be done.
        wait_s: how long to wait for a run that writes the lakehouse.
    Raises:
        ConfigError: no such run; a version that cannot be read any more; a table that was made anew since.
        ConflictError: another run writes the lakehouse.
    """
    if dry_run:
        runs, targets = _undone(lake, run)
        return Restoration("", tuple(targets), tuple(runs))
    run_id = maintenance_id()
    with RunLock(lake.root, run_id, wait_s=wait_s):
        started_at, started = datetime.now(timezone.utc), time.monotonic()
        runs, targets = _undone(lake, run)
        done = [_put_back(lake, target) for target in targets]
        moved = {t.table: (t.version_restored, t.version_after) for t in done if t.version_after is not None}
        move_record(lake, moved, run_id, "restore", time.monotonic() - started)
        _end_begun(lake, run_id)
        _record(lake, run, run_id, started_at, len(done))
    return Restoration(run_id, tuple(sorted(done, key=lambda t: t.table)), tuple(runs))


def _undone(lake: Lakehouse, run: str) -> tuple[list[str], list[Restored]]:
    """The run and those after it, and the tables that go back."""
    rows = lake.arrow(_RUNS, ["run_id", "started_at", "ended_at"]).sort_by("ended_at").to_pylist()
    position = next((i for i, row in enumerate(rows) if row["run_id"] == run), None)
    if position is None:
        newest = ", ".join(row["run_id"] for row in rows[-3:])
        raise ConfigError(
            f"--run {run}: no run of that id is recorded in {lake.root}"
            + (f"; the newest are {newest}" if newest else "")
            + " (a run that was killed is not recorded: the next run completes it)",
            option="--run",
        )
    before = rows[position - 1]["ended_at"] if position else None
    logs = {name: commits_of(lake, name) for name in lake.tables() if name != _RUNS}
    began = _began(logs, rows[position]["started_at"], before)
    return [row["run_id"] for row in rows[position:]], _targets(lake, logs, run, began)


def _began(logs: Mapping[str, Sequence[Commit]], started_at: datetime, before: datetime | None) -> datetime:
    """When a run began to write, a killed attempt directly before it included.

    To the millisecond, as the log of a table writes times. Compacting between two runs is no attempt.
    """
    attempts = [
        commit.at
        for name, commits in logs.items()
        for commit in commits
        if not name.startswith("ops.")
        and commit.operation not in _MAINTENANCE
        and (before is None or commit.at > before)
    ]
    return min([started_at.replace(microsecond=started_at.microsecond // 1000 * 1000), *attempts])


def _targets(lake: Lakehouse, logs: Mapping[str, Sequence[Commit]], run: str, moment: datetime) -> list[Restored]:
    """Tables that changed since, and the version each goes back to.

    `ops.files` comes first: killed behind it, the next run reads the files again and finds their rows in bronze.
    `ops.tables` comes last: what it says is done needs no second look.
    """
    recorded = _recorded_before(lake, moment)
    found = []
    for name in sorted(logs, key=lambda n: (n != _FILES, n == _TABLES, n)):
        commits, present = {c.version: c.at for c in logs[name]}, lake.version(name)
        since = min((v for v, at in commits.items() if at >= moment), default=None)
        if since is None:
            continue
        oldest = min(commits)
        if since == oldest and (oldest > 0 or name in recorded):
            reason = f"its log reaches back to version {oldest} alone" if oldest else "it was made anew since"
            raise ConfigError(
                f"--run {run}: {name} cannot be put back, {reason}; nothing was done; "
                "nh-lakehouse run --full-refresh computes silver and gold anew",
                option="--run",
            )
        target = max(since - 1, 0)
        if target == 0 and lake.snapshot(name, 0).file_uris() and since == oldest:
            raise ConfigError(
                f"--run {run}: {name} was made with rows in it by something else; nothing was done", option="--run"
            )
        check_readable(lake, name, target, f"--run {run}")
        if target != present:
            found.append(Restored(name, present, target, commits.get(target) if since > oldest else None))
    return found


def _recorded_before(lake: Lakehouse, moment: datetime) -> set[str]:
    """Tables that runs had written before a time."""
    if not lake.exists(_TABLES):
        return set()
    rows = lake.arrow(_TABLES, ["table", "status", "recorded_at"]).to_pylist()
    return {r["table"] for r in rows if r["status"] == "ok" and r["recorded_at"] < moment}


def _put_back(lake: Lakehouse, target: Restored) -> Restored:
    lake.delta(target.table).restore(target.version_restored)
    return replace(target, version_after=lake.version(target.table))


def _end_begun(lake: Lakehouse, run_id: str) -> None:
    """A file that was being taken back before the run stands as before that: its rows are there again."""
    events = file_events(lake)
    latest = {e["file"]: e for e in events}
    settled = {e["file"]: e for e in events if e["status"] != "forgetting"}
    now = datetime.now(timezone.utc)
    begun = [n for n, event in latest.items() if event["status"] == "forgetting" and n in settled]
    append_record(lake, _FILES, [{**settled[n], "run_id": run_id, "recorded_at": now} for n in begun])


def _record(lake: Lakehouse, run: str, run_id: str, started_at: datetime, tables_n: int) -> None:
    row = {**run_row([], [], {"restore": run}, started_at, run_id, None), "tables_n": tables_n}
    append_record(lake, _RUNS, [row])
