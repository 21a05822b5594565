"""Fixtures: a small lakehouse without an engine, and a MariaDB server that the tests start."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from lake import small_lake
from mariadb_server import MISSING, PASSWORD, USER, MariaDB, programs, running
from odd_rows import write_odd

from nh_lakehouse import Lakehouse


@pytest.fixture(scope="session")
def server() -> Iterator[MariaDB]:
    """A server; without one the tests say why they skip, in CI they fail."""
    if programs() is None:
        if os.environ.get("CI") == "true":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    with running() as database:
        yield database


@pytest.fixture
def database(server: MariaDB) -> MariaDB:
    """The server with its database empty."""
    server.ask("DROP DATABASE health", None)
    server.ask("CREATE DATABASE health CHARACTER SET utf8mb4", None)
    return server


@pytest.fixture
def login(monkeypatch: pytest.MonkeyPatch) -> None:
    """User and password as the environment has them."""
    monkeypatch.setenv("NHL_MYSQL_USER", USER)
    monkeypatch.setenv("NHL_MYSQL_PASSWORD", PASSWORD)


@pytest.fixture
def lake(tmp_path: Path) -> Lakehouse:
    """Three gold tables with a handful of rows."""
    return Lakehouse(small_lake(tmp_path / "lake"))


@pytest.fixture
def odd_lake(tmp_path: Path) -> Lakehouse:
    """One gold table of every type, with the values that get lost on the way."""
    return Lakehouse(write_odd(tmp_path / "lake"))
