"""Daily nurse hours of a home, and the sums from which its months and quarters follow.

`pbj_day` has the ratios of one day, `pbj_totals` the hours, residents and days of one home and month. Every figure of a
longer period comes from `pbj_totals`, never from the ratios of its days: a quarter's hours per resident day are its
hours divided by its resident days. So the daily table, 1.3 million rows a quarter, is added up once.

Job groups (sums of silver): RN = director of nursing, RN with administrative duties and RN; LPN = LPN with
administrative duties and LPN; aide = certified aide, aide in training and medication aide; total = all three. Direct
care leaves the director and both administrative jobs out.

Sources: CMS, Payroll-Based Journal Public Use Files: Technical Specifications, April 2019 (sections 3b and 5, table 1);
CMS, Five-Star Quality Rating System: Technical Users' Guide (RN hours include administrative RN hours).
"""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.statistics import SUM_TYPE, count_if, ratio

__all__ = ["JOBS", "PayrollRules", "pbj_day", "pbj_totals"]

HOURS_PER_DAY = 24
"""Hours for which one nurse on duty around the clock counts."""

GROUPS = ("total", "rn", "lpn", "aide")
"""Job groups whose hours come in total, of employees and of contract staff."""

WEEKEND_GROUPS = ("total", "rn")
"""Job groups whose weekend hours are published."""

JOBS = {
    "rndon": "rndon",
    "rnadmin": "rnadmin",
    "rn_direct": "rn",
    "lpnadmin": "lpnadmin",
    "lpn_direct": "lpn",
    "cna": "cna",
    "natrn": "natrn",
    "medaide": "medaide",
}
"""Payroll job as the columns of silver have it -> as the publisher's file, and so the wages, call it."""

PAID_SUMS = tuple(f"paid_{job}{part}_hours" for job in JOBS for part in ("", "_ctr"))
"""Columns of `pbj_totals` that hold paid hours of a job, which are priced."""

HOUR_SUMS = (
    *[f"{group}_hours" for group in (*GROUPS, "direct_care")],
    *[f"weekend_{group}_hours" for group in WEEKEND_GROUPS],
    *[f"{group}_{part}_hours" for group in GROUPS for part in ("emp", "ctr", "ctr_base")],
    "emp_hours_all_days",
    *PAID_SUMS,
)
"""Columns of `pbj_totals` that hold hours."""

RESIDENT_SUMS = (
    *[f"{group}_resident_days" for group in (*GROUPS, "direct_care")],
    *[f"weekend_{group}_resident_days" for group in WEEKEND_GROUPS],
)
"""Columns of `pbj_totals` that hold the residents under a group of hours."""

PARTS_PER_HOUR = 1e10
"""Parts of an hour in which hours are added up, the ten decimals of `SUM_TYPE`."""

SHORTFALL_HOURS = 1e-6
"""By how much a sum of hours may fall short of a limit and still meet it; hours are published with two decimals."""


@dataclass(frozen=True)
class PayrollRules:
    """Thresholds of the payroll tables.

    Attributes:
        shift_hours: hours of one shift, by convention of the field.
        rn_day_hours: hours of an RN that a home must have each day (42 CFR 483.35(b)(1): eight consecutive hours).
        implausible_day_hours: hours of a job group in one home and day that cannot have been worked (1,250 shifts; the
            largest homes have some 500). Such hours count as unknown in all sums. Our own limit; a larger one may
            overflow the sum of squares.
        aberrant_below_total_hprd: total hours per resident day below which a home's period is aberrant.
        aberrant_above_total_hprd: total hours per resident day above which it is.
        aberrant_above_aide_hprd: aide hours per resident day above which it is (all three: technical specifications of
            the payroll files, section 3b).
    """

    shift_hours: float = 8.0
    rn_day_hours: float = 8.0
    implausible_day_hours: float = 10_000.0
    aberrant_below_total_hprd: float = 1.5
    aberrant_above_total_hprd: float = 12.0
    aberrant_above_aide_hprd: float = 5.25


