"""Services of physicians: visits with their lines, what is allowed and who pays. One model for both sources."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nh_lakehouse.sample.claims.codes import COMMON, CONDITIONS, GROUP_FIRST, GROUP_SIZE, INVALID
from nh_lakehouse.sample.claims.era import NEVER, Chance, Era
from nh_lakehouse.sample.claims.form import Columns, counted, taken
from nh_lakehouse.sample.claims.people import People
from nh_lakehouse.sample.claims.services import KINDS, NO_CODE, PRICES, menu_of
from nh_lakehouse.sample.claims.stays import in_hospital
from nh_lakehouse.sample.randomness import Floats, Ints, Quantiles, stepped

__all__ = [
    "PLANTED_DRAW",
    "PROCESSING",
    "Panel",
    "Visits",
    "care_days",
    "chosen",
    "diagnoses_of",
    "lines_of",
    "money_of",
    "places_in_runs",
    "repriced",
    "visits_of",
]

#: Kinds of visits outside hospital and how often each is; what a further line of a visit is.
_KIND_SHARES = {
    "office": 0.47, "laboratory": 0.16, "imaging": 0.11, "procedure": 0.1, "therapy": 0.05, "drug": 0.04,
    "emergency": 0.03, "anesthesia": 0.02, "ambulance": 0.01, "mind": 0.01,
}  # fmt: skip
_COMPANY = {
    "office": "laboratory", "hospital": "hospital", "emergency": "imaging", "laboratory": "laboratory",
    "imaging": "imaging", "therapy": "therapy", "procedure": "drug", "anesthesia": "anesthesia",
    "ambulance": "ambulance", "drug": "drug", "mind": "mind", "dialysis": "dialysis",
}  # fmt: skip
#: Used slots of a claim: mean 2.2 (published claims: 53, 20, 13, 5, 3 pct, ...).
_LINES = (0.5, 0.21, 0.135, 0.06, 0.035, 0.02, 0.013, 0.009, 0.006, 0.004, 0.003, 0.003, 0.002)
#: Diagnoses of a claim: 39, 21, 19, 19 pct, then few.
_DIAGNOSES = (0.39, 0.21, 0.185, 0.185, 0.018, 0.007, 0.003, 0.002)
#: Care of a person on a scale with mean 1: claims come in clusters.
_SPREAD = Quantiles((0.1, 0.4, 0.8, 1.1, 1.6, 2.3, 4.0), (0, 0.15, 0.4, 0.6, 0.8, 0.93, 1))
#: Processing codes of lines that Medicare does not pay for, after A = allowed.
PROCESSING = ("A", "O", "S", "C", "M", "N", "T", "X")
_PROCESSING_SHARES = (0.93, 0.024, 0.012, 0.012, 0.008, 0.006, 0.004, 0.004)
#: Outliers draw from here on.
PLANTED_DRAW = 5_000
_NO_HCPCS = 0.012
_INVALID = 0.002


@dataclass(frozen=True)
class Panel:
    """The physicians of a market: numbers from `first` on, `size` of them, for each part of the work.

    Attributes:
        primary: see patients and do most of the rest.
        diagnostic: laboratories and imaging.
        special: everything else.
        room: numbers of one market.
        own: share of the visits that go to the person's own primary physician.
        outside: share of laboratory and imaging that goes to the diagnostic ones.
    """

    primary: tuple[int, int]
    diagnostic: tuple[int, int]
    special: tuple[int, int]
    room: int
    own: float
    outside: float


@dataclass(frozen=True)
class Visits:
    """Claims and their lines.

    Attributes:
        claims: `person` (position), `number`, `index` (of the claim among the person's), `day`, `until`, `kind`
            (position among `KINDS`), `doctor` (market x room + number), `lines`, `diagnoses` (how many), in order of
            person and day.
        lines: `claim` (position), `line` (from 0), `service`, `diagnosis`, `units`, `processing`, and in cents
            `allowed`, `deductible`, `primary`, `coinsurance`, `paid`; in order of claim and line.
        diagnoses: positions of the diagnoses of all claims, one claim after the other.
    """

    claims: Columns
    lines: Columns
    diagnoses: Ints


def care_days(chance: Chance, era: Era, people: People, rate: float, most: int) -> tuple[Ints, Ints, Ints]:
    """Days of care, for each the person and its number among the person's: `rate` a year for a person of mean activity.

    People without part B, and all in the days before they enter and after they die or join managed care, have none.
    """
    begin = np.maximum(people.entry, 0)
    length = np.maximum(np.minimum(people.paid_until, era.days) - begin, 0) * people.has_b
    load = people.activity * (0.5 + 0.19 * people.conditions_n())
    spread = _SPREAD(chance.uniform("spread", people.numbers))
    mean = load * spread * length * (rate / 365)
    counts = np.minimum(np.floor(mean + chance.uniform("count", people.numbers)).astype(np.int64), most)
    person, index = counted(counts)
    day = begin[person] + np.floor(chance.uniform("day", people.numbers[person], index) * length[person]).astype(
        np.int64
    )
    order = np.argsort(person * 4_096 + day, kind="stable")
    return person[order], index[order], day[order]


def visits_of(chance: Chance, era: Era, people: People, stays: Columns, panel: Panel, rate: float) -> Visits:
    """Claims of physicians, about `rate` a year for a person of mean activity."""
    person, draw, day = care_days(chance, era, people, rate, 390)
    number = people.numbers[person]
    keys = (number, draw)
    kinds = [KINDS.index(name) for name in _KIND_SHARES]
    kind = np.array(kinds)[stepped(chance.uniform("kind", *keys), tuple(_KIND_SHARES.values()))]
    inside = in_hospital(stays, person, day)
    kind = np.where(inside, KINDS.index("hospital"), kind)
    claims: Columns = {
        "person": person,
        "number": number,
        "draw": draw,
        "index": places_in_runs(person),
        "day": day,
        "until": np.minimum(day + _later_days(chance, keys), _last_day(era, people)[person]),
        "kind": kind,
        "doctor": people.market[person] * panel.room + _doctors(chance, panel, number, draw, kind),
        "lines": 1 + stepped(chance.uniform("lines", *keys), _LINES),
        "diagnoses": 1 + stepped(chance.uniform("diagnoses", *keys), _DIAGNOSES),
    }
    claims["until"] = np.where(inside, claims["day"], claims["until"])
    diagnoses = diagnoses_of(chance, people, claims["person"], draw, claims["diagnoses"])
    # Some physicians are a little dearer than others.
    percent = 70 + chance.below("dear", 61, claims["doctor"])
    return Visits(claims, lines_of(chance, claims, diagnoses, percent), diagnoses)


def places_in_runs(person: Ints) -> Ints:
    """0, 1, 2, ... within each run of equal values."""
    begins = np.flatnonzero(np.concatenate([np.ones(min(1, len(person)), dtype=bool), person[1:] != person[:-1]]))
    return np.arange(len(person)) - np.repeat(begins, np.diff(np.append(begins, len(person))))


def _later_days(chance: Chance, keys: tuple[Ints, Ints]) -> Ints:
    """Days from the first service to the last: 0 in 95 pct of the claims."""
    return np.where(chance.happens("several days", 0.05, *keys), 1 + chance.below("how many days", 14, *keys), 0)


def _last_day(era: Era, people: People) -> Ints:
    return np.minimum(people.death, era.days - 1)


def _doctors(chance: Chance, panel: Panel, number: Ints, draw: Ints, kind: Ints) -> Ints:
    """Number of the physician within the market."""
    keys = (number, draw)
    first, size = panel.primary
    own = chance.below("own physician", size, number)
    anyone = chance.below("physician", size, *keys)
    doctor = first + np.where(chance.happens("own", panel.own, *keys), own, anyone)
    tests = (kind == KINDS.index("laboratory")) | (kind == KINDS.index("imaging"))
    first, size = panel.diagnostic
    away = tests & chance.happens("outside", panel.outside, *keys)
    doctor = np.where(away, first + chance.below("tester", size, *keys), doctor)
    first, size = panel.special
    names = ("procedure", "therapy", "anesthesia", "ambulance", "mind")
    special = np.isin(kind, [KINDS.index(name) for name in names])
    return np.where(special, first + chance.below("specialist", size, *keys), doctor)


def diagnoses_of(chance: Chance, people: People, person: Ints, draw: Ints, counts: Ints) -> Ints:
    """Positions of diagnoses, `counts` for each claim: of the person's conditions or common ones."""
    claim, place = counted(counts)
    who, number, which = person[claim], people.numbers[person[claim]], draw[claim]
    condition = chance.below("condition", len(CONDITIONS), number, which, place)
    # A second try makes the conditions of people with few of them show up more often.
    other = chance.below("other condition", len(CONDITIONS), number, which, place)
    condition = np.where(people.onset[who, condition] < NEVER, condition, other)
    group = np.where(people.onset[who, condition] < NEVER, condition, COMMON)
    size = GROUP_SIZE[group]
    found = GROUP_FIRST[group] + np.floor(chance.uniform("diagnosis", number, which, place) * size).astype(np.int64)
    nonsense = chance.uniform("nonsense", number, which, place)
    return np.where(nonsense < _INVALID, INVALID[(nonsense < _INVALID / 2).astype(np.int64)], found)


def lines_of(chance: Chance, claims: Columns, diagnoses: Ints, percent: Ints | int = 100) -> Columns:
    """Lines of the claims, priced at so many percent of the usual price."""
    claim, line = counted(claims["lines"])
    number, draw, kind = claims["number"][claim], claims["draw"][claim], claims["kind"][claim]
    keys = (number, draw, line)
    service = _services(kind, line, chance.uniform("service", *keys))
    processing = stepped(chance.uniform("processing", *keys), _PROCESSING_SHARES)
    coded = ~chance.happens("no code", _NO_HCPCS, *keys) | (processing > 0)
    service = np.where(coded, service, NO_CODE)
    first = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(claims["diagnoses"])[:-1]])[: len(claims["lines"])]
    second = (claims["diagnoses"][claim] > 1) & chance.happens("other reason", 0.3, *keys)
    lines: Columns = {
        "claim": claim,
        "line": line,
        "service": service,
        "diagnosis": diagnoses[first[claim] + second] if len(claim) else claim,
        "units": np.where(chance.happens("units", 0.85, *keys), 1, 1 + chance.below("more units", 4, *keys)),
        "processing": processing,
    }
    price = (
        PRICES[service]
        * (80 + chance.below("price", 41, *keys))
        // 100
        * np.broadcast_to(percent, claims["lines"].shape)[claim]
        // 100
    )
    deductible = chance.happens("deductible", 0.05, *keys)
    primary = chance.happens("primary payer", 0.012, *keys)
    return {**lines, **money_of(price * (processing == 0), deductible, primary)}


