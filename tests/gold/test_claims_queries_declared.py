"""The 21 questions as a whole: each is declared, has the declared columns, and needs its first input alone."""

from __future__ import annotations

import re
from typing import Any

import pytest

from nh_lakehouse.contracts.loading import load_tables
from nh_lakehouse.declare import TableSpec
from nh_lakehouse.gold import (
    claims_queries_claims,
    claims_queries_codes,
    claims_queries_drugs,
    claims_queries_health,
    claims_queries_people,
    claims_queries_quality,
    claims_queries_spending,
    claims_queries_use,
)
from nh_lakehouse.pipeline.check_frame import check_columns

MODULES = (
    claims_queries_claims, claims_queries_codes, claims_queries_drugs, claims_queries_health, claims_queries_people,
    claims_queries_quality, claims_queries_spending, claims_queries_use,
)  # fmt: skip
SPECS: dict[str, TableSpec] = {
    name: getattr(module, name).__table__ for module in MODULES for name in module.__all__ if re.match(r"q\d\d_", name)
}


def test_every_declared_question_has_a_function() -> None:
    declared = [name.split(".")[1] for name in load_tables() if re.match(r"gold\.q\d\d_", name)]
    assert sorted(SPECS) == sorted(declared) and len(declared) == 21


@pytest.mark.parametrize("name", sorted(SPECS))
def test_columns_key_and_optional_inputs(name: str, frame: Any) -> None:
    spec, tables = SPECS[name], load_tables()
    full_names = {short: next(t for t in tables if t.split(".")[1] == short) for short in spec.inputs}
    columns = tables[spec.name].columns
    empty = spec.function(**{short: frame(full_name, []) for short, full_name in full_names.items()})
    check_columns(spec.name, empty, columns)
    assert empty.columns == [column.name for column in columns]
    assert empty.isEmpty()
    assert spec.optional == spec.inputs[1:]
    assert set(spec.key) <= set(empty.columns)
    in_all = [
        full_name for full_name in full_names.values() if {"source", "year"} <= set(tables[full_name].column_names)
    ]
    assert not spec.per or in_all == list(full_names.values())  # `per` needs its columns in every input
