"""SQL from users: reads the tables and nothing else, and mistakes are explained."""

from __future__ import annotations

import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from lake import small_lake

from nh_lakehouse import Lakehouse
from nh_lakehouse.cli.sql import answer, select_statement, sql_errors
from nh_lakehouse.errors import ConfigError
from nh_lakehouse.lakehouse.duckdb_sql import refuse_writing

STATES = "gold.nh_state_risk"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lakehouse:
    return Lakehouse(small_lake(tmp_path_factory.mktemp("lake")))


def ask(lake: Lakehouse, sql: str) -> list[tuple[Any, ...]]:
    with sql_errors(lake), answer(lake, sql) as (_, rows):
        return list(rows)


@pytest.mark.parametrize("name", ["gold.nh_state_risk", "nh_state_risk", 'gold."nh_state_risk"', "NH_STATE_RISK"])
def test_answer_knows_full_and_short_names(lake: Lakehouse, name: str) -> None:
    assert ask(lake, f"SELECT count(*) FROM {name}") == [(6,)]


def test_answer_joins_tables(lake: Lakehouse) -> None:
    sql = "SELECT count(*) FROM nh_facility_risk AS f JOIN nh_executive_summary AS e USING (snapshot_month)"
    assert ask(lake, sql) == [(36,)]


def test_spans_of_time_are_told_in_words(lake: Lakehouse) -> None:
    sql = "SELECT age(DATE '2024-03-01', DATE '2023-01-15') AS a, 1 AS a, INTERVAL '1 month' AS i -- as asked"
    with answer(lake, sql) as (names, rows):
        assert (names, list(rows)) == (["a", "a_2", "i"], [("1 year 1 month 17 days", 1, "1 month")])


def test_values_arrive_as_they_are(lake: Lakehouse) -> None:
    sql = "SELECT map{'k': 2} AS m, map() AS none, [1, NULL] AS l, {'a': 1} AS s, 1.50::decimal(18, 2) AS d, NULL AS n"
    assert ask(lake, sql) == [({"k": 2}, {}, [1, None], {"a": 1}, Decimal("1.50"), None)]


def test_error_behind_the_first_rows_is_explained(lake: Lakehouse) -> None:
    sql = "SELECT CASE WHEN i = 90000 THEN CAST('x' || i AS int) ELSE i END FROM range(100000) AS t(i)"
    with pytest.raises(ConfigError, match="Could not convert string 'x90000'"):
        ask(lake, sql)


