"""`doctor`, `optimize`, `vacuum`: keeping machine and lakehouse in order."""

from __future__ import annotations

from typing import Annotated

import typer

from nh_lakehouse.cli.options import (
    DEFAULT_LAKEHOUSE,
    Format,
    FormatOption,
    LakehouseOption,
    WaitOption,
    examples,
    open_lakehouse,
)
from nh_lakehouse.cli.output import Sheet, is_terminal, print_rows, say, warn

__all__ = ["add_to"]

_WEEK = 7 * 24
TableArgument = Annotated[str | None, typer.Argument(help="Full or short name; all tables if left out.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(epilog=examples("doctor", "doctor --lakehouse /data/lake --format json"))(doctor)
    app.command(epilog=examples("optimize", "optimize silver.pbj_daily"))(optimize)
    app.command(epilog=examples("vacuum --dry-run", "vacuum", "vacuum pbj_day --hours 24"))(vacuum)


def doctor(lakehouse: LakehouseOption = DEFAULT_LAKEHOUSE, form: FormatOption = Format.table) -> None:
    """Say what this machine lacks, and how to mend it."""
    from nh_lakehouse.doctor import examine

    checks = examine(lakehouse.expanduser())
    if form is not Format.table:
        print_rows(
            Sheet(["check", "status", "found", "remedy"], [[c.name, c.status, c.found, c.remedy] for c in checks]), form
        )
    else:
        marks = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}
        for check in checks:
            line = f"{marks[check.status]}  {check.name:<14} {check.found}"
            say(line) if check.status == "ok" else warn(line)
            if check.remedy and (check.status != "ok" or is_terminal()):
                say(f"{'':<21}{check.remedy}", dim=check.status == "ok")
    if any(c.status == "fail" for c in checks):
        raise typer.Exit(1)


def optimize(
    table: TableArgument = None,
    lakehouse: LakehouseOption = DEFAULT_LAKEHOUSE,
    wait: WaitOption = 0.0,
    form: FormatOption = Format.table,
) -> None:
    """Rewrite the many small files of a table into few, sorted where the table has an order.

    No row changes, and no later run takes the table for a changed one.
    """
    from nh_lakehouse.lakehouse.maintain import optimize as compact
    from nh_lakehouse.pipeline.graph import collect_specs

    lake = open_lakehouse(lakehouse)
    orders = {spec.name: spec.order for spec in collect_specs() if spec.order}
    done = compact(lake, [lake.find(table)] if table else lake.tables(), orders=orders, wait_s=wait)
    rows = [[m.table, m.files_before, m.files_after] for m in done if m.files_before != m.files_after or table]
    sheet = Sheet(["table", "files_before", "files_after"], rows)
    print_rows(sheet, form, empty="every table is compact already")


def vacuum(
    table: TableArgument = None,
    lakehouse: LakehouseOption = DEFAULT_LAKEHOUSE,
    hours: Annotated[
        float,
        typer.Option(
            "--hours", metavar="N", min=0, help="Keep what versions of the last hours hold; seven days by default."
        ),
    ] = _WEEK,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be deleted, delete nothing.")] = False,
    wait: WaitOption = 0.0,
    form: FormatOption = Format.table,
) -> None:
    """Delete files that only old versions of a table need.

    The rows of the present version stay; versions of the last seven days can still be read.
    """
    from nh_lakehouse.lakehouse.maintain import vacuum as clean

    lake = open_lakehouse(lakehouse)
    names = [lake.find(table)] if table else lake.tables()
    done = clean(lake, names, hours=hours, dry_run=dry_run, wait_s=wait)
    rows = [[m.table, m.removed_n, m.removed_bytes] for m in done if m.removed_n or table]
    print_rows(Sheet(["table", "files_removed", "bytes_removed"], rows), form, empty="nothing to delete")
    if form is Format.table and any(m.removed_n for m in done):
        freed = f"{sum(m.removed_bytes for m in done) / 1e6:,.1f} MB"
        say(f"{freed} would be freed" if dry_run else f"{freed} freed")
        if hours < _WEEK and not dry_run:
            say(f"versions that are older than {hours:g} hours can no longer be read")
