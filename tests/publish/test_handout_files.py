"""Parquet and CSV files, the choice of tables, and the commands. No server."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from command_line import call
from lake import add_rows
from odd_rows import ODD

from nh_lakehouse import Lakehouse
from nh_lakehouse.errors import ConfigError, ConflictError
from nh_lakehouse.lakehouse.lock import RunLock
from nh_lakehouse.publish import tables
from nh_lakehouse.publish.files import write_csv, write_parquet
from nh_lakehouse.publish.tables import OutTable, choose, choose_of_one_run, wait_for_run


def keyed(lake: Lakehouse) -> tuple[OutTable, ...]:
    return (replace(choose(lake, [ODD]).tables[0], key=("code",)),)


# --- files -----------------------------------------------------------------------------------------------------------


def test_parquet_equals_the_table(odd_lake: Lakehouse, tmp_path: Path) -> None:
    assert write_parquet(odd_lake, keyed(odd_lake), tmp_path / "out") == {ODD: 9}
    found = pq.read_table(tmp_path / "out" / "odd.parquet")
    expected = odd_lake.arrow(ODD).drop_columns(["_row_hash"]).sort_by("code")
    assert found.to_pylist() == expected.to_pylist()
    assert [str(t) for t in found.schema.types] == [str(t) for t in expected.schema.types]


def test_parquet_carries_descriptions(lake: Lakehouse, tmp_path: Path) -> None:
    write_parquet(lake, choose(lake, ["nh_state_risk"]).tables, tmp_path / "out")
    schema = pq.read_schema(tmp_path / "out" / "nh_state_risk.parquet")
    assert schema.field("fines_usd").metadata[b"unit"] == b"usd"
    assert schema.metadata[b"delta_version"] == b"0"


def test_csv_has_exact_values_and_no_formula(odd_lake: Lakehouse, tmp_path: Path) -> None:
    write_csv(odd_lake, keyed(odd_lake), tmp_path / "out")
    with (tmp_path / "out" / "odd.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["code"]: row for row in csv.DictReader(file)}
    assert [rows[c]["name"] for c in "cefd"] == ["'=1+1", "'-2", "'@cmd", ""]
    assert rows["A"]["amount_usd"] == "9999999999999999.99" and rows["a"]["amount_usd"] == "-0.01"
    assert rows["b"]["name"] == "quote ' \" \\ percent % %s :x tab\tline\nend"
    assert (rows["e"]["at"], rows["e"]["flags"]) == ("2024-11-01T08:30:00.123456Z", '["x","y"]')
    text = (tmp_path / "out" / "odd.csv").read_text(encoding="utf-8")
    assert '\n"d","",' in text and '\n"g",,' in text  # an empty text is told from null


def test_files_come_with_their_description(lake: Lakehouse, tmp_path: Path) -> None:
    write_csv(lake, choose(lake).tables, tmp_path / "out")
    names = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert names == [
        "README.md",
        "columns.csv",
        "nh_executive_summary.csv",
        "nh_facility_risk.csv",
        "nh_state_risk.csv",
    ]
    assert "| `nh_state_risk.csv` | 6 |" in (tmp_path / "out" / "README.md").read_text()


def test_earlier_export_is_replaced_and_nothing_else(lake: Lakehouse, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_csv(lake, choose(lake).tables, out)
    write_csv(lake, choose(lake, ["nh_state_risk"]).tables, out)
    assert sorted(p.name for p in out.iterdir()) == ["README.md", "columns.csv", "nh_state_risk.csv"]
    for mine in ("mine.txt", "my_numbers.csv", "notes.md"):
        (out / mine).write_text("x")
        with pytest.raises(ConfigError, match="something else"):
            write_csv(lake, choose(lake).tables, out)
        (out / mine).unlink()  # it was still there
    assert sorted(p.name for p in tmp_path.iterdir()) == ["lake", "out"]


def test_export_through_a_link_goes_to_the_folder_that_it_leads_to(lake: Lakehouse, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    for _ in range(2):
        write_csv(lake, choose(lake, ["nh_state_risk"]).tables, tmp_path / "link")
        assert sorted(p.name for p in (tmp_path / "real").iterdir()) == [
            "README.md",
            "columns.csv",
            "nh_state_risk.csv",
        ]
        assert (tmp_path / "link").is_symlink()


# --- which tables ----------------------------------------------------------------------------------------------------


def test_tables_are_chosen_by_pattern(lake: Lakehouse) -> None:
    assert [t.name for t in choose(lake, ["gold.nh_s*", "nh_executive_summary"]).tables] == [
        "gold.nh_executive_summary", "gold.nh_state_risk",
    ]  # fmt: skip
    for pattern in ("gold.nope", "silver.*"):
        with pytest.raises(ConfigError, match="no gold table"):
            choose(lake, [pattern])


def test_tables_of_persons_are_left_out_unless_asked_for(lake: Lakehouse) -> None:
    add_rows(lake.root, "gold.tcoc", [{"source": "synpuf", "year": 2009}])
    add_rows(lake.root, "gold.snf_readmission", [{"source": "synpuf", "bene_id": "B1"}])
    add_rows(lake.root, "gold.fraud_indicators", [{"source": "synpuf", "subject_id": "B1"}])
    choice = choose(lake)
    assert {t.name: t.sensitive for t in choice.left_out} == {
        "gold.fraud_indicators": ("subject_id",), "gold.snf_readmission": ("bene_id",),
    }  # fmt: skip
    assert "gold.tcoc" in {t.name for t in choice.tables}
    assert choose(lake, with_sensitive=True).left_out == ()


def test_a_run_that_writes_is_waited_for(lake: Lakehouse) -> None:
    wait_for_run(lake)
    with RunLock(lake.root, "r-1"), pytest.raises(ConflictError, match="r-1"):
        wait_for_run(lake)


def run_while_choosing(monkeypatch: pytest.MonkeyPatch, lake: Lakehouse, times: int) -> None:
    """So many runs write the states' risks and end, each while tables are chosen."""
    left = list(range(times))

    def chosen(*arguments: Any, **options: Any) -> Any:
        found = choose(*arguments, **options)
        if left:
            with RunLock(lake.root, f"r-{left.pop()}"):
                add_rows(lake.root, "gold.nh_state_risk", [{"state": "ZZ"}])
                add_rows(lake.root, "ops.runs", [{"run_id": "r"}])
        return found

    monkeypatch.setattr(tables, "choose", chosen)


