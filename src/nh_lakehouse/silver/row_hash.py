"""The row hash: one number per row, equal on every engine, not changed by a new column that is all null."""

from __future__ import annotations

from collections.abc import Iterable

from pyspark.sql import Column
from pyspark.sql import functions as F

from nh_lakehouse.contracts.model import DerivedColumn

__all__ = ["ROW_HASH", "row_hash"]

ROW_HASH = "_row_hash"
_SEPARATOR = "\u001f"


def row_hash(columns: Iterable[DerivedColumn]) -> Column:
    """xxhash64 of the `name=value` texts of the non-null columns, sorted by name, joined by U+001F.

    Doubles go through decimal(38,10), so that the last bits of a sum do not make a row new; dates are ISO text;
    arrays and maps are joined in their order. Null-safe: (null, 'a') and ('a', null) differ.

    Args:
        columns: the business columns, with their declared types.
    Returns:
        A bigint column.
    Source: MEASURES B1, audit columns.
    """
    texts = [F.concat(F.lit(f"{c.name}="), _text(c)) for c in sorted(columns, key=lambda c: c.name)]
    return F.xxhash64(F.concat_ws(_SEPARATOR, *texts))


def _text(column: DerivedColumn) -> Column:
    name = f"`{column.name}`"
    if column.type == "double":
        # A double beyond 28 digits does not fit the decimal and falls back to its own text.
        return F.expr(f"coalesce(cast(try_cast({name} AS decimal(38,10)) AS string), cast({name} AS string))")
    if column.type == "timestamp":
        return F.date_format(F.col(name), "yyyy-MM-dd'T'HH:mm:ss.SSSSSS")
    if column.type == "array<string>":
        return F.concat_ws("\u001e", F.col(name))
    if column.type.startswith("array<"):
        return F.concat_ws("\u001e", F.col(name).cast("array<string>"))
    if column.type.startswith("map<"):
        return F.expr(f"concat_ws('\u001e', transform(map_keys({name}), k -> concat(k, ':', cast({name}[k] AS string))))")
    return F.col(name).cast("string")
