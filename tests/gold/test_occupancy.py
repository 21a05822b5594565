"""Homes by occupancy band and low staffing."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from nh_lakehouse.gold.occupancy import nh_occupancy_bands

OCT = date(2024, 10, 1)


def _home(ccn: str, utilization: float | None, hours: float | None, **others: Any) -> dict[str, Any]:
    band = (
        "unknown" if utilization is None else "low" if utilization < 0.7 else "medium" if utilization < 0.85 else "high"
    )
    flags: dict[str, Any] = {"below_3_5": None if hours is None else hours < 3.5}
    if utilization is not None:
        flags |= {"is_over_capacity": utilization > 1, "is_optimal": 0.85 <= utilization <= 0.9}
    home = {"ccn": ccn, "snapshot_month": OCT, "state": "AL", "bed_utilization": utilization, "occupancy_band": band}
    return home | flags | {"total_hprd": hours} | others


HOMES = [
    _home("1", 0.95, 3.0, rsrr=0.24, deficiencies_c1_n=10, residents_per_day=90.0),
    _home("2", 1.05, 3.2, rsrr=0.22, deficiencies_c1_n=20, residents_per_day=30.0),
    _home("3", 0.88, 4.0, rsrr=0.24, deficiencies_c1_n=4),
    _home("4", 0.60, 3.4, rsrr=0.26, deficiencies_c1_n=6),
    _home("5", None, 3.4, rsrr=0.50),
    _home("6", 0.95, None, rsrr=0.90),
]


@pytest.fixture
def bands(frame: Any) -> Any:
    """`bands(state, occupancy_band, staffing_low)`: that row of the table of HOMES, or None."""
    found = nh_occupancy_bands(frame("gold.nh_facility_metrics", HOMES)).collect()
    rows = {(row["state"], row["occupancy_band"], row["staffing_low"]): row for row in found}
    assert len(rows) == len(found)
    return lambda *key: rows.get(key)


def test_homes_of_unknown_band_stand_in_unknown_and_in_all(bands: Any) -> None:
    counted = {
        ("all", "all"): 6, ("high", "all"): 4, ("high", "true"): 2, ("high", "false"): 1, ("high", "unknown"): 1,
        ("low", "true"): 1, ("unknown", "true"): 1, ("all", "true"): 4,
    }  # fmt: skip
    assert {key: bands("AL", *key)["facility_n"] for key in counted} == counted
    assert bands("AL", "medium", "all") is None
    assert bands("US", "all", "all")["facility_n"] == 6


def test_means_of_a_band(bands: Any) -> None:
    row = bands("AL", "high", "true")
    assert (row["total_hprd_mean"], row["total_hprd_n"]) == (pytest.approx(3.1), 2)
    assert (row["total_hprd_wtd"], row["total_hprd_wtd_n"]) == (pytest.approx((3.0 * 90 + 3.2 * 30) / 120), 2)
    assert (row["rsrr_mean"], row["deficiencies_c1_mean"], row["deficiencies_c1_mean_n"]) == (
        pytest.approx(0.23),
        15.0,
        2,
    )
    assert (row["correlation"], row["correlation_n"]) == (None, 2)


def test_ratios_of_the_state_repeat_on_each_row(bands: Any) -> None:
    # homes 1 and 2 are crowded and low: mean 0.23; homes 3 and 4 are not: mean 0.25; homes 5 and 6 may be: neither side
    for key in (("all", "all"), ("low", "true"), ("unknown", "true")):
        row = bands("AL", *key)
        assert (row["rsrr_rel_diff"], row["rsrr_rel_diff_n"]) == (pytest.approx(0.23 / 0.25 - 1), 2)
        # over capacity: home 2 with 20; the rest that are known: 10, 4, 6
        assert (row["deficiency_ratio_over_100"], row["deficiency_ratio_over_100_n"]) == (pytest.approx(3.0), 1)
        assert (row["hprd_at_optimal"], row["hprd_at_optimal_n"]) == (4.0, 1)


def test_correlation_of_utilization_and_hours(frame: Any) -> None:
    homes = [_home(str(n), 0.5 + n / 20, 5.0 - n / 10) for n in range(10)]  # two hours less per unit of utilization
    found = nh_occupancy_bands(frame("gold.nh_facility_metrics", homes))
    (row,) = found.filter("state = 'US' and occupancy_band = 'all' and staffing_low = 'all'").collect()
    assert row["correlation"] == pytest.approx(-1, rel=1e-12)
    assert (row["ols_slope"], row["ols_intercept"]) == (pytest.approx(-2, rel=1e-12), pytest.approx(6, rel=1e-12))
    assert row["r2"] == pytest.approx(1, rel=1e-12)
