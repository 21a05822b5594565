"""Taking Parquet files into a Delta table: the files are moved into its folder and one commit names them.

An engine computes and writes the rows once, as plain Parquet; the commit costs milliseconds on either engine and no
engine job. Readers see all rows of the commit or none. Files of a process that died before its commit belong to no
version: `vacuum` removes them.
"""

from __future__ import annotations

import json
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pyarrow.parquet as pq

if TYPE_CHECKING:
    from deltalake import DeltaTable
    from deltalake.transaction import AddAction, RemoveAction

__all__ = ["Swap", "adopt", "swap"]

_STATISTICS = "delta.dataSkippingStatsColumns"
#: As many columns as Delta's writers give statistics of where a table names none.
_DEFAULT_COLUMNS = 32


@dataclass(frozen=True)
class Swap:
    """Files to bring into a table and to take out of it in one commit, and what that does to its rows.

    `data_change` is false where the same rows only lie in other files.
    """

    added: tuple[Path, ...]
    removed: tuple[Path, ...] = ()
    inserted_n: int = 0
    updated_n: int = 0
    deleted_n: int = 0
    copied_n: int = 0
    data_change: bool = True


def adopt(table: DeltaTable, folder: Path, files: Sequence[Path]) -> int:
    """Append the rows of Parquet files to a table, in one commit; files without rows are left out.

    Args:
        table: the table, at the version to add to; another commit since then makes this one fail. The files have its
            columns, of its types; one that they lack is null.
        folder: where it lies.
        files: Parquet files on the same disk; they are moved away.
    Returns:
        Rows added; 0 if there were none and nothing was committed.
    """
    actions, rows_n = _moved_in(table, folder, files)
    size = sum((folder / a.path).stat().st_size for a in actions)
    metrics = {"numFiles": len(actions), "numOutputRows": rows_n, "numOutputBytes": size}
    _commit(table, actions, metrics)
    return rows_n


def swap(table: DeltaTable, folder: Path, files: Swap) -> None:
    """Take files out of a table and bring others in, in one commit.

    Args:
        table: the table, at the version that the files were made for. Another commit since then makes this one fail.
        folder: where it lies.
        files: Parquet files on the same disk, which are moved away, and data files of the table.
    """
    from deltalake.transaction import RemoveAction

    actions, _ = _moved_in(table, folder, files.added, data_change=files.data_change)
    now = int(time.time() * 1000)
    gone: list[AddAction | RemoveAction] = [
        RemoveAction(
            quote(str(file.resolve().relative_to(folder.resolve()))), files.data_change, now, file.stat().st_size, {}
        )
        for file in files.removed
    ]
    metrics = {
        "numTargetRowsInserted": files.inserted_n,
        "numTargetRowsUpdated": files.updated_n,
        "numTargetRowsDeleted": files.deleted_n,
        "numTargetRowsCopied": files.copied_n,
        "numTargetFilesAdded": len(actions),
        "numTargetFilesRemoved": len(gone),
    }
    _commit(table, [*actions, *gone], metrics)


def _moved_in(
    table: DeltaTable, folder: Path, files: Sequence[Path], *, data_change: bool = True
) -> tuple[list[AddAction], int]:
    """Move files with rows into the table's folder, under new names; nothing is committed."""
    wanted = _indexed(table)
    actions: list[AddAction] = []
    rows_n = 0
    for file in files:
        footer = pq.read_metadata(file)
        if footer.num_rows:
            target = folder / f"part-{len(actions):05d}-{uuid.uuid4()}.parquet"
            told = json.dumps(_statistics(footer, wanted))
            shutil.move(str(file), str(target))
            actions.append(_action(target, told, data_change))
            rows_n += footer.num_rows
    return actions, rows_n


def _commit(table: DeltaTable, actions: Sequence[AddAction | RemoveAction], metrics: Mapping[str, int]) -> None:
    from deltalake import CommitProperties

    if actions:
        told = {name: str(value) for name, value in metrics.items()}
        table.create_write_transaction(
            list(actions),
            mode="append",
            schema=table.schema(),
            commit_properties=CommitProperties(custom_metadata={"operationMetrics": told}, max_commit_retries=0),
        )


def _indexed(table: DeltaTable) -> set[str]:
    """Columns that get statistics: those that the table names, else its first ones."""
    named = table.metadata().configuration.get(_STATISTICS)
    if named is not None:
        return {name.strip() for name in named.split(",")}
    return {field.name for field in table.schema().fields[:_DEFAULT_COLUMNS]}


def _action(file: Path, statistics: str, data_change: bool) -> AddAction:
    from deltalake.transaction import AddAction

    state = file.stat()
    return AddAction(
        path=file.name,
        size=state.st_size,
        partition_values={},
        modification_time=int(state.st_mtime * 1000),
        data_change=data_change,
        stats=statistics,
    )


def _statistics(footer: pq.FileMetaData, wanted: set[str]) -> dict[str, Any]:
    """Rows, and bounds and nulls of the wanted columns, in the words of the Delta protocol."""
    low: dict[str, Any] = {}
    high: dict[str, Any] = {}
    nulls: dict[str, int] = {}
    for name, parts in _columns(footer, wanted):
        if not all(p.has_null_count for p in parts):
            continue
        nulls[name] = sum(p.null_count for p in parts)
        bounded = [p for p in parts if p.num_values]
        try:
            if bounded and all(p.has_min_max and _is_plain(p.min) for p in bounded):
                low[name], high[name] = _text(min(p.min for p in bounded)), _text(max(p.max for p in bounded))
        except (OverflowError, ValueError):  # a day that Python's calendar does not have
            continue
    return {"numRecords": footer.num_rows, "minValues": low, "maxValues": high, "nullCount": nulls}


def _columns(footer: pq.FileMetaData, wanted: set[str]) -> Iterator[tuple[str, list[pq.Statistics]]]:
    """Statistics of each wanted column that is not nested, one per row group, where the file has them all."""
    for place in range(footer.num_columns):
        name = footer.schema.column(place).path
        found = [footer.row_group(group).column(place).statistics for group in range(footer.num_row_groups)]
        parts = [part for part in found if part is not None]
        if name in wanted and len(parts) == len(found):
            yield name, parts


def _is_plain(value: object) -> bool:
    """Whether bounds of the type are written as they are: texts, whole numbers and days."""
    return isinstance(value, (str, int, date)) and not isinstance(value, (bool, datetime))


def _text(value: str | int | date) -> str | int:
    return value.isoformat() if isinstance(value, date) else value
