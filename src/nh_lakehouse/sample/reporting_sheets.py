"""The three files of the quality reporting program, as sheets: homes, the nation, hospitals with swing beds.

National figures are those of the homes and hospitals of the same release: pooled rates, and how many are better, no
different, worse or too small.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from nh_lakehouse.sample.headers_measures import PROGRAM, PROGRAM_NATIONAL, SWING_BED
from nh_lakehouse.sample.hospitals import Hospitals, hospitals_of
from nh_lakehouse.sample.long_format import cycled, interleaved, repeated
from nh_lakehouse.sample.measures import home_cells, location_of
from nh_lakehouse.sample.month import Snapshot
from nh_lakehouse.sample.names import county_name
from nh_lakehouse.sample.periods import quarter_of
from nh_lakehouse.sample.places import places_of
from nh_lakehouse.sample.reporting import (
    CATEGORIES,
    FOOTNOTES,
    Figure,
    figures_of,
    homes_reporting,
    hospitals_reporting,
)
from nh_lakehouse.sample.states import STATES
from nh_lakehouse.sample.writing import Cells, Sheet, choice, decimal, number, quoted, text

__all__ = ["program_national_sheet", "program_sheet", "swing_bed_sheet"]

Ints = NDArray[np.int64]

_NAME = "Skilled_Nursing_Facility_Quality_Reporting_Program"
#: Hospitals with swing beds per home in October 2024.
_HOSPITALS, _HOMES = 793, 14_814
_FEWEST_HOSPITALS = 8
_REGIONS = {
    1: "CT ME MA NH RI VT",
    2: "NJ NY PR",
    3: "DE DC MD PA VA WV",
    4: "AL FL GA KY MS NC SC TN",
    5: "IL IN MI MN OH WI",
    6: "AR LA NM OK TX",
    7: "IA KS MO NE",
    8: "CO MT ND SD UT WY",
    9: "AZ CA GU HI NV",
    10: "AK ID OR WA",
}
_REGION_OF = {state: region for region, states in _REGIONS.items() for state in states.split()}
_NONE = '"-"'


def program_sheet(month: Snapshot) -> Sheet:
    """48 figures of every home."""
    homes, rows = month.homes, month.rows
    figures = _of_homes(month)
    places = places_of(homes, rows)
    codes = np.array([state.area_code for state in STATES])[homes.state[rows]]
    lines = (rows % 10_000).tolist()
    phones = [f'"({code})555-{line:04d}"' for code, line in zip(codes.tolist(), lines, strict=True)]
    regions = choice(homes.state[rows], [f'"{_REGION_OF[state.code]}"' for state in STATES])
    first = [*home_cells(month, places), quoted(places.county), text(phones), regions]
    size = len(figures)
    cells = (
        *(repeated(column, size) for column in first),
        *_scores(figures, rows),
        choice(np.zeros(len(rows) * size), [_NONE]),
        repeated(location_of(places), size),
    )
    return Sheet(f"{_NAME}_Provider_Data_{month.label}.csv", tuple(f'"{title}"' for title in PROGRAM), cells)


def _of_homes(month: Snapshot) -> list[Figure]:
    who = homes_reporting(month.dice, month.homes, month.staffing.standing)
    return figures_of(month.dice, who, quarter_of(month.month))


def _of_hospitals(month: Snapshot) -> tuple[Hospitals, list[Figure]]:
    hospitals = hospitals_of(month.dice, _hospital_count(month))
    return hospitals, figures_of(month.dice, hospitals_reporting(month.dice, hospitals), quarter_of(month.month))


def _hospital_count(month: Snapshot) -> int:
    """In proportion to the homes ever seen: it stays nearly as it is, and never falls."""
    return max(_FEWEST_HOSPITALS, (len(month.homes) * _HOSPITALS + _HOMES // 2) // _HOMES)


def _scores(figures: Sequence[Figure], rows: Ints) -> list[Cells]:
    """Code, score, footnote, first and last day of all figures of the facilities with the given numbers."""
    scores, notes = [], []
    for figure in figures:
        values, known = figure.values[rows], figure.known[rows]
        if figure.is_category:
            written = choice(values, CATEGORIES)
        else:
            written = number(values) if figure.places == 0 else decimal(values, figure.places)
        scores.append(quoted(pc.if_else(known, written, "Not Available")))
        notes.append(choice(figure.note[rows], [f'"{note}"' for note in FOOTNOTES]))
    homes = len(rows)
    return [
        cycled([f'"{figure.code}"' for figure in figures], homes),
        interleaved(scores),
        interleaved(notes),
        cycled([f'"{figure.begin:%m/%d/%Y}"' for figure in figures], homes),
        cycled([f'"{figure.end:%m/%d/%Y}"' for figure in figures], homes),
    ]


def swing_bed_sheet(month: Snapshot) -> Sheet:
    """48 figures of hospitals with swing beds, none of which stands in Provider Information."""
    hospitals, figures = _of_hospitals(month)
    numbers, size = hospitals.numbers, len(figures)
    order = np.argsort(np.array(hospitals.ccn, dtype=object), kind="stable")
    codes = [STATES[state].area_code for state in hospitals.state]
    phones = [f"({code}) 555-{line:04d}" for code, line in zip(codes, (numbers * 7 % 10_000).tolist(), strict=True)]
    regions = [str(_REGION_OF[state]) for state in hospitals.state_code]
    counties = [county_name(state, 94).upper() for state in hospitals.state]
    suites = ["-" if row % 10 else f"SUITE {row % 90 + 100}" for row in numbers.tolist()]
    texts = (hospitals.ccn, hospitals.name, hospitals.address, suites, hospitals.town, hospitals.state_code)
    first = [*texts, hospitals.zip_code, counties, phones, regions]
    cells = (
        *(repeated(pc.take(quoted(text(column)), order), size) for column in first),
        *_scores(figures, order),
        choice(np.zeros(len(numbers) * size), [_NONE]),
    )
    return Sheet(f"Swing_Bed_SNF_data_{month.label}.csv", tuple(f'"{title}"' for title in SWING_BED), cells)


def program_national_sheet(month: Snapshot) -> Sheet:
    """24 figures of the nation: means, and how many facilities are better, no different, worse or too small."""
    figures = {figure.code: figure for figure in _of_homes(month)}
    beside = {figure.code: figure for figure in _of_hospitals(month)[1]}
    pooled = _Pool(figures, beside, month.rows)
    found: dict[str, tuple[str, str]] = {}
    for prefix, rate, counted, size, ending in (
        ("S_004_01_PPR_PD", "NAT_UNADJUST_AVG", "OBS_READM", "VOLUME", "_NAT"),
        ("S_005_02_DTC", "NAT_OBS_RATE", "NUMBER", "VOLUME", "_NAT"),
        ("S_039_01_HAI", "NAT_OBS_RATE", "NUMBER", "VOLUME", "_NAT"),
    ):
        found[f"{prefix}_{rate}"] = (pooled.rate(f"{prefix}_{counted}", f"{prefix}_{size}", 2), f"{prefix}_VOLUME")
        for category, name in enumerate((f"N_BETTER{ending}", f"N_NO_DIFF{ending}", f"N_WORSE{ending}", "N_TOO_SMALL")):
            found[f"{prefix}_{name}"] = (pooled.count(f"{prefix}_COMP_PERF", category), f"{prefix}_VOLUME")
    found["S_006_01_MSPB_SCORE_NATL"] = (pooled.mean("S_006_01_MSPB_SCORE"), "S_006_01_MSPB_NUMB")
    for code in figures:
        if code.endswith("_NUMERATOR"):
            prefix = code.removesuffix("_NUMERATOR")
            found[f"{prefix}_NATL_OBS_RATE"] = (pooled.rate(code, f"{prefix}_DENOMINATOR", 1), code)
    codes = sorted(found)
    of = [figures[found[code][1]] for code in codes]
    cells = (
        text(['"NATION"'] * len(codes)),
        quoted(text(codes)),
        quoted(text([found[code][0] for code in codes])),
        text([_NONE] * len(codes)),
        quoted(text([f"{figure.begin:%m/%d/%Y}" for figure in of])),
        quoted(text([f"{figure.end:%m/%d/%Y}" for figure in of])),
        text([_NONE] * len(codes)),
    )
    titles = tuple(f'"{title}"' for title in PROGRAM_NATIONAL)
    return Sheet(f"{_NAME}_National_Data_{month.label}.csv", titles, cells)


class _Pool:
    """Sums over the homes of a month and the hospitals, of published figures alone."""

    def __init__(self, homes: dict[str, Figure], hospitals: dict[str, Figure], rows: Ints) -> None:
        self._parts = ((homes, rows), (hospitals, np.arange(len(next(iter(hospitals.values())).values))))

    def _values(self, code: str) -> Ints:
        parts = [figures[code].values[rows][figures[code].known[rows]] for figures, rows in self._parts]
        return np.concatenate(parts)

    def rate(self, counted: str, size: str, places: int) -> str:
        """A pooled rate in per cent."""
        count, cases, unit = int(self._values(counted).sum()), int(self._values(size).sum()), 10**places
        rounded = (200 * count * unit + cases) // max(2 * cases, 1)
        return f"{rounded // unit}.{rounded % unit:0{places}d}"

    def mean(self, code: str) -> str:
        """The mean of figures with two decimals."""
        values = self._values(code)
        rounded = (2 * int(values.sum()) + len(values)) // max(2 * len(values), 1)
        return f"{rounded // 100}.{rounded % 100:02d}"

    def count(self, code: str, category: int) -> str:
        """How many facilities stand in a category."""
        return str(int((self._values(code) == category).sum()))
