"""What a run selects, what stops when a table fails, and what it reports."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from support import all_tables, load, pbj_rows, provider_row, rows_of, write
from tables import failing
from thorough import embedded_unless_thorough

from nh_lakehouse import Lakehouse, RunOptions, build_graph, run
from nh_lakehouse.engines import Engine
from nh_lakehouse.errors import ConfigError, PlanError, RunFailedError
from nh_lakehouse.pipeline.graph import Graph
from nh_lakehouse.pipeline.report import RunReport

pytestmark = embedded_unless_thorough

SELECT = ["gold.pbj_*"]
DAYS = ["20240401", "20240402"]
READERS = {"gold.pbj_month", "gold.pbj_quarter", "gold.pbj_state_quarter", "gold.pbj_overtime_proxy"}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Path:
    """One home with two days of payroll, loaded."""
    folder = tmp_path_factory.mktemp("base")
    write(folder / "landing" / "PBJ_Daily_Nurse_Staffing_Q2_2024.csv", pbj_rows("015009", DAYS), modified="2024-10-20")
    assert load(folder / "lake", folder / "landing", engine, select=SELECT).exit_code == 0
    return folder


@pytest.fixture
def loaded(base: Path, tmp_path: Path) -> Path:
    """A copy of the base for one test."""
    return Path(shutil.copytree(base, tmp_path / "loaded"))


def replaced(function) -> Graph:
    """The graph of the package with one function replaced by that of a test module."""
    spec = function.__table__
    return build_graph(list({**build_graph().specs, spec.name: spec}.values()))


def again(folder: Path, engine: Engine, **options) -> RunReport:
    return load(folder / "lake", folder / "landing", engine, **{"select": SELECT, **options})


def no_engine() -> Engine:
    raise AssertionError("an engine was asked for")


# --- failing tables ------------------------------------------------------------------------------------------------


def test_failing_table_stops_only_what_reads_it(tmp_path: Path, base: Path, engine: Engine):
    lake = tmp_path / "lake"
    report = load(lake, base / "landing", engine, select=SELECT, graph=replaced(failing.pbj_totals))
    status = {t.table: t.status for t in report.tables}
    assert status == {
        "silver.pbj_daily": "ok",
        "gold.pbj_day": "ok",
        "gold.pbj_totals": "failed",
        **dict.fromkeys(READERS, "blocked"),
    }
    assert (report.status, report.exit_code) == ("partial", 1)
    assert report.errors == ["gold.pbj_totals: ValueError: the sums do not add up"]
    with pytest.raises(RunFailedError, match="the sums do not add up") as caught:
        report.raise_if_failed()
    assert (caught.value.run_id, caught.value.errors) == (report.run_id, report.errors)
    recorded = {r["table"]: (r["status"], r["error"]) for r in rows_of(lake, "ops.tables")}
    assert recorded["gold.pbj_totals"] == ("failed", "ValueError: the sums do not add up")
    assert recorded["gold.pbj_month"] == ("blocked", "its input gold.pbj_totals failed")
    assert [(r["status"], r["message"]) for r in rows_of(lake, "ops.runs")] == [
        ("partial", "ValueError: the sums do not add up")
    ]
    # The next run, with a sound function, does what was left and ends like a clean one.
    mended = load(lake, base / "landing", engine, select=SELECT)
    assert mended.raise_if_failed() is mended and {t.table for t in mended.tables} == {"gold.pbj_totals", *READERS}
    assert all_tables(lake) == all_tables(base / "lake")


def test_table_that_was_sound_keeps_its_rows_when_it_fails(loaded: Path, engine: Engine):
    before = all_tables(loaded / "lake")
    report = again(loaded, engine, graph=replaced(failing.pbj_totals))
    assert report.exit_code == 1
    assert all_tables(loaded / "lake") == before
    # Every run says so again until it is mended.
    assert again(loaded, engine, graph=replaced(failing.pbj_totals)).exit_code == 1


def test_result_that_differs_from_its_declaration_is_not_written(loaded: Path, engine: Engine):
    report = again(loaded, engine, graph=replaced(failing.pbj_day))
    (error,) = report.errors
    assert all(
        part in error for part in ("gold.pbj_day", "lacks quarter", "has surplus", "work_date is string, declared date")
    )
    assert all(t.table == "gold.pbj_day" for t in report.tables if t.status == "failed")
    assert len(rows_of(loaded / "lake", "gold.pbj_day")) == 2


def test_failing_silver_table_blocks_all_that_is_made_from_it(loaded: Path, engine: Engine):
    before = all_tables(loaded / "lake")
    report = again(loaded, engine, graph=replaced(failing.pbj_daily))
    status = {t.table: t.status for t in report.tables}
    assert status == {
        "silver.pbj_daily": "failed",
        **dict.fromkeys(["gold.pbj_day", "gold.pbj_totals", *READERS], "blocked"),
    }
    assert report.exit_code == 1 and len(report.errors) == 1 and "\n" not in report.errors[0]
    assert all_tables(loaded / "lake") == before


def test_failing_data_set_leaves_the_others_alone(loaded: Path, engine: Engine):
    write(loaded / "landing" / "NH_ProviderInfo_Oct2024.csv", [provider_row("015009")], modified="2024-10-20")
    select = [*SELECT, "silver.nh_facility_month"]
    report = again(loaded, engine, select=select, graph=replaced(failing.pbj_daily))
    assert {t.table: t.status for t in report.tables}["silver.nh_facility_month"] == "ok"
    assert len(rows_of(loaded / "lake", "silver.nh_facility_month")) == 1


# --- what belongs to a run -----------------------------------------------------------------------------------------


def test_select_reads_the_files_and_makes_the_tables_that_are_needed(loaded: Path, engine: Engine):
    write(loaded / "landing" / "NH_Penalties_Oct2024.csv", "not looked at", modified="2024-10-20")
    assert again(loaded, engine).status == "nothing_new"
    assert not Lakehouse(loaded / "lake").exists("bronze.nh_penalties")
    assert {r["file"] for r in rows_of(loaded / "lake", "ops.files")} == {"PBJ_Daily_Nurse_Staffing_Q2_2024.csv"}


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        pytest.param(("bronze",), {"bronze.pbj_nurse_daily"}, id="bronze"),
        pytest.param(("bronze", "silver"), {"bronze.pbj_nurse_daily", "silver.pbj_daily"}, id="bronze and silver"),
    ],
)
def test_layers_of_a_run(tmp_path: Path, base: Path, engine: Engine, layers: tuple[str, ...], expected: set[str]):
    report = load(tmp_path / "lake", base / "landing", engine, select=SELECT, layers=layers)
    assert report.exit_code == 0
    assert {t for t in Lakehouse(tmp_path / "lake").tables() if not t.startswith("ops.")} == expected
    # Layer by layer ends in the same tables as all at once.
    rest = tuple(x for x in ("bronze", "silver", "gold") if x not in layers)
    for layer in rest:
        assert load(tmp_path / "lake", None, engine, select=SELECT, layers=(layer,)).exit_code == 0
    assert all_tables(tmp_path / "lake") == all_tables(base / "lake")


def test_dry_run_says_what_would_be_done_and_does_nothing(tmp_path: Path, base: Path):
    options = RunOptions(lakehouse=tmp_path / "lake", landing=base / "landing", select=tuple(SELECT), dry_run=True)
    report = run(options, no_engine)
    assert report.exit_code == 0 and not (tmp_path / "lake").exists()
    assert report.planned is not None and report.planned["files"] == ["PBJ_Daily_Nurse_Staffing_Q2_2024.csv"]
    assert set(report.planned["tables"]) == {"silver.pbj_daily", "gold.pbj_day", "gold.pbj_totals", *READERS}
    current = run(
        RunOptions(lakehouse=base / "lake", landing=base / "landing", select=tuple(SELECT), dry_run=True), no_engine
    )
    assert current.planned == {"files": [], "tables": []}


@pytest.mark.parametrize(
    ("options", "error"),
    [
        pytest.param({"landing": None}, ConfigError, id="no landing folder"),
        pytest.param({"landing": Path("nowhere")}, ConfigError, id="landing folder does not exist"),
        pytest.param({"domains": ("hospitals",)}, ConfigError, id="unknown domain"),
        pytest.param({"select": ("gold.no_such_table",)}, PlanError, id="unknown table"),
    ],
)
def test_options_that_cannot_be_used_fail_before_an_engine_starts(tmp_path: Path, options: dict, error: type):
    wanted = {"lakehouse": tmp_path / "lake", "landing": tmp_path, **options}
    with pytest.raises(error):
        run(RunOptions(**wanted), no_engine)
    assert not (tmp_path / "lake").exists()


def test_lakehouse_path_that_is_a_file_is_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match="is a file"):
        run(RunOptions(lakehouse=write(tmp_path / "lake", "text"), landing=tmp_path), no_engine)


# --- the report ----------------------------------------------------------------------------------------------------


def test_report_and_record_tell_the_same(tmp_path: Path, base: Path, engine: Engine):
    report = load(tmp_path / "lake", base / "landing", engine, select=SELECT)
    (file,) = report.files
    assert (file.data_set, file.status, file.period) == ("pbj_nurse_daily", "loaded", "2024Q2")
    assert (file.rows_read_n, file.accepted_n, file.duplicate_n, file.superseded_n, file.quarantined_n) == (
        2,
        2,
        0,
        0,
        0,
    )
    recorded = {
        r["table"]: (r["mode"], r["inserted_n"], r["version_after"]) for r in rows_of(tmp_path / "lake", "ops.tables")
    }
    lake = Lakehouse(tmp_path / "lake")
    assert recorded == {t.table: (t.mode, t.inserted_n, lake.version(t.table)) for t in report.tables}
    (ran,) = lake.arrow("ops.runs").to_pylist()
    assert (ran["run_id"], ran["status"], ran["engine"], ran["files_n"]) == (report.run_id, "ok", report.engine, 1)
    assert ran["tables_n"] == len(report.tables)
    assert not (tmp_path / "lake" / "_staging").exists() and not (tmp_path / "lake" / "_lock").exists()


def test_failing_test_modules_do_not_leak_into_the_package():
    assert "tables.failing" in sys.modules
    assert all(s.function.__module__.startswith("nh_lakehouse.") for s in build_graph().specs.values())
