"""One delivery of everything that is wrong with files: what is refused, what is set aside, what is read all the same.

All files lie in one landing folder and go through one run, so that each also shows that it does not stop the others.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from support import csv_text, load, pbj_rows, provider_row, write

from nh_lakehouse import Lakehouse
from nh_lakehouse.bronze import probe as probing
from nh_lakehouse.contracts import load_contracts
from nh_lakehouse.engines import Engine
from nh_lakehouse.pipeline.report import FileLine, RunReport

pytestmark = pytest.mark.scenario

TABLES = ("silver.nh_facility_month", "silver.nh_facility", "silver.nh_penalty", "silver.pbj_daily")
OCTOBER = "NH_ProviderInfo_Oct2024"
HEADER = "CMS Certification Number (CCN),Provider Name,State,Number of Certified Beds,Processing Date\n"
FIRST = "2024-10-01"


def homes(*rows: dict[str, Any]) -> str:
    """A file of homes, its columns in the contract's order."""
    present = {header for row in rows for header in row}
    return csv_text(
        rows, header=[c.header for c in load_contracts()["nh_provider_info"].columns if c.header in present]
    )


def home(ccn: str, **values: Any) -> str:
    """A file of one home."""
    return homes(provider_row(ccn, **values))


def lines(*rows: str) -> str:
    """A file of lines under a short header: ccn, name, state, beds, processing date."""
    return HEADER + "".join(f"{row}\n" for row in rows)


