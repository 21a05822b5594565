"""One page per state: the figures behind the heat map and the way down from a state to its homes.

Everything is computed from homes, for the nation too. What the publisher's file of state averages says of the same
month stands beside the means.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.bands import NATION
from nh_lakehouse.gold.grouping import with_nation
from nh_lakehouse.gold.occupancy import utilization_measures
from nh_lakehouse.gold.penalties import fine_measures
from nh_lakehouse.gold.statistics import count_if, exact_mean, exact_sum, mean_with_count, ratio, weighted_with_count

__all__ = ["PUBLISHED", "nh_state_scorecard"]

HOURS = ("total_hprd", "rn_hprd", "lpn_hprd", "aide_hprd", "weekend_total_hprd")

OTHERS = ("nursing_turnover_pct", "rn_turnover_pct", "rsrr")

VACCINATED = ("vaccinated_residents_pct", "vaccinated_staff_pct")

DOMAINS = ("health", "fire")
"""Kinds of citations; each has its own file."""

PUBLISHED = tuple(
    f"{name}_mean"
    for name in (
        *("residents_per_day", "overall_rating", *HOURS, "nursing_turnover_pct", "rn_turnover_pct"),
        *("fines", "fines_usd", "deficiencies_c1"),
    )
)
"""Means that the publisher's file of state averages has too."""

ASSOCIATION = ("matched_n", "correlation", "ols_slope", "ols_intercept", "r2")
"""Columns carried from `nh_state_staffing_readmission`."""

RISK = ("risk_score", "risk_score_n10", "risk_tier", "risk_rank")
"""Columns carried from `nh_state_risk`."""

KEY = ["state", "snapshot_month"]


@table("gold.nh_state_scorecard", key=KEY, per=["snapshot_month"], optional=["nh_state_month", "nh_citation"])
def nh_state_scorecard(
    nh_facility_metrics: DataFrame,
    nh_state_risk: DataFrame,
    nh_state_staffing_readmission: DataFrame,
    nh_state_month: DataFrame,
    nh_citation: DataFrame,
) -> DataFrame:
    """Size, staffing, turnover, readmission, risk, fines, citations and vaccination of a state or the nation.

    Args:
        nh_facility_metrics: one row per (ccn, snapshot_month); every state with a home gives a row.
        nh_state_risk: score, tier and rank of states; the nation has none.
        nh_state_staffing_readmission: correlation and regression of readmission rates on nurse hours.
        nh_state_month: averages as published; the row of the same month counts.
        nh_citation: citations of the same month's files, all inspection cycles they hold, of the homes above.
    Returns:
        One row per (state, snapshot_month); state `US` holds all homes. `_mean` is the unweighted mean over homes,
        `_wtd` pools: hours weighted by residents, residents / beds; turnover, readmission and vaccination are shares of
        staff, stays and persons whose numbers are not published, so they have means alone. Citations of a kind (health,
        fire) are null where none of that kind and month is loaded, and 0 where the file is loaded and has none of the
        state's homes; without a prefix they are those of both kinds, null where one of them is.
        `_published` is null where the state averages of the month are not loaded; `_diff` is the mean less them.
    Source: CMS Nursing Home Data Dictionary, October 2024, Provider Information, Health and Fire Safety Deficiencies,
        State and US Averages.
    """
    states = _of_homes(_with_citations(nh_facility_metrics, nh_citation))
    states = states.join(nh_state_staffing_readmission.select(*KEY, *ASSOCIATION), KEY, how="left")
    states = states.join(nh_state_risk.select(*KEY, *RISK), KEY, how="left")
    published = nh_state_month.select(*KEY, *[F.col(name).alias(f"{name}_published") for name in PUBLISHED])
    hours = "mean n wtd wtd_n".split()
    return states.join(published, KEY, how="left").select(
        *KEY,
        (F.col("state") == NATION).alias("is_national"),
        *"facility_n beds residents residents_per_day_mean residents_per_day_n".split(),
        *"bed_utilization_mean bed_utilization_n bed_utilization_wtd bed_utilization_wtd_n".split(),
        *"overall_rating_mean overall_rating_n".split(),
        *[f"{name}_{statistic}" for name in HOURS for statistic in hours],
        *[f"{name}_{statistic}" for name in OTHERS for statistic in hours[:2]],
        F.coalesce("matched_n", F.lit(0)).cast("bigint").alias("matched_n"),
        *ASSOCIATION[1:],
        *RISK,
        *"fines_n fines_mean fines_mean_n fines_usd fines_usd_mean fines_usd_n".split(),
        *"deficiencies_c1_mean deficiencies_c1_mean_n".split(),
        *_citations(*[_sum_of_domains(name) for name in ("citations_n", "immediate_jeopardy_n")]),
        *[column for domain in DOMAINS for column in _citations_of(domain)],
        *[f"{name}_{statistic}" for name in VACCINATED for statistic in hours[:2]],
        *[column for name in PUBLISHED for column in _beside_published(name)],
    )


