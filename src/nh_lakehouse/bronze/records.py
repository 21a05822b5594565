"""Records of a delimited text file, as Parquet of text columns: the one reader of both engines.

A record is one line, or several when a quoted value holds line breaks. DuckDB parses files in which every line is
one record, which is nearly all; a file with breaks inside quotes, damaged quotes, blanks beside quotes, blank lines or
NUL bytes goes through a slower reader that takes nothing but the damaged line itself out of the table. Both give the
same rows for the same file:

- `_source_row`: number of the data record, first = 1; `_source_line`: its line in the file, the header being line 1;
- `_corrupt_record`: null, or `reason: details | raw text` for a record that is not well formed. Such a row keeps the
  leading fields that could be read (they tell which home it is about).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from nh_lakehouse.bronze.probe import Probe
from nh_lakehouse.errors import UnreadableFileError
from nh_lakehouse.lakehouse.duckdb_session import connect
from nh_lakehouse.lakehouse.duckdb_sql import sql_file, sql_name, sql_value

__all__ = ["CORRUPT", "LINE", "PARQUET", "ROW", "Parsed", "parse_records"]

ROW, LINE, CORRUPT = "_source_row", "_source_line", "_corrupt_record"
#: A quoted value may hold at most this many line breaks; a quote open for longer was never closed.
MAX_LINES_IN_RECORD = 50
_MAX_RAW = 2_000
_BATCH = 50_000
_MAX_REJECTS = 200
#: Of all files that are parsed at once; the parser needs a hundredth of it for most.
_MEMORY = "2GB"
#: Staged files become those of the table. Version 2 would keep row numbers as differences, in next to no space, but
#: Spark 3.5 misreads it: errors in long files, wrong texts in short ones.
PARQUET = "(FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v1)"
csv.field_size_limit(4_000_000)


@dataclass(frozen=True)
class Parsed:
    """The staged records of one file: the Parquet files that hold them, and how many there are.

    Attributes:
        has_extra: the columns that were asked for beside those of the file are there.
    """

    paths: tuple[Path, ...]
    rows_n: int
    corrupt_n: int
    has_extra: bool = False


def parse_records(
    probe: Probe,
    names: Sequence[str],
    delimiter: str,
    target: Path,
    *,
    extra: Mapping[str, str] | None = None,
) -> Parsed:
    """Stage the records of a utf-8 file as Parquet.

    Args:
        probe: what the first pass found.
        names: column name of each header position.
        delimiter: field separator.
        target: stem of the Parquet files to write.
        extra: more columns to write with each record, as DuckDB expressions; only the fast parser does.
    Returns:
        The Parquet files and their counts; rows_n counts well-formed and corrupt records.
    Raises:
        UnreadableFileError: the text cannot be parsed at all.
    """
    parsed = _parse_fast(probe, names, delimiter, target, extra) if probe.simple else None
    return parsed or _parse_slowly(probe.path, names, delimiter, target)


def _parse_fast(
    probe: Probe,
    names: Sequence[str],
    delimiter: str,
    target: Path,
    extra: Mapping[str, str] | None = None,
) -> Parsed | None:
    """DuckDB's parser; None where some record is not exactly one line."""
    staged = target.with_suffix(".parquet")
    columns = ", ".join(f"{sql_value(name)}: 'VARCHAR'" for name in names)
    values = ", ".join(f"nullif({sql_name(name)}, '') AS {sql_name(name)}" for name in names)
    added = "".join(f", {expression} AS {sql_name(name)}" for name, expression in (extra or {}).items())
    # The number of a record makes one thread of the plan: files are read side by side.
    with connect(threads=1, memory=_MEMORY) as connection:
        try:
            connection.execute(
                f"""COPY (
                    SELECT {values}, CAST(row_number() OVER () AS INTEGER) AS {ROW},
                        CAST(row_number() OVER () + 1 AS INTEGER) AS {LINE},
                        CAST(NULL AS VARCHAR) AS {CORRUPT}{added}
                    FROM read_csv({sql_file(probe.path)}, header = true, auto_detect = false, all_varchar = true,
                        delim = {sql_value(delimiter)}, quote = '"', escape = '"', columns = {{{columns}}},
                        nullstr = '', strict_mode = true, ignore_errors = true, store_rejects = true, rejects_limit = 0,
                        max_line_size = 4000000)
                ) TO {sql_value(str(staged))} {PARQUET}"""
            )
        except (duckdb.Error, RuntimeError, UnicodeError):  # also a file name that is no valid utf-8
            return None
        accepted_n = pq.ParquetFile(staged).metadata.num_rows
        rejects = connection.execute(
            "SELECT line, any_value(csv_line), string_agg(DISTINCT error_type) "
            "FROM reject_errors GROUP BY line ORDER BY line"
        ).fetchall()
        each_is_one_line = accepted_n + len(rejects) + 1 == probe.lines_n
        # Of a line with two broken quotes DuckDB 2.0 gives the text of the line before: only widths are taken from it.
        if not each_is_one_line or any("QUOTE" in errors or "\n" in raw.rstrip("\r\n") for _, raw, errors in rejects):
            return None
        if len(rejects) > _MAX_REJECTS or not _widths_fit(probe.path, names, delimiter, accepted_n, rejects):
            return None
        if not rejects:
            return Parsed((staged,), accepted_n, 0, has_extra=True)
        records = [(line, _one_line(raw, names, delimiter)) for line, raw, _ in rejects]
        if not all(record.corrupt for _, record in records):
            return None
        return _with_rejects(connection, staged, records, names, accepted_n)


