"""The same data twice changes nothing: the same file, the same bytes under other names, a full refresh."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from deliveries import chains, payroll, provider, put
from support import all_tables, load, rows_of
from thorough import embedded_unless_thorough

from nh_lakehouse import Lakehouse, RunOptions, run
from nh_lakehouse.engines import Engine
from nh_lakehouse.pipeline.report import RunReport

pytestmark = [pytest.mark.scenario, pytest.mark.usefixtures("narrow_contracts")]

SELECT = ["gold.pbj_day", "gold.pbj_quarter", "silver.nh_chain"]
HOURS = payroll(
    "PBJ_Daily_Nurse_Staffing_Q2_2024.csv",
    [{"ccn": ccn, "day": f"2024040{d}", "census": 80 + d} for ccn in ("015009", "035001") for d in (1, 2, 3)],
    modified="2024-10-20",
)
CHAINS = chains("Chain_Performance_20241001.csv", {"11": 5, "12": 7}, modified="2024-10-20")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, engine: Engine, narrow_contracts: None) -> Path:
    """A lakehouse of one payroll quarter and one month of chains, beside its landing folder."""
    folder = tmp_path_factory.mktemp("base")
    report = load(folder / "lake", put(folder / "landing", [HOURS, CHAINS]), engine, select=SELECT)
    assert report.exit_code == 0, report.errors
    return folder


@pytest.fixture
def loaded(base: Path, tmp_path: Path) -> Path:
    """A copy of the base for one test."""
    return Path(shutil.copytree(base, tmp_path / "loaded"))


def again(folder: Path, engine: Engine, **options) -> RunReport:
    return load(folder / "lake", folder / "landing", engine, select=SELECT, **options)


def versions(folder: Path) -> dict[str, int]:
    lake = Lakehouse(folder / "lake")
    return {name: lake.version(name) for name in lake.tables() if not name.startswith("ops.")}


def statuses(report: RunReport) -> dict[str, str]:
    return {f.file: f.status for f in report.files}


def no_engine() -> Engine:
    raise AssertionError("an engine was asked for where nothing is new")


@embedded_unless_thorough
def test_same_files_start_no_engine(loaded: Path) -> None:
    options = RunOptions(lakehouse=loaded / "lake", landing=loaded / "landing", select=tuple(SELECT))
    report = run(options, no_engine)
    assert (report.status, report.exit_code, report.tables) == ("nothing_new", 0, [])


@embedded_unless_thorough
def test_same_file_with_a_new_modified_time_is_a_duplicate(loaded: Path, engine: Engine) -> None:
    tables, before = all_tables(loaded / "lake"), versions(loaded)
    os.utime(loaded / "landing" / HOURS.name)
    assert statuses(again(loaded, engine)) == {HOURS.name: "duplicate"}
    assert (all_tables(loaded / "lake"), versions(loaded)) == (tables, before)
    assert again(loaded, engine).status == "nothing_new"


@embedded_unless_thorough
def test_same_bytes_under_other_names_of_the_period_are_duplicates(loaded: Path, engine: Engine) -> None:
    tables, before = all_tables(loaded / "lake"), versions(loaded)
    # The name says the third quarter, the rows say the second: the column decides.
    other = "PBJ_Daily_Nurse_Staffing_Q3_2024.csv"
    affiliated = "Nursing_Home_Affiliated_Entity_Performance_Measures_Oct_2024.csv"
    put(loaded / "landing", [replace(HOURS, name=other), replace(CHAINS, name=affiliated)])
    assert statuses(again(loaded, engine)) == {other: "duplicate", affiliated: "duplicate"}
    assert (all_tables(loaded / "lake"), versions(loaded)) == (tables, before)


@embedded_unless_thorough
def test_same_bytes_twice_in_one_run_are_loaded_once(tmp_path: Path, engine: Engine) -> None:
    copy = replace(HOURS, name="PBJ_Daily_Nurse_Staffing_Q2_2024_copy.csv")
    report = load(tmp_path / "lake", put(tmp_path / "landing", [HOURS, copy]), engine, select=["silver.pbj_daily"])
    assert statuses(report) == {HOURS.name: "loaded", copy.name: "duplicate"}
    assert len(rows_of(tmp_path / "lake", "silver.pbj_daily")) == 6


@embedded_unless_thorough
def test_same_bytes_under_the_name_of_another_month_are_a_new_snapshot_of_chains(loaded: Path, engine: Engine) -> None:
    november = replace(CHAINS, name="Chain_Performance_20241101.csv", modified="2024-11-20")
    put(loaded / "landing", [november])
    assert statuses(again(loaded, engine)) == {november.name: "loaded"}
    found = {
        (r["chain_id"], f"{r['snapshot_month']:%Y-%m}", r["facility_n"])
        for r in rows_of(loaded / "lake", "silver.nh_chain")
    }
    assert found == {(c, m, n) for c, n in (("11", 5), ("12", 7)) for m in ("2024-10", "2024-11")}
    assert again(loaded, engine).status == "nothing_new"


@embedded_unless_thorough
def test_two_months_of_chains_with_the_same_bytes_in_one_run_are_two_snapshots(tmp_path: Path, engine: Engine) -> None:
    files = [CHAINS, replace(CHAINS, name="Chain_Performance_20241101.csv")]
    report = load(tmp_path / "lake", put(tmp_path / "landing", files), engine, select=["silver.nh_chain"])
    assert statuses(report) == {f.name: "loaded" for f in files}
    assert len(rows_of(tmp_path / "lake", "silver.nh_chain")) == 4
    assert (
        load(tmp_path / "lake", tmp_path / "landing", engine, select=["silver.nh_chain"], full_refresh=True).exit_code
        == 0
    )
    assert len(rows_of(tmp_path / "lake", "silver.nh_chain")) == 4


@embedded_unless_thorough
def test_other_content_under_the_same_name_is_a_new_release(loaded: Path, engine: Engine) -> None:
    corrected = payroll(HOURS.name, [{"ccn": "015009", "day": "20240401", "census": 99}], modified="2024-12-01")
    put(loaded / "landing", [corrected])
    assert statuses(again(loaded, engine)) == {HOURS.name: "loaded"}
    found = {(r["ccn"], r["work_date"].day, r["census"]) for r in rows_of(loaded / "lake", "silver.pbj_daily")}
    # The home of the new release has the one day it states; the other home stays.
    assert found == {("015009", 1, 99), ("035001", 1, 81), ("035001", 2, 82), ("035001", 3, 83)}


@pytest.mark.spark35
def test_full_refresh_twice_commits_nothing_and_changes_nothing(loaded: Path, engine: Engine) -> None:
    tables, before = all_tables(loaded / "lake"), versions(loaded)
    for _ in range(2):
        report = again(loaded, engine, full_refresh=True)
        assert report.exit_code == 0, report.errors
        assert (all_tables(loaded / "lake"), versions(loaded)) == (tables, before)


@embedded_unless_thorough
def test_provider_information_under_the_name_of_another_month_keeps_the_month_of_its_rows(
    tmp_path: Path, engine: Engine
) -> None:
    october = provider("Oct2024", [{"ccn": "015009"}])
    copy = replace(october, name="NH_ProviderInfo_Nov2024.csv")
    report = load(
        tmp_path / "lake", put(tmp_path / "landing", [october, copy]), engine, select=["silver.nh_facility_month"]
    )
    # Sorted by name, November is first: it is loaded, as October, and the other is its copy.
    assert statuses(report) == {copy.name: "loaded", october.name: "duplicate"}
    assert [f"{r['snapshot_month']:%Y-%m}" for r in rows_of(tmp_path / "lake", "silver.nh_facility_month")] == [
        "2024-10"
    ]
    assert [
        (r["kind"], r["found"], r["expected"])
        for r in rows_of(tmp_path / "lake", "ops.drift")
        if r["kind"] == "period_mismatch"
    ] == [("period_mismatch", "2024-10", "2024-11")]
