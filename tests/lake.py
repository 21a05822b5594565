"""A small lakehouse written without an engine, for tests of what reads one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from nh_lakehouse.contracts import load_tables
from nh_lakehouse.lakehouse.schema import arrow_schema

MONTH = date(2024, 10, 1)
NOW = datetime(2024, 11, 1, 8, 30, tzinfo=timezone.utc)


def add_rows(root: Path, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append rows to a table of its declared columns; what a row leaves out is null."""
    schema = arrow_schema(load_tables()[table].columns)
    data = pa.Table.from_pylist([{n: row.get(n) for n in schema.names} for row in rows], schema=schema)
    write_deltalake(root / table.replace(".", "/"), data, mode="append")


def state_rows() -> list[dict[str, Any]]:
    """Six states; risk_rank 1 is the worst."""
    found = []
    for rank, (state, score) in enumerate(
        [("TX", 0.91), ("LA", 0.8), ("OH", 0.5), ("NY", 0.3), ("VT", 0.2), ("DE", 0.1)], 1
    ):
        row = {
            "state": state, "snapshot_month": MONTH, "facility_n": 1000 * rank, "matched_n": 10 * rank,
            "total_hprd_mean": 3.0 + rank / 8, "rsrr_mean": 0.2, "risk_score": score, "risk_tier": "HIGH",
            "risk_rank": rank, "best_rank": 7 - rank, "fines_usd": Decimal("1234567.80"), "fines_musd": 1.2345678,
        }  # fmt: skip
        found.append(row)
    return found


def file_row(file: str, status: str, error: str | None = None) -> dict[str, Any]:
    """A row of ops.files."""
    return {
        "run_id": "20241101T083000-aaaa", "file": file, "status": status, "size_bytes": 10, "modified_at": NOW,
        "error": error, "contract_fingerprint": "f", "recorded_at": NOW,
    }  # fmt: skip


def small_lake(root: Path) -> Path:
    """A lakehouse with a few gold, silver and ops tables."""
    add_rows(root, "gold.nh_state_risk", state_rows())
    homes = [
        {"ccn": f"01500{n}", "snapshot_month": MONTH, "name": f"HOME {n}", "state": "AL", "risk_rank": n,
         "total_hprd": 3.25, "rsrr": 0.2, "penalty_pct": 1.5, "fines_usd": Decimal("1000.50"), "risk_score": 0.9}
        for n in range(1, 13)
    ]  # fmt: skip
    add_rows(root, "gold.nh_facility_risk", homes)
    metrics = [
        {"snapshot_month": MONTH, "metric": "facility_n", "value": 14814.0, "unit": "count", "metric_no": 1},
        {"snapshot_month": MONTH, "metric": "bed_utilization_mean", "value": 0.7712, "unit": "fraction",
         "benchmark": "0.85-0.90", "metric_no": 2},
        {"snapshot_month": MONTH, "metric": "fines_usd", "value": 1234567.89, "unit": "usd", "metric_no": 3},
    ]  # fmt: skip
    add_rows(root, "gold.nh_executive_summary", metrics)
    add_rows(root, "silver.nh_facility_month", [
        {"ccn": "015001", "snapshot_month": MONTH, "dq_flags": ["bad_number:rn_hprd", "ccn_padded"]},
        {"ccn": "015002", "snapshot_month": MONTH, "dq_flags": ["ccn_padded"]},
    ])  # fmt: skip
    add_rows(root, "ops.files", [
        file_row("a.csv", "loaded"),
        file_row("sub/bad.csv", "rejected", "sub/bad.csv is empty: expected a header line and rows"),
    ])  # fmt: skip
    counts = {
        "rows_read_n": 10,
        "accepted_n": 7,
        "duplicate_n": 1,
        "superseded_n": 0,
        "quarantined_n": 2,
        "warned_n": 1,
    }
    older = {**counts, "accepted_n": 8, "quarantined_n": 1}
    load = {"data_set": "nh_provider_info", "file": "a.csv", "source_sha256": "s", "target": "silver.nh_facility_month"}
    add_rows(root, "ops.loads", [
        {**load, **older, "recorded_at": NOW.replace(hour=7)}, {**load, **counts, "recorded_at": NOW}
    ])  # fmt: skip
    bad = {"data_set": "nh_provider_info", "file": "a.csv"}
    add_rows(root, "ops.quarantine", [
        {**bad, "line": 5, "severity": "row", "reasons": ["short_row"]},
        {**bad, "line": 9, "severity": "cell", "reasons": ["bad_number:rn_hprd"]},
    ])  # fmt: skip
    add_rows(root, "ops.drift", [
        {"data_set": "nh_provider_info", "file": "a.csv", "kind": "new_column", "column": "x"},
        {"data_set": "nh_provider_info", "file": "a.csv", "kind": "new_column", "column": "y"},
    ])  # fmt: skip
    return root
