"""A MariaDB server of its own for the tests: started in a temporary folder, gone when they end."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from certificates import write_certificate

PROGRAMS = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/usr/libexec"])
MISSING = "MariaDB is not installed: apt-get install mariadb-server (or mariadb-server-core mariadb-client-core)"
#: A user of the tests; the password has what URLs and YAML take for their own.
USER, PASSWORD = "writer", "s3cret:p@ss/w%rd#"


@dataclass(frozen=True)
class MariaDB:
    """A running server."""

    port: int
    folder: Path

    @property
    def certificate(self) -> Path:
        """The certificate of the server, which vouches for itself."""
        return self.folder / "cert.pem"

    def url(self, database: str = "health") -> str:
        return f"mysql://127.0.0.1:{self.port}/{database}"

    def connect(self, database: str | None = "health") -> Any:
        """A connection of the administrator."""
        import pymysql

        place = str(self.folder / "s")
        return pymysql.connect(
            unix_socket=place, user="root", database=database, autocommit=True, charset="utf8mb4", ssl_disabled=True
        )

    def ask(self, sql: str, database: str | None = "health") -> list[tuple[Any, ...]]:
        """The rows of an answer."""
        connection = self.connect(database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return list(cursor.fetchall())
        finally:
            connection.close()


def programs() -> tuple[str, str] | None:
    """The server and what makes its system tables; None where they are not installed."""
    server = shutil.which("mariadbd", path=PROGRAMS) or shutil.which("mysqld", path=PROGRAMS)
    install = shutil.which("mariadb-install-db", path=PROGRAMS) or shutil.which("mysql_install_db", path=PROGRAMS)
    helper = shutil.which("my_print_defaults", path=PROGRAMS)
    return (server, install) if server and install and helper else None


@contextmanager
def running() -> Iterator[MariaDB]:
    """A server with an empty database `health` and a user who may write to it."""
    found = programs()
    assert found is not None, MISSING
    server, install = found
    # The path of a socket has to be short.
    with tempfile.TemporaryDirectory(prefix="nhl") as name:
        folder = Path(name)
        me = getpass.getuser()
        subprocess.run(
            [install, "--no-defaults", f"--user={me}", f"--datadir={folder / 'data'}", "--skip-test-db",
             "--auth-root-authentication-method=normal", "--skip-name-resolve"],
            check=True, capture_output=True, timeout=300,
        )  # fmt: skip
        port = _free_port()
        certificate, key = write_certificate(folder)
        log = (folder / "log").open("wb")
        process = subprocess.Popen(
            [server, "--no-defaults", f"--user={me}", f"--datadir={folder / 'data'}", f"--socket={folder / 's'}",
             f"--port={port}", "--bind-address=127.0.0.1", f"--pid-file={folder / 'pid'}", "--skip-log-bin",
             f"--ssl-cert={certificate}", f"--ssl-key={key}", "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M"],
            stdout=log, stderr=log,
        )  # fmt: skip
        database = MariaDB(port, folder)
        try:
            _wait(database, process)
            database.ask("CREATE DATABASE health CHARACTER SET utf8mb4", None)
            database.ask(f"CREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}'", None)
            database.ask(f"GRANT ALL ON health.* TO '{USER}'@'%'", None)
            yield database
        finally:
            process.terminate()
            process.wait(timeout=60)
            log.close()


def _wait(database: MariaDB, process: subprocess.Popen[bytes]) -> None:
    import pymysql

    deadline = time.monotonic() + 120
    while True:
        try:
            database.ask("SELECT 1", None)
            return
        except pymysql.err.OperationalError:
            text = (database.folder / "log").read_text(errors="replace")
            assert process.poll() is None and time.monotonic() < deadline, text
            time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
