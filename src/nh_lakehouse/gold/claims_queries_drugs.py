"""Prescription drugs: what they cost, how many at once, whether they are taken."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.bands import ALL
from nh_lakehouse.gold.claims_grouping import (
    PERIOD,
    count_people_by_value,
    people_of,
    period_year,
    sums_of,
    with_groupings,
    with_periods,
)
from nh_lakehouse.gold.statistics import count_if, exact_sum, exact_sum_usd, ratio

__all__ = ["DrugUse", "q16_drug_cost", "q17_polypharmacy"]

DRUGS = ("ndc9", "ndc", "drug_class")
"""Groupings of drugs: product, package, class."""

BRAND, GENERIC = "B", "G"
"""Values of `brand_generic`."""


@dataclass(frozen=True)
class DrugUse:
    """What counts as many drugs, and as taking one.

    Attributes:
        many: 5 different products within 90 days.
        very_many: 10 different products within 90 days.
        adherent: 0.80, share of days covered from which a person is adherent (Pharmacy Quality Alliance).
    """

    many: int = 5
    very_many: int = 10
    adherent: float = 0.80


@table("gold.q16_drug_cost", key=["source", "period", "group_by", "group_value"])
def q16_drug_cost(fact_prescriptions: DataFrame) -> DataFrame:
    """Fills, people, cost and the patients' share by drug and year.

    Args:
        fact_prescriptions: one row per fill.
    Returns:
        One row per (source, period, group_by, group_value): all, ndc9 (product), ndc (package) and drug_class;
        `unknown` where null. `group_label` is the name of the product. A person counts once in a row. Cost per day is
        over the fills that state days of supply; brand and generic over the fills that state which. Both are null where
        none does.
    Source: DE-SynPUF claims document; generic dispensing rate as Part D program statistics define it.
    """
    by = [*PERIOD, "group_by", "group_value"]
    drug = ["source", "year", *DRUGS]
    figures = fact_prescriptions.groupBy(*drug).agg(F.max("drug_name").alias("drug_name"), *_fill_figures())
    people = count_people_by_value(fact_prescriptions, DRUGS)
    names = F.when(F.col("group_by").isin("ndc9", "ndc"), F.col("drug_name"))
    sums = (
        "fills_n rx_cost_usd patient_pay_usd supply_days_sum supplied_cost_usd brand_fills_n generic_fills_n "
        "brand_cost_usd"
    ).split()
    # Cost once per drug first: repeated for groupings and periods are few rows, not every fill.
    totals = _by_drug(figures, ["drug_name", *sums]).groupBy(*by).agg(F.max(names).alias("group_label"), *sums_of(sums))
    stated = F.col("brand_fills_n") + F.col("generic_fills_n")
    return totals.join(people, by, how="left").select(
        *PERIOD,
        period_year(),
        "group_by",
        "group_value",
        "group_label",
        "fills_n",
        F.coalesce("people_n", F.lit(0)).alias("people_n"),
        "rx_cost_usd",
        ratio("rx_cost_usd", "fills_n").alias("rx_cost_usd_mean"),
        "patient_pay_usd",
        ratio("patient_pay_usd", "rx_cost_usd").alias("patient_share"),
        "supply_days_sum",
        "supplied_cost_usd",
        ratio("supplied_cost_usd", "supply_days_sum").alias("cost_per_day_usd"),
        *sums[5:],
        ratio("brand_fills_n", stated).alias("brand_share"),
        ratio("generic_fills_n", stated).alias("generic_dispensing_rate"),
    )


def _fill_figures() -> list[Column]:
    """Fills, cost, days of supply, brand and generic of a group of fills, as aggregates."""
    is_brand, is_generic = (F.col("brand_generic") == value for value in (BRAND, GENERIC))
    cost = F.col("total_cost_usd")
    return [
        F.count(F.lit(1)).alias("fills_n"),
        exact_sum_usd(cost).alias("rx_cost_usd"),
        exact_sum_usd("patient_pay_usd").alias("patient_pay_usd"),
        F.sum("days_supply").alias("supply_days_sum"),
        exact_sum_usd(F.when(F.col("days_supply").isNotNull(), cost)).alias("supplied_cost_usd"),
        count_if(is_brand).alias("brand_fills_n"),
        count_if(is_generic).alias("generic_fills_n"),
        exact_sum_usd(F.when(is_brand, cost)).alias("brand_cost_usd"),
    ]


def _by_drug(rows: DataFrame, keep: list[str]) -> DataFrame:
    """Every row for each period and each way to group drugs."""
    groupings = {ALL: F.lit(ALL), **{name: F.col(name) for name in DRUGS}}
    return with_periods(with_groupings(rows, groupings, keep=["source", "year", *keep]))


@table("gold.q17_polypharmacy", key=["source", "year", "group_by", "group_value"], optional=["drug_adherence"])
def q17_polypharmacy(patient_year: DataFrame, drug_adherence: DataFrame, *, use: DrugUse = DrugUse()) -> DataFrame:
    """People who fill many different drugs within 90 days, and how far the drugs filled cover the days.

    Args:
        patient_year: one row per (source, bene_id, year); `max_drugs_90d_n` different products within any 90 days.
        drug_adherence: one row per (source, bene_id, year, ndc9); `pdc` = days covered / days from the first fill to
            31 December, at most 1.
    Returns:
        One row per (source, year) with fills for all, and one per product (ndc9). People are those with a fill in the
        year and a beneficiary file of it. In `all` the proportions of days covered are those of every person and
        product; they are left out where no fill states days of supply. `pdc_mean` is their mean, `pdc_wtd` the pooled
        ratio.
    Source: Pharmacy Quality Alliance, proportion of days covered; polypharmacy as in the DE-SynPUF claims document.
    """
    of_year = ["source", "year"]
    fillers = people_of(patient_year).filter(F.col("fills_n") > 0)
    persons = fillers.groupBy(*of_year, F.lit(ALL).alias("group_by"), F.lit(ALL).alias("group_value")).agg(
        F.count(F.lit(1)).alias("_people_n"),
        F.sum("fills_n").alias("_fills_n"),
        count_if(F.col("max_drugs_90d_n") >= use.many).alias("drugs_5_n"),
        count_if(F.col("max_drugs_90d_n") >= use.very_many).alias("drugs_10_n"),
    )
    products = drug_adherence.join(fillers.select(*of_year, "bene_id"), [*of_year, "bene_id"], how="inner")
    columns = ["drug_name", "fills_n", "pdc", "covered_drug_days", "observed_drug_days"]
    groupings = {ALL: F.lit(ALL), "ndc9": F.col("ndc9")}
    by = [*of_year, "group_by", "group_value"]
    taken = with_groupings(products, groupings, keep=[*of_year, *columns]).groupBy(*by).agg(*_adherence(use))
    # People with several products count once in `all`: they come from the years of people.
    is_whole = F.col("group_by") == ALL
    return taken.join(persons, by, how="full").select(
        *by,
        F.when(~is_whole, F.col("drug_name")).alias("group_label"),
        F.coalesce("_people_n", "products_n").alias("people_n"),
        F.coalesce("_fills_n", "fills_n").alias("fills_n"),
        "drugs_5_n",
        "drugs_10_n",
        ratio("drugs_5_n", "_people_n").alias("drugs_5_share"),
        ratio("drugs_10_n", "_people_n").alias("drugs_10_share"),
        F.coalesce("pdc_n", F.lit(0)).alias("pdc_n"),
        "pdc_sum",
        ratio("pdc_sum", "pdc_n").alias("pdc_mean"),
        F.coalesce("adherent_n", F.lit(0)).alias("adherent_n"),
        ratio("adherent_n", "pdc_n").alias("adherent_share"),
        "covered_drug_days",
        "observed_drug_days",
        ratio("covered_drug_days", "observed_drug_days").alias("pdc_wtd"),
    )


def _adherence(use: DrugUse) -> list[Column]:
    """Persons and products, their fills and their proportions of days covered, as aggregates."""
    is_known = F.col("pdc").isNotNull()
    return [
        F.max("drug_name").alias("drug_name"),
        F.count(F.lit(1)).alias("products_n"),
        F.sum("fills_n").alias("fills_n"),
        F.count("pdc").alias("pdc_n"),
        exact_sum("pdc", is_quotient=True).alias("pdc_sum"),
        count_if(F.col("pdc") >= use.adherent).alias("adherent_n"),
        F.sum(F.when(is_known, F.col("covered_drug_days"))).alias("covered_drug_days"),
        F.sum(F.when(is_known, F.col("observed_drug_days"))).alias("observed_drug_days"),
    ]
