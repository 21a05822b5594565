"""Indicators from what was billed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from gold.stay_rows import claim, day, usd

from nh_lakehouse.gold.claims_fraud_billing import (
    dme_without_visit,
    impossible_day,
    line_indicators,
    service_after_death,
)
from nh_lakehouse.gold.claims_fraud_rules import FraudRules

FOUND = "subject_id year value exposure_n is_flagged"
RULES = FraudRules()


def line(claim_id: str, number: int = 1, at: int | None = 1, **other: Any) -> dict[str, Any]:
    """A carrier line of person P by NPI 1: an office visit of one unit, without amounts."""
    row = {"source": "rif", "claim_type": "carrier", "claim_id": claim_id, "line_no": number, "bene_id": "P"}
    row |= {"performing_npi": "1", "hcpcs": "99213", "units": 1.0, "line_date": at and day(at)}
    return row | other


@pytest.fixture
def of_lines(frame: Any, values: Any) -> Any:
    """`of_lines(indicator, lines, claims)`: its rows."""

    def make(indicator: str, lines: list[dict], claims: Any = (), rules: FraudRules = RULES) -> list[tuple]:
        found = line_indicators(frame("silver.claim_line", lines), frame("silver.claim", claims), rules)
        return values(found.where(f"indicator = '{indicator}'"), FOUND)

    return make


def test_duplicates_are_claims_beyond_the_first(of_lines: Any) -> None:
    lines = [
        line("a", 1),
        line("a", 2),  # the same claim never doubles itself
        line("b", 1),
        line("b", 2),
        line("c", 1),
        line("a", 1, claim_type="dme"),  # ids are unique inside a claim type only
    ]
    assert of_lines("duplicate_billing", lines) == [("NPI:1", 2009, 3.0, 6, True)]


def test_claims_of_a_facility_and_of_its_physician_for_one_service_are_no_duplicates(of_lines: Any) -> None:
    lines = [line("a"), line("b", claim_type="outpatient"), line("c", claim_type="inpatient")]
    assert of_lines("duplicate_billing", lines) == [("NPI:1", 2009, 1.0, 3, True)]  # b and c, both of institutions


def test_duplicates_agree_in_person_provider_code_day_and_units(of_lines: Any) -> None:
    lines = [
        line("a"),
        line("b", bene_id="Q"),
        line("c", hcpcs="99214"),
        line("d", at=2),
        line("e", units=2.0),
        line("f", units=None),
        line("g", source="synpuf"),
        line("h", performing_npi="2"),
        line("i", performing_npi="2", units=None),
        line("j", performing_npi="2", units=None),  # null-safe: two claims without units
        line("no code", hcpcs=None),
        line("no person", bene_id=None),
        line("no day", at=None),
    ]
    assert of_lines("duplicate_billing", lines) == [
        ("NPI:1", 2009, 0.0, 1, False),  # synpuf
        ("NPI:1", 2009, 0.0, 6, False),  # rif: a to f
        ("NPI:2", 2009, 1.0, 3, True),
    ]


def test_provider_of_a_line_is_who_performed_it_else_who_billed_the_claim(of_lines: Any) -> None:
    billed = {"provider_id": "H1", "provider_id_type": "CCN", "claim_type": "outpatient"}
    claims = [claim("a", 1, 10, **billed), claim("b", 1, 10, **billed), claim("c", 1, 10, claim_type="outpatient")]
    outpatient = {"claim_type": "outpatient", "performing_npi": None}
    lines = [line("a", **outpatient), line("b", **outpatient), line("c", **outpatient), line("x", **outpatient)]
    lines += [line("b", 2, claim_type="outpatient")]
    assert of_lines("duplicate_billing", lines, claims) == [
        ("CCN:H1", 2009, 1.0, 2, True),
        ("NPI:1", 2009, 0.0, 1, False),
    ]


def test_year_is_that_of_the_line(of_lines: Any) -> None:
    lines = [line("a", at=365), line("b", at=366), line("c", at=366)]  # 31 December 2009, 1 January 2010
    assert of_lines("duplicate_billing", lines) == [("NPI:1", 2009, 0.0, 1, False), ("NPI:1", 2010, 1.0, 2, True)]


def test_payment_above_1_01_times_the_allowed(of_lines: Any) -> None:
    def paid(claim_id: str, payment: float | None, allowed: float | None, npi: str = "1") -> dict[str, Any]:
        amounts = {"line_payment_usd": payment and usd(payment), "line_allowed_usd": allowed and usd(allowed)}
        return line(claim_id, hcpcs=None, performing_npi=npi, **amounts)

    lines = [
        paid("at the limit", 101, 100),
        paid("a cent above", 101.01, 100),
        paid("no allowed", 500, None),
        paid("no payment", None, 100),
        paid("below", 80, 100, "2"),
        paid("nothing", None, None, "3"),
    ]
    assert of_lines("paid_over_allowed", lines) == [("NPI:1", 2009, 1.0, 2, True), ("NPI:2", 2009, 0.0, 1, False)]
    assert of_lines("duplicate_billing", lines) == []
    doubled = FraudRules(allowed_factor=2.0)
    assert of_lines("paid_over_allowed", lines, rules=doubled)[0] == ("NPI:1", 2009, 0.0, 2, False)


def test_service_after_death_and_fills_with_a_day_of_grace(frame: Any, values: Any) -> None:
    dead = {"source": "rif", "bene_id": "P", "death_date": day(10)}
    people = [dead | {"valid_from": day(1)}, dead | {"valid_from": day(5)}, {"source": "rif", "bene_id": "Q"}]
    claims = [claim("a", 9, 1), claim("b", 10, 1), claim("c", 11, 1), claim("d", 400, 1), claim("e", None, 1)]
    claims += [claim("of the living", 500, 1, bene_id="Q"), claim("of another source", 500, 1, source="synpuf")]
    fills = [{"source": "rif", "event_id": str(at), "bene_id": "P", "service_date": day(at)} for at in (10, 11, 12)]
    found = service_after_death(
        frame("silver.claim", claims), frame("silver.drug_event", fills), frame("silver.clm_beneficiary", people), RULES
    )
    # 2009: c and the fill of day 12 of three claims and three fills
    assert values(found, FOUND) == [("P", 2009, 2.0, 6, True), ("P", 2010, 1.0, 1, True)]


def test_of_a_death_whose_month_alone_is_known_a_service_is_late_after_the_month(frame: Any, values: Any) -> None:
    dead = {"source": "synpuf", "bene_id": "P", "death_date": date(2009, 4, 1), "valid_from": date(2009, 1, 1)}
    claims = [
        claim(str(n), 1, 1, source="synpuf") | {"from_date": date(2009, *day)}
        for n, day in enumerate(((4, 2), (4, 30), (5, 1)))
    ]
    fills = [{"source": "synpuf", "event_id": str(d), "bene_id": "P", "service_date": date(2009, 5, d)} for d in (1, 2)]
    found = service_after_death(
        frame("silver.claim", claims), frame("silver.drug_event", fills), frame("silver.clm_beneficiary", [dead]), RULES
    )
    assert values(found, FOUND) == [("P", 2009, 2.0, 5, True)]  # the claim of 1 May and the fill of 2 May


def visit(npi: str, bene_id: str, at: int = 1, **other: Any) -> dict[str, Any]:
    row = {"source": "rif", "visit_type": "office", "bene_id": bene_id, "visit_date": day(at), "visit_with": npi}
    return row | other


@pytest.fixture
def days_of(frame: Any, values: Any) -> Any:
    def make(lines: Any = (), visits: Any = (), minutes: Any = (), rules: FraudRules = RULES) -> list[tuple]:
        frames = [
            frame("silver.claim_line", lines),
            frame("gold.clm_visit", visits),
            frame("silver.clm_hcpcs", minutes),
        ]
        return values(impossible_day(*frames, rules), FOUND)

    return make


def test_hours_of_timed_codes_in_the_fullest_day(days_of: Any) -> None:
    lines = [
        line("a", hcpcs="97110", units=95.0),  # 95 x 15 = 1,425 minutes
        line("b", hcpcs="99213", units=None),  # 15: a code without units counts once
        line("c", hcpcs="99213", at=2),
        line("d", hcpcs="97110", units=96.0, performing_npi="2"),  # 1,440 minutes are 24 hours: a full day is possible
        line("e", hcpcs="97110", units=97.0, performing_npi="3"),
        line("f", hcpcs="97110", units=500.0, performing_npi="4", claim_type="outpatient"),
        line("g", hcpcs="J1234", units=500.0, performing_npi="5"),
        line("h", hcpcs="97110", units=500.0, performing_npi=None),
    ]
    assert days_of(lines) == [
        ("NPI:1", 2009, 1440 / 1440, 2, False),
        ("NPI:2", 2009, 1440 / 1440, 1, False),
        ("NPI:3", 2009, pytest.approx(1455 / 1440), 1, True),
    ]
    # the optional list comes first: 97110 of 30 minutes, and J1234 is timed
    minutes = [{"hcpcs": "97110", "unit_minutes": 30.0}, {"hcpcs": "J1234", "unit_minutes": 1.0}]
    listed = {subject: value for subject, _, value, _, _ in days_of(lines, minutes=minutes)}
    expected = {"NPI:1": 2865 / 1440, "NPI:2": 2.0, "NPI:3": 2910 / 1440, "NPI:5": 500 / 1440}
    assert listed == pytest.approx(expected)


def test_office_patients_in_the_fullest_day(days_of: Any) -> None:
    visits = [visit("1", f"P{n}") for n in range(51)] + [visit("2", f"P{n}") for n in range(50)]
    visits += [visit("claim:x", "P"), visit("3", "P", visit_type="ed", visit_with=None), visit("1", "P", at=2)]
    assert days_of(visits=visits) == [("NPI:1", 2009, pytest.approx(51 / 50), 2, True), ("NPI:2", 2009, 1.0, 1, False)]
    assert days_of(visits=visits, rules=FraudRules(day_patients=100))[0] == (
        "NPI:1",
        2009,
        pytest.approx(0.51),
        2,
        False,
    )


def test_hours_and_patients_of_a_day_are_not_added(days_of: Any) -> None:
    lines = [line("a", hcpcs="97110", units=48.0)]  # half a day
    assert days_of(lines, [visit("1", f"P{n}") for n in range(30)]) == [("NPI:1", 2009, 0.6, 1, False)]


def test_equipment_without_a_visit_in_180_days(frame: Any, values: Any) -> None:
    def dme(claim_id: str, at: int, bene_id: str, supplier: str = "S1") -> dict[str, Any]:
        billing = {"provider_id": supplier, "provider_id_type": "SUPPLIER"}
        return claim(claim_id, at, 1, claim_type="dme", bene_id=bene_id, **billing)

    claims = [
        dme("same day", 200, "A"),
        claim("visit A", 200, 1, bene_id="A"),
        dme("180 days before", 281, "B"),
        claim("visit B", 101, 1, bene_id="B", claim_type="outpatient"),
        dme("181 days before", 282, "C"),
        claim("visit C", 101, 1, bene_id="C"),
        dme("afterwards", 200, "D"),
        claim("visit D", 201, 1, bene_id="D"),
        dme("other types", 200, "E"),
        claim("stay E", 199, 1, bene_id="E", claim_type="inpatient"),
        dme("too early to tell", 180, "F"),
        dme("first that counts", 181, "F", "S2"),
        claim("visit F", 150, 1, bene_id="F"),
    ]
    extent = [{"source": "rif", "first_claim_date": day(1)}]  # 1 + 180 = day 181
    found = dme_without_visit(frame("silver.claim", claims), frame("gold.claims_extent", extent), RULES)
    assert values(found, FOUND) == [("SUPPLIER:S1", 2009, 3.0, 5, True), ("SUPPLIER:S2", 2009, 0.0, 1, False)]
    assert values(dme_without_visit(frame("silver.claim", claims), frame("gold.claims_extent", []), RULES), FOUND) == []


def test_one_visit_serves_all_equipment_of_the_day(frame: Any, values: Any) -> None:
    bill = {"claim_type": "dme", "provider_id": "S1", "provider_id_type": "SUPPLIER"}
    claims = [claim("a", 300, 1, **bill), claim("b", 300, 1, **bill), claim("v", 290, 1), claim("w", 291, 1)]
    extent = [{"source": "rif", "first_claim_date": date(2008, 1, 1)}]
    found = dme_without_visit(frame("silver.claim", claims), frame("gold.claims_extent", extent), RULES)
    assert values(found, FOUND) == [("SUPPLIER:S1", 2009, 0.0, 2, False)]
