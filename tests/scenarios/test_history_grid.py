"""Versions and months of one home per case, through real runs: what befell it x first load, rerun, split."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from deliveries import Delivery, provider, put
from support import all_tables, load, rows_of

from nh_lakehouse import Lakehouse
from nh_lakehouse.engines import Engine

pytestmark = [pytest.mark.scenario, pytest.mark.spark35, pytest.mark.usefixtures("narrow_contracts")]

#: Case -> beds of the home in October, November and December; "-" = no row, a list = several rows of one file.
CASES: dict[str, tuple] = {
    "new": ("-", 100, 100),
    "changed": (100, 120, 120),
    "same": (100, 100, 100),
    "null": (100, None, None),
    "vanished": (100, "-", "-"),
    "returning": (100, "-", 100),
    "late": (100, 120, 100),
    "duplicate": (100, [110, 120], 120),
    "copy": (100, [100, 100], 100),
    "corrected": (100, 100, 100),
}
#: Expected versions: (valid_from, valid_to, beds, closed_reason).
VERSIONS: dict[str, list[tuple]] = {
    "new": [("11", None, 100, None)],
    "changed": [("10", "11", 100, None), ("11", None, 120, None)],
    "same": [("10", None, 100, None)],
    "null": [("10", "11", 100, None), ("11", None, None, None)],
    "vanished": [("10", "11", 100, "absent")],
    "returning": [("10", "11", 100, "absent"), ("12", None, 100, None)],
    "late": [("10", "11", 100, None), ("11", "12", 120, None), ("12", None, 100, None)],
    "duplicate": [("10", "11", 100, None), ("11", None, 120, None)],
    "copy": [("10", None, 100, None)],
    "corrected": [("10", "11", 100, None), ("11", "12", 130, None), ("12", None, 100, None)],
}
SELECT = ["silver.nh_facility", "silver.nh_facility_month"]


def homes_of(month: int, cases: list[str]) -> Iterator[dict]:
    """Nine homes that stay as they are, so that a snapshot is complete without the tenth, and the tenth."""
    for case in cases:
        number = list(CASES).index(case)
        for steady in range(1, 10):
            yield {"ccn": f"{number:02d}{steady:04d}", "state": case, "certified_beds": 50}
        told = CASES[case][month]
        for beds in told if isinstance(told, list) else [told]:
            if beds != "-":
                yield {"ccn": f"{number:02d}0000", "state": case, "certified_beds": beds}


def grid_files() -> list[Delivery]:
    on_time = [c for c in CASES if c != "late"]
    corrected = [{"ccn": f"{list(CASES).index('corrected'):02d}0000", "state": "corrected", "certified_beds": 130}]
    return [
        provider("Oct2024", homes_of(0, list(CASES)), modified="2024-10-20"),
        provider("Dec2024", homes_of(2, list(CASES)), modified="2024-12-20"),
        provider("Nov2024", homes_of(1, on_time), modified="2024-11-20"),
        provider("Nov2024", homes_of(1, ["late"]), label="_late", modified="2025-02-20"),
        provider("Nov2024", corrected, label="_corrected", modified="2024-11-25"),
    ]


def versions_by_case(lake: Path) -> dict[str, list[tuple]]:
    found: dict[str, list[tuple]] = {case: [] for case in CASES}
    for row in rows_of(lake, "silver.nh_facility"):
        begin, end = (None if row[c] is None else f"{row[c]:%m}" for c in ("valid_from", "valid_to"))
        assert row["is_current"] == (end is None)
        if row["ccn"].endswith("0000"):
            found[row["state"]].append((begin, end, row["certified_beds"], row["closed_reason"]))
        else:
            assert (begin, end, row["certified_beds"]) == ("10", None, 50)
    return {case: sorted(rows) for case, rows in found.items()}


def check(lake: Path) -> None:
    assert versions_by_case(lake) == VERSIONS
    months = {
        (r["state"], int(f"{r['snapshot_month']:%m}") - 10): r["certified_beds"]
        for r in rows_of(lake, "silver.nh_facility_month")
        if r["ccn"].endswith("0000")
    }
    told = {
        (c, m): row[-1] if isinstance(row, list) else row for c, rows in CASES.items() for m, row in enumerate(rows)
    }
    assert months == {**{k: v for k, v in told.items() if v != "-"}, ("corrected", 1): 130}
    assert [r["reasons"] for r in rows_of(lake, "ops.quarantine")] == [["duplicate_key"]]


def test_first_load_and_rerun(tmp_path: Path, engine: Engine) -> None:
    landing, lake = put(tmp_path / "landing", grid_files()), tmp_path / "lake"
    assert load(lake, landing, engine, select=SELECT).exit_code == 0
    check(lake)
    before = {name: Lakehouse(lake).version(name) for name in SELECT}
    tables = all_tables(lake)
    assert load(lake, landing, engine, select=SELECT).status == "nothing_new"
    assert load(lake, landing, engine, select=SELECT, full_refresh=True).exit_code == 0
    assert all_tables(lake) == tables
    assert {name: Lakehouse(lake).version(name) for name in SELECT} == before


def test_split_with_november_after_december(tmp_path: Path, engine: Engine) -> None:
    files, lake = grid_files(), tmp_path / "lake"
    for batch in (files[:2], files[2:]):
        report = load(lake, put(tmp_path / "landing", batch), engine, select=SELECT)
        assert report.exit_code == 0, report.errors
    check(lake)
    month = next(t for t in report.tables if t.table == "silver.nh_facility_month")
    # November alone is new: nine steady homes and those of the ten cases that have a row.
    assert (month.mode, month.inserted_n, month.updated_n, month.deleted_n) == ("incremental", 10 * 9 + 8, 0, 0)
