"""Every row of every file has exactly one fate, and a load whose account does not add up leaves the tables as they were."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from deliveries import payroll, penalties, provider, put
from support import all_tables, load, rows_of
from thorough import embedded_unless_thorough

from nh_lakehouse import Lakehouse, build_graph
from nh_lakehouse.engines import Engine
from nh_lakehouse.lakehouse.store import Published, Store
from nh_lakehouse.pipeline import silver_load
from nh_lakehouse.pipeline.report import RunReport

pytestmark = pytest.mark.scenario

FATES = ("rows_read_n", "accepted_n", "duplicate_n", "superseded_n", "quarantined_n")
EFFECTS = ("inserted_n", "updated_n", "unchanged_n")


def loads_of(lake: Path, table: str) -> dict[str, dict[str, Any]]:
    """Records of the last load of each file into a table."""
    rows = sorted(Lakehouse(lake).arrow("ops.loads").to_pylist(), key=lambda r: r["recorded_at"])
    return {r["file"]: r for r in rows if r["target"] == table}


def counts(record: dict[str, Any], names: tuple[str, ...]) -> tuple:
    return tuple(record[n] for n in names)


def assert_identity(lake: Path) -> None:
    """rows read = accepted + duplicate + superseded + quarantined; row for row: accepted = inserted + updated + unchanged."""
    records = Lakehouse(lake).arrow("ops.loads").to_pylist()
    assert records
    for r in records:
        assert r["rows_read_n"] == sum(counts(r, FATES[1:])), r
        assert all(n >= 0 for n in counts(r, FATES)), r
        if build_graph().specs.get(r["target"]) is None or build_graph().specs[r["target"]].history != "scd2":
            assert r["accepted_n"] == sum(counts(r, EFFECTS)), r
            assert all(n >= 0 for n in counts(r, EFFECTS)), r


def test_identity_holds_for_every_file_of_the_sample(whole: Path) -> None:
    assert_identity(whole)
    read = {
        r["file"]: r["rows_read_n"] for r in Lakehouse(whole).arrow("ops.files").to_pylist() if r["status"] == "loaded"
    }
    for table in (s.name for s in build_graph().specs.values() if not s.is_derived):
        for file, record in loads_of(whole, table).items():
            assert record["rows_read_n"] == read[file]
    files = Lakehouse(whole).arrow("ops.files").to_pylist()
    sent = {r["data_set"] for r in files if r["status"] == "loaded"}
    fed = {s.name for s in build_graph().specs.values() if not s.is_derived and sent & set(s.inputs)}
    every = {r["target"] for r in Lakehouse(whole).arrow("ops.loads").to_pylist()}
    assert fed == {t for t in every if t.startswith("silver.")} and len(fed) >= 8


#: Two homes; the first has one day twice the same and one day twice with other hours; one row is cut short.
FIRST = payroll(
    "PBJ_Daily_Nurse_Staffing_Q2_2024.csv",
    [
        {"ccn": "015009", "day": "20240401"},
        {"ccn": "015009", "day": "20240401"},
        {"ccn": "015009", "day": "20240402", "cna": 100.0},
        {"ccn": "015009", "day": "20240402", "cna": 200.0},
        {"ccn": "035001", "day": "20240401"},
        {"ccn": "035001", "day": "20240402"},
        {"ccn": "035001", "day": "20240403", "short": True},
    ],
    modified="2024-10-20",
)
#: The first home again: a day as it was, a day changed, a day new.
NEWER = payroll(
    "PBJ_Daily_Nurse_Staffing_Q2_2024_newer.csv",
    [
        {"ccn": "015009", "day": "20240401"},
        {"ccn": "015009", "day": "20240402", "cna": 150.0},
        {"ccn": "015009", "day": "20240403"},
    ],
    modified="2024-11-20",
)
#: Older than both, late: of the first home nothing counts, a third home is new.
OLDER = payroll(
    "PBJ_Daily_Nurse_Staffing_Q2_2024_older.csv",
    [{"ccn": "015009", "day": "20240401", "cna": 1.0}, {"ccn": "055002", "day": "20240401"}],
    modified="2024-06-20",
)
SELECT = ["silver.pbj_daily"]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Path:
    """The first delivery, loaded."""
    folder = tmp_path_factory.mktemp("base")
    assert load(folder / "lake", put(folder / "landing", [FIRST]), engine, select=SELECT).exit_code == 0
    return folder


@pytest.fixture
def loaded(base: Path, tmp_path: Path) -> Path:
    """A copy of the base for one test."""
    return Path(shutil.copytree(base, tmp_path / "loaded"))


def again(folder: Path, engine: Engine, **options: Any) -> RunReport:
    return load(folder / "lake", folder / "landing", engine, **{"select": SELECT, **options})


def test_fates_of_the_rows_of_a_file(base: Path) -> None:
    record = loads_of(base / "lake", "silver.pbj_daily")[FIRST.name]
    # Seven rows: one copy, one loser of a key, one cut short; four are left, all of them new.
    assert counts(record, FATES) == (7, 4, 1, 0, 2)
    assert counts(record, EFFECTS) == (4, 0, 0)
    assert_identity(base / "lake")


@pytest.mark.spark35
def test_newer_and_older_release_of_a_period(loaded: Path, engine: Engine) -> None:
    report = again(put(loaded / "landing", [NEWER]).parent, engine)
    assert report.exit_code == 0
    record = loads_of(loaded / "lake", "silver.pbj_daily")[NEWER.name]
    assert (counts(record, FATES), counts(record, EFFECTS), record["deleted_n"]) == ((3, 3, 0, 0, 0), (1, 1, 1), 0)
    again(put(loaded / "landing", [OLDER]).parent, engine)
    record = loads_of(loaded / "lake", "silver.pbj_daily")[OLDER.name]
    assert (counts(record, FATES), counts(record, EFFECTS)) == ((2, 1, 0, 1, 0), (1, 0, 0))
    assert_identity(loaded / "lake")
    # Computed anew, the account of all files is the one of a single load.
    again(loaded, engine, full_refresh=True)
    whole = loads_of(loaded / "lake", "silver.pbj_daily")
    assert {n: counts(r, FATES) for n, r in whole.items()} == {
        FIRST.name: (7, 2, 0, 4, 1),
        NEWER.name: (3, 3, 0, 0, 0),
        OLDER.name: (2, 1, 0, 1, 0),
    }
    assert {n: counts(r, EFFECTS) for n, r in whole.items()} == {
        FIRST.name: (0, 0, 2), NEWER.name: (0, 0, 3), OLDER.name: (0, 0, 1)
    }  # fmt: skip


@pytest.mark.spark35
def test_quarantine_holds_what_does_not_fit_now(tmp_path: Path, engine: Engine) -> None:
    lake, landing = tmp_path / "lake", tmp_path / "landing"
    twice = [{"ccn": "015009", "day": "20240401", "cna": hours} for hours in (100.0, 200.0)]
    unsound = payroll("PBJ_Daily_Nurse_Staffing_Q2_2024.csv", twice, modified="2024-10-20")
    assert load(lake, put(landing, [unsound]), engine, select=SELECT).exit_code == 0
    assert [(r["source_row"], r["reasons"]) for r in rows_of(lake, "ops.quarantine")] == [(1, ["duplicate_key"])]
    # In the newer release the day stands once: the rows of the older one are superseded, none is in quarantine.
    sound = payroll("PBJ_Daily_Nurse_Staffing_Q2_2024_newer.csv", twice[1:], modified="2024-11-20")
    assert load(lake, put(landing, [sound]), engine, select=SELECT).exit_code == 0
    assert rows_of(lake, "ops.quarantine") == []
    # A bad row of another quarter comes beside, and does not bring back the old one.
    later = payroll(
        "PBJ_Daily_Nurse_Staffing_Q3_2024.csv",
        [{**d, "day": "20240701", "quarter": "2024Q3"} for d in twice],
        modified="2024-11-20",
    )
    assert load(lake, put(landing, [later]), engine, select=SELECT).exit_code == 0
    assert [(r["file"], r["period"]) for r in rows_of(lake, "ops.quarantine")] == [(later.name, "2024Q3")]


@embedded_unless_thorough
def test_file_of_several_quarters_is_accounted_for_when_one_of_them_is_looked_at_again(
    tmp_path: Path, engine: Engine
) -> None:
    days = [{"ccn": "015009", "day": "20240401"}, {"ccn": "015009", "day": "20240402"}]
    both = [*days, {"ccn": "015009", "day": "20240701", "quarter": "2024Q3"}]
    files = [
        payroll("PBJ_daily_one_facility_015009_2024.csv", both, modified="2024-10-20"),
        payroll(
            "PBJ_Daily_Nurse_Staffing_Q3_2024.csv",
            [{"ccn": "035001", "day": "20240701", "quarter": "2024Q3"}],
            modified="2024-11-20",
        ),
    ]
    for file in files:
        report = load(tmp_path / "lake", put(tmp_path / "landing", [file]), engine, select=SELECT)
        assert report.exit_code == 0, report.errors
    assert len(rows_of(tmp_path / "lake", "silver.pbj_daily")) == 4
    assert counts(loads_of(tmp_path / "lake", "silver.pbj_daily")[files[0].name], FATES) == (3, 3, 0, 0, 0)
    # Taken back, the quarter is looked at once more; of the file that has another one as well nothing new is told.
    report = again(tmp_path, engine, forget=files[1].name)
    assert report.exit_code == 0, report.errors
    assert len(rows_of(tmp_path / "lake", "silver.pbj_daily")) == 3
    assert_identity(tmp_path / "lake")


@embedded_unless_thorough
def test_two_releases_under_one_name_are_accounted_apart(tmp_path: Path, engine: Engine) -> None:
    lake, landing = tmp_path / "lake", tmp_path / "landing"
    old = payroll("PBJ_Daily_Nurse_Staffing_Q2_2024.csv", [{"ccn": "015009", "day": "20240401"}], modified="2024-10-20")
    days = [{"ccn": "015009", "day": "20240401"}, {"ccn": "015009", "day": "20240402"}]
    for file in (old, payroll(old.name, days, modified="2024-11-20")):
        assert load(lake, put(landing, [file]), engine, select=SELECT, layers=("bronze",)).exit_code == 0
    assert load(lake, None, engine, select=SELECT, layers=("silver",)).exit_code == 0
    # Computed again with one row lost: the row comes back from the newer file, and none of the older one counts.
    Lakehouse(lake).delta("silver.pbj_daily").delete("work_date = '2024-04-02'")
    assert load(lake, None, engine, select=SELECT, layers=("silver",)).exit_code == 0
    records = sorted(Lakehouse(lake).arrow("ops.loads").to_pylist(), key=lambda r: r["recorded_at"])[-2:]
    assert {(counts(r, FATES), counts(r, EFFECTS)) for r in records} == {
        ((1, 0, 0, 1, 0), (0, 0, 0)),
        ((2, 2, 0, 0, 0), (1, 0, 1)),
    }
    assert_identity(lake)


@embedded_unless_thorough
@pytest.mark.usefixtures("narrow_here")
def test_history_reports_its_own_versions_beside(tmp_path: Path, engine: Engine) -> None:
    homes = [{"ccn": f"01500{n}"} for n in range(10)]
    october = provider("Oct2024", homes, modified="2024-10-20")
    november = provider(
        "Nov2024",
        [{**h, "certified_beds": 120 if h["ccn"] == "015001" else 100} for h in homes[1:]],
        modified="2024-11-20",
    )
    for file in (october, november):
        assert (
            load(tmp_path / "lake", put(tmp_path / "landing", [file]), engine, select=["silver.nh_facility"]).exit_code
            == 0
        )
    record = loads_of(tmp_path / "lake", "silver.nh_facility")[november.name]
    # One home changed: a version ends and one begins; one is gone: its version ends. Two updated, one of them closed.
    assert (record["inserted_n"], record["updated_n"], record["closed_n"]) == (1, 2, 1)
    assert counts(record, FATES) == (9, 9, 0, 0, 0)
    assert_identity(tmp_path / "lake")


# --- broken accounts -----------------------------------------------------------------------------------------------


def one_too_many(real: Callable) -> Callable:
    """Counts in which a file has a row more than it should."""

    def count(*args: Any) -> list:
        return [replace(c, accepted_n=c.accepted_n + 1) for c in real(*args)]

    return count


def one_row_lost(real: Callable) -> Callable:
    """Counts that add up, of fewer rows than were read from the file."""

    def count(*args: Any) -> list:
        return [replace(c, accepted_n=c.accepted_n - 1, rows_read_n=c.rows_read_n - 1) for c in real(*args)]

    return count


@embedded_unless_thorough
@pytest.mark.parametrize("broken", [one_too_many, one_row_lost], ids=lambda f: f.__name__)
def test_broken_account_fails_the_load_and_leaves_the_table_as_it_was(
    loaded: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch, broken: Callable
) -> None:
    put(loaded / "landing", [NEWER])
    before, version = all_tables(loaded / "lake"), Lakehouse(loaded / "lake").version("silver.pbj_daily")
    with monkeypatch.context() as patched:
        patched.setattr(silver_load, "count_rows", broken(silver_load.count_rows))
        report = again(loaded, engine)
    assert report.exit_code == 1 and "nothing was written" in report.errors[0]
    assert all_tables(loaded / "lake") == before
    assert Lakehouse(loaded / "lake").version("silver.pbj_daily") == version
    # Mended, the next run does what was left.
    assert again(loaded, engine).exit_code == 0
    assert len(rows_of(loaded / "lake", "silver.pbj_daily")) == 5


@embedded_unless_thorough
def test_commit_that_does_not_do_what_was_asked_is_taken_back(
    loaded: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(loaded / "landing", [NEWER])
    before = all_tables(loaded / "lake")
    real = Store._swap

    def miscounting(self: Store, *args: Any) -> Published:
        done = real(self, *args)
        return replace(done, updated_n=done.updated_n + 1)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "_swap", miscounting)
        report = again(loaded, engine)
    assert report.exit_code == 1 and "the table is back at version" in report.errors[0]
    assert all_tables(loaded / "lake") == before
    assert again(loaded, engine).exit_code == 0
    assert len(rows_of(loaded / "lake", "silver.pbj_daily")) == 5


@embedded_unless_thorough
def test_bronze_append_that_lost_rows_is_taken_back(
    loaded: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(loaded / "landing", [NEWER, penalties("Oct2024", [{"ccn": "015009", "fine_usd": "100.00"}])])
    lake = Lakehouse(loaded / "lake")
    before = lake.arrow("bronze.pbj_nurse_daily").num_rows
    real = Store.adopt

    def losing(self: Store, name: str, files: Any, *rest: Any) -> Published:
        done = real(self, name, files, *rest)
        return replace(done, inserted_n=done.inserted_n - 1) if name == "bronze.pbj_nurse_daily" else done

    select = [*SELECT, "silver.nh_penalty"]
    with monkeypatch.context() as patched:
        patched.setattr(Store, "adopt", losing)
        report = again(loaded, engine, select=select)
    assert report.exit_code == 1
    assert {f.file: f.status for f in report.files} == {NEWER.name: "failed", "NH_Penalties_Oct2024.csv": "loaded"}
    assert lake.arrow("bronze.pbj_nurse_daily").num_rows == before
    assert len(rows_of(loaded / "lake", "silver.nh_penalty")) == 1
    # The file is tried again by the next run.
    assert again(loaded, engine, select=select).exit_code == 0
    assert len(rows_of(loaded / "lake", "silver.pbj_daily")) == 5
