"""Live progress of a run on a terminal: one line per running task, gone when it ends."""

from __future__ import annotations

import sys
import threading
from types import TracebackType

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

__all__ = ["LiveReporter"]


class LiveReporter:
    """Shows what runs now, and leaves one line per phase and per failure behind."""

    def __init__(self) -> None:
        self._console = Console(file=sys.stdout, highlight=False)
        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
        self._progress = Progress(*columns, console=self._console, transient=True, refresh_per_second=8)
        self._tasks: dict[str, TaskID] = {}
        self._phases: set[str] = set()
        self._lock = threading.Lock()

    def __enter__(self) -> LiveReporter:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def phase(self, text: str) -> None:
        """A phase begins; its name stands before the colon."""
        name = text.split(":", 1)[0]
        with self._lock:
            self._phases.add(name)
        self.begin(name, text)

    def begin(self, task: str, text: str) -> None:
        """A line for the task, or its new text."""
        with self._lock:
            if task in self._tasks:
                self._progress.update(self._tasks[task], description=text)
            else:
                self._tasks[task] = self._progress.add_task(text, total=None)

    def end(self, task: str, text: str, *, ok: bool = True) -> None:
        """The line goes; the end of a phase and a failure are kept."""
        with self._lock:
            if task in self._tasks:
                self._progress.remove_task(self._tasks.pop(task))
            is_phase = task in self._phases
        if is_phase:
            self._console.print(Text(f"{task} done: {text}"))
        elif not ok:
            self._console.print(Text(f"  {text}", style="red"))

    def say(self, text: str) -> None:
        """A sentence that stays."""
        self._console.print(Text(text, style="yellow"))
