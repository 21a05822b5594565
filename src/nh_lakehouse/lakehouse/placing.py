"""Bringing wanted rows into a Delta table: only files that hold a difference change.

A file that holds a row to change or delete is written once more without it or with its new values, rows of no file come
in a file of their own, and one commit swaps the files. That is what a MERGE of the difference does, in the time that
the difference takes: no engine job, and no look at files that nothing is changed in. Where a good part of the touched
files changes, their rows are written together, in one pass and fewer files; where all of it does, the staged files take
their place as they are.

New rows of a table with an order come sorted, in files of bounded size: rows that change together then stand in few
files, and a reader of some keys can leave most files closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from nh_lakehouse.errors import RowAccountingError
from nh_lakehouse.lakehouse.adopt import Swap
from nh_lakehouse.lakehouse.difference import ACTION, AT, DELETE, FILE, INSERT, UPDATE, Difference, same
from nh_lakehouse.lakehouse.duckdb_session import database
from nh_lakehouse.lakehouse.duckdb_sql import parquet_rows, sql_name, sql_value
from nh_lakehouse.lakehouse.reading import rows_in, rows_of_files

if TYPE_CHECKING:
    import duckdb
    from deltalake import DeltaTable

__all__ = [
    "FILE_ROWS",
    "PERIOD_ROWS",
    "SORT_ROWS",
    "connect",
    "laid_out",
    "overlap",
    "period_by_period",
    "placed",
]

_PART = "_part"
_MEMORY = "2GB"
#: Files that are written side by side; a file of a few row groups keeps one core busy.
_WRITERS = 2
#: Rows of a file of a table with an order. A change writes whole files: fewer rows cost less then, and more files.
FILE_ROWS = 245_760
#: A load of more rows is left as the engine wrote it, for `optimize` to sort: 5 million lines of 24 columns take 25
#: seconds of a processor to sort and write, more than they took to compute.
SORT_ROWS = 2_000_000
#: From this share of rows that the touched files lose or change on, they are written together: a file at a time keeps
#: each row near its neighbours, but looks every changed row up by its file. With an order they are sorted once more.
_TOGETHER, _TOGETHER_IN_ORDER = 0.05, 0.5
#: Periods of fewer rows share their files: a file costs a reader as much as some thousand rows.
PERIOD_ROWS = 1_000
#: DuckDB cuts row groups at multiples of this.
_VECTOR = 2_048


def connect(staging: Path, *, threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """A connection to a DuckDB database of its own that spills to a folder of the staging folder."""
    return database(threads=threads, memory=_MEMORY, spill=staging / "duckdb")


def _beside(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A second connection to the same tables, for another thread."""
    schema = connection.execute("SELECT current_schema()").fetchall()[0][0]
    cursor = connection.cursor()
    cursor.execute(f"USE {schema}")
    return cursor


def placed(
    connection: duckdb.DuckDBPyConnection,
    table: DeltaTable,
    wanted: Sequence[Path],
    key: Sequence[str],
    found: Difference,
    target: Path,
    order: Sequence[str] = (),
) -> Swap:
    """Write the files that take the place of the touched ones, and one of the new rows; nothing is committed.

    Args:
        connection: the one in which the difference was found.
        table: the table at the version that was compared.
        wanted: Parquet files of the wanted rows.
        key: columns that identify a row.
        found: the difference.
        target: folder to write to; it is made.
        order: columns by which the rows of the table lie.
    Returns:
        The files to take out and to bring in, with the rows that the commit inserts, updates, deletes and copies.
    """
    target.mkdir(parents=True)
    touched_n = rows_in(found.touched)
    lost_n = found.counts.get(UPDATE, 0) + found.counts.get(DELETE, 0)
    stay_n = touched_n - lost_n
    share = _TOGETHER_IN_ORDER if order else _TOGETHER
    # More rows than are sorted would lose their order; where none stays, they lie as those of a first load do.
    keeps_order = not order or stay_n + found.come_n <= SORT_ROWS or not stay_n
    if keeps_order and lost_n >= share * touched_n:
        return _together(connection, table, wanted, key, found, stay_n, target, order)
    return _file_by_file(connection, table, wanted, key, found, target, order)


