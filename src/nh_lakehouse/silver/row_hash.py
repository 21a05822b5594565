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
        return _double_text(name)
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


def _double_text(name: str) -> str:
    """A double's text with ten decimals, the same on every engine.

    Spark casts a double to decimal through its text, Sail by multiplying it with 1e10. The product is rounded to 53
    bits, so that the two differ where it is large or close to a half (2,301,390.55 hours against 2,301,390.5500000002).
    There the text is taken, which costs Sail four times as much; a double beyond 28 digits stands as its own text.
    """
    cast = f"CAST(try_cast({name} AS decimal(38,10)) AS string)"
    text = f"CAST(try_cast(CAST({name} AS string) AS decimal(38,10)) AS string)"
    is_certain = f"abs(abs({name}) * 1e10D % 1.0D - 0.5D) > abs({name}) * 1e-5D"
    return f"CASE WHEN {is_certain} THEN {cast} ELSE coalesce({text}, {cast}, CAST({name} AS string)) END"
