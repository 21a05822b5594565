"""`publish` makes a table equal to a frame in one commit that holds the difference alone: a grid of what may differ."""

from __future__ import annotations

import random
import shutil
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from nh_lakehouse.contracts.model import DerivedColumn
from nh_lakehouse.engines import Engine
from nh_lakehouse.errors import LoadError, RowAccountingError
from nh_lakehouse.lakehouse import Lakehouse, placing
from nh_lakehouse.lakehouse import store as store_module
from nh_lakehouse.lakehouse.adopt import Swap, adopt
from nh_lakehouse.lakehouse.difference import Difference, difference
from nh_lakehouse.lakehouse.duckdb_sql import sql_file, sql_name, sql_value
from nh_lakehouse.lakehouse.placing import placed
from nh_lakehouse.lakehouse.schema import spark_schema
from nh_lakehouse.lakehouse.store import Published, Store, parquet_files, semi_join
from nh_lakehouse.silver.row_hash import ROW_HASH, row_hash

NAME = "silver.things"
COLUMNS = tuple(
    DerivedColumn(name=n, type=t, description=n)
    for n, t in (("grp", "string"), ("id", "int"), ("text", "string"), ("_source_file", "string"))
)
HASH = DerivedColumn(name=ROW_HASH, type="bigint", description="hash")
KEY = ["grp", "id"]


class Bench:
    """A store with one table, written through `publish`."""

    def __init__(self, root: Path, engine: Engine) -> None:
        self.commits: list[str] = []
        self.store = Store(Lakehouse(root), engine, root / "_staging", self.commits.append)
        self.store.ensure(NAME, [*COLUMNS, HASH])

    def frame(self, rows: list[tuple]):
        filled = [(*row, "f1")[:4] if len(row) == 3 else row for row in rows]
        frame = self.store.engine.session.createDataFrame(filled, spark_schema(COLUMNS))
        return frame.select("*", row_hash(COLUMNS[:3]).alias(ROW_HASH))

    def publish(self, rows: list[tuple], **options) -> Published:
        return self.store.publish(NAME, self.frame(rows), key=KEY, **options)

    def rows(self) -> list[tuple]:
        """Read back by a second reader."""
        table = DeltaTable(self.store.lake.path(NAME)).to_pyarrow_table(columns=["grp", "id", "text"])
        return sorted((tuple(r.values()) for r in table.to_pylist()), key=str)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Path:
    """A table of four rows, two of which have a null in their key."""
    root = tmp_path_factory.mktemp("bench")
    bench = Bench(root, engine)
    assert bench.publish(BEFORE) == Published(0, 1, inserted_n=4)
    return root


@pytest.fixture
def bench(started: Path, tmp_path: Path, engine: Engine) -> Bench:
    """A copy of the table for one test."""
    shutil.copytree(started, tmp_path / "lake")
    bench = Bench(tmp_path / "lake", engine)
    bench.commits.clear()
    return bench


BEFORE = [("a", 1, "x"), ("a", 2, None), (None, 1, "x"), ("b", None, "x")]

#: case -> wanted rows; then inserted, updated, deleted.
GRID = {
    "same": (BEFORE, 0, 0, 0),
    "same in another order": (BEFORE[::-1], 0, 0, 0),
    "new": ([*BEFORE, ("a", 3, "x")], 1, 0, 0),
    "new with a null key": ([*BEFORE, (None, 2, "x"), (None, None, "x")], 2, 0, 0),
    "changed": ([("a", 1, "y"), *BEFORE[1:]], 0, 1, 0),
    "changed to null": ([("a", 1, None), *BEFORE[1:]], 0, 1, 0),
    "changed from null": ([BEFORE[0], ("a", 2, "y"), *BEFORE[2:]], 0, 1, 0),
    "changed with a null key": ([*BEFORE[:2], (None, 1, "y"), BEFORE[3]], 0, 1, 0),
    "changed, half the key null": ([*BEFORE[:3], ("b", None, "y")], 0, 1, 0),
    "vanished": (BEFORE[1:], 0, 0, 1),
    "vanished with a null key": ([*BEFORE[:2], BEFORE[3]], 0, 0, 1),
    "all vanished": ([], 0, 0, 4),
    "key moved": ([("a", 9, "x"), *BEFORE[1:]], 1, 0, 1),
    "all at once": ([("a", 1, "y"), ("a", 2, None), ("b", None, "x"), ("c", 1, "x")], 1, 1, 1),
    "all replaced": ([("z", 1, "x"), ("z", 2, "x")], 2, 0, 4),
}


