"""The kinds of files that a sample holds: what each is written from, how often, and the faults it may carry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from nh_lakehouse.sample import dirt as faults
from nh_lakehouse.sample import dirt_inspections as inspection_faults
from nh_lakehouse.sample import dirt_measures as measure_faults
from nh_lakehouse.sample.averages import averages_sheet
from nh_lakehouse.sample.chains import chains_sheet
from nh_lakehouse.sample.damage import Damage
from nh_lakehouse.sample.enrollments import enrollments_sheet
from nh_lakehouse.sample.inspection_files import (
    citation_codes_sheet,
    cut_points_sheet,
    fire_citations_sheet,
    health_citations_sheet,
    survey_dates_sheet,
    survey_summary_sheet,
)
from nh_lakehouse.sample.intervals import collection_intervals_sheet
from nh_lakehouse.sample.measures import claims_sheet, mds_sheet
from nh_lakehouse.sample.month import Snapshot
from nh_lakehouse.sample.owners import owners_sheet
from nh_lakehouse.sample.programs import penalties_sheet, vbp_aggregate_sheet, vbp_sheet
from nh_lakehouse.sample.provider_info import provider_info
from nh_lakehouse.sample.reporting_sheets import program_national_sheet, program_sheet, swing_bed_sheet
from nh_lakehouse.sample.vaccination import vaccination_averages_sheet, vaccination_sheet
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


#: The files of inspections.
INSPECTION_KINDS: tuple[Kind, ...] = (
    Kind("nh_health_citations", health_citations_sheet, inspection_faults.health_damage),
    Kind("nh_fire_citations", fire_citations_sheet, inspection_faults.fire_damage),
    Kind("nh_survey_dates", survey_dates_sheet, inspection_faults.dates_damage),
    Kind("nh_survey_summary", survey_summary_sheet, inspection_faults.summary_damage),
    Kind("nh_citation_codes", citation_codes_sheet),
    Kind("nh_inspection_cutpoints", cut_points_sheet, inspection_faults.cut_points_damage),
    Kind("nh_collection_intervals", collection_intervals_sheet),
)
#: All kinds but the daily payroll files, which are written block by block.
KINDS: tuple[Kind, ...] = (
    Kind("nh_provider_info", provider_info, faults.provider_damage),
    Kind("nh_penalties", penalties_sheet, faults.penalties_damage),
    Kind("nh_state_us_averages", averages_sheet, faults.averages_damage),
    Kind("nh_chain_performance", chains_sheet, faults.chains_damage),
    Kind("nh_vbp_facility", vbp_sheet, faults.vbp_damage, "year"),
    Kind("nh_vbp_aggregate", vbp_aggregate_sheet, faults.aggregate_damage, "year"),
    *INSPECTION_KINDS,
    Kind("nh_quality_mds", mds_sheet, measure_faults.mds_damage),
    Kind("nh_quality_claims", claims_sheet, measure_faults.claims_damage),
    Kind("nh_qrp_provider", program_sheet, measure_faults.program_damage, "quarter"),
    Kind("nh_qrp_national", program_national_sheet, measure_faults.program_national_damage, "quarter"),
    Kind("nh_qrp_swing_bed", swing_bed_sheet, measure_faults.swing_bed_damage, "quarter"),
    Kind("nh_covid_vax_provider", vaccination_sheet, measure_faults.vaccination_damage),
    Kind("nh_covid_vax_averages", vaccination_averages_sheet, measure_faults.vaccination_averages_damage),
    Kind("nh_ownership", owners_sheet, measure_faults.owners_damage),
    Kind("snf_enrollments", enrollments_sheet, measure_faults.enrollments_damage),
    Kind("wages", wages_sheet, rhythm="year"),
)
