"""Hospitals with swing beds: in the readmission and the reporting programme, never in Provider Information."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nh_lakehouse.sample import names
from nh_lakehouse.sample.places import zip_code
from nh_lakehouse.sample.randomness import Dice
from nh_lakehouse.sample.states import GUAM, STATES

__all__ = ["Hospitals", "hospitals_of"]

#: At most so many hospitals: the publisher numbers those of a state from 0001 to 0879.
_MOST = 870


@dataclass(frozen=True)
class Hospitals:
    """The first hospitals by number, each the same in every file; `state` is a position in `STATES`."""

    numbers: NDArray[np.int64]
    ccn: list[str]
    name: list[str]
    address: list[str]
    state: list[int]
    town: list[str]
    zip_code: list[str]

    @property
    def state_code(self) -> list[str]:
        """Postal codes of the states."""
        return [STATES[state].code for state in self.state]


def hospitals_of(dice: Dice, count: int) -> Hospitals:
    """The first hospitals; none of them in Guam."""
    numbers = np.arange(min(count, _MOST))
    drawn = (dice.uniform("hospital state", numbers) * len(STATES)).astype(np.int64).tolist()
    state = [0 if code == GUAM else int(code) for code in drawn]
    towns = [390 + row % 10 for row in range(len(state))]
    town = [names.town_name(code, place) for code, place in zip(state, towns, strict=True)]
    return Hospitals(
        numbers=numbers,
        ccn=[f"{STATES[code].ccn[0]}{7 + row * 2 % _MOST + row * 2 // _MOST:04d}" for row, code in enumerate(state)],
        name=[f"{name} REGIONAL HOSPITAL" for name in town],
        address=names.street_address((numbers * 7_777).tolist()),
        state=state,
        town=town,
        zip_code=[zip_code(code, place) for code, place in zip(state, towns, strict=True)],
    )
