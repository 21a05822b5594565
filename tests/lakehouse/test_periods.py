"""Which periods are loaded, absent and overdue."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from lake import add_rows, file_row

from nh_lakehouse import Lakehouse, load_contracts
from nh_lakehouse.lakehouse.periods import Coverage, Span, coverage_of, due_date, joined, loaded_periods

CONTRACTS = load_contracts()
INFO, PAYROLL, REPORTING, PURCHASING = "nh_provider_info", "pbj_nurse_daily", "nh_qrp_provider", "nh_vbp_facility"
CODES = "nh_citation_codes"


def bronze(root: Path, data_set: str, *files: tuple[str, str]) -> None:
    """Landing files of a data set as (state, periods), and its bronze table."""
    from deltalake import DeltaTable, Field, Schema
    from deltalake.schema import PrimitiveType

    rows = [
        {**file_row(f"{data_set}_{number}.csv", status), "data_set": data_set, "period": period}
        for number, (status, period) in enumerate(files)
    ]
    add_rows(root, "ops.files", rows)
    DeltaTable.create(root / "bronze" / data_set, Schema([Field("ccn", PrimitiveType("string"))]), mode="ignore")


def coverage(root: Path, data_set: str, today: date) -> Coverage:
    (found,) = coverage_of(Lakehouse(root), {data_set: CONTRACTS[data_set]}, today)
    return found


def test_loaded_periods_are_those_of_loaded_files(tmp_path: Path) -> None:
    bronze(tmp_path, INFO, ("loaded", "2024-10"), ("rejected", "2024-11"), ("duplicate", "2024-12"))
    bronze(tmp_path, PAYROLL, ("loaded", "2017Q1,2017Q2"))
    assert loaded_periods(Lakehouse(tmp_path)) == {INFO: {"2024-10"}, PAYROLL: {"2017Q1", "2017Q2"}}


def test_loaded_periods_of_a_bronze_table_that_is_gone_are_none(tmp_path: Path) -> None:
    row = {**file_row("a.csv", "loaded"), "data_set": INFO, "period": "2024-10"}
    add_rows(tmp_path, "ops.files", [row])
    assert loaded_periods(Lakehouse(tmp_path)) == {}
    assert loaded_periods(Lakehouse(tmp_path / "nowhere")) == {}


@pytest.mark.parametrize(
    ("data_set", "period", "due"),
    [
        (INFO, "2026-02", date(2026, 2, 28)),
        (INFO, "2026-12", date(2026, 12, 31)),
        (PAYROLL, "2024Q2", date(2024, 11, 30)),
        (PAYROLL, "2024Q4", date(2025, 5, 31)),
        (REPORTING, "2024Q4", date(2024, 12, 31)),
        (PURCHASING, "2025", date(2025, 3, 31)),
    ],
)
def test_due_date(data_set: str, period: str, due: date) -> None:
    assert due_date(CONTRACTS[data_set], period) == due


def test_quarters_between_are_absent(tmp_path: Path) -> None:
    bronze(tmp_path, PAYROLL, ("loaded", "2017Q3,2017Q4"), ("loaded", "2018Q2"))
    found = coverage(tmp_path, PAYROLL, date(2018, 7, 1))
    assert (found.first, found.last, found.absent, found.overdue) == ("2017Q3", "2018Q2", ("2018Q1",), ())
    assert found.spans() == [
        Span("loaded", "2017Q3", "2017Q4", 2), Span("absent", "2018Q1", "2018Q1", 1),
        Span("loaded", "2018Q2", "2018Q2", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data_set", "period", "today", "overdue"),
    [
        (INFO, "2026-09", date(2026, 10, 31), ()),
        (INFO, "2026-09", date(2026, 11, 1), ("2026-10",)),
        (INFO, "2025-11", date(2026, 2, 1), ("2025-12", "2026-01")),
        (PAYROLL, "2024Q1", date(2024, 11, 30), ()),
        (PAYROLL, "2024Q1", date(2024, 12, 1), ("2024Q2",)),
        (PURCHASING, "2024", date(2025, 3, 31), ()),
        (PURCHASING, "2024", date(2025, 4, 1), ("2025",)),
        (INFO, "2027-01", date(2026, 11, 1), ()),
    ],
    ids=[
        "last day",
        "day after",
        "two months",
        "payroll in time",
        "payroll late",
        "year in time",
        "year late",
        "ahead",
    ],
)
def test_overdue(tmp_path: Path, data_set: str, period: str, today: date, overdue: tuple[str, ...]) -> None:
    bronze(tmp_path, data_set, ("loaded", period))
    assert coverage(tmp_path, data_set, today).overdue == overdue


def test_a_reference_has_its_newest_release_alone(tmp_path: Path) -> None:
    bronze(tmp_path, CODES, ("loaded", "2024-10-30"), ("loaded", "2022-01-05"))
    assert coverage(tmp_path, CODES, date(2026, 11, 1)) == Coverage(CODES, "R", ("2024-10-30",))


def test_claims_are_never_absent_or_overdue(tmp_path: Path) -> None:
    claims = CONTRACTS[INFO].model_copy(update={"rhythm": "C"})
    bronze(tmp_path, INFO, ("loaded", "2008-01"), ("loaded", "2010-01"))
    (found,) = coverage_of(Lakehouse(tmp_path), {INFO: claims}, date(2026, 11, 1))
    assert (found.loaded, found.absent, found.overdue) == (("2008-01", "2010-01"), (), ())


def test_years_that_nobody_expects_are_not_overdue(tmp_path: Path) -> None:
    bronze(tmp_path, "syn_beneficiary", ("loaded", "2008"), ("loaded", "2010"))
    found = coverage(tmp_path, "syn_beneficiary", date(2026, 11, 1))
    assert (found.loaded, found.absent, found.overdue) == (("2008", "2010"), ("2009",), ())


def test_never_loaded_has_no_periods(tmp_path: Path) -> None:
    assert coverage(tmp_path, INFO, date(2026, 11, 1)) == Coverage(INFO, "M", ())


@pytest.mark.parametrize(
    ("periods", "texts"),
    [
        ([], []),
        (["2018Q1"], ["2018Q1"]),
        (["2018Q4", "2019Q1", "2019Q3"], ["2018Q4 to 2019Q1", "2019Q3"]),
        (["2024-11", "2024-12", "2025-01"], ["2024-11 to 2025-01"]),
        (["2024", "2026"], ["2024", "2026"]),
    ],
    ids=repr,
)
def test_joined_names_periods_in_a_row_once(periods: list[str], texts: list[str]) -> None:
    assert joined(periods) == texts
