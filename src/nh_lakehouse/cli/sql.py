"""Questions to the tables in SQL: DuckDB answers, no engine starts, nothing can be written."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from nh_lakehouse.errors import ConfigError
from nh_lakehouse.lakehouse import Lakehouse
from nh_lakehouse.lakehouse.duckdb_sql import refuse_writing

__all__ = ["answer", "column_named", "select_statement", "sql_errors"]

_PORTION = 10_000
_ORDER = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)(?:\s+(asc|desc))?\s*\Z", re.IGNORECASE)


@contextmanager
def sql_errors(lake: Lakehouse) -> Iterator[None]:
    """DuckDB's errors as wrong use: its message with the marked place, and tables of a near name.

    Raises:
        ConfigError: in place of any error of DuckDB.
        KeyboardInterrupt: somebody stopped it, which DuckDB tells as a RuntimeError.
    """
    import duckdb

    try:
        yield
    except RuntimeError as error:
        raise (KeyboardInterrupt if str(error) == "Query interrupted" else error) from error
    except duckdb.Error as error:
        raise ConfigError(f"{str(error).strip()}{_near_tables(str(error), lake)}", option="SQL") from error


@contextmanager
def answer(
    lake: Lakehouse, sql: str, *, versions: Mapping[str, int] | None = None
) -> Iterator[tuple[list[str], Iterator[tuple[Any, ...]]]]:
    """Column names and rows of one SELECT; tables are named `layer.table`, or by their short names.

    Args:
        lake: the lakehouse.
        sql: the statement.
        versions: table -> Delta version to read; the present one where it is left out.
    Raises:
        ConfigError: the text is not one statement that only reads.
    """
    refuse_writing(sql)
    connection = lake.duckdb(_named_tables(lake, sql), versions=versions)
    try:
        for name in _short_names(lake, sql):
            connection.execute(f'CREATE VIEW main."{name.split(".")[1]}" AS SELECT * FROM {name}')
        connection.execute(sql)
        columns = connection.description or ()
        if "INTERVAL" in (kinds := [str(kind) for _, kind, *_ in columns]):
            # Python has no months: a span is told in DuckDB's words.
            told = ", ".join(f"CAST(#{n} AS VARCHAR)" if k == "INTERVAL" else f"#{n}" for n, k in enumerate(kinds, 1))
            connection.execute(f"SELECT {told} FROM (\n{_one_statement(sql)}\n)")
        yield _distinct([name for name, *_ in columns]), _rows(connection)
    finally:
        connection.close()


def select_statement(
    lake: Lakehouse,
    table: str,
    *,
    columns: Sequence[str] = (),
    where: str | None = None,
    order_by: Sequence[str] = (),
    limit: int | None = None,
    version: int | None = None,
) -> str:
    """The SELECT behind `show`; every name is checked against the table's columns.

    Args:
        lake: the lakehouse.
        table: full name of an existing table.
        columns: only these, all if empty.
        where: condition, as written by the user.
        order_by: `column`, `column asc` or `column desc`; nulls come last.
        limit: at most so many rows.
        version: Delta version whose columns count; the present one if None.
    Raises:
        ConfigError: a column does not exist.
    """
    present = [f.name for f in lake.snapshot(table, version).schema().fields]
    chosen = ", ".join(f'"{column_named(c, present, table, "--columns")}"' for c in columns) or "*"
    orders = [_order(o, present, table) for o in order_by]
    # The condition stands on lines of its own: a comment at its end takes nothing else along.
    parts = [f"SELECT {chosen} FROM {table}"]
    if where:
        parts.append(f"WHERE (\n{where}\n)")
    if orders:
        parts.append(f"ORDER BY {', '.join(orders)}")
    if limit is not None:
        parts.append(f"LIMIT {limit:d}")
    return " ".join(parts)


def _order(text: str, present: Sequence[str], table: str) -> str:
    found = _ORDER.match(text)
    if not found:
        raise ConfigError(f"--order-by {text!r}: expected a column, and asc or desc behind it", option="--order-by")
    return f'"{column_named(found[1], present, table, "--order-by")}" {(found[2] or "asc").upper()} NULLS LAST'


def column_named(name: str, present: Sequence[str], table: str, option: str) -> str:
    """A column of a table, written in any case.

    Raises:
        ConfigError: there is none; near names are listed.
    """
    same = next((c for c in present if c.lower() == name.lower()), None)
    if same is not None:
        return same
    near = difflib.get_close_matches(name, present, n=3)
    hint = f"; did you mean {', '.join(near)}?" if near else f"; columns: {', '.join(present)}"
    raise ConfigError(f"{option} {name}: {table} has no such column{hint}", option=option)


def _named_tables(lake: Lakehouse, sql: str) -> list[str]:
    """Tables whose names occur in the text, all if none does; opening a table costs some milliseconds."""
    words = _words(sql)
    tables = lake.tables()
    return [t for t in tables if t.split(".")[1] in words] or tables


def _short_names(lake: Lakehouse, sql: str) -> list[str]:
    """Tables that a short name in the text may mean: gold and silver come before bronze."""
    found: dict[str, str] = {}
    words = _words(sql)
    for name in sorted(lake.tables(), key=lambda n: n.startswith("bronze.")):
        short = name.split(".")[1]
        if short in words:
            found.setdefault(short, name)
    return list(found.values())


def _words(sql: str) -> set[str]:
    return set(re.findall(r"[a-z_][a-z0-9_]*", sql.lower()))


def _near_tables(message: str, lake: Lakehouse) -> str:
    missing = re.search(r"Table with name (\S+) does not exist", message)
    if missing is None:
        return ""
    tables = lake.tables()
    names = [*tables, *(t.split(".")[1] for t in tables)]
    near = difflib.get_close_matches(missing[1].strip('"').lower(), names, n=3)
    return f"\n\ntables of a near name: {', '.join(near)}" if near else "\n\n`nh-lakehouse tables` lists the tables"


def _one_statement(sql: str) -> str:
    """The text of the only statement up to its semicolon; comments may follow that."""
    import duckdb

    text = sql.encode()  # the places of tokens are those of bytes
    for at, kind in duckdb.tokenize(sql):
        if kind == duckdb.token_type.operator and text[at : at + 1] == b";":
            return text[:at].decode()
    return sql


def _rows(connection: Any) -> Iterator[tuple[Any, ...]]:
    # Not by way of Arrow, whose import takes a third of a second; an answer of a million rows is never there at once.
    while rows := connection.fetchmany(_PORTION):
        yield from rows


def _distinct(names: Sequence[str]) -> list[str]:
    """Column names, numbered where one occurs again."""
    found: list[str] = []
    for name in names:
        number = 1
        unique = name
        while unique in found:
            number += 1
            unique = f"{name}_{number}"
        found.append(unique)
    return found
