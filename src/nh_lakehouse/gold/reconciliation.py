"""Checks between tables of all domains: homes without provider information, tags without a code, people whom no
beneficiary file holds, encounters in no file, figures that two files should agree on.

Neither changes a row of silver, as the answer depends on which files are loaded; both are recomputed when one of their
inputs changes. Differences are shown, they are no errors. A domain adds inputs here, all optional: what is not loaded
arrives empty and makes no row.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.claims_checks import (
    counted_claims,
    orphan_beneficiaries,
    paid_in_year,
    services_after_death,
    stated_for_year,
)
from nh_lakehouse.gold.consistency import incomplete_quarters, mismatched_scores, orphan_tags
from nh_lakehouse.gold.grouping import unpivot
from nh_lakehouse.gold.hospital_checks import orphan_encounters, treated_after_death
from nh_lakehouse.gold.statistics import exact_mean, exact_sum, ratio
from nh_lakehouse.quarters import month_of_quarter

__all__ = ["AVERAGES", "reconciliation", "referential"]

SNF_NUMBERS = ("5000", "6499")
"""Last four characters of the CCNs of skilled nursing facilities (CMS State Operations Manual, chapter 2, 2779A)."""

AVERAGES: dict[str, str] = {
    "residents_per_day": "residents_per_day_mean",
    "total_hprd": "total_hprd_mean",
    "rn_hprd": "rn_hprd_mean",
    "lpn_hprd": "lpn_hprd_mean",
    "aide_hprd": "aide_hprd_mean",
    "licensed_hprd": "licensed_hprd_mean",
    "pt_hprd": "pt_hprd_mean",
    "weekend_total_hprd": "weekend_total_hprd_mean",
    "weekend_rn_hprd": "weekend_rn_hprd_mean",
    "case_mix_index": "case_mix_index_mean",
    "case_mix_rn_hprd": "case_mix_rn_hprd_mean",
    "case_mix_total_hprd": "case_mix_total_hprd_mean",
    "case_mix_weekend_total_hprd": "case_mix_weekend_total_hprd_mean",
    "nursing_turnover_pct": "nursing_turnover_pct_mean",
    "rn_turnover_pct": "rn_turnover_pct_mean",
    "administrators_left_n": "administrators_left_mean",
    "deficiencies_c1_n": "deficiencies_c1_mean",
    "deficiencies_c2_n": "deficiencies_c2_mean",
    "deficiencies_c3_n": "deficiencies_c3_mean",
    "fines_n": "fines_mean",
    "fines_usd": "fines_usd_mean",
    "overall_rating": "overall_rating_mean",
    "health_rating": "health_rating_mean",
    "qm_rating": "qm_rating_mean",
    "staffing_rating": "staffing_rating_mean",
}
"""Column of a home's month -> column of the state averages file that averages it."""


