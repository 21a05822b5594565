"""`periods`, `diff` and `show --as-of`: on hand-made tables, and on a lakehouse that two runs have made."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from command_line import call
from lake import add_rows, file_row, state_rows
from support import keep_engine, provider_row, write
from thorough import embedded_unless_thorough

from nh_lakehouse import Lakehouse, load_contracts
from nh_lakehouse.engines import Engine

pytestmark = embedded_unless_thorough

STATES, MONTH, QUARTER = "gold.nh_state_risk", "silver.nh_facility_month", "gold.pbj_quarter"
OCTOBER, NOVEMBER = date(2024, 10, 1), date(2024, 11, 1)
INFO = "nh_provider_info"


def records(*arguments: Any) -> Any:
    """The JSON that a call prints."""
    result = call(*arguments, "--format", "json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refusal(*arguments: Any) -> str:
    """What a call says that is wrong use."""
    result = call(*arguments)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.stderr
    return str(result.stderr)


# --- diff ------------------------------------------------------------------------------------------------------------

#: The homes of two months: what changes in each is its name.
HOMES = {
    "same": ({"rn_hprd": 0.2, "total_hprd": 3.5}, {"rn_hprd": 0.2, "total_hprd": 3.5}),
    "missing in both": ({"rn_hprd": None, "state": "AL"}, {"rn_hprd": None, "state": "AL"}),
    "number comes": ({"rn_hprd": None}, {"rn_hprd": 0.25}),
    "number goes": ({"rn_hprd": 0.25}, {"rn_hprd": None}),
    "two values": ({"state": "AL", "certified_beds": 100}, {"state": "GA", "certified_beds": 99}),
    "13th digit": ({"rn_hprd": 0.1234567890121}, {"rn_hprd": 0.1234567890124}),
    "12th digit": ({"rn_hprd": 0.123456789012}, {"rn_hprd": 0.123456789013}),
    "rounding edge": ({"rn_hprd": 0.1234567890125}, {"rn_hprd": 0.12345678901250001}),
    "flags and audit": ({"dq_flags": ["a"], "_source_file": "x"}, {"dq_flags": ["b"], "_source_file": "y"}),
    "gone": ({"state": "AL"}, None),
    "new": (None, {"state": "GA"}),
}


SEPTEMBER, DECEMBER = date(2024, 9, 1), date(2024, 12, 1)
#: Home, first day, day after the last, beds.
VERSIONS = [
    ("same", SEPTEMBER, None, 100),
    ("changed", SEPTEMBER, NOVEMBER, 100), ("changed", NOVEMBER, None, 90),
    ("changed back", SEPTEMBER, date(2024, 10, 15), 100), ("changed back", date(2024, 10, 15), NOVEMBER, 80),
    ("changed back", NOVEMBER, None, 100),
    ("closed", SEPTEMBER, NOVEMBER, 100),
    ("new", NOVEMBER, None, 50),
    ("came later", DECEMBER, None, 50),
]  # fmt: skip


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Homes and states of two months, and a table of each other kind."""
    root = tmp_path_factory.mktemp("lake")
    add_rows(root, MONTH, [
        {"ccn": ccn, "snapshot_month": month, **row}
        for ccn, sides in HOMES.items() for month, row in zip((OCTOBER, NOVEMBER), sides, strict=True) if row
    ])  # fmt: skip
    states = state_rows()
    add_rows(root, STATES, [*states, *({**s, "snapshot_month": NOVEMBER, "risk_tier": "LOW"} for s in states)])
    add_rows(root, QUARTER, [{"ccn": "015009", "period": q, "days_n": n} for q, n in (("2024Q1", 91), ("2024Q2", 90))])
    years = [{"fiscal_year": 2024, "achievement_threshold": 0.79}, {"fiscal_year": 2025, "achievement_threshold": 0.78}]
    add_rows(root, "silver.nh_vbp_national", years)
    add_rows(root, "gold.pbj_month", [{"ccn": "015009", "period": p} for p in ("2024-04-01", "2024-05-01")])
    for name in ("silver.nh_citation_code", "silver.pbj_daily", "ops.runs"):
        add_rows(root, name, [{}])
    add_rows(root, "silver.nh_owner", [{"ccn": "015009", "valid_from": NOVEMBER}])
    add_rows(root, "silver.nh_facility", [
        {"ccn": ccn, "valid_from": since, "valid_to": until, "certified_beds": beds, "is_current": until is None}
        for ccn, since, until, beds in VERSIONS
    ])  # fmt: skip
    return root


