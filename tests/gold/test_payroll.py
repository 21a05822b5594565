"""Payroll tables on rows small enough to check by hand; every case is a home of its own, named by what it shows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
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
Row = dict[str, Any]
FRIDAY, SATURDAY, SUNDAY, MONDAY = (date(2023, 3, 31) + timedelta(days=n) for n in range(4))  # Q1 ends on the Friday
TUESDAY = MONDAY + timedelta(days=1)


def _frame(spark: Any, table: str, rows: Iterable[Mapping[str, Any]]) -> DataFrame:
    columns = load_tables()[table].columns
    return spark.createDataFrame(
        [tuple(row.get(c.name) for c in columns) for row in rows], schema=spark_schema(columns)
    )


def _rows(df: DataFrame, *key: str) -> dict[Any, Row]:
    """Rows by their key; a key of one column is not a tuple."""
    found = [row.asDict() for row in df.collect()]
    by_key = {row[key[0]] if len(key) == 1 else tuple(row[k] for k in key): row for row in found}
    assert len(by_key) == len(found)
    return by_key


def _same(found: Iterable[float | None], expected: Iterable[float | None]) -> bool:
    """Equal to twelve significant digits."""
    pairs = list(zip(found, expected, strict=True))
    known = [(f, e) for f, e in pairs if f is not None and e is not None]
    return all(f is e for f, e in pairs if f is None or e is None) and all(
        math.isclose(f, e, rel_tol=1e-12) for f, e in known
    )


# --- a day ---------------------------------------------------------------------------------------------------------

USUAL = {"rndon": 8, "rn_direct": 20, "lpnadmin": 2, "lpn_direct": 30, "cna": 100, "natrn": 5, "medaide": 3}
DAYS = [
    silver_day("usual", FRIDAY, 60, USUAL, {"cna": 12, "rnadmin": 4}),
    silver_day("zero census", FRIDAY, 0, {"cna": 16}, {"cna": 4}),
    silver_day("unknown census", FRIDAY, None, {"cna": 16}, {"cna": 4}),
    silver_day("unknown RN", FRIDAY, 10, {"rn_direct": None, "cna": 20}),
    silver_day("no hours", FRIDAY, 10, {}),
    silver_day("eight hours", FRIDAY, 10, {"rn_direct": 8}) | {"hrs_rn": 7.999999999999999},
    silver_day("change", TUESDAY + timedelta(days=1), None, {}),
    silver_day("change", TUESDAY, 60, {}),
    silver_day("change", SUNDAY, 52, {}),
    silver_day("change", SATURDAY, 47, {}),
    silver_day("change", FRIDAY, 50, {}),
    silver_day("change of another", MONDAY, 9, {}),
]


@pytest.fixture(scope="module")
def days(spark: Any) -> dict[tuple[str, date], Row]:
    """`pbj_day` of all cases."""
    return _rows(pbj_day(_frame(spark, "silver.pbj_daily", DAYS)), "ccn", "work_date")


def test_day_divides_hours_by_census(days: dict[Any, Row]) -> None:
    day = days["usual", FRIDAY]
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
    assert _same([day[name] for name in expected], expected.values())
    assert (day["no_rn_day"], day["rn_below_8h"], day["quarter"], day["state"]) == (False, False, "2023Q1", "RI")


@pytest.mark.parametrize("case", ["zero census", "unknown census"])
def test_day_without_residents_has_no_figures_per_resident(days: dict[Any, Row], case: str) -> None:
    day = days[case, FRIDAY]
    per_resident = ["total_hprd", "aide_hprd", "direct_care_hprd", "nurse_to_resident", "residents_per_nurse"]
    assert [day[name] for name in [*per_resident, "no_rn_day", "rn_below_8h"]] == [None] * 7
    assert (day["shift_equiv_n"], day["contract_share"]) == (2.5, 0.2)


def test_day_with_an_unknown_job_knows_the_other_groups(days: dict[Any, Row]) -> None:
    day = days["unknown RN", FRIDAY]
    assert (day["aide_hprd"], day["lpn_hprd"]) == (2.0, 0.0)
    unknown = ("total_hprd", "rn_hprd", "direct_care_hprd", "no_rn_day", "rn_below_8h", "contract_share")
    assert [day[name] for name in unknown] == [None] * 6


def test_day_without_hours_has_no_shares_and_no_inverse(days: dict[Any, Row]) -> None:
    day = days["no hours", FRIDAY]
    assert (day["total_hprd"], day["nurse_to_resident"], day["no_rn_day"], day["rn_below_8h"]) == (0.0, 0.0, True, True)
    assert (day["contract_share"], day["residents_per_nurse"], day["residents_per_rn"]) == (None, None, None)


def test_eight_rn_hours_that_doubles_add_up_to_less_are_not_below_eight(days: dict[Any, Row]) -> None:
    assert days["eight hours", FRIDAY]["rn_below_8h"] is False


def test_census_change_is_that_of_the_calendar_day_before(days: dict[Any, Row]) -> None:
    dates = (FRIDAY, SATURDAY, SUNDAY, TUESDAY, TUESDAY + timedelta(days=1))
    assert [days["change", day]["census_change_n"] for day in dates] == [None, -3, 5, None, None]
    assert [days["change", day]["admissions_floor_n"] for day in dates] == [None, 0, 5, None, None]
    assert days["change of another", MONDAY]["census_change_n"] is None


def test_day_of_a_quarter_needs_that_quarter_and_the_one_before_alone(frame: Frame) -> None:
    long = [silver_day("415001", date(2022, 12, 1) + timedelta(days=n), 40 + n % 7, {"cna": n}) for n in range(200)]
    everything = pbj_day(frame("silver.pbj_daily", long)).where(F.col("quarter") == "2023Q2")
    recent = pbj_day(frame("silver.pbj_daily", [row for row in long if row["quarter"] in ("2023Q1", "2023Q2")]))
    assert _rows(recent.where(F.col("quarter") == "2023Q2"), "work_date") == _rows(everything, "work_date")


# --- months and quarters -------------------------------------------------------------------------------------------


def _quarters(case: str, first: int, hours: list[float | None]) -> list[Row]:
    """One day in each quarter from `first` (counted from 2020Q1): these employee hours, 0, 1, 2 ... contract hours."""
    starts = [date(2020 + (first + n) // 4, 1 + 3 * ((first + n) % 4), 1) for n in range(len(hours))]
    quarters = enumerate(zip(starts, hours, strict=True))
    return [silver_day(case, day, 10, {"cna": worked}, {"cna": n}) for n, (day, worked) in quarters if worked]


LIMITS = {
    "total 1.5": (0, 15, False),
    "total below 1.5": (0, 14.9, True),
    "total 12": (68, 52, False),
    "total above 12": (68.1, 52, True),
    "aides 5.25": (0, 52.5, False),
    "aides above 5.25": (0, 52.6, True),
}
EQUAL_DAYS: dict[str, tuple[list[float], float | None]] = {
    "one day": ([7.77], None),
    "equal days": ([7.77, 7.77, 7.77], 0.0),
    "days without hours": ([0, 0], None),
}
IN_FORCE = {
    "no provider info": ([], None),
    "latest up to the last month": ([date(2023, 3, 1), date(2023, 5, 1), date(2023, 7, 1)], date(2023, 5, 1)),
    "the last month itself": ([date(2023, 3, 1), date(2023, 6, 1)], date(2023, 6, 1)),
    "earliest where all are later": ([date(2024, 10, 1), date(2024, 9, 1)], date(2024, 9, 1)),
}
PERIOD_DAYS = [
    # 30 + 10 resident days with 90 + 60 hours: 3.75, not the mean of 3 and 6; the day without residents adds nothing
    silver_day("pooled", SATURDAY, 30, {"cna": 80, "rn_direct": 10}),
    silver_day("pooled", MONDAY, 10, {"cna": 20, "rn_direct": 10}, {"lpn_direct": 30}),
    silver_day("pooled", TUESDAY, 0, {"cna": 8}),
    silver_day("unknown hours", SATURDAY, 10, {"rn_direct": "0.1", "cna": 20}, {"cna": 5}),
    silver_day("unknown hours", SUNDAY, 20, {"rn_direct": "0.2", "cna": None}),
    silver_day("unknown hours", MONDAY, 0, {"cna": 7}),
    silver_day("no known hours", SUNDAY, 10, {"cna": None}),
    silver_day("implausible hours", SUNDAY, 10, {"cna": 20}),
    silver_day("implausible hours", MONDAY, 10, {"cna": 1.4e170, "rn_direct": 9}),
    *[silver_day("most hours", date(2023, 4, 1) + timedelta(days=n), 1, {"cna": 9999.99}) for n in range(91)],
    silver_day("weekdays", MONDAY, 10, {"cna": 20}),
    silver_day("weekend", SUNDAY, 10, {"cna": 20}),
    *[silver_day(case, MONDAY, 10, {"rn_direct": rn, "cna": aide}) for case, (rn, aide, _) in LIMITS.items()],
    *[
        silver_day(case, MONDAY + timedelta(days=n), 7, {"cna": hours})
        for case, (days, _) in EQUAL_DAYS.items()
        for n, hours in enumerate(days)
    ],
    *[silver_day(case, day, 10, {"cna": 20}) for case in IN_FORCE for day in (MONDAY, date(2023, 5, 1))],
    *[silver_day("turnover", day, 10, {"cna": 20}) for day in (FRIDAY, MONDAY, date(2023, 7, 3))],
    *_quarters("gap", 2, [20, 25, None, 30, 24]),
    *_quarters("unbroken", 0, [80, 82, 84, 86, 88, 90, 92, 94, 96]),
    *_quarters("broken", 0, [80, 82, 84, None, 88, 90, 92, 94, 96]),
]
PROVIDER_INFO = [
    *[
        {"ccn": case, "snapshot_month": month, "case_mix_total_hprd": float(month.month)}
        for case, (months, _) in IN_FORCE.items()
        for month in months
    ],
    {"ccn": "turnover", "snapshot_month": date(2023, 3, 1), "nursing_turnover_pct": 50.5},
    {"ccn": "turnover", "snapshot_month": date(2023, 6, 1), "nursing_turnover_pct": 48.0},
]


@pytest.fixture(scope="module")
def tables(spark: Any) -> dict[str, dict[Any, Row]]:
    """`pbj_totals`, `pbj_month` and `pbj_quarter` of all cases."""
    totals = pbj_totals(_frame(spark, "silver.pbj_daily", PERIOD_DAYS))
    info = _frame(spark, "silver.nh_facility_month", PROVIDER_INFO)
    wages = _frame(spark, "silver.nh_wage", [])
    return {
        "totals": _rows(totals, "ccn", "month"),
        "month": _rows(pbj_month(totals, info, wages), "ccn", "period"),
        "quarter": _rows(pbj_quarter(totals, info, wages), "ccn", "period"),
    }


def _history(tables: dict[str, dict[Any, Row]], case: str, column: str) -> list[Any]:
    return [row[column] for (ccn, _), row in sorted(tables["quarter"].items()) if ccn == case]


def test_totals_leave_unknown_hours_out_of_hours_and_residents_alike(tables: dict[str, Any]) -> None:
    totals = tables["totals"]["unknown hours", date(2023, 4, 1)]
    assert [totals[n] for n in ("days_n", "census_days_n", "emp_days_n", "total_hprd_days_n")] == [3, 2, 2, 1]
    assert [totals[n] for n in ("resident_days", "total_resident_days", "rn_resident_days")] == [30, 10, 30]
    hours = [totals[f"{name}_hours"] for name in ("total", "rn", "aide", "total_ctr", "total_ctr_base", "weekend_rn")]
    assert [str(value.normalize()) for value in hours] == ["25.1", "0.3", "25", "5", "25.1", "0.3"]
    assert str(totals["emp_hours_all_days"].normalize()) == "27.1"


@pytest.mark.parametrize(("table", "period"), [("month", "2023-04-01"), ("quarter", "2023Q2")])
def test_period_pools_hours_over_residents(tables: dict[str, Any], table: str, period: str) -> None:
    row = tables[table]["pooled", period]
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
        "hours_cv": 4.5**0.5 / 4.5,  # daily 3 and 6: mean 4.5, sample variance 4.5
    }
    assert _same([row[name] for name in expected], expected.values())
    assert [row[n] for n in ("days_n", "census_days_n", "resident_days", "no_rn_days_n")] == [3, 2, 40, 0]


def test_a_month_without_known_hours_has_null_figures(tables: dict[str, Any]) -> None:
    month = tables["month"]["no known hours", "2023-04-01"]
    assert (month["days_n"], month["resident_days"], month["no_rn_days_n"]) == (1, 10, 1)
    unknown = ("total_hprd", "aide_hprd", "contract_share", "hours_cv", "emp_hours_per_day", "aberrant")
    assert [month[name] for name in unknown] == [None] * 6


def test_implausible_hours_are_unknown(tables: dict[str, Any]) -> None:
    quarter = tables["quarter"]["implausible hours", "2023Q2"]
    assert (quarter["total_hprd"], quarter["aide_hprd"], quarter["rn_hprd"]) == (2.0, 2.0, 0.45)
    assert (quarter["resident_days"], quarter["total_hprd_days_n"], quarter["emp_days_n"]) == (20, 1, 1)
    most = tables["quarter"]["most hours", "2023Q2"]
    assert (most["total_hprd"], most["hours_cv"]) == (9999.99, 0.0)


@pytest.mark.parametrize(("case", "expected"), [("weekdays", (2.0, None, None)), ("weekend", (None, 2.0, None))])
def test_days_of_one_kind_leave_the_other_kind_null(tables: dict[str, Any], case: str, expected: Any) -> None:
    month = tables["month"][case, "2023-04-01"]
    assert (month["weekday_total_hprd"], month["weekend_total_hprd"], month["weekend_gap_pct"]) == expected


@pytest.mark.parametrize("case", EQUAL_DAYS)
def test_hours_cv_of_few_and_equal_days(tables: dict[str, Any], case: str) -> None:
    assert tables["quarter"][case, "2023Q2"]["hours_cv"] == EQUAL_DAYS[case][1]


@pytest.mark.parametrize("case", LIMITS)
def test_aberrant_limits_are_open(tables: dict[str, Any], case: str) -> None:
    assert tables["quarter"][case, "2023Q2"]["aberrant"] is LIMITS[case][2]


@pytest.mark.parametrize("case", IN_FORCE)
def test_provider_info_in_force(tables: dict[str, Any], case: str) -> None:
    quarter, expected = tables["quarter"][case, "2023Q2"], IN_FORCE[case][1]
    utilization = 2.0 / expected.month if expected else None
    assert (quarter["provider_info_month"], quarter["shift_utilization"]) == (expected, utilization)


def test_provider_info_of_a_month_is_that_of_the_month(tables: dict[str, Any]) -> None:
    months = [tables["month"]["latest up to the last month", period] for period in ("2023-04-01", "2023-05-01")]
    assert [row["provider_info_month"] for row in months] == [date(2023, 3, 1), date(2023, 5, 1)]


def test_turnover_change_needs_two_months_of_provider_info(tables: dict[str, Any]) -> None:
    assert _history(tables, "turnover", "turnover_change") == [None, -2.5, None]


def test_change_to_the_previous_quarter_never_bridges_a_gap(tables: dict[str, Any]) -> None:
    assert _history(tables, "gap", "period") == ["2020Q3", "2020Q4", "2021Q2", "2021Q3"]
    assert _same(_history(tables, "gap", "emp_hours_qoq_pct"), [None, 25.0, None, -20.0])
    assert _same(_history(tables, "gap", "contract_share_qoq"), [None, 1 / 26, None, 4 / 28 - 3 / 33])


def test_attrition_slope_needs_eight_quarters_in_a_row(tables: dict[str, Any]) -> None:
    slopes = _history(tables, "unbroken", "attrition_slope_8q")
    assert _same(slopes, [None] * 7 + [2 / 87, 2 / 89])  # 2 hours a quarter / mean of the eight
    assert _history(tables, "broken", "attrition_slope_8q") == [None] * 8


def test_totals_of_a_quarter_need_that_quarter_alone(frame: Frame) -> None:
    long = [silver_day("415001", date(2023, 3, 1) + timedelta(days=n), 50, {"cna": n}) for n in range(60)]
    everything = pbj_totals(frame("silver.pbj_daily", long)).where(F.col("quarter") == "2023Q2")
    alone = pbj_totals(frame("silver.pbj_daily", [row for row in long if row["quarter"] == "2023Q2"]))
    assert _rows(alone, "month") == _rows(everything, "month")


def test_rules_replace_the_limits(frame: Frame) -> None:
    rules = PayrollRules(shift_hours=12.0, rn_day_hours=4.0, aberrant_above_aide_hprd=1.0)
    daily = frame("silver.pbj_daily", [silver_day("415001", MONDAY, 10, {"rn_direct": 4, "cna": 20})])
    day = _rows(pbj_day(daily, rules=rules), "ccn")["415001"]
    assert (day["shift_equiv_n"], day["rn_below_8h"]) == (2.0, False)
    nothing = frame("silver.nh_facility_month", []), frame("silver.nh_wage", [])
    quarters = pbj_quarter(pbj_totals(daily), *nothing, rules=rules)
    quarter = _rows(quarters, "ccn")["415001"]
    assert (quarter["shifts_per_resident_day"], quarter["aberrant"]) == (2.4 / 12.0, True)


# --- states --------------------------------------------------------------------------------------------------------

STATE_DAYS = [
    silver_day("one", MONDAY, 10, {"cna": 30}),
    silver_day("two", MONDAY, 30, {"cna": 120}),
    silver_day("aberrant", MONDAY, 10, {"cna": 60}),  # 6 aide hours per resident
    silver_day("elsewhere", MONDAY, 50, {"cna": 100}, state="CT"),
    silver_day("nowhere", MONDAY, 5, {"cna": 10}, state=None),
    silver_day("one", date(2023, 1, 2), 10, {"cna": 20}),
    silver_day("two", date(2023, 1, 2), 10, {"cna": 36}),
]
EXPECTED_HOURS = [
    {"ccn": ccn, "snapshot_month": date(2023, 6, 1), "case_mix_total_hprd": hours}
    for ccn, hours in (("one", 4.0), ("two", 5.0), ("aberrant", None))
]


@pytest.fixture(scope="module")
def states(spark: Any) -> dict[tuple[str, str], Row]:
    """`pbj_state_quarter` of these homes."""
    totals = pbj_totals(_frame(spark, "silver.pbj_daily", STATE_DAYS))
    expected, wages = _frame(spark, "silver.nh_facility_month", EXPECTED_HOURS), _frame(spark, "silver.nh_wage", [])
    quarters = pbj_quarter(totals, expected, wages)
    return _rows(pbj_state_quarter(totals, quarters), "state", "period")


def test_a_home_without_a_state_counts_for_the_nation_alone(states: dict[Any, Row]) -> None:
    assert sorted(states) == [("CT", "2023Q2"), ("RI", "2023Q1"), ("RI", "2023Q2"), ("US", "2023Q1"), ("US", "2023Q2")]
    nation = states["US", "2023Q2"]
    assert (nation["facility_n"], nation["total_hprd"], nation["total_hprd_mean"]) == (
        5,
        320 / 105,
        (3 + 4 + 2 + 2) / 4,
    )
    assert {state: row["is_national"] for (state, _), row in states.items()} == {"CT": False, "RI": False, "US": True}


def test_aberrant_home_leaves_the_mean_and_stays_in_the_pool(states: dict[Any, Row]) -> None:
    state = states["RI", "2023Q2"]
    assert (state["facility_n"], state["aberrant_n"], state["resident_days"]) == (3, 1, 50)
    assert (state["total_hprd_wtd"], state["total_hprd_wtd_n"], state["total_hprd"]) == (210 / 50, 3, 210 / 50)
    assert (state["total_hprd_mean"], state["total_hprd_n"]) == (3.5, 2)
    assert _same([state[f"total_hprd_{s}"] for s in ("p10", "median", "p90")], [3.1, 3.5, 3.9])


def test_shift_utilization_of_a_state_is_of_homes_with_expected_hours(states: dict[Any, Row]) -> None:
    assert states["RI", "2023Q2"]["shift_utilization"] == 150 / (4 * 10 + 5 * 30)
    assert states["CT", "2023Q2"]["shift_utilization"] is None


def test_state_has_its_own_trend(states: dict[Any, Row]) -> None:
    found = [states["RI", period] for period in ("2023Q1", "2023Q2")]
    assert [row["emp_hours_per_day"] for row in found] == [28.0, 70.0]
    assert _same([row["emp_hours_qoq_pct"] for row in found], [None, 150.0])


# --- declarations --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [0, 3], ids=["empty input", "some days"])
def test_columns_and_types_are_those_declared(frame: Frame, days: int) -> None:
    daily = [silver_day("415001", FRIDAY + timedelta(days=n), 50, {"cna": 150}) for n in range(days)]
    made = {"pbj_daily": frame("silver.pbj_daily", daily)}
    made |= {name: frame(f"silver.{name}", []) for name in ("nh_facility_month", "nh_wage")}
    functions: list[Any] = [pbj_day, pbj_totals, pbj_month, pbj_quarter, pbj_state_quarter]
    for function in functions:
        name = function.__name__
        made[name] = function(*[made[table] for table in function.__table__.inputs])
        declared = spark_schema(load_tables()[f"gold.{name}"].columns)
        assert [(f.name, f.dataType) for f in made[name].schema] == [(f.name, f.dataType) for f in declared]
    assert bool(made["pbj_state_quarter"].collect()) is (days > 0)
