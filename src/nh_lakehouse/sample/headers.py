"""Headers of the publisher's files, word for word (one a line).

Sources: the October 2024 files of CMS (Provider Information, State US Averages, Penalties, SNF VBP FY 2024), the
payroll file of 2023 Q2 and the chain measures of February 2026, where two headers hold a double blank.
"""

from __future__ import annotations

__all__ = [
    "CHAINS",
    "PAYROLL",
    "PENALTIES",
    "averages_headers",
    "provider_headers",
    "vbp_aggregate_headers",
    "vbp_headers",
]

#: From July 2024 on (month number 2024 * 12 + 6), three columns more in Provider Information and two in the averages.
_CASE_MIX_SINCE = 2024 * 12 + 6
_CASE_MIX_ONLY = (
    "Nursing Case-Mix Index",
    "Nursing Case-Mix Index Ratio",
    "Case-Mix Weekend Total Nurse Staffing Hours per Resident per Day",
)

#: Provider Information, 103 columns.
_PROVIDER = """
CMS Certification Number (CCN)
Provider Name
Provider Address
City/Town
State
ZIP Code
Telephone Number
Provider SSA County Code
County/Parish
Ownership Type
Number of Certified Beds
Average Number of Residents per Day
Average Number of Residents per Day Footnote
Provider Type
Provider Resides in Hospital
Legal Business Name
Date First Approved to Provide Medicare and Medicaid Services
Affiliated Entity Name
Affiliated Entity ID
Continuing Care Retirement Community
Special Focus Status
Abuse Icon
Most Recent Health Inspection More Than 2 Years Ago
Provider Changed Ownership in Last 12 Months
With a Resident and Family Council
Automatic Sprinkler Systems in All Required Areas
Overall Rating
Overall Rating Footnote
Health Inspection Rating
Health Inspection Rating Footnote
QM Rating
QM Rating Footnote
Long-Stay QM Rating
Long-Stay QM Rating Footnote
Short-Stay QM Rating
Short-Stay QM Rating Footnote
Staffing Rating
Staffing Rating Footnote
Reported Staffing Footnote
Physical Therapist Staffing Footnote
Reported Nurse Aide Staffing Hours per Resident per Day
Reported LPN Staffing Hours per Resident per Day
Reported RN Staffing Hours per Resident per Day
Reported Licensed Staffing Hours per Resident per Day
Reported Total Nurse Staffing Hours per Resident per Day
Total number of nurse staff hours per resident per day on the weekend
Registered Nurse hours per resident per day on the weekend
Reported Physical Therapist Staffing Hours per Resident Per Day
Total nursing staff turnover
Total nursing staff turnover footnote
Registered Nurse turnover
Registered Nurse turnover footnote
Number of administrators who have left the nursing home
Administrator turnover footnote
Nursing Case-Mix Index
Nursing Case-Mix Index Ratio
Case-Mix Nurse Aide Staffing Hours per Resident per Day
Case-Mix LPN Staffing Hours per Resident per Day
Case-Mix RN Staffing Hours per Resident per Day
Case-Mix Total Nurse Staffing Hours per Resident per Day
Case-Mix Weekend Total Nurse Staffing Hours per Resident per Day
Adjusted Nurse Aide Staffing Hours per Resident per Day
Adjusted LPN Staffing Hours per Resident per Day
Adjusted RN Staffing Hours per Resident per Day
Adjusted Total Nurse Staffing Hours per Resident per Day
Adjusted Weekend Total Nurse Staffing Hours per Resident per Day
Rating Cycle 1 Standard Survey Health Date
Rating Cycle 1 Total Number of Health Deficiencies
Rating Cycle 1 Number of Standard Health Deficiencies
Rating Cycle 1 Number of Complaint Health Deficiencies
Rating Cycle 1 Health Deficiency Score
Rating Cycle 1 Number of Health Revisits
Rating Cycle 1 Health Revisit Score
Rating Cycle 1 Total Health Score
Rating Cycle 2 Standard Health Survey Date
Rating Cycle 2 Total Number of Health Deficiencies
Rating Cycle 2 Number of Standard Health Deficiencies
Rating Cycle 2 Number of Complaint Health Deficiencies
Rating Cycle 2 Health Deficiency Score
Rating Cycle 2 Number of Health Revisits
Rating Cycle 2 Health Revisit Score
Rating Cycle 2 Total Health Score
Rating Cycle 3 Standard Health Survey Date
Rating Cycle 3 Total Number of Health Deficiencies
Rating Cycle 3 Number of Standard Health Deficiencies
Rating Cycle 3 Number of Complaint Health Deficiencies
Rating Cycle 3 Health Deficiency Score
Rating Cycle 3 Number of Health Revisits
Rating Cycle 3 Health Revisit Score
Rating Cycle 3 Total Health Score
Total Weighted Health Survey Score
Number of Facility Reported Incidents
Number of Substantiated Complaints
Number of Citations from Infection Control Inspections
Number of Fines
Total Amount of Fines in Dollars
Number of Payment Denials
Total Number of Penalties
Location
Latitude
Longitude
Geocoding Footnote
Processing Date
"""

