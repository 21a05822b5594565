"""One run writes a lakehouse at a time: a lock file with owner, host and heartbeat."""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType
from typing import Any

from nh_lakehouse.errors import ConflictError

__all__ = ["Patience", "RunLock", "writer_of"]

#: A lock of another machine whose heartbeat is older than this belongs to a dead run.
STALE_AFTER_S = 60.0
HEARTBEAT_S = 5.0


class RunLock:
    """The lock of a lakehouse, as a context manager.

    A lock of a process that no longer lives on this machine, or without a heartbeat for a minute, is taken over.

    Args:
        root: the lakehouse folder.
        run_id: who asks.
        wait_s: how long to wait for another run before giving up.
        on_wait: called once with a sentence when waiting begins.
    Raises:
        ConflictError: another run holds the lock; the message says who, where and since when.
    """

    def __init__(
        self, root: Path, run_id: str, *, wait_s: float = 0.0, on_wait: Callable[[str], None] | None = None
    ) -> None:
        self.path = root / "_lock"
        self._run_id = run_id
        self._wait_s = wait_s
        self._on_wait = on_wait
        self._stop = threading.Event()
        self._beat: threading.Thread | None = None

    def __enter__(self) -> RunLock:
        patience = Patience(self._wait_s, self._on_wait)
        while not self._try():
            holder = read_lock(self.path)
            if holder is not None and is_stale(self.path, holder):
                self._remove_stale()
                continue
            patience.wait(holder, self.path)
        self._beat = threading.Thread(target=self._keep_alive, name="run-lock", daemon=True)
        self._beat.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._beat is not None:
            self._beat.join()
        holder = read_lock(self.path)
        if holder is not None and holder.get("run_id") == self._run_id:
            self.path.unlink(missing_ok=True)

    def _try(self) -> bool:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        body = json.dumps(
            {
                "run_id": self._run_id,
                "pid": os.getpid(),
                "process_started": _start_of(os.getpid()),
                "process_space": _process_space(),
                "host": socket.gethostname(),
                "user": getpass.getuser(),
                "since": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            }
        )
        # Written in full under another name first: a reader never sees half a lock.
        draft = self.path.with_name(f"_lock.{self._run_id}")
        draft.write_text(body, encoding="utf-8")
        try:
            os.link(draft, self.path)
        except FileExistsError:
            return False
        finally:
            draft.unlink(missing_ok=True)
        return True

    def _remove_stale(self) -> None:
        """Remove the lock of a dead run, one waiting run at a time: another may have taken it since the look."""
        guard = self.path.with_name("_lock.guard")
        with guard.open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)  # the system frees it when the process dies
            try:
                if os.fstat(held.fileno()).st_ino != guard.stat().st_ino:
                    return  # the one before removed this file and somebody made another: look again
            except FileNotFoundError:
                return
            holder = read_lock(self.path)
            if holder is not None and is_stale(self.path, holder):
                self.path.unlink(missing_ok=True)
            guard.unlink(missing_ok=True)

    def _keep_alive(self) -> None:
        while not self._stop.wait(HEARTBEAT_S):
            holder = read_lock(self.path)
            if holder is None or holder.get("run_id") != self._run_id:
                return  # taken over while this process slept: the other's heartbeat is its own
            try:
                os.utime(self.path)
            except OSError:
                return


class Patience:
    """Waiting for whoever holds a lock, in short steps until a time is up.

    Args:
        wait_s: how long to wait in all.
        on_wait: called once with a sentence when waiting begins.
    """

    def __init__(self, wait_s: float, on_wait: Callable[[str], None] | None = None) -> None:
        self._deadline = time.monotonic() + wait_s
        self._on_wait = on_wait

    def wait(self, holder: dict[str, Any] | None, path: Path) -> None:
        """Wait a moment.

        Raises:
            ConflictError: the time is up; the message says who holds the lock, where and since when.
        """
        message = describe_holder(holder, path)
        if time.monotonic() >= self._deadline:
            raise ConflictError(message, holder=holder)
        if self._on_wait:
            self._on_wait(message)
            self._on_wait = None
        time.sleep(min(0.2, max(0.0, self._deadline - time.monotonic())))


def writer_of(root: Path) -> dict[str, Any] | None:
    """Who writes a lakehouse now, as the lock says; None if nobody does."""
    holder = read_lock(root / "_lock")
    return None if holder is None or is_stale(root / "_lock", holder) else holder


def read_lock(path: Path) -> dict[str, Any] | None:
    """What a lock file says, None if there is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def is_stale(path: Path, holder: dict[str, Any]) -> bool:
    """Whether the run that holds the lock is dead: by its process where that can be seen, else by its heartbeat."""
    if holder.get("host") == socket.gethostname() and holder.get("process_space") in (None, _process_space()):
        pid, started = int(holder.get("pid", 0)), holder.get("process_started")
        # In a container the next process often has the number of the dead one; its start tells them apart.
        return not _is_alive(pid) or (started is not None and started != _start_of(pid))
    try:
        return time.time() - path.stat().st_mtime > STALE_AFTER_S
    except FileNotFoundError:
        return False


def describe_holder(holder: dict[str, Any] | None, path: Path) -> str:
    """Who holds the lock, in a sentence."""
    if holder is None:
        return f"the lock file {path} cannot be read; remove it if no run is active"
    return (
        f"run {holder.get('run_id')} of {holder.get('user')} writes this lakehouse since {holder.get('since')} "
        f"(process {holder.get('pid')} on {holder.get('host')}); wait for its end, or use --wait SECONDS"
    )


def _is_alive(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _process_space() -> str | None:
    """What numbers the processes here: two containers of one host name count their own. None where none is told."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return None


def _start_of(pid: int) -> str | None:
    """When a process of this machine started, as the kernel counts it; None where that cannot be told (macOS)."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        # The name of the program, in brackets, may hold blanks; the start is the 20th field behind it.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return f"{boot}/{fields[19]}"
    except (OSError, IndexError):
        return None
