"""Connections to DuckDB within this process."""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

__all__ = ["Workspaces", "beside", "connect", "database"]

_lock = threading.Lock()
#: (process, threads, memory) -> the database that connections share.
_shared: dict[tuple[int, int | None, str | None], duckdb.DuckDBPyConnection] = {}


def connect(*, threads: int | None = None, memory: str | None = None) -> duckdb.DuckDBPyConnection:
    """A connection of its own to a database in memory that this process keeps open; times are UTC.

    To open a database costs 16 ms of a processor, a connection to an open one next to nothing, and a load has some 200
    looks into files. What is made in it has to be TEMP: it belongs to the connection then, and goes with it. What does
    not fit into memory is kept in the system's folder for temporary files (TMPDIR).

    Args:
        threads: of the database; as many as the machine has cores if None.
        memory: bound on what all of its connections hold, as DuckDB writes it; its own default if None.
    """
    place = (os.getpid(), threads, memory)
    with _lock:
        if (connection := beside(_shared.get(place))) is None:
            _shared[place] = database(threads=threads, memory=memory, spill=_spill_folder())
            connection = _shared[place].cursor()
        return connection


def _spill_folder() -> Path:
    """A new folder that goes with the process; not DuckDB's own, which depends on the folder one is in."""
    folder = Path(tempfile.mkdtemp(prefix="nh_lakehouse_"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def beside(connection: duckdb.DuckDBPyConnection | None) -> duckdb.DuckDBPyConnection | None:
    """Another connection to the same database; None where it cannot be used any more.

    DuckDB closes a database to everybody after an internal error; a file that brings one about must not stop others.
    """
    if connection is None:
        return None
    try:
        other = connection.cursor()
        other.execute("SELECT 1").fetchall()
    except duckdb.Error:
        return None
    return other


def database(
    *, threads: int | None = None, memory: str | None = None, spill: Path | None = None
) -> duckdb.DuckDBPyConnection:
    """A connection to a new database in memory; times are UTC.

    Args:
        threads: of the database; as many as the machine has cores if None.
        memory: bound on its memory, as DuckDB writes it; its own default if None.
        spill: folder for what does not fit.
    """
    wanted = {"threads": threads, "memory_limit": memory, "temp_directory": str(spill) if spill else None}
    connection = duckdb.connect(config={name: value for name, value in wanted.items() if value is not None})
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    # It would keep what was read of files as long as the process lives.
    connection.execute("SET GLOBAL enable_external_file_cache = false")
    return connection


class Workspaces:
    """Connections to one database, each with a schema of its own, for work in which several threads share tables.

    Args:
        spill: folder for what does not fit into memory.
        memory: bound on what all of them hold, as DuckDB writes it.
    """

    def __init__(self, spill: Path, memory: str) -> None:
        self._spill = spill
        self._memory = memory
        self._lock = threading.Lock()
        self._database: duckdb.DuckDBPyConnection | None = None
        self._numbers = itertools.count(1)

    @contextmanager
    def one(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection whose tables nobody else sees, and which takes them along when it goes."""
        with self._lock:
            if (connection := beside(self._database)) is None:
                self._database = database(memory=self._memory, spill=self._spill)
                connection = self._database.cursor()
        schema = f"workspace_{next(self._numbers)}"
        with connection:
            connection.execute(f"CREATE SCHEMA {schema}; USE {schema}")
            try:
                yield connection
            finally:
                # What was done in it, or went wrong, is not undone by a database that cannot forget it.
                with suppress(duckdb.Error):
                    connection.execute(f"USE memory.main; DROP SCHEMA {schema} CASCADE")
