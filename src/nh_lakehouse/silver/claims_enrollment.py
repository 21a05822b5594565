"""Coverage month by month, from what the beneficiary files tell of a year."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import table

__all__ = ["clm_enrollment_month"]

#: Part -> the yearly count of its months, and the text with a character for each month (RIF).
_PARTS = {
    "part_a": ("a_months", "part_a_by_month"),
    "part_b": ("b_months", "part_b_by_month"),
    "part_c": ("hmo_months", "part_c_by_month"),
    "part_d": ("d_months", "part_d_by_month"),
}
FIRST_YEAR = 2008
"""First year of DE-SynPUF: whoever has no file before it did not enter in it."""
ENTRY_AGE = 65
"""Age at which people come into Medicare (Social Security Act, section 1811)."""


@table(
    "silver.clm_enrollment_month",
    key=["source", "bene_id", "month"],
    per=["source", "bene_id"],
    order=["source", "bene_id", "month"],
)
def clm_enrollment_month(clm_beneficiary_year: DataFrame) -> DataFrame:
    """Coverage of a person in each month of the years that have a beneficiary file.

    Args:
        clm_beneficiary_year: one row per (source, bene_id, year).
    Returns:
        Twelve rows per row. RIF: covered where the month's character is 1. SynPUF tells numbers of months alone: of k
        months the first k are taken, or the last k up to the end, where the person enters in the year: the 65th
        birthday lies in it, or there is no file of the year before (2008 apart). The end is the month of death if
        that lies in the year, else December; where more months are stated than it leaves, the first k are taken: no
        stated month is lost. `month_imputed` says that one of the four numbers is neither 0 nor 12. A part is null
        where its text or number is. `is_member`: part A or B; `is_ffs`: A and B and not C; null counts as not covered.
    Source: ResDAC Master Beneficiary Summary File record layout; CMS DE-SynPUF user manual.
    """
    months = _with_entry(clm_beneficiary_year).selectExpr(
        "*", "explode(array(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)) AS _m"
    )
    is_part = " OR ".join(f"coalesce({count} BETWEEN 1 AND 11, false)" for count, _ in _PARTS.values())
    covered = months.selectExpr(
        "source",
        "bene_id",
        "CAST(concat_ws('-', CAST(year AS string), CAST(_m AS string), '1') AS date) AS month",
        "year",
        *[f"{_is_covered(count, text)} AS {part}" for part, (count, text) in _PARTS.items()],
        "CASE WHEN source = 'rif' THEN substring(dual_by_month, _m, 1) = '1' END AS dual",
        f"source = 'synpuf' AND ({is_part}) AS month_imputed",
    )
    a, b, c = (f"coalesce({part}, false)" for part in ("part_a", "part_b", "part_c"))
    return covered.selectExpr(
        "source",
        "bene_id",
        "month",
        "year",
        "part_a",
        "part_b",
        "part_c",
        "part_d",
        "dual",
        f"{a} OR {b} AS is_member",
        f"{a} AND {b} AND NOT {c} AS is_ffs",
        "month_imputed",
    )


def _is_covered(count: str, text: str) -> str:
    """SQL: the part covers month `_m`; null where it is not known."""
    # As many months as are stated, also where these are more than there were up to the end.
    last = f"greatest(_end, {count})"
    assigned = f"CASE WHEN _enters THEN _m > {last} - {count} AND _m <= {last} ELSE _m <= {count} END"
    return f"CASE WHEN source = 'rif' THEN substring({text}, _m, 1) = '1' WHEN {count} IS NOT NULL THEN {assigned} END"


def _with_entry(years: DataFrame) -> DataFrame:
    """`_enters`, whether coverage begins in the year, and `_end`, the last month that it can have."""
    before = years.where("source = 'synpuf'").selectExpr(
        "source AS _source", "bene_id AS _bene_id", "year + 1 AS _year", "true AS _before"
    )
    same = (
        (F.col("source") == F.col("_source"))
        & (F.col("bene_id") == F.col("_bene_id"))
        & (F.col("year") == F.col("_year"))
    )
    joined = years.join(before, on=same, how="left")
    turns = f"coalesce(year(birth_date) + {ENTRY_AGE} = year, false)"
    return joined.selectExpr(
        "source",
        "bene_id",
        "year",
        *[name for names in _PARTS.values() for name in names],
        "dual_by_month",
        f"{turns} OR (year > {FIRST_YEAR} AND _before IS NULL) AS _enters",
        "CASE WHEN year(death_date) = year THEN month(death_date) ELSE 12 END AS _end",
    )