def _of_homes(homes: DataFrame) -> DataFrame:
    counts = [name for domain in DOMAINS for name in (f"{domain}_citations_n", f"{domain}_immediate_jeopardy_n")]
    averaged = ("overall_rating", *OTHERS, *VACCINATED)
    carried = "certified_beds residents_per_day bed_utilization fines_n fines_usd deficiencies_c1_n".split()
    read = homes.select(*KEY, *carried, *averaged, *HOURS, *counts)
    return (
        with_nation(read)
        .groupBy(*KEY)
        .agg(
            F.count(F.lit(1)).alias("facility_n"),
            F.sum("certified_beds").alias("beds"),
            exact_sum("residents_per_day").alias("residents"),
            *mean_with_count("residents_per_day"),
            *utilization_measures(),
            *[column for name in averaged for column in mean_with_count(name)],
            *[column for name in HOURS for column in mean_with_count(name)],
            *[column for name in HOURS for column in weighted_with_count(name, "residents_per_day")],
            *fine_measures(),
            exact_mean("deficiencies_c1_n").alias("deficiencies_c1_mean"),
            F.count("deficiencies_c1_n").alias("deficiencies_c1_mean_n"),
            *[F.sum(name).alias(name) for name in counts],
        )
    )


def _with_citations(homes: DataFrame, nh_citation: DataFrame) -> DataFrame:
    """Add each home's citations by kind: 0 where the month's file is loaded without the home, null where it is not."""
    found = {}
    for domain in DOMAINS:
        is_domain = F.col("domain") == domain
        found[f"{domain}_citations_n"] = count_if(is_domain)
        found[f"{domain}_immediate_jeopardy_n"] = count_if(is_domain & F.col("immediate_jeopardy"))
    loaded = nh_citation.groupBy("snapshot_month").agg(
        *[(count_if(F.col("domain") == domain) > 0).alias(f"_{domain}") for domain in DOMAINS]
    )
    by_home = nh_citation.groupBy("ccn", "snapshot_month").agg(*[n.alias(f"_{name}") for name, n in found.items()])
    joined = homes.join(by_home, ["ccn", "snapshot_month"], how="left").join(loaded, "snapshot_month", how="left")
    return joined.select(
        *homes.columns,
        *[
            F.when(F.col(f"_{name.split('_')[0]}"), F.coalesce(F.col(f"_{name}"), F.lit(0))).alias(name)
            for name in found
        ],
    )


def _citations_of(domain: str) -> list[Column]:
    return _citations(F.col(f"{domain}_citations_n"), F.col(f"{domain}_immediate_jeopardy_n"), prefix=f"{domain}_")


def _sum_of_domains(name: str) -> Column:
    """Null unless every kind is known."""
    return sum((F.col(f"{domain}_{name}") for domain in DOMAINS[1:]), F.col(f"{DOMAINS[0]}_{name}"))


def _citations(citations_n: Column, immediate_jeopardy_n: Column, *, prefix: str = "") -> list[Column]:
    return [
        citations_n.alias(f"{prefix}citations_n"),
        ratio(citations_n, "facility_n").alias(f"{prefix}citations_per_home"),
        immediate_jeopardy_n.alias(f"{prefix}immediate_jeopardy_n"),
    ]


def _beside_published(name: str) -> list[Column]:
    published = F.col(f"{name}_published")
    return [published, (F.col(name) - published).alias(f"{name}_diff")]
