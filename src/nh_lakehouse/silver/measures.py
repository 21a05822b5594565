"""Silver of the quality measures: those of homes in one long shape, and the national figures.

| table               | data set         | source | score                  | period                |
|---------------------|------------------|--------|------------------------|-----------------------|
| nh_measure_long     | nh_quality_mds   | mds    | four-quarter average   | 2023Q3-2024Q2         |
| nh_measure_long     | nh_quality_claims| claims | adjusted score         | 20230401-20240331     |
| nh_measure_long     | nh_qrp_provider  | qrp    | the number in the text | 10/01/2021-09/30/2023 |
| nh_measure_long     | nh_qrp_swing_bed | swing  | the number in the text | 10/01/2021-09/30/2023 |
| nh_measure_national | nh_qrp_national  |        | as published           | 10/01/2021-09/30/2023 |
"""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import silver_table
from nh_lakehouse.quarters import month_of_quarter
from nh_lakehouse.silver.published import NUMBER, number_in, published

__all__ = [
    "nh_measure_long_claims",
    "nh_measure_long_mds",
    "nh_measure_long_qrp",
    "nh_measure_long_swing",
    "nh_measure_national",
]

LONG = "silver.nh_measure_long"
LONG_KEY = ("source", "ccn", "measure_code", "period", "snapshot_month")
#: Columns of the long shape that some files do not have.
_NOT_EVERYWHERE = {
    "quarter": "string",
    "score_text": "string",
    **dict.fromkeys(("adjusted", "observed", "expected", "q1", "q2", "q3", "q4"), "double"),
    "used_in_five_star": "boolean",
    "resident_type": "string",
}

QUARTERS = r"^([0-9]{4}Q[1-4])-([0-9]{4}Q[1-4])\z"
DAYS = "^([0-9]{8})-([0-9]{8})$"
DAY = "^([0-9]{4})([0-9]{2})([0-9]{2})$"
SIGNED = rf"^\s*([-]?(?:{NUMBER}|[.][0-9]+))\s*\z"
"""Shapes of a measurement period in quarters and in days, of a day, and of a score that is a number."""


@silver_table(LONG, of="nh_quality_mds", part=("source", "mds"), key=LONG_KEY, history="snapshot")
def nh_measure_long_mds(nh_quality_mds: DataFrame) -> DataFrame:
    """Quality measures from resident assessments: four quarters and their average, in per cent.

    Args:
        nh_quality_mds: one row per (ccn, measure_code, snapshot_month).
    Returns:
        One row per row. `score` is the published average of the four quarters; `period_start` and `period_end` are the
        first and last day of the quarters that `period` names, null where it names none.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS Nursing Home Data Dictionary, October 2024, MDS Quality Measures.
    """
    quarters = [F.regexp_extract("period", QUARTERS, group) for group in (1, 2)]
    start, end = (F.when(F.length(quarter) > 0, quarter) for quarter in quarters)
    first, last = month_of_quarter(start, 1), F.last_day(month_of_quarter(end, 3))
    days = {"period_start": _possible(first), "period_end": _possible(last)}
    return _long(nh_quality_mds, "mds", days)


@silver_table(LONG, of="nh_quality_claims", part=("source", "claims"), key=LONG_KEY, history="snapshot")
def nh_measure_long_claims(nh_quality_claims: DataFrame) -> DataFrame:
    """Quality measures from Medicare claims: 521 and 522 in per cent of stays, 551 and 552 per 1,000 resident days.

    Args:
        nh_quality_claims: one row per (ccn, measure_code, snapshot_month).
    Returns:
        One row per row. `score` is the published adjusted score; `period_start` and `period_end` are the days that
        `period` names, null where it names none.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS Nursing Home Data Dictionary, October 2024, Medicare Claims Quality Measures.
    """
    # `20230401` becomes `2023-04-01`, which a cast that may fail reads on every engine.
    texts = [f"regexp_replace(regexp_extract(period, '{DAYS}', {group}), '{DAY}', '$1-$2-$3')" for group in (1, 2)]
    start, end = (_possible(F.expr(f"try_cast({text} AS date)")) for text in texts)
    return _long(nh_quality_claims, "claims", {"period_start": start, "period_end": end, "score": F.col("adjusted")})


@silver_table(LONG, of="nh_qrp_provider", part=("source", "qrp"), key=LONG_KEY, history="snapshot")
def nh_measure_long_qrp(nh_qrp_provider: DataFrame) -> DataFrame:
    """Measures of the quality reporting program, one code a row.

    Args:
        nh_qrp_provider: one row per (ccn, measure_code, period_start, period_end, quarter).
    Returns:
        One row per row. `score` is the number that `score_text` holds, null where it holds words; a code that gains a
        version is another measure.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS Nursing Home Data Dictionary, October 2024, SNF QRP Provider Data.
    """
    return _long_of_program(nh_qrp_provider, "qrp")


@silver_table(LONG, of="nh_qrp_swing_bed", part=("source", "swing"), key=LONG_KEY, history="snapshot")
def nh_measure_long_swing(nh_qrp_swing_bed: DataFrame) -> DataFrame:
    """Measures of the quality reporting program of hospitals with swing beds, in the shape of the homes'.

    Args:
        nh_qrp_swing_bed: one row per (ccn, measure_code, period_start, period_end, quarter).
    Returns:
        One row per row, as `nh_measure_long_qrp`. The hospitals are in no provider information.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS Nursing Home Data Dictionary, October 2024, Swing Bed SNF QRP Data.
    """
    return _long_of_program(nh_qrp_swing_bed, "swing")


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


def _long_of_program(rows: DataFrame, source: str) -> DataFrame:
    month = month_of_quarter("quarter", 1)
    score = number_in("score_text", SIGNED, 1, "double")
    return _long(rows, source, {"period": _period(), "snapshot_month": month, "score": score})


def _long(rows: DataFrame, source: str, computed: Mapping[str, Column]) -> DataFrame:
    present = set(rows.columns)
    absent = {name: F.lit(None).cast(t) for name, t in _NOT_EVERYWHERE.items() if name not in present}
    return published(rows, LONG, {"source": F.lit(source), **absent, **computed})


def _possible(day: Column) -> Column:
    """A day of these programmes; null for one that no file can mean, such as one of the year 0."""
    return F.when(day >= F.make_date(F.lit(1900), F.lit(1), F.lit(1)), day)


def _period() -> Column:
    """The dates of a measurement period in one text; null where one is missing."""
    days = [F.date_format(name, "MM/dd/yyyy") for name in ("period_start", "period_end")]
    return F.concat(days[0], F.lit("-"), days[1])
