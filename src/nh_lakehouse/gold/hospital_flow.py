"""How patients move through the hospital: admissions, discharges, census, and how long encounters last."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.statistics import count_if, exact_mean, percentile_of

__all__ = ["hosp_throughput", "hosp_true_los"]


@table("gold.hosp_throughput", key=["source", "period_type", "period_start"])
def hosp_throughput(hosp_encounter: DataFrame) -> DataFrame:
    """Admissions, discharges, census at midnight and emergency visits, by day and by month.

    Args:
        hosp_encounter: one row per (source, encounter_id).
    Returns:
        One row per (source, period_type, period_start): every day from the first to the last of an inpatient or
        emergency encounter, and the month of each. An inpatient encounter is admitted on the day of its start and
        discharged on that of its stop (UTC); one that ends before it begins counts nowhere, one without a stop stays.
        `census_n`: patients in at the midnight that ends the day (of a month, its last day), once each, however many
        stays of theirs overlap; `census_mean`: mean of the midnights of the period.
    Source: healthcare metrics document, patient throughput.
    """
    known = hosp_encounter.where(
        "start_at IS NOT NULL AND encounter_class IN ('inpatient', 'emergency') "
        "AND NOT coalesce(stop_at < start_at, false)"
    )
    # One row for each move; a union of starts and stops is one that Sail 0.7.2 plans wrongly.
    moves = known.selectExpr(
        "source",
        "encounter_class",
        "explode(array('start', 'stop')) AS _move",
        "CAST(start_at AS date) AS _start",
        "CAST(stop_at AS date) AS _stop",
    ).selectExpr(
        "source",
        "CASE WHEN _move = 'start' THEN _start ELSE _stop END AS _day",
        "CASE WHEN encounter_class = 'inpatient' AND _move = 'start' THEN 1 ELSE 0 END AS _in",
        "CASE WHEN encounter_class = 'inpatient' AND _move = 'stop' THEN 1 ELSE 0 END AS _out",
        "CASE WHEN encounter_class = 'emergency' AND _move = 'start' THEN 1 ELSE 0 END AS _ed",
    )
    moves = moves.where("_day IS NOT NULL AND _in + _out + _ed > 0")
    span = moves.groupBy("source").agg(F.min("_day").alias("_first"), F.max("_day").alias("_last"))
    calendar = span.selectExpr("source", "explode(sequence(_first, _last)) AS _day")
    counted = moves.groupBy("source", "_day").agg(*[F.sum(c).alias(c) for c in ("_in", "_out", "_ed")])
    so_far = "OVER (PARTITION BY source ORDER BY _day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
    days = (
        calendar.join(counted, on=["source", "_day"], how="left")
        .join(_comings(known), on=["source", "_day"], how="left")
        .selectExpr("source", "_day", *[f"coalesce({c}, 0) AS {c}" for c in ("_in", "_out", "_ed", "_more")])
        .selectExpr("*", f"sum(_more) {so_far} AS _census")
    )
    both = days.selectExpr("*", "explode(array('day', 'month')) AS period_type")
    start = "CASE WHEN period_type = 'day' THEN _day ELSE CAST(trunc(_day, 'MM') AS date) END AS period_start"
    return (
        both.selectExpr("*", start)
        .groupBy("source", "period_type", "period_start")
        .agg(
            *[
                F.expr(f"CAST(sum({c}) AS bigint) AS {n}")
                for c, n in (("_in", "admissions_n"), ("_out", "discharges_n"))
            ],
            F.expr("CAST(max_by(_census, _day) AS bigint) AS census_n"),
            exact_mean("_census").alias("census_mean"),
            F.expr("CAST(sum(_ed) AS bigint) AS ed_visits_n"),
        )
    )


def _comings(known: DataFrame) -> DataFrame:
    """By how many patients the census of a day is above that of the day before; stays that overlap are one presence."""
    person = "source, _patient"
    stays = known.where("encounter_class = 'inpatient'").selectExpr(
        "source",
        "coalesce(patient_id, encounter_id) AS _patient",
        "CAST(start_at AS date) AS _start",
        "coalesce(CAST(stop_at AS date), DATE'9999-12-31') AS _stop",
    )
    by = f"OVER (PARTITION BY {person} ORDER BY _start, _stop ROWS BETWEEN UNBOUNDED PRECEDING AND"
    presences = (
        stays.selectExpr("*", f"max(_stop) {by} 1 PRECEDING) AS _until")
        .selectExpr("*", "CASE WHEN _until >= _start THEN 0 ELSE 1 END AS _is_new")
        .selectExpr("*", f"sum(_is_new) {by} CURRENT ROW) AS _number")
        .groupBy("source", "_patient", "_number")
        .agg(F.min("_start").alias("_start"), F.max("_stop").alias("_stop"))
    )
    moves = presences.selectExpr("source", "_start", "_stop", "explode(array(1, -1)) AS _more").selectExpr(
        "source", "CASE WHEN _more = 1 THEN _start ELSE _stop END AS _day", "_more"
    )
    return moves.groupBy("source", "_day").agg(F.sum("_more").alias("_more"))


@table("gold.hosp_true_los", key=["source", "encounter_class", "reason", "year"])
def hosp_true_los(hosp_encounter: DataFrame) -> DataFrame:
    """How long encounters last, to the second, by class, reason and year of start.

    Args:
        hosp_encounter: one row per (source, encounter_id).
    Returns:
        One row per (source, encounter_class, reason, year); reason `none` where none is stated, year null where starts
        are. Mean, median and 90th percentile are in hours, over encounters whose length is known (`length_n`): those of
        no length and those of more than 365 days are in them, and are counted apart. `unknown_n`: without a stop, or
        with one before the start.
    Source: hospital records document (average length of stay); MEASURES C4.
    """
    rows = hosp_encounter.selectExpr(
        "source",
        "coalesce(encounter_class, 'unknown') AS encounter_class",
        "coalesce(reason, 'none') AS reason",
        "year(start_at) AS year",
        "length_hours",
        "is_over_365_days",
    )
    return rows.groupBy("source", "encounter_class", "reason", "year").agg(
        F.count(F.lit(1)).alias("encounters_n"),
        F.count("length_hours").alias("length_n"),
        exact_mean("length_hours", is_quotient=True).alias("length_hours_mean"),
        percentile_of("length_hours", 0.5).alias("length_hours_median"),
        percentile_of("length_hours", 0.9).alias("length_hours_p90"),
        count_if(F.col("length_hours") == 0).alias("zero_length_n"),
        count_if(F.col("is_over_365_days")).alias("over_365_days_n"),
        count_if(F.col("length_hours").isNull()).alias("unknown_n"),
    )
