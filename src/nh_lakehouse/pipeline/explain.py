"""From a row of a table back to the rows it was made from, and to the lines of the files these came from.

Of every table behind the row the rows that share its key are counted: those that agree with it in its own key and in
theirs, as far as both have the column. A total (`US`, `all`) takes them all; of a table with versions those in force on
the row's day count; where a data set of a table does not have the row's month, its latest month not after it stands in.
Where they have no column in common, the whole table stands behind the row.

No engine: DuckDB reads the tables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from nh_lakehouse.contracts import load_tables
from nh_lakehouse.contracts.model import DerivedColumn
from nh_lakehouse.declare import TableSpec
from nh_lakehouse.errors import ConfigError
from nh_lakehouse.gold.bands import ALL, NATION
from nh_lakehouse.lakehouse import Lakehouse
from nh_lakehouse.pipeline.graph import Graph

__all__ = ["Behind", "Explanation", "FilePart", "explain"]

_QUARTER = re.compile(r"\d{4}Q[1-4]\Z")
_MONTH = re.compile(r"\d{4}-\d{2}\Z")
#: Columns beside a table's key that tell its rows apart for a row of states.
_PLACES = ("state",)
#: Columns that name a home or a person, who may move.
_WHO = frozenset(("ccn", "bene_id", "patient_id"))
#: Key columns that say what kind of row it is, which is another thing in every table.
_KINDS = ("level", "metric", "measure", "rule", "occurrence_no")
#: Such a column where two tables describe it in other words: collections of claims are the same in all of theirs.
_SOURCE = "source"
_LISTED = 5


@dataclass(frozen=True)
class FilePart:
    """Rows that came from one landing file; `first_row` and `last_row` number its data records, the first is 1."""

    table: str
    file: str
    rows_n: int
    first_row: int
    last_row: int


@dataclass(frozen=True)
class Behind:
    """A table behind the row: how many of its rows, by which columns they were found; None = all rows of the table."""

    table: str
    rows_n: int
    by: tuple[str, ...] | None


@dataclass(frozen=True)
class Explanation:
    """A row, what its columns mean, and where it comes from.

    Attributes:
        table: full name.
        row: column -> value, without audit columns.
        columns: declarations of these columns.
        source: source of the table's definitions.
        function: module and name of the function that makes the table.
        documentation: the function's own documentation.
        behind: tables the row is made from, directly or not, nearest first.
        files: landing files of the silver rows among them.
    """

    table: str
    row: Mapping[str, Any]
    columns: Sequence[DerivedColumn]
    source: str
    function: str
    documentation: str
    behind: Sequence[Behind]
    files: Sequence[FilePart]


def explain(lake: Lakehouse, graph: Graph, table: str, key: Mapping[str, str]) -> Explanation:
    """Explain one row of a silver, gold or computed ops table.

    Args:
        lake: the lakehouse.
        graph: the tables.
        table: full name of a table of the lakehouse.
        key: column -> value as text; it has to fit one row.
    Raises:
        ConfigError: the table is not computed, a column or value does not fit, or not exactly one row does.
    """
    import inspect

    if table not in graph.specs:
        raise ConfigError(f"{table} is not computed from other tables: explain takes silver and gold tables")
    declared = load_tables()[table]
    columns = ", ".join(graph.specs[table].key)
    unknown = [c for c in key if c not in declared.column_names]
    if unknown:
        raise ConfigError(f"--key {unknown[0]}: {table} has no such column; its key: {columns}", option="--key")
    nested = [c.name for c in declared.columns if c.name in key and "<" in c.type]
    if nested:
        raise ConfigError(f"--key {nested[0]} holds lists: give values of {columns}", option="--key")
    if not key:
        raise ConfigError(f"--key is missing: give values of {columns}, as in --key ccn=015009", option="--key")
    ancestors = [t for t in _nearest_first(graph, table) if lake.exists(t)]
    with lake.duckdb([table, *ancestors]) as connection:
        row = _only_row(connection, table, key, graph)
        known = _known(row)
        behind, files = [], []
        for name in ancestors:
            found, conditions, values = _rows_behind(connection, graph, name, table, known)
            behind.append(found)
            if not graph.specs[name].is_derived:
                files += _files(connection, name, conditions, values)
    spec = graph.specs[table]
    functions = [s.function for s in spec.makers]
    return Explanation(
        table,
        {c.name: row.get(c.name) for c in declared.columns},
        declared.columns,
        declared.source,
        ", ".join(f"{f.__module__}.{f.__name__}" for f in functions),
        inspect.getdoc(functions[0]) or "",
        behind,
        files if spec.is_derived else _own_files(table, row),
    )


def _nearest_first(graph: Graph, table: str) -> list[str]:
    """Computed tables behind a table, breadth first."""
    found: list[str] = []
    level = [table]
    while level:
        level = [p for t in level for p in graph.parents.get(t, ()) if p in graph.specs and p not in found]
        found += dict.fromkeys(level)
    return list(dict.fromkeys(found))


def _only_row(
    connection: duckdb.DuckDBPyConnection, table: str, key: Mapping[str, str], graph: Graph
) -> dict[str, Any]:
    types = {c.name: c.type for c in load_tables()[table].columns}
    conditions = [f'"{name}" = CAST(? AS {_sql_type(types[name])})' for name in key]
    values = [f"{v}-01" if types[n] == "date" and _MONTH.match(v) else v for n, v in key.items()]
    asked = ", ".join(f"{n}={v}" for n, v in key.items())
    try:
        asking = f"SELECT * FROM {table} WHERE {' AND '.join(conditions)} LIMIT {_LISTED + 1}"
        # Through Arrow: DuckDB's own Python values of times need a library of their own.
        rows: list[dict[str, Any]] = connection.sql(asking, params=values).to_arrow_table().to_pylist()
    except duckdb.ConversionException as error:
        first = str(error).splitlines()[0].removeprefix("Conversion Error: ")
        raise ConfigError(f"--key {asked}: {first}", option="--key") from error
    if len(rows) == 1:
        return rows[0]
    if not rows:
        dated = {n: f"{v}-01" if types[n] == "string" and _MONTH.match(v) else v for n, v in key.items()}
        if dated != key:
            return _only_row(connection, table, dated, graph)
        raise ConfigError(f"--key {asked}: {table} has no such row", option="--key")
    spec = graph.specs[table]
    missing = [c for c in (*spec.key, *(["valid_from"] if spec.history == "scd2" else [])) if c not in key]
    some = "; ".join(", ".join(f"{c}={row[c]}" for c in missing) for row in rows[:_LISTED])
    more = "; ..." if len(rows) > _LISTED else ""
    raise ConfigError(
        f"--key {asked}: several rows fit; add a --key of {', '.join(missing)}: {some}{more}", option="--key"
    )


def _known(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the row says of itself, also in the names that other tables have for it; totals say nothing."""
    known = {c: v for c, v in row.items() if v is not None and not c.startswith("_") and v not in (ALL, NATION)}
    period = known.get("period")
    if isinstance(period, str) and _QUARTER.match(period):
        known.setdefault("quarter", period)
    elif isinstance(period, str) and "ccn" in known:
        try:
            known.setdefault("month", date.fromisoformat(period))
        except ValueError:
            pass
    return known


