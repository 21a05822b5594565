"""Progress as lines of JSON."""

from __future__ import annotations

import json
import threading
from datetime import datetime
from typing import Any

import pytest

from nh_lakehouse.pipeline.progress import JsonReporter
from nh_lakehouse.pipeline.report import NamesRun, Quiet


def told(reporter: JsonReporter, lines: list[str]) -> list[dict[str, Any]]:
    """The events, once a run has told of itself."""
    reporter.phase("gold: 2 tables")
    reporter.started("20241101T083000-aaaa")
    reporter.begin("gold.a", "gold.a")
    reporter.begin("gold.a", "still at it")
    reporter.end("gold.a", "gold.a  0.1 s")
    reporter.end("gold.b", "gold.b failed", ok=False)
    reporter.say("waiting \u2013 for\nanother run")
    reporter.end("gold", "0.2 s")
    reporter.fail("the disk is full")
    return [json.loads(line) for line in lines]


@pytest.fixture
def events() -> list[dict[str, Any]]:
    lines: list[str] = []
    return told(JsonReporter(lines.append), lines)


def test_events_have_the_same_keys(events: list[dict[str, Any]]) -> None:
    keys = ["timestamp", "level", "run_id", "event", "task", "text", "ok", "duration_s"]
    assert all(list(e) == keys for e in events)
    assert all(datetime.fromisoformat(e["timestamp"].replace("Z", "+00:00")).tzinfo for e in events)


def test_events_tell_what_happened(events: list[dict[str, Any]]) -> None:
    assert [(e["event"], e["task"], e["ok"], e["level"]) for e in events] == [
        ("phase", "gold", None, "info"),
        ("begin", "gold.a", None, "info"),
        ("begin", "gold.a", None, "info"),
        ("end", "gold.a", True, "info"),
        ("end", "gold.b", False, "error"),
        ("say", None, None, "info"),
        ("end", "gold", True, "info"),
        ("say", None, False, "error"),
    ]
    assert events[5]["text"] == "waiting \u2013 for\nanother run"


def test_events_name_the_run_once_it_is_known(events: list[dict[str, Any]]) -> None:
    assert [e["run_id"] for e in events] == [None] + ["20241101T083000-aaaa"] * 7


def test_ends_have_durations(events: list[dict[str, Any]]) -> None:
    assert [e["duration_s"] is not None for e in events] == [e["event"] == "end" for e in events]
    assert all(e["duration_s"] >= 0 for e in events if e["event"] == "end")


def test_lines_of_several_threads_stay_whole() -> None:
    lines: list[str] = []
    reporter = JsonReporter(lines.append)
    threads = [
        threading.Thread(target=lambda n=n: [reporter.begin(f"t{n}", str(i)) for i in range(20)]) for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([json.loads(line) for line in lines]) == 160


def test_only_some_reporters_want_to_know_the_run() -> None:
    assert isinstance(JsonReporter(print), NamesRun)
    assert not isinstance(Quiet(), NamesRun)
