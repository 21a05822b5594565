"""`periods`, `diff`: what is loaded, and what changed from one period to another; no engine is started."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timezone
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nh_lakehouse.cli.options import (
    DEFAULT_LAKEHOUSE,
    Format,
    FormatOption,
    LakehouseOption,
    examples,
    listed,
    most_rows,
    open_lakehouse,
)
from nh_lakehouse.cli.output import NULL, Sheet, format_value, plain_value, print_rows, put, say
from nh_lakehouse.errors import ConfigError

if TYPE_CHECKING:
    from nh_lakehouse.cli.differ import Comparison
    from nh_lakehouse.lakehouse.periods import Coverage

__all__ = ["add_to"]

_SHOWN = 50
_RHYTHMS = {"M": "monthly", "Q": "quarterly", "Y": "yearly", "C": "claims", "R": "reference"}


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(
        epilog=examples(
            "diff nh_facility_metrics --from 2024-10 --to 2024-11 --where \"ccn = '015009'\"",
            "diff nh_facility --from 2024-10 --to 2024-11 --columns ownership_type,chain_name",
            "diff nh_state_risk --from 2024-10 --to 2024-11 --columns risk_score,risk_tier --limit 0",
            "diff pbj_quarter --from 2024Q1 --to 2024Q2 --where \"state = 'TX'\" --format csv",
        )
    )(diff)
    app.command(
        epilog=examples("periods", "periods --data-set pbj_nurse_daily", "periods --as-of 2026-11-30 --format json")
    )(periods)


# --- periods ---------------------------------------------------------------------------------------------------------


def periods(
    lakehouse: LakehouseOption = DEFAULT_LAKEHOUSE,
    data_set: Annotated[
        list[str] | None, typer.Option("--data-set", metavar="NAME", help="Only these data sets.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DATE", help="Day that decides what is overdue; today by default.")
    ] = None,
    form: FormatOption = Format.table,
) -> None:
    """Say which months, quarters and years are loaded, absent in between, or overdue.

    \b
    The next period is overdue when the publisher should have sent it:
      monthly    at the end of the month itself
      quarterly  payroll: at the end of the fifth month after the quarter
                 quality reporting: at the end of the quarter of the release
      yearly     at the end of March of the fiscal year, which begins in October
    Of references the newest release is listed; claims and references are never overdue.
    """  # noqa: D301 - the control character keeps help from joining the lines
    from nh_lakehouse.contracts import load_contracts
    from nh_lakehouse.lakehouse.periods import coverage_of

    lake = open_lakehouse(lakehouse)
    contracts = load_contracts()
    wanted = [_data_set(name, list(contracts)) for name in listed(data_set)] or list(contracts)
    today = datetime.now(timezone.utc).date() if as_of is None else _day(as_of)
    found = coverage_of(lake, {name: contracts[name] for name in wanted}, today)
    loaded, never = [c for c in found if c.loaded], [c.data_set for c in found if not c.loaded]
    if form is Format.json:
        whole = {
            "as_of": today,
            "data_sets": [_summary(c) for c in loaded],
            "periods": [dict(zip(_SPAN, row, strict=True)) for c in loaded for row in _span_rows(c)],
            "never_loaded": never,
        }
        put(json.dumps(plain_value(whole), ensure_ascii=False, indent=1))
        return
    rows = [row for c in loaded for row in _span_rows(c)]
    if form is Format.csv:
        nothing = [[c.data_set, _RHYTHMS[c.rhythm], "never_loaded", None, None, 0] for c in found if not c.loaded]
        print_rows(Sheet(_SPAN, rows + nothing), form)
        return
    print_rows(Sheet(_SPAN, rows, headers={"periods_n": "periods"}), form, empty="no period is loaded")
    if loaded:
        put()
    for coverage in loaded:
        say(_sentence(coverage))
    if never:
        say(f"never loaded: {', '.join(never)}")


_SPAN = ["data_set", "rhythm", "state", "first", "last", "periods_n"]


def _span_rows(coverage: Coverage) -> list[list[Any]]:
    rhythm = _RHYTHMS[coverage.rhythm]
    return [[coverage.data_set, rhythm, s.state, s.first, s.last, s.periods_n] for s in coverage.spans()]


def _summary(coverage: Coverage) -> dict[str, Any]:
    return {
        "data_set": coverage.data_set,
        "rhythm": _RHYTHMS[coverage.rhythm],
        "first": coverage.first,
        "last": coverage.last,
        "loaded_n": len(coverage.loaded),
        "absent": coverage.absent,
        "overdue": coverage.overdue,
    }


def _sentence(coverage: Coverage) -> str:
    from nh_lakehouse.lakehouse.periods import joined

    if coverage.rhythm == "R":
        return f"{coverage.data_set}: newest release of {coverage.last}"
    span = _words(coverage.first or "")
    if coverage.first != coverage.last:
        span += f" to {_words(coverage.last or '')}"
    parts = [f"{coverage.data_set}: {span}, {len(coverage.loaded)} loaded"]
    for state in ("absent", "overdue"):
        if found := joined(getattr(coverage, state)):
            parts.append(", ".join(" to ".join(map(_words, run.split(" to "))) for run in found) + f" {state}")
    return "; ".join(parts)


def _words(period: str) -> str:
    """A month as people say it; quarters and years as they are."""
    try:
        return f"{date.fromisoformat(f'{period}-01'):%B %Y}"
    except ValueError:
        return period


def _data_set(name: str, present: Sequence[str]) -> str:
    if name in present:
        return name
    import difflib

    near = difflib.get_close_matches(name, present, n=3)
    hint = f"did you mean {', '.join(near)}?" if near else f"data sets: {', '.join(present)}"
    raise ConfigError(f"--data-set {name}: there is no such data set; {hint}", option="--data-set")


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        day = date.max
    if day.year == date.max.year:
        raise ConfigError(f"--as-of {text}: expected a day such as 2026-11-30", option="--as-of")
    return day


# --- diff ------------------------------------------------------------------------------------------------------------


def diff(
    table: Annotated[str, typer.Argument(help="Full or short name, such as gold.nh_state_risk.")],
    old: Annotated[
        str, typer.Option("--from", metavar="PERIOD", help="Month (2024-10), quarter (2024Q1) or year (2024).")
    ],
    new: Annotated[str, typer.Option("--to", metavar="PERIOD", help="The period that is held against it.")],
    lakehouse: LakehouseOption = DEFAULT_LAKEHOUSE,
    where: Annotated[
        str | None,
        typer.Option("--where", metavar="SQL", help="Only homes, states, ... for which this holds in either period."),
    ] = None,
    columns: Annotated[
        list[str] | None, typer.Option("--columns", metavar="A,B", help="Compare only these columns.")
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit", metavar="N", min=0, help=f"At most so many changes, 0 for all; {_SHOWN} in a table, else all."
        ),
    ] = None,
    form: FormatOption = Format.table,
) -> None:
    """Say what changed between two snapshots of a table: rows added, removed, and each changed value.

    Rows belong together by the table's key. Numbers that agree in 12 significant digits are equal, and so are two
    missing values; audit columns and dq_flags are left out.
    """
    from nh_lakehouse.cli.differ import comparison_of
    from nh_lakehouse.cli.sql import answer, sql_errors

    lake = open_lakehouse(lakehouse)
    name = lake.find(table)
    most = most_rows(limit, _SHOWN, form)
    with sql_errors(lake):
        both = comparison_of(lake, name, (old, new), columns=listed(columns), where=where)
        with answer(lake, both.counts()) as (names, rows):
            counts = dict(zip(names, map(int, next(rows)), strict=True))
        with answer(lake, both.rows(None if most is None else most + 1)) as (_, rows):
            header = [*both.key, "change", "column", "old", "new"]
            _print_changes(both, counts, header, _changes(both, rows), most, form)


def _changes(both: Comparison, rows: Iterator[tuple[Any, ...]]) -> Iterator[list[Any]]:
    """A line for a row that came or went, and one for each changed value of the others."""
    width, n = len(both.key), len(both.columns)
    for row in rows:
        key, change, numbers = list(row[:width]), row[width], row[width + 1]
        if change != "changed":
            yield [*key, change, None, None, None]
            continue
        values = row[width + 2 :]
        for i in numbers:
            yield [*key, change, both.columns[i], values[i], values[n + i]]


def _print_changes(
    both: Comparison,
    counts: dict[str, int],
    header: list[str],
    changes: Iterator[list[Any]],
    most: int | None,
    form: Format,
) -> None:
    if form is Format.csv:
        print_rows(Sheet(header, islice(changes, most)), form)
        return
    if form is Format.json:
        whole = {
            "table": both.table,
            "period_column": both.period,
            "from": both.old,
            "to": both.new,
            **counts,
            "changes": [dict(zip(header, row, strict=True)) for row in islice(changes, most)],
        }
        put(json.dumps(plain_value(whole), ensure_ascii=False, indent=1, allow_nan=False))
        return
    added, removed, changed, values = (counts[c] for c in ("added_n", "removed_n", "changed_n", "values_n"))
    say(
        f"{both.table}, {both.period} {both.old} to {both.new}: {added:,} added, {removed:,} removed, "
        f"{changed:,} changed ({values:,} {'value' if values == 1 else 'values'})"
    )
    found = list(islice(changes, None if most is None else most + 1))
    more = ""
    if most is not None and len(found) > most:
        found = found[:most]
        more = f"first {most:,} changes shown: use --limit N, or --limit 0 for all"
    if found:
        shown = [[*row[:-3], row[-3] or "", *(_exact(v, row[-4]) for v in row[-2:])] for row in found]
        print_rows(Sheet(header, shown, right=("old", "new")), form, more=more)


def _exact(value: Any, change: str) -> str:
    """A value with the digits that tell it from the other one; nothing where a whole row came or went."""
    if value is None:
        return NULL if change == "changed" else ""
    if isinstance(value, float):
        return f"{value:.12g}"
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else format_value(value)
