"""Checks between tables: orphans, and figures side by side."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from nh_lakehouse.gold.reconciliation import AVERAGES, reconciliation, referential

JUN, SEP, OCT, DEC = (date(2024, month, 1) for month in (6, 9, 10, 12))


@pytest.fixture
def orphans(frame: Any, values: Any) -> Any:
    """`orphans(nh_penalty=[...])`: rows of `ops.referential`; homes 015001 in June, 015002 in October unless given."""

    def run(**tables: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        homes = [{"ccn": "015001", "snapshot_month": JUN}, {"ccn": "015002", "snapshot_month": OCT}]
        given = {"nh_facility_month": homes, **tables}
        frames = [frame(f"silver.{name}", given.get(name, [])) for name in referential.__table__.inputs]
        return values(referential(*frames), "table key period rule rows_n detail")

    return run


def test_the_same_month_decides(orphans: Any) -> None:
    penalties = [{"ccn": ccn, "snapshot_month": month} for ccn in ("015001", "015002") for month in (JUN, OCT)]
    assert orphans(nh_penalty=[*penalties, penalties[1]]) == [
        ("nh_penalty", "015001", "2024-10", "orphan_facility", 2, "not in provider information of 2024-10"),
        ("nh_penalty", "015002", "2024-06", "orphan_facility", 1, "not in provider information of 2024-06"),
    ]


@pytest.mark.parametrize(
    ("month", "compared"),
    [
        (date(2020, 1, 1), "2024-06"), (date(2024, 7, 1), "2024-06"), (date(2024, 8, 1), "2024-06"),
        (SEP, "2024-10"), (DEC, "2024-10"),
    ],
    ids=str,
)  # fmt: skip
def test_else_the_nearest_loaded_month_and_of_two_the_earlier(orphans: Any, month: date, compared: str) -> None:
    (row,) = orphans(nh_penalty=[{"ccn": "019999", "snapshot_month": month}])
    assert row[-1] == f"not in provider information of {compared}"


def test_a_quarter_is_compared_by_its_last_month(orphans: Any) -> None:
    days = [{"ccn": "015002", "quarter": "2024Q2", "work_date": date(2024, 4, day)} for day in (1, 2)]
    assert orphans(pbj_daily=days) == [
        ("pbj_daily", "015002", "2024Q2", "days_not_calendar", 2, "2 of 91 days"),
        ("pbj_daily", "015002", "2024Q2", "orphan_facility", 2, "not in provider information of 2024-06"),
    ]


def test_a_quarter_has_the_days_of_the_calendar(orphans: Any) -> None:
    """The first quarter of 2024 has 31 + 29 + 31 days, that of 2023 one less."""
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(91)]
    whole = [{"ccn": "015001", "quarter": "2024Q1", "work_date": day} for day in days]
    part = [{"ccn": "015002", "quarter": "2024Q1", "work_date": day} for day in days[:90]]
    before = [{"ccn": "015002", "quarter": "2023Q1", "work_date": date(2023, 3, 1)}]
    homes = [{"ccn": ccn, "snapshot_month": JUN} for ccn in ("015001", "015002")]
    assert orphans(nh_facility_month=homes, pbj_daily=[*whole, *part, *before]) == [
        ("pbj_daily", "015002", "2023Q1", "days_not_calendar", 1, "1 of 90 days"),
        ("pbj_daily", "015002", "2024Q1", "days_not_calendar", 90, "90 of 91 days"),
    ]


def test_scores_follow_from_the_published_threshold_and_benchmark(orphans: Any) -> None:
    """Rate 0.80212: 90 x 0.00941 / 0.03762 + 5 = 27.5120; from 0.79: 100 x 0.01212 / 0.04033 - 5 = 25.0521."""
    national = [{"fiscal_year": 2024, "achievement_threshold": 0.79271, "benchmark": 0.83033}]
    right = {"baseline_rsrr": 0.21, "performance_rsrr": 0.19788}
    right |= {"achievement": 27.512, "improvement": 25.0521, "performance_score": 27.512}
    rows = {
        "015001": right,
        "015002": right | {"achievement": 27.6, "performance_score": 27.6},
        "015003": right | {"performance_score": 25.0521},
        # no baseline: achievement alone; below the threshold 0, at the benchmark 100, no better than before 0
        "015004": right | {"baseline_rsrr": None, "improvement": None},
        "015005": {"performance_rsrr": 0.21, "achievement": 0.0, "performance_score": 0.0},
        "015006": {"performance_rsrr": 0.16967, "achievement": 100.0, "performance_score": 100.0},
        "015007": {"baseline_rsrr": 0.19, "performance_rsrr": 0.21, "improvement": 0.0, "achievement": 5.0},
        "015008": {},
    }
    vbp = [{"ccn": ccn, "fiscal_year": 2024, **row} for ccn, row in rows.items()]
    vbp += [{"ccn": "015002", "fiscal_year": 2023, **rows["015002"]}]
    homes = [{"ccn": ccn, "snapshot_month": SEP} for ccn in rows]
    found = orphans(nh_facility_month=homes, nh_vbp=vbp, nh_vbp_national=national)
    assert found == [
        ("nh_vbp", "015002", "2024", "score_mismatch", 1, "achievement is 27.600, expected 27.512"),
        ("nh_vbp", "015003", "2024", "score_mismatch", 1, "performance_score is 25.052, expected 27.512"),
        ("nh_vbp", "015007", "2024", "score_mismatch", 1, "achievement is 5.000, expected 0.000"),
    ]


def test_hospitals_are_expected_to_be_absent(orphans: Any) -> None:
    facilities = [{"ccn": ccn, "fiscal_year": 2024} for ccn in ("010001", "01U002", "015999", "015002")]
    swing = {"source": "swing", "ccn": "01Z003", "measure_code": "x", "period": "p", "snapshot_month": OCT}
    found = orphans(nh_vbp=facilities, nh_measure_long=[swing, swing | {"source": "mds", "ccn": "015998"}])
    assert [row[:4] for row in found] == [
        ("nh_measure_long", "015998", "2024-10", "orphan_facility"),
        ("nh_measure_long", "01Z003", "2024-10", "not_in_provider_info"),
        ("nh_vbp", "010001", "2024", "not_in_provider_info"),
        ("nh_vbp", "015999", "2024", "orphan_facility"),
        ("nh_vbp", "01U002", "2024", "not_in_provider_info"),
    ]


def test_nothing_is_reported_without_provider_information(orphans: Any) -> None:
    assert orphans(nh_facility_month=[], nh_penalty=[{"ccn": "015001", "snapshot_month": OCT}]) == []


def test_rows_of_states_name_no_home(orphans: Any) -> None:
    assert orphans(nh_vaccination=[{"state": "US", "snapshot_month": OCT, "as_of_date": OCT}]) == []


def test_tags_that_no_citation_code_explains(orphans: Any) -> None:
    """A tag is its prefix and its number together: K-0880 is not F-0880. Two homes and three citations in October."""
    codes = [{"prefix": p, "number": n, "prefix_and_number": f"{p}-{n}"} for p, n in (("F", "0880"), ("K", "0353"))]
    cited = {"domain": "health", "ccn": "015002", "snapshot_month": OCT, "prefix": "F", "tag": "0880"}
    citations = [
        cited,
        cited | {"tag": "0999"},
        cited | {"tag": "0999", "occurrence_no": 2},
        cited | {"tag": "0999", "ccn": "015001"},
        cited | {"tag": "0999", "snapshot_month": JUN},
        cited | {"domain": "fire", "prefix": "K"},
        cited | {"domain": "fire", "prefix": "K", "tag": "0353"},
        cited | {"prefix": None, "tag": "0998"},
        cited | {"tag": None},
    ]
    assert orphans(nh_citation=citations, nh_citation_code=codes) == [
        ("nh_citation", "F-0999", "2024-06", "orphan_tag", 1, "no such citation code; cited in 1 home"),
        ("nh_citation", "F-0999", "2024-10", "orphan_tag", 3, "no such citation code; cited in 2 homes"),
        ("nh_citation", "K-0880", "2024-10", "orphan_tag", 1, "no such citation code; cited in 1 home"),
    ]
    # Whether homes are known is another matter.
    assert len(orphans(nh_facility_month=[], nh_citation=citations, nh_citation_code=codes)) == 3


def test_no_tag_is_reported_without_citation_codes(orphans: Any) -> None:
    citation = {"domain": "health", "ccn": "015002", "snapshot_month": OCT, "prefix": "F", "tag": "0999"}
    assert orphans(nh_citation=[citation]) == []


def _reconciled(frame: Any, homes: list[Any], penalties: list[Any], averages: list[Any]) -> dict[tuple[Any, ...], Any]:
    given = {"nh_facility_month": homes, "nh_penalty": penalties, "nh_state_month": averages}
    found = reconciliation(
        *[frame(f"silver.{name}", given.get(name, [])) for name in reconciliation.__table__.inputs]
    ).collect()
    rows = {(row["rule"], row["snapshot_month"], row["measure"]): row for row in found}
    assert len(rows) == len(found)
    return rows


def test_fines_of_both_files(frame: Any) -> None:
    homes = [
        {"ccn": "1", "snapshot_month": OCT, "fines_n": 2, "fines_usd": Decimal("100.50"), "denials_n": 1},
        {"ccn": "2", "snapshot_month": OCT, "fines_n": None},
    ]
    penalties = [
        {"ccn": "1", "snapshot_month": OCT, "fine_usd": Decimal("60.25")},
        {"ccn": "1", "snapshot_month": OCT, "denial_days": 3},
        {"ccn": "1", "snapshot_month": JUN, "fine_usd": Decimal(7)},
    ]
    rows = _reconciled(frame, homes, penalties, [])
    sides = {
        k[1:]: (r["left_value"], r["left_n"], r["right_value"], r["right_n"], r["diff"])
        for k, r in rows.items()
        if k[0] == "fines"
    }
    assert sides == {
        (OCT, "fines_n"): (2.0, 1, 1.0, 1, 1.0), (OCT, "fines_usd"): (100.5, 1, 60.25, 1, 40.25),
        (OCT, "denials_n"): (1.0, 1, 1.0, 1, 0.0), (JUN, "fines_n"): (None, None, 1.0, 1, None),
        (JUN, "fines_usd"): (None, None, 7.0, 1, None), (JUN, "denials_n"): (None, None, 0.0, 0, None),
    }  # fmt: skip
    assert rows["fines", OCT, "fines_n"]["diff_pct"] == 100.0


def test_mean_of_homes_beside_the_national_row(frame: Any) -> None:
    homes = [{"ccn": c, "snapshot_month": OCT, "total_hprd": h} for c, h in (("1", 3.0), ("2", 4.0), ("3", None))]
    averages = [
        {"state": "US", "is_national": True, "snapshot_month": OCT, "total_hprd_mean": 4.0},
        {"state": "AL", "is_national": False, "snapshot_month": OCT, "total_hprd_mean": 9.9},
    ]
    rows = _reconciled(frame, homes, [], averages)
    row = rows["facility_mean", OCT, "total_hprd"]
    assert (row["left_value"], row["left_n"], row["right_value"], row["diff"], row["diff_pct"]) == (
        3.5,
        2,
        4.0,
        -0.5,
        -12.5,
    )
    assert {measure for rule, _, measure in rows if rule == "facility_mean"} == set(AVERAGES)
