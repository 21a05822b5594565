"""Rows of hospital records for tests. Hours count from 1 January 2015, 00:00 UTC."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from oracles import frames_of
from pyspark.sql import DataFrame, SparkSession

from nh_lakehouse.gold.hospital_visits import hosp_episode, hosp_index_stay

#: Payers of the tests: id, name and group.
PAYERS = (("M", "Medicare", "Medicare"), ("N", "NO_INSURANCE", "Uninsured"), ("A", "Aetna", "Commercial"))


def hour(number: float) -> datetime:
    return datetime(2015, 1, 1, tzinfo=timezone.utc) + timedelta(hours=number)


def usd(amount: float) -> Decimal:
    return Decimal(str(amount)).quantize(Decimal("0.01"))


def encounter(number: str, start: float | None, stop: float | None, **other: Any) -> dict[str, Any]:
    """An inpatient encounter of person P that Medicare pays in full: 100 USD."""
    row = {"source": "maven", "encounter_id": number, "patient_id": "P", "encounter_class": "inpatient"}
    row |= {"start_at": None if start is None else hour(start), "stop_at": None if stop is None else hour(stop)}
    row |= {"payer_id": "M", "code": "185347001", "description": "Encounter for problem"}
    total, covered = other.pop("total", 100), other.pop("covered", 100)
    row |= {"total_cost_usd": usd(total), "payer_coverage_usd": usd(covered), "noncovered_usd": usd(total - covered)}
    if start is not None and stop is not None and stop >= start:
        row |= {"length_hours": float(stop - start), "is_over_365_days": stop - start > 365 * 24}
    return row | {"base_cost_usd": usd(10)} | other


def frames(
    spark: SparkSession, encounters: list[dict[str, Any]], patients: list[dict[str, Any]] | None = None, **more: Any
) -> dict[str, DataFrame]:
    """Encounters, payers and patients, and the stays and episodes that follow from them."""
    payers = [
        {"source": "maven", "payer_id": i, "name": name, "payer_group": group, "valid_from": hour(0).date()}
        for i, name, group in PAYERS
    ]
    rows = {"silver.hosp_encounter": encounters, "silver.hosp_payer": payers, "silver.hosp_patient": patients or []}
    functions = {"hosp_index_stay": hosp_index_stay, "hosp_episode": hosp_episode}
    return frames_of(spark, rows | more, functions)
