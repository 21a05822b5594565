"""That a claims sample hangs together, and that its truth is what a plain count finds."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal

import pytest
from claims_landing import ClaimsLanding, slots

INSTITUTIONAL = ("inpatient", "outpatient", "snf", "hha", "hospice")
KINDS = (*INSTITUTIONAL, "carrier", "dme")
STANDS = "DML_IND <> 'DELETE' AND (FINAL_ACTION IS NULL OR trim(FINAL_ACTION) IN ('', 'F'))"
LINE_MONEY = ("LINE_NCH_PMT_AMT", "LINE_BENE_PTB_DDCTBL_AMT", "LINE_BENE_PRMRY_PYR_PD_AMT", "LINE_COINSRNC_AMT")


def used(slot: int) -> str:
    """Whether a slot of a carrier claim is a line: it has a code or an amount."""
    amounts = " OR ".join(f"{name}_{slot}::DECIMAL(18,2) <> 0" for name in LINE_MONEY)
    return f"(HCPCS_CD_{slot} IS NOT NULL OR LINE_ICD9_DGNS_CD_{slot} IS NOT NULL OR {amounts})::INT"


# --- people --------------------------------------------------------------------------------------------------------


def test_truth_counts_the_people_of_every_year(claims: ClaimsLanding) -> None:
    counted = claims.rows("""
        SELECT 'synpuf/' || regexp_extract(filename, 'DE1_0_(\\d{4})', 1), count(*) FROM syn_beneficiary GROUP BY 1
        UNION ALL SELECT 'rif/' || RFRNC_YR, count(*) FROM rif_beneficiary GROUP BY 1
    """)
    assert dict(counted) == claims.report.truth.beneficiaries
    assert claims.report.truth.people == {"synpuf": 2_000, "rif": 200}
    assert (
        claims.one("SELECT count(*) FROM syn_beneficiary WHERE BENE_DEATH_DT IS NOT NULL")
        == (claims.report.truth.deaths["synpuf"])
    )


@pytest.mark.parametrize("table", ["syn_inpatient", "syn_outpatient", "syn_carrier", "syn_pde"])
def test_every_claim_has_a_person(claims: ClaimsLanding, table: str) -> None:
    assert not claims.rows(f"SELECT DESYNPUF_ID FROM {table} ANTI JOIN syn_beneficiary USING (DESYNPUF_ID)")


@pytest.mark.parametrize("kind", [*KINDS, "pde", "beneficiary_history"])
def test_every_research_claim_has_a_person(claims: ClaimsLanding, kind: str) -> None:
    assert not claims.rows(f"SELECT BENE_ID FROM rif_{kind} ANTI JOIN rif_beneficiary USING (BENE_ID)")


def test_people_move_age_and_fall_ill(claims: ClaimsLanding) -> None:
    moved = claims.one("""
        SELECT count(*) FROM (SELECT DESYNPUF_ID FROM syn_beneficiary GROUP BY 1
                              HAVING count(DISTINCT SP_STATE_CODE || BENE_COUNTY_CD) > 1)
    """)
    assert 40 <= moved <= 140  # two moves in a hundred people, over two years
    assert not claims.rows(
        "SELECT DESYNPUF_ID FROM syn_beneficiary GROUP BY 1 HAVING count(DISTINCT BENE_BIRTH_DT) > 1"
    )
    ill = claims.one("SELECT avg((SP_DIABETES = '1')::INT) FROM syn_beneficiary WHERE filename LIKE '%DE1_0_2009%'")
    assert ill == pytest.approx(0.421, abs=0.06)  # the published share


def test_months_of_research_people_are_what_their_codes_say(claims: ClaimsLanding) -> None:
    buy_in = slots("(MDCR_ENTLMT_BUYIN_{n}_IND IN ('1', '3', 'A', 'C'))::INT", 12)
    managed = slots("coalesce(HMO_{n}_IND NOT IN ('0', '4'), false)::INT", 12)
    months = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEPT", "OCT", "NOV", "DEC")
    drugs = "+".join(f"coalesce(PTD_CNTRCT_{m}_ID NOT IN ('N', '*', '0'), false)::INT" for m in months)
    entitled = buy_in.replace("))::INT", ")) IS TRUE)::INT").replace("(MDCR", "((MDCR")
    wrong = claims.rows(f"""
        SELECT BENE_ID FROM rif_beneficiary
        WHERE A_MO_CNT::INT <> {entitled} OR (A_MO_CNT::INT > 0 AND HMO_MO_CNT::INT <> {managed})
           OR PLAN_CVRG_MO_CNT::INT <> {drugs}
    """)
    assert wrong == []


# --- claims --------------------------------------------------------------------------------------------------------


def test_truth_counts_public_claims_lines_and_payments(claims: ClaimsLanding) -> None:
    truth = claims.report.truth
    services = slots("(HCPCS_CD_{n} IS NOT NULL)::INT", 45)
    for table in ("syn_inpatient", "syn_outpatient"):
        found = claims.rows(
            f"SELECT count(DISTINCT CLM_ID), sum({services}), sum(CLM_PMT_AMT::DECIMAL(18,2)) FROM {table}"
        )
        assert found == [(truth.claims[table], truth.lines[table], truth.payment_usd[table])]
    lines = "+".join(used(slot) for slot in range(1, 14))
    paid = slots("LINE_NCH_PMT_AMT_{n}::DECIMAL(18,2)", 13)
    found = claims.rows(f"SELECT count(DISTINCT CLM_ID), sum({lines}), sum({paid}) FROM syn_carrier")
    name = "syn_carrier"
    assert found == [(truth.claims[name], truth.lines[name], truth.payment_usd[name])]
    assert claims.one("SELECT sum(TOT_RX_CST_AMT::DECIMAL(18,2)) FROM syn_pde") == truth.payment_usd["syn_pde"]


@pytest.mark.parametrize("kind", KINDS)
def test_truth_counts_research_claims_that_stand_once_each(claims: ClaimsLanding, kind: str) -> None:
    truth, name = claims.report.truth, f"rif_{kind}"
    found = claims.rows(f"""
        SELECT count(*), sum(lines), sum(paid) FROM (
            SELECT CLM_ID, count(*) AS lines, max(CLM_PMT_AMT::DECIMAL(18,2)) AS paid FROM {name}
            WHERE {STANDS} GROUP BY 1 HAVING count(DISTINCT CLM_PMT_AMT) = 1)
    """)
    assert found == [(truth.claims[name], truth.lines[name], truth.payment_usd[name])]


def test_export_summary_counts_the_claims_that_stand(claims: ClaimsLanding) -> None:
    for kind in (*KINDS, "pde"):
        summed = claims.one(f"SELECT sum({kind.upper()}_CLAIMS::INT) FROM rif_export_summary")
        assert summed == claims.report.truth.claims[f"rif_{kind}"], kind


def test_claim_numbers_are_unique_and_research_ones_only_within_a_type(claims: ClaimsLanding) -> None:
    assert not claims.rows("SELECT CLM_ID FROM syn_carrier GROUP BY 1 HAVING count(*) > 1")
    assert not claims.rows("SELECT CLM_ID, SEGMENT FROM syn_outpatient GROUP BY 1, 2 HAVING count(*) > 1")
    assert not claims.rows("SELECT PDE_ID FROM syn_pde GROUP BY 1 HAVING count(*) > 1")
    assert not claims.rows("SELECT CLM_ID, LINE_NUM FROM rif_carrier GROUP BY 1, 2 HAVING count(*) > 1")
    assert claims.rows("SELECT CLM_ID FROM rif_carrier SEMI JOIN rif_outpatient USING (CLM_ID)")
    assert claims.one("SELECT count(*) FROM rif_carrier WHERE CLM_ID NOT LIKE '-%'") == 0


def test_dates_are_in_order_and_inside_the_years(claims: ClaimsLanding) -> None:
    for table in ("syn_inpatient", "syn_outpatient", "syn_carrier"):
        assert not claims.rows(f"SELECT * FROM {table} WHERE CLM_THRU_DT < CLM_FROM_DT")
        found = claims.rows(f"SELECT min(CLM_FROM_DT) >= '20080101', max(CLM_FROM_DT) <= '20101231' FROM {table}")
        assert found == [(True, True)]
    for kind in KINDS:
        dates = [f"strptime({name}, '%d-%b-%Y')" for name in ("CLM_FROM_DT", "CLM_THRU_DT")]
        assert not claims.rows(f"SELECT * FROM rif_{kind} WHERE {dates[1]} < {dates[0]}")


def test_yearly_amounts_are_the_sums_of_the_claims(claims: ClaimsLanding) -> None:
    paid = slots("LINE_NCH_PMT_AMT_{n}::DECIMAL(18,2)", 13)
    own = slots("LINE_BENE_PTB_DDCTBL_AMT_{n}::DECIMAL(18,2) + LINE_COINSRNC_AMT_{n}::DECIMAL(18,2)", 13)
    wrong = claims.rows(f"""
        WITH carrier AS (
            SELECT DESYNPUF_ID, CLM_FROM_DT[:4] AS year, sum({paid}) AS paid, sum({own}) AS own FROM syn_carrier GROUP BY 1, 2
        ), stated AS (
            SELECT DESYNPUF_ID, regexp_extract(filename, 'DE1_0_(\\d{{4}})', 1) AS year,
                   MEDREIMB_CAR::DECIMAL(18,2) AS reimbursed, BENRES_CAR::DECIMAL(18,2) AS responsible
            FROM syn_beneficiary
        )
        SELECT * FROM stated LEFT JOIN carrier USING (DESYNPUF_ID, year)
        WHERE coalesce(paid, 0) <> reimbursed OR coalesce(own, 0) <> responsible
    """)
    assert wrong == []


def test_what_is_allowed_is_shared_out_except_in_outliers(claims: ClaimsLanding) -> None:
    parts = " + ".join(f"{name}_1::DECIMAL(18,2)" for name in LINE_MONEY)
    found = claims.one(f"SELECT count(*) FROM syn_carrier WHERE {parts} <> LINE_ALOWD_CHRG_AMT_1::DECIMAL(18,2)")
    assert found == len(claims.report.truth.planted_for("synpuf", "paid_over_allowed"))


def test_claims_use_one_to_thirteen_slots_2_2_on_average(claims: ClaimsLanding) -> None:
    lines = "+".join(used(slot) for slot in range(1, 14))
    found = claims.rows(f"SELECT min({lines}), max({lines}), avg({lines}) FROM syn_carrier")[0]
    assert found[:2] == (1, 13)
    assert found[2] == pytest.approx(2.2, abs=0.1)
    money_alone = slots("(HCPCS_CD_{n} IS NULL AND LINE_NCH_PMT_AMT_{n} <> '0.00')::INT", 13)
    assert claims.one(f"SELECT sum({money_alone}) FROM syn_carrier") > 100


def test_special_cases_are_there(claims: ClaimsLanding) -> None:
    cases = claims.report.truth.cases
    second = "SELECT count(*) FROM syn_outpatient WHERE SEGMENT = '2' AND CLM_FROM_DT IS NULL AND CLM_THRU_DT IS NULL"
    assert claims.one(second) == cases["synpuf/outpatient_segment_2"] > 0
    negative = "SELECT count(*) FROM syn_outpatient WHERE CLM_PMT_AMT LIKE '-%'"
    assert claims.one(negative) == cases["synpuf/outpatient_negative"] > 0
    adjusted = "SELECT count(DISTINCT CLM_ID) FROM rif_carrier WHERE FINAL_ACTION = 'N'"
    assert claims.one(adjusted) == cases["rif/carrier_adjusted"] > 0
    deleted = "SELECT count(DISTINCT CLM_ID) FROM rif_carrier WHERE DML_IND = 'DELETE'"
    assert claims.one(deleted) == cases["rif/carrier_deleted"] > 0
    denied = f"SELECT count(DISTINCT CLM_ID) FROM rif_carrier WHERE CARR_CLM_PMT_DNL_CD = '0' AND {STANDS}"
    assert claims.one(denied) == cases["rif/carrier_denied"] > 0
    assert claims.one("SELECT count(*) FROM syn_pde WHERE DAYS_SUPLY_NUM = '0'") > 0
    assert claims.one("SELECT count(*) FROM syn_carrier WHERE ICD9_DGNS_CD_1 IN ('OTHER', 'XX000')") > 0
    assert claims.one("SELECT count(*) FROM rif_beneficiary WHERE BENE_SRNM_NAME LIKE '%,%'") > 0


def test_code_system_changes_on_1_october_2015(claims: ClaimsLanding) -> None:
    days = claims.rows("""
        SELECT PRNCPAL_DGNS_VRSN_CD, min(strptime(CLM_THRU_DT, '%d-%b-%Y')), max(strptime(CLM_THRU_DT, '%d-%b-%Y'))
        FROM rif_carrier WHERE trim(PRNCPAL_DGNS_VRSN_CD) <> '' GROUP BY 1 ORDER BY 1 DESC
    """)
    assert [version for version, _, _ in days] == ["9", "0"]
    assert days[0][2] < datetime(2015, 10, 1) <= days[1][1]  # noqa: DTZ001


def test_fills_of_a_drug_add_up(claims: ClaimsLanding) -> None:
    parts = (
        "PTNT_PAY_AMT",
        "OTHR_TROOP_AMT",
        "LICS_AMT",
        "CVRD_D_PLAN_PD_AMT",
        "NCVRD_PLAN_PD_AMT",
        "RPTD_GAP_DSCNT_NUM",
    )
    summed = " + ".join(f"{name}::DECIMAL(18,2)" for name in parts)
    assert claims.one(f"SELECT count(*) FROM rif_pde WHERE {summed} <> TOT_RX_CST_AMT::DECIMAL(18,2)") == 0
    assert claims.one("SELECT count(*) FROM syn_pde WHERE NOT regexp_full_match(PROD_SRVC_ID, '\\d{11}')") == 0


# --- stays ---------------------------------------------------------------------------------------------------------


def day(text: str, form: str) -> date:
    return datetime.strptime(text, form).date()  # noqa: DTZ007


def stays_by_the_rules(bills: list[tuple[str, str, date, date]]) -> list[list[tuple[date, date, str]]]:
    """Stays of each person: bills of one hospital that touch are one stay (MEASURES B3)."""
    by_hospital = defaultdict(list)
    for person, hospital, admit, discharge in sorted(bills, key=lambda bill: bill[2:]):
        known = by_hospital[person, hospital]
        if known and admit <= known[-1][1]:
            known[-1] = (known[-1][0], max(known[-1][1], discharge), hospital)
        else:
            known.append((admit, discharge, hospital))
    people = defaultdict(list)
    for (person, _), stays in by_hospital.items():
        people[person] += stays
    return [sorted(stays) for stays in people.values()]


def counted_by_the_rules(people: list[list[tuple[date, date, str]]]) -> dict[str, int]:
    """Stays, transfers and readmissions; stays that overlap another hospital's are left out."""
    counts = dict.fromkeys(("stays", "transfers", "readmissions", "after_31_days", "same_day", "length_days"), 0)
    for stays in people:
        end = None
        for admit, discharge, hospital in stays:
            if end is not None and admit < end[0]:
                continue
            gap = (admit - end[0]).days if end else None
            counts["stays"] += 1
            counts["transfers"] += gap in (0, 1) and hospital != end[1]
            counts["readmissions"] += gap is not None and 1 <= gap <= 30 and not (gap == 1 and hospital != end[1])
            counts["after_31_days"] += gap == 31
            counts["same_day"] += admit == discharge
            counts["length_days"] += (discharge - admit).days
            end = (discharge, hospital)
    return counts


