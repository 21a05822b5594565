"""The rules of MEASURES B1 in plain Python, step by step: what silver must hold, worked out without an engine."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

#: One row of a snapshot: values of a tracked `a` and an untracked `b`; which columns the file lacks; quarantined?
Snapshot = dict[date, dict[str, tuple[Any, Any, str, bool]]]


def expected_versions(
    snapshots: Snapshot, share: float = 0.9, *, aside: Snapshot | None = None, type_1: bool = False
) -> list[tuple]:
    """Versions of the keys of one group: (key, valid_from, a, b, valid_to, closed_reason).

    `aside` are rows that stand for themselves, on days without a snapshot; `type_1`: the latest b that is not null stands
    on every version.
    """
    aside = aside or {}
    told_of = {**snapshots, **aside}
    open_keys: set[str] = set()
    complete: list[date] = []
    told: set[str] = set()
    seen: dict[date, set[str]] = {}
    for at in sorted(told_of):
        present = {k for k, row in told_of[at].items() if not row[3] or k in told}
        told |= {k for k, row in told_of[at].items() if not row[3]}
        if not present:
            continue
        seen[at] = present
        if at in aside:
            continue
        if len(open_keys & present) >= share * len(open_keys):
            complete.append(at)
            open_keys = present
        else:
            open_keys = open_keys | present
    result = []
    for key in sorted(told):
        dates = [at for at in sorted(seen) if key in seen[at]]
        values: dict[str, list] = {}
        for position, column in ((0, "a"), (1, "b")):
            known = [
                (at, row[position])
                for at in dates
                if not (row := told_of[at][key])[3] and column not in row[2].split(",")
            ]
            first = known[0][1] if known else None
            filled, last = [], first
            for at in dates:
                last = next((v for when, v in known if when == at), last)
                filled.append(last)
            values[column] = filled
        if type_1:
            latest = next((v for v in reversed(values["b"]) if v is not None), None)
            values["b"] = [latest] * len(dates)
        current: list | None = None
        for number, at in enumerate(dates):
            a, b = values["a"][number], values["b"][number]
            if current is None or current[2] != a:
                if current is not None:
                    result.append((*current[:4], at, None))
                current = [key, at, a, b]
            current[3] = b
            following = dates[number + 1] if number + 1 < len(dates) else None
            closing = next((c for c in complete if c > at and (following is None or c < following)), None)
            if closing is not None:
                result.append((*current, closing, "absent"))
                current = None
        if current is not None:
            result.append((*current, None, None))
    return sorted(result, key=str)


@dataclass(frozen=True)
class Row:
    """One row of a file, as far as the rules look at it.

    Attributes:
        unit: what a newer release replaces whole (a home).
        key: the natural key.
        values: everything else that the row says.
        usable: false for a row that is quarantined by itself (too few fields).
    """

    unit: str
    key: Hashable
    values: tuple
    usable: bool = True


@dataclass(frozen=True)
class Release:
    """One file of a period; `released` orders the releases."""

    name: str
    period: Hashable
    released: str
    rows: Sequence[Row]
    absent: str = ""


def accepted_rows(releases: Iterable[Release], *, numbered: bool = False) -> dict[Hashable, list[tuple[Release, Row]]]:
    """Accepted rows by period: of every unit those of the newest release that holds it, one per key.

    Exact duplicates collapse; of rows that share a key the last one of the file wins, unless they are numbered.
    """
    by_period: dict[Hashable, list[Release]] = {}
    for release in releases:
        by_period.setdefault(release.period, []).append(release)
    accepted: dict[Hashable, list[tuple[Release, Row]]] = {}
    for period, candidates in by_period.items():
        newest: dict[str, Release] = {}
        for release in sorted(candidates, key=lambda r: (r.released, r.name)):
            newest.update({row.unit: release for row in release.rows if row.usable})
        for unit, release in newest.items():
            kept: dict[Hashable, Row] = {}
            for row in release.rows:
                if row.unit == unit and row.usable:
                    kept[(row.key, row.values) if numbered else row.key] = row
            accepted.setdefault(period, []).extend((release, row) for row in kept.values())
    return accepted
