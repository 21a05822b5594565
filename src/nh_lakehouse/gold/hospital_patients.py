"""Patients of hospital records: what they used and cost, and their social circumstances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.ages import age_at
from nh_lakehouse.declare import table
from nh_lakehouse.gold.hospital_visits import UNCOVERED, chronic_condition
from nh_lakehouse.gold.statistics import count_if, exact_sum_usd, percentile_of

__all__ = ["HighRisk", "hosp_patient_summary", "hosp_sdoh"]

CLASSES = ("ambulatory", "outpatient", "emergency", "inpatient", "urgentcare", "wellness")
_YEAR = 365 * 86_400
_PERSON = ["source", "patient_id"]


@dataclass(frozen=True)
class HighRisk:
    """What makes a patient one of high risk; one of the three is enough.

    Attributes:
        readmissions: least readmissions, all years.
        ed_visits: least emergency encounters that begin within 12 months (365 days of 24 hours) of each other.
        cost_percentile: least total cost, as the percentile of the patients of the source that have a cost.
    """

    readmissions: int = 2
    ed_visits: int = 4
    cost_percentile: float = 0.95


@table("gold.hosp_patient_summary", key=_PERSON, optional=["hosp_patient"])
def hosp_patient_summary(
    hosp_encounter: DataFrame, hosp_index_stay: DataFrame, hosp_patient: DataFrame, *, limits: HighRisk = HighRisk()
) -> DataFrame:
    """What a patient used and cost, over all years.

    Args:
        hosp_encounter: one row per (source, encounter_id).
        hosp_index_stay: stays, each with the readmission that followed.
        hosp_patient: versions of patients; the latest one counts.
        limits: what high risk is.
    Returns:
        One row per (source, patient_id) that a patients file holds or an encounter names. Counts are 0 and sums null
        without encounters. `age_years`: whole years at the last encounter, at the day of death where that is earlier.
        `chronic_conditions`: of heart failure, breast cancer, hyperlipidemia and lung cancer those that a reason names,
        sorted, joined by a comma; null where none. `ed_12_months_n`: most emergency encounters within 12 months.
    Source: MEASURES C4, hosp_patient_summary.
    """
    latest = hosp_patient.groupBy(*_PERSON).agg(
        *[F.expr(f"max_by({c}, valid_from) AS {c}") for c in ("gender", "birth_date", "death_date")]
    )
    used = _used(hosp_encounter)
    readmitted = hosp_index_stay.groupBy(*_PERSON).agg(count_if(F.col("is_readmitted")).alias("readmissions_n"))
    people = latest.select(*_PERSON).unionByName(hosp_encounter.select(*_PERSON)).distinct()
    limit = (
        used.groupBy("source")
        .agg(percentile_of("total_cost_usd", limits.cost_percentile).alias("_limit"))
        .select(F.col("source").alias("_source"), "_limit")
    )
    joined = people
    for part in (latest, used, readmitted):
        joined = joined.join(part, on=_PERSON, how="left")
    joined = joined.join(limit, on=F.col("source") == F.col("_source"), how="left")
    counts = ["encounters_n", *[f"{c}_n" for c in CLASSES], "other_class_n", "ed_12_months_n", "readmissions_n"]
    last = "least(last_seen_date, death_date)"
    high = f"""coalesce(readmissions_n, 0) >= {limits.readmissions} OR coalesce(ed_12_months_n, 0) >= {limits.ed_visits}
        OR coalesce(CAST(total_cost_usd AS double) >= _limit, false)"""
    return joined.selectExpr(
        *_PERSON,
        "gender",
        f"{age_at(last)} AS age_years",
        "death_date IS NOT NULL AS has_died",
        *[f"coalesce({c}, 0) AS {c}" for c in counts],
        "total_cost_usd",
        "payer_coverage_usd",
        "noncovered_usd",
        "chronic_conditions",
        "first_seen_date",
        "last_seen_date",
        f"{high} AS is_high_risk",
    )


def _used(hosp_encounter: DataFrame) -> DataFrame:
    """Encounters of each patient, counted and added up."""
    seconds = "CASE WHEN encounter_class = 'emergency' THEN unix_seconds(start_at) END"
    last_year = f"PARTITION BY source, patient_id ORDER BY _ed RANGE BETWEEN {_YEAR} PRECEDING AND CURRENT ROW"
    rows = hosp_encounter.selectExpr(
        "*",
        f"{seconds} AS _ed",
        f"{chronic_condition()} AS _chronic",
        f"{UNCOVERED} AS _uncovered",
    ).selectExpr("*", f"CASE WHEN _ed IS NOT NULL THEN count(_ed) OVER ({last_year}) END AS _ed_n")
    known = ", ".join(f"'{c}'" for c in CLASSES)
    return rows.groupBy(*_PERSON).agg(
        F.count(F.lit(1)).alias("encounters_n"),
        *[count_if(F.col("encounter_class") == c).alias(f"{c}_n") for c in CLASSES],
        count_if(F.expr(f"coalesce(encounter_class NOT IN ({known}), true)")).alias("other_class_n"),
        F.max("_ed_n").alias("ed_12_months_n"),
        *[exact_sum_usd(c).alias(c) for c in ("total_cost_usd", "payer_coverage_usd")],
        exact_sum_usd("_uncovered").alias("noncovered_usd"),
        F.expr("nullif(concat_ws(', ', sort_array(collect_set(_chronic))), '') AS chronic_conditions"),
        F.expr("CAST(min(start_at) AS date) AS first_seen_date"),
        F.expr("CAST(max(start_at) AS date) AS last_seen_date"),
    )


TOPICS: Mapping[str, tuple[str, str]] = {
    "employment": ("lower(description) LIKE '%employ%' OR lower(description) LIKE '%labor force%'", "67875-5"),
    "housing": ("lower(description) LIKE '%housing%' OR lower(description) LIKE '%homeless%'", "71802-3"),
    "transport": ("lower(description) LIKE '%transport%'", "93030-5"),
    "education": ("lower(description) LIKE '%education%' OR lower(description) LIKE '%school%'", "82589-3"),
}
"""Circumstance -> condition over findings, and the LOINC code of the question of the PRAPARE survey."""


@table("gold.hosp_sdoh", key=_PERSON, optional=["hosp_condition", "hosp_observation"])
def hosp_sdoh(hosp_patient: DataFrame, hosp_condition: DataFrame, hosp_observation: DataFrame) -> DataFrame:
    """Employment, housing, transport and education of patients, the latest that is known of each.

    Args:
        hosp_patient: versions of patients.
        hosp_condition: findings, such as Full-time employment (finding).
        hosp_observation: answers of surveys.
    Returns:
        One row per (source, patient_id): the text of the latest finding or answer, of one day the last by the alphabet,
        and its day. Null where nothing is loaded, as in the Massachusetts General set.
    Source: PRAPARE survey (LOINC panel 93025-5) and SNOMED CT findings as Synthea writes them.
    """
    conditions = hosp_condition.where("lower(description) LIKE '%(finding)'").selectExpr(
        *_PERSON,
        "start_date AS _on",
        "description AS _text",
        *[f"{finding} AS _{topic}" for topic, (finding, _) in TOPICS.items()],
    )
    # Who chooses not to answer today has not taken back what was said before.
    answered = "value IS NOT NULL AND NOT lower(value) LIKE 'i choose not to answer%'"
    answers = hosp_observation.where(answered).selectExpr(
        *_PERSON,
        "CAST(observed_at AS date) AS _on",
        "value AS _text",
        *[f"code = '{loinc}' AS _{topic}" for topic, (_, loinc) in TOPICS.items()],
    )
    latest = (
        conditions.unionByName(answers)
        .groupBy(*_PERSON)
        .agg(*[F.expr(f"max(CASE WHEN _{topic} THEN struct(_on, _text) END) AS _{topic}") for topic in TOPICS])
    )
    columns = [f"_{t}._text AS {t}" for t in TOPICS], [f"_{t}._on AS {t}_date" for t in TOPICS]
    people = hosp_patient.select(*_PERSON).distinct()
    return people.join(latest, on=_PERSON, how="left").selectExpr(
        *_PERSON, *[c for pair in zip(*columns, strict=True) for c in pair]
    )
