"""The lock file: who may have it, when it counts as dead, and what a second run is told."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from nh_lakehouse.errors import ConflictError
from nh_lakehouse.lakehouse import lock as lock_module
from nh_lakehouse.lakehouse.lock import STALE_AFTER_S, RunLock, describe_holder, is_stale, read_lock


def dead_pid() -> int:
    """Number of a process that has just ended."""
    ended = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    )
    return int(ended.stdout)


def left_behind(root: Path, *, age_s: float = 0.0, **changes) -> Path:
    """A lock file as a run leaves it that was killed."""
    root.mkdir(parents=True, exist_ok=True)
    body = {
        "run_id": "other",
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "user": "ann",
        "since": "2024-10-20T12:00:00+00:00",
    }
    path = root / "_lock"
    path.write_text(json.dumps({**body, **changes}))
    moment = time.time() - age_s
    os.utime(path, (moment, moment))
    return path


def test_lock_is_there_while_held_and_gone_after(tmp_path: Path):
    with RunLock(tmp_path / "lake", "one"):
        holder = read_lock(tmp_path / "lake" / "_lock")
        assert (holder["run_id"], holder["pid"], holder["host"]) == ("one", os.getpid(), socket.gethostname())
    assert list((tmp_path / "lake").iterdir()) == []


def test_lock_is_given_back_when_the_run_fails(tmp_path: Path):
    with pytest.raises(KeyboardInterrupt), RunLock(tmp_path, "one"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_second_run_is_told_who_holds_the_lock(tmp_path: Path):
    with RunLock(tmp_path, "one"), pytest.raises(ConflictError) as caught, RunLock(tmp_path, "two"):
        raise AssertionError("two runs hold one lock")
    assert caught.value.holder["run_id"] == "one"
    for part in ("run one", str(os.getpid()), socket.gethostname(), "--wait"):
        assert part in caught.value.message


def test_waiting_run_says_so_once_and_gets_the_lock(tmp_path: Path):
    said: list[str] = []
    first = RunLock(tmp_path, "one")
    first.__enter__()
    threading.Timer(0.5, first.__exit__, (None, None, None)).start()
    with RunLock(tmp_path, "two", wait_s=30, on_wait=said.append):
        assert read_lock(tmp_path / "_lock")["run_id"] == "two"
    assert len(said) == 1 and "run one" in said[0]


def test_waiting_ends_at_its_deadline(tmp_path: Path):
    began = time.monotonic()
    with RunLock(tmp_path, "one"), pytest.raises(ConflictError), RunLock(tmp_path, "two", wait_s=0.3):
        raise AssertionError("two runs hold one lock")
    assert 0.3 <= time.monotonic() - began < 5


ANOTHER_HOST = {"host": "elsewhere", "pid": 1}


@pytest.mark.parametrize(
    ("changes", "age_s", "stale"),
    [
        pytest.param({"pid": "dead"}, 0, True, id="dead process of this machine"),
        pytest.param({"pid": 0}, 0, True, id="no process"),
        pytest.param({}, 0, False, id="living process of this machine"),
        pytest.param({}, 10 * STALE_AFTER_S, False, id="living process that sleeps"),
        pytest.param(
            {"process_started": "another boot/1"}, 0, True, id="another process with the number of a dead one"
        ),
        pytest.param({"pid": 1, "process_space": "pid:[1]"}, 0, False, id="another container, heartbeat"),
        pytest.param({"process_space": "pid:[1]"}, 2 * STALE_AFTER_S, True, id="another container, no heartbeat"),
        pytest.param(ANOTHER_HOST, 0, False, id="another machine, heartbeat"),
        pytest.param(ANOTHER_HOST, 2 * STALE_AFTER_S, True, id="another machine, no heartbeat"),
    ],
)
def test_lock_is_dead_or_alive(tmp_path: Path, changes: dict, age_s: float, stale: bool):
    if changes.get("process_started") and lock_module._start_of(os.getpid()) is None:
        pytest.skip("this system does not tell when a process started")
    changes = {k: dead_pid() if v == "dead" else v for k, v in changes.items()}
    path = left_behind(tmp_path, age_s=age_s, **changes)
    assert is_stale(path, read_lock(path)) is stale
    if stale:
        with RunLock(tmp_path, "next"):
            assert read_lock(path)["run_id"] == "next"
        assert list(tmp_path.iterdir()) == []
    else:
        with pytest.raises(ConflictError), RunLock(tmp_path, "next"):
            raise AssertionError("a living lock was taken over")
        assert read_lock(path)["run_id"] == "other"


def test_own_process_is_recognised(tmp_path: Path):
    with RunLock(tmp_path, "one"):
        assert not is_stale(tmp_path / "_lock", read_lock(tmp_path / "_lock"))


def test_unreadable_lock_is_never_taken_over(tmp_path: Path):
    (tmp_path / "_lock").write_text("{half a")
    with pytest.raises(ConflictError, match="cannot be read; remove it"), RunLock(tmp_path, "next"):
        raise AssertionError("a lock of unknown state was taken over")
    assert "cannot be read" in describe_holder(None, tmp_path / "_lock")


def test_of_many_runs_that_find_a_dead_lock_one_at_a_time_holds_it(tmp_path: Path):
    left_behind(tmp_path, pid=dead_pid())
    inside, most, errors = [0], [0], []

    def one(number: int) -> None:
        try:
            with RunLock(tmp_path, f"run{number}", wait_s=60):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                time.sleep(0.02)
                inside[0] -= 1
        except BaseException as error:  # told by the assertion below
            errors.append(error)

    threads = [threading.Thread(target=one, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (errors, most[0]) == ([], 1)
    assert list(tmp_path.iterdir()) == []


def test_heartbeat_leaves_the_lock_of_another_run_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lock_module, "HEARTBEAT_S", 0.02)
    with RunLock(tmp_path, "one"):
        left_behind(tmp_path, age_s=1000)  # taken over while this process slept
        modified = (tmp_path / "_lock").stat().st_mtime
        time.sleep(0.2)
        assert (tmp_path / "_lock").stat().st_mtime == modified
    assert read_lock(tmp_path / "_lock")["run_id"] == "other"


def test_heartbeat_touches_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lock_module, "HEARTBEAT_S", 0.05)
    with RunLock(tmp_path, "one"):
        os.utime(tmp_path / "_lock", (1.0, 1.0))
        deadline = time.monotonic() + 10
        while (tmp_path / "_lock").stat().st_mtime < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert (tmp_path / "_lock").stat().st_mtime > 2


def test_lock_of_somebody_else_is_not_removed_at_the_end(tmp_path: Path):
    with RunLock(tmp_path, "one"):
        left_behind(tmp_path, run_id="two")
    assert read_lock(tmp_path / "_lock")["run_id"] == "two"
