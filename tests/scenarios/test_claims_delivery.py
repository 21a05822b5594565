"""Deliveries of claims files to bronze: the publishers' own, empty ones, copies, and files taken back."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import load, write
from thorough import embedded_unless_thorough

from nh_lakehouse import Lakehouse
from nh_lakehouse.contracts import load_contracts
from nh_lakehouse.engines import Engine
from nh_lakehouse.pipeline.report import RunReport
from nh_lakehouse.silver.conform import conform

pytestmark = pytest.mark.scenario

HEADER = "DESYNPUF_ID,CLM_ID,CLM_FROM_DT,CLM_THRU_DT,LINE_NCH_PMT_AMT_1\n"
CLAIMS = HEADER + "A,1,20080101,20080101,50.00\nA,2,20080201,20080202,60.00\n"
SYN = "DE1_0_2008_to_2010"
PART_A, PART_B = f"{SYN}_Carrier_Claims_Sample_1A.csv", f"{SYN}_Carrier_Claims_Sample_1B.csv"


def delivered(lake: Path, landing: Path, engine: Engine, **options) -> RunReport:
    """One run that brings claims files to bronze."""
    return load(lake, landing, engine, domains=("claims",), layers=("bronze",), **options)


def states(lake: Path) -> dict[str, tuple[str, int]]:
    """Landing file -> its present state and rows read."""
    with Lakehouse(lake).duckdb(["ops.files"]) as connection:
        rows = connection.execute("SELECT file, status, rows_read_n FROM ops.files ORDER BY recorded_at").fetchall()
    return {file: (status, rows_n) for file, status, rows_n in rows}


def claims_n(lake: Path) -> int:
    """Rows of carrier claims in bronze."""
    with Lakehouse(lake).duckdb(["bronze.syn_carrier"]) as connection:
        return connection.execute("SELECT count(*) FROM bronze.syn_carrier").fetchall()[0][0]


def test_an_empty_part_is_loaded_with_no_rows_and_known_the_next_time(engine, tmp_path):
    landing, lake = tmp_path / "landing", tmp_path / "lake"
    write(landing / PART_A, CLAIMS)
    write(landing / PART_B, HEADER)
    report = delivered(lake, landing, engine)
    assert (report.exit_code, report.errors) == (0, [])
    assert states(lake) == {PART_A: ("loaded", 2), PART_B: ("loaded", 0)}
    again = delivered(lake, landing, engine)
    assert (again.exit_code, again.files, claims_n(lake)) == (0, [], 2)


@embedded_unless_thorough
def test_an_empty_part_alone_makes_an_empty_table(engine, tmp_path):
    write(tmp_path / "landing" / PART_B, HEADER)
    report = delivered(tmp_path / "lake", tmp_path / "landing", engine)
    assert (report.exit_code, [f.rows_read_n for f in report.files]) == (0, [0])
    assert claims_n(tmp_path / "lake") == 0


@embedded_unless_thorough
def test_the_same_claims_on_another_day_under_another_name_are_a_copy(engine, tmp_path):
    landing, lake = tmp_path / "landing", tmp_path / "lake"
    write(landing / PART_A, CLAIMS, modified="2024-06-01")
    write(landing / PART_B, HEADER, modified="2024-06-01")
    delivered(lake, landing, engine)
    later = [f"{SYN}_Carrier_Claims_Sample_1A_resent.csv", f"{SYN}_Carrier_Claims_Sample_1B_resent.csv"]
    write(landing / later[0], CLAIMS, modified="2024-09-01")
    write(landing / later[1], HEADER, modified="2024-09-01")
    assert delivered(lake, landing, engine).exit_code == 0
    assert [states(lake)[name] for name in later] == [("duplicate", 2), ("duplicate", 0)]
    assert claims_n(lake) == 2


@embedded_unless_thorough
def test_a_copy_takes_the_place_of_claims_that_are_taken_back(engine, tmp_path):
    landing, lake = tmp_path / "landing", tmp_path / "lake"
    for name, body in ((PART_A, CLAIMS), (PART_B, HEADER)):
        write(landing / name, body, modified="2024-06-01")
        write(landing / name.replace(".csv", "_resent.csv"), body, modified="2024-09-01")
    delivered(lake, landing, engine)
    for name in (PART_A, PART_B):
        assert delivered(lake, landing, engine, forget=name).exit_code == 0
        resent = name.replace(".csv", "_resent.csv")
        assert (states(lake)[name][0], states(lake)[resent][0]) == ("forgotten", "loaded")
    assert claims_n(lake) == 2


@embedded_unless_thorough
def test_enrolments_beside_claims_are_left_to_their_own_domain(engine, tmp_path):
    landing = tmp_path / "landing"
    write(landing / PART_A, CLAIMS)
    write(landing / "SNF_Enrollments_2025.12.02.csv", "ENROLLMENT ID,CCN\nO1,015009\n")
    report = delivered(tmp_path / "lake", landing, engine)
    assert (report.exit_code, [f.file for f in report.files]) == (0, [PART_A])


# --- the publishers' files -------------------------------------------------------------------------------------------

#: data set -> rows of all shipped files (data/README.md; MEASURES, Acceptance I)
ROWS = {
    "rif_beneficiary": 23 + 11 * 3,
    "rif_beneficiary_history": 3,
    "rif_carrier": 221,
    "rif_dme": 1,
    "rif_export_summary": 3,
    "rif_hha": 119 + 15,
    "rif_hospice": 8,
    "rif_inpatient": 16,
    "rif_outpatient": 19,
    "rif_pde": 18,
    "rif_snf": 67,
    "syn_beneficiary": 10_000 + 9_856 + 9_710 + 3 * 10,
    "syn_carrier": 275,
    "syn_inpatient": 999 + 5,
    "syn_outpatient": 41,
    "syn_pde": 4_998 + 390,
}
#: Rows that the publisher's own file has wrong: one person has part A alone by the monthly codes and part B by the
#: count, another two months of a drug plan less than counted.
FLAGGED = {"rif_beneficiary": {"months_mismatch:b_months": 1, "months_mismatch:d_months": 1}}


@pytest.fixture(scope="module")
def shipped_claims(real_data: Path, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Lakehouse:
    """The shipped claims files in bronze."""
    folder = tmp_path_factory.mktemp("claims")
    for name in ("synpuf", "rif"):
        for file in sorted((real_data / name).rglob("*.csv")):
            write(folder / "landing" / file.relative_to(real_data), file.read_bytes())
    report = delivered(folder / "lake", folder / "landing", engine)
    assert (report.exit_code, report.errors) == (0, [])
    assert {f.status for f in report.files} == {"loaded"}
    return Lakehouse(folder / "lake")


def test_every_shipped_file_is_loaded_with_all_its_rows_and_no_drift(shipped_claims):
    tables = [f"bronze.{name}" for name in ROWS]
    with shipped_claims.duckdb([*tables, "ops.files"]) as connection:
        found = {t: connection.execute(f"SELECT count(*) FROM {t}").fetchall()[0][0] for t in tables}
        drift = connection.execute("SELECT file FROM ops.files WHERE drift_n > 0").fetchall()
    assert found == {f"bronze.{name}": n for name, n in ROWS.items()}
    assert drift == []


@pytest.mark.parametrize("data_set", ROWS)
def test_shipped_rows_are_typed_without_a_false_flag(shipped_claims, engine, data_set):
    from pyspark.sql import functions as F

    rows = engine.session.read.format("delta").load(str(shipped_claims.path(f"bronze.{data_set}")))
    reasons = F.explode(F.concat("dq_flags", "_reasons")).alias("reason")
    found = conform(rows, load_contracts()[data_set]).select(reasons).groupBy("reason").count().collect()
    assert {row["reason"]: row["count"] for row in found} == FLAGGED.get(data_set, {})


def test_values_of_a_shipped_stay_are_what_the_file_says(shipped_claims, engine):
    names = ["admit_date", "payment_usd", "drg", "primary_dx", "dx_1", "present_on_admission_1", "revenue_center"]
    rows = engine.session.read.format("delta").load(str(shipped_claims.path("bronze.rif_inpatient")))
    stay = conform(rows, load_contracts()["rif_inpatient"], columns=names).where("claim_id = '-100001674'")
    (found,) = stay.select(*names).collect()
    assert [str(v) for v in found] == ["2017-03-19", "33248.67", "375", "C188", "I4891", "Y", "0001"]
