"""Different things in a trailing window of days, against counting them one window at a time."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

from nh_lakehouse.gold.sliding import distinct_in_days

FIRST = date(2009, 1, 1)


def counted(spark: Any, rows: list[tuple[str, str, int]], days: int) -> dict[tuple[str, int], int]:
    sightings = [(key, item, FIRST + timedelta(days=day)) for key, item, day in rows]
    frame = spark.createDataFrame(sightings, schema="key string, item string, day date")
    found = distinct_in_days(frame, by=["key"], item="item", day="day", days=days)
    assert [f"{c.name} {c.dataType.simpleString()}" for c in found.schema] == ["key string", "day date", "items_n int"]
    return {(row["key"], (row["day"] - FIRST).days): row["items_n"] for row in found.collect()}


def test_window_ends_with_its_day_and_counts_a_thing_once(spark: Any) -> None:
    rows = [("k", "a", 0), ("k", "a", 5), ("k", "b", 9), ("k", "c", 10), ("k", "c", 10), ("k", "a", 30)]
    # of 10 days: day 9 reaches back to day 0 (a b), day 10 to day 1 (a of day 5, b, c), day 30 to day 21
    assert counted(spark, rows, 10) == {("k", 0): 1, ("k", 5): 1, ("k", 9): 2, ("k", 10): 3, ("k", 30): 1}


def test_thing_leaves_when_its_last_day_has_passed(spark: Any) -> None:
    rows = [("k", "a", 0), ("k", "b", 9), ("k", "c", 10), ("k", "d", 11)]
    assert counted(spark, rows, 10) == {("k", 0): 1, ("k", 9): 2, ("k", 10): 2, ("k", 11): 3}


def test_random_rows_of_many_keys(spark: Any) -> None:
    chance = random.Random(7)
    rows = [(f"k{chance.randrange(90)}", f"i{chance.randrange(5)}", chance.randrange(300)) for _ in range(1500)]
    expected = {
        (key, day): len({item for k, item, at in rows if k == key and day - 29 <= at <= day}) for key, _, day in rows
    }
    assert counted(spark, rows, 30) == expected
