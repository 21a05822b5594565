"""That every fault stands where the report says, and that nothing else is wrong."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from landings import CCN, Landing

from nh_lakehouse.sample import generate_sample
from nh_lakehouse.sample.damage import Damage, damaged_lines

OCTOBER, NOVEMBER = "NH_ProviderInfo_Oct2024.csv", "NH_ProviderInfo_Nov2024.csv"
PAYROLL = "PBJ_Daily_Nurse_Staffing_Q2_2024.csv"
#: The faults of these are told in test_inspections.py.
INSPECTIONS = ("NH_HealthC", "NH_FireS", "NH_Survey", "NH_CitationD", "NH_Hlth", "NH_DataC")
CHAINS = "Nursing_Home_Chain_Performance_Measures_{}_2024.csv"


def cell(landing: Landing, file: str, reason: str) -> str:
    """The cell of the one fault of a reason in a file."""
    (fault,) = [item for item in landing.report.dirt_of(file) if item.reason == reason]
    header, rows = landing.records(file)
    return rows[fault.row - 1][header.index(fault.column)]


@pytest.mark.parametrize(
    ("file", "reason", "text"),
    [
        (OCTOBER, "bad_key_format", "4E+90"),
        (OCTOBER, "bad_number", "abc"),
        (OCTOBER, "bad_date", "2024-13-45"),
        (OCTOBER, "out_of_range", "7"),
        (OCTOBER, "footnote_mismatch", ""),
        ("NH_Penalties_Oct2024.csv", "out_of_range", "-526"),
        (PAYROLL, "bad_key_format", "20240445"),
        (PAYROLL, "out_of_range", "-7.5"),
    ],
)
def test_a_faulty_cell_stands_in_the_reported_row(dirty: Landing, file: str, reason: str, text: str) -> None:
    assert cell(dirty, file, reason) == text


def test_rows_of_wrong_length_are_the_reported_ones(dirty: Landing) -> None:
    for file in dirty.report.files:
        header, rows = dirty.records(file.name)
        wrong = {number for number, row in enumerate(rows, start=1) if len(row) != len(header)}
        faults = dirty.report.dirt_of(file.name)
        assert wrong == {item.row for item in faults if item.reason in ("short_row", "long_row")}, file.name


def test_a_padded_number_and_repeated_rows_are_the_reported_ones(dirty: Landing) -> None:
    header, rows = dirty.records(OCTOBER)
    faults = {item.reason: item.row for item in dirty.report.dirt_of(OCTOBER) if item.reason}
    assert len(rows[faults["ccn_padded"] - 1][0]) == 5
    assert rows[faults["duplicate"] - 1] == rows[faults["duplicate"] - 2]
    loser, winner = rows[faults["duplicate_key"] - 1], rows[faults["duplicate_key"]]
    assert [name for name, one, two in zip(header, loser, winner, strict=True) if one != two] == [
        "Number of Certified Beds"
    ]


def test_extra_rows_leave_every_home_with_one_sound_row(dirty: Landing) -> None:
    header, rows = dirty.records(OCTOBER)
    lost = {item.row for item in dirty.report.dirt_of(OCTOBER, "row", "duplicate")}
    sound = [row[0].zfill(6) for number, row in enumerate(rows, start=1) if number not in lost]
    assert len(sound) == len(set(sound)) == 200
    assert header[0] == CCN


def test_a_home_whose_only_row_is_cut_short_was_there_before(dirty: Landing) -> None:
    (fault,) = dirty.report.dirt_of(NOVEMBER, "row")
    ccn = dirty.records(NOVEMBER)[1][fault.row - 1][0]
    assert [row[0] for row in dirty.records(NOVEMBER)[1]].count(ccn) == 1
    assert ccn in {row[0] for row in dirty.records(OCTOBER)[1]}


def test_readable_faults_keep_their_value(dirty: Landing) -> None:
    header, rows = dirty.records(OCTOBER)
    found = [rows[item.row - 1][header.index(item.column)] for item in dirty.report.dirt_of(OCTOBER, "none")]
    assert [("$" in text, "," in text) for text in found] == [(True, True), (False, True)]
    header, rows = dirty.records(CHAINS.format("Oct"))
    names = [rows[item.row - 1][0] for item in dirty.report.dirt_of(CHAINS.format("Oct"), "none")]
    assert names[0].startswith('THE "')
    assert names[1].endswith(", LP")
    header, rows = dirty.records("FY_2024_SNF_VBP_Aggregate_Performance.csv")
    assert (
        rows[0][header.index("Range of Value-Based Incentive Payments ($)")] == "To be added\nafter the end of FY 2024"
    )


def test_files_have_the_reported_encodings_and_line_ends(dirty: Landing) -> None:
    def raw(name: str) -> bytes:
        return (dirty.folder / name).read_bytes()

    assert raw("NH_StateUSAverages_Oct2024.csv").startswith(b"\xef\xbb\xbf")
    assert not raw("NH_StateUSAverages_Nov2024.csv").startswith(b"\xef\xbb\xbf")
    assert raw("NH_Penalties_Nov2024.csv").count(b"\x92") == 1
    assert raw("NH_Penalties_Oct2024.csv").endswith(b"\n\n")
    vbp = raw("FY_2024_SNF_VBP_Facility_Performance.csv")
    assert (
        vbp.count(b"\r\n") == vbp.count(b"\n") == dirty.report.rows_of("FY_2024_SNF_VBP_Facility_Performance.csv") + 1
    )
    for name in ("NH_Penalties_Oct2024.csv", OCTOBER, NOVEMBER, PAYROLL):
        assert raw(name).isascii()
        assert b"\r" not in raw(name)


def test_headers_have_the_reported_drift(dirty: Landing) -> None:
    unknown = set(dirty.records("NH_StateUSAverages_Nov2024.csv")[0]) - set(
        dirty.records("NH_StateUSAverages_Oct2024.csv")[0]
    )
    assert unknown == {"Number of Homes With Weekend Visiting Hours"}
    october, november = dirty.records(CHAINS.format("Oct"))[0], dirty.records(CHAINS.format("Nov"))[0]
    assert [name for name in november if name.endswith(" ")] == ["Average overall 5-star rating "]
    assert [name.strip() for name in november] == october


def test_stray_files_lie_beside_the_data(dirty: Landing) -> None:
    strays = {path.name for path in dirty.folder.iterdir()} - {file.name for file in dirty.report.files}
    assert strays == {"readme.txt", "._NH_ProviderInfo_Nov2024.csv"}
    assert strays == {item.file for item in dirty.report.dirt if item.reason in ("unknown", "ignored")}


def test_the_report_lists_every_fault(dirty: Landing) -> None:
    faults = [item for item in dirty.report.dirt if not item.file.startswith(INSPECTIONS)]
    assert Counter(item.severity for item in faults) == {
        "row": 10,
        "duplicate": 6,
        "cell": 10,
        "warn": 12,
        "none": 10,
        "drift": 1,
        "file": 7,
    }


def test_a_sample_of_one_month_holds_the_faults_of_first_and_last_month(tmp_path: Path) -> None:
    report = generate_sample(tmp_path, homes=60, months=1)
    reasons = {(item.file, item.reason) for item in report.dirt}
    assert ("NH_StateUSAverages_Oct2024.csv", "new_column") in reasons
    assert ("NH_Penalties_Oct2024.csv", "encoding") in reasons


def test_a_clean_sample_has_no_faults(clean: Landing) -> None:
    assert clean.report.dirt == ()
    assert {path.name for path in clean.folder.iterdir()} == {file.name for file in clean.report.files}
    assert all(path.read_bytes().isascii() for path in clean.folder.iterdir())


def test_damaged_lines_without_edits_are_the_lines() -> None:
    assert damaged_lines("x.csv", ["a", "b"], Damage()) == (["a", "b"], [])
