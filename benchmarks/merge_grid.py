"""Our publishing beside a plain MERGE on the key, on a grid: share of the files touched x share of their rows matched.

The table has as many rows as a payroll quarter, in a hundred files, each with a range of the key. A batch holds every
n-th row of every n-th file with another value; both ways read it from the same Parquet file and work on the same
engine, each on its own fresh copy of the table (an engine may remember the log of a path).
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.child import tell
from benchmarks.ours import engine_of
from nh_lakehouse import Lakehouse
from nh_lakehouse.lakehouse.store import Store

FILES = 100
SHARES = (0.01, 0.10, 0.50, 1.00)
KEY = ("ccn", "work_date")
_DAYS = 91
_VALUES = ", ".join(f"((n * {31 + 2 * i} + {i}) % 40000) / 100.0 AS hours_{i}" for i in range(10))


def make_table(lake: Lakehouse, name: str, rows: int) -> None:
    """The table, a file per commit, with a checkpoint."""
    from deltalake import DeltaTable, write_deltalake

    each = max(1, rows // FILES)
    with duckdb.connect() as connection:
        for number in range(FILES):
            query = f"SELECT * FROM ({_rows('n')}) ORDER BY ccn, work_date"
            connection.execute(
                f"CREATE OR REPLACE TEMP VIEW n AS SELECT unnest(range({number * each}, {(number + 1) * each})) AS n"
            )
            write_deltalake(lake.path(name), connection.sql(query).to_arrow_table(), mode="append")
    DeltaTable(lake.path(name)).create_checkpoint()


def _rows(source: str, change: int = 0) -> str:
    """Rows by their number: homes in a row, each with its days."""
    return (
        f"SELECT printf('%06d', n // {_DAYS}) AS ccn, DATE '2024-04-01' + CAST(n % {_DAYS} AS INT) AS work_date, "
        f"'home ' || (n // {_DAYS}) AS name, {_VALUES}, CAST(n * 2 + {change} AS BIGINT) AS _row_hash FROM {source}"
    )


def make_batch(path: Path, rows: int, files: float, matched: float) -> int:
    """Changed rows of every n-th file: with 1 % and 100 %, all rows of one file; returns how many."""
    each = max(1, rows // FILES)
    file_step, row_step = round(1 / files), round(1 / matched)
    numbers = (
        f"SELECT n FROM (SELECT unnest(range({each * FILES})) AS n) "
        f"WHERE (n // {each}) % {file_step} = {file_step // 2} AND (n % {each}) % {row_step} = {row_step // 2}"
    )
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({_rows(f'({numbers})', change=1)}) TO '{path}' (FORMAT parquet)")
        return int(connection.execute(f"SELECT count(*) FROM '{path}'").fetchall()[0][0])


def publish(store: Store, name: str, batch: Path) -> None:
    """As the library brings changed keys into a table."""
    frame = store.engine.read_parquet([batch])
    store.publish(name, frame, key=KEY, scope_keys=(batch, KEY))


def plain_merge(store: Store, name: str, batch: Path) -> None:
    """As the manual of Delta shows it."""
    store.engine.read_parquet([batch]).createOrReplaceTempView("batch")
    condition = " AND ".join(f"t.{column} = s.{column}" for column in KEY)
    store.engine.session.sql(
        f"MERGE INTO delta.`{store.lake.path(name)}` AS t USING batch AS s ON {condition} "
        "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
    ).collect()


class Grid:
    """The grid on one engine."""

    def __init__(self, work: Path, engine: str, memory: str, rows: int) -> None:
        shutil.rmtree(work, ignore_errors=True)
        self.lake = Lakehouse(work / "lake")
        self.store = Store(self.lake, engine_of(engine, memory), work / "staging")
        self.work, self.rows = work, rows
        self._copies = 0
        make_table(self.lake, "silver.base", rows)

    def timed(self, way: Callable[[Store, str, Path], None], batch: Path, expected: int) -> dict[str, Any]:
        """One way with one batch: its seconds, and what the log says of the commit."""
        self._copies += 1
        name = f"silver.copy_{self._copies}"
        shutil.copytree(self.lake.folder("silver.base"), self.lake.folder(name))
        before = self.lake.version(name)
        begin = time.monotonic()
        way(self.store, name, batch)
        seconds = time.monotonic() - begin
        metrics = self.lake.history(name)[0].get("operationMetrics", {})
        changed = (
            self.lake.duckdb([name]).execute(f"SELECT count(*) FROM {name} WHERE _row_hash % 2 = 1").fetchall()[0][0]
        )
        if self.lake.version(name) == before or changed != expected:
            raise SystemExit(f"{way.__name__}: {changed} rows changed in place of {expected}")
        shutil.rmtree(self.lake.folder(name))
        copied = metrics.get("numTargetRowsCopied", metrics.get("num_target_rows_copied"))
        return {"s": seconds, "copied_n": None if copied is None else int(copied)}

    def run(self) -> dict[str, Any]:
        """Every cell once in both ways, after one that does not count; who begins changes from cell to cell."""
        cells = []
        batch = self.work / "batch.parquet"
        warm = make_batch(batch, self.rows, 0.01, 0.01)
        for way in (publish, plain_merge):
            self.timed(way, batch, warm)
        for files in SHARES:
            for matched in SHARES:
                expected = make_batch(batch, self.rows, files, matched)
                ways = [publish, plain_merge] if len(cells) % 2 else [plain_merge, publish]
                told = {way.__name__: self.timed(way, batch, expected) for way in ways}
                cells.append({"files": files, "matched": matched, "rows_n": expected, **told})
        self.store.engine.stop()
        return {"cells": cells}


def main() -> None:
    """Measure the grid on one engine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=["sail", "spark"], required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=1_300_000)
    parser.add_argument("--memory", default="4g")
    options = parser.parse_args()
    tell(Grid(options.work, options.engine, options.memory, options.rows).run())


if __name__ == "__main__":
    main()
