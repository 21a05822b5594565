"""Every facility and state table against a second engine: oracles/facility.sql and checks.sql over random homes.

The homes are random but typical: missing values, homes without readmission rate, a state with one home, one with a
few, a fiscal year that lies after the months, penalties of homes that are not in provider information.
"""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from oracles import assert_table_equals_oracle, frames_of, oracle_of, sql_of

from nh_lakehouse.gold.executive import nh_executive_summary
from nh_lakehouse.gold.facility import nh_facility_metrics
from nh_lakehouse.gold.occupancy import nh_occupancy_bands
from nh_lakehouse.gold.penalties import nh_fines_summary, nh_low_staffing_fines, nh_penalty_by_staffing_band
from nh_lakehouse.gold.readmission import nh_readmission_facility, nh_state_staffing_readmission
from nh_lakehouse.gold.reconciliation import reconciliation, referential
from nh_lakehouse.gold.risk import nh_facility_risk, nh_state_risk
from nh_lakehouse.gold.staffing import nh_staffing_by_state_type
from nh_lakehouse.gold.turnover import nh_turnover_bands

MONTHS = (date(2024, 6, 1), date(2024, 10, 1))
STATES = ("AL", "CA", "RI", "SC", "TX")
PROVIDER_TYPES = ("Medicare", "Medicaid", "Medicare and Medicaid")
FUNCTIONS = {
    "nh_facility_metrics": nh_facility_metrics,
    "nh_readmission_facility": nh_readmission_facility,
    "nh_state_staffing_readmission": nh_state_staffing_readmission,
    "nh_state_risk": nh_state_risk,
    "nh_facility_risk": nh_facility_risk,
    "nh_low_staffing_fines": nh_low_staffing_fines,
    "nh_penalty_by_staffing_band": nh_penalty_by_staffing_band,
    "nh_fines_summary": nh_fines_summary,
    "nh_occupancy_bands": nh_occupancy_bands,
    "nh_turnover_bands": nh_turnover_bands,
    "nh_staffing_by_state_type": nh_staffing_by_state_type,
    "nh_executive_summary": nh_executive_summary,
    "referential": referential,
    "reconciliation": reconciliation,
}

#: What the checks between tables read of other domains.
OTHERS = sorted(
    {n for f in (referential, reconciliation) for n in f.__table__.inputs if not n.startswith(("nh_", "pbj_"))}
)

# --- random inputs -------------------------------------------------------------------------------------------------


