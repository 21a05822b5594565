"""Staffing, ratings, readmission and deficiencies of homes by how many of their nursing staff leave.

Turnover is the share of the nursing staff who stopped working at the home within twelve months, as CMS derives it from
payroll records of single persons; it cannot be computed again from the public daily file.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.bands import ALL, OccupancyBands
from nh_lakehouse.gold.grouping import with_nation
from nh_lakehouse.gold.occupancy import BAND_COLUMNS, band_measures, with_state_ratios
from nh_lakehouse.gold.statistics import mean_with_count

__all__ = ["nh_turnover_bands"]


@table("gold.nh_turnover_bands", key=["state", "snapshot_month", "turnover_band"], per=["snapshot_month"])
def nh_turnover_bands(nh_facility_metrics: DataFrame, *, occupancy: OccupancyBands = OccupancyBands()) -> DataFrame:
    """Homes of a state or the nation by band of nursing turnover.

    Args:
        nh_facility_metrics: one row per (ccn, snapshot_month).
    Returns:
        One row per (state, snapshot_month, turnover_band); state `US` holds all homes, the bands also say `unknown`
        and `all`. The measures are those of `nh_occupancy_bands`, with the mean overall rating.
    Source: metric 3 (section 6.3) of the nursing-home pipeline document; turnover: CMS Nursing Home Data Dictionary,
        October 2024.
    """
    homes = with_nation(nh_facility_metrics, classes=["turnover_band"])
    groups = homes.groupBy("state", "snapshot_month", "turnover_band").agg(
        *band_measures(occupancy), *mean_with_count("overall_rating")
    )
    return with_state_ratios(groups, F.col("turnover_band") == ALL).select(
        *"state snapshot_month turnover_band is_national".split(),
        *BAND_COLUMNS,
        *"overall_rating_mean overall_rating_n".split(),
    )
