"""Which keys a change may have reached: those whose rows came or went, and those whose closings are others now."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nh_lakehouse.declare import TableSpec
from nh_lakehouse.lakehouse.duckdb_session import connect
from nh_lakehouse.lakehouse.duckdb_sql import sql_name, sql_value
from nh_lakehouse.lakehouse.reading import select_rows
from nh_lakehouse.lakehouse.store import Store, staged_rows
from nh_lakehouse.pipeline.history_rows import ON, Columns, Reached, Source, snapshots_of, unit_of
from nh_lakehouse.pipeline.judging import Verdicts, bronze_rows, judge
from nh_lakehouse.pipeline.touched import ROW_ID, distinct_keys, is_small_change, touched_units
from nh_lakehouse.silver.history import closings, complete_periods

__all__ = ["of_part", "reached"]

#: Where more rows came or went than this share of the versions, all keys are rebuilt: a file of all homes is such a
#: change, and what it leaves to find out is not worth it.
LARGE_SHARE = 0.3


def reached(spec: TableSpec, columns: Columns, sources: Sequence[Source], store: Store) -> Reached | None:
    """Keys whose rows came or went, and keys whose closings changed; None where all are to be rebuilt."""
    main = sources[0]
    unit = main.data_set.unit_columns
    if not _is_tellable(spec, columns, sources, store):
        return None
    moved: list[Path] = []
    for source in sources:
        if source.changes is None or source.since is None or not (source.changes.added or source.changes.removed):
            continue
        found = touched_units(store, source.data_set, source.changes, source.since, source.version, unit)
        if found is None:
            return None
        moved.append(store.stage(found.select(*unit), f"{spec.name}_moved"))
    verdicts = judge(bronze_rows(store, main.data_set, main.version), main.data_set, store, _bare(spec, columns, main))
    bare = Columns(columns.key, {c: t for c, t in columns.wanted.items() if c in columns.key}, {}, columns.taken_back)
    complete, closed = _closings(spec, bare, sources, store, verdicts)
    closed_otherwise = _with_other_closings(spec, columns, store, closed, unit)
    units = distinct_keys(store, [*moved, closed_otherwise], unit, f"{spec.name}_reached_keys")
    return Reached(units, _rows_of(store, verdicts.stage, units, unit), complete)


def _is_tellable(spec: TableSpec, columns: Columns, sources: Sequence[Source], store: Store) -> bool:
    """Whether it can be told cheaply which keys to rebuild: little came and went, and the table has all the rest."""
    main = sources[0]
    unit = main.data_set.unit_columns
    if main.version < 0 or not set(unit) <= set(columns.key):
        return False
    present_n = store.lake.rows_n(spec.name)
    if not present_n:
        return False
    for source in sources:
        if source.version < 0:
            continue
        if source.changes is None or set(source.data_set.unit_columns) != set(unit):
            return False
        bronze = f"bronze.{main.data_set.name}"
        if not is_small_change(store, bronze, main.version, source.changes, share=LARGE_SHARE, of=present_n):
            return False
    return True


def _bare(spec: TableSpec, columns: Columns, main: Source) -> list[str]:
    """Columns without which it cannot be said where a key stands and whether its row counts."""
    if main.data_set.occurrence in spec.key:
        return columns.read_of(main.data_set)  # rows of one key are numbered by their content
    may_reject = [c for c in columns.wanted if main.data_set.column_by_name[c].type == "ccn"]
    told_by = columns.taken_back[1] if columns.taken_back else ()
    return [*columns.key, *may_reject, *told_by, *([spec.group] if spec.group else [])]


def _closings(
    spec: TableSpec, bare: Columns, sources: Sequence[Source], store: Store, verdicts: Verdicts
) -> tuple[Path, Path]:
    """The complete periods of all groups and the closings of all keys, staged."""
    snapshots, untold = snapshots_of(spec, bare, sources, store, None, verdicts)
    rows = store.engine.read_parquet([store.stage(snapshots, f"{spec.name}_bare")])
    key, unit = bare.key, unit_of(spec, sources[0].data_set)
    found = complete_periods(rows, key=key, period=ON, group=spec.group, unit=unit, some_untold=untold)
    complete = store.stage(found, f"{spec.name}_complete")
    closed = closings(
        rows, store.engine.read_parquet([complete]), key=key, period=ON, group=spec.group, some_untold=untold
    )
    return complete, store.stage(closed, f"{spec.name}_closings")


def _with_other_closings(spec: TableSpec, columns: Columns, store: Store, closed: Path, unit: Sequence[str]) -> Path:
    """Units with a key whose closings are not those that the table holds."""
    target = store.scratch(f"{spec.name}_reached").with_suffix(".parquet")
    names = ", ".join(sql_name(c) for c in (*columns.key, "valid_to"))
    present = select_rows(
        store.lake.snapshot(spec.name), [*columns.key, "valid_to", "closed_reason", *[c for c, _ in spec.part]]
    )
    now = f"SELECT {names} FROM {staged_rows(closed)}"
    before = f"SELECT {names} FROM ({present}) WHERE closed_reason = 'absent' AND {of_part(spec)}"
    query = f"""SELECT DISTINCT {", ".join(sql_name(c) for c in unit)}
        FROM (({now} EXCEPT {before}) UNION ALL ({before} EXCEPT {now}))"""
    with connect() as connection:
        connection.execute(f"COPY ({query}) TO {sql_value(str(target))} (FORMAT parquet)")
    return target


def _rows_of(store: Store, stage: Path, units: Path, unit: Sequence[str]) -> Path:
    """Numbers of the staged rows of units."""
    target = store.scratch("rows").with_suffix(".parquet")
    same = " AND ".join(f"s.{q} IS NOT DISTINCT FROM u.{q}" for q in map(sql_name, unit))
    query = f"""SELECT {", ".join(ROW_ID)} FROM {staged_rows(stage)} AS s
        WHERE EXISTS (SELECT 1 FROM {staged_rows(units)} AS u WHERE {same})"""
    with connect() as connection:
        connection.execute(f"COPY ({query}) TO {sql_value(str(target))} (FORMAT parquet)")
    return target


def of_part(spec: TableSpec) -> str:
    """DuckDB predicate over the rows of a table that the spec makes."""
    return " AND ".join(f"{sql_name(c)} = {sql_value(v)}" for c, v in spec.part) or "true"
