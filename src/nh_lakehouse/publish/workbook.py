"""Gold tables as one Excel workbook: contents, column descriptions, and a formatted sheet for each table.

Rows go to disk as they are written, so that the memory does not grow with the tables. Text is written as text: what
begins with `=`, `+`, `-` or `@` is no formula. Excel keeps 15 digits of a number: whole numbers and decimals with more
are text. A table longer than a sheet goes on in the next one.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from nh_lakehouse.errors import ConfigError, ExtraMissingError, LoadError
from nh_lakehouse.lakehouse import Lakehouse
from nh_lakehouse.lakehouse.duckdb_sql import sql_name
from nh_lakehouse.pipeline.report import Quiet, Reporter
from nh_lakehouse.publish.contents import COLUMN_NAMES, TABLE_NAMES, column_rows, head, table_row
from nh_lakehouse.publish.tables import Measured, OutColumn, OutTable, Rows, as_text, open_rows

__all__ = ["MOST_COLUMNS", "MOST_ROWS", "number_format", "sheet_names", "write_workbook"]

#: Of a sheet, the header row included; of the text in a cell; digits of a number.
MOST_ROWS, MOST_COLUMNS, LONGEST_TEXT, DIGITS = 1_048_576, 16_384, 32_767, 15
_NAME_LENGTH = 31
_WIDEST = 60
_FIRST_DAY = date(1900, 3, 1)  # Excel counts 29 February 1900, a day that never was
_BY_UNIT = {
    "usd": "$#,##0.00",
    "pct": '0.00"%"',
    "fraction": "0.00%",
    "count": "#,##0",
    "hprd": "0.00",
    "million usd": "$#,##0.00",
}
_BY_KIND = {"date": "yyyy-mm-dd", "timestamp": "yyyy-mm-dd hh:mm:ss", "integer": "0", "bigint": "0", "text": "@"}
_WIDTHS = {"date": 11, "timestamp": 20, "boolean": 8}
Cell = Callable[[Any, int, int, Any, Any], None]


def write_workbook(
    lake: Lakehouse,
    tables: Sequence[OutTable],
    out: Path,
    *,
    reporter: Reporter | None = None,
    most_rows: int = MOST_ROWS,
) -> dict[str, int]:
    """Write tables into a workbook, which gets its name when it is complete.

    Args:
        lake: the lakehouse.
        tables: what is exported.
        out: the file, which is replaced if it exists.
        reporter: told of the progress.
        most_rows: rows of a sheet, the header included (tests).
    Returns:
        Table -> rows.
    Raises:
        ExtraMissingError: XlsxWriter is not installed.
        ConfigError: the name does not end in .xlsx.
        LoadError: a table has more columns than a sheet.
    """
    if out.suffix.lower() != ".xlsx" or out.is_dir():
        raise ConfigError(f"--out {out}: expected a file whose name ends in .xlsx", option="--out")
    reporter = reporter or Quiet()
    for table in tables:
        if len(table.columns) > MOST_COLUMNS:
            raise LoadError(f"{table.name}: {len(table.columns)} columns; a sheet holds {MOST_COLUMNS:,}")
    measured: dict[str, Measured] = {}
    for table in tables:
        with open_rows(lake, table) as rows:
            measured[table.name] = rows.measure()
    parts = {t.name: max(1, -(-measured[t.name].rows_n // (most_rows - 1))) for t in tables}
    names = sheet_names([(t.short_name, parts[t.name]) for t in tables])
    with _workbook(out) as book:
        pen = _Pen(book)
        pen.contents(lake, tables, measured, names)
        pen.columns(tables)
        for table in tables:
            reporter.begin(table.name, table.name)
            with open_rows(lake, table) as rows:
                pen.table(rows, measured[table.name], names[table.short_name], most_rows, reporter)
            reporter.end(table.name, f"{table.name}: {measured[table.name].rows_n:,} rows written")
    return {name: m.rows_n for name, m in measured.items()}


def sheet_names(tables: Sequence[tuple[str, int]]) -> dict[str, list[str]]:
    """Names of the sheets of each table: at most 31 characters, none twice in any case of letters.

    Args:
        tables: short name of a table, and how many sheets it needs.
    """
    taken = {"contents", "columns", "history"}  # Excel keeps the last for itself
    found: dict[str, list[str]] = {}
    for table, parts in tables:
        for part in range(1, parts + 1):
            found.setdefault(table, []).append(_free_name(table, part, taken))
    return found


def _free_name(table: str, number: int, taken: set[str]) -> str:
    while True:
        end = f" ({number})" if number > 1 else ""
        name = table[: _NAME_LENGTH - len(end)] + end
        if name.lower() not in taken:
            taken.add(name.lower())
            return name
        number += 1


def number_format(column: OutColumn) -> str:
    """Excel's number format of a column: by its unit, else by its type."""
    if column.kind in ("date", "timestamp", "text"):
        return _BY_KIND[column.kind]
    if column.unit in _BY_UNIT:
        return _BY_UNIT[column.unit]
    if column.kind == "decimal":
        return "#,##0.00" if column.scale == 2 else "General"
    return _BY_KIND.get(column.kind, "General")


