"""Questions about people: a handful of persons and years, the arithmetic beside each figure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from nh_lakehouse.gold.claims_queries_people import (
    q01_patients_by_sex,
    q03_age_distribution,
    q04_location,
    q05_race_enrollment,
)

SUMMARY, CLAIMS, PATIENT = "gold.patient_summary", "gold.fact_claims", "gold.dim_patient"


def _person(bene: str, year: int, **others: Any) -> dict[str, Any]:
    person = {"source": "synpuf", "bene_id": bene, "year": year, "has_beneficiary_year": True, "sex": "Female"}
    amounts = {"total_medical_usd": Decimal(0), "rx_cost_usd": Decimal(0), "total_cost_usd": Decimal(0)}
    return person | {"member_months": 12, "died_in_year": False} | amounts | others


def _cost(medical: int, rx: int) -> dict[str, Decimal]:
    return {"total_medical_usd": Decimal(medical), "rx_cost_usd": Decimal(rx), "total_cost_usd": Decimal(medical + rx)}


def test_q01_a_person_counts_once_in_all_and_the_mean_is_per_patient_year(frame: Any, values: Any) -> None:
    rows = [
        _person("both years", 2008, **_cost(100, 20)),
        _person("both years", 2009, **_cost(200, 40)),
        _person("one year", 2009, member_months=6, **_cost(30, 0)),
        _person("null sex", 2009, sex=None, member_months=0, **_cost(5, 0)),
        _person("claims alone", 2009, has_beneficiary_year=False, member_months=None, **_cost(999, 0)),
    ]
    found = q01_patients_by_sex(frame(SUMMARY, rows))
    columns = "period year sex people_n patient_years_n member_months total_cost_usd total_cost_usd_mean pmpm_usd"
    assert values(found, columns) == [
        ("2008", 2008, "Female", 1, 1, 12, Decimal(120), 120.0, 10.0),
        ("2009", 2009, "Female", 2, 2, 18, Decimal(270), 135.0, 15.0),  # 240 + 30; 270 / 2; 270 / 18
        ("2009", 2009, "unknown", 1, 1, 0, Decimal(5), 5.0, None),
        ("all", None, "Female", 2, 3, 30, Decimal(390), 130.0, 13.0),  # 120 + 240 + 30; 390 / 3; 390 / 30
        ("all", None, "unknown", 1, 1, 0, Decimal(5), 5.0, None),
    ]
    assert values(found.filter("period = 'all' AND sex = 'Female'"), "total_medical_usd rx_cost_usd") == [
        (Decimal(330), Decimal(60))  # 100 + 200 + 30; 20 + 40
    ]


def test_q03_bands_of_five_years_lie_in_the_broad_ones(frame: Any, values: Any) -> None:
    ages = {"64": 64, "65": 65, "69 died": 69, "74": 74, "75": 75, "84": 84, "85": 85, "94": 94, "95": 95, "104": 104}
    rows = [_person(name, 2008, age_end=age, died_in_year="died" in name) for name, age in ages.items()]
    rows += [_person("4", 2008, age_end=4), _person("no age", 2008, age_end=None)]
    rows += [_person("claims alone", 2008, age_end=70, has_beneficiary_year=False)]
    found = q03_age_distribution(frame(SUMMARY, rows))
    assert values(found, "age_band age_5y people_n deaths_n member_months age_sum age_mean_n age_mean") == [
        ("65-74", "65-69", 2, 1, 24, 134, 2, 67.0),  # 65 + 69
        ("65-74", "70-74", 1, 0, 12, 74, 1, 74.0),
        ("75-84", "75-79", 1, 0, 12, 75, 1, 75.0),
        ("75-84", "80-84", 1, 0, 12, 84, 1, 84.0),
        ("85+", "85-89", 1, 0, 12, 85, 1, 85.0),
        ("85+", "90-94", 1, 0, 12, 94, 1, 94.0),
        ("85+", "95+", 2, 0, 24, 199, 2, 99.5),  # 95 + 104
        ("<65", "0-4", 1, 0, 12, 4, 1, 4.0),
        ("<65", "60-64", 1, 0, 12, 64, 1, 64.0),
        ("unknown", "unknown", 1, 0, 12, None, 0, None),
    ]


def test_q03_counts_sexes_and_years_apart(frame: Any, values: Any) -> None:
    rows = [_person("a", 2008, age_end=70), _person("a", 2009, age_end=71), _person("b", 2009, age_end=71, sex=None)]
    found = q03_age_distribution(frame(SUMMARY, rows))
    assert values(found, "year age_5y sex people_n") == [
        (2008, "70-74", "Female", 1), (2009, "70-74", "Female", 1), (2009, "70-74", "unknown", 1)
    ]  # fmt: skip


def _claim(key: int, year: int | None, usd: int | None) -> dict[str, Any]:
    payment = None if usd is None else Decimal(usd)
    return {"source": "synpuf", "claim_type": "carrier", "patient_key": key, "claim_year": year, "payment_usd": payment}


def test_q04_people_by_the_years_place_payments_by_the_versions(frame: Any, values: Any) -> None:
    people = [
        _person("moves", 2008, state="AL", county="010"),
        _person("moves", 2009, state="SC", county="020"),
        _person("stays", 2008, state="AL", county=None, member_months=6),
        _person("claims alone", 2008, state=None, has_beneficiary_year=False),
    ]
    versions = [
        {"patient_key": -1, "source": "unknown"},
        {"patient_key": 1, "source": "synpuf", "state": "AL", "county": "010"},
        {"patient_key": 2, "source": "synpuf", "state": "SC", "county": "020"},
        {"patient_key": 3, "source": "synpuf", "state": "GA", "county": "030"},  # a place with claims alone
    ]
    claims = [_claim(1, 2008, 100), _claim(1, None, 7), _claim(2, 2009, 50), _claim(3, 2008, None), _claim(-1, 2008, 9)]
    found = q04_location(frame(SUMMARY, people), frame(CLAIMS, claims), frame(PATIENT, versions))
    columns = "state people_n patient_years_n member_months claims_n payment_usd payment_per_person_usd"
    states = found.filter("group_by = 'state' AND county IS NULL")
    assert values(states.filter("period = '2008'"), columns) == [
        ("AL", 2, 2, 18, 1, Decimal(100), 50.0),  # 100 / 2 patient-years
        ("GA", 0, 0, 0, 1, Decimal(0), None),
        ("unknown", 0, 0, 0, 1, Decimal(9), None),
    ]
    assert values(states.filter("period = 'all'"), columns) == [
        ("AL", 2, 2, 18, 2, Decimal(107), 53.5),  # the undated claim is in all: (100 + 7) / 2
        ("GA", 0, 0, 0, 1, Decimal(0), None),
        ("SC", 1, 1, 12, 1, Decimal(50), 50.0),  # who moves counts in both places
        ("unknown", 0, 0, 0, 1, Decimal(9), None),
    ]
    counties = found.filter("group_by = 'county' AND period = '2008'")
    assert values(counties, "state county people_n claims_n payment_usd") == [
        ("AL", "010", 1, 1, Decimal(100)), ("AL", "unknown", 1, 0, Decimal(0)), ("GA", "030", 0, 1, Decimal(0)),
        ("unknown", "unknown", 0, 1, Decimal(9)),
    ]  # fmt: skip


def test_q04_needs_no_claims(frame: Any, values: Any) -> None:
    people = frame(SUMMARY, [_person("a", 2008, state="AL", county="010")])
    found = q04_location(people, frame(CLAIMS, []), frame(PATIENT, []))
    assert values(found, "period year group_by county people_n claims_n payment_usd") == [
        ("2008", 2008, "county", "010", 1, 0, Decimal(0)), ("2008", 2008, "state", None, 1, 0, Decimal(0)),
        ("all", None, "county", "010", 1, 0, Decimal(0)), ("all", None, "state", None, 1, 0, Decimal(0)),
    ]  # fmt: skip


def test_q05_null_race_is_unknown_null_dual_stays(frame: Any, values: Any) -> None:
    months = {f"part_{part}_months": 10 for part in "abcd"} | {"ffs_months": 8}
    rows = [
        _person("a", 2008, race="White", esrd=False, **months, **_cost(120, 0)),
        _person("b", 2008, race="White", esrd=False, **months, **_cost(0, 24)),
        _person("null race", 2008, race=None, esrd=True, **months),
        _person("rif", 2008, race="White", esrd=False, dual=True, dual_member_months=3, **months) | {"source": "rif"},
        _person("claims alone", 2008, has_beneficiary_year=False),
    ]
    found = q05_race_enrollment(frame(SUMMARY, rows))
    columns = "source race dual esrd people_n part_d_months member_months ffs_months dual_member_months pmpm_usd"
    assert values(found, columns) == [
        ("rif", "White", True, False, 1, 10, 12, 8, 3, 0.0),
        ("synpuf", "White", None, False, 2, 20, 24, 16, None, 6.0),  # (120 + 24) / 24 months
        ("synpuf", "unknown", None, True, 1, 10, 12, 8, None, 0.0),
    ]
