"""The command line as a person and a program use it: output, exit codes, mistakes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from command_line import call
from lake import add_rows, small_lake, state_rows

import nh_lakehouse
from nh_lakehouse import Lakehouse
from nh_lakehouse.cli import app as cli_app
from nh_lakehouse.cli.app import exit_code
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

COMMANDS = [
    "run", "sample", "tables", "show", "query", "history", "diff", "periods", "explain", "quality", "lineage", "docs",
    "publish", "export", "accept", "forget", "reprocess", "restore", "doctor", "optimize", "vacuum",
]  # fmt: skip
MONTH = "silver.nh_facility_month"


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


def test_commands_add_themselves_in_the_order_of_the_help() -> None:
    assert [c.callback.__name__ for c in cli_app.app.registered_commands if c.callback] == COMMANDS
