"""`nh-lakehouse sample --domain claims`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import call


def test_sample_of_claims_lists_the_files_of_both_sources(tmp_path: Path) -> None:
    result = call("sample", "--domain", "claims", "--people", 20, "--out", tmp_path / "new", "-f", "json")
    assert result.exit_code == 0, result.output
    records = {row["file"]: row["rows"] for row in json.loads(result.stdout)}
    assert records["DE1_0_2008_Beneficiary_Summary_File_Sample_1.csv"] == 20
    assert {"carrier.csv", "beneficiary_2015.csv"} <= set(records)
    assert set(records) <= {path.name for path in (tmp_path / "new").iterdir()}


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (("--domain", "claims", "--homes", 60), "--homes"),
        (("--domain", "claims", "--quarters", 1), "--quarters"),
        (("--people", 100), "--people"),
    ],
)
def test_options_of_the_other_domain_are_refused(tmp_path: Path, arguments: tuple[Any, ...], option: str) -> None:
    result = call("sample", "--out", tmp_path / "new", *arguments)
    assert result.exit_code == 2
    assert f"{option} is for --domain" in result.stderr
    assert not (tmp_path / "new").exists()


def test_help_shows_an_example_of_claims() -> None:
    assert "sample --domain claims --people 2000" in call("sample", "--help").stdout
