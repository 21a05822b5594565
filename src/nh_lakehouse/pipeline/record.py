"""Rows of the operations tables, made from what the phases did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from nh_lakehouse.bronze.load import FileOutcome
from nh_lakehouse.contracts.model import DataSet
from nh_lakehouse.lakehouse.store import Published
from nh_lakehouse.pipeline.silver_load import FileCounts, SilverOutcome

__all__ = ["bronze_load_row", "file_row", "silver_load_rows"]


def file_row(
    o: FileOutcome, run_id: str, data_sets: Mapping[str, DataSet], everything: str, now: datetime
) -> dict[str, Any]:
    """One row of `ops.files`: what became of a landing file."""
    one = o.data_set in data_sets and len([d for d in data_sets.values() if d.match_name(o.landing.base_name)]) == 1
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
            counts = _row_for_row(f, published) if target not in outcome.closed else None
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


def _row_for_row(f: FileCounts, published: Published) -> dict[str, int | None]:
    """Every accepted row of a file was inserted, updated or there already."""
    appended = not published.by_file and not published.updated_n and published.inserted_n
    inserted, updated = published.by_file.get((f.file, f.load_id), (f.accepted_n if appended else 0, 0))
    unchanged = f.accepted_n - inserted - updated
    return {"inserted_n": inserted, "updated_n": updated, "unchanged_n": unchanged, "closed_n": None}


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
