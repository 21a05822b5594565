"""Words that the publisher writes around a value (`since 01/25/2012`, `5%`) are no part of it."""

from __future__ import annotations

from datetime import date

import pytest
from pyspark.sql import SparkSession
from small_contract import column, small_contract

from nh_lakehouse.silver.conform import conform

CONTRACT = small_contract(
    column("at", "date", prefix="Since"),
    column("share", "double", suffix="%", missing=["none"]),
    column("both", prefix="about", suffix="years"),
)


@pytest.mark.parametrize(
    ("name", "text", "value", "flags"),
    [
        ("at", "since 01/25/2012", date(2012, 1, 25), []),
        ("at", " SINCE01/25/2012 ", date(2012, 1, 25), []),
        ("at", "01/25/2012", date(2012, 1, 25), []),
        ("at", "since when", None, ["bad_date:at"]),
        ("at", "since", None, []),
        ("at", "since Not Available", None, []),
        ("share", "5%", 5.0, []),
        ("share", " 5.5 % ", 5.5, []),
        ("share", "None%", None, ["bad_number:share"]),
        ("share", "none%", None, []),
        ("share", "%5", None, ["bad_number:share"]),
        ("both", "About five Years", "five", []),
        ("both", "yearsabout", "yearsabout", []),
    ],
)
def test_conform_reads_the_value_between_prefix_and_suffix(
    spark: SparkSession, name: str, text: str, value: object, flags: list[str]
) -> None:
    row = {"id": "a", "at": None, "share": None, "both": None, "day": None, name: text}
    audit = {"_period": "2024-10", "_corrupt_record": None, "_absent_columns": ""}
    schema = ", ".join(f"{n} string" for n in [*row, *audit])
    bronze = spark.createDataFrame([(*row.values(), *audit.values())], schema)
    typed = conform(bronze, CONTRACT).collect()[0]
    assert (typed[name], typed.dq_flags, typed._reasons) == (value, flags, [])
