"""Keys of the claims star, and the version of a patient on a day."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

import pytest
from pyspark.sql import functions as F

from nh_lakehouse.gold.claims_keys import date_key, diagnosis_key, patient_key, provider_key, with_patient_key

PATIENT = "gold.dim_patient"


def _bits(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:15], 16)


def test_a_key_is_the_first_sixty_bits_of_the_hash_of_its_parts(spark: Any) -> None:
    row = spark.range(1).selectExpr("'rif' AS source", "'-10' AS bene_id", "DATE'2008-01-01' AS first", "'N' AS none")
    found = row.selectExpr(
        f"{patient_key('first')} AS patient",
        f"""{provider_key("'CCN'", "'220008'")} AS provider""",
        f"""{diagnosis_key("'ICD9'", "'4280'")} AS diagnosis""",
    ).collect()[0]
    assert tuple(found) == (_bits("rif|-10|2008-01-01"), _bits("rif|CCN|220008"), _bits("ICD9|4280"))


def test_a_part_that_is_null_makes_the_unknown_key(spark: Any) -> None:
    row = spark.range(1).selectExpr("'rif' AS source", "cast(NULL AS string) AS bene_id", "cast(NULL AS date) AS day")
    keys = [patient_key("DATE'2008-01-01'"), provider_key("NULL", "'1'"), diagnosis_key("'ICD9'", "NULL")]
    assert tuple(row.selectExpr(*keys, date_key("day")).collect()[0]) == (-1, -1, -1, None)


def test_key_of_a_day(spark: Any) -> None:
    assert spark.range(1).selectExpr(date_key("DATE'2009-02-03'")).collect()[0][0] == 20090203


#: Ann has three versions with a gap before the last, and was closed; Bob has one; Cy none.
VERSIONS = [
    ("Ann", 1, date(2008, 1, 1), date(2009, 1, 1)),
    ("Ann", 2, date(2009, 1, 1), date(2010, 1, 1)),
    ("Ann", 3, date(2011, 1, 1), date(2012, 1, 1)),
    ("Bob", 4, date(2009, 1, 1), None),
]


@pytest.mark.parametrize(
    ("bene_id", "day", "key"),
    [
        pytest.param("Ann", date(2008, 1, 1), 1, id="first-day"),
        pytest.param("Ann", date(2008, 12, 31), 1, id="last-day-of-version"),
        pytest.param("Ann", date(2009, 1, 1), 2, id="first-day-of-next"),
        pytest.param("Ann", date(2010, 6, 1), 2, id="while-absent"),
        pytest.param("Ann", date(2007, 6, 1), 1, id="before-first-version"),
        pytest.param("Ann", date(2015, 6, 1), 3, id="after-closing"),
        pytest.param("Ann", None, 3, id="undated"),
        pytest.param("Bob", date(2008, 6, 1), 4, id="before-only-version"),
        pytest.param("Bob", None, 4, id="undated-one-version"),
        pytest.param("Cy", date(2008, 6, 1), -1, id="no-version"),
        pytest.param(None, date(2008, 6, 1), -1, id="no-person"),
    ],
)
def test_version_of_a_day(spark: Any, frame: Any, bene_id: str | None, day: date | None, key: int) -> None:
    versions = [
        {"source": "rif", "bene_id": b, "patient_key": k, "valid_from": f, "valid_to": t} for b, k, f, t in VERSIONS
    ]
    versions += [{"patient_key": -1, "source": "unknown"}, {**versions[0], "source": "synpuf", "patient_key": 9}]
    rows = spark.createDataFrame([("rif", bene_id, day, 7)], "source string, bene_id string, day date, n int")
    found = with_patient_key(rows, frame(PATIENT, versions), day="day")
    assert found.columns == ["source", "bene_id", "day", "n", "patient_key"]
    assert [tuple(row) for row in found.collect()] == [("rif", bene_id, day, 7, key)]


def test_every_row_comes_once_whatever_the_versions(spark: Any, frame: Any) -> None:
    """Thirty people with one to three versions, and a row on every day that begins one, the day before and after."""
    versions, rows = [], []
    for person in range(30):
        for year in range(2008, 2009 + person % 3):
            first = date(year, 1, 1)
            versions.append(
                {"source": "rif", "bene_id": str(person), "patient_key": person * 10 + year - 2008, "valid_from": first}
            )
            rows += [("rif", str(person), day, year) for day in (date(year - 1, 12, 31), first, date(year, 1, 2))]
    days = spark.createDataFrame(rows, "source string, bene_id string, day date, year int")
    found = with_patient_key(days, frame(PATIENT, versions), day="day")
    expected = F.col("bene_id").cast("bigint") * 10 + F.greatest(F.year("day") - 2008, F.lit(0))
    assert found.count() == len(rows)
    assert found.filter(F.col("patient_key") != expected).count() == 0
