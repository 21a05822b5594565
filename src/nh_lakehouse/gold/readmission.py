"""Readmission rates of homes, and how they go with nurse hours.

The rate is the risk-standardised readmission rate (RSRR) of CMS's SNF Value-Based Purchasing Program. The program
publishes no numbers of stays, so means over homes are unweighted and no weighted rate exists.

A home is matched when it has both reported nurse hours and an RSRR.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.bands import NATION, RiskCutoffs
from nh_lakehouse.gold.grouping import with_nation
from nh_lakehouse.gold.statistics import (
    Moments,
    Origin,
    fisher_interval,
    mean_with_count,
    moments,
    percentile_of,
    rank_of,
    weighted_with_count,
)

__all__ = ["TYPICAL", "is_matched", "nh_readmission_facility", "nh_state_staffing_readmission"]

TYPICAL: Origin = (4.0, 0.2)
"""Typical hours per resident day and RSRR: the origin about which their moments are taken."""

HALF_HOUR = 0.5
"""Hours per resident day in `effect_0_5h_pp`."""


def is_matched() -> Column:
    """Whether a home has both nurse hours (`total_hprd`) and a readmission rate (`rsrr`)."""
    return F.col("total_hprd").isNotNull() & F.col("rsrr").isNotNull()


@table("gold.nh_readmission_facility", key=["ccn", "snapshot_month"], per=["snapshot_month"])
def nh_readmission_facility(nh_facility_metrics: DataFrame, *, risk: RiskCutoffs = RiskCutoffs()) -> DataFrame:
    """Homes with a readmission rate, ranked from the highest rate down, within a month.

    Args:
        nh_facility_metrics: one row per (ccn, snapshot_month).
    Returns:
        One row per (ccn, snapshot_month) of the homes that have an RSRR. `rsrr_rank` 1 is the highest rate.
        `top_decile` are rates at or below the 10th percentile of the month, `bottom_decile` at or above the 90th,
        `above_0_18` strictly above 0.18.
    Source: CMS SNF Value-Based Purchasing Program; query 4 of the nursing-home pipeline document.
    """
    month = Window.partitionBy("snapshot_month")
    rsrr = F.col("rsrr")
    carried = (
        "ccn snapshot_month name state provider_type ownership_class certified_beds overall_rating total_hprd "
        "staffing_band fiscal_year rsrr rsrr_baseline rsrr_change performance_score multiplier payment_change_pct "
        "penalty_pct"
    )
    return nh_facility_metrics.filter(rsrr.isNotNull()).select(
        *carried.split(),
        (rsrr <= percentile_of(rsrr, risk.best_share).over(month)).alias("top_decile"),
        (rsrr >= percentile_of(rsrr, risk.worst_share).over(month)).alias("bottom_decile"),
        (rsrr > risk.rsrr_high).alias("above_0_18"),
        rank_of([rsrr.desc()], by=["snapshot_month"]).alias("rsrr_rank"),
    )


@table("gold.nh_state_staffing_readmission", key=["state", "snapshot_month"], per=["snapshot_month"])
def nh_state_staffing_readmission(nh_facility_metrics: DataFrame, *, risk: RiskCutoffs = RiskCutoffs()) -> DataFrame:
    """How readmission rates go with nurse hours, over the matched homes of a state or the nation.

    Args:
        nh_facility_metrics: one row per (ccn, snapshot_month).
    Returns:
        One row per (state, snapshot_month) with at least one matched home; state `US` holds all homes. Correlation,
        regression and interval are null for fewer than 10 homes and where hours do not vary, the correlation also where
        rates do not. The slope, not the correlation, says what an hour more goes with: `effect_0_5h_pp` = 100 x slope x
        0.5, in percentage points.
        It is an association; nothing in it says that hours cause it, and no amount of money follows from it.
    Source: query 5 of the nursing-home pipeline document, its correlation once as in its section 6 (all homes) and
        once as in its appendix (`correlation_beds20`); adjusted hours: CMS Five-Star Technical Users' Guide.
    """
    homes = with_nation(nh_facility_metrics.filter(is_matched()).select(*_READ))
    hours_of_large = F.when(F.col("certified_beds") >= risk.minimum_beds, F.col("total_hprd"))
    groups = homes.groupBy("state", "snapshot_month").agg(
        F.count(F.lit(1)).alias("matched_n"),
        *moments("total_hprd", "rsrr", about=TYPICAL).stored("_hours"),
        *moments(hours_of_large, "rsrr", about=TYPICAL).stored("_large"),
        *moments("adjusted_total_hprd", "rsrr", about=TYPICAL).stored("_adjusted"),
        *mean_with_count("total_hprd"),
        *mean_with_count("rsrr"),
        *weighted_with_count("total_hprd", "residents_per_day"),
    )
    hours, large, adjusted = (Moments.read(prefix) for prefix in ("_hours", "_large", "_adjusted"))
    states = groups.select(
        "state",
        "snapshot_month",
        (F.col("state") == NATION).alias("is_national"),
        "matched_n",
        hours.correlation().alias("correlation"),
        hours.slope().alias("ols_slope"),
        hours.intercept().alias("ols_intercept"),
        hours.r_squared().alias("r2"),
        *"total_hprd_mean total_hprd_n total_hprd_wtd total_hprd_wtd_n rsrr_mean rsrr_n".split(),
        hours.deviation_y().alias("rsrr_sd"),
        hours.deviation_x().alias("total_hprd_sd"),
        large.correlation().alias("correlation_beds20"),
        large.n.alias("beds20_n"),
        adjusted.correlation().alias("correlation_adjusted"),
        adjusted.n.alias("adjusted_n"),
    )
    low, high = fisher_interval("correlation", "matched_n")
    return states.select(
        "*",
        low.alias("correlation_ci_low"),
        high.alias("correlation_ci_high"),
        (100 * HALF_HOUR * F.col("ols_slope")).alias("effect_0_5h_pp"),
    )


_READ = "state snapshot_month total_hprd adjusted_total_hprd rsrr residents_per_day certified_beds".split()
