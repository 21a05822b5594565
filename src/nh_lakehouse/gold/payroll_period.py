"""Payroll-based staffing of homes by month and quarter, and of states by quarter.

Hours per resident day of a period are pooled: hours of the days with residents / resident days. The mean of the daily
ratios is not published, as it would give a day with few residents the weight of a full one.

Which month of provider information is in force for a period: the latest loaded month that is not after the period's
last month; where all loaded months are later, the earliest of them. `provider_info_month` names it.

Sources: CMS, Payroll-Based Journal Public Use Files: Technical Specifications, April 2019, section 3b; CMS, Five-Star
Quality Rating System: Technical Users' Guide (case-mix hours, turnover).
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.payroll_cost import COST_COLUMNS, Pay, with_cost
from nh_lakehouse.gold.payroll_day import (
    GROUPS,
    HOUR_SUMS,
    HOURS_PER_DAY,
    RESIDENT_SUMS,
    WEEKEND_GROUPS,
    PayrollRules,
)
from nh_lakehouse.gold.statistics import (
    MOMENT_TYPE,
    USD_TYPE,
    count_if,
    percent_difference,
    percentile_of,
    pooled_ratio,
    ratio,
)
from nh_lakehouse.quarters import month_of_quarter, quarter_number, quarter_year

__all__ = ["pbj_month", "pbj_quarter", "pbj_state_quarter"]

TREND_QUARTERS = 8
"""Quarters behind `attrition_slope_8q`."""

POOLED_GROUPS = (*GROUPS, "direct_care", *[f"weekend_{group}" for group in WEEKEND_GROUPS])
"""Groups of hours with their own hours per resident day."""

COUNT_SUMS = ("days_n", "census_days_n", "no_rn_days_n", "resident_days", "emp_days_n", "total_hprd_days_n")
"""Columns of `pbj_totals` that hold counts."""

STAFFING_COLUMNS = (
    "days_n",
    "census_days_n",
    "total_hprd_days_n",
    "resident_days",
    "total_hprd",
    "rn_hprd",
    "lpn_hprd",
    "aide_hprd",
    "direct_care_hprd",
    "weekend_total_hprd",
    "weekend_rn_hprd",
    "weekday_total_hprd",
    "weekday_rn_hprd",
    "weekend_gap_pct",
    "weekend_deficit_hprd",
    "contract_share",
    "contract_share_rn",
    "contract_share_lpn",
    "contract_share_aide",
    "nurse_to_resident",
    "shifts_per_resident_day",
    "shift_utilization",
    "no_rn_days_n",
    "emp_days_n",
    "emp_hours_per_day",
)
"""Columns that a home's month, a home's quarter and a state's quarter have alike."""

HOME_COLUMNS = ("provider_info_month", "case_mix_total_hprd", "hours_cv", "aberrant")
TREND_COLUMNS = ("emp_hours_qoq_pct", "contract_share_qoq", "attrition_slope_8q")
STATISTICS = ("wtd", "wtd_n", "mean", "n", "p10", "median", "p90")


@table("gold.pbj_month", key=["ccn", "period"], per=["ccn"], optional=["nh_facility_month", "nh_wage"])
def pbj_month(
    pbj_totals: DataFrame,
    nh_facility_month: DataFrame,
    nh_wage: DataFrame,
    *,
    rules: PayrollRules = PayrollRules(),
    pay: Pay = Pay(),
) -> DataFrame:
    """Staffing of a home in a month: pooled hours per resident day, weekends, contract staff, stability.

    Args:
        pbj_totals: one row per (ccn, quarter, month).
        nh_facility_month: one row per (ccn, snapshot_month); reads `case_mix_total_hprd`. May be empty.
        nh_wage: pay per hour by job, state and year; the wage of the calendar year of the period counts, else of the
            latest earlier one, the state's own before that of `US`. May be empty.
        rules: hours of a shift and limits of aberrant staffing.
        pay: what an hour of contract staff costs.
    Returns:
        One row per (ccn, period); `period` is the month's first day as text. Per-resident figures are null without
        resident days, shares without hours, `shift_utilization` without provider information, both cost columns
        without wages, and where a job with hours has none. `aberrant` holds the quarterly limits against the month.
    Source: technical specifications of the payroll files, section 3b.
    """
    months = _with_staffing(_add_up(pbj_totals, ["ccn", "month"]), rules)
    informed = _with_provider_info(months, nh_facility_month, at=F.col("month"))
    priced = with_cost(_with_home_figures(informed, rules), nh_wage, pay, year=F.year("month"))
    return priced.withColumns(_cost_per_resident_day()).select(
        "ccn",
        F.date_format("month", "yyyy-MM-dd").alias("period"),
        "state",
        *STAFFING_COLUMNS,
        *HOME_COLUMNS,
        *COST_COLUMNS,
    )


