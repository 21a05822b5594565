"""Silver of DE-SynPUF claims: slots of lines, segments, negative amounts, claims without dates."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from claims_rows import Row, found, typed

from nh_lakehouse.silver.claims_tables import CLAIM_FUNCTIONS

DAY = date(2009, 4, 25)


def usd(amount: float | str) -> Decimal:
    return Decimal(str(amount)).quantize(Decimal("0.01"))


def made(spark, table: str, claim_type: str, *rows: Row):
    """The table's part for a claim type, made from rows of its file."""
    return CLAIM_FUNCTIONS[f"{table}_synpuf_{claim_type}"](typed(spark, f"syn_{claim_type}", *rows))


def segment(claim_id: str, number: int, **other: object) -> Row:
    dates = {"from_date": DAY, "thru_date": DAY} if number == 1 else {}
    return {"claim_id": claim_id, "segment": number, "bene_id": "P", **dates, **other}


# --- segments ------------------------------------------------------------------------------------------------------


def test_segments_are_added_up_and_dates_are_those_of_the_first(spark):
    rows = [
        segment("A", 2, payment_usd=usd(50), blood_deductible_usd=usd(1), provider_id="3902NU", hcpcs_45="99282"),
        segment("A", 1, payment_usd=usd(60), part_b_deductible_usd=usd(10), attending_npi="1", hcpcs_1="99281"),
        segment("B", 2, payment_usd=usd(-20), provider_id="11", primary_payer_usd=usd(0)),
        segment("C", 1, payment_usd=None),
    ]
    claims = made(spark, "claim", "outpatient", *rows)
    assert found(claims, "claim_id", "payment_usd", "bene_deductible_usd", "line_n", "segment_n") == [
        ("A", usd(110), usd(11), 2, 2),  # 60 + 50, 10 + 1
        ("B", usd(-20), None, 0, 1),
        ("C", None, None, 0, 1),
    ]
    assert found(claims, "claim_id", "from_date", "year", "quarter", "provider_id", "attending_npi", "_source_row") == [
        ("A", DAY, 2009, "2009Q2", "3902NU", "1", 1),
        ("B", None, None, None, "11", None, 3),  # segment 2 alone has no dates
        ("C", DAY, 2009, "2009Q2", None, None, 4),
    ]
    assert set(found(claims, "source", "claim_type", "provider_state", "is_denied", "total_charge_usd")) == {
        ("synpuf", "outpatient", None, False, None)
    }


def test_an_inpatient_claim(spark):
    stay = {"admit_date": DAY, "discharge_date": date(2009, 4, 28), "drg": "OTH", "covered_days": 3, "dx_1": "v45.81"}
    stay |= {"ip_deductible_usd": usd(1068), "part_a_coinsurance_usd": usd(0), "payment_usd": usd(-8000)}
    rows = [segment("A", 1, **stay), segment("A", 2, dx_1="4280", covered_days=2, drg="217", payment_usd=usd(1000))]
    rows[0]["dq_flags"] = ["date_order:discharge_date"]
    rows[1]["dq_flags"] = ["bad_number:blood_deductible_usd"]
    claims = made(spark, "claim", "inpatient", *rows)
    assert found(claims, "primary_dx", "dx_code_system", "drg", "covered_days", "payment_usd", "is_high_cost") == [
        ("V4581", "ICD9", None, 5, usd(-7000), False)  # 3 + 2 days; -8000 + 1000
    ]
    assert found(claims, "bene_deductible_usd", "bene_coinsurance_usd", "provider_id_type", "dq_flags") == [
        (usd(1068), usd(0), None, ["bad_number:bene_deductible_usd", "date_order:discharge_date"])
    ]


def test_lines_of_segments_are_numbered_through_and_dated_by_the_claim(spark):
    rows = [
        segment("A", 1, hcpcs_2="99281"),
        segment("A", 2, hcpcs_1="g0402", hcpcs_45="85025"),
        segment("B", 2, hcpcs_1="1"),
    ]
    lines = made(spark, "claim_line", "outpatient", *rows)
    assert found(lines, "claim_id", "line_no", "hcpcs", "line_date", "year", "line_payment_usd") == [
        ("A", 2, "99281", DAY, 2009, None),
        ("A", 46, "G0402", DAY, 2009, None),  # 45 + 1
        ("A", 90, "85025", DAY, 2009, None),  # 45 + 45
        ("B", 46, "1", None, None, None),
    ]


def test_diagnoses_of_segments(spark):
    rows = [
        segment("A", 1, dx_1="4280", dx_10="V4581", admit_dx="78650"),
        segment("A", 2, dx_1="25000", dx_3="OTHER", admit_dx="4019"),
        segment("B", 2, admit_dx="4019"),
    ]
    diagnoses = made(spark, "claim_diagnosis", "inpatient", *rows)
    names = ("claim_id", "dx_type", "dx_seq", "code", "is_valid_code", "from_date")
    assert found(diagnoses, *names) == [
        ("A", "admitting", 0, "78650", True, DAY),
        ("A", "principal", 1, "4280", True, DAY),
        ("A", "secondary", 10, "V4581", True, DAY),
        ("A", "secondary", 11, "25000", True, DAY),  # (2 - 1) x 10 + 1
        ("A", "secondary", 13, "OTHER", False, DAY),
        ("B", "admitting", 0, "4019", True, None),
    ]
    assert found(diagnoses.where("NOT is_valid_code"), "code_system", "dq_flags") == [("ICD9", ["unknown_code:code"])]


