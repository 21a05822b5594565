"""Versions of the keys of a silver table, from the snapshots that one data set or several give of them.

What the rows of a key say is decided by its own snapshots; when it is closed as absent, by all of its group. So a load
rebuilds the keys whose rows came or went, and those whose closings changed: which these are is read off the keys of all
snapshots, without their other columns. Where most keys changed, all are rebuilt.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nh_lakehouse.contracts.model import TableDeclaration
from nh_lakehouse.declare import TableSpec
from nh_lakehouse.lakehouse.duckdb_session import connect
from nh_lakehouse.lakehouse.reading import select_rows
from nh_lakehouse.lakehouse.store import Store
from nh_lakehouse.pipeline.history_rows import ON, Source, columns_of, snapshots_of, sometimes_absent, unit_of
from nh_lakehouse.pipeline.judging import Verdicts
from nh_lakehouse.pipeline.reached import of_part, reached
from nh_lakehouse.silver.conform import FLAGS
from nh_lakehouse.silver.history import versions

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["Source", "closed_n", "rebuilt_versions"]


def rebuilt_versions(
    spec: TableSpec,
    declaration: TableDeclaration,
    sources: Sequence[Source],
    store: Store,
    verdicts: Verdicts | None = None,
) -> tuple[DataFrame, Path | None]:
    """The versions of all keys, or of those that a change may have reached.

    Args:
        spec: the table, or a part of one.
        declaration: its columns.
        sources: its data sets, the one whose snapshots are judged complete first.
        store: where to read and stage.
        verdicts: those of all rows of the first data set, where they are known.
    Returns:
        The versions (the input of the table's function), and the units that they are of, as a Parquet file; None = all.
    """
    main = sources[0].data_set
    columns = columns_of(spec, declaration, main)
    touched = None if verdicts is not None else reached(spec, columns, sources, store)
    # What is told of a row (its flags) is told of the wanted columns alone, whoever judged it.
    if {c.name for c in main.columns} - {*columns.read_of(main), *main.unit_columns}:
        verdicts = None
    snapshots, untold = snapshots_of(spec, columns, sources, store, touched, verdicts)
    history = versions(
        snapshots,
        key=columns.key,
        tracked=[c for c in columns.all if c not in (*columns.key, *spec.untracked, *spec.type_1)],
        untracked=[*[c for c in columns.all if c in (*spec.untracked, *spec.type_1)], FLAGS],
        period=ON,
        group=spec.group,
        unit=unit_of(spec, main),
        type_1=[c for c in spec.type_1 if c in columns.all],
        sometimes_absent=sometimes_absent(store, columns, sources),
        some_untold=untold,
        complete=None if touched is None else store.engine.read_parquet([touched.complete]),
    )
    # Staged, so that the deep plan is analysed and run once.
    staged = store.engine.read_parquet([store.stage(history, f"{spec.name}_versions")])
    return staged, None if touched is None else touched.units


def closed_n(store: Store, spec: TableSpec, version: int) -> int:
    """Versions of a table, or of the part of it that the spec makes, that are closed as absent."""
    if version < 0:
        return 0
    rows = select_rows(store.lake.snapshot(spec.name, version), ["closed_reason", *[c for c, _ in spec.part]])
    with connect() as connection:
        found = connection.execute(f"SELECT count(closed_reason) FROM ({rows}) WHERE {of_part(spec)}").fetchall()
    return int(found[0][0])