def changes(lake: Path, *more: Any) -> list[tuple[Any, ...]]:
    found = records("diff", "nh_facility_month", "--from", "2024-10", "--to", "2024-11", "-l", lake, *more)["changes"]
    return [(r["ccn"], r["change"], r["column"], r["old"], r["new"]) for r in found]


def test_diff_tells_rows_and_values_that_changed(lake: Path) -> None:
    assert changes(lake) == [
        ("12th digit", "changed", "rn_hprd", 0.123456789012, 0.123456789013),
        ("gone", "removed", None, None, None),
        ("new", "added", None, None, None),
        ("number comes", "changed", "rn_hprd", None, 0.25),
        ("number goes", "changed", "rn_hprd", 0.25, None),
        ("two values", "changed", "state", "AL", "GA"),
        ("two values", "changed", "certified_beds", 100, 99),
    ]


def test_diff_counts_first(lake: Path) -> None:
    result = call("diff", "nh_facility_month", "--from", "2024-10", "--to", "2024-11", "-l", lake, "--limit", 2)
    lines = result.stdout.splitlines()
    # Changed: 12th digit, number comes, number goes, two values; the last of them in two columns.
    assert lines[0] == f"{MONTH}, snapshot_month 2024-10-01 to 2024-11-01: 1 added, 1 removed, 4 changed (5 values)"
    assert lines[1].split() == ["ccn", "change", "column", "old", "new"]
    assert lines[3].split() == ["12th", "digit", "changed", "rn_hprd", "0.123456789012", "0.123456789013"]
    assert lines[4].split() == ["gone", "removed"]
    assert lines[5] == "first 2 changes shown: use --limit N, or --limit 0 for all"


def test_diff_looks_back_as_well(lake: Path) -> None:
    whole = records("diff", MONTH, "--from", "2024-11-01", "--to", "2024-10-01", "-l", lake)
    assert (whole["added_n"], whole["removed_n"], whole["changed_n"], whole["values_n"]) == (1, 1, 4, 5)
    assert whole["from"] == "2024-11-01"
    assert {"ccn": "new", "change": "removed", "column": None, "old": None, "new": None} in whole["changes"]


def test_diff_where_holds_in_either_period(lake: Path) -> None:
    found = changes(lake, "--where", "state = 'AL' -- homes of Alabama")
    assert [(ccn, column) for ccn, _, column, _, _ in found] == [
        ("gone", None), ("two values", "state"), ("two values", "certified_beds"),
    ]  # fmt: skip


def test_diff_of_chosen_columns(lake: Path) -> None:
    found = changes(lake, "--columns", "STATE,dq_flags")
    assert [(ccn, column, new) for ccn, change, column, _, new in found if change == "changed"] == [
        ("flags and audit", "dq_flags", ["b"]), ("two values", "state", "GA"),
    ]  # fmt: skip


def test_diff_of_versions_compares_those_in_force_on_the_two_days(lake: Path) -> None:
    def changed(first: str, last: str, *more: Any) -> list[tuple[Any, ...]]:
        found = records("diff", "nh_facility", "--from", first, "--to", last, "-l", lake, *more)["changes"]
        return [(r["ccn"], r["change"], r["old"], r["new"]) for r in found]

    assert changed("2024-10", "2024-11") == [
        ("changed", "changed", 100, 90), ("closed", "removed", None, None), ("new", "added", None, None)
    ]  # fmt: skip
    assert changed("2024-10-20", "2024-11-01", "--where", "ccn LIKE 'changed%'") == [
        ("changed", "changed", 100, 90), ("changed back", "changed", 80, 100)
    ]  # fmt: skip


def test_diff_csv_has_the_rows(lake: Path) -> None:
    text = call("diff", STATES, "--from", "2024-10", "--to", "2024-11", "-l", lake, "-f", "csv", "--limit", 2).stdout
    assert list(csv.reader(io.StringIO(text))) == [
        ["state", "change", "column", "old", "new"],
        ["DE", "changed", "risk_tier", "HIGH", "LOW"],
        ["LA", "changed", "risk_tier", "HIGH", "LOW"],
    ]


