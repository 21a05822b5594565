"""Audit columns are written with the rows: in the one writing of the parser, or in a second one where it could not."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_contract import column, small_contract
from support import write

from nh_lakehouse.bronze import load as loading
from nh_lakehouse.bronze.audit import AUDIT
from nh_lakehouse.bronze.load import BronzeRun, prepare_file
from nh_lakehouse.sources import list_landing

NAME = "Things_Oct2024.csv"
NOW = datetime(2024, 11, 1, 5, 6, 7, 80, tzinfo=timezone.utc)
CONTRACT = small_contract(column("a"), column("b"), release={"column": "day"})
OCTOBER, NOVEMBER = "1,x,2024-10-01", "2,y,2024-11-01"


def staged(folder: Path, lines: list[str], contract=CONTRACT) -> tuple[pa.Table, int]:
    """The rows that bronze would take in, and how often their files were written."""
    write(folder / "landing" / NAME, "\n".join(["ID,A,DAY", *lines, ""]))
    (file,) = list_landing(folder / "landing")
    (folder / "scratch").mkdir(exist_ok=True)
    found = prepare_file(file, [contract], BronzeRun("run", NOW, folder / "scratch"))
    table = pa.concat_tables([pq.read_table(path) for path in found.parsed.paths], promote_options="default")
    return table, 2 if "audited" in found.parsed.paths[0].name else 1


@pytest.mark.parametrize(
    ("lines", "times"),
    [
        pytest.param([OCTOBER], 1, id="one row"),
        pytest.param([OCTOBER] * 30, 1, id="the first records tell it"),
        pytest.param([*[NOVEMBER] * 25, *[OCTOBER] * 30], 2, id="the first records tell another month"),
        pytest.param([*["3,z,"] * 25, OCTOBER], 2, id="the first records tell no release"),
        pytest.param([OCTOBER, "2"], 2, id="a record that is not well formed"),
        pytest.param([OCTOBER, '2,"a\nb",2024-10-01'], 2, id="a value of two lines"),
    ],
)
def test_every_row_has_its_audit_columns_whoever_wrote_it(tmp_path, lines, times):
    table, written = staged(tmp_path, lines)
    assert written == times
    assert {c.name for c in AUDIT} <= set(table.column_names)
    assert table.column("_source_row").to_pylist() == list(range(1, len(lines) + 1))
    one_value = {
        "_source_file": NAME,
        "_period": "2024-10",
        "_released_at": datetime(2024, 10, 1, tzinfo=timezone.utc),
        "_absent_columns": "b",
        "_load_id": "run-things",
        "_loaded_at": NOW,
    }
    assert {name: set(table.column(name).to_pylist()) for name in one_value} == {n: {v} for n, v in one_value.items()}
    assert set(map(len, table.column("_source_sha256").to_pylist())) == {64}
    (file,) = list_landing(tmp_path / "landing")
    assert set(table.column("_modified_at").to_pylist()) == {file.modified_at}


def test_rows_of_several_periods_keep_their_own(tmp_path):
    by_row = small_contract(
        column("a"), column("b"), period={"column": "day", "grain": "month", "per_row": True}, rhythm="M"
    )
    lines = [*[OCTOBER] * 25, *[NOVEMBER] * 30]
    table, written = staged(tmp_path, lines, by_row)
    assert written == 2
    assert table.column("_period").to_pylist() == ["2024-10"] * 25 + ["2024-11"] * 30


def test_name_with_a_quote_stands_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr("test_audit.NAME", "it's Things_Oct2024.csv")
    contract = small_contract(column("a"), column("b"), files=["it's Things_{Mon}{YYYY}.csv"])
    assert set(staged(tmp_path, [OCTOBER], contract)[0].column("_source_file").to_pylist()) == {NAME}


def test_the_guess_can_only_save_time(tmp_path, monkeypatch):
    known, _ = staged(tmp_path, [*[NOVEMBER] * 25, *[OCTOBER] * 30])
    monkeypatch.setattr(loading, "guess_periods", lambda *arguments: None)
    unknown, written = staged(tmp_path, [*[NOVEMBER] * 25, *[OCTOBER] * 30])
    assert written == 2
    # The file itself was written twice.
    same = sorted(set(known.column_names) - {"_modified_at"})
    assert unknown.select(same).to_pylist() == known.select(same).to_pylist()
