"""Deliveries of enrolments, national measures and other payroll staff, loaded as a user would."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from support import load, rows_of, write
from thorough import embedded_unless_thorough

from nh_lakehouse import Lakehouse
from nh_lakehouse.contracts import load_contracts
from nh_lakehouse.engines import Engine

pytestmark = embedded_unless_thorough

QRP = "Skilled_Nursing_Facility_Quality_Reporting_Program"


def rows_as_sent(data_set: str, *rows: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows under the headers of their contract; columns that a row does not name are empty."""
    columns = load_contracts()[data_set].columns
    return [{c.header: row.get(c.name) for c in columns} for row in rows]


def as_of(data_set: str, day: str, *rows: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows as sent, processed on a day."""
    return rows_as_sent(data_set, *[{**row, "processing_date": day} for row in rows])


def measures(lake: Path) -> list[tuple[str, str, str, str, float]]:
    """Source, code, month, quarter and score of all measures that have one."""
    rows = [r for r in rows_of(lake, "silver.nh_measure_long") if r["score"] is not None]
    return sorted(
        (r["source"], r["measure_code"], str(r["snapshot_month"]), str(r["quarter"]), r["score"]) for r in rows
    )


def test_enrolments_of_two_months_become_versions(tmp_path: Path, engine: Engine) -> None:
    first = {"enrollment_id": "O1", "enrollment_state": "MN", "ccn_raw": "245381B", "npi": "1", "chain_name": "OLD"}
    other = {"enrollment_id": "O2", "enrollment_state": "MN", "ccn_raw": "245381", "npi": "1"}
    landing, lake = tmp_path / "landing", tmp_path / "lake"
    write(landing / "SNF_Enrollments_2025.11.02.csv", rows_as_sent("snf_enrollments", first, other))
    sold = {**first, "chain_name": "NEW"}
    write(landing / "SNF_Enrollments_2025.12.02.csv", rows_as_sent("snf_enrollments", sold, other))
    assert load(lake, landing, engine).exit_code == 0
    facts = ["enrollment_id", "ccn", "ccn_raw", "chain_name", "valid_from", "is_current", "dq_flags"]
    found = [tuple(str(row[name]) for name in facts) for row in rows_of(lake, "silver.nh_enrollment")]
    assert sorted(found) == [
        ("O1", "245381", "245381B", "NEW", "2025-12-01", "True", "['ccn_suffix']"),
        ("O1", "245381", "245381B", "OLD", "2025-11-01", "False", "['ccn_suffix']"),
        ("O2", "245381", "245381", "None", "2025-11-01", "True", "[]"),
    ]


def test_national_measures_and_other_staff_are_loaded_by_quarter(tmp_path: Path, engine: Engine) -> None:
    landing, lake = tmp_path / "landing", tmp_path / "lake"
    measure = {"nation": "Nation", "period_start": "07/01/2021", "period_end": "06/30/2022"}
    national = rows_as_sent(
        "nh_qrp_national",
        {**measure, "measure_code": "S_007_02_NATL_RATE", "score": "91.4"},
        {**measure, "measure_code": "S_013_02_NATL_RATE", "score": "1.0"},
    )
    program = f"{QRP}_National_Data"
    write(landing / f"{program}_May2023.csv", national)
    write(landing / f"{program}_Oct2023.csv", national[:1])
    day = {"ccn": "015009", "cy_qtr": "2023Q2", "work_date": "20230401", "census": "57", "hrs_admin": "8"}
    write(landing / "PBJ_Daily_Non_Nurse_Staffing_Q2_2023.csv", rows_as_sent("pbj_nonnurse_daily", day))
    assert load(lake, landing, engine).exit_code == 0
    found = rows_of(lake, "silver.nh_measure_national", ["measure_code", "period", "quarter", "score"])
    period = "07/01/2021-06/30/2022"
    assert sorted((r["quarter"], r["measure_code"], r["period"], r["score"]) for r in found) == [
        ("2023Q2", "S_007_02_NATL_RATE", period, 91.4),
        ("2023Q2", "S_013_02_NATL_RATE", period, 1.0),
        ("2023Q4", "S_007_02_NATL_RATE", period, 91.4),
    ]
    staff = rows_of(lake, "silver.pbj_nonnurse_daily")
    assert [(r["ccn"], r["quarter"], r["hrs_admin"], r["hrs_pt"]) for r in staff] == [("015009", "2023Q2", 8.0, None)]


def test_every_row_of_the_shipped_national_file_is_published(tmp_path: Path, engine: Engine, real_data: Path) -> None:
    name = "Skilled_Nursing_Facility_Quality_Reporting_Program_National_Data_May2023.csv"
    text = (real_data / "nursing_home" / name).read_text(encoding="utf-8")
    write(tmp_path / "landing" / name, text)
    assert load(tmp_path / "lake", tmp_path / "landing", engine).exit_code == 0
    sent = {(row["Measure Code"], float(row["Score"])) for row in csv.DictReader(text.splitlines())}
    found = Lakehouse(tmp_path / "lake").arrow("silver.nh_measure_national").to_pylist()
    assert len(found) == 25
    assert {(row["measure_code"], row["score"]) for row in found} == sent


def test_measures_of_four_files_live_in_one_table(tmp_path: Path, engine: Engine) -> None:
    landing, lake = tmp_path / "landing", tmp_path / "lake"
    mds = {"ccn": "015009", "measure_code": "401", "period": "2023Q3-2024Q2", "score": "6.5"}
    claims = {"ccn": "015009", "measure_code": "521", "period": "20230401-20240331", "adjusted": "22.1"}
    dates = {"period_start": "10/01/2021", "period_end": "09/30/2023"}
    program = {"ccn": "015009", "measure_code": "S_004_01_PPR_PD_RSRR", "score_text": "10.5", **dates}
    swing = {**program, "ccn": "01U001", "score_text": "Not Available"}
    write(landing / "NH_QualityMsr_MDS_Oct2024.csv", as_of("nh_quality_mds", "2024-10-01", mds))
    write(landing / "NH_QualityMsr_Claims_Oct2024.csv", as_of("nh_quality_claims", "2024-10-01", claims))
    write(landing / f"{QRP}_Provider_Data_Oct2024.csv", rows_as_sent("nh_qrp_provider", program))
    write(landing / "Swing_Bed_SNF_data_Oct2024.csv", rows_as_sent("nh_qrp_swing_bed", swing))
    assert load(lake, landing, engine, select=["silver.nh_measure_long"]).exit_code == 0
    first = [
        ("claims", "521", "2024-10-01", "None", 22.1),
        ("mds", "401", "2024-10-01", "None", 6.5),
        ("qrp", "S_004_01_PPR_PD_RSRR", "2024-10-01", "2024Q4", 10.5),
    ]
    assert measures(lake) == first
    # A release that is corrected replaces its own rows alone; the next month and the next quarter stand beside it.
    write(landing / "NH_QualityMsr_MDS_Nov2024.csv", as_of("nh_quality_mds", "2024-11-01", {**mds, "score": "7"}))
    mended = {**program, "score_text": "10.6"}
    write(landing / f"{QRP}_Provider_Data_Jan2025.csv", rows_as_sent("nh_qrp_provider", mended))
    report = load(lake, landing, engine, select=["silver.nh_measure_long"])
    assert [(t.table, t.inserted_n, t.updated_n, t.deleted_n) for t in report.tables] == [
        ("silver.nh_measure_long", 2, 0, 0)
    ]
    later = [("mds", "401", "2024-11-01", "None", 7.0), ("qrp", program["measure_code"], "2025-01-01", "2025Q1", 10.6)]
    assert measures(lake) == sorted([*first, *later])


def test_of_a_months_vaccination_files_the_newest_counts(tmp_path: Path, engine: Engine) -> None:
    landing, lake = tmp_path / "landing", tmp_path / "lake"
    home, state = {"ccn": "015009", "state": "AL", "residents_pct": "3.8"}, {"state": "NATION", "residents_pct": "23.7"}
    for day, share in (("10/27/2024", "3.8"), ("10/20/2024", "3.1")):
        name = f"2024{day[:2]}{day[3:5]}.csv"
        rows = rows_as_sent("nh_covid_vax_provider", {**home, "residents_pct": share, "as_of_date": day})
        write(landing / f"NH_CovidVaxProvider_{name}", rows)
    write(
        landing / "NH_CovidVaxAverages_20241027.csv",
        rows_as_sent("nh_covid_vax_averages", {**state, "as_of_date": "10/27/2024"}),
    )
    report = load(lake, landing, engine, select=["silver.nh_vaccination"])
    assert sorted((f.file[:19], f.accepted_n, f.superseded_n) for f in report.files) == [
        ("NH_CovidVaxAverages", 1, 0),
        ("NH_CovidVaxProvider", 0, 1),
        ("NH_CovidVaxProvider", 1, 0),
    ]
    found = rows_of(lake, "silver.nh_vaccination")
    assert [(r["level"], r["ccn"], r["state"], r["residents_pct"], str(r["as_of_date"])) for r in found] == [
        ("home", "015009", "AL", 3.8, "2024-10-27"),
        ("state", None, "US", 23.7, "2024-10-27"),
    ]
