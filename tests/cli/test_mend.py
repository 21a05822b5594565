"""`forget`, `reprocess` and `restore` as a person meets them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from command_line import call
from support import keep_engine, provider_row, write
from thorough import embedded_unless_thorough

from nh_lakehouse import Lakehouse
from nh_lakehouse.engines import Engine

pytestmark = [pytest.mark.scenario, pytest.mark.usefixtures("narrow_contracts"), embedded_unless_thorough]

MONTH = "silver.nh_facility_month"
OCTOBER, NOVEMBER = "NH_ProviderInfo_Oct2024.csv", "NH_ProviderInfo_Nov2024.csv"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, engine: Engine, narrow_contracts: None) -> Path:
    """Two months of one home, loaded by a run each; one cell is no number."""
    folder = tmp_path_factory.mktemp("loaded")
    with pytest.MonkeyPatch.context() as patch:
        keep_engine(engine, patch)
        for name, month, beds in ((OCTOBER, "2024-10-01", 100), (NOVEMBER, "2024-11-01", "many")):
            write(folder / "in" / name, [provider_row("015009", month, certified_beds=beds)])
            done = run(folder)
            assert done.exit_code == 0, done.output
    return folder


@pytest.fixture
def folder(loaded: Path, tmp_path: Path, engine_kept: Engine) -> Path:
    """A copy of it for one test."""
    return Path(shutil.copytree(loaded, tmp_path / "copy"))


def run(folder: Path) -> Any:
    return call("run", "--landing", folder / "in", "-l", folder / "lake", "--select", MONTH)


def beds(folder: Path) -> list[int | None]:
    rows = Lakehouse(folder / "lake").arrow(MONTH).sort_by("snapshot_month").to_pylist()
    return [row["certified_beds"] for row in rows]


def test_forget_says_what_left_and_undo_brings_it_back(folder: Path):
    done = call("forget", NOVEMBER, "-l", folder / "lake")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1] == f"forgot {NOVEMBER}: its 1 rows left bronze"
    assert beds(folder) == [100]
    # Only tables that were there are looked at.
    assert set(Lakehouse(folder / "lake").tables()) & {"silver.nh_facility", "gold.nh_facility_metrics"} == set()
    assert run(folder).stdout.startswith("Nothing new")
    again = call("forget", NOVEMBER, "-l", folder / "lake")
    assert (again.exit_code, "is forgotten already; forget --undo" in again.stderr) == (2, True)
    undone = call("forget", NOVEMBER, "--undo", "-l", folder / "lake")
    assert undone.exit_code == 0, undone.output
    assert run(folder).exit_code == 0
    assert beds(folder) == [100, None]
    wrong = call("forget", NOVEMBER, "--undo", "-l", folder / "lake")
    assert (wrong.exit_code, "is not forgotten: its state is loaded" in wrong.stderr) == (2, True)


def test_forget_as_json_is_the_report_of_the_run(folder: Path):
    report = json.loads(call("forget", OCTOBER, "-l", folder / "lake", "-f", "json").stdout)
    assert [(t["table"], t["deleted_n"]) for t in report["tables"]] == [(MONTH, 1)]
    assert (report["forgot"]["file"], report["forgot"]["rows_n"], report["forgot"]["copies"]) == (OCTOBER, 1, [])


def test_reprocess_tells_of_the_quarantine(folder: Path):
    done = call("reprocess", "--data-set", "nh_provider_info", "-l", folder / "lake")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "the quarantine is as it was"), done.output
    # As if an earlier contract had let the cell through.
    Lakehouse(folder / "lake").delta("ops.quarantine").delete()
    done = call("reprocess", "-l", folder / "lake")
    assert " ".join(done.stdout.splitlines()[-1].split()) == "nh_provider_info cell 0 1"


@pytest.mark.parametrize(
    ("data_set", "words"),
    [("nh_provider_inf", "did you mean nh_provider_info"), ("nh_penalties", "no file of it was loaded")],
)
def test_reprocess_refuses_what_is_not_there(data_set: str, words: str, folder: Path):
    refused = call("reprocess", "--data-set", data_set, "-l", folder / "lake")
    assert (refused.exit_code, words in refused.stderr) == (2, True), refused.output


def test_restore_lists_what_goes_back_then_does_it(folder: Path):
    runs = Lakehouse(folder / "lake").arrow("ops.runs").sort_by("ended_at").to_pylist()
    second = runs[-1]["run_id"]
    planned = call("restore", "--run", second, "--dry-run", "-l", folder / "lake")
    assert planned.exit_code == 0, planned.output
    assert planned.stdout.splitlines()[-1] == f"would undo 1 run: {second}"
    assert beds(folder) == [100, None]
    done = call("restore", "--run", second, "-l", folder / "lake")
    assert done.exit_code == 0, done.output
    assert (beds(folder), MONTH in done.stdout) == ([100], True)
    itself = done.stdout.splitlines()[-1].split()[-1]
    undone = json.loads(call("restore", "--run", itself, "-l", folder / "lake", "-f", "json").stdout)
    assert undone["runs"] == [itself]
    assert MONTH in {t["table"] for t in undone["tables"]}
    assert beds(folder) == [100, None]
    refused = call("restore", "--run", "20200101T000000-aaaa", "-l", folder / "lake")
    assert (refused.exit_code, f"the newest are {runs[0]['run_id']}" in refused.stderr) == (2, False)
    assert "no run of that id" in refused.stderr
