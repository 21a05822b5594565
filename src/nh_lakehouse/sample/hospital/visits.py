"""Encounters and procedures of a hospital sample, with everything that the real files do."""

from __future__ import annotations

from datetime import datetime, time, timedelta, timezone
from random import Random

from nh_lakehouse.sample.damage import Dirt, Fault
from nh_lakehouse.sample.hospital.form import Delivery, Form, Note, fee, moment, new_id, stamp
from nh_lakehouse.sample.hospital.people import PAYERS, Patient, Place

__all__ = ["Visits"]

_ENCOUNTERS = (
    "Id,START,STOP,PATIENT,ORGANIZATION,PAYER,ENCOUNTERCLASS,CODE,DESCRIPTION,BASE_ENCOUNTER_COST,TOTAL_CLAIM_COST,"
    "PAYER_COVERAGE,REASONCODE,REASONDESCRIPTION"
)
_PROCEDURES = "START,STOP,PATIENT,ENCOUNTER,CODE,DESCRIPTION,BASE_COST,REASONCODE,REASONDESCRIPTION"
NO_INSURANCE = PAYERS[-1][0]
_REASONS = (
    ("88805009", "Chronic congestive heart failure (disorder)"),
    ("254837009", "Malignant neoplasm of breast (disorder)"),
    ("55822004", "Hyperlipidemia"),
    ("254637007", "Non-small cell lung cancer (disorder)"),
    ("254632001", "Small cell carcinoma of lung (disorder)"),
    ("162573006", "Suspected lung cancer (situation)"),
    ("10509002", "Acute bronchitis (disorder)"),
    ("", ""),
)
_KINDS = {
    "ambulatory": ("185345009", "Encounter for symptom", 15),
    "outpatient": ("185347001", "Encounter for problem", 30),
    "emergency": ("50849002", "Emergency Room Admission", 60),
    "urgentcare": ("702927004", "Urgent care clinic (environment)", 15),
    "wellness": ("162673000", "General examination of patient (procedure)", 15),
    "inpatient": ("185347001", "Encounter for problem", 1_500),
}
_PROCEDURE_KINDS = (
    ("265764009", "Renal dialysis (procedure)", 90_000, "431855005", "Chronic kidney disease stage 1 (disorder)"),
    ("180325003", "Electrical cardioversion", 2_500_000, "49436004", "Atrial fibrillation"),
    ("710824005", "Assessment of health and social care needs (procedure)", 43_100, "", ""),
    ("16335031000119103", "High resolution computed tomography of chest without contrast (procedure)", 32_900, "", ""),
)
"""The last code has 17 digits: as a number it would lose the last of them."""
_HOSPICE = ("305336008", "Admission to hospice (procedure)")
_SCREENING = ("410410006", "Screening surveillance (regime/therapy)")
_PLANNED = ("305408004", "Admission to surgical department")
_GAPS = (0, 1, 12, 30, 31, -1, 90)
"""Whole days from a stop to the next start; those of 1 to 30 are readmissions, -1 is an overlap."""

AFTER_DEATH = Fault("an encounter that begins after death", "", "none")
OVERLAP = Fault("a stay that begins before the one before ends", "", "none")
FIVE_YEARS = Fault("a stay of five years", "", "none")
NO_LENGTH = Fault("an encounter that ends when it begins", "", "none")
BACKWARDS = Fault("an encounter that ends before it begins", "date_order", "warn")
BELOW_BASE = Fault("a total below the part without procedures", "total_below_base", "warn")
OVER_COVERED = Fault("more covered than it costs", "coverage_above_total", "warn")
BAD_DATE = Fault("a date that is none", "bad_date:start_at", "cell")
NO_ID = Fault("an encounter without an identifier", "missing_key:encounter_id", "row")
TWICE = Fault("an identifier a second time, with other content behind it", "duplicate_key", "row")
REPEATED = Fault("the same row a second time", "duplicate", "duplicate")
SHORT = Fault("a row with too few cells", "short_row", "row")
BLANK = Fault("a procedure without an encounter", "", "none")
LONG_CODE = Fault("a code of 17 digits", "", "none")
ORPHAN = Fault("an encounter that is in no file", "orphan_encounter", "referential")


