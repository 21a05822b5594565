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
from nh_lakehouse.errors import ConfigError, EngineUnavailableError, NhLakehouseError, first_line

__all__ = ["app", "exit_code"]

FAILED, WRONG_USE = 1, 2


class _Group(TyperGroup):
    """Commands whose errors are told without a stack trace."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command; NH_LAKEHOUSE_DEBUG=1 shows where an error comes from."""
        if os.environ.get("NH_LAKEHOUSE_DEBUG"):
            return super().invoke(ctx)
        try:
            return super().invoke(ctx)
        except NhLakehouseError as error:
            _tell(error.message)
            code = exit_code(error)
        except KeyboardInterrupt:
            _tell(INTERRUPTED)
            code = FAILED
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            _tell(_about_system(error))
            code = FAILED
        except (typer.Exit, typer.Abort, SystemExit):
            raise
        except Exception as error:  # a bug: short for the user, whole for whoever mends it
            if hasattr(error, "exit_code"):  # wrong use, told by typer itself
                raise
            _tell(f"internal error: {first_line(error)}\n  set NH_LAKEHOUSE_DEBUG=1 and run again to see where")
            code = FAILED
        raise typer.Exit(code)


def exit_code(error: NhLakehouseError) -> int:
    """2 where an option, a name or a setting is wrong, else 1."""
    about_an_option = "option" in error.facts
    if isinstance(error, EngineUnavailableError):
        return FAILED
    return WRONG_USE if about_an_option or isinstance(error, ConfigError) else FAILED


def _tell(message: str) -> None:
    typer.echo(f"error: {message}", err=True)


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
    from nh_lakehouse.cli import look, quality, tend, work

    for module in (work, look, quality, tend):
        module.add_to(app)


_add_commands()
