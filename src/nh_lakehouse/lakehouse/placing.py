"""Bringing wanted rows into a Delta table: what differs is found by key and row hash, only files that hold it change.

The engine has computed and staged the wanted rows. Here they are compared with the rows that stand in the table (inside
a scope), which needs the key and the hash of each and nothing else; a file that holds a row to change or delete is
written once more without it or with its new values, rows of no file come in a file of their own, and one commit swaps
the files. That is what a MERGE of the difference does, in the time that the difference takes: no engine job, and no
look at files that nothing is changed in. Where a good part of the touched files changes, their rows are written
together, in one pass and fewer files; where all of it does, the staged files take their place as they are.

New rows of a table with an order come sorted, in files of bounded size: rows that change together then stand in few
files, and a reader of some keys can leave most files closed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from nh_lakehouse.errors import LoadError, RowAccountingError
from nh_lakehouse.lakehouse.adopt import Swap
from nh_lakehouse.lakehouse.duckdb_session import database
from nh_lakehouse.lakehouse.duckdb_sql import parquet_rows, sql_name, sql_value
from nh_lakehouse.lakehouse.reading import data_files, rows_in, rows_of_files

if TYPE_CHECKING:
    import duckdb
    from deltalake import DeltaTable

__all__ = [
    "DELETE",
    "FILE_ROWS",
    "INSERT",
    "PERIOD_ROWS",
    "SORT_ROWS",
    "UPDATE",
    "Difference",
    "Scope",
    "connect",
    "difference",
    "laid_out",
    "overlap",
    "period_by_period",
    "placed",
]

INSERT, UPDATE, DELETE = "insert", "update", "delete"
_ACTION, _FILE, _AT, _PART = "_action", "_file", "_at", "_part"
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


@dataclass(frozen=True)
class Scope:
    """The rows of a table that are compared.

    Attributes:
        condition: DuckDB predicate over the table's columns; all rows if None.
        keys: Parquet file of keys, and their columns: only rows with one of these keys; all if None.
    """

    condition: str | None = None
    keys: tuple[Path, Sequence[str]] | None = None


@dataclass(frozen=True)
class Difference:
    """What is to be done to a table, and where.

    Attributes:
        counts: action -> rows.
        by_file: values of the provenance columns -> rows to insert, rows to update, rows wanted.
        touched: data files that hold a row to update or delete.
        wanted_n: rows wanted, unchanged ones included.
    """

    counts: Mapping[str, int]
    touched: tuple[Path, ...]
    wanted_n: int
    by_file: Mapping[tuple[str, ...], tuple[int, int, int]] = field(default_factory=dict)

    @property
    def is_all_new(self) -> bool:
        """Whether every wanted row is to be inserted and nothing else is to be done."""
        return self.counts == {INSERT: self.wanted_n}

    @property
    def come_n(self) -> int:
        """Wanted rows that are not in the table as they are."""
        return self.counts.get(INSERT, 0) + self.counts.get(UPDATE, 0)


def connect(staging: Path, *, threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """A connection to a DuckDB database of its own that spills to a folder of the staging folder."""
    return database(threads=threads, memory=_MEMORY, spill=staging / "duckdb")


def _beside(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A second connection to the same tables, for another thread."""
    schema = connection.execute("SELECT current_schema()").fetchall()[0][0]
    cursor = connection.cursor()
    cursor.execute(f"USE {schema}")
    return cursor


