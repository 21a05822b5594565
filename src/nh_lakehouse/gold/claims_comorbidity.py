"""Comorbidity of patients: the Charlson index, and the Elixhauser comorbidities where their list is brought."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.claims_codes import groups_of, with_group_bits
from nh_lakehouse.reference import read_list

__all__ = ["CHARLSON_WEIGHTS", "ELIXHAUSER", "MILDER", "charlson"]

CHARLSON_WEIGHTS: Mapping[str, int] = {row["group"]: int(row["weight"]) for row in read_list("charlson_quan_2005")}
"""Comorbidity -> its points (Charlson et al. 1987), in the order of the shipped list."""

MILDER = {"liver_mild": "liver_severe", "diabetes": "diabetes_complicated", "cancer": "metastatic"}
"""Milder form -> severe form, beside which it adds no points."""

AGE_DECADES = (50, 60, 70, 80)
"""Ages in whole years from each of which on the age-adjusted index has a point more (Charlson et al. 1994)."""

ELIXHAUSER = (
    "chf", "arrhythmia", "valvular", "pulmonary_circulation", "pvd", "hypertension", "hypertension_complicated",
    "paralysis", "neurological", "pulmonary", "diabetes", "diabetes_complicated", "hypothyroidism", "renal", "liver",
    "ulcer", "aids", "lymphoma", "metastatic", "solid_tumor", "rheumatoid", "coagulopathy", "obesity", "weight_loss",
    "fluid_electrolyte", "blood_loss_anemia", "deficiency_anemia", "alcohol", "drug", "psychosis", "depression",
)  # fmt: skip
"""The 31 comorbidities of Elixhauser as the optional list names them."""

CLAIM_TYPES, DX_TYPES = ("inpatient", "outpatient"), ("principal", "secondary")
"""Claims and kinds of diagnoses that count."""

_PERSON = ("source", "bene_id", "year")


@table(
    "gold.charlson",
    key=[*_PERSON],
    per=["source", "bene_id"],
    order=[*_PERSON],
    optional=["claim_diagnosis", "clm_elixhauser", "clm_beneficiary_year"],
)
def charlson(
    patient_spine: DataFrame, claim_diagnosis: DataFrame, clm_elixhauser: DataFrame, clm_beneficiary_year: DataFrame
) -> DataFrame:
    """Comorbidities of a person and year, and their scores.

    Args:
        patient_spine: one row per (source, bene_id, year): the years that rows are made for.
        claim_diagnosis: one row per (source, claim_type, claim_id, dx_type, dx_seq); principal and secondary diagnoses
            of inpatient and outpatient claims count, of the year and the one before.
        clm_elixhauser: optional list, one row per (comorbidity, code_system, code_prefix), with weights.
        clm_beneficiary_year: one row per (source, bene_id, year); reads `age_end`.
    Returns:
        One row per row of `patient_spine`. Flags are false where no claim has a code. `charlson` is the sum of the
        weights of the flags, of a mild and a severe form of the severe one alone; `charlson_age_adjusted` adds a point
        for each decade from 50 on, at most four, null where the age is. Elixhauser flags, their number and
        `van_walraven`, the sum of their weights without exclusions, are null without the list.
    Source: Quan et al., Medical Care 2005, 43(11):1130-1139 (codes of both); Charlson et al. 1987 (weights); van
        Walraven et al. 2009 (weights of Elixhauser comorbidities, as the list has them).
    """
    counted = claim_diagnosis.filter(
        f"claim_type IN {CLAIM_TYPES} AND dx_type IN {DX_TYPES} AND bene_id IS NOT NULL AND year IS NOT NULL"
    ).select(*_PERSON, "code_system", "code")
    ages = clm_beneficiary_year.select(*_PERSON, "age_end")
    rows = (
        _elixhauser_weights(clm_elixhauser)
        .crossJoin(patient_spine.select(*_PERSON))
        .join(_two_years(with_group_bits(counted, groups_of("charlson_quan_2005")), "_groups"), [*_PERSON], how="left")
        .join(_two_years(_with_elixhauser_bits(counted, clm_elixhauser), "_elixhauser"), [*_PERSON], how="left")
        .join(ages, [*_PERSON], how="left")
    )
    flagged = rows.selectExpr(
        "*", *_flags("ch", CHARLSON_WEIGHTS, "_groups"), *_flags("elix", ELIXHAUSER, "_elixhauser", given="_listed")
    )
    scored = flagged.selectExpr("*", f"cast({_charlson_index()} AS int) AS charlson")
    return scored.selectExpr(
        *_PERSON,
        "charlson",
        *[f"ch_{name}" for name in CHARLSON_WEIGHTS],
        f"cast(charlson + {_age_points()} AS int) AS charlson_age_adjusted",
        *[f"elix_{name}" for name in ELIXHAUSER],
        "cast(CASE WHEN _listed THEN bit_count(coalesce(_elixhauser, 0L)) END AS int) AS elixhauser_n",
        f"cast(CASE WHEN _listed THEN {_van_walraven()} END AS int) AS van_walraven",
    )


def _two_years(diagnoses: DataFrame, bits: str) -> DataFrame:
    """Comorbidities of a person and year by the diagnoses of the year and the one before."""
    by_year = diagnoses.groupBy(*_PERSON).agg(F.bit_or(bits).alias(bits))
    counted = by_year.selectExpr("source", "bene_id", "explode(array(year, year + 1)) AS year", bits)
    return counted.groupBy(*_PERSON).agg(F.bit_or(bits).alias(bits))


def _with_elixhauser_bits(diagnoses: DataFrame, clm_elixhauser: DataFrame) -> DataFrame:
    """The diagnoses whose code begins with a prefix of the list, with a bit for each comorbidity."""
    codes = diagnoses.select("code_system", "code").distinct()
    # Every beginning of a code, so that the join with the prefixes is one of equal texts.
    beginnings = codes.selectExpr(
        "code_system", "code", "explode(transform(sequence(1, length(code)), n -> substr(code, 1, n))) AS code_prefix"
    )
    numbers = " ".join(f"WHEN '{name}' THEN {2**number}L" for number, name in enumerate(ELIXHAUSER))
    listed = clm_elixhauser.selectExpr("code_system", "code_prefix", f"CASE comorbidity {numbers} END AS _bit")
    known = (
        beginnings.join(listed, on=["code_system", "code_prefix"], how="inner")
        .groupBy("code_system", "code")
        .agg(F.bit_or("_bit").alias("_elixhauser"))
    )
    return F.broadcast(known).join(diagnoses, on=["code_system", "code"], how="inner")


def _elixhauser_weights(clm_elixhauser: DataFrame) -> DataFrame:
    """One row: whether there is a list, and the weight of each comorbidity (0 where the list lacks it)."""
    weights = [
        F.expr(f"coalesce(max(CASE WHEN comorbidity = '{name}' THEN comorbidity_weight END), 0) AS _weight_{name}")
        for name in ELIXHAUSER
    ]
    return clm_elixhauser.agg(F.expr("count(1) > 0 AS _listed"), *weights)


def _flags(prefix: str, names: Mapping[str, int] | tuple[str, ...], bits: str, given: str = "true") -> list[str]:
    return [
        f"CASE WHEN {given} THEN coalesce({bits}, 0L) & {2**number}L <> 0 END AS {prefix}_{name}"
        for number, name in enumerate(names)
    ]


def _charlson_index() -> str:
    points = []
    for name, weight in CHARLSON_WEIGHTS.items():
        counts = f"ch_{name} AND NOT ch_{MILDER[name]}" if name in MILDER else f"ch_{name}"
        points.append(f"CASE WHEN {counts} THEN {weight} ELSE 0 END")
    return " + ".join(points)


def _age_points() -> str:
    steps = [f"CASE WHEN age_end >= {age} THEN 1 WHEN age_end IS NOT NULL THEN 0 END" for age in AGE_DECADES]
    return f"({' + '.join(steps)})"


def _van_walraven() -> str:
    return " + ".join(f"CASE WHEN elix_{name} THEN _weight_{name} ELSE 0 END" for name in ELIXHAUSER)
