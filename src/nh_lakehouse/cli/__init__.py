"""The command line, `nh-lakehouse`.

This module and `app` import nothing but typer, so that help and a run without work answer at once; every command
imports what it needs when it is called.
"""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Entry point of `nh-lakehouse`: 0 done, 1 failed or partly failed, 2 wrong use."""
    from nh_lakehouse.cli.app import app

    app(prog_name="nh-lakehouse")
