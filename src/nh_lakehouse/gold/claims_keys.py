"""Keys of the claims star: what identifies a patient's version, a provider, a diagnosis and a day.

A key is the first 60 bits of the SHA-256 of what it stands for, so that dimension and facts compute the same one
without reading each other, and a reload gives it again. -1 stands for unknown. The functions return SQL text for
`selectExpr`, as the wide tables of claims are written (see `silver/conform.py`).
"""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

__all__ = [
    "UNKNOWN_KEY",
    "UNKNOWN_SOURCE",
    "date_key",
    "diagnosis_key",
    "patient_key",
    "provider_key",
    "with_patient_key",
    "with_unknown",
]

UNKNOWN_KEY = -1
"""Key of the unknown member of a dimension."""

UNKNOWN_SOURCE = "unknown"
"""Source of the unknown member of a dimension."""

#: Windows that all people share: one for each costs Sail ten microseconds.
_WINDOWS = 64
#: Days outside of all data: the first version of a patient holds from the one, the last one until the other.
_FIRST_DAY, _UNDATED, _END_DAY = "DATE'0001-01-01'", "DATE'9999-12-30'", "DATE'9999-12-31'"


def _key(*parts: str) -> str:
    text = ", '|', ".join(parts)
    return f"coalesce(cast(conv(substr(sha2(concat({text}), 256), 1, 15), 16, 10) AS bigint), {UNKNOWN_KEY}L)"


def patient_key(valid_from: str) -> str:
    """SQL of the key of a patient's version, bigint, from SQL of its first day (a date); -1 where a part is null.

    Source and beneficiary are those of the row.
    """
    return _key("source", "bene_id", f"cast({valid_from} AS string)")


def provider_key(provider_id_type: str, provider_id: str) -> str:
    """SQL of the key of a provider, bigint, from SQL of kind and number; -1 where a part is null.

    The source is that of the row.
    """
    return _key("source", provider_id_type, provider_id)


def diagnosis_key(code_system: str, code: str) -> str:
    """SQL of the key of a diagnosis, bigint, from SQL of code system and code; -1 where a part is null."""
    return _key(code_system, code)


def date_key(day: str) -> str:
    """SQL of the key of a day, int: yyyyMMdd; null where the day is."""
    return f"cast(year({day}) * 10000 + month({day}) * 100 + day({day}) AS int)"


def with_unknown(dimension: DataFrame, *, key: str, columns: Mapping[str, str] | None = None) -> DataFrame:
    """The dimension and its unknown member: key -1, null in all columns but those of `columns` (name -> SQL)."""
    told = {key: f"cast({UNKNOWN_KEY} AS bigint)", **(columns or {})}
    unknown = dimension.sparkSession.range(1).selectExpr(*[f"{value} AS {name}" for name, value in told.items()])
    return dimension.unionByName(unknown, allowMissingColumns=True)


def with_patient_key(rows: DataFrame, dim_patient: DataFrame, *, day: str) -> DataFrame:
    """The rows with `patient_key`: the version of the person that was valid on a day.

    Args:
        rows: any rows with `source`, `bene_id` and the day.
        dim_patient: one row per version; reads `source`, `bene_id`, `patient_key`, `valid_from`.
        day: name of a date column.
    Returns:
        As many rows as came. The version with the latest `valid_from` not after the day; before the first version that
        one; without a day the latest one; -1 for people without a version. A day after the person was closed keeps the
        last version.
    """
    # Each day lies in one version's span. The versions stand on the left, from which Sail builds its table of the join.
    same = (F.col("_source") == F.col("source")) & (F.col("_bene_id") == F.col("bene_id"))
    found = F.coalesce(F.col(day), F.expr(_UNDATED))
    inside = (found >= F.col("_from_day")) & (found < F.col("_end_day"))
    joined = _spans(dim_patient).join(rows, on=same & inside, how="right")
    return joined.selectExpr(*rows.columns, f"coalesce(_patient_key, {UNKNOWN_KEY}L) AS patient_key")


def _spans(dim_patient: DataFrame) -> DataFrame:
    """One row per version: the days from which and before which it is the one to take."""
    hold = Window.partitionBy(F.pmod(F.xxhash64("source", "bene_id"), F.lit(_WINDOWS)))
    in_order = hold.orderBy("source", "bene_id", "valid_from")
    same_before = _is_same(F.lag("source").over(in_order), F.lag("bene_id").over(in_order))
    same_after = _is_same(F.lead("source").over(in_order), F.lead("bene_id").over(in_order))
    return dim_patient.filter("bene_id IS NOT NULL").select(
        F.col("source").alias("_source"),
        F.col("bene_id").alias("_bene_id"),
        F.col("patient_key").alias("_patient_key"),
        F.when(same_before, F.col("valid_from")).otherwise(F.expr(_FIRST_DAY)).alias("_from_day"),
        F.when(same_after, F.lead("valid_from").over(in_order)).otherwise(F.expr(_END_DAY)).alias("_end_day"),
    )


def _is_same(source: Column, bene_id: Column) -> Column:
    return (source == F.col("source")) & (bene_id == F.col("bene_id"))
