"""The unplanned part of the readmission measure: which indexes count, and which readmissions were planned.

Both follow published lists of clinical categories that do not ship with the package. Without them nothing here has a
row, and the columns of `readmission_index` that need them are null.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

__all__ = ["HwrRules", "unplanned"]

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


def unplanned(
    episodes: DataFrame,
    inpatient_stay: DataFrame,
    clm_beneficiary_year: DataFrame,
    clm_enrollment_month: DataFrame,
    claim_procedure: DataFrame,
    clm_ccs: DataFrame,
    clm_hwr_list: DataFrame,
    rules: HwrRules,
) -> DataFrame:
    """Exclusion from the unplanned measure, and whether the readmission was planned.

    Args:
        episodes: one row per (source, episode_id): is_index, age_at_discharge, discharge_date, discharge_status,
            primary_dx, dx_code_system, readmission_stay_id.
        inpatient_stay: principal diagnosis and claims of the readmission stays.
        clm_beneficiary_year: stated months with part A (synpuf: all 12 of the year of discharge).
        clm_enrollment_month: months with part A (rif: each of the 12 before the month of discharge, it, and the next).
        claim_procedure: ICD procedures of the claims of readmission stays.
        clm_ccs: categories of codes. Where this or the next list is empty, no row comes out.
        clm_hwr_list: the measure's lists, of categories and of beginnings of codes.
    Returns:
        One row per (source, episode_id): `hwr_exclusion`, the first reason that applies or `none`; `planned`, null
        where there is no readmission stay. Planned: an always planned procedure or principal diagnosis, or a
        potentially planned procedure without an acute principal diagnosis. Only the first admission after an index is
        looked at.
    Source: CMS hospital-wide all-cause unplanned readmission measure, specification report (eligibility; planned
        readmission algorithm, tables PR.1 to PR.4).
    """
    both = clm_ccs.agg(F.expr("count(1) AS _ccs")).crossJoin(clm_hwr_list.agg(F.expr("count(1) AS _listed")))
    measured = episodes.crossJoin(both.where("_ccs > 0 AND _listed > 0"))
    diagnoses = _listed(
        inpatient_stay.selectExpr("dx_code_system AS code_system", "primary_dx AS code"),
        "dx",
        clm_ccs,
        clm_hwr_list,
        _DIAGNOSIS_LISTS,
    )
    planned = _planned(
        measured.where("readmission_stay_id IS NOT NULL").select("source", "readmission_stay_id").distinct(),
        inpatient_stay,
        diagnoses,
        claim_procedure,
        clm_ccs,
        clm_hwr_list,
    )
    enrolled = _enrolled(measured.where("is_index"), clm_beneficiary_year, clm_enrollment_month, rules)
    of_index = diagnoses.withColumnsRenamed({"code_system": "dx_code_system", "code": "primary_dx"})
    reasons = [
        ("no_index", "NOT is_index"),
        ("age", f"coalesce(age_at_discharge < {rules.least_age}, true)"),
        ("enrollment", "NOT coalesce(_enrolled, false)"),
        ("against_advice", "discharge_status = '07'"),
        ("no_diagnosis", "ccs_category IS NULL"),
        *[(kind, f"excluded_{kind}_dx") for kind in _EXCLUDED],
    ]
    first = " ".join(f"WHEN {condition} THEN '{reason}'" for reason, condition in reasons)
    return (
        measured.join(enrolled, ["source", "episode_id"], "left")
        .join(of_index, ["dx_code_system", "primary_dx"], "left")
        .join(planned, ["source", "readmission_stay_id"], "left")
        .selectExpr("source", "episode_id", f"CASE {first} ELSE 'none' END AS hwr_exclusion", "planned")
    )


def _listed(
    codes: DataFrame, kind: str, clm_ccs: DataFrame, clm_hwr_list: DataFrame, lists: tuple[str, ...]
) -> DataFrame:
    """One row per code: `ccs_category`, null where it has none, and for each list whether the code is in it."""
    known = codes.where("code IS NOT NULL").distinct()
    categories = clm_ccs.where(f"code_kind = '{kind}'").select("code_system", "code", "ccs_category")
    sorted_in = known.join(categories, ["code_system", "code"], "left")
    names = clm_hwr_list.select("list_name", "list_code_kind", "list_code")
    by_category = sorted_in.join(
        names.where("list_code_kind = 'ccs'").withColumnRenamed("list_code", "ccs_category"), "ccs_category", "inner"
    )
    by_code = sorted_in.join(
        names.withColumn("code_system", F.expr("upper(list_code_kind)")), "code_system", "inner"
    ).where("startswith(code, list_code)")
    columns = ["code_system", "code", "list_name"]
    found = by_category.select(*columns).unionByName(by_code.select(*columns))
    flags = found.groupBy("code_system", "code").agg(
        *[F.expr(f"bool_or(list_name = '{name}') AS _{name}") for name in lists]
    )
    return sorted_in.join(flags, ["code_system", "code"], "left").selectExpr(
        "code_system", "code", "ccs_category", *[f"coalesce(_{name}, false) AS {name}" for name in lists]
    )


def _enrolled(
    index: DataFrame, clm_beneficiary_year: DataFrame, clm_enrollment_month: DataFrame, rules: HwrRules
) -> DataFrame:
    """`_enrolled`: part A around the discharge, by month where months are published, else by the year's count."""
    month = "CAST(trunc(discharge_date, 'MM') AS date)"
    around = index.where("source <> 'synpuf'").selectExpr(
        "source",
        "bene_id",
        "episode_id",
        f"add_months({month}, -{rules.months_before}) AS _first",
        f"add_months({month}, {rules.months_after}) AS _last",
    )
    covered = clm_enrollment_month.where("part_a").select("source", "bene_id", "month")
    months = around.join(covered, ["source", "bene_id"], "inner").where("month BETWEEN _first AND _last")
    by_month = months.groupBy("source", "episode_id").agg(
        F.expr(f"count(1) = {rules.months_before + 1 + rules.months_after} AS _enrolled")
    )
    stated = clm_beneficiary_year.select("source", "bene_id", "year", "a_months")
    by_year = (
        index.where("source = 'synpuf'")
        .selectExpr("source", "bene_id", "episode_id", "year(discharge_date) AS year")
        .join(stated, ["source", "bene_id", "year"], "inner")
    )
    return by_month.unionByName(by_year.selectExpr("source", "episode_id", "a_months = 12 AS _enrolled"))


