"""`run` as a person and a program use it: reports, summaries, logs, interruption, an engine that cannot start."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from command_line import call
from support import provider_row, write

import nh_lakehouse
from nh_lakehouse import Lakehouse
from nh_lakehouse.engines import Engine
from nh_lakehouse.lakehouse.lock import RunLock
from nh_lakehouse.lakehouse.state import read_state
from nh_lakehouse.sources.local import LandingFile

MONTH = "silver.nh_facility_month"
pytestmark = pytest.mark.usefixtures("narrow_contracts")


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    """One good file."""
    write(tmp_path / "in" / "NH_ProviderInfo_Oct2024.csv", [provider_row("015009"), provider_row("015010")])
    return tmp_path / "in"


def run(lake: Path, landing: Path, *more: Any, **environment: str) -> Any:
    return call("run", "--landing", landing, "--lakehouse", lake, "--select", MONTH, *more, **environment)


@pytest.mark.scenario
def test_run_reports_files_and_tables_then_nothing_new(tmp_path: Path, landing: Path, engine_kept: Engine) -> None:
    write(landing / "notes.txt", "x")
    write(landing / "._x.csv", "x")
    first = run(tmp_path / "lake", landing)
    assert first.exit_code == 0, first.output
    lines = [" ".join(line.split()) for line in first.stdout.splitlines()]
    assert any(line.startswith("NH_ProviderInfo_Oct2024.csv 2 2 0 0 0 ") for line in lines)
    assert any(line.startswith(f"{MONTH} 2 0 0 0 full") for line in lines)
    assert "unknown (no data set has files of that name): notes.txt" in lines
    assert "ignored (hidden or left by a system): ._x.csv" in lines
    assert lines[-1].startswith("Done in ")
    second = run(tmp_path / "lake", landing)
    assert (second.exit_code, second.stdout.count("\n")) == (0, 1)
    assert second.stdout.startswith("Nothing new")


@pytest.mark.scenario
def test_run_with_nothing_new_imports_no_engine(tmp_path: Path, landing: Path, engine_kept: Engine) -> None:
    run(tmp_path / "lake", landing)
    script = (
        "import sys; sys.argv = sys.argv[1:]\n"
        "from nh_lakehouse.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "heavy = {'pyspark', 'pysail', 'deltalake', 'duckdb', 'pyarrow', 'pandas', 'nh_lakehouse.contracts'}\n"
        "heavy &= set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    arguments = ["nh-lakehouse", "run", "--landing", landing, "--lakehouse", tmp_path / "lake", "--select", MONTH]
    source = str(Path(nh_lakehouse.__file__).parent.parent)
    path = os.pathsep.join([source, os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Nothing new")


@pytest.mark.scenario
def test_run_reports_a_rejected_file_until_it_is_accepted(tmp_path: Path, landing: Path, engine_kept: Engine) -> None:
    lake = tmp_path / "lake"
    write(landing / "sub" / "NH_ProviderInfo_Nov2024.csv", b"")
    for _ in range(3):
        result = run(lake, landing)
        assert result.exit_code == 1
        assert "rejected: sub/NH_ProviderInfo_Nov2024.csv: is empty" in result.stdout
    accepted = call("accept", "NH_ProviderInfo_Nov2024.csv", "--lakehouse", lake)
    assert accepted.exit_code == 0, accepted.output
    assert read_state(Lakehouse(lake)).files["sub/NH_ProviderInfo_Nov2024.csv"].status == "accepted"
    assert not (lake / "_lock").exists()
    assert run(lake, landing).exit_code == 0
    os.utime(landing / "sub" / "NH_ProviderInfo_Nov2024.csv", (1e9, 1e9))  # copied again: the same bytes
    assert run(lake, landing).exit_code == 0
    write(landing / "sub" / "NH_ProviderInfo_Nov2024.csv", [provider_row("015009", "2024-11-01")])
    assert run(lake, landing).exit_code == 0
    assert len(Lakehouse(lake).arrow(MONTH)) == 3


@pytest.mark.scenario
def test_file_that_may_be_read_again_is_loaded(
    tmp_path: Path, landing: Path, engine_kept: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbidden, opened = landing / "NH_ProviderInfo_Nov2024.csv", Path.open
    write(forbidden, [provider_row("015009", "2024-11-01")])

    def refuse(path: Path, *args: Any, **options: Any) -> Any:
        if path == forbidden:
            raise PermissionError(13, "Permission denied")
        return opened(path, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refuse)
        patch.setattr(LandingFile, "is_readable", property(lambda file: file.path != forbidden))
        result = run(tmp_path / "lake", landing)
        assert result.exit_code == 1 and "give this user permission to read it" in result.stdout
        assert run(tmp_path / "lake", landing).exit_code == 1
    assert run(tmp_path / "lake", landing).exit_code == 0
    assert len(Lakehouse(tmp_path / "lake").arrow(MONTH)) == 3


def test_landing_folder_is_no_lakehouse(tmp_path: Path, landing: Path) -> None:
    result = run(landing, landing)
    assert result.exit_code == 2 and "give two folders" in result.output


def test_nobody_has_to_read_what_is_printed(tmp_path: Path) -> None:
    """As behind `| head`: the reader is gone before the first line is written."""
    command = [sys.executable, "-c", "from nh_lakehouse.cli import main; main()", "run", "--help"]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.scenario
def test_run_json_is_the_whole_report(tmp_path: Path, landing: Path, engine_kept: Engine) -> None:
    result = run(tmp_path / "lake", landing, "--format", "json")
    report = json.loads(result.stdout)
    assert (report["status"], report["exit_code"], report["errors"]) == ("ok", 0, [])
    assert report["files"][0]["accepted_n"] == 2
    assert "silver" in result.stderr


@pytest.mark.scenario
def test_run_csv_has_files_and_tables(tmp_path: Path, landing: Path, engine_kept: Engine) -> None:
    records = list(csv.DictReader(io.StringIO(run(tmp_path / "lake", landing, "-f", "csv").stdout)))
    assert [(r["kind"], r["name"], r["status"]) for r in records] == [
        ("file", "NH_ProviderInfo_Oct2024.csv", "loaded"), ("table", MONTH, "ok"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("in/run.json", "lies in the landing folder"),
        ("nowhere/run.json", "does not exist: make it"),
        (".", "is a folder"),
    ],
)
def test_run_refuses_a_summary_that_it_could_not_write(tmp_path: Path, landing: Path, target: str, words: str) -> None:
    before = sorted(tmp_path.rglob("*"))
    result = run(tmp_path / "lake", landing, "--summary", tmp_path / target)
    assert result.exit_code == 2
    assert words in result.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_run_writes_a_summary_of_wrong_use_and_of_failure(tmp_path: Path, landing: Path) -> None:
    target = tmp_path / "run.json"
    target.write_text("of an earlier run")
    assert run(tmp_path / "lake", tmp_path / "nowhere", "--summary", target).exit_code == 2
    report = json.loads(target.read_text())
    assert (report["status"], report["exit_code"], report["lakehouse"]) == ("failed", 2, str(tmp_path / "lake"))
    assert "does not exist" in report["errors"][0]
    with RunLock(tmp_path / "lake", "20241101T083000-abcd"):
        run(tmp_path / "lake", landing, "--summary", target)
    report = json.loads(target.read_text())
    assert (report["status"], report["exit_code"]) == ("failed", 1)
    assert "20241101T083000-abcd" in report["error"]


def test_run_log_json_tells_errors_as_json_alone(tmp_path: Path, landing: Path) -> None:
    with RunLock(tmp_path / "lake", "20241101T083000-abcd"):
        result = run(tmp_path / "lake", landing, "--log", "json")
    (event,) = [json.loads(line) for line in result.stderr.splitlines()]
    assert result.exit_code == 1
    assert (event["level"], event["event"], event["ok"]) == ("error", "say", False)
    assert event["run_id"]
    assert "20241101T083000-abcd" in event["text"]


def test_run_dry_run_lists_the_work_and_does_none(tmp_path: Path, landing: Path) -> None:
    result = run(tmp_path / "lake", landing, "--dry-run")
    assert result.exit_code == 0
    assert "would load 1 file:\n  NH_ProviderInfo_Oct2024.csv" in result.stdout
    assert MONTH in result.stdout
    assert Lakehouse(tmp_path / "lake").tables() == []


def test_run_says_who_holds_the_lakehouse(tmp_path: Path, landing: Path) -> None:
    with RunLock(tmp_path / "lake", "20241101T083000-abcd"):
        result = run(tmp_path / "lake", landing)
    assert result.exit_code == 1
    assert "20241101T083000-abcd" in result.stderr


@pytest.mark.scenario
def test_run_stops_at_once_when_interrupted_and_the_next_run_goes_on(
    tmp_path: Path, landing: Path, engine_kept: Engine
) -> None:
    script = (
        "import os, signal, threading, time\n"
        "from nh_lakehouse.pipeline import silver_load\n"
        "from nh_lakehouse.pipeline import runner\n"
        "def slow(*a, **k):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    time.sleep(600)\n"
        "runner.load_silver = slow\n"
        "from nh_lakehouse.cli import main\n"
        "main()\n"
    )
    source = str(Path(nh_lakehouse.__file__).parent.parent)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([source, os.environ.get("PYTHONPATH", "")])}
    arguments = ["run", "--landing", landing, "--lakehouse", tmp_path / "lake", "--select", MONTH]
    command = [sys.executable, "-c", script, *arguments, "--engine", engine_kept.name]
    command += ["--summary", tmp_path / "run.json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 1
    assert "interrupted" in done.stderr
    assert "interrupted" in json.loads((tmp_path / "run.json").read_text())["error"]
    assert run(tmp_path / "lake", landing).exit_code == 0
    assert len(Lakehouse(tmp_path / "lake").arrow(MONTH)) == 2


def test_run_on_an_engine_that_cannot_start_exits_with_1(
    tmp_path: Path, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nh_lakehouse.doctor._pyspark_folder", lambda: None)
    monkeypatch.setattr("nh_lakehouse.doctor._has_session", lambda: False)
    monkeypatch.delenv("PYSPARK_GATEWAY_PORT", raising=False)
    result = run(tmp_path / "lake", landing, "--engine", "spark")
    assert result.exit_code == 1
    assert "make spark" in result.stderr
    assert not (tmp_path / "lake" / "_lock").exists()


@pytest.mark.scenario
@pytest.mark.parametrize("shared", [True, False], ids=["shared", "alone"])
def test_run_on_sail_warns_once_on_a_shared_machine(
    shared: bool, tmp_path: Path, landing: Path, engine_kept: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nh_lakehouse.doctor.is_shared_machine", lambda: shared)
    text = run(tmp_path / "lake", landing).stdout
    expected = 1 if shared and engine_kept.name == "sail" else 0
    assert text.count("without authentication") == expected
