"""The faults in the files of measures, vaccinations, owners, enrolments and other payroll staff.

Rows (severity `row`: the row is quarantined, `duplicate`: it is counted and dropped; all of them are extra rows):

- assessment measures, first month: a row too short, a row twice;
- reporting program: a row twice, another score for a measure before the row itself;
- owners, first month: a row twice;
- other payroll staff: a row twice, a row too short.

Cells (`cell`: the value is dropped, `warn`: the row is flagged, `none`: the value is read as it is meant):

- assessment measures, first month: a score `<5`, a score beside the footnote 10 that says there is none, a missing
  score without a footnote, two footnotes in one cell;
- claims measures, first month: a negative score;
- reporting program: a missing score without a footnote; of hospitals: a certification number without its leading zero;
  of the nation: `Nation` in place of `NATION`;
- vaccinations, first month: 105.3 per cent of the residents; the nation as `NATION` in place of `US`;
- owners, first month: `105%` of a home;
- enrolments, first and last month: certification numbers with a suffix, of seven and of nine characters;
- other payroll staff: negative hours, employee and contract hours that do not add up.

Files (`file`): in releases of the reporting program after the first, codes of one measure with a higher version.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pyarrow.compute as pc

from nh_lakehouse.sample.damage import CCN, QUOTE, SHORT_ROW, TWICE, Damage, Edit, Fault, Rows
from nh_lakehouse.sample.writing import Sheet

__all__ = [
    "claims_damage",
    "enrollments_damage",
    "mds_damage",
    "nonnurse_damage",
    "owners_damage",
    "program_damage",
    "program_national_damage",
    "swing_bed_damage",
    "vaccination_averages_damage",
    "vaccination_damage",
]

_NO_FOOTNOTE = Fault("a missing score without a footnote", "footnote_mismatch", "warn")
_OTHER_CONTENT = Fault("another score for the measure of the next row", "duplicate_key", "row")
_SUFFIX = Fault("a certification number with a suffix", "ccn_suffix", "warn")
_SPELLING = Fault("another word for the nation", "", "none")
#: The code that rises in later releases.
_OLD_CODE, _NEW_CODE = "S_024_05_", "S_024_06_"


def _twice(rows: Rows) -> Edit:
    position = rows.pick()
    return Edit(position, "after", ",".join(rows.sheet.cells(position)), TWICE)


def mds_damage(sheet: Sheet, first: bool, last: bool) -> tuple[Sheet, Damage]:
    """Faults of the assessment measures in the first month."""
    if not first:
        return sheet, Damage()
    rows = Rows(sheet, (index / 11 for index in range(1, 11)))
    short = rows.pick()
    no_number = Fault("a score that is no number", "bad_number", "cell")
    no_data = Fault("a score beside a footnote that says there is none", "footnote_mismatch", "warn")
    two = Fault("two footnotes in one cell", "", "none")
    note = "Footnote for Four Quarter Average Score"
    edits = [
        Edit(short, "before", ",".join(sheet.cells(short)[:12]), SHORT_ROW),
        _twice(rows),
        *rows.cell("Q1 Measure Score", lambda _: "<5", no_number),
        *rows.cell("Footnote for Q2 Measure Score", lambda _: "10", no_data, lambda cell: cell == ""),
        *rows.cell(note, lambda _: "", _NO_FOOTNOTE),
        *rows.cell("Footnote for Q3 Measure Score", lambda cell: f'"{cell},13"', two),
    ]
    return sheet, Damage(tuple(edits))


def claims_damage(sheet: Sheet, first: bool, last: bool) -> tuple[Sheet, Damage]:
    """Faults of the claims measures in the first month."""
    if not first:
        return sheet, Damage()
    rows = Rows(sheet, iter((0.4,)))
    negative = Fault("a negative score", "out_of_range", "cell")
    return sheet, Damage(tuple(rows.cell("Adjusted Score", lambda cell: f"-{cell}", negative)))


def _risen(sheet: Sheet, first: bool) -> tuple[Sheet, Damage]:
    """In later releases, codes of one measure with a higher version."""
    if first:
        return sheet, Damage()
    index = sheet.column("Measure Code")
    codes = pc.replace_substring(sheet.columns[index], _OLD_CODE, _NEW_CODE)
    columns = (*sheet.columns[:index], codes, *sheet.columns[index + 1 :])
    risen = Fault("a measure code whose version is higher than before", "", "file")
    return replace(sheet, columns=columns), Damage(notes=(("Measure Code", risen),))


def program_damage(sheet: Sheet, first: bool, last: bool) -> tuple[Sheet, Damage]:
    """Faults of the reporting program of homes."""
    sheet, damage = _risen(sheet, first)
    rows = Rows(sheet, (index / 5 for index in range(1, 5)))
    older = rows.pick("Score", _is_number)
    other = rows.edited(older, "Score", lambda cell: f'"{float(cell.strip(QUOTE)) + 1:g}"')
    missing = rows.pick("Score", lambda cell: cell == '"Not Available"')
    silent = rows.edited(missing, "Footnote", lambda _: '"-"')
    edits = (
        _twice(rows),
        Edit(older, "before", other, _OTHER_CONTENT),
        Edit(missing, "instead", silent, _NO_FOOTNOTE, "Footnote"),
    )
    return sheet, replace(damage, edits=edits)


def _is_number(cell: str) -> bool:
    return cell.strip(QUOTE).replace(".", "", 1).isdigit()


def program_national_damage(sheet: Sheet, first: bool, last: bool) -> tuple[Sheet, Damage]:
    """Faults of the national figures of the reporting program."""
    sheet, damage = _risen(sheet, first)
    rows = Rows(sheet, iter((0.5,)))
    return sheet, replace(damage, edits=tuple(rows.cell(CCN, lambda _: '"Nation"', _SPELLING)))


def swing_bed_damage(sheet: Sheet, first: bool, last: bool) -> tuple[Sheet, Damage]:
    """Faults of the reporting program of hospitals."""
    sheet, damage = _risen(sheet, first)
    rows = Rows(sheet, iter((0.1,)))
    no_zero = Fault("a certification number that lost its leading zero", "ccn_padded", "warn")
    edits = rows.cell(CCN, lambda cell: f'"{cell[2:]}', no_zero, lambda cell: cell.startswith('"0'))
    return sheet, replace(damage, edits=tuple(edits))


def vaccination_damage(sheet: Sheet, first: bool, last: bool) -> tuple[Sheet, Damage]:
    """Faults of the vaccinations of homes in the first month."""
    if not first:
        return sheet, Damage()
    rows = Rows(sheet, iter((0.6,)))
    too_many = Fault("more than all residents", "out_of_range", "cell")
    title = "Percent of residents who are up-to-date on their vaccines"
    return sheet, Damage(tuple(rows.cell(title, lambda _: "105.3", too_many, _is_number)))


def vaccination_averages_damage(sheet: Sheet, first: bool, last: bool) -> tuple[Sheet, Damage]:
    """Faults of the vaccinations of states in the first month."""
    if not first:
        return sheet, Damage()
    rows = Rows(sheet, iter((0.0,)))
    return sheet, Damage(tuple(rows.cell("State", lambda _: "NATION", _SPELLING, lambda cell: cell == "US")))


def owners_damage(sheet: Sheet, first: bool, last: bool) -> tuple[Sheet, Damage]:
    """Faults of the owners in the first month."""
    if not first:
        return sheet, Damage()
    rows = Rows(sheet, iter((0.25, 0.5)))
    too_much = Fault("more than the whole of a home", "out_of_range", "cell")
    edits = [*rows.cell("Ownership Percentage", lambda _: '"105%"', too_much, lambda cell: "%" in cell), _twice(rows)]
    return sheet, Damage(tuple(edits))


def enrollments_damage(sheet: Sheet, first: bool, last: bool) -> tuple[Sheet, Damage]:
    """Faults of the enrolments in the first and the last month: the same homes in both, as a rule."""
    rows = Rows(sheet, iter((0.0, 0.0)))
    edits = [*rows.cell("CCN", lambda cell: f"{cell}B", _SUFFIX), *rows.cell("CCN", lambda cell: f"{cell}001", _SUFFIX)]
    return sheet, Damage(tuple(edits))


def nonnurse_damage(lines: Sequence[str]) -> Damage:
    """Faults of the daily hours of other staff, in the first block of the file."""
    twice, short, negative, wrong = (len(lines) * part // 5 for part in range(1, 5))
    less = lines[negative].rsplit(",", 1)[0] + ",-7.5"
    before, total, employed, contracted = lines[wrong].rsplit(",", 3)
    apart = f"{before},{total},{float(employed) + 1:g},{contracted}"
    no_sum = Fault("employee and contract hours that do not add up", "component_sum_mismatch", "warn")
    return Damage(
        (
            Edit(twice, "after", lines[twice], TWICE),
            Edit(short, "before", lines[short].rsplit(",", 9)[0], SHORT_ROW),
            Edit(negative, "instead", less, Fault("negative hours", "out_of_range", "cell"), "Hrs_MHSvc_ctr"),
            Edit(wrong, "instead", apart, no_sum, "Hrs_MHSvc_emp"),
        )
    )
