"""Every table made from the silver of claims in a loaded lakehouse against the SQL of its definition.

One lakehouse, loaded by one run from the generated sample of both sources and from lists of every optional kind, small
and made up: no column is null for want of a list. The SQL stands in `tests/oracles`; the tables that it starts from are
those of the lakehouse, so that a difference is one of the table that shows it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from oracles import (
    SUBJECTS,
    assert_rows_equal_oracle,
    columns_without_values,
    domain_of,
    oracle_of_lakehouse,
    tables_of,
)
from thorough import THOROUGH

from nh_lakehouse import Lakehouse, build_graph

pytestmark = pytest.mark.scenario

SPECS = build_graph().specs
SUBJECT_OF = {t: s for s in SUBJECTS if domain_of(s) in ("claims", "ops") for t in tables_of(s)}

#: Columns that are null in every row of the sample: no group has the 30 peers that a comparison needs.
NULL_IN_SAMPLE = {} if THOROUGH else {"gold.fraud_indicators": {"robust_z"}}


@pytest.fixture(scope="module")
def oracle_of_subject(claims: Path) -> Callable[[str], Any]:
    """The SQL of a subject over the tables of the lakehouse, run at first use."""
    return cache(lambda subject: oracle_of_lakehouse(Lakehouse(claims), subject))


@pytest.mark.parametrize("table", SUBJECT_OF)
def test_table_of_the_claims_equals_the_sql_of_its_definition(
    table: str, claims: Path, oracle_of_subject: Callable[[str], Any]
) -> None:
    short, oracle = table.split(".")[-1], oracle_of_subject(SUBJECT_OF[table])
    rows = Lakehouse(claims).arrow(table).to_pylist()
    assert_rows_equal_oracle(short, SPECS[table].key, rows, oracle)
    assert rows
    assert columns_without_values(short, oracle) == NULL_IN_SAMPLE.get(table, set())
