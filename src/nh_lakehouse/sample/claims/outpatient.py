"""Visits to the outpatient departments of hospitals: emergencies, laboratory, imaging, therapy, dialysis."""

from __future__ import annotations

import numpy as np

from nh_lakehouse.sample.claims.era import Chance, Era
from nh_lakehouse.sample.claims.form import Columns
from nh_lakehouse.sample.claims.people import People
from nh_lakehouse.sample.claims.services import KINDS
from nh_lakehouse.sample.claims.visits import Panel, Visits, care_days, diagnoses_of, lines_of, places_in_runs
from nh_lakehouse.sample.randomness import Ints, Quantiles, stepped

__all__ = ["outpatient_of"]

_KIND_SHARES = {
    "emergency": 0.09, "laboratory": 0.4, "imaging": 0.21, "therapy": 0.1, "procedure": 0.13, "drug": 0.07,
}  # fmt: skip
#: Services of a claim, up to the 45 slots of the file; therapy and dialysis have more.
_SERVICES = Quantiles((1, 2, 3, 5, 8, 14, 30, 45.99), (0, 0.36, 0.55, 0.75, 0.88, 0.96, 0.992, 1))
_DIAGNOSES = Quantiles((1, 2, 3, 4, 6, 10.99), (0, 0.36, 0.55, 0.7, 0.88, 1))
#: Hospitals are paid more for a service than physicians.
_PERCENT = 160


def outpatient_of(chance: Chance, era: Era, people: People, panel: Panel, rate: float) -> Visits:
    """Claims of outpatient departments, about `rate` a year for a person of mean activity.

    As `visits_of`, and each claim has `hospital` (0 or 1 of the market).
    """
    person, draw, day = care_days(chance, era, people, rate, 240)
    number = people.numbers[person]
    keys = (number, draw)
    kinds = [KINDS.index(name) for name in _KIND_SHARES]
    kind = np.array(kinds)[stepped(chance.uniform("kind", *keys), tuple(_KIND_SHARES.values()))]
    treated = people.kidney[person, 0] & chance.happens("dialysis", 0.25, *keys)
    kind = np.where(treated, KINDS.index("dialysis"), kind)
    repeated = np.isin(kind, [KINDS.index("therapy"), KINDS.index("dialysis")])
    length = np.where(repeated, 7 + chance.below("weeks", 22, *keys), 0)
    services = np.floor(_SERVICES(chance.uniform("services", *keys))).astype(np.int64)
    first, size = panel.primary
    claims: Columns = {
        "person": person,
        "number": number,
        "draw": draw,
        "index": places_in_runs(person),
        "day": day,
        "until": np.minimum(day + length, np.minimum(people.death, era.days - 1)[person]),
        "kind": kind,
        "doctor": people.market[person] * panel.room + first + chance.below("attending", size, *keys),
        "hospital": chance.happens("hospital", 0.35, *keys).astype(np.int64),
        "lines": np.minimum(np.where(repeated, services + 6, services), 45),
        "diagnoses": np.floor(_DIAGNOSES(chance.uniform("diagnoses", *keys))).astype(np.int64),
    }
    diagnoses: Ints = diagnoses_of(chance, people, person, draw, claims["diagnoses"])
    return Visits(claims, lines_of(chance, claims, diagnoses, _PERCENT), diagnoses)