@pytest.mark.parametrize("source", ["synpuf", "rif"])
def test_truth_of_stays_is_what_the_rules_find(claims: ClaimsLanding, source: str) -> None:
    if source == "synpuf":
        columns, table, form = "DESYNPUF_ID, PRVDR_NUM, CLM_ADMSN_DT, NCH_BENE_DSCHRG_DT", "syn_inpatient", "%Y%m%d"
    else:
        columns, table, form = "BENE_ID, PRVDR_NUM, CLM_ADMSN_DT, NCH_BENE_DSCHRG_DT", "rif_inpatient", "%d-%b-%Y"
    dated = "CLM_ADMSN_DT IS NOT NULL AND NCH_BENE_DSCHRG_DT IS NOT NULL"
    bills = [
        (p, h, day(a, form), day(d, form))
        for p, h, a, d in claims.rows(f"SELECT DISTINCT {columns} FROM {table} WHERE {dated}")
    ]
    truth = claims.report.truth.stays[source]
    found = counted_by_the_rules(stays_by_the_rules(bills))
    assert found == {name: getattr(truth, name) for name in found}
    assert truth.transfers > 0 and truth.readmissions > 0 and truth.interim_bills > 0


def test_nursing_stays_follow_hospital_within_a_day(claims: ClaimsLanding) -> None:
    gaps = claims.rows("""
        SELECT DISTINCT date_diff('day', strptime(NCH_QLFYD_STAY_THRU_DT, '%d-%b-%Y'), strptime(CLM_ADMSN_DT, '%d-%b-%Y'))
        FROM rif_snf
    """)
    assert {gap for (gap,) in gaps} <= {0, 1}
    assert claims.one("SELECT count(*) FROM rif_hospice") > 0 and claims.one("SELECT count(*) FROM rif_hha") > 0


def test_truth_is_written_as_json(claims: ClaimsLanding) -> None:
    told = json.loads(claims.report.truth.to_json())
    assert told["people"] == {"rif": 200, "synpuf": 2_000}
    assert Decimal(told["payment_usd"]["syn_carrier"]) == claims.report.truth.payment_usd["syn_carrier"]
