"""Silver of RIF claims: rows that repeat the claim on every line, codes of two systems, versions of a claim."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from claims_rows import Row, found, typed

from nh_lakehouse.silver import claims_tables
from nh_lakehouse.silver.claims_tables import CLAIM_FUNCTIONS

BEFORE, AFTER = date(2015, 9, 30), date(2015, 10, 1)


def usd(amount: float | str) -> Decimal:
    return Decimal(str(amount)).quantize(Decimal("0.01"))


def line(claim_id: str, line_no: int, **other: object) -> Row:
    row = {"claim_id": claim_id, "line_no": line_no, "bene_id": "-1", "from_date": AFTER, "thru_date": AFTER}
    return row | other


def made(spark, table: str, claim_type: str, *rows: Row):
    """The table's part for a claim type, made from rows of its file."""
    return CLAIM_FUNCTIONS[f"{table}_rif_{claim_type}"](typed(spark, f"rif_{claim_type}", *rows))


# --- claims --------------------------------------------------------------------------------------------------------


def test_a_payment_counts_once_however_many_lines_repeat_it(spark):
    paid = {"payment_usd": usd(100), "total_charge_usd": usd(250)}
    rows = [line("A", n, **paid) for n in (1, 2, 3)] + [line("-7", 1, payment_usd=usd("10000.01"), bene_id=None)]
    rows += [line("N", 1, payment_usd=usd(-80)), line("Z", 1, payment_usd=None), line("T", 1, payment_usd=usd(10000))]
    claims = made(spark, "claim", "inpatient", *rows)
    assert found(claims, "claim_id", "bene_id", "payment_usd", "total_charge_usd", "line_n", "is_high_cost") == [
        ("-7", None, usd("10000.01"), None, 1, True),
        ("A", "-1", usd(100), usd(250), 3, False),
        ("N", "-1", usd(-80), None, 1, False),
        ("T", "-1", usd(10000), None, 1, False),  # high is above 10,000
        ("Z", "-1", None, None, 1, None),
    ]


def test_lines_that_disagree_about_the_payment_are_flagged(spark):
    rows = [line("A", 1, payment_usd=usd(100)), line("A", 2, payment_usd=usd(120)), line("B", 1, payment_usd=usd(5))]
    claims = made(spark, "claim", "snf", *rows, line("B", 2, payment_usd=usd(5)))
    assert found(claims, "claim_id", "payment_usd", "dq_flags") == [
        ("A", usd(120), ["line_total_mismatch:payment_usd"]),
        ("B", usd(5), []),
    ]


def test_fields_of_a_claim_are_those_of_its_line_with_the_smallest_number(spark):
    rows = [
        line("A", 12, drg="900", _source_row=1),
        line("A", 2, drg="470", _source_row=9, dq_flags=["bad_date:nch_weekly_date"]),
    ]
    rows[0]["dq_flags"] = ["unknown_code:nch_claim_type"]
    claims = made(spark, "claim", "inpatient", *rows)
    assert found(claims, "drg", "line_n", "segment_n", "_source_row", "dq_flags") == [
        ("470", 2, 1, 9, ["bad_date:nch_weekly_date"])
    ]


def test_days_give_year_quarter_and_month(spark):
    claims = made(spark, "claim", "outpatient", line("A", 1), line("B", 1, from_date=None))
    assert found(claims, "claim_id", "source", "claim_type", "year", "quarter", "month") == [
        ("A", "rif", "outpatient", 2015, "2015Q4", date(2015, 10, 1)),
        ("B", "rif", "outpatient", None, None, None),
    ]


def test_replaced_and_deleted_claims_are_left_out_of_every_table(spark):
    codes = {"primary_dx": "I500", "dml_ind": "INSERT"}
    rows = [
        line("final", 1, final_action="F", **codes),
        line("public", 1, final_action=None, dml_ind=None, primary_dx="I500"),
        line("updated", 1, final_action="F", dml_ind="UPDATE", primary_dx="I500"),
        line("replaced", 1, final_action="N", **codes),
        # One line that says so takes the whole claim back.
        line("deleted", 1, final_action="F", **codes),
        line("deleted", 2, final_action="F", primary_dx="I500", dml_ind="DELETE"),
    ]
    for row in rows:
        row["px_1"] = "0SR9029"
    for table in ("claim", "claim_line", "claim_diagnosis", "claim_procedure"):
        kept = made(spark, table, "inpatient", *rows)
        assert found(kept, "claim_id") == ["final", "public", "updated"], table


