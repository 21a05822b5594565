"""Fines, payment denials and payment cuts.

Three things that are easily mixed up: fines (civil money penalties) and payment denials of the last three years, as the
provider file sums them and the penalties file lists them; and the cut of Medicare payments by the SNF Value-Based
Purchasing Program, a multiplier below 1 for one fiscal year.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.bands import ALL, NATION, RiskCutoffs, StaffingBands, label_of
from nh_lakehouse.gold.grouping import with_grouping_sets
from nh_lakehouse.gold.readmission import is_matched
from nh_lakehouse.gold.statistics import (
    count_if,
    exact_mean,
    exact_sum,
    exact_sum_usd,
    mean_with_count,
    median_of,
    rank_of,
)

__all__ = ["FINE_SETS", "fine_measures", "nh_fines_summary", "nh_low_staffing_fines", "nh_penalty_by_staffing_band"]

FINE_SETS: tuple[tuple[str, ...], ...] = (
    (),
    ("penalty_type",),
    ("ownership_class",),
    ("ownership_class", "penalty_type"),
    ("staffing_band",),
    ("staffing_band", "penalty_type"),
    ("year",),
    ("penalty_type", "year"),
    ("ownership_class", "staffing_band", "penalty_type", "year"),
)
"""Columns that keep their own value in a row of `nh_fines_summary`; the others say `all`."""


def fine_measures() -> list[Column]:
    """Fines of a group of homes as aggregates over the columns of `nh_facility_metrics`: sums and means per home.

    Homes without fines count with 0, homes whose fines are not known do not count; a sum over none of them is null.
    """
    return [
        exact_sum("fines_n").cast("int").alias("fines_n"),
        exact_mean("fines_n").alias("fines_mean"),
        F.count("fines_n").alias("fines_mean_n"),
        exact_sum_usd("fines_usd").alias("fines_usd"),
        *mean_with_count("fines_usd"),
    ]


@table("gold.nh_low_staffing_fines", key=["ccn", "snapshot_month"], per=["snapshot_month"])
def nh_low_staffing_fines(nh_facility_metrics: DataFrame, *, staffing: StaffingBands = StaffingBands()) -> DataFrame:
    """Fined homes with fewer than 3.5 nurse hours per resident per day, ranked by their fines within a month.

    Args:
        nh_facility_metrics: one row per (ccn, snapshot_month).
    Returns:
        One row per (ccn, snapshot_month) with total_hprd < 3.5 and fines_usd > 0; `fines_rank` 1 has the highest
        fines. `rsrr` is null where the home has none.
    Source: query 7 of the nursing-home pipeline document.
    """
    is_listed = (F.col("total_hprd") < staffing.low_hprd) & (F.col("fines_usd") > 0)
    return nh_facility_metrics.filter(is_listed).select(
        *"ccn snapshot_month name state provider_type total_hprd fines_usd penalties_n overall_rating rsrr".split(),
        rank_of([F.col("fines_usd").desc()], by=["snapshot_month"]).alias("fines_rank"),
    )


@table("gold.nh_penalty_by_staffing_band", key=["staffing_band", "snapshot_month"], per=["snapshot_month"])
def nh_penalty_by_staffing_band(nh_facility_metrics: DataFrame, *, risk: RiskCutoffs = RiskCutoffs()) -> DataFrame:
    """Payment cuts and fines of matched homes, by staffing band of the nation.

    Args:
        nh_facility_metrics: one row per (ccn, snapshot_month); homes with nurse hours and a readmission rate count.
    Returns:
        One row per (staffing_band, snapshot_month) and the row `all`. `payment_change_pct_mean` is the mean of
        100 x (multiplier - 1), bonuses included; `penalty_pct_mean` the mean cut with bonuses as 0;
        `penalty_pct_mean_penalized` the mean cut of the cut homes. `penalty_index_pct_doc` adds up percentages of
        different homes: it has no meaning and stands here only to be held against the document that prints it.
    Source: table 9 of the nursing-home pipeline document; CMS SNF Value-Based Purchasing Program.
    """
    matched = nh_facility_metrics.filter(is_matched())
    homes = with_grouping_sets(matched, labels={"staffing_band": ALL}, sets=[("staffing_band",), ()])
    is_cut = F.col("multiplier") < risk.neutral_multiplier
    bands = homes.groupBy("staffing_band", "snapshot_month").agg(
        F.count(F.lit(1)).alias("facility_n"),
        count_if(is_cut).alias("penalized_n"),
        *mean_with_count("payment_change_pct"),
        *mean_with_count("penalty_pct"),
        exact_mean(F.when(is_cut, F.col("penalty_pct"))).alias("penalty_pct_mean_penalized"),
        exact_sum("penalty_pct").alias("penalty_index_pct_doc"),
        exact_sum_usd("fines_usd").alias("fines_usd"),
        *mean_with_count("fines_usd"),
        count_if(F.col("fines_usd") > 0).alias("fined_n"),
    )
    return bands.select(
        *"staffing_band snapshot_month facility_n penalized_n payment_change_pct_mean payment_change_pct_n".split(),
        *"penalty_pct_mean penalty_pct_n penalty_pct_mean_penalized penalty_index_pct_doc".split(),
        *"fines_usd fines_usd_mean fines_usd_n fined_n".split(),
    )


@table(
    "gold.nh_fines_summary",
    key=["state", "ownership_class", "staffing_band", "penalty_type", "year", "snapshot_month"],
    per=["snapshot_month"],
    optional=["nh_facility_metrics"],
)
def nh_fines_summary(nh_penalty: DataFrame, nh_facility_metrics: DataFrame) -> DataFrame:
    """Penalties of a snapshot by state or nation, owner class, staffing band, penalty type and year of the penalty.

    Every snapshot stands alone: the file covers three rolling years, so adding snapshots counts penalties many times.

    Args:
        nh_penalty: one row per penalty and snapshot month.
        nh_facility_metrics: owner class and staffing band of the home in the same month; a home without a row there
            counts as `unknown` in both, in the state that the penalties file gives.
    Returns:
        One row per (state, ownership_class, staffing_band, penalty_type, year, snapshot_month). State `US` holds all
        penalties. Rows exist for all columns together, for owner class, staffing band and year each alone, and for
        none, the latter four with and without the penalty type; a column that is summed over says `all`. Amounts are
        null where no fine is in the row, days where no denial is.
    Source: CMS Nursing Home Data Dictionary, October 2024, Penalties.
    """
    homes = nh_facility_metrics.select("ccn", "snapshot_month", "ownership_class", "staffing_band")
    penalties = nh_penalty.join(homes, ["ccn", "snapshot_month"], how="left").select(
        "snapshot_month",
        "ccn",
        "state",
        label_of(F.col("ownership_class")).alias("ownership_class"),
        label_of(F.col("staffing_band")).alias("staffing_band"),
        label_of(F.col("penalty_type")).alias("penalty_type"),
        label_of(F.year("penalty_date")).alias("year"),
        "fine_usd",
        "denial_days",
    )
    sets = [(*place, *chosen) for place in (("state",), ()) for chosen in FINE_SETS]
    labels = {"state": NATION, **dict.fromkeys(FINE_SETS[-1], ALL)}
    counted = with_grouping_sets(penalties, labels=labels, sets=sets).filter(F.col("state").isNotNull())
    groups = counted.groupBy("state", *FINE_SETS[-1], "snapshot_month").agg(
        F.count(F.lit(1)).alias("events_n"),
        F.size(F.collect_set("ccn")).cast("bigint").alias("homes_n"),
        exact_sum_usd("fine_usd").alias("fine_usd"),
        *mean_with_count("fine_usd"),
        median_of("fine_usd").alias("fine_usd_median"),
        exact_sum("denial_days").cast("bigint").alias("denial_days"),
        *mean_with_count("denial_days"),
    )
    return groups.select(
        *"state ownership_class staffing_band penalty_type year snapshot_month".split(),
        (F.col("state") == NATION).alias("is_national"),
        *"events_n homes_n fine_usd fine_usd_mean fine_usd_n fine_usd_median".split(),
        *"denial_days denial_days_mean denial_days_n".split(),
    )
