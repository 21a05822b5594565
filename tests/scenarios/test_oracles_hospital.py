"""Every derived table of hospital records in a loaded lakehouse against the SQL of its definition, and a load twice.

One lakehouse, loaded by one run from the generated sample of both layouts. The SQL stands in `tests/oracles`; the
tables that it starts from are those of the lakehouse, so that a difference is one of the table that shows it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
from support import load, settings_of_the_product

from nh_lakehouse import Lakehouse, build_graph
from nh_lakehouse.engines import Engine
from nh_lakehouse.sample.hospital import HospitalReport, generate_hospital_sample

pytestmark = pytest.mark.scenario

SPECS = build_graph().specs
SUBJECT_OF = {t: s for s in SUBJECTS if domain_of(s) == "hospital" for t in tables_of(s)}
CHECKS = {"ops.referential": "checks"}
#: Columns that only newer exports fill.
NULL_IN_SAMPLE = {"silver.hosp_procedure": {"code_system"}}


@dataclass(frozen=True)
class Loaded:
    """A lakehouse, and what was written to be loaded."""

    lake: Lakehouse
    landing: Path
    sample: HospitalReport


@pytest.fixture(scope="module")
def hospital(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """The sample of hospital records, loaded by one run."""
    folder = tmp_path_factory.mktemp("hospital")
    sample = generate_hospital_sample(folder / "landing", patients=100)
    with settings_of_the_product(engine):
        report = load(folder / "lake", folder / "landing", engine, domains=("hospital",))
    assert report.exit_code == 0, report.errors
    return Loaded(Lakehouse(folder / "lake"), folder / "landing", sample)


@pytest.fixture(scope="module")
def oracle_of_subject(hospital: Loaded) -> Callable[[str], Any]:
    """The SQL of a subject over the tables of the lakehouse, run at first use."""
    return cache(lambda subject: oracle_of_lakehouse(hospital.lake, subject))


@pytest.mark.parametrize("table", [*SUBJECT_OF, *CHECKS])
def test_table_of_hospital_records_equals_the_sql_of_its_definition(
    table: str, hospital: Loaded, oracle_of_subject: Callable[[str], Any]
) -> None:
    short, oracle = table.split(".")[-1], oracle_of_subject({**SUBJECT_OF, **CHECKS}[table])
    rows = hospital.lake.arrow(table).to_pylist()
    assert_rows_equal_oracle(short, SPECS[table].key, rows, oracle)
    assert rows
    assert columns_without_values(short, oracle) == NULL_IN_SAMPLE.get(table, set())


def test_every_derived_table_of_the_domain_has_its_sql() -> None:
    derived = {n for n, s in SPECS.items() if s.is_derived and n.split(".")[1].startswith("hosp_")}
    assert derived == set(SUBJECT_OF)
