"""Bronze to silver, one data set at a time.

What is new is read from the log of the bronze table: the data files that came and went since the version that silver
last used name the periods to look at again or, where deliveries accumulate, the units (claims). Of these silver is
computed anew from all their bronze rows, so that the order and the split of the deliveries cannot matter, and published
as a difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from nh_lakehouse.contracts import load_contracts, load_tables
from nh_lakehouse.contracts.model import DataSet, DerivedColumn, TableDeclaration, month_start
from nh_lakehouse.declare import TableSpec
from nh_lakehouse.lakehouse.changes import FileChanges, changed_files, distinct_values
from nh_lakehouse.lakehouse.duckdb_session import connect
from nh_lakehouse.lakehouse.duckdb_sql import sql_name, sql_value
from nh_lakehouse.lakehouse.reading import select_rows
from nh_lakehouse.lakehouse.store import Published, Store
from nh_lakehouse.pipeline.check_frame import check_columns
from nh_lakehouse.pipeline.judging import (
    FileCounts,
    Verdicts,
    bronze_rows,
    check_accounts,
    count_rows,
    judge,
    judged_rows,
    rows_seen,
)
from nh_lakehouse.pipeline.quarantine import quarantined_rows
from nh_lakehouse.pipeline.silver_history import Source, closed_n, rebuilt_versions
from nh_lakehouse.pipeline.touched import (
    distinct_keys,
    is_small_change,
    only_listed,
    rows_of_units,
    touched_rows,
    touched_units,
)
from nh_lakehouse.silver.resolve import ACCEPTED, DISPOSITION
from nh_lakehouse.silver.row_hash import HASH_COLUMN, ROW_HASH, row_hash

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["SILVER_AUDIT", "FileCounts", "SilverOutcome", "load_silver"]

#: Audit columns of every silver table that is made from files, behind the declared ones.
SILVER_AUDIT = (
    DerivedColumn(name="_source_file", type="string", description="Landing file of the row"),
    DerivedColumn(name="_source_row", type="int", description="Number of the data record in that file"),
    DerivedColumn(name="_load_id", type="string", description="Load that brought the row to bronze"),
    DerivedColumn(name="_loaded_at", type="timestamp", description="When the row came to bronze, UTC"),
    HASH_COLUMN,
)
#: What tells two files apart, also two releases under one name.
PROVENANCE = ("_source_file", "_load_id")


@dataclass
class SilverOutcome:
    """What a data set's silver load did.

    Attributes:
        data_set: its name.
        bronze_version: version of the bronze table that was used.
        files: fates of the rows of the files that are told of.
        published: table -> what was written.
        closed: tables with versions -> versions that were closed.
        quarantine: rows that did not fit, among those that were looked at.
        periods: the periods that were looked at; None = all.
        rows: the rows that were looked at, by what names them in the quarantine; None = all rows of the periods.
    """

    data_set: str
    bronze_version: int
    files: list[FileCounts] = field(default_factory=list)
    published: dict[str, Published] = field(default_factory=dict)
    closed: dict[str, int] = field(default_factory=dict)
    quarantine: pa.Table | None = None
    periods: list[str] | None = None
    rows: Path | None = None

    @property
    def is_full(self) -> bool:
        """Whether all rows of bronze were looked at."""
        return self.periods is None and self.rows is None


@dataclass(frozen=True)
class _Look:
    """What of a data set is looked at again: all of it, some periods, or some units.

    Attributes:
        changes: bronze files that came and went; None where that is not known.
        periods: these periods.
        units: these units, as a Parquet file of their keys.
        rows: the bronze rows of the units, by number.
    """

    changes: FileChanges | None = None
    periods: list[str] | None = None
    units: Path | None = None
    rows: Path | None = None

    @property
    def new_files(self) -> set[str] | None:
        """Hashes of the files that came: every row of theirs is looked at. None = of all files."""
        return None if self.changes is None else set(distinct_values(self.changes.added, "_source_sha256"))


def load_silver(
    data_set: DataSet,
    specs: Sequence[TableSpec],
    store: Store,
    *,
    since: Mapping[str, int | None],
    rows_read: Mapping[str, int],
    now: datetime,
) -> SilverOutcome:
    """Bring the silver tables of one data set up to its bronze table.

    Args:
        data_set: the contract.
        specs: its silver tables.
        store: where to read and write.
        since: data set -> bronze version that all of its tables have used, None for everything; the data sets that are
            brought up to date in this run, this one among them.
        rows_read: content hash -> rows read from the file, as counted when it was parsed.
        now: time of the run, for the quarantine.
    Raises:
        RowAccountingError: rows read are not accepted + duplicate + superseded + quarantined; nothing was written.
    """
    version = store.lake.version(f"bronze.{data_set.name}")
    look = _look(data_set, specs, store, since.get(data_set.name), version)
    store = store.for_rows(lambda: _rows_n(store, data_set, specs, version, look))
    outcome = SilverOutcome(data_set.name, version, periods=look.periods)
    verdicts = judge(_rows(store, data_set, version, look), data_set, store)
    _account(outcome, count_rows(verdicts, data_set), rows_read, look)
    if look.rows is not None and look.changes is not None:
        outcome.rows = touched_rows(store, data_set, verdicts.stage, look.changes)
    outcome.quarantine = quarantined_rows(
        store, data_set, version, verdicts.stage, verdicts.judged, verdicts.contested, now
    )
    accepted = judged_rows(verdicts, data_set, store).where(f"{DISPOSITION} = '{ACCEPTED}'")
    for spec in specs:
        declaration = load_tables()[spec.name]
        store.ensure(
            spec.name,
            [*declaration.columns, *SILVER_AUDIT],
            indexed=_indexed(spec, declaration, data_set),
            comment=declaration.title,
        )
        if spec.history == "scd2":
            _add_history(outcome, spec, data_set, store, since, verdicts if outcome.is_full else None)
        else:
            outcome.published[spec.name] = _publish_rows(spec, declaration, data_set, store, accepted, look)
    return outcome


def _indexed(spec: TableSpec, declaration: TableDeclaration, data_set: DataSet) -> list[str]:
    """Columns by which a table is looked up, and so by which files of it can be left unread."""
    wanted = [*spec.key, data_set.period.silver_column, *[column for column, _ in spec.part], *spec.order]
    return [c for c in dict.fromkeys(wanted) if c in declaration.column_names]


# --- what is looked at again ---------------------------------------------------------------------------------------


def _look(data_set: DataSet, specs: Sequence[TableSpec], store: Store, since: int | None, version: int) -> _Look:
    name = f"bronze.{data_set.name}"
    changes = None if since is None else changed_files(store.lake, name, since, version)
    if changes is None or since is None or data_set.rhythm == "R":
        return _Look(changes)
    if data_set.rhythm != "C":
        return _Look(changes, distinct_values([*changes.added, *changes.removed], "_period"))
    unit = data_set.unit_columns
    known = all(set(unit) <= set(load_tables()[s.name].column_names) for s in specs)
    small = known and is_small_change(store, name, version, changes)
    units = touched_units(store, data_set, changes, since, version, unit) if small else None
    if units is None:
        return _Look(changes)
    keys = distinct_keys(store, [store.stage(units, f"{data_set.name}_units")], unit, f"{data_set.name}_unit_keys")
    return _Look(changes, units=keys, rows=rows_of_units(store, data_set, version, keys, unit))


def _rows(store: Store, data_set: DataSet, version: int, look: _Look) -> DataFrame:
    from pyspark.sql import functions as F

    rows = bronze_rows(store, data_set, version)
    if look.rows is not None:
        return only_listed(rows, look.rows, store)
    return rows if look.periods is None else rows.where(F.col("_period").isin(*look.periods))


def _rows_n(store: Store, data_set: DataSet, specs: Sequence[TableSpec], version: int, look: _Look) -> int:
    """Rows of bronze among which those are that are looked at; histories look at all of the data sets they are of."""
    histories = {name for spec in specs if spec.history == "scd2" for name in spec.inputs}
    if histories or look.periods is None:
        names = [f"bronze.{name}" for name in {data_set.name, *histories}]
        return sum(store.lake.rows_n(name) for name in names if store.lake.exists(name))
    listed = ", ".join(map(sql_value, look.periods)) or "NULL"
    rows = select_rows(store.lake.snapshot(f"bronze.{data_set.name}", version), ["_period"])
    with connect() as connection:
        return int(connection.execute(f"SELECT count(*) FROM ({rows}) WHERE _period IN ({listed})").fetchall()[0][0])


def _account(outcome: SilverOutcome, counts: list[FileCounts], rows_read: Mapping[str, int], look: _Look) -> None:
    """Check the account of the rows, and tell of the files whose fates are new."""
    new = look.new_files
    check_accounts(counts, rows_read, new)
    if new is None:
        outcome.files = counts
        return
    told = set(new)
    if look.changes is not None and look.changes.removed:
        # Where rows were taken back, what stands beside them may have another fate now: every file is told of, of
        # which all rows were looked at.
        told |= {sha256 for sha256, n in rows_seen(counts).items() if n % rows_read.get(sha256, n) == 0}
    outcome.files = [c for c in counts if c.sha256 in told]


# --- publishing ----------------------------------------------------------------------------------------------------


def _publish_rows(
    spec: TableSpec, declaration: TableDeclaration, data_set: DataSet, store: Store, accepted: DataFrame, look: _Look
) -> Published:
    frame = _with_hash(spec.function(accepted), declaration)
    check_columns(spec.name, frame, [*declaration.columns, *SILVER_AUDIT])
    scope = _scope(data_set, look.periods, spec.part)
    return store.publish(
        spec.name,
        frame,
        key=spec.key,
        scope=scope,
        scope_keys=None if look.units is None else (look.units, data_set.unit_columns),
        scope_is_new=scope is not None and look.units is None and not _holds(store, spec.name, scope),
        provenance=PROVENANCE,
        order=spec.order,
    )


def _add_history(
    outcome: SilverOutcome,
    spec: TableSpec,
    data_set: DataSet,
    store: Store,
    since: Mapping[str, int | None],
    verdicts: Verdicts | None,
) -> None:
    """Rebuild versions, and publish the difference; where two data sets of theirs are new, once for both."""
    of = spec.inputs[0]
    before = store.lake.version(spec.name)
    if of != data_set.name and of in since:
        outcome.published[spec.name], outcome.closed[spec.name] = Published(before, before), 0
        return
    contracts, declaration = load_contracts(), load_tables()[spec.name]
    sources = [Source.at_present(contracts[name], store, since, spec.refined_by.get(name)) for name in spec.inputs]
    versions, units = rebuilt_versions(spec, declaration, sources, store, verdicts if of == data_set.name else None)
    # Derived columns follow from the versions, so that what is unknown in a file stays unknown to them too.
    frame = _with_hash(spec.function(versions), declaration)
    check_columns(spec.name, frame, [*declaration.columns, *SILVER_AUDIT])
    published = store.publish(
        spec.name,
        frame,
        key=[*spec.key, "valid_from"],
        scope=_within(spec.part),
        scope_keys=None if units is None else (units, contracts[of].unit_columns),
        provenance=PROVENANCE,
        order=spec.order,
    )
    outcome.published[spec.name] = published
    after = published.version_after
    outcome.closed[spec.name] = max(0, closed_n(store, spec, after) - closed_n(store, spec, before))


def _with_hash(frame: DataFrame, declaration: TableDeclaration) -> DataFrame:
    audit = [c.name for c in SILVER_AUDIT if c.name != ROW_HASH]
    return frame.select(*declaration.column_names, *audit, row_hash(declaration.columns).alias(ROW_HASH))


def _within(part: Sequence[tuple[str, str]]) -> str | None:
    """DuckDB predicate over the rows of a part; None = all."""
    return " AND ".join(f"{sql_name(column)} = {sql_value(value)}" for column, value in part) or None


def _scope(data_set: DataSet, periods: Sequence[str] | None, part: Sequence[tuple[str, str]]) -> str | None:
    """DuckDB predicate over the silver table for what a load may change: its periods, its part; None = all."""
    within = [_in_periods(data_set, periods) if periods is not None else None, _within(part)]
    return " AND ".join(w for w in within if w) or None


def _in_periods(data_set: DataSet, periods: Sequence[str]) -> str:
    column, grain = data_set.period.silver_column, data_set.period.grain
    if grain == "quarter":
        values = [f"'{p}'" for p in periods]
    elif grain == "year":
        values = [p[:4] for p in periods]
    else:
        values = [f"DATE'{month_start(p).isoformat()}'" for p in periods]
    return f"{sql_name(column)} IN ({', '.join(values)})" if values else "false"


def _holds(store: Store, name: str, scope: str) -> bool:
    """Whether the table holds rows of a scope."""
    table = store.lake.snapshot(name)
    if not table.file_uris():
        return False
    with connect() as connection:
        found = connection.execute(f"SELECT 1 FROM ({select_rows(table)}) WHERE {scope} LIMIT 1").fetchall()
    return bool(found)
