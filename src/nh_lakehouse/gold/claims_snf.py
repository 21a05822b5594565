"""Readmissions to hospital of people who left one for a skilled nursing facility: each stay, and the rates."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.bands import ALL
from nh_lakehouse.gold.claims_grouping import (
    PERIOD,
    code_of,
    period_year,
    provider_names,
    with_group_label,
    with_groupings,
    with_periods,
)
from nh_lakehouse.gold.statistics import count_if, ratio

__all__ = ["snf_readmission", "snf_readmission_rate"]


@table(
    "gold.snf_readmission",
    key=["source", "stay_id"],
    per=["source", "bene_id"],
    order=["source", "bene_id"],
    optional=["readmission_index"],
)
def snf_readmission(inpatient_stay: DataFrame, readmission_index: DataFrame) -> DataFrame:
    """Skilled nursing stays that follow a hospital discharge within a day, and whether the person went back.

    Args:
        inpatient_stay: one row per (source, stay_id); stays of setting snf count.
        readmission_index: one row per (source, episode_id).
    Returns:
        One row per (source, stay_id) of a nursing stay that begins on the day of a hospital discharge or the day after.
        It joins the latest such episode (of equal ones the largest `episode_id`); of several nursing stays of an
        episode the earliest counts (then the smallest `stay_id`), the others have no row. The 30 days of `readmitted`
        count from the hospital discharge. `unplanned_readmitted` is null without the optional lists.
    Source: CMS Skilled Nursing Facility 30-Day All-Cause Readmission Measure (SNFRM), without risk adjustment.
    """
    nursing = inpatient_stay.where("setting = 'snf'").selectExpr(
        "source",
        "stay_id",
        "bene_id",
        "provider_id",
        "provider_id_type",
        "provider_state",
        "admit_date",
        "los_days",
        "explode(array(admit_date, date_sub(admit_date, 1))) AS hospital_discharge_date",
    )
    episodes = readmission_index.selectExpr(
        "source",
        "bene_id",
        "discharge_date AS hospital_discharge_date",
        "episode_id",
        "provider_id AS hospital_provider_id",
        "is_index",
        "readmitted",
        "planned",
        "hwr_exclusion IS NOT NULL AS _has_lists",
    )
    pairs = nursing.join(episodes, ["source", "bene_id", "hospital_discharge_date"], "inner").selectExpr(
        "*",
        "concat(CAST(hospital_discharge_date AS string), episode_id) AS _hospital",
        "concat(CAST(admit_date AS string), stay_id) AS _nursing",
    )
    latest = pairs.groupBy("source", "stay_id").agg(F.expr("max(_hospital) AS _hospital"))
    joined = pairs.join(latest, ["source", "stay_id", "_hospital"], "inner")
    earliest = joined.groupBy("source", "episode_id").agg(F.expr("min(_nursing) AS _nursing"))
    return joined.join(earliest, ["source", "episode_id", "_nursing"], "inner").selectExpr(
        "source",
        "stay_id",
        "bene_id",
        "provider_id",
        "provider_id_type",
        "provider_state",
        "admit_date",
        "los_days",
        "episode_id",
        "hospital_provider_id",
        "hospital_discharge_date",
        "year(hospital_discharge_date) AS year",
        "is_index",
        "readmitted",
        "planned",
        "CASE WHEN is_index AND _has_lists THEN readmitted AND NOT coalesce(planned, false) END"
        " AS unplanned_readmitted",
    )


@table(
    "gold.snf_readmission_rate",
    key=["source", "period", "group_by", "group_value"],
    optional=["clm_provider_name"],
)
def snf_readmission_rate(snf_readmission: DataFrame, clm_provider_name: DataFrame) -> DataFrame:
    """Readmission rates of skilled nursing facilities, crude and unplanned, by year, facility and state.

    Args:
        snf_readmission: one row per nursing stay that follows a hospital discharge within a day.
        clm_provider_name: names of providers, optional list.
    Returns:
        One row per (source, period, group_by, group_value) that has such stays; year of the hospital discharge.
        Groupings: all, provider (`CCN:225001`, the nursing facility) and state (of the facility); `unknown` where null.
        A stay counts in the rates where its hospital episode is an index, once. Rates are null without an index; those
        of the unplanned measure also without the optional lists that it needs.
    Source: CMS Skilled Nursing Facility 30-Day All-Cause Readmission Measure (SNFRM), without risk adjustment.
    """
    flags = ["is_index", "readmitted", "unplanned_readmitted"]
    groupings = {
        ALL: F.lit(ALL),
        "provider": code_of("provider_id_type", "provider_id"),
        "state": F.col("provider_state"),
    }
    grouped = with_periods(with_groupings(snf_readmission, groupings, keep=["source", "year", *flags]))
    is_known = F.count("unplanned_readmitted") > 0
    rates = grouped.groupBy(*PERIOD, "group_by", "group_value").agg(
        F.count(F.lit(1)).alias("snf_stays_n"),
        count_if(F.col("is_index")).alias("index_n"),
        count_if(F.col("readmitted")).alias("readmitted_n"),
        F.when(is_known, count_if(F.col("unplanned_readmitted"))).alias("unplanned_n"),
    )
    return with_group_label(rates, provider_names(clm_provider_name)).select(
        *PERIOD,
        period_year(),
        *"group_by group_value group_label snf_stays_n index_n readmitted_n".split(),
        ratio("readmitted_n", "index_n").alias("readmit_rate"),
        "unplanned_n",
        ratio("unplanned_n", "index_n").alias("unplanned_readmit_rate"),
    )
