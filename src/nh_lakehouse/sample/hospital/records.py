"""The other files of a Synthea export: a few rows for each patient, with the oddities of the real ones."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from nh_lakehouse.sample.hospital.form import Delivery, moment, new_id, stamp
from nh_lakehouse.sample.hospital.people import PAYERS, Patient
from nh_lakehouse.sample.hospital.visits import BLANK, REPEATED

__all__ = ["Records"]

_HEADERS = {
    "conditions": "START,STOP,PATIENT,ENCOUNTER,CODE,DESCRIPTION",
    "medications": "START,STOP,PATIENT,PAYER,ENCOUNTER,CODE,DESCRIPTION,BASE_COST,PAYER_COVERAGE,DISPENSES,TOTALCOST,"
    "REASONCODE,REASONDESCRIPTION",
    "observations": "DATE,PATIENT,ENCOUNTER,CATEGORY,CODE,DESCRIPTION,VALUE,UNITS,TYPE",
    "immunizations": "DATE,PATIENT,ENCOUNTER,CODE,DESCRIPTION,BASE_COST",
    "allergies": "START,STOP,PATIENT,ENCOUNTER,CODE,SYSTEM,DESCRIPTION,TYPE,CATEGORY,REACTION1,DESCRIPTION1,SEVERITY1,"
    "REACTION2,DESCRIPTION2,SEVERITY2",
    "careplans": "Id,START,STOP,PATIENT,ENCOUNTER,CODE,DESCRIPTION,REASONCODE,REASONDESCRIPTION",
    "devices": "START,STOP,PATIENT,ENCOUNTER,CODE,DESCRIPTION,UDI",
    "imaging_studies": "Id,DATE,PATIENT,ENCOUNTER,SERIES_UID,BODYSITE_CODE,BODYSITE_DESCRIPTION,MODALITY_CODE,"
    "MODALITY_DESCRIPTION,INSTANCE_UID,SOP_CODE,SOP_DESCRIPTION,PROCEDURE_CODE",
    "supplies": "DATE,PATIENT,ENCOUNTER,CODE,DESCRIPTION,QUANTITY",
    "claims": "Id,PATIENTID,PROVIDERID,PRIMARYPATIENTINSURANCEID,SECONDARYPATIENTINSURANCEID,DEPARTMENTID,"
    "PATIENTDEPARTMENTID,DIAGNOSIS1,DIAGNOSIS2,DIAGNOSIS3,DIAGNOSIS4,DIAGNOSIS5,DIAGNOSIS6,DIAGNOSIS7,DIAGNOSIS8,"
    "REFERRINGPROVIDERID,APPOINTMENTID,CURRENTILLNESSDATE,SERVICEDATE,SUPERVISINGPROVIDERID,STATUS1,STATUS2,STATUSP,"
    "OUTSTANDING1,OUTSTANDING2,OUTSTANDINGP,LASTBILLEDDATE1,LASTBILLEDDATE2,LASTBILLEDDATEP,HEALTHCARECLAIMTYPEID1,"
    "HEALTHCARECLAIMTYPEID2",
    "claims_transactions": "ID,CLAIMID,CHARGEID,PATIENTID,TYPE,AMOUNT,METHOD,FROMDATE,TODATE,PLACEOFSERVICE,"
    "PROCEDURECODE,MODIFIER1,MODIFIER2,DIAGNOSISREF1,DIAGNOSISREF2,DIAGNOSISREF3,DIAGNOSISREF4,UNITS,DEPARTMENTID,"
    "NOTES,UNITAMOUNT,TRANSFEROUTID,TRANSFERTYPE,PAYMENTS,ADJUSTMENTS,TRANSFERS,OUTSTANDING,APPOINTMENTID,LINENOTE,"
    "PATIENTINSURANCEID,FEESCHEDULEID,PROVIDERID,SUPERVISINGPROVIDERID",
    "payer_transitions": "PATIENT,MEMBERID,START_DATE,END_DATE,PAYER,SECONDARY_PAYER,PLAN_OWNERSHIP,OWNER_NAME",
}
_WORK = ("Full-time employment (finding)", "Part-time employment (finding)", "Unemployed (finding)")
_ANSWERS = (
    ("67875-5", "What is your current work situation", ("Full-time work", "Unemployed")),
    ("71802-3", "What is your housing situation today", ("I have housing", "I do not have housing")),
    ("93030-5", "Has lack of transportation kept you from appointments", ("No", "Yes")),
    ("82589-3", "What is the highest level of school you have finished", ("More than high school",)),
)


class Records:
    """Writes the records of patients beside their encounters."""

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self.forms = {name: delivery.form(name, header) for name, header in _HEADERS.items()}

    def add(self, patient: Patient, anchor: tuple[str, datetime], seed: int) -> None:
        """The records of one patient, hung on the first encounter."""
        chance = Random(f"{seed}/records/{patient.number}")
        encounter, at = anchor
        who, day, when = [patient.id, encounter], at.date().isoformat(), stamp(at)
        later = at + timedelta(days=14)
        if patient.number % 4:
            self.forms["conditions"].add([day, "", *who, "160903007", chance.choice(_WORK)])
        if patient.number % 5 == 0:
            self.forms["conditions"].add([day, "", *who, "105531004", "Housing unsatisfactory (finding)"])
        self.forms["conditions"].add([day, later.date().isoformat(), *who, "10509002", "Acute bronchitis (disorder)"])
        self._answers(patient, who, when, chance)
        drug = ["308192", "Amoxicillin 500 MG Oral Tablet", "4.52", "0.00"]
        for dispenses in ("1", "2"):
            # Two rows of one key with other content: they are numbered.
            cost = [dispenses, f"{4.52 * int(dispenses):.2f}", "", ""]
            self.forms["medications"].add([when, stamp(later), patient.id, patient.payer, encounter, *drug, *cost])
        self.forms["immunizations"].add(
            [when, *who, "140", "Influenza  seasonal  injectable  preservative free", "140.52"]
        )
        self.forms["careplans"].add(
            [
                new_id(chance),
                day,
                "",
                *who,
                "53950000",
                "Respiratory therapy",
                "10509002",
                "Acute bronchitis (disorder)",
            ]
        )
        self.forms["supplies"].add(
            [day, *who, "409534002", "Disposable air-purifying respirator (physical object)", "2"]
        )
        if patient.number % 5 == 0:
            self.forms["allergies"].add(
                [
                    day,
                    "",
                    *who,
                    "84489001",
                    "SNOMED-CT",
                    "Mold (organism)",
                    "allergy",
                    "environment",
                    "267101005",
                    "Nose running",
                    "MILD",
                    "",
                    "",
                    "",
                ]
            )
            self.forms["devices"].add(
                [when, "", *who, "72506001", "Implantable defibrillator", f"(01){chance.randrange(10**13)}"]
            )
            picture = [
                "1.2.840.1",
                "72696002",
                "Knee",
                "DX",
                "Digital Radiography",
                "1.2.840.1.1",
                "1.2.840.10008",
                "Digital X-Ray",
                "74016001",
            ]
            self.forms["imaging_studies"].add([new_id(chance), when, *who, *picture])
        self._bills(patient, encounter, at, chance)

    def _answers(self, patient: Patient, who: list[str], when: str, chance: Random) -> None:
        form = self.forms["observations"]
        for code, words, answers in _ANSWERS:
            if patient.number % 3 == 0:
                break
            form.add([when, *who, "survey", code, words, chance.choice(answers), "{nominal}", "text"])
        height = [
            when,
            *who,
            "vital-signs",
            "8302-2",
            "Body Height",
            f"{chance.randrange(1500, 1990) / 10}",
            "cm",
            "numeric",
        ]
        form.add(height)
        if patient.number % 10 == 3:
            form.add(height, ("", REPEATED))
            self.delivery.count("repeated_observations")
        form.add([when, patient.id, "", "", "QOLS", "QOLS", "1.0", "{score}", "numeric"], ("ENCOUNTER", BLANK))

    def _bills(self, patient: Patient, encounter: str, at: datetime, chance: Random) -> None:
        claim, doctor, when = new_id(chance), new_id(chance), stamp(at)
        insurance = "0" if patient.payer == PAYERS[-1][0] else patient.payer
        bill = [
            claim,
            patient.id,
            doctor,
            insurance,
            "0",
            "1",
            "1",
            "10509002",
            *[""] * 8,
            encounter,
            when,
            when,
            doctor,
        ]
        self.forms["claims"].add([*bill, "CLOSED", "", "CLOSED", "0", "", "0", when, "", when, "2", "0"])
        for number, kind in enumerate(("CHARGE", "PAYMENT")):
            amount = ["77.49", ""] if kind == "CHARGE" else ["", "CASH"]
            paid = ["", "", "", ""] if kind == "CHARGE" else ["77.49", "", "", "0.00"]
            start = [
                new_id(chance),
                claim,
                str(number),
                patient.id,
                kind,
                *amount,
                when,
                stamp(at + timedelta(minutes=15)),
            ]
            service = [new_id(chance), "185345009", "", "", "1", "", "", "", "1", "1", "Encounter for symptom"]
            end = [encounter, "", "", "1", doctor, doctor]
            self.forms["claims_transactions"].add([*start, *service, amount[0], "", "p", *paid, *end])
        for year in (2011, 2016):
            until = stamp(moment(year + 5, 1, 1))
            span = [stamp(moment(year, 1, 1)), until]
            self.forms["payer_transitions"].add([patient.id, "", *span, patient.payer, "", "Self", ""])
