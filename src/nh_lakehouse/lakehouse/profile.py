"""What stands in the columns of a table, and how measures go together; DuckDB and NumPy answer, no engine starts.

A column's profile is made from its distinct values and how often each occurs, so that every figure is exact: distinct
counts, quartiles and the most frequent values. No figure depends on the order in which the rows are stored.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from nh_lakehouse.contracts import load_tables
from nh_lakehouse.errors import ConfigError
from nh_lakehouse.lakehouse.duckdb_sql import sql_name
from nh_lakehouse.lakehouse.lakehouse import Lakehouse

if TYPE_CHECKING:
    import duckdb
    import numpy as np

__all__ = ["MINIMUM_PAIRS", "TOP_N", "ProfiledTable", "correlate", "profile_table"]

#: How many of the most frequent values are listed.
TOP_N = 5
#: Fewer pairs than this say nothing of a correlation (MEASURES 0, Statistics).
MINIMUM_PAIRS = 10

#: Values taken up at a time: of a small table all columns, of one with millions of rows a few.
_VALUES_AT_ONCE = 4_000_000
_MEMORY_MB = 2_000
_NUMBERS = re.compile(r"(?:int|bigint|double|decimal\(.*)\Z")
#: Fractions of a column's range are summed as whole multiples of 2^-60: in any order the sum is the same.
_UNIT = 2**60


@dataclass(frozen=True)
class ProfiledTable:
    """A table to profile.

    Attributes:
        name: full name.
        period: column whose values are the snapshots; None takes all rows together.
        masked: columns whose values must not be shown.
    """

    name: str
    period: str | None = None
    masked: Collection[str] = ()


def profile_table(lake: Lakehouse, table: ProfiledTable, version: int | None = None) -> list[dict[str, Any]]:
    """Rows of `ops.column_profile` of one table: one per snapshot and column, run and time left out.

    Audit columns (`_...`) and the column of the period are left out. Of numbers that are not finite (NaN) only the
    count is known: they have no place in quartiles and means.

    Args:
        lake: the lakehouse.
        table: what to profile.
        version: Delta version; the present one if None.
    """
    types = _types(lake, table.name, version)
    columns = [c for c in types if not c.startswith("_") and c != table.period]
    versions = {} if version is None else {table.name: version}
    found: list[dict[str, Any]] = []
    with lake.duckdb([table.name], versions=versions, memory_mb=_MEMORY_MB) as connection:
        rows_n = connection.execute(f"SELECT count(*) FROM {table.name}").fetchall()[0][0]
        width = max(1, _VALUES_AT_ONCE // max(1, rows_n))
        for start in range(0, len(columns), width):
            found += _profile(connection, table, {c: types[c] for c in columns[start : start + width]})
    place = {c: i for i, c in enumerate(columns)}
    return sorted(found, key=lambda row: (row["snapshot"] or "", place[row["column"]]))


def _types(lake: Lakehouse, name: str, version: int | None) -> dict[str, str]:
    """Columns of a table with their types, as declared; those that no declaration has, in Delta's words."""
    declaration = load_tables().get(name)
    declared = {c.name: c.type for c in declaration.columns} if declaration else {}
    fields = lake.snapshot(name, version).schema().fields
    return {f.name: declared.get(f.name) or str(getattr(f.type, "type", f.type)) for f in fields}


