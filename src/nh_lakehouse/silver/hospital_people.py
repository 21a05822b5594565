"""Patients, clinicians, organizations and payers of hospital records: one model for both layouts, with history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import silver_table
from nh_lakehouse.silver.conform import FLAGS, list_of
from nh_lakehouse.silver.mojibake import is_damaged, repaired
from nh_lakehouse.silver.published import published

__all__ = ["STATES", "hosp_organization", "hosp_patient", "hosp_payer", "hosp_provider"]

STATES: Mapping[str, str] = dict(
    pair.split(":")
    for pair in (
        "Alabama:AL,Alaska:AK,Arizona:AZ,Arkansas:AR,California:CA,Colorado:CO,Connecticut:CT,Delaware:DE,"
        "District of Columbia:DC,Florida:FL,Georgia:GA,Hawaii:HI,Idaho:ID,Illinois:IL,Indiana:IN,Iowa:IA,Kansas:KS,"
        "Kentucky:KY,Louisiana:LA,Maine:ME,Maryland:MD,Massachusetts:MA,Michigan:MI,Minnesota:MN,Mississippi:MS,"
        "Missouri:MO,Montana:MT,Nebraska:NE,Nevada:NV,New Hampshire:NH,New Jersey:NJ,New Mexico:NM,New York:NY,"
        "North Carolina:NC,North Dakota:ND,Ohio:OH,Oklahoma:OK,Oregon:OR,Pennsylvania:PA,Puerto Rico:PR,"
        "Rhode Island:RI,South Carolina:SC,South Dakota:SD,Tennessee:TN,Texas:TX,Utah:UT,Vermont:VT,Virginia:VA,"
        "Washington:WA,West Virginia:WV,Wisconsin:WI,Wyoming:WY"
    ).split(",")
)
"""Names of states and their postal codes (US Postal Service, publication 28)."""

_NAMES = ("first", "middle", "last", "maiden", "birthplace")
_SUMS = ("healthcare_expenses_usd", "healthcare_coverage_usd")
_PAYER_SUMS = tuple(
    "amount_covered_usd amount_uncovered_usd revenue_usd covered_encounters_n uncovered_encounters_n "
    "covered_medications_n uncovered_medications_n covered_procedures_n uncovered_procedures_n "
    "covered_immunizations_n uncovered_immunizations_n unique_customers_n qols_avg member_months_n".split()
)


@silver_table(
    "silver.hosp_patient",
    of="hosp_patients",
    key=["source", "patient_id"],
    history="scd2",
    group="source",
    untracked=_SUMS,
    type_1=["death_date"],
)
def hosp_patient(hosp_patients: DataFrame) -> DataFrame:
    """Patients, per version.

    Args:
        hosp_patients: one row per (source, patient_id) and version.
    Returns:
        One row per row. Names, birthplace, address, city and county are repaired where they are utf-8 once read as
        MacRoman, with the flag `repaired:<column>`; names and birthplace keep the file's text in `_raw`, null where
        nothing was repaired. `state` is the postal code; a text that is no name of a state stays. Marital status and
        day of death may be null.
    Raises:
        MissingColumnError: an input column is absent.
    Source: Synthea CSV File Data Dictionary; hospital records document ("addressing ZIP codes, dates, and IDs").
    """
    cases = " ".join(f"WHEN '{name}' THEN '{code}'" for name, code in STATES.items())
    return _mended(
        hosp_patients,
        "silver.hosp_patient",
        names=_NAMES,
        places=("address", "city", "county"),
        computed={"state": f"CASE state {cases} ELSE state END"},
    )


@silver_table(
    "silver.hosp_organization",
    of="hosp_organizations",
    key=["source", "organization_id"],
    history="scd2",
    group="source",
    untracked=["revenue_usd", "utilization_n"],
)
def hosp_organization(hosp_organizations: DataFrame) -> DataFrame:
    """Hospitals and practices, per version.

    Args:
        hosp_organizations: one row per (source, organization_id) and version.
    Returns:
        One row per row; name, address and city repaired as those of patients are.
    Raises:
        MissingColumnError: an input column is absent.
    Source: Synthea CSV File Data Dictionary.
    """
    return _mended(hosp_organizations, "silver.hosp_organization", names=("name",), places=("address", "city"))


@silver_table(
    "silver.hosp_provider",
    of="hosp_providers",
    key=["source", "provider_id"],
    history="scd2",
    group="source",
    untracked=["utilization_n", "procedures_n"],
)
def hosp_provider(hosp_providers: DataFrame) -> DataFrame:
    """Clinicians, per version; Synthea only.

    Args:
        hosp_providers: one row per (source, provider_id) and version.
    Returns:
        One row per row; name, address and city repaired as those of patients are.
    Raises:
        MissingColumnError: an input column is absent.
    Source: Synthea CSV File Data Dictionary.
    """
    return _mended(hosp_providers, "silver.hosp_provider", names=("name",), places=("address", "city"))


@silver_table(
    "silver.hosp_payer",
    of="hosp_payers",
    key=["source", "payer_id"],
    history="scd2",
    group="source",
    untracked=_PAYER_SUMS,
)
def hosp_payer(hosp_payers: DataFrame) -> DataFrame:
    """Payers, per version, each in a group.

    Args:
        hosp_payers: one row per (source, payer_id) and version.
    Returns:
        One row per row. `payer_group`: NO_INSURANCE is Uninsured; Medicare, Medicaid and Dual Eligible are their own;
        every other payer is Commercial.
    Raises:
        MissingColumnError: an input column is absent.
    Source: MEASURES B4.
    """
    group = """CASE upper(name) WHEN 'NO_INSURANCE' THEN 'Uninsured' WHEN 'MEDICARE' THEN 'Medicare'
        WHEN 'MEDICAID' THEN 'Medicaid' WHEN 'DUAL ELIGIBLE' THEN 'Dual Eligible' ELSE 'Commercial' END"""
    return published(hosp_payers, "silver.hosp_payer", {"payer_group": F.expr(group)})


def _mended(
    rows: DataFrame,
    table: str,
    *,
    names: Sequence[str],
    places: Sequence[str],
    computed: Mapping[str, str] | None = None,
) -> DataFrame:
    """The declared columns, with names and places repaired, and names also as they came."""
    texts = {name: repaired(name) for name in (*names, *places)}
    raw = {f"{name}_raw": f"CASE WHEN {is_damaged(name)} THEN {name} END" for name in names}
    reasons = list_of([(f"repaired:{name}", is_damaged(name)) for name in texts])
    flags = {FLAGS: f"sort_array(concat({FLAGS}, {reasons}))"}
    every = {**texts, **raw, **flags, **(computed or {})}
    return published(rows, table, {name: F.expr(sql) for name, sql in every.items()})
