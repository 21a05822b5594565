"""Checks that need several rows or tables: complete payroll quarters, and scores that follow from published figures.

Each function returns the rows that fail, in the columns of `ops.referential`; nothing is changed in silver.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.gold.statistics import ratio

__all__ = ["incomplete_quarters", "mismatched_scores"]

#: CMS publishes scores with five decimals, computed from a threshold and a benchmark of five.
_SCORE_TOLERANCE = 0.001


def incomplete_quarters(pbj_daily: DataFrame) -> DataFrame:
    """Homes whose days in a payroll quarter are not those of the calendar.

    Args:
        pbj_daily: one row per home and day.
    Returns:
        One row per home and quarter that is short: `rows_n` is the number of days present.
    Source: CMS PBJ PUF Technical Specifications: a submitting home has one row for each day of the quarter.
    """
    first_day = F.make_date(
        F.substring("period", 1, 4).cast("int"), F.substring("period", 6, 1).cast("int") * 3 - 2, F.lit(1)
    )
    days = F.datediff(F.add_months(first_day, 3), first_day)
    present = pbj_daily.groupBy("ccn", F.col("quarter").alias("period")).agg(
        F.countDistinct("work_date").alias("rows_n")
    )
    return present.where(F.col("rows_n") != days).select(
        F.lit("pbj_daily").alias("table"),
        F.col("ccn").alias("key"),
        "period",
        F.lit("days_not_calendar").alias("rule"),
        "rows_n",
        F.concat(F.col("rows_n").cast("string"), F.lit(" of "), days.cast("string"), F.lit(" days")).alias("detail"),
    )


def mismatched_scores(nh_vbp: DataFrame, nh_vbp_national: DataFrame) -> DataFrame:
    """Homes whose published value-based purchasing scores are not what the programme's formulas give.

    With rate = 1 - risk-standardised readmission rate: achievement is 0 below the threshold, 100 from the benchmark
    on, else 90 x (rate - threshold) / (benchmark - threshold) + 5; improvement is 100 x (rate - baseline rate) /
    (benchmark - baseline rate) - 5, at least 0 and at most 90; performance is the greater of the two.

    Args:
        nh_vbp: one row per fiscal year and home.
        nh_vbp_national: threshold and benchmark of the fiscal years; a year without them is not checked.
    Returns:
        One row per fiscal year and home with a difference; `detail` names the score, what was found and expected.
        A score that is not published is not checked.
    Source: MEASURES B2; 42 CFR 413.338(d).
    """
    limits = nh_vbp_national.select(
        "fiscal_year", F.col("achievement_threshold").alias("_t"), F.col("benchmark").alias("_b")
    )
    homes = nh_vbp.join(limits, "fiscal_year").where(F.col("_t").isNotNull() & F.col("_b").isNotNull())
    rate, before = 1 - F.col("performance_rsrr"), 1 - F.col("baseline_rsrr")
    between = 90 * ratio(rate - F.col("_t"), F.col("_b") - F.col("_t")) + 5
    scored = homes.withColumn(
        "_achievement",
        F.when(rate < F.col("_t"), F.lit(0.0)).when(rate >= F.col("_b"), F.lit(100.0)).otherwise(between),
    )
    gained = 100 * ratio(rate - before, F.col("_b") - before) - 5
    within = F.when(gained < 0, F.lit(0.0)).when(gained > 90, F.lit(90.0)).otherwise(gained)
    # From a baseline at the benchmark or above, nothing can be gained.
    scored = scored.withColumn("_improvement", F.when(before >= F.col("_b"), F.lit(None)).otherwise(within))
    scored = scored.withColumn("_performance", F.greatest("achievement", "improvement"))
    found = [
        _difference("achievement", F.col("_achievement")),
        _difference("improvement", F.col("_improvement")),
        _difference("performance_score", F.col("_performance")),
    ]
    told = scored.withColumn("detail", F.concat_ws("; ", *found)).where(F.col("detail") != "")
    return told.select(
        F.lit("nh_vbp").alias("table"),
        F.col("ccn").alias("key"),
        F.col("fiscal_year").cast("string").alias("period"),
        F.lit("score_mismatch").alias("rule"),
        F.lit(1).cast("bigint").alias("rows_n"),
        "detail",
    )


def _difference(score: str, expected: Column) -> Column:
    """A sentence where a published score is not the expected one, else null."""
    three_places = "decimal(18,3)"
    texts = [F.lit(f"{score} is "), F.col(score).cast(three_places).cast("string")]
    texts += [F.lit(", expected "), expected.cast(three_places).cast("string")]
    return F.when(F.abs(F.col(score) - expected) > _SCORE_TOLERANCE, F.concat(*texts))