@pytest.mark.parametrize(
    ("claim_type", "row", "expected"),
    [
        ("inpatient", {"non_payment_code": "B"}, True),
        ("hha", {"non_payment_code": None}, False),
        ("carrier", {"payment_denial_code": "0"}, True),
        ("carrier", {"payment_denial_code": "1"}, False),
        ("dme", {"payment_denial_code": None}, False),
    ],
    ids=str,
)
def test_denied_claims_stay(spark, claim_type, row, expected):
    claims = made(spark, "claim", claim_type, line("A", 1, payment_usd=usd(0), **row))
    assert found(claims, "is_denied", "payment_usd") == [(expected, usd(0))]


def test_the_share_of_the_beneficiary_of_institutional_claims(spark):
    hospital = line("A", 1, ip_deductible_usd=usd(1260), blood_deductible_usd=usd(30), part_a_coinsurance_usd=usd(315))
    hospital |= {"covered_days": 4, "admission_type": "1", "discharge_status": "01"}
    rows = [hospital, hospital | {"line_no": 2}, line("B", 1, blood_deductible_usd=usd(30)), line("C", 1)]
    shares = ("claim_id", "bene_deductible_usd", "bene_coinsurance_usd", "covered_days", "allowed_usd")
    assert found(made(spark, "claim", "snf", *rows), *shares) == [
        ("A", usd(1290), usd(315), 4, None),  # 1260 + 30, once
        ("B", usd(30), None, None, None),
        ("C", None, None, None, None),
    ]
    outpatient = line(
        "A", 1, part_b_deductible_usd=usd(147), blood_deductible_usd=usd(3), part_b_coinsurance_usd=usd(20)
    )
    assert found(made(spark, "claim", "outpatient", outpatient), *shares) == [("A", usd(150), usd(20), None, None)]
    assert found(made(spark, "claim", "hha", line("A", 1, hha_visits_n=9)), *shares, "hha_visits_n") == [
        ("A", None, None, None, None, 9)
    ]


def test_the_share_of_the_beneficiary_of_carrier_claims_is_the_sum_of_lines(spark):
    once = {"allowed_usd": usd(90), "total_charge_usd": usd(120), "part_b_deductible_usd": usd(99)}
    rows = [
        line("A", 1, line_deductible_usd=usd(10), line_coinsurance_usd=usd(4), **once),
        line("A", 2, line_deductible_usd=usd(5), line_coinsurance_usd=None, **once),
        line("B", 1),
    ]
    claims = made(spark, "claim", "carrier", *rows)
    names = ("claim_id", "bene_deductible_usd", "bene_coinsurance_usd", "allowed_usd", "total_charge_usd")
    assert found(claims, *names) == [
        ("A", usd(15), usd(4), usd(90), usd(120)),  # 10 + 5; allowed and charged once
        ("B", None, None, None, None),
    ]


def test_who_billed(spark):
    places = [("A", "220008", "22"), ("B", None, None), ("C", "550008", "55")]
    rows = [line(claim, 1, provider_id=ccn, provider_state_ssa=state) for claim, ccn, state in places]
    hospital = made(spark, "claim", "inpatient", *rows)
    assert found(hospital, "claim_id", "provider_id", "provider_id_type", "provider_state") == [
        ("A", "220008", "CCN", "MA"),
        ("B", None, None, None),
        ("C", "550008", "CCN", "CA"),  # numbers that begin with 05 ran out
    ]
    rows = [line("A", 1), line("A", 3, performing_npi="2"), line("A", 2, performing_npi="1"), line("B", 1)]
    carrier = made(spark, "claim", "carrier", *rows)
    assert found(carrier, "claim_id", "provider_id", "provider_id_type", "performing_npi") == [
        ("A", "1", "NPI", "1"),  # the first line that has one
        ("B", None, None, None),
    ]
    rows = [
        line("A", 1, provider_id="S1"),
        line("A", 2, performing_npi="9"),
        line("B", 2, provider_id="S2"),
        line("C", 1),
    ]
    dme = made(spark, "claim", "dme", *rows)
    assert found(dme, "claim_id", "provider_id", "provider_id_type") == [
        ("A", "9", "NPI"),
        ("B", "S2", "SUPPLIER"),
        ("C", None, None),
    ]


def test_a_hospice_claim_is_admitted_when_care_began(spark):
    claims = made(spark, "claim", "hospice", line("A", 1, hospice_start_date=BEFORE, discharge_date=AFTER))
    assert found(claims, "admit_date", "discharge_date") == [(BEFORE, AFTER)]


# --- lines ---------------------------------------------------------------------------------------------------------


