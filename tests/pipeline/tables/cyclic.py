"""Two tables that read each other, and one that reads itself."""

from __future__ import annotations

from pyspark.sql import DataFrame

from nh_lakehouse.declare import table


@table("gold.hen", key=["id"])
def hen(egg: DataFrame) -> DataFrame:
    """A hen comes from an egg."""
    return egg


@table("gold.egg", key=["id"])
def egg(hen: DataFrame) -> DataFrame:
    """An egg comes from a hen."""
    return hen


@table("gold.echo", key=["id"])
def echo(echo: DataFrame) -> DataFrame:
    """Reads itself."""
    return echo
