"""Bronze to silver, one data set at a time.

What is new is read from the log of the bronze table: the data files that came and went since the version that silver
last used name the periods to look at again. Of these periods silver is computed anew from all their bronze rows, so
that the order and the split of the deliveries cannot matter, and published as a difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from nh_lakehouse.contracts import load_tables
from nh_lakehouse.contracts.model import DataSet, DerivedColumn, TableDeclaration, month_start
from nh_lakehouse.declare import TableSpec
from nh_lakehouse.errors import LoadError, RowAccountingError
from nh_lakehouse.lakehouse.changes import changed_files, distinct_values
from nh_lakehouse.lakehouse.duckdb_sql import sql_name, sql_value
from nh_lakehouse.lakehouse.reading import select_rows
from nh_lakehouse.lakehouse.store import Published, Store, staged_rows
from nh_lakehouse.pipeline.check_frame import check_columns
from nh_lakehouse.pipeline.quarantine import quarantined_rows
from nh_lakehouse.silver.conform import FLAGS, REASONS, conform
from nh_lakehouse.silver.history import PRESENT_ONLY, versions
from nh_lakehouse.silver.resolve import ACCEPTED, DISPOSITION, QUARANTINED, resolve, uncontested, unit_key
from nh_lakehouse.silver.row_hash import HASH_COLUMN, ROW_HASH, row_hash

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["SILVER_AUDIT", "FileCounts", "SilverOutcome", "load_silver"]

#: Audit columns of every silver table, behind the declared ones.
SILVER_AUDIT = (
    DerivedColumn(name="_source_file", type="string", description="Landing file of the row"),
    DerivedColumn(name="_source_row", type="int", description="Number of the data record in that file"),
    DerivedColumn(name="_load_id", type="string", description="Load that brought the row to bronze"),
    DerivedColumn(name="_loaded_at", type="timestamp", description="When the row came to bronze, UTC"),
    HASH_COLUMN,
)
#: What tells two files apart, also two releases under one name.
PROVENANCE = ("_source_file", "_load_id")


@dataclass(frozen=True)
class FileCounts:
    """Row accounting of one source file in one load."""

    file: str
    load_id: str
    sha256: str
    period: str
    rows_read_n: int
    accepted_n: int
    duplicate_n: int
    superseded_n: int
    quarantined_n: int
    warned_n: int


@dataclass
class SilverOutcome:
    """What a data set's silver load did."""

    data_set: str
    bronze_version: int
    files: list[FileCounts] = field(default_factory=list)
    published: dict[str, Published] = field(default_factory=dict)
    closed: dict[str, int] = field(default_factory=dict)
    quarantine: pa.Table | None = None
    periods: list[str] | None = None


@dataclass(frozen=True)
class _Verdicts:
    """Staged rows of a scope and what was decided about them."""

    stage: Path
    contested: Path | None
    judged: Path | None


def load_silver(
    data_set: DataSet,
    specs: Sequence[TableSpec],
    store: Store,
    *,
    since: int | None,
    rows_read: Mapping[str, int],
    now: datetime,
) -> SilverOutcome:
    """Bring the silver tables of one data set up to its bronze table.

    Args:
        data_set: the contract.
        specs: its silver tables.
        store: where to read and write.
        since: bronze version that all of these tables have used; None for everything.
        rows_read: content hash -> rows read from the file, as counted when it was parsed.
        now: time of the run, for the quarantine.
    Raises:
        RowAccountingError: rows read are not accepted + duplicate + superseded + quarantined; nothing was written.
    """
    bronze = f"bronze.{data_set.name}"
    version = store.lake.version(bronze)
    changes = None if since is None else changed_files(store.lake, bronze, since, version)
    periods = None if changes is None else distinct_values([*changes.added, *changes.removed], "_period")
    # Where rows were taken back, what stands beside them may have another fate now: every file is told of.
    new_files = None
    if changes is not None and not changes.removed:
        new_files = set(distinct_values(changes.added, "_source_sha256"))
    outcome = SilverOutcome(data_set.name, version, periods=periods)
    rows = _bronze_rows(store, data_set, version, periods)
    verdicts = _judge(rows, data_set, store)
    outcome.files = [c for c in _count(verdicts, data_set) if new_files is None or c.sha256 in new_files]
    _check_accounts(outcome.files, rows_read)
    outcome.quarantine = quarantined_rows(
        store, data_set, version, verdicts.stage, verdicts.judged, verdicts.contested, now
    )
    judged = _judged(verdicts, data_set, store)
    accepted = judged.where(f"{DISPOSITION} = '{ACCEPTED}'")
    for spec in specs:
        declaration = load_tables()[spec.name]
        store.ensure(
            spec.name,
            [*declaration.columns, *SILVER_AUDIT],
            indexed=_indexed(spec, declaration, data_set),
            comment=declaration.title,
        )
        if spec.history == "scd2":
            whole = verdicts if periods is None else None
            published, closed = _publish_history(spec, declaration, data_set, store, version, whole)
            outcome.closed[spec.name] = closed
        else:
            published = _publish_rows(spec, declaration, data_set, store, accepted, periods)
        outcome.published[spec.name] = published
    return outcome


