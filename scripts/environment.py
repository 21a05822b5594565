#!/usr/bin/env python3
"""Make, renew and enter the project's virtual environments. Standard library alone; any Python from 3.6 can read it.

    environment.py NAME [dev] [notebook]                 make or renew the environment NAME
    environment.py NAME [dev] [notebook] -- COMMAND ...  the same, then run COMMAND in it
    environment.py java [NAME]                           print the home of the Java that Spark (or NAME) would use

NAME is sail (.venv), spark (.venv-spark) or spark35 (.venv-spark35): three, because `pyspark` and `pyspark-client` own
the same files, and the second Spark line wants an older Python. What is installed stands in setup.cfg, and it is
installed when setup.cfg has changed; otherwise a stamp file is read and nothing else. Spark's two Delta JARs are
fetched once.

What a user's machine may lack ends in one sentence with its remedy, never in a stack trace.
Exit codes: 0 ready, 1 not ready (the sentence says why), 2 wrong use; with COMMAND, its own.
"""

import errno
import hashlib
import os
import re
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` and the like cost milliseconds, which every `make run` would pay
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from types import TracebackType

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
STAMP = ".nh-lakehouse"
OLDEST_PYTHON = (3, 10)
EXTRAS = ("dev", "notebook")

# Delta's other dependencies (85 MB) are in Spark already or are not loaded here: its resolver leaves these out.
NOT_NEEDED = "org.*:*,com.*:*,javax.*:*,jakarta.*:*,commons-*:*,io.unitycatalog:*,io.airlift:*,io.delta:delta-kernel*"

# A shell that was prepared for another Spark or Python would lend these to ours.
FOREIGN = ("PYTHONHOME", "PYTHONPATH", "PYSPARK_SUBMIT_ARGS", "SPARK_HOME", "__PYVENV_LAUNCHER__")


class Trouble(Exception):
    """Something that the user can mend; the message is the one sentence that says how."""


class Environment:
    """One virtual environment: its folder, the extra of the same name, and what it asks of the machine."""

    def __init__(
        self,
        name: str,
        folder: str,
        first_time: str,
        size_gb: float,
        newest_python: "tuple[int, int] | None" = None,
        javas: "tuple[int, ...]" = (),
        jars: "tuple[str, ...]" = (),
    ) -> None:
        self.name = name
        self.folder = folder
        self.path = os.path.join(ROOT, folder)
        self.python = os.path.join(self.path, "bin", "python")
        self.first_time = first_time
        self.size_gb = size_gb
        self.newest_python = newest_python
        self.javas = javas
        self.jars = jars


ENVIRONMENTS = {
    "sail": Environment("sail", ".venv", "30 s", 1.5),
    "spark": Environment(
        "spark",
        ".venv-spark",
        "2 min",
        size_gb=3,
        javas=(17, 21),
        jars=("io.delta:delta-spark_4.1_2.13:4.2.0", "io.delta:delta-storage:4.2.0"),
    ),
    "spark35": Environment(
        "spark35",
        ".venv-spark35",
        "2 min",
        size_gb=3,
        newest_python=(3, 11),
        javas=(17,),
        jars=("io.delta:delta-spark_2.12:3.3.2", "io.delta:delta-storage:3.3.2"),
    ),
}


# Is it ready? ---------------------------------------------------------------------------------------------------------


def fingerprint(environment: Environment) -> str:
    """Hash of all that decides what the environment holds."""
    digest = hashlib.sha256(" ".join(environment.jars).encode())
    for name in ("setup.cfg", "pyproject.toml"):
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def read_stamp(folder: str) -> "dict[str, str]":
    """What the last set-up left in its folder; empty where there was none."""
    try:
        with open(os.path.join(folder, STAMP), encoding="utf-8") as file:
            return dict(line.rstrip("\n").split("=", 1) for line in file if "=" in line)
    except (OSError, UnicodeDecodeError):
        return {}


def write_stamp(folder: str, stamp: "Mapping[str, str]") -> None:
    """Write the stamp in one piece, so that a killed set-up never looks finished."""
    target = os.path.join(folder, STAMP)
    with open(target + ".part", "w", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in sorted(stamp.items()))
    os.replace(target + ".part", target)


def is_ready(environment: Environment, extras: "Sequence[str]") -> bool:
    """Whether the environment holds what setup.cfg and the extras ask for: by its stamp and the files it names."""
    stamp = read_stamp(environment.path)
    needed = [environment.python]
    needed += [jar_path(stamp.get("jars", ""), jar) for jar in environment.jars]
    needed += [os.path.join(stamp.get("java", ""), "bin", "java")] if environment.javas else []
    return (
        stamp.get("root") == ROOT
        and set(extras) <= set(stamp.get("extras", "").split(","))
        and stamp.get("fingerprint") == fingerprint(environment)
        and all(os.path.exists(path) for path in needed)
    )


def jar_path(folder: str, coordinate: str) -> str:
    """Where the JAR of a Maven coordinate `group:artifact:version` lies in a folder."""
    _, artifact, version = coordinate.split(":")
    return os.path.join(folder, f"{artifact}-{version}.jar")


# Python ---------------------------------------------------------------------------------------------------------------


def choose_python(environment: Environment) -> str:
    """The Python to build on: of PYTHON, the running one, then the newest that fits on PATH and under ~/.pyenv.

    Raises:
        Trouble: none fits.
    """
    newest = environment.newest_python
    found = "none"
    for python in python_candidates(os.environ):
        version = python_version(python)
        if version is not None and is_fitting(version, newest):
            return python
        if version is not None and found == "none":
            found = f"only Python {dotted(version)} ({python})"
    wanted = f"{dotted(OLDEST_PYTHON)} to {dotted(newest)}" if newest else f"{dotted(OLDEST_PYTHON)} or newer"
    raise Trouble(
        f"Python {wanted} is needed for {environment.folder} and {found} was found; install one (Debian 12, Ubuntu "
        "22.04 or newer: apt-get install python3 python3-venv; any system: pyenv install "
        f"{dotted(newest or (3, 12))}) or name one: make PYTHON=/path/to/python3"
    )


def dotted(version: "tuple[int, int]") -> str:
    """(3, 10) as 3.10."""
    return f"{version[0]}.{version[1]}"


def is_fitting(version: "tuple[int, int]", newest: "tuple[int, int] | None" = None) -> bool:
    """Whether a Python (major, minor) is new enough, and not newer than `newest`."""
    return version >= OLDEST_PYTHON and (newest is None or version <= newest)


def python_candidates(variables: "Mapping[str, str]") -> "Iterator[str]":
    """Pythons of this machine in the order of preference; never one of our own environments, but what it stands on."""
    import glob
    import shutil

    path = variables.get("PATH", "")
    named = shutil.which(variables.get("PYTHON", ""), path=path)
    for python in (named, sys.executable):
        if python:
            ours = os.path.abspath(python).startswith(os.path.join(ROOT, ".venv"))
            yield os.path.realpath(python) if ours else python
    for minor in range(13, OLDEST_PYTHON[1] - 1, -1):
        on_path = shutil.which(f"python3.{minor}", path=path)
        if on_path:
            yield on_path
        pyenv = os.path.join(variables.get("HOME", ""), ".pyenv", "versions", f"3.{minor}.*", "bin", "python")
        yield from sorted(glob.glob(pyenv))


def python_version(python: str) -> "tuple[int, int] | None":
    """(major, minor) of a Python; None where it does not start, like a pyenv shim of a version that is not active."""
    code, output = output_of([python, "-c", "import sys; print('%d %d' % sys.version_info[:2])"])
    numbers = output.split()
    return (int(numbers[0]), int(numbers[1])) if code == 0 and len(numbers) == 2 else None


# Java -----------------------------------------------------------------------------------------------------------------


def java_major(output: str) -> "int | None":
    """Major version in what `java -version` prints: 8 for "1.8.0_392", 17 for "17.0.15"; None for anything else."""
    match = re.search(r'version "(?:1\.)?(\d+)', output)
    return int(match.group(1)) if match else None


def java_home_in(output: str) -> "str | None":
    """`java.home` in what `java -XshowSettings:properties -version` prints."""
    match = re.search(r"^\s*java\.home = (.+?)\s*$", output, re.MULTILINE)
    return match.group(1) if match else None


def java_candidates(variables: "Mapping[str, str]") -> "Iterator[str]":
    """`java` programs: of JAVA_HOME, of PATH, then where Debian, macOS, Homebrew, SDKMAN and images put them."""
    import glob
    import shutil

    if variables.get("JAVA_HOME"):
        yield os.path.join(variables["JAVA_HOME"], "bin", "java")
    on_path = shutil.which("java", path=variables.get("PATH", ""))
    if on_path:
        yield on_path
    for pattern in (
        "/usr/lib/jvm/*",
        "/opt/java/*",
        "/Library/Java/JavaVirtualMachines/*/Contents/Home",
        "/opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home",
        "/usr/local/opt/openjdk*/libexec/openjdk.jdk/Contents/Home",
        os.path.join(variables.get("HOME", ""), ".sdkman", "candidates", "java", "*"),
    ):
        for home in sorted(glob.glob(pattern)):
            yield os.path.join(home, "bin", "java")


def find_java(
    majors: "Sequence[int]",
    candidates: "Iterable[str]",
    ask: "Callable[[Sequence[str]], tuple[int, str]] | None" = None,
) -> str:
    """Home of the first Java of a fitting version.

    Args:
        majors: the versions that fit.
        candidates: `java` programs in the order of preference; those that do not exist are passed over.
        ask: runs a command and gives its exit code and output.
    Raises:
        Trouble: no Java was found, or only others; it names those, and the package to install.
    """
    seen = set()
    others = []
    for java in candidates:
        real = os.path.realpath(java)
        if real in seen or not os.access(java, os.X_OK):
            continue
        seen.add(real)
        code, output = (ask or output_of)([java, "-XshowSettings:properties", "-version"])
        major = java_major(output)
        if code == 0 and major in majors:
            return java_home_in(output) or os.path.dirname(os.path.dirname(real))
        if code == 0 and major is not None:
            others.append(f"Java {major} ({java})")
    wanted = " or ".join(map(str, majors))
    found = "only " + ", ".join(others) if others else "none"
    raise Trouble(
        f"Spark needs Java {wanted} and {found} was found; install it (Debian, Ubuntu: apt-get install "
        "openjdk-17-jre-headless; macOS: brew install openjdk@17) or set JAVA_HOME; the embedded engine (ENGINE=sail) "
        "needs no Java"
    )


# Running other programs -----------------------------------------------------------------------------------------------


def own_variables(environment: "Environment | None" = None, java_home: str = "") -> "dict[str, str]":
    """The process environment for our programs: nothing of another Spark or Python, this environment's first."""
    variables = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    if environment is not None:
        variables["VIRTUAL_ENV"] = environment.path
        variables["PATH"] = os.path.join(environment.path, "bin") + os.pathsep + variables.get("PATH", os.defpath)
        variables["PYSPARK_PYTHON"] = variables["PYSPARK_DRIVER_PYTHON"] = environment.python
        if variables.pop("PYTHONDONTWRITEBYTECODE", ""):
            # Container images set it to keep source folders clean, which a cache of our own does too: 2 s a start.
            variables.setdefault("PYTHONPYCACHEPREFIX", os.path.join(environment.path, "pycache"))
    if java_home:
        variables["JAVA_HOME"] = java_home
    return variables


def output_of(command: "Sequence[str]") -> "tuple[int, str]":
    """Exit code and output (both streams) of a short command; (127, "") where it cannot be started."""
    import subprocess

    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    try:
        process = subprocess.Popen(
            command, stdin=nothing, stdout=pipe, stderr=subprocess.STDOUT, env=own_variables(), universal_newlines=True
        )
        output = process.communicate()[0]
    except OSError:
        return 127, ""
    return process.returncode, output


class Progress:
    """One line about long work; on a terminal it counts the seconds."""

    def __init__(self, text: str) -> None:
        import time

        self.text = text + " ..."
        self.clock = time.monotonic
        self.start = self.clock()
        self.is_live = sys.stderr.isatty()

    def __enter__(self) -> "Progress":
        self.show(self.text)
        return self

    def tick(self) -> None:
        """Show the seconds so far."""
        if self.is_live:
            self.show(f"\r{self.text} {self.seconds()} s")

    def __exit__(
        self, kind: "type[BaseException] | None", error: "BaseException | None", trace: "TracebackType | None"
    ) -> None:
        again = "\r" + self.text if self.is_live else ""
        self.show(again + (f" done in {self.seconds()} s\n" if kind is None else " stopped\n"))

    def seconds(self) -> int:
        """Whole seconds since the start."""
        return int(self.clock() - self.start)

    def show(self, text: str) -> None:
        """Write without a line break."""
        sys.stderr.write(text)
        sys.stderr.flush()


def run(command: "Sequence[str]", environment: Environment, progress: Progress, variables: "Mapping[str, str]") -> str:
    """Run one long step of a set-up; gives its output, kept in memory, for on a full disk no log can be written.

    Raises:
        Trouble: the step failed; `explain` tells why.
    """
    import subprocess
    import threading

    pipe, nothing, out = subprocess.PIPE, subprocess.DEVNULL, subprocess.STDOUT
    lines: "list[str]" = []
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=nothing,
        stdout=pipe,
        stderr=out,
        env=dict(variables),
        encoding="utf-8",
        errors="replace",
    ) as process:
        reader = threading.Thread(target=lambda: lines.extend(process.stdout or ()))
        reader.daemon = True
        reader.start()
        try:
            while reader.is_alive():
                reader.join(0.5)
                progress.tick()
            code = process.wait()
        except KeyboardInterrupt:
            process.terminate()
            raise
    output = "".join(lines)
    if code != 0:
        raise Trouble(explain(output, environment))
    return output


# What went wrong ------------------------------------------------------------------------------------------------------

# The words of pip, venv and Ivy for each cause; the first that matches counts.
CAUSES = (
    ("disk", r"No space left on device|Errno 28|[Dd]isk quota exceeded"),
    ("venv", r"ensurepip is not available|No module named '?(ensurepip|venv)|'-m', 'ensurepip'.* non-zero exit"),
    (
        "network",
        r"ConnectionError|NameResolutionError|[Nn]ame resolution|Name or service not known|getaddrinfo|Errno 8\b"
        r"|Failed to establish a new connection|Network is unreachable|Connection (refused|reset|broken)|[Tt]imed out"
        r"|TimeoutError|ProxyError|SSLError|CERTIFICATE_VERIFY_FAILED|Max retries exceeded|IncompleteRead"
        r"|HTTP error [45]\d\d|[45]\d\d (Client|Server) Error|\(from versions: none\)"
        r"|Host \S+ not found|UnknownHostException|Server access error|(?i:unresolved dependenc)",
    ),
)


def cause_of(output: str) -> "str | None":
    """What made a step fail: "disk", "venv" or "network"; None for anything else."""
    for cause, words in CAUSES:
        if re.search(words, output):
            return cause
    return None


def explain(output: str, environment: Environment) -> str:
    """The one sentence about a failed step."""
    cause = cause_of(output)
    if cause == "disk" or (cause != "network" and is_disk_short()):  # venv hides why it failed
        return disk_full(environment)
    if cause == "venv":
        return (
            "this Python cannot make virtual environments; install what it lacks (Debian, Ubuntu: apt-get install "
            "python3-venv) and run the same command again"
        )
    if cause == "network":
        what, source = environment.folder, "package index"
        settings = "pip's settings (pip config list, PIP_INDEX_URL, PIP_PROXY)"
        if "Ivy Default Cache" in output:
            what, source = "Spark's Delta JARs", "Maven repository"
            settings = (
                "Spark's (spark.jars.repositories or spark.jars.ivySettings in SPARK_CONF_DIR/spark-defaults.conf)"
            )
        return (
            f"{what} could not be downloaded: there is no network, or the {source} that this machine uses does not "
            f"answer; check the connection and {settings}, then run the same command again"
            f"{keep_log(output, environment)}"
        )
    told = [line.strip() for line in output.splitlines() if line.strip()] or ["it ended without a word"]
    errors = [line for line in told if line.lower().startswith("error")] or told
    return f"{environment.folder} could not be set up: {errors[-1]}{keep_log(output, environment)}"


def is_disk_short() -> bool:
    """Whether less than 20 MB are left where the environments or the temporary files go."""
    import shutil

    places = (ROOT, os.environ.get("TMPDIR", "/tmp"))
    return any(shutil.disk_usage(place).free < 20e6 for place in places if os.path.isdir(place))


def disk_full(environment: Environment) -> str:
    """The one sentence about a full disk."""
    return (
        f"the disk is full: {environment.folder} needs about {environment.size_gb:g} GB in {ROOT}, and as much for a "
        "moment in the folder for temporary files (TMPDIR); free some space and run the same command again"
    )


def keep_log(output: str, environment: Environment) -> str:
    """Keep a failed step's output beside the environment; gives the words that say where, if that was possible."""
    try:
        with open(log_path(environment), "w", encoding="utf-8") as file:
            file.write(re.sub(r"://[^@/\s]+@", "://***@", output))
    except OSError:
        return ""
    return f" (all it said is in {environment.folder}.log)"


def log_path(environment: Environment) -> str:
    """Where the output of a failed step is kept."""
    return environment.path + ".log"


# Making it ------------------------------------------------------------------------------------------------------------


def prepare(environment: Environment, extras: "Sequence[str]") -> None:
    """Make or renew an environment; after it, `is_ready` holds.

    Raises:
        Trouble: the machine lacks something.
    """
    import fcntl

    python = choose_python(environment)
    java_home = find_java(environment.javas, java_candidates(os.environ)) if environment.javas else ""
    with open(__file__) as this:
        fcntl.flock(this, fcntl.LOCK_EX)  # a second `make` waits for the first
        if is_ready(environment, extras):  # another `make` did it meanwhile
            return
        old = read_stamp(environment.path) if is_usable(environment) else {}
        renewing = f"renewing the environment {environment.folder}"
        setting_up = f"setting up the environment {environment.folder} (about {environment.first_time} the first time)"
        with Progress(renewing if "fingerprint" in old else setting_up) as progress:
            if not old:
                create = [python, "-m", "venv", "--clear", environment.path]
                run(create, environment, progress, own_variables())
            try:
                renew(environment, old, extras, java_home, progress)
            except Trouble:  # pip has put back what it changed: what worked before works still
                write_stamp(environment.path, old or {"root": ROOT})
                raise
        if os.path.exists(log_path(environment)):
            os.remove(log_path(environment))


def renew(
    environment: Environment, old: "Mapping[str, str]", extras: "Sequence[str]", java_home: str, progress: Progress
) -> None:
    """Install all, those extras included that were asked for earlier; the stamp is valid only at the end."""
    wanted = sorted(set(extras) | set(filter(None, old.get("extras", "").split(","))))
    write_stamp(environment.path, {"root": ROOT, "extras": old.get("extras", "")})
    install(environment, wanted, progress)
    stamp = {"root": ROOT, "extras": ",".join(wanted), "fingerprint": fingerprint(environment)}
    if environment.javas:
        stamp.update(java=java_home, jars=bring_jars(environment, java_home, progress))
        write_spark_submit(environment, java_home, os.path.dirname(stamp["jars"]))
    write_stamp(environment.path, stamp)
    if environment.javas:
        archive_classes(environment, java_home, progress)


def is_usable(environment: Environment) -> bool:
    """Whether the folder holds an environment that a new install may build on: ours, not moved, with its Python."""
    is_here = read_stamp(environment.path).get("root") == ROOT
    return is_here and output_of([environment.python, "-m", "pip", "--version"])[0] == 0


def install(environment: Environment, extras: "Sequence[str]", progress: Progress) -> None:
    """Install the package, editable, with its extras, by the environment's own pip and the user's pip settings."""
    variables = dict(own_variables(environment), PIP_USER="0")  # a machine-wide `user = true` is refused in a venv
    pip = [environment.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    code, version = output_of([environment.python, "-c", "import pip; print(pip.__version__)"])
    if code == 0 and tuple(int(part) for part in version.split(".")[:2]) < (21, 3):
        run([*pip, "--upgrade", "pip"], environment, progress, variables)  # first with editable src layouts
    # to compile what is never imported takes a third of the time; Python compiles the rest when it is first used
    package = f".[{','.join([environment.name, *extras])}]"
    run([*pip, "--no-compile", "--progress-bar", "off", "--editable", package], environment, progress, variables)


def bring_jars(environment: Environment, java_home: str, progress: Progress) -> str:
    """Put the Delta JARs beside Spark's own, fetched by Spark's own resolver under its settings; gives the folder."""
    import glob
    import shutil
    import tempfile

    spark_home = glob.glob(os.path.join(environment.path, "lib", "python3*", "site-packages", "pyspark"))[0]
    jars = os.path.join(spark_home, "jars")
    if all(os.path.exists(jar_path(jars, jar)) for jar in environment.jars):
        return jars
    with tempfile.TemporaryDirectory() as folder:
        job = os.path.join(folder, "nothing.py")  # spark-submit resolves packages only for a job
        open(job, "w").close()
        command = [os.path.join(spark_home, "bin", "spark-submit"), "--master", "local[1]"]
        command += ["--packages", ",".join(environment.jars), "--exclude-packages", NOT_NEEDED, job]
        variables = dict(own_variables(environment, java_home), SPARK_HOME=spark_home)
        output = run(command, environment, progress, variables)
    match = re.search(r"^The jars for the packages stored in: (.+)$", output, re.MULTILINE)
    if match is None:
        raise Trouble(explain("error: Spark fetched no JARs\n" + output, environment))
    for jar in environment.jars:
        fetched = os.path.join(match.group(1), jar.split(":")[0] + "_" + os.path.basename(jar_path("", jar)))
        shutil.copyfile(fetched, jar_path(jars, jar) + ".part")
        os.replace(jar_path(jars, jar) + ".part", jar_path(jars, jar))
    return jars


SPARK_SUBMIT = """#!/bin/sh
# Written by scripts/environment.py: this environment's Spark, Python and Java, whatever the shell is set to.
export SPARK_HOME='{spark}' PYSPARK_PYTHON='{python}' PYSPARK_DRIVER_PYTHON='{python}'
if [ -x '{java}/bin/java' ]; then export JAVA_HOME='{java}'; fi
exec "$SPARK_HOME/bin/spark-submit" "$@"
"""


def write_spark_submit(environment: Environment, java_home: str, spark_home: str) -> None:
    """Replace the environment's `spark-submit`: pip's asks the shell for SPARK_HOME, then `python3` on PATH."""
    path = os.path.join(environment.path, "bin", "spark-submit")
    with open(path + ".part", "w", encoding="utf-8") as file:
        file.write(SPARK_SUBMIT.format(spark=spark_home, python=environment.python, java=java_home))
    os.chmod(path + ".part", 0o755)
    os.replace(path + ".part", path)


def archive_classes(environment: Environment, java_home: str, progress: Progress) -> None:
    """Keep Spark's classes as the JVM holds them: it starts in half the time. Without them it starts as ever."""
    command = [environment.python, "-m", "nh_lakehouse.engines.class_archive"]
    try:
        run(command, environment, progress, own_variables(environment, java_home))
    except Trouble:
        return


# Command line ---------------------------------------------------------------------------------------------------------


def enter(environment: Environment, command: "Sequence[str]") -> None:
    """Become the command, within the environment.

    Raises:
        Trouble: there is no such command.
    """
    variables = own_variables(environment, read_stamp(environment.path).get("java", ""))
    try:
        os.execvpe(command[0], list(command), variables)
    except FileNotFoundError:
        raise Trouble(f"there is no {command[0]} in {environment.folder}") from None


def main(arguments: "Sequence[str]") -> int:
    """Do what the arguments ask (see the module's text); gives the exit code."""
    names, command = list(arguments), []
    if "--" in names:
        names, command = names[: names.index("--")], names[names.index("--") + 1 :]
    asks_java = names[:1] == ["java"]
    if asks_java:
        names = names[1:] or ["spark"]
    if not names or names[0] not in ENVIRONMENTS or not set(names[1:]) <= set(EXTRAS):
        sys.stderr.write(__doc__ or "")
        return 2
    environment = ENVIRONMENTS[names[0]]
    try:
        if asks_java:
            print(find_java(environment.javas or (17, 21), java_candidates(os.environ)))
            return 0
        if not is_ready(environment, names[1:]):
            prepare(environment, names[1:])
        if command:
            enter(environment, command)
        return 0
    except Trouble as trouble:
        message = str(trouble)
    except KeyboardInterrupt:
        message = "interrupted; run the same command again to go on"
    except OSError as error:
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        message = disk_full(environment) if is_full else f"{error.filename or ROOT}: {error.strerror or error}"
    sys.stderr.write(message[:1].upper() + message[1:] + ".\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
