"""Chronic conditions of patients and years."""

from __future__ import annotations

from datetime import date
from typing import Any

from nh_lakehouse.contracts import load_tables
from nh_lakehouse.gold.claims_chronic import chronic_condition
from nh_lakehouse.pipeline.check_frame import check_columns

SPINE, DX, YEAR = "gold.patient_spine", "silver.claim_diagnosis", "silver.clm_beneficiary_year"
FEB, FEB_2, MAR = date(2009, 2, 1), date(2009, 2, 2), date(2009, 3, 1)

#: A code of a condition by each of the three rules: heart failure 2 years any1, arthritis 2 years any2, diabetes
#: 2 years ip1_op2, copd 1 year ip1_op2, alzheimer 3 years any1.
HEART, ARTHRITIS, DIABETES, COPD, ALZHEIMER = "4280", "7140", "25000", "496", "3310"


def _dx(claim_id: str, code: str, day: date | None, *, claim_type: str = "carrier", **others: Any) -> dict[str, Any]:
    row = {"source": "rif", "bene_id": "A", "claim_type": claim_type, "claim_id": claim_id, "dx_type": "principal"}
    return {**row, "code_system": "ICD9", "code": code, "from_date": day, **others}


def _spine(*years: int, bene_id: str = "A", source: str = "rif") -> list[dict[str, Any]]:
    return [{"source": source, "bene_id": bene_id, "year": year} for year in years]


def _found(frame: Any, values: Any, spine: list[Any], dx: list[Any], columns: str, flags: Any = ()) -> list[Any]:
    found = chronic_condition(frame(SPINE, spine), frame(DX, dx), frame(YEAR, flags))
    check_columns("gold.chronic_condition", found, load_tables()["gold.chronic_condition"].columns)
    return values(found, columns)


#: Case -> its diagnoses, and the conditions of 2009 that they make.
CASES: dict[str, tuple[list[dict[str, Any]], list[str]]] = {
    "any1: one outpatient claim": ([_dx("1", HEART, FEB)], ["heart_failure"]),
    "hospice never counts": ([_dx("1", HEART, FEB, claim_type="hospice")], []),
    "dme never counts": ([_dx("1", HEART, FEB, claim_type="dme")], []),
    "line diagnosis counts": ([_dx("1", HEART, FEB, dx_type="line")], ["heart_failure"]),
    "secondary counts": ([_dx("1", HEART, FEB, dx_type="secondary")], ["heart_failure"]),
    "admitting never counts": ([_dx("1", HEART, FEB, dx_type="admitting")], []),
    "external never counts": ([_dx("1", HEART, FEB, dx_type="external")], []),
    "undated claim": ([_dx("1", HEART, None)], []),
    "code of the other system": ([_dx("1", HEART, FEB, code_system="ICD10")], []),
    "icd10": ([_dx("1", "I5020", FEB, code_system="ICD10")], ["heart_failure"]),
    "any2: one claim": ([_dx("1", ARTHRITIS, FEB)], []),
    "any2: two claims of a day": ([_dx("1", ARTHRITIS, FEB), _dx("2", ARTHRITIS, FEB)], []),
    "any2: a day apart": ([_dx("1", ARTHRITIS, FEB), _dx("2", "7150", FEB_2)], ["arthritis"]),
    "any2: of both kinds": (
        [_dx("1", ARTHRITIS, FEB), _dx("2", ARTHRITIS, FEB_2, claim_type="inpatient")],
        ["arthritis"],
    ),
    "ip1: inpatient": ([_dx("1", DIABETES, FEB, claim_type="inpatient")], ["diabetes"]),
    "ip1: snf": ([_dx("1", DIABETES, FEB, claim_type="snf")], ["diabetes"]),
    "ip1: hha": ([_dx("1", DIABETES, FEB, claim_type="hha")], ["diabetes"]),
    "op2: one claim": ([_dx("1", DIABETES, FEB)], []),
    "op2: two claims of a day": ([_dx("1", DIABETES, FEB), _dx("1", DIABETES, FEB, claim_type="outpatient")], []),
    "op2: a day apart": (
        [_dx("1", DIABETES, FEB), _dx("2", DIABETES, FEB_2, claim_type="outpatient")],
        ["diabetes"],
    ),
    "hypertension alone": ([_dx("1", "4019", FEB, claim_type="inpatient")], ["hypertension"]),
    "one code of three groups": (
        [_dx("1", "40401", FEB, claim_type="inpatient")],
        ["heart_failure", "hypertension", "kidney"],
    ),
    "cancer is any of the four": ([_dx("1", "1749", FEB, claim_type="inpatient")], ["cancer", "cancer_breast"]),
    "two cancers once each are none": ([_dx("1", "1749", FEB), _dx("2", "1629", MAR)], []),
    "one of two cancers": (
        [_dx("1", "1749", FEB), _dx("2", "1749", MAR), _dx("3", "185", MAR)],
        ["cancer", "cancer_breast"],
    ),
}


