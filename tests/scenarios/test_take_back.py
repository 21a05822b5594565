"""A file that is forgotten leaves no trace in the tables; a mended contract frees rows; a run is undone whole."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from deliveries import Delivery, payroll, penalties, provider, put
from narrow import with_columns
from support import all_tables, load, rows_of
from thorough import THOROUGH, embedded_unless_thorough

from nh_lakehouse import Lakehouse
from nh_lakehouse.contracts import load_contracts
from nh_lakehouse.engines import Engine
from nh_lakehouse.errors import ConfigError, ConflictError
from nh_lakehouse.lakehouse.lock import RunLock
from nh_lakehouse.lakehouse.store import Store
from nh_lakehouse.pipeline import plan, runner, silver_load
from nh_lakehouse.pipeline import restore as restoring
from nh_lakehouse.pipeline.report import RunReport
from nh_lakehouse.pipeline.restore import restore
from nh_lakehouse.pipeline.take_back import find_release, mark_waiting

pytestmark = [pytest.mark.scenario, pytest.mark.usefixtures("narrow_contracts")]

SELECT = ["silver.nh_facility", "silver.nh_facility_month", "silver.nh_penalty", "gold.pbj_day"]
DAYS = (("20240401", "2024Q2"), ("20240402", "2024Q2"))
HOMES = ("015009", "015010", "015011")


def hours(homes, census: int = 80) -> list[dict]:
    return [{"ccn": ccn, "day": day, "quarter": quarter, "census": census} for ccn in homes for day, quarter in DAYS]


def homes(month: str, beds: int, **options) -> Delivery:
    return provider(month, [{"ccn": ccn, "certified_beds": beds} for ccn in HOMES], **options)


def fines(month: str, *amounts: int, **options) -> Delivery:
    rows = [{"ccn": HOMES[0], "fine_usd": n, "penalty_date": f"2024-05-0{n % 9 + 1}"} for n in amounts]
    return penalties(month, rows, **options)


RIGHT = [
    homes("Oct2024", 100),
    fines("Oct2024", 5000, 7000),
    payroll("PBJ_Daily_Nurse_Staffing_Q2_2024.csv", hours(HOMES)),
]
#: Each is wrong in its own way: a month that changes history, a newer release, a release of the payroll.
WRONG = {
    "a month": homes("Nov2024", 90),
    "a newer release of a month": homes("Oct2024", 55, label="_corrected", modified="2025-04-01"),
    "a newer release of the hours": payroll(
        "PBJ_Daily_Nurse_Staffing_Q2_2024_v2.csv", hours(HOMES[:2], census=40), modified="2025-04-01"
    ),
    "penalties of another month": fines("Nov2024", 9000),
}


def run_in(folder: Path, deliveries, engine: Engine, **options) -> RunReport:
    report = load(folder / "lake", put(folder / "landing", deliveries), engine, select=SELECT, **options)
    assert report.exit_code == 0, report.errors
    return report


def forget(folder: Path, file: str, engine: Engine, **options) -> RunReport:
    report = load(folder / "lake", None, engine, select=SELECT, layers=("silver", "gold"), forget=file, **options)
    assert report.exit_code == 0, report.errors
    return report


class Killed(BaseException):
    """What ends a run in the middle."""


def interrupt(folder: Path, file: str, engine: Engine, *, after: int) -> None:
    """A forget that is killed right after so many commits."""
    commits = []

    def stop(name: str) -> None:
        commits.append(name)
        if len(commits) == after:
            raise Killed(name)

    with pytest.raises(Killed):
        forget(folder, file, engine, after_commit=stop)


def state_of(folder: Path, file: str) -> str:
    events = [r for r in Lakehouse(folder / "lake").arrow("ops.files").to_pylist() if r["file"] == file]
    return str(max(events, key=lambda r: r["recorded_at"])["status"])


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory, engine: Engine, narrow_contracts: None) -> Path:
    """A lakehouse of the right files alone."""
    folder = tmp_path_factory.mktemp("right")
    run_in(folder, RIGHT, engine)
    return folder


@pytest.fixture
def copy(right: Path, tmp_path: Path) -> Path:
    """A copy of it for one test."""
    return Path(shutil.copytree(right, tmp_path / "copy"))


# --- forget ----------------------------------------------------------------------------------------------------------


@pytest.mark.spark35
@pytest.mark.parametrize(
    "wrong",
    [pytest.param(w, id=n, marks=() if n == "a month" else embedded_unless_thorough) for n, w in WRONG.items()],
)
def test_forgotten_file_leaves_the_tables_of_the_others(wrong: Delivery, right: Path, copy: Path, engine: Engine):
    before = all_tables(right / "lake")
    run_in(copy, [wrong], engine)
    assert all_tables(copy / "lake") != before, "a file that changes nothing proves nothing"
    forget(copy, wrong.name, engine)
    assert all_tables(copy / "lake") == before
    assert rows_of(copy / "lake", "ops.quarantine") == rows_of(right / "lake", "ops.quarantine")
    assert state_of(copy, wrong.name) == "forgotten"
    # It lies in the landing folder still, and is not loaded again.
    assert run_in(copy, [], engine).status == "nothing_new"


@embedded_unless_thorough
def test_only_file_of_a_data_set_leaves_empty_tables(copy: Path, engine: Engine):
    forget(copy, RIGHT[1].name, engine)
    assert rows_of(copy / "lake", "silver.nh_penalty") == []
    forget(copy, RIGHT[0].name, engine)
    assert rows_of(copy / "lake", "silver.nh_facility") == []
    assert rows_of(copy / "lake", "gold.pbj_day") != []


@embedded_unless_thorough
def test_forgotten_release_lets_the_one_before_of_the_same_name_stand_again(right: Path, copy: Path, engine: Engine):
    before = all_tables(right / "lake")
    run_in(copy, [homes("Oct2024", 55, modified="2025-05-01")], engine)
    assert find_release(Lakehouse(copy / "lake"), RIGHT[0].name).earlier_n == 1
    forget(copy, RIGHT[0].name, engine)
    assert all_tables(copy / "lake") == before
    forget(copy, RIGHT[0].name, engine)
    assert rows_of(copy / "lake", "silver.nh_facility") == []
    with pytest.raises(ConfigError, match="forgotten already"):
        find_release(Lakehouse(copy / "lake"), RIGHT[0].name)


@embedded_unless_thorough
def test_copy_of_a_forgotten_file_is_loaded_by_the_next_run(right: Path, copy: Path, engine: Engine):
    twin = Delivery("NH_Penalties_Oct2024 (1).csv", RIGHT[1].body, "2025-03-02")
    run_in(copy, [twin], engine)
    assert state_of(copy, twin.name) == "duplicate"
    assert find_release(Lakehouse(copy / "lake"), RIGHT[1].name).copies == (twin.name,)
    forget(copy, RIGHT[1].name, engine)
    assert (rows_of(copy / "lake", "silver.nh_penalty"), state_of(copy, twin.name)) == ([], "waiting")
    run_in(copy, [], engine)
    assert state_of(copy, twin.name) == "loaded"
    assert all_tables(copy / "lake") == all_tables(right / "lake")


@embedded_unless_thorough
def test_copy_that_waits_can_be_forgotten_too(copy: Path, engine: Engine):
    twin = Delivery("NH_Penalties_Oct2024 (1).csv", RIGHT[1].body, "2025-03-02")
    run_in(copy, [twin], engine)
    forget(copy, RIGHT[1].name, engine)
    forget(copy, twin.name, engine)
    assert run_in(copy, [], engine).status == "nothing_new"
    assert (rows_of(copy / "lake", "silver.nh_penalty"), state_of(copy, twin.name)) == ([], "forgotten")


@embedded_unless_thorough
def test_copy_that_is_forgotten_takes_no_row_along(right: Path, copy: Path, engine: Engine):
    twin = Delivery("NH_Penalties_Oct2024 (1).csv", RIGHT[1].body, "2025-03-02")
    run_in(copy, [twin], engine)
    forget(copy, twin.name, engine)
    assert all_tables(copy / "lake") == all_tables(right / "lake")
    assert state_of(copy, twin.name) == "forgotten"


@embedded_unless_thorough
def test_forgotten_file_is_loaded_with_other_content_or_when_called_back(right: Path, copy: Path, engine: Engine):
    name = RIGHT[1].name
    forget(copy, name, engine)
    run_in(copy, [fines("Oct2024", 5000, 7000, modified="2025-06-01")], engine)
    assert state_of(copy, name) == "forgotten", "a touched file holds the same bytes"
    store = Store(Lakehouse(copy / "lake"), engine, copy / "staging")
    assert mark_waiting(store, name, "20250101T000000-aaaa") == name
    run_in(copy, [], engine)
    assert all_tables(copy / "lake") == all_tables(right / "lake")
    forget(copy, name, engine)
    run_in(copy, [fines("Oct2024", 100)], engine)
    assert [r["fine_usd"] for r in rows_of(copy / "lake", "silver.nh_penalty")] == [100]


@embedded_unless_thorough
def test_forget_killed_anywhere_is_completed_by_the_next_run(right: Path, copy: Path, engine: Engine):
    before, wrong = all_tables(right / "lake"), WRONG["a newer release of a month"]
    run_in(copy, [wrong], engine)
    commits: list[str] = []
    probe = Path(shutil.copytree(copy, copy.parent / "probe"))
    forget(probe, wrong.name, engine, after_commit=commits.append)
    assert commits[:3] == ["ops.files", "bronze.nh_provider_info", "ops.files"]
    every = range(len(commits)) if engine.name == "sail" or THOROUGH else (0, 1, 2, len(commits) - 1)
    for number in every:
        folder = Path(shutil.copytree(copy, copy.parent / f"killed{number}"))
        interrupt(folder, wrong.name, engine, after=number + 1)
        run_in(folder, [], engine)
        assert all_tables(folder / "lake") == before, commits[number]
        assert state_of(folder, wrong.name) == "forgotten"


@embedded_unless_thorough
def test_earlier_release_stays_where_a_forget_of_the_newer_was_killed(right: Path, copy: Path, engine: Engine):
    """Of one name: the newer one's rows are gone, that they are is not recorded yet."""
    before = all_tables(right / "lake")
    run_in(copy, [homes("Oct2024", 55, modified="2025-05-01")], engine)
    interrupt(copy, RIGHT[0].name, engine, after=2)
    assert state_of(copy, RIGHT[0].name) == "forgetting"
    planned = load(copy / "lake", copy / "landing", engine, select=SELECT, dry_run=True).planned
    assert planned is not None
    assert planned["take back"] == [RIGHT[0].name]
    run_in(copy, [], engine)
    assert all_tables(copy / "lake") == before
    assert state_of(copy, RIGHT[0].name) == "forgotten"


