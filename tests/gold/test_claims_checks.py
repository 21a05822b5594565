"""Checks between tables of claims by hand arithmetic: people in no file, services after death, figures of two files."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from nh_lakehouse.gold.reconciliation import reconciliation, referential

SYN, RIF = {"source": "synpuf"}, {"source": "rif"}


def claim(bene: str | None, day: date | None, **values: Any) -> dict[str, Any]:
    """A carrier claim of SynPUF, or what is given."""
    year = day and day.year
    return {**SYN, "claim_type": "carrier", "bene_id": bene, "from_date": day, "year": year} | values


def fill(bene: str, day: date, **values: Any) -> dict[str, Any]:
    """A fill of SynPUF, or what is given."""
    return {**SYN, "bene_id": bene, "service_date": day, "year": day.year} | values


REFERENTIAL = "table key period rule rows_n detail"


def test_people_in_no_beneficiary_file_are_told_by_table_and_year(checked: Any) -> None:
    people = [{**SYN, "bene_id": "A"}, {**SYN, "bene_id": "A", "valid_from": date(2009, 1, 1)}, {**RIF, "bene_id": "X"}]
    claims = [
        claim("A", date(2008, 5, 1)),
        claim("X", date(2008, 5, 1)),  # a person of the other source
        claim("X", date(2008, 6, 1)),
        claim("X", date(2009, 1, 1)),
        claim("X", None),  # segment 2 alone has no date
        claim("X", date(2008, 6, 1), **RIF),
        claim(None, date(2008, 6, 1)),
    ]
    found = checked(
        referential, REFERENTIAL, clm_beneficiary=people, claim=claims, drug_event=[fill("Y", date(2008, 1, 1))]
    )
    unknown = ("orphan_beneficiary", 1, "in no beneficiary file")
    assert found == [
        ("claim", "synpuf:X", None, *unknown),
        ("claim", "synpuf:X", "2008", "orphan_beneficiary", 2, "in no beneficiary file"),
        ("claim", "synpuf:X", "2009", *unknown),
        ("drug_event", "synpuf:Y", "2008", *unknown),
    ]


def test_nothing_is_told_of_a_source_without_beneficiary_files(checked: Any) -> None:
    claims = [claim("A", date(2008, 5, 1)), claim("-1", date(2016, 5, 1), **RIF)]
    assert checked(referential, "key", claim=claims) == []
    assert checked(referential, "key", claim=claims, clm_beneficiary=[{**RIF, "bene_id": "-9"}]) == [("rif:-1",)]


def test_claims_after_the_day_of_death_and_fills_after_the_day_behind_it(checked: Any) -> None:
    """Dead on 10 March: a claim of 10 March and a fill of 11 March are none, 11 and 12 March are 1 and 2 days late."""
    died = [{**RIF, "bene_id": "A", "death_date": date(2018, 3, 10), "valid_from": date(y, 1, 1)} for y in (2018, 2019)]
    claims = [claim("A", date(2018, 3, day), **RIF) for day in (9, 10, 11)]
    claims += [claim("A", date(2019, 3, 10), **RIF), claim("A", None, **RIF)]
    fills = [fill("A", date(2018, 3, day), **RIF) for day in (10, 11, 12, 13)] + [fill("B", date(2019, 1, 1), **RIF)]
    people = [*died, {**RIF, "bene_id": "B"}]
    found = checked(referential, REFERENTIAL, clm_beneficiary=people, claim=claims, drug_event=fills)
    assert found == [
        ("claim", "rif:A", "2018", "service_after_death", 1, "up to 1 day after death"),
        ("claim", "rif:A", "2019", "service_after_death", 1, "up to 365 days after death"),
        ("drug_event", "rif:A", "2018", "service_after_death", 2, "up to 3 days after death"),
    ]


def test_of_a_death_whose_month_alone_is_known_the_month_is_no_time_after_it(checked: Any) -> None:
    """DE-SynPUF says 1 February 2008 of whoever died in that month, which has 29 days."""
    died = [{**SYN, "bene_id": "A", "death_date": date(2008, 2, 1), "valid_from": date(2008, 1, 1)}]
    claims = [claim("A", day) for day in (date(2008, 2, 2), date(2008, 2, 29), date(2008, 3, 1))]
    fills = [fill("A", day) for day in (date(2008, 3, 1), date(2008, 3, 2))]
    found = checked(referential, REFERENTIAL, clm_beneficiary=died, claim=claims, drug_event=fills)
    assert found == [
        ("claim", "synpuf:A", "2008", "service_after_death", 1, "up to 1 day after death"),
        ("drug_event", "synpuf:A", "2008", "service_after_death", 1, "up to 2 days after death"),
    ]


RECONCILED = "rule snapshot_month measure left_table left_value left_n right_table right_value right_n diff diff_pct"


def test_payments_of_a_year_stand_beside_what_the_beneficiary_files_state(checked: Any) -> None:
    """2008: 100 - 20 + 0.50 = 80.50 of three claims against 60 + 40 = 100; nobody has an outpatient claim."""
    stated = {"ip_reimbursed_usd": Decimal(60), "op_reimbursed_usd": Decimal(7), "car_reimbursed_usd": None}
    people = [
        {**SYN, "bene_id": "A", "year": 2008, **stated},
        {
            **SYN,
            "bene_id": "B",
            "year": 2008,
            **stated,
            "ip_reimbursed_usd": Decimal(40),
            "op_reimbursed_usd": Decimal(0),
        },
        {**RIF, "bene_id": "C", "year": 2008},
    ]
    day = date(2008, 5, 1)
    paid = [("A", "100.00"), ("A", "-20.00"), ("B", "0.50"), ("B", None), ("Z", "1000.00")]
    claims = [claim(b, day, claim_type="inpatient", payment_usd=p and Decimal(p)) for b, p in paid]
    claims += [
        claim("A", date(2009, 5, 1), claim_type="inpatient", payment_usd=Decimal(9)),
        claim("A", None, claim_type="outpatient", payment_usd=Decimal(9)),
        claim("C", day, claim_type="inpatient", payment_usd=Decimal(9), **RIF),
    ]
    new_year = date(2008, 1, 1)
    assert checked(reconciliation, RECONCILED, claim=claims, clm_beneficiary_year=people) == [
        (
            "synpuf_year",
            new_year,
            "inpatient_payment_usd",
            "claim",
            80.5,
            4,
            "clm_beneficiary_year",
            100.0,
            2,
            -19.5,
            -19.5,
        ),
        (
            "synpuf_year",
            new_year,
            "outpatient_payment_usd",
            "claim",
            None,
            None,
            "clm_beneficiary_year",
            7.0,
            2,
            None,
            None,
        ),
    ]


def test_claims_stand_beside_the_exporters_counts(checked: Any) -> None:
    """Two people of the summary have one inpatient claim of two; a claim of somebody else is not counted."""
    counts = {"inpatient": (2, 0), "snf": (0, 0), "pde": (1, 1)}
    stated = [
        {**RIF, "bene_id": bene, "claim_type": claim_type, "exported_n": n[place]}
        for claim_type, n in counts.items()
        for place, bene in enumerate("AB")
    ]
    claims = [claim(bene, None, claim_type="inpatient", **RIF) for bene in ("A", "C")]
    claims += [claim("A", None, claim_type="inpatient")]  # of SynPUF
    fills = [fill(bene, date(2016, 1, 1), **RIF) for bene in ("A", "A", "C")]
    found = checked(reconciliation, RECONCILED, claim=claims, drug_event=fills, clm_export_count=stated)
    assert found == [
        ("export_summary", None, "fills_n", "drug_event", 2.0, 2, "clm_export_count", 2.0, 2, 0.0, 0.0),
        ("export_summary", None, "inpatient_claims_n", "claim", 1.0, 1, "clm_export_count", 2.0, 2, -1.0, -50.0),
        ("export_summary", None, "snf_claims_n", "claim", 0.0, 0, "clm_export_count", 0.0, 2, 0.0, None),
    ]