@table("gold.pbj_quarter", key=["ccn", "period"], per=["ccn"], optional=["nh_facility_month", "nh_wage"])
def pbj_quarter(
    pbj_totals: DataFrame,
    nh_facility_month: DataFrame,
    nh_wage: DataFrame,
    *,
    rules: PayrollRules = PayrollRules(),
    pay: Pay = Pay(),
) -> DataFrame:
    """Staffing of a home in a quarter, and its change to the quarters before.

    Args:
        pbj_totals: one row per (ccn, quarter, month).
        nh_facility_month: one row per (ccn, snapshot_month); reads `case_mix_total_hprd` and `nursing_turnover_pct`.
            May be empty.
        nh_wage: pay per hour by job, state and year, as in `pbj_month`. May be empty.
        rules: hours of a shift and limits of aberrant staffing.
        pay: what an hour of contract staff costs.
    Returns:
        One row per (ccn, period); `period` is written 2023Q2. Nulls as in `pbj_month`; changes are null where the
        calendar's previous quarter is not loaded, the slope where one of the eight quarters is not, `turnover_change`
        where one month of provider information stands for both quarters.
    Source: technical specifications of the payroll files, section 3b (limits of aberrant staffing).
    """
    quarters = _with_staffing(_add_up(pbj_totals, ["ccn", "quarter"]), rules)
    last_month = month_of_quarter("quarter", 3)
    informed = _with_provider_info(quarters, nh_facility_month, at=last_month)
    compared = _with_provider_info(informed, nh_facility_month, at=F.add_months(last_month, -3), prefix="previous_")
    is_other_month = F.col("provider_info_month") != F.col("previous_provider_info_month")
    turnover_change = F.col("nursing_turnover_pct") - F.col("previous_nursing_turnover_pct")
    priced = with_cost(_with_home_figures(compared, rules), nh_wage, pay, year=quarter_year("quarter"))
    return _with_trend(priced.withColumns(_cost_per_resident_day()), of="ccn").select(
        "ccn",
        F.col("quarter").alias("period"),
        "state",
        *STAFFING_COLUMNS,
        *HOME_COLUMNS,
        *TREND_COLUMNS,
        F.when(is_other_month, turnover_change).alias("turnover_change"),
        *COST_COLUMNS,
    )


@table("gold.pbj_state_quarter", key=["state", "period"])
def pbj_state_quarter(
    pbj_totals: DataFrame, pbj_quarter: DataFrame, *, rules: PayrollRules = PayrollRules()
) -> DataFrame:
    """Staffing of a state, and of the nation (`US`), in a quarter: pooled, and as distribution over homes.

    Args:
        pbj_totals: one row per (ccn, quarter, month).
        pbj_quarter: one row per (ccn, period).
        rules: hours of a shift.
    Returns:
        One row per (state, period). Pooled figures, sums and counts of days are of all homes; means, medians and
        percentiles of the homes that are not aberrant, each with its count. `US` pools the homes, not the states.
        A home without a state counts for `US` alone. Costs are sums of the homes' own, null where a home that has paid
        hours has no cost.
    Source: technical specifications of the payroll files, section 3b (homes left out of averages).
    """
    homes = _add_up(pbj_totals, ["ccn", "quarter"]).drop("state")
    figures = pbj_quarter.select(
        F.col("ccn").alias("home"),
        F.col("period"),
        F.explode(F.array("state", F.lit("US"))).alias("state"),
        F.coalesce("aberrant", F.lit(False)).alias("aberrant"),
        "case_mix_total_hprd",
        "hours_cv",
        "payroll_cost_usd",
        *[f"{group}_hprd" for group in POOLED_GROUPS],
    )
    same_home = (F.col("ccn") == F.col("home")) & (F.col("quarter") == F.col("period"))
    members = figures.where(F.col("state").isNotNull()).join(homes, on=same_home, how="inner")
    states = _with_staffing(members.groupBy("state", "quarter").agg(*_state_aggregates()), rules)
    return _with_trend(states, of="state").select(
        "state",
        F.col("quarter").alias("period"),
        (F.col("state") == "US").alias("is_national"),
        "facility_n",
        "aberrant_n",
        *STAFFING_COLUMNS,
        *[f"{group}_hprd_{statistic}" for group in POOLED_GROUPS for statistic in STATISTICS],
        "hours_cv_mean",
        "hours_cv_n",
        *TREND_COLUMNS,
        *COST_COLUMNS,
    )


