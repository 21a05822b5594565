"""Citations: which tag, how severe, when corrected. Each is drawn for its home, its inspection and its place in it."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from nh_lakehouse.sample.inspections import COMPLAINT_DAYS, INFECTION_DAYS, Inspections, earlier
from nh_lakehouse.sample.randomness import Dice, Quantiles, cumulative, normal, stepped
from nh_lakehouse.sample.tags import FIRE, HEALTH, Series, all_tags

__all__ = [
    "FIRE_LETTERS",
    "FIRE_STATUS",
    "HEALTH_LETTERS",
    "HEALTH_STATUS",
    "Citations",
    "fire_citations",
    "health_citations",
]

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Days = NDArray[np.datetime64]

_DATED = "Deficient, Provider has date of correction"
_PLANNED, _UNPLANNED = "Deficient, Provider has plan of correction", "Deficient, Provider has no plan of correction"
_PAST, _NO_REVISIT, _WAIVED = "Past Non-Compliance", "No revisit needed", "Waiver has been granted"
#: What has become of a citation, with the shares of October 2024 as far as they are known.
HEALTH_STATUS = ((_DATED, 0.97363), (_PAST, 0.02301), (_PLANNED, 0.0017), (_UNPLANNED, 0.00125), (_NO_REVISIT, 0.00041))
FIRE_STATUS = (
    (_DATED, 0.96457),
    (_PAST, 0.0004),
    (_PLANNED, 0.0017),
    (_UNPLANNED, 0.0031),
    (_NO_REVISIT, 0.00047),
    (_WAIVED, 0.02976),
)
#: Letters of scope and severity from least to worst; D is 61.85 % of the health citations, F 36.32 % of the others.
HEALTH_LETTERS = (
    ("B", 0.0088),
    ("C", 0.0169),
    ("D", 0.61852),
    ("E", 0.2561),
    ("F", 0.0592),
    ("G", 0.0258),
    ("H", 0.0011),
    ("I", 0.0002),
    ("J", 0.0072),
    ("K", 0.0045),
    ("L", 0.0017),
)
FIRE_LETTERS = (
    ("B", 0.008),
    ("C", 0.0393),
    ("D", 0.2532),
    ("E", 0.333),
    ("F", 0.36319),
    ("G", 0.0009),
    ("I", 0.0001),
    ("J", 0.0006),
    ("K", 0.0007),
    ("L", 0.0009),
)
_CORRECTED_AFTER = Quantiles((1, 12, 25, 36, 47, 75, 150), (0, 0.1, 0.25, 0.5, 0.75, 0.95, 1))
_UNDER_DISPUTE, _UNDER_INDEPENDENT_DISPUTE = 0.00163, 0.00027
#: Share of the citations that repeat the one before in all of the key.
_REPEATED = 0.0012
_FIRE_BOTH, _FIRE_INFECTION, _OLD_TAG = 0.00044, 0.00025, 0.00001
#: So often a tag is drawn by its weight before any other tag will do.
_WEIGHTED_DRAWS = 8


@dataclass(frozen=True)
class _Found:
    """Citations before anything is said of them."""

    row: Ints
    turn: Ints
    visit: Ints
    day: Days
    standard: Flags
    complaint: Flags
    infection: Flags


@dataclass(frozen=True)
class Citations(_Found):
    """One row per citation. `row` is its place among the inspections, `tag` and `status` are places in their lists.

    `visit` is 0 on the standard inspection, then counts those of complaints, then those of infection control.
    """

    tag: Ints
    letter: Ints
    status: Ints
    corrected: Days
    has_date: Flags
    disputed: Flags
    disputed_independently: Flags
    old: Flags

    def __len__(self) -> int:
        return len(self.row)

    def chosen(self, rows: Ints) -> Citations:
        """Some of the rows."""
        return Citations(*(getattr(self, field.name)[rows] for field in fields(self)))


def health_citations(dice: Dice, inspections: Inspections) -> Citations:
    """Citations of health inspections, in the order of the file."""
    found = _health_found(dice, inspections)
    return _described(dice, inspections, found, HEALTH)


def fire_citations(dice: Dice, inspections: Inspections) -> Citations:
    """Citations of fire safety inspections, in the order of the file."""
    row, turn = _expanded(inspections.fire + inspections.fire_complaint)
    keys = inspections.home[row], inspections.inspection[row]
    standard = turn < inspections.fire[row]
    visits = earlier(
        inspections.fire_day[row],
        np.zeros(len(row), dtype=np.int64),
        np.ones(len(row), dtype=np.int64),
        COMPLAINT_DAYS,
        dice.uniform("fire complaint day", *keys),
    )
    found = _Found(
        row=row,
        turn=turn,
        visit=(~standard).astype(np.int64),
        day=np.where(standard, inspections.fire_day[row], visits),
        standard=standard,
        complaint=~standard | (dice.uniform("fire both", *keys, turn) < _FIRE_BOTH),
        infection=dice.uniform("fire infection", *keys, turn) < _FIRE_INFECTION,
    )
    return _described(dice, inspections, found, FIRE)


def _expanded(counts: Ints) -> tuple[Ints, Ints]:
    """For each of so many things of each row, the row and a running number in it."""
    row = np.repeat(np.arange(len(counts)), counts)
    return row, np.arange(len(row)) - (np.cumsum(counts) - counts)[row]


def _health_found(dice: Dice, inspections: Inspections) -> _Found:
    standard, complaints = inspections.standard, inspections.complaints
    row, turn = _expanded(standard + complaints + inspections.infection)
    keys = inspections.home[row], inspections.inspection[row]
    on_standard = turn < standard[row]
    alone = turn - standard[row]
    of_infection = alone >= complaints[row]
    visits = inspections.visits[row]
    group = alone * visits // np.maximum(complaints[row], 1)
    checks = np.minimum(inspections.checks, -(-inspections.infection // 3))[row]
    check = (alone - complaints[row]) * checks // np.maximum(inspections.infection[row], 1)
    visit = np.where(on_standard, 0, np.where(of_infection, 100 + check, 1 + group))
    day = inspections.day[row]
    chance = dice.uniform("visit day", *keys, visit)
    complaint_day = earlier(day, group, visits, COMPLAINT_DAYS, chance)
    infection_day = np.maximum(
        earlier(day, check, inspections.checks[row], INFECTION_DAYS, chance), inspections.approved[row]
    )
    return _Found(
        row=row,
        turn=turn,
        visit=visit,
        day=np.where(on_standard, day, np.where(of_infection, infection_day, complaint_day)),
        standard=on_standard,
        complaint=np.where(on_standard, turn < inspections.both[row], ~of_infection),
        infection=of_infection | (~on_standard & (alone < inspections.shared[row])),
    )


def _described(dice: Dice, inspections: Inspections, found: _Found, kind: str) -> Citations:
    series = all_tags(kind)
    letters, statuses = (HEALTH_LETTERS, HEALTH_STATUS) if kind == HEALTH else (FIRE_LETTERS, FIRE_STATUS)
    home, inspection = inspections.home[found.row], inspections.inspection[found.row]
    keys = home, inspection, found.turn

    def drawn(what: str) -> NDArray[np.float64]:
        return dice.uniform(f"{kind} {what}", *keys)

    severity = inspections.severity[found.row] * 0.5 + normal(drawn("letter")) * 0.866
    letter = stepped(cumulative(severity), [share for _, share in letters])
    status = stepped(drawn("status"), [share for _, share in statuses])
    names = [name for name, _ in statuses]
    past = status == names.index(_PAST)
    after = np.rint(_CORRECTED_AFTER(dice.uniform(f"{kind} corrected", home, inspection, found.visit)))
    sooner = np.maximum(0, drawn("sooner") - 0.7) * 40
    span = np.where(past, -3 - drawn("before") * 57, np.maximum(1, after - np.floor(sooner))).astype(np.int64)
    has_date = (status == names.index(_DATED)) | past
    if kind == FIRE:
        has_date = has_date | (status == names.index(_WAIVED))
    tag = _tags(dice, series, found, (home, inspection), kind)
    # A few citations are written down twice: the same tag and letter on the same day, corrected a week apart.
    like = np.flatnonzero((drawn("again") < _REPEATED) & has_date & (found.turn > 0))
    like = like[_same_visit(found, like) & has_date[like - 1] & ~np.isin(like - 1, like)]
    tag[like], letter[like], status[like], span[like] = (
        tag[like - 1],
        letter[like - 1],
        status[like - 1],
        span[like - 1],
    )
    span[like] += 7
    order = np.lexsort((found.turn, found.visit, -found.day.astype(np.int64), inspections.place[found.row]))
    return Citations(
        **vars(found),
        tag=tag,
        letter=letter,
        status=status,
        corrected=found.day + span.astype("timedelta64[D]"),
        has_date=has_date,
        disputed=drawn("dispute") < _UNDER_DISPUTE,
        disputed_independently=drawn("independent dispute") < _UNDER_INDEPENDENT_DISPUTE,
        old=drawn("old tag") < _OLD_TAG,
    ).chosen(order)


def _same_visit(found: _Found, at: Ints) -> Flags:
    return (found.row[at] == found.row[at - 1]) & (found.visit[at] == found.visit[at - 1])


def _tags(dice: Dice, series: Series, found: _Found, keys: tuple[Ints, Ints], kind: str) -> Ints:
    """A tag for each citation, none twice on one visit: of those that collide, all but the first are drawn again."""
    size = len(found.row)
    visit = found.row * 1_000 + found.visit
    tag = np.full(size, -1, dtype=np.int64)
    losers, turn = np.arange(size), 0
    while len(losers):
        chance = dice.uniform(f"{kind} tag {turn}", keys[0][losers], keys[1][losers], found.turn[losers])
        tag[losers] = _drawn_tags(series, found, losers, chance, weighted=turn < _WEIGHTED_DRAWS)
        # Rows of the visits concerned, those that keep their tag first.
        again = np.zeros(size, dtype=bool)
        again[losers] = True
        near = np.flatnonzero(np.isin(visit, visit[losers])) if turn else np.arange(size)
        code = (visit[near] * 1_000 + tag[near]) * 2 + again[near]
        order = np.argsort(code, kind="stable")
        twice = code[order][1:] // 2 == code[order][:-1] // 2
        losers = np.sort(near[order[1:][twice]])
        turn += 1
    return tag


def _drawn_tags(series: Series, found: _Found, rows: Ints, chance: NDArray[np.float64], *, weighted: bool) -> Ints:
    if not weighted:
        return np.searchsorted(series.any_cited, chance, side="right").astype(np.int64)
    tag = np.searchsorted(series.standard, chance, side="right")
    complaint = found.complaint[rows] & ~found.standard[rows]
    tag = np.where(complaint, np.searchsorted(series.complaint, chance, side="right"), tag)
    infection = found.infection[rows] & ~found.standard[rows]
    tag = np.where(infection, np.searchsorted(series.infection, chance, side="right"), tag)
    return tag.astype(np.int64)
