"""Fixtures: one engine for the whole run, chosen by NHL_ENGINE (sail or spark), started at first use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from narrow import narrow
from support import engine_name, engine_of_the_tests, keep_engine

from nh_lakehouse.engines import Engine

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SHARED = Path(os.environ.get("NHL_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data"


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """The engine under test; every scenario runs on it."""
    chosen = engine_of_the_tests()
    yield chosen
    chosen.stop()


@pytest.fixture
def engine_kept(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The engine under test in place of one per call of the command line."""
    keep_engine(engine, monkeypatch)
    return engine


@pytest.fixture(scope="module")
def narrow_contracts() -> Iterator[None]:
    """Wide contracts have a dozen columns for a whole file of tests."""
    with narrow():
        yield


@pytest.fixture
def narrow_here() -> Iterator[None]:
    """Wide contracts have a dozen columns for one test."""
    with narrow():
        yield


@pytest.fixture(scope="session")
def spark(engine: Engine) -> SparkSession:
    """A PySpark session of the engine under test."""
    return engine.session


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the publishers' real files; tests that need it say so when they skip."""
    if not SHARED.is_dir():
        pytest.skip(f"the publishers' real files are not at {SHARED} (set NHL_SHARED to their folder)")
    return SHARED


def pytest_report_header() -> str:
    """Name the engine in the head of the report."""
    return f"engine under test: {engine_name()}"


#: Files of tests that take longest, longest first: begun early, no process is left with one while the others wait.
LONGEST = (
    "test_parity.py test_touched.py test_benchmarks.py test_notebooks.py test_take_back.py test_claims_acceptance.py "
    "test_accounting.py test_claims_truth.py test_readers.py test_incremental.py test_kill.py test_citations_delivery.py "
    "test_runner.py test_oracles.py test_oracles_claims.py test_order.py test_hospital_delivery.py "
    "test_claims_delivery.py test_bad_input_claims.py test_exactly_once.py test_derive.py test_mysql_publish.py"
).split()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first.

    Tests that use an engine carry the marker `spark`, so that `-m 'not spark'` starts none.
    """
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))
    for item in items:
        if {"spark", "engine"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("spark")
