"""Writing Delta tables with an engine: create, append, publish a changed set of rows in one commit.

Every write is one commit. `publish` compares the wanted rows with the ones that stand in the table (inside a scope)
and writes the difference alone: an append where rows are only new, else the files that hold a changed row, written once
more. Nothing different: no commit.
"""

from __future__ import annotations

import copy
import itertools
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from nh_lakehouse.contracts.model import DerivedColumn
from nh_lakehouse.engines.base import Engine
from nh_lakehouse.errors import LoadError, RowAccountingError
from nh_lakehouse.lakehouse.adopt import Swap, adopt, swap
from nh_lakehouse.lakehouse.difference import DELETE, INSERT, UPDATE, Scope, difference
from nh_lakehouse.lakehouse.duckdb_session import Workspaces, connect
from nh_lakehouse.lakehouse.duckdb_sql import parquet_rows, sql_name
from nh_lakehouse.lakehouse.lakehouse import Lakehouse
from nh_lakehouse.lakehouse.periods import PERIOD_COLUMNS
from nh_lakehouse.lakehouse.placing import PERIOD_ROWS, SORT_ROWS, laid_out, period_by_period, placed
from nh_lakehouse.lakehouse.reading import is_plain, rows_in, sound_files
from nh_lakehouse.lakehouse.schema import arrow_schema, delta_schema

if TYPE_CHECKING:
    from deltalake import DeltaTable, Field
    from pyspark.sql import DataFrame

__all__ = ["Published", "Store", "parquet_files", "semi_join", "staged_rows"]

#: Of all tables that are compared and written side by side.
_MEMORY = "4GB"


@dataclass(frozen=True)
class Published:
    """What a write did to a table.

    Attributes:
        version_before: Delta version before, -1 for a new table.
        version_after: Delta version after.
        inserted_n, updated_n, deleted_n: rows of the commit, as the Delta log states them.
        by_file: (source file, load that brought it) -> rows inserted, updated and wanted (with the unchanged ones),
            where the caller asked for it.
    """

    version_before: int
    version_after: int
    inserted_n: int = 0
    updated_n: int = 0
    deleted_n: int = 0
    by_file: Mapping[tuple[str, ...], tuple[int, int, int]] = field(default_factory=dict)