def _widths_fit(
    path: Path, names: Sequence[str], delimiter: str, accepted_n: int, rejects: Sequence[tuple[int, str, str]]
) -> bool:
    """Whether the file has as many delimiters as its accepted and rejected lines make.

    DuckDB drops an empty field behind the last column without a word. An unquoted comma in a name shifts all that
    follows by one, and where the last column is empty such a row looks like that. No line ends with a delimiter: none
    is of that kind.
    """
    if not rejects and not _ends_with_delimiter(path, delimiter.encode()):
        return True
    count = _DelimiterCount(delimiter)
    with path.open("rb") as stream:
        header = count.add(stream.readline())
        total = header + sum(count.add(chunk) for chunk in iter(lambda: stream.read(4 << 20), b""))
    rejected = sum(_DelimiterCount(delimiter).add(raw.encode()) for _, raw, _ in rejects)
    return count.is_sound and total == header + accepted_n * (len(names) - 1) + rejected


def _ends_with_delimiter(path: Path, delimiter: bytes) -> bool:
    """Whether some line of a file ends with a delimiter, or with an empty value in quotes behind one."""
    carry = b""
    with path.open("rb") as stream:
        # All lines end like the first: of a file with mixed ends `probe` has made a copy with one kind.
        end = b"\r\n" if stream.readline().endswith(b"\r\n") else b"\n"
        stream.seek(0)
        ends = [delimiter + empty + end for empty in (b"", b'""')]
        for chunk in iter(lambda: stream.read(4 << 20), b""):
            text = carry + chunk
            if any(end in text for end in ends):
                return True
            carry = text[-8:]
    return carry.rstrip(b'"').endswith(delimiter)


class _DelimiterCount:
    """Counts the delimiters outside of quotes, piece by piece.

    Attributes:
        is_sound: so far every quote opened a field, closed one or was doubled inside one.
    """

    def __init__(self, delimiter: str) -> None:
        self.is_sound = True
        self._inside = False
        self._delimiter = delimiter.encode()
        self._before, self._behind = self._delimiter + b"\n", self._delimiter + b"\r\n"

    def add(self, text: bytes) -> int:
        """The delimiters in the next piece of the file."""
        if b'"' not in text:
            return 0 if self._inside else text.count(self._delimiter)
        parts = text.split(b'"')
        last = len(parts) - 1
        total = 0
        for number in range(self._inside, len(parts), 2):
            if part := parts[number]:
                total += part.count(self._delimiter)
                fits = (number == last or part[-1] in self._before) and (not number or part[0] in self._behind)
                self.is_sound = self.is_sound and fits
        self._inside ^= bool(last % 2)
        return total


def _with_rejects(
    connection: duckdb.DuckDBPyConnection,
    staged: Path,
    rejects: Sequence[tuple[int, _Record]],
    names: Sequence[str],
    accepted_n: int,
) -> Parsed:
    """Count the rejected lines into the row numbers of the accepted ones, and stage them beside."""
    numbered = staged.with_name(f"{staged.stem}_numbered.parquet")
    # The k-th accepted row stands behind every reject whose row number, less the rejects before it, is at most k.
    before = ", ".join(str(line - 1 - i) for i, (line, _) in enumerate(rejects))
    shift = f"len(list_filter([{before}], lambda x: x <= {ROW}))"
    connection.execute(
        f"""COPY (SELECT * REPLACE (
                CAST({ROW} + {shift} AS INTEGER) AS {ROW}, CAST({LINE} + {shift} AS INTEGER) AS {LINE})
            FROM {sql_value(str(staged))}) TO {sql_value(str(numbered))} {PARQUET}"""
    )
    staged.unlink()
    writer = _RecordWriter(staged.with_name(f"{staged.stem}_rejects.parquet"), names)
    for line, record in rejects:
        writer.add(record, line - 1, line)
    writer.close()
    return Parsed((numbered, writer.path), accepted_n + len(rejects), writer.corrupt_n)


def _parse_slowly(path: Path, names: Sequence[str], delimiter: str, target: Path) -> Parsed:
    """Line by line; a quoted value may span lines, a quote that is never closed costs its own line only."""
    writer = _RecordWriter(target.with_suffix(".parquet"), names)
    try:
        for number, (record, line) in enumerate(_records(path, names, delimiter), start=1):
            writer.add(record, number, line)
    except csv.Error as error:
        raise UnreadableFileError(f"cannot be parsed: {error}", code="not_csv", path=str(path)) from error
    finally:
        writer.close()
    return Parsed((writer.path,), writer.rows_n, writer.corrupt_n)


