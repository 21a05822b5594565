"""Tables that several data sets feed, whose rows are not those of the files one for one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from clinic import CLAIM, LINE, arrive, clinic, desk, lab
from support import rows_of
from thorough import embedded_unless_thorough

from nh_lakehouse import Lakehouse
from nh_lakehouse.declare import join_parts, silver_table
from nh_lakehouse.engines import Engine
from nh_lakehouse.errors import PlanError

#: Two claims of two lines and one; the desk's claim with the number of one of them is another claim.
LAB_ROWS = [
    ("1", 2, "ann", "2024-01-03", "20.00"),
    ("1", 1, "ann", "2024-01-02", "10.00"),
    ("2", 1, "bob", "2024-02-01", "5.50"),
]
DESK_ROWS = [("1", "ann", "2024-03-01", "7.00", "", "8.00")]


@pytest.fixture(autouse=True)
def world() -> Iterator[None]:
    with clinic():
        yield


def claims(lake: Path) -> dict[tuple, tuple]:
    rows = rows_of(lake, CLAIM)
    return {(r["source"], r["claim_id"]): (r["person"], r["day"], r["paid_usd"], r["line_n"]) for r in rows}


def loads(lake: Path) -> dict[tuple, tuple]:
    """(file, table) -> accepted rows of the last load, and the table's rows inserted, updated, unchanged."""
    rows = sorted(Lakehouse(lake).arrow("ops.loads").to_pylist(), key=lambda r: r["recorded_at"])
    effects = ("accepted_n", "inserted_n", "updated_n", "unchanged_n")
    return {(r["file"], r["target"]): tuple(r[e] for e in effects) for r in rows if r["target"] in (CLAIM, LINE)}


@embedded_unless_thorough
def test_claims_of_two_shapes_stand_side_by_side(tmp_path: Path, engine: Engine):
    landing, lake = tmp_path / "landing", tmp_path / "lake"
    lab(landing, 1, LAB_ROWS)
    desk(landing, 1, DESK_ROWS)
    arrive(lake, landing, engine)
    assert claims(lake) == {
        ("lab", "1"): ("ann", date(2024, 1, 2), Decimal("30.00"), 2),
        ("lab", "2"): ("bob", date(2024, 2, 1), Decimal("5.50"), 1),
        ("desk", "1"): ("ann", date(2024, 3, 1), Decimal("15.00"), 2),
    }
    lines = [(r["source"], r["claim_id"], r["line_no"], r["paid_usd"]) for r in rows_of(lake, LINE)]
    assert sorted(lines) == [
        ("desk", "1", 1, Decimal("7.00")), ("desk", "1", 3, Decimal("8.00")), ("lab", "1", 1, Decimal("10.00")),
        ("lab", "1", 2, Decimal("20.00")), ("lab", "2", 1, Decimal("5.50")),
    ]  # fmt: skip
    # A claim of several lines came from its first one: the second row of the file.
    found = Lakehouse(lake).arrow(CLAIM).to_pylist()
    assert {(r["source"], r["claim_id"]): (r["_source_file"], r["_source_row"]) for r in found} == {
        ("lab", "1"): ("Lab_1.csv", 2),
        ("lab", "2"): ("Lab_1.csv", 3),
        ("desk", "1"): ("Desk_1.csv", 1),
    }


@embedded_unless_thorough
def test_account_counts_the_rows_of_the_file_and_those_of_the_table(tmp_path: Path, engine: Engine):
    landing, lake = tmp_path / "landing", tmp_path / "lake"
    lab(landing, 1, LAB_ROWS)
    desk(landing, 1, DESK_ROWS)
    arrive(lake, landing, engine)
    assert loads(lake) == {
        ("Lab_1.csv", CLAIM): (3, 2, 0, 0),
        ("Lab_1.csv", LINE): (3, 3, 0, 0),
        ("Desk_1.csv", CLAIM): (1, 1, 0, 0),
        ("Desk_1.csv", LINE): (1, 2, 0, 0),
    }
    # The first claim again with one line less and another amount, the second as it was.
    lab(landing, 2, [("1", 1, "ann", "2024-01-02", "12.00"), LAB_ROWS[2]], modified="2025-04-01")
    arrive(lake, landing, engine)
    told = loads(lake)
    assert (told["Lab_2.csv", CLAIM], told["Lab_2.csv", LINE]) == ((2, 0, 1, 1), (2, 0, 1, 1))
    assert claims(lake)["lab", "1"] == ("ann", date(2024, 1, 2), Decimal("12.00"), 1)
    assert claims(lake)["desk", "1"][2] == Decimal("15.00")


def spec_of(values, data_set="visits", key=("source", "kind", "id")):
    given = values if isinstance(values, dict) else dict([values])
    scope: dict = {}
    name = "_".join(["one", *given.values()])
    exec(f"def {name}({data_set}): ...", scope)
    declare = silver_table("silver.one", of=data_set, part=values, key=key, history="snapshot")
    return declare(scope[name]).__table__


def test_part_is_written_as_a_pair_or_as_columns_and_values():
    assert spec_of(("source", "a")).part == (("source", "a"),)
    assert spec_of({"source": "a", "kind": "b"}).part == (("source", "a"), ("kind", "b"))


@pytest.mark.parametrize("values", [{}, {"place": "x"}, {"source": "a", "place": "x"}], ids=str)
def test_part_of_a_column_that_is_not_in_the_key_is_refused(values):
    with pytest.raises(PlanError, match="one: part="):
        spec_of(values)


def test_parts_of_other_columns_or_of_the_same_values_are_refused():
    first = spec_of({"source": "a", "kind": "b"})
    for other in (spec_of({"source": "c"}, "homes"), spec_of({"source": "a", "kind": "b"}, "homes")):
        with pytest.raises(PlanError, match="its parts need"):
            join_parts([first, other])
    assert join_parts([first, spec_of({"source": "a", "kind": "c"}, "homes")])[0].inputs == ("homes", "visits")
