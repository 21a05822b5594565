"""What paid hours cost, worked out by hand: which wage is in force, and where there is no cost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from payroll_rows import silver_day

from nh_lakehouse.gold.payroll_cost import Pay
from nh_lakehouse.gold.payroll_day import pbj_totals
from nh_lakehouse.gold.payroll_period import pbj_month, pbj_quarter, pbj_state_quarter

MONDAY = date(2023, 5, 1)
NEW_YEAR = date(2024, 1, 1)
Costs = Callable[..., dict[str, tuple[Any, ...]]]


def wage(job: str, state: str, year: int, usd: str | None) -> dict[str, Any]:
    return {"job": job, "state": state, "year": year, "usd_per_hour": None if usd is None else Decimal(usd)}


#: Rhode Island pays aides 20 from 2023 and nothing is known of its RN; US pays RN 40 and aides 18, 45 and 19 in 2024.
WAGES = [
    wage("cna", "RI", 2023, "20.00"), wage("cna", "RI", 2025, "99.00"), wage("rn", "RI", 2023, None),
    wage("cna", "US", 2023, "18.00"), wage("cna", "US", 2024, "19.00"),
    wage("rn", "US", 2022, "40.00"), wage("rn", "US", 2024, "45.00"),
]  # fmt: skip


@pytest.fixture
def costs(frame: Any, values: Any) -> Costs:
    """`costs(days)`: home -> cost and cost per resident day of its one quarter."""

    def run(days: list[Any], wages: list[Any] = WAGES, pay: Pay = Pay(), of: str = "ccn") -> dict[str, Any]:
        totals = pbj_totals(frame("silver.pbj_daily", days))
        inputs = frame("silver.nh_facility_month", []), frame("silver.nh_wage", wages)
        quarters = pbj_quarter(totals, *inputs, pay=pay)
        rows = values(quarters, "ccn payroll_cost_usd cost_per_resident_day_usd")
        if of == "state":
            states = pbj_state_quarter(totals, quarters)
            rows = values(states, "state payroll_cost_usd cost_per_resident_day_usd")
        months = values(pbj_month(totals, *inputs, pay=pay), "ccn payroll_cost_usd cost_per_resident_day_usd")
        if of == "month":
            return {f"{ccn} {n}": tuple(rest) for n, (ccn, *rest) in enumerate(months)}
        assert of == "state" or months == rows  # every home of these tests has days of one month
        return {name: tuple(rest) for name, *rest in rows}

    return run


def test_hours_by_job_times_the_wage_of_state_and_year(costs: Costs) -> None:
    days = [
        silver_day("own and nation", MONDAY, 10, {"cna": "30.25", "rn_direct": 8}),
        silver_day("nation", MONDAY, 10, {"cna": 10}, state="CT"),
        silver_day("no state", MONDAY, 10, {"cna": 10}, state=None),
        silver_day("earlier year", NEW_YEAR, 10, {"cna": 10, "rn_direct": 2}),
        silver_day("in 2022", date(2022, 5, 2), 10, {"rn_direct": 2}),
    ]
    assert costs(days) == {
        # 30.25 x 20 + 8 x 40 = 605 + 320; over 10 residents.
        "own and nation": (Decimal("925.00"), 92.5),
        "nation": (Decimal("180.00"), 18.0),
        "no state": (Decimal("180.00"), 18.0),
        # In 2024 the state's own of 2023, not the nation's of 2024, and not its own of 2025: 10 x 20 + 2 x 45.
        "earlier year": (Decimal("290.00"), 29.0),
        "in 2022": (Decimal("80.00"), 8.0),
    }


def test_no_cost_without_the_wage_of_a_job_that_has_hours(costs: Costs) -> None:
    days = [
        silver_day("no wage of lpn", MONDAY, 10, {"cna": 30, "lpn_direct": "0.01"}),
        silver_day("no hours of lpn", MONDAY, 10, {"cna": 30, "lpn_direct": 0}),
        silver_day("before all wages", date(2021, 5, 3), 10, {"cna": 30}),
        silver_day("nothing before all wages", date(2021, 5, 3), 10, {}),
        silver_day("nothing", MONDAY, 10, {}),
        silver_day("unknown", MONDAY, 10, {"cna": None}, None, {"cna": None}),
    ]
    assert costs(days) == {
        "no wage of lpn": (None, None),
        "no hours of lpn": (Decimal("600.00"), 60.0),
        "before all wages": (None, None),
        "nothing before all wages": (None, None),
        "nothing": (Decimal("0.00"), 0.0),
        "unknown": (None, None),
    }


def test_no_cost_while_no_wages_are_loaded(costs: Costs) -> None:
    days = [silver_day("home", MONDAY, 10, {"cna": 30}), silver_day("idle", MONDAY, 10, {})]
    assert set(costs(days, wages=[]).values()) == {(None, None)}
    assert set(costs(days, wages=[], of="state").values()) == {(None, None)}


def test_days_without_residents_are_paid_and_days_without_hours_leave_both_sides(costs: Costs) -> None:
    tuesday, wednesday = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
    days = [
        silver_day("home", MONDAY, 10, {"cna": 30}),
        silver_day("home", tuesday, 0, {"cna": 5}),
        silver_day("home", wednesday, 12, {"cna": 40, "natrn": None}, None, {"cna": 40, "natrn": None}),
    ]
    # (30 + 5) x 20 = 700 over the 10 residents of Monday.
    assert costs(days) == {"home": (Decimal("700.00"), 70.0)}


def test_contract_hours_cost_the_premium(costs: Costs) -> None:
    days = [
        silver_day("mixed", MONDAY, 10, {"cna": 10}, {"cna": 4}),
        silver_day("split unknown", MONDAY, 10, {"cna": 10}, {"cna": None}, {"cna": 14}),
    ]
    assert costs(days) == {"mixed": (Decimal("280.00"), 28.0), "split unknown": (Decimal("280.00"), 28.0)}
    # 10 x 20 + 4 x 20 x 1.5 = 320; an unknown split is priced as employees.
    assert costs(days, pay=Pay(contract_premium=1.5)) == {
        "mixed": (Decimal("320.00"), 32.0), "split unknown": (Decimal("280.00"), 28.0),
    }  # fmt: skip


def test_cents_are_rounded_once(costs: Costs) -> None:
    days = [silver_day("home", MONDAY + timedelta(days=n), 1, {"cna": "0.33"}) for n in range(3)]
    # 0.99 x 18.55 = 18.3645: of the three days together 18.36, of each rounded alone 3 x 6.12.
    (cost,) = costs(days, wages=[wage("cna", "US", 2023, "18.55")]).values()
    assert cost[0] == Decimal("18.36")


def test_months_of_two_years_have_the_wages_of_theirs(costs: Costs) -> None:
    days = [silver_day("home", day, 10, {"cna": 10}, state="CT") for day in (date(2023, 12, 31), NEW_YEAR)]
    assert costs(days, of="month") == {"home 0": (Decimal("180.00"), 18.0), "home 1": (Decimal("190.00"), 19.0)}


def test_states_and_the_nation_add_up_their_homes(costs: Costs) -> None:
    days = [
        silver_day("one", MONDAY, 10, {"cna": 30}),
        silver_day("two", MONDAY, 30, {"cna": 60}),
        silver_day("unknown", MONDAY, 7, {"cna": None}, None, {"cna": None}),
        silver_day("elsewhere", MONDAY, 10, {"cna": 10}, state="CT"),
    ]
    # 90 x 20 over 40 residents; the nation adds 10 x 18 and 10 residents, each home at its own state's wage.
    assert costs(days, of="state") == {
        "RI": (Decimal("1800.00"), 45.0), "CT": (Decimal("180.00"), 18.0), "US": (Decimal("1980.00"), 1980 / 50),
    }  # fmt: skip
    days.append(silver_day("not priced", MONDAY, 10, {"lpn_direct": 1}, state="CT"))
    found = costs(days, of="state")
    assert (found["RI"][0], found["CT"], found["US"]) == (Decimal("1800.00"), (None, None), (None, None))
