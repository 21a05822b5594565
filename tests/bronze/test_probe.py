"""The first pass over a landing file: what is refused, which encoding, how many lines, which header."""

from __future__ import annotations

import builtins
import codecs
import hashlib
import os
import stat
from pathlib import Path

import pytest
from support import write

from nh_lakehouse.bronze import probe as probing
from nh_lakehouse.bronze.probe import Probe, probe_file, read_header
from nh_lakehouse.errors import UnreadableFileError


def probed(folder: Path, body: bytes) -> Probe:
    """The probe of a file with these bytes."""
    return probe_file(write(folder / "x.csv", body), folder)


def refusal(folder: Path, body: bytes) -> str:
    """The code with which these bytes are refused."""
    with pytest.raises(UnreadableFileError) as raised:
        probed(folder, body)
    return str(raised.value.code)


# --- what is no text table -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [b"", b"\n", b" \r\n\r\n\t", b"\0\0\0\0", codecs.BOM_UTF8, codecs.BOM_UTF8 + b"\r\n", codecs.BOM_UTF16_LE],
    ids=["0 bytes", "line end", "blanks", "NULs", "BOM", "BOM and line end", "UTF-16 BOM"],
)
def test_file_without_text_is_empty(tmp_path, body):
    assert refusal(tmp_path, body) == "empty_file"


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF document"),
        (b"PK\x03\x04\x14\0", "without the extension .zip"),
        (b"\x1f\x8b\x08\0", "without the extension .gz"),
        (b"PAR1\x15\0", "a Parquet file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an old Excel workbook"),
        (b"\x89PNG\r\n", "a picture"),
        (b"<!DOCTYPE html>\n<html><body>503</body></html>", "a web page"),
        (b"\r\n  <HTML lang='en'>", "a web page"),
        (codecs.BOM_UTF8 + b"<html>", "a web page"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "an error message"),
        (b'{"message": "not found", "code": 404}', "an error message"),
        (b'[{"message": "not found"}]', "an error message"),
    ],
)
def test_other_formats_are_named(tmp_path, body, what):
    with pytest.raises(UnreadableFileError, match=what) as raised:
        probed(tmp_path, body)
    assert raised.value.code == "not_csv"
    assert raised.value.path == str(tmp_path / "x.csv")


def test_binary_nonsense_is_refused(tmp_path):
    assert refusal(tmp_path, b"\x93\x01" + b"\0\xff\x17," * 200) == "not_csv"


def test_file_without_permission_is_unreadable(tmp_path, monkeypatch):
    path = write(tmp_path / "x.csv", b"a,b\n")
    path.chmod(0)
    if os.geteuid() == 0:  # nothing is closed to root

        def deny(self, *args, **options):
            raise PermissionError(13, "Permission denied", str(self))

        monkeypatch.setattr(Path, "open", deny)
    with pytest.raises(UnreadableFileError, match="Permission denied; give this user permission") as raised:
        probe_file(path, tmp_path)
    assert raised.value.code == "unreadable"


def test_file_that_fails_in_the_middle_is_unreadable(tmp_path, monkeypatch):
    def fail(path):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(probing, "_scan", fail)
    assert refusal(tmp_path, b"a,b\n1,2\n") == "unreadable"


def test_absent_file_and_link_that_leads_nowhere_are_unreadable(tmp_path):
    (tmp_path / "x.csv").symlink_to(tmp_path / "gone.csv")
    for name in ("x.csv", "gone.csv"):
        with pytest.raises(UnreadableFileError) as raised:
            probe_file(tmp_path / name, tmp_path)
        assert raised.value.code == "unreadable"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes are made on POSIX only")
def test_pipe_is_refused_without_waiting_for_a_writer(tmp_path):
    os.mkfifo(tmp_path / "x.csv")
    assert stat.S_ISFIFO((tmp_path / "x.csv").stat().st_mode)
    with pytest.raises(UnreadableFileError, match="no regular file"):
        probe_file(tmp_path / "x.csv", tmp_path)


@pytest.mark.parametrize("more", [b"3,4\n", b""], ids=["grows", "touched"])
def test_file_that_changes_while_it_is_read_is_still_being_written(tmp_path, monkeypatch, more):
    scan = probing._scan

    def scan_and_change(path):
        found = scan(path)
        with builtins.open(path, "ab") as stream:
            stream.write(more)
        os.utime(path, (1e9, 1e9))
        return found

    monkeypatch.setattr(probing, "_scan", scan_and_change)
    assert refusal(tmp_path, b"a,b\n1,2\n") == "changing"


# --- encodings and line ends ---------------------------------------------------------------------------------------

