"""`tables`, `show`, `query`, `history`: reading a lakehouse without an engine."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any

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
from nh_lakehouse.cli.output import Sheet, print_rows, say
from nh_lakehouse.lakehouse import Lakehouse

__all__ = ["add_to"]

_SHOWN = 20
_QUERY_SHOWN = 200
TableArgument = Annotated[str, typer.Argument(help="Full or short name, such as gold.nh_state_risk.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(epilog=examples("tables", "tables --format json"))(tables)
    app.command(
        epilog=examples(
            "show nh_state_risk --order-by 'risk_score desc' --limit 5",
            "show nh_facility_metrics --where \"state = 'TX' AND total_hprd < 3\" --columns ccn,name,total_hprd",
            "show gold.pbj_month --format csv > months.csv",
            "show nh_state_risk --as-of 2024-11-01",
        )
    )(show)
    app.command(
        epilog=examples(
            "query 'SELECT state, avg(total_hprd) AS hours FROM nh_facility_metrics GROUP BY state ORDER BY hours'",
            "query 'DESCRIBE gold.nh_state_risk'",
        )
    )(query)
    app.command(epilog=examples("history nh_facility_metrics"))(history)


def tables(lakehouse: LakehouseOption = DEFAULT_LAKEHOUSE, form: FormatOption = Format.table) -> None:
    """List the tables: rows, size, version, last write, contents."""
    lake = open_lakehouse(lakehouse)
    titles = _titles()
    records = [_facts(lake, name, titles.get(name, "")) for name in lake.tables()]
    if form is Format.table:
        names = ["table", "rows", "size", "version", "written", "holds"]
        rows = [
            [r["table"], r["rows_n"], _size(r["size_bytes"]), r["version"], r["written_at"], r["title"]]
            for r in records
        ]
        print_rows(Sheet(names, rows, shrink="holds"), form)
    else:
        names = ["table", "rows_n", "size_bytes", "files_n", "version", "written_at", "title"]
        print_rows(Sheet(names, [[r[n] for n in names] for r in records]), form)


def show(
    table: TableArgument,
    lakehouse: LakehouseOption = DEFAULT_LAKEHOUSE,
    where: Annotated[str | None, typer.Option("--where", metavar="SQL", help="Only rows for which this holds.")] = None,
    order_by: Annotated[
        list[str] | None, typer.Option("--order-by", metavar="C", help="Sort by columns: 'C', or 'C desc'; nulls last.")
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit", metavar="N", min=0, help=f"At most so many rows, 0 for all; {_SHOWN} in a table, else all."
        ),
    ] = None,
    columns: Annotated[list[str] | None, typer.Option("--columns", metavar="A,B", help="Only these columns.")] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="DATE|RUN",
            help="The table as it stood at the end of a UTC day (2024-11-01), at a time (2024-11-01T08:30:00), or "
            "right after the run of that id.",
        ),
    ] = None,
    form: FormatOption = Format.table,
) -> None:
    """Show rows of a table."""
    from nh_lakehouse.cli.shown import first_of
    from nh_lakehouse.cli.sql import answer, select_statement, sql_errors

    lake = open_lakehouse(lakehouse)
    name = lake.find(table)
    stand = None
    if as_of is not None:
        from nh_lakehouse.lakehouse.travel import stand_at

        stand = stand_at(lake, name, as_of.strip())
    version = stand.version if stand else None
    most = most_rows(limit, _SHOWN, form)
    wanted, order = listed(columns), listed(order_by)
    shown = first_of(name) if form is Format.table and version is None else None
    if shown is not None and not wanted and set(shown.columns) <= set(present := _plain_columns(lake, name, version)):
        wanted = (*shown.columns, *[c for c in present if c not in shown.columns])
        order = order or shown.order_by
    if not order and form is Format.table:
        # Rows lie in the order of their writing; people look for the key, which comes first.
        order = tuple(_plain_columns(lake, name, version)[:2])
    with sql_errors(lake):
        sql = select_statement(
            lake,
            name,
            columns=wanted,
            where=where,
            order_by=order,
            limit=None if most is None else most + 1,
            version=version,
        )
        with answer(lake, sql, versions=None if version is None else {name: version}) as (names, rows):
            _print_answer(names, rows, most, form, audit=bool(columns), selectable=True)
    if stand is not None and form is Format.table:
        written = f", written {stand.written_at:%Y-%m-%d %H:%M:%S} UTC" if stand.written_at else ""
        say(f"version {stand.version}{written}", dim=True)


def query(
    sql: Annotated[str, typer.Argument(help="One SELECT; tables by full or short name.")],
    lakehouse: LakehouseOption = DEFAULT_LAKEHOUSE,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit", metavar="N", min=0, help=f"At most so many rows, 0 for all; {_QUERY_SHOWN} in a table, else all."
        ),
    ] = None,
    form: FormatOption = Format.table,
) -> None:
    """Answer a question in SQL over the tables.

    DuckDB reads the tables and nothing else of this machine; no engine is started.
    """
    from nh_lakehouse.cli.sql import answer, sql_errors

    lake = open_lakehouse(lakehouse)
    most = most_rows(limit, _QUERY_SHOWN, form)
    with sql_errors(lake), answer(lake, sql) as (names, rows):
        _print_answer(names, rows, most, form, audit=True, selectable=False)


def history(
    table: TableArgument, lakehouse: LakehouseOption = DEFAULT_LAKEHOUSE, form: FormatOption = Format.table
) -> None:
    """List the commits of a table, newest first."""
    lake = open_lakehouse(lakehouse)
    names = [
        "version",
        "written_at",
        "operation",
        "inserted_n",
        "updated_n",
        "deleted_n",
        "files_added_n",
        "files_removed_n",
        "writer",
    ]
    rows = [_commit(c) for c in lake.history(table)]
    headers = {n: n.removesuffix("_n") for n in names}
    print_rows(Sheet(names, rows, headers=headers), form)


def _print_answer(
    names: list[str], rows: Any, most: int | None, form: Format, *, audit: bool, selectable: bool
) -> None:
    if form is not Format.table:
        print_rows(Sheet(names, islice(rows, most)), form)
        return
    found = list(islice(rows, None if most is None else most + 1))
    more = ""
    if most is not None and len(found) > most:
        found = found[:most]
        more = f"first {most:,} {'row' if most == 1 else 'rows'} shown: use --limit N, or --limit 0 for all"
    # What the engine adds for itself is shown where it is asked for by name.
    kept = [i for i, n in enumerate(names) if audit or not n.startswith("_")]
    sheet = Sheet([names[i] for i in kept], [[row[i] for i in kept] for row in found])
    print_rows(sheet, form, more=more, selectable=selectable)


def _plain_columns(lake: Lakehouse, name: str, version: int | None) -> list[str]:
    return [f.name for f in lake.snapshot(name, version).schema().fields if not f.name.startswith("_")]


def _titles() -> dict[str, str]:
    from nh_lakehouse.contracts import load_contracts, load_tables

    titles = {f"bronze.{c.name}": f"{c.title}, as sent" for c in load_contracts().values()}
    return titles | {t.name: t.title for t in load_tables().values()}


def _facts(lake: Lakehouse, name: str, title: str) -> dict[str, Any]:
    import pyarrow as pa

    delta = lake.delta(name)
    files = pa.table(delta.get_add_actions(flatten=True))
    counts = files.column("num_records").to_pylist() if "num_records" in files.column_names else [None]
    rows = sum(counts) if None not in counts else len(lake.arrow(name))
    newest = delta.history(1)
    return {
        "table": name,
        "rows_n": rows,
        "size_bytes": sum(files.column("size_bytes").to_pylist()),
        "files_n": files.num_rows,
        "version": delta.version(),
        "written_at": _moment(newest[0].get("timestamp")) if newest else None,
        "title": title,
    }


def _commit(commit: dict[str, Any]) -> list[Any]:
    metrics = commit.get("operationMetrics") or {}

    def metric(*names: str) -> int | None:
        return next((int(metrics[n]) for n in names if metrics.get(n) is not None), None)

    return [
        commit.get("version"),
        _moment(commit.get("timestamp")),
        commit.get("operation"),
        metric("numTargetRowsInserted", "numOutputRows", "num_added_rows"),
        metric("numTargetRowsUpdated"),
        metric("numTargetRowsDeleted", "numDeletedRows"),
        metric("numTargetFilesAdded", "numAddedFiles", "numFilesAdded", "num_added_files", "numFiles"),
        metric("numTargetFilesRemoved", "numRemovedFiles", "numFilesRemoved", "num_removed_files", "numDeletedFiles"),
        commit.get("engineInfo") or commit.get("clientVersion"),
    ]


def _moment(milliseconds: Any) -> Any:
    from datetime import datetime, timezone

    return None if milliseconds is None else datetime.fromtimestamp(int(milliseconds) / 1000, timezone.utc)


def _size(size: int) -> str:
    number = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000 or unit == "GB":
            break
        number /= 1000
    return f"{number:.0f} {unit}" if unit == "B" or number >= 100 else f"{number:.1f} {unit}"
