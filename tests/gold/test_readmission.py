"""Readmission tables: ten homes on a line, and homes that do not match."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from nh_lakehouse.gold.readmission import nh_readmission_facility, nh_state_staffing_readmission

OCT = date(2024, 10, 1)
METRICS = "gold.nh_facility_metrics"


def _home(number: int, rsrr: float | None, **others: Any) -> dict[str, Any]:
    return {"ccn": f"{number:06d}", "snapshot_month": OCT, "state": "AL", "rsrr": rsrr, **others}


def test_deciles_and_rank_of_homes_with_a_rate(frame: Any, values: Any) -> None:
    # rates 0.15 to 0.25 in steps of 0.01: p10 = 0.16, p90 = 0.24
    homes = [_home(n, round(0.15 + n / 100, 2)) for n in range(11)] + [_home(11, None)]
    found = nh_readmission_facility(frame(METRICS, homes))
    rows = values(found, "rsrr_rank rsrr top_decile bottom_decile above_0_18")
    assert len(rows) == 11
    assert rows[:3] == [(1, 0.25, False, True, True), (2, 0.24, False, True, True), (3, 0.23, False, False, True)]
    assert rows[-4:] == [
        (8, 0.18, False, False, False), (9, 0.17, False, False, False), (10, 0.16, True, False, False),
        (11, 0.15, True, False, False),
    ]  # fmt: skip


def test_equal_rates_share_a_rank(frame: Any, values: Any) -> None:
    homes = [_home(1, 0.2), _home(2, 0.2), _home(3, 0.1)]
    assert values(nh_readmission_facility(frame(METRICS, homes)), "ccn rsrr_rank") == [
        ("000001", 1),
        ("000002", 1),
        ("000003", 3),
    ]


def _matched(number: int, **others: Any) -> dict[str, Any]:
    # one hour more, two points less: rsrr = 0.28 - 0.02 x hours
    hours = 3.0 + number / 10
    return _home(number, round(0.28 - 0.02 * hours, 6), total_hprd=hours, **others)


def test_slope_of_ten_homes_on_a_line(frame: Any) -> None:
    homes = [_matched(n, residents_per_day=10.0 * n, certified_beds=25 if n < 9 else 10) for n in range(10)]
    homes.append(_home(10, None, total_hprd=9.9))  # no rate: not matched
    rows = {row["state"]: row for row in nh_state_staffing_readmission(frame(METRICS, homes)).collect()}
    assert set(rows) == {"AL", "US"}
    state = rows["AL"]
    assert (state["matched_n"], state["is_national"], rows["US"]["is_national"]) == (10, False, True)
    assert state["correlation"] == pytest.approx(-1, rel=1e-12)
    assert state["ols_slope"] == pytest.approx(-0.02, rel=1e-12)
    assert state["ols_intercept"] == pytest.approx(0.28, rel=1e-12)
    assert state["effect_0_5h_pp"] == pytest.approx(-1.0, rel=1e-12)  # half an hour, one percentage point less
    assert state["total_hprd_mean"] == pytest.approx(3.45, rel=1e-12)
    # weights 0, 10, ..., 90: sum of n x (3 + n / 10) over sum of n = (135 + 28.5) / 45
    assert state["total_hprd_wtd"] == pytest.approx(163.5 / 45, rel=1e-12)
    assert (state["beds20_n"], state["correlation_beds20"]) == (9, None)
    assert (state["adjusted_n"], state["correlation_adjusted"]) == (0, None)


def test_fewer_than_ten_homes_are_kept_without_correlation(frame: Any) -> None:
    (state,) = (
        nh_state_staffing_readmission(frame(METRICS, [_matched(n) for n in range(9)])).filter("state = 'AL'").collect()
    )
    assert (state["matched_n"], state["correlation"], state["ols_slope"], state["r2"]) == (9, None, None, None)
    assert (state["correlation_ci_low"], state["correlation_ci_high"], state["effect_0_5h_pp"]) == (None, None, None)
    assert state["rsrr_sd"] is not None


def test_equal_hours_have_no_correlation(frame: Any) -> None:
    homes = [_home(n, 0.2 + n / 100, total_hprd=3.3) for n in range(10)]
    (state,) = nh_state_staffing_readmission(frame(METRICS, homes)).filter("state = 'AL'").collect()
    assert (state["correlation"], state["ols_slope"], state["total_hprd_sd"]) == (None, None, 0.0)
