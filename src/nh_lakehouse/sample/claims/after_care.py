"""Care after hospital and at the end of life: nursing facility, home health, hospice, and equipment at home."""

from __future__ import annotations

import numpy as np

from nh_lakehouse.sample.claims.era import Chance, Era
from nh_lakehouse.sample.claims.form import Columns, counted, rows_n, stacked, taken
from nh_lakehouse.sample.claims.people import People
from nh_lakehouse.sample.claims.services import KINDS
from nh_lakehouse.sample.claims.stays import LAST
from nh_lakehouse.sample.claims.visits import Visits, places_in_runs
from nh_lakehouse.sample.randomness import Ints, Quantiles

__all__ = ["equipment_of", "home_care_of", "hospice_of", "nursing_of", "unvisited"]

_NURSING_SHARE, _HOME_SHARE, _HOSPICE_SHARE, _EQUIPMENT_SHARE = 0.24, 0.16, 0.6, 0.05
#: Days in a nursing facility: mean about 26.
_NURSING_DAYS = Quantiles((3, 8, 16, 26, 42, 99.99), (0, 0.15, 0.4, 0.65, 0.9, 1))
_MONTH, _EPISODE = 30, 60


def nursing_of(chance: Chance, era: Era, people: People, stays: Columns) -> Columns:
    """Bills of stays in nursing facilities, begun on the day of discharge from hospital or the day after.

    Columns: `person`, `number`, `index`, `admit`, `discharge`, `begin`, `end`, `bill` (0 the only one, 1 first, 2 last,
    3 between), `from_hospital` (admission and discharge of the stay before: `before`, `after`), `reason`, `market`.
    """
    home = _going(stays, 3)
    rows = np.flatnonzero(home & chance.happens("nursing", _NURSING_SHARE, stays["number"], stays["key"]))
    keys = (stays["number"][rows], stays["key"][rows])
    person = stays["person"][rows]
    admit = stays["discharge"][rows] + chance.below("wait", 2, *keys)
    end = admit + np.floor(_NURSING_DAYS(chance.uniform("nursing days", *keys))).astype(np.int64)
    end = np.minimum(end, _next_admission(stays, era)[rows])
    end = np.minimum(end, np.minimum(people.paid_until[person], era.days) - 1)
    nursing = {
        "person": person, "number": keys[0], "key": keys[1], "admit": admit, "discharge": end,
        "before": stays["admit"][rows], "after": stays["discharge"][rows], "reason": stays["reason"][rows],
        "stay": rows,
    }  # fmt: skip
    return _monthly(taken(nursing, end - admit >= 2))


def _going(stays: Columns, days: int) -> np.ndarray:
    """Stays so long that end at home: the last bill, no transfer, no death."""
    long = stays["discharge"] - stays["admit"] >= days
    return np.asarray(long & ~stays["moved"] & (stays["bill"] != 1) & (stays["role"] != LAST), dtype=bool)


def _next_admission(stays: Columns, era: Era) -> Ints:
    """Day on which the person is in hospital again, for each row in order."""
    later = np.full(rows_n(stays), era.days, dtype=np.int64)
    same = stays["person"][1:] == stays["person"][:-1]
    later[:-1] = np.where(same, stays["admit"][1:], era.days)
    return later