def zipped(*members: tuple[str, str]) -> bytes:
    """A zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members:
            archive.writestr(zipfile.ZipInfo(name), body, compress_type=zipfile.ZIP_DEFLATED)
    return out.getvalue()


def locked(archive: bytes) -> bytes:
    """The archive with the bit that says that its first member needs a password."""
    changed = bytearray(archive)
    for position in (archive.index(b"PK\x03\x04") + 6, archive.index(b"PK\x01\x02") + 8):
        changed[position] |= 1
    return bytes(changed)


def renamed_header() -> str:
    """A home under the headers of before June 2023."""
    contract = load_contracts()["nh_provider_info"]
    text = home("015031")
    for column in (contract.column_by_name["ccn"], contract.column_by_name["state"]):
        text = text.replace(f"{column.header},", f"{column.aliases[0]},", 1)
    return text


def penalty(ccn: str, **values: Any) -> dict[str, Any]:
    """One fine."""
    columns = load_contracts()["nh_penalties"].column_by_name
    defaults = {"ccn": ccn, "penalty_date": "2023-05-06", "penalty_type": "Fine", "processing_date": FIRST}
    return {columns[k].header: v for k, v in {**defaults, **values}.items()}


WORDS = "ST. MARY\u2019S \u2013 X\u00a0Y"  # 0x92, 0x96 and 0xA0 in cp1252
WITH_WORDS = lines(f"{{}},{WORDS},AL,10,{FIRST}")

#: file -> what it holds, and a part of the error with which it is rejected
REJECTED: dict[str, tuple[str | bytes, str]] = {
    f"{OCTOBER}_empty.csv": (b"", "is empty"),
    f"{OCTOBER}_blank.csv": ("\r\n \r\n", "is empty"),
    f"{OCTOBER}_header_only.csv": (HEADER, "has a header and no rows"),
    f"{OCTOBER}_page.csv": ("<!DOCTYPE html>\n<html><body>503</body></html>", "is a web page or an error message"),
    f"{OCTOBER}_print.csv": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "is a PDF document"),
    f"{OCTOBER}_workbook.csv": (zipped(("xl/workbook.xml", "<x/>")), "is a zip archive or spreadsheet"),
    f"{OCTOBER}_no_ccn.csv": (
        "Provider Name,State\nA,AL\n",
        "lacks the required column 'CMS Certification Number (CCN)'",
    ),
    f"{OCTOBER}_no_header.csv": (lines("015009,A,AL,10,2024-10-01").split("\n", 1)[1] * 2, "lacks the required column"),
    f"{OCTOBER}_twice.csv": (
        HEADER.replace("State", "Provider Name") + "015009,A,B,10,2024-10-01\n",
        "'name' more than once",
    ),
    f"{OCTOBER}_semicolons.csv": (lines("015009,A,AL,10,x").replace(",", ";"), "not split into columns by ','"),
    f"{OCTOBER}_all_short.csv": (lines("015009,A", "015010,B"), "has no well-formed row"),
    f"{OCTOBER}_damaged.zip": (zipped((f"{OCTOBER}.csv", home("015009") * 9))[:-30], "cannot be unpacked"),
    f"{OCTOBER}_damaged.csv.gz": (gzip.compress(home("015009").encode())[:-9], "cannot be unpacked"),
    f"{OCTOBER}_locked.zip": (locked(zipped((f"{OCTOBER}_locked.csv", home("015009")))), "password"),
    "delivery.zip": (b"PK\x03\x04 cut", "cannot be unpacked"),
    "escape.zip": (zipped((f"../../../{OCTOBER}_escaped.csv", home("015009"))), "a path that leads out of it"),
    f"{OCTOBER}_closed.csv": (home("015009"), "Permission denied"),
}
#: the member of the archive is what is rejected
MEMBERS = {
    f"{OCTOBER}_locked.zip": f"{OCTOBER}_locked.zip!{OCTOBER}_locked.csv",
    "escape.zip": f"escape.zip!../../../{OCTOBER}_escaped.csv",
}
GROWING = f"{OCTOBER}_growing.csv"
ODD_NAMES = [
    f'{OCTOBER}_it\'s "é 日本" [1].csv',
    f"{OCTOBER}_a b?.csv",
    f"{OCTOBER}_*.csv",
    f"{OCTOBER}_semi;colon`.csv",
]

#: file -> what it holds; all are loaded
LOADED: dict[str, str | bytes] = {
    f"{OCTOBER}_plain.csv": home("015001"),
    f"{OCTOBER}_extra.csv": HEADER.replace("\n", ",../../etc/x,New Measure 1\n") + f"015030,A,AL,10,{FIRST},p,q\n",
    f"{OCTOBER}_renamed.csv": renamed_header(),
    f"{OCTOBER}_reordered.csv": "State,Processing Date,CMS Certification Number (CCN)\nAL,2024-10-01,015032\n",
    # one line each that is short, long, open, and one value over two lines
    f"{OCTOBER}_ragged.csv": lines(f"015033,A,AL,10,{FIRST}", "015034,B,AL", f"015035,C,INC,AL,10,{FIRST}",
                                   f"015036,D,AL,10,{FIRST}"),
    f"{OCTOBER}_quotes.csv": lines(f'015037,"A\nB, C",AL,10,{FIRST}', f'015038,"open,AL,10,{FIRST}', f"015039,E,AL,10,{FIRST}",
                                   f'015040,"X"Y,AL,10,{FIRST}', f"015041,F,AL,10,{FIRST}"),
    f"{OCTOBER}_nul.csv": lines(f"015042,A\0,AL,10,{FIRST}", *[f"0150{n},N,AL,10,{FIRST}" for n in range(43, 50)]),
    f"{OCTOBER}_bom.csv": WITH_WORDS.format("015051").encode("utf-8-sig"),
    f"{OCTOBER}_cp1252.csv": WITH_WORDS.format("015052").encode("cp1252"),
    f"{OCTOBER}_utf16.csv": WITH_WORDS.format("015053").replace("\n", "\r\n").encode("utf-16"),
    f"{OCTOBER}_utf8.csv": WITH_WORDS.format("015054"),
    f"{OCTOBER}_crlf.csv": lines(f"015055,A,AL,10,{FIRST}", f"015056,B,AL,11,{FIRST}").replace("\n", "\r\n"),
    f"{OCTOBER}_cr.csv": lines(f"015057,A,AL,10,{FIRST}", f"015058,B,AL,11,{FIRST}").replace("\n", "\r"),
    f"{OCTOBER}_mixed.csv": lines(f"015059,A,AL,10,{FIRST}\r", f"015060,B,AL,11,{FIRST}").rstrip("\n"),
    f"{OCTOBER}_cells.csv": homes(
        provider_row("015070", certified_beds="1,234", residents_per_day="1,234.5", fines_usd="$1,234"),
        provider_row("015071", certified_beds="-5", residents_per_day="many", fines_usd="-1", overall_rating="6"),
        provider_row("015072", certified_beds="12.5", first_approved_date="2024-02-30"),
        provider_row("015073", certified_beds="12.0", first_approved_date="13/01/2024"),
        provider_row("015074", certified_beds="N/A", first_approved_date="01-Oct-1967"),
    ),
    f"{OCTOBER}_ccns.csv": lines(*[f"{ccn},A,AL,10,{FIRST}" for ccn in (
        "4E+90", "1.4E+170", "15081", " 015082 ", "\u00a0015083", "245384B", "335585001", "01508", "015 87", "", "01A188")]),
    f"{OCTOBER}_keys.csv": lines(f"015090,A,AL,10,{FIRST}", f"015090,A,AL,10,{FIRST}", f"015091,A,AL,10,{FIRST}",
                                 f"015091,A,AL,12,{FIRST}"),
    "NH_ProviderInfo_Nov2024_wrong_month.csv": home("015092", processing_date="2024-12-01"),
    f"{OCTOBER}_packed.csv.gz": gzip.compress(home("015093").encode()),
    "several.zip": zipped((f"2024\\{OCTOBER}_one.csv", home("015094")), (f"x/{OCTOBER}_two.csv", home("015095")),
                          (f"__MACOSX/x/._{OCTOBER}_two.csv", "\0")),
    **{name: home(f"01510{number}") for number, name in enumerate(ODD_NAMES)},
    "NH_Penalties_Oct2024.csv": csv_text([
        penalty("015001", fine_usd="$1,234", denial_start="", denial_days=""),
        penalty("015002", fine_usd="", penalty_type="Payment Denial", denial_start="2023-05-07", denial_days="-526"),
        penalty("015003", fine_usd="650.00", penalty_date="2023-02-29", denial_start="", denial_days=""),
    ]),
    "PBJ_Daily_Nurse_Staffing_Q2_2024.csv": csv_text(pbj_rows("015001", ["20240401", "20240431", "20240402"])),
}  # fmt: skip
MEMBERS_OF_SEVERAL = [f"several.zip!2024\\{OCTOBER}_one.csv", f"several.zip!x/{OCTOBER}_two.csv"]
UNKNOWN = ["notes.txt", "NH_Unheard_Oct2024.csv", f"{OCTOBER}.csv.part", "plan.xlsx"]
IGNORED = [f"._{OCTOBER}.csv", f".{OCTOBER}.csv", ".DS_Store", f".hidden/{OCTOBER}.csv"]
#: On disk the last byte before the extension is 0xFF, which is no utf-8; macOS knows no such names.
NO_UTF8 = f"{OCTOBER}_\\xff.csv"
IGNORED_MEMBER = f"several.zip!__MACOSX/x/._{OCTOBER}_two.csv"


@dataclass
class Delivery:
    """What came of the landing folder."""

    report: RunReport
    lake: Path
    landing: Path
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @cached_property
    def files(self) -> dict[str, FileLine]:
        """Lines of the report by file."""
        return {f.file: f for f in self.report.files}

    def rows(self, table: str, **wanted: Any) -> list[dict[str, Any]]:
        """Rows of a table with these values."""
        if table not in self.tables:
            self.tables[table] = Lakehouse(self.lake).arrow(table).to_pylist()
        return [r for r in self.tables[table] if all(r[k] == v for k, v in wanted.items())]

    def month(self, ccn: str) -> dict[str, Any]:
        """The one row of a home in silver."""
        (row,) = self.rows("silver.nh_facility_month", ccn=ccn)
        return row

    def set_aside(self, file: str) -> list[tuple[int, int, str, list[str]]]:
        """Row, line, severity and reasons of a file's quarantined rows and cells."""
        rows = self.rows("ops.quarantine", file=file)
        return sorted((r["source_row"], r["line"], r["severity"], r["reasons"]) for r in rows)


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Iterator[Delivery]:
    """One run over all of it; one file cannot be opened, one grows while it is read."""
    root = tmp_path_factory.mktemp("bad") / "a" / "b" / "c"
    landing, lake = root / "landing", root / "lake"
    for name, (body, _) in REJECTED.items():
        write(landing / name, body, modified="2025-01-01")
    for name, body in {**LOADED, GROWING: home("015096")}.items():
        write(landing / name, body, modified="2025-01-01")
    for name in [*UNKNOWN, *IGNORED]:
        write(landing / name, "a,b\n1,2\n", modified="2025-01-01")
    if sys.platform == "linux":
        (landing / os.fsdecode(f"{OCTOBER}_".encode() + b"\xff.csv")).write_text(home("015098"))
    os.mkfifo(landing / f"{OCTOBER}_pipe.csv")
    with pytest.MonkeyPatch.context() as patch:
        # The tests may run as root, to whom nothing is closed.
        opened, scan = Path.open, probing._scan

        def open_unless_closed(self: Path, *args: Any, **options: Any) -> Any:
            if self.name.endswith("_closed.csv"):
                raise PermissionError(13, "Permission denied", str(self))
            return opened(self, *args, **options)

        def scan_while_it_grows(path: Path) -> Any:
            found = scan(path)
            if path.name == GROWING:
                with path.open("a") as stream:
                    stream.write(home("015097").split("\n", 1)[1])
            return found

        patch.setattr(Path, "open", open_unless_closed)
        patch.setattr(probing, "_scan", scan_while_it_grows)
        report = load(lake, landing, engine, select=TABLES)
    yield Delivery(report, lake, landing)


