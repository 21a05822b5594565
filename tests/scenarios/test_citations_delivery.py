"""One silver table of two data sets: either alone, both in any order, each replaced by itself alone."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from support import csv_text, load, rows_of, write
from thorough import embedded_unless_thorough

from nh_lakehouse import Lakehouse
from nh_lakehouse.contracts import load_contracts
from nh_lakehouse.engines import Engine

TABLE = "silver.nh_citation"
SUMMARY = "gold.nh_citation_summary"
FACTS = ("domain", "ccn", "snapshot_month", "tag", "scope_severity", "occurrence_no", "severity_level", "scope_level")


def file(data_set: str, *rows: dict[str, Any], month: str = "2024-10-01") -> str:
    """A file of citations; columns that a row does not name are empty."""
    columns = load_contracts()[data_set].columns
    facts = {"survey_date": "2024-03-05", "tag": "0880", "processing_date": month}
    sent = [{c.header: {**facts, **row}.get(c.name) for c in columns} for row in rows]
    return csv_text(sent, header=[c.header for c in columns])


def health(ccn: str, letter: str, **values: Any) -> dict[str, Any]:
    return {"ccn": ccn, "prefix": "F", "scope_severity": letter, **values}


def fire(ccn: str, letter: str, **values: Any) -> dict[str, Any]:
    return {"ccn": ccn, "prefix": "K", "tag_version": "New", "scope_severity": letter, **values}


FILES = {
    "NH_HealthCitations_Oct2024.csv": file(
        "nh_health_citations",
        health("015009", "D"),
        health("015009", "D", standard="Y"),  # the same citation again, of another inspection: numbered
        health("015010", "L"),
    ),
    "NH_FireSafetyCitations_Oct2024.csv": file("nh_fire_citations", fire("015009", "F"), fire("015011", "C")),
    "NH_FireSafetyCitations_Nov2024.csv": file("nh_fire_citations", fire("015009", "G"), month="2024-11-01"),
}
OCTOBER_HEALTH = [
    ("health", "015009", "2024-10-01", "0880", "D", 1, 2, "isolated"),
    ("health", "015009", "2024-10-01", "0880", "D", 2, 2, "isolated"),
    ("health", "015010", "2024-10-01", "0880", "L", 1, 4, "widespread"),
]
FIRE = [
    ("fire", "015009", "2024-10-01", "0880", "F", 1, 2, "widespread"),
    ("fire", "015009", "2024-11-01", "0880", "G", 1, 3, "isolated"),
    ("fire", "015011", "2024-10-01", "0880", "C", 1, 1, "widespread"),
]


def citations(lake: Path) -> list[tuple[Any, ...]]:
    rows = rows_of(lake, TABLE, list(FACTS))
    return sorted(tuple(str(r[n]) if n == "snapshot_month" else r[n] for n in FACTS) for r in rows)


@pytest.fixture(scope="module")
def at_once(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Path:
    """All files in one run."""
    root = tmp_path_factory.mktemp("citations")
    for name, text in FILES.items():
        write(root / "landing" / name, text)
    assert load(root / "lake", root / "landing", engine).exit_code == 0
    return root


@embedded_unless_thorough
def test_two_files_make_one_table(at_once: Path) -> None:
    assert citations(at_once / "lake") == FIRE + OCTOBER_HEALTH
    jeopardy = {r["ccn"] for r in rows_of(at_once / "lake", TABLE) if r["immediate_jeopardy"]}
    assert jeopardy == {"015010"}


@embedded_unless_thorough
def test_nothing_is_new_the_second_time(at_once: Path, engine: Engine) -> None:
    version = Lakehouse(at_once / "lake").version(TABLE)
    assert load(at_once / "lake", at_once / "landing", engine).status == "nothing_new"
    assert Lakehouse(at_once / "lake").version(TABLE) == version


@embedded_unless_thorough
@pytest.mark.slow
@pytest.mark.parametrize("order", list(permutations(FILES))[::2], ids=lambda names: "-".join(n[3:7] for n in names))
def test_any_order_of_the_files_gives_the_same_rows(order: tuple[str, ...], tmp_path: Path, engine: Engine) -> None:
    for name in order:
        write(tmp_path / "landing" / name, FILES[name])
        assert load(tmp_path / "lake", tmp_path / "landing", engine).exit_code == 0
    assert citations(tmp_path / "lake") == FIRE + OCTOBER_HEALTH


@embedded_unless_thorough
def test_a_new_release_of_one_file_leaves_the_rows_of_the_other(tmp_path: Path, engine: Engine) -> None:
    for name, text in FILES.items():
        write(tmp_path / "landing" / name, text)
    assert load(tmp_path / "lake", tmp_path / "landing", engine).exit_code == 0
    again = file("nh_fire_citations", fire("015009", "E"))
    write(tmp_path / "landing" / "NH_FireSafetyCitations_Oct2024_v2.csv", again, modified="2027-01-01T00:00:00")
    report = load(tmp_path / "lake", tmp_path / "landing", engine)
    assert report.exit_code == 0
    # The home that only the first release holds stays; the other has its newer rows.
    changed = ("fire", "015009", "2024-10-01", "0880", "E", 1, 2, "pattern")
    assert citations(tmp_path / "lake") == sorted([changed, *FIRE[1:], *OCTOBER_HEALTH])
    (line,) = [t for t in report.tables if t.table == TABLE]
    assert (line.inserted_n, line.updated_n, line.deleted_n) == (1, 0, 1)


def totals(lake: Path) -> list[tuple[Any, ...]]:
    """Month, place, domain and number of citations of the rows that sum over cycle and category."""
    rows = [r for r in rows_of(lake, SUMMARY) if (r["cycle"], r["category"]) == ("all", "all")]
    return sorted(
        (f"{r['snapshot_month']:%b}", r["level"], r["ccn"] or r["state"], r["domain"], r["citations_n"]) for r in rows
    )


@pytest.mark.spark35
def test_a_new_month_adds_its_own_summary_alone(tmp_path: Path, engine: Engine) -> None:
    for name in list(FILES)[:2]:
        write(tmp_path / "landing" / name, FILES[name])
    first = load(tmp_path / "lake", tmp_path / "landing", engine)
    october = totals(tmp_path / "lake")
    assert first.exit_code == 0
    assert october == [
        ("Oct", "home", "015009", "fire", 1),
        ("Oct", "home", "015009", "health", 2),
        ("Oct", "home", "015010", "health", 1),
        ("Oct", "home", "015011", "fire", 1),
        ("Oct", "nation", "US", "fire", 2),
        ("Oct", "nation", "US", "health", 3),
    ]  # no home states its state in these files

    write(tmp_path / "landing" / list(FILES)[2], FILES[list(FILES)[2]])
    report = load(tmp_path / "lake", tmp_path / "landing", engine)
    (line,) = [t for t in report.tables if t.table == SUMMARY]
    # A home and the nation, each by cycle and category, by either alone and by neither.
    assert (line.mode, line.inserted_n, line.updated_n, line.deleted_n) == ("incremental", 8, 0, 0)
    november = [("Nov", "home", "015009", "fire", 1), ("Nov", "nation", "US", "fire", 1)]
    assert totals(tmp_path / "lake") == november + october

    version = Lakehouse(tmp_path / "lake").version(SUMMARY)
    assert load(tmp_path / "lake", tmp_path / "landing", engine, full_refresh=True).exit_code == 0
    assert Lakehouse(tmp_path / "lake").version(SUMMARY) == version
