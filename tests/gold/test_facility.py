"""nh_facility_metrics on single homes: every formula once, every input missing once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from nh_lakehouse.gold.facility import nh_facility_metrics

JUN, OCT = date(2024, 6, 1), date(2024, 10, 1)
HOME = {"ccn": "015009", "valid_from": date(2020, 1, 1), "ownership_class": "For profit", "is_chain": False}
MONTH = {
    "ccn": "015009", "snapshot_month": OCT, "state": "AL", "certified_beds": 100, "residents_per_day": 88.0,
    "total_hprd": 3.4, "rn_hprd": 0.6, "aide_hprd": 2.5, "weekend_total_hprd": 2.7, "nursing_turnover_pct": 80.0,
    "fines_usd": Decimal("1250.00"), "deficiencies_c1_n": 5, "deficiencies_c2_n": 3, "deficiencies_c3_n": 2,
}  # fmt: skip
VBP = {"ccn": "015009", "fiscal_year": 2024, "performance_rsrr": 0.21, "baseline_rsrr": 0.2, "multiplier": 0.985}


@pytest.fixture
def metrics(frame: Any) -> Any:
    """`metrics(nh_vbp=[...])`: the rows of the table as dictionaries, one typical home unless given otherwise."""

    def run(**tables: list[dict[str, Any]]) -> list[dict[str, Any]]:
        given = {"nh_facility": [HOME], "nh_facility_month": [MONTH], "nh_vbp": [VBP], **tables}
        names = nh_facility_metrics.__table__.inputs
        frames = [frame(f"silver.{name}", given.get(name, [])) for name in names]
        return [row.asDict() for row in nh_facility_metrics(*frames).orderBy("ccn", "snapshot_month").collect()]

    return run


def test_metrics_of_one_home(metrics: Any) -> None:
    (home,) = metrics()
    expected = {
        "bed_utilization": 0.88, "occupancy_band": "high", "is_over_capacity": False, "is_optimal": True,
        "is_low_revenue": False,
        "gap_to_4_1_hprd": -0.7, "gap_to_4_1_pct": 100 * 0.7 / 4.1, "below_4_1": True, "below_3_48": True,
        "below_3_5": True,
        "meets_rule_2024": False, "staffing_band": "[3.2,3.5)", "turnover_band": ">75", "high_turnover": True,
        "fiscal_year": 2024, "rsrr": 0.21, "rsrr_baseline": 0.2, "rsrr_change": 0.01, "multiplier": 0.985,
        "payment_change_pct": -1.5, "penalty_pct": 1.5, "fines_per_bed_usd": 12.5, "deficiencies_3c_n": 10,
        "weekend_deficit_hprd": 0.7,
        "weekday_hprd_est": 3.68,  # (7 x 3.4 - 2 x 2.7) / 5 = 18.4 / 5
        "weekend_gap_pct": 100 * 0.98 / 3.68, "overtime_risk": True, "complexity_band": "high",
        "ownership_class": "For profit",
    }  # fmt: skip
    found = {name: home[name] for name in expected}
    assert found == {k: pytest.approx(v, rel=1e-12) if isinstance(v, float) else v for k, v in expected.items()}


def test_missing_hours_leave_bands_unknown_and_comparisons_null(metrics: Any) -> None:
    (home,) = metrics(nh_facility_month=[{"ccn": "015009", "snapshot_month": OCT}], nh_vbp=[])
    assert {home[band] for band in ("occupancy_band", "staffing_band", "turnover_band", "complexity_band")} == {
        "unknown"
    }
    nulls = (
        "bed_utilization is_over_capacity is_optimal is_low_revenue gap_to_4_1_hprd gap_to_4_1_pct below_4_1 "
        "below_3_48 below_3_5 meets_rule_2024 high_turnover fiscal_year rsrr rsrr_change multiplier "
        "payment_change_pct penalty_pct fines_usd fines_per_bed_usd deficiencies_3c_n weekend_deficit_hprd "
        "weekday_hprd_est weekend_gap_pct overtime_risk short_stay_rehosp_pct ppr_rsrr_pct vaccinated_residents_pct"
    )
    assert {home[name] for name in nulls.split()} == {None}


def test_no_beds_give_no_utilization(metrics: Any) -> None:
    (home,) = metrics(nh_facility_month=[MONTH | {"certified_beds": 0}])
    assert (home["bed_utilization"], home["occupancy_band"], home["fines_per_bed_usd"]) == (None, "unknown", None)


def test_utilization_above_one_is_kept(metrics: Any) -> None:
    (home,) = metrics(nh_facility_month=[MONTH | {"residents_per_day": 104.0}])
    assert (home["bed_utilization"], home["is_over_capacity"], home["occupancy_band"]) == (1.04, True, "high")


@pytest.mark.parametrize(
    ("total", "rn", "aide", "meets"),
    [
        (3.48, 0.55, 2.45, True),
        (3.47, 0.55, 2.45, False),
        (3.9, 0.54, 2.45, False),
        (3.9, 0.55, 2.44, False),
        (3.9, None, 2.5, None),
    ],
)
def test_the_2024_rule_asks_for_all_three(
    metrics: Any, total: float, rn: float | None, aide: float, meets: bool | None
) -> None:
    (home,) = metrics(nh_facility_month=[MONTH | {"total_hprd": total, "rn_hprd": rn, "aide_hprd": aide}])
    assert home["meets_rule_2024"] is meets


def test_a_bonus_is_no_penalty(metrics: Any) -> None:
    (home,) = metrics(nh_vbp=[VBP | {"multiplier": 1.01}])
    assert (home["payment_change_pct"], home["penalty_pct"]) == (pytest.approx(1.0), 0.0)


def test_sum_of_cycles_leaves_missing_cycles_out(metrics: Any) -> None:
    (home,) = metrics(nh_facility_month=[MONTH | {"deficiencies_c3_n": None}])
    assert home["deficiencies_3c_n"] == 8


def test_the_version_in_force_describes_the_home(metrics: Any) -> None:
    versions = [
        HOME | {"ownership_class": "For profit", "valid_to": OCT},
        HOME | {"ownership_class": "Non profit", "valid_from": OCT},
    ]
    months = [MONTH | {"snapshot_month": JUN}, MONTH]
    found = metrics(nh_facility=versions, nh_facility_month=months)
    assert [(row["snapshot_month"], row["ownership_class"]) for row in found] == [
        (JUN, "For profit"),
        (OCT, "Non profit"),
    ]


def test_a_home_without_a_version_keeps_its_row(metrics: Any) -> None:
    (home,) = metrics(nh_facility=[])
    assert (home["ownership_class"], home["bed_utilization"]) == (None, 0.88)


def test_readmission_is_of_the_latest_loaded_year_not_after_the_month(metrics: Any) -> None:
    years = [VBP | {"fiscal_year": year, "performance_rsrr": year / 10000} for year in (2022, 2023, 2025)]
    (home,) = metrics(nh_vbp=years)
    assert (home["fiscal_year"], home["rsrr"]) == (2023, 0.2023)


def test_a_home_absent_from_the_year_in_force_does_not_fall_back(metrics: Any) -> None:
    (home,) = metrics(nh_vbp=[VBP | {"fiscal_year": 2023}, VBP | {"ccn": "015010"}])
    assert (home["fiscal_year"], home["rsrr"]) == (2024, None)


def _measure(code: str, score: float | None, release: date = OCT, source: str = "qrp") -> dict[str, Any]:
    return {
        "source": source,
        "ccn": "015009",
        "measure_code": code,
        "period": "p",
        "snapshot_month": release,
        "score": score,
    }


def test_quality_measures_take_the_latest_code_version(metrics: Any) -> None:
    (home,) = metrics(nh_measure_long=[_measure("S_004_01_PPR_PD_RSRR", 9.5), _measure("S_004_02_PPR_PD_RSRR", 10.5)])
    assert home["ppr_rsrr_pct"] == 10.5


def test_a_latest_version_that_is_no_number_is_null(metrics: Any) -> None:
    (home,) = metrics(nh_measure_long=[_measure("S_004_01_PPR_PD_RSRR", 9.5), _measure("S_004_02_PPR_PD_RSRR", None)])
    assert home["ppr_rsrr_pct"] is None


def test_quality_measures_take_the_latest_release_not_after_the_month(metrics: Any) -> None:
    releases = [(date(2024, 4, 1), 1.0), (date(2024, 7, 1), 2.0), (date(2025, 1, 1), 3.0)]
    (home,) = metrics(nh_measure_long=[_measure("521", score, release, "claims") for release, score in releases])
    assert (home["short_stay_rehosp_pct"], home["short_stay_ed_pct"]) == (2.0, None)


def test_vaccination_takes_the_latest_release_not_after_the_month(metrics: Any) -> None:
    def share(month: date, pct: float, ccn: str | None = "015009") -> dict[str, Any]:
        return {"ccn": ccn, "snapshot_month": month, "as_of_date": month, "residents_pct": pct, "staff_pct": pct / 2}

    rows = [share(JUN, 20.0), share(date(2024, 11, 1), 30.0), share(OCT, 99.0, ccn=None)]
    (home,) = metrics(nh_vaccination=rows)
    assert (home["vaccinated_residents_pct"], home["vaccinated_staff_pct"]) == (20.0, 10.0)
