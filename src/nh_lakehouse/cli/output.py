"""Printing rows: a table that fits the terminal, JSON or CSV.

A table is for people: numbers at the right with thousands separators and rounded, `–` for null, columns that do not
fit left out with a note. JSON and CSV are for programs: every column, every digit.
"""

from __future__ import annotations

import csv
import json
import math
import re
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

from nh_lakehouse.cli.options import Format

__all__ = ["Sheet", "draw", "is_terminal", "print_rows", "put", "say", "title", "warn"]

NULL = "–"
#: Cells of text longer than this are cut in a table.
_WIDEST_TEXT = 46
#: The same for the column whose cells may be broken into lines.
_LONGEST_TEXT = 160
#: A column that may shrink keeps this width.
_NARROWEST_TEXT = 12
#: A header longer than the values below it is folded at its underscores down to this width.
_NARROWEST_HEADER = 10
_WIDTH_WITHOUT_TERMINAL = 120
_GAP = "  "


@dataclass(frozen=True)
class Sheet:
    """Rows to print.

    Attributes:
        names: column names.
        rows: values, in the order of the names.
        shrink: column whose cells are broken into lines first where the table is too wide; then columns are left out
            from the right.
        headers: what a table shows in place of a name.
        right: columns of text that stand at the right, as numbers do.
    """

    names: Sequence[str]
    rows: Iterable[Sequence[Any]]
    shrink: str | None = None
    headers: Mapping[str, str] | None = None
    right: Sequence[str] = ()


def print_rows(sheet: Sheet, form: Format, *, more: str = "", empty: str = "no rows", selectable: bool = False) -> None:
    """Print rows in the format asked for.

    Args:
        sheet: the rows.
        form: table, json or csv.
        more: line below a table, such as how to see the rest.
        empty: what a table says in place of no rows.
        selectable: the command has --columns, by which columns left out can be seen.
    """
    if form is Format.json:
        _print_json(sheet)
    elif form is Format.csv:
        _print_csv(sheet)
    else:
        rows = list(sheet.rows)
        if not rows:
            say(empty)
            return
        dropped = draw(replace(sheet, rows=rows))
        if dropped:
            remedy = "--columns or --format json" if selectable else "--format json or a wider terminal"
            say(f"{dropped} more {'column' if dropped == 1 else 'columns'}: use {remedy}", dim=True)
        if more:
            say(more, dim=True)


def is_terminal() -> bool:
    """Whether a person reads the output as it comes."""
    return sys.stdout.isatty()


def put(text: str = "") -> None:
    """A line as it is."""
    sys.stdout.write(f"{text}\n")


def say(text: str, *, dim: bool = False, bold: bool = False) -> None:
    """A line, on a terminal dimmed or bold."""
    if is_terminal() and (dim or bold):
        from rich.console import Console
        from rich.text import Text

        Console(file=sys.stdout, highlight=False).print(Text(text, style="bold" if bold else "dim"))
    else:
        put(text)


def title(text: str) -> None:
    """A heading with a blank line before it."""
    put()
    say(text, bold=True)


def warn(text: str) -> None:
    """A line that wants attention."""
    if is_terminal():
        from rich.console import Console
        from rich.text import Text

        Console(file=sys.stdout, highlight=False).print(Text(text, style="yellow"))
    else:
        put(text)


# --- table -----------------------------------------------------------------------------------------------------------


def draw(sheet: Sheet) -> int:
    """Print a table that fits the width; returns how many columns were left out."""
    width = shutil.get_terminal_size((_WIDTH_WITHOUT_TERMINAL, 24)).columns
    lines, dropped = layout(sheet, width, rule="─" if is_terminal() else "-")
    header = next(n for n, line in enumerate(lines) if not line.strip("─- "))
    for number, line in enumerate(lines):
        say(line, bold=number < header, dim=number == header)
    return dropped