def _indexed(spec: TableSpec, declaration: TableDeclaration, data_set: DataSet) -> list[str]:
    """Columns by which a table is looked up, and so by which files of it can be left unread."""
    wanted = [*spec.key, data_set.period.silver_column, *[column for column, _ in spec.part]]
    return [c for c in dict.fromkeys(wanted) if c in declaration.column_names]


def _bronze_rows(store: Store, data_set: DataSet, version: int, periods: Sequence[str] | None) -> DataFrame:
    from pyspark.sql import functions as F

    rows = _with_all_columns(store.read(f"bronze.{data_set.name}", version), data_set)
    if periods is None or data_set.rhythm in ("R", "C"):
        return rows
    return rows.where(F.col("_period").isin(*periods))


def _with_all_columns(rows: DataFrame, data_set: DataSet) -> DataFrame:
    """Bronze with every column of the contract.

    A header that the contract did not know when its file came stands under a name of its own: where the contract was
    mended since, its values are those of the column. A column that no file had is unknown.
    """
    from pyspark.sql import functions as F

    present = set(rows.columns)
    values, absent = {}, [F.when(F.col("_absent_columns") != "", F.col("_absent_columns"))]
    filled = []
    for column in data_set.columns:
        sources = [F.col(n) for n in (column.name, *data_set.names_before(column.name)) if n in present]
        if column.name in present and len(sources) == 1:
            continue
        value = F.coalesce(*sources) if sources else F.lit(None).cast("string")
        values[column.name] = value
        if column.name in present:
            filled.append(F.when(value.isNotNull(), F.lit(column.name)))
        else:
            absent.append(F.when(value.isNull(), F.lit(column.name)))
    if not values:
        return rows
    listed = F.concat_ws(",", *absent)
    if filled:
        listed = F.concat_ws(",", F.array_except(F.split(listed, ","), F.array(*filled)))
    return rows.withColumns({**values, "_absent_columns": listed})


# --- verdicts ------------------------------------------------------------------------------------------------------


def _judge(rows: DataFrame, data_set: DataSet, store: Store, columns: Sequence[str] | None = None) -> _Verdicts:
    """Conform and stage the rows; only units that several rows or releases claim go through `resolve`."""
    stage = store.stage(conform(rows, data_set, columns=columns), f"{data_set.name}_stage")
    contested = _contested_units(stage, data_set, store)
    if contested is None:
        return _Verdicts(stage, None, None)
    staged = store.engine.read_parquet([stage])
    claimed = _match_units(staged, store.engine.read_parquet([contested]), data_set, how="left_semi")
    judged = store.stage(resolve(claimed, data_set), f"{data_set.name}_judged")
    return _Verdicts(stage, contested, judged)


def _match_units(rows: DataFrame, units: DataFrame, data_set: DataSet, *, how: str) -> DataFrame:
    from pyspark.sql import functions as F

    names = unit_key(data_set)
    if not names:
        return rows if how == "left_semi" else rows.where(F.lit(False))
    units = units.select(*[F.col(n).alias(f"_u_{n}") for n in names])
    condition = F.lit(True)
    for name in names:
        condition = condition & F.col(name).eqNullSafe(F.col(f"_u_{name}"))
    return rows.join(units, on=condition, how=how)


