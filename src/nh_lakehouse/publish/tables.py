"""Gold tables as they are given out: which, what is known of them, and their rows in batches of bounded size."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nh_lakehouse.errors import ConfigError, ConflictError, LoadError, first_line
from nh_lakehouse.lakehouse import Lakehouse
from nh_lakehouse.lakehouse.duckdb_sql import sql_name, sql_value
from nh_lakehouse.lakehouse.lock import Patience, writer_of
from nh_lakehouse.lakehouse.reading import select_rows

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

__all__ = [
    "Choice",
    "Measured",
    "OutColumn",
    "OutTable",
    "Rows",
    "as_text",
    "choose",
    "choose_of_one_run",
    "open_rows",
    "wait_for_run",
]

#: DuckDB's part of the memory; what a sort needs beyond it goes to temporary files.
MEMORY_MB = 256
BATCH_ROWS = 5_000
_LAYER = "gold"
#: How often tables are chosen anew because a run came in between.
_TRIES = 3
#: What people ask for rows by, beside the columns of the declaration.
_ASKED_FOR = ("ccn", "state", "snapshot_month", "period", "quarter", "year")
_KINDS = {
    "string": "text",
    "byte": "integer",
    "short": "integer",
    "integer": "integer",
    "long": "bigint",
    "float": "double",
    "double": "double",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "timestamp_ntz": "timestamp",
    "binary": "binary",
}


@dataclass(frozen=True)
class OutColumn:
    """A column that is given out.

    Attributes:
        name: its name.
        kind: text, integer, bigint, decimal, double, boolean, date, timestamp, binary or nested (arrays and maps).
        type: its type in the words of Delta.
        unit: unit of its values.
        description: what it holds.
        precision: digits of a decimal, with `scale` of them behind the point.
        scale: see there.
    """

    name: str
    kind: str
    type: str
    unit: str | None = None
    description: str = ""
    precision: int = 0
    scale: int = 0


@dataclass(frozen=True)
class OutTable:
    """A version of a gold table.

    Attributes:
        name: full name, `gold.nh_state_risk`.
        version: Delta version that is given out.
        delta_id: what tells the table from one of the same name in another lakehouse.
        columns: without those that the engine adds for itself (`_row_hash`).
        key: columns that identify a row.
        filters: further columns by which rows are asked for: the rest of the key, `per` and `order` of its declaration,
            states and periods.
        sensitive: columns that a contract marks as sensitive.
        title: what it is, from the dictionary.
        grain: what a row is.
        description: more of it.
        source: where its formulas come from.
        run_id: run that wrote the version; None where none is recorded.
    """

    name: str
    version: int
    delta_id: str
    columns: tuple[OutColumn, ...]
    key: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    title: str = ""
    grain: str = ""
    description: str = ""
    source: str = ""
    run_id: str | None = None

    @property
    def short_name(self) -> str:
        """The name without its layer."""
        return self.name.split(".")[1]


@dataclass(frozen=True)
class Choice:
    """Tables that are given out, and those left out because a contract marks columns of theirs as sensitive."""

    tables: tuple[OutTable, ...]
    left_out: tuple[OutTable, ...]


# --- which tables ----------------------------------------------------------------------------------------------------


def choose(lake: Lakehouse, patterns: Sequence[str] = (), *, with_sensitive: bool = False) -> Choice:
    """The gold tables that fit full names, short names or patterns, at their present versions; all if none is given.

    Args:
        lake: an existing lakehouse.
        patterns: such as `gold.nh_*` or `nh_state_risk`.
        with_sensitive: give out tables with columns that a contract marks as sensitive too.
    Raises:
        ConfigError: there is no gold table, or a pattern fits none.
    """
    from nh_lakehouse.pipeline.graph import build_graph, fits

    present = [t for t in lake.tables() if t.startswith(f"{_LAYER}.")]
    if not present:
        raise ConfigError(f"{lake.root} has no gold table yet: nh-lakehouse run --landing DIR makes them")
    wanted: set[str] = set()
    for pattern in patterns:
        fitting = [t for t in present if fits(t, pattern)]
        if not fitting:
            raise ConfigError(
                f"--select {pattern}: no gold table of that name; gold tables: {', '.join(present)}", option="--select"
            )
        wanted.update(fitting)
    graph = build_graph()
    runs = _runs(lake)
    found = [_described(lake, name, graph, runs) for name in present if not patterns or name in wanted]
    private = tuple(t for t in found if t.sensitive and not with_sensitive)
    return Choice(tuple(t for t in found if t not in private), private)


def choose_of_one_run(
    lake: Lakehouse,
    patterns: Sequence[str] = (),
    *,
    with_sensitive: bool = False,
    wait_s: float = 0.0,
    on_wait: Callable[[str], None] | None = None,
) -> Choice:
    """`choose` while no run writes the lakehouse: the versions of all tables are of one run.

    A run that began in between is waited for, and the tables are chosen anew.

    Raises:
        ConfigError: there is no gold table, or a pattern fits none.
        ConflictError: a run still writes the lakehouse after `wait_s` seconds, or one after the other has written it.
    """
    deadline = time.monotonic() + wait_s
    for _ in range(_TRIES):
        wait_for_run(lake, wait_s=max(0.0, deadline - time.monotonic()), on_wait=on_wait)
        before = _latest_record(lake)
        choice = choose(lake, patterns, with_sensitive=with_sensitive)
        # The lock first: a run that is gone from it by now is in the record.
        if writer_of(lake.root) is None and _latest_record(lake) == before:
            return choice
    raise ConflictError(f"{lake.root}: runs wrote the lakehouse while its tables were chosen: try again between them")


def wait_for_run(lake: Lakehouse, *, wait_s: float = 0.0, on_wait: Callable[[str], None] | None = None) -> None:
    """Return when no run writes the lakehouse.

    Raises:
        ConflictError: a run still writes it after `wait_s` seconds.
    """
    patience = Patience(wait_s, on_wait)
    while holder := writer_of(lake.root):
        patience.wait(holder, lake.root / "_lock")


def _latest_record(lake: Lakehouse) -> tuple[int, int]:
    """Changes with every run and every mending that wrote a table."""
    return lake.version("ops.runs"), lake.version("ops.tables")


def _described(lake: Lakehouse, name: str, graph: Any, runs: Mapping[str, Sequence[tuple[int, str]]]) -> OutTable:
    from nh_lakehouse.contracts import load_tables
    from nh_lakehouse.pipeline.profile import sensitive_columns

    delta = lake.snapshot(name)
    declared = load_tables().get(name)
    spec = graph.specs.get(name)
    by_name = {c.name: c for c in declared.columns} if declared else {}
    columns = tuple(_column(f, by_name.get(f.name)) for f in delta.schema().fields if not f.name.startswith("_"))
    names = {c.name for c in columns}
    key = tuple(spec.key) if spec and names >= set(spec.key) else ()
    asked_for = [*key, *(spec.per if spec else ()), *(spec.order if spec else ()), *_ASKED_FOR]
    marked = sensitive_columns(name, graph)
    version = delta.version()
    written_by = [run for after, run in runs.get(name, ()) if after <= version]
    return OutTable(
        name=name,
        version=version,
        delta_id=str(delta.metadata().id),
        columns=columns,
        key=key,
        filters=tuple(c for c in dict.fromkeys(asked_for) if c in names and c not in key[:1]),
        sensitive=tuple(c.name for c in columns if c.name in marked),
        title=declared.title if declared else "",
        grain=" ".join(declared.grain.split()) if declared else "",
        description=" ".join(declared.description.split()) if declared else "",
        source=" ".join(declared.source.split()) if declared else "",
        run_id=written_by[-1] if written_by else None,
    )


def _column(field: Any, declared: Any) -> OutColumn:
    """A Delta field with what the dictionary says of it."""
    text = str(getattr(field.type, "type", ""))
    unit = declared.unit if declared else None
    description = declared.description if declared else str((field.metadata or {}).get("comment") or "")
    if text.startswith("decimal"):
        precision, scale = (int(part) for part in text[text.index("(") + 1 : -1].split(","))
        return OutColumn(field.name, "decimal", text, unit, description, precision, scale)
    kind = _KINDS.get(text, "nested")
    return OutColumn(field.name, kind, text if kind != "nested" else str(field.type), unit, description)


def _runs(lake: Lakehouse) -> dict[str, list[tuple[int, str]]]:
    """Table -> (version, run that wrote it), oldest first."""
    if not lake.exists("ops.tables"):
        return {}
    columns = ["run_id", "table", "status", "version_after", "recorded_at"]
    found: dict[str, list[tuple[int, str]]] = {}
    for row in lake.arrow("ops.tables", columns=columns).sort_by("recorded_at").to_pylist():
        if row["status"] == "ok" and row["version_after"] is not None:
            found.setdefault(row["table"], []).append((row["version_after"], row["run_id"]))
    return found


# --- rows ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Measured:
    """What the rows of a table need of room.

    Attributes:
        rows_n: how many there are.
        longest: text column -> characters of its longest value.
        nulls: columns that have a null.
        unfit: column of doubles -> how many are neither a number nor null (NaN, infinity).
    """

    rows_n: int
    longest: Mapping[str, int]
    nulls: frozenset[str]
    unfit: Mapping[str, int]


class Rows:
    """The rows of one version of a table."""

    def __init__(self, table: OutTable, connection: duckdb.DuckDBPyConnection) -> None:
        self.table = table
        self._connection = connection

    def measure(self) -> Measured:
        """What the rows need of room, by one pass over them."""
        columns = self.table.columns
        texts = [c for c in columns if c.kind in ("text", "nested")]
        doubles = [c for c in columns if c.kind == "double"]
        parts = ["count(*)"]
        parts += [f"max(length({as_text(c)}))" for c in texts]
        parts += [f"count({sql_name(c.name)})" for c in columns]
        parts += [f"count(*) FILTER (NOT isfinite({sql_name(c.name)}))" for c in doubles]
        found = iter(self.one(f"SELECT {', '.join(parts)} FROM rows"))
        rows_n = next(found)
        longest = {c.name: next(found) or 0 for c in texts}
        nulls = frozenset(c.name for c in columns if next(found) < rows_n)
        unfit = {c.name: n for c in doubles if (n := next(found))}
        return Measured(rows_n, longest, nulls, unfit)

    def one(self, sql: str) -> tuple[Any, ...]:
        """The only row of an answer; the table's rows are called `rows`."""
        return tuple(self._connection.execute(sql).fetchall()[0])

    def reader(self, values: Sequence[str], *, batch_rows: int = BATCH_ROWS) -> pa.RecordBatchReader:
        """SQL values of every row, in the order of the key, in batches."""
        order = ", ".join(f"{sql_name(c)} NULLS FIRST" for c in self.table.key)
        listed = ", ".join(f"{value} AS c{n}" for n, value in enumerate(values))
        sql = f"SELECT {listed} FROM rows" + (f" ORDER BY {order}" if order else "")
        return self._connection.sql(sql).to_arrow_reader(batch_rows)

    def tuples(self, values: Sequence[str], *, batch_rows: int = BATCH_ROWS) -> Iterator[list[tuple[Any, ...]]]:
        """The same as Python values, a list of rows for each batch."""
        for batch in self.reader(values, batch_rows=batch_rows):
            yield list(zip(*(column.to_pylist() for column in batch.columns), strict=True))


