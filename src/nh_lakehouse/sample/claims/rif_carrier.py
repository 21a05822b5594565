"""Research files of physicians and of suppliers of equipment: one row per line."""

from __future__ import annotations

import numpy as np

from nh_lakehouse.sample.claims.era import RIF, Chance
from nh_lakehouse.sample.claims.form import Columns, Slots, counted, picked, rows_n
from nh_lakehouse.sample.claims.people import People
from nh_lakehouse.sample.claims.places import PLACES, home_state
from nh_lakehouse.sample.claims.rif_claims import ClaimForm, Coding, coding_of, common_cells, money, picked_lists
from nh_lakehouse.sample.claims.rif_stays import Counted
from nh_lakehouse.sample.claims.rif_text import (
    coded_diagnoses,
    editions_of,
    organization_npis,
    physician_npis,
    specialties,
    tax_ids,
)
from nh_lakehouse.sample.claims.services import KINDS, NO_CODE, SERVICES
from nh_lakehouse.sample.claims.visits import PLANTED_DRAW, PROCESSING, Visits, chosen
from nh_lakehouse.sample.randomness import Ints
from nh_lakehouse.sample.writing import Cells, choice, number, text

__all__ = ["ROOM", "denied_some", "equipment_rows", "physician_rows", "supplier_npis"]

#: Numbers of the physicians of one market.
ROOM = 128
_SHARED = {
    "CARR_CLM_ENTRY_CD": "1", "CLM_DISP_CD": "1", "CARR_NUM": "31143", "CARR_CLM_PRVDR_ASGNMT_IND_SW": "A",
    "NCH_CLM_BENE_PMT_AMT": "0", "CARR_CLM_HCPCS_YR_CD": "1", "PRTCPTNG_IND_CD": "1", "LINE_BENE_PMT_AMT": "0",
    "LINE_BENE_PRMRY_PYR_CD": " ", "LINE_HCT_HGB_RSLT_NUM": "0.0", "LINE_HCT_HGB_TYPE_CD": "R1",
}  # fmt: skip
_PHYSICIANS = ClaimForm.of(
    "rif_carrier", "LINE_NUM",
    {**_SHARED, "CARR_LINE_PRVDR_TYPE_CD": "0", "CARR_LINE_RDCD_PMT_PHYS_ASTN_C": "0", "LINE_CMS_TYPE_SRVC_CD": "1",
     "CARR_LINE_PRCNG_LCLTY_CD": "40", "CARR_LINE_MTUS_CNT": "1", "HPSA_SCRCTY_IND_CD": " ",
     "CARR_LINE_ANSTHSA_UNIT_CNT": "0"},
)  # fmt: skip
_SUPPLIERS = ClaimForm.of(
    "rif_dme", "LINE_NUM",
    {**_SHARED, "PRVDR_SPCLTY": "A5", "LINE_CMS_TYPE_SRVC_CD": "A", "LINE_PLACE_OF_SRVC_CD": "12",
     "DMERC_LINE_SUPPLR_TYPE_CD": "6", "DMERC_LINE_SCRN_SVGS_AMT": "0", "DMERC_LINE_MTUS_CD": "0"},
)  # fmt: skip
_PLACES = {
    "office": "11", "hospital": "21", "emergency": "23", "laboratory": "81", "imaging": "22", "therapy": "11",
    "procedure": "24", "anesthesia": "24", "ambulance": "41", "drug": "11", "mind": "11", "dialysis": "65",
}  # fmt: skip
_PLACE_CELLS = tuple(_PLACES[kind] for kind in KINDS)
_CODES = text(PROCESSING)
#: Equipment: HCPCS and what Medicare allows, USD.
_EQUIPMENT = (("E1390", 180), ("E0143", 95), ("A4253", 30), ("E0601", 88), ("E0260", 130), ("K0001", 55), ("A4259", 12))
_ITEMS = text([code for code, _ in _EQUIPMENT])
_ITEM_CENTS: Ints = np.array([usd for _, usd in _EQUIPMENT], dtype=np.int64) * 100
_DENIED = 0.015


