"""Medicare enrolments of the homes: who is enrolled, under which numbers, in which legal form.

Every home has one, under its legal business name; a few have a second one, or share the National Provider Identifier
of another.
"""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from nh_lakehouse.sample.headers_measures import ENROLLMENTS
from nh_lakehouse.sample.month import Snapshot
from nh_lakehouse.sample.names import chain_name
from nh_lakehouse.sample.periods import month_start
from nh_lakehouse.sample.places import places_of
from nh_lakehouse.sample.randomness import stepped
from nh_lakehouse.sample.states import STATES
from nh_lakehouse.sample.traits import OWNERSHIP_TYPES
from nh_lakehouse.sample.writing import Cells, Sheet, choice, number, quoted_if_needed, text

__all__ = ["enrollments_sheet"]

Ints = NDArray[np.int64]

_SECOND, _SHARED_NPI, _SEVERAL_NPIS = 0.012, 0.01, 0.06
_FORMS = ("CORPORATION", "LLC", "PARTNERSHIP", "SOLE PROPRIETOR", "OTHER")
_FORM_OF = {"Corporation": 0, "Limited Liability company": 1, "Partnership": 2, "Individual": 3}
_OTHER_FORMS = ("", "NON PROFIT CORPORATION", "GOVERNMENT ENTITY", "HOSPITAL DISTRICT", "LIMITED LIABILITY PARTNERSHIP")


def enrollments_sheet(month: Snapshot) -> Sheet:
    """The file of one month, by certification number."""
    dice, homes = month.dice, month.homes
    second = dice.uniform("second enrollment", month.rows) < _SECOND
    place = np.repeat(np.arange(len(month.rows)), 1 + second)
    turn = np.concatenate([[0], (np.diff(place) == 0).astype(np.int64)])
    rows = month.rows[place]
    places, owner = places_of(homes, rows), homes.ownership[rows]
    state = choice(homes.state[rows], [item.code for item in STATES])
    form = np.array([_FORM_OF.get(name.split(" - ")[1], 4) for name, _ in OWNERSHIP_TYPES])[owner]
    profit = np.array([name.startswith("For profit") for name, _ in OWNERSHIP_TYPES])[owner]
    shared = dice.uniform("shared npi", rows) < _SHARED_NPI
    npi = np.where(shared, homes.chain[rows] + 1_000_000, rows * 2 + turn)
    incorporated = dice.uniform("incorporated", rows)
    days = np.datetime64("1960-01-01") + (dice.uniform("incorporation day", rows) * 21_000).astype("timedelta64[D]")
    dates = [f"{day:%m/%d/%Y}" for day in days.astype(object).tolist()]
    known = incorporated < 0.62
    other = np.where(form == 4, 1 + stepped(dice.uniform("other form", rows), (0.5, 0.2, 0.2, 0.1)), 0)
    named = dice.uniform("doing business", rows) < 0.55
    empty = choice(np.zeros(len(rows)), [""])
    chains = ["", *(chain_name(chain) for chain in range(1, 700))]
    cells: tuple[Cells, ...] = (
        _enrollment_ids(month, rows, turn),
        state,
        choice(np.zeros(len(rows)), ["00-18"]),
        choice(np.zeros(len(rows)), ["PART A PROVIDER - SKILLED NURSING FACILITY"]),
        number((dice.uniform("npi", npi) * 899_999_999).astype(np.int64) + 1_100_000_000),
        choice(dice.uniform("several npis", rows) < _SEVERAL_NPIS, ("N", "Y")),
        text(homes.ccn[rows]),
        number((dice.uniform("associate", rows, homes.sold[rows]) * 8_999_999_999).astype(np.int64) + 1_000_000_000),
        text(homes.company[rows]),
        pc.if_else(named, text(homes.name[rows]), ""),
        pc.if_else(known, text(dates), ""),
        pc.if_else(known, state, ""),
        choice(form, _FORMS),
        choice(other, _OTHER_FORMS),
        choice(profit, ("N", "P")),
        text(homes.name[rows]),
        choice(homes.chain[rows], chains),
        number(homes.chain[rows], homes.chain[rows] > 0),
        places.address,
        empty,
        places.town,
        state,
        places.zip_code,
    )
    day = month_start(month.month).replace(day=2)
    columns = tuple(quoted_if_needed(column) for column in cells)
    return Sheet(f"SNF_Enrollments_{day:%Y.%m.%d}.csv", ENROLLMENTS, columns)


def _enrollment_ids(month: Snapshot, rows: Ints, turn: Ints) -> Cells:
    """`O20091215000123`: the day of the first enrolment and a number, different for every enrolment."""
    span = (month.dice.uniform("enrollment day", rows, turn) * 7_000).astype("timedelta64[D]")
    days = np.datetime64("2002-08-01") + span
    serial = (rows * 2 + turn).tolist()
    return text([f"O{day:%Y%m%d}{item:06d}" for day, item in zip(days.astype(object).tolist(), serial, strict=True)])