def test_run_is_partly_failed_and_every_file_is_in_the_report(delivered):
    assert (delivered.report.status, delivered.report.exit_code) == ("partial", 1)
    rejected = {MEMBERS.get(name, name) for name in REJECTED} | {f"{OCTOBER}_pipe.csv"}
    loaded = {*LOADED, *MEMBERS_OF_SEVERAL, *([NO_UTF8] if sys.platform == "linux" else [])} - {"several.zip"}
    by_status: dict[str, set[str]] = {}
    for line in delivered.files.values():
        by_status.setdefault(line.status, set()).add(line.file)
    assert by_status == {
        "rejected": rejected,
        "changing": {GROWING},
        "loaded": loaded,
        "unknown": set(UNKNOWN),
        "ignored": {*IGNORED, IGNORED_MEMBER},
    }
    assert [t.status for t in delivered.report.tables] == ["ok"] * len(TABLES)


@pytest.mark.parametrize("name", REJECTED)
def test_file_that_cannot_be_loaded_is_rejected_with_the_reason(delivered, name):
    line = delivered.files[MEMBERS.get(name, name)]
    assert line.error is not None
    assert line.error.startswith(line.file)
    assert REJECTED[name][1] in line.error
    assert "\n" not in line.error
    (recorded,) = delivered.rows("ops.files", file=line.file)
    assert (recorded["status"], recorded["error"], recorded["rows_read_n"]) == ("rejected", line.error, None)
    assert recorded["data_set"] == line.data_set == (None if name == "delivery.zip" else "nh_provider_info")
    assert delivered.rows("bronze.nh_provider_info", _source_file=line.file) == []