def test_a_line_of_a_carrier_claim(spark):
    service = {
        "hcpcs": "g0402", "modifier_1": "25", "modifier_2": "GT", "units": 2.0, "line_date": BEFORE, "place_of_service": "11",
        "line_payment_usd": usd(80), "performing_npi": "1", "tax_number": "T", "specialty": "08", "provider_state_ssa": "05",
        "ndc": "00002143380", "dq_flags": ["bad_number:line_charge_usd", "date_order:thru_date"],
    }  # fmt: skip
    lines = made(spark, "claim_line", "carrier", line("A", 1, **service), line("A", 2, modifier_2="LT"))
    names = (
        "line_no",
        "line_date",
        "hcpcs",
        "modifiers",
        "units",
        "line_payment_usd",
        "provider_state",
        "year",
        "dq_flags",
    )
    assert found(lines, *names) == [
        (1, BEFORE, "G0402", "25 GT", 2.0, usd(80), "CA", 2015, ["bad_number:line_charge_usd"]),
        (2, AFTER, None, "LT", None, None, None, 2015, []),  # the day of the claim
    ]
    assert found(
        lines.where("line_no = 1"), "performing_npi", "tax_number", "specialty", "place_of_service", "ndc"
    ) == [("1", "T", "08", "11", "00002143380")]


def test_a_line_of_an_institutional_claim(spark):
    row = line("A", 1, revenue_center="0450", line_charge_usd=usd(300), rendering_npi="5", rendering_upin="U")
    (found_line,) = found(
        made(spark, "claim_line", "inpatient", row),
        "revenue_center", "line_date", "line_charge_usd", "line_payment_usd", "performing_npi", "performing_upin", "line_dx",
    )  # fmt: skip
    assert found_line == ("0450", AFTER, usd(300), None, "5", "U", None)


def test_the_supplier_of_a_dme_line(spark):
    row = line("A", 1, provider_id="0123450001", performing_npi="7", modifier_1="RR", modifier_4="KX")
    lines = made(spark, "claim_line", "dme", row)
    assert found(lines, "supplier_id", "performing_npi", "modifiers") == [("0123450001", "7", "RR KX")]


# --- diagnoses -----------------------------------------------------------------------------------------------------


def test_diagnoses_of_a_claim_stand_once_and_those_of_lines_on_each(spark):
    claim = {"primary_dx": "I50.9", "dx_1": "i509", "dx_2": "E119"}
    rows = [line("A", 1, line_dx="E119", **claim), line("A", 2, **claim), line("A", 3, line_dx="XX000", **claim)]
    diagnoses = made(spark, "claim_diagnosis", "carrier", *rows)
    assert found(diagnoses, "dx_type", "dx_seq", "code", "code_system", "is_valid_code", "dq_flags") == [
        ("line", 1, "E119", "ICD10", True, []),
        ("line", 3, "XX000", "ICD10", False, ["unknown_code:code"]),
        ("principal", 0, "I509", "ICD10", True, []),  # slot 1 repeats it, whatever the dot and the case
        ("secondary", 2, "E119", "ICD10", True, []),
    ]
    lines = made(spark, "claim_line", "carrier", *rows)
    assert found(lines, "line_no", "line_dx", "line_dx_code_system", "dq_flags") == [
        (1, "E119", "ICD10", []),
        (2, None, None, []),
        (3, "XX000", "ICD10", ["unknown_code:line_dx"]),
    ]


def test_slot_1_is_principal_where_none_is_stated_and_secondary_beside_another(spark):
    rows = [line("A", 1, dx_1="I509", dx_2="E119"), line("B", 1, primary_dx="C188", dx_1="I4891")]
    diagnoses = made(spark, "claim_diagnosis", "inpatient", *rows)
    assert found(diagnoses, "claim_id", "dx_type", "dx_seq", "code") == [
        ("A", "principal", 1, "I509"),
        ("A", "secondary", 2, "E119"),
        ("B", "principal", 0, "C188"),
        ("B", "secondary", 1, "I4891"),
    ]
    claims = made(spark, "claim", "inpatient", *rows, line("C", 1))
    assert found(claims, "claim_id", "primary_dx", "dx_code_system") == [
        ("A", "I509", "ICD10"),
        ("B", "C188", "ICD10"),
        ("C", None, None),
    ]


