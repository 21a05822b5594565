"""The years of one source, its days as whole numbers (0 = 1 January of the first year), and days as text."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nh_lakehouse.sample.randomness import Dice, Floats, Ints
from nh_lakehouse.sample.writing import Cells

__all__ = ["NEVER", "RIF", "SYNPUF", "Chance", "Era", "Flags"]

Flags: TypeAlias = NDArray[np.bool_]

#: A day after all others: of a death, a move or an end that is not known.
NEVER = 10_000_000
#: The table of dates begins 124 years before the first year: people are at most 101.
_BEFORE, _AFTER = 45_300, 2_600
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Chance:
    """Numbers that depend on the seed, the source and the keys alone, so that a person is the same in any sample."""

    dice: Dice
    scope: str

    def uniform(self, what: str, *keys: Ints | int) -> Floats:
        """Numbers evenly spread in (0, 1), one for each combination of the keys."""
        return self.dice.uniform(f"claims/{self.scope}/{what}", *keys)

    def below(self, what: str, count: Ints | int, *keys: Ints | int) -> Ints:
        """Whole numbers from 0 to below a count."""
        return np.floor(self.uniform(what, *keys) * count).astype(np.int64)

    def happens(self, what: str, share: Floats | float, *keys: Ints | int) -> Flags:
        """True in so large a share of the cases."""
        found: Flags = self.uniform(what, *keys) < share
        return found

    def within(self, scope: str) -> Chance:
        """The same chance for another purpose."""
        return Chance(self.dice, f"{self.scope}/{scope}")


@dataclass(frozen=True)
class Era:
    """Years of a source.

    Attributes:
        source: `synpuf` or `rif`.
        first_year: year of day 0.
        years: years with claims; beneficiary files may go one year further.
    """

    source: str
    first_year: int
    years: int

    @cached_property
    def month_starts(self) -> Ints:
        """The day on which each month begins, the year after the further one included."""
        first = np.datetime64(f"{self.first_year}-01", "M")
        months = (first + np.arange(12 * (self.years + 2) + 1)).astype("datetime64[D]")
        return (months - first.astype("datetime64[D]")).astype(np.int64)

    @cached_property
    def year_starts(self) -> Ints:
        """The day on which each year begins."""
        return self.month_starts[::12]

    @property
    def days(self) -> int:
        """Number of days with claims."""
        return int(self.year_starts[self.years])

    def year_of(self, days: Ints) -> Ints:
        """Year of a day, the first is 0."""
        return np.searchsorted(self.year_starts, days, side="right") - 1

    def month_of(self, days: Ints) -> Ints:
        """Month of a day, January of the first year is 0."""
        return np.searchsorted(self.month_starts, days, side="right") - 1

    def day(self, text: str) -> int:
        """The day of a date written `2010-12-31`."""
        return int((np.datetime64(text) - self._zero) // np.timedelta64(1, "D"))

    def dates(self, days: Ints) -> Cells:
        """Days as the source writes them; empty where the day is `NEVER`."""
        known = np.clip(days + _BEFORE, 0, _BEFORE + _AFTER - 1)
        return pc.take(self._texts, pa.array(np.where(days == NEVER, _BEFORE + _AFTER, known)))

    @property
    def _zero(self) -> np.datetime64:
        return np.datetime64(f"{self.first_year}-01-01", "D")

    @cached_property
    def _texts(self) -> Cells:
        """All dates, then an empty text: `20081231` in SynPUF, `31-Dec-2008` in RIF."""
        iso = np.datetime_as_string(self._zero + np.arange(-_BEFORE, _AFTER)).tolist()
        if self.source == "synpuf":
            texts = [text.replace("-", "") for text in iso]
        else:
            texts = [f"{text[8:]}-{_MONTHS[int(text[5:7]) - 1]}-{text[:4]}" for text in iso]
        return pa.array([*texts, ""], type=pa.string())


#: The years of the public use file.
SYNPUF = Era("synpuf", 2008, 3)
#: Years around the change from ICD-9 to ICD-10 on 1 October 2015.
RIF = Era("rif", 2015, 3)
