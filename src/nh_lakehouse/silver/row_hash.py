"""The row hash: one number per row, equal on every engine, not changed by a new column that is all null."""

from __future__ import annotations

from collections.abc import Iterable

from pyspark.sql import Column
from pyspark.sql import functions as F

from nh_lakehouse.contracts.model import DerivedColumn

__all__ = ["ROW_HASH", "row_hash"]

ROW_HASH = "_row_hash"
_SEPARATOR = "\\u001f"
_INNER = "\\u001e"


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
    texts = [f"concat('{c.name}=', {_text(c)})" for c in sorted(columns, key=lambda c: c.name)]
    return F.expr(f"xxhash64(concat_ws('{_SEPARATOR}', {', '.join(texts)}))")


def _text(column: DerivedColumn) -> str:
    name = f"`{column.name}`"
    if column.type == "double":
        # A double beyond 28 digits does not fit the decimal and falls back to its own text.
        return f"coalesce(CAST(try_cast({name} AS decimal(38,10)) AS string), CAST({name} AS string))"
    if column.type == "timestamp":
        return f"date_format({name}, \"yyyy-MM-dd'T'HH:mm:ss.SSSSSS\")"
    if column.type == "array<string>":
        return f"CASE WHEN {name} IS NOT NULL THEN concat_ws('{_INNER}', {name}) END"
    if column.type.startswith("array<"):
        return f"CASE WHEN {name} IS NOT NULL THEN concat_ws('{_INNER}', CAST({name} AS array<string>)) END"
    if column.type.startswith("map<"):
        entries = f"transform(map_keys({name}), k -> concat(k, ':', coalesce(CAST({name}[k] AS string), '')))"
        return f"CASE WHEN {name} IS NOT NULL THEN concat_ws('{_INNER}', {entries}) END"
    return f"CAST({name} AS string)"
