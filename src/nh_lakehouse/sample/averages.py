"""State US Averages: one row per state and the nation, with means over homes (not over residents), as published.

Like the published file, the national case-mix index is the mean over residents, and Guam has no staffing. Columns that
no other file of the sample holds (fire safety, quality measures) are drawn around the published national values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nh_lakehouse.sample.headers import averages_headers
from nh_lakehouse.sample.month import Snapshot
from nh_lakehouse.sample.randomness import Dice
from nh_lakehouse.sample.staffing import HOUR_UNIT
from nh_lakehouse.sample.states import GUAM, STATES, measure_by_state
from nh_lakehouse.sample.writing import Sheet, text

__all__ = ["averages_sheet", "quality_by_state"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: National value and deviation between states of each quality measure in October 2024, by the start of its header.
_QUALITY = {
    "Percentage of long stay residents whose need": (14.132348, 2.66),
    "Percentage of long stay residents who lose too": (5.807649, 0.82),
    "Percentage of low risk": (48.5496, 7.3),
    "Percentage of long stay residents with a catheter": (1.287765, 0.55),
    "Percentage of long stay residents with a urinary": (2.004204, 0.74),
    "Percentage of long stay residents who have": (9.13692, 3.0),
    "Percentage of long stay residents who were": (0.136807, 0.05),
    "Percentage of long stay residents experiencing": (3.337443, 0.86),
    "Percentage of long stay residents assessed and appropriately given the pneumococcal": (92.984238, 3.1),
    "Percentage of long stay residents who received an antipsychotic": (14.685128, 4.0),
    "Percentage of short stay residents assessed": (81.070836, 7.5),
    "Percentage of short stay residents who newly": (1.700488, 0.5),
    "Percentage of long stay residents whose ability": (15.334538, 3.3),
    "Percentage of long stay residents who received an antianxiety": (19.828867, 4.7),
    "Percentage of high risk": (7.846335, 1.56),
    "Percentage of long stay residents assessed and appropriately given the seasonal": (94.94746, 1.9),
    "Percentage of short stay residents who made": (76.757423, 7.0),
    "Percentage of short stay residents who were assessed": (77.321025, 7.1),
    "Percentage of short stay residents who were rehospitalized": (23.151112, 2.7),
    "Percentage of short stay residents who had": (12.21409, 2.2),
    "Number of hospitalizations": (1.720334, 0.33),
    "Number of outpatient": (1.652897, 0.43),
}
_REHOSPITALIZED = "Percentage of short stay residents who were rehospitalized"


@dataclass(frozen=True)
class _Measure:
    """A measure of homes: whole numbers in units of 1 / `unit`, the homes that have it, the places written."""

    values: Ints
    known: Flags
    unit: int
    places: int


def averages_sheet(month: Snapshot) -> Sheet:
    """The file of one month: the nation first, then the states by code."""
    measures, rows = _measures(month), month.rows
    state = month.homes.state[rows]
    groups: list[tuple[str, Flags]] = [("NATION", np.ones(len(rows), dtype=bool))]
    order = sorted(range(len(STATES)), key=lambda index: STATES[index].code)
    groups += [(STATES[index].code, state == index) for index in order]
    columns: dict[str, list[str]] = {"State or Nation": [name for name, _ in groups]}
    for header, measure in measures.items():
        columns[header] = [_mean(measure, among) for _, among in groups]
    index = month.staffing.national_index
    columns["Nursing Case-Mix Index"][0] = f"{index // 10**5}.{index % 10**5:05d}"
    counts = [int(among.sum()) for _, among in groups]
    for header in averages_headers(month.month):
        if header.startswith(tuple(_QUALITY)):
            columns[header] = _quality(month, header, order, counts[1:])
    columns["Processing Date"] = [month.processing_date] * len(groups)
    headers = averages_headers(month.month)
    return Sheet(
        f"NH_StateUSAverages_{month.label}.csv",
        tuple(f'"{header}"' for header in headers),
        tuple(text(columns[header]) for header in headers),
    )


def _measures(month: Snapshot) -> dict[str, _Measure]:
    staffing, totals, rows = month.staffing, month.totals, month.rows
    known, everyone = staffing.reported[rows], np.ones(len(rows), dtype=bool)
    hours, mix = staffing.hours, staffing.case_mix

    def per_day(values: Ints, places: int) -> _Measure:
        return _Measure(values[rows], known, HOUR_UNIT, places)

    found = {
        "Average Number of Residents per Day": _Measure(staffing.residents[rows], staffing.has_residents[rows], 10, 1),
        "Reported Nurse Aide Staffing Hours per Resident per Day": per_day(hours["aide"], 2),
        "Reported LPN Staffing Hours per Resident per Day": per_day(hours["lpn"], 2),
        "Reported RN Staffing Hours per Resident per Day": per_day(hours["rn"], 5),
        "Reported Licensed Staffing Hours per Resident per Day": per_day(staffing.licensed, 2),
        "Reported Total Nurse Staffing Hours per Resident per Day": per_day(hours["total"], 5),
        "Total number of nurse staff hours per resident per day on the weekend": per_day(hours["weekend"], 5),
        "Registered Nurse hours per resident per day on the weekend": per_day(staffing.rn_weekend, 2),
        "Reported Physical Therapist Staffing Hours per Resident Per Day": per_day(staffing.therapist, 2),
        "Total nursing staff turnover": _Measure(staffing.turnover[rows], staffing.has_turnover[rows], 10, 1),
        "Registered Nurse turnover": _Measure(staffing.rn_turnover[rows], staffing.has_rn_turnover[rows], 10, 1),
        "Number of administrators who have left the nursing home": _Measure(
            staffing.administrators_left[rows], staffing.has_administrators[rows], 1, 1
        ),
        "Nursing Case-Mix Index": per_day(staffing.case_mix_index, 5),
        "Case-Mix RN Staffing Hours per Resident per Day": per_day(mix["rn"], 5),
        "Case-Mix Total Nurse Staffing Hours per Resident per Day": per_day(mix["total"], 5),
        "Case-Mix Weekend Total Nurse Staffing Hours per Resident per Day": per_day(mix["weekend"], 5),
        "Number of Fines": _Measure(totals.fines[rows], everyone, 1, 1),
        "Fine Amount in Dollars": _Measure(totals.fine_cents[rows], everyone, 100, 0),
    }
    for position, cycle in enumerate(month.surveys.cycles, start=1):
        header = f"Cycle {position} Total Number of Health Deficiencies"
        found[header] = _Measure(cycle.deficiencies[rows], cycle.known[rows], 1, 1)
        found[f"Cycle {position} Total Number of Fire Safety Deficiencies"] = _fire_safety(month, position - 1)
    return found


def _fire_safety(month: Snapshot, age: int) -> _Measure:
    """Fire safety deficiencies of the standard inspections of a cycle, where there was one."""
    inspections = month.inspections
    chosen = (inspections.age == age) & inspections.has_fire
    values, known = np.zeros(len(month.rows), dtype=np.int64), np.zeros(len(month.rows), dtype=bool)
    values[inspections.place[chosen]] = inspections.fire[chosen]
    known[inspections.place[chosen]] = True
    return _Measure(values, known, 1, 1)


def _mean(measure: _Measure, among: Flags) -> str:
    """The mean of a group with the places of its column, empty where no home has the measure."""
    chosen = among & measure.known
    count = int(chosen.sum())
    if not count:
        return ""
    scale = 10**measure.places
    total, divisor = int(measure.values[chosen].sum()) * scale, measure.unit * count
    rounded = (2 * total + divisor) // (2 * divisor)
    return f"{rounded // scale}.{rounded % scale:0{measure.places}d}" if measure.places else str(rounded)


def quality_by_state(dice: Dice, header: str, quarter: int) -> Floats:
    """What a quality measure is in each state, in the order of `STATES`: its own level, moving a little by quarter.

    Args:
        dice: source of chance.
        header: the header of the measure, or a beginning of it that names it.
        quarter: the payroll quarter in force.
    """
    name = next(start for start in sorted(_QUALITY, key=len, reverse=True) if header.startswith(start))
    centre, spread = _QUALITY[name]
    states = np.arange(len(STATES))
    noise = dice.normal(name, states) * 0.9 + dice.normal(name, states, quarter) * 0.1
    values = centre + noise * spread
    if name == _REHOSPITALIZED:
        values = measure_by_state("rehospitalized") + noise * 0.2
    return np.clip(values, 0.01, 99.9)


def _quality(month: Snapshot, header: str, order: list[int], counts: list[int]) -> list[str]:
    """A percentage of the nation and every state; Guam reports too few residents."""
    micros = np.rint(quality_by_state(month.dice, header, month.staffing.quarter)[order] * 10**6).astype(np.int64)
    nation = int((micros * np.array(counts)).sum()) // sum(counts)
    return [
        _six_places(nation),
        *("" if code == GUAM else _six_places(value) for code, value in _paired(order, micros)),
    ]


def _six_places(micros: int) -> str:
    return f"{micros // 10**6}.{micros % 10**6:06d}"


def _paired(order: list[int], values: Ints) -> list[tuple[int, int]]:
    return list(zip(order, values.tolist(), strict=True))
