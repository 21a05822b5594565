"""Rows of the carrier file (one claim with 13 line slots) and of the prescription drug events."""

from __future__ import annotations

from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from nh_lakehouse.sample.claims.codes import DIAGNOSES_9
from nh_lakehouse.sample.claims.era import SYNPUF
from nh_lakehouse.sample.claims.fills import drug_codes
from nh_lakehouse.sample.claims.form import Columns, Form, picked
from nh_lakehouse.sample.claims.headers import header_of
from nh_lakehouse.sample.claims.services import SERVICES
from nh_lakehouse.sample.claims.synpuf_text import event_ids, npis, tax_numbers, tens
from nh_lakehouse.sample.claims.visits import PROCESSING, Visits
from nh_lakehouse.sample.randomness import Ints
from nh_lakehouse.sample.writing import Cells, text

__all__ = ["carrier_rows", "fill_rows"]

_SLOTS, _DIAGNOSES = 13, 8
_FORM = Form(header_of("syn_carrier"), ",", {})
_FILLS = Form(header_of("syn_pde"), ",", {})
_CODES = text(PROCESSING)
_AMOUNTS = {
    "LINE_NCH_PMT_AMT_1": "paid",
    "LINE_BENE_PTB_DDCTBL_AMT_1": "deductible",
    "LINE_BENE_PRMRY_PYR_PD_AMT_1": "primary",
    "LINE_COINSRNC_AMT_1": "coinsurance",
    "LINE_ALOWD_CHRG_AMT_1": "allowed",
}
_PACKAGES = 3


def carrier_rows(people: Cells, visits: Visits) -> Cells:
    """One row per claim.

    Args:
        people: identifiers of the people by position.
        visits: claims and lines, amounts in whole tens of dollars.
    """
    claims, lines = visits.claims, visits.lines
    used = claims["lines"]
    doctor, practice = npis(claims["doctor"]), tax_numbers(claims["doctor"])
    codes = {
        "PRF_PHYSN_NPI_1": picked(doctor, lines["claim"]),
        "TAX_NUM_1": picked(practice, lines["claim"]),
        "HCPCS_CD_1": picked(SERVICES, lines["service"]),
        "LINE_PRCSG_IND_CD_1": picked(_CODES, lines["processing"]),
        "LINE_ICD9_DGNS_CD_1": picked(DIAGNOSES_9, lines["diagnosis"]),
    }
    return _FORM.rows(
        {
            "DESYNPUF_ID": picked(people, claims["person"]),
            "CLM_ID": event_ids("carrier", claims["number"], claims["index"]),
            "CLM_FROM_DT": SYNPUF.dates(claims["day"]),
            "CLM_THRU_DT": SYNPUF.dates(claims["until"]),
            "ICD9_DGNS_CD_1": _FORM.slots(picked(DIAGNOSES_9, visits.diagnoses), claims["diagnoses"], _DIAGNOSES),
            **{name: _FORM.slots(cells, used, _SLOTS) for name, cells in codes.items()},
            **{name: _FORM.slots(tens(lines[amount]), used, _SLOTS, "0.00") for name, amount in _AMOUNTS.items()},
        }
    )


@lru_cache(maxsize=1)
def _quantities() -> pa.StringArray:
    return text([f"{quantity}.000" for quantity in range(1_000)])


def _whole(values: Ints) -> Cells:
    return pc.cast(pa.array(values), pa.string())


def fill_rows(people: Cells, fills: Columns) -> Cells:
    """One row per fill."""
    return _FILLS.rows(
        {
            "DESYNPUF_ID": picked(people, fills["person"]),
            "PDE_ID": event_ids("pde", fills["number"], fills["index"]),
            "SRVC_DT": SYNPUF.dates(fills["day"]),
            "PROD_SRVC_ID": picked(drug_codes(), fills["drug"] * _PACKAGES + fills["package"]),
            "QTY_DSPNSD_NUM": picked(_quantities(), fills["quantity"]),
            "DAYS_SUPLY_NUM": _whole(fills["supply"]),
            "PTNT_PAY_AMT": tens(fills["paid"]),
            "TOT_RX_CST_AMT": tens(fills["cost"]),
        }
    )
