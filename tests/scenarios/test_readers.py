"""Every table can be read by readers other than the one that wrote it, and keeps its promises to them."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from support import rounded

from nh_lakehouse import Lakehouse, build_graph, load_tables
from nh_lakehouse.engines import Engine

pytestmark = pytest.mark.scenario

GRAPH = build_graph()
#: Tables of the domain that the sample is of; those of the others have samples and scenarios of their own.
MADE = {name: spec for name, spec in GRAPH.specs.items() if GRAPH.domain(name) in ("nursing_home", "ops")}
#: Every table that a load of the whole sample leaves behind; tables of absent inputs are not among them.
EXPECTED = {*MADE, "ops.files", "ops.loads", "ops.drift", "ops.quarantine", "ops.runs", "ops.tables"}


def plain(value: Any) -> Any:
    """A time in UTC without its zone, which every reader spells in its own way; doubles to 12 significant digits.

    Sail 0.7.2 reads a column that is constant in a file from the file's statistics, and their JSON a last bit off.
    """
    if isinstance(value, datetime):
        return (value if value.tzinfo is None else value.astimezone(timezone.utc)).replace(tzinfo=None)
    return rounded(value)


def in_order(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(repr(sorted((k, plain(v)) for k, v in row.items())) for row in rows)


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
            arrow = lake.arrow(name)
            found = connection.sql(f"SELECT * FROM {name}").to_arrow_table()
            assert found.column_names == arrow.column_names
            assert in_order(found.to_pylist()) == in_order(arrow.to_pylist()), name


@pytest.mark.spark35
def test_engine_reads_the_rows_that_deltalake_reads(whole: Path, engine: Engine) -> None:
    lake = Lakehouse(whole)
    for name in lake.tables():
        columns = [f.name for f in lake.delta(name).schema().fields if str(f.type).find("Map") < 0]
        seen = [row.asDict(recursive=True) for row in engine.read_delta(lake.path(name)).select(*columns).collect()]
        told = lake.arrow(name, columns=columns).to_pylist()
        assert in_order(seen) == in_order(told), name


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
