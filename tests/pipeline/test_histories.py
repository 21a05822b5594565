"""Versions from several data sets: parts with completeness of their own, dates of moves, values without a history."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from clinic import PERSON, arrive, clinic, listed, moves, roll
from support import all_tables, rows_of
from thorough import embedded_unless_thorough

from nh_lakehouse import Lakehouse
from nh_lakehouse.engines import Engine

pytestmark = embedded_unless_thorough

#: Nine who stay as they are, so that a year is complete without the tenth.
OTHERS = [f"p{n}" for n in range(9)]


@pytest.fixture(autouse=True)
def world() -> Iterator[None]:
    with clinic():
        yield


def versions_of(lake: Path, person: str, source: str) -> list[tuple]:
    """(from, to, town, died, helped, closed) of a person's versions, days as text."""
    rows = [r for r in rows_of(lake, PERSON) if (r["source"], r["person"]) == (source, person)]
    names = ("valid_from", "valid_to", "town", "died", "helped", "closed_reason")
    found = [tuple(str(r[n]) if r[n] is not None and n[:2] in ("va", "di") else r[n] for n in names) for r in rows]
    return sorted(found)


def rest(town: str = "home") -> list[tuple]:
    return [(p, town, None) for p in OTHERS]


def test_parts_have_years_of_their_own_and_death_stands_on_every_version(tmp_path: Path, engine: Engine):
    landing, lake = tmp_path / "landing", tmp_path / "lake"
    roll(landing, 2021, [("ann", "a", None, "N", None)] + [(*r, "N", "N") for r in rest()])
    roll(landing, 2022, [("ann", "a", None, "N", "Y")] + [(*r, "N", "N") for r in rest()])
    roll(landing, 2023, [("ann", "b", "2023-05-06", "N", "Y")] + [(*r, "N", "N") for r in rest()])
    # The list of the desk has her in its first year alone; its second one is complete without her.
    listed(landing, 2021, [("ann", "x", None), *rest()])
    listed(landing, 2022, rest())
    arrive(lake, landing, engine)
    assert versions_of(lake, "ann", "lab") == [
        ("2021-01-01", "2022-01-01", "a", "2023-05-06", False, None),
        ("2022-01-01", "2023-01-01", "a", "2023-05-06", True, None),
        ("2023-01-01", None, "b", "2023-05-06", True, None),
    ]
    assert versions_of(lake, "ann", "desk") == [("2021-01-01", "2022-01-01", "x", None, None, "absent")]
    assert versions_of(lake, "p0", "desk") == [("2021-01-01", None, "home", None, None, None)]
    # A later file that lacks the marks of help says nothing of them; the death stays known.
    text = (landing / "Roll_2023_1.csv").read_text().splitlines()
    lines = [",".join([*line.split(",")[:2], ""]) for line in text[1:]]
    (landing / "Roll_2024_1.csv").write_text("\n".join(["PERSON,TOWN,DIED", *lines]) + "\n")
    arrive(lake, landing, engine)
    assert versions_of(lake, "ann", "lab")[-1] == ("2023-01-01", None, "b", "2023-05-06", True, None)


MOVES = [
    # Moved in June: the change is dated by the note, not by the year's file that follows.
    ("ann", "new", "2022-06-01"),
    # A note without a day says nothing; one of a day that a year's file has counts less than that file.
    ("bob", "nowhere", None),
    ("bob", "elsewhere", "2022-01-01"),
    # Known from a note before any list; noted again after a complete list without her.
    ("cat", "early", "2020-03-01"),
    ("dot", "back", "2022-08-01"),
]


def deliver(landing: Path) -> list:
    """The desk's files, each a function that writes it."""
    return [
        lambda: listed(landing, 2021, [("ann", "old", None), ("bob", "b", None), ("dot", "d", None), *rest()]),
        lambda: listed(
            landing, 2022, [("ann", "old", None), ("bob", "b", None), ("cat", "early", None), *rest()], label="2"
        ),
        lambda: listed(
            landing, 2023, [("ann", "new", None), ("bob", "b", None), ("cat", "late", "2023-02-03"), *rest()]
        ),
        lambda: moves(landing, 1, MOVES[:3], modified="2025-03-02"),
        lambda: moves(landing, 2, MOVES[3:], modified="2025-03-03"),
    ]


