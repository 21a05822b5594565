"""Utilization, readmission and length of stay of a handful of people, the arithmetic beside each figure."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from nh_lakehouse.gold.claims_queries_use import q12_utilization, q13_readmission, q14_alos
from nh_lakehouse.gold.claims_services import patient_service

SUMMARY, INDEX, STAY, CLAIM = "gold.patient_summary", "gold.readmission_index", "silver.inpatient_stay", "silver.claim"
NAMES, ICD, DRG = "silver.clm_provider_name", "silver.clm_icd", "silver.clm_drg"


def _person(bene: str, state: str | None, ffs: int | None, part_d: int | None, **others: Any) -> dict[str, Any]:
    person = {"source": "synpuf", "bene_id": bene, "year": 2008, "has_beneficiary_year": True, "state": state}
    return person | {"ffs_months": ffs, "part_d_months": part_d} | others


def test_q12_events_per_1000_person_years(frame: Any, values: Any) -> None:
    rows = [
        _person("a", "AL", 12, 6),
        _person("b", "AL", 4, 0),
        _person("c", None, 0, 3),
        _person("claims alone", "AL", None, None, has_beneficiary_year=False),
    ]
    used = [
        ("a", "admission", 2, 1), ("a", "fill", 9, 9), ("b", "ed", 1, 1), ("b", "admission", 1, 1),
        ("c", "hospice", 1, 0), ("claims alone", "admission", 7, 0),
    ]  # fmt: skip
    names = ("bene_id", "service", "events_n", "covered_events_n")
    services = [{"source": "synpuf", "year": 2008, **dict(zip(names, row, strict=True))} for row in used]
    found = q12_utilization(frame(SUMMARY, rows), frame("gold.patient_service", services))
    columns = "service events_n users_n people_n rate_events_n rate_months per_1000"
    assert values(found.filter("state = 'AL'"), columns) == [
        ("admission", 3, 2, 2, 2, 16, 1500.0),  # 12,000 x 2 / 16: the third was in a month in managed care
        ("ed", 1, 1, 2, 1, 16, 750.0), ("fill", 9, 1, 2, 9, 6, 18000.0),  # part D months
        ("hha", 0, 0, 2, 0, 16, 0.0), ("hospice", 0, 0, 2, 0, 16, 0.0), ("office", 0, 0, 2, 0, 16, 0.0),
        ("snf", 0, 0, 2, 0, 16, 0.0),
    ]  # fmt: skip
    chosen = found.filter("service IN ('fill', 'hospice') AND state <> 'AL'")
    assert values(chosen, "state service events_n people_n rate_events_n rate_months per_1000") == [
        ("all", "fill", 9, 3, 9, 9, 12000.0), ("all", "hospice", 1, 3, 0, 16, 0.0),
        ("unknown", "fill", 0, 1, 0, 3, 0.0), ("unknown", "hospice", 1, 1, 0, 0, None),
    ]  # fmt: skip


def test_services_of_a_person_in_covered_months_and_others(frame: Any, values: Any) -> None:
    """Fee for service in January and February, part D in February and March; of April no file tells."""
    of = {"source": "rif", "bene_id": "P"}
    months = [{**of, "month": date(2016, m, 1), "is_ffs": m < 3, "part_d": m in (2, 3)} for m in (1, 2, 3)]
    stays = [
        {
            **of,
            "stay_id": f"{m}",
            "setting": "inpatient",
            "admit_date": date(2016, m, 1),
            "discharge_date": date(2016, m, 9),
        }
        for m in (1, 3, 4)
    ] + [{**of, "stay_id": "s", "setting": "snf", "admit_date": date(2015, 12, 9), "discharge_date": date(2016, 2, 1)}]
    visits = [{**of, "visit_type": "ed", "visit_date": date(2016, 2, 3)}]
    claims = [
        {**of, "claim_type": kind, "claim_id": f"{kind}{day}", "from_date": day}
        for kind in ("hha", "carrier")
        for day in (date(2016, 1, 5), None)
    ]
    fills = [{**of, "event_id": f"{m}", "service_date": date(2016, m, 28)} for m in (1, 2, 2, 3)]
    fills += [{"source": "rif", "event_id": "nobody's", "service_date": date(2016, 2, 1)}]
    found = patient_service(
        frame("silver.clm_enrollment_month", months), frame(STAY, stays), frame("gold.clm_visit", visits),
        frame(CLAIM, claims), frame("silver.drug_event", fills),
    )  # fmt: skip
    assert values(found, "bene_id year service events_n covered_events_n") == [
        ("P", 2016, "admission", 3, 1),
        ("P", 2016, "ed", 1, 1),
        ("P", 2016, "fill", 4, 3),
        ("P", 2016, "hha", 1, 1),
        ("P", 2016, "snf", 1, 1),
    ]


def _episode(year: int, *, index: bool = True, readmitted: bool | None = None, **others: Any) -> dict[str, Any]:
    episode = {"source": "synpuf", "year": year, "provider_id_type": "CCN", "provider_id": "01", "provider_state": "AL"}
    dx = {"dx_code_system": "ICD9", "primary_dx": "4280", "dx_category": "428"}
    status = {"alive_at_discharge": True, "readmit_observable": index, "is_index": index, "readmitted": readmitted}
    return episode | dx | status | others


EPISODES = [
    _episode(2008, readmitted=True),
    _episode(2008, readmitted=False),
    _episode(2009, readmitted=False),
    _episode(2009, index=False),  # the data end within 30 days
    _episode(2009, index=False, alive_at_discharge=False, provider_id=None, primary_dx=None, provider_state=None),
]  # fmt: skip


def test_q13_each_index_counts_once(frame: Any, values: Any) -> None:
    found = q13_readmission(frame(INDEX, EPISODES), frame(NAMES, []), frame(ICD, []))
    columns = "period year episodes_n not_observable_n index_n readmitted_n readmit_rate"
    assert values(found.filter("group_by = 'all'"), columns) == [
        ("2008", 2008, 2, 0, 2, 1, 0.5), ("2009", 2009, 3, 1, 1, 0, 0.0), ("all", None, 5, 1, 3, 1, 1 / 3)
    ]  # fmt: skip
    assert values(found.filter("period = 'all'"), "group_by group_value episodes_n index_n readmit_rate") == [
        ("all", "all", 5, 3, 1 / 3), ("dx_category", "ICD9:428", 5, 3, 1 / 3),
        ("primary_dx", "ICD9:4280", 4, 3, 1 / 3), ("primary_dx", "unknown", 1, 0, None),
        ("provider", "CCN:01", 4, 3, 1 / 3), ("provider", "unknown", 1, 0, None),
        ("state", "AL", 4, 3, 1 / 3), ("state", "unknown", 1, 0, None),
    ]  # fmt: skip


def test_q13_unplanned_is_null_without_the_lists(frame: Any, values: Any) -> None:
    flags = [(True, True), (True, False), (False, None)]
    rows = [_episode(2008, readmitted=True, hwr_index=hwr, unplanned_readmitted=unplanned) for hwr, unplanned in flags]
    rows += [_episode(2008, readmitted=True) | {"source": "rif"}]
    found = q13_readmission(frame(INDEX, rows), frame(NAMES, []), frame(ICD, []))
    columns = "source index_n readmitted_n hwr_index_n unplanned_n unplanned_readmit_rate"
    assert values(found.filter("group_by = 'all' AND period = 'all'"), columns) == [
        ("rif", 1, 1, None, None, None), ("synpuf", 3, 3, 2, 1, 0.5)
    ]  # fmt: skip


def test_q13_names_by_optional_lists(frame: Any, values: Any) -> None:
    names = [{"provider_id_type": "CCN", "provider_id": "01", "provider_name": "FIRST"}]
    texts = [
        {"code_kind": "dx", "code_system": "ICD9", "code": "4280", "description": "Heart failure"},
        {"code_kind": "px", "code_system": "ICD9", "code": "4280", "description": "A procedure of the same number"},
    ]
    found = q13_readmission(frame(INDEX, EPISODES[:1]), frame(NAMES, names), frame(ICD, texts))
    assert values(found.filter("period = 'all'"), "group_by group_label") == [
        ("all", None), ("dx_category", None), ("primary_dx", "Heart failure"), ("provider", "FIRST"), ("state", None)
    ]  # fmt: skip


def _stay(setting: str, admit: int, discharge: int, **others: Any) -> dict[str, Any]:
    days = {"admit_date": date(2008, 1, admit), "discharge_date": date(2008, 1, discharge), "year": 2008}
    place = {"source": "rif", "provider_id_type": "CCN", "provider_id": "01", "provider_state": "AL", "drg": "291"}
    return (
        {"setting": setting, "los_days": max(1, discharge - admit), "payment_usd": Decimal(100)} | days | place | others
    )


def _bill(kind: str, admit: date | None, discharge: date | None, **others: Any) -> dict[str, Any]:
    place = {"source": "rif", "provider_id_type": "CCN", "provider_id": "01", "provider_state": "AL", "drg": "291"}
    return {"claim_type": kind, "admit_date": admit, "discharge_date": discharge} | place | others


STAYS = [
    _stay("inpatient", 1, 11, covered_days=8),  # made of two interim bills
    _stay("inpatient", 5, 5, drg=None),  # a same-day stay counts one day
    _stay("inpatient", 1, 4, provider_id="02", provider_state=None),
    _stay("snf", 1, 21),
]  # fmt: skip
BILLS = [
    _bill("inpatient", date(2008, 1, 1), date(2008, 1, 6)),
    _bill("inpatient", date(2008, 1, 6), date(2008, 1, 11)),
    _bill("inpatient", date(2008, 1, 5), date(2008, 1, 5), drg=None),
    _bill("inpatient", date(2008, 12, 31), date(2009, 1, 2), drg="999"),  # of nobody known: a claim without stay
    _bill("inpatient", date(2008, 1, 1), None),
    _bill("hha", date(2008, 1, 1), date(2008, 3, 1)),
]


def test_q14_stays_beside_single_claims(frame: Any, values: Any) -> None:
    found = q14_alos(frame(STAY, STAYS), frame(CLAIM, BILLS), frame(DRG, []), frame(NAMES, []))
    columns = "setting stays_n los_days_sum alos_days los_days_median stay_claims_n claim_los_days_sum claim_alos_days"
    whole = found.filter("period = 'all' AND group_by = 'all'")
    assert values(whole, columns) == [
        ("inpatient", 3, 14, 14 / 3, 3.0, 4, 13, 3.25),  # 10 + 1 + 3 days; bills of 5 + 5 + 1 + 2
        ("snf", 1, 20, 20.0, 20.0, 0, None, None),
    ]
    columns = "setting covered_days_sum covered_days_n covered_days_mean same_day_n payment_usd"
    assert values(whole, columns) == [
        ("inpatient", 8, 1, 8.0, 1, Decimal(300)), ("snf", None, 0, None, 0, Decimal(100))
    ]  # fmt: skip


def test_q14_by_year_of_discharge_and_by_group(frame: Any, values: Any) -> None:
    titles = [{"drg": "291", "drg_title": "HEART FAILURE"}]
    names = [{"provider_id_type": "CCN", "provider_id": "02", "provider_name": "SECOND"}]
    found = q14_alos(frame(STAY, STAYS), frame(CLAIM, BILLS), frame(DRG, titles), frame(NAMES, names))
    hospital = found.filter("setting = 'inpatient'")
    columns = "group_by group_value group_label stays_n los_days_sum stay_claims_n claim_los_days_sum"
    assert values(hospital.filter("period = '2009' AND group_by <> 'all'"), columns) == [
        ("drg", "999", None, 0, None, 1, 2), ("provider", "CCN:01", None, 0, None, 1, 2), ("state", "AL", None, 0, None, 1, 2)
    ]  # fmt: skip
    assert values(hospital.filter("period = '2008' AND group_by <> 'all'"), columns) == [
        ("drg", "291", "HEART FAILURE", 2, 13, 2, 10), ("drg", "unknown", None, 1, 1, 1, 1),
        ("provider", "CCN:01", None, 2, 11, 3, 11), ("provider", "CCN:02", "SECOND", 1, 3, 0, None),
        ("state", "AL", None, 2, 11, 3, 11), ("state", "unknown", None, 1, 3, 0, None),
    ]  # fmt: skip
