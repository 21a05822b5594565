"""Encounters with what most hospital tables ask of them, and the stays and episodes that begin with one.

Windows are in elapsed time: a day is 24 hours, so that an evening discharge and a morning admission two dates later are
one whole day apart.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.statistics import exact_sum_usd

__all__ = ["UNCOVERED", "HospitalWindows", "chronic_condition", "hosp_episode", "hosp_index_stay", "visits"]

UNKNOWN = "Unknown"
SCREENING = "410410006"
"""Screening surveillance: such a stay is no admission of a sick patient (hospital records document)."""
PLANNED = ("183495009", "305408004", "310061009", "86013001", "56876005")
"""Codes of stays that may have been planned: orthopedic, surgical, gynecologic, reevaluation, rehabilitation."""
UNCOVERED = "CASE WHEN noncovered_usd > 0 THEN noncovered_usd WHEN noncovered_usd <= 0 THEN 0 END"
"""SQL of what no payer covers of an encounter, at least 0; null where it is unknown."""
_DAY = 86_400


@dataclass(frozen=True)
class HospitalWindows:
    """Days around a stay.

    Attributes:
        readmission_days: a next admission within so many whole days is a readmission (CMS hospital-wide measure: 30).
        before_days, after_days: an episode of spending reaches from so many days before the admission to so many after
            the discharge (CMS Medicare Spending Per Beneficiary: 3 and 30).
    """

    readmission_days: int = 30
    before_days: int = 3
    after_days: int = 30


def chronic_condition(reason: str = "reason") -> str:
    """SQL of the chronic condition that a reason names: one of four, else null; a suspected one is none.

    Source: hospital records document (CHF, breast cancer, HLD, lung cancer), lung cancer of any kind.
    """
    text = f"lower({reason})"
    return f"""CASE WHEN {text} LIKE 'suspected%' THEN NULL
        WHEN {text} LIKE '%heart failure%' THEN 'heart failure'
        WHEN {text} LIKE '%breast%' AND ({text} LIKE '%neoplasm%' OR {text} LIKE '%cancer%') THEN 'breast cancer'
        WHEN {text} LIKE '%hyperlipidemia%' THEN 'hyperlipidemia'
        WHEN {text} LIKE '%lung%' AND ({text} LIKE '%cancer%' OR {text} LIKE '%carcinoma%' OR {text} LIKE '%neoplasm%')
            THEN 'lung cancer' END"""


def visits(hosp_encounter: DataFrame, hosp_payer: DataFrame) -> DataFrame:
    """Encounters with `year` (of the start, int), `payer_name` and `payer_group`; one row per row.

    A payer's name and group are those of its latest version; without one they are Unknown.
    """
    payers = hosp_payer.groupBy(F.col("source").alias("_source"), F.col("payer_id").alias("_payer")).agg(
        F.expr("max_by(name, valid_from) AS _name"), F.expr("max_by(payer_group, valid_from) AS _group")
    )
    same = (F.col("source") == F.col("_source")) & (F.col("payer_id") == F.col("_payer"))
    own = [c for c in hosp_encounter.columns if not c.startswith("_") and c not in ("encounter_class", "dq_flags")]
    return hosp_encounter.join(payers, on=same, how="left").selectExpr(
        *[f"`{c}`" for c in own],
        "coalesce(encounter_class, 'unknown') AS encounter_class",
        "year(start_at) AS year",
        f"coalesce(_name, '{UNKNOWN}') AS payer_name",
        f"coalesce(_group, '{UNKNOWN}') AS payer_group",
    )


@table("gold.hosp_index_stay", key=["source", "encounter_id"], optional=["hosp_payer", "hosp_patient"])
def hosp_index_stay(
    hosp_encounter: DataFrame,
    hosp_payer: DataFrame,
    hosp_patient: DataFrame,
    *,
    windows: HospitalWindows = HospitalWindows(),
) -> DataFrame:
    """Stays that a readmission can follow, each with the one that did.

    Args:
        hosp_encounter: one row per (source, encounter_id).
        hosp_payer, hosp_patient: versions of payers and patients.
        windows: days within which an admission is a readmission.
    Returns:
        One row per inpatient encounter with a start whose description does not speak of hospice and whose code is not
        that of screening. `next_encounter_id` is the patient's next such stay by start (then id), `days_to_next` the
        whole days of 24 hours from the stop to its start, null where there is none; `is_readmitted`: 1 to 30 of them,
        so neither the same day nor an overlap. `is_counted`: the rate counts the stay, as the source has encounters
        that begin 30 days after its stop or later, and the patient did not die on the day of the stop or before.
        `needs_review`: the readmission's own code may be a planned one. `is_chronic`: an encounter of the patient that
        begins no later than the readmission has a chronic reason. Both are false where nothing follows.
    Source: hospital records document and its SQL; CMS hospital-wide readmission measure (deaths, follow-up).
    """
    every = visits(hosp_encounter, hosp_payer).where("start_at IS NOT NULL")
    seconds = every.selectExpr("*", "unix_seconds(start_at) AS _start", "unix_seconds(stop_at) AS _stop")
    eligible = f"""encounter_class = 'inpatient' AND NOT coalesce(lower(description) LIKE '%hospice%', false)
        AND coalesce(code, '') <> '{SCREENING}'"""
    in_order = "PARTITION BY source, patient_id ORDER BY start_at, encounter_id"
    stays = seconds.where(eligible).selectExpr(
        "*", *[f"lead({c}) OVER ({in_order}) AS _next{c}" for c in ("encounter_id", "code", "_start")]
    )
    chronic = _first(seconds.where(f"{chronic_condition()} IS NOT NULL"), "min(_start) AS _chronic_from")
    deaths = _first(hosp_patient, "max(death_date) AS _death_date")
    last = seconds.groupBy(F.col("source").alias("_in")).agg(F.expr("max(_start) AS _last_start"))
    same = (F.col("source") == F.col("_source")) & (F.col("patient_id") == F.col("_patient"))
    joined = stays.join(chronic, on=same, how="left").drop("_source", "_patient")
    joined = joined.join(deaths, on=same, how="left").join(last, on=F.col("source") == F.col("_in"), how="left")
    days = f"CAST(floor((_next_start - _stop) / {_DAY}D) AS int)"
    follow_up = windows.readmission_days * _DAY
    known = joined.selectExpr(
        "*",
        f"{days} AS days_to_next",
        f"coalesce({days} BETWEEN 1 AND {windows.readmission_days}, false) AS is_readmitted",
    )
    codes = ", ".join(f"'{code}'" for code in PLANNED)
    return known.selectExpr(
        "source",
        "encounter_id",
        "patient_id",
        "year",
        "payer_group",
        "start_at",
        "stop_at",
        "code",
        "description",
        "_nextencounter_id AS next_encounter_id",
        "days_to_next",
        "is_readmitted",
        f"coalesce(_stop + {follow_up} <= _last_start, false) AND "
        "NOT coalesce(_death_date <= CAST(stop_at AS date), false) AS is_counted",
        f"is_readmitted AND coalesce(_nextcode IN ({codes}), false) AS needs_review",
        "is_readmitted AND coalesce(_chronic_from <= _next_start, false) AS is_chronic",
    )


def _first(rows: DataFrame, aggregate: str) -> DataFrame:
    """One aggregate per patient, its keys named `_source` and `_patient`."""
    return rows.groupBy(F.col("source").alias("_source"), F.col("patient_id").alias("_patient")).agg(F.expr(aggregate))


@table(
    "gold.hosp_episode",
    key=["source", "encounter_id"],
    optional=["hosp_payer"],
)
def hosp_episode(
    hosp_encounter: DataFrame, hosp_payer: DataFrame, *, windows: HospitalWindows = HospitalWindows()
) -> DataFrame:
    """What was spent around each inpatient stay that Medicare pays, and which stays open an episode.

    Args:
        hosp_encounter: one row per (source, encounter_id).
        hosp_payer: versions of payers.
        windows: days before and behind the stay.
    Returns:
        One row per inpatient encounter of payer group Medicare with both times in order. The window reaches from three
        days of 24 hours before the start to 30 days behind the stop, both ends counted; `spend_usd` is the total cost
        of the patient's encounters that begin in it, whoever pays, null where none has a cost. `opens_episode`: by
        start, a stay that begins inside the window of the last one that opened an episode opens none.
    Source: CMS Medicare Spending Per Beneficiary measure, episode construction.
    """
    timed = visits(hosp_encounter, hosp_payer).where("start_at IS NOT NULL")
    stays = timed.where(
        "encounter_class = 'inpatient' AND payer_group = 'Medicare' AND stop_at >= start_at"
    ).selectExpr(
        "source",
        "encounter_id",
        "patient_id",
        "year",
        "start_at",
        "stop_at",
        f"unix_seconds(start_at) - {windows.before_days * _DAY} AS _from",
        "unix_seconds(start_at) AS _start",
        f"unix_seconds(stop_at) + {windows.after_days * _DAY} AS _until",
    )
    spent = timed.selectExpr(
        "source AS _s", "patient_id AS _p", "unix_seconds(start_at) AS _at", "total_cost_usd AS _usd"
    )
    inside = (
        (F.col("source") == F.col("_s"))
        & (F.col("patient_id") == F.col("_p"))
        & (F.col("_at") >= F.col("_from"))
        & (F.col("_at") <= F.col("_until"))
    )
    sums = (
        stays.join(spent, on=inside, how="inner")
        .groupBy("source", "encounter_id")
        .agg(exact_sum_usd("_usd").alias("spend_usd"), F.count(F.lit(1)).alias("encounters_n"))
    )
    opening = _opening(stays).withColumn("_opens", F.lit(True))
    return (
        stays.join(sums, on=["source", "encounter_id"], how="left")
        .join(opening, on=["source", "encounter_id"], how="left")
        .selectExpr(
            "source",
            "encounter_id",
            "patient_id",
            "year",
            "start_at",
            "stop_at",
            "spend_usd",
            "encounters_n",
            "coalesce(_opens, false) AS opens_episode",
        )
    )


def _opening(stays: DataFrame) -> DataFrame:
    """The stays that open an episode: each depends on the one that opened before, so they are gone through in order."""
    ordered = stays.groupBy("source", "patient_id").agg(
        F.expr("sort_array(collect_list(struct(_start, _until, encounter_id))) AS _stays")
    )
    none = "named_struct('until', CAST(-9000000000000 AS bigint), 'ids', CAST(array() AS array<string>))"
    opened = "named_struct('until', x._until, 'ids', concat(a.ids, array(x.encounter_id)))"
    step = f"CASE WHEN x._start > a.until THEN {opened} ELSE a END"
    chosen = ordered.selectExpr("source", f"aggregate(_stays, {none}, (a, x) -> {step}) AS _chosen")
    return chosen.selectExpr("source", "explode(_chosen.ids) AS encounter_id")