@pytest.mark.spark35
@pytest.mark.parametrize("case", GRID)
def test_publish_makes_the_table_equal_to_the_frame(bench: Bench, case: str) -> None:
    wanted, inserted, updated, deleted = GRID[case]
    done = bench.publish(wanted)
    assert bench.rows() == sorted(wanted, key=str)
    assert (done.inserted_n, done.updated_n, done.deleted_n) == (inserted, updated, deleted)
    commits = 1 if inserted or updated or deleted else 0
    assert (done.version_before, done.version_after) == (1, 1 + commits)
    assert bench.commits == [NAME] * commits
    # Once more: nothing is left to do.
    assert bench.publish(wanted) == Published(done.version_after, done.version_after)


def test_publish_into_an_empty_table_appends(tmp_path: Path, engine: Engine) -> None:
    bench = Bench(tmp_path, engine)
    assert bench.publish(BEFORE).inserted_n == 4
    assert bench.store.lake.history(NAME)[0]["operation"] == "WRITE"


def test_publish_again_after_all_rows_vanished(bench: Bench) -> None:
    bench.publish([])
    assert bench.publish(BEFORE[:2]).inserted_n == 2
    assert bench.rows() == sorted(BEFORE[:2], key=str)


def test_scope_leaves_rows_outside_alone(bench: Bench) -> None:
    done = bench.publish([("a", 2, "y")], scope="grp = 'a'")
    assert (done.inserted_n, done.updated_n, done.deleted_n) == (0, 1, 1)
    assert bench.rows() == sorted([("a", 2, "y"), *BEFORE[2:]], key=str)


def test_scope_keys_compare_null_safe(bench: Bench) -> None:
    (keys, *_) = parquet_files(bench.store.stage(bench.frame([(None, 0, "")]).select("grp").coalesce(1), "keys"))
    done = bench.publish([(None, 2, "x")], scope_keys=(keys, ["grp"]))
    assert (done.inserted_n, done.updated_n, done.deleted_n) == (1, 0, 1)
    assert bench.rows() == sorted([*BEFORE[:2], (None, 2, "x"), BEFORE[3]], key=str)


def test_new_scope_is_appended_without_comparing(bench: Bench) -> None:
    done = bench.publish([("c", 1, "x")], scope="grp = 'c'", scope_is_new=True)
    assert (done.version_after, done.inserted_n) == (2, 1)
    assert len(bench.rows()) == 5


def test_by_file_counts_inserted_updated_and_wanted_rows_of_each_file(bench: Bench) -> None:
    wanted = [("a", 1, "y", "f2"), BEFORE[1], *BEFORE[2:], ("c", 1, "x", "f2"), ("c", 2, "x", "f3")]
    done = bench.publish(wanted, provenance=["_source_file", "grp"])
    changed = {("f2", "a"): (0, 1, 1), ("f2", "c"): (1, 0, 1), ("f3", "c"): (1, 0, 1)}
    assert {file: n for file, n in done.by_file.items() if n[:2] != (0, 0)} == changed
    # Those of the file that was there, all unchanged.
    assert sum(n for _, _, n in done.by_file.values()) == len(wanted)
    new = bench.publish([("d", 1, "x", "f4")], scope="grp = 'd'", scope_is_new=True, provenance=["_source_file"])
    assert new.by_file == {("f4",): (1, 0, 1)}


