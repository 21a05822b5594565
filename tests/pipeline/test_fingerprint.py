"""A table's fingerprint changes with what decides its content, and with nothing else."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tables import visits
from tables.visits import DECLARED

from nh_lakehouse import build_graph
from nh_lakehouse.contracts import load_contracts, load_tables
from nh_lakehouse.contracts.model import DerivedColumn
from nh_lakehouse.declare import Reach
from nh_lakehouse.pipeline import fingerprint as module
from nh_lakehouse.pipeline.fingerprint import table_fingerprint

SPEC = visits.visit_change.__table__
DECLARATION = DECLARED["gold.visit_change"]


def with_columns(*columns: DerivedColumn):
    return DECLARATION.model_copy(update={"columns": (*DECLARATION.columns[:-1], *columns)})


LAST = DECLARATION.columns[-1]


def test_same_table_has_the_same_fingerprint():
    assert table_fingerprint(SPEC, DECLARATION) == table_fingerprint(replace(SPEC), DECLARATION.model_copy())


@pytest.mark.parametrize(
    ("spec", "declaration"),
    [
        pytest.param(replace(SPEC, thresholds={"limits": visits.Limits(busy_from_n=6)}), DECLARATION, id="threshold"),
        pytest.param(replace(SPEC, key=("ccn",)), DECLARATION, id="key"),
        pytest.param(replace(SPEC, per=("ccn",), lookback={}), DECLARATION, id="per"),
        pytest.param(replace(SPEC, lookback={"quarter": 2}), DECLARATION, id="lookback"),
        pytest.param(replace(SPEC, reach={"pbj_daily": Reach("work_date", ("ccn",))}), DECLARATION, id="reach"),
        pytest.param(SPEC, with_columns(LAST.model_copy(update={"type": "double"})), id="column type"),
        pytest.param(SPEC, with_columns(LAST.model_copy(update={"name": "other"})), id="column name"),
        pytest.param(SPEC, with_columns(LAST, LAST.model_copy(update={"name": "more"})), id="column added"),
        pytest.param(build_graph().specs["gold.pbj_totals"], DECLARATION, id="module"),
    ],
)
def test_fingerprint_changes(spec, declaration):
    assert table_fingerprint(spec, declaration) != table_fingerprint(SPEC, DECLARATION)


def test_description_of_a_column_changes_nothing():
    described = with_columns(LAST.model_copy(update={"description": "said better", "unit": "count"}))
    assert table_fingerprint(SPEC, described) == table_fingerprint(SPEC, DECLARATION)


def test_module_and_what_it_imports_of_the_package_count():
    closure = module._closure("nh_lakehouse.gold.payroll_period")
    assert {
        "nh_lakehouse.gold.payroll_period",
        "nh_lakehouse.gold.payroll_day",
        "nh_lakehouse.gold.statistics",
    } <= closure
    assert not any(
        name.startswith(("nh_lakehouse.errors", "nh_lakehouse.declare", "nh_lakehouse.pipeline")) for name in closure
    )


@pytest.fixture
def edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A module of table functions that a test may edit."""
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path / "edited_tables.py"
    sys.modules.pop("edited_tables", None)
    module._path.cache_clear()


def test_edited_function_changes_the_fingerprint(edited: Path):
    text = "from nh_lakehouse.declare import table\n\n@table('gold.visit_change', key=['ccn'])\ndef visit_change(visits):\n    return visits\n"
    found = []
    for body in (text, text.replace("return visits", "return visits.distinct()"), text):
        edited.write_text(body)
        importlib.invalidate_caches()
        for cache in (module._closure, module._path, module._source_hash):
            cache.cache_clear()
        function = importlib.import_module("edited_tables").visit_change
        found.append(table_fingerprint(function.__table__, DECLARATION))
    assert found[0] == found[2] != found[1]


def test_silver_counts_its_contract_and_the_steps_that_make_it():
    spec, contract = build_graph().specs["silver.nh_facility_month"], load_contracts()["nh_provider_info"]
    declaration = load_tables()[spec.name]
    aliased = contract.columns[0].model_copy(update={"aliases": ("Other Name",)})
    changed = contract.model_copy(update={"columns": (aliased, *contract.columns[1:])})
    assert table_fingerprint(spec, declaration, [contract]) != table_fingerprint(spec, declaration, [changed])
    assert table_fingerprint(spec, declaration, [contract]) != table_fingerprint(spec, declaration)
