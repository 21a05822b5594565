"""Silver tables that are made from tables: they belong to the layer silver in whatever is asked for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from clinic import arrive, clinic, clinic_graph, lab
from support import rows_of
from thorough import embedded_unless_thorough

from nh_lakehouse import Lakehouse, RunOptions, run
from nh_lakehouse.engines import Engine
from nh_lakehouse.pipeline.explain import explain
from nh_lakehouse.pipeline.lineage import edges
from nh_lakehouse.pipeline.restore import restore

pytestmark = embedded_unless_thorough

SPELL, SPEND = "silver.cln_spell", "gold.cln_spend"
FIRST = [("1", 1, "ann", "2024-01-02", "10.00"), ("2", 1, "bob", "2024-02-01", "5.50")]
SECOND = [("3", 1, "ann", "2024-03-01", "1.00")]


@pytest.fixture(autouse=True)
def world() -> Iterator[None]:
    with clinic():
        yield


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Path:
    """Two claims of two people, loaded."""
    folder = tmp_path_factory.mktemp("base")
    with clinic():
        lab(folder / "landing", 1, FIRST)
        arrive(folder / "lake", folder / "landing", engine)
    return folder


@pytest.fixture
def loaded(base: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(base, tmp_path / "loaded"))


def spells(lake: Path) -> list[tuple]:
    return [(r["person"], r["first_day"], r["last_day"], r["claims_n"]) for r in rows_of(lake, SPELL)]


BEFORE = [("ann", date(2024, 1, 2), date(2024, 1, 2), 1), ("bob", date(2024, 2, 1), date(2024, 2, 1), 1)]
AFTER = [("ann", date(2024, 1, 2), date(2024, 3, 1), 2), BEFORE[1]]


def test_derived_silver_is_made_and_kept_current_by_what_changed(loaded: Path, engine: Engine):
    lake = loaded / "lake"
    assert spells(lake) == BEFORE
    lab(loaded / "landing", 2, SECOND)
    report = arrive(lake, loaded / "landing", engine)
    told = {t.table: (t.mode, t.inserted_n, t.updated_n) for t in report.tables}
    assert (told[SPELL], told[SPEND]) == (("incremental", 0, 1), ("incremental", 0, 1))
    assert spells(lake) == AFTER
    assert arrive(lake, loaded / "landing", engine).status == "nothing_new"
    names = Lakehouse(lake).arrow(SPELL).column_names
    assert "_row_hash" in names and "_source_file" not in names


def test_layers_of_a_run(loaded: Path, engine: Engine):
    lake = loaded / "lake"
    lab(loaded / "landing", 2, SECOND)
    arrive(lake, loaded / "landing", engine, layers=("bronze",))
    assert arrive(lake, None, engine, layers=("gold",)).status == "nothing_new"
    report = arrive(lake, None, engine, layers=("silver",))
    assert {t.table for t in report.tables} == {"silver.cln_claim", "silver.cln_line", SPELL}
    assert spells(lake) == AFTER and len(rows_of(lake, SPEND)) == 2
    assert {t.table for t in arrive(lake, None, engine, layers=("gold",)).tables} == {SPEND}


def test_select_dry_run_and_lineage_know_it(loaded: Path, engine: Engine):
    lake, graph = loaded / "lake", clinic_graph()
    assert graph.select([SPELL]) == {SPELL, "silver.cln_claim", "bronze.cln_lab", "bronze.cln_desk"}
    assert ("silver.cln_claim", SPELL) in edges(graph) and graph.children(SPELL) == [SPEND]
    lab(loaded / "landing", 2, SECOND)
    options = RunOptions(lakehouse=lake, landing=loaded / "landing", dry_run=True)
    planned = run(options, lambda: engine, graph=graph).planned
    assert planned is not None and set(planned["tables"]) == {"silver.cln_claim", "silver.cln_line", SPELL, SPEND}
    arrive(lake, loaded / "landing", engine, select=[SPELL])
    assert spells(lake) == AFTER and {r["paid_usd"] for r in rows_of(lake, SPEND)} == {10, 5.5}


def test_forget_restore_full_refresh_and_reprocess_reach_it(loaded: Path, engine: Engine):
    lake, landing = loaded / "lake", loaded / "landing"
    lab(landing, 2, SECOND)
    second = arrive(lake, landing, engine).run_id
    arrive(lake, landing, engine, forget="Lab_2.csv")
    assert spells(lake) == BEFORE
    assert arrive(lake, None, engine, layers=("silver", "gold"), rebuild=("cln_lab",)).run_id
    arrive(lake, landing, engine, full_refresh=True)
    assert spells(lake) == BEFORE
    assert SPELL in {t.table for t in restore(Lakehouse(lake), second).tables}
    assert spells(lake) == BEFORE
    (landing / "Lab_2.csv").unlink()
    lab(landing, 3, SECOND)
    arrive(lake, landing, engine)
    assert spells(lake) == AFTER


def test_table_that_was_lost_is_made_anew_with_its_readers(loaded: Path, engine: Engine):
    shutil.rmtree(Lakehouse(loaded / "lake").folder(SPELL))
    report = arrive(loaded / "lake", loaded / "landing", engine)
    assert {t.table: t.mode for t in report.tables} == {SPELL: "full", SPEND: "full"}
    assert spells(loaded / "lake") == BEFORE


def test_explain_leads_through_it_to_the_files(base: Path):
    lake = Lakehouse(base / "lake")
    for table in (SPELL, SPEND):
        found = explain(lake, clinic_graph(), table, {"person": "ann"})
        files = {(f.table, f.file, f.rows_n) for f in found.files}
        assert ("silver.cln_claim", "Lab_1.csv", 1) in files and all(f.table != SPELL for f in found.files)
