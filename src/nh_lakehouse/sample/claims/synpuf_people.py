"""Rows of the beneficiary files, one file for each year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nh_lakehouse.sample.claims.codes import CONDITIONS
from nh_lakehouse.sample.claims.era import NEVER, SYNPUF, Flags
from nh_lakehouse.sample.claims.form import Columns, Form
from nh_lakehouse.sample.claims.headers import header_of
from nh_lakehouse.sample.claims.people import People
from nh_lakehouse.sample.claims.places import PLACES, county_code
from nh_lakehouse.sample.claims.synpuf_text import coded
from nh_lakehouse.sample.randomness import Ints
from nh_lakehouse.sample.writing import Cells, choice, decimal, number

__all__ = ["YearlyAmounts", "beneficiary_rows", "months_between"]

_FORM = Form(header_of("syn_beneficiary"), ",", {})
_TYPES = ("IP", "OP", "CAR")
_YEARS = SYNPUF.years + 1


@dataclass
class YearlyAmounts:
    """What was paid for each person in each year, in cents: by Medicare, by the person, by other payers."""

    size: int

    def __post_init__(self) -> None:
        self.sums: dict[str, Ints] = {}

    def add(self, claim_type: str, person: Ints, day: Ints, amounts: Columns) -> None:
        """Add the amounts `paid`, `deductible`, `coinsurance`, `primary` of one type of claims (IP, OP, CAR)."""
        shares = {
            "MEDREIMB": amounts["paid"],
            "BENRES": amounts["deductible"] + amounts["coinsurance"],
            "PPPYMT": amounts["primary"],
        }
        place = person * _YEARS + SYNPUF.year_of(day)
        for name, cents in shares.items():
            sums = np.bincount(place, weights=cents, minlength=self.size * _YEARS).astype(np.int64)
            known = self.sums.get(f"{name}_{claim_type}", np.zeros(self.size * _YEARS, dtype=np.int64))
            self.sums[f"{name}_{claim_type}"] = known + sums

    def of(self, column: str, year: int) -> Ints:
        """One column of a year."""
        return self.sums.get(column, np.zeros(self.size * _YEARS, dtype=np.int64)).reshape(self.size, _YEARS)[:, year]


def months_between(begin: Ints, end: Ints, year: int) -> Ints:
    """Months of a year from the one of the first day to the one of the last."""
    first = np.maximum(SYNPUF.month_of(begin), 12 * year)
    last = np.minimum(np.where(end >= NEVER, 10_000, SYNPUF.month_of(end)), 12 * year + 11)
    return np.maximum(last - first + 1, 0)


def beneficiary_rows(ids: Cells, people: People, year: int, amounts: YearlyAmounts) -> tuple[Cells, Flags]:
    """The rows of people alive at the beginning of a year, and who these are."""
    here = people.alive_at(int(SYNPUF.year_starts[year]))
    rows = np.flatnonzero(here)
    entry, death = people.entry[rows], people.death[rows]
    covered = months_between(entry, death, year)
    managed = np.where(people.has_a[rows], months_between(np.maximum(people.managed_from[rows], entry), death, year), 0)
    drugs = months_between(np.maximum(people.drugs_from[rows], entry), death, year)
    # A death that the file of this year cannot know yet stays out of it.
    known = death < SYNPUF.year_starts[year + 1]
    died = np.where(known, SYNPUF.month_starts[SYNPUF.month_of(np.where(known, death, 0))], NEVER)
    state, county = people.state[rows, year], people.county[rows, year]
    cells = _FORM.rows(
        {
            "DESYNPUF_ID": pc.take(ids, pa.array(rows)),
            "BENE_BIRTH_DT": SYNPUF.dates(people.birth[rows]),
            "BENE_DEATH_DT": SYNPUF.dates(died),
            "BENE_SEX_IDENT_CD": choice(people.sex[rows], ("", "1", "2")),
            "BENE_RACE_CD": number(people.race[rows]),
            "BENE_ESRD_IND": choice(people.kidney[rows, year], ("0", "Y")),
            "SP_STATE_CODE": choice(state, [place.ssa for place in PLACES]),
            "BENE_COUNTY_CD": coded(state * 100 + county, lambda key: county_code(*divmod(key, 100))),
            "BENE_HI_CVRAGE_TOT_MONS": number(covered * people.has_a[rows]),
            "BENE_SMI_CVRAGE_TOT_MONS": number(covered * people.has_b[rows]),
            "BENE_HMO_CVRAGE_TOT_MONS": number(managed),
            "PLAN_CVRG_MOS_NUM": choice(drugs, [f"{months:02d}" for months in range(13)]),
            **_flags(people, rows, year),
            **{
                f"{name}_{kind}": decimal(amounts.of(f"{name}_{kind}", year)[rows], 2)
                for kind in _TYPES
                for name in ("MEDREIMB", "BENRES", "PPPYMT")
            },
        }
    )
    return cells, here


def _flags(people: People, rows: Ints, year: int) -> dict[str, Cells]:
    """1 = yes, 2 = no."""
    yes = people.reported[rows, :, year]
    return {f"SP_{name}": choice(yes[:, place], ("2", "1")) for place, name in enumerate(CONDITIONS)}
