"""A run told in plain lines or in lines of JSON: for logs, jobs and output that is no terminal."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from enum import Enum
from typing import Any

from nh_lakehouse.pipeline.report import FileLine, RunReport, TableLine

__all__ = ["JsonReporter", "LogForm", "PlainReporter", "headline", "report_lines", "warning_lines"]


class LogForm(str, Enum):
    """How progress is told."""

    text = "text"
    json = "json"


class PlainReporter:
    """Writes a line when a phase begins and when a task ends.

    Args:
        write: takes one line without its end.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._phases: set[str] = set()
        self._lock = threading.Lock()

    def phase(self, text: str) -> None:
        """A phase begins."""
        self._phases.add(text.split(":", 1)[0])
        self._line(text)

    def begin(self, task: str, text: str) -> None:
        """Nothing: a log wants to know what has been done."""

    def end(self, task: str, text: str, *, ok: bool = True) -> None:
        """A task ended."""
        if text:
            line = f"{task} done: {text}" if task in self._phases else f"  {text}"
            self._line(line if ok else f"  FAILED: {text}")

    def say(self, text: str) -> None:
        """A sentence."""
        self._line(text)

    def _line(self, text: str) -> None:
        with self._lock:
            self._write(text)


class JsonReporter:
    """Writes every event as one line of JSON: timestamp, level, run_id, event, task, text, ok, duration_s.

    The event is `phase`, `begin`, `end` or `say`; what an event does not have is null. A task that says what it is
    doing now begins again; its duration counts from the first time.

    Args:
        write: takes one line without its end.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self.run_id: str | None = None
        self._write = write
        self._began: dict[str, float] = {}
        # An interrupt tells of itself from within whatever the main thread is writing.
        self._lock = threading.RLock()

    def started(self, run_id: str) -> None:
        """A run begins."""
        self.run_id = run_id

    def phase(self, text: str) -> None:
        """A phase begins; its name stands before the colon."""
        self._event("phase", text, task=text.split(":", 1)[0])

    def begin(self, task: str, text: str) -> None:
        """A task begins or says what it is doing now."""
        self._event("begin", text, task=task)

    def end(self, task: str, text: str, *, ok: bool = True) -> None:
        """A phase or a task ended."""
        self._event("end", text, task=task, ok=ok)

    def say(self, text: str) -> None:
        """A sentence."""
        self._event("say", text)

    def fail(self, text: str) -> None:
        """A sentence about what ended the run."""
        self._event("say", text, ok=False)

    def _event(self, event: str, text: str, *, task: str | None = None, ok: bool | None = None) -> None:
        now = time.monotonic()
        with self._lock:
            began = None
            if task is not None:
                began = self._began.pop(task, now) if event == "end" else self._began.setdefault(task, now)
            whole: dict[str, Any] = {
                "timestamp": datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "level": "error" if ok is False else "info",
                "run_id": self.run_id,
                "event": event,
                "task": task,
                "text": text,
                "ok": ok,
                "duration_s": round(now - began, 3) if event == "end" and began is not None else None,
            }
            self._write(json.dumps(whole, ensure_ascii=False))


def headline(report: RunReport) -> str:
    """The run in one sentence."""
    if report.status == "nothing_new":
        return f"Nothing new: all files are known and all tables are current ({report.duration_s:.1f} s)."
    loaded = [f for f in report.files if f.status == "loaded"]
    rows = sum(f.rows_read_n or 0 for f in loaded)
    written = sum(t.status == "ok" for t in report.tables)
    done = f"{_n(written, 'table')} brought up to date"
    if loaded:
        done = f"{_n(len(loaded), 'file')} with {_n(rows, 'row')} loaded, {done}"
    took = f"in {report.duration_s:.1f} s" + (f" on {report.engine}" if report.engine else "")
    if report.status == "ok":
        return f"Done {took}: {done}."
    bad_files = sum(f.status in ("rejected", "failed", "changing") for f in report.files)
    if not loaded and not report.tables:
        return f"Nothing new, and {_n(bad_files, 'file')} could not be loaded ({report.duration_s:.1f} s)."
    bad_tables = [sum(t.status == s for t in report.tables) for s in ("failed", "blocked")]
    wrong = [_n(bad_files, "file") + " not loaded"] if bad_files else []
    wrong += [f"{_n(bad_tables[0], 'table')} failed"] if bad_tables[0] else []
    wrong += [f"{_n(bad_tables[1], 'table')} waiting for them"] if bad_tables[1] else []
    return f"Partly failed {took}: {', '.join(wrong)}; {done}."


def warning_lines(report: RunReport) -> list[str]:
    """What a person should know of files and tables that were not loaded."""
    lines = []
    for file in report.files:
        if file.status in ("rejected", "failed", "changing"):
            lines.append(f"{file.status}: {file.file}: {_after_name(file)}")
    if any(f.status == "rejected" for f in report.files):
        lines.append("a rejected file is reported until it is mended, removed or accepted (nh-lakehouse accept FILE)")
    for status, why in (("unknown", "no data set has files of that name"), ("ignored", "hidden or left by a system")):
        names = [f.file for f in report.files if f.status == status]
        if names:
            lines.append(f"{status} ({why}): {', '.join(names)}")
    for table in report.tables:
        if table.status in ("failed", "blocked"):
            lines.append(f"{table.status}: {table.table}: {table.error}")
    return lines


def report_lines(report: RunReport) -> Iterator[str]:
    """A whole run for a log: every file, every table, warnings, one sentence."""
    for file in report.files:
        if file.accepted_n is not None:
            yield "  " + _file_line(file)
    for table in report.tables:
        if table.status == "ok":
            yield "  " + _table_line(table)
    yield from warning_lines(report)
    yield headline(report)


def _file_line(file: FileLine) -> str:
    counts = [
        f"{file.rows_read_n or 0:,} rows read",
        f"{file.accepted_n or 0:,} accepted",
        f"{file.duplicate_n or 0:,} duplicate",
        f"{file.superseded_n or 0:,} superseded",
        f"{file.quarantined_n or 0:,} quarantined",
        f"{file.warned_n or 0:,} flagged",
    ]
    return f"{file.file}: {', '.join(counts)}"


def _table_line(table: TableLine) -> str:
    counts = [f"{table.inserted_n:,} inserted", f"{table.updated_n:,} updated", f"{table.deleted_n:,} deleted"]
    if table.unchanged_n is not None:
        counts.append(f"{table.unchanged_n:,} unchanged")
    return f"{table.table}: {', '.join(counts)} ({table.mode}, {table.duration_s:.1f} s)"


def _after_name(file: FileLine) -> str:
    """The error without the file's name in front, where it says it again."""
    text = file.error or "is still being written: run again when it is complete"
    return text.removeprefix(file.file).lstrip(": ")


def _n(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
