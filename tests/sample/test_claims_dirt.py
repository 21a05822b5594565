"""That every fault of a claims sample stands where the report says, and that nothing else changes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from nh_lakehouse.sample import ClaimsReport, generate_claims_delivery, generate_claims_sample
from nh_lakehouse.sample.claims.headers import header_of

CARRIER = "DE1_0_2008_to_2010_Carrier_Claims_Sample_1A.csv"
EMPTY = "DE1_0_2008_to_2010_Carrier_Claims_Sample_2B.csv"
INPATIENT = "DE1_0_2008_to_2010_Inpatient_Claims_Sample_1.csv"
OUTPATIENT = "DE1_0_2008_to_2010_Outpatient_Claims_Sample_1.csv"
AGAIN = "DE1_0_2008_to_2010_Outpatient_Claims_Sample_1_again.csv"
FILLS = "DE1_0_2008_to_2010_Prescription_Drug_Events_Sample_1.csv"
PEOPLE = 200


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ClaimsReport]:
    folder = tmp_path_factory.mktemp("dirty_claims")
    return folder, generate_claims_sample(folder, people=PEOPLE)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plain_claims")
    generate_claims_sample(folder, people=PEOPLE, dirt=False)
    return folder


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def cell(folder: Path, file: str, row: int, column: str) -> str:
    data_set = {CARRIER: "syn_carrier", INPATIENT: "syn_inpatient", OUTPATIENT: "syn_outpatient", FILLS: "syn_pde"}
    header = header_of(data_set.get(file, f"rif_{file.removesuffix('.csv')}"))
    return lines(folder / file)[row].split("," if file in data_set else "|")[header.index(column)]


@pytest.mark.parametrize(
    ("file", "reason", "text"),
    [
        (CARRIER, "orphan_beneficiary", "FFFFFFFF00000001"),
        (FILLS, "orphan_beneficiary", "FFFFFFFF00000001"),
        ("carrier.csv", "orphan_beneficiary", "-1"),
        (CARRIER, "bad_date", "00000000"),
        (OUTPATIENT, "bad_date", "00000000"),
        ("carrier.csv", "bad_date", "31-Feb-2016"),
        (INPATIENT, "date_order", "20080101"),
        ("carrier.csv", "line_total_mismatch", "20.00"),
    ],
)
def test_a_faulty_cell_stands_in_the_reported_row(
    dirty: tuple[Path, ClaimsReport], file: str, reason: str, text: str
) -> None:
    folder, report = dirty
    faults = [item for item in report.dirt_of(file) if item.reason == reason]
    assert faults and {cell(folder, file, item.row, item.column) for item in faults} == {text}


def test_codes_lost_their_leading_zeros(dirty: tuple[Path, ClaimsReport]) -> None:
    folder, report = dirty
    found = {}
    for file in (CARRIER, FILLS, "pde.csv"):
        (fault,) = [item for item in report.dirt_of(file) if "leading zeros" in item.what]
        found[file] = len(cell(folder, file, fault.row, fault.column))
    assert found[CARRIER] < 5 and found[FILLS] < 11 and found["pde.csv"] < 11


def test_rows_of_wrong_length_are_the_reported_last_ones(dirty: tuple[Path, ClaimsReport]) -> None:
    folder, report = dirty
    for file, separator, columns in ((OUTPATIENT, ",", 76), ("carrier.csv", "|", 99)):
        wrong = [number for number, line in enumerate(lines(folder / file)) if line.count(separator) != columns - 1]
        assert wrong == [item.row for item in report.dirt_of(file, "row")] == [report.rows_of(file)]
        assert not (folder / file).read_bytes().endswith(b"\n")


def test_a_row_comes_twice(dirty: tuple[Path, ClaimsReport]) -> None:
    folder, report = dirty
    (fault,) = report.dirt_of(OUTPATIENT, "duplicate")
    found = lines(folder / OUTPATIENT)
    assert found.index(found[fault.row]) < fault.row


def test_faults_are_added_behind_the_sound_rows(dirty: tuple[Path, ClaimsReport], plain: Path) -> None:
    folder, report = dirty
    for file in (item.name for item in report.files if not item.name.endswith("_again.csv") and item.name != EMPTY):
        sound, spoiled = lines(plain / file), lines(folder / file)
        assert spoiled[: len(sound)] == sound, file
        extra = len(spoiled) - len(sound)
        assert extra <= 5, file


def test_delivered_again_are_claims_as_they_were_and_some_adjusted(dirty: tuple[Path, ClaimsReport]) -> None:
    folder, report = dirty
    first, again = set(lines(folder / OUTPATIENT)), lines(folder / AGAIN)[1:]
    changed = [number for number, line in enumerate(again, start=1) if line not in first]
    assert len(again) == 20 and changed == [item.row for item in report.dirt_of(AGAIN)] == [18, 19, 20]
    assert {line.split(",")[1] for line in again} <= {line.split(",")[1] for line in first}
    assert (folder / AGAIN).stat().st_mtime_ns > (folder / OUTPATIENT).stat().st_mtime_ns
    updates = Counter(line.split("|")[0] for line in lines(folder / "inpatient_again.csv")[1:])
    assert updates["UPDATE"] == len(report.dirt_of("inpatient_again.csv")) > 0


def test_carrier_part_b_of_another_sample_has_a_header_alone(dirty: tuple[Path, ClaimsReport]) -> None:
    folder, report = dirty
    assert (folder / EMPTY).read_bytes() == ",".join(header_of("syn_carrier")).encode() + b"\r\n"
    assert report.rows_of(EMPTY) == 0


def test_later_delivery_updates_and_deletes_claims_of_before(dirty: tuple[Path, ClaimsReport], tmp_path: Path) -> None:
    folder, _ = dirty
    report = generate_claims_delivery(tmp_path, people=PEOPLE, sources=["rif"], late_share=0.3)
    known = {line.split("|")[2] for line in lines(folder / "carrier.csv")}
    corrected = {
        (row[0], row[2])
        for row in (line.split("|") for line in lines(tmp_path / "carrier_late.csv")[1:])
        if row[2] in known
    }
    assert Counter(action for action, _ in corrected) == {"UPDATE": 5, "DELETE": 3}
    assert report.truth.cases["rif/carrier_update_later"] == 5 and report.truth.cases["rif/carrier_delete_later"] == 3
