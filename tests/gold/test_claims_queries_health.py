"""Conditions, numbers of conditions and deaths of a handful of people, the arithmetic beside each figure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from nh_lakehouse.gold.claims_queries_health import (
    DX_CONDITIONS,
    SP_CONDITIONS,
    q06_chronic_prevalence,
    q07_multimorbidity,
    q18_mortality,
)

SUMMARY, CONDITION = "gold.patient_summary", "gold.chronic_condition"


def _person(bene: str, band: str | None, **others: Any) -> dict[str, Any]:
    person = {"source": "synpuf", "bene_id": bene, "year": 2008, "has_beneficiary_year": True, "age_band": band}
    return person | {"ffs_months": 12, "member_months": 12, "died_in_year": False} | others


def _has(bene: str, condition: str, dx: bool | None, sp: bool | None, **others: Any) -> dict[str, Any]:
    row = {"source": "synpuf", "bene_id": bene, "year": 2008, "condition": condition}
    return row | {"dx_flag": dx, "sp_flag": sp} | others


PEOPLE = [
    _person("a", "65-74"),
    _person("b", "65-74", ffs_months=11),
    _person("c", "85+"),
    _person("claims alone", "85+", has_beneficiary_year=False, ffs_months=None),
]
CONDITIONS = [
    _has("a", "diabetes", True, True),
    _has("b", "diabetes", True, False),  # flagged by diagnoses alone, and not twelve months in fee for service
    _has("c", "diabetes", False, True),
    _has("c", "hypertension", True, None),  # SynPUF has no such flag
    _has("claims alone", "diabetes", True, None),
    _has("a", "diabetes", True, True, year=2009),  # a year without a beneficiary file
]


def test_q06_flagged_over_people_by_population_basis_and_age(frame: Any, values: Any) -> None:
    found = q06_chronic_prevalence(frame(CONDITION, CONDITIONS), frame(SUMMARY, PEOPLE))
    columns = "population basis age_band people_n flagged_n prevalence_share"
    assert values(found.filter("condition = 'diabetes'"), columns) == [
        ("all", "dx", "65-74", 2, 2, 1.0), ("all", "dx", "85+", 1, 0, 0.0), ("all", "dx", "all", 3, 2, 2 / 3),
        ("all", "sp", "65-74", 2, 1, 0.5), ("all", "sp", "85+", 1, 1, 1.0), ("all", "sp", "all", 3, 2, 2 / 3),
        ("ffs12", "dx", "65-74", 1, 1, 1.0), ("ffs12", "dx", "85+", 1, 0, 0.0), ("ffs12", "dx", "all", 2, 1, 0.5),
        ("ffs12", "sp", "65-74", 1, 1, 1.0), ("ffs12", "sp", "85+", 1, 1, 1.0), ("ffs12", "sp", "all", 2, 2, 1.0),
    ]  # fmt: skip
    assert values(found.filter("condition = 'hypertension' AND population = 'all'"), columns) == [
        ("all", "dx", "65-74", 2, 0, 0.0), ("all", "dx", "85+", 1, 1, 1.0), ("all", "dx", "all", 3, 1, 1 / 3)
    ]  # fmt: skip


def test_q06_has_every_condition_of_the_basis(frame: Any, values: Any) -> None:
    rif = _person("r", None) | {"source": "rif"}
    found = q06_chronic_prevalence(frame(CONDITION, []), frame(SUMMARY, [PEOPLE[0], rif]))
    whole = found.filter("population = 'all' AND age_band = 'all'")
    assert values(whole.filter("flagged_n = 0"), "source basis condition") == sorted(
        [("rif", "dx", name) for name in DX_CONDITIONS]  # flags are SynPUF's alone
        + [("synpuf", "dx", name) for name in DX_CONDITIONS]
        + [("synpuf", "sp", name) for name in SP_CONDITIONS]
    )
    assert len(DX_CONDITIONS) == 17 and len(SP_CONDITIONS) == 11  # 16 groups and any cancer
    assert values(found.filter("source = 'rif' AND condition = 'copd'"), "population age_band people_n") == [
        ("all", "all", 1), ("all", "unknown", 1), ("ffs12", "all", 1), ("ffs12", "unknown", 1)
    ]  # fmt: skip


def test_q07_bands_of_conditions_and_their_shares(frame: Any, values: Any) -> None:
    rows = [
        _person(f"{n} conditions", "65-74", chronic_n=n, sp_chronic_n=0, total_cost_usd=Decimal(10 * n))
        for n in (0, 1, 2, 3, 4, 5, 6, 13)
    ]
    rows += [_person("claims alone", "65-74", chronic_n=1, has_beneficiary_year=False, ffs_months=None)]
    found = q07_multimorbidity(frame(SUMMARY, rows)).filter("population = 'all'")
    columns = "basis chronic_band people_n people_share total_cost_usd cost_share total_cost_usd_mean pmpm_usd"
    # 340 in all: 10 x (1 + 2 + 3 + 4 + 5 + 6 + 13)
    assert values(found, columns) == [
        ("dx", "0", 1, 0.125, Decimal(0), 0.0, 0.0, 0.0),
        ("dx", "1", 1, 0.125, Decimal(10), 10 / 340, 10.0, 10 / 12),
        ("dx", "2-3", 2, 0.25, Decimal(50), 50 / 340, 25.0, 50 / 24),
        ("dx", "4-5", 2, 0.25, Decimal(90), 90 / 340, 45.0, 90 / 24),
        ("dx", "6+", 2, 0.25, Decimal(190), 190 / 340, 95.0, 190 / 24),
        ("sp", "0", 8, 1.0, Decimal(340), 1.0, 42.5, 340 / 96),
    ]


def test_q07_twelve_months_in_fee_for_service_and_sources_apart(frame: Any, values: Any) -> None:
    rows = [
        _person("a", "65-74", chronic_n=0, sp_chronic_n=2, total_cost_usd=Decimal(0)),
        _person("b", "65-74", chronic_n=0, sp_chronic_n=3, total_cost_usd=Decimal(0), ffs_months=11),
        _person("r", "65-74", chronic_n=7, total_cost_usd=Decimal(0)) | {"source": "rif"},
    ]
    found = q07_multimorbidity(frame(SUMMARY, rows))
    assert values(found, "source population basis chronic_band people_n cost_share") == [
        ("rif", "all", "dx", "6+", 1, None), ("rif", "ffs12", "dx", "6+", 1, None),
        ("synpuf", "all", "dx", "0", 2, None), ("synpuf", "all", "sp", "2-3", 2, None),
        ("synpuf", "ffs12", "dx", "0", 1, None), ("synpuf", "ffs12", "sp", "2-3", 1, None),
    ]  # fmt: skip


def test_q18_deaths_per_1000_person_years(frame: Any, values: Any) -> None:
    rows = [
        _person("lives", "65-74"),
        _person("died", "65-74", died_in_year=True, member_months=6, last_180d_cost_usd=Decimal("90.50")),
        _person("died early in the data", "85+", died_in_year=True, member_months=3),
        _person("no months", None, member_months=0),
        _person("claims alone", "85+", has_beneficiary_year=False, died_in_year=None, member_months=None),
    ]
    columns = "age_band people_n deaths_n member_months person_years deaths_per_1000"
    found = q18_mortality(frame(SUMMARY, rows))
    assert values(found, columns) == [
        ("65-74", 2, 1, 18, 1.5, 1000 / 1.5),
        ("85+", 1, 1, 3, 0.25, 4000.0),  # 1 / 0.25 years
        ("all", 4, 2, 21, 1.75, 2000 / 1.75),
        ("unknown", 1, 0, 0, 0.0, None),
    ]
    assert values(found, "age_band last_180d_cost_usd last_180d_cost_usd_n last_180d_cost_usd_mean") == [
        ("65-74", Decimal("90.50"), 1, 90.5), ("85+", None, 0, None), ("all", Decimal("90.50"), 1, 90.5),
        ("unknown", None, 0, None),
    ]  # fmt: skip
