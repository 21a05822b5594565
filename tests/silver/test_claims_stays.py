"""Stays and episodes out of claims. Days count from 1 January 2009: day 1 is that day, day 40 is 9 February."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from support import values

from nh_lakehouse.contracts import load_tables
from nh_lakehouse.lakehouse.schema import spark_schema
from nh_lakehouse.pipeline.check_frame import check_columns
from nh_lakehouse.silver.claims_stays import inpatient_stay

Stays = Callable[..., Any]
EPISODE = ("stay_id", "episode_id", "episode_seq", "is_episode_end", "overlaps_other_provider")


def day(number: int) -> date:
    return date(2008, 12, 31) + timedelta(days=number)


def claim(claim_id: str, admit: int | None, discharge: int | None, provider: str | None = "H1", **other: Any) -> dict:
    row = {"source": "rif", "claim_type": "inpatient", "claim_id": claim_id, "bene_id": "P"}
    row |= {"provider_id": provider, "provider_id_type": provider and "CCN", "is_denied": False}
    row |= {"admit_date": admit and day(admit), "discharge_date": discharge and day(discharge)}
    return row | other


@pytest.fixture
def stays(spark: SparkSession) -> Stays:
    """`stays(claim(...), ...)`: the stays of these claims, in any order."""
    columns = load_tables()["silver.claim"].columns

    def make(*claims: dict) -> Any:
        rows = [tuple(row.get(c.name) for c in columns) for row in claims]
        found = inpatient_stay(spark.createDataFrame(rows, schema=spark_schema(columns)))
        check_columns("silver.inpatient_stay", found, load_tables()["silver.inpatient_stay"].columns)
        return found

    return make


def test_length_of_a_stay_is_at_least_one_day(stays: Stays) -> None:
    found = stays(claim("same day", 5, 5), claim("one night", 10, 11), claim("four nights", 20, 24))
    assert values(found, "stay_id", "los_days") == [
        ("inpatient:four nights", 4),
        ("inpatient:one night", 1),
        ("inpatient:same day", 1),
    ]


def test_interim_bills_of_one_provider_make_one_stay(stays: Stays) -> None:
    first = claim("b", 1, 10, payment_usd=Decimal("100.10"), covered_days=9, discharge_status="30")
    touching = claim("a", 10, 15, payment_usd=Decimal("50.20"), covered_days=5, discharge_status="30")
    same_admission = claim("c", 1, 8, payment_usd=Decimal("1.00"))
    inside = claim("d", 3, 4, payment_usd=None, discharge_status="01")
    found = stays(touching, inside, same_admission, first)
    # by admission and discharge: c (1-8), b (1-10), d (3-4), a (10-15); 100.10 + 50.20 + 1.00 = 151.30; 15 - 1 = 14
    columns = "stay_id admit_date discharge_date los_days claims_n claim_ids covered_days payment_usd discharge_status"
    assert values(found, *columns.split()) == [
        ("inpatient:c", day(1), day(15), 14, 4, ["a", "b", "c", "d"], 14, Decimal("151.30"), "30")
    ]


def test_bill_inside_a_long_stay_does_not_end_it(stays: Stays) -> None:
    found = stays(claim("long", 1, 30), claim("short", 2, 3), claim("late", 20, 40))
    assert values(found, "stay_id", "los_days") == [("inpatient:long", 39)]  # the latest discharge, not the last one


def test_next_day_at_the_same_provider_is_a_new_stay_and_a_new_episode(stays: Stays) -> None:
    found = stays(claim("a", 1, 10), claim("b", 11, 12))
    assert values(found, *EPISODE) == [
        ("inpatient:a", "inpatient:a", 1, True, False),
        ("inpatient:b", "inpatient:b", 1, True, False),
    ]


@pytest.mark.parametrize(
    ("admit", "episode", "seq"),
    [(10, "inpatient:a", 2), (11, "inpatient:a", 2), (12, "inpatient:b", 1)],
    ids=["same day", "next day", "two days later"],
)
def test_transfer_is_an_admission_elsewhere_on_the_day_or_the_day_after(
    stays: Stays, admit: int, episode: str, seq: int
) -> None:
    found = stays(claim("a", 1, 10, "H1"), claim("b", admit, 20, "H2"))
    assert values(found, *EPISODE)[1] == ("inpatient:b", episode, seq, True, False)
    assert values(found, *EPISODE)[0] == ("inpatient:a", "inpatient:a", 1, seq == 1, False)


def test_transfers_chain_there_and_back(stays: Stays) -> None:
    found = stays(claim("a", 1, 5, "H1"), claim("b", 5, 9, "H2"), claim("c", 10, 12, "H1"), claim("d", 40, 41, "H2"))
    assert values(found, *EPISODE) == [
        ("inpatient:a", "inpatient:a", 1, False, False),
        ("inpatient:b", "inpatient:a", 2, False, False),
        ("inpatient:c", "inpatient:a", 3, True, False),
        ("inpatient:d", "inpatient:d", 1, True, False),
    ]


def test_overlap_with_another_provider_keeps_both_and_is_flagged(stays: Stays) -> None:
    found = stays(claim("a", 1, 20, "H1"), claim("b", 5, 6, "H2"), claim("c", 19, 30, "H3"), claim("d", 21, 25, "H4"))
    # b and c begin before a ends, d before c ends; none of them is a transfer
    assert values(found, *EPISODE) == [
        ("inpatient:a", "inpatient:a", 1, True, False),
        ("inpatient:b", "inpatient:b", 1, True, True),
        ("inpatient:c", "inpatient:c", 1, True, True),
        ("inpatient:d", "inpatient:d", 1, True, True),
    ]


def test_overlapping_stay_does_not_break_the_chain_of_the_others(stays: Stays) -> None:
    found = stays(claim("a", 1, 20, "H1"), claim("b", 5, 6, "H2"), claim("c", 20, 30, "H2"))
    assert values(found, *EPISODE) == [
        ("inpatient:a", "inpatient:a", 1, False, False),
        ("inpatient:b", "inpatient:b", 1, True, True),
        ("inpatient:c", "inpatient:a", 2, True, False),
    ]


def test_unknown_provider_is_one_provider(stays: Stays) -> None:
    found = stays(claim("a", 1, 5, None), claim("b", 5, 8, None), claim("c", 9, 10, None), claim("d", 11, 12, "H1"))
    # a and b join; c, the day after, is at the same (unknown) one: no transfer; d is elsewhere
    assert values(found, "stay_id", "episode_id", "claims_n") == [
        ("inpatient:a", "inpatient:a", 2),
        ("inpatient:c", "inpatient:c", 1),
        ("inpatient:d", "inpatient:c", 1),
    ]


def test_people_sources_and_settings_stay_apart(stays: Stays) -> None:
    found = stays(
        claim("a", 1, 10),
        claim("b", 5, 12, bene_id="Q"),
        claim("c", 5, 13, source="synpuf"),
        claim("d", 5, 14, claim_type="snf"),
        claim("e", 10, 15, "H2", bene_id="R"),
    )
    assert values(found, "stay_id", "setting", "claims_n", "episode_seq", "overlaps_other_provider") == [
        ("inpatient:a", "inpatient", 1, 1, False),
        ("inpatient:b", "inpatient", 1, 1, False),
        ("inpatient:c", "inpatient", 1, 1, False),
        ("inpatient:e", "inpatient", 1, 1, False),
        ("snf:d", "snf", 1, 1, False),
    ]


def test_many_people_in_one_window_stay_apart(stays: Stays) -> None:
    """200 people in 64 windows, each with one stay of two bills and a transfer."""
    rows = [
        row | {"bene_id": f"P{n}", "claim_id": f"{row['claim_id']}{n}"}
        for n in range(200)
        for row in (claim("a", 1, 10 + n), claim("b", 2, 3), claim("c", 11 + n, 12 + n, "H2"))
    ]
    found = stays(*rows)
    assert values(found.groupBy("claims_n", "episode_seq", "overlaps_other_provider").count(), "*") == [
        (1, 2, False, 200),
        (2, 1, False, 200),
    ]


def test_claims_without_person_or_days_or_of_other_types_make_no_stay(stays: Stays) -> None:
    found = stays(
        claim("no person", 1, 2, bene_id=None),
        claim("no admission", None, 2),
        claim("no discharge", 1, None),
        claim("reversed", 3, 2),
        claim("hospice", 1, 2, claim_type="hospice"),
        claim("sound", 1, 2),
    )
    assert values(found, "stay_id") == [("inpatient:sound",)]


def test_codes_come_from_the_first_or_last_claim(stays: Stays) -> None:
    first = claim("a", 1, 5, discharge_status="30", admission_type="1", drg="100", admit_dx=None, total_charge_usd=None)
    last = claim("b", 5, 9, discharge_status=None, admission_type="3", drg=None, admit_dx="4280", is_denied=True)
    first |= {"primary_dx": None, "dx_code_system": None}
    last |= {"primary_dx": "I500", "dx_code_system": "ICD10", "attending_npi": "N2", "provider_state": "AL"}
    columns = "discharge_status admission_type drg primary_dx dx_code_system admit_dx attending_npi provider_state"
    found = stays(last, first)
    assert values(found, *columns.split()) == [(None, "1", "100", "I500", "ICD10", "4280", "N2", "AL")]
    assert values(found, "is_denied", "total_charge_usd", "year", "month") == [(False, None, 2009, date(2009, 1, 1))]


def test_stay_is_denied_where_all_claims_are(stays: Stays) -> None:
    found = stays(claim("a", 1, 5, is_denied=True), claim("b", 5, 9, is_denied=True))
    assert values(found, "is_denied") == [(True,)]


def test_first_999_claims_of_the_publisher_are_987_stays(stays: Stays, real_data: Path) -> None:
    """Acceptance: 999 claims of 5.632633 days, of which twelve touch or overlap one of the same provider."""
    path = real_data / "synpuf" / "DE1_0_2008_to_2010_Inpatient_Claims_Sample_1_head999.csv"

    def read(text: str) -> date | None:
        return date(int(text[:4]), int(text[4:6]), int(text[6:])) if text else None

    with path.open() as lines:
        claims = [
            claim(row["CLM_ID"], None, None, row["PRVDR_NUM"], source="synpuf", bene_id=row["DESYNPUF_ID"])
            | {"admit_date": read(row["CLM_ADMSN_DT"]), "discharge_date": read(row["NCH_BENE_DSCHRG_DT"])}
            for row in csv.DictReader(lines)
        ]
    nights = [max(1, (c["discharge_date"] - c["admit_date"]).days) for c in claims]
    assert (len(claims), round(sum(nights) / 999, 6)) == (999, 5.632633)
    found = values(stays(*claims), "los_days", "claims_n")
    assert (len(found), sum(n for _, n in found)) == (987, 999)
    assert round(sum(los for los, _ in found) / 987, 6) == 5.661601
