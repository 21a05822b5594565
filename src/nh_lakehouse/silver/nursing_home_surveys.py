"""Silver tables of inspections: dates, counts by cycle, cut points of the states, measure periods and citation codes.

The columns stand in `contracts/nursing_home/tables/silver_surveys.yaml`; here stands only what a file does not say
itself: the bounds inside the ranges of the cut points.

| table            | data set                | grain                              | history        |
|------------------|-------------------------|------------------------------------|----------------|
| nh_survey        | nh_survey_dates         | home, inspection date, type, month | every snapshot |
| nh_survey_cycle  | nh_survey_summary       | home, inspection cycle, month      | every snapshot |
| nh_cutpoint      | nh_inspection_cutpoints | state, month                       | every snapshot |
| nh_interval      | nh_collection_intervals | measure, month                     | every snapshot |
| nh_citation_code | nh_citation_codes       | tag                                | newest file    |
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import silver_table
from nh_lakehouse.silver.published import NUMBER, number_in, published

__all__ = ["nh_citation_code", "nh_cutpoint", "nh_interval", "nh_survey", "nh_survey_cycle"]

STARS = (5, 4, 3, 2, 1)

RANGE = rf"^\s*({NUMBER})\s*-\s*({NUMBER})\s*\z"
ABOVE = rf"^\s*>=?\s*({NUMBER})\s*\z"
BELOW = rf"^\s*<=?\s*({NUMBER})\s*\z"
ALONE = rf"^\s*({NUMBER})\s*\z"
"""Shapes of a star's scores: `0.000-19.333`, `>105.583`, `<19.334`, `12.000`."""


@silver_table(
    "silver.nh_survey",
    of="nh_survey_dates",
    key=["ccn", "snapshot_month", "survey_date", "type_of_survey"],
    history="snapshot",
)
def nh_survey(nh_survey_dates: DataFrame) -> DataFrame:
    """Inspections of a home, by day and type, of a snapshot's three rolling years.

    Args:
        nh_survey_dates: one row per (ccn, snapshot_month, survey_date, type_of_survey).
    Returns:
        One row per row, all values as published.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS Nursing Home Data Dictionary, October 2024, Inspection Dates.
    """
    return published(nh_survey_dates, "silver.nh_survey")


@silver_table(
    "silver.nh_survey_cycle",
    of="nh_survey_summary",
    key=["ccn", "snapshot_month", "inspection_cycle"],
    history="snapshot",
)
def nh_survey_cycle(nh_survey_summary: DataFrame) -> DataFrame:
    """Deficiencies found in the standard inspections of a cycle, in all and by category.

    Args:
        nh_survey_summary: one row per (ccn, snapshot_month, inspection_cycle).
    Returns:
        One row per row, counts as published; those of fire safety are null without a fire safety inspection.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS Nursing Home Data Dictionary, October 2024, Survey Summary.
    """
    return published(nh_survey_summary, "silver.nh_survey_cycle")


@silver_table("silver.nh_cutpoint", of="nh_inspection_cutpoints", key=["state", "snapshot_month"], history="snapshot")
def nh_cutpoint(nh_inspection_cutpoints: DataFrame) -> DataFrame:
    """Bounds of the weighted health inspection score for each star, per state and month.

    Args:
        nh_inspection_cutpoints: one row per (state, snapshot_month); reads the ranges as text.
    Returns:
        One row per row, bounds in points: `a-b` has both, `>a` the lower, `<b` the upper one alone, a single number is
        both. Any other text has none (the engine flags it `unknown_code`). A bound behind `>` or `<` does not belong to
        the range itself.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS Nursing Home Data Dictionary, October 2024, State-Level Health Inspection Cut Points.
    """
    computed: dict[str, Column] = {}
    for star in STARS:
        text = f"star_{star}_range"
        alone = number_in(text, ALONE, 1, "double")
        low, high = number_in(text, RANGE, 1, "double"), number_in(text, RANGE, 2, "double")
        computed[f"star_{star}_min"] = F.coalesce(low, number_in(text, ABOVE, 1, "double"), alone)
        computed[f"star_{star}_max"] = F.coalesce(high, number_in(text, BELOW, 1, "double"), alone)
    return published(nh_inspection_cutpoints, "silver.nh_cutpoint", computed)


@silver_table(
    "silver.nh_interval", of="nh_collection_intervals", key=["measure_code", "snapshot_month"], history="snapshot"
)
def nh_interval(nh_collection_intervals: DataFrame) -> DataFrame:
    """Data collection period of a measure, per month.

    Args:
        nh_collection_intervals: one row per (measure_code, snapshot_month).
    Returns:
        One row per row, all values as published.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS Nursing Home Data Dictionary, October 2024, Nursing Home Data Collection Intervals.
    """
    return published(nh_collection_intervals, "silver.nh_interval")


@silver_table("silver.nh_citation_code", of="nh_citation_codes", key=["prefix_and_number"], history="latest")
def nh_citation_code(nh_citation_codes: DataFrame) -> DataFrame:
    """What a tag of a citation stands for.

    Args:
        nh_citation_codes: one row per prefix_and_number.
    Returns:
        One row per row. `prefix_and_number` (F-0880) is the tag; a citation has its prefix and number apart.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS Nursing Home Data Dictionary, October 2024, Citation Code Look-up.
    """
    return published(nh_citation_codes, "silver.nh_citation_code")
