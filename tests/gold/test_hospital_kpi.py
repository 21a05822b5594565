"""Key figures, costs, patients and flow of hospital records, by hand."""

from __future__ import annotations

from datetime import date, datetime, timezone
from typing import Any

import pytest
from hospital_rows import encounter, frames, usd
from oracles import frames_of
from pyspark.sql import SparkSession
from support import values

from nh_lakehouse.gold.hospital_costs import hosp_cost_by_procedure
from nh_lakehouse.gold.hospital_flow import hosp_throughput, hosp_true_los
from nh_lakehouse.gold.hospital_kpi import hosp_kpi
from nh_lakehouse.gold.hospital_patients import hosp_patient_summary, hosp_sdoh

DAY = 24
CLINIC = {"encounter_class": "ambulatory"}


def kpi(spark: SparkSession, rows: list[dict[str, Any]], where: str = "year = 'all'") -> list[dict[str, Any]]:
    made = frames(spark, rows)
    found = hosp_kpi(*[made[i] for i in hosp_kpi.__table__.inputs])  # type: ignore[attr-defined]
    return [row.asDict() for row in found.where(where).collect()]


def whole(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return next(r for r in rows if (r["encounter_class"], r["payer_group"]) == ("all", "all"))


def test_not_covered_is_neither_without_coverage_nor_uninsured(spark: SparkSession) -> None:
    rows = [
        encounter("insured_partly", 0, 1, total=100, covered=40, payer_id="A", **CLINIC),
        encounter("insured_nothing", 0, 1, total=200, covered=0, payer_id="A", **CLINIC),
        encounter("uninsured", 0, 1, total=400, covered=0, payer_id="N", **CLINIC),
        encounter("over_covered", 0, 1, total=800, covered=900, payer_id="M"),
    ]
    found = kpi(spark, rows)
    figures = whole(found)
    assert figures["noncovered_usd"] == usd(60 + 200 + 400 + 0)
    assert (figures["zero_coverage_n"], figures["zero_coverage_usd"]) == (2, usd(600))
    assert figures["zero_coverage_share_doc"] == 600 / 1500
    assert figures["uninsured_noncovered_usd"] == usd(400)
    assert figures["uninsured_share_of_noncovered"] == 400 / 660
    shares = {r["encounter_class"]: r["zero_coverage_class_share"] for r in found if r["payer_group"] == "all"}
    assert shares == {"all": 1, "ambulatory": 1, "inpatient": 0}


def test_rate_of_readmission_stands_beside_the_odds_of_the_document(spark: SparkSession) -> None:
    rows = [encounter(f"{p}_1", 0, 24, patient_id=p) for p in "abc"]
    rows += [encounter("a_2", 5 * DAY, 6 * DAY, patient_id="a")]
    rows += [encounter("end", 100 * DAY, 100 * DAY + 1, patient_id="z", encounter_class="wellness")]
    figures = whole(kpi(spark, rows))
    assert (figures["readmit_eligible_n"], figures["readmissions_n"]) == (4, 1)
    assert figures["readmit_rate"] == 1 / 4
    assert figures["readmit_rate_doc"] == pytest.approx(1 / 3, rel=1e-12)


def test_length_of_stay_is_not_cut_to_whole_days(spark: SparkSession) -> None:
    rows = [encounter("a", 0, 24), encounter("b", 100, 136), encounter("c", 200, 201, encounter_class="emergency")]
    figures = whole(kpi(spark, rows))
    # (24 + 36) / 2 hours = 1.25 days; exactly 24 hours are not over 24 hours; an hour in the emergency room.
    assert (figures["alos_days"], figures["over_24h_share"], figures["avg_minutes"]) == (1.25, 0.5, 60)


def test_chronic_share_of_the_document_adds_rounded_shares(spark: SparkSession) -> None:
    reasons = ["Chronic congestive heart failure (disorder)", "Hyperlipidemia", "Non-small cell lung cancer (disorder)"]
    rows = [encounter("1", 0, 24), encounter("2", 48, 72)]
    rows += [encounter(f"r{i}", 500 + i, 501 + i, reason=reason, **CLINIC) for i, reason in enumerate(reasons)]
    rows += [encounter("other", 0, 1, patient_id="never readmitted", reason="Hyperlipidemia", **CLINIC)]
    figures = whole(kpi(spark, rows))
    # Of three encounters with a reason 33 % and 33 %; the lung cancer is not of the small-cell kind.
    assert figures["chronic_share_doc"] == 0.66
    # No reason stands at or before the readmission.
    assert figures["chronic_share_readmissions"] == 0


def test_total_cost_of_care_is_per_patient_and_month_of_the_year(spark: SparkSession) -> None:
    year = 365 * DAY
    rows = [
        encounter("jan", 0, 1, total=100, **CLINIC),
        encounter("mar", 60 * DAY, 60 * DAY + 1, total=200, **CLINIC),
        encounter("next", year, year + 1, total=500, **CLINIC),
        encounter("other", 0, 1, total=1000, patient_id="Q"),
    ]
    found = {r["year"]: r for r in kpi(spark, rows, "encounter_class = 'all' AND payer_group = 'all'")}
    # Months: 3 of P and 1 of Q in 2015, 1 of P in 2016.
    assert [found[y]["tcoc_months_n"] for y in ("2015", "2016", "all")] == [4, 1, 5]
    assert [found[y]["tcoc_usd"] for y in ("2015", "2016", "all")] == [1300 / 2, 500, 1800 / 2]
    assert found["all"]["tcoc_pmpm_usd"] == 1800 / 5


def test_row_without_stays_has_no_rates(spark: SparkSession) -> None:
    figures = whole(kpi(spark, [encounter("a", 0, 1, total=0, covered=0, **CLINIC)]))
    empty = ("alos_days", "readmit_rate", "readmit_rate_doc", "avg_spend_per_episode_usd", "mspb_ratio")
    assert [figures[c] for c in empty] == [None] * 5
    assert figures["zero_coverage_share_doc"] is None  # 0 of 0 USD


def test_procedure_of_a_blank_encounter_is_not_lost(spark: SparkSession) -> None:
    base = {"source": "maven", "patient_id": "P", "code": "16335031000119103", "base_cost_usd": usd(10)}
    procedures = [base | {"encounter_id": e, "occurrence_no": 1} for e in ("free", "paid", None, "nowhere")]
    encounters = [encounter("free", 0, 1, covered=0, **CLINIC), encounter("paid", 0, 1, **CLINIC)]
    made = frames_of(spark, {"silver.hosp_procedure": procedures, "silver.hosp_encounter": encounters}, {})
    found = hosp_cost_by_procedure(made["hosp_procedure"], made["hosp_encounter"])
    assert sorted(values(found, "encounter_class", "code", "procedures_n", "zero_coverage_n")) == [
        ("ambulatory", "16335031000119103", 2, 1),
        ("unknown", "16335031000119103", 2, 0),
    ]


def test_patient_of_high_risk_by_each_of_three_rules(spark: SparkSession) -> None:
    rows = [encounter(f"r{i}", i * 48, i * 48 + 24, patient_id="readmitted") for i in range(3)]
    for case, gap in (("four_in_a_year", 121), ("four_in_more", 122)):
        # Three gaps of 121 days are 363 days, of 122 days 366.
        emergency = {"patient_id": case, "encounter_class": "emergency"}
        rows += [encounter(f"{case}{i}", i * gap * DAY, i * gap * DAY + 1, **emergency) for i in range(4)]
    rows += [encounter("dear", 0, 1, patient_id="dear", total=10_000, **CLINIC)]
    rows += [encounter("plain", 0, 1, patient_id="plain", **CLINIC)]
    made = frames(spark, rows)
    found = hosp_patient_summary(made["hosp_encounter"], made["hosp_index_stay"], made["hosp_patient"])
    high = values(found.where("is_high_risk"), "patient_id", "readmissions_n", "ed_12_months_n")
    assert sorted(high) == [("dear", 0, 0), ("four_in_a_year", 0, 4), ("readmitted", 2, 0)]


def test_census_is_who_is_in_at_midnight(spark: SparkSession) -> None:
    rows = [
        encounter("two_nights", 10, 49),
        encounter("meanwhile", 12, 40),  # of the same patient, who is in once
        encounter("day_only", 10, 20),
        encounter("backwards", 30, 20),
        encounter("ed", 26, 28, encounter_class="emergency"),
        encounter("no_end", 50, None),
    ]
    found = hosp_throughput(frames(spark, rows)["hosp_encounter"]).where("period_type = 'day'")
    columns = ("period_start", "admissions_n", "discharges_n", "census_n", "ed_visits_n")
    assert sorted(values(found, *columns)) == [
        (date(2015, 1, 1), 3, 1, 1, 0),
        (date(2015, 1, 2), 0, 1, 1, 1),
        (date(2015, 1, 3), 1, 1, 1, 0),
    ]


def test_long_and_empty_stays_are_counted_apart_and_not_dropped(spark: SparkSession) -> None:
    five_years = 1826 * DAY
    rows = [encounter("a", 0, 0), encounter("b", 0, 2), encounter("c", 0, five_years), encounter("d", 9, 1)]
    found = hosp_true_los(frames(spark, rows)["hosp_encounter"])
    columns = ("encounters_n", "length_n", "length_hours_median", "zero_length_n", "over_365_days_n", "unknown_n")
    assert values(found, *columns) == [(4, 3, 2.0, 1, 1, 1)]


def test_social_circumstances_are_the_latest_told(spark: SparkSession) -> None:
    person = {"source": "synthea", "patient_id": "P"}
    conditions = [
        person | {"start_date": date(2015, 1, 1), "description": "Unemployed (finding)", "code": "73438004"},
        person | {"start_date": date(2016, 1, 1), "description": "Full-time employment (finding)", "code": "160903007"},
        person | {"start_date": date(2017, 1, 1), "description": "Transport accident (event)", "code": "1"},
    ]
    refusal = {
        "code": "67875-5",
        "observed_at": datetime(2018, 1, 1, tzinfo=timezone.utc),
        "value": "I choose not to answer this question",
    }
    rows = {"silver.hosp_patient": [person], "silver.hosp_condition": conditions}
    rows["silver.hosp_observation"] = [person | refusal]
    made = frames_of(spark, rows, {"hosp_sdoh": hosp_sdoh})
    found = values(made["hosp_sdoh"], "employment", "employment_date", "transport", "housing")
    # Who chooses not to answer later has not taken back the finding.
    assert found == [("Full-time employment (finding)", date(2016, 1, 1), None, None)]
