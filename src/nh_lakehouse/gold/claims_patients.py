"""A patient's year: who the person is, what was used, what it cost, how ill the person is.

Everything here follows from the person alone, so that late claims cost what their people cost; what compares people
stands in `claims_summary`. Each table that is read is first made one row per person and year (`claims_sums` for
claims), then joined to the years of the spine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.claims_chronic import CONDITIONS, SYNPUF_FLAGS
from nh_lakehouse.gold.claims_deaths import latest_deaths
from nh_lakehouse.gold.claims_drugs import drug_counts
from nh_lakehouse.gold.claims_grouping import age_band_of

__all__ = [
    "AMOUNTS",
    "CLAIM_TYPES",
    "COUNTS",
    "MONTHS",
    "PERSON_COLUMNS",
    "LastDays",
    "claims_sums",
    "patient_spine",
    "patient_year",
    "usd",
]

PERSON_YEAR = ("source", "bene_id", "year")

CLAIM_TYPES = ("inpatient", "outpatient", "carrier", "snf", "hha", "hospice", "dme")

PERSON_COLUMNS = ("birth_date", "age_end", "sex", "race", "state", "county", "zip", "esrd", "dual")
"""What the beneficiary file of the year says of the person."""

MONTHS = {
    "part_a_months": "part_a",
    "part_b_months": "part_b",
    "part_c_months": "part_c",
    "part_d_months": "part_d",
    "member_months": "is_member",
    "ffs_months": "is_ffs",
}
"""Months of a person -> what `clm_enrollment_month` says of a month that counts."""

CLAIM_COUNTS = ("claims_n", *[f"{name}_claims_n" for name in CLAIM_TYPES], "negative_payment_n")
COUNTS = (
    *CLAIM_COUNTS, "stays_n", "los_days_sum", "snf_stays_n", "snf_los_days_sum", "index_n", "readmissions_n",
    "ed_visits_n", "office_visits_n", "fills_n",
)  # fmt: skip
"""Counts of a person's year that add up over the years; 0 where there was none."""

_SHARES = ("primary_payer_usd", "bene_deductible_usd", "bene_coinsurance_usd")
CLAIM_AMOUNTS = ("total_medical_usd", *[f"{name}_payment_usd" for name in CLAIM_TYPES], *_SHARES)
AMOUNTS = (*CLAIM_AMOUNTS, "rx_cost_usd", "patient_pay_usd")
"""Amounts of a person's year that add up over the years; 0 where there was none."""

_REIMBURSED = ("ip_reimbursed_usd", "op_reimbursed_usd", "car_reimbursed_usd")


@dataclass(frozen=True)
class LastDays:
    """The end of life.

    Attributes:
        days: 180, the day of death included.
    """

    days: int = 180


@table(
    "gold.patient_spine",
    key=[*PERSON_YEAR],
    per=["source", "bene_id"],
    order=[*PERSON_YEAR],
    optional=["clm_beneficiary_year", "claim", "drug_event"],
)
def patient_spine(clm_beneficiary_year: DataFrame, claim: DataFrame, drug_event: DataFrame) -> DataFrame:
    """Years of a person: those of a beneficiary file, of claims and of fills.

    Args:
        clm_beneficiary_year: one row per (source, bene_id, year).
        claim: reads the year of `from_date`; undated claims make no row.
        drug_event: reads the year of the fill.
    Returns:
        One row per (source, bene_id, year) that any of the three has; rows without person or year are left out.
        `has_beneficiary_year` where a beneficiary file does.
    Source: computed.
    """
    in_file, others = clm_beneficiary_year.select(*PERSON_YEAR), [df.select(*PERSON_YEAR) for df in (claim, drug_event)]
    years = in_file.withColumn("_in_file", F.lit(True))
    for other in others:
        years = years.unionByName(other.withColumn("_in_file", F.lit(False)))
    known = years.filter("bene_id IS NOT NULL AND year IS NOT NULL")
    return known.groupBy(*PERSON_YEAR).agg(F.max("_in_file").alias("has_beneficiary_year"))


