"""Shapes of the claims tables: periods, groupings, people counted once, and bands of age and of conditions.

Periods. A row counts in its year and in `all`; a row without a year in `all` alone. Figures that add up are summed by
year first, so that only few rows are repeated.

People. A person counts once in a row, however many claims and years the row holds. The different (row, person) pairs
are made first and counted then (`count_people`), never by `count(DISTINCT ...)` beside other aggregates: on Sail two of
those over 5.7 million diagnoses took 100 s of processor time and 4.5 GB, pairs 3.6 s and 1 GB.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.gold.bands import ALL, UNKNOWN, label_of
from nh_lakehouse.gold.grouping import with_grouping_sets
from nh_lakehouse.gold.statistics import exact_sum_usd, ratio

__all__ = [
    "CHRONIC_BANDS",
    "FFS_12",
    "PERIOD",
    "AgeBands",
    "add_up",
    "age_5y_of",
    "age_band_of",
    "chronic_band_of",
    "code_of",
    "count_people",
    "count_people_by_value",
    "labels_from",
    "people_of",
    "period_year",
    "pmpm",
    "provider_names",
    "sums_of",
    "with_all",
    "with_group_label",
    "with_groupings",
    "with_periods",
    "with_populations",
]

PERIOD = ("source", "period")
"""Columns that every table by period begins with."""

FFS_12 = "ffs12"
"""Population of the people with twelve fee-for-service months: all their claims of the year are known."""


@dataclass(frozen=True)
class AgeBands:
    """Whole years of age that separate the bands.

    Attributes:
        edges: lower edges of the bands above the first, ascending: 65 (entitlement by age), 75 and 85.
    """

    edges: tuple[int, ...] = (65, 75, 85)


CHRONIC_BANDS = ((0, "0"), (1, "1"), (3, "2-3"), (5, "4-5"))
"""Highest number of chronic conditions of a band and its label; more is `6+`."""

_NARROW_YEARS, _OLDEST = 5, 95

#: Between the parts of a text that are taken apart again; no code or name holds it (the unit separator of ASCII).
_SEPARATOR = "\x1f"


def age_band_of(age: Column, bands: AgeBands = AgeBands()) -> Column:
    """Broad band of an age in whole years: `<65`, `65-74`, `75-84`, `85+`, `unknown`."""
    band = F.when(age < bands.edges[0], f"<{bands.edges[0]}")
    for low, high in pairwise(bands.edges):
        band = band.when(age < high, f"{low}-{high - 1}")
    return band.when(age.isNotNull(), f"{bands.edges[-1]}+").otherwise(UNKNOWN)


def age_5y_of(age: Column) -> Column:
    """Band of five years of an age in whole years: `0-4` to `90-94`, `95+`, `unknown`."""
    low = F.floor(age / _NARROW_YEARS).cast("int") * _NARROW_YEARS
    band = F.concat_ws("-", low.cast("string"), (low + (_NARROW_YEARS - 1)).cast("string"))
    return F.when(age >= _OLDEST, f"{_OLDEST}+").when(age.isNotNull(), band).otherwise(UNKNOWN)


def chronic_band_of(conditions_n: Column) -> Column:
    """Band of a number of chronic conditions: `0`, `1`, `2-3`, `4-5`, `6+`, `unknown`."""
    (highest, label), *higher = CHRONIC_BANDS
    band = F.when(conditions_n <= highest, label)
    for highest, label in higher:
        band = band.when(conditions_n <= highest, label)
    return band.when(conditions_n.isNotNull(), f"{highest + 1}+").otherwise(UNKNOWN)


def code_of(system: str, number: str) -> Column:
    """Provider or diagnosis as text, `CCN:220008` or `ICD9:4280`; null where one of the two is."""
    return F.concat(F.col(system), F.lit(":"), F.col(number))


def people_of(patients: DataFrame) -> DataFrame:
    """Rows of `patient_summary` or `patient_year` whose year a beneficiary file holds: the people of a year."""
    return patients.filter(F.col("has_beneficiary_year"))


# --- rows repeated --------------------------------------------------------------------------------------------------


def with_periods(df: DataFrame, *, year: str = "year") -> DataFrame:
    """Every row for its year and for `all`: the column `period` (text) takes the place of the year.

    Rows without a year stand in `all` alone.
    """
    periods = F.explode(F.array(F.col(year).cast("string"), F.lit(ALL))).alias("period")
    kept = [name for name in df.columns if name != year]
    return df.select(*kept, periods).filter(F.col("period").isNotNull())


def period_year() -> Column:
    """The column `year` of a period: int, null for `all`."""
    return F.when(F.col("period") != ALL, F.col("period")).cast("int").alias("year")


def with_all(df: DataFrame, column: str) -> DataFrame:
    """Every row for its own value of a column and for `all`; null is `unknown`."""
    labelled = df.withColumn(column, label_of(F.col(column)))
    return with_grouping_sets(labelled, labels={column: ALL}, sets=[(column,), ()])


def with_groupings(df: DataFrame, values: Mapping[str, Column], *, keep: Sequence[str]) -> DataFrame:
    """Every row once for each grouping.

    Args:
        df: rows with the columns of `keep`.
        values: name of the grouping -> its value of a row.
        keep: columns that repeat.
    Returns:
        `keep`, `group_by` and `group_value` (text; null is `unknown`).
    """
    # CASE by the name, not arrays of values as in `unpivot`: those would be copied for every grouping.
    repeated = df.select("*", F.explode(F.array(*[F.lit(name) for name in values])).alias("group_by"))
    (first, value), *others = values.items()
    chosen = F.when(F.col("group_by") == first, value)
    for name, value in others:
        chosen = chosen.when(F.col("group_by") == name, value)
    return repeated.select(*keep, "group_by", label_of(chosen).alias("group_value"))


def with_populations(people: DataFrame) -> DataFrame:
    """Every person for the population `all`, and for `ffs12` with twelve fee-for-service months (`ffs_months`)."""
    populations = F.array(F.lit(ALL), F.when(F.col("ffs_months") == 12, F.lit(FFS_12)))
    repeated = people.select("*", F.explode(populations).alias("population"))
    return repeated.filter(F.col("population").isNotNull())


# --- rows counted ---------------------------------------------------------------------------------------------------


def count_people(df: DataFrame, *, by: Sequence[str]) -> DataFrame:
    """Different beneficiaries (`bene_id`) per row of the columns `by`: those columns and `people_n`.

    Rows without a beneficiary are not counted; a group that has no others has no row.
    """
    pairs = df.filter(F.col("bene_id").isNotNull()).select(*by, "bene_id").distinct()
    return pairs.groupBy(*by).agg(F.count("bene_id").alias("people_n"))


def count_people_by_value(df: DataFrame, groupings: Sequence[str]) -> DataFrame:
    """Different beneficiaries per source, period and value, for groupings of very many values.

    Drugs are the case: nearly every fill of a person is of another package, so that the (row, person) pairs of
    `count_people` are several times the fills. Here every person's rows are put into one list, repeats are taken out of
    it, and what is left is counted: 5.6 million fills in 1.1 GB in place of 4.3 GB on Sail.

    Args:
        df: rows with `source`, `bene_id`, `year` and a text column per grouping.
        groupings: names of those columns; null is `unknown`.
    Returns:
        `source`, `period`, `group_by`, `group_value` and `people_n`, the grouping `all` included.
    """
    year = F.coalesce(F.col("year").cast("string"), F.lit(""))
    row = F.concat_ws(_SEPARATOR, year, *[label_of(F.col(name)) for name in groupings])
    persons = (
        df.filter(F.col("bene_id").isNotNull()).groupBy("source", "bene_id").agg(F.collect_list(row).alias("_rows"))
    )
    values = {ALL: f"'{ALL}'", **{name: _part("row", place) for place, name in enumerate(groupings, 2)}}
    keys = [
        f"array_distinct(transform(_rows, row -> concat_ws('{_SEPARATOR}', {period}, '{name}', {value})))"
        for name, value in values.items()
        for period in (_part("row", 1), f"'{ALL}'")
    ]
    counted = persons.selectExpr("source", f"explode(flatten(array({', '.join(keys)}))) AS _key")
    people = counted.groupBy("source", "_key").agg(F.count(F.lit(1)).alias("people_n"))
    parts = [f"{_part('_key', place)} AS {name}" for place, name in enumerate(("period", "group_by", "group_value"), 1)]
    return people.selectExpr("source", *parts, "people_n").filter(F.col("period") != "")


def _part(text: str, place: int) -> str:
    return f"split_part({text}, '{_SEPARATOR}', {place})"


def sums_of(names: Sequence[str]) -> list[Column]:
    """Sums of columns under their own names; amounts (`_usd`) as decimals. A sum over no value is null."""
    return [(exact_sum_usd(name) if name.endswith("_usd") else F.sum(name)).alias(name) for name in names]


def add_up(df: DataFrame, names: Sequence[str], *, by: Sequence[str]) -> DataFrame:
    """Sums of columns (`sums_of`) per row of the columns `by`."""
    return df.groupBy(*by).agg(*sums_of(names))


def pmpm() -> Column:
    """The column `pmpm_usd`: total cost of care per member month, double; null where the months are null or 0."""
    return ratio("total_cost_usd", "member_months").alias("pmpm_usd")


def with_group_label(df: DataFrame, *labels: DataFrame) -> DataFrame:
    """The column `group_label` of rows with `group_by` and `group_value`; null where no list has the value.

    Args:
        df: rows with a grouping.
        labels: frames of `group_by`, `group_value` and `group_label`, one row per value.
    """
    every = labels[0]
    for label in labels[1:]:
        every = every.unionByName(label)
    return df.join(every, ["group_by", "group_value"], how="left")


def labels_from(texts: DataFrame, group_by: str, *, value: Column, label: str) -> DataFrame:
    """Rows of an optional list as labels of a grouping, for `with_group_label`.

    Args:
        texts: the list.
        group_by: name of the grouping.
        value: its value of a row of the list.
        label: the column that holds the label.
    """
    # Computed, if only so: Sail refuses the union of columns whose comments differ and which are taken as they are.
    text = F.when(F.col(label).isNotNull(), F.col(label))
    return texts.select(
        F.lit(group_by).alias("group_by"),
        F.when(value.isNotNull(), value).alias("group_value"),
        text.alias("group_label"),
    )


def provider_names(clm_provider_name: DataFrame) -> DataFrame:
    """Names of providers as labels of the grouping provider (`CCN:220008`)."""
    provider = code_of("provider_id_type", "provider_id")
    return labels_from(clm_provider_name, "provider", value=provider, label="provider_name")
