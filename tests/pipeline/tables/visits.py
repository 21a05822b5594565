"""Visits to homes: the smallest tables on which every way of keeping a table current can be tried."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from small_contract import declared_as

from nh_lakehouse.declare import table


@dataclass(frozen=True)
class Limits:
    """When a home counts as busy."""

    busy_from_n: int = 5


@table("gold.visit_totals", key=["ccn", "quarter"], per=["ccn", "quarter"])
def visit_totals(visits: DataFrame, *, limits: Limits = Limits()) -> DataFrame:
    """Visits of a home in a quarter."""
    totals = visits.groupBy("ccn", "quarter").agg(F.sum("n").alias("n"))
    return totals.select("ccn", "quarter", "n", (F.col("n") >= limits.busy_from_n).alias("busy"))


@table("gold.visit_change", key=["ccn", "quarter", "day"], per=["ccn", "quarter"], lookback={"quarter": 1})
def visit_change(visits: DataFrame) -> DataFrame:
    """Visits of a day less all visits of the quarter before."""
    number = F.substring("quarter", 1, 4).cast("int") * 4 + F.substring("quarter", 6, 1).cast("int")
    numbered = visits.withColumn("_q", number)
    before = numbered.groupBy("ccn", (F.col("_q") + 1).alias("_q")).agg(F.sum("n").alias("_before"))
    joined = numbered.join(before, ["ccn", "_q"], how="left")
    return joined.select("ccn", "quarter", "day", (F.col("n") - F.col("_before")).alias("change_n"))


@table("gold.visit_beds", key=["ccn"], per=["ccn"], optional=["homes"])
def visit_beds(visits: DataFrame, homes: DataFrame) -> DataFrame:
    """Visits and beds of a home."""
    totals = visits.groupBy("ccn").agg(F.sum("n").alias("n"))
    return totals.join(homes.select("ccn", "beds"), ["ccn"], how="left").select("ccn", "n", "beds")


@table("gold.visit_share", key=["ccn"])
def visit_share(visit_beds: DataFrame) -> DataFrame:
    """Share of a home in all visits: depends on all rows, so it has no `per`."""
    whole = visit_beds.agg(F.sum("n").alias("_whole"))
    return visit_beds.crossJoin(whole).select("ccn", (F.col("n") / F.col("_whole")).alias("share"))


DECLARED = {
    t.name: t
    for t in (
        declared_as("visits", "silver.visits", "ccn string, quarter string, day int, n bigint"),
        declared_as("visits", "silver.homes", "ccn string, beds int"),
        declared_as("visits", "gold.visit_totals", "ccn string, quarter string, n bigint, busy boolean"),
        declared_as("visits", "gold.visit_change", "ccn string, quarter string, day int, change_n bigint"),
        declared_as("visits", "gold.visit_beds", "ccn string, n bigint, beds int"),
        declared_as("visits", "gold.visit_share", "ccn string, share double"),
        *(
            declared_as("visits", name, "id int")
            for name in ("gold.hen", "gold.egg", "gold.echo", "gold.lonely", "gold.twin", "ops.twin")
        ),
    )
}