def _profile(
    connection: duckdb.DuckDBPyConnection, table: ProfiledTable, types: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    names = list(types)
    period = "NULL" if table.period is None else f"CAST({sql_name(table.period)} AS VARCHAR)"
    listed = ", ".join(f"{sql_name(c)} AS c{i}" for i, c in enumerate(names))
    connection.execute(f"CREATE OR REPLACE TEMP TABLE part AS SELECT {period} AS snapshot, {listed} FROM {table.name}")
    counted = " UNION ALL ".join(
        f"SELECT {i} AS place, snapshot, {_text(f'c{i}', types[c])} AS t, {_number(f'c{i}', types[c])} AS x, "
        f"count(*) AS n FROM part GROUP BY snapshot, c{i}"
        for i, c in enumerate(names)
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE counted AS {counted}")
    cursor = connection.execute(_FIGURES)
    figures = [d[0] for d in cursor.description or []]
    for row in cursor.fetchall():
        record = dict(zip(figures, row, strict=True))
        column = names[record.pop("place")]
        top = [(str(v["t"]), int(v["n"])) for v in record.pop("top") or []]
        shown = column not in table.masked
        ordered = shown and not types[column].startswith("array")
        yield {
            "table": table.name,
            "column": column,
            "type": types[column],
            **record,
            "min": record["min"] if ordered else None,
            "max": record["max"] if ordered else None,
            "top_values": (top or None) if shown else None,
        }


def _text(name: str, kind: str) -> str:
    # A timestamp is told in UTC, whatever the machine's zone.
    return f"CAST(make_timestamp(epoch_us({name})) AS VARCHAR)" if kind == "timestamp" else f"CAST({name} AS VARCHAR)"


def _number(name: str, kind: str) -> str:
    if not _NUMBERS.match(kind):
        return "CAST(NULL AS DOUBLE)"
    number = f"CAST({name} AS DOUBLE)"
    return f"CASE WHEN isfinite({number}) THEN {number} END"


def _percentile(share: str) -> str:
    """A percentile by linear interpolation between the values at the two ranks around it."""
    rank = f"({share} * (any_value(b.numbers_n) - 1))"
    low, high = (f"min(v.x) FILTER (v.upto > {edge}({share} * (b.numbers_n - 1)))" for edge in ("floor", "ceil"))
    return f"{low} + ({high} - {low}) * ({rank} - floor({rank}))"


#: Place, snapshot -> the figures of a column, from its distinct values, their numbers and counts.
_FIGURES = f"""
WITH basis AS (
    SELECT place, snapshot, sum(n)::BIGINT AS rows_n, coalesce(sum(n) FILTER (t IS NULL), 0)::BIGINT AS null_n,
        count(t) AS distinct_n, sum(n) FILTER (x IS NOT NULL) AS numbers_n, min(x) AS low, max(x) AS high,
        coalesce(arg_min(t, x), min(t)) AS "min", coalesce(arg_max(t, x), max(t)) AS "max"
    FROM counted GROUP BY place, snapshot),
ranked AS (
    SELECT place, snapshot, x, n, sum(n) OVER (PARTITION BY place, snapshot ORDER BY x) AS upto
    FROM counted WHERE x IS NOT NULL),
quartiles AS (
    SELECT v.place, v.snapshot,
        {_percentile("0.25")} AS q1, {_percentile("0.5")} AS median, {_percentile("0.75")} AS q3,
        any_value(b.low) + any_value(b.high - b.low) * coalesce(
            sum(v.n * round((v.x - b.low) / nullif(b.high - b.low, 0) * {_UNIT})::HUGEINT)::DOUBLE
            / {_UNIT} / any_value(b.numbers_n), 0) AS mean
    FROM ranked AS v JOIN basis AS b ON v.place = b.place AND v.snapshot IS NOT DISTINCT FROM b.snapshot
    GROUP BY v.place, v.snapshot),
spread AS (
    SELECT v.place, v.snapshot,
        CASE WHEN any_value(b.numbers_n) > 1 THEN coalesce(any_value(b.high - b.low) * sqrt(
            sum(v.n * round(pow((v.x - q.mean) / nullif(b.high - b.low, 0), 2) * {_UNIT})::HUGEINT)::DOUBLE
            / {_UNIT} / (any_value(b.numbers_n) - 1)), 0) END AS sd,
        coalesce(sum(v.n) FILTER (
            v.x < q.q1 - 1.5 * (q.q3 - q.q1) OR v.x > q.q3 + 1.5 * (q.q3 - q.q1)), 0)::BIGINT AS iqr_outlier_n
    FROM ranked AS v
    JOIN basis AS b ON v.place = b.place AND v.snapshot IS NOT DISTINCT FROM b.snapshot
    JOIN quartiles AS q ON v.place = q.place AND v.snapshot IS NOT DISTINCT FROM q.snapshot
    GROUP BY v.place, v.snapshot),
frequent AS (
    SELECT place, snapshot, t, x, n FROM counted WHERE t IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY place, snapshot ORDER BY n DESC, x, t) <= {TOP_N}),
top AS (
    SELECT place, snapshot, list({{'t': t, 'n': n}} ORDER BY n DESC, x, t) AS top FROM frequent
    GROUP BY place, snapshot)
SELECT b.place, b.snapshot, b.rows_n, b.null_n, 100.0::DOUBLE * b.null_n / b.rows_n AS null_pct, b.distinct_n,
    b."min", b."max", q.mean, s.sd, q.q1, q.median, q.q3, s.iqr_outlier_n, t.top
FROM basis AS b
LEFT JOIN quartiles AS q ON b.place = q.place AND b.snapshot IS NOT DISTINCT FROM q.snapshot
LEFT JOIN spread AS s ON b.place = s.place AND b.snapshot IS NOT DISTINCT FROM s.snapshot
LEFT JOIN top AS t ON b.place = t.place AND b.snapshot IS NOT DISTINCT FROM t.snapshot
"""


# --- correlation -----------------------------------------------------------------------------------------------------


def correlate(
    lake: Lakehouse,
    table: str,
    *,
    key: Sequence[str],
    period: str,
    left_out: Collection[str] = (),
    version: int | None = None,
) -> list[dict[str, Any]]:
    """Rows of `ops.correlation`: every pair of a table's numeric measures, by period, run and time left out.

    A pair counts the rows that have both measures. Pearson's correlation, and slope, intercept and r2 of the
    least-squares line of `measure_y` on `measure_x`, are null with fewer than 10 rows or where a measure does not vary
    among them.

    Args:
        lake: the lakehouse.
        table: full name; its numeric columns outside the key are the measures.
        key: columns by which rows are put in order, so that no figure depends on how they are stored.
        period: column of the snapshots.
        left_out: numeric columns that measure nothing, such as a year.
        version: Delta version; the present one if None.
    Raises:
        ConfigError: the table lacks a column that was named.
    Source: MEASURES 0, Statistics; B5.
    """
    import numpy as np

    types = _types(lake, table, version)
    if absent := [c for c in (*key, period) if c not in types]:
        raise ConfigError(f"{table} has no column {absent[0]}")
    measures = [
        c
        for c, kind in types.items()
        if _NUMBERS.match(kind) and c not in (*key, period, *left_out) and not c.startswith("_")
    ]
    listed = ", ".join(f"CAST({sql_name(c)} AS DOUBLE) AS {sql_name(c)}" for c in measures)
    order = ", ".join(sql_name(c) for c in (period, *key))
    versions = {} if version is None else {table: version}
    with lake.duckdb([table], versions=versions, memory_mb=_MEMORY_MB) as connection:
        answer = connection.sql(
            f"SELECT {sql_name(period)} AS _period, {listed} FROM {table} ORDER BY {order}"
        ).to_arrow_table()
    periods = answer.column("_period").to_pylist()
    values = {c: np.asarray(answer.column(c).to_numpy(), dtype=float) for c in measures}
    found = []
    for one in dict.fromkeys(periods):
        here = np.asarray([p == one for p in periods])
        inside = {c: v[here] for c, v in values.items()}
        known = {c: np.isfinite(v) for c, v in inside.items()}
        for x, y in combinations(measures, 2):
            both = known[x] & known[y]
            line = _line(inside[x][both], inside[y][both])
            found.append({"snapshot_month": one, "measure_x": x, "measure_y": y, "n": int(both.sum()), **line})
    return found


def _line(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> dict[str, float | None]:
    names = ("correlation", "ols_slope", "ols_intercept", "r2")
    if len(x) < MINIMUM_PAIRS or x.min() == x.max() or y.min() == y.max():
        return dict.fromkeys(names)
    x_mean, y_mean = x.mean(), y.mean()
    # Divided by the largest first: squares of small deviations must not vanish.
    dx, dy = x - x_mean, y - y_mean
    x_size, y_size = abs(dx).max(), abs(dy).max()
    dx, dy = dx / x_size, dy / y_size
    sxx, syy, sxy = float((dx * dx).sum()), float((dy * dy).sum()), float((dx * dy).sum())
    correlation = min(1.0, max(-1.0, sxy / (sxx * syy) ** 0.5))
    slope = float(sxy / sxx * (y_size / x_size))
    values = (correlation, slope, float(y_mean - slope * x_mean), correlation**2)
    return dict(zip(names, values, strict=True))
