"""Chains against independent homes: tiny groups of homes, one month for each case."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from nh_lakehouse.gold.bands import ChainCutoffs
from nh_lakehouse.gold.chains import INDEPENDENT, nh_chain_benchmark

OCT, EMPTY, RANKED, UNCHAINED = (date(2024, month, 1) for month in (10, 7, 8, 9))
METRICS, CHAINS = "gold.nh_facility_metrics", "silver.nh_chain"


def _home(ccn: str, chain: str | None, **others: Any) -> dict[str, Any]:
    home = {"ccn": ccn, "snapshot_month": OCT, "state": "AL", "chain_id": chain, "is_chain": chain is not None}
    return home | {"chain_name": chain and f"CHAIN {chain}"} | others


HOMES = [
    _home(
        "1", "7", overall_rating=4, total_hprd=3.0, residents_per_day=60.0, certified_beds=100, bed_utilization=0.6,
        fines_n=2, fines_usd=Decimal("100.50"), rsrr=0.2,
    ),
    _home(
        "2", "7", state="SC", overall_rating=3, total_hprd=5.0, residents_per_day=20.0, certified_beds=20,
        bed_utilization=1.0, fines_n=1, fines_usd=Decimal("50.00"),
    ),
    _home("3", "7", overall_rating=None, total_hprd=None, certified_beds=0),
    _home("4", "8", overall_rating=5),  # a chain of one home
    _home("5", None, overall_rating=2, total_hprd=3.5, fines_n=0, fines_usd=Decimal("0.00"), rsrr=0.25),
    _home("6", None, is_chain=None, overall_rating=5),  # no version in force: neither chain nor independent
]  # fmt: skip


PUBLISHED = [
    {
        "chain_id": "7", "snapshot_month": OCT, "facility_n": 4, "fines_usd": Decimal("151.00"),
        "overall_rating_mean": 3.4,
    },
    {"chain_id": "US", "snapshot_month": OCT, "is_national": True, "facility_n": 9},
]  # fmt: skip


def _pair(chain: str, rating: int | None, hours: float | None) -> list[dict[str, Any]]:
    return [_home(f"{chain}{n}", chain, overall_rating=rating, total_hprd=hours) for n in (1, 2)]


def _in(month: date, homes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [home | {"snapshot_month": month} for home in homes]


RANKS = [
    *_pair("a", 5, 1.0), *_pair("b", 4, 4.0), *_pair("c", 4, 3.0), *_pair("d", 4, 3.0), *_pair("e", 4, None),
    *_pair("f", None, 9.0), _home("5", None, overall_rating=2),
]  # fmt: skip


@pytest.fixture(scope="module")
def of_month(frame: Any) -> Any:
    """`of_month(OCT)`: the rows of that month by chain."""
    unchained = [_home("9", None)]
    homes = [*HOMES, *_in(EMPTY, _pair("7", None, None)), *_in(RANKED, RANKS), *_in(UNCHAINED, unchained)]
    rows = nh_chain_benchmark(frame(METRICS, homes), frame(CHAINS, PUBLISHED)).collect()
    found = {(row["snapshot_month"], row["chain_id"]): row for row in rows}
    assert len(found) == len(rows)
    return lambda month: {chain: row for (of, chain), row in found.items() if of == month}


def test_means_pool_and_sums_of_a_chain(of_month: Any) -> None:
    rows = of_month(OCT)
    assert set(rows) == {"7", INDEPENDENT}  # 8 has one home
    row = rows["7"]
    assert (row["chain_name"], row["is_independent"], row["facility_n"], row["states_n"]) == ("CHAIN 7", False, 3, 2)
    assert (row["overall_rating_mean"], row["overall_rating_n"]) == (3.5, 2)
    assert (row["total_hprd_mean"], row["total_hprd_n"]) == (4.0, 2)
    assert (row["total_hprd_wtd"], row["total_hprd_wtd_n"]) == (3.5, 2)  # (3 x 60 + 5 x 20) / 80
    assert (row["bed_utilization_mean"], row["bed_utilization_n"]) == (0.8, 2)
    assert row["bed_utilization_wtd"] == pytest.approx(80 / 120)
    assert (row["fines_n"], row["fines_mean"], row["fines_mean_n"]) == (3, 1.5, 2)
    assert (row["fines_usd"], row["fines_usd_mean"], row["fines_usd_n"]) == (Decimal("150.50"), 75.25, 2)
    assert (row["rsrr_mean"], row["rsrr_n"]) == (0.2, 1)


def test_no_value_gives_null_not_zero(of_month: Any) -> None:
    row = of_month(EMPTY)["7"]
    assert (row["total_hprd_mean"], row["total_hprd_n"], row["fines_n"], row["fines_usd"]) == (None, 0, None, None)
    assert (row["bed_utilization_wtd"], row["vs_independent_total_hprd_mean"], row["rank"]) == (None, None, None)


def test_difference_from_independent_homes(of_month: Any) -> None:
    rows = of_month(OCT)
    chain, independent = rows["7"], rows[INDEPENDENT]
    assert (independent["facility_n"], independent["overall_rating_mean"], independent["chain_name"]) == (1, 2.0, None)
    assert (chain["vs_independent_overall_rating_mean"], chain["vs_independent_total_hprd_mean"]) == (1.5, 0.5)
    assert chain["vs_independent_rsrr_mean"] == pytest.approx(-0.05)
    assert chain["vs_independent_fines_usd_mean"] == 75.25
    assert chain["vs_independent_bed_utilization_mean"] is None  # of no independent home is it known
    assert (independent["vs_independent_overall_rating_mean"], independent["rank"]) == (None, None)


def test_rank_by_rating_then_hours(of_month: Any) -> None:
    assert {chain: row["rank"] for chain, row in of_month(RANKED).items()} == {
        "a": 1, "b": 2, "c": 3, "d": 3, "e": 5, "f": None, INDEPENDENT: None,
    }  # fmt: skip


def test_published_row_stands_beside(of_month: Any) -> None:
    row = of_month(OCT)["7"]
    assert (row["published_facility_n"], row["abs_diff_facility_n"]) == (4, 1)
    assert (row["published_fines_usd"], row["abs_diff_fines_usd"]) == (Decimal("151.00"), Decimal("0.50"))
    assert row["abs_diff_overall_rating_mean"] == pytest.approx(0.1)
    assert (row["published_total_hprd_mean"], row["abs_diff_total_hprd_mean"]) == (None, None)
    assert of_month(OCT)[INDEPENDENT]["published_facility_n"] is None


def test_published_row_of_another_month_does_not(of_month: Any) -> None:
    row = of_month(EMPTY)["7"]
    assert (row["published_facility_n"], row["abs_diff_facility_n"]) == (None, None)


def test_month_without_any_chain_has_no_row(of_month: Any) -> None:
    assert of_month(UNCHAINED) == {}


def test_smallest_chain_is_an_option(frame: Any) -> None:
    found = nh_chain_benchmark(frame(METRICS, HOMES), frame(CHAINS, []), chains=ChainCutoffs(minimum_homes=1))
    assert {row["chain_id"] for row in found.select("chain_id").collect()} == {"7", "8", INDEPENDENT}
