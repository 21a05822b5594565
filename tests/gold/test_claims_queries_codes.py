"""Diagnoses and procedures of a handful of claims, the arithmetic beside each figure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from nh_lakehouse.gold.claims_queries_codes import q08_top_diagnoses, q09_top_procedures, q20_icd_mix

DX, PX, LINES, CLAIMS = "silver.claim_diagnosis", "silver.claim_procedure", "gold.fact_claim_lines", "gold.fact_claims"
DIAGNOSIS, ICD, HCPCS = "gold.dim_diagnosis", "silver.clm_icd", "silver.clm_hcpcs"


def _usd(amount: float | str | None) -> Decimal | None:
    return None if amount is None else Decimal(str(amount))


def _of(claim: str, bene: str | None, year: int | None, **others: Any) -> dict[str, Any]:
    return {"source": "synpuf", "claim_type": "carrier", "claim_id": claim, "bene_id": bene, "year": year} | others


def _dx(claim: str, bene: str | None, year: int | None, kind: str, code: str, **others: Any) -> dict[str, Any]:
    return _of(claim, bene, year, dx_type=kind, code=code, code_system="ICD9", is_valid_code=True) | others


def _claim(
    claim: str, bene: str | None, year: int | None, usd: float | None, dx: int = -1, **others: Any
) -> dict[str, Any]:
    row = _of(claim, bene, None, primary_diagnosis_key=dx, payment_usd=_usd(usd)) | others
    return {name: value for name, value in row.items() if name != "year"} | {"claim_year": year}


CODES = [
    {"diagnosis_key": 1, "code_system": "ICD9", "code": "4280", "dx_category": "428", "description": "Heart failure"},
    {"diagnosis_key": 2, "code_system": "ICD9", "code": "25000", "dx_category": "250"},
    {"diagnosis_key": -1},
]


def test_q08_a_claim_shows_a_code_once_and_pays_for_one(frame: Any, values: Any) -> None:
    dx = [
        _dx("1", "a", 2008, "principal", "4280"),
        _dx("1", "a", 2008, "line", "4280"),  # again on a line: the claim counts once
        _dx("1", "a", 2008, "secondary", "25000"),
        _dx("2", "a", 2009, "principal", "4280"),
        _dx("3", None, 2009, "principal", "25000"),  # of nobody known
        _dx("4", "b", None, "line", "25000"),  # undated
        _dx("4", "b", None, "admitting", "4280"),  # not what the claim is about
        _dx("4", "b", None, "external", "E8889"),
        _dx("1", "b", 2008, "line", "7999", claim_type="inpatient"),  # ids are unique inside a claim type only
    ]
    claims = [
        _claim("1", "a", 2008, 100, 1), _claim("2", "a", 2009, 50, 1), _claim("3", None, 2009, None, 2),
        _claim("4", "b", None, 7, -1),
    ]  # fmt: skip
    found = q08_top_diagnoses(frame(DX, dx), frame(CLAIMS, claims), frame(DIAGNOSIS, CODES))
    columns = "code claims_n people_n primary_claims_n payment_usd payment_usd_mean claims_rank payment_rank"
    assert values(found.filter("period = 'all'"), columns) == [
        ("25000", 3, 2, 1, None, None, 1, 2),  # claims 1, 3, 4; its payment is not known
        ("4280", 2, 1, 2, _usd(150), 75.0, 2, 1),  # claims 1, 2
        ("7999", 1, 1, 0, None, None, 3, 2),
    ]
    assert values(found.filter("period = '2009'"), "year code claims_n people_n payment_usd claims_rank payment_rank") == [
        (2009, "25000", 1, 0, None, 1, 2), (2009, "4280", 1, 1, _usd(50), 1, 1)
    ]  # fmt: skip
    assert values(found.filter("period = '2008'"), "code code_system description dx_category claims_n") == [
        ("25000", "ICD9", None, "250", 1), ("4280", "ICD9", "Heart failure", "428", 1), ("7999", "ICD9", None, None, 1)
    ]  # fmt: skip


def test_q08_needs_no_payments(frame: Any, values: Any) -> None:
    found = q08_top_diagnoses(frame(DX, [_dx("1", "a", 2008, "line", "4280")]), frame(CLAIMS, []), frame(DIAGNOSIS, []))
    assert values(found, "period claims_n primary_claims_n payment_usd dx_category") == [
        ("2008", 1, 0, None, None), ("all", 1, 0, None, None)
    ]  # fmt: skip


def _px(claim: str, bene: str, place: int, code: str, system: str = "ICD9") -> dict[str, Any]:
    return _of(claim, bene, 2008, px_seq=place, code=code, code_system=system, claim_type="inpatient")


def _line(claim: str, bene: str, line: int, hcpcs: str | None, **others: Any) -> dict[str, Any]:
    row = _of(claim, bene, None, claim_year=2008, line_no=line, hcpcs=hcpcs) | others
    return {name: value for name, value in row.items() if name != "year"}


def test_q09_payments_add_up_inside_icd_and_inside_hcpcs(frame: Any, values: Any) -> None:
    procedures = [
        _px("1", "a", 2, "3893"), _px("1", "a", 1, "9904"), _px("2", "a", 1, "3893"), _px("3", "b", 1, "02HV33Z", "ICD10"),
    ]  # fmt: skip
    lines = [
        _line("1", "a", 1, None),  # without a code: the first procedure is on line 2
        _line("1", "a", 2, "99213", units=1.0, line_payment_usd=_usd(30)),
        _line("1", "a", 3, "99213", units=2.5, line_payment_usd=_usd(12)),
        _line("1", "a", 4, "80053"),
        _line("2", "b", 7, "80053", claim_year=None),  # undated
    ]
    claims = [
        _claim(claim, "a", 2008, usd, claim_type="inpatient") for claim, usd in [("1", 1000), ("2", 500), ("3", 200)]
    ] + [_claim("1", "a", 2008, 80), _claim("2", "b", None, None)]
    found = q09_top_procedures(
        frame(PX, procedures), frame(LINES, lines), frame(CLAIMS, claims), frame(ICD, []), frame(HCPCS, [])
    )
    columns = (
        "code_system code claims_n people_n units_sum line_payment_usd primary_claims_n payment_usd payment_usd_mean"
    )
    whole = found.filter("period = 'all'")
    assert values(whole, columns) == [
        ("HCPCS", "80053", 2, 2, None, None, 1, None, None),
        ("HCPCS", "99213", 1, 1, 3.5, _usd(42), 1, _usd(80), 80.0),  # two lines of one claim
        ("ICD10", "02HV33Z", 1, 1, None, None, 1, _usd(200), 200.0),
        ("ICD9", "3893", 2, 1, None, None, 1, _usd(500), 500.0),  # first on claim 2 alone
        ("ICD9", "9904", 1, 1, None, None, 1, _usd(1000), 1000.0),
    ]
    assert values(whole, "code claims_rank payment_rank") == [
        ("02HV33Z", 2, 3), ("3893", 1, 2), ("80053", 1, 2), ("9904", 2, 1), ("99213", 2, 1)  # HCPCS and ICD apart
    ]  # fmt: skip
    assert values(found.filter("period = '2008' AND code_system = 'HCPCS'"), "year code claims_n primary_claims_n") == [
        (2008, "80053", 1, 0), (2008, "99213", 1, 1)
    ]  # fmt: skip


def test_q09_texts_by_kind_of_code(frame: Any, values: Any) -> None:
    texts = [
        {"code_kind": "px", "code_system": "ICD9", "code": "3893", "description": "Catheterization"},
        {"code_kind": "dx", "code_system": "ICD9", "code": "3893", "description": "A diagnosis of the same number"},
    ]
    hcpcs = [{"hcpcs": "99213", "hcpcs_description": "Office visit"}]
    found = q09_top_procedures(
        frame(PX, [_px("1", "a", 1, "3893")]), frame(LINES, [_line("1", "a", 1, "99213")]), frame(CLAIMS, []),
        frame(ICD, texts), frame(HCPCS, hcpcs),
    )  # fmt: skip
    assert values(found.filter("period = 'all'"), "code description primary_claims_n") == [
        ("3893", "Catheterization", 0), ("99213", "Office visit", 0)
    ]  # fmt: skip


def test_q20_systems_by_type_and_year(frame: Any, values: Any) -> None:
    dx = [
        _dx("1", "a", 2015, "principal", "4280"),
        _dx("1", "a", 2015, "admitting", "4280"),  # every kind counts
        _dx("1", "a", 2015, "line", "I509", code_system="ICD10"),  # a claim with both systems
        _dx("2", "a", 2015, "principal", "I509", code_system="ICD10", claim_type="hha"),
        _dx("3", "a", None, "principal", "OTHER", is_valid_code=False),
    ]
    found = q20_icd_mix(frame(DX, dx))
    columns = "claim_type code_system codes_n codes_share distinct_codes_n claims_n invalid_n invalid_share"
    assert values(found.filter("period = '2015'"), columns) == [
        ("all", "ICD10", 2, 0.5, 1, 2, 0, 0.0), ("all", "ICD9", 2, 0.5, 1, 1, 0, 0.0),
        ("carrier", "ICD10", 1, 1 / 3, 1, 1, 0, 0.0), ("carrier", "ICD9", 2, 2 / 3, 1, 1, 0, 0.0),
        ("hha", "ICD10", 1, 1.0, 1, 1, 0, 0.0),
    ]  # fmt: skip
    assert values(found.filter("period = 'all' AND code_system = 'ICD9'"), columns) == [
        ("all", "ICD9", 3, 0.6, 2, 2, 1, 1 / 3), ("carrier", "ICD9", 3, 0.75, 2, 2, 1, 1 / 3)  # of 5 and of 4 codes
    ]  # fmt: skip