def test_procedures_keep_the_diagnosis_codes_among_them(spark):
    rows = [segment("A", 1, px_1="9904", px_6="V4581"), segment("A", 2, px_1="41071")]
    procedures = made(spark, "claim_procedure", "inpatient", *rows)
    assert found(procedures, "px_seq", "code", "is_valid_code", "dq_flags", "procedure_date") == [
        (1, "9904", True, [], None),
        (6, "V4581", False, ["unknown_code:code"], None),
        (7, "41071", False, ["unknown_code:code"], None),  # (2 - 1) x 6 + 1
    ]


# --- carrier -------------------------------------------------------------------------------------------------------

ZEROS = {
    f"{name}_{n}": usd(0)
    for name in ("line_payment_usd", "line_allowed_usd", "line_deductible_usd", "line_coinsurance_usd", "line_primary_payer_usd")
    for n in range(1, 14)
}  # fmt: skip


def carrier(claim_id: str, **other: object) -> Row:
    return {"claim_id": claim_id, "bene_id": "P", "from_date": DAY, "thru_date": DAY, **ZEROS, **other}


CARRIER = [
    carrier(
        "A",
        performing_npi_2="8",
        performing_npi_13="9",
        hcpcs_1="99213",
        line_payment_usd_1=usd(40),
        line_allowed_usd_1=usd(60),
        line_deductible_usd_2=usd(10),
        line_coinsurance_usd_2=usd(8),
        line_primary_payer_usd_13=usd(-5),
        line_dx_1="4280",
        line_dx_3="XX000",
        dx_1="4280",
        dx_8="25000",
        dq_flags=["bad_number:line_payment_usd_13", "bad_number:line_payment_usd_3", "date_order:thru_date"],
    ),
    carrier("B"),
    {"claim_id": "C", "from_date": None},
]


def test_a_slot_is_a_line_where_it_holds_a_code_or_an_amount(spark):
    lines = made(spark, "claim_line", "carrier", *CARRIER)
    names = ("line_no", "hcpcs", "performing_npi", "line_payment_usd", "line_deductible_usd", "line_primary_payer_usd")
    assert found(lines, *names) == [
        (1, "99213", None, usd(40), usd(0), usd(0)),
        (13, None, "9", usd(0), usd(0), usd(-5)),
        (2, None, "8", usd(0), usd(10), usd(0)),  # money without a code
        (3, None, None, usd(0), usd(0), usd(0)),
    ]
    assert found(lines, "line_no", "line_dx", "line_dx_code_system", "dq_flags") == [
        (1, "4280", "ICD9", []),
        (13, None, None, ["bad_number:line_payment_usd"]),
        (2, None, None, []),
        (3, "XX000", "ICD9", ["bad_number:line_payment_usd", "unknown_code:line_dx"]),
    ]
    assert set(found(lines, "claim_id", "line_date", "year")) == {("A", DAY, 2009)}


def test_a_carrier_claim_is_the_sum_of_its_lines(spark):
    claims = made(spark, "claim", "carrier", *CARRIER)
    assert found(claims, "claim_id", "payment_usd", "allowed_usd", "bene_deductible_usd", "primary_payer_usd") == [
        ("A", usd(40), usd(60), usd(10), usd(-5)),
        ("B", usd(0), usd(0), usd(0), usd(0)),
        ("C", None, None, None, None),  # nothing is told of any amount
    ]
    assert found(
        claims, "claim_id", "provider_id", "provider_id_type", "line_n", "segment_n", "primary_dx", "dq_flags"
    ) == [
        ("A", "8", "NPI", 4, 1, "4280", ["date_order:thru_date"]),
        ("B", None, None, 0, 1, None, []),
        ("C", None, None, 0, 1, None, []),
    ]


def test_diagnoses_of_a_carrier_claim(spark):
    diagnoses = made(spark, "claim_diagnosis", "carrier", *CARRIER)
    assert found(diagnoses, "dx_type", "dx_seq", "code", "is_valid_code") == [
        ("line", 1, "4280", True),
        ("line", 3, "XX000", False),
        ("principal", 1, "4280", True),
        ("secondary", 8, "25000", True),
    ]


def test_the_slots_of_a_carrier_claim_become_lines_in_one_pass(spark, capsys):
    """One reading of the rows and one explosion: neither a union of thirteen selections nor a function in Python."""
    made(spark, "claim_line", "carrier", {"claim_id": "A", "hcpcs_1": "99213"}).explain(extended=True)
    plan = capsys.readouterr().out
    physical = plan.lower().split("physical plan")[-1]
    explosions = sum(physical.count(word) for word in ("generate explode", "unnest"))
    assert explosions == 1, physical
    assert not any(word in physical for word in ("union", "python", "udf", "join")), physical
