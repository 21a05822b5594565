"""Identifiers and amounts of the public use file as text."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nh_lakehouse.sample.claims.era import Chance
from nh_lakehouse.sample.claims.form import picked
from nh_lakehouse.sample.claims.numbering import EVENTS
from nh_lakehouse.sample.claims.places import PLACES, home_state
from nh_lakehouse.sample.randomness import Ints
from nh_lakehouse.sample.writing import Cells, text

__all__ = ["beneficiary_ids", "coded", "dollars", "event_ids", "hospital_numbers", "npis", "tax_numbers", "tens"]

_STEP = 21_000
#: Multipliers without a common divisor with a power of ten: they shuffle numbers without making two equal.
_SHUFFLE, _NPI, _TAX, _HOSPITAL = 11_400_714_819, 6_364_136_223, 618_033_989, 29_363
_PREFIXES = {"inpatient": "196", "outpatient": "542", "carrier": "887", "pde": "233"}
_LOWEST, _HIGHEST = -3_000, 30_000


def beneficiary_ids(chance: Chance, numbers: Ints) -> Cells:
    """Sixteen hexadecimal digits, in the order of the people."""
    lower = np.floor(chance.uniform("identifier", numbers) * 2**32).astype(np.int64)
    return text(
        [
            f"{_STEP * number + 7_681:08X}{rest:08X}"
            for number, rest in zip(numbers.tolist(), lower.tolist(), strict=True)
        ]
    )


def event_ids(data_set: str, numbers: Ints, index: Ints) -> Cells:
    """Fifteen digits for the event with this index of a person, different for all."""
    shuffled = (numbers * EVENTS + index + 1) * _SHUFFLE % 10**12
    digits = pc.utf8_lpad(pa.array(shuffled).cast(pa.string()), 12, "0")
    return pc.binary_join_element_wise(_PREFIXES[data_set], digits, "")


def coded(keys: Ints, label: Callable[[int], str]) -> Cells:
    """Text of each key, made once for each that occurs."""
    unique, places = np.unique(keys, return_inverse=True)
    return picked(text([label(key) for key in unique.tolist()]), places)


def npis(doctors: Ints) -> Cells:
    """National provider identifier of a physician, ten digits; some begin with zeros, as published."""
    return coded(doctors, lambda doctor: f"{(doctor + 1) * _NPI % 10**10:010d}")


def tax_numbers(doctors: Ints) -> Cells:
    """Nine digits, shared by two physicians."""
    return coded(doctors // 2, lambda practice: f"{(practice + 1) * _TAX % 10**9:09d}")


def hospital_numbers(hospitals: Ints) -> Cells:
    """Six characters: two of the state, as published (`2600GD`); two hospitals of each market."""
    state = home_state(hospitals // 2)
    return coded(hospitals * 100 + state, _hospital_number)


def _hospital_number(key: int) -> str:
    hospital, state = divmod(key, 100)
    digits, letters = divmod((hospital + 5) * _HOSPITAL % 67_600, 676)
    first, second = divmod(letters, 26)
    return f"{PLACES[state].ssa}{digits:02d}{chr(65 + first)}{chr(65 + second)}"


@lru_cache(maxsize=1)
def _tens() -> pa.StringArray:
    return text([f"{units * 10}.00" for units in range(_LOWEST, _HIGHEST)])


def tens(cents: Ints) -> Cells:
    """Amounts in whole tens of dollars."""
    return picked(_tens(), cents // 1_000 - _LOWEST)


def dollars(cents: Ints) -> Cells:
    """Amounts in whole dollars, few of them different."""
    return coded(cents, lambda value: f"{value // 100}.00")
