"""The public use file (DE-SynPUF): block after block of people with all their claims, written as they come."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nh_lakehouse.sample.claims.delivery import Delivery
from nh_lakehouse.sample.claims.era import SYNPUF, Chance, Flags
from nh_lakehouse.sample.claims.fills import fills_of
from nh_lakehouse.sample.claims.form import Columns, rows_n
from nh_lakehouse.sample.claims.headers import header_of
from nh_lakehouse.sample.claims.numbering import LATE
from nh_lakehouse.sample.claims.outpatient import outpatient_of
from nh_lakehouse.sample.claims.people import Customs, People, people_of
from nh_lakehouse.sample.claims.planting import Names, Planter
from nh_lakehouse.sample.claims.stays import Rates, stays_of
from nh_lakehouse.sample.claims.synpuf_carrier import carrier_rows, fill_rows
from nh_lakehouse.sample.claims.synpuf_facility import (
    Bills,
    inpatient_bills,
    inpatient_rows,
    outpatient_bills,
    outpatient_rows,
)
from nh_lakehouse.sample.claims.synpuf_people import YearlyAmounts, beneficiary_rows
from nh_lakehouse.sample.claims.synpuf_text import beneficiary_ids, event_ids, npis
from nh_lakehouse.sample.claims.truth import Tally
from nh_lakehouse.sample.claims.visits import Panel, Visits, chosen, repriced, visits_of
from nh_lakehouse.sample.randomness import Dice, Ints
from nh_lakehouse.sample.writing import Cells

__all__ = [
    "beneficiary_file",
    "claims_files",
    "header_line",
    "write_beneficiaries",
    "write_late_claims",
    "write_synpuf",
]

#: Published density of Sample 1: 0.57 inpatient, 6.8 outpatient, 40.7 carrier rows and 47.7 fills for each person.
_RATES = Rates(admissions=0.103)
_CARRIER, _OUTPATIENT = 19.8, 3.14
_CUSTOMS = Customs(
    neighbours=40,
    area=40,
    first_of_month=True,
    mortality=0.83,
    managed=(0.2225, 0.262, 0.275),
    drugs=(0.585, 0.80, 0.88),
    joining=(0.05, 0.0),
)
#: Five physicians in each market of 40 people, and room for planted ones.
_PANEL = Panel(primary=(0, 3), diagnostic=(3, 1), special=(4, 1), room=8, own=0.5, outside=0.6)
_BLOCK = 2_000
#: Amounts are published in tens of dollars.
_UNIT = 1_000

CLAIMS_FILES = {
    "syn_inpatient": "DE1_0_2008_to_2010_Inpatient_Claims_Sample_{}.csv",
    "syn_outpatient": "DE1_0_2008_to_2010_Outpatient_Claims_Sample_{}.csv",
    "syn_carrier_a": "DE1_0_2008_to_2010_Carrier_Claims_Sample_{}A{}.csv",
    "syn_carrier_b": "DE1_0_2008_to_2010_Carrier_Claims_Sample_{}B{}.csv",
    "syn_pde": "DE1_0_2008_to_2010_Prescription_Drug_Events_Sample_{}.csv",
}


def claims_files(ending: str = "") -> dict[str, str]:
    """Names of the claims files of Sample 1; a later delivery has an ending such as `_late`."""
    return {
        key: name.format("1", ending) if "carrier" in key else name.format(f"1{ending}")
        for key, name in CLAIMS_FILES.items()
    }


def beneficiary_file(year: int) -> str:
    """Name of the beneficiary file of a year, 0 is the first."""
    return f"DE1_0_{SYNPUF.first_year + year}_Beneficiary_Summary_File_Sample_1.csv"


def header_line(data_set: str) -> str:
    """The header as published: every name in quotes."""
    return ",".join(f'"{name}"' for name in header_of(data_set))


def synpuf_chance(dice: Dice) -> Chance:
    """The chance of this source."""
    return Chance(dice, "synpuf")


@dataclass(frozen=True)
class _Block:
    """Some people with everything that happens to them."""

    chance: Chance
    people: People
    ids: Cells
    stays: Columns
    carrier: Visits
    outpatient: Visits
    fills: Columns


def write_synpuf(delivery: Delivery, dice: Dice, people: int, years: int, tally: Tally) -> None:
    """Write beneficiary files of the first `years` years, and all claims files, for so many people."""
    files = claims_files()
    for year in range(years):
        delivery.open(beneficiary_file(year), header_line("syn_beneficiary"))
    open_claims(delivery, files)
    for begin in range(0, people, _BLOCK):
        numbers = np.arange(begin, min(begin + _BLOCK, people))
        block = _simulated(synpuf_chance(dice), synpuf_chance(dice), numbers)
        tally.add_stays("synpuf", block.stays)
        if begin == 0:
            block = _planted(block, tally)
        amounts = write_claims(delivery, files, block, tally)
        tally.people["synpuf"] += len(block.people)
        for year in range(years):
            _write_year(delivery, block.ids, block.people, year, amounts, tally)


def open_claims(delivery: Delivery, files: dict[str, str]) -> None:
    """Begin the claims files."""
    for key, name in files.items():
        delivery.open(name, header_line(key.removesuffix("_a").removesuffix("_b")))


def write_beneficiaries(delivery: Delivery, dice: Dice, people: int, year: int, tally: Tally) -> None:
    """Write the beneficiary file of one year alone, without amounts."""
    delivery.open(beneficiary_file(year), header_line("syn_beneficiary"))
    for begin in range(0, people, 4 * _BLOCK):
        numbers = np.arange(begin, min(begin + 4 * _BLOCK, people))
        found = people_of(synpuf_chance(dice), SYNPUF, _CUSTOMS, numbers)
        ids = beneficiary_ids(synpuf_chance(dice), numbers)
        _write_year(delivery, ids, found, year, YearlyAmounts(len(found)), tally)


def write_late_claims(delivery: Delivery, dice: Dice, numbers: Ints, ending: str, tally: Tally) -> None:
    """Write further claims of some people, as many again as they have; who was in hospital is not again."""
    files = claims_files(ending)
    open_claims(delivery, files)
    chance = synpuf_chance(dice)
    for begin in range(0, len(numbers), _BLOCK):
        first = _simulated(chance, chance, numbers[begin : begin + _BLOCK])
        block = _simulated(chance, chance.within("late"), numbers[begin : begin + _BLOCK])
        new = ~np.isin(block.stays["person"], first.stays["person"])
        stays = {name: values[new] for name, values in block.stays.items()}
        for columns in (block.carrier.claims, block.outpatient.claims, block.fills):
            columns["index"] = columns["index"] + LATE
        write_claims(delivery, files, replace(block, stays=stays), tally, first_index=LATE)


def _simulated(whose: Chance, chance: Chance, numbers: Ints) -> _Block:
    """People with the given numbers, and what happens to them by another chance or the same."""
    people = people_of(whose, SYNPUF, _CUSTOMS, numbers)
    stays = stays_of(chance.within("stays"), SYNPUF, people, _RATES)
    carrier = visits_of(chance.within("carrier"), SYNPUF, people, stays, _PANEL, _CARRIER)
    return _Block(
        chance=chance,
        people=people,
        ids=beneficiary_ids(whose, numbers),
        stays=stays,
        carrier=replace(carrier, lines=repriced(carrier.lines, _UNIT)),
        outpatient=outpatient_of(chance.within("outpatient"), SYNPUF, people, _PANEL, _OUTPATIENT),
        fills=fills_of(chance.within("pde"), SYNPUF, people),
    )


def _planted(block: _Block, tally: Tally) -> _Block:
    names = Names(
        person=lambda position: str(block.ids[position].as_py()),
        doctor=lambda doctor: str(npis(np.array([doctor]))[0].as_py()),
        event=lambda kind, number, index: str(event_ids(kind, np.array([number]), np.array([index]))[0].as_py()),
    )
    planter = Planter(SYNPUF, block.people, names, tally, _UNIT, _PANEL.room)
    # What prices everything anew comes before what leaves single lines wrong or is copied.
    carrier = planter.overpaid(planter.upcoded(planter.expensive(block.carrier, doctor=2), doctor=1))
    planter.duplicates(carrier)
    planter.after_death()
    planter.crowded_day(doctor=6)
    planter.early_refills(block.fills)
    planter.fills_after_death(block.fills)
    return replace(
        block,
        stays=planter.overlapping(block.stays),
        carrier=planter.with_claims(carrier),
        fills=planter.with_fills(block.fills),
    )


def write_claims(
    delivery: Delivery, files: dict[str, str], block: _Block, tally: Tally, first_index: int = 0
) -> YearlyAmounts:
    """Write the claims of a block; what they sum up to for each person and year."""
    amounts = YearlyAmounts(len(block.people))
    stays = inpatient_bills(block.chance.within("inpatient"), block.people, block.stays, first_index)
    delivery.write(files["syn_inpatient"], inpatient_rows(block.chance.within("inpatient"), block.ids, stays))
    visits = outpatient_bills(block.chance.within("outpatient"), block.people, block.outpatient)
    delivery.write(files["syn_outpatient"], outpatient_rows(block.chance.within("outpatient"), block.ids, visits))
    for key, kind, bills in (("inpatient", "IP", stays), ("outpatient", "OP", visits)):
        amounts.add(kind, bills.rows["person"], bills.rows["charged"], bills.rows)
        _count_bills(tally, key, bills)
    carrier = block.carrier
    half = carrier.claims["index"] % 2
    for key, part in (("syn_carrier_a", 0), ("syn_carrier_b", 1)):
        delivery.write(files[key], carrier_rows(block.ids, chosen(carrier, np.flatnonzero(half == part))))
    claim = carrier.lines["claim"]
    amounts.add("CAR", carrier.claims["person"][claim], carrier.claims["day"][claim], carrier.lines)
    tally.add_claims("syn_carrier", rows_n(carrier.claims), rows_n(carrier.lines), carrier.lines["paid"])
    delivery.write(files["syn_pde"], fill_rows(block.ids, block.fills))
    # Amounts are cut to tens of dollars in the file.
    tally.add_claims("syn_pde", rows_n(block.fills), rows_n(block.fills), block.fills["cost"] // _UNIT * _UNIT)
    return amounts


def _count_bills(tally: Tally, key: str, bills: Bills) -> None:
    rows = bills.rows
    first = (rows["segment"] == 1) | ~_of_claim_before(rows)
    lines = int(rows["services"].sum()) if "services" in rows else 0
    tally.add_claims(f"syn_{key}", int(first.sum()), lines, rows["paid"])
    tally.cases[f"synpuf/{key}_segment_2"] += int((rows["segment"] == 2).sum())
    tally.cases[f"synpuf/{key}_segment_2_alone"] += int(((rows["segment"] == 2) & first).sum())
    tally.cases[f"synpuf/{key}_negative"] += int((rows["paid"] < 0).sum())


def _of_claim_before(rows: Columns) -> Flags:
    """Whether each row is of the claim before."""
    same = (rows["number"][1:] == rows["number"][:-1]) & (rows["index"][1:] == rows["index"][:-1])
    return np.concatenate([np.zeros(1, dtype=bool), same])[: rows_n(rows)]


def _write_year(
    delivery: Delivery, ids: Cells, people: People, year: int, amounts: YearlyAmounts, tally: Tally
) -> None:
    cells, here = beneficiary_rows(ids, people, year, amounts)
    delivery.write(beneficiary_file(year), cells)
    tally.beneficiaries[f"synpuf/{SYNPUF.first_year + year}"] += len(cells)
    tally.deaths["synpuf"] += int((here & (people.death < SYNPUF.year_starts[year + 1])).sum())
