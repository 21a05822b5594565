"""The engine of a command that writes: opened where it is needed, stopped at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nh_lakehouse.cli.options import EngineName
from nh_lakehouse.pipeline.report import Reporter

if TYPE_CHECKING:
    from nh_lakehouse.engines import Engine

__all__ = ["engine_opener"]


@contextmanager
def engine_opener(
    name: EngineName | None, profile_name: str | None, reporter: Reporter
) -> Iterator[Callable[[], Engine]]:
    """A function that gives the engine; what it opened is stopped at the end."""
    from nh_lakehouse.settings import load_profile

    profile = load_profile(profile_name)
    opened: list[Engine] = []

    def open_engine() -> Engine:
        engine = profile.open_engine(name.value if name else None)
        opened.append(engine)
        if engine.name == "sail":
            from nh_lakehouse.doctor import LOOPBACK_NOTE, is_shared_machine

            if is_shared_machine():
                reporter.say(f"note: {LOOPBACK_NOTE}")
        return engine

    try:
        yield open_engine
    finally:
        for engine in opened:
            engine.stop()
