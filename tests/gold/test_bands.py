"""Band edges: which side an edge belongs to, and where a missing value goes."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from nh_lakehouse.gold import bands as b


def _labels(spark: SparkSession, band: Any, values: list[float | None]) -> list[Any]:
    rows = spark.createDataFrame([(i, v) for i, v in enumerate(values)], "i int, v double")
    return [row["band"] for row in rows.select("i", band(F.col("v")).alias("band")).orderBy("i").collect()]


@pytest.mark.parametrize(
    ("band", "values", "expected"),
    [
        pytest.param(
            b.staffing_band_of,
            [2.99999, 3.0, 3.2, 3.49999, 3.5, 4.09999, 4.1, None],
            ["<3.0", "[3.0,3.2)", "[3.2,3.5)", "[3.2,3.5)", "[3.5,4.1)", "[3.5,4.1)", ">=4.1", "unknown"],
            id="staffing",
        ),
        pytest.param(
            b.occupancy_band_of, [0.0, 0.69, 0.70, 0.84, 0.85, 1.3, None],
            ["low", "low", "medium", "medium", "high", "high", "unknown"], id="occupancy",
        ),
        pytest.param(
            b.turnover_band_of, [0.0, 39.9, 40.0, 59.9, 60.0, 75.0, 75.1, None],
            ["<40", "<40", "[40,60)", "[40,60)", "[60,75]", "[60,75]", ">75", "unknown"], id="turnover",
        ),
        pytest.param(
            b.complexity_band_of, [0.149, 0.15, 0.20, 0.201, None], ["low", "medium", "medium", "high", "unknown"],
            id="complexity",
        ),
        pytest.param(
            b.state_risk_tier_of, [0.0, 0.25, 0.5, 0.75, 1.0, None],
            ["LOW", "MODERATE", "HIGH", "CRITICAL", "CRITICAL", None], id="state tier",
        ),
        pytest.param(
            b.facility_risk_tier_of, [0.0, 1 / 3, 0.66, 2 / 3, None], ["LOW", "MEDIUM", "MEDIUM", "HIGH", None],
            id="home tier",
        ),
    ],
)  # fmt: skip
def test_band(spark: SparkSession, band: Any, values: list[float | None], expected: list[str | None]) -> None:
    assert _labels(spark, band, values) == expected


def test_band_labels_follow_changed_edges(spark: SparkSession) -> None:
    two = b.StaffingBands(edges=(2.5, 4.0))
    assert _labels(spark, lambda v: b.staffing_band_of(v, two), [2.0, 2.5, 4.0]) == ["<2.5", "[2.5,4.0)", ">=4.0"]
    half = b.TurnoverBands(severe=72.5)
    assert _labels(spark, lambda v: b.turnover_band_of(v, half), [72.5, 73.0]) == ["[60,72.5]", ">72.5"]


def test_label_of_a_flag(spark: SparkSession) -> None:
    rows = spark.createDataFrame([(1, True), (2, False), (3, None)], "i int, v boolean")
    found = rows.orderBy("i").select(b.label_of(F.col("v")).alias("label")).collect()
    assert [row["label"] for row in found] == ["true", "false", "unknown"]


def test_thresholds_have_the_documented_defaults() -> None:
    assert b.StaffingBands() == b.StaffingBands(4.1, 3.48, 0.55, 2.45, 3.5, (3.0, 3.2, 3.5, 4.1))
    assert b.OccupancyBands() == b.OccupancyBands(0.70, 0.85, 0.85, 0.90, 0.90, 1.0, 0.60)
    assert b.TurnoverBands() == b.TurnoverBands(40, 60, 75)
    assert (b.RiskCutoffs().rsrr_high, b.RiskCutoffs().state_critical) == (0.18, 0.75)