def denied_some(chance: Chance, visits: Visits) -> Visits:
    """Claims of which some are denied as a whole: nothing is allowed on their lines."""
    claims = visits.claims
    denied = chance.happens("denied", _DENIED, claims["number"], claims["draw"]) & (claims["draw"] < PLANTED_DRAW)
    none = denied[visits.lines["claim"]]
    amounts = ("allowed", "deductible", "primary", "coinsurance", "paid")
    lines = {**visits.lines, **{name: np.where(none, 0, visits.lines[name]) for name in amounts}}
    lines["processing"] = np.where(none, PROCESSING.index("N"), lines["processing"])
    return Visits({**claims, "denied": denied}, lines, visits.diagnoses)


def _sums(row: Ints, values: Ints, size: int) -> Ints:
    return np.bincount(row, weights=values, minlength=size).astype(np.int64)


def physician_rows(chance: Chance, visits: Visits) -> Counted:
    """Rows of the carrier file; claims have `denied` beside what `visits_of` gives."""
    dated = {**visits.claims, "from": visits.claims["day"], "thru": visits.claims["until"]}
    editions = editions_of(chance, dated["number"], dated["index"])
    coding = coding_of(chance, editions, dated["number"], dated["thru"], dated["diagnoses"], visits.diagnoses)
    now = chosen(visits, editions.rows)
    claims, lines, size = now.claims, now.lines, len(editions.rows)
    sums = {name: _sums(lines["claim"], lines[name], size) for name in ("paid", "allowed", "deductible", "primary")}
    paid = np.where(editions.original, sums["paid"] // 2, sums["paid"])
    doctor = physician_npis(claims["doctor"])
    claim: dict[str, Cells | Slots | str] = {
        **common_cells(editions, dated, "O", "71"),
        "CARR_CLM_PMT_DNL_CD": choice(claims["denied"], ("1", "0")),
        "CLM_PMT_AMT": money(paid),
        "CARR_CLM_PRMRY_PYR_PD_AMT": money(sums["primary"]),
        "RFR_PHYSN_NPI": doctor,
        "NCH_CLM_PRVDR_PMT_AMT": money(paid),
        "NCH_CARR_CLM_SBMTD_CHRG_AMT": money(_submitted(sums["allowed"])),
        "NCH_CARR_CLM_ALOWD_AMT": money(sums["allowed"]),
        "CARR_CLM_CASH_DDCTBL_APLD_AMT": money(sums["deductible"]),
        **coding.cells(_PHYSICIANS.head, 12),
    }
    row = lines["claim"]
    line = {
        **_line_cells(coding, claims, lines),
        "PRF_PHYSN_NPI": picked(doctor, row),
        "ORG_NPI_NUM": picked(organization_npis(claims["doctor"] // 2 * 8 + 3), row),
        "TAX_NUM": picked(tax_ids(claims["doctor"]), row),
        "PRVDR_STATE_CD": picked(choice(home_state(claims["doctor"] // ROOM), [place.ssa for place in PLACES]), row),
        "PRVDR_SPCLTY": picked(specialties(claims["doctor"], ROOM), row),
        "LINE_PLACE_OF_SRVC_CD": choice(claims["kind"][row], _PLACE_CELLS),
        "HCPCS_CD": picked(SERVICES, lines["service"]),
        "HCPCS_1ST_MDFR_CD": choice((lines["service"] != NO_CODE) & (lines["units"] == 3), ("", "59")),
    }
    return Counted(_PHYSICIANS.rows(claim, claims["lines"], line), editions, claims["lines"], paid, claims["denied"])


def supplier_npis(market: Ints) -> Cells:
    """The supplier of equipment of each market."""
    return organization_npis(market * 8 + 4)


def _submitted(allowed: Ints) -> Ints:
    """What is charged is 1.7 times what is allowed."""
    return allowed * 17 // 10


def _line_cells(coding: Coding, claims: Columns, lines: Columns) -> dict[str, Cells | Slots | str]:
    row = lines["claim"]
    diagnosis = Slots(coded_diagnoses(lines["diagnosis"], coding.new[row], coding.unversioned[row]), 2)
    return {
        "LINE_SRVC_CNT": number(lines["units"]),
        "LINE_1ST_EXPNS_DT": RIF.dates(claims["day"][row]),
        "LINE_LAST_EXPNS_DT": RIF.dates(claims["until"][row]),
        "LINE_NCH_PMT_AMT": money(lines["paid"]),
        "LINE_PRVDR_PMT_AMT": money(lines["paid"]),
        "LINE_BENE_PTB_DDCTBL_AMT": money(lines["deductible"]),
        "LINE_BENE_PRMRY_PYR_PD_AMT": money(lines["primary"]),
        "LINE_COINSRNC_AMT": money(lines["coinsurance"]),
        "LINE_SBMTD_CHRG_AMT": money(_submitted(lines["allowed"])),
        "LINE_ALOWD_CHRG_AMT": money(lines["allowed"]),
        "LINE_PRCSG_IND_CD": picked(_CODES, lines["processing"]),
        "LINE_ICD_DGNS_CD": diagnosis,
    }


def equipment_rows(chance: Chance, people: People, equipment: Columns) -> Counted:
    """Rows of the equipment file."""
    keys = (equipment["number"], equipment["draw"])
    claims = {**equipment, "from": equipment["day"], "thru": equipment["day"], "until": equipment["day"]}
    editions = editions_of(chance, claims["number"], claims["index"])
    rows = editions.rows
    one = np.ones(rows_n(equipment), dtype=np.int64)
    coding = coding_of(chance, editions, claims["number"], claims["thru"], one, equipment["diagnosis"])
    denied = chance.happens("denied", _DENIED, *keys)
    claim_of, place = counted(equipment["items"])
    item = chance.below("item", len(_EQUIPMENT), keys[0][claim_of], keys[1][claim_of], place)
    allowed = np.where(denied[claim_of], 0, _ITEM_CENTS[item])
    lines: Columns = {
        "item": item, "units": np.ones(len(item), dtype=np.int64), "allowed": allowed,
        "coinsurance": allowed // 5, "paid": allowed - allowed // 5, "deductible": allowed * 0, "primary": allowed * 0,
        "processing": np.where(denied[claim_of], PROCESSING.index("N"), 0),
        "diagnosis": equipment["diagnosis"][claim_of],
    }  # fmt: skip
    lines = {name: picked_lists(values, equipment["items"], rows) for name, values in lines.items()}
    counts = equipment["items"][rows]
    lines["claim"] = counted(counts)[0]
    sums = {name: _sums(lines["claim"], lines[name], len(rows)) for name in ("paid", "allowed")}
    paid = np.where(editions.original, sums["paid"] // 2, sums["paid"])
    market = people.market[equipment["person"]][rows]
    supplier = supplier_npis(market)
    state = choice(home_state(market), [item.ssa for item in PLACES])
    claim: dict[str, Cells | Slots | str] = {
        **common_cells(editions, claims, "M", "82"),
        "CARR_CLM_PMT_DNL_CD": choice(denied[rows], ("1", "0")),
        "CLM_PMT_AMT": money(paid),
        "CARR_CLM_PRMRY_PYR_PD_AMT": "0.00",
        "NCH_CLM_PRVDR_PMT_AMT": money(paid),
        "NCH_CARR_CLM_SBMTD_CHRG_AMT": money(_submitted(sums["allowed"])),
        "NCH_CARR_CLM_ALOWD_AMT": money(sums["allowed"]),
        "CARR_CLM_CASH_DDCTBL_APLD_AMT": "0.00",
        "RFR_PHYSN_NPI": physician_npis(equipment["doctor"][rows]),
        **coding.cells(_SUPPLIERS.head, 12),
    }
    now = {name: claims[name][rows] for name in ("day", "until")}
    line = {
        **_line_cells(coding, now, lines),
        "TAX_NUM": picked(tax_ids(market * ROOM + 90), lines["claim"]),
        "HCPCS_CD": picked(_ITEMS, lines["item"]),
        "LINE_PRMRY_ALOWD_CHRG_AMT": "0.00",
        "PRVDR_NPI": picked(supplier, lines["claim"]),
        "DMERC_LINE_PRCNG_STATE_CD": picked(state, lines["claim"]),
        "PRVDR_STATE_CD": picked(state, lines["claim"]),
    }
    return Counted(_SUPPLIERS.rows(claim, counts, line), editions, counts, paid, denied[rows])