def test_external_causes_admission_and_what_was_present(spark):
    row = line("A", 1, primary_dx="S72001A", dx_1="S72001A", present_on_admission_1="Y", admit_dx="R55")
    row |= {"dx_3": "I10", "present_on_admission_3": "N", "external_dx": "W19XXXA", "external_dx_1": "W19XXXA"}
    row |= {"external_dx_2": "Y92009", "external_present_on_admission_1": "Y", "external_present_on_admission_2": "1"}
    diagnoses = made(spark, "claim_diagnosis", "inpatient", row)
    assert found(diagnoses, "dx_type", "dx_seq", "code", "present_on_admission") == [
        ("admitting", 0, "R55", None),
        ("external", 0, "W19XXXA", "Y"),
        ("external", 2, "Y92009", "1"),
        ("principal", 0, "S72001A", "Y"),
        ("secondary", 3, "I10", "N"),
    ]
    assert found(made(spark, "claim", "inpatient", row), "primary_dx", "admit_dx") == [("S72001A", "R55")]


@pytest.mark.parametrize(
    ("thru", "codes", "system"),
    [
        (AFTER, {"primary_dx": "4280", "dx_2": "V4581"}, "ICD9"),  # only ICD-9 has digits alone
        (BEFORE, {"primary_dx": "I509", "dx_2": "V4581"}, "ICD10"),  # only ICD-10 has I509
        (BEFORE, {"primary_dx": "V4581", "dx_2": "E8490"}, "ICD9"),  # both shapes: by the day
        (AFTER, {"primary_dx": "V4581", "dx_2": "E8490"}, "ICD10"),
        (BEFORE, {"primary_dx": "4280", "dx_2": "I509"}, "ICD9"),  # neither fits all: by the day
        (AFTER, {"primary_dx": "OTHER"}, "ICD10"),
        (None, {"primary_dx": "V4581"}, "ICD9"),  # without a last day by the first one
        (BEFORE, {"primary_dx": "4280", "primary_dx_version": "0", "dx_2": "E8490", "dx_version_2": "0"}, "ICD10"),
        (AFTER, {"primary_dx": "I509", "primary_dx_version": "9", "dx_2": "4280", "dx_version_2": "9"}, "ICD9"),
    ],
    ids=[
        "digits",
        "letters",
        "both early",
        "both late",
        "mixed early",
        "other late",
        "undated",
        "stated 0",
        "stated 9",
    ],
)
def test_the_system_is_by_version_then_by_shape_then_by_day(spark, thru, codes, system):
    row = line("A", 1, thru_date=thru, **codes)
    row["from_date"] = BEFORE if thru is None else thru
    assert set(found(made(spark, "claim_diagnosis", "snf", row), "code_system")) == {system}
    assert found(made(spark, "claim", "snf", row), "dx_code_system") == [system]


def test_the_codes_of_all_lines_decide_about_the_claim(spark):
    rows = [line("A", 1, primary_dx="V4581", line_dx="V4581"), line("A", 2, primary_dx="V4581", line_dx="4280")]
    assert set(found(made(spark, "claim_diagnosis", "carrier", *rows), "code_system")) == {"ICD9"}
    assert set(found(made(spark, "claim_line", "carrier", *rows), "line_dx_code_system")) == {"ICD9"}


# --- procedures ----------------------------------------------------------------------------------------------------


def test_procedures_of_a_claim(spark):
    first = line("A", 1, px_1="0SR9.029", px_date_1=AFTER, px_25="39.95", dq_flags=["bad_date:px_date_25"])
    rows = [first, line("A", 2, px_1="0SR9029"), line("B", 1, px_2="9904", from_date=BEFORE, thru_date=BEFORE)]
    procedures = made(spark, "claim_procedure", "inpatient", *rows)
    names = ("claim_id", "px_seq", "code", "code_system", "procedure_date", "is_valid_code", "dq_flags", "year")
    assert found(procedures, *names) == [
        ("A", 1, "0SR9029", "ICD10", AFTER, True, [], 2015),
        # Neither shape fits both codes: by the day ICD-10, to which 3995 does not belong.
        ("A", 25, "3995", "ICD10", None, False, ["bad_date:procedure_date", "unknown_code:code"], 2015),
        ("B", 2, "9904", "ICD9", None, True, [], 2015),
    ]


def test_the_version_of_a_procedure_comes_first(spark):
    row = line("A", 1, px_1="9904", px_version_1="0", px_2="0SR9029", px_version_2="9")
    procedures = claims_tables.CLAIM_FUNCTIONS["claim_procedure_rif_outpatient"](typed(spark, "rif_outpatient", row))
    assert found(procedures, "px_seq", "code_system", "is_valid_code") == [(1, "ICD10", False), (2, "ICD9", False)]
