"""States and counties of people, facilities and physicians, as the Social Security Administration numbers them."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from nh_lakehouse.sample.randomness import Floats, Ints
from nh_lakehouse.sample.states import STATES

__all__ = ["COUNTIES", "PLACES", "Place", "county_code", "home_state", "zip_code"]

#: Counties of a state that the sample knows.
COUNTIES = 12
_GOLDEN = 0.6180339887498949
_FIPS = """
AL01 AK02 AZ04 AR05 CA06 CO08 CT09 DE10 DC11 FL12 GA13 HI15 ID16 IL17 IN18 IA19 KS20 KY21 LA22 ME23 MD24 MA25 MI26
MN27 MS28 MO29 MT30 NE31 NV32 NH33 NJ34 NM35 NY36 NC37 ND38 OH39 OK40 OR41 PA42 RI44 SC45 SD46 TN47 TX48 UT49 VT50
VA51 WA53 WV54 WI55 WY56
""".split()
_STATE_FIPS = {entry[:2]: entry[2:] for entry in _FIPS}


class Place(NamedTuple):
    """A state: postal code, SSA and FIPS number, first three digits of its ZIP codes, share of people."""

    code: str
    ssa: str
    fips: str
    zip3: int
    share: float


#: The states and the District of Columbia, then what SynPUF numbers 54: all others.
PLACES = (
    *(
        Place(state.code, state.ccn[0], _STATE_FIPS[state.code], state.zip3, float(state.homes))
        for state in sorted(STATES, key=lambda item: item.ccn[0])
        if state.code in _STATE_FIPS
    ),
    Place("", "54", "99", 969, 200.0),
)


@lru_cache(maxsize=1)
def _bounds() -> Floats:
    shares = [place.share for place in PLACES]
    return np.array([sum(shares[: index + 1]) / sum(shares) for index in range(len(shares) - 1)])


def home_state(market: Ints) -> Ints:
    """State of a market: evenly spread, so that few markets, too, stand for the country."""
    spread = (market + 0.5) * _GOLDEN
    return np.searchsorted(_bounds(), spread - np.floor(spread), side="right").astype(np.int64)


def county_code(state: int, county: int) -> str:
    """SSA number of a county inside its state."""
    return f"{10 * (1 + (county * 7 + state * 3) % 98):03d}"


def zip_code(state: int, county: int, number: int) -> str:
    """A ZIP code of a county."""
    return f"{PLACES[state].zip3 * 100 + (county * 8 + number % 8) % 100:05d}"