class Visits:
    """Writes encounters and procedures of patients, and counts what it writes."""

    def __init__(self, delivery: Delivery, places: list[Place]) -> None:
        self.delivery, self.places = delivery, places
        self.is_maven = delivery.source == "maven"
        header = _ENCOUNTERS if self.is_maven else _ENCOUNTERS.replace("ORGANIZATION,", "ORGANIZATION,PROVIDER,")
        self.encounters: Form = delivery.form("encounters", header)
        self.procedures: Form = delivery.form("procedures", _PROCEDURES)
        #: Of each patient the first encounter, with its time: what other files hang their rows on.
        self.anchors: dict[str, tuple[str, datetime]] = {}

    def add(self, patient: Patient, seed: int) -> None:
        """All encounters of one patient."""
        chance = Random(f"{seed}/{self.delivery.source}/visits/{patient.number}")
        clock = moment(2011, 1, 3, 8) + timedelta(minutes=chance.randrange(60 * 24 * 300))
        for _ in range(chance.randrange(4, 16)):
            kind = chance.choice([k for k in _KINDS if k != "inpatient"])
            minutes = _KINDS[kind][2] + (chance.randrange(0, 600) if kind == "emergency" else 0)
            self.visit(patient, chance, kind, clock, timedelta(minutes=minutes))
            # Visits lie days apart: they overlap only where they are made to.
            clock += timedelta(days=chance.randrange(3, 120), minutes=chance.randrange(600))
        if patient.number % 3 == 0:
            self._stays(patient, chance, moment(2016, 1, 4, 10) + timedelta(days=chance.randrange(200)))
        if patient.number % 20 == 4:
            for month in range(5):
                self.visit(patient, chance, "emergency", moment(2018, 1 + month, 9, 20), timedelta(hours=3))
        self._oddities(patient, chance)

    def visit(
        self,
        patient: Patient,
        chance: Random,
        kind: str,
        start: datetime,
        length: timedelta,
        *notes: Note,
        code: tuple[str, str] | None = None,
        cents: tuple[int, int] | None = None,
    ) -> list[str]:
        """One encounter and its procedures; returns its cells."""
        place = chance.choice(self.places)
        base = chance.choice((8_555, 13_680, 14_258))
        total = base + chance.randrange(0, 900_000)
        insured = patient.payer != NO_INSURANCE
        covered = total * chance.choice((0, 50, 80, 100)) // 100 if insured else 0
        if cents is not None:
            total, covered = base + cents[0], base + cents[1]
        reason = chance.choice(_REASONS)
        number = new_id(chance)
        kind_code, words = code or _KINDS[kind][:2]
        who = [place.organization] if self.is_maven else [place.organization, place.provider]
        times = [stamp(start), stamp(start + length)]
        money = [fee(base), fee(total), fee(covered)]
        cells = [number, *times, patient.id, *who, patient.payer, kind, kind_code, words, *money, *reason]
        self.encounters.add(cells, *notes)
        self.anchors.setdefault(patient.id, (number, start))
        self.delivery.count("encounters")
        if kind == "inpatient":
            self.delivery.count("inpatient")
        self.delivery.count("no_insurance" if not insured else "insured")
        if covered == 0:
            self.delivery.count("zero_coverage")
        for _ in range(chance.choice((0, 1, 1, 2))):
            self._procedure(patient, chance, number, start)
        return cells

    def _procedure(self, patient: Patient, chance: Random, encounter: str, start: datetime, *notes: Note) -> None:
        pick = chance.randrange(len(_PROCEDURE_KINDS))
        code, words, cents, *reason = _PROCEDURE_KINDS[pick]
        at = start + timedelta(minutes=chance.randrange(15))
        times = [stamp(at), stamp(at + timedelta(minutes=15))]
        cells = [*times, patient.id, encounter, code, words, fee(cents + chance.randrange(9_999)), *reason]
        long = [("CODE", LONG_CODE)] if len(code) == 17 else []
        self.procedures.add(cells, *notes, *long)
        self.delivery.count("long_codes", len(long))
        self.delivery.count("procedures")
        if not self.is_maven and chance.random() < 0.02:
            self.procedures.add(cells, ("", REPEATED))
            self.delivery.count("repeated_procedures")

    def _stays(self, patient: Patient, chance: Random, start: datetime) -> None:
        """A chain of stays; each gap says whether the next one is a readmission."""
        length = timedelta(hours=chance.choice((24, 30, 49)))
        self.visit(patient, chance, "inpatient", start, length)
        self.delivery.count("eligible")
        for step in range(chance.randrange(1, 4)):
            gap = _GAPS[(patient.number // 3 + step) % len(_GAPS)]
            start = start + length + (timedelta(days=gap, hours=5) if gap >= 0 else timedelta(hours=-6))
            length = timedelta(hours=chance.choice((24, 26, 72)))
            notes = [("START", OVERLAP)] if gap < 0 else []
            planned = _PLANNED if patient.number % 4 == 0 else None
            self.visit(patient, chance, "inpatient", start, length, *notes, code=planned)
            self.delivery.count("eligible")
            self.delivery.count("overlapping_stays", len(notes))
            if 1 <= gap <= 30:
                self.delivery.count("readmissions")
                self.delivery.count("readmissions_to_review", planned is not None)
        if patient.number % 6 == 0:
            # Between stays, and yet no stop on the way from one to the next.
            kind = _HOSPICE if patient.number % 12 == 0 else _SCREENING
            self.visit(patient, chance, "inpatient", start + timedelta(days=2), timedelta(hours=24), code=kind)
            self.delivery.count("hospice_or_screening")

    def _oddities(self, patient: Patient, chance: Random) -> None:
        """What the real files do, and what no file should: each at some numbers of patients."""
        number = patient.number
        day = moment(2020, 6, 1, 9)
        if patient.death is not None:
            after = datetime.combine(patient.death, time(9), timezone.utc) + timedelta(days=3)
            self.visit(patient, chance, "wellness", after, timedelta(minutes=15), ("START", AFTER_DEATH))
            self.delivery.count("after_death")
            if number % 27 == 8:
                last = datetime.combine(patient.death, time(8), timezone.utc)
                self.visit(patient, chance, "inpatient", last - timedelta(days=3), timedelta(days=3))
                self.delivery.count("eligible")
                self.delivery.count("died_in_hospital")
        if number % 33 == 21:
            self.visit(patient, chance, "inpatient", day + timedelta(days=6), timedelta(days=1))
            self.delivery.count("eligible")
            self.delivery.count("without_follow_up")
        if number % 40 == 11:
            long = timedelta(days=1_872, hours=2)
            self.visit(patient, chance, "ambulatory", moment(2013, 2, 2, 9), long, ("STOP", FIVE_YEARS))
            self.delivery.count("over_365_days")
        if number % 30 == 12:
            self.visit(patient, chance, "outpatient", day, timedelta(0), ("STOP", NO_LENGTH))
            self.delivery.count("zero_length")
        if number % 60 == 13:
            self.visit(patient, chance, "ambulatory", day, timedelta(hours=-2), ("STOP", BACKWARDS))
        if number % 30 == 14:
            note = ("TOTAL_CLAIM_COST", BELOW_BASE)
            self.visit(patient, chance, "ambulatory", day, timedelta(minutes=15), note, cents=(-500, -800))
        if number % 60 == 15:
            note = ("PAYER_COVERAGE", OVER_COVERED)
            self.visit(patient, chance, "ambulatory", day, timedelta(minutes=15), note, cents=(100, 300))
        if number % 25 == 16:
            self._procedure(patient, chance, "", day, ("ENCOUNTER", BLANK))
            self.delivery.count("blank_encounters")
        if number % 60 == 17:
            self._procedure(patient, chance, new_id(chance), day, ("ENCOUNTER", ORPHAN))
            self.delivery.count("orphan_encounters")
        if number == 18:
            self._faults(patient, chance, day)

    def _faults(self, patient: Patient, chance: Random, day: datetime) -> None:
        quarter = timedelta(minutes=15)
        cells = self.visit(patient, chance, "ambulatory", day, quarter)
        # The last of two rows with one identifier counts: the one that loses stands before it.
        form = self.encounters
        form.rows.insert(-1, [*cells[:-4], fee(123_456), *cells[-3:]])
        form.dirt.append(Dirt(form.name, len(form.rows) - 1, "Id", *TWICE))
        bad = self.visit(patient, chance, "ambulatory", day + timedelta(days=9), quarter, ("START", BAD_DATE))
        bad[1] = "2020-13-45T09:00:00Z"
        form.add(["", *cells[1:]], ("Id", NO_ID))
        form.add(cells[:5], ("", SHORT))
