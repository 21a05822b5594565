"""The faults of the inspection files, in the manner of `nh_lakehouse.sample.dirt`.

- health citations, first month: a row twice, a row too short, an inspection date `13/45/2024`, a correction date
  `13/45/2024`, the letter `M` for scope and severity, a tag that is not among the citation codes (read as
  it is); the same key a second
  time with another correction date (both rows are read, the second as occurrence 2);
- fire safety citations, last of several months: a row too short, the prefix `X`;
- inspection dates, first month: a row twice, cycle 4;
- survey summary, first month: a count written `abc`;
- cut points, first month: a range with blanks around the dash, a range in words, no range for one star.
"""

from __future__ import annotations

from nh_lakehouse.sample.damage import SHORT_ROW, TWICE, Damage, Edit, Fault, Rows
from nh_lakehouse.sample.writing import Sheet

__all__ = ["cut_points_damage", "dates_damage", "fire_damage", "health_damage", "summary_damage"]

_NO_DAY = "13/45/2024"
_SURVEY_DATE, _CORRECTED, _LETTER = "Survey Date", "Correction Date", "Scope Severity Code"


def health_damage(sheet: Sheet, first: bool, last: bool) -> tuple[Sheet, Damage]:
    """Faults of the health citations in the first month."""
    if not first:
        return sheet, Damage()
    rows = Rows(sheet, (index / 11 for index in range(1, 11)))
    twice, short, day, again = (rows.pick(_CORRECTED) for _ in range(4))
    other = rows.edited(again, _CORRECTED, lambda cell: f"{int(cell[:4]) + 1}-01-15")
    no_day = Fault("a day that no calendar has", "bad_date", "cell")
    second = Fault("the same key a second time with another correction date", "", "none")
    edits = [
        Edit(twice, "after", ",".join(sheet.cells(twice)), TWICE),
        Edit(short, "before", ",".join(sheet.cells(short)[:20]), SHORT_ROW),
        Edit(
            day,
            "before",
            rows.edited(day, _SURVEY_DATE, lambda _: _NO_DAY),
            Fault("an inspection on a day that no calendar has", "bad_key_format", "row"),
            _SURVEY_DATE,
        ),
        Edit(again, "after", other, second, _CORRECTED),
        *rows.cell(_CORRECTED, lambda _: _NO_DAY, no_day),
        *rows.cell(_LETTER, lambda _: "M", Fault("a letter beyond the grid", "unknown_code", "warn")),
        *rows.cell("Deficiency Tag Number", lambda _: "0999", Fault("a tag without a code", "", "none")),
    ]
    return sheet, Damage(tuple(edits))


def fire_damage(sheet: Sheet, first: bool, last: bool) -> tuple[Sheet, Damage]:
    """Faults of the fire safety citations in the last of several months."""
    if first or not last:
        return sheet, Damage()
    rows = Rows(sheet, iter((0.3, 0.6)))
    short = rows.pick()
    edits = [
        Edit(short, "before", ",".join(sheet.cells(short)[:20]), SHORT_ROW),
        *rows.cell("Deficiency Prefix", lambda _: "X", Fault("a series that is none", "unknown_code", "warn")),
    ]
    return sheet, Damage(tuple(edits))


def dates_damage(sheet: Sheet, first: bool, last: bool) -> tuple[Sheet, Damage]:
    """Faults of the inspection dates in the first month."""
    if not first:
        return sheet, Damage()
    rows = Rows(sheet, iter((0.4, 0.8)))
    twice = rows.pick()
    edits = [
        Edit(twice, "after", ",".join(sheet.cells(twice)), TWICE),
        *rows.cell("Survey Cycle", lambda _: "4", Fault("the fourth cycle of three", "out_of_range", "cell")),
    ]
    return sheet, Damage(tuple(edits))


def summary_damage(sheet: Sheet, first: bool, last: bool) -> tuple[Sheet, Damage]:
    """Faults of the survey summary in the first month."""
    if not first:
        return sheet, Damage()
    no_number = Fault("a count that is none", "bad_number", "cell")
    rows = Rows(sheet, iter((0.5,)))
    return sheet, Damage(tuple(rows.cell("Count of Resident Rights Deficiencies", lambda _: "abc", no_number)))


def cut_points_damage(sheet: Sheet, first: bool, last: bool) -> tuple[Sheet, Damage]:
    """Faults of the cut points in the first month."""
    if not first:
        return sheet, Damage()
    rows = Rows(sheet, iter((0.2, 0.5, 0.8)))
    edits = [
        *rows.cell("4 Stars", lambda cell: cell.replace("-", "  - "), Fault("blanks around a dash", "", "none")),
        *rows.cell("1 Star", lambda _: "over 150", Fault("a range in words", "unknown_code", "warn")),
        *rows.cell("2 Stars", lambda _: "", Fault("no range for a star", "", "none")),
    ]
    return sheet, Damage(tuple(edits))
