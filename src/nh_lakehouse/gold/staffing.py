"""Nurse staffing of states and the nation by kind of home.

`nh_staffing_by_state_type` answers how hospital-based homes differ from freestanding ones, for-profit from non-profit,
chains from independent homes. The bands of a single home (`staffing_band`, `below_4_1`, ...) stand in
`nh_facility_metrics`; daily hours from payroll in `pbj_day`.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.bands import NATION, StaffingBands, label_of, staffing_band_of
from nh_lakehouse.gold.grouping import with_nation
from nh_lakehouse.gold.statistics import SUM_TYPE, exact_sum, percent_difference, ratio

__all__ = ["CLASSES", "COMPARISONS", "StaffingBands", "nh_staffing_by_state_type", "staffing_band_of"]

CLASSES = ("hospital_based", "provider_type", "ownership_class", "is_chain")
"""Columns that say what kind of home it is."""

COMPARISONS: dict[str, tuple[str, str, str]] = {
    "hospital_vs_freestanding_pct": ("hospital_based", "true", "false"),
    "forprofit_vs_nonprofit_pct": ("ownership_class", "For profit", "Non profit"),
    "chain_vs_independent_pct": ("is_chain", "true", "false"),
}
"""Comparison -> class column and its two sides a, b in 100 x (a / b - 1)."""

MEANS = ("total_hprd", "rn_hprd", "nursing_turnover_pct", "overall_rating", "rsrr")

Side = tuple[str, str]


@table("gold.nh_staffing_by_state_type", key=["state", "snapshot_month", *CLASSES], per=["snapshot_month"])
def nh_staffing_by_state_type(nh_facility_metrics: DataFrame) -> DataFrame:
    """Staffing of a state or the nation by hospital base, provider type, owner class and chain membership.

    Args:
        nh_facility_metrics: one row per (ccn, snapshot_month).
    Returns:
        One row per (state, snapshot_month, hospital_based, provider_type, ownership_class, is_chain) for every
        combination of the four with `all` in any of them; state `US` holds all homes; `unknown` where the home's value
        is missing; booleans are the texts `true` and `false`. The comparisons are made inside the row's homes, on the
        mean (`_pct_mean`) and on the pooled hours (`_pct_wtd`): a row that is confined to one side of a comparison has
        null there.
    Source: question 3 and table 10 (section 9.3) of the nursing-home pipeline document; hospital-based is "Provider
        Resides in Hospital" of the CMS Nursing Home Data Dictionary, not the provider type.
    """
    labels = [label_of(F.col(name)).alias(name) for name in CLASSES]
    kinds = nh_facility_metrics.select("state", "snapshot_month", *labels, "residents_per_day", *MEANS)
    kinds = kinds.groupBy("state", "snapshot_month", *CLASSES).agg(*_sums())
    sides = [F.col(name).alias(f"_{name}") for name in CLASSES]  # outlive the label `all`
    groups = with_nation(kinds.select("*", *sides), classes=CLASSES)
    return groups.groupBy("state", "snapshot_month", *CLASSES).agg(
        (F.col("state") == NATION).alias("is_national"), *_measures(), *_comparisons()
    )


def _sums() -> list[Column]:
    """Sums and counts of the smallest groups: decimals, so that adding them up again stays exact."""
    hours, residents = F.col("total_hprd"), F.col("residents_per_day")
    both = hours.isNotNull() & residents.isNotNull()
    return [
        F.count(F.lit(1)).alias("facility_n"),
        *[F.sum(F.col(name).cast(SUM_TYPE)).alias(f"{name}_sum") for name in MEANS],
        *[F.count(name).alias(f"{name}_n") for name in MEANS],
        F.sum((hours * residents).cast(SUM_TYPE)).alias("hours_sum"),
        F.sum(F.when(both, residents.cast(SUM_TYPE))).alias("residents_sum"),
        F.count(F.when(both, F.lit(1))).alias("total_hprd_wtd_n"),
    ]


def _measures() -> list[Column]:
    first = [F.sum("facility_n").alias("facility_n"), _mean("total_hprd"), _n("total_hprd")]
    pooled = [_pooled().alias("total_hprd_wtd"), F.sum("total_hprd_wtd_n").alias("total_hprd_wtd_n")]
    return [*first, *pooled, *[column for name in MEANS[1:] for column in (_mean(name), _n(name))]]


def _mean(name: str) -> Column:
    return ratio(exact_sum(f"{name}_sum"), F.sum(f"{name}_n")).alias(f"{name}_mean")


def _n(name: str) -> Column:
    return F.sum(f"{name}_n").alias(f"{name}_n")


def _pooled() -> Column:
    return ratio(exact_sum("hours_sum"), exact_sum("residents_sum"))


def _comparisons() -> list[Column]:
    columns = []
    for name, (column, a, b) in COMPARISONS.items():
        for suffix, above, below in (("mean", "total_hprd_sum", "total_hprd_n"), ("wtd", "hours_sum", "residents_sum")):
            sides = [_side((column, side), above, below) for side in (a, b)]
            columns.append(percent_difference(*sides).alias(f"{name}_{suffix}"))
    return columns


def _side(side: Side, above: str, below: str) -> Column:
    is_side = F.col(f"_{side[0]}") == side[1]
    return ratio(exact_sum(F.when(is_side, F.col(above))), exact_sum(F.when(is_side, F.col(below))))