@table(
    "gold.patient_year",
    key=[*PERSON_YEAR],
    per=["source", "bene_id"],
    order=[*PERSON_YEAR],
    optional=[
        "clm_beneficiary_year", "clm_beneficiary", "clm_enrollment_month", "claim", "drug_event", "inpatient_stay",
        "readmission_index", "clm_visit", "chronic_condition", "charlson", "claims_extent", "clm_ccs", "clm_hwr_list",
    ],
)  # fmt: skip
def patient_year(
    patient_spine: DataFrame,
    clm_beneficiary_year: DataFrame,
    clm_beneficiary: DataFrame,
    clm_enrollment_month: DataFrame,
    claim: DataFrame,
    drug_event: DataFrame,
    inpatient_stay: DataFrame,
    readmission_index: DataFrame,
    clm_visit: DataFrame,
    chronic_condition: DataFrame,
    charlson: DataFrame,
    claims_extent: DataFrame,
    clm_ccs: DataFrame,
    clm_hwr_list: DataFrame,
    *,
    end_of_life: LastDays = LastDays(),
) -> DataFrame:
    """What a person used and cost in a year, with the person's place, months, conditions and comorbidity.

    Args:
        patient_spine: one row per (source, bene_id, year): the years that rows are made for.
        clm_beneficiary_year: person and place, flags and amounts of SynPUF, of the year.
        clm_beneficiary: the latest known date of death.
        clm_enrollment_month: one row per month; months are those for which the flag is true.
        claim: claims by the year of `from_date`, each once.
        drug_event: fills by their year; products as in `drug_counts`.
        inpatient_stay: stays of both settings by the year of discharge.
        readmission_index: index stays and readmissions by the year of discharge of the index.
        clm_visit: emergency and office visits by their year.
        chronic_condition: `dx_flag` of the year.
        charlson: scores of the year.
        claims_extent: the first day of claims, for the last days before death.
        clm_ccs, clm_hwr_list: only whether both have rows, without which unplanned readmissions are null.
        end_of_life: how many days before death are added up.
    Returns:
        One row per row of `patient_spine`. Counts and amounts are 0 where there was none; person, place and months are
        null where no beneficiary file of the year holds the person; `death_date` stands in such years too. Null in
        SynPUF: `plan_pay_usd`, `dual_member_months`; in RIF: the flags `sp_*`, `sp_chronic_n`, `source_reimb_usd`.
        `total_cost_usd` = payments + drug cost (total cost of care), `out_of_pocket_usd` = deductible + coinsurance +
        patient pay, `pmpm_usd` = `total_cost_usd` / months with part A or B, null where those are null or 0.
        `last_180d_cost_usd`: claims by `from_date` and fills from the day of death - 179 to that day, on the row of the
        year of death; null elsewhere, and where those days begin before the first claim of the source. In DE-SynPUF,
        which tells the month of death alone, they end with that month.
    Source: CMS DE-SynPUF user manual; ResDAC claims record layouts; CMS Chronic Conditions Warehouse; Quan 2005.
    """
    deaths = latest_deaths(clm_beneficiary)
    rows = patient_spine.select(*PERSON_YEAR, "has_beneficiary_year").join(
        deaths.drop("died_by"), ["source", "bene_id"], how="left"
    )
    parts = [
        _person(clm_beneficiary_year),
        _months(clm_enrollment_month),
        claims_sums(claim.filter("year IS NOT NULL"), by=PERSON_YEAR),
        _fills(drug_event),
        drug_counts(drug_event),
        _stays(inpatient_stay),
        _readmissions(readmission_index),
        _visits(clm_visit),
        _conditions(chronic_condition),
        charlson.select(*PERSON_YEAR, "charlson", "van_walraven"),
        _last_days(deaths, claim, drug_event, claims_extent, end_of_life),
    ]
    for part in parts:
        rows = rows.join(part, [*PERSON_YEAR], how="left")
    return _year_columns(_with_lists(rows, clm_ccs, clm_hwr_list))


def _with_lists(rows: DataFrame, clm_ccs: DataFrame, clm_hwr_list: DataFrame) -> DataFrame:
    """`_listed`: both lists of the unplanned measure have rows."""
    lists = clm_ccs.agg(F.count(F.lit(1)).alias("_ccs")).crossJoin(clm_hwr_list.agg(F.count(F.lit(1)).alias("_hwr")))
    return lists.selectExpr("_ccs > 0 AND _hwr > 0 AS _listed").crossJoin(rows)