def test_pipe_and_growing_file_are_told_apart_from_damage(delivered):
    assert "is no regular file" in str(delivered.files[f"{OCTOBER}_pipe.csv"].error)
    assert "is still being written" in str(delivered.files[GROWING].error)
    assert delivered.rows("ops.files", file=GROWING)[0]["status"] == "changing"


def test_unknown_files_are_recorded_without_an_error(delivered):
    for name in UNKNOWN:
        (recorded,) = delivered.rows("ops.files", file=name)
        assert (recorded["status"], recorded["error"], recorded["data_set"]) == ("unknown", None, None)


def test_nothing_was_written_outside_of_the_lakehouse(delivered):
    root = delivered.landing.parents[3]
    inside = {delivered.lake, delivered.landing}
    found = [p for p in root.rglob("*") if p.is_file() and not inside & set(p.parents)]
    assert found == []
    assert not list(root.rglob(f"{OCTOBER}_escaped.csv"))
    assert not (delivered.lake / "_staging").exists()


def test_every_row_of_every_loaded_file_is_accounted_for(delivered):
    for line in delivered.files.values():
        if line.status == "loaded":
            fates = (line.accepted_n, line.duplicate_n, line.superseded_n, line.quarantined_n)
            assert None not in fates, line
            assert line.rows_read_n == sum(fates), line
    for row in delivered.rows("ops.loads"):
        assert row["rows_read_n"] == sum(row[f"{f}_n"] for f in ("accepted", "duplicate", "superseded", "quarantined"))
        if row["unchanged_n"] is not None:
            assert row["accepted_n"] == row["inserted_n"] + row["updated_n"] + row["unchanged_n"]
    loaded = sum(line.rows_read_n or 0 for line in delivered.files.values())
    assert loaded == sum(
        len(delivered.rows(f"bronze.{d}")) for d in ("nh_provider_info", "nh_penalties", "pbj_nurse_daily")
    )