def test_rules_of_conditions(frame: Any, values: Any) -> None:
    """Each case is a person."""
    dx = [{**row, "bene_id": case} for case, (rows, _) in CASES.items() for row in rows]
    spine = [row for case in CASES for row in _spine(2009, bene_id=case)]
    found: dict[str, list[str]] = {case: [] for case in CASES}
    for case, condition, flag in _found(frame, values, spine, dx, "bene_id condition dx_flag"):
        assert flag
        found[case].append(condition)
    assert found == {case: conditions for case, (_, conditions) in CASES.items()}


def test_claims_count_in_the_years_that_look_back_on_them(frame: Any, values: Any) -> None:
    """One claim of 2008 each: alzheimer looks back to the year before the last, heart failure to the last, copd not."""
    dx = [
        _dx("1", ALZHEIMER, date(2008, 5, 1)),
        _dx("2", HEART, date(2008, 5, 1)),
        _dx("3", COPD, date(2008, 5, 1), claim_type="inpatient"),
    ]
    found = _found(frame, values, _spine(2008, 2009, 2010, 2011), dx, "condition year")
    assert found == [
        ("alzheimer", 2008), ("alzheimer", 2009), ("alzheimer", 2010), ("copd", 2008), ("heart_failure", 2008),
        ("heart_failure", 2009),
    ]  # fmt: skip


def test_claims_of_two_years_make_a_rule_together(frame: Any, values: Any) -> None:
    dx = [_dx("1", DIABETES, date(2008, 12, 31)), _dx("2", DIABETES, date(2009, 1, 1))]
    columns = "year ip_claims_n op_claims_n first_dx_date last_dx_date"
    found = _found(frame, values, _spine(2008, 2009, 2010), dx, columns)
    assert found == [(2009, 0, 2, date(2008, 12, 31), date(2009, 1, 1))]


def test_a_claim_counts_once_and_claims_of_two_types_may_share_an_id(frame: Any, values: Any) -> None:
    dx = [
        _dx("1", DIABETES, FEB, dx_seq=1),
        _dx("1", "25002", FEB, dx_type="line", dx_seq=2),
        _dx("1", DIABETES, MAR, claim_type="inpatient"),
    ]
    assert _found(frame, values, _spine(2009), dx, "ip_claims_n op_claims_n") == [(1, 1)]


def test_any_cancer_counts_the_claims_of_all_four(frame: Any, values: Any) -> None:
    dx = [_dx("1", "1749", FEB), _dx("1", "1629", FEB, dx_type="secondary"), _dx("2", "185", MAR), _dx("3", "185", FEB)]
    assert _found(frame, values, _spine(2009), dx, "condition op_claims_n") == [("cancer", 3), ("cancer_prostate", 2)]


def test_no_row_for_years_outside_of_the_spine(frame: Any, values: Any) -> None:
    dx = [_dx("1", ALZHEIMER, date(2008, 5, 1))]
    assert _found(frame, values, _spine(2010), dx, "year") == [(2010,)]
    assert _found(frame, values, _spine(2008, source="synpuf"), dx, "year") == []


def test_published_flags_stand_beside_the_rule(frame: Any, values: Any) -> None:
    year = {"source": "rif", "bene_id": "A", "year": 2009}
    flags = [{**year, "sp_chf": True, "sp_diabetes": True, "sp_copd": False, "sp_depressn": False}]
    dx = [_dx("1", HEART, FEB), _dx("2", DIABETES, FEB), _dx("3", "311", FEB), _dx("4", "2720", FEB, claim_type="snf")]
    columns = "condition dx_flag sp_flag ip_claims_n op_claims_n first_dx_date"
    assert _found(frame, values, _spine(2009), dx, columns, flags) == [
        ("depression", True, False, 0, 1, FEB),
        ("diabetes", False, True, 0, 1, FEB),
        ("heart_failure", True, True, 0, 1, FEB),
        ("hyperlipidemia", True, None, 1, 0, FEB),
    ]


def test_a_flag_alone_has_no_claims(frame: Any, values: Any) -> None:
    flags = [{"source": "synpuf", "bene_id": "A", "year": 2009, "sp_strketia": True, "sp_cncr": True}]
    columns = "condition dx_flag sp_flag ip_claims_n op_claims_n first_dx_date last_dx_date"
    assert _found(frame, values, _spine(2009, source="synpuf"), [], columns, flags) == [
        ("cancer", False, True, 0, 0, None, None),
        ("stroke", False, True, 0, 0, None, None),
    ]
