"""Landing file to staged rows, without an engine: what a file is rejected for, and what its drift is."""

from __future__ import annotations

import gzip
from datetime import datetime, timezone
from pathlib import Path

import pytest
from small_contract import column, small_contract
from support import write

from nh_lakehouse.bronze import load as loading
from nh_lakehouse.bronze.load import BronzeRun, FileOutcome, prepare_file
from nh_lakehouse.errors import SourceError
from nh_lakehouse.sources import list_landing

NAME = "Things_Oct2024.csv"
HEAD = "ID,A,DAY\n"
ROW = "1,x,2024-10-01\n"
CONTRACT = small_contract(column("a"))
NOW = datetime(2024, 11, 1, tzinfo=timezone.utc)


def prepared(folder: Path, body: str | bytes, name: str = NAME, contract=CONTRACT):
    """The one file of a landing folder, read and parsed."""
    write(folder / "landing" / name, body)
    (file,) = list_landing(folder / "landing")
    (folder / "scratch").mkdir(exist_ok=True)
    return prepare_file(file, [contract], BronzeRun("run", NOW, folder / "scratch"))


def outcome(folder: Path, name: str = NAME) -> FileOutcome:
    """What becomes of the one file of a landing folder, as the run sees it."""
    (file,) = list_landing(folder / "landing")
    run = BronzeRun("run", file.modified_at, folder / "scratch")
    run.scratch.mkdir(exist_ok=True)
    found = loading._prepare(file, {CONTRACT.name: CONTRACT}, run)
    assert isinstance(found, FileOutcome)
    return found


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param("", "empty_file", id="empty"),
        pytest.param(HEAD, "no_rows", id="header only"),
        pytest.param("ID,A,DAY", "no_rows", id="header without line end"),
        pytest.param(HEAD + "1\n2,3\n", "no_rows", id="no well-formed row"),
        pytest.param("<html></html>", "not_csv", id="HTML"),
        pytest.param("ID;A;DAY\n1;x;2024-10-01\n", "bad_header", id="other delimiter"),
        pytest.param("A,DAY\nx,2024-10-01\n", "missing_column", id="missing required column"),
        pytest.param(ROW * 2, "missing_column", id="no header"),
        pytest.param("ID,A,a,DAY\n1,x,y,2024-10-01\n", "bad_header", id="header twice"),
    ],
)
def test_file_that_cannot_be_loaded_is_rejected_with_a_code(tmp_path, body, code):
    with pytest.raises(SourceError) as raised:
        prepared(tmp_path, body)
    assert raised.value.code == code
    rejected = outcome(tmp_path)
    assert (rejected.status, rejected.data_set, rejected.rows_n) == ("rejected", "things", 0)
    assert rejected.error == f"{NAME} {raised.value.message}"


def drift_of(folder: Path, body: str | bytes, **more) -> list[tuple]:
    return [(d.kind, d.found) for d in prepared(folder, body, **more).drift]


@pytest.mark.parametrize(
    ("body", "drift"),
    [
        pytest.param((HEAD + ROW).encode(), [], id="utf-8"),
        pytest.param((HEAD + ROW).replace("\n", "\r\n").encode(), [], id="crlf"),
        pytest.param((HEAD + ROW).encode("utf-8-sig"), [("encoding", "utf-8-sig")], id="BOM"),
        pytest.param((HEAD + ROW.replace("x", "\u2019")).encode("cp1252"), [("encoding", "cp1252")], id="cp1252"),
        pytest.param((HEAD + ROW).encode("utf-16"), [("encoding", "utf-16-le")], id="utf-16"),
        pytest.param((HEAD + ROW).replace("\n", "\r").encode(), [("line_ends", "cr")], id="cr"),
        pytest.param((HEAD + ROW * 2).replace("\n", "\r\n", 2).encode(), [("line_ends", "mixed")], id="mixed"),
        pytest.param((HEAD + ROW * 9).replace("x", "\0", 1).encode(), [("nul_bytes", "1")], id="NUL"),
    ],
)
def test_text_that_is_not_plain_utf8_is_drift(tmp_path, body, drift):
    assert drift_of(tmp_path, body) == drift


