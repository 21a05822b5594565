"""What a load makes of the faults of the sample is what the generator says of each, and nothing else is wrong."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from nh_lakehouse import Lakehouse
from nh_lakehouse.sample import SampleReport

pytestmark = pytest.mark.scenario

#: No fault: homes without a legal name; what follows from the lost length of a payment denial.
NO_FAULTS = {"not_available", "record_shape"}


def told(report: SampleReport, severity: str) -> set[tuple[str, int, str]]:
    return {(item.file, item.row, item.reason) for item in report.dirt if item.severity == severity}


def quarantined(lake: Path, severity: str) -> set[tuple[str, int, str]]:
    rows = Lakehouse(lake).arrow("ops.quarantine").select(["file", "source_row", "severity", "reasons"]).to_pylist()
    return {
        (row["file"], row["source_row"], reason.split(":")[0])
        for row in rows
        if row["severity"] == severity
        for reason in row["reasons"]
    }


@pytest.mark.parametrize("severity", ["row", "cell"])
def test_quarantine_holds_the_faulty_rows_and_cells(
    whole: Path, generated: tuple[Path, SampleReport], severity: str
) -> None:
    expected = told(generated[1], severity)
    assert len(expected) >= 8
    assert quarantined(whole, severity) == expected


def test_flags_of_rows_are_those_told(whole: Path, generated: tuple[Path, SampleReport]) -> None:
    lake, report = Lakehouse(whole), generated[1]
    found: set[tuple[str, int, str]] = set()
    for name in lake.tables():
        schema = lake.arrow(name).schema.names
        if name.startswith("silver.") and "dq_flags" in schema:
            rows = lake.arrow(name).select(["_source_file", "_source_row", "dq_flags"]).to_pylist()
            found |= {
                (row["_source_file"], row["_source_row"], flag.split(":")[0])
                for row in rows
                for flag in row["dq_flags"] or ()
                if flag.split(":")[0] not in NO_FAULTS
            }
    expected = told(report, "warn") | told(report, "cell")
    assert len(told(report, "warn")) >= 10
    assert found <= expected
    # An enrolment that did not change between the months keeps the row of the first.
    assert {item[0] for item in expected - found} <= {"SNF_Enrollments_2024.11.02.csv"}


def test_copies_of_rows_are_counted_in_their_files(whole: Path, generated: tuple[Path, SampleReport]) -> None:
    loads = Lakehouse(whole).arrow("ops.loads").to_pylist()
    counted = {row["file"]: row["duplicate_n"] for row in loads if row["target"].startswith("silver.")}
    assert {file: n for file, n in counted.items() if n} == Counter(
        item.file for item in generated[1].dirt if item.severity == "duplicate"
    )


def test_columns_that_nobody_knows_are_those_told(whole: Path, generated: tuple[Path, SampleReport]) -> None:
    drift = Lakehouse(whole).arrow("ops.drift").to_pylist()
    assert {(row["file"], row["found"]) for row in drift if row["kind"] == "new_column"} == {
        (item.file, item.column) for item in generated[1].dirt if item.severity == "drift"
    }
    # Columns that came to a file later than the month of the sample, and none of the others.
    assert {row["data_set"] for row in drift if row["kind"] == "missing_column"} <= {"nh_chain_performance"}


@pytest.mark.parametrize(
    "column",
    [
        "short_stay_rehosp_pct",
        "short_stay_ed_pct",
        "long_stay_hosp_per_1000",
        "long_stay_ed_per_1000",
        "ppr_rsrr_pct",
        "dtc_pct",
        "mspb_snf",
        "hai_pct",
        "vaccinated_residents_pct",
        "vaccinated_staff_pct",
    ],
)
def test_measures_of_most_homes_reach_the_facility_table(whole: Path, column: str) -> None:
    values = Lakehouse(whole).arrow("gold.nh_facility_metrics", columns=[column])[column]
    assert values.null_count < 0.5 * len(values)
