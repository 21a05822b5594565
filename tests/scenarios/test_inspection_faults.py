"""Every fault of the sample's inspection files has the fate that the generator states, and nothing else is set aside."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from support import rows_of

from nh_lakehouse import Lakehouse, generate_sample

pytestmark = pytest.mark.scenario

FILES = ("NH_HealthC", "NH_FireS", "NH_Survey", "NH_CitationD", "NH_Hlth", "NH_DataC")
TABLES = ("nh_citation", "nh_survey", "nh_survey_cycle", "nh_cutpoint", "nh_interval", "nh_citation_code")


@pytest.fixture(scope="module")
def stated(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, int, str, str, str]]:
    """File, row, column, reason and severity of every fault of the inspection files that are in `whole`."""
    report = generate_sample(tmp_path_factory.mktemp("again"), homes=60, months=2, quarters=0)
    return [(d.file, d.row, d.column, d.reason, d.severity) for d in report.dirt if d.file.startswith(FILES)]


def test_rows_and_cells_set_aside_are_those_stated(whole: Path, stated: list[tuple[str, int, str, str, str]]) -> None:
    aside = {
        (row["file"], row["source_row"], row["severity"], reason.split(":")[0])
        for row in rows_of(whole, "ops.quarantine")
        if row["file"].startswith(FILES)
        for reason in row["reasons"]
    }
    assert aside == {(file, row, level, reason) for file, row, _, reason, level in stated if level in ("row", "cell")}


def test_flags_of_the_tables_are_those_stated(whole: Path, stated: list[tuple[str, int, str, str, str]]) -> None:
    flags = Counter(
        flag.split(":")[0] for name in TABLES for row in rows_of(whole, f"silver.{name}") for flag in row["dq_flags"]
    )
    assert flags == Counter(reason for *_, reason, level in stated if level in ("warn", "cell"))


def test_copies_are_counted_and_repeated_keys_numbered(
    whole: Path, stated: list[tuple[str, int, str, str, str]]
) -> None:
    copies = {file: 1 for file, *_, level in stated if level == "duplicate"}
    loads = [row for row in rows_of(whole, "ops.loads") if row["file"].startswith(FILES)]
    assert {row["file"]: row["duplicate_n"] for row in loads if row["duplicate_n"]} == copies
    assert len(copies) == 2
    second = [row for row in rows_of(whole, "silver.nh_citation") if row["occurrence_no"] > 1]
    assert len(second) >= 1  # the fault; the generator repeats a few keys of its own accord


def test_no_inspection_file_departs_from_its_contract(whole: Path) -> None:
    assert [row for row in rows_of(whole, "ops.drift") if row["file"].startswith(FILES)] == []


def test_summary_of_citations_agrees_with_the_survey_summary(whole: Path) -> None:
    answer = Lakehouse(whole).sql(
        """SELECT count(*) AS n, count(*) FILTER (WHERE standard_n = health_deficiencies_n) AS same
           FROM silver.nh_survey_cycle s JOIN (
             SELECT ccn, snapshot_month, cycle, count(*) AS standard_n FROM silver.nh_citation
             WHERE domain = 'health' AND standard AND snapshot_month = DATE '2024-11-01' GROUP BY ALL
           ) c ON c.ccn = s.ccn AND c.snapshot_month = s.snapshot_month AND c.cycle = s.inspection_cycle"""
    )
    assert answer.n[0] == answer.same[0] > 150
