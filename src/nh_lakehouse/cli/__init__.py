"""The command line, `nh-lakehouse`.

This module and `app` import nothing but typer, so that help and a run without work answer at once; every command
imports what it needs when it is called.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any, TextIO

__all__ = ["main"]


def main() -> None:
    """Entry point of `nh-lakehouse`: 0 done, 1 failed or partly failed, 2 wrong use."""
    import sys

    from nh_lakehouse.cli.app import app

    sys.stdout = _Heedless(sys.stdout)
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


class _Heedless:
    """Standard output that goes on when nobody reads it any more: a load is finished, whatever `| head` wants."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, or drop what nobody reads."""
        with self._heed():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, if somebody reads."""
        with self._heed():
            self._stream.flush()

    @contextlib.contextmanager
    def _heed(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            # What is still in the buffer has nowhere to go.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
