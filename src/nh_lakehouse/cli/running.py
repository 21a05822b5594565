"""What commands that run the pipeline have in common: who is told of the run, and how it is stopped."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer

from nh_lakehouse.cli.options import INTERRUPTED, Format
from nh_lakehouse.cli.output import is_terminal
from nh_lakehouse.pipeline.progress import JsonReporter, LogForm, PlainReporter, headline, warning_lines
from nh_lakehouse.pipeline.report import Reporter, RunReport
from nh_lakehouse.pipeline.summary import SummaryFile

__all__ = ["Telling", "json_log", "progress_of", "stopping_at_once"]


def json_log(log: LogForm) -> JsonReporter | None:
    """The reporter of JSON lines, where they are asked for."""
    return JsonReporter(lambda line: typer.echo(line, err=True)) if log is LogForm.json else None


@contextmanager
def progress_of(form: Format) -> Iterator[Reporter]:
    """Tells of the progress: live on a terminal, in lines elsewhere, beside the answer where that is for a program."""
    if form is Format.table and is_terminal():
        from nh_lakehouse.cli.live import LiveReporter

        with LiveReporter() as live:
            yield live
        return
    stream = sys.stdout if form is Format.table else sys.stderr
    yield PlainReporter(lambda line: typer.echo(line, file=stream))


@dataclass(frozen=True)
class Telling:
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
            return
        with progress_of(self.form) as reporter:
            yield reporter

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
def stopping_at_once(reporter: Reporter, told: Telling) -> Iterator[None]:
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
