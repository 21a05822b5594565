"""What the doctor finds wrong, and the remedy it names; nothing of this machine decides a test."""

from __future__ import annotations

import os
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from nh_lakehouse import doctor
from nh_lakehouse.doctor import Check, examine, find_java, is_shared_machine, require_spark
from nh_lakehouse.errors import EngineUnavailableError
from nh_lakehouse.lakehouse.lock import RunLock


def found(lakehouse: Path, name: str) -> Check:
    return next(c for c in examine(lakehouse) if c.name == name)


def java(folder: Path, version: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Java that says it is of that version."""
    path = folder / "bin" / "java"
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n")
    path.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(folder))
    return path


def spark(folder: Path, monkeypatch: pytest.MonkeyPatch, *, jars: bool = True) -> Path:
    """A Spark with or without Delta's JARs."""
    (folder / "jars").mkdir(parents=True)
    if jars:
        (folder / "jars" / "delta-spark_4.1_2.13-4.2.0.jar").touch()
        (folder / "jars" / "delta-storage-4.2.0.jar").touch()
    monkeypatch.setattr(doctor, "_pyspark_folder", lambda: folder)
    monkeypatch.setattr(doctor, "_version", lambda name: {"pyspark": "4.1.1", "pysail": "0.7.2"}.get(name, "1.0"))
    monkeypatch.delenv("PYSPARK_GATEWAY_PORT", raising=False)
    monkeypatch.setattr(doctor, "_has_session", lambda: False)
    return folder


def test_examine_has_a_remedy_for_all_that_is_wrong(tmp_path: Path) -> None:
    checks = examine(tmp_path / "lake")
    assert len({c.name for c in checks}) == len(checks)
    assert all(c.remedy for c in checks if c.status != "ok")


def test_examine_writes_nothing(tmp_path: Path) -> None:
    examine(tmp_path / "lake")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("version", "line"), [("17.0.15", 17), ("21", 21), ("1.8.0_402", 8), ("11.0.2", 11), ("25-ea", 25)]
)
def test_find_java_reads_versions(version: str, line: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java(tmp_path, version, monkeypatch)
    answer = find_java()
    assert answer is not None
    assert (answer.version, answer.line) == (version, line)


@pytest.mark.parametrize(
    ("version", "status", "words"),
    [("17.0.15", "ok", ""), ("21.0.1", "ok", ""), ("11.0.2", "fail", "openjdk-17"), ("25", "warn", "17 and 21")],
)
def test_java_is_judged_where_spark_is_installed(
    version: str, status: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    java(tmp_path / "java", version, monkeypatch)
    spark(tmp_path / "spark", monkeypatch)
    check = found(tmp_path, "Java")
    assert check.status == status
    assert words in check.remedy


def test_java_that_does_not_run_is_told_by_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "nowhere"))
    spark(tmp_path / "spark", monkeypatch)
    check = found(tmp_path, "Java")
    assert check.status == "fail"
    assert "JAVA_HOME=" in check.found


def test_missing_jars_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spark(tmp_path, monkeypatch, jars=False)
    check = found(tmp_path, "Delta JARs")
    assert "delta-spark_4.1_2.13-4.2.0.jar" in check.found
    assert "make spark" in check.remedy


def test_require_spark_accepts_what_can_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java(tmp_path / "java", "17.0.15", monkeypatch)
    spark(tmp_path / "spark", monkeypatch)
    require_spark()


def test_require_spark_names_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spark(tmp_path / "spark", monkeypatch)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(EngineUnavailableError, match="openjdk-17-jre-headless"):
        require_spark()


def test_require_spark_names_the_environment_of_the_client_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_pyspark_folder", lambda: None)
    monkeypatch.setattr(doctor, "_has_session", lambda: False)
    monkeypatch.delenv("PYSPARK_GATEWAY_PORT", raising=False)
    with pytest.raises(EngineUnavailableError, match="make spark"):
        require_spark()


def test_require_spark_does_not_ask_for_jars_that_settings_bring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    java(tmp_path / "java", "17.0.15", monkeypatch)
    spark(tmp_path / "spark", monkeypatch, jars=False)
    require_spark(jars=False)
    with pytest.raises(EngineUnavailableError, match="JARs"):
        require_spark()


def test_require_spark_trusts_a_session_of_the_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_pyspark_folder", lambda: None)
    monkeypatch.setenv("PYSPARK_GATEWAY_PORT", "1")
    require_spark()


@pytest.mark.parametrize(("free_mb", "status"), [(50, "fail"), (1000, "warn"), (10_000, "ok")])
def test_disk_space(free_mb: int, status: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(0, 0, free_mb << 20))
    assert found(tmp_path, "Disk").status == status


@pytest.mark.parametrize(("total", "free", "status"), [(16, 8, "ok"), (3, 2, "warn"), (16, 0.5, "warn")])
def test_memory(total: float, free: float, status: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_memory_bytes", lambda: (int(total * 2**30), int(free * 2**30)))
    assert found(tmp_path, "Memory").status == status


def test_a_lakehouse_that_is_a_file_fails(tmp_path: Path) -> None:
    (tmp_path / "lake").touch()
    assert found(tmp_path / "lake", "Lakehouse").status == "fail"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_write_access_fails(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert found(tmp_path / "lake", "Lakehouse").status == "fail"


def test_a_lock_that_is_held_is_a_warning(tmp_path: Path) -> None:
    assert found(tmp_path, "Lock").status == "ok"
    with RunLock(tmp_path, "r-1"):
        check = found(tmp_path, "Lock")
    assert check.status == "warn"
    assert "r-1" in check.remedy


@pytest.mark.parametrize(
    ("accounts", "processes", "shared"),
    [
        (set(), set(), False),
        ({1000}, {1000}, False),
        ({1000, 1001}, {1000}, True),
        ({1000}, {1000, 1500}, True),
    ],
    ids=["container", "laptop", "two accounts", "another person's process"],
)
def test_is_shared_machine(
    accounts: set[int], processes: set[int], shared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    monkeypatch.setattr(doctor, "_human_accounts", lambda: accounts)
    monkeypatch.setattr(doctor, "_human_processes", lambda: processes)
    assert is_shared_machine() is shared


def test_sail_on_a_shared_machine_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "is_shared_machine", lambda: True)
    monkeypatch.setattr(doctor, "_version", lambda name: "1.0")
    check = found(tmp_path, "Sail's server")
    assert check.status == "warn"
    assert "--engine spark" in check.remedy
