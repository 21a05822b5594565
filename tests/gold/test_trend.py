"""Changes, means and slopes of a few homes over a year with gaps."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from nh_lakehouse.gold.trend import GROUP_METRICS, HOME_METRICS, nh_trend

METRICS = "gold.nh_facility_metrics"


def _month(ccn: str, month: date, state: str | None = "AL", **measures: Any) -> dict[str, Any]:
    return {"ccn": ccn, "snapshot_month": month, "state": state, **measures}


def _months(hours: dict[date, float | None], ccn: str = "1", **measures: Any) -> list[dict[str, Any]]:
    return [_month(ccn, month, total_hprd=value, **measures) for month, value in hours.items()]


@pytest.fixture
def trend(frame: Any) -> Any:
    """`trend(rows, metric, ccn=.., state=..)`: month -> row of that metric."""

    def rows_of(rows: list[dict[str, Any]], metric: str = "total_hprd", **place: Any) -> dict[date, Any]:
        chosen = {"ccn": "1", **place}
        found = [row for row in nh_trend(frame(METRICS, rows)).collect() if row["metric"] == metric]
        rows_of_place = [row for row in found if all(row[name] == value for name, value in chosen.items())]
        return {row["snapshot_month"]: row for row in sorted(rows_of_place, key=lambda row: row["snapshot_month"])}

    return rows_of


JAN, FEB, MAR, APR, MAY = (date(2024, month, 1) for month in range(1, 6))


def test_change_is_to_the_calendar_month_before(trend: Any) -> None:
    rows = trend(_months({date(2023, 12, 1): 4.0, JAN: 3.0, MAR: 3.5, APR: None, MAY: 3.25}))
    assert [(r["value"], r["previous"], r["change"]) for r in rows.values()] == [
        (4.0, None, None),
        (3.0, 4.0, -1.0),  # over the turn of the year
        (3.5, None, None),  # February is not loaded
        (None, 3.5, None),
        (3.25, None, None),  # April has no value
    ]
    assert rows[JAN]["change_pct"] == pytest.approx(100 * (3.0 / 4.0 - 1))


def test_change_pct_is_null_after_zero(trend: Any) -> None:
    rows = trend([_month("1", JAN, fines_usd=Decimal(0)), _month("1", FEB, fines_usd=Decimal(500))], "fines_usd")
    assert (rows[FEB]["change"], rows[FEB]["change_pct"], rows[FEB]["unit"]) == (500.0, None, "usd")


def test_mean_of_three_months_needs_all_three(trend: Any) -> None:
    rows = trend(_months({JAN: 3.0, FEB: 4.0, MAR: 5.0, MAY: 4.0}))
    assert [r["mean_3m"] for r in rows.values()] == [None, None, (3.0 + 4.0 + 5.0) / 3, None]


def test_slope_is_of_the_values_that_are_there(trend: Any) -> None:
    rows = trend(_months({JAN: 3.0, FEB: None, MAR: 4.0, APR: 4.0, MAY: None}))
    assert [(r["slope_12m"], r["slope_12m_n"]) for r in rows.values()][:3] == [(None, 1), (None, 1), (None, 2)]
    # x = 1, 3, 4 about 8/3; y = 3, 4, 4 about 11/3: xy = 10/9 + 1/9 + 4/9 = 15/9, xx = 25/9 + 1/9 + 16/9 = 42/9
    assert (rows[APR]["slope_12m"], rows[APR]["slope_12m_n"]) == (pytest.approx(15 / 42), 3)
    assert (rows[MAY]["slope_12m"], rows[MAY]["slope_12m_n"]) == (pytest.approx(15 / 42), 3)


def test_slope_of_equal_values_is_exactly_zero(trend: Any) -> None:
    rows = trend(_months({JAN: 3.1, FEB: 3.1, MAR: 3.1}))
    assert rows[MAR]["slope_12m"] == 0.0


def test_slope_forgets_what_is_older_than_a_year(trend: Any) -> None:
    years = [date(2023 + n // 12, n % 12 + 1, 1) for n in range(14)]
    rows = trend(_months({month: 100.0 if n < 2 else 3.0 + n / 4 for n, month in enumerate(years)}))
    last = rows[date(2024, 2, 1)]  # March 2023 to February 2024
    assert (last["slope_12m"], last["slope_12m_n"]) == (pytest.approx(1 / 4), 12)
    assert rows[JAN]["slope_12m"] < 0


def test_a_gap_shortens_the_year_by_the_calendar_not_by_rows(trend: Any) -> None:
    rows = trend(_months({date(2023, 1, 1): 9.0, date(2023, 2, 1): 1.0, date(2023, 12, 1): 2.0, JAN: 3.0}))
    # Eleven months before January 2024 is February 2023: x = 0, 10, 11 about 7; y = 1, 2, 3 about 2
    # xy = 7 + 0 + 4 = 11, xx = 49 + 9 + 16 = 74
    assert (rows[JAN]["slope_12m"], rows[JAN]["slope_12m_n"]) == (pytest.approx(11 / 74), 3)


def test_states_and_the_nation_are_means_over_homes(frame: Any) -> None:
    full = {"certified_beds": 100, "residents_per_day": 90.0, "bed_utilization": 0.9}
    small = {"certified_beds": 20, "residents_per_day": 10.0, "bed_utilization": 0.5}
    homes = [
        _month("1", JAN, total_hprd=3.0, **full),
        _month("2", JAN, total_hprd=5.0, **small),
        _month("3", JAN, state="SC", total_hprd=None),
        _month("4", JAN, state=None, total_hprd=7.0),
    ]
    rows = nh_trend(frame(METRICS, homes)).where("ccn is null").collect()
    found = {(r["state"], r["metric"]): (r["level"], r["is_national"], r["value"], r["value_n"]) for r in rows}
    assert found["AL", "total_hprd_mean"] == ("state", False, 4.0, 2)
    assert found["US", "total_hprd_mean"] == ("nation", True, 5.0, 3)  # with the home of no state
    assert found["SC", "total_hprd_mean"] == ("state", False, None, 0)
    assert found["AL", "total_hprd_wtd"] == ("state", False, pytest.approx(320 / 100), 2)
    assert found["US", "bed_utilization_mean"] == ("nation", True, pytest.approx(0.7), 2)
    assert found["US", "bed_utilization_wtd"] == ("nation", True, pytest.approx(100 / 120), 2)


def test_states_have_trends_of_their_own(trend: Any) -> None:
    homes = [*_months({JAN: 3.0, FEB: 3.5}), *_months({JAN: 5.0}, ccn="2")]
    rows = trend(homes, "total_hprd_mean", ccn=None, state="AL")
    assert (rows[FEB]["previous"], rows[FEB]["change"], rows[FEB]["value_n"]) == (4.0, -0.5, 1)


def test_a_home_that_changes_its_state_keeps_its_trend(trend: Any) -> None:
    rows = trend([_month("1", JAN, total_hprd=3.0), _month("1", FEB, state="GA", total_hprd=4.0)])
    assert [(r["state"], r["change"]) for r in rows.values()] == [("AL", None), ("GA", 1.0)]


def test_every_metric_has_a_row_each_month(frame: Any) -> None:
    rows = nh_trend(frame(METRICS, _months({JAN: 3.0, MAR: None}))).collect()
    names = sorted((r["level"], r["metric"]) for r in rows if r["snapshot_month"] == JAN)
    homes = [("home", metric.name) for metric in HOME_METRICS]
    groups = [(level, metric.name) for level in ("state", "nation") for metric in GROUP_METRICS]
    assert names == sorted([*homes, *groups])
    assert len(rows) == 2 * len(names)
    assert {r["value_n"] for r in rows if r["metric"] == "rsrr"} == {0}