def _add_up(pbj_totals: DataFrame, by: Sequence[str]) -> DataFrame:
    """Totals of a longer period; `by` names its key."""
    return pbj_totals.groupBy(*by).agg(
        F.max("state").alias("state"),
        *[F.sum(name).alias(name) for name in (*COUNT_SUMS, *RESIDENT_SUMS, *HOUR_SUMS)],
        F.sum("hprd_parts_sum").alias("hprd_parts_sum"),
        F.sum("hprd_parts_sum_of_squares").alias("hprd_parts_sum_of_squares"),
    )


def _with_staffing(totals: DataFrame, rules: PayrollRules) -> DataFrame:
    """Pooled figures of any group of homes and days from its sums."""
    pooled = totals.withColumns(_pooled_figures())
    return pooled.withColumns(
        {
            "weekend_gap_pct": ratio(
                (F.col("weekday_total_hprd") - F.col("weekend_total_hprd")) * 100, "weekday_total_hprd"
            ),
            "weekend_deficit_hprd": F.col("total_hprd") - F.col("weekend_total_hprd"),
            "nurse_to_resident": F.col("total_hprd") / HOURS_PER_DAY,
            "shifts_per_resident_day": F.col("total_hprd") / rules.shift_hours,
        }
    )


def _pooled_figures() -> dict[str, Column]:
    figures = {f"{group}_hprd": ratio(f"{group}_hours", f"{group}_resident_days") for group in POOLED_GROUPS}
    for group in WEEKEND_GROUPS:
        hours = F.col(f"{group}_hours") - F.coalesce(f"weekend_{group}_hours", F.lit(0))
        residents = F.col(f"{group}_resident_days") - F.coalesce(f"weekend_{group}_resident_days", F.lit(0))
        figures[f"weekday_{group}_hprd"] = ratio(hours, residents)
    for group in GROUPS:
        name = "contract_share" if group == "total" else f"contract_share_{group}"
        figures[name] = ratio(f"{group}_ctr_hours", f"{group}_ctr_base_hours")
    return {**figures, "emp_hours_per_day": ratio("emp_hours_all_days", "emp_days_n")}


def _with_home_figures(homes: DataFrame, rules: PayrollRules) -> DataFrame:
    """Figures that need single days or provider information, and so exist for homes alone."""
    is_aberrant = (
        (F.col("total_hprd") < rules.aberrant_below_total_hprd)
        | (F.col("total_hprd") > rules.aberrant_above_total_hprd)
        | (F.col("aide_hprd") > rules.aberrant_above_aide_hprd)
    )
    return homes.withColumns(
        {
            "shift_utilization": ratio("total_hprd", "case_mix_total_hprd"),
            "hours_cv": _variation_of_days(),
            "aberrant": is_aberrant,
        }
    )


def _variation_of_days() -> Column:
    """Sample deviation / mean of the daily hours per resident; null for fewer than two days, 0 for equal ones.

    n x sum of squares - square of the sum is taken of whole numbers: of doubles, the difference of these two nearly
    equal figures would lose as many digits as they share, and the two engines would differ in the rest.
    """
    n, total = F.col("total_hprd_days_n"), F.col("hprd_parts_sum")
    squares = (F.col("hprd_parts_sum_of_squares") * n.cast("decimal(10,0)")).cast("decimal(38,0)")
    square = (total.cast("decimal(19,0)") * total.cast("decimal(19,0)")).cast("decimal(38,0)")
    deviation = F.sqrt(ratio(squares - square, n * (n - 1)))
    return F.when(n >= 2, ratio(deviation, ratio(total, n)))


def _with_provider_info(periods: DataFrame, nh_facility_month: DataFrame, *, at: Column, prefix: str = "") -> DataFrame:
    """Adds month, case-mix hours and turnover of the provider information in force at the month `at`."""
    months = Window.partitionBy("ccn").orderBy("snapshot_month")
    is_first = F.lag("snapshot_month").over(months).isNull()
    in_force = nh_facility_month.select(
        F.col("ccn").alias("informed_ccn"),
        F.when(~is_first, F.col("snapshot_month")).alias("in_force_from"),
        F.lead("snapshot_month").over(months).alias("in_force_until"),
        F.col("snapshot_month").alias(f"{prefix}provider_info_month"),
        F.col("case_mix_total_hprd").alias(f"{prefix}case_mix_total_hprd"),
        F.col("nursing_turnover_pct").alias(f"{prefix}nursing_turnover_pct"),
    )
    holds = (
        (F.col("ccn") == F.col("informed_ccn"))
        & (F.col("in_force_from").isNull() | (F.col("in_force_from") <= at))
        & (F.col("in_force_until").isNull() | (F.col("in_force_until") > at))
    )
    helpers = ("informed_ccn", "in_force_from", "in_force_until")
    return periods.join(in_force, on=holds, how="left").drop(*helpers)


