"""Cost and use of drugs of a handful of people, the arithmetic beside each figure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from nh_lakehouse.gold.claims_queries_drugs import DrugUse, q16_drug_cost, q17_polypharmacy

FILLS, YEAR, TAKEN = "gold.fact_prescriptions", "gold.patient_year", "gold.drug_adherence"
RED_30, RED_90, BLUE = "00000000130", "00000000190", "00000000201"


def _usd(amount: float | str | None) -> Decimal | None:
    return None if amount is None else Decimal(str(amount))


def _fill(
    bene: str | None, ndc: str | None, year: int, cost: float | None, paid: float | None, **others: Any
) -> dict[str, Any]:
    fill = {"source": "synpuf", "bene_id": bene, "ndc": ndc, "ndc9": ndc and ndc[:9], "year": year}
    return fill | {"total_cost_usd": _usd(cost), "patient_pay_usd": _usd(paid)} | others


def test_q16_packages_add_up_to_products_people_do_not(frame: Any, values: Any) -> None:
    red = {"drug_name": "RED", "drug_class": "colours"}
    rows = [
        _fill("a", RED_30, 2008, 30, 6, days_supply=30, **red),
        _fill("a", RED_90, 2008, 50, 10, days_supply=90, **red),
        _fill("a", RED_30, 2009, 10, 4, **red),  # states no days of supply
        _fill("b", BLUE, 2008, 10, 0, days_supply=10),
        _fill(None, None, 2008, None, None),
    ]
    found = q16_drug_cost(frame(FILLS, rows))
    columns = (
        "group_by group_value group_label fills_n people_n rx_cost_usd rx_cost_usd_mean patient_pay_usd patient_share"
    )
    whole = found.filter("period = 'all'")
    assert (
        values(whole, columns)
        == [
            ("all", "all", None, 5, 2, _usd(100), 20.0, _usd(20), 0.2),
            ("drug_class", "colours", None, 3, 1, _usd(90), 30.0, _usd(20), 20 / 90),
            ("drug_class", "unknown", None, 2, 1, _usd(10), 5.0, _usd(0), 0.0),
            ("ndc", RED_30, "RED", 2, 1, _usd(40), 20.0, _usd(10), 0.25),
            ("ndc", RED_90, "RED", 1, 1, _usd(50), 50.0, _usd(10), 0.2),
            ("ndc", BLUE, None, 1, 1, _usd(10), 10.0, _usd(0), 0.0),
            ("ndc", "unknown", None, 1, 0, None, None, None, None),
            ("ndc9", RED_30[:9], "RED", 3, 1, _usd(90), 30.0, _usd(20), 20 / 90),  # one person, two packages
            ("ndc9", BLUE[:9], None, 1, 1, _usd(10), 10.0, _usd(0), 0.0),
            ("ndc9", "unknown", None, 1, 0, None, None, None, None),
        ]
    )
    assert values(whole.filter("group_by = 'ndc9'"), "group_value supply_days_sum supplied_cost_usd cost_per_day_usd") == [
        (RED_30[:9], 120, _usd(80), 80 / 120), (BLUE[:9], 10, _usd(10), 1.0), ("unknown", None, None, None)
    ]  # fmt: skip
    years = found.filter("group_by = 'all'")
    assert values(years, "period year fills_n people_n") == [
        ("2008", 2008, 4, 2),
        ("2009", 2009, 1, 1),
        ("all", None, 5, 2),
    ]


def test_q16_brand_and_generic_of_fills_that_state_it(frame: Any, values: Any) -> None:
    kinds = [("B", 40), ("G", 10), ("G", 10), ("G", 20), (None, 99)]
    rows = [_fill("a", RED_30, 2015, cost, 0, brand_generic=kind) | {"source": "rif"} for kind, cost in kinds]
    rows += [_fill("a", RED_30, 2008, 5, 0)]
    found = q16_drug_cost(frame(FILLS, rows)).filter("period = 'all' AND group_by = 'all'")
    columns = "source brand_fills_n generic_fills_n brand_cost_usd brand_share generic_dispensing_rate"
    assert values(found, columns) == [("rif", 1, 3, _usd(40), 0.25, 0.75), ("synpuf", 0, 0, None, None, None)]


def _year(bene: str, drugs: int, fills: int, **others: Any) -> dict[str, Any]:
    year = {"source": "synpuf", "bene_id": bene, "year": 2008, "has_beneficiary_year": True}
    return year | {"max_drugs_90d_n": drugs, "fills_n": fills} | others


def _taken(bene: str, ndc9: str, fills: int, covered: int, observed: int, pdc: float | None) -> dict[str, Any]:
    days = {"covered_drug_days": covered, "observed_drug_days": observed, "pdc": pdc}
    return {
        "source": "synpuf",
        "bene_id": bene,
        "year": 2008,
        "ndc9": ndc9,
        "fills_n": fills,
        "drug_name": "RED",
    } | days


YEARS = [
    _year("4 drugs", 4, 6), _year("5 drugs", 5, 5), _year("10 drugs", 10, 10), _year("no fills", 0, 0),
    _year("claims alone", 12, 12, has_beneficiary_year=False),
]  # fmt: skip


def test_q17_people_with_many_drugs_among_those_with_fills(frame: Any, values: Any) -> None:
    found = q17_polypharmacy(frame(YEAR, YEARS), frame(TAKEN, []))
    columns = "group_by people_n fills_n drugs_5_n drugs_10_n drugs_5_share drugs_10_share pdc_n pdc_mean adherent_n"
    assert values(found, columns) == [("all", 3, 21, 2, 1, 2 / 3, 1 / 3, 0, None, 0)]  # 6 + 5 + 10 fills


def test_q17_days_covered_by_product_and_over_all(frame: Any, values: Any) -> None:
    taken = [
        _taken("4 drugs", "000000001", 4, 80, 100, 0.8),  # just adherent
        _taken("4 drugs", "000000002", 2, 0, 50, None),  # no fill states days of supply
        _taken("5 drugs", "000000001", 5, 10, 20, 0.5),
        _taken("claims alone", "000000001", 12, 20, 20, 1.0),
    ]
    found = q17_polypharmacy(frame(YEAR, YEARS), frame(TAKEN, taken))
    columns = "group_by group_value group_label people_n fills_n drugs_5_n drugs_5_share pdc_n pdc_sum pdc_mean"
    assert values(found, columns) == [
        ("all", "all", None, 3, 21, 2, 2 / 3, 2, pytest.approx(1.3), pytest.approx(0.65)),  # 0.8 + 0.5
        ("ndc9", "000000001", "RED", 2, 9, None, None, 2, pytest.approx(1.3), pytest.approx(0.65)),
        ("ndc9", "000000002", "RED", 1, 2, None, None, 0, None, None),
    ]
    columns = "group_value adherent_n adherent_share covered_drug_days observed_drug_days pdc_wtd"
    assert values(found, columns) == [
        ("000000001", 1, 0.5, 90, 120, 0.75),  # pooled: (80 + 10) / (100 + 20)
        ("000000002", 0, None, None, None, None),
        ("all", 1, 0.5, 90, 120, 0.75),
    ]


def test_q17_thresholds_are_options(frame: Any, values: Any) -> None:
    found = q17_polypharmacy(frame(YEAR, YEARS), frame(TAKEN, []), use=DrugUse(many=4, very_many=5))
    assert values(found, "drugs_5_n drugs_10_n") == [(3, 2)]
