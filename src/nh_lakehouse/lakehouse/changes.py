"""What changed in a Delta table between two versions, read from its log: no change data feed, no engine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from nh_lakehouse.lakehouse.duckdb_sql import parquet_rows, sql_name

if TYPE_CHECKING:
    import duckdb

    from nh_lakehouse.lakehouse.lakehouse import Lakehouse

__all__ = ["FileChanges", "changed_files", "changed_keys", "changed_periods", "distinct_values"]

#: Columns of a version that say when it held, not what did.
_WHEN = ("valid_from", "valid_to", "is_current", "closed_reason")


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
    import duckdb

    if not files:
        return []
    with duckdb.connect() as connection:
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

    def rows(files: Sequence[Path]) -> str:
        if not files:
            nothing = ", ".join(f'NULL AS "{k}"' for k in key)
            return f"SELECT {nothing}, NULL AS _row_hash WHERE false"
        return f"SELECT {names}, _row_hash FROM {parquet_rows(files)}"

    connection.execute(
        f"""CREATE TABLE {relation} AS SELECT DISTINCT {names} FROM (
            ({rows(changes.added)} EXCEPT ALL {rows(changes.removed)})
            UNION ALL ({rows(changes.removed)} EXCEPT ALL {rows(changes.added)}))"""
    )


def changed_periods(
    connection: duckdb.DuckDBPyConnection,
    changes: FileChanges,
    columns: Sequence[str],
    since: str,
    period: str,
    relation: str,
) -> None:
    """Create a table of the periods for which rows that count from a day on differ between the files.

    Args:
        connection: where to create it; its table `periods` holds the periods that there are, in the column `period`.
        changes: the files.
        columns: all columns of the rows that matter.
        since: the column from which on a row counts: `valid_from` (up to `valid_to`), another day, or a calendar year.
        period: the column of days in `periods`, and of the table.
        relation: name of the table to create.
    """
    day, has_end = sql_name(period), since == "valid_from"
    # A version that was closed says of the periods before the same as it did open: when it held is no content.
    content = ", ".join(sql_name(c) for c in columns if not (has_end and c in _WHEN))
    # A hash in place of the columns: to compare a hundred of them takes DuckDB a second to plan.
    names = f"{sql_name(since)} AS since, {'valid_to' if has_end else 'NULL'} AS until, hash({content}) AS content"
    some = [*changes.added, *changes.removed]
    connection.execute(f"CREATE OR REPLACE TEMP VIEW changed AS SELECT {names} FROM {parquet_rows(some)}")

    def rows(files: Sequence[Path]) -> str:
        return f"SELECT {names} FROM {parquet_rows(files)}" if files else "SELECT * FROM changed WHERE false"

    for side, here, there in (("came", changes.added, changes.removed), ("went", changes.removed, changes.added)):
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {side} AS ({rows(here)}) EXCEPT ALL ({rows(there)})")
    if not has_end:
        ((kind,),) = connection.execute("SELECT any_value(typeof(since)) FROM changed").fetchall()
        at = day if kind == "DATE" else f"year({day})"
        first = "SELECT min(since) FROM (FROM came UNION ALL FROM went)"
        connection.execute(f"CREATE TABLE {relation} AS SELECT DISTINCT {day} FROM periods WHERE {at} >= ({first})")
        return
    in_force = f"since <= p.{day} AND (until IS NULL OR p.{day} < until)"
    came, went = (f"SELECT p.{day}, content FROM {side} JOIN periods AS p ON {in_force}" for side in ("came", "went"))
    connection.execute(
        f"""CREATE TABLE {relation} AS SELECT DISTINCT {day} FROM (
            (({came}) EXCEPT ALL ({went})) UNION ALL (({went}) EXCEPT ALL ({came})))"""
    )
