"""Risk scores of states and homes: relative positions, not probabilities.

A state's score places its mean nurse hours and mean readmission rate between the lowest and the highest state of the
month; a home's score is the mean of its percentile ranks among the homes of the month. Both therefore move when other
states or homes change, and neither says anything absolute.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.bands import RiskCutoffs, StaffingBands, facility_risk_tier_of, state_risk_tier_of
from nh_lakehouse.gold.readmission import is_matched
from nh_lakehouse.gold.statistics import (
    count_if,
    exact_mean,
    exact_sum_usd,
    min_max_over,
    percent_rank_of,
    percentile_of,
    rank_of,
    ratio,
)

__all__ = ["nh_facility_risk", "nh_state_risk"]

MONTH = ["snapshot_month"]


@table("gold.nh_state_risk", key=["state", "snapshot_month"], per=["snapshot_month"])
def nh_state_risk(nh_facility_metrics: DataFrame, *, risk: RiskCutoffs = RiskCutoffs()) -> DataFrame:
    """Risk score of a state from the nurse hours and readmission rates of its matched homes.

    Args:
        nh_facility_metrics: one row per (ccn, snapshot_month).
    Returns:
        One row per (state, snapshot_month) with at least one matched home. `staffing_risk` and `readmission_risk`
        (0-1) are null where all states of the month have the same mean; then the score, its tier and its ranks are
        null too. As the smallest and largest state set the scale, `risk_score_n10` gives the score among states with
        at least 10 matched homes, null for the others. Fines are those of the provider file: of all homes
        (`fines_usd`, `fines_musd` in millions) and of the matched ones.
    Source: metric 6 and query 6 of the nursing-home pipeline document, whose fines are those of matched homes only.
    """
    total_hprd, rsrr = F.when(is_matched(), F.col("total_hprd")), F.when(is_matched(), F.col("rsrr"))
    states = (
        nh_facility_metrics.filter(F.col("state").isNotNull())
        .groupBy("state", "snapshot_month")
        .agg(
            F.count(F.lit(1)).alias("facility_n"),
            count_if(is_matched()).alias("matched_n"),
            exact_mean(total_hprd).alias("total_hprd_mean"),
            exact_mean(rsrr).alias("rsrr_mean"),
            exact_sum_usd("fines_usd").alias("fines_usd"),
            exact_sum_usd(F.when(is_matched(), F.col("fines_usd"))).alias("fines_matched_usd"),
        )
    )
    is_large = F.col("matched_n") >= risk.minimum_homes
    hours, rate = F.col("total_hprd_mean"), F.col("rsrr_mean")
    scored = states.filter(F.col("matched_n") >= 1).select(
        "*",
        min_max_over(hours, by=MONTH, inverted=True).alias("staffing_risk"),
        min_max_over(rate, by=MONTH).alias("readmission_risk"),
        min_max_over(F.when(is_large, hours), by=MONTH, inverted=True).alias("staffing_risk_n10"),
        min_max_over(F.when(is_large, rate), by=MONTH).alias("readmission_risk_n10"),
    )
    score = (F.col("staffing_risk") + F.col("readmission_risk")) / 2
    score_n10 = (F.col("staffing_risk_n10") + F.col("readmission_risk_n10")) / 2
    return scored.select(
        *"state snapshot_month facility_n matched_n total_hprd_mean rsrr_mean staffing_risk readmission_risk".split(),
        score.alias("risk_score"),
        state_risk_tier_of(score, risk).alias("risk_tier"),
        score_n10.alias("risk_score_n10"),
        "fines_usd",
        ratio("fines_usd", F.lit(1e6)).alias("fines_musd"),
        "fines_matched_usd",
        F.when(score.isNotNull(), rank_of([score.desc_nulls_last()], by=MONTH)).alias("risk_rank"),
        F.when(score.isNotNull(), rank_of([score.asc_nulls_last()], by=MONTH)).alias("best_rank"),
    )


@table("gold.nh_facility_risk", key=["ccn", "snapshot_month"], per=["snapshot_month"])
def nh_facility_risk(
    nh_facility_metrics: DataFrame,
    *,
    staffing: StaffingBands = StaffingBands(),
    risk: RiskCutoffs = RiskCutoffs(),
) -> DataFrame:
    """Risk score of a home among the homes of its month, and the list of high-risk homes.

    Args:
        nh_facility_metrics: one row per (ccn, snapshot_month).
    Returns:
        One row per (ccn, snapshot_month). The five percentile ranks (0-1, risk upward: 1 - rank for hours and overall
        rating) are null where their input is; `risk_score` is their mean where at least 3 are known. `is_high_risk` =
        total_hprd < 3.5 and rsrr >= 0.18 and multiplier < 1; with the 75th percentile of the month in place of 0.18 it
        is `is_high_risk_p75`; both are null where missing inputs leave them open. `risk_rank` orders by is_high_risk,
        penalty_pct and fines_usd, each from high to low, missing values last. `los_proxy_rank` is the mean of the known
        percentile ranks of deficiencies, readmission rate and case mix: a proxy, as no public file of homes holds
        lengths of stay.
    Source: sections 8.2 and 12.2 of the nursing-home pipeline document, whose multiplier condition is reversed (a cut
        is a multiplier below 1).
    """
    month = Window.partitionBy("snapshot_month")
    ranked = nh_facility_metrics.select(
        *"ccn snapshot_month name state total_hprd rsrr multiplier penalty_pct fines_usd".split(),
        *_percentile_ranks(),
        percentile_of("rsrr", risk.rsrr_percentile).over(month).alias("rsrr_p75"),
    )
    score = _mean_of(["staffing_pr", "readmission_pr", "turnover_pr", "fines_pr", "rating_pr"])
    ranks_n = _known(["staffing_pr", "readmission_pr", "turnover_pr", "fines_pr", "rating_pr"])
    low_and_cut = (F.col("total_hprd") < staffing.low_hprd) & (F.col("multiplier") < risk.neutral_multiplier)
    scored = ranked.select(
        "*",
        ranks_n.alias("risk_ranks_n"),
        F.when(ranks_n >= risk.minimum_ranks, score).alias("risk_score"),
        (low_and_cut & (F.col("rsrr") >= risk.rsrr_high)).alias("is_high_risk"),
        (low_and_cut & (F.col("rsrr") >= F.col("rsrr_p75"))).alias("is_high_risk_p75"),
        _mean_of(["deficiencies_pr", "readmission_pr", "case_mix_pr"]).alias("los_proxy_rank"),
    )
    order = [F.col(name).desc_nulls_last() for name in ("is_high_risk", "penalty_pct", "fines_usd")]
    return scored.select(
        *"ccn snapshot_month name state staffing_pr readmission_pr turnover_pr fines_pr rating_pr".split(),
        *"risk_ranks_n risk_score".split(),
        facility_risk_tier_of(F.col("risk_score"), risk).alias("risk_tier"),
        *"total_hprd rsrr multiplier penalty_pct fines_usd is_high_risk is_high_risk_p75".split(),
        rank_of(order, by=MONTH).alias("risk_rank"),
        *"deficiencies_pr case_mix_pr los_proxy_rank".split(),
    )


def _percentile_ranks() -> list[Column]:
    upward = {
        "readmission_pr": "rsrr",
        "turnover_pr": "nursing_turnover_pct",
        "fines_pr": "fines_usd",
        "deficiencies_pr": "deficiencies_c1_n",
        "case_mix_pr": "case_mix_index",
    }
    downward = {"staffing_pr": "total_hprd", "rating_pr": "overall_rating"}
    return [
        *[percent_rank_of(column, by=MONTH).alias(name) for name, column in upward.items()],
        *[percent_rank_of(column, by=MONTH, inverted=True).alias(name) for name, column in downward.items()],
    ]


def _known(names: list[str]) -> Column:
    return sum((F.col(name).isNotNull().cast("int") for name in names), F.lit(0)).cast("int")


def _mean_of(names: list[str]) -> Column:
    """Mean of the columns that are not null; null where all are."""
    return ratio(sum((F.coalesce(F.col(name), F.lit(0.0)) for name in names), F.lit(0.0)), _known(names))
