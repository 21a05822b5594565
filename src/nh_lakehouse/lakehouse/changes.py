"""What changed in a Delta table between two versions, read from its log: no change data feed, no engine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from nh_lakehouse.lakehouse.duckdb_session import connect
from nh_lakehouse.lakehouse.duckdb_sql import parquet_rows, sql_name

if TYPE_CHECKING:
    import duckdb

    from nh_lakehouse.lakehouse.lakehouse import Lakehouse

__all__ = ["FileChanges", "changed_files", "changed_keys", "changed_periods", "distinct_values"]


@dataclass(frozen=True)
class FileChanges:
    """Data files that came and went between two versions (rewrites without a change of rows left out)."""

    added: tuple[Path, ...]
    removed: tuple[Path, ...]


def changed_files(lake: Lakehouse, name: str, since: int, until: int) -> FileChanges | None:
    """Data files added and removed after version `since`, up to `until`.

    Returns:
        The files, or None where the log cannot tell: a commit or a file is gone, or the schema changed.
    """
    folder = lake.folder(name)
    added: dict[str, None] = {}
    removed: dict[str, None] = {}
    for version in range(since + 1, until + 1):
        try:
            lines = (folder / "_delta_log" / f"{version:020d}.json").read_text(encoding="utf-8").splitlines()
        except OSError:
            return None
        actions = [json.loads(line) for line in lines if line]
        if any("metaData" in a for a in actions):
            return None
        for action in actions:
            if (add := action.get("add")) and add.get("dataChange", True):
                path = unquote(add["path"])
                if path in removed:
                    del removed[path]
                else:
                    added[path] = None
            if (remove := action.get("remove")) and remove.get("dataChange", True):
                path = unquote(remove["path"])
                if path in added:
                    del added[path]
                else:
                    removed[path] = None
    files = FileChanges(tuple(folder / p for p in added), tuple(folder / p for p in removed))
    if not all(p.exists() for p in (*files.added, *files.removed)):
        return None
    return files


def distinct_values(files: Sequence[Path], column: str) -> list[str]:
    """Distinct values of a text column over data files."""
    if not files:
        return []
    with connect() as connection:
        rows = connection.execute(
            f"""SELECT DISTINCT "{column}" FROM {parquet_rows(files)}
                WHERE "{column}" IS NOT NULL ORDER BY 1"""
        ).fetchall()
    return [str(r[0]) for r in rows]


def changed_keys(
    connection: duckdb.DuckDBPyConnection, changes: FileChanges, key: Sequence[str], relation: str
) -> None:
    """Create a table of the keys whose rows differ between the files that went and those that came.

    Args:
        connection: where to create it.
        changes: the files.
        key: columns of the key.
        relation: name of the table to create; its columns are the key.
    """
    names = ", ".join(f'"{k}"' for k in key)
    sides = [
        f"SELECT {names}, _row_hash, {n} AS n FROM {parquet_rows(files)}"
        for files, n in ((changes.added, 1), (changes.removed, -1))
        if files
    ]
    nothing = ", ".join(f'NULL AS "{k}"' for k in key)
    rows = " UNION ALL ".join(sides) or f"SELECT {nothing}, NULL AS _row_hash, 0 AS n WHERE false"
    connection.execute(
        f"""CREATE TEMP TABLE {relation} AS SELECT DISTINCT {names} FROM (
            SELECT {names}, _row_hash FROM ({rows}) GROUP BY {names}, _row_hash HAVING sum(n) <> 0)"""
    )


def changed_periods(
    connection: duckdb.DuckDBPyConnection,
    came: str | None,
    went: str | None,
    relation: str,
    *,
    since: str,
    until: str | None,
    content: Sequence[str],
    period: str,
) -> None:
    """Create a table of the periods for which rows that count from a day on differ between the files.

    Args:
        connection: where to create it; its table `periods` holds the periods that there are, in the column `period`.
        came, went: SELECTs of the rows of the files that came and of those that went; None where there are none.
        relation: name of the table to create.
        since: the column from which on a row counts, a day or a calendar year.
        until: the column of the day before which it counts no more; None: it counts for ever.
        content: columns in which rows differ.
        period: the column of days in `periods`, and of the table.
    """
    day, end = sql_name(period), sql_name(until) if until else "NULL"
    # Counted, not held against each other with EXCEPT ALL, which keeps every value of both sides: 20 GB for a month of
    # measures. So a hash stands for what a row says, as it does wherever rows are compared.
    row = f"{sql_name(since)} AS since, {end} AS until, hash({', '.join(map(sql_name, content))}) AS content"
    sides = [f"SELECT {row}, {n} AS n FROM ({rows})" for rows, n in ((came, 1), (went, -1)) if rows]
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE moved AS SELECT since, until, content, sum(n) AS n
            FROM ({" UNION ALL ".join(sides)}) GROUP BY since, until, content HAVING sum(n) <> 0"""
    )
    if until is None:
        (_, kind, *_), *_ = connection.execute("DESCRIBE moved").fetchall()
        at = day if kind == "DATE" else f"year({day})"
        reached = f"SELECT DISTINCT {day} FROM periods WHERE {at} >= (SELECT min(since) FROM moved)"
    else:
        reached = f"""SELECT DISTINCT {day} FROM (
            SELECT p.{day}, content FROM moved JOIN periods AS p
              ON since <= p.{day} AND (until IS NULL OR p.{day} < until)
            GROUP BY p.{day}, content HAVING sum(n) <> 0)"""
    connection.execute(f"CREATE TEMP TABLE {relation} AS {reached}")
