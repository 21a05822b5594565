"""Patients among each other: rank in cost, all years together, total cost of care."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from nh_lakehouse.contracts import load_tables
from nh_lakehouse.gold.claims_summary import patient_summary, patient_summary_all, tcoc
from nh_lakehouse.pipeline.check_frame import check_columns

YEARS, SUMMARY, CLAIM, DRUGS = "gold.patient_year", "gold.patient_summary", "silver.claim", "gold.drug_adherence"


def checked(function: Any, *frames: Any) -> Any:
    """The result, whose columns are as declared."""
    name = function.__table__.name
    result = function(*frames)
    check_columns(name, result, load_tables()[name].columns)
    return result


def _person(bene_id: str, cost: int, *, year: int = 2009, in_file: bool = True, **others: Any) -> dict[str, Any]:
    person = {"source": "rif", "bene_id": bene_id, "year": year, "has_beneficiary_year": in_file}
    return {**person, "total_cost_usd": Decimal(cost), "total_medical_usd": Decimal(cost), **others}


# --- rank -----------------------------------------------------------------------------------------------------------


def test_percentile_and_tier_among_the_people_of_source_and_year(frame: Any, values: Any) -> None:
    """21 people cost 0, 1, ..., 20: the n-th has rank n / 20, so 50 % at 10, 80 % at 16, 95 % at 19."""
    people = [_person(f"{n:02d}", n) for n in range(21)]
    people += [_person("claims alone", 15, in_file=False), _person("one of a year", 9, year=2008)]
    found = checked(patient_summary, frame(YEARS, people))
    rows = {bene: (percentile, tier) for bene, percentile, tier in values(found, "bene_id cost_percentile risk_tier")}
    assert rows.pop("claims alone") == (None, None)
    assert rows.pop("one of a year") == (0.0, "low")
    assert {bene: round(percentile, 9) for bene, (percentile, _) in rows.items()} == {
        f"{n:02d}": n * 5.0 for n in range(21)
    }
    begins = {"low": "00", "medium": "10", "high": "16", "very high": "19"}
    for tier, first in begins.items():
        assert min(bene for bene, (_, found_tier) in rows.items() if found_tier == tier) == first


def test_equal_costs_share_the_percentile(frame: Any, values: Any) -> None:
    """Six of eight cost nothing: all have 0; the others rank 6 / 7 and 7 / 7."""
    people = [_person(str(n), max(0, n - 5)) for n in range(8)]
    found = patient_summary(frame(YEARS, people))
    assert values(found.filter("total_cost_usd = 0"), "cost_percentile risk_tier") == [(0.0, "low")] * 6
    assert values(found.filter("total_cost_usd > 0"), "bene_id cost_percentile risk_tier") == [
        ("6", 100 * (6 / 7), "high"),
        ("7", 100.0, "very high"),
    ]


# --- all years ------------------------------------------------------------------------------------------------------


def test_years_add_up_with_undated_claims(frame: Any, values: Any) -> None:
    years = [
        _person("A", 10, year=2008, claims_n=2, member_months=12, age_end=70, state="AL", dx_diabetes=True, charlson=1),
        _person("A", 20, claims_n=3, member_months=8, age_end=71, state="GA", dx_copd=True, charlson=4)
        | {"max_drugs_90d_n": 3, "rx_cost_usd": Decimal(5), "age_band": "65-74"},
        _person("A", 40, year=2010, in_file=False, claims_n=1, charlson=2, age_band="unknown"),
        _person("B", 7, year=2008),
    ]
    claims = [
        {"source": "rif", "bene_id": b, "claim_type": "outpatient", "claim_id": i, "payment_usd": p, "year": y}
        for b, i, p, y in [
            ("A", "1", Decimal(100), None), ("A", "2", Decimal(999), 2009), ("C", "3", Decimal(-3), None),
        ]
    ]  # fmt: skip
    claims.append({"source": "rif", "claim_type": "outpatient", "claim_id": "4", "payment_usd": Decimal(1)})
    products = [("A", 2008, "1"), ("A", 2009, "1"), ("A", 2009, "2")]
    drugs = [{"source": "rif", "bene_id": b, "year": y, "ndc9": n} for b, y, n in products]
    found = checked(patient_summary_all, frame(SUMMARY, years), frame(CLAIM, claims), frame(DRUGS, drugs))
    assert values(found, "bene_id first_year last_year years_n has_beneficiary_year age_end age_band state") == [
        ("A", 2008, 2010, 3, True, 71, "65-74", "GA"),
        ("B", 2008, 2008, 1, True, None, "unknown", None),
        ("C", None, None, 0, False, None, "unknown", None),
    ]
    # A: 10 + 20 + 40 and 100 undated, 5 of drugs, over 12 + 8 months
    columns = "bene_id claims_n outpatient_claims_n total_medical_usd total_cost_usd member_months pmpm_usd"
    assert values(found, columns) == [
        ("A", 7, 1, Decimal(170), Decimal(175), 20, 8.75),
        ("B", 0, 0, Decimal(7), Decimal(7), None, None),
        ("C", 1, 1, Decimal(-3), Decimal(-3), None, None),
    ]
    columns = "bene_id dx_diabetes dx_copd dx_stroke chronic_n charlson distinct_drugs_n max_drugs_90d_n"
    assert values(found, columns)[0] == ("A", True, True, False, 2, 4, 2, 3)
    assert values(found, "bene_id negative_payment_n cost_percentile risk_tier") == [
        ("A", 0, 100.0, "very high"),
        ("B", 0, 0.0, "low"),
        ("C", 1, None, None),
    ]


def test_what_a_source_lacks_stays_null_over_all_years(frame: Any, values: Any) -> None:
    synpuf = {"source": "synpuf", "source_reimb_usd": Decimal(3), "sp_chf": True}
    years = [_person("A", 1, plan_pay_usd=Decimal(2)), _person("A", 1, year=2008, plan_pay_usd=Decimal(2))]
    years += [_person("S", 1, **synpuf), _person("S", 1, year=2008, **{**synpuf, "sp_chf": False})]
    found = patient_summary_all(frame(SUMMARY, years), frame(CLAIM, []), frame(DRUGS, []))
    columns = "source plan_pay_usd source_reimb_usd sp_chf dual_member_months unplanned_readmissions_n"
    assert values(found, columns) == [
        ("rif", Decimal(4), None, None, None, None),
        ("synpuf", None, Decimal(6), True, None, None),
    ]


# --- total cost of care ---------------------------------------------------------------------------------------------


def test_total_cost_of_care_by_group(frame: Any, values: Any) -> None:
    people = [
        _person("A", 100, member_months=12, sex="Female", dual=True, chronic_n=3, risk_tier="high"),
        _person("B", 20, member_months=None, sex="Female", chronic_n=0, risk_tier="low"),
        _person("C", 30, member_months=8, sex=None, dual=False, chronic_n=2, risk_tier="low"),
        _person("D", 999, in_file=False),
        _person("A", 7, year=2008, member_months=12, chronic_n=0),
    ]
    ill = [("A", "diabetes", True), ("A", "cancer", True), ("C", "diabetes", True), ("B", "cancer", False)]
    ill += [("D", "cancer", True)]
    conditions = [{"source": "rif", "bene_id": b, "year": 2009, "condition": c, "dx_flag": f} for b, c, f in ill]
    found = checked(tcoc, frame(SUMMARY, people), frame("gold.chronic_condition", conditions))
    columns = "group_by group_value people_n member_months total_cost_usd total_cost_usd_mean pmpm_usd"
    rows = values(found.filter("year = 2009"), columns)
    assert [row for row in rows if row[0] in ("all", "sex", "chronic_band", "condition")] == [
        ("all", "all", 3, 20, Decimal(150), 50.0, 7.5),
        ("chronic_band", "0", 1, None, Decimal(20), 20.0, None),
        ("chronic_band", "2-3", 2, 20, Decimal(130), 65.0, 6.5),
        ("condition", "cancer", 1, 12, Decimal(100), 100.0, 100 / 12),
        ("condition", "diabetes", 2, 20, Decimal(130), 65.0, 6.5),
        ("sex", "Female", 2, 12, Decimal(120), 60.0, 10.0),
        ("sex", "unknown", 1, 8, Decimal(30), 30.0, 3.75),
    ]
    assert [row[:3] for row in rows if row[0] in ("dual", "risk_tier")] == [
        ("dual", "false", 1), ("dual", "true", 1), ("dual", "unknown", 1), ("risk_tier", "high", 1),
        ("risk_tier", "low", 2),
    ]  # fmt: skip
    assert {row[0] for row in rows} == set(
        "all age_band sex race state dual esrd chronic_band condition risk_tier".split()
    )
    assert values(found.filter("year = 2008 AND group_by = 'all'"), "total_cost_usd") == [(Decimal(7),)]
