"""A run that dies after any commit and is repeated leaves the tables of one clean run."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from deliveries import payroll, penalties, provider, put
from support import all_tables, load, rows_of
from thorough import THOROUGH, embedded_unless_thorough, only_when_thorough

from nh_lakehouse import Lakehouse
from nh_lakehouse.engines import Engine

pytestmark = [pytest.mark.scenario, pytest.mark.slow, pytest.mark.usefixtures("narrow_contracts")]

PAYROLL = ["gold.pbj_day"]
WIDE = ["gold.pbj_day", "gold.pbj_state_quarter", "silver.nh_penalty"]
FIRST = [
    payroll(
        "PBJ_Daily_Nurse_Staffing_Q2_2024.csv",
        [
            {"ccn": ccn, "day": f"2024040{d}", "census": 80 + d}
            for ccn in ("015009", "035001", "055002")
            for d in (1, 2, 3)
        ]
        + [{"ccn": "015009", "day": "20240404", "short": True}],
        modified="2024-10-20",
    ),
    penalties(
        "Oct2024",
        [{"ccn": "015009", "fine_usd": "100.00"}, {"ccn": "015009", "fine_usd": "200.00"}],
        modified="2024-10-20",
    ),
]
#: Inserts, updates and deletes in silver and in gold, a new quarter, a new month, an unreadable row.
SECOND = [
    payroll(
        "PBJ_Daily_Nurse_Staffing_Q2_2024_corrected.csv",
        [{"ccn": "015009", "day": "20240401", "census": 50}, {"ccn": "015009", "day": "20240405", "census": 51}],
        modified="2024-11-20",
    ),
    payroll(
        "PBJ_Daily_Nurse_Staffing_Q3_2024.csv",
        [
            {"ccn": "035001", "day": "20240701", "quarter": "2024Q3"},
            {"ccn": "035001", "day": "20240702", "short": True},
        ],
        modified="2024-11-20",
    ),
    penalties("Oct2024", [{"ccn": "015009", "fine_usd": "150.00"}], label="_corrected", modified="2024-11-20"),
    penalties("Nov2024", [{"ccn": "035001", "fine_usd": "300.00"}], modified="2024-11-20"),
]


class Killed(BaseException):
    """Not an Exception: nothing in the product may catch it and go on."""


class KillAtCommit:
    """Raises at the k-th commit of a run and at every later one; counts them all."""

    def __init__(self, number: int | None = None) -> None:
        self.number = number
        self.seen: list[str] = []
        self._lock = threading.Lock()

    def __call__(self, table: str) -> None:
        with self._lock:
            self.seen.append(table)
            if self.number is not None and len(self.seen) >= self.number:
                raise Killed(f"after commit {len(self.seen)}, of {table}")


def compared(lake: Path) -> dict[str, list[dict]]:
    current = [(r["file"], r["status"]) for r in rows_of(lake, "ops.files") if r["status"] == "loaded"]
    return {**all_tables(lake), "ops.quarantine": rows_of(lake, "ops.quarantine"), "loaded": sorted(set(current))}


def commits_of(run: Callable[[KillAtCommit], object]) -> list[str]:
    counting = KillAtCommit()
    run(counting)
    return counting.seen


def kill_everywhere(base: Path | None, folder: Path, engine: Engine, landing: Path, select: list[str]) -> list[str]:
    """Kill a run at every one of its commits, repeat it, compare with the clean run. Returns the commits."""

    def fresh(name: str) -> Path:
        target = folder / name
        if base is not None:
            shutil.copytree(base, target)
        return target

    clean = fresh("clean")
    commits = commits_of(lambda hook: load(clean, landing, engine, select=select, after_commit=hook))
    expected = compared(clean)
    # Which engine computed what is committed makes no difference to the commits: there every fifth is enough.
    for number in range(1, len(commits) + 1, 1 if engine.name == "sail" or THOROUGH else 5):
        lake = fresh(f"killed_{number}")
        with pytest.raises(Killed):
            load(lake, landing, engine, select=select, after_commit=KillAtCommit(number))
        report = load(lake, landing, engine, select=select)
        assert report.exit_code == 0, (number, commits, report.errors)
        assert compared(lake) == expected, (number, commits)
        # What was done is known to be done: a third run has nothing to do.
        assert load(lake, landing, engine, select=select).status == "nothing_new", (number, commits)
        shutil.rmtree(lake)
    return commits


@only_when_thorough
def test_first_load_killed_at_every_commit(tmp_path: Path, engine: Engine) -> None:
    commits = kill_everywhere(None, tmp_path, engine, put(tmp_path / "landing", FIRST[:1]), PAYROLL)
    # Every table is created and then written; the record of the run itself comes last.
    assert {commits.count(t) for t in ("bronze.pbj_nurse_daily", "silver.pbj_daily", "gold.pbj_day")} == {2}
    assert {"ops.quarantine", "ops.files", "ops.loads", "ops.tables"} <= set(commits)
    assert commits[-1] == "ops.runs"


@pytest.mark.spark35
def test_second_load_with_updates_and_deletes_killed_at_every_commit(tmp_path: Path, engine: Engine) -> None:
    landing = put(tmp_path / "landing", FIRST[:1])
    assert load(tmp_path / "base", landing, engine, select=PAYROLL).exit_code == 0
    commits = kill_everywhere(tmp_path / "base", tmp_path, engine, put(landing, SECOND[:2]), PAYROLL)
    written = ("bronze.pbj_nurse_daily", "silver.pbj_daily", "gold.pbj_day", "ops.quarantine")
    assert {commits.count(t) for t in written} == {1}


@embedded_unless_thorough
def test_first_load_killed_again_and_again(tmp_path: Path, engine: Engine) -> None:
    landing = put(tmp_path / "landing", FIRST + SECOND)
    clean, lake = tmp_path / "clean", tmp_path / "lake"
    assert load(clean, landing, engine, select=PAYROLL).exit_code == 0
    for number in range(1, 30):
        try:
            load(lake, landing, engine, select=PAYROLL, after_commit=KillAtCommit(number))
        except Killed:
            continue
        break
    assert load(lake, landing, engine, select=PAYROLL).status == "nothing_new"
    assert compared(lake) == compared(clean)


@only_when_thorough
def test_second_load_of_many_tables_killed_at_every_commit(tmp_path: Path, engine: Engine) -> None:
    landing = put(tmp_path / "landing", FIRST)
    assert load(tmp_path / "base", landing, engine, select=WIDE).exit_code == 0
    commits = kill_everywhere(tmp_path / "base", tmp_path, engine, put(landing, SECOND), WIDE)
    assert {"silver.nh_penalty", "gold.pbj_totals", "gold.pbj_quarter", "gold.pbj_state_quarter"} <= set(commits)


@only_when_thorough
def test_history_killed_at_every_commit(tmp_path: Path, engine: Engine) -> None:
    homes = [{"ccn": f"01500{i}", "certified_beds": 100} for i in range(10)]
    landing = put(tmp_path / "landing", [provider("Oct2024", homes, modified="2024-10-20")])
    select = ["gold.nh_facility_metrics"]
    assert load(tmp_path / "base", landing, engine, select=select).exit_code == 0
    changed = [{"ccn": f"01500{i}", "certified_beds": 120 if i == 1 else 100} for i in range(1, 10)]
    put(landing, [provider("Nov2024", changed, modified="2024-11-20")])
    commits = kill_everywhere(tmp_path / "base", tmp_path, engine, landing, select)
    assert {"silver.nh_facility", "silver.nh_facility_month", "gold.nh_facility_metrics"} <= set(commits)


PROCESS = """
import os, sys
from pathlib import Path
from nh_lakehouse import RunOptions, open_engine, run
lake, landing, name, kill_at = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
def die(table):
    if table == kill_at:
        os._exit(9)
run(RunOptions(lakehouse=lake, landing=landing, select=("gold.pbj_day",)), lambda: open_engine(name), after_commit=die)
"""


def test_process_that_dies_leaves_a_lock_that_the_next_run_takes_over(tmp_path: Path, engine: Engine) -> None:
    landing, lake, clean = put(tmp_path / "landing", FIRST[:1]), tmp_path / "lake", tmp_path / "clean"
    command = [sys.executable, "-c", PROCESS, str(lake), str(landing), engine.name, "silver.pbj_daily"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert ended.returncode == 9, ended.stderr
    assert (lake / "_lock").exists()
    assert Lakehouse(lake).exists("silver.pbj_daily") and not Lakehouse(lake).exists("gold.pbj_day")
    assert load(lake, landing, engine, select=PAYROLL).exit_code == 0
    assert not (lake / "_lock").exists() and not (lake / "_staging").exists()
    assert load(clean, landing, engine, select=PAYROLL).exit_code == 0
    assert compared(lake) == compared(clean)
