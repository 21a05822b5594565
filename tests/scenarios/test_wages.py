"""Wages arrive, change and are read by the payroll tables: the newest file counts as a whole, and costs follow it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support import load, pbj_rows, rows_of, write
from thorough import embedded_unless_thorough

from nh_lakehouse.engines import Engine

pytestmark = [pytest.mark.scenario, embedded_unless_thorough]

MONTH, STATES = "gold.pbj_month", "gold.pbj_state_quarter"


def wages(folder: Path, name: str, modified: str, *lines: str) -> None:
    write(folder / name, "\n".join(["job,state,year,usd_per_hour", *lines, ""]), modified=modified)


def test_costs_follow_the_newest_wages(tmp_path: Path, engine: Engine) -> None:
    lake, landing = tmp_path / "lake", tmp_path / "in"
    # Two homes in Alabama, two days each: 4 x 160 hours of aides, of each home 320.
    rows = [row for ccn in ("015009", "015010") for row in pbj_rows(ccn, ["20240401", "20240402"])]
    write(landing / "PBJ_Daily_Nurse_Staffing_Q2_2024.csv", rows)

    def costs() -> dict[str, Any]:
        report = load(lake, landing, engine, select=[MONTH, STATES])
        assert report.exit_code == 0, report.errors
        months = {r["ccn"]: r["payroll_cost_usd"] for r in rows_of(lake, MONTH, ["ccn", "payroll_cost_usd"])}
        return months | {r["state"]: r["payroll_cost_usd"] for r in rows_of(lake, STATES)}

    def of_each(home: str | None, state: str | None) -> dict[str, Any]:
        each, all_of_them = (None if usd is None else Decimal(usd) for usd in (home, state))
        return {"015009": each, "015010": each, "AL": all_of_them, "US": all_of_them}

    assert costs() == of_each(None, None)
    wages(landing, "wages.csv", "2024-09-01", "cna,US,2023,10.50", "surgeon,US,2023,99", "rn,,2023,40")
    assert costs() == of_each("3360.00", "6720.00")
    found = {r["job"]: r["dq_flags"] for r in rows_of(lake, "silver.nh_wage", ["job", "dq_flags"])}
    assert found == {"cna": [], "surgeon": ["unknown_code:job"]}
    (bad,) = rows_of(lake, "ops.quarantine", ["data_set", "reasons"])
    assert (bad["data_set"], bad["reasons"]) == ("wages", ["missing_key:state"])
    # Valid as a whole: the wage of US that only the older file holds is gone.
    wages(landing, "wages_2025.csv", "2025-09-01", "cna,AL,2024,20")
    assert costs() == of_each("6400.00", "12800.00")
    wages(landing, "wages_2026.csv", "2026-09-01", "rn,AL,2024,20")
    assert costs() == of_each(None, None)
