"""Rows of the inpatient and outpatient files: segments with their own amounts, second ones without dates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nh_lakehouse.sample.claims import numbering
from nh_lakehouse.sample.claims.codes import DIAGNOSES_9, REASON_DIAGNOSIS, REASONS
from nh_lakehouse.sample.claims.era import NEVER, SYNPUF, Chance, Flags
from nh_lakehouse.sample.claims.form import Columns, Form, counted, picked, rows_n, taken
from nh_lakehouse.sample.claims.headers import header_of
from nh_lakehouse.sample.claims.people import People
from nh_lakehouse.sample.claims.services import NO_CODE, SERVICES
from nh_lakehouse.sample.claims.stays import PLANTED, READMITTED
from nh_lakehouse.sample.claims.synpuf_text import dollars, event_ids, hospital_numbers, npis, tens
from nh_lakehouse.sample.claims.visits import Visits, diagnoses_of, places_in_runs
from nh_lakehouse.sample.randomness import Ints
from nh_lakehouse.sample.writing import Cells, choice, number, text

__all__ = ["Bills", "inpatient_bills", "inpatient_rows", "outpatient_bills", "outpatient_rows"]

_INPATIENT = Form(header_of("syn_inpatient"), ",", {"CLM_PASS_THRU_PER_DIEM_AMT": "0.00"})
_OUTPATIENT = Form(header_of("syn_outpatient"), ",", {})
#: Part A deductible of 2008, 2009 and 2010, USD.
_DEDUCTIBLES: Ints = np.array([1_024, 1_068, 1_100], dtype=np.int64)
_USUAL: Ints = np.array([reason.usd for reason in REASONS], dtype=np.int64)
_DRGS = text([*(reason.drg for reason in REASONS), "OTH"])
_PROCEDURES = text([reason.procedure9 for reason in REASONS])
_HAS_PROCEDURE = np.array([bool(reason.procedure9) for reason in REASONS])
_SECOND_SEGMENT, _SECOND_ALONE, _NEGATIVE = 0.014, 0.0005, 0.003
_STAY_SEGMENT = 0.004


@dataclass(frozen=True)
class Bills:
    """Rows of one of the two files.

    Attributes:
        rows: `person`, `number`, `index` (of the claim), `segment`, days, amounts in cents; as each function says.
        lists: for each row its diagnoses and services, all one after the other, by name.
    """

    rows: Columns
    lists: Columns


def inpatient_bills(chance: Chance, people: People, stays: Columns, first_index: int = 0) -> Bills:
    """Bills of stays with amounts, and second segments of a few; claims are numbered from `first_index` on.

    Rows have `from`, `thru`, `admit`, `discharge`, `paid`, `deductible`, `coinsurance`, `primary`, `hospital`,
    `doctor`, `reason`, `diagnoses` (how many).
    """
    keys = (stays["number"], stays["key"])
    nights = stays["end"] - stays["begin"]
    touching = (stays["bill"] == 2) & (stays["number"] % 2 == 1)
    usual = _USUAL[stays["reason"]] * (50 + chance.below("stay price", 101, *keys)) // 100 + 250 * (nights - 5)
    paid = np.maximum(usual // np.where(stays["bill"] > 0, 2, 1) // 1_000, 1) * 1_000
    paid = np.where(chance.happens("no stay pay", 0.015, *keys), 0, paid)
    paid = np.where(chance.happens("negative stay", _NEGATIVE, *keys), -100, paid)
    primary = chance.happens("other payer", 0.024, *keys)
    again = np.isin(stays["role"], [READMITTED, PLANTED]) | (stays["bill"] == 2)
    rows: Columns = {
        "person": stays["person"],
        "number": stays["number"],
        "index": places_in_runs(stays["person"]) + np.where(stays["role"] == PLANTED, numbering.PLANTED, first_index),
        "key": stays["key"],
        "segment": np.ones(rows_n(stays), dtype=np.int64),
        "from": stays["begin"],
        "thru": stays["end"],
        "admit": np.where(touching, stays["begin"], stays["admit"]),
        "discharge": stays["end"],
        "nights": np.maximum(nights, 1),
        "paid": np.where(primary, paid // 2 // 100 * 100, paid) * 100,
        "primary": np.where(primary, np.maximum(paid, 0) // 2 // 100 * 100, 0) * 100,
        "deductible": np.where(again, 0, _DEDUCTIBLES[np.clip(SYNPUF.year_of(stays["admit"]), 0, 2)]) * 100,
        "coinsurance": np.where(chance.happens("coinsurance", 0.02, *keys), 1_000 * (1 + nights // 8), 0) * 100,
        "hospital": people.market[stays["person"]] * 2 + stays["hospital"],
        "doctor": people.market[stays["person"]] * 8 + chance.below("attending", 3, *keys),
        "reason": stays["reason"],
        "diagnoses": np.where(chance.happens("ten", 0.07, *keys), 10, 9 - _fewer(chance, keys)),
    }
    diagnoses = diagnoses_of(chance.within("stays"), people, rows["person"], stays["key"], rows["diagnoses"])
    row, place = counted(rows["diagnoses"])
    diagnoses[place == 0] = REASON_DIAGNOSIS[rows["reason"]][row[place == 0]]
    second = chance.happens("second segment", _STAY_SEGMENT, *keys) & (stays["bill"] == 0)
    return _with_segments(Bills(rows, {"diagnoses": diagnoses}), second, np.zeros(rows_n(rows), dtype=bool))


def _fewer(chance: Chance, keys: tuple[Ints, Ints]) -> Ints:
    """Diagnoses short of nine: none in two thirds of the stays."""
    return np.where(chance.happens("fewer", 0.34, *keys), 1 + chance.below("fewer by", 8, *keys), 0)


def _with_segments(bills: Bills, second: Flags, alone: Flags) -> Bills:
    """Bills with second segments: without dates, with a tenth of the amounts, and no codes but some services.

    `alone` are those whose only segment is the second.
    """
    rows, size = bills.rows, rows_n(bills.rows)
    extra = taken(rows, second)
    for name in ("paid", "coinsurance"):
        extra[name] = np.maximum(extra[name], 0) // 10 // 1_000 * 1_000
    for name in ("primary", "deductible"):
        extra[name] = np.zeros_like(extra[name])
    extra["segment"] = np.full(rows_n(extra), 2)
    extra["diagnoses"] = np.zeros_like(extra["diagnoses"])
    lists = dict(bills.lists)
    if "services" in lists:
        # The services of the second segment are the first three of the first.
        extra["services"] = np.minimum(extra["services"], 3)
        starts = (np.cumsum(rows["services"]) - rows["services"])[second]
        row, place = counted(extra["services"])
        lists["services"] = np.concatenate([lists["services"], lists["services"][starts[row] + place]])
    both = {name: np.concatenate([values, extra[name]]) for name, values in rows.items()}
    both["segment"][:size][alone] = 2
    undated = both["segment"] == 2
    both["charged"] = both["from"].copy()
    for name in ("from", "thru", "admit", "discharge"):
        if name in both:
            both[name] = np.where(undated, NEVER, both[name])
    order = np.argsort(np.concatenate([np.arange(size), np.flatnonzero(second)]), kind="stable")
    return Bills(taken(both, order), {name: _reordered(values, both[name], order) for name, values in lists.items()})


def _reordered(values: Ints, counts: Ints, order: Ints) -> Ints:
    """The lists of rows in another order of the rows."""
    starts = np.cumsum(counts) - counts
    row, place = counted(counts[order])
    return values[starts[order][row] + place]


def outpatient_bills(chance: Chance, people: People, visits: Visits) -> Bills:
    """Claims of outpatient departments with amounts in whole tens of dollars, and second segments of some.

    Rows have `from`, `thru`, `paid`, `deductible`, `coinsurance`, `primary`, `hospital`, `doctor`, `diagnoses` and
    `services` (how many).
    """
    claims, lines = visits.claims, visits.lines
    keys = (claims["number"], claims["draw"])
    size = rows_n(claims)
    amounts = ("paid", "deductible", "coinsurance", "primary")
    sums = {name: (_sums(lines["claim"], lines[name], size) + 500) // 1_000 * 1_000 for name in amounts}
    negative = chance.happens("negative", _NEGATIVE, *keys)
    refund = -1_000 * (1 + chance.below("refund", 9, *keys))
    coded_line = lines["service"] != NO_CODE
    rows: Columns = {
        **{name: claims[name] for name in ("person", "number", "index", "draw", "doctor", "diagnoses", "kind")},
        "segment": np.ones(size, dtype=np.int64),
        "from": claims["day"],
        "thru": claims["until"],
        **{name: np.where(negative, refund if name == "paid" else 0, values) for name, values in sums.items()},
        "hospital": people.market[claims["person"]] * 2 + claims["hospital"],
        "services": _sums(lines["claim"], coded_line.astype(np.int64), size),
    }
    lists = {"diagnoses": visits.diagnoses, "services": lines["service"][coded_line]}
    alone = chance.happens("second alone", _SECOND_ALONE, *keys)
    second = chance.happens("second segment", _SECOND_SEGMENT, *keys) & ~alone & ~negative
    return _with_segments(Bills(rows, lists), second, alone)


def _sums(row: Ints, values: Ints, size: int) -> Ints:
    """Sums of whole numbers by row."""
    return np.bincount(row, weights=values, minlength=size).astype(np.int64)


def inpatient_rows(chance: Chance, ids: Cells, bills: Bills) -> Cells:
    """Rows of the inpatient file."""
    rows = bills.rows
    keys = (rows["number"], rows["key"])
    dated = rows["segment"] == 1
    doctor = npis(rows["doctor"])
    operated = dated & _HAS_PROCEDURE[rows["reason"]]
    other = chance.happens("other group", 0.01, *keys)
    admitted = bills.lists["diagnoses"][np.minimum(_starts(rows["diagnoses"]) + 1, len(bills.lists["diagnoses"]) - 1)]
    return _INPATIENT.rows(
        {
            **_claim_cells(rows, ids, "inpatient"),
            "CLM_PMT_AMT": dollars(rows["paid"]),
            "NCH_PRMRY_PYR_CLM_PD_AMT": dollars(rows["primary"]),
            "AT_PHYSN_NPI": doctor,
            "OP_PHYSN_NPI": _where(operated, doctor),
            "CLM_ADMSN_DT": SYNPUF.dates(rows["admit"]),
            "ADMTNG_ICD9_DGNS_CD": _where(dated, picked(DIAGNOSES_9, admitted)),
            "NCH_BENE_IP_DDCTBL_AMT": _where(rows["deductible"] > 0, dollars(rows["deductible"])),
            "NCH_BENE_PTA_COINSRNC_LBLTY_AM": dollars(rows["coinsurance"]),
            "NCH_BENE_BLOOD_DDCTBL_LBLTY_AM": choice(chance.happens("blood", 0.004, *keys), ("0.00", "200.00")),
            "CLM_UTLZTN_DAY_CNT": _where(dated, number(rows["nights"])),
            "NCH_BENE_DSCHRG_DT": SYNPUF.dates(rows["discharge"]),
            "CLM_DRG_CD": _where(dated, picked(_DRGS, np.where(other, len(REASONS), rows["reason"]))),
            "ICD9_DGNS_CD_1": _INPATIENT.slots(picked(DIAGNOSES_9, bills.lists["diagnoses"]), rows["diagnoses"], 10),
            "ICD9_PRCDR_CD_1": _where(operated, picked(_PROCEDURES, rows["reason"])),
            # Now and then a diagnosis stands in a slot for procedures, as published.
            "ICD9_PRCDR_CD_2": _where(operated & chance.happens("odd", 0.3, *keys), picked(DIAGNOSES_9, admitted)),
        }
    )


def outpatient_rows(chance: Chance, ids: Cells, bills: Bills) -> Cells:
    """Rows of the outpatient file."""
    rows = bills.rows
    keys = (rows["number"], rows["draw"])
    dated = rows["segment"] == 1
    doctor = npis(rows["doctor"])
    reasons = bills.lists["diagnoses"][np.minimum(_starts(rows["diagnoses"]), len(bills.lists["diagnoses"]) - 1)]
    return _OUTPATIENT.rows(
        {
            **_claim_cells(rows, ids, "outpatient"),
            "CLM_PMT_AMT": tens(rows["paid"]),
            "NCH_PRMRY_PYR_CLM_PD_AMT": tens(rows["primary"]),
            "AT_PHYSN_NPI": _where(dated, doctor),
            "OT_PHYSN_NPI": _where(dated & chance.happens("other physician", 0.3, *keys), doctor),
            "NCH_BENE_BLOOD_DDCTBL_LBLTY_AM": "0.00",
            "ICD9_DGNS_CD_1": _OUTPATIENT.slots(picked(DIAGNOSES_9, bills.lists["diagnoses"]), rows["diagnoses"], 10),
            "NCH_BENE_PTB_DDCTBL_AMT": tens(rows["deductible"]),
            "NCH_BENE_PTB_COINSRNC_AMT": tens(rows["coinsurance"]),
            "ADMTNG_ICD9_DGNS_CD": _where(
                dated & chance.happens("reason given", 0.25, *keys), picked(DIAGNOSES_9, reasons)
            ),
            "HCPCS_CD_1": _OUTPATIENT.slots(picked(SERVICES, bills.lists["services"]), rows["services"], 45),
        }
    )


def _claim_cells(rows: Columns, ids: Cells, data_set: str) -> dict[str, Cells]:
    return {
        "DESYNPUF_ID": picked(ids, rows["person"]),
        "CLM_ID": event_ids(data_set, rows["number"], rows["index"]),
        "SEGMENT": choice(rows["segment"], ("", "1", "2")),
        "CLM_FROM_DT": SYNPUF.dates(rows["from"]),
        "CLM_THRU_DT": SYNPUF.dates(rows["thru"]),
        "PRVDR_NUM": hospital_numbers(rows["hospital"]),
    }


def _starts(counts: Ints) -> Ints:
    return np.cumsum(counts) - counts


def _where(shown: Flags, cells: Cells) -> Cells:
    """Cells, empty where they are not shown."""
    return pc.if_else(pa.array(shown), cells, "")
