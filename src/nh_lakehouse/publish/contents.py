"""What a reader of exported tables wants to know of them: contents and columns, as rows for a sheet or a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from typing import Any

from nh_lakehouse import __version__
from nh_lakehouse.lakehouse import Lakehouse
from nh_lakehouse.publish.tables import OutTable

__all__ = ["COLUMN_NAMES", "TABLE_NAMES", "column_rows", "head", "table_row"]

TABLE_NAMES = ("table", "title", "rows", "grain", "description", "source", "run", "delta_version")
COLUMN_NAMES = ("table", "column", "type", "unit", "key", "description")


def head(lake: Lakehouse) -> list[tuple[str, str]]:
    """Facts about an export as a whole."""
    now = datetime.now(timezone.utc)
    return [
        ("Lakehouse", str(lake.root)),
        ("Exported", f"{now:%Y-%m-%d %H:%M} UTC"),
        ("By", f"nh_lakehouse {__version__}"),
    ]


def table_row(table: OutTable, rows_n: int) -> tuple[Any, ...]:
    """A table as `TABLE_NAMES` has it."""
    about = (table.title, rows_n, table.grain, table.description, table.source)
    return (table.name, *about, table.run_id or "not recorded", table.version)


def column_rows(tables: Sequence[OutTable]) -> Iterator[tuple[str, ...]]:
    """Every column as `COLUMN_NAMES` has it."""
    for table in tables:
        for c in table.columns:
            is_key = "yes" if c.name in table.key else ""
            yield (table.name, c.name, c.type, c.unit or "", is_key, c.description)