def test_diff_of_quarters_years_and_months_as_text(lake: Path) -> None:
    (found,) = records("diff", "pbj_quarter", "--from", "2024q1", "--to", "2024Q2", "-l", lake)["changes"]
    assert (found["ccn"], found["column"], found["old"], found["new"]) == ("015009", "days_n", 91, 90)
    (found,) = records("diff", "nh_vbp_national", "--from", 2024, "--to", 2025, "-l", lake)["changes"]
    assert found == {"change": "changed", "column": "achievement_threshold", "old": 0.79, "new": 0.78}
    assert records("diff", "pbj_month", "--from", "2024-04", "--to", "2024-5", "-l", lake)["changes"] == []


def test_diff_of_calendar_years(tmp_path: Path) -> None:
    person = {"source": "rif", "bene_id": "-1"}
    years = [person | {"year": year, "claims_n": n} for year, n in ((2015, 1), (2016, 3))]
    add_rows(tmp_path, "gold.patient_summary", years)
    moved = [(date(2015, 1, 1), date(2016, 1, 1), "MA"), (date(2016, 1, 1), None, "NH")]
    versions = [person | {"valid_from": start, "valid_to": end, "state": state} for start, end, state in moved]
    add_rows(tmp_path, "silver.clm_beneficiary", versions)
    for table, column, old, new in (("patient_summary", "claims_n", 1, 3), ("clm_beneficiary", "state", "MA", "NH")):
        (found,) = records("diff", table, "--from", 2015, "--to", 2016, "-l", tmp_path)["changes"]
        assert found == person | {"change": "changed", "column": column, "old": old, "new": new}


def test_diff_of_calendar_months_leaves_out_what_follows_from_them(tmp_path: Path) -> None:
    spent = {"source": "rif", "spend_type": "carrier"}
    days = {date(2015, 11, 1): 11, date(2015, 12, 1): 12, date(2016, 1, 1): 5}
    rows = [spent | {"month": day, "year": day.year, "events_n": n} for day, n in days.items()]
    add_rows(tmp_path, "gold.q11_spend_trend", rows)
    for to, new in (("2015-12", 12), ("2016-01", 5)):
        (found,) = records("diff", "q11_spend_trend", "--from", "2015-11", "--to", to, "-l", tmp_path)["changes"]
        assert found == spent | {"change": "changed", "column": "events_n", "old": 11, "new": new}


def test_diff_of_equal_periods_ends_with_the_counts(lake: Path) -> None:
    result = call("diff", "pbj_month", "--from", "2024-04", "--to", "2024-05", "-l", lake)
    assert (
        result.stdout == "gold.pbj_month, period 2024-04-01 to 2024-05-01: 0 added, 0 removed, 0 changed (0 values)\n"
    )


@pytest.mark.parametrize(
    ("table", "more", "words"),
    [
        ("nh_citation_code", [], "has no period to compare by (snapshot_month, quarter, fiscal_year, period, year, month): it"),
        ("nh_owner", [], "--from 2024-10: the history of silver.nh_owner begins on 2024-11-01"),
        ("nh_facility", ["--to", "2024Q4"], "--to 2024Q4: expected a year (2024), a month (2024-10) or a day"),
        ("pbj_daily", [], "silver.pbj_daily has one row per work_date"),
        ("ops.runs", [], "ops.runs has no key"),
        ("nh_state_risk", ["--to", "2024-12"], "--to 2024-12: gold.nh_state_risk holds 2024-10, 2024-11"),
        ("nh_state_risk", ["--to", "2024-10"], "--from and --to are both 2024-10"),
        ("nh_state_risk", ["--columns", "risk_scor"], "did you mean risk_score"),
        ("nh_state_risk", ["--columns", "state"], "part of the key"),
        ("nh_state_risk", ["--where", "stat = 'TX'"], "Binder Error"),
        ("nh_state_risk", ["--where", "true); DROP TABLE x; SELECT (1"], "Parser Error"),
        ("nh_state_risk", ["--where", "state IN (SELECT content FROM read_text('/etc/passwd'))"], "disabled"),
        ("nope", [], "no table 'nope'"),
    ],
    ids=["no period", "before history", "no day", "days", "no key", "no such month", "one month", "near column", "key", "mistake", "two", "file", "no"],
)  # fmt: skip
def test_diff_refuses(lake: Path, table: str, more: list[str], words: str) -> None:
    given = ["--from", "2024-10", *([] if "--to" in more else ["--to", "2024-11"]), *more]
    assert words in refusal("diff", table, *given, "-l", lake)


