"""The script that makes the environments: what it says of a machine that lacks something, when it is idle."""

import configparser
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from nh_lakehouse.engines.spark import JARS

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "scripts" / "environment.py"


@pytest.fixture
def environment(tmp_path, monkeypatch) -> ModuleType:
    """The script as a module, at work in a scratch folder."""
    spec = importlib.util.spec_from_file_location("environment", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", str(tmp_path))
    for one in module.ENVIRONMENTS.values():
        one.path = str(tmp_path / one.folder)
        one.python = str(tmp_path / one.folder / "bin" / "python")
    (tmp_path / "setup.cfg").write_text("[metadata]\n")
    (tmp_path / "pyproject.toml").write_text("")
    return module


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    path.chmod(0o755)
    return path


def make_ready(environment: ModuleType, name: str, extras: str = "") -> Path:
    """Lay out what a finished set-up leaves behind."""
    one = environment.ENVIRONMENTS[name]
    folder = Path(one.path)
    touch(Path(one.python))
    touch(folder / "java" / "bin" / "java")
    for jar in one.jars:
        touch(Path(environment.jar_path(str(folder / "jars"), jar)))
    stamp = {"root": environment.ROOT, "extras": extras, "fingerprint": environment.fingerprint(one)}
    environment.write_stamp(one.path, {**stamp, "java": str(folder / "java"), "jars": str(folder / "jars")})
    return folder


# Java


@pytest.mark.parametrize(
    ("output", "major"),
    [
        ('java version "1.8.0_392"\nJava(TM) SE Runtime Environment (build 1.8.0_392-b08)', 8),
        ('openjdk version "11.0.2" 2019-01-15', 11),
        ('openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment (build 17.0.15+6-Debian-1deb12u1)', 17),
        ('openjdk version "21" 2023-09-19', 21),
        ('openjdk version "21-ea" 2023-09-19', 21),
        ('Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version "17.0.1"', 17),
        ("The operation couldn't be completed. Unable to locate a Java Runtime.", None),
        ("", None),
    ],
    ids=["8", "11", "17", "21", "early-access", "tool-options", "macos-stub", "nothing"],
)
def test_java_major_reads_every_form(environment, output, major):
    assert environment.java_major(output) == major


def test_java_home_is_read_from_the_settings(environment):
    output = 'Property settings:\n    java.home = /usr/lib/jvm/java 17\n    java.io.tmpdir = /tmp\n\nversion "17"'
    assert environment.java_home_in(output) == "/usr/lib/jvm/java 17"


def test_find_java_passes_over_wrong_versions(environment, tmp_path):
    versions = {str(touch(tmp_path / name / "bin" / "java")): name for name in ("1.8.0_392", "25.0.1", "21.0.2", "17")}
    found = environment.find_java((17, 21), versions, lambda command: (0, f'version "{versions[command[0]]}"'))
    assert found == str(tmp_path / "21.0.2")


def test_find_java_names_the_wrong_one_and_the_package(environment, tmp_path):
    java = str(touch(tmp_path / "bin" / "java"))
    with pytest.raises(environment.Trouble) as caught:
        environment.find_java((17, 21), [java], lambda command: (0, 'openjdk version "11.0.2"'))
    message = str(caught.value)
    assert f"Java 17 or 21 and only Java 11 ({java})" in message
    assert "apt-get install openjdk-17-jre-headless" in message


@pytest.mark.parametrize("broken", ["absent", "fails"])
def test_find_java_says_none_where_none_starts(environment, tmp_path, broken):
    java = tmp_path / "bin" / "java"
    if broken == "fails":
        touch(java)
    with pytest.raises(environment.Trouble, match="needs Java 17 and none was found"):
        environment.find_java((17,), [str(java)], lambda command: (1, "Unable to locate a Java Runtime"))


def test_java_home_comes_before_path(environment, tmp_path):
    variables = {
        "JAVA_HOME": str(tmp_path / "home"),
        "PATH": str(touch(tmp_path / "path" / "java").parent),
        "HOME": "/",
    }
    candidates = list(environment.java_candidates(variables))
    assert candidates[:2] == [str(tmp_path / "home" / "bin" / "java"), str(tmp_path / "path" / "java")]


# Python


@pytest.mark.parametrize(
    ("version", "newest", "fits"),
    [
        ((3, 9), None, False),
        ((3, 10), None, True),
        ((3, 13), None, True),
        ((3, 11), (3, 11), True),
        ((3, 12), (3, 11), False),
    ],
    ids=str,
)
def test_is_fitting_knows_both_ends(environment, version, newest, fits):
    assert environment.is_fitting(version, newest) is fits


def test_old_python_ends_in_one_sentence(environment, monkeypatch, capsys):
    monkeypatch.setattr(environment, "python_candidates", lambda variables: iter(["/usr/bin/python3"]))
    monkeypatch.setattr(environment, "python_version", lambda python: (3, 8))
    assert environment.main(["sail"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("Python 3.10 or newer is needed for .venv and only Python 3.8 (/usr/bin/python3) was found")
    assert "apt-get install python3 python3-venv" in told
    assert told.count("\n") == 1


def test_second_spark_line_takes_an_older_python(environment, monkeypatch):
    versions = {"python3": (3, 13), "shim": None, "python3.11": (3, 11)}
    monkeypatch.setattr(environment, "python_candidates", lambda variables: iter(versions))
    monkeypatch.setattr(environment, "python_version", versions.get)
    assert environment.choose_python(environment.ENVIRONMENTS["spark35"]) == "python3.11"
    assert environment.choose_python(environment.ENVIRONMENTS["spark"]) == "python3"


def test_script_keeps_to_the_syntax_of_python_36():
    import ast

    ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 6))


# What pip, venv and Ivy say


@pytest.mark.parametrize(
    ("output", "cause"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk"),
        ("WARNING: Retrying after connection broken by 'NewConnectionError'\nOSError: [Errno 28] ...", "disk"),
        (
            "... because ensurepip is not\navailable.  On Debian ...\n/usr/bin/python3: No module named ensurepip",
            "venv",
        ),
        ("Error: Command '['.venv/bin/python3', '-m', 'ensurepip']' returned non-zero exit status 1.", "venv"),
        ("NewConnectionError: Failed to establish a new connection: [Errno -2] Name or service not known", "network"),
        ("ERROR: No matching distribution found for setuptools (from versions: none)", "network"),
        ("pip._vendor.urllib3.exceptions.ReadTimeoutError: Read timed out.", "network"),
        ("ERROR: HTTP error 403 while getting a file", "network"),
        (":: io.delta#delta-storage;4.2.0: not found\n[unresolved dependency: io.delta#delta-storage]", "network"),
        ("ERROR: No matching distribution found for rich>=99 (from versions: 14.0, 15.0)", None),
    ],
)
def test_cause_of_reads_the_tools_words(environment, output, cause):
    assert environment.cause_of(output) == cause


@pytest.mark.parametrize(
    ("output", "remedy"),
    [
        ("No space left on device", "free some space"),
        ("ensurepip is not available", "apt-get install python3-venv"),
        ("Max retries exceeded", "PIP_INDEX_URL"),
        ("Ivy Default Cache set to: /x\nUnknownHostException", "spark.jars.repositories"),
        ("Traceback ...\nERROR: first\nERROR: no wheel for this machine\nnote", "no wheel for this machine"),
    ],
)
def test_failed_step_ends_in_one_sentence_with_the_remedy(environment, capsys, monkeypatch, output, remedy):
    command = [sys.executable, "-c", f"import sys; print({output!r}); sys.exit(1)"]
    monkeypatch.setattr(environment, "is_disk_short", lambda: False)
    monkeypatch.setattr(environment, "choose_python", lambda one: environment.run(command, one, progress, os.environ))
    progress = environment.Progress("making")
    assert environment.main(["sail"]) == 1
    told = capsys.readouterr().err
    assert remedy in told
    assert told.count("\n") == 1


def test_kept_log_hides_passwords(environment):
    one = environment.ENVIRONMENTS["sail"]
    environment.explain("Max retries exceeded with https://me:secret@example.org/simple", one)
    assert "secret" not in Path(environment.log_path(one)).read_text()


def test_venv_failure_on_a_full_disk_names_the_disk(environment, monkeypatch):
    monkeypatch.setattr(environment, "is_disk_short", lambda: True)
    assert environment.explain("'-m', 'ensurepip' non-zero exit", environment.ENVIRONMENTS["sail"]).startswith(
        "the disk"
    )


# Stamps


@pytest.mark.parametrize("name", ["sail", "spark", "spark35"])
def test_finished_environment_is_ready(environment, name):
    make_ready(environment, name)
    assert environment.is_ready(environment.ENVIRONMENTS[name], [])


@pytest.mark.parametrize(
    "change", ["setup.cfg", "pyproject.toml", "no stamp", "no python", "no java", "no jar", "moved", "more extras"]
)
def test_environment_is_not_ready_after(environment, tmp_path, change):
    one = environment.ENVIRONMENTS["spark"]
    folder = make_ready(environment, "spark", extras="dev")
    extras = ["dev"]
    if change in ("setup.cfg", "pyproject.toml"):
        (tmp_path / change).write_text("changed")
    elif change == "moved":
        environment.write_stamp(one.path, {**environment.read_stamp(one.path), "root": "/elsewhere"})
    elif change == "more extras":
        extras.append("notebook")
    else:
        gone = {
            "no stamp": folder / environment.STAMP,
            "no python": folder / "bin" / "python",
            "no java": folder / "java" / "bin" / "java",
            "no jar": folder / "jars" / "delta-storage-4.2.0.jar",
        }
        gone[change].unlink()
    assert not environment.is_ready(one, extras)


def test_ready_environment_is_not_touched(environment, monkeypatch):
    make_ready(environment, "sail", extras="dev,notebook")
    monkeypatch.setattr(environment, "prepare", lambda *_: pytest.fail("set up again"))
    assert environment.main(["sail", "dev"]) == 0


def test_failed_install_leaves_what_worked(environment, monkeypatch):
    one = environment.ENVIRONMENTS["sail"]
    make_ready(environment, "sail")
    monkeypatch.setattr(environment, "choose_python", lambda one: "python3")
    monkeypatch.setattr(environment, "is_usable", lambda one: True)

    def fail(*_):
        raise environment.Trouble("no network")

    monkeypatch.setattr(environment, "install", fail)
    assert environment.main(["sail", "dev"]) == 1
    assert environment.is_ready(one, [])
    assert not environment.is_ready(one, ["dev"])


def test_environment_without_an_archive_of_classes_is_ready_all_the_same(environment, monkeypatch):
    one, asked = environment.ENVIRONMENTS["spark"], []

    def fail(command, *_):
        asked.append(command[1:])
        raise environment.Trouble("no memory")

    monkeypatch.setattr(environment, "run", fail)
    environment.archive_classes(one, "/java", None)
    assert asked == [["-m", "nh_lakehouse.engines.class_archive"]]


def test_command_runs_in_the_environment_without_another_spark(environment, monkeypatch):
    folder = make_ready(environment, "spark")
    monkeypatch.setenv("SPARK_HOME", "/opt/other-spark")
    monkeypatch.setenv("PYTHONPATH", "/opt/other-spark/python")
    started = []
    monkeypatch.setattr(os, "execvpe", lambda *call: started.append(call))
    environment.main(["spark", "--", "pytest", "--", "-x"])
    [(program, command, variables)] = started
    assert (program, command) == ("pytest", ["pytest", "--", "-x"])
    assert variables["PATH"].split(os.pathsep)[0] == str(folder / "bin")
    assert variables["JAVA_HOME"] == str(folder / "java")
    assert "SPARK_HOME" not in variables
    assert "PYTHONPATH" not in variables


def test_compiled_python_is_kept_in_the_environment_where_it_may_not_lie_beside_its_source(environment, monkeypatch):
    folder = make_ready(environment, "sail")
    started = []
    monkeypatch.setattr(os, "execvpe", lambda *call: started.append(call[2]))
    monkeypatch.delenv("PYTHONPYCACHEPREFIX", raising=False)
    for value in ("1", ""):
        monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", value)
        environment.main(["sail", "--", "pytest"])
    forbidden, allowed = started
    assert forbidden["PYTHONPYCACHEPREFIX"] == str(folder / "pycache")
    assert "PYTHONPYCACHEPREFIX" not in allowed
    assert "PYTHONDONTWRITEBYTECODE" not in forbidden


@pytest.mark.parametrize("arguments", [[], ["hadoop"], ["sail", "everything"], ["--", "ls"]], ids=" ".join)
def test_wrong_use_explains_itself(environment, capsys, arguments):
    assert environment.main(arguments) == 2
    assert "environment.py NAME" in capsys.readouterr().err


# Agreement with the rest of the project


@pytest.mark.parametrize(("name", "line"), [("spark", "4.1"), ("spark35", "3.5")])
def test_jars_are_those_of_the_package_and_of_setup_cfg(environment, name, line):
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    requirements = dict(row.split("==") for row in config["options.extras_require"][name].split() if "==" in row)
    jars = environment.ENVIRONMENTS[name].jars
    assert jars == JARS[line]
    assert {jar.rsplit(":", 1)[1] for jar in jars} == {requirements["delta-spark"]}


def test_make_help_lists_every_task():
    phony = next(line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith(".PHONY:"))
    told = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {line.split()[1] for line in told.splitlines() if line.startswith("  make ")} == set(phony.split()[1:])
