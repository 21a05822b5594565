"""The jobs: arguments of three platforms, exit codes, and one real spark-submit."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import provider_row, write

from nh_lakehouse import Lakehouse
from nh_lakehouse.errors import ConfigError, ConflictError, EngineUnavailableError
from nh_lakehouse.pipeline import job
from nh_lakehouse.pipeline.job import main, parse_arguments
from nh_lakehouse.pipeline.report import FileLine, RunReport, TableLine

JOBS = Path(__file__).parent.parent / "jobs"
ALL = ("bronze", "silver", "gold")
NEEDED = ["--landing", "in", "--lakehouse", "lake"]


def test_parse_arguments_in_full() -> None:
    found = parse_arguments(
        [*NEEDED, "--domain", "nursing_home", "--select", "gold.a,gold.b", "--select", "gold.c", "--full-refresh",
         "--wait", "30", "--profile", "emr"], ALL,
    )  # fmt: skip
    assert (found.landing, found.lakehouse) == (Path("in"), Path("lake"))
    assert (found.domains, found.select) == (("nursing_home",), ("gold.a", "gold.b", "gold.c"))
    assert (found.full_refresh, found.wait_s, found.profile, found.ignored) == (True, 30.0, "emr", ())


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], False),
        (["--full-refresh"], True),
        (["--full_refresh"], True),
        (["--full_refresh", "true"], True),
        (["--full_refresh=TRUE"], True),
        (["--full-refresh", "false"], False),
        (["--full_refresh", "--JOB_NAME", "x"], True),
    ],
    ids=repr,
)
def test_parse_arguments_full_refresh(arguments: list[str], expected: bool) -> None:
    assert parse_arguments([*NEEDED, *arguments], ALL).full_refresh is expected


def test_parse_arguments_takes_underscores_and_folders_by_their_long_names() -> None:
    found = parse_arguments(["--landing_dir=s/a_b", "--lakehouse_dir", "l_k"], ALL)
    assert (found.landing, found.lakehouse) == (Path("s/a_b"), Path("l_k"))


def test_parse_arguments_ignores_what_a_platform_adds() -> None:
    added = ["--JOB_NAME", "nightly", "--enable-metrics", "true", "--TempDir=s3://t", "--job-language", "python"]
    found = parse_arguments(["--JOB_ID", "1", *NEEDED, *added], ALL)
    assert found.landing == Path("in")
    assert set(found.ignored) >= {"--JOB_NAME", "nightly", "--JOB_ID", "--TempDir=s3://t"}


def test_parse_arguments_does_not_take_abbreviations() -> None:
    assert parse_arguments([*NEEDED, "--sel", "x", "--full", "true"], ALL).select == ()


@pytest.mark.parametrize(
    "arguments",
    [["--lakehouse", "l"], ["--landing", "in"], [*NEEDED, "--wait", "-1"], [*NEEDED, "--wait", "soon"],
     [*NEEDED, "--full-refresh", "maybe"], [*NEEDED, "--engine", "duck"]],
    ids=["no landing", "no lakehouse", "negative wait", "no number", "no flag", "no engine"],
)  # fmt: skip
def test_parse_arguments_wrong_use_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse_arguments(arguments, ALL)
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize("layer", ["silver", "gold"])
def test_parse_arguments_needs_no_landing_folder_above_bronze(layer: str) -> None:
    assert parse_arguments(["--lakehouse", "l"], [layer]).landing is None


# --- a run -----------------------------------------------------------------------------------------------------------


class Recorded:
    """In place of a run: what it was called with, and what it answers."""

    def __init__(self, answer: RunReport | Exception) -> None:
        self.answer = answer
        self.options: Any = None
        self.engine = ""

    def run(self, options: Any, open_engine: Any, *, reporter: Any) -> RunReport:
        self.options = options
        reporter.phase("bronze: 1 files")
        reporter.end("bronze", "1 files")
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def open_engine(self, name: str, **options: Any) -> Any:
        self.engine = name
        return self

    def stop(self) -> None:
        """Nothing was started."""


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    found = Recorded(RunReport("r", "lake", files=[FileLine("a.csv", "x", "loaded", None, 3, 3, 0, 0, 0, 0)]))
    monkeypatch.setattr("nh_lakehouse.pipeline.runner.run", found.run)
    monkeypatch.setattr("nh_lakehouse.settings.open_engine", found.open_engine)
    monkeypatch.setattr("nh_lakehouse.doctor.require_spark", lambda jars: None)
    return found


def test_main_returns_where_all_went_well(recorded: Recorded, capsys: pytest.CaptureFixture[str]) -> None:
    main(ALL, [*NEEDED, "--JOB_NAME", "x", "--TempDir=secret"])
    out = capsys.readouterr().out
    assert "a.csv: 3 rows read, 3 accepted" in out
    assert "ignored: --JOB_NAME --TempDir" in out
    assert "secret" not in out
    assert recorded.options.layers == ALL
    assert recorded.engine == "spark"


@pytest.mark.parametrize(
    ("arguments", "engine"),
    [
        ([], "spark"),
        (["--engine", "sail"], "sail"),
        (["--profile", "local"], "spark"),
        (["--profile", "glue"], "spark"),
    ],
)
def test_main_runs_on_spark_unless_told(recorded: Recorded, arguments: list[str], engine: str) -> None:
    main(ALL, [*NEEDED, *arguments])
    assert recorded.engine == engine


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (
            RunReport("r", "l", status="partial", tables=[TableLine("gold.x", "failed", "failed", error="broken")]),
            1,
            "gold.x: broken",
        ),
        (ConflictError("another run writes"), 1, "another run writes"),
        (EngineUnavailableError("no Java"), 1, "no Java"),
        (ConfigError("no such domain"), 2, "no such domain"),
    ],
    ids=["failed table", "conflict", "no engine", "wrong use"],
)
def test_main_exits_with(
    recorded: Recorded, answer: Any, code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded.answer = answer
    with pytest.raises(SystemExit) as caught:
        main(ALL, NEEDED)
    assert caught.value.code == code
    assert words in capsys.readouterr().out


def test_main_writes_a_summary_and_logs_json(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "run.json"
    main(ALL, [*NEEDED, "--summary", str(target), "--log=json"])
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["phase", "end"]
    assert json.loads(target.read_text())["files"][0]["file"] == "a.csv"
    recorded.answer = ConflictError("another run writes")
    with pytest.raises(SystemExit):
        main(ALL, [*NEEDED, "--summary", str(target)])
    report = json.loads(target.read_text())
    assert (report["status"], report["errors"], report["exit_code"]) == ("failed", ["another run writes"], 1)


def test_main_writes_a_summary_of_a_bug_and_shows_where_it_is(recorded: Recorded, tmp_path: Path) -> None:
    recorded.answer = ValueError("what is this")
    with pytest.raises(ValueError, match="what is this"):
        main(ALL, [*NEEDED, "--summary", str(tmp_path / "run.json")])
    assert "what is this" in json.loads((tmp_path / "run.json").read_text())["error"]


def test_main_takes_the_arguments_of_the_process(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["jobs/gold.py", "--lakehouse", "lake"])
    main(("gold",))
    assert recorded.options.layers == ("gold",)


@pytest.mark.parametrize(
    ("name", "layers"), [("bronze", ("bronze",)), ("silver", ("silver",)), ("gold", ("gold",)), ("pipeline", ALL)]
)
def test_job_files_call_the_package(name: str, layers: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    called = []
    monkeypatch.setattr(job, "main", lambda wanted: called.append(wanted))
    source = (JOBS / f"{name}.py").read_text()
    exec(compile(source, name, "exec"), {"__name__": "__main__"})
    assert called == [layers]


def spark_submit() -> Path:
    """The environment's own spark-submit."""
    spec = importlib.util.find_spec("pyspark")
    folder = Path(spec.origin).parent if spec and spec.origin else Path()
    if not (folder / "jars").is_dir():
        pytest.skip("this environment has no classic Spark: make test-spark")
    if not any((folder / "jars").glob("delta-spark*.jar")):
        pytest.skip("Delta's JARs are not beside PySpark: make spark")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("no Java: apt-get install openjdk-17-jre-headless")
    return folder / "bin" / "spark-submit"


@pytest.mark.spark
@pytest.mark.slow
def test_spark_submit_needs_no_further_flags(tmp_path: Path) -> None:
    command = spark_submit()
    write(tmp_path / "in" / "NH_ProviderInfo_Oct2024.csv", [provider_row("015009")])
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": sys.executable}
    environment["PYTHONPATH"] = os.pathsep.join([str(JOBS.parent / "src"), os.environ.get("PYTHONPATH", "")])
    arguments = ["--landing", "in", "--lakehouse", "lake", "--select", "silver.nh_facility_month", "--JOB_NAME", "x"]
    done = subprocess.run(
        [command, JOBS / "pipeline.py", *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert "1 rows read, 1 accepted" in done.stdout
    assert Lakehouse(tmp_path / "lake").arrow("silver.nh_facility_month", ["ccn"]).to_pylist() == [{"ccn": "015009"}]