@table(
    "ops.referential",
    key=["table", "key", "period", "rule"],
    optional=[
        "nh_facility_month",
        "nh_penalty",
        "nh_vbp",
        "nh_vbp_national",
        "pbj_daily",
        "nh_measure_long",
        "nh_vaccination",
        "nh_citation",
        "nh_citation_code",
        "clm_beneficiary",
        "claim",
        "drug_event",
        "hosp_patient",
        "hosp_encounter",
        "hosp_procedure",
        "hosp_condition",
        "hosp_medication",
        "hosp_observation",
        "hosp_immunization",
        "hosp_allergy",
        "hosp_careplan",
        "hosp_device",
        "hosp_imaging_study",
        "hosp_supply",
        "hosp_claim",
        "hosp_claim_transaction",
    ],
)
def referential(
    nh_facility_month: DataFrame,
    nh_penalty: DataFrame,
    nh_vbp: DataFrame,
    nh_vbp_national: DataFrame,
    pbj_daily: DataFrame,
    nh_measure_long: DataFrame,
    nh_vaccination: DataFrame,
    nh_citation: DataFrame,
    nh_citation_code: DataFrame,
    clm_beneficiary: DataFrame,
    claim: DataFrame,
    drug_event: DataFrame,
    hosp_patient: DataFrame,
    hosp_encounter: DataFrame,
    hosp_procedure: DataFrame,
    hosp_condition: DataFrame,
    hosp_medication: DataFrame,
    hosp_observation: DataFrame,
    hosp_immunization: DataFrame,
    hosp_allergy: DataFrame,
    hosp_careplan: DataFrame,
    hosp_device: DataFrame,
    hosp_imaging_study: DataFrame,
    hosp_supply: DataFrame,
    hosp_claim: DataFrame,
    hosp_claim_transaction: DataFrame,
) -> DataFrame:
    """Homes, people and encounters that the files about them do not hold, and what does not fit together inside a file.

    Provider information of the same month decides; where that month is not loaded, the nearest loaded one (of two
    equally near, the earlier). A quarter is compared by its last month, a fiscal year by its September. Without any
    provider information nothing is reported.

    Args:
        nh_facility_month: the homes of each month.
        nh_penalty, nh_vbp, pbj_daily, nh_measure_long, nh_vaccination: tables that name homes.
        nh_vbp_national: threshold and benchmark, by which scores are checked.
        nh_citation, nh_citation_code: citations, and the tags that there are; without the latter no tag is reported.
        clm_beneficiary: people of beneficiary files, with the date of death; of a source without any nothing is told.
        claim, drug_event: claims and fills.
        hosp_patient: patients, with the date of death.
        hosp_encounter: encounters; of a source without any no orphan is reported.
        hosp_procedure, hosp_condition, hosp_medication, hosp_observation, hosp_immunization, hosp_allergy,
        hosp_careplan, hosp_device, hosp_imaging_study, hosp_supply, hosp_claim, hosp_claim_transaction: records that
            name encounters.
    Returns:
        One row per (table, key, period, rule): `key` is the ccn, `rule` is `orphan_facility`, or `not_in_provider_info`
        where absence is expected: swing-bed hospitals, and facilities of value-based purchasing whose number is not
        that of a skilled nursing facility. `rows_n` counts the rows concerned, `detail` names the month compared with.
        `days_not_calendar`: a home's days in a payroll quarter are not those of the calendar; `score_mismatch`: a
        value-based purchasing score is not what its formula gives. `orphan_tag`: a tag of citations (`key` is F-0880)
        that the look-up of citation codes does not hold. `orphan_beneficiary`: claims or fills of a person (`key` is
        source:bene_id) whom no beneficiary file holds; `service_after_death`: claims that begin after the person's
        death, fills more than a day after it; both by year. `orphan_encounter`: records of an encounter (`key` is
        source:encounter_id) that no encounter file holds; `service_after_death` of hospital records: encounters and
        procedures on a day after the patient's death (`key` is source:patient_id).
    Source: CCN numbering: CMS State Operations Manual, chapter 2, section 2779A.
    """
    number = F.substring("ccn", 3, 4)
    is_snf = number.between(*SNF_NUMBERS)
    is_swing = F.col("source") == "swing"
    quarter_end = month_of_quarter("quarter", 3)
    month = F.date_format("snapshot_month", "yyyy-MM"), F.col("snapshot_month")
    september = F.make_date("fiscal_year", F.lit(9), F.lit(1))
    named = [
        _named(nh_penalty, "nh_penalty", *month),
        _named(nh_vbp, "nh_vbp", F.col("fiscal_year").cast("string"), september, ~is_snf),
        _named(pbj_daily, "pbj_daily", F.col("quarter"), quarter_end),
        _named(nh_measure_long, "nh_measure_long", *month, is_swing),
        _named(nh_vaccination, "nh_vaccination", *month),
    ]
    homes = nh_facility_month.select("ccn", F.col("snapshot_month").alias("_compared")).distinct()
    compared = _with_nearest_month(reduce(lambda above, below: above.unionByName(below), named), nh_facility_month)
    orphans = compared.join(homes, ["ccn", "_compared"], how="left_anti")
    missing = orphans.select(
        "table",
        F.col("ccn").alias("key"),
        "period",
        F.when(F.col("_expected"), "not_in_provider_info").otherwise("orphan_facility").alias("rule"),
        "rows_n",
        F.concat(F.lit("not in provider information of "), F.date_format("_compared", "yyyy-MM")).alias("detail"),
    )
    records = {
        "hosp_procedure": hosp_procedure,
        "hosp_condition": hosp_condition,
        "hosp_medication": hosp_medication,
        "hosp_observation": hosp_observation,
        "hosp_immunization": hosp_immunization,
        "hosp_allergy": hosp_allergy,
        "hosp_careplan": hosp_careplan,
        "hosp_device": hosp_device,
        "hosp_imaging_study": hosp_imaging_study,
        "hosp_supply": hosp_supply,
        "hosp_claim": hosp_claim,
        "hosp_claim_transaction": hosp_claim_transaction,
    }
    others = (
        incomplete_quarters(pbj_daily),
        mismatched_scores(nh_vbp, nh_vbp_national),
        orphan_tags(nh_citation, nh_citation_code),
        orphan_beneficiaries(clm_beneficiary, claim, drug_event),
        services_after_death(clm_beneficiary, claim, drug_event),
        orphan_encounters(hosp_encounter, records),
        treated_after_death(hosp_patient, hosp_encounter, hosp_procedure),
    )
    return reduce(lambda above, below: above.unionByName(below), others, missing)


