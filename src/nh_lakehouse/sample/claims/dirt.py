"""The faults that a claims sample holds on purpose, all of them in rows of their own, so that nothing true is lost.

- Carrier A: claims of a person in no beneficiary file, a HCPCS code that lost its leading zeros, the day
  `00000000`.
- Inpatient: a claim that ends before it begins. Outpatient: a claim twice, the day `00000000`, a last line cut short.
- Drug events: fills of a person in no beneficiary file, a drug code that lost its leading zero.
- Research files: a carrier claim of an unknown person, one whose lines state different payments, a day that no
  calendar has, a last line cut short; a drug code that lost its leading zero.
- A second delivery (`_again`) of outpatient and research inpatient claims: most as they were, some with another
  payment.
- A carrier part B with a header alone; a readme; what macOS leaves beside a copied file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import numpy as np

from nh_lakehouse.sample.claims.delivery import Delivery
from nh_lakehouse.sample.claims.headers import header_of
from nh_lakehouse.sample.claims.numbering import FAULTS
from nh_lakehouse.sample.claims.rif_text import event_numbers
from nh_lakehouse.sample.claims.synpuf import claims_files, header_line
from nh_lakehouse.sample.claims.synpuf_text import event_ids
from nh_lakehouse.sample.damage import SHORT_ROW, TWICE, Fault
from nh_lakehouse.sample.dirt import stray_files

__all__ = ["spoil_rif", "spoil_synpuf", "strays"]

NOBODY = "FFFFFFFF00000001"
_UNKNOWN = Fault("a person in no beneficiary file", "orphan_beneficiary", "referential")
_NO_DAY = Fault("a day that no calendar has", "bad_date", "cell")
_NO_ZEROS = Fault("a code that lost its leading zeros", "", "none")
_BACKWARDS = Fault("a claim that ends before it begins", "date_order", "warn")
_TWO_PAYMENTS = Fault("lines of one claim that state different payments", "line_total_mismatch", "warn")
_ADJUSTED = Fault("a claim delivered again with another payment", "superseded", "none")
_HEADER_ALONE = Fault("a file with a header alone", "", "file")
_AGAIN, _CHANGED = 20, 3


class _Lines:
    """Lines of a file as cells, to make other lines of."""

    def __init__(self, delivery: Delivery, name: str, data_set: str, separator: str) -> None:
        self.delivery, self.name, self.separator = delivery, name, separator
        self.header = header_of(data_set)
        self.kept = [line.split(separator) for line in delivery.sheets[name].kept]

    def find(self, column: str, good: Callable[[str], bool], skip: int = 0) -> list[str] | None:
        """The cells of a line whose cell passes the test, after so many of them."""
        at = self.header.index(column)
        found = [cells for cells in self.kept if good(cells[at])]
        return list(found[skip % len(found)]) if found else None

    def add(self, cells: Sequence[str] | None, changes: dict[str, str], column: str, fault: Fault | None) -> None:
        """Append a line with some cells changed."""
        if cells is not None:
            changed = list(cells)
            for name, value in changes.items():
                changed[self.header.index(name)] = value
            self.delivery.add(self.name, self.separator.join(changed), column, fault)

    def cut(self, identifier: str, value: str) -> None:
        """Append the first part of a line, as when a transfer breaks off."""
        if self.kept:
            cells = list(self.kept[0])
            cells[self.header.index(identifier)] = value
            self.delivery.add(
                self.name, self.separator.join(cells)[: len(self.separator.join(cells)) // 3], "", SHORT_ROW, end=""
            )


def spoil_synpuf(delivery: Delivery) -> None:
    """Put the faults into the public use files, which are still open."""
    files = claims_files()
    identifiers = iter(range(FAULTS, FAULTS + 90))

    def fresh(kind: str) -> str:
        return str(event_ids(kind, np.array([0]), np.array([next(identifiers)]))[0].as_py())

    carrier = _Lines(delivery, files["syn_carrier_a"], "syn_carrier", ",")
    for skip in (0, 7):
        person = {"DESYNPUF_ID": NOBODY, "CLM_ID": fresh("carrier")}
        carrier.add(carrier.find("CLM_ID", bool, skip), person, "DESYNPUF_ID", _UNKNOWN)
    zeros = carrier.find("HCPCS_CD_1", lambda cell: cell.startswith("00"))
    code = zeros[carrier.header.index("HCPCS_CD_1")].lstrip("0") if zeros else ""
    carrier.add(zeros, {"CLM_ID": fresh("carrier"), "HCPCS_CD_1": code}, "HCPCS_CD_1", _NO_ZEROS)
    day = {"CLM_ID": fresh("carrier"), "CLM_FROM_DT": "00000000"}
    carrier.add(carrier.find("CLM_ID", bool, 11), day, "CLM_FROM_DT", _NO_DAY)
    inpatient = _Lines(delivery, files["syn_inpatient"], "syn_inpatient", ",")
    backwards = {"CLM_ID": fresh("inpatient"), "CLM_THRU_DT": "20080101", "NCH_BENE_DSCHRG_DT": "20080101"}
    later = inpatient.find("CLM_FROM_DT", lambda cell: cell > "20080201")
    inpatient.add(later, backwards, "CLM_THRU_DT", _BACKWARDS)
    fills = _Lines(delivery, files["syn_pde"], "syn_pde", ",")
    for skip in (0, 5):
        fills.add(
            fills.find("PDE_ID", bool, skip), {"DESYNPUF_ID": NOBODY, "PDE_ID": fresh("pde")}, "DESYNPUF_ID", _UNKNOWN
        )
    zeros = fills.find("PROD_SRVC_ID", lambda cell: cell.startswith("0"))
    code = zeros[fills.header.index("PROD_SRVC_ID")].lstrip("0") if zeros else ""
    fills.add(zeros, {"PDE_ID": fresh("pde"), "PROD_SRVC_ID": code}, "PROD_SRVC_ID", _NO_ZEROS)
    outpatient = _Lines(delivery, files["syn_outpatient"], "syn_outpatient", ",")
    outpatient.add(outpatient.find("SEGMENT", lambda cell: cell == "1", 30), {}, "", TWICE)
    day = {"CLM_ID": fresh("outpatient"), "CLM_THRU_DT": "00000000"}
    outpatient.add(outpatient.find("SEGMENT", lambda cell: cell == "1", 31), day, "CLM_THRU_DT", _NO_DAY)
    outpatient.cut("CLM_ID", fresh("outpatient"))
    _again_synpuf(delivery, outpatient)
    header_only = claims_files()["syn_carrier_b"].replace("Sample_1B", "Sample_2B")
    delivery.open(header_only, header_line("syn_carrier").replace('"', ""), newline="\r\n")
    delivery.note(header_only, _HEADER_ALONE)


def _again_synpuf(delivery: Delivery, outpatient: _Lines) -> None:
    """A second delivery of outpatient claims of one segment; three of them are paid 40 USD more."""
    name = claims_files("_again")["syn_outpatient"]
    delivery.open(name, header_line("syn_outpatient"))
    again = _Lines(delivery, name, "syn_outpatient", ",")
    claim, segment = (outpatient.header.index(column) for column in ("CLM_ID", "SEGMENT"))
    both = {cells[claim] for cells in outpatient.kept if cells[segment] == "2"}
    whole = [cells for cells in outpatient.kept if cells[claim] not in both][:_AGAIN]
    paid = outpatient.header.index("CLM_PMT_AMT")
    for number, cells in enumerate(whole):
        if number < len(whole) - _CHANGED:
            again.add(cells, {}, "", None)
        else:
            more = f"{float(cells[paid]) + 40:.2f}"
            again.add(cells, {"CLM_PMT_AMT": more}, "CLM_PMT_AMT", _ADJUSTED)


def spoil_rif(delivery: Delivery) -> None:
    """Put the faults into the research files, which are still open."""
    identifiers = iter(range(FAULTS, FAULTS + 90))

    def fresh() -> str:
        return str(event_numbers(np.array([0]), np.array([next(identifiers)]))[0].as_py())

    carrier = _Lines(delivery, "carrier.csv", "rif_carrier", "|")
    first = carrier.find("LINE_NUM", lambda cell: cell == "1", 3)
    carrier.add(first, {"BENE_ID": "-1", "CLM_ID": fresh()}, "BENE_ID", _UNKNOWN)
    claim = fresh()
    carrier.add(first, {"CLM_ID": claim, "CLM_PMT_AMT": "10.00"}, "", None)
    carrier.add(first, {"CLM_ID": claim, "CLM_PMT_AMT": "20.00", "LINE_NUM": "2"}, "CLM_PMT_AMT", _TWO_PAYMENTS)
    carrier.add(first, {"CLM_ID": fresh(), "CLM_THRU_DT": "31-Feb-2016"}, "CLM_THRU_DT", _NO_DAY)
    carrier.cut("CLM_ID", fresh())
    fills = _Lines(delivery, "pde.csv", "rif_pde", "|")
    zeros = fills.find("PROD_SRVC_ID", lambda cell: cell.startswith("0"))
    code = zeros[fills.header.index("PROD_SRVC_ID")].lstrip("0") if zeros else ""
    fills.add(zeros, {"PDE_ID": fresh(), "PROD_SRVC_ID": code}, "PROD_SRVC_ID", _NO_ZEROS)
    _again_rif(delivery)


def _again_rif(delivery: Delivery) -> None:
    """A second delivery of the first inpatient claims; the last of them is an update with another payment."""
    first = _Lines(delivery, "inpatient.csv", "rif_inpatient", "|")
    delivery.open("inpatient_again.csv", "|".join(first.header))
    again = _Lines(delivery, "inpatient_again.csv", "rif_inpatient", "|")
    claim, action = first.header.index("CLM_ID"), first.header.index("FINAL_ACTION")
    claims = list(dict.fromkeys(cells[claim] for cells in first.kept if cells[action] == "F"))[:6]
    for identifier in claims:
        for cells in (cells for cells in first.kept if cells[claim] == identifier):
            if identifier != claims[-1]:
                again.add(cells, {}, "", None)
            else:
                again.add(cells, {"DML_IND": "UPDATE", "CLM_PMT_AMT": "12345.67"}, "CLM_PMT_AMT", _ADJUSTED)


def strays(delivery: Delivery) -> None:
    """Files that are no data, and a later modified time for what was delivered again."""
    delivery.dirt += stray_files(delivery.folder, min(delivery.sheets))
    times = [(delivery.folder / name).stat().st_mtime_ns for name in delivery.sheets]
    for name in delivery.sheets:
        if name.removesuffix(".csv").endswith("_again"):
            os.utime(delivery.folder / name, ns=(max(times) + 10**9, max(times) + 10**9))
