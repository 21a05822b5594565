"""Claims files on their way to bronze, without an engine: separators, empty parts, wrong names, broken ends."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from support import write

from nh_lakehouse.bronze.load import BronzeRun, prepare_file
from nh_lakehouse.contracts import load_contracts
from nh_lakehouse.errors import SourceError
from nh_lakehouse.sources import list_landing

NOW = datetime(2024, 11, 1, tzinfo=timezone.utc)
CARRIER = "DE1_0_2008_to_2010_Carrier_Claims_Sample_1B.csv"
LINES = "BENE_ID|CLM_ID|CLM_LINE_NUM|CLM_PMT_AMT|RNDRNG_PHYSN_NPI\n"
PEOPLE = "BENE_ID|RFRNC_YR|BENE_SRNM_NAME|BENE_GVN_NAME\n"


def prepared(folder: Path, name: str, body: str, data_set: str):
    """The one file of a landing folder, read and parsed; it came on 1 June 2024."""
    write(folder / "landing" / name, body, modified="2024-06-01")
    (file,) = list_landing(folder / "landing")
    (folder / "scratch").mkdir(exist_ok=True)
    return prepare_file(file, [load_contracts()[data_set]], BronzeRun("run", NOW, folder / "scratch"))


def staged(file) -> list[dict]:
    """The staged rows in their order."""
    rows = [row for path in file.parsed.paths for row in pq.read_table(path).to_pylist()]
    return sorted(rows, key=lambda r: r["_source_row"])


def test_part_b_with_a_header_alone_is_a_delivery_without_rows(tmp_path):
    file = prepared(tmp_path, CARRIER, "DESYNPUF_ID,CLM_ID,CLM_FROM_DT,CLM_THRU_DT\n", "syn_carrier")
    assert (file.parsed.rows_n, file.parsed.corrupt_n, file.periods.main) == (0, 0, "2024-06-01")
    assert staged(file) == []


@pytest.mark.parametrize(
    ("body", "code"),
    [("", "empty_file"), ("DESYNPUF_ID,CLM_FROM_DT\n", "missing_column"), ("DESYNPUF_ID,CLM_ID\nA\n", "no_rows")],
    ids=["no header", "header without the claim", "no well-formed row"],
)
def test_a_file_that_may_be_empty_has_a_sound_header_and_sound_rows_all_the_same(tmp_path, body, code):
    with pytest.raises(SourceError) as raised:
        prepared(tmp_path, CARRIER, body, "syn_carrier")
    assert raised.value.code == code


def test_beneficiaries_never_come_empty(tmp_path):
    with pytest.raises(SourceError) as raised:
        prepared(tmp_path, "beneficiary_2015.csv", PEOPLE, "rif_beneficiary")
    assert raised.value.code == "no_rows"


def test_commas_and_quotes_inside_a_pipe_file_belong_to_the_values(tmp_path):
    body = PEOPLE + '-1|2015|SMITH, JR|Ann, B.\n-2|2015|"O, X"|Bo"b\n-3|2015|,|,,\n'
    rows = staged(prepared(tmp_path, "beneficiary_2015.csv", body, "rif_beneficiary"))
    assert [(r["bene_id"], r["surname"], r["given_name"]) for r in rows] == [
        ("-1", "SMITH, JR", "Ann, B."),
        ("-2", "O, X", 'Bo"b'),
        ("-3", ",", ",,"),
    ]


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_last_line_that_was_cut_is_kept_as_what_it_is(tmp_path, end):
    body = LINES + "-1|-10|1|5.00|999\n-1|-10|2|5.00|999\n-1|-11|1|7" + end
    file = prepared(tmp_path, "carrier.csv", body, "rif_carrier")
    assert (file.parsed.rows_n, file.parsed.corrupt_n) == (3, 1)
    last = staged(file)[-1]
    assert (last["claim_id"], last["_corrupt_record"]) == ("-11", "short_row: 4 fields, expected 5 | -1|-11|1|7")


def test_lines_that_end_with_an_empty_value_are_whole(tmp_path):
    rows = staged(prepared(tmp_path, "carrier.csv", LINES + "-1|-10|1|5.00|\n-1|-10|2||\n", "rif_carrier"))
    assert [(r["line_no"], r["payment_usd"], r["_corrupt_record"]) for r in rows] == [
        ("1", "5.00", None),
        ("2", None, None),
    ]


def test_the_year_of_the_rows_counts_where_the_name_says_another(tmp_path):
    file = prepared(tmp_path, "beneficiary_2014.csv", PEOPLE + "-1|2015|A|B\n-2|2015|C|D\n", "rif_beneficiary")
    assert [r["_period"] for r in staged(file)] == ["2015", "2015"]
    assert [(d.kind, d.found, d.expected) for d in file.drift if d.kind == "period_mismatch"] == [
        ("period_mismatch", "2015", "2014")
    ]


def test_years_of_one_file_stay_apart_and_a_row_without_year_takes_that_of_most(tmp_path):
    body = PEOPLE + "-1|2015|A|B\n-1|2016|A|B\n-2|2016|C|D\n-3||E|F\n"
    file = prepared(tmp_path, "beneficiary_2016.csv", body, "rif_beneficiary")
    assert [r["_period"] for r in staged(file)] == ["2015", "2016", "2016", "2016"]
    assert [d.kind for d in file.drift if d.kind == "period_mismatch"] == []


def test_a_beneficiary_file_of_synpuf_is_of_the_year_in_its_name(tmp_path):
    body = "DESYNPUF_ID,BENE_DEATH_DT\nA,\nB,20080901\n"
    file = prepared(tmp_path, "DE1_0_2009_Beneficiary_Summary_File_Sample_1.csv", body, "syn_beneficiary")
    assert {r["_period"] for r in staged(file)} == {"2009"}


@pytest.mark.parametrize("years", ["2008_to_2010", "2011_to_2013"])
def test_claims_are_of_the_day_on_which_they_came_whatever_years_the_name_says(tmp_path, years):
    name = f"DE1_0_{years}_Inpatient_Claims_Sample_1.csv"
    body = "CLM_ID,SEGMENT,CLM_FROM_DT\n1,1,20080101\n1,2,\n"
    file = prepared(tmp_path, name, body, "syn_inpatient")
    assert [r["_period"] for r in staged(file)] == ["2024-06-01", "2024-06-01"]
    assert file.parsed.has_extra