def _named(df: DataFrame, name: str, period: Column, month: Column, expected: Column | None = None) -> DataFrame:
    """Homes that a table names: one row per home, period and month to compare with."""
    is_expected = F.coalesce(expected, F.lit(False)) if expected is not None else F.lit(False)
    keys = [F.col("ccn"), period.alias("period"), month.alias("_month"), is_expected.alias("_expected")]
    homes = df.filter(F.col("ccn").isNotNull()).select(*keys).groupBy("ccn", "period", "_month", "_expected")
    return homes.agg(F.count(F.lit(1)).alias("rows_n")).withColumn("table", F.lit(name))


def _with_nearest_month(named: DataFrame, nh_facility_month: DataFrame) -> DataFrame:
    """Add the loaded month of provider information nearest to `_month`; no row where none is loaded.

    Each loaded month stands for the months up to half way to its neighbours, the half itself going to the earlier one.
    """
    in_order = Window.partitionBy(F.lit(1)).orderBy("_number")  # a handful of rows
    loaded = nh_facility_month.select(F.col("snapshot_month").alias("_compared")).distinct()
    spans = loaded.withColumn("_number", _month_number("_compared")).select(
        "_compared",
        (F.lag("_number").over(in_order) + F.col("_number")).alias("_after"),
        (F.lead("_number").over(in_order) + F.col("_number")).alias("_upto"),
    )
    twice = 2 * _month_number("_month")
    is_after = F.col("_after").isNull() | (twice > F.col("_after"))
    is_upto = F.col("_upto").isNull() | (twice <= F.col("_upto"))
    return named.join(spans, is_after & is_upto, how="inner").drop("_after", "_upto")


def _month_number(day: str) -> Column:
    return F.year(day) * 12 + F.month(day)


@table(
    "ops.reconciliation",
    key=["rule", "snapshot_month", "measure"],
    optional=[
        "nh_facility_month",
        "nh_penalty",
        "nh_state_month",
        "claim",
        "drug_event",
        "clm_beneficiary_year",
        "clm_export_count",
    ],
)
def reconciliation(
    nh_facility_month: DataFrame,
    nh_penalty: DataFrame,
    nh_state_month: DataFrame,
    claim: DataFrame,
    drug_event: DataFrame,
    clm_beneficiary_year: DataFrame,
    clm_export_count: DataFrame,
) -> DataFrame:
    """Figures that stand in two files, side by side, for each snapshot month or year.

    Args:
        nh_facility_month: one row per home and month.
        nh_penalty: one row per penalty and month; fines have an amount, denials do not.
        nh_state_month: the publisher's averages; the national row counts.
        claim, drug_event: each claim and fill once.
        clm_beneficiary_year: SynPUF's beneficiary files, with what Medicare paid in the year.
        clm_export_count: claims as the exporter of RIF files counted them.
    Returns:
        One row per (rule, snapshot_month, measure). Rule `fines`: number and amount of fines and number of denials,
        summed over provider information (`left`) and counted in the penalties file (`right`). Rule `facility_mean`:
        unweighted mean over the loaded homes (`left`) and the publisher's NATION row (`right`); it agrees only where
        all homes of the nation are loaded, which `left_n` tells. Rule `synpuf_year` (`snapshot_month` is 1 January):
        payments of the loaded claims of the people of the year's beneficiary file (`left`) and the yearly amounts that
        it states (`right`). Rule `export_summary` (`snapshot_month` is null): claims of the summary's people, and those
        that it counts. `diff` = left - right; a side that is not loaded is null, but counts of `export_summary` are 0.
    Source: CMS Nursing Home Data Dictionary, October 2024, Provider Information, Penalties, State and US Averages; CMS
        DE-SynPUF user manual; export summary written beside the RIF files.
    """
    parts = [
        _fines(nh_facility_month, nh_penalty),
        _means(nh_facility_month, nh_state_month),
        _synpuf_year(claim, clm_beneficiary_year),
        _export_summary(claim, drug_event, clm_export_count),
    ]
    return reduce(lambda above, below: above.unionByName(below), parts)


