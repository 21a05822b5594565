"""Audit columns of bronze: where a row came from, of which period and release it is, and who loaded it.

They are written with the row, while its file is parsed: the staged file then is the table's. Period and release are
known for certain only when the whole file was read, so they are first taken from its first records; where the rest
says otherwise, the staged rows are written once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from nh_lakehouse.bronze.identify import Periods
from nh_lakehouse.bronze.records import CORRUPT, LINE, PARQUET, ROW, Parsed
from nh_lakehouse.contracts.model import DataSet, DerivedColumn
from nh_lakehouse.lakehouse.duckdb_session import connect
from nh_lakehouse.lakehouse.duckdb_sql import parquet_rows, sql_name, sql_value

__all__ = ["AUDIT", "Audit", "with_audit"]

#: Audit columns of every bronze table.
AUDIT = (
    DerivedColumn(name="_source_file", type="string", description="Path of the file inside the landing folder"),
    DerivedColumn(name=ROW, type="int", description="Number of the data record in the file, first = 1"),
    DerivedColumn(
        name=LINE, type="int", description="Line of the file on which the record begins, the header being line 1"
    ),
    DerivedColumn(name="_source_sha256", type="string", description="Hash of the file as sent"),
    DerivedColumn(name="_period", type="string", description="Period of the row: 2024-10, 2023Q2, 2024 or 2024-10-27"),
    DerivedColumn(
        name="_released_at",
        type="timestamp",
        description="Release time: the contract's date column, else the modified time",
    ),
    DerivedColumn(
        name="_modified_at", type="timestamp", description="Modified time of the landing file when first seen"
    ),
    DerivedColumn(
        name="_absent_columns",
        type="string",
        description="Contract columns that the file does not have, joined by commas",
    ),
    DerivedColumn(
        name=CORRUPT, type="string", description="Why the record is not well formed, and its text; null if it is"
    ),
    DerivedColumn(name="_load_id", type="string", description="Load that wrote the row"),
    DerivedColumn(name="_loaded_at", type="timestamp", description="When the row was written, UTC"),
)


@dataclass(frozen=True)
class Audit:
    """Values of the audit columns of one file.

    Attributes:
        file: path of the file inside the landing folder.
        sha256: hash of its bytes as sent.
        periods: the periods of its rows.
        modified_at: modified time of the file when it was first seen.
        absent: contract columns that it does not have.
        layout: the value of the contract's layout column, None where it has none.
        load_id, loaded_at: the load.
    """

    file: str
    sha256: str
    periods: Periods
    modified_at: datetime
    absent: tuple[str, ...]
    load_id: str
    loaded_at: datetime
    layout: str | None = None

    def columns(self, data_set: DataSet) -> dict[str, str]:
        """DuckDB expressions of the audit columns that the parser does not make itself."""
        told = {data_set.layout.column: sql_value(self.layout)} if data_set.layout and self.layout else {}
        return told | {
            "_source_file": sql_value(self.file),
            "_source_sha256": sql_value(self.sha256),
            "_period": self._period(data_set.period.column),
            "_released_at": _moment(self.periods.released_at or self.modified_at),
            "_modified_at": _moment(self.modified_at),
            "_absent_columns": sql_value(",".join(self.absent)),
            "_load_id": sql_value(self.load_id),
            "_loaded_at": _moment(self.loaded_at),
        }

    def _period(self, column: str | None) -> str:
        others = {value: own for value, own in self.periods.by_value.items() if own != self.periods.main}
        if not others or column is None:
            return sql_value(self.periods.main)
        cases = " ".join(f"WHEN {sql_value(value)} THEN {sql_value(own)}" for value, own in others.items())
        return f"CASE {sql_name(column)} {cases} ELSE {sql_value(self.periods.main)} END"


def with_audit(parsed: Parsed, columns: dict[str, str], target: Path) -> Parsed:
    """Write staged records once more, with their audit columns set anew."""
    own = [c for c in columns if c in _names(parsed.paths[0])]
    kept = f"* EXCLUDE ({', '.join(sql_name(c) for c in own)})" if own else "*"
    added = ", ".join(f"{expression} AS {sql_name(name)}" for name, expression in columns.items())
    with connect() as connection:
        connection.execute(
            f"COPY (SELECT {kept}, {added} FROM {parquet_rows(parsed.paths)}) TO {sql_value(str(target))} {PARQUET}"
        )
    for path in parsed.paths:
        path.unlink()
    return Parsed((target,), parsed.rows_n, parsed.corrupt_n, has_extra=True)


def _names(path: Path) -> list[str]:
    import pyarrow.parquet as pq

    return pq.read_schema(path).names


def _moment(moment: datetime) -> str:
    return f"CAST({sql_value(moment.astimezone(timezone.utc).isoformat(timespec='microseconds'))} AS TIMESTAMPTZ)"
