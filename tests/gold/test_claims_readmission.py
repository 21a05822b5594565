"""Indexes and readmissions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from gold.stay_rows import claim, day, settled, stay, usd

from nh_lakehouse.gold.claims_readmission import ReadmissionRules, readmission_index

Index = Callable[..., Any]
NEXT = "episode_id next_episode_id days_to_next readmitted is_readmission"
END = [{"source": "rif", "inpatient_end_date": day(1000)}, {"source": "synpuf", "inpatient_end_date": day(1000)}]


@pytest.fixture
def index(spark: Any, frame: Any) -> Index:
    """`index([stay(...), ...], claim=[...])`: the episodes of these stays; other inputs are empty."""

    def make(stays: list[dict], extent: list[dict] = END, rules: Any = ReadmissionRules(), **inputs: list[dict]) -> Any:
        order = "clm_beneficiary claim clm_beneficiary_year clm_enrollment_month claim_procedure clm_ccs clm_hwr_list"
        others = [frame(f"silver.{name}", inputs.get(name, [])) for name in order.split()]
        found = readmission_index(
            frame("silver.inpatient_stay", stays), frame("gold.claims_extent", extent), *others, rules=rules
        )
        return settled(spark, "gold.readmission_index", found)

    return make


def test_admission_1_to_30_days_after_discharge_is_a_readmission(index: Index, values: Any) -> None:
    again = {"day of discharge": 10, "day after": 11, "thirtieth day": 40, "thirty-first day": 41}
    first = [stay(f"{case}, first", 1, 10, bene_id=case) for case in again]
    found = index([*first, *[stay(case, admit, admit + 2, bene_id=case) for case, admit in again.items()]])
    assert values(found, NEXT) == [
        ("day after", None, None, False, True),
        ("day after, first", "day after", 1, True, False),
        ("day of discharge", None, None, False, False),
        ("day of discharge, first", None, None, False, False),
        ("thirtieth day", None, None, False, True),
        ("thirtieth day, first", "thirtieth day", 30, True, False),
        ("thirty-first day", None, None, False, False),
        ("thirty-first day, first", "thirty-first day", 31, False, False),
    ]


def test_each_index_counts_once_with_its_earliest_readmission_which_may_be_an_index(index: Index, values: Any) -> None:
    found = index([stay("a", 1, 10), stay("b", 15, 20), stay("c", 30, 31), stay("d", 200, 201)])
    assert values(found, NEXT) == [
        ("a", "b", 5, True, False),
        ("b", "c", 10, True, True),
        ("c", "d", 169, False, True),
        ("d", None, None, False, False),
    ]


def test_overlapping_stay_is_no_readmission(index: Index, values: Any) -> None:
    overlapping = stay("b", 5, 12, "H2", overlaps_other_provider=True)
    found = index([stay("a", 1, 10), overlapping, stay("c", 13, 14)])
    assert values(found, NEXT) == [
        ("a", "c", 3, None, False),  # on day 10 the person was in b
        ("b", "c", 1, True, False),
        ("c", None, None, False, True),
    ]


def test_who_is_elsewhere_in_hospital_has_not_been_discharged(index: Index, values: Any) -> None:
    """Of a person's days in hospital the last is the index: one readmission, paid for once."""
    cases = {
        "inside": [("a", 1, 10), ("b", 5, 20), ("c", 15, 18), ("d", 25, 26)],
        "chain": [("e", 1, 10), ("f", 8, 15), ("g", 14, 20), ("h", 30, 31)],
        "same end": [("i", 1, 10), ("j", 5, 10), ("k", 12, 13)],
        "day of discharge": [("l", 1, 10), ("m", 10, 15)],
        "apart": [("n", 1, 10), ("o", 12, 30)],
        "within the day": [("p", 5, 5), ("q", 5, 5), ("r", 5, 6)],
    }
    stays = [
        stay(name, first, last, f"H{place}", bene_id=person, payment_usd=usd(100))
        for person, several in cases.items()
        for place, (name, first, last) in enumerate(several)
    ]
    found = index(stays)
    elsewhere = {row["episode_id"] for row in found.filter("still_in_hospital").collect()}
    assert elsewhere == {"a", "c", "e", "f", "i"}
    assert found.filter("still_in_hospital AND is_index").isEmpty()
    readmissions = [row["readmission_stay_id"] for row in found.filter("readmitted").collect()]
    assert sorted(readmissions) == ["d", "h", "k", "o"]


def test_next_of_equal_admissions_is_the_shorter_then_the_smaller(index: Index, values: Any) -> None:
    found = index([stay("a", 1, 10), stay("d", 20, 22), stay("c", 20, 22), stay("b", 20, 23)])
    assert values(found, NEXT)[0] == ("a", "c", 10, True, False)


def test_transfers_are_one_episode(index: Index, values: Any) -> None:
    first = stay("a", 1, 10, is_episode_end=False, drg="100", discharge_status="02", provider_state="AL")
    second = stay("b", 11, 15, "H2", episode_id="a", episode_seq=2, drg="200", discharge_status="01")
    second |= {"primary_dx": "4280", "dx_code_system": "ICD9"}
    later = stay("c", 20, 25, "H1", is_episode_end=False, payment_usd=usd(70))
    last = stay("d", 25, 26, "H2", episode_id="c", episode_seq=2)
    found = index([first, second, later, last])
    assert values(found, NEXT) == [("a", "c", 5, True, False), ("c", None, None, False, True)]
    columns = "episode_id stay_id stays_n provider_id admit_date discharge_date los_days drg dx_category payment_usd"
    assert values(found, columns)[0] == ("a", "b", 2, "H2", day(1), day(15), 14, "200", "428", usd(200))
    assert values(found, "readmission_stay_id readmission_payment_usd") == [(None, None), ("c", usd(70))]


