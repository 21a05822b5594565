"""Citations, quality measures, vaccination, other payroll staff, enrolments: every edition of their files is understood."""

from __future__ import annotations

import pytest
from editions import header_of

from nh_lakehouse.bronze.identify import candidates
from nh_lakehouse.contracts import HeaderMatch, load_contracts

QRP = "Skilled_Nursing_Facility_Quality_Reporting_Program"

#: header file -> data set, columns of the edition
EDITIONS = {
    "NH_HealthCitations_Oct2024": ("nh_health_citations", 23),
    "NH_FireSafetyCitations_Oct2024": ("nh_fire_citations", 24),
    "NH_QualityMsr_MDS_Oct2024": ("nh_quality_mds", 23),
    "NH_QualityMsr_Claims_Oct2024": ("nh_quality_claims", 17),
    f"{QRP}_Provider_Data_Oct2024": ("nh_qrp_provider", 16),
    f"{QRP}_National_Data_Oct2024": ("nh_qrp_national", 7),
    "Swing_Bed_SNF_data_Oct2024": ("nh_qrp_swing_bed", 16),
    "NH_CovidVaxProvider_20241027": ("nh_covid_vax_provider", 5),
    "NH_CovidVaxAverages_20241027": ("nh_covid_vax_averages", 4),
    "PBJ_Daily_Non_Nurse_Staffing_Q1_2019": ("pbj_nonnurse_daily", 81),
    "SNF_Enrollments_2025.12.02": ("snf_enrollments", 23),
}
#: headers before June 2023 (official dictionary, table 18)
EARLIER = {
    "CMS Certification Number (CCN)": "Federal Provider Number",
    "City/Town": "Provider City",
    "State": "Provider State",
    "ZIP Code": "Provider Zip Code",
    "County/Parish": "Provider County Name",
    "Telephone Number": "Provider Phone Number",
}
MONTHLY = [name for name in EDITIONS if name.startswith(("NH_Health", "NH_Fire", "NH_Quality", QRP, "Swing"))]


def match(edition: str, header: list[str] | None = None) -> HeaderMatch:
    """A header, else the edition's own, held against the edition's contract."""
    return load_contracts()[EDITIONS[edition][0]].match_header(header or header_of(edition))


@pytest.mark.parametrize("edition", EDITIONS)
def test_each_header_of_an_edition_has_its_own_contract_column(edition: str) -> None:
    found = match(edition)
    assert len(found.columns) == EDITIONS[edition][1]
    assert (found.unknown, found.renamed, found.repeated, found.missing_required) == ({}, {}, (), ())
    assert not found.reordered


@pytest.mark.parametrize("edition", MONTHLY)
def test_headers_before_june_2023_keep_their_columns(edition: str) -> None:
    header = header_of(edition)
    earlier = [EARLIER.get(text, text) for text in header]
    found = match(edition, earlier)
    assert found.columns == match(edition, header).columns
    assert set(found.renamed.values()) == set(EARLIER.values()) & set(earlier)


@pytest.mark.parametrize("edition", ["NH_HealthCitations_Oct2024", "NH_FireSafetyCitations_Oct2024"])
def test_citations_before_january_2023_lack_dispute_resolution(edition: str) -> None:
    header = [text for text in header_of(edition) if not text.startswith("Citation under")]
    found = match(edition, header)
    assert found.missing == ("idr", "iidr")
    assert found.missing_required == ()


def test_footnote_of_claims_measures_may_have_the_name_of_the_dictionary() -> None:
    header = [t.replace("Footnote for Score", "Footnote for the Measure Score") for t in header_of(MONTHLY[3])]
    assert match(MONTHLY[3], header).renamed == {"footnotes": "Footnote for the Measure Score"}


PRIMARY = ["Percent Vaccinated Residents", "Percent Vaccinated Healthcare Personnel"]
BOOSTER = [f"Percent of Fully Vaccinated {who} who Received a Booster Dose" for who in ("Residents", "Staff")]
UP_TO_DATE = [f"Percent of {who} who are up-to-date on their vaccines" for who in ("residents", "staff")]
COMPLETED = [f"Percent of {who} who completed primary vaccination series" for who in ("residents", "staff")]
PRIMARY_COLUMNS = {"residents_primary_pct", "staff_primary_pct"}


@pytest.mark.parametrize("data_set", ["nh_covid_vax_provider", "nh_covid_vax_averages"])
@pytest.mark.parametrize(
    ("shares", "columns"),
    [
        pytest.param(PRIMARY, PRIMARY_COLUMNS, id="October 2021"),
        pytest.param(
            [*PRIMARY, *BOOSTER], PRIMARY_COLUMNS | {"residents_booster_pct", "staff_booster_pct"}, id="February 2022"
        ),
        pytest.param([*COMPLETED, *UP_TO_DATE], PRIMARY_COLUMNS | {"residents_pct", "staff_pct"}, id="August 2022"),
        pytest.param(UP_TO_DATE, {"residents_pct", "staff_pct"}, id="July 2023"),
    ],
)
def test_vaccination_shares_are_known_in_every_edition(data_set: str, shares: list[str], columns: set[str]) -> None:
    key = ["Federal Provider Number"] if data_set == "nh_covid_vax_provider" else []
    found = load_contracts()[data_set].match_header([*key, "State", *shares, "Date vaccination data last updated"])
    assert (found.unknown, found.missing_required) == ({}, ())
    assert {c for c in found.columns if c and c.endswith("_pct")} == columns


