"""What paid nurse hours cost: hours by job times the wage in force.

Which wage is in force: that of the job in the home's state in the calendar year of the period, else of the latest
earlier year of that state; where the state has none of either, that of `US` in the same way. A later year's wage is
never carried back.

A job that has hours and no wage makes the whole cost null: a cost without it would look complete. A job without hours
needs no wage. Hours count on every day, with and without residents, as they are paid; a day of which some job's hours
are unknown counts neither as hours nor as residents.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import add

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from nh_lakehouse.gold.payroll_day import JOBS
from nh_lakehouse.gold.statistics import USD_TYPE

__all__ = ["COST_COLUMNS", "Pay", "with_cost"]

COST_COLUMNS = ("payroll_cost_usd", "cost_per_resident_day_usd")
"""Columns of cost in the payroll tables of periods."""

_EVERYWHERE = "US"
#: Types whose products stay within 38 digits on both engines: (18,6) x (6,4) + (18,6) -> (26,10); x (10,2) -> (37,12).
_HOURS_TYPE, _PREMIUM_TYPE, _WAGE_TYPE, _TERM_TYPE = "decimal(18,6)", "decimal(6,4)", "decimal(10,2)", "decimal(30,10)"


@dataclass(frozen=True)
class Pay:
    """How paid hours are priced.

    Attributes:
        contract_premium: what an hour of contract staff costs in hours of an employee, with four decimals; 1.0 by
            default: no source publishes it, and agencies charge more than they pay. Contract hours that are unknown
            are priced as those of employees.
    """

    contract_premium: float = 1.0


def with_cost(periods: DataFrame, nh_wage: DataFrame, pay: Pay, *, year: Column) -> DataFrame:
    """Add `payroll_cost_usd` to periods of homes.

    Args:
        periods: sums of homes over a period, with `state` and the paid hours of `pbj_totals`.
        nh_wage: one row per (job, state, year). May be empty: then every cost is null.
        pay: how hours of contract staff are priced.
        year: calendar year of a row's period.
    """
    dated = periods.withColumn("_year", year)
    wages = _in_force(dated.select("state", "_year").distinct(), nh_wage)
    same = F.col("state").eqNullSafe(F.col("_pay_state")) & (F.col("_year") == F.col("_pay_year"))
    # An empty sum of hours says nothing while no wage is known: the join leaves `_pay_year` null there.
    cost = F.when(F.col("_pay_year").isNotNull(), reduce(add, [_cost_of(job, pay) for job in JOBS]))
    helpers = ("_year", "_pay_state", "_pay_year", *[f"_wage_{job}" for job in JOBS])
    priced = dated.join(wages, on=same, how="left").withColumn("payroll_cost_usd", cost.cast(USD_TYPE))
    return priced.drop(*helpers)


def _in_force(places: DataFrame, nh_wage: DataFrame) -> DataFrame:
    """One row per state and year that has any wage, with the wage in force of each job."""
    wanted = places.select(F.col("state").alias("_pay_state"), F.col("_year").alias("_pay_year"))
    known = nh_wage.where(F.col("usd_per_hour").isNotNull()).select(
        "job", F.col("state").alias("_of"), F.col("year").alias("_since"), "usd_per_hour"
    )
    is_own = F.coalesce(F.col("_of") == F.col("_pay_state"), F.lit(False))
    holds = (is_own | (F.col("_of") == _EVERYWHERE)) & (F.col("_since") <= F.col("_pay_year"))
    best_first = Window.partitionBy("_pay_state", "_pay_year", "job").orderBy(F.col("_own").desc(), F.desc("_since"))
    nearest = (
        wanted.join(known, on=holds, how="inner")
        .withColumn("_own", is_own.cast("int"))
        .withColumn("_place", F.row_number().over(best_first))
        .where(F.col("_place") == 1)
    )
    return nearest.groupBy("_pay_state", "_pay_year").agg(
        *[
            F.max(F.when(F.col("job") == name, F.col("usd_per_hour"))).alias(f"_wage_{job}")
            for job, name in JOBS.items()
        ]
    )


def _cost_of(job: str, pay: Pay) -> Column:
    hours, contract = (F.col(f"paid_{job}{part}_hours").cast(_HOURS_TYPE) for part in ("", "_ctr"))
    premium = Decimal(str(pay.contract_premium)) - 1
    paid = hours
    if premium:
        paid = hours + F.coalesce(contract, F.lit(0).cast(_HOURS_TYPE)) * F.lit(str(premium)).cast(_PREMIUM_TYPE)
    cost = (paid * F.col(f"_wage_{job}").cast(_WAGE_TYPE)).cast(_TERM_TYPE)
    return F.when(hours == 0, F.lit(0).cast(_TERM_TYPE)).otherwise(cost)