def test_show_and_query_load_neither_arrow_nor_pydantic(lake: Lakehouse) -> None:
    heavy = ("pyarrow", "pandas", "numpy", "pydantic", "pyspark")
    for command in (["show", STATES], ["query", f"SELECT state FROM {STATES}"]):
        # The command ends the process by `os._exit`: there the modules are told.
        program = (
            "import os, sys; from nh_lakehouse.cli import main\n"
            f"sys.argv = ['nh-lakehouse', *{command!r}, '--lakehouse', {str(lake.root)!r}]\n"
            f"os._exit = lambda code: sys.exit(f'{{code}} ' + str([n for n in {heavy!r} if n in sys.modules]))\n"
            "main()"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert (done.stderr.strip(), "state" in done.stdout) == ("0 []", True)


def test_answer_numbers_columns_of_one_name(lake: Lakehouse) -> None:
    with answer(lake, "SELECT 1 AS a, 2 AS a, 3 AS a") as (names, rows):
        assert (names, list(rows)) == (["a", "a_2", "a_3"], [(1, 2, 3)])


@pytest.mark.parametrize(
    "sql",
    [
        "DROP VIEW gold.nh_state_risk",
        "CREATE TABLE main.x AS SELECT 1",
        "INSERT INTO gold.nh_state_risk SELECT * FROM gold.nh_state_risk",
        "COPY (SELECT 1) TO 'x.csv'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO 'x.csv'",
        "/* a */ EXPLAIN (ANALYZE) COPY (SELECT 1) TO 'x.csv'",
        "ATTACH 'x.db'",
        "SET enable_external_access = true",
        "SELECT 1; DROP VIEW gold.nh_state_risk",
        "",
        "-- nothing",
    ],
)
def test_answer_refuses_everything_but_one_select(lake: Lakehouse, sql: str) -> None:
    with pytest.raises(ConfigError, match="expected one SELECT"):
        ask(lake, sql)


@pytest.mark.parametrize("folder", ["a?b", "a*b", "it's a lake", "Gr\u00f6\u00dfe"])
def test_folder_of_any_name_is_read(tmp_path: Path, folder: str) -> None:
    shutil.copytree(small_lake(tmp_path / "made"), tmp_path / folder)
    assert ask(Lakehouse(tmp_path / folder), "SELECT count(*) FROM nh_state_risk") == [(6,)]


@pytest.mark.parametrize("before", ["EXPLAIN", "EXPLAIN ANALYZE", "explain (analyze, format json)"])
def test_a_plan_may_be_asked_for(before: str) -> None:
    refuse_writing(f"{before} SELECT 1")


@pytest.mark.parametrize(
    "sql",
    [
        "/* explain ( */ explain analyze copy (select 1) to 'x' --*/ select 1",
        "explain (analyze /*) select 1 --*/) copy (select 1) to 'x'",
        "explain /* */ analyze copy (select 1) to 'x'",
    ],
)
def test_no_comment_hides_what_is_explained(sql: str) -> None:
    with pytest.raises((ConfigError, duckdb.ParserException)):
        refuse_writing(sql)


def test_sql_of_the_lakehouse_writes_over_no_data_file(lake: Lakehouse) -> None:
    (file, *_) = lake.delta("gold.nh_state_risk").file_uris()
    before = Path(file).read_bytes()
    with pytest.raises(ConfigError, match="expected one SELECT"):
        lake.sql(f"EXPLAIN ANALYZE COPY (SELECT 1) TO '{file}' (FORMAT parquet, USE_TMP_FILE false)")
    assert Path(file).read_bytes() == before


@pytest.mark.parametrize(
    "source",
    ["read_csv('/etc/passwd')", "read_text('/etc/passwd')", "'/etc/passwd'", "glob('/etc/*')", "read_parquet('x')"],
)
def test_answer_reads_no_other_file_of_the_machine(lake: Lakehouse, source: str) -> None:
    with pytest.raises(ConfigError):
        ask(lake, f"SELECT * FROM {source}")


def test_answer_marks_the_place_of_a_mistake(lake: Lakehouse) -> None:
    with pytest.raises(ConfigError) as caught:
        ask(lake, "SELECT stat FROM nh_state_risk")
    message = caught.value.message
    assert '"state"' in message
    line, marker = message.splitlines()[-2:]
    assert line[marker.index("^") :].startswith("stat ")


def test_answer_names_near_tables(lake: Lakehouse) -> None:
    with pytest.raises(ConfigError, match=r"tables of a near name: .*nh_state_risk"):
        ask(lake, "SELECT * FROM nh_state_rsk")


def test_answer_tells_a_mistake_that_shows_only_while_reading(lake: Lakehouse) -> None:
    with pytest.raises(ConfigError, match="Could not convert"):
        ask(lake, "SELECT CAST(state AS INT) FROM nh_state_risk")


def test_answer_does_not_see_variables_of_the_program(lake: Lakehouse) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        ask(lake, "SELECT * FROM statements")


def test_select_statement_sorts_and_limits(lake: Lakehouse) -> None:
    sql = select_statement(lake, STATES, columns=["STATE"], order_by=["risk_score desc"], limit=2)
    assert ask(lake, sql) == [("TX",), ("LA",)]


def test_select_statement_keeps_a_comment_inside_the_condition(lake: Lakehouse) -> None:
    sql = select_statement(lake, STATES, columns=["state"], where="state = 'TX' -- only one", limit=5)
    assert ask(lake, sql) == [("TX",)]


@pytest.mark.parametrize("order", ["risk_score sideways", "risk_score; DROP", "1", "abs(risk_score)", ""])
def test_select_statement_orders_by_columns_alone(lake: Lakehouse, order: str) -> None:
    with pytest.raises(ConfigError, match="--order-by"):
        select_statement(lake, STATES, order_by=[order])


def test_select_statement_suggests_columns(lake: Lakehouse) -> None:
    with pytest.raises(ConfigError, match="did you mean risk_score"):
        select_statement(lake, STATES, columns=["riskscore"])


def test_answer_streams_long_tables(tmp_path: Path, lake: Lakehouse) -> None:
    with answer(lake, "SELECT range AS n FROM range(25000)") as (_, rows):
        assert sum(n for (n,) in rows) == 25000 * 24999 // 2


def test_a_query_that_somebody_stops_is_interrupted_not_broken(lake: Lakehouse) -> None:
    with pytest.raises(KeyboardInterrupt), sql_errors(lake):
        raise RuntimeError("Query interrupted")  # what DuckDB makes of SIGINT
    with pytest.raises(RuntimeError, match="another"), sql_errors(lake):
        raise RuntimeError("another")
