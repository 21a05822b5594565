"""Rows of the research file of prescription drug events, with who pays in each phase of the benefit."""

from __future__ import annotations

import numpy as np

from nh_lakehouse.sample.claims.era import RIF, Chance
from nh_lakehouse.sample.claims.fills import drug_codes, is_brand
from nh_lakehouse.sample.claims.form import Columns, Form, picked, rows_n
from nh_lakehouse.sample.claims.headers import header_of
from nh_lakehouse.sample.claims.people import People
from nh_lakehouse.sample.claims.rif_claims import money
from nh_lakehouse.sample.claims.rif_stays import Counted
from nh_lakehouse.sample.claims.rif_text import (
    beneficiary_numbers,
    editions_of,
    event_numbers,
    group_numbers,
    physician_npis,
)
from nh_lakehouse.sample.claims.synpuf_text import coded
from nh_lakehouse.sample.randomness import Ints
from nh_lakehouse.sample.writing import choice, number

__all__ = ["drug_rows", "with_people"]

_FORM = Form(
    header_of("rif_pde"), "|",
    {"SRVC_PRVDR_ID_QLFYR_CD": "01", "PRSCRBR_ID_QLFYR_CD": "01", "PLAN_PBP_REC_NUM": "999", "CMPND_CD": "0",
     "DAW_PROD_SLCTN_CD": "0", "DSPNSNG_STUS_CD": " ", "ADJSTMT_DLTN_CD": " ", "NSTD_FRMT_CD": " ", "PLRO_AMT": "0",
     "RX_ORGN_CD": "3", "PTNT_RSDNC_CD": "01"},
)  # fmt: skip
_PACKAGES, _PHARMACIES, _ROOM, _PRESCRIBERS = 3, 16, 128, 33
#: Where the coverage gap begins and where catastrophic coverage does, of drug cost in a year (2016), in cents.
_GAP, _CATASTROPHIC = 331_000, 706_250


def with_people(chance: Chance, people: People, fills: Columns) -> Columns:
    """Fills with the numbers of their prescriber and pharmacy: two of each for a person."""
    number_, second = fills["number"], fills["slot"] % 4 == 3
    market = people.market[fills["person"]]
    doctor = chance.below("prescriber", _PRESCRIBERS, number_, second.astype(np.int64))
    shop = chance.below("pharmacy", _PHARMACIES, number_, second.astype(np.int64))
    return {**fills, "prescriber": market * _ROOM + doctor, "pharmacy": market * _PHARMACIES + shop}


def drug_rows(chance: Chance, people: People, fills: Columns) -> Counted:
    """Rows of the file; a fill's parts add up to its cost."""
    keys = (fills["number"], fills["slot"], fills["draw"])
    editions = editions_of(chance, fills["number"], fills["index"])
    rows = editions.rows
    cost = fills["cost"] + chance.below("cents", 100, *keys)
    spent = _spent_before(fills, cost)
    catastrophic, gap = spent >= _CATASTROPHIC, (spent >= _GAP) & (spent < _CATASTROPHIC)
    covered = ~chance.happens("not covered", 0.02, *keys)
    poor = people.poor[fills["person"]]
    brand = is_brand(fills["drug"])
    share = np.where(catastrophic, cost // 20, np.where(gap, cost // 2, np.minimum(fills["paid"], cost)))
    share = np.where(covered, np.where(poor, cost // 4, share), 0)
    subsidy = np.where(poor, share - np.minimum(share, 350), 0)
    other = np.where(chance.happens("other", 0.01, *keys) & ~poor & covered, share // 2, 0)
    discount = np.where(gap & (brand == 1) & covered & ~poor, (cost - share) // 2, 0)
    patient = share - subsidy - other
    plan = cost - share - discount
    cells = {
        "DML_IND": editions.dml,
        "PDE_ID": event_numbers(fills["number"][rows], editions.index),
        "CLM_GRP_ID": group_numbers(fills["number"][rows], fills["index"][rows]),
        "FINAL_ACTION": editions.final,
        "BENE_ID": beneficiary_numbers(fills["number"][rows]),
        "SRVC_DT": RIF.dates(fills["day"][rows]),
        "PD_DT": RIF.dates(fills["day"][rows] + 10),
        "SRVC_PRVDR_ID": coded(fills["pharmacy"][rows], lambda shop: f"7777{(shop + 1) * 264_097 % 10**6:06d}"),
        "PRSCRBR_ID": physician_npis(fills["prescriber"][rows]),
        "RX_SRVC_RFRNC_NUM": event_numbers(fills["number"][rows], fills["index"][rows]),
        "PROD_SRVC_ID": picked(drug_codes(), (fills["drug"] * _PACKAGES + fills["package"])[rows]),
        "PLAN_CNTRCT_REC_ID": choice(fills["number"][rows] % 9, [f"Z000{plan_ + 1}" for plan_ in range(9)]),
        "QTY_DSPNSD_NUM": number(fills["quantity"][rows]),
        "DAYS_SUPLY_NUM": number(fills["supply"][rows]),
        "FILL_NUM": number(np.minimum(fills["fill"], 99)[rows]),
        "DRUG_CVRG_STUS_CD": choice(covered[rows], ("E", "C")),
        "CTSTRPHC_CVRG_CD": choice((catastrophic & covered)[rows], (" ", "C")),
        "GDC_BLW_OOPT_AMT": money(np.where(catastrophic | ~covered, 0, cost)[rows]),
        "GDC_ABV_OOPT_AMT": money(np.where(catastrophic & covered, cost, 0)[rows]),
        "PTNT_PAY_AMT": money(patient[rows]),
        "OTHR_TROOP_AMT": money(other[rows]),
        "LICS_AMT": money(subsidy[rows]),
        "CVRD_D_PLAN_PD_AMT": money(np.where(covered, plan, 0)[rows]),
        "NCVRD_PLAN_PD_AMT": money(np.where(covered, 0, plan)[rows]),
        "TOT_RX_CST_AMT": money(cost[rows]),
        "RPTD_GAP_DSCNT_NUM": money(discount[rows]),
        "BRND_GNRC_CD": choice(brand[rows], ("G", "B")),
        "PHRMCY_SRVC_TYPE_CD": choice(fills["pharmacy"][rows] % 3, ("01", "03", "07")),
    }
    one = np.ones(len(rows), dtype=np.int64)
    return Counted(_FORM.rows(cells), editions, one, cost[rows], np.zeros(len(rows), dtype=bool))


def _spent_before(fills: Columns, cost: Ints) -> Ints:
    """Drug cost of the person in the year before each fill; fills are in order of person and day."""
    if not rows_n(fills):
        return cost
    run = fills["person"] * 8 + RIF.year_of(fills["day"])
    total = np.cumsum(cost) - cost
    begins = np.flatnonzero(np.concatenate([np.ones(1, dtype=bool), run[1:] != run[:-1]]))
    return total - np.repeat(total[begins], np.diff(np.append(begins, len(run))))