def _monthly(care: Columns) -> Columns:
    """One bill for each 30 days begun."""
    length = care["discharge"] - care["admit"]
    row, place = counted(np.maximum((length + _MONTH - 1) // _MONTH, 1))
    bills = taken(care, row)
    bills["begin"] = bills["admit"] + place * _MONTH
    bills["end"] = np.minimum(bills["begin"] + _MONTH, bills["discharge"])
    first, last = place == 0, bills["end"] == bills["discharge"]
    bills["bill"] = np.where(first & last, 0, np.where(first, 1, np.where(last, 2, 3)))
    bills["place"] = place
    order = np.lexsort((bills["begin"], bills["person"]))
    bills = taken(bills, order)
    bills["index"] = places_in_runs(bills["person"])
    return bills


def home_care_of(chance: Chance, era: Era, people: People, stays: Columns, nursing: Columns) -> Columns:
    """Episodes of home health care of up to 60 days after hospital, of those who do not go to a nursing facility.

    Columns as `nursing_of`, and `visits` (how many).
    """
    home = _going(stays, 2)
    home[nursing["stay"]] = False
    keys = (stays["number"], stays["key"])
    rows = np.flatnonzero(home & chance.happens("home care", _HOME_SHARE, *keys))
    keys = (keys[0][rows], keys[1][rows])
    person = stays["person"][rows]
    admit = stays["discharge"][rows] + 1 + chance.below("home wait", 5, *keys)
    end = np.minimum(admit + 13 + chance.below("home days", _EPISODE - 13, *keys), _next_admission(stays, era)[rows])
    end = np.minimum(end, np.minimum(people.paid_until[person], era.days) - 1)
    care = {
        "person": person, "number": keys[0], "key": keys[1], "admit": admit, "discharge": end, "begin": admit,
        "end": end, "bill": np.zeros(len(rows), dtype=np.int64), "reason": stays["reason"][rows],
        "place": np.zeros(len(rows), dtype=np.int64), "stay": rows, "visits": 3 + chance.below("visits", 14, *keys),
    }  # fmt: skip
    care = taken(care, end - admit >= 3)
    care["index"] = places_in_runs(care["person"])
    return care


def hospice_of(chance: Chance, era: Era, people: People, stays: Columns) -> Columns:
    """Bills of hospice care until death, for most of those who die outside hospital; columns as `nursing_of`."""
    elsewhere = np.ones(len(people), dtype=bool)
    elsewhere[stays["person"][stays["role"] == LAST]] = False
    dies = elsewhere & (people.death < np.minimum(people.managed_from, era.days)) & (people.death > 100) & people.has_a
    person = np.flatnonzero(dies & chance.happens("hospice", _HOSPICE_SHARE, people.numbers))
    number = people.numbers[person]
    death = people.death[person]
    out_of_hospital = np.zeros(len(people), dtype=np.int64)
    np.maximum.at(out_of_hospital, stays["person"], stays["discharge"])
    admit = np.maximum(death - 3 - chance.below("hospice days", 90, number), out_of_hospital[person])
    admit = np.maximum(admit, people.entry[person])
    care = {
        "person": person, "number": number, "key": np.full(len(person), 95), "admit": admit, "discharge": death,
        "reason": chance.below("hospice reason", 20, number), "stay": np.full(len(person), -1),
    }  # fmt: skip
    return _monthly(taken(care, death > admit))


def equipment_of(chance: Chance, era: Era, people: People, visits: Visits) -> Columns:
    """Equipment that follows an office visit within six days.

    Columns: `person`, `number`, `index`, `day`, `items` (how many lines), `doctor` who referred, `draw`, `diagnosis`.
    """
    claims = visits.claims
    keys = (claims["number"], claims["draw"])
    rows = np.flatnonzero(
        (claims["kind"] == KINDS.index("office")) & chance.happens("equipment", _EQUIPMENT_SHARE, *keys)
    )
    keys = (keys[0][rows], keys[1][rows])
    day = claims["day"][rows] + 1 + chance.below("delivery", 6, *keys)
    starts = np.cumsum(claims["diagnoses"]) - claims["diagnoses"]
    equipment = {
        "person": claims["person"][rows], "number": keys[0], "draw": keys[1], "day": day,
        "items": 1 + chance.below("items", 2, *keys), "doctor": claims["doctor"][rows],
        "diagnosis": visits.diagnoses[starts[rows]],
    }  # fmt: skip
    equipment = taken(equipment, day < np.minimum(people.paid_until[equipment["person"]], era.days))
    equipment["index"] = places_in_runs(equipment["person"])
    return equipment


def unvisited(equipment: Columns, people: People, person: Ints, day: int, index: Ints) -> Columns:
    """Equipment with one more delivery for each of some people."""
    size = len(person)
    extra: Columns = {
        "person": person, "number": people.numbers[person], "draw": 6_000 + np.arange(size),
        "day": np.full(size, day), "items": np.ones(size, dtype=np.int64),
        "doctor": equipment["doctor"][:1].repeat(size) if rows_n(equipment) else np.zeros(size, dtype=np.int64),
        "diagnosis": np.zeros(size, dtype=np.int64), "index": index,
    }  # fmt: skip
    both = stacked([equipment, extra])
    return taken(both, np.lexsort((both["index"], both["day"], both["person"])))
