"""Which row of a key stands in silver: duplicates, keys claimed twice, newer and older releases, occurrences."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime, timezone
from typing import Any

import pytest
from small_contract import column, small_contract
from xxh64 import row_hash_of

from nh_lakehouse.contracts.model import DataSet
from nh_lakehouse.silver.resolve import resolve, uncontested, unit_key

SCHEMA = (
    "case string, id string, kind string, x string, snapshot_month date, _reasons array<string>, _released_at timestamp, "
    "_modified_at timestamp, _source_file string, _source_sha256 string, _source_row int"
)
OCT, NOV = date(2024, 10, 1), date(2024, 11, 1)


def row(
    id: str | None,
    x: str | None,
    release: int | tuple[int, int, str, str],
    number: int,
    kind: str | None = "k",
    **more: Any,
) -> dict[str, Any]:
    """A conformed row; `release` is its number, or release day, modified day, file and hash; `number` its row number."""
    release = release if isinstance(release, tuple) else (release, release, f"f{release}", f"h{release}")
    released, modified, file, sha = release
    moments = [datetime(2024, 1, day, tzinfo=timezone.utc) for day in (released, modified)]
    values = {"id": id, "kind": kind, "x": x, "snapshot_month": OCT, "_reasons": [], "_released_at": moments[0]}
    audit = {"_modified_at": moments[1], "_source_file": file, "_source_sha256": sha, "_source_row": number}
    return {**values, **audit, **more}


def contract(**changes: Any) -> DataSet:
    """Key: the case (so that one frame holds many) and the id; content: `x`."""
    columns = [column(n) for n in ("case", "id", "kind", "x")]
    return small_contract(columns=columns, **{"key": ["case", "id"], "period": {"grain": "month"}, **changes})


def verdicts(
    spark, data_set: DataSet, cases: dict[str, Sequence[dict[str, Any]]], seed: int = 0
) -> dict[str, list[tuple]]:
    """Case -> (file, row number, disposition, reasons, occurrence) of each of its rows; the order of input is random."""
    names = [part.split()[0] for part in SCHEMA.split(", ")]
    rows = [tuple({**r, "case": case}[n] for n in names) for case, body in cases.items() for r in body]
    random.Random(seed).shuffle(rows)
    found: dict[str, list[tuple]] = {case: [] for case in cases}
    for r in resolve(spark.createDataFrame(rows, SCHEMA), data_set).toArrow().to_pylist():
        number = (r[data_set.occurrence],) if data_set.occurrence else ()
        verdict = (r["_source_file"], r["_source_row"], r["_disposition"], r["_reasons"], *number)
        found[r["case"]].append(verdict)
    return {case: sorted(body) for case, body in found.items()}


A, D, S, Q = "accepted", "duplicate", "superseded", "quarantined"
LOST = ["duplicate_key"]
BAD = {"_reasons": ["short_row"]}

#: rows; and for each, in the order of file and row number: disposition, reasons
GRID: dict[str, tuple[list[dict[str, Any]], list[tuple[str, list[str]]]]] = {
    "one row": ([row("a", "x", 1, 1)], [(A, [])]),
    "other ids": ([row("a", "x", 1, 1), row("b", "x", 1, 2)], [(A, []), (A, [])]),
    "duplicate": ([row("a", "x", 1, 1), row("a", "x", 1, 2)], [(D, []), (A, [])]),
    "duplicate of nulls": ([row("a", None, 1, 1), row("a", None, 1, 2)], [(D, []), (A, [])]),
    "three of a kind": ([row("a", "x", 1, n) for n in (1, 2, 3)], [(D, []), (D, []), (A, [])]),
    "duplicate key": ([row("a", "x", 1, 1), row("a", "y", 1, 2)], [(Q, LOST), (A, [])]),
    "duplicate key with null": ([row("a", None, 1, 1), row("a", "y", 1, 2)], [(Q, LOST), (A, [])]),
    "x y x": (
        [row("a", "x", 1, 1), row("a", "y", 1, 2), row("a", "x", 1, 3)],
        [(D, []), (Q, LOST), (A, [])],
    ),
    "x y y x z": (
        [row("a", x, 1, n) for n, x in enumerate("xyyxz", start=1)],
        [(D, []), (D, []), (Q, LOST), (Q, LOST), (A, [])],
    ),
    "newer release": ([row("a", "x", 1, 1), row("a", "y", 2, 1)], [(S, []), (A, [])]),
    "newer release, same content": ([row("a", "x", 1, 1), row("a", "x", 2, 1)], [(S, []), (A, [])]),
    "older release late": ([row("a", "y", 2, 1), row("a", "x", 1, 9)], [(S, []), (A, [])]),
    "three releases": ([row("a", x, n, 1) for n, x in ((2, "x"), (3, "y"), (1, "z"))], [(S, []), (S, []), (A, [])]),
    "duplicates in the older release": (
        [row("a", "x", 1, 1), row("a", "x", 1, 2), row("a", "z", 1, 3), row("a", "y", 2, 1)],
        [(S, []), (S, []), (S, []), (A, [])],
    ),
    "duplicates in both": (
        [row("a", "x", 1, 1), row("a", "x", 1, 2), row("a", "y", 2, 1), row("a", "y", 2, 2), row("a", "z", 2, 3)],
        [(S, []), (S, []), (D, []), (Q, LOST), (A, [])],
    ),
    "home in the older file only": (
        [row("a", "x", 1, 1), row("b", "x", 1, 2), row("b", "y", 2, 1)],
        [(A, []), (S, []), (A, [])],
    ),
    "quarantined": ([row("a", "x", 1, 1, **BAD)], [(Q, ["short_row"])]),
    "quarantined newest": ([row("a", "x", 1, 1), row("a", "y", 2, 1, **BAD)], [(A, []), (Q, ["short_row"])]),
    "quarantined oldest": ([row("a", "x", 1, 1, **BAD), row("a", "y", 2, 1)], [(Q, ["short_row"]), (A, [])]),
    "quarantined everywhere": (
        [row("a", "x", 1, 1, **BAD), row("a", "y", 2, 1, **BAD)],
        [(Q, ["short_row"]), (Q, ["short_row"])],
    ),
    "quarantined beside a sound one": (
        [row("a", "x", 2, 1), row("a", "x", 2, 2, **BAD), row("a", "z", 1, 1)],
        [(S, []), (A, []), (Q, ["short_row"])],
    ),
    "other months": (
        [row("a", "x", 1, 1, snapshot_month=NOV), row("a", "y", 2, 1)],
        [(A, []), (A, [])],
    ),
    "modified time breaks a tie": (
        [row("a", "x", (5, 7, "a", "h1"), 1), row("a", "y", (5, 6, "b", "h2"), 1)],
        [(A, []), (S, [])],
    ),
    "then the file name": (
        [row("a", "x", (5, 5, "a", "h2"), 1), row("a", "y", (5, 5, "b", "h1"), 1)],
        [(S, []), (A, [])],
    ),
    "then the content": (
        [row("a", "x", (5, 5, "a", "h2"), 2), row("a", "y", (5, 5, "a", "h1"), 1)],
        [(S, []), (A, [])],
    ),
    "null id": ([row(None, "x", 1, 1), row(None, "y", 2, 1)], [(S, []), (A, [])]),
}


@pytest.fixture(scope="module", params=[1, 2], ids=["one order", "another order"])
def resolved(request, spark) -> dict[str, list[tuple]]:
    """The grid in one frame, its rows in random order."""
    return verdicts(spark, contract(), {case: rows for case, (rows, _) in GRID.items()}, seed=request.param)


@pytest.mark.parametrize("case", GRID)
def test_verdict_of_each_row(resolved, case):
    assert [verdict[2:] for verdict in resolved[case]] == GRID[case][1]


def test_newer_release_replaces_all_rows_of_a_home(spark):
    # Two kinds in the first release, one in the second: the other kind goes with the release.
    homes = contract(key=["case", "id", "kind"], replace_by=["case", "id"])
    rows = [row("a", "x", 1, 1, "k"), row("a", "x", 1, 2, "l"), row("a", "x", 2, 1, "k"), row("b", "x", 1, 3, None)]
    found = verdicts(spark, homes, {"c": rows})["c"]
    assert [v[:3] for v in found] == [("f1", 1, S), ("f1", 2, S), ("f1", 3, A), ("f2", 1, A)]


def test_key_column_that_is_null_is_compared_null_safe(spark):
    homes = contract(key=["case", "id", "kind"], replace_by=["case", "id"])
    rows = [row("a", "x", 1, 1, None), row("a", "y", 1, 2, None), row("a", "x", 1, 3, "")]
    assert [v[2] for v in verdicts(spark, homes, {"c": rows})["c"]] == [Q, A, A]


def test_reference_data_are_one_unit_and_the_newest_release_holds_whole(spark):
    reference = contract(rhythm="R", period={"grain": "date"})
    assert unit_key(reference) == []
    rows = [row("a", "x", 1, 1), row("b", "x", 1, 2), row("a", "x", 2, 1, snapshot_month=NOV)]
    assert [v[2] for v in verdicts(spark, reference, {"c": rows})["c"]] == [S, S, A]


def test_deliveries_that_accumulate_have_units_across_periods(spark):
    claims = contract(rhythm="C")
    assert unit_key(claims) == ["case", "id"]
    rows = [row("a", "x", 1, 1), row("a", "x", 2, 1, snapshot_month=NOV), row("b", "x", 1, 2)]
    assert [v[2] for v in verdicts(spark, claims, {"c": rows})["c"]] == [S, A, A]


# --- occurrences ---------------------------------------------------------------------------------------------------


def numbers(*contents: tuple[str, str, str | None]) -> dict[tuple[str, str, str | None], int]:
    """Content (id, kind, x) -> its place among the hashes of its case `c`, worked out in Python."""
    ordered = sorted(contents, key=lambda c: row_hash_of(case="c", id=c[0], kind=c[1], x=c[2]))
    return {content: number for number, content in enumerate(ordered, start=1)}


@pytest.mark.parametrize("seed", [1, 2])
def test_rows_of_one_key_are_numbered_by_content_after_duplicates_collapse(spark, seed):
    numbered = contract(occurrence="occurrence_no")
    rows = [row("a", x, 1, n) for n, x in enumerate(["x", "y", "x", None, "z"], start=1)]
    place = numbers(*[("a", "k", x) for x in ("x", "y", None, "z")])
    found = verdicts(spark, numbered, {"c": rows}, seed)["c"]
    assert [(v[1], v[2], v[4]) for v in found] == [
        (1, D, None),
        (2, A, place["a", "k", "y"]),
        (3, A, place["a", "k", "x"]),
        (4, A, place["a", "k", None]),
        (5, A, place["a", "k", "z"]),
    ]
    assert all(v[3] == [] for v in found)


def test_occurrences_are_counted_inside_the_newest_release_and_without_quarantined_rows(spark):
    numbered = contract(occurrence="occurrence_no")
    rows = [
        row("a", "x", 1, 1),
        row("a", "y", 1, 2),
        row("a", "z", 2, 1),
        row("a", "w", 2, 2, **BAD),
        row("b", "x", 1, 3),
    ]
    found = verdicts(spark, numbered, {"c": rows})["c"]
    assert [(v[0], v[1], v[2], v[4]) for v in found] == [
        ("f1", 1, S, None), ("f1", 2, S, None), ("f1", 3, A, 1), ("f2", 1, A, 1), ("f2", 2, Q, None),
    ]  # fmt: skip


@pytest.mark.parametrize("occurrence", [None, "occurrence_no"])
def test_rows_that_nobody_contests_are_accepted_or_quarantined(spark, occurrence):
    data_set = contract(occurrence=occurrence)
    rows = [{**row("a", "x", 1, 1), "case": "c"}, {**row("b", "x", 1, 2, **BAD), "case": "c"}]
    names = [part.split()[0] for part in SCHEMA.split(", ")]
    frame = spark.createDataFrame([tuple(r[n] for n in names) for r in rows], SCHEMA)
    found = sorted(uncontested(frame, data_set).toArrow().to_pylist(), key=lambda r: r["id"])
    assert [r["_disposition"] for r in found] == [A, Q]
    if occurrence:
        assert found[0]["occurrence_no"] == 1


# --- in bulk -------------------------------------------------------------------------------------------------------


def expected(rows: Sequence[dict[str, Any]]) -> list[tuple[str, int, str]]:
    """The rules of MEASURES B1, row by row."""

    def release(r: dict[str, Any]) -> tuple:
        return (r["_released_at"], r["_modified_at"], r["_source_file"], r["_source_sha256"])

    result = []
    for r in rows:
        peers = [
            p for p in rows if (p["id"], p["snapshot_month"]) == (r["id"], r["snapshot_month"]) and not p["_reasons"]
        ]
        newest = max(map(release, peers), default=None)
        later = [p for p in peers if release(p) == newest and p["_source_row"] > r["_source_row"]]
        if r["_reasons"]:
            fate = Q
        elif release(r) != newest:
            fate = S
        elif any(p["x"] == r["x"] for p in later):
            fate = D
        else:
            fate = Q if later else A
        result.append((r["_source_file"], r["_source_row"], fate))
    return sorted(result)


def test_verdicts_equal_the_rules_read_row_by_row_over_200_random_cases(spark):
    cases = {}
    for seed in range(200):
        chance = random.Random(seed)
        cases[f"c{seed}"] = [
            row(
                chance.choice(["a", "b", None]),
                chance.choice(["x", "y", None]),
                file,
                number,
                snapshot_month=chance.choice([OCT, OCT, NOV]),
                _reasons=["short_row"] if chance.random() < 0.15 else [],
            )
            for file in range(1, chance.randint(1, 3) + 1)
            for number in range(1, chance.randint(1, 6) + 1)
        ]
    found = verdicts(spark, contract(), cases)
    for case, rows in cases.items():
        assert [v[:3] for v in found[case]] == expected(rows), case