class _Homes:
    """Rows of the silver tables, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.ccns = [f"{n:02d}{self.random.choice(['5', 'A', '6'])}{n:03d}" for n in range(1, 201)]
        self.state_of = {ccn: self.random.choice(STATES) for ccn in self.ccns[6:]}
        self.state_of |= {self.ccns[0]: "GU"} | dict.fromkeys(self.ccns[1:6], "VT")
        self.tables: dict[str, list[dict[str, Any]]] = {
            "nh_facility": self.versions(),
            "nh_facility_month": [
                self.month(ccn, m) for ccn in self.ccns for m in MONTHS if self.random.random() < 0.97
            ],
            "nh_vbp": [
                self.vbp(ccn, year) for ccn in self.ccns for year in (2023, 2024, 2025) if self.random.random() < 0.8
            ],
            "nh_vbp_national": [
                {"fiscal_year": year, "performance_rate": 0.19 + year / 1e5} | limits
                for year, limits in ((2023, {}), (2024, {"achievement_threshold": 0.79, "benchmark": 0.83}), (2025, {}))
            ],
            "nh_penalty": self.penalties(),
            "nh_state_month": self.state_month(),
            "nh_measure_long": self.measures(),
            "nh_vaccination": self.vaccination(),
            "pbj_daily": self.payroll(),
            "nh_citation": [self.citation(number, month) for month in MONTHS for number in range(60)],
            "nh_citation_code": [
                {"prefix": prefix, "number": f"0{tag}", "prefix_and_number": f"{prefix}-0{tag}"}
                for prefix, tag in (("F", 880), ("F", 881), ("K", 880), ("F", 882))
            ],
            **{name: [] for name in OTHERS},
        }
        for year in (2023, 2024):  # hospitals with swing beds and a home that has closed
            self.tables["nh_vbp"] += [{"fiscal_year": year, "ccn": "01U001"}, {"fiscal_year": year, "ccn": "015999"}]

    def maybe(self, value: Any, share: float = 0.9) -> Any:
        return value if self.random.random() < share else None

    def gauss(self, mean: float, deviation: float, digits: int = 5) -> float:
        return round(max(0.01, self.random.gauss(mean, deviation)), digits)

    def versions(self) -> list[dict[str, Any]]:
        rows = []
        for ccn in self.ccns:
            base = {
                "ccn": ccn,
                "city": "A",
                "provider_type": self.maybe(self.random.choice(PROVIDER_TYPES), 0.97),
                "hospital_based": self.maybe(self.random.random() < 0.2, 0.97),
                "lat": 33.5,
            }
            ends = [date(2021, 1, 1), self.maybe(date(2024, 8, 1), 0.3), None]
            for start, end in [(ends[0], ends[1])] + ([(ends[1], None)] if ends[1] else []):
                chain = self.maybe("c1", 0.6)
                owner = self.random.choice(["For profit", "Non profit", "Government", None])
                rows.append(
                    base
                    | {
                        "valid_from": start,
                        "valid_to": end,
                        "is_current": end is None,
                        "chain_id": chain,
                        "is_chain": chain is not None,
                        "ownership_class": owner,
                    }
                )
        return rows

    def month(self, ccn: str, month: date) -> dict[str, Any]:
        rn, lpn, aide = self.gauss(0.65, 0.2), self.gauss(0.85, 0.2), self.gauss(2.2, 0.5)
        hours = self.maybe(True)
        beds = self.maybe(self.random.choice([0, 15, 60, 100, 120]), 0.95)
        fines = self.maybe(self.random.choice([0, 0, 1, 2]), 0.97)
        denials = self.random.choice([0, 0, 1])
        total = round(rn + lpn + aide, 5)
        return {
            "ccn": ccn,
            "snapshot_month": month,
            "name": f"HOME {ccn[-2:]}",
            "state": self.state_of[ccn],
            "certified_beds": beds,
            "residents_per_day": self.maybe(self.gauss((beds or 50) * 0.83, (beds or 50) * 0.12, 1)),
            "overall_rating": self.maybe(self.random.randint(1, 5)),
            "health_rating": self.maybe(self.random.randint(1, 5)),
            "total_hprd": total if hours else None,
            "rn_hprd": rn if hours else None,
            "lpn_hprd": lpn if hours else None,
            "aide_hprd": aide if hours else None,
            "licensed_hprd": round(rn + lpn, 5) if hours else None,
            "pt_hprd": self.maybe(self.gauss(0.07, 0.02)),
            "weekend_total_hprd": self.maybe(round(total * 0.87, 5)) if hours else None,
            "weekend_rn_hprd": self.maybe(round(rn * 0.7, 5)) if hours else None,
            "adjusted_total_hprd": self.maybe(round(total * self.gauss(1.0, 0.1), 5)) if hours else None,
            "case_mix_total_hprd": self.maybe(self.gauss(3.8, 0.3)),
            "case_mix_index": self.maybe(self.gauss(1.4, 0.1)) if month.month == 10 else None,
            "nursing_turnover_pct": self.maybe(self.random.choice([40.0, 60.0, 75.0, self.gauss(50, 18, 1)])),
            "rn_turnover_pct": self.maybe(self.gauss(45, 18, 1), 0.85),
            "administrators_left_n": self.maybe(self.random.randint(0, 3)),
            "deficiencies_c1_n": self.maybe(self.random.randint(0, 25)),
            "deficiencies_c2_n": self.maybe(self.random.randint(0, 25)),
            "deficiencies_c3_n": self.maybe(self.random.randint(0, 25), 0.7),
            "weighted_score": self.maybe(self.gauss(60, 20, 3)),
            "fines_n": fines,
            "fines_usd": None if fines is None else Decimal(f"{fines * self.gauss(20000, 9000, 2):.2f}"),
            "denials_n": denials,
            "penalties_n": None if fines is None else fines + denials,
        }

    def vbp(self, ccn: str, year: int) -> dict[str, Any]:
        rsrr = self.gauss(0.2, 0.02, 4)  # scores of three decimals: none is half way between two
        achieved = 0.0 if rsrr > 0.21 else 100.0 if rsrr <= 0.17 else 90 * (0.21 - rsrr) / 0.04 + 5
        return {
            "fiscal_year": year,
            "ccn": ccn,
            "baseline_rsrr": self.maybe(self.gauss(0.2, 0.02), 0.8),
            "performance_rsrr": self.maybe(rsrr, 0.95),
            "achievement": self.maybe(achieved if self.random.random() < 0.8 else achieved + 1),
            "improvement": self.maybe(self.gauss(30, 15), 0.3),
            "performance_score": self.maybe(self.gauss(30, 15)),
            "multiplier": self.maybe(self.gauss(0.9915, 0.012, 10), 0.95),
        }

    def penalties(self) -> list[dict[str, Any]]:
        rows = []
        for month in MONTHS:
            for ccn in [*self.ccns, "99A999", "995001"]:
                for number in range(self.random.choice([0, 1, 2, 3])):
                    is_fine = self.random.random() < 0.8
                    rows.append(
                        {
                            "ccn": ccn,
                            "snapshot_month": month,
                            "state": self.state_of.get(ccn, "TX"),
                            "penalty_type": "Fine" if is_fine else "Payment Denial",
                            "penalty_date": self.maybe(
                                date(self.random.choice([2022, 2023, 2024]), 5, 1 + number), 0.98
                            ),
                            "fine_usd": Decimal(f"{self.gauss(20000, 9000, 2):.2f}") if is_fine else None,
                            "denial_days": None if is_fine else self.maybe(self.random.randint(1, 90), 0.9),
                            "occurrence_no": 1,
                        }
                    )
        return rows

    def state_month(self) -> list[dict[str, Any]]:
        national = {"state": "US", "is_national": True, "snapshot_month": MONTHS[1]}
        return [
            national | {"total_hprd_mean": 3.83737, "fines_mean": 1.7, "fines_usd_mean": 37827.0},
            national | {"state": "SC", "is_national": False, "total_hprd_mean": 3.9},
        ]

    def measures(self) -> list[dict[str, Any]]:
        releases = {"claims": (date(2024, 3, 1), date(2024, 10, 1)), "qrp": (date(2024, 4, 1), date(2025, 1, 1))}
        codes = {
            "claims": ["521", "522", "551", "552"],
            "qrp": [
                "S_004_01_PPR_PD_RSRR",
                "S_004_02_PPR_PD_RSRR",
                "S_005_02_DTC_RS_RATE",
                "S_006_01_MSPB_SCORE",
                "S_039_01_HAI_RS_RATE",
                "S_007_02_DRR_OBS_RATE",
            ],
        }
        return [
            {
                "source": source,
                "ccn": ccn,
                "measure_code": code,
                "period": "p",
                "snapshot_month": release,
                "period_end": date(2023, 12, 31),
                "score": self.maybe(self.gauss(20, 5, 6)),
            }
            for source, dates in releases.items()
            for release in dates
            for code in codes[source]
            for ccn in self.ccns[:60]
            if self.random.random() < 0.9
        ] + [
            {
                "source": "swing",
                "ccn": "01U002",
                "measure_code": "S_004_01_PPR_PD_RSRR",
                "period": "p",
                "snapshot_month": MONTHS[1],
                "score": 1.0,
            }
        ]

    def vaccination(self) -> list[dict[str, Any]]:
        rows = [
            {
                "ccn": ccn,
                "snapshot_month": month,
                "as_of_date": month.replace(day=27),
                "residents_pct": self.maybe(self.gauss(25, 9, 1)),
                "staff_pct": self.maybe(self.gauss(6, 3, 1)),
            }
            for month in (date(2024, 5, 1), date(2024, 9, 1), date(2024, 11, 1))
            for ccn in self.ccns[:120]
            if self.random.random() < 0.9
        ]
        return [
            *rows,
            {"state": "US", "snapshot_month": date(2024, 9, 1), "as_of_date": date(2024, 9, 27), "is_national": True},
        ]

    def citation(self, number: int, month: date) -> dict[str, Any]:
        return {
            "domain": "health",
            "ccn": self.random.choice(self.ccns[:9]),
            "snapshot_month": month,
            "survey_date": date(2024, 1, 9),
            "prefix": self.maybe(self.random.choice("FFFK")),
            "tag": self.maybe(f"0{self.random.choice([880, 881, 883, 884])}"),
            "occurrence_no": number,
        }

    def payroll(self) -> list[dict[str, Any]]:
        return [
            {"ccn": ccn, "work_date": date(2024, 5, day), "quarter": "2024Q2", "census": 50}
            for ccn in [*self.ccns[:20], "995002"]
            for day in (1, 2, 3)
        ]


# --- comparison ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tables(spark: Any) -> dict[str, Any]:
    """Random silver and what the functions make of it, in the order of the graph."""
    return frames_of(spark, _Homes(seed=7).tables, FUNCTIONS)


@pytest.fixture(scope="module")
def oracle() -> Any:
    """The same silver in DuckDB, and every table by its SQL."""
    return oracle_of(_Homes(seed=7).tables, sql_of("facility") + sql_of("checks"))


@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_table_equals_the_sql_of_its_definition(name: str, tables: dict[str, Any], oracle: Any) -> None:
    assert_table_equals_oracle(FUNCTIONS[name], tables[name], oracle)
