"""What the phases of a run did, as rows of the operations tables and as lines of the report."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timezone
from functools import reduce
from typing import Any

from nh_lakehouse import __version__
from nh_lakehouse.bronze.identify import candidates
from nh_lakehouse.bronze.load import FileOutcome
from nh_lakehouse.contracts.model import DataSet
from nh_lakehouse.lakehouse.store import Published
from nh_lakehouse.pipeline.plan import Plan
from nh_lakehouse.pipeline.report import FileLine, TableLine
from nh_lakehouse.pipeline.silver_load import FileCounts, SilverOutcome

__all__ = [
    "bronze_load_row",
    "failed_row",
    "file_lines",
    "file_row",
    "joined_lines",
    "joined_writes",
    "run_row",
    "silver_load_rows",
    "table_line",
    "table_row",
]


def file_row(
    o: FileOutcome, run_id: str, data_sets: Mapping[str, DataSet], everything: str, now: datetime
) -> dict[str, Any]:
    """One row of `ops.files`: what became of a landing file."""
    one = o.data_set in data_sets and len(candidates(o.landing.base_name, data_sets.values())) == 1
    return {
        "run_id": run_id,
        "load_id": o.load_id,
        "data_set": o.data_set,
        "file": o.landing.name,
        "status": o.status,
        "size_bytes": o.landing.size_bytes,
        "modified_at": o.landing.modified_at,
        "sha256": o.sha256,
        "period": o.period,
        "released_at": o.released_at,
        "encoding": o.encoding,
        "header": o.header,
        "rows_read_n": o.rows_n if o.was_read else None,
        "drift_n": len(o.drift) if o.was_read else None,
        "duration_s": o.duration_s,
        "error": o.error,
        "contract_fingerprint": data_sets[str(o.data_set)].fingerprint() if one else everything,
        "recorded_at": now,
    }


def _load_row(
    run_id: str, load_id: str | None, data_set: str, target: str, now: datetime, **counts: Any
) -> dict[str, Any]:
    return {
        "run_id": run_id, "load_id": load_id, "data_set": data_set, "target": target, "recorded_at": now, **counts
    }  # fmt: skip


def bronze_load_row(o: FileOutcome, run_id: str, now: datetime) -> dict[str, Any]:
    """One row of `ops.loads` for a file that came to bronze."""
    return _load_row(
        run_id,
        o.load_id,
        str(o.data_set),
        f"bronze.{o.data_set}",
        now,
        file=o.landing.name,
        source_sha256=o.sha256,
        period=o.period,
        rows_read_n=o.rows_n,
        accepted_n=o.rows_n,
        duplicate_n=0,
        superseded_n=0,
        quarantined_n=0,
        warned_n=o.corrupt_n,
        inserted_n=o.rows_n,
        updated_n=0,
        unchanged_n=0,
        closed_n=None,
        deleted_n=0,
        version_before=o.version_before,
        version_after=o.version_after,
    )


def silver_load_rows(outcome: SilverOutcome, run_id: str, now: datetime) -> list[dict[str, Any]]:
    """Rows of `ops.loads` for the silver tables of a data set, one per file and table."""
    rows = []
    for target, published in outcome.published.items():
        for number, f in enumerate(outcome.files):
            counts = _made_of_rows(f, published) if target not in outcome.closed else None
            rows.append(
                _load_row(
                    run_id,
                    f"{run_id}-{outcome.data_set}",
                    outcome.data_set,
                    target,
                    now,
                    **{k: v for k, v in asdict(f).items() if k not in ("sha256", "load_id")},
                    source_sha256=f.sha256,
                    **(counts or _of_history(outcome, target, published, first=number == 0)),
                    deleted_n=published.deleted_n if number == 0 else 0,
                    version_before=published.version_before,
                    version_after=published.version_after,
                )
            )
    return rows


def _made_of_rows(f: FileCounts, published: Published) -> dict[str, int | None]:
    """Rows of the table that came from a file: inserted, updated, or there already.

    Row for row they are the accepted ones; a function that makes claims of lines, or lines of claims, has a number of
    its own.
    """
    inserted, updated, wanted = published.by_file.get((f.file, f.load_id), (0, 0, 0))
    return {
        "inserted_n": inserted,
        "updated_n": updated,
        "unchanged_n": wanted - inserted - updated,
        "closed_n": None,
    }


def _of_history(outcome: SilverOutcome, target: str, published: Published, *, first: bool) -> dict[str, int | None]:
    """Versions of a load, told once, beside its first file: a version stands for rows of many files."""
    if not first:
        return {"inserted_n": 0, "updated_n": 0, "unchanged_n": None, "closed_n": 0}
    return {
        "inserted_n": published.inserted_n,
        "updated_n": published.updated_n,
        "unchanged_n": None,
        "closed_n": outcome.closed[target],
    }


def table_row(
    line: TableLine, published: Published, fingerprint: str, versions: Mapping[str, int], run_id: str, now: datetime
) -> dict[str, Any]:
    """One row of `ops.tables`: a table that was written, and the versions of what it was made from."""
    return {
        "run_id": run_id,
        "table": line.table,
        "status": line.status,
        "mode": line.mode,
        "version_before": published.version_before,
        "version_after": published.version_after,
        "inserted_n": line.inserted_n,
        "updated_n": line.updated_n,
        "deleted_n": line.deleted_n,
        "unchanged_n": line.unchanged_n,
        "fingerprint": fingerprint,
        "input_versions": list(versions.items()),
        "duration_s": line.duration_s,
        "error": None,
        "recorded_at": now,
    }


def failed_row(line: TableLine, run_id: str, now: datetime) -> dict[str, Any]:
    """One row of `ops.tables` for a table that failed, was blocked or was lost."""
    row = table_row(line, Published(-1, -1), "", {}, run_id, now)
    return {**row, "version_before": None, "version_after": None, "fingerprint": None, "error": line.error}


def run_row(
    outcomes: Sequence[FileOutcome],
    tables: Sequence[TableLine],
    options: Mapping[str, str],
    started_at: datetime,
    run_id: str,
    engine: str | None,
) -> dict[str, Any]:
    """One row of `ops.runs`, at the end of a run."""
    errors = [o.error for o in outcomes if o.error] + [t.error for t in tables if t.error]
    failed = errors or any(t.status in ("failed", "blocked") for t in tables)
    return {
        "run_id": run_id,
        "started_at": started_at,
        "ended_at": datetime.now(timezone.utc),
        "status": "partial" if failed else "ok",
        "engine": engine,
        "package_version": __version__,
        "host": f"{getpass.getuser()}@{socket.gethostname()}",
        "options": list(options.items()),
        "files_n": sum(o.status == "loaded" for o in outcomes),
        "tables_n": sum(t.status == "ok" for t in tables),
        "message": errors[0] if errors else None,
    }


def table_line(
    name: str, published: Published, mode: str, duration: float, outcome: SilverOutcome | None = None
) -> TableLine:
    """The line of one write of a table; unchanged rows are known where a silver table keeps no versions."""
    unchanged = None
    if outcome is not None and name not in outcome.closed:
        wanted = sum(n for *_, n in published.by_file.values())
        unchanged = wanted - published.inserted_n - published.updated_n
    return TableLine(
        name, "ok", mode, published.inserted_n, published.updated_n, published.deleted_n, unchanged, duration
    )


def joined_lines(lines: Sequence[TableLine]) -> list[TableLine]:
    """The lines, those of several writes of one table in one."""
    joined: dict[tuple[str, str], TableLine] = {}
    for line in lines:
        known = joined.get((line.table, line.status))
        joined[line.table, line.status] = line if known is None else _joined(known, line)
    return list(joined.values())


def _joined(first: TableLine, second: TableLine) -> TableLine:
    unchanged = [n for n in (first.unchanged_n, second.unchanged_n) if n is not None]
    return replace(
        first,
        mode="full" if "full" in (first.mode, second.mode) else first.mode,
        inserted_n=first.inserted_n + second.inserted_n,
        updated_n=first.updated_n + second.updated_n,
        deleted_n=first.deleted_n + second.deleted_n,
        unchanged_n=sum(unchanged) if len(unchanged) == 2 else None,
        duration_s=first.duration_s + second.duration_s,
        error=first.error or second.error,
    )


def joined_writes(writes: Sequence[Published]) -> Published:
    """Several writes of one table in one run, as one."""
    return reduce(
        lambda first, second: Published(
            min(first.version_before, second.version_before),
            max(first.version_after, second.version_after),
            first.inserted_n + second.inserted_n,
            first.updated_n + second.updated_n,
            first.deleted_n + second.deleted_n,
        ),
        writes,
    )


def file_lines(outcomes: Sequence[FileOutcome], silver: Mapping[str, SilverOutcome], plan: Plan) -> list[FileLine]:
    """The landing files in the report: what was read, what belongs to no data set, what was rejected before."""
    counts = {(f.file, f.sha256): f for o in silver.values() for f in o.files}
    lines = [_file_line(o, counts.get((o.landing.name, o.sha256 or ""))) for o in outcomes]
    lines += [FileLine(f.name, None, "ignored") for f in plan.ignored if outcomes]
    return lines + [
        FileLine(k.file, k.data_set, "rejected", error=f"{k.error} (rejected in an earlier run)") for k in plan.rejected
    ]


def _file_line(o: FileOutcome, counts: FileCounts | None) -> FileLine:
    line = FileLine(
        o.landing.name, o.data_set, o.status, o.period, rows_read_n=o.rows_n if o.was_read else None, error=o.error
    )
    if counts is None:
        return line
    return replace(
        line,
        accepted_n=counts.accepted_n,
        duplicate_n=counts.duplicate_n,
        superseded_n=counts.superseded_n,
        quarantined_n=counts.quarantined_n,
        warned_n=counts.warned_n,
    )
