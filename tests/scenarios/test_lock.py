"""A second run at the same time waits, or says who holds the lakehouse."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from deliveries import chains, put
from support import all_tables, load, write

from nh_lakehouse import Lakehouse, RunOptions, run
from nh_lakehouse.engines import Engine
from nh_lakehouse.errors import ConflictError
from nh_lakehouse.lakehouse.lock import RunLock
from nh_lakehouse.pipeline.report import RunReport

pytestmark = [pytest.mark.scenario, pytest.mark.usefixtures("narrow_contracts")]

SELECT = ["silver.nh_chain"]
FILES = [
    chains("Chain_Performance_20241001.csv", {"11": 5, "12": 7}),
    chains("Chain_Performance_20241101.csv", {"11": 6}),
]


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    return put(tmp_path / "landing", FILES)


def test_two_runs_at_once_one_waits_and_finds_nothing_left(tmp_path: Path, landing: Path, engine: Engine) -> None:
    reports: dict[str, RunReport] = {}
    inside = threading.Event()

    def first() -> None:
        def hold(table: str) -> None:
            inside.set()

        reports["first"] = load(tmp_path / "lake", landing, engine, select=SELECT, after_commit=hold)

    thread = threading.Thread(target=first)
    thread.start()
    assert inside.wait(60)
    reports["second"] = load(tmp_path / "lake", landing, engine, select=SELECT, wait_s=120)
    thread.join()
    assert [reports[n].exit_code for n in ("first", "second")] == [0, 0]
    assert [t.table for t in reports["first"].tables] == SELECT and reports["second"].tables == []
    load(tmp_path / "clean", landing, engine, select=SELECT)
    assert all_tables(tmp_path / "lake") == all_tables(tmp_path / "clean")
    # Create, then one append per table: nothing was written twice.
    assert {Lakehouse(tmp_path / "lake").version(n) for n in ("bronze.nh_chain_performance", "silver.nh_chain")} == {1}


def test_run_that_waited_tells_of_the_files_that_the_other_rejected(
    tmp_path: Path, landing: Path, engine: Engine
) -> None:
    write(landing / "Chain_Performance_20241201.csv", "<html>try again later</html>")
    codes: dict[str, int] = {}
    inside = threading.Event()

    def first() -> None:
        codes["first"] = load(
            tmp_path / "lake", landing, engine, select=SELECT, after_commit=lambda table: inside.set()
        ).exit_code

    thread = threading.Thread(target=first)
    thread.start()
    assert inside.wait(60)
    second = load(tmp_path / "lake", landing, engine, select=SELECT, wait_s=120)
    thread.join()
    assert (codes["first"], second.exit_code) == (1, 1)
    assert [(f.file, f.status) for f in second.files] == [("Chain_Performance_20241201.csv", "rejected")]


def test_run_that_may_not_wait_says_who_holds_the_lakehouse(tmp_path: Path, landing: Path, engine: Engine) -> None:
    with RunLock(tmp_path / "lake", "the-other-run"), pytest.raises(ConflictError) as caught:
        load(tmp_path / "lake", landing, engine, select=SELECT)
    assert "the-other-run" in caught.value.message and "writes this lakehouse since" in caught.value.message
    assert Lakehouse(tmp_path / "lake").tables() == []


HOLDER = """
import sys
from pathlib import Path
from nh_lakehouse.lakehouse.lock import RunLock
with RunLock(Path(sys.argv[1]), "another-process"):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_run_waits_for_another_process_and_then_does_its_work(tmp_path: Path, landing: Path, engine: Engine) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "lake")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin is not None and other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(ConflictError, match="another-process"):
            load(tmp_path / "lake", landing, engine, select=SELECT)
        threading.Timer(0.5, other.communicate, ("go\n",)).start()
        report = load(tmp_path / "lake", landing, engine, select=SELECT, wait_s=60)
    assert report.exit_code == 0 and [t.table for t in report.tables] == SELECT


def test_nothing_to_do_needs_no_lock(tmp_path: Path, landing: Path, engine: Engine) -> None:
    load(tmp_path / "lake", landing, engine, select=SELECT)
    with RunLock(tmp_path / "lake", "the-other-run"):
        report = load(tmp_path / "lake", landing, engine, select=SELECT)
    assert report.status == "nothing_new"


def test_dry_run_needs_no_lock(tmp_path: Path, landing: Path) -> None:
    def no_engine() -> Engine:
        raise AssertionError("an engine was asked for")

    options = RunOptions(lakehouse=tmp_path / "lake", landing=landing, select=tuple(SELECT), dry_run=True)
    with RunLock(tmp_path / "lake", "the-other-run"):
        report = run(options, no_engine)
    assert report.planned == {"files": [f.name for f in FILES], "tables": SELECT}
