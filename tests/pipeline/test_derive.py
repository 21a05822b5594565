"""Keeping derived tables current: skipped, by changed keys, or in full; always equal to a full computation."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from deltalake import write_deltalake
from hypothesis import given
from hypothesis import strategies as st
from shelf import Shelf, World
from tables import visits
from tables.visits import DECLARED
from thorough import embedded_unless_thorough, examples

from nh_lakehouse.contracts.model import DerivedColumn
from nh_lakehouse.declare import TableSpec
from nh_lakehouse.engines import Engine
from nh_lakehouse.errors import LoadError
from nh_lakehouse.lakehouse.store import Published
from nh_lakehouse.pipeline import derive as derive_module

SPECS: dict[str, TableSpec] = {
    f.__table__.name: f.__table__
    for f in (visits.visit_totals, visits.visit_change, visits.visit_beds, visits.visit_share)
}
WORLD = World(SPECS, DECLARED, {"silver.visits": ["ccn", "quarter", "day"], "silver.homes": ["ccn"]})
QUARTERS = ("2023Q3", "2023Q4", "2024Q1", "2024Q2")


@pytest.fixture(autouse=True)
def declared(monkeypatch: pytest.MonkeyPatch) -> None:
    """The small tables take the place of those of the package."""
    monkeypatch.setattr(derive_module, "load_tables", lambda: DECLARED)


@pytest.fixture
def shelf(tmp_path: Path, engine: Engine) -> Iterator[Shelf]:
    yield Shelf(tmp_path, engine, WORLD)


VISITS = [("a", "2023Q4", 1, 2), ("a", "2024Q1", 1, 5), ("b", "2024Q1", 1, 7), ("b", "2024Q1", 2, None)]


# --- what each mode does -------------------------------------------------------------------------------------------


@embedded_unless_thorough
def test_first_time_everything_is_computed(shelf: Shelf):
    shelf.write("silver.visits", VISITS)
    assert shelf.modes() == {
        "visit_totals": "full",
        "visit_change": "full",
        "visit_beds": "full",
        "visit_share": "full",
    }
    assert shelf.rows("gold.visit_totals") == [
        ("a", "2023Q4", 2, False),
        ("a", "2024Q1", 5, True),
        ("b", "2024Q1", 7, True),
    ]
    # Five visits in the quarter, two in the one before; b has no quarter before.
    assert shelf.rows("gold.visit_change") == [
        ("a", "2023Q4", 1, None),
        ("a", "2024Q1", 1, 3),
        ("b", "2024Q1", 1, None),
        ("b", "2024Q1", 2, None),
    ]
    # The optional homes are absent: their columns are null.
    assert shelf.rows("gold.visit_beds") == [("a", 7, None), ("b", 7, None)]
    assert shelf.rows("gold.visit_share") == [("a", 0.5), ("b", 0.5)]


@embedded_unless_thorough
def test_required_input_that_was_never_loaded_leaves_the_table_out(shelf: Shelf):
    assert shelf.derive("gold.visit_totals") is None
    assert shelf.modes() == {}
    assert not shelf.store.lake.exists("gold.visit_totals")


@embedded_unless_thorough
def test_table_whose_inputs_are_all_optional_is_computed_as_soon_as_one_is_there(shelf: Shelf):
    either = replace(SPECS["gold.visit_beds"], optional=("visits", "homes"))
    assert shelf.derive("gold.visit_beds", either) is None
    shelf.write("silver.homes", [("a", 10)])
    assert shelf.derive("gold.visit_beds", either).mode == "full" and shelf.rows("gold.visit_beds") == []
    # An input that appears is looked at as a whole, one that changes by its keys.
    shelf.write("silver.visits", VISITS)
    assert shelf.derive("gold.visit_beds", either).mode == "full"
    assert shelf.rows("gold.visit_beds") == [("a", 7, 10), ("b", 7, None)]
    shelf.write("silver.homes", [("a", 10), ("b", 20)])
    assert shelf.derive("gold.visit_beds", either).mode == "incremental"
    assert shelf.rows("gold.visit_beds") == [("a", 7, 10), ("b", 7, 20)]


@embedded_unless_thorough
def test_nothing_changed_is_skipped_without_a_commit(shelf: Shelf):
    shelf.write("silver.visits", VISITS)
    shelf.modes()
    versions = {n: shelf.store.lake.version(n) for n in SPECS}
    assert shelf.write("silver.visits", list(reversed(VISITS))).inserted_n == 0
    assert set(shelf.modes().values()) == {"skipped"}
    assert {n: shelf.store.lake.version(n) for n in SPECS} == versions


def test_changed_rows_are_followed_by_their_keys_and_the_quarter_after(shelf: Shelf):
    shelf.write("silver.visits", VISITS)
    shelf.modes()
    shelf.write("silver.visits", [("a", "2023Q4", 1, 4), *VISITS[1:]])
    assert shelf.modes() == {
        "visit_totals": "incremental",
        "visit_change": "incremental",
        "visit_beds": "incremental",
        "visit_share": "full",
    }
    assert shelf.rows("gold.visit_change")[:2] == [("a", "2023Q4", 1, None), ("a", "2024Q1", 1, 1)]


def test_rows_without_a_key_are_their_own_beside_those_of_few_keys(shelf: Shelf):
    """Few keys are told as literals, which no row without one meets; where it is one of the keys, they are joined."""
    shelf.write("silver.visits", [*VISITS, (None, "2024Q1", 1, 4)])
    shelf.modes()
    for changed, alone in (
        (("a", "2024Q1", 1, 6), (None, "2024Q1", 1, 4)),
        (("a", "2024Q1", 1, 6), (None, "2024Q1", 1, 9)),
    ):
        shelf.write("silver.visits", [VISITS[0], changed, *VISITS[2:], alone])
        assert shelf.derive("gold.visit_beds").mode == "incremental"
        assert [row[:2] for row in shelf.rows("gold.visit_beds")] == [("a", 8), ("b", 7), (None, alone[3])]
    shelf.modes()
    shelf.hold_to_full("without a key")


@embedded_unless_thorough
def test_deleted_key_is_deleted_and_the_last_row_as_well(shelf: Shelf):
    shelf.write("silver.visits", VISITS)
    shelf.modes()
    shelf.write("silver.visits", VISITS[:2])
    assert shelf.derive("gold.visit_totals").published.deleted_n == 1
    assert shelf.rows("gold.visit_totals") == [("a", "2023Q4", 2, False), ("a", "2024Q1", 5, True)]
    shelf.write("silver.visits", [])
    assert set(shelf.modes().values()) == {"incremental", "full"}
    assert [shelf.rows(n) for n in SPECS] == [[], [], [], []]
    shelf.write("silver.visits", VISITS[:1])
    shelf.modes()
    assert shelf.rows("gold.visit_totals") == [("a", "2023Q4", 2, False)]


@embedded_unless_thorough
def test_optional_input_that_arrives_leads_to_a_full_computation_then_to_incremental_ones(shelf: Shelf):
    shelf.write("silver.visits", VISITS)
    shelf.modes()
    shelf.write("silver.homes", [("a", 100), ("b", 50)])
    assert shelf.modes() == {
        "visit_totals": "skipped",
        "visit_change": "skipped",
        "visit_beds": "full",
        "visit_share": "full",
    }
    shelf.write("silver.homes", [("a", 100), ("b", 60)])
    assert shelf.modes()["visit_beds"] == "incremental"
    assert shelf.rows("gold.visit_beds") == [("a", 7, 100), ("b", 7, 60)]


@embedded_unless_thorough
def test_changed_fingerprint_and_threshold_recompute(shelf: Shelf):
    shelf.write("silver.visits", VISITS)
    shelf.modes()
    strict = replace(SPECS["gold.visit_totals"], thresholds={"limits": visits.Limits(busy_from_n=6)})
    done = shelf.derive("gold.visit_totals", strict, fingerprint="two")
    assert (done.mode, done.published.updated_n) == ("full", 1)
    assert shelf.rows("gold.visit_totals")[1] == ("a", "2024Q1", 5, False)
    assert shelf.derive("gold.visit_totals", strict, fingerprint="two").mode == "skipped"


@embedded_unless_thorough
def test_full_computes_everything_and_commits_nothing_where_nothing_differs(shelf: Shelf):
    shelf.write("silver.visits", VISITS)
    shelf.modes()
    done = shelf.derive("gold.visit_totals", full=True)
    assert (done.mode, done.published) == ("full", Published(1, 1))


@embedded_unless_thorough
def test_table_written_to_by_somebody_else_is_computed_in_full(shelf: Shelf):
    shelf.write("silver.visits", VISITS)
    shelf.modes()
    shelf.store.lake.delta("gold.visit_totals").delete("ccn = 'a'")
    assert shelf.derive("gold.visit_totals").mode == "full"
    assert len(shelf.rows("gold.visit_totals")) == 3


def compact(shelf: Shelf) -> None:
    shelf.store.lake.delta("silver.visits").optimize.compact()


def compact_and_vacuum(shelf: Shelf) -> None:
    compact(shelf)
    shelf.store.lake.delta("silver.visits").vacuum(0, enforce_retention_duration=False, dry_run=False)


def forget_log(shelf: Shelf) -> None:
    """As after the retention time of the log: a checkpoint, and the commits before it gone."""
    table = shelf.store.lake.delta("silver.visits")
    # One more commit, empty: the log keeps its last one.
    write_deltalake(table, table.to_pyarrow_table().slice(0, 0), mode="append")
    shelf.store.lake.delta("silver.visits").create_checkpoint()
    for commit in sorted((shelf.store.lake.folder("silver.visits") / "_delta_log").glob("*.json"))[:-1]:
        commit.unlink()


def add_column(shelf: Shelf) -> None:
    shelf.store.ensure("silver.visits", [DerivedColumn(name="note", type="string", description="note")])


@embedded_unless_thorough
@pytest.mark.parametrize(
    ("spoil", "mode"),
    [
        pytest.param(compact, "incremental", id="compacted"),
        pytest.param(compact_and_vacuum, "full", id="vacuumed"),
        pytest.param(forget_log, "full", id="log lost"),
        pytest.param(add_column, "full", id="column added"),
    ],
)
def test_change_that_cannot_be_told_leads_to_a_full_computation(
    shelf: Shelf, spoil: Callable[[Shelf], None], mode: str
):
    shelf.write("silver.visits", VISITS)
    shelf.modes()
    shelf.write("silver.visits", [("a", "2023Q4", 1, 4), *VISITS[1:3]])
    spoil(shelf)
    assert shelf.derive("gold.visit_totals").mode == mode
    assert shelf.rows("gold.visit_totals") == [
        ("a", "2023Q4", 4, False),
        ("a", "2024Q1", 5, True),
        ("b", "2024Q1", 7, True),
    ]


@embedded_unless_thorough
def test_compacted_input_without_other_changes_is_skipped(shelf: Shelf):
    shelf.write("silver.visits", VISITS[:2])
    shelf.write("silver.visits", VISITS)
    shelf.modes()
    compact(shelf)
    assert shelf.derive("gold.visit_totals").mode == "skipped"


@embedded_unless_thorough
def test_result_that_differs_from_its_declaration_is_refused_with_all_differences(shelf: Shelf):
    shelf.write("silver.visits", VISITS)
    wrong = replace(
        SPECS["gold.visit_totals"],
        function=lambda visits, *, limits: visits.selectExpr("ccn", "quarter", "CAST(n AS int) AS n", "1 AS surplus"),
    )
    with pytest.raises(LoadError) as caught:
        shelf.derive("gold.visit_totals", wrong)
    for part in ("lacks busy", "has surplus", "n is int, declared bigint"):
        assert part in caught.value.message
    assert shelf.rows("gold.visit_totals") == []


# --- incremental = full --------------------------------------------------------------------------------------------


def random_visits(chance: random.Random, before: list[tuple]) -> list[tuple]:
    """Some rows changed, some gone, some new; now and then nothing at all is left of a home."""
    gone = {chance.choice("abcdef")} if chance.random() < 0.3 else set()
    kept = [r for r in before if r[0] not in gone and chance.random() > 0.2]
    changed = [(*r[:3], chance.randrange(9)) if chance.random() < 0.2 else r for r in kept]
    known = {r[:3] for r in changed}
    fresh = {
        (chance.choice("abcdef"), chance.choice(QUARTERS), chance.randrange(3)) for _ in range(chance.randrange(6))
    }
    return changed + [(*key, chance.choice([1, 2, None])) for key in sorted(fresh - known)]


SEEDS = st.integers(min_value=0, max_value=10**6)


def check_random_changes(folder: Path, engine: Engine, seed: int) -> None:
    chance = random.Random(seed)
    shelf = Shelf(folder, engine, WORLD)
    rows: list[tuple] = []
    for _ in range(4):
        rows = random_visits(chance, rows)
        shelf.write("silver.visits", rows)
        if chance.random() < 0.5:
            shelf.write("silver.homes", [(ccn, chance.choice([50, 60])) for ccn in "abc" if chance.random() < 0.8])
        shelf.modes()
        shelf.hold_to_full(seed)


@examples(2, 20)
@given(seed=SEEDS)
def test_incremental_result_is_the_full_result_over_random_changes(
    tmp_path_factory: pytest.TempPathFactory, engine: Engine, seed: int
):
    check_random_changes(tmp_path_factory.mktemp("shelf"), engine, seed)