# --- periods ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two months with one between them missing, quarters with one missing, and codes."""
    root = tmp_path_factory.mktemp("loaded")
    files = {INFO: "2024-08,2024-10", "pbj_nurse_daily": "2017Q4,2018Q2", "nh_citation_codes": "2024-10-30"}
    rows = [{**file_row(f"{n}.csv", "loaded"), "data_set": n, "period": p} for n, p in files.items()]
    add_rows(root, "ops.files", rows)
    for name in files:
        (root / "bronze" / name / "_delta_log").mkdir(parents=True)
        (root / "bronze" / name / "_delta_log" / f"{0:020d}.json").touch()
    return root


def test_periods_for_people(loaded: Path) -> None:
    lines = call("periods", "-l", loaded, "--as-of", "2024-12-15").stdout.splitlines()
    assert [line.split() for line in lines[2:10]] == [
        ["nh_citation_codes", "reference", "loaded", "2024-10-30", "2024-10-30", "1"],
        [INFO, "monthly", "loaded", "2024-08", "2024-08", "1"],
        [INFO, "monthly", "absent", "2024-09", "2024-09", "1"],
        [INFO, "monthly", "loaded", "2024-10", "2024-10", "1"],
        [INFO, "monthly", "overdue", "2024-11", "2024-11", "1"],
        ["pbj_nurse_daily", "quarterly", "loaded", "2017Q4", "2017Q4", "1"],
        ["pbj_nurse_daily", "quarterly", "absent", "2018Q1", "2018Q1", "1"],
        ["pbj_nurse_daily", "quarterly", "loaded", "2018Q2", "2018Q2", "1"],
    ]
    assert lines[-4:-1] == [
        "nh_citation_codes: newest release of 2024-10-30",
        "nh_provider_info: August 2024 to October 2024, 2 loaded; September 2024 absent; November 2024 overdue",
        # 2018Q3 ended in September 2018; 2024Q2 was due at the end of November 2024, 2024Q3 in February 2025.
        "pbj_nurse_daily: 2017Q4 to 2018Q2, 2 loaded; 2018Q1 absent; 2018Q3 to 2024Q2 overdue",
    ]
    never = lines[-1].removeprefix("never loaded: ").split(", ")
    assert len(never) == len(load_contracts()) - 3
    assert "nh_penalties" in never


def test_periods_json_of_one_data_set(loaded: Path) -> None:
    whole = records("periods", "-l", loaded, "--as-of", "2024-11-30", "--data-set", INFO)
    assert whole["data_sets"] == [
        {"data_set": INFO, "rhythm": "monthly", "first": "2024-08", "last": "2024-10", "loaded_n": 2,
         "absent": ["2024-09"], "overdue": []}
    ]  # fmt: skip
    assert [p["state"] for p in whole["periods"]] == ["loaded", "absent", "loaded"]
    assert (whole["as_of"], whole["never_loaded"]) == ("2024-11-30", [])


def test_periods_csv_lists_what_was_never_loaded(loaded: Path) -> None:
    arguments = ["--data-set", "nh_penalties,nh_citation_codes", "--format", "csv"]
    rows = list(csv.DictReader(io.StringIO(call("periods", "-l", loaded, *arguments).stdout)))
    assert [(r["data_set"], r["state"], r["periods_n"]) for r in rows] == [
        ("nh_citation_codes", "loaded", "1"), ("nh_penalties", "never_loaded", "0"),
    ]  # fmt: skip


def test_periods_refuses(loaded: Path) -> None:
    assert "did you mean nh_penalties" in refusal("periods", "-l", loaded, "--data-set", "nh_penaltes")
    assert "expected a day" in refusal("periods", "-l", loaded, "--as-of", "November")


# --- scenarios -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def runs(
    tmp_path_factory: pytest.TempPathFactory, engine: Engine, narrow_contracts: None
) -> Iterator[tuple[Path, list[Path], list[Any]]]:
    """Runs with October, with nothing new, and with December and a broken file: lakehouse, summaries, results."""
    root = tmp_path_factory.mktemp("runs")
    lake, landing = root / "lake", root / "in"
    december = [provider_row("015009", "2024-12-01", certified_beds=99), provider_row("015011", "2024-12-01")]
    deliveries: list[dict[str, Any]] = [
        {"NH_ProviderInfo_Oct2024.csv": [provider_row("015009"), provider_row("015010")]},
        {},
        {"NH_ProviderInfo_Dec2024.csv": december, "NH_ProviderInfo_Jan2025.csv": b""},
    ]
    summaries, results = [], []
    with pytest.MonkeyPatch.context() as patch:
        keep_engine(engine, patch)
        for number, delivery in enumerate(deliveries):
            for name, content in delivery.items():
                write(landing / name, content)
            summaries.append(root / f"run{number}.json")
            options = ["--select", MONTH, "--log", "json", "--summary", summaries[-1]]
            results.append(call("run", "--landing", landing, "--lakehouse", lake, *options))
        yield lake, summaries, results


