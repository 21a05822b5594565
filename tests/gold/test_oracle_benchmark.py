"""The benchmark of chains and the scorecard of states against a second engine: oracles/benchmark.sql in DuckDB.

The rows are random but typical: missing values, chains of one home, a month before chains were published, a month
without citations, one with health citations alone, citations of homes that are not in provider information.
"""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from oracles import assert_table_equals_oracle, columns_without_values, frames_of, oracle_of, sql_of

from nh_lakehouse.gold.chains import nh_chain_benchmark
from nh_lakehouse.gold.readmission import nh_state_staffing_readmission
from nh_lakehouse.gold.risk import nh_state_risk
from nh_lakehouse.gold.scorecard import nh_state_scorecard

MONTHS = (date(2023, 1, 1), date(2024, 6, 1), date(2024, 10, 1), date(2024, 11, 1))
STATES = ("AL", "CA", "RI", "SC", "TX")
CHAINS = [None] * 5 + ["11", "12", "13", "14", "15"]
FUNCTIONS = {"nh_chain_benchmark": nh_chain_benchmark, "nh_state_scorecard": nh_state_scorecard}
HELPERS = {"nh_state_risk": nh_state_risk, "nh_state_staffing_readmission": nh_state_staffing_readmission}


class _Rows:
    """Rows of the input tables, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        ccns = [f"{n:02d}5{n:03d}" for n in range(1, 121)]
        homes = {ccn: (self.random.choice(STATES), self.random.choice(CHAINS)) for ccn in ccns}
        homes |= {ccns[0]: ("GU", "16"), ccns[1]: ("VT", "17"), ccns[2]: ("CA", "17"), ccns[3]: (None, None)}
        self.tables: dict[str, list[dict[str, Any]]] = {
            "gold.nh_facility_metrics": [
                self.home(ccn, month, state, chain) for ccn, (state, chain) in homes.items() for month in MONTHS
            ],
            "silver.nh_chain": [
                self.published(month) | {"chain_id": chain, "is_national": chain == "US"}
                for month in MONTHS[2:]
                for chain in ("US", "11", "12", "13", "16", "17", "99")
            ],
            "silver.nh_state_month": [
                self.published(month) | {"state": state, "is_national": state == "US"}
                for month in MONTHS[1:3]
                for state in ("US", "AL", "CA", "RI", "SC", "NY")
            ],
            "silver.nh_citation": [
                self.citation(ccn, month, domain, number)
                for month, domain in ((MONTHS[1], "health"), (MONTHS[2], "health"), (MONTHS[2], "fire"))
                for ccn in [*ccns[2:40], "999999"]
                for number in range(self.random.randint(0, 4))
            ],
        }

    def maybe(self, value: Any, share: float = 0.9) -> Any:
        return value if self.random.random() < share else None

    def gauss(self, mean: float, deviation: float, digits: int = 5) -> float:
        return round(max(0.01, self.random.gauss(mean, deviation)), digits)

    def home(self, ccn: str, month: date, state: str | None, chain: str | None) -> dict[str, Any]:
        chain = chain if month >= date(2023, 6, 1) else None
        beds = self.maybe(self.random.choice([0, 15, 60, 120]), 0.95)
        residents = self.maybe(self.gauss((beds or 50) * 0.83, 9, 1))
        fines = self.maybe(self.random.choice([0, 0, 1, 2]), 0.95)
        is_rated = chain != "15"
        return {
            "ccn": ccn,
            "snapshot_month": month,
            "state": state,
            "chain_id": chain,
            "chain_name": f"CHAIN {chain}" if chain else None,
            "is_chain": True if chain else self.maybe(False, 0.97),
            "certified_beds": beds,
            "residents_per_day": residents,
            "bed_utilization": residents / beds if residents is not None and beds else None,
            **{name: self.maybe(self.random.randint(1, 5)) for name in ("health_rating", "qm_rating")},
            "overall_rating": self.maybe(self.random.randint(1, 5)) if is_rated else None,
            "staffing_rating": self.maybe(self.random.randint(1, 5)) if is_rated else None,
            "total_hprd": self.maybe(self.gauss(3.8, 0.6)),
            "rn_hprd": self.maybe(self.gauss(0.65, 0.2)),
            "lpn_hprd": self.maybe(self.gauss(0.85, 0.2)),
            "aide_hprd": self.maybe(self.gauss(2.2, 0.4)),
            "weekend_total_hprd": self.maybe(self.gauss(3.3, 0.6)),
            "nursing_turnover_pct": self.maybe(self.gauss(50, 15, 1)),
            "rn_turnover_pct": self.maybe(self.gauss(45, 15, 1), 0.8),
            "rsrr": self.maybe(self.gauss(0.2, 0.02), 0.7) if month.year == 2024 else None,
            "fines_n": fines,
            "fines_usd": None if fines is None else Decimal(f"{fines * self.gauss(20000, 9000, 2):.2f}"),
            "deficiencies_c1_n": self.maybe(self.random.randint(0, 25)),
            "vaccinated_residents_pct": self.maybe(self.gauss(30, 9, 1)),
            "vaccinated_staff_pct": self.maybe(self.gauss(6, 3, 1), 0.5),
        }

    def published(self, month: date) -> dict[str, Any]:
        """Columns of both published files; each table takes those that it has."""
        return {
            "snapshot_month": month,
            "facility_n": self.random.randint(2, 20),
            "states_n": self.maybe(self.random.randint(1, 5)),
            **{f"{name}_rating_mean": self.gauss(3, 0.5, 1) for name in ("overall", "health", "qm", "staffing")},
            "residents_per_day_mean": self.gauss(80, 9, 1),
            "total_hprd_mean": self.maybe(self.gauss(3.8, 0.1)),
            **{f"{name}_hprd_mean": self.gauss(1, 0.1) for name in ("rn", "lpn", "aide", "weekend_total")},
            "nursing_turnover_pct_mean": self.gauss(50, 5, 1),
            "rn_turnover_pct_mean": self.maybe(self.gauss(45, 5, 1)),
            "fines_n": self.random.randint(0, 30),
            "fines_mean": self.gauss(1.7, 0.5, 1),
            "fines_usd": Decimal(self.random.randint(0, 10**6)),
            "fines_usd_mean": self.gauss(30000, 5000, 2),
            "deficiencies_c1_mean": self.gauss(9, 2, 1),
        }

    def citation(self, ccn: str, month: date, domain: str, number: int) -> dict[str, Any]:
        return {
            "domain": domain,
            "ccn": ccn,
            "snapshot_month": month,
            "survey_date": date(2024, 1, 9),
            "tag": f"{600 + number:04d}",
            "immediate_jeopardy": self.maybe(self.random.random() < 0.2),
        }


@pytest.fixture(scope="module")
def tables(spark: Any) -> dict[str, Any]:
    """The random rows and what the functions make of them."""
    return frames_of(spark, _Rows(seed=11).tables, HELPERS | FUNCTIONS)


@pytest.fixture(scope="module")
def oracle(tables: dict[str, Any]) -> Any:
    """The same rows in DuckDB, and both tables by their SQL; correlations and risks have an oracle of their own."""
    helpers = {name: [row.asDict() for row in tables[name].collect()] for name in HELPERS}
    return oracle_of(_Rows(seed=11).tables | helpers, sql_of("benchmark"))


@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_table_equals_the_sql_of_its_definition(name: str, tables: dict[str, Any], oracle: Any) -> None:
    assert_table_equals_oracle(FUNCTIONS[name], tables[name], oracle)


@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_every_column_has_values_to_compare(name: str, oracle: Any) -> None:
    assert columns_without_values(name, oracle) == set()
