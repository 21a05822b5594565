"""The executive page: two dozen national figures a month, with their benchmarks.

National figures are computed from homes, never from state averages.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from nh_lakehouse.declare import Reach, table
from nh_lakehouse.gold.bands import Benchmarks, RiskCutoffs
from nh_lakehouse.gold.facility import with_latest_edition
from nh_lakehouse.gold.grouping import unpivot
from nh_lakehouse.gold.statistics import (
    count_if,
    exact_mean,
    exact_sum_usd,
    percentile_of,
    pooled_ratio,
    share_of,
    weighted_mean,
)

__all__ = ["METRICS", "nh_executive_summary"]


@dataclass(frozen=True)
class _Metric:
    name: str
    unit: str
    benchmark: str = ""  # attribute of Benchmarks


METRICS: tuple[_Metric, ...] = (
    _Metric("facility_n", "count"),
    _Metric("bed_utilization_mean", "fraction", "bed_utilization"),
    _Metric("bed_utilization_wtd", "fraction", "bed_utilization"),
    _Metric("total_hprd_mean", "hprd", "total_hprd"),
    _Metric("total_hprd_wtd", "hprd", "total_hprd"),
    _Metric("rsrr_mean", "fraction", "rsrr"),
    _Metric("rsrr_national_unadjusted", "fraction", "rsrr"),
    _Metric("below_4_1_share", "fraction", "low_staffing_share"),
    _Metric("below_3_5_share", "fraction", "low_staffing_share"),
    _Metric("below_3_48_share", "fraction", "low_staffing_share"),
    _Metric("over_capacity_share", "fraction"),
    _Metric("below_60_share", "fraction"),
    _Metric("nursing_turnover_pct_mean", "pct"),
    _Metric("rn_turnover_pct_mean", "pct"),
    _Metric("high_turnover_share", "fraction"),
    _Metric("payment_change_pct_mean", "pct", "payment_change_pct"),
    _Metric("penalty_pct_mean", "pct", "payment_cut_pct"),
    _Metric("fines_usd", "usd"),
    _Metric("fines_usd_mean", "usd"),
    _Metric("fined_n", "count"),
    _Metric("high_risk_homes_n", "count"),
    _Metric("critical_states_n", "count"),
    _Metric("critical_state_homes_n", "count"),
    _Metric("lowest_decile_hprd_mean", "hprd", "lowest_decile_hprd"),
)
"""Metrics of the page in their order."""


@table(
    "gold.nh_executive_summary",
    key=["snapshot_month", "metric"],
    per=["snapshot_month"],
    reach={"nh_vbp_national": Reach("fiscal_year", ("performance_rate",))},
    optional=["nh_vbp_national"],
)
def nh_executive_summary(
    nh_facility_metrics: DataFrame,
    nh_facility_risk: DataFrame,
    nh_state_risk: DataFrame,
    nh_vbp_national: DataFrame,
    *,
    risk: RiskCutoffs = RiskCutoffs(),
    benchmarks: Benchmarks = Benchmarks(),
) -> DataFrame:
    """National figures of a month, one metric a row.

    Args:
        nh_facility_metrics: one row per (ccn, snapshot_month).
        nh_facility_risk: `is_high_risk` of the same homes.
        nh_state_risk: `risk_tier` and `facility_n` of states; tier CRITICAL counts.
        nh_vbp_national: national unadjusted rate of the latest fiscal year not after the month's calendar year.
    Returns:
        One row per (snapshot_month, metric): `value` (double, null where no home has the inputs), `benchmark` as text
        and as the numbers `benchmark_low` and `benchmark_high` (equal unless it is a range), `unit`. Shares are of the
        homes whose value is known.
    Source: table 6 and section 1.3 of the nursing-home pipeline document; payment multipliers and rates: CMS SNF
        Value-Based Purchasing Program.
    """
    figures = _of_homes(nh_facility_metrics, risk)
    figures = figures.join(_of_risky_homes(nh_facility_risk), "snapshot_month", how="left")
    figures = figures.join(_of_critical_states(nh_state_risk), "snapshot_month", how="left")
    rates = nh_vbp_national.select("fiscal_year", F.col("performance_rate").alias("rsrr_national_unadjusted"))
    figures = with_latest_edition(figures, rates, "fiscal_year", until=F.year("snapshot_month"))
    figures = figures.join(rates, "fiscal_year", how="left")
    ranges = [_range(metric.benchmark, benchmarks) for metric in METRICS]
    rows = {
        "metric": [F.lit(metric.name) for metric in METRICS],
        "value": [F.col(metric.name).cast("double") for metric in METRICS],
        "benchmark": [F.lit(_text(low, high)).cast("string") for low, high in ranges],
        "unit": [F.lit(metric.unit) for metric in METRICS],
        "benchmark_low": [F.lit(low).cast("double") for low, _ in ranges],
        "benchmark_high": [F.lit(high).cast("double") for _, high in ranges],
    }
    return unpivot(figures, keep=["snapshot_month"], number="metric_no", rows=rows).select(
        *"snapshot_month metric value benchmark unit metric_no benchmark_low benchmark_high".split()
    )


def _of_homes(nh_facility_metrics: DataFrame, risk: RiskCutoffs) -> DataFrame:
    tenth = percentile_of("total_hprd", risk.best_share).over(Window.partitionBy("snapshot_month"))
    homes = nh_facility_metrics.select("*", (F.col("total_hprd") <= tenth).alias("is_lowest_decile"))
    has_fines = F.count("fines_usd") > 0
    return homes.groupBy("snapshot_month").agg(
        F.count(F.lit(1)).alias("facility_n"),
        exact_mean("bed_utilization", is_quotient=True).alias("bed_utilization_mean"),
        pooled_ratio("residents_per_day", F.expr("nullif(certified_beds, 0)")).alias("bed_utilization_wtd"),
        exact_mean("total_hprd").alias("total_hprd_mean"),
        weighted_mean("total_hprd", "residents_per_day").alias("total_hprd_wtd"),
        exact_mean("rsrr").alias("rsrr_mean"),
        share_of(F.col("below_4_1")).alias("below_4_1_share"),
        share_of(F.col("below_3_5")).alias("below_3_5_share"),
        share_of(F.col("below_3_48")).alias("below_3_48_share"),
        share_of(F.col("is_over_capacity")).alias("over_capacity_share"),
        share_of(F.col("is_low_revenue")).alias("below_60_share"),
        exact_mean("nursing_turnover_pct").alias("nursing_turnover_pct_mean"),
        exact_mean("rn_turnover_pct").alias("rn_turnover_pct_mean"),
        share_of(F.col("high_turnover")).alias("high_turnover_share"),
        exact_mean("payment_change_pct").alias("payment_change_pct_mean"),
        exact_mean("penalty_pct").alias("penalty_pct_mean"),
        exact_sum_usd("fines_usd").alias("fines_usd"),
        exact_mean("fines_usd").alias("fines_usd_mean"),
        F.when(has_fines, count_if(F.col("fines_usd") > 0)).alias("fined_n"),
        exact_mean(F.when(F.col("is_lowest_decile"), F.col("total_hprd"))).alias("lowest_decile_hprd_mean"),
    )


def _of_risky_homes(nh_facility_risk: DataFrame) -> DataFrame:
    """High-risk homes; null, not 0, where no home of the month has a readmission rate."""
    is_known = F.count("rsrr") > 0
    return nh_facility_risk.groupBy("snapshot_month").agg(
        F.when(is_known, count_if(F.col("is_high_risk"))).alias("high_risk_homes_n")
    )


def _of_critical_states(nh_state_risk: DataFrame) -> DataFrame:
    """Critical states and their homes; null, not 0, where no state of the month has a score."""
    is_critical, is_known = F.col("risk_tier") == "CRITICAL", F.count("risk_tier") > 0
    homes = F.coalesce(F.sum(F.when(is_critical, F.col("facility_n"))), F.lit(0))
    return nh_state_risk.groupBy("snapshot_month").agg(
        F.when(is_known, count_if(is_critical)).alias("critical_states_n"),
        F.when(is_known, homes).alias("critical_state_homes_n"),
    )


def _range(name: str, benchmarks: Benchmarks) -> tuple[float | None, float | None]:
    if not name:
        return None, None
    if name == "payment_change_pct":  # a cut is a negative change
        low, high = benchmarks.payment_cut_pct
        return -high, -low
    value = getattr(benchmarks, name)
    return value if isinstance(value, tuple) else (value, value)


def _text(low: float | None, high: float | None) -> str | None:
    if low is None or high is None:
        return None
    if low == high:
        return f"{low:g}"
    digits = max(len(f"{end:g}".partition(".")[2]) for end in (low, high))
    joint = " to " if low < 0 else "-"
    return f"{low:.{digits}f}{joint}{high:.{digits}f}"
