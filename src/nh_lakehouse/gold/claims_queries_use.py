"""Use of services: visits and stays per 1,000 people, readmission, length of stay."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.bands import ALL
from nh_lakehouse.gold.claims_grouping import (
    PERIOD,
    code_of,
    labels_from,
    people_of,
    period_year,
    provider_names,
    sums_of,
    with_all,
    with_group_label,
    with_groupings,
    with_periods,
)
from nh_lakehouse.gold.claims_services import DRUG_SERVICE, SERVICES
from nh_lakehouse.gold.grouping import unpivot
from nh_lakehouse.gold.statistics import USD_TYPE, count_if, exact_sum_usd, median_of, ratio

__all__ = ["q12_utilization", "q13_readmission", "q14_alos"]

PER_1000_YEARS = 12_000
"""Events per month x 12,000 = events per 1,000 person-years."""

SETTINGS = ("inpatient", "snf")
"""Claim types that stays are built from."""

_PLACE = ["source", "provider_id_type", "provider_id", "provider_state", "drg"]
#: What rows of stays hold and rows of claims do not; typed, as Sail refuses to add the nulls that a union fills in.
_OF_STAYS = {
    "_stay": "int",
    "_is_same_day": "boolean",
    "los_days": "int",
    "covered_days": "int",
    "payment_usd": USD_TYPE,
}


@table(
    "gold.q12_utilization",
    key=["source", "year", "state", "service"],
    per=["source", "year"],
    optional=["patient_service"],
)
def q12_utilization(patient_summary: DataFrame, patient_service: DataFrame) -> DataFrame:
    """Events of services per 1,000 person-years, by state.

    Args:
        patient_summary: one row per (source, bene_id, year); state and months of coverage.
        patient_service: one row per (source, bene_id, year, service); events, and those in covered months.
    Returns:
        One row per (source, year, state, service) of states that have people, and `all`; state `unknown` where it is
        null. A service without events has a row with 0. `per_1000` = 12,000 x `rate_events_n` / `rate_months`, both of
        fee-for-service months, for fills of part D months; null where there are none. Events in other months, of whose
        claims Medicare sees a part alone, are in `events_n` and not in the rate. Events of home health and hospice are
        claims.
    Source: utilization per 1,000 member-years as insurers report it; months as in `patient_summary`.
    """
    by = ["source", "year", "state"]
    months = ["ffs_months", "part_d_months"]
    people = people_of(patient_summary).select("source", "bene_id", "year", "state", *months)
    states = with_all(people, "state").groupBy(*by).agg(F.count(F.lit(1)).alias("people_n"), *sums_of(months))
    drug_months = {DRUG_SERVICE: F.col("part_d_months")}
    rows = unpivot(
        states,
        keep=[*by, "people_n"],
        number="_place",
        rows={
            "service": [F.lit(service) for service in SERVICES],
            "rate_months": [drug_months.get(service, F.col("ffs_months")) for service in SERVICES],
        },
    )
    used = patient_service.join(people.select("source", "bene_id", "year", "state"), ["source", "bene_id", "year"])
    counts = {"events_n": "events_n", "rate_events_n": "covered_events_n"}
    counted = with_all(used.select(*by, "service", *counts.values()), "state").groupBy(*by, "service")
    sums = counted.agg(F.count(F.lit(1)).alias("users_n"), *[F.sum(of).alias(name) for name, of in counts.items()])
    zero = F.lit(0).cast("bigint")
    known = {name: F.coalesce(name, zero) for name in ("users_n", *counts)}
    with_counts = rows.join(sums, [*by, "service"], how="left").withColumns(known)
    return with_counts.select(
        *by,
        *"service events_n users_n people_n rate_events_n rate_months".split(),
        ratio(PER_1000_YEARS * F.col("rate_events_n"), "rate_months").alias("per_1000"),
    )


@table(
    "gold.q13_readmission",
    key=["source", "period", "group_by", "group_value"],
    optional=["clm_provider_name", "clm_icd"],
)
def q13_readmission(readmission_index: DataFrame, clm_provider_name: DataFrame, clm_icd: DataFrame) -> DataFrame:
    """Crude and unplanned readmission rates by year, hospital, principal diagnosis and state of the hospital.

    Args:
        readmission_index: one row per hospital episode.
        clm_provider_name: names of providers, optional list.
        clm_icd: texts of ICD codes, optional list.
    Returns:
        One row per (source, period, group_by, group_value) that has episodes; year of discharge. Groupings: all,
        provider (`CCN:220008`), primary_dx (`ICD9:4280`), dx_category (`ICD9:428`) and state; `unknown` where null.
        `group_label`, from the lists, of providers and primary_dx alone. Each index counts once. Rates are null
        without an index; those of the unplanned measure also without the optional lists that it needs.
    Source: CMS hospital-wide all-cause unplanned readmission measure, without risk adjustment: no RSRR.
    """
    flags = "alive_at_discharge readmit_observable is_index readmitted hwr_index unplanned_readmitted".split()
    groupings = {
        ALL: F.lit(ALL),
        "provider": code_of("provider_id_type", "provider_id"),
        "primary_dx": code_of("dx_code_system", "primary_dx"),
        "dx_category": code_of("dx_code_system", "dx_category"),
        "state": F.col("provider_state"),
    }
    grouped = with_groupings(readmission_index, groupings, keep=["source", "year", *flags])
    is_cut_off = F.col("alive_at_discharge") & ~F.col("readmit_observable")
    # Without the optional lists the flags of the unplanned measure are null on all rows: then so are their counts.
    is_known = F.count("hwr_index") > 0
    rates = with_periods(grouped).groupBy(*PERIOD, "group_by", "group_value").agg(
        F.count(F.lit(1)).alias("episodes_n"),
        count_if(is_cut_off).alias("not_observable_n"),
        count_if(F.col("is_index")).alias("index_n"),
        count_if(F.col("readmitted")).alias("readmitted_n"),
        F.when(is_known, count_if(F.col("hwr_index"))).alias("hwr_index_n"),
        F.when(is_known, count_if(F.col("unplanned_readmitted"))).alias("unplanned_n"),
    )  # fmt: skip
    diagnoses = clm_icd.filter(F.col("code_kind") == "dx")
    texts = labels_from(diagnoses, "primary_dx", value=code_of("code_system", "code"), label="description")
    return with_group_label(rates, provider_names(clm_provider_name), texts).select(
        *PERIOD,
        period_year(),
        *"group_by group_value group_label episodes_n not_observable_n index_n readmitted_n".split(),
        ratio("readmitted_n", "index_n").alias("readmit_rate"),
        "hwr_index_n",
        "unplanned_n",
        ratio("unplanned_n", "hwr_index_n").alias("unplanned_readmit_rate"),
    )


@table(
    "gold.q14_alos",
    key=["source", "period", "setting", "group_by", "group_value"],
    optional=["claim", "clm_drg", "clm_provider_name"],
)
def q14_alos(
    inpatient_stay: DataFrame, claim: DataFrame, clm_drg: DataFrame, clm_provider_name: DataFrame
) -> DataFrame:
    """Average length of stay by year, DRG, provider and state, beside it the one over single claims.

    Args:
        inpatient_stay: one row per stay; `los_days` = greatest(1, discharge - admission), so a same-day stay counts 1.
        claim: one row per claim; those of hospitals and skilled nursing facilities with both days count, if they are in
            order.
        clm_drg: names of diagnosis-related groups, optional list.
        clm_provider_name: names of providers, optional list.
    Returns:
        One row per (source, period, setting, group_by, group_value) that has stays or claims; year of discharge.
        Groupings: all, drg, provider (`CCN:220008`) and state; `unknown` where null. Days are summed over stays, and
        apart from that over claims (interim bills one by one): null where there are none. Covered days are those of
        the stays that state them; they are no length of stay.
    Source: CMS, average length of stay; RIF claims document (by year, DRG, provider and state).
    """
    stays = inpatient_stay.select(
        *_PLACE,
        *"setting year los_days covered_days payment_usd".split(),
        F.lit(1).alias("_stay"),
        (F.col("admit_date") == F.col("discharge_date")).alias("_is_same_day"),
        F.lit(None).cast("int").alias("_claim_days"),
    )
    has_days = F.col("discharge_date") >= F.col("admit_date")
    claims = claim.filter(F.col("claim_type").isin(*SETTINGS) & has_days).select(
        *_PLACE,
        F.col("claim_type").alias("setting"),
        F.year("discharge_date").alias("year"),
        *[F.lit(None).cast(kind).alias(name) for name, kind in _OF_STAYS.items()],
        F.greatest(F.lit(1), F.datediff("discharge_date", "admit_date")).alias("_claim_days"),
    )
    groupings = {
        ALL: F.lit(ALL),
        "drg": F.col("drg"),
        "provider": code_of("provider_id_type", "provider_id"),
        "state": F.col("provider_state"),
    }
    # Rows of claims under rows of stays, each with null in the other's columns: places with one of both stay.
    together = stays.unionByName(claims)
    grouped = with_groupings(together, groupings, keep=["source", "setting", "year", *_OF_STAYS, "_claim_days"])
    days = with_periods(grouped).groupBy(*PERIOD, "setting", "group_by", "group_value").agg(
        F.count("_stay").alias("stays_n"),
        F.sum("los_days").alias("los_days_sum"),
        median_of("los_days").alias("los_days_median"),
        F.count("_claim_days").alias("stay_claims_n"),
        F.sum("_claim_days").alias("claim_los_days_sum"),
        F.sum("covered_days").alias("covered_days_sum"),
        F.count("covered_days").alias("covered_days_n"),
        count_if(F.col("_is_same_day")).alias("same_day_n"),
        exact_sum_usd("payment_usd").alias("payment_usd"),
    )  # fmt: skip
    titles = labels_from(clm_drg, "drg", value=F.col("drg"), label="drg_title")
    return with_group_label(days, titles, provider_names(clm_provider_name)).select(
        *PERIOD,
        period_year(),
        *"setting group_by group_value group_label stays_n los_days_sum".split(),
        ratio("los_days_sum", "stays_n").alias("alos_days"),
        *"los_days_median stay_claims_n claim_los_days_sum".split(),
        ratio("claim_los_days_sum", "stay_claims_n").alias("claim_alos_days"),
        *"covered_days_sum covered_days_n".split(),
        ratio("covered_days_sum", "covered_days_n").alias("covered_days_mean"),
        *"same_day_n payment_usd".split(),
    )
