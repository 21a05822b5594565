"""Silver of beneficiaries: labels, ages, months of coverage from monthly codes, fills, counts of the exporter."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from claims_rows import Row, found, typed

from nh_lakehouse.silver import claims_drugs, claims_people
from nh_lakehouse.silver.claims_reference import clm_export_count

JULY = date(1940, 7, 15)


def usd(amount: float | str) -> Decimal:
    return Decimal(str(amount)).quantize(Decimal("0.01"))


def person(bene_id: str, **other: object) -> Row:
    return {"bene_id": bene_id, "year": 2008, **other}


# --- who they are --------------------------------------------------------------------------------------------------


def test_drug_codes_with_hyphens_are_filled_up_part_by_part(spark):
    texts = ["00002-1407-01", "0002-1407-01", "00002-407-01", "00002-1407-1", "00002140701", "2140701", "x-1-2", None]
    rows = [{"event_id": f"{n}", "bene_id": "A", "ndc": text} for n, text in enumerate(texts)]
    fills = claims_drugs.drug_event_synpuf(typed(spark, "syn_pde", *rows))
    whole = ["00002140701"] * 2 + ["00002040701"] + ["00002140701"] * 2
    assert [ndc for _, ndc in found(fills, "event_id", "ndc")] == [*whole, "2140701", "x-1-2", None]


def test_labels_stand_beside_the_codes(spark):
    rows = [
        person("A", sex="1", race="5", state_ssa="05", county="22090"),
        person("B", sex="0", race="0", state_ssa="54", county="090"),
        person("D", state_ssa="55", county="05999"),  # Asia; California of a hospital alone; no county
        person("C", sex="3", race="9", state_ssa="xx", dq_flags=["unknown_code:race", "unknown_code:sex"]),
    ]
    people = claims_people.clm_beneficiary_synpuf(typed(spark, "syn_beneficiary", *rows))
    assert found(people, "bene_id", "sex", "sex_code", "race", "race_code", "state", "state_ssa", "county") == [
        ("A", "Male", "1", "Hispanic", "5", "CA", "05", "090"),
        ("B", "Unknown", "0", "Unknown", "0", None, "54", "090"),
        ("C", None, "3", None, "9", None, "xx", None),
        ("D", None, None, None, None, None, "55", None),
    ]
    assert found(people, "bene_id", "source", "zip", "dual", "dq_flags")[2] == (
        "C", "synpuf", None, None, ["unknown_code:race", "unknown_code:sex"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("codes", "dual"),
    [
        ({"dual_01": "01"}, True),
        ({"dual_12": "08", "dual_01": "NA"}, True),
        ({"dual_01": "09", "dual_02": "00", "dual_03": "99", "dual_04": "NA", "dual_05": "**"}, False),
        ({}, False),
    ],
    ids=str,
)
def test_dual_is_any_month_with_medicaid(spark, codes, dual):
    rows = typed(spark, "rif_beneficiary", person("A", zip="01730", orig_entitlement="1", **codes))
    assert found(claims_people.clm_beneficiary_rif(rows), "dual", "zip", "orig_entitlement") == [(dual, "01730", "1")]
    assert found(claims_people.clm_beneficiary_year_rif(rows), "dual") == [dual]


def test_versions_pass_through_with_their_days(spark):
    rows = typed(spark, "syn_beneficiary", person("A", sex="2")).selectExpr(
        "*", "DATE'2009-01-01' AS valid_from", "CAST(NULL AS date) AS valid_to", "true AS is_current",
        "CAST(NULL AS string) AS closed_reason",
    )  # fmt: skip
    people = claims_people.clm_beneficiary_synpuf(rows)
    assert found(people, "bene_id", "valid_from", "valid_to", "is_current", "closed_reason") == [
        ("A", date(2009, 1, 1), None, True, None)
    ]


# --- a year --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("birth", "death", "age"),
    [
        (JULY, None, 68),  # 2008 - 1940
        (JULY, date(2008, 7, 15), 68),  # on the birthday
        (JULY, date(2008, 7, 14), 67),  # the day before
        (JULY, date(2008, 12, 31), 68),
        (JULY, date(2009, 3, 1), 68),  # after the year: its end counts
        (date(1943, 12, 31), None, 65),
        (date(1944, 2, 29), date(2008, 2, 28), 63),
        (None, None, None),
    ],
    ids=str,
)
def test_age_at_the_end_of_the_year_or_of_life(spark, birth, death, age):
    row = person("A", birth_date=birth, death_date=death)
    years = claims_people.clm_beneficiary_year_synpuf(typed(spark, "syn_beneficiary", row))
    assert found(years, "age_end", "death_date", "year") == [(age, death, 2008)]


def test_a_year_of_synpuf_is_as_published(spark):
    row = person("A", a_months=12, hmo_months=0, sp_diabetes=True, sp_cncr=False, ip_reimbursed_usd=usd(-20))
    years = claims_people.clm_beneficiary_year_synpuf(typed(spark, "syn_beneficiary", row))
    names = ("a_months", "hmo_months", "sp_diabetes", "sp_cncr", "ip_reimbursed_usd", "part_a_by_month", "age", "dual")
    assert found(years, *names) == [(12, 0, True, False, usd(-20), None, None, None)]


def test_months_of_a_rif_year_are_read_from_their_codes(spark):
    buyin = dict(
        zip([f"buyin_{n:02d}" for n in range(1, 13)], ["0", "1", "2", "3", "A", "B", "C", None, "3", "3", "3", "3"])
    )
    hmo = {"hmo_01": "0", "hmo_02": "4", "hmo_03": "1", "hmo_04": "C"}
    drugs = {
        "part_d_contract_01": "N",
        "part_d_contract_02": "*",
        "part_d_contract_03": "0",
        "part_d_contract_12": "S5601",
    }
    dual = {"dual_02": "06", "dual_03": "07", "dual_04": "08"}
    row = person("A", a_months=9, age=68, birth_date=JULY, **buyin, **hmo, **drugs, **dual)
    years = claims_people.clm_beneficiary_year_rif(typed(spark, "rif_beneficiary", row))
    assert found(years, "part_a_by_month", "part_b_by_month") == [("010110101111", "001101101111")]
    assert found(years, "part_c_by_month", "part_d_by_month", "dual_by_month", "dq_flags") == [
        ("001100000000", "000000000001", "010100000000", [])
    ]


def test_months_of_which_nothing_is_told_are_unknown_unless_their_number_is_zero(spark):
    rows = [person("A", a_months=0, b_months=3, dual_12="NA"), person("B", hmo_months=0, d_months=None)]
    years = claims_people.clm_beneficiary_year_rif(typed(spark, "rif_beneficiary", *rows))
    none = "0" * 12
    assert found(years, "bene_id", *(f"part_{part}_by_month" for part in "abcd"), "dual_by_month") == [
        ("A", none, None, None, None, none),
        ("B", None, None, none, None, None),
    ]


def test_flags_of_a_rif_year(spark):
    rows = [
        person("A", age=67, birth_date=JULY, dq_flags=["months_mismatch:a_months"]),
        person("B", age=None, birth_date=JULY),
        person("C", age=70, birth_date=None),
        person("D", dml_ind="DELETE"),
    ]
    years = claims_people.clm_beneficiary_year_rif(typed(spark, "rif_beneficiary", *rows))
    assert found(years, "bene_id", "age_end", "dq_flags") == [
        ("A", 68, ["age_mismatch:age", "months_mismatch:a_months"]),
        ("B", 68, []),
        ("C", None, []),
    ]


# --- fills ---------------------------------------------------------------------------------------------------------


def test_a_fill_of_synpuf(spark):
    day = date(2009, 2, 28)
    rows = [
        {
            "event_id": "1",
            "bene_id": "P",
            "service_date": day,
            "total_cost_usd": usd(90),
            "days_supply": 30,
            "ndc": "00002143380",
        },
        {"event_id": "2", "total_cost_usd": usd(10), "days_supply": 0},
    ]
    fills = claims_drugs.drug_event_synpuf(typed(spark, "syn_pde", *rows))
    assert found(fills, "event_id", "days_supply", "cost_per_day_usd", "ndc", "year", "month", "plan_pay_usd") == [
        ("1", 30, 3.0, "00002143380", 2009, date(2009, 2, 1), None),  # 90 / 30
        ("2", None, None, None, None, None, None),
    ]


def test_a_fill_of_rif(spark):
    paid = {"patient_pay_usd": usd(10), "other_usd": usd(1), "lics_usd": usd(2), "plro_usd": usd(3)}
    whole = {
        "total_cost_usd": usd(66),
        "covered_plan_pay_usd": usd(30),
        "noncovered_plan_pay_usd": usd(20),
        "days_supply": 33,
    }
    types = {"prescriber": "1", "prescriber_id_type": "01", "pharmacy": "2", "pharmacy_id_type": "07"}
    rows = [
        {"event_id": "adds up", **paid, **whole, **types},  # 10 + 1 + 2 + 3 + 30 + 20 = 66
        {
            "event_id": "does not",
            **paid,
            **whole,
            "total_cost_usd": usd("66.02"),
            "dq_flags": ["bad_number:covered_plan_pay_usd"],
        },
        {
            "event_id": "by a cent",
            **paid,
            **whole,
            "total_cost_usd": usd("66.01"),
            "prescriber": "1",
            "prescriber_id_type": "12",
        },
        {"event_id": "untold", "total_cost_usd": usd(5), "noncovered_plan_pay_usd": usd(4), "pharmacy": "2"},
    ]
    fills = claims_drugs.drug_event_rif(typed(spark, "rif_pde", *rows))
    assert found(fills, "event_id", "plan_pay_usd", "prescriber_id_type", "pharmacy_id_type", "dq_flags") == [
        ("adds up", usd(50), "NPI", "PHARMACY", []),
        ("by a cent", usd(50), "OTHER", None, []),
        ("does not", usd(50), None, None, ["bad_number:plan_pay_usd", "component_sum_mismatch:total_cost_usd"]),
        ("untold", usd(4), None, "OTHER", []),
    ]
    assert found(fills, "event_id", "cost_per_day_usd", "other_usd")[0] == ("adds up", 2.0, usd(1))  # 66 / 33


def test_fills_that_are_taken_back_are_left_out(spark):
    rows = [
        {"event_id": "-1", "final_action": "F", "dml_ind": "INSERT", "adjustment": "A"},
        {"event_id": "public"},
        {"event_id": "replaced", "final_action": "N"},
        {"event_id": "deleted", "dml_ind": "DELETE"},
        {"event_id": "deletes", "adjustment": "D"},
    ]
    fills = claims_drugs.drug_event_rif(typed(spark, "rif_pde", *rows))
    assert found(fills, "event_id") == ["-1", "public"]


def test_the_counts_of_the_exporter(spark):
    row = {"bene_id": "-1", "carrier_claims_n": 6, "pde_claims_n": 0}
    counts = clm_export_count(typed(spark, "rif_export_summary", row))
    assert found(counts, "source", "bene_id", "claim_type", "exported_n") == [
        ("rif", "-1", "carrier", 6),
        ("rif", "-1", "pde", 0),
    ]
