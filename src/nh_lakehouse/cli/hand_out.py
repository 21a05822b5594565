"""`publish`, `export`: gold tables for people who have no lakehouse: in a database, a workbook, or files."""

from __future__ import annotations

import time
from collections import Counter
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nh_lakehouse.cli.options import (
    DEFAULT_LAKEHOUSE,
    Format,
    FormatOption,
    LakehouseOption,
    WaitOption,
    examples,
    listed,
    open_lakehouse,
)
from nh_lakehouse.cli.output import Sheet, print_rows, put, say, warn
from nh_lakehouse.errors import ConfigError

if TYPE_CHECKING:
    from nh_lakehouse.lakehouse import Lakehouse
    from nh_lakehouse.pipeline.report import Reporter
    from nh_lakehouse.publish.mysql import PublishedTable
    from nh_lakehouse.publish.mysql_server import Server
    from nh_lakehouse.publish.tables import Choice

__all__ = ["add_to"]

_SELECT = "Only these gold tables: names or patterns; all if left out."
_SENSITIVE = "Also tables with columns that a contract marks as sensitive, such as the id of a person."


class Target(str, Enum):
    """Where tables are published."""

    mysql = "mysql"


class Encryption(str, Enum):
    """How the connection is encrypted."""

    off = "off"
    prefer = "prefer"
    require = "require"
    verify = "verify"


class FileKind(str, Enum):
    """What tables are exported to."""

    xlsx = "xlsx"
    parquet = "parquet"
    csv = "csv"


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(
        epilog=examples(
            "publish mysql --url mysql://db.example.org:3306/health",
            "publish mysql --url mysql://db.example.org/health --select 'gold.nh_*' --secrets ~/.nhl.yaml --tls verify",
            "publish mysql --select nh_state_risk --dry-run",
        )
    )(publish)
    app.command(
        epilog=examples(
            "export --to xlsx --select 'gold.nh_state_*'",
            "export --to xlsx --out /tmp/homes.xlsx --select nh_facility_metrics,nh_executive_summary",
            "export --to parquet --out /tmp/gold",
            "export --to csv",
        )
    )(export)


# --- publish ---------------------------------------------------------------------------------------------------------


def publish(
    target: Annotated[Target, typer.Argument(help="The kind of database: MySQL, and MariaDB with it.")],
    url: Annotated[
        str | None,
        typer.Option(
            "--url", metavar="URL", envvar="NHL_MYSQL_URL", help="mysql://HOST:3306/DATABASE, never with a password."
        ),
    ] = None,
    lakehouse: LakehouseOption = DEFAULT_LAKEHOUSE,
    select: Annotated[list[str] | None, typer.Option("--select", metavar="TABLE", help=_SELECT)] = None,
    secrets: Annotated[
        Path | None,
        typer.Option(
            "--secrets", metavar="FILE", help="YAML with user and password, which nobody else may read (chmod 600)."
        ),
    ] = None,
    tls: Annotated[
        Encryption,
        typer.Option(
            "--tls", help="prefer: encrypted where the server can; require; verify: its certificate is checked too."
        ),
    ] = Encryption.prefer,
    tls_ca: Annotated[
        Path | None, typer.Option("--tls-ca", metavar="FILE", help="Certificates to trust; the system's if left out.")
    ] = None,
    with_sensitive: Annotated[bool, typer.Option("--with-sensitive", help=_SENSITIVE)] = False,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Load every table anew, not only those that changed.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the SQL of the tables, change nothing; needs no --url.")
    ] = False,
    wait: WaitOption = 0.0,
    form: FormatOption = Format.table,
) -> None:
    """Publish gold tables to MySQL or MariaDB.

    Tables that changed are loaded beside the old ones, compared with the lakehouse and exchanged in one step: readers
    see all of the old ones or all of the new. User and password come from NHL_MYSQL_USER and NHL_MYSQL_PASSWORD, or
    from --secrets.
    """
    from nh_lakehouse.cli.running import progress_of
    from nh_lakehouse.publish.mysql_server import Tls, connect, credentials, parse_url

    if url is None and not dry_run:
        raise ConfigError("--url is missing: mysql://HOST:3306/DATABASE, or NHL_MYSQL_URL", option="--url")
    if tls_ca is not None and tls is not Encryption.verify:
        raise ConfigError("--tls-ca needs --tls verify: nothing else looks at certificates", option="--tls-ca")
    address = parse_url(url) if url is not None else None
    login = credentials(address, secrets) if address else None
    lake = open_lakehouse(lakehouse)
    choice = _choose(lake, select, with_sensitive, wait)
    if address is None or login is None:
        _print_statements(lake, choice, None, full_refresh)
        return
    started = time.monotonic()
    with connect(address, login, tls=Tls(tls.value), ca=tls_ca) as server:
        if dry_run:
            _print_statements(lake, choice, server, full_refresh)
            return
        from nh_lakehouse.publish.mysql import publish as bring_up_to_date

        with progress_of(form) as reporter:
            reporter.phase(f"publish: {_tables(len(choice.tables))} to {address}")
            lines = bring_up_to_date(lake, server, choice, everything=full_refresh, wait_s=wait, reporter=reporter)
            reporter.end("publish", f"{time.monotonic() - started:.1f} s")
    _print_published(lines, form)
    if any(line.status == "failed" for line in lines):
        raise typer.Exit(1)


