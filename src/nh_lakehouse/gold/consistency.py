"""Checks that need several rows or tables: complete payroll quarters, scores that follow from published figures, tags
that the look-up of citation codes holds.

Each function returns the rows that fail, in the columns of `ops.referential`; nothing is changed in silver.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.gold.statistics import ratio
from nh_lakehouse.quarters import month_of_quarter

__all__ = ["incomplete_quarters", "mismatched_scores", "orphan_tags", "vbp_achievement", "vbp_improvement"]

#: CMS publishes scores with five decimals, computed from a threshold and a benchmark of five.
_SCORE_TOLERANCE = 0.001
_LAST_YEAR_OF_ONE_MEASURE = 2025


def incomplete_quarters(pbj_daily: DataFrame) -> DataFrame:
    """Homes whose days in a payroll quarter are not those of the calendar.

    Args:
        pbj_daily: one row per home and day.
    Returns:
        One row per home and quarter that is short: `rows_n` is the number of days present.
    Source: CMS PBJ PUF Technical Specifications: a submitting home has one row for each day of the quarter.
    """
    first_day = month_of_quarter("period", 1)
    days = F.datediff(F.add_months(first_day, 3), first_day)
    # A day outside the quarter that its row states stands for no day of it.
    stated = F.concat(F.year("work_date"), F.lit("Q"), F.quarter("work_date"))
    present = (
        pbj_daily.where(F.col("quarter") == stated)
        .groupBy("ccn", F.col("quarter").alias("period"))
        .agg(F.countDistinct("work_date").alias("rows_n"))
    )
    return present.where(F.col("rows_n") != days).select(
        F.lit("pbj_daily").alias("table"),
        F.col("ccn").alias("key"),
        "period",
        F.lit("days_not_calendar").alias("rule"),
        "rows_n",
        F.concat(F.col("rows_n").cast("string"), F.lit(" of "), days.cast("string"), F.lit(" days")).alias("detail"),
    )


def orphan_tags(nh_citation: DataFrame, nh_citation_code: DataFrame) -> DataFrame:
    """Tags of citations that the look-up of citation codes does not hold.

    Args:
        nh_citation: one row per citation and snapshot month; prefix and tag name what was found.
        nh_citation_code: one row per tag; where it is empty nothing is reported.
    Returns:
        One row per tag (prefix and number, F-0880) and month: `rows_n` counts its citations, `detail` its homes. A
        citation without a prefix or a tag is left out.
    Source: MEASURES B1 and B2; CMS Nursing Home Data Dictionary, October 2024, Citation Code Look-up.
    """
    codes = nh_citation_code.select("prefix", F.col("number").alias("tag"))
    is_loaded = codes.select(F.lit(True).alias("_loaded")).distinct()
    cited = (
        nh_citation.where(F.col("prefix").isNotNull() & F.col("tag").isNotNull())
        .groupBy("prefix", "tag", F.date_format("snapshot_month", "yyyy-MM").alias("period"))
        .agg(F.count(F.lit(1)).alias("rows_n"), F.countDistinct("ccn").alias("_homes_n"))
    )
    homes = F.when(F.col("_homes_n") == 1, F.lit(" home")).otherwise(F.lit(" homes"))
    return (
        cited.join(codes, ["prefix", "tag"], how="left_anti")
        .crossJoin(is_loaded)
        .select(
            F.lit("nh_citation").alias("table"),
            F.concat("prefix", F.lit("-"), "tag").alias("key"),
            "period",
            F.lit("orphan_tag").alias("rule"),
            "rows_n",
            F.concat(F.lit("no such citation code; cited in "), F.col("_homes_n").cast("string"), homes).alias(
                "detail"
            ),
        )
    )


def mismatched_scores(nh_vbp: DataFrame, nh_vbp_national: DataFrame) -> DataFrame:
    """Homes whose published value-based purchasing scores are not what the programme's formulas give.

    Achievement and improvement by `vbp_achievement` and `vbp_improvement`; performance is the greater of the two.

    Args:
        nh_vbp: one row per fiscal year and home.
        nh_vbp_national: threshold and benchmark of the fiscal years; a year without them is not checked.
    Returns:
        One row per fiscal year and home with a difference; `detail` names the score, what was found and expected.
        A score that is not published is not checked.
    Source: MEASURES B2; 42 CFR 413.338(d).
    """
    limits = nh_vbp_national.select(
        "fiscal_year", F.col("achievement_threshold").alias("_threshold"), F.col("benchmark").alias("_benchmark")
    )
    # From fiscal year 2026 on a score joins several measures.
    homes = nh_vbp.join(limits, "fiscal_year").where(F.col("fiscal_year") <= _LAST_YEAR_OF_ONE_MEASURE)
    baseline, rsrr, benchmark = F.col("baseline_rsrr"), F.col("performance_rsrr"), F.col("_benchmark")
    scored = homes.where(F.col("_threshold").isNotNull() & benchmark.isNotNull()).select(
        "*",
        vbp_achievement(rsrr, F.col("_threshold"), benchmark).alias("_achievement"),
        # From a baseline at the benchmark or above, nothing can be gained.
        F.when(1 - baseline < benchmark, vbp_improvement(baseline, rsrr, benchmark)).alias("_improvement"),
        F.greatest("achievement", "improvement").alias("_performance"),
    )
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


def vbp_achievement(rsrr: Column, threshold: Column, benchmark: Column) -> Column:
    """Achievement score that the program's rule gives for a readmission rate, 0 to 100.

    Args:
        rsrr: readmission rate of the performance period, fraction.
        threshold: achievement threshold of the year, share without readmission.
        benchmark: benchmark of the year, share without readmission.
    Returns:
        0 below the threshold, 100 from the benchmark on, else 90 x (success - threshold) / (benchmark - threshold) + 5
        with success = 1 - rsrr; null where an input is null.
    Source: CMS SNF VBP rules, 42 CFR 413.338; holds until fiscal year 2025 (one measure).
    """
    success = 1 - rsrr
    between = 90 * ratio(success - threshold, benchmark - threshold) + 5
    known = between.isNotNull()
    below, at_benchmark = known & (success < threshold), known & (success >= benchmark)
    return F.when(below, F.lit(0.0)).when(at_benchmark, F.lit(100.0)).otherwise(between)


def vbp_improvement(baseline: Column, rsrr: Column, benchmark: Column) -> Column:
    """Improvement score that the program's rule gives for the change of a readmission rate, 0 to 90.

    Args:
        baseline: readmission rate of the baseline period, fraction.
        rsrr: readmission rate of the performance period, fraction.
        benchmark: benchmark of the year, share without readmission.
    Returns:
        100 x (baseline - rsrr) / (benchmark - (1 - baseline)) - 5, bounded by 0 and 90; null where an input is null.
    Source: CMS SNF VBP rules, 42 CFR 413.338; holds until fiscal year 2025 (one measure).
    """
    points = 100 * ratio(baseline - rsrr, benchmark - (1 - baseline)) - 5
    return F.when(points < 0, F.lit(0.0)).when(points > 90, F.lit(90.0)).otherwise(points)


def _difference(score: str, expected: Column) -> Column:
    """A sentence where a published score is not the expected one, else null."""
    three_places = "decimal(18,3)"
    texts = [F.lit(f"{score} is "), F.col(score).cast(three_places).cast("string")]
    texts += [F.lit(", expected "), expected.cast(three_places).cast("string")]
    return F.when(F.abs(F.col(score) - expected) > _SCORE_TOLERANCE, F.concat(*texts))
