"""Indicators of unusual billing, put together, and how many of them a subject meets."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.claims_fraud_billing import (
    dme_without_visit,
    impossible_day,
    line_indicators,
    service_after_death,
)
from nh_lakehouse.gold.claims_fraud_drugs import doctor_shopping, early_refill
from nh_lakehouse.gold.claims_fraud_peers import payment_outlier, upcoding
from nh_lakehouse.gold.claims_fraud_rules import COLUMNS, FraudRules
from nh_lakehouse.gold.claims_fraud_stays import office_during_stay, overlapping_stays

__all__ = ["NOTE", "fraud_indicators"]

NOTE = "indicator, not a finding"
"""What every row says of itself."""

_SUBJECT = ("source", "subject_type", "subject_id", "year")


@table(
    "gold.fraud_indicators",
    key=["source", "subject_type", "subject_id", "year", "indicator", "peer_group"],
    optional=[
        "claim_line", "drug_event", "clm_beneficiary", "inpatient_stay", "clm_visit", "claims_extent", "dim_provider",
        "clm_ndc", "clm_hcpcs",
    ],
)  # fmt: skip
def fraud_indicators(
    claim: DataFrame,
    claim_line: DataFrame,
    drug_event: DataFrame,
    clm_beneficiary: DataFrame,
    inpatient_stay: DataFrame,
    clm_visit: DataFrame,
    claims_extent: DataFrame,
    dim_provider: DataFrame,
    clm_ndc: DataFrame,
    clm_hcpcs: DataFrame,
    *,
    rules: FraudRules = FraudRules(),
) -> DataFrame:
    """Values that the rules of fraud screening single out, beside their thresholds and peers.

    Args:
        claim, claim_line, drug_event, clm_beneficiary, inpatient_stay, clm_visit: what was billed, filled and stayed.
        claims_extent: first day of the claims, for the rule that looks back.
        dim_provider: specialty of providers; `unknown` without.
        clm_ndc: classes of drugs; without the list each product is a class.
        clm_hcpcs: minutes of codes; without the list the shipped ones count.
    Returns:
        One row per (source, subject_type, subject_id, year, indicator, peer_group) for which there was something to
        look at, flagged or not. The modules `claims_fraud_*` say of each indicator what its value is and whence the
        rule comes. `score` is the share of a subject's evaluated indicators of the year that are flagged; it has a row
        where any is evaluated. An indicator of several peer groups counts once: evaluated where `is_flagged` of one of
        its rows is known, flagged where that of one is true. Every row is an indicator, not a finding.
    Source: rules of the fraud goal of the Medicare pipeline document; Iglewicz and Hoaglin 1993 (robust z-score).
    """
    found = [
        line_indicators(claim_line, claim, rules),
        service_after_death(claim, drug_event, clm_beneficiary, rules),
        overlapping_stays(inpatient_stay, rules),
        office_during_stay(claim_line, claim, inpatient_stay, rules),
        impossible_day(claim_line, clm_visit, clm_hcpcs, rules),
        payment_outlier(claim, dim_provider, rules),
        upcoding(clm_visit, dim_provider, rules),
        early_refill(drug_event, rules),
        doctor_shopping(drug_event, clm_ndc, rules),
        dme_without_visit(claim, claims_extent, rules),
    ]
    return _with_score(reduce(DataFrame.unionByName, found))


def _with_score(indicators: DataFrame) -> DataFrame:
    """The rows of each subject and year, and one more that counts them and has a rank.

    The rows travel through the grouping as a list: to group them beside keeping them would compute all of them twice.
    """
    own = [name for name in COLUMNS if name not in _SUBJECT]
    given = ", ".join(f"'{name}', {name}" for name in own)
    grouped = indicators.groupBy(*_SUBJECT).agg(
        F.expr(f"collect_list(named_struct({given})) AS _rows"),
        F.expr(f"{_different('is_flagged IS NOT NULL')} AS _evaluated_n"),
        F.expr(f"{_different('is_flagged')} AS _flagged_n"),
    )
    share = "CAST(_flagged_n AS double) / nullif(_evaluated_n, 0)"
    rank = f"rank() OVER (PARTITION BY source, subject_type, year ORDER BY {share} DESC NULLS LAST, _flagged_n DESC)"
    ranked = grouped.selectExpr("*", f"CAST({rank} AS int) AS _rank")
    summary = {
        "indicator": "'score'",
        "peer_group": "'all'",
        "value": share,
        "exposure_n": "_evaluated_n",
    }
    score = ", ".join(f"'{name}', CAST({summary.get(name, 'NULL')} AS {COLUMNS[name]})" for name in own)
    rows = f"CASE WHEN _evaluated_n > 0 THEN concat(_rows, array(named_struct({score}))) ELSE _rows END"
    exploded = ranked.selectExpr(*_SUBJECT, "_evaluated_n", "_flagged_n", "_rank", f"explode({rows}) AS _row")
    of_score = "CASE WHEN _row.indicator = 'score' THEN {} END AS {}"
    return exploded.selectExpr(
        *_SUBJECT,
        *[f"_row.{name} AS {name}" for name in own],
        of_score.format("_evaluated_n", "evaluated_n"),
        of_score.format("_flagged_n", "flagged_n"),
        of_score.format("_rank", "score_rank"),
        f"'{NOTE}' AS note",
    )


def _different(condition: str) -> str:
    """SQL aggregate: how many different indicators have a row of which the condition is true."""
    return f"CAST(size(collect_set(CASE WHEN {condition} THEN indicator END)) AS bigint)"
