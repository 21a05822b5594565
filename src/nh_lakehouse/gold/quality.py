"""Quality measures of a home, quarter by quarter."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.grouping import unpivot

__all__ = ["BETTER_WHEN_HIGHER", "BETTER_WHEN_LOWER", "nh_quality_trend"]

#: Vaccines given (415, 426, 430, 454, 472) and function improved (471); of all others fewer residents is better.
BETTER_WHEN_HIGHER = ("415", "426", "430", "454", "471", "472")
BETTER_WHEN_LOWER = (
    "401", "402", "404", "405", "406", "407", "408", "409", "410", "419", "424", "425", "434", "451", "452", "453",
    "479", "480", "481",
)  # fmt: skip
#: Windows that all homes share.
_WINDOWS = 64
_SCORES = ("q1", "q2", "q3", "q4")


@table("gold.nh_quality_trend", key=["ccn", "measure_code", "quarter"], per=["ccn"])
def nh_quality_trend(nh_measure_long: DataFrame) -> DataFrame:
    """Scores of the assessment measures by quarter, and whether they got worse.

    Args:
        nh_measure_long: one row per (source, ccn, measure_code, period, snapshot_month); rows of source `mds` count.
    Returns:
        One row per (ccn, measure_code, quarter) with a score, by the newest release that has the quarter. Scores in per
        cent of residents; `qoq_change` in percentage points against the calendar's previous quarter, null where that
        quarter has no score; `worsened` is null without a change or where the direction of the code is not known. A
        quarter that the newest release with it leaves empty has no row, whatever an older one said. Releases whose
        period is not four quarters long give no row: which quarter a score is of is not known.
    Source: MEASURES C1; directions: CMS MDS 3.0 Quality Measures User's Manual.
    """
    quarters = _by_quarter(nh_measure_long.filter(F.col("source") == "mds"))
    # A release as one text that sorts by time: the newest of structs takes Sail twenty times as long.
    parts = [F.coalesce(F.col(name).cast("string"), F.lit("")) for name in ("snapshot_month", "period")]
    release = F.concat(parts[0], F.lit("|"), parts[1])
    newest = [F.max_by(name, "_release").alias(name) for name in ("snapshot_month", "score", "state", "resident_type")]
    released = quarters.withColumn("_release", release).groupBy("ccn", "measure_code", "quarter_no").agg(*newest)
    scores = released.filter(F.col("score").isNotNull())
    # Many homes share a window: one for each measure of a home costs Sail more than the whole rest.
    in_order = Window.partitionBy(F.pmod(F.xxhash64("ccn"), F.lit(_WINDOWS))).orderBy(
        "ccn", "measure_code", "quarter_no"
    )
    same = [F.lag(name).over(in_order).eqNullSafe(F.col(name)) for name in ("ccn", "measure_code")]
    follows = same[0] & same[1] & (F.lag("quarter_no").over(in_order) == F.col("quarter_no") - 1)
    compared = scores.withColumn("previous_score", F.when(follows, F.lag("score").over(in_order)))
    change = F.col("score") - F.col("previous_score")
    higher, lower = F.col("measure_code").isin(*BETTER_WHEN_HIGHER), F.col("measure_code").isin(*BETTER_WHEN_LOWER)
    return compared.select(
        "ccn",
        "measure_code",
        _quarter_text(F.col("quarter_no")).alias("quarter"),
        "state",
        "resident_type",
        "snapshot_month",
        "score",
        "previous_score",
        change.alias("qoq_change"),
        F.when(higher, "higher").when(lower, "lower").alias("better_when"),
        F.when(higher, change < 0).when(lower, change > 0).alias("worsened"),
    )


def _by_quarter(measures: DataFrame) -> DataFrame:
    """One row per release and quarter of its four: `quarter_no` counts quarters since the year 0."""
    first, last = (F.year(day) * 4 + F.quarter(day) - 1 for day in ("period_start", "period_end"))
    known = measures.filter(F.col("period_start").isNotNull() & F.col("period_end").isNotNull())
    keep = ["ccn", "measure_code", "state", "resident_type", "snapshot_month", "period", "_first"]
    wide = known.withColumn("_first", first).filter(last - F.col("_first") == len(_SCORES) - 1)
    rows = unpivot(wide, keep=keep, number="_no", rows={"score": [F.col(name) for name in _SCORES]})
    return rows.withColumn("quarter_no", F.col("_first") + F.col("_no") - 1)


def _quarter_text(number: Column) -> Column:
    return F.concat(F.floor(number / 4).cast("string"), F.lit("Q"), (number % 4 + 1).cast("string"))
