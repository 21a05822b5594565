"""A table that reads what does not exist."""

from __future__ import annotations

from pyspark.sql import DataFrame

from nh_lakehouse.declare import table


@table("gold.lonely", key=["id"])
def lonely(nobody: DataFrame, nothing: DataFrame) -> DataFrame:
    """Reads two tables that nobody makes."""
    return nobody.unionByName(nothing)
