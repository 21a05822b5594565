"""The seam between the package and its engines: the few things in which Spark and Sail differ.

Everything else is the PySpark DataFrame API and SQL that both speak.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from nh_lakehouse.errors import ConfigError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["ENGINES", "Engine", "open_engine"]

ENGINES = ("sail", "spark")


class Engine(Protocol):
    """What the runner needs of an engine."""

    name: str
    #: How many tables are worth computing side by side.
    parallel: int
    #: Up to so many rows it has another session; 0 where one suits all.
    few_rows: int

    @property
    def session(self) -> SparkSession:
        """The session, started at first use."""

    def read_delta(self, path: str, version: int | None = None) -> DataFrame:
        """A Delta table, at a version."""

    def read_parquet(self, paths: Sequence[Path]) -> DataFrame:
        """Staged Parquet files, one schema."""

    def read_files(self, files: Sequence[str], schema: str) -> DataFrame:
        """Parquet files with the columns of a Delta schema (JSON); one that a file lacks is null."""

    def for_rows(self, rows_n: int) -> Engine:
        """The engine that suits so many rows; frames of the two do not mix."""

    def version(self) -> str:
        """Name and version, for reports."""

    def stop(self) -> None:
        """End what this engine started; a session made by the platform stays."""


class SessionEngine:
    """What both engines do in the same way, on a PySpark session."""

    name = ""
    parallel = 2
    few_rows = 0

    @property
    def session(self) -> SparkSession:
        """The session, started at first use."""
        raise NotImplementedError

    def read_delta(self, path: str, version: int | None = None) -> DataFrame:
        """A Delta table, at a version."""
        reader = self.session.read.format("delta")
        if version is not None:
            reader = reader.option("versionAsOf", str(version))
        return reader.load(path)

    def read_parquet(self, paths: Sequence[Path]) -> DataFrame:
        """Staged Parquet files, one schema."""
        return self.session.read.parquet(*[str(p) for p in paths])

    def read_files(self, files: Sequence[str], schema: str) -> DataFrame:
        """Parquet files with the columns of a Delta schema (JSON); one that a file lacks is null."""
        from pyspark.sql.types import StructField, StructType

        # Without the comments, which would be planned with every column.
        fields = StructType([StructField(f.name, f.dataType) for f in StructType.fromJson(json.loads(schema))])
        if not files:
            names = ", ".join(f"CAST(NULL AS {f.dataType.simpleString()}) AS `{f.name}`" for f in fields)
            return self.session.sql(f"SELECT {names} WHERE false")
        return self.session.read.schema(fields).parquet(*files)

    def for_rows(self, rows_n: int) -> Engine:
        """The engine that suits so many rows: this one."""
        return self

    def version(self) -> str:
        """Name and version, for reports."""
        raise NotImplementedError

    def stop(self) -> None:
        """End what this engine started."""
        raise NotImplementedError


def open_engine(name: str, **options: Any) -> Engine:
    """The engine of that name; nothing is started before its session is used.

    Raises:
        ConfigError: there is no engine of that name.
    """
    if name == "spark":
        from nh_lakehouse.engines.spark import SparkEngine

        return SparkEngine(**options)
    if name == "sail":
        from nh_lakehouse.engines.sail import SailEngine

        return SailEngine(**options)
    raise ConfigError(f"engine {name!r}: expected one of {', '.join(ENGINES)}")