@table("gold.pbj_day", key=["ccn", "work_date", "quarter"], per=["ccn", "quarter"], lookback={"quarter": 1})
def pbj_day(pbj_daily: DataFrame, *, rules: PayrollRules = PayrollRules()) -> DataFrame:
    """Nurse hours per resident, shifts, contract share and change of census, per home and day.

    Args:
        pbj_daily: one row per (ccn, work_date), hours as doubles, census whole; from silver.
        rules: hours of a shift, hours of an RN day.
    Returns:
        One row per row of the input. Per-resident figures and both RN flags are null where the census is 0 or unknown;
        shares are null where the hours are 0. Hours that are unknown give null. `census_change_n` is the census minus
        that of the calendar's previous day, null where that day is not loaded, also across a missing quarter.
    Source: technical specifications of the payroll files, section 5 (census) and table 1 (jobs); Five-Star guide (RN).
    """
    staffed = F.when(F.col("census") > 0, F.col("census"))
    nurse_to_resident = ratio("hrs_total", staffed) / HOURS_PER_DAY
    rn_to_resident = ratio("hrs_rn", staffed) / HOURS_PER_DAY
    rn_hours = F.when(F.col("census") > 0, F.col("hrs_rn"))
    return _with_census_change(pbj_daily).select(
        "ccn",
        "work_date",
        "quarter",
        "state",
        "is_weekend",
        "census",
        ratio("hrs_total", staffed).alias("total_hprd"),
        ratio("hrs_rn", staffed).alias("rn_hprd"),
        ratio("hrs_lpn", staffed).alias("lpn_hprd"),
        ratio("hrs_aide", staffed).alias("aide_hprd"),
        ratio(_direct_care_hours(), staffed).alias("direct_care_hprd"),
        nurse_to_resident.alias("nurse_to_resident"),
        ratio(F.lit(1), nurse_to_resident).alias("residents_per_nurse"),
        rn_to_resident.alias("rn_to_resident"),
        ratio(F.lit(1), rn_to_resident).alias("residents_per_rn"),
        (F.col("hrs_total") / rules.shift_hours).alias("shift_equiv_n"),
        ratio("hrs_total_ctr", "hrs_total").alias("contract_share"),
        (rn_hours == 0).alias("no_rn_day"),
        (rn_hours < rules.rn_day_hours - SHORTFALL_HOURS).alias("rn_below_8h"),
        F.col("hrs_rn_direct").alias("direct_rn_hours"),
        "census_change_n",
        # greatest() would skip a null and answer 0.
        F.when(F.col("census_change_n") >= 0, F.col("census_change_n"))
        .when(F.col("census_change_n") < 0, F.lit(0))
        .alias("admissions_floor_n"),
    )


@table("gold.pbj_totals", key=["ccn", "quarter", "month"], per=["ccn", "quarter"])
def pbj_totals(pbj_daily: DataFrame, *, rules: PayrollRules = PayrollRules()) -> DataFrame:
    """Hours, resident days and days of a home and month: all that months, quarters and states are computed from.

    Args:
        pbj_daily: one row per (ccn, work_date), hours as doubles, census whole; from silver.
        rules: hours of a day that are implausible, and therefore unknown.
    Returns:
        One row per (ccn, quarter, month). Hours are decimals, of days with residents but for `emp_hours_all_days` and
        the `paid_` hours of each job, which are of all days whose hours are known for every job.
        Each group of hours has its own `_resident_days`: a day whose hours are unknown is left out of both. Hours
        are null where no day has them.
    Source: technical specifications of the payroll files, section 3b: hours and census are summed over days with
        residents before they are divided.
    """
    hours, residents = _hours_by_name(), _residents_by_name()
    days = _with_plausible_hours(pbj_daily, rules).select(
        "ccn",
        "quarter",
        F.trunc("work_date", "month").alias("month"),
        "state",
        "census",
        *[_in_parts(hours[name]).alias(name) for name in HOUR_SUMS],
        *[residents[name].alias(name) for name in RESIDENT_SUMS],
    )
    # Whole numbers again (of 1e-13 hours per resident): the deviation of the days follows from their sums without loss.
    days = days.withColumn("hprd_parts", F.expr("total_hours * 1000 div nullif(census, 0)"))
    squared = F.col("hprd_parts").cast("decimal(18,0)") * F.col("hprd_parts").cast("decimal(18,0)")
    added = (
        days.withColumn("hprd_parts_squared", squared)
        .groupBy("ccn", "quarter", "month")
        .agg(
            F.max("state").alias("state"),
            F.count(F.lit(1)).alias("days_n"),
            count_if(F.col("census") > 0).alias("census_days_n"),
            count_if(F.col("rn_hours") == 0).alias("no_rn_days_n"),
            F.sum("census").alias("resident_days"),
            *[F.sum(name).alias(name) for name in (*HOUR_SUMS, *RESIDENT_SUMS)],
            F.count("emp_hours_all_days").alias("emp_days_n"),
            F.count("hprd_parts").alias("total_hprd_days_n"),
            F.sum("hprd_parts").alias("hprd_parts_sum"),
            F.sum("hprd_parts_squared").alias("hprd_parts_sum_of_squares"),
        )
    )
    return added.select(
        "ccn",
        "quarter",
        "month",
        "state",
        "days_n",
        "census_days_n",
        "no_rn_days_n",
        "resident_days",
        *RESIDENT_SUMS,
        *[_from_parts(name).alias(name) for name in HOUR_SUMS],
        "emp_days_n",
        "total_hprd_days_n",
        "hprd_parts_sum",
        F.col("hprd_parts_sum_of_squares").cast("decimal(38,0)").alias("hprd_parts_sum_of_squares"),
    )


