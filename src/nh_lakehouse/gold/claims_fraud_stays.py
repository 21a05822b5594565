"""Indicators from hospital stays: at two hospitals at once, and in a physician's office while in hospital."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.gold.claims_fraud_rules import BENEFICIARY, PROVIDER, FraudRules, judged, lines_with_provider

__all__ = ["office_during_stay", "overlapping_stays"]


def overlapping_stays(inpatient_stay: DataFrame, rules: FraudRules) -> DataFrame:
    """Pairs of a person's hospital stays at two providers that share two days or more, by admission of the later stay.

    The days of admission and discharge count. Looked at are the person's hospital stays. Only stays that begin before
    an earlier one ends are paired, with the person's stays before them, so that nobody's stays are all compared.
    """
    stays = inpatient_stay.where("setting = 'inpatient'").selectExpr(
        "source",
        "bene_id",
        "provider_id_type",
        "provider_id",
        "admit_date",
        "discharge_date",
        "overlaps_other_provider",
        "concat(CAST(admit_date AS string), CAST(discharge_date AS string), stay_id) AS _order",
    )
    earlier = stays.selectExpr(
        "source",
        "bene_id",
        "provider_id_type AS _type",
        "provider_id AS _id",
        "discharge_date AS _discharge",
        "_order AS _before",
    )
    shared = "datediff(least(discharge_date, _discharge), admit_date) + 1"
    pairs = (
        stays.where("overlaps_other_provider")
        .join(earlier, ["source", "bene_id"], "inner")
        .where(
            "_before < _order AND NOT (provider_id_type <=> _type AND provider_id <=> _id)"
            f" AND {shared} >= {rules.overlap_days}"
        )
    )
    counted = stays.selectExpr("source", "bene_id", "admit_date", "1 AS _stay", "0 AS _pair").unionByName(
        pairs.selectExpr("source", "bene_id", "admit_date", "0 AS _stay", "1 AS _pair")
    )
    found = counted.groupBy("source", F.col("bene_id").alias("subject_id"), F.expr("year(admit_date) AS year")).agg(
        F.expr("sum(_stay) AS exposure_n"), F.expr("sum(_pair) AS value")
    )
    return judged(
        found.withColumn("indicator", F.lit("overlapping_stays")), subject_type=BENEFICIARY, threshold=rules.least_n
    )


def office_during_stay(
    claim_line: DataFrame, claim: DataFrame, inpatient_stay: DataFrame, rules: FraudRules
) -> DataFrame:
    """Carrier lines in an office on a day that the person spent in hospital from begin to end, by provider and year.

    Such days lie between admission and discharge, both left out. Looked at are carrier lines of a person with place of
    service 11.
    """
    whole_days = (
        inpatient_stay.where("setting = 'inpatient' AND datediff(discharge_date, admit_date) >= 2")
        .selectExpr(
            "source", "bene_id", "admit_date", "explode(sequence(1, datediff(discharge_date, admit_date) - 1)) AS _n"
        )
        .selectExpr("source", "bene_id", "date_add(admit_date, CAST(_n AS int)) AS line_date", "true AS _in_hospital")
        .distinct()
    )
    office = claim_line.where(
        f"claim_type = 'carrier' AND place_of_service = '{rules.office_place}' AND bene_id IS NOT NULL"
    )
    found = (
        lines_with_provider(office, claim)
        .join(whole_days, ["source", "bene_id", "line_date"], "left")
        .groupBy("source", "subject_id", F.expr("year(line_date) AS year"))
        .agg(F.expr("count(1) AS exposure_n"), F.expr("count(_in_hospital) AS value"))
    )
    return judged(
        found.withColumn("indicator", F.lit("office_during_stay")), subject_type=PROVIDER, threshold=rules.least_n
    )
