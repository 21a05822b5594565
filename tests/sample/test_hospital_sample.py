"""The generated hospital records: the same bytes again, a person the same in a larger sample, faults where they are."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from nh_lakehouse.contracts import load_contracts
from nh_lakehouse.errors import ConfigError
from nh_lakehouse.sample.hospital import generate_hospital_sample


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*.csv"))}


def test_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    first = generate_hospital_sample(tmp_path / "a", patients=30)
    assert generate_hospital_sample(tmp_path / "b", patients=30) == first
    assert bytes_of(tmp_path / "a") == bytes_of(tmp_path / "b")
    assert {f.name for f in first.files} == set(bytes_of(tmp_path / "a"))
    generate_hospital_sample(tmp_path / "c", patients=30, seed=2)
    assert bytes_of(tmp_path / "a") != bytes_of(tmp_path / "c")


def test_person_is_the_same_in_a_larger_sample(tmp_path: Path) -> None:
    for name, patients in (("a", 30), ("b", 60)):
        generate_hospital_sample(tmp_path / name, patients=patients)
    small, large = (bytes_of(tmp_path / n)["maven/patients.csv"] for n in "ab")
    assert large.startswith(small)


def test_files_have_the_headers_of_the_contracts(tmp_path: Path) -> None:
    report = generate_hospital_sample(tmp_path, patients=20)
    contracts = [c for c in load_contracts().values() if c.domain == "hospital"]
    for file in report.files:
        rows = list(csv.reader((tmp_path / file.name).read_text(encoding="utf-8-sig").splitlines()))
        fitting = max(contracts, key=lambda c: c.name_fit(Path(file.name).name))
        match = fitting.match_header(rows[0])
        assert (match.unknown, match.missing_required) == ({}, ()), file.name
        assert len(rows) - 1 == file.rows


def test_faults_stand_in_the_rows_that_are_named(tmp_path: Path) -> None:
    report = generate_hospital_sample(tmp_path, patients=40)
    with (tmp_path / "maven" / "encounters.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    by_reason = {d.reason: rows[d.row - 1] for d in report.dirt if d.file == "maven/encounters.csv" and d.reason}
    assert by_reason["date_order"]["STOP"] < by_reason["date_order"]["START"]
    assert float(by_reason["total_below_base"]["TOTAL_CLAIM_COST"]) < float(
        by_reason["total_below_base"]["BASE_ENCOUNTER_COST"]
    )
    assert by_reason["missing_key:encounter_id"]["Id"] == ""
    assert by_reason["bad_date:start_at"]["START"].startswith("2020-13")
    assert by_reason["short_row"]["PAYER"] is None
    loser = by_reason["duplicate_key"]
    assert rows[rows.index(loser) + 1]["Id"] == loser["Id"]


@pytest.mark.parametrize("patients", [19, 100_001])
def test_number_of_patients_has_its_limits(tmp_path: Path, patients: int) -> None:
    with pytest.raises(ConfigError, match="20 to 100,000"):
        generate_hospital_sample(tmp_path, patients=patients)