def layout(sheet: Sheet, width: int, *, rule: str = "-") -> tuple[list[str], int]:
    """A table as lines of at most `width` characters, and the number of columns left out."""
    rows = list(sheet.rows)
    shown = sheet.headers or {}
    columns = [
        _Column.of(
            n,
            shown.get(n, n),
            [row[i] for row in rows],
            right=n in sheet.right,
            most=_LONGEST_TEXT if n == sheet.shrink else _WIDEST_TEXT,
        )
        for i, n in enumerate(sheet.names)
    ]
    kept = _fit(columns, width, sheet.shrink)
    heads = [_break(c.header, max(c.width, 1)) for c in kept]
    height = max(len(h) for h in heads)
    lines = _lines(kept, [[""] * (height - len(h)) + h for h in heads])
    lines.append(_GAP.join(rule * c.width for c in kept))
    for i in range(len(rows)):
        lines += _lines(kept, [_break(c.cells[i], c.width) if c.name == sheet.shrink else [c.cells[i]] for c in kept])
    return lines, len(columns) - len(kept)


def _lines(columns: Sequence[_Column], cells: Sequence[Sequence[str]]) -> list[str]:
    """A row whose cells may have several lines."""
    return [
        _GAP.join(c.align(parts[n] if n < len(parts) else "") for c, parts in zip(columns, cells, strict=True)).rstrip()
        for n in range(max(len(parts) for parts in cells))
    ]


@dataclass
class _Column:
    name: str
    header: str
    cells: list[str]
    right: bool
    width: int

    @classmethod
    def of(cls, name: str, header: str, values: Sequence[Any], *, right: bool, most: int) -> _Column:
        known = [v for v in values if v is not None]
        numbers = bool(known) and all(isinstance(v, (int, float, Decimal)) and not isinstance(v, bool) for v in known)
        cells = [format_value(v, name) for v in values]
        if numbers:
            cells = _align_points(cells)
        cells = [_cut(c, most) for c in cells]
        widest = max((_len(c) for c in cells), default=0)
        longest = max(_len(part.rstrip()) for part in _parts(header))
        head = max(_len(h) for h in _break(header, max(widest, longest, _NARROWEST_HEADER)))
        return cls(name, header, cells, right or numbers, max(widest, head))

    def align(self, text: str) -> str:
        text = _cut(text, self.width)
        space = " " * (self.width - _len(text))
        return space + text if self.right else text + space


def _fit(columns: list[_Column], width: int, shrink: str | None) -> list[_Column]:
    """Shrink the column that may be, then leave out columns from the right; the first one always stays."""
    soft = next((c for c in columns if c.name == shrink), None)
    natural = soft.width if soft is not None else 0
    if soft is not None:
        soft.width = min(natural, _NARROWEST_TEXT)
    kept: list[_Column] = []
    used = -len(_GAP)
    for column in columns:
        if kept and used + len(_GAP) + column.width > width:
            break
        used += len(_GAP) + column.width
        kept.append(column)
    if soft is not None:
        # What the columns that fit leave over is the shrunken one's again.
        soft.width = min(natural, soft.width + max(0, width - used))
    kept[0].width = min(kept[0].width, max(8, width))
    return kept


def _break(text: str, width: int) -> list[str]:
    """Text in lines of a width, broken behind blanks, underscores and hyphens where there are any."""
    lines = [""]
    for part in _parts(text):
        if lines[-1] and _len(lines[-1]) + _len(part.rstrip()) > width:
            lines.append("")
        while _len(lines[-1]) + _len(part.rstrip()) > width:
            lines[-1], part = part[:width], part[width:]
            lines.append("")
        lines[-1] += part
    return [line.rstrip() for line in lines]


def _parts(text: str) -> list[str]:
    """What may not be broken, each with the blank, underscore or hyphen behind it."""
    return re.findall(r"[^ _-]*[ _-]|[^ _-]+", text) or [""]


