"""Two tables of one name, in two layers: a parameter could not say which one it means."""

from __future__ import annotations

from pyspark.sql import DataFrame

from nh_lakehouse.declare import table


@table("gold.twin", key=["id"])
def twin(visits: DataFrame) -> DataFrame:
    """The first."""
    return visits


first = twin


@table("ops.twin", key=["id"])
def twin(visits: DataFrame) -> DataFrame:
    """The second."""
    return visits
