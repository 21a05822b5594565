"""The jobs for `spark-submit`, Glue and EMR Serverless: arguments, a run, an exit code.

A platform adds arguments of its own (`--JOB_NAME x`, `--enable-metrics true`) and spells options with underscores
(`--full_refresh true`): what belongs to the job is taken in either spelling, the rest is ignored with a log line.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from nh_lakehouse.errors import ConfigError, EngineUnavailableError, NhLakehouseError, first_line
from nh_lakehouse.pipeline.progress import JsonReporter, LogForm, PlainReporter, report_lines
from nh_lakehouse.pipeline.report import RunReport
from nh_lakehouse.pipeline.summary import SummaryFile

__all__ = ["JobArguments", "main", "parse_arguments"]

FAILED, WRONG_USE = 1, 2

_ENGINES = ("auto", "sail", "spark")
_TRUE, _FALSE = ("true", "1", "yes"), ("false", "0", "no")


@dataclass(frozen=True)
class JobArguments:
    """What a job was told.

    Attributes:
        lakehouse: folder of the tables.
        landing: folder of the files; only for jobs that load bronze.
        domains, select: only these; all if empty.
        full_refresh: compute every table anew from bronze.
        wait_s: how long to wait for another run.
        profile: name of a run profile; None gives the defaults.
        engine: spark, unless another is named here or in the profile.
        log: progress as plain lines, or as lines of JSON on standard error.
        summary: file for the report as JSON.
        ignored: arguments that are not the job's own.
    """

    lakehouse: Path
    landing: Path | None
    domains: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    full_refresh: bool = False
    wait_s: float = 0.0
    profile: str | None = None
    engine: str | None = None
    log: LogForm = LogForm.text
    summary: Path | None = None
    ignored: tuple[str, ...] = ()


def parse_arguments(argv: Sequence[str], layers: Sequence[str], program: str = "job") -> JobArguments:
    """Arguments of a job.

    Args:
        argv: the arguments, without the program's name.
        layers: layers of the job; bronze needs a landing folder.
        program: name for messages.
    Raises:
        SystemExit: with code 2 and a usage line where an argument is missing or wrong.
    """
    parser = _parser(program, needs_landing="bronze" in layers)
    known, ignored = parser.parse_known_args([_own_spelling(a) for a in argv])
    return JobArguments(
        lakehouse=known.lakehouse,
        landing=known.landing,
        domains=_listed(known.domain),
        select=_listed(known.select),
        full_refresh=known.full_refresh,
        wait_s=known.wait,
        profile=known.profile,
        engine=known.engine,
        log=LogForm(known.log),
        summary=known.summary,
        ignored=tuple(ignored),
    )


def main(layers: Sequence[str], argv: Sequence[str] | None = None) -> None:
    """Run a job; returns where all went well.

    Args:
        layers: layers to bring up to date.
        argv: arguments, those of the process if None.
    Raises:
        SystemExit: with 1 if something failed, with 2 on wrong use. Success returns: some platforms take any
            SystemExit, 0 included, for a failure.
    """
    arguments = parse_arguments(sys.argv[1:] if argv is None else argv, layers, Path(sys.argv[0]).name)
    events = JsonReporter(lambda line: _log(line, sys.stderr)) if arguments.log is LogForm.json else None
    summary = SummaryFile(arguments.summary, arguments.landing)
    try:
        summary.check()
        report = _run(arguments, layers, _log, events)
        summary.write(report)
        code = report.exit_code
    except Exception as error:
        wrong_use = isinstance(error, NhLakehouseError) and "option" in error.facts
        wrong_use = wrong_use or (isinstance(error, ConfigError) and not isinstance(error, EngineUnavailableError))
        code = WRONG_USE if wrong_use else FAILED
        message = error.message if isinstance(error, NhLakehouseError) else first_line(error)
        summary.write_failure(arguments.lakehouse, message, code, events.run_id if events else None)
        if not isinstance(error, NhLakehouseError):
            raise
        if events:
            events.fail(message)
        else:
            _log(f"error: {message}")
    if code:
        sys.exit(code)


def _run(
    arguments: JobArguments, layers: Sequence[str], log: Callable[[str], None], events: JsonReporter | None
) -> RunReport:
    from nh_lakehouse.pipeline.runner import RunOptions, run
    from nh_lakehouse.settings import load_profile

    if arguments.ignored:
        log(f"arguments that are not the job's own are ignored: {' '.join(_names_only(arguments.ignored))}")
    profile = load_profile(arguments.profile)
    wanted = arguments.engine or (profile.engine if profile.engine != "auto" else "spark")
    options = RunOptions(
        lakehouse=arguments.lakehouse,
        landing=arguments.landing,
        domains=arguments.domains,
        select=arguments.select,
        layers=tuple(layers),
        full_refresh=arguments.full_refresh,
        wait_s=arguments.wait_s,
    )
    engine = profile.open_engine(wanted)
    try:
        report = run(options, lambda: engine, reporter=events or PlainReporter(log))
        for line in report_lines(report):
            log(line)
    finally:
        engine.stop()
    return report


def _parser(program: str, *, needs_landing: bool) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=program, allow_abbrev=False, description="Bring a lakehouse up to date.")
    folder = {"type": Path, "metavar": "DIR"}
    parser.add_argument("--landing", "--landing-dir", required=needs_landing, help="folder of the files", **folder)  # type: ignore[arg-type]
    parser.add_argument("--lakehouse", "--lakehouse-dir", required=True, help="folder of the tables", **folder)  # type: ignore[arg-type]
    parser.add_argument("--domain", action="append", metavar="NAME", help="only this domain; may be repeated")
    parser.add_argument("--select", action="append", metavar="TABLE", help="only this table and what it is made from")
    parser.add_argument(
        "--full-refresh",
        nargs="?",
        const=True,
        default=False,
        type=_flag,
        metavar="BOOL",
        help="compute every table anew",
    )
    parser.add_argument("--wait", type=_seconds, default=0.0, metavar="SECONDS", help="wait for another run")
    parser.add_argument("--profile", metavar="NAME", help="run profile")
    parser.add_argument("--engine", choices=_ENGINES, help="spark by default")
    parser.add_argument("--log", choices=[f.value for f in LogForm], default="text", help="json: on standard error")
    parser.add_argument("--summary", type=Path, metavar="FILE", help="write the report as JSON to this file")
    return parser


def _own_spelling(argument: str) -> str:
    """`--full_refresh=true` as `--full-refresh=true`; values and foreign arguments stay as they are."""
    found = re.match(r"--[a-z]+(?:_[a-z]+)+(?==|\Z)", argument)
    return found[0].replace("_", "-") + argument[found.end() :] if found else argument


def _flag(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise argparse.ArgumentTypeError(f"{text!r}: expected true or false")


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number of seconds")
    return value


def _listed(values: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(part.strip() for value in values or () for part in value.split(",") if part.strip())


def _names_only(arguments: Sequence[str]) -> list[str]:
    """Names without values: a platform may pass secrets this way."""
    return [a.split("=", 1)[0] for a in arguments if a.startswith("-")] or ["(values)"]


def _log(line: str, stream: TextIO | None = None) -> None:
    out = stream or sys.stdout
    out.write(f"{line}\n")
    out.flush()
