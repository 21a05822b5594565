"""The kinds of files that a sample holds: what each is written from, how often, and the faults it may carry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from nh_lakehouse.sample import dirt as faults
from nh_lakehouse.sample.averages import averages_sheet
from nh_lakehouse.sample.chains import chains_sheet
from nh_lakehouse.sample.damage import Damage
from nh_lakehouse.sample.month import Snapshot
from nh_lakehouse.sample.programs import penalties_sheet, vbp_aggregate_sheet, vbp_sheet
from nh_lakehouse.sample.provider_info import provider_info
from nh_lakehouse.sample.wages import wages_sheet
from nh_lakehouse.sample.writing import Sheet

__all__ = ["KINDS", "Kind"]

Rhythm = Literal["month", "quarter", "year"]
#: A sheet changed and its faults; told whether the month is the sample's first, and its last.
Faults: TypeAlias = Callable[[Sheet, bool, bool], tuple[Sheet, Damage]]


def _without(sheet: Sheet, first: bool, last: bool) -> tuple[Sheet, Damage]:
    """No faults."""
    return sheet, Damage()


@dataclass(frozen=True)
class Kind:
    """One kind of file.

    Attributes:
        data_set: the data set of its contract.
        sheet: makes the file of a month.
        faults: puts faults into it.
        rhythm: in which months of a sample it is written: all, those that begin a calendar quarter, or one in each
            calendar year (and always the first month).
    """

    data_set: str
    sheet: Callable[[Snapshot], Sheet]
    faults: Faults = _without
    rhythm: Rhythm = "month"


#: All kinds but the daily payroll files, which are written block by block.
KINDS: tuple[Kind, ...] = (
    Kind("nh_provider_info", provider_info, faults.provider_damage),
    Kind("nh_penalties", penalties_sheet, faults.penalties_damage),
    Kind("nh_state_us_averages", averages_sheet, faults.averages_damage),
    Kind("nh_chain_performance", chains_sheet, faults.chains_damage),
    Kind("nh_vbp_facility", vbp_sheet, faults.vbp_damage, "year"),
    Kind("nh_vbp_aggregate", vbp_aggregate_sheet, faults.aggregate_damage, "year"),
    Kind("wages", wages_sheet, rhythm="year"),
)
