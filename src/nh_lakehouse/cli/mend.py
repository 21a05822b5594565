"""`accept`, `forget`, `reprocess`, `restore`: what to do where a file or a contract was wrong."""

from __future__ import annotations

import difflib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nh_lakehouse.cli.engine import engine_opener
from nh_lakehouse.cli.options import (
    DEFAULT_LAKEHOUSE,
    EngineName,
    EngineOption,
    Format,
    FormatOption,
    LakehouseOption,
    ProfileOption,
    WaitOption,
    examples,
    listed,
    open_lakehouse,
)
from nh_lakehouse.cli.output import Sheet, plain_value, print_rows, put, say, title
from nh_lakehouse.cli.run_report import print_report
from nh_lakehouse.cli.running import Telling, stopping_at_once
from nh_lakehouse.errors import ConfigError
from nh_lakehouse.pipeline.progress import PlainReporter
from nh_lakehouse.pipeline.summary import SummaryFile

if TYPE_CHECKING:
    from nh_lakehouse.lakehouse import Lakehouse
    from nh_lakehouse.lakehouse.state import KnownFile
    from nh_lakehouse.lakehouse.store import Store
    from nh_lakehouse.pipeline.report import RunReport
    from nh_lakehouse.pipeline.runner import RunOptions

__all__ = ["add_to"]

