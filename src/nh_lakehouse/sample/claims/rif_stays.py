"""Research files of hospital stays and of nursing facilities, with their revenue lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nh_lakehouse.sample.claims import numbering
from nh_lakehouse.sample.claims.codes import REASON_DIAGNOSIS, REASONS
from nh_lakehouse.sample.claims.era import NEVER, RIF, Chance, Flags
from nh_lakehouse.sample.claims.form import Columns, Slots, picked, rows_n
from nh_lakehouse.sample.claims.people import People
from nh_lakehouse.sample.claims.places import PLACES, home_state
from nh_lakehouse.sample.claims.rif_claims import ClaimForm, Lines, coding_of, common_cells, money
from nh_lakehouse.sample.claims.rif_text import (
    Editions,
    certification_numbers,
    editions_of,
    organization_npis,
    physician_npis,
    version_of,
)
from nh_lakehouse.sample.claims.stays import BASE, LAST, PLANTED, TRANSFERRED
from nh_lakehouse.sample.claims.visits import diagnoses_of, places_in_runs
from nh_lakehouse.sample.randomness import Ints
from nh_lakehouse.sample.writing import Cells, choice, number, text

__all__ = ["Counted", "hospital_rows", "nursing_rows"]

_BLANKS = {"AT_PHYSN_UPIN": " ", "OP_PHYSN_UPIN": " ", "NCH_PRMRY_PYR_CD": " ", "CLM_PPS_IND_CD": " ",
           "RNDRNG_PHYSN_UPIN": " "}  # fmt: skip
_NO_EXTERNAL = {f"ICD_DGNS_E_{part}{slot}": " " for slot in range(2, 13) for part in ("CD", "VRSN_CD")}
_ZEROS = dict.fromkeys(
    ("CLM_MCO_PD_SW", "NCH_BENE_BLOOD_DDCTBL_LBLTY_AM", "CLM_PPS_CPTL_FSP_AMT", "CLM_PPS_CPTL_OUTLIER_AMT",
     "CLM_PPS_CPTL_DSPRPRTNT_SHR_AMT", "CLM_PPS_CPTL_IME_AMT", "CLM_PPS_CPTL_EXCPTN_AMT",
     "CLM_PPS_OLD_CPTL_HLD_HRMLS_AMT", "BENE_TOT_COINSRNC_DAYS_CNT", "CLM_NON_UTLZTN_DAYS_CNT",
     "NCH_BLOOD_PNTS_FRNSHD_QTY", "REV_CNTR_NCVRD_CHRG_AMT"), "0",
)  # fmt: skip
_HOSPITAL = ClaimForm.of(
    "rif_inpatient", "CLM_LINE_NUM",
    {**_BLANKS, **_NO_EXTERNAL, **_ZEROS, **{f"CLM_E_POA_IND_SW{slot}": " " for slot in range(2, 13)},
     "CLAIM_QUERY_CODE": "3", "CLM_FAC_TYPE_CD": "1", "CLM_SRVC_CLSFCTN_TYPE_CD": "1", "NCH_PTNT_STATUS_IND_CD": "A",
     "CLM_PASS_THRU_PER_DIEM_AMT": "10", "NCH_PROFNL_CMPNT_CHRG_AMT": "4", "CLM_TOT_PPS_CPTL_AMT": "0",
     "CLM_PPS_CPTL_DRG_WT_NUM": "0", "BENE_LRD_USED_CNT": "0", "CLM_DRG_OUTLIER_STAY_CD": "0",
     "NCH_DRG_OUTLIER_APRVD_PMT_AMT": "0", "IME_OP_CLM_VAL_AMT": "0", "DSH_OP_CLM_VAL_AMT": "0"},
)  # fmt: skip
_NURSING = ClaimForm.of(
    "rif_snf", "CLM_LINE_NUM",
    {**_BLANKS, **_NO_EXTERNAL, **_ZEROS, "CLAIM_QUERY_CODE": "3", "CLM_FAC_TYPE_CD": "2",
     "CLM_SRVC_CLSFCTN_TYPE_CD": "1", "NCH_PTNT_STATUS_IND_CD": "A", "REV_CNTR_DDCTBL_COINSRNC_CD": "3"},
)  # fmt: skip
#: Part A deductible of 2015, 2016 and 2017, USD.
_DEDUCTIBLES: Ints = np.array([1_260, 1_288, 1_316], dtype=np.int64)
_USUAL: Ints = np.array([reason.usd for reason in REASONS], dtype=np.int64) * 100
_PLANNED = np.array([reason.kind in ("planned", "cancer", "rehabilitation") for reason in REASONS])
_SURGICAL = np.array([bool(reason.procedure10) for reason in REASONS])
_DRGS = text([reason.drg for reason in REASONS])
_PROCEDURES = text(
    [f"{old}|9" for old in (reason.procedure9 for reason in REASONS)]
    + [f"{new}|0" for new in (reason.procedure10 for reason in REASONS)]
)
_FALL = next(index for index, reason in enumerate(REASONS) if reason.icd9 == "82021")
#: Revenue centres of a stay with their share of the charges in percent; the total comes last.
_CENTRES = ("0120", "0250", "0300", "0320", "0360", "0450", "0001")
_SHARES: Ints = np.array([46, 14, 12, 10, 12, 6, 0], dtype=np.int64)
_NURSING_CENTRES = ("0022", "0120", "0420", "0430", "0001")
_NURSING_SHARES: Ints = np.array([0, 62, 22, 16, 0], dtype=np.int64)
_CHARGE_FACTOR = 3


@dataclass(frozen=True)
class Counted:
    """Rows of a file and what they hold.

    Attributes:
        rows: text.
        editions: of the claims.
        lines: lines of each edition.
        cents: payment of each edition.
        denied: whether each edition is denied.
    """

    rows: Cells
    editions: Editions
    lines: Ints
    cents: Ints
    denied: Flags


def hospital_rows(
    chance: Chance, people: People, stays: Columns, nursing: Columns, home_care: Columns, first_index: int = 0
) -> Counted:
    """Rows of the inpatient file, the claims of each person numbered from `first_index` on."""
    keys = (stays["number"], stays["key"])
    planted = stays["role"] == PLANTED
    index = places_in_runs(stays["person"]) + np.where(planted, numbering.PLANTED, first_index)
    claims: Columns = {**stays, "index": index, "from": stays["begin"], "thru": stays["end"]}
    editions = editions_of(chance, claims["number"], index)
    rows = editions.rows
    nights = stays["end"] - stays["begin"]
    halves = np.where(stays["bill"] > 0, 2, 1)
    usual = (
        _USUAL[stays["reason"]] * (60 + chance.below("stay price", 81, *keys)) // 100 + 35_000 * (nights - 5)
    ) // halves
    denied = chance.happens("denied stay", 0.012, *keys) & ~planted
    paid = np.where(denied, 0, np.maximum(usual, 90_000 // halves) + chance.below("cents", 100, *keys))
    charge = np.maximum(usual, 90_000) * _CHARGE_FACTOR
    first = (stays["role"] == BASE) & (stays["bill"] != 2) & ~denied
    deductible = np.where(first, _DEDUCTIBLES[np.clip(RIF.year_of(stays["admit"]), 0, 2)] * 100, 0)
    lines = _stay_lines(stays["reason"], nights, charge, chance.happens("emergency", 0.7, *keys)).taken(rows)
    counts = np.minimum(3 + chance.below("diagnoses", 16, *keys), 25)
    diagnoses = diagnoses_of(chance.within("stays"), people, stays["person"], stays["key"], counts)
    diagnoses[np.cumsum(counts) - counts] = REASON_DIAGNOSIS[stays["reason"]]
    coding = coding_of(chance, editions, claims["number"], claims["thru"], counts, diagnoses)
    interim = stays["bill"] == 1
    # The first of two bills states no discharge in half of the cases: the patient is still there.
    stays_on = interim & (stays["number"] % 2 == 0)
    market = people.market[stays["person"]]
    paid_now = np.where(editions.original, paid[rows] // 2, paid[rows])
    claim: dict[str, Cells | Slots | str] = {
        **common_cells(editions, claims, "V", "60"),
        **_facility(market[rows], stays["hospital"][rows], 100, 2, 1),
        **_attending(stays, rows, market),
        "CLM_FREQ_CD": choice(stays["bill"][rows], ("1", "2", "4", "3")),
        "CLM_MDCR_NON_PMT_RSN_CD": choice(denied[rows], (" ", "N")),
        "CLM_PMT_AMT": money(paid_now),
        "NCH_PRMRY_PYR_CLM_PD_AMT": "0",
        "PTNT_DSCHRG_STUS_CD": text(_status(chance, stays, nursing, home_care)[rows]),
        "CLM_TOT_CHRG_AMT": money(charge[rows]),
        "CLM_ADMSN_DT": RIF.dates(stays["admit"][rows]),
        "CLM_IP_ADMSN_TYPE_CD": choice(_PLANNED[stays["reason"]][rows], ("1", "3")),
        "CLM_SRC_IP_ADMSN_CD": choice((stays["role"] == TRANSFERRED)[rows], ("1", "4")),
        "NCH_BENE_IP_DDCTBL_AMT": money(deductible[rows]),
        "NCH_BENE_PTA_COINSRNC_LBLTY_AM": "0.00",
        "NCH_IP_NCVRD_CHRG_AMT": "0.00",
        "NCH_IP_TOT_DDCTN_AMT": money(deductible[rows]),
        "CLM_UTLZTN_DAY_CNT": number(np.maximum(nights, 1)[rows]),
        "NCH_BENE_DSCHRG_DT": RIF.dates(np.where(stays_on, NEVER, stays["end"])[rows]),
        "CLM_DRG_CD": picked(_DRGS, stays["reason"][rows]),
        **coding.cells(_HOSPITAL.head, 25, "ADMTG_DGNS_CD", present=True),
        **_fall(stays["reason"][rows] == _FALL, version_of(stays["end"])[rows]),
        **_procedure(stays, rows),
    }
    return Counted(
        _HOSPITAL.rows(claim, lines.counts, _line_cells(lines, _CENTRES)),
        editions,
        lines.counts,
        paid_now,
        denied[rows],
    )


def _attending(stays: Columns, rows: Ints, market: Ints) -> dict[str, Cells | Slots | str]:
    doctor = market * 128 + (stays["number"] * 7 + stays["key"]) % 33
    npi = physician_npis(doctor[rows])
    operated = _SURGICAL[stays["reason"]][rows]
    return {"AT_PHYSN_NPI": npi, "OP_PHYSN_NPI": pc.if_else(pa.array(operated), npi, "")}


def _facility(market: Ints, place: Ints, first: int, size: int, kind: int) -> dict[str, Cells | Slots | str]:
    """Certification number, state and organization of a facility."""
    return {
        "PRVDR_NUM": certification_numbers(market, place, first, size),
        "PRVDR_STATE_CD": choice(home_state(market), [item.ssa for item in PLACES]),
        "ORG_NPI_NUM": organization_npis((market * size + place) * 8 + kind),
    }


def _status(chance: Chance, stays: Columns, nursing: Columns, home_care: Columns) -> np.ndarray:
    """Discharge status: home, against advice, home care, nursing facility, other hospital, died, still a patient."""
    keys = (stays["number"], stays["key"])
    status = np.where(chance.happens("against advice", 0.012, *keys), "07", "01")
    status[home_care["stay"]] = "06"
    status[nursing["stay"]] = "03"
    status = np.where(stays["moved"], "02", np.where(stays["role"] == LAST, "20", status))
    status = np.where(stays["role"] == PLANTED, "01", status)
    return np.where(stays["bill"] == 1, "30", status)


def _fall(fell: Flags, new: Ints) -> dict[str, Cells | Slots]:
    """External cause of fractures: the first one stands apart and again in the first slot."""
    labels = ("|", "E8889|9", "W1830XA|0")
    slots = ("||", "E8889|9|Y", "W1830XA|0|Y")
    code = np.where(fell, 1 + new, 0)
    return {"FST_DGNS_E_CD": Slots(choice(code, labels), 2), "ICD_DGNS_E_CD1": Slots(choice(code, slots), 3)}


def _procedure(stays: Columns, rows: Ints) -> dict[str, Cells | Slots]:
    reason, thru = stays["reason"][rows], stays["end"][rows]
    day = RIF.dates(np.minimum(stays["begin"][rows] + 1, thru))
    cells = pc.binary_join_element_wise(picked(_PROCEDURES, reason + version_of(thru) * len(REASONS)), day, "|")
    return {"ICD_PRCDR_CD1": Slots(pc.if_else(pa.array(_SURGICAL[reason]), cells, "||"), 3)}


def _stay_lines(reason: Ints, nights: Ints, charge: Ints, emergency: Flags) -> Lines:
    """Room and board, pharmacy, laboratory, imaging, operating room, emergency room, and the total."""
    shown = np.ones((len(reason), len(_CENTRES)), dtype=bool)
    shown[:, 4] = _SURGICAL[reason]
    shown[:, 5] = emergency
    return shared_lines(shown, _SHARES, nights, charge)


def shared_lines(shown: np.ndarray, shares: Ints, units: Ints, charge: Ints) -> Lines:
    """Lines of the centres that are shown, the charge shared out among them; the last is the total."""
    parts = np.where(shown, shares, 0)
    total = np.maximum(parts.sum(axis=1), 1)[:, None]
    amounts = charge[:, None] * parts // total
    # What division leaves over goes to the first line that has any.
    first = np.argmax(parts > 0, axis=1)
    amounts[np.arange(len(charge)), first] += charge - amounts.sum(axis=1)
    amounts[:, -1] = charge
    row, centre = np.nonzero(shown)
    columns = {"centre": centre, "charge": amounts[row, centre], "units": np.where(centre < 2, units[row], 1)}
    return Lines(shown.sum(axis=1).astype(np.int64), columns)


def _line_cells(lines: Lines, centres: tuple[str, ...]) -> dict[str, Cells | Slots | str]:
    columns = lines.columns
    units = np.maximum(columns["units"], 1)
    return {
        "REV_CNTR": choice(columns["centre"], centres),
        "REV_CNTR_UNIT_CNT": number(units),
        "REV_CNTR_RATE_AMT": money(columns["charge"] // units),
        "REV_CNTR_TOT_CHRG_AMT": money(columns["charge"]),
    }


def nursing_rows(chance: Chance, people: People, nursing: Columns) -> Counted:
    """Rows of the nursing facility file."""
    keys = (nursing["number"], nursing["key"] * 10 + nursing["place"])
    claims: Columns = {**nursing, "from": nursing["begin"], "thru": nursing["end"]}
    editions = editions_of(chance, claims["number"], claims["index"])
    rows = editions.rows
    days = np.maximum(nursing["end"] - nursing["begin"], 1)
    charge = days * (52_000 + 100 * chance.below("nursing price", 200, *keys))
    # From the 21st day on, the patient pays a part of each day.
    later = np.clip(nursing["end"] - nursing["admit"] - 20, 0, days)
    coinsurance = later * 16_100
    denied = chance.happens("denied nursing", 0.01, *keys)
    paid = np.where(denied, 0, days * 43_000 - coinsurance)
    shown = np.ones((rows_n(nursing), len(_NURSING_CENTRES)), dtype=bool)
    lines = shared_lines(shown, _NURSING_SHARES, days, charge).taken(rows)
    counts = 2 + chance.below("diagnoses", 9, *keys)
    diagnoses = diagnoses_of(chance, people, nursing["person"], keys[1], counts)
    coding = coding_of(chance, editions, claims["number"], claims["thru"], counts, diagnoses)
    market = people.market[nursing["person"]]
    paid_now = np.where(editions.original, paid[rows] // 2, paid[rows])
    goes_on = np.isin(nursing["bill"], [1, 3])
    died = nursing["discharge"] == people.death[nursing["person"]]
    status = np.where(goes_on, "30", np.where(died, "20", "01"))
    claim: dict[str, Cells | Slots | str] = {
        **common_cells(editions, claims, "V", "20"),
        **_facility(market[rows], (nursing["number"] % 3)[rows], 5_000, 3, 2),
        "AT_PHYSN_NPI": physician_npis((market * 128 + nursing["number"] % 33)[rows]),
        "CLM_FREQ_CD": choice(nursing["bill"][rows], ("1", "2", "4", "3")),
        "CLM_MDCR_NON_PMT_RSN_CD": choice(denied[rows], (" ", "N")),
        "CLM_PMT_AMT": money(paid_now),
        "NCH_PRMRY_PYR_CLM_PD_AMT": "0",
        "PTNT_DSCHRG_STUS_CD": text(status[rows]),
        "CLM_TOT_CHRG_AMT": money(charge[rows]),
        "CLM_ADMSN_DT": RIF.dates(nursing["admit"][rows]),
        "CLM_IP_ADMSN_TYPE_CD": "3",
        "CLM_SRC_IP_ADMSN_CD": "4",
        "NCH_BENE_IP_DDCTBL_AMT": "0.00",
        "NCH_BENE_PTA_COINSRNC_LBLTY_AM": money(coinsurance[rows]),
        "NCH_IP_NCVRD_CHRG_AMT": "0.00",
        "NCH_IP_TOT_DDCTN_AMT": money(coinsurance[rows]),
        "CLM_UTLZTN_DAY_CNT": number(days[rows]),
        "NCH_QLFYD_STAY_FROM_DT": RIF.dates(nursing["before"][rows]),
        "NCH_QLFYD_STAY_THRU_DT": RIF.dates(nursing["after"][rows]),
        "NCH_BENE_DSCHRG_DT": RIF.dates(nursing["end"][rows]),
        **coding.cells(_NURSING.head, 25, "ADMTG_DGNS_CD"),
    }
    hipps = choice(lines.columns["centre"] == 0, ("", "RUB10"))
    line = {**_line_cells(lines, _NURSING_CENTRES), "HCPCS_CD": hipps}
    return Counted(_NURSING.rows(claim, lines.counts, line), editions, lines.counts, paid_now, denied[rows])
