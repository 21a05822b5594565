"""The key figures of hospital records: every figure beside the one that the document prints, where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.hospital_visits import UNCOVERED, chronic_condition, visits
from nh_lakehouse.gold.statistics import count_if, exact_mean, exact_sum_usd, ratio, share_of

__all__ = ["HospitalBenchmarks", "hosp_kpi"]

ALL = "all"
_GROUP = ["source", "year", "encounter_class", "payer_group"]
_DOC_REASONS = ("heart failure", "breast cancer", "hyperlipidemia", "small-cell lung cancer")
"""Reasons that the document counts; of lung cancer the small-cell kind alone."""


@dataclass(frozen=True)
class HospitalBenchmarks:
    """National figures that stand beside those of the hospital.

    Attributes:
        readmit_national: readmission rate, of 1 (hospital records document: 14.56 per cent).
        mspb_national_usd: Medicare payment per episode (SQL of the hospital records document).
    """

    readmit_national: float = 0.1456
    mspb_national_usd: float = 16_698.0


@table(
    "gold.hosp_kpi",
    key=_GROUP,
    optional=["hosp_payer"],
)
def hosp_kpi(
    hosp_encounter: DataFrame,
    hosp_payer: DataFrame,
    hosp_index_stay: DataFrame,
    hosp_episode: DataFrame,
    *,
    benchmarks: HospitalBenchmarks = HospitalBenchmarks(),
) -> DataFrame:
    """Key figures by year of start, class and payer group, with `all` for each that is summed over.

    Args:
        hosp_encounter: one row per (source, encounter_id).
        hosp_payer: versions of payers.
        hosp_index_stay: stays that a readmission can follow; a readmission counts where the stay before it does.
        hosp_episode: stays that Medicare pays; an episode counts where the stay that opens it does.
        benchmarks: national figures.
    Returns:
        One row per (source, year, encounter_class, payer_group) with an encounter. Rows with `all` hold those of the
        parts and are never added to them. Rates and means are null where their denominator is 0; a row without
        inpatient encounters has no stays, and so no rates. Months and patients of total cost of care are those of the
        year, whatever class and payer. Every `_doc` column is the figure by the document's own rule.
    Source: hospital records document (measurement plan) and the SQL behind its figures; MEASURES C4.
    """
    every = _with_stays(visits(hosp_encounter, hosp_payer), hosp_index_stay, hosp_episode)
    grouped = _with_all(every).groupBy(*_GROUP).agg(*_counts(), *_stays(), *_chronic(), *_money(), *_episodes())
    people = _population(every)
    joined = grouped.join(people, on=["source", "year"], how="left")
    whole = "OVER (PARTITION BY source, year, payer_group)"
    known = joined.selectExpr(
        "*",
        *[
            f"max(CASE WHEN encounter_class = '{ALL}' THEN {c} END) {whole} AS _all_{c}"
            for c in ("zero_coverage_n", "zero_coverage_usd")
        ],
    )
    return known.select(*_GROUP, *_published(benchmarks))


def _with_stays(every: DataFrame, hosp_index_stay: DataFrame, hosp_episode: DataFrame) -> DataFrame:
    """Encounters with what follows from the stay that they are, and whether their patient was ever readmitted."""
    index = hosp_index_stay.select(
        F.col("source").alias("_s1"),
        F.col("encounter_id").alias("_e1"),
        F.lit(True).alias("_is_eligible"),
        *[F.col(c).alias(f"_{c}") for c in ("is_readmitted", "is_counted", "needs_review", "is_chronic")],
    )
    episodes = hosp_episode.select(
        F.col("source").alias("_s2"),
        F.col("encounter_id").alias("_e2"),
        F.lit(True).alias("_is_episode"),
        F.col("opens_episode").alias("_opens"),
        F.col("spend_usd").alias("_spend"),
    )
    readmitted = (
        hosp_index_stay.where("is_readmitted")
        .select(F.col("source").alias("_s3"), F.col("patient_id").alias("_p3"), F.lit(True).alias("_was_readmitted"))
        .distinct()
    )
    by_id = "source = _s{0} AND encounter_id = _e{0}"
    return (
        every.join(index, on=F.expr(by_id.format(1)), how="left")
        .join(episodes, on=F.expr(by_id.format(2)), how="left")
        .join(readmitted, on=F.expr("source = _s3 AND patient_id = _p3"), how="left")
        .selectExpr(
            *[f"`{c}`" for c in every.columns if c != "year"],
            "coalesce(CAST(year AS string), 'unknown') AS year",
            *"_is_eligible _is_readmitted _is_counted _needs_review _is_chronic".split(),
            *"_is_episode _opens _spend _was_readmitted".split(),
        )
    )


def _with_all(every: DataFrame) -> DataFrame:
    """Every encounter in its eight rows: its own value and `all`, of year, class and payer group."""
    rows = every.selectExpr("*", "encounter_class AS _class", "payer_group AS _payer_group")
    for name in _GROUP[1:]:
        rows = rows.withColumn(name, F.explode(F.array(F.col(name), F.lit(ALL))))
    return rows


def _population(every: DataFrame) -> DataFrame:
    """Patients and months observed of each year and of all: from the first to the last month with an encounter."""
    month = "year(start_at) * 12 + month(start_at)"
    yearly = every.groupBy("source", "patient_id", "year").agg(F.expr(f"max({month}) - min({month}) + 1 AS _months"))
    both = yearly.withColumn("year", F.explode(F.array(F.col("year"), F.lit(ALL))))
    return both.groupBy("source", "year").agg(
        F.countDistinct("patient_id").alias("_people_n"), F.expr("CAST(sum(_months) AS bigint) AS _months_n")
    )


def _counts() -> list[Column]:
    inpatient = F.when(F.col("_class") == "inpatient", F.col("length_hours"))
    minutes = F.when(F.col("_class").isin("emergency", "urgentcare"), F.col("length_hours") * 60)
    return [
        F.count(F.lit(1)).alias("encounters_n"),
        F.countDistinct("patient_id").alias("patients_n"),
        count_if(F.col("_class") == "inpatient").alias("stays_n"),
        # Hours of whole seconds have no end of decimals: added as seconds.
        ratio(exact_mean(inpatient * 3600), F.lit(86_400)).alias("alos_days"),
        F.count(inpatient).alias("alos_n"),
        share_of(inpatient > 24).alias("over_24h_share"),
        exact_mean(minutes).alias("avg_minutes"),
        F.count(minutes).alias("avg_minutes_n"),
    ]


def _stays() -> list[Column]:
    counted = F.col("_is_eligible") & F.col("_is_counted")
    return [
        count_if(F.col("_is_eligible")).alias("readmit_eligible_n"),
        count_if(F.col("_is_readmitted")).alias("readmissions_n"),
        count_if(counted).alias("readmit_index_n"),
        count_if(counted & F.col("_is_readmitted")).alias("readmit_index_readmitted_n"),
        count_if(F.col("_needs_review")).alias("readmit_planned_review_n"),
        count_if(F.col("_is_chronic")).alias("_chronic_n"),
    ]


def _chronic() -> list[Column]:
    """Encounters with a reason of patients who were readmitted, and those of each reason that the document counts."""
    has_reason = F.col("_was_readmitted") & F.col("reason").isNotNull()
    small = F.expr("lower(reason) LIKE '%small cell%' AND NOT lower(reason) LIKE '%non%small cell%'")
    named = F.expr(chronic_condition())
    lung = F.when((named == "lung cancer") & small, "small-cell lung cancer")
    found = F.when(named == "lung cancer", lung).otherwise(named)
    return [
        count_if(has_reason).alias("_reasons_n"),
        *[count_if(has_reason & (found == r)).alias(f"_reason{i}_n") for i, r in enumerate(_DOC_REASONS)],
    ]


def _money() -> list[Column]:
    zero = F.col("payer_coverage_usd") == 0
    uncovered = F.expr(UNCOVERED)
    total = F.col("total_cost_usd")
    return [
        exact_sum_usd(total).alias("tcoc_total_usd"),
        exact_sum_usd(uncovered).alias("noncovered_usd"),
        count_if(zero).alias("zero_coverage_n"),
        exact_sum_usd(F.when(zero, total).otherwise(F.when(total.isNotNull(), 0))).alias("zero_coverage_usd"),
        exact_sum_usd(
            F.when(F.col("_payer_group") == "Uninsured", uncovered).otherwise(F.when(uncovered.isNotNull(), 0))
        ).alias("uninsured_noncovered_usd"),
        exact_sum_usd(F.when(F.col("_class") == "inpatient", total)).alias("_stays_usd"),
        F.count(F.when(F.col("_class") == "inpatient", total)).alias("avg_cost_per_stay_n"),
    ]


def _episodes() -> list[Column]:
    opened = F.when(F.col("_opens"), F.col("_spend"))
    return [
        count_if(F.col("_opens")).alias("episodes_n"),
        ratio(exact_sum_usd(opened), F.count(opened)).alias("avg_spend_per_episode_usd"),
        F.count(opened).alias("avg_spend_per_episode_n"),
        count_if(F.col("_is_episode")).alias("episodes_all_n"),
        ratio(exact_sum_usd("_spend"), F.count("_spend")).alias("avg_spend_all_usd"),
        F.count("_spend").alias("avg_spend_all_n"),
    ]


def _published(benchmarks: HospitalBenchmarks) -> Sequence[Column]:
    national, spending = F.lit(benchmarks.readmit_national), F.lit(benchmarks.mspb_national_usd)
    percents = [F.floor(ratio(f"_reason{i}_n", "_reasons_n") * 100 + 0.5) for i in range(len(_DOC_REASONS))]
    doc = sum(percents[1:], percents[0]) / 100.0
    return [
        *map(F.col, "encounters_n patients_n".split()),
        ratio("encounters_n", "patients_n").alias("per_patient_n"),
        *map(F.col, "stays_n alos_days over_24h_share alos_n avg_minutes avg_minutes_n".split()),
        *map(F.col, "readmit_eligible_n readmissions_n".split()),
        *map(F.col, "readmit_index_n readmit_index_readmitted_n".split()),
        ratio("readmit_index_readmitted_n", "readmit_index_n").alias("readmit_rate"),
        ratio("readmissions_n", F.col("readmit_eligible_n") - F.col("readmissions_n")).alias("readmit_rate_doc"),
        national.alias("readmit_national"),
        F.col("readmit_planned_review_n"),
        ratio("_chronic_n", "readmissions_n").alias("chronic_share_readmissions"),
        doc.alias("chronic_share_doc"),
        *map(F.col, "episodes_n avg_spend_per_episode_usd avg_spend_per_episode_n".split()),
        ratio("avg_spend_per_episode_usd", spending).alias("mspb_ratio"),
        spending.alias("mspb_national_usd"),
        *map(F.col, "episodes_all_n avg_spend_all_usd avg_spend_all_n".split()),
        F.col("_people_n").alias("tcoc_patients_n"),
        F.col("_months_n").alias("tcoc_months_n"),
        ratio("tcoc_total_usd", "_people_n").alias("tcoc_usd"),
        F.col("tcoc_total_usd"),
        ratio("tcoc_total_usd", "_months_n").alias("tcoc_pmpm_usd"),
        *map(F.col, "noncovered_usd zero_coverage_n zero_coverage_usd".split()),
        ratio("zero_coverage_usd", "tcoc_total_usd").alias("zero_coverage_share_doc"),
        ratio("zero_coverage_n", "_all_zero_coverage_n").alias("zero_coverage_class_share"),
        ratio("zero_coverage_usd", "_all_zero_coverage_usd").alias("zero_coverage_class_usd_share"),
        F.col("uninsured_noncovered_usd"),
        ratio("uninsured_noncovered_usd", "noncovered_usd").alias("uninsured_share_of_noncovered"),
        ratio("_stays_usd", "avg_cost_per_stay_n").alias("avg_cost_per_stay_usd"),
        F.col("avg_cost_per_stay_n"),
    ]
