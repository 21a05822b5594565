"""The SQL behind `diff`: rows of a table at two periods, held against each other by their key."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from nh_lakehouse.cli.sql import answer, column_named
from nh_lakehouse.errors import ConfigError
from nh_lakehouse.lakehouse import Lakehouse
from nh_lakehouse.lakehouse.duckdb_sql import sql_name
from nh_lakehouse.lakehouse.periods import PERIOD_COLUMNS

__all__ = ["Comparison", "comparison_of"]

#: Key columns that name a time inside the period: such a row has no counterpart in another period.
_TIMES_WITHIN = ("work_date", "month")
#: Columns that follow from the period, if they are not it: they differ in every row.
_FOLLOWING = ("year", "month")
#: Periods of which two can be compared; a calendar year or month where there is no other.
_COMPARED = (*PERIOD_COLUMNS, *_FOLLOWING)
_LEFT_OUT = ("dq_flags", *_FOLLOWING)


@dataclass(frozen=True)
class Comparison:
    """Two periods of a table, ready to be compared.

    Attributes:
        table: full name.
        period: the column of the period.
        old, new: the two periods, as the column has them.
        key: columns that tell the rows of one period apart.
        columns: columns that are compared.
        doubles: those of them whose values are equal where 12 significant digits are.
        where: condition, as written by the user: a key counts where it holds in either period.
        has_versions: the table holds versions; of each period those in force on its first day are compared.
    """

    table: str
    period: str
    old: Any
    new: Any
    key: tuple[str, ...]
    columns: tuple[str, ...]
    doubles: frozenset[str] = frozenset()
    where: str | None = None
    has_versions: bool = False

    def counts(self) -> str:
        """A SELECT of rows added, removed and changed, and of changed values."""
        return f"""{self._pairs()}
            SELECT count(*) FILTER (_change = 'added') AS added_n, count(*) FILTER (_change = 'removed') AS removed_n,
              count(*) FILTER (_change = 'changed') AS changed_n,
              coalesce(sum(len(_columns)) FILTER (_change = 'changed'), 0) AS values_n FROM pairs"""

    def rows(self, limit: int | None) -> str:
        """A SELECT of the rows that differ: key, change, numbers of the changed columns, old values, new values."""
        shown = [*(f"_k{i}" for i in range(len(self.key))), "_change", "_columns"]
        shown += [f"_{side}{i}" for side in "on" for i in range(len(self.columns))]
        order = [f"_k{i} NULLS FIRST" for i in range(len(self.key))] or ["_change"]
        most = "" if limit is None else f"LIMIT {limit:d}"
        return f"""{self._pairs()} SELECT {", ".join(shown)} FROM pairs WHERE _change IS NOT NULL
            ORDER BY {", ".join(order)} {most}"""

    def _pairs(self) -> str:
        period = sql_name(self.period)
        names = ", ".join(dict.fromkeys([period, *map(sql_name, self.key), *map(sql_name, self.columns)]))
        both = f"{period} IN ({_literal(self.old)}, {_literal(self.new)})"
        # The condition stands on lines of its own: a comment at its end takes nothing else along.
        wanted = f"{both} AND (\n{self.where}\n)" if self.where else both
        keys = ", ".join([*map(sql_name, self.key), "true AS _there"])
        same = " AND ".join(f"a.{k} IS NOT DISTINCT FROM b.{k}" for k in [*map(sql_name, self.key), "_there"])
        sides = [
            f"""{alias} AS (SELECT a.* FROM (SELECT {names}, true AS _there FROM {self._source()}
                  WHERE {period} = {_literal(value)}) AS a SEMI JOIN wanted AS b ON {same})"""
            for alias, value in (("old_rows", self.old), ("new_rows", self.new))
        ]
        key = [
            f"CASE WHEN a._there THEN a.{sql_name(k)} ELSE b.{sql_name(k)} END AS _k{i}" for i, k in enumerate(self.key)
        ]
        values = [f"a.{sql_name(c)} AS _o{i}" for i, c in enumerate(self.columns)]
        values += [f"b.{sql_name(c)} AS _n{i}" for i, c in enumerate(self.columns)]
        differing = ", ".join(f"CASE WHEN {self._differs(c)} THEN {i} END" for i, c in enumerate(self.columns))
        return f"""WITH wanted AS (SELECT DISTINCT {keys} FROM {self._source()} WHERE {wanted}),
            {", ".join(sides)},
            held AS (SELECT {", ".join([*key, *values])}, a._there AS _was, b._there AS _is,
              list_filter([{differing}]::INTEGER[], lambda x: x IS NOT NULL) AS _columns
              FROM old_rows AS a FULL JOIN new_rows AS b ON {same}),
            pairs AS (SELECT *, CASE WHEN _was IS NULL THEN 'added' WHEN _is IS NULL THEN 'removed'
              WHEN len(_columns) > 0 THEN 'changed' END AS _change FROM held)"""

    def _source(self) -> str:
        if not self.has_versions:
            return self.table
        days = ", ".join(f"({_literal(day)})" for day in (self.old, self.new))
        in_force = "t.valid_from <= days.day AND (t.valid_to IS NULL OR days.day < t.valid_to)"
        return f"""(SELECT days.day AS {sql_name(self.period)}, t.* FROM {self.table} AS t
            JOIN (VALUES {days}) AS days(day) ON {in_force})"""

    def _differs(self, column: str) -> str:
        a, b = f"a.{sql_name(column)}", f"b.{sql_name(column)}"
        if column not in self.doubles:
            return f"{a} IS DISTINCT FROM {b}"
        # Two engines sum in different orders: a difference in the last digits says nothing. What lies still closer
        # together is equal on both sides of a rounding edge, too.
        return f"""(CASE WHEN {a} IS NOT DISTINCT FROM {b} THEN false WHEN {a} IS NULL OR {b} IS NULL THEN true
            WHEN abs({a} - {b}) <= 1e-13 * greatest(abs({a}), abs({b})) THEN false
            ELSE format('{{:.11e}}', {a}) <> format('{{:.11e}}', {b}) END)"""


def comparison_of(
    lake: Lakehouse,
    table: str,
    periods: tuple[str, str],
    *,
    columns: Sequence[str] = (),
    where: str | None = None,
) -> Comparison:
    """Two periods of a table, each as the user writes it (`2024-10`, `2024Q2`, `2024`).

    Args:
        lake: the lakehouse.
        table: full name of an existing table.
        periods: the earlier and the later one, or the other way round.
        columns: compare only these; all but the key, what follows from the period, audit columns and dq_flags if empty.
        where: condition, as written by the user.
    Raises:
        ConfigError: the table has no periods or no key, a period is not in it, or a column does not exist.
    """
    from nh_lakehouse.silver.conform import HISTORY_COLUMNS

    key, versions_of = _key_of(table)
    fields = {f.name: str(getattr(f.type, "type", f.type)) for f in lake.snapshot(table).schema().fields}
    has_versions = {"valid_from", "valid_to"} <= set(fields)
    period = "snapshot_month" if has_versions else _period_column(table, key, list(fields))
    # A surrogate tells versions apart: it is another one in the next version of the same.
    left_out = {*_LEFT_OUT, *(HISTORY_COLUMNS if has_versions else ()), *(key if versions_of else ())}
    key = versions_of or key
    rest = tuple(k for k in key if k != period)
    plain = [c for c in fields if c not in key and not c.startswith("_") and c not in left_out]
    named = dict.fromkeys(column_named(c, list(fields), table, "--columns") for c in columns)
    chosen = list(named) or plain
    if stray := [c for c in chosen if c in key]:
        raise ConfigError(
            f"--columns {stray[0]}: it is part of the key of {table}, by which rows are held against each other: "
            "leave it out",
            option="--columns",
        )
    options = zip(periods, ("--from", "--to"), strict=True)
    if has_versions:
        first = _periods(lake, table, "valid_from")[:1]
        old, new = (_day_in_history(text, option, first, table) for text, option in options)
    else:
        present = _periods(lake, table, period)
        old, new = (_period(text, option, present, table) for text, option in options)
    if old == new:
        raise ConfigError(f"--from and --to are both {_text(old)}: name two periods", option="--to")
    doubles = frozenset(c for c in chosen if fields[c] in ("double", "float"))
    return Comparison(table, period, old, new, rest, tuple(chosen), doubles, where, has_versions)


def _key_of(table: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The key of a table, and what its rows are versions of where the key is a surrogate."""
    from nh_lakehouse.pipeline.graph import collect_specs

    specs = {s.name: s for s in collect_specs()}
    if table in specs:
        return specs[table].key, specs[table].versions_of
    made = [n for n, s in specs.items() if table.startswith("bronze.") and table.split(".")[1] in (*s.inputs, *s.parts)]
    hint = f"compare {' or '.join(sorted(made))}, made from it" if made else "compare a silver or gold table"
    raise ConfigError(f"{table} has no key by which rows of two periods belong together: {hint}", option="TABLE")


