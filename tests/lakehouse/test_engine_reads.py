"""What an engine reads of a lakehouse: a table by its log and by its files, few rows and many, one and the same."""

from __future__ import annotations

from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pyspark.sql import functions as F

from nh_lakehouse.contracts.model import DerivedColumn
from nh_lakehouse.engines import Engine
from nh_lakehouse.engines.spark import SparkEngine
from nh_lakehouse.errors import ConfigError, LoadError
from nh_lakehouse.lakehouse import Lakehouse
from nh_lakehouse.lakehouse.reading import data_files, is_plain
from nh_lakehouse.lakehouse.store import Store
from nh_lakehouse.silver.row_hash import ROW_HASH

NAME = "silver.things"
TYPES = {
    "id": "int", "name": "string", "usd": "decimal(18,2)", "share": "double", "at": "timestamp", "day": "date",
    "known": "boolean", "codes": "array<int>", "n": "bigint",
}  # fmt: skip
COLUMNS = tuple(DerivedColumn(name=n, type=t, description=n) for n, t in TYPES.items())
LATER = DerivedColumn(name="later", type="string", description="came with a later release")
MOMENT = datetime(2024, 3, 10, 2, 30, 0, 123456, tzinfo=timezone.utc)
ROWS: list[dict[str, Any]] = [
    {
        "id": 1, "name": "A [1]*", "usd": Decimal("12.30"), "share": 0.1, "at": MOMENT, "day": date(2024, 2, 29),
        "known": True, "codes": [1, 2], "n": 2**40,
    },
    dict.fromkeys(TYPES),
]  # fmt: skip


@pytest.fixture
def store(tmp_path: Path, engine: Engine) -> Store:
    """A store in a folder whose name has to be written otherwise in an address."""
    return Store(Lakehouse(tmp_path / "my läke #1"), engine, tmp_path / "staging")


def some(frame: Any) -> list[tuple[Any, ...]]:
    columns = ["id", "name", "usd", "share", "day", "known", "codes", "n", "later"]
    return sorted((tuple(row) for row in frame.selectExpr(*columns, "unix_micros(at)").collect()), key=str)


@pytest.mark.parametrize("folder", ["plain", "my läke #1"])
def test_table_read_by_its_files_is_the_one_that_its_log_tells(tmp_path: Path, engine: Engine, folder: str) -> None:
    store = Store(Lakehouse(tmp_path / folder), engine, tmp_path / folder / "_staging")
    store.append_rows(NAME, COLUMNS, ROWS)
    first = store.lake.version(NAME)
    store.ensure(NAME, [*COLUMNS, LATER])
    store.append_rows(NAME, [*COLUMNS, LATER], [{**ROWS[0], "id": 2, "later": "x"}])
    values = ("A [1]*", Decimal("12.30"), 0.1, date(2024, 2, 29), True, [1, 2], 2**40)
    micros = int(MOMENT.timestamp()) * 10**6 + 123456
    expected = [(1, *values, None, micros), (2, *values, "x", micros), (None,) * 10]
    assert some(store.read(NAME)) == expected
    assert store.read(NAME, first).count() == 2
    if folder == "plain":  # Sail finds no log in the other
        by_log = engine.read_delta(store.lake.path(NAME))
        assert some(by_log) == expected
        assert by_log.schema.simpleString() == store.read(NAME).schema.simpleString()


@pytest.mark.parametrize("harm", ["lost", "empty", "cut"])
def test_file_that_is_not_as_it_was_written_is_told(store: Store, harm: str) -> None:
    for _ in range(2):
        store.append_rows(NAME, COLUMNS, ROWS)
    file = Path(data_files(store.lake.delta(NAME))[0])
    if harm == "lost":
        file.unlink()
    else:
        file.write_bytes(b"" if harm == "empty" else file.read_bytes()[:-1])
    with pytest.raises(LoadError, match=f"{NAME}: its data file .*{file.name} (is missing|has .* the log says)"):
        store.read(NAME)


def test_files_of_several_writers_are_one_table(store: Store) -> None:
    columns = [c for c in COLUMNS if c.name != "codes"]
    store.ensure(NAME, columns)
    row = {k: v for k, v in ROWS[0].items() if k != "codes"}
    store.append_rows(NAME, columns, [row])
    store.append(NAME, store.read(NAME).selectExpr("2 AS id", *[c.name for c in columns[1:]]))
    made = store.scratch("made").with_suffix(".parquet")
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("rows", store.lake.arrow(NAME))
        query = "SELECT * REPLACE (3::INTEGER AS id) FROM rows WHERE id = 1"
        connection.execute(f"COPY ({query}) TO '{made}' (FORMAT parquet, COMPRESSION zstd)")
    store.adopt(NAME, [made])
    found = store.read(NAME)
    assert sorted(r["id"] for r in found.select("id").collect()) == [1, 2, 3]
    same = found.selectExpr("count(DISTINCT name, usd, share, at, day, known, n)").collect()
    assert same[0][0] == 1


