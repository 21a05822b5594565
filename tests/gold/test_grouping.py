"""Grouping sets and long form on two or three rows."""

from __future__ import annotations

from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from nh_lakehouse.gold.grouping import every_set, unpivot, with_grouping_sets, with_nation


def test_every_set_is_a_cube() -> None:
    assert every_set(["a", "b"]) == [(), ("a",), ("b",), ("a", "b")]


def test_a_row_counts_once_in_each_set(spark: SparkSession, values: Any) -> None:
    rows = spark.createDataFrame([("x", "p", 1), ("y", "p", 2)], "a string, b string, n int")
    found = with_grouping_sets(rows, labels={"a": "all", "b": "every"}, sets=[("a",), ("b",), ()])
    assert found.columns == ["a", "b", "n"]
    assert values(found, "a b n") == [
        ("all", "every", 1), ("all", "every", 2), ("all", "p", 1), ("all", "p", 2), ("x", "every", 1), ("y", "every", 2)
    ]  # fmt: skip


def test_value_that_is_the_label_of_the_total_counts_in_the_total_alone(spark: SparkSession, values: Any) -> None:
    rows = spark.createDataFrame([("AL", "high", 1), ("US", "all", 2)], "state string, band string, n int")
    counted = with_nation(rows, classes=["band"]).groupBy("state", "band").agg(F.sum("n").alias("n"))
    assert values(counted, "state band n") == [
        ("AL", "all", 1), ("AL", "high", 1), ("US", "all", 3), ("US", "high", 1)
    ]  # fmt: skip


def test_the_nation_holds_homes_without_a_state(spark: SparkSession, values: Any) -> None:
    rows = spark.createDataFrame([("AL", "high", 1), (None, "low", 2)], "state string, band string, n int")
    counted = with_nation(rows, classes=["band"]).groupBy("state", "band").agg(F.sum("n").alias("n"))
    assert values(counted, "state band n") == [
        ("AL", "all", 1), ("AL", "high", 1), ("US", "all", 3), ("US", "high", 1), ("US", "low", 2)
    ]  # fmt: skip


def test_unpivot_numbers_the_entries_and_keeps_nulls(spark: SparkSession, values: Any) -> None:
    rows = spark.createDataFrame([("k", 1.5, None)], "k string, a double, b double")
    entries = {"name": [F.lit("a"), F.lit("b")], "value": [F.col("a"), F.col("b")]}
    found = unpivot(rows, keep=["k"], number="no", rows=entries)
    assert values(found, "k no name value") == [("k", 1, "a", 1.5), ("k", 2, "b", None)]