@pytest.mark.scenario
def test_run_writes_its_report_whatever_became_of_it(runs: tuple[Path, list[Path], list[Any]]) -> None:
    lake, summaries, results = runs
    found = [json.loads(s.read_text()) for s in summaries]
    assert [(f["status"], f["exit_code"]) for f in found] == [("ok", 0), ("nothing_new", 0), ("partial", 1)]
    assert [r.exit_code for r in results] == [0, 0, 1]
    assert found[0]["lakehouse"] == str(lake)
    assert found[0]["files"][0]["accepted_n"] == 2
    assert "is empty" in found[2]["errors"][0]
    assert sorted(p.name for p in summaries[0].parent.iterdir() if p.is_file()) == [s.name for s in summaries]


@pytest.mark.scenario
def test_run_logs_lines_of_json(runs: tuple[Path, list[Path], list[Any]]) -> None:
    _, summaries, results = runs
    events = [[json.loads(line) for line in r.stderr.splitlines()] for r in results]
    run_id = json.loads(summaries[0].read_text())["run_id"]
    told = [(e["event"], e["task"]) for e in events[0]]
    assert {("phase", "bronze"), ("begin", "bronze"), ("end", "bronze"), ("end", "silver")} <= set(told)
    assert all(e["run_id"] == run_id for e in events[0])
    assert all(e["ok"] and e["duration_s"] >= 0 for e in events[0] if e["event"] == "end")
    assert [e["text"].split(":")[0] for e in events[1]] == ["Nothing new"]
    assert [e["level"] for e in events[2]][-1] == "error"
    assert "bronze: 1 files" not in results[0].stdout
    assert "Done in" in results[0].stdout


@pytest.mark.scenario
def test_show_as_of_a_run(runs: tuple[Path, list[Path], list[Any]]) -> None:
    lake, summaries, _ = runs
    first, second = (json.loads(s.read_text())["run_id"] for s in (summaries[0], summaries[2]))

    def homes(table: str, run: str) -> list[str]:
        return sorted(r["ccn"] for r in records("show", table, "-l", lake, "--as-of", run))

    assert homes(MONTH, first) == ["015009", "015010"]
    assert homes(MONTH, second) == ["015009", "015009", "015010", "015011"]
    assert homes(f"bronze.{INFO}", first) == ["015009", "015010"]
    assert [r["file"] for r in records("show", "ops.files", "-l", lake, "--as-of", first)] == [
        "NH_ProviderInfo_Oct2024.csv"
    ]
    last = call("show", MONTH, "-l", lake, "--as-of", first, "--columns", "ccn").stdout.splitlines()[-1]
    (write_of_first,) = records("show", "ops.tables", "-l", lake, "--where", f"run_id = '{first}'")
    assert last.startswith(f"version {write_of_first['version_after']}, written 20")
    assert "no run of that id" in refusal("show", MONTH, "-l", lake, "--as-of", "20200101T000000-abcd")
    assert "did not exist then" in refusal("show", MONTH, "-l", lake, "--as-of", "2020-01-01")
    assert len(records("show", MONTH, "-l", lake, "--as-of", "2999-01-01")) == len(Lakehouse(lake).arrow(MONTH))


@pytest.mark.scenario
def test_periods_and_diff_of_a_lakehouse_that_runs_made(runs: tuple[Path, list[Path], list[Any]]) -> None:
    lake, _, _ = runs
    whole = records("periods", "-l", lake, "--as-of", "2025-02-01", "--data-set", INFO)
    assert (whole["data_sets"][0]["absent"], whole["data_sets"][0]["overdue"]) == (["2024-11"], ["2025-01"])
    whole = records("diff", MONTH, "--from", "2024-10", "--to", "2024-12", "-l", lake)
    assert [(c["ccn"], c["change"], c["column"], c["old"], c["new"]) for c in whole["changes"]] == [
        ("015009", "changed", "certified_beds", 100, 99),
        ("015010", "removed", None, None, None),
        ("015011", "added", None, None, None),
    ]
