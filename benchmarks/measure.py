"""Running one process and watching its tree: wall time, memory, bytes.

Memory and bytes to disk are read from /proc, so that other systems than Linux report the wall time alone.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from .child import STARTED

__all__ = ["ROOT", "Measured", "cpu", "first_match", "folder_mb", "measure", "middle", "rows_written"]

ROOT = Path(__file__).resolve().parent.parent
_PROC = Path("/proc")
_EVERY_S = 0.1


@dataclass(frozen=True)
class Measured:
    """What one process cost.

    Attributes:
        wall_s: from its start to its end.
        start_s: until it was ready to work, by its own word; None where it does not tell.
        peak_gb: largest sum of the resident memory of the process and its descendants; what they share counts once.
        kept_mb: growth of the folder that it writes to.
        disk_mb: bytes sent to disk, staged files included; None where the kernel does not tell.
        facts: what it told at its end.
        error: last line of its trouble; empty if it ended well.
    """

    wall_s: float
    start_s: float | None = None
    peak_gb: float = 0.0
    kept_mb: float = 0.0
    disk_mb: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def measure(command: Sequence[str], *, folder: Path | None = None, tells: bool = True) -> Measured:
    """Run a command to its end.

    Args:
        command: program and arguments; it runs in the project folder and imports the package from `src`.
        folder: where it writes, to tell what it leaves behind.
        tells: whether its last line of output is JSON for `facts`.
    """
    before = folder_mb(folder) if folder else 0.0
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        begin = time.monotonic()
        environment = {**os.environ, "PYTHONPATH": path, STARTED: str(begin)}
        child = subprocess.Popen(command, stdout=out, stderr=err, text=True, env=environment, cwd=ROOT)
        watcher = _Watcher(child.pid)
        watcher.start()
        code = child.wait()
        wall = time.monotonic() - begin
        watcher.end()
        told, trouble = _read(out), _read(err)
    facts: dict[str, Any] = {}
    error = ""
    if code:
        error = f"exit code {code}: {(trouble.strip() or told.strip() or 'no word').splitlines()[-1][:300]}"
        print(f"{' '.join(command[:4])} ...\n{trouble[-3000:]}", file=sys.stderr)
    elif tells:
        facts = json.loads(told.strip().splitlines()[-1])
    return Measured(
        wall_s=wall,
        start_s=facts.pop("start_s", None),
        peak_gb=watcher.peak / 1e9,
        kept_mb=(folder_mb(folder) - before) if folder else 0.0,
        disk_mb=watcher.written / 1e6 or None,
        facts=facts,
        error=error,
    )


def middle(runs: Sequence[Measured]) -> Measured | None:
    """The median of every number over the runs that ended well; facts and text of the last of them."""
    good = [r for r in runs if not r.error]
    if not good:
        return runs[-1] if runs else None

    def mid(name: str) -> Any:
        values = [v for v in (getattr(r, name) for r in good) if v is not None]
        return median(values) if values else None

    return Measured(
        mid("wall_s"), mid("start_s"), mid("peak_gb"), mid("kept_mb"), mid("disk_mb"), good[-1].facts, good[-1].error
    )


def folder_mb(folder: Path) -> float:
    """Size of a folder in MB; 0 where it is not there."""
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 1e6


def rows_written(folder: Path, since: Mapping[str, int]) -> tuple[dict[str, int], int, int]:
    """Rows in the data files that new commits added to the Delta tables under a folder.

    Args:
        folder: a lakehouse or a folder of tables.
        since: table folder -> version already counted.
    Returns:
        The present versions, the rows written, and how many of them were copied unchanged by a MERGE, as the
        `operationMetrics` of the log state it.
    """
    versions, rows, copied = dict(since), 0, 0
    for log in folder.rglob("_delta_log"):
        name = str(log.parent.relative_to(folder))
        for commit in sorted(p for p in log.glob("*.json") if p.stem.isdigit()):
            if int(commit.stem) <= since.get(name, -1):
                continue
            versions[name] = max(versions.get(name, -1), int(commit.stem))
            for line in commit.read_text(encoding="utf-8").splitlines():
                action = json.loads(line)
                if "add" in action:
                    rows += json.loads(action["add"].get("stats") or "{}").get("numRecords", 0)
                metrics = action.get("commitInfo", {}).get("operationMetrics", {})
                copied += int(metrics.get("numTargetRowsCopied") or metrics.get("num_target_rows_copied") or 0)
    return versions, rows, copied


def cpu() -> str:
    """Name of the processor; empty where the system does not tell."""
    return first_match(r"model name\s*:\s*(.+)", _PROC / "cpuinfo")


def first_match(pattern: str, path: Path) -> str:
    """The first group of a pattern in a file; empty where it is not there."""
    found = re.search(pattern, path.read_text()) if path.is_file() else None
    return found[1].strip() if found else ""


class _Watcher(threading.Thread):
    """Samples a process tree until it is told to end."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.peak = 0
        self.written = 0
        self._shared = 0
        self._end = threading.Event()

    def run(self) -> None:
        while _PROC.is_dir() and not self._end.wait(_EVERY_S):
            family = _family(self.pid)
            # A JVM forks to run a command and is there twice for a moment: what could be a peak is looked at again,
            # which takes the kernel long enough not to be done each time.
            resident = sum(map(_resident, family))
            if resident - self._shared > self.peak:
                share = sum(map(_share, family))
                self._shared = resident - share
                self.peak = max(self.peak, share)
            # A process takes over the count of the children that it has waited for.
            self.written = max(self.written, sum(map(_written, family)))

    def end(self) -> None:
        self._end.set()
        self.join()


def _family(root: int) -> set[int]:
    parents: dict[int, int] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError, ValueError):
                continue
    family, grown = {root}, True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in family} - family
        family |= more
        grown = bool(more)
    return family


def _resident(pid: int) -> int:
    try:
        return int((_PROC / str(pid) / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0


def _share(pid: int) -> int:
    """Resident memory of a process, what several share split between them; all of it where the kernel does not tell."""
    try:
        lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
        return next(int(text.split()[1]) for text in lines if text.startswith("Pss:")) * 1024
    except (OSError, IndexError, ValueError, StopIteration):
        return _resident(pid)


def _written(pid: int) -> int:
    try:
        lines = (_PROC / str(pid) / "io").read_text().splitlines()
        return next((int(text.split()[1]) for text in lines if text.startswith("write_bytes")), 0)
    except (OSError, IndexError, ValueError):
        return 0


def _read(file: Any) -> str:
    file.seek(0)
    return str(file.read())
