"""Spending around hospital stays: episodes, and hospitals compared by them.

The window and the index rule are those of the CMS measure. Prices are not standardized and nothing is adjusted for
risk, so the figures are not that measure's.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.claims_deaths import latest_deaths
from nh_lakehouse.gold.statistics import exact_sum_usd, median_of, rank_of, ratio

__all__ = ["Benchmark", "SpendingWindow", "mspb_episode", "mspb_provider"]

_TYPES = ("inpatient", "outpatient", "carrier", "snf", "hha", "hospice", "dme")


@dataclass(frozen=True)
class SpendingWindow:
    """Days around a hospital episode whose claims make a spending episode.

    Attributes:
        days_before: 3 days before the admission.
        days_after: 30 days after the discharge.
    """

    days_before: int = 3
    days_after: int = 30


@dataclass(frozen=True)
class Benchmark:
    """What the mean of a hospital is compared with.

    Attributes:
        benchmark_usd: dollars per episode, such as the national figure of a fiscal year; None: the median episode of
            the source and year.
    """

    benchmark_usd: float | None = None


@table(
    "gold.mspb_episode",
    key=["source", "episode_id"],
    per=["source", "bene_id"],
    order=["source", "bene_id"],
    optional=["claim", "clm_enrollment_month", "clm_beneficiary"],
)
def mspb_episode(
    readmission_index: DataFrame,
    claim: DataFrame,
    clm_enrollment_month: DataFrame,
    clm_beneficiary: DataFrame,
    *,
    window: SpendingWindow = SpendingWindow(),
) -> DataFrame:
    """Payments from three days before a hospital episode to thirty days after it.

    Args:
        readmission_index: one row per (source, episode_id); indexes count.
        claim: claims of all types; those count that begin inside the window, each once.
        clm_enrollment_month: months with A and B and without C. An index counts whose window has no other month, up to
            the month of death.
        clm_beneficiary: date of death, the latest known.
    Returns:
        One row per (source, episode_id) of an index that opens an episode: of a person's indexes by admission and
        `episode_id` the first, and each that is admitted after the window of the last one that opened. Amounts in USD,
        0 without claims; they are not standardized and not adjusted for risk.
    Source: CMS Medicare Spending Per Beneficiary measure, window and index rule.
    """
    deaths = latest_deaths(clm_beneficiary)
    windows = (
        readmission_index.where("is_index")
        .join(deaths, ["source", "bene_id"], "left")
        .selectExpr(
            "source",
            "episode_id",
            "bene_id",
            "provider_id",
            "provider_id_type",
            "admit_date",
            "discharge_date",
            "year",
            "drg",
            f"date_sub(admit_date, {window.days_before}) AS window_start_date",
            f"date_add(discharge_date, {window.days_after}) AS window_end_date",
            "death_date",
        )
    )
    opened = _opening(_in_fee_for_service(windows, clm_enrollment_month))
    episodes = windows.join(opened, ["source", "episode_id"], "left_semi")
    amount = "coalesce({}, CAST(0 AS decimal(18,2))) AS {}"
    sums = ["episode_usd", "before_usd", "during_usd", "after_usd", *[f"{t}_payment_usd" for t in _TYPES]]
    return episodes.join(_spending(episodes, claim), ["source", "episode_id"], "left").selectExpr(
        "source",
        "episode_id",
        "bene_id",
        "provider_id",
        "provider_id_type",
        "admit_date",
        "discharge_date",
        "year",
        "drg",
        "window_start_date",
        "window_end_date",
        "coalesce(claims_n, CAST(0 AS bigint)) AS claims_n",
        *[amount.format(name, name) for name in sums],
    )


def _in_fee_for_service(windows: DataFrame, clm_enrollment_month: DataFrame) -> DataFrame:
    """The windows whose every month, from the first to the last or that of death, is a fee-for-service month."""
    needed = windows.selectExpr(
        "*",
        "CAST(trunc(window_start_date, 'MM') AS date) AS _first",
        "CAST(months_between(trunc(least(window_end_date, coalesce(death_date, window_end_date)), 'MM'),"
        " trunc(window_start_date, 'MM')) AS int) AS _more",
    )
    months = needed.selectExpr(
        "source", "bene_id", "episode_id", "_first", "_more", "explode(sequence(0, _more)) AS _n"
    )
    covered = clm_enrollment_month.where("is_ffs").select("source", "bene_id", "month")
    found = months.selectExpr("source", "bene_id", "episode_id", "_more", "add_months(_first, _n) AS month").join(
        covered, ["source", "bene_id", "month"], "inner"
    )
    whole = found.groupBy("source", "episode_id").agg(F.expr("count(1) = max(_more) + 1 AS _whole")).where("_whole")
    return windows.join(whole, ["source", "episode_id"], "left_semi")


def _opening(candidates: DataFrame) -> DataFrame:
    """(source, episode_id) of the candidates that open an episode.

    Each depends on the one that opened before it, so that no window finds them: a person's candidates are taken in
    order, with the end of the last opened window carried along.
    """
    one = "named_struct('admit', admit_date, 'episode', episode_id, 'until', window_end_date)"
    listed = candidates.groupBy("source", "bene_id").agg(F.expr(f"sort_array(collect_list({one})) AS _candidates"))
    fold = """aggregate(_candidates,
        named_struct('until', CAST(NULL AS date), 'opened', CAST(array() AS array<string>)),
        (acc, next) -> CASE WHEN coalesce(next.admit > acc.until, true)
            THEN named_struct('until', next.until, 'opened', concat(acc.opened, array(next.episode)))
            ELSE acc END,
        acc -> acc.opened)"""
    return listed.selectExpr("source", f"explode({fold}) AS episode_id")


def _spending(episodes: DataFrame, claim: DataFrame) -> DataFrame:
    """Claims in the windows, each once, and their payments by time and by type."""
    keys = episodes.select(
        "source", "bene_id", "episode_id", "admit_date", "discharge_date", "window_start_date", "window_end_date"
    )
    paid = claim.select("source", "bene_id", "claim_type", "from_date", "payment_usd")
    inside = keys.join(paid, ["source", "bene_id"], "inner").where(
        "from_date BETWEEN window_start_date AND window_end_date"
    )
    parts = {
        "episode_usd": "true",
        "before_usd": "from_date < admit_date",
        "during_usd": "from_date BETWEEN admit_date AND discharge_date",
        "after_usd": "from_date > discharge_date",
        **{f"{name}_payment_usd": f"claim_type = '{name}'" for name in _TYPES},
    }
    sums = [
        f"CAST(sum(CASE WHEN {condition} THEN payment_usd END) AS decimal(18,2)) AS {name}"
        for name, condition in parts.items()
    ]
    return inside.groupBy("source", "episode_id").agg(F.expr("count(1) AS claims_n"), *[F.expr(s) for s in sums])


@table(
    "gold.mspb_provider",
    key=["source", "provider_id_type", "provider_id", "year"],
    per=["source", "year"],
)
def mspb_provider(mspb_episode: DataFrame, *, benchmark: Benchmark = Benchmark()) -> DataFrame:
    """Mean spending per episode of hospitals against the median episode, or a given benchmark.

    Args:
        mspb_episode: one row per (source, episode_id).
    Returns:
        One row per (source, provider_id_type, provider_id, year of discharge); episodes without a provider are in the
        median alone. USD per episode, doubles; the ratio is null where the median is 0, the rank where the ratio is.
        Neither standardized nor adjusted for risk.
    Source: CMS Medicare Spending Per Beneficiary measure (ratio of a hospital's mean to the median).
    """
    means = (
        mspb_episode.where("provider_id IS NOT NULL")
        .groupBy("source", "provider_id_type", "provider_id", "year")
        .agg(F.count(F.lit(1)).alias("episodes_n"), exact_sum_usd("episode_usd").alias("episode_usd"))
    )
    given = benchmark.benchmark_usd
    middle = median_of("episode_usd") if given is None else F.first(F.lit(float(given)))
    medians = mspb_episode.groupBy("source", "year").agg(middle.alias("median_episode_usd"))
    compared = means.withColumn("episode_usd_mean", ratio("episode_usd", "episodes_n")).join(
        medians, ["source", "year"], "inner"
    )
    ranked = compared.withColumn("mspb_ratio", ratio("episode_usd_mean", "median_episode_usd"))
    rank = rank_of([F.col("mspb_ratio").desc_nulls_last()], by=["source", "year"])
    return ranked.select(
        "source",
        "provider_id",
        "provider_id_type",
        "year",
        "episodes_n",
        "episode_usd",
        "episode_usd_mean",
        "median_episode_usd",
        "mspb_ratio",
        F.when(F.col("mspb_ratio").isNotNull(), rank).alias("mspb_rank"),
    )
