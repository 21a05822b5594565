"""The executive page of four homes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from nh_lakehouse.gold.bands import Benchmarks
from nh_lakehouse.gold.executive import METRICS, nh_executive_summary

OCT = date(2024, 10, 1)
INPUTS = ("gold.nh_facility_metrics", "gold.nh_facility_risk", "gold.nh_state_risk", "silver.nh_vbp_national")


def _home(ccn: str, **others: Any) -> dict[str, Any]:
    return {"ccn": ccn, "snapshot_month": OCT, "state": "AL", **others}


HOMES = [
    _home("1", total_hprd=3.0, residents_per_day=50.0, certified_beds=100, bed_utilization=0.5, is_over_capacity=False,
          is_low_revenue=True, below_4_1=True, below_3_5=True, below_3_48=True, fines_usd=Decimal(400), rsrr=0.2,
          payment_change_pct=-2.0, penalty_pct=2.0, high_turnover=True, nursing_turnover_pct=80.0),
    _home("2", total_hprd=5.0, residents_per_day=55.0, certified_beds=50, bed_utilization=1.1, is_over_capacity=True,
          is_low_revenue=False, below_4_1=False, below_3_5=False, below_3_48=False, fines_usd=Decimal(0), rsrr=0.3,
          payment_change_pct=1.0, penalty_pct=0.0, high_turnover=False, nursing_turnover_pct=40.0),
    _home("3", total_hprd=4.0, below_4_1=True, below_3_5=False, below_3_48=False, residents_per_day=10.0,
          certified_beds=0),
    _home("4"),
]  # fmt: skip
RISK = [
    _home("1", is_high_risk=True, rsrr=0.2),
    _home("2", is_high_risk=False, rsrr=0.3),
    _home("4", is_high_risk=None),
]
STATES = [
    {"state": "AL", "snapshot_month": OCT, "risk_tier": "CRITICAL", "facility_n": 7},
    {"state": "SC", "snapshot_month": OCT, "risk_tier": "HIGH", "facility_n": 9},
]


@pytest.fixture
def page(frame: Any) -> Any:
    """`page(homes, risk, states, national)`: metric -> row."""

    def run(*tables: list[dict[str, Any]], **thresholds: Any) -> dict[str, Any]:
        rows = nh_executive_summary(
            *[frame(name, table) for name, table in zip(INPUTS, tables, strict=True)], **thresholds
        ).collect()
        assert len({row["metric"] for row in rows}) == len(rows)
        return {row["metric"]: row for row in rows}

    return run


def test_values_of_the_page(page: Any) -> None:
    rates = [{"fiscal_year": year, "performance_rate": year / 10000} for year in (2023, 2024, 2025)]
    found = page(HOMES, RISK, STATES, rates)
    expected = {
        "facility_n": 4, "bed_utilization_mean": 0.8, "bed_utilization_wtd": 105 / 150, "total_hprd_mean": 4.0,
        "total_hprd_wtd": (150 + 275 + 40) / 115, "rsrr_mean": 0.25, "rsrr_national_unadjusted": 0.2024,
        "below_4_1_share": 2 / 3, "below_3_5_share": 1 / 3, "below_3_48_share": 1 / 3, "over_capacity_share": 0.5,
        "below_60_share": 0.5, "nursing_turnover_pct_mean": 60.0, "rn_turnover_pct_mean": None,
        "high_turnover_share": 0.5,
        "payment_change_pct_mean": -0.5, "penalty_pct_mean": 1.0, "fines_usd": 400.0, "fines_usd_mean": 200.0,
        "fined_n": 1,
        "high_risk_homes_n": 1, "critical_states_n": 1, "critical_state_homes_n": 7,
        "lowest_decile_hprd_mean": 3.0,  # p10 of 3, 4, 5 is 3.2
    }  # fmt: skip
    assert {name: row["value"] for name, row in found.items()} == {
        name: value if value is None else pytest.approx(value, rel=1e-12) for name, value in expected.items()
    }
    assert [row["metric"] for row in sorted(found.values(), key=lambda row: row["metric_no"])] == [
        m.name for m in METRICS
    ]


def test_counts_are_null_where_their_inputs_are_not_loaded(page: Any) -> None:
    homes = [{k: v for k, v in HOMES[0].items() if k not in ("rsrr", "fines_usd", "payment_change_pct", "penalty_pct")}]
    found = page(homes, [_home("1", is_high_risk=None)], [], [])
    unknown = (
        "rsrr_mean rsrr_national_unadjusted payment_change_pct_mean penalty_pct_mean fines_usd fines_usd_mean fined_n "
        "high_risk_homes_n critical_states_n critical_state_homes_n"
    )
    assert {found[name]["value"] for name in unknown.split()} == {None}
    assert len(found) == 24


def test_no_critical_state_is_zero(page: Any) -> None:
    found = page(HOMES, RISK, STATES[1:], [])
    assert (found["critical_states_n"]["value"], found["critical_state_homes_n"]["value"]) == (0.0, 0.0)


def test_benchmarks_as_text_and_numbers(page: Any) -> None:
    found = page(HOMES, RISK, STATES, [], benchmarks=Benchmarks(rsrr=0.2))
    benchmarks = {name: (row["benchmark"], row["benchmark_low"], row["benchmark_high"]) for name, row in found.items()}
    assert benchmarks["bed_utilization_mean"] == ("0.85-0.90", 0.85, 0.9)
    assert benchmarks["total_hprd_wtd"] == ("4.1", 4.1, 4.1)
    assert benchmarks["rsrr_mean"] == ("0.2", 0.2, 0.2)
    assert benchmarks["below_4_1_share"] == ("0", 0.0, 0.0)
    assert benchmarks["payment_change_pct_mean"] == ("-1.3 to -1.2", -1.3, -1.2)
    assert benchmarks["fined_n"] == (None, None, None)
    assert found["fines_usd"]["unit"] == "usd"
