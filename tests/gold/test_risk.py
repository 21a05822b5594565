"""Risk scores: three states, five homes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from nh_lakehouse.gold.bands import RiskCutoffs
from nh_lakehouse.gold.risk import nh_facility_risk, nh_state_risk

OCT = date(2024, 10, 1)
METRICS = "gold.nh_facility_metrics"


def _home(ccn: str, state: str = "AL", **others: Any) -> dict[str, Any]:
    return {"ccn": ccn, "snapshot_month": OCT, "state": state, **others}


STATES = [
    _home("1", "AL", total_hprd=3.0, rsrr=0.24, fines_usd=Decimal(100)),
    _home("2", "AL", total_hprd=None, rsrr=0.10, fines_usd=Decimal(50)),  # not matched: only its fines count
    _home("3", "SC", total_hprd=4.0, rsrr=0.22, fines_usd=None),
    _home("4", "VT", total_hprd=5.0, rsrr=0.16, fines_usd=Decimal(0)),
    _home("5", "GU", total_hprd=None, rsrr=None),  # no matched home: no row
]


def test_state_scores_lie_between_the_extremes(frame: Any, values: Any) -> None:
    found = nh_state_risk(frame(METRICS, STATES))
    # hours 3, 4, 5 -> 1, 0.5, 0; rates 0.24, 0.22, 0.16 -> 1, 0.75, 0
    assert values(found, "state facility_n matched_n risk_tier risk_rank best_rank") == [
        ("AL", 2, 1, "CRITICAL", 1, 3), ("SC", 1, 1, "HIGH", 2, 2), ("VT", 1, 1, "LOW", 3, 1)
    ]  # fmt: skip
    scores = {row["state"]: row["risk_score"] for row in found.collect()}
    assert scores == {"AL": 1.0, "SC": pytest.approx(0.625), "VT": 0.0}
    assert values(found, "state fines_usd fines_musd fines_matched_usd") == [
        ("AL", Decimal(150), 0.00015, Decimal(100)), ("SC", None, None, None), ("VT", Decimal(0), 0.0, Decimal(0))
    ]  # fmt: skip


def test_score_is_null_where_states_do_not_differ(frame: Any, values: Any) -> None:
    homes = [_home("1", "AL", total_hprd=3.0, rsrr=0.2), _home("2", "SC", total_hprd=3.0, rsrr=0.3)]
    found = nh_state_risk(frame(METRICS, homes))
    assert values(found, "state staffing_risk readmission_risk risk_score risk_tier risk_rank best_rank") == [
        ("AL", None, 0.0, None, None, None, None), ("SC", None, 1.0, None, None, None, None)
    ]  # fmt: skip


def test_score_among_states_with_enough_homes(frame: Any, values: Any) -> None:
    homes = [*STATES, _home("6", "SC", total_hprd=4.0, rsrr=0.22), _home("7", "VT", total_hprd=5.0, rsrr=0.16)]
    found = nh_state_risk(frame(METRICS, homes), risk=RiskCutoffs(minimum_homes=2))
    assert values(found, "state risk_score_n10") == [("AL", None), ("SC", 1.0), ("VT", 0.0)]


def test_months_are_scored_apart(frame: Any, values: Any) -> None:
    june = [
        row | {"snapshot_month": date(2024, 6, 1), "state": "SC", "total_hprd": 9.0, "rsrr": 0.5} for row in STATES[:1]
    ]
    found = nh_state_risk(frame(METRICS, STATES + june))
    assert values(found.filter("snapshot_month = '2024-10-01'"), "state risk_rank") == [("AL", 1), ("SC", 2), ("VT", 3)]


HOMES = [
    _home("a", total_hprd=3.0, rsrr=0.24, multiplier=0.98, penalty_pct=2.0, nursing_turnover_pct=90.0, overall_rating=1,
          fines_usd=Decimal(500), deficiencies_c1_n=9, case_mix_index=1.5),
    _home("b", total_hprd=3.2, rsrr=0.19, multiplier=0.98, penalty_pct=2.0, nursing_turnover_pct=50.0, overall_rating=2,
          fines_usd=Decimal(900), deficiencies_c1_n=5),
    _home("c", total_hprd=3.4, rsrr=0.20, multiplier=1.01, penalty_pct=0.0, nursing_turnover_pct=40.0, overall_rating=3,
          fines_usd=Decimal(0), deficiencies_c1_n=1, case_mix_index=1.2),
    _home("d", total_hprd=4.5, rsrr=0.15, multiplier=0.97, penalty_pct=3.0),
    _home("e", rsrr=0.30, multiplier=0.99, penalty_pct=1.0),
]  # fmt: skip


def test_home_scores_are_means_of_known_ranks(frame: Any) -> None:
    rows = {row["ccn"]: row for row in nh_facility_risk(frame(METRICS, HOMES)).collect()}
    # hours 3.0 < 3.2 < 3.4 < 4.5 -> 1, 2/3, 1/3, 0; rates 0.15 < 0.19 < 0.20 < 0.24 < 0.30 -> a 3/4, b 1/4, c 1/2
    assert (rows["a"]["staffing_pr"], rows["b"]["staffing_pr"]) == (1.0, pytest.approx(2 / 3))
    assert [rows[c]["readmission_pr"] for c in "abcde"] == [0.75, 0.25, 0.5, 0.0, 1.0]
    assert [rows[c]["rating_pr"] for c in "abcd"] == [1.0, 0.5, 0.0, None]
    # a: hours 1, rate 3/4, turnover 1, fines 1/2, rating 1
    assert rows["a"]["risk_score"] == pytest.approx((1 + 0.75 + 1 + 0.5 + 1) / 5)
    assert (rows["a"]["risk_tier"], rows["a"]["risk_ranks_n"]) == ("HIGH", 5)
    assert (rows["d"]["risk_ranks_n"], rows["d"]["risk_score"], rows["d"]["risk_tier"]) == (2, None, None)


def test_high_risk_is_low_hours_high_rate_and_a_cut(frame: Any, values: Any) -> None:
    found = nh_facility_risk(frame(METRICS, HOMES))
    # p75 of the five rates is 0.24; c has a bonus, d enough hours, e unknown hours
    assert values(found, "ccn is_high_risk is_high_risk_p75") == [
        ("a", True, True), ("b", True, False), ("c", False, False), ("d", False, False), ("e", None, None)
    ]  # fmt: skip


def test_risk_rank_lists_high_risk_homes_first_then_cut_then_fines(frame: Any, values: Any) -> None:
    found = nh_facility_risk(frame(METRICS, HOMES))
    assert values(found, "risk_rank ccn") == [(1, "b"), (2, "a"), (3, "d"), (4, "c"), (5, "e")]


def test_length_of_stay_proxy_averages_what_is_known(frame: Any) -> None:
    rows = {row["ccn"]: row["los_proxy_rank"] for row in nh_facility_risk(frame(METRICS, HOMES)).collect()}
    # a: deficiencies 1, rate 3/4, case mix 1; b: 1/2 and 1/4; d: rate 0 alone
    assert rows == {
        "a": pytest.approx(2.75 / 3), "b": pytest.approx(0.375), "c": pytest.approx(0.5 / 3), "d": 0.0, "e": 1.0
    }  # fmt: skip
