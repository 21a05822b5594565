"""Values, names and files in the SQL of DuckDB."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

__all__ = ["parquet_rows", "sql_file", "sql_name", "sql_value"]


def sql_value(text: str) -> str:
    """A text as a literal."""
    return "'" + text.replace("'", "''") + "'"


def sql_name(name: str) -> str:
    """A name as it is, capitals and blanks included."""
    return '"' + name.replace('"', '""') + '"'


def sql_file(path: str | Path) -> str:
    """A file's path as a literal; what DuckDB takes for a pattern (`data [1].csv`) stands for itself."""
    return sql_value(re.sub(r"[\[*?]", r"[\g<0>]", str(path)))


def parquet_rows(files: Iterable[str | Path], file_column: str | None = None) -> str:
    """The rows of Parquet files that share their columns, or have some of them; no rows without a file.

    Args:
        files: their paths.
        file_column: name of a further column that holds the path of the row's file.
    """
    listed = ", ".join(sql_file(f) for f in files)
    if not listed:
        return "(SELECT 1 WHERE false)"
    named = f", filename = {sql_value(file_column)}" if file_column else ""
    return f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false{named})"
