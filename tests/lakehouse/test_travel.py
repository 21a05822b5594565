"""The version of a table that stood at a time, or after a run."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from lake import add_rows, state_rows

from nh_lakehouse import Lakehouse
from nh_lakehouse.errors import ConfigError
from nh_lakehouse.lakehouse.maintain import optimize, vacuum
from nh_lakehouse.lakehouse.travel import stand_at

STATES, METRICS, FILES = "gold.nh_state_risk", "gold.nh_facility_metrics", "ops.files"
FIRST, SECOND, THIRD = "20241101T083000-aaaa", "20241102T083000-bbbb", "20241103T083000-cccc"
#: When the three runs ended.
ENDS = {run: datetime(2024, 11, n, 9, tzinfo=timezone.utc) for n, run in enumerate((FIRST, SECOND, THIRD), 1)}


def commit(root: Path, table: str, rows: list[dict[str, Any]], at: datetime) -> None:
    """One commit, as if it had been written at that time."""
    add_rows(root, table, rows)
    log = max((root / table.replace(".", "/") / "_delta_log").glob("*.json"))
    actions = [json.loads(line) for line in log.read_text().splitlines()]
    for action in actions:
        if "commitInfo" in action:
            action["commitInfo"]["timestamp"] = int(at.timestamp() * 1000)
    log.write_text("\n".join(map(json.dumps, actions)) + "\n")


def record(run: str, table: str, version: int | None, status: str = "ok") -> dict[str, Any]:
    """A row of ops.tables."""
    return {"run_id": run, "table": table, "status": status, "version_after": version, "recorded_at": ENDS[run]}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lakehouse:
    """Three runs: the first and the third write the states, the second the metrics alone."""
    root = tmp_path_factory.mktemp("lake")
    a_minute = timedelta(minutes=1)
    commit(root, STATES, state_rows()[:1], ENDS[FIRST] - 2 * a_minute)
    commit(root, STATES, state_rows()[1:], ENDS[THIRD] - 2 * a_minute)
    commit(root, METRICS, [{"ccn": "015009"}], ENDS[SECOND] - 2 * a_minute)
    for run, end in ENDS.items():
        commit(root, FILES, [{"run_id": run, "file": f"{run}.csv", "recorded_at": end - a_minute}], end)
        row = {"run_id": run, "started_at": end - timedelta(minutes=30), "ended_at": end}
        commit(root, "ops.runs", [row], end + timedelta(seconds=1))
    rows = [record(FIRST, STATES, 0), record(SECOND, METRICS, 0), record(THIRD, STATES, 1), record(THIRD, METRICS, -1)]
    commit(root, "ops.tables", rows, ENDS[THIRD])
    return Lakehouse(root)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("2024-11-01", 0),
        ("2024-11-02", 0),
        ("2024-11-03", 1),
        ("2030-01-01", 1),
        ("2024-11-03T08:57:59", 0),
        ("2024-11-03T08:58:00Z", 1),
        ("2024-11-03 08:57", 0),
        ("2024-11-03 08:58", 1),
        ("2024-11-03T09:58:00+01:00", 1),
        ("2024-11-03T09:57:59+01:00", 0),
        (FIRST, 0),
        (SECOND, 0),
        (THIRD, 1),
    ],
)
def test_stand_at_a_time_or_after_a_run(lake: Lakehouse, text: str, version: int) -> None:
    assert stand_at(lake, STATES, text).version == version


def test_stand_at_says_when_the_version_was_written(lake: Lakehouse) -> None:
    assert stand_at(lake, STATES, SECOND).written_at == datetime(2024, 11, 1, 8, 58, tzinfo=timezone.utc)


def test_a_write_that_a_failed_run_did_not_record_does_not_count(lake: Lakehouse) -> None:
    assert stand_at(lake, METRICS, THIRD).version == 0


@pytest.mark.parametrize("table", ["ops.runs", FILES])
@pytest.mark.parametrize(("run", "version"), [(FIRST, 0), (SECOND, 1), (THIRD, 2)])
def test_what_a_run_wrote_of_itself_belongs_to_it(lake: Lakehouse, table: str, run: str, version: int) -> None:
    assert stand_at(lake, table, run).version == version


@pytest.mark.parametrize(
    ("table", "text", "words"),
    [
        (STATES, "yesterday", "expected a UTC day"),
        (STATES, "2024-13-01", "expected a UTC day"),
        (STATES, "20241103", "expected a UTC day"),
        (STATES, "9999-12-31T23:59:59", "expected a UTC day"),
        (STATES, "20200101T000000-abcd", f"no run of that id .* the newest are .*{THIRD}"),
        (STATES, "2024-10-31", "did not exist then; its first version is of 2024-11-01 08:58:00"),
        (METRICS, FIRST, f"did not exist after that run; the first that wrote it is {SECOND}"),
    ],
    ids=["no time", "no day", "no dashes", "end of time", "unknown run", "before its time", "before its run"],
)
def test_stand_at_refuses(lake: Lakehouse, table: str, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        stand_at(lake, table, text)
    assert caught.value.facts["option"] == "--as-of"


def test_stand_at_refuses_a_version_whose_files_are_gone(tmp_path: Path) -> None:
    for rows in (state_rows()[:1], state_rows()[1:]):
        add_rows(tmp_path, STATES, rows)
    lake = Lakehouse(tmp_path)
    written = lake.delta(STATES).history()[0]["timestamp"] / 1000
    optimize(lake, [STATES])
    before = (datetime.fromtimestamp(written, timezone.utc) + timedelta(microseconds=1)).isoformat()
    assert stand_at(lake, STATES, before).version == 1
    vacuum(lake, [STATES], hours=0)
    with pytest.raises(ConfigError, match=r"version 1 of gold.nh_state_risk cannot be read any more: a vacuum"):
        stand_at(lake, STATES, before)
    assert stand_at(lake, STATES, "2999-01-01").version >= 2


def test_stand_at_refuses_a_run_before_the_table_was_lost_and_made_anew(tmp_path: Path) -> None:
    add_rows(tmp_path, STATES, state_rows())
    rows = [record(FIRST, STATES, 7), record(SECOND, STATES, None, "lost"), record(THIRD, STATES, 0)]
    add_rows(tmp_path, "ops.tables", rows)
    lake = Lakehouse(tmp_path)
    with pytest.raises(ConfigError, match=f"put back before run {SECOND} and made anew"):
        stand_at(lake, STATES, FIRST)
    with pytest.raises(ConfigError, match="did not exist after that run"):
        stand_at(lake, STATES, SECOND)
    assert stand_at(lake, STATES, THIRD).version == 0


def test_stand_at_says_how_far_the_log_reaches_back(tmp_path: Path) -> None:
    for rows in (state_rows()[:1], state_rows()[1:]):
        add_rows(tmp_path, STATES, rows)
    lake = Lakehouse(tmp_path)
    lake.delta(STATES).create_checkpoint()
    (tmp_path / "gold" / "nh_state_risk" / "_delta_log" / f"{0:020d}.json").unlink()
    with pytest.raises(ConfigError, match="reaches back to version 1"):
        stand_at(lake, STATES, "2024-11-01")