#: State US Averages, 48 columns.
_AVERAGES = """
State or Nation
Cycle 1 Total Number of Health Deficiencies
Cycle 1 Total Number of Fire Safety Deficiencies
Cycle 2 Total Number of Health Deficiencies
Cycle 2 Total Number of Fire Safety Deficiencies
Cycle 3 Total Number of Health Deficiencies
Cycle 3 Total Number of Fire Safety Deficiencies
Average Number of Residents per Day
Reported Nurse Aide Staffing Hours per Resident per Day
Reported LPN Staffing Hours per Resident per Day
Reported RN Staffing Hours per Resident per Day
Reported Licensed Staffing Hours per Resident per Day
Reported Total Nurse Staffing Hours per Resident per Day
Total number of nurse staff hours per resident per day on the weekend
Registered Nurse hours per resident per day on the weekend
Reported Physical Therapist Staffing Hours per Resident Per Day
Total nursing staff turnover
Registered Nurse turnover
Number of administrators who have left the nursing home
Nursing Case-Mix Index
Case-Mix RN Staffing Hours per Resident per Day
Case-Mix Total Nurse Staffing Hours per Resident per Day
Case-Mix Weekend Total Nurse Staffing Hours per Resident per Day
Number of Fines
Fine Amount in Dollars
Percentage of long stay residents whose need for help with daily activities has increased
Percentage of long stay residents who lose too much weight
Percentage of low risk long stay residents who lose control of their bowels or bladder
Percentage of long stay residents with a catheter inserted and left in their bladder
Percentage of long stay residents with a urinary tract infection
Percentage of long stay residents who have depressive symptoms
Percentage of long stay residents who were physically restrained
Percentage of long stay residents experiencing one or more falls with major injury
Percentage of long stay residents assessed and appropriately given the pneumococcal vaccine
Percentage of long stay residents who received an antipsychotic medication
Percentage of short stay residents assessed and appropriately given the pneumococcal vaccine
Percentage of short stay residents who newly received an antipsychotic medication
Percentage of long stay residents whose ability to move independently worsened
Percentage of long stay residents who received an antianxiety or hypnotic medication
Percentage of high risk long stay residents with pressure ulcers
Percentage of long stay residents assessed and appropriately given the seasonal influenza vaccine
Percentage of short stay residents who made improvements in function
Percentage of short stay residents who were assessed and appropriately given the seasonal influenza vaccine
Percentage of short stay residents who were rehospitalized after a nursing home admission
Percentage of short stay residents who had an outpatient emergency department visit
Number of hospitalizations per 1000 long-stay resident days
Number of outpatient emergency department visits per 1000 long-stay resident days
Processing Date
"""

#: Penalties, 13 columns.
PENALTIES = (
    "CMS Certification Number (CCN)",
    "Provider Name",
    "Provider Address",
    "City/Town",
    "State",
    "ZIP Code",
    "Penalty Date",
    "Penalty Type",
    "Fine Amount",
    "Payment Denial Start Date",
    "Payment Denial Length in Days",
    "Location",
    "Processing Date",
)

#: SNF VBP, facility performance, 20 columns.
_VBP = """
SNF VBP Program Ranking
Footnote -- SNF VBP Program Ranking
CMS Certification Number (CCN)
Provider Name
Provider Address
City/Town
State
ZIP Code
Baseline Period: FY {baseline} Risk-Standardized Readmission Rate
Footnote -- Baseline Period: FY {baseline} Risk-Standardized Readmission Rate
Performance Period: FY {performance} Risk-Standardized Readmission Rate
Footnote -- Performance Period: FY {performance} Risk-Standardized Readmission Rate
Achievement Score
Footnote -- Achievement Score
Improvement Score
Footnote -- Improvement Score
Performance Score
Footnote -- Performance Score
Incentive Payment Multiplier
Footnote -- Incentive Payment Multiplier
"""

#: SNF VBP, aggregate performance, 9 columns.
_VBP_AGGREGATE = """
Baseline Period: FY {baseline} National Average Readmission Rate
Performance Period: FY {performance} National Average Readmission Rate
FY {program} Achievement Threshold
FY {program} Benchmark
Range of Performance Scores
Total Number of SNFs Receiving Value-Based Incentive Payments
Range of Incentive Payment Multipliers
Range of Value-Based Incentive Payments ($)
Total Amount of Value-Based Incentive Payments ($)
"""

