"""Who the beneficiaries are: sex, age, place, race and entitlement.

People are rows of `patient_summary` with a beneficiary file of the year; persons known from claims alone are left out.
Sums of people, months and amounts are plain; a person counts once in a row, so that rows of `all` are no sum of years.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.bands import label_of
from nh_lakehouse.gold.claims_grouping import (
    PERIOD,
    AgeBands,
    add_up,
    age_5y_of,
    age_band_of,
    count_people,
    people_of,
    period_year,
    pmpm,
    with_periods,
)
from nh_lakehouse.gold.statistics import USD_TYPE, count_if, exact_sum_usd, ratio

__all__ = ["pmpm", "q01_patients_by_sex", "q03_age_distribution", "q04_location", "q05_race_enrollment"]


@table("gold.q01_patients_by_sex", key=["source", "period", "sex"])
def q01_patients_by_sex(patient_summary: DataFrame) -> DataFrame:
    """Patients and their total cost of care by sex.

    Args:
        patient_summary: one row per (source, bene_id, year).
    Returns:
        One row per (source, period, sex); sex `unknown` where it is null. A person counts once in a year and once in
        `all`; `total_cost_usd_mean` is per patient-year in both.
    Source: first question of the DE-SynPUF claims document.
    """
    sums = ["patient_years_n", "member_months", "total_medical_usd", "rx_cost_usd", "total_cost_usd"]
    people = people_of(patient_summary).select(
        "source",
        "bene_id",
        "year",
        label_of(F.col("sex")).alias("sex"),
        F.lit(1).alias("patient_years_n"),
        *sums[1:],
    )
    by = [*PERIOD, "sex"]
    persons = add_up(with_periods(people), sums, by=[*by, "bene_id"]).withColumn("people_n", F.lit(1))
    return add_up(persons, ["people_n", *sums], by=by).select(
        *PERIOD,
        period_year(),
        "sex",
        "people_n",
        *sums,
        ratio("total_cost_usd", "patient_years_n").alias("total_cost_usd_mean"),
        pmpm(),
    )


@table("gold.q03_age_distribution", key=["source", "year", "age_5y", "sex"], per=["source", "year"])
def q03_age_distribution(patient_summary: DataFrame, *, ages: AgeBands = AgeBands()) -> DataFrame:
    """People by age and sex, year by year.

    Args:
        patient_summary: one row per (source, bene_id, year); `age_end` in whole years.
    Returns:
        One row per (source, year, age_5y, sex) that has people; `age_band` is the broad band of `age_5y`. `age_sum`
        and `age_mean` are null where no age is known.
    Source: DE-SynPUF claims document; age on 31 December or the day of death.
    """
    age = F.col("age_end")
    # A band of five years lies inside one broad band, as the edges of those are multiples of five.
    bands = [age_band_of(age, ages).alias("age_band"), age_5y_of(age).alias("age_5y")]
    people = people_of(patient_summary).select(
        "source", "year", *bands, label_of(F.col("sex")).alias("sex"), "died_in_year", "member_months", "age_end"
    )
    return (
        people.groupBy("source", "year", "age_band", "age_5y", "sex")
        .agg(
            F.count(F.lit(1)).alias("people_n"),
            count_if(F.col("died_in_year")).alias("deaths_n"),
            F.sum("member_months").alias("member_months"),
            F.sum("age_end").alias("age_sum"),
            F.count("age_end").alias("age_mean_n"),
        )
        .select("*", ratio("age_sum", "age_mean_n").alias("age_mean"))
    )


@table(
    "gold.q04_location",
    key=["source", "period", "group_by", "state", "county"],
    optional=["fact_claims", "dim_patient"],
)
def q04_location(patient_summary: DataFrame, fact_claims: DataFrame, dim_patient: DataFrame) -> DataFrame:
    """People, and payments of claims, by state and county.

    Args:
        patient_summary: one row per (source, bene_id, year); place of the year's beneficiary file.
        fact_claims: one row per claim; `patient_key` is the version of the patient in force on `from_date`.
        dim_patient: one row per version; place of the version.
    Returns:
        One row per (source, period, group_by, state, county) that has people or claims; the other side is 0. State and
        county are `unknown` where null; county is null in the grouping state. A person who moves counts in both places
        of `all`. `payment_per_person_usd` is null where no people are.
    Source: DE-SynPUF claims document; Social Security Administration codes of states and counties.
    """
    people = people_of(patient_summary).select("source", "bene_id", "year", "state", "county", "member_months")
    places = dim_patient.select("patient_key", "state", "county")
    claims = fact_claims.groupBy("source", "patient_key", F.col("claim_year").alias("year")).agg(
        F.count(F.lit(1)).alias("claims_n"), exact_sum_usd("payment_usd").alias("payment_usd")
    )
    by = [*PERIOD, "group_by", "state", "county"]
    lived = with_periods(_by_place(people))
    counted = lived.groupBy(*by).agg(
        F.count(F.lit(1)).alias("patient_years_n"), F.sum("member_months").alias("member_months")
    )
    paid = with_periods(_by_place(claims.join(places, "patient_key", how="left").drop("patient_key")))
    sums = ["people_n", "patient_years_n", "member_months", "claims_n", "payment_usd"]
    # Rows of one side under rows of the other: a join would need null-safe keys, as county may be null.
    sides = [count_people(lived, by=by), counted, paid.select(*by, "claims_n", "payment_usd")]
    rows = [_with_zeros(side, sums, by=by) for side in sides]
    together = rows[0].unionByName(rows[1]).unionByName(rows[2])
    return add_up(together, sums, by=by).select(
        *PERIOD,
        period_year(),
        "group_by",
        "state",
        "county",
        *sums,
        ratio("payment_usd", "patient_years_n").alias("payment_per_person_usd"),
    )


def _by_place(df: DataFrame) -> DataFrame:
    """Every row for its state (county null) and for its county."""
    grouping = F.explode(F.array(F.lit("state"), F.lit("county"))).alias("group_by")
    county = F.when(F.col("group_by") == "county", label_of(F.col("county")))
    return df.select("*", grouping).withColumns({"state": label_of(F.col("state")), "county": county})


def _with_zeros(df: DataFrame, sums: list[str], *, by: list[str]) -> DataFrame:
    """The columns `by` and all sums, 0 where the frame does not have one."""
    types = {name: USD_TYPE if name.endswith("_usd") else "bigint" for name in sums}
    zeros = {name: F.lit(0).cast(kind) for name, kind in types.items()}
    present = set(df.columns)
    values = [F.coalesce(F.col(name), zeros[name]) if name in present else zeros[name] for name in sums]
    return df.select(*by, *[value.alias(name) for value, name in zip(values, sums, strict=True)])


@table(
    "gold.q05_race_enrollment",
    key=["source", "year", "race", "dual", "esrd"],
    per=["source", "year"],
)
def q05_race_enrollment(patient_summary: DataFrame) -> DataFrame:
    """People, months of coverage and cost by race, dual status and end-stage renal disease.

    Args:
        patient_summary: one row per (source, bene_id, year); months counted from `clm_enrollment_month`.
    Returns:
        One row per (source, year, race, dual, esrd) that has people; race is `unknown` where null, dual and esrd stay
        null. `dual_member_months` is null where no row has any (SynPUF).
    Source: DE-SynPUF claims document; ResDAC Master Beneficiary Summary File record layout.
    """
    months = "part_a_months part_b_months part_c_months part_d_months member_months ffs_months dual_member_months"
    sums = ["people_n", *months.split(), "total_cost_usd"]
    by = ["source", "year", "race", "dual", "esrd"]
    people = people_of(patient_summary).select(
        "source", "year", label_of(F.col("race")).alias("race"), "dual", "esrd", F.lit(1).alias("people_n"), *sums[1:]
    )
    return add_up(people, sums, by=by).select(*by, *sums, pmpm())