@embedded_unless_thorough
def test_forget_refuses_what_was_not_loaded(copy: Path, engine: Engine):
    put(copy / "landing", [Delivery("readme.txt", "hello\n"), Delivery("NH_Penalties_Dec2024.csv", "a,b\n1,2\n")])
    load(copy / "lake", copy / "landing", engine, select=SELECT)
    for file, words in (
        ("NH_ProviderInfo_Oct2042.csv", "did you mean NH_ProviderInfo_Oct2024.csv"),
        ("readme.txt", "was never loaded: its state is unknown"),
        ("NH_Penalties_Dec2024.csv", "was rejected: no row of it was loaded"),
    ):
        with pytest.raises(ConfigError, match=words) as caught:
            forget(copy, file, engine)
        assert caught.value.facts["option"] == "FILE"


# --- reprocess -------------------------------------------------------------------------------------------------------


def mended(monkeypatch: pytest.MonkeyPatch, name: str, column: str, **more: tuple[str, ...]) -> None:
    """The package with more aliases or missing markers for a column."""
    known = runner.load_contracts()
    columns = [c.model_copy(update=more) if c.name == column else c for c in known[name].columns]
    contracts = {**known, name: with_columns(known[name], columns)}
    for module in (plan, runner, silver_load):
        if hasattr(module, "load_contracts"):
            monkeypatch.setattr(module, "load_contracts", lambda: contracts)


