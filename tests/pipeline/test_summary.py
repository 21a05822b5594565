"""The summary file of a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nh_lakehouse.errors import ConfigError
from nh_lakehouse.pipeline.report import RunReport
from nh_lakehouse.pipeline.summary import SummaryFile


def test_report_lies_where_a_link_leads(tmp_path: Path) -> None:
    real, link = tmp_path / "reports" / "run.json", tmp_path / "latest.json"
    real.parent.mkdir()
    link.symlink_to(real)
    summary = SummaryFile(link)
    summary.check()
    summary.write(RunReport("r", "lake"))
    assert link.is_symlink() and json.loads(real.read_text())["run_id"] == "r"


def test_report_of_the_run_before_is_gone_while_a_run_works(tmp_path: Path) -> None:
    summary = SummaryFile(tmp_path / "run.json")
    summary.write(RunReport("before", "lake"))
    summary.check()
    assert list(tmp_path.iterdir()) == []


def test_device_and_folder_are_refused_and_stay(tmp_path: Path) -> None:
    for path, said in ((Path("/dev/null"), "could be replaced"), (tmp_path, "is a folder")):
        with pytest.raises(ConfigError, match=said):
            SummaryFile(path).check()
    assert Path("/dev/null").is_char_device()
