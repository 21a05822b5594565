"""Which row of a key stands in silver, when several releases or several rows claim it.

Of a period, all rows of a unit (a home; where there is no ccn, the key) come from the newest release that holds it.
Releases follow a total order: release time, modified time, file name, content hash. Inside one release exact
duplicates collapse to one; of rows with the same key and other content the last one wins, unless the contract numbers
them as occurrences. The answer depends on the rows alone, never on the order in which files came.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from nh_lakehouse.contracts.model import DataSet, DerivedColumn
from nh_lakehouse.silver.conform import REASONS
from nh_lakehouse.silver.row_hash import row_hash

__all__ = ["ACCEPTED", "DISPOSITION", "DUPLICATE", "QUARANTINED", "SUPERSEDED", "resolve", "uncontested", "unit_key"]

DISPOSITION = "_disposition"
ACCEPTED, DUPLICATE, SUPERSEDED, QUARANTINED = "accepted", "duplicate", "superseded", "quarantined"
_RELEASE = ("_released_at", "_modified_at", "_source_file", "_source_sha256")


def unit_key(data_set: DataSet) -> list[str]:
    """Columns of the unit that one release holds as a whole; reference data are one unit altogether.

    Reference data with a group have a history: of every day the newest release of the group is one unit.
    """
    if data_set.rhythm == "R":
        return [data_set.period.silver_column, data_set.group] if data_set.group else []
    period = [] if data_set.rhythm == "C" else [data_set.period.silver_column]
    return [*period, *data_set.unit_columns]


def uncontested(rows: DataFrame, data_set: DataSet) -> DataFrame:
    """Verdict for rows of which each is the only one of its unit's release and key: accepted, or quarantined.

    Args:
        rows: conformed rows.
        data_set: the contract.
    Returns:
        The rows with `_disposition` and, where the contract numbers them, the occurrence (always 1).
    """
    verdict = F.when(F.size(REASONS) > 0, F.lit(QUARANTINED)).otherwise(F.lit(ACCEPTED))
    return _with_occurrence(rows.withColumn(DISPOSITION, verdict), data_set, F.lit(1))


def resolve(rows: DataFrame, data_set: DataSet) -> DataFrame:
    """Verdict for every row: accepted, duplicate, superseded or quarantined.

    Args:
        rows: conformed rows of whole units: all releases of a unit and period must be there.
        data_set: the contract.
    Returns:
        The rows with `_disposition`, `_reasons` extended by `duplicate_key` for the losers of a key, and the
        occurrence number where the contract asks for one (null for rows that are not accepted).
    """
    usable = F.size(REASONS) == 0
    release = F.when(usable, F.struct(*_RELEASE))
    newest = F.max(release).over(_window(unit_key(data_set)))
    content = row_hash(_content_columns(rows, data_set))
    ranked = rows.select(
        "*",
        F.coalesce(release < newest, F.lit(False)).alias("_older"),
        content.alias("_content"),
        usable.alias("_usable"),
    )
    key = [*unit_key(data_set), *[c for c in data_set.key if c not in unit_key(data_set)]]
    live = [F.col("_usable"), F.col("_older")]
    same = Window.partitionBy(*live, *key, "_content").orderBy(F.col("_source_row").desc())
    ranked = ranked.withColumn("_copy", F.row_number().over(same))
    claimants = Window.partitionBy(*live, *key, F.col("_copy") == 1)
    if data_set.occurrence:
        rank = F.row_number().over(claimants.orderBy("_content", F.col("_source_row").desc()))
        loses = F.lit(False)
    else:
        rank = F.row_number().over(claimants.orderBy(F.col("_source_row").desc()))
        loses = F.col("_rank") > 1
    ranked = ranked.withColumn("_rank", rank)
    verdict = (
        F.when(~F.col("_usable"), F.lit(QUARANTINED))
        .when(F.col("_older"), F.lit(SUPERSEDED))
        .when(F.col("_copy") > 1, F.lit(DUPLICATE))
        .when(loses, F.lit(QUARANTINED))
        .otherwise(F.lit(ACCEPTED))
    )
    judged = ranked.withColumn(DISPOSITION, verdict)
    is_loser = F.col("_usable") & (F.col(DISPOSITION) == QUARANTINED)
    judged = judged.withColumn(REASONS, F.when(is_loser, F.array(F.lit("duplicate_key"))).otherwise(F.col(REASONS)))
    judged = _with_occurrence(judged, data_set, F.when(F.col(DISPOSITION) == ACCEPTED, F.col("_rank")))
    return judged.drop("_older", "_content", "_usable", "_copy", "_rank")


def _window(columns: Sequence[str]) -> WindowSpec:
    return Window.partitionBy(*columns) if columns else Window.partitionBy(F.lit(1))


def _content_columns(rows: DataFrame, data_set: DataSet) -> list[DerivedColumn]:
    present = set(rows.columns)
    return [
        DerivedColumn(name=c.name, type=c.spark_type, description=c.description)
        for c in data_set.columns
        if c.name in present
    ]


def _with_occurrence(rows: DataFrame, data_set: DataSet, number: Column) -> DataFrame:
    return rows.withColumn(data_set.occurrence, number.cast("int")) if data_set.occurrence else rows
