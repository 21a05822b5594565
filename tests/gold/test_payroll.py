"""Payroll tables on rows small enough to check by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from payroll_rows import silver_day
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.contracts.loading import load_tables
from nh_lakehouse.gold.payroll_day import PayrollRules, pbj_day, pbj_totals
from nh_lakehouse.gold.payroll_period import pbj_month, pbj_quarter, pbj_state_quarter
from nh_lakehouse.lakehouse.schema import spark_schema

Frame = Callable[..., DataFrame]
FRIDAY, SATURDAY, SUNDAY, MONDAY = (date(2023, 3, 31) + timedelta(days=n) for n in range(4))


def _rows(df: DataFrame, *order: str) -> list[dict[str, Any]]:
    return [row.asDict() for row in df.orderBy(*order).collect()]


def _one(df: DataFrame) -> dict[str, Any]:
    rows = df.collect()
    assert len(rows) == 1
    return dict(rows[0].asDict())


def _same(found: list[Any], expected: list[float | None]) -> bool:
    pairs = list(zip(found, expected, strict=True))
    return all(f is e is None or (f is not None and e is not None and math.isclose(f, e, rel_tol=1e-12)) for f, e in pairs)


def _periods(frame: Frame, days: list[dict[str, Any]], info: list[dict[str, Any]] | None = None) -> dict[str, DataFrame]:
    totals = pbj_totals(frame("silver.pbj_daily", days))
    months = frame("silver.nh_facility_month", info or [])
    quarter = pbj_quarter(totals, months)
    return {
        "totals": totals,
        "month": pbj_month(totals, months),
        "quarter": quarter,
        "state": pbj_state_quarter(totals, quarter),
    }


# --- a day ---------------------------------------------------------------------------------------------------------


def test_day_divides_hours_by_census(frame: Frame) -> None:
    emp = {"rndon": 8, "rn_direct": 20, "lpnadmin": 2, "lpn_direct": 30, "cna": 100, "natrn": 5, "medaide": 3}
    day = _one(pbj_day(frame("silver.pbj_daily", [silver_day("415001", FRIDAY, 60, emp, {"cna": 12, "rnadmin": 4})])))
    expected = {
        "total_hprd": 184 / 60,
        "rn_hprd": 32 / 60,
        "lpn_hprd": 32 / 60,
        "aide_hprd": 120 / 60,
        "direct_care_hprd": (20 + 30 + 120) / 60,
        "nurse_to_resident": 184 / 24 / 60,
        "residents_per_nurse": 60 * 24 / 184,
        "rn_to_resident": 32 / 24 / 60,
        "residents_per_rn": 60 * 24 / 32,
        "shift_equiv_n": 23.0,
        "contract_share": 16 / 184,
        "direct_rn_hours": 20.0,
    }
    assert {name: day[name] for name in expected} == pytest.approx(expected, rel=1e-12)
    assert (day["no_rn_day"], day["rn_below_8h"], day["quarter"], day["state"]) == (False, False, "2023Q1", "RI")


@pytest.mark.parametrize("census", [0, None], ids=["zero census", "unknown census"])
def test_day_without_residents_has_no_figures_per_resident(frame: Frame, census: int | None) -> None:
    day = _one(pbj_day(frame("silver.pbj_daily", [silver_day("415001", FRIDAY, census, {"cna": 16}, {"cna": 4})])))
    per_resident = ["total_hprd", "aide_hprd", "direct_care_hprd", "nurse_to_resident", "residents_per_nurse"]
    assert [day[name] for name in [*per_resident, "no_rn_day", "rn_below_8h"]] == [None] * 7
    assert (day["shift_equiv_n"], day["contract_share"]) == (2.5, 0.2)


def test_day_with_an_unknown_job_knows_the_other_groups(frame: Frame) -> None:
    day = _one(pbj_day(frame("silver.pbj_daily", [silver_day("415001", FRIDAY, 10, {"rn_direct": None, "cna": 20})])))
    assert (day["aide_hprd"], day["lpn_hprd"]) == (2.0, 0.0)
    assert [day[n] for n in ("total_hprd", "rn_hprd", "direct_care_hprd", "no_rn_day", "contract_share")] == [None] * 5


def test_day_without_hours_has_no_shares_and_no_inverse(frame: Frame) -> None:
    day = _one(pbj_day(frame("silver.pbj_daily", [silver_day("415001", FRIDAY, 10, {})])))
    assert (day["total_hprd"], day["nurse_to_resident"], day["no_rn_day"], day["rn_below_8h"]) == (0.0, 0.0, True, True)
    assert (day["contract_share"], day["residents_per_nurse"], day["residents_per_rn"]) == (None, None, None)


def test_eight_rn_hours_that_floats_add_up_to_less_are_not_below_eight(frame: Frame) -> None:
    row = silver_day("415001", FRIDAY, 10, {"rn_direct": 8}) | {"hrs_rn": 7.999999999999999}
    assert _one(pbj_day(frame("silver.pbj_daily", [row])))["rn_below_8h"] is False


def test_census_change_is_that_of_the_calendar_day_before(frame: Frame) -> None:
    census = {FRIDAY: 50, SATURDAY: 47, SUNDAY: 52, MONDAY + timedelta(days=1): 60, MONDAY + timedelta(days=2): None}
    days = [silver_day("415001", day, residents, {}) for day, residents in census.items()]
    other = silver_day("415002", SATURDAY, 9, {})
    found = _rows(pbj_day(frame("silver.pbj_daily", [*reversed(days), other])), "ccn", "work_date")
    assert [row["census_change_n"] for row in found] == [None, -3, 5, None, None, None]
    assert [row["admissions_floor_n"] for row in found] == [None, 0, 5, None, None, None]


def test_day_of_a_quarter_needs_that_quarter_and_the_one_before_alone(frame: Frame) -> None:
    days = [silver_day("415001", date(2022, 12, 1) + timedelta(days=n), 40 + n % 7, {"cna": n}) for n in range(200)]
    everything = pbj_day(frame("silver.pbj_daily", days)).where(F.col("quarter") == "2023Q2")
    recent = frame("silver.pbj_daily", [row for row in days if row["quarter"] in ("2023Q1", "2023Q2")])
    assert _rows(pbj_day(recent).where(F.col("quarter") == "2023Q2"), "work_date") == _rows(everything, "work_date")


# --- sums ----------------------------------------------------------------------------------------------------------


def test_totals_leave_unknown_hours_out_of_hours_and_residents_alike(frame: Frame) -> None:
    days = [
        silver_day("415001", SATURDAY, 10, {"rn_direct": "0.1", "cna": 20}, {"cna": 5}),
        silver_day("415001", SUNDAY, 20, {"rn_direct": "0.2", "cna": None}),
        silver_day("415001", MONDAY, 0, {"cna": 7}),
    ]
    totals = _one(pbj_totals(frame("silver.pbj_daily", days)))
    assert (totals["days_n"], totals["census_days_n"], totals["emp_days_n"], totals["total_hprd_days_n"]) == (3, 2, 2, 1)
    assert (totals["resident_days"], totals["total_resident_days"], totals["rn_resident_days"]) == (30, 10, 30)
    hours = [totals[f"{name}_hours"] for name in ("total", "rn", "aide", "total_ctr", "total_ctr_base", "weekend_rn")]
    assert [str(value.normalize()) for value in hours] == ["25.1", "0.3", "25", "5", "25.1", "0.3"]
    assert str(totals["emp_hours_all_days"].normalize()) == "27.1"


def test_a_month_without_known_hours_has_null_figures(frame: Frame) -> None:
    month = _one(_periods(frame, [silver_day("415001", FRIDAY, 10, {"cna": None})])["month"])
    assert (month["days_n"], month["resident_days"], month["no_rn_days_n"]) == (1, 10, 1)
    assert [month[n] for n in ("total_hprd", "aide_hprd", "contract_share", "hours_cv", "emp_hours_per_day")] == [None] * 5
    assert month["aberrant"] is None


def test_totals_of_a_quarter_need_that_quarter_alone(frame: Frame) -> None:
    days = [silver_day("415001", date(2023, 3, 1) + timedelta(days=n), 50, {"cna": n}) for n in range(60)]
    everything = pbj_totals(frame("silver.pbj_daily", days)).where(F.col("quarter") == "2023Q2")
    alone = pbj_totals(frame("silver.pbj_daily", [row for row in days if row["quarter"] == "2023Q2"]))
    assert _rows(alone, "month") == _rows(everything, "month")


# --- months and quarters -------------------------------------------------------------------------------------------


def test_period_pools_hours_over_residents(frame: Frame) -> None:
    days = [  # 30 + 10 resident days with 90 + 60 hours: 3.75, not the mean of 3 and 6; the empty day adds nothing
        silver_day("415001", SATURDAY, 30, {"cna": 80, "rn_direct": 10}),
        silver_day("415001", MONDAY, 10, {"cna": 20, "rn_direct": 10}, {"lpn_direct": 30}),
        silver_day("415001", MONDAY + timedelta(days=1), 0, {"cna": 8}),
    ]
    tables = _periods(frame, days)
    month, quarter = _one(tables["month"]), _one(tables["quarter"])
    expected = {
        "total_hprd": 3.75,
        "rn_hprd": 0.5,
        "weekend_total_hprd": 3.0,
        "weekday_total_hprd": 6.0,
        "weekend_rn_hprd": 1 / 3,
        "weekday_rn_hprd": 1.0,
        "weekend_gap_pct": 50.0,
        "weekend_deficit_hprd": 0.75,
        "contract_share": 0.2,
        "contract_share_rn": 0.0,
        "contract_share_lpn": 1.0,
        "nurse_to_resident": 150 / 24 / 40,
        "shifts_per_resident_day": 150 / 8 / 40,
        "emp_hours_per_day": 128 / 3,
        "hours_cv": (4.5**0.5) / 4.5,  # daily 3 and 6: mean 4.5, sample variance 4.5
    }
    assert {name: month[name] for name in expected} == pytest.approx(expected, rel=1e-12)
    assert {name: quarter[name] for name in expected} == pytest.approx(expected, rel=1e-12)
    assert (month["period"], quarter["period"]) == ("2023-04-01", "2023Q2")
    assert (quarter["days_n"], quarter["census_days_n"], quarter["resident_days"], quarter["no_rn_days_n"]) == (3, 2, 40, 0)


def test_days_of_one_kind_alone_leave_the_other_kind_null(frame: Frame) -> None:
    weekdays = _one(_periods(frame, [silver_day("415001", MONDAY, 10, {"cna": 20})])["month"])
    assert (weekdays["weekday_total_hprd"], weekdays["weekend_total_hprd"], weekdays["weekend_gap_pct"]) == (2.0, None, None)
    weekend = _one(_periods(frame, [silver_day("415001", SUNDAY, 10, {"cna": 20})])["month"])
    assert (weekend["weekday_total_hprd"], weekend["weekend_total_hprd"], weekend["weekend_gap_pct"]) == (None, 2.0, None)


@pytest.mark.parametrize(
    ("hours", "expected"),
    [([7.77], None), ([7.77, 7.77, 7.77], 0.0), ([0, 0], None)],
    ids=["one day", "equal days", "no hours"],
)
def test_hours_cv_of_few_and_equal_days(frame: Frame, hours: list[float], expected: float | None) -> None:
    days = [silver_day("415001", MONDAY + timedelta(days=n), 7, {"cna": value}) for n, value in enumerate(hours)]
    assert _one(_periods(frame, days)["quarter"])["hours_cv"] == expected


@pytest.mark.parametrize(
    ("rn", "aide", "expected"),
    [(0, 15, False), (0, 14.9, True), (68, 52, False), (68, 52.5, True), (0, 52.5, False), (0, 52.6, True)],
    ids=["1.5", "below 1.5", "12", "above 12", "aides 5.25", "aides above 5.25"],
)
def test_aberrant_limits_are_open(frame: Frame, rn: float, aide: float, expected: bool) -> None:
    day = silver_day("415001", MONDAY, 10, {"rn_direct": rn, "cna": aide})
    assert _one(_periods(frame, [day])["quarter"])["aberrant"] is expected


def test_rules_replace_the_limits(frame: Frame) -> None:
    rules = PayrollRules(shift_hours=12.0, rn_day_hours=4.0, aberrant_above_aide_hprd=1.0)
    days = frame("silver.pbj_daily", [silver_day("415001", MONDAY, 10, {"rn_direct": 4, "cna": 20})])
    day = _one(pbj_day(days, rules=rules))
    assert (day["shift_equiv_n"], day["rn_below_8h"]) == (2.0, False)
    quarter = _one(pbj_quarter(pbj_totals(days), frame("silver.nh_facility_month", []), rules=rules))
    assert (quarter["shifts_per_resident_day"], quarter["aberrant"]) == (2.4 / 12.0, True)


@pytest.mark.parametrize(
    ("months", "expected"),
    [
        ([], None),
        ([date(2023, 3, 1), date(2023, 5, 1), date(2023, 7, 1)], date(2023, 5, 1)),
        ([date(2023, 3, 1), date(2023, 6, 1)], date(2023, 6, 1)),
        ([date(2024, 10, 1), date(2024, 9, 1)], date(2024, 9, 1)),
    ],
    ids=["none", "latest up to the last month", "the last month itself", "earliest where all are later"],
)
def test_provider_info_in_force(frame: Frame, months: list[date], expected: date | None) -> None:
    info = [{"ccn": "415001", "snapshot_month": m, "case_mix_total_hprd": float(m.month)} for m in months]
    quarter = _one(_periods(frame, [silver_day("415001", MONDAY, 10, {"cna": 20})], info)["quarter"])
    utilization = 2.0 / expected.month if expected else None
    assert (quarter["provider_info_month"], quarter["shift_utilization"]) == (expected, utilization)


def test_provider_info_of_a_month_is_its_own(frame: Frame) -> None:
    days = [silver_day("415001", day, 10, {"cna": 20}) for day in (date(2023, 4, 3), date(2023, 5, 1))]
    info = [{"ccn": "415001", "snapshot_month": date(2023, m, 1), "case_mix_total_hprd": float(m)} for m in (4, 5)]
    found = _rows(_periods(frame, days, info)["month"], "period")
    assert [row["shift_utilization"] for row in found] == [0.5, 0.4]


def test_turnover_change_needs_two_months_of_provider_info(frame: Frame) -> None:
    info = [
        {"ccn": "415001", "snapshot_month": date(2023, 3, 1), "nursing_turnover_pct": 50.5},
        {"ccn": "415001", "snapshot_month": date(2023, 6, 1), "nursing_turnover_pct": 48.0},
    ]
    days = [silver_day("415001", day, 10, {"cna": 20}) for day in (FRIDAY, MONDAY, date(2023, 7, 3))]
    found = _rows(_periods(frame, days, info)["quarter"], "period")
    assert [row["turnover_change"] for row in found] == [None, -2.5, None]


def _quarters(first: int, hours: list[float | None]) -> list[dict[str, Any]]:
    starts = [date(2020 + (first + n) // 4, 1 + 3 * ((first + n) % 4), 1) for n in range(len(hours))]
    return [silver_day("415001", day, 10, {"cna": h}, {"cna": n}) for n, (day, h) in enumerate(zip(starts, hours)) if h]


def test_change_to_the_previous_quarter_never_bridges_a_gap(frame: Frame) -> None:
    found = _rows(_periods(frame, _quarters(2, [20, 25, None, 30, 24]))["quarter"], "period")
    assert [row["period"] for row in found] == ["2020Q3", "2020Q4", "2021Q2", "2021Q3"]
    assert _same([row["emp_hours_qoq_pct"] for row in found], [None, 25.0, None, -20.0])
    assert _same([row["contract_share_qoq"] for row in found], [None, 1 / 26, None, 4 / 28 - 3 / 33])


def test_attrition_slope_needs_eight_quarters_in_a_row(frame: Frame) -> None:
    unbroken = _rows(_periods(frame, _quarters(0, [80, 82, 84, 86, 88, 90, 92, 94, 96]))["quarter"], "period")
    slopes = [row["attrition_slope_8q"] for row in unbroken]
    assert _same(slopes, [None] * 7 + [2 / 87, 2 / 89])  # 2 hours a quarter / mean of the eight
    broken = _rows(_periods(frame, _quarters(0, [80, 82, 84, None, 88, 90, 92, 94, 96]))["quarter"], "period")
    assert [row["attrition_slope_8q"] for row in broken] == [None] * 8


# --- states --------------------------------------------------------------------------------------------------------


def test_aberrant_home_leaves_the_mean_and_stays_in_the_pool(frame: Frame) -> None:
    days = [
        silver_day("415001", MONDAY, 10, {"cna": 30}),
        silver_day("415002", MONDAY, 30, {"cna": 120}),
        silver_day("415003", MONDAY, 10, {"cna": 60}),  # 6 aide hours per resident
        silver_day("075001", MONDAY, 50, {"cna": 100}, state="CT"),
        silver_day("995001", MONDAY, 5, {"cna": 10}, state=None),
    ]
    info = [{"ccn": "415001", "snapshot_month": date(2023, 6, 1), "case_mix_total_hprd": 4.0},
            {"ccn": "415002", "snapshot_month": date(2023, 6, 1), "case_mix_total_hprd": 5.0}]
    found = {row["state"]: row for row in _rows(_periods(frame, days, info)["state"], "state")}
    assert sorted(found) == ["CT", "RI", "US"]
    rhode_island, nation = found["RI"], found["US"]
    assert (rhode_island["facility_n"], rhode_island["aberrant_n"], rhode_island["resident_days"]) == (3, 1, 50)
    assert (rhode_island["total_hprd_wtd"], rhode_island["total_hprd_wtd_n"]) == (210 / 50, 3)
    assert rhode_island["total_hprd"] == rhode_island["total_hprd_wtd"]
    assert (rhode_island["total_hprd_mean"], rhode_island["total_hprd_n"]) == (3.5, 2)
    assert [rhode_island[f"total_hprd_{s}"] for s in ("p10", "median", "p90")] == pytest.approx([3.1, 3.5, 3.9])
    assert rhode_island["shift_utilization"] == 150 / (4 * 10 + 5 * 30)  # of the two homes with expected hours
    assert (nation["facility_n"], nation["total_hprd"], nation["total_hprd_mean"]) == (5, 320 / 105, (3 + 4 + 2 + 2) / 4)
    assert [found[s]["is_national"] for s in ("CT", "RI", "US")] == [False, False, True]


def test_state_has_its_own_trend(frame: Frame) -> None:
    days = [
        silver_day("415001", date(2023, 1, 2), 10, {"cna": 20}),
        silver_day("415002", date(2023, 1, 2), 10, {"cna": 40}),
        silver_day("415001", MONDAY, 10, {"cna": 33}),
    ]
    found = [row for row in _rows(_periods(frame, days)["state"], "period") if row["state"] == "RI"]
    assert [row["emp_hours_per_day"] for row in found] == [30.0, 33.0]
    assert _same([row["emp_hours_qoq_pct"] for row in found], [None, 10.0])


# --- declarations --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [0, 3], ids=["empty input", "some days"])
def test_columns_and_types_are_those_declared(frame: Frame, days: int) -> None:
    daily = [silver_day("415001", FRIDAY + timedelta(days=n), 50, {"cna": 150}) for n in range(days)]
    made = _periods(frame, daily) | {"day": pbj_day(frame("silver.pbj_daily", daily))}
    names = {"day": "pbj_day", "totals": "pbj_totals", "month": "pbj_month", "quarter": "pbj_quarter",
             "state": "pbj_state_quarter"}
    for short, name in names.items():
        declared = spark_schema(load_tables()[f"gold.{name}"].columns)
        assert [(f.name, f.dataType) for f in made[short].schema] == [(f.name, f.dataType) for f in declared]
        assert (len(made[short].collect()) > 0) is (days > 0)
