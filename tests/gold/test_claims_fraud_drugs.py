"""Indicators from fills."""

from __future__ import annotations

from typing import Any

from gold.stay_rows import day

from nh_lakehouse.gold.claims_fraud_drugs import doctor_shopping, early_refill
from nh_lakehouse.gold.claims_fraud_rules import FraudRules

FOUND = "subject_id year value exposure_n is_flagged"
RULES = FraudRules()


def fill(event_id: str, at: int | None, supply: int | None = 30, **other: Any) -> dict[str, Any]:
    row = {"source": "rif", "event_id": event_id, "bene_id": "P", "ndc": "11111111101", "days_supply": supply}
    return row | {"service_date": at and day(at)} | other


def test_refill_with_more_than_a_quarter_of_the_last_supply_left(frame: Any, values: Any) -> None:
    fills = [
        fill("a", 1, 40, bene_id="A"),
        fill("b", 31, 40, bene_id="A"),  # 1 + 40 - 31 = 10 left: a quarter
        fill("c", 60, 40, bene_id="A"),  # 31 + 40 - 60 = 11
        fill("a", 1, 30, bene_id="B"),
        fill("b", 1, 10, bene_id="B"),  # the same day: 30 left of 30
        fill("c", 9, 30, bene_id="B"),  # by event id the last one is b: 1 + 10 - 9 = 2 of 10
        fill("a", 1, 30, bene_id="C"),
        fill("b", 2, 30, bene_id="C", ndc="22222222201"),  # another product
        fill("c", 3, 30, bene_id="D", source="synpuf"),
        fill("d", 4, 30, bene_id="D"),
    ]
    assert values(early_refill(frame("silver.drug_event", fills), RULES), FOUND) == [
        ("A", 2009, 1.0, 2, True),
        ("B", 2009, 1.0, 2, True),
    ]
    patient = early_refill(frame("silver.drug_event", fills), FraudRules(refill_share=0.3))
    assert values(patient.where("subject_id = 'A'"), FOUND) == [("A", 2009, 0.0, 2, False)]


def test_packages_are_one_product_and_a_fill_without_days_tells_nothing(frame: Any, values: Any) -> None:
    fills = [
        fill("a", 1, 100, bene_id="A"),
        fill("b", 11, None, bene_id="A", ndc="11111111199"),  # same nine digits
        fill("c", 21, 30, bene_id="A"),  # the last one does not say how long it lasts
        fill("d", 22, 30, bene_id="A", ndc=None),
        fill("e", None, 30, bene_id="A"),
    ]
    assert values(early_refill(frame("silver.drug_event", fills), RULES), FOUND) == [("A", 2009, 1.0, 1, True)]


def test_refill_counts_in_its_year(frame: Any, values: Any) -> None:
    fills = [fill("a", 360), fill("b", 362), fill("c", 366)]
    assert values(early_refill(frame("silver.drug_event", fills), RULES), FOUND) == [
        ("P", 2009, 1.0, 1, True),
        ("P", 2010, 1.0, 1, True),
    ]


def shopping(bene_id: str, visits: list[tuple[int, str, str]], **other: Any) -> list[dict[str, Any]]:
    """Fills on a day, by a prescriber, at a pharmacy."""
    kinds = {"prescriber_id_type": "NPI", "pharmacy_id_type": "PHARMACY", "bene_id": bene_id}
    return [
        fill(f"{bene_id}{n}", at, prescriber=prescriber, pharmacy=pharmacy, **{**kinds, **other})
        for n, (at, prescriber, pharmacy) in enumerate(visits)
    ]


def test_four_prescribers_and_four_pharmacies_within_90_days(frame: Any, values: Any) -> None:
    four = [(1, "d1", "p1"), (30, "d2", "p2"), (60, "d3", "p3")]
    fills = [
        *shopping("A in 90 days", [*four, (90, "d4", "p4")]),
        *shopping("B in 91 days", [*four, (91, "d4", "p4")]),
        *shopping("C one pharmacy", [*four, (90, "d4", "p1")]),
        *shopping("D again", [(1, "d1", "p1"), (2, "d1", "p1"), (3, "d2", "p1")]),
        *shopping("E no pharmacy", [(1, "d1", None)]),  # type: ignore[list-item]
    ]
    found = doctor_shopping(frame("silver.drug_event", fills), frame("silver.clm_ndc", []), RULES)
    assert values(found, FOUND) == [
        ("A in 90 days", 2009, 4.0, 4, True),
        ("B in 91 days", 2009, 3.0, 4, False),
        ("C one pharmacy", 2009, 3.0, 4, False),
        ("D again", 2009, 1.0, 3, False),
    ]


def test_drugs_of_a_class_count_together_where_classes_are_known(frame: Any, values: Any) -> None:
    fills = [
        *shopping("P", [(1, "d1", "p1"), (2, "d2", "p2")]),
        *shopping("P", [(3, "d3", "p3"), (4, "d4", "p4")], ndc="22222222201"),
    ]
    fills = [row | {"event_id": str(n)} for n, row in enumerate(fills)]
    classes = [{"ndc9": ndc9, "drug_class": "opioid"} for ndc9 in ("111111111", "222222222")]
    events = frame("silver.drug_event", fills)
    assert values(doctor_shopping(events, frame("silver.clm_ndc", []), RULES), FOUND) == [("P", 2009, 2.0, 4, None)]
    different = [classes[0], classes[1] | {"drug_class": "statin"}]
    assert values(doctor_shopping(events, frame("silver.clm_ndc", different), RULES), FOUND) == [
        ("P", 2009, 2.0, 4, False)
    ]
    few = frame("silver.drug_event", [row | {"pharmacy": "p1"} for row in fills])  # one pharmacy: no class has four
    assert values(doctor_shopping(few, frame("silver.clm_ndc", classes[:1]), RULES), FOUND) == [
        ("P", 2009, 1.0, 4, False)
    ]
    assert values(doctor_shopping(events, frame("silver.clm_ndc", classes), RULES), FOUND) == [
        ("P", 2009, 4.0, 4, True)
    ]


def test_window_reaches_into_the_year_before(frame: Any, values: Any) -> None:
    fills = shopping("P", [(340, "d1", "p1"), (350, "d2", "p2"), (360, "d3", "p3"), (370, "d4", "p4")])
    found = doctor_shopping(frame("silver.drug_event", fills), frame("silver.clm_ndc", []), RULES)
    assert values(found, FOUND) == [("P", 2009, 3.0, 3, False), ("P", 2010, 4.0, 1, True)]