EXPECTED = {
    "ann": [
        ("2021-01-01", "2022-06-01", "old", None, None, None),
        ("2022-06-01", None, "new", None, None, None),
    ],
    "bob": [("2021-01-01", None, "b", None, None, None)],
    # The list of 2021, the first one, is complete without her.
    "cat": [
        ("2020-03-01", "2021-01-01", "early", "2023-02-03", None, "absent"),
        ("2022-01-01", "2023-01-01", "early", "2023-02-03", None, None),
        ("2023-01-01", None, "late", "2023-02-03", None, None),
    ],
    # Eleven of twelve are on the next list (92 %): it is complete, dot is closed. So is 2023, after her note.
    "dot": [
        ("2021-01-01", "2022-01-01", "d", None, None, "absent"),
        ("2022-08-01", "2023-01-01", "back", None, None, "absent"),
    ],
}


def test_notes_of_single_people_date_their_versions(tmp_path: Path, engine: Engine):
    for write in deliver(tmp_path / "landing"):
        write()
    arrive(tmp_path / "lake", tmp_path / "landing", engine)
    assert {p: versions_of(tmp_path / "lake", p, "desk") for p in EXPECTED} == EXPECTED


@pytest.mark.parametrize("seed", range(2))
def test_any_order_of_lists_and_notes_gives_the_same_versions(tmp_path: Path, engine: Engine, seed: int):
    chance = random.Random(seed)
    writes = chance.sample(deliver(tmp_path / "landing"), 5)
    for batch in (writes[:2], writes[2:3], writes[3:]):
        for write in batch:
            write()
        arrive(tmp_path / "lake", tmp_path / "landing", engine)
    assert {p: versions_of(tmp_path / "lake", p, "desk") for p in EXPECTED} == EXPECTED


def test_rows_that_take_their_key_back_make_no_version(tmp_path: Path, engine: Engine):
    landing, lake = tmp_path / "landing", tmp_path / "lake"
    for year in (2021, 2022):
        listed(landing, year, [("ann", f"in {year}", None), ("bob", "b", None), ("cat", "c", None), *rest()])
    # Cat's row of 2021 cannot be read; what a later delivery takes back is not there at all.
    listed(landing, 2021, [("cat", "c", "2021-02-31")], label="2", modified="2025-03-02")
    moves(landing, 1, [("bob", "new", "2022-06-01"), ("dot", "d", "2022-06-01")])
    arrive(lake, landing, engine)
    assert versions_of(lake, "bob", "desk")[-1] == ("2022-06-01", None, "new", None, None, None)
    before = all_tables(lake)
    # Ann is taken back for a year, cat for both, and the note of bob with that of dot.
    gone = [("ann", "in 2022", None, "GONE"), ("cat", "c", None, "GONE"), ("bob", "b", None, "")]
    back = [
        listed(landing, 2022, gone, label="3", modified="2025-04-01"),
        listed(landing, 2021, [("cat", "c", None, "GONE")], label="3", modified="2025-04-01"),
        moves(landing, 2, [(p, p, "2022-06-01", "GONE") for p in ("bob", "dot")], modified="2025-04-01"),
    ]
    arrive(lake, landing, engine)
    # Ten of the eleven of 2021 are there in 2022, which closes ann.
    assert {p: versions_of(lake, p, "desk") for p in ("ann", "bob", "cat", "dot")} == {
        "ann": [("2021-01-01", "2022-01-01", "in 2021", None, None, "absent")],
        "bob": [("2021-01-01", None, "b", None, None, None)],
        "cat": [],
        "dot": [],
    }
    arrive(tmp_path / "whole", landing, engine)
    assert all_tables(tmp_path / "whole") == all_tables(lake)
    for path in back:
        arrive(lake, landing, engine, forget=path.name)
    assert all_tables(lake) == before


def test_notes_alone_make_versions_and_can_be_taken_back(tmp_path: Path, engine: Engine):
    landing, lake = tmp_path / "landing", tmp_path / "lake"
    first, *_, notes, more = deliver(landing)
    notes()
    arrive(lake, landing, engine)
    assert versions_of(lake, "ann", "desk") == [("2022-06-01", None, "new", None, None, None)]
    first()
    arrive(lake, landing, engine)
    with_notes = all_tables(lake)
    more()
    arrive(lake, landing, engine)
    arrive(lake, landing, engine, forget="Moves_2.csv")
    assert all_tables(lake) == with_notes
    arrive(lake, landing, engine, forget="Moves_1.csv")
    assert versions_of(lake, "ann", "desk") == [("2021-01-01", None, "old", None, None, None)]
    loads = [r for r in Lakehouse(lake).arrow("ops.loads").to_pylist() if r["target"] == PERSON]
    assert {r["file"] for r in loads} == {"List_2021_1.csv", "Moves_1.csv", "Moves_2.csv"}
    assert all(r["rows_read_n"] == r["accepted_n"] for r in loads)
