"""Printing what `quality --profile` found."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from nh_lakehouse.cli.options import Format
from nh_lakehouse.cli.output import Sheet, format_value, plain_value, print_rows, put, say, title
from nh_lakehouse.pipeline.profile import Profile

__all__ = ["print_profile"]

_COLUMNS = ("column", "type", "null_pct", "distinct_n", "min", "median", "max", "iqr_outlier_n")
_HEADERS = {"null_pct": "null %", "distinct_n": "distinct", "iqr_outlier_n": "outliers"}
_PAIR = ("measure_x", "measure_y", "n", "correlation", "ols_slope", "ols_intercept")
#: Texts at the ends of a column are cut here.
_WIDEST_EDGE = 14
#: Pairs whose line accounts for this much follow from each other, as hours do from their gap to a benchmark.
_SAME = 1 - 1e-6


def print_profile(
    profile: Profile, form: Format, *, limit: int | None = None, reconciliation: Sheet | None = None
) -> None:
    """Print a profile.

    Args:
        profile: what was found.
        form: as a table the newest snapshot of each table and the strongest correlations; json: everything; csv: the
            columns' profiles.
        limit: as a table, at most so many rows of each; all if 0 or None.
        reconciliation: rows that json holds beside the rest.
    """
    if form is Format.json:
        whole: dict[str, Any] = {"profile": profile.columns, "correlation": profile.correlations}
        if reconciliation is not None:
            names = reconciliation.names
            whole["reconciliation"] = [dict(zip(names, row, strict=True)) for row in reconciliation.rows]
        put(json.dumps(plain_value(whole), ensure_ascii=False, indent=1))
        return
    if form is Format.csv:
        names = list(profile.columns[0]) if profile.columns else []
        print_rows(Sheet(names, [list(r.values()) for r in profile.columns]), form)
        return
    for table, found in groupby(profile.columns, lambda r: r["table"]):
        _print_table(str(table), list(found), limit)
    if profile.correlations:
        _print_correlations(profile.correlations, limit)


def _print_table(table: str, rows: Sequence[Mapping[str, Any]], limit: int | None) -> None:
    snapshots = list(dict.fromkeys(r["snapshot"] for r in rows))
    newest = max(snapshots, key=lambda s: s or "")
    shown = [r for r in rows if r["snapshot"] == newest]
    of = f", {newest}" if newest else ""
    rows_n = shown[0]["rows_n"]
    title(f"{table}{of}: {rows_n:,} {'row' if rows_n == 1 else 'rows'}")
    cut = shown[:limit] if limit else shown
    more = [f"{len(shown) - len(cut)} more columns: use quality --profile {table}"] if len(cut) < len(shown) else []
    if len(snapshots) > 1:
        others = "snapshots" if len(snapshots) > 2 else "snapshot"
        more.append(f"{len(snapshots) - 1} earlier {others}: show ops.column_profile, or use --format json")
    values = [[_edge(r, c) if c in ("min", "max") else r[c] for c in _COLUMNS] for r in cut]
    sheet = Sheet(_COLUMNS, values, headers=_HEADERS, right=("min", "max"))
    print_rows(sheet, Format.table, more="; ".join(more))


def _edge(row: Mapping[str, Any], end: str) -> str | None:
    """The least or greatest value, short: a number as numbers are printed, the beginning of a text."""
    text = row[end]
    if text is None:
        return None
    if row["median"] is not None:
        return format_value(float(text))
    return text if len(text) <= _WIDEST_EDGE else f"{text[: _WIDEST_EDGE - 1].rstrip()}…"


def _print_correlations(rows: Sequence[Mapping[str, Any]], limit: int | None) -> None:
    newest = max(r["snapshot_month"] for r in rows)
    here = [r for r in rows if r["snapshot_month"] == newest]
    known = [r for r in here if r["r2"] is not None and r["r2"] < _SAME]
    known.sort(key=lambda r: (-r["r2"], r["measure_x"], r["measure_y"]))
    most = limit or 15
    title(f"Correlation of facility measures, {newest}: the strongest of {len(here):,} pairs")
    rest = "pairs that follow from each other are left out; all stand in ops.correlation"
    print_rows(Sheet(_PAIR, [[r[c] for c in _PAIR] for r in known[:most]]), Format.table, empty="too few homes")
    say(rest, dim=True)
