"""The command line as a person and a program use it: output, exit codes, mistakes."""

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
from lake import add_rows, small_lake, state_rows
from support import provider_row, write
from typer.testing import CliRunner

import nh_lakehouse
from nh_lakehouse import Lakehouse
from nh_lakehouse.cli import app as cli_app
from nh_lakehouse.cli.answers import show_answers, show_next_steps
from nh_lakehouse.cli.app import app, exit_code
from nh_lakehouse.engines import Engine
from nh_lakehouse.errors import (
    ConfigError,
    ConflictError,
    ContractError,
    EngineUnavailableError,
    NhLakehouseError,
    PlanError,
    RunFailedError,
)
from nh_lakehouse.lakehouse.lock import RunLock
from nh_lakehouse.lakehouse.state import read_state
from nh_lakehouse.sources.local import LandingFile

COMMANDS = [
    "run", "sample", "tables", "show", "query", "history", "diff", "periods", "explain", "quality", "lineage", "docs",
    "publish", "export", "accept", "forget", "reprocess", "restore", "doctor", "optimize", "vacuum",
]  # fmt: skip
MONTH = "silver.nh_facility_month"


def call(*arguments: Any, **environment: str) -> Any:
    """One call, as on a screen of 120 columns that is no terminal."""
    settings = {"COLUMNS": "120", "NH_LAKEHOUSE": "", "NH_LAKEHOUSE_DEBUG": "", **environment}
    return CliRunner().invoke(app, [str(a) for a in arguments], env={k: v or None for k, v in settings.items()})


pytestmark = pytest.mark.usefixtures("narrow_contracts")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_lake(tmp_path_factory.mktemp("lake"))


# --- help and wrong use ----------------------------------------------------------------------------------------------


def test_help_lists_the_commands() -> None:
    result = call("--help")
    listed = [
        line.split()[0]
        for line in result.stdout.split("Commands:")[1].split("Examples:")[0].split("\n")
        if line.strip()
    ]
    assert listed == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_has_examples_that_parse(command: str) -> None:
    text = call(command, "--help").stdout
    examples = [line.strip() for line in text.split("Examples:")[1].splitlines() if line.strip()]
    assert examples
    assert all(line.startswith(f"nh-lakehouse {command}") for line in examples)
    options = {word for line in examples for word in line.split() if word.startswith("--")}
    assert all(option in text for option in options)


