"""The collection intervals: which days each measure of a month is taken from.

Codes of the quality measures are those of the files of quality measures; the rows of the programme of skilled nursing
facilities have the number of their measure. Periods move with the payroll quarter in force; all end on the last day of
a quarter, as those of October 2024 do.
"""

from __future__ import annotations

from datetime import date, timedelta

from nh_lakehouse.sample.headers_inspections import COLLECTION_INTERVALS
from nh_lakehouse.sample.month import Snapshot
from nh_lakehouse.sample.periods import month_start, quarter_in_force
from nh_lakehouse.sample.writing import Sheet, quoted, text

__all__ = ["collection_intervals_sheet"]

#: Code, quarters from the quarter in force to the last one of the period, quarters of the period, description.
_TABLE = """
004 -3 8 Rate of potentially preventable hospital readmissions 30 days after discharge from a SNF
005 -3 8 Rate of successful return to home or community from a SNF
006 -3 8 Medicare spending per beneficiary (MSPB) for residents in SNFs
007 -2 4 Percentage of SNF residents whose medications were reviewed and who received follow-up care
013 -2 4 Percentage of SNF residents who experience one or more falls with major injury during their SNF stay
018 -2 4 Percentage of SNF patients whose medications were reviewed
022 -2 4 Percentage of residents whose functional abilities were assessed, with goals in their treatment plan
023 -2 4 Change in residents' ability to care for themselves
024 -2 4 Change in residents' ability to move around
025 -2 4 Percentage of residents who are at or above an expected ability to care for themselves at discharge
026 -2 4 Percentage of residents who are at or above an expected ability to move around at discharge
038 -2 4 Percentage of SNF residents with pressure ulcers/pressure injuries that are new or worsened
039 -2 4 Percentage of infections patients got during their SNF stay that resulted in hospitalization
040 -1 1 Percentage of healthcare personnel who are up to date with COVID-19 vaccines
041 -1 2 Influenza vaccination coverage among healthcare personnel
042 -2 4 Discharge function score
043 -2 4 Transfer of health information to the provider
044 -2 4 Transfer of health information to the patient
401 0 4 Percentage of long-stay residents whose need for help with daily activities has increased
404 0 4 Percentage of long-stay residents who lose too much weight
405 0 4 Percentage of low risk long-stay residents who lose control of their bowels or bladder
406 0 4 Percentage of long-stay residents with a catheter inserted and left in their bladder
407 0 4 Percentage of long-stay residents with a urinary tract infection
408 0 4 Percentage of long-stay residents who have depressive symptoms
409 0 4 Percentage of long-stay residents who were physically restrained
410 0 4 Percentage of long-stay residents experiencing one or more falls with major injury
415 0 4 Percentage of long-stay residents assessed and appropriately given the pneumococcal vaccine
419 0 4 Percentage of long-stay residents who received an antipsychotic medication
430 0 4 Percentage of short-stay residents assessed and appropriately given the pneumococcal vaccine
434 0 4 Percentage of short-stay residents who newly received an antipsychotic medication
451 0 4 Percentage of long-stay residents whose ability to move independently worsened
452 0 4 Percentage of long-stay residents who received an antianxiety or hypnotic medication
453 0 4 Percentage of high risk long-stay residents with pressure ulcers
454 -1 4 Percentage of long-stay residents assessed and appropriately given the seasonal influenza vaccine
471 0 4 Percentage of short-stay residents who made improvements in function
472 -1 4 Percentage of short-stay residents who were assessed and appropriately given the seasonal influenza vaccine
521 -1 4 Percentage of short-stay residents who were rehospitalized after a nursing home admission
522 -1 4 Percentage of short-stay residents who had an outpatient emergency department visit
551 -1 4 Number of hospitalizations per 1000 long-stay resident days
552 -1 4 Number of outpatient emergency department visits per 1000 long-stay resident days
COMPLAINT_CITATIONS 1 12 Citations on complaint inspections
INFECTION_CONTROL_CITATIONS 1 12 Citations on focused infection control inspections
PENALTIES 1 12 Fines and payment denials
STAFFING_LEVELS 0 1 Staffing levels
STAFFING_TURNOVER 0 4 Staff turnover
"""


def collection_intervals_sheet(month: Snapshot) -> Sheet:
    """One row per measure, by code; the processing date stands as `20241001`."""
    rows = [line.split(" ", 3) for line in _TABLE.strip().splitlines()]
    columns: list[list[str]] = [[] for _ in COLLECTION_INTERVALS]
    for code, end, length, description in rows:
        last = quarter_in_force(month.month) + int(end) + 1
        first = month_start((last - int(length)) * 3)
        ends = month_start(last * 3) - timedelta(days=1)
        cells = (code, description, _american(first), _american(ends), "", month.processing_date.replace("-", ""))
        for column, cell in zip(columns, cells, strict=True):
            column.append(cell)
    return Sheet(
        f"NH_DataCollectionIntervals_{month.label}.csv",
        tuple(f'"{name}"' for name in COLLECTION_INTERVALS),
        tuple(quoted(text(column)) if place < 4 else text(column) for place, column in enumerate(columns)),
    )


def _american(day: date) -> str:
    return f"{day.month:02d}/{day.day:02d}/{day.year}"