def _print_statements(lake: Lakehouse, choice: Choice, server: Server | None, everything: bool) -> None:
    """The SQL of the tables that would be loaded, and as comments what would become of the others."""
    from nh_lakehouse.publish.mysql import left_out, planned, planned_statements
    from nh_lakehouse.publish.mysql_types import DEFAULT_COLLATION, readable_dialect

    lines = planned(server, choice, everything=everything) if server else left_out(choice)
    known = {line.table: line for line in lines}
    collation = server.collation if server else DEFAULT_COLLATION
    for line in lines:
        if line.status not in ("created", "replaced"):
            put(f"-- {line.table}: {line.status}{f': {line.note}' if line.note else ''}")
    loaded = [t for t in choice.tables if t.name not in known or known[t.name].status in ("created", "replaced")]
    chosen = type(choice)(tuple(loaded), ())
    for name, sql in planned_statements(lake, chosen, readable_dialect(), collation):
        put(f"\n-- {name}: {known[name].status if name in known else 'created or replaced'}")
        for statement in sql:
            put(statement)


def _print_published(lines: list[PublishedTable], form: Format) -> None:
    if form is not Format.table:
        names = ["table", "status", "rows_n", "duration_s", "version", "note"]
        rows = [[n.table, n.status, n.rows_n, round(n.duration_s, 3), n.version, n.note] for n in lines]
        print_rows(Sheet(names, rows), form)
        return
    names = ["table", "status", "rows", "seconds", "version", "note"]
    shown = [
        [n.table, n.status.replace("_", " "), n.rows_n, round(n.duration_s, 1), n.version, n.note or None]
        for n in lines
    ]
    if not any(n.note for n in lines):
        names, shown = names[:-1], [row[:-1] for row in shown]
    put()
    print_rows(Sheet(names, shown, shrink="note" if "note" in names else None), form)
    counted = Counter(n.status.replace("_", " ") for n in lines)
    sentence = f"{_tables(len(lines))}: {', '.join(f'{n} {status}' for status, n in counted.items())}"
    (warn if counted["failed"] else say)(sentence)


# --- export ----------------------------------------------------------------------------------------------------------


def export(
    to: Annotated[FileKind, typer.Option("--to", help="xlsx: one workbook; parquet, csv: a file for each table.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="PATH", help="The workbook, or the folder of the files; build/export/... if left out."
        ),
    ] = None,
    lakehouse: LakehouseOption = DEFAULT_LAKEHOUSE,
    select: Annotated[list[str] | None, typer.Option("--select", metavar="TABLE", help=_SELECT)] = None,
    with_sensitive: Annotated[bool, typer.Option("--with-sensitive", help=_SENSITIVE)] = False,
    wait: WaitOption = 0.0,
    form: FormatOption = Format.table,
) -> None:
    """Write gold tables to an Excel workbook, or to Parquet or CSV files.

    With them come their descriptions, those of their columns, and the run that they are from. An earlier export of the
    same name is replaced when the new one is complete.
    """
    from nh_lakehouse.cli.running import progress_of
    from nh_lakehouse.publish.mysql import left_out

    lake = open_lakehouse(lakehouse)
    choice = _choose(lake, select, with_sensitive, wait)
    if not choice.tables:
        names = ", ".join(t.name for t in choice.left_out)
        raise ConfigError(f"nothing to export: {names} hold sensitive columns: --with-sensitive", option="--select")
    place = Path("build/export") / ("nh_lakehouse.xlsx" if to is FileKind.xlsx else to.value)
    target = (out or place).expanduser()
    started = time.monotonic()
    with progress_of(form) as reporter:
        reporter.phase(f"export: {_tables(len(choice.tables))} to {target}")
        counts = _write(to, lake, choice, target, reporter)
        reporter.end("export", f"{time.monotonic() - started:.1f} s")
    rows = [[t.name, "written", counts[t.name], t.version, None] for t in choice.tables]
    rows += [[n.table, n.status.replace("_", " "), None, None, n.note] for n in left_out(choice)]
    if form is Format.table:
        put()
    headers = {"rows_n": "rows"}
    print_rows(Sheet(["table", "status", "rows_n", "version", "note"], rows, shrink="note", headers=headers), form)
    if form is Format.table:
        say(f"{_tables(len(choice.tables))} in {target}")


def _write(to: FileKind, lake: Lakehouse, choice: Choice, out: Path, reporter: Reporter) -> dict[str, int]:
    if to is FileKind.xlsx:
        from nh_lakehouse.publish.workbook import write_workbook

        return write_workbook(lake, choice.tables, out, reporter=reporter)
    from nh_lakehouse.publish.files import write_csv, write_parquet

    write = write_parquet if to is FileKind.parquet else write_csv
    return write(lake, choice.tables, out, reporter=reporter)


def _choose(lake: Lakehouse, select: list[str] | None, with_sensitive: bool, wait: float) -> Choice:
    from nh_lakehouse.publish.tables import choose_of_one_run

    return choose_of_one_run(
        lake,
        listed(select),
        with_sensitive=with_sensitive,
        wait_s=wait,
        on_wait=lambda text: typer.echo(text, err=True),
    )


def _tables(count: int) -> str:
    return f"{count:,} {'table' if count == 1 else 'tables'}"
