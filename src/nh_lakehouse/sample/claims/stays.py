"""Hospital stays: admissions, transfers, readmissions and interim bills, known by construction.

A person's first admissions of a chain are at least 183 days less a little apart, and what follows one (a transfer, a
readmission within 30 days and one after that, or an admission on day 31) ends well before the next. So no two stays
come together by accident, and the numbers of readmissions and transfers are those that were drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from nh_lakehouse.sample.claims.codes import CANCER_ROUNDS, COMMON, CONDITIONS, KNEE, REASONS, REHABILITATION
from nh_lakehouse.sample.claims.era import NEVER, Chance, Era, Flags
from nh_lakehouse.sample.claims.form import Columns, rows_n, stacked, taken
from nh_lakehouse.sample.claims.people import People
from nh_lakehouse.sample.randomness import Floats, Ints, Quantiles

__all__ = [
    "BASE",
    "LAST",
    "LATER",
    "NEXT_DAY_31",
    "PLANTED",
    "READMITTED",
    "TRANSFERRED",
    "Rates",
    "in_hospital",
    "stays_of",
]

#: What a stay is: the first of a chain, a transfer, a readmission within 30 days, a readmission after a readmission, an
#: admission on the 31st day, the stay in which somebody dies, put in as an outlier.
BASE, TRANSFERRED, READMITTED, LATER, NEXT_DAY_31, LAST, PLANTED = range(7)

_SLOT = 183
#: Days from admission to discharge: mean 5.6 with 1.6 pct on the same day (published: 16 of 999).
_LENGTHS = Quantiles((0, 0.99, 1, 2, 3, 4, 6, 9, 14, 21.99), (0, 0.016, 0.0161, 0.18, 0.34, 0.5, 0.68, 0.85, 0.95, 1))
_PLANNED = (CANCER_ROUNDS, REHABILITATION, KNEE)
#: Share of the stays of people with a condition that are for it, in the order of the conditions.
_TAKES = (0.0, 0.3, 0.15, 0.3, 0.25, 0.08, 0.05, 0.2, 0.0, 0.2, 0.3)


@dataclass(frozen=True)
class Rates:
    """How often things happen to a person who is paid for.

    Attributes:
        admissions: first admissions in half a year, of a person with mean activity and few conditions.
        transfer: share of them that end in another hospital.
        readmission: share followed by a readmission within 30 days.
        interim: share of the stays from 8 days on that are billed twice.
        dies: share of the dead who die in hospital.
    """

    admissions: float
    transfer: float = 0.03
    readmission: float = 0.18
    interim: float = 0.08
    dies: float = 0.25


def stays_of(chance: Chance, era: Era, people: People, rates: Rates) -> Columns:
    """One row per bill of a stay, in order of person, admission and discharge.

    Columns: `person` (position), `admit`, `discharge`, `hospital` (0 or 1 of the market), `reason` (position among
    `REASONS`), `role` (see above), `bill` (0 the only one, 1 first of two, 2 last), `moved` (discharged to another
    hospital), `key` (for further draws).
    """
    base = _first_admissions(chance, era, people, rates)
    parts = [base]
    moved = _after(chance.within("transfer"), people, base, chance.happens("transfer", rates.transfer, *_keys(base)))
    later = chance.happens("transfer later", 0.5, *_keys(moved)).astype(np.int64)
    moved = _chained(chance, moved, TRANSFERRED, later, 1 + chance.below("transfer days", 10, *_keys(moved)))
    moved["hospital"] = 1 - moved["hospital"]
    moved = taken(moved, _possible(era, people, moved))
    parts.append(moved)
    ends = _ends(base, moved)
    again = chance.happens("readmission", rates.readmission, *_keys(ends))
    day_31 = ~again & chance.happens("day 31", 0.012, *_keys(ends))
    for role, chosen in ((READMITTED, again), (NEXT_DAY_31, day_31)):
        back = _after(chance.within("back"), people, ends, chosen)
        gap = 31 if role == NEXT_DAY_31 else 1 + chance.below("gap", 30, *_keys(back))
        back = _readmissions(
            chance, _chained(chance, back, role, gap, chance.below("back days", 13, *_keys(back))), gap
        )
        parts.append(taken(back, _possible(era, people, back)))
    second = parts[-2]
    second = _after(chance.within("second"), people, second, chance.happens("second", 0.15, *_keys(second)))
    gap = 2 + chance.below("second gap", 11, *_keys(second))
    second = _chained(chance, second, LATER, gap, 1 + chance.below("second days", 8, *_keys(second)))
    parts.append(taken(second, _possible(era, people, second)))
    stays = _with_last(chance, era, people, stacked(parts), rates)
    return _billed(chance, stays, rates)


def _keys(stays: Columns) -> tuple[Ints, Ints]:
    return stays["number"], stays["slot"]


def _first_admissions(chance: Chance, era: Era, people: People, rates: Rates) -> Columns:
    slots = np.arange(-1, era.days // _SLOT + 1)
    load = people.activity * (0.45 + 0.25 * people.conditions_n())
    share = np.minimum(rates.admissions * load, 0.7)
    person, slot = np.nonzero(chance.uniform("admitted", people.numbers[:, None], slots + 1) < share[:, None])
    number = people.numbers[person]
    start = chance.below("phase", _SLOT, number) + (slot - 1) * _SLOT
    admit = start + chance.below("admission", 46, number, slot)
    discharge = admit + np.floor(_LENGTHS(chance.uniform("length", number, slot))).astype(np.int64)
    hospital = chance.happens("hospital", 0.3, number, slot).astype(np.int64)
    stays = {
        "person": person, "number": number, "slot": slot, "admit": admit, "discharge": discharge, "hospital": hospital,
        "reason": _reasons(chance, people, person, number, slot), "role": np.full(len(person), BASE),
    }  # fmt: skip
    return taken(stays, _possible(era, people, stays))


def _possible(era: Era, people: People, stays: Columns) -> Flags:
    """Inside the years, while alive and paid for, with part A; who dies inside is treated by `_with_last`."""
    person = stays["person"]
    until = np.minimum(people.paid_until[person], era.days)
    inside = (stays["admit"] >= np.maximum(people.entry[person], 0)) & (stays["discharge"] < until)
    found: Flags = inside & people.has_a[person]
    return found


@lru_cache(maxsize=16)
def _bounds(condition: int) -> tuple[Ints, Floats]:
    """Reasons of people with a condition (or of anybody), and the upper bounds of their shares."""
    positions = [index for index, reason in enumerate(REASONS) if reason.condition == condition]
    weights = [REASONS[index].weight for index in positions]
    bounds = [sum(weights[: index + 1]) / sum(weights) for index in range(len(weights) - 1)]
    return np.array(positions, dtype=np.int64), np.array([*bounds, 1.0])


def _reasons(chance: Chance, people: People, person: Ints, number: Ints, slot: Ints) -> Ints:
    """Stays of people with a condition are often for it, all others for common reasons."""
    common, shares = _bounds(COMMON)
    found = common[np.searchsorted(shares, chance.uniform("reason", number, slot), side="right")]
    own = chance.uniform("reason of whom", number, slot)
    for condition in range(len(CONDITIONS)):
        positions, shares = _bounds(condition)
        if not len(positions):
            continue
        takes = (people.onset[person, condition] < NEVER) & chance.happens(
            "takes", _TAKES[condition], number, slot, condition
        )
        found = np.where(takes, positions[np.searchsorted(shares, own, side="right")], found)
    return found


def _after(chance: Chance, people: People, stays: Columns, chosen: Flags) -> Columns:
    """Stays that follow some of the given ones, for another reason; days are those of the stay before."""
    after = taken(stays, chosen)
    slot = after["slot"] + 100
    reason = _reasons(chance, people, after["person"], after["number"], slot)
    return {**after, "reason": reason, "slot": slot}


def _chained(chance: Chance, stays: Columns, role: int, gap: Ints | int, days: Ints) -> Columns:
    """The stays moved behind those before them."""
    admit = stays["discharge"] + gap
    return {**stays, "admit": admit, "discharge": admit + days, "role": np.full(rows_n(stays), role)}


def _readmissions(chance: Chance, stays: Columns, gap: Ints | int) -> Columns:
    """Some are planned; elsewhere the next day would be a transfer, so these go to the same hospital."""
    planned = chance.happens("planned", 0.12, *_keys(stays))
    reason = np.array(_PLANNED)[chance.below("planned for", len(_PLANNED), *_keys(stays))]
    other = chance.happens("elsewhere", 0.3, *_keys(stays)) & (np.asarray(gap) > 1)
    hospital = np.where(other, 1 - stays["hospital"], stays["hospital"])
    return {**stays, "reason": np.where(planned, reason, stays["reason"]), "hospital": hospital}


def _ends(base: Columns, moved: Columns) -> Columns:
    """The last stay of each episode: the transfer where there is one."""
    place = {key: index for index, key in enumerate(zip(base["number"].tolist(), base["slot"].tolist(), strict=True))}
    replaced = [
        place[(number, slot - 100)] for number, slot in zip(*(key.tolist() for key in _keys(moved)), strict=True)
    ]
    kept = np.ones(rows_n(base), dtype=bool)
    kept[np.array(replaced, dtype=np.int64)] = False
    return stacked([taken(base, kept), moved])


def _with_last(chance: Chance, era: Era, people: People, stays: Columns, rates: Rates) -> Columns:
    """The stays, and one that ends with death for some of the dead; stays shortly before it make room."""
    dies = (
        (people.death < np.minimum(era.days, people.managed_from)) & people.has_a & (people.death > people.entry + 60)
    )
    dies &= (people.death > 60) & chance.happens("dies in hospital", rates.dies, people.numbers)
    person = np.flatnonzero(dies)
    number = people.numbers[person]
    slot = np.full(len(person), 90)
    admit = people.death[person] - 1 - chance.below("last days", 14, number)
    last = {
        "person": person, "number": number, "slot": slot, "admit": admit, "discharge": people.death[person],
        "hospital": chance.below("last hospital", 2, number), "reason": _reasons(chance, people, person, number, slot),
        "role": np.full(len(person), LAST),
    }  # fmt: skip
    begins = np.full(len(people), NEVER, dtype=np.int64)
    begins[person] = admit
    return stacked([taken(stays, stays["discharge"] + 40 < begins[stays["person"]]), last])


def _billed(chance: Chance, stays: Columns, rates: Rates) -> Columns:
    """In order; long stays of some are billed twice, the second bill with the days after the first."""
    order = np.lexsort((stays["discharge"], stays["admit"], stays["person"]))
    stays = taken(stays, order)
    follows = (stays["role"][1:] == TRANSFERRED) & (stays["person"][1:] == stays["person"][:-1])
    stays["moved"] = np.concatenate([follows, np.zeros(1, dtype=bool)])[: rows_n(stays)]
    length = stays["discharge"] - stays["admit"]
    twice = (length >= 8) & chance.happens("interim", rates.interim, *_keys(stays)) & (stays["role"] != TRANSFERRED)
    repeats = 1 + twice.astype(np.int64)
    rows = np.repeat(np.arange(rows_n(stays)), repeats)
    bills = taken(stays, rows)
    second = np.concatenate([np.zeros(1, dtype=bool), rows[1:] == rows[:-1]])[: len(rows)]
    first = np.concatenate([second[1:], np.zeros(1, dtype=bool)])[: len(rows)]
    middle = bills["admit"] + length[rows] // 2
    bills["begin"] = np.where(second, middle, bills["admit"])
    bills["end"] = np.where(first, middle, bills["discharge"])
    bills["bill"] = np.where(first, 1, np.where(second, 2, 0))
    bills["moved"] &= ~first
    bills["key"] = bills.pop("slot") * 2 + second
    return bills


def in_hospital(stays: Columns, person: Ints, day: Ints) -> Flags:
    """Whether a person is in hospital on a day: after the day of admission and before that of discharge."""
    if not rows_n(stays):
        return np.zeros(len(person), dtype=bool)
    begins = stays["person"] * 4_096 + stays["begin"]
    order = np.argsort(begins, kind="stable")
    place = np.searchsorted(begins[order], person * 4_096 + day, side="right") - 1
    found = order[np.maximum(place, 0)]
    inside = (stays["person"][found] == person) & (day > stays["admit"][found]) & (day < stays["discharge"][found])
    result: Flags = inside & (place >= 0)
    return result
