"""The central table of the nursing-home domain: every measure of a home in a month, one row each.

All other tables of homes, states and the nation are computed from it. Three inputs arrive at another rhythm than the
monthly provider file. Of each the latest loaded edition in force is taken, one edition for all homes, so that homes are
compared within one period: a home that is absent from that edition has nulls, not the figures of an older one. A new
edition thus changes the rows of homes that it does not hold, and the table is not declared to depend on the home alone.

Sources: CMS, Nursing Home Data Dictionary, October 2024 (Provider Information, SNF VBP, Medicare claims measures, SNF
QRP, COVID-19 vaccination); CMS study "Appropriateness of Minimum Nurse Staffing Ratios", phase II, 2001 (4.1 hours);
89 FR 40876 (3.48, 0.55 and 2.45 hours).
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import Reach, table
from nh_lakehouse.gold.bands import (
    OccupancyBands,
    RiskCutoffs,
    StaffingBands,
    TurnoverBands,
    complexity_band_of,
    occupancy_band_of,
    staffing_band_of,
    turnover_band_of,
)
from nh_lakehouse.gold.statistics import ratio

__all__ = ["MEASURES", "nh_facility_metrics", "with_latest_edition"]

MEASURES: dict[str, tuple[str, str]] = {
    "short_stay_rehosp_pct": ("claims", "521"),
    "short_stay_ed_pct": ("claims", "522"),
    "long_stay_hosp_per_1000": ("claims", "551"),
    "long_stay_ed_per_1000": ("claims", "552"),
    "ppr_rsrr_pct": ("qrp", "S_004_%_PPR_PD_RSRR"),
    "dtc_pct": ("qrp", "S_005_%_DTC_RS_RATE"),
    "mspb_snf": ("qrp", "S_006_%_MSPB_SCORE"),
    "hai_pct": ("qrp", "S_039_%_HAI_RS_RATE"),
}
"""Column -> source and measure code; `%` stands for the version, of which the latest counts."""

_SOURCES = tuple(sorted({source for source, _ in MEASURES.values()}))

#: Rows of homes, not of states and the nation.
_OF_HOMES = "ccn IS NOT NULL"

OF_MONTH = (
    "ccn snapshot_month name state certified_beds residents_per_day overall_rating health_rating qm_rating "
    "staffing_rating total_hprd rn_hprd lpn_hprd aide_hprd licensed_hprd pt_hprd weekend_total_hprd weekend_rn_hprd "
    "adjusted_total_hprd case_mix_total_hprd case_mix_index nursing_turnover_pct rn_turnover_pct "
    "administrators_left_n fines_n fines_usd denials_n penalties_n deficiencies_c1_n weighted_score"
).split()
"""Columns carried from `nh_facility_month` as they are."""

OF_HOME = (
    "city county zip5 lat lon ownership_type ownership_class provider_type hospital_based chain_id chain_name is_chain"
).split()
"""Columns carried from the version of `nh_facility` that was in force."""


@table(
    "gold.nh_facility_metrics",
    key=["ccn", "snapshot_month"],
    per=["snapshot_month"],
    reach={
        "nh_facility": Reach("valid_from", ("ccn", *OF_HOME)),
        "nh_vbp": Reach("fiscal_year", ("ccn", "performance_rsrr", "baseline_rsrr", "performance_score", "multiplier")),
        "nh_measure_long": Reach(
            "snapshot_month", ("ccn", "source", "measure_code", "period_end", "score"), f"source IN {_SOURCES}"
        ),
        "nh_vaccination": Reach("snapshot_month", ("ccn", "as_of_date", "residents_pct", "staff_pct"), _OF_HOMES),
    },
    optional=["nh_vbp", "nh_measure_long", "nh_vaccination"],
)
def nh_facility_metrics(
    nh_facility: DataFrame,
    nh_facility_month: DataFrame,
    nh_vbp: DataFrame,
    nh_measure_long: DataFrame,
    nh_vaccination: DataFrame,
    *,
    staffing: StaffingBands = StaffingBands(),
    occupancy: OccupancyBands = OccupancyBands(),
    turnover: TurnoverBands = TurnoverBands(),
    risk: RiskCutoffs = RiskCutoffs(),
) -> DataFrame:
    """Staffing, occupancy, turnover, readmission, quality and penalties of a home in a month.

    Args:
        nh_facility: versions of homes; the one in force on the first of the month counts.
        nh_facility_month: one row per (ccn, snapshot_month), as published; every row of it gives one row.
        nh_vbp: one row per (fiscal_year, ccn); of the latest fiscal year not after the month's calendar year.
        nh_measure_long: quality measures; of the latest release of each source not after the month.
        nh_vaccination: vaccination shares; of the latest release not after the month.
    Returns:
        One row per (ccn, snapshot_month). A measure is null where one of its inputs is missing or its denominator is
        0; comparisons are null where their side is; bands say `unknown` instead.
    Source: see the module; readmission rates and multipliers: CMS SNF Value-Based Purchasing Program.
    """
    homes = _with_version_in_force(nh_facility_month.select(*OF_MONTH, _all_deficiencies()), nh_facility)
    homes = _with_readmission(homes, nh_vbp)
    homes = _with_measures(homes, nh_measure_long)
    homes = _with_vaccination(homes, nh_vaccination)
    return homes.select(
        *_descriptions(),
        *_occupancy(occupancy),
        *_staffing(staffing),
        *_turnover(turnover),
        *_readmission(),
        *MEASURES,
        *_penalties_and_quality(),
        *_weekend(),
        ((F.col("nursing_turnover_pct") > turnover.severe) & (F.col("total_hprd") < staffing.low_hprd)).alias(
            "overtime_risk"
        ),
        complexity_band_of(F.col("rsrr"), risk).alias("complexity_band"),
    )


def _with_version_in_force(months: DataFrame, nh_facility: DataFrame) -> DataFrame:
    versions = nh_facility.select(F.col("ccn").alias("_ccn"), "valid_from", "valid_to", *OF_HOME)
    in_force = (
        (F.col("ccn") == F.col("_ccn"))
        & (F.col("valid_from") <= F.col("snapshot_month"))
        & (F.col("valid_to").isNull() | (F.col("snapshot_month") < F.col("valid_to")))
    )
    return months.join(versions, in_force, how="left").drop("_ccn", "valid_from", "valid_to")


def with_latest_edition(df: DataFrame, editions: DataFrame, edition: str, *, until: Column) -> DataFrame:
    """Add a column: the latest edition that is loaded and not after `until`, an expression over `df`.

    Args:
        df: any rows, usually one per home and month.
        editions: the table that arrives in editions, many rows each.
        edition: its column that tells them apart (`fiscal_year`, a month); the name of the new column.
        until: last edition that may be taken.
    Returns:
        The rows of `df` with the column `edition`, null where no edition is early enough or none is loaded.
    """
    loaded = editions.agg(F.collect_set(edition).alias("_loaded"))  # one row, even of no edition
    latest = F.array_max(F.filter("_loaded", lambda each: each <= until))
    return df.crossJoin(loaded).withColumn(edition, latest).drop("_loaded")


def _with_readmission(homes: DataFrame, nh_vbp: DataFrame) -> DataFrame:
    purchasing = nh_vbp.select(
        "ccn",
        "fiscal_year",
        F.col("performance_rsrr").alias("rsrr"),
        F.col("baseline_rsrr").alias("rsrr_baseline"),
        "performance_score",
        "multiplier",
    )
    homes = with_latest_edition(homes, nh_vbp, "fiscal_year", until=F.year("snapshot_month"))
    return homes.join(purchasing, ["ccn", "fiscal_year"], how="left")


def _with_measures(homes: DataFrame, nh_measure_long: DataFrame) -> DataFrame:
    for source in _SOURCES:
        names = {name: code for name, (of, code) in MEASURES.items() if of == source}
        release = f"_{source}_release"
        scores = nh_measure_long.filter(F.col("source") == source).withColumnRenamed("snapshot_month", release)
        wide = scores.groupBy("ccn", release).agg(*[_latest_score(code).alias(name) for name, code in names.items()])
        homes = with_latest_edition(homes, scores, release, until=F.col("snapshot_month"))
        homes = homes.join(wide, ["ccn", release], how="left").drop(release)
    return homes


def _latest_score(code: str) -> Column:
    """Score of the measure with the latest code version, then the latest measurement period."""
    version = F.struct(F.col("measure_code"), F.col("period_end"), F.col("score"))
    return F.max(F.when(F.col("measure_code").like(code), version))["score"]


def _with_vaccination(homes: DataFrame, nh_vaccination: DataFrame) -> DataFrame:
    release = "_vaccination_release"
    shares = nh_vaccination.filter(_OF_HOMES).withColumnRenamed("snapshot_month", release)
    latest = F.max(F.struct("as_of_date", "residents_pct", "staff_pct"))
    by_home = shares.groupBy("ccn", release).agg(latest.alias("_latest"))
    homes = with_latest_edition(homes, shares, release, until=F.col("snapshot_month"))
    joined = homes.join(by_home, ["ccn", release], how="left")
    return joined.select(
        "*",
        F.col("_latest.residents_pct").alias("vaccinated_residents_pct"),
        F.col("_latest.staff_pct").alias("vaccinated_staff_pct"),
    )


def _all_deficiencies() -> Column:
    """Sum of the rating cycles that the home has; since July 2025 the publisher merges cycle 3 into cycle 2."""
    cycles = [F.col(f"deficiencies_c{cycle}_n") for cycle in (1, 2, 3)]
    total = sum((F.coalesce(cycle, F.lit(0)) for cycle in cycles), F.lit(0))
    return F.when(F.coalesce(*cycles).isNotNull(), total).cast("int").alias("deficiencies_3c_n")


def _descriptions() -> list[Column]:
    names = (
        "ccn snapshot_month name city county state zip5 lat lon ownership_type ownership_class provider_type "
        "hospital_based chain_id chain_name is_chain certified_beds residents_per_day overall_rating health_rating "
        "qm_rating staffing_rating"
    )
    return [F.col(name) for name in names.split()]


def _occupancy(bands: OccupancyBands) -> list[Column]:
    utilization = ratio("residents_per_day", "certified_beds")
    return [
        utilization.alias("bed_utilization"),
        occupancy_band_of(utilization, bands).alias("occupancy_band"),
        (utilization > bands.capacity).alias("is_over_capacity"),
        utilization.between(bands.optimal_low, bands.optimal_high).alias("is_optimal"),
        (utilization < bands.low_revenue).alias("is_low_revenue"),
    ]


def _staffing(bands: StaffingBands) -> list[Column]:
    total, rn, aide = F.col("total_hprd"), F.col("rn_hprd"), F.col("aide_hprd")
    meets_rule = (total >= bands.rule_total_hprd) & (rn >= bands.rule_rn_hprd) & (aide >= bands.rule_aide_hprd)
    known = total.isNotNull() & rn.isNotNull() & aide.isNotNull()
    carried = (
        "total_hprd rn_hprd lpn_hprd aide_hprd licensed_hprd pt_hprd weekend_total_hprd weekend_rn_hprd "
        "adjusted_total_hprd case_mix_total_hprd case_mix_index"
    )
    return [
        *[F.col(name) for name in carried.split()],
        (total - bands.expert_hprd).alias("gap_to_4_1_hprd"),
        (100 * ratio(bands.expert_hprd - total, F.lit(bands.expert_hprd))).alias("gap_to_4_1_pct"),
        (total < bands.expert_hprd).alias("below_4_1"),
        (total < bands.rule_total_hprd).alias("below_3_48"),
        (total < bands.low_hprd).alias("below_3_5"),
        F.when(known, meets_rule).alias("meets_rule_2024"),
        staffing_band_of(total, bands).alias("staffing_band"),
    ]


def _turnover(bands: TurnoverBands) -> list[Column]:
    turnover = F.col("nursing_turnover_pct")
    return [
        turnover,
        F.col("rn_turnover_pct"),
        F.col("administrators_left_n"),
        turnover_band_of(turnover, bands).alias("turnover_band"),
        (turnover > bands.severe).alias("high_turnover"),
    ]


def _readmission() -> list[Column]:
    multiplier = F.col("multiplier")
    cut = F.when(multiplier.isNotNull(), F.greatest(F.lit(0.0), 1 - multiplier))  # greatest() skips nulls
    return [
        F.col("fiscal_year"),
        F.col("rsrr"),
        F.col("rsrr_baseline"),
        (F.col("rsrr") - F.col("rsrr_baseline")).alias("rsrr_change"),
        F.col("performance_score"),
        multiplier,
        (100 * (multiplier - 1)).alias("payment_change_pct"),
        (100 * cut).alias("penalty_pct"),
    ]


def _penalties_and_quality() -> list[Column]:
    carried = "fines_n fines_usd denials_n penalties_n"
    quality = "deficiencies_c1_n deficiencies_3c_n weighted_score vaccinated_residents_pct vaccinated_staff_pct"
    return [
        *[F.col(name) for name in carried.split()],
        ratio("fines_usd", "certified_beds").alias("fines_per_bed_usd"),
        *[F.col(name) for name in quality.split()],
    ]


def _weekend() -> list[Column]:
    """Gap between weekdays and weekends; the weekday figure assumes the same census on all seven days."""
    total, weekend = F.col("total_hprd"), F.col("weekend_total_hprd")
    weekday = (7 * total - 2 * weekend) / 5
    return [
        (total - weekend).alias("weekend_deficit_hprd"),
        weekday.alias("weekday_hprd_est"),
        (100 * ratio(weekday - weekend, weekday)).alias("weekend_gap_pct"),
    ]
