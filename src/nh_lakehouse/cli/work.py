"""`run`, `sample`: loading files, and making files to load."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
)
from nh_lakehouse.cli.output import Sheet, print_rows, say
from nh_lakehouse.cli.run_report import print_report
from nh_lakehouse.cli.running import Telling, json_log, stopping_at_once
from nh_lakehouse.errors import ConfigError
from nh_lakehouse.pipeline.progress import LogForm
from nh_lakehouse.pipeline.report import RunReport
from nh_lakehouse.pipeline.settled import Scope, settle, settled_report
from nh_lakehouse.pipeline.summary import SummaryFile

if TYPE_CHECKING:
    from nh_lakehouse.pipeline.runner import RunOptions
    from nh_lakehouse.sample import SampleReport

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
        epilog=examples(
            "sample --out build/landing",
            "sample --out /tmp/full --homes 14814 --months 1 --quarters 1",
            "sample --domain claims --people 2000 --out build/claims",
            "sample --domain claims --people 116352 --out /tmp/claims_full",
            "sample --domain hospital --patients 974 --out build/hospital",
        )
    )(sample)


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
    told = Telling(scope.lakehouse, form, json_log(log), target)
    with told.of_errors():
        target.check()
        if profile is not None:
            # Read even where nothing is to be done: a mistake in it shows at once.
            from nh_lakehouse.settings import load_profile

            load_profile(profile)
        known = None if full_refresh or dry_run else settled_report(scope)
        report = known or _run(scope, engine, profile, full_refresh, dry_run, wait, told)
        told.of_end(report)
    print_report(report, form)
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
    told: Telling,
) -> RunReport:
    from nh_lakehouse.pipeline.graph import build_graph
    from nh_lakehouse.pipeline.runner import RunOptions
    from nh_lakehouse.pipeline.runner import run as run_pipeline

    graph = build_graph()
    options = RunOptions(**asdict(scope), full_refresh=full_refresh, dry_run=dry_run, wait_s=wait)
    with (
        told.reporter() as reporter,
        stopping_at_once(reporter, told),
        engine_opener(engine, profile_name, reporter) as open_engine,
    ):
        report = run_pipeline(options, open_engine, reporter=reporter, graph=graph)
        if not dry_run and all(t.status == "ok" for t in report.tables):
            settle(scope, lambda: run_pipeline(_dry(options), open_engine, graph=graph))
    return report


def _dry(options: RunOptions) -> RunOptions:
    return replace(options, full_refresh=False, dry_run=True)


# --- sample ----------------------------------------------------------------------------------------------------------


class SampleDomain(str, Enum):
    """Which files a sample has."""

    nursing_home = "nursing_home"
    claims = "claims"
    hospital = "hospital"


#: Options that mean nothing in the other domains.
_OF_DOMAIN = {
    SampleDomain.nursing_home: ("homes", "months", "quarters"),
    SampleDomain.claims: ("people",),
    SampleDomain.hospital: ("patients",),
}


def sample(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to write to; made if it is missing.")],
    domain: Annotated[
        SampleDomain,
        typer.Option("--domain", help="Nursing-home files, Medicare claims (SynPUF and RIF) or hospital records."),
    ] = SampleDomain.nursing_home,
    homes: Annotated[
        int, typer.Option(metavar="N", help="Nursing homes in the first month; 14814 is the true number.")
    ] = 600,
    months: Annotated[int, typer.Option(metavar="N", help="Monthly files in a row.")] = 2,
    quarters: Annotated[int, typer.Option(metavar="N", help="Quarters of daily staffing; 0 for none.")] = 1,
    people: Annotated[
        int, typer.Option(metavar="N", help="Claims: people of the public use file; 116352 is the size of Sample 1.")
    ] = 2_000,
    patients: Annotated[
        int, typer.Option(metavar="N", help="Hospital: patients of the Massachusetts General layout; 974 is its size.")
    ] = 300,
    seed: Annotated[int, typer.Option(metavar="N", help="Another seed gives other homes or people.")] = 1,
    form: FormatOption = Format.table,
) -> None:
    """Write a sample of CMS-shaped files.

    The same options give the same bytes. Headers, missing values and distributions are those of the real files, homes
    and people are made up; faults are put in on purpose, and a load must find them. --homes, --months and --quarters
    are for nursing_home, --people is for claims, --patients for hospital.
    """
    for other, names in _OF_DOMAIN.items():
        for name in names:
            given = context.get_parameter_source(name)
            if other is not domain and given is not None and given.name == "COMMANDLINE":
                raise ConfigError(f"--{name} is for --domain {other.value}: leave it out", option=f"--{name}")
    from nh_lakehouse.sample import generate_claims_sample, generate_hospital_sample, generate_sample

    report: SampleReport
    with _whole_or_absent(out.expanduser()) as folder:
        if domain is SampleDomain.claims:
            report = generate_claims_sample(folder, people=people, seed=seed)
        elif domain is SampleDomain.hospital:
            report = generate_hospital_sample(folder, patients=patients, seed=seed)
        else:
            report = generate_sample(folder, homes=homes, months=months, quarters=quarters, seed=seed)
    sheet = Sheet(["file", "rows"], [[f.name, f.rows] for f in report.files], shrink="file")
    print_rows(sheet, form)
    if form is Format.table:
        say(f"{len(report.files)} files with {report.rows_n:,} rows in {out}, {len(report.dirt)} faults among them")


@contextmanager
def _whole_or_absent(out: Path) -> Iterator[Path]:
    """A new folder gets its name when it is complete, so that an interrupted sample is no half one."""
    if out.exists():
        yield out
        return
    draft = out.with_name(f"{out.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    yield draft
    draft.rename(out)
