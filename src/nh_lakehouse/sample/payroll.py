"""Daily nurse staffing (Payroll-Based Journal): one row per home and day of a quarter, hours by job and employment.

Over the quarter the hours per resident of a home are those that Provider Information states, on weekends and overall,
up to the rounding of hours to cents. A few homes report days without residents, some days have no registered nurse.
Hours are whole numbers in 1/100; homes are handled in blocks, so memory does not grow with their number.

Shares of jobs and of contract staff are those of the second quarter of 2024 (7 % of the hours are contracted).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nh_lakehouse.sample.homes import Homes, published
from nh_lakehouse.sample.periods import quarter_days, quarter_label
from nh_lakehouse.sample.places import places_of
from nh_lakehouse.sample.randomness import Dice, Quantiles
from nh_lakehouse.sample.staffing import HOUR_UNIT, Staffing
from nh_lakehouse.sample.writing import Cells, choice, joined, number, quoted_if_blank, text

__all__ = [
    "PAYROLL_BLOCK",
    "Block",
    "blocks_of",
    "census_of",
    "day_columns",
    "hours_text",
    "payroll_homes",
    "payroll_lines",
    "payroll_name",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: Homes in one block: 1,024 homes x 91 days x 33 columns take about 150 MB.
PAYROLL_BLOCK = 1_024
_CENTS = 100
#: Share of the hours of contract staff in a home: none in a third of the homes, more than half in one of a hundred.
_CONTRACT = Quantiles((0, 0, 0.012, 0.058, 0.15, 0.315, 0.52, 0.8), (0, 0.34, 0.5, 0.7, 0.85, 0.95, 0.99, 1))
#: Contract hours of each job against those of its home.
_CONTRACT_BY_JOB = {
    "rndon": 0.3,
    "rnadmin": 0.35,
    "rn": 1.15,
    "lpnadmin": 0.15,
    "lpn": 1.3,
    "cna": 1.0,
    "natrn": 0.15,
    "medaide": 0.35,
}
_ROUND_HOURS = 0.45
_EMPTY_HOMES, _EMPTY_DAYS = 0.012, 0.06
_NO_NURSE_HOMES, _NO_NURSE_DAYS = 0.07, 0.12


@dataclass(frozen=True)
class Block:
    """Homes of a block: their numbers as a column, so that days spread along the rows."""

    dice: Dice
    homes: Homes
    staffing: Staffing
    rows: Ints
    days: Ints
    weekend: Flags

    def uniform(self, what: str) -> Floats:
        """One number per home, as a column."""
        return self.dice.uniform(f"payroll {what}", self.rows)[:, None]

    def daily(self, what: str) -> Floats:
        """One standard normal number per home and day."""
        return self.dice.normal(f"payroll {what}", self.rows[:, None], self.days)

    def chance(self, what: str) -> Floats:
        """One number in (0, 1) per home and day."""
        return self.dice.uniform(f"payroll {what}", self.rows[:, None], self.days)


def payroll_name(quarter: int) -> str:
    """Name of the file of a quarter."""
    return f"PBJ_Daily_Nurse_Staffing_Q{quarter % 4 + 1}_{quarter // 4}.csv"


def payroll_homes(homes: Homes, staffing: Staffing) -> Ints:
    """Numbers of the homes that stand in the file of the quarter, in order of their certification numbers."""
    rows = published(homes)
    return rows[staffing.in_payroll[rows]]


def blocks_of(dice: Dice, homes: Homes, staffing: Staffing) -> Iterator[tuple[Block, list[str]]]:
    """The homes of a quarter a block at a time, with the days as they are written."""
    rows = payroll_homes(homes, staffing)
    dates = quarter_days(staffing.quarter)
    days = np.array([day.toordinal() for day in dates], dtype=np.int64)
    weekend = np.array([day.weekday() >= 5 for day in dates])
    stamps = [day.strftime("%Y%m%d") for day in dates]
    for begin in range(0, len(rows), PAYROLL_BLOCK):
        yield Block(dice, homes, staffing, rows[begin : begin + PAYROLL_BLOCK], days, weekend), stamps


def payroll_lines(dice: Dice, homes: Homes, staffing: Staffing) -> Iterator[Cells]:
    """The data records of a quarter, a block of homes at a time, each home with all its days."""
    for block, stamps in blocks_of(dice, homes, staffing):
        yield _lines(block, stamps)


def _lines(block: Block, stamps: list[str]) -> Cells:
    census, by_job = _census_and_hours(block)
    columns = day_columns(block, stamps, census)
    for job, hours in by_job.items():
        contract = _contract(block, job, hours)
        columns += [hours_text(values) for values in (hours, hours - contract, contract)]
    return joined(columns)


def day_columns(block: Block, stamps: list[str], census: Ints) -> list[Cells]:
    """The home, the quarter, the day and the residents reported for it, for every home and day."""
    homes, days = len(block.rows), len(block.days)
    places = places_of(block.homes, block.rows)
    home = joined(
        [
            text(block.homes.ccn[block.rows]),
            quoted_if_blank(text(block.homes.name[block.rows])),
            quoted_if_blank(places.town),
            places.state,
            quoted_if_blank(places.county),
            places.county_fips,
            choice(np.zeros(homes), [quarter_label(block.staffing.quarter)]),
        ]
    )
    return [
        pc.take(home, pa.array(np.repeat(np.arange(homes), days))),
        choice(np.tile(np.arange(days), homes), stamps),
        number(census.ravel()),
    ]


def census_of(block: Block) -> tuple[Ints, Ints]:
    """Residents of every home and day: those who are there, and those who are reported."""
    residents = block.staffing.residents[block.rows][:, None] / 10
    knots = np.arange(0, len(block.days) + 14, 7)
    level = block.dice.normal("payroll census", block.rows[:, None], block.days[0] + knots)
    week, part = np.divmod(np.arange(len(block.days)), 7)
    slow = level[:, week] + (level[:, week + 1] - level[:, week]) * (part / 7)
    moved = 1 + slow * 0.03 + block.daily("census day") * 0.01
    census = np.maximum(1, np.rint(residents * moved)).astype(np.int64)
    empty = (block.uniform("empty") < _EMPTY_HOMES) & (block.chance("empty day") < _EMPTY_DAYS)
    return census, np.where(empty, 0, census)


def _census_and_hours(block: Block) -> tuple[Ints, dict[str, Ints]]:
    """Residents and hours by job of every home and day; hours keep the pooled hours per resident of the quarter."""
    census, reported = census_of(block)
    rates = _rates(block, reported)
    hours = {group: _spread(block, group, (census, reported), rates[group]) for group in rates}
    return reported, _jobs(block, hours)


def _rates(block: Block, census: Ints) -> dict[str, tuple[Floats, Floats]]:
    """Hours per resident and day on weekdays and weekends, by group, such that both published figures come out."""
    staffing, rows = block.staffing, block.rows
    all_days, weekend_days = census.sum(axis=1), (census * block.weekend).sum(axis=1)
    rest = staffing.hours["weekend"][rows] - staffing.rn_weekend[rows]
    others = np.maximum(staffing.hours["lpn"][rows] + staffing.hours["aide"][rows], 1)
    found = {}
    for group in ("rn", "lpn", "aide"):
        total = staffing.hours[group][rows]
        weekend = staffing.rn_weekend[rows] if group == "rn" else total * rest / others
        weekday = np.maximum(total * all_days - weekend * weekend_days, 0) / np.maximum(all_days - weekend_days, 1)
        found[group] = (weekday / HOUR_UNIT, weekend / HOUR_UNIT)
    return found


def _spread(block: Block, group: str, residents: tuple[Ints, Ints], rates: tuple[Floats, Floats]) -> Ints:
    """Hours of a group by day: rate times residents, with noise that leaves the sums of weekdays and weekends alone.

    `residents` are those who are there and those who are reported: days reported empty have hours all the same, and
    take no part in the sums.
    """
    census, reported = residents
    size = 0.16 if group == "rn" else 0.09
    noise = np.maximum(1_000 + np.rint(block.daily(group) * (size * 1_000)), 100).astype(np.int64)
    if group == "rn":
        lacking = (block.uniform("no nurse") < _NO_NURSE_HOMES) & (block.chance("no nurse day") < _NO_NURSE_DAYS)
        noise = np.where(lacking, 0, noise)
    weighted = census * noise
    hours = np.zeros(census.shape, dtype=np.int64)
    for kind, rate in ((~block.weekend, rates[0]), (block.weekend, rates[1])):
        wanted = (reported * kind).sum(axis=1) * rate
        scale = wanted * _CENTS / np.maximum((reported * noise * kind).sum(axis=1), 1)
        hours[:, kind] = np.rint(weighted[:, kind] * scale[:, None]).astype(np.int64)
    return hours


def _jobs(block: Block, hours: dict[str, Ints]) -> dict[str, Ints]:
    """Hours of the eight jobs, in the order of the file; those of a group add up to its hours."""
    weekday = ~block.weekend[None, :]
    nurse, practical, aide = hours["rn"], hours["lpn"], hours["aide"]
    director = np.minimum(np.where(block.uniform("director") < 0.35, 750, 800), nurse * 45 // 100)
    director = np.where(weekday & (block.chance("director day") < 0.97), director, 0)
    desk = block.uniform("desk") * np.where(weekday, 0.56, 0.18)
    administration = np.floor((nurse - director) * desk).astype(np.int64)
    share = np.maximum(block.uniform("lpn desk") - 0.45, 0) * np.where(weekday, 0.7, 0.25)
    practical_desk = np.floor(practical * share).astype(np.int64)
    trainees = np.floor(aide * np.maximum(block.uniform("trainees") - 0.72, 0) * 0.6).astype(np.int64)
    medication = np.floor(aide * np.maximum(block.uniform("medication") - 0.6, 0) * 0.6).astype(np.int64)
    parts = {
        "rndon": director,
        "rnadmin": administration,
        "rn": nurse - director - administration,
        "lpnadmin": practical_desk,
        "lpn": practical - practical_desk,
        "cna": aide - trainees - medication,
        "natrn": trainees,
        "medaide": medication,
    }
    quarters = block.uniform("round hours") < _ROUND_HOURS
    return {job: np.where(quarters, (values + 12) // 25 * 25, values) for job, values in parts.items()}


def _contract(block: Block, job: str, hours: Ints) -> Ints:
    """Contract hours of a job: the home's share, more on some days than on others."""
    share = _CONTRACT(block.uniform("contract")) * _CONTRACT_BY_JOB[job]
    swing = block.chance("contract day") * 1.4 + 0.3
    contract = np.floor(hours * np.minimum(share * swing, 1.0)).astype(np.int64)
    quarters = block.uniform("round hours") < _ROUND_HOURS
    return np.where(quarters, contract // 25 * 25, contract)


def hours_text(hours: Ints) -> Cells:
    """Hours as short as can be: `8`, `7.5`, `22.96`."""
    flat = hours.ravel()
    size = 1 << int(flat.max(initial=0)).bit_length()
    return pc.take(_hours_table(max(size, 4_096)), pa.array(flat))


@lru_cache(maxsize=24)
def _hours_table(size: int) -> Cells:
    whole, rest = np.divmod(np.arange(size), _CENTS)
    endings = ["" if value == 0 else f".{value:02d}".rstrip("0") for value in range(_CENTS)]
    return pc.binary_join_element_wise(pa.array(whole).cast(pa.string()), choice(rest, endings), "")
