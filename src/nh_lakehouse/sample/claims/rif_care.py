"""Research files of outpatient departments, home health agencies and hospices, with their revenue lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nh_lakehouse.sample.claims.era import RIF, Chance
from nh_lakehouse.sample.claims.form import Columns, Slots, counted, picked, rows_n
from nh_lakehouse.sample.claims.people import People
from nh_lakehouse.sample.claims.places import PLACES, home_state
from nh_lakehouse.sample.claims.rif_claims import ClaimForm, coding_of, common_cells, money, picked_lists
from nh_lakehouse.sample.claims.rif_stays import Counted
from nh_lakehouse.sample.claims.rif_text import certification_numbers, editions_of, organization_npis, physician_npis
from nh_lakehouse.sample.claims.services import KINDS, NO_CODE, SERVICES, menu_of
from nh_lakehouse.sample.claims.visits import Visits, diagnoses_of
from nh_lakehouse.sample.randomness import Ints
from nh_lakehouse.sample.writing import Cells, choice, number

__all__ = ["home_care_rows", "hospice_rows", "outpatient_claim_rows"]

_EXTERNAL = {f"ICD_DGNS_E_{part}{slot}": " " for slot in range(2, 13) for part in ("CD", "VRSN_CD")}
_SHARED = {
    **_EXTERNAL, "AT_PHYSN_UPIN": " ", "NCH_PRMRY_PYR_CD": " ", "RNDRNG_PHYSN_UPIN": " ",
    "NCH_PRMRY_PYR_CLM_PD_AMT": "0", "CLM_FREQ_CD": "1", "CLM_MCO_PD_SW": "0", "REV_CNTR_NCVRD_CHRG_AMT": "0.00",
}  # fmt: skip
_OUTPATIENT = ClaimForm.of(
    "rif_outpatient", "CLM_LINE_NUM",
    {**_SHARED, "CLAIM_QUERY_CODE": "3", "CLM_FAC_TYPE_CD": "1", "CLM_SRVC_CLSFCTN_TYPE_CD": "3",
     "OP_PHYSN_UPIN": " ", "PTNT_DSCHRG_STUS_CD": "1", "NCH_BENE_BLOOD_DDCTBL_LBLTY_AM": "0",
     "NCH_PROFNL_CMPNT_CHRG_AMT": "4", "CLM_OP_BENE_PMT_AMT": "0", "REV_CNTR_PMT_MTHD_IND_CD": "4",
     "REV_CNTR_BLOOD_DDCTBL_AMT": "0", "REV_CNTR_1ST_MSP_PD_AMT": "0", "REV_CNTR_2ND_MSP_PD_AMT": "0",
     "REV_CNTR_BENE_PMT_AMT": "0", "REV_CNTR_STUS_IND_CD": "4"},
)  # fmt: skip
_HOME = ClaimForm.of(
    "rif_hha", "CLM_LINE_NUM",
    {**_SHARED, "CLM_FAC_TYPE_CD": "3", "CLM_SRVC_CLSFCTN_TYPE_CD": "3", "PTNT_DSCHRG_STUS_CD": "1",
     "CLM_PPS_IND_CD": " ", "REV_CNTR_PMT_MTHD_IND_CD": "4", "REV_CNTR_DDCTBL_COINSRNC_CD": "3",
     "REV_CNTR_STUS_IND_CD": "4"},
)  # fmt: skip
_HOSPICE = ClaimForm.of(
    "rif_hospice", "CLM_LINE_NUM",
    {**_SHARED, "CLM_FAC_TYPE_CD": "8", "CLM_SRVC_CLSFCTN_TYPE_CD": "1", "NCH_PTNT_STATUS_IND_CD": "A",
     "REV_CNTR_BENE_PMT_AMT": "0", "REV_CNTR_DDCTBL_COINSRNC_CD": "2"},
)  # fmt: skip
#: Revenue centre of a service, by its kind; emergencies are 0450, some 0981.
_CENTRES = {
    "office": "0510", "hospital": "0510", "emergency": "0450", "laboratory": "0300", "imaging": "0320",
    "therapy": "0420", "procedure": "0360", "anesthesia": "0370", "ambulance": "0540", "drug": "0636", "mind": "0900",
    "dialysis": "0821",
}  # fmt: skip
_PHARMACY, _PROFESSIONAL, _TOTAL = len(KINDS), len(KINDS) + 1, len(KINDS) + 2
_CENTRE_CELLS = (*(_CENTRES[kind] for kind in KINDS), "0250", "0981", "0001")
_HOME_CENTRES, _HOME_CODES = ("0023", "0551", "0421", "0571", "0001"), ("1AFKS", "G0299", "G0151", "G0156", "")
_HOSPICE_CENTRES, _HOSPICE_CODES = ("0651", "0551", "0561", "0001"), ("Q5001", "G0299", "G0155", "")
_DENIED, _NEGATIVE = 0.012, 0.004


def _kind_of_service() -> Ints:
    kinds = np.full(NO_CODE + 1, _PHARMACY, dtype=np.int64)
    for position, kind in enumerate(KINDS):
        kinds[menu_of(kind).services] = position
    return kinds


_KIND_OF_SERVICE = _kind_of_service()


def _sums(row: Ints, values: Ints, size: int) -> Ints:
    return np.bincount(row, weights=values, minlength=size).astype(np.int64)


def _facility(
    market: Ints, place: Ints, first: int, size: int, kind: int, doctor: Ints
) -> dict[str, Cells | Slots | str]:
    return {
        "PRVDR_NUM": certification_numbers(market, place, first, size),
        "PRVDR_STATE_CD": choice(home_state(market), [item.ssa for item in PLACES]),
        "ORG_NPI_NUM": organization_npis((market * size + place) * 8 + kind),
        "AT_PHYSN_NPI": physician_npis(doctor),
    }


def outpatient_claim_rows(chance: Chance, people: People, visits: Visits) -> Counted:
    """Rows of the outpatient file: a line for each service, and the total."""
    claims = {**visits.claims, "from": visits.claims["day"], "thru": visits.claims["until"]}
    keys = (claims["number"], claims["draw"])
    editions = editions_of(chance, claims["number"], claims["index"])
    rows = editions.rows
    denied = chance.happens("denied", _DENIED, *keys)
    refunded = ~denied & chance.happens("negative", _NEGATIVE, *keys)
    size = rows_n(claims)
    lines = _with_total(chance, claims, visits.lines, denied)
    sums = {name: _sums(lines["claim"], lines[name], size) for name in ("paid", "deductible", "coinsurance", "charge")}
    counts = claims["lines"] + 1
    paid = np.where(refunded, -100 * (1 + chance.below("refund", 90, *keys)), sums["paid"])
    paid_now = np.where(editions.original, paid[rows] // 2, paid[rows])
    coding = coding_of(chance, editions, claims["number"], claims["thru"], claims["diagnoses"], visits.diagnoses)
    claim: dict[str, Cells | Slots | str] = {
        **common_cells(editions, claims, "W", "40"),
        **_facility(people.market[claims["person"]][rows], claims["hospital"][rows], 100, 2, 1, claims["doctor"][rows]),
        "CLM_MDCR_NON_PMT_RSN_CD": choice(denied[rows], (" ", "N")),
        "CLM_PMT_AMT": money(paid_now),
        # The total line holds the charges of all others.
        "CLM_TOT_CHRG_AMT": money(sums["charge"][rows] // 2),
        "NCH_BENE_PTB_DDCTBL_AMT": money(sums["deductible"][rows]),
        "NCH_BENE_PTB_COINSRNC_AMT": money(sums["coinsurance"][rows]),
        "CLM_OP_PRVDR_PMT_AMT": money(paid_now),
        **coding.cells(_OUTPATIENT.head, 25),
    }
    now = {name: picked_lists(values, counts, rows) for name, values in lines.items()}
    line = {
        "REV_CNTR": choice(now["centre"], _CENTRE_CELLS),
        "REV_CNTR_DT": RIF.dates(claims["day"][now["claim"]]),
        "HCPCS_CD": picked(SERVICES, now["service"]),
        "REV_CNTR_UNIT_CNT": number(now["units"]),
        "REV_CNTR_RATE_AMT": "0.00",
        "REV_CNTR_CASH_DDCTBL_AMT": money(now["deductible"]),
        "REV_CNTR_COINSRNC_WGE_ADJSTD_C": money(now["coinsurance"]),
        "REV_CNTR_RDCD_COINSRNC_AMT": money(now["coinsurance"]),
        "REV_CNTR_PRVDR_PMT_AMT": money(now["paid"]),
        "REV_CNTR_PTNT_RSPNSBLTY_PMT": money(now["coinsurance"] + now["deductible"]),
        "REV_CNTR_PMT_AMT_AMT": money(now["paid"]),
        "REV_CNTR_TOT_CHRG_AMT": money(now["charge"]),
        "RNDRNG_PHYSN_NPI": physician_npis(claims["doctor"][now["claim"]]),
    }
    return Counted(_OUTPATIENT.rows(claim, counts[rows], line), editions, counts[rows], paid_now, denied[rows])


def _with_total(chance: Chance, claims: Columns, lines: Columns, denied: np.ndarray) -> Columns:
    """The services as revenue lines, charged at 2.5 times what is allowed, and a line of each claim with the total."""
    size = rows_n(claims)
    claim = lines["claim"]
    nothing = denied[claim]
    kind = _KIND_OF_SERVICE[lines["service"]]
    professional = (kind == KINDS.index("emergency")) & chance.happens(
        "professional", 0.15, claims["number"][claim], claims["draw"][claim]
    )
    charge = (lines["allowed"] + 100) * 5 // 2
    amounts = {name: np.where(nothing, 0, lines[name]) for name in ("paid", "deductible", "coinsurance")}
    ends = np.zeros(size, dtype=np.int64)
    services: Columns = {
        "claim": claim, "line": lines["line"], "service": lines["service"], "units": lines["units"],
        "centre": np.where(professional, _PROFESSIONAL, kind), "charge": charge, **amounts,
    }  # fmt: skip
    totals: Columns = {
        "claim": np.arange(size), "line": claims["lines"], "service": ends + NO_CODE, "units": ends + 1,
        "centre": ends + _TOTAL, "charge": _sums(claim, charge, size), "paid": ends, "deductible": ends,
        "coinsurance": ends,
    }  # fmt: skip
    both = {name: np.concatenate([services[name], totals[name]]) for name in services}
    order = np.lexsort((both["line"], both["claim"]))
    return {name: values[order] for name, values in both.items()}


def home_care_rows(chance: Chance, people: People, care: Columns) -> Counted:
    """Rows of the home health file: the payment group, a line for each visit, and the total."""
    visits = care["visits"]
    paid = 150_000 + visits * 9_000
    counts = visits + 2
    row, place = counted(counts)
    kind = np.where(place == 0, 0, np.where(place == counts[row] - 1, 4, 1 + (place + care["number"][row]) % 3))
    length = (care["end"] - care["begin"])[row]
    day = care["begin"][row] + np.where(
        (kind == 0) | (kind == 4), 0, (place - 1) * length // np.maximum(visits[row], 1)
    )
    charge = np.where(kind == 0, 0, np.where(kind == 4, (visits * 16_500)[row], 16_500))
    own = {
        "CLM_HHA_TOT_VISIT_CNT": number(visits),
        "CLM_ADMSN_DT": RIF.dates(care["admit"]),
    }
    return _care_rows(
        chance, people, care, _Care(_HOME, "U", "10", 7_000, _HOME_CENTRES, _HOME_CODES), own,
        {"paid": paid, "charge": visits * 16_500, "lines": counts}, {"kind": kind, "day": day, "charge": charge},
    )  # fmt: skip


def hospice_rows(chance: Chance, people: People, care: Columns) -> Counted:
    """Rows of the hospice file: days of routine care, visits, and the total."""
    days = np.maximum(care["end"] - care["begin"], 1)
    counts = np.full(rows_n(care), 4, dtype=np.int64)
    row, place = counted(counts)
    charge = np.where(place == 0, days[row] * 17_000, np.where(place == 3, days[row] * 17_000 + 30_000, 15_000))
    died = care["end"] == people.death[care["person"]]
    own = {
        "CLM_UTLZTN_DAY_CNT": number(days),
        "NCH_BENE_DSCHRG_DT": RIF.dates(care["end"]),
        "CLM_HOSPC_START_DT_ID": RIF.dates(care["admit"]),
        "PTNT_DSCHRG_STUS_CD": choice(died, ("30", "40")),
        "BENE_HOSPC_PRD_CNT": "1",
    }
    return _care_rows(
        chance, people, care, _Care(_HOSPICE, "V", "50", 1_500, _HOSPICE_CENTRES, _HOSPICE_CODES), own,
        {"paid": days * 16_200, "charge": days * 17_000 + 30_000, "lines": counts},
        {"kind": place, "day": care["begin"][row], "charge": charge},
    )  # fmt: skip


@dataclass(frozen=True)
class _Care:
    """What differs between home health and hospice."""

    form: ClaimForm
    record: str
    claim_type: str
    first: int
    centres: tuple[str, ...]
    codes: tuple[str, ...]


def _care_rows(
    chance: Chance,
    people: People,
    care: Columns,
    kind: _Care,
    own: dict[str, Cells | str],
    claims: Columns,
    lines: Columns,
) -> Counted:
    """Rows of one of the two files: claims have `paid`, `charge` and `lines`, lines `kind`, `day` and `charge`."""
    claim_columns: Columns = {**care, "from": care["begin"], "thru": care["end"]}
    editions = editions_of(chance, care["number"], care["index"])
    rows = editions.rows
    draw = care["key"] * 10 + care["place"]
    counts = 1 + chance.below("diagnoses", 6, care["number"], draw)
    diagnoses = diagnoses_of(chance, people, care["person"], draw, counts)
    coding = coding_of(chance, editions, care["number"], care["end"], counts, diagnoses)
    denied = chance.happens("denied", _DENIED, care["number"], draw)
    paid = np.where(denied, 0, claims["paid"])
    paid_now = np.where(editions.original, paid[rows] // 2, paid[rows])
    market = people.market[care["person"]][rows]
    doctor = market * 128 + care["number"][rows] % 33
    claim: dict[str, Cells | Slots | str] = {
        **common_cells(editions, claim_columns, kind.record, kind.claim_type),
        **_facility(market, care["number"][rows] % 2, kind.first, 2, 5 + (kind.record == "V"), doctor),
        "CLM_MDCR_NON_PMT_RSN_CD": choice(denied[rows], (" ", "N")),
        "CLM_PMT_AMT": money(paid_now),
        "CLM_TOT_CHRG_AMT": money(claims["charge"][rows]),
        **{name: cells if isinstance(cells, str) else picked(cells, rows) for name, cells in own.items()},
        **coding.cells(kind.form.head, 25),
    }
    now = {name: picked_lists(values, claims["lines"], rows) for name, values in lines.items()}
    line: dict[str, Cells | Slots | str] = {
        "REV_CNTR": choice(now["kind"], kind.centres),
        "REV_CNTR_DT": RIF.dates(now["day"]),
        "HCPCS_CD": choice(now["kind"], kind.codes),
        "REV_CNTR_UNIT_CNT": "1",
        "REV_CNTR_RATE_AMT": "0.00",
        "REV_CNTR_PMT_AMT_AMT": "0.00",
        "REV_CNTR_TOT_CHRG_AMT": money(now["charge"]),
    }
    form = kind.form
    return Counted(
        form.rows(claim, claims["lines"][rows], line), editions, claims["lines"][rows], paid_now, denied[rows]
    )
