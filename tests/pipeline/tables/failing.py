"""Functions that take the place of sound ones of the package and go wrong."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import silver_table, table


@table("gold.pbj_totals", key=["ccn", "quarter", "month"])
def pbj_totals(pbj_daily: DataFrame) -> DataFrame:
    """Raises."""
    raise ValueError("the sums do not add up\nsecond line")


@table("gold.pbj_day", key=["ccn", "work_date"])
def pbj_day(pbj_daily: DataFrame) -> DataFrame:
    """Lacks columns, has one too many, and one of another type."""
    return pbj_daily.select("ccn", F.col("work_date").cast("string").alias("work_date"), F.lit(1).alias("surplus"))


@silver_table("silver.pbj_daily", of="pbj_nurse_daily", key=["ccn", "work_date"], history="snapshot")
def pbj_daily(pbj_nurse_daily: DataFrame) -> DataFrame:
    """Raises in the engine: the column does not exist."""
    return pbj_nurse_daily.select("no_such_column")