# --- malformed rows ------------------------------------------------------------------------------------------------


def test_short_and_long_rows_are_set_aside_with_their_text(delivered):
    file = f"{OCTOBER}_ragged.csv"
    assert delivered.set_aside(file) == [(2, 3, "row", ["short_row"]), (3, 4, "row", ["long_row"])]
    short, long = sorted(delivered.rows("ops.quarantine", file=file), key=lambda r: r["source_row"])
    assert dict(short["payload"]) == {"ccn": "015034", "name": "B", "state": "AL"}
    assert short["raw_record"] == "short_row: 3 fields, expected 5 | 015034,B,AL"
    assert dict(long["payload"])["ccn"] == "015035"
    assert (short["period"], short["data_set"]) == ("2024-10", "nh_provider_info")
    kept = [r["ccn"] for r in delivered.rows("silver.nh_facility_month", _source_file=file)]
    assert sorted(kept) == ["015033", "015036"]


def test_unclosed_quote_costs_its_line_and_a_line_break_inside_quotes_none(delivered):
    file = f"{OCTOBER}_quotes.csv"
    assert delivered.set_aside(file) == [(2, 4, "row", ["unclosed_quote"]), (4, 6, "row", ["bad_quote"])]
    names = {r["ccn"]: r["name"] for r in delivered.rows("bronze.nh_provider_info", _source_file=file)}
    assert names == {"015037": "A\nB, C", "015038": None, "015039": "E", "015040": None, "015041": "F"}
    kept = ["015037", "015039", "015041"]
    assert sorted(r["ccn"] for r in delivered.rows("silver.nh_facility_month", _source_file=file)) == kept


def test_line_with_a_nul_byte_is_set_aside(delivered):
    file = f"{OCTOBER}_nul.csv"
    assert delivered.set_aside(file) == [(1, 2, "row", ["nul_byte"])]
    assert delivered.files[file].accepted_n == 7
    assert ("nul_bytes", "1") in [(d["kind"], d["found"]) for d in delivered.rows("ops.drift", file=file)]


# --- headers -------------------------------------------------------------------------------------------------------


def drift(delivered: Delivery, file: str, *, without: str = "missing_column") -> set[tuple]:
    """Kind, column, found and expected of a file's findings."""
    keys = ("kind", "column", "found", "expected")
    return {tuple(d[k] for k in keys) for d in delivered.rows("ops.drift", file=file) if d["kind"] != without}


