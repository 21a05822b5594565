"""Payroll tables against figures that were published by others, on the publisher's own files."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from payroll_rows import EVERY_JOB, silver_day

from nh_lakehouse.contracts.loading import load_tables
from nh_lakehouse.gold.payroll_day import pbj_day, pbj_totals
from nh_lakehouse.gold.payroll_period import pbj_month, pbj_quarter, pbj_state_quarter
from nh_lakehouse.lakehouse.schema import spark_schema

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
            day = date(int(cells["workdate"][:4]), int(cells["workdate"][4:6]), int(cells["workdate"][6:]))
            row = silver_day(cells["provnum"], day, int(cells["mdscensus"]), emp, ctr, both, state=cells["state"])
            assert row["quarter"] == cells["cy_qtr"]
            yield row


@pytest.fixture(scope="module")
def made(spark: Any, real_data: Path, request: pytest.FixtureRequest) -> dict[str, list[dict[str, Any]]]:
    """Rows of all payroll tables of the file that the test names."""
    columns = load_tables()["silver.pbj_daily"].columns
    rows = _silver(real_data / "nursing_home" / request.param)
    daily = spark.createDataFrame([tuple(r.get(c.name) for c in columns) for r in rows], schema=spark_schema(columns))
    months, wages = (
        spark.createDataFrame([], schema=spark_schema(load_tables()[f"silver.{name}"].columns))
        for name in ("nh_facility_month", "nh_wage")
    )
    totals = pbj_totals(daily)
    quarter = pbj_quarter(totals, months, wages)
    tables = {
        "day": pbj_day(daily),
        "month": pbj_month(totals, months, wages),
        "quarter": quarter,
        "state": pbj_state_quarter(totals, quarter),
    }
    return {name: [row.asDict() for row in df.collect()] for name, df in tables.items()}


@pytest.mark.parametrize("made", [RHODE_ISLAND], indirect=True, ids=["RI 2023Q2"])
def test_rhode_island_gives_the_published_figures(made: dict[str, Any]) -> None:
    found = {row["state"]: row for row in made["state"]}
    state = found["RI"]
    assert (state["period"], state["days_n"], state["facility_n"], state["resident_days"]) == (
        "2023Q2",
        6825,
        75,
        625246,
    )
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
def test_rhode_island_hours_add_up_to_the_published_sums(made: dict[str, Any]) -> None:
    hours = sum(home["total_hprd"] * home["resident_days"] for home in made["quarter"])
    contract = sum(home["contract_share"] * home["total_hprd"] * home["resident_days"] for home in made["quarter"])
    assert (f"{hours:.2f}", f"{contract:.2f}") == ("2301390.54", "264545.63")
    assert sum(day["census"] == 0 and day["total_hprd"] is None for day in made["day"]) == 11
    assert sum(day["no_rn_day"] is True for day in made["day"]) == 12


@pytest.mark.parametrize("made", [ONE_HOME], indirect=True, ids=["335513"])
def test_one_home_has_34_quarters_and_no_figure_across_the_missing_one(made: dict[str, Any]) -> None:
    assert (len(made["day"]), {day["ccn"] for day in made["day"]}) == (3105, {"335513"})
    without_change = sorted(day["work_date"] for day in made["day"] if day["census_change_n"] is None)
    assert without_change == [date(2017, 1, 1), date(2018, 4, 1)]

    quarters = {row["period"]: row for row in made["quarter"]}
    assert (len(quarters), "2018Q1" in quarters, len(made["month"])) == (34, False, 3 * 34)
    assert sorted(p for p, row in quarters.items() if row["emp_hours_qoq_pct"] is None) == ["2017Q1", "2018Q2"]
    sloped = sorted(p for p, row in quarters.items() if row["attrition_slope_8q"] is not None)
    assert (sloped[0], len(sloped)) == ("2020Q1", 23), "eight quarters in a row from 2018Q2 on"


@pytest.mark.parametrize("made", [ONE_HOME], indirect=True, ids=["335513"])
def test_a_quarter_without_contract_aides_keeps_the_other_shares(made: dict[str, Any]) -> None:
    # In 2017Q2 the file has no contract hours of medication aides (a header stands twice and one column is lost).
    quarters = {row["period"]: row for row in made["quarter"]}
    quarter = quarters["2017Q2"]
    assert (quarter["contract_share"], quarter["contract_share_aide"]) == (None, None)
    assert None not in (quarter["contract_share_rn"], quarter["total_hprd"])
    unknown = sorted(period for period, row in quarters.items() if row["contract_share_qoq"] is None)
    assert unknown == ["2017Q1", "2017Q2", "2017Q3", "2018Q2"]
