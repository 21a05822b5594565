"""Shapes of tables: grouping sets (states and the nation, each class and all classes) and long form.

The DataFrame API of Spark 3.5 has no grouping sets. Here each row is repeated once for every set it counts in, with the
total's label in the columns the set sums over; one `groupBy` then gives all sets. National rows are thus computed from
homes, never from state averages.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import combinations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.gold.bands import ALL, NATION

__all__ = ["every_set", "unpivot", "with_grouping_sets", "with_nation"]


def every_set(columns: Sequence[str]) -> list[tuple[str, ...]]:
    """All subsets of the columns, the whole and the empty set among them (a cube)."""
    return [chosen for size in range(len(columns) + 1) for chosen in combinations(columns, size)]


def with_grouping_sets(df: DataFrame, *, labels: Mapping[str, str], sets: Iterable[Collection[str]]) -> DataFrame:
    """Repeat every row once per set; columns outside of the set take their total's label.

    Args:
        df: rows with the grouping columns as text; no column of them is null.
        labels: grouping column -> label of its total (`all`, for a state `US`).
        sets: per set, the columns that keep their own value.
    Returns:
        The columns of `df`; as many rows as it has times the number of sets. A row whose own value is the label of the
        total counts in the total alone.
    """
    chosen = list(sets)
    # Numbers and CASE, not an array of structs: Sail 0.7.2 refuses structs that differ in what may be null.
    numbered = df.select("*", F.explode(F.array(*[F.lit(number) for number in range(len(chosen))])).alias("_set"))
    for column, label in labels.items():
        own = F.col("_set").isin(_keeping(column, chosen)) & (F.col(column) == label)
        numbered = numbered.filter(~F.coalesce(own, F.lit(False)))
    return numbered.select(*[_kept_or_total(c, chosen, labels[c]) if c in labels else F.col(c) for c in df.columns])


def _kept_or_total(column: str, sets: Sequence[Collection[str]], label: str) -> Column:
    return F.when(F.col("_set").isin(_keeping(column, sets)), F.col(column)).otherwise(F.lit(label)).alias(column)


def _keeping(column: str, sets: Sequence[Collection[str]]) -> list[int]:
    return [number for number, kept in enumerate(sets) if column in kept]


def unpivot(df: DataFrame, *, keep: Sequence[str], number: str, rows: Mapping[str, Sequence[Column]]) -> DataFrame:
    """One row per entry of the lists in `rows`, for every row of `df`.

    Args:
        df: wide rows.
        keep: columns that repeat on every new row.
        number: name of the position of the entry, first = 1, int.
        rows: new column -> its entries in order, all of one type and equally many.
    Returns:
        `keep`, `number` and the columns of `rows`.
    """
    length = len(next(iter(rows.values())))
    entries = [F.array(*columns).alias(f"_{name}") for name, columns in rows.items()]
    positions = F.explode(F.array(*[F.lit(position + 1) for position in range(length)])).alias(number)
    numbered = df.select(*keep, *entries, positions)
    return numbered.select(
        *keep, number, *[F.element_at(F.col(f"_{name}"), F.col(number)).alias(name) for name in rows]
    )


def with_nation(df: DataFrame, *, classes: Sequence[str] = ()) -> DataFrame:
    """Repeat every row for its state and for `US`, and for each class of `classes` and `all`.

    Rows without a state count in the national rows only.
    """
    sets = [(*place, *chosen) for place in (("state",), ()) for chosen in every_set(classes)]
    labels = {"state": NATION, **dict.fromkeys(classes, ALL)}
    return with_grouping_sets(df, labels=labels, sets=sets).filter(F.col("state").isNotNull())
