"""The row hash: one number per row, equal on every engine, not changed by a new column that is all null."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from pyspark.sql import Column
from pyspark.sql import functions as F

from nh_lakehouse.contracts.model import DerivedColumn

__all__ = ["HASH_COLUMN", "ROW_HASH", "name_number", "row_hash"]

ROW_HASH = "_row_hash"
HASH_COLUMN = DerivedColumn(name=ROW_HASH, type="bigint", description="Hash of the business columns")
#: Below this a double times 1e10 is smaller than 2**53, so that its tenth decimal can be rounded.
_LARGEST_ROUNDED = "9e5D"
#: Types that xxhash64 takes as they are, with the same result on both engines.
_AS_IT_IS = {"string", "int", "bigint", "boolean", "date", "timestamp", "decimal(18,2)"}


def row_hash(columns: Iterable[DerivedColumn]) -> Column:
    """xxhash64 over the name and the value of each non-null column, sorted by name.

    A name stands as a number, a value as it is typed: engines pass over nulls, so a null column adds nothing. Doubles
    are rounded to ten decimals, so that the last bits of a sum do not make a row new. Arrays are hashed element by
    element, maps as text. Null-safe: (null, 'a') and ('a', null) differ.

    Args:
        columns: the business columns, with their declared types.
    Returns:
        A bigint column.
    Source: MEASURES B1, audit columns; decision 10 says why the values are not joined as text.
    """
    named = sorted(columns, key=lambda c: c.name)
    parts = [f"CASE WHEN `{c.name}` IS NOT NULL THEN {name_number(c.name)}L END, {_value(c)}" for c in named]
    return F.expr(f"xxhash64({', '.join(parts)})" if parts else "xxhash64(CAST(NULL AS int))")


def name_number(name: str) -> int:
    """The number that stands for a column's name: the first seven bytes of its SHA-256."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:7], "big")


def _value(column: DerivedColumn) -> str:
    name = f"`{column.name}`"
    if column.type == "double":
        # Both forms have one unit, so that no small number is taken for a large one.
        return (
            f"CASE WHEN abs({name}) < {_LARGEST_ROUNDED} THEN CAST(floor({name} * 1e10D + 0.5D) AS double) "
            f"ELSE {name} * 1e10D END"
        )
    if column.type in _AS_IT_IS or column.type.startswith("array<"):
        return name
    if column.type.startswith("map<"):
        entries = f"transform(map_keys({name}), k -> concat(k, ':', coalesce(CAST({name}[k] AS string), '')))"
        return f"CASE WHEN {name} IS NOT NULL THEN concat_ws('\\u001e', {entries}) END"
    return f"CAST({name} AS string)"