#: Chain performance measures, 51 columns.
_CHAINS = """
Chain
Chain ID
Number of facilities
Number of states and territories with operations
Number of Special Focus Facilities (SFF)
Number of SFF candidates
Number of facilities with an abuse icon
Percentage of facilities with an abuse icon
Percent of facilities classified as for-profit
Percent of facilities classified as non-profit
Percent of facilities classified as government-owned
Average overall 5-star rating
Average health inspection rating
Average staffing rating
Average quality rating
Average total nurse hours per resident day
Average total weekend nurse hours per resident day
Average total Registered Nurse hours per resident day
Average total nursing staff turnover percentage
Average Registered Nurse turnover percentage
Average number of administrators who have left the nursing home
Total number of fines
Average number of fines
Total amount of fines in dollars
Average amount of fines in dollars
Total number of payment denials
Average number of payment denials
Average percentage of short-stay residents who were re-hospitalized after a nursing home admission
Average percentage of short-stay residents who have had an outpatient emergency department visit
Average percentage of short-stay residents who newly received an antipsychotic medication
Average percentage of short-stay residents with pressure ulcers or pressure injuries that are new or worsened
Average percentage of short-stay residents who are at or above an expected ability to care for themselves \
and move around at discharge
Average percentage of short-stay residents who were assessed and appropriately given the seasonal influenza vaccine
Average percentage of short-stay residents who were assessed and appropriately given the  pneumococcal vaccine
Average number of hospitalizations per 1,000 long-stay resident days
Average number of outpatient emergency department visits per 1,000 long-stay resident days
Average percentage of long-stay residents who received an antipsychotic medication
Average percentage of long-stay residents experiencing one or more falls with major injury
Average percentage of long-stay residents with pressure ulcers
Average percentage of long-stay residents with a urinary tract infection
Average percentage of long-stay residents who have or had a catheter inserted and left in their bladder
Average percentage of long-stay residents whose ability to move independently worsened
Average percentage of long-stay residents whose need for help with activities of daily living has increased
Average percentage of long-stay residents who were assessed and appropriately given the seasonal influenza vaccine
Average percentage of long-stay residents who were assessed and appropriately given the  pneumococcal vaccine
Average percentage of long-stay residents who were physically restrained
Average percentage of long-stay residents with new or worsened bowel or bladder incontinence
Average percentage of long-stay residents who lose too much weight
Average percentage of long-stay residents who have symptoms of depression
Average percentage of long-stay residents who used antianxiety or hypnotic medication
Average rate of potentially preventable hospital readmissions 30 days after discharge from a SNF
"""

#: Daily nurse staffing (Payroll-Based Journal), 33 columns.
_PAYROLL = """
PROVNUM,PROVNAME,CITY,STATE,COUNTY_NAME,COUNTY_FIPS,CY_Qtr,WorkDate,MDScensus
Hrs_RNDON,Hrs_RNDON_emp,Hrs_RNDON_ctr
Hrs_RNadmin,Hrs_RNadmin_emp,Hrs_RNadmin_ctr
Hrs_RN,Hrs_RN_emp,Hrs_RN_ctr
Hrs_LPNadmin,Hrs_LPNadmin_emp,Hrs_LPNadmin_ctr
Hrs_LPN,Hrs_LPN_emp,Hrs_LPN_ctr
Hrs_CNA,Hrs_CNA_emp,Hrs_CNA_ctr
Hrs_NAtrn,Hrs_NAtrn_emp,Hrs_NAtrn_ctr
Hrs_MedAide,Hrs_MedAide_emp,Hrs_MedAide_ctr
"""

CHAINS = tuple(_CHAINS.strip().splitlines())
PAYROLL = tuple(_PAYROLL.strip().replace("\n", ",").split(","))


def provider_headers(month: int) -> tuple[str, ...]:
    """Headers of Provider Information: 103 from July 2024 on, 100 before."""
    return _edition(_PROVIDER, month)


def averages_headers(month: int) -> tuple[str, ...]:
    """Headers of the averages file: 48 from July 2024 on, 46 before."""
    return _edition(_AVERAGES, month)


def vbp_headers(program: int, baseline: int) -> tuple[str, ...]:
    """Headers of the facility performance file, which name the fiscal years of the periods."""
    return _with_years(_VBP, program, baseline)


def vbp_aggregate_headers(program: int, baseline: int) -> tuple[str, ...]:
    """Headers of the aggregate performance file."""
    return _with_years(_VBP_AGGREGATE, program, baseline)


def _edition(headers: str, month: int) -> tuple[str, ...]:
    names = headers.strip().splitlines()
    return tuple(name for name in names if month >= _CASE_MIX_SINCE or name not in _CASE_MIX_ONLY)


def _with_years(headers: str, program: int, baseline: int) -> tuple[str, ...]:
    names = headers.strip().splitlines()
    return tuple(name.format(program=program, baseline=baseline, performance=program - 2) for name in names)
