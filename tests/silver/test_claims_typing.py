"""Claims text to typed values: what the publishers' files hold, and what goes wrong on the way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from nh_lakehouse.contracts import load_contracts
from nh_lakehouse.silver.conform import conform

Found = dict[str, Any]


def typed(spark, data_set: str, *rows: Mapping[str, str | None], absent: str = "") -> list[Found]:
    """Rows of one file conformed, the columns that they name and those that the checks read; all others are empty."""
    contract = load_contracts()[data_set]
    read = {n for check in contract.checks for n in contract.column_by_name if n in check.when}
    wanted = read.union(*rows) & set(contract.column_by_name)
    names = [c.name for c in contract.columns]
    audit = {"_period": "2015", "_absent_columns": absent, "_corrupt_record": None}
    texts = [tuple({**audit, **row}.get(n) for n in [*names, *audit]) for row in rows]
    schema = ", ".join(f"`{n}` string" for n in [*names, *audit]) + ", _source_row int"
    frame = spark.createDataFrame([(*t, n) for n, t in enumerate(texts)], schema)
    return sorted(conform(frame, contract, columns=wanted).toArrow().to_pylist(), key=lambda r: r["_source_row"])


LINE = {"claim_id": "-100001674", "line_no": "1"}


@pytest.mark.parametrize(
    ("column", "text", "value", "flag"),
    [
        # one blank is an empty value; ids may be negative
        ("claim_id", "-100001674", "-100001674", None),
        ("bene_id", " ", None, None),
        ("primary_payer_code", " ", None, None),
        ("external_dx_3", " ", None, None),
        # codes that lost their leading zeros, and those that never had any
        ("drg", "57", "057", None),
        ("drg", "375", "375", None),
        ("drg", "OTH", "OTH", None),
        ("revenue_center", "1", "0001", None),
        ("revenue_center", "0450", "0450", None),
        ("discharge_status", "7", "07", None),
        ("provider_state_ssa", "1", "01", None),
        ("hcpcs", "1996", "01996", None),
        ("hcpcs", "G047", "G047", None),
        # dates as both layouts write them
        ("from_date", "19-Mar-2017", date(2017, 3, 19), None),
        ("from_date", "19-MAR-2017", date(2017, 3, 19), None),
        ("from_date", "20170319", date(2017, 3, 19), None),
        ("from_date", "", None, None),
        ("from_date", "00000000", None, "bad_date:from_date"),
        ("from_date", "31-Feb-2017", None, "bad_date:from_date"),
        ("px_date_25", "00000000", None, "bad_date:px_date_25"),
        # amounts
        ("payment_usd", "33248.67", Decimal("33248.67"), None),
        ("payment_usd", "0", Decimal("0.00"), None),
        ("payment_usd", "-80", Decimal("-80.00"), None),
        ("payment_usd", "2,000.00", Decimal("2000.00"), None),
        ("payment_usd", "n/k", None, "bad_number:payment_usd"),
        ("covered_days", "-1", None, "out_of_range:covered_days"),
        # codes with a short list
        ("nch_claim_type", "60", "60", None),
        ("nch_claim_type", "40", "40", "unknown_code:nch_claim_type"),
        ("dml_ind", "UPSERT", "UPSERT", "unknown_code:dml_ind"),
    ],
)
def test_a_value_of_an_inpatient_line(spark, column, text, value, flag):
    (row,) = typed(spark, "rif_inpatient", {**LINE, column: text})
    assert (row[column], row["dq_flags"], row["_reasons"]) == (value, [flag] if flag else [], [])


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        pytest.param({"claim_id": "", "line_no": "1"}, "missing_key:claim_id", id="no claim"),
        pytest.param({"claim_id": "1", "line_no": " "}, "missing_key:line_no", id="no line"),
        pytest.param({"claim_id": "1", "line_no": "one"}, "bad_key_format:line_no", id="line in words"),
    ],
)
def test_a_line_without_its_key_leaves_silver(spark, row, reason):
    assert typed(spark, "rif_carrier", row)[0]["_reasons"] == [reason]


def test_a_claim_that_ends_before_it_begins_is_flagged(spark):
    dates = {"from_date": "02-Jan-2017", "thru_date": "01-Jan-2017"}
    stay = {"admit_date": "02-Jan-2017", "discharge_date": "02-Jan-2017"}
    (row,) = typed(spark, "rif_inpatient", {**LINE, **dates, **stay})
    assert row["dq_flags"] == ["date_order:thru_date"]


MONTHS = {f"{p}_{m:02d}": v for p, v in (("buyin", "C"), ("part_d_contract", "Z0001")) for m in range(1, 13)}
YEAR = {"bene_id": "-1", "a_months": "12", "b_months": "12", "hmo_months": "0", "d_months": "12", **MONTHS}


@pytest.mark.parametrize(
    ("change", "flags"),
    [
        pytest.param({}, [], id="as stated"),
        pytest.param({"buyin_12": "1"}, ["months_mismatch:b_months"], id="A alone in December"),
        pytest.param({"buyin_12": "2"}, ["months_mismatch:a_months"], id="B alone in December"),
        pytest.param({"buyin_12": "0"}, ["months_mismatch:a_months", "months_mismatch:b_months"], id="neither"),
        pytest.param({"hmo_01": "C"}, ["months_mismatch:hmo_months"], id="a plan that is not counted"),
        pytest.param({"hmo_01": "0", "hmo_02": "4"}, [], id="no plan"),
        pytest.param({"hmo_01": "1", "hmo_months": "1"}, [], id="a plan that is counted"),
        pytest.param({"part_d_contract_01": "N", "d_months": "11"}, [], id="no drug plan in January"),
        pytest.param({"part_d_contract_01": "0"}, ["months_mismatch:d_months"], id="a month less than stated"),
        pytest.param({"buyin_12": "9"}, ["months_mismatch:a_months", "months_mismatch:b_months",
                                         "unknown_code:buyin_12"], id="unknown code"),
    ],
)  # fmt: skip
def test_months_of_a_beneficiary_are_held_against_the_monthly_codes(spark, change, flags):
    assert typed(spark, "rif_beneficiary", {**YEAR, **change})[0]["dq_flags"] == flags


def test_months_that_the_file_does_not_have_are_no_mismatch(spark):
    absent = ",".join(f"{p}_{m:02d}" for p in ("buyin", "hmo", "part_d_contract") for m in range(1, 13))
    counts = {"bene_id": "-1", "a_months": "12", "b_months": "12", "hmo_months": "12", "d_months": "12"}
    assert typed(spark, "rif_beneficiary", counts, absent=absent)[0]["dq_flags"] == []


def test_dual_codes_na_and_00_are_categories_and_a_zip_of_zeros_is_none(spark):
    codes = {"dual_01": "NA", "dual_02": "00", "dual_03": "02", "dual_04": " ", "cost_share_01": "00"}
    places = {"zip": "00000", "county": "1360", "state_ssa": "1", "fips_01": "1073"}
    (row,) = typed(spark, "rif_beneficiary", {"bene_id": "-1", "esrd": "0", **codes, **places})
    assert [row[c] for c in codes] == ["NA", "00", "02", None, "00"]
    # 1360 is state 01 and county 360 that lost a zero; the last three digits are the county in every layout.
    assert [row[c] for c in places] == [None, "1360", "01", "01073"]
    assert (row["esrd"], row["year"], row["dq_flags"]) == (False, 2015, [])


@pytest.mark.parametrize(("text", "zip5"), [("1730", "01730"), ("01730", "01730"), ("017302563", "01730"), ("0", None)])
def test_zip_codes_of_beneficiaries(spark, text, zip5):
    assert typed(spark, "rif_beneficiary", {"bene_id": "-1", "zip": text})[0]["zip"] == zip5


def test_synthetic_beneficiary_has_flags_in_ones_and_twos(spark):
    row = {"bene_id": "00016F745862898F", "sp_chf": "1", "sp_cncr": "2", "sp_copd": " ", "esrd": "Y"}
    row |= {"county": "0", "d_months": "00"}
    (found,) = typed(spark, "syn_beneficiary", row)
    assert [found[c] for c in ("sp_chf", "sp_cncr", "sp_copd", "esrd", "county", "d_months")] == [
        True, False, None, True, "000", 0
    ]  # fmt: skip
    assert found["dq_flags"] == []


@pytest.mark.parametrize(
    ("year", "flags"),
    [("2008", []), ("2010", ["period_mismatch:death_date"])],
    ids=["year of the death", "a later year"],
)
def test_a_death_before_the_year_says_that_the_file_has_a_wrong_name(spark, year, flags):
    row = {"bene_id": "00016F745862898F", "death_date": "20080901", "_period": year}
    assert typed(spark, "syn_beneficiary", row)[0]["dq_flags"] == flags


def test_second_segment_without_dates_keeps_its_amounts(spark):
    segment = {"claim_id": "542", "segment": "2", "from_date": "", "payment_usd": "30.00", "hcpcs_45": "1996"}
    (row,) = typed(spark, "syn_outpatient", segment)
    assert (row["from_date"], row["thru_date"], row["segment"], row["payment_usd"]) == (None, None, 2, Decimal(30))
    assert (row["hcpcs_45"], row["dq_flags"], row["_reasons"]) == ("01996", [], [])


@pytest.mark.parametrize(
    ("text", "ndc"), [("247037252", "00247037252"), ("59591025068", "59591025068"), ("OTHER", "OTHER")]
)
def test_drug_codes_have_eleven_digits(spark, text, ndc):
    assert typed(spark, "syn_pde", {"event_id": "1", "ndc": text})[0]["ndc"] == ndc


def test_slots_of_a_carrier_claim(spark):
    claim = {"claim_id": "887", "hcpcs_1": "36415", "line_payment_usd_1": "50.00", "line_payment_usd_13": "-10.00"}
    (row,) = typed(
        spark, "syn_carrier", {**claim, "line_payment_usd_2": "", "line_dx_13": "V7612", "tax_number_2": "012345678"}
    )
    assert (row["line_payment_usd_1"], row["line_payment_usd_2"], row["line_payment_usd_13"]) == (50, None, -10)
    assert (row["hcpcs_1"], row["line_dx_13"], row["tax_number_2"]) == ("36415", "V7612", "012345678")
