"""Indicators that compare providers with their peers."""

from __future__ import annotations

from math import e, log
from typing import Any

import pytest
from gold.stay_rows import claim, day, usd

from nh_lakehouse.gold.claims_fraud_peers import payment_outlier, upcoding, with_robust_z
from nh_lakehouse.gold.claims_fraud_rules import FraudRules

RULES = FraudRules()
FEW = FraudRules(least_events=2, least_peers=3)


def scores(spark: Any, compared: list[float], least_peers: int = 3, **other: Any) -> list[tuple[Any, ...]]:
    rows = [("rif", other.get("years", {}).get(n, 2009), "all", value) for n, value in enumerate(compared)]
    frame = spark.createDataFrame(rows, schema="source string, year int, peer_group string, compared double")
    found = with_robust_z(frame, least_peers=least_peers).collect()
    return sorted((r.compared, r.peer_n, r.peer_median, r.peer_mad, r.robust_z) for r in found)


def test_score_by_median_and_median_absolute_deviation(spark: Any) -> None:
    found = scores(spark, [1.0, 2.0, 3.0, 4.0, 100.0])
    # median 3; distances 2 1 0 1 97, their median 1
    assert [row[1:4] for row in found] == [(5, 3.0, 1.0)] * 5
    assert [row[4] for row in found] == pytest.approx([-1.349, -0.6745, 0.0, 0.6745, 0.6745 * 97], rel=1e-12)


def test_even_numbers_take_the_mean_of_the_middle_two(spark: Any) -> None:
    found = scores(spark, [1.0, 2.0, 4.0, 9.0])
    # median 3; distances 2 1 1 6, their median 1.5
    assert found[0] == (1.0, 4, 3.0, 1.5, pytest.approx(0.6745 * -2 / 1.5, rel=1e-12))


def test_score_is_null_for_few_peers_and_where_most_are_equal(spark: Any) -> None:
    assert [row[4] for row in scores(spark, [1.0, 2.0])] == [None, None]
    assert [row[3:] for row in scores(spark, [1.0, 1.0, 1.0, 5.0])] == [(0.0, None)] * 4


def test_years_are_compared_apart(spark: Any) -> None:
    found = scores(spark, [1.0, 2.0, 3.0, 1000.0], years={3: 2010})
    assert [(row[0], row[1], row[2]) for row in found] == [
        (1.0, 3, 2.0),
        (2.0, 3, 2.0),
        (3.0, 3, 2.0),
        (1000.0, 1, 1000.0),
    ]


def bills(provider: str, payments: list[float], **other: Any) -> list[dict[str, Any]]:
    billing = {"claim_type": "outpatient", "provider_id": provider, "provider_id_type": "CCN", "year": 2009}
    return [claim(f"{provider}{n}", 1, amount, **{**billing, **other}) for n, amount in enumerate(payments)]


def test_mean_payments_are_compared_by_their_logarithm(frame: Any, values: Any) -> None:
    claims = [
        *bills("A", [e, e]),
        *bills("B", [e**2, e**2]),
        *bills("C", [e**3, e**3]),
        *bills("D", [1, 2 * e**9 - 1]),  # mean e^9
        *bills("E", [5000]),  # a single claim
        *bills("F", [10, -10]),  # mean 0: no logarithm
        *bills("G", [e, e], claim_type="snf"),
        *bills("H", [e, e], provider_id=None),
    ]
    specialty = {"source": "rif", "provider_id_type": "CCN", "specialty": "06"}
    providers = [specialty | {"provider_id": p} for p in "ABCDEF"]
    found = payment_outlier(frame("silver.claim", claims), frame("gold.dim_provider", providers), FEW)
    assert values(found, "subject_id peer_group exposure_n peer_n is_flagged") == [
        ("CCN:A", "outpatient:06", 2, 4, False),
        ("CCN:B", "outpatient:06", 2, 4, False),
        ("CCN:C", "outpatient:06", 2, 4, False),
        ("CCN:D", "outpatient:06", 2, 4, True),
        ("CCN:G", "snf:unknown", 2, 1, None),
    ]
    row = found.where("subject_id = 'CCN:D'").collect()[0]
    mean = float(1 + usd(2 * e**9 - 1)) / 2
    logs = [log(float(usd(e**n))) for n in (1, 2, 3)]
    median = (logs[1] + logs[2]) / 2  # of 1 2 3 9; distances 1.5 0.5 0.5 6.5, their median 1
    mad = (median - logs[0] + (logs[2] - median)) / 2
    assert row["value"] == pytest.approx(mean, rel=1e-12)
    assert (row["peer_median"], row["peer_mad"]) == pytest.approx((median, mad), rel=1e-12)
    assert row["robust_z"] == pytest.approx(0.6745 * (log(mean) - median) / mad, rel=1e-12)  # about 4.4
    assert row["threshold"] == 3.5


def test_outliers_are_flagged_on_both_sides(frame: Any, values: Any) -> None:
    low = bills("L", [0.01, 0.01])
    others = [bill for n in range(5) for bill in bills(f"{n}", [100 + n, 100 + n])]
    found = payment_outlier(frame("silver.claim", [*low, *others]), frame("gold.dim_provider", []), FEW)
    assert values(found.where("is_flagged"), "subject_id peer_group") == [("CCN:L", "outpatient:unknown")]


def visits(npi: str, top: int, n: int, **other: Any) -> list[dict[str, Any]]:
    row = {"source": "rif", "visit_type": "office", "visit_with": npi, "visit_date": day(1)}
    return [row | {"bene_id": f"P{i}", "is_top_level": i < top} | other for i in range(n)]


def test_share_of_top_level_visits_is_flagged_on_the_high_side_alone(frame: Any, values: Any) -> None:
    rows = [
        *visits("low", 0, 10),
        *visits("a", 5, 10),
        *visits("b", 5, 10),
        *visits("c", 51, 100),
        *visits("d", 49, 100),
        *visits("e", 52, 100),
        *visits("high", 10, 10),
        *visits("single", 1, 1),
        *visits("claim:x", 10, 10),
    ]
    found = upcoding(frame("gold.clm_visit", rows), frame("gold.dim_provider", []), FEW)
    # 0 .49 .5 .5 .51 .52 1: median .5, distances .5 .01 0 0 .01 .02 .5, their median .01; 0 and 1 score 33.7 off
    assert values(found, "subject_id value exposure_n is_flagged") == [
        ("NPI:a", 0.5, 10, False),
        ("NPI:b", 0.5, 10, False),
        ("NPI:c", 0.51, 100, False),
        ("NPI:d", 0.49, 100, False),
        ("NPI:e", 0.52, 100, False),
        ("NPI:high", 1.0, 10, True),
        ("NPI:low", 0.0, 10, False),
    ]
    assert values(found, "peer_group peer_n")[0] == ("unknown", 7)


def test_30_events_and_30_peers_are_needed(frame: Any, values: Any) -> None:
    rows = [row for n in range(29) for row in visits(f"{n}", n, 30)] + visits("too few", 29, 29)
    found = upcoding(frame("gold.clm_visit", rows), frame("gold.dim_provider", []), RULES)
    assert values(found.groupBy("peer_n", "is_flagged").count(), "peer_n is_flagged count") == [(29, None, 29)]
    enough = upcoding(frame("gold.clm_visit", [*rows, *visits("30th", 30, 30)]), frame("gold.dim_provider", []), RULES)
    # shares 0/30 to 28/30 and 30/30: nobody is far off
    assert values(enough.groupBy("peer_n", "is_flagged").count(), "peer_n is_flagged count") == [(30, False, 30)]