def test_tables_are_chosen_anew_when_a_run_came_in_between(lake: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    run_while_choosing(monkeypatch, lake, 2)
    assert [t.version for t in choose_of_one_run(lake, ["nh_state_risk"]).tables] == [2]
    run_while_choosing(monkeypatch, lake, 3)
    with pytest.raises(ConflictError, match="try again"):
        choose_of_one_run(lake)


def test_run_that_begins_while_tables_are_chosen_is_waited_for(
    lake: Lakehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = RunLock(lake.root, "r-1")
    monkeypatch.setattr(tables, "choose", lambda *a, **o: (lock.__enter__(), choose(*a, **o))[1])
    try:
        with pytest.raises(ConflictError, match="r-1"):
            choose_of_one_run(lake)
    finally:
        lock.__exit__(None, None, None)


# --- the commands ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["export", "--to", "parquet", "--format", "json"], '"version": 1'),
        (["publish", "mysql", "--dry-run"], "gold.nh_state_risk version 1"),
    ],
    ids=["export", "publish"],
)
def test_commands_give_out_tables_of_one_run(
    command: list[str], words: str, lake: Lakehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run_while_choosing(monkeypatch, lake, 1)
    result = call(*command, "--lakehouse", lake.root, "--select", "nh_state_risk")
    assert result.exit_code == 0, result.output
    assert words in result.stdout


@pytest.mark.parametrize("kind", ["xlsx", "csv", "parquet"])
def test_export_lists_what_it_wrote(
    kind: str, lake: Lakehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = call("export", "--to", kind, "--lakehouse", lake.root)
    assert result.exit_code == 0, result.output
    target = "nh_lakehouse.xlsx" if kind == "xlsx" else kind
    assert f"3 tables in build/export/{target}" in result.stdout
    assert re.search(r"gold\.nh_state_risk +written +6 ", result.stdout)
    assert (tmp_path / "build" / "export" / target).exists()


def test_export_for_a_program(lake: Lakehouse, tmp_path: Path) -> None:
    result = call("export", "--to", "csv", "--out", tmp_path / "o", "--lakehouse", lake.root, "--format", "json")
    rows = json.loads(result.stdout)
    assert {r["table"]: r["rows_n"] for r in rows}["gold.nh_facility_risk"] == 12


def test_export_of_sensitive_tables_alone_is_refused(lake: Lakehouse, tmp_path: Path) -> None:
    add_rows(lake.root, "gold.snf_readmission", [{"source": "synpuf", "bene_id": "B1"}])
    wanted = ("export", "--to", "csv", "--out", tmp_path / "o", "--lakehouse", lake.root, "--select", "snf_readmission")
    result = call(*wanted)
    assert result.exit_code == 2 and "--with-sensitive" in result.stderr
    assert call(*wanted, "--with-sensitive").exit_code == 0


def test_dry_run_without_an_address_prints_the_sql(lake: Lakehouse) -> None:
    add_rows(lake.root, "gold.snf_readmission", [{"source": "synpuf", "bene_id": "B1"}])
    result = call("publish", "mysql", "--dry-run", "--lakehouse", lake.root)
    assert result.exit_code == 0, result.output
    assert "-- gold.snf_readmission: left_out: sensitive columns (bene_id)" in result.stdout
    assert (
        "CREATE TABLE `nh_state_risk` (" in result.stdout and "PRIMARY KEY (`state`, `snapshot_month`)" in result.stdout
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["publish", "mysql"], "--url is missing"),
        (["publish", "oracle"], "oracle"),
        (["publish", "mysql", "--url", "mysql://me:hunter2@db/x"], "NHL_MYSQL_PASSWORD"),
        (["publish", "mysql", "--url", "mysql://db/x"], "NHL_MYSQL_USER"),
        (["publish", "mysql", "--url", "mysql://db/x", "--tls-ca", "ca.pem"], "--tls verify"),
        (["publish", "mysql", "--dry-run", "--select", "gold.nope"], "no gold table of that name"),
        (["export", "--to", "pdf"], "pdf"),
        (["export", "--to", "xlsx", "--out", "a.csv"], ".xlsx"),
        (["export", "--to", "csv", "--select", "gold.nope"], "no gold table of that name"),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else "",
)
def test_wrong_use_exits_with_2(
    arguments: list[str], words: str, lake: Lakehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NHL_MYSQL_USER", "NHL_MYSQL_PASSWORD", "NHL_MYSQL_URL"):
        monkeypatch.delenv(name, raising=False)
    result = call(*arguments, NH_LAKEHOUSE=str(lake.root))
    assert result.exit_code == 2, result.output
    assert words in result.stderr
    assert "hunter2" not in result.output and "Traceback" not in result.output


def test_a_file_that_is_gone_is_told_in_one_sentence(lake: Lakehouse, tmp_path: Path) -> None:
    for path in (lake.root / "gold" / "nh_state_risk").glob("*.parquet"):
        path.unlink()
    result = call(
        "export", "--to", "csv", "--out", tmp_path / "o", "--lakehouse", lake.root, "--select", "nh_state_risk"
    )
    assert result.exit_code == 1
    assert "gold.nh_state_risk cannot be read" in result.stderr and "internal error" not in result.stderr
    assert not (tmp_path / "o").exists()
