"""Finding and reading tables without an engine, and names that must not lead out of the folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

from nh_lakehouse.errors import ConfigError
from nh_lakehouse.lakehouse import Lakehouse


@pytest.fixture
def lake(tmp_path: Path) -> Lakehouse:
    """Three tables, two of which share a short name."""
    lake = Lakehouse(tmp_path)
    for name, values in (("gold.things", [1, 2]), ("silver.homes", [3]), ("bronze.homes", [4])):
        write_deltalake(lake.path(name), pa.table({"n": values}))
    return lake


def test_tables_stand_layer_by_layer(lake: Lakehouse):
    assert lake.tables() == ["bronze.homes", "silver.homes", "gold.things"]
    assert (lake.exists("gold.things"), lake.exists("gold.other")) == (True, False)
    assert (lake.version("gold.things"), lake.version("gold.other")) == (0, -1)


def test_short_name_means_the_table_made_from_bronze(lake: Lakehouse):
    assert lake.find("homes") == "silver.homes"
    assert lake.read("things").n.tolist() == [1, 2]


def test_unknown_table_is_told_with_near_names(lake: Lakehouse):
    with pytest.raises(ConfigError, match="did you mean gold.things"):
        lake.read("gold.thing")


def test_earlier_version_is_read(lake: Lakehouse):
    write_deltalake(lake.path("gold.things"), pa.table({"n": [5]}), mode="append")
    assert sorted(lake.read("gold.things").n) == [1, 2, 5]
    assert sorted(lake.read("gold.things", version=0).n) == [1, 2]
    assert [h["version"] for h in lake.history("things")] == [1, 0]


# --- versions that are opened once -----------------------------------------------------------------------------------


def files_of(lake: Lakehouse, version: int | None = None) -> list[int]:
    """Rows of the files that a shared table names, and of those that one opened anew does: the same."""
    shared, own = lake.snapshot("gold.things", version), lake.delta("gold.things", version)
    assert (shared.version(), sorted(shared.file_uris())) == (own.version(), sorted(own.file_uris()))
    return sorted(pq.read_metadata(uri.removeprefix("file://")).num_rows for uri in shared.file_uris())


def test_version_is_opened_once_and_a_new_one_is_seen(lake: Lakehouse, monkeypatch: pytest.MonkeyPatch):
    opened = []
    real = Lakehouse.delta
    monkeypatch.setattr(Lakehouse, "delta", lambda self, *args: opened.append(args) or real(self, *args))
    lake.snapshot("gold.things")
    lake.snapshot("gold.things", 0)
    assert len(opened) == 1
    for n, rows in ((1, [1, 2]), (2, [1, 1, 2]), (3, [1, 1, 1, 2])):
        write_deltalake(lake.path("gold.things"), pa.table({"n": [n]}), mode="append")
        assert files_of(lake) == rows
    assert files_of(lake, 1) == [1, 2]
    assert len(lake._opened["gold.things"]) == 2, "as many as a write has: the one before and the one after"


def test_table_that_is_made_anew_restored_or_kept_in_a_checkpoint_is_another(lake: Lakehouse):
    write_deltalake(lake.path("gold.things"), pa.table({"n": [3]}), mode="append")
    assert files_of(lake) == [1, 2]
    lake.delta("gold.things").restore(0)
    assert files_of(lake) == [2]
    lake.delta("gold.things").create_checkpoint()
    (lake.folder("gold.things") / "_delta_log" / f"{2:020d}.json").unlink()
    assert lake.snapshot("gold.things", 2).version() == 2
    shutil.rmtree(lake.folder("gold.things"))
    write_deltalake(lake.path("gold.things"), pa.table({"n": [7, 8, 9]}))
    assert files_of(lake) == [3]


def test_duckdb_sees_every_table_and_nothing_else(lake: Lakehouse, tmp_path: Path):
    assert lake.sql("SELECT sum(n) AS n FROM gold.things").n.tolist() == [3]
    (tmp_path / "secret.csv").write_text("a\n1\n")
    with lake.duckdb() as connection:
        for attempt in (
            f"SELECT * FROM read_csv('{tmp_path}/secret.csv')",
            f"COPY (SELECT 1) TO '{tmp_path}/out.csv'",
            f"ATTACH '{tmp_path}/x.db'",
            "SET enable_external_access = true",
            "INSTALL httpfs",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(attempt)


@pytest.mark.parametrize(
    "name",
    [
        "../gold.things",
        "gold/../../x",
        "gold.things/..",
        "gold.Things",
        "platinum.things",
        "gold.",
        "gold.a b",
        "gold.1x",
        "gold.x;drop",
        "gold.things\n",
        "x" * 300,
    ],
)
def test_name_that_is_no_table_name_is_refused(lake: Lakehouse, name: str):
    with pytest.raises(ConfigError):
        lake.folder(name)


def test_link_out_of_the_lakehouse_is_refused(lake: Lakehouse, tmp_path_factory: pytest.TempPathFactory):
    outside = tmp_path_factory.mktemp("outside")
    (lake.root / "gold" / "linked").symlink_to(outside)
    with pytest.raises(ConfigError, match="leads out"):
        lake.folder("gold.linked")


def test_table_whose_first_commit_was_never_written_is_not_there(lake: Lakehouse):
    (lake.folder("gold.begun") / "_delta_log").mkdir(parents=True)
    assert not lake.exists("gold.begun")
    assert "gold.begun" not in lake.tables()


def test_folder_that_does_not_exist_holds_no_tables(tmp_path: Path):
    lake = Lakehouse(tmp_path / "nowhere")
    assert (lake.tables(), lake.exists("gold.things"), lake.version("gold.things")) == ([], False, -1)
    assert not (tmp_path / "nowhere").exists()
