"""Every table can be read by readers other than the one that wrote it, and keeps its promises to them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pytest

from nh_lakehouse import Lakehouse, build_graph, load_tables
from nh_lakehouse.engines import Engine

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

pytestmark = pytest.mark.scenario

GRAPH = build_graph()
#: Tables of the domain that the sample is of; those of the others have samples and scenarios of their own.
MADE = {name: spec for name, spec in GRAPH.specs.items() if GRAPH.domain(name) in ("nursing_home", "ops")}
#: Every table that a load of the whole sample leaves behind; tables of absent inputs are not among them.
EXPECTED = {*MADE, "ops.files", "ops.loads", "ops.drift", "ops.quarantine", "ops.runs", "ops.tables"}


def of_told(table: pa.Table, told: pa.Table) -> str:
    """SQL of a row as text, the columns in one spelling: times as microseconds, doubles to 12 significant digits.

    Sail 0.7.2 reads a column that is constant in a file from the file's statistics, and their JSON a last bit off.
    """
    spelled = []
    for field in told.schema:
        name = f'"{field.name}"'
        if pa.types.is_timestamp(field.type):
            name = f"epoch_us({name})"
        elif pa.types.is_floating(field.type):
            name = f"format('{{:.11e}}', {name})"
        elif pa.types.is_string(table.schema.field(field.name).type):
            name = f"{name}::VARCHAR"
        spelled.append(f'"{field.name}" := {name}')
    return f"struct_pack({', '.join(spelled)})::VARCHAR"


def assert_same_rows(name: str, seen: pa.Table, told: pa.Table) -> None:
    """The same columns, and each row as often."""
    assert set(seen.column_names) == set(told.column_names), name
    with duckdb.connect() as connection:
        for rows, table in (("seen", seen), ("told", told)):
            connection.register(f"{rows}_arrow", table)
            connection.execute(f"CREATE TABLE {rows} AS SELECT {of_told(table, told)} AS row FROM {rows}_arrow")
        for one, other in (("seen", "told"), ("told", "seen")):
            rows = connection.execute(f"SELECT * FROM {one} EXCEPT ALL SELECT * FROM {other} LIMIT 3").fetchall()
            assert rows == [], f"{name}: {one} alone"


def rows_as_arrow(frame: DataFrame) -> pa.Table:
    """The rows of a frame; Spark 3.5 gives them one by one."""
    if hasattr(frame, "toArrow"):
        return frame.toArrow()
    from pyspark.sql.pandas.types import to_arrow_schema

    schema = to_arrow_schema(frame.schema)
    return pa.Table.from_pylist([row.asDict(recursive=True) for row in frame.collect()], schema=schema)


def test_sample_fills_every_table_of_the_slice(whole: Path) -> None:
    lake = Lakehouse(whole)
    assert set(lake.tables()) - {t for t in lake.tables() if t.startswith("bronze.")} == EXPECTED
    with lake.duckdb() as connection:
        counts = {t: connection.execute(f"SELECT count(*) FROM {t}").fetchall()[0][0] for t in lake.tables()}
    assert [t for t, n in counts.items() if not n] == []


def test_deltalake_and_duckdb_read_the_same_rows(whole: Path) -> None:
    lake = Lakehouse(whole)
    with lake.duckdb() as connection:
        for name in lake.tables():
            told, seen = lake.arrow(name), connection.sql(f"SELECT * FROM {name}").to_arrow_table()
            assert seen.column_names == told.column_names
            assert_same_rows(name, seen, told)


@pytest.mark.spark35
def test_engine_reads_the_rows_that_deltalake_reads(whole: Path, engine: Engine) -> None:
    lake = Lakehouse(whole)
    for name in lake.tables():
        columns = [f.name for f in lake.delta(name).schema().fields if str(f.type).find("Map") < 0]
        seen = rows_as_arrow(engine.read_delta(lake.path(name)).select(*columns))
        assert_same_rows(name, seen, lake.arrow(name, columns=columns))


def test_every_table_is_readable_by_reader_version_1(whole: Path) -> None:
    lake = Lakehouse(whole)
    for name in lake.tables():
        protocol = lake.delta(name).protocol()
        assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 2), name
        assert not protocol.reader_features, name


def test_columns_and_comments_are_those_declared(whole: Path) -> None:
    lake = Lakehouse(whole)
    for name in EXPECTED:
        fields = {f.name: f for f in lake.delta(name).schema().fields}
        declared = load_tables()[name].columns
        assert [n for n in fields if not n.startswith("_")] == [c.name for c in declared], name
        for column in declared:
            assert fields[column.name].metadata["comment"].startswith(column.description), (name, column.name)


def test_key_of_every_table_is_unique(whole: Path) -> None:
    lake = Lakehouse(whole)
    with lake.duckdb() as connection:
        for spec in MADE.values():
            key = [*spec.key, *(["valid_from"] if spec.history == "scd2" else [])]
            names = ", ".join(f'"{c}"' for c in key)
            twice = connection.execute(
                f"SELECT {names}, count(*) FROM {spec.name} GROUP BY ALL HAVING count(*) > 1"
            ).fetchall()
            assert twice == [], spec.name


def test_pandas_and_sql_answers(whole: Path) -> None:
    lake = Lakehouse(whole)
    frame = lake.read("nh_facility_metrics")
    answer = lake.sql("SELECT count(*) AS n, sum(certified_beds) AS beds FROM gold.nh_facility_metrics")
    assert (len(frame), frame.certified_beds.sum()) == (answer.n[0], answer.beds[0])
