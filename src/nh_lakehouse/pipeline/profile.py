"""`ops.column_profile` and `ops.correlation`: which tables and columns they cover, and writing what has changed.

DuckDB and NumPy compute, no engine does. The engine is opened where a row differs from the ones that stand in the two
tables, to write the difference in one commit each; the others keep the run that wrote them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import pyarrow as pa

from nh_lakehouse.contracts import DataSet, load_contracts, load_tables
from nh_lakehouse.engines import Engine
from nh_lakehouse.errors import ConfigError
from nh_lakehouse.lakehouse import Lakehouse
from nh_lakehouse.lakehouse.lock import RunLock
from nh_lakehouse.lakehouse.maintain import maintenance_id
from nh_lakehouse.lakehouse.periods import PERIOD_COLUMNS
from nh_lakehouse.lakehouse.profile import ProfiledTable, correlate, profile_table
from nh_lakehouse.lakehouse.schema import arrow_schema
from nh_lakehouse.lakehouse.store import Store
from nh_lakehouse.pipeline.graph import Graph
from nh_lakehouse.pipeline.made_rows import publish_rows

__all__ = ["CORRELATION", "METRICS", "PROFILE", "Profile", "make_profile", "profiled_table", "sensitive_columns"]

PROFILE, CORRELATION = "ops.column_profile", "ops.correlation"
#: The table whose measures are correlated.
METRICS = "gold.nh_facility_metrics"
#: Its numbers that measure nothing of a home.
_NO_MEASURES = ("fiscal_year", "lat", "lon")
_LAYERS = ("silver", "gold")
_KEYS = {PROFILE: ("table", "column", "snapshot"), CORRELATION: ("snapshot_month", "measure_x", "measure_y")}
#: Who wrote a row and when, which makes it no other row.
_WRITTEN = ("run_id", "recorded_at")


@dataclass(frozen=True)
class Profile:
    """What was found.

    Attributes:
        columns: rows of `ops.column_profile`, table by table in the order asked for.
        correlations: rows of `ops.correlation`; empty where the facility metrics were not looked at.
        written: tables that got a commit.
    """

    columns: list[dict[str, Any]]
    correlations: list[dict[str, Any]] = field(default_factory=list)
    written: tuple[str, ...] = ()


def make_profile(
    lake: Lakehouse,
    graph: Graph,
    open_engine: Callable[[], Engine],
    *,
    tables: Sequence[str] = (),
    wait_s: float = 0.0,
    on_wait: Callable[[str], None] | None = None,
    after_commit: Callable[[str], None] | None = None,
) -> Profile:
    """Profile tables and replace their rows in the two operations tables.

    Args:
        lake: an existing lakehouse.
        graph: the tables, for their keys and origins.
        open_engine: gives the engine; called only where something has changed.
        tables: full names of existing tables; all silver and gold tables if empty.
        wait_s: how long to wait for a run that writes the lakehouse.
        on_wait: told when waiting begins.
        after_commit: called with the table name after every commit (tests).
    Raises:
        ConfigError: there is no silver and no gold table.
        ConflictError: a run writes the lakehouse.
    """
    run_id = maintenance_id()
    with RunLock(lake.root, run_id, wait_s=wait_s, on_wait=on_wait):
        chosen = list(tables) or [t for t in lake.tables() if t.split(".")[0] in _LAYERS]
        if not chosen:
            raise ConfigError(
                f"{lake.root} has no silver and no gold table to profile: nh-lakehouse run makes them, or name tables"
            )
        columns = [row for t in chosen for row in profile_table(lake, profiled_table(lake, t, graph))]
        scope = f'"table" IN ({", ".join(repr(t) for t in chosen)})'
        if not tables:
            scope = " OR ".join(f"\"table\" LIKE '{layer}.%'" for layer in _LAYERS)
        wanted = {PROFILE: (columns, scope)}
        correlations: list[dict[str, Any]] = []
        if METRICS in chosen:
            key = graph.specs[METRICS].key
            correlations = correlate(lake, METRICS, key=key, period="snapshot_month", left_out=_NO_MEASURES)
            wanted[CORRELATION] = (correlations, "1 = 1")
        changed = {n: w for n, w in wanted.items() if not _stands(lake, n, *w)}
        written = _write(lake, changed, run_id, open_engine, after_commit) if changed else ()
    return Profile(columns, correlations, written)


def profiled_table(lake: Lakehouse, name: str, graph: Graph) -> ProfiledTable:
    """A table with its period's column, and with the columns whose values are not shown.

    In bronze a column that the data set does not know is masked too, where the data set has sensitive ones; in `ops`
    also the key, which may hold such a value.
    """
    sources = _sources(name, graph)
    masked = set(sensitive_columns(name, graph))
    if name.startswith("bronze."):
        if masked:
            known = {c.name for s in sources for c in s.columns}
            masked |= {f.name for f in lake.snapshot(name).schema().fields} - known
        return ProfiledTable(name, "_period", masked)
    if name.startswith("ops.") and masked:
        masked.add("key")
    key = graph.specs[name].key if name in graph.specs else ()
    return ProfiledTable(name, next((c for c in PERIOD_COLUMNS if c in key), None), masked)


def sensitive_columns(name: str, graph: Graph) -> frozenset[str]:
    """Columns of a table that hold what is sensitive.

    A data set that the table is made from marks a column of that name, or the table's declaration does.
    """
    marked = {c.name for s in _sources(name, graph) for c in s.columns if c.sensitive}
    declared = load_tables().get(name)
    return frozenset(marked | {c.name for c in (declared.columns if declared else ()) if c.sensitive})


def _sources(name: str, graph: Graph) -> list[DataSet]:
    """Data sets that a table is made from."""
    bronze = [t.split(".")[1] for t in graph.ancestors([name]) if t.startswith("bronze.")]
    return [load_contracts()[b] for b in bronze if b in load_contracts()]


# --- writing ---------------------------------------------------------------------------------------------------------


def _stands(lake: Lakehouse, name: str, rows: Sequence[Mapping[str, Any]], scope: str) -> bool:
    """Whether the rows stand in the table already, and no others within the scope."""
    if not lake.exists(name):
        return False
    names = [c.name for c in load_tables()[name].columns if c.name not in _WRITTEN]
    listed = ", ".join(f'"{n}"' for n in names)
    with lake.duckdb([name]) as connection:
        found = connection.sql(f"SELECT {listed} FROM {name} WHERE {scope}").to_arrow_table()
    return _sorted(found.to_pylist(), name) == _sorted([{n: r.get(n) for n in names} for r in rows], name)


def _sorted(rows: Sequence[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: [str(row[k] or "") for k in _KEYS[name]])


def _write(
    lake: Lakehouse,
    wanted: Mapping[str, tuple[list[dict[str, Any]], str]],
    run_id: str,
    open_engine: Callable[[], Engine],
    after_commit: Callable[[str], None] | None,
) -> tuple[str, ...]:
    staging = lake.root / "_staging" / run_id
    store = Store(lake, open_engine(), staging, after_commit)
    now = datetime.now(timezone.utc)
    written = []
    try:
        for name, (rows, scope) in wanted.items():
            before = lake.version(name)
            told = [{**r, "run_id": run_id, "recorded_at": now} for r in rows]
            table = pa.Table.from_pylist(told, schema=arrow_schema(load_tables()[name].columns))
            publish_rows(store, name, table, key=_KEYS[name], scope=scope, unhashed=_WRITTEN)
            if lake.version(name) != before:
                written.append(name)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return tuple(written)
