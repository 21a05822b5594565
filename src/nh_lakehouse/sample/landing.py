"""Writing a whole sample: month by month, each made from the one before, with its payroll quarters and yearly files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import product
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nh_lakehouse.errors import ConfigError
from nh_lakehouse.sample.damage import Damage, Dirt, damaged_lines
from nh_lakehouse.sample.dirt import payroll_damage, stray_files
from nh_lakehouse.sample.dirt_measures import nonnurse_damage
from nh_lakehouse.sample.headers import PAYROLL
from nh_lakehouse.sample.headers_measures import non_nurse_headers
from nh_lakehouse.sample.homes import Homes, first_homes, next_homes
from nh_lakehouse.sample.kinds import KINDS, Rhythm
from nh_lakehouse.sample.month import Snapshot
from nh_lakehouse.sample.nonnurse import nonnurse_lines, nonnurse_name
from nh_lakehouse.sample.payroll import payroll_lines, payroll_name
from nh_lakehouse.sample.penalties import first_penalties, next_penalties
from nh_lakehouse.sample.periods import month_of, quarter_in_force, wanted_quarters
from nh_lakehouse.sample.randomness import Dice
from nh_lakehouse.sample.staffing import Staffing, staffing_of
from nh_lakehouse.sample.states import STATES
from nh_lakehouse.sample.writing import Cells, Sheet

__all__ = ["SampleFile", "SampleReport", "generate_sample"]

_MOST_HOMES = 20_000
#: Headers of earlier editions (no coordinates, other names) are not part of the sample.
_EARLIEST = date(2023, 8, 1)


@dataclass(frozen=True)
class _Payroll:
    """A kind of file that is written block by block, for payroll quarters."""

    name: Callable[[int], str]
    header: Callable[[int], tuple[str, ...]]
    lines: Callable[[Dice, Homes, Staffing], Iterator[Cells]]
    faults: Callable[[Sequence[str]], Damage]


#: The daily payroll files by data set.
_PAYROLL = {
    "pbj_nurse_daily": _Payroll(payroll_name, lambda _: tuple(PAYROLL), payroll_lines, payroll_damage),
    "pbj_nonnurse_daily": _Payroll(nonnurse_name, non_nurse_headers, nonnurse_lines, nonnurse_damage),
}


@dataclass(frozen=True)
class SampleFile:
    """A data file of a sample and the number of its data records, faulty ones included."""

    name: str
    rows: int


@dataclass(frozen=True)
class SampleReport:
    """What `generate_sample` wrote: the data files by name, and every fault that was put into them."""

    files: tuple[SampleFile, ...]
    dirt: tuple[Dirt, ...]

    @property
    def rows_n(self) -> int:
        """Number of data records in all files."""
        return sum(file.rows for file in self.files)

    def rows_of(self, name: str) -> int:
        """Number of data records of one file."""
        return next(file.rows for file in self.files if file.name == name)

    def dirt_of(self, name: str, *severities: str) -> tuple[Dirt, ...]:
        """Faults of one file, of the given severities or all."""
        return tuple(
            item for item in self.dirt if item.file == name and (not severities or item.severity in severities)
        )


def generate_sample(
    out: Path,
    *,
    homes: int = 600,
    months: int = 2,
    quarters: int = 1,
    seed: int = 1,
    first_month: date = date(2024, 10, 1),
    dirt: bool = True,
    data_sets: Collection[str] | None = None,
) -> SampleReport:
    """Write CMS-shaped nursing-home files that belong together, the same bytes for the same arguments everywhere.

    Every month has provider information, state averages, penalties, chain measures, the files of inspections
    (citations, dates, summary, codes, cut points, collection intervals, all of the same inspections as the deficiencies
    of provider information), the quality measures of assessments and claims, vaccinations, owners and Medicare
    enrolments; every calendar quarter the three files of the quality reporting program; every calendar year the two
    files of the readmission programme of that fiscal year. The payroll quarters, of nurses and of other staff, are
    those in force in the months (April to June 2024 for October 2024), then older ones. 14,814 homes, one month and one
    quarter are the true size.

    Args:
        out: folder to write to; it is made if it is missing. Files of the same names are replaced, others stay.
        homes: homes in the first month, from 53 (one in each state and territory) to 20,000.
        months: monthly files in a row.
        quarters: payroll quarters; 0 writes none.
        seed: another seed gives other homes.
        first_month: any day of the first month, from August 2023 on; before July 2024 the older, 100-column edition
            of provider information is written.
        dirt: put the faults into the files that `nh_lakehouse.sample.dirt`, `.dirt_inspections` and `.dirt_measures`
            list.
        data_sets: write the files of these data sets alone (`nh_provider_info`, ...), the same as in a whole sample;
            all if None.
    Returns:
        The files with their rows, and the faults with their rows and the reasons expected from a load.
    Raises:
        ConfigError: an argument is out of its range.
    """
    _check(homes, months, quarters, first_month)
    known = frozenset({*(kind.data_set for kind in KINDS), *_PAYROLL})
    for name in data_sets or ():
        if name not in known:
            message = f"data_sets = {name}: a sample has no such data set; it has {', '.join(sorted(known))}."
            raise ConfigError(message, option="data_sets", value=name)
    out.mkdir(parents=True, exist_ok=True)
    wanted = known if data_sets is None else frozenset(data_sets)
    return _Landing(out, Dice(seed), month_of(first_month), months, quarters, dirt, wanted).write(homes)


def _check(homes: int, months: int, quarters: int, first_month: date) -> None:
    bounds = (("homes", homes, len(STATES), _MOST_HOMES), ("months", months, 1, 240), ("quarters", quarters, 0, 40))
    for name, value, lowest, highest in bounds:
        if not lowest <= value <= highest:
            message = f"{name} = {value}: a sample needs between {lowest} and {highest}. Give a number in that range."
            raise ConfigError(message, option=name, value=value)
    if first_month < _EARLIEST:
        message = (
            f"first_month = {first_month}: samples begin in {_EARLIEST:%B %Y} at the earliest. Give a later month."
        )
        raise ConfigError(message, option="first_month", value=first_month)


@dataclass
class _Landing:
    """The folder a sample is written to, and what stands in it so far."""

    out: Path
    dice: Dice
    first: int
    months: int
    quarters: int
    dirty: bool
    data_sets: frozenset[str]
    files: list[SampleFile] = field(default_factory=list)
    dirt: list[Dirt] = field(default_factory=list)

    def write(self, count: int) -> SampleReport:
        """Write everything."""
        start = quarter_in_force(self.first)
        wanted = wanted_quarters(self.first, self.months, self.quarters)
        homes = first_homes(self.dice, count, self.first)
        penalties = first_penalties(self.dice, homes)
        members, in_force = homes.alive, start
        for month in range(self.first, self.first + self.months):
            if month > self.first:
                homes = next_homes(self.dice, homes)
                penalties = next_penalties(self.dice, homes, penalties)
            begins = month == self.first or quarter_in_force(month) != in_force
            in_force = quarter_in_force(month)
            members = homes.alive if begins else _padded(members, len(homes))
            snapshot = Snapshot(self.dice, homes, penalties, members, self.first)
            self._write_month(snapshot, _due(month, self.first))
            if begins:
                upto = [quarter for quarter in wanted if quarter <= in_force]
                wanted = [quarter for quarter in wanted if quarter > in_force]
                for data_set, quarter in product(_PAYROLL, upto):
                    if data_set in self.data_sets:
                        self._write_quarter(_PAYROLL[data_set], snapshot, quarter, faulty=quarter == start)
        if self.dirty:
            self.dirt += stray_files(self.out, f"NH_ProviderInfo_{snapshot.label}.csv")
        order = sorted(self.dirt, key=lambda item: (item.file, item.row, item.reason))
        return SampleReport(tuple(sorted(self.files, key=lambda file: file.name)), tuple(order))

    def _write_month(self, month: Snapshot, due: frozenset[Rhythm]) -> None:
        first, last = month.month == self.first, month.month == self.first + self.months - 1
        for kind in KINDS:
            if kind.rhythm in due and kind.data_set in self.data_sets:
                sheet = kind.sheet(month)
                # A file that comes once in a quarter or year has its faults whenever it comes.
                faulty = self.dirty and (first or last or kind.rhythm != "month")
                self._write_sheet(*(kind.faults(sheet, first, last) if faulty else (sheet, Damage())))

    def _write_sheet(self, sheet: Sheet, damage: Damage) -> None:
        rows = sheet.rows_n
        with (self.out / sheet.name).open("wb") as file:
            if damage == Damage():
                file.write(f"{','.join(sheet.header)}\n".encode())
                for block in sheet.blocks():
                    file.write(_bytes(block))
            else:
                lines, found = damaged_lines(sheet.name, sheet.lines(), damage)
                text = damage.newline.join([",".join(sheet.header), *lines, damage.end])
                file.write(text.encode(damage.encoding))
                self.dirt += found + damage.of_file(sheet.name)
                rows = len(lines)
        self.files.append(SampleFile(sheet.name, rows))

    def _write_quarter(self, payroll: _Payroll, month: Snapshot, quarter: int, *, faulty: bool) -> None:
        """A payroll file of a quarter, a block of homes at a time."""
        name, rows = payroll.name(quarter), 0
        members = month.members if quarter == month.staffing.quarter else month.homes.alive
        staffing = staffing_of(self.dice, month.homes, members, quarter, month.start)
        with (self.out / name).open("wb") as file:
            file.write(",".join(payroll.header(quarter)).encode() + b"\n")
            for block in payroll.lines(self.dice, month.homes, staffing):
                lines = self._damaged_block(name, payroll, block) if self.dirty and faulty and rows == 0 else block
                file.write(_bytes(lines))
                rows += len(lines)
        self.files.append(SampleFile(name, rows))

    def _damaged_block(self, name: str, payroll: _Payroll, block: Cells) -> Cells:
        plain = block.to_pylist()
        lines, found = damaged_lines(name, plain, payroll.faults(plain))
        self.dirt += found
        return pa.array(lines, type=pa.string())


def _due(month: int, first: int) -> frozenset[Rhythm]:
    """Which kinds of files appear in a month of a sample that begins in `first`."""
    due: set[Rhythm] = {"month"}
    if month == first or month % 3 == 0:
        due.add("quarter")
    if month == first or month % 12 == 0:
        due.add("year")
    return frozenset(due)


def _bytes(lines: Cells) -> memoryview:
    """Lines as bytes, each with its line end."""
    ended = pc.binary_join_element_wise(lines, "", "\n")
    return memoryview(pc.binary_join(pa.ListArray.from_arrays([0, len(ended)], ended), "")[0].as_buffer())


def _padded(flags: NDArray[np.bool_], size: int) -> NDArray[np.bool_]:
    """Flags for more homes than before: the new ones have none."""
    return np.concatenate([flags, np.zeros(size - len(flags), dtype=bool)])
