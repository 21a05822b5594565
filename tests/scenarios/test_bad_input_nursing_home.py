"""Oddities that the publisher's own files are known to hold, loaded from files into silver, gold and ops in one run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support import csv_text, load, provider_row, write

from nh_lakehouse import Lakehouse
from nh_lakehouse.contracts import load_contracts
from nh_lakehouse.engines import Engine
from nh_lakehouse.pipeline.report import RunReport

pytestmark = pytest.mark.scenario

OCTOBER = date(2024, 10, 1)
QRP = "Skilled_Nursing_Facility_Quality_Reporting_Program"
SHORT_BASELINE = "This facility had fewer than 25 eligible stays during the baseline period."
LATER = "To be added after the end of FY 2024"
TABLES = [
    *(
        f"silver.nh_{name}"
        for name in "facility_month state_month owner cutpoint measure_long measure_national".split()
    ),
    *(f"silver.nh_{name}" for name in "citation enrollment vbp vbp_national vaccination".split()),
    *(f"gold.nh_{name}" for name in "facility_metrics state_scorecard citation_summary quality_trend".split()),
]


def sent(data_set: str, *rows: Mapping[str, Any], years: tuple[int, int, int] = (0, 0, 0)) -> str:
    """A file with the columns that its rows name; `years` are those of the programme, its baseline and performance."""
    columns = [c for c in load_contracts()[data_set].columns if any(c.name in row for row in rows)]
    headers = {c.name: c.header for c in columns}
    for name, header in headers.items():
        year = years[1] if header.count("Baseline") else years[2] if header.count("Performance Period") else years[0]
        headers[name] = header.replace("{YYYY}", str(year))
    return csv_text(
        [{headers[c.name]: row.get(c.name) for c in columns} for row in rows], header=list(headers.values())
    )


def home(ccn: str, **values: Any) -> dict[str, Any]:
    """A home whose rating and its footnote are columns of the file; the day of the file has lost its zeros."""
    given = {
        "overall_rating": None,
        "overall_rating_footnote": None,
        "first_approved_date": None,
        "legal_business_name": "X",
    }
    return provider_row(ccn, month="10/1/2024", **{**given, **values})


def owner(ccn: str, name: str | None, pct: str | None, since: str | None) -> dict[str, Any]:
    role = "5% OR GREATER DIRECT OWNERSHIP INTEREST" if name else "Ownership Data Not Available yet"
    row = {"ccn": ccn, "state": "AL", "role": role, "owner_name": name, "owner_type": "Individual" if name else None}
    return {**row, "ownership_pct": pct, "association_date": since, "processing_date": "2024-10-01"}


def score(ccn: str, text: str, footnote: str, code: str = "S_004_01_PPR_PD_RSRR") -> dict[str, Any]:
    dates = {"period_start": "10/01/2021", "period_end": "09/30/2023"}
    return {"ccn": ccn, "measure_code": code, "score_text": text, "footnotes": footnote, **dates}


def nation(text: str, code: str) -> dict[str, Any]:
    dates = {"period_start": "10/01/2021", "period_end": "09/30/2023"}
    return {"nation": text, "measure_code": code, "score": "10.7", "footnotes": "-", **dates}


def mean(state: str, hours: str, day: str) -> dict[str, Any]:
    return {"state": state, "total_hprd_mean": hours, "processing_date": day}


CITED = {"ccn": "015001", "survey_date": "2024-03-05", "prefix": "F", "tag": "880", "scope_severity": "D"}
CITED |= {"correction_date": "2024-04-01", "cycle": "1", "state": "AL", "processing_date": "2024-10-01"}
CODE, NEW_CODE = "S_007_02_DTC_RSRR", "S_007_03_DTC_RSRR"
MDS = {"ccn": "015001", "measure_code": "401", "period": "2023Q3-2024Q2", "processing_date": "2024-10-01"}

FILES: dict[str, str] = {
    "NH_ProviderInfo_Oct2024.csv": csv_text([
        home("015001", overall_rating=4, first_approved_date="12/1/1967"),
        home("015002"),
        home("015003", overall_rating_footnote="1"),
        home("015004", overall_rating=3, overall_rating_footnote="10"),
        home("015005", overall_rating="---", overall_rating_footnote="9,13", first_approved_date="13/1/1967"),
    ]),
    # AS has no home, and no file of an earlier month has it
    "NH_StateUSAverages_Oct2024.csv": sent(
        "nh_state_us_averages", mean("NATION", "3.84", "2024-10-01"), mean("AL", "3.9", "2024-10-01"),
        mean("AS", "4.4", "2024-10-01")),
    **{
        f"NH_StateUSAverages_{month}.csv": sent("nh_state_us_averages", mean(text, "3.84", day), mean("AL", "3.9", day))
        for month, text, day in (("Nov2024", "Nation", "2024-11-01"), ("Dec2024", "National", "12/1/2024"),
                                 ("Jan2025", "US", "2025-01-01"))
    },
    "NH_CovidVaxAverages_20241027.csv": sent(
        "nh_covid_vax_averages",
        *[{"state": s, "residents_pct": "23.7", "as_of_date": "10/27/2024"} for s in ("Nation", "AL", "AS")]),
    "NH_CovidVaxProvider_20241027.csv": sent(
        "nh_covid_vax_provider",
        {"ccn": "015001", "residents_pct": "Not Available", "staff_pct": "12.3", "as_of_date": "10/27/2024"}),
    "NH_Ownership_Oct2024.csv": sent(
        "nh_ownership",
        owner("015001", "A", "5%", "since 01/25/2012"), owner("015001", "B", "NOT APPLICABLE", "since 01/25/2012"),
        owner("015001", "C", "NO PERCENTAGE PROVIDED", "since 9/1/1969"), owner("015002", None, None, None),
        owner("015001", "D", "half", "until 01/25/2012")),
    "NH_HlthInspecCutpointsState_Oct2024.csv": sent(
        "nh_inspection_cutpoints",
        {"state": "AL", "star_5_range": "0.000-19.333", "star_4_range": "19.334-37.333", "star_1_range": ">105.583"},
        {"state": "AK", "star_5_range": "0.000 - 10", "star_4_range": "ten", "star_1_range": "---"}),
    "NH_QualityMsr_MDS_Oct2024.csv": sent(
        "nh_quality_mds",
        {**MDS, "q1": "5.5", "q1_footnote": "", "q2": "", "q2_footnote": "9, 13", "q3": "---", "q3_footnote": "",
         "score": "", "footnotes": "9,13"}),
    f"{QRP}_Provider_Data_Oct2024.csv": sent(
        "nh_qrp_provider",
        score("015001", "10.5", "-"), score("015002", "No Different than the National Rate", "-"),
        score("015003", "Not Available", "9,13"), score("015004", "---", "-"), score("015001", "50.1", "-", CODE)),
    f"{QRP}_Provider_Data_Jan2025.csv": sent("nh_qrp_provider", score("015001", "51.2", "-", NEW_CODE)),
    f"{QRP}_National_Data_Oct2024.csv": sent(
        "nh_qrp_national", *[nation(text, f"S_00{n}_01_NATL") for n, text in
                             enumerate(("NATION", "Nation", "National", "US"), 1)]),
    "Swing_Bed_SNF_data_Oct2024.csv": sent(
        "nh_qrp_swing_bed", score("01U007", "16.67", "-"), score("10007", "17", "-"), score("1.4E+170", "18", "-")),
    "NH_HealthCitations_Oct2024.csv": sent(
        "nh_health_citations", CITED, CITED, {**CITED, "correction_date": "2024-05-01"}),
    "SNF_Enrollments_2024.10.02.csv": sent(
        "snf_enrollments",
        *[{"enrollment_id": f"O{n}", "enrollment_state": "AL", "ccn_raw": ccn, "npi": "1"} for n, ccn in
          enumerate(("015001", "245381B", "335506001", "1234"))]),
    **{
        f"FY_{years[0]}_SNF_VBP_Facility_Performance.csv": sent(
            "nh_vbp_facility",
            {"rank": 1, "ccn": "015001", "baseline_rsrr": baseline, "baseline_rsrr_footnote": note,
             "performance_rsrr": rate, "multiplier": "1.01"}, years=years)
        for years, baseline, note, rate in (((2023, 2019, 2021), "0.2", "", "0.19"),
                                            ((2024, 2019, 2022), "---", SHORT_BASELINE, "0.18"))
    },
    "FY_2024_SNF_VBP_Aggregate_Performance.csv": sent(
        "nh_vbp_aggregate",
        {"baseline_rate": "0.19788", "performance_rate": "0.20223", "achievement_threshold": "0.79271",
         "benchmark": "0.83033", "multiplier_range": "0.9802538758-1.0176785153", "incentive_usd_range": LATER},
        years=(2024, 2019, 2022)),
}  # fmt: skip


@dataclass
class Loaded:
    """What came of the files."""

    report: RunReport
    lake: Path

    def rows(self, table: str, *names: str, **wanted: Any) -> list[Any]:
        """The named columns of the rows with these values, sorted; a single column as it is, several as tuples."""
        found = [r for r in Lakehouse(self.lake).arrow(table).to_pylist() if all(r[k] == v for k, v in wanted.items())]
        return sorted((r[names[0]] if len(names) == 1 else tuple(r[n] for n in names) for r in found), key=str)

    def set_aside(self, file: str) -> list[tuple[int, str, list[str]]]:
        """Row, severity and reasons of a file's quarantined rows and cells."""
        return self.rows("ops.quarantine", "source_row", "severity", "reasons", file=file)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Iterator[Loaded]:
    """One run over all of it."""
    root = tmp_path_factory.mktemp("odd")
    for name, text in FILES.items():
        write(root / "landing" / name, text)
    yield Loaded(load(root / "lake", root / "landing", engine, select=TABLES), root / "lake")