def test_version() -> None:
    result = call("--version")
    assert (result.exit_code, result.stdout) == (0, f"nh-lakehouse {nh_lakehouse.__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run"], "--landing"),
        (["run", "--landing", "nowhere"], "does not exist"),
        (["run", "--landing", ".", "--engine", "duck"], "duck"),
        (["run", "--landing", ".", "--wait", "-1"], "--wait"),
        (["run", "--landing", ".", "--show", "--format", "json"], "--show"),
        (["run", "--landing", ".", "--profile", "nope"], "nope"),
        (["run", "--landing", ".", "--select", "gold.nope"], "gold.nope"),
        (["run", "--landing", ".", "--domain", "nope"], "nursing_home"),
        (["show"], "table"),
        (["show", "nh_state_rsk"], "did you mean nh_state_risk"),
        (["show", "nh_state_risk", "--columns", "stat"], "did you mean state"),
        (["show", "nh_state_risk", "--order-by", "state; DROP"], "--order-by"),
        (["show", "nh_state_risk", "--where", "state ="], "Parser Error"),
        (["show", "nh_state_risk", "--format", "xml"], "xml"),
        (["query", "SELECT * FROM nh_state_rsk"], "tables of a near name: nh_state_risk"),
        (["query", "DROP TABLE gold.nh_state_risk"], "expected one SELECT"),
        (["history", "nope"], "no table 'nope'"),
        (["lineage", "nope"], "nope"),
        (["quality", "--format", "csv"], "--section"),
        (["accept", "nope.csv"], "rejected files:\n  sub/bad.csv"),
        (["accept", "a.csv"], "a.csv is not rejected: its state is loaded"),
        (["sample", "--out", "x", "--homes", "3"], "between 53 and"),
        (["vacuum", "--hours", "-1"], "--hours"),
        (["optimize", "nope"], "no table 'nope'"),
        (["nonsense"], "nonsense"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_exits_with_2_and_says_why(lake: Path, tmp_path: Path, arguments: list[str], words: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        result = call(*arguments, NH_LAKEHOUSE=str(lake))
    assert result.exit_code == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("command", [c for c in COMMANDS if c not in ("run", "sample", "lineage", "docs", "doctor")])
def test_without_a_lakehouse_commands_say_how_to_make_one(command: str, tmp_path: Path) -> None:
    argument = {"accept": ["x"], "forget": ["x"], "restore": ["--run", "x"], "show": ["x"], "explain": ["x"], "query": ["SELECT 1"], "history": ["x"],
                "publish": ["mysql", "--dry-run"], "export": ["--to", "csv"],
                "diff": ["x", "--from", "2024-10", "--to", "2024-11"]}.get(command, [])  # fmt: skip
    result = call(command, *argument, "--lakehouse", tmp_path / "nowhere")
    assert result.exit_code == 2
    assert "nh-lakehouse run --landing" in result.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("x"), 2),
        (PlanError("x", option="--select"), 2),
        (PlanError("x", problems=["cycle"]), 1),
        (EngineUnavailableError("x"), 1),
        (ContractError("x"), 1),
        (ConflictError("x"), 1),
        (RunFailedError("x"), 1),
        (NhLakehouseError("x"), 1),
    ],
    ids=lambda v: repr(v) if isinstance(v, Exception) else "",
)
def test_exit_code_tells_wrong_use_from_failure(error: NhLakehouseError, code: int) -> None:
    assert exit_code(error) == code


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("what is this"), ["internal error", "ValueError: what is this", "NH_LAKEHOUSE_DEBUG=1"]),
        (OSError(28, "No space left on device", "/data"), ["disk is full", "/data"]),
        (PermissionError(13, "Permission denied", "/data"), ["no permission", "/data", "doctor"]),
        (KeyboardInterrupt(), ["interrupted"]),
    ],
    ids=["bug", "full disk", "permission", "interrupt"],
)
def test_failures_take_a_line_and_no_stack_trace(
    error: BaseException, words: list[str], lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(Lakehouse, "tables", fail)
    result = call("tables", "--lakehouse", lake)
    assert result.exit_code == 1
    assert all(word in result.stderr for word in words)
    assert "Traceback" not in result.stderr
    assert len(result.stderr.splitlines()) <= 2


def test_debug_shows_where_a_bug_is(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise ValueError("what is this")

    monkeypatch.setattr(Lakehouse, "tables", fail)
    result = call("tables", "--lakehouse", lake, NH_LAKEHOUSE_DEBUG="1")
    assert isinstance(result.exception, ValueError)


# --- reading ---------------------------------------------------------------------------------------------------------


def test_tables_lists_rows_and_titles(lake: Path) -> None:
    records = {r["table"]: r for r in json.loads(call("tables", "--lakehouse", lake, "--format", "json").stdout)}
    assert list(records) == Lakehouse(lake).tables()
    found = records["gold.nh_state_risk"]
    assert (found["rows_n"], found["version"], found["title"]) == (6, 0, "Risk scores of states")
    assert found["size_bytes"] > 0


def test_tables_for_people_fit_80_columns(lake: Path) -> None:
    lines = call("tables", "--lakehouse", lake, COLUMNS="80").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split()[:3] == ["table", "rows", "size"]


def test_show_sorts_by_the_key_unless_told(lake: Path) -> None:
    lines = call("show", "nh_state_risk", "--lakehouse", lake, "--columns", "state,risk_score").stdout.splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["DE", "LA", "NY", "OH", "TX", "VT"]


def test_show_orders_limits_and_says_that_there_is_more(lake: Path) -> None:
    result = call(
        "show",
        "nh_state_risk",
        "-l",
        lake,
        "--order-by",
        "risk_score desc",
        "--limit",
        2,
        "--columns",
        "state,facility_n",
    )
    assert result.stdout.splitlines() == [
        "state  facility_n",
        "-----  ----------",
        "TX          1,000",
        "LA          2,000",
        "first 2 rows shown: use --limit N, or --limit 0 for all",
    ]


def test_show_where(lake: Path) -> None:
    result = call(
        "show", "gold.nh_state_risk", "-l", lake, "--where", "risk_score < 0.25", "--columns", "state", "-f", "csv"
    )
    assert sorted(result.stdout.split()) == ["DE", "VT", "state"]


def test_show_notes_columns_that_do_not_fit(lake: Path) -> None:
    lines = call("show", "nh_state_risk", "-l", lake, COLUMNS="60").stdout.splitlines()
    assert max(map(len, lines)) <= 60
    assert lines[-1].endswith("more columns: use --columns or --format json")


def test_show_json_has_every_row_and_column(lake: Path, tmp_path: Path) -> None:
    rows = state_rows() * 10
    add_rows(tmp_path, "gold.nh_state_risk", rows)
    records = json.loads(call("show", "nh_state_risk", "-l", tmp_path, "-f", "json").stdout)
    assert len(records) == 60
    assert records[0]["fines_usd"] == 1234567.8
    assert records[0]["snapshot_month"] == "2024-10-01"
    assert records[0]["risk_score_n10"] is None


def test_show_csv_is_read_back_by_csv(lake: Path) -> None:
    text = call("show", "nh_state_risk", "-l", lake, "-f", "csv", "--order-by", "state").stdout
    records = list(csv.DictReader(io.StringIO(text)))
    assert [r["state"] for r in records] == ["DE", "LA", "NY", "OH", "TX", "VT"]
    assert {r["fines_usd"] for r in records} == {"1234567.80"}


def test_query_answers_without_an_engine(lake: Path) -> None:
    result = call("query", "SELECT max(risk_score) AS most FROM nh_state_risk", "-l", lake)
    assert result.stdout.splitlines() == ["most", "----", "0.91"]


def test_lakehouse_is_taken_from_the_environment(lake: Path) -> None:
    assert call("query", "SELECT 1 AS a", NH_LAKEHOUSE=str(lake)).exit_code == 0


def test_history_lists_commits_newest_first(tmp_path: Path) -> None:
    add_rows(tmp_path, "gold.nh_state_risk", state_rows())
    add_rows(tmp_path, "gold.nh_state_risk", state_rows()[:2])
    records = json.loads(call("history", "nh_state_risk", "-l", tmp_path, "-f", "json").stdout)
    assert [(r["version"], r["operation"], r["inserted_n"]) for r in records] == [(1, "WRITE", 2), (0, "WRITE", 6)]


def test_quality_counts_the_last_load_of_a_file_alone(lake: Path) -> None:
    records = json.loads(call("quality", "-l", lake, "--section", "loads", "-f", "json").stdout)["loads"]
    (found,) = records
    assert (found["table"], found["files_n"], found["accepted_n"], found["quarantined_n"]) == (MONTH, 1, 7, 2)


def test_quality_has_reasons_flags_drift_and_files(lake: Path) -> None:
    whole = json.loads(call("quality", "-l", lake, "-f", "json").stdout)
    assert {(r["reason"], r["severity"], r["rows_n"]) for r in whole["quarantine"]} == {
        ("short_row", "row", 1), ("bad_number:rn_hprd", "cell", 1),
    }  # fmt: skip
    assert whole["flags"][0] == {"table": MONTH, "flag": "ccn_padded", "rows_n": 2}
    assert whole["drift"] == [
        {"data_set": "nh_provider_info", "kind": "new_column", "files_n": 1, "columns_n": 2, "what": "x, y"}
    ]
    assert [(r["file"], r["status"]) for r in whole["files"]] == [("sub/bad.csv", "rejected")]
    assert "reconciliation" not in whole


def test_quality_for_people_has_all_parts(lake: Path) -> None:
    text = call("quality", "-l", lake).stdout
    assert text.count("\n\n") == 6
    assert "not recorded yet" in text


def test_quality_csv_of_one_part(lake: Path) -> None:
    text = call("quality", "-l", lake, "--section", "drift", "-f", "csv").stdout
    assert text.splitlines()[1] == 'nh_provider_info,new_column,1,2,"x, y"'


def test_lineage_as_tree_mermaid_and_rows() -> None:
    assert "`-- gold.nh_facility_metrics" in call("lineage", "nh_state_risk").stdout
    assert call("lineage", "--mermaid").stdout.startswith("flowchart LR\n")
    records = json.loads(call("lineage", "nh_state_risk", "-f", "json").stdout)
    assert {"from": "gold.nh_facility_metrics", "to": "gold.nh_state_risk"} in records


def test_doctor_says_what_is_wrong_and_exits_with_1(tmp_path: Path) -> None:
    (tmp_path / "lake").touch()
    result = call("doctor", "--lakehouse", tmp_path / "lake")
    assert result.exit_code == 1
    assert "FAIL  Lakehouse" in result.stdout
    records = json.loads(call("doctor", "--lakehouse", tmp_path / "lake", "-f", "json").stdout)
    assert next(r for r in records if r["check"] == "Lakehouse")["status"] == "fail"


def test_optimize_and_vacuum_report_files(tmp_path: Path) -> None:
    for _ in range(3):
        add_rows(tmp_path, "gold.nh_state_risk", state_rows())
    assert call("optimize", "-l", tmp_path).stdout.splitlines()[-1].split() == ["gold.nh_state_risk", "3", "1"]
    assert call("optimize", "-l", tmp_path).stdout == "every table is compact already\n"
    assert call("vacuum", "-l", tmp_path).stdout == "nothing to delete\n"
    assert "would be freed" in call("vacuum", "-l", tmp_path, "--hours", "0", "--dry-run").stdout
    assert "can no longer be read" in call("vacuum", "-l", tmp_path, "--hours", "0").stdout


@pytest.mark.parametrize("command", ["optimize", "vacuum"])
def test_maintenance_says_who_holds_the_lakehouse(command: str, tmp_path: Path) -> None:
    add_rows(tmp_path, "gold.nh_state_risk", state_rows())
    with RunLock(tmp_path, "20241101T083000-abcd"):
        result = call(command, "-l", tmp_path)
    assert result.exit_code == 1
    assert "20241101T083000-abcd" in result.stderr


def test_sample_writes_files_and_lists_them(tmp_path: Path) -> None:
    result = call("sample", "--out", tmp_path, "--homes", 53, "--months", 1, "--quarters", 0, "-f", "json")
    records = {r["file"]: r["rows"] for r in json.loads(result.stdout)}
    assert set(records) <= {p.name for p in tmp_path.iterdir()}
    assert records["NH_ProviderInfo_Oct2024.csv"] >= 53


def test_sample_that_is_interrupted_leaves_no_folder_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(out: Path, **_: Any) -> None:
        (out / "half.csv").parent.mkdir(parents=True)
        raise OSError("stopped")

    monkeypatch.setattr("nh_lakehouse.sample.generate_sample", stopped)
    assert call("sample", "--out", tmp_path / "new").exit_code == 1
    assert not (tmp_path / "new").exists()


# --- answers ---------------------------------------------------------------------------------------------------------


def test_show_answers_prints_figures_homes_and_states(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_answers(Lakehouse(lake))
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "Executive summary, October 2024" in lines
    assert "Nursing homes 14,814" in lines
    assert "Beds in use, mean of homes 77.1 % 85-90 %" in lines
    assert "Fines of three years 1,234,568 usd" in lines
    homes = [line for line in lines if "HOME" in line]
    assert [line.split()[0] for line in homes] == [str(n) for n in range(1, 11)]
    states = [line.split()[0] for line in lines if line[:2].isupper() and "HIGH" in line]
    assert states == ["TX", "LA", "OH", "NY", "VT", "DE", "VT", "NY", "OH", "LA"]


def test_show_answers_prints_citations_of_the_nation_and_the_largest_chains(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    month = state_rows()[0]["snapshot_month"]
    cited = {"level": "nation", "domain": "health", "cycle": "all", "snapshot_month": month, "severity_3_n": 1,
             "severity_4_n": 0, "complaint_n": 2}  # fmt: skip
    others = ({"level": "state"}, {"domain": "fire"}, {"cycle": "1"})
    rows = [{**cited, "category": "all", "citations_n": 30}, {**cited, "category": "Nutrition", "citations_n": 9}]
    rows += [{**cited, "category": "wrong", "citations_n": 99, **other} for other in others]
    rows += [{**cited, "category": f"Category {n}", "citations_n": n} for n in range(10, 17)]
    add_rows(tmp_path, "gold.nh_citation_summary", rows)
    chain = {"snapshot_month": month, "is_independent": False, "overall_rating_mean": 3.5, "total_hprd_wtd": 3.75,
             "fines_mean": 1.5}  # fmt: skip
    chains = [{**chain, "chain_id": str(n), "chain_name": f"CHAIN {n}", "facility_n": n} for n in range(2, 9)]
    chains.append({**chain, "chain_id": "INDEPENDENT", "is_independent": True, "facility_n": 40})
    add_rows(tmp_path, "gold.nh_chain_benchmark", chains)
    show_answers(Lakehouse(tmp_path))
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert [line for line in lines if line.endswith("1 0 2")] == [
        "all 30 1 0 2", *(f"Category {n} {n} 1 0 2" for n in range(16, 11, -1))
    ]  # fmt: skip
    assert [line for line in lines if line.endswith("3.5 3.75 1.5")] == [
        "homes on their own 40 3.5 3.75 1.5", *(f"CHAIN {n} {n} 3.5 3.75 1.5" for n in range(8, 3, -1))
    ]  # fmt: skip


def test_show_answers_takes_the_newest_month(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = state_rows()[0], {**state_rows()[1], "risk_rank": 1}
    add_rows(tmp_path, "gold.nh_state_risk", [{**old, "snapshot_month": old["snapshot_month"].replace(month=9)}, new])
    show_answers(Lakehouse(tmp_path))
    out = capsys.readouterr().out
    assert "October 2024" in out
    assert "TX" not in out


def test_show_answers_of_a_lakehouse_without_these_tables_is_silent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show_answers(Lakehouse(tmp_path))
    assert capsys.readouterr().out == ""


def test_show_next_steps_names_three_commands(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_next_steps(Lakehouse(lake))
    assert capsys.readouterr().out.count("  nh-lakehouse ") == 3


# --- run -------------------------------------------------------------------------------------------------------------


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


def test_commands_add_themselves_in_the_order_of_the_help() -> None:
    assert [c.callback.__name__ for c in cli_app.app.registered_commands if c.callback] == COMMANDS
