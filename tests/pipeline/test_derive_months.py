"""Tables whose months are computed one by one, where inputs count for later months too: always equal to everything."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake
from hypothesis import given
from hypothesis import strategies as st
from shelf import Shelf, World
from tables import months
from tables.months import DECLARED
from thorough import embedded_unless_thorough, examples

from nh_lakehouse.declare import Reach, TableSpec
from nh_lakehouse.engines import Engine
from nh_lakehouse.lakehouse.changes import FileChanges
from nh_lakehouse.pipeline import derive as derive_module

SPECS: dict[str, TableSpec] = {f.__table__.name: f.__table__ for f in (months.stay_bill, months.stay_trend)}
KEYS = {
    "silver.stays": ["ccn", "month"],
    "silver.owners": ["ccn", "valid_from"],
    "silver.rates": ["year", "kind"],
    "silver.scores": ["ccn", "released"],
}
WORLD = World(SPECS, DECLARED, KEYS)
MONTHS = [date(2023 + n // 12, n % 12 + 1, 1) for n in range(8, 20)]  # September 2023 to August 2024


@pytest.fixture(autouse=True)
def declared(monkeypatch: pytest.MonkeyPatch) -> None:
    """The small tables take the place of those of the package."""
    monkeypatch.setattr(derive_module, "load_tables", lambda: DECLARED)


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[int]]:
    """Table -> the months that were computed the last time, counted from September 2023 = 0; all tables told."""
    found: dict[str, list[int]] = {}
    real = derive_module._affected

    def watched(spec, *rest):
        affected = real(spec, *rest)
        if affected is None:
            found[spec.name] = ["everything"]
        else:
            days = pq.read_table(affected.output)["month"].to_pylist() if affected.count else []
            found[spec.name] = sorted(MONTHS.index(day) for day in days if day in MONTHS)
        return affected

    monkeypatch.setattr(derive_module, "_affected", watched)
    return found


@pytest.fixture
def shelf(tmp_path: Path, engine: Engine) -> Iterator[Shelf]:
    """Two homes in all months but the last, a change of owner, rates of two years, two releases of scores."""
    one = Shelf(tmp_path, engine, WORLD)
    one.write("silver.stays", [(ccn, month, 1) for ccn in "ab" for month in MONTHS[:-1]])
    one.write("silver.owners", OWNERS)
    one.write("silver.rates", [(2023, "stay", 1.0), (2024, "stay", 2.0), (2023, "other", 9.0)])
    one.write("silver.scores", [(ccn, MONTHS[n], n) for ccn in "ab" for n in (2, 8)])
    assert one.modes() == {"stay_bill": "full", "stay_trend": "full"}
    yield one


OWNERS = [("a", "old", "1", MONTHS[0], MONTHS[5]), ("a", "new", "1", MONTHS[5], None), ("b", "b", "1", MONTHS[0], None)]
LATER = list(range(4, 11))  # the loaded months of 2024


def test_a_month_that_comes_or_is_corrected_is_computed_and_what_looks_back_at_it(
    shelf: Shelf, computed: dict[str, list[int]]
) -> None:
    rows = [(ccn, month, 1) for ccn in "ab" for month in MONTHS]
    shelf.write("silver.stays", rows)
    shelf.modes()
    assert computed == {"gold.stay_bill": [11], "gold.stay_trend": [11]}
    rows[3] = ("a", MONTHS[3], 7)
    shelf.write("silver.stays", rows)
    shelf.modes()
    assert computed == {"gold.stay_bill": [3], "gold.stay_trend": [3, 4, 5]}
    sums = {month: n for ccn, month, n in shelf.rows("gold.stay_trend") if ccn == "a"}
    assert [sums[month] for month in MONTHS] == [1, 2, 3, 9, 9, 9, 3, 3, 3, 3, 3, 3]
    shelf.hold_to_full("corrected")


@embedded_unless_thorough
def test_few_months_are_told_without_a_join_and_many_with_one(
    shelf: Shelf, computed: dict[str, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    joined: list[list[str]] = []
    real = derive_module.semi_join
    monkeypatch.setattr(derive_module, "semi_join", lambda *args: joined.append(list(args[2])) or real(*args))
    found = []
    for hours, most in ((7, derive_module._MAX_LITERALS), (8, 2)):
        monkeypatch.setattr(derive_module, "_MAX_LITERALS", most)
        joined.clear()
        shelf.write(
            "silver.stays", [(ccn, month, hours if month == MONTHS[3] else 1) for ccn in "ab" for month in MONTHS]
        )
        shelf.modes()
        assert computed["gold.stay_trend"][:3] == [3, 4, 5]
        found.append(len(joined))
        shelf.hold_to_full(hours)
    # The bill of one month is told by it both times; what looks back at three reads five and writes three.
    assert found == [0, 2]


@embedded_unless_thorough
def test_a_month_that_goes_takes_its_rows_along(shelf: Shelf, computed: dict[str, list[int]]) -> None:
    shelf.write("silver.stays", [(ccn, month, 1) for ccn in "ab" for month in MONTHS[:-1] if month != MONTHS[6]])
    shelf.modes()
    assert computed == {"gold.stay_bill": [6], "gold.stay_trend": [6, 7, 8]}
    assert MONTHS[6] not in {month for _, month, *_ in shelf.rows("gold.stay_trend")}
    shelf.hold_to_full("gone")


@embedded_unless_thorough
@pytest.mark.parametrize(
    ("table", "rows", "bill"),
    [
        # From June 2024 on another owner; the version that is closed says the same of the months before.
        ("silver.owners", [*OWNERS[:1], ("a", "new", "1", MONTHS[5], MONTHS[9]), ("a", "newest", "1", MONTHS[9], None),
                           OWNERS[2]], [9, 10]),
        ("silver.owners", [*OWNERS[:2], ("b", "b", "2", MONTHS[0], None)], []),  # a telephone number, which is not read
        ("silver.owners", OWNERS[:2], list(range(11))),  # b's owner is not known any more
        ("silver.rates", [(2023, "stay", 1.0), (2024, "stay", 3.0), (2023, "other", 9.0)], LATER),
        ("silver.rates", [(2023, "stay", 1.0), (2024, "stay", 2.0), (2023, "other", 8.0)], []),  # a kind that is not read
        ("silver.rates", [(2023, "stay", 1.0), (2024, "stay", 2.0), (2023, "other", 9.0), (2025, "stay", 4.0)], []),
        ("silver.scores", [("a", MONTHS[2], 2), ("b", MONTHS[2], 2), ("a", MONTHS[8], 5), ("b", MONTHS[8], 8)], [8, 9, 10]),
        ("silver.scores", [(ccn, MONTHS[n], n) for ccn in "ab" for n in (2, 7, 8)], [7, 8, 9, 10]),
    ],
    ids=["owner changes", "telephone", "owner lost", "rate", "other kind", "rate to come", "score", "release between"],
)  # fmt: skip
def test_a_change_reaches_the_months_for_which_the_row_counts(
    shelf: Shelf, computed: dict[str, list[int]], table: str, rows: list[tuple], bill: list[int]
) -> None:
    shelf.write(table, rows)
    shelf.modes()
    assert computed["gold.stay_bill"] == bill
    shelf.hold_to_full(table)


@embedded_unless_thorough
@pytest.mark.parametrize("table", ["silver.owners", "silver.stays"])
def test_an_input_written_again_without_a_change_is_skipped(shelf: Shelf, table: str) -> None:
    rows = {"silver.owners": OWNERS, "silver.stays": [(ccn, month, 1) for ccn in "ab" for month in MONTHS[:-1]]}[table]
    shelf.write(table, rows[:-1])
    shelf.write(table, rows)
    assert set(shelf.modes().values()) == {"skipped"}  # the same rows in other files
    version = shelf.store.lake.version(table)
    shelf.store.lake.delta(table).optimize.compact()
    assert shelf.store.lake.version(table) == version + 1
    assert set(shelf.modes().values()) == {"skipped"}


@embedded_unless_thorough
@pytest.mark.parametrize("reads", ["SELECT", "FILTER"])
def test_a_function_gets_no_column_that_its_reach_does_not_name(shelf: Shelf, reads: str) -> None:
    """Else it would read what nobody compares: `phone` of the owners."""

    def curious(stays, owners, rates, scores):
        read = owners.select("ccn", "phone") if reads == "SELECT" else owners.where("phone = '1'").select("ccn")
        return months.stay_bill(stays, owners, rates, scores).join(read.select("ccn"), "ccn", how="left_semi")

    spec = replace(SPECS["gold.stay_bill"], function=curious)
    with pytest.raises(Exception, match="phone"):
        shelf.derive("gold.stay_bill", spec, fingerprint="another")


@embedded_unless_thorough
def test_a_column_that_older_files_lack_is_null_there(tmp_path: Path) -> None:
    """The first file has no owner; the second closes its version and says the same, and begins another."""
    first = pa.table({"ccn": ["a"], "valid_from": [MONTHS[0]], "valid_to": pa.array([None], pa.date32())})
    rows = {"ccn": ["a", "a"], "valid_from": [MONTHS[0], MONTHS[6]], "valid_to": [MONTHS[6], None]}
    write_deltalake(tmp_path / "owners", first)
    old = FileChanges((), tuple(Path(f) for f in DeltaTable(tmp_path / "owners").file_uris()))
    write_deltalake(
        tmp_path / "owners", pa.table({**rows, "owner": [None, "new"]}), mode="overwrite", schema_mode="overwrite"
    )
    table = DeltaTable(tmp_path / "owners")
    files = FileChanges(tuple(Path(f) for f in table.file_uris()), old.removed)
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE periods AS SELECT unnest(?::DATE[]) AS month", [MONTHS])
        reach = Reach("valid_from", ("ccn", "owner"))
        derive_module._reached_periods(connection, table, files, reach, "month", "reached")
        found = connection.execute("SELECT month FROM reached ORDER BY 1").fetchall()
    assert [day for (day,) in found] == MONTHS[6:]


# --- over random changes -------------------------------------------------------------------------------------------


def random_versions(chance: random.Random) -> list[tuple]:
    """Versions of some homes, one behind the other, some of them ended."""
    rows = []
    for ccn in "abc":
        starts = sorted(chance.sample(range(len(MONTHS)), chance.randrange(4)))
        for place, start in enumerate(starts):
            last = place + 1 == len(starts)
            end = (None if chance.random() < 0.7 else MONTHS[-1]) if last else MONTHS[starts[place + 1]]
            if end is None or end > MONTHS[start]:
                rows.append((ccn, chance.choice(["x", "y", None]), chance.choice("12"), MONTHS[start], end))
    return rows


def some(chance: random.Random, keys: list[tuple], values: list[object]) -> list[tuple]:
    """Some of the keys, each with a value."""
    return [(*key, chance.choice(values)) for key in keys if chance.random() < 0.7]


@examples(3, 30)
@given(seed=st.integers(min_value=0, max_value=10**6))
def test_months_one_by_one_are_everything_over_random_changes(
    tmp_path_factory: pytest.TempPathFactory, engine: Engine, seed: int
) -> None:
    chance = random.Random(seed)
    shelf = Shelf(tmp_path_factory.mktemp("shelf"), engine, WORLD)
    shelf.write("silver.stays", [("a", MONTHS[0], 1)])
    for _ in range(4):
        wanted = {
            "silver.stays": some(chance, [(ccn, month) for ccn in "abc" for month in MONTHS], [1, 2, None]),
            "silver.owners": random_versions(chance),
            "silver.rates": some(chance, [(y, k) for y in (2022, 2023, 2024) for k in ("stay", "other")], [0.5, None]),
            "silver.scores": some(chance, [(ccn, month) for ccn in "ab" for month in MONTHS[::3]], [1, 2]),
        }
        for table in chance.sample(sorted(wanted), chance.randrange(1, 5)):
            shelf.write(table, wanted[table])
        shelf.modes()
        shelf.hold_to_full(seed)
