"""Quality measures by quarter."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from oracles import assert_table_equals_oracle, columns_without_values, frames_of, oracle_of, sql_of

from nh_lakehouse.gold.quality import nh_quality_trend

OCTOBER, JANUARY = date(2024, 10, 1), date(2025, 1, 1)


def release(month: date, period: str, scores: list[float | None], code: str = "410") -> dict[str, Any]:
    """A home's measure in a release; the period is four quarters unless it says less."""
    row = {"source": "mds", "ccn": "015009", "measure_code": code, "period": period, "snapshot_month": month}
    first, last = period.split("-")
    start = date(int(first[:4]), int(first[5]) * 3 - 2, 1)
    end = date(int(last[:4]), int(last[5]) * 3, 30)
    return row | dict(zip(("q1", "q2", "q3", "q4"), scores, strict=True)) | {"period_start": start, "period_end": end}


def test_quarters_of_two_releases_make_one_series_and_the_newer_counts(frame: Any, values: Any) -> None:
    older = release(OCTOBER, "2023Q3-2024Q2", [3.0, 4.0, 4.0, 5.0])
    newer = release(JANUARY, "2023Q4-2024Q3", [4.5, 4.0, 5.0, 2.0])  # 2023Q4 was corrected
    found = nh_quality_trend(frame("silver.nh_measure_long", [older, newer]))
    assert values(found, "quarter score previous_score qoq_change worsened") == [
        ("2023Q3", 3.0, None, None, None),
        ("2023Q4", 4.5, 3.0, 1.5, True),
        ("2024Q1", 4.0, 4.5, -0.5, False),
        ("2024Q2", 5.0, 4.0, 1.0, True),
        ("2024Q3", 2.0, 5.0, -3.0, False),
    ]
    assert values(found, "snapshot_month")[:2] == [(OCTOBER,), (JANUARY,)]


@pytest.mark.parametrize(
    ("code", "better_when", "worsened"),
    [("410", "lower", True), ("424", "lower", True), ("415", "higher", False), ("999", None, None)],
)
def test_direction_of_the_measure_decides(
    frame: Any, values: Any, code: str, better_when: str | None, worsened: bool | None
) -> None:
    rows = [release(OCTOBER, "2023Q3-2024Q2", [1.0, 2.0, None, None], code)]
    found = nh_quality_trend(frame("silver.nh_measure_long", rows))
    assert values(found.filter("quarter = '2023Q4'"), "better_when worsened") == [(better_when, worsened)]


def test_change_never_bridges_a_missing_quarter(frame: Any, values: Any) -> None:
    rows = [release(OCTOBER, "2023Q3-2024Q2", [1.0, None, 4.0, 4.0])]
    found = nh_quality_trend(frame("silver.nh_measure_long", rows))
    assert values(found, "quarter score qoq_change worsened") == [
        ("2023Q3", 1.0, None, None),
        ("2024Q1", 4.0, None, None),
        ("2024Q2", 4.0, 0.0, False),
    ]


def test_score_that_the_newest_release_withdraws_is_gone(frame: Any, values: Any) -> None:
    older = release(OCTOBER, "2023Q3-2024Q2", [1.0, 2.0, 3.0, 4.0])
    newer = release(JANUARY, "2023Q4-2024Q3", [None, 2.0, 3.0, 5.0])
    found = nh_quality_trend(frame("silver.nh_measure_long", [older, newer]))
    assert values(found, "quarter") == [("2023Q3",), ("2024Q1",), ("2024Q2",), ("2024Q3",)]


@pytest.mark.parametrize("period", ["2023Q4-2025Q1", "2024Q3-2024Q4"])
def test_release_of_other_than_four_quarters_gives_no_row(frame: Any, values: Any, period: str) -> None:
    rows = [release(JANUARY, period, [1.0, 2.0, 3.0, 4.0])]
    assert values(nh_quality_trend(frame("silver.nh_measure_long", rows)), "quarter") == []


def test_other_sources_and_unreadable_periods_give_no_row(frame: Any, values: Any) -> None:
    claims = {**release(OCTOBER, "2023Q3-2024Q2", [1.0, 2.0, 3.0, 4.0]), "source": "claims"}
    unreadable = {**release(OCTOBER, "2023Q3-2024Q2", [1.0, 2.0, 3.0, 4.0]), "period": "x", "period_start": None}
    assert values(nh_quality_trend(frame("silver.nh_measure_long", [claims, unreadable])), "quarter") == []


def test_oracle(spark: Any) -> None:
    """oracles/quality.sql in DuckDB, over pseudo-random releases with gaps."""
    rows = []
    for number in range(60):
        month, period = ((OCTOBER, "2023Q3-2024Q2"), (JANUARY, "2023Q4-2024Q3"))[number % 2]
        scores = [None if (number * 7 + i * 5) % 6 == 0 else (number * 37 + i * 11) % 100 / 3 for i in range(4)]
        code = ("410", "415", "479", "999")[number // 2 % 4]
        others = {"ccn": f"0{15000 + number // 8}", "state": "AL", "resident_type": "Long Stay", "score": 50.0}
        rows.append({**release(month, period, scores, code), **others})
    tables = {"nh_measure_long": rows}
    made = frames_of(spark, tables, {"nh_quality_trend": nh_quality_trend})["nh_quality_trend"]
    oracle = oracle_of(tables, sql_of("quality"))
    assert_table_equals_oracle(nh_quality_trend, made, oracle)
    assert columns_without_values("nh_quality_trend", oracle) == set()
