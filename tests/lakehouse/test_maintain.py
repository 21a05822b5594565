"""Compacting and cleaning change no row, touch no file in use and cause no work."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from lake import NOW, add_rows, state_rows
from support import all_tables, load, pbj_rows, write
from thorough import embedded_unless_thorough

from nh_lakehouse import Lakehouse
from nh_lakehouse.engines import Engine
from nh_lakehouse.errors import ConfigError, ConflictError, LoadError
from nh_lakehouse.lakehouse import maintain, placing
from nh_lakehouse.lakehouse.changes import FileChanges, changed_files
from nh_lakehouse.lakehouse.lock import RunLock
from nh_lakehouse.lakehouse.maintain import optimize, vacuum
from nh_lakehouse.lakehouse.state import read_state

pytestmark = embedded_unless_thorough

TABLE = "gold.nh_state_risk"


@pytest.fixture
def lake(tmp_path: Path) -> Lakehouse:
    """A table of three files that a summary, recorded as current, was computed from."""
    for part in (state_rows()[:2], state_rows()[2:4], state_rows()[4:]):
        add_rows(tmp_path, TABLE, part)
    add_rows(tmp_path, "gold.nh_executive_summary", [])
    add_rows(tmp_path, "ops.tables", [record(TABLE, 2, {}), record("gold.nh_executive_summary", 0, {TABLE: 2})])
    return Lakehouse(tmp_path)


def record(table: str, version: int, inputs: dict[str, int]) -> dict[str, Any]:
    return {
        "run_id": "r", "table": table, "status": "ok", "version_after": version, "fingerprint": "f",
        "input_versions": list(inputs.items()), "recorded_at": NOW,
    }  # fmt: skip


def recorded(lake: Lakehouse) -> dict[str, tuple[int, dict[str, int]]]:
    return {n: (r.version_after, dict(r.input_versions)) for n, r in read_state(lake).tables.items()}


def states(lake: Lakehouse, version: int | None = None) -> list[str]:
    return sorted(lake.arrow(TABLE, version=version).column("state").to_pylist())


def test_optimize_leaves_one_file_and_all_rows(lake: Lakehouse) -> None:
    before = states(lake)
    done = optimize(lake, [TABLE])
    assert [(m.table, m.files_before, m.files_after) for m in done] == [(TABLE, 3, 1)]
    assert states(lake) == before


def test_optimize_sorts_a_table_with_an_order_into_files_of_bounded_size(
    lake: Lakehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing, "FILE_ROWS", 2048)
    rows = [{**row, "state": f"{number:04d}"} for number in range(832) for row in state_rows()]
    add_rows(lake.root, TABLE, rows[::-1])
    before = states(lake)
    # 6 + 4,992 rows in four files become 2,048, 2,048 and 902.
    done = optimize(lake, [TABLE], orders={TABLE: ["state"]})
    assert [(m.files_before, m.files_after) for m in done] == [(4, 3)]
    assert states(lake) == before and not (lake.root / "_staging").exists()
    adds = pa.table(lake.delta(TABLE).get_add_actions(flatten=True)).to_pylist()
    ranges = sorted((a["min.state"], a["max.state"], a["num_records"]) for a in adds)
    assert [n for _, _, n in ranges] == [2048, 2048, 902]
    assert all(first[1] <= second[0] for first, second in pairwise(ranges))
    # No row changed, and there is nothing more to do.
    assert changed_files(lake, TABLE, 3, 4) == FileChanges((), ())
    optimize(lake, [TABLE], orders={TABLE: ["state"]})
    assert lake.version(TABLE) == 4


def test_optimize_sorts_files_of_the_right_size_that_overlap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "FILE_ROWS", 2048)
    rows = [{**state_rows()[0], "state": f"{number:04d}" if number else None} for number in range(3000)]
    for part in (rows[::2], rows[1::2]):
        add_rows(tmp_path, TABLE, part)
    lake = Lakehouse(tmp_path)
    for _ in range(2):
        optimize(lake, [TABLE], orders={TABLE: ["snapshot_month", "state"]})
        adds = pa.table(lake.delta(TABLE).get_add_actions(flatten=True)).to_pylist()
        ranges = sorted((a["min.state"], a["max.state"], a["num_records"]) for a in adds)
        assert [n for _, _, n in ranges] == [2048, 952]
        assert ranges[0][1] < ranges[1][0] and lake.version(TABLE) == 2


def test_optimize_moves_the_recorded_versions_along(lake: Lakehouse) -> None:
    optimize(lake, [TABLE])
    assert recorded(lake) == {TABLE: (3, {}), "gold.nh_executive_summary": (0, {TABLE: 3})}
    assert lake.version(TABLE) == 3


def test_optimize_does_not_vouch_for_a_table_that_was_not_current(lake: Lakehouse) -> None:
    add_rows(lake.root, TABLE, state_rows()[:1])
    optimize(lake, [TABLE])
    assert recorded(lake) == {TABLE: (2, {}), "gold.nh_executive_summary": (0, {TABLE: 2})}


def test_optimize_of_a_compact_table_makes_no_commit(lake: Lakehouse) -> None:
    optimize(lake, [TABLE])
    version = lake.version(TABLE)
    optimize(lake, [TABLE])
    assert lake.version(TABLE) == version


def test_optimize_of_the_record_itself_keeps_what_it_says(lake: Lakehouse) -> None:
    optimize(lake, lake.tables())
    assert recorded(lake) == {TABLE: (3, {}), "gold.nh_executive_summary": (0, {TABLE: 3})}
    assert len(lake.delta("ops.tables").file_uris()) == 1


def test_vacuum_keeps_files_of_the_last_seven_days(lake: Lakehouse) -> None:
    optimize(lake, [TABLE])
    assert [m.removed_n for m in vacuum(lake, [TABLE])] == [0]
    assert states(lake, version=2) == states(lake)


def test_vacuum_deletes_old_files_and_no_present_one(lake: Lakehouse) -> None:
    optimize(lake, [TABLE])
    before = states(lake)
    (done,) = vacuum(lake, [TABLE], hours=0)
    assert (done.removed_n, done.files_after) == (3, 1)
    assert done.removed_bytes > 0
    assert states(lake) == before
    assert recorded(lake)[TABLE] == (lake.version(TABLE), {})


def test_vacuum_deletes_what_a_killed_run_left(lake: Lakehouse) -> None:
    orphan = lake.folder(TABLE) / "part-orphan.parquet"
    orphan.write_bytes(b"x")
    assert [m.removed_n for m in vacuum(lake, [TABLE], hours=0)] == [1]
    assert not orphan.exists()


def test_vacuum_dry_run_deletes_nothing(lake: Lakehouse) -> None:
    optimize(lake, [TABLE])
    version = lake.version(TABLE)
    assert [m.removed_n for m in vacuum(lake, [TABLE], hours=0, dry_run=True)] == [3]
    assert lake.version(TABLE) == version
    assert states(lake, version=2) == states(lake)


def test_vacuum_refuses_to_delete_a_file_in_use(lake: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    present = [Path(uri).name for uri in lake.delta(TABLE).file_uris()]
    monkeypatch.setattr(maintain, "_vacuum", lambda table, hours, dry_run: present)
    with pytest.raises(LoadError, match="part of the present version"):
        vacuum(lake, [TABLE], hours=0)


def test_vacuum_refuses_negative_hours(lake: Lakehouse) -> None:
    with pytest.raises(ConfigError, match="--hours"):
        vacuum(lake, [TABLE], hours=-1)


@pytest.mark.parametrize("work", [optimize, vacuum])
def test_maintenance_leaves_a_running_run_alone(lake: Lakehouse, work: Any) -> None:
    with RunLock(lake.root, "other"), pytest.raises(ConflictError, match="other"):
        work(lake, [TABLE])
    assert lake.version(TABLE) == 2


@pytest.mark.scenario
def test_load_after_maintenance_equals_a_load_without(tmp_path: Path, engine: Engine) -> None:
    kept, plain = tmp_path / "kept", tmp_path / "plain"
    for quarter, month in (("2024Q2", "04"), ("2024Q3", "07")):
        days = [f"2024{month}{day:02d}" for day in range(1, 4)]
        rows = [row for ccn in ("015009", "015010") for row in pbj_rows(ccn, days, quarter=quarter)]
        write(tmp_path / "in" / f"PBJ_Daily_Nurse_Staffing_Q{quarter[-1]}_2024.csv", rows)
        for lake in (kept, plain):
            assert load(lake, tmp_path / "in", engine, select=["gold.pbj_totals"]).exit_code == 0
        tables = Lakehouse(kept).tables()
        assert any(m.files_after < m.files_before for m in optimize(Lakehouse(kept), tables))
        vacuum(Lakehouse(kept), tables, hours=0)
        assert load(kept, tmp_path / "in", engine, select=["gold.pbj_totals"]).status == "nothing_new"
    assert all_tables(kept) == all_tables(plain)
