"""Chains (groups of homes that share an owner, officer or manager) against each other and against independent homes.

All figures are computed from the homes of provider information. What the publisher's own file of chains says of the
same month stands beside them; it says nothing of readmission rates and bed utilization.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.bands import ChainCutoffs
from nh_lakehouse.gold.occupancy import utilization_measures
from nh_lakehouse.gold.penalties import fine_measures
from nh_lakehouse.gold.statistics import USD_TYPE, mean_with_count, rank_of, weighted_with_count

__all__ = ["COMPARED", "INDEPENDENT", "PUBLISHED", "nh_chain_benchmark"]

INDEPENDENT = "INDEPENDENT"
"""Key of the row of all homes without a chain."""

RATINGS = ("overall_rating", "health_rating", "qm_rating", "staffing_rating")

HOURS = ("total_hprd", "weekend_total_hprd", "rn_hprd")

OTHERS = ("nursing_turnover_pct", "rn_turnover_pct", "rsrr")

COMPARED = tuple(f"{name}_mean" for name in (*RATINGS, *HOURS, *OTHERS, "fines", "fines_usd", "bed_utilization"))
"""Means of which `vs_independent_<mean>` gives the difference from those of independent homes."""

PUBLISHED = {
    **dict.fromkeys(("facility_n", "states_n"), "bigint"),
    **dict.fromkeys((f"{name}_mean" for name in (*RATINGS, *HOURS, *OTHERS[:2])), "double"),
    "fines_n": "int",
    "fines_mean": "double",
    "fines_usd": USD_TYPE,
    "fines_usd_mean": "double",
}
"""Columns that the publisher's file of chains has too -> type of `abs_diff_<column>`."""

MONTH = ["snapshot_month"]


@table("gold.nh_chain_benchmark", key=["chain_id", "snapshot_month"], per=["snapshot_month"], optional=["nh_chain"])
def nh_chain_benchmark(
    nh_facility_metrics: DataFrame, nh_chain: DataFrame, *, chains: ChainCutoffs = ChainCutoffs()
) -> DataFrame:
    """Ratings, hours, turnover, fines, readmission and occupancy of chains and of independent homes.

    Args:
        nh_facility_metrics: one row per (ccn, snapshot_month); the chain is that in force in the month.
        nh_chain: one row per (chain_id, snapshot_month), as published; the row of the same month counts.
    Returns:
        One row per (chain_id, snapshot_month) of the chains with at least two homes, and the row `INDEPENDENT` of the
        homes without a chain. A month in which no home has a chain gives no row, as chains are not known then (they
        are published since June 2023). `_mean` is the unweighted mean over homes, `_wtd` pools: hours weighted by
        residents, residents / beds. `vs_independent_*` is the chain's mean less that of independent homes, null in
        their own row. `rank` orders the chains of a month by the mean overall rating, then by the mean nurse hours,
        both from high to low; chains equal in both share a rank, a chain without a rating has none, nor has
        `INDEPENDENT`. `published_*` is null where the month's file of chains is not loaded or lacks the chain;
        `abs_diff_*` is the absolute difference from it.
    Source: section 12.2 of the nursing-home pipeline document; CMS, Nursing Home Chain Performance Measures.
    """
    groups = _of_groups(nh_facility_metrics)
    knows_chains = F.max(F.when(~F.col("is_independent"), True)).over(Window.partitionBy(*MONTH))
    has_enough = F.col("is_independent") | (F.col("facility_n") >= chains.minimum_homes)
    groups = groups.withColumn("_knows_chains", knows_chains).filter(F.col("_knows_chains") & has_enough)
    figures = [name for name in groups.columns if name != "_knows_chains"]
    compared = groups.select(*figures, *_against_independent(), _rank().alias("rank"))
    published = nh_chain.select("chain_id", *MONTH, *[F.col(name).alias(f"published_{name}") for name in PUBLISHED])
    return compared.join(published, ["chain_id", *MONTH], how="left").select(
        *compared.columns,
        *[column for name, type_ in PUBLISHED.items() for column in _beside_published(name, type_)],
    )


def _of_groups(nh_facility_metrics: DataFrame) -> DataFrame:
    """Chains of any size and the independent homes; a home of which no version was in force is in none of them."""
    homes = nh_facility_metrics.filter(F.col("is_chain").isNotNull())
    chain_id = F.coalesce(F.col("chain_id"), F.lit(INDEPENDENT)).alias("chain_id")
    measures = "state certified_beds residents_per_day bed_utilization fines_n fines_usd".split()
    read = homes.select(chain_id, *MONTH, "chain_name", *measures, *RATINGS, *HOURS, *OTHERS)
    return read.groupBy("chain_id", *MONTH).agg(
        F.max("chain_name").alias("chain_name"),
        (F.col("chain_id") == INDEPENDENT).alias("is_independent"),
        F.count(F.lit(1)).alias("facility_n"),
        F.countDistinct("state").alias("states_n"),
        *[column for name in RATINGS for column in mean_with_count(name)],
        *[column for name in HOURS for column in _mean_and_pooled(name)],
        *[column for name in OTHERS for column in mean_with_count(name)],
        *fine_measures(),
        *utilization_measures(),
    )


def _mean_and_pooled(name: str) -> list[Column]:
    return [*mean_with_count(name), *weighted_with_count(name, "residents_per_day")]


def _against_independent() -> list[Column]:
    month = Window.partitionBy(*MONTH)
    is_independent = F.col("is_independent")
    return [
        F.when(~is_independent, F.col(name) - F.max(F.when(is_independent, F.col(name))).over(month)).alias(
            f"vs_independent_{name}"
        )
        for name in COMPARED
    ]


def _rank() -> Column:
    is_ranked = ~F.col("is_independent") & F.col("overall_rating_mean").isNotNull()
    order = [F.col("overall_rating_mean").desc_nulls_last(), F.col("total_hprd_mean").desc_nulls_last()]
    return F.when(is_ranked, rank_of(order, by=[*MONTH, "is_independent"]))


def _beside_published(name: str, type_: str) -> list[Column]:
    published = F.col(f"published_{name}")
    return [published, F.abs(F.col(name) - published).cast(type_).alias(f"abs_diff_{name}")]