def _with_trend(periods: DataFrame, *, of: str) -> DataFrame:
    """Changes to the calendar's previous quarter and the slope over eight, per home or state; gaps give null."""
    # One list of the last eight rows instead of ten lag(): a third of the time on Sail, equal on Spark.
    last_rows = Window.partitionBy(of).orderBy("quarter_no").rowsBetween(1 - TREND_QUARTERS, Window.currentRow)
    row = F.struct("quarter_no", "emp_hours_per_day", "contract_share")
    remembered = periods.withColumn("quarter_no", quarter_year("quarter") * 4 + quarter_number("quarter")).withColumn(
        "history", F.sort_array(F.collect_list(row).over(last_rows))
    )

    def earlier(name: str, quarters: int) -> Column:
        return F.try_element_at("history", F.lit(-1 - quarters))[name]

    def is_unbroken(quarters: int) -> Column:
        return earlier("quarter_no", quarters) == F.col("quarter_no") - quarters

    hours = [earlier("emp_hours_per_day", n) for n in range(TREND_QUARTERS - 1, -1, -1)]
    change_pct = percent_difference("emp_hours_per_day", earlier("emp_hours_per_day", 1))
    share_change = F.col("contract_share") - earlier("contract_share", 1)
    return remembered.withColumns(
        {
            "emp_hours_qoq_pct": F.when(is_unbroken(1), change_pct),
            "contract_share_qoq": F.when(is_unbroken(1), share_change),
            "attrition_slope_8q": F.when(is_unbroken(TREND_QUARTERS - 1), _slope_per_mean(hours)),
        }
    )


def _slope_per_mean(values: Sequence[Column]) -> Column:
    """Least-squares slope of equally spaced values / their mean; null where one of them is."""
    centre = (len(values) - 1) / 2
    squares = sum((x - centre) ** 2 for x in range(len(values)))
    total, moment = values[0], values[0] * -centre
    for x, value in enumerate(values[1:], start=1):
        total, moment = total + value, moment + value * (x - centre)
    return ratio(moment / squares, total / len(values))


def _state_aggregates() -> list[Column]:
    counted = ~F.col("aberrant")
    expected_hours = F.col("case_mix_total_hprd") * F.col("total_resident_days")
    is_paid = F.col("paid_cna_hours").isNotNull()  # of the same days in all jobs
    residents_of_paid = F.sum(F.when(is_paid, F.col("total_resident_days")))
    cost = F.when(count_if(is_paid) == F.count("payroll_cost_usd"), F.sum("payroll_cost_usd")).cast(USD_TYPE)
    aggregates = [
        F.count(F.lit(1)).alias("facility_n"),
        cost.alias("payroll_cost_usd"),
        ratio(cost, residents_of_paid).alias("cost_per_resident_day_usd"),
        count_if(F.col("aberrant")).alias("aberrant_n"),
        *[F.sum(name).alias(name) for name in (*COUNT_SUMS, *RESIDENT_SUMS, *HOUR_SUMS)],
        pooled_ratio("total_hours", expected_hours).alias("shift_utilization"),
        _mean_over_homes(F.when(counted, F.col("hours_cv"))).alias("hours_cv_mean"),
        F.count(F.when(counted, F.col("hours_cv"))).alias("hours_cv_n"),
    ]
    for group in POOLED_GROUPS:
        hours, residents = f"{group}_hours", f"{group}_resident_days"
        of_home = F.when(counted, F.col(f"{group}_hprd"))
        aggregates += [
            ratio(F.sum(hours), F.sum(residents)).alias(f"{group}_hprd_wtd"),
            count_if(F.col(residents) > 0).alias(f"{group}_hprd_wtd_n"),
            _mean_over_homes(of_home).alias(f"{group}_hprd_mean"),
            F.count(of_home).alias(f"{group}_hprd_n"),
            percentile_of(of_home, 0.1).alias(f"{group}_hprd_p10"),
            percentile_of(of_home, 0.5).alias(f"{group}_hprd_median"),
            percentile_of(of_home, 0.9).alias(f"{group}_hprd_p90"),
        ]
    return aggregates


def _mean_over_homes(column: Column) -> Column:
    # Quotients have more than ten decimals: at SUM_TYPE the twelfth digit of a mean would be that of the rounding.
    return ratio(F.sum(column.cast(MOMENT_TYPE)).cast("double"), F.count(column))


def _cost_per_resident_day() -> dict[str, Column]:
    """Cost / residents of the days whose hours are known: a day without hours leaves both sides."""
    return {"cost_per_resident_day_usd": ratio("payroll_cost_usd", "total_resident_days")}
