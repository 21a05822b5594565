"""Patients among each other: rank in cost, all years of a person together, and the total cost of care of groups."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.bands import ALL
from nh_lakehouse.gold.claims_chronic import CONDITIONS, SYNPUF_FLAGS
from nh_lakehouse.gold.claims_grouping import add_up, chronic_band_of, people_of, with_groupings
from nh_lakehouse.gold.claims_patients import AMOUNTS, COUNTS, MONTHS, PERSON_COLUMNS, claims_sums, usd
from nh_lakehouse.gold.statistics import exact_sum_usd, percent_rank_of, ratio

__all__ = ["CostTiers", "patient_summary", "patient_summary_all", "tcoc"]

_PERSON, _PERSON_YEAR = ("source", "bene_id"), ("source", "bene_id", "year")
_FLAGS = (*[f"dx_{name}" for name in CONDITIONS], *SYNPUF_FLAGS.values())
_MONTHS = (*MONTHS, "dual_member_months")
_NULLABLE_SUMS = (*_MONTHS, "unplanned_readmissions_n")
_HIGHEST = ("max_drugs_90d_n", "charlson", "van_walraven")
_OF_LATEST = (*PERSON_COLUMNS, "age_band")
_GROUPINGS = ("age_band", "sex", "race", "state", "dual", "esrd", "risk_tier")


@dataclass(frozen=True)
class CostTiers:
    """Percentiles of cost from which a tier begins; below the lowest is `low`.

    Attributes:
        very_high: 95.
        high: 80.
        medium: 50.
    """

    very_high: float = 95.0
    high: float = 80.0
    medium: float = 50.0


@table("gold.patient_summary", key=[*_PERSON_YEAR], per=["source", "year"], order=["source", "year", "bene_id"])
def patient_summary(patient_year: DataFrame, *, tiers: CostTiers = CostTiers()) -> DataFrame:
    """The years of patients, with their rank in cost among the people of the source and year.

    Args:
        patient_year: one row per (source, bene_id, year).
        tiers: percentiles that separate the tiers.
    Returns:
        One row per row of the input, with its columns. `cost_percentile` (0-100) is the percent rank of
        `total_cost_usd`, ascending, among rows that a beneficiary file holds: the share of the others that cost less;
        people of equal cost share it, so all without cost have 0. It and `risk_tier` are null for other rows.
    Source: computed; tiers of MEASURES C3.
    """
    columns = [name for name in patient_year.columns if not name.startswith("_")]
    ranked = patient_year.select(*columns, _cost_percentile("source", "year"))
    return ranked.select(*columns, "cost_percentile", _risk_tier(tiers))


def _cost_percentile(*by: str) -> Column:
    """The column `cost_percentile`, a window expression; people without a beneficiary file have no rank."""
    cost = F.when(F.col("has_beneficiary_year"), F.col("total_cost_usd"))
    return (percent_rank_of(cost, by=by) * 100).alias("cost_percentile")


def _risk_tier(tiers: CostTiers) -> Column:
    percentile = F.col("cost_percentile")
    tier = F.when(percentile >= tiers.very_high, "very high").when(percentile >= tiers.high, "high")
    tier = tier.when(percentile >= tiers.medium, "medium").when(percentile.isNotNull(), "low")
    return tier.alias("risk_tier")


@table(
    "gold.patient_summary_all",
    key=[*_PERSON],
    per=["source"],
    optional=["claim", "drug_adherence"],
    order=[*_PERSON],
)
def patient_summary_all(
    patient_summary: DataFrame, claim: DataFrame, drug_adherence: DataFrame, *, tiers: CostTiers = CostTiers()
) -> DataFrame:
    """All years of a person together, claims without a date included.

    Args:
        patient_summary: one row per (source, bene_id, year).
        claim: claims without a year are added; the others are in the years.
        drug_adherence: one row per (source, bene_id, year, ndc9): the different products of all years.
        tiers: percentiles that separate the tiers.
    Returns:
        One row per (source, bene_id) with a year or an undated claim. Counts, amounts and months are sums; flags are
        true where they are in any year, and conditions are counted over these; `charlson`, `van_walraven` and
        `max_drugs_90d_n` are the highest of the years, `distinct_drugs_n` counts a product of several years once.
        Person and place are those of the latest year with a beneficiary file, null without one. Percentile and tier as
        in `patient_summary`, among the people of the source.
    Source: computed.
    """
    undated = claims_sums(claim.filter("year IS NULL"), by=_PERSON)
    years = patient_summary.select(
        *_PERSON_YEAR, "has_beneficiary_year", "death_date", *COUNTS, *AMOUNTS, *_NULLABLE_SUMS, *_HIGHEST, *_FLAGS,
        "plan_pay_usd", "source_reimb_usd",
    )  # fmt: skip
    every = (
        years.unionByName(undated, allowMissingColumns=True)
        .groupBy(*_PERSON)
        .agg(
            F.min("year").alias("first_year"),
            F.max("year").alias("last_year"),
            F.count("year").cast("int").alias("years_n"),
            F.max("has_beneficiary_year").alias("_has_year"),
            F.max(F.when(F.col("has_beneficiary_year"), F.col("year"))).alias("_latest"),
            *[F.sum(name).alias(name) for name in (*COUNTS, *_NULLABLE_SUMS)],
            *[exact_sum_usd(name).alias(name) for name in (*AMOUNTS, "plan_pay_usd", "source_reimb_usd")],
            *[F.max(name).alias(name) for name in ("death_date", *_HIGHEST, *_FLAGS)],
        )
    )
    latest = people_of(patient_summary).select(*_PERSON, F.col("year").alias("_latest"), *_OF_LATEST)
    products = drug_adherence.select(*_PERSON, "ndc9").distinct().groupBy(*_PERSON)
    rows = every.join(latest, [*_PERSON, "_latest"], how="left").join(
        products.agg(F.count("ndc9").alias("distinct_drugs_n")), [*_PERSON], how="left"
    )
    return _ranked(_all_columns(rows), tiers)


def _all_columns(rows: DataFrame) -> DataFrame:
    """The declared columns but for the rank."""
    measured = rows.selectExpr(
        *_PERSON,
        "first_year",
        "last_year",
        "years_n",
        "coalesce(_has_year, false) AS has_beneficiary_year",
        "death_date",
        *PERSON_COLUMNS,
        "coalesce(age_band, 'unknown') AS age_band",
        *[f"cast(coalesce({name}, 0) AS bigint) AS {name}" for name in (*COUNTS, "distinct_drugs_n")],
        *[f"{usd(f'coalesce({name}, 0)')} AS {name}" for name in AMOUNTS],
        *_NULLABLE_SUMS,
        "coalesce(max_drugs_90d_n, 0) AS max_drugs_90d_n",
        f"CASE WHEN source <> 'synpuf' THEN {usd('coalesce(plan_pay_usd, 0)')} END AS plan_pay_usd",
        "source_reimb_usd",
        "charlson",
        "van_walraven",
        *[f"coalesce(dx_{name}, false) AS dx_{name}" for name in CONDITIONS],
        *SYNPUF_FLAGS.values(),
    )
    chronic = " + ".join(f"cast(dx_{name} AS int)" for name in CONDITIONS)
    flagged = " + ".join(f"cast({flag} AS int)" for flag in SYNPUF_FLAGS.values())
    return measured.selectExpr(
        "*",
        f"{usd('total_medical_usd + rx_cost_usd')} AS total_cost_usd",
        f"{usd('bene_deductible_usd + bene_coinsurance_usd + patient_pay_usd')} AS out_of_pocket_usd",
        "cast(total_medical_usd + rx_cost_usd AS double) / nullif(cast(member_months AS double), 0) AS pmpm_usd",
        f"{chronic} AS chronic_n",
        f"{flagged} AS sp_chronic_n",
    )


def _ranked(rows: DataFrame, tiers: CostTiers) -> DataFrame:
    return rows.select("*", _cost_percentile("source")).select("*", _risk_tier(tiers))


@table(
    "gold.tcoc",
    key=["source", "year", "group_by", "group_value"],
    per=["source", "year"],
    optional=["chronic_condition"],
)
def tcoc(patient_summary: DataFrame, chronic_condition: DataFrame) -> DataFrame:
    """Total cost of care of groups of people, year by year.

    Args:
        patient_summary: one row per (source, bene_id, year); people whom a beneficiary file of the year holds count.
        chronic_condition: conditions by diagnoses (`dx_flag`).
    Returns:
        One row per (source, year, group_by, group_value). Groupings: all, age_band, sex, race, state, dual, esrd,
        chronic_band, risk_tier; condition, where a person stands in each of several. A null value is `unknown`. Sums
        of payments of claims of all types and of drug costs, never limited to hospital episodes; mean per person and
        year, and per member month, null where there are none.
    Source: computed.
    """
    sums = ["people_n", "member_months", "total_medical_usd", "rx_cost_usd", "total_cost_usd", "out_of_pocket_usd"]
    keep = ["source", "year", *sums]
    people = people_of(patient_summary).withColumn("people_n", F.lit(1))
    values = {
        "all": F.lit(ALL),
        **{name: F.col(name).cast("string") for name in _GROUPINGS},
        "chronic_band": chronic_band_of(F.col("chronic_n")),
    }
    ill = chronic_condition.filter("dx_flag").select(*_PERSON_YEAR, "condition")
    of_condition = people.join(ill, [*_PERSON_YEAR], how="inner")
    rows = with_groupings(people, values, keep=keep).unionByName(
        with_groupings(of_condition, {"condition": F.col("condition")}, keep=keep)
    )
    by = ["source", "year", "group_by", "group_value"]
    return add_up(rows, sums, by=by).select(
        *by,
        *sums,
        ratio("total_cost_usd", "people_n").alias("total_cost_usd_mean"),
        ratio("total_cost_usd", "member_months").alias("pmpm_usd"),
    )
