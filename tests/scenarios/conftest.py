"""The generated sample and the publishers' files, each loaded once for all scenarios that only read them."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import load

from nh_lakehouse import generate_sample
from nh_lakehouse.engines import Engine
from nh_lakehouse.sample import SampleReport


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SampleReport]:
    """The sample and what the generator says of it: 60 homes, two months, one quarter, faults included."""
    landing = tmp_path_factory.mktemp("sample") / "landing"
    return landing, generate_sample(landing, homes=60, months=2, quarters=1)


@pytest.fixture(scope="session")
def sample(generated: tuple[Path, SampleReport]) -> Path:
    """Landing folder of the sample."""
    return generated[0]


@pytest.fixture(scope="session")
def whole(sample: Path, engine: Engine) -> Path:
    """The sample loaded into all tables by one run on the engine under test. Copy it before changing it."""
    report = load(sample.parent / "lake", sample, engine)
    assert report.exit_code == 0, report.errors
    return sample.parent / "lake"


@pytest.fixture(scope="session")
def shipped(real_data: Path, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The publishers' nursing-home files loaded by one run. Copy it before changing it."""
    root = tmp_path_factory.mktemp("real") / "lakehouse"
    report = load(root, real_data / "nursing_home", engine)
    assert report.errors == [] and report.exit_code == 0
    return root
