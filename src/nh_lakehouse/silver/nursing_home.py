"""Silver tables of the nursing-home domain: what the publisher's files say, typed, under one name each.

Every function takes the accepted, typed rows of one data set and returns one row per row. The columns of a table and
their meaning stand in `contracts/nursing_home/tables/silver.yaml`, those of a file in `.../data_sets/`; here stands
only what a file does not say itself: owner class and chain membership, sums of payroll hours, numbers inside ranges
that are published as text. Nothing is imputed, capped or dropped.

| table              | data set             | grain                       | history                    |
|--------------------|----------------------|-----------------------------|----------------------------|
| nh_facility        | nh_provider_info     | home                        | versions of tracked columns |
| nh_facility_month  | nh_provider_info     | home, month                 | every snapshot             |
| nh_state_month     | nh_state_us_averages | state or nation, month      | every snapshot             |
| nh_penalty         | nh_penalties         | penalty, month              | every snapshot             |
| nh_vbp             | nh_vbp_facility      | facility, fiscal year       | every year                 |
| nh_vbp_national    | nh_vbp_aggregate     | fiscal year                 | every year                 |
| nh_chain           | nh_chain_performance | chain or nation, month      | every snapshot             |
| pbj_daily          | pbj_nurse_daily      | home, day                   | every quarter              |

Audit columns (their names begin with `_`) pass through behind the declared ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import silver_table
from nh_lakehouse.silver.published import NUMBER, number_in, published

__all__ = [
    "nh_chain",
    "nh_facility",
    "nh_facility_month",
    "nh_penalty",
    "nh_state_month",
    "nh_vbp",
    "nh_vbp_national",
    "pbj_daily",
]

OWNERSHIP_CLASSES = ("For profit", "Non profit", "Government")
"""First words of every owner type of the publisher (`Government - County`)."""

JOB_GROUPS: Mapping[str, tuple[str, ...]] = {
    "rn": ("rndon", "rnadmin", "rn_direct"),
    "lpn": ("lpnadmin", "lpn_direct"),
    "aide": ("cna", "natrn", "medaide"),
}
"""Payroll jobs of a staffing group, as the publisher groups them (Five-Star Technical Users' Guide)."""

LARGEST_HOURS = "9e11D"
"""Hours of a job from here on are no measure and make a sum unknown; beyond, millionths leave a bigint."""

SATURDAY, SUNDAY = 7, 1
"""Numbers of the weekend days in `dayofweek`."""

RANGE = rf"^\s*[$]?\s*({NUMBER})\s*-\s*[$]?\s*({NUMBER})\s*\z"
AMOUNT = rf"^\s*[$]?\s*({NUMBER})\s*\z"
"""Shapes of the ranges and amounts in the yearly program file (`0.98-1.02`, `$1,234.50`)."""


@silver_table(
    "silver.nh_facility",
    of="nh_provider_info",
    key=["ccn"],
    history="scd2",
    group="state",
    untracked=["lat", "lon", "phone"],
)
def nh_facility(nh_provider_info: DataFrame) -> DataFrame:
    """What a home is, per home and version: name, place, owner class, size, chain.

    Args:
        nh_provider_info: one row per home and version (ccn, valid_from), or per home and snapshot, where the history
            columns are absent and stay absent.
    Returns:
        One row per row. `ownership_class` is null where the owner type is null or begins otherwise; `is_chain` is true
        with a chain identifier, else false. Being derived after versions are made,
        they make none: a file without chain columns (before June 2023) leaves chain and `is_chain` as they were.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS Nursing Home Data Dictionary, October 2024, Provider Information.
    """
    computed = {
        "ownership_class": _ownership_class(),
        "is_chain": F.col("chain_id").isNotNull(),
    }
    return published(nh_provider_info, "silver.nh_facility", computed)


@silver_table("silver.nh_facility_month", of="nh_provider_info", key=["ccn", "snapshot_month"], history="snapshot")
def nh_facility_month(nh_provider_info: DataFrame) -> DataFrame:
    """What is reported of a home in a month: residents, ratings, hours, turnover, inspections and penalties.

    Args:
        nh_provider_info: one row per (ccn, snapshot_month).
    Returns:
        One row per row, all values as published; a missing value is null beside its footnote codes.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS Nursing Home Data Dictionary, October 2024, Provider Information.
    """
    return published(nh_provider_info, "silver.nh_facility_month")


@silver_table("silver.nh_state_month", of="nh_state_us_averages", key=["state", "snapshot_month"], history="snapshot")
def nh_state_month(nh_state_us_averages: DataFrame) -> DataFrame:
    """Published averages of a state, or of the nation (`US`, `is_national`), per month.

    Args:
        nh_state_us_averages: one row per (state, snapshot_month).
    Returns:
        One row per row, all values as published; measures that an edition lacks are null.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS Nursing Home Data Dictionary, October 2024, State and US Averages.
    """
    return published(nh_state_us_averages, "silver.nh_state_month")


@silver_table(
    "silver.nh_penalty",
    of="nh_penalties",
    key=[
        "ccn",
        "snapshot_month",
        "penalty_date",
        "penalty_type",
        "fine_usd",
        "denial_start",
        "denial_days",
        "occurrence_no",
    ],
    history="snapshot",
)
def nh_penalty(nh_penalties: DataFrame) -> DataFrame:
    """Fines and payment denials of a snapshot's three rolling years.

    Args:
        nh_penalties: one row per penalty and snapshot_month, numbered by `occurrence_no` where all else agrees.
    Returns:
        One row per row: `fine_usd` is null for denials, `denial_start` and `denial_days` are null for fines.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS Nursing Home Data Dictionary, October 2024, Penalties.
    """
    return published(nh_penalties, "silver.nh_penalty")


@silver_table("silver.nh_vbp", of="nh_vbp_facility", key=["fiscal_year", "ccn"], history="snapshot")
def nh_vbp(nh_vbp_facility: DataFrame) -> DataFrame:
    """Readmission rates, scores, rank and payment multiplier of a facility in a fiscal year.

    Args:
        nh_vbp_facility: one row per (fiscal_year, ccn).
    Returns:
        One row per row; rates are fractions, scores points, all as published. A facility without enough stays has a
        null beside a footnote, which is a sentence here.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS Nursing Home Data Dictionary, October 2024, SNF VBP Facility-Level Dataset.
    """
    return published(nh_vbp_facility, "silver.nh_vbp")


@silver_table("silver.nh_vbp_national", of="nh_vbp_aggregate", key=["fiscal_year"], history="snapshot")
def nh_vbp_national(nh_vbp_aggregate: DataFrame) -> DataFrame:
    """National rates, threshold, benchmark, and the ranges of scores, multipliers and payments of a fiscal year.

    Args:
        nh_vbp_aggregate: one row per fiscal_year; reads the ranges as text.
    Returns:
        One row per row; a range or amount that is a sentence (the year is not final) is null.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS Nursing Home Data Dictionary, October 2024, SNF VBP Aggregate Performance Dataset.
    """
    usd = "decimal(18,2)"
    computed = {
        "performance_score_min": number_in("performance_score_range", RANGE, 1, "double"),
        "performance_score_max": number_in("performance_score_range", RANGE, 2, "double"),
        "multiplier_min": number_in("multiplier_range", RANGE, 1, "double"),
        "multiplier_max": number_in("multiplier_range", RANGE, 2, "double"),
        "incentive_usd_min": number_in("incentive_usd_range", RANGE, 1, usd),
        "incentive_usd_max": number_in("incentive_usd_range", RANGE, 2, usd),
        "incentive_usd": number_in("incentive_usd_total", AMOUNT, 1, usd),
    }
    return published(nh_vbp_aggregate, "silver.nh_vbp_national", computed)


@silver_table("silver.nh_chain", of="nh_chain_performance", key=["chain_id", "snapshot_month"], history="snapshot")
def nh_chain(nh_chain_performance: DataFrame) -> DataFrame:
    """Published measures of a chain, or of the nation (`US`, `is_national`), per month.

    Args:
        nh_chain_performance: one row per (chain_id, snapshot_month).
    Returns:
        One row per row, all values as published.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS, Nursing Home Chain Performance Measures.
    """
    return published(nh_chain_performance, "silver.nh_chain")


@silver_table("silver.pbj_daily", of="pbj_nurse_daily", key=["ccn", "work_date", "quarter"], history="snapshot")
def pbj_daily(pbj_nurse_daily: DataFrame) -> DataFrame:
    """Nurse hours of a home on a day, by job and by group, employees and contract staff apart.

    Args:
        pbj_nurse_daily: one row per (ccn, work_date); hours by job, `census` whole.
    Returns:
        One row per row. `hrs_rn` = director of nursing + RN with administrative duties + RN, `hrs_lpn` = LPN with
        administrative duties + LPN, `hrs_aide` = certified aide + aide in training + medication aide, `hrs_total` =
        all of them, each also `_emp` and `_ctr`, in hours; null where a job of the sum is null. `is_weekend` is
        Saturday or Sunday. Days with a census of zero stay, marked `census_zero` (null without a census).
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS Payroll-Based Journal Public Use Files, Technical Specifications, April 2019, Table 1 and section 3b.
    """
    computed = {
        "census_zero": F.col("census") == 0,
        "is_weekend": F.dayofweek("work_date").isin(SATURDAY, SUNDAY),
    }
    every_job = [job for jobs in JOB_GROUPS.values() for job in jobs]
    for group, jobs in {**JOB_GROUPS, "total": tuple(every_job)}.items():
        for part in ("", "_emp", "_ctr"):
            computed[f"hrs_{group}{part}"] = _hours_sum(f"hrs_{job}{part}" for job in jobs)
    return published(pbj_nurse_daily, "silver.pbj_daily", computed)


def _ownership_class() -> Column:
    owner = F.col("ownership_type")
    return F.coalesce(*[F.when(owner.startswith(words), F.lit(words)) for words in OWNERSHIP_CLASSES])


def _hours_sum(names: Iterable[str]) -> Column:
    """Hours added up as whole millionths: 0.1 + 0.2 is 0.3, in whatever order, without the cost of decimals."""
    parts = [f"CASE WHEN abs({name}) < {LARGEST_HOURS} THEN floor({name} * 1e6D + 0.5D) END" for name in names]
    return F.expr(f"CAST({' + '.join(parts)} AS double) / 1e6D")