def _together(
    connection: duckdb.DuckDBPyConnection,
    table: DeltaTable,
    wanted: Sequence[Path],
    key: Sequence[str],
    found: Difference,
    stay_n: int,
    target: Path,
    order: Sequence[str],
) -> Swap:
    """The rows of all touched files that stay as they are and the changed ones, written in one pass, then the new ones.

    In a table without an order new rows come in files of their own, as those of another period do.
    """
    updated = found.counts.get(UPDATE, 0)
    by = order if stay_n + found.come_n <= SORT_ROWS else ()
    if not stay_n and found.come_n == found.wanted_n and not by:
        added = list(wanted)
    else:
        names = [sql_name(f.name) for f in table.schema().fields]
        rows = rows_of_files(table, [str(file) for file in found.touched], (FILE, AT))
        staying = (
            f"SELECT {', '.join(f't.{q}' for q in names)} FROM ({rows}) AS t "
            f"ANTI JOIN changed AS c ON t.{FILE} = c.{FILE} AND t.{AT} = c.{AT}"
        )
        changed, new = (
            f"SELECT {', '.join(f'w.{q}' for q in names)} FROM {parquet_rows(wanted)} AS w "
            f"SEMI JOIN (SELECT * FROM changed WHERE {ACTION} = '{action}') AS c ON {same('w', 'c', key)}"
            for action in (UPDATE, INSERT)
        )
        old = [query for query, n in ((staying, stay_n), (changed, updated)) if n]
        news = [new] if INSERT in found.counts else []
        added = []
        for name, queries in {"all": [*old, *news]}.items() if by else {"old": old, "new": news}.items():
            if queries:
                added += _in_files(connection, " UNION ALL ".join(queries), by, target / name)
    written = rows_in(added)
    # The files bear out the new rows; which rows took the place of another, the comparison alone knows.
    inserted, deleted = written - stay_n - updated, found.counts.get(DELETE, 0)
    return Swap(tuple(added), found.touched, inserted, updated, deleted, stay_n)


def _file_by_file(
    connection: duckdb.DuckDBPyConnection,
    table: DeltaTable,
    wanted: Sequence[Path],
    key: Sequence[str],
    found: Difference,
    target: Path,
    order: Sequence[str],
) -> Swap:
    """Each touched file once more, with its changes, and the new rows in files of their own."""
    columns = [f.name for f in table.schema().fields]
    _make_news(connection, columns, wanted, key)
    added = [target / f"{number:05d}.parquet" for number in range(len(found.touched))]
    with ThreadPoolExecutor(max_workers=_WRITERS) as pool:
        jobs = [
            pool.submit(_rewrite, _beside(connection), table, columns, file, path)
            for file, path in zip(found.touched, added, strict=True)
        ]
        counts = [job.result() for job in jobs]
    updated, deleted, copied = (sum(n) for n in zip(*counts, strict=True)) if counts else (0, 0, 0)
    inserted = 0
    if INSERT in found.counts:
        names = ", ".join(sql_name(c) for c in columns)
        by = order if found.counts[INSERT] <= SORT_ROWS else ()
        new = _in_files(connection, f"SELECT {names} FROM news WHERE {ACTION} = '{INSERT}'", by, target / "new")
        inserted = rows_in(new)
        added += new
    return Swap(tuple(added), found.touched, inserted, updated, deleted, copied)


def overlap(
    connection: duckdb.DuckDBPyConnection, table: DeltaTable, files: Sequence[Path], order: Sequence[str]
) -> bool:
    """Whether a file of a table holds rows that belong between those of another, by the order."""
    key = f"row({', '.join(sql_name(c) for c in order)})"
    found = connection.execute(
        f"""WITH ranges AS (
                SELECT min({key}) AS low, max({key}) AS high
                FROM ({rows_of_files(table, [str(f) for f in files], (FILE, AT))}) GROUP BY {FILE})
            SELECT count(*) FROM (SELECT high > lead(low) OVER (ORDER BY low, high) AS is_over FROM ranges)
            WHERE is_over"""
    ).fetchall()
    return bool(found[0][0])


def laid_out(
    connection: duckdb.DuckDBPyConnection, table: DeltaTable, files: Sequence[Path], order: Sequence[str], target: Path
) -> list[Path]:
    """The rows of Parquet files once more, sorted, in files of bounded size; a small table has one.

    Args:
        connection: where to sort; it spills to disk.
        table: the table that they are meant for.
        files: the files.
        order: columns to sort by.
        target: folder to write to; it is made.
    """
    target.mkdir(parents=True)
    return _in_files(connection, rows_of_files(table, [str(f) for f in files]), order, target / "rows")


def period_by_period(table: DeltaTable, files: Sequence[Path], column: str, target: Path) -> list[Path]:
    """The rows of Parquet files in a file for each period, as if the periods had come one by one.

    A late correction of a month then writes the rows of that month once more, not those of all months that were loaded
    with it. Small periods share a file, as do rows without one. Files of one period each stay as they are; so do more
    rows than `SORT_ROWS`.

    Args:
        table: the table that they are meant for.
        files: the files.
        column: the column that states the period.
        target: folder to write to, in the staging folder; it is made where it is needed.
    Raises:
        RowAccountingError: other rows were written than there were.
    """
    if all(_is_of_one_period(file, column) for file in files):
        return list(files)
    # One thread: a file for each period, its rows as they came.
    with connect(target.parent, threads=1) as connection:
        return _split(connection, table, files, column, target)


