"""Thresholds of the nursing-home measures, and the bands and tiers that follow from them.

Every threshold is a field of a frozen dataclass with its documented default and source; a table function takes the
dataclass as a keyword. Column names such as `below_4_1` keep the default in their name when a threshold is changed.

Bands are half open, lower edge in, unless a band's text says otherwise. A home whose value is missing stands in
`unknown`; tables that group by a band also have the row `all`, which holds every home, `unknown` included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pyspark.sql import Column
from pyspark.sql import functions as F

__all__ = [
    "ALL",
    "NATION",
    "UNKNOWN",
    "Benchmarks",
    "ChainCutoffs",
    "OccupancyBands",
    "RiskCutoffs",
    "StaffingBands",
    "TurnoverBands",
    "complexity_band_of",
    "facility_risk_tier_of",
    "label_of",
    "occupancy_band_of",
    "staffing_band_of",
    "state_risk_tier_of",
    "turnover_band_of",
]

ALL = "all"
"""Label of the row that is summed over a band or class."""

UNKNOWN = "unknown"
"""Label of homes whose value is missing."""

NATION = "US"
"""Key of national rows, computed from all homes."""


@dataclass(frozen=True)
class StaffingBands:
    """Nurse hours per resident per day (hprd) that separate staffing levels.

    Attributes:
        expert_hprd: 4.1, the total that a 2001 CMS study found necessary; a recommendation, never a legal minimum.
        rule_total_hprd: 3.48, total of the 2024 minimum staffing rule (89 FR 40876), which is not enforced.
        rule_rn_hprd: 0.55, registered nurses in the same rule.
        rule_aide_hprd: 2.45, nurse aides in the same rule.
        low_hprd: 3.5, below which a home counts as low in staffing.
        edges: lower edges of the staffing bands above the first, ascending.
    """

    expert_hprd: float = 4.1
    rule_total_hprd: float = 3.48
    rule_rn_hprd: float = 0.55
    rule_aide_hprd: float = 2.45
    low_hprd: float = 3.5
    edges: tuple[float, ...] = (3.0, 3.2, 3.5, 4.1)


@dataclass(frozen=True)
class OccupancyBands:
    """Bed utilization (residents per day / certified beds, 0-1) that separates occupancy levels.

    Attributes:
        medium: 0.70, lower edge of the band `medium`.
        high: 0.85, lower edge of the band `high`.
        optimal_low: 0.85, lower end of the range held to be optimal, included.
        optimal_high: 0.90, upper end of that range, included.
        crowded: 0.90, from which a home counts as crowded.
        capacity: 1.0, above which a home is over its capacity.
        low_revenue: 0.60, below which beds earn too little.
    """

    medium: float = 0.70
    high: float = 0.85
    optimal_low: float = 0.85
    optimal_high: float = 0.90
    crowded: float = 0.90
    capacity: float = 1.0
    low_revenue: float = 0.60


@dataclass(frozen=True)
class TurnoverBands:
    """Yearly turnover of the nursing staff in per cent (0-100).

    Attributes:
        medium: 40, lower edge of the second band.
        high: 60, lower edge of the third band.
        severe: 75, above which turnover is severe; the third band includes it.
    """

    medium: float = 40.0
    high: float = 60.0
    severe: float = 75.0


@dataclass(frozen=True)
class RiskCutoffs:
    """Cuts of readmission rates, scores and samples.

    Attributes:
        rsrr_high: 0.18, risk-standardised readmission rate from which a home counts as high. Loose: the national mean
            of fiscal year 2024 is 0.202.
        rsrr_percentile: 0.75, percentile of the stricter cut.
        best_share, worst_share: 0.10 and 0.90, percentiles that bound the best and the worst tenth.
        neutral_multiplier: 1.0, payment multiplier below which the payment is cut.
        state_critical, state_high, state_moderate: 0.75, 0.50, 0.25, lower edges of the tiers of a state's score.
        facility_high, facility_medium: 2/3 and 1/3, lower edges of the tiers of a home's score.
        minimum_ranks: 3, fewest percentile ranks that make a home's score.
        minimum_homes: 10, fewest matched homes of a state in `risk_score_n10`.
        minimum_beds: 20, fewest certified beds in `correlation_beds20`.
        complexity_medium, complexity_high: 0.15 and 0.20, edges of the readmission rate as a proxy of complexity; the
            middle band includes both.
    """

    rsrr_high: float = 0.18
    rsrr_percentile: float = 0.75
    best_share: float = 0.10
    worst_share: float = 0.90
    neutral_multiplier: float = 1.0
    state_critical: float = 0.75
    state_high: float = 0.50
    state_moderate: float = 0.25
    facility_high: float = 2 / 3
    facility_medium: float = 1 / 3
    minimum_ranks: int = 3
    minimum_homes: int = 10
    minimum_beds: int = 20
    complexity_medium: float = 0.15
    complexity_high: float = 0.20


@dataclass(frozen=True)
class ChainCutoffs:
    """Which chains are compared.

    Attributes:
        minimum_homes: 2, fewest homes in provider information of the month.
    """

    minimum_homes: int = 2


@dataclass(frozen=True)
class Benchmarks:
    """Figures that the executive summary prints beside its values; a range is a pair (low, high).

    Attributes:
        bed_utilization: 0.85 to 0.90, range held to be optimal.
        total_hprd: 4.1 hours per resident per day (CMS study of 2001).
        rsrr: 0.15, target of the nursing-home pipeline document.
        low_staffing_share: 0, share of homes below a staffing level.
        payment_cut_pct: 1.2 to 1.3, average cut of the payment as that document prints it.
        lowest_decile_hprd: 2.8 hours, lowest performers as that document prints them.
    """

    bed_utilization: tuple[float, float] = (0.85, 0.90)
    total_hprd: float = 4.1
    rsrr: float = 0.15
    low_staffing_share: float = 0.0
    payment_cut_pct: tuple[float, float] = (1.2, 1.3)
    lowest_decile_hprd: float = 2.8


def label_of(column: Column) -> Column:
    """A class as text, `unknown` where it is missing; booleans become `true` and `false`."""
    return F.coalesce(column.cast("string"), F.lit(UNKNOWN))


def staffing_band_of(total_hprd: Column, bands: StaffingBands = StaffingBands()) -> Column:
    """Band of total nurse hours per resident per day.

    `<3.0`, `[3.0,3.2)`, `[3.2,3.5)`, `[3.5,4.1)`, `>=4.1`, `unknown`.
    """
    edges = [str(float(edge)) for edge in bands.edges]
    middle = [f"[{low},{high})" for low, high in pairwise(edges)]
    return _band_of(total_hprd, bands.edges, [f"<{edges[0]}", *middle, f">={edges[-1]}"])


def occupancy_band_of(bed_utilization: Column, bands: OccupancyBands = OccupancyBands()) -> Column:
    """Band of bed utilization: `low` below 0.70, `medium` from 0.70, `high` from 0.85, `unknown`."""
    return _band_of(bed_utilization, (bands.medium, bands.high), ["low", "medium", "high"])


def turnover_band_of(nursing_turnover_pct: Column, bands: TurnoverBands = TurnoverBands()) -> Column:
    """Band of nursing turnover in per cent: `<40`, `[40,60)`, `[60,75]`, `>75`, `unknown`; the third includes 75."""
    medium, high, severe = (f"{edge:g}" for edge in (bands.medium, bands.high, bands.severe))
    return (
        F.when(nursing_turnover_pct > bands.severe, f">{severe}")
        .when(nursing_turnover_pct >= bands.high, f"[{high},{severe}]")
        .when(nursing_turnover_pct >= bands.medium, f"[{medium},{high})")
        .when(nursing_turnover_pct.isNotNull(), f"<{medium}")
        .otherwise(UNKNOWN)
    )


def complexity_band_of(rsrr: Column, cutoffs: RiskCutoffs = RiskCutoffs()) -> Column:
    """Readmission rate as a proxy of case complexity.

    `low` below 0.15, `medium` up to 0.20 included, `high`, `unknown`.
    """
    return (
        F.when(rsrr > cutoffs.complexity_high, "high")
        .when(rsrr >= cutoffs.complexity_medium, "medium")
        .when(rsrr.isNotNull(), "low")
        .otherwise(UNKNOWN)
    )


def state_risk_tier_of(risk_score: Column, cutoffs: RiskCutoffs = RiskCutoffs()) -> Column:
    """Tier of a state's risk score (0-1); null where the score is.

    `CRITICAL` from 0.75, `HIGH` from 0.50, `MODERATE` from 0.25, `LOW` below.
    """
    return (
        F.when(risk_score >= cutoffs.state_critical, "CRITICAL")
        .when(risk_score >= cutoffs.state_high, "HIGH")
        .when(risk_score >= cutoffs.state_moderate, "MODERATE")
        .when(risk_score.isNotNull(), "LOW")
    )


def facility_risk_tier_of(risk_score: Column, cutoffs: RiskCutoffs = RiskCutoffs()) -> Column:
    """Tier of a home's risk score (0-1): `HIGH` from 2/3, `MEDIUM` from 1/3, `LOW`; null where the score is null."""
    return (
        F.when(risk_score >= cutoffs.facility_high, "HIGH")
        .when(risk_score >= cutoffs.facility_medium, "MEDIUM")
        .when(risk_score.isNotNull(), "LOW")
    )


def _band_of(value: Column, edges: Sequence[float], labels: Sequence[str]) -> Column:
    """Label of the half-open band a value falls in; `labels` has one entry more than `edges`."""
    band = F.when(value < edges[0], labels[0])
    for edge, label in zip(edges[1:], labels[1:-1], strict=True):
        band = band.when(value < edge, label)
    return band.when(value.isNotNull(), labels[-1]).otherwise(UNKNOWN)
