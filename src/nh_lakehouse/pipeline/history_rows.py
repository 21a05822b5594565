"""The snapshots that versions are made of: rows of one data set or several, in one shape.

Of the first data set a row says who is there on a day, and what is known of it; rows of the others stand for themselves
from the day that they state.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nh_lakehouse.contracts.model import DataSet, TableDeclaration
from nh_lakehouse.declare import TableSpec
from nh_lakehouse.errors import LoadError
from nh_lakehouse.lakehouse.changes import FileChanges, changed_files
from nh_lakehouse.lakehouse.duckdb_session import connect
from nh_lakehouse.lakehouse.reading import select_rows
from nh_lakehouse.lakehouse.store import Store
from nh_lakehouse.pipeline.judging import Verdicts, bronze_rows, judge, judged_rows, some_untold
from nh_lakehouse.pipeline.touched import only_listed, rows_of_units
from nh_lakehouse.silver.conform import FLAGS, REASONS
from nh_lakehouse.silver.history import ASIDE, PRESENT_ONLY
from nh_lakehouse.silver.resolve import ACCEPTED, DISPOSITION, QUARANTINED

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

__all__ = ["ON", "Columns", "Reached", "Source", "columns_of", "snapshots_of", "sometimes_absent", "unit_of"]

#: The day of a snapshot.
ON = "_on"
_NO_CHANGES = FileChanges((), ())


@dataclass(frozen=True)
class Source:
    """A data set that versions are made of.

    Attributes:
        data_set: the contract.
        version: its bronze version, -1 where it was never loaded.
        since: the bronze version that the table has used.
        changes: bronze files that came and went since; None where that is not known.
        dated_by: the column that dates its rows, where they stand for themselves.
    """

    data_set: DataSet
    version: int
    since: int | None
    changes: FileChanges | None
    dated_by: str | None = None

    @classmethod
    def at_present(
        cls, data_set: DataSet, store: Store, since: Mapping[str, int | None], dated_by: str | None = None
    ) -> Source:
        """A data set as it is; one that is not named in `since` has not changed."""
        name = f"bronze.{data_set.name}"
        version = store.lake.version(name)
        before = since.get(data_set.name, version)
        changes: FileChanges | None = _NO_CHANGES
        if before != version:
            changes = None if before is None else changed_files(store.lake, name, before, version)
        return cls(data_set, version, before, changes, dated_by)


@dataclass(frozen=True)
class Columns:
    """What of the rows goes into versions.

    Attributes:
        key: columns of the key that stand in the rows; the others are those of the part.
        wanted: columns of the contract -> their types.
        computed: column -> (SQL, its type, the columns that it reads).
        taken_back: SQL that is true of rows which take their key back, and the columns that it reads; None = none does.
    """

    key: tuple[str, ...]
    wanted: Mapping[str, str]
    computed: Mapping[str, tuple[str, str, tuple[str, ...]]]
    taken_back: tuple[str, tuple[str, ...]] | None = None

    @property
    def all(self) -> list[str]:
        """Every column whose value is followed over time, the key among them."""
        return [*self.wanted, *self.computed]

    def read_of(self, data_set: DataSet) -> list[str]:
        """Columns of a contract that are read."""
        names = [*self.key, *self.wanted, *[c for _, _, reads in self.computed.values() for c in reads]]
        names += self.taken_back[1] if self.taken_back else ()
        return [c for c in dict.fromkeys(names) if c in data_set.column_by_name]


@dataclass(frozen=True)
class Reached:
    """Keys whose versions may differ, and what is needed to rebuild them alone."""

    units: Path
    rows: Path
    complete: Path


def columns_of(spec: TableSpec, declaration: TableDeclaration, main: DataSet) -> Columns:
    """What of the rows goes into the versions of a table.

    Raises:
        LoadError: a column of the key is neither in the contract nor given by the part.
    """
    given = {column for column, _ in spec.part}
    key = tuple(k for k in spec.key if k not in given)
    shared = [c for c in main.columns if c.name in declaration.column_names and c.name not in spec.computed]
    wanted = {c.name: c.spark_type for c in shared}
    absent = [k for k in key if k not in wanted and k != main.occurrence]
    if absent:
        raise LoadError(f"{spec.name}: key columns {absent} are not in the contract {main.name}", table=spec.name)
    types = {c.name: c.type for c in declaration.columns}
    computed = {n: (sql, types[n], tuple(_read_by(sql, main))) for n, sql in spec.computed.items()}
    taken_back = (spec.taken_back, tuple(_read_by(spec.taken_back, main))) if spec.taken_back else None
    return Columns(key, wanted, computed, taken_back)


def _read_by(expression: str, data_set: DataSet) -> list[str]:
    words = set(re.findall(r"[a-z_][a-z0-9_]*", expression))
    return [c.name for c in data_set.columns if c.name in words]


def unit_of(spec: TableSpec, data_set: DataSet) -> list[str]:
    """Columns of the key whose values come and go together."""
    return [c for c in data_set.unit_columns if c in spec.key]


def sometimes_absent(store: Store, columns: Columns, sources: Sequence[Source]) -> set[str]:
    """Columns that at least one row of a source does not tell."""
    found: set[str] = set()
    for source in sources:
        if source.version < 0:
            continue
        bronze = store.lake.snapshot(f"bronze.{source.data_set.name}", source.version)
        with connect() as connection:
            absent = select_rows(bronze, ["_absent_columns"])
            rows = connection.execute(f"SELECT DISTINCT _absent_columns FROM ({absent})").fetchall()
        here = {c.name for c in source.data_set.columns} - {f.name for f in bronze.schema().fields}
        here |= {column for (text,) in rows for column in (text or "").split(",") if column}
        here |= {c for c in columns.wanted if c not in source.data_set.column_by_name}
        found |= here | {
            name for name, (_, _, reads) in columns.computed.items() if _lacks(source.data_set, reads, here)
        }
    return found


def _lacks(data_set: DataSet, reads: Sequence[str], absent: set[str]) -> bool:
    return any(c in absent or c not in data_set.column_by_name for c in reads)


def snapshots_of(
    spec: TableSpec,
    columns: Columns,
    sources: Sequence[Source],
    store: Store,
    reached: Reached | None,
    verdicts: Verdicts | None,
) -> tuple[DataFrame, bool]:
    """One row per key and day, and whether some row does not tell its values or its group."""
    from pyspark.sql import functions as F

    main = sources[0]
    dated = [_dated_rows(spec, columns, s, store, reached) for s in sources[1:] if s.version >= 0]
    found: DataFrame | None = None
    untold = bool(dated and spec.group)
    if main.version >= 0:
        if verdicts is None:
            rows = bronze_rows(store, main.data_set, main.version)
            rows = rows if reached is None else only_listed(rows, reached.rows, store)
            verdicts = judge(rows, main.data_set, store, columns.read_of(main.data_set))
        found, untold_here = _of_main(verdicts, main.data_set, spec, columns, store)
        untold = untold or untold_here
        found = found.withColumn(ASIDE, F.lit(False)) if dated else found
    for rows in dated:
        found = rows if found is None else found.unionByName(_on_other_days(rows, found, columns.key))
    assert found is not None, "one of the data sets was loaded"
    return found, untold


def _of_main(
    verdicts: Verdicts, data_set: DataSet, spec: TableSpec, columns: Columns, store: Store
) -> tuple[DataFrame, bool]:
    """Accepted rows, and one bare row for each key whose only row of a period was quarantined (it is present)."""
    from pyspark.sql import functions as F

    judged = judged_rows(verdicts, data_set, store)
    on, told = F.expr(_day_of(data_set)), F.col(DISPOSITION) == ACCEPTED
    stands = ~(told & _takes_back(data_set, columns))
    if not some_untold(verdicts, spec.group):
        return _values(judged.where(told & stands), data_set, spec, columns, on, F.lit(False)), False
    one = _with_untold(judged.withColumn(ON, on), data_set, columns.key).where(stands)
    rows = _values(one, data_set, spec, columns, on, ~told)
    if spec.group and spec.group not in columns.key:
        rows = rows.withColumn(spec.group, F.when(~F.col(PRESENT_ONLY), F.col(spec.group)))
    return rows, True


def _dated_rows(spec: TableSpec, columns: Columns, source: Source, store: Store, reached: Reached | None) -> DataFrame:
    """Accepted rows that state from which day on they hold: one per key and day, the last of its file."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    data_set, day = source.data_set, str(source.dated_by)
    rows = bronze_rows(store, data_set, source.version)
    if reached is not None:
        listed = rows_of_units(store, data_set, source.version, reached.units, data_set.unit_columns)
        rows = only_listed(rows, listed, store)
    verdicts = judge(rows, data_set, store, [*columns.read_of(data_set), day])
    told = judged_rows(verdicts, data_set, store).where(f"{DISPOSITION} = '{ACCEPTED}' AND {day} IS NOT NULL")
    last = Window.partitionBy(*columns.key, day).orderBy(F.col("_source_row").desc(), F.col("_source_file"))
    one = told.withColumn("_rank", F.row_number().over(last)).where("_rank = 1")
    standing = one.where(~_takes_back(data_set, columns))
    return _values(standing, data_set, spec, columns, F.col(day), F.lit(False)).withColumn(ASIDE, F.lit(True))


