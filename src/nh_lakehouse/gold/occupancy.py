"""Staffing, readmission and deficiencies of homes by how full they are.

`band_measures` is the set of columns that the tables by occupancy band and by turnover band share.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.bands import ALL, NATION, OccupancyBands, label_of
from nh_lakehouse.gold.grouping import with_nation
from nh_lakehouse.gold.statistics import (
    Moments,
    Origin,
    count_pairs,
    exact_mean,
    mean_with_count,
    moments,
    pooled_ratio,
    ratio,
    weighted_with_count,
)

__all__ = ["BAND_COLUMNS", "band_measures", "nh_occupancy_bands", "utilization_measures", "with_state_ratios"]

TYPICAL: Origin = (0.8, 4.0)
"""Typical bed utilization and hours per resident day: the origin about which their moments are taken."""

_ASSOCIATION = "_association"

STATE_RATIOS = (
    "rsrr_rel_diff rsrr_rel_diff_n deficiency_ratio_over_100 deficiency_ratio_over_100_n hprd_at_optimal "
    "hprd_at_optimal_n"
).split()

BAND_COLUMNS = (
    "facility_n total_hprd_mean total_hprd_n total_hprd_wtd total_hprd_wtd_n rsrr_mean rsrr_n deficiencies_c1_mean "
    "deficiencies_c1_mean_n correlation correlation_n ols_slope ols_intercept r2"
).split() + STATE_RATIOS
"""Measures of a band, in their published order."""


@table(
    "gold.nh_occupancy_bands", key=["state", "snapshot_month", "occupancy_band", "staffing_low"], per=["snapshot_month"]
)
def nh_occupancy_bands(nh_facility_metrics: DataFrame, *, occupancy: OccupancyBands = OccupancyBands()) -> DataFrame:
    """Homes of a state or the nation by occupancy band and by whether their staffing is low (< 3.5 hours).

    Args:
        nh_facility_metrics: one row per (ccn, snapshot_month).
    Returns:
        One row per (state, snapshot_month, occupancy_band, staffing_low); state `US` holds all homes, both bands also
        say `all`, and `unknown` for homes without the value; staffing_low is the text `true` or `false`. For the
        measures see `band_measures`; the ratios of `with_state_ratios` are those of the whole state in each of its
        rows.
    Source: question 1 (section 9.1) of the nursing-home pipeline document.
    """
    homes = nh_facility_metrics.withColumn("staffing_low", label_of(F.col("below_3_5")))
    homes = with_nation(homes, classes=["occupancy_band", "staffing_low"])
    groups = homes.groupBy("state", "snapshot_month", "occupancy_band", "staffing_low").agg(*band_measures(occupancy))
    is_total = (F.col("occupancy_band") == ALL) & (F.col("staffing_low") == ALL)
    return with_state_ratios(groups, is_total).select(
        *"state snapshot_month occupancy_band staffing_low is_national".split(), *BAND_COLUMNS
    )


def band_measures(occupancy: OccupancyBands) -> list[Column]:
    """Measures of a group of homes as aggregates over the columns of `nh_facility_metrics`; see `with_state_ratios`.

    Counts and means; the moments of bed utilization and total nurse hours, from which correlation and regression follow
    (null for fewer than 10 homes); and three ratios, each over the homes whose inputs are known:

    * `rsrr_rel_diff`: mean RSRR of crowded homes with low staffing (bed utilization >= 0.90 and fewer than 3.5 hours)
      / that of all others - 1. The document prints 3.5 or more where fewer is meant;
    * `deficiency_ratio_over_100`: mean cycle-1 deficiencies of homes over capacity / that of the rest;
    * `hprd_at_optimal`: mean nurse hours of homes with bed utilization 0.85 to 0.90.

    The `_n` of a ratio counts the homes on its upper side.
    """
    is_strained = (F.col("bed_utilization") >= occupancy.crowded) & F.col("below_3_5")
    rsrr, deficiencies = F.col("rsrr"), F.col("deficiencies_c1_n")
    strained, others = F.when(is_strained, rsrr), F.when(~is_strained, rsrr)
    over, rest = F.when(F.col("is_over_capacity"), deficiencies), F.when(~F.col("is_over_capacity"), deficiencies)
    optimal = F.when(F.col("is_optimal"), F.col("total_hprd"))
    return [
        F.count(F.lit(1)).alias("facility_n"),
        *mean_with_count("total_hprd"),
        *weighted_with_count("total_hprd", "residents_per_day"),
        *mean_with_count("rsrr"),
        exact_mean(deficiencies).alias("deficiencies_c1_mean"),
        F.count(deficiencies).alias("deficiencies_c1_mean_n"),
        *moments("bed_utilization", "total_hprd", about=TYPICAL).stored(_ASSOCIATION),
        (ratio(exact_mean(strained), exact_mean(others)) - 1).alias("rsrr_rel_diff"),
        F.count(strained).alias("rsrr_rel_diff_n"),
        ratio(exact_mean(over), exact_mean(rest)).alias("deficiency_ratio_over_100"),
        F.count(over).alias("deficiency_ratio_over_100_n"),
        exact_mean(optimal).alias("hprd_at_optimal"),
        F.count(optimal).alias("hprd_at_optimal_n"),
    ]


def utilization_measures() -> list[Column]:
    """Bed utilization of a group of homes as aggregates over the columns of `nh_facility_metrics`.

    `bed_utilization_mean` is the unweighted mean, `bed_utilization_wtd` the sum of residents / sum of certified beds,
    both over the homes that have residents and beds above 0.
    """
    beds = F.when(F.col("certified_beds") != 0, F.col("certified_beds"))
    return [
        exact_mean("bed_utilization", is_quotient=True).alias("bed_utilization_mean"),
        F.count("bed_utilization").alias("bed_utilization_n"),
        pooled_ratio("residents_per_day", beds).alias("bed_utilization_wtd"),
        count_pairs("residents_per_day", beds).alias("bed_utilization_wtd_n"),
    ]


def with_state_ratios(groups: DataFrame, is_total: Column) -> DataFrame:
    """Finish `band_measures`: correlation and regression, the state's ratios on every row, the flag `is_national`.

    Args:
        groups: one row per state, month and band, with the columns of `band_measures`.
        is_total: which rows hold all homes of their state and month.
    """
    state = Window.partitionBy("state", "snapshot_month")
    association = Moments.read(_ASSOCIATION)
    kept = [c for c in groups.columns if c not in STATE_RATIOS and not c.startswith(_ASSOCIATION)]
    return groups.select(
        *kept,
        *[F.max(F.when(is_total, F.col(c))).over(state).alias(c) for c in STATE_RATIOS],
        association.correlation().alias("correlation"),
        association.n.alias("correlation_n"),
        association.slope().alias("ols_slope"),
        association.intercept().alias("ols_intercept"),
        association.r_squared().alias("r2"),
        (F.col("state") == NATION).alias("is_national"),
    )
