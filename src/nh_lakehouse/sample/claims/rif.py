"""The research files (RIF) in the layout of Synthea: people, eight kinds of claims, drug events, export summary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from nh_lakehouse.sample.claims.after_care import equipment_of, home_care_of, hospice_of, nursing_of, unvisited
from nh_lakehouse.sample.claims.delivery import Delivery
from nh_lakehouse.sample.claims.era import NEVER, RIF, Chance
from nh_lakehouse.sample.claims.fills import fills_of
from nh_lakehouse.sample.claims.form import Columns, Form
from nh_lakehouse.sample.claims.headers import header_of
from nh_lakehouse.sample.claims.numbering import LATE
from nh_lakehouse.sample.claims.outpatient import outpatient_of
from nh_lakehouse.sample.claims.people import Customs, People, people_of
from nh_lakehouse.sample.claims.planting import Names, Planter, without
from nh_lakehouse.sample.claims.rif_care import home_care_rows, hospice_rows, outpatient_claim_rows
from nh_lakehouse.sample.claims.rif_carrier import ROOM, denied_some, equipment_rows, physician_rows, supplier_npis
from nh_lakehouse.sample.claims.rif_fills import drug_rows, with_people
from nh_lakehouse.sample.claims.rif_people import history_rows, year_rows
from nh_lakehouse.sample.claims.rif_stays import Counted, hospital_rows, nursing_rows
from nh_lakehouse.sample.claims.rif_text import beneficiary_numbers, event_numbers, physician_npis
from nh_lakehouse.sample.claims.stays import Rates, stays_of
from nh_lakehouse.sample.claims.truth import Tally
from nh_lakehouse.sample.claims.visits import Panel, Visits, visits_of
from nh_lakehouse.sample.randomness import Dice, Ints
from nh_lakehouse.sample.writing import number

__all__ = ["rif_people", "write_late_rif", "write_rif", "write_rif_year"]

_RATES = Rates(admissions=0.115, readmission=0.17)
_CARRIER, _OUTPATIENT = 31.0, 4.0
_CUSTOMS = Customs(
    neighbours=200,
    area=25,
    first_of_month=False,
    mortality=2.4,
    managed=(0.1, 0.12, 0.13),
    drugs=(0.75, 0.8, 0.84),
    joining=(0.03, 0.03),
)
#: One specialty with 33 physicians in each market of 200 people, so that they have peers; few others.
_PANEL = Panel(primary=(0, 33), diagnostic=(33, 8), special=(41, 9), room=ROOM, own=0.25, outside=0.3)
_BLOCK = 400
#: Claims of the first delivery that a later one corrects.
_UPDATED, _DELETED = 5, 3
#: Kinds of claims in the order of the export summary.
_KINDS = ("carrier", "dme", "hha", "hospice", "inpatient", "outpatient", "pde", "snf")
_SUMMARY = ("BENE_ID", *(f"{kind.upper()}_CLAIMS" for kind in _KINDS))


def rif_people(people: int) -> int:
    """How many people the research files have: a tenth, at least 20."""
    return max(20, people // 10)


@dataclass(frozen=True)
class _Block:
    """Some people with everything that happens to them."""

    chance: Chance
    people: People
    stays: Columns
    nursing: Columns
    home_care: Columns
    hospice: Columns
    carrier: Visits
    outpatient: Visits
    equipment: Columns
    fills: Columns


def write_rif(delivery: Delivery, dice: Dice, people: int, years: int, tally: Tally) -> None:
    """Write all research files for so many people, with beneficiary files of the first `years` years."""
    names = {kind: f"{kind}.csv" for kind in _KINDS}
    open_files(delivery, names)
    for year in range(years):
        _open_year(delivery, year)
    delivery.open("beneficiary_history.csv", "|".join(header_of("rif_beneficiary_history")))
    delivery.open("export_summary.csv", ",".join(_SUMMARY))
    for numbers in _blocks(np.arange(people)):
        block = _simulated(Chance(dice, "rif"), Chance(dice, "rif"), numbers)
        tally.add_stays("rif", block.stays)
        if numbers[0] == 0:
            block = _planted(block, tally)
        for year in range(years):
            _write_year(delivery, block.people, year, tally)
        delivery.write("beneficiary_history.csv", history_rows(block.people))
        tally.people["rif"] += len(block.people)
        _write_claims(delivery, names, block, tally, summary="export_summary.csv")


def _blocks(numbers: Ints) -> Iterator[Ints]:
    for begin in range(0, len(numbers), _BLOCK):
        yield numbers[begin : begin + _BLOCK]


def open_files(delivery: Delivery, names: dict[str, str]) -> None:
    """Begin the claims files."""
    for kind, name in names.items():
        delivery.open(name, "|".join(header_of(f"rif_{kind}")))


def _open_year(delivery: Delivery, year: int) -> None:
    delivery.open(f"beneficiary_{RIF.first_year + year}.csv", "|".join(header_of("rif_beneficiary")))


def _write_year(delivery: Delivery, people: People, year: int, tally: Tally) -> None:
    rows, here = year_rows(people, year)
    delivery.write(f"beneficiary_{RIF.first_year + year}.csv", rows)
    tally.beneficiaries[f"rif/{RIF.first_year + year}"] += len(rows)
    tally.deaths["rif"] += int((here & (people.death < RIF.year_starts[year + 1])).sum())


def write_rif_year(delivery: Delivery, dice: Dice, people: int, year: int, tally: Tally) -> None:
    """Write the beneficiary file of one year alone."""
    _open_year(delivery, year)
    for numbers in _blocks(np.arange(people)):
        _write_year(delivery, people_of(Chance(dice, "rif"), RIF, _CUSTOMS, numbers), year, tally)


def write_late_rif(delivery: Delivery, dice: Dice, numbers: Ints, ending: str, tally: Tally) -> None:
    """Write further claims of some people, as many again as they have, and correct some of before.

    Who was in hospital is not again.
    """
    names = {kind: f"{kind}{ending}.csv" for kind in _KINDS}
    open_files(delivery, names)
    chance = Chance(dice, "rif")
    for part in _blocks(numbers):
        first = _simulated(chance, chance, part)
        used = first.stays["person"]
        block = _simulated(chance, chance.within("late"), part, used)
        for columns in (block.carrier.claims, block.outpatient.claims, block.fills, block.equipment, block.hospice,
                        block.nursing, block.home_care):  # fmt: skip
            columns["index"] = columns["index"] + LATE
        _write_claims(delivery, names, block, tally, first_index=LATE)
        if part[0] == numbers[0]:
            _correct(delivery, names["carrier"], first, tally)


def _correct(delivery: Delivery, name: str, block: _Block, tally: Tally) -> None:
    """Deliver some carrier claims of before again: five as updates that pay 25 USD more, three as deletions."""
    chance = block.chance
    visits = denied_some(chance.within("carrier"), block.carrier)
    found = physician_rows(chance.within("carrier rows"), visits)
    standing = np.flatnonzero(found.editions.standing)[: _UPDATED + _DELETED]
    starts = np.cumsum(found.lines) - found.lines
    header = header_of("rif_carrier")
    action, paid = header.index("DML_IND"), header.index("CLM_PMT_AMT")
    for place, claim in enumerate(standing.tolist()):
        dml = "UPDATE" if place < _UPDATED else "DELETE"
        tally.cases[f"rif/carrier_{dml.lower()}_later"] += 1
        for line in found.rows.slice(int(starts[claim]), int(found.lines[claim])).to_pylist():
            cells = line.rstrip("\n").split("|")
            cells[action] = dml
            cells[paid] = f"{float(cells[paid]) + 25:.2f}" if dml == "UPDATE" else cells[paid]
            delivery.add(name, "|".join(cells), "", None)


def _simulated(whose: Chance, chance: Chance, numbers: Ints, not_in_hospital: Ints | None = None) -> _Block:
    """People with the given numbers, and what happens to them by another chance or the same."""
    people = people_of(whose, RIF, _CUSTOMS, numbers)
    stays = stays_of(chance.within("stays"), RIF, people, _RATES)
    if not_in_hospital is not None:
        new = ~np.isin(stays["person"], not_in_hospital)
        stays = {name: values[new] for name, values in stays.items()}
    nursing = nursing_of(chance.within("snf"), RIF, people, stays)
    carrier = visits_of(chance.within("carrier"), RIF, people, stays, _PANEL, _CARRIER)
    hospice = hospice_of(chance.within("hospice"), RIF, people, stays)
    return _Block(
        chance=chance,
        people=people,
        stays=stays,
        nursing=nursing,
        home_care=home_care_of(chance.within("hha"), RIF, people, stays, nursing),
        hospice=hospice if not_in_hospital is None else {name: values[:0] for name, values in hospice.items()},
        carrier=carrier,
        outpatient=outpatient_of(chance.within("outpatient"), RIF, people, _PANEL, _OUTPATIENT),
        equipment=equipment_of(chance.within("dme"), RIF, people, carrier),
        fills=with_people(chance.within("pde"), people, fills_of(chance.within("pde"), RIF, people)),
    )


def _planted(block: _Block, tally: Tally) -> _Block:
    people = block.people
    names = Names(
        person=lambda position: str(beneficiary_numbers(people.numbers[position : position + 1])[0].as_py()),
        doctor=lambda doctor: str(physician_npis(np.array([doctor]))[0].as_py()),
        event=lambda kind, person, index: str(event_numbers(np.array([person]), np.array([index]))[0].as_py()),
    )
    planter = Planter(RIF, people, names, tally, 1, ROOM)
    # Two people without any visit get equipment; their visits go, with the equipment that followed them.
    quiet = _quiet(block)
    carrier = without(block.carrier, quiet)
    equipment = {name: values[~np.isin(block.equipment["person"], quiet)] for name, values in block.equipment.items()}
    index = planter.take(len(quiet))
    equipment = unvisited(equipment, people, quiet, 400, index)
    for position, place in zip(quiet.tolist(), index.tolist(), strict=True):
        event = names.event("dme", int(people.numbers[position]), place)
        supplier = str(supplier_npis(people.market[position : position + 1])[0].as_py())
        tally.plant("rif", "dme_without_visit", supplier, [event])
    # What prices everything anew comes before what leaves single lines wrong or is copied.
    carrier = planter.overpaid(planter.upcoded(planter.expensive(carrier, doctor=2), doctor=1))
    planter.duplicates(carrier)
    planter.after_death()
    planter.during_stay(block.stays)
    planter.crowded_day(doctor=100)
    planter.long_day(doctor=101)
    planter.early_refills(block.fills)
    planter.shopping(block.fills)
    planter.fills_after_death(block.fills)
    return replace(
        block,
        stays=planter.overlapping(block.stays),
        carrier=planter.with_claims(carrier),
        outpatient=without(block.outpatient, quiet),
        equipment=equipment,
        fills=planter.with_fills(block.fills),
    )


def _quiet(block: _Block, count: int = 2) -> Ints:
    """People alive and paid for throughout, without a stay, who lose their visits."""
    people = block.people
    steady = (people.death == NEVER) & (people.managed_from == NEVER) & people.has_b & (people.entry <= 0)
    steady[block.stays["person"]] = False
    return np.flatnonzero(steady)[-count:]


def _write_claims(
    delivery: Delivery, names: dict[str, str], block: _Block, tally: Tally, summary: str = "", first_index: int = 0
) -> None:
    people, chance = block.people, block.chance
    counted = {
        "inpatient": hospital_rows(
            chance.within("inpatient rows"), people, block.stays, block.nursing, block.home_care, first_index
        ),
        "snf": nursing_rows(chance.within("snf rows"), people, block.nursing),
        "hha": home_care_rows(chance.within("hha rows"), people, block.home_care),
        "hospice": hospice_rows(chance.within("hospice rows"), people, block.hospice),
        "outpatient": outpatient_claim_rows(chance.within("outpatient rows"), people, block.outpatient),
        "carrier": physician_rows(chance.within("carrier rows"), denied_some(chance.within("carrier"), block.carrier)),
        "dme": equipment_rows(chance.within("dme rows"), people, block.equipment),
        "pde": drug_rows(chance.within("pde rows"), people, block.fills),
    }
    persons = {
        "inpatient": block.stays, "snf": block.nursing, "hha": block.home_care, "hospice": block.hospice,
        "outpatient": block.outpatient.claims, "carrier": block.carrier.claims, "dme": block.equipment,
        "pde": block.fills,
    }  # fmt: skip
    standing = {}
    for kind, found in counted.items():
        delivery.write(names[kind], found.rows)
        _tally(tally, kind, found)
        who = persons[kind]["person"][found.editions.rows][found.editions.standing]
        standing[kind] = np.bincount(who, minlength=len(people)).astype(np.int64)
    if summary:
        form = Form(_SUMMARY, ",", {})
        counts = {f"{kind.upper()}_CLAIMS": number(standing[kind]) for kind in _KINDS}
        delivery.write(summary, form.rows({"BENE_ID": beneficiary_numbers(people.numbers), **counts}))


def _tally(tally: Tally, kind: str, found: Counted) -> None:
    editions = found.editions
    stands = editions.standing
    tally.add_claims(f"rif_{kind}", int(stands.sum()), int(found.lines[stands].sum()), found.cents[stands])
    tally.cases[f"rif/{kind}_adjusted"] += int(editions.original.sum())
    tally.cases[f"rif/{kind}_deleted"] += int((~stands & ~editions.original).sum())
    tally.cases[f"rif/{kind}_denied"] += int((found.denied & stands).sum())
    tally.cases[f"rif/{kind}_negative"] += int(((found.cents < 0) & stands).sum())