def test_end_of_data_needs_30_whole_days(index: Index, values: Any) -> None:
    stays = [stay("a", 1, 10, bene_id="A"), stay("b", 1, 11, bene_id="B"), stay("c", 15, 17, bene_id="B")]
    extent = [{"source": "rif", "inpatient_end_date": day(40)}]
    found = index(stays, extent)
    # discharged on day 10: 10 + 30 = 40 is inside; on day 11: not, though a readmission is seen
    assert values(found, "episode_id readmit_observable is_index readmitted is_readmission cost_30d_usd") == [
        ("a", True, True, False, False, usd(0)),
        ("b", False, False, None, False, None),
        ("c", False, False, None, False, None),
    ]
    unknown = index(stays[:1], [])
    assert values(unknown, "readmit_observable is_index") == [(False, False)]


def test_index_is_discharged_alive(index: Index, values: Any) -> None:
    cases = {
        "a died in hospital": ("20", None, False),
        "b died on the day of discharge": ("01", 10, False),
        "c died before it": ("01", 9, False),
        "d died the day after": ("01", 11, True),
        "e nothing known": (None, None, True),
    }
    people = [
        {"source": "rif", "bene_id": case, "death_date": death and day(death), "valid_from": day(1)}
        for case, (_, death, _) in cases.items()
    ]
    stays = [stay(case, 1, 10, bene_id=case, discharge_status=status) for case, (status, _, _) in cases.items()]
    found = index(stays, clm_beneficiary=people)
    assert values(found, "episode_id alive_at_discharge is_index readmitted") == [
        (case, alive, alive, False if alive else None) for case, (_, _, alive) in cases.items()
    ]


def test_age_is_in_whole_years_on_the_day_of_discharge(index: Index, values: Any) -> None:
    def version(bene_id: str, born: date | None, valid_from: int) -> dict:
        return {"source": "rif", "bene_id": bene_id, "birth_date": born, "valid_from": day(valid_from)}

    people = [
        version("A", date(1944, 1, 10), 1),  # day 10 is 10 January 2009: the 65th birthday
        version("B", date(1944, 1, 11), 1),
        version("C", date(1900, 1, 1), 1),
        version("C", date(1950, 1, 1), 300),  # the latest known counts
        version("C", None, 600),
    ]
    found = index([stay(b, 1, 10, bene_id=b) for b in "ABCD"], clm_beneficiary=people)
    assert values(found, "episode_id age_at_discharge") == [("A", 65), ("B", 64), ("C", 59), ("D", None)]


def test_cost_holds_claims_that_begin_1_to_30_days_after_discharge_once(index: Index, values: Any) -> None:
    claims = [
        claim("day of discharge", 10, 1000),
        claim("first", 11, 1),
        claim("last", 40, 2, claim_type="inpatient"),
        claim("too late", 41, 4000),
        claim("adjusted", 20, -0.5),
        claim("undated", None, 8000),
        claim("unpaid", 20, 0, payment_usd=None),
        claim("another's", 20, 16000, bene_id="Q"),
        claim("another source", 20, 32000, source="synpuf"),
    ]
    found = index([stay("a", 1, 10)], claim=claims)
    assert values(found, "cost_30d_usd") == [(usd(2.5),)]  # 1 + 2 - 0.5


def test_people_sources_and_settings_stay_apart(index: Index, values: Any) -> None:
    found = index(
        [
            stay("a", 1, 10),
            stay("b", 15, 16, bene_id="Q"),
            stay("c", 15, 16, source="synpuf"),
            stay("d", 15, 16, setting="snf"),
        ]
    )
    assert values(found, "episode_id next_episode_id") == [("a", None), ("b", None), ("c", None)]


def test_many_people_in_one_window_find_their_own_next(index: Index, values: Any) -> None:
    stays = [stay(f"{n:03}-{s}", s * 10, s * 10 + n % 7, bene_id=f"P{n}") for n in range(200) for s in (1, 2, 3)]
    found = index(stays)
    wrong = found.where(
        "next_episode_id IS NOT NULL AND substring(next_episode_id, 1, 3) <> substring(episode_id, 1, 3)"
    )
    assert values(wrong, NEXT) == []
    assert values(found.groupBy("readmitted").count(), "readmitted count") == [(False, 200), (True, 400)]


def test_days_are_a_rule(index: Index, values: Any) -> None:
    stays = [stay("a", 1, 10), stay("b", 17, 18)]
    found = index(stays, rules=ReadmissionRules(days=6))
    assert values(found, "episode_id readmitted") == [("a", False), ("b", False)]


def test_external_cause_has_a_category_of_four_characters(index: Index, values: Any) -> None:
    nine, ten = {"primary_dx": "E8850", "dx_code_system": "ICD9"}, {"primary_dx": "E119", "dx_code_system": "ICD10"}
    found = index([stay("a", 1, 10, **nine), stay("b", 100, 101, **ten), stay("c", 200, 201)])
    assert values(found, "episode_id dx_category") == [("a", "E885"), ("b", "E11"), ("c", None)]


def test_columns_of_the_unplanned_measure_are_null_without_both_lists(index: Index, values: Any) -> None:
    ccs = [{"code_kind": "dx", "code_system": "ICD9", "code": "4280", "ccs_category": "108"}]
    stays = [stay("a", 1, 10), stay("b", 15, 16)]
    columns = "hwr_exclusion hwr_index planned unplanned_readmitted"
    assert values(index(stays), columns) == [(None, None, None, None)] * 2
    assert values(index(stays, clm_ccs=ccs), columns) == [(None, None, None, None)] * 2
