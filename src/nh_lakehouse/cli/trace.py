"""`explain`: from a number to its definition, the rows behind it, and the lines of the files they came from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from nh_lakehouse.cli.options import (
    DEFAULT_LAKEHOUSE,
    Format,
    FormatOption,
    LakehouseOption,
    examples,
    listed,
    open_lakehouse,
)
from nh_lakehouse.cli.output import Sheet, format_value, plain_value, print_rows, put, say, title
from nh_lakehouse.cli.sql import column_named
from nh_lakehouse.errors import ConfigError

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command(
        epilog=examples(
            "explain nh_facility_metrics --key ccn=015009 --key snapshot_month=2024-10 --column total_hprd",
            "explain pbj_quarter --key ccn=015009,period=2024Q2",
            "explain nh_state_risk --key state=TX,snapshot_month=2024-10 --format json",
        )
    )(explain)


def explain(
    table: Annotated[str, typer.Argument(help="Full or short name of a silver or gold table.")],
    key: Annotated[
        list[str] | None,
        typer.Option("--key", metavar="C=VALUE", help="Value of a key column; as many as tell one row."),
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option("--column", metavar="A,B", help="Only these columns; all if left out.")
    ] = None,
    lakehouse: LakehouseOption = DEFAULT_LAKEHOUSE,
    form: FormatOption = Format.table,
) -> None:
    """Explain a row: what its columns mean, which rows of which tables it is made from, and from which files.

    Counted are the rows that share the key of the row: of a home in a month, those of the home and the month. CSV has
    the columns alone, JSON everything.
    """
    from nh_lakehouse.pipeline.explain import explain as explain_row
    from nh_lakehouse.pipeline.graph import build_graph

    lake = open_lakehouse(lakehouse)
    name = lake.find(table)
    found = explain_row(lake, build_graph(), name, _pairs(key or []))
    wanted = [column_named(c, [*found.row], name, "--column") for c in listed(column)]
    columns = [c for c in found.columns if not wanted or c.name in wanted]
    if form is Format.json:
        whole: dict[str, Any] = {
            "table": name,
            "columns": [
                {"column": c.name, "value": found.row[c.name], "unit": c.unit, "definition": c.description}
                for c in columns
            ],
            "source": found.source,
            "function": found.function,
            "documentation": found.documentation,
            "behind": [asdict(b) for b in found.behind],
            "files": [asdict(f) for f in found.files],
        }
        put(json.dumps(plain_value(whole), ensure_ascii=False, indent=1))
        return
    if form is Format.csv:
        rows = [[c.name, found.row[c.name], c.unit, c.description] for c in columns]
        print_rows(Sheet(["column", "value", "unit", "definition"], rows), form)
        return
    shown = [[c.name, format_value(found.row[c.name], c.name), c.unit or "", c.description] for c in columns]
    print_rows(Sheet(["column", "value", "unit", "definition"], shown, shrink="definition", right=["value"]), form)
    say(f"source: {found.source}", dim=True)
    say(f"made by {found.function}", dim=True)
    title("Rows behind it")
    behind = [[b.table, b.rows_n, ", ".join(b.by) if b.by is not None else "the whole table"] for b in found.behind]
    print_rows(Sheet(["table", "rows", "found by"], behind), form, empty="made from the file itself")
    title("Files they came from")
    files = [[f.table, f.file, f.rows_n, _records(f.first_row, f.last_row)] for f in found.files]
    print_rows(Sheet(["table", "file", "rows", "records"], files, shrink="file"), form, empty="no row of a file")


def _records(first: int, last: int) -> str:
    """Numbers of data records; the header is none, so record 1 stands in line 2 unless cells hold line breaks."""
    return f"{first:,}" if first == last else f"{first:,} to {last:,}"


def _pairs(given: Sequence[str]) -> dict[str, str]:
    """`ccn=015009,period=2024Q2` or each on its own; a comma inside a value separates nothing."""
    pairs: dict[str, str] = {}
    for text in given:
        parts = text.split(",")
        for part in parts if all("=" in p for p in parts) else [text]:
            name, sign, value = (word.strip() for word in part.partition("="))
            if not sign or not name or not value:
                raise ConfigError(
                    f"--key {part!r}: expected a column and a value, as in --key ccn=015009", option="--key"
                )
            if name in pairs:
                raise ConfigError(f"--key {name} is given twice: {pairs[name]} and {value}", option="--key")
            pairs[name] = value
    return pairs
