"""Rows of `ops.referential` that name something of a source, as the checks of several domains make them."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

__all__ = ["late_after_death", "told_by_subject"]


def told_by_subject(rows: DataFrame, subject: str, rule: str, detail: Column) -> DataFrame:
    """What a check found, by table, subject and period.

    Args:
        rows: a row per finding: `table`, `source`, the subject and `period`.
        subject: column of the id, which together with the source names it.
        rule: name of the check.
        detail: aggregate that says what was found.
    Returns:
        One row per table, subject (`key` is source:id) and period: `rows_n` counts the findings.
    """
    grouped = rows.groupBy("table", "source", subject, "period")
    return grouped.agg(F.count(F.lit(1)).alias("rows_n"), detail.alias("detail")).select(
        "table",
        F.concat("source", F.lit(":"), subject).alias("key"),
        "period",
        F.lit(rule).alias("rule"),
        "rows_n",
        "detail",
    )


def late_after_death(days: str) -> Column:
    """Aggregate that says how long after the death the last service is.

    Args:
        days: column of days between the death and the service.
    """
    most = F.max(days)
    return F.concat(
        F.lit("up to "), most.cast("string"), F.when(most == 1, " day").otherwise(" days"), F.lit(" after death")
    )
