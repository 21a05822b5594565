"""Publishing rows that were made without the engine: operations tables whose rows are replaced, not added to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from nh_lakehouse.contracts import load_tables
from nh_lakehouse.lakehouse.store import Published, Store
from nh_lakehouse.silver.row_hash import HASH_COLUMN, ROW_HASH, row_hash

__all__ = ["publish_rows"]


def publish_rows(
    store: Store,
    name: str,
    rows: pa.Table,
    *,
    key: Sequence[str],
    unhashed: Sequence[str],
    scope: str | None = None,
    scope_keys: tuple[Path, Sequence[str]] | None = None,
) -> Published:
    """Make the rows of an operations table inside a scope equal to those of an Arrow table.

    Args:
        store: where to write.
        name: the table; it is made if it is missing.
        rows: the wanted rows, of the declared columns.
        key: columns that identify a row.
        unhashed: columns that say who wrote a row and when, which makes it no other row.
        scope: DuckDB predicate over the table's columns: rows inside that are not wanted are deleted.
        scope_keys: Parquet file of keys, and their columns: only rows with one of these keys are in the scope.
    """
    declaration = load_tables()[name]
    store.ensure(name, [*declaration.columns, HASH_COLUMN], comment=declaration.title)
    # Reading starts the session, without which Spark knows no expression.
    frame = store.staged(rows, name)
    hashed = row_hash([c for c in declaration.columns if c.name not in unhashed])
    return store.publish(name, frame.withColumn(ROW_HASH, hashed), key=key, scope=scope, scope_keys=scope_keys)
