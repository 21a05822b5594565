"""Reading a version of a Delta table with DuckDB: its files are named by the log, its columns by the schema.

DuckDB reads Parquet itself: faster than by way of Arrow datasets, whose import alone takes a second (it loads pandas).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

from nh_lakehouse.lakehouse.duckdb_sql import parquet_rows, sql_name

if TYPE_CHECKING:
    from deltalake import DeltaTable

__all__ = ["data_files", "select_rows"]

_TYPES = {"string": "VARCHAR", "integer": "INTEGER", "long": "BIGINT", "timestamp": "TIMESTAMPTZ"}


def data_files(table: DeltaTable) -> list[str]:
    """Paths of the data files of a table's version."""
    return [unquote(urlparse(uri).path) for uri in table.file_uris()]


def select_rows(table: DeltaTable, columns: Sequence[str] | None = None) -> str:
    """A SELECT of the rows of a table's version; a column that a file does not have is null.

    Args:
        table: the table at its version.
        columns: only these; all if None.
    """
    fields = {field.name: field.type for field in table.schema().fields}
    wanted = list(columns) if columns else list(fields)
    files = data_files(table)
    nothing = ", ".join(f"CAST(NULL AS {_duckdb_type(t)}) AS {sql_name(n)}" for n, t in fields.items())
    empty = f"SELECT {nothing} WHERE false"
    names = ", ".join(sql_name(n) for n in wanted)
    if not files:
        return f"SELECT {names} FROM ({empty})"
    # The empty part has every column of the table, so that one which no file has is there too.
    return f"SELECT {names} FROM (({empty}) UNION ALL BY NAME (SELECT * FROM {parquet_rows(files)}))"


def _duckdb_type(delta: Any) -> str:
    from deltalake.schema import ArrayType, MapType

    if isinstance(delta, ArrayType):
        return f"{_duckdb_type(delta.element_type)}[]"
    if isinstance(delta, MapType):
        return f"MAP({_duckdb_type(delta.key_type)}, {_duckdb_type(delta.value_type)})"
    name = str(delta.type)
    return _TYPES.get(name, name.upper())
