"""Nothing to do, known in milliseconds: a digest of all that decides what a run would do, kept beside the tables.

A plan follows from the package's own files, the landing folder's listing and the tables' last commits (which hold the
record of earlier runs). Where all three are as they were when a plan was last found empty, it is empty again, and
neither the plan nor anything it imports is needed. Whatever differs leads to the plan itself: the digest can only save
time, never skip work. Files that were rejected and lie there still are remembered with it, as they fail every run.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nh_lakehouse.lakehouse import Lakehouse
from nh_lakehouse.pipeline.report import FileLine, RunReport
from nh_lakehouse.sources import list_landing

__all__ = ["Scope", "settle", "settled_report"]

_FILE = "_settled.json"
_PACKAGE = Path(__file__).parent.parent
#: Scopes remembered per lakehouse: one per way in which it is usually run.
_KEPT = 8


@dataclass(frozen=True)
class Scope:
    """The part of `RunOptions` that decides what belongs to a run.

    Attributes:
        lakehouse: folder of the tables.
        landing: folder of the files; None without the bronze layer.
        domains: only these domains.
        select: only these tables and what they are made from.
        layers: which layers.
    """

    lakehouse: Path
    landing: Path | None
    domains: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    layers: tuple[str, ...] = ("bronze", "silver", "gold")

    @property
    def key(self) -> str:
        """Name of the scope in the file."""
        landing = None if self.landing is None else str(self.landing.absolute())
        parts = (landing, sorted(self.domains), sorted(self.select), sorted(self.layers))
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]

    def digest(self) -> str:
        """Digest of the package, the landing folder's listing and the tables' last commits.

        Raises:
            ConfigError: the landing folder or the lakehouse cannot be used.
        """
        whole = hashlib.sha256()
        for line in (
            *_package_lines(),
            *_landing_lines(self.landing, self.lakehouse),
            *_commit_lines(Lakehouse(self.lakehouse)),
        ):
            whole.update(line.encode("utf-8", "surrogateescape") + b"\0")
        return whole.hexdigest()


def settled_report(scope: Scope) -> RunReport | None:
    """The report of a run that has nothing to do; None where that is not known, or a run holds the lock.

    Raises:
        ConfigError: the landing folder or the lakehouse cannot be used.
    """
    started = time.monotonic()
    digest = scope.digest()
    known = _read(scope.lakehouse).get(scope.key)
    if not isinstance(known, dict) or known.get("digest") != digest or (scope.lakehouse / "_lock").exists():
        return None
    files = [FileLine(**line) for line in known["rejected"]]
    report = RunReport("", str(scope.lakehouse), status="partial" if files else "nothing_new", files=files)
    report.duration_s = time.monotonic() - started
    return report


def settle(scope: Scope, plan: Callable[[], RunReport]) -> None:
    """Remember that a scope is settled, if it is.

    Args:
        scope: what was run.
        plan: a dry run of it; asked here, as files may have arrived and tables changed since the run began.
    """
    before = scope.digest()
    report = plan()
    if report.planned is None or any(report.planned.values()) or any(f.status != "rejected" for f in report.files):
        return
    if scope.digest() == before:
        rejected = [{k: v for k, v in asdict(f).items() if v is not None} for f in report.files]
        _write(scope, {"digest": before, "rejected": rejected})


def _package_lines() -> list[str]:
    """Content hashes of the package's modules and declarations."""
    found = []
    for root, folders, names in os.walk(_PACKAGE):
        folders.sort()
        for name in sorted(names):
            if name.endswith((".py", ".yaml")):
                path = os.path.join(root, name)
                with open(path, "rb") as file:
                    found.append(f"{path} {hashlib.sha256(file.read()).hexdigest()}")
    return found


def _landing_lines(landing: Path | None, lakehouse: Path | str) -> list[str]:
    if landing is None:
        return []
    files = list_landing(landing, lakehouse=Path(lakehouse).absolute())
    return [f"{f.name} {f.size_bytes} {f.modified_at.isoformat()} {f.ignored} {f.is_readable}" for f in files]


def _commit_lines(lake: Lakehouse) -> list[str]:
    """The newest commit of every table; its size and time tell a rebuilt table from the one before."""
    found = []
    for name in lake.tables():
        log = os.path.join(lake.path(name), "_delta_log")
        newest = max((n for n in os.listdir(log) if n.endswith(".json") and n[:-5].isdigit()), default=None)
        if newest is not None:
            stat = os.stat(os.path.join(log, newest))
            found.append(f"{name} {newest} {stat.st_size} {stat.st_mtime_ns}")
    return found


def _read(lakehouse: Path) -> dict[str, Any]:
    try:
        content = json.loads((lakehouse / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write(scope: Scope, known: dict[str, Any]) -> None:
    """Replace the file whole; a lakehouse that cannot be written to does without."""
    others = {k: v for k, v in _read(scope.lakehouse).items() if k != scope.key}
    kept = dict(list(others.items())[-(_KEPT - 1) :])
    draft = scope.lakehouse / f"{_FILE}.{os.getpid()}"
    try:
        draft.write_text(json.dumps({**kept, scope.key: known}, indent=1), encoding="utf-8")
        os.replace(draft, scope.lakehouse / _FILE)
    except OSError:
        draft.unlink(missing_ok=True)
