"""`run`, `sample`, `accept`: the commands that write."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nh_lakehouse.cli.engine import engine_opener
from nh_lakehouse.cli.options import (
    DEFAULT_LAKEHOUSE,
    INTERRUPTED,
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
from nh_lakehouse.cli.output import Sheet, is_terminal, plain_value, print_rows, put, say, title, warn
from nh_lakehouse.errors import ConfigError
from nh_lakehouse.pipeline.progress import JsonReporter, LogForm, PlainReporter, headline, warning_lines
from nh_lakehouse.pipeline.report import Reporter, RunReport
from nh_lakehouse.pipeline.settled import Scope, settle, settled_report
from nh_lakehouse.pipeline.summary import SummaryFile

if TYPE_CHECKING:
    from nh_lakehouse.lakehouse.state import KnownFile
    from nh_lakehouse.pipeline.runner import RunOptions

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(
        epilog=examples(
            "run --landing build/landing",
            "run --landing build/landing --show",
            "run --landing /data/cms --lakehouse /data/lake --engine spark --profile local",
            "run --landing build/landing --select gold.nh_state_risk --dry-run",
            "run --landing build/landing --log json --summary build/run.json 2> build/run.log",
        )
    )(run)
    app.command(
        epilog=examples("sample --out build/landing", "sample --out /tmp/full --homes 14814 --months 1 --quarters 1")
    )(sample)
    app.command(epilog=examples("accept NH_ProviderInfo_Oct2024.csv"))(accept)


# --- run -------------------------------------------------------------------------------------------------------------


def run(
    landing: Annotated[Path, typer.Option("--landing", metavar="DIR", help="Folder of the CSV files, as sent.")],
    lakehouse: LakehouseOption = DEFAULT_LAKEHOUSE,
    engine: EngineOption = None,
    domain: Annotated[
        list[str] | None, typer.Option("--domain", metavar="NAME", help="Only these domains, such as nursing_home.")
    ] = None,
    select: Annotated[
        list[str] | None,
        typer.Option(
            "--select", metavar="TABLE", help="Only these tables (names or patterns) and what they are made from."
        ),
    ] = None,
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="Compute every table anew from bronze.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, do nothing.")] = False,
    profile: ProfileOption = None,
    wait: WaitOption = 0.0,
    show: Annotated[bool, typer.Option("--show", help="Print answers below the report.")] = False,
    log: Annotated[
        LogForm,
        typer.Option("--log", help="json: progress as lines of JSON on standard error, in place of text."),
    ] = LogForm.text,
    summary: Annotated[
        Path | None,
        typer.Option(
            "--summary", metavar="FILE", help="Write the report as JSON to this file, of a failed run as well."
        ),
    ] = None,
    form: FormatOption = Format.table,
) -> None:
    """Load new files and bring every table up to date.

    Files that are known and tables that are current are left alone; a second run finds nothing to do.
    """
    if show and form is not Format.table:
        raise ConfigError("--show prints tables for people: leave out --format", option="--show")
    scope = Scope(lakehouse.expanduser(), landing.expanduser(), listed(domain), listed(select))
    target = SummaryFile(summary.expanduser() if summary else None, scope.landing)
    told = _Telling(scope.lakehouse, form, _json_log(log), target)
    with told.of_errors():
        target.check()
        if profile is not None:
            # Read even where nothing is to be done: a mistake in it shows at once.
            from nh_lakehouse.settings import load_profile

            load_profile(profile)
        known = None if full_refresh or dry_run else settled_report(scope)
        report = known or _run(scope, engine, profile, full_refresh, dry_run, wait, told)
        told.of_end(report)
    _print_report(report, form)
    if show and not dry_run:
        from nh_lakehouse.cli.answers import show_answers, show_next_steps
        from nh_lakehouse.lakehouse import Lakehouse

        lake = Lakehouse(scope.lakehouse)
        show_answers(lake)
        show_next_steps(lake)
    raise typer.Exit(report.exit_code)


def _run(
    scope: Scope,
    engine: EngineName | None,
    profile_name: str | None,
    full_refresh: bool,
    dry_run: bool,
    wait: float,
    told: _Telling,
) -> RunReport:
    from nh_lakehouse.pipeline.graph import build_graph
    from nh_lakehouse.pipeline.runner import RunOptions
    from nh_lakehouse.pipeline.runner import run as run_pipeline

    graph = build_graph()
    options = RunOptions(**asdict(scope), full_refresh=full_refresh, dry_run=dry_run, wait_s=wait)
    with (
        told.reporter() as reporter,
        _stopping_at_once(reporter, told),
        engine_opener(engine, profile_name, reporter) as open_engine,
    ):
        report = run_pipeline(options, open_engine, reporter=reporter, graph=graph)
        if not dry_run and all(t.status == "ok" for t in report.tables):
            settle(scope, lambda: run_pipeline(_dry(options), open_engine, graph=graph))
    return report


def _dry(options: RunOptions) -> RunOptions:
    return replace(options, full_refresh=False, dry_run=True)


def _json_log(log: LogForm) -> JsonReporter | None:
    return JsonReporter(lambda line: typer.echo(line, err=True)) if log is LogForm.json else None


@dataclass(frozen=True)
class _Telling:
    """Who is told of a run: the screen, a log of JSON lines, a summary file."""

    lakehouse: Path
    form: Format
    log: JsonReporter | None
    summary: SummaryFile

    @contextmanager
    def reporter(self) -> Iterator[Reporter]:
        """Tells of the progress."""
        if self.log is not None:
            yield self.log
        elif self.form is Format.table and is_terminal():
            from nh_lakehouse.cli.live import LiveReporter

            with LiveReporter() as live:
                yield live
        else:
            stream = sys.stdout if self.form is Format.table else sys.stderr
            yield PlainReporter(lambda line: typer.echo(line, file=stream))

    @contextmanager
    def of_errors(self) -> Iterator[None]:
        """An error goes to the summary and to the log of JSON lines; without one it is told as everywhere."""
        from nh_lakehouse.cli.app import verdict_on

        try:
            yield
        except (Exception, KeyboardInterrupt) as error:
            verdict = verdict_on(error)
            if verdict is None:
                raise
            self.of_failure(*verdict)
            if self.log is None or os.environ.get("NH_LAKEHOUSE_DEBUG"):
                raise
            raise typer.Exit(verdict[1]) from error

    def of_failure(self, message: str, code: int) -> None:
        """The run ended in an error."""
        if self.log is not None:
            self.log.fail(message)
        self.summary.write_failure(self.lakehouse, message, code, self.log.run_id if self.log else None)

    def of_end(self, report: RunReport) -> None:
        """The run has a report."""
        self.summary.write(report)
        if self.log is not None and report.planned is None:
            for line in warning_lines(report):
                self.log.say(line)
            (self.log.fail if report.exit_code else self.log.say)(headline(report))


@contextmanager
def _stopping_at_once(reporter: Reporter, told: _Telling) -> Iterator[None]:
    """Ctrl-C ends the process without waiting for the tables in work.

    That is safe at any moment: a commit is whole or absent, and the next run takes the lock of a dead process over.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        # Whoever holds the screen or the log at this moment cannot hold up the end.
        threading.Timer(5, os._exit, (1,)).start()
        if isinstance(reporter, AbstractContextManager):
            reporter.__exit__(None, None, None)
        if told.log is None:
            typer.echo(f"error: {INTERRUPTED}", err=True)
        told.of_failure(INTERRUPTED, 1)
        sys.stdout.flush()
        os._exit(1)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


