"""Homes month by month: tables whose months follow from versions, from editions and from the months before."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from small_contract import declared_as

from nh_lakehouse.declare import Reach, table

PER = ["month"]


@table(
    "gold.stay_bill",
    key=["ccn", "month"],
    per=PER,
    reach={
        "owners": Reach("valid_from", ("ccn", "owner")),
        "rates": Reach("year", ("rate",), "kind = 'stay'"),
        "scores": Reach("released", ("ccn", "score")),
    },
    optional=["owners", "rates", "scores"],
)
def stay_bill(stays: DataFrame, owners: DataFrame, rates: DataFrame, scores: DataFrame) -> DataFrame:
    """Stays of a home in a month, its owner then, the rate of the latest year and the score of the latest release."""
    in_force = (
        (F.col("ccn") == F.col("_ccn"))
        & (F.col("valid_from") <= F.col("month"))
        & (F.col("valid_to").isNull() | (F.col("month") < F.col("valid_to")))
    )
    homes = stays.join(owners.withColumnRenamed("ccn", "_ccn"), in_force, how="left").select(
        "ccn", "month", "n", "owner"
    )
    latest = rates.join(homes.select("month").distinct(), F.col("year") <= F.year("month"))
    by_month = latest.groupBy("month").agg(F.max_by("rate", "year").alias("rate"))
    homes = homes.join(by_month, "month", how="left")
    before = scores.withColumnRenamed("ccn", "_ccn")
    held = homes.select("ccn", "month").join(
        before, (F.col("ccn") == F.col("_ccn")) & (F.col("released") <= F.col("month"))
    )
    scored = held.groupBy("ccn", "month").agg(F.max_by("score", "released").alias("score"))
    return homes.join(scored, ["ccn", "month"], how="left").select("ccn", "month", "n", "owner", "rate", "score")


@table("gold.stay_trend", key=["ccn", "month"], per=PER, lookback={"month": 2})
def stay_trend(stay_bill: DataFrame) -> DataFrame:
    """Stays of a home in a month and the two calendar months before it."""
    number = F.year("month") * 12 + F.month("month")
    last = Window.partitionBy("ccn").orderBy("_no").rangeBetween(-2, 0)
    numbered = stay_bill.withColumn("_no", number).withColumn("_sum", F.sum("n").over(last))
    return numbered.select("ccn", "month", F.col("_sum").cast("bigint").alias("n_3m"))


DECLARED = {
    t.name: t
    for t in (
        declared_as("stays", "silver.stays", "ccn string, month date, n bigint"),
        declared_as("stays", "silver.owners", "ccn string, owner string, phone string, valid_from date, valid_to date"),
        declared_as("stays", "silver.rates", "year int, kind string, rate double"),
        declared_as("stays", "silver.scores", "ccn string, released date, score int"),
        declared_as(
            "stays", "gold.stay_bill", "ccn string, month date, n bigint, owner string, rate double, score int"
        ),
        declared_as("stays", "gold.stay_trend", "ccn string, month date, n_3m bigint"),
    )
}
