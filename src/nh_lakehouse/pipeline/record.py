"""Rows of the operations tables, made from what the phases did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from nh_lakehouse.bronze.load import FileOutcome
from nh_lakehouse.contracts.model import DataSet
from nh_lakehouse.pipeline.silver_load import SilverOutcome

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
        "rows_read_n": o.rows_n if o.sha256 else None,
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
        row_for_row = target not in outcome.closed
        appended = not published.by_file and not published.updated_n and published.inserted_n
        for number, f in enumerate(outcome.files):
            inserted, updated = published.by_file.get(f.file, (f.accepted_n if appended else 0, 0))
            if not row_for_row:
                inserted, updated = published.by_file.get(f.file, (0, 0))
            rows.append(
                _load_row(
                    run_id,
                    f"{run_id}-{outcome.data_set}",
                    outcome.data_set,
                    target,
                    now,
                    **{k: v for k, v in asdict(f).items() if k not in ("sha256",)},
                    source_sha256=f.sha256,
                    inserted_n=inserted
                    if row_for_row or published.by_file
                    else (published.inserted_n if number == 0 else 0),
                    updated_n=updated,
                    unchanged_n=f.accepted_n - inserted - updated if row_for_row else None,
                    closed_n=None if row_for_row else (outcome.closed[target] if number == 0 else 0),
                    deleted_n=published.deleted_n if number == 0 else 0,
                    version_before=published.version_before,
                    version_after=published.version_after,
                )
            )
    return rows
