"""Declared types in the words of Delta, Arrow and Spark: one parser of the type names that YAML uses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from nh_lakehouse.contracts.model import DerivedColumn
from nh_lakehouse.errors import ContractError

if TYPE_CHECKING:
    from pyspark.sql.types import DataType, StructType

__all__ = ["arrow_schema", "delta_schema", "spark_schema", "spark_type"]

_ARROW = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "boolean": pa.bool_(),
}
_DELTA = {
    "string": "string",
    "int": "integer",
    "bigint": "long",
    "double": "double",
    "date": "date",
    "timestamp": "timestamp",
}
_DELTA["boolean"] = "boolean"
_DECIMAL = re.compile(r"decimal\((\d+),\s*(\d+)\)\Z")
_ARRAY = re.compile(r"array<(.+)>\Z")
_MAP = re.compile(r"map<([^,]+),\s*(.+)>\Z")


def arrow_schema(columns: Iterable[DerivedColumn]) -> pa.Schema:
    """Arrow schema of declared columns."""
    return pa.schema([pa.field(c.name, _arrow(c.type)) for c in columns])


def spark_schema(columns: Iterable[DerivedColumn]) -> StructType:
    """Spark schema of declared columns, all nullable."""
    from pyspark.sql.types import StructField, StructType

    return StructType([StructField(c.name, spark_type(c.type), True) for c in columns])


def delta_schema(columns: Iterable[DerivedColumn]) -> Any:
    """Delta schema of declared columns, with their descriptions as comments."""
    from deltalake import Field, Schema

    return Schema([Field(c.name, _delta(c.type), nullable=True, metadata={"comment": _comment(c)}) for c in columns])


def spark_type(text: str) -> DataType:
    """Spark type of a declared type name."""
    from pyspark.sql import types as t

    simple = {
        "string": t.StringType(),
        "int": t.IntegerType(),
        "bigint": t.LongType(),
        "double": t.DoubleType(),
        "date": t.DateType(),
        "timestamp": t.TimestampType(),
        "boolean": t.BooleanType(),
    }
    if text in simple:
        return simple[text]
    if found := _DECIMAL.match(text):
        return t.DecimalType(int(found[1]), int(found[2]))
    if found := _ARRAY.match(text):
        return t.ArrayType(spark_type(found[1]))
    if found := _MAP.match(text):
        return t.MapType(spark_type(found[1]), spark_type(found[2]))
    raise ContractError(
        f"type {text!r} is not known; expected one of {', '.join(simple)}, decimal(p,s), array<..>, map<..,..>"
    )


def _arrow(text: str) -> pa.DataType:
    if text in _ARROW:
        return _ARROW[text]
    if found := _DECIMAL.match(text):
        return pa.decimal128(int(found[1]), int(found[2]))
    if found := _ARRAY.match(text):
        return pa.list_(_arrow(found[1]))
    if found := _MAP.match(text):
        return pa.map_(_arrow(found[1]), _arrow(found[2]))
    raise ContractError(f"type {text!r} is not known")


def _delta(text: str) -> Any:
    from deltalake.schema import ArrayType, MapType, PrimitiveType

    if text in _DELTA:
        return PrimitiveType(_DELTA[text])
    if _DECIMAL.match(text):
        return PrimitiveType(text.replace(" ", ""))
    if found := _ARRAY.match(text):
        return ArrayType(_delta(found[1]), contains_null=True)
    if found := _MAP.match(text):
        return MapType(_delta(found[1]), _delta(found[2]), value_contains_null=True)
    raise ContractError(f"type {text!r} is not known")


def _comment(column: DerivedColumn) -> str:
    return f"{column.description} [{column.unit}]" if column.unit else column.description
