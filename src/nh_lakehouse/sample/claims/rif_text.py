"""Identifiers, codes and versions of the research files as text, and which edition of a claim stands."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nh_lakehouse.sample.claims.codes import DIAGNOSES_9, coded_pair
from nh_lakehouse.sample.claims.era import RIF, Chance, Flags
from nh_lakehouse.sample.claims.form import picked
from nh_lakehouse.sample.claims.numbering import EVENTS, LATE, ORIGINALS, PLANTED
from nh_lakehouse.sample.claims.places import PLACES, home_state
from nh_lakehouse.sample.claims.synpuf_text import coded
from nh_lakehouse.sample.randomness import Ints
from nh_lakehouse.sample.writing import Cells

__all__ = [
    "Editions",
    "beneficiary_numbers",
    "certification_numbers",
    "coded_diagnoses",
    "editions_of",
    "event_numbers",
    "group_numbers",
    "organization_npis",
    "physician_npis",
    "specialties",
    "tax_ids",
    "version_of",
]

_ICD10_SINCE = RIF.day("2015-10-01")
_SPECIALTIES = (("11", 33), ("69", 4), ("30", 4), ("06", 3), ("65", 3), ("05", 2), ("93", 2), ("26", 2))


def _negative(values: Ints) -> Cells:
    return pc.binary_join_element_wise("-", pa.array(values).cast(pa.string()), "")


def beneficiary_numbers(numbers: Ints) -> Cells:
    """Negative numbers, as in the synthetic files: -1000006, -1000010, ..."""
    return _negative(1_000_006 + 4 * numbers)


def event_numbers(numbers: Ints, index: Ints) -> Cells:
    """Negative numbers, different for all events of one kind: inpatient and carrier claims share some."""
    return _negative(100_000_001 + numbers * EVENTS + index)


def group_numbers(numbers: Ints, index: Ints) -> Cells:
    """The same for the original of a claim and its adjustment."""
    return _negative(500_000_001 + numbers * EVENTS + index)


def physician_npis(doctors: Ints) -> Cells:
    """Ten digits that begin with 9999, as in the synthetic files."""
    return coded(doctors, lambda doctor: f"9999{(doctor + 1) * 364_137 % 10**6:06d}")


def organization_npis(keys: Ints) -> Cells:
    """Ten digits that begin with 8888."""
    return coded(keys, lambda key: f"8888{(key + 1) * 528_491 % 10**6:06d}")


def tax_ids(doctors: Ints) -> Cells:
    """Nine digits that begin with 999."""
    return coded(doctors // 2, lambda practice: f"999{(practice + 1) * 618_031 % 10**6:06d}")


def specialties(doctors: Ints, room: int) -> Cells:
    """Two digits: 33 of internal medicine in each market, few of others; who is put in is of family medicine."""
    labels = [code for code, count in _SPECIALTIES for _ in range(count)]
    return coded(doctors % room, lambda place: labels[place] if place < len(labels) else "08")


def certification_numbers(market: Ints, place: Ints, first: int, size: int) -> Cells:
    """Certification number of a facility of a market: state and four digits from `first` on."""
    keys = (market * size + place) * 100 + home_state(market)
    return coded(keys, lambda key: f"{PLACES[key % 100].ssa}{first + key // 100 % 499:04d}")


def version_of(thru: Ints) -> Ints:
    """1 for ICD-10, which holds from 1 October 2015 on, else 0."""
    return (thru >= _ICD10_SINCE).astype(np.int64)


@lru_cache(maxsize=8)
def _labels(ending: str) -> tuple[Cells, int]:
    """All diagnoses of ICD-9, of ICD-10, and both once more without a version."""
    tables = [coded_pair(ending, old=old) for old in (True, False)]
    tables += [coded_pair(ending, old=old, blank=" ") for old in (True, False)]
    return pa.concat_arrays(tables), len(DIAGNOSES_9)


def coded_diagnoses(diagnosis: Ints, new: Ints, unversioned: Flags, ending: str = "") -> Cells:
    """Diagnoses with their version, `I10|0`, by the code system of their claim."""
    table, size = _labels(ending)
    return picked(table, diagnosis + (new + 2 * unversioned) * size)


@dataclass(frozen=True)
class Editions:
    """Rows of claims as they stand in a file.

    Attributes:
        rows: position of the claim; those that were adjusted come twice, the original first.
        index: number of the claim among the person's, other for originals.
        standing: whether a correct load keeps the claim.
        original: whether it is the original of an adjustment.
        dml: INSERT, UPDATE or DELETE.
        final: FINAL_ACTION: F, blank or N.
    """

    rows: Ints
    index: Ints
    standing: Flags
    original: Flags
    dml: Cells
    final: Cells


_DML = pa.array(["INSERT", "UPDATE", "DELETE"])
_FINAL = pa.array(["F", "", "N"])


def editions_of(chance: Chance, number: Ints, index: Ints) -> Editions:
    """Some claims have an original that was adjusted, some are updates, few are deletions, some state no action."""
    adjusted = chance.happens("adjusted", 0.012, number, index) & (index < LATE)
    repeats = 1 + adjusted.astype(np.int64)
    rows = np.repeat(np.arange(len(number)), repeats)
    ends = np.cumsum(repeats) - 1
    original = np.ones(len(rows), dtype=bool)
    original[ends] = False
    keys = (number[rows], index[rows])
    dml = np.where(chance.happens("updated", 0.02, *keys), 1, 0)
    dml = np.where(~original & chance.happens("deleted", 0.004, *keys) & ~adjusted[rows], 2, dml)
    dml = np.where(index[rows] >= PLANTED, 0, dml)
    final = np.where(original, 2, chance.happens("unstated", 0.02, *keys).astype(np.int64))
    return Editions(
        rows=rows,
        index=index[rows] + ORIGINALS * original,
        standing=~original & (dml != 2),
        original=original,
        dml=picked(_DML, dml),
        final=picked(_FINAL, final),
    )