def _rows_behind(
    connection: duckdb.DuckDBPyConnection, graph: Graph, name: str, own: str, known: Mapping[str, Any]
) -> tuple[Behind, str, list[Any]]:
    """What stands behind the row in a table, with the condition that finds it."""
    spec = graph.specs[name]
    columns = {c.name: c.type for c in load_tables()[name].columns}
    if "quarter" in known and "period" in columns and "quarter" not in columns:
        known = {**known, "period": known["quarter"]}
    kinds = _KINDS if _meaning(name, _SOURCE) == _meaning(own, _SOURCE) else (*_KINDS, _SOURCE)
    of_own = graph.specs[own]
    wanted = [c for c in dict.fromkeys([*spec.key, *of_own.key, *of_own.per, *_PLACES]) if c not in kinds]
    shared = [c for c in wanted if c in columns and c in known]
    if not _WHO.isdisjoint(shared):
        shared = [c for c in shared if c not in _PLACES]  # a home or a person that moved is the same
    conditions, values = [f'"{c}" = ?' for c in shared], [known[c] for c in shared]
    month = known.get("snapshot_month")
    if spec.history == "scd2" and month is not None:
        conditions += ['"valid_from" <= ?', '("valid_to" IS NULL OR "valid_to" > ?)']
        values += [month, month]
        shared = [*shared, "valid_from"]
    if "work_date" in columns and "work_date" not in known and "month" in known:
        conditions += ['"work_date" >= ?', '"work_date" < CAST(? AS DATE) + INTERVAL 1 MONTH']
        values += [known["month"], known["month"]]
        shared = [*shared, "work_date"]
    if {"state", "year"} <= set(spec.key) and "state" in known and (year := _year_of(known)):
        shared, conditions, values = ["state", "year"], [_rate_in_force(spec.key, name)], [known["state"], year]
    if not conditions:
        return Behind(name, _count(connection, name, "true", []), None), "true", []
    if "snapshot_month" in shared and month is not None:
        at = shared.index("snapshot_month")
        conditions[at], values[at] = _month_condition(spec, name), month
    condition = " AND ".join(conditions)
    return Behind(name, _count(connection, name, condition, values), tuple(shared)), condition, values


