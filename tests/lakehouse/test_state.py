"""What earlier runs recorded: the last word on every file and table counts."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from nh_lakehouse.contracts import load_tables
from nh_lakehouse.lakehouse import Lakehouse
from nh_lakehouse.lakehouse.schema import arrow_schema
from nh_lakehouse.lakehouse.state import State, TableRecord, read_state

START = datetime(2024, 10, 20, tzinfo=timezone.utc)


@pytest.fixture
def lake(tmp_path: Path) -> Lakehouse:
    return Lakehouse(tmp_path)


def record(lake: Lakehouse, name: str, *rows: dict[str, Any]) -> State:
    """Append rows a minute apart, newest first in the file, and read the state."""
    schema = arrow_schema(load_tables()[name].columns)
    timed = [
        {**dict.fromkeys(schema.names), "recorded_at": START + timedelta(minutes=n), **r} for n, r in enumerate(rows)
    ]
    write_deltalake(lake.path(name), pa.Table.from_pylist(timed[::-1], schema=schema), mode="append")
    return read_state(lake)


def table(status: str, version: int = 1, fingerprint: str = "one", **inputs: int) -> dict[str, Any]:
    return {
        "table": "gold.x",
        "status": status,
        "version_after": version,
        "fingerprint": fingerprint,
        "input_versions": list(inputs.items()),
    }


def test_new_lakehouse_knows_nothing(lake: Lakehouse):
    assert read_state(lake) == State({}, {})


def test_last_write_of_a_table_counts(lake: Lakehouse):
    state = record(lake, "ops.tables", table("ok", 1, a=1), table("ok", 2, "two", a=5))
    assert state.tables == {"gold.x": TableRecord(2, "two", {"a": 5})}


def test_failed_and_blocked_writes_do_not_count(lake: Lakehouse):
    state = record(lake, "ops.tables", table("ok", 1, a=1), table("failed", 9), table("blocked", 9))
    assert state.tables == {"gold.x": TableRecord(1, "one", {"a": 1})}


def test_lost_table_is_forgotten_until_it_is_written_again(lake: Lakehouse):
    assert record(lake, "ops.tables", table("ok", 7, a=1), table("lost")).tables == {}
    later = {**table("ok", 1, a=0), "recorded_at": START + timedelta(hours=1)}
    assert record(lake, "ops.tables", later).tables == {"gold.x": TableRecord(1, "one", {"a": 0})}


def file(status: str, **values: Any) -> dict[str, Any]:
    return {"file": "a.csv", "status": status, "size_bytes": 1, "modified_at": START, **values}


def test_last_word_on_a_file_counts(lake: Lakehouse):
    state = record(lake, "ops.files", file("rejected", error="no"), file("loaded", sha256="h", rows_read_n=5))
    assert (state.files["a.csv"].status, state.files["a.csv"].error) == ("loaded", None)
    assert state.rows_read() == {"h": 5}


def test_rows_read_leaves_out_files_that_were_never_parsed(lake: Lakehouse):
    assert record(lake, "ops.files", file("rejected", sha256="h")).rows_read() == {}