def _takes_back(data_set: DataSet, columns: Columns) -> Column:
    """Whether a row takes its key back."""
    from pyspark.sql import functions as F

    sql, reads = columns.taken_back or ("false", ())
    known = all(c in data_set.column_by_name for c in reads)
    return F.coalesce(F.expr(sql), F.lit(False)) if known else F.lit(False)


def _on_other_days(rows: DataFrame, snapshots: DataFrame, key: Sequence[str]) -> DataFrame:
    """Rows on days that their key has no snapshot of."""
    from pyspark.sql import functions as F

    names = [*key, ON]
    taken = snapshots.select(*[F.col(c).alias(f"_t_{c}") for c in names])
    condition = F.lit(True)
    for name in names:
        condition = condition & F.col(name).eqNullSafe(F.col(f"_t_{name}"))
    return rows.join(taken, on=condition, how="left_anti")


def _day_of(data_set: DataSet) -> str:
    """SQL of a snapshot's day: the first of its period."""
    year = "substring(_period, 1, 4)"
    month = "lpad(CAST(3 * CAST(substring(_period, 6, 1) AS int) - 2 AS string), 2, '0')"
    return {
        "month": "to_date(concat(_period, '-01'))",
        "quarter": f"to_date(concat({year}, '-', {month}, '-01'))",
        "year": f"to_date(concat({year}, '-01-01'))",
        "date": "to_date(_period)",
    }[data_set.period.grain]


