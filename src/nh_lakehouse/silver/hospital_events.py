"""Encounters, procedures and the other records of care: as delivered, then with what other rows say of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.contracts import load_contracts
from nh_lakehouse.declare import silver_table, table
from nh_lakehouse.silver.published import published

__all__ = ["EVENT_FUNCTIONS", "hosp_encounter", "hosp_encounter_record", "hosp_procedure", "hosp_procedure_record"]

EVENTS: Mapping[str, str] = {
    "hosp_condition": "hosp_conditions",
    "hosp_medication": "hosp_medications",
    "hosp_observation": "hosp_observations",
    "hosp_immunization": "hosp_immunizations",
    "hosp_allergy": "hosp_allergies",
    "hosp_careplan": "hosp_careplans",
    "hosp_device": "hosp_devices",
    "hosp_imaging_study": "hosp_imaging_studies",
    "hosp_supply": "hosp_supplies",
    "hosp_claim": "hosp_claims",
    "hosp_claim_transaction": "hosp_claims_transactions",
    "hosp_payer_transition": "hosp_payer_transitions",
    "hosp_data_dictionary": "hosp_data_dictionary",
}
"""Tables that say what their file says, and the data set of each."""

OVER_DAYS = 365
"""A stay of more days is told apart; in the Massachusetts General set some last five years."""


@silver_table("silver.hosp_encounter_record", of="hosp_encounters", key=["source", "encounter_id"], history="latest")
def hosp_encounter_record(hosp_encounters: DataFrame) -> DataFrame:
    """Encounters as delivered, the class in lower case.

    Args:
        hosp_encounters: one row per (source, encounter_id).
    Returns:
        One row per row.
    Raises:
        MissingColumnError: an input column is absent.
    Source: Synthea CSV File Data Dictionary.
    """
    lower = {"encounter_class": F.expr("lower(encounter_class)")}
    return published(hosp_encounters, "silver.hosp_encounter_record", lower)


@silver_table(
    "silver.hosp_procedure_record",
    of="hosp_procedures",
    key=["patient_id", "encounter_id", "start_at", "code", "occurrence_no"],
    history="latest",
)
def hosp_procedure_record(hosp_procedures: DataFrame) -> DataFrame:
    """Procedures as delivered; whole rows that a file repeats stand once.

    Args:
        hosp_procedures: one row per (patient_id, encounter_id, start_at, code, occurrence_no).
    Returns:
        One row per row.
    Raises:
        MissingColumnError: an input column is absent.
    Source: Synthea CSV File Data Dictionary.
    """
    return published(hosp_procedures, "silver.hosp_procedure_record")


@table("silver.hosp_encounter", key=["source", "encounter_id"], per=["source", "patient_id"], optional=["hosp_patient"])
def hosp_encounter(hosp_encounter_record: DataFrame, hosp_patient: DataFrame) -> DataFrame:
    """Encounters with their length, what is not covered, and whether they follow death or overlap.

    Args:
        hosp_encounter_record: one row per (source, encounter_id).
        hosp_patient: versions of patients; all versions of one have one day of death.
    Returns:
        One row per row. `length_hours` is null where start or stop is missing or the stop lies before the start (flag
        date_order), and with it `length_days_whole` and `is_over_365_days`. `after_death`: the day of the start lies
        after the day of death; false while none is known. `overlaps_previous`: the start lies before the latest stop of
        the patient's earlier encounters, by start, of equal starts by id. Both are null where the start is.
    Source: MEASURES B4.
    """
    deaths = hosp_patient.groupBy(F.col("source").alias("_source"), F.col("patient_id").alias("_patient")).agg(
        F.expr("max(death_date) AS _death_date")
    )
    same = (F.col("source") == F.col("_source")) & (F.col("patient_id") == F.col("_patient"))
    in_order = "PARTITION BY source, patient_id ORDER BY start_at, encounter_id"
    before = f"{in_order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
    seconds = "(unix_seconds(stop_at) - unix_seconds(start_at))"
    known = hosp_encounter_record.join(deaths, on=same, how="left").selectExpr(
        "*",
        f"CASE WHEN stop_at >= start_at THEN {seconds} END AS _seconds",
        f"max(CASE WHEN start_at IS NOT NULL THEN stop_at END) OVER ({before}) AS _reached",
    )
    own = [f"`{c.name}`" for c in load_contracts()["hosp_encounters"].columns]
    return known.selectExpr(
        *own,
        "CAST(total_cost_usd - payer_coverage_usd AS decimal(18,2)) AS noncovered_usd",
        "_seconds / 3600D AS length_hours",
        "CAST(floor(_seconds / 86400D) AS int) AS length_days_whole",
        "CASE WHEN start_at IS NOT NULL THEN coalesce(CAST(start_at AS date) > _death_date, false) END AS after_death",
        "CASE WHEN start_at IS NOT NULL THEN coalesce(start_at < _reached, false) END AS overlaps_previous",
        f"_seconds > {OVER_DAYS * 86400} AS is_over_365_days",
        "dq_flags",
    )


@table(
    "silver.hosp_procedure",
    key=["source", "patient_id", "encounter_id", "start_at", "code", "occurrence_no"],
    per=["patient_id"],
    optional=["hosp_encounter_record", "hosp_patient"],
)
def hosp_procedure(
    hosp_procedure_record: DataFrame, hosp_encounter_record: DataFrame, hosp_patient: DataFrame
) -> DataFrame:
    """Procedures with the collection they belong to, which their own header does not tell.

    Args:
        hosp_procedure_record: one row per (patient_id, encounter_id, start_at, code, occurrence_no).
        hosp_encounter_record: encounters; ids do not recur between collections, else the first by name counts.
        hosp_patient: versions of patients.
    Returns:
        One row per row. `source` is that of the patient's encounter, else that of the patient, else `unknown`; it
        follows from what is loaded, in whatever order.
    Source: MEASURES A3: every hospital key begins with the source.
    """
    encounters = hosp_encounter_record.groupBy(
        F.col("patient_id").alias("_patient"), F.col("encounter_id").alias("_encounter")
    ).agg(F.expr("min(source) AS _of_encounter"))
    patients = hosp_patient.groupBy(F.col("patient_id").alias("_person")).agg(F.expr("min(source) AS _of_patient"))
    same = (F.col("patient_id") == F.col("_patient")) & (F.col("encounter_id") == F.col("_encounter"))
    own = [f"`{c.name}`" for c in load_contracts()["hosp_procedures"].columns]
    return (
        hosp_procedure_record.join(encounters, on=same, how="left")
        .join(patients, on=F.col("patient_id") == F.col("_person"), how="left")
        .selectExpr("coalesce(_of_encounter, _of_patient, 'unknown') AS source", *own, "occurrence_no", "dq_flags")
    )


def _declared(name: str, data_set: str) -> Callable[..., DataFrame]:
    """The declared function of a table that says what its file says."""
    contract = load_contracts()[data_set]
    key = [*contract.key, *([contract.occurrence] if contract.occurrence else [])]

    def function(rows: DataFrame) -> DataFrame:
        return published(rows, f"silver.{name}")

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""{contract.title}, as the file says it, typed.

    Args:
        {data_set}: {contract.grain}.
    Returns:
        One row per row; ids are not looked up in other tables, a blank encounter is allowed.
    Raises:
        MissingColumnError: an input column is absent.
    Source: Synthea CSV File Data Dictionary.
    """
    parameter = inspect.Parameter(data_set, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=DataFrame)
    function.__signature__ = inspect.Signature([parameter], return_annotation=DataFrame)  # type: ignore[attr-defined]
    return silver_table(f"silver.{name}", of=data_set, key=key, history="latest")(function)


EVENT_FUNCTIONS: Mapping[str, Callable[..., DataFrame]] = {n: _declared(n, of) for n, of in EVENTS.items()}
"""The declared functions by name."""

# The graph of tables finds declared functions among the names of a module, and a notebook imports them by name.
globals().update(EVENT_FUNCTIONS)
