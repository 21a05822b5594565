"""The scorecard of states: a handful of homes, in months with and without citations and published averages."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from nh_lakehouse.gold.scorecard import nh_state_scorecard

OCT, HEALTH_ALONE, UNCITED = MONTHS = [date(2024, month, 1) for month in (10, 11, 12)]

HOMES = [
    {
        "ccn": "1", "state": "AL", "certified_beds": 100, "residents_per_day": 60.0, "bed_utilization": 0.6,
        "total_hprd": 3.0, "rn_hprd": 0.5, "rsrr": 0.2, "fines_n": 2, "fines_usd": Decimal("100.00"),
        "deficiencies_c1_n": 4, "vaccinated_residents_pct": 20.0,
    },
    {
        "ccn": "2", "state": "AL", "certified_beds": 20, "residents_per_day": 20.0, "bed_utilization": 1.0,
        "total_hprd": 5.0, "fines_n": 0, "fines_usd": Decimal("0.00"), "deficiencies_c1_n": 7,
        "vaccinated_residents_pct": 40.0,
    },
    {"ccn": "3", "state": "SC", "certified_beds": 50},
    {"ccn": "4", "state": None, "certified_beds": 30},
]  # fmt: skip


def _citation(ccn: str, domain: str = "health", jeopardy: bool | None = False, month: date = OCT) -> dict[str, Any]:
    return {"domain": domain, "ccn": ccn, "snapshot_month": month, "immediate_jeopardy": jeopardy}


CITATIONS = [
    *(_citation("1"), _citation("1", jeopardy=True), _citation("2", jeopardy=None)),
    *(_citation("1", "fire"), _citation("4", "fire", jeopardy=True), _citation("999999")),
    _citation("1", month=HEALTH_ALONE),
]
RISK = {"risk_score": 0.8, "risk_score_n10": 0.7, "risk_tier": "CRITICAL", "risk_rank": 1}
READMISSION = {"matched_n": 12, "correlation": -0.4, "ols_slope": -0.02, "ols_intercept": 0.28, "r2": 0.16}
AVERAGES = [
    {
        "state": "AL",
        "snapshot_month": OCT,
        "total_hprd_mean": 3.75,
        "fines_usd_mean": 40.0,
        "deficiencies_c1_mean": 6.0,
    },
    {"state": "SC", "snapshot_month": UNCITED, "total_hprd_mean": 3.75},
    {"state": "US", "snapshot_month": OCT, "is_national": True, "total_hprd_mean": 3.5},
]


@pytest.fixture(scope="module")
def of_month(frame: Any) -> Any:
    """`of_month(OCT)`: the rows of that month by state; all three months have the same homes."""
    in_al, in_us = ({"state": state, "snapshot_month": OCT} for state in ("AL", "US"))
    in_sc_later = {"state": "SC", "snapshot_month": UNCITED}
    rows = nh_state_scorecard(
        frame("gold.nh_facility_metrics", [home | {"snapshot_month": month} for home in HOMES for month in MONTHS]),
        frame("gold.nh_state_risk", [in_al | RISK, in_sc_later | RISK]),
        frame("gold.nh_state_staffing_readmission", [place | READMISSION for place in (in_al, in_us, in_sc_later)]),
        frame("silver.nh_state_month", AVERAGES),
        frame("silver.nh_citation", CITATIONS),
    ).collect()
    found = {(row["snapshot_month"], row["state"]): row for row in rows}
    assert len(found) == len(rows)
    return lambda month: {state: row for (of, state), row in found.items() if of == month}


def test_size_means_and_pool_of_a_state(of_month: Any) -> None:
    row = of_month(OCT)["AL"]
    assert (row["is_national"], row["facility_n"], row["beds"], row["residents"]) == (False, 2, 120, 80.0)
    assert (row["residents_per_day_mean"], row["bed_utilization_mean"], row["bed_utilization_n"]) == (40.0, 0.8, 2)
    assert row["bed_utilization_wtd"] == pytest.approx(80 / 120)
    assert (row["total_hprd_mean"], row["total_hprd_wtd"]) == (4.0, 3.5)  # (3 x 60 + 5 x 20) / 80
    assert (row["rn_hprd_mean"], row["rn_hprd_n"], row["rn_hprd_wtd"]) == (0.5, 1, 0.5)
    assert (row["fines_n"], row["fines_mean"], row["fines_usd"], row["fines_usd_mean"]) == (2, 1.0, Decimal(100), 50.0)
    assert (row["deficiencies_c1_mean"], row["vaccinated_residents_pct_mean"]) == (5.5, 30.0)


def test_nation_holds_all_homes_also_those_without_state(of_month: Any) -> None:
    rows = of_month(OCT)
    assert set(rows) == {"AL", "SC", "US"}
    assert (rows["US"]["is_national"], rows["US"]["facility_n"], rows["US"]["beds"]) == (True, 4, 200)


def test_no_value_gives_null_not_zero(of_month: Any) -> None:
    row = of_month(OCT)["SC"]
    assert (row["residents"], row["total_hprd_mean"], row["total_hprd_n"], row["total_hprd_wtd"]) == (
        None,
        None,
        0,
        None,
    )
    assert (row["fines_n"], row["fines_usd"], row["fines_usd_n"], row["rsrr_mean"]) == (None, None, 0, None)
    assert (row["matched_n"], row["risk_score"], row["correlation"]) == (0, None, None)


CITED = ("citations_n", "citations_per_home", "immediate_jeopardy_n")


def _cited(row: Any, prefix: str = "") -> tuple[Any, ...]:
    return tuple(row[f"{prefix}{name}"] for name in CITED)


def test_citations_per_home_of_the_month(of_month: Any) -> None:
    rows = of_month(OCT)
    assert _cited(rows["AL"], "health_") == (3, 1.5, 1)
    assert _cited(rows["AL"], "fire_") == (1, 0.5, 0)
    assert _cited(rows["AL"]) == (4, 2.0, 1)
    assert _cited(rows["US"]) == (5, 1.25, 2)  # 999999 is not among the homes


def test_state_without_citations_has_zero_where_the_file_is_loaded(of_month: Any) -> None:
    row = of_month(OCT)["SC"]
    assert _cited(row) == _cited(row, "health_") == _cited(row, "fire_") == (0, 0.0, 0)


def test_citations_are_null_where_none_of_the_month_is_loaded(of_month: Any) -> None:
    row = of_month(UNCITED)["AL"]
    assert _cited(row) == _cited(row, "health_") == _cited(row, "fire_") == (None, None, None)


def test_one_kind_of_citations_does_not_stand_for_both(of_month: Any) -> None:
    row = of_month(HEALTH_ALONE)["AL"]
    assert (_cited(row, "health_"), _cited(row, "fire_")) == ((1, 0.5, 0), (None, None, None))
    assert _cited(row) == (None, None, None)


def test_risk_and_correlation_of_the_state_and_month(of_month: Any) -> None:
    rows, given = of_month(OCT), RISK | READMISSION
    assert {name: rows["AL"][name] for name in given} == given
    assert (rows["US"]["risk_score"], rows["US"]["correlation"]) == (None, -0.4)  # the nation has no risk score
    assert (rows["SC"]["risk_score"], rows["SC"]["correlation"]) == (None, None)


def test_published_averages_of_the_same_month_stand_beside(of_month: Any) -> None:
    rows = of_month(OCT)
    assert (rows["AL"]["total_hprd_mean_published"], rows["AL"]["total_hprd_mean_diff"]) == (3.75, 0.25)
    assert (rows["AL"]["fines_usd_mean_diff"], rows["AL"]["deficiencies_c1_mean_diff"]) == (10.0, -0.5)
    assert (rows["AL"]["rn_hprd_mean_published"], rows["AL"]["rn_hprd_mean_diff"]) == (None, None)
    assert rows["US"]["total_hprd_mean_diff"] == 0.5
    assert rows["SC"]["total_hprd_mean_published"] is None
