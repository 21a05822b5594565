"""Concentration, trend and cost share of a handful of people, the arithmetic beside each figure."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from nh_lakehouse.gold.claims_queries_spending import (
    HighCost,
    q10_high_cost_patients,
    q11_spend_trend,
    q19_cost_share,
)

SUMMARY, CLAIMS, FILLS = "gold.patient_summary", "gold.fact_claims", "gold.fact_prescriptions"
EVENT, MONTH = "silver.drug_event", "silver.clm_enrollment_month"


def _usd(amount: float | str | None) -> Decimal | None:
    return None if amount is None else Decimal(str(amount))


def _person(bene: str, usd: float, **others: Any) -> dict[str, Any]:
    person = {"source": "synpuf", "bene_id": bene, "year": 2008, "has_beneficiary_year": True}
    return person | {"total_medical_usd": _usd(usd)} | others


def test_q10_top_and_gini(frame: Any, values: Any) -> None:
    rows = [_person(bene, usd) for bene, usd in zip("abcd", (0, 10, 20, 70))]
    rows += [_person("claims alone", 999, has_beneficiary_year=False)]
    found = q10_high_cost_patients(frame(SUMMARY, rows), high=HighCost(percentiles=(50, 95)))
    columns = "group_by group_value people_n people_share threshold_usd total_medical_usd payment_share gini"
    # 1 x 0 + 2 x 10 + 3 x 20 + 4 x 70 = 360; 2 x 360 / (4 x 100) - 5 / 4 = 0.55
    assert values(found.filter("group_by <> 'lorenz'"), columns) == [
        ("all", "all", 4, 1.0, None, _usd(100), 1.0, pytest.approx(0.55)),
        ("top", "50", 2, 0.5, 15.0, _usd(90), 0.9, None),  # between 10 and 20
        ("top", "95", 1, 0.25, pytest.approx(62.5), _usd(70), 0.7, None),  # 20 + 0.85 x 50
    ]


def test_q10_lorenz_curve_adds_up(frame: Any, values: Any) -> None:
    rows = [_person(f"{n:03}", 0 if n <= 100 else 1) for n in range(1, 201)]  # 200 people, half of whom cost 1
    found = q10_high_cost_patients(frame(SUMMARY, rows)).filter("group_by = 'lorenz'")
    columns = "group_value people_n threshold_usd total_medical_usd cumulative_people_share cumulative_payment_share"
    rows = values(found, columns)
    assert len(rows) == 100
    assert rows[49] == ("050", 2, 0.0, _usd(0), 0.5, 0.0)  # the 99th and 100th person, the last who cost nothing
    assert rows[50] == ("051", 2, 1.0, _usd(2), 0.51, 0.02)  # 2 of 100 USD
    assert rows[99] == ("100", 2, 1.0, _usd(2), 1.0, 1.0)


@pytest.mark.parametrize("usd", [5, 73328.32])
def test_q10_people_at_the_percentile_are_in(usd: float, frame: Any, values: Any) -> None:
    rows = [_person(bene, usd) for bene in "abc"]
    found = q10_high_cost_patients(frame(SUMMARY, rows)).filter("group_by = 'top'")
    assert values(found, "group_value people_n threshold_usd") == [("95", 3, usd), ("99", 3, usd)]


@pytest.mark.parametrize(("other", "share"), [(-5, None), (0, 1.0)], ids=["sum is 0", "sum is above 0"])
def test_q10_gini_where_payments_add_up_to_nothing(other: int, share: float | None, frame: Any, values: Any) -> None:
    found = q10_high_cost_patients(frame(SUMMARY, [_person("a", 5), _person("b", other)]))
    gini = None if share is None else 0.5  # 2 x (1 x 0 + 2 x 5) / (2 x 5) - 3 / 2
    assert values(found.filter("group_by = 'all'"), "payment_share gini") == [(share, gini)]


JAN, FEB, MAR, NEXT_JAN = date(2008, 1, 1), date(2008, 2, 1), date(2008, 3, 1), date(2009, 1, 1)


def _claim(
    bene: str | None, month: date | None, usd: float | None, kind: str = "carrier", **others: Any
) -> dict[str, Any]:
    claim = {"source": "synpuf", "claim_type": kind, "bene_id": bene, "month": month, "payment_usd": _usd(usd)}
    return claim | {"claim_year": month and month.year} | others


def _fill(bene: str, month: date, usd: float) -> dict[str, Any]:
    return {"source": "synpuf", "bene_id": bene, "month": month, "total_cost_usd": _usd(usd)}


def _covered(bene: str, month: date, **others: Any) -> dict[str, Any]:
    covered = {"source": "synpuf", "bene_id": bene, "month": month, "is_member": True, "is_ffs": True, "part_d": True}
    return covered | others


TREND_CLAIMS = [
    _claim("a", JAN, 10), _claim("a", JAN, 20, "inpatient"), _claim("b", JAN, None), _claim("a", None, 99),
    _claim("a", NEXT_JAN, 45),
]  # fmt: skip
TREND_FILLS = [_fill("a", JAN, 5), _fill("c", FEB, 7)]
TREND_MONTHS = [
    _covered("a", JAN), _covered("b", JAN, is_ffs=False), _covered("c", JAN, part_d=False),
    _covered("d", JAN, is_member=False, is_ffs=False, part_d=None), _covered("a", FEB, part_d=False),
]  # fmt: skip


@pytest.fixture
def trend(frame: Any) -> Any:
    return q11_spend_trend(frame(CLAIMS, TREND_CLAIMS), frame(FILLS, TREND_FILLS), frame(MONTH, TREND_MONTHS))


def test_q11_spending_per_month_of_coverage(trend: Any, values: Any) -> None:
    january = trend.filter(f"month = DATE'{JAN}' AND events_n > 0")
    columns = "spend_type spend_usd events_n people_n member_months rate_months pmpm_usd covered_pmpm_usd"
    assert values(january, columns) == [
        ("all", _usd(35), 4, 2, 3, 3, 35 / 3, 35 / 3),  # 10 + 20 + 5
        ("carrier", _usd(10), 2, 2, 3, 2, 10 / 3, 5.0),  # a and c are in fee for service
        ("inpatient", _usd(20), 1, 1, 3, 2, 20 / 3, 10.0),
        ("medical", _usd(30), 3, 2, 3, 2, 10.0, 15.0),
        ("pde", _usd(5), 1, 1, 3, 2, 5 / 3, 2.5),  # a and b have part D
    ]


def test_q11_rates_are_of_the_people_they_divide_by(frame: Any, values: Any) -> None:
    claims = [
        _claim("fee", JAN, 10), _claim("managed", JAN, 200), _claim("nobody", JAN, 3000), _claim(None, JAN, 40000),
        _claim("outside", JAN, 500000),
    ]  # fmt: skip
    fills = [_fill("fee", JAN, 1), _fill("managed", JAN, 2)]
    months = [
        _covered("fee", JAN, part_d=False), _covered("managed", JAN, is_ffs=False),
        _covered("outside", JAN, is_member=False, is_ffs=False, part_d=False),
    ]  # fmt: skip
    found = q11_spend_trend(frame(CLAIMS, claims), frame(FILLS, fills), frame(MONTH, months)).filter("events_n > 0")
    columns = "spend_type spend_usd member_months member_spend_usd rate_months rate_spend_usd pmpm_usd covered_pmpm_usd"
    assert values(found, columns) == [
        ("all", _usd(543213), 2, _usd(213), 2, _usd(213), 106.5, 106.5),
        ("carrier", _usd(543210), 2, _usd(210), 1, _usd(10), 105.0, 10.0),
        ("medical", _usd(543210), 2, _usd(210), 1, _usd(10), 105.0, 10.0),
        ("pde", _usd(3), 2, _usd(3), 1, _usd(2), 1.5, 2.0),
    ]


def test_q11_has_every_month_and_type(trend: Any, values: Any) -> None:
    found = {(row["month"], row["spend_type"]) for row in trend.select("month", "spend_type").collect()}
    kinds = {"inpatient", "outpatient", "carrier", "snf", "hha", "hospice", "dme", "pde", "medical", "all"}
    months = [*[date(2008, month, 1) for month in range(1, 13)], NEXT_JAN]
    assert found == {(month, kind) for month in months for kind in kinds}
    march = trend.filter(f"month = DATE'{MAR}' AND spend_type IN ('snf', 'all')")
    assert values(march, "spend_type year spend_usd events_n people_n member_months pmpm_usd") == [
        ("all", 2008, _usd(0), 0, 0, None, None), ("snf", 2008, _usd(0), 0, 0, None, None)  # no file covers it
    ]  # fmt: skip
    assert values(trend.filter(f"month = DATE'{FEB}' AND spend_type = 'pde'"), "spend_usd rate_months covered_pmpm_usd") == [
        (_usd(7), 0, None)
    ]  # fmt: skip


def test_q11_change_from_twelve_months_before(trend: Any, values: Any) -> None:
    found = trend.filter(f"month = DATE'{NEXT_JAN}' AND spend_type IN ('carrier', 'inpatient', 'snf')")
    assert values(found, "spend_type spend_usd spend_prior_usd spend_change_rate") == [
        ("carrier", _usd(45), _usd(10), 3.5), ("inpatient", _usd(0), _usd(20), -1.0), ("snf", _usd(0), _usd(0), None)
    ]  # fmt: skip
    assert trend.filter(f"month < DATE'{NEXT_JAN}' AND spend_prior_usd IS NOT NULL").isEmpty()


def test_q11_sources_have_months_of_their_own(frame: Any, values: Any) -> None:
    rows = [_claim("a", JAN, 1), _claim("r", FEB, 1) | {"source": "rif"}]
    found = q11_spend_trend(frame(CLAIMS, rows), frame(FILLS, []), frame(MONTH, []))
    assert values(found.filter("spend_type = 'all'"), "source month") == [("rif", FEB), ("synpuf", JAN)]


def test_q19_percentiles_over_people_with_an_event(frame: Any, values: Any) -> None:
    rows = [
        _claim("a", JAN, 1, bene_deductible_usd=_usd(10), bene_coinsurance_usd=_usd(20)),
        _claim("a", JAN, 1, bene_deductible_usd=_usd(30)),
        _claim("b", JAN, 1),  # a user who pays nothing
        _claim(None, JAN, 1, bene_deductible_usd=_usd(5)),  # of nobody known: in the sum alone
        _claim("a", None, 1, bene_deductible_usd=_usd(99)),  # undated
    ]
    fills = [{"source": "synpuf", "bene_id": "b", "year": 2008, "patient_pay_usd": _usd(12)}]
    found = q19_cost_share(frame(CLAIMS, rows), frame(EVENT, fills))
    columns = "spend_type events_n users_n out_of_pocket_usd out_of_pocket_usd_mean out_of_pocket_usd_p25 out_of_pocket_usd_p50"
    assert values(found, columns) == [
        ("all", 5, 2, _usd(77), 38.5, 24.0, 36.0),  # a 60, b 12: 12 + 0.25 x 48, the middle of 12 and 60
        ("carrier", 4, 2, _usd(65), 32.5, 15.0, 30.0),  # a 60, b 0
        ("pde", 1, 1, _usd(12), 12.0, 12.0, 12.0),
    ]
    assert values(found.filter("spend_type = 'carrier'"), " ".join(f"out_of_pocket_usd_p{p}" for p in (75, 90, 95, 99))) == [
        (45.0, 54.0, 57.0, pytest.approx(59.4))
    ]  # fmt: skip
    assert values(found, "spend_type gap_discount_usd catastrophic_fills_n") == [
        ("all", None, None), ("carrier", None, None), ("pde", None, None)  # SynPUF has no phases
    ]  # fmt: skip


def test_q19_phases_of_rif(frame: Any, values: Any) -> None:
    fills = [
        {"source": "rif", "bene_id": "a", "year": 2015, "catastrophic_phase": phase, "gap_discount_usd": _usd(2)}
        | {"below_oop_threshold_usd": _usd(30), "above_oop_threshold_usd": _usd(40), "lics_usd": _usd(1)}
        for phase in ("A", "C", None)
    ]
    found = q19_cost_share(frame(CLAIMS, []), frame(EVENT, fills))
    columns = (
        "spend_type gap_discount_usd below_oop_threshold_usd above_oop_threshold_usd lics_usd catastrophic_fills_n"
    )
    assert values(found, columns) == [
        ("all", None, None, None, None, None), ("pde", _usd(6), _usd(90), _usd(120), _usd(3), 2)
    ]  # fmt: skip