def _services(kind: Ints, line: Ints, chance: Floats) -> Ints:
    """The first service is of the kind of the visit, the others are of what usually goes with it."""
    service = np.zeros(len(kind), dtype=np.int64)
    for position, name in enumerate(KINDS):
        for first, menu in ((True, menu_of(name)), (False, menu_of(_COMPANY[name]))):
            here = (kind == position) & ((line == 0) == first)
            service[here] = menu.drawn(chance[here])
    return service


def money_of(allowed: Ints, deductible: np.ndarray, primary: np.ndarray, unit: int = 1) -> Columns:
    """Who pays what is allowed, in cents: deductible (or nothing), a fifth as coinsurance, another payer, Medicare.

    The four add up to what is allowed. `unit` rounds everything to whole units (SynPUF: ten dollars).
    """
    allowed = (allowed + unit // 2) // unit * unit
    part = np.where(deductible, np.minimum(allowed, 13_500 // unit * unit), 0)
    coinsurance = ((allowed - part) // 5 + unit // 2) // unit * unit
    rest = allowed - part - coinsurance
    other = np.where(primary, rest // 2 // unit * unit, 0)
    return {
        "allowed": allowed, "deductible": part, "primary": other, "coinsurance": coinsurance, "paid": rest - other,
    }  # fmt: skip


def repriced(lines: Columns, unit: int, factor: Ints | int = 1) -> Columns:
    """Lines with what is allowed multiplied and rounded, and shared out anew."""
    allowed = np.asarray(lines["allowed"] * factor, dtype=np.int64)
    shares = money_of(allowed, lines["deductible"] > 0, lines["primary"] > 0, unit)
    return {**lines, **shares}


def chosen(visits: Visits, claims: Ints) -> Visits:
    """Some of the claims with their lines and diagnoses, in the order given; a claim may be taken twice."""
    lines = visits.claims["lines"][claims]
    row, offset = counted(lines)
    starts = np.cumsum(visits.claims["lines"]) - visits.claims["lines"]
    taken_lines = taken(visits.lines, starts[claims][row] + offset)
    taken_lines["claim"] = row
    return Visits(
        taken(visits.claims, claims), taken_lines, _listed(visits.diagnoses, visits.claims["diagnoses"], claims)
    )


def _listed(values: Ints, counts: Ints, rows: Ints) -> Ints:
    """The values that belong to some rows."""
    starts = np.cumsum(counts) - counts
    row, offset = counted(counts[rows])
    return values[starts[rows][row] + offset]