def _values(
    rows: DataFrame, data_set: DataSet, spec: TableSpec, columns: Columns, on: Column, present_only: Column
) -> DataFrame:
    """The columns that versions are made of, in one shape for all data sets."""
    from pyspark.sql import functions as F

    left_out = (DISPOSITION, REASONS, "_corrupt_record", "_rank", "_absent_columns", ON)
    audit = [c for c in rows.columns if c.startswith("_") and c not in left_out]
    values, lacking = _told(data_set, columns)
    group = []
    if spec.group and spec.group not in (*columns.key, *columns.all):
        known = spec.group in data_set.column_by_name
        group = [F.col(spec.group) if known else F.lit(None).cast("string").alias(spec.group)]
    return rows.select(
        *[k for k in columns.key if k not in columns.wanted],
        *[F.expr(sql).alias(name) for name, sql in values.items()],
        *group,
        FLAGS,
        *audit,
        F.expr(_absent(columns, lacking)).alias("_absent_columns"),
        on.alias(ON),
        present_only.alias(PRESENT_ONLY),
    )


def _told(data_set: DataSet, columns: Columns) -> tuple[dict[str, str], list[str]]:
    """SQL of each value, and the columns that no file of the data set tells."""
    here = data_set.column_by_name
    values = {c: f"`{c}`" if c in here else f"CAST(NULL AS {kind})" for c, kind in columns.wanted.items()}
    lacking = [c for c in columns.wanted if c not in here]
    for name, (sql, kind, reads) in columns.computed.items():
        known = all(c in here for c in reads)
        values[name] = f"CAST({sql if known else 'NULL'} AS {kind})"
        lacking += [] if known else [name]
    return values, lacking


def _absent(columns: Columns, lacking: Sequence[str]) -> str:
    """SQL of the columns that a row's file does not tell, joined by commas."""
    parts = ["nullif(_absent_columns, '')", *[f"'{c}'" for c in lacking]]
    for name, (_, _, reads) in columns.computed.items():
        if name not in lacking and reads:
            lost = " OR ".join(f"instr(concat(',', coalesce(_absent_columns, ''), ','), ',{c},') > 0" for c in reads)
            parts.append(f"CASE WHEN {lost} THEN '{name}' END")
    return f"concat_ws(',', {', '.join(parts)})" if len(parts) > 1 else "_absent_columns"


def _with_untold(judged: DataFrame, data_set: DataSet, key: Sequence[str]) -> DataFrame:
    """One row for each key and day: the accepted one, else a quarantined one that states the key."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    known_key = F.lit(True)
    for column in key:
        # A column of the key that the contract does not require may be null, and is compared as such.
        if column in data_set.column_by_name and data_set.column_by_name[column].required:
            known_key = known_key & F.col(column).isNotNull()
    told = F.col(DISPOSITION) == ACCEPTED
    present = judged.where(told | ((F.col(DISPOSITION) == QUARANTINED) & known_key))
    if data_set.occurrence and data_set.occurrence in key:
        # Accepted rows have their numbers; a quarantined row stands for the next one.
        rest = [c for c in key if c != data_set.occurrence]
        among = Window.partitionBy(*rest, ON).orderBy(
            told.desc(), F.col(data_set.occurrence), F.col("_source_file"), F.col("_source_row")
        )
        number = F.when(told, F.col(data_set.occurrence)).otherwise(F.row_number().over(among)).cast("int")
        present = present.withColumn(data_set.occurrence, number)
    best = Window.partitionBy(*key, ON).orderBy(told.desc(), F.col("_source_file"), F.col("_source_row"))
    return present.withColumn("_rank", F.row_number().over(best)).where(F.col("_rank") == 1)
