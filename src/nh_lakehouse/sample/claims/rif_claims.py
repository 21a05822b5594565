"""What the rows of all research claims files have in common: one text per claim, repeated on each of its lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from nh_lakehouse.sample.claims.era import RIF, Chance, Flags
from nh_lakehouse.sample.claims.form import Columns, Form, Slots, counted, picked
from nh_lakehouse.sample.claims.headers import header_of
from nh_lakehouse.sample.claims.rif_text import (
    Editions,
    beneficiary_numbers,
    coded_diagnoses,
    event_numbers,
    group_numbers,
    version_of,
)
from nh_lakehouse.sample.randomness import Ints
from nh_lakehouse.sample.writing import Cells, decimal, number

__all__ = ["ClaimForm", "Coding", "Lines", "coding_of", "common_cells", "money", "picked_lists"]


@dataclass(frozen=True)
class ClaimForm:
    """Form of a file with one row per line.

    Attributes:
        head: columns of the claim, up to the line number.
        tail: line number and columns of the line.
        line: name of the line number.
    """

    head: Form
    tail: Form
    line: str

    @staticmethod
    def of(data_set: str, line: str, fixed: Mapping[str, str]) -> ClaimForm:
        """The form of a data set."""
        head, tail = Form(header_of(data_set), "|", fixed).split(line)
        return ClaimForm(head, tail, line)

    def rows(
        self, claim: Mapping[str, Cells | Slots | str], counts: Ints, lines: Mapping[str, Cells | Slots | str]
    ) -> Cells:
        """All lines of all claims: `counts` of each, whose cells come one claim after the other."""
        row, place = counted(counts)
        heads = picked(self.head.rows(claim), row)
        return pc.binary_join_element_wise(heads, self.tail.rows({self.line: number(place + 1), **lines}), "")


def money(cents: Ints) -> Cells:
    """Dollars and cents."""
    return decimal(cents, 2)


@dataclass(frozen=True)
class Coding:
    """Diagnoses of claims, in the code system of their day.

    Attributes:
        new: 1 for ICD-10.
        unversioned: claims whose versions are left blank.
        counts: diagnoses of each claim.
        diagnoses: positions, one claim after the other.
    """

    new: Ints
    unversioned: Flags
    counts: Ints
    diagnoses: Ints

    def first(self) -> Ints:
        """The principal diagnosis of each claim."""
        return self.diagnoses[np.cumsum(self.counts) - self.counts]

    def cells(self, form: Form, width: int, admitting: str = "", present: bool = False) -> dict[str, Cells | Slots]:
        """Principal diagnosis and slots; the first slot repeats the principal one.

        Args:
            form: of the claim's columns.
            width: number of slots.
            admitting: name of the column of the admitting diagnosis, if there is one.
            present: each slot says whether the diagnosis was present on admission.
        """
        principal = Slots(coded_diagnoses(self.first(), self.new, self.unversioned), 2)
        claim = np.repeat(np.arange(len(self.counts)), self.counts)
        every = coded_diagnoses(self.diagnoses, self.new[claim], self.unversioned[claim], "|Y" if present else "")
        cells: dict[str, Cells | Slots] = {
            "PRNCPAL_DGNS_CD": principal,
            "ICD_DGNS_CD1": form.slots(every, self.counts, width, "||" if present else "|"),
        }
        return {**cells, admitting: principal} if admitting else cells


def coding_of(chance: Chance, editions: Editions, number_: Ints, thru: Ints, counts: Ints, diagnoses: Ints) -> Coding:
    """The coding of claims in the order of their editions."""
    rows = editions.rows
    unversioned = chance.happens("no version", 0.01, number_, thru)
    starts = np.cumsum(counts) - counts
    row, offset = counted(counts[rows])
    return Coding(version_of(thru)[rows], unversioned[rows], counts[rows], diagnoses[starts[rows][row] + offset])


def picked_lists(values: Ints, counts: Ints, rows: Ints) -> Ints:
    """The values that belong to some rows, in their order."""
    starts = np.cumsum(counts) - counts
    row, offset = counted(counts[rows])
    return values[starts[rows][row] + offset]


def common_cells(
    editions: Editions, claims: Columns, record: str, claim_type: Cells | str
) -> dict[str, Cells | Slots | str]:
    """The first columns of every claims file; claims have `person`, `number`, `index`, `from` and `thru`."""
    rows = editions.rows
    numbers, thru = claims["number"][rows], claims["thru"][rows]
    return {
        "DML_IND": editions.dml,
        "BENE_ID": beneficiary_numbers(numbers),
        "CLM_ID": event_numbers(numbers, editions.index),
        "CLM_GRP_ID": group_numbers(numbers, claims["index"][rows]),
        "FINAL_ACTION": editions.final,
        "NCH_NEAR_LINE_REC_IDENT_CD": record,
        "NCH_CLM_TYPE_CD": claim_type,
        "CLM_FROM_DT": RIF.dates(claims["from"][rows]),
        "CLM_THRU_DT": RIF.dates(thru),
        "NCH_WKLY_PROC_DT": RIF.dates(thru + 6),
    }


@dataclass(frozen=True)
class Lines:
    """Revenue lines of institutional claims: `counts` of each claim, and columns of the lines one after the other."""

    counts: Ints
    columns: Columns

    def taken(self, rows: Ints) -> Lines:
        """The lines of some claims."""
        return Lines(
            self.counts[rows],
            {name: picked_lists(values, self.counts, rows) for name, values in self.columns.items()},
        )
