"""Checks between tables of hospital records: encounters that no encounter file holds, services after death.

`referential` joins what these functions return with the rows of other domains. Nothing is changed in silver, as the
answer depends on which files are loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.gold.told import late_after_death, told_by_subject

__all__ = ["DATED_BY", "orphan_encounters", "treated_after_death"]

DATED_BY: Mapping[str, str] = {
    "hosp_procedure": "start_at",
    "hosp_condition": "start_date",
    "hosp_medication": "start_at",
    "hosp_observation": "observed_at",
    "hosp_immunization": "given_at",
    "hosp_allergy": "start_date",
    "hosp_careplan": "start_date",
    "hosp_device": "start_at",
    "hosp_imaging_study": "taken_at",
    "hosp_supply": "used_on",
    "hosp_claim": "service_at",
    "hosp_claim_transaction": "from_at",
}
"""Table that names encounters -> the column that says when."""

_UNKNOWN = "unknown"


def orphan_encounters(hosp_encounter: DataFrame, records: Mapping[str, DataFrame]) -> DataFrame:
    """Encounters that records name and no encounter file of their source holds.

    Args:
        hosp_encounter: the encounters; of a source without any, nothing is reported.
        records: table of `DATED_BY` -> its rows; a blank encounter is allowed. Procedures of source `unknown` are
            reported where encounters of any source are loaded.
    Returns:
        One row per table, encounter (`key` is source:encounter_id) and year of the record (null where it has no date):
        `rows_n` counts the records.
    Source: MEASURES B1, B4.
    """
    named = [
        rows.filter("encounter_id IS NOT NULL").selectExpr(
            f"'{name}' AS table",
            "coalesce(source, '') AS source",
            "coalesce(encounter_id, '') AS encounter_id",
            f"cast(year({DATED_BY[name]}) AS string) AS period",
        )
        for name, rows in records.items()
    ]
    loaded = hosp_encounter.select("source").union(hosp_encounter.select(F.lit(_UNKNOWN).alias("source"))).distinct()
    missing = (
        reduce(lambda above, below: above.unionByName(below), named)
        .join(loaded, "source", how="left_semi")
        .join(hosp_encounter.select("source", "encounter_id"), ["source", "encounter_id"], how="left_anti")
    )
    return told_by_subject(missing, "encounter_id", "orphan_encounter", F.lit("in no encounter file"))


def treated_after_death(hosp_patient: DataFrame, hosp_encounter: DataFrame, hosp_procedure: DataFrame) -> DataFrame:
    """Encounters and procedures that begin on a day after the patient's death.

    Args:
        hosp_patient: versions of patients; the latest known `death_date` of one counts.
        hosp_encounter, hosp_procedure: read `start_at`; undated ones are left out.
    Returns:
        One row per table, patient (`key` is source:patient_id) and year: `rows_n` counts encounters or procedures,
        `detail` says how many days after the death the last of them is.
    Source: MEASURES B1, B4 (`after_death`).
    """
    deaths = hosp_patient.groupBy("source", "patient_id").agg(F.max("death_date").alias("_died"))
    services = [
        rows.selectExpr(
            f"'{name}' AS table",
            "coalesce(source, '') AS source",
            "coalesce(patient_id, '') AS patient_id",
            "cast(start_at AS date) AS _day",
            "cast(year(start_at) AS string) AS period",
        )
        for name, rows in (("hosp_encounter", hosp_encounter), ("hosp_procedure", hosp_procedure))
    ]
    late = (
        services[0]
        .unionByName(services[1])
        .join(deaths.filter("_died IS NOT NULL"), ["source", "patient_id"], how="inner")
        .withColumn("_days", F.datediff("_day", "_died"))
        .filter("_days > 0")
    )
    return told_by_subject(late, "patient_id", "service_after_death", late_after_death("_days"))