# --- writing ---------------------------------------------------------------------------------------------------------


@contextmanager
def _workbook(out: Path) -> Iterator[Any]:
    """A workbook that takes the place of the file when it is whole."""
    try:
        import xlsxwriter
        import xlsxwriter.exceptions
    except ImportError as error:
        raise ExtraMissingError(
            "--to xlsx needs XlsxWriter, which is not installed: pip install 'nh-lakehouse[export]'"
        ) from error
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.stem}_") as scratch:
        draft = Path(scratch) / out.name
        options = {
            "constant_memory": True,
            "tmpdir": scratch,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "use_zip64": True,
        }
        book = xlsxwriter.Workbook(str(draft), options)
        try:
            yield book
        except BaseException:
            for sheet in book.worksheets():
                sheet.row_data_fh.close()
            raise
        try:
            book.close()
        except xlsxwriter.exceptions.FileCreateError as error:
            raise error.args[0] if isinstance(error.args[0], OSError) else OSError(str(error)) from error
        os.replace(draft, out)


class _Pen:
    """Writes the sheets of a workbook."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._bold = book.add_format({"bold": True, "bottom": 1, "bg_color": "#DDE7F0", "valign": "top"})
        self._title = book.add_format({"bold": True, "font_size": 14})
        self._label = book.add_format({"bold": True})
        self._wrap = book.add_format({"text_wrap": True, "valign": "top"})
        self._count = book.add_format({"num_format": "#,##0", "valign": "top"})
        self._link = book.add_format({"font_color": "#0563C1", "underline": 1, "valign": "top"})
        self._formats: dict[str, Any] = {}

    def contents(
        self,
        lake: Lakehouse,
        tables: Sequence[OutTable],
        measured: Mapping[str, Measured],
        names: Mapping[str, Sequence[str]],
    ) -> None:
        """The first sheet: what the workbook holds, and where it comes from."""
        sheet = self._book.add_worksheet("Contents")
        sheet.write_string(0, 0, "Tables of nh_lakehouse", self._title)
        facts = head(lake)
        for row, (label, text) in enumerate(facts, 1):
            sheet.write_string(row, 0, label, self._label)
            sheet.write_string(row, 1, text)
        top = len(facts) + 2
        self._header(sheet, top, TABLE_NAMES)
        for row, table in enumerate(tables, top + 1):
            name, title, rows_n, *rest = table_row(table, measured[table.name].rows_n)
            sheet.write_url(row, 0, f"internal:'{names[table.short_name][0]}'!A1", self._link, name)
            sheet.write_string(row, 1, title, self._wrap)
            sheet.write_number(row, 2, rows_n, self._count)
            for column, value in enumerate(rest, 3):
                sheet.write(row, column, value, self._wrap)
        for column, width in enumerate((34, 34, 11, 44, 60, 44, 26, 13)):
            sheet.set_column(column, column, width)

    def columns(self, tables: Sequence[OutTable]) -> None:
        """The second sheet: every column of every table."""
        sheet = self._book.add_worksheet("Columns")
        self._header(sheet, 0, COLUMN_NAMES)
        row = 0
        for row, cells in enumerate(column_rows(tables), 1):
            for column, text in enumerate(cells):
                sheet.write_string(row, column, text[:LONGEST_TEXT], self._wrap)
        for column, width in enumerate((34, 30, 15, 18, 5, 100)):
            sheet.set_column(column, column, width)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(row, 1), len(COLUMN_NAMES) - 1)

    def table(self, rows: Rows, measured: Measured, names: Sequence[str], most_rows: int, reporter: Reporter) -> None:
        """The sheets of a table."""
        table = rows.table
        formats = [self._format(number_format(c)) for c in table.columns]
        cells = [_CELLS.get(c.kind, _text) for c in table.columns]
        batches = rows.tuples([_value(c) for c in table.columns])
        waiting = (row for batch in batches for row in batch)
        written = 0
        for name in names:
            sheet = self._book.add_worksheet(name)
            self._header(sheet, 0, [c.name for c in table.columns])
            sheet.freeze_panes(1, 0)
            for position, column in enumerate(table.columns):
                sheet.set_column(position, position, _width(column, measured))
            here = min(most_rows - 1, measured.rows_n - written)
            for row in range(1, here + 1):
                for position, value in enumerate(next(waiting)):
                    if value is not None:
                        cells[position](sheet, row, position, value, formats[position])
                if (written + row) % 50_000 == 0:
                    reporter.begin(table.name, f"{table.name}: {written + row:,} of {measured.rows_n:,} rows")
            written += here
            sheet.autofilter(0, 0, max(here, 1), len(table.columns) - 1)

    def _header(self, sheet: Any, row: int, names: Sequence[str]) -> None:
        for column, name in enumerate(names):
            sheet.write_string(row, column, name, self._bold)

    def _format(self, text: str) -> Any:
        if text not in self._formats:
            self._formats[text] = self._book.add_format({"num_format": text})
        return self._formats[text]


def _value(column: OutColumn) -> str:
    """SQL of what a cell gets."""
    name = sql_name(column.name)
    if column.kind == "nested":
        return as_text(column)
    if column.kind == "timestamp":
        return f"CAST({name} AS TIMESTAMP)"
    if column.kind == "double":
        return f"CASE WHEN isfinite({name}) THEN {name} END"
    return f"hex({name})" if column.kind == "binary" else name


def _width(column: OutColumn, measured: Measured) -> int:
    inside = _WIDTHS.get(column.kind, 12)
    if column.name in measured.longest:
        inside = measured.longest[column.name] + 1
    elif column.unit == "usd":
        inside = 17
    # The arrow of the filter covers the end of a header.
    return min(max(inside, len(column.name) + 3), _WIDEST)


def _text(sheet: Any, row: int, column: int, value: Any, form: Any) -> None:
    text = str(value)
    sheet.write_string(row, column, text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…", form)


def _integer(sheet: Any, row: int, column: int, value: int, form: Any) -> None:
    if abs(value) < 10**DIGITS:
        sheet.write_number(row, column, value, form)
    else:
        sheet.write_string(row, column, str(value))


def _decimal(sheet: Any, row: int, column: int, value: Decimal, form: Any) -> None:
    digits = len(value.normalize().as_tuple().digits)
    if digits <= DIGITS and abs(value) < 10**DIGITS:
        sheet.write_number(row, column, float(value), form)
    else:
        sheet.write_string(row, column, f"{value:f}")


def _double(sheet: Any, row: int, column: int, value: float, form: Any) -> None:
    sheet.write_number(row, column, value, form)


def _boolean(sheet: Any, row: int, column: int, value: bool, form: Any) -> None:
    sheet.write_boolean(row, column, value, form)


def _date(sheet: Any, row: int, column: int, value: date, form: Any) -> None:
    day = value.date() if isinstance(value, datetime) else value
    if day < _FIRST_DAY:
        sheet.write_string(row, column, value.isoformat())
    else:
        sheet.write_datetime(row, column, value, form)


_CELLS: dict[str, Cell] = {
    "integer": _integer,
    "bigint": _integer,
    "decimal": _decimal,
    "double": _double,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _date,
}
