"""Samples that the tests share: generated once, read as text."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from claims_landing import ClaimsLanding
from landings import Landing

from nh_lakehouse.sample import generate_claims_sample, generate_sample


def _landing(folder: Path, **options: object) -> Landing:
    return Landing(folder, generate_sample(folder, **options))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Landing:
    """200 homes, four months over the turn of a quarter, two payroll quarters, no faults."""
    return _landing(tmp_path_factory.mktemp("clean"), homes=200, months=4, quarters=2, dirt=False)


@pytest.fixture(scope="session")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Landing:
    """200 homes, two months, one payroll quarter, with faults."""
    return _landing(tmp_path_factory.mktemp("dirty"), homes=200, months=2)


@pytest.fixture(scope="session")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Landing:
    """1,500 homes of one month without payroll: enough to compare with published figures."""
    return _landing(tmp_path_factory.mktemp("wide"), homes=1_500, months=1, quarters=0, dirt=False)


@pytest.fixture(scope="session")
def claims(tmp_path_factory: pytest.TempPathFactory) -> ClaimsLanding:
    """Claims of 2,000 people, 200 of them in the research files (peers for every indicator), no faults."""
    folder = tmp_path_factory.mktemp("claims")
    return ClaimsLanding(folder, generate_claims_sample(folder, people=2_000, dirt=False))
