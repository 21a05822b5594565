"""Grouping sets: one pass over the homes for states and the nation, for each class and for all classes together.

The DataFrame API of Spark 3.5 has no grouping sets. Here each row is repeated once for every set it counts in, with the
total's label in the columns the set sums over; one `groupBy` then gives all sets. National rows are thus computed from
homes, never from state averages.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import combinations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.gold.bands import ALL, NATION

__all__ = ["every_set", "with_grouping_sets", "with_nation"]


def every_set(columns: Sequence[str]) -> list[tuple[str, ...]]:
    """All subsets of the columns, the whole and the empty set among them (a cube)."""
    return [chosen for size in range(len(columns) + 1) for chosen in combinations(columns, size)]


def with_grouping_sets(
    df: DataFrame, *, labels: Mapping[str, str], sets: Iterable[Collection[str]]
) -> DataFrame:
    """Repeat every row once per set; columns outside of the set take their total's label.

    Args:
        df: rows with the grouping columns as text; no column of them is null.
        labels: grouping column -> label of its total (`all`, for a state `US`).
        sets: per set, the columns that keep their own value.
    Returns:
        The columns of `df`; as many rows as it has times the number of sets.
    """
    structs = [
        F.struct(*[(F.col(c) if c in kept else F.lit(label)).alias(c) for c, label in labels.items()]) for kept in sets
    ]
    rest = [c for c in df.columns if c not in labels]
    repeated = df.select(*rest, F.explode(F.array(*structs)).alias("_set"))
    return repeated.select(*[F.col(f"_set.{c}") if c in labels else F.col(c) for c in df.columns])


def with_nation(df: DataFrame, *, classes: Sequence[str] = ()) -> DataFrame:
    """Repeat every row for its state and for `US`, and for each class of `classes` and `all`.

    Rows without a state count in the national rows only.
    """
    sets = [(*place, *chosen) for place in (("state",), ()) for chosen in every_set(classes)]
    labels = {"state": NATION, **dict.fromkeys(classes, ALL)}
    return with_grouping_sets(df, labels=labels, sets=sets).filter(F.col("state").isNotNull())
