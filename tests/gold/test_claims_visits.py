"""Emergency and office visits."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from nh_lakehouse.contracts import load_tables
from nh_lakehouse.gold.claims_visits import clm_visit
from nh_lakehouse.pipeline.check_frame import check_columns

LINE = "silver.claim_line"
DAY, NEXT = date(2009, 2, 3), date(2009, 2, 4)


def _line(claim_id: str, hcpcs: str | None, *, claim_type: str = "carrier", **others: Any) -> dict[str, Any]:
    line = {"source": "rif", "claim_type": claim_type, "claim_id": claim_id, "line_no": 1, "bene_id": "A"}
    return {**line, "line_date": DAY, "hcpcs": hcpcs, **others}


@pytest.mark.parametrize(
    ("claim_type", "hcpcs", "revenue", "kind"),
    [
        ("carrier", "99281", None, "ed"),
        ("outpatient", "99285", None, "ed"),
        ("inpatient", "99283", None, "ed"),
        ("carrier", "99280", None, None),
        ("carrier", "99286", None, None),
        ("outpatient", None, "0450", "ed"),
        ("outpatient", "80053", "0459", "ed"),
        ("outpatient", None, "0981", "ed"),
        ("outpatient", None, "0460", None),
        ("inpatient", None, "0450", None),
        ("carrier", "99201", None, "office"),
        ("carrier", "99215", None, "office"),
        ("carrier", "99200", None, None),
        ("carrier", "99217", None, None),
        ("outpatient", "99213", None, None),
        ("carrier", None, None, None),
    ],
)
def test_what_shows_a_visit(
    frame: Any, values: Any, claim_type: str, hcpcs: str | None, revenue: str | None, kind: str | None
) -> None:
    found = clm_visit(frame(LINE, [_line("1", hcpcs, claim_type=claim_type, revenue_center=revenue)]))
    check_columns("gold.clm_visit", found, load_tables()["gold.clm_visit"].columns)
    assert values(found, "visit_type") == ([(kind,)] if kind else [])


def test_an_emergency_visit_counts_once_per_person_and_day(frame: Any, values: Any) -> None:
    lines = [
        _line("20", "99284", claim_type="carrier", specialty="93", place_of_service="23"),
        _line("10", None, claim_type="outpatient", revenue_center="0450"),
        _line("11", "80053", claim_type="outpatient", revenue_center="0450", line_no=2),
        _line("30", "99281", line_date=NEXT),
        _line("10", "99285", claim_type="outpatient", bene_id="B"),
        _line("10", "99285", claim_type="outpatient", source="synpuf"),
    ]
    found = values(
        clm_visit(frame(LINE, lines)),
        "source bene_id visit_date visit_type visit_with claim_type claim_id hcpcs specialty visit_lines_n",
    )
    assert found == [
        ("rif", "A", DAY, "ed", None, "carrier", "20", "99284", "93", 3),
        ("rif", "A", NEXT, "ed", None, "carrier", "30", "99281", None, 1),
        ("rif", "B", DAY, "ed", None, "outpatient", "10", "99285", None, 1),
        ("synpuf", "A", DAY, "ed", None, "outpatient", "10", "99285", None, 1),
    ]


def test_a_visit_known_from_revenue_centres_alone_has_no_hcpcs(frame: Any, values: Any) -> None:
    lines = [_line("10", "80053", claim_type="outpatient", revenue_center="0450")]
    assert values(clm_visit(frame(LINE, lines)), "hcpcs is_top_level") == [(None, None)]


def test_an_office_visit_counts_once_per_provider_and_day(frame: Any, values: Any) -> None:
    lines = [
        _line("1", "99213", performing_npi="7", specialty="11"),
        _line("1", "99215", performing_npi="7", line_no=2, specialty="08"),
        _line("2", "99211", performing_npi="7"),
        _line("3", "99213", performing_npi="8"),
        _line("4", "99213", performing_npi="7", line_date=NEXT),
    ]
    found = clm_visit(frame(LINE, lines))
    assert values(found, "visit_with visit_date claim_id hcpcs is_top_level specialty visit_lines_n") == [
        ("7", DAY, "1", "99215", True, "11", 3),
        ("7", NEXT, "4", "99213", False, None, 1),
        ("8", DAY, "3", "99213", False, None, 1),
    ]


def test_office_lines_without_a_provider_count_once_per_claim_and_day(frame: Any, values: Any) -> None:
    lines = [_line("1", "99213"), _line("1", "99212", line_no=2), _line("2", "99213")]
    assert values(clm_visit(frame(LINE, lines)), "visit_with visit_lines_n") == [("claim:1", 2), ("claim:2", 1)]


def test_lines_without_a_day_or_a_person_make_no_visit(frame: Any) -> None:
    lines = [_line("1", "99213", line_date=None), _line("2", "99213", bene_id=None)]
    assert clm_visit(frame(LINE, lines)).count() == 0


def test_smallest_line_is_told_by_claim_type_claim_and_number(frame: Any, values: Any) -> None:
    """As texts: 12 is below 123, though 12 and a mark might not be; line 9 is below line 10."""
    lines = [
        _line("123", "99281", place_of_service="21"),
        _line("12", "99281", line_no=10, place_of_service="22"),
        _line("12", "99281", line_no=9, place_of_service=None),
        _line("0", "99281", claim_type="outpatient", place_of_service="24"),
    ]
    found = clm_visit(frame(LINE, lines))
    assert values(found, "claim_type claim_id place_of_service") == [("carrier", "12", None)]


def test_year_and_month_are_those_of_the_line(frame: Any, values: Any) -> None:
    lines = [_line("1", "99281", line_date=date(2010, 1, 5), year=2009)]
    assert values(clm_visit(frame(LINE, lines)), "year month") == [(2010, date(2010, 1, 1))]