def test_new_rows_of_a_table_with_an_order_are_sorted_and_cut(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "FILE_ROWS", 2048)
    rows = [(f"z{number:04d}", 1, "x") for number in range(3000)]
    bench.publish([*BEFORE, *random.Random(1).sample(rows, 3000)], order=["grp"])
    adds = pa.table(bench.store.lake.delta(NAME).get_add_actions(flatten=True)).to_pylist()
    new = sorted((a["num_records"], a["min.grp"], a["max.grp"]) for a in adds if a["min.grp"].startswith("z"))
    assert new == [(952, "z2048", "z2999"), (2048, "z0000", "z2047")]
    # A change writes the file again that holds it, in its order.
    bench.publish([*BEFORE, *[(g, i, "y" if g == "z2100" else "x") for g, i, _ in rows]], order=["grp"])
    adds = pa.table(bench.store.lake.delta(NAME).get_add_actions(flatten=True)).to_pylist()
    assert sorted(a["num_records"] for a in adds if a["min.grp"].startswith("z")) == [952, 2048]
    monkeypatch.setattr(placing, "SORT_ROWS", 10)
    monkeypatch.setattr(store_module, "SORT_ROWS", 10)
    more = [(f"y{number:04d}", 1, "x") for number in range(20)]
    assert bench.publish(more, scope="grp LIKE 'y%'", order=["grp"]).inserted_n == 20


def test_correction_of_a_month_writes_that_month_alone_though_all_came_together(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing, "PERIOD_ROWS", 3)
    monkeypatch.setattr(store_module, "PERIOD_ROWS", 3)
    months = (DerivedColumn(name="snapshot_month", type="date", description="month"), *COLUMNS[1:3])
    store = Store(Lakehouse(tmp_path), engine, tmp_path / "_staging")
    store.ensure("silver.months", [*months, HASH], indexed=["snapshot_month"])

    def publish(rows: list[tuple], **options) -> Published:
        frame = store.engine.session.createDataFrame(rows, spark_schema(months))
        frame = frame.select("*", row_hash(months).alias(ROW_HASH))
        return store.publish("silver.months", frame, key=["snapshot_month", "id"], **options)

    rows = [(date(2024, month, 1), number, "x") for number in range(4) for month in (10, 11, 12)]
    assert publish(rows).inserted_n == 12
    adds = pa.table(store.lake.delta("silver.months").get_add_actions(flatten=True)).to_pylist()
    assert sorted((a["num_records"], a["min.snapshot_month"].month, a["max.snapshot_month"].month) for a in adds) == [
        (4, 10, 10),
        (4, 11, 11),
        (4, 12, 12),
    ]
    corrected = [(m, n, "y" if (m.month, n) == (10, 2) else x) for m, n, x in rows if m.month == 10]
    done = publish(corrected, scope="snapshot_month = DATE '2024-10-01'")
    assert (done.inserted_n, done.updated_n, done.deleted_n) == (0, 1, 0)
    metrics = store.lake.history("silver.months")[0]["operationMetrics"]
    assert (metrics["numTargetRowsCopied"], metrics["numTargetFilesRemoved"]) == ("3", "1")
    found = [tuple(r.values())[:3] for r in store.lake.arrow("silver.months").to_pylist()]
    assert sorted(found) == sorted([*corrected, *[r for r in rows if r[0].month != 10]])


def test_row_that_only_came_in_another_file_is_unchanged(bench: Bench) -> None:
    assert bench.publish([(*row, "f9") for row in BEFORE]) == Published(1, 1)


def test_texts_with_quotes_and_backslashes_in_keys(bench: Bench) -> None:
    odd = [("o'hara", 1, "x"), ("back\\slash", 1, "x"), ("per%cent _", 1, "x"), ("ünï", 1, "x")]
    bench.publish([*BEFORE, *odd])
    done = bench.publish([*BEFORE, *[(g, i, "y") for g, i, _ in odd]])
    assert done.updated_n == 4
    assert bench.rows() == sorted([*BEFORE, *[(g, i, "y") for g, i, _ in odd]], key=str)


def test_untouched_data_files_are_not_rewritten(bench: Bench) -> None:
    bench.publish([*BEFORE, ("m", 1, "x"), ("m", 2, "x")], scope="grp = 'm' or grp <> 'm' or grp is null")
    before = set(bench.store.lake.delta(NAME).file_uris())
    assert len(before) >= 2
    bench.publish([("m", 1, "y"), ("m", 2, "x")], scope="grp = 'm'")
    kept = before & set(bench.store.lake.delta(NAME).file_uris())
    # The file of the first four rows has no row between the changed keys.
    assert len(kept) == len(before) - 1


