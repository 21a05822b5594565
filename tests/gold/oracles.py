"""Holding table functions against DuckDB SQL written from their definitions, on the same random rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from nh_lakehouse.contracts.loading import load_tables
from nh_lakehouse.lakehouse.schema import arrow_schema, spark_schema

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

duckdb = pytest.importorskip("duckdb")
pa = pytest.importorskip("pyarrow")

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def declared(name: str) -> Any:
    """Declaration of a table, by its full or its short name."""
    tables = load_tables()
    return next(tables[n] for n in (name, f"gold.{name}", f"ops.{name}", f"silver.{name}") if n in tables)


def frames_of(spark: SparkSession, rows: Rows, functions: Mapping[str, Any]) -> dict[str, DataFrame]:
    """The rows of each table as a frame, and what the functions make of them, in their order; by short names."""
    frames: dict[str, Any] = {}
    for name, given in rows.items():
        columns = declared(name).columns
        values = [tuple(row.get(c.name) for c in columns) for row in given]
        frames[name.split(".")[-1]] = spark.createDataFrame(values, schema=spark_schema(columns))
    for name, function in functions.items():
        frames[name] = function(*[frames[i] for i in function.__table__.inputs])
    return frames


def oracle_of(rows: Rows, sql: str) -> Any:
    """A DuckDB connection that holds the same rows under short names, and what the SQL makes of them."""
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    for name, given in rows.items():
        schema = arrow_schema(declared(name).columns)
        arrow = pa.Table.from_pylist([{c: row.get(c) for c in schema.names} for row in given], schema=schema)
        short = name.split(".")[-1]
        connection.register(f"{short}_arrow", arrow)
        connection.execute(f"create table {short} as select * from {short}_arrow")
    connection.execute(sql)
    return connection


def assert_table_equals_oracle(
    function: Any, frame: DataFrame, oracle: Any, *, near_zero: Callable[[Mapping[str, Any]], float] = lambda _: 1e-12
) -> None:
    """Columns as declared, the same keys, and equal values: doubles to twelve significant digits.

    Args:
        function: the table function.
        frame: what it made.
        oracle: the connection that has its table by SQL.
        near_zero: of an expected row, the difference that two doubles may have however small they are.
    """
    name, table = function.__name__, declared(function.__name__)
    types = {field.name: field.dataType.simpleString() for field in frame.schema}
    assert list(types.items()) == [(c.name, c.type) for c in table.columns]

    key = function.__table__.key
    found = {tuple(row[k] for k in key): row.asDict() for row in frame.collect()}
    cursor = oracle.execute(f"select * from {name}")
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    expected = {tuple(row[k] for k in key): row for row in rows}

    assert len(expected) == len(rows) > 0
    assert sorted(names) == sorted(table.column_names)
    assert sorted(map(str, found)) == sorted(map(str, expected))
    different = [
        (k, column, found[k][column], row[column])
        for k, row in expected.items()
        for column in names
        if not _same(found[k][column], row[column], near_zero(row))
    ]
    assert different == []


def columns_without_values(name: str, oracle: Any) -> set[str]:
    """Columns that are null in every row of the oracle's table: they would be equal for the wrong reason."""
    counts = oracle.execute(f"select count(columns(*)) from {name}")
    return {column[0] for column, n in zip(counts.description, counts.fetchone(), strict=True) if n == 0}


def _same(left: Any, right: Any, near_zero: float) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=1e-12, abs_tol=near_zero)
    return bool(left == right)