def _split(
    connection: duckdb.DuckDBPyConnection, table: DeltaTable, files: Sequence[Path], column: str, target: Path
) -> list[Path]:
    rows = rows_of_files(table, [str(f) for f in files], (FILE, AT))
    name = sql_name(column)
    found = connection.execute(
        f"SELECT CAST({name} AS VARCHAR), count(*), count(DISTINCT {FILE}) FROM ({rows}) GROUP BY 1"
    ).fetchall()
    rows_n = sum(n for _, n, _ in found)
    large = [period for period, n, _ in found if period is not None and n >= PERIOD_ROWS]
    filled_n = sum(pq.read_metadata(file).num_rows > 0 for file in files)
    are_apart = sum(files_n for *_, files_n in found) <= filled_n
    if are_apart or rows_n > SORT_ROWS or not large or len(found) < 2:
        return list(files)
    names = ", ".join(sql_name(f.name) for f in table.schema().fields)
    listed = ", ".join(map(sql_value, large))
    part = f"CASE WHEN CAST({name} AS VARCHAR) IN ({listed}) THEN CAST({name} AS VARCHAR) ELSE '' END AS {_PART}"
    target.mkdir(parents=True)
    connection.execute(
        f"""COPY (SELECT {names}, {part} FROM ({rows}) ORDER BY {FILE}, {AT}) TO {sql_value(str(target))}
            (FORMAT parquet, COMPRESSION zstd, PARTITION_BY ({_PART}))"""
    )
    split = sorted(target.rglob("*.parquet"))
    written_n = rows_in(split)
    if written_n != rows_n:
        raise RowAccountingError(f"{rows_n:,} rows to bring in, {written_n:,} written by period; nothing was written")
    return split


def _is_of_one_period(file: Path, column: str) -> bool:
    """Whether the statistics of a Parquet file say that all of its rows have one period; no row is read."""
    metadata = pq.read_metadata(file)
    values = set()
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        chunks = [group.column(i) for i in range(group.num_columns)]
        found = next((c.statistics for c in chunks if c.path_in_schema == column), None)
        if found is None or not found.has_min_max or not found.has_null_count or found.null_count:
            return False
        try:
            values |= {found.min, found.max}
        except (OverflowError, ValueError):  # a day that Python's calendar does not have
            return False
    return len(values) < 2


def _make_news(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[str], wanted: Sequence[Path], key: Sequence[str]
) -> None:
    """What becomes of each changed key: its wanted row, or the bare key of a row to delete."""
    values = ", ".join(f"{'c' if c in key else 'w'}.{sql_name(c)}" for c in columns)
    # In the order of the files: those of one file are found without a look at the others.
    connection.execute(
        f"""CREATE TABLE news AS SELECT {values}, c.{ACTION}, c.{FILE}, c.{AT}
            FROM changed AS c LEFT JOIN {parquet_rows(wanted)} AS w ON {same("c", "w", key)} ORDER BY c.{FILE}"""
    )


def _rewrite(
    connection: duckdb.DuckDBPyConnection,
    table: DeltaTable,
    columns: Sequence[str],
    file: Path,
    target: Path,
) -> tuple[int, int, int]:
    """Write a data file once more with its news; rows updated, deleted and copied.

    Rows are known by their number in the file: a row outside the scope is left alone, whatever its key.
    """
    here = f"(SELECT * FROM news WHERE {FILE} = {sql_value(str(file))})"
    values = ", ".join(
        f"CASE WHEN n.{ACTION} = '{UPDATE}' THEN n.{q} ELSE t.{q} END AS {q}" for q in map(sql_name, columns)
    )
    kept = _copy(
        connection,
        f"""SELECT {values} FROM ({rows_of_files(table, [str(file)], (FILE, AT))}) AS t
            LEFT JOIN {here} AS n ON t.{AT} = n.{AT} WHERE n.{ACTION} IS DISTINCT FROM '{DELETE}'
            ORDER BY t.{AT}""",
        target,
    )
    rows_n = pq.read_metadata(file).num_rows
    # Rows are numbered without a gap, so that a number below their count is one of them.
    counted = connection.execute(
        f"SELECT count(*) FROM {here} AS n WHERE {ACTION} = '{UPDATE}' AND {AT} BETWEEN 0 AND {rows_n - 1}"
    ).fetchall()
    updated = int(counted[0][0])
    return updated, rows_n - kept, kept - updated


def _in_files(connection: duckdb.DuckDBPyConnection, query: str, order: Sequence[str], target: Path) -> list[Path]:
    """Write the rows of a query to files of bounded size in a new folder, sorted if there is an order."""
    group = max(_VECTOR, FILE_ROWS // 2)
    by = f"ORDER BY {', '.join(sql_name(c) for c in order)}" if order else ""
    connection.execute(
        f"""COPY ({query} {by}) TO {sql_value(str(target))} (FORMAT parquet, COMPRESSION zstd,
            ROW_GROUP_SIZE {group}, ROW_GROUPS_PER_FILE {max(1, FILE_ROWS // group)}, PER_THREAD_OUTPUT false)"""
    )
    return sorted(target.glob("*.parquet"), key=lambda f: (len(f.name), f.name))


def _copy(connection: duckdb.DuckDBPyConnection, query: str, target: Path) -> int:
    written = connection.execute(
        f"COPY ({query}) TO {sql_value(str(target))} (FORMAT parquet, COMPRESSION zstd)"
    ).fetchall()
    return int(written[0][0])