def _contested_units(stage: Path, data_set: DataSet, store: Store) -> Path | None:
    """Units with a key twice or in two releases, as Parquet; None if there are none, which is the usual case."""
    unit = ", ".join(f'"{c}"' for c in unit_key(data_set)) or "1 AS one"
    key = ", ".join(f'"{c}"' for c in dict.fromkeys([*unit_key(data_set), *data_set.key]))
    target = store.scratch(f"{data_set.name}_contested").with_suffix(".parquet")
    with duckdb.connect() as connection:
        usable = f"SELECT * FROM {staged_rows(stage)} WHERE len({REASONS}) = 0"
        select_unit = ", ".join(f'"{c}"' for c in unit_key(data_set)) or "one"
        connection.execute(
            f"""CREATE TABLE contested AS
                SELECT DISTINCT {select_unit}
                FROM (SELECT {unit}, {key} FROM ({usable}) GROUP BY ALL HAVING count(*) > 1)
                UNION
                SELECT {select_unit}
                FROM (SELECT {unit}, count(DISTINCT _source_sha256) AS n FROM ({usable}) GROUP BY ALL) WHERE n > 1"""
            if unit_key(data_set)
            else f"""CREATE TABLE contested AS SELECT 1 AS one FROM ({usable})
                HAVING count(DISTINCT _source_sha256) > 1 OR count(*) > count(DISTINCT ({key}))"""
        )
        if not connection.execute("SELECT count(*) FROM contested").fetchall()[0][0]:
            return None
        connection.execute(f"COPY contested TO '{target}' (FORMAT parquet)")
    return target


def _judged(verdicts: _Verdicts, data_set: DataSet, store: Store) -> DataFrame:
    """Every row of the scope with its verdict."""
    staged = store.engine.read_parquet([verdicts.stage])
    if verdicts.contested is None or verdicts.judged is None:
        return uncontested(staged, data_set)
    alone = _match_units(staged, store.engine.read_parquet([verdicts.contested]), data_set, how="left_anti")
    judged = store.engine.read_parquet([verdicts.judged])
    return uncontested(alone, data_set).unionByName(judged)


def _some_untold(verdicts: _Verdicts, group: str | None) -> bool:
    """Whether any row of the scope was quarantined, or does not state its group."""
    unplaced = f' OR "{group}" IS NULL' if group else ""
    parts = [f"SELECT 1 FROM {staged_rows(verdicts.stage)} WHERE len({REASONS}) > 0{unplaced}"]
    if verdicts.judged is not None:
        parts.append(f"SELECT 1 FROM {staged_rows(verdicts.judged)} WHERE {DISPOSITION} = '{QUARANTINED}'")
    with duckdb.connect() as connection:
        return bool(connection.execute(f"SELECT 1 FROM ({' UNION ALL '.join(parts)}) LIMIT 1").fetchall())


def _count(verdicts: _Verdicts, data_set: DataSet) -> list[FileCounts]:
    """Rows per file and disposition, counted by DuckDB over the staged files."""
    audit = f"_source_sha256, _source_file, _load_id, _period, len({FLAGS}) AS flags"
    verdict = f"CASE WHEN len({REASONS}) = 0 THEN '{ACCEPTED}' ELSE '{QUARANTINED}' END AS d"
    alone = f"SELECT {audit}, {verdict} FROM {staged_rows(verdicts.stage)} AS s"
    if verdicts.contested is not None and verdicts.judged is not None:
        units = unit_key(data_set)
        same = " AND ".join(f's."{c}" IS NOT DISTINCT FROM u."{c}"' for c in units) or "true"
        alone += f" WHERE NOT EXISTS (SELECT 1 FROM {staged_rows(verdicts.contested)} AS u WHERE {same})"
        judged = f"SELECT {audit}, {DISPOSITION} FROM {staged_rows(verdicts.judged)}"
        alone = f"{alone} UNION ALL {judged}"
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"""SELECT _source_file, _load_id, _source_sha256, string_agg(DISTINCT _period, ',' ORDER BY _period),
                    count(*),
                    count(*) FILTER (d = '{ACCEPTED}'), count(*) FILTER (d = 'duplicate'),
                    count(*) FILTER (d = 'superseded'), count(*) FILTER (d = '{QUARANTINED}'),
                    count(*) FILTER (d = '{ACCEPTED}' AND flags > 0)
                FROM ({alone}) GROUP BY _source_sha256, _source_file, _load_id ORDER BY 1, 2"""
        ).fetchall()
    return [FileCounts(*row) for row in rows]


