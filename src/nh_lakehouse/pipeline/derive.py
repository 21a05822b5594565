"""Gold and ops tables: computed by their functions, kept current with what changed.

Nothing changed in inputs and function: skipped. With `per`, only the keys are computed whose input rows changed, as
told by the data files that came and went in the Delta logs; everything else is a full computation, published as a
difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from nh_lakehouse.contracts import load_tables
from nh_lakehouse.contracts.model import DerivedColumn
from nh_lakehouse.declare import Reach, TableSpec
from nh_lakehouse.lakehouse.changes import FileChanges, changed_files, changed_keys, changed_periods
from nh_lakehouse.lakehouse.duckdb_session import connect
from nh_lakehouse.lakehouse.duckdb_sql import sql_name, sql_value
from nh_lakehouse.lakehouse.reading import rows_of_files, select_rows
from nh_lakehouse.lakehouse.state import TableRecord
from nh_lakehouse.lakehouse.store import Published, Store, semi_join
from nh_lakehouse.pipeline.check_frame import check_columns
from nh_lakehouse.silver.row_hash import ROW_HASH, row_hash

if TYPE_CHECKING:
    import duckdb
    from deltalake import DeltaTable
    from pyspark.sql import DataFrame

__all__ = ["GOLD_AUDIT", "Derived", "derive", "is_current"]

GOLD_AUDIT = (DerivedColumn(name=ROW_HASH, type="bigint", description="Hash of the business columns"),)
#: With no more values than this, a `per` column is written into filters as literals, which prunes files.
_MAX_LITERALS = 50
#: Values of a column, text or days.
_Values = Sequence[str] | Sequence[date]


@dataclass(frozen=True)
class Derived:
    """What happened to a derived table."""

    mode: str
    published: Published
    input_versions: Mapping[str, int]


@dataclass(frozen=True)
class _Affected:
    """Keys to compute anew, as Parquet: those of the output, and those of the input that the output needs.

    Attributes:
        output: keys of the output.
        needed: keys of the input.
        count: how many of the output.
        few: columns of text or days with few values -> those of the output.
        few_needed: the same, of the input.
        bounds: columns of text or days -> the least and the greatest value of the input.
    """

    output: Path
    needed: Path
    count: int
    few: Mapping[str, _Values] = field(default_factory=dict)
    few_needed: Mapping[str, _Values] = field(default_factory=dict)
    bounds: Mapping[str, tuple[str | date, str | date]] = field(default_factory=dict)


def is_current(record: TableRecord | None, fingerprint: str, inputs: Mapping[str, int], version: int) -> bool:
    """Whether a table's last write used the present inputs and the present function."""
    return (
        record is not None
        and record.fingerprint == fingerprint
        and dict(record.input_versions) == dict(inputs)
        and record.version_after == version
    )


def derive(
    spec: TableSpec,
    inputs: Mapping[str, str],
    store: Store,
    *,
    record: TableRecord | None,
    fingerprint: str,
    full: bool = False,
) -> Derived | None:
    """Bring one derived table up to date.

    Args:
        spec: the table function.
        inputs: parameter name -> full name of the table it reads.
        store: where to read and write.
        record: its last write, if any.
        fingerprint: its present fingerprint.
        full: compute everything, whatever changed.
    Returns:
        What was done, or None where a required input has never been loaded.
    Raises:
        LoadError: the function's result differs from its declaration, or the commit from what was asked for.
    """
    declaration = load_tables()[spec.name]
    versions = {full_name: store.lake.version(full_name) for full_name in inputs.values()}
    required = [n for p, n in inputs.items() if p not in spec.optional]
    if any(versions[n] < 0 for n in required) or all(v < 0 for v in versions.values()):
        return None
    version = store.lake.version(spec.name)
    if not full and is_current(record, fingerprint, versions, version):
        return Derived("skipped", Published(version, version), versions)
    store.ensure(
        spec.name,
        [*declaration.columns, *GOLD_AUDIT],
        indexed=list(dict.fromkeys([*spec.key, *spec.per, *spec.order])),
        comment=declaration.title,
    )
    affected = None
    if (
        spec.per
        and not full
        and record is not None
        and record.fingerprint == fingerprint
        and record.version_after == version
    ):
        affected = _affected(spec, inputs, store, record, versions)
    if affected is not None and not affected.count:
        return Derived("skipped", Published(version, version), versions)
    store = store.for_rows(lambda: sum(store.lake.rows_n(n, v) for n, v in versions.items() if v >= 0))
    frames = {p: _input(p, n, versions[n], store, spec, affected) for p, n in inputs.items()}
    result = spec.function(**frames, **spec.thresholds)
    check_columns(spec.name, result, declaration.columns)
    frame = result.select(*declaration.column_names, row_hash(declaration.columns).alias(ROW_HASH))
    if affected is None:
        return Derived("full", store.publish(spec.name, frame, key=spec.key, order=spec.order), versions)
    published = store.publish(
        spec.name,
        _rows_of(frame, affected.output, affected.few, spec, store),
        key=spec.key,
        scope=_literal_filter(affected.few),
        scope_keys=None if _are_told(affected.few, spec) else (affected.output, spec.per),
        order=spec.order,
    )
    return Derived("incremental", published, versions)


