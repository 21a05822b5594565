"""Sail: the embedded engine, a Rust server of Spark Connect inside this process. No Java.

The server knows no authentication, so it listens on loopback, on a random port, only while the work lasts.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nh_lakehouse.engines.base import SessionEngine
from nh_lakehouse.errors import EngineUnavailableError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["SailEngine"]

_SETTINGS = {"spark.sql.session.timeZone": "UTC", "spark.sql.ansi.enabled": "true"}


class SailEngine(SessionEngine):
    """The embedded engine."""

    name = "sail"

    def __init__(self, *, parallel: int = 2, conf: Mapping[str, str] | None = None) -> None:
        self.parallel = parallel
        self._conf = {**_SETTINGS, **(conf or {})}
        self._lock = threading.Lock()
        self._server: Any = None
        self._session: SparkSession | None = None

    @property
    def session(self) -> SparkSession:
        """The session; the server starts at first use.

        Raises:
            EngineUnavailableError: pysail or the Connect client is not installed.
        """
        with self._lock:
            if self._session is None:
                self._session = self._start()
            return self._session

    def _start(self) -> SparkSession:
        os.environ.setdefault("RUST_LOG", "error")
        # The Connect client asks for its address through this variable when it is set: ours is explicit.
        os.environ.pop("SPARK_REMOTE", None)
        try:
            from pysail.spark import SparkConnectServer
            from pyspark.sql.connect.session import SparkSession as ConnectSession
        except ImportError as error:
            raise EngineUnavailableError(
                "the embedded engine is not installed: pip install 'nh-lakehouse[sail]', or choose --engine spark"
            ) from error
        self._server = SparkConnectServer("127.0.0.1", 0)
        self._server.start(background=True)
        host, port = self._server.listening_address
        session = ConnectSession.builder.remote(f"sc://{host}:{port}").create()
        for key, value in self._conf.items():
            session.conf.set(key, value)
        atexit.register(self.stop)
        return session  # type: ignore[return-value]

    def version(self) -> str:
        """Name and version, for reports."""
        from importlib.metadata import version

        return f"sail {version('pysail')}"

    def stop(self) -> None:
        """Close the session and the server."""
        with self._lock:
            session, self._session = self._session, None
            server, self._server = self._server, None
        if session is not None:
            session.stop()
        if server is not None:
            server.stop()
