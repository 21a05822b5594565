"""Where a home is, as cells: state, town, county, address, ZIP code, telephone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nh_lakehouse.sample.homes import Homes
from nh_lakehouse.sample.names import county_name, town_name
from nh_lakehouse.sample.states import STATES
from nh_lakehouse.sample.writing import Cells, choice, joined, text

__all__ = ["Places", "places_of", "zip_code"]

_COUNTIES, _TOWNS_PER_COUNTY = 95, 4


@dataclass(frozen=True)
class Places:
    """Cells of some homes, unquoted."""

    address: Cells
    town: Cells
    state: Cells
    zip_code: Cells
    county: Cells
    county_ssa: Cells
    county_fips: Cells

    @property
    def location(self) -> Cells:
        """Address, town, state and ZIP code in one cell."""
        return joined([self.address, self.town, self.state, self.zip_code])


def zip_code(state: int, town: int) -> str:
    """The ZIP code of a town, text of five digits."""
    return f"{STATES[state].zip3 * 100 + town % 500:05d}"


def places_of(homes: Homes, rows: NDArray[np.int64]) -> Places:
    """Places of the homes with the given numbers."""
    state, town = homes.state[rows].tolist(), homes.town[rows].tolist()
    pairs = list(zip(state, town, strict=True))
    counties = [place // _TOWNS_PER_COUNTY % _COUNTIES for place in town]
    return Places(
        address=text(homes.address[rows]),
        town=text([town_name(*pair) for pair in pairs]),
        state=choice(homes.state[rows], [item.code for item in STATES]),
        zip_code=text([zip_code(*pair) for pair in pairs]),
        county=text([county_name(code, county) for code, county in zip(state, counties, strict=True)]),
        county_ssa=text([f"{county * 10:03d}" for county in counties]),
        county_fips=text([f"{county * 2 + 1:03d}" for county in counties]),
    )
