"""The generated sample and the publishers' files, each loaded once for all scenarios that only read them.

Once for all processes, where several share the tests: the first to ask makes the folder, the others wait for it.
"""

from __future__ import annotations

import fcntl
import os
import pickle
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from claims_lists import write_lists
from support import engine_name, load, settings_of_the_product
from thorough import THOROUGH

from nh_lakehouse import generate_sample
from nh_lakehouse.contracts import load_contracts
from nh_lakehouse.engines import Engine
from nh_lakehouse.pipeline import runner
from nh_lakehouse.sample import SampleReport
from nh_lakehouse.sample.claims import ClaimsReport, generate_claims_sample


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder of the whole test run, made by whoever asks for it first."""
    root = factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    folder, done = root / name, root / f"{name}.done"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            make(folder)
            done.touch()
    return folder


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SampleReport]:
    """The sample and what the generator says of it: 60 homes, two months, one quarter, faults included."""

    def make(folder: Path) -> None:
        report = generate_sample(folder / "landing", homes=60, months=2, quarters=1)
        (folder / "report").write_bytes(pickle.dumps(report))

    folder = made_once(tmp_path_factory, "sample", make)
    return folder / "landing", pickle.loads((folder / "report").read_bytes())


@pytest.fixture(scope="session")
def sample(generated: tuple[Path, SampleReport]) -> Path:
    """Landing folder of the sample."""
    return generated[0]


@pytest.fixture(scope="session")
def whole(sample: Path, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample loaded into all tables by one run on the engine under test. Copy it before changing it.

    The load runs with the product's own settings, whatever those of the tests are, and with the whole contracts.
    """

    def make(folder: Path) -> None:
        assert runner.load_contracts is load_contracts, "ask for `whole` in a file of tests that narrows no contracts"
        with settings_of_the_product(engine):
            report = load(folder, sample, engine)
        assert report.exit_code == 0, report.errors

    return made_once(tmp_path_factory, "whole", make)


@pytest.fixture(scope="session")
def shipped(real_data: Path, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The publishers' nursing-home files loaded by one run. Copy it before changing it."""

    def make(folder: Path) -> None:
        assert runner.load_contracts is load_contracts, "ask for `shipped` in a file of tests that narrows no contracts"
        report = load(folder, real_data / "nursing_home", engine)
        assert report.errors == [] and report.exit_code == 0

    return made_once(tmp_path_factory, "shipped", make)


@pytest.fixture(scope="session")
def claims_generated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ClaimsReport]:
    """The sample of claims, lists of every optional kind beside it, and what the generator says of its faults.

    200 people of SynPUF, 20 of RIF; with NHL_THOROUGH ten times as many, so that providers have peers.
    """

    def make(folder: Path) -> None:
        report = generate_claims_sample(folder / "landing", people=2000 if THOROUGH else 200)
        write_lists(folder / "landing")
        (folder / "report").write_bytes(pickle.dumps(report))

    folder = made_once(tmp_path_factory, "claims_sample", make)
    return folder / "landing", pickle.loads((folder / "report").read_bytes())


@pytest.fixture(scope="session")
def claims(
    claims_generated: tuple[Path, ClaimsReport], engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The sample of claims and the lists, loaded into all tables by one run. Copy it before changing it."""

    def make(folder: Path) -> None:
        with settings_of_the_product(engine):
            report = load(folder, claims_generated[0], engine, domains=("claims",))
        assert report.exit_code == 0, report.errors

    return made_once(tmp_path_factory, "claims", make)


#: What Spark makes of the publishers' claims; the embedded engine makes all tables.
SILVER_OF_CLAIMS = (
    "silver.claim", "silver.claim_line", "silver.claim_diagnosis", "silver.claim_procedure", "silver.drug_event",
    "silver.clm_beneficiary", "silver.clm_beneficiary_year", "silver.clm_enrollment_month", "silver.clm_export_count",
    "silver.clm_provider",
)  # fmt: skip


def _load_shipped(folder: Path, files: Iterable[Path], engine: Engine) -> None:
    """A lakehouse of these claims files alone."""
    landing = folder.with_name(f"{folder.name}_landing")
    landing.mkdir(exist_ok=True)
    for file in files:
        (landing / file.name).symlink_to(file)
    select = () if engine_name() == "sail" else SILVER_OF_CLAIMS
    report = load(folder, landing, engine, domains=("claims",), select=select)
    assert (report.status, report.errors) == ("ok", [])


@pytest.fixture(scope="session")
def shipped_claims(real_data: Path, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SynPUF panel and the RIF files of three people, loaded by one run. Copy it before changing it."""
    files = [
        *(real_data / "synpuf").glob("*Sample_1*.csv"),
        *(real_data / "rif" / "synthea_3_beneficiaries").glob("*.csv"),
    ]
    return made_once(tmp_path_factory, "shipped_claims", lambda folder: _load_shipped(folder, files, engine))


@pytest.fixture(scope="session")
def shipped_few_claims(real_data: Path, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten people of SynPUF and the heads of the public RIF files, loaded by one run. Copy it before changing it."""
    files = [*(real_data / "synpuf").glob("*Sample_TestA*.csv"), *(real_data / "rif").glob("*_head.csv")]
    return made_once(tmp_path_factory, "shipped_few_claims", lambda folder: _load_shipped(folder, files, engine))
