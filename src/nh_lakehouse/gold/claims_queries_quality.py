"""What is missing in the claims, and what was flagged while they were read: column by column, year by year."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.claims_grouping import add_up
from nh_lakehouse.gold.grouping import unpivot
from nh_lakehouse.gold.statistics import count_if, ratio

__all__ = ["NO_TYPE", "WHOLE_ROW", "q21_data_quality"]

WHOLE_ROW = "*"
"""Column name of rows that count whole rows with any flag."""

NO_TYPE = "none"
"""Claim type of tables that have none."""

FLAGS, YEAR = "dq_flags", "year"

_BY = ["source", "claim_type", "year", "column_name"]
_SUMS = ["rows_n", "missing_n", "flagged_n"]


@table(
    "gold.q21_data_quality",
    key=["source", "table_name", "claim_type", "column_name", "year"],
    optional=["claim_line", "claim_diagnosis", "claim_procedure", "drug_event", "clm_beneficiary_year"],
)
def q21_data_quality(
    claim: DataFrame,
    claim_line: DataFrame,
    claim_diagnosis: DataFrame,
    claim_procedure: DataFrame,
    drug_event: DataFrame,
    clm_beneficiary_year: DataFrame,
) -> DataFrame:
    """Rows without a value and rows with a quality flag, for every column of six silver tables.

    Args:
        claim: one row per claim.
        claim_line: one row per line.
        claim_diagnosis, claim_procedure: one row per code of a claim; codes of no known shape have the flag
            unknown_code.
        drug_event: one row per fill.
        clm_beneficiary_year: one row per person and year of a beneficiary file.
    Returns:
        One row per (source, table_name, claim_type, column_name, year). All columns but those of the key, `year` and
        `dq_flags`; claim type `none` for fills and beneficiaries; year null for undated claims. A flag
        (`reason:column`) counts once per row and column; the column `*` counts the rows with any flag, also such as
        name no column.
    Source: quality flags as `dq_flags` of the silver tables states them.
    """
    claim_type, none = F.col("claim_type"), F.lit(NO_TYPE)
    of_claim = ["source", "claim_type", "claim_id"]
    tables = [
        _quality(claim, "claim", key=of_claim, claim_type=claim_type),
        _quality(claim_line, "claim_line", key=[*of_claim, "line_no"], claim_type=claim_type),
        _quality(claim_diagnosis, "claim_diagnosis", key=[*of_claim, "dx_type", "dx_seq"], claim_type=claim_type),
        _quality(claim_procedure, "claim_procedure", key=[*of_claim, "px_seq"], claim_type=claim_type),
        _quality(drug_event, "drug_event", key=["source", "event_id"], claim_type=none),
        _quality(clm_beneficiary_year, "clm_beneficiary_year", key=["source", "bene_id", YEAR], claim_type=none),
    ]
    together = tables[0]
    for found in tables[1:]:
        together = together.unionByName(found)
    return together


def _quality(rows: DataFrame, name: str, *, key: Sequence[str], claim_type: Column) -> DataFrame:
    """The figures of one silver table."""
    # Columns that begin with an underscore say where a row came from.
    left_out = {*key, YEAR, FLAGS}
    columns = [column for column in rows.columns if column not in left_out and not column.startswith("_")]
    of_type = rows.withColumn("claim_type", claim_type)
    # Flags under values: a join would need a null-safe year.
    counted = add_up(_missing(of_type, columns).unionByName(_flagged(of_type, columns)), _SUMS, by=_BY)
    return counted.select(
        "source",
        F.lit(name).alias("table_name"),
        "claim_type",
        "column_name",
        "year",
        "rows_n",
        "missing_n",
        ratio("missing_n", "rows_n").alias("missing_share"),
        "flagged_n",
        ratio("flagged_n", "rows_n").alias("flagged_share"),
    )


def _missing(rows: DataFrame, columns: Sequence[str]) -> DataFrame:
    """Rows and rows without a value, per column and for the row as a whole; no flags yet."""
    present = [F.expr(f"count(`{column}`)").alias(f"_n_{column}") for column in columns]
    flagged = count_if(F.size(FLAGS) > 0).alias("_flagged")
    wide = rows.groupBy(*_BY[:-1]).agg(F.count(F.lit(1)).alias("rows_n"), flagged, *present)
    missing = [F.col("rows_n") - F.col(f"_n_{column}") for column in columns]
    none = F.lit(0).cast("bigint")
    long = unpivot(
        wide,
        keep=[*_BY[:-1], "rows_n"],
        number="_place",
        rows={
            "column_name": [F.lit(column) for column in (*columns, WHOLE_ROW)],
            "missing_n": [*missing, none],
            "flagged_n": [*[none for _ in columns], F.col("_flagged")],
        },
    )
    return long.select(*_BY, *_SUMS)


def _flagged(rows: DataFrame, columns: Sequence[str]) -> DataFrame:
    """Rows with a flag of a column, per column."""
    # Most rows have no flag: only those that have one are taken apart.
    named = F.expr(f"array_distinct(transform({FLAGS}, flag -> substring_index(flag, ':', -1)))")
    flags = rows.filter(F.size(FLAGS) > 0).select(*_BY[:-1], F.explode(named).alias("column_name"))
    none = F.lit(0).cast("bigint")
    return (
        flags.filter(F.col("column_name").isin(*columns))
        .groupBy(*_BY)
        .agg(F.count(F.lit(1)).alias("flagged_n"))
        .select(*_BY, none.alias("rows_n"), none.alias("missing_n"), "flagged_n")
    )
