"""One pass over a landing file: what it is, whether it can be read, its hash, its header.

The pass reads the bytes once, hashes them, checks the encoding and counts lines and quotes. Text that is not plain
utf-8 with `\\n` line ends is written to a temporary utf-8 copy, so that one reader serves all.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import os
from dataclasses import dataclass, replace
from pathlib import Path

from nh_lakehouse.errors import UnreadableFileError

__all__ = ["Probe", "probe_file", "read_header"]

_CHUNK = 4 << 20
#: A spreadsheet holds 1,048,576 rows; a file with exactly that many lines was probably cut by one.
SPREADSHEET_LINES = 1_048_576
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
        blank_n: blank lines.
        nul_n: NUL bytes in the text.
        simple: every line end is the same and no NUL is inside: the fast reader may be tried.
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
        with path.open("rb") as stream:
            head = stream.read(4096)
    except OSError as error:
        raise UnreadableFileError(
            f"cannot be read: {error.strerror}; give this user permission to read it", code="unreadable", path=str(path)
        ) from error
    _refuse_other_formats(head, path)
    scan = _scan(path)
    after = path.stat()
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
    lf: int
    cr: int
    crlf: int
    blank: int
    nul: int
    ends_with_newline: bool


def _refuse_other_formats(head: bytes, path: Path) -> None:
    if not head.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise UnreadableFileError("is empty: expected a header line and rows", code="empty_file", path=str(path))
    for start, what in _BINARY_STARTS.items():
        if head.startswith(start):
            raise UnreadableFileError(f"is {what}, expected a text file with a header line", code="not_csv", path=str(path))
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b"{\"", b"[{")):
        raise UnreadableFileError(
            "is a web page or an error message, expected a text table; download the file again", code="not_csv", path=str(path)
        )


def _scan(path: Path) -> _Scan:
    """Hash, encoding and line counts in one reading."""
    digest = hashlib.sha256()
    decoder = codecs.getincrementaldecoder("utf-8")()
    size = lf = cr = crlf = blank = nul = 0
    utf8 = True
    start = b""
    previous = b"\n"
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            if not size:
                start = chunk[:4]
            digest.update(chunk)
            size += len(chunk)
            if utf8:
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError:
                    utf8 = False
            lf += chunk.count(b"\n")
            nul += chunk.count(b"\0")
            if b"\r" in chunk or previous == b"\r":
                cr += chunk.count(b"\r")
                crlf += chunk.count(b"\r\n") + (previous == b"\r" and chunk[:1] == b"\n")
                blank += chunk.count(b"\n\r\n") + (previous == b"\n" and chunk[:2] == b"\r\n")
            blank += _blank_lines(chunk, previous)
            previous = chunk[-1:]
    if utf8:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            utf8 = False
    encoding = next((name for bom, name in _UTF16.items() if start.startswith(bom)), None)
    if encoding is None and size and nul > size // 4:
        encoding = "utf-16-le"
    if encoding is None:
        encoding = ("utf-8-sig" if start.startswith(codecs.BOM_UTF8) else "utf-8") if utf8 else "cp1252"
    return _Scan(digest.hexdigest(), size, encoding, lf, cr, crlf, blank, nul, previous in (b"\n", b"\r"))


def _blank_lines(chunk: bytes, previous: bytes) -> int:
    """Empty lines of a chunk with `\\n` ends (`\\n\\n` pairs, overlapping ones included)."""
    if b"\n\n" not in chunk and not (previous == b"\n" and chunk[:1] == b"\n"):
        return 0
    joined = previous + chunk if previous == b"\n" else chunk
    count = position = 0
    while (position := joined.find(b"\n\n", position)) != -1:
        count += 1
        position += 1
    return count


def _as_utf8(path: Path, scan: _Scan, scratch: Path) -> Probe:
    if scan.cr == 0:
        line_end = "lf"
    elif scan.cr == scan.lf == scan.crlf:
        line_end = "crlf"
    elif scan.lf == 0:
        line_end = "cr"
    else:
        line_end = "mixed"
    lines = scan.lf - scan.blank + (not scan.ends_with_newline)
    plain = scan.encoding in ("utf-8", "utf-8-sig") and line_end in ("lf", "crlf")
    probe = Probe(path, scan.sha256, scan.size, scan.encoding, line_end, lines, scan.blank, scan.nul, simple=plain and not scan.nul)
    if plain and scan.encoding == "utf-8":
        return probe
    copy = scratch / f"{scan.sha256[:16]}.utf8"
    lines, nul = _transcode(path, copy, scan, line_end)
    return replace(probe, path=copy, lines_n=lines, nul_n=nul, simple=not nul)


def _transcode(path: Path, copy: Path, scan: _Scan, line_end: str) -> tuple[int, int]:
    """Write a utf-8 copy with `\\n` ends; five bytes that cp1252 leaves undefined become U+FFFD. Returns lines and NULs."""
    codec = {"utf-16-le": "utf-16", "utf-16-be": "utf-16"}.get(scan.encoding, scan.encoding)
    if scan.encoding == "utf-16-le" and path.open("rb").read(2) != codecs.BOM_UTF16_LE:
        codec = "utf-16-le"
    newline = None if line_end in ("cr", "crlf", "mixed") else ""
    lines = nul = 0
    with (
        path.open("r", encoding=codec, errors="replace", newline=newline) as source,
        copy.open("w", encoding="utf-8", newline="") as target,
    ):
        for line in source:
            lines += bool(line.strip("\r\n"))
            nul += line.count("\0")
            target.write(line)
    if nul and nul > os.path.getsize(copy) // 10:
        raise UnreadableFileError("is binary, expected a text table", code="not_csv", path=str(path))
    return lines, nul


def read_header(path: Path, delimiter: str) -> list[str]:
    """Names in the first record of a utf-8 file.

    Raises:
        UnreadableFileError: the first line is not a header of at least two columns.
    """
    with path.open("r", encoding="utf-8-sig", newline="") as stream:
        text = stream.read(1 << 20)
    record = next(csv.reader(io.StringIO(text.replace("\0", "")), delimiter=delimiter), [])
    while record and not record[-1].strip():
        record = record[:-1]
    if len(record) < 2:
        raise UnreadableFileError(
            f"has no header of columns separated by {delimiter!r}: its first line is {text[:80]!r}",
            code="bad_header",
            path=str(path),
        )
    return record
