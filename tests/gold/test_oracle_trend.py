"""Trends, citations and the overtime proxy against a second engine: oracles/trend.sql in DuckDB, over random rows.

Forty homes over two years: three months are not loaded, single homes lack some months and values, one home has no
state, one moves, a state has one home. Their citations are of two snapshots; their payroll quarters hold aberrant homes.
"""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from oracles import assert_table_equals_oracle, columns_without_values, frames_of, oracle_of, sql_of

from nh_lakehouse.gold.citations import nh_citation_summary
from nh_lakehouse.gold.overtime import pbj_overtime_proxy
from nh_lakehouse.gold.trend import nh_trend

FUNCTIONS: dict[str, Any] = {f.__name__: f for f in (nh_trend, nh_citation_summary, pbj_overtime_proxy)}
NOT_LOADED = (date(2023, 4, 1), date(2023, 5, 1), date(2024, 6, 1))
MONTHS = [m for n in range(24) if (m := date(2023 + n // 12, n % 12 + 1, 1)) not in NOT_LOADED]
SAID = (
    ["Deficient, Provider has date of correction"] * 12
    + ["Deficient, Provider has plan of correction", "Deficient, Provider has no plan of correction"]
    + ["Past Non-Compliance", "Waiver has been granted", "No revisit needed", None]
)


class _Homes:
    """Rows of the input tables, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        homes = [f"{n:02d}5{n:03d}" for n in range(1, 41)]
        self.state_of: dict[str, str | None] = {home: self.random.choice(("AL", "CA", "RI")) for home in homes}
        self.state_of |= {homes[0]: "GU", homes[1]: None}
        self.tables = {
            "nh_facility_metrics": [
                self.month(home, month, number == 2)
                for number, home in enumerate(homes)
                for month in MONTHS
                if self.random.random() < 0.95
            ],
            "nh_citation": [self.citation(n, month) for month in MONTHS[-2:] for n in range(600)],
            "pbj_quarter": [self.quarter(home, q) for home in homes for q in ("2024Q1", "2024Q2")],
        }

    def maybe(self, value: Any, share: float = 0.92) -> Any:
        return value if self.random.random() < share else None

    def gauss(self, mean: float, deviation: float, digits: int = 5) -> float:
        return round(max(0.01, self.random.gauss(mean, deviation)), digits)

    def month(self, ccn: str, month: date, moves: bool) -> dict[str, Any]:
        beds = self.maybe(self.random.choice([0, 40, 60, 100, 120]))
        residents = self.maybe(self.gauss(0.8 * (beds or 50), 8, 1))
        hours = self.gauss(3.6, 0.5)
        return {
            "ccn": ccn,
            "snapshot_month": month,
            "state": "CA" if moves and month.year == 2024 else self.state_of[ccn],
            "certified_beds": beds,
            "residents_per_day": residents,
            "bed_utilization": residents / beds if beds and residents else None,
            "overall_rating": self.maybe(self.random.randint(1, 5)),
            "total_hprd": self.maybe(hours),
            "rn_hprd": self.maybe(self.gauss(0.6, 0.1)),
            "weekend_total_hprd": self.maybe(round(hours * 0.87, 5)),
            "nursing_turnover_pct": self.maybe(self.gauss(48, 12, 1)),
            "fines_usd": self.maybe(Decimal(f"{self.random.choice([0, 0, self.gauss(20000, 9000, 2)]):.2f}")),
            "deficiencies_c1_n": self.maybe(self.random.randint(0, 25)),
            "rsrr": self.maybe(self.gauss(0.2, 0.02), 0.6),
        }

    def citation(self, number: int, month: date) -> dict[str, Any]:
        ccn = self.random.choice(list(self.state_of))
        letter = self.random.choice([*"ABCDDDDDEEEEFFGHIJKLM"])
        place = "ABCDEFGHIJKL".find(letter)
        found = date(2023, 1, 1) + timedelta(days=self.random.randint(0, 600))
        days = self.random.randint(-30, 60)
        return {
            "domain": self.random.choice(("health", "health", "fire")),
            "ccn": ccn,
            "snapshot_month": month,
            "survey_date": found,
            "prefix": "F",
            "tag": f"{number:04d}",
            "scope_severity": letter,
            "occurrence_no": 1,
            "state": self.state_of[ccn],
            "category": self.maybe(self.random.choice(["Nutrition", "Rights", "Smoke"]), 0.97),
            "severity_level": place // 3 + 1 if place >= 0 else None,
            "immediate_jeopardy": place >= 9 if place >= 0 else None,
            "complaint": self.maybe(self.random.random() < 0.3),
            "infection": self.maybe(self.random.random() < 0.1),
            "corrected": self.random.choice(SAID),
            "correction_date": self.maybe(found + timedelta(days=days), 0.9),
            "cycle": self.maybe(self.random.randint(1, 3), 0.98),
        }

    def quarter(self, ccn: str, period: str) -> dict[str, Any]:
        return {
            "ccn": ccn,
            "period": period,
            "state": self.state_of[ccn],
            "aberrant": self.random.choice([False] * 10 + [True, None]),
            "weekend_gap_pct": self.maybe(self.random.gauss(13, 8)),
            "contract_share": self.maybe(max(0.0, self.random.gauss(0.06, 0.08))),
        }


@pytest.fixture(scope="module")
def tables(spark: Any) -> dict[str, Any]:
    """Random rows and what the functions make of them."""
    return frames_of(spark, _Homes(seed=3).tables, FUNCTIONS)


@pytest.fixture(scope="module")
def oracle() -> Any:
    """The same rows in DuckDB, and every table by its SQL."""
    return oracle_of(_Homes(seed=3).tables, sql_of("trend"))


@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_table_equals_the_sql_of_its_definition(name: str, tables: dict[str, Any], oracle: Any) -> None:
    assert_table_equals_oracle(FUNCTIONS[name], tables[name], oracle)


def test_the_random_rows_reach_every_column(oracle: Any) -> None:
    # A column that is null in every row would be equal for the wrong reason.
    for name in FUNCTIONS:
        assert columns_without_values(name, oracle) == set(), name
    asked = ("min(slope_12m_n) = 0 and max(slope_12m_n) = 12 from nh_trend", "sum(open_n) > 0 from nh_citation_summary")
    assert [oracle.execute(f"select {question}").fetchone()[0] for question in asked] == [True, True]
