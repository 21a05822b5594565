"""Run profiles: what they may say, where they are found, and what a mistake is answered with."""

from __future__ import annotations

from pathlib import Path

import pytest

from nh_lakehouse import settings
from nh_lakehouse.errors import ConfigError
from nh_lakehouse.settings import Profile, choose_engine, load_profile, profile_names

CONF = Path(__file__).parent.parent / "conf"
PACKAGED = Path(settings.__file__).parent / "conf"


def profile(folder: Path, text: str, name: str = "mine") -> Profile:
    (folder / f"{name}.yaml").write_text(text)
    return load_profile(name, [folder])


def test_load_profile_without_a_name_gives_the_defaults() -> None:
    assert load_profile(None) == Profile(engine="auto", parallel=None)


@pytest.mark.parametrize("name", profile_names([PACKAGED]))
def test_load_profile_reads_every_packaged_profile(name: str) -> None:
    assert load_profile(name, [PACKAGED]).engine in ("auto", "sail", "spark")


def test_packaged_profiles_are_those_of_the_project() -> None:
    assert profile_names([PACKAGED]) == ["emr", "glue", "local"]
    for path in CONF.glob("*.yaml"):
        assert (PACKAGED / path.name).read_bytes() == path.read_bytes(), f"copy {path.name} to {PACKAGED}"


def test_load_profile_makes_text_of_spark_settings(tmp_path: Path) -> None:
    found = profile(tmp_path, "engine: spark\nspark:\n  conf:\n    a: 2\n    b: true\n    c: 1.5\n    d: x\n")
    assert found.spark.conf == {"a": "2", "b": "true", "c": "1.5", "d": "x"}


def test_load_profile_of_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    assert profile(tmp_path, "# nothing\n") == Profile()


def test_load_profile_prefers_the_first_folder(tmp_path: Path) -> None:
    for number, folder in enumerate(("conf", "package"), 1):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "local.yaml").write_text(f"parallel: {number}")
    assert load_profile("local", [tmp_path / "conf", tmp_path / "package"]).parallel == 1


def test_load_profile_finds_the_working_directory_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "local.yaml").write_text("parallel: 7")
    monkeypatch.chdir(tmp_path)
    assert load_profile("local").parallel == 7
    assert load_profile("glue").engine == "spark"


def test_load_profile_reads_a_file_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("engine: sail")
    assert load_profile(str(path)).engine == "sail"


@pytest.mark.parametrize(
    ("text", "line", "field", "words"),
    [
        ("engine: spak\n", 1, "engine", "'spak'"),
        ("# a\nengine: sail\nparalel: 2\n", 3, "paralel", "no such field; fields: engine, parallel, spark"),
        ("engine: sail\nparallel: many\n", 2, "parallel", "'many'"),
        ("parallel: 0\n", 1, "parallel", "greater than or equal to 1"),
        ("engine: spark\nspark:\n  config: {}\n", 3, "spark.config", "fields of spark: conf"),
        ("engine: spark\nspark:\n  conf: 3\n", 3, "spark.conf", "found 3"),
    ],
    ids=["engine", "unknown field", "not a number", "too few", "unknown field of spark", "not a mapping"],
)
def test_load_profile_names_file_line_and_field(tmp_path: Path, text: str, line: int, field: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        profile(tmp_path, text)
    assert f"mine.yaml, line {line}: {field}: " in caught.value.message
    assert words in caught.value.message


def test_load_profile_tells_all_mistakes_together(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        profile(tmp_path, "engine: x\nparallel: y\n")
    assert len(caught.value.message.splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("engine: [sail\n", "line 2: not valid YAML"),
        ("- engine\n", "line 1: expected fields"),
        ("just words", "line 1: expected"),
    ],
)
def test_load_profile_refuses_what_is_no_profile(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        profile(tmp_path, text)


def test_load_profile_lists_the_profiles_there_are(tmp_path: Path) -> None:
    (tmp_path / "local.yaml").write_text("")
    with pytest.raises(ConfigError, match="known profiles: local"):
        load_profile("lokal", [tmp_path])


@pytest.mark.parametrize("name", ["../secrets", "/etc/passwd", "", "a b", "a\n"])
def test_load_profile_takes_names_alone(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--profile"):
        load_profile(name, [tmp_path])


@pytest.mark.parametrize(
    ("asked", "installed", "submitted", "engine"),
    [
        ("sail", False, False, "sail"),
        ("spark", True, False, "spark"),
        ("auto", True, False, "sail"),
        ("auto", False, False, "spark"),
        ("auto", True, True, "spark"),
    ],
    ids=["sail asked for", "spark asked for", "sail installed", "sail missing", "inside a Spark job"],
)
def test_choose_engine(
    asked: str, installed: bool, submitted: bool, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings.importlib.util, "find_spec", lambda name: object() if installed else None)
    monkeypatch.delenv("PYSPARK_GATEWAY_PORT", raising=False)
    if submitted:
        monkeypatch.setenv("PYSPARK_GATEWAY_PORT", "1")
    assert choose_engine(asked) == engine


def test_open_engine_hands_the_profile_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nh_lakehouse.doctor.require_spark", lambda jars: None)
    profile = Profile.model_validate({"engine": "spark", "parallel": 3, "spark": {"conf": {"a": "b"}}})
    opened = profile.open_engine()
    assert (opened.name, opened.parallel, opened._conf) == ("spark", 3, {"a": "b"})  # type: ignore[attr-defined]
    assert profile.open_engine("sail").name == "sail"


@pytest.mark.parametrize(("conf", "jars"), [({}, True), ({"spark.jars.packages": "x"}, False)])
def test_open_engine_asks_for_jars_unless_settings_bring_them(
    conf: dict[str, str], jars: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr("nh_lakehouse.doctor.require_spark", lambda jars: asked.append(jars))
    Profile.model_validate({"engine": "spark", "spark": {"conf": conf}}).open_engine()
    assert asked == [jars]
