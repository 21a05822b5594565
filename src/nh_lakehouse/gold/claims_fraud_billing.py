"""Indicators from what was billed: a service twice, after death, above the allowed, in days of more than 24 hours."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.gold.claims_deaths import latest_deaths
from nh_lakehouse.gold.claims_fraud_rules import BENEFICIARY, PROVIDER, FraudRules, judged, lines_with_provider
from nh_lakehouse.reference import read_list

__all__ = ["dme_without_visit", "impossible_day", "line_indicators", "service_after_death"]

#: Windows that all lines share (decision 9).
_WINDOWS = 64


def line_indicators(claim_line: DataFrame, claim: DataFrame, rules: FraudRules) -> DataFrame:
    """`duplicate_billing` and `paid_over_allowed` of providers, by the year of the line.

    Duplicates: claims beyond the first with the same person, provider, HCPCS code, day and units; units compare
    null-safe, lines of one claim never count twice. A facility's claim and that of its physician for one service are
    none: claims of institutions and of professionals (carrier, dme) are compared among themselves. Looked at are lines
    with a code, a day and a person. Paid over allowed: lines with a payment of more than 1.01 times what is allowed;
    looked at are lines that state both.

    Both in one pass: lines are put in the order of a hash of what they bill, and each is compared with the one before.
    Source: CMS Medicare Claims Processing Manual, chapter 1 (duplicate claims) and chapter 23 (fee schedules).
    """
    codes = "hcpcs IS NOT NULL AND bene_id IS NOT NULL"
    amounts = "line_payment_usd IS NOT NULL AND line_allowed_usd IS NOT NULL"
    of_professionals = "claim_type IN ('carrier', 'dme')"
    billed = f"source, bene_id, subject_id, hcpcs, line_date, units, units IS NULL, {of_professionals}"
    over = f"line_payment_usd > line_allowed_usd * CAST('{rules.allowed_factor}' AS decimal(9,4))"
    lines = (
        lines_with_provider(claim_line, claim)
        .where(f"{codes} OR {amounts}")
        .selectExpr(
            "source",
            "subject_id",
            "year(line_date) AS year",
            f"CASE WHEN {codes} THEN xxhash64({billed}) END AS _billed",
            "xxhash64(claim_type, claim_id) AS _claim",
            f"CAST({amounts} AS int) AS _stated",
            f"CAST(coalesce({amounts} AND {over}, false) AS int) AS _over",
        )
    )
    before = f"OVER (PARTITION BY pmod(coalesce(_billed, _claim), {_WINDOWS}) ORDER BY _billed, _claim)"
    again = f"coalesce(_billed = lag(_billed) {before} AND _claim <> lag(_claim) {before}, false)"
    found = (
        lines.selectExpr("*", f"CAST({again} AS int) AS _again")
        .groupBy("source", "subject_id", "year")
        .agg(
            F.expr("count(_billed) AS _billed_n"),
            F.expr("sum(_again) AS _again_n"),
            F.expr("sum(_stated) AS _stated_n"),
            F.expr("sum(_over) AS _over_n"),
        )
    )
    named = found.selectExpr("*", "explode(array('duplicate_billing', 'paid_over_allowed')) AS indicator")
    of_duplicates = "CASE WHEN indicator = 'duplicate_billing' THEN {} ELSE {} END AS {}"
    chosen = named.selectExpr(
        "source",
        "subject_id",
        "year",
        "indicator",
        of_duplicates.format("_again_n", "_over_n", "value"),
        of_duplicates.format("_billed_n", "_stated_n", "exposure_n"),
    )
    return judged(chosen, subject_type=PROVIDER, threshold=rules.least_n)


def service_after_death(
    claim: DataFrame, drug_event: DataFrame, clm_beneficiary: DataFrame, rules: FraudRules
) -> DataFrame:
    """Claims that begin, and fills dated, after the death of the person, by the year of the service.

    Looked at are claims and fills of people with a date of death, the latest known; where the month alone is known, a
    service counts that is later than the month. A fill may be dated a day later.
    """
    dead = latest_deaths(clm_beneficiary).select("source", "bene_id", "died_by")
    # Days less their grace: computed, as Sail refuses the union of columns that are taken as they are (their comments).
    served = claim.selectExpr("source", "bene_id", "date_sub(from_date, 0) AS _day", "year(from_date) AS year")
    filled = drug_event.selectExpr(
        "source", "bene_id", f"date_sub(service_date, {rules.death_fill_days}) AS _day", "year(service_date) AS year"
    )
    dated = served.unionByName(filled).where("_day IS NOT NULL")
    found = (
        dated.join(dead, ["source", "bene_id"], "inner")
        .groupBy("source", F.col("bene_id").alias("subject_id"), "year")
        .agg(F.expr("count(1) AS exposure_n"), F.expr("count(CASE WHEN _day > died_by THEN 1 END) AS value"))
    )
    return judged(
        found.withColumn("indicator", F.lit("service_after_death")), subject_type=BENEFICIARY, threshold=rules.least_n
    )


def impossible_day(claim_line: DataFrame, clm_visit: DataFrame, clm_hcpcs: DataFrame, rules: FraudRules) -> DataFrame:
    """The fullest day of a performing NPI, as a multiple of what a day can hold, by year.

    A day's hours are the minutes of its timed codes on carrier lines, times the units (at least 1), over 60; minutes
    come from the optional list, else from the shipped one. Its patients are the people with an office visit. The value
    is the greater of hours / 24 and patients / 50; looked at are days with a timed code or an office visit.
    Source: CPT typical times of evaluation and management, and of timed physical medicine codes.
    """
    listed = clm_hcpcs.where("unit_minutes IS NOT NULL").select("hcpcs", "unit_minutes")
    minutes = f"coalesce(unit_minutes, {_shipped_minutes()})"
    timed = (
        claim_line.where("claim_type = 'carrier' AND performing_npi IS NOT NULL AND line_date IS NOT NULL")
        .join(listed, "hcpcs", "left")
        .selectExpr(
            "source",
            "concat('NPI:', performing_npi) AS subject_id",
            "date_sub(line_date, 0) AS _day",
            f"try_cast({minutes} * greatest(coalesce(units, 1), 1) AS decimal(20,4)) AS _minutes",
            "0 AS _patients",
        )
        .where("_minutes IS NOT NULL")
    )
    visits = clm_visit.where("visit_type = 'office' AND visit_with NOT LIKE 'claim:%'").selectExpr(
        "source",
        "concat('NPI:', visit_with) AS subject_id",
        "date_sub(visit_date, 0) AS _day",
        "CAST(0 AS decimal(20,4)) AS _minutes",
        "1 AS _patients",
    )
    days = (
        timed.unionByName(visits)
        .groupBy("source", "subject_id", "_day")
        .agg(F.expr("CAST(sum(_minutes) AS double) AS _minutes"), F.expr("sum(_patients) AS _patients"))
    )
    filled = f"greatest(_minutes / {60 * float(rules.day_hours)}, _patients / {float(rules.day_patients)})"
    found = days.groupBy("source", "subject_id", F.expr("year(_day) AS year")).agg(
        F.expr(f"max({filled}) AS value"), F.expr("count(1) AS exposure_n")
    )
    named = found.withColumn("indicator", F.lit("impossible_day"))
    return judged(named, subject_type=PROVIDER, threshold=1, above=True)


def _shipped_minutes() -> str:
    """SQL of the minutes of a unit of `hcpcs`; null where the code is not timed."""
    codes: dict[str, list[str]] = {}
    for row in read_list("timed_codes"):
        codes.setdefault(row["unit_minutes"], []).append(f"'{row['hcpcs']}'")
    cases = " ".join(f"WHEN hcpcs IN ({', '.join(found)}) THEN {minutes}" for minutes, found in codes.items())
    return f"CASE {cases} END"


def dme_without_visit(claim: DataFrame, claims_extent: DataFrame, rules: FraudRules) -> DataFrame:
    """Claims for equipment of people without a carrier or outpatient claim in the 180 days before, by billing provider.

    Looked at are dme claims dated at least 180 days after the first claim of the source; a visit counts that is dated
    on the day of the claim or up to 180 days before.
    """
    reach = claims_extent.where("first_claim_date IS NOT NULL").selectExpr("source", "first_claim_date AS _begin")
    dated = claim.where("bene_id IS NOT NULL AND from_date IS NOT NULL")
    equipment = (
        dated.where("claim_type = 'dme' AND provider_id IS NOT NULL")
        .join(reach, "source", "inner")
        .where(f"from_date >= date_add(_begin, {rules.visit_days})")
        .selectExpr("source", "bene_id", "from_date", "concat(provider_id_type, ':', provider_id) AS subject_id")
    )
    visits = dated.where("claim_type IN ('carrier', 'outpatient')").selectExpr(
        "source AS _source", "bene_id AS _bene_id", "from_date AS _visit_date"
    )
    before = (
        f"source = _source AND bene_id = _bene_id AND _visit_date <= from_date"
        f" AND _visit_date >= date_sub(from_date, {rules.visit_days})"
    )
    days = equipment.select("source", "bene_id", "from_date").distinct()
    seen = days.join(visits, F.expr(before), "left_semi").withColumn("_is_seen", F.lit(True))
    found = (
        equipment.join(seen, ["source", "bene_id", "from_date"], "left")
        .groupBy("source", "subject_id", F.expr("year(from_date) AS year"))
        .agg(F.expr("count(1) AS exposure_n"), F.expr("count(CASE WHEN _is_seen IS NULL THEN 1 END) AS value"))
    )
    return judged(
        found.withColumn("indicator", F.lit("dme_without_visit")), subject_type=PROVIDER, threshold=rules.least_n
    )