# --- held to account -----------------------------------------------------------------------------------------------


def test_commit_that_did_something_else_is_taken_back(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*arguments: object) -> Difference:
        return replace(difference(*arguments), counts={"insert": 1, "update": 5})

    monkeypatch.setattr(store_module, "difference", wrong)
    with pytest.raises(RowAccountingError, match="back at version 1"):
        bench.publish([("a", 1, "y"), *BEFORE[1:]])
    assert bench.rows() == sorted(BEFORE, key=str)


def test_append_that_meets_another_writer_says_so(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def twice(table, folder: Path, files: Sequence[Path]) -> int:
        more = [shutil.copy(f, f.with_suffix(".more")) for f in files]
        return adopt(table, folder, files) + adopt(table, folder, [Path(f) for f in more])

    monkeypatch.setattr("nh_lakehouse.lakehouse.store.adopt", twice)
    with pytest.raises(LoadError, match="another writer"):
        bench.store.append(NAME, bench.frame([("n", 1, "x")]))


# --- creating, evolving, other writes ------------------------------------------------------------------------------


@pytest.mark.spark35
def test_new_columns_are_added_and_old_rows_hold_null(bench: Bench) -> None:
    more = DerivedColumn(name="more", type="decimal(18,2)", unit="usd", description="More")
    bench.store.ensure(NAME, [*COLUMNS, more, HASH])
    assert bench.commits == [NAME]
    table = bench.store.lake.arrow(NAME)
    assert table.column_names[-1] == "more" and table.column("more").null_count == 4
    field = next(f for f in bench.store.lake.delta(NAME).schema().fields if f.name == "more")
    assert field.metadata == {"comment": "More [usd]"}
    # Rows with the new column go in, and the table is read by the engine as well.
    frame = bench.frame([("n", 1, "x")]).selectExpr("*", "CAST(1.5 AS decimal(18,2)) AS more")
    bench.store.append(NAME, frame)
    assert {r.more for r in bench.store.read(NAME).collect()} == {None, Decimal("1.50")}
    # Asked for again: no commit.
    version = bench.store.lake.version(NAME)
    bench.store.ensure(NAME, [*COLUMNS, more, HASH])
    assert bench.store.lake.version(NAME) == version


def test_column_of_another_type_is_refused(bench: Bench) -> None:
    with pytest.raises(LoadError, match="column id is .* run once with --full-refresh"):
        bench.store.ensure(NAME, [DerivedColumn(name="id", type="string", description="id")])


@pytest.mark.spark35
def test_restore_is_a_new_commit_with_the_old_rows(bench: Bench) -> None:
    bench.publish([("z", 1, "x")])
    bench.store.restore(NAME, 1)
    assert bench.rows() == sorted(BEFORE, key=str)
    assert bench.store.lake.version(NAME) == 3
    assert bench.publish(BEFORE) == Published(3, 3)


ALL_TYPES = {
    "a_string": ("string", "text"),
    "a_int": ("int", 1),
    "a_bigint": ("bigint", 2**40),
    "a_double": ("double", 0.1),
    "a_date": ("date", date(2024, 2, 29)),
    "a_timestamp": ("timestamp", datetime(2024, 2, 29, 12, 30, 1, 123456, tzinfo=timezone.utc)),
    "a_boolean": ("boolean", True),
    "a_decimal": ("decimal(18,2)", Decimal("-0.50")),
    "a_list": ("array<int>", [1, None, 3]),
    "a_texts": ("array<string>", ["x", ""]),
    "a_map": ("map<string,bigint>", [("k", 1)]),
}


@pytest.mark.spark35
def test_rows_made_in_python_of_every_type_are_read_back_by_both(tmp_path: Path, engine: Engine) -> None:
    lake = Lakehouse(tmp_path)
    store = Store(lake, engine, tmp_path / "_staging")
    columns = [DerivedColumn(name=n, type=t, description=n) for n, (t, _) in ALL_TYPES.items()]
    row = {n: v for n, (_, v) in ALL_TYPES.items()}
    store.append_rows("ops.kinds", columns, [row, dict.fromkeys(row)])
    store.append_rows("ops.kinds", columns, [])
    assert lake.version("ops.kinds") == 1
    found = sorted(lake.arrow("ops.kinds").to_pylist(), key=lambda r: r["a_int"] is None)
    assert found == [row, dict.fromkeys(row)]
    seen = next(r for r in store.read("ops.kinds").collect() if r.a_int == 1).asDict()
    assert (seen["a_decimal"], seen["a_list"], seen["a_map"], seen["a_double"]) == (
        Decimal("-0.50"),
        [1, None, 3],
        {"k": 1},
        0.1,
    )
    with lake.duckdb() as connection:
        assert connection.execute("SELECT a_date, a_bigint FROM ops.kinds WHERE a_boolean").fetchall() == [
            (date(2024, 2, 29), 2**40)
        ]


def test_scratch_paths_are_unique_across_threads(tmp_path: Path, engine: Engine) -> None:
    store = Store(Lakehouse(tmp_path), engine, tmp_path / "_staging")
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.extend(store.scratch("x") for _ in range(50))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 200


def test_semi_join_is_null_safe(spark) -> None:
    rows = spark.createDataFrame([("a", 1), (None, 2), ("b", 3)], "k string, n int")
    keys = spark.createDataFrame([("a",), (None,)], "k string")
    assert sorted(r.n for r in semi_join(rows, keys, ["k"]).collect()) == [1, 2]


# --- files that are written once more -------------------------------------------------------------------------------

TYPED = tuple(
    DerivedColumn(name=n, type=t, description=n)
    for n, t in (
        ("id", "int"),
        ("n", "bigint"),
        ("x", "double"),
        ("usd", "decimal(18,2)"),
        ("big", "decimal(38,10)"),
        ("day", "date"),
        ("at", "timestamp"),
        ("yes", "boolean"),
        ("codes", "array<int>"),
        ("flags", "array<string>"),
        ("parts", "map<string,bigint>"),
    )
)


def test_rows_beside_a_changed_one_keep_every_value_of_every_type(tmp_path: Path, engine: Engine) -> None:
    store = Store(Lakehouse(tmp_path / "lake"), engine, tmp_path / "staging")
    store.ensure(NAME, [*TYPED, HASH])
    full = (
        1,
        9_223_372_036_854_775_807,
        -0.1,
        Decimal("-1.50"),
        Decimal("12345678901234567890.0123456789"),
        date(1959, 3, 17),
        datetime(2024, 10, 1, 5, 6, 7, 80, tzinfo=timezone.utc),
        False,
        [1, None],
        ["a", ""],
        {"k": 1},
    )
    rows = [full, (2, *[None] * 10), (3, *full[1:])]

    def publish(wanted: list[tuple]) -> Published:
        frame = engine.session.createDataFrame(wanted, spark_schema(TYPED)).coalesce(1)
        return store.publish(NAME, frame.select("*", row_hash(TYPED).alias(ROW_HASH)), key=["id"])

    publish(rows)
    before = {r["id"]: r for r in store.lake.arrow(NAME).to_pylist()}
    done = publish([rows[0], rows[1], (3, 5, *full[2:])])
    assert (done.inserted_n, done.updated_n, done.deleted_n) == (0, 1, 0)
    after = {r["id"]: r for r in store.lake.arrow(NAME).to_pylist()}
    assert after[1] == before[1] and after[2] == before[2]
    assert after[3]["n"] == 5 and {k: v for k, v in after[3].items() if k not in ("n", ROW_HASH)} == {
        k: v for k, v in before[3].items() if k not in ("n", ROW_HASH)
    }
    # The engine reads what was written beside it.
    read = {r.id: r for r in store.read(NAME).collect()}
    assert read[1].big == full[4] and read[1].parts == {"k": 1} and read[3].codes == [1, None] and read[2].at is None


def test_file_from_before_a_column_came_is_written_with_it(bench: Bench) -> None:
    more = DerivedColumn(name="more", type="decimal(18,2)", description="More")
    bench.store.ensure(NAME, [*COLUMNS, more, HASH])
    wanted = bench.frame([("a", 1, "y"), *BEFORE[1:]])
    done = bench.store.publish(NAME, wanted.selectExpr("*", "CAST(1.5 AS decimal(18,2)) AS more"), key=KEY)
    assert (done.inserted_n, done.updated_n, done.deleted_n) == (0, 1, 0)
    found = {(r["grp"], r["id"]): r["more"] for r in bench.store.lake.arrow(NAME).to_pylist()}
    assert found.pop(("a", 1)) == Decimal("1.50") and set(found.values()) == {None}


def test_key_that_is_wanted_twice_is_refused(bench: Bench) -> None:
    with pytest.raises(LoadError, match="wanted twice"):
        bench.publish([*BEFORE, ("a", 1, "y")])
    assert bench.rows() == sorted(BEFORE, key=str)


def test_key_that_stands_twice_in_the_table_is_refused(bench: Bench) -> None:
    bench.store.append(NAME, bench.frame([("a", 1, "z")]))
    before = bench.rows()
    with pytest.raises(LoadError, match="stands in the table twice"):
        bench.publish([("a", 1, "y"), *BEFORE[1:]])
    assert bench.rows() == before


def test_row_outside_the_scope_is_left_alone_whatever_its_key(bench: Bench) -> None:
    bench.store.append(NAME, bench.frame([("a", 1, "out")]).coalesce(1))
    bench.store.lake.delta(NAME).optimize.compact()
    done = bench.publish([("a", 1, "new")], scope=f"text = '{BEFORE[0][2]}' AND grp = 'a' AND id = 1")
    assert (done.inserted_n, done.updated_n, done.deleted_n) == (0, 1, 0)
    assert bench.rows() == sorted([("a", 1, "new"), ("a", 1, "out"), *BEFORE[1:]], key=str)


def test_row_without_a_hash_is_replaced(bench: Bench) -> None:
    bare = bench.frame([("n", 1, "x")]).drop(ROW_HASH).selectExpr("*", f"CAST(NULL AS bigint) AS {ROW_HASH}")
    bench.store.append(NAME, bare)
    assert bench.publish(BEFORE).deleted_n == 1
    assert bench.rows() == sorted(BEFORE, key=str)


def test_new_rows_that_meet_another_writer_say_so(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*arguments: object) -> Difference:
        bench.store.append(NAME, bench.frame([("n", 1, "x")]))
        return difference(*arguments)

    monkeypatch.setattr(store_module, "difference", late)
    with pytest.raises(LoadError, match="another writer"):
        bench.publish([("n", 1, "x")], scope="grp = 'n'")
    assert bench.rows() == sorted([*BEFORE, ("n", 1, "x")], key=str)


def test_swap_that_meets_another_writer_says_so(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*arguments: object) -> Swap:
        bench.store.append(NAME, bench.frame([("n", 1, "x")]))
        return placed(*arguments)

    monkeypatch.setattr(store_module, "placed", late)
    with pytest.raises(LoadError, match="another writer"):
        bench.publish([("a", 1, "y"), *BEFORE[1:]])
    assert bench.rows() == sorted([*BEFORE, ("n", 1, "x")], key=str)


def test_commit_tells_rows_and_files(bench: Bench) -> None:
    bench.publish([("a", 1, "y"), *BEFORE[1:3], ("n", 1, "x")])
    metrics = bench.store.lake.history(NAME)[0]["operationMetrics"]
    told = {k.removeprefix("numTarget"): int(v) for k, v in metrics.items()}
    assert told["RowsInserted"] == 1 and told["RowsUpdated"] == 1 and told["RowsDeleted"] == 1
    assert told["RowsCopied"] + 1 + 1 <= 4 and told["FilesAdded"] == 2 and told["FilesRemoved"] >= 1


def test_literals_are_escaped() -> None:
    assert sql_value("o'h\\a") == "'o''h\\a'"
    assert sql_name('a"b') == '"a""b"'
    assert sql_file("/x [1]/a?.parquet") == "'/x [[]1]/a[?].parquet'"