def test_unknown_columns_are_kept_in_bronze_under_safe_names_and_logged(delivered):
    file = f"{OCTOBER}_extra.csv"
    assert drift(delivered, file) == {
        ("new_column", "etc_x", "../../etc/x", None),
        ("new_column", "new_measure_1", "New Measure 1", None),
    }
    (row,) = delivered.rows("bronze.nh_provider_info", _source_file=file)
    assert (row["etc_x"], row["new_measure_1"]) == ("p", "q")
    (recorded,) = delivered.rows("ops.files", file=file)
    assert recorded["header"] == HEADER.strip() + ",../../etc/x,New Measure 1"


def test_columns_renamed_as_in_other_years_are_read_and_logged(delivered):
    assert drift(delivered, f"{OCTOBER}_renamed.csv") == {
        ("renamed_column", "ccn", "Federal Provider Number", "CMS Certification Number (CCN)"),
        ("renamed_column", "state", "Provider State", "State"),
    }
    assert (delivered.month("015031")["state"], delivered.month("015031")["total_hprd"]) == ("AL", 3.8)


def test_reordered_columns_are_read_by_name(delivered):
    file = f"{OCTOBER}_reordered.csv"
    assert drift(delivered, file) == {("reordered_columns", None, None, "the order of the contract")}
    assert delivered.month("015032")["state"] == "AL"


def test_columns_that_the_edition_should_have_are_logged_and_null(delivered):
    file = f"{OCTOBER}_reordered.csv"
    missing = {d["column"] for d in delivered.rows("ops.drift", file=file, kind="missing_column")}
    edition = Path(__file__).parents[1] / "contracts" / "fixtures" / "headers" / f"{OCTOBER}.txt"
    whole = load_contracts()["nh_provider_info"].match_header(next(csv.reader([edition.read_text("utf-8")])))
    assert missing == set(whole.columns) - {"state", "processing_date", "ccn"}
    assert delivered.month("015032")["total_hprd"] is None


# --- text ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "ccn", "encoding"),
    [("bom", "015051", "utf-8-sig"), ("cp1252", "015052", "cp1252"), ("utf16", "015053", "utf-16-le"), ("utf8", "015054", "utf-8")],
)  # fmt: skip
def test_every_encoding_gives_the_same_words(delivered, case, ccn, encoding):
    file = f"{OCTOBER}_{case}.csv"
    (row,) = delivered.rows("bronze.nh_provider_info", _source_file=file)
    assert (row["ccn"], row["name"]) == (ccn, WORDS)
    (recorded,) = delivered.rows("ops.files", file=file)
    assert recorded["encoding"] == encoding
    expected = set() if encoding == "utf-8" else {("encoding", None, encoding, "utf-8")}
    assert drift(delivered, file) == expected
    (version,) = delivered.rows("silver.nh_facility", ccn=ccn)
    assert version["name"] == WORDS


@pytest.mark.parametrize(
    ("case", "ccns", "found"),
    [
        ("crlf", ["015055", "015056"], set()),
        ("cr", ["015057", "015058"], {("line_ends", None, "cr", "lf or crlf")}),
        ("mixed", ["015059", "015060"], {("line_ends", None, "mixed", "lf or crlf")}),
    ],
)
def test_every_line_end_ends_a_line(delivered, case, ccns, found):
    file = f"{OCTOBER}_{case}.csv"
    rows = sorted(delivered.rows("bronze.nh_provider_info", _source_file=file), key=lambda r: r["_source_row"])
    assert [(r["ccn"], r["processing_date"], r["_source_row"]) for r in rows] == [
        (ccns[0], FIRST, 1),
        (ccns[1], FIRST, 2),
    ]
    assert drift(delivered, file) == found


@pytest.mark.parametrize("number", range(len(ODD_NAMES)), ids=ODD_NAMES)
def test_file_with_an_odd_name_is_loaded_from_itself(delivered, number):
    row = delivered.month(f"01510{number}")
    assert row["_source_file"] == ODD_NAMES[number]