class Store:
    """The write side of a lakehouse: a `Lakehouse`, an engine and a folder for staged files.

    Args:
        lake: where the tables are.
        engine: what computes and writes.
        staging: folder for Parquet files that live as long as the run.
        after_commit: called with the table name after every commit; tests stop the process there.

    Raises:
        ConfigError: the folder's path has a character that stands for something else where it is read.
    """

    def __init__(
        self, lake: Lakehouse, engine: Engine, staging: Path, after_commit: Callable[[str], None] | None = None
    ) -> None:
        lake.refuse_odd_path()
        self.lake = lake
        self.engine = engine
        self.staging = staging
        self._after_commit = after_commit or (lambda name: None)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._workspaces = Workspaces(staging / "duckdb", _MEMORY)
        self._writing: dict[str, threading.RLock] = {}

    def _one_writer(self, name: str) -> threading.RLock:
        """Several data sets may feed one table: they write one after the other."""
        with self._lock:
            return self._writing.setdefault(name, threading.RLock())

    def scratch(self, label: str) -> Path:
        """A new path in the staging folder."""
        self.staging.mkdir(parents=True, exist_ok=True)
        return self.staging / f"{next(self._numbers):04d}_{label.replace('.', '_')}"

    def for_rows(self, rows_n: Callable[[], int]) -> Store:
        """The same store, computing with what suits so many rows; they are counted where that makes a difference."""
        engine = self.engine.for_rows(rows_n()) if self.engine.few_rows else self.engine
        if engine is self.engine:
            return self
        other = copy.copy(self)
        other.engine = engine
        return other

    # --- creating and reading ------------------------------------------------------------------------------------

    def ensure(
        self, name: str, columns: Sequence[DerivedColumn], *, indexed: Sequence[str] = (), comment: str = ""
    ) -> None:
        """Create a table from its declared columns, or add the columns that it lacks.

        Raises:
            LoadError: a column stands in the table with another type.
        """
        if self.lake.exists(name) and not self._lacking(name, columns):
            return  # without waiting for whoever writes to it
        with self._one_writer(name):
            if not self.lake.exists(name):
                self._create(name, columns, indexed, comment)
            elif new := self._lacking(name, columns):
                self.lake.delta(name).alter.add_columns(new)
                self._after_commit(name)

    def _create(self, name: str, columns: Sequence[DerivedColumn], indexed: Sequence[str], comment: str) -> None:
        from deltalake import DeltaTable

        configuration: dict[str, str | None] = {"delta.minReaderVersion": "1", "delta.minWriterVersion": "2"}
        if indexed:
            configuration["delta.dataSkippingStatsColumns"] = ",".join(indexed)
        DeltaTable.create(
            self.lake.path(name),
            schema=delta_schema(columns),
            name=name,
            description=comment or None,
            configuration=configuration,
            mode="ignore",
        )
        self._after_commit(name)

    def _lacking(self, name: str, columns: Sequence[DerivedColumn]) -> list[Field]:
        """Declared columns that a table does not have."""
        present = {f.name: f for f in self.lake.snapshot(name).schema().fields}
        wanted = {f.name: f for f in delta_schema(columns).fields}
        clash = [n for n, f in wanted.items() if n in present and str(present[n].type) != str(f.type)]
        if clash:
            raise LoadError(
                f"{name}: column {clash[0]} is {present[clash[0]].type} in the table and {wanted[clash[0]].type} "
                "in its declaration; run once with --full-refresh to rebuild it",
                table=name,
            )
        return [f for n, f in wanted.items() if n not in present]

    def read(self, name: str, version: int | None = None) -> DataFrame:
        """The rows of a table, at a version.

        The files are named here: to have Spark read the log costs it jobs, a second for each version of a table, and
        Sail finds no log in a folder with a blank.

        Raises:
            LoadError: a file is not there or not as it was written.
        """
        table = self.lake.snapshot(name, version)
        if is_plain(table):
            return self.engine.read_files(sound_files(table, name), table.schema().to_json())
        return self.engine.read_delta(self.lake.path(name), version)

    def empty(self, columns: Sequence[DerivedColumn]) -> DataFrame:
        """No rows, of declared columns; planning leaves out what is joined to them."""
        # Not createDataFrame: of Python rows, even none, Spark makes a job for a Python process.
        return self.engine.read_files([], delta_schema(columns).to_json())

    # --- writing -------------------------------------------------------------------------------------------------

    def stage(self, frame: DataFrame, label: str) -> Path:
        """Compute a frame once, into Parquet files of the staging folder."""
        folder = self.scratch(label)
        frame.write.mode("overwrite").parquet(str(folder))
        if not folder.is_dir() or not parquet_files(folder):
            # Sail writes nothing where there are no rows; who reads the folder wants its columns.
            from pyspark.sql.pandas.types import to_arrow_schema

            folder.mkdir(parents=True, exist_ok=True)
            pq.write_table(to_arrow_schema(frame.schema).empty_table(), folder / "empty.parquet")
        return folder

    def staged(self, table: pa.Table, label: str) -> DataFrame:
        """An Arrow table as a frame, by way of a file of the staging folder."""
        return self.engine.read_parquet([self._written(table, label)])

    def _written(self, table: pa.Table, label: str) -> Path:
        path = self.scratch(label).with_suffix(".parquet")
        pq.write_table(table, path, coerce_timestamps="us", compression="zstd")
        return path

    def append(self, name: str, frame: DataFrame) -> Published:
        """Add rows in one commit."""
        return self.adopt(name, parquet_files(self.stage(frame, name)))

    def adopt(self, name: str, files: Sequence[Path], table: DeltaTable | None = None) -> Published:
        """Add the rows of Parquet files of the staging folder in one commit; the files become the table's.

        Args:
            name: the table.
            files: Parquet files with its columns.
            table: the version to add to; the present one if None.
        Raises:
            LoadError: somebody else wrote the table at the same time.
        """
        table = table or self.lake.delta(name)
        before = table.version()
        with self._alone(name, before):
            rows_n = adopt(table, self.lake.folder(name), files)
        after = self.lake.version(name)
        if after == before:
            return Published(before, before)
        if after != before + 1:
            raise LoadError(
                f"{name}: expected version {before + 1} after the append, found {after}: another writer?", table=name
            )
        self._after_commit(name)
        return Published(before, after, inserted_n=rows_n)

    def delete(self, name: str, condition: str) -> int:
        """Delete the rows of a table that meet a condition, in one commit; returns how many there were.

        Args:
            name: the table.
            condition: comparisons of columns with values, in the SQL that `deltalake` shares with DuckDB.
        """
        from deltalake import WriterProperties

        table = self.lake.delta(name)
        before, rows_n = table.version(), self.lake.rows_n(name)
        table.delete(condition, writer_properties=WriterProperties(compression="ZSTD"))
        if self.lake.version(name) == before:
            return 0
        self._after_commit(name)
        return rows_n - self.lake.rows_n(name)

    def append_rows(self, name: str, columns: Sequence[DerivedColumn], rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows that were made in Python (operations tables)."""
        if not rows:
            return
        table = pa.Table.from_pylist([dict(r) for r in rows], schema=arrow_schema(columns))
        self.append_arrow(name, columns, table)

    def append_arrow(self, name: str, columns: Sequence[DerivedColumn], table: pa.Table) -> None:
        """Add an Arrow table of the declared columns."""
        self.ensure(name, columns)
        self.adopt(name, [self._written(table.select([c.name for c in columns]), name)])

    def publish(
        self,
        name: str,
        frame: DataFrame,
        *,
        key: Sequence[str],
        scope: str | None = None,
        scope_keys: tuple[Path, Sequence[str]] | None = None,
        scope_is_new: bool = False,
        provenance: Sequence[str] = (),
        order: Sequence[str] = (),
    ) -> Published:
        """Make the rows of a table inside a scope equal to a frame.

        Args:
            name: the table, which exists.
            frame: the wanted rows, `_row_hash` included.
            key: columns that identify a row; compared null-safe.
            scope: DuckDB predicate over the table's columns: rows outside are not looked at, rows inside that the frame
                lacks are deleted. The whole table if None.
            scope_keys: Parquet file of keys, and their columns: only rows of the table with one of these keys are in
                the scope.
            scope_is_new: the caller knows that the table holds nothing in the scope: append without comparing.
            provenance: columns by which inserted, updated and wanted rows are counted in `by_file`.
            order: columns by which new rows are sorted, in files of bounded size; as they were computed if empty.
        Returns:
            What the commit did; equal versions where nothing differed.
        """
        # Computed before the table is held: other data sets may write their part of it meanwhile.
        wanted = parquet_files(self.stage(frame.select(*self._column_names(name)), name))
        with self._one_writer(name):
            before = self.lake.version(name)
            if scope_is_new or self._is_empty(name):
                by_file = _new_by_file(wanted, provenance)
                return replace(self._adopt_in_order(name, wanted, key, order), by_file=by_file)
            table = self.lake.delta(name)
            with self._workspaces.one() as connection:
                found = difference(connection, table, wanted, key, Scope(scope, scope_keys), provenance)
                if not found.counts:
                    return Published(before, before, by_file=found.by_file)
                if found.is_all_new:
                    published = self._adopt_in_order(name, wanted, key, order, table)
                else:
                    swapped = placed(connection, table, wanted, key, found, self.scratch(f"{name}_placed"), order)
                    published = self._swap(name, table, swapped)
            self._hold_to_account(name, published, found.counts)
            return replace(published, by_file=found.by_file)

    def _adopt_in_order(
        self,
        name: str,
        files: Sequence[Path],
        key: Sequence[str],
        order: Sequence[str],
        table: DeltaTable | None = None,
    ) -> Published:
        """New rows in files as they shall lie: sorted where the table has an order, else a period in each."""
        table = table or self.lake.delta(name)
        rows_n = rows_in(files)
        period = next((c for c in PERIOD_COLUMNS if c in key), None)
        if rows_n > SORT_ROWS:
            return self.adopt(name, files, table)
        if order:
            with self._workspaces.one() as connection:
                files = laid_out(connection, table, files, order, self.scratch(f"{name}_laid"))
        elif period and rows_n > PERIOD_ROWS:
            files = period_by_period(table, files, period, self.scratch(f"{name}_periods"))
        return self.adopt(name, files, table)

    def _swap(self, name: str, table: DeltaTable, files: Swap) -> Published:
        before = table.version()
        with self._alone(name, before):
            swap(table, self.lake.folder(name), files)
        self._after_commit(name)
        return Published(before, self.lake.version(name), files.inserted_n, files.updated_n, files.deleted_n)

    @staticmethod
    @contextmanager
    def _alone(name: str, before: int) -> Iterator[None]:
        """A commit that somebody else's got ahead of, told in one sentence."""
        from deltalake.exceptions import CommitFailedError

        try:
            yield
        except CommitFailedError as error:
            raise LoadError(
                f"{name}: version {before + 1} was written by somebody else meanwhile: another writer?", table=name
            ) from error

    def _is_empty(self, name: str) -> bool:
        return not self.lake.snapshot(name).file_uris()

    def _column_names(self, name: str) -> list[str]:
        return [f.name for f in self.lake.snapshot(name).schema().fields]

    def _hold_to_account(self, name: str, published: Published, counts: Mapping[str, int]) -> None:
        """The commit must have done what the comparison asked for; else the table goes back to where it was."""
        wanted = (counts.get(INSERT, 0), counts.get(UPDATE, 0), counts.get(DELETE, 0))
        found = (published.inserted_n, published.updated_n, published.deleted_n)
        if wanted != found:
            self.restore(name, published.version_before)
            raise RowAccountingError(
                f"{name}: expected to insert, update and delete {wanted} rows, the commit did {found}; "
                f"the table is back at version {published.version_before}",
                table=name,
            )

    def restore(self, name: str, version: int) -> None:
        """Put a table back to an earlier version, as a new commit."""
        self.lake.delta(name).restore(version)
        self._after_commit(name)


def _new_by_file(wanted: Sequence[Path], provenance: Sequence[str]) -> dict[tuple[str, ...], tuple[int, int, int]]:
    """Rows of each source file, all of them new."""
    if not provenance:
        return {}
    names = ", ".join(sql_name(c) for c in provenance)
    with connect() as connection:
        rows = connection.execute(f"SELECT {names}, count(*) FROM {parquet_rows(wanted)} GROUP BY {names}").fetchall()
    return {tuple(source): (n, 0, n) for *source, n in rows}


def semi_join(frame: DataFrame, keys: DataFrame, columns: Sequence[str]) -> DataFrame:
    """Rows of a frame whose key is among the keys, null-safe."""
    from pyspark.sql import functions as F

    renamed = keys.select(*[F.col(c).alias(f"_key_{c}") for c in columns])
    condition = F.lit(True)
    for column in columns:
        condition = condition & F.col(column).eqNullSafe(F.col(f"_key_{column}"))
    return frame.join(renamed, on=condition, how="left_semi")


def parquet_files(path: Path) -> list[Path]:
    """Parquet files of a staged folder (or the file itself)."""
    return [path] if path.is_file() else sorted(path.glob("*.parquet"))


def staged_rows(path: Path) -> str:
    """DuckDB's name for the rows of a staged folder or file."""
    return parquet_rows(parquet_files(path))
