"""Units that a load touches, read off the bronze files that came and went, so that it costs what they cost.

A unit (a claim with its lines, a home, a person) has one fate: its rows in silver follow from its rows in bronze alone.
The files that came and went since silver last looked name the units to look at again; everything else stays as it is.
Keys are compared as they are typed in silver: a file that writes a number with a blank before it means the same claim.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nh_lakehouse.contracts.model import DataSet
from nh_lakehouse.lakehouse.changes import FileChanges, distinct_values
from nh_lakehouse.lakehouse.duckdb_session import connect
from nh_lakehouse.lakehouse.duckdb_sql import parquet_rows, sql_name, sql_value
from nh_lakehouse.lakehouse.reading import rows_in
from nh_lakehouse.lakehouse.store import Store, semi_join, staged_rows
from nh_lakehouse.pipeline.judging import bronze_rows
from nh_lakehouse.silver.conform import conform

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = [
    "ROW_ID",
    "distinct_keys",
    "is_small_change",
    "only_listed",
    "rows_of_units",
    "touched_rows",
    "touched_units",
]

#: What tells a row of bronze from all others.
ROW_ID = ("_source_sha256", "_source_file", "_load_id", "_source_row")
#: A table with fewer rows is judged as a whole: to find out what changed would take longer.
SMALL_ROWS = 100_000
#: So is one of which more than this share came or went.
LARGE_SHARE = 0.75
#: More files than these are not named one by one.
_MOST_FILES = 500


def is_small_change(
    store: Store, name: str, version: int, changes: FileChanges, *, share: float | None = None, of: int | None = None
) -> bool:
    """Whether it is worth it to look for the units that changed.

    Args:
        store: where the table is.
        name: the bronze table.
        version: its version.
        changes: the files that came and went.
        share: the largest share that counts as small; `LARGE_SHARE` if None.
        of: rows that the change is held against; those of the bronze table if None.
    """
    whole = store.lake.rows_n(name, version)
    changed = rows_in([*changes.added, *changes.removed])
    limit = (LARGE_SHARE if share is None else share) * (whole if of is None else of)
    return whole >= SMALL_ROWS and changed <= limit


def touched_units(
    store: Store, data_set: DataSet, changes: FileChanges, since: int, version: int, columns: Sequence[str]
) -> DataFrame | None:
    """Units of the files that came and went, typed, each once; None where there are too many files to name.

    Args:
        store: where bronze is.
        data_set: the contract.
        changes: files that came and went.
        since: bronze version before.
        version: bronze version now.
        columns: columns of the unit.
    """
    found: DataFrame | None = None
    for at, files in ((version, changes.added), (since, changes.removed)):
        sources = distinct_values(files, "_source_sha256")
        if len(sources) > _MOST_FILES:
            return None
        if sources:
            rows = _of_files(bronze_rows(store, data_set, at), sources)
            units = conform(rows, data_set, columns=columns).select(*columns)
            found = units if found is None else found.unionByName(units)
    return None if found is None else found.distinct()


def rows_of_units(store: Store, data_set: DataSet, version: int, units: Path, columns: Sequence[str]) -> Path:
    """The bronze rows of units, staged: their numbers (`ROW_ID`)."""
    rows = conform(bronze_rows(store, data_set, version), data_set, columns=columns).select(*columns, *ROW_ID)
    return store.stage(
        semi_join(rows, store.engine.read_parquet([units]), columns).select(*ROW_ID), f"{data_set.name}_rows"
    )


def only_listed(rows: DataFrame, listed: Path, store: Store) -> DataFrame:
    """Rows of bronze whose numbers are listed; of the table's files only those that hold one are read."""
    with connect() as connection:
        found = connection.execute(f"SELECT DISTINCT _source_sha256 FROM {staged_rows(listed)}").fetchall()
    sources = [sha256 for (sha256,) in found]
    if len(sources) <= _MOST_FILES:
        rows = _of_files(rows, sources)
    return rows.join(store.engine.read_parquet([listed]), on=list(ROW_ID), how="left_semi")


def touched_rows(store: Store, data_set: DataSet, stage: Path, changes: FileChanges) -> Path:
    """Rows that were looked at and rows that are gone, by what names them in `ops.quarantine`; a Parquet file."""
    target = store.scratch(f"{data_set.name}_seen").with_suffix(".parquet")
    columns = "_source_sha256 AS source_sha256, _source_file AS file, _source_row AS source_row"
    parts = [staged_rows(stage), *([parquet_rows(changes.removed)] if changes.removed else [])]
    query = " UNION ".join(f"SELECT {sql_value(data_set.name)} AS data_set, {columns} FROM {rows}" for rows in parts)
    with connect() as connection:
        connection.execute(f"COPY ({query}) TO {sql_value(str(target))} (FORMAT parquet)")
    return target


def distinct_keys(store: Store, parts: Sequence[Path], columns: Sequence[str], label: str) -> Path:
    """The keys of staged folders and files, each once, as one Parquet file."""
    target = store.scratch(label).with_suffix(".parquet")
    names = ", ".join(sql_name(c) for c in columns)
    query = " UNION ".join(f"SELECT {names} FROM {staged_rows(part)}" for part in parts)
    with connect() as connection:
        connection.execute(f"COPY ({query}) TO {sql_value(str(target))} (FORMAT parquet)")
    return target


def _of_files(rows: DataFrame, sources: Collection[str]) -> DataFrame:
    from pyspark.sql import functions as F

    return rows.where(F.col("_source_sha256").isin(*sources))
