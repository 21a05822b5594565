"""Addresses, credentials and errors of the database; nothing secret in any of them. No server."""

from __future__ import annotations

import builtins
import traceback
from pathlib import Path
from typing import Any

import pymysql
import pytest
import sqlalchemy.exc

from nh_lakehouse.errors import ConfigError, ExtraMissingError, LoadError, LostConnectionError, NhLakehouseError
from nh_lakehouse.publish.mysql_server import (
    Address,
    Credentials,
    _errors,
    connect,
    credentials,
    parse_url,
)

ADDRESS = Address("db", 3306, "health")


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mysql://db.example.org:3307/health", Address("db.example.org", 3307, "health")),
        ("mysql://db/health", Address("db", 3306, "health")),
        ("mysql+pymysql://db/health", Address("db", 3306, "health")),
        ("mariadb+pymysql://me@db/health", Address("db", 3306, "health", user="me")),
        ("mysql:///health?unix_socket=/run/s", Address("localhost", 3306, "health", socket="/run/s")),
        ("mysql://[::1]:3306/my-db", Address("::1", 3306, "my-db")),
    ],
)
def test_parse_url(url: str, address: Address) -> None:
    assert parse_url(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "mysql://me:hunter2@db/health", "mysql://me:hun/ter2@db/health", "mysql://:hunter2@db/health",
        "mysql://db/health?password=hunter2", "postgresql://me:hunter2@db/health", "mysql://me:hunter2@db",
        "hunter2", "mysql://db:99999/hunter2", "mysql://db/hun/ter2", "mysql://db:hunter2/x",
    ],
)  # fmt: skip
def test_url_that_is_refused_is_not_repeated(url: str) -> None:
    with pytest.raises(ConfigError, match="--url") as error:
        parse_url(url)
    assert "hunter2" not in error.value.message and "ter2" not in error.value.message


def test_credentials_come_from_the_environment() -> None:
    found = credentials(ADDRESS, None, {"NHL_MYSQL_USER": "me", "NHL_MYSQL_PASSWORD": "hunter2"})
    assert (found.user, found.password) == ("me", "hunter2")
    assert "hunter2" not in repr(found)
    with pytest.raises(ConfigError, match="NHL_MYSQL_USER"):
        credentials(ADDRESS, None, {})


def secrets(folder: Path, content: str, mode: int = 0o600) -> Path:
    path = folder / "secrets.yaml"
    path.write_text(content)
    path.chmod(mode)
    return path


def test_credentials_of_a_file_win(tmp_path: Path) -> None:
    path = secrets(tmp_path, "user: me\npassword: 'hunter#2'\n")
    found = credentials(ADDRESS, path, {"NHL_MYSQL_USER": "other", "NHL_MYSQL_PASSWORD": "x"})
    assert (found.user, found.password) == ("me", "hunter#2")


@pytest.mark.parametrize(
    "password", ["0123", "yes", "1:30", "1_000", "0x1F", "1e3", "null", "~", "true", "2024-10-01", ".inf"]
)
def test_password_of_a_file_is_the_text_that_stands_there(password: str, tmp_path: Path) -> None:
    found = credentials(ADDRESS, secrets(tmp_path, f"user: 007\npassword: {password}\n"), {})
    assert (found.user, found.password) == ("007", password)


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        ("user: me\npassword: hunter2\n", 0o644, "chmod 600"),
        ("user: me\npassword: hunter2\n", 0o620, "chmod 600"),
        ("user: me\n password: hunter2: [", 0o600, "YAML"),
        ("hunter2", 0o600, "expected the lines"),
        ("user: me\nhunter2: x\n", 0o600, "expected the lines"),
        ("user: me\npassword: {hunter2}\n", 0o600, "are texts"),
        ("user: me\npassword:\n", 0o600, "password is missing or empty"),
        ("user: me\npassword: ''\n", 0o600, "password is missing or empty"),
        ("user: me\npassword: #hunter2\n", 0o600, "password is missing or empty"),
        ("user: me\n", 0o600, "password is missing or empty"),
    ],
    ids=[
        "others read",
        "group writes",
        "no YAML",
        "a text",
        "another field",
        "a map",
        "no value",
        "empty",
        "a comment",
        "no password",
    ],
)
def test_file_of_secrets_that_is_not_usable(content: str, mode: int, words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=words) as error:
        credentials(ADDRESS, secrets(tmp_path, content, mode), {"NHL_MYSQL_PASSWORD": "x"})
    assert "hunter2" not in error.value.message
    with pytest.raises(ConfigError, match="cannot be read"):
        credentials(ADDRESS, tmp_path / "nowhere", {})


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (pymysql.err.OperationalError(2003, "Can't connect"), LoadError, "cannot be reached"),
        (pymysql.err.OperationalError(1045, "Access denied for user 'me'"), ConfigError, "refused user and password"),
        (pymysql.err.OperationalError(1049, "Unknown database"), ConfigError, "CREATE DATABASE"),
        (pymysql.err.OperationalError(1142, "INSERT command denied"), LoadError, "GRANT"),
        (
            pymysql.err.OperationalError(2013, "Lost connection"),
            LostConnectionError,
            "^db:3306/health: the connection was lost$",
        ),
        (pymysql.err.InterfaceError(0, ""), LostConnectionError, "the connection was lost$"),
        (pymysql.err.OperationalError(1114, "The table is full"), LoadError, "no room left"),
        (pymysql.err.InternalError(3, "Error writing file (Errcode: 28)"), LoadError, "disk is full"),
        (pymysql.err.IntegrityError(1062, "Duplicate entry 'JANE-DOE' for key"), LoadError, "two rows have one key"),
        (pymysql.err.OperationalError(2026, "SSL is required"), ConfigError, "--tls"),
        (pymysql.err.ProgrammingError(9999, "near 'JANE-DOE'"), LoadError, "error 9999"),
    ],
    ids=lambda v: str(v.args[0]) if isinstance(v, Exception) else "",
)
def test_errors_are_one_sentence_without_values(error: Exception, kind: type[NhLakehouseError], words: str) -> None:
    with pytest.raises(kind, match=words) as found, _errors(ADDRESS):
        raise sqlalchemy.exc.DBAPIError("INSERT", {"name": "JANE-DOE"}, error, hide_parameters=True)
    assert "JANE-DOE" not in found.value.message and "\n" not in found.value.message


@pytest.mark.parametrize("number", [1062, 1264, 1292, 1366, 1406])
def test_values_that_the_server_quotes_are_in_no_stack_trace(number: int) -> None:
    error = pymysql.err.DataError(number, "Incorrect value 'JANE-DOE' at row 1")
    with pytest.raises(LoadError) as found, _errors(ADDRESS):
        raise sqlalchemy.exc.DBAPIError("INSERT", {"name": "JANE-DOE"}, error, hide_parameters=True)
    assert "JANE-DOE" not in "".join(traceback.format_exception(found.value))


def test_missing_driver_names_the_pip_command(monkeypatch: pytest.MonkeyPatch) -> None:
    true_import = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "pymysql":
            raise ImportError("no", name="pymysql")
        return true_import(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with (
        pytest.raises(ExtraMissingError, match=r"pip install 'nh-lakehouse\[mysql\]'"),
        connect(ADDRESS, Credentials("", "")),
    ):
        pass