def _period_column(table: str, key: Sequence[str], present: Sequence[str]) -> str:
    found = next((c for c in _COMPARED if c in key and c in present), None)
    if found is None:
        raise ConfigError(
            f"{table} has no period to compare by ({', '.join(_COMPARED)}): it has the key "
            f"{', '.join(key)}; show {table} --as-of DATE shows it as it stood",
            option="TABLE",
        )
    if within := [c for c in _TIMES_WITHIN if c in key and c != found]:
        raise ConfigError(
            f"{table} has one row per {within[0]}, which lies in one {found} alone: no row has a counterpart in "
            f"another {found}; compare gold.pbj_quarter or gold.pbj_month",
            option="TABLE",
        )
    return found


def _periods(lake: Lakehouse, table: str, column: str) -> list[Any]:
    sql = f"SELECT DISTINCT {sql_name(column)} FROM {table} WHERE {sql_name(column)} IS NOT NULL ORDER BY 1"
    with answer(lake, sql) as (_, rows):
        return [value for (value,) in rows]


def _period(text: str, option: str, present: Sequence[Any], table: str) -> Any:
    """The period that the user means, in the column's own type."""
    wanted = text.strip().upper()
    day = re.sub(r"\A(\d{4})-(\d)\Z", r"\1-0\2", wanted)
    found = next((p for p in present if wanted == str(p).upper() or f"{day}-01" == str(p)), None)
    if found is None:
        names = [_text(p) for p in present]
        listed = ", ".join(names if len(names) <= 12 else [*names[:3], "...", *names[-6:]])
        raise ConfigError(f"{option} {text}: {table} holds {listed or 'no rows'}", option=option)
    return found


def _day_in_history(text: str, option: str, first: Sequence[date], table: str) -> date:
    """The first day of the year or month that the user means, or the day itself; history must have begun by then."""
    found = re.fullmatch(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", text.strip())
    try:
        day = date(*(int(part or 1) for part in found.groups())) if found else None
    except ValueError:
        day = None
    if day is None:
        raise ConfigError(
            f"{option} {text}: expected a year (2024), a month (2024-10) or a day (2024-10-15)", option=option
        )
    if not first or day < first[0]:
        begins = f"begins on {first[0]}" if first else "holds no rows"
        raise ConfigError(f"{option} {text}: the history of {table} {begins}", option=option)
    return day


def _text(value: Any) -> str:
    return f"{value:%Y-%m}" if isinstance(value, date) and value.day == 1 else str(value)


def _literal(value: Any) -> str:
    if isinstance(value, int):
        return str(value)
    return ("DATE " if isinstance(value, date) else "") + "'" + str(value).replace("'", "''") + "'"
