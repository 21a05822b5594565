"""The row hash: one number per row, equal on every engine, not changed by a new column that is all null."""

from __future__ import annotations

from collections.abc import Iterable

from pyspark.sql import Column
from pyspark.sql import functions as F

from nh_lakehouse.contracts.model import DerivedColumn

__all__ = ["HASH_COLUMN", "ROW_HASH", "row_hash"]

ROW_HASH = "_row_hash"
HASH_COLUMN = DerivedColumn(name=ROW_HASH, type="bigint", description="Hash of the business columns")
_SEPARATOR = "\\u001f"
_INNER = "\\u001e"
#: From here on the product with 1e10 is never certain: abs(x) * 2e-5 exceeds a half.
_LARGEST_CERTAIN = "2.5e4D"


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

    Where its multiple of 1e-10 is certain, that whole number is written with a point in it, which costs a third of a
    cast to decimal. Engines round the product to 53 bits, so that they could differ where it is large or close to a
    half (2,301,390.55 hours against 2,301,390.5500000002). There the number's own text is cast; a double beyond 28
    digits stands as its own text.
    """
    scaled = f"abs({name}) * 1e10D"
    # x - floor(x) in place of x % 1, which the JVM computes by a slow loop.
    # Below a thousandth a double's own text has an exponent, which Sail cannot read: there a product close to a half is
    # rounded away from zero, as the text of a number that ends in 5 would be.
    is_certain = (
        f"abs({name}) < {_LARGEST_CERTAIN} AND "
        f"(abs({name}) < 1e-3D OR abs({scaled} - floor({scaled}) - 0.5D) > abs({name}) * 2e-5D)"
    )
    # From about here on a double is a whole number, and its text has an exponent on one engine or the other.
    is_large = f"abs({name}) >= 1e15D AND abs({name}) < 9e18D AND floor({name}) = {name}"
    integer = f"concat(CAST(try_cast({name} AS bigint) AS string), '.0000000000')"
    whole = f"CAST(floor({scaled} + 0.5D + abs({name}) * 1e-5D) AS bigint)"
    unit = 10**10
    written = (
        f"concat(CASE WHEN {name} < 0D AND {whole} > 0 THEN '-' ELSE '' END, CAST({whole} DIV {unit} AS string), "
        f"'.', substring(CAST({whole} % {unit} + {unit} AS string), 2))"
    )
    text = f"CAST(try_cast(CAST({name} AS string) AS decimal(38,10)) AS string)"
    cast = f"CAST(try_cast({name} AS decimal(38,10)) AS string)"
    return (
        f"CASE WHEN {name} = 0D THEN '0.0000000000' WHEN {is_certain} THEN {written} "
        f"WHEN {is_large} THEN {integer} "
        f"ELSE coalesce({text}, {cast}, CAST({name} AS string)) END"
    )
