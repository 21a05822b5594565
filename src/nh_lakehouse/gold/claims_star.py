"""The dimensions of the claims star: patients with history, providers, diagnoses, days; and what the claims cover.

Keys and the unknown member: see `claims_keys`. The facts stand in `claims_facts`.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.claims_codes import chapter_of, dx_category, groups_of, groups_text
from nh_lakehouse.gold.claims_keys import (
    UNKNOWN_SOURCE,
    date_key,
    diagnosis_key,
    patient_key,
    provider_key,
    with_unknown,
)

__all__ = ["claims_extent", "dim_date", "dim_diagnosis", "dim_patient", "dim_provider"]

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

FISCAL_YEAR_MONTH = 10
"""Month in which the federal fiscal year begins; it is named by the year in which it ends."""

#: Monday = 1 to Sunday = 7, from 1 = Sunday to 7 = Saturday: weekday() of Sail 0.7.2 is -1 on a Sunday.
_ISO_WEEKDAY = "(dayofweek(calendar_date) + 5) % 7 + 1"


@table(
    "gold.claims_extent",
    key=["source"],
    per=["source"],
    optional=["claim", "drug_event", "clm_beneficiary_year"],
)
def claims_extent(claim: DataFrame, drug_event: DataFrame, clm_beneficiary_year: DataFrame) -> DataFrame:
    """First and last days of the loaded claims, fills and beneficiary files.

    Args:
        claim: one row per (source, claim_type, claim_id); reads `from_date`, `thru_date`.
        drug_event: one row per (source, event_id); reads `service_date`.
        clm_beneficiary_year: one row per (source, bene_id, year).
    Returns:
        One row per source that any of the three holds. Nulls are left out of minima and maxima; null where no row has
        a value. Counts are 0 where there are no rows; `people_n` counts the people of the beneficiary files.
    Source: dates as published; the end of the data for readmissions is the latest `thru_date` of inpatient claims.
    """
    claims = claim.groupBy("source").agg(
        F.min("from_date").alias("first_claim_date"),
        F.max("thru_date").alias("last_claim_date"),
        F.max(F.when(F.col("claim_type") == "inpatient", F.col("thru_date"))).alias("inpatient_end_date"),
        F.count(F.lit(1)).alias("claims_n"),
    )
    fills = drug_event.groupBy("source").agg(
        F.min("service_date").alias("first_fill_date"),
        F.max("service_date").alias("last_fill_date"),
        F.count(F.lit(1)).alias("fills_n"),
    )
    people = clm_beneficiary_year.groupBy("source").agg(
        F.min("year").alias("beneficiary_first_year"),
        F.max("year").alias("beneficiary_last_year"),
        F.countDistinct("bene_id").alias("people_n"),
    )
    extent = claims.join(fills, on="source", how="full").join(people, on="source", how="full")
    return extent.select(
        "source",
        "first_claim_date",
        "last_claim_date",
        "inpatient_end_date",
        "first_fill_date",
        "last_fill_date",
        "beneficiary_first_year",
        "beneficiary_last_year",
        *[F.coalesce(F.col(name), F.lit(0)).alias(name) for name in ("claims_n", "fills_n", "people_n")],
    )


@table(
    "gold.dim_patient",
    key=["patient_key"],
    per=["source", "bene_id"],
    order=["source", "bene_id", "valid_from"],
    versions_of=["source", "bene_id"],
)
def dim_patient(clm_beneficiary: DataFrame) -> DataFrame:
    """Patients, one row for each version of what is known of them.

    Args:
        clm_beneficiary: one row per (source, bene_id, valid_from).
    Returns:
        One row per row of the input, and the unknown patient: key -1, source `unknown`, null in all other columns.
        `death_date` is the latest known one, the same on every version.
    Source: CMS DE-SynPUF user manual; ResDAC Master Beneficiary Summary File record layout.
    """
    versions = clm_beneficiary.selectExpr(
        f"{patient_key('valid_from')} AS patient_key",
        "source",
        "bene_id",
        "birth_date",
        "death_date",
        "death_date IS NOT NULL AS is_deceased",
        "sex",
        "race",
        "state",
        "county",
        "zip",
        "esrd",
        "dual",
        "valid_from",
        "valid_to",
        "is_current",
    )
    return with_unknown(versions, key="patient_key", columns={"source": f"'{UNKNOWN_SOURCE}'"})


@table(
    "gold.dim_provider",
    key=["provider_key"],
    per=["source", "provider_id_type", "provider_id"],
    order=["source", "provider_id_type", "provider_id"],
    optional=["clm_provider_name"],
)
def dim_provider(clm_provider: DataFrame, clm_provider_name: DataFrame) -> DataFrame:
    """Providers that occur in claims and fills.

    Args:
        clm_provider: one row per (source, provider_id_type, provider_id).
        clm_provider_name: optional list of names, one row per (provider_id_type, provider_id).
    Returns:
        One row per row of the input, and the unknown provider: key -1, source `unknown`, null in all other columns.
        `provider_name` is null without the list and for numbers that it lacks.
    Source: CMS claims record layouts; names as the list has them.
    """
    names = clm_provider_name.select("provider_id_type", "provider_id", "provider_name")
    named = clm_provider.join(names, on=["provider_id_type", "provider_id"], how="left")
    providers = named.selectExpr(
        f"{provider_key('provider_id_type', 'provider_id')} AS provider_key",
        "source",
        "provider_id_type",
        "provider_id",
        "provider_name",
        "state",
        "specialty",
        "first_seen_date",
        "last_seen_date",
        "is_facility",
        "claim_types",
    )
    return with_unknown(providers, key="provider_key", columns={"source": f"'{UNKNOWN_SOURCE}'"})


@table("gold.dim_diagnosis", key=["diagnosis_key"], per=["code_system", "code"], optional=["clm_icd", "clm_ccs"])
def dim_diagnosis(claim_diagnosis: DataFrame, clm_icd: DataFrame, clm_ccs: DataFrame) -> DataFrame:
    """Every diagnosis code that occurs in claims, with its category, chapter and groups.

    Args:
        claim_diagnosis: one row per (source, claim_type, claim_id, dx_type, dx_seq).
        clm_icd: optional texts of codes, one row per (code_kind, code_system, code); kind `dx` is read.
        clm_ccs: optional categories of the Clinical Classifications Software, keyed alike.
    Returns:
        One row per (code_system, code), and the unknown diagnosis: key -1, null in all other columns, which also stands
        for codes whose system is not known (no version, no day, and a shape that says nothing). A code may be in
        several groups; groups are sorted and joined by a blank, null where it is in none. Codes that do not fit the
        shape of their system are in no chapter.
    Source: chapters of ICD-9-CM and ICD-10-CM (`icd_chapters.csv`); chronic groups simplified from the CMS Chronic
        Conditions Warehouse (`chronic_groups.csv`); Charlson by Quan et al. 2005 (`charlson_quan_2005.csv`).
    """
    known = claim_diagnosis.filter(F.col("code_system").isNotNull())
    codes = known.groupBy("code_system", "code").agg(F.max("is_valid_code").alias("is_valid_code"))
    texts = clm_icd.filter("code_kind = 'dx'").select("code_system", "code", "description")
    classes = clm_ccs.filter("code_kind = 'dx'").select("code_system", "code", "ccs_category", "ccs_description")
    described = codes.join(texts, on=["code_system", "code"], how="left")
    placed = described.join(classes, on=["code_system", "code"], how="left").selectExpr(
        "*", f"{dx_category()} AS dx_category"
    )
    diagnoses = placed.selectExpr(
        f"{diagnosis_key('code_system', 'code')} AS diagnosis_key",
        "code_system",
        "code",
        "is_valid_code",
        "description",
        "dx_category",
        f"CASE WHEN is_valid_code THEN {chapter_of()} END AS dx_chapter",
        "ccs_category",
        "ccs_description",
        f"{groups_text(groups_of('chronic_groups'))} AS chronic_group",
        f"{groups_text(groups_of('charlson_quan_2005'))} AS charlson_group",
    )
    return with_unknown(diagnoses, key="diagnosis_key")


@table("gold.dim_date", key=["date_key"])
def dim_date(claims_extent: DataFrame) -> DataFrame:
    """The calendar of the loaded claims and fills.

    Args:
        claims_extent: one row per source; reads the first and last days of claims and fills.
    Returns:
        One row per day, from 1 January of the first year to 31 December of the last one over all sources; none without
        a dated claim or fill. Facts without a date have a null key: there is no unknown day.
    Source: weeks by ISO 8601; federal fiscal year from October to September.
    """
    span = claims_extent.selectExpr(
        "year(least(first_claim_date, first_fill_date)) AS first_year",
        "year(greatest(last_claim_date, last_fill_date)) AS last_year",
    ).agg(F.min("first_year").alias("first_year"), F.max("last_year").alias("last_year"))
    days = span.filter("first_year IS NOT NULL AND last_year IS NOT NULL").selectExpr(
        "explode(sequence(make_date(first_year, 1, 1), make_date(last_year, 12, 31), INTERVAL 1 DAY)) AS calendar_date"
    )
    # The Thursday of a week tells the year that the week belongs to.
    placed = days.selectExpr(
        "calendar_date",
        f"{_ISO_WEEKDAY} AS weekday",
        f"year(date_add(calendar_date, 4 - ({_ISO_WEEKDAY}))) AS iso_year",
    )
    names = " ".join(f"WHEN {number} THEN '{name}'" for number, name in enumerate(WEEKDAYS, start=1))
    fiscal = f"CASE WHEN month(calendar_date) >= {FISCAL_YEAR_MONTH} THEN 1 ELSE 0 END"
    return placed.selectExpr(
        f"{date_key('calendar_date')} AS date_key",
        "calendar_date",
        "year(calendar_date) AS year",
        "concat(year(calendar_date), 'Q', quarter(calendar_date)) AS quarter",
        "month(calendar_date) AS month_no",
        "dayofmonth(calendar_date) AS day_of_month",
        "iso_year",
        "weekofyear(calendar_date) AS iso_week",
        "weekday",
        f"CASE weekday {names} END AS weekday_name",
        "weekday >= 6 AS is_weekend",
        f"year(calendar_date) + {fiscal} AS fiscal_year",
        "trunc(calendar_date, 'month') AS month_start_date",
        "last_day(calendar_date) AS month_end_date",
    )
