"""The unplanned part of the readmission measure: which indexes count, and which readmissions were planned.

Both follow published lists of clinical categories that do not ship with the package. Without them the columns of
`readmission_index` that need them are null.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

__all__ = ["HwrRules", "with_unplanned"]

_EXCLUDED = ("cancer", "psychiatric", "rehabilitation")
_DIAGNOSIS_LISTS = (*(f"excluded_{kind}_dx" for kind in _EXCLUDED), "always_planned_dx", "acute_dx")
_PROCEDURE_LISTS = ("always_planned_px", "potentially_planned_px")


@dataclass(frozen=True)
class HwrRules:
    """Who is eligible for the unplanned readmission measure.

    Attributes:
        least_age: 65 years at discharge.
        months_before: 12 months with part A before the month of discharge.
        months_after: 1 month with part A after it.
    """

    least_age: int = 65
    months_before: int = 12
    months_after: int = 1


def with_unplanned(
    episodes: DataFrame,
    inpatient_stay: DataFrame,
    clm_beneficiary_year: DataFrame,
    clm_enrollment_month: DataFrame,
    claim_procedure: DataFrame,
    clm_ccs: DataFrame,
    clm_hwr_list: DataFrame,
    rules: HwrRules,
) -> DataFrame:
    """Adds the exclusion from the unplanned measure, and whether the readmission was planned.

    Args:
        episodes: one row per (source, episode_id): bene_id, is_index, age_at_discharge, discharge_date,
            discharge_status, primary_dx, dx_code_system, readmission_stay_id.
        inpatient_stay: principal diagnosis and claims of the readmission stays.
        clm_beneficiary_year: stated months with part A (synpuf: all 12 of the year of discharge).
        clm_enrollment_month: months with part A (rif: each of the 12 before the month of discharge, it, and the next).
        claim_procedure: ICD procedures of the claims of readmission stays.
        clm_ccs: categories of codes. Where this or the next list is empty, both columns are null.
        clm_hwr_list: the measure's lists, of categories and of beginnings of codes.
    Returns:
        `episodes` with `hwr_exclusion`, the first reason that applies or `none`, and `planned`, null where there is no
        readmission stay. Planned: an always planned procedure or principal diagnosis, or a potentially planned
        procedure without an acute principal diagnosis. Only the first admission after an index is looked at.
    Source: CMS hospital-wide all-cause unplanned readmission measure, specification report (eligibility; planned
        readmission algorithm, tables PR.1 to PR.4).
    """
    lists = _lists(clm_ccs, clm_hwr_list)
    stays = inpatient_stay.where("setting = 'inpatient'").crossJoin(lists)
    by_codes = _by_codes(stays, claim_procedure.crossJoin(lists), clm_ccs)
    of_index = by_codes.select("source", "stay_id", "_dx_exclusion")
    of_readmission = by_codes.selectExpr("source", "stay_id AS readmission_stay_id", "_planned")
    stated = clm_beneficiary_year.selectExpr("source", "bene_id", "year AS _year", "a_months")
    reasons = {
        "no_index": "NOT is_index",
        "age": f"coalesce(age_at_discharge < {rules.least_age}, true)",
        "enrollment": "NOT coalesce(CASE WHEN source = 'synpuf' THEN a_months = 12 ELSE _covered END, false)",
        "against_advice": "discharge_status = '07'",
    }
    first = " ".join(f"WHEN {condition} THEN '{reason}'" for reason, condition in reasons.items())
    return (
        episodes.crossJoin(lists.select("_has_lists"))
        .withColumn("_year", F.expr("year(discharge_date)"))
        .join(stated, ["source", "bene_id", "_year"], "left")
        .join(_covered(stays, clm_enrollment_month, rules), ["source", "stay_id"], "left")
        .join(of_index, ["source", "stay_id"], "left")
        .join(of_readmission, ["source", "readmission_stay_id"], "left")
        .selectExpr(
            *episodes.columns,
            f"CASE WHEN _has_lists THEN CASE {first} ELSE _dx_exclusion END END AS hwr_exclusion",
            "CASE WHEN _has_lists THEN _planned END AS planned",
        )
    )


def _lists(clm_ccs: DataFrame, clm_hwr_list: DataFrame) -> DataFrame:
    """One row: `_has_lists`, and of each list its entries as an array of texts, `CCS:108` or `ICD9:4280`.

    Without categories of diagnoses every index would be excluded, without those of procedures none be planned: lists
    are there where both are.
    """
    names = [*_DIAGNOSIS_LISTS, *_PROCEDURE_LISTS]
    entry = "CASE WHEN list_name = '{0}' THEN concat(upper(list_code_kind), ':', list_code) END"
    arrays = [F.expr(f"collect_list({entry.format(name)}) AS {name}") for name in names]
    entries = clm_hwr_list.agg(F.expr("count(1) AS _entries"), *arrays)
    kinds = [F.expr(f"count_if(code_kind = '{kind}') AS _{kind}") for kind in ("dx", "px")]
    both = entries.crossJoin(clm_ccs.agg(*kinds))
    return both.selectExpr("_entries > 0 AND _dx > 0 AND _px > 0 AS _has_lists", *names)


def _is_in(name: str) -> str:
    """SQL of whether the code of a row is in a list: by its category, or by the beginning of the code itself."""
    code = "concat(code_system, ':', code)"
    return f"coalesce(exists({name}, e -> e = concat('CCS:', ccs_category) OR startswith({code}, e)), false)"


def _categories(clm_ccs: DataFrame, kind: str) -> DataFrame:
    return clm_ccs.where(f"code_kind = '{kind}'").select("code_system", "code", "ccs_category")


def _by_codes(stays: DataFrame, procedures: DataFrame, clm_ccs: DataFrame) -> DataFrame:
    """What the codes of a stay say: `_dx_exclusion`, as an index, and `_planned`, as a readmission.

    The lists hold some hundred entries; each code is held against all of them.
    """
    claims = stays.selectExpr("source", "stay_id", "explode(claim_ids) AS claim_id")
    done = (
        procedures.where("_has_lists AND claim_type = 'inpatient'")
        .join(_categories(clm_ccs, "px"), ["code_system", "code"], "left")
        .join(claims, ["source", "claim_id"], "inner")
        .groupBy("source", "stay_id")
        .agg(*[F.expr(f"bool_or({_is_in(name)}) AS _{name}") for name in _PROCEDURE_LISTS])
    )
    excluded = " ".join(f"WHEN {_is_in(f'excluded_{kind}_dx')} THEN '{kind}'" for kind in _EXCLUDED)
    planned = (
        f"coalesce(_always_planned_px, false) OR {_is_in('always_planned_dx')}"
        f" OR coalesce(_potentially_planned_px, false) AND NOT {_is_in('acute_dx')} AS _planned"
    )
    return (
        stays.where("_has_lists")
        .withColumnsRenamed({"dx_code_system": "code_system", "primary_dx": "code"})
        .join(_categories(clm_ccs, "dx"), ["code_system", "code"], "left")
        .join(done, ["source", "stay_id"], "left")
        .selectExpr(
            "source",
            "stay_id",
            f"CASE WHEN ccs_category IS NULL THEN 'no_diagnosis' {excluded} ELSE 'none' END AS _dx_exclusion",
            planned,
        )
    )


def _covered(stays: DataFrame, clm_enrollment_month: DataFrame, rules: HwrRules) -> DataFrame:
    """`_covered`: part A in every month around the discharge of a hospital stay, where months are published."""
    month = "CAST(trunc(discharge_date, 'MM') AS date)"
    around = stays.where("_has_lists AND is_episode_end AND source <> 'synpuf'").selectExpr(
        "source",
        "bene_id",
        "stay_id",
        f"add_months({month}, -{rules.months_before}) AS _first",
        f"add_months({month}, {rules.months_after}) AS _last",
    )
    covered = clm_enrollment_month.where("part_a").select("source", "bene_id", "month")
    months = around.join(covered, ["source", "bene_id"], "inner").where("month BETWEEN _first AND _last")
    return months.groupBy("source", "stay_id").agg(
        F.expr(f"count(1) = {rules.months_before + 1 + rules.months_after} AS _covered")
    )
