"""Bringing wanted rows into files, in both ways, without an engine: the same rows, counts that the files bear out."""

from __future__ import annotations

import random
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from nh_lakehouse.lakehouse import placing
from nh_lakehouse.lakehouse.adopt import Swap, swap
from nh_lakehouse.lakehouse.difference import Scope, difference
from nh_lakehouse.lakehouse.placing import connect, period_by_period, placed

KEY = ["grp", "id"]
#: grp, id, value, load that brought it; the hash is of the value alone.
Row = tuple[str | None, int, str | None, str]
#: ways of `placed` -> share of changed rows from which rows are written together
WAYS = {"together": 0.0, "file by file": 100.0}
EXTREMES: dict[str, float] = {"nothing stays": 1.0, "half": 0.5, "little": 0.05}


def arrow(rows: Sequence[Row]) -> pa.Table:
    fields = [("grp", pa.string()), ("id", pa.int32()), ("text", pa.string()), ("load", pa.string())]
    columns = list(zip(*rows, strict=True)) or [()] * len(fields)
    table = pa.table([pa.array(c, t) for c, (_, t) in zip(columns, fields, strict=True)], [n for n, _ in fields])
    return table.append_column("_row_hash", pa.array([zlib.crc32(repr(r[2]).encode()) for r in rows], pa.int64()))


class Files:
    """A table with a file per group of rows, and what is wanted of it."""

    def __init__(self, root: Path, parts: Sequence[Sequence[Row]]) -> None:
        self.root, self.folder = root, root / "table"
        for part in parts:
            write_deltalake(str(self.folder), arrow(part), mode="append")

    def place(self, wanted: Sequence[Row], scope: Scope = Scope(), order: Sequence[str] = ()) -> Swap:
        table = DeltaTable(str(self.folder))
        path = self.root / "wanted.parquet"
        pq.write_table(arrow(wanted), path)
        with connect(self.root) as connection:
            found = difference(connection, table, [path], KEY, scope)
            done = placed(
                connection, table, [path], KEY, found, Path(tempfile.mkdtemp(dir=self.root)) / "placed", order
            )
        told = {"insert": done.inserted_n, "update": done.updated_n, "delete": done.deleted_n}
        assert {action: n for action, n in told.items() if n} == found.counts
        swap(table, self.folder, done)
        return done

    def files(self) -> list[list[Row]]:
        """Rows of each data file, as they lie."""
        paths = DeltaTable(str(self.folder)).file_uris()
        return [[tuple(r.values())[:4] for r in pq.read_table(path).to_pylist()] for path in sorted(paths)]

    def rows(self) -> list[Row]:
        return sorted((row for file in self.files() for row in file), key=str)


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(placing, "_TOGETHER", WAYS[request.param])
    monkeypatch.setattr(placing, "_TOGETHER_IN_ORDER", WAYS[request.param])
    return request.param


@pytest.mark.parametrize("order", [(), ("grp", "id")], ids=["as it comes", "in order"])
@pytest.mark.parametrize("share", EXTREMES)
def test_rows_and_counts_are_those_of_an_upsert_by_hand(tmp_path: Path, way: str, share: str, order: tuple) -> None:
    chance = random.Random(f"{way} {share} {order}")
    before = [[(g if g != "e" else None, i, chance.choice("xy"), "old") for i in range(40)] for g in "abcde"]
    wanted: dict[tuple, Row] = {}
    for group in before:
        for row in group:
            fate = chance.choice(["gone", "new value"]) if chance.random() < EXTREMES[share] else "same"
            if fate != "gone":
                wanted[row[:2]] = (*row[:2], "z" if fate == "new value" else row[2], "new")
    wanted |= {("f", i): ("f", i, None, "new") for i in range(7)}
    table = Files(tmp_path, before)
    done = table.place(list(wanted.values()), order=order)
    present = {row[:2]: row for group in before for row in group}
    # A row that only came once more keeps the load that brought it first.
    expected = [present[k] if k in present and present[k][2] == row[2] else row for k, row in wanted.items()]
    assert table.rows() == sorted(expected, key=str)
    assert done.inserted_n == 7
    assert done.updated_n == sum(k in present and present[k][2] != row[2] for k, row in wanted.items())
    assert done.deleted_n == len(present.keys() - wanted.keys())
    if order and way == "together":
        assert all(file == sorted(file, key=lambda r: (r[0] is None, r[0] or "", r[1])) for file in table.files())


def test_new_rows_do_not_draw_the_files_of_few_changed_ones_together(tmp_path: Path) -> None:
    parts: list[list[Row]] = [[(g, i, "x", "old") for i in range(100)] for g in "abc"]
    table = Files(tmp_path, parts)
    changed = [(g, 0, "y", "new") for g in "abc"]
    new = [("d", i, "x", "new") for i in range(200)]
    table.place([*changed, *[row for part in parts for row in part[1:]], *new])
    assert sorted("".join(sorted({str(row[0]) for row in file})) for file in table.files()) == ["a", "b", "c", "d"]


def test_more_rows_than_are_sorted_keep_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "SORT_ROWS", 50)
    table = Files(tmp_path, [[(g, i, "x", "old") for i in range(100)] for g in "abc"])
    changed: list[Row] = [(g, i, "y", "new") for i in range(90) for g in "abc"]
    same: list[Row] = [(g, i, "x", "new") for i in range(90, 100) for g in "abc"]
    assert table.place([*changed, *same], order=("grp", "id")).updated_n == 270
    assert [[row[:2] for row in file] for file in sorted(table.files())] == [
        [(g, i) for i in range(100)] for g in "abc"
    ]
    # Where nothing stays, the staged rows are taken as they are, for `optimize` to sort.
    table.place([(g, i, "z", "newer") for i in range(100) for g in "abc"], order=("grp", "id"))
    assert len(table.files()) == 1 and not (tmp_path / "wanted.parquet").exists()


