"""The code lists that ship with the package."""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files

import pytest

from nh_lakehouse.contracts import load_tables
from nh_lakehouse.errors import ConfigError
from nh_lakehouse.reference import DIGESTS, read_list

ICD = {"ICD9": r"(\d{3,5}|V\d{2,4}|E\d{3,4})\Z", "ICD10": r"[A-Z]\d[0-9A-Z][0-9A-Z]{0,4}\Z"}


@pytest.mark.parametrize("name", DIGESTS)
def test_a_changed_list_changes_the_module_that_reads_it(name: str) -> None:
    content = (files("nh_lakehouse.reference") / f"{name}.csv").read_bytes()
    assert hashlib.sha256(content).hexdigest()[:16] == DIGESTS[name]


@pytest.mark.parametrize("name", DIGESTS)
def test_every_row_is_whole_and_names_its_source(name: str) -> None:
    rows = read_list(name)
    assert all(row["source"] and None not in row.values() and None not in row for row in rows)
    assert len({tuple(row.values()) for row in rows}) == len(rows)


@pytest.mark.parametrize("name", ["charlson_quan_2005", "chronic_groups"])
def test_prefixes_fit_their_code_system_and_none_contains_another(name: str) -> None:
    rows = read_list(name)
    assert [r for r in rows if not re.match(ICD[r["code_system"]], r["code_prefix"])] == []
    prefixes = [(r["group"], r["code_system"], r["code_prefix"]) for r in rows]
    assert [(p, q) for p in prefixes for q in prefixes if p != q and p[:2] == q[:2] and q[2].startswith(p[2])] == []


def test_charlson_has_seventeen_groups_with_the_original_weights() -> None:
    weights = {r["group"]: int(r["weight"]) for r in read_list("charlson_quan_2005")}
    # Charlson 1987: ten comorbidities of weight 1, four of 2, one of 3, two of 6.
    assert sorted(weights.values()) == [1] * 10 + [2] * 4 + [3] + [6] * 2
    columns = load_tables()["gold.charlson"].column_names
    assert {f"ch_{group}" for group in weights} == {c for c in columns if c.startswith("ch_")}


def test_chronic_groups_are_those_of_the_patient_columns() -> None:
    groups = {re.sub("^cancer_.*", "cancer", r["group"]) for r in read_list("chronic_groups")}
    columns = load_tables()["gold.patient_year"].column_names
    assert {f"dx_{group}" for group in groups} == {c for c in columns if c.startswith("dx_")}


def test_a_group_has_one_rule() -> None:
    rules = {(r["group"], r["lookback_years"], r["rule"]) for r in read_list("chronic_groups")}
    assert len(rules) == len({group for group, _, _ in rules}) == 16


def test_read_list_refuses_a_name_that_does_not_ship() -> None:
    with pytest.raises(ConfigError) as raised:
        read_list("nothing")
    assert raised.value.field == "nothing"
