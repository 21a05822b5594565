"""Rows and cells that did not fit, with their raw text: `ops.quarantine`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from nh_lakehouse.contracts import load_tables
from nh_lakehouse.contracts.model import DataSet
from nh_lakehouse.lakehouse.duckdb_session import connect
from nh_lakehouse.lakehouse.duckdb_sql import parquet_rows
from nh_lakehouse.lakehouse.reading import data_files
from nh_lakehouse.lakehouse.schema import arrow_schema
from nh_lakehouse.lakehouse.store import Store, staged_rows
from nh_lakehouse.pipeline.made_rows import publish_rows
from nh_lakehouse.pipeline.touched import distinct_keys
from nh_lakehouse.silver.conform import CELL_REASONS, FLAGS, REASONS
from nh_lakehouse.silver.resolve import ACCEPTED, DISPOSITION, QUARANTINED, unit_key

if TYPE_CHECKING:
    from nh_lakehouse.pipeline.silver_load import SilverOutcome

__all__ = ["MASK", "quarantined_rows", "record_quarantine"]

MASK = "***"


def quarantined_rows(
    store: Store,
    data_set: DataSet,
    version: int,
    stage: Path,
    judged: Path | None,
    contested: Path | None,
    now: datetime,
) -> pa.Table:
    """The quarantine of a scope, joined to the raw text in bronze.

    Args:
        store: where bronze is.
        data_set: the contract; columns marked sensitive are masked.
        version: bronze version that was read.
        stage: conformed rows.
        judged: verdicts of the contested units, if any.
        contested: those units.
        now: time of the run.
    Returns:
        Rows of `ops.quarantine` without run id: one per row that left silver and one per row that lost a cell.
    """
    schema = arrow_schema(load_tables()["ops.quarantine"].columns)
    with connect() as connection:
        connection.execute(f"CREATE TEMP TABLE bad AS {_bad_rows(data_set, stage, judged, contested)}")
        count = connection.execute("SELECT count(*) FROM bad").fetchall()[0][0]
        if not count:
            return schema.empty_table()
        bronze = store.lake.snapshot(f"bronze.{data_set.name}", version)
        names = [f.name for f in bronze.schema().fields if not f.name.startswith("_")]
        # DuckDB's own reader opens the wanted rows alone; an Arrow dataset would decode every column of every row.
        source = parquet_rows(data_files(bronze))
        rows = connection.sql(
            f"""SELECT bad.reasons, bad.severity, bronze.* FROM {source} AS bronze JOIN bad
                ON bronze._source_sha256 = bad._source_sha256 AND bronze._source_row = bad._source_row
                AND bronze._source_file = bad._source_file
                ORDER BY bronze._source_file, bronze._source_row, bad.severity DESC"""
        ).to_arrow_table()
    sensitive = {c.name for c in data_set.columns if c.sensitive}
    if sensitive:
        # What a column holds that the contract does not know is not known either.
        sensitive |= set(names) - set(data_set.column_by_name)
    records = [_record(row, data_set.name, names, sensitive, now) for row in rows.to_pylist()]
    return pa.Table.from_pylist(records, schema=schema)


def _bad_rows(data_set: DataSet, stage: Path, judged: Path | None, contested: Path | None) -> str:
    cells = " OR ".join(f"f LIKE '{reason}:%'" for reason in CELL_REASONS)
    columns = "_source_sha256, _source_file, _source_row"
    # Values of a malformed record may stand in the wrong columns: what is wrong with them says nothing.
    lost = f"CASE WHEN _corrupt_record IS NULL THEN list_filter({FLAGS}, lambda f: {cells}) ELSE [] END"
    out = f"len({REASONS}) > 0 AS out"
    alone = f"SELECT {columns}, {REASONS} AS reasons, {lost} AS lost, {out} FROM {staged_rows(stage)} AS s"
    if judged is not None and contested is not None:
        same = " AND ".join(f's."{c}" IS NOT DISTINCT FROM u."{c}"' for c in unit_key(data_set)) or "true"
        alone += f" WHERE NOT EXISTS (SELECT 1 FROM {staged_rows(contested)} AS u WHERE {same})"
        alone += (
            f" UNION ALL SELECT {columns}, {REASONS}, {lost}, {DISPOSITION} = '{QUARANTINED}' "
            f"FROM {staged_rows(judged)} WHERE {DISPOSITION} IN ('{ACCEPTED}', '{QUARANTINED}')"
        )
    # What made the key unusable is told once.
    others = "list_filter(lost, lambda f: NOT list_contains(reasons, 'bad_key_format:' || split_part(f, ':', 2)))"
    return f"""SELECT {columns}, CASE WHEN out THEN list_concat(reasons, {others}) ELSE lost END AS reasons,
            CASE WHEN out THEN 'row' ELSE 'cell' END AS severity
        FROM ({alone}) WHERE out OR len(lost) > 0"""


def _record(
    row: dict[str, object], data_set: str, names: list[str], sensitive: set[str], now: datetime
) -> dict[str, object]:
    reasons = [str(r) for r in row["reasons"]]  # type: ignore[attr-defined]
    concerned = [r.split(":", 1)[1] for r in reasons if ":" in r]
    shown = names if row["severity"] == "row" else [n for n in names if n in concerned]
    # In a malformed record a name may stand where a state should.
    hidden = set(names) if sensitive and row["_corrupt_record"] is not None else sensitive
    payload = [(n, MASK if n in hidden else str(row[n])) for n in shown if row.get(n) is not None]
    return {
        "data_set": data_set,
        "file": row["_source_file"],
        "source_sha256": row["_source_sha256"],
        "source_row": row["_source_row"],
        "line": row["_source_line"],
        "period": row["_period"],
        "severity": row["severity"],
        "reasons": reasons,
        "payload": payload,
        "raw_record": None if sensitive else row["_corrupt_record"],
        "run_id": None,
        "load_id": row["_load_id"],
        "recorded_at": now,
    }


def record_quarantine(outcomes: Mapping[str, SilverOutcome], store: Store, run_id: str) -> None:
    """Replace the quarantine of what was looked at: whole data sets, periods of them, or single rows."""
    seen = {name: o for name, o in outcomes.items() if o.quarantine is not None}
    whole = {name: o for name, o in seen.items() if o.rows is None}
    listed = {name: o for name, o in seen.items() if o.rows is not None}
    if whole:
        _replace(whole, store, run_id, " OR ".join(_scope(n, o) for n, o in whole.items()), None)
    if listed:
        names = ["data_set", "source_sha256", "file", "source_row"]
        keys = distinct_keys(store, [o.rows for o in listed.values() if o.rows], names, "quarantine_seen")
        _replace(listed, store, run_id, None, (keys, names))


def _replace(
    outcomes: Mapping[str, SilverOutcome],
    store: Store,
    run_id: str,
    scope: str | None,
    scope_keys: tuple[Path, Sequence[str]] | None,
) -> None:
    wanted = pa.concat_tables([o.quarantine for o in outcomes.values()])
    if not len(wanted) and not store.lake.exists("ops.quarantine"):
        return
    at = wanted.schema.get_field_index("run_id")
    told = wanted.set_column(at, wanted.schema.field(at), pa.array([run_id] * len(wanted), pa.string()))
    publish_rows(
        store,
        "ops.quarantine",
        told,
        key=["data_set", "file", "source_sha256", "period", "source_row", "severity"],
        scope=scope,
        scope_keys=scope_keys,
        unhashed=("run_id", "load_id", "recorded_at"),
    )


def _scope(data_set: str, outcome: SilverOutcome) -> str:
    if outcome.periods is None:
        return f"(data_set = '{data_set}')"
    return f"(data_set = '{data_set}' AND period IN ({', '.join(repr(p) for p in outcome.periods) or 'NULL'}))"