def test_every_file_is_loaded_and_every_row_accounted_for(loaded):
    assert loaded.report.exit_code == 0, loaded.report.errors
    assert {f.file: f.status for f in loaded.report.files} == dict.fromkeys(FILES, "loaded")
    for line in loaded.report.files:
        fates = (line.accepted_n, line.duplicate_n, line.superseded_n, line.quarantined_n)
        assert line.rows_read_n == sum(fates), line
    aside = {f.file for f in loaded.report.files if f.quarantined_n}
    assert aside == {"Swing_Bed_SNF_data_Oct2024.csv"}


def test_footnote_stands_beside_a_missing_rating_and_both_mismatches_are_flagged(loaded):
    names = ("ccn", "overall_rating", "overall_rating_footnote")
    assert loaded.rows("silver.nh_facility_month", *names) == [
        ("015001", 4, None),
        ("015002", None, None),
        ("015003", None, [1]),
        ("015004", 3, [10]),
        ("015005", None, [9, 13]),
    ]
    flags = {c: f for c, f in loaded.rows("silver.nh_facility_month", "ccn", "dq_flags") if f}
    mismatch = ["footnote_mismatch:overall_rating"]
    assert flags == {"015002": mismatch, "015004": mismatch, "015005": ["bad_date:first_approved_date"]}
    assert loaded.rows("gold.nh_facility_metrics", "ccn", "overall_rating") == [
        ("015001", 4),
        ("015002", None),
        ("015003", None),
        ("015004", 3),
        ("015005", None),
    ]


