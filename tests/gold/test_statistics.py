"""Expressions on a handful of numbers whose results can be worked out by hand."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from nh_lakehouse.gold import statistics as s


@pytest.fixture
def aggregate(spark: SparkSession) -> Any:
    """`aggregate(lambda: expression, [(x, y), ...])`: the expression over the columns x and y, two doubles."""

    def run(expression: Any, rows: list[tuple[Any, ...]]) -> Any:
        pairs = [row if len(row) == 2 else (*row, None) for row in rows]
        return spark.createDataFrame(pairs, "x double, y double").agg(expression().alias("v")).collect()[0]["v"]

    return run


def test_ratio_is_null_without_denominator(spark: SparkSession) -> None:
    rows = spark.createDataFrame([(6, 4), (6, 0), (6, None), (None, 4)], "a int, b int").select(
        s.ratio("a", "b").alias("v")
    )
    assert [row["v"] for row in rows.collect()] == [1.5, None, None, None]


def test_percent_difference(spark: SparkSession) -> None:
    rows = spark.createDataFrame([(4.8, 3.2), (4.8, 0.0)], "a double, b double").select(
        s.percent_difference("a", "b").alias("v")
    )
    assert [row["v"] for row in rows.collect()] == [pytest.approx(50), None]  # 4.8 / 3.2 = 1.5


@pytest.mark.parametrize(
    ("expression", "rows", "expected"),
    [
        pytest.param(lambda: s.exact_sum("x"), [(0.1,)] * 10, 1.0, id="ten tenths are one"),
        pytest.param(lambda: s.exact_sum("x"), [(1e9,), (1e-9,), (-1e9,)], 1e-9, id="small beside large"),
        pytest.param(lambda: s.exact_sum("x"), [(1150695.27,)] * 2, 2301390.54, id="the nearest double"),
        pytest.param(lambda: s.exact_sum("x"), [(None,)], None, id="sum of nothing is null"),
        pytest.param(lambda: s.exact_sum("x", is_quotient=True), [(1e-12,), (2e-12,)], 3e-12, id="18 decimals"),
        pytest.param(lambda: s.exact_sum_usd("x"), [(0.1,), (0.2,), (None,)], Decimal("0.30"), id="amounts"),
        pytest.param(lambda: s.exact_mean("x"), [(1.0,), (2.0,), (None,)], 1.5, id="mean leaves null out"),
        pytest.param(lambda: s.exact_mean("x"), [(None,)], None, id="mean of nothing is null"),
        pytest.param(lambda: s.pooled_ratio("x", "y"), [(1.0, 2.0), (5.0, 2.0), (9.0, None)], 1.5, id="6 / 4"),
        pytest.param(lambda: s.pooled_ratio("x", "y"), [(1.0, 0.0)], None, id="denominators add up to 0"),
        pytest.param(
            lambda: s.weighted_mean("x", "y"), [(4.0, 30.0), (2.0, 10.0), (None, 60.0), (9.0, None)], 3.5,
            id="(4 x 30 + 2 x 10) / 40",
        ),
        pytest.param(lambda: s.count_pairs("x", "y"), [(1.0, 1.0), (1.0, None), (None, 1.0)], 1, id="pairs"),
        pytest.param(lambda: s.count_if(F.col("x") > 1), [(1.0,), (2.0,), (None,)], 1, id="null does not count"),
        pytest.param(lambda: s.share_of(F.col("x") > 1), [(1.0,), (2.0,), (None,)], 0.5, id="share of the known"),
        pytest.param(lambda: s.share_of(F.col("x") > 1), [(None,)], None, id="share of nothing is null"),
        pytest.param(lambda: s.percentile_of("x", 0.1), [(float(x),) for x in range(1, 6)], 1.4, id="1 + 0.4"),
        pytest.param(lambda: s.median_of("x"), [(1.0,), (2.0,), (None,), (10.0,), (4.0,)], 3.0, id="between 2 and 4"),
    ],
)  # fmt: skip
def test_aggregate(aggregate: Any, expression: Any, rows: list[tuple[Any, ...]], expected: Any) -> None:
    assert aggregate(expression, rows) == (
        pytest.approx(expected, rel=1e-14) if isinstance(expected, float) else expected
    )


def test_nearest_keeps_so_many_decimals(spark: SparkSession) -> None:
    rows = spark.createDataFrame([(0.123456,), (-0.123456,), (2.0,), (None,)], "x double")
    assert [row[0] for row in rows.select(s.nearest("x", 4)).collect()] == [0.1235, -0.1235, 2.0, None]


def test_sums_of_one_column_of_every_kind_stand_in_one_select(spark: SparkSession) -> None:
    rows = spark.createDataFrame([(0.25,), (0.5,)], "x double")
    found = rows.agg(
        s.exact_sum("x").alias("a"), s.exact_sum_usd("x").alias("b"), s.exact_mean("x").alias("c"),
        s.exact_sum("x", is_quotient=True).alias("d"),
    ).collect()[0]  # fmt: skip
    assert tuple(found) == (0.75, Decimal("0.75"), 0.375, 0.75)


# y = 1 + 2x with one point pulled down by 5: sums of squares by hand in the test below
LINE = [(float(x), 1.0 + 2 * x - (5 if x == 10 else 0)) for x in range(1, 11)]


def test_moments_of_ten_points(aggregate: Any) -> None:
    # x = 1..10: mean 5.5, xx = 82.5. y: mean 12 - 0.5 = 11.5; xy = 2 x 82.5 - 5 x 4.5 = 142.5;
    # yy = 4 x 82.5 - 2 x 2 x 5 x 4.5 + 25 x 0.9 = 330 - 90 + 22.5 = 262.5
    slope, r = 142.5 / 82.5, 142.5 / math.sqrt(82.5 * 262.5)
    assert aggregate(lambda: s.ols_slope("x", "y"), LINE) == pytest.approx(slope, rel=1e-12)
    assert aggregate(lambda: s.ols_intercept("x", "y"), LINE) == pytest.approx(11.5 - slope * 5.5, rel=1e-12)
    assert aggregate(lambda: s.pearson("x", "y"), LINE) == pytest.approx(r, rel=1e-12)
    assert aggregate(lambda: s.r_squared("x", "y"), LINE) == pytest.approx(r * r, rel=1e-12)
    assert aggregate(lambda: s.sample_deviation("y"), LINE) == pytest.approx(math.sqrt(262.5 / 9), rel=1e-12)


@pytest.mark.parametrize("about", [(0.0, 0.0), (5.0, 11.0), (-100.0, 40.0)], ids=str)
def test_moments_do_not_depend_on_their_origin(aggregate: Any, about: tuple[float, float]) -> None:
    expected = aggregate(lambda: s.sample_deviation("y"), LINE)
    assert aggregate(lambda: s.sample_deviation("y", about=about[1]), LINE) == pytest.approx(expected, rel=1e-12)
    expected = aggregate(lambda: s.pearson("x", "y"), LINE)
    assert aggregate(lambda: s.pearson("x", "y", about=about), LINE) == pytest.approx(expected, rel=1e-12)
    expected = aggregate(lambda: s.ols_intercept("x", "y"), LINE)
    assert aggregate(lambda: s.ols_intercept("x", "y", about=about), LINE) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("rows", "slope_is_null"),
    [
        pytest.param(LINE[:9], True, id="nine pairs"),
        pytest.param([*LINE[:9], (10.0, None), (None, 3.0)], True, id="nine pairs and two halves"),
        pytest.param([(3.3, y) for _, y in LINE], True, id="x does not vary"),
        pytest.param([(x, 0.1) for x, _ in LINE], False, id="y does not vary"),
        pytest.param([(None, None)], True, id="no pair"),
    ],
)
def test_correlation_is_null(aggregate: Any, rows: list[tuple[Any, ...]], slope_is_null: bool) -> None:
    assert aggregate(lambda: s.pearson("x", "y"), rows) is None
    assert aggregate(lambda: s.r_squared("x", "y"), rows) is None
    assert (aggregate(lambda: s.ols_slope("x", "y"), rows) is None) == slope_is_null
    assert (aggregate(lambda: s.ols_intercept("x", "y"), rows) is None) == slope_is_null


def test_a_pair_far_from_the_origin_does_not_count(aggregate: Any) -> None:
    expected = aggregate(lambda: s.pearson("x", "y"), LINE)
    assert aggregate(lambda: s.pearson("x", "y", about=(5.0, 11.0)), [*LINE, (1e12, 3.0)]) == pytest.approx(expected)
    assert aggregate(lambda: s.pearson("x", "y"), [*LINE, (1e6, 3.0)]) < 0


def test_correlation_of_fewer_pairs_when_asked_for(aggregate: Any) -> None:
    rows = [(0.0, 1.0), (1.0, 0.0), (2.0, -1.0)]
    assert aggregate(lambda: s.pearson("x", "y", minimum_pairs=3), rows) == -1.0


@pytest.mark.parametrize(
    ("rows", "expected"), [([(7.0,)], None), ([(0.1,)] * 3, 0.0), ([(1.0,), (3.0,)], math.sqrt(2))]
)
def test_sample_deviation(aggregate: Any, rows: list[tuple[Any, ...]], expected: float | None) -> None:
    assert aggregate(lambda: s.sample_deviation("x"), rows) == (expected if not expected else pytest.approx(expected))


def test_stored_moments_give_the_same_measures(spark: SparkSession) -> None:
    line = spark.createDataFrame(LINE, "x double, y double")
    stored = s.Moments.read("_m")
    names = ["correlation", "slope", "intercept", "r_squared", "deviation_x"]
    two_steps = line.agg(*s.moments("x", "y").stored("_m")).select(
        *[getattr(stored, name)().alias(name) for name in names]
    )
    one_step = line.agg(*[getattr(s.moments("x", "y"), name)().alias(name) for name in names])
    assert two_steps.collect() == one_step.collect()


def test_fisher_interval(spark: SparkSession) -> None:
    rows = spark.createDataFrame([(0.5, 103), (0.5, 3), (None, 50), (1.0, 10), (-1.0, 10)], "r double, n bigint")
    low, high = s.fisher_interval("r", "n")
    found = [tuple(row) for row in rows.select(low.alias("low"), high.alias("high")).collect()]
    z, half = math.atanh(0.5), 1.959963984540054 / 10  # standard error 1 / sqrt(103 - 3)
    assert found[0] == pytest.approx((math.tanh(z - half), math.tanh(z + half)), rel=1e-12)
    assert found[1:] == [(None, None), (None, None), (1.0, 1.0), (-1.0, -1.0)]


def _over(spark: SparkSession, column: Column, rows: list[tuple[Any, ...]]) -> dict[Any, Any]:
    df = spark.createDataFrame(rows, "id string, g string, x double")
    return {row["id"]: row["v"] for row in df.select("id", column.alias("v")).collect()}


def test_percent_rank_leaves_nulls_out_and_ties_share_the_lower_rank(spark: SparkSession) -> None:
    rows = [("a", "g", 1.0), ("b", "g", 2.0), ("c", "g", 2.0), ("d", "g", 9.0), ("e", "g", None), ("f", "h", 5.0)]
    assert _over(spark, s.percent_rank_of("x", by=["g"]), rows) == {
        "a": 0.0, "b": 1 / 3, "c": 1 / 3, "d": 1.0, "e": None, "f": 0.0
    }  # fmt: skip
    inverted = _over(spark, s.percent_rank_of("x", by=["g"], inverted=True), rows)
    assert (inverted["a"], inverted["d"], inverted["e"], inverted["f"]) == (1.0, 0.0, None, 1.0)


def test_rank_leaves_a_gap_behind_ties(spark: SparkSession) -> None:
    rows = [("a", "g", 1.0), ("b", "g", 2.0), ("c", "g", 2.0), ("d", "g", None)]
    found = _over(spark, s.rank_of([F.col("x").desc_nulls_last()], by=["g"]), rows)
    assert found == {"b": 1, "c": 1, "a": 3, "d": 4}


def test_min_max_is_null_where_nothing_varies(spark: SparkSession) -> None:
    rows = [("a", "g", 1.0), ("b", "g", 2.0), ("c", "g", 5.0), ("d", "g", None), ("e", "h", 5.0)]
    assert _over(spark, s.min_max_over("x", by=["g"]), rows) == {"a": 0.0, "b": 0.25, "c": 1.0, "d": None, "e": None}
    assert _over(spark, s.min_max_over("x", by=["g"], inverted=True), rows)["b"] == 0.75
