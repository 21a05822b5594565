"""Claims and payments: by year and type, by provider.

Payments are summed over `fact_claims`, each claim once, negative and undated ones included (the latter in the period
`all` alone). People are those with a claim, whether a beneficiary file holds them or not.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.bands import UNKNOWN
from nh_lakehouse.gold.claims_grouping import (
    PERIOD,
    add_up,
    code_of,
    count_people,
    period_year,
    with_all,
    with_groupings,
    with_periods,
)
from nh_lakehouse.gold.claims_keys import UNKNOWN_KEY
from nh_lakehouse.gold.statistics import count_if, exact_sum_usd, rank_of, ratio

__all__ = ["TOP", "out_of_pocket", "payments", "q02_claims_by_year_type", "q15_provider_volume"]

TOP = 10
"""Providers behind `top_10_share`."""


def payments() -> list[Column]:
    """Claims, payments and claims whose payment is known, as aggregates: `claims_n`, `payment_usd`, `payment_usd_n`."""
    return [
        F.count(F.lit(1)).alias("claims_n"),
        exact_sum_usd("payment_usd").alias("payment_usd"),
        F.count("payment_usd").alias("payment_usd_n"),
    ]


def out_of_pocket() -> Column:
    """Deductible and coinsurance of a claim; what the file does not state counts as 0."""
    zero = F.lit(0).cast("decimal(18,2)")
    return F.coalesce("bene_deductible_usd", zero) + F.coalesce("bene_coinsurance_usd", zero)


@table("gold.q02_claims_by_year_type", key=["source", "period", "claim_type"])
def q02_claims_by_year_type(fact_claims: DataFrame) -> DataFrame:
    """Claims, people and payments by year and claim type.

    Args:
        fact_claims: one row per claim.
    Returns:
        One row per (source, period, claim_type) and `all`. A person counts once in each row. Amounts are null where no
        claim of the row states one; `payment_usd_mean` is over the claims whose payment is known.
    Source: second question of the DE-SynPUF claims document.
    """
    claims = fact_claims.withColumnRenamed("claim_year", "year")
    fine, by = ["source", "claim_type", "year"], [*PERIOD, "claim_type"]
    figures = claims.groupBy(*fine).agg(
        *payments(),
        F.sum("line_n").alias("lines_n"),
        count_if(F.col("payment_usd") < 0).alias("negative_payment_n"),
        count_if(F.col("is_denied")).alias("denied_n"),
        count_if(F.col("is_high_cost")).alias("high_cost_n"),
        exact_sum_usd("allowed_usd").alias("allowed_usd"),
        exact_sum_usd("total_charge_usd").alias("total_charge_usd"),
        exact_sum_usd(out_of_pocket()).alias("out_of_pocket_usd"),
    )
    sums = (
        "claims_n lines_n payment_usd payment_usd_n negative_payment_n denied_n high_cost_n allowed_usd "
        "total_charge_usd out_of_pocket_usd"
    ).split()
    totals = add_up(with_periods(with_all(figures, "claim_type")), sums, by=by)
    persons = claims.select(*fine, "bene_id").distinct()
    people = count_people(with_periods(with_all(persons, "claim_type")), by=by)
    return totals.join(people, by, how="left").select(
        *PERIOD,
        period_year(),
        "claim_type",
        "claims_n",
        F.coalesce("people_n", F.lit(0)).alias("people_n"),
        *sums[1:4],
        ratio("payment_usd", "payment_usd_n").alias("payment_usd_mean"),
        *sums[4:],
    )


@table("gold.q15_provider_volume", key=["source", "period", "group_by", "group_value"], optional=["dim_provider"])
def q15_provider_volume(fact_claims: DataFrame, dim_provider: DataFrame) -> DataFrame:
    """Claims, people and payments of billing providers and of their specialties, and how much the largest ten have.

    Args:
        fact_claims: one row per claim; `provider_key` of the billing provider, -1 = unknown.
        dim_provider: one row per provider.
    Returns:
        One row per (source, period, group_by, group_value): grouping provider (`CCN:220008`) and specialty. Claims
        without a provider, and providers without a specialty, stand in `unknown`. Shares are of the payments of source,
        period and grouping; null where those add up to 0. `top_10_share` leaves `unknown` out of the ten.
    Source: Medicare RIF document; rank and ties as in the section on ranking of the measures.
    """
    by = [*PERIOD, "group_by", "group_value"]
    fine = ["source", "provider_key", "year"]
    claims = fact_claims.withColumnRenamed("claim_year", "year")
    provider = code_of("provider_id_type", "provider_id")
    known = dim_provider.select("provider_key", provider.alias("_provider"), F.col("specialty").alias("_specialty"))
    groupings = {"provider": F.col("_provider"), "specialty": F.col("_specialty")}
    sums = ["claims_n", "payment_usd", "payment_usd_n"]

    def grouped(df: DataFrame, keep: list[str]) -> DataFrame:
        joined = df.join(known, "provider_key", how="left")
        return with_periods(with_groupings(joined, groupings, keep=["source", "year", *keep]))

    totals = add_up(grouped(claims.groupBy(*fine).agg(*payments()), sums), sums, by=by)
    people = count_people(grouped(claims.select(*fine, "bene_id").distinct(), ["bene_id"]), by=by)
    rows = totals.join(people, by, how="left").join(
        _providers(dim_provider), ["source", "group_by", "group_value"], "left"
    )
    is_provider = F.col("group_by") == "provider"
    own_specialty = F.when(F.col("group_value") != UNKNOWN, F.col("group_value"))
    return rows.select(
        *PERIOD,
        period_year(),
        "group_by",
        "group_value",
        F.col("provider_name").alias("group_label"),
        F.when(is_provider, F.coalesce("provider_key", F.lit(UNKNOWN_KEY))).alias("provider_key"),
        "state",
        F.when(is_provider, F.col("specialty")).otherwise(own_specialty).alias("specialty"),
        "claims_n",
        F.coalesce("people_n", F.lit(0)).alias("people_n"),
        "payment_usd",
        "payment_usd_n",
        ratio("payment_usd", "payment_usd_n").alias("payment_usd_mean"),
        *_shares(by[:-1]),
    )


def _providers(dim_provider: DataFrame) -> DataFrame:
    """What the rows of the grouping provider show of the provider."""
    return dim_provider.filter(F.col("provider_key") != UNKNOWN_KEY).select(
        "source",
        F.lit("provider").alias("group_by"),
        code_of("provider_id_type", "provider_id").alias("group_value"),
        *"provider_key provider_name state specialty".split(),
    )


def _shares(group: list[str]) -> list[Column]:
    """Share and rank by payments in the group, and the share of the ten largest whose name is known."""
    every = Window.partitionBy(*group)
    largest_first = F.col("payment_usd").desc_nulls_last()
    is_unknown = F.col("group_value") == UNKNOWN
    place = F.row_number().over(every.orderBy(is_unknown, largest_first, "group_value"))
    of_top = F.sum(F.when((place <= TOP) & ~is_unknown, F.col("payment_usd")))
    total = F.sum("payment_usd").over(every)
    return [
        ratio("payment_usd", total).alias("payment_share"),
        rank_of([largest_first], by=group).alias("payment_rank"),
        ratio(of_top.over(every), total).alias("top_10_share"),
    ]
