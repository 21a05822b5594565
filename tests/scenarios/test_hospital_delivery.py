"""Deliveries of hospital records: faults, files in any order, the same files again, both layouts side by side."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support import all_tables, load, rows_of, write
from thorough import embedded_unless_thorough

from nh_lakehouse import Lakehouse
from nh_lakehouse.engines import Engine
from nh_lakehouse.sample.hospital import HospitalReport, generate_hospital_sample

pytestmark = [pytest.mark.scenario, embedded_unless_thorough]
CASES = {
    "encounters": "TRUE",
    "inpatient": "encounter_class = 'inpatient'",
    "after_death": "after_death",
    "over_365_days": "is_over_365_days",
    "zero_length": "length_hours = 0",
    "zero_coverage": "payer_coverage_usd = 0",
}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, HospitalReport]:
    """A small sample, written once."""
    folder = tmp_path_factory.mktemp("sample")
    return folder, generate_hospital_sample(folder, patients=40)


@pytest.fixture(scope="module")
def loaded(sample: tuple[Path, HospitalReport], engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lakehouse of the sample."""
    lake = tmp_path_factory.mktemp("lake") / "lake"
    report = load(lake, sample[0], engine, domains=("hospital",))
    assert report.exit_code == 0, report.errors
    return lake


def test_load_finds_what_the_sample_planted(sample: tuple[Path, HospitalReport], loaded: Path) -> None:
    truth = sample[1].truth
    with Lakehouse(loaded).duckdb() as connection:
        for case, condition in CASES.items():
            query = f"SELECT source, count(*) FROM silver.hosp_encounter WHERE {condition} GROUP BY source"
            found = dict(connection.execute(query).fetchall())
            assert [found.get(s, 0) for s in ("maven", "synthea")] == [
                truth.get(f"{s}/{case}", 0) for s in ("maven", "synthea")
            ], case
        stays = "SELECT source, count(*), sum(is_readmitted::int), sum(needs_review::int) FROM gold.hosp_index_stay GROUP BY 1"
        for source, *found in connection.execute(stays).fetchall():
            names = ("eligible", "readmissions", "readmissions_to_review")
            assert found == [truth.get(f"{source}/{name}", 0) for name in names]
        flags = "SELECT count(*) FROM (SELECT unnest(dq_flags) AS f FROM silver.hosp_patient) WHERE f LIKE 'repaired:%'"
        assert connection.execute(flags).fetchall() == [(truth["maven/repaired_names"],)]


def test_faults_end_where_the_sample_says(sample: tuple[Path, HospitalReport], loaded: Path) -> None:
    quarantine = rows_of(loaded, "ops.quarantine", ["file", "source_row", "reasons"])
    found = {(r["file"], r["source_row"], reason) for r in quarantine for reason in r["reasons"]}
    planted = {(d.file, d.row, d.reason) for d in sample[1].dirt if d.severity in ("row", "cell")}
    assert planted <= found
    with Lakehouse(loaded).duckdb() as connection:
        query = "SELECT count(*) FROM (SELECT unnest(dq_flags) AS f FROM silver.hosp_encounter) WHERE f = ?"
        for reason in ("date_order", "total_below_base", "coverage_above_total"):
            planted_n = sum(d.reason == reason for d in sample[1].dirt)
            assert connection.execute(query, [reason]).fetchall() == [(planted_n,)], reason
        query = "SELECT count(*), sum(rows_n)::int FROM ops.referential WHERE rule = 'orphan_encounter'"
        orphans_n = sum(d.severity == "referential" for d in sample[1].dirt)
        assert connection.execute(query).fetchall() == [(orphans_n, orphans_n)]
    loads = rows_of(loaded, "ops.loads", ["target", "duplicate_n"])
    found_n = sum(r["duplicate_n"] for r in loads if r["target"].startswith("silver."))
    assert found_n == sum(d.severity == "duplicate" for d in sample[1].dirt)


def test_same_files_in_the_other_order_and_again_give_the_same_tables(
    sample: tuple[Path, HospitalReport], loaded: Path, engine: Engine, tmp_path: Path
) -> None:
    lake, landing = tmp_path / "lake", tmp_path / "landing"
    # What is told by others (procedures by encounters, encounters by patients) comes first.
    first = ("procedures.csv", "encounters.csv")
    for names in (first, None):
        for file in sorted(sample[0].rglob("*.csv")):
            if names is None or file.name in names:
                (landing / file.parent.name).mkdir(parents=True, exist_ok=True)
                shutil.copy2(file, landing / file.parent.name / file.name)
        assert load(lake, landing, engine, domains=("hospital",)).exit_code == 0
    assert all_tables(lake) == all_tables(loaded)
    again = tmp_path / "again"
    shutil.copytree(landing, again / "sent_again")
    assert load(lake, again, engine, domains=("hospital",)).exit_code == 0
    assert all_tables(lake) == all_tables(loaded)


def test_encounter_delivered_again_is_replaced(engine: Engine, tmp_path: Path) -> None:
    header = (
        "Id,START,STOP,PATIENT,ORGANIZATION,PAYER,ENCOUNTERCLASS,CODE,DESCRIPTION,BASE_ENCOUNTER_COST,TOTAL_CLAIM_COST,"
        "PAYER_COVERAGE,REASONCODE,REASONDESCRIPTION\n"
    )
    row = "e1,2015-01-01T09:00:00Z,2015-01-01T10:00:00Z,P,O,N,ambulatory,1,Encounter,10,{},0,,\n"
    select = ("silver.hosp_encounter_record",)
    write(tmp_path / "landing" / "encounters.csv", header + row.format(100), modified="2024-01-01")
    assert load(tmp_path / "lake", tmp_path / "landing", engine, select=select).exit_code == 0
    write(tmp_path / "later" / "encounters.csv", header + row.format(250), modified="2024-02-01")
    assert load(tmp_path / "lake", tmp_path / "later", engine, select=select).exit_code == 0
    found = rows_of(tmp_path / "lake", "silver.hosp_encounter_record", ["source", "encounter_id", "total_cost_usd"])
    assert [(r["source"], float(r["total_cost_usd"])) for r in found] == [("maven", 250.0)]


def test_file_of_another_kind_is_rejected_by_its_header(engine: Engine, tmp_path: Path) -> None:
    write(tmp_path / "landing" / "patients.csv", "name,room\nSmith,7\n")
    report = load(tmp_path / "lake", tmp_path / "landing", engine, domains=("hospital",))
    assert report.exit_code == 1
    assert "'Id'" in str(report.errors)
    assert "Smith" not in str(report.errors)
