"""Connections to DuckDB: one database for many looks, and nothing that one of them sees of another."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

import nh_lakehouse
from nh_lakehouse.lakehouse import duckdb_session
from nh_lakehouse.lakehouse.duckdb_session import Workspaces, connect

PACKAGE = Path(nh_lakehouse.__file__).parent


def test_connections_do_not_see_each_others_tables() -> None:
    with connect() as one, connect() as other:
        one.execute("CREATE TEMP TABLE keys AS SELECT 1 AS k")
        other.execute("CREATE TEMP TABLE keys AS SELECT 2 AS k")
        assert one.execute("SELECT k FROM keys").fetchall() == [(1,)]
        assert other.execute("SELECT k FROM keys").fetchall() == [(2,)]
    with connect() as third, pytest.raises(duckdb.CatalogException):
        third.execute("SELECT k FROM keys")


def test_times_are_utc_and_threads_are_as_asked_whatever_another_database_has() -> None:
    wanted = "SELECT current_setting('TimeZone'), current_setting('enable_external_file_cache')"
    with connect() as usual, connect(threads=1, memory="100MB") as narrow:
        assert usual.execute(wanted).fetchall() == narrow.execute(wanted).fetchall() == [("UTC", False)]
        assert narrow.execute("SELECT current_setting('threads')").fetchall() == [(1,)]
        bounds = [c.execute("SELECT current_setting('memory_limit')").fetchall() for c in (usual, narrow)]
        assert bounds[0] != bounds[1] == [("95.3 MiB",)]


def test_a_file_that_was_written_anew_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    for value in (1, 2):
        with connect() as connection:
            connection.execute(f"COPY (SELECT {value} AS v) TO '{file}' (FORMAT parquet)")
        with connect() as connection:
            assert connection.execute(f"SELECT v FROM '{file}'").fetchall() == [(value,)]


def test_a_database_that_broke_is_opened_anew(tmp_path: Path) -> None:
    """As after an internal error, which closes a database to all of its connections."""
    with connect(threads=1, memory="90MB") as connection:
        assert connection.execute("SELECT 1").fetchall() == [(1,)]
    for broken in duckdb_session._shared.values():
        broken.close()
    with connect(threads=1, memory="90MB") as connection:
        assert connection.execute("SELECT current_setting('threads')").fetchall() == [(1,)]
    workspaces = Workspaces(tmp_path, "100MB")
    for number in (1, 2):
        with workspaces.one() as connection:
            connection.execute(f"CREATE TABLE wanted AS SELECT {number} AS n")
            assert connection.execute("SELECT n FROM wanted").fetchall() == [(number,)]
        assert workspaces._database is not None
        workspaces._database.close()


def test_what_does_not_fit_is_kept_whatever_folder_one_is_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = "SELECT count(*) FROM (SELECT DISTINCT hash(i) AS h, i FROM range(3_000_000) AS t(i))"
    for place in ("one", "other"):
        (tmp_path / place).mkdir()
        monkeypatch.chdir(tmp_path / place)
        with connect(memory="60MB") as connection:
            assert connection.execute(many).fetchall() == [(3_000_000,)]
    assert list(tmp_path.rglob("*tmp*")) == []


def test_workspaces_side_by_side_have_tables_of_the_same_names(tmp_path: Path) -> None:
    workspaces = Workspaces(tmp_path, "100MB")

    def keep(number: int) -> list[tuple[int]]:
        with workspaces.one() as connection:
            connection.execute(f"CREATE TABLE wanted AS SELECT {number} AS n")
            beside = connection.cursor()
            schema = connection.execute("SELECT current_schema()").fetchall()[0][0]
            return beside.execute(f"SELECT n FROM {schema}.wanted").fetchall()

    with ThreadPoolExecutor(max_workers=8) as pool:
        assert list(pool.map(keep, range(40))) == [[(n,)] for n in range(40)]
    with workspaces.one() as connection:
        left = connection.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'wanted'").fetchall()
    assert left == [(0,)]


def test_workspace_is_given_back_where_the_work_in_it_failed(tmp_path: Path) -> None:
    workspaces = Workspaces(tmp_path, "100MB")

    def fail() -> None:
        with workspaces.one() as connection:
            connection.execute("CREATE TABLE wanted AS SELECT 1 AS n")
            connection.execute("SELECT * FROM nowhere")

    with pytest.raises(duckdb.CatalogException):
        fail()
    with workspaces.one() as connection:
        assert connection.execute("SELECT count(*) FROM duckdb_tables()").fetchall() == [(0,)]


def test_what_is_made_in_a_shared_database_is_temporary() -> None:
    lasting = re.compile(r"CREATE\s+(OR\s+REPLACE\s+)?(TABLE|VIEW|SCHEMA|MACRO|SEQUENCE|TYPE)", re.IGNORECASE)
    shared = [f for f in PACKAGE.rglob("*.py") if "duckdb_session import connect" in f.read_text("utf-8")]
    assert len(shared) > 10
    found = {f.name: lasting.findall(f.read_text("utf-8")) for f in shared}
    # The tables that a query sees are views of a database of their own, which `Lakehouse.duckdb` opens.
    assert {name: [kind for _, kind in made] for name, made in found.items() if made} == {
        "lakehouse.py": ["SCHEMA", "VIEW"]
    }
