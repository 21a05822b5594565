"""Publishing gold tables to MySQL or MariaDB: what changed is loaded beside the old tables and exchanged in one step.

A table is published when its Delta version, its columns or their descriptions differ from what the table
`_nh_lakehouse_published` says of the copy. It is loaded anew as a whole, under a staging name, and compared with Delta.
When all are loaded, one `RENAME TABLE` puts every new table in the place of the old one: a reader sees all of the old
tables or all of the new ones, never a part. What ends a publication before that leaves the old tables, what ends it
after that the new ones; the next one finishes, or drops what was left.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

from nh_lakehouse.errors import ConflictError, LoadError, LostConnectionError
from nh_lakehouse.lakehouse import Lakehouse
from nh_lakehouse.pipeline.report import Quiet, Reporter
from nh_lakehouse.publish.mysql_load import load_beside
from nh_lakehouse.publish.mysql_server import Server
from nh_lakehouse.publish.mysql_types import design, old_name, shape_of, staging_name, statements
from nh_lakehouse.publish.tables import Choice, OutTable, open_rows

__all__ = ["BOOKKEEPING", "PublishedTable", "fingerprint", "left_out", "planned", "planned_statements", "publish"]

BOOKKEEPING = "_nh_lakehouse_published"
#: Part of every fingerprint: another number publishes every table anew, when types or keys are chosen differently.
_RULES = 1
#: Version of a copy that is about to be put in its place.
_PENDING = -1
#: What is there when a publication ends before, in and after the exchange.
_BEFORE = "the tables there are as they were: publish again"
_WITHIN = "either all old or all new tables stand there: publish again"
_AFTER = "the new tables stand there: publish again to finish"
_COLUMNS = ("table_name", "delta_table", "delta_version", "delta_id", "fingerprint", "row_n", "run_id", "published_at")


@dataclass(frozen=True)
class PublishedTable:
    """What became of a table: created, replaced, unchanged, left_out or failed."""

    table: str
    status: str
    rows_n: int | None = None
    duration_s: float = 0.0
    version: int | None = None
    note: str = ""


@dataclass(frozen=True)
class _Known:
    """What the database says of its copy of a table."""

    delta_table: str
    version: int
    delta_id: str
    fingerprint: str
    rows_n: int


@dataclass
class _Progress:
    """How far a publication has come."""

    stands: str = _BEFORE


def publish(
    lake: Lakehouse,
    server: Server,
    choice: Choice,
    *,
    everything: bool = False,
    wait_s: float = 0.0,
    reporter: Reporter | None = None,
) -> list[PublishedTable]:
    """Bring the copies of tables in a database up to date.

    Args:
        lake: the lakehouse.
        server: a connection to the database.
        choice: the tables.
        everything: load tables anew that have not changed.
        wait_s: how long to wait for another publication into the same database.
        reporter: told of the progress.
    Returns:
        One line per table. A table that failed is as it was; the others are exchanged all the same.
    Raises:
        ConflictError: another publication fills the database.
        LostConnectionError: the connection was lost; the message says whether the old or the new tables stand.
        LoadError: the tables could not be exchanged: every table is as it was, unless the message says that the new
            ones stand.
    """
    reporter = reporter or Quiet()
    with _told_what_stands() as progress, _alone(server, wait_s):
        present = _without_leftovers(server)
        known = _known(server, present)
        lines: dict[str, PublishedTable] = {}
        loaded: dict[str, OutTable] = {}
        try:
            for table in choice.tables:
                line = _settled(table, known.get(table.short_name), present, everything, server)
                if line is None:
                    line = _load(lake, server, table, reporter)
                    if line.status == "loaded":
                        loaded[table.name] = table
                lines[table.name] = line
            if loaded:
                reporter.begin("exchange", f"exchanging {len(loaded)} tables")
                # A new table is ours from before it is there, whatever ends this publication in between.
                _record(server, {t: 0 for t in loaded.values() if t.short_name not in known}, version=_PENDING)
                progress.stands = _WITHIN
                _exchange(server, list(loaded.values()), present)
                progress.stands = _AFTER
        except LostConnectionError:
            # The next publication drops them.
            raise
        except LoadError:
            with contextlib.suppress(LoadError):
                _drop(server, [staging_name(t.short_name) for t in loaded.values()])
            raise
        for name, table in loaded.items():
            status = "replaced" if table.short_name in present else "created"
            lines[name] = replace(lines[name], status=status)
        _record(server, {t: lines[t.name].rows_n or 0 for t in loaded.values()})
        _drop(server, [old_name(t.short_name) for t in loaded.values() if t.short_name in present])
        reporter.end("exchange", "")
    return [*lines.values(), *left_out(choice)]


def planned(server: Server, choice: Choice, *, everything: bool = False) -> list[PublishedTable]:
    """What `publish` would do; nothing is changed."""
    present = server.tables()
    known = _known(server, present) if BOOKKEEPING in present else {}
    lines = []
    for table in choice.tables:
        status = "replaced" if table.short_name in present else "created"
        line = _settled(table, known.get(table.short_name), present, everything, server)
        lines.append(line or PublishedTable(table.name, status, version=table.version))
    return [*lines, *left_out(choice)]


def planned_statements(
    lake: Lakehouse, choice: Choice, dialect: Any, collation: str
) -> Iterator[tuple[str, list[str]]]:
    """Each table with the SQL that would make it."""
    for table in choice.tables:
        with open_rows(lake, table) as rows:
            shape = shape_of(table, rows.measure())
        yield table.name, statements(design(table, shape, name=table.short_name, collation=collation), dialect)


def left_out(choice: Choice) -> list[PublishedTable]:
    """The lines of tables that are not given out."""
    why = "sensitive columns ({}): --with-sensitive gives it out"
    return [PublishedTable(t.name, "left_out", note=why.format(", ".join(t.sensitive))) for t in choice.left_out]


# --- one table -------------------------------------------------------------------------------------------------------


def _settled(
    table: OutTable, known: _Known | None, present: set[str], everything: bool, server: Server
) -> PublishedTable | None:
    """The line of a table that is not to be loaded."""
    if known is None and table.short_name in present:
        note = f"the database has a table or view {table.short_name} that was not published from here: rename it there"
        return PublishedTable(table.name, "failed", version=table.version, note=note)
    if known is None or table.short_name not in present or everything:
        return None
    same = (table.delta_id, table.version, fingerprint(table, server.collation))
    if (known.delta_id, known.version, known.fingerprint) != same:
        return None
    return PublishedTable(table.name, "unchanged", known.rows_n, version=table.version)


def _load(lake: Lakehouse, server: Server, table: OutTable, reporter: Reporter) -> PublishedTable:
    started = time.monotonic()
    reporter.begin(table.name, table.name)

    def told(loaded: int, rows_n: int) -> None:
        reporter.begin(table.name, f"{table.name}: {loaded:,} of {rows_n:,} rows")

    try:
        with open_rows(lake, table) as rows:
            rows_n, unfit = load_beside(server, rows, told)
    except LostConnectionError:
        raise
    except LoadError as error:
        _drop(server, [staging_name(table.short_name)])
        note = error.message.removeprefix(f"{table.name}: ")
        reporter.end(table.name, f"{table.name}: {note}", ok=False)
        return PublishedTable(table.name, "failed", None, time.monotonic() - started, table.version, note)
    took = time.monotonic() - started
    reporter.end(table.name, f"{table.name}: {rows_n:,} rows loaded in {took:.1f} s")
    note = f"{unfit:,} doubles that are no number (NaN, infinity) are null" if unfit else ""
    return PublishedTable(table.name, "loaded", rows_n, took, table.version, note)


def fingerprint(table: OutTable, collation: str) -> str:
    """Short hash of all that decides how a table stands in the database, beside its rows."""
    facts = (_RULES, collation, table.columns, table.key, table.filters, table.title, table.grain, table.description)
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


# --- the database ----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _told_what_stands() -> Iterator[_Progress]:
    """Errors that end a publication halfway say which tables are there."""
    progress = _Progress()
    try:
        yield progress
    except LoadError as error:
        if not isinstance(error, LostConnectionError) and progress.stands != _AFTER:
            raise
        raise type(error)(f"{error.message}; {progress.stands}", **error.facts) from error


@contextlib.contextmanager
def _alone(server: Server, wait_s: float) -> Iterator[None]:
    """One publication at a time into a database; the server ends the lock with the connection."""
    name = f"nh_lakehouse_{hashlib.sha256(server.address.database.encode()).hexdigest()[:32]}"
    if server.rows("SELECT GET_LOCK(%s, %s)", (name, wait_s))[0][0] != 1:
        raise ConflictError(
            f"{server.address}: another publication fills this database: wait for its end, or use --wait SECONDS"
        )
    yield
    server.rows("SELECT RELEASE_LOCK(%s)", (name,))


def _without_leftovers(server: Server) -> set[str]:
    """Names of the tables, after what a publication that ended halfway has left is gone."""
    present = server.tables()
    left = sorted(n for n in present if n.startswith(("_nhl_new_", "_nhl_old_")))
    _drop(server, left)
    return present - set(left)


def _drop(server: Server, names: Sequence[str]) -> None:
    if names:
        server.run(f"DROP TABLE IF EXISTS {', '.join(server.quote(n) for n in names)}")


def _exchange(server: Server, tables: Sequence[OutTable], present: set[str]) -> None:
    """All loaded tables take their places in one statement."""
    steps: list[tuple[str, str]] = []
    for table in tables:
        name = table.short_name
        if name in present:
            steps.append((name, old_name(name)))
        steps.append((staging_name(name), name))
    listed = ", ".join(f"{server.quote(before)} TO {server.quote(after)}" for before, after in steps)
    server.run(f"RENAME TABLE {listed}")


def _known(server: Server, present: set[str]) -> dict[str, _Known]:
    """Name in the database -> what was published under it."""
    if BOOKKEEPING not in present:
        server.run(
            f"CREATE TABLE {server.quote(BOOKKEEPING)} (table_name VARCHAR(64) NOT NULL PRIMARY KEY, "
            "delta_table VARCHAR(128) NOT NULL, delta_version BIGINT NOT NULL, delta_id VARCHAR(64) NOT NULL, "
            "fingerprint VARCHAR(64) NOT NULL, row_n BIGINT NOT NULL, run_id VARCHAR(64), "
            "published_at DATETIME(6) NOT NULL) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin "
            "COMMENT='What nh-lakehouse has published into this database; times are UTC'"
        )
    sql = f"SELECT {', '.join(_COLUMNS)} FROM {server.quote(BOOKKEEPING)}"
    return {r[0]: _Known(r[1], int(r[2]), r[3], r[4], int(r[5])) for r in server.rows(sql)}


def _record(server: Server, tables: Mapping[OutTable, int], *, version: int | None = None) -> None:
    """Write down what was published, with its rows; until that is done, the next publication loads it again."""
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    rows = [
        (
            t.short_name,
            t.name,
            t.version if version is None else version,
            t.delta_id,
            fingerprint(t, server.collation),
            n,
            t.run_id,
            now,
        )
        for t, n in tables.items()
    ]
    if rows:
        values = ", ".join(["%s"] * len(_COLUMNS))
        server.run(f"REPLACE INTO {server.quote(BOOKKEEPING)} ({', '.join(_COLUMNS)}) VALUES ({values})", rows)
