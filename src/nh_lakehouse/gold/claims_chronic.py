"""Chronic conditions of patients: by the diagnoses of their claims, and as SynPUF flags them.

A simplification of the rules of the Chronic Conditions Warehouse: a group of codes, how many years back claims count,
and how many it takes. All rules follow from four figures of a person, condition and year, which add up over the years
of the rule: claims of inpatient kind, of outpatient kind, and the first and last day of either. Two claims a day apart
are a first and a last day that differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.claims_codes import Groups, groups_of, with_group_bits
from nh_lakehouse.gold.grouping import unpivot
from nh_lakehouse.reference import read_list

__all__ = ["CANCER", "CONDITIONS", "SYNPUF_FLAGS", "chronic_condition"]

CANCER = "cancer"
"""Condition of whoever has any of the four cancers."""

CONDITIONS = (
    "alzheimer", "heart_failure", "kidney", CANCER, "copd", "depression", "diabetes", "ischemic_heart", "osteoporosis",
    "arthritis", "stroke", "hyperlipidemia", "hypertension",
)  # fmt: skip
"""The 13 conditions that are counted: the four cancers are one."""

SYNPUF_FLAGS = {
    "alzheimer": "sp_alzhdmta",
    "heart_failure": "sp_chf",
    "kidney": "sp_chrnkidn",
    CANCER: "sp_cncr",
    "copd": "sp_copd",
    "depression": "sp_depressn",
    "diabetes": "sp_diabetes",
    "ischemic_heart": "sp_ischmcht",
    "osteoporosis": "sp_osteoprs",
    "arthritis": "sp_ra_oa",
    "stroke": "sp_strketia",
}
"""Condition -> its flag in the beneficiary files of SynPUF."""

INPATIENT_KIND = ("inpatient", "snf", "hha")
"""Claim types that the rules call inpatient."""

OUTPATIENT_KIND = ("outpatient", "carrier")
"""Claim types that the rules call outpatient; hospice and dme never count."""

DX_TYPES = ("principal", "secondary", "line")
"""Kinds of diagnoses that count; admitting and external ones never do."""

#: Rule -> SQL of whether it is met, over the sums of a person and condition in the years of the rule.
_RULES = {
    "any1": "ip_claims_n + op_claims_n >= 1",
    "any2": "last_dx_date > first_dx_date",
    "ip1_op2": "ip_claims_n >= 1 OR last_op_date > first_op_date",
}
_PERSON = ("source", "bene_id", "year")
#: Sums of a person, condition and year -> how those of several years are made one.
_SUMS = {
    "ip_claims_n": "sum",
    "op_claims_n": "sum",
    "first_dx_date": "min",
    "last_dx_date": "max",
    "first_op_date": "min",
    "last_op_date": "max",
}


@table(
    "gold.chronic_condition",
    key=[*_PERSON, "condition"],
    per=["source", "bene_id"],
    order=[*_PERSON],
    optional=["claim_diagnosis", "clm_beneficiary_year"],
)
def chronic_condition(
    patient_spine: DataFrame, claim_diagnosis: DataFrame, clm_beneficiary_year: DataFrame
) -> DataFrame:
    """Chronic conditions of a person and year, by diagnoses and as SynPUF flags them.

    Args:
        patient_spine: one row per (source, bene_id, year): the years that rows are made for.
        claim_diagnosis: one row per (source, claim_type, claim_id, dx_type, dx_seq).
        clm_beneficiary_year: one row per (source, bene_id, year); reads the flags of SynPUF.
    Returns:
        One row per (source, bene_id, year, condition) that a rule or a flag finds. `dx_flag` by the claims of the year
        and, by the rule, one or two years before: `any1` one claim, `any2` two whose first days lie a day or more
        apart, `ip1_op2` one of inpatient kind or two of outpatient kind a day or more apart; `cancer` where the rule of
        one of the four cancers is met. Counts are of different claims (of `cancer` those of all four), 0 where the flag
        alone finds the condition; their days are null then. `sp_flag` is null where nothing is published.
    Source: CMS Chronic Conditions Warehouse algorithms, simplified to code prefixes (`chronic_groups.csv`); CMS
        DE-SynPUF user manual (flags).
    """
    by_year = _over_the_years(_by_year(claim_diagnosis)).join(patient_spine.select(*_PERSON), [*_PERSON], how="semi")
    # The type is stated: Sail 0.7.2 gives a column that the first frame lacks none.
    found = _with_any_cancer(by_year).selectExpr("*", "cast(NULL AS boolean) AS sp_flag")
    told = found.unionByName(_published(clm_beneficiary_year), allowMissingColumns=True)
    rows = told.groupBy(*_PERSON, "condition").agg(
        F.expr("coalesce(max(dx_flag), false) AS dx_flag"),
        F.expr("max(sp_flag) AS sp_flag"),
        *[F.expr(f"cast(coalesce(max({name}), 0) AS int) AS {name}") for name in ("ip_claims_n", "op_claims_n")],
        F.expr("max(first_dx_date) AS first_dx_date"),
        F.expr("max(last_dx_date) AS last_dx_date"),
    )
    return rows.filter("dx_flag OR sp_flag")


def _with_any_cancer(by_year: DataFrame) -> DataFrame:
    """Each condition with `dx_flag`; whoever meets the rule of one of the four cancers has a row that says so of any.

    A claim of each of two cancers meets the rule of neither, and so none of any cancer.
    """
    flagged = by_year.selectExpr("*", f"{_rule_is_met()} AS dx_flag")
    stands_for = f"dx_flag AND startswith(condition, '{CANCER}_')"
    repeated = flagged.selectExpr(
        "*", f"explode(CASE WHEN {stands_for} THEN array(condition, '{CANCER}') ELSE array(condition) END) AS _of"
    )
    own = ("ip_claims_n", "op_claims_n", "first_dx_date", "last_dx_date")
    return repeated.selectExpr(
        *_PERSON,
        "_of AS condition",
        "dx_flag",
        *[f"CASE WHEN _of = condition THEN {name} END AS {name}" for name in own],
    )


def _groups() -> dict[str, list[tuple[str, str]]]:
    """Groups of the shipped list, and any cancer."""
    groups = groups_of("chronic_groups")
    cancers = [prefix for name, prefixes in groups.items() if _is_cancer(name) for prefix in prefixes]
    return {**groups, CANCER: cancers}


def _is_cancer(group: str) -> bool:
    return group.startswith(f"{CANCER}_")


def _rules() -> dict[str, tuple[str, int]]:
    """Group of the shipped list -> its rule and how many years count."""
    return {row["group"]: (row["rule"], int(row["lookback_years"])) for row in read_list("chronic_groups")}


def _by_year(claim_diagnosis: DataFrame) -> DataFrame:
    """Claims of a person, condition and year: how many, and their first and last days."""
    counted = claim_diagnosis.filter(
        f"claim_type IN ({_texts((*INPATIENT_KIND, *OUTPATIENT_KIND))}) AND dx_type IN ({_texts(DX_TYPES)}) "
        "AND bene_id IS NOT NULL AND from_date IS NOT NULL"
    ).select("source", "bene_id", "claim_type", "claim_id", "from_date", "code_system", "code")
    groups = _groups()
    # A claim counts once, however often it has a code of the group.
    claims = (
        with_group_bits(counted, groups)
        .groupBy("source", "bene_id", "claim_type", "claim_id", "from_date")
        .agg(F.bit_or("_groups").alias("_groups"))
    )
    outpatient = f"claim_type IN ({_texts(OUTPATIENT_KIND)})"
    rows = claims.selectExpr(
        "source",
        "bene_id",
        "year(from_date) AS year",
        f"explode({_names_of_bits(groups)}) AS condition",
        "from_date",
        f"CASE WHEN {outpatient} THEN from_date END AS op_date",
    )
    return rows.groupBy(*_PERSON, "condition").agg(
        F.expr("count(1) - count(op_date) AS ip_claims_n"),
        F.expr("count(op_date) AS op_claims_n"),
        F.expr("min(from_date) AS first_dx_date"),
        F.expr("max(from_date) AS last_dx_date"),
        F.expr("min(op_date) AS first_op_date"),
        F.expr("max(op_date) AS last_op_date"),
    )


def _names_of_bits(groups: Groups) -> str:
    """SQL of the array of the groups whose bit is set."""
    names = ", ".join(f"CASE WHEN _groups & {2**number}L <> 0 THEN '{name}' END" for number, name in enumerate(groups))
    return f"filter(array({names}), g -> g IS NOT NULL)"


def _over_the_years(by_year: DataFrame) -> DataFrame:
    """Sums of the years that count for a year: those of a year count in it and in the years that look back on it."""
    years = {name: years for name, (_, years) in _rules().items()}
    # Claims of any cancer are counted in the years of the four.
    (years[CANCER],) = {of_one for name, of_one in years.items() if _is_cancer(name)}
    ahead = " ".join(f"WHEN '{name}' THEN {count - 1}" for name, count in years.items())
    repeated = by_year.selectExpr(
        "source",
        "bene_id",
        f"explode(sequence(year, year + CASE condition {ahead} END)) AS year",
        "condition",
        *_SUMS,
    )
    return repeated.groupBy(*_PERSON, "condition").agg(
        *[F.expr(f"{made_one}({name}) AS {name}") for name, made_one in _SUMS.items()]
    )


def _published(clm_beneficiary_year: DataFrame) -> DataFrame:
    """The flags of SynPUF that are published, one row each."""
    entries = {
        "condition": [F.lit(name) for name in SYNPUF_FLAGS],
        "sp_flag": [F.col(flag) for flag in SYNPUF_FLAGS.values()],
    }
    return (
        unpivot(clm_beneficiary_year, keep=_PERSON, number="_flag", rows=entries)
        .drop("_flag")
        .filter("sp_flag IS NOT NULL")
    )


def _rule_is_met() -> str:
    by_rule: dict[str, list[str]] = {}
    for name, (rule, _) in _rules().items():
        by_rule.setdefault(rule, []).append(name)
    return _case({f"condition IN ({_texts(names)})": _RULES[rule] for rule, names in by_rule.items()})


def _case(branches: Mapping[str, str]) -> str:
    return f"CASE {' '.join(f'WHEN {condition} THEN {value}' for condition, value in branches.items())} END"


def _texts(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)
