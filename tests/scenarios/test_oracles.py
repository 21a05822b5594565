"""Every gold table of the nursing homes in a loaded lakehouse against the SQL of its definition, `tests/oracles`.

Two lakehouses, each loaded by one run: the whole generated sample, and the publishers' files, which lack readmission
rates, penalties, citations and assessment measures. The tables that the SQL starts from are those of the lakehouse, so
that a difference is one of the table that shows it. The random rows of `tests/gold` reach what neither lakehouse has.
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
from support import engine_name

from nh_lakehouse import Lakehouse, build_graph

pytestmark = pytest.mark.scenario

Oracles = Callable[[str], Any]
SPECS = build_graph().specs
SUBJECT_OF = {t: s for s in SUBJECTS if domain_of(s) in ("nursing_home", "ops") for t in tables_of(s)}

#: Of the shipped files: no home has a readmission rate, and no file of penalties, citations or measures is among them.
EMPTY_IN_SHIPPED = {
    "gold.nh_citation_summary",
    "gold.nh_fines_summary",
    "gold.nh_penalty_by_staffing_band",
    "gold.nh_quality_trend",
    "gold.nh_readmission_facility",
    "gold.nh_state_risk",
    "gold.nh_state_staffing_readmission",
}

#: Columns that are null in every row of the sample: it has one quarter of payroll, two months, few homes a state, and
#: the publisher's averages of October 2024 hold no ratings.
NULL_IN_WHOLE = {
    "gold.nh_state_risk": {"risk_score_n10"},
    "gold.nh_state_scorecard": {"risk_score_n10", "overall_rating_mean_published", "overall_rating_mean_diff"},
    "gold.nh_trend": {"mean_3m", "slope_12m"},
    "gold.pbj_quarter": {"emp_hours_qoq_pct", "contract_share_qoq", "attrition_slope_8q", "turnover_change"},
    "gold.pbj_state_quarter": {"emp_hours_qoq_pct", "contract_share_qoq", "attrition_slope_8q"},
}


@pytest.fixture(scope="module")
def whole_oracles(whole: Path) -> Oracles:
    """The SQL of a subject over the sample's tables, run at first use."""
    return cache(lambda subject: oracle_of_lakehouse(Lakehouse(whole), subject))


@pytest.fixture(scope="module")
def shipped_oracles(request: pytest.FixtureRequest) -> Oracles:
    """The SQL of a subject over the tables of the publishers' files, run at first use."""
    if engine_name() != "sail":
        pytest.skip("the publishers' files are compared on the embedded engine; the sample on both")
    lake = Lakehouse(request.getfixturevalue("shipped"))
    return cache(lambda subject: oracle_of_lakehouse(lake, subject))


def compare(lake: Path, table: str, oracles: Oracles) -> int:
    """Hold a table against its SQL; the number of its rows."""
    reader = Lakehouse(lake)
    rows = reader.arrow(table).to_pylist() if reader.exists(table) else []
    assert_rows_equal_oracle(table.split(".")[-1], SPECS[table].key, rows, oracles(SUBJECT_OF[table]))
    return len(rows)


def test_every_gold_table_has_one_oracle() -> None:
    derived = [name for name, spec in SPECS.items() if spec.is_derived]
    assert sorted(table for subject in SUBJECTS for table in tables_of(subject)) == sorted(derived)


@pytest.mark.parametrize("table", SUBJECT_OF)
def test_table_of_the_sample_equals_the_sql_of_its_definition(table: str, whole: Path, whole_oracles: Oracles) -> None:
    assert compare(whole, table, whole_oracles) > 0
    without = columns_without_values(table.split(".")[-1], whole_oracles(SUBJECT_OF[table]))
    assert without == NULL_IN_WHOLE.get(table, set())


@pytest.mark.parametrize("table", SUBJECT_OF)
def test_table_of_the_shipped_files_equals_the_sql_of_its_definition(
    table: str, shipped_oracles: Oracles, request: pytest.FixtureRequest
) -> None:
    assert (compare(request.getfixturevalue("shipped"), table, shipped_oracles) == 0) == (table in EMPTY_IN_SHIPPED)
