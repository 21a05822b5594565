"""Versions of a key over time (SCD2), as a pure function of all its snapshots.

A version begins at the first day of the period in which a tracked column changed, and ends where the next begins. A
key that is missing from a complete later snapshot is closed at that snapshot's date. Completeness is judged per group
(a state): the snapshot must hold a share of the units that were open before. A unit is the key itself or, where the
rows of a home come and go together, the home: a sale replaces all owners of a home and says nothing of the others. An
incomplete snapshot (one state's part of a month, half a file) closes nothing.

A column that a file does not have is unknown, not null: it makes no version, the last known value goes on, and before
the first known value that one is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

__all__ = ["PRESENT_ONLY", "Completeness", "versions"]

#: Marks a snapshot row that proves a key present without telling its values (its row was quarantined).
PRESENT_ONLY = "_present_only"


@dataclass(frozen=True)
class Completeness:
    """When a snapshot counts as complete.

    Attributes:
        share: least share of the open units of a group that a snapshot must hold (MEASURES B1: 0.90).
    """

    share: float = 0.90


def versions(
    snapshots: DataFrame,
    *,
    key: Sequence[str],
    tracked: Sequence[str],
    untracked: Sequence[str],
    period: str,
    group: str | None = None,
    unit: Sequence[str] = (),
    sometimes_absent: Iterable[str] | None = None,
    completeness: Completeness = Completeness(),
) -> DataFrame:
    """Versions of every key.

    Args:
        snapshots: one row per key and period: key, `period` (date), tracked and untracked columns,
            `_absent_columns` (text: names that the row's file does not have, joined by commas) and `_present_only`.
        key: columns of the key; compared null-safe.
        tracked: columns whose change makes a version.
        untracked: columns that take the last known value inside a version.
        period: the date column of the snapshot.
        group: column within which completeness is judged; None = the whole set.
        unit: columns of the key whose values are counted for that; the whole key if empty.
        sometimes_absent: the columns that some file lacks, where the caller knows; any column may be if None. Only the
            plan depends on it, not the result: columns that every file has are carried along together.
        completeness: threshold.
    Returns:
        One row per key and version: key, columns, `valid_from`, `valid_to` (exclusive, null = open), `is_current`,
        `closed_reason` (`absent` or null), and the audit columns of the version's first row.
    """
    audit = [c for c in snapshots.columns if c.startswith("_") and c not in ("_absent_columns", PRESENT_ONLY)]
    columns = [*tracked, *untracked]
    alone = [c for c in columns if sometimes_absent is None or c in set(sometimes_absent)]
    placed = snapshots.withColumn("_group", F.col(group) if group else F.lit("all"))
    filled = _fill_unknown(_carry_group(placed, key, period), key, columns, alone, period)
    dated = _with_closing(filled, _complete_periods(filled, unit or key, period, completeness), key, period)
    started = _number_versions(dated, key, tracked, period)
    return _collapse(started, key, tracked, untracked, period, audit)


def _carry_group(placed: DataFrame, key: Sequence[str], period: str) -> DataFrame:
    """A row without values (quarantined) stands in the group that its key was last seen in, else will be seen in."""
    before = Window.partitionBy(*key).orderBy(period)
    whole = before.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    known = F.coalesce(
        F.col("_group"),
        F.last("_group", ignorenulls=True).over(before),
        F.first("_group", ignorenulls=True).over(whole),
    )
    return placed.withColumn("_group", known)


def _fill_unknown(
    placed: DataFrame, key: Sequence[str], columns: Sequence[str], alone: Sequence[str], period: str
) -> DataFrame:
    """The last known value of every column, before the first known one that one; columns known together go together."""
    before = Window.partitionBy(*key).orderBy(period)
    whole = before.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    told = ~F.col(PRESENT_ONLY)
    absent = F.split(F.coalesce(F.col("_absent_columns"), F.lit("")), ",")
    together = [c for c in columns if c not in alone]
    boxes = {f"_box_{c}": F.when(told & ~F.array_contains(absent, c), F.struct(c)) for c in alone}
    boxes["_box"] = F.when(told, F.struct(*together, told.alias("_told")))
    boxed = placed.withColumns(boxes)
    known = {
        box: F.coalesce(F.last(box, ignorenulls=True).over(before), F.first(box, ignorenulls=True).over(whole))
        for box in boxes
    }
    # A key counts from its first told row on: what was quarantined before says nothing yet.
    ever_told = F.max(told).over(before)
    carried = boxed.withColumns({**known, "_ever_told": ever_told}).where("_ever_told")
    values = {c: F.col(f"_box_{c}" if c in alone else "_box")[c] for c in columns}
    return carried.withColumns(values).drop(*boxes, "_ever_told")


def _complete_periods(filled: DataFrame, unit: Sequence[str], period: str, completeness: Completeness) -> DataFrame:
    """Per group: the periods whose snapshot holds enough of the units open before it, as a sorted array."""
    name = F.to_json(F.struct(*unit)) if len(unit) > 1 else F.col(unit[0]).cast("string")
    per_period = filled.groupBy("_group", period).agg(F.collect_set(name).alias("keys"))
    ordered = per_period.groupBy("_group").agg(
        F.sort_array(F.collect_list(F.struct(F.col(period).alias("at"), "keys"))).alias("snaps")
    )
    share = completeness.share
    enough = f"size(array_intersect(acc.open, snap.keys)) >= {share} * size(acc.open)"
    fold = F.expr(
        f"""aggregate(snaps,
            named_struct('open', CAST(array() AS array<string>), 'complete', CAST(array() AS array<date>)),
            (acc, snap) -> named_struct(
                'open', CASE WHEN {enough} THEN snap.keys ELSE array_union(acc.open, snap.keys) END,
                'complete', CASE WHEN {enough} THEN concat(acc.complete, array(snap.at)) ELSE acc.complete END),
            acc -> acc.complete)"""
    )
    return ordered.select("_group", fold.alias("_complete"))


def _with_closing(filled: DataFrame, complete: DataFrame, key: Sequence[str], period: str) -> DataFrame:
    """`_closed_at`: the first complete period of the group after this row and before the key's next one."""
    next_seen = F.lead(period).over(Window.partitionBy(*key).orderBy(period))
    joined = filled.withColumn("_next", next_seen).join(complete, on="_group", how="left")
    later = F.expr(f"try_element_at(filter(_complete, p -> p > {period} AND (_next IS NULL OR p < _next)), 1)")
    return joined.withColumn("_closed_at", later).drop("_complete")


def _number_versions(dated: DataFrame, key: Sequence[str], tracked: Sequence[str], period: str) -> DataFrame:
    ordered = Window.partitionBy(*key).orderBy(period)
    before = F.lag(F.struct(*tracked, "_closed_at")).over(ordered)
    compared = dated.withColumn("_before", before)
    changed: Column = F.col("_before").isNull() | F.col("_before")["_closed_at"].isNotNull()
    for column in tracked:
        changed = changed | ~F.col(column).eqNullSafe(F.col("_before")[column])
    started = compared.withColumn("_starts", F.when(changed, 1).otherwise(0)).drop("_before")
    running = ordered.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    return started.withColumn("_version", F.sum("_starts").over(running))


def _collapse(
    started: DataFrame,
    key: Sequence[str],
    tracked: Sequence[str],
    untracked: Sequence[str],
    period: str,
    audit: Sequence[str],
) -> DataFrame:
    first = F.min_by(F.struct(*tracked, *audit), period)
    last = F.max_by(F.struct(*untracked, "_closed_at"), period)
    grouped = started.groupBy(*key, "_version").agg(
        F.min(period).alias("valid_from"), first.alias("_first"), last.alias("_last")
    )
    following = F.lead("valid_from").over(Window.partitionBy(*key).orderBy("_version"))
    closed_at = F.col("_last")["_closed_at"]
    ended = F.coalesce(closed_at, following)
    return grouped.select(
        *key,
        *[F.col("_first")[c].alias(c) for c in tracked],
        *[F.col("_last")[c].alias(c) for c in untracked],
        "valid_from",
        ended.alias("valid_to"),
        ended.isNull().alias("is_current"),
        F.when(closed_at.isNotNull(), F.lit("absent")).alias("closed_reason"),
        *[F.col("_first")[c].alias(c) for c in audit],
    )
