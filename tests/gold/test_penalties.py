"""Fines, denials and payment cuts of a few homes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from nh_lakehouse.gold.penalties import FINE_SETS, nh_fines_summary, nh_low_staffing_fines, nh_penalty_by_staffing_band

JUN, OCT = date(2024, 6, 1), date(2024, 10, 1)
METRICS, PENALTY = "gold.nh_facility_metrics", "silver.nh_penalty"


def _home(ccn: str, **others: Any) -> dict[str, Any]:
    return {"ccn": ccn, "snapshot_month": OCT, "state": "AL", **others}


def test_low_staffing_fines_are_strictly_below_and_above(frame: Any, values: Any) -> None:
    homes = [
        _home("1", total_hprd=3.4, fines_usd=Decimal(500)),
        _home("2", total_hprd=3.5, fines_usd=Decimal(900)),  # not low
        _home("3", total_hprd=3.0, fines_usd=Decimal(0)),  # not fined
        _home("4", total_hprd=2.0, fines_usd=Decimal(700), rsrr=0.2),
        _home("5", total_hprd=None, fines_usd=Decimal(700)),
    ]
    found = nh_low_staffing_fines(frame(METRICS, homes))
    assert values(found, "fines_rank ccn rsrr") == [(1, "4", 0.2), (2, "1", None)]


def _cut(ccn: str, band: str, multiplier: float | None, fines: int | None = 0) -> dict[str, Any]:
    change = None if multiplier is None else round(100 * (multiplier - 1), 9)
    cut = None if change is None else max(0.0, -change)
    others = {"multiplier": multiplier, "payment_change_pct": change, "penalty_pct": cut}
    fined = None if fines is None else Decimal(fines)
    return _home(ccn, staffing_band=band, total_hprd=3.1, rsrr=0.2, fines_usd=fined, **others)


def test_three_means_of_the_payment_cut(frame: Any) -> None:
    homes = [
        _cut("1", "[3.0,3.2)", 0.98, 100),
        _cut("2", "[3.0,3.2)", 1.01, None),
        _cut("3", "[3.0,3.2)", None),
        _cut("4", "<3.0", 0.99),
        _cut("5", "<3.0", 0.97) | {"rsrr": None},  # not matched
    ]
    rows = {row["staffing_band"]: row for row in nh_penalty_by_staffing_band(frame(METRICS, homes)).collect()}
    assert set(rows) == {"<3.0", "[3.0,3.2)", "all"}
    band = rows["[3.0,3.2)"]
    assert (band["facility_n"], band["penalized_n"], band["payment_change_pct_n"], band["penalty_pct_n"]) == (
        3,
        1,
        2,
        2,
    )
    assert band["payment_change_pct_mean"] == pytest.approx((-2 + 1) / 2)
    assert band["penalty_pct_mean"] == pytest.approx((2 + 0) / 2)
    assert band["penalty_pct_mean_penalized"] == pytest.approx(2)
    assert (band["fines_usd"], band["fines_usd_mean"], band["fines_usd_n"], band["fined_n"]) == (
        Decimal(100),
        50.0,
        2,
        1,
    )
    assert (rows["all"]["facility_n"], rows["all"]["penalty_index_pct_doc"]) == (4, pytest.approx(3))


def _fine(
    ccn: str, usd: int, day: date | None = date(2023, 5, 1), month: date = OCT, state: str = "AL"
) -> dict[str, Any]:
    base = {"ccn": ccn, "snapshot_month": month, "state": state, "penalty_date": day}
    return base | {"penalty_type": "Fine", "fine_usd": Decimal(usd)}


def _denial(ccn: str, days: int | None, day: date = date(2024, 5, 1)) -> dict[str, Any]:
    base = {"ccn": ccn, "snapshot_month": OCT, "state": "AL", "penalty_date": day}
    return base | {"penalty_type": "Payment Denial", "denial_days": days}


HOMES = [_home("1", ownership_class="For profit", staffing_band="<3.0"), _home("2", staffing_band="unknown")]
PENALTIES = [
    _fine("1", 100), _fine("1", 300), _fine("1", 800, date(2024, 1, 1)), _fine("2", 50, None),
    _fine("9", 70, state="SC"),
    _denial("1", 10), _denial("2", 21), _denial("2", None),
]  # fmt: skip


@pytest.fixture
def summary(frame: Any) -> Any:
    """`summary(state, owner, band, type, year)`: that row of the summary of HOMES and PENALTIES, or None."""
    found = nh_fines_summary(frame(PENALTY, PENALTIES), frame(METRICS, HOMES)).collect()
    keys = ("state", "ownership_class", "staffing_band", "penalty_type", "year")
    rows = {tuple(row[key] for key in keys): row for row in found}
    assert len(rows) == len(found)
    return lambda *key: rows.get(key)


def test_fines_of_the_nation(summary: Any) -> None:
    row = summary("US", "all", "all", "all", "all")
    assert (row["is_national"], row["events_n"], row["homes_n"], row["fine_usd"]) == (True, 8, 3, Decimal(1320))
    assert (row["fine_usd_mean"], row["fine_usd_n"], row["fine_usd_median"]) == (264.0, 5, 100.0)  # 50 70 100 300 800
    assert (row["denial_days"], row["denial_days_mean"], row["denial_days_n"]) == (31, 15.5, 2)


def test_fines_by_each_class_alone(summary: Any) -> None:
    assert summary("AL", "For profit", "all", "all", "all")["events_n"] == 4
    assert summary("AL", "For profit", "all", "Fine", "all")["fine_usd_median"] == 300.0
    assert summary("AL", "all", "<3.0", "all", "all")["homes_n"] == 1
    assert summary("AL", "all", "all", "Fine", "2023")["fine_usd"] == Decimal(400)
    assert summary("US", "all", "all", "all", "unknown")["events_n"] == 1
    assert summary("AL", "For profit", "<3.0", "Fine", "2023")["events_n"] == 2


def test_a_home_without_provider_information_counts_as_unknown(summary: Any) -> None:
    row = summary("SC", "unknown", "unknown", "Fine", "2023")
    assert (row["events_n"], row["fine_usd"], row["denial_days"], row["denial_days_mean"]) == (
        1,
        Decimal(70),
        None,
        None,
    )
    assert summary("US", "unknown", "all", "all", "all")["events_n"] == 4  # home 9, and home 2 of unknown owner


def test_rows_stand_for_the_documented_combinations_only(summary: Any) -> None:
    assert summary("AL", "For profit", "<3.0", "all", "all") is None
    assert len(FINE_SETS) == 9


def test_each_snapshot_stands_alone(frame: Any, values: Any) -> None:
    found = nh_fines_summary(frame(PENALTY, [_fine("1", 100), _fine("1", 100, month=JUN)]), frame(METRICS, []))
    national = found.filter("state = 'US' and ownership_class = 'all' and staffing_band = 'all' and year = 'all'")
    assert values(national.filter("penalty_type = 'all'"), "snapshot_month events_n") == [(JUN, 1), (OCT, 1)]
