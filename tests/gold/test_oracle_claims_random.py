"""Every table made from the silver of claims against the SQL of its definition, on random rows.

The rows have what no sample has (claims_random.py): among it providers enough to be compared with their peers. Each
function reads what the SQL made of the tables before it, so that a difference is one of the table that shows it.
NHL_THOROUGH=1: more people, peers for every table, and without lists.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from claims_random import RandomClaims
from oracles import (
    SUBJECTS,
    assert_rows_equal_oracle,
    columns_without_values,
    declared,
    domain_of,
    duckdb,
    oracle_of,
    sql_of,
)
from thorough import THOROUGH, embedded_unless_thorough

from nh_lakehouse import build_graph
from nh_lakehouse.contracts.loading import load_tables
from nh_lakehouse.lakehouse.schema import arrow_schema, spark_schema

pytestmark = embedded_unless_thorough

GRAPH = build_graph()
SPECS = {
    name.split(".")[-1]: spec
    for name, spec in GRAPH.specs.items()
    if spec.is_derived and GRAPH.is_of(name, ("claims",))
}
CASES = {"lists": {"seed": 1, "people": 12}, "peers": {"seed": 3, "people": 30, "peers": 50}}
if THOROUGH:
    CASES |= {
        "no lists": {"seed": 2, "people": 40, "with_lists": False},
        **{f"seed {seed}": {"seed": seed, "people": 40} for seed in range(4, 12)},
    }
#: The one table that compares peers.
COMPARING = "fraud_indicators"
PAIRS = [(case, table) for case in CASES for table in SPECS if THOROUGH or case != "peers" or table == COMPARING]


def _oracle(case: dict[str, Any]) -> Any:
    """A DuckDB connection with the random rows and all that the SQL of the subjects makes of them."""
    rows: dict[str, Any] = {
        t.name.split(".")[-1]: []
        for t in load_tables().values()
        if t.name.startswith(("silver.nh_", "silver.hosp_")) or t.name == "silver.pbj_daily"
    }
    connection = oracle_of(rows | RandomClaims(**case).tables, "select 1")
    texts = [sql_of(subject) for subject in SUBJECTS if domain_of(subject) in ("claims", "ops")]
    waiting = [s.strip() for text in texts for s in re.split(r";$", re.sub("--.*", "", text), flags=re.M) if s.strip()]
    while waiting:  # a subject reads tables of another, which in turn may read the first
        later = [statement for statement in waiting if not _runs(connection, statement)]
        assert len(later) < len(waiting), later[0]
        waiting = later
    return connection


def _runs(connection: Any, statement: str) -> bool:
    """Run a statement; False where it needs a table that is not there yet."""
    try:
        connection.execute(statement.replace("create macro", "create or replace macro"))
    except duckdb.CatalogException as error:
        if "does not exist" in str(error):
            return False
        raise
    return True


@pytest.fixture(scope="module")
def oracles() -> Callable[[str], Any]:
    """The connection of a case, made at first use."""
    return cache(lambda name: _oracle(CASES[name]))


@pytest.fixture(scope="module")
def frames(spark: Any, oracles: Callable[[str], Any]) -> Callable[[str, str], Any]:
    """A table of a case, as the SQL made it, as a frame."""

    def frame(case: str, table: str) -> Any:
        columns = declared(table).columns
        names = ", ".join(f'"{column.name}"' for column in columns)
        rows = oracles(case).sql(f"select {names} from {table}").to_arrow_table().cast(arrow_schema(columns))
        return spark.createDataFrame(rows) if rows.num_rows else spark.createDataFrame([], schema=spark_schema(columns))

    return cache(frame)


@pytest.mark.parametrize(("case", "table"), PAIRS)
def test_table_of_random_claims_equals_the_sql_of_its_definition(
    case: str, table: str, oracles: Callable[[str], Any], frames: Callable[[str, str], Any]
) -> None:
    spec = SPECS[table]
    made = spec.function(*[frames(case, name) for name in spec.inputs])
    types = {(field.name, field.dataType.simpleString()) for field in made.schema}
    assert types == {(column.name, column.type) for column in declared(table).columns}
    assert_rows_equal_oracle(table, spec.key, made.toArrow().to_pylist(), oracles(case))
    if (case, table) == ("peers", COMPARING):
        assert not columns_without_values(table, oracles(case))
