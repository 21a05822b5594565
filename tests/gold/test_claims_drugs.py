"""Days with a supply at hand, and different drugs within ninety days."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from nh_lakehouse.contracts import load_tables
from nh_lakehouse.gold.claims_drugs import drug_adherence, drug_counts
from nh_lakehouse.pipeline.check_frame import check_columns

FILL, LIST = "silver.drug_event", "silver.clm_ndc"


def _fill(day: date | None, days: int | None = 30, *, product: str = "000000001", **others: Any) -> dict[str, Any]:
    row = {"source": "rif", "bene_id": "A", "service_date": day, "days_supply": days, "ndc": f"{product}01"}
    return {**row, **others, "year": day.year if day else None}


def _adherence(frame: Any, fills: list[Any], listed: Any = ()) -> Any:
    found = drug_adherence(frame(FILL, fills), frame(LIST, listed))
    check_columns("gold.drug_adherence", found, load_tables()["gold.drug_adherence"].columns)
    return found


#: 2009 has 365 days: from 1 December 31 are left, from 1 January all.
COVERED: dict[str, tuple[list[dict[str, Any]], int | None, int]] = {
    "one fill": ([_fill(date(2009, 12, 1), 10)], 10, 31),
    "cut at the end of the year": ([_fill(date(2009, 12, 1), 90)], 31, 31),
    "last day": ([_fill(date(2009, 12, 31), 30)], 1, 1),
    "last day of a leap year": ([_fill(date(2008, 12, 31), 30)], 1, 1),
    "one after the other": ([_fill(date(2009, 12, 1), 10), _fill(date(2009, 12, 11), 10)], 20, 31),
    "overlap counts once": ([_fill(date(2009, 12, 1), 10), _fill(date(2009, 12, 6), 10)], 15, 31),
    "one inside the other": ([_fill(date(2009, 12, 1), 20), _fill(date(2009, 12, 6), 5)], 20, 31),
    "same day": ([_fill(date(2009, 12, 1), 5), _fill(date(2009, 12, 1), 8)], 8, 31),
    "gap": ([_fill(date(2009, 12, 1), 5), _fill(date(2009, 12, 20), 5)], 10, 31),
    "whole year": ([_fill(date(2009, 1, 1), 365)], 365, 365),
    "whole leap year": ([_fill(date(2008, 1, 1), 400)], 366, 366),
    "over the end of a word": ([_fill(date(2009, 2, 20), 90)], 90, 315),
    "first without days": ([_fill(date(2009, 12, 1), None), _fill(date(2009, 12, 11), 10)], 10, 31),
    "no days at all": ([_fill(date(2009, 12, 1), None)], None, 31),
}


def test_days_covered(frame: Any, values: Any) -> None:
    fills = [{**fill, "bene_id": case} for case, (rows, _, _) in COVERED.items() for fill in rows]
    found = values(_adherence(frame, fills), "bene_id covered_drug_days observed_drug_days pdc")
    shares = {case: None if days is None else days / of for case, (_, days, of) in COVERED.items()}
    assert found == sorted((case, days, of, shares[case]) for case, (_, days, of) in COVERED.items())


def test_fills_of_the_year_before_do_not_reach_in(frame: Any, values: Any) -> None:
    fills = [_fill(date(2008, 12, 22), 30), _fill(date(2009, 1, 11), 10)]
    # 22 to 31 December; 11 to 20 January, observed from 11 January on.
    assert values(_adherence(frame, fills), "year covered_drug_days observed_drug_days") == [
        (2008, 10, 10),
        (2009, 10, 355),
    ]


def test_sums_of_a_product(frame: Any, values: Any) -> None:
    cost = {"total_cost_usd": Decimal("10.10"), "patient_pay_usd": None}
    fills = [
        _fill(date(2009, 12, 1), 10, **cost),
        {**_fill(date(2009, 12, 21), 20, **cost), "ndc": "00000000199"},  # another package of the product
        _fill(date(2009, 12, 21), 20, product="000000002"),
        _fill(date(2009, 12, 21), ndc=None),
        _fill(date(2009, 12, 21), bene_id=None),
        _fill(None),
    ]
    found = _adherence(frame, fills, [{"ndc9": "000000001", "drug_name": "X", "drug_class": "Y"}])
    assert values(found, "ndc9 drug_name drug_class fills_n supply_days_sum rx_cost_usd patient_pay_usd") == [
        ("000000001", "X", "Y", 2, 30, Decimal("20.20"), Decimal(0)),
        ("000000002", None, None, 1, 20, Decimal(0), Decimal(0)),
    ]
    first = found.filter("ndc9 = '000000001'")
    assert values(first, "first_fill_date last_fill_date") == [(date(2009, 12, 1), date(2009, 12, 21))]


def test_days_covered_equal_the_union_of_days_of_many_fills(frame: Any, values: Any) -> None:
    """60 people with up to nine fills each, days from a fixed rule; expected from sets of days."""
    fills, expected = [], []
    for person in range(60):
        days: set[date] = set()
        dates = [date(2008, 1, 1) + timedelta((person * 37 + n * n * 53) % 366) for n in range(1 + person % 9)]
        for number, day in enumerate(dates):
            supply = (person * 11 + number * 7) % 60 + 1
            fills.append(_fill(day, supply, bene_id=str(person)))
            days |= {day + timedelta(n) for n in range(supply)}
        expected.append((str(person), len({day for day in days if day.year == 2008})))
    found = values(_adherence(frame, fills), "bene_id covered_drug_days")
    assert found == sorted(expected)


#: Case -> fills of (day, product, 0 = without NDC), and year, different products, most within ninety days.
NINETY: dict[str, tuple[list[tuple[date, int]], list[tuple[int, int, int]]]] = {
    "one": ([(date(2009, 5, 1), 1)], [(2009, 1, 1)]),
    "same product and day": ([(date(2009, 5, 1), 1), (date(2009, 5, 1), 1)], [(2009, 1, 1)]),
    "same day": ([(date(2009, 5, 1), 1), (date(2009, 5, 1), 2)], [(2009, 2, 2)]),
    "89 days later": ([(date(2009, 5, 1), 1), (date(2009, 7, 29), 2)], [(2009, 2, 2)]),
    "90 days later": ([(date(2009, 5, 1), 1), (date(2009, 7, 30), 2)], [(2009, 2, 1)]),
    "refilled": ([(date(2009, 5, 1), 1), (date(2009, 6, 1), 1), (date(2009, 8, 1), 2)], [(2009, 2, 2)]),
    "over new year": (
        [(date(2008, 12, 1), 1), (date(2008, 12, 2), 2), (date(2009, 1, 5), 3)],
        [(2008, 2, 2), (2009, 1, 3)],
    ),
    # a fill without NDC is of no known product: 2009 has none, though 90 days that end in it hold two
    "no product": ([(date(2008, 12, 1), 1), (date(2008, 12, 2), 2), (date(2009, 1, 5), 0)], [(2008, 2, 2)]),
    "one product in two years": ([(date(2008, 12, 1), 1), (date(2009, 1, 5), 1)], [(2008, 1, 1), (2009, 1, 1)]),
}


def test_different_drugs_within_ninety_days(frame: Any, values: Any) -> None:
    rows = [
        _fill(day, product=f"00000000{product}", bene_id=case) | ({} if product else {"ndc": None})
        for case, (fills, _) in NINETY.items()
        for day, product in fills
    ]
    found = values(drug_counts(frame(FILL, rows)), "bene_id year distinct_drugs_n max_drugs_90d_n")
    assert found == sorted((case, *years) for case, (_, expected) in NINETY.items() for years in expected)


def test_ninety_days_of_many_people(frame: Any, values: Any) -> None:
    """80 people with up to 14 fills of 5 products; expected by looking back from each fill."""
    rows, expected = [], []
    for person in range(80):
        fills = [
            (date(2008, 6, 1) + timedelta((person * 29 + n * n * 31) % 500), (person + n * 3) % 5)
            for n in range(1 + person % 14)
        ]
        rows += [_fill(day, product=f"00000000{product}", bene_id=str(person)) for day, product in fills]
        for year in {day.year for day, _ in fills}:
            of_year = [day for day, _ in fills if day.year == year]
            most = max(len({p for d, p in fills if day - timedelta(89) <= d <= day}) for day in of_year)
            expected.append((str(person), year, len({p for d, p in fills if d.year == year}), most))
    found = values(drug_counts(frame(FILL, rows)), "bene_id year distinct_drugs_n max_drugs_90d_n")
    assert found == sorted(expected)
