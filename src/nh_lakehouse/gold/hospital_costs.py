"""Where the money of hospital records goes: by class, procedure, kind of encounter and payer."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.hospital_visits import UNCOVERED, visits
from nh_lakehouse.gold.statistics import count_if, exact_sum_usd, ratio

__all__ = ["hosp_cost_by_class", "hosp_cost_by_encounter_code", "hosp_cost_by_procedure", "hosp_payer_mix"]

_NONE = "none"


@table("gold.hosp_cost_by_class", key=["source", "encounter_class", "year"])
def hosp_cost_by_class(hosp_encounter: DataFrame) -> DataFrame:
    """Cost and coverage of encounters, by class and year of start.

    Args:
        hosp_encounter: one row per (source, encounter_id).
    Returns:
        One row per (source, encounter_class, year); year is null where starts are. Sums leave nulls out. Not covered:
        total - coverage, at least 0 for each encounter. `cost_share`: of the total cost of the year.
    Source: hospital records document, cost breakdown by encounter class.
    """
    rows = hosp_encounter.selectExpr(
        "source", "coalesce(encounter_class, 'unknown') AS encounter_class", "year(start_at) AS year", *_AMOUNTS
    )
    grouped = rows.groupBy("source", "encounter_class", "year").agg(
        F.count(F.lit(1)).alias("encounters_n"),
        *[exact_sum_usd(name).alias(name) for name in ("total_cost_usd", "base_cost_usd", "payer_coverage_usd")],
        exact_sum_usd("_uncovered").alias("noncovered_usd"),
        F.count("total_cost_usd").alias("total_cost_n"),
    )
    whole = F.expr("sum(total_cost_usd) OVER (PARTITION BY source, year)")
    return grouped.withColumn("_whole", whole).select(
        *"source encounter_class year encounters_n total_cost_usd base_cost_usd payer_coverage_usd".split(),
        *"noncovered_usd total_cost_n".split(),
        ratio("total_cost_usd", "total_cost_n").alias("total_cost_mean_usd"),
        ratio("total_cost_usd", "_whole").alias("cost_share"),
    )


_AMOUNTS = (
    "total_cost_usd",
    "base_cost_usd",
    "payer_coverage_usd",
    f"{UNCOVERED} AS _uncovered",
)


@table(
    "gold.hosp_cost_by_procedure",
    key=["source", "encounter_class", "code"],
    optional=["hosp_encounter"],
)
def hosp_cost_by_procedure(hosp_procedure: DataFrame, hosp_encounter: DataFrame) -> DataFrame:
    """Cost of procedures, by the class of their encounter and their code.

    Args:
        hosp_procedure: one row per procedure.
        hosp_encounter: one row per (source, encounter_id).
    Returns:
        One row per (source, encounter_class, code). A procedure with a blank encounter, or one that is not loaded, has
        the class `unknown` and no say in zero coverage. `cost_share` and `cost_rank` are within source and class; codes
        of one cost share a rank. `zero_coverage_*` are those whose encounter has no coverage of any payer.
        `description` is the first by the alphabet.
    Source: hospital records document (renal dialysis and cardioversion as drivers of cost).
    """
    encounters = hosp_encounter.select(
        F.col("source").alias("_source"),
        F.col("encounter_id").alias("_encounter"),
        F.col("encounter_class").alias("_class"),
        (F.col("payer_coverage_usd") == 0).alias("_is_zero"),
    )
    same = (F.col("source") == F.col("_source")) & (F.col("encounter_id") == F.col("_encounter"))
    rows = hosp_procedure.join(encounters, on=same, how="left").selectExpr(
        "source", "coalesce(_class, 'unknown') AS encounter_class", "code", "description", "base_cost_usd", "_is_zero"
    )
    grouped = rows.groupBy("source", "encounter_class", "code").agg(
        F.min("description").alias("description"),
        F.count(F.lit(1)).alias("procedures_n"),
        exact_sum_usd("base_cost_usd").alias("base_cost_usd"),
        F.count("base_cost_usd").alias("base_cost_n"),
        count_if(F.col("_is_zero")).alias("zero_coverage_n"),
        exact_sum_usd(F.when(F.col("_is_zero"), F.col("base_cost_usd"))).alias("zero_coverage_base_cost_usd"),
    )
    ranked = grouped.selectExpr("*", *_ranked("base_cost_usd"))
    return ranked.select(
        *"source encounter_class code description procedures_n base_cost_usd base_cost_n".split(),
        ratio("base_cost_usd", "base_cost_n").alias("base_cost_mean_usd"),
        ratio("base_cost_usd", "_whole").alias("cost_share"),
        *"cost_rank zero_coverage_n zero_coverage_base_cost_usd".split(),
    )


def _ranked(usd: str) -> list[str]:
    within = "PARTITION BY source, encounter_class"
    return [
        f"sum({usd}) OVER ({within}) AS _whole",
        f"CAST(rank() OVER ({within} ORDER BY {usd} DESC NULLS LAST) AS int) AS cost_rank",
    ]


@table("gold.hosp_cost_by_encounter_code", key=["source", "encounter_class", "code"])
def hosp_cost_by_encounter_code(hosp_encounter: DataFrame) -> DataFrame:
    """Cost of encounters, by class and the code of the encounter.

    Args:
        hosp_encounter: one row per (source, encounter_id).
    Returns:
        One row per (source, encounter_class, code), `none` where an encounter has no code. `cost_share` and `cost_rank`
        are within source and class. `zero_coverage_*`: encounters without coverage of any payer. `description` is the
        first by the alphabet.
    Source: hospital records document (urgent care cardioversion, ambulatory renal dialysis).
    """
    rows = hosp_encounter.selectExpr(
        "source",
        "coalesce(encounter_class, 'unknown') AS encounter_class",
        f"coalesce(code, '{_NONE}') AS code",
        "description",
        "total_cost_usd",
        "payer_coverage_usd = 0 AS _is_zero",
    )
    grouped = rows.groupBy("source", "encounter_class", "code").agg(
        F.min("description").alias("description"),
        F.count(F.lit(1)).alias("encounters_n"),
        exact_sum_usd("total_cost_usd").alias("total_cost_usd"),
        F.count("total_cost_usd").alias("total_cost_n"),
        count_if(F.col("_is_zero")).alias("zero_coverage_n"),
        exact_sum_usd(F.when(F.col("_is_zero"), F.col("total_cost_usd"))).alias("zero_coverage_usd"),
    )
    return grouped.selectExpr("*", *_ranked("total_cost_usd")).select(
        *"source encounter_class code description encounters_n total_cost_usd total_cost_n".split(),
        ratio("total_cost_usd", "total_cost_n").alias("total_cost_mean_usd"),
        ratio("total_cost_usd", "_whole").alias("cost_share"),
        *"cost_rank zero_coverage_n zero_coverage_usd".split(),
    )


@table("gold.hosp_payer_mix", key=["source", "payer_id", "year"], optional=["hosp_payer"])
def hosp_payer_mix(hosp_encounter: DataFrame, hosp_payer: DataFrame) -> DataFrame:
    """Encounters, cost and coverage of each payer, by year of start.

    Args:
        hosp_encounter: one row per (source, encounter_id).
        hosp_payer: versions of payers.
    Returns:
        One row per (source, payer_id, year), payer `none` where an encounter names none. `encounters_share`: of the
        year's encounters. `coverage_ratio`: coverage / total cost. `zero_coverage_share`: encounters that this payer
        covered nothing of / those whose coverage is known; that is not being uninsured.
    Source: hospital records document, payers and non-covered costs.
    """
    rows = visits(hosp_encounter, hosp_payer).withColumn("payer_id", F.coalesce("payer_id", F.lit(_NONE)))
    grouped = rows.groupBy("source", "payer_id", "year").agg(
        F.min("payer_name").alias("payer_name"),
        F.min("payer_group").alias("payer_group"),
        F.count(F.lit(1)).alias("encounters_n"),
        exact_sum_usd("total_cost_usd").alias("total_cost_usd"),
        exact_sum_usd("payer_coverage_usd").alias("payer_coverage_usd"),
        count_if(F.col("payer_coverage_usd") == 0).alias("zero_coverage_n"),
        F.count("payer_coverage_usd").alias("_known_n"),
    )
    whole = F.expr("sum(encounters_n) OVER (PARTITION BY source, year)")
    return grouped.withColumn("_whole", whole).select(
        *"source payer_id year payer_name payer_group encounters_n".split(),
        ratio("encounters_n", "_whole").alias("encounters_share"),
        *"total_cost_usd payer_coverage_usd".split(),
        ratio("payer_coverage_usd", "total_cost_usd").alias("coverage_ratio"),
        "zero_coverage_n",
        ratio("zero_coverage_n", "_known_n").alias("zero_coverage_share"),
    )
