"""How ill people are: chronic conditions, how many at once, deaths.

People are rows of `patient_summary` with a beneficiary file of the year. Shares are of people of the same year,
population and band.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.claims_grouping import (
    add_up,
    chronic_band_of,
    people_of,
    pmpm,
    with_all,
    with_populations,
)
from nh_lakehouse.gold.statistics import count_if, exact_sum_usd, ratio
from nh_lakehouse.reference import read_list

__all__ = [
    "DX_CONDITIONS",
    "SP_CONDITIONS",
    "q06_chronic_prevalence",
    "q07_multimorbidity",
    "q18_mortality",
]

DX_CONDITIONS = tuple(sorted({row["group"] for row in read_list("chronic_groups")} | {"cancer"}))
"""Conditions with flags by diagnoses: the groups of the shipped list, and any of the four cancers."""

SP_CONDITIONS = (
    "alzheimer", "arthritis", "cancer", "copd", "depression", "diabetes", "heart_failure", "ischemic_heart", "kidney",
    "osteoporosis", "stroke",
)  # fmt: skip
"""Conditions that SynPUF flags in its beneficiary files."""

DX, SP = "dx", "sp"
"""Bases: diagnoses by rule, flags of SynPUF."""


def _with_bases(df: DataFrame) -> DataFrame:
    """Every row for the basis `dx`, those of SynPUF also for `sp`."""
    bases = F.array(F.lit(DX), F.when(F.col("source") == "synpuf", F.lit(SP)))
    return df.select("*", F.explode(bases).alias("basis")).filter(F.col("basis").isNotNull())


def _by_basis(dx: Column, sp: Column) -> Column:
    return F.when(F.col("basis") == DX, dx).otherwise(sp)


@table(
    "gold.q06_chronic_prevalence",
    key=["source", "year", "population", "basis", "age_band", "condition"],
    per=["source", "year"],
    optional=["patient_summary"],
)
def q06_chronic_prevalence(chronic_condition: DataFrame, patient_summary: DataFrame) -> DataFrame:
    """Share of people with each chronic condition, by age, for all and for those with twelve fee-for-service months.

    Args:
        chronic_condition: one row per (source, bene_id, year, condition) that a rule or a published flag finds.
        patient_summary: one row per (source, bene_id, year).
    Returns:
        One row per (source, year, population, basis, age_band, condition): for every population and age band that has
        people every condition of the basis, with 0 where nobody has it. Conditions of people without a beneficiary
        file of the year do not count. The four cancers stand beside `cancer`: a person may have several.
    Source: CMS Chronic Conditions Warehouse, simplified (`chronic_condition`); DE-SynPUF user manual (flags).
    """
    of_year = ["source", "year"]
    people = people_of(patient_summary).select(*of_year, "bene_id", "ffs_months", "age_band")
    # Populations and bands are made of few counted rows, not of every person and condition.
    counted = people.groupBy(*of_year, "ffs_months", "age_band").agg(F.count(F.lit(1)).alias("people_n"))
    flags = chronic_condition.select(*of_year, "bene_id", "condition", "dx_flag", "sp_flag")
    flagged = (
        flags.join(people, [*of_year, "bene_id"], how="inner")
        .groupBy(*of_year, "ffs_months", "age_band", "condition")
        .agg(count_if(F.col("dx_flag")).alias("dx_n"), count_if(F.col("sp_flag")).alias("sp_n"))
        .transform(_with_bases)
        .withColumn("flagged_n", _by_basis(F.col("dx_n"), F.col("sp_n")))
    )
    group = [*of_year, "population", "age_band"]
    totals = add_up(with_all(with_populations(counted), "age_band"), ["people_n"], by=group)
    found = add_up(with_all(with_populations(flagged), "age_band"), ["flagged_n"], by=[*group, "basis", "condition"])
    every = _with_conditions(_with_bases(totals)).join(found, [*group, "basis", "condition"], how="left")
    return every.withColumn("flagged_n", F.coalesce("flagged_n", F.lit(0))).select(
        *of_year,
        *"population basis age_band condition people_n flagged_n".split(),
        ratio("flagged_n", "people_n").alias("prevalence_share"),
    )


def _with_conditions(df: DataFrame) -> DataFrame:
    """Every row for each condition of its basis."""
    of_dx, of_sp = (F.array(*[F.lit(name) for name in names]) for names in (DX_CONDITIONS, SP_CONDITIONS))
    return df.select("*", F.explode(_by_basis(of_dx, of_sp)).alias("condition"))


@table(
    "gold.q07_multimorbidity",
    key=["source", "year", "population", "basis", "chronic_band"],
    per=["source", "year"],
)
def q07_multimorbidity(patient_summary: DataFrame) -> DataFrame:
    """People and their total cost of care by number of chronic conditions.

    Args:
        patient_summary: one row per (source, bene_id, year); `chronic_n` by diagnoses (of 13), `sp_chronic_n` by the
            flags of SynPUF (of 11).
    Returns:
        One row per (source, year, population, basis, chronic_band) that has people; basis `sp` for SynPUF alone.
        Shares are of all bands together; null where their cost adds up to 0.
    Source: CMS Chronic Conditions among Medicare Beneficiaries, chartbook (bands).
    """
    of_year = ["source", "year"]
    sums = ["people_n", "member_months", "total_cost_usd"]
    conditions = _by_basis(F.col("chronic_n"), F.col("sp_chronic_n"))
    people = (
        people_of(patient_summary)
        .select(*of_year, "ffs_months", "chronic_n", "sp_chronic_n", F.lit(1).alias("people_n"), *sums[1:])
        .transform(_with_bases)
        .select(*of_year, "ffs_months", "basis", chronic_band_of(conditions).alias("chronic_band"), *sums)
    )
    group = [*of_year, "population", "basis"]
    bands = add_up(with_populations(people), sums, by=[*group, "chronic_band"])
    every = Window.partitionBy(*group)
    return bands.select(
        *group,
        "chronic_band",
        "people_n",
        ratio("people_n", F.sum("people_n").over(every)).alias("people_share"),
        "member_months",
        "total_cost_usd",
        ratio("total_cost_usd", F.sum("total_cost_usd").over(every)).alias("cost_share"),
        ratio("total_cost_usd", "people_n").alias("total_cost_usd_mean"),
        pmpm(),
    )


MONTHS_OF_YEAR, PER_PEOPLE = 12, 1000


@table("gold.q18_mortality", key=["source", "year", "age_band"], per=["source", "year"])
def q18_mortality(patient_summary: DataFrame) -> DataFrame:
    """Deaths per 1,000 person-years and cost of the last 180 days of life, by age.

    Args:
        patient_summary: one row per (source, bene_id, year).
    Returns:
        One row per (source, year, age_band) that has people, and `all`. Person-years are member months / 12. The cost
        is null, with the count 0, where the 180 days of nobody who died lie inside the data.
    Source: DE-SynPUF claims document; person-years as in `patient_summary`.
    """
    people = people_of(patient_summary).select(
        *"source year age_band died_in_year member_months last_180d_cost_usd".split()
    )
    deaths = with_all(people, "age_band").groupBy("source", "year", "age_band").agg(
        F.count(F.lit(1)).alias("people_n"),
        count_if(F.col("died_in_year")).alias("deaths_n"),
        F.sum("member_months").alias("member_months"),
        exact_sum_usd("last_180d_cost_usd").alias("last_180d_cost_usd"),
        F.count("last_180d_cost_usd").alias("last_180d_cost_usd_n"),
    )  # fmt: skip
    person_years = ratio("member_months", F.lit(MONTHS_OF_YEAR))
    return deaths.select(
        *"source year age_band people_n deaths_n member_months".split(),
        person_years.alias("person_years"),
        ratio(PER_PEOPLE * F.col("deaths_n"), person_years).alias("deaths_per_1000"),
        "last_180d_cost_usd",
        "last_180d_cost_usd_n",
        ratio("last_180d_cost_usd", "last_180d_cost_usd_n").alias("last_180d_cost_usd_mean"),
    )
