"""The command line, `nh-lakehouse`.

This module and `app` import nothing but typer, so that help and a run without work answer at once; every command
imports what it needs when it is called.
"""

from __future__ import annotations

import contextlib

__all__ = ["main"]


def main() -> None:
    """Entry point of `nh-lakehouse`: 0 done, 1 failed or partly failed, 2 wrong use."""
    import os
    import sys

    from nh_lakehouse.cli.app import app

    code: object = 0
    try:
        app(prog_name="nh-lakehouse")
    except SystemExit as end:
        code = end.code
    # All work is done and every engine is stopped. Threads that native libraries leave behind have aborted the process
    # at this point ("terminate called without an active exception"), which would turn a good run into a failed one.
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code if isinstance(code, int) else 1 if code else 0)