def _input(
    parameter: str, name: str, version: int, store: Store, spec: TableSpec, affected: _Affected | None
) -> DataFrame:
    declaration = load_tables()[name]
    frame = store.empty(declaration.columns) if version < 0 else store.read(name, version)
    if reach := spec.reach.get(parameter):
        # Nothing else of it: what is not compared between versions can then decide nothing. Behind an alias, as Spark
        # looks for a column that a filter names and a frame lacks in what the frame was selected from.
        return (frame.where(reach.where) if reach.where else frame).select(*reach.all_columns).alias(parameter)
    if version < 0 or affected is None or not set(spec.per) <= set(declaration.column_names):
        return frame
    if not _are_told(affected.few_needed, spec):
        from pyspark.sql import functions as F

        for column, (low, high) in affected.bounds.items():
            # By these an engine leaves files unread, which a join does not tell it.
            frame = frame.where(F.col(column).between(low, high))
    return _rows_of(frame, affected.needed, affected.few_needed, spec, store)


def _rows_of(frame: DataFrame, keys: Path, few: Mapping[str, _Values], spec: TableSpec, store: Store) -> DataFrame:
    """Rows of a frame with one of the keys; where these are few values of one column, without a join."""
    from pyspark.sql import functions as F

    if _are_told(few, spec):
        return frame.where(F.col(spec.per[0]).isin(*few[spec.per[0]]))
    return semi_join(frame, store.engine.read_parquet([keys]), spec.per)


def _are_told(few: Mapping[str, _Values], spec: TableSpec) -> bool:
    """Whether the few values of one column say all of the keys."""
    return len(spec.per) == 1 and spec.per[0] in few


# --- what changed --------------------------------------------------------------------------------------------------


def _affected(
    spec: TableSpec, inputs: Mapping[str, str], store: Store, record: TableRecord, versions: Mapping[str, int]
) -> _Affected | None:
    """Keys whose output may differ, or None where only a full computation is safe."""
    if set(record.input_versions) != set(versions):
        return None
    changes: list[tuple[str, FileChanges]] = []
    for parameter, name in inputs.items():
        before, version = record.input_versions[name], versions[name]
        if before == version:
            continue
        tells = parameter in spec.reach or set(spec.per) <= set(load_tables()[name].column_names)
        if not tells or before < 0:
            return None
        files = changed_files(store.lake, name, before, version)
        if files is None:
            return None
        if files.added or files.removed:
            changes.append((parameter, files))
    target = store.scratch(f"{spec.name}_keys")
    target.mkdir(parents=True)
    with connect() as connection:
        if any(parameter in spec.reach for parameter, _ in changes):
            if not (periods := _periods(spec, inputs, store, versions)):
                return None
            connection.execute(f"CREATE TEMP TABLE periods AS {periods}")
        for number, (parameter, files) in enumerate(changes):
            if reach := spec.reach.get(parameter):
                table = store.lake.snapshot(inputs[parameter], versions[inputs[parameter]])
                _reached_periods(connection, table, files, reach, spec.per[0], f"changed_{number}")
            else:
                changed_keys(connection, files, spec.per, f"changed_{number}")
        union = " UNION ".join(f"SELECT * FROM changed_{i}" for i in range(len(changes)))
        names = ", ".join(f'"{c}"' for c in spec.per)
        if not changes:
            return _Affected(target, target, 0)
        connection.execute(f"CREATE TEMP TABLE seeds AS SELECT DISTINCT {names} FROM ({union})")
        connection.execute(f"CREATE TEMP TABLE affected AS {_shifted('seeds', spec, forward=True)}")
        connection.execute(f"CREATE TEMP TABLE needed AS {_shifted('affected', spec, forward=False)}")
        output, needed = target / "output.parquet", target / "needed.parquet"
        connection.execute(f"COPY affected TO '{output}' (FORMAT parquet)")
        connection.execute(f"COPY needed TO '{needed}' (FORMAT parquet)")
        count = connection.execute("SELECT count(*) FROM affected").fetchall()[0][0]
        few, few_needed = (
            {c: v for c in spec.per if (v := _few_values(connection, relation, c)) is not None}
            for relation in ("affected", "needed")
        )
        bounds = {c: found for c in spec.per if (found := _bounds(connection, "needed", c)) is not None}
    return _Affected(output, needed, count, few, few_needed, bounds)