# --- its report ------------------------------------------------------------------------------------------------------

_FILE_COUNTS = ("rows_read_n", "accepted_n", "duplicate_n", "superseded_n", "quarantined_n", "warned_n")
_FILE_HEADERS = {
    "rows_read_n": "read",
    "accepted_n": "accepted",
    "duplicate_n": "duplicate",
    "superseded_n": "super-seded",
    "quarantined_n": "quaran-tined",
    "warned_n": "flagged",
}
_TABLE_COUNTS = ("inserted_n", "updated_n", "deleted_n", "unchanged_n")


def _print_report(report: RunReport, form: Format) -> None:
    if form is Format.json:
        put(json.dumps(plain_value(report.as_dict()), ensure_ascii=False, indent=1))
    elif form is Format.csv:
        print_rows(_report_rows(report), form)
    elif report.planned is not None:
        _print_plan(report)
    else:
        _print_tables(report)


def _report_rows(report: RunReport) -> Sheet:
    names = [
        "kind",
        "name",
        "data_set",
        "status",
        "mode",
        "period",
        *_FILE_COUNTS,
        *_TABLE_COUNTS,
        "duration_s",
        "error",
    ]
    records: list[dict[str, Any]] = [{**asdict(f), "kind": "file", "name": f.file} for f in report.files]
    records += [{**asdict(t), "kind": "table", "name": t.table} for t in report.tables]
    return Sheet(names, [[r.get(n) for n in names] for r in records])


def _print_plan(report: RunReport) -> None:
    planned = report.planned or {}
    for what, verb in (("files", "load"), ("tables", "compute")):
        names = planned.get(what) or []
        say(f"would {verb} {len(names)} {what if len(names) != 1 else what[:-1]}" + (":" if names else ""))
        for name in names:
            say(f"  {name}")