def _year_columns(rows: DataFrame) -> DataFrame:
    """The declared columns."""
    measured = rows.selectExpr(
        "*",
        *[f"cast(coalesce({name}, 0) AS bigint) AS _{name}" for name in COUNTS],
        *[f"{usd(f'coalesce({name}, 0)')} AS _{name}" for name in AMOUNTS],
        f"({' + '.join(f'CASE WHEN dx_{name} THEN 1 ELSE 0 END' for name in CONDITIONS)}) AS _chronic_n",
        f"({' + '.join(f'cast({flag} AS int)' for flag in SYNPUF_FLAGS.values())}) AS _sp_chronic_n",
    ).selectExpr("*", "_total_medical_usd + _rx_cost_usd AS _total_cost_usd")
    return measured.select(
        *PERSON_YEAR,
        "has_beneficiary_year",
        "birth_date",
        "death_date",
        F.expr("coalesce(year(death_date) = year, false) AS died_in_year"),
        "age_end",
        age_band_of(F.col("age_end")).alias("age_band"),
        *PERSON_COLUMNS[2:],
        *MONTHS,
        "dual_member_months",
        *[F.col(f"_{name}").alias(name) for name in (*COUNTS, *AMOUNTS)],
        F.expr("CASE WHEN _listed THEN coalesce(unplanned_n, 0L) END AS unplanned_readmissions_n"),
        F.expr("coalesce(distinct_drugs_n, 0L) AS distinct_drugs_n"),
        F.expr("coalesce(max_drugs_90d_n, 0) AS max_drugs_90d_n"),
        F.expr(f"CASE WHEN source <> 'synpuf' THEN {usd('coalesce(plan_pay_usd, 0)')} END AS plan_pay_usd"),
        F.expr(f"{usd('_total_cost_usd')} AS total_cost_usd"),
        F.expr(f"{usd('_bene_deductible_usd + _bene_coinsurance_usd + _patient_pay_usd')} AS out_of_pocket_usd"),
        F.expr("cast(_total_cost_usd AS double) / nullif(cast(member_months AS double), 0) AS pmpm_usd"),
        *[F.expr(f"coalesce(dx_{name}, false) AS dx_{name}") for name in CONDITIONS],
        *SYNPUF_FLAGS.values(),
        F.expr("cast(_chronic_n AS int) AS chronic_n"),
        F.expr("cast(_sp_chronic_n AS int) AS sp_chronic_n"),
        "charlson",
        "van_walraven",
        F.expr(f"{usd('last_180d_cost_usd')} AS last_180d_cost_usd"),
        "source_reimb_usd",
    )


def usd(amount: str) -> str:
    """SQL of an amount as it is declared, decimal(18,2)."""
    return f"cast({amount} AS decimal(18,2))"


# --- one row per person and year ------------------------------------------------------------------------------------


def claims_sums(claim: DataFrame, *, by: Sequence[str]) -> DataFrame:
    """Counts and amounts of the claims of a person, each claim once; null where no claim has an amount.

    Args:
        claim: rows of silver.
        by: columns of the rows to make, `bene_id` among them; claims without a person are left out.
    """
    # By type first: few rows are left for the sums of each type.
    typed = (
        claim.filter("bene_id IS NOT NULL")
        .groupBy(*by, "claim_type")
        .agg(
            F.count(F.lit(1)).alias("n"),
            F.expr("count(CASE WHEN payment_usd < 0 THEN 1 END) AS negative_n"),
            F.sum("payment_usd").alias("payment_usd"),
            *[F.sum(name).alias(name) for name in _SHARES],
        )
    )
    of_type = {name: f"CASE WHEN claim_type = '{name}'" for name in CLAIM_TYPES}
    return typed.groupBy(*by).agg(
        F.sum("n").alias("claims_n"),
        *[F.expr(f"sum({case} THEN n END) AS {name}_claims_n") for name, case in of_type.items()],
        F.sum("negative_n").alias("negative_payment_n"),
        F.sum("payment_usd").alias("total_medical_usd"),
        *[F.expr(f"sum({case} THEN payment_usd END) AS {name}_payment_usd") for name, case in of_type.items()],
        *[F.sum(name).alias(name) for name in _SHARES],
    )


