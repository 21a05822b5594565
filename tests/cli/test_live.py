"""Live progress: a line per running task, and what stays when it ends."""

from __future__ import annotations

import threading

import pytest

from nh_lakehouse.cli.live import LiveReporter


def test_live_reporter_leaves_phases_failures_and_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    with LiveReporter() as live:
        live.say("waiting for another run")
        live.phase("gold: 2 tables")
        live.begin("gold.a", "gold.a")
        live.begin("gold.b", "gold.b")
        live.end("gold.a", "gold.a  0.1 s")
        live.end("gold.b", "gold.b failed", ok=False)
        live.end("gold", "0.2 s")
    lines = [line.strip() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert lines == ["waiting for another run", "gold.b failed", "gold done: 0.2 s"]


def test_live_reporter_shows_one_line_per_running_task() -> None:
    with LiveReporter() as live:
        live.begin("bronze", "reading a.csv")
        live.begin("bronze", "reading b.csv")
        live.begin("gold.a", "gold.a")
        shown = [task.description for task in live._progress.tasks]
        live.end("gold.a", "")
        left = [task.description for task in live._progress.tasks]
    assert (shown, left) == (["reading b.csv", "gold.a"], ["reading b.csv"])


def test_live_reporter_is_used_from_several_threads() -> None:
    with LiveReporter() as live:

        def work(number: int) -> None:
            for step in range(20):
                live.begin(f"t{number}", f"step {step}")
            live.end(f"t{number}", "done")

        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert live._progress.tasks == []


def test_live_reporter_prints_names_with_brackets_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    with LiveReporter() as live:
        live.begin("x", "[red]file[/red].csv")
        live.end("x", "[red]file[/red].csv failed", ok=False)
    assert "[red]file[/red].csv failed" in capsys.readouterr().out
