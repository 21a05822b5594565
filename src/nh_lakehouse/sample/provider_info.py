"""Provider Information: one row per home with everything about it (103 columns; 100 before July 2024)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nh_lakehouse.sample.headers import provider_headers
from nh_lakehouse.sample.month import Snapshot
from nh_lakehouse.sample.names import chain_name
from nh_lakehouse.sample.places import places_of
from nh_lakehouse.sample.ratings import Stars
from nh_lakehouse.sample.states import STATES
from nh_lakehouse.sample.surveys import Cycle
from nh_lakehouse.sample.traits import OWNERSHIP_TYPES, SPECIAL_FOCUS
from nh_lakehouse.sample.writing import (
    Cells,
    Sheet,
    choice,
    days,
    decimal,
    number,
    quoted,
    quoted_if_blank,
    quoted_if_needed,
    text,
)

__all__ = ["provider_info"]

_QUOTING_SINCE = 2024 * 12 + 6
#: Columns whose cells stand in quotes always, in the editions from July 2024 on.
_ALWAYS_QUOTED = {
    "CMS Certification Number (CCN)",
    "Provider Name",
    "Provider Address",
    "City/Town",
    "State",
    "ZIP Code",
    "Telephone Number",
    "Provider SSA County Code",
    "County/Parish",
    "Provider Resides in Hospital",
    "Legal Business Name",
    "Location",
}
_YES_NO = ("N", "Y")
_SOLD_MONTHS = 12
_NO_LEGAL_NAME = "Legal Business Name Not Available"
_JOBS = {"aide": "Nurse Aide", "lpn": "LPN", "rn": "RN", "total": "Total Nurse", "weekend": "Weekend Total Nurse"}
_WEEKEND_TOTAL = "Total number of nurse staff hours per resident per day on the weekend"


def provider_info(month: Snapshot) -> Sheet:
    """The file of one month."""
    cells = {
        **_identity(month),
        **_standing(month),
        **_ratings(month),
        **_staffing(month),
        **_surveys(month),
        **_sanctions(month),
    }
    headers = provider_headers(month.month)
    modern = month.month >= _QUOTING_SINCE
    if modern:
        columns = [quoted(cells[name]) if name in _ALWAYS_QUOTED else quoted_if_needed(cells[name]) for name in headers]
        titles = tuple(f'"{name}"' for name in headers)
    else:
        columns = [quoted_if_blank(cells[name]) for name in headers]
        titles = tuple(f'"{name}"' if " " in name else name for name in headers)
    return Sheet(f"NH_ProviderInfo_{month.label}.csv", titles, tuple(columns))


def _identity(month: Snapshot) -> dict[str, Cells]:
    homes, rows = month.homes, month.rows
    places = places_of(homes, rows)
    area_codes = np.array([state.area_code for state in STATES], dtype=np.int64)[homes.state[rows]]
    legal = month.dice.uniform("no legal name", rows) < 0.0367
    return {
        "CMS Certification Number (CCN)": text(homes.ccn[rows]),
        "Provider Name": text(homes.name[rows]),
        "Provider Address": places.address,
        "City/Town": places.town,
        "State": places.state,
        "ZIP Code": places.zip_code,
        "Telephone Number": number(area_codes * 10_000_000 + 5_550_000 + rows % 10_000),
        "Provider SSA County Code": places.county_ssa,
        "County/Parish": places.county,
        "Legal Business Name": text(np.where(legal, _NO_LEGAL_NAME, homes.company[rows])),
        "Date First Approved to Provide Medicare and Medicaid Services": days(homes.approved[rows]),
        "Affiliated Entity Name": choice(homes.chain[rows], ["", *(chain_name(chain) for chain in range(1, 700))]),
        "Affiliated Entity ID": number(homes.chain[rows], homes.chain[rows] > 0),
        "Location": places.location,
        "Latitude": decimal(homes.latitude[rows], 4),
        "Longitude": decimal(homes.longitude[rows], 3),
        "Geocoding Footnote": choice(month.dice.uniform("geocoding", rows) < 0.0537, ("", "22")),
        "Processing Date": choice(np.zeros(len(rows)), [month.processing_date]),
    }


def _standing(month: Snapshot) -> dict[str, Cells]:
    homes, rows, dice = month.homes, month.rows, month.dice
    letter = np.array([ccn[2] in "AE" for ccn in homes.ccn[rows].tolist()])
    participation = np.where(letter, 2, (dice.uniform("participation", rows) < 0.033).astype(np.int64))
    council = np.searchsorted(np.array([0.8182, 0.9382, 0.9438]), dice.uniform("council", rows), side="right")
    special = np.where(
        month.staffing.standing[rows] == SPECIAL_FOCUS, 2, month.surveys.candidate[rows].astype(np.int64)
    )
    age = np.datetime64(month.processing_date) - month.surveys.cycles[0].day[rows]
    return {
        "Ownership Type": choice(homes.ownership[rows], [name for name, _ in OWNERSHIP_TYPES]),
        "Number of Certified Beds": number(homes.beds[rows]),
        "Provider Type": choice(participation, ("Medicare and Medicaid", "Medicare", "Medicaid")),
        "Provider Resides in Hospital": choice(homes.traits.in_hospital[rows], _YES_NO),
        "Continuing Care Retirement Community": choice(dice.uniform("retirement community", rows) < 0.1068, _YES_NO),
        "Special Focus Status": choice(special, ("", "SFF Candidate", "SFF")),
        "Abuse Icon": choice(month.surveys.abuse[rows], _YES_NO),
        "Most Recent Health Inspection More Than 2 Years Ago": choice(age > np.timedelta64(730, "D"), _YES_NO),
        "Provider Changed Ownership in Last 12 Months": choice(month.month - homes.sold[rows] < _SOLD_MONTHS, _YES_NO),
        "With a Resident and Family Council": choice(council, ("Resident", "Both", "Family", "None")),
        "Automatic Sprinkler Systems in All Required Areas": choice(
            dice.uniform("sprinklers", rows) < 0.0024, ("Yes", "Data Not Available")
        ),
    }


def _ratings(month: Snapshot) -> dict[str, Cells]:
    ratings, rows = month.ratings, month.rows
    found: dict[str, Stars] = {
        "Overall": ratings.overall,
        "Health Inspection": ratings.health,
        "QM": ratings.quality,
        "Long-Stay QM": ratings.long_stay,
        "Short-Stay QM": ratings.short_stay,
        "Staffing": ratings.staffing,
    }
    cells = {}
    for name, rating in found.items():
        cells[f"{name} Rating"] = number(rating.stars[rows], rating.stars[rows] > 0)
        cells[f"{name} Rating Footnote"] = number(rating.footnote[rows], rating.footnote[rows] > 0)
    return cells


def _staffing(month: Snapshot) -> dict[str, Cells]:
    staffing, rows = month.staffing, month.rows
    known = staffing.reported[rows]
    adjusted, residents = staffing.has_adjusted[rows], staffing.has_residents[rows]

    def hours(values: NDArray[np.int64], shown: NDArray[np.bool_] = known) -> Cells:
        return decimal(values[rows], 5, shown)

    cells = {
        "Average Number of Residents per Day": decimal(staffing.residents[rows], 1, residents),
        "Average Number of Residents per Day Footnote": choice(residents, ("10", "")),
        "Reported Staffing Footnote": choice(known, ("6", "")),
        "Physical Therapist Staffing Footnote": choice(known, ("6", "")),
        "Reported Licensed Staffing Hours per Resident per Day": hours(staffing.licensed),
        "Registered Nurse hours per resident per day on the weekend": hours(staffing.rn_weekend),
        "Reported Physical Therapist Staffing Hours per Resident Per Day": hours(staffing.therapist),
        "Nursing Case-Mix Index": hours(staffing.case_mix_index),
        "Nursing Case-Mix Index Ratio": hours(staffing.case_mix_ratio),
        **_turnover(month),
    }
    for job, name in _JOBS.items():
        reported = _WEEKEND_TOTAL if job == "weekend" else f"Reported {name} Staffing Hours per Resident per Day"
        cells[reported] = hours(staffing.hours[job])
        cells[f"Case-Mix {name} Staffing Hours per Resident per Day"] = hours(staffing.case_mix[job])
        cells[f"Adjusted {name} Staffing Hours per Resident per Day"] = hours(staffing.adjusted[job], adjusted)
    return cells


def _turnover(month: Snapshot) -> dict[str, Cells]:
    staffing, rows = month.staffing, month.rows
    total, nurses, left = (
        flags[rows] for flags in (staffing.has_turnover, staffing.has_rn_turnover, staffing.has_administrators)
    )
    return {
        "Total nursing staff turnover": decimal(staffing.turnover[rows], 1, total),
        "Total nursing staff turnover footnote": choice(total, ("6", "")),
        "Registered Nurse turnover": decimal(staffing.rn_turnover[rows], 1, nurses),
        "Registered Nurse turnover footnote": choice(nurses, ("6", "")),
        "Number of administrators who have left the nursing home": number(staffing.administrators_left[rows], left),
        "Administrator turnover footnote": choice(left, ("6", "")),
    }


def _surveys(month: Snapshot) -> dict[str, Cells]:
    surveys, rows = month.surveys, month.rows
    cells = {
        "Total Weighted Health Survey Score": decimal(surveys.weighted_score[rows], 3, surveys.cycles[0].known[rows]),
        "Number of Facility Reported Incidents": number(surveys.incidents[rows]),
        "Number of Substantiated Complaints": number(surveys.complaints[rows]),
        "Number of Citations from Infection Control Inspections": number(
            surveys.infection_citations[rows], surveys.has_infection_citations[rows]
        ),
    }
    for position, cycle in enumerate(surveys.cycles, start=1):
        cells.update(_cycle(cycle, position, rows, missing="" if month.month >= _QUOTING_SINCE else "."))
    return cells


def _cycle(cycle: Cycle, position: int, rows: NDArray[np.int64], missing: str) -> dict[str, Cells]:
    """The cells of one inspection cycle; editions before July 2024 write a point for what is missing."""
    name, known = f"Rating Cycle {position}", cycle.known[rows]
    dated = f"{name} Standard Survey Health Date" if position == 1 else f"{name} Standard Health Survey Date"
    counts = {
        "Total Number of Health Deficiencies": cycle.deficiencies,
        "Number of Standard Health Deficiencies": cycle.standard,
        "Number of Complaint Health Deficiencies": cycle.complaint,
        "Health Deficiency Score": cycle.points,
        "Number of Health Revisits": cycle.revisits,
        "Health Revisit Score": cycle.revisit_points,
        "Total Health Score": cycle.total_points,
    }
    cells = {f"{name} {title}": number(values[rows], known, missing) for title, values in counts.items()}
    return {dated: days(cycle.day[rows], cycle.dated[rows]), **cells}


def _sanctions(month: Snapshot) -> dict[str, Cells]:
    totals, rows = month.totals, month.rows
    return {
        "Number of Fines": number(totals.fines[rows]),
        "Total Amount of Fines in Dollars": decimal(totals.fine_cents[rows], 2),
        "Number of Payment Denials": number(totals.denials[rows]),
        "Total Number of Penalties": number(totals.fines[rows] + totals.denials[rows]),
    }
