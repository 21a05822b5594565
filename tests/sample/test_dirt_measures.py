"""That the faults of measures, vaccinations, owners, enrolments and other staff stand where the report says."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from landings import Landing

from nh_lakehouse.sample import generate_sample

MDS, CLAIMS = "NH_QualityMsr_MDS_Oct2024.csv", "NH_QualityMsr_Claims_Oct2024.csv"
PROGRAM = "Skilled_Nursing_Facility_Quality_Reporting_Program_{}_Data_{}.csv"
SWING = "Swing_Bed_SNF_data_{}.csv"
OWNERS, STAFF = "NH_Ownership_Oct2024.csv", "PBJ_Daily_Non_Nurse_Staffing_Q2_2024.csv"


@pytest.mark.parametrize(
    ("file", "reason", "column", "text"),
    [
        (MDS, "bad_number", "Q1 Measure Score", "<5"),
        (MDS, "footnote_mismatch", "Footnote for Q2 Measure Score", "10"),
        (MDS, "footnote_mismatch", "Footnote for Four Quarter Average Score", ""),
        (MDS, "", "Footnote for Q3 Measure Score", "9,13"),
        (PROGRAM.format("Provider", "Oct2024"), "footnote_mismatch", "Footnote", "-"),
        (PROGRAM.format("National", "Oct2024"), "", "CMS Certification Number (CCN)", "Nation"),
        ("NH_CovidVaxProvider_20241027.csv", "out_of_range", None, "105.3"),
        ("NH_CovidVaxAverages_20241027.csv", "", "State", "NATION"),
        (OWNERS, "out_of_range", "Ownership Percentage", "105%"),
        (STAFF, "out_of_range", "Hrs_MHSvc_ctr", "-7.5"),
    ],
)
def test_a_faulty_cell_stands_in_the_reported_row(
    dirty: Landing, file: str, reason: str, column: str | None, text: str
) -> None:
    found = [item for item in dirty.report.dirt_of(file) if item.reason == reason and column in (None, item.column)]
    (fault,) = [item for item in found if item.row > 0]
    header, rows = dirty.records(file)
    assert rows[fault.row - 1][header.index(fault.column)] == text


def test_a_negative_score_of_claims_keeps_its_digits(dirty: Landing) -> None:
    (fault,) = dirty.report.dirt_of(CLAIMS)
    header, rows = dirty.records(CLAIMS)
    assert float(rows[fault.row - 1][header.index("Adjusted Score")]) < 0
    assert fault.severity == "cell"


def test_certification_numbers_have_a_suffix_or_lack_a_zero(dirty: Landing) -> None:
    homes = {row[0] for row in dirty.records("NH_ProviderInfo_Nov2024.csv")[1]}
    for day in ("2024.10.02", "2024.11.02"):
        header, rows = dirty.records(f"SNF_Enrollments_{day}.csv")
        faults = dirty.report.dirt_of(f"SNF_Enrollments_{day}.csv")
        found = [rows[item.row - 1][header.index("CCN")] for item in faults]
        assert [len(ccn) for ccn in found] == [7, 9]
        assert {ccn[:6] for ccn in found} <= homes
    (fault,) = dirty.report.dirt_of(SWING.format("Oct2024"))
    assert len(dirty.records(SWING.format("Oct2024"))[1][fault.row - 1][0]) == 5


@pytest.mark.parametrize("file", [MDS, OWNERS, STAFF, PROGRAM.format("Provider", "Oct2024")])
def test_a_repeated_row_follows_its_first(dirty: Landing, file: str) -> None:
    (fault,) = dirty.report.dirt_of(file, "duplicate")
    rows = dirty.records(file)[1]
    assert rows[fault.row - 1] == rows[fault.row - 2]


def test_another_score_stands_before_the_row_itself(dirty: Landing) -> None:
    file = PROGRAM.format("Provider", "Oct2024")
    (fault,) = dirty.report.dirt_of(file, "row")
    header, rows = dirty.records(file)
    loser, winner = rows[fault.row - 1], rows[fault.row]
    assert [name for name, one, two in zip(header, loser, winner, strict=True) if one != two] == ["Score"]


def test_the_version_of_a_code_rises_in_the_next_quarter(tmp_path: Path) -> None:
    report = generate_sample(
        tmp_path,
        homes=60,
        months=2,
        quarters=0,
        first_month=date(2024, 12, 1),
        data_sets=["nh_qrp_provider", "nh_qrp_national", "nh_qrp_swing_bed"],
    )
    landing = Landing(tmp_path, report)
    for file in (PROGRAM.format("Provider", "{}"), PROGRAM.format("National", "{}"), SWING):
        codes = []
        for month in ("Dec2024", "Jan2025"):
            header, rows = landing.records(file.format(month))
            codes.append({row[header.index("Measure Code")] for row in rows})
        assert {code[:8] for code in codes[0] - codes[1]} == {"S_024_05"}
        assert {code[:8] for code in codes[1] - codes[0]} == {"S_024_06"}
        assert [item.row for item in report.dirt_of(file.format("Jan2025"), "file")] == [0]
        assert report.dirt_of(file.format("Dec2024"), "file") == ()
