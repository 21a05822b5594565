"""A table loaded beside the one that readers see, and held against Delta before it takes its place."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from nh_lakehouse.errors import LoadError
from nh_lakehouse.lakehouse.duckdb_sql import sql_name
from nh_lakehouse.publish.mysql_server import Server
from nh_lakehouse.publish.mysql_types import design, shape_of, staging_name
from nh_lakehouse.publish.tables import OutColumn, Rows, as_text

__all__ = ["load_beside"]

#: Sums of doubles depend on their order.
SUM_TOLERANCE = 1e-9


def load_beside(server: Server, rows: Rows, told: Callable[[int, int], None]) -> tuple[int, int]:
    """Load a table under its staging name, compare the copy with Delta, and give it its indexes.

    Args:
        server: the database.
        rows: the table's rows.
        told: called with the rows that are loaded and all there are.
    Returns:
        Rows, and doubles that MySQL does not know (NaN, infinity) and that are null in the copy.
    Raises:
        LoadError: the copy is not equal, or the server refused something; the staging table may be left.
    """
    from sqlalchemy.schema import CreateIndex, CreateTable

    table = rows.table
    measured = rows.measure()
    name = staging_name(table.short_name)
    made = design(table, shape_of(table, measured), name=name, collation=server.collation)
    server.run(f"DROP TABLE IF EXISTS {server.quote(name)}")
    server.execute(CreateTable(made))
    names = ", ".join(server.quote(c.name) for c in table.columns)
    insert = f"INSERT INTO {server.quote(name)} ({names}) VALUES ({', '.join(['%s'] * len(table.columns))})"
    loaded = 0
    for batch in rows.tuples([_value(c) for c in table.columns]):
        server.run(insert, batch)
        loaded += len(batch)
        told(loaded, measured.rows_n)
    _compare(server, rows, name)
    for index in sorted(made.indexes, key=lambda i: str(i.name)):
        server.execute(CreateIndex(index))
    return measured.rows_n, sum(measured.unfit.values())


def _value(column: OutColumn) -> str:
    """SQL of the value that is sent: exact text where the driver would round or be slow."""
    name = sql_name(column.name)
    if column.kind == "double":
        return _number(name)
    if column.kind == "boolean":
        return f"CAST({name} AS INTEGER)"
    return as_text(column) if column.kind in ("decimal", "date", "timestamp", "nested") else name


def _number(name: str) -> str:
    return f"CASE WHEN isfinite({name}) THEN CAST({name} AS DOUBLE) END"


# --- the copy against Delta ------------------------------------------------------------------------------------------


def _compare(server: Server, rows: Rows, name: str) -> None:
    """Hold the copy against the table.

    Every row's exact values (texts, decimals, dates, whole numbers) go into one hash, and the hashes are added up: a
    value that changed, or moved to another row, changes the sum. DuckDB computes it from the Parquet files, the
    database from what it has stored. Doubles are compared by their number, least and greatest value, and sum.

    Raises:
        LoadError: they are not equal; the message names the columns.
    """
    table = rows.table
    exact = [c for c in table.columns if c.kind not in ("double", "binary")]
    doubles = [c for c in table.columns if c.kind == "double"]
    wanted = rows.one(f"SELECT {', '.join([*_sums_of_delta(exact), *_of_doubles(doubles)])} FROM rows")
    place = server.quote(name)
    listed = ", ".join([*_sums_of_mysql(server, exact), *_of_doubles_in_mysql(server, doubles)])
    found = tuple(server.rows(f"SELECT {listed} FROM {place}")[0])
    wrong = [] if _same(wanted[:1], found[:1]) else ["the number of rows"]
    wrong += [] if _same(wanted[1:2], found[1:2]) else ["texts, dates or exact numbers"]
    for position, column in enumerate(doubles):
        part = slice(2 + 4 * position, 6 + 4 * position)
        if not _same(wanted[part], found[part]):
            wrong.append(column.name)
    if wrong:
        raise LoadError(
            f"{table.name}: the copy in the database differs from the table ({', '.join(wrong)}): it was not put in "
            "its place",
            table=table.name,
        )


def _sums_of_delta(columns: Sequence[OutColumn]) -> list[str]:
    parts = ", ".join(f"coalesce('=' || {as_text(c)}, '-')" for c in columns)
    row = f"concat_ws(chr(31), {parts})" if columns else "''"
    return ["count(*)", f"coalesce(sum(CAST('0x' || substr(sha256({row}), 1, 15) AS BIGINT)), 0)"]


def _sums_of_mysql(server: Server, columns: Sequence[OutColumn]) -> list[str]:
    parts = ", ".join(f"IFNULL(CONCAT('=', CAST({server.quote(c.name)} AS CHAR)), '-')" for c in columns)
    row = f"CONCAT_WS(CHAR(31 USING utf8mb4), {parts})" if columns else "''"
    number = f"CAST(CONV(LEFT(SHA2({row}, 256), 15), 16, 10) AS DECIMAL(20, 0))"
    return ["COUNT(*)", f"COALESCE(SUM({number}), 0)"]


def _of_doubles(columns: Sequence[OutColumn]) -> list[str]:
    numbers = [_number(sql_name(c.name)) for c in columns]
    return [f"{what}({number})" for number in numbers for what in ("count", "min", "max", "sum")]


def _of_doubles_in_mysql(server: Server, columns: Sequence[OutColumn]) -> list[str]:
    names = [server.quote(c.name) for c in columns]
    return [f"{what}({name})" for name in names for what in ("COUNT", "MIN", "MAX", "SUM")]


def _same(wanted: Sequence[Any], found: Sequence[Any]) -> bool:
    """Counts and sums of hashes exactly; of a double its count, bounds and sum."""
    if len(wanted) == 1:
        return Decimal(wanted[0]) == Decimal(found[0])
    if wanted[0] != found[0]:
        return False
    if not wanted[0]:
        return True
    size = max(abs(wanted[1]), abs(wanted[2])) * wanted[0]
    bounds = wanted[1] == found[1] and wanted[2] == found[2]
    return bounds and math.isclose(wanted[3], found[3], rel_tol=SUM_TOLERANCE, abs_tol=size * SUM_TOLERANCE)
