"""Everything that is wrong with deliveries of claims, in two runs: claims first, the beneficiaries and a second time later.

What bronze makes of broken ends, empty parts and names stands in tests/bronze/test_claims_files.py, adjustments and
deletions of RIF in tests/silver/test_claims_adjustments.py.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support import csv_text, engine_name, load, write

from nh_lakehouse import Lakehouse
from nh_lakehouse.engines import Engine

pytestmark = pytest.mark.scenario

SYN = "DE1_0_2008_to_2010"
CARRIER, FILLS = f"{SYN}_Carrier_Claims_Sample_1A.csv", f"{SYN}_Prescription_Drug_Events_Sample_1.csv"
INPATIENT = "DE1_0_2011_to_2013_Inpatient_Claims_Sample_1.csv"
AGAIN = CARRIER.replace(".csv", "_again.csv")
PEOPLE, WRONG_YEAR = (f"DE1_0_{year}_Beneficiary_Summary_File_Sample_1.csv" for year in (2008, 2010))
TABLES = (
    "gold.dim_patient", "gold.fact_claims", "gold.fact_prescriptions", "silver.claim_line",
    "silver.clm_beneficiary_year", "ops.referential",
)  # fmt: skip


def carrier(claim: str, person: str, paid: str, day: str = "20080105", hcpcs: str = "99213") -> dict[str, Any]:
    """A carrier claim of one line."""
    return {
        "DESYNPUF_ID": person, "CLM_ID": claim, "CLM_FROM_DT": day, "CLM_THRU_DT": "20080106",
        "HCPCS_CD_1": hcpcs, "LINE_NCH_PMT_AMT_1": paid,
    }  # fmt: skip


def person(bene_id: str, death: str = "") -> dict[str, Any]:
    """A row of a beneficiary file."""
    return {"DESYNPUF_ID": bene_id, "BENE_BIRTH_DT": "19300101", "BENE_DEATH_DT": death, "BENE_SEX_IDENT_CD": "1"}


FIRST = {
    # codes that lost their zeros, a person in no file, a day of zeros, a last line that was cut
    CARRIER: csv_text([
        carrier("1", "A", "50.00", hcpcs="104"),
        carrier("2", "X", "60.00"),
        carrier("3", "A", "70.00", day="00000000"),
        carrier("4", "A", "80.00"),
        carrier("6", "A", "-10.00"),
    ]) + "A,5,2008",
    CARRIER.replace("1A", "1B"): ",".join(carrier("", "", "")) + "\n",
    FILLS: csv_text([
        {"DESYNPUF_ID": bene, "PDE_ID": event, "SRVC_DT": "20080105", "PROD_SRVC_ID": ndc, "TOT_RX_CST_AMT": "10.00"}
        for bene, event, ndc in (("A", "1", "2751001"), ("X", "2", "00002751001"))
    ]),
    INPATIENT: csv_text([
        {"DESYNPUF_ID": "A", "CLM_ID": "1", "SEGMENT": 1, "CLM_FROM_DT": "20080201", "CLM_THRU_DT": "20080204",
         "CLM_PMT_AMT": "4000.00", "ICD9_DGNS_CD_1": "4280"}
    ]),
    "carrier.csv": "BENE_ID|CLM_ID|LINE_NUM|CLM_PMT_AMT|HCPCS_CD|CLM_FROM_DT|PRVDR_ZIP\n"
                   "-1|-10|1|1,100.00|99213|05-Mar-2016|1,2\n",
}  # fmt: skip
#: Claim 1 as it was, claim 4 paid again with another amount, and claim 6 twice in one file.
SECOND = {
    AGAIN: csv_text([carrier("1", "A", "50.00", hcpcs="104"), carrier("4", "A", "85.00"), *[carrier("6", "A", "-10.00")] * 2]),
    PEOPLE: csv_text([person("A", "20080101"), person("B")]),
    WRONG_YEAR: csv_text([person("A", "20080101"), person("B")]),
}  # fmt: skip


def ask(lake: Path, query: str) -> list[tuple[Any, ...]]:
    """Rows of a DuckDB query."""
    with Lakehouse(lake).duckdb() as connection:
        return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def lakes(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """What was asked after the first run, and the lakehouse after the second."""
    if engine_name() != "sail":
        pytest.skip("deliveries are compared on both engines by the grid of histories and by tests of readers")
    folder = tmp_path_factory.mktemp("bad_claims")
    lake, landing = folder / "lake", folder / "landing"
    for files, day in ((FIRST, "2024-06-01"), (SECOND, "2024-09-01")):
        for name, body in files.items():
            write(landing / name, body, modified=day)
        report = load(lake, landing, engine, select=TABLES)
        assert (report.exit_code, report.errors) == (0, [])
        if files is FIRST:
            first = {
                "referential": ask(lake, "FROM ops.referential"),
                "keys": ask(lake, "SELECT DISTINCT patient_key FROM gold.fact_claims"),
            }
    return first, lake


def test_claims_before_their_beneficiaries_are_kept_and_found_when_these_arrive(lakes):
    first, lake = lakes
    assert (first["referential"], first["keys"]) == ([], [(-1,)])
    found = ask(
        lake,
        """SELECT f.claim_type, f.claim_id, p.bene_id FROM gold.fact_claims f
                         LEFT JOIN gold.dim_patient p USING (patient_key) WHERE f.source = 'synpuf' ORDER BY ALL""",
    )
    people = {(claim_type, claim): bene for claim_type, claim, bene in found}
    assert people == {("carrier", n): None if n == "2" else "A" for n in "12346"} | {("inpatient", "1"): "A"}
    assert ask(lake, "SELECT event_id, patient_key = -1 FROM gold.fact_prescriptions ORDER BY 1") == [
        ("1", False),
        ("2", True),
    ]


def test_people_in_no_beneficiary_file_and_services_after_death_are_told(lakes):
    """A died in January 2008, of which the file says the 1st: claims and a fill of the 5th are none, the stay of
    1 February is a day late."""
    rows = ask(lakes[1], 'SELECT "table", key, period, rule, rows_n, detail FROM ops.referential ORDER BY ALL')
    assert rows == [
        ("claim", "synpuf:A", "2008", "service_after_death", 1, "up to 1 day after death"),
        ("claim", "synpuf:X", "2008", "orphan_beneficiary", 1, "in no beneficiary file"),
        ("drug_event", "synpuf:X", "2008", "orphan_beneficiary", 1, "in no beneficiary file"),
    ]


def test_each_claim_counts_once_and_the_newest_payment_holds(lakes):
    found = ask(
        lakes[1], "SELECT claim_id, payment_usd FROM silver.claim WHERE claim_type = 'carrier' AND source = 'synpuf'"
    )
    assert sorted(found) == [(n, Decimal(p)) for n, p in (("1", 50), ("2", 60), ("3", 70), ("4", 85), ("6", -10))]
    loads = ask(
        lakes[1],
        """SELECT file, rows_read_n, accepted_n, duplicate_n, superseded_n, quarantined_n
                             FROM (FROM ops.loads WHERE target = 'silver.claim'
                                   QUALIFY row_number() OVER (PARTITION BY file ORDER BY recorded_at DESC) = 1)
                             WHERE file IN (SELECT file FROM ops.files WHERE data_set = 'syn_carrier') ORDER BY file""",
    )
    # The sixth line of the first file was cut; claim 6 stands twice in the second.
    assert [row for row in loads if row[1]] == [(CARRIER, 6, 5, 0, 0, 1), (AGAIN, 4, 3, 1, 0, 0)]
    # Written again is what changed: claim 4. The others are still those of the first file.
    made = "SELECT claim_id FROM silver.claim WHERE _source_file = '" + AGAIN + "'"
    assert ask(lakes[1], made) == [("4",)]


def test_a_day_of_zeros_is_no_day_and_its_claim_stays_without_a_year(lakes):
    found = ask(lakes[1], "SELECT from_date, thru_date, year, dq_flags FROM silver.claim WHERE claim_id = '3'")
    assert found == [(None, date(2008, 1, 6), None, ["bad_date:from_date"])]
    told = ask(lakes[1], "SELECT file, source_row, severity, reasons FROM ops.quarantine ORDER BY source_row")
    assert told == [(CARRIER, 3, "cell", ["bad_date:from_date"]), (CARRIER, 6, "row", ["short_row"])]


def test_codes_that_lost_their_zeros_regain_them(lakes):
    lines = "SELECT claim_id, hcpcs FROM silver.claim_line WHERE claim_id IN ('1', '4') AND claim_type = 'carrier' ORDER BY 1"
    assert ask(lakes[1], lines) == [("1", "00104"), ("4", "99213")]
    assert ask(lakes[1], "SELECT DISTINCT ndc FROM silver.drug_event") == [("00002751001",)]


def test_claims_are_of_their_own_dates_whatever_years_the_name_says(lakes):
    found = ask(lakes[1], "SELECT year, payment_usd, dq_flags FROM silver.claim WHERE claim_type = 'inpatient'")
    assert found == [(2008, Decimal(4000), [])]


def test_a_beneficiary_file_under_the_name_of_another_year_is_told_by_its_dead(lakes):
    found = ask(lakes[1], "SELECT bene_id, year, dq_flags FROM silver.clm_beneficiary_year ORDER BY ALL")
    assert found == [
        ("A", 2008, []), ("A", 2010, ["period_mismatch:death_date"]), ("B", 2008, []), ("B", 2010, []),
    ]  # fmt: skip


def test_commas_between_pipes_belong_to_their_values(lakes):
    found = ask(lakes[1], "SELECT claim_id, bene_id, payment_usd, from_date FROM silver.claim WHERE source = 'rif'")
    assert found == [("-10", "-1", Decimal("1100.00"), date(2016, 3, 5))]


def test_a_part_with_a_header_alone_is_loaded_without_rows(lakes):
    files = "SELECT status, rows_read_n FROM ops.files WHERE file LIKE '%Sample_1B.csv'"
    assert ask(lakes[1], files) == [("loaded", 0)]
