"""The archive of Spark's classes: named to the JVM where it is there, made whole or not at all."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nh_lakehouse.engines import class_archive
from nh_lakehouse.engines.class_archive import archive_options, make_archive
from nh_lakehouse.engines.spark import JAVA_OPTIONS, start_settings

JAVA = "spark.driver.extraJavaOptions"


def put_at(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """A Spark in a folder, whose archive would lie there."""
    folder.mkdir(exist_ok=True)
    spec = SimpleNamespace(origin=str(folder / "__init__.py"))
    monkeypatch.setattr(class_archive, "find_spec", lambda name: spec)
    return folder / "nh_lakehouse.jsa"


def test_jvm_is_told_of_an_archive_that_is_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    archive = put_at(monkeypatch, tmp_path)
    assert start_settings()[JAVA] == JAVA_OPTIONS
    archive.touch()
    assert start_settings()[JAVA] == f"{JAVA_OPTIONS} -XX:SharedArchiveFile={archive} -Xlog:cds*=off"
    assert start_settings({JAVA: "-Xss4m"})[JAVA] == "-Xss4m"


def test_folder_with_a_blank_goes_without(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    put_at(monkeypatch, tmp_path / "my spark").touch()
    assert archive_options() == ""
    assert make_archive() is None


def test_no_spark_no_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_archive, "find_spec", lambda name: None)
    assert archive_options() == ""
    assert make_archive() is None


@pytest.mark.parametrize("code", [0, 1])
def test_archive_gets_its_name_when_the_jvm_ended_well(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: int
) -> None:
    archive = put_at(monkeypatch, tmp_path)
    archive.with_name(f"{archive.name}.1").write_bytes(b"left by a set-up that was killed")
    drafts: list[Path] = []

    class Engine:
        def __init__(self, conf: dict[str, str]) -> None:
            drafts.append(Path(conf[JAVA].split("-XX:ArchiveClassesAtExit=")[1].split()[0]))
            process = SimpleNamespace(stdin=SimpleNamespace(close=lambda: None), wait=self.wait, kill=lambda: None)
            gateway = SimpleNamespace(shutdown=lambda: None, proc=process)
            self.session: Any = SimpleNamespace(sparkContext=SimpleNamespace(_gateway=gateway))

        def wait(self, timeout: float | None = None) -> int:
            if timeout is not None:
                drafts[0].write_bytes(b"half" if code else b"whole")
            return code

        def stop(self) -> None:
            assert not archive.exists()

    monkeypatch.setattr("nh_lakehouse.engines.spark.SparkEngine", Engine)
    monkeypatch.setattr(class_archive, "_use", lambda session, folder: None)
    assert make_archive() == (None if code else archive)
    assert [f.name for f in tmp_path.iterdir()] == ([] if code else ["nh_lakehouse.jsa"])


def test_failed_archive_keeps_the_one_that_was_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    archive = put_at(monkeypatch, tmp_path)
    archive.write_bytes(b"old")

    def refuse(conf: dict[str, str]) -> None:
        raise RuntimeError("no Java")

    monkeypatch.setattr("nh_lakehouse.engines.spark.SparkEngine", refuse)
    with pytest.raises(RuntimeError, match="no Java"):
        make_archive()
    assert archive.read_bytes() == b"old"