def _planned(
    readmissions: DataFrame,
    inpatient_stay: DataFrame,
    diagnoses: DataFrame,
    claim_procedure: DataFrame,
    clm_ccs: DataFrame,
    clm_hwr_list: DataFrame,
) -> DataFrame:
    """`planned` of each readmission stay."""
    stays = readmissions.join(
        inpatient_stay.selectExpr(
            "source",
            "stay_id AS readmission_stay_id",
            "dx_code_system AS code_system",
            "primary_dx AS code",
            "claim_ids",
        ),
        ["source", "readmission_stay_id"],
        "inner",
    ).join(diagnoses, ["code_system", "code"], "left")
    claims = stays.selectExpr("source", "readmission_stay_id", "explode(claim_ids) AS claim_id")
    done = claims.join(
        claim_procedure.where("claim_type = 'inpatient'").select("source", "claim_id", "code_system", "code"),
        ["source", "claim_id"],
        "inner",
    )
    listed = _listed(done.select("code_system", "code"), "px", clm_ccs, clm_hwr_list, _PROCEDURE_LISTS)
    procedures = (
        done.join(listed, ["code_system", "code"], "inner")
        .groupBy("source", "readmission_stay_id")
        .agg(*[F.expr(f"bool_or({name}) AS {name}") for name in _PROCEDURE_LISTS])
    )
    planned = (
        "coalesce(always_planned_px, false) OR coalesce(always_planned_dx, false)"
        " OR coalesce(potentially_planned_px, false) AND NOT coalesce(acute_dx, false) AS planned"
    )
    return stays.join(procedures, ["source", "readmission_stay_id"], "left").selectExpr(
        "source", "readmission_stay_id", planned
    )
