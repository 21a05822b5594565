"""Checks between tables of hospital records by hand: encounters in no file, services after death."""

from __future__ import annotations

from datetime import date, datetime, timezone
from typing import Any

import pytest

from nh_lakehouse.contracts.loading import load_tables
from nh_lakehouse.gold.hospital_checks import DATED_BY
from nh_lakehouse.gold.reconciliation import referential

COLUMNS = "table key period rule rows_n detail"
MAVEN, SYNTHEA = {"source": "maven"}, {"source": "synthea"}


def at(*day: int) -> datetime:
    """Nine in the morning, UTC."""
    return datetime(*day, 9, tzinfo=timezone.utc)  # type: ignore[misc,arg-type]


def test_encounters_in_no_file_are_told_by_table_and_year(checked: Any) -> None:
    encounters = [{**MAVEN, "encounter_id": "E"}]
    procedures = [
        {**MAVEN, "encounter_id": "E", "start_at": at(2020, 1, 1)},
        {**MAVEN, "encounter_id": "X", "start_at": at(2020, 1, 1)},
        {**MAVEN, "encounter_id": "X", "start_at": at(2020, 12, 31)},
        {**MAVEN, "encounter_id": "X", "start_at": at(2021, 1, 1)},
        {**MAVEN, "encounter_id": None, "start_at": at(2020, 1, 1)},  # a blank one is allowed
        {"source": "unknown", "encounter_id": "Y", "start_at": None},
    ]
    conditions = [
        {**MAVEN, "encounter_id": "X", "start_date": date(2020, 5, 1)},
        {**SYNTHEA, "encounter_id": "X", "start_date": date(2020, 5, 1)},  # none of its encounters is loaded
    ]
    found = checked(
        referential, COLUMNS, hosp_encounter=encounters, hosp_procedure=procedures, hosp_condition=conditions
    )
    assert found == [
        ("hosp_condition", "maven:X", "2020", "orphan_encounter", 1, "in no encounter file"),
        ("hosp_procedure", "maven:X", "2020", "orphan_encounter", 2, "in no encounter file"),
        ("hosp_procedure", "maven:X", "2021", "orphan_encounter", 1, "in no encounter file"),
        ("hosp_procedure", "unknown:Y", None, "orphan_encounter", 1, "in no encounter file"),
    ]


def test_nothing_is_told_while_no_encounter_is_loaded(checked: Any) -> None:
    procedures = [{"source": s, "encounter_id": "X", "start_at": at(2020, 1, 1)} for s in ("unknown", "maven")]
    assert checked(referential, "key", hosp_procedure=procedures) == []


@pytest.mark.parametrize("table", DATED_BY)
def test_every_table_that_names_an_encounter_is_looked_at(table: str) -> None:
    columns = {c.name: c.type for c in load_tables()[f"silver.{table}"].columns}
    assert "encounter_id" in columns and columns[DATED_BY[table]] in ("date", "timestamp")


def test_no_table_that_names_an_encounter_is_left_out() -> None:
    naming = {
        n.split(".")[1]
        for n, t in load_tables().items()
        if n.startswith("silver.hosp_") and "encounter_id" in t.column_names and not n.endswith("_record")
    }
    assert naming == {*DATED_BY, "hosp_encounter"}


def test_services_on_a_day_after_death(checked: Any) -> None:
    """Dead on 10 March: what begins on that day is in time, the 11th is 1 day late, 10 March a year on 365."""
    patients = [{**MAVEN, "patient_id": "P", "death_date": died} for died in (None, date(2021, 3, 10))]
    alive = {**MAVEN, "patient_id": "Q"}
    encounters = [{**MAVEN, "patient_id": "P", "start_at": at(2021, 3, day)} for day in (9, 10, 11)]
    encounters += [{**MAVEN, "patient_id": "P", "start_at": at(2022, 3, 10)}, {**alive, "start_at": at(2023, 1, 1)}]
    encounters += [{**SYNTHEA, "patient_id": "P", "start_at": at(2022, 3, 10)}, {**MAVEN, "patient_id": "P"}]
    procedures = [{**MAVEN, "patient_id": "P", "start_at": at(2021, 3, day)} for day in (11, 12)]
    found = checked(
        referential, COLUMNS, hosp_patient=[*patients, alive], hosp_encounter=encounters, hosp_procedure=procedures
    )
    assert found == [
        ("hosp_encounter", "maven:P", "2021", "service_after_death", 1, "up to 1 day after death"),
        ("hosp_encounter", "maven:P", "2022", "service_after_death", 1, "up to 365 days after death"),
        ("hosp_procedure", "maven:P", "2021", "service_after_death", 2, "up to 2 days after death"),
    ]