def test_payroll_of_other_staff_gains_a_footnote_and_ignores_case() -> None:
    header = [text.lower() for text in header_of("PBJ_Daily_Non_Nurse_Staffing_Q1_2019")]
    header.insert(header.index("hrs_admin_ctr") + 1, "Hrs_Admin_fn")
    found = match("PBJ_Daily_Non_Nurse_Staffing_Q1_2019", header)
    assert (found.unknown, found.missing, found.reordered) == ({}, (), False)


def test_payroll_of_other_staff_has_three_columns_for_each_of_24_jobs() -> None:
    names = [c.name for c in load_contracts()["pbj_nonnurse_daily"].columns if c.name.startswith("hrs_")]
    jobs = [n for n in names if not n.endswith(("_emp", "_ctr", "_footnote"))]
    assert len(jobs) == 24  # table 2 of the specification: job codes 1-4, 13-31 and 34
    assert set(names) == {j + part for j in jobs for part in ("", "_emp", "_ctr")} | {"hrs_admin_footnote"}


@pytest.mark.parametrize(
    ("name", "data_set", "period"),
    [
        ("NH_HealthCitations_Oct2024.csv", "nh_health_citations", "2024-10"),
        ("NH_FireSafetyCitations_Sept2025.csv", "nh_fire_citations", "2025-09"),
        ("NH_QualityMsr_MDS_Oct2024.csv", "nh_quality_mds", "2024-10"),
        ("NH_QualityMsr_Claims_Oct2024_public_head.csv", "nh_quality_claims", "2024-10"),
        (f"{QRP}_Provider_Data_Oct2024.csv", "nh_qrp_provider", "2024Q4"),
        (f"{QRP}_National_Data_May2023.csv", "nh_qrp_national", "2023Q2"),
        (f"{QRP}_National_Data_Oct2024.csv", "nh_qrp_national", "2024Q4"),
        ("Swing_Bed_SNF_data_Oct2024.csv", "nh_qrp_swing_bed", "2024Q4"),
        ("Swing_Bed_SNF_data_Jan2025 (1).csv", "nh_qrp_swing_bed", "2025Q1"),
        ("NH_CovidVaxProvider_20241027.csv", "nh_covid_vax_provider", "2024-10"),
        ("NH_CovidVaxAverages_20241027.csv", "nh_covid_vax_averages", "2024-10"),
        ("PBJ_Daily_Non_Nurse_Staffing_Q2_2023.csv", "pbj_nonnurse_daily", "2023Q2"),
        ("PBJ_Daily_Non-Nurse_Staffing_Q2_2023.csv", "pbj_nonnurse_daily", "2023Q2"),
        ("PBJ_dailynonnursestaffing_CY2024Q3.csv", "pbj_nonnurse_daily", "2024Q3"),
        ("Payroll_Based_Journal_Daily_Non_Nurse_Staffing_2023_Q2.csv", "pbj_nonnurse_daily", None),
        ("SNF_Enrollments_2025.12.02.csv", "snf_enrollments", "2025-12"),
        ("SNF_Enrollments_2025.12.02_public_head.csv", "snf_enrollments", "2025-12"),
    ],
)
def test_file_name_tells_data_set_and_period(name: str, data_set: str, period: str | None) -> None:
    assert [c.name for c in candidates(name, load_contracts().values())] == [data_set]
    assert load_contracts()[data_set].period_from_name(name) == period


@pytest.mark.parametrize(
    ("data_set", "key", "occurrence"),
    [
        ("nh_health_citations", ("ccn", "survey_date", "prefix", "tag", "scope_severity"), "occurrence_no"),
        (
            "nh_fire_citations",
            ("ccn", "survey_date", "prefix", "tag", "tag_version", "scope_severity"),
            "occurrence_no",
        ),
        ("nh_quality_mds", ("ccn", "measure_code"), None),
        ("nh_quality_claims", ("ccn", "measure_code"), None),
        ("nh_qrp_provider", ("ccn", "measure_code", "period_start", "period_end"), None),
        ("nh_qrp_swing_bed", ("ccn", "measure_code", "period_start", "period_end"), None),
        ("nh_qrp_national", ("measure_code", "period_start", "period_end"), None),
        ("nh_covid_vax_provider", ("ccn",), None),
        ("nh_covid_vax_averages", ("state",), None),
        ("pbj_nonnurse_daily", ("ccn", "work_date"), None),
        ("snf_enrollments", ("enrollment_id",), None),
    ],
)
def test_natural_keys(data_set: str, key: tuple[str, ...], occurrence: str | None) -> None:
    contract = load_contracts()[data_set]
    assert (contract.key, contract.occurrence) == (key, occurrence)
