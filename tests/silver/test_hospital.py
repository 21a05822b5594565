"""Silver of hospital records: repaired names, and what other rows say of an encounter or a procedure."""

from __future__ import annotations

from datetime import date, datetime, timezone
from typing import Any

import pytest
from oracles import frames_of
from pyspark.sql import SparkSession
from support import values

from nh_lakehouse.ages import age_at
from nh_lakehouse.contracts import load_tables
from nh_lakehouse.pipeline.graph import build_graph
from nh_lakehouse.pipeline.profile import sensitive_columns
from nh_lakehouse.silver.hospital_events import hosp_encounter, hosp_procedure
from nh_lakehouse.silver.hospital_people import hosp_payer
from nh_lakehouse.silver.mojibake import repaired

NAMES = {
    "Ad√°n600": "Adán600",
    "H√† ƒê√¥ng": "Hà Đông",
    "Adán600": "Adán600",  # right as it is
    "Ren√": "Ren√",  # an open sequence: no utf-8
    "Jos√© and é": "Jos√© and é",  # a part alone would be repaired
    "√Ä√é": "ÀÎ",
    "O'Brien": "O'Brien",
}


def test_names_are_repaired_where_the_repair_is_certain(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(raw,) for raw in NAMES], "raw string")
    assert dict(values(frame.selectExpr("raw", f"{repaired('raw')} AS name"), "raw", "name")) == NAMES


def record(number: str, start: str | None, stop: str | None, **other: Any) -> dict[str, Any]:
    times = {"start_at": start and moment(start), "stop_at": stop and moment(stop)}
    row = {"source": "maven", "encounter_id": number, "patient_id": "P", "encounter_class": "inpatient", "dq_flags": []}
    return row | times | other


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def test_encounter_overlaps_follows_death_and_lasts_years(spark: SparkSession) -> None:
    records = [
        record("long", "2013-02-02T09:00", "2018-03-20T11:00"),
        record("inside", "2014-01-01T09:00", "2014-01-01T09:00"),
        record("at_its_end", "2018-03-20T11:00", "2018-03-21T10:59"),
        record("on_day_of_death", "2018-04-01T23:00", "2018-04-03T23:30"),
        record("after", "2018-04-04T00:00", None),
        record("backwards", "2018-04-05T10:00", "2018-04-05T08:00"),
        record("no_start", None, "2019-01-01T00:00"),
        record("of_another", "2014-01-01T09:00", "2014-01-02T09:00", patient_id="Q"),
        record("of_another_source", "2014-01-01T09:00", "2014-01-02T09:00", source="synthea"),
    ]
    dead = {"source": "maven", "patient_id": "P", "valid_from": date(2020, 1, 1), "death_date": date(2018, 4, 1)}
    rows = {"silver.hosp_encounter_record": records, "silver.hosp_patient": [dead]}
    found = frames_of(spark, rows, {"hosp_encounter": hosp_encounter})["hosp_encounter"]
    columns = ("encounter_id", "overlaps_previous", "after_death", "is_over_365_days", "length_days_whole")
    assert {row[0]: row[1:] for row in values(found, *columns)} == {
        # 2 February 2013 to 20 March 2018: 5 x 365 + 1 leap day + 46 days, and two hours.
        "long": (False, False, True, 1872),
        "inside": (True, False, False, 0),
        "at_its_end": (False, False, False, 0),
        "on_day_of_death": (False, False, False, 2),
        "after": (False, True, None, None),
        "backwards": (False, True, None, None),
        "no_start": (None, None, None, None),
        "of_another": (False, False, False, 1),
        "of_another_source": (False, False, False, 1),
    }


def test_procedure_takes_its_source_from_the_encounter_else_the_patient(spark: SparkSession) -> None:
    row = {"start_at": moment("2015-01-01"), "code": "1", "occurrence_no": 1, "dq_flags": []}
    procedures = [
        row | {"patient_id": "P", "encounter_id": "e"},
        row | {"patient_id": "Q", "encounter_id": None},
        row | {"patient_id": "nobody", "encounter_id": "nowhere"},
    ]
    rows = {
        "silver.hosp_procedure_record": procedures,
        "silver.hosp_encounter_record": [record("e", None, None, source="synthea")],
        "silver.hosp_patient": [{"source": "maven", "patient_id": "Q", "valid_from": date(2020, 1, 1)}],
    }
    found = frames_of(spark, rows, {"hosp_procedure": hosp_procedure})["hosp_procedure"]
    assert sorted(values(found, "patient_id", "source")) == [("P", "synthea"), ("Q", "maven"), ("nobody", "unknown")]


def test_payers_stand_in_groups(spark: SparkSession) -> None:
    groups = {
        "NO_INSURANCE": "Uninsured",
        "Medicaid": "Medicaid",
        "Dual Eligible": "Dual Eligible",
        "Aetna": "Commercial",
    }
    names = [{"source": "maven", "payer_id": name, "name": name} for name in groups]
    payers = frames_of(spark, {"silver.hosp_payer": names}, {})["hosp_payer"].drop("payer_group")
    assert dict(values(hosp_payer(payers), "name", "payer_group")) == groups


@pytest.mark.parametrize(
    ("day", "years"), [("2020-02-28", 19), ("2020-02-29", 20), ("2021-02-28", 20), ("2021-03-01", 21)]
)
def test_age_is_in_whole_years(spark: SparkSession, day: str, years: int) -> None:
    frame = spark.createDataFrame([(date(2000, 2, 29), date.fromisoformat(day))], "birth_date date, day date")
    assert values(frame.selectExpr(f"{age_at('day')} AS years"), "years") == [(years,)]


def test_text_as_sent_is_as_sensitive_as_what_was_repaired() -> None:
    graph = build_graph()
    for name in ("silver.hosp_patient", "silver.hosp_provider"):
        sensitive = sensitive_columns(name, graph)
        texts = {c for c in load_tables()[name].column_names if c.endswith("_raw")}
        assert {c for c in texts if c.removesuffix("_raw") in sensitive} == texts & sensitive != set(), name
    assert {"first_raw", "last_raw", "maiden_raw"} <= sensitive_columns("silver.hosp_patient", graph)
