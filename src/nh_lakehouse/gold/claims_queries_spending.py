"""Spending: how it is spread over people, how it moves by month, what patients pay of it."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.bands import ALL
from nh_lakehouse.gold.claims_grouping import add_up, count_people, people_of, with_all
from nh_lakehouse.gold.claims_queries_claims import out_of_pocket
from nh_lakehouse.gold.statistics import USD_TYPE, count_if, exact_sum_usd, percentile_of, ratio

__all__ = [
    "CLAIM_TYPES",
    "MEDICAL",
    "PDE",
    "HighCost",
    "q10_high_cost_patients",
    "q11_spend_trend",
    "q19_cost_share",
]

CLAIM_TYPES = ("inpatient", "outpatient", "carrier", "snf", "hha", "hospice", "dme")
"""Types of claims."""

PDE, MEDICAL = "pde", "medical"
"""Types of spending beside those of claims: prescription fills; all claims together."""

HUNDREDTHS = 100
"""Parts, of equal numbers of people, that the Lorenz curve is made of."""

MONTHS_OF_YEAR = 12

PERCENTILES = (25, 50, 75, 90, 95, 99)
"""Percentiles of what people pay; their numbers stand in the names of the columns."""


@dataclass(frozen=True)
class HighCost:
    """Who counts as a patient of high cost.

    Attributes:
        percentiles: 95 and 99: people at or above these percentiles of payments.
    """

    percentiles: tuple[int, ...] = (95, 99)


@table("gold.q10_high_cost_patients", key=["source", "year", "group_by", "group_value"], per=["source", "year"])
def q10_high_cost_patients(patient_summary: DataFrame, *, high: HighCost = HighCost()) -> DataFrame:
    """How the payments of a year concentrate on few people: top percentiles, Lorenz curve, Gini coefficient.

    Args:
        patient_summary: one row per (source, bene_id, year); the measure is `total_medical_usd`.
    Returns:
        One row per (source, year, group_by, group_value): all (with `gini`), top (95 and 99: people at or above that
        exact percentile) and lorenz (001 to 100: hundredths of the people from the lowest payment up, ties by
        bene_id; fewer rows where there are fewer people). Shares of payments are null where those add up to 0, the Gini
        coefficient also where they add up to less.
    Source: Gini 1912: 2 x sum(rank x payment) / (n x sum(payment)) - (n + 1) / n, ranks from the lowest payment up.
    """
    of_year, usd = ["source", "year"], F.col("total_medical_usd")
    people = people_of(patient_summary).select(*of_year, "bene_id", usd)
    totals = people.groupBy(*of_year).agg(
        F.count(F.lit(1)).alias("_people_n"),
        exact_sum_usd(usd).alias("_usd"),
        *[percentile_of(usd, percent / 100).alias(f"_p{percent}") for percent in high.percentiles],
    )
    ascending = Window.partitionBy(*of_year).orderBy(usd, "bene_id")
    ranks = F.row_number().over(ascending), F.ntile(HUNDREDTHS).over(ascending)
    placed = people.select(*of_year, usd, ranks[0].alias("_rank"), ranks[1].alias("_hundredth"))
    members = _members(placed.join(totals, of_year, how="inner"), high)
    # Ranks as decimals: the sum of rank x payment is exact then.
    weighted = F.sum(F.col("_rank").cast("decimal(10,0)") * usd)
    groups = members.groupBy(*of_year, "group_by", "group_value", *[c for c in totals.columns if c not in of_year]).agg(
        F.count(F.lit(1)).alias("people_n"),
        exact_sum_usd(usd).alias("total_medical_usd"),
        F.max(usd).alias("_largest"),
        weighted.alias("_weighted"),
    )
    return _concentration(groups, high)


def _members(people: DataFrame, high: HighCost) -> DataFrame:
    """Every person for each group that holds him or her."""
    # As a double, as the percentile is one: Sail compares the two as decimals, in which it is no longer the same.
    usd = F.col("total_medical_usd").cast("double")
    top = [F.when(usd >= F.col(f"_p{percent}"), F.lit(f"top {percent}")) for percent in high.percentiles]
    hundredth = F.concat(F.lit("lorenz "), F.lpad(F.col("_hundredth").cast("string"), 3, "0"))
    repeated = people.select("*", F.explode(F.array(F.lit(f"{ALL} {ALL}"), hundredth, *top)).alias("_group"))
    return repeated.filter(F.col("_group").isNotNull()).select(
        "*",
        F.substring_index("_group", " ", 1).alias("group_by"),
        F.substring_index("_group", " ", -1).alias("group_value"),
    )


def _concentration(groups: DataFrame, high: HighCost) -> DataFrame:
    """Thresholds, shares, cumulative shares and the Gini coefficient of groups of people."""
    is_lorenz, is_whole = F.col("group_by") == "lorenz", F.col("group_by") == ALL
    n, total = F.col("_people_n"), F.col("_usd")
    threshold = F.when(is_lorenz, F.col("_largest").cast("double"))
    for percent in high.percentiles:
        threshold = threshold.when(F.col("group_value") == str(percent), F.col(f"_p{percent}"))
    so_far = Window.partitionBy("source", "year", "group_by").orderBy("group_value")
    rank_sum = ratio(2 * F.col("_weighted").cast("double"), n * F.when(total > 0, total).cast("double"))
    return groups.select(
        *"source year group_by group_value people_n".split(),
        ratio("people_n", n).alias("people_share"),
        threshold.alias("threshold_usd"),
        "total_medical_usd",
        ratio("total_medical_usd", total).alias("payment_share"),
        F.when(is_lorenz, ratio(F.sum("people_n").over(so_far), n)).alias("cumulative_people_share"),
        F.when(is_lorenz, ratio(F.sum("total_medical_usd").over(so_far), total)).alias("cumulative_payment_share"),
        F.when(is_whole, rank_sum - ratio(n + 1, n)).alias("gini"),
    )


#: How a month may be covered, and what was spent in all months and in those so covered.
_COVERED = ("is_member", "is_ffs", "part_d")
_SPENT = ("spend_usd", "member_spend_usd", "_ffs_spend_usd", "_drug_spend_usd")


@table(
    "gold.q11_spend_trend",
    key=["source", "month", "spend_type"],
    optional=["fact_prescriptions", "clm_enrollment_month"],
)
def q11_spend_trend(
    fact_claims: DataFrame, fact_prescriptions: DataFrame, clm_enrollment_month: DataFrame
) -> DataFrame:
    """Spending, events and people by month and type, per member month and against the year before.

    Args:
        fact_claims: one row per claim, by the month of `from_date`; undated claims are left out.
        fact_prescriptions: one row per fill; spending is the gross drug cost.
        clm_enrollment_month: one row per (source, bene_id, month) of coverage.
    Returns:
        One row per (source, month, spend_type) for every month from the first to the last one of the source and every
        type, 0 where nothing was spent. A person counts once in a row, `medical` and `all` included. Months of coverage
        are null where no beneficiary file covers the month; `rate_months` are fee-for-service months for medical
        types, part D months for pde, member months for all. Rates divide what was spent on the people of these months
        in these months (`member_spend_usd`, `rate_spend_usd`): spending of others, who are in no beneficiary file or
        in managed care, is in `spend_usd` alone. `spend_prior_usd` is twelve months before, null in the first twelve.
    Source: spending trend of the DE-SynPUF claims document.
    """
    by = ["source", "month", "spend_type"]
    claims = fact_claims.filter(F.col("month").isNotNull()).withColumnRenamed("claim_type", "spend_type")
    fills = fact_prescriptions.withColumnRenamed("total_cost_usd", "payment_usd")
    measures = exact_sum_usd("payment_usd").alias("spend_usd"), F.count(F.lit(1)).alias("events_n")
    # The type of fills comes behind the grouping: to group by a literal as well costs Sail four times as much.
    of_person = claims.groupBy(*by, "bene_id").agg(*measures)
    persons = of_person.unionByName(_of_drugs(fills.groupBy(*by[:-1], "bene_id").agg(*measures)))
    covered = _with_covered_spending(persons, clm_enrollment_month)
    figures = add_up(covered, [*_SPENT, "events_n"], by=by)
    spent = add_up(_with_totals(figures), [*_SPENT, "events_n"], by=by)
    people = count_people(_with_totals(persons), by=by)
    counts = {
        **{name: F.coalesce(name, F.lit(0).cast(USD_TYPE)) for name in _SPENT},
        "events_n": F.coalesce("events_n", F.lit(0)),
        "people_n": F.coalesce("people_n", F.lit(0)),
    }
    dense = _every_month(figures).join(spent, by, how="left").join(people, by, how="left").withColumns(counts)
    return _per_member(dense.join(_coverage(clm_enrollment_month), ["source", "month"], how="left"))


def _with_covered_spending(persons: DataFrame, months: DataFrame) -> DataFrame:
    """Adds what was spent on a person who was covered in the month: as a member, fee for service, by part D."""
    flags = months.select("source", "bene_id", "month", *_COVERED)
    spent = [
        F.when(F.col(flag), F.col("spend_usd")).otherwise(F.lit(0)).cast(USD_TYPE).alias(name)
        for name, flag in zip(_SPENT[1:], _COVERED, strict=True)
    ]
    return persons.join(flags, ["source", "bene_id", "month"], how="left").select(*persons.columns, *spent)


def _with_totals(df: DataFrame) -> DataFrame:
    """Every row for its type of spending, for `medical` unless it is of drugs, and for `all`."""
    kind = F.col("spend_type")
    kinds = F.explode(F.array(kind, F.when(kind != PDE, F.lit(MEDICAL)), F.lit(ALL))).alias("_kind")
    repeated = df.select("*", kinds).filter(F.col("_kind").isNotNull())
    return repeated.drop("spend_type").withColumnRenamed("_kind", "spend_type")


def _of_drugs(df: DataFrame) -> DataFrame:
    """Rows of fills as rows of their type of spending."""
    return df.withColumn("spend_type", F.lit(PDE))


def _every_month(figures: DataFrame) -> DataFrame:
    """Every month from the first to the last one of a source, for every type of spending."""
    ends = figures.groupBy("source").agg(F.min("month").alias("_first"), F.max("month").alias("_last"))
    length = F.months_between("_last", "_first").cast("int")
    months = ends.select("source", "_first", F.explode(F.sequence(F.lit(0), length)).alias("_step"))
    kinds = F.explode(F.array(*[F.lit(kind) for kind in (*CLAIM_TYPES, PDE, MEDICAL, ALL)]))
    return months.select("source", F.add_months("_first", F.col("_step")).alias("month"), kinds.alias("spend_type"))


def _coverage(months: DataFrame) -> DataFrame:
    """People covered in each month of a source."""
    names = ("member_months", "_ffs_months", "_drug_months")
    counts = [count_if(F.col(flag)).alias(name) for name, flag in zip(names, _COVERED, strict=True)]
    return months.groupBy("source", "month").agg(*counts)


def _per_member(months: DataFrame) -> DataFrame:
    """Rates per month of coverage, and the change from twelve months before, of dense months."""
    kind = F.col("spend_type")
    rate_months, rate_spend = (
        F.when(kind == PDE, F.col(drugs)).when(kind == ALL, F.col(members)).otherwise(F.col(medical))
        for drugs, members, medical in (
            ("_drug_months", "member_months", "_ffs_months"),
            ("_drug_spend_usd", "member_spend_usd", "_ffs_spend_usd"),
        )
    )
    is_known = F.col("member_months").isNotNull()
    in_order = Window.partitionBy("source", "spend_type").orderBy("month")
    prior = F.lag("spend_usd", MONTHS_OF_YEAR).over(in_order)
    return months.select(
        "source",
        "month",
        F.year("month").alias("year"),
        *"spend_type spend_usd events_n people_n member_months".split(),
        rate_months.alias("rate_months"),
        F.when(is_known, F.col("member_spend_usd")).alias("member_spend_usd"),
        F.when(is_known, rate_spend).alias("rate_spend_usd"),
        ratio("member_spend_usd", "member_months").alias("pmpm_usd"),
        ratio(rate_spend, rate_months).alias("covered_pmpm_usd"),
        prior.alias("spend_prior_usd"),
        (ratio("spend_usd", prior) - 1).alias("spend_change_rate"),
    )


@table("gold.q19_cost_share", key=["source", "year", "spend_type"], optional=["drug_event"])
def q19_cost_share(fact_claims: DataFrame, drug_event: DataFrame) -> DataFrame:
    """What patients pay: deductible and coinsurance of claims, payments for prescriptions, and the gap phases.

    Args:
        fact_claims: one row per claim; undated claims are left out.
        drug_event: one row per fill.
    Returns:
        One row per (source, year, spend_type) that has claims or fills, and `all`. Mean and percentiles are over the
        people with at least one of them (a beneficiary file or not), who pay 0 where the file states nothing. Amounts
        of the gap phases are of fills of RIF, else null.
    Source: ResDAC Part D Drug Event record layout (catastrophic coverage: A attachment point, C above it).
    """
    by = ["source", "year", "spend_type"]
    zero = F.lit(0).cast(USD_TYPE)
    sums = ["events_n", "out_of_pocket_usd"]
    claims = fact_claims.filter(F.col("claim_year").isNotNull()).select(
        "source",
        F.col("claim_year").alias("year"),
        F.col("claim_type").alias("spend_type"),
        "bene_id",
        F.lit(1).alias("events_n"),
        out_of_pocket().alias("out_of_pocket_usd"),
    )
    paid_for_fill = F.coalesce("patient_pay_usd", zero).alias("out_of_pocket_usd")
    fills = drug_event.select("source", "year", "bene_id", F.lit(1).alias("events_n"), paid_for_fill)
    persons = add_up(claims, sums, by=[*by, "bene_id"]).unionByName(
        _of_drugs(add_up(fills, sums, by=["source", "year", "bene_id"]))
    )
    payers = add_up(with_all(persons, "spend_type"), sums, by=[*by, "bene_id"])
    paid = F.when(F.col("bene_id").isNotNull(), F.col("out_of_pocket_usd"))
    shares = payers.groupBy(*by).agg(
        F.sum("events_n").alias("events_n"),
        F.count("bene_id").alias("users_n"),
        exact_sum_usd("out_of_pocket_usd").alias("out_of_pocket_usd"),
        *[percentile_of(paid, percent / 100).alias(_percentile(percent)) for percent in PERCENTILES],
    )
    phases = _phases(drug_event)
    return shares.join(phases, by, how="left").select(
        *by,
        "events_n",
        "users_n",
        "out_of_pocket_usd",
        ratio("out_of_pocket_usd", "users_n").alias("out_of_pocket_usd_mean"),
        *[_percentile(percent) for percent in PERCENTILES],
        *[name for name in phases.columns if name not in by],
    )


def _percentile(percent: int) -> str:
    return f"out_of_pocket_usd_p{percent}"


def _phases(drug_event: DataFrame) -> DataFrame:
    """Amounts of the phases of drug coverage by source and year; the count is null where the source has no phases."""
    amounts = "gap_discount_usd below_oop_threshold_usd above_oop_threshold_usd lics_usd".split()
    is_catastrophic = F.col("catastrophic_phase").isin("A", "C")
    return drug_event.groupBy("source", "year", F.lit(PDE).alias("spend_type")).agg(
        *[exact_sum_usd(name).alias(name) for name in amounts],
        F.when(F.max("source") == "rif", count_if(is_catastrophic)).alias("catastrophic_fills_n"),
    )
