"""What is to be done to a Delta table, so that its rows inside a scope are the wanted ones: found by key and row hash.

The engine has computed and staged the wanted rows. Of them and of the rows that stand in the table the key and the hash
are read and nothing else; a row of the table is known by its file and its number there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from nh_lakehouse.errors import LoadError
from nh_lakehouse.lakehouse.duckdb_sql import parquet_rows, sql_name, sql_value
from nh_lakehouse.lakehouse.reading import data_files, rows_of_files

if TYPE_CHECKING:
    import duckdb
    from deltalake import DeltaTable

__all__ = ["ACTION", "AT", "DELETE", "FILE", "INSERT", "UPDATE", "Difference", "Scope", "difference", "same"]

INSERT, UPDATE, DELETE = "insert", "update", "delete"
#: Columns beside the key of what changed: what is to be done, and where the row stands now.
ACTION, FILE, AT = "_action", "_file", "_at"


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
    chosen = ", ".join(f"CASE WHEN _is_wanted THEN w.{q} ELSE p.{q} END AS {q}" for q in map(sql_name, key))
    carried = "".join(f", w.{sql_name(c)}" for c in provenance if c not in key)
    connection.execute(
        f"""CREATE TABLE changed AS SELECT {chosen}{carried}, p.{FILE}, p.{AT},
                CASE WHEN _is_wanted IS NULL THEN '{DELETE}' WHEN p.{AT} IS NULL THEN '{INSERT}'
                    ELSE '{UPDATE}' END AS {ACTION}
            FROM wanted AS w FULL OUTER JOIN present AS p ON {same("w", "p", key)}
            WHERE _is_wanted IS NULL OR p.{AT} IS NULL OR w._row_hash IS DISTINCT FROM p._row_hash"""
    )
    counts = dict(connection.execute(f"SELECT {ACTION}, count(*) FROM changed GROUP BY 1").fetchall())
    touched = connection.execute(
        f"SELECT DISTINCT {FILE} FROM changed WHERE {ACTION} <> '{INSERT}' ORDER BY 1"
    ).fetchall()
    wanted_n = connection.execute("SELECT count(*) FROM wanted").fetchall()[0][0]
    by_file = _by_file(connection, provenance) if provenance else {}
    return Difference(counts, tuple(Path(f) for (f,) in touched), wanted_n, by_file)


def _present(connection: duckdb.DuckDBPyConnection, table: DeltaTable, columns: Sequence[str], scope: Scope) -> str:
    """Keys and hashes of the rows in scope, each with its file."""
    names = ", ".join(f"t.{sql_name(c)}" for c in columns)
    files = data_files(table)
    conditions = [f"({scope.condition})"] if scope.condition else []
    if scope.keys:
        path, by = scope.keys
        conditions += _bounds(connection, path, by)
        conditions.append(f"EXISTS (SELECT 1 FROM {parquet_rows([path])} AS k WHERE {same('t', 'k', by)})")
        # Two looks: at the keys of all files, then at the hashes of those that hold one.
        rows = rows_of_files(table, files, (FILE, AT))
        held = connection.execute(f"SELECT DISTINCT {FILE} FROM ({rows}) AS t WHERE {' AND '.join(conditions)}")
        files = [file for (file,) in held.fetchall()]
    query = f"SELECT {names}, t.{FILE}, t.{AT} FROM ({rows_of_files(table, files, (FILE, AT))}) AS t"
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


def same(left: str, right: str, key: Sequence[str]) -> str:
    """DuckDB predicate: two relations have the same key, null-safe."""
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
                SELECT {names}, count(*) FILTER ({ACTION} = '{INSERT}') AS inserted,
                    count(*) FILTER ({ACTION} = '{UPDATE}') AS updated, 0 AS wanted
                FROM changed WHERE {ACTION} <> '{DELETE}' GROUP BY {names}
                UNION ALL SELECT {names}, 0, 0, count(*) FROM wanted GROUP BY {names})
            GROUP BY {names}"""
    ).fetchall()
    width = len(provenance)
    return {row[:width]: (int(row[width]), int(row[width + 1]), int(row[width + 2])) for row in rows}