def difference(
    connection: duckdb.DuckDBPyConnection,
    table: DeltaTable,
    wanted: Sequence[Path],
    key: Sequence[str],
    scope: Scope,
    provenance: Sequence[str] = (),
) -> Difference:
    """Compare wanted rows with those of a table; the connection keeps the changed keys for `placed`.

    Raises:
        LoadError: a key is wanted twice, or stands in the scope twice.
    """
    hashed = [*key, "_row_hash"]
    names = ", ".join(sql_name(c) for c in dict.fromkeys([*hashed, *provenance]))
    connection.execute(f"CREATE TABLE wanted AS SELECT {names}, true AS _is_wanted FROM {parquet_rows(wanted)}")
    connection.execute(f"CREATE TABLE present AS {_present(connection, table, hashed, scope)}")
    for rows, what in (("wanted", "is wanted"), ("present", "stands in the table")):
        _refuse_doubles(connection, rows, key, what)
    same = _same("w", "p", key)
    chosen = ", ".join(f"CASE WHEN _is_wanted THEN w.{q} ELSE p.{q} END AS {q}" for q in map(sql_name, key))
    carried = "".join(f", w.{sql_name(c)}" for c in provenance if c not in key)
    connection.execute(
        f"""CREATE TABLE changed AS SELECT {chosen}{carried}, p.{_FILE}, p.{_AT},
                CASE WHEN _is_wanted IS NULL THEN '{DELETE}' WHEN p.{_AT} IS NULL THEN '{INSERT}'
                    ELSE '{UPDATE}' END AS {_ACTION}
            FROM wanted AS w FULL OUTER JOIN present AS p ON {same}
            WHERE _is_wanted IS NULL OR p.{_AT} IS NULL OR w._row_hash IS DISTINCT FROM p._row_hash"""
    )
    counts = dict(connection.execute(f"SELECT {_ACTION}, count(*) FROM changed GROUP BY 1").fetchall())
    touched = connection.execute(
        f"SELECT DISTINCT {_FILE} FROM changed WHERE {_ACTION} <> '{INSERT}' ORDER BY 1"
    ).fetchall()
    wanted_n = connection.execute("SELECT count(*) FROM wanted").fetchall()[0][0]
    by_file = _by_file(connection, provenance) if provenance else {}
    return Difference(counts, tuple(Path(f) for (f,) in touched), wanted_n, by_file)


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
        rows = rows_of_files(table, [str(file) for file in found.touched], (_FILE, _AT))
        staying = (
            f"SELECT {', '.join(f't.{q}' for q in names)} FROM ({rows}) AS t "
            f"ANTI JOIN changed AS c ON t.{_FILE} = c.{_FILE} AND t.{_AT} = c.{_AT}"
        )
        changed, new = (
            f"SELECT {', '.join(f'w.{q}' for q in names)} FROM {parquet_rows(wanted)} AS w "
            f"SEMI JOIN (SELECT * FROM changed WHERE {_ACTION} = '{action}') AS c ON {_same('w', 'c', key)}"
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
        new = _in_files(connection, f"SELECT {names} FROM news WHERE {_ACTION} = '{INSERT}'", by, target / "new")
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
                FROM ({rows_of_files(table, [str(f) for f in files], (_FILE, _AT))}) GROUP BY {_FILE})
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
    rows = rows_of_files(table, [str(f) for f in files], (_FILE, _AT))
    name = sql_name(column)
    found = connection.execute(
        f"SELECT CAST({name} AS VARCHAR), count(*), count(DISTINCT {_FILE}) FROM ({rows}) GROUP BY 1"
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
        f"""COPY (SELECT {names}, {part} FROM ({rows}) ORDER BY {_FILE}, {_AT}) TO {sql_value(str(target))}
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
        f"""CREATE TABLE news AS SELECT {values}, c.{_ACTION}, c.{_FILE}, c.{_AT}
            FROM changed AS c LEFT JOIN {parquet_rows(wanted)} AS w ON {_same("c", "w", key)} ORDER BY c.{_FILE}"""
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
    here = f"(SELECT * FROM news WHERE {_FILE} = {sql_value(str(file))})"
    values = ", ".join(
        f"CASE WHEN n.{_ACTION} = '{UPDATE}' THEN n.{q} ELSE t.{q} END AS {q}" for q in map(sql_name, columns)
    )
    kept = _copy(
        connection,
        f"""SELECT {values} FROM ({rows_of_files(table, [str(file)], (_FILE, _AT))}) AS t
            LEFT JOIN {here} AS n ON t.{_AT} = n.{_AT} WHERE n.{_ACTION} IS DISTINCT FROM '{DELETE}'
            ORDER BY t.{_AT}""",
        target,
    )
    rows_n = pq.read_metadata(file).num_rows
    # Rows are numbered without a gap, so that a number below their count is one of them.
    counted = connection.execute(
        f"SELECT count(*) FROM {here} AS n WHERE {_ACTION} = '{UPDATE}' AND {_AT} BETWEEN 0 AND {rows_n - 1}"
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


def _present(connection: duckdb.DuckDBPyConnection, table: DeltaTable, columns: Sequence[str], scope: Scope) -> str:
    """Keys and hashes of the rows in scope, each with its file."""
    names = ", ".join(f"t.{sql_name(c)}" for c in columns)
    files = data_files(table)
    conditions = [f"({scope.condition})"] if scope.condition else []
    if scope.keys:
        path, by = scope.keys
        conditions += _bounds(connection, path, by)
        conditions.append(f"EXISTS (SELECT 1 FROM {parquet_rows([path])} AS k WHERE {_same('t', 'k', by)})")
        # Two looks: at the keys of all files, then at the hashes of those that hold one.
        rows = rows_of_files(table, files, (_FILE, _AT))
        held = connection.execute(f"SELECT DISTINCT {_FILE} FROM ({rows}) AS t WHERE {' AND '.join(conditions)}")
        files = [file for (file,) in held.fetchall()]
    query = f"SELECT {names}, t.{_FILE}, t.{_AT} FROM ({rows_of_files(table, files, (_FILE, _AT))}) AS t"
    return f"{query} WHERE {' AND '.join(conditions)}" if conditions else query


def _bounds(connection: duckdb.DuckDBPyConnection, keys: Path, by: Sequence[str]) -> list[str]:
    """Predicates that the keys lie within: by these DuckDB leaves row groups unread, which a join does not tell it."""
    found = []
    for name in map(sql_name, by):
        relation = connection.execute(
            f"SELECT typeof(any_value({name})), count(*) - count({name}), min({name}), max({name}) "
            f"FROM {parquet_rows([keys])}"
        )
        kind, nulls, low, high = relation.fetchall()[0]
        if kind == "VARCHAR" and not nulls and low is not None:
            found.append(f"t.{name} BETWEEN {sql_value(low)} AND {sql_value(high)}")
    return found


def _same(left: str, right: str, key: Sequence[str]) -> str:
    return " AND ".join(f"{left}.{q} IS NOT DISTINCT FROM {right}.{q}" for q in map(sql_name, key))


def _refuse_doubles(connection: duckdb.DuckDBPyConnection, rows: str, key: Sequence[str], what: str) -> None:
    names = ", ".join(sql_name(c) for c in key)
    twice = connection.execute(f"SELECT {names} FROM {rows} GROUP BY {names} HAVING count(*) > 1 LIMIT 1").fetchall()
    if twice:
        raise LoadError(f"one key ({', '.join(key)}) {what} twice; nothing was written")


def _by_file(
    connection: duckdb.DuckDBPyConnection, provenance: Sequence[str]
) -> dict[tuple[str, ...], tuple[int, int, int]]:
    names = ", ".join(sql_name(c) for c in provenance)
    rows = connection.execute(
        f"""SELECT {names}, sum(inserted), sum(updated), sum(wanted) FROM (
                SELECT {names}, count(*) FILTER ({_ACTION} = '{INSERT}') AS inserted,
                    count(*) FILTER ({_ACTION} = '{UPDATE}') AS updated, 0 AS wanted
                FROM changed WHERE {_ACTION} <> '{DELETE}' GROUP BY {names}
                UNION ALL SELECT {names}, 0, 0, count(*) FROM wanted GROUP BY {names})
            GROUP BY {names}"""
    ).fetchall()
    width = len(provenance)
    return {row[:width]: (int(row[width]), int(row[width + 1]), int(row[width + 2])) for row in rows}