@pytest.mark.skipif(sys.platform != "linux", reason="this file system knows utf-8 names only")
def test_file_whose_name_is_no_utf8_is_loaded_under_a_name_that_can_be_stored(delivered):
    assert delivered.month("015098")["_source_file"] == NO_UTF8


# --- cells ---------------------------------------------------------------------------------------------------------


def test_numbers_with_separators_are_numbers_and_bronze_keeps_the_text(delivered):
    row = delivered.month("015070")
    assert (row["residents_per_day"], row["fines_usd"]) == (1234.5, Decimal("1234.00"))
    (text,) = delivered.rows("bronze.nh_provider_info", ccn="015070")
    assert (text["certified_beds"], text["residents_per_day"], text["fines_usd"]) == ("1,234", "1,234.5", "$1,234")
    (version,) = delivered.rows("silver.nh_facility", ccn="015070")
    assert version["certified_beds"] == 1234


@pytest.mark.parametrize(
    ("ccn", "reasons", "payload"),
    [
        (
            "015071",
            ["bad_number:residents_per_day", "out_of_range:certified_beds", "out_of_range:fines_usd", "out_of_range:overall_rating"],
            {"residents_per_day": "many", "certified_beds": "-5", "fines_usd": "-1", "overall_rating": "6"},
        ),
        ("015072", ["bad_date:first_approved_date", "bad_number:certified_beds"],
         {"first_approved_date": "2024-02-30", "certified_beds": "12.5"}),
        ("015073", ["bad_date:first_approved_date"], {"first_approved_date": "13/01/2024"}),
    ],
)  # fmt: skip
def test_cell_that_does_not_fit_is_null_with_its_reason_and_its_text(delivered, ccn, reasons, payload):
    row = delivered.month(ccn)
    assert set(reasons) <= set(row["dq_flags"])
    assert [row[c] for c in payload if c in row] == [None] * sum(c in row for c in payload)
    (aside,) = [r for r in delivered.rows("ops.quarantine", severity="cell") if row["_source_row"] == r["source_row"]
                and r["file"] == row["_source_file"]]  # fmt: skip
    assert (aside["reasons"], dict(aside["payload"])) == (reasons, payload)


def test_whole_numbers_written_with_a_decimal_point_and_other_dates_are_read(delivered):
    (first,) = delivered.rows("silver.nh_facility", ccn="015073")
    (second,) = delivered.rows("silver.nh_facility", ccn="015074")
    assert (first["certified_beds"], first["first_approved_date"]) == (12, None)
    assert (second["certified_beds"], second["first_approved_date"]) == (None, date(1967, 10, 1))


def test_ccns_are_text_of_six_characters_or_set_aside(delivered):
    file = f"{OCTOBER}_ccns.csv"
    bad, none = ["bad_key_format:ccn"], ["missing_key:ccn"]
    assert [(row, reasons) for row, _, _, reasons in delivered.set_aside(file)] == [
        (1, bad), (2, bad), (9, bad), (10, none),
    ]  # fmt: skip
    flags = {r["ccn"]: r["dq_flags"] for r in delivered.rows("silver.nh_facility_month", _source_file=file)}
    assert {ccn: [f for f in found if f.startswith("ccn")] for ccn, found in flags.items()} == {
        "015081": ["ccn_padded"],
        "015082": [],
        "015083": [],
        "245384": ["ccn_suffix"],
        "335585": ["ccn_suffix"],
        "001508": ["ccn_padded"],
        "01A188": [],
    }


def test_copies_collapse_and_of_a_key_claimed_twice_the_last_row_wins(delivered):
    file = f"{OCTOBER}_keys.csv"
    line = delivered.files[file]
    assert (line.rows_read_n, line.accepted_n, line.duplicate_n, line.quarantined_n) == (4, 2, 1, 1)
    assert delivered.set_aside(file) == [(3, 4, "row", ["duplicate_key"])]
    (version,) = delivered.rows("silver.nh_facility", ccn="015091")
    assert version["certified_beds"] == 12


