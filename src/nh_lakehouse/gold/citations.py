"""Citations of inspections, counted by home, state and nation.

A citation stays in the publisher's file until its inspection cycle leaves the rating, so each snapshot stands alone:
adding snapshots counts a citation many times. Health and fire safety citations are counted apart (`domain`), as the
publisher does: they come from different inspections and only the former enter the rating.

When a citation is open. The publisher's text (`corrected`) has six values: "Deficient, Provider has date of
correction", "Deficient, Provider has plan of correction", "Deficient, Provider has no plan of correction", "Past
Non-Compliance", "No revisit needed", "Waiver has been granted". A citation is open where the text says that there is a
plan or none (corrected neither way), or where it has no correction date. Past non-compliance is never open: the home
had corrected it before the inspection, with or without a date.

Sources: CMS Nursing Home Data Dictionary, October 2024, Health Deficiencies and Fire Safety Deficiencies (Deficiency
Corrected, Correction Date); State Operations Manual, chapter 7 (grid of scope and severity, past non-compliance).
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.bands import ALL, NATION, label_of
from nh_lakehouse.gold.grouping import every_set, with_grouping_sets
from nh_lakehouse.gold.statistics import count_if, median_of

__all__ = ["CLASSES", "NOT_CORRECTED", "SEVERITIES", "is_open", "nh_citation_summary"]

CLASSES = ("cycle", "category")
"""Columns that keep their own value or say `all`."""

SEVERITIES = (1, 2, 3, 4)
"""Levels of severity, one for three letters of the grid each; 4 is immediate jeopardy."""

NOT_CORRECTED = (
    "deficient, provider has plan of correction",
    "deficient, provider has no plan of correction",
)
"""Publisher's texts, in lower case, of a citation that is yet to be corrected."""

_ALREADY_CORRECTED = "past non-compliance"


@table(
    "gold.nh_citation_summary",
    key=["level", "ccn", "state", "domain", "snapshot_month", *CLASSES],
    per=["snapshot_month"],
)
def nh_citation_summary(nh_citation: DataFrame) -> DataFrame:
    """Citations of a snapshot by home, state or nation, health or fire safety, inspection cycle and category.

    Args:
        nh_citation: one row per citation and snapshot month.
    Returns:
        One row per (level, ccn, state, domain, snapshot_month, cycle, category) that has a citation. `level` is home,
        state or nation; `ccn` is null in rows of states and of the nation (state `US`, all citations). `cycle` and
        `category` each also say `all`, and `unknown` where the file says nothing: to add up rows, keep one level and
        either the single values or `all` of each. `days_to_correct_median` is the median of correction date - survey
        date, negative where a fault was corrected before the inspection; null, with the count 0, where no citation of
        the row has a correction date. A flag that is not known does not count; for `open_n` see `is_open`.
    Source: see the module.
    """
    days = F.datediff("correction_date", "survey_date")
    citations = nh_citation.select(
        *"ccn state domain snapshot_month severity_level immediate_jeopardy infection complaint".split(),
        *[label_of(F.col(name)).alias(name) for name in CLASSES],
        days.alias("days_to_correct"),
        is_open().alias("is_open"),
    )
    groups = with_grouping_sets(
        _with_levels(citations), labels=dict.fromkeys(CLASSES, ALL), sets=every_set(CLASSES)
    ).groupBy("level", "_place", "domain", "snapshot_month", *CLASSES)
    is_home = F.col("level") == "home"
    return groups.agg(F.max("state").alias("_state"), *_counts()).select(
        "level",
        F.when(is_home, F.col("_place")).alias("ccn"),
        F.when(is_home, F.col("_state")).otherwise(F.col("_place")).alias("state"),
        (F.col("level") == "nation").alias("is_national"),
        *"domain snapshot_month cycle category citations_n".split(),
        *[f"severity_{level}_n" for level in SEVERITIES],
        *"immediate_jeopardy_n infection_n complaint_n days_to_correct_median days_to_correct_n open_n".split(),
    )


def is_open() -> Column:
    """Whether a citation is yet to be corrected: the text says so, or there is no date of correction.

    Never null: a citation of which neither is known is open. Past non-compliance is not open.
    """
    text = F.coalesce(F.lower(F.trim("corrected")), F.lit(""))
    return (text != _ALREADY_CORRECTED) & (text.isin(*NOT_CORRECTED) | F.col("correction_date").isNull())


def _with_levels(citations: DataFrame) -> DataFrame:
    """Every row once for its home, its state and the nation; rows without a state count in the other two."""
    levels = F.explode(F.array(F.lit("home"), F.lit("state"), F.lit("nation"))).alias("level")
    level = F.col("level")
    place = F.when(level == "home", F.col("ccn")).when(level == "state", F.col("state")).otherwise(F.lit(NATION))
    repeated = citations.select("*", levels)
    return repeated.withColumn("_place", place).filter(F.col("_place").isNotNull())


def _counts() -> list[Column]:
    severities = [count_if(F.col("severity_level") == level).alias(f"severity_{level}_n") for level in SEVERITIES]
    return [
        F.count(F.lit(1)).alias("citations_n"),
        *severities,
        count_if(F.col("immediate_jeopardy")).alias("immediate_jeopardy_n"),
        count_if(F.col("infection")).alias("infection_n"),
        count_if(F.col("complaint")).alias("complaint_n"),
        median_of("days_to_correct").alias("days_to_correct_median"),
        F.count("days_to_correct").alias("days_to_correct_n"),
        count_if(F.col("is_open")).alias("open_n"),
    ]
