"""Versions over time, held against a plain Python reading of the rules, in bulk."""

from __future__ import annotations

import random
from datetime import date

import pytest
from pyspark.sql.functions import lit
from rules import Snapshot, expected_versions

from nh_lakehouse.silver.history import (
    ASIDE,
    PRESENT_ONLY,
    Completeness,
    closings,
    complete_periods,
    versions,
)

MONTHS = [date(2024, m, 1) for m in range(1, 9)]
SCHEMA = "case string, k string, g string, at date, a string, b string, _absent_columns string, _present_only boolean"


def random_history(seed: int) -> Snapshot:
    """New, changed, unchanged, vanished, returning and quarantined keys; missing columns; partial months."""
    chance = random.Random(seed)
    keys = [f"k{i}" for i in range(chance.choice([1, 2, 5, 12]))]
    history: Snapshot = {}
    for at in chance.sample(MONTHS, chance.randint(1, len(MONTHS))):
        part = chance.random() < 0.2
        absent = chance.choice(["", "", "", "a", "b", "a,b"])
        rows = {}
        for key in keys:
            if chance.random() < (0.7 if part else 0.08):
                continue
            rows[key] = (
                chance.choice(["x", "x", "x", "y", None]),
                chance.choice(["1", "2", None]),
                absent,
                chance.random() < 0.08,
            )
        if rows:
            history[at] = rows
    return history


def test_versions_equal_the_rules_read_step_by_step_over_300_random_histories(spark):
    cases = {f"c{seed:03d}": random_history(seed) for seed in range(300)}
    rows = [
        (case, key, case, at, *row)
        for case, history in cases.items()
        for at, snapshot in history.items()
        for key, row in snapshot.items()
    ]
    random.Random(1).shuffle(rows)
    frame = versions(
        spark.createDataFrame(rows, SCHEMA),
        key=["case", "k"],
        tracked=["a"],
        untracked=["b"],
        period="at",
        group="g",
    )
    found: dict[str, list[tuple]] = {case: [] for case in cases}
    for r in frame.collect():
        assert r.is_current == (r.valid_to is None)
        found[r.case].append((r.k, r.valid_from, r.a, r.b, r.valid_to, r.closed_reason))
    for case, history in cases.items():
        assert sorted(found[case], key=str) == expected_versions(history), (case, history)


def random_asides(seed: int, history: Snapshot) -> Snapshot:
    """Rows of single keys on days between the snapshots; they tell `a` alone."""
    chance = random.Random(seed)
    keys = sorted({key for rows in history.values() for key in rows} | {"new"})
    days = [date(2024, m, 15) for m in chance.sample(range(1, 9), chance.randint(0, 4))]
    return {day: {chance.choice(keys): (chance.choice(["x", "y", "z"]), None, "b", False)} for day in days}


def test_rows_that_stand_for_themselves_over_200_random_histories(spark):
    cases = {f"c{seed:03d}": random_history(seed) for seed in range(200)}
    asides = {case: random_asides(number, cases[case]) for number, case in enumerate(cases)}
    rows = [
        (case, key, case, at, *row, at in asides[case])
        for case, history in cases.items()
        for at, snapshot in {**history, **asides[case]}.items()
        for key, row in snapshot.items()
    ]
    given = {"key": ["case", "k"], "period": "at", "group": "g"}
    snapshots = spark.createDataFrame(rows, f"{SCHEMA}, {ASIDE} boolean")
    frame = versions(snapshots, tracked=["a"], untracked=["b"], type_1=["b"], **given)
    found: dict[str, list[tuple]] = {case: [] for case in cases}
    for r in frame.collect():
        found[r.case].append((r.k, r.valid_from, r.a, r.b, r.valid_to, r.closed_reason))
    for case, history in cases.items():
        expected = expected_versions(history, aside=asides[case], type_1=True)
        assert sorted(found[case], key=str) == expected, (case, history, asides[case])
    # The days on which keys are closed are found without the columns.
    bare = snapshots.select("case", "k", "g", "at", lit("").alias("_absent_columns"), PRESENT_ONLY, ASIDE)
    closed = closings(bare, complete_periods(bare, **given), **given).collect()
    versions_closed = {(c, v[0], v[4]) for c, rows in found.items() for v in rows if v[5]}
    assert {(r.case, r.k, r.valid_to) for r in closed} == versions_closed and len(closed) == len(versions_closed) > 50


def one_key(spark, *rows, completeness=Completeness()):
    """Versions of hand-written rows (key, month, a, absent columns)."""
    full = [("c", k, "g", date(2024, m, 1), a, None, absent, False) for k, m, a, absent in rows]
    frame = versions(
        spark.createDataFrame(full, SCHEMA),
        key=["k"], tracked=["a"], untracked=["b"], period="at", group="g", completeness=completeness,
    )  # fmt: skip
    return sorted(
        (r.k, r.valid_from.month, r.valid_to.month if r.valid_to else None, r.a, r.closed_reason)
        for r in frame.select("k", "valid_from", "valid_to", "a", "closed_reason").collect()
    )


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([("h", 1, "x", "")], [("h", 1, None, "x", None)], id="new"),
        pytest.param([("h", 1, "x", ""), ("h", 2, "x", "")], [("h", 1, None, "x", None)], id="same"),
        pytest.param(
            [("h", 1, "x", ""), ("h", 2, "y", "")], [("h", 1, 2, "x", None), ("h", 2, None, "y", None)], id="changed"
        ),
        pytest.param(
            [("h", 1, "x", ""), ("h", 2, None, "")], [("h", 1, 2, "x", None), ("h", 2, None, None, None)], id="null"
        ),
        pytest.param(
            [("h", 3, "x", ""), ("h", 1, "y", "")], [("h", 1, 3, "y", None), ("h", 3, None, "x", None)], id="late"
        ),
        pytest.param(
            [("h", 1, None, "a"), ("h", 2, "x", ""), ("h", 3, None, "a")], [("h", 1, None, "x", None)], id="unknown"
        ),
    ],
)
def test_versions_of_one_key(spark, rows, expected):
    assert one_key(spark, *rows) == expected


def test_versions_close_a_vanished_key_at_a_complete_snapshot_and_reopen_it(spark):
    # Ten keys; in month 2 one of them is missing (9 of 10 = 90 %: complete), in month 3 it is back.
    keys = [f"k{i}" for i in range(10)]
    rows = [(k, 1, "x", "") for k in keys] + [(k, 2, "x", "") for k in keys[1:]] + [(k, 3, "x", "") for k in keys]
    found = [v for v in one_key(spark, *rows) if v[0] == "k0"]
    assert found == [("k0", 1, 2, "x", "absent"), ("k0", 3, None, "x", None)]


def test_versions_close_nothing_at_a_partial_snapshot(spark):
    # In month 2 two of ten are missing (80 %): a part of a file, not the end of two homes.
    keys = [f"k{i}" for i in range(10)]
    rows = [(k, 1, "x", "") for k in keys] + [(k, 2, "x", "") for k in keys[2:]]
    assert {v[2] for v in one_key(spark, *rows)} == {None}
    assert [v for v in one_key(spark, *rows, completeness=Completeness(share=0.8)) if v[4]] == [
        ("k0", 1, 2, "x", "absent"),
        ("k1", 1, 2, "x", "absent"),
    ]


def test_versions_have_no_overlap_and_one_open_version_at_most(spark):
    rows = [("h", m, a, "") for m, a in ((1, "x"), (2, "y"), (4, "x"), (5, None), (7, None), (8, "z"))]
    found = one_key(spark, *rows)
    assert [v[2] for v in found] == [v[1] for v in found[1:]] + [None]