#: É, a typographic apostrophe, a dash, a no-break space: cp1252 has them at 0xC9, 0x92, 0x96, 0xA0.
WORDS = "a,b\nÉLAN ST. MARY\u2019S,1 \u2013 2\nX\u00a0Y,3\n"


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (WORDS.encode("utf-8"), "utf-8"),
        (WORDS.encode("utf-8-sig"), "utf-8-sig"),
        (WORDS.encode("cp1252"), "cp1252"),
        (WORDS.encode("utf-16"), "utf-16-le"),
        (codecs.BOM_UTF16_BE + WORDS.encode("utf-16-be"), "utf-16-be"),
        (WORDS.encode("utf-16-le"), "utf-16-le"),
        (WORDS.encode("utf-16-be"), "utf-16-be"),
        (WORDS.replace("\n", "\r\n").encode("utf-16"), "utf-16-le"),
        (WORDS.replace("\n", "\r\n").encode("cp1252"), "cp1252"),
        (WORDS.replace("\n", "\r").encode("utf-8-sig"), "utf-8-sig"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_text_of_every_encoding_becomes_the_same_utf8(tmp_path, body, encoding):
    found = probed(tmp_path, body)
    assert found.encoding == encoding
    assert found.path.read_bytes().decode("utf-8") == WORDS
    assert (found.lines_n, found.blank_n, found.nul_n, found.simple) == (3, 0, 0, True)
    assert found.size_bytes == len(body)
    assert found.sha256 == hashlib.sha256(body).hexdigest()


def test_five_bytes_that_cp1252_leaves_undefined_become_the_replacement_character(tmp_path):
    found = probed(tmp_path, b"a,b\n\x81\x8d\x8f\x90\x9d,\x92\n")
    assert found.encoding == "cp1252"
    assert found.path.read_text("utf-8") == "a,b\n" + "\ufffd" * 5 + ",\u2019\n"


def test_plain_utf8_is_read_in_place_and_everything_else_from_a_copy(tmp_path):
    assert probed(tmp_path, b"a,b\n1,2\n").path == tmp_path / "x.csv"
    assert probed(tmp_path, b"a,b\r\n1,2\r\n").path == tmp_path / "x.csv"
    assert probed(tmp_path, b"a,b\r1,2\r").path != tmp_path / "x.csv"


def test_equal_files_have_copies_of_their_own(tmp_path):
    # Both are read at once where a file was sent under two names; a shared copy would be cut under the other's feet.
    body = b"a,b\n\x92,2\n"
    first, second = probed(tmp_path, body), probed(tmp_path, body)
    assert first.path != second.path
    assert first.path.read_bytes() == second.path.read_bytes()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize(("end", "line_end"), [("\n", "lf"), ("\r\n", "crlf"), ("\r", "cr")], ids=["lf", "crlf", "cr"])
@pytest.mark.parametrize("last", [0, 1, 2, 3], ids=lambda n: f"{n} at the end")
def test_line_ends_and_lines_are_counted(tmp_path, encoding, end, line_end, last):
    text = f"é,b{end}1,2{end}3,4" + end * last
    found = probed(tmp_path, text.encode(encoding))
    assert (found.line_end, found.lines_n, found.blank_n, found.simple) == (line_end, 3, 0, True)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
def test_blank_lines_between_records_are_counted_apart(tmp_path, encoding, end):
    text = f"{end}é,b{end}{end}{end}1,2{end}{end}3,4{end}{end}"
    found = probed(tmp_path, text.encode(encoding))
    assert (found.lines_n, found.blank_n, found.simple) == (3, 4, False)


def test_several_line_ends_in_one_file_are_mixed_and_become_one(tmp_path):
    found = probed(tmp_path, b"a,b\r\n1,2\n3,4\r5,6\r\n")
    assert (found.line_end, found.lines_n) == ("mixed", 4)
    assert found.path.read_bytes() == b"a,b\n1,2\n3,4\n5,6\n"


@pytest.mark.parametrize("shift", range(6))
def test_line_ends_on_the_seam_of_two_chunks_are_counted_once(tmp_path, monkeypatch, shift):
    monkeypatch.setattr(probing, "_CHUNK", 8)
    text = "a" * shift + "\r\n\r\n\r\n\r\nbé\r\nc\r\n\r\nd\r\n"
    found = probed(tmp_path, text.encode())
    blank = 3 + 1 + (shift == 0)
    assert (found.line_end, found.lines_n, found.blank_n) == ("crlf", 3 + (shift > 0), blank)
    assert found.encoding == "utf-8"


def test_nul_bytes_are_counted_and_keep_the_file_from_the_fast_reader(tmp_path):
    found = probed(tmp_path, b"a,b\n1,\x002\n" + b"3,4\n" * 20)
    assert (found.encoding, found.nul_n, found.simple) == ("utf-8", 1, False)


@pytest.mark.parametrize(
    ("body", "simple"),
    [(b'a,b\n"x,y","z"\n', True), (b'a,b\n"x", "z"\n', False), (b'a,b\n"x" ,z\n', False), (b"a,b\n x , z \n", True)],
)
def test_blanks_beside_quotes_keep_the_file_from_the_fast_reader(tmp_path, body, simple):
    assert probed(tmp_path, body).simple is simple


# --- header --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\n1,2\n", ["a", "b"]),
        ("\ufeffa,b\n", ["a", "b"]),
        ('"a","b,c"\n', ["a", "b,c"]),
        ('"a", "b,c"\n', ["a", "b,c"]),
        ('"a\nb",c\n', ["a\nb", "c"]),
        ("\n\na,b\n", ["a", "b"]),
        ("a,\0b\n", ["a", "b"]),
        ("a,b,\n1,2\n", ["a", "b"]),
        ("a,b,,\n1,2,,\n", ["a", "b", "", ""]),
        ("a,,b\n1,2,3\n", ["a", "", "b"]),
    ],
    ids=["plain", "BOM", "quoted", "blank", "break", "blank lines", "NUL", "surplus comma", "padded", "no name"],
)
def test_header_is_the_first_record(tmp_path, text, expected):
    assert read_header(write(tmp_path / "x.csv", text), ",") == expected


@pytest.mark.parametrize("text", ["DOE one column\n1\n", "DOE;b\n1;2\n", "DOE\tb\n", ",,\n1,2,3\n", "DOE,\n1\n"])
def test_first_line_without_two_names_is_no_header_and_is_not_shown(tmp_path, text):
    # It may hold the values of a patient.
    with pytest.raises(UnreadableFileError, match="not split into columns by ','") as raised:
        read_header(write(tmp_path / "x.csv", text), ",")
    assert raised.value.code == "bad_header"
    assert "DOE" not in raised.value.message
