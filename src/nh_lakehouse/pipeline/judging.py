"""Verdicts on the rows of a data set: typed, checked, and for every unit decided which release and which row counts.

Most units stand in one release alone, each key once: for these the verdict is read off the row. Only units that several
rows or releases claim go through `resolve`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nh_lakehouse.contracts.model import DataSet
from nh_lakehouse.errors import RowAccountingError
from nh_lakehouse.lakehouse.duckdb_session import connect
from nh_lakehouse.lakehouse.store import Store, staged_rows
from nh_lakehouse.silver.conform import FLAGS, REASONS, conform
from nh_lakehouse.silver.resolve import ACCEPTED, DISPOSITION, QUARANTINED, resolve, uncontested, unit_key

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = [
    "FileCounts",
    "Verdicts",
    "bronze_rows",
    "check_accounts",
    "count_rows",
    "judge",
    "judged_rows",
    "rows_seen",
    "some_untold",
]


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


@dataclass(frozen=True)
class Verdicts:
    """Staged rows of a scope and what was decided about them."""

    stage: Path
    contested: Path | None
    judged: Path | None


def bronze_rows(store: Store, data_set: DataSet, version: int) -> DataFrame:
    """All rows of a data set's bronze table at a version, with every column of the contract."""
    return _with_all_columns(store.read(f"bronze.{data_set.name}", version), data_set)


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


def judge(rows: DataFrame, data_set: DataSet, store: Store, columns: Sequence[str] | None = None) -> Verdicts:
    """Conform and stage rows of whole units; only units that several rows or releases claim go through `resolve`.

    Args:
        rows: rows of bronze.
        data_set: the contract.
        store: where to stage.
        columns: only these contract columns, those of key and unit always; all if None.
    """
    stage = store.stage(conform(rows, data_set, columns=columns), f"{data_set.name}_stage")
    contested = _contested_units(stage, data_set, store)
    if contested is None:
        return Verdicts(stage, None, None)
    staged = store.engine.read_parquet([stage])
    claimed = _match_units(staged, store.engine.read_parquet([contested]), data_set, how="left_semi")
    judged = store.stage(resolve(claimed, data_set), f"{data_set.name}_judged")
    return Verdicts(stage, contested, judged)


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
    with connect() as connection:
        usable = f"SELECT * FROM {staged_rows(stage)} WHERE len({REASONS}) = 0"
        select_unit = ", ".join(f'"{c}"' for c in unit_key(data_set)) or "one"
        connection.execute(
            f"""CREATE TEMP TABLE contested AS
                SELECT DISTINCT {select_unit}
                FROM (SELECT {unit}, {key} FROM ({usable}) GROUP BY ALL HAVING count(*) > 1)
                UNION
                SELECT {select_unit}
                FROM (SELECT {unit}, count(DISTINCT _source_sha256) AS n FROM ({usable}) GROUP BY ALL) WHERE n > 1"""
            if unit_key(data_set)
            else f"""CREATE TEMP TABLE contested AS SELECT 1 AS one FROM ({usable})
                HAVING count(DISTINCT _source_sha256) > 1 OR count(*) > count(DISTINCT ({key}))"""
        )
        if not connection.execute("SELECT count(*) FROM contested").fetchall()[0][0]:
            return None
        connection.execute(f"COPY contested TO '{target}' (FORMAT parquet)")
    return target


def judged_rows(verdicts: Verdicts, data_set: DataSet, store: Store) -> DataFrame:
    """Every row of the scope with its verdict."""
    staged = store.engine.read_parquet([verdicts.stage])
    if verdicts.contested is None or verdicts.judged is None:
        return uncontested(staged, data_set)
    alone = _match_units(staged, store.engine.read_parquet([verdicts.contested]), data_set, how="left_anti")
    judged = store.engine.read_parquet([verdicts.judged])
    return uncontested(alone, data_set).unionByName(judged)


def some_untold(verdicts: Verdicts, group: str | None) -> bool:
    """Whether any row of the scope was quarantined, or does not state its group."""
    unplaced = f' OR "{group}" IS NULL' if group else ""
    parts = [f"SELECT 1 FROM {staged_rows(verdicts.stage)} WHERE len({REASONS}) > 0{unplaced}"]
    if verdicts.judged is not None:
        parts.append(f"SELECT 1 FROM {staged_rows(verdicts.judged)} WHERE {DISPOSITION} = '{QUARANTINED}'")
    with connect() as connection:
        return bool(connection.execute(f"SELECT 1 FROM ({' UNION ALL '.join(parts)}) LIMIT 1").fetchall())


def count_rows(verdicts: Verdicts, data_set: DataSet) -> list[FileCounts]:
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
    with connect() as connection:
        rows = connection.execute(
            f"""SELECT _source_file, _load_id, _source_sha256, string_agg(DISTINCT _period, ',' ORDER BY _period),
                    count(*),
                    count(*) FILTER (d = '{ACCEPTED}'), count(*) FILTER (d = 'duplicate'),
                    count(*) FILTER (d = 'superseded'), count(*) FILTER (d = '{QUARANTINED}'),
                    count(*) FILTER (d = '{ACCEPTED}' AND flags > 0)
                FROM ({alone}) GROUP BY _source_sha256, _source_file, _load_id ORDER BY 1, 2"""
        ).fetchall()
    return [FileCounts(*row) for row in rows]


def check_accounts(
    counts: Sequence[FileCounts], rows_read: Mapping[str, int], whole: Collection[str] | None = None
) -> None:
    """Every row of every file has exactly one fate, and as many rows arrived as were parsed.

    Args:
        counts: the fates of the rows that were looked at.
        rows_read: content hash -> rows that were counted when the file was parsed.
        whole: hashes of the files of which every row was looked at; all if None.
    Raises:
        RowAccountingError: a row has no fate, or rows of a file are missing.
    """
    for file in counts:
        told = file.accepted_n + file.duplicate_n + file.superseded_n + file.quarantined_n
        if told != file.rows_read_n:
            raise RowAccountingError(
                f"{file.file}: {file.rows_read_n:,} rows, but {told:,} accounted for; nothing was written",
                file=file.file,
            )
    seen = rows_seen(counts)
    for file in counts:
        if whole is None or file.sha256 in whole:
            _refuse_partial(file, seen[file.sha256], rows_read.get(file.sha256))


def rows_seen(counts: Sequence[FileCounts]) -> dict[str, int]:
    """Content hash -> rows that were looked at; the same bytes may stand in bronze several times."""
    seen: dict[str, int] = {}
    for file in counts:
        seen[file.sha256] = seen.get(file.sha256, 0) + file.rows_read_n
    return seen


def _refuse_partial(file: FileCounts, seen: int, parsed: int | None) -> None:
    if parsed is not None and seen % parsed:
        raise RowAccountingError(
            f"{file.file}: {parsed:,} rows were read from the file and {seen:,} stand in bronze; "
            "nothing was written; run with --full-refresh after checking the file",
            file=file.file,
        )
