"""Frames of a handful of rows, made so that reading them costs nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType


def frame_of(session: SparkSession, rows: Iterable[Sequence[Any]], schema: StructType) -> DataFrame:
    """The rows as a frame.

    Spark computes rows that are given as Python tuples in a Python process of its own, once for each of a table's
    inputs; rows that come as Arrow are part of the plan. Spark 3.5 takes no Arrow, and Sail always does.
    """
    given = [tuple(row) for row in rows]
    if type(session).__module__.startswith("pyspark.sql.connect") or session.version < "4":
        return session.createDataFrame(given, schema=schema)
    from pyspark.sql.pandas.types import to_arrow_schema

    fields = to_arrow_schema(schema)
    columns = [[_arrow_value(row[place]) for row in given] for place in range(len(fields))]
    arrays = [pa.array(column, type=field.type) for column, field in zip(columns, fields, strict=True)]
    return session.createDataFrame(pa.Table.from_arrays(arrays, schema=fields), schema=schema)  # type: ignore[arg-type]


def _arrow_value(value: Any) -> Any:
    return list(value.items()) if isinstance(value, dict) else value