def test_rows_are_deleted_in_a_folder_with_a_blank(store: Store) -> None:
    store.append_rows(NAME, COLUMNS, [{**ROWS[0], "id": n, "name": f"it's {n}"} for n in range(3)])
    assert store.delete(NAME, "\"name\" = 'it''s 1' AND \"id\" = 1") == 1
    assert sorted(r["id"] for r in store.read(NAME).select("id").collect()) == [0, 2]
    before = store.lake.version(NAME)
    assert store.delete(NAME, '"id" = 7') == 0
    assert store.lake.version(NAME) == before


def test_table_without_a_file_has_its_columns(store: Store) -> None:
    store.ensure(NAME, COLUMNS)
    frame = store.read(NAME)
    assert [f.dataType.simpleString() for f in frame.schema] == list(TYPES.values())
    assert frame.count() == 0


@pytest.mark.parametrize("sign", "[]{}*?%\\")
@pytest.mark.parametrize("by_link", [False, True])
def test_folder_that_would_be_read_otherwise_is_refused(tmp_path: Path, sign: str, by_link: bool) -> None:
    folder = tmp_path / f"lake {sign}"
    if by_link:
        folder.mkdir()
        (tmp_path / "link").symlink_to(folder)
        folder = tmp_path / "link"
    with pytest.raises(ConfigError, match="choose another folder"):
        Store(Lakehouse(folder), None, tmp_path / "staging")  # type: ignore[arg-type]


def test_lakehouse_behind_a_link_is_written(tmp_path: Path, engine: Engine) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    store = Store(Lakehouse(tmp_path / "link"), engine, tmp_path / "link" / "_staging")
    columns = [*COLUMNS, DerivedColumn(name=ROW_HASH, type="bigint", description="hash")]
    store.append_rows(NAME, columns, [{**ROWS[0], "id": n, ROW_HASH: n} for n in range(3)])
    wanted = store.read(NAME).where("id > 0").withColumn(ROW_HASH, F.col(ROW_HASH) * F.lit(10))
    published = store.publish(NAME, wanted, key=["id"])
    assert (published.inserted_n, published.updated_n, published.deleted_n) == (0, 2, 1)
    assert sorted(tuple(r) for r in store.read(NAME).select("id", ROW_HASH).collect()) == [(1, 10), (2, 20)]


@pytest.mark.parametrize("kind", ["plain", "partitioned", "deletion vectors", "mapped columns"])
def test_files_alone_do_not_tell_every_table(tmp_path: Path, kind: str) -> None:
    features = {"deletion vectors": {"delta.enableDeletionVectors": "true"}}
    write_deltalake(
        str(tmp_path),
        pa.table({"id": [1, 2], "part": ["a", "b"]}),
        partition_by=["part"] if kind == "partitioned" else None,
        configuration=features.get(kind),
    )
    if kind == "mapped columns":
        log = tmp_path / "_delta_log" / f"{0:020}.json"
        log.write_text(log.read_text().replace('"minReaderVersion":1', '"minReaderVersion":2'))
    assert is_plain(DeltaTable(str(tmp_path))) == (kind == "plain")


def test_few_rows_have_a_session_of_their_own_where_code_is_generated(engine: Engine) -> None:
    if engine.name != "spark":
        assert engine.few_rows == 0
        assert engine.for_rows(1) is engine
        return
    settings = ("spark.sql.codegen.factoryMode", "spark.sql.codegen.wholeStage", "spark.sql.shuffle.partitions")
    many = SparkEngine(few_rows=10, conf={"spark.sql.session.timeZone": "Asia/Tokyo"})
    many._session = engine.session.newSession()
    for setting, value in zip(settings, ("FALLBACK", "true", "7"), strict=True):
        many.session.conf.set(setting, value)
    few = many.for_rows(10)
    assert many.for_rows(11) is many
    assert few is many.for_rows(0) is few.for_rows(10**9) is few.for_rows(0)
    assert [few.session.conf.get(s) for s in settings] == ["NO_CODEGEN", "false", "1"]
    assert [many.session.conf.get(s) for s in settings] == ["FALLBACK", "true", "7"]
    assert few.session.conf.get("spark.sql.session.timeZone") == "Asia/Tokyo"  # the profile's word
    [row] = few.session.sql("SELECT sum(id) AS n, try_cast('x' AS int) AS bad FROM range(5)").collect()
    assert tuple(row) == (10, None)


def test_session_of_a_platform_stays_the_only_one(engine: Engine) -> None:
    if engine.name != "spark":
        pytest.skip("no platform makes a session of Sail")
    given = SparkEngine(session=engine.session.newSession())
    assert given.for_rows(1) is given


def test_store_for_few_rows_shares_its_staging(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    class Engine:
        few_rows = 5

        def for_rows(self, rows_n: int) -> Any:
            return other if rows_n <= self.few_rows else self

    other: Any = object()
    monkeypatch.setattr(store, "engine", Engine())
    few = store.for_rows(lambda: 5)
    assert few.engine is other
    assert store.for_rows(lambda: 6) is store
    assert len({s.scratch("same") for s in (store, few, store, few)}) == 4


def test_rows_are_not_counted_for_an_engine_that_does_not_mind(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "engine", SimpleNamespace(few_rows=0))

    def never() -> int:
        raise AssertionError("counted")

    assert store.for_rows(never) is store
