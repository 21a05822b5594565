"""What changed in a table, read from its log."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from nh_lakehouse.lakehouse import Lakehouse
from nh_lakehouse.lakehouse.changes import changed_files, changed_keys, changed_periods, distinct_values

NAME = "silver.things"


class Table:
    """A small table written by `deltalake`: (key, hash) rows."""

    def __init__(self, root: Path) -> None:
        self.lake = Lakehouse(root)
        self.append(("a", 1), ("b", 1))

    def append(self, *rows: tuple, mode: str = "append") -> None:
        data = pa.table(
            {"k": pa.array([r[0] for r in rows], pa.string()), "_row_hash": pa.array([r[1] for r in rows], pa.int64())}
        )
        write_deltalake(self.lake.path(NAME), data, mode=mode)

    @property
    def delta(self) -> DeltaTable:
        return self.lake.delta(NAME)

    def changed(self, since: int, until: int | None = None) -> set[str | None] | None:
        files = changed_files(self.lake, NAME, since, self.lake.version(NAME) if until is None else until)
        if files is None:
            return None
        with duckdb.connect() as connection:
            changed_keys(connection, files, ["k"], "changed")
            return {row[0] for row in connection.execute("SELECT k FROM changed").fetchall()}


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path)


def test_nothing_between_a_version_and_itself(table: Table):
    assert table.changed(0) == set()


def test_appended_keys(table: Table):
    table.append(("c", 1), (None, 1))
    assert table.changed(0) == {"c", None}


def test_updated_and_deleted_keys_but_not_their_neighbours_in_the_file(table: Table):
    table.delta.update(updates={"_row_hash": "2"}, predicate="k = 'a'")
    assert table.changed(0) == {"a"}
    table.delta.delete("k = 'b'")
    assert (table.changed(1), table.changed(0)) == ({"b"}, {"a", "b"})


def test_change_and_change_back_is_no_change(table: Table):
    table.delta.update(updates={"_row_hash": "2"}, predicate="k = 'a'")
    table.delta.update(updates={"_row_hash": "1"}, predicate="k = 'a'")
    assert table.changed(0) == set()


def test_same_row_once_more_is_a_change(table: Table):
    table.append(("a", 1))
    assert table.changed(0) == {"a"}


def test_only_the_asked_versions_count(table: Table):
    table.append(("c", 1))
    table.append(("d", 1))
    assert (table.changed(0, 1), table.changed(1)) == ({"c"}, {"d"})


def test_compaction_is_no_change(table: Table):
    table.append(("c", 1))
    before = table.lake.version(NAME)
    table.delta.optimize.compact()
    assert table.lake.version(NAME) == before + 1
    assert table.changed(before) == set()
    table.delta.delete("k = 'c'")
    assert table.changed(before) == {"c"}


def test_overwrite_of_the_whole(table: Table):
    table.append(("a", 1), ("c", 1), mode="overwrite")
    assert table.changed(0) == {"b", "c"}


def vacuum(table: Table) -> None:
    table.delta.update(updates={"_row_hash": "2"}, predicate="k = 'a'")
    table.delta.vacuum(0, enforce_retention_duration=False, dry_run=False)


def lose_log(table: Table) -> None:
    table.append(("c", 1))
    table.append(("d", 1))
    (table.lake.folder(NAME) / "_delta_log" / f"{1:020d}.json").unlink()


def change_schema(table: Table) -> None:
    from deltalake import Field
    from deltalake.schema import PrimitiveType

    table.delta.alter.add_columns(Field("more", PrimitiveType("string")))


def put_back(table: Table) -> None:
    table.append(("c", 1))
    table.delta.restore(0)
    change_schema(table)


@pytest.mark.parametrize("spoil", [vacuum, lose_log, change_schema, put_back], ids=lambda f: f.__name__)
def test_change_that_cannot_be_told_is_none(table: Table, spoil):
    spoil(table)
    assert table.changed(0) is None


def test_distinct_values_of_added_files(table: Table):
    table.append(("z", 1), (None, 1), ("y", 1), ("z", 2))
    files = changed_files(table.lake, NAME, 0, 1)
    assert files is not None
    assert distinct_values(files.added, "k") == ["y", "z"]
    assert distinct_values([], "k") == []


def test_file_names_with_special_characters_are_found(tmp_path: Path):
    lake = Lakehouse(tmp_path / "with blank, ünï & 100%")
    data = pa.table({"k": ["a b", "ü%"], "_row_hash": [1, 2]})
    write_deltalake(lake.path(NAME), data, partition_by=["k"])
    write_deltalake(lake.path(NAME), data, mode="append", partition_by=["k"])
    files = changed_files(lake, NAME, 0, 1)
    assert files is not None and len(files.added) == 2 and all(f.exists() for f in files.added)


# --- rows that count from a day on ---------------------------------------------------------------------------------

MONTHS = [date(2024, month, 1) for month in range(1, 13)]
TYPES = {
    "ccn": pa.string(), "beds": pa.int32(), "valid_from": pa.date32(), "valid_to": pa.date32(),
    "release": pa.date32(), "score": pa.float64(), "fiscal_year": pa.int32(), "rate": pa.float64(),
}  # fmt: skip


def periods_of(tmp_path: Path, since: str, came: list[dict[str, Any]], went: list[dict[str, Any]]) -> list[int]:
    """The months of 2024 for which rows differ between the files that came and those that went."""
    columns, until = list((came or went)[0]), "valid_to" if since == "valid_from" else None
    sides = []
    for side, rows in (("came", came), ("went", went)):
        path = tmp_path / f"{side}.parquet"
        pq.write_table(pa.Table.from_pylist(rows, schema=pa.schema([(c, TYPES[c]) for c in columns])), path)
        sides.append(f"SELECT * FROM '{path}'")
    content = [c for c in columns if not until or c not in (since, until)]
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE periods AS SELECT unnest(?::DATE[]) AS snapshot_month", [MONTHS])
        when = {"since": since, "until": until, "content": content, "period": "snapshot_month"}
        changed_periods(connection, *sides, "reached", **when)
        found = connection.execute("SELECT snapshot_month FROM reached ORDER BY 1").fetchall()
    return [day.month for (day,) in found]


def version(home: str, beds: int, since: int, until: int | None = None) -> dict[str, Any]:
    end = None if until is None else date(2024, until, 1)
    return {"ccn": home, "beds": beds, "valid_from": date(2024, since, 1), "valid_to": end}


@pytest.mark.parametrize(
    ("went", "came", "months"),
    [
        ([version("a", 1, 2)], [version("a", 1, 2, 9), version("a", 2, 9)], range(9, 13)),  # closed, a new one begins
        ([version("a", 1, 2)], [version("a", 1, 2, 9)], range(9, 13)),  # closed, no other
        ([version("a", 1, 2)], [version("a", 2, 2, 3), version("a", 1, 3)], [2]),  # one month is corrected
        ([version("a", 1, 2, 5), version("a", 1, 5)], [version("a", 1, 2)], []),  # told otherwise, the same is true
        ([version("a", 1, 2)], [version("b", 1, 2)], range(2, 13)),
        ([version("a", 1, 2), version("b", 3, 1)], [version("a", 1, 2), version("b", 3, 1)], []),  # written again
        ([], [version("a", 1, 11)], [11, 12]),
        ([version("a", None, 11)], [], [11, 12]),  # type: ignore[arg-type]
    ],
    ids=str,
)
def test_months_that_changed_versions_are_in_force(tmp_path: Path, went: list, came: list, months: Any):
    assert periods_of(tmp_path, "valid_from", came, went) == list(months)


def test_months_that_a_changed_edition_may_stand_for(tmp_path: Path):
    old = [{"ccn": "a", "release": date(2024, month, 1), "score": 1.0} for month in (3, 6)]
    new = [old[0], old[1] | {"score": 2.0}]
    assert periods_of(tmp_path, "release", new, old) == list(range(6, 13))
    assert periods_of(tmp_path, "release", old, old) == []


def test_months_of_the_years_from_a_changed_one_on(tmp_path: Path):
    old = [{"ccn": "a", "fiscal_year": year, "rate": 0.5} for year in (2023, 2025)]
    assert periods_of(tmp_path, "fiscal_year", [old[0] | {"rate": None}, old[1]], old) == list(range(1, 13))
    assert periods_of(tmp_path, "fiscal_year", [old[0], old[1] | {"rate": 0.1}], old) == []