def _person(clm_beneficiary_year: DataFrame) -> DataFrame:
    stated = " OR ".join(f"{name} IS NOT NULL" for name in _REIMBURSED)
    total = " + ".join(f"coalesce({name}, 0)" for name in _REIMBURSED)
    return clm_beneficiary_year.selectExpr(
        *PERSON_YEAR,
        *PERSON_COLUMNS,
        *SYNPUF_FLAGS.values(),
        f"CASE WHEN {stated} THEN {usd(total)} END AS source_reimb_usd",
    )


def _months(clm_enrollment_month: DataFrame) -> DataFrame:
    return clm_enrollment_month.groupBy(*PERSON_YEAR).agg(
        *[F.expr(f"count(CASE WHEN {flag} THEN 1 END) AS {name}") for name, flag in MONTHS.items()],
        F.expr("sum(cast(dual AS int)) AS dual_member_months"),
    )


def _fills(drug_event: DataFrame) -> DataFrame:
    sums = {"rx_cost_usd": "total_cost_usd", "patient_pay_usd": "patient_pay_usd", "plan_pay_usd": "plan_pay_usd"}
    known = drug_event.filter("bene_id IS NOT NULL AND year IS NOT NULL")
    return known.groupBy(*PERSON_YEAR).agg(
        F.count(F.lit(1)).alias("fills_n"), *[F.sum(of).alias(name) for name, of in sums.items()]
    )


def _stays(inpatient_stay: DataFrame) -> DataFrame:
    return inpatient_stay.groupBy(*PERSON_YEAR).agg(
        F.expr("count(CASE WHEN setting = 'inpatient' THEN 1 END) AS stays_n"),
        F.expr("sum(CASE WHEN setting = 'inpatient' THEN los_days END) AS los_days_sum"),
        F.expr("count(CASE WHEN setting = 'snf' THEN 1 END) AS snf_stays_n"),
        F.expr("sum(CASE WHEN setting = 'snf' THEN los_days END) AS snf_los_days_sum"),
    )


def _readmissions(readmission_index: DataFrame) -> DataFrame:
    return readmission_index.groupBy(*PERSON_YEAR).agg(
        F.expr("count(CASE WHEN is_index THEN 1 END) AS index_n"),
        F.expr("count(CASE WHEN readmitted THEN 1 END) AS readmissions_n"),
        F.expr("count(CASE WHEN unplanned_readmitted THEN 1 END) AS unplanned_n"),
    )


def _visits(clm_visit: DataFrame) -> DataFrame:
    return clm_visit.groupBy(*PERSON_YEAR).agg(
        F.expr("count(CASE WHEN visit_type = 'ed' THEN 1 END) AS ed_visits_n"),
        F.expr("count(CASE WHEN visit_type = 'office' THEN 1 END) AS office_visits_n"),
    )


def _conditions(chronic_condition: DataFrame) -> DataFrame:
    return chronic_condition.groupBy(*PERSON_YEAR).agg(
        *[F.expr(f"max(CASE WHEN condition = '{name}' THEN dx_flag END) AS dx_{name}") for name in CONDITIONS]
    )


def _last_days(
    deaths: DataFrame, claim: DataFrame, drug_event: DataFrame, claims_extent: DataFrame, end_of_life: LastDays
) -> DataFrame:
    """What the last days before death cost, on the year of death; no row where the data begin after they do."""
    begins = f"date_sub(died_by, {end_of_life.days - 1})"
    first = claims_extent.select("source", "first_claim_date")
    dead = deaths.join(first, "source", how="inner").filter(f"first_claim_date <= {begins}")
    people = dead.selectExpr("source", "bene_id", "died_by", f"{begins} AS _begin")
    costs = claim.selectExpr("source", "bene_id", "from_date AS day", "payment_usd AS cost_usd").unionByName(
        drug_event.selectExpr("source", "bene_id", "service_date AS day", "total_cost_usd AS cost_usd")
    )
    # Each of the dead has one row without a cost, so that no costs are 0.
    inside = people.join(costs, ["source", "bene_id"], how="inner").filter("day BETWEEN _begin AND died_by")
    every = inside.select("source", "bene_id", "died_by", "cost_usd").unionByName(
        people.selectExpr("source", "bene_id", "died_by", "cast(0 AS decimal(18,2)) AS cost_usd")
    )
    return (
        every.selectExpr("source", "bene_id", "year(died_by) AS year", "cost_usd")
        .groupBy(*PERSON_YEAR)
        .agg(F.sum("cost_usd").alias("last_180d_cost_usd"))
    )
