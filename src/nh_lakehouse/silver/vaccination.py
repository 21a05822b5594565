"""Silver of COVID-19 vaccination: homes, states and the nation in one shape, each from its own file."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import silver_table
from nh_lakehouse.silver.published import published

__all__ = ["nh_vaccination_home", "nh_vaccination_state"]

TABLE = "silver.nh_vaccination"
KEY = ("level", "ccn", "state", "snapshot_month")


@silver_table(TABLE, of="nh_covid_vax_provider", part=("level", "home"), key=KEY, history="snapshot")
def nh_vaccination_home(nh_covid_vax_provider: DataFrame) -> DataFrame:
    """Shares of vaccinated residents and staff of a home, by the newest data of a month.

    Args:
        nh_covid_vax_provider: one row per (ccn, snapshot_month).
    Returns:
        One row per row, all values as published; a share that a file does not have is null.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS Nursing Home Data Dictionary, October 2024, COVID-19 Vaccination Rates.
    """
    return published(nh_covid_vax_provider, TABLE, {"level": F.lit("home"), "is_national": F.lit(False)})


@silver_table(TABLE, of="nh_covid_vax_averages", part=("level", "state"), key=KEY, history="snapshot")
def nh_vaccination_state(nh_covid_vax_averages: DataFrame) -> DataFrame:
    """Shares of vaccinated residents and staff of a state or the nation, by the newest data of a month.

    Args:
        nh_covid_vax_averages: one row per (state, snapshot_month).
    Returns:
        One row per row, all values as published; `ccn` is null, the nation's `state` is US.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS Nursing Home Data Dictionary, October 2024, COVID-19 Vaccination Rates.
    """
    computed = {"level": F.lit("state"), "ccn": F.lit(None).cast("string")}
    return published(nh_covid_vax_averages, TABLE, computed)
