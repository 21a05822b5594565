"""Homes by nursing turnover."""

from __future__ import annotations

from datetime import date
from typing import Any

from nh_lakehouse.gold.occupancy import BAND_COLUMNS
from nh_lakehouse.gold.turnover import nh_turnover_bands


def _home(ccn: str, band: str, rating: int | None) -> dict[str, Any]:
    home = {"ccn": ccn, "snapshot_month": date(2024, 10, 1), "state": "AL", "turnover_band": band}
    return home | {"overall_rating": rating, "is_optimal": True, "total_hprd": 3.0 + int(ccn)}


def test_ratings_by_turnover_band(frame: Any, values: Any) -> None:
    homes = [_home("1", ">75", 1), _home("2", ">75", 2), _home("3", "<40", 5), _home("4", "unknown", None)]
    found = nh_turnover_bands(frame("gold.nh_facility_metrics", homes))
    assert set(BAND_COLUMNS) < set(found.columns)
    columns = "turnover_band facility_n overall_rating_mean overall_rating_n hprd_at_optimal"
    expected = [
        ("<40", 1, 5.0, 1, 5.5),
        (">75", 2, 1.5, 2, 5.5),
        ("all", 4, 8 / 3, 3, 5.5),
        ("unknown", 1, None, 0, 5.5),
    ]
    assert values(found.filter("state = 'AL'"), columns) == expected  # 5.5 = mean of 4, 5, 6, 7 in every row
    assert values(found.filter("is_national"), columns) == expected
