"""A stand-in for overtime, from payroll figures of homes.

Overtime is in no public file: the payroll files hold hours by job, not by person or shift. Homes that are thin at
weekends and that buy in hours from agencies are taken to be those that stretch their own staff; nothing here measures
it, so the column says proxy.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.statistics import Moments, moments, nearest, ratio

__all__ = ["pbj_overtime_proxy"]

PARTS = {"weekend_gap_z": "weekend_gap_pct", "contract_share_z": "contract_share"}
"""Standard score -> the figure of `pbj_quarter` it is of."""

DECIMALS = {"weekend_gap_pct": 13, "contract_share": 14}
"""Decimals with which distances enter their moments, so that both engines get the same digits."""


@table("gold.pbj_overtime_proxy", key=["ccn", "quarter"])
def pbj_overtime_proxy(pbj_quarter: DataFrame) -> DataFrame:
    """How far a home lies above the homes of its state and quarter in weekend gap and contract share.

    Args:
        pbj_quarter: one row per (ccn, period).
    Returns:
        One row per (ccn, quarter). A standard score is (value - mean) / sample deviation (n - 1) over the homes of the
        state and quarter that have the value and are not aberrant; the `_n` beside it counts them. An aberrant home is
        scored against the others and flagged. A score is null where the value is, for homes without a state, and where
        fewer than two homes are compared or all of them are equal. `overtime_proxy` is the mean of the two scores, null
        where one of them is.
    Source: measure definition of this project (no publisher has one); homes left out of averages: CMS Payroll-Based
        Journal Public Use Files, Technical Specifications, April 2019, section 3b.
    """
    homes = pbj_quarter.select("ccn", F.col("period").alias("quarter"), "state", "aberrant", *PARTS.values())
    is_compared = ~F.coalesce("aberrant", F.lit(False)) & F.col("state").isNotNull()
    distances = [_distance(figure, is_compared).alias(f"_{figure}") for figure in PARTS.values()]
    placed = homes.select("*", *distances)
    stored = [column for score, figure in PARTS.items() for column in _moments(figure).stored(f"_{score}")]
    of_state = placed.where(is_compared).groupBy(F.col("state").alias("_state"), F.col("quarter").alias("_quarter"))
    is_of_home = (F.col("state") == F.col("_state")) & (F.col("quarter") == F.col("_quarter"))
    scored = placed.join(of_state.agg(*stored), on=is_of_home, how="left")
    columns = [column for score, figure in PARTS.items() for column in _score(score, figure)]
    return scored.select("ccn", "quarter", "state", "aberrant", *PARTS.values(), *columns).select(
        "*",
        ((F.col("weekend_gap_z") + F.col("contract_share_z")) / 2).alias("overtime_proxy"),
    )


def _distance(figure: str, is_compared: Column) -> Column:
    """Distance from the least compared home: an origin changes no score, and close figures keep their digits."""
    least = F.min(F.when(is_compared, F.col(figure))).over(Window.partitionBy("state", "quarter"))
    return nearest(F.col(figure) - least, DECIMALS[figure])


def _moments(figure: str) -> Moments:
    return moments(f"_{figure}", f"_{figure}", about=(0.0, 0.0))


def _score(name: str, figure: str) -> list[Column]:
    state = Moments.read(f"_{name}")
    score = ratio(F.col(f"_{figure}") - state.mean_x, state.deviation_x())
    return [score.alias(name), F.coalesce(state.n, F.lit(0)).cast("bigint").alias(f"{name}_n")]
