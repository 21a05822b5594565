"""Staffing by state and kind of home."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from nh_lakehouse.gold.staffing import nh_staffing_by_state_type

OCT = date(2024, 10, 1)


def _home(
    ccn: str, hours: float | None, residents: float | None, hospital: bool | None, owner: str | None, **others: Any
) -> dict[str, Any]:
    home = {"ccn": ccn, "snapshot_month": OCT, "state": "AL", "total_hprd": hours, "residents_per_day": residents}
    return home | {"hospital_based": hospital, "ownership_class": owner, "provider_type": "Medicare", **others}


HOMES = [
    _home("1", 6.0, 10.0, True, "Non profit", is_chain=True, rsrr=0.2),
    _home("2", 4.0, 30.0, False, "Non profit", is_chain=False, overall_rating=3),
    _home("3", 3.0, 60.0, False, "For profit", is_chain=True, rsrr=0.3),
    _home("4", 2.0, None, None, None, is_chain=True, state="SC"),
    _home("5", None, 50.0, False, "For profit", is_chain=False, state="SC"),
]


@pytest.fixture
def kinds(frame: Any) -> Any:
    """`kinds(state, hospital_based, provider_type, ownership_class, is_chain)`: that row of the table, or None."""
    found = nh_staffing_by_state_type(frame("gold.nh_facility_metrics", HOMES)).collect()
    keys = ("state", "hospital_based", "provider_type", "ownership_class", "is_chain")
    rows = {tuple(row[key] for key in keys): row for row in found}
    assert len(rows) == len(found)
    return lambda *key: rows.get(key)


def test_all_homes_of_the_nation(kinds: Any) -> None:
    row = kinds("US", "all", "all", "all", "all")
    assert (row["facility_n"], row["total_hprd_mean"], row["total_hprd_n"], row["is_national"]) == (5, 3.75, 4, True)
    assert row["total_hprd_wtd"] == pytest.approx((60 + 120 + 180) / 100)  # home 4 has no residents, home 5 no hours
    assert (row["total_hprd_wtd_n"], row["rsrr_mean"], row["rsrr_n"]) == (3, 0.25, 2)
    assert (row["rn_hprd_mean"], row["rn_hprd_n"], row["overall_rating_mean"]) == (None, 0, 3.0)


def test_comparisons_among_the_homes_of_a_row(kinds: Any) -> None:
    row = kinds("US", "all", "all", "all", "all")
    assert row["hospital_vs_freestanding_pct_mean"] == pytest.approx(100 * (6 / 3.5 - 1))
    assert row["hospital_vs_freestanding_pct_wtd"] == pytest.approx(100 * (6 / (300 / 90) - 1))
    assert row["forprofit_vs_nonprofit_pct_mean"] == pytest.approx(100 * (3 / 5 - 1))
    assert row["forprofit_vs_nonprofit_pct_wtd"] == pytest.approx(100 * (3 / (180 / 40) - 1))
    assert row["chain_vs_independent_pct_mean"] == pytest.approx(100 * ((11 / 3) / 4 - 1))
    assert row["chain_vs_independent_pct_wtd"] == pytest.approx(100 * ((240 / 70) / 4 - 1))


def test_a_row_of_one_side_has_no_comparison(kinds: Any) -> None:
    row = kinds("AL", "true", "all", "all", "all")
    assert (row["facility_n"], row["hospital_vs_freestanding_pct_mean"]) == (1, None)
    assert kinds("AL", "all", "all", "Non profit", "all")["hospital_vs_freestanding_pct_mean"] == pytest.approx(50)


def test_missing_kinds_are_unknown_and_in_all(kinds: Any) -> None:
    assert kinds("SC", "unknown", "Medicare", "unknown", "true")["facility_n"] == 1
    assert kinds("SC", "all", "Medicare", "all", "all")["facility_n"] == 2