def _print_tables(report: RunReport) -> None:
    files = [f for f in report.files if f.rows_read_n is not None]
    if files:
        title("Files")
        rows = [[f.file, *(getattr(f, c) for c in _FILE_COUNTS)] for f in sorted(files, key=lambda f: f.file)]
        print_rows(Sheet(["file", *_FILE_COUNTS], rows, shrink="file", headers=_headers()), Format.table)
    tables = [t for t in report.tables if t.status == "ok"]
    if tables:
        title("Tables")
        shown = [[t.table, *(getattr(t, c) for c in _TABLE_COUNTS), t.mode, f"{t.duration_s:.1f} s"] for t in tables]
        headers = {c: c.removesuffix("_n") for c in _TABLE_COUNTS}
        print_rows(
            Sheet(["table", *_TABLE_COUNTS, "mode", "time"], shown, shrink="table", headers=headers), Format.table
        )
    warnings = warning_lines(report)
    if files or tables or warnings:
        put()
    for line in warnings:
        warn(line)
    if report.drift_n:
        findings = f"{report.drift_n:,} differences between files and their contracts"
        say(f"{findings}: nh-lakehouse quality --section drift", dim=True)
    say(headline(report), bold=True)


def _headers() -> dict[str, str]:
    """Headers that a narrow terminal breaks at their hyphens."""
    narrow = shutil.get_terminal_size((120, 24)).columns < 110
    return {n: h if narrow else h.replace("-", "") for n, h in _FILE_HEADERS.items()}


# --- sample ----------------------------------------------------------------------------------------------------------


def sample(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to write to; made if it is missing.")],
    homes: Annotated[
        int, typer.Option(metavar="N", help="Nursing homes in the first month; 14814 is the true number.")
    ] = 600,
    months: Annotated[int, typer.Option(metavar="N", help="Monthly files in a row.")] = 2,
    quarters: Annotated[int, typer.Option(metavar="N", help="Quarters of daily staffing; 0 for none.")] = 1,
    seed: Annotated[int, typer.Option(metavar="N", help="Another seed gives other homes.")] = 1,
    form: FormatOption = Format.table,
) -> None:
    """Write a sample of CMS-shaped files.

    The same options give the same bytes. Headers, missing values and distributions are those of the real files, homes
    are made up; faults are put in on purpose, and a load must find them.
    """
    from nh_lakehouse.sample import generate_sample

    report = generate_sample(out.expanduser(), homes=homes, months=months, quarters=quarters, seed=seed)
    sheet = Sheet(["file", "rows"], [[f.name, f.rows] for f in report.files], shrink="file")
    print_rows(sheet, form)
    if form is Format.table:
        say(f"{len(report.files)} files with {report.rows_n:,} rows in {out}, {len(report.dirt)} faults among them")


# --- accept ----------------------------------------------------------------------------------------------------------


def accept(
    file: Annotated[str, typer.Argument(help="Name of the file, as the run reports it.")],
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
    from nh_lakehouse.lakehouse.lock import RunLock
    from nh_lakehouse.lakehouse.maintain import maintenance_id
    from nh_lakehouse.lakehouse.state import read_state
    from nh_lakehouse.lakehouse.store import Store

    lake = open_lakehouse(lakehouse)
    _rejected_file(file, read_state(lake).files)
    run_id = maintenance_id()
    staging = lake.root / "_staging" / run_id
    reporter = PlainReporter(lambda line: say(line))
    with (
        RunLock(lake.root, run_id, wait_s=wait, on_wait=reporter.say),
        engine_opener(engine, profile, reporter) as open_engine,
    ):
        # Looked at again under the lock: a run may have loaded it meanwhile.
        name = _rejected_file(file, read_state(lake).files)
        rows = [r for r in lake.arrow("ops.files").to_pylist() if r["file"] == name]
        newest = max(rows, key=lambda r: r["recorded_at"])
        row = {**newest, "run_id": run_id, "status": "accepted", "recorded_at": datetime.now(timezone.utc)}
        try:
            Store(lake, open_engine(), staging).append_rows("ops.files", load_tables()["ops.files"].columns, [row])
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    say(f"accepted {name}: it is not loaded, and runs no longer report it")


def _rejected_file(file: str, known: Any) -> str:
    """Full name of a rejected file, from its name or the last part of it."""
    rejected: list[KnownFile] = [k for k in known.values() if k.status == "rejected"]
    names = [k.file for k in rejected if k.file == file] or [k.file for k in rejected if k.file.split("/")[-1] == file]
    names = names or [k.file for k in rejected if file.endswith(f"/{k.file}")]
    if len(names) == 1:
        return names[0]
    if file in known:
        raise ConfigError(f"{file} is not rejected: its state is {known[file].status}", option="FILE")
    listing = "".join(f"\n  {k.file}" for k in sorted(rejected, key=lambda k: k.file)) or " none"
    problem = "several rejected files are called" if names else "no rejected file is called"
    raise ConfigError(f"{problem} {file!r}; rejected files:{listing}", option="FILE")