def _check_accounts(counts: Sequence[FileCounts], rows_read: Mapping[str, int]) -> None:
    """Every row of every file has exactly one fate, and as many rows arrived as were parsed."""
    read: dict[str, int] = {}
    for file in counts:
        told = file.accepted_n + file.duplicate_n + file.superseded_n + file.quarantined_n
        if told != file.rows_read_n:
            raise RowAccountingError(
                f"{file.file}: {file.rows_read_n:,} rows, but {told:,} accounted for; nothing was written",
                file=file.file,
            )
        read[file.sha256] = read.get(file.sha256, 0) + file.rows_read_n
    for file in counts:
        parsed = rows_read.get(file.sha256)
        if parsed is not None and read[file.sha256] % parsed:
            raise RowAccountingError(
                f"{file.file}: {parsed:,} rows were read from the file and {read[file.sha256]:,} stand in bronze; "
                "nothing was written; run with --full-refresh after checking the file",
                file=file.file,
            )


# --- publishing ----------------------------------------------------------------------------------------------------


def _publish_rows(
    spec: TableSpec,
    declaration: TableDeclaration,
    data_set: DataSet,
    store: Store,
    accepted: DataFrame,
    periods: Sequence[str] | None,
) -> Published:
    frame = _with_hash(spec.function(accepted), declaration)
    check_columns(spec.name, frame, [*declaration.columns, *SILVER_AUDIT])
    scope = _scope(data_set, None if data_set.rhythm in ("R", "C") else periods, spec.part)
    return store.publish(
        spec.name,
        frame,
        key=spec.key,
        scope=scope,
        scope_is_new=scope is not None and not _holds(store, spec.name, scope),
        provenance=PROVENANCE,
    )


def _with_hash(frame: DataFrame, declaration: TableDeclaration) -> DataFrame:
    audit = [c.name for c in SILVER_AUDIT if c.name != ROW_HASH]
    return frame.select(*declaration.column_names, *audit, row_hash(declaration.columns).alias(ROW_HASH))


def _scope(data_set: DataSet, periods: Sequence[str] | None, part: Sequence[tuple[str, str]]) -> str | None:
    """DuckDB predicate over the silver table for what a load may change: its periods, its part; None = all."""
    within = [_in_periods(data_set, periods)] if periods is not None else []
    within += [f"{sql_name(column)} = {sql_value(value)}" for column, value in part]
    return " AND ".join(within) or None


def _in_periods(data_set: DataSet, periods: Sequence[str]) -> str:
    column, grain = data_set.period.silver_column, data_set.period.grain
    if grain == "quarter":
        values = [f"'{p}'" for p in periods]
    elif grain == "year":
        values = [p[:4] for p in periods]
    else:
        values = [f"DATE'{month_start(p).isoformat()}'" for p in periods]
    return f"{sql_name(column)} IN ({', '.join(values)})" if values else "false"


def _holds(store: Store, name: str, scope: str) -> bool:
    """Whether the table holds rows of a scope."""
    if not store.lake.delta(name).file_uris():
        return False
    with store.lake.duckdb([name]) as connection:
        found = connection.execute(f"SELECT 1 FROM {name} WHERE {scope} LIMIT 1").fetchall()
    return bool(found)


def _publish_history(
    spec: TableSpec,
    declaration: TableDeclaration,
    data_set: DataSet,
    store: Store,
    version: int,
    verdicts: _Verdicts | None,
) -> tuple[Published, int]:
    """Rebuild the versions of all keys from all snapshots, publish the difference.

    `verdicts` are those of all snapshots, where the load has looked at them all.
    """
    wanted = _history_columns(spec, declaration, data_set)
    # What is told of a row (its flags) is told of the wanted columns alone, whoever judged it.
    if verdicts is None or {c.name for c in data_set.columns} - {*wanted, *spec.key, *data_set.unit_columns}:
        verdicts = _judge(_bronze_rows(store, data_set, version, None), data_set, store, wanted)
    some_untold = _some_untold(verdicts, spec.group)
    untracked = [c for c in wanted if c in spec.untracked]
    snapshots = _snapshots(_judged(verdicts, data_set, store), data_set, spec, wanted, some_untold=some_untold)
    history = versions(
        snapshots,
        key=spec.key,
        tracked=[c for c in wanted if c not in spec.key and c not in untracked],
        untracked=[*untracked, FLAGS],
        period=data_set.period.silver_column,
        group=spec.group,
        unit=[c for c in data_set.unit_columns if c in spec.key],
        sometimes_absent=_sometimes_absent(store, data_set, version),
        some_untold=some_untold,
    )
    # Staged, so that the deep plan is analysed and run once.
    history = store.engine.read_parquet([store.stage(history, f"{spec.name}_versions")])
    # Derived columns follow from the versions, so that what is unknown in a file stays unknown to them too.
    frame = _with_hash(spec.function(history), declaration)
    check_columns(spec.name, frame, [*declaration.columns, *SILVER_AUDIT])
    before = store.lake.version(spec.name)
    published = store.publish(spec.name, frame, key=[*spec.key, "valid_from"], provenance=PROVENANCE)
    return published, _closed_since(store, spec.name, before)


