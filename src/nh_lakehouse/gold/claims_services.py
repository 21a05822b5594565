"""How often a person used each service in a year, and how often in months in which the claims of it are known."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import table

__all__ = ["DRUG_SERVICE", "SERVICES", "patient_service"]

SERVICES = ("admission", "ed", "office", "snf", "hha", "hospice", "fill")
"""What is counted: stays, visits, claims of home health and hospice, fills."""

DRUG_SERVICE = "fill"
"""Service of part D: its claims are known in part D months; those of the others in fee-for-service months."""

_EVENT = ("source", "bene_id", "month", "service")


@table(
    "gold.patient_service",
    key=["source", "bene_id", "year", "service"],
    per=["source", "bene_id"],
    order=["source", "bene_id", "year"],
    optional=["inpatient_stay", "clm_visit", "claim", "drug_event"],
)
def patient_service(
    clm_enrollment_month: DataFrame,
    inpatient_stay: DataFrame,
    clm_visit: DataFrame,
    claim: DataFrame,
    drug_event: DataFrame,
) -> DataFrame:
    """Events of each service that a person used in a year, and those in covered months, which rates divide.

    Args:
        clm_enrollment_month: one row per (source, bene_id, month) of coverage.
        inpatient_stay: admissions and stays in skilled nursing facilities, by the day of discharge.
        clm_visit: emergency and office visits, by their day.
        claim: claims of home health and hospice, by `from_date`.
        drug_event: fills, by their day.
    Returns:
        One row per (source, bene_id, year, service) with an event. `covered_events_n`: events in fee-for-service months
        (A and B and not C), fills in part D months; a month of which no beneficiary file tells is not covered. Events
        without person or day have no row.
    Source: computed; months as in `clm_enrollment_month`.
    """
    stays = "CASE setting WHEN 'inpatient' THEN 'admission' ELSE setting END"
    events = [
        _events(inpatient_stay, day="discharge_date", service=stays),
        _events(clm_visit, day="visit_date", service="visit_type"),
        _events(claim.where("claim_type IN ('hha', 'hospice')"), day="from_date", service="claim_type"),
        _events(drug_event, day="service_date", service=f"'{DRUG_SERVICE}'"),
    ]
    # Counted by month before the months are looked up: a person fills several prescriptions in most months.
    monthly = reduce(DataFrame.unionByName, events).groupBy(*_EVENT).agg(F.count(F.lit(1)).alias("events_n"))
    flags = clm_enrollment_month.selectExpr("source", "bene_id", "month", "is_ffs", "part_d")
    is_covered = f"coalesce(CASE WHEN service = '{DRUG_SERVICE}' THEN part_d ELSE is_ffs END, false)"
    counted = monthly.join(flags, ["source", "bene_id", "month"], how="left").selectExpr(
        "source", "bene_id", "year(month) AS year", "service", "events_n",
        f"CASE WHEN {is_covered} THEN events_n ELSE 0L END AS covered_events_n",
    )  # fmt: skip
    sums = [F.sum(name).alias(name) for name in ("events_n", "covered_events_n")]
    return counted.groupBy("source", "bene_id", "year", "service").agg(*sums)


def _events(rows: DataFrame, *, day: str, service: str) -> DataFrame:
    """Events with person and day: source, person, month and service."""
    known = rows.where(f"bene_id IS NOT NULL AND {day} IS NOT NULL")
    # Computed, if only so: Sail refuses the union of columns whose comments differ and which are taken as they are.
    month = f"CAST(trunc({day}, 'MM') AS date) AS month"
    return known.selectExpr("source", "bene_id", month, f"concat({service}, '') AS service")
