"""When a person with Medicare died, as far as the sources tell."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

__all__ = ["latest_deaths"]

#: DE-SynPUF moves every death to the first of its month.
_BY_MONTH = "synpuf"


def latest_deaths(clm_beneficiary: DataFrame) -> DataFrame:
    """The people whose death is known.

    Args:
        clm_beneficiary: versions of people; the latest known `death_date` of one counts.
    Returns:
        One row per (source, bene_id) with a date of death. `death_date` is the published one. `died_by` is the last day
        on which the person may have lived: in DE-SynPUF, which tells the month alone (as its first day), the last of
        that month; else the published day.
    Source: CMS DE-SynPUF user manual, Beneficiary Summary, BENE_DEATH_DT.
    """
    deaths = clm_beneficiary.groupBy("source", "bene_id").agg(F.max("death_date").alias("death_date"))
    died_by = f"CASE WHEN source = '{_BY_MONTH}' THEN last_day(death_date) ELSE death_date END AS died_by"
    return deaths.filter(F.col("death_date").isNotNull()).selectExpr("*", died_by)