def _reached_periods(
    connection: duckdb.DuckDBPyConnection,
    table: DeltaTable,
    files: FileChanges,
    reach: Reach,
    period: str,
    relation: str,
) -> None:
    """Create a table of the periods that a change of an input reaches, by what a function reads of it."""
    counts = f"({reach.where})" if reach.where else "true"
    came, went = (
        f"SELECT * FROM ({rows_of_files(table, [str(f) for f in side])}) WHERE {counts}" if side else None
        for side in (files.added, files.removed)
    )
    # A version that was closed says of the periods before the same as it did open: when one held is no content.
    when = (reach.since, reach.until) if reach.until else ()
    changed_periods(
        connection,
        came,
        went,
        relation,
        since=reach.since,
        until=reach.until,
        content=[c for c in reach.all_columns if c not in when],
        period=period,
    )


def _periods(spec: TableSpec, inputs: Mapping[str, str], store: Store, versions: Mapping[str, int]) -> str:
    """DuckDB SELECT of the periods that the output has: those of the inputs that are looked at period by period."""
    period = spec.per[0]
    names = [n for p, n in inputs.items() if p not in spec.reach and period in load_tables()[n].column_names]
    parts = [select_rows(store.lake.snapshot(n, versions[n]), [period]) for n in names if versions[n] >= 0]
    return " UNION ".join(f"SELECT {sql_name(period)} FROM ({part})" for part in parts)


def _shifted(relation: str, spec: TableSpec, *, forward: bool) -> str:
    """Keys of a relation and, for columns with a lookback, the periods after (or before) them."""
    names = ", ".join(f'"{c}"' for c in spec.per)
    query = f"SELECT {names} FROM {relation}"
    types = {c.name: c.type for c in load_tables()[spec.name].columns}
    for column, periods_n in spec.lookback.items():
        sign = "+" if forward else "-"
        if types[column] == "date":
            shifted = f'CAST("{column}" {sign} to_months(CAST(step AS INT)) AS DATE)'
        else:
            number = f"""(CAST(left("{column}", 4) AS INT) * 4 + CAST(right("{column}", 1) AS INT) - 1 {sign} step)"""
            shifted = f"concat(CAST({number} // 4 AS VARCHAR), 'Q', CAST({number} % 4 + 1 AS VARCHAR))"
        columns = ", ".join(f'{shifted} AS "{c}"' if c == column else f'"{c}"' for c in spec.per)
        query = f"SELECT DISTINCT {columns} FROM ({query}), range({periods_n + 1}) AS steps(step)"
    return query


def _few_values(connection: duckdb.DuckDBPyConnection, relation: str, column: str) -> _Values | None:
    """Values of a column of text or days, sorted; None where there are many, or one is null."""
    rows = connection.execute(f'SELECT DISTINCT "{column}" FROM {relation} LIMIT {_MAX_LITERALS + 1}').fetchall()
    values = [r[0] for r in rows]
    if len(values) > _MAX_LITERALS or {type(v) for v in values} not in ({str}, {date}):
        return None
    return sorted(values)


def _bounds(connection: duckdb.DuckDBPyConnection, relation: str, column: str) -> tuple[str | date, str | date] | None:
    rows = connection.execute(
        f'SELECT count(*) - count("{column}"), min("{column}"), max("{column}") FROM {relation}'
    ).fetchall()
    nulls, low, high = rows[0]
    return (low, high) if not nulls and isinstance(low, (str, date)) else None


def _literal_filter(few: Mapping[str, _Values]) -> str | None:
    """DuckDB predicate: each column has one of its values."""
    parts = [f"{sql_name(c)} IN ({', '.join(map(_literal, values))})" for c, values in few.items() if values]
    return " AND ".join(parts) or None


def _literal(value: str | date) -> str:
    return sql_value(value) if isinstance(value, str) else f"DATE '{value.isoformat()}'"
