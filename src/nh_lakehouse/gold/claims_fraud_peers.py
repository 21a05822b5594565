"""Indicators that compare providers with their peers, by median and median absolute deviation.

Mean and standard deviation are not used: one extreme provider moves both, and hides itself. Compared are providers with
at least 30 claims or visits, in groups of at least 30 of them.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.gold.bands import UNKNOWN
from nh_lakehouse.gold.claims_fraud_rules import COLUMNS, PROVIDER, FraudRules

__all__ = ["payment_outlier", "upcoding", "with_robust_z"]

#: 0.75 quantile of the standard normal distribution: the median absolute deviation of normal values in deviations.
_QUARTILE = 0.6745
_PEERS = "PARTITION BY source, year, peer_group"


def with_robust_z(subjects: DataFrame, *, least_peers: int) -> DataFrame:
    """Adds `peer_n`, `peer_median`, `peer_mad` and `robust_z` to subjects.

    Args:
        subjects: source, year, peer_group and `compared` (double, not null), one row per subject.
        least_peers: fewest subjects of a group for which the score is given, the subject itself included.
    Returns:
        Median and median absolute deviation are exact. `robust_z` = 0.6745 x (compared - peer_median) / peer_mad, null
        in smaller groups and where the deviation is 0.
    Source: Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993.
    """
    centred = subjects.selectExpr(
        "*",
        f"count(1) OVER ({_PEERS}) AS peer_n",
        f"percentile(compared, 0.5) OVER ({_PEERS}) AS peer_median",
    )
    spread = centred.selectExpr("*", "abs(compared - peer_median) AS _distance").selectExpr(
        "*", f"percentile(_distance, 0.5) OVER ({_PEERS}) AS peer_mad"
    )
    score = f"{_QUARTILE} * (compared - peer_median) / peer_mad"
    return spread.selectExpr("*", f"CASE WHEN peer_n >= {least_peers} AND peer_mad > 0 THEN {score} END AS robust_z")


def payment_outlier(claim: DataFrame, dim_provider: DataFrame, rules: FraudRules) -> DataFrame:
    """Mean payment per claim of billing providers, against others of the claim type and specialty, by year.

    Compared is the logarithm, as payments are skewed; a provider whose mean is not above 0 has no row. Both sides are
    flagged.
    """
    means = (
        claim.where("provider_id IS NOT NULL AND payment_usd IS NOT NULL AND year IS NOT NULL")
        .groupBy("source", "claim_type", "provider_id_type", "provider_id", "year")
        .agg(F.expr("count(1) AS exposure_n"), F.expr("CAST(sum(payment_usd) AS double) AS _sum"))
        .where(f"exposure_n >= {rules.least_events} AND _sum > 0")
    )
    subjects = _with_specialty(means, dim_provider).selectExpr(
        "*",
        "'payment_outlier' AS indicator",
        "concat(claim_type, ':', _specialty) AS peer_group",
        "_sum / exposure_n AS value",
        "ln(_sum / exposure_n) AS compared",
    )
    return _scored(subjects, f"abs(robust_z) > {float(rules.robust_z)}", rules)


def upcoding(clm_visit: DataFrame, dim_provider: DataFrame, rules: FraudRules) -> DataFrame:
    """Share of office visits at the highest level, against other NPIs of the specialty, by year; high side alone."""
    shares = (
        clm_visit.where("visit_type = 'office' AND visit_with NOT LIKE 'claim:%'")
        .groupBy(
            "source", F.expr("'NPI' AS provider_id_type"), F.col("visit_with").alias("provider_id"),
            F.expr("year(visit_date) AS year"),
        )
        .agg(F.expr("count(1) AS exposure_n"), F.expr("count(CASE WHEN is_top_level THEN 1 END) AS _top_n"))
        .where(f"exposure_n >= {rules.least_events}")
    )  # fmt: skip
    subjects = _with_specialty(shares, dim_provider).selectExpr(
        "*",
        "'upcoding' AS indicator",
        "_specialty AS peer_group",
        "CAST(_top_n AS double) / exposure_n AS value",
        "CAST(_top_n AS double) / exposure_n AS compared",
    )
    return _scored(subjects, f"robust_z > {float(rules.robust_z)}", rules)


def _with_specialty(subjects: DataFrame, dim_provider: DataFrame) -> DataFrame:
    known = dim_provider.where("specialty IS NOT NULL").select("source", "provider_id_type", "provider_id", "specialty")
    return subjects.join(known, ["source", "provider_id_type", "provider_id"], "left").selectExpr(
        "*",
        f"coalesce(specialty, '{UNKNOWN}') AS _specialty",
        "concat(provider_id_type, ':', provider_id) AS subject_id",
    )


def _scored(subjects: DataFrame, flag: str, rules: FraudRules) -> DataFrame:
    given = {
        "subject_type": f"'{PROVIDER}'",
        "threshold": f"{float(rules.robust_z)}",
        "is_flagged": f"CASE WHEN robust_z IS NOT NULL THEN {flag} END",
    }
    scored = with_robust_z(subjects, least_peers=rules.least_peers)
    return scored.selectExpr(*[f"CAST({given.get(name, name)} AS {kind}) AS {name}" for name, kind in COLUMNS.items()])