def _align_points(cells: Sequence[str]) -> list[str]:
    """Numbers of different precision, padded so that their points stand below each other."""
    tails = [len(c) - c.index(".") if "." in c else 0 for c in cells]
    widest = max(tails, default=0)
    return [c if c == NULL or "e" in c else c + " " * (widest - t) for c, t in zip(cells, tails, strict=True)]


def format_value(value: Any, name: str = "") -> str:
    """A value for people: rounded to four decimals that count, thousands separated, nulls shown."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return NULL
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value) if _is_label(name) else f"{value:,}"
    if isinstance(value, Decimal):
        return f"{value:,}" if -20 < value.adjusted() < 20 else f"{value:.4g}"
    if isinstance(value, float):
        return _format_float(value)
    if isinstance(value, datetime):
        return (value.astimezone(timezone.utc) if value.tzinfo else value).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return _clean(", ".join(f"{k}={v}" for k, v in value.items()))
    if isinstance(value, (list, tuple)):
        return _clean(", ".join("=".join(map(str, v)) if isinstance(v, tuple) else str(v) for v in value))
    return _clean(str(value))


def _format_float(value: float) -> str:
    size = abs(value)
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value == 0:
        return "0"
    if size >= 1e15 or size < 1e-6:
        return f"{value:.4g}"
    decimals = 1 if size >= 100_000 else 2 if size >= 1_000 else 4
    if size < 1:
        # Four digits that count, however small the number.
        decimals = 3 - math.floor(math.log10(size))
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _is_label(name: str) -> bool:
    """Whole numbers that name something are not quantities: no separators."""
    return name == "year" or name.endswith(("_year", "_id", "_key", "version")) or name in ("source_row", "line", "pid")


def _clean(text: str) -> str:
    """No line breaks, no control characters: text comes from files and must not steer the terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


def _cut(text: str, width: int) -> str:
    """Text within a width; of a name without blanks both ends stay, as the ends tell files of one kind apart."""
    if _len(text) <= width:
        return text
    if width < 12 or " " in text:
        return text[: width - 1].rstrip() + "…"
    tail = width // 2 - 1
    return text[: width - 1 - tail] + "…" + text[len(text) - tail :]


def _len(text: str) -> int:
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


# --- programs --------------------------------------------------------------------------------------------------------


def _print_json(sheet: Sheet) -> None:
    sys.stdout.write("[")
    separator = "\n"
    for row in sheet.rows:
        record = {name: plain_value(value) for name, value in zip(sheet.names, row, strict=True)}
        sys.stdout.write(f"{separator}{json.dumps(record, ensure_ascii=False, allow_nan=False)}")
        separator = ",\n"
    sys.stdout.write("\n]\n")


def _print_csv(sheet: Sheet) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(sheet.names)
    for row in sheet.rows:
        writer.writerow([_csv_text(value) for value in row])


def _csv_text(value: Any) -> Any:
    """A value as CSV has it: amounts with all their digits, lists and maps as JSON."""
    if isinstance(value, Decimal):
        return str(value)
    plain = plain_value(value)
    if isinstance(plain, (list, dict)):
        return json.dumps(plain, ensure_ascii=False)
    if isinstance(plain, bool):
        return "true" if plain else "false"
    return "" if plain is None else plain


def plain_value(value: Any) -> Any:
    """A value as JSON has it: dates as ISO text, decimals as numbers, not-a-number as null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and value.as_tuple().exponent == 0 else float(value)
    if isinstance(value, datetime):
        moment = value.astimezone(timezone.utc).replace(tzinfo=None) if value.tzinfo else value
        return moment.isoformat(timespec="microseconds" if moment.microsecond else "seconds") + (
            "Z" if value.tzinfo else ""
        )
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(k): plain_value(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        if value and all(isinstance(v, tuple) and len(v) == 2 for v in value):
            return {str(k): plain_value(v) for k, v in value}
        return [plain_value(v) for v in value]
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)