def test_dates_without_zeros_are_read_and_a_thirteenth_month_is_set_aside(loaded):
    assert set(loaded.rows("silver.nh_facility_month", "snapshot_month")) == {OCTOBER}
    assert loaded.set_aside("NH_ProviderInfo_Oct2024.csv") == [(5, "cell", ["bad_date:first_approved_date"])]
    since = loaded.rows("silver.nh_owner", "association_date", owner_name="C")
    assert since == [date(1969, 9, 1)]


def test_owners_without_share_or_name_stay(loaded):
    assert loaded.rows("silver.nh_owner", "ccn", "owner_name", "ownership_pct", "association_date") == [
        ("015001", "A", 5.0, date(2012, 1, 25)),
        ("015001", "B", None, date(2012, 1, 25)),
        ("015001", "C", None, date(1969, 9, 1)),
        ("015001", "D", None, None),
        ("015002", None, None, None),
    ]
    reasons = ["bad_date:association_date", "bad_number:ownership_pct"]
    assert loaded.set_aside("NH_Ownership_Oct2024.csv") == [(5, "cell", reasons)]


def test_ranges_become_bounds_and_words_none(loaded):
    bounds = ("state", "star_5_min", "star_5_max", "star_4_min", "star_4_max", "star_1_min", "star_1_max")
    assert loaded.rows("silver.nh_cutpoint", *bounds, "dq_flags") == [
        ("AK", 0.0, 10.0, None, None, None, None, ["unknown_code:star_4_range"]),
        ("AL", 0.0, 19.333, 19.334, 37.333, 105.583, None, []),
    ]
    assert loaded.rows("silver.nh_vbp_national", "multiplier_min", "multiplier_max", "incentive_usd_min") == [
        (0.9802538758, 1.0176785153, None)
    ]


def test_two_footnotes_in_a_cell_are_two_codes(loaded):
    names = ("score", "footnotes", "q1", "q2", "q3", "dq_flags")
    assert loaded.rows("silver.nh_measure_long", *names, source="mds") == [
        (None, [9, 13], 5.5, None, None, ["footnote_mismatch:q3"])
    ]
    assert loaded.rows("gold.nh_quality_trend", "quarter", "score", ccn="015001") == [("2023Q3", 5.5)]


