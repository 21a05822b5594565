"""Standard scores of a few homes within state and quarter."""

from __future__ import annotations

from math import sqrt
from typing import Any

import pytest

from nh_lakehouse.gold.overtime import pbj_overtime_proxy

QUARTER = "gold.pbj_quarter"


def _home(ccn: str, gap: float | None, share: float | None, **others: Any) -> dict[str, Any]:
    base = {"ccn": ccn, "period": "2024Q2", "state": "AL", "aberrant": False}
    return base | {"weekend_gap_pct": gap, "contract_share": share, **others}


@pytest.fixture
def scores(frame: Any) -> Any:
    """`scores(homes)`: (ccn, quarter) -> row."""
    return lambda homes: {(r["ccn"], r["quarter"]): r for r in pbj_overtime_proxy(frame(QUARTER, homes)).collect()}


def test_proxy_is_the_mean_of_two_standard_scores(scores: Any) -> None:
    rows = scores([_home("1", 10.0, 0.0), _home("2", 20.0, 0.1), _home("3", 30.0, 0.5)])
    # gap: mean 20, deviation 10. share: mean 0.2, squares 0.04 + 0.01 + 0.09 = 0.14, / 2 = 0.07
    first, last = rows["1", "2024Q2"], rows["3", "2024Q2"]
    assert (first["weekend_gap_z"], first["weekend_gap_z_n"]) == (pytest.approx(-1), 3)
    assert (first["contract_share_z"], first["contract_share_z_n"]) == (pytest.approx(-0.2 / sqrt(0.07)), 3)
    assert first["overtime_proxy"] == pytest.approx((-1 - 0.2 / sqrt(0.07)) / 2)
    assert last["overtime_proxy"] == pytest.approx((1 + 0.3 / sqrt(0.07)) / 2)
    assert (last["state"], last["aberrant"], last["weekend_gap_pct"], last["contract_share"]) == (
        "AL",
        False,
        30.0,
        0.5,
    )


def test_states_and_quarters_are_apart(scores: Any) -> None:
    homes = [_home("1", 10.0, 0.1), _home("2", 20.0, 0.2), _home("3", 90.0, 0.9, state="SC")]
    rows = scores([*homes, _home("1", 70.0, 0.7, period="2024Q1")])
    assert rows["2", "2024Q2"]["overtime_proxy"] == pytest.approx((5 / sqrt(50) + 0.05 / sqrt(0.005)) / 2)
    for alone in (("3", "2024Q2"), ("1", "2024Q1")):  # one home has no deviation
        assert (rows[alone]["weekend_gap_z"], rows[alone]["weekend_gap_z_n"]) == (None, 1)
        assert rows[alone]["overtime_proxy"] is None


def test_proxy_needs_both_scores(scores: Any) -> None:
    homes = [_home("1", 10.0, None), _home("2", 20.0, 0.3), _home("3", 30.0, 0.3), _home("4", None, 0.3)]
    rows = scores(homes)
    assert rows["1", "2024Q2"]["weekend_gap_z"] == pytest.approx(-1)
    assert rows["1", "2024Q2"]["contract_share_z_n"] == 3
    assert rows["4", "2024Q2"]["weekend_gap_z"] is None
    # All contract shares are equal: no score, though the homes are three.
    assert [r["contract_share_z"] for r in rows.values()] == [None] * 4
    assert [r["overtime_proxy"] for r in rows.values()] == [None] * 4


def test_aberrant_homes_are_scored_against_the_others(scores: Any) -> None:
    homes = [_home("1", 10.0, 0.1), _home("2", 20.0, 0.2), _home("3", 65.0, 0.15, aberrant=True)]
    rows = scores([*homes, _home("4", None, None, aberrant=None)])
    aberrant = rows["3", "2024Q2"]
    assert (aberrant["aberrant"], aberrant["weekend_gap_z_n"], aberrant["contract_share_z_n"]) == (True, 2, 2)
    assert aberrant["weekend_gap_z"] == pytest.approx((65 - 15) / sqrt(50))
    assert aberrant["contract_share_z"] == pytest.approx(0)
    assert (rows["4", "2024Q2"]["aberrant"], rows["4", "2024Q2"]["overtime_proxy"]) == (None, None)


def test_a_home_without_a_state_is_compared_with_nobody(scores: Any) -> None:
    rows = scores([_home(str(n), 10.0 * n, 0.1 * n, state=None) for n in (1, 2, 3)])
    assert {(r["state"], r["weekend_gap_z"], r["weekend_gap_z_n"], r["overtime_proxy"]) for r in rows.values()} == {
        (None, None, 0, None)
    }


def test_scores_of_close_figures_have_twelve_digits(scores: Any) -> None:
    # Of two homes one is at -1 / sqrt(2), the other at 1 / sqrt(2), however close they are and far from the usual.
    rows = scores([_home("1", 31.4159, 0.2718), _home("2", 31.4159 + 1 / 3, 0.2718 + 1 / 300)])
    for ccn, score in (("1", -1 / sqrt(2)), ("2", 1 / sqrt(2))):
        for name in ("weekend_gap_z", "contract_share_z", "overtime_proxy"):
            assert rows[ccn, "2024Q2"][name] == pytest.approx(score, rel=1e-12)
