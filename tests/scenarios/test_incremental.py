"""Gold tables with `per` are brought up to date by what changed, and are then what a full computation gives."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from deliveries import BY_MONTH, FIRST_DAYS, Delivery, payroll, provider, put
from support import all_tables, csv_text, load, rows_of
from thorough import embedded_unless_thorough

from nh_lakehouse import Lakehouse, build_graph
from nh_lakehouse.contracts import load_contracts
from nh_lakehouse.declare import TableSpec
from nh_lakehouse.engines import Engine
from nh_lakehouse.gold.payroll_day import PayrollRules
from nh_lakehouse.pipeline.graph import Graph
from nh_lakehouse.pipeline.report import RunReport, TableLine

pytestmark = [pytest.mark.scenario, pytest.mark.usefixtures("narrow_contracts")]

#: Tables computed by home: of the payroll, of the quality measures, and of citations (tried in test_citations_delivery).
#: Those computed by month are tried in test_incremental_months.
PER = sorted(name for name, spec in build_graph().specs.items() if spec.per and name.startswith("gold.pbj_"))
PER_OF_MEASURES = ["gold.nh_quality_trend"]
PER_OF_CITATIONS = ["gold.nh_citation_summary"]
SELECT = [*PER, "gold.pbj_state_quarter"]
HOMES = ("015009", "035001", "055002", "065003")
MARCH_APRIL = (("20240330", "2024Q1"), ("20240331", "2024Q1"), ("20240401", "2024Q2"), ("20240402", "2024Q2"))


def hours_of(homes, days=MARCH_APRIL, **values) -> list[dict]:
    return [{"ccn": ccn, "day": day, "quarter": quarter, **values} for ccn in homes for day, quarter in days]


BASE = [
    payroll("PBJ_Daily_Nurse_Staffing_Q1_2024.csv", hours_of(HOMES), modified="2024-10-20"),
    provider("Oct2024", [{"ccn": ccn} for ccn in HOMES], modified="2024-10-20"),
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, engine: Engine, narrow_contracts: None) -> Path:
    """Four homes with two days of each of two quarters, and their provider information."""
    folder = tmp_path_factory.mktemp("base")
    report = load(folder / "lake", put(folder / "landing", BASE), engine, select=SELECT)
    assert report.exit_code == 0, report.errors
    return folder


@pytest.fixture
def loaded(base: Path, tmp_path: Path) -> Path:
    """A copy of the base for one test."""
    return Path(shutil.copytree(base, tmp_path / "loaded"))


def again(folder: Path, engine: Engine, **options) -> RunReport:
    report = load(folder / "lake", folder / "landing", engine, **{"select": SELECT, **options})
    assert report.exit_code == 0, report.errors
    return report


def lines(report: RunReport) -> dict[str, TableLine]:
    return {t.table: t for t in report.tables}


def assert_equals_full(folder: Path, engine: Engine) -> None:
    """Computing everything anew finds nothing to change."""
    tables = all_tables(folder / "lake")
    assert all(tables[name] for name in PER), "a table without rows proves nothing"
    before = {name: Lakehouse(folder / "lake").version(name) for name in PER}
    again(folder, engine, full_refresh=True)
    assert all_tables(folder / "lake") == tables
    assert {name: Lakehouse(folder / "lake").version(name) for name in PER} == before


@embedded_unless_thorough
def test_base_holds_every_table_with_per(base: Path) -> None:
    graph = build_graph()
    assert {*PER, *PER_OF_MEASURES, *PER_OF_CITATIONS} == {
        name
        for name, spec in graph.specs.items()
        if spec.per and graph.domain(name) == "nursing_home" and name not in BY_MONTH
    }
    assert PER and all(rows_of(base / "lake", name) for name in PER)


@pytest.mark.spark35
def test_changed_deleted_and_new_rows_touch_their_keys_alone(loaded: Path, engine: Engine) -> None:
    before = {name: Lakehouse(loaded / "lake").version(name) for name in PER}
    homes = [{"ccn": HOMES[0], "case_mix_total_hprd": "4.00000"}]
    put(loaded / "landing", [provider("Oct2024", homes, label="_corrected", modified="2024-11-20")])
    done = lines(again(loaded, engine))
    assert {n: done[n].mode for n in PER if n in done} == {
        "gold.pbj_month": "incremental",
        "gold.pbj_quarter": "incremental",
    }
    assert (done["gold.pbj_quarter"].updated_n, done["gold.pbj_quarter"].unchanged_n) == (2, None)
    assert all(Lakehouse(loaded / "lake").version(n) == before[n] for n in ("gold.pbj_day", "gold.pbj_totals"))

    corrected = [
        # One day changed and one gone for the first home; a new home; the last day of a quarter changed for the second,
        # which moves the census change of the first day of the next quarter.
        *hours_of(HOMES[:1], MARCH_APRIL[2:3], census=70),
        *hours_of(["075004"], MARCH_APRIL[:1]),
        *hours_of(HOMES[1:2], MARCH_APRIL[:1]),
        *hours_of(HOMES[1:2], MARCH_APRIL[1:2], census=60),
    ]
    put(
        loaded / "landing",
        [payroll("PBJ_Daily_Nurse_Staffing_Q2_2024_corrected.csv", corrected, modified="2024-11-20")],
    )
    done = lines(again(loaded, engine))
    assert {done[name].mode for name in PER} == {"incremental"}
    silver, day = done["silver.pbj_daily"], done["gold.pbj_day"]
    assert (silver.inserted_n, silver.updated_n, silver.deleted_n) == (1, 2, 1)
    assert (day.inserted_n, day.updated_n, day.deleted_n) == (1, 3, 1)
    change = {
        (r["ccn"], f"{r['work_date']:%m%d}"): r["census_change_n"] for r in rows_of(loaded / "lake", "gold.pbj_day")
    }
    # 60 residents on 31 March and 80 on 1 April: twenty more, though no April row of this home came.
    assert change[HOMES[1], "0331"] == -20 and change[HOMES[1], "0401"] == 20
    assert_equals_full(loaded, engine)


def measures(month: str, scores: dict[str, list[str]], *, modified: str = "2024-10-20") -> Delivery:
    """One measure of some homes: home -> its four quarters."""
    columns = load_contracts()["nh_quality_mds"].column_by_name
    fixed = {"measure_code": "410", "period": "2023Q3-2024Q2", "processing_date": FIRST_DAYS[month]}
    rows = [{**fixed, "ccn": c, **{f"q{i}": q for i, q in enumerate(four, 1)}} for c, four in scores.items()]
    body = csv_text([{columns[k].header: v for k, v in row.items()} for row in rows])
    return Delivery(f"NH_QualityMsr_MDS_{month}.csv", body, modified)


@embedded_unless_thorough
def test_measure_of_one_home_recomputes_that_home(tmp_path: Path, engine: Engine) -> None:
    first = {ccn: ["1", "2", "3", "4"] for ccn in HOMES}
    landing, lake = put(tmp_path / "landing", [measures("Oct2024", first)]), tmp_path / "lake"
    assert load(lake, landing, engine, select=PER_OF_MEASURES).exit_code == 0
    put(landing, [measures("Nov2024", {HOMES[0]: ["1", "2", "5", "4"]}, modified="2024-11-20")])
    done = lines(load(lake, landing, engine, select=PER_OF_MEASURES))["gold.nh_quality_trend"]
    # Of four quarters one has another score, and the one after it another change; all come from the newer release.
    assert (done.mode, done.inserted_n, done.updated_n, done.deleted_n) == ("incremental", 0, 4, 0)
    found = rows_of(lake, "gold.nh_quality_trend")
    assert [r["qoq_change"] for r in found if r["ccn"] == HOMES[0]] == [None, 1.0, 3.0, -1.0]
    again = load(lake, landing, engine, select=PER_OF_MEASURES, full_refresh=True)
    assert again.exit_code == 0
    assert rows_of(lake, "gold.nh_quality_trend") == found


@embedded_unless_thorough
def test_unchanged_rows_in_a_new_release_change_no_gold_table(loaded: Path, engine: Engine) -> None:
    before = {name: Lakehouse(loaded / "lake").version(name) for name in SELECT}
    same = payroll(
        "PBJ_Daily_Nurse_Staffing_Q1_2024_again.csv",
        hours_of(HOMES)[:-1] + hours_of(HOMES)[-1:][:1] * 2,
        modified="2024-11-20",
    )
    put(loaded / "landing", [same])
    report = again(loaded, engine)
    assert [(f.file, f.status, f.duplicate_n) for f in report.files] == [(same.name, "loaded", 1)]
    assert {t.table for t in report.tables} == {"silver.pbj_daily"}
    assert {name: Lakehouse(loaded / "lake").version(name) for name in SELECT} == before
    assert again(loaded, engine).status == "nothing_new"


@embedded_unless_thorough
def test_silver_put_back_by_hand_is_brought_up_to_date_again(loaded: Path, engine: Engine) -> None:
    late = payroll(
        "PBJ_Daily_Nurse_Staffing_Q3_2024.csv", hours_of(HOMES[:1], [("20240701", "2024Q3")]), modified="2024-11-20"
    )
    put(loaded / "landing", [late])
    again(loaded, engine)
    tables = all_tables(loaded / "lake")
    lake = Lakehouse(loaded / "lake")
    lake.delta("silver.pbj_daily").restore(lake.version("silver.pbj_daily") - 1)
    assert all_tables(loaded / "lake") != tables
    again(loaded, engine)
    assert all_tables(loaded / "lake") == tables
    assert again(loaded, engine).status == "nothing_new"


@embedded_unless_thorough
@pytest.mark.parametrize("lost", ["bronze.pbj_nurse_daily", "silver.pbj_daily", "gold.pbj_totals"])
def test_table_whose_folder_was_deleted_is_made_again_with_what_reads_it(
    loaded: Path, engine: Engine, lost: str
) -> None:
    late = payroll(
        "PBJ_Daily_Nurse_Staffing_Q3_2024.csv", hours_of(HOMES[:1], [("20240701", "2024Q3")]), modified="2024-11-20"
    )
    put(loaded / "landing", [late])
    shutil.rmtree(Lakehouse(loaded / "lake").folder(lost))
    # The new table begins at version 0 again: its numbers must not be taken for those of the old one.
    again(loaded, engine)
    day = {(r["ccn"], r["work_date"].month) for r in rows_of(loaded / "lake", "gold.pbj_day")}
    totals = {(r["ccn"], r["month"].month) for r in rows_of(loaded / "lake", "gold.pbj_totals")}
    assert day == totals == {*((ccn, month) for ccn in HOMES for month in (3, 4)), (HOMES[0], 7)}
    assert again(loaded, engine).status == "nothing_new"


def with_spec(spec: TableSpec) -> Graph:
    """The graph of the package with one table's function or thresholds replaced."""
    specs = {**build_graph().specs, spec.name: spec}
    return build_graph(list(specs.values()))


@embedded_unless_thorough
def test_changed_threshold_recomputes_the_table_and_what_reads_it(loaded: Path, engine: Engine) -> None:
    spec = build_graph().specs["gold.pbj_quarter"]
    # 160 hours for 80 residents are 2.0 a day: sound by the default limit of 1.5, aberrant by one of 2.5.
    strict = replace(spec, thresholds={"rules": PayrollRules(aberrant_below_total_hprd=2.5)})
    done = lines(again(loaded, engine, graph=with_spec(strict)))
    assert set(done) == {"gold.pbj_quarter", "gold.pbj_state_quarter"}
    assert (done["gold.pbj_quarter"].mode, done["gold.pbj_quarter"].updated_n) == ("full", 8)
    assert {r["aberrant"] for r in rows_of(loaded / "lake", "gold.pbj_quarter")} == {True}
    assert again(loaded, engine, graph=with_spec(strict)).status == "nothing_new"
    # With the default threshold everything is as before.
    assert lines(again(loaded, engine))["gold.pbj_quarter"].mode == "full"
    assert {r["aberrant"] for r in rows_of(loaded / "lake", "gold.pbj_quarter")} == {False}