def test_rows_outside_the_scope_stay(tmp_path: Path, way: str) -> None:
    old: list[Row] = [("a", 1, "x", "old"), ("a", 2, "x", "old"), ("b", 1, "x", "old"), (None, 1, "x", "old")]
    table = Files(tmp_path, [old])
    keys = tmp_path / "keys.parquet"
    pq.write_table(pa.table({"grp": pa.array([None, "a"], pa.string())}), keys)
    done = table.place([("a", 1, "y", "new"), ("a", 3, "x", "new")], Scope(keys=(keys, ["grp"])))
    assert table.rows() == sorted([("a", 1, "y", "new"), ("a", 3, "x", "new"), old[2]], key=str)
    assert (done.inserted_n, done.updated_n, done.deleted_n, done.copied_n) == (1, 1, 2, 1)


def test_all_rows_gone(tmp_path: Path, way: str) -> None:
    table = Files(tmp_path, [[("a", 1, "x", "old")], [("b", 1, "x", "old")]])
    assert table.place([]).deleted_n == 2
    assert table.rows() == []


def test_staged_files_take_the_place_of_files_of_which_nothing_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = Files(tmp_path, [[("a", 1, "x", "old"), ("a", 2, "x", "old")], [("b", 1, "x", "old")]])
    # Nothing may be written: the staged file itself is taken.
    monkeypatch.setattr(placing, "_in_files", None)
    done = table.place([("a", 1, "y", "new"), ("c", 1, "x", "new")], Scope("grp <> 'b'"))
    assert (done.added, done.copied_n) == ((tmp_path / "wanted.parquet",), 0)
    assert table.rows() == [("a", 1, "y", "new"), ("b", 1, "x", "old"), ("c", 1, "x", "new")]


def test_rows_that_stay_keep_the_order_of_their_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "FILE_ROWS", 4096)
    parts = [[(g, i, "x", "old") for i in range(3000)] for g in "abc"]
    table = Files(tmp_path, parts)
    changed = [(g, i, "y", "new") for g in "ab" for i in range(0, 3000, 10)]
    keys = tmp_path / "keys.parquet"
    pq.write_table(arrow(changed).select(KEY), keys)
    done = table.place(changed, Scope(keys=(keys, KEY)))
    assert done.updated_n == 600 and done.copied_n == 5400
    lie = [row[:2] for file in table.files() for row in file if row[3] == "old" and row[0] != "c"]
    stayed = {g: [(g, i) for i in range(3000) if i % 10] for g in "ab"}
    # Files come in any order, each in one piece.
    assert lie in (stayed["a"] + stayed["b"], stayed["b"] + stayed["a"])


def months(*rows_of: Sequence[str | None]) -> list[list[Row]]:
    """Files with a row for each month given."""
    return [[(month, i, None, "x") for i, month in enumerate(file)] for file in rows_of]


def split(tmp_path: Path, files: Sequence[Sequence[Row]]) -> tuple[list[Path], list[Path]]:
    """The files that came, and those that they are split into."""
    table = Files(tmp_path, [files[0]])
    came = []
    for number, rows in enumerate(files):
        came.append(tmp_path / f"came_{number}.parquet")
        pq.write_table(arrow(rows), came[-1])
    return came, period_by_period(DeltaTable(str(table.folder)), came, "grp", tmp_path / "placed" / "by_period")


def test_periods_that_come_together_get_files_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "PERIOD_ROWS", 2)
    came, found = split(
        tmp_path, months(["2024Q2", "2024Q1", "2024Q1", None], ["2024Q1", "2024Q2", "2024'Q3", None], [])
    )
    read = [pq.read_table(f).select(["grp", "id"]).to_pydict() for f in found]
    # Rows of a period lie as they came, those of the first file first; what is small shares a file.
    assert sorted(read, key=str) == sorted(
        [
            {"grp": [None, "2024'Q3", None], "id": [3, 2, 3]},
            {"grp": ["2024Q1"] * 3, "id": [1, 2, 0]},
            {"grp": ["2024Q2"] * 2, "id": [0, 1]},
        ],
        key=str,
    )
    assert {f.name: f.type for f in pq.read_schema(found[0])} == {f.name: f.type for f in pq.read_schema(came[0])}


def test_mixed_file_beside_one_without_rows_is_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "PERIOD_ROWS", 2)
    _, found = split(tmp_path, months(["2024Q1", "2024Q2"] * 2, []))
    assert [pq.read_metadata(f).num_rows for f in found] == [2, 2]


@pytest.mark.parametrize(
    ("files", "least"),
    [
        (months(["2024Q1"] * 3, ["2024Q2"] * 3), 1),
        (months(["2024Q1", "2024Q2", "2024Q3"]), 2),
        (months(["2024Q1"] * 9), 1),
        (months([]), 1),
    ],
    ids=["one period in each", "small periods", "one period", "no rows"],
)
def test_files_that_are_apart_and_those_of_small_periods_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: list[list[Row]], least: int
) -> None:
    monkeypatch.setattr(placing, "PERIOD_ROWS", least)
    came, found = split(tmp_path, files)
    assert found == came


def test_more_rows_than_are_sorted_are_not_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "PERIOD_ROWS", 1)
    monkeypatch.setattr(placing, "SORT_ROWS", 3)
    came, found = split(tmp_path, months(["2024Q1", "2024Q2"] * 2))
    assert found == came