def _meaning(table: str, column: str) -> str | None:
    """What a table says of a column, if it has it."""
    return next((c.description for c in load_tables()[table].columns if c.name == column), None)


def _year_of(known: Mapping[str, Any]) -> int | None:
    """Calendar year of the row, by its month or quarter."""
    moment = known.get("month") or known.get("snapshot_month")
    return int(moment.year) if moment is not None else int(str(known.get("quarter", "0"))[:4]) or None


def _rate_in_force(key: Sequence[str], name: str) -> str:
    """The state's own rate of the year or the latest before it; where it has none, that of the nation."""
    columns = ", ".join(f'"{c}"' for c in key)
    others = ", ".join(f'"{c}"' for c in key if c not in ("state", "year"))
    return (
        f'({columns}) IN (SELECT ({columns}) FROM {name} WHERE "state" IN (?, \'{NATION}\') AND "year" <= ? '
        f'QUALIFY row_number() OVER (PARTITION BY {others} ORDER BY "state" = \'{NATION}\', "year" DESC) = 1)'
    )


def _month_condition(spec: TableSpec, name: str) -> str:
    """The month of the row or, of each data set of the table that does not have it, the latest before."""
    columns = dict.fromkeys(column for s in spec.makers for column, _ in s.part)
    if not columns:
        return '"snapshot_month" = ?'
    of = ", ".join(f'"{column}"' for column in columns)
    return (
        f'({of}, "snapshot_month") IN (SELECT ({of}, max("snapshot_month")) FROM {name} '
        f'WHERE "snapshot_month" <= ? GROUP BY {of})'
    )


def _count(connection: duckdb.DuckDBPyConnection, name: str, condition: str, values: Sequence[Any]) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {name} WHERE {condition}", list(values)).fetchall()[0][0])


def _files(connection: duckdb.DuckDBPyConnection, name: str, condition: str, values: Sequence[Any]) -> list[FilePart]:
    rows = connection.execute(
        f"""SELECT "_source_file", count(*), min("_source_row"), max("_source_row") FROM {name}
            WHERE {condition} GROUP BY 1 ORDER BY 1""",
        list(values),
    ).fetchall()
    return [FilePart(name, *row) for row in rows]


def _own_files(table: str, row: Mapping[str, Any]) -> list[FilePart]:
    """Of a row that was made from a file, the line it came from."""
    return [FilePart(table, row["_source_file"], 1, row["_source_row"], row["_source_row"])]


def _sql_type(declared: str) -> str:
    return {"string": "VARCHAR", "bigint": "BIGINT", "int": "INTEGER"}.get(declared, declared.upper())
