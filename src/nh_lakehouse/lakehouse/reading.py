"""Reading a version of a Delta table with DuckDB: its files are named by the log, its columns by the schema.

DuckDB reads Parquet itself: faster than by way of Arrow datasets, whose import alone takes a second (it loads pandas).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

from nh_lakehouse.errors import LoadError
from nh_lakehouse.lakehouse.duckdb_sql import parquet_rows, sql_name

if TYPE_CHECKING:
    from deltalake import DeltaTable

__all__ = ["data_files", "is_plain", "rows_in", "rows_of_files", "select_rows", "sound_files"]

_TYPES = {"string": "VARCHAR", "integer": "INTEGER", "long": "BIGINT", "timestamp": "TIMESTAMPTZ"}


def data_files(table: DeltaTable) -> list[str]:
    """Paths of the data files of a table's version."""
    return [unquote(urlparse(uri).path) for uri in table.file_uris()]


def rows_in(files: Iterable[str | Path]) -> int:
    """Rows of Parquet files, read off their footers."""
    import pyarrow.parquet as pq

    return sum(pq.read_metadata(file).num_rows for file in files)


def is_plain(table: DeltaTable) -> bool:
    """Whether the data files hold the rows of a table as they are: no deleted ones, no mapped or partition columns."""
    return table.protocol().min_reader_version == 1 and not table.metadata().partition_columns


def sound_files(table: DeltaTable, name: str) -> list[str]:
    """Paths of the data files of a table's version, each held against the log: engines pass over what is not there.

    Raises:
        LoadError: a file is missing, or has another size than the log says.
    """
    import pyarrow as pa

    told = pa.table(table.get_add_actions(flatten=True)).select(["path", "size_bytes"]).to_pylist()
    sizes = {Path(unquote(action["path"])).name: action["size_bytes"] for action in told}
    files = data_files(table)
    for file in files:
        said, found = sizes[Path(file).name], Path(file).stat().st_size if Path(file).is_file() else None
        if found != said:
            state = "is missing" if found is None else f"has {found:,} bytes, where the log says {said:,}"
            raise LoadError(
                f"{name}: its data file {file} {state}; put it back from a copy of the folder, or run with "
                "--full-refresh (of a bronze table: delete its folder and run again)",
                table=name,
            )
    return files


def select_rows(table: DeltaTable, columns: Sequence[str] | None = None) -> str:
    """A SELECT of the rows of a table's version; a column that a file does not have is null.

    Args:
        table: the table at its version.
        columns: only these; all if None.
    """
    names = ", ".join(sql_name(n) for n in columns) if columns else "*"
    return f"SELECT {names} FROM ({rows_of_files(table, data_files(table))})"


def rows_of_files(table: DeltaTable, files: Sequence[str], place: tuple[str, str] | None = None) -> str:
    """A SELECT of the rows of some of a table's files, with all its columns.

    Args:
        table: the table at its version.
        files: their paths.
        place: names of two further columns, the path of a row's file and the row's number in it.
    """
    fields = [f"CAST(NULL AS {_duckdb_type(f.type)}) AS {sql_name(f.name)}" for f in table.schema().fields]
    if place:
        fields += [f"CAST(NULL AS VARCHAR) AS {sql_name(place[0])}", f"CAST(NULL AS BIGINT) AS {sql_name(place[1])}"]
    # The empty part has every column of the table, so that one which no file has is there too.
    empty = f"SELECT {', '.join(fields)} WHERE false"
    if not files:
        return empty
    names = ", ".join(sql_name(n) for n in [*(f.name for f in table.schema().fields), *(place or ())])
    rows = f"SELECT * FROM {parquet_rows(files, place)}"
    return f"SELECT {names} FROM (({empty}) UNION ALL BY NAME ({rows}))"


def _duckdb_type(delta: Any) -> str:
    from deltalake.schema import ArrayType, MapType

    if isinstance(delta, ArrayType):
        return f"{_duckdb_type(delta.element_type)}[]"
    if isinstance(delta, MapType):
        return f"MAP({_duckdb_type(delta.key_type)}, {_duckdb_type(delta.value_type)})"
    name = str(delta.type)
    return _TYPES.get(name, name.upper())
