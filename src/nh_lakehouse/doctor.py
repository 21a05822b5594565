"""What this machine lacks to run the package, and how to mend it.

Every check gives one `Check`: what was looked at, whether it is good enough, what was found and the remedy. Nothing is
started but `java -version`, nothing is written but a file that is removed at once.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nh_lakehouse.engines.spark import JARS
from nh_lakehouse.errors import EngineUnavailableError
from nh_lakehouse.lakehouse.lock import describe_holder, is_stale, read_lock

__all__ = ["LOOPBACK_NOTE", "Check", "examine", "find_java", "is_shared_machine", "require_spark"]

Status = Literal["ok", "warn", "fail"]

_GIB = 1 << 30
#: Java lines that Spark 4.1 supports; Spark 3.5 runs on 17.
_JAVA_LINES = (17, 21)
_JAVA_REMEDY = (
    "install Java 17 (Debian: apt-get install openjdk-17-jre-headless) and set JAVA_HOME if it is not on the PATH, "
    "or use --engine sail"
)
_JARS_REMEDY = "make spark puts them there; or add spark.jars.packages to the profile"

LOOPBACK_NOTE = (
    "Sail serves this run on a random port of 127.0.0.1 without authentication, so other users of this machine could "
    "reach it while the run lasts; --engine spark asks for a secret instead"
)


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    status: Status
    found: str
    remedy: str = ""


@dataclass(frozen=True)
class Java:
    """The Java that Spark would use."""

    path: str
    version: str
    line: int


def examine(lakehouse: Path) -> list[Check]:
    """All checks, those of the system first."""
    return [
        _system(),
        _python(),
        *_libraries(),
        _sail(),
        _loopback(),
        _spark(),
        _java(),
        _jars(),
        _optional("MySQL", ("pymysql", "sqlalchemy"), "mysql", "publish mysql"),
        _optional("Excel", ("xlsxwriter",), "export", "export --to xlsx"),
        _memory(),
        _disk(lakehouse),
        _write_access(lakehouse),
        _lock(lakehouse),
    ]


def require_spark(*, jars: bool = True) -> None:
    """Refuse to start Spark where it cannot start, in one sentence.

    Args:
        jars: Delta's JARs must lie beside PySpark; False where settings bring them.
    Raises:
        EngineUnavailableError: PySpark, Java or the JARs are missing; the message names the remedy.
    """
    if "PYSPARK_GATEWAY_PORT" in os.environ or _has_session():
        return
    checks = [_spark(wanted=True), _java(wanted=True), *([_jars(wanted=True)] if jars else [])]
    for check in checks:
        if check.status == "fail":
            raise EngineUnavailableError(f"{check.found}: {check.remedy}", check=check.name)


def _has_session() -> bool:
    """Whether a session of classic Spark is active in this process (never imports PySpark to find out)."""
    module = sys.modules.get("pyspark.sql")
    session = getattr(module, "SparkSession", None)
    try:
        return session is not None and session.getActiveSession() is not None
    except Exception:  # the Connect client alone has no classic session to ask for
        return False


# --- machine ---------------------------------------------------------------------------------------------------------


def _system() -> Check:
    name = f"{platform.system()} {platform.release()}, {platform.machine()}"
    if sys.platform == "win32":
        return Check("System", "fail", name, "use WSL2: wsl --install, then work inside its Linux")
    if "microsoft" in platform.release().lower():
        return Check("System", "ok", f"{name} (WSL)", "keep the lakehouse in the Linux file system, not below /mnt/c")
    return Check("System", "ok", name)


def _python() -> Check:
    found = f"{platform.python_version()} ({sys.executable})"
    if sys.version_info >= (3, 14):
        return Check("Python", "warn", found, "tried with Python 3.10 to 3.13")
    return Check("Python", "ok", found)


def _libraries() -> list[Check]:
    names = ("deltalake", "duckdb", "pyarrow", "pydantic")
    missing = [n for n in names if _version(n) is None]
    if missing:
        return [Check("Libraries", "fail", f"not installed: {', '.join(missing)}", "pip install nh-lakehouse")]
    return [Check("Libraries", "ok", ", ".join(f"{n} {_version(n)}" for n in names))]


def _optional(name: str, libraries: Sequence[str], extra: str, command: str) -> Check:
    """Libraries that one command alone needs: that they are missing is no fault."""
    if missing := [n for n in libraries if _version(n) is None]:
        found = f"not installed: {', '.join(missing)}; only nh-lakehouse {command} needs it"
        return Check(name, "ok", found, f"pip install 'nh-lakehouse[{extra}]'")
    return Check(name, "ok", ", ".join(f"{n} {_version(n)}" for n in libraries))


def _memory() -> Check:
    total, free = _memory_bytes()
    if total is None:
        return Check("Memory", "ok", "unknown")
    found = f"{total / _GIB:.1f} GiB" + (f", {free / _GIB:.1f} GiB free" if free is not None else "")
    least = free if free is not None else total
    if least < 1 * _GIB:
        return Check(
            "Memory", "warn", found, "close other programs: a full load on Sail takes up to 3 GB, Spark 4 GB and more"
        )
    if total < 4 * _GIB:
        return Check(
            "Memory",
            "warn",
            found,
            "use --engine sail; Spark's driver asks for 4 GB (spark.driver.memory in a profile)",
        )
    return Check("Memory", "ok", found)


def _memory_bytes() -> tuple[int | None, int | None]:
    """Memory in all and what is free, within the limit of a container."""
    total = free = None
    with contextlib.suppress(OSError, ValueError, AttributeError):
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                free = int(line.split()[1]) * 1024
    with contextlib.suppress(OSError, ValueError):
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii"))
        used = int(Path("/sys/fs/cgroup/memory.current").read_text(encoding="ascii"))
        total = min(total or limit, limit)
        free = min(free if free is not None else limit, max(0, limit - used))
    return total, free


# --- engines ---------------------------------------------------------------------------------------------------------


def _sail() -> Check:
    version = _version("pysail")
    if version is None:
        found = "not installed"
        remedy = "pip install 'nh-lakehouse[sail]' for the embedded engine, which needs no Java"
        return Check("Sail", "warn" if _pyspark_folder() else "fail", found, remedy)
    if _version("pyspark-client") is None and _version("pyspark-connect") is None and not _pyspark_folder():
        return Check("Sail", "fail", f"{version}, without a Connect client", "pip install 'nh-lakehouse[sail]'")
    return Check("Sail", "ok", version)


def _loopback() -> Check:
    if _version("pysail") is None:
        return Check("Sail's server", "ok", "not used")
    if is_shared_machine():
        return Check("Sail's server", "warn", "other people use this machine", LOOPBACK_NOTE)
    return Check("Sail's server", "ok", "127.0.0.1, random port, no authentication, only while a run lasts")


def _spark(*, wanted: bool = False) -> Check:
    folder = _pyspark_folder()
    if folder is not None:
        return Check("Spark", "ok", f"{_version('pyspark') or 'found'} ({folder})")
    client = _version("pyspark-client")
    found = (
        f"this environment has the Connect client alone (pyspark-client {client})"
        if client
        else "PySpark is not installed"
    )
    remedy = "use the Spark environment (make spark), or --engine sail"
    status: Status = "fail" if wanted or _version("pysail") is None else "ok"
    return Check("Spark", status, found, remedy)


def _java(*, wanted: bool = False) -> Check:
    needed = wanted or _pyspark_folder() is not None
    java = find_java()
    if java is None:
        home = os.environ.get("JAVA_HOME")
        missing = f"JAVA_HOME={home} holds no Java that runs" if home else "Java was not found"
        return Check("Java", "fail" if needed else "ok", missing, _JAVA_REMEDY)
    found = f"Java {java.version} ({java.path})"
    if java.line in _JAVA_LINES:
        return Check("Java", "ok", found)
    if java.line < min(_JAVA_LINES):
        return Check("Java", "fail" if needed else "ok", f"{found} is too old for Spark", _JAVA_REMEDY)
    return Check("Java", "warn" if needed else "ok", found, "Spark is tested with Java 17 and 21")


def _jars(*, wanted: bool = False) -> Check:
    folder = _pyspark_folder()
    if folder is None:
        return Check("Delta JARs", "ok", "not needed without Spark")
    line = ".".join((_version("pyspark") or "4.1").split(".")[:2])
    coordinates = JARS.get(line, JARS["4.1"])
    missing = [
        f"{name}-{version}.jar"
        for _, name, version in (c.split(":") for c in coordinates)
        if not _has_jar(folder, name)
    ]
    if not missing:
        return Check("Delta JARs", "ok", f"{folder}/jars")
    found = f"Delta JARs are not in {folder}/jars ({', '.join(missing)})"
    return Check("Delta JARs", "fail" if wanted or _version("pysail") is None else "warn", found, _JARS_REMEDY)


def _has_jar(folder: Path, name: str) -> bool:
    return any((folder / "jars").glob(f"{name}-[0-9]*.jar"))


def _pyspark_folder() -> Path | None:
    """Folder of a Spark that can start: classic PySpark with its JARs, or SPARK_HOME."""
    spec = importlib.util.find_spec("pyspark")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    if (folder / "jars").is_dir():
        return folder
    home = os.environ.get("SPARK_HOME")
    return Path(home) if home and (Path(home) / "jars").is_dir() else None


def find_java() -> Java | None:
    """The Java that Spark would use: JAVA_HOME, else the PATH; None if there is none or it does not run."""
    home = os.environ.get("JAVA_HOME")
    path = os.path.join(home, "bin", "java") if home else shutil.which("java")
    return _ask_java(path) if path else None


@functools.lru_cache(maxsize=4)
def _ask_java(path: str) -> Java | None:
    try:
        answer = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "(\d+)(?:\.(\d+))?[^"]*"', answer.stderr + answer.stdout)
    if found is None:
        return None
    # Java 8 calls itself 1.8.
    line = int(found[2] or 0) if found[1] == "1" else int(found[1])
    return Java(path, found[0].split('"')[1], line)


# --- lakehouse -------------------------------------------------------------------------------------------------------


def _disk(lakehouse: Path) -> Check:
    folder = _nearest(lakehouse)
    free = shutil.disk_usage(folder).free
    found = f"{free / _GIB:.1f} GiB free at {folder}"
    if free < 100 << 20:
        return Check("Disk", "fail", found, "free some space, or choose another --lakehouse")
    if free < 2 * _GIB:
        return Check("Disk", "warn", found, "a full load of one month with its files takes up to 2 GiB for a time")
    return Check("Disk", "ok", found)


def _write_access(lakehouse: Path) -> Check:
    if lakehouse.exists() and not lakehouse.is_dir():
        return Check("Lakehouse", "fail", f"{lakehouse} is a file", "give a folder with --lakehouse")
    folder = _nearest(lakehouse)
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix="_doctor"):
            pass
    except OSError as error:
        remedy = f"chown or chmod {folder}, or choose another --lakehouse"
        return Check("Lakehouse", "fail", f"{folder} cannot be written to ({error.strerror})", remedy)
    return Check("Lakehouse", "ok", str(lakehouse) if folder == lakehouse.absolute() else f"{lakehouse} (not made yet)")


def _lock(lakehouse: Path) -> Check:
    path = lakehouse / "_lock"
    if not path.is_file():
        return Check("Lock", "ok", "free")
    holder = read_lock(path)
    if holder is not None and is_stale(path, holder):
        return Check("Lock", "ok", f"left by the dead run {holder.get('run_id')}; the next run takes it over")
    return Check("Lock", "warn", "held", describe_holder(holder, path))


def _nearest(folder: Path) -> Path:
    """The folder, or the first one above it that exists."""
    found = folder.absolute()
    while not found.is_dir() and found != found.parent:
        found = found.parent
    return found


# --- other people ----------------------------------------------------------------------------------------------------

#: Numbers that systems give to people: from 1000 on Linux, from 501 on macOS, below those of containers and `nobody`.
_FIRST_HUMAN = 501 if sys.platform == "darwin" else 1000
_LAST_HUMAN = 59_999


def is_shared_machine() -> bool:
    """Whether other people use this machine: two or more accounts of people, or processes of another person."""
    return len(_human_accounts()) > 1 or bool(_human_processes() - {os.getuid()} if hasattr(os, "getuid") else set())


def _human_accounts() -> set[int]:
    """People who can log in, by the local file alone: asking a directory service may take seconds."""
    found = set()
    with contextlib.suppress(OSError, UnicodeDecodeError):
        for line in Path("/etc/passwd").read_text(encoding="utf-8").splitlines():
            parts = line.split(":")
            if len(parts) >= 7 and parts[2].isdigit() and not parts[6].endswith(("nologin", "false")):
                found.add(int(parts[2]))
    return {uid for uid in found if _FIRST_HUMAN <= uid <= _LAST_HUMAN}


def _human_processes() -> set[int]:
    found = set()
    with contextlib.suppress(OSError):
        for entry in os.scandir("/proc"):
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    found.add(entry.stat().st_uid)
    return {uid for uid in found if _FIRST_HUMAN <= uid <= _LAST_HUMAN}


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None
