"""`explain`: from a number back to the lines of the files, on a lakehouse that a run has made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import call
from deliveries import Delivery, payroll, provider, put
from support import csv_text, load
from thorough import embedded_unless_thorough

from nh_lakehouse.contracts import load_contracts
from nh_lakehouse.engines import Engine

pytestmark = [pytest.mark.scenario, embedded_unless_thorough]

HOMES = ("015009", "035001")
DAYS = [("20240331", "2024Q1"), ("20240401", "2024Q2"), ("20240402", "2024Q2"), ("20240501", "2024Q2")]


def vaccination(day: str) -> Delivery:
    """Vaccination of the first home, as of a day."""
    columns = load_contracts()["nh_covid_vax_provider"].column_by_name
    row = {"ccn": HOMES[0], "state": "AL", "residents_pct": "10", "as_of_date": f"{day[4:6]}/{day[6:]}/{day[:4]}"}
    return Delivery(f"NH_CovidVaxProvider_{day}.csv", csv_text([{columns[k].header: v for k, v in row.items()}]))


#: Job, state, year, wage: Alabama has its own for aides, and a later one that is not in force yet.
WAGES = [
    ("cna", "AL", 2023, "20.00"),
    ("cna", "AL", 2025, "22.00"),
    ("cna", "US", 2022, "18.50"),
    ("rn", "US", 2024, "41"),
]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Path:
    """Two homes: provider information of two months, and four days of payroll in two quarters."""
    folder = tmp_path_factory.mktemp("explained")
    states = dict(zip(HOMES, ("AL", "AZ"), strict=True))
    october = [{"ccn": ccn, "state": state} for ccn, state in states.items()]
    rows = [{"ccn": h, "day": day, "quarter": quarter, "state": states[h]} for h in HOMES for day, quarter in DAYS]
    landing = put(
        folder / "landing",
        [
            provider("Oct2024", october, modified="2024-10-20"),
            provider("Nov2024", [{**home, "certified_beds": 90} for home in october], modified="2024-11-20"),
            payroll("PBJ_Daily_Nurse_Staffing_Q2_2024.csv", rows),
            Delivery("wages.csv", csv_text([dict(zip(("job", "state", "year", "usd_per_hour"), w)) for w in WAGES])),
            *[vaccination(day) for day in ("20240815", "20240915", "20241215")],
        ],
    )
    select = ["gold.nh_facility_metrics", "gold.pbj_month", "gold.nh_turnover_bands"]
    assert load(folder / "lake", landing, engine, select=select).exit_code == 0
    return folder / "lake"


def explain(lake: Path, *arguments: str) -> Any:
    return call("explain", *arguments, "--lakehouse", lake)


def explained(lake: Path, *arguments: str) -> Any:
    """The JSON that a call prints."""
    result = explain(lake, *arguments, "--format", "json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def behind(found: Any) -> dict[str, tuple[int, list[str] | None]]:
    return {b["table"]: (b["rows_n"], b["by"]) for b in found["behind"]}


def test_figure_of_a_home_in_a_month(lake: Path) -> None:
    found = explained(
        lake, "nh_facility_metrics", "--key", "ccn=035001,snapshot_month=2024-11", "--column", "bed_utilization"
    )
    column = found["columns"][0]
    assert (column["column"], column["unit"]) == ("bed_utilization", "fraction")
    assert column["value"] == pytest.approx(80.5 / 90)
    assert "certified beds" in column["definition"]
    assert "nh_facility_metrics" in found["function"]
    # The version of November, and of the two months the one of the row.
    assert behind(found) == {
        "silver.nh_facility": (1, ["ccn", "valid_from"]),
        "silver.nh_facility_month": (1, ["ccn", "snapshot_month"]),
        "silver.nh_vaccination": (0, ["ccn", "snapshot_month"]),
    }
    file = {"file": "NH_ProviderInfo_Nov2024.csv", "rows_n": 1, "first_row": 2, "last_row": 2}
    assert found["files"] == [{"table": f"silver.{name}", **file} for name in ("nh_facility", "nh_facility_month")]


def test_figure_of_a_payroll_month_leads_to_its_days(lake: Path) -> None:
    found = explained(lake, "pbj_month", "--key", "ccn=035001", "--key", "period=2024-04-01")
    assert behind(found)["gold.pbj_totals"] == (1, ["ccn", "month"])
    assert behind(found)["silver.pbj_daily"] == (2, ["ccn", "work_date"])
    days = [f for f in found["files"] if f["table"] == "silver.pbj_daily"]
    # The second home's rows are the fifth to the eighth of the file; April's are the sixth and seventh.
    assert [(f["rows_n"], f["first_row"], f["last_row"]) for f in days] == [(2, 6, 7)]


@pytest.mark.parametrize(
    ("ccn", "lines"), [("015009", [1, 4]), ("035001", [3, 4])], ids=["own wage", "wage of the nation"]
)
def test_cost_of_a_payroll_month_leads_to_the_wages_in_force(lake: Path, ccn: str, lines: list[int]) -> None:
    found = explained(lake, "pbj_month", "--key", f"ccn={ccn},period=2024-04", "--column", "payroll_cost_usd")
    # Two days of 160 hours: 320 x 20.00 in Alabama, 320 x 18.50 in Arizona, which has no wage of its own.
    assert found["columns"][0]["value"] == {"015009": 6400.0, "035001": 5920.0}[ccn]
    assert behind(found)["silver.nh_wage"] == (2, ["state", "year"])
    wages = [f for f in found["files"] if f["table"] == "silver.nh_wage"]
    assert [(f["rows_n"], f["first_row"], f["last_row"]) for f in wages] == [(2, *lines)]


def test_total_takes_the_rows_of_all_states(lake: Path) -> None:
    key = "state=US,turnover_band=all,snapshot_month=2024-10"
    assert behind(explained(lake, "nh_turnover_bands", "--key", key))["gold.nh_facility_metrics"][0] == 2
    key = key.replace("US", "AZ")
    assert behind(explained(lake, "nh_turnover_bands", "--key", key))["gold.nh_facility_metrics"][0] == 1


def test_silver_row_names_its_own_line(lake: Path) -> None:
    found = explained(lake, "silver.nh_facility_month", "--key", "ccn=015009,snapshot_month=2024-10")
    assert found["behind"] == []
    assert [(f["file"], f["first_row"]) for f in found["files"]] == [("NH_ProviderInfo_Oct2024.csv", 1)]


def test_latest_release_not_after_the_month_stands_in(lake: Path) -> None:
    for month, rows_n in (("2024-10", 1), ("2024-11", 1)):
        found = explained(lake, "nh_facility_metrics", "--key", f"ccn=015009,snapshot_month={month}")
        assert behind(found)["silver.nh_vaccination"] == (rows_n, ["ccn", "snapshot_month"])
        # September is the latest of August, September and December.
        assert found["files"][-1]["file"] == "NH_CovidVaxProvider_20240915.csv"


def test_table_for_people(lake: Path) -> None:
    result = explain(
        lake, "nh_facility_metrics", "--key", "ccn=015009,snapshot_month=2024-10", "--column", "total_hprd"
    )
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert any(line.split()[:3] == ["total_hprd", "3.8", "hprd"] for line in lines)
    assert any("NH_ProviderInfo_Oct2024.csv" in line for line in lines)
    assert "CMS" in result.stdout and "Rows behind it" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nh_facility_metrics"], "--key is missing"),
        (["nh_facility_metrics", "--key", "ccn"], "expected a column and a value"),
        (["nh_facility_metrics", "--key", "ccn=1,ccn=2"], "given twice"),
        (["nh_facility_month", "--key", "dq_flags=x"], "holds lists"),
        (
            ["nh_facility_metrics", "--key", "name=SMITH, JOHN"],
            "name=SMITH, JOHN: gold.nh_facility_metrics has no such row",
        ),
        (["nh_facility_metrics", "--key", "beds=1"], "no such column; its key: ccn, snapshot_month"),
        (["nh_facility_metrics", "--key", "ccn=015009"], "snapshot_month=2024-10-01"),
        (["nh_facility_metrics", "--key", "ccn=999999"], "no such row"),
        (["nh_facility_metrics", "--key", "snapshot_month=soon"], "soon"),
        (["nh_facility_metrics", "--key", "ccn=015009,snapshot_month=2024-10", "--column", "x"], "no such column"),
        (["ops.files", "--key", "file=x"], "silver and gold tables"),
        (["nh_facilities", "--key", "ccn=1"], "nh_facility"),
    ],
)
def test_wrong_use_is_told_in_one_sentence(lake: Path, arguments: list[str], said: str) -> None:
    result = explain(lake, *arguments)
    assert result.exit_code == 2
    assert said in result.stderr and "Traceback" not in result.stderr
