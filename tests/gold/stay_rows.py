"""Rows of stays and episodes for tests. Days count from 1 January 2009: day 1 is that day, day 40 is 9 February."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from frames import frame_of
from pyspark.sql import DataFrame, SparkSession

from nh_lakehouse.contracts import load_tables
from nh_lakehouse.pipeline.check_frame import check_columns


def day(number: int) -> date:
    return date(2008, 12, 31) + timedelta(days=number)


def usd(amount: float) -> Decimal:
    return Decimal(str(amount)).quantize(Decimal("0.01"))


def stay(stay_id: str, admit: int, discharge: int, provider: str = "H1", **other: Any) -> dict[str, Any]:
    """A hospital stay of person P that is an episode of its own."""
    row = {"source": "rif", "stay_id": stay_id, "setting": "inpatient", "bene_id": "P"}
    row |= {"provider_id": provider, "provider_id_type": "CCN", "payment_usd": usd(100), "claim_ids": [stay_id]}
    row |= {"admit_date": day(admit), "discharge_date": day(discharge), "los_days": max(1, discharge - admit)}
    row |= {"episode_id": stay_id, "episode_seq": 1, "is_episode_end": True, "overlaps_other_provider": False}
    return row | other


def claim(claim_id: str, start: int | None, payment: float, **other: Any) -> dict[str, Any]:
    """A claim of person P."""
    row = {"source": "rif", "claim_type": "carrier", "claim_id": claim_id, "bene_id": "P", "payment_usd": usd(payment)}
    return row | {"from_date": start and day(start)} | other


def settled(spark: SparkSession, table: str, found: DataFrame) -> DataFrame:
    """A result as declared, computed once, however often a test asks it."""
    check_columns(table, found, load_tables()[table].columns)
    return frame_of(spark, found.collect(), found.schema)
