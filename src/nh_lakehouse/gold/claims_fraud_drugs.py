"""Indicators from fills: refilled while much is left, and many prescribers and pharmacies at once."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.gold.claims_fraud_rules import BENEFICIARY, FraudRules, judged
from nh_lakehouse.gold.sliding import distinct_in_days

__all__ = ["doctor_shopping", "early_refill"]

#: Windows that all fills share (decision 9).
_WINDOWS = 64


def early_refill(drug_event: DataFrame, rules: FraudRules) -> DataFrame:
    """Refills with more than a quarter of the last supply left, by person and year of the refill.

    The last fill is the one before of the same product (`ndc9`), by day and event id. Looked at are fills whose last
    one states days of supply; left is what it supplied beyond the day of the refill.
    """
    fills = _fills(drug_event).selectExpr("*", "xxhash64(source, bene_id, ndc9) AS _key")
    before = f"OVER (PARTITION BY pmod(_key, {_WINDOWS}) ORDER BY _key, source, bene_id, ndc9, service_date, event_id)"
    last = fills.selectExpr(
        "source",
        "bene_id",
        "service_date",
        f"CASE WHEN lag(_key) {before} = _key THEN lag(service_date) {before} END AS _last_date",
        f"lag(days_supply) {before} AS _last_supply",
    )
    left = "datediff(_last_date, service_date) + _last_supply"
    found = (
        last.where("_last_date IS NOT NULL AND _last_supply IS NOT NULL")
        .groupBy("source", F.col("bene_id").alias("subject_id"), F.expr("year(service_date) AS year"))
        .agg(
            F.expr("count(1) AS exposure_n"),
            F.expr(f"count(CASE WHEN {left} > {float(rules.refill_share)} * _last_supply THEN 1 END) AS value"),
        )
    )
    return judged(
        found.withColumn("indicator", F.lit("early_refill")), subject_type=BENEFICIARY, threshold=rules.least_n
    )


def doctor_shopping(drug_event: DataFrame, clm_ndc: DataFrame, rules: FraudRules) -> DataFrame:
    """Most prescribers and pharmacies of one class of drugs that a person had within 90 days, by year of the last day.

    The value is the smaller of the two numbers on the day and class where it is greatest. The class is that of the
    optional list, else the product (`ndc9`), which is at most as much as its class. So a flag holds without the list;
    where the class of one of several products is not known and the person had as many prescribers and pharmacies in
    all, it is not known whether there is one: null. Looked at are fills with product, prescriber and pharmacy.
    """
    known = _fills(drug_event).where("prescriber IS NOT NULL AND pharmacy IS NOT NULL")
    classes = clm_ndc.where("drug_class IS NOT NULL").select("ndc9", "drug_class")
    by = ["source", "bene_id", "_class"]
    fills = known.join(classes, "ndc9", "left").selectExpr(
        "source",
        "bene_id",
        "coalesce(drug_class, ndc9) AS _class",
        "drug_class IS NULL AS _is_unclassed",
        "service_date",
        "concat(coalesce(prescriber_id_type, ''), ':', prescriber) AS _prescriber",
        "concat(coalesce(pharmacy_id_type, ''), ':', pharmacy) AS _pharmacy",
    )
    kinds = fills.selectExpr("*", "explode(array('prescriber', 'pharmacy')) AS _kind").selectExpr(
        *by, "service_date", "_kind", "CASE WHEN _kind = 'prescriber' THEN _prescriber ELSE _pharmacy END AS _who"
    )
    counted = distinct_in_days(kinds, by=[*by, "_kind"], item="_who", day="service_date", days=rules.shopping_days)
    daily = counted.groupBy(*by, "service_date").agg(F.expr("min(items_n) AS _both"))
    person = ("source", F.col("bene_id").alias("subject_id"), F.expr("year(service_date) AS year"))
    found = (
        daily.selectExpr("*", "0 AS _fill")
        .unionByName(fills.selectExpr(*by, "service_date", "0 AS _both", "1 AS _fill"))
        .groupBy(*person)
        .agg(F.expr("max(_both) AS value"), F.expr("sum(_fill) AS exposure_n"))
    )
    ever = fills.groupBy("source", F.col("bene_id").alias("subject_id")).agg(
        F.expr("max(_is_unclassed) AND size(collect_set(_class)) > 1 AS _may_be_more"),
        F.expr("least(size(collect_set(_prescriber)), size(collect_set(_pharmacy))) AS _most"),
    )
    return judged(
        found.join(ever, ["source", "subject_id"], "inner").withColumn("indicator", F.lit("doctor_shopping")),
        subject_type=BENEFICIARY,
        threshold=rules.shopping_n,
        unsure=f"_may_be_more AND _most >= {float(rules.shopping_n)}",
    )


def _fills(drug_event: DataFrame) -> DataFrame:
    """Fills of a known person, day and product, with `ndc9`."""
    return drug_event.where("bene_id IS NOT NULL AND service_date IS NOT NULL AND ndc IS NOT NULL").withColumn(
        "ndc9", F.expr("substring(ndc, 1, 9)")
    )
