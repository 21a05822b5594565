"""Nothing to do is known without a plan, and never wrongly."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from lake import add_rows, state_rows

from nh_lakehouse.errors import ConfigError
from nh_lakehouse.pipeline import settled
from nh_lakehouse.pipeline.report import FileLine, RunReport
from nh_lakehouse.pipeline.settled import Scope, settle, settled_report

TABLE = "gold.nh_state_risk"
EMPTY = {"files": [], "tables": []}


def report(planned: dict[str, list[str]] | None = None, files: list[FileLine] | None = None) -> RunReport:
    return RunReport("", "", planned=EMPTY if planned is None else planned, files=files or [])


@pytest.fixture
def scope(tmp_path: Path) -> Scope:
    """A scope that is settled."""
    landing = tmp_path / "landing"
    landing.mkdir()
    (landing / "a.csv").write_text("x\n1\n")
    add_rows(tmp_path / "lake", TABLE, state_rows())
    found = Scope(tmp_path / "lake", landing)
    settle(found, report)
    return found


def a_new_file(scope: Scope) -> None:
    (scope.landing / "b.csv").write_text("x\n")  # type: ignore[operator]


def a_changed_file(scope: Scope) -> None:
    (scope.landing / "a.csv").write_text("x\n2222\n")  # type: ignore[operator]


def a_touched_file(scope: Scope) -> None:
    os.utime(scope.landing / "a.csv", (1, 1))  # type: ignore[operator]


def a_removed_file(scope: Scope) -> None:
    (scope.landing / "a.csv").unlink()  # type: ignore[operator]


def a_new_commit(scope: Scope) -> None:
    add_rows(scope.lakehouse, TABLE, state_rows()[:1])


def a_new_table(scope: Scope) -> None:
    add_rows(scope.lakehouse, "gold.nh_facility_risk", [])


def a_removed_table(scope: Scope) -> None:
    shutil.rmtree(scope.lakehouse / "gold")


def a_rebuilt_table_of_the_same_version(scope: Scope) -> None:
    shutil.rmtree(scope.lakehouse / "gold" / "nh_state_risk")
    add_rows(scope.lakehouse, TABLE, state_rows()[:3])


def a_run_that_holds_the_lock(scope: Scope) -> None:
    (scope.lakehouse / "_lock").write_text("{}")


def a_damaged_record(scope: Scope) -> None:
    (scope.lakehouse / "_settled.json").write_text("{")


CHANGES = [
    a_new_file, a_changed_file, a_touched_file, a_removed_file, a_new_commit, a_new_table, a_removed_table,
    a_rebuilt_table_of_the_same_version, a_run_that_holds_the_lock, a_damaged_record,
]  # fmt: skip


def test_settled_report_says_nothing_new(scope: Scope) -> None:
    found = settled_report(scope)
    assert found is not None
    assert (found.status, found.exit_code, found.files) == ("nothing_new", 0, [])


@pytest.mark.parametrize("change", CHANGES, ids=lambda c: c.__name__)
def test_settled_report_is_silent_after(scope: Scope, change: Callable[[Scope], None]) -> None:
    change(scope)
    assert settled_report(scope) is None


@pytest.mark.parametrize(
    "other", [{"domains": ("claims",)}, {"select": ("gold.x",)}, {"layers": ("bronze",)}], ids=repr
)
def test_settled_report_is_silent_for_another_scope(scope: Scope, other: dict[str, tuple[str, ...]]) -> None:
    assert settled_report(replace(scope, **other)) is None  # type: ignore[arg-type]


def test_settled_report_is_silent_after_a_change_of_the_package(
    scope: Scope, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "package"
    package.mkdir()
    rule = package / "rule.py"
    rule.write_text("LIMIT = 1")
    stat = rule.stat()
    monkeypatch.setattr(settled, "_PACKAGE", package)
    settle(scope, report)
    assert settled_report(scope) is not None
    rule.write_text("LIMIT = 2")
    os.utime(rule, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert settled_report(scope) is None


@pytest.mark.parametrize(
    "planned",
    [
        report({"files": ["b.csv"], "tables": []}),
        report({"files": [], "tables": ["gold.x"]}),
        report(files=[FileLine("a.csv", None, "changing")]),
        RunReport("", "", planned=None),
    ],
    ids=["files to load", "tables to compute", "a file still being written", "no plan"],
)
def test_settle_does_not_remember(scope: Scope, planned: RunReport) -> None:
    a_new_file(scope)
    settle(scope, lambda: planned)
    assert settled_report(scope) is None


def test_settle_does_not_remember_what_changed_while_it_looked(scope: Scope) -> None:
    a_new_file(scope)

    def plan() -> RunReport:
        a_new_commit(scope)
        return report()

    settle(scope, plan)
    assert settled_report(scope) is None


def test_settled_report_repeats_rejected_files(scope: Scope) -> None:
    a_new_file(scope)
    settle(scope, lambda: report(files=[FileLine("b.csv", "nh_penalties", "rejected", error="is empty")]))
    found = settled_report(scope)
    assert found is not None
    assert (found.status, found.exit_code) == ("partial", 1)
    assert [(f.file, f.status, f.error) for f in found.files] == [("b.csv", "rejected", "is empty")]


def test_settle_keeps_the_last_scopes_alone(scope: Scope) -> None:
    scopes = [replace(scope, select=(f"gold.t{n}",)) for n in range(10)]
    for one in scopes:
        settle(one, report)
    assert [settled_report(one) is not None for one in scopes] == [False] * 2 + [True] * 8


def test_settled_report_refuses_a_landing_folder_that_is_not_there(scope: Scope) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        settled_report(replace(scope, landing=Path("nowhere")))


def test_settle_does_without_a_record_where_it_cannot_write(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    a_new_file(scope)

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(settled.os, "replace", refuse)
    settle(scope, report)
    assert settled_report(scope) is None
    assert not list(scope.lakehouse.glob("_settled.json.*"))
