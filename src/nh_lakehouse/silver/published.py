"""From the typed rows of a data set to the declared columns of its silver table.

What every silver function of the nursing-home domain ends with, and the numbers inside texts that the publisher writes
for people (`0.98-1.02`).
"""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.contracts import load_tables
from nh_lakehouse.errors import MissingColumnError
from nh_lakehouse.silver.conform import HISTORY_COLUMNS

__all__ = ["NUMBER", "number_in", "published"]

NUMBER = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:[.][0-9]+)?"
"""Shape of a number inside a text: digits, thousands apart by commas or not, and decimals; `9,13` is none."""


def published(rows: DataFrame, table: str, computed: Mapping[str, Column] | None = None) -> DataFrame:
    """The declared columns of a table in their order: computed ones by expression, the others as they came.

    Args:
        rows: typed rows of the data set.
        table: full name of the table.
        computed: column -> expression over the rows.
    Returns:
        One row per row; audit columns (their names begin with `_`) stand behind the declared ones. History columns
        are there where the input has them.
    Raises:
        MissingColumnError: an input column is absent.
    """
    computed = computed or {}
    present = rows.columns
    names = [n for n in load_tables()[table].column_names if n not in HISTORY_COLUMNS or n in present]
    absent = [name for name in names if name not in computed and name not in rows.columns]
    if absent:
        raise MissingColumnError(
            f"{table}: the input lacks {absent}; hand in the typed rows of the data set", table=table, columns=absent
        )
    audit = [name for name in rows.columns if name.startswith("_")]
    return rows.select(*[computed[n].alias(n) if n in computed else F.col(n) for n in names], *audit)


def number_in(name: str, shape: str, group: int, spark_type: str) -> Column:
    """The number that a text of the given shape holds; null for any other text.

    Args:
        name: column of texts.
        shape: pattern of the whole text.
        group: number of the group that is the number.
        spark_type: type of the result.
    """
    text = F.regexp_replace(F.regexp_extract(F.col(name), shape, group), ",", "")
    return F.when(F.length(text) > 0, text).cast(spark_type)
