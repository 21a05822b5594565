"""Silver of payroll beside the nurses' hours: those of administrators, physicians, therapists and others; wages.

The nurses of the same journal are `pbj_daily` in `nursing_home.py`.
"""

from __future__ import annotations

from pyspark.sql import DataFrame

from nh_lakehouse.declare import silver_table
from nh_lakehouse.silver.published import published

__all__ = ["nh_wage", "pbj_nonnurse_daily"]


@silver_table(
    "silver.pbj_nonnurse_daily", of="pbj_nonnurse_daily", key=["ccn", "work_date", "quarter"], history="snapshot"
)
def pbj_nonnurse_daily(pbj_nonnurse_daily: DataFrame) -> DataFrame:
    """Hours of the jobs other than nursing, of a home on a day: all, employees (`_emp`), contract staff (`_ctr`).

    Args:
        pbj_nonnurse_daily: one row per (ccn, work_date); hours by job, `census` whole.
    Returns:
        One row per row, all hours as published; nothing is summed. Days with a census of zero stay.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS Payroll-Based Journal Public Use Files, Technical Specifications, April 2019, Table 2.
    """
    return published(pbj_nonnurse_daily, "silver.pbj_nonnurse_daily")


@silver_table("silver.nh_wage", of="wages", key=["job", "state", "year"], history="latest")
def nh_wage(wages: DataFrame) -> DataFrame:
    """Usual pay per hour of a payroll job, by state and year, from the newest file alone.

    Args:
        wages: one row per (job, state, year).
    Returns:
        One row per row, as sent.
    Raises:
        MissingColumnError: an input column is absent.
    Source: the user's own file; MEASURES A1.
    """
    return published(wages, "silver.nh_wage")