def _with_census_change(pbj_daily: DataFrame) -> DataFrame:
    # A window is one shuffle; the join with the day before, tried on 1.3 million rows, took 20 to 60 % longer.
    days = Window.partitionBy("ccn").orderBy("work_date")
    follows = F.lag("work_date").over(days) == F.date_sub("work_date", 1)
    change = F.col("census") - F.lag("census").over(days)
    return pbj_daily.withColumn("census_change_n", F.when(follows, change).cast("int"))


def _with_plausible_hours(pbj_daily: DataFrame, rules: PayrollRules) -> DataFrame:
    # One cell of 1e170 would overflow the sums: an error of the whole table on Spark, a wrong figure on Sail.
    names = [f"hrs_{group}{part}" for group in GROUPS for part in ("", "_emp", "_ctr")]
    return pbj_daily.withColumns(
        {
            name: F.when((F.col(name) >= 0) & (F.col(name) < rules.implausible_day_hours), F.col(name))
            for name in (*names, *[f"hrs_{job}{part}" for job in JOBS for part in ("", "_ctr")])
        }
    )


def _direct_care_hours() -> Column:
    return F.col("hrs_rn_direct") + F.col("hrs_lpn_direct") + F.col("hrs_aide")


def _hours_by_name() -> dict[str, Column]:
    """Hours that a day adds to its month, by the name of their sum; null where they do not count."""
    has_residents = F.col("census") > 0
    hours = {f"{group}_hours": F.when(has_residents, F.col(f"hrs_{group}")) for group in GROUPS}
    hours["direct_care_hours"] = F.when(has_residents, _direct_care_hours())
    for group in WEEKEND_GROUPS:
        hours[f"weekend_{group}_hours"] = F.when(has_residents & F.col("is_weekend"), F.col(f"hrs_{group}"))
    for group in GROUPS:
        total, contract = F.col(f"hrs_{group}"), F.col(f"hrs_{group}_ctr")
        hours[f"{group}_emp_hours"] = F.when(has_residents, F.col(f"hrs_{group}_emp"))
        hours[f"{group}_ctr_hours"] = F.when(has_residents & total.isNotNull(), contract)
        hours[f"{group}_ctr_base_hours"] = F.when(has_residents & contract.isNotNull(), total)
    hours["emp_hours_all_days"] = F.col("hrs_total_emp")
    for job in JOBS:
        for part in ("", "_ctr"):
            hours[f"paid_{job}{part}_hours"] = F.when(F.col("hrs_total").isNotNull(), F.col(f"hrs_{job}{part}"))
    return hours


def _residents_by_name() -> dict[str, Column]:
    """Residents who stand under the hours of a group on a day: the census where the hours are known."""
    residents = {f"{group}_resident_days": _census_where(F.col(f"hrs_{group}").isNotNull()) for group in GROUPS}
    residents["direct_care_resident_days"] = _census_where(_direct_care_hours().isNotNull())
    for group in WEEKEND_GROUPS:
        known = F.col("is_weekend") & F.col(f"hrs_{group}").isNotNull()
        residents[f"weekend_{group}_resident_days"] = _census_where(known)
    return residents


def _census_where(condition: Column) -> Column:
    return F.when(condition, F.col("census"))


def _in_parts(hours: Column) -> Column:
    """Hours as a whole number of ten-billionths, rounded: sums of whole numbers are exact in any order.

    The same value as a cast to `SUM_TYPE`, at a third of its cost on Spark.
    """
    return F.floor(hours * PARTS_PER_HOUR + 0.5).cast("bigint")


def _from_parts(name: str) -> Column:
    """The sum of `_in_parts` as hours, of type `SUM_TYPE`."""
    return (F.col(name).cast("decimal(20,0)") * F.lit("0.0000000001").cast("decimal(10,10)")).cast(SUM_TYPE)
