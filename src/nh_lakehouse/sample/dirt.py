"""The faults that a sample holds on purpose, each one seen in real files. None makes a file unreadable.

Rows (severity `row`: the row is quarantined, `duplicate`: it is counted and dropped; all of them but one are extra
rows, so that no home is lost by them):

- provider information, first month: a row too short, a row too long, a row twice, an older content of a row before the
  row itself, a row whose certification number a spreadsheet turned into `4E+90`;
- provider information, last of several months: a row cut short in place of a home's only row (the home stays open);
- payroll: a row twice, a row too short, a day that no calendar has.

Cells (`cell`: the value is dropped, `warn`: the row is flagged, `none`: the value is read as it is meant):

- provider information, first month: a certification number without its leading zero, `abc` residents, an approval date
  `2024-13-45`, seven stars, missing hours without a footnote, fines written `$12,345.00` and `12,345.00`;
- penalties, first month: a payment denial of -526 days, a fine written `$12,345`;
- payroll: negative hours, employee and contract hours that do not add up;
- chains, first month: doubled quotes and a comma in names; aggregate file: a line break inside a value.

Files (`file`, `drift`): state averages with a byte order mark in the first month and a column nobody knows in the last;
penalties with a blank last line in the first month and in cp1252 in the last; a blank at the end of a chain header in
the last month; readmission scores with CRLF line ends; `readme.txt` and a macOS `._` file beside the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nh_lakehouse.sample.damage import CCN, DOLLARS, QUOTE, SHORT_ROW, TWICE, Damage, Dirt, Edit, Fault, Rows
from nh_lakehouse.sample.writing import Sheet, text

__all__ = [
    "aggregate_damage",
    "averages_damage",
    "chains_damage",
    "payroll_damage",
    "penalties_damage",
    "provider_damage",
    "stray_files",
    "vbp_damage",
]

_BREAK = "\nafter"


def provider_damage(sheet: Sheet, first: bool, last: bool) -> tuple[Sheet, Damage]:
    """Faults of provider information in the first and the last month."""
    rows = Rows(sheet, (index / 17 for index in range(1, 17)))
    edits: list[Edit] = []
    if first:
        edits += _provider_rows(rows) + _provider_cells(rows)
    if last and not first:
        position = rows.pick()
        line = ",".join(sheet.cells(position)[:55])
        edits.append(Edit(position, "instead", line, Fault("the only row of a home is cut short", "short_row", "row")))
    return sheet, Damage(tuple(edits))


def _provider_rows(rows: Rows) -> list[Edit]:
    sheet, beds = rows.sheet, "Number of Certified Beds"
    short, long, twice, older, lost = (rows.pick() for _ in range(5))
    one_more = rows.edited(older, beds, lambda cell: str(int(cell) + 1))
    as_float = rows.edited(lost, CCN, lambda _: '"4E+90"')
    other_content = Fault("another content for the certification number of the next row", "duplicate_key", "row")
    spreadsheet = Fault("a certification number turned into a floating-point number", "bad_key_format", "row")
    return [
        Edit(short, "before", ",".join(sheet.cells(short)[:40]), SHORT_ROW),
        Edit(
            long, "before", ",".join([*sheet.cells(long), "0"]), Fault("a row with too many cells", "long_row", "row")
        ),
        Edit(twice, "after", ",".join(sheet.cells(twice)), TWICE),
        Edit(older, "before", one_more, other_content),
        Edit(lost, "before", as_float, spreadsheet, CCN),
    ]


def _provider_cells(rows: Rows) -> list[Edit]:
    fines, approved = (
        "Total Amount of Fines in Dollars",
        "Date First Approved to Provide Medicare and Medicaid Services",
    )
    no_zero = Fault("a certification number that lost its leading zero", "ccn_padded", "warn")
    no_footnote = Fault("missing hours without a footnote", "footnote_mismatch", "warn")
    no_number = Fault("a number that is none", "bad_number", "cell")
    return [
        *rows.cell(CCN, lambda cell: f'"{cell.strip(QUOTE)[1:]}"', no_zero, _has_leading_zero),
        *rows.cell("Average Number of Residents per Day", lambda _: "abc", no_number),
        *rows.cell(approved, lambda _: "2024-13-45", Fault("a day that no calendar has", "bad_date", "cell")),
        *rows.cell("Overall Rating", lambda _: "7", Fault("seven stars of five", "out_of_range", "cell")),
        *rows.cell("Reported Staffing Footnote", lambda _: "", no_footnote),
        *rows.cell(fines, lambda cell: f'"${float(cell):,.2f}"', DOLLARS, _is_thousands),
        *rows.cell(
            fines, lambda cell: f'"{float(cell):,.2f}"', Fault("a number with a comma", "", "none"), _is_thousands
        ),
    ]


def _has_leading_zero(cell: str) -> bool:
    number = cell.strip(QUOTE)
    return number.startswith("0") and number.isdigit()


def _is_thousands(cell: str) -> bool:
    return cell != "" and float(cell) >= 1_000


def penalties_damage(sheet: Sheet, first: bool, last: bool) -> tuple[Sheet, Damage]:
    """Faults of the penalties file in the first and the last month."""
    rows = Rows(sheet, iter((0.2, 0.5, 0.8)))
    damage = Damage()
    if first:
        negative = Fault("a payment denial of a negative length", "out_of_range", "cell")
        edits = [
            *rows.cell("Payment Denial Length in Days", lambda _: "-526", negative),
            *rows.cell("Fine Amount", lambda cell: f'"${int(cell):,}"', DOLLARS, _is_thousands),
        ]
        damage = Damage(tuple(edits), end="\n", notes=(("", Fault("a blank last line", "", "file")),))
    if last:
        position = rows.pick("Provider Name", lambda name: "'" in name)
        position = position if position >= 0 else rows.pick()
        line = rows.edited(position, "Provider Name", _with_curly_apostrophe)
        edit = Edit(position, "instead", line, Fault("an apostrophe as byte 0x92", "", "none"), "Provider Name")
        note = ("", Fault("a file in cp1252", "encoding", "file"))
        damage = replace(damage, edits=(*damage.edits, edit), encoding="cp1252", notes=(*damage.notes, note))
    return sheet, damage


def _with_curly_apostrophe(name: str) -> str:
    return name.replace("'", "\u2019", 1) if "'" in name else name[:-1] + '\u2019S"'


def averages_damage(sheet: Sheet, first: bool, last: bool) -> tuple[Sheet, Damage]:
    """The averages with a byte order mark in the first month and an unknown column in the last."""
    damage = Damage()
    if first:
        damage = Damage(encoding="utf-8-sig", notes=(("", Fault("a byte order mark", "encoding", "file")),))
    if last:
        title = "Number of Homes With Weekend Visiting Hours"
        extra = text([str(40 + position % 7) for position in range(sheet.rows_n)])
        header = (*sheet.header[:-1], f'"{title}"', sheet.header[-1])
        sheet = replace(sheet, header=header, columns=(*sheet.columns[:-1], extra, sheet.columns[-1]))
        note = (title, Fault("a column that nobody knows", "new_column", "drift"))
        damage = replace(damage, notes=(*damage.notes, note))
    return sheet, damage


def chains_damage(sheet: Sheet, first: bool, last: bool) -> tuple[Sheet, Damage]:
    """Chain names with quotes and a comma in the first month, a blank at the end of a header in the last."""
    damage = Damage()
    if first:
        rows = Rows(sheet, iter((0.3, 0.7)))
        doubled, comma = (
            Fault("doubled quotes in a value", "", "none"),
            Fault("a comma in a quoted value", "", "none"),
        )
        edits = [
            *rows.cell("Chain", lambda name: f'"THE ""{name.strip(QUOTE)}"""', doubled),
            *rows.cell("Chain", lambda name: f'"{name.strip(QUOTE)}, LP"', comma),
        ]
        damage = Damage(tuple(edits))
    if last:
        title = "Average overall 5-star rating"
        sheet = replace(sheet, header=tuple(f'"{title} "' if name == f'"{title}"' else name for name in sheet.header))
        damage = replace(damage, notes=((title, Fault("a blank at the end of a header", "", "file")),))
    return sheet, damage


