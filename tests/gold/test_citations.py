"""Citations of a few homes, added up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from pyspark.sql import DataFrame

from nh_lakehouse.gold.citations import is_open, nh_citation_summary

CITATION = "silver.nh_citation"
OCT, NOV = date(2024, 10, 1), date(2024, 11, 1)
FOUND = date(2024, 3, 1)
DATED = "Deficient, Provider has date of correction"
PLAN, NO_PLAN = "Deficient, Provider has plan of correction", "Deficient, Provider has no plan of correction"
PAST, WAIVER = "Past Non-Compliance", "Waiver has been granted"


def _citation(
    ccn: str, level: int | None = 2, corrected_on: date | None = date(2024, 3, 31), **others: Any
) -> dict[str, Any]:
    base = {"domain": "health", "ccn": ccn, "snapshot_month": OCT, "state": "AL", "survey_date": FOUND, "cycle": 1}
    flags = {"immediate_jeopardy": None if level is None else level == 4, "infection": False, "complaint": False}
    text = {"category": "Nutrition", "corrected": DATED, "correction_date": corrected_on, "severity_level": level}
    return base | flags | text | others


@pytest.fixture
def summary(frame: Callable[..., DataFrame]) -> Any:
    """`summary(rows)(level, place, cycle, category, domain)`: that row, or None."""

    def of(rows: list[dict[str, Any]]) -> Any:
        keys = ("level", "ccn", "state", "domain", "snapshot_month", "cycle", "category")
        found = nh_citation_summary(frame(CITATION, rows)).collect()
        assert len({tuple(row[key] for key in keys) for row in found}) == len(found)

        def row(
            level: str, place: str, cycle: str = "all", category: str = "all", domain: str = "health", month: date = OCT
        ) -> Any:
            wanted = (level, place, domain, month, cycle, category)
            for r in found:
                where = r["ccn"] if r["level"] == "home" else r["state"]
                if (r["level"], where, r["domain"], r["snapshot_month"], r["cycle"], r["category"]) == wanted:
                    return r
            return None

        return row

    return of


ROWS = [
    _citation("1", 1, complaint=True, infection=True),
    _citation("1", 2, date(2024, 3, 11)),
    _citation("1", 3, None, category="Rights", cycle=2),
    _citation("2", 4, date(2024, 2, 20), complaint=True, corrected=PAST),
    _citation("3", 2, state="SC"),
    _citation("3", 2, state="SC", domain="fire", category="Smoke"),
]


def test_counts_of_the_nation_are_of_all_citations(summary: Any) -> None:
    row = summary(ROWS)("nation", "US")
    assert (row["ccn"], row["is_national"], row["citations_n"]) == (None, True, 5)
    assert [row[f"severity_{level}_n"] for level in (1, 2, 3, 4)] == [1, 2, 1, 1]
    assert (row["immediate_jeopardy_n"], row["infection_n"], row["complaint_n"], row["open_n"]) == (1, 1, 2, 1)
    # 30, 10, -10 (past non-compliance: corrected before the inspection), 30
    assert (row["days_to_correct_median"], row["days_to_correct_n"]) == ((10 + 30) / 2, 4)


def test_homes_and_states_have_rows_of_their_own(summary: Any) -> None:
    row = summary(ROWS)
    home, state = row("home", "1"), row("state", "AL")
    assert (home["state"], home["is_national"], home["citations_n"], home["open_n"]) == ("AL", False, 3, 1)
    assert (state["ccn"], state["is_national"], state["citations_n"], state["days_to_correct_median"]) == (
        None,
        False,
        4,
        10.0,
    )
    assert row("state", "US") is None


def test_cycle_and_category_say_all_one_by_one(summary: Any) -> None:
    row = summary(ROWS)
    found = {(c, k): row("home", "1", c, k)["citations_n"] for c in ("1", "all") for k in ("Nutrition", "all")}
    assert found == {("1", "Nutrition"): 2, ("1", "all"): 2, ("all", "Nutrition"): 2, ("all", "all"): 3}
    assert row("home", "1", "1", "Rights") is None
    assert row("home", "1", "2", "Rights")["days_to_correct_median"] is None


def test_single_values_add_up_to_all(frame: Any) -> None:
    rows = [r for r in nh_citation_summary(frame(CITATION, ROWS)).collect() if r["level"] == "nation"]
    single = sum(r["citations_n"] for r in rows if r["cycle"] != "all" and r["category"] != "all")
    assert single == sum(r["citations_n"] for r in rows if r["cycle"] == r["category"] == "all") == len(ROWS)


def test_health_and_fire_are_apart(summary: Any) -> None:
    row = summary(ROWS)
    assert row("home", "3", domain="fire")["citations_n"] == 1
    assert row("home", "3", "1", "Smoke", "health") is None
    assert row("nation", "US", domain="fire")["citations_n"] == 1


def test_each_snapshot_stands_alone(summary: Any) -> None:
    row = summary([*ROWS, _citation("1", snapshot_month=NOV)])
    assert (row("nation", "US")["citations_n"], row("nation", "US", month=NOV)["citations_n"]) == (5, 1)


def test_what_is_not_known_counts_in_all_and_as_unknown(summary: Any) -> None:
    unknown = {"cycle": None, "category": None, "infection": None, "complaint": None}
    row = summary([_citation("1", None, state=None, **unknown), _citation("1")])
    home = row("home", "1")
    assert (home["state"], home["citations_n"], home["severity_2_n"]) == ("AL", 2, 1)
    assert (home["immediate_jeopardy_n"], home["infection_n"], home["complaint_n"]) == (0, 0, 0)
    assert row("home", "1", "unknown", "unknown")["citations_n"] == 1
    assert (row("state", "AL")["citations_n"], row("nation", "US")["citations_n"]) == (1, 2)


@pytest.mark.parametrize(
    ("text", "day", "expected"),
    [
        (DATED, OCT, False),
        (DATED, None, True),
        (PLAN, OCT, True),
        (NO_PLAN, None, True),
        (PAST, None, False),
        (f" {PAST.upper()} ", None, False),
        (WAIVER, OCT, False),
        (WAIVER, None, True),
        ("No revisit needed", OCT, False),
        (None, OCT, False),
        (None, None, True),
    ],
)
def test_open_is_what_has_no_date_or_says_so(frame: Any, text: str | None, day: date | None, expected: bool) -> None:
    (row,) = frame(CITATION, [_citation("1", corrected=text, correction_date=day)]).select(is_open()).collect()
    assert row[0] is expected
