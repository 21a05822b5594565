"""Spending episodes and hospitals compared by them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from gold.stay_rows import claim, day, usd

from nh_lakehouse.contracts import load_tables
from nh_lakehouse.gold.claims_spending import Benchmark, SpendingWindow, mspb_episode, mspb_provider
from nh_lakehouse.pipeline.check_frame import check_columns

YEAR = [date(2008, 12, 1), *[date(2009, month, 1) for month in range(1, 13)]]


def index(episode_id: str, admit: int, discharge: int, **other: Any) -> dict[str, Any]:
    row = {"source": "rif", "episode_id": episode_id, "bene_id": "P", "provider_id": "H1", "provider_id_type": "CCN"}
    return row | {"admit_date": day(admit), "discharge_date": day(discharge), "year": 2009, "is_index": True} | other


@pytest.fixture
def episodes(frame: Any) -> Any:
    """`episodes([index(...)])`: everybody is in fee-for-service from December 2008 to 2009, unless `months` says less."""

    def make(indexes: list[dict], claims: Any = (), months: Any = None, deaths: Any = (), **options: Any) -> Any:
        ffs = {row["bene_id"]: YEAR for row in indexes} if months is None else months
        found = mspb_episode(
            frame("gold.readmission_index", indexes),
            frame("silver.claim", claims),
            frame(
                "silver.clm_enrollment_month",
                [{"source": "rif", "bene_id": b, "month": m, "is_ffs": m in ffs[b]} for b in ffs for m in YEAR],
            ),
            frame("silver.clm_beneficiary", deaths),
            **options,
        )
        check_columns("gold.mspb_episode", found, load_tables()["gold.mspb_episode"].columns)
        return found

    return make


def test_an_index_inside_the_window_of_the_last_opened_one_opens_none(episodes: Any, values: Any) -> None:
    rows = [
        index("a", 10, 12),  # opens: until day 42
        index("b", 30, 35),  # inside, so its own window until day 65 does not count
        index("c", 42, 43),  # the last day of the window
        index("d", 43, 50),  # behind it: opens, until day 80
        index("e", 80, 81),
        index("f", 81, 82),
        index("g", 20, 21, bene_id="Q"),
        index("h", 5, 6, bene_id="Q", is_index=False),
    ]
    columns = "episode_id window_start_date window_end_date"
    assert values(episodes(rows), columns) == [
        ("a", day(7), day(42)),
        ("d", day(40), day(80)),
        ("f", day(78), day(112)),
        ("g", day(17), day(51)),
    ]


def test_of_equal_admissions_the_smaller_episode_opens(episodes: Any, values: Any) -> None:
    assert values(episodes([index("b", 10, 12), index("a", 10, 200)]), "episode_id") == [("a",)]


def test_spending_by_time_and_type_each_claim_once(episodes: Any, values: Any) -> None:
    claims = [
        claim("too early", 6, 1000),
        claim("first day", 7, 1),
        claim("before", 9, 2, claim_type="outpatient"),
        claim("admission", 10, 4, claim_type="inpatient"),
        claim("discharge", 12, 8, claim_type="dme"),
        claim("after", 13, 16, claim_type="snf"),
        claim("adjusted", 13, -0.5, claim_type="hha"),
        claim("last day", 42, 32, claim_type="hospice"),
        claim("unpaid", 42, 0, payment_usd=None),
        claim("too late", 43, 2000),
        claim("undated", None, 4000),
        claim("another's", 20, 8000, bene_id="Q"),
    ]
    found = episodes([index("a", 10, 12), index("n", 100, 101, bene_id="N")], claims)
    # before 1 + 2, during 4 + 8, after 16 - 0.5 + 32
    assert values(found, "episode_id claims_n episode_usd before_usd during_usd after_usd") == [
        ("a", 8, usd(62.5), usd(3), usd(12), usd(47.5)),
        ("n", 0, usd(0), usd(0), usd(0), usd(0)),
    ]
    types = "inpatient outpatient carrier snf hha hospice dme".split()
    amounts = tuple(usd(a) for a in (4, 2, 1, 16, -0.5, 32, 8))
    assert values(found.where("episode_id = 'a'"), " ".join(f"{t}_payment_usd" for t in types)) == [amounts]


def test_every_month_of_the_window_is_fee_for_service(episodes: Any, values: Any) -> None:
    """Admitted on 2 January (window from 30 December), discharged on 10 January: December to February."""
    december, january, february = YEAR[:3]
    months = {
        "all": [december, january, february],
        "died": [december, january],
        "no december": [january, february],
        "no february": [december, january],
        "none": [],
    }
    deaths = [{"source": "rif", "bene_id": "died", "death_date": date(2009, 1, 31), "valid_from": day(1)}]
    found = episodes([index(bene, 2, 10, bene_id=bene) for bene in months], months=months, deaths=deaths)
    assert values(found, "episode_id") == [("all",), ("died",)]


def test_index_outside_of_fee_for_service_closes_no_window(episodes: Any, values: Any) -> None:
    months = {"P": [m for m in YEAR if m >= date(2009, 2, 1)]}
    # a (January) is no candidate; b is admitted 15 days after its discharge
    assert values(episodes([index("a", 20, 25), index("b", 40, 45)], months=months), "episode_id") == [("b",)]


def test_window_is_a_threshold(episodes: Any, values: Any) -> None:
    narrow = SpendingWindow(days_before=0, days_after=1)
    found = episodes([index("a", 10, 12), index("b", 14, 15)], window=narrow)
    assert values(found, "episode_id window_start_date window_end_date") == [
        ("a", day(10), day(13)),
        ("b", day(14), day(16)),
    ]


def hospital(provider: str | None, amount: float, **other: Any) -> dict[str, Any]:
    row = {"source": "rif", "provider_id": provider, "provider_id_type": provider and "CCN", "year": 2009}
    return row | {"episode_id": f"{provider}{amount}", "episode_usd": usd(amount)} | other


def test_hospital_mean_against_the_median_episode(frame: Any, values: Any) -> None:
    rows = [hospital("A", 100), hospital("A", 300), hospital("B", 150), hospital(None, 1000), hospital("C", 200)]
    rows += [hospital("A", 0, year=2010)]
    found = mspb_provider(frame("gold.mspb_episode", rows))
    check_columns("gold.mspb_provider", found, load_tables()["gold.mspb_provider"].columns)
    # 2009: 100 150 200 300 1000, median 200; A (100 + 300) / 2 = 200
    columns = "year provider_id episodes_n episode_usd episode_usd_mean median_episode_usd mspb_ratio mspb_rank"
    assert values(found, columns) == [
        (2009, "A", 2, usd(400), 200.0, 200.0, 1.0, 1),
        (2009, "B", 1, usd(150), 150.0, 200.0, 0.75, 3),
        (2009, "C", 1, usd(200), 200.0, 200.0, 1.0, 1),
        (2010, "A", 1, usd(0), 0.0, 0.0, None, None),
    ]


def test_benchmark_takes_the_place_of_the_median(frame: Any, values: Any) -> None:
    found = mspb_provider(frame("gold.mspb_episode", [hospital("A", 100)]), benchmark=Benchmark(benchmark_usd=400))
    assert values(found, "median_episode_usd mspb_ratio") == [(400.0, 0.25)]
