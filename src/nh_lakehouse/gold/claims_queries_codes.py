"""Codes on claims: diagnoses, procedures, and which code system is in use.

A claim shows a code once, however many of its slots and lines hold it. Its payment goes to one code alone (principal
diagnosis, first procedure), so that payments add up.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.claims_grouping import PERIOD, add_up, period_year, with_all, with_periods
from nh_lakehouse.gold.claims_keys import UNKNOWN_KEY
from nh_lakehouse.gold.statistics import USD_TYPE, count_if, exact_sum, exact_sum_usd, rank_of, ratio

__all__ = ["HCPCS", "SHOWN", "q08_top_diagnoses", "q09_top_procedures", "q20_icd_mix"]

SHOWN = ("principal", "secondary", "line")
"""Kinds of diagnoses that say what a claim is about; admitting ones and external causes are left out."""

HCPCS = "HCPCS"
"""Code system of the procedures on lines."""

_CLAIM = ["source", "claim_type", "claim_id"]
_CODE = ["code_system", "code"]


def _claims_and_people(codes: DataFrame, *, code: Sequence[str] = _CODE) -> DataFrame:
    """Different claims and people per source, period and code.

    Args:
        codes: one row per code of a claim, repeats included, with the claim's beneficiary and year.
        code: columns of the code.
    Returns:
        `source`, `period`, the columns of the code, `claims_n` and `people_n`. Claims without a beneficiary are in
        `claims_n` alone.
    """
    shown = codes.select(*_CLAIM, "bene_id", "year", *code).distinct()
    by_person = shown.groupBy("source", "year", *code, "bene_id").agg(F.count(F.lit(1)).alias("claims_n"))
    persons = add_up(with_periods(by_person), ["claims_n"], by=[*PERIOD, *code, "bene_id"])
    return persons.groupBy(*PERIOD, *code).agg(
        F.sum("claims_n").alias("claims_n"), F.count("bene_id").alias("people_n")
    )


def _ranks(by: Sequence[Column | str]) -> list[Column]:
    """Ranks by claims and by payments from high to low, no payment last."""
    return [
        rank_of([F.col("claims_n").desc()], by=by).alias("claims_rank"),
        rank_of([F.col("payment_usd").desc_nulls_last()], by=by).alias("payment_rank"),
    ]


@table(
    "gold.q08_top_diagnoses",
    key=["source", "period", "code_system", "code"],
    optional=["fact_claims", "dim_diagnosis"],
)
def q08_top_diagnoses(claim_diagnosis: DataFrame, fact_claims: DataFrame, dim_diagnosis: DataFrame) -> DataFrame:
    """Diagnoses by the claims that show them, and by the payments of the claims whose principal one they are.

    Args:
        claim_diagnosis: one row per diagnosis of a claim; principal, secondary and line ones count.
        fact_claims: one row per claim; `primary_diagnosis_key` of the principal diagnosis.
        dim_diagnosis: one row per code.
    Returns:
        One row per (source, period, code_system, code). `payment_usd` is null where the code is no claim's principal
        diagnosis; `description` is null without the optional list of ICD texts.
    Source: DE-SynPUF claims document (most frequent diagnoses); payments by principal diagnosis alone, so that they add
        up.
    """
    counts = _claims_and_people(claim_diagnosis.filter(F.col("dx_type").isin(*SHOWN)))
    by_key = ["source", "diagnosis_key"]
    paid = fact_claims.filter(F.col("primary_diagnosis_key") != UNKNOWN_KEY).groupBy(
        "source", F.col("claim_year").alias("year"), F.col("primary_diagnosis_key").alias("diagnosis_key")
    )
    payments = paid.agg(F.count(F.lit(1)).alias("primary_claims_n"), exact_sum_usd("payment_usd").alias("payment_usd"))
    sums = ["primary_claims_n", "payment_usd"]
    of_period = add_up(with_periods(payments), sums, by=[*by_key, "period"])
    codes = dim_diagnosis.select(*_CODE, "diagnosis_key", "description", "dx_category")
    rows = counts.join(codes, _CODE, how="left").join(of_period, [*by_key, "period"], how="left")
    return rows.select(
        *PERIOD,
        period_year(),
        *_CODE,
        *"description dx_category claims_n people_n".split(),
        F.coalesce("primary_claims_n", F.lit(0)).alias("primary_claims_n"),
        "payment_usd",
        ratio("payment_usd", "primary_claims_n").alias("payment_usd_mean"),
        *_ranks(PERIOD),
    )


@table(
    "gold.q09_top_procedures",
    key=["source", "period", "code_system", "code"],
    optional=["fact_claim_lines", "fact_claims", "clm_icd", "clm_hcpcs"],
)
def q09_top_procedures(
    claim_procedure: DataFrame,
    fact_claim_lines: DataFrame,
    fact_claims: DataFrame,
    clm_icd: DataFrame,
    clm_hcpcs: DataFrame,
) -> DataFrame:
    """Procedures by the claims that show them, and by the payments of the claims whose first one they are.

    Args:
        claim_procedure: one row per ICD procedure of a claim.
        fact_claim_lines: one row per line; those with a HCPCS code count.
        fact_claims: one row per claim: its payment.
        clm_icd: texts of ICD codes, optional list.
        clm_hcpcs: texts of HCPCS codes, optional list.
    Returns:
        One row per (source, period, code_system, code); ICD and HCPCS are two kinds, each with its own first procedure
        (lowest `px_seq`, lowest `line_no` with a code) and its own ranks. Units and payments of lines are null for ICD
        and where no line states them; `payment_usd` is null where the code is no claim's first.
    Source: DE-SynPUF claims document (most frequent procedures).
    """
    procedures = claim_procedure.select(*_CLAIM, "bene_id", "year", *_CODE, F.col("px_seq").alias("_place"))
    lines = fact_claim_lines.filter(F.col("hcpcs").isNotNull()).select(
        *_CLAIM,
        "bene_id",
        F.col("claim_year").alias("year"),
        F.col("hcpcs").alias("code"),
        F.col("line_no").alias("_place"),
        "units",
        "line_payment_usd",
    )
    claims = fact_claims.select(*_CLAIM, "payment_usd")
    of_icd = _claims_and_people(procedures).join(_payments_of_first(procedures, claims), [*PERIOD, *_CODE], how="left")
    of_lines = (
        _claims_and_people(lines, code=["code"])
        .join(_payments_of_first(lines, claims, code=["code"]), [*PERIOD, "code"], how="left")
        .join(_line_sums(lines), [*PERIOD, "code"], how="left")
        # Behind the sums: to group by a literal as well costs Sail four times as much.
        .withColumn("code_system", F.lit(HCPCS))
    )
    no_lines = {"units_sum": F.lit(None).cast("double"), "line_payment_usd": F.lit(None).cast(USD_TYPE)}
    rows = of_lines.unionByName(of_icd.withColumns(no_lines))
    is_hcpcs = F.col("code_system") == HCPCS
    return rows.join(_texts(clm_icd, clm_hcpcs), _CODE, how="left").select(
        *PERIOD,
        period_year(),
        *_CODE,
        *"description claims_n people_n units_sum line_payment_usd".split(),
        F.coalesce("primary_claims_n", F.lit(0)).alias("primary_claims_n"),
        "payment_usd",
        ratio("payment_usd", "primary_claims_n").alias("payment_usd_mean"),
        *_ranks([*PERIOD, is_hcpcs]),
    )


def _payments_of_first(procedures: DataFrame, claims: DataFrame, *, code: Sequence[str] = _CODE) -> DataFrame:
    """Claims and payments per source, period and first procedure of the claim."""
    # One text, not min(struct(place, code)): on Sail that costs ten times as much.
    first = F.min_by(F.concat_ws(" ", *code), "_place").alias("_first")
    firsts = procedures.groupBy(*_CLAIM, "year").agg(first).join(claims, _CLAIM, how="inner")
    parts = [F.substring_index("_first", " ", 1), F.substring_index("_first", " ", -1)][-len(code) :]
    paid = firsts.groupBy("source", "year", *[part.alias(name) for part, name in zip(parts, code, strict=True)]).agg(
        F.count(F.lit(1)).alias("primary_claims_n"), exact_sum_usd("payment_usd").alias("payment_usd")
    )
    return add_up(with_periods(paid), ["primary_claims_n", "payment_usd"], by=[*PERIOD, *code])


def _line_sums(lines: DataFrame) -> DataFrame:
    """Units and payments of lines per source, period and code."""
    sums = exact_sum("units").alias("units_sum"), exact_sum_usd("line_payment_usd").alias("line_payment_usd")
    of_year = lines.groupBy("source", "year", "code").agg(*sums).withColumnRenamed("units_sum", "units")
    return with_periods(of_year).groupBy(*PERIOD, "code").agg(*sums)


def _texts(clm_icd: DataFrame, clm_hcpcs: DataFrame) -> DataFrame:
    """Texts of ICD procedures and HCPCS codes."""
    icd = clm_icd.filter(F.col("code_kind") == "px").select(*_CODE, "description")
    hcpcs = clm_hcpcs.select(
        F.lit(HCPCS).alias("code_system"), F.col("hcpcs").alias("code"), F.col("hcpcs_description").alias("description")
    )
    return icd.unionByName(hcpcs)


@table("gold.q20_icd_mix", key=["source", "period", "claim_type", "code_system"])
def q20_icd_mix(claim_diagnosis: DataFrame) -> DataFrame:
    """Diagnoses, codes and claims by code system, year and claim type.

    Args:
        claim_diagnosis: one row per diagnosis of a claim; all kinds count.
    Returns:
        One row per (source, period, claim_type, code_system), and claim type `all`. A claim with codes of both systems
        counts in each; a code counts once in a row.
    Source: ICD-10 came into use on 1 October 2015 (45 CFR 162.1002).
    """
    fine, by = ["source", "claim_type", "year", "code_system"], [*PERIOD, "claim_type", "code_system"]
    codes = claim_diagnosis.groupBy(*fine, "code").agg(
        F.count(F.lit(1)).alias("codes_n"), count_if(~F.col("is_valid_code")).alias("invalid_n")
    )
    sums = ["codes_n", "invalid_n"]
    distinct = add_up(with_periods(with_all(codes, "claim_type")), sums, by=[*by, "code"])
    totals = distinct.groupBy(*by).agg(
        *[F.sum(name).alias(name) for name in sums], F.count("code").alias("distinct_codes_n")
    )
    # A claim has one type and one year: claims add up.
    claims = (
        claim_diagnosis.select(*fine, "claim_id").distinct().groupBy(*fine).agg(F.count(F.lit(1)).alias("claims_n"))
    )
    counted = add_up(with_periods(with_all(claims, "claim_type")), ["claims_n"], by=by)
    both = F.sum("codes_n").over(Window.partitionBy(*by[:-1]))
    return totals.join(counted, by, how="inner").select(
        *PERIOD,
        period_year(),
        "claim_type",
        "code_system",
        "codes_n",
        ratio("codes_n", both).alias("codes_share"),
        "distinct_codes_n",
        "claims_n",
        "invalid_n",
        ratio("invalid_n", "codes_n").alias("invalid_share"),
    )
