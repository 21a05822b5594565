"""The application: its commands, and how errors become one clear sentence and an exit code."""

from __future__ import annotations

import errno
import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from nh_lakehouse import __version__
from nh_lakehouse.cli.options import INTERRUPTED, examples
from nh_lakehouse.errors import ConfigError, EngineUnavailableError, ExtraMissingError, NhLakehouseError, first_line

__all__ = ["app", "exit_code", "verdict_on"]

FAILED, WRONG_USE = 1, 2


class _Group(TyperGroup):
    """Commands whose errors are told without a stack trace."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command; NH_LAKEHOUSE_DEBUG=1 shows where an error comes from."""
        if os.environ.get("NH_LAKEHOUSE_DEBUG"):
            return super().invoke(ctx)
        try:
            return super().invoke(ctx)
        except (Exception, KeyboardInterrupt) as error:
            verdict = verdict_on(error)
            if verdict is None:
                raise
            typer.echo(f"error: {verdict[0]}", err=True)
        raise typer.Exit(verdict[1])


def verdict_on(error: BaseException) -> tuple[str, int] | None:
    """What is told of an error, and the exit code; None where typer tells it, or nobody reads."""
    if isinstance(error, NhLakehouseError):
        return error.message, exit_code(error)
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED, FAILED
    if isinstance(error, OSError):
        return None if error.errno == errno.EPIPE else (_about_system(error), FAILED)
    if isinstance(error, (typer.Exit, typer.Abort, SystemExit)) or hasattr(error, "exit_code"):
        return None
    # A bug: short for the user, whole for whoever mends it.
    return f"internal error: {first_line(error)}\n  set NH_LAKEHOUSE_DEBUG=1 and run again to see where", FAILED


def exit_code(error: NhLakehouseError) -> int:
    """2 where an option, a name or a setting is wrong, else 1."""
    about_an_option = "option" in error.facts
    if isinstance(error, (EngineUnavailableError, ExtraMissingError)):
        return FAILED
    return WRONG_USE if about_an_option or isinstance(error, ConfigError) else FAILED


def _about_system(error: OSError) -> str:
    where = f" ({error.filename})" if error.filename else ""
    if error.errno == errno.ENOSPC:
        return f"the disk is full{where}: free some space, or choose another --lakehouse; then run again"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"no permission{where}: nh-lakehouse doctor says what cannot be written to"
    return f"{error.strerror or error}{where}"


app = typer.Typer(
    cls=_Group,
    name="nh-lakehouse",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    help="Public US health-care data: CMS files to bronze, silver and gold tables, and answers from them.",
    epilog=examples(
        "sample --out build/landing",
        "run --landing build/landing --show",
        "show nh_state_risk --order-by 'risk_score desc' --limit 5",
        "query 'SELECT state, count(*) AS homes FROM nh_facility_metrics GROUP BY state ORDER BY homes DESC'",
    ),
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"nh-lakehouse {__version__}")
        raise typer.Exit


@app.callback()
def _all_commands(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    # Text from files may hold what the terminal's encoding lacks.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _add_commands() -> None:
    """Command modules add themselves; their order is that of the help."""
    from nh_lakehouse.cli import compare, hand_out, look, mend, quality, tend, trace, work

    for module in (work, look, compare, trace, quality, hand_out, mend, tend):
        module.add_to(app)


_add_commands()