def vbp_damage(sheet: Sheet, first: bool, last: bool) -> tuple[Sheet, Damage]:
    """The readmission scores with the line ends of Windows."""
    return sheet, Damage(newline="\r\n", notes=(("", Fault("CRLF line ends", "", "file")),))


def aggregate_damage(sheet: Sheet, first: bool, last: bool) -> tuple[Sheet, Damage]:
    """The national figures of the programme with a line break inside a quoted value."""
    rows = Rows(sheet, iter((0.0,)))
    split = Fault("a line break in a value", "", "none")
    header = "Range of Value-Based Incentive Payments ($)"
    return sheet, Damage(tuple(rows.cell(header, lambda cell: f'"{cell.replace(" after", _BREAK)}"', split)))


def payroll_damage(lines: Sequence[str]) -> Damage:
    """Faults of the daily hours, in the first block of the file."""
    twice, short, day, negative, wrong = (len(lines) * part // 6 for part in range(1, 6))
    stamp = lines[day].rsplit(",", 26)[1]
    nonsense = lines[day].replace(f",{stamp},", f",{stamp[:6]}45,", 1)
    less = lines[negative].rsplit(",", 1)[0] + ",-7.5"
    before, total, employed, contracted = lines[wrong].rsplit(",", 3)
    apart = f"{before},{total},{float(employed) + 1:g},{contracted}"
    no_day = Fault("a day that no calendar has", "bad_key_format", "row")
    no_sum = Fault("employee and contract hours that do not add up", "component_sum_mismatch", "warn")
    return Damage(
        (
            Edit(twice, "after", lines[twice], TWICE),
            Edit(short, "before", lines[short].rsplit(",", 9)[0], SHORT_ROW),
            Edit(day, "before", nonsense, no_day, "WorkDate"),
            Edit(negative, "instead", less, Fault("negative hours", "out_of_range", "cell"), "Hrs_MedAide_ctr"),
            Edit(wrong, "instead", apart, no_sum, "Hrs_MedAide_emp"),
        )
    )


def stray_files(folder: Path, beside: str) -> list[Dirt]:
    """Files that are no data: a readme and what macOS leaves beside a copied file."""
    (folder / "readme.txt").write_bytes(b"Downloaded for the monthly load. This file holds no data.\n")
    hidden = f"._{beside}"
    (folder / hidden).write_bytes(b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        " + bytes(range(24)))
    return [
        Dirt("readme.txt", 0, "", "a file that is no data set", "unknown", "file"),
        Dirt(hidden, 0, "", "what macOS leaves beside a copied file", "ignored", "file"),
    ]
