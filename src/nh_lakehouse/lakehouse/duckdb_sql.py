"""Values, names and files in the SQL of DuckDB."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from nh_lakehouse.errors import ConfigError

__all__ = ["parquet_rows", "refuse_writing", "sql_file", "sql_name", "sql_value"]


#: At the very start and without comments: what follows is then what DuckDB would run.
_EXPLAIN = re.compile(r"\A\s*EXPLAIN\s+(?:ANALYZE\s+|\([A-Za-z0-9_,\s]*\)\s*)?", re.IGNORECASE)


def refuse_writing(sql: str) -> None:
    """Nothing but one SELECT, or the EXPLAIN of one: DuckDB could write to the files that it may read.

    Raises:
        ConfigError: the text is not one statement that only reads.
    """
    import duckdb

    statements = duckdb.extract_statements(sql)
    found = [s.type.name for s in statements]
    if found == ["EXPLAIN"]:
        inner = _EXPLAIN.sub("", statements[0].query, count=1)
        found = [f"EXPLAIN {s.type.name}" for s in duckdb.extract_statements(inner)]
    if found not in (["SELECT"], ["EXPLAIN SELECT"]):
        raise ConfigError(
            f"expected one SELECT statement, found {', '.join(found) or 'none'}: tables are written by runs alone",
            option="SQL",
        )


def sql_value(text: str) -> str:
    """A text as a literal."""
    return "'" + text.replace("'", "''") + "'"


def sql_name(name: str) -> str:
    """A name as it is, capitals and blanks included."""
    return '"' + name.replace('"', '""') + '"'


def sql_file(path: str | Path) -> str:
    """A file's path as a literal; what DuckDB takes for a pattern (`data [1].csv`) stands for itself."""
    return sql_value(re.sub(r"[\[*?]", r"[\g<0>]", str(path)))


def parquet_rows(files: Iterable[str | Path], place: tuple[str, str] | None = None) -> str:
    """The rows of Parquet files that share their columns, or have some of them; no rows without a file.

    Args:
        files: their paths.
        place: names of two further columns, the path of a row's file and the row's number in it.
    """
    listed = ", ".join(sql_file(f) for f in files)
    if not listed:
        return "(SELECT 1 WHERE false)"
    rows = f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false"
    if place is None:
        return f"{rows})"
    numbered = f"{rows}, filename = {sql_value(place[0])}, file_row_number = true)"
    return f"(SELECT * RENAME (file_row_number AS {sql_name(place[1])}) FROM {numbered})"
