"""Checks between tables of claims: people whom no beneficiary file holds, services after death, and the payments and
counts that another file states.

`reconciliation` joins what these functions return with the rows of other domains. Nothing is changed in silver, as the
answer depends on which files are loaded.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.gold.claims_deaths import latest_deaths
from nh_lakehouse.gold.grouping import unpivot
from nh_lakehouse.gold.statistics import exact_sum
from nh_lakehouse.gold.told import late_after_death, told_by_subject

__all__ = [
    "YEARLY_AMOUNTS",
    "counted_claims",
    "orphan_beneficiaries",
    "paid_in_year",
    "services_after_death",
    "stated_for_year",
]

YEARLY_AMOUNTS = {
    "inpatient": "ip_reimbursed_usd",
    "outpatient": "op_reimbursed_usd",
    "carrier": "car_reimbursed_usd",
}
"""Claim type of SynPUF -> what the beneficiary files say that Medicare paid for it in the year."""

_PERSON = ("source", "bene_id")


def orphan_beneficiaries(clm_beneficiary: DataFrame, claim: DataFrame, drug_event: DataFrame) -> DataFrame:
    """People with claims or fills whom no beneficiary file of their source holds.

    Args:
        clm_beneficiary: the people; of a source without any, nothing is reported.
        claim, drug_event: tables that name people; rows without `bene_id` name none.
    Returns:
        One row per table, person (`key` is source:bene_id) and year of `from_date` or of the fill (null where the claim
        has no date): `rows_n` counts the claims or fills.
    Source: MEASURES B1.
    """
    loaded = clm_beneficiary.select("source").distinct()
    dated = _dated(claim, drug_event)
    unknown = dated.join(loaded, "source", how="left_semi").join(clm_beneficiary, [*_PERSON], how="left_anti")
    return told_by_subject(unknown, "bene_id", "orphan_beneficiary", F.lit("in no beneficiary file"))


def services_after_death(clm_beneficiary: DataFrame, claim: DataFrame, drug_event: DataFrame) -> DataFrame:
    """Claims that begin after the person's death, and fills later than the day after it.

    Args:
        clm_beneficiary: the latest known death of a person; where its month alone is known, the end of that.
        claim: reads `from_date`; undated claims are left out.
        drug_event: reads `service_date`.
    Returns:
        One row per table, person (`key` is source:bene_id) and year: `rows_n` counts claims or fills, `detail` says how
        many days after the death the last of them is.
    Source: MEASURES C3, `service_after_death` of the fraud indicators.
    """
    grace = F.when(F.col("table") == "drug_event", 1).otherwise(0)
    late = (
        _dated(claim, drug_event)
        .join(latest_deaths(clm_beneficiary), [*_PERSON], how="inner")
        .withColumn("_days", F.datediff("_day", "died_by"))
        .filter(F.col("_days") > grace)
    )
    return told_by_subject(late, "bene_id", "service_after_death", late_after_death("_days"))


def _dated(claim: DataFrame, drug_event: DataFrame) -> DataFrame:
    """Person, day and year of claims and fills, under the name of their table."""
    parts = [
        df.filter("bene_id IS NOT NULL").selectExpr(
            f"'{name}' AS table", *[f"coalesce({column}, '') AS {column}" for column in _PERSON],
            f"cast({day} AS date) AS _day", "cast(year AS string) AS period",
        )
        for df, name, day in ((claim, "claim", "from_date"), (drug_event, "drug_event", "service_date"))
    ]  # fmt: skip
    return parts[0].unionByName(parts[1])


def paid_in_year(claim: DataFrame, clm_beneficiary_year: DataFrame) -> DataFrame:
    """Payments of SynPUF's claims, of the people whom the beneficiary file of the year holds.

    Args:
        claim: each claim once, in the year of `from_date`.
        clm_beneficiary_year: reads which people a year's file holds.
    Returns:
        One row per year and claim type that has a claim: `snapshot_month` (1 January), `measure`
        (inpatient_payment_usd), `left_value` (US dollars, negative payments included) and `left_n` (claims).
    Source: CMS DE-SynPUF user manual.
    """
    people = clm_beneficiary_year.select(*_PERSON, "year")
    known = claim.filter(F.col("claim_type").isin(list(YEARLY_AMOUNTS)) & (F.col("source") == "synpuf"))
    paid = known.join(people, [*_PERSON, "year"], how="left_semi").groupBy("year", "claim_type")
    return paid.agg(exact_sum("payment_usd").alias("left_value"), F.count(F.lit(1)).alias("left_n")).select(
        F.make_date("year", F.lit(1), F.lit(1)).alias("snapshot_month"),
        F.concat("claim_type", F.lit("_payment_usd")).alias("measure"),
        "left_value",
        "left_n",
    )


def stated_for_year(clm_beneficiary_year: DataFrame) -> DataFrame:
    """What SynPUF's beneficiary files say that Medicare paid for their people in the year.

    Args:
        clm_beneficiary_year: one row per (source, bene_id, year); rows without amounts (RIF) are left out.
    Returns:
        Rows as those of `paid_in_year`, `right_value` and `right_n` (people) in place of left; years without any amount
        make none.
    Source: CMS DE-SynPUF user manual, MEDREIMB_IP, MEDREIMB_OP and MEDREIMB_CAR.
    """
    sums = (
        clm_beneficiary_year.filter("source = 'synpuf'")
        .groupBy("year")
        .agg(
            *[exact_sum(column).alias(f"_{claim_type}") for claim_type, column in YEARLY_AMOUNTS.items()],
            *[F.count(column).alias(f"_{claim_type}_n") for claim_type, column in YEARLY_AMOUNTS.items()],
        )
    )
    rows = {
        "measure": [F.lit(f"{claim_type}_payment_usd") for claim_type in YEARLY_AMOUNTS],
        "right_value": [F.col(f"_{claim_type}") for claim_type in YEARLY_AMOUNTS],
        "right_n": [F.col(f"_{claim_type}_n") for claim_type in YEARLY_AMOUNTS],
    }
    dated = sums.withColumn("snapshot_month", F.make_date("year", F.lit(1), F.lit(1)))
    return unpivot(dated, keep=["snapshot_month"], number="_no", rows=rows).filter("right_n > 0").drop("_no")


def counted_claims(claim: DataFrame, drug_event: DataFrame, clm_export_count: DataFrame) -> DataFrame:
    """Claims and fills of the people of the export summary, beside what it states for them.

    Args:
        claim, drug_event: each claim and fill once; of people whom the summary does not name none is counted.
        clm_export_count: one row per (source, bene_id, claim_type); fills are its claim type `pde`.
    Returns:
        One row per claim type of the summary: `measure` (inpatient_claims_n, fills_n), `left_table`, `left_value`
        (claims, 0 without any), `right_value` (claims stated), `right_n` (people).
    Source: export summary written beside the RIF files.
    """
    people = clm_export_count.select(*_PERSON).distinct()
    here = claim.selectExpr(*_PERSON, "concat(claim_type, '') AS claim_type").unionByName(
        drug_event.selectExpr(*_PERSON, "'pde' AS claim_type")
    )
    found = here.join(people, [*_PERSON], how="left_semi").groupBy("claim_type").agg(F.count(F.lit(1)).alias("_n"))
    stated = clm_export_count.groupBy("claim_type").agg(
        exact_sum("exported_n").alias("right_value"), F.count("exported_n").alias("right_n")
    )
    is_fill = F.col("claim_type") == "pde"
    return stated.join(found, "claim_type", how="left").select(
        F.when(is_fill, "fills_n").otherwise(F.concat("claim_type", F.lit("_claims_n"))).alias("measure"),
        F.when(is_fill, "drug_event").otherwise("claim").alias("left_table"),
        F.coalesce("_n", F.lit(0)).cast("double").alias("left_value"),
        "right_value",
        "right_n",
    )
