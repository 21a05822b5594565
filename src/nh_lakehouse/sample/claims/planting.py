"""Outliers that are put in on purpose, for each fraud indicator a few, and noted with their identifiers.

They stand in the first block of people alone; a sample too small for one goes without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from nh_lakehouse.sample.claims import numbering
from nh_lakehouse.sample.claims.codes import REASON_DIAGNOSIS
from nh_lakehouse.sample.claims.era import NEVER, Era
from nh_lakehouse.sample.claims.fills import PAINKILLER
from nh_lakehouse.sample.claims.form import Columns, rows_n, stacked, taken
from nh_lakehouse.sample.claims.people import People
from nh_lakehouse.sample.claims.services import KINDS, PRICES, service
from nh_lakehouse.sample.claims.stays import PLANTED, TRANSFERRED
from nh_lakehouse.sample.claims.truth import Tally
from nh_lakehouse.sample.claims.visits import PLANTED_DRAW, Visits, chosen, repriced
from nh_lakehouse.sample.randomness import Ints

__all__ = ["Names", "Planter", "without"]

_OFFICE = KINDS.index("office")
#: More patients with an office visit on a day than the 50 that the indicator allows; hours of 15-minute units > 24.
_PATIENTS, _TREATED, _UNITS = 55, 14, 8


@dataclass(frozen=True)
class Names:
    """Identifiers as the files have them: of a person by position, a physician, a claim or fill by person and index."""

    person: Callable[[int], str]
    doctor: Callable[[int], str]
    event: Callable[[str, int, int], str]


@dataclass
class Planter:
    """Puts outliers into the first people of a source.

    What changes claims gives them back changed. New claims and fills are gathered and put in at the end, by
    `with_claims` and `with_fills`.

    Attributes:
        era: the source's years.
        people: the people of the block.
        names: identifiers.
        tally: where the outliers are noted.
        unit: amounts are multiples of so many cents.
        room: numbers of the physicians of one market.
    """

    era: Era
    people: People
    names: Names
    tally: Tally
    unit: int
    room: int
    _next: int = numbering.PLANTED
    _claims: list[Visits] = field(default_factory=list)
    _fills: list[Columns] = field(default_factory=list)

    def take(self, count: int = 1) -> Ints:
        """Numbers that no other event has."""
        begin = self._next
        self._next += count
        return np.arange(begin, begin + count)

    def _note(self, indicator: str, subject: str, kind: str, numbers: Ints, index: Ints) -> None:
        events = [
            self.names.event(kind, number, place)
            for number, place in zip(numbers.tolist(), index.tolist(), strict=True)
        ]
        self.tally.plant(self.era.source, indicator, subject, events)

    def with_claims(self, visits: Visits) -> Visits:
        """The claims and those that were gathered, in order of person and day."""
        claims, lines, diagnoses, size = [visits.claims], [visits.lines], [visits.diagnoses], rows_n(visits.claims)
        for extra in self._claims:
            claims.append(extra.claims)
            lines.append({**extra.lines, "claim": extra.lines["claim"] + size})
            diagnoses.append(extra.diagnoses)
            size += rows_n(extra.claims)
        all_claims = stacked(claims)
        order = np.lexsort((all_claims["index"], all_claims["day"], all_claims["person"]))
        return chosen(Visits(all_claims, stacked(lines), np.concatenate(diagnoses)), order)

    def with_fills(self, fills: Columns) -> Columns:
        """The fills and those that were gathered, in order of person and day."""
        both = stacked([fills, *self._fills])
        return taken(both, np.lexsort((both["index"], both["day"], both["person"])))

    # --- claims of physicians ---

    def duplicates(self, visits: Visits, count: int = 4) -> None:
        """Office visits billed a second time under another claim number."""
        claims = visits.claims
        found = np.flatnonzero((claims["kind"] == _OFFICE) & (claims["index"] == 2) & (claims["lines"] <= 2))[:count]
        extra = chosen(visits, found)
        extra.claims["index"] = self.take(len(found))
        for row in range(len(found)):
            number, index = extra.claims["number"][row], extra.claims["index"][row : row + 1]
            subject = self.names.doctor(int(extra.claims["doctor"][row]))
            original = self.names.event("carrier", int(number), int(claims["index"][found[row]]))
            copy = self.names.event("carrier", int(number), int(index[0]))
            self.tally.plant(self.era.source, "duplicate_billing", subject, (original, copy))
        self._claims.append(extra)

    def after_death(self, count: int = 3) -> None:
        """Visits of people who died five weeks before, in another month: DE-SynPUF publishes the month alone."""
        dead = np.flatnonzero((self.people.death < self.era.days - 60) & self.people.has_b)[:count]
        day = self.people.death[dead] + 35
        extra = self._office(dead, day, self.people.market[dead] * self.room, "99213")
        for row, person in enumerate(dead.tolist()):
            claims = taken(extra.claims, np.array([row]))
            self._note("service_after_death", self.names.person(person), "carrier", claims["number"], claims["index"])

    def during_stay(self, stays: Columns, count: int = 3) -> None:
        """Office visits on the second day of a stay."""
        long = (stays["discharge"] - stays["admit"] >= 5) & (stays["bill"] == 0) & (stays["role"] != PLANTED)
        rows = np.flatnonzero(long)[:count]
        person = stays["person"][rows]
        day = stays["admit"][rows] + 2
        extra = self._office(person, day, self.people.market[person] * self.room, "99214")
        for row in range(len(rows)):
            doctor = self.names.doctor(int(extra.claims["doctor"][row]))
            claims = taken(extra.claims, np.array([row]))
            self._note("office_during_stay", doctor, "carrier", claims["number"], claims["index"])

    def crowded_day(self, doctor: int) -> None:
        """A physician who sees 55 patients in the office on one day."""
        self._one_day(doctor, _PATIENTS, "99213", 1, 512)

    def long_day(self, doctor: int) -> None:
        """A therapist who bills 28 hours of one day: 14 patients with eight units of 15 minutes."""
        self._one_day(doctor, _TREATED, "97110", _UNITS, 498)

    def _one_day(self, doctor: int, patients: int, code: str, units: int, day: int) -> None:
        there = (self.people.paid_until > day + 60) & (self.people.entry < day) & self.people.has_b
        person = np.flatnonzero(there)[:patients]
        if len(person) < patients:
            return
        extra = self._office(person, np.full(patients, day), np.full(patients, doctor), code, units)
        self._note(
            "impossible_day", self.names.doctor(doctor), "carrier", extra.claims["number"], extra.claims["index"]
        )

    def expensive(self, visits: Visits, doctor: int, factor: int = 12) -> Visits:
        """A physician who is paid twelve times as much as others."""
        his = visits.claims["doctor"][visits.lines["claim"]] == doctor
        if not his.any():
            return visits
        self.tally.plant(self.era.source, "payment_outlier", self.names.doctor(doctor))
        return replace(visits, lines=repriced(visits.lines, self.unit, np.where(his, factor, 1)))

    def upcoded(self, visits: Visits, doctor: int) -> Visits:
        """A physician nearly all of whose office visits are of the highest level."""
        lines = visits.lines
        his = (visits.claims["doctor"] == doctor) & (visits.claims["kind"] == _OFFICE)
        chosen_line = his[lines["claim"]] & (lines["line"] == 0) & (lines["claim"] % 12 > 0)
        if not his.any():
            return visits
        self.tally.plant(self.era.source, "upcoding", self.names.doctor(doctor))
        code = service("99215")
        allowed = np.where(chosen_line & (lines["processing"] == 0), PRICES[code], lines["allowed"])
        changed = {**lines, "service": np.where(chosen_line, code, lines["service"]), "allowed": allowed}
        return replace(visits, lines=repriced(changed, self.unit))

    def overpaid(self, visits: Visits, count: int = 4) -> Visits:
        """Lines paid half as much again as Medicare allows."""
        lines = visits.lines
        good = (lines["allowed"] >= 6_000) & (lines["line"] == 0) & (visits.claims["index"][lines["claim"]] == 4)
        rows = np.flatnonzero(good)[:count]
        paid = lines["paid"].copy()
        paid[rows] = lines["allowed"][rows] * 3 // 2 // self.unit * self.unit
        claims = taken(visits.claims, lines["claim"][rows])
        for row in range(len(rows)):
            claim = taken(claims, np.array([row]))
            doctor = self.names.doctor(int(claim["doctor"][0]))
            self._note("paid_over_allowed", doctor, "carrier", claim["number"], claim["index"])
        return replace(visits, lines={**lines, "paid": paid})

    def _office(self, person: Ints, day: Ints, doctor: Ints, code: str, units: int = 1) -> Visits:
        """Claims with one line each, which are gathered."""
        size, code_at = len(person), service(code)
        zero, one = np.zeros(size, dtype=np.int64), np.ones(size, dtype=np.int64)
        claims: Columns = {
            "person": person, "number": self.people.numbers[person], "draw": PLANTED_DRAW + np.arange(size),
            "index": self.take(size), "day": day, "until": day, "kind": np.full(size, _OFFICE), "doctor": doctor,
            "lines": one, "diagnoses": one,
        }  # fmt: skip
        allowed = np.full(size, PRICES[code_at] * units, dtype=np.int64)
        lines: Columns = {
            "claim": np.arange(size), "line": zero, "service": np.full(size, code_at),
            "diagnosis": np.full(size, REASON_DIAGNOSIS[0]), "units": one * units, "processing": zero,
            "allowed": allowed, "deductible": zero, "primary": zero,
        }  # fmt: skip
        extra = Visits(claims, repriced(lines, self.unit), np.full(size, REASON_DIAGNOSIS[0]))
        self._claims.append(extra)
        return extra

    # --- stays and fills ---

    def overlapping(self, stays: Columns, count: int = 3) -> Columns:
        """Stays of four days at the other hospital within longer ones."""
        long = (stays["discharge"] - stays["admit"] >= 7) & (stays["bill"] == 0) & (stays["role"] != TRANSFERRED)
        rows = np.flatnonzero(long & ~stays["moved"])[:count]
        extra = taken(stays, rows)
        begin = extra["admit"] + 1
        moved = {"admit": begin, "discharge": begin + 4, "begin": begin, "end": begin + 4}
        extra = {**extra, **moved, "hospital": 1 - extra["hospital"], "role": np.full(len(rows), PLANTED)}
        extra["key"] = extra["key"] + 1_000
        for person in extra["person"].tolist():
            self.tally.plant(self.era.source, "overlapping_stays", self.names.person(person))
        both = stacked([stays, extra])
        return taken(both, np.lexsort((both["discharge"], both["admit"], both["person"])))

    def early_refills(self, fills: Columns, count: int = 3) -> None:
        """A drug filled every twelve days with 30 days of supply."""
        who = np.flatnonzero((self.people.drugs_from <= 0) & (self.people.death == NEVER))[:count]
        for person in who.tolist():
            self._series(fills, person, "early_refill", np.arange(5) * 12, 30)

    def shopping(self, fills: Columns, count: int = 2) -> None:
        """A painkiller from six prescribers and six pharmacies within 60 days."""
        who = np.flatnonzero((self.people.drugs_from <= 0) & (self.people.death == NEVER))[-count:]
        for person in who.tolist():
            self._series(fills, person, "doctor_shopping", np.arange(6) * 11, 10)

    def fills_after_death(self, fills: Columns, count: int = 2) -> None:
        """Fills five weeks after death."""
        dead = (self.people.death < self.era.days - 60) & (self.people.drugs_from < self.people.death)
        for person in np.flatnonzero(dead)[:count].tolist():
            first = int(self.people.death[person]) + 37
            self._series(fills, person, "service_after_death", np.zeros(1, dtype=np.int64), 30, first)

    def _series(self, fills: Columns, person: int, indicator: str, days: Ints, supply: int, first: int = 330) -> None:
        """Fills of the painkiller; where fills have prescriber and pharmacy, each of a shopper has others."""
        size = len(days)
        one = np.ones(size, dtype=np.int64)
        index = self.take(size)
        number = int(self.people.numbers[person])
        shops = indicator == "doctor_shopping"
        extra: Columns = {
            "person": one * person, "number": one * number, "slot": one * 99, "draw": index, "day": first + days,
            "drug": one * PAINKILLER, "supply": one * supply, "fill": 1 + np.arange(size), "index": index,
            "quantity": one * supply, "package": one, "cost": one * 4_000, "paid": one * 1_000,
        }  # fmt: skip
        for name in ("prescriber", "pharmacy"):
            if name in fills:
                extra[name] = fills[name][0] + np.arange(size) * shops
        self._note(indicator, self.names.person(person), "pde", extra["number"], index)
        self._fills.append(extra)


def without(visits: Visits, people: Ints) -> Visits:
    """Claims of all but some people."""
    return chosen(visits, np.flatnonzero(~np.isin(visits.claims["person"], people)))