@contextmanager
def open_rows(lake: Lakehouse, table: OutTable) -> Iterator[Rows]:
    """The rows of a table's version; what does not fit into the memory goes to a folder that is gone afterwards.

    Raises:
        LoadError: the files of the version cannot be read, or there is no room to sort them.
    """
    import duckdb

    from nh_lakehouse.lakehouse.duckdb_session import database

    with tempfile.TemporaryDirectory(prefix="nh_lakehouse_") as scratch:
        try:
            with database(threads=2, memory=f"{MEMORY_MB}MB", spill=Path(scratch)) as connection:
                # The key decides the order; that of the files need not be kept in memory.
                connection.execute("SET preserve_insertion_order = false")
                rows = select_rows(lake.snapshot(table.name, table.version), [c.name for c in table.columns])
                connection.execute(f"CREATE VIEW rows AS {rows}")
                yield Rows(table, connection)
        except duckdb.Error as error:
            raise LoadError(f"{table.name} cannot be read: {first_line(error)}", table=table.name) from error


def as_text(column: OutColumn) -> str:
    """SQL of a column's value as exact text: decimals with all digits, times in UTC, arrays and maps as JSON."""
    name = sql_name(column.name)
    if column.kind == "text":
        return name
    if column.kind == "timestamp":
        return f"strftime({name}, {sql_value('%Y-%m-%d %H:%M:%S.%f')})"
    if column.kind == "nested":
        return f"CAST(to_json({name}) AS VARCHAR)"
    if column.kind == "boolean":
        return f"CAST(CAST({name} AS INTEGER) AS VARCHAR)"
    return f"CAST({name} AS VARCHAR)"