@pytest.mark.parametrize("rows", [1_048_574, 1_048_575, 1_048_576])
def test_exactly_the_rows_of_a_spreadsheet_are_drift(tmp_path, rows):
    contract = small_contract(period={"grain": "month"})
    drift = drift_of(tmp_path, "ID,DAY\n" + "1,\n" * rows, contract=contract)
    assert drift == ([("spreadsheet_limit", "1,048,575 rows")] if rows == 1_048_575 else [])


def test_rows_of_a_spreadsheet_are_records_and_not_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(loading, "SPREADSHEET_ROWS", 3)
    body = HEAD + '1,"x\n\ny",2024-10-01\n2,z\n3,w,2024-10-01\n\n'
    assert drift_of(tmp_path, body) == [("spreadsheet_limit", "3 rows")]


def test_padding_of_a_spreadsheet_is_kept_as_columns_without_a_name(tmp_path):
    found = prepared(tmp_path, "ID,A,DAY,,\n1,x,2024-10-01,,\n")
    assert found.match.names == ["id", "a", "day", "column_4", "column_5"]
    assert (found.parsed.rows_n, found.parsed.corrupt_n) == (1, 0)


def test_surplus_comma_in_the_header_alone_is_none(tmp_path):
    found = prepared(tmp_path, "ID,A,DAY,\n" + ROW)
    assert (found.match.names, found.parsed.rows_n, found.parsed.corrupt_n) == (["id", "a", "day"], 1, 0)


def test_file_is_known_by_bytes_and_period_under_any_name(tmp_path):
    first, again = prepared(tmp_path / "a", HEAD + ROW), prepared(tmp_path / "b", HEAD + ROW, "Things_Oct2024_2.csv")
    assert first.identity == again.identity
    by_name = small_contract(column("a"), period={"grain": "month"})
    other_month = prepared(tmp_path / "c", HEAD + ROW, "Things_Nov2024.csv", contract=by_name)
    assert other_month.identity == (first.identity[0], "2024-11")


def test_packed_file_is_known_by_the_bytes_inside(tmp_path):
    plain = prepared(tmp_path / "a", HEAD + ROW)
    packed = prepared(tmp_path / "b", gzip.compress((HEAD + ROW).encode()), f"{NAME}.gz")
    assert packed.identity == plain.identity


def test_file_that_grows_while_it_is_parsed_is_still_being_written(tmp_path, monkeypatch):
    parse = loading.parse_records

    def parse_and_grow(*args, **options):
        with (tmp_path / "landing" / NAME).open("a") as stream:
            stream.write(ROW)
        return parse(*args, **options)

    monkeypatch.setattr(loading, "parse_records", parse_and_grow)
    write(tmp_path / "landing" / NAME, HEAD + ROW)
    assert outcome(tmp_path).status == "changing"


def test_error_nobody_thought_of_fails_its_file_alone(tmp_path, monkeypatch):
    def fail(*args, **options):
        raise MemoryError("too much\nand a trace")

    monkeypatch.setattr(loading, "parse_records", fail)
    write(tmp_path / "landing" / NAME, HEAD + ROW)
    found = outcome(tmp_path)
    assert (found.status, found.data_set) == ("failed", "things")
    assert found.error == f"{NAME}: not read: MemoryError: too much"


@pytest.mark.parametrize(("name", "data_set"), [("delivery.zip", None), ("Things_Oct2024.zip", "things")])
def test_damaged_archive_is_rejected_whatever_it_is_called(tmp_path, name, data_set):
    write(tmp_path / "landing" / name, b"PK\x03\x04 damaged")
    found = outcome(tmp_path)
    assert (found.status, found.data_set) == ("rejected", data_set)
    assert "cannot be unpacked" in str(found.error)


def test_file_that_fits_no_pattern_is_unknown_and_never_opened(tmp_path):
    write(tmp_path / "landing" / "notes.txt", b"\0")
    assert outcome(tmp_path) == FileOutcome(list_landing(tmp_path / "landing")[0], "unknown")
