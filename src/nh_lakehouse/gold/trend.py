"""How the measures of homes, states and the nation move from month to month.

Built from every loaded snapshot by the calendar: a month that is not loaded, or a value that is missing, gives null in
whatever needs it. Nothing is carried over a gap.

* `previous` is the value of the calendar month before, `change` and `change_pct` compare with it;
* `mean_3m` needs the month and the two before it, all three;
* `slope_12m` is the least-squares slope over the values that are there in the month and the eleven before it, in units
  of the value per month; it needs at least three of them, not the month's own. `slope_12m_n` counts them.

Measures of states and the nation are computed from homes: unweighted means (`_mean`) and, where residents or beds are
known, pooled figures (`_wtd`). A state's mean moves with the homes that report, as well as with what they report.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.bands import NATION
from nh_lakehouse.gold.grouping import with_nation
from nh_lakehouse.gold.statistics import (
    count_pairs,
    exact_mean,
    nearest,
    percent_difference,
    pooled_ratio,
    ratio,
    weighted_mean,
)

__all__ = ["FEWEST_POINTS", "GROUP_METRICS", "HOME_METRICS", "TREND_MONTHS", "nh_trend"]

TREND_MONTHS = 12
"""Calendar months behind `slope_12m`, the month itself included."""

FEWEST_POINTS = 3
"""Fewest values behind a slope: a line through two is no trend."""

QUOTIENT_DECIMALS = 14
"""Decimals with which quotients enter a mean: changes of means show digits in which the engines would differ."""


@dataclass(frozen=True)
class _Metric:
    name: str
    unit: str
    mean: str = ""  # its name as a mean over homes
    is_quotient: bool = False


HOME_METRICS: tuple[_Metric, ...] = (
    _Metric("overall_rating", "stars", "overall_rating_mean"),
    _Metric("total_hprd", "hprd", "total_hprd_mean"),
    _Metric("rn_hprd", "hprd", "rn_hprd_mean"),
    _Metric("weekend_total_hprd", "hprd", "weekend_total_hprd_mean"),
    _Metric("nursing_turnover_pct", "pct", "nursing_turnover_pct_mean"),
    _Metric("bed_utilization", "fraction", "bed_utilization_mean", is_quotient=True),
    _Metric("fines_usd", "usd", "fines_usd_mean"),
    _Metric("deficiencies_c1_n", "count", "deficiencies_c1_mean"),
    _Metric("rsrr", "fraction", "rsrr_mean"),
)
"""Metrics of a home: columns of `nh_facility_metrics`."""

GROUP_METRICS: tuple[_Metric, ...] = (
    *[_Metric(metric.mean, metric.unit) for metric in HOME_METRICS],
    _Metric("total_hprd_wtd", "hprd"),
    _Metric("bed_utilization_wtd", "fraction"),
)
"""Metrics of states and the nation: means over homes, and pooled figures."""


@table(
    "gold.nh_trend",
    key=["level", "ccn", "state", "metric", "snapshot_month"],
    per=["snapshot_month"],
    lookback={"snapshot_month": TREND_MONTHS - 1},
)
def nh_trend(nh_facility_metrics: DataFrame) -> DataFrame:
    """Value, change and trend of a metric of a home, a state or the nation, month by month.

    Args:
        nh_facility_metrics: one row per (ccn, snapshot_month).
    Returns:
        One row per (level, ccn, state, metric, snapshot_month); `level` is home, state or nation, `ccn` is null in rows
        of states and of the nation (state `US`). A home, state or nation has a row for each of its metrics and loaded
        months, also where the value is null. `value_n` counts the homes behind the value. `change_pct` is null where
        the value before is 0. For the rules of gaps see the module.
    Source: section 12 of the nursing-home pipeline document (trends); attrition trend of the healthcare metrics
        document; means over homes: CMS Nursing Home Data Dictionary, October 2024, State US Averages.
    """
    homes, groups = _of_homes(nh_facility_metrics), _of_groups(nh_facility_metrics)
    return _with_trend(homes, HOME_METRICS, of="ccn").unionByName(_with_trend(groups, GROUP_METRICS, of="state"))


def _of_homes(nh_facility_metrics: DataFrame) -> DataFrame:
    """A row per home and month: its values and their counts as arrays in the order of `HOME_METRICS`."""
    values = [F.col(metric.name).cast("double") for metric in HOME_METRICS]
    counts = [F.when(value.isNotNull(), 1).otherwise(0).cast("bigint") for value in values]
    return nh_facility_metrics.select(
        F.lit("home").alias("level"),
        "ccn",
        "state",
        "snapshot_month",
        F.array(*values).alias("_values"),
        F.array(*counts).alias("_counts"),
    )


def _of_groups(nh_facility_metrics: DataFrame) -> DataFrame:
    """A row per state and month, and per month of the nation, in the order of `GROUP_METRICS`."""
    beds = F.col("certified_beds")
    some_beds = F.when(beds != 0, beds)
    means = [_mean(metric) for metric in HOME_METRICS]
    pooled = [weighted_mean("total_hprd", "residents_per_day"), pooled_ratio("residents_per_day", some_beds)]
    counts = [
        *[F.count(metric.name) for metric in HOME_METRICS],
        count_pairs("total_hprd", "residents_per_day"),
        count_pairs("residents_per_day", some_beds),
    ]
    numbers = range(len(GROUP_METRICS))
    read = ["state", "snapshot_month", "certified_beds", "residents_per_day", *[m.name for m in HOME_METRICS]]
    groups = with_nation(nh_facility_metrics.select(*read)).groupBy("state", "snapshot_month")
    computed = groups.agg(
        *[value.alias(f"_value_{n}") for n, value in zip(numbers, [*means, *pooled], strict=True)],
        *[count.alias(f"_count_{n}") for n, count in zip(numbers, counts, strict=True)],
    )
    return computed.select(
        F.when(F.col("state") == NATION, F.lit("nation")).otherwise(F.lit("state")).alias("level"),
        F.lit(None).cast("string").alias("ccn"),
        "state",
        "snapshot_month",
        F.array(*[F.col(f"_value_{n}") for n in numbers]).alias("_values"),
        F.array(*[F.col(f"_count_{n}") for n in numbers]).alias("_counts"),
    )


def _mean(metric: _Metric) -> Column:
    if not metric.is_quotient:
        return exact_mean(metric.name)
    value = nearest(metric.name, QUOTIENT_DECIMALS).cast(f"decimal(38,{QUOTIENT_DECIMALS})")
    return exact_mean(value, is_quotient=True)


def _with_trend(months: DataFrame, metrics: Sequence[_Metric], *, of: str) -> DataFrame:
    """A row per metric, with its changes and slope, of the rows with the same `of`."""
    # One list of the last twelve rows for all metrics of a home: the window sorts a row once, not once per metric.
    month_no = (F.year("snapshot_month") * 12 + F.month("snapshot_month")).alias("_month_no")
    last_rows = Window.partitionBy(of).orderBy("_month_no").rowsBetween(1 - TREND_MONTHS, Window.currentRow)
    history = F.sort_array(F.collect_list(F.struct("_month_no", "_values")).over(last_rows)).alias("_history")
    remembered = months.select("*", month_no).select("*", history)
    return _measured(_with_points(remembered, metrics), metrics)


def _with_points(rows: DataFrame, metrics: Sequence[_Metric]) -> DataFrame:
    """A row per metric: `_x<i>` is how many months the i-th last row lies back (0, -1, ...), `_y<i>` its value."""
    indices = range(TREND_MONTHS)
    kept = "level ccn state snapshot_month _counts".split()
    row = [F.try_element_at("_history", F.lit(-1 - i)) for i in indices]
    back = [row[i]["_month_no"] - F.col("_month_no") for i in indices]
    is_within = [months > -TREND_MONTHS for months in back]
    wide = rows.select(
        *kept,
        *[F.when(is_within[i], back[i]).alias(f"_x{i}") for i in indices],
        *[F.when(is_within[i], row[i]["_values"]).alias(f"_values_{i}") for i in indices],
    )
    # Months of a metric instead of metrics of a month, before the rows multiply: two thirds of the time on Sail.
    of_metrics = [F.array(*[F.col(f"_values_{i}")[number] for i in indices]) for number in range(len(metrics))]
    xs = [f"_x{i}" for i in indices]
    exploded = wide.select(*kept, *xs, F.posexplode(F.array(*of_metrics)).alias("_position", "_ys"))
    return exploded.select(
        *kept, *xs, (F.col("_position") + 1).alias("_metric_no"), *[F.col("_ys")[i].alias(f"_y{i}") for i in indices]
    )


def _measured(rows: DataFrame, metrics: Sequence[_Metric]) -> DataFrame:
    value, number = F.col("_y0"), F.col("_metric_no")
    previous, before = (F.when(F.col(f"_x{i}") == -i, F.col(f"_y{i}")) for i in (1, 2))
    slope, points = _slope()
    return rows.select(
        "level",
        "ccn",
        "state",
        (F.col("level") == "nation").alias("is_national"),
        F.element_at(F.array(*[F.lit(metric.name) for metric in metrics]), number).alias("metric"),
        F.element_at(F.array(*[F.lit(metric.unit) for metric in metrics]), number).alias("unit"),
        "snapshot_month",
        value.alias("value"),
        F.element_at("_counts", number).alias("value_n"),
        previous.alias("previous"),
        (value - previous).alias("change"),
        percent_difference(value, previous).alias("change_pct"),
        ((value + previous + before) / 3).alias("mean_3m"),
        slope.alias("slope_12m"),
        points.alias("slope_12m_n"),
    )


def _slope() -> tuple[Column, Column]:
    """Least-squares slope of the points of `_with_points`, and their number.

    The latest value is subtracted first: it changes no slope, but a level far above its movement would cost digits.
    Every step is written out, so that both engines add in one order.
    """
    indices = range(TREND_MONTHS)
    latest = F.coalesce(*[F.col(f"_y{i}") for i in indices])
    xs = [F.when(F.col(f"_y{i}").isNotNull(), F.col(f"_x{i}")).otherwise(0) for i in indices]
    ys = [F.coalesce(F.col(f"_y{i}") - latest, F.lit(0.0)) for i in indices]
    n = _total([F.when(F.col(f"_y{i}").isNotNull(), 1).otherwise(0) for i in indices])
    sum_x, sum_xx = _total(xs), _total([x * x for x in xs])
    sum_y, sum_xy = _total(ys), _total([x * y for x, y in zip(xs, ys, strict=True)])
    slope = ratio(n * sum_xy - sum_x * sum_y, n * sum_xx - sum_x * sum_x)
    return F.when(n >= FEWEST_POINTS, slope), n


def _total(columns: Sequence[Column]) -> Column:
    total = columns[0]
    for column in columns[1:]:
        total = total + column
    return total
