"""Readmissions and episodes of hospital records, by hand."""

from __future__ import annotations

from datetime import date

from hospital_rows import encounter, frames, usd
from pyspark.sql import SparkSession
from support import values

DAY = 24


def test_readmission_is_by_whole_elapsed_days(spark: SparkSession) -> None:
    # Gap in hours between the stop of the first stay and the start of the second -> whole days, is it a readmission.
    cases = {
        "overlap": (-1, -1, False),
        "same_day": (23, 0, False),
        "one_day": (24, 1, True),
        "two_dates_one_day": (25, 1, True),
        "thirty": (30 * DAY + 23, 30, True),
        "thirty_one": (31 * DAY, 31, False),
    }
    rows = []
    for case, (gap, _, _) in cases.items():
        rows.append(encounter(f"{case}_1", 0, 48, patient_id=case))
        rows.append(encounter(f"{case}_2", 48 + gap, 2000, patient_id=case))
    found = frames(spark, rows)["hosp_index_stay"].where("next_encounter_id IS NOT NULL")
    expected = [(case, days, is_readmitted) for case, (_, days, is_readmitted) in cases.items()]
    assert sorted(values(found, "patient_id", "days_to_next", "is_readmitted")) == sorted(expected)


def test_hospice_and_screening_are_no_stays_on_the_way(spark: SparkSession) -> None:
    rows = [
        encounter("index", 0, 24),
        encounter("hospice", 24 * 3, 24 * 4, description="Admission to HOSPICE (procedure)"),
        encounter("screening", 24 * 5, 24 * 6, code="410410006"),
        encounter("clinic", 24 * 7, 24 * 7 + 1, encounter_class="ambulatory"),
        encounter("back", 24 * 11, 24 * 12, code="305408004"),
    ]
    found = frames(spark, rows)["hosp_index_stay"]
    # Ten days of 24 hours from hour 24 to hour 264; the code of the readmission is one to be looked at.
    assert sorted(values(found, "encounter_id", "next_encounter_id", "days_to_next", "needs_review")) == [
        ("back", None, None, False),
        ("index", "back", 10, True),
    ]


def test_rate_leaves_out_the_dead_and_those_without_follow_up(spark: SparkSession) -> None:
    last = 100 * DAY
    rows = [
        encounter("counted", 0, 24, patient_id="alive"),
        encounter("died_there", 0, 24, patient_id="dead"),
        encounter("died_later", 0, 24, patient_id="later"),
        encounter("thirty_days", last - 31 * DAY, last - 30 * DAY, patient_id="edge"),
        encounter("too_late", last - 30 * DAY, last - 30 * DAY + 1, patient_id="short"),
        encounter("open", 0, None, patient_id="open"),
        encounter("last", last, last + 1, patient_id="other", encounter_class="wellness"),
    ]
    patients = [
        # The stop is 2 January 2015, 00:00.
        {"source": "maven", "patient_id": "dead", "valid_from": date(2020, 1, 1), "death_date": date(2015, 1, 2)},
        {"source": "maven", "patient_id": "later", "valid_from": date(2020, 1, 1), "death_date": date(2015, 1, 3)},
    ]
    found = frames(spark, rows, patients)["hosp_index_stay"].where("is_counted")
    assert sorted(values(found, "encounter_id")) == [("counted",), ("died_later",), ("thirty_days",)]


def test_chronic_reason_counts_up_to_the_readmission(spark: SparkSession) -> None:
    rows = []
    for case, reason, at in (
        ("before", "Hyperlipidemia", 0),
        ("at_it", "Chronic congestive heart failure (disorder)", 5 * DAY),
        ("behind", "Hyperlipidemia", 6 * DAY),
        ("suspected", "Suspected lung cancer (situation)", 0),
        ("any_lung", "Non-small cell carcinoma of lung  TNM stage 1 (disorder)", 0),
    ):
        rows.append(encounter(f"{case}_1", 0, 24, patient_id=case))
        rows.append(encounter(f"{case}_2", 5 * DAY, 6 * DAY, patient_id=case))
        rows.append(encounter(f"{case}_3", at, at + 1, patient_id=case, encounter_class="ambulatory", reason=reason))
    found = frames(spark, rows)["hosp_index_stay"].where("is_chronic")
    assert sorted(values(found, "patient_id")) == [("any_lung",), ("at_it",), ("before",)]


def test_stay_inside_a_running_episode_opens_none(spark: SparkSession) -> None:
    # The episode of the stay of day 0 to 1 reaches to day 31, the one of day 40 to day 71: day 20 and day 71 are inside.
    rows = [encounter(f"day_{d}", d * DAY, (d + 1) * DAY) for d in (0, 20, 40, 71, 72)]
    rows += [encounter("aetna", 200 * DAY, 201 * DAY, payer_id="A")]
    found = frames(spark, rows)["hosp_episode"]
    assert sorted(values(found, "encounter_id", "opens_episode")) == [
        ("day_0", True),
        ("day_20", False),
        ("day_40", True),
        ("day_71", False),
        ("day_72", True),
    ]


def test_episode_reaches_from_three_days_before_to_thirty_behind(spark: SparkSession) -> None:
    second = 1 / 3600
    other = {"encounter_class": "ambulatory", "payer_id": "A"}
    rows = [
        encounter("stay", 10 * DAY, 12 * DAY, total=1000),
        encounter("first", 7 * DAY, 7 * DAY + 1, total=20, **other),
        encounter("before", 7 * DAY - second, 7 * DAY, total=3, **other),
        encounter("last", 42 * DAY, 42 * DAY + 1, total=400, **other),
        encounter("behind", 42 * DAY + second, 43 * DAY, total=5, **other),
    ]
    found = frames(spark, rows)["hosp_episode"]
    assert values(found, "spend_usd", "encounters_n") == [(usd(1420), 3)]
