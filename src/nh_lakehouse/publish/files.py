"""Gold tables as Parquet or CSV files: one per table, with a list of their columns and a page that says what they are.

The folder gets its name when it is complete. It replaces an earlier export and nothing else.
"""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nh_lakehouse.errors import ConfigError
from nh_lakehouse.lakehouse import Lakehouse
from nh_lakehouse.lakehouse.duckdb_sql import sql_name, sql_value
from nh_lakehouse.pipeline.report import Quiet, Reporter
from nh_lakehouse.publish.contents import COLUMN_NAMES, column_rows, head, table_row
from nh_lakehouse.publish.tables import OutColumn, OutTable, Rows, as_text, open_rows

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["write_csv", "write_parquet"]

_HEADING = "# Tables of nh_lakehouse"
_COLUMNS = "columns.csv"
#: A file of an export, as its page lists it.
_LISTED = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)
#: A spreadsheet takes a text that begins so for a formula; the apostrophe itself, so that it can be taken off again.
_FORMULA = "^[=+@\\t\\r'-]"
_BATCH_ROWS = 50_000
Writer = Callable[[Rows, Path], int]


def write_parquet(
    lake: Lakehouse, tables: Sequence[OutTable], out: Path, *, reporter: Reporter | None = None
) -> dict[str, int]:
    """Write each table to `<table>.parquet`; descriptions and units stand in the metadata of its columns.

    Returns:
        Table -> rows.
    Raises:
        ConfigError: the folder exists and is no earlier export.
    """
    return _write(lake, tables, out, ".parquet", _parquet, reporter or Quiet())


def write_csv(
    lake: Lakehouse, tables: Sequence[OutTable], out: Path, *, reporter: Reporter | None = None
) -> dict[str, int]:
    """Write each table to `<table>.csv`, UTF-8 with a header.

    Null is an empty field, an empty text is `""`. A text that a spreadsheet would take for a formula has an apostrophe
    in front of it.

    Returns:
        Table -> rows.
    Raises:
        ConfigError: the folder exists and is no earlier export.
    """
    return _write(lake, tables, out, ".csv", _csv, reporter or Quiet())


def _write(
    lake: Lakehouse, tables: Sequence[OutTable], out: Path, suffix: str, write: Writer, reporter: Reporter
) -> dict[str, int]:
    out = out.resolve()  # of a link, the folder that it leads to
    if out.exists() and not _is_replaceable(out):
        raise ConfigError(
            f"--out {out}: there is something else already; name a new folder, an empty one or that of an earlier "
            "export",
            option="--out",
        )
    draft, before = out.with_name(f".{out.name}.part"), out.with_name(f".{out.name}.old")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        counts = {}
        for table in tables:
            reporter.begin(table.name, table.name)
            with open_rows(lake, table) as rows:
                counts[table.name] = write(rows, draft / f"{table.short_name}{suffix}")
            reporter.end(table.name, f"{table.name}: {counts[table.name]:,} rows written")
        with (draft / _COLUMNS).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([COLUMN_NAMES, *column_rows(tables)])
        (draft / "README.md").write_text(_page(lake, tables, counts, suffix), encoding="utf-8")
        shutil.rmtree(before, ignore_errors=True)
        if out.exists():
            out.rename(before)
        draft.rename(out)
        shutil.rmtree(before, ignore_errors=True)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return counts


def _is_replaceable(out: Path) -> bool:
    """Whether nothing of somebody else would be lost."""
    if not out.is_dir():
        return False
    if not any(out.iterdir()):
        return True
    page = out / "README.md"
    text = page.read_text(encoding="utf-8", errors="replace") if page.is_file() else ""
    written = {page.name, _COLUMNS, *_LISTED.findall(text)}
    return text.startswith(_HEADING) and all(p.is_file() and p.name in written for p in out.iterdir())


def _page(lake: Lakehouse, tables: Sequence[OutTable], counts: dict[str, int], suffix: str) -> str:
    lines = [_HEADING, "", *(f"- {label}: {text}" for label, text in head(lake)), ""]
    lines += ["Every column with type, unit and description: `columns.csv`.", ""]
    if suffix == ".csv":
        lines += [
            'UTF-8 with a header. An empty field is null, `""` an empty text. Times are UTC. A text that begins with',
            "`=`, `+`, `-`, `@`, a tab or an apostrophe has an apostrophe in front of it, so that no spreadsheet takes",
            "it for a formula: take one off to have the text.",
            "",
        ]
    lines += ["| File | Rows | What it is | Run | Version |", "|---|---|---|---|---|"]
    for table in tables:
        _, title, rows_n, grain, *_, run, version = table_row(table, counts[table.name])
        what = "; ".join(p for p in (title, grain) if p).replace("|", "\\|")
        lines.append(f"| `{table.short_name}{suffix}` | {rows_n:,} | {what} | {run} | {version} |")
    return "\n".join([*lines, ""])


# --- one file --------------------------------------------------------------------------------------------------------


def _parquet(rows: Rows, path: Path) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = rows.table
    reader = rows.reader([sql_name(c.name) for c in table.columns], batch_rows=_BATCH_ROWS)
    fields = [_field(c, reader.schema.field(n).type) for n, c in enumerate(table.columns)]
    facts = {"table": table.name, "title": table.title, "delta_version": table.version, "run_id": table.run_id or ""}
    schema = pa.schema(fields, metadata={k: str(v) for k, v in facts.items()})
    with pq.ParquetWriter(path, schema, compression="zstd", coerce_timestamps="us") as writer:
        return _pour(reader, schema, writer.write_batch)


def _field(column: OutColumn, kind: pa.DataType) -> pa.Field:
    import pyarrow as pa

    return pa.field(column.name, kind, metadata={"description": column.description, "unit": column.unit or ""})


def _csv(rows: Rows, path: Path) -> int:
    import pyarrow as pa
    import pyarrow.csv

    columns = rows.table.columns
    reader = rows.reader([_cell(c) for c in columns], batch_rows=_BATCH_ROWS)
    schema = pa.schema([pa.field(c.name, reader.schema.field(n).type) for n, c in enumerate(columns)])
    with pyarrow.csv.CSVWriter(path, schema) as writer:
        return _pour(reader, schema, writer.write_batch)


def _pour(reader: pa.RecordBatchReader, schema: pa.Schema, write: Callable[[Any], None]) -> int:
    import pyarrow as pa

    rows_n = 0
    for batch in reader:
        write(pa.RecordBatch.from_arrays(batch.columns, schema=schema))
        rows_n += batch.num_rows
    return rows_n


def _cell(column: OutColumn) -> str:
    """SQL of what a CSV field gets."""
    name = sql_name(column.name)
    if column.kind in ("text", "nested"):
        text = as_text(column)
        return f"CASE WHEN regexp_matches({text}, {sql_value(_FORMULA)}) THEN '''' || {text} ELSE {text} END"
    if column.kind == "timestamp":
        return f"replace({as_text(column)}, ' ', 'T') || 'Z'"
    return f"hex({name})" if column.kind == "binary" else name
