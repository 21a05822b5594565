"""Headers of the publisher's inspection files, word for word (one a line).

Source: the October 2024 files of CMS. The files of citations have their headers without quotes, the others with.
"""

from __future__ import annotations

__all__ = [
    "CITATION_CODES",
    "COLLECTION_INTERVALS",
    "CUT_POINTS",
    "FIRE_CITATIONS",
    "HEALTH_CITATIONS",
    "SURVEY_DATES",
    "SURVEY_SUMMARY",
]

_FIRE_CITATIONS = """
CMS Certification Number (CCN)
Provider Name
Provider Address
City/Town
State
ZIP Code
Survey Date
Survey Type
Deficiency Prefix
Deficiency Category
Deficiency Tag Number
Tag Version
Deficiency Description
Scope Severity Code
Deficiency Corrected
Correction Date
Inspection Cycle
Standard Deficiency
Complaint Deficiency
Infection Control Inspection Deficiency
Citation under IDR
Citation under IIDR
Location
Processing Date
"""

_SURVEY_SUMMARY = """
CMS Certification Number (CCN)
Provider Name
Provider Address
City/Town
State
ZIP Code
Inspection Cycle
Health Survey Date
Fire Safety Survey Date
Total Number of Health Deficiencies
Total Number of Fire Safety Deficiencies
Count of Freedom from Abuse and Neglect and Exploitation Deficiencies
Count of Quality of Life and Care Deficiencies
Count of Resident Assessment and Care Planning Deficiencies
Count of Nursing and Physician Services Deficiencies
Count of Resident Rights Deficiencies
Count of Nutrition and Dietary Deficiencies
Count of Pharmacy Service Deficiencies
Count of Environmental Deficiencies
Count of Administration Deficiencies
Count of Infection Control Deficiencies
Count of Emergency Preparedness Deficiencies
Count of Automatic Sprinkler Systems Deficiencies
Count of Construction Deficiencies
Count of Services Deficiencies
Count of Corridor Walls and Doors Deficiencies
Count of Egress Deficiencies
Count of Electrical Deficiencies
Count of Emergency Plans and Fire Drills Deficiencies
Count of Fire Alarm Systems Deficiencies
Count of Smoke Deficiencies
Count of Interior Deficiencies
Count of Gas and Vacuum and Electrical Systems Deficiencies
Count of Hazardous Area Deficiencies
Count of Illumination and Emergency Power Deficiencies
Count of Laboratories Deficiencies
Count of Medical Gases and Anaesthetizing Areas Deficiencies
Count of Smoking Regulations Deficiencies
Count of Miscellaneous Deficiencies
Location
Processing Date
"""

FIRE_CITATIONS = tuple(_FIRE_CITATIONS.strip().splitlines())
HEALTH_CITATIONS = tuple(name for name in FIRE_CITATIONS if name != "Tag Version")
SURVEY_SUMMARY = tuple(_SURVEY_SUMMARY.strip().splitlines())
SURVEY_DATES = (
    "CMS Certification Number (CCN)",
    "Survey Date",
    "Type of Survey",
    "Survey Cycle",
    "Processing Date",
)
CITATION_CODES = (
    "Deficiency Prefix",
    "Deficiency Tag Number",
    "Deficiency Prefix and Number",
    "Deficiency Description",
    "Deficiency Category",
)
CUT_POINTS = (
    "State",
    "5 Stars",
    "4 Stars",
    "3 Stars",
    "2 Stars",
    "1 Star",
)
COLLECTION_INTERVALS = (
    "Measure Code",
    "Measure Description",
    "Data Collection Period From Date",
    "Data Collection Period Through Date",
    "Measure Date Range",
    "Processing Date",
)
