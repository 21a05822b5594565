"""Quarters, written 2023Q2: their year, number and months."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

__all__ = ["month_of_quarter", "quarter_number", "quarter_year"]


def quarter_year(quarter: Column | str) -> Column:
    """Calendar year of a column of quarters."""
    return F.substring(quarter, 1, 4).cast("int")


def quarter_number(quarter: Column | str) -> Column:
    """Number in the year, 1 to 4, of a column of quarters."""
    return F.substring(quarter, 6, 1).cast("int")


def month_of_quarter(quarter: Column | str, number: int) -> Column:
    """First day of the first, second or third month of a column of quarters."""
    return F.make_date(quarter_year(quarter), quarter_number(quarter) * 3 - 3 + number, F.lit(1))
