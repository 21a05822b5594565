"""Every payroll table against a second engine: oracles/payroll.sql in DuckDB, over random homes.

Thirty homes have three quarters, one of them missing in the middle; five have ten with a few days each, so that slopes
over eight quarters exist. Among their days: no residents, an unknown census, no RN, unknown hours of one job. Wages
begin in 2022, so that older quarters have no cost; one state has its own, some of them earlier than the nation's.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from oracles import assert_table_equals_oracle, columns_without_values, frames_of, oracle_of, sql_of
from payroll_rows import silver_day

from nh_lakehouse.gold.payroll_cost import Pay
from nh_lakehouse.gold.payroll_day import pbj_day, pbj_totals
from nh_lakehouse.gold.payroll_period import pbj_month, pbj_quarter, pbj_state_quarter


class _Priced:
    """A table function with the premium of these tests."""

    def __init__(self, function: Any) -> None:
        self.function, self.__table__ = function, function.__table__

    def __call__(self, *frames: Any) -> Any:
        return self.function(*frames, pay=Pay(contract_premium=PREMIUM))


FUNCTIONS: dict[str, Any] = {f.__name__: f for f in (pbj_day, pbj_totals, pbj_month, pbj_quarter, pbj_state_quarter)}
PRICED = FUNCTIONS | {name: _Priced(FUNCTIONS[name]) for name in ("pbj_month", "pbj_quarter")}
QUARTER_STARTS = (date(2023, 1, 1), date(2023, 7, 1))  # with the last days of 2022; 2023Q2 is missing
USUAL_HOURS = {  # hours per resident of a usual home
    "rndon": 0.1,
    "rnadmin": 0.1,
    "rn_direct": 0.45,
    "lpnadmin": 0.05,
    "lpn_direct": 0.8,
    "cna": 2.0,
    "natrn": 0.05,
    "medaide": 0.1,
}
JOB_NAMES = [job.removesuffix("_direct") for job in USUAL_HOURS]
#: Of the nation in 2022 and 2024, of Rhode Island in 2021 and 2023; directors in Connecticut from 2023 on alone, whose
#: RN have no wage of their own.
WAGES: list[dict[str, Any]] = [
    {"job": job, "state": state, "year": year, "usd_per_hour": Decimal(f"{base + 3 * n}.{25 + n}")}
    for state, year, base in (("US", 2022, 20), ("US", 2024, 22), ("RI", 2021, 24), ("RI", 2023, 26), ("CT", 2023, 30))
    for n, job in enumerate(JOB_NAMES)
    if (state, job) not in (("CT", "rn"), ("US", "medaide"))
]
PREMIUM = 1.25


class _Homes:
    """Rows of the silver tables, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        homes = [f"{n:02d}{self.random.choice(['5', 'A'])}{n:03d}" for n in range(1, 36)]
        state_of = dict(zip(homes, self.random.choices(("RI", "CT", "SC"), k=len(homes)), strict=True)) | {
            homes[0]: None
        }
        level_of = {home: self.random.gauss(1.0, 0.15) for home in homes} | {
            homes[1]: 0.3,
            homes[2]: 2.6,
            homes[3]: 3.6,
        }
        self.tables = {
            "pbj_daily": [
                self.day(home, day, level_of[home], state_of[home])
                for home in homes
                for day in (self.few_days(home) if home in homes[30:] else self.two_quarters())
            ],
            "nh_facility_month": [row for home in homes[:28] for row in self.months(home)],
            "nh_wage": WAGES,
        }

    def two_quarters(self) -> Iterator[date]:
        yield from (date(2022, 12, 20) + timedelta(days=n) for n in range(12))
        for start in QUARTER_STARTS:
            length = self.random.choice([90, 90, 90, 31, 3])
            yield from (start + timedelta(days=n) for n in range(length))

    def few_days(self, home: str) -> Iterator[date]:
        missing = 4 if home.endswith("031") else None
        for number in (n for n in range(10) if n != missing):
            start = date(2021 + number // 4, 1 + 3 * (number % 4), 1)
            yield from (start + timedelta(days=self.random.randint(0, 2) + 3 * n) for n in range(5))

    def day(self, home: str, day: date, level: float, state: str | None) -> dict[str, Any]:
        census = self.random.choices([round(self.random.gauss(40, 6)), 0, None], [0.96, 0.03, 0.01])[0]
        residents = (census or 40) * level
        emp: dict[str, Any] = {
            job: f"{max(0.0, self.random.gauss(hours, 0.3 * hours)) * residents:.2f}"
            for job, hours in USUAL_HOURS.items()
        }
        ctr: dict[str, Any] = {
            job: f"{self.random.random() * hours * residents:.2f}"
            for job, hours in USUAL_HOURS.items()
            if self.random.random() < 0.3
        }
        both: dict[str, Any] = {job: f"{float(emp[job]) + float(ctr.get(job, 0)):.2f}" for job in USUAL_HOURS}
        for part in (emp, ctr, both):
            if self.random.random() < 0.02:
                part[self.random.choice(list(USUAL_HOURS))] = None
        if self.random.random() < 0.1:
            for part in (emp, ctr, both):
                part |= dict.fromkeys(("rndon", "rnadmin"), 0) | {"rn_direct": self.random.choice([0, 0, 5, 8])}
        if self.random.random() < 0.01:
            emp, ctr, both = {}, {}, {}
        return silver_day(home, day, census, emp, ctr, both or None, state=state)

    def months(self, home: str) -> list[dict[str, Any]]:
        loaded = sorted(
            self.random.sample(
                [
                    date(2022, 12, 1),
                    date(2023, 1, 1),
                    date(2023, 3, 1),
                    date(2023, 6, 1),
                    date(2023, 9, 1),
                    date(2024, 10, 1),
                ],
                k=self.random.randint(1, 4),
            )
        )
        return [
            {
                "ccn": home,
                "snapshot_month": month,
                "case_mix_total_hprd": self.random.choice([round(self.random.gauss(3.6, 0.3), 5)] * 9 + [None]),
                "nursing_turnover_pct": self.random.choice([round(self.random.gauss(48, 15), 1)] * 9 + [None]),
            }
            for month in loaded
        ]


@pytest.fixture(scope="module")
def tables(spark: Any) -> dict[str, Any]:
    """Random silver and what the functions make of it, in the order of the graph."""
    return frames_of(spark, _Homes(seed=11).tables, PRICED)


@pytest.fixture(scope="module")
def oracle() -> Any:
    """The same silver in DuckDB, and every table by its SQL."""
    return oracle_of(_Homes(seed=11).tables, sql_of("payroll", premium=PREMIUM))


@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_table_equals_the_sql_of_its_definition(name: str, tables: dict[str, Any], oracle: Any) -> None:
    assert_table_equals_oracle(FUNCTIONS[name], tables[name], oracle, near_zero=lambda _: 1e-13)


def test_the_random_homes_reach_every_column(oracle: Any) -> None:
    # A column that is null in every row would be equal for the wrong reason.
    for name in FUNCTIONS:
        assert columns_without_values(name, oracle) == set(), name
    for name in ("pbj_month", "pbj_quarter", "pbj_state_quarter"):
        without = oracle.execute(f"select count(*) - count(payroll_cost_usd) from {name}").fetchone()[0]
        assert without > 0, name
    assert oracle.execute("select count(*) from pbj_quarter where aberrant").fetchone()[0] >= 3
    assert (
        oracle.execute("select count(distinct no_rn_day) + count(distinct rn_below_8h) from pbj_day").fetchone()[0] == 4
    )
