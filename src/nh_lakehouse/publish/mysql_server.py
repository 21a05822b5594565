"""The database that is published to: its address, the credentials, TLS, and its errors in one sentence each.

A password is never part of an address, a command line, a log or an error: it comes from the environment or from a file
that nobody else can read. Messages of the server are not repeated where they may hold a value of a row.
"""

from __future__ import annotations

import os
import re
import ssl
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

import yaml

from nh_lakehouse.errors import ConfigError, ExtraMissingError, LoadError, LostConnectionError, NhLakehouseError

if TYPE_CHECKING:
    import sqlalchemy as sa

__all__ = ["Address", "Credentials", "Server", "Tls", "connect", "credentials", "parse_url"]

PASSWORD_VARIABLE, USER_VARIABLE = "NHL_MYSQL_PASSWORD", "NHL_MYSQL_USER"
_URL = re.compile(r"(?:mysql|mariadb)(?:\+pymysql)?://(?P<rest>.*)\Z", re.DOTALL)
_PLACE = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]*)(?::(?P<port>[0-9]{1,5}))?/(?P<database>[^/?#]+)\Z")
_SHAPE = "mysql://HOST:3306/DATABASE"
_LOCAL = ("", "localhost", "127.0.0.1", "::1")
#: Seconds to wait for a connection, for one statement, and for readers that hold a table while it is exchanged.
CONNECT_S, STATEMENT_S, LOCK_S = 10, 3_600, 30


class Tls(str, Enum):
    """How the connection is encrypted."""

    off = "off"
    prefer = "prefer"
    require = "require"
    verify = "verify"


@dataclass(frozen=True)
class Address:
    """Where a database is; holds no password."""

    host: str
    port: int
    database: str
    socket: str | None = None
    user: str | None = None

    def __str__(self) -> str:
        return f"{self.socket or f'{self.host}:{self.port}'}/{self.database}"

    @property
    def is_local(self) -> bool:
        """Whether the server is on this machine."""
        return self.socket is not None or self.host in _LOCAL


@dataclass(frozen=True)
class Credentials:
    """Who asks; the password is not shown."""

    user: str
    password: str = field(repr=False)


# --- address and credentials -----------------------------------------------------------------------------------------


def parse_url(text: str) -> Address:
    """The address in a URL such as `mysql://host:3306/db`, or `mysql:///db?unix_socket=/run/mysqld/mysqld.sock`.

    Raises:
        ConfigError: it is no such URL, or holds a password; the message repeats nothing of it.
    """
    found = _URL.match(text.strip())
    if found is None:
        raise ConfigError(f"--url: expected {_SHAPE}", option="--url")
    login, at, place = found["rest"].rpartition("@")
    if ":" in login:
        raise ConfigError(
            "--url holds a password, which other users and the shell's history can see: leave it out, set "
            f"{USER_VARIABLE} and {PASSWORD_VARIABLE}, or use --secrets FILE",
            option="--url",
        )
    place, _, query = place.partition("?")
    settings = dict(parse_qsl(query))
    if set(settings) - {"unix_socket"}:
        raise ConfigError(
            "--url: nothing but unix_socket may stand behind the question mark; credentials come from the environment "
            "or --secrets, encryption from --tls",
            option="--url",
        )
    where = _PLACE.match(place)
    if where is None or int(where["port"] or 0) > 65_535:
        raise ConfigError(
            f"--url: expected {_SHAPE}: the host or the database is missing or not usable", option="--url"
        )
    return Address(
        where["host"].strip("[]") or "localhost",
        int(where["port"] or 3306),
        unquote(where["database"]),
        settings.get("unix_socket"),
        unquote(login) if at and login else None,
    )


def credentials(address: Address, secrets: Path | None, environment: Mapping[str, str] = os.environ) -> Credentials:
    """Who asks: from the secrets file, else the environment; the user may stand in the address.

    Raises:
        ConfigError: there is no user, or the file is not usable or can be read by others.
    """
    known = _read_secrets(secrets) if secrets else {}
    user = known.get("user") or address.user or environment.get(USER_VARIABLE)
    if not user:
        raise ConfigError(
            f"no user for the database: set {USER_VARIABLE} and {PASSWORD_VARIABLE}, or use --secrets FILE with the "
            "lines `user: NAME` and `password: ...`",
            option="--secrets" if secrets else "--url",
        )
    return Credentials(user, known["password"] if secrets else environment.get(PASSWORD_VARIABLE, ""))


def _read_secrets(path: Path) -> dict[str, str]:
    path = path.expanduser()
    try:
        with path.open(encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            if stat.S_ISREG(mode) and mode & 0o077:
                raise ConfigError(f"--secrets {path}: other users can open it: chmod 600 {path}", option="--secrets")
            # Every value is the text that stands there: 0123 is no number, yes no truth.
            document = yaml.load(file, Loader=yaml.BaseLoader)
    except OSError as error:
        raise ConfigError(f"--secrets {path} cannot be read: {error.strerror}", option="--secrets") from error
    except (yaml.YAMLError, UnicodeDecodeError):
        # The parser's message quotes the line, and the line may be the password.
        raise ConfigError(
            f"--secrets {path}: not valid YAML (a password may need quotes)", option="--secrets"
        ) from None
    if not isinstance(document, dict) or not {"user", "password"} >= set(document):
        raise ConfigError(f"--secrets {path}: expected the lines `user: NAME` and `password: ...`", option="--secrets")
    if not all(isinstance(value, str) for value in document.values()):
        raise ConfigError(
            f"--secrets {path}: user and password are texts (a password may need quotes)", option="--secrets"
        )
    if not document.get("password"):
        raise ConfigError(
            f"--secrets {path}: the password is missing or empty (it may need quotes)", option="--secrets"
        )
    return document


# --- connection ------------------------------------------------------------------------------------------------------


class Server:
    """One connection to the database; its errors are those of the package."""

    def __init__(self, address: Address, connection: sa.Connection) -> None:
        self.address = address
        self.connection = connection
        self.dialect = connection.dialect
        self.collation = self._collation()

    def _collation(self) -> str:
        """Comparison by code points, and where the server has it, one that heeds blanks at the end, as Delta does."""
        strict = ("utf8mb4_0900_bin", "utf8mb4_nopad_bin")
        listed = ", ".join(f"'{name}'" for name in strict)
        sql = f"SELECT COLLATION_NAME FROM information_schema.COLLATIONS WHERE COLLATION_NAME IN ({listed})"
        return next((str(row[0]) for row in self.rows(sql)), "utf8mb4_bin")

    def execute(self, statement: Any) -> None:
        """Run a statement of SQLAlchemy."""
        with self.errors():
            self.connection.execute(statement)

    def run(self, sql: str, values: Any = None) -> None:
        """Run a statement; a list of tuples inserts several rows."""
        with self.errors():
            self.connection.exec_driver_sql(sql, values).close()

    def rows(self, sql: str, values: tuple[Any, ...] | None = None) -> Sequence[Any]:
        """The rows of an answer."""
        with self.errors():
            return self.connection.exec_driver_sql(sql, values).fetchall()

    def quote(self, name: str) -> str:
        """A name as it is."""
        return str(self.dialect.identifier_preparer.quote_identifier(name))

    def tables(self) -> set[str]:
        """Names of the tables and views of the database."""
        sql = "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()"
        return {str(row[0]) for row in self.rows(sql)}

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Errors of the database as those of the package.

        Raises:
            ConfigError: the login or the database does not exist.
            LostConnectionError: the connection ended.
            LoadError: everything else.
        """
        with _errors(self.address):
            yield


@contextmanager
def connect(address: Address, login: Credentials, *, tls: Tls = Tls.prefer, ca: Path | None = None) -> Iterator[Server]:
    """A connection to a database.

    Args:
        address: where it is.
        login: who asks.
        tls: off; prefer: encrypted where the server can; require: encrypted or not at all; verify: and the server's
            certificate is checked against its name.
        ca: certificates to trust, those of the system if None.
    Raises:
        ExtraMissingError: SQLAlchemy or PyMySQL is not installed.
        ConfigError: wrong login, no such database, or TLS that the server does not have.
        LoadError: the server cannot be reached.
    """
    sa = _sqlalchemy()
    place: dict[str, Any] = {"unix_socket": address.socket} if address.socket else {"port": address.port}
    encryption = _encryption(tls, ca) if address.socket is None else {"ssl_disabled": True}
    engine = sa.create_engine(
        sa.URL.create("mysql+pymysql"),
        poolclass=sa.pool.NullPool,
        isolation_level="AUTOCOMMIT",
        # Values of rows are no part of an error.
        hide_parameters=True,
        connect_args={
            "host": address.host,
            **place,
            "user": login.user,
            "password": login.password,
            "database": address.database,
            "charset": "utf8mb4",
            "connect_timeout": CONNECT_S,
            "read_timeout": STATEMENT_S,
            "write_timeout": STATEMENT_S,
            "local_infile": False,
            # What does not fit is an error, never cut.
            "sql_mode": "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION",
            **encryption,
        },
    )
    with _errors(address):
        connection = engine.connect()
    try:
        server = Server(address, connection)
        server.run(f"SET SESSION lock_wait_timeout = {LOCK_S}")
        yield server
    except BaseException:
        # Perhaps in the middle of an answer: nothing more is sent, the server ends what was begun.
        connection.invalidate()
        raise
    finally:
        connection.close()


def _encryption(tls: Tls, ca: Path | None) -> dict[str, Any]:
    """PyMySQL's arguments: without any it encrypts where the server can, with a context it insists."""
    if tls is Tls.off:
        return {"ssl_disabled": True}
    if tls is Tls.prefer:
        return {}
    try:
        context = ssl.create_default_context(cafile=str(ca.expanduser()) if ca else None)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"--tls-ca {ca}: no file of certificates that can be read", option="--tls-ca") from error
    if tls is not Tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return {"ssl": context}


def _sqlalchemy() -> Any:
    try:
        import pymysql  # noqa: F401
        import sqlalchemy
    except ImportError as error:
        raise ExtraMissingError(
            f"publishing needs {error.name}, which is not installed: pip install 'nh-lakehouse[mysql]'"
        ) from error
    return sqlalchemy


# --- errors ----------------------------------------------------------------------------------------------------------

_LOST = (0, 1053, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1317, 1927, 2006, 2013, 2014, 2055, 3169, 4031)
_UNREACHABLE = (2001, 2002, 2003, 2004, 2005, 1129, 1130, 1040)
_DENIED = (1142, 1143, 1227, 1370)
#: Errors whose text quotes values of rows, such as: Duplicate entry '...' for key.
_QUOTING = (1062, 1264, 1292, 1366, 1406)
_GRANT = "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX ON `{}`.* TO the user"
#: Number of an error -> what it means here.
_MEANINGS = {
    3: "the server's disk is full: free some space there",
    1021: "the server's disk is full: free some space there",
    1030: "the server's storage failed: its disk may be full",
    1041: "the server has no memory left",
    1062: "two rows have one key in the database",
    1071: "a key is too long for an index of this server",
    1114: "the server has no room left for the table: free some space there",
    1117: "more columns than this server takes",
    1118: "rows are longer than this server takes",
    1153: "a row is longer than the server's max_allowed_packet",
    1205: f"readers have held a table for {LOCK_S} seconds: end their transactions and publish again",
    1213: "the server ended the statement to free a deadlock: publish again",
    1264: "a number does not fit into its column",
    1273: "the server does not know the collation of the tables: MariaDB 10.3 or MySQL 5.7 is the oldest that does",
    1290: "the server takes no changes now (read-only)",
    1292: "a date is outside of what MySQL holds (years 0 to 9999)",
    1366: "a text cannot be stored in its column",
    1406: "a text is longer than its column",
    1792: "the server takes no changes now (read-only)",
    1836: "the server takes no changes now (read-only)",
    3750: "the server wants a primary key for every table, and a part of this one's key is null in some row: set "
    "sql_require_primary_key=OFF there, or leave the table out by --select",
}


@contextmanager
def _errors(address: Address) -> Iterator[None]:
    """Errors of driver and server as those of the package."""
    import sqlalchemy.exc

    try:
        yield
    except sqlalchemy.exc.DBAPIError as error:
        number, text = _number_and_text(error.orig)
        if number in _LOST:
            raise LostConnectionError(f"{address}: the connection was lost", code=number) from error
        # The server's words would stand in a stack trace.
        raise _told(address, number, text) from (None if number in _QUOTING else error)
    except RuntimeError as error:
        if "cryptography" not in str(error):
            raise
        raise ExtraMissingError(
            f"{address}: this login needs the package cryptography: pip install 'nh-lakehouse[mysql]'"
        ) from error


def _number_and_text(error: BaseException | None) -> tuple[int, str]:
    """Number and message of an error of the driver or the server; 0 where it has none."""
    arguments = error.args if error is not None else ()
    number = arguments[0] if arguments and isinstance(arguments[0], int) else 0
    return number, str(arguments[1]) if len(arguments) > 1 else ""


def _told(address: Address, number: int, text: str) -> NhLakehouseError:
    if "certificate" in text.lower() or "SSL" in text:
        return ConfigError(
            f"{address}: no encrypted connection: the server offers none, or its certificate is not trusted or not its "
            "own; see --tls and --tls-ca",
            option="--tls",
        )
    if number in (1045, 1698, 1251, 1524, 1820, 1862):
        return ConfigError(
            f"{address}: the server refused user and password: check {USER_VARIABLE} and {PASSWORD_VARIABLE}, or the "
            "--secrets file, and from which hosts that user may connect",
            option="--secrets",
        )
    if number in (1044, 1049):
        return ConfigError(
            f"{address}: there is no database of that name, or the user has no right to it: CREATE DATABASE "
            f"`{address.database}`, {_GRANT.format(address.database)}, or name another in --url",
            option="--url",
        )
    if number in _UNREACHABLE:
        return LoadError(f"{address}: the server cannot be reached: is it running, and are host and port right?")
    if number in _DENIED:
        return LoadError(f"{address}: the user lacks a privilege: {_GRANT.format(address.database)}", code=number)
    meaning = _MEANINGS.get(number, "the server refused a statement")
    return LoadError(f"{meaning} (error {number} of {address})", code=number)
