"""Versions over time, held against a plain Python reading of the rules, in bulk."""

from __future__ import annotations

import random
from datetime import date

import pytest
from rules import Snapshot, expected_versions

from nh_lakehouse.silver.history import Completeness, versions

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
