"""People: when they were born, died and came into Medicare, where they live, which plans and conditions they have."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from nh_lakehouse.sample.claims.codes import CONDITION_SHARES
from nh_lakehouse.sample.claims.era import NEVER, Chance, Era, Flags
from nh_lakehouse.sample.claims.places import COUNTIES, PLACES, home_state
from nh_lakehouse.sample.randomness import Floats, Ints, Quantiles, normal, stepped

__all__ = ["Customs", "People", "people_of"]

#: Age on 1 January of the first year: 16 pct below 65, 42 pct to 74, 28 pct to 84 (published file of 2008).
_AGES = Quantiles((25, 45, 55, 65, 70, 75, 80, 85, 90, 101), (0, 0.04, 0.09, 0.164, 0.38, 0.584, 0.74, 0.868, 0.95, 1))
#: Share of people who die in a year, by age from 0 to 110; 144 of 10,000 in the published file of 2008.
_MORTALITY: Floats = np.array(
    [0.006 if age < 65 else 0.008 if age < 75 else 0.017 if age < 85 else 0.045 for age in range(111)]
)
#: How much care people use, beside their conditions: mean about 1.
_ACTIVITY = Quantiles((0.05, 0.2, 0.35, 0.6, 1.0, 1.6, 2.4, 5.0), (0, 0.1, 0.25, 0.45, 0.65, 0.85, 0.96, 1))
_NORMAL = NormalDist()
#: Conditions come together: this part of the tendency to each is the person's own.
_SHARED, _OWN = 0.5, 0.866
_THRESHOLDS: Floats = np.array([round(_NORMAL.inv_cdf(1 - share), 9) for share in CONDITION_SHARES])
_MOVES, _FAR = 0.02, 0.25


@dataclass(frozen=True)
class Customs:
    """What differs between the sources.

    Attributes:
        neighbours: people of one market, who share its physicians and hospitals.
        area: people who live in one state.
        first_of_month: births and deaths are published as the first day of their month.
        mortality: factor on the share who die.
        managed: shares of people in managed care (who have no claims) in the first year, by the second, by the third.
        drugs: shares with part D in the same years.
        joining: share who come into Medicare in the first year, and in each later one.
    """

    neighbours: int
    area: int
    first_of_month: bool
    mortality: float
    managed: tuple[float, float, float]
    drugs: tuple[float, float, float]
    joining: tuple[float, float]


@dataclass(frozen=True)
class People:
    """Some people, one in each position; days as in `Era`, years from the first to the one after the last with claims.

    Attributes:
        numbers: which people of the source, from 0 on.
        market: the neighbourhood.
        birth: day of birth.
        death: day of death or `NEVER`.
        entry: day on which Medicare begins, 0 or earlier for most.
        managed_from: day from which managed care pays, or `NEVER`.
        drugs_from: day from which there is part D, or `NEVER`.
        has_a: has part A.
        has_b: has part B.
        sex: 1 male, 2 female.
        race: code of SynPUF.
        state: position of the state in each year.
        county: number of the county in each year.
        onset: year from which each condition is there, or `NEVER`.
        reported: whether each condition is flagged in each year.
        kidney: end-stage renal disease in each year.
        activity: how much care is used, mean 1.
        poor: entitled to Medicaid.
    """

    numbers: Ints
    market: Ints
    birth: Ints
    death: Ints
    entry: Ints
    managed_from: Ints
    drugs_from: Ints
    has_a: Flags
    has_b: Flags
    sex: Ints
    race: Ints
    state: Ints
    county: Ints
    onset: Ints
    reported: Flags
    kidney: Flags
    activity: Floats
    poor: Flags

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def paid_until(self) -> Ints:
        """The first day on which no claim is paid any more: after death, or in managed care."""
        return np.minimum(self.death + 1, self.managed_from)

    def alive_at(self, day: int) -> Flags:
        """Who is alive at the beginning of a day."""
        found: Flags = self.death >= day
        return found

    def conditions_n(self) -> Ints:
        """How many conditions each person has or will have."""
        return np.asarray((self.onset < NEVER).sum(axis=1), dtype=np.int64)


def people_of(chance: Chance, era: Era, customs: Customs, numbers: Ints) -> People:
    """The people with the given numbers."""
    years = era.years + 1
    market = numbers // customs.neighbours
    birth = _births(chance, era, numbers)
    entry = _entries(chance, era, customs, numbers)
    entry = np.where(birth > -50 * 365, np.minimum(entry, 0), entry)
    birth = np.where(entry > 0, _turning_65(era, entry), birth)
    birth = birth if customs.first_of_month else birth + chance.below("day of birth", 28, numbers)
    death = _deaths(chance, era, customs, numbers, birth)
    death = np.where(death < entry + 40, NEVER, death)
    coverage = chance.uniform("coverage", numbers)
    state, county = _homes(chance, years, numbers, numbers // customs.area)
    tendency = _SHARED * normal(chance.uniform("frailty", numbers))
    onset = _onsets(chance, numbers, tendency)
    reported = (onset[:, :, None] <= np.arange(years)) & _flagged(chance, years, numbers)
    kidney_u = chance.uniform("kidney", numbers)
    kidney = (kidney_u[:, None] < 0.33 + 0.05 * np.arange(years)) & (onset[:, 2:3] <= np.arange(years))
    return People(
        numbers=numbers,
        market=market,
        birth=birth,
        death=death,
        entry=entry,
        managed_from=_joined(chance, era, "managed", customs.managed, numbers),
        drugs_from=_joined(chance, era, "drugs", customs.drugs, numbers),
        has_a=(coverage < 0.955),
        has_b=((coverage < 0.905) | (coverage > 0.9945)),
        sex=1 + chance.happens("sex", 0.549, numbers).astype(np.int64),
        race=np.array([1, 2, 3, 5])[stepped(chance.uniform("race", numbers), (0.82, 0.112, 0.045, 0.023))],
        state=state,
        county=county,
        onset=onset,
        reported=reported,
        kidney=kidney,
        activity=_ACTIVITY(chance.uniform("activity", numbers)),
        poor=chance.happens("poor", 0.18, numbers),
    )


def _births(chance: Chance, era: Era, numbers: Ints) -> Ints:
    """The first day of a month, as published."""
    months = -np.floor(_AGES(chance.uniform("age", numbers)) * 12).astype(np.int64)
    return _first_of_month(era, months)


def _first_of_month(era: Era, months: Ints) -> Ints:
    """The first day of months before or after the first."""
    zero = np.datetime64(f"{era.first_year}-01", "M")
    days = (zero + months).astype("datetime64[D]") - zero.astype("datetime64[D]")
    return days.astype(np.int64)


def _turning_65(era: Era, entry: Ints) -> Ints:
    """Birth of people who come into Medicare on the first of the month in which they turn 65."""
    return _first_of_month(era, era.month_of(np.maximum(entry, 0)) - 65 * 12)


def _entries(chance: Chance, era: Era, customs: Customs, numbers: Ints) -> Ints:
    """The first of a month of the first year for some, of a later one for others, else long ago."""
    first, later = customs.joining
    u = chance.uniform("joins", numbers)
    year = np.where(u < first, 0, np.where(u < first + later * era.years, 1 + (u - first) // max(later, 1e-9), -1))
    month = 12 * year.astype(np.int64) + 1 + chance.below("joins in month", 11, numbers)
    return np.where(year < 0, -400, era.month_starts[np.clip(month, 0, len(era.month_starts) - 1)])


def _deaths(chance: Chance, era: Era, customs: Customs, numbers: Ints, birth: Ints) -> Ints:
    death = np.full(len(numbers), NEVER, dtype=np.int64)
    for year in range(era.years, -1, -1):
        age = np.clip((era.year_starts[year] - birth) // 365, 0, 110)
        risk = _MORTALITY[age] * customs.mortality
        u = chance.uniform("death", numbers, year)
        month = 12 * year + np.minimum(np.floor(u / risk * 12), 11).astype(np.int64)
        day = chance.below("day of death", 28, numbers)
        death = np.where(u < risk, era.month_starts[month] + day, death)
    return death


def _joined(chance: Chance, era: Era, what: str, shares: tuple[float, float, float], numbers: Ints) -> Ints:
    """The first of the month from which people are in a plan: before the first year, in a later one, or never.

    Most who are in it in the first year were before; those who come later join in a month of that year.
    """
    u = chance.uniform(what, numbers)
    year = np.searchsorted(np.array([shares[0] * 0.9, *shares]), u, side="right") - 1
    month = np.maximum(year, 0) * 12 + chance.below(f"{what} month", 12, numbers)
    day = np.where(year < 0, -400, era.month_starts[np.minimum(month, len(era.month_starts) - 1)])
    return np.where(u >= shares[-1], NEVER, day)


def _homes(chance: Chance, years: int, numbers: Ints, area: Ints) -> tuple[Ints, Ints]:
    """State and county in each year; now and then somebody moves to another county, a quarter of them far away."""
    state = np.repeat(home_state(area)[:, None], years, axis=1)
    county = np.repeat(chance.below("county", COUNTIES, area, chance.below("corner", 3, numbers))[:, None], years, 1)
    for year in range(1, years):
        moves = chance.happens("moves", _MOVES, numbers, year)
        far = moves & chance.happens("far", _FAR, numbers, year)
        elsewhere = chance.below("new state", len(PLACES), numbers, year)
        state[:, year:] = np.where(far, elsewhere, state[:, year])[:, None]
        there = (county[:, year] + 1 + chance.below("new county", COUNTIES - 1, numbers, year)) % COUNTIES
        county[:, year:] = np.where(moves, there, county[:, year])[:, None]
    return state, county


def _onsets(chance: Chance, numbers: Ints, tendency: Floats) -> Ints:
    which = np.arange(len(CONDITION_SHARES))
    score = tendency[:, None] + _OWN * normal(chance.uniform("condition", numbers[:, None], which))
    year = stepped(chance.uniform("onset", numbers[:, None], which).ravel(), (0.84, 0.12, 0.03, 0.01))
    return np.where(score > _THRESHOLDS, year.reshape(score.shape), NEVER)


def _flagged(chance: Chance, years: int, numbers: Ints) -> Flags:
    """Whether a condition is flagged in a year in which it is there: less often in 2010, as published."""
    share = np.array([0.97, 0.97, 0.66, 0.66])[:years]
    keys = (numbers[:, None, None], np.arange(len(CONDITION_SHARES))[:, None], np.arange(years))
    found: Flags = chance.uniform("flagged", *keys) < share
    return found
