"""Silver of the quality measures: the national figures of the quality reporting program."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import silver_table
from nh_lakehouse.silver.published import published

__all__ = ["nh_measure_national"]


@silver_table(
    "silver.nh_measure_national", of="nh_qrp_national", key=["measure_code", "period", "quarter"], history="snapshot"
)
def nh_measure_national(nh_qrp_national: DataFrame) -> DataFrame:
    """National figures of the quality reporting program, one measure code a row.

    Args:
        nh_qrp_national: one row per (measure_code, period_start, period_end, quarter).
    Returns:
        One row per row: `score` as published, in the unit of its code; `period` names both dates, as the publisher
        writes them (`10/01/2021-09/30/2023`). A code that gains a version is another measure.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS Nursing Home Data Dictionary, October 2024, Tables 20 and 22.
    """
    return published(nh_qrp_national, "silver.nh_measure_national", {"period": _period()})


def _period() -> Column:
    """The dates of a measurement period in one text; null where one is missing."""
    days = [F.date_format(name, "MM/dd/yyyy") for name in ("period_start", "period_end")]
    return F.concat(days[0], F.lit("-"), days[1])
