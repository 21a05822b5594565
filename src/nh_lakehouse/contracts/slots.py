"""Columns that a publisher repeats with a number, written once: `slots` in a contract.

A column with `slots: 13` stands for thirteen columns; so does each of the columns inside a block that has `slots` and
`columns`, which follow one another slot by slot, as in the publisher's file:

    - {name: "hcpcs_{n}", slots: 45, header: "HCPCS_CD_{n}", description: "Procedure of line {n}"}
    - slots: 25
      columns:
        - {name: "px_{n}", header: "ICD_PRCDR_CD{n}", description: "Procedure {n}"}
        - {name: "px_date_{n}", header: "PRCDR_DT{n}", type: date, description: "Day of procedure {n}"}
    - {name: "hmo_{nn}", slots: 12, header: "HMO_IND_{nn}", also: ["HMO_{n}_IND"], description: "Plan in {month}"}

In every text of such a column `{n}` is the number of the slot, `{nn}` the number with two digits; where there are at
most twelve slots also `{mon}` the month as the RIF headers write it (JAN, ..., SEPT, ..., DEC) and `{month}` its name.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Expanded", "Location", "SlotError", "expand_columns"]

#: Place of a field in the YAML: names and list positions, outermost first.
Location = tuple[Any, ...]

#: Months in headers of research files; September alone has four letters.
_MON = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEPT", "OCT", "NOV", "DEC")
_MOST = 99


class SlotError(ValueError):
    """A template that cannot be expanded, and where it stands."""

    def __init__(self, message: str, location: Location) -> None:
        super().__init__(message)
        self.location = location


@dataclass(frozen=True)
class Expanded:
    """Ordinary columns, and where each of them is written.

    Attributes:
        columns: the columns as the model takes them.
        origins: for each column the place in the YAML from which it comes.
    """

    columns: list[Any]
    origins: list[Location]

    def written_at(self, location: Location) -> Location:
        """Place in the YAML of a field of an expanded column; any other place as it is."""
        if len(location) > 1 and location[0] == "columns" and isinstance(location[1], int):
            return (*self.origins[location[1]], *location[2:])
        return location


def expand_columns(entries: Any) -> Expanded:
    """The columns of a contract with every template in place of the columns it stands for.

    Args:
        entries: `columns` as the YAML has it; what is no list is left to the model to refuse.
    Raises:
        SlotError: a template is not well formed.
    """
    if not isinstance(entries, list):
        return Expanded(entries, [])
    expanded = Expanded([], [])
    for number, entry in enumerate(entries):
        for column, origin in _columns_of(entry, ("columns", number)):
            expanded.columns.append(column)
            expanded.origins.append(origin)
    return expanded


def _columns_of(entry: Any, place: Location) -> Iterator[tuple[Any, Location]]:
    if not isinstance(entry, Mapping) or "slots" not in entry:
        yield entry, place
        return
    slots = entry["slots"]
    if not isinstance(slots, int) or isinstance(slots, bool) or not 1 <= slots <= _MOST:
        raise SlotError(f"expected a whole number from 1 to {_MOST}, found {slots!r}", (*place, "slots"))
    members = _members(entry, place)
    for member, origin in members:
        _check(member, slots, origin)
    for slot in range(1, slots + 1):
        for member, origin in members:
            yield _filled(member, _values(slot)), origin


def _members(entry: Mapping[str, Any], place: Location) -> list[tuple[Mapping[str, Any], Location]]:
    if "columns" not in entry:
        return [({k: v for k, v in entry.items() if k != "slots"}, place)]
    others = sorted(set(entry) - {"slots", "columns"})
    if others:
        raise SlotError(f"a block of columns has slots and columns alone, found {others}", (*place, others[0]))
    columns = entry["columns"]
    if not isinstance(columns, list) or not columns or not all(isinstance(c, Mapping) for c in columns):
        raise SlotError("expected a list of columns", (*place, "columns"))
    return [(c, (*place, "columns", number)) for number, c in enumerate(columns)]


def _check(member: Mapping[str, Any], slots: int, place: Location) -> None:
    """Names and headers tell the slots apart; months go to twelve."""
    if "slots" in member:
        raise SlotError("a column of a block has no slots of its own", (*place, "slots"))
    for field, tokens in (("name", ("{n}", "{nn}")), ("header", ("{n}", "{nn}", "{mon}", "{month}"))):
        text = member.get(field)
        if isinstance(text, str) and not any(t in text for t in tokens):
            raise SlotError(f"a column with slots has {' or '.join(tokens)} in its {field}", (*place, field))
    if slots > len(_MON):
        for field, value in member.items():
            if any(t in text for text in _texts(value) for t in ("{mon}", "{month}")):
                raise SlotError(f"months go to 12, slots to {slots}", (*place, field))


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


def _values(slot: int) -> dict[str, str]:
    values = {"{n}": str(slot), "{nn}": f"{slot:02d}"}
    if slot <= len(_MON):
        values |= {"{mon}": _MON[slot - 1], "{month}": calendar.month_name[slot]}
    return values


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for token, text in values.items():
            value = value.replace(token, text)
        return value
    if isinstance(value, list):
        return [_filled(v, values) for v in value]
    if isinstance(value, Mapping):
        return {k: _filled(v, values) for k, v in value.items()}
    return value