def _fines(nh_facility_month: DataFrame, nh_penalty: DataFrame) -> DataFrame:
    measures = ["fines_n", "fines_usd", "denials_n"]
    summed = nh_facility_month.groupBy("snapshot_month").agg(
        *[exact_sum(name).alias(name) for name in measures], *[F.count(name).alias(f"{name}_rows") for name in measures]
    )
    denial = F.when(F.col("fine_usd").isNull(), F.lit(1))
    listed = nh_penalty.groupBy("snapshot_month").agg(
        F.count("fine_usd").cast("double").alias("fines_n"),
        exact_sum("fine_usd").alias("fines_usd"),
        F.count(denial).cast("double").alias("denials_n"),
        F.count("fine_usd").alias("fines_n_rows"),
        F.count("fine_usd").alias("fines_usd_rows"),
        F.count(denial).alias("denials_n_rows"),
    )
    left = _long(summed, {name: (name, f"{name}_rows") for name in measures}, "left")
    right = _long(listed, {name: (name, f"{name}_rows") for name in measures}, "right")
    return _side_by_side("fines", left, right, tables=("nh_facility_month", "nh_penalty"))


def _means(nh_facility_month: DataFrame, nh_state_month: DataFrame) -> DataFrame:
    means = nh_facility_month.groupBy("snapshot_month").agg(
        *[exact_mean(name).alias(name) for name in AVERAGES],
        *[F.count(name).alias(f"{name}_rows") for name in AVERAGES],
    )
    national = nh_state_month.filter(F.col("is_national")).withColumn("_one", F.lit(1))
    left = _long(means, {name: (name, f"{name}_rows") for name in AVERAGES}, "left")
    right = _long(national, {name: (column, "_one") for name, column in AVERAGES.items()}, "right")
    return _side_by_side("facility_mean", left, right, tables=("nh_facility_month", "nh_state_month"))


def _synpuf_year(claim: DataFrame, clm_beneficiary_year: DataFrame) -> DataFrame:
    left, right = paid_in_year(claim, clm_beneficiary_year), stated_for_year(clm_beneficiary_year)
    return _side_by_side("synpuf_year", left, right, tables=("claim", "clm_beneficiary_year"))


def _export_summary(claim: DataFrame, drug_event: DataFrame, clm_export_count: DataFrame) -> DataFrame:
    counted = counted_claims(claim, drug_event, clm_export_count).withColumns(
        {"snapshot_month": F.lit(None).cast("date"), "left_n": F.col("left_value").cast("bigint")}
    )
    return _compared("export_summary", counted, left_table=F.col("left_table"), right_table="clm_export_count")


def _long(df: DataFrame, columns: Mapping[str, tuple[str, str]], side: str) -> DataFrame:
    """One row per month and measure; `columns` gives the value and the number of rows behind it."""
    rows = {
        "measure": [F.lit(measure) for measure in columns],
        f"{side}_value": [F.col(value).cast("double") for value, _ in columns.values()],
        f"{side}_n": [F.col(rows).cast("bigint") for _, rows in columns.values()],
    }
    return unpivot(df, keep=["snapshot_month"], number="_no", rows=rows).drop("_no")


def _side_by_side(rule: str, left: DataFrame, right: DataFrame, *, tables: tuple[str, str]) -> DataFrame:
    both = left.join(right, ["snapshot_month", "measure"], how="full")
    return _compared(rule, both, left_table=F.lit(tables[0]), right_table=tables[1])


def _compared(rule: str, both: DataFrame, *, left_table: Column, right_table: str) -> DataFrame:
    diff = F.col("left_value") - F.col("right_value")
    return both.select(
        F.lit(rule).alias("rule"),
        "snapshot_month",
        "measure",
        left_table.alias("left_table"),
        "left_value",
        "left_n",
        F.lit(right_table).alias("right_table"),
        "right_value",
        "right_n",
        diff.alias("diff"),
        (100 * ratio(diff, "right_value")).alias("diff_pct"),
    )
