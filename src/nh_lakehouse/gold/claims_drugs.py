"""Drugs of patients: days with a supply at hand, and how many different ones within ninety days."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from nh_lakehouse.declare import table
from nh_lakehouse.gold.claims_facts import NDC9
from nh_lakehouse.gold.statistics import exact_sum_usd, ratio

__all__ = ["DRUG_DAYS", "drug_adherence", "drug_counts"]

DRUG_DAYS = 90
"""Days within which different drugs count as taken together (polypharmacy, MEASURES C3)."""

#: Days of a year lie in six whole numbers of 61 bits each: 366 in all, and none reaches the sign.
_BITS, _WORDS = 61, 6
#: Windows that all people share: one for each costs Sail ten microseconds.
_WINDOWS = 64
_PRODUCT = ("source", "bene_id", "year", "ndc9")


@table(
    "gold.drug_adherence",
    key=[*_PRODUCT],
    per=["source", "bene_id"],
    optional=["clm_ndc"],
    order=["source", "bene_id", "year"],
)
def drug_adherence(drug_event: DataFrame, clm_ndc: DataFrame) -> DataFrame:
    """Fills of a person, year and drug product, and the days on which a supply was at hand.

    Args:
        drug_event: one row per (source, event_id).
        clm_ndc: optional names and classes of drugs, one row per `ndc9`.
    Returns:
        One row per (source, bene_id, year, ndc9) with a fill. A fill covers its day and the `days_supply` - 1 after it,
        not beyond 31 December; a day that two fills cover counts once, nothing is carried forward, and fills of the
        year before do not reach in. `pdc` (0-1) = covered / observed days, of which the first is that of the first
        fill and the last is 31 December. Days and `pdc` are null where no fill states days of supply; sums of amounts
        are 0 where none is stated. Fills without person, product or day make no row.
    Source: proportion of days covered as the Pharmacy Quality Alliance defines it, without carry-over.
    """
    fills = _fills(drug_event, "days_supply", "total_cost_usd", "patient_pay_usd").selectExpr(
        "*",
        "CASE WHEN days_supply > 0 THEN days_supply END AS _supply",
        "dayofyear(service_date) - 1 AS _first",
        "dayofyear(make_date(year, 12, 31)) - 1 AS _end",
    )
    # least() skips nulls: a fill without days of supply covers none.
    last = "CASE WHEN _supply IS NOT NULL THEN least(_first + _supply - 1, _end) END AS _last"
    covered = fills.selectExpr("*", last).selectExpr(
        "*", *[f"{_days_of_word(word)} AS _word_{word}" for word in range(_WORDS)]
    )
    # A union of days is an OR of bits: no window, no list of fills.
    by_product = covered.groupBy(*_PRODUCT).agg(
        F.count(F.lit(1)).alias("fills_n"),
        F.min("service_date").alias("first_fill_date"),
        F.max("service_date").alias("last_fill_date"),
        F.sum("_supply").alias("supply_days_sum"),
        exact_sum_usd("total_cost_usd").alias("rx_cost_usd"),
        exact_sum_usd("patient_pay_usd").alias("patient_pay_usd"),
        *[F.bit_or(f"_word_{word}").alias(f"_word_{word}") for word in range(_WORDS)],
    )
    days = " + ".join(f"bit_count(_word_{word})" for word in range(_WORDS))
    counted = by_product.selectExpr(
        "*",
        f"cast(CASE WHEN supply_days_sum IS NOT NULL THEN {days} END AS bigint) AS covered_drug_days",
        "cast(datediff(make_date(year, 12, 31), first_fill_date) + 1 AS bigint) AS observed_drug_days",
    )
    names = clm_ndc.select("ndc9", "drug_name", "drug_class")
    return names.join(counted, on="ndc9", how="right").select(
        *_PRODUCT,
        "drug_name",
        "drug_class",
        "fills_n",
        "first_fill_date",
        "last_fill_date",
        "supply_days_sum",
        "covered_drug_days",
        "observed_drug_days",
        ratio("covered_drug_days", "observed_drug_days").alias("pdc"),
        _or_zero("rx_cost_usd"),
        _or_zero("patient_pay_usd"),
    )


def _or_zero(name: str) -> Column:
    return F.expr(f"cast(coalesce({name}, 0) AS decimal(18,2)) AS {name}")


def _fills(drug_event: DataFrame, *columns: str) -> DataFrame:
    """Fills with person, product and day: those, the year of the day, and the columns asked for."""
    known = drug_event.filter("bene_id IS NOT NULL AND ndc IS NOT NULL AND service_date IS NOT NULL")
    return known.selectExpr(
        "source", "bene_id", "year(service_date) AS year", f"{NDC9} AS ndc9", "service_date", *columns
    )


def _days_of_word(word: int) -> str:
    """SQL of the bits of a word that the days `_first` to `_last` of the year (from 0) set; 0 without `_last`."""
    low, high = f"greatest(_first - {word * _BITS}, 0)", f"least(_last - {word * _BITS}, {_BITS - 1})"
    bits = f"shiftleft(1L, cast({high} + 1 AS int)) - shiftleft(1L, cast({low} AS int))"
    return f"CASE WHEN _last >= {word * _BITS} AND _first < {(word + 1) * _BITS} THEN {bits} ELSE 0L END"


def drug_counts(drug_event: DataFrame) -> DataFrame:
    """Different drug products of a person and year, and the most within any ninety days.

    Args:
        drug_event: one row per (source, event_id).
    Returns:
        One row per (source, bene_id, year) with a fill of a product: `distinct_drugs_n`, and `max_drugs_90d_n`, over
        the days with a fill of a product in the year the most different `ndc9` filled on that day and the 89 before it,
        in the year before too. A fill without NDC is left out.
    """
    people = Window.partitionBy(F.pmod(F.xxhash64("source", "bene_id"), F.lit(_WINDOWS)))
    by_product = people.orderBy("source", "bene_id", "ndc9", "day")
    fills = _fills(drug_event).selectExpr(*_PRODUCT, "unix_date(service_date) AS day")
    named = ("source", "bene_id", "ndc9")
    goes_on = _all_equal([(F.lead(name).over(by_product), name) for name in named])
    came_before = _all_equal([(F.lag(name).over(by_product), name) for name in (*named, "year")])
    # A product counts from a fill until its next fill, at most for ninety days: so each fill begins and ends once.
    stretches = fills.select(
        "source",
        "bene_id",
        "year",
        "day",
        F.when(goes_on, F.lead("day").over(by_product)).alias("_next"),
        F.when(~F.coalesce(came_before, F.lit(False)), 1).alias("_is_new"),
    ).selectExpr("*", f"least(day + {DRUG_DAYS}, coalesce(_next, day + {DRUG_DAYS})) AS _until")
    steps = stretches.selectExpr("*", "explode(array(1, -1)) AS _step").selectExpr(
        "source", "bene_id", "year", "_step", "_is_new", "CASE WHEN _step = 1 THEN day ELSE _until END AS _at"
    )
    # All steps of a person add up to 0: the sum begins anew with the next person of the window. Of one day, what ends
    # comes first, so that the last step of the day stands at its number.
    in_time = people.orderBy("source", "bene_id", "_at", "_step").rowsBetween(Window.unboundedPreceding, 0)
    running = steps.select("source", "bene_id", "year", "_step", "_is_new", F.sum("_step").over(in_time).alias("_n"))
    return (
        running.filter("_step = 1")
        .groupBy("source", "bene_id", "year")
        .agg(F.count("_is_new").alias("distinct_drugs_n"), F.max("_n").cast("int").alias("max_drugs_90d_n"))
    )


def _all_equal(pairs: Sequence[tuple[Column, str]]) -> Column:
    equal = F.lit(True)
    for found, name in pairs:
        equal = equal & (found == F.col(name))
    return equal
