r"""One pass over a landing file: what it is, whether it can be read, its hash, its header.

The pass reads the bytes once, hashes them, checks the encoding and counts lines and quotes. Text that is not plain
utf-8 with `\\n` line ends is written to a temporary utf-8 copy, so that one reader serves all.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import os
import stat
import tempfile
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from nh_lakehouse.errors import NO_PERMISSION, UnreadableFileError

__all__ = ["Probe", "first_records", "probe_file", "read_header"]

_CHUNK = 4 << 20
#: A spreadsheet holds 1,048,576 lines; a file with exactly that many, its header included, was probably cut by one.
SPREADSHEET_ROWS = 1_048_575
_BINARY_STARTS = {
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a zip archive or spreadsheet without the extension .zip",
    b"\x1f\x8b": "gzip data without the extension .gz",
    b"PAR1": "a Parquet file",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x89PNG": "a picture",
}
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


@dataclass(frozen=True)
class Probe:
    """What one pass found out about a file.

    Attributes:
        path: the file to parse: the landing file itself, or its utf-8 copy.
        sha256: hash of the bytes as sent.
        size_bytes: size as sent.
        encoding: `utf-8`, `utf-8-sig`, `cp1252`, `utf-16-le`, `utf-16-be`.
        line_end: `lf`, `crlf`, `cr` or `mixed`.
        lines_n: physical lines that are not blank, header included.
        blank_n: blank lines before the last record.
        nul_n: NUL bytes in the text.
        simple: no NUL, no blank line and no blank beside a quote is inside: the fast reader may be tried.
    """

    path: Path
    sha256: str
    size_bytes: int
    encoding: str
    line_end: str
    lines_n: int
    blank_n: int
    nul_n: int
    simple: bool


def probe_file(path: Path, scratch: Path) -> Probe:
    """Read a landing file once.

    Args:
        path: the landing file (unpacked).
        scratch: folder for a transcoded copy.
    Returns:
        A `Probe`; its `path` is utf-8.
    Raises:
        UnreadableFileError: empty, not text, no permission, or still growing; `code` says which.
    """
    try:
        before = path.stat()
        if not stat.S_ISREG(before.st_mode):
            raise UnreadableFileError("is no regular file; remove it", code="unreadable", path=str(path))
        with path.open("rb") as stream:
            head = stream.read(4096)
        _refuse_other_formats(head, path)
        scan = _scan(path)
        after = path.stat()
    except OSError as error:
        raise UnreadableFileError(
            f"cannot be read: {error.strerror or error}; "
            + (NO_PERMISSION if isinstance(error, PermissionError) else "send the file again"),
            code="unreadable",
            path=str(path),
        ) from error
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns) or scan.size != after.st_size:
        raise UnreadableFileError(
            f"is still being written ({before.st_size:,} bytes, then {after.st_size:,}); it is tried again next time",
            code="changing",
            path=str(path),
        )
    return _as_utf8(path, scan, scratch)


@dataclass(frozen=True)
class _Scan:
    sha256: str
    size: int
    encoding: str
    has_bom: bool
    lf: int
    cr: int
    crlf: int
    blank: int
    trailing: int
    nul: int
    loose_quotes: bool


def _refuse_other_formats(head: bytes, path: Path) -> None:
    if not head.strip(b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise UnreadableFileError("is empty: expected a header line and rows", code="empty_file", path=str(path))
    for start, what in _BINARY_STARTS.items():
        if head.startswith(start):
            raise UnreadableFileError(
                f"is {what}, expected a text file with a header line", code="not_csv", path=str(path)
            )
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b'{"', b"[{")):
        raise UnreadableFileError(
            "is a web page or an error message, expected a text table; download the file again",
            code="not_csv",
            path=str(path),
        )


def _scan(path: Path) -> _Scan:
    """Hash, encoding and line counts in one reading."""
    digest = hashlib.sha256()
    decoder = codecs.getincrementaldecoder("utf-8")()
    size = lf = cr = crlf = blank = nul = 0
    utf8, loose = True, False
    start = b""
    # The last bytes of the chunk before: a line end may lie on the seam. The file begins as after a line end.
    carry = b"\n"
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            start = start or chunk[:4]
            digest.update(chunk)
            size += len(chunk)
            # Plain ASCII, which is most of it, needs no decoder unless a character is cut by the seam.
            if utf8 and not (chunk.isascii() and not decoder.getstate()[0]):
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError:
                    utf8 = False
            lf += chunk.count(b"\n")
            nul += chunk.count(b"\0")
            joined = carry + chunk
            if b"\r" in joined:
                cr += chunk.count(b"\r")
                crlf += joined.count(b"\r\n") - carry.count(b"\r\n")
                blank += _count(joined, b"\n\r\n")
            blank += _count(joined[-len(chunk) - 1 :], b"\n\n")
            loose = loose or b' "' in joined or b'" ' in joined
            carry = joined[-2:]
        trailing = _trailing_line_ends(stream, size)
    if utf8:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            utf8 = False
    encoding = next((name for bom, name in _UTF16.items() if start.startswith(bom)), None)
    has_bom = encoding is not None
    if encoding is None and size and nul > size // 4:
        encoding = "utf-16-be" if start.startswith(b"\0") else "utf-16-le"
    if encoding is None:
        encoding = ("utf-8-sig" if start.startswith(codecs.BOM_UTF8) else "utf-8") if utf8 else "cp1252"
    return _Scan(digest.hexdigest(), size, encoding, has_bom, lf, cr, crlf, blank, trailing, nul, loose)


def _count(text: bytes, pattern: bytes) -> int:
    r"""How often a pattern occurs; occurrences may share their first and last byte (`\n\n\n` holds two blank lines)."""
    count, position = 0, text.find(pattern)
    while position != -1:
        count += 1
        position = text.find(pattern, position + len(pattern) - 1)
    return count


def _trailing_line_ends(stream: BinaryIO, size: int) -> int:
    """Line feeds behind the last character of the file."""
    stream.seek(max(0, size - 65_536))
    end = stream.read()
    return end[len(end.rstrip(b"\r\n")) :].count(b"\n")


def _as_utf8(path: Path, scan: _Scan, scratch: Path) -> Probe:
    if scan.cr == 0:
        line_end = "lf"
    elif scan.cr == scan.lf == scan.crlf:
        line_end = "crlf"
    elif scan.lf == 0:
        line_end = "cr"
    else:
        line_end = "mixed"
    if scan.encoding in ("utf-8", "utf-8-sig") and line_end in ("lf", "crlf"):
        lines = scan.lf - scan.blank + (scan.trailing == 0)
        inner = scan.blank - max(0, scan.trailing - 1)
        shape = _Shape(line_end, lines, inner, scan.nul)
        if scan.encoding == "utf-8":
            return _probe(path, scan, shape)
    copy, shape = _transcode(path, scan, scratch)
    return _probe(copy, scan, shape)


@dataclass(frozen=True)
class _Shape:
    """Lines of the text: of the file, or of its utf-8 copy."""

    line_end: str
    lines_n: int
    blank_n: int
    nul_n: int


def _probe(path: Path, scan: _Scan, shape: _Shape) -> Probe:
    simple = not (shape.nul_n or shape.blank_n or scan.loose_quotes)
    return Probe(path, scan.sha256, scan.size, scan.encoding, **asdict(shape), simple=simple)


def _transcode(path: Path, scan: _Scan, scratch: Path) -> tuple[Path, _Shape]:
    r"""A utf-8 copy with `\n` ends, and its shape; five bytes that cp1252 leaves undefined become U+FFFD."""
    codec = "utf-16" if scan.has_bom else scan.encoding
    lines = blank = waiting = nul = 0
    # Files with the same content are read side by side: each has a copy of its own.
    handle, name = tempfile.mkstemp(dir=scratch, suffix=".utf8")
    with (
        path.open("r", encoding=codec, errors="replace", newline=None) as source,
        open(handle, "w", encoding="utf-8", newline="") as target,
    ):
        for line in source:
            if line == "\n":
                waiting += 1
            else:
                lines, blank, waiting = lines + 1, blank + waiting, 0
            nul += line.count("\0")
            target.write(line)
        ends = source.newlines
    copy = Path(name)
    if nul and nul > os.path.getsize(copy) // 10:
        raise UnreadableFileError("is binary, expected a text table", code="not_csv", path=str(path))
    line_end = "mixed" if isinstance(ends, tuple) else {"\r\n": "crlf", "\r": "cr"}.get(ends or "", "lf")
    return copy, _Shape(line_end, lines, blank, nul)


def first_records(path: Path, delimiter: str, count: int) -> list[list[str]]:
    """The first records of a utf-8 file, header included, as far as they can be read; blank lines left out."""
    with path.open("r", encoding="utf-8-sig", newline="") as stream:
        text = stream.read(1 << 20)
    records = csv.reader(io.StringIO(text.replace("\0", "")), delimiter=delimiter, skipinitialspace=True)
    return list(islice((r for r in records if r), count))


def read_header(path: Path, delimiter: str) -> list[str]:
    """Names in the first record of a utf-8 file.

    Raises:
        UnreadableFileError: the first line is not a header of at least two columns.
    """
    record, following = [*first_records(path, delimiter, 2), [], []][:2]
    # Spreadsheets pad every line to one width: such columns without a name are kept. A lone surplus delimiter is not.
    while record and not record[-1].strip() and len(following) < len(record):
        record = record[:-1]
    if sum(bool(name.strip()) for name in record) < 2:
        raise UnreadableFileError(
            f"has no header: its first line is not split into columns by {delimiter!r}; "
            "expected a line of column names",
            code="bad_header",
            path=str(path),
        )
    return record