@pytest.mark.spark35
def test_mended_contract_frees_quarantined_rows(copy: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch):
    run_in(copy, [fines("Dec2024", 4000), Delivery(*_odd_fines())], engine)
    held = [r for r in rows_of(copy / "lake", "ops.quarantine") if r["file"] == "NH_Penalties_Jan2025.csv"]
    assert [(r["severity"], r["reasons"]) for r in held] == [("cell", ["bad_number:fine_usd"])]
    mended(monkeypatch, "nh_penalties", "fine_usd", missing=("WAIVED",))
    report = load(copy / "lake", None, engine, select=SELECT, layers=("silver", "gold"), rebuild=("nh_penalties",))
    assert report.exit_code == 0, report.errors
    assert [r for r in rows_of(copy / "lake", "ops.quarantine") if r["file"] == "NH_Penalties_Jan2025.csv"] == []


def _odd_fines() -> tuple[str, str, str]:
    """A fine written `WAIVED`."""
    delivery = fines("Jan2025", 1234)
    return delivery.name, delivery.body.replace("1234", "WAIVED"), delivery.modified


@pytest.mark.spark35
def test_column_that_the_contract_did_not_know_is_found_in_bronze(
    copy: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    """The publisher renamed a header; its alias is added once the file is loaded."""
    header = load_contracts()["nh_provider_info"].column_by_name["certified_beds"].header
    late = homes("Dec2024", 123)
    run_in(copy, [Delivery(late.name, late.body.replace(header, "Beds Certified"), late.modified)], engine)

    def beds() -> list:
        rows = rows_of(copy / "lake", "silver.nh_facility_month", ["snapshot_month", "certified_beds"])
        return [(f"{r['snapshot_month']:%m}", r["certified_beds"]) for r in rows]

    assert beds() == [("10", 100)] * 3 + [("12", None)] * 3
    mended(monkeypatch, "nh_provider_info", "certified_beds", aliases=("Beds Certified",))
    report = load(copy / "lake", None, engine, select=SELECT, layers=("silver", "gold"), rebuild=("nh_provider_info",))
    assert report.exit_code == 0, report.errors
    assert beds() == [("10", 100)] * 3 + [("12", 123)] * 3
    history = rows_of(copy / "lake", "silver.nh_facility", ["ccn", "valid_from", "certified_beds"])
    assert {(f"{r['valid_from']:%Y-%m}", r["certified_beds"]) for r in history} == {("2024-10", 100), ("2024-12", 123)}


@embedded_unless_thorough
def test_rebuild_without_a_mended_contract_changes_nothing(copy: Path, engine: Engine):
    before = {t: Lakehouse(copy / "lake").version(t) for t in all_tables(copy / "lake")}
    report = load(copy / "lake", None, engine, select=SELECT, layers=("silver", "gold"), rebuild=("nh_provider_info",))
    assert {t.table for t in report.tables if t.mode == "full"} >= {"silver.nh_facility", "silver.nh_facility_month"}
    assert {t: Lakehouse(copy / "lake").version(t) for t in before} == before


# --- restore ---------------------------------------------------------------------------------------------------------


@pytest.mark.spark35
def test_restore_puts_every_table_back_and_the_next_run_loads_the_files_again(right: Path, copy: Path, engine: Engine):
    before, lake = all_tables(right / "lake"), Lakehouse(copy / "lake")
    bad = run_in(copy, [WRONG["a month"], WRONG["a newer release of the hours"]], engine)
    later = run_in(copy, [WRONG["penalties of another month"]], engine)
    after = all_tables(copy / "lake")
    planned = restore(lake, bad.run_id, dry_run=True)
    assert (planned.runs, all_tables(copy / "lake")) == ((bad.run_id, later.run_id), after)
    done = restore(lake, bad.run_id)
    assert [(t.table, t.version_restored) for t in done.tables] == sorted(
        (t.table, t.version_restored) for t in planned.tables
    )
    assert all_tables(copy / "lake") == before
    for table in ("ops.files", "ops.quarantine", "ops.loads", "ops.drift"):
        assert rows_of(copy / "lake", table) == rows_of(right / "lake", table)
    # The record of the runs is kept; tables that stand as recorded are not computed again.
    assert {r["run_id"] for r in lake.arrow("ops.runs").to_pylist()} >= {bad.run_id, later.run_id, done.run_id}
    assert load(copy / "lake", None, engine, select=SELECT, layers=("silver", "gold")).status == "nothing_new"
    run_in(copy, [], engine)
    assert all_tables(copy / "lake") == after
    restore(lake, done.run_id)
    assert all_tables(copy / "lake") == after


@embedded_unless_thorough
@pytest.mark.parametrize("after", [1, 2, 3])
def test_restore_undoes_a_killed_attempt_with_the_run_that_completed_it(
    right: Path, copy: Path, engine: Engine, after: int
):
    interrupt(copy, RIGHT[1].name, engine, after=after)
    report = run_in(copy, [], engine)
    assert rows_of(copy / "lake", "silver.nh_penalty") == []
    restore(Lakehouse(copy / "lake"), report.run_id)
    assert state_of(copy, RIGHT[1].name) == "loaded"
    assert all_tables(copy / "lake") == all_tables(right / "lake")
    assert run_in(copy, [], engine).status == "nothing_new"


@embedded_unless_thorough
def test_restore_that_was_killed_and_asked_again_can_be_undone(
    copy: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    lake = Lakehouse(copy / "lake")
    bad = run_in(copy, [WRONG["a month"]], engine)
    after, put_back, done = all_tables(copy / "lake"), restoring._put_back, []

    def stop(*arguments):
        if len(done) == 3:
            raise Killed
        done.append(put_back(*arguments))
        return done[-1]

    monkeypatch.setattr(restoring, "_put_back", stop)
    with pytest.raises(Killed):
        restore(lake, bad.run_id)
    monkeypatch.undo()
    again = restore(lake, bad.run_id)
    restore(lake, again.run_id)
    assert all_tables(copy / "lake") == after


@embedded_unless_thorough
def test_restore_before_the_first_run_leaves_empty_tables(copy: Path, engine: Engine):
    lake = Lakehouse(copy / "lake")
    first = lake.arrow("ops.runs").to_pylist()[0]["run_id"]
    after = all_tables(copy / "lake")
    restore(lake, first)
    assert {name: rows for name, rows in all_tables(copy / "lake").items() if rows} == {}
    run_in(copy, [], engine)
    assert all_tables(copy / "lake") == after


@embedded_unless_thorough
def test_restore_refuses_what_it_cannot_do(copy: Path, engine: Engine):
    lake = Lakehouse(copy / "lake")
    with pytest.raises(ConfigError, match="no run of that id") as caught:
        restore(lake, "20240101T000000-ffff")
    assert caught.value.facts["option"] == "--run"
    bad = run_in(copy, [WRONG["a newer release of a month"]], engine)
    after = all_tables(copy / "lake")
    with RunLock(lake.root, "20250101T000000-aaaa"), pytest.raises(ConflictError):
        restore(lake, bad.run_id)
    # A file of the version to go back to is gone.
    table = "silver.nh_facility_month"
    present = set(lake.delta(table).file_uris())
    old = [u for u in lake.delta(table, lake.version(table) - 1).file_uris() if u not in present]
    Path(old[0].removeprefix("file://")).unlink()
    with pytest.raises(ConfigError, match="cannot be read any more"):
        restore(lake, bad.run_id)
    assert all_tables(copy / "lake") == after
