"""Holding tables against DuckDB SQL written from their definitions, on random rows or on a loaded lakehouse.

`<subject>.sql` in this folder makes the tables of its subject from silver, or from gold that another subject makes.
The shipped code lists are there as tables, without the column that names where they come from.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from frames import frame_of

from nh_lakehouse import Lakehouse
from nh_lakehouse.contracts.loading import load_tables
from nh_lakehouse.lakehouse.schema import arrow_schema, spark_schema
from nh_lakehouse.reference import DIGESTS, read_list

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

duckdb = pytest.importorskip("duckdb")
pa = pytest.importorskip("pyarrow")

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
FOLDER = Path(__file__).parent
SUBJECTS = sorted(path.stem for path in FOLDER.glob("*.sql"))
GROUPS = ("total", "rn", "lpn", "aide", "direct_care", "weekend_total", "weekend_rn")
"""Groups of hours per resident and day in the payroll tables."""
JOBS = ("rndon", "rnadmin", "rn_direct", "lpnadmin", "lpn_direct", "cna", "natrn", "medaide")
"""Jobs in the columns of silver.pbj_daily; a wage is named without `_direct`."""

FINES_USD = 20_000.0
"""Usual fines of a home: their changes and slopes have the digits of the amounts."""


def near_zero_of(row: Mapping[str, Any]) -> float:
    """Difference that two doubles of a row may have: a difference of two figures has twelve digits of the figures."""
    return 1e-12 * (FINES_USD if row.get("unit") == "usd" else 1.0)


def sql_of(subject: str, *, premium: float = 1.0) -> str:
    """The SQL of a subject; `premium` is what an hour of contract staff costs in hours of an employee."""
    text = (FOLDER / f"{subject}.sql").read_text(encoding="utf-8")
    for name, lines in _repeated(premium).items():
        text = text.replace(f"{{{name}}}", ", ".join(lines))
    return text


def tables_of(subject: str) -> list[str]:
    """Full names of the tables that the SQL of a subject makes, in its order; its own steps are left out."""
    made = re.findall(r"^create table (\w+) as", sql_of(subject), flags=re.MULTILINE)
    declared_names = {name.split(".")[-1]: name for name in load_tables()}
    return [declared_names[name] for name in made if name in declared_names]


def domain_of(subject: str) -> str:
    """The domain whose tables a subject makes: in which lakehouse they are to be found."""
    return load_tables()[tables_of(subject)[0]].domain


def _repeated(premium: float) -> dict[str, list[str]]:
    """Lines of the payroll SQL that are the same for every group or job."""
    measured = [
        line.format(g=group)
        for group in GROUPS
        for line in (
            "avg({g}_hprd) filter (aberrant is not true) as {g}_hprd_mean",
            "count({g}_hprd) filter (aberrant is not true) as {g}_hprd_n",
            "count({g}_hprd) as {g}_hprd_wtd_n",
            "quantile_cont({g}_hprd, 0.1) filter (aberrant is not true) as {g}_hprd_p10",
            "quantile_cont({g}_hprd, 0.5) filter (aberrant is not true) as {g}_hprd_median",
            "quantile_cont({g}_hprd, 0.9) filter (aberrant is not true) as {g}_hprd_p90",
        )
    ]
    published = [f"f.{group}_hprd as {group}_hprd_wtd" for group in GROUPS]
    published += [line.rsplit(" as ", 1)[1] for line in measured]
    paid = [
        f"sum(hrs_{job}{part}::decimal(18, 4)) filter (hrs_total is not null) as paid_{job}{part}_hours"
        for job in JOBS
        for part in ("", "_ctr")
    ]
    return {
        "over_homes": measured,
        "published": published,
        "paid_of_month": paid,
        "jobs": [f"'{job.removesuffix('_direct')}'" for job in JOBS],
        "hours": [f"hrs_{job}" for job in JOBS],
        "contract_hours": [f"hrs_{job}_ctr" for job in JOBS],
        "premium": [str(premium)],
    }


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
        frames[name.split(".")[-1]] = frame_of(spark, values, spark_schema(columns))
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
    _with_lists(connection).execute(sql)
    return connection


def _with_lists(connection: Any) -> Any:
    for name in DIGESTS:
        rows = [{k: v for k, v in row.items() if k != "source"} for row in read_list(name)]
        connection.register(f"{name}_arrow", pa.Table.from_pylist(rows))
        connection.execute(f"create table {name} as select * from {name}_arrow")
    return connection


def oracle_of_lakehouse(lake: Lakehouse, subject: str) -> Any:
    """A DuckDB connection with what the SQL of a subject makes of a lakehouse's tables; the others have short names."""
    made, present = set(tables_of(subject)), set(lake.tables())
    connection = lake.duckdb()
    connection.execute("create schema oracle")
    connection.execute("use oracle")
    for name, table in load_tables().items():
        if name in made or name.startswith("ops."):
            continue
        if name not in present:  # no file has fed it
            connection.register("nothing", arrow_schema(table.columns).empty_table())
        source = name if name in present else "nothing"
        connection.execute(f'create table "{name.split(".")[-1]}" as select * from {source}')
    _with_lists(connection).execute(sql_of(subject))
    return connection


def assert_table_equals_oracle(
    function: Any, frame: DataFrame, oracle: Any, *, near_zero: Callable[[Mapping[str, Any]], float] = near_zero_of
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

    rows = [row.asDict() for row in frame.collect()]
    assert rows, f"{name} is empty"
    assert_rows_equal_oracle(name, function.__table__.key, rows, oracle, near_zero=near_zero)


def assert_rows_equal_oracle(
    name: str,
    key: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    oracle: Any,
    *,
    near_zero: Callable[[Mapping[str, Any]], float] = near_zero_of,
) -> None:
    """Every declared column, the same keys, and equal values: doubles to twelve significant digits.

    Args:
        name: the table, without its layer.
        key: its key columns.
        rows: its rows.
        oracle: the connection that has the table by SQL.
        near_zero: of an expected row, the difference that two doubles may have however small they are.
    """
    found = {tuple(row[k] for k in key): row for row in rows}
    cursor = oracle.execute(f"select * from {name}")
    names = [column[0] for column in cursor.description]
    made = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    expected = {tuple(row[k] for k in key): row for row in made}

    assert (len(found), len(expected)) == (len(rows), len(made))
    assert sorted(names) == sorted(declared(name).column_names)
    # As sets: two readers name the zone of one moment in different words.
    assert (found.keys() - expected.keys(), expected.keys() - found.keys()) == (set(), set())
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
