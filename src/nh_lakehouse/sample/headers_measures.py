"""Headers of the files of measures, owners, enrolments, vaccinations and other payroll staff, word for word.

Sources: the October 2024 files of CMS, SNF Enrollments of December 2025, and table 2 of the specification of the
Payroll-Based Journal.
"""

from __future__ import annotations

__all__ = [
    "CLAIMS",
    "ENROLLMENTS",
    "MDS",
    "NON_NURSE_FOOTNOTE_SINCE",
    "NON_NURSE_JOBS",
    "OWNERSHIP",
    "PROGRAM",
    "PROGRAM_NATIONAL",
    "SWING_BED",
    "VACCINATION",
    "non_nurse_headers",
]

_HOME = (
    "CMS Certification Number (CCN)",
    "Provider Name",
    "Provider Address",
    "City/Town",
    "State",
    "ZIP Code",
)
_MEASURE = ("Measure Code", "Measure Description", "Resident type")
_QUARTERS = tuple(
    f"{footnote}Q{quarter} Measure Score" for quarter in (1, 2, 3, 4) for footnote in ("", "Footnote for ")
)
_END = ("Used in Quality Measure Five Star Rating", "Measure Period", "Location", "Processing Date")

#: Quality measures from resident assessments, 23 columns.
MDS = (
    *_HOME,
    *_MEASURE,
    *_QUARTERS,
    "Four Quarter Average Score",
    "Footnote for Four Quarter Average Score",
    *_END,
)
#: Quality measures from Medicare claims, 17 columns.
CLAIMS = (*_HOME, *_MEASURE, "Adjusted Score", "Observed Score", "Expected Score", "Footnote for Score", *_END)
#: Owners and managers, 13 columns.
OWNERSHIP = (
    *_HOME,
    "Role played by Owner or Manager in Facility",
    "Owner Type",
    "Owner Name",
    "Ownership Percentage",
    "Association Date",
    "Location",
    "Processing Date",
)
_WHERE = ("City/Town", "State", "ZIP Code", "County/Parish", "Telephone Number", "CMS Region")
_SCORE = ("Measure Code", "Score", "Footnote", "Start Date", "End Date")
#: Quality reporting program of homes (16 columns), of the nation (7) and of hospitals with swing beds (16).
PROGRAM = (*_HOME[:2], "Address Line 1", *_WHERE, *_SCORE, "Measure Date Range", "LOCATION1")
PROGRAM_NATIONAL = (_HOME[0], *_SCORE, "Measure Date Range")
SWING_BED = (*_HOME[:2], "Address Line 1", "Address Line 2", *_WHERE, *_SCORE, "MeasureDateRange")
#: Vaccination of a state; that of homes has the certification number before it.
VACCINATION = (
    "State",
    "Percent of residents who are up-to-date on their vaccines",
    "Percent of staff who are up-to-date on their vaccines",
    "Date vaccination data last updated",
)
#: Medicare enrolments, 23 columns.
ENROLLMENTS = (
    "ENROLLMENT ID",
    "ENROLLMENT STATE",
    "PROVIDER TYPE CODE",
    "PROVIDER TYPE TEXT",
    "NPI",
    "MULTIPLE NPI FLAG",
    "CCN",
    "ASSOCIATE ID",
    "ORGANIZATION NAME",
    "DOING BUSINESS AS NAME",
    "INCORPORATION DATE",
    "INCORPORATION STATE",
    "ORGANIZATION TYPE STRUCTURE",
    "ORGANIZATION OTHER TYPE TEXT",
    "PROPRIETARY_NONPROFIT",
    "NURSING HOME PROVIDER NAME",
    "AFFILIATION ENTITY NAME",
    "AFFILIATION ENTITY ID",
    "ADDRESS LINE 1",
    "ADDRESS LINE 2",
    "CITY",
    "STATE",
    "ZIP CODE",
)
#: The quarter, as a number, since which the hours of administrators have a footnote.
NON_NURSE_FOOTNOTE_SINCE = 2023 * 4
#: Jobs of the daily payroll file of other staff, in its order.
NON_NURSE_JOBS = (
    "Admin",
    "MedDir",
    "OthMD",
    "PA",
    "NP",
    "ClinNrsSpec",
    "Pharmacist",
    "Dietician",
    "FeedAsst",
    "OT",
    "OTasst",
    "OTaide",
    "PT",
    "PTasst",
    "PTaide",
    "RespTher",
    "RespTech",
    "SpcLangPath",
    "TherRecSpec",
    "QualActvProf",
    "OthActv",
    "QualSocWrk",
    "OthSocWrk",
    "MHSvc",
)


def non_nurse_headers(quarter: int) -> tuple[str, ...]:
    """Headers of the daily payroll file of other staff: 9 of the day, then all, own and contract hours by job.

    From the first quarter of 2023 on the hours of administrators have a footnote.
    """
    first = ("PROVNUM", "PROVNAME", "CITY", "STATE", "COUNTY_NAME", "COUNTY_FIPS", "CY_QTR", "WorkDate", "MDScensus")
    jobs = tuple(f"Hrs_{job}{ending}" for job in NON_NURSE_JOBS for ending in ("", "_emp", "_ctr"))
    footnote = ("Hrs_Admin_fn",) if quarter >= NON_NURSE_FOOTNOTE_SINCE else ()
    return (*first, *jobs[:3], *footnote, *jobs[3:])