def test_scores_that_are_words_stay_words_and_are_no_number(loaded):
    names = ("ccn", "score", "score_text", "footnotes", "dq_flags")
    found = loaded.rows("silver.nh_measure_long", *names, source="qrp", measure_code="S_004_01_PPR_PD_RSRR")
    assert found == [
        ("015001", 10.5, "10.5", None, []),
        ("015002", None, "No Different than the National Rate", None, []),
        ("015003", None, None, [9, 13], []),
        ("015004", None, None, None, ["footnote_mismatch:score_text"]),
    ]
    assert loaded.rows("gold.nh_facility_metrics", "ppr_rsrr_pct") == sorted([10.5, *[None] * 4], key=str)


def test_code_that_gains_a_version_is_another_measure_beside_the_old_one(loaded):
    names = ("measure_code", "quarter", "score")
    codes = [r for r in loaded.rows("silver.nh_measure_long", *names, source="qrp") if "DTC" in r[0]]
    assert codes == [(CODE, "2024Q4", 50.1), (NEW_CODE, "2025Q1", 51.2)]


def test_swing_beds_keep_their_letter_or_regain_their_zero(loaded):
    assert loaded.rows("silver.nh_measure_long", "ccn", "score", "dq_flags", source="swing") == [
        ("010007", 17.0, ["ccn_padded"]),
        ("01U007", 16.67, []),
    ]
    assert loaded.set_aside("Swing_Bed_SNF_data_Oct2024.csv") == [(3, "row", ["bad_key_format:ccn"])]


def test_nation_is_us_in_every_file_and_spelling(loaded):
    months = loaded.rows("silver.nh_state_month", "snapshot_month", "state", is_national=True)
    assert months == [(date(y, m, 1), "US") for y, m in ((2024, 10), (2024, 11), (2024, 12), (2025, 1))]
    assert loaded.rows("silver.nh_vaccination", "state", is_national=True) == ["US"]
    assert len(loaded.rows("silver.nh_measure_national", "measure_code")) == 4
    assert set(loaded.rows("silver.nh_measure_national", "score")) == {10.7}


def test_state_that_one_file_alone_has_stays_in_silver_and_makes_no_row_of_homes(loaded):
    assert loaded.rows("silver.nh_state_month", "snapshot_month", "total_hprd_mean", state="AS") == [(OCTOBER, 4.4)]
    assert loaded.rows("silver.nh_vaccination", "state", level="state") == ["AL", "AS", "US"]
    assert loaded.rows("gold.nh_state_scorecard", "state", "total_hprd_mean_published") == [("AL", 3.9), ("US", 3.84)]


def test_citation_that_occurs_twice_is_numbered_and_its_copy_counted(loaded):
    found = loaded.rows("silver.nh_citation", "tag", "occurrence_no", "correction_date")
    assert sorted(number for _, number, _ in found) == [1, 2]
    assert {(tag, day) for tag, _, day in found} == {("0880", date(2024, 4, 1)), ("0880", date(2024, 5, 1))}
    (line,) = [f for f in loaded.report.files if f.file == "NH_HealthCitations_Oct2024.csv"]
    assert (line.rows_read_n, line.accepted_n, line.duplicate_n) == (3, 2, 1)
    total = loaded.rows("gold.nh_citation_summary", "citations_n", level="home", domain="health", cycle="all")
    assert set(total) == {2}


def test_enrolments_with_suffixes_join_their_home(loaded):
    assert loaded.rows("silver.nh_enrollment", "ccn_raw", "ccn", "dq_flags") == [
        ("015001", "015001", []),
        ("1234", None, ["unknown_code:ccn_raw"]),
        ("245381B", "245381", ["ccn_suffix"]),
        ("335506001", "335506", ["ccn_suffix"]),
    ]


def test_fiscal_years_in_headers_make_no_drift_and_dashes_stand_beside_their_sentence(loaded):
    names = ("fiscal_year", "baseline_rsrr", "baseline_rsrr_footnote", "performance_rsrr", "dq_flags")
    assert loaded.rows("silver.nh_vbp", *names) == [
        (2023, 0.2, None, 0.19, []),
        (2024, None, SHORT_BASELINE, 0.18, []),
    ]
    drift = loaded.rows("ops.drift", "data_set", "kind", "found")
    assert [d for d in drift if d[1] == "new_column"] == []
    assert loaded.rows("gold.nh_facility_metrics", "fiscal_year", "rsrr", ccn="015001") == [(2024, 0.18)]