def test_negative_length_and_impossible_penalty_date(delivered):
    file = "NH_Penalties_Oct2024.csv"
    assert delivered.set_aside(file) == [
        (2, 3, "cell", ["out_of_range:denial_days"]),
        (3, 4, "row", ["bad_key_format:penalty_date"]),
    ]
    rows = {r["ccn"]: r for r in delivered.rows("silver.nh_penalty")}
    assert (rows["015001"]["fine_usd"], rows["015002"]["denial_days"]) == (Decimal("1234.00"), None)
    assert set(rows) == {"015001", "015002"}


def test_impossible_work_date_is_set_aside_and_the_days_around_it_stay(delivered):
    days = sorted(r["work_date"] for r in delivered.rows("silver.pbj_daily"))
    assert days == [date(2024, 4, 1), date(2024, 4, 2)]
    ((number, _, severity, reasons),) = delivered.set_aside("PBJ_Daily_Nurse_Staffing_Q2_2024.csv")
    assert (number, severity, reasons) == (2, "row", ["bad_key_format:work_date"])


# --- periods and archives ------------------------------------------------------------------------------------------


def test_month_inside_a_file_goes_before_the_month_of_its_name(delivered):
    file = "NH_ProviderInfo_Nov2024_wrong_month.csv"
    assert delivered.files[file].period == "2024-12"
    assert delivered.month("015092")["snapshot_month"] == date(2024, 12, 1)
    assert drift(delivered, file) == {("period_mismatch", "processing_date", "2024-12", "2024-11")}


@pytest.mark.parametrize(
    ("ccn", "file"),
    [("015093", f"{OCTOBER}_packed.csv.gz"), *zip(("015094", "015095"), MEMBERS_OF_SEVERAL, strict=True)],
)
def test_archives_are_loaded_member_by_member(delivered, ccn, file):
    assert delivered.month(ccn)["_source_file"] == file
    assert delivered.files[file].rows_read_n == 1


# --- what comes next -----------------------------------------------------------------------------------------------


def test_next_runs_try_the_growing_file_again_and_keep_telling_of_the_rejected_ones(delivered, engine):
    again = load(delivered.lake, delivered.landing, engine, select=TABLES)
    files = {f.file: f for f in again.files}
    assert files[GROWING].status == "loaded"
    assert files[GROWING].rows_read_n == 2
    # It may be read now: no longer does the double of this test say otherwise.
    closed = f"{OCTOBER}_closed.csv"
    assert files[closed].status == "loaded"
    rejected = {f.file for f in again.files if f.status == "rejected"}
    assert rejected == {MEMBERS.get(name, name) for name in REJECTED} - {closed} | {f"{OCTOBER}_pipe.csv"}
    assert (again.status, again.exit_code) == ("partial", 1)

    # Nothing is new: the engine, of which there is none here, is not asked for.
    third = load(delivered.lake, delivered.landing, None, select=TABLES)  # type: ignore[arg-type]
    assert (third.status, third.exit_code, third.engine) == ("partial", 1, None)
    assert {f.file for f in third.files if f.status == "rejected"} == rejected


@pytest.mark.slow
def test_file_with_exactly_the_rows_of_a_spreadsheet_is_loaded_with_a_warning(tmp_path, engine):
    rows = 1_048_575
    body = "PROVNUM,CY_Qtr,WorkDate,MDScensus\n" + "".join(f"{n:06X},2024Q2,20240401,1\n" for n in range(rows))
    write(tmp_path / "landing" / "PBJ_Daily_Nurse_Staffing_Q2_2024.csv", body)
    report = load(tmp_path / "lake", tmp_path / "landing", engine, select=["silver.pbj_daily"], layers=("bronze",))
    (line,) = report.files
    assert (line.status, line.rows_read_n, report.exit_code) == ("loaded", rows, 0)
    (warning,) = Lakehouse(tmp_path / "lake").read("ops.drift").query("kind == 'spreadsheet_limit'").found
    assert warning == "1,048,575 rows"
    assert len(Lakehouse(tmp_path / "lake").arrow("bronze.pbj_nurse_daily", columns=["ccn"])) == rows
