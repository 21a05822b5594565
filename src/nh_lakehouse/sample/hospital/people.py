"""Patients, payers, organizations and clinicians of a hospital sample."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from nh_lakehouse.sample.damage import Fault
from nh_lakehouse.sample.hospital.form import Delivery, Note, new_id

__all__ = ["PAYERS", "Patient", "Place", "add_patients", "add_payers", "add_places"]

PAYERS = (
    ("b3221cfc-24fb-339e-823d-bc4136cbc4ed", "Dual Eligible", "7500 Security Blvd", "Baltimore", "MD", "21244"),
    ("7caa7254-5050-3b5e-9eae-bd5ea30e809c", "Medicare", "7500 Security Blvd", "Baltimore", "MD", "21244"),
    ("7c4411ce-02f1-39b5-b9ec-dfbea9ad3c1a", "Medicaid", "7500 Security Blvd", "Baltimore", "MD", "21244"),
    ("d47b3510-2895-3b70-9897-342d681c769d", "Humana", "500 West Main St", "Louisville", "KY", "40018"),
    ("5059a55e-5d6e-34d1-b6cb-d83d16e57bcf", "UnitedHealthcare", "9800 Healthcare Lane", "Minnetonka", "MN", "55436"),
    ("4d71f845-a6a9-3c39-b242-14d25ef86a8d", "Aetna", "151 Farmington Ave", "Hartford", "CT", "6156"),
    ("b1c428d6-4f07-31e0-90f0-68ffa6ff8c76", "NO_INSURANCE", "", "", "", ""),
)
"""Payers as both layouts name them; the ZIP code of Hartford has lost its zero."""
_FIRST = ("Lucas", "Adán", "Verónica", "Spring", "José", "Marta", "Edwin", "Frankie", "Jodi", "Đình", "Renée", "Ana")
_LAST = ("Suárez", "Crooks", "Mondragón", "Bruen", "Viera", "Prieto", "Nguyễn", "Labadie", "Fernández", "Kshlerin")
_PLACES = ("Boston  Massachusetts  US", "Hanoi  Hà Đông  VN", "Lima  Lima Province  PE", "Havana  Havana  CU")
_ZIPS = ("02125", "02467", "2139", "", "02138-1234")
REPAIRED = Fault("utf-8 that was read as MacRoman", "", "none")
UNCERTAIN = Fault("a sign that is no damage, as the text is no utf-8 under it", "", "none")
SHORT_ZIP = Fault("a ZIP code without its zero", "", "none")

_MAVEN = (
    "Id,BIRTHDATE,DEATHDATE,PREFIX,FIRST,LAST,SUFFIX,MAIDEN,MARITAL,RACE,ETHNICITY,GENDER,BIRTHPLACE,ADDRESS,CITY,"
    "STATE,COUNTY,ZIP,LAT,LON"
)
_SYNTHEA = (
    "Id,BIRTHDATE,DEATHDATE,SSN,DRIVERS,PASSPORT,PREFIX,FIRST,LAST,SUFFIX,MAIDEN,MARITAL,RACE,ETHNICITY,GENDER,"
    "BIRTHPLACE,ADDRESS,CITY,STATE,COUNTY,ZIP,LAT,LON,HEALTHCARE_EXPENSES,HEALTHCARE_COVERAGE"
)


@dataclass(frozen=True)
class Patient:
    """A patient, with the number that decides what befalls them."""

    number: int
    id: str
    birth: date
    death: date | None
    payer: str


@dataclass(frozen=True)
class Place:
    """A hospital and one of its clinicians."""

    organization: str
    provider: str


def add_patients(delivery: Delivery, n: int, seed: int) -> list[Patient]:
    """The patients file; every ninth patient dies in 2019."""
    is_maven = delivery.source == "maven"
    form = delivery.form("patients", _MAVEN if is_maven else _SYNTHEA)
    patients = []
    for number in range(n):
        chance = Random(f"{seed}/{delivery.source}/patient/{number}")
        birth = date(1930, 1, 1) + timedelta(days=chance.randrange(29_000))
        death = date(2019, 1, 15) + timedelta(days=chance.randrange(300)) if number % 9 == 8 else None
        payer = PAYERS[number % len(PAYERS)][0]
        patient = Patient(number, new_id(chance), birth, death, payer)
        patients.append(patient)
        cells, notes = _cells(patient, chance, damage=is_maven, delivery=delivery)
        form.add(cells, *notes)
    delivery.count("patients", n)
    delivery.count("deaths", sum(p.death is not None for p in patients))
    return patients


def _cells(patient: Patient, chance: Random, *, damage: bool, delivery: Delivery) -> tuple[list[str], list[Note]]:
    names = {
        "FIRST": f"{chance.choice(_FIRST)}{chance.randrange(1, 999)}",
        "LAST": f"{chance.choice(_LAST)}{chance.randrange(1, 999)}",
        "MAIDEN": f"{chance.choice(_LAST)}{chance.randrange(1, 999)}" if chance.random() < 0.3 else "",
        "BIRTHPLACE": chance.choice(_PLACES),
    }
    notes: list[Note] = []
    if damage and patient.number % 50 == 7:
        names["FIRST"] = "Ren√"
        notes.append(("FIRST", UNCERTAIN))
        delivery.count("uncertain_names")
    if damage:
        for column, text in names.items():
            names[column] = text if "√" in text else text.encode("utf-8").decode("mac_roman")
            if names[column] != text:
                notes.append((column, REPAIRED))
                delivery.count("repaired_names")
    zip_code = _ZIPS[patient.number % len(_ZIPS)]
    if len(zip_code) == 4:
        notes.append(("ZIP", SHORT_ZIP))
        delivery.count("short_zips")
    death = patient.death.isoformat() if patient.death else ""
    gender = "MF"[patient.number % 2]
    marital = ("M", "S", "")[patient.number % 3]
    race = chance.choice(("white", "black", "asian", "other"))
    person = ["Mr." if gender == "M" else "Mrs.", names["FIRST"], names["LAST"], "", names["MAIDEN"], marital, race]
    person += [chance.choice(("hispanic", "nonhispanic")), gender, names["BIRTHPLACE"]]
    home = [f"{chance.randrange(1, 999)} Cole Byway", "Boston", "Massachusetts", "Suffolk County", zip_code]
    home += [f"{42 + chance.random() / 2:.9f}", f"-{71 + chance.random() / 2:.9f}"]
    first = [patient.id, patient.birth.isoformat(), death]
    if delivery.source == "maven":
        return [*first, *person, *home], notes
    papers = [f"999-{chance.randrange(10, 99)}-{chance.randrange(1000, 9999)}", f"S999{patient.number:05d}", ""]
    return [*first, *papers, *person, *home, f"{chance.randrange(10**6)}.5", "0.0"], notes


def add_payers(delivery: Delivery) -> None:
    """The payers file."""
    header = "Id,NAME,ADDRESS,CITY,STATE_HEADQUARTERED,ZIP,PHONE"
    sums = (
        "AMOUNT_COVERED,AMOUNT_UNCOVERED,REVENUE,COVERED_ENCOUNTERS,UNCOVERED_ENCOUNTERS,COVERED_MEDICATIONS,"
        "UNCOVERED_MEDICATIONS,COVERED_PROCEDURES,UNCOVERED_PROCEDURES,COVERED_IMMUNIZATIONS,UNCOVERED_IMMUNIZATIONS,"
        "UNIQUE_CUSTOMERS,QOLS_AVG,MEMBER_MONTHS"
    )
    is_maven = delivery.source == "maven"
    form = delivery.form("payers", header if is_maven else f"{header},{sums}")
    for payer in PAYERS:
        cells = [*payer, "1-800-633-4227" if payer[2] else ""]
        form.add(cells if is_maven else [*cells, *["0.00"] * 3, *["0"] * 9, "NaN", "0"])


def add_places(delivery: Delivery, seed: int) -> list[Place]:
    """The organizations file and, of Synthea, that of clinicians."""
    header = "Id,NAME,ADDRESS,CITY,STATE,ZIP,LAT,LON"
    if delivery.source == "maven":
        one = "d78e84ec-30aa-3bba-a33a-f29a3a454662"
        form = delivery.form("organizations", header)
        street = ["MASSACHUSETTS GENERAL HOSPITAL", "55 FRUIT STREET", "BOSTON", "MA", "02114"]
        form.add([one, *street, "42.362813", "-71.069187"])
        return [Place(one, "")]
    form = delivery.form("organizations", f"{header},PHONE,REVENUE,UTILIZATION")
    clinicians = "Id,ORGANIZATION,NAME,GENDER,SPECIALITY,ADDRESS,CITY,STATE,ZIP,LAT,LON,UTILIZATION"
    people = delivery.form("providers", clinicians)
    places = []
    for number, zip_code in enumerate(("02360", "2301", "02478-4457", "02138")):
        chance = Random(f"{seed}/place/{number}")
        place = Place(new_id(chance), new_id(chance))
        where = [f"{number + 1} MAIN STREET", "BOSTON", "MA", zip_code, "42.36", "-71.06"]
        form.add([place.organization, f"HOSPITAL {number + 1}", *where, "6174923500", "0.0", "37"])
        who = [f"Arturo{number} Gurule", "MF"[number % 2], "GENERAL PRACTICE"]
        people.add([place.provider, place.organization, *who, *where, "37"])
        places.append(place)
    return places
