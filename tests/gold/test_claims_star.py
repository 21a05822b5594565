"""Dimensions of the claims star."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from nh_lakehouse.contracts import load_tables
from nh_lakehouse.gold.claims_star import claims_extent, dim_date, dim_diagnosis, dim_patient, dim_provider
from nh_lakehouse.pipeline.check_frame import check_columns

CLAIM, FILL, YEAR = "silver.claim", "silver.drug_event", "silver.clm_beneficiary_year"


def checked(function: Any, *frames: Any) -> Any:
    """The result, whose columns are as declared."""
    name = function.__table__.name
    result = function(*frames)
    check_columns(name, result, load_tables()[name].columns)
    return result


# --- extent ---------------------------------------------------------------------------------------------------------


def test_extent_of_a_source_leaves_out_nulls_and_other_claim_types(frame: Any, values: Any) -> None:
    claims = [
        {"source": "rif", "claim_type": "inpatient", "from_date": date(2009, 3, 1), "thru_date": date(2009, 3, 9)},
        {"source": "rif", "claim_type": "carrier", "from_date": date(2008, 2, 1), "thru_date": date(2010, 1, 5)},
        {"source": "rif", "claim_type": "outpatient"},
    ]
    fills = [{"source": "rif", "service_date": day} for day in (date(2009, 1, 2), date(2009, 7, 1))]
    years = [{"source": "rif", "bene_id": b, "year": y} for b, y in (("1", 2008), ("1", 2009), ("2", 2009))]
    found = checked(claims_extent, frame(CLAIM, claims), frame(FILL, fills), frame(YEAR, years))
    assert values(found, "first_claim_date last_claim_date inpatient_end_date first_fill_date last_fill_date") == [
        (date(2008, 2, 1), date(2010, 1, 5), date(2009, 3, 9), date(2009, 1, 2), date(2009, 7, 1))
    ]
    assert values(found, "source beneficiary_first_year beneficiary_last_year") == [("rif", 2008, 2009)]


@pytest.mark.parametrize("given", ["claims", "fills", "people"])
def test_a_source_with_one_of_the_three_has_a_row(frame: Any, values: Any, given: str) -> None:
    claims = frame(CLAIM, [{"source": "rif", "claim_type": "snf"}] if given == "claims" else [])
    fills = frame(FILL, [{"source": "rif", "service_date": date(2009, 1, 2)}] if given == "fills" else [])
    years = frame(YEAR, [{"source": "rif", "bene_id": "1", "year": 2008}] if given == "people" else [])
    found = checked(claims_extent, claims, fills, years)
    first_fill = date(2009, 1, 2) if given == "fills" else None
    first_year = 2008 if given == "people" else None
    assert values(found, "source first_claim_date first_fill_date beneficiary_first_year") == [
        ("rif", None, first_fill, first_year)
    ]


# --- patients and providers -----------------------------------------------------------------------------------------


def test_patients_are_the_versions_and_the_unknown_one(frame: Any, values: Any) -> None:
    person = {"source": "synpuf", "bene_id": "A", "sex": "Female", "is_current": False}
    versions = [
        {**person, "valid_from": date(2008, 1, 1), "valid_to": date(2009, 1, 1)},
        {**person, "valid_from": date(2009, 1, 1), "is_current": True, "death_date": date(2010, 5, 1)},
    ]
    found = checked(dim_patient, frame("silver.clm_beneficiary", versions))
    assert values(found, "source bene_id valid_from sex is_deceased is_current") == [
        ("synpuf", "A", date(2008, 1, 1), "Female", False, False),
        ("synpuf", "A", date(2009, 1, 1), "Female", True, True),
        ("unknown", None, None, None, None, None),
    ]
    assert values(found.filter("source = 'unknown'"), "patient_key") == [(-1,)]
    assert found.select("patient_key").distinct().count() == 3


def test_providers_take_their_name_by_kind_and_number(frame: Any, values: Any) -> None:
    numbers = [("rif", "CCN", "220008"), ("rif", "NPI", "220008"), ("synpuf", "CCN", "220008")]
    providers = [{"source": s, "provider_id_type": t, "provider_id": n, "state": "MA"} for s, t, n in numbers]
    names = [{"provider_id_type": "CCN", "provider_id": "220008", "provider_name": "STURDY"}]
    found = checked(dim_provider, frame("silver.clm_provider", providers), frame("silver.clm_provider_name", names))
    assert values(found, "source provider_id_type provider_name state") == [
        ("rif", "CCN", "STURDY", "MA"),
        ("rif", "NPI", None, "MA"),
        ("synpuf", "CCN", "STURDY", "MA"),
        ("unknown", None, None, None),
    ]
    assert found.select("provider_key").distinct().count() == 4


# --- diagnoses ------------------------------------------------------------------------------------------------------


def _dx(system: str, code: str, *, valid: bool = True) -> dict[str, Any]:
    return {"source": "rif", "code_system": system, "code": code, "is_valid_code": valid}


def test_diagnoses_are_the_distinct_codes_and_the_unknown_one(frame: Any, values: Any) -> None:
    rows = [_dx("ICD9", "4280"), _dx("ICD9", "4280"), _dx("ICD10", "I5020"), _dx("ICD9", "OTHER", valid=False)]
    texts = [{"code_kind": k, "code_system": "ICD9", "code": "4280", "description": k} for k in ("dx", "px")]
    classes = [
        {"code_kind": k, "code_system": "ICD10", "code": "I5020", "ccs_category": k, "ccs_description": "CHF"}
        for k in ("dx", "px")
    ]
    found = checked(
        dim_diagnosis,
        frame("silver.claim_diagnosis", rows),
        frame("silver.clm_icd", texts),
        frame("silver.clm_ccs", classes),
    )
    assert values(found, "code_system code is_valid_code description ccs_category ccs_description dx_category") == [
        (None, None, None, None, None, None, None),
        ("ICD10", "I5020", True, None, "dx", "CHF", "I50"),
        ("ICD9", "4280", True, "dx", None, None, "428"),
        ("ICD9", "OTHER", False, None, None, None, "OTH"),
    ]
    assert values(found.filter("code IS NULL"), "diagnosis_key") == [(-1,)]


@pytest.mark.parametrize(
    ("system", "code", "category", "chapter", "chronic", "charlson"),
    [
        ("ICD9", "4280", "428", "Diseases of the circulatory system", "heart_failure", "chf"),
        ("ICD9", "40401", "404", "Diseases of the circulatory system", "heart_failure hypertension kidney", "chf"),
        ("ICD9", "1390", "139", "Infectious and parasitic diseases", None, None),
        ("ICD9", "1749", "174", "Neoplasms", "cancer_breast", "cancer"),
        (
            "ICD9",
            "E8889",
            "E888",
            "Supplementary classification of external causes of injury and poisoning",
            None,
            None,
        ),
        ("ICD10", "E119", "E11", "Endocrine, nutritional and metabolic diseases", "diabetes", "diabetes"),
        ("ICD10", "4280", "428", None, None, None),
        ("ICD9", "OTHER", "OTH", None, None, None),
    ],
)
def test_groups_and_chapter_of_a_code(
    frame: Any, values: Any, system: str, code: str, category: str, chapter: str, chronic: str, charlson: str
) -> None:
    empty = [frame("silver.clm_icd", []), frame("silver.clm_ccs", [])]
    found = dim_diagnosis(frame("silver.claim_diagnosis", [_dx(system, code)]), *empty).filter("code IS NOT NULL")
    expected = [(category, chapter, chronic, charlson)]
    assert values(found, "dx_category dx_chapter chronic_group charlson_group") == expected


# --- days -----------------------------------------------------------------------------------------------------------


def test_calendar_covers_whole_years_of_claims_and_fills_of_all_sources(frame: Any, values: Any) -> None:
    extent = [
        {"source": "synpuf", "first_claim_date": date(2009, 12, 27), "last_claim_date": date(2010, 2, 1)},
        {"source": "rif", "first_fill_date": date(2008, 3, 1), "last_fill_date": date(2009, 2, 1)},
        {"source": "other"},
    ]
    found = checked(dim_date, frame("gold.claims_extent", extent))
    assert found.count() == 366 + 365 + 365  # 2008 is a leap year
    days = found.filter("calendar_date IN (DATE'2008-01-01', DATE'2010-01-03', DATE'2010-10-01', DATE'2010-12-31')")
    names = "date_key year quarter month_no day_of_month iso_year iso_week weekday weekday_name is_weekend fiscal_year"
    # 3 January 2010 is a Sunday: the ISO week is the last of 2009, which has 53 as 2009 began on a Thursday.
    assert values(days, names) == [
        (20080101, 2008, "2008Q1", 1, 1, 2008, 1, 2, "Tuesday", False, 2008),
        (20100103, 2010, "2010Q1", 1, 3, 2009, 53, 7, "Sunday", True, 2010),
        (20101001, 2010, "2010Q4", 10, 1, 2010, 39, 5, "Friday", False, 2011),
        (20101231, 2010, "2010Q4", 12, 31, 2010, 52, 5, "Friday", False, 2011),
    ]
    february = found.filter("date_key = 20080215")
    assert values(february, "month_start_date month_end_date") == [(date(2008, 2, 1), date(2008, 2, 29))]


def test_no_calendar_without_a_dated_claim_or_fill(frame: Any) -> None:
    extent = [{"source": "rif", "beneficiary_first_year": 2008, "beneficiary_last_year": 2009}]
    assert dim_date(frame("gold.claims_extent", extent)).count() == 0