@dataclass(frozen=True)
class _Record:
    fields: list[str | None]
    corrupt: str | None = None


def _records(path: Path, names: Sequence[str], delimiter: str) -> Iterator[tuple[_Record, int]]:
    with path.open("r", encoding="utf-8-sig", newline="\n") as stream:
        lines = enumerate(stream, start=1)
        waiting: list[tuple[int, str]] = []
        is_header = True
        while True:
            number, line = waiting.pop(0) if waiting else next(lines, (0, ""))
            if not number:
                return
            if not line.strip("\r\n"):
                continue
            record = _one_line(line, names, delimiter)
            if record.corrupt and line.count('"') % 2:
                record = _several_lines(line, names, delimiter, waiting, lines) or record
            if is_header:
                is_header = False
                continue
            yield record, number


def _several_lines(
    first: str, names: Sequence[str], delimiter: str, waiting: list[tuple[int, str]], lines: Iterator[tuple[int, str]]
) -> _Record | None:
    """A record whose quoted value spans lines, or None; lines read in vain go back to `waiting`."""
    text = first
    for taken in range(MAX_LINES_IN_RECORD):
        if taken == len(waiting):
            following = next(lines, None)
            if following is None:
                return None
            waiting.append(following)
        text += waiting[taken][1]
        if text.count('"') % 2 == 0:
            record = _one_line(text, names, delimiter)
            if record.corrupt is None:
                del waiting[: taken + 1]
                return record
            return None
    return None


def _one_line(text: str, names: Sequence[str], delimiter: str) -> _Record:
    text = text.rstrip("\r\n")
    raw = text[:_MAX_RAW].replace("\0", "\\0")
    if "\0" in text:
        return _Record(
            _padded(text.replace("\0", "").split(delimiter), names), f"nul_byte: a NUL byte in the line | {raw}"
        )
    if '"' not in text:
        fields: list[str] = text.split(delimiter)
    else:
        try:
            fields = _fields(text, delimiter)
        except csv.Error as error:
            reason = "unclosed_quote" if "unexpected end" in str(error) else "bad_quote"
            return _Record(_padded(_leading(text, delimiter)[0], names), f"{reason}: {error} | {raw}")
    found, expected = len(fields), len(names)
    if found == expected:
        return _Record([f or None for f in fields])
    reason = "short_row" if found < expected else "long_row"
    return _Record(_padded(fields, names), f"{reason}: {found} fields, expected {expected} | {raw}")


def _fields(text: str, delimiter: str) -> list[str]:
    """Fields of a line that holds quotes; blanks around a quoted field do not belong to it."""
    if ' "' not in text and '" ' not in text:
        return next(csv.reader([text], delimiter=delimiter, strict=True))
    fields, rest = _leading(text + delimiter, delimiter)
    if rest:
        unclosed = re.match(r' *"(?:[^"]|"")*\Z', rest.removesuffix(delimiter))
        raise csv.Error("unexpected end of data" if unclosed else f"{delimiter!r} expected after '\"'")
    return fields


def _leading(text: str, delimiter: str) -> tuple[list[str], str]:
    """The well-formed fields at the start of a text, each ended by a delimiter, and the rest."""
    field, fields, position = _field(delimiter), [], 0
    while found := field.match(text, position):
        fields.append(found[2] if found[1] is None else found[1].replace('""', '"'))
        position = found.end()
    return fields, text[position:]


@cache
def _field(delimiter: str) -> re.Pattern[str]:
    end = re.escape(delimiter)
    return re.compile(rf'(?: *"((?:[^"]|"")*)" *|(?! *")([^{end}\r\n]*)){end}')


def _padded(fields: Sequence[str], names: Sequence[str]) -> list[str | None]:
    kept: list[str | None] = [f or None for f in fields[: len(names)]]
    return kept + [None] * (len(names) - len(kept))


class _RecordWriter:
    """Writes records to Parquet in batches, so that memory does not grow with the file."""

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self.path = path
        self.rows_n = self.corrupt_n = 0
        fields = [pa.field(name, pa.string()) for name in names]
        self._schema = pa.schema([*fields, (ROW, pa.int32()), (LINE, pa.int32()), (CORRUPT, pa.string())])
        self._writer = pq.ParquetWriter(path, self._schema)
        self._rows: list[list[str | int | None]] = []

    def add(self, record: _Record, number: int, line: int) -> None:
        self._rows.append([*record.fields, number, line, record.corrupt])
        self.rows_n += 1
        self.corrupt_n += record.corrupt is not None
        if len(self._rows) >= _BATCH:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        columns = list(zip(*self._rows, strict=True)) or [()] * len(self._schema)
        arrays = [pa.array(values, field.type) for values, field in zip(columns, self._schema, strict=True)]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self._rows = []
