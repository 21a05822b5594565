"""Which files a sample has, that they are the same every time, and that they belong together."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest
from landings import CCN, Landing

from nh_lakehouse.errors import ConfigError
from nh_lakehouse.sample import generate_sample

OCTOBER = "NH_ProviderInfo_Oct2024.csv"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_generate_sample_writes_the_same_bytes_for_the_same_seed(tmp_path: Path) -> None:
    for name in ("one", "two"):
        generate_sample(tmp_path / name, homes=60, months=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_generate_sample_writes_other_homes_for_another_seed(tmp_path: Path) -> None:
    one = generate_sample(tmp_path / "one", homes=60, months=1, seed=1)
    two = generate_sample(tmp_path / "two", homes=60, months=1, seed=2)
    assert [file.name for file in one.files] == [file.name for file in two.files]
    first, second = contents(tmp_path / "one"), contents(tmp_path / "two")
    same = {file.name for file in one.files if first[file.name] == second[file.name]}
    # These are of no home.
    assert same == {
        "NH_CitationDescriptions_Oct2024.csv",
        "NH_DataCollectionIntervals_Oct2024.csv",
        "wages_2024.csv",
    }


def test_generate_sample_earlier_months_do_not_depend_on_later_ones(tmp_path: Path) -> None:
    generate_sample(tmp_path / "short", homes=60, months=2, dirt=False)
    generate_sample(tmp_path / "long", homes=60, months=5, dirt=False)
    longer = contents(tmp_path / "long")
    assert {name: longer[name] for name in contents(tmp_path / "short")} == contents(tmp_path / "short")


def test_generate_sample_names_files_as_the_publisher_does(dirty: Landing) -> None:
    assert [file.name for file in dirty.report.files] == [
        "FY_2024_SNF_VBP_Aggregate_Performance.csv",
        "FY_2024_SNF_VBP_Facility_Performance.csv",
        "NH_CitationDescriptions_Nov2024.csv",
        "NH_CitationDescriptions_Oct2024.csv",
        "NH_CovidVaxAverages_20241027.csv",
        "NH_CovidVaxAverages_20241124.csv",
        "NH_CovidVaxProvider_20241027.csv",
        "NH_CovidVaxProvider_20241124.csv",
        "NH_DataCollectionIntervals_Nov2024.csv",
        "NH_DataCollectionIntervals_Oct2024.csv",
        "NH_FireSafetyCitations_Nov2024.csv",
        "NH_FireSafetyCitations_Oct2024.csv",
        "NH_HealthCitations_Nov2024.csv",
        "NH_HealthCitations_Oct2024.csv",
        "NH_HlthInspecCutpointsState_Nov2024.csv",
        "NH_HlthInspecCutpointsState_Oct2024.csv",
        "NH_Ownership_Nov2024.csv",
        "NH_Ownership_Oct2024.csv",
        "NH_Penalties_Nov2024.csv",
        "NH_Penalties_Oct2024.csv",
        "NH_ProviderInfo_Nov2024.csv",
        "NH_ProviderInfo_Oct2024.csv",
        "NH_QualityMsr_Claims_Nov2024.csv",
        "NH_QualityMsr_Claims_Oct2024.csv",
        "NH_QualityMsr_MDS_Nov2024.csv",
        "NH_QualityMsr_MDS_Oct2024.csv",
        "NH_StateUSAverages_Nov2024.csv",
        "NH_StateUSAverages_Oct2024.csv",
        "NH_SurveyDates_Nov2024.csv",
        "NH_SurveyDates_Oct2024.csv",
        "NH_SurveySummary_Nov2024.csv",
        "NH_SurveySummary_Oct2024.csv",
        "Nursing_Home_Chain_Performance_Measures_Nov_2024.csv",
        "Nursing_Home_Chain_Performance_Measures_Oct_2024.csv",
        "PBJ_Daily_Non_Nurse_Staffing_Q2_2024.csv",
        "PBJ_Daily_Nurse_Staffing_Q2_2024.csv",
        "SNF_Enrollments_2024.10.02.csv",
        "SNF_Enrollments_2024.11.02.csv",
        "Skilled_Nursing_Facility_Quality_Reporting_Program_National_Data_Oct2024.csv",
        "Skilled_Nursing_Facility_Quality_Reporting_Program_Provider_Data_Oct2024.csv",
        "Swing_Bed_SNF_data_Oct2024.csv",
        "wages_2024.csv",
    ]


def test_generate_sample_reports_the_records_of_every_file(dirty: Landing) -> None:
    found = {file.name: len(dirty.records(file.name)[1]) for file in dirty.report.files}
    assert found == {file.name: file.rows for file in dirty.report.files}
    assert dirty.report.rows_n == sum(found.values())


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        (OCTOBER, 103),
        ("NH_StateUSAverages_Oct2024.csv", 48),
        ("NH_Penalties_Oct2024.csv", 13),
        ("FY_2024_SNF_VBP_Facility_Performance.csv", 20),
        ("FY_2024_SNF_VBP_Aggregate_Performance.csv", 9),
        ("Nursing_Home_Chain_Performance_Measures_Oct_2024.csv", 51),
        ("PBJ_Daily_Nurse_Staffing_Q2_2024.csv", 33),
    ],
)
def test_headers_have_the_published_number_of_columns(clean: Landing, name: str, columns: int) -> None:
    header, rows = clean.records(name)
    assert len(header) == len(set(header)) == columns
    assert {len(row) for row in rows} == {columns}


@pytest.mark.parametrize(
    ("real", "made"),
    [
        ("NH_ProviderInfo_Oct2024.csv", "NH_ProviderInfo_Oct2024.csv"),
        ("NH_StateUSAverages_Oct2024.csv", "NH_StateUSAverages_Oct2024.csv"),
        ("PBJ_Daily_Nurse_Staffing_Q2_2023.csv", "PBJ_Daily_Nurse_Staffing_Q2_2024.csv"),
        (
            "Nursing_Home_Chain_Performance_Measures_Feb_2026.csv",
            "Nursing_Home_Chain_Performance_Measures_Oct_2024.csv",
        ),
    ],
)
def test_header_line_is_that_of_the_real_file(clean: Landing, real_data: Path, real: str, made: str) -> None:
    with (real_data / "nursing_home" / real).open(newline="", encoding="utf-8") as file:
        assert (clean.folder / made).read_text(encoding="utf-8").splitlines()[0] == file.readline().rstrip("\r\n")


def test_headers_before_july_2024_are_those_of_the_older_edition(tmp_path: Path, real_data: Path) -> None:
    generate_sample(tmp_path, homes=60, months=2, quarters=0, first_month=date(2024, 6, 1), dirt=False)
    made = (tmp_path / "NH_ProviderInfo_Jun2024.csv").read_text(encoding="utf-8").splitlines()[0]
    with (real_data / "nursing_home" / "NH_ProviderInfo_Jun2024.csv").open(encoding="utf-8") as file:
        assert made == file.readline().rstrip("\n")
    assert len(next(csv.reader([made]))) == 100
    july = (tmp_path / "NH_ProviderInfo_Jul2024.csv").read_text(encoding="utf-8").splitlines()[0]
    assert len(next(csv.reader([july]))) == 103


def test_certification_numbers_are_unique_six_characters_and_join_across_files(clean: Landing) -> None:
    homes = [row[CCN] for row in clean.rows(OCTOBER)]
    assert len(homes) == len(set(homes)) == 200
    assert {len(ccn) for ccn in homes} == {6}
    assert any(ccn.startswith("0") for ccn in homes)
    assert any(not ccn.isdigit() for ccn in homes)
    assert {row[CCN] for row in clean.rows("NH_Penalties_Oct2024.csv")} <= set(homes)
    assert {row["PROVNUM"] for row in clean.rows("PBJ_Daily_Nurse_Staffing_Q2_2024.csv")} <= set(homes)
    scored = {row[CCN] for row in clean.rows("FY_2024_SNF_VBP_Facility_Performance.csv")}
    hospitals = scored - set(homes)
    assert len(scored & set(homes)) == 143  # 71.7 % of 200 homes
    assert len(hospitals) == 3
    assert all(ccn[2:] < "0880" for ccn in hospitals)


def test_every_state_has_a_home_and_the_right_certification_numbers(wide: Landing) -> None:
    states: dict[str, set[str]] = {}
    for row in wide.rows(OCTOBER):
        states.setdefault(row["State"], set()).add(row[CCN][:2])
    assert len(states) == 53
    assert (states["AL"], states["SC"], states["TX"]) == ({"01"}, {"42"}, {"45"})
    assert sum(len(prefixes) for prefixes in states.values()) == len(set().union(*states.values()))


def test_generate_sample_runs_for_24_months_with_eight_quarters_and_three_fiscal_years(tmp_path: Path) -> None:
    report = generate_sample(tmp_path, homes=53, months=24, quarters=8)
    names = [file.name for file in report.files]
    assert sum(name.startswith("NH_ProviderInfo") for name in names) == 24
    assert "NH_ProviderInfo_Sep2026.csv" in names
    assert [name[:7] for name in names if "VBP_Facility" in name] == ["FY_2024", "FY_2025", "FY_2026"]
    quarters = sorted(name[-8:-4] + name[-11:-9] for name in names if name.startswith("PBJ_Daily_Nurse"))
    assert quarters == ["2024Q2", "2024Q3", "2024Q4", "2025Q1", "2025Q2", "2025Q3", "2025Q4", "2026Q1"]


def test_generate_sample_takes_older_quarters_when_the_months_need_no_newer_ones(tmp_path: Path) -> None:
    report = generate_sample(tmp_path, homes=53, months=1, quarters=3, dirt=False)
    payroll = [file.name for file in report.files if file.name.startswith("PBJ_Daily_Nurse")]
    assert payroll == [f"PBJ_Daily_Nurse_Staffing_{quarter}.csv" for quarter in ("Q1_2024", "Q2_2024", "Q4_2023")]


@pytest.mark.parametrize(
    "options",
    [
        {"homes": 52},
        {"homes": 20_001},
        {"months": 0},
        {"quarters": -1},
        {"first_month": date(2023, 7, 31)},
    ],
    ids=["too few homes", "too many homes", "no month", "fewer quarters than none", "too early"],
)
def test_generate_sample_refuses_arguments_out_of_range(tmp_path: Path, options: dict[str, object]) -> None:
    with pytest.raises(ConfigError) as caught:
        generate_sample(tmp_path / "out", **options)  # type: ignore[arg-type]
    assert caught.value.option in options
    assert not (tmp_path / "out").exists()
