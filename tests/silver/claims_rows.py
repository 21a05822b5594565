"""Typed rows of the claims data sets, as silver functions get them: what a test does not name is null."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from frames import frame_of
from pyspark.sql.types import StructField, StructType

from nh_lakehouse.contracts import load_contracts, load_tables
from nh_lakehouse.lakehouse.schema import spark_type

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Row = dict[str, Any]
LOADED = datetime(2026, 1, 2, tzinfo=timezone.utc)


def typed(spark: SparkSession, data_set: str, *rows: Row) -> DataFrame:
    """Accepted rows of one file, `_source_row` in their order."""
    contract = load_contracts()[data_set]
    types = {c.name: c.spark_type for c in contract.columns}
    period = contract.period.silver_column
    types.setdefault(period, "int" if contract.period.grain == "year" else "date")
    types |= {"dq_flags": "array<string>", "_source_file": "string", "_source_row": "int", "_load_id": "string"}
    types["_loaded_at"] = "timestamp"
    known = [
        {"dq_flags": [], "_source_file": "a.csv", "_source_row": n, "_load_id": "l", "_loaded_at": LOADED, **row}
        for n, row in enumerate(rows, 1)
    ]
    assert not {name for row in known for name in row} - set(types), "no column of the data set"
    return frame_of(spark, [[row.get(name) for name in types] for row in known], _schema(types))


def declared(spark: SparkSession, table: str, *rows: Row) -> DataFrame:
    """Rows of a silver table."""
    types = {c.name: c.type for c in load_tables()[table].columns}
    assert not {name for row in rows for name in row} - set(types), "no column of the table"
    return frame_of(spark, [[row.get(name) for name in types] for row in rows], _schema(types))


def found(frame: DataFrame, *names: str) -> list[Any]:
    """Rows as tuples of the named columns (of one: the values), sorted by text."""
    table = frame.select(*names).toArrow().to_pylist()
    rows = [tuple(row.values()) if len(names) > 1 else row[names[0]] for row in table]
    return sorted(rows, key=str)


def _schema(types: dict[str, str]) -> StructType:
    return StructType([StructField(name, spark_type(type_), True) for name, type_ in types.items()])
