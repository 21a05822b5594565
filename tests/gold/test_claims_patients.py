"""A patient's year: months, sums, counts, the last days."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from nh_lakehouse.contracts import load_tables
from nh_lakehouse.gold.claims_patients import patient_spine, patient_year
from nh_lakehouse.pipeline.check_frame import check_columns

TABLES = {
    "patient_spine": "gold.patient_spine",
    "clm_beneficiary_year": "silver.clm_beneficiary_year",
    "clm_beneficiary": "silver.clm_beneficiary",
    "clm_enrollment_month": "silver.clm_enrollment_month",
    "claim": "silver.claim",
    "drug_event": "silver.drug_event",
    "inpatient_stay": "silver.inpatient_stay",
    "readmission_index": "gold.readmission_index",
    "clm_visit": "gold.clm_visit",
    "chronic_condition": "gold.chronic_condition",
    "charlson": "gold.charlson",
    "claims_extent": "gold.claims_extent",
    "clm_ccs": "silver.clm_ccs",
    "clm_hwr_list": "silver.clm_hwr_list",
}
PERSON = {"source": "rif", "bene_id": "A"}
YEAR = {**PERSON, "year": 2009}
SYN = {"source": "synpuf", "bene_id": "S", "year": 2009}


def _year(frame: Any, *, spine: Any = (YEAR,), **tables: Any) -> Any:
    """patient_year over the tables given; those not given are empty."""
    given = {"patient_spine": spine, **tables}
    frames = {name: frame(full, given.get(name, [])) for name, full in TABLES.items()}
    found = patient_year(**frames)
    check_columns("gold.patient_year", found, load_tables()["gold.patient_year"].columns)
    return found


# --- spine ----------------------------------------------------------------------------------------------------------


def test_spine_holds_the_years_of_files_claims_and_fills(frame: Any, values: Any) -> None:
    years = [{**PERSON, "year": 2008}, {**PERSON, "year": 2009}]
    claims = [
        {**PERSON, "year": 2009, "claim_id": "1"},
        {**PERSON, "year": 2010, "claim_id": "2"},
        {**PERSON, "year": 2010, "claim_id": "3"},
        {**PERSON, "year": None, "claim_id": "4"},
        {"source": "rif", "bene_id": None, "year": 2010, "claim_id": "5"},
    ]
    fills = [{**PERSON, "year": 2011}, {"source": "synpuf", "bene_id": "A", "year": 2008}]
    found = patient_spine(
        frame("silver.clm_beneficiary_year", years), frame("silver.claim", claims), frame("silver.drug_event", fills)
    )
    check_columns("gold.patient_spine", found, load_tables()["gold.patient_spine"].columns)
    assert values(found, "source bene_id year has_beneficiary_year") == [
        ("rif", "A", 2008, True),
        ("rif", "A", 2009, True),
        ("rif", "A", 2010, False),
        ("rif", "A", 2011, False),
        ("synpuf", "A", 2008, False),
    ]


# --- the person -----------------------------------------------------------------------------------------------------


def test_person_and_place_are_those_of_the_year_and_death_the_latest_known(frame: Any, values: Any) -> None:
    spine = [{**PERSON, "year": year, "has_beneficiary_year": year < 2010} for year in (2008, 2009, 2010)]
    years = [
        {**PERSON, "year": 2008, "age_end": 64, "state": "AL", "sex": "Female"},
        {**PERSON, "year": 2009, "age_end": 65, "state": "GA", "sex": "Female"},
    ]
    versions = [{**PERSON, "valid_from": date(y, 1, 1), "death_date": date(2009, 6, 1)} for y in (2008, 2009)]
    found = _year(frame, spine=spine, clm_beneficiary_year=years, clm_beneficiary=versions)
    columns = "year has_beneficiary_year state sex age_end age_band died_in_year"
    assert values(found, columns) == [
        (2008, True, "AL", "Female", 64, "<65", False),
        (2009, True, "GA", "Female", 65, "65-74", True),
        (2010, False, None, None, None, "unknown", False),
    ]
    assert values(found, "death_date") == [(date(2009, 6, 1),)] * 3


def test_months_are_counted_and_null_without_a_file(frame: Any, values: Any) -> None:
    """Twelve months: A in all, B in the first ten, C in the first three, D never, dual in the last two."""
    months = [
        {**YEAR, "month": date(2009, m, 1), "part_a": True, "part_b": m <= 10, "part_c": m <= 3, "part_d": False}
        | {"dual": m > 10, "is_member": True, "is_ffs": 3 < m <= 10}
        for m in range(1, 13)
    ]
    syn = [{**SYN, "month": date(2009, 1, 1), "part_a": True, "is_member": True, "is_ffs": False, "part_b": None}]
    spine = [YEAR, SYN, {**YEAR, "year": 2010}]
    found = _year(frame, spine=spine, clm_enrollment_month=[*months, *syn])
    columns = "part_a_months part_b_months part_c_months part_d_months member_months ffs_months dual_member_months"
    assert values(found, f"source year {columns}") == [
        ("rif", 2009, 12, 10, 3, 0, 12, 7, 2),
        ("rif", 2010, None, None, None, None, None, None, None),
        ("synpuf", 2009, 1, 0, 0, 0, 1, 0, None),
    ]


# --- claims and fills -----------------------------------------------------------------------------------------------


def _claim(claim_type: str, payment: str | None, **others: Any) -> dict[str, Any]:
    amount = None if payment is None else Decimal(payment)
    return {**YEAR, "claim_type": claim_type, "payment_usd": amount, "from_date": date(2009, 2, 1), **others}


def test_claims_by_type_each_once(frame: Any, values: Any) -> None:
    claims = [
        _claim("inpatient", "100.10", bene_deductible_usd=Decimal("10.00"), bene_coinsurance_usd=Decimal("1.00")),
        _claim("inpatient", "-20.00"),
        _claim("carrier", "5.05", primary_payer_usd=Decimal("3.00"), bene_coinsurance_usd=Decimal("0.50")),
        _claim("hospice", None),
        _claim("snf", "7.00", year=2010),
        _claim("outpatient", "999.00", year=None, from_date=None),
        _claim("outpatient", "999.00", bene_id=None),
    ]
    found = _year(frame, claim=claims)
    counts = "claims_n inpatient_claims_n outpatient_claims_n carrier_claims_n snf_claims_n hospice_claims_n"
    assert values(found, f"{counts} negative_payment_n") == [(4, 2, 0, 1, 0, 1, 1)]
    amounts = "total_medical_usd inpatient_payment_usd carrier_payment_usd hospice_payment_usd snf_payment_usd"
    assert values(found, amounts) == [(Decimal("85.15"), Decimal("80.10"), Decimal("5.05"), Decimal(0), Decimal(0))]
    shares = "primary_payer_usd bene_deductible_usd bene_coinsurance_usd out_of_pocket_usd"
    assert values(found, shares) == [(Decimal(3), Decimal(10), Decimal("1.50"), Decimal("11.50"))]


def test_cost_of_care_is_payments_and_drugs_per_member_month(frame: Any, values: Any) -> None:
    fills = [
        {**YEAR, "service_date": date(2009, 5, d), "ndc": f"0000000{d}101", "total_cost_usd": Decimal("30.00")}
        | {"patient_pay_usd": Decimal("4.00") if d == 1 else None, "plan_pay_usd": Decimal("26.00")}
        for d in (1, 2)
    ]
    months = [{**YEAR, "month": date(2009, m, 1), "is_member": True} for m in (1, 2, 3, 4)]
    found = _year(frame, claim=[_claim("carrier", "40.00")], drug_event=fills, clm_enrollment_month=months)
    columns = "fills_n distinct_drugs_n max_drugs_90d_n rx_cost_usd patient_pay_usd plan_pay_usd"
    assert values(found, columns) == [(2, 2, 2, Decimal(60), Decimal(4), Decimal(52))]
    # 40 + 60 over four months
    assert values(found, "total_cost_usd out_of_pocket_usd pmpm_usd") == [(Decimal(100), Decimal(4), 25.0)]


def test_without_events_counts_and_amounts_are_0_and_what_a_source_lacks_is_null(frame: Any, values: Any) -> None:
    found = _year(frame, spine=[YEAR, SYN])
    columns = "source claims_n stays_n ed_visits_n fills_n max_drugs_90d_n total_cost_usd plan_pay_usd pmpm_usd"
    assert values(found, columns) == [
        ("rif", 0, 0, 0, 0, 0, Decimal(0), Decimal(0), None),
        ("synpuf", 0, 0, 0, 0, 0, Decimal(0), None, None),
    ]


# --- stays, readmissions, visits, illness ---------------------------------------------------------------------------


def test_stays_and_readmissions_by_the_year_of_discharge(frame: Any, values: Any) -> None:
    stays = [
        {**YEAR, "stay_id": "1", "setting": "inpatient", "los_days": 3},
        {**YEAR, "stay_id": "2", "setting": "inpatient", "los_days": 4},
        {**YEAR, "stay_id": "3", "setting": "snf", "los_days": 20},
        {**YEAR, "stay_id": "4", "setting": "inpatient", "los_days": 9, "year": 2010},
    ]
    index = [
        {**YEAR, "episode_id": "1", "is_index": True, "readmitted": True, "unplanned_readmitted": False},
        {**YEAR, "episode_id": "2", "is_index": True, "readmitted": True, "unplanned_readmitted": True},
        {**YEAR, "episode_id": "3", "is_index": True, "readmitted": False},
        {**YEAR, "episode_id": "4", "is_index": False},
    ]
    lists = {"clm_ccs": [{"code": "1"}], "clm_hwr_list": [{"list_code": "1"}]}
    found = _year(frame, inpatient_stay=stays, readmission_index=index, **lists)
    columns = "stays_n los_days_sum snf_stays_n snf_los_days_sum index_n readmissions_n unplanned_readmissions_n"
    assert values(found, columns) == [(2, 7, 1, 20, 3, 2, 1)]


def test_unplanned_readmissions_are_null_without_both_lists(frame: Any, values: Any) -> None:
    ccs, hwr = [{"code": "1"}], [{"list_code": "1"}]
    column = "unplanned_readmissions_n"
    assert values(_year(frame, clm_ccs=ccs), column) == [(None,)]
    assert values(_year(frame, clm_hwr_list=hwr), column) == [(None,)]
    assert values(_year(frame, clm_ccs=ccs, clm_hwr_list=hwr), column) == [(0,)]


def test_visits_conditions_and_scores_of_the_year(frame: Any, values: Any) -> None:
    visits = [{**YEAR, "visit_type": kind} for kind in ("ed", "office", "office")]
    conditions = [
        {**YEAR, "condition": "diabetes", "dx_flag": True},
        {**YEAR, "condition": "cancer", "dx_flag": True},
        {**YEAR, "condition": "cancer_breast", "dx_flag": True},
        {**YEAR, "condition": "stroke", "dx_flag": False, "sp_flag": True},
        {**YEAR, "condition": "copd", "dx_flag": True, "year": 2008},
    ]
    scores = [{**YEAR, "charlson": 3, "van_walraven": -2}]
    found = _year(frame, clm_visit=visits, chronic_condition=conditions, charlson=scores)
    # the four cancers count as one
    columns = "ed_visits_n office_visits_n dx_diabetes dx_cancer dx_stroke dx_copd chronic_n charlson van_walraven"
    assert values(found, columns) == [(1, 2, True, True, False, False, 2, 3, -2)]


def test_flags_and_amounts_of_synpuf(frame: Any, values: Any) -> None:
    flags = dict.fromkeys(
        ("sp_alzhdmta", "sp_chrnkidn", "sp_cncr", "sp_copd", "sp_depressn", "sp_ischmcht", "sp_osteoprs", "sp_ra_oa"),
        False,
    )
    amounts = {"ip_reimbursed_usd": Decimal("100.00"), "op_reimbursed_usd": Decimal("20.00")}
    syn = {**SYN, **flags, "sp_chf": True, "sp_diabetes": True, "sp_strketia": False, **amounts}
    found = _year(frame, spine=[YEAR, SYN], clm_beneficiary_year=[syn, YEAR])
    assert values(found, "source sp_chf sp_copd sp_chronic_n source_reimb_usd") == [
        ("rif", None, None, None, None),
        ("synpuf", True, False, 2, Decimal(120)),
    ]


# --- the last 180 days ----------------------------------------------------------------------------------------------


def test_the_last_180_days_end_with_the_month_where_that_alone_is_known(frame: Any, values: Any) -> None:
    """DE-SynPUF says 1 June 2009 of who died in June: the days are 2 January to 30 June."""
    syn = {"source": "synpuf", "bene_id": "A"}
    claims = [
        _claim("carrier", usd, from_date=day, **syn)
        for usd, day in (
            ("1.00", date(2009, 1, 1)),
            ("2.00", date(2009, 1, 2)),
            ("4.00", date(2009, 6, 30)),
            ("8.00", date(2009, 7, 1)),
        )
    ]
    found = _year(
        frame,
        spine=[{**syn, "year": 2009}],
        clm_beneficiary=[{**syn, "death_date": date(2009, 6, 1)}],
        claims_extent=[{"source": "synpuf", "first_claim_date": date(2009, 1, 1)}],
        claim=claims,
    )
    assert values(found, "death_date died_in_year last_180d_cost_usd") == [(date(2009, 6, 1), True, Decimal(6))]


def test_cost_of_the_last_180_days(frame: Any, values: Any) -> None:
    """Death on 29 June 2009, day 180 of the year: the 180 days begin on 1 January."""
    death = date(2009, 6, 29)
    people = [
        {"source": "rif", "bene_id": b, "death_date": death if b != "alive" else None} for b in "A B alive".split()
    ]
    spine = [{"source": "rif", "bene_id": b, "year": y} for b in ("A", "B", "alive") for y in (2008, 2009, 2010)]
    claims = [
        _claim("carrier", "1.00", from_date=date(2008, 12, 31), year=2008),
        _claim("carrier", "2.00", from_date=date(2009, 1, 1)),
        _claim("inpatient", "4.00", from_date=death),
        _claim("carrier", "8.00", from_date=date(2009, 6, 30)),
        _claim("carrier", "16.00", from_date=None, year=None),
        _claim("carrier", "32.00", bene_id="alive"),
    ]
    fills = [{**YEAR, "service_date": death, "total_cost_usd": Decimal("64.00")}]
    tables = {"clm_beneficiary": people, "claim": claims, "drug_event": fills}
    extent = [{"source": "rif", "first_claim_date": date(2009, 1, 1)}]
    found = _year(frame, spine=spine, claims_extent=extent, **tables)
    # 2 + 4 + 64; B has no claims and costs 0; only the year of death has an amount
    assert values(found.filter("last_180d_cost_usd IS NOT NULL"), "bene_id year last_180d_cost_usd") == [
        ("A", 2009, Decimal(70)),
        ("B", 2009, Decimal(0)),
    ]
    later = [{"source": "rif", "first_claim_date": date(2009, 1, 2)}]
    found = _year(frame, spine=spine, claims_extent=later, **tables)
    assert found.filter("last_180d_cost_usd IS NOT NULL").count() == 0
