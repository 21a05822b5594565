"""Prescriptions: drugs for conditions and common ones, filled again when the supply is used up."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from nh_lakehouse.sample.claims.codes import CONDITIONS
from nh_lakehouse.sample.claims.era import NEVER, Chance, Era
from nh_lakehouse.sample.claims.form import Columns, counted, taken
from nh_lakehouse.sample.claims.people import People
from nh_lakehouse.sample.claims.visits import places_in_runs
from nh_lakehouse.sample.randomness import Dice, Floats, Ints, Quantiles
from nh_lakehouse.sample.writing import Cells, text

__all__ = ["DRUGS", "PAINKILLER", "drug_codes", "fills_of", "is_brand"]

#: Long-term drugs of a person: one for each condition at most, and up to nine common ones.
_SLOTS = len(CONDITIONS) + 9
#: Each of these is one of 24; what is taken for a short time is one of 40 others, the first of them a painkiller.
_CHOICES, _SHORT_CHOICES = 24, 40
PAINKILLER = _SLOTS * _CHOICES
DRUGS = PAINKILLER + _SHORT_CHOICES
_PACKAGES = 3
#: Cost of a day, in cents: mean about 3 USD with a long tail.
_DAILY_CENTS = Quantiles((5, 20, 50, 110, 300, 700, 1_500, 4_000), (0, 0.15, 0.4, 0.6, 0.8, 0.92, 0.98, 1))
_TAKEN = 0.525
_COMMON_SHARES: Floats = np.array([0.65, 0.475, 0.34, 0.235, 0.16, 0.105, 0.07, 0.05, 0.03])
#: Fills of one drug at most: three years of 30 days.
_MOST = 40
_SUPPLIES: Ints = np.array([30, 90, 60, 20], dtype=np.int64)
_SUPPLY_BOUNDS: Floats = np.array([0.80, 0.94, 0.97])
_SHORT_TERM = Quantiles((0, 0.99, 2, 5, 9, 14.99), (0, 0.18, 0.45, 0.78, 0.95, 1))


@lru_cache(maxsize=2)
def drug_codes(packages: int = _PACKAGES) -> Cells:
    """National drug codes, 11 digits: labeler, product and package; some begin with zeros. Made up."""
    codes = []
    for drug in range(DRUGS):
        digits = 7_919 * (drug + 11)
        labeler = digits * 31 % 100_000 if drug % 7 else digits * 31 % 1_000
        codes += [f"{labeler:05d}{digits % 9_973:04d}{package + 1:02d}" for package in range(packages)]
    return text(codes)


def _traits() -> tuple[Floats, Floats]:
    drugs = np.arange(DRUGS)
    return Dice(0).uniform("claims/drug cost", drugs), Dice(0).uniform("claims/drug brand", drugs)


_COST_CHANCE, _BRAND_CHANCE = _traits()
_DAILY: Ints = _DAILY_CENTS.whole(_COST_CHANCE)
#: Dear drugs are brands more often.
_BRAND_SHARE: Floats = np.where(_COST_CHANCE > 0.75, 0.65, 0.15)
_BRAND = (_BRAND_SHARE > _BRAND_CHANCE).astype(np.int64)


def is_brand(drug: Ints) -> Ints:
    """1 for brands, 0 for generics."""
    return _BRAND[drug]


def fills_of(chance: Chance, era: Era, people: People) -> Columns:
    """One row per fill, in order of person and day.

    Columns: `person`, `number`, `index`, `day`, `drug`, `package`, `supply` (days), `quantity`, `fill` (from 1),
    `cost` and `paid` by the patient in cents, `slot` and `draw` for further draws.
    """
    lasting = _lasting(chance, era, people)
    short = _short_term(chance, era, people)
    fills = {name: np.concatenate([lasting[name], short[name]]) for name in lasting}
    order = np.lexsort((fills["slot"], fills["day"], fills["person"]))
    fills = taken(fills, order)
    fills["index"] = places_in_runs(fills["person"])
    return _priced(chance, people, fills)


def _window(era: Era, people: People) -> tuple[Ints, Ints]:
    begin = np.maximum(np.maximum(people.drugs_from, people.entry), 0)
    return begin, np.minimum(people.death + 1, era.days)


def _lasting(chance: Chance, era: Era, people: People) -> Columns:
    numbers = people.numbers
    ill = people.onset < NEVER
    share = np.concatenate([ill * _TAKEN, np.tile(_COMMON_SHARES, (len(people), 1))], axis=1)
    share = share * np.minimum(0.55 + 0.45 * people.activity, 1.35)[:, None]
    person, slot = np.nonzero(chance.uniform("takes drug", numbers[:, None], np.arange(_SLOTS)) < share)
    number = numbers[person]
    drug = slot * _CHOICES + chance.below("drug", _CHOICES, number, slot)
    begin, end = _window(era, people)
    # Most drugs are taken from before the first year on; a few days pass until the first fill.
    wait = np.where(chance.happens("starts later", 0.35, number, slot), chance.below("start", 900, number, slot), 0)
    start = begin[person] + wait + chance.below("first fill", 30, number, slot)
    stops = chance.happens("stops", 0.25, number, slot)
    stop = np.where(stops, start + 60 + chance.below("stop", 500, number, slot), end[person])
    supply = _SUPPLIES[np.searchsorted(_SUPPLY_BOUNDS, chance.uniform("supply", number, slot), side="right")]
    late = chance.happens("careless", 0.25, number, slot)
    gaps = supply[:, None] + _delays(chance, number, slot, late)
    day = start[:, None] + np.concatenate([np.zeros((len(gaps), 1), dtype=np.int64), np.cumsum(gaps, axis=1)], axis=1)
    row, fill = np.nonzero(day < np.minimum(stop, end[person])[:, None])
    return {
        "person": person[row], "number": number[row], "slot": slot[row], "draw": fill, "day": day[row, fill],
        "drug": drug[row], "supply": supply[row], "fill": fill + 1,
    }  # fmt: skip


def _delays(chance: Chance, number: Ints, slot: Ints, late: np.ndarray) -> Ints:
    """Days from the end of a supply to the next fill: -3 to 5, for careless people up to 40."""
    u = chance.uniform("delay", number[:, None], slot[:, None], np.arange(_MOST - 1))
    return np.where(late[:, None], np.floor(u * 41), np.floor(u * 9)).astype(np.int64) - 3


def _short_term(chance: Chance, era: Era, people: People) -> Columns:
    """Drugs that are taken once, for ten or twenty days."""
    begin, end = _window(era, people)
    length = np.maximum(end - begin, 0)
    counts = np.floor(_SHORT_TERM(chance.uniform("short term", people.numbers)) * length / 1_096 * people.activity)
    person, draw = counted(counts.astype(np.int64))
    number = people.numbers[person]
    keys = (number, draw)
    return {
        "person": person, "number": number, "slot": np.full(len(person), _SLOTS), "draw": draw,
        "day": begin[person] + np.floor(chance.uniform("short day", *keys) * length[person]).astype(np.int64),
        "drug": PAINKILLER + chance.below("short drug", _SHORT_CHOICES, *keys),
        "supply": np.where(chance.happens("ten days", 0.7, *keys), 10, 20),
        "fill": np.ones(len(person), dtype=np.int64),
    }  # fmt: skip


def _priced(chance: Chance, people: People, fills: Columns) -> Columns:
    """Quantity, cost and the patient's part; some rows state no supply or no quantity."""
    keys = (fills["number"], fills["slot"], fills["draw"])
    a_day = np.array([1, 2, 3, 1, 4, 1])[chance.below("pills", 6, fills["number"], fills["slot"])]
    quantity = np.where(chance.happens("no quantity", 0.05, *keys), 0, fills["supply"] * a_day)
    cost = _DAILY[fills["drug"]] * fills["supply"] * (80 + chance.below("drug price", 41, *keys)) // 100
    share = np.where(people.poor[fills["person"]], 0, chance.below("patient share", 45, *keys))
    supply = np.where(chance.happens("no supply", 0.02, *keys), 0, fills["supply"])
    package = chance.below("package", _PACKAGES, fills["number"], fills["slot"])
    return {
        **fills, "quantity": quantity, "package": package, "supply": supply, "cost": cost, "paid": cost * share // 100,
    }  # fmt: skip