FileArgument = Annotated[str, typer.Argument(help="Name of the file, as the run reports it.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(epilog=examples("accept NH_ProviderInfo_Oct2024.csv"))(accept)
    app.command(epilog=examples("forget NH_Penalties_Oct2024.csv", "forget NH_Penalties_Oct2024.csv --undo"))(forget)
    app.command(epilog=examples("reprocess --data-set nh_penalties", "reprocess"))(reprocess)
    app.command(epilog=examples("restore --run 20241101T083000-1a2b --dry-run", "restore --run 20241101T083000-1a2b"))(
        restore
    )


# --- accept ----------------------------------------------------------------------------------------------------------


def accept(
    file: FileArgument,
    lakehouse: LakehouseOption = DEFAULT_LAKEHOUSE,
    engine: EngineOption = None,
    profile: ProfileOption = None,
    wait: WaitOption = 0.0,
) -> None:
    """Stop reporting a rejected file.

    The file stays where it is and is not loaded; it no longer fails the run. Sent again with other content, it is
    looked at anew.
    """
    from nh_lakehouse.contracts import load_tables
    from nh_lakehouse.lakehouse.state import file_events, read_state

    lake = open_lakehouse(lakehouse)
    _rejected_file(file, read_state(lake).files)
    with _locked_store(lake, engine, profile, wait) as (store, run_id):
        # Looked at again under the lock: a run may have loaded it meanwhile.
        name = _rejected_file(file, read_state(lake).files)
        newest = [event for event in file_events(lake) if event["file"] == name][-1]
        row = {**newest, "run_id": run_id, "status": "accepted", "recorded_at": datetime.now(timezone.utc)}
        store.append_rows("ops.files", load_tables()["ops.files"].columns, [row])
    say(f"accepted {name}: it is not loaded, and runs no longer report it")


def _rejected_file(file: str, known: Any) -> str:
    """Full name of a rejected file, from its name or the last part of it."""
    from nh_lakehouse.lakehouse.state import matching_names

    rejected: list[KnownFile] = [k for k in known.values() if k.status == "rejected"]
    names = matching_names(file, (k.file for k in rejected))
    if len(names) == 1:
        return names[0]
    if file in known:
        raise ConfigError(f"{file} is not rejected: its state is {known[file].status}", option="FILE")
    listing = "".join(f"\n  {k.file}" for k in sorted(rejected, key=lambda k: k.file)) or " none"
    problem = "several rejected files are called" if names else "no rejected file is called"
    raise ConfigError(f"{problem} {file!r}; rejected files:{listing}", option="FILE")


@contextmanager
def _locked_store(
    lake: Lakehouse, engine: EngineName | None, profile: str | None, wait: float
) -> Iterator[tuple[Store, str]]:
    """A store and the id of what is done, under the lock; what was staged is removed."""
    from nh_lakehouse.lakehouse.lock import RunLock
    from nh_lakehouse.lakehouse.maintain import maintenance_id
    from nh_lakehouse.lakehouse.store import Store

    run_id = maintenance_id()
    staging = lake.root / "_staging" / run_id
    reporter = PlainReporter(lambda line: say(line))
    with (
        RunLock(lake.root, run_id, wait_s=wait, on_wait=reporter.say),
        engine_opener(engine, profile, reporter) as open_engine,
    ):
        try:
            yield Store(lake, open_engine(), staging), run_id
        finally:
            shutil.rmtree(staging, ignore_errors=True)


# --- forget ----------------------------------------------------------------------------------------------------------


def forget(
    file: FileArgument,
    undo: Annotated[bool, typer.Option("--undo", help="Let the next run load a forgotten file again.")] = False,
    lakehouse: LakehouseOption = DEFAULT_LAKEHOUSE,
    engine: EngineOption = None,
    profile: ProfileOption = None,
    wait: WaitOption = 0.0,
    form: FormatOption = Format.table,
) -> None:
    """Take back a wrong file, as if it had never come.

    Its rows leave bronze, and silver and gold are brought up to date; where several releases came under one name, the
    newest goes and the one before stands again. The file may stay in the landing folder: it is not loaded again, until
    it is sent with other content or called back with --undo.
    """
    lake = open_lakehouse(lakehouse)
    if undo:
        from nh_lakehouse.pipeline.take_back import mark_waiting

        with _locked_store(lake, engine, profile, wait) as (store, run_id):
            name = mark_waiting(store, file, run_id)
        say(f"{name} is no longer forgotten: the next run with its landing folder loads it")
        return
    from nh_lakehouse.pipeline.runner import RunOptions
    from nh_lakehouse.pipeline.take_back import find_release

    release = find_release(lake, file)
    options = RunOptions(lake.root, forget=release.file, wait_s=wait)
    report = _run(options, engine, profile, form)
    if form is Format.json:
        put(json.dumps(plain_value({**report.as_dict(), "forgot": asdict(release)}), ensure_ascii=False, indent=1))
        raise typer.Exit(report.exit_code)
    print_report(report, form)
    if form is Format.table:
        rows = f"its {release.rows_n:,} rows left bronze" if release.rows_n else "no row of it stood in bronze"
        say(f"forgot {release.file}: {rows}")
        if release.earlier_n:
            say(f"an earlier release of the same name stands again ({release.earlier_n} in all)")
        for copy in release.copies:
            say(f"{copy} holds the same bytes: the next run loads it, unless it is forgotten too")
    raise typer.Exit(report.exit_code)


def _run(options: RunOptions, engine: EngineName | None, profile: str | None, form: Format) -> RunReport:
    """A run of the tables that are there, without a landing folder."""
    from nh_lakehouse.lakehouse import Lakehouse
    from nh_lakehouse.pipeline.graph import build_graph
    from nh_lakehouse.pipeline.runner import run

    graph = build_graph()
    present = tuple(t for t in Lakehouse(options.lakehouse).tables() if t in graph.specs)
    options = replace(options, select=present, layers=("silver", "gold") if present else ())
    told = Telling(options.lakehouse, form, None, SummaryFile(None, None))
    with (
        told.reporter() as reporter,
        stopping_at_once(reporter, told),
        engine_opener(engine, profile, reporter) as open_engine,
    ):
        return run(options, open_engine, reporter=reporter, graph=graph)


# --- reprocess -------------------------------------------------------------------------------------------------------


def reprocess(
    data_set: Annotated[
        list[str] | None,
        typer.Option("--data-set", "-d", metavar="NAME", help="Only these data sets; all if left out."),
    ] = None,
    lakehouse: LakehouseOption = DEFAULT_LAKEHOUSE,
    engine: EngineOption = None,
    profile: ProfileOption = None,
    wait: WaitOption = 0.0,
    form: FormatOption = Format.table,
) -> None:
    """Rebuild silver from bronze, and gold from what changed: after a contract was mended.

    Quarantined rows and cells that pass now come back. Files that were rejected whole are not in bronze: the next run
    looks at them again by itself.
    """
    from nh_lakehouse.pipeline.runner import RunOptions

    lake = open_lakehouse(lakehouse)
    names = _bronze_data_sets(lake, listed(data_set))
    before = _quarantined(lake)
    options = RunOptions(lake.root, rebuild=names, wait_s=wait)
    report = _run(options, engine, profile, form)
    print_report(report, form)
    if form is Format.table:
        _print_freed(names, before, _quarantined(lake))
    raise typer.Exit(report.exit_code)


def _bronze_data_sets(lake: Lakehouse, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Data sets to rebuild; each must stand in bronze."""
    from nh_lakehouse.contracts import load_contracts

    loaded = [t.split(".")[1] for t in lake.tables() if t.startswith("bronze.")]
    for name in wanted:
        if name not in load_contracts():
            near = difflib.get_close_matches(name, load_contracts(), n=3)
            hint = f"did you mean {', '.join(near)}?" if near else f"loaded are {', '.join(loaded)}"
            raise ConfigError(f"--data-set {name}: there is no such data set; {hint}", option="--data-set")
        if name not in loaded:
            raise ConfigError(f"--data-set {name}: no file of it was loaded into {lake.root}", option="--data-set")
    return wanted or tuple(loaded)


def _quarantined(lake: Lakehouse) -> dict[tuple[str, str], int]:
    """(data set, row or cell) -> entries of the quarantine."""
    if not lake.exists("ops.quarantine"):
        return {}
    with lake.duckdb(["ops.quarantine"]) as connection:
        rows = connection.execute("SELECT data_set, severity, count(*) FROM ops.quarantine GROUP BY ALL").fetchall()
    return {(data_set, severity): n for data_set, severity, n in rows}


def _print_freed(
    names: tuple[str, ...], before: Mapping[tuple[str, str], int], after: Mapping[tuple[str, str], int]
) -> None:
    keys = [k for k in sorted({*before, *after}) if k[0] in names]
    changed = [[*k, before.get(k, 0), after.get(k, 0)] for k in keys if before.get(k, 0) != after.get(k, 0)]
    if not changed:
        say("the quarantine is as it was")
        return
    title("Quarantine")
    print_rows(Sheet(["data_set", "severity", "before", "now"], changed), Format.table)


# --- restore ---------------------------------------------------------------------------------------------------------


def restore(
    run: Annotated[
        str,
        typer.Option(
            "--run", metavar="ID", help="Id of the run; query 'SELECT run_id, ended_at FROM ops.runs' lists them."
        ),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go back, do nothing.")] = False,
    lakehouse: LakehouseOption = DEFAULT_LAKEHOUSE,
    wait: WaitOption = 0.0,
    form: FormatOption = Format.table,
) -> None:
    """Put every table back to where it was before a run.

    Runs after it are undone with it, and the files they loaded are new again: take them out of the landing folder, or
    the next run loads them. Tables that the run made are empty. Undone can be undone: restore --run with the id that
    is printed at the end.
    """
    from nh_lakehouse.pipeline.restore import restore as put_back

    done = put_back(open_lakehouse(lakehouse), run, dry_run=dry_run, wait_s=wait)
    if form is Format.json:
        put(json.dumps(plain_value(asdict(done)), ensure_ascii=False, indent=1))
        return
    names = ["table", "version_before", "version_restored", "written_at", "version_after"]
    rows = [[getattr(t, n) for n in names] for t in done.tables]
    print_rows(Sheet(names, rows, shrink="table"), form, empty="every table stands as it was before that run")
    runs = f"{len(done.runs)} run{'s' * (len(done.runs) != 1)}: {', '.join(done.runs)}"
    outcome = f"would undo {runs}" if dry_run else f"undone {runs}; this was {done.run_id}"
    if form is Format.table:
        say(outcome)
    else:
        typer.echo(outcome, err=True)
