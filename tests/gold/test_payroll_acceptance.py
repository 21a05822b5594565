"""Payroll tables against figures that were published by others, on the publisher's own files."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from payroll_rows import EVERY_JOB, silver_day
from pyspark.sql import DataFrame

from nh_lakehouse.gold.payroll_day import pbj_day, pbj_totals
from nh_lakehouse.gold.payroll_period import pbj_month, pbj_quarter, pbj_state_quarter

RHODE_ISLAND = "PBJ_Daily_Nurse_Staffing_Q2_2023.csv"
ONE_HOME = "PBJ_daily_one_facility_335513_2017Q1_on.csv"
HEADERS = {job: f"hrs_{job.removesuffix('_direct')}" for job in EVERY_JOB}


def _silver(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as file:
        for line in csv.reader(file):
            if line[0] == "PROVNUM":
                header = [name.casefold() for name in line]
                continue
            cells = dict(zip(header, line, strict=True))
            both, emp, ctr = (
                {job: cells[f"{name}{part}"] or None for job, name in HEADERS.items()} for part in ("", "_emp", "_ctr")
            )
            day = datetime.strptime(cells["workdate"], "%Y%m%d").date()
            row = silver_day(cells["provnum"], day, int(cells["mdscensus"]), emp, ctr, both, state=cells["state"])
            assert row["quarter"] == cells["cy_qtr"]
            yield row


@pytest.fixture
def made(frame: Callable[..., DataFrame], real_data: Path, request: pytest.FixtureRequest) -> dict[str, DataFrame]:
    """All payroll tables of the file that the test names."""
    daily = frame("silver.pbj_daily", _silver(real_data / "nursing_home" / request.param))
    months = frame("silver.nh_facility_month", [])
    totals = pbj_totals(daily)
    quarter = pbj_quarter(totals, months)
    return {
        "day": pbj_day(daily),
        "month": pbj_month(totals, months),
        "quarter": quarter,
        "state": pbj_state_quarter(totals, quarter),
    }


@pytest.mark.parametrize("made", [RHODE_ISLAND], indirect=True, ids=["RI 2023Q2"])
def test_rhode_island_gives_the_published_figures(made: dict[str, DataFrame]) -> None:
    found = {row["state"]: row.asDict() for row in made["state"].collect()}
    state = found["RI"]
    assert (state["period"], state["days_n"], state["facility_n"], state["resident_days"]) == ("2023Q2", 6825, 75, 625246)
    assert (state["days_n"] - state["census_days_n"], state["no_rn_days_n"], state["aberrant_n"]) == (11, 12, 0)
    printed = {  # to the last digit that the publishers of the state table and of the facility means print
        "total_hprd": "3.680776",
        "total_hprd_wtd": "3.680776",
        "rn_hprd": "0.742738",
        "lpn_hprd": "0.522692",
        "aide_hprd": "2.415346",
        "direct_care_hprd": "3.466001",
        "weekend_total_hprd": "3.190663",
        "contract_share": "0.114950",
        "total_hprd_mean": "3.687710",
        "weekend_total_hprd_mean": "3.199367",
        "total_hprd_median": "3.666636",
    }
    assert {name: f"{state[name]:.6f}" for name in printed} == printed
    assert f"{100 * state['contract_share']:.6f}" == "11.495034"
    differing = {name for name in state if found["US"][name] != state[name]}
    assert differing == {"state", "is_national"}, "the nation is the only loaded state"


@pytest.mark.parametrize("made", [RHODE_ISLAND], indirect=True, ids=["RI 2023Q2"])
def test_rhode_island_hours_add_up_to_the_published_sums(made: dict[str, DataFrame]) -> None:
    homes = made["quarter"].collect()
    hours = sum(row["total_hprd"] * row["resident_days"] for row in homes)
    contract = sum(row["contract_share"] * row["total_hprd"] * row["resident_days"] for row in homes)
    assert (f"{hours:.2f}", f"{contract:.2f}") == ("2301390.54", "264545.63")
    assert made["day"].where("census = 0 and total_hprd is null").count() == 11
    assert made["day"].where("no_rn_day").count() == 12


@pytest.mark.parametrize("made", [ONE_HOME], indirect=True, ids=["335513"])
def test_one_home_has_34_quarters_and_no_figure_across_the_missing_one(made: dict[str, DataFrame]) -> None:
    days = [row.asDict() for row in made["day"].collect()]
    assert (len(days), {row["ccn"] for row in days}) == (3105, {"335513"})
    without_change = sorted(row["work_date"] for row in days if row["census_change_n"] is None)
    assert without_change == [date(2017, 1, 1), date(2018, 4, 1)]

    quarters = {row["period"]: row for row in made["quarter"].collect()}
    assert len(quarters) == 34 and "2018Q1" not in quarters
    assert made["month"].count() == 3 * 34
    assert sorted(p for p, row in quarters.items() if row["emp_hours_qoq_pct"] is None) == ["2017Q1", "2018Q2"]
    sloped = sorted(p for p, row in quarters.items() if row["attrition_slope_8q"] is not None)
    assert (sloped[0], len(sloped)) == ("2020Q1", 23), "eight quarters in a row from 2018Q2 on"


@pytest.mark.parametrize("made", [ONE_HOME], indirect=True, ids=["335513"])
def test_a_quarter_without_contract_aides_keeps_the_other_shares(made: dict[str, DataFrame]) -> None:
    # In 2017Q2 the file has no contract hours of medication aides (a header stands twice and one column is lost).
    quarter = made["quarter"].where("period = '2017Q2'").collect()[0]
    assert (quarter["contract_share"], quarter["contract_share_aide"]) == (None, None)
    assert quarter["contract_share_rn"] is not None and quarter["total_hprd"] is not None
    changes = {row["period"]: row["contract_share_qoq"] for row in made["quarter"].collect()}
    assert sorted(p for p, change in changes.items() if change is None) == ["2017Q1", "2017Q2", "2017Q3", "2018Q2"]
