"""Versions of a key over time (SCD2), as a pure function of all its snapshots.

A version begins at the first day of the period in which a tracked column changed, and ends where the next begins. A
key that is missing from a complete later snapshot is closed at that snapshot's date. Completeness is judged per group
(a state): the snapshot must hold a share of the units that were open before. A unit is the key itself or, where the
rows of a home come and go together, the home: a sale replaces all owners of a home and says nothing of the others. An
incomplete snapshot (one state's part of a month, half a file) closes nothing.

A column that a file does not have is unknown, not null: it makes no version, the last known value goes on, and before
the first known value that one is shown.

Beside snapshots there may be rows that stand for themselves: what was true of one key from a day on. They make versions
like any other row, and say nothing of who else was there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

__all__ = ["ASIDE", "PRESENT_ONLY", "Completeness", "closings", "complete_periods", "versions"]

#: Marks a snapshot row that proves a key present without telling its values (its row was quarantined).
PRESENT_ONLY = "_present_only"
#: Marks a row that stands for itself, in no snapshot.
ASIDE = "_aside"
#: Windows that all keys share.
_WINDOWS = 64


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
    type_1: Sequence[str] = (),
    sometimes_absent: Iterable[str] | None = None,
    some_untold: bool = True,
    complete: DataFrame | None = None,
    completeness: Completeness = Completeness(),
) -> DataFrame:
    """Versions of every key.

    Args:
        snapshots: one row per key and period: key, `period` (date), tracked and untracked columns,
            `_absent_columns` (text: names that the row's file does not have, joined by commas), `_present_only` and,
            where some rows stand for themselves, `_aside`.
        key: columns of the key; compared null-safe.
        tracked: columns whose change makes a version.
        untracked: columns that take the last known value inside a version.
        period: the date column of the snapshot.
        group: column within which completeness is judged; None = the whole set.
        unit: columns of the key whose values are counted for that; the whole key if empty.
        type_1: untracked columns without a history: the key's latest value that is not null stands on every version.
        sometimes_absent: the columns that some file lacks, where the caller knows; any column may be if None. Only the
            plan depends on it, not the result.
        some_untold: whether a row may be `_present_only` or state no group; False, for a smaller plan, where the caller
            knows that none does.
        complete: the complete periods of all groups (`complete_periods`), where the snapshots are those of some keys
            alone; None: they are found from the snapshots.
        completeness: threshold.
    Returns:
        One row per key and version: key, columns, `valid_from`, `valid_to` (exclusive, null = open), `is_current`,
        `closed_reason` (`absent` or null), and the audit columns of the version's first row.
    """
    marks = ("_absent_columns", PRESENT_ONLY, ASIDE, period)
    audit = [c for c in snapshots.columns if c.startswith("_") and c not in marks]
    columns = [*tracked, *untracked]
    alone = [c for c in columns if sometimes_absent is None or c in set(sometimes_absent)]
    placed = _placed(snapshots, key, columns, period, group, some_untold=some_untold)
    filled = _with_latest(_fill_absent(placed, key, alone, period), key, type_1, period)
    hashed = filled.withColumn("_tracked", _content(tracked))
    if complete is None:
        complete = _complete(filled, unit or key, period, completeness)
    dated = _with_closing(hashed, complete, key, period)
    return _collapse(dated, key, tracked, untracked, period, audit)


def complete_periods(
    snapshots: DataFrame,
    *,
    key: Sequence[str],
    period: str,
    group: str | None = None,
    unit: Sequence[str] = (),
    some_untold: bool = True,
    completeness: Completeness = Completeness(),
) -> DataFrame:
    """The periods whose snapshot is complete: one row per group, `_group` and `_complete`, a sorted array.

    Args: as for `versions`; of the snapshots the key, the group and the marks are enough, but all keys are needed.
    """
    placed = _placed(snapshots, key, (), period, group, some_untold=some_untold)
    return _complete(placed, unit or key, period, completeness)


def closings(
    snapshots: DataFrame,
    complete: DataFrame,
    *,
    key: Sequence[str],
    period: str,
    group: str | None = None,
    some_untold: bool = True,
) -> DataFrame:
    """The days on which keys are closed as absent: one row per key and day, the key and `valid_to`.

    What else a version says follows from the key's own snapshots: where neither these nor its closings changed, none of
    its versions did.

    Args: as for `complete_periods`, and its result.
    """
    placed = _placed(snapshots, key, (), period, group, some_untold=some_untold).withColumn("_tracked", F.lit(0))
    dated = _with_closing(placed, complete, key, period)
    return dated.where("_closed_at IS NOT NULL").select(*key, F.col("_closed_at").alias("valid_to"))


def _placed(
    snapshots: DataFrame,
    key: Sequence[str],
    columns: Sequence[str],
    period: str,
    group: str | None,
    *,
    some_untold: bool,
) -> DataFrame:
    """The rows that count, each with its group."""
    placed = snapshots.withColumn("_group", F.col(group) if group else F.lit("all"))
    if some_untold:
        return _carry_group(_with_untold(placed, key, columns, period), key, period)
    return placed


def _with_untold(placed: DataFrame, key: Sequence[str], columns: Sequence[str], period: str) -> DataFrame:
    """Rows without values (quarantined) take those of the key's last told row, and its group.

    A key counts from its first told row on: what was quarantined before says nothing yet, but that the key was there.
    """
    told = placed.where(~F.col(PRESENT_ONLY))
    untold = placed.where(F.col(PRESENT_ONLY))
    others = [c for c in placed.columns if c not in {*key, *columns, "_group", "_absent_columns"}]
    near = told.select(
        *[F.col(k).alias(f"_k_{k}") for k in key],
        F.col(period).alias("_at"),
        F.struct(*columns, "_group", "_absent_columns").alias("_values"),
    )
    same_key = F.lit(True)
    for column in key:
        same_key = same_key & F.col(column).eqNullSafe(F.col(f"_k_{column}"))
    before = untold.join(near, on=same_key & (F.col("_at") < F.col(period)), how="inner")
    newest = Window.partitionBy(*key, period).orderBy(F.col("_at").desc())
    latest = before.withColumn("_rank", F.row_number().over(newest)).where(F.col("_rank") == 1)
    taken = [F.col("_values")[c].alias(c) for c in (*columns, "_group", "_absent_columns")]
    return told.unionByName(latest.select(*key, *others, *taken))


def _carry_group(told: DataFrame, key: Sequence[str], period: str) -> DataFrame:
    """A row that does not state its group stands in the one that its key was last seen in, else will be seen in."""
    before = Window.partitionBy(*key).orderBy(period)
    whole = before.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    known = F.coalesce(
        F.col("_group"),
        F.last("_group", ignorenulls=True).over(before),
        F.first("_group", ignorenulls=True).over(whole),
    )
    return told.withColumn("_group", known)


def _fill_absent(told: DataFrame, key: Sequence[str], alone: Sequence[str], period: str) -> DataFrame:
    """The last known value of a column that the row's file does not have, before the first known one that one."""
    if not alone:
        return told
    before = Window.partitionBy(*key).orderBy(period)
    whole = before.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    absent = F.split(F.coalesce(F.col("_absent_columns"), F.lit("")), ",")
    boxes = {f"_box_{c}": F.when(~F.array_contains(absent, c), F.struct(c)) for c in alone}
    boxed = told.withColumns(boxes)
    known = {
        box: F.coalesce(F.last(box, ignorenulls=True).over(before), F.first(box, ignorenulls=True).over(whole))
        for box in boxes
    }
    return boxed.withColumns(known).withColumns({c: F.col(f"_box_{c}")[c] for c in alone}).drop(*boxes)


def _with_latest(filled: DataFrame, key: Sequence[str], type_1: Sequence[str], period: str) -> DataFrame:
    """The latest known value of columns without a history, on every row of the key."""
    names = [f"_k_{k}" for k in key]
    same_key = F.lit(True)
    for column, name in zip(key, names, strict=True):
        same_key = same_key & F.col(column).eqNullSafe(F.col(name))
    for column in type_1:
        known = filled.where(F.col(column).isNotNull())
        by_key = [F.col(k).alias(name) for k, name in zip(key, names, strict=True)]
        latest = known.groupBy(*by_key).agg(F.max_by(column, period).alias("_latest"))
        joined = filled.join(latest, on=same_key, how="left")
        filled = joined.withColumn(column, F.col("_latest")).drop("_latest", *names)
    return filled


def _content(tracked: Sequence[str]) -> Column:
    """Hash of the tracked values; a null and the value that its type hashes alike are told apart."""
    return F.xxhash64(*[part for c in tracked for part in (F.col(c), F.col(c).isNull())]) if tracked else F.lit(0)


def _complete(filled: DataFrame, unit: Sequence[str], period: str, completeness: Completeness) -> DataFrame:
    """Per group: the periods whose snapshot holds enough of the units open before it, as a sorted array."""
    if ASIDE in filled.columns:
        filled = filled.where(~F.col(ASIDE))
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


def _with_closing(hashed: DataFrame, complete: DataFrame, key: Sequence[str], period: str) -> DataFrame:
    """Where a version ends: `_next`, the period of the key's next row, `_closed_at`, the first complete period of the
    group after this row and before that one, and `_ends`, whether this row is the last of its version.
    """
    numbered = hashed.withColumn("_key", F.xxhash64(*[part for k in key for part in (F.col(k), F.col(k).isNull())]))
    ordered = _in_order(key, period)
    following = numbered.select(
        "*", _beside(F.lead, period, ordered).alias("_next"), _beside(F.lead, "_tracked", ordered).alias("_then")
    )
    joined = following.join(complete, on="_group", how="left")
    later = F.expr(f"try_element_at(filter(_complete, p -> p > {period} AND (_next IS NULL OR p < _next)), 1)")
    closed = joined.withColumn("_closed_at", later).drop("_complete")
    ends = F.col("_closed_at").isNotNull() | F.col("_next").isNull() | (F.col("_then") != F.col("_tracked"))
    return closed.withColumn("_ends", ends)


def _in_order(key: Sequence[str], period: str) -> WindowSpec:
    """The rows of many keys in one window, those of a key side by side.

    A window for each key costs Sail as much as thousands of rows: ten times the whole, where a key has a row or two.
    """
    return Window.partitionBy(F.pmod(F.col("_key"), F.lit(_WINDOWS))).orderBy("_key", *key, period)


def _beside(neighbour: Callable[[str], Column], name: str, ordered: WindowSpec) -> Column:
    """The value of the row before or behind in `_in_order`, if that is one of the same key."""
    return F.when(neighbour("_key").over(ordered) == F.col("_key"), neighbour(name).over(ordered))


def _collapse(
    dated: DataFrame,
    key: Sequence[str],
    tracked: Sequence[str],
    untracked: Sequence[str],
    period: str,
    audit: Sequence[str],
) -> DataFrame:
    """One row per version: its first row, with what stands in its last one. No row between the two matters."""
    ordered = _in_order(key, period)
    ended_before = _beside(F.lag, "_ends", ordered)
    marked = dated.withColumn("_starts", F.coalesce(ended_before, F.lit(True))).where("_starts OR _ends")
    late = [*untracked, "_closed_at", "_next"]
    last = {f"_last_{c}": F.when(F.col("_ends"), F.col(c)).otherwise(_beside(F.lead, c, ordered)) for c in late}
    first = marked.withColumns(last).where("_starts")
    closed_at = F.col("_last__closed_at")
    ended = F.coalesce(closed_at, F.col("_last__next"))
    return first.select(
        *key,
        *tracked,
        *[F.col(f"_last_{c}").alias(c) for c in untracked],
        F.col(period).alias("valid_from"),
        ended.alias("valid_to"),
        ended.isNull().alias("is_current"),
        F.when(closed_at.isNotNull(), F.lit("absent")).alias("closed_reason"),
        *audit,
    )
