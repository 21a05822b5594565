"""Locating and reading Delta tables without an engine."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nh_lakehouse.errors import ConfigError
from nh_lakehouse.lakehouse.duckdb_sql import refuse_writing, sql_file, sql_value
from nh_lakehouse.lakehouse.reading import data_files, select_rows

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import pyarrow as pa
    from deltalake import DeltaTable

__all__ = ["LAYERS", "Lakehouse"]

LAYERS = ("bronze", "silver", "gold", "ops")
_NAME = re.compile(r"(bronze|silver|gold|ops)\.([a-z][a-z0-9_]{0,99})\Z")

#: What stands for something else in the paths that Spark and Sail (patterns) and Delta (addresses) read.
_READ_OTHERWISE = "[]{}*?%\\"
#: So many versions of a table are kept open: that before a write and that after it.
_OPENED = 2


class Lakehouse:
    """A folder of Delta tables, `<root>/<layer>/<table>`.

    Reading starts no engine: `deltalake` and DuckDB answer.

    Example:
        >>> lake = Lakehouse("build/lakehouse")                              # doctest: +SKIP
        >>> lake.read("gold.nh_facility_metrics").bed_utilization.describe()  # doctest: +SKIP
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).expanduser().absolute()
        if self.root.is_file():
            raise ConfigError(f"{root} is a file; a lakehouse is a folder")
        self._opened: dict[str, dict[tuple[int, int, int], DeltaTable]] = {}

    def __repr__(self) -> str:
        return f"Lakehouse({str(self.root)!r})"

    def refuse_odd_path(self) -> None:
        """To be asked before anything is written.

        Raises:
            ConfigError: the folder's path has a character that stands for something else where it is read.
        """
        found = sorted(set(_READ_OTHERWISE) & set(f"{self.root}{self.root.resolve()}"))
        if found:
            raise ConfigError(
                f"the lakehouse folder {self.root} has {' '.join(found)} in its path, which stands for something else "
                "where Spark, Sail or Delta read it; choose another folder"
            )

    def folder(self, name: str) -> Path:
        """Folder of a table, whether it exists or not.

        Raises:
            ConfigError: the name is not `layer.table` in lower-case snake_case.
        """
        found = _NAME.match(name)
        if not found:
            raise ConfigError(
                f"table name {name!r}: expected layer.table, such as gold.nh_state_risk (layers: {', '.join(LAYERS)})"
            )
        folder = self.root / found[1] / found[2]
        if self.root.exists() and not folder.resolve().is_relative_to(self.root.resolve()):
            raise ConfigError(f"table {name!r} leads out of the lakehouse folder {self.root}")
        return folder

    def path(self, name: str) -> str:
        """Path of a table as text."""
        return str(self.folder(name))

    def exists(self, name: str) -> bool:
        """Whether the table is there: its first commit was written."""
        return self.version(name) >= 0

    def tables(self) -> list[str]:
        """Full names of the tables that exist, layer by layer."""
        return [
            f"{layer}.{log.parent.name}"
            for layer in LAYERS
            for log in sorted((self.root / layer).glob("*/_delta_log"))
            if _NAME.match(f"{layer}.{log.parent.name}") and self.exists(f"{layer}.{log.parent.name}")
        ]

    def find(self, name: str) -> str:
        """Full name of an existing table, from its full or its short name.

        Raises:
            ConfigError: there is no such table; near names are listed.
        """
        tables = self.tables()
        if name in tables:
            return name
        matches = [t for t in tables if t.split(".")[1] == name and not t.startswith("bronze.")]
        matches = matches or [t for t in tables if t.split(".")[1] == name]
        if len(matches) == 1:
            return matches[0]
        import difflib

        near = difflib.get_close_matches(name, [*tables, *(t.split(".")[1] for t in tables)], n=3)
        hint = f"; did you mean {', '.join(near)}?" if near else "; `nh-lakehouse tables` lists what is there"
        raise ConfigError(f"there is no table {name!r} in {self.root}{hint}")

    def version(self, name: str) -> int:
        """Present Delta version of a table, -1 if it does not exist."""
        log = self.folder(name) / "_delta_log"
        commits = [int(p.stem) for p in log.glob("*.json") if p.stem.isdigit()] if log.is_dir() else []
        return max(commits, default=-1)

    def delta(self, name: str, version: int | None = None) -> DeltaTable:
        """The table as a `deltalake.DeltaTable` of the caller's own; to look into one, `snapshot` opens it once."""
        from deltalake import DeltaTable

        return DeltaTable(self.folder(name), version=version)

    def snapshot(self, name: str, version: int | None = None) -> DeltaTable:
        """A version of the table to read, the present one if None; it is shared, so nobody may write with it.

        To open a version reads all commits since the last checkpoint; a run looks at each some five times. `history()`
        is that of the present version, whichever was opened: ask `delta` for it.
        """
        wanted = self.version(name) if version is None else version
        commit = self.folder(name) / "_delta_log" / f"{wanted:020d}.json"
        try:
            found = commit.stat()
        except FileNotFoundError:  # kept in a checkpoint alone, or not at all
            return self.delta(name, version)
        opened, place = self._opened.setdefault(name, {}), (wanted, found.st_ino, found.st_mtime_ns)
        if (table := opened.get(place)) is None:
            table = self.delta(name, wanted)
            for other in list(opened)[: -(_OPENED - 1)]:
                opened.pop(other, None)
            opened[place] = table
        return table

    def rows_n(self, name: str, version: int | None = None) -> int:
        """Rows of a table, by its files."""
        from nh_lakehouse.lakehouse.reading import data_files, rows_in

        return rows_in(data_files(self.snapshot(name, version)))

    def arrow(self, name: str, columns: Sequence[str] | None = None, version: int | None = None) -> pa.Table:
        """The rows of a table as Arrow."""
        import pyarrow as pa

        from nh_lakehouse.lakehouse.duckdb_session import connect

        delta = self.snapshot(name, version)
        schema = pa.schema(delta.schema().to_arrow())
        if columns:
            schema = pa.schema([schema.field(c) for c in columns])
        with connect() as connection:
            return connection.sql(select_rows(delta, schema.names)).to_arrow_table().cast(schema)

    def read(self, name: str, columns: Sequence[str] | None = None, version: int | None = None) -> pd.DataFrame:
        """The rows of a table as pandas, for notebooks.

        Args:
            name: full or short table name.
            columns: only these.
            version: Delta version; the present one if None.
        Raises:
            ConfigError: there is no such table.
        """
        return self.arrow(self.find(name), columns, version).to_pandas()

    def sql(self, query: str) -> pd.DataFrame:
        """Answer of a DuckDB query over all tables, as pandas.

        Raises:
            ConfigError: the text is not one statement that only reads.
        """
        refuse_writing(query)
        with self.duckdb() as connection:
            return connection.execute(query).df()

    def duckdb(
        self,
        tables: Sequence[str] | None = None,
        *,
        versions: Mapping[str, int] | None = None,
        memory_mb: int = 1_000,
    ) -> duckdb.DuckDBPyConnection:
        """A DuckDB connection that sees the tables as `layer.table`; it can read nothing else of the machine.

        It does not keep who holds it from writing over the tables' files: SQL of somebody else goes through `sql`, or
        through `refuse_writing` first.

        Args:
            tables: only these; all if None.
            versions: table -> Delta version to read; the present one where it is left out.
            memory_mb: bound on DuckDB's memory.
        """
        import duckdb

        connection = duckdb.connect(config={"memory_limit": f"{memory_mb}MB"})
        readable: list[str] = []
        for layer in LAYERS:
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {layer}")
        for name in self.tables() if tables is None else tables:
            layer, table = name.split(".")
            delta = self.snapshot(name, (versions or {}).get(name))
            readable += data_files(delta)
            connection.execute(f'CREATE VIEW {layer}."{table}" AS {select_rows(delta)}')
        # As they are, and as they are written where DuckDB would take them for patterns.
        paths = [path for file in readable for path in dict.fromkeys([sql_value(file), sql_file(file)])]
        connection.execute(f"SET allowed_paths = [{', '.join(paths)}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        return connection

    def history(self, name: str) -> list[dict[str, Any]]:
        """Commits of a table, newest first."""
        return self.delta(self.find(name)).history()