def _sometimes_absent(store: Store, data_set: DataSet, version: int) -> set[str]:
    """Contract columns that at least one loaded file does not have."""
    bronze = store.lake.delta(f"bronze.{data_set.name}", version)
    with duckdb.connect() as connection:
        absent = select_rows(bronze, ["_absent_columns"])
        rows = connection.execute(f"SELECT DISTINCT _absent_columns FROM ({absent})").fetchall()
    new = {c.name for c in data_set.columns} - {f.name for f in bronze.schema().fields}
    return new | {column for (text,) in rows for column in (text or "").split(",") if column}


def _history_columns(spec: TableSpec, declaration: TableDeclaration, data_set: DataSet) -> list[str]:
    names = [c.name for c in data_set.columns if c.name in declaration.column_names]
    absent = [k for k in spec.key if k not in names and k != data_set.occurrence]
    if absent:
        raise LoadError(f"{spec.name}: key columns {absent} are not in the contract {data_set.name}", table=spec.name)
    return names


def _snapshots(
    judged: DataFrame, data_set: DataSet, spec: TableSpec, wanted: Sequence[str], *, some_untold: bool
) -> DataFrame:
    """Accepted rows, and one bare row for each key whose only row of a period was quarantined (it is present)."""
    from pyspark.sql import functions as F

    period = data_set.period.silver_column
    audit = [c for c in judged.columns if c.startswith("_") and c not in (DISPOSITION, REASONS, "_corrupt_record")]
    names = dict.fromkeys([*spec.key, *wanted, period, *([spec.group] if spec.group else []), FLAGS, *audit])
    told = F.col(DISPOSITION) == ACCEPTED
    if not some_untold:
        return judged.where(told).select(*names, F.lit(False).alias(PRESENT_ONLY))
    present = _with_untold(judged, data_set, spec)
    marked = present.withColumn(PRESENT_ONLY, ~told)
    if spec.group:
        marked = marked.withColumn(spec.group, F.when(told, F.col(spec.group)))
    return marked.select(*names, PRESENT_ONLY)


def _with_untold(judged: DataFrame, data_set: DataSet, spec: TableSpec) -> DataFrame:
    """One row for each key and period: the accepted one, else a quarantined one that states the key."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    period = data_set.period.silver_column
    known_key = F.lit(True)
    for column in spec.key:
        # A column of the key that the contract does not require may be null, and is compared as such.
        if column in data_set.column_by_name and data_set.column_by_name[column].required:
            known_key = known_key & F.col(column).isNotNull()
    told = F.col(DISPOSITION) == ACCEPTED
    present = judged.where(told | ((F.col(DISPOSITION) == QUARANTINED) & known_key))
    if data_set.occurrence in spec.key:
        # Accepted rows have their numbers; a quarantined row stands for the next one.
        rest = [c for c in spec.key if c != data_set.occurrence]
        among = Window.partitionBy(*rest, period).orderBy(
            told.desc(), F.col(data_set.occurrence), F.col("_source_file"), F.col("_source_row")
        )
        number = F.when(told, F.col(data_set.occurrence)).otherwise(F.row_number().over(among)).cast("int")
        present = present.withColumn(data_set.occurrence, number)
    best = Window.partitionBy(*spec.key, period).orderBy(told.desc(), F.col("_source_file"), F.col("_source_row"))
    return present.withColumn("_rank", F.row_number().over(best)).where(F.col("_rank") == 1)


def _closed_since(store: Store, name: str, before: int) -> int:
    """Versions that are closed now and were not before."""
    after = store.lake.version(name)
    if after == before:
        return 0

    def closed(version: int) -> int:
        if version < 0:
            return 0
        table = store.lake.arrow(name, columns=["closed_reason"], version=version)
        return len(table) - table.column("closed_reason").null_count

    return max(0, closed(after) - closed(before))
