"""The states, with what the publisher says about each in October 2024.

Source of all measures: CMS, State US Averages, October 2024. The numbers of homes are estimates that reproduce the
national row of that file from its state rows; they add up to the 14,814 homes of Provider Information. Guam publishes
no staffing and Puerto Rico no rehospitalization: the national value stands in.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["GUAM", "STATES", "State", "homes_per_state", "measure_by_state"]


class State(NamedTuple):
    """One state or territory.

    `ccn` are the first two characters of its certification numbers, `zip3` the first three of its ZIP codes; places
    within it are spread around `lat` and `lon`. The rest are means over its homes.
    """

    code: str
    homes: int
    ccn: tuple[str, ...]
    lat: float
    lon: float
    area_code: int
    zip3: int
    residents: float
    aide: float
    lpn: float
    rn: float
    turnover: float
    rn_turnover: float
    case_mix: float
    deficiencies: float
    fire_deficiencies: float
    fines: float
    fine_usd: float
    rehospitalized: float


#: In geographic order, so that neighbours in the list are neighbours on the map: chains spread along it.
_TABLE = """
AK   20 02       61.4 -150.0 907 995  36.8 4.22 0.72 2.150 46.7 42.2 1.298  7.6  4.2 1.8  32939 19.0
HI   42 12       21.0 -157.5 808 967  78.9 2.81 0.38 1.575 35.6 33.6 1.470 11.2  1.5 1.4  33772 17.7
GU    1 65       13.5  144.8 671 969  12.7 2.29 0.88 0.668 48.8 45.5 1.356 17.0  1.0 1.0    650 23.2
WA  195 50       47.4 -121.5 206 980  71.0 2.62 0.85 0.901 50.9 48.2 1.442 17.2 12.4 2.1  78460 18.2
OR  126 38       44.5 -122.5 503 970  52.0 3.40 0.96 0.674 50.3 53.0 1.330 13.1  4.3 1.6  46545 20.2
CA 1168 05,55,75 36.5 -119.8 213 900  85.7 2.59 1.23 0.601 41.1 42.5 1.478 16.6  7.5 2.2  26657 22.7
NV   67 29       38.2 -116.5 702 889  88.7 2.30 0.90 0.979 45.8 41.2 1.477 12.5  9.6 1.7  15773 21.8
ID   79 13       43.9 -115.0 208 832  52.6 2.46 0.77 0.831 49.1 43.0 1.345  7.9  3.0 1.5  18766 16.4
MT   59 27       46.8 -110.5 406 590  53.7 2.54 0.55 0.860 59.6 52.4 1.209  8.2  6.4 3.5  62393 17.4
WY   33 53       42.8 -107.5 307 820  55.1 2.50 0.53 0.931 54.3 44.4 1.239  5.8  4.5 2.4  23224 15.2
UT   97 46       40.2 -111.7 801 840  57.4 2.32 0.52 1.145 56.9 47.0 1.503  8.3  4.4 1.7  30463 17.4
AZ  140 03       33.5 -111.9 602 850  80.9 2.30 1.05 0.715 48.4 46.8 1.415  5.5  1.8 0.6   6296 23.7
NM   67 32       34.9 -106.3 505 870  80.4 2.21 0.66 0.651 54.2 57.2 1.259 15.7  4.3 2.9  71694 21.3
CO  210 06       39.3 -104.9 303 800  70.1 2.22 0.70 0.850 54.6 51.9 1.294  8.7  7.0 2.8  37398 18.7
ND   74 35       47.2  -99.8 701 580  60.7 3.08 0.59 0.923 47.5 31.8 1.214  5.9  1.3 0.9  12819 18.7
SD   97 43       44.2  -99.4 605 570  50.4 2.52 0.48 0.796 50.4 34.9 1.233  4.3  1.1 1.3  17185 19.4
NE  187 28       41.2  -98.8 402 680  53.5 2.71 0.68 0.717 51.8 44.5 1.290  5.6  5.5 1.2  16113 20.4
KS  306 17       38.4  -97.3 316 660  49.2 2.66 0.66 0.726 51.2 43.5 1.229 10.5  9.7 1.6  21364 21.5
OK  287 37       35.6  -97.0 405 730  58.9 2.48 0.90 0.339 57.0 54.1 1.185  7.8  2.0 2.3  26250 25.5
TX 1187 45,67,74 31.5  -97.6 214 750  73.3 1.96 1.00 0.410 52.8 51.2 1.293  8.9  2.7 2.3  52224 24.5
LA  268 19       31.0  -92.0 225 700  88.4 2.26 1.17 0.306 48.8 40.4 1.255  8.5  1.1 1.8  43862 27.4
AR  217 04       34.9  -92.4 501 716  74.7 2.67 0.97 0.405 51.9 46.6 1.220  8.0  2.2 0.7  10290 24.5
MO  493 26       38.5  -92.3 314 630  71.1 2.23 0.68 0.437 58.4 54.9 1.220 12.1  7.5 2.4  36232 24.1
IA  405 16       42.0  -93.4 515 500  50.2 2.44 0.59 0.751 47.8 44.6 1.212  8.0  5.5 1.6  28148 21.3
MN  343 24       45.4  -94.3 612 550  58.2 2.52 0.67 1.029 45.0 41.6 1.213  7.6  4.9 1.7  27022 21.6
WI  330 52       44.0  -89.4 414 530  53.7 2.46 0.62 0.952 49.5 42.5 1.359  8.6  6.5 1.7  47494 21.6
MI  423 23       43.0  -84.6 313 480  81.3 2.27 0.88 0.754 50.2 45.8 1.294 10.9  5.4 2.0  68864 23.8
IL  680 14       40.8  -88.9 312 600  89.8 2.08 0.64 0.712 48.7 48.3 1.526 12.4  7.0 2.9 109723 25.3
IN  510 15       40.0  -86.2 317 460  69.9 2.23 0.78 0.634 50.7 44.2 1.507  7.7  5.6 1.2  21328 22.3
OH  926 36       40.3  -82.7 216 430  71.7 2.10 0.97 0.619 52.2 47.0 1.413 10.5  6.5 1.4  31933 24.6
KY  266 18       37.7  -85.3 502 400  78.6 2.31 0.83 0.738 50.3 43.6 1.425  4.7  3.5 1.0  27012 23.4
TN  308 44       35.8  -86.6 615 370  81.5 2.07 1.11 0.598 49.7 43.2 1.443  6.2  2.9 1.1  36879 22.0
MS  202 25       32.7  -89.7 601 386  73.4 2.37 1.09 0.602 46.4 39.5 1.205  5.8  0.3 0.9  21380 26.7
AL  224 01       33.0  -86.8 205 350  95.7 2.46 0.81 0.601 49.1 42.1 1.233  3.4  3.4 0.8  11855 24.4
GA  356 11       33.0  -83.6 404 300  86.4 2.11 0.97 0.476 49.9 45.3 1.372  5.9  3.8 1.5  21378 23.4
FL  699 10,68    28.2  -81.9 305 320 106.0 2.35 0.81 0.736 45.1 47.9 1.323  6.7  2.7 1.7  38204 25.3
PR    6 40       18.3  -66.4 787 006  21.6 0.00 1.26 3.894 30.7 32.4 1.253 12.0 18.3 5.3  34602 23.2
SC  189 42       34.0  -81.0 803 290  87.9 2.23 1.01 0.657 49.4 45.5 1.329  4.7  1.0 1.8  28408 23.9
NC  417 34       35.6  -79.4 704 270  82.8 2.29 0.89 0.574 52.5 47.1 1.319  7.2  4.5 1.6  57076 21.8
VA  289 49       37.5  -78.2 703 220  97.1 2.08 1.01 0.668 51.2 49.7 1.387 11.7  3.9 1.0  21307 22.2
WV  121 51       38.8  -80.7 304 250  77.6 2.01 0.91 0.716 48.0 40.4 1.309 15.7  3.5 1.0  27956 23.3
PA  666 39       40.6  -77.2 215 150 100.4 2.09 0.92 0.793 47.7 42.2 1.292 10.3  4.5 1.5  33183 22.5
MD  222 21       39.1  -76.8 301 206 104.2 2.15 0.92 0.838 44.3 45.3 1.393 17.0  7.7 1.1  25079 22.3
DC   17 09       38.9  -77.0 202 200 119.8 2.58 0.67 1.731 31.6 33.4 1.504 16.3  2.0 2.8 140854 21.0
DE   44 08       39.2  -75.6 302 197  87.8 2.47 1.02 1.061 47.8 44.3 1.334 11.7  1.4 1.2  47360 22.3
NJ  347 31       40.3  -74.4 201 070 117.0 2.14 0.93 0.715 44.1 43.3 1.372  7.9  4.9 1.8  36544 24.3
NY  606 33       42.0  -74.9 212 100 163.2 2.20 0.80 0.713 41.9 40.8 1.420  6.2  5.5 1.2  15790 20.5
CT  192 07       41.5  -72.8 203 060  99.8 2.21 0.83 0.708 39.2 40.1 1.310 10.7  4.5 1.5  27311 25.3
RI   74 41       41.7  -71.5 401 028  94.6 2.42 0.46 0.782 46.0 41.6 1.258  9.3  2.4 2.9  91034 24.4
MA  345 22       42.3  -71.6 617 010  95.0 2.21 0.97 0.645 44.4 49.0 1.340 10.7  2.6 1.9  57205 25.3
VT   34 47       44.2  -72.7 802 050  68.6 2.44 0.89 0.796 61.9 48.1 1.352  8.9  0.6 1.3  54113 18.9
NH   73 30       43.2  -71.5 603 030  79.4 2.28 0.77 0.725 48.2 44.9 1.294  5.0  2.9 0.9  16627 20.4
ME   80 20       44.5  -69.6 207 039  63.1 2.79 0.47 0.983 53.1 46.1 1.314  9.7  5.3 0.7   8161 19.7
"""


def _state(line: str) -> State:
    code, homes, ccn, lat, lon, area_code, zip3, *means = line.split()
    place = (float(lat), float(lon), int(area_code), int(zip3))
    return State(code, int(homes), tuple(ccn.split(",")), *place, *(float(mean) for mean in means))


#: All 53, in geographic order.
STATES: tuple[State, ...] = tuple(_state(line) for line in _TABLE.strip().splitlines())
#: Position of Guam, whose homes report no staffing.
GUAM = next(index for index, state in enumerate(STATES) if state.code == "GU")


def homes_per_state(homes: int) -> NDArray[np.int64]:
    """Share a number of homes out to the states: one to each, the rest by their true share (largest remainders)."""
    weights = [state.homes - 1 for state in STATES]
    spare = homes - len(STATES)
    counts = [1 + weight * spare // sum(weights) for weight in weights]
    by_remainder = sorted(range(len(STATES)), key=lambda index: (-(weights[index] * spare % sum(weights)), index))
    for index in by_remainder[: homes - sum(counts)]:
        counts[index] += 1
    return np.array(counts, dtype=np.int64)


def measure_by_state(name: str) -> NDArray[np.float64]:
    """One mean of every state, in the order of `STATES`."""
    return np.array([getattr(state, name) for state in STATES], dtype=np.float64)
