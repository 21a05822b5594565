"""Apache Spark: the reference engine, and the one place of Spark settings."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from nh_lakehouse.engines.base import SessionEngine
from nh_lakehouse.engines.class_archive import archive_options, archive_path
from nh_lakehouse.errors import EngineUnavailableError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["JARS", "JAVA_OPTIONS", "SparkEngine", "start_settings"]

#: Delta JARs by Spark line; with both in pyspark/jars nothing is resolved at start.
JARS = {
    "4.1": ("io.delta:delta-spark_4.1_2.13:4.2.0", "io.delta:delta-storage:4.2.0"),
    "3.5": ("io.delta:delta-spark_2.12:3.3.2", "io.delta:delta-storage:3.3.2"),
}

#: Throughput beats pause times in a batch job on few cores. Plans run for seconds, so that compiling them to the last
#: takes longer than it saves: only what has run eight times as often as usual is compiled by C2 (of 365 CPU seconds of
#: a load 113 were the compilers', then 69 of 251; without C2 rows take twice as long). Code made for one plan is called
#: from everywhere: with C2 inlining half as much, a load takes a tenth less, one wide plan 40 % less.
JAVA_OPTIONS = (
    "-XX:+UseParallelGC -XX:-UsePerfData -XX:Tier4InvocationThreshold=40000 -XX:Tier4MinInvocationThreshold=5000 "
    "-XX:Tier4CompileThreshold=120000 -XX:Tier4BackEdgeThreshold=400000 "
    "-XX:MaxInlineLevel=9 -XX:FreqInlineSize=150 -XX:InlineSmallCode=1500"
)

#: Settings that must stand before the session starts.
_START = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.memory": "4g",
    "spark.scheduler.mode": "FAIR",
    "spark.sql.warehouse.dir": "build/spark-warehouse",
}

#: Settings of a session; a session that the platform made gets them too.
_SESSION = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.parquet.compression.codec": "zstd",
    # Staged files become files of tables: the type of Delta, not Spark's old one of 96 bits.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # In two partitions there is nothing to join up or to split: planning anew at every shuffle took a seventh of the
    # processor time of a load. The profiles of clusters turn it on, with partitions that follow the data.
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.sources.default": "parquet",
    # The files of a table are listed by whoever plans: that is no work for a job.
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "10000",
    # The JVM never compiles a longer method: wide expression lists ran interpreted, at a third of the speed.
    "spark.sql.codegen.hugeMethodLimit": "8000",
    # Wider plans would grow beyond 64 KB of code, which is found out by compiling them in vain.
    "spark.sql.codegen.maxFields": "60",
    # Month-sized tables have one log checkpoint part: more snapshot partitions only cost task start-ups.
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.databricks.delta.properties.defaults.enableDeletionVectors": "false",
    "spark.databricks.delta.retentionDurationCheck.enabled": "true",
}

#: Of a plan over few rows the code takes longer to make and to compile than the rows take without it; nor is there
#: anything to split.
_FOR_FEW_ROWS = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.shuffle.partitions": "1",
}
#: So many rows are few: between 40,000 and 150,000 a data set took as long either way.
_FEW_ROWS = 40_000


def start_settings(conf: Mapping[str, str] | None = None) -> dict[str, str]:
    """All settings of a session of our own; `conf` wins."""
    java = {"spark.driver.extraJavaOptions": f"{JAVA_OPTIONS}{archive_options()}"}
    return {**_START, **java, **_SESSION, **(conf or {})}


class SparkEngine(SessionEngine):
    """Apache Spark with Delta Lake."""

    name = "spark"

    def __init__(
        self,
        *,
        parallel: int = 4,
        conf: Mapping[str, str] | None = None,
        session: SparkSession | None = None,
        few_rows: int = _FEW_ROWS,
    ) -> None:
        self.parallel = parallel
        self.few_rows = few_rows
        self._conf = dict(conf or {})
        self._given = session
        self._session: SparkSession | None = None
        self._owned = False
        self._lock = threading.Lock()
        self._is_given = False
        self._for_few: SparkEngine | None = None

    @property
    def session(self) -> SparkSession:
        """The session: one that the platform made, else our own.

        Raises:
            EngineUnavailableError: PySpark, Java or the Delta JARs are missing; the message names the remedy.
        """
        with self._lock:
            if self._session is None:
                self._session = self._adopt_or_start()
            return self._session

    def _adopt_or_start(self) -> SparkSession:
        try:
            from pyspark.sql import SparkSession
        except ImportError as error:
            raise EngineUnavailableError(
                "PySpark is not installed: pip install 'nh-lakehouse[spark]', or choose --engine sail"
            ) from error
        if not _has_classic_spark():
            raise EngineUnavailableError(
                "this environment holds the Connect client of PySpark alone, which cannot start Spark: use the Spark "
                "environment (make spark), or choose --engine sail"
            )
        found = self._given or SparkSession.getActiveSession()
        self._is_given = found is not None
        if found is not None:
            for key, value in {**_SESSION, **self._conf}.items():
                if found.conf.isModifiable(key):
                    found.conf.set(key, value)
            return found
        return self._start(SparkSession.builder)

    def _start(self, builder: object) -> SparkSession:
        # A Connect address in the environment would turn the builder into a client.
        os.environ.pop("SPARK_REMOTE", None)
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        for key, value in start_settings(self._conf).items():
            builder = builder.config(key, value)  # type: ignore[attr-defined]
        if "MASTER" not in os.environ and "spark.master" not in self._conf and not _is_submitted():
            builder = builder.master("local[*]")  # type: ignore[attr-defined]
        try:
            session: SparkSession = builder.appName("nh_lakehouse").getOrCreate()  # type: ignore[attr-defined]
        except Exception as error:  # PySpark raises several unrelated classes when Java is missing or too old
            raise EngineUnavailableError(_explain_start(error)) from error
        self._owned = not _is_submitted()
        session.sparkContext.setLogLevel("ERROR")
        _silence_code_generator(session)
        return session

    def read_parquet(self, paths: Sequence[Path]) -> DataFrame:
        """Staged Parquet files, one schema."""
        from pyspark.sql.pandas.types import from_arrow_schema

        # Spark makes a job of looking at the footer of a file. The first one speaks for all, as it does there.
        first = paths[0] if paths[0].is_file() else min(paths[0].glob("*.parquet"))
        schema = from_arrow_schema(pq.read_schema(first), prefer_timestamp_ntz=True)
        return self.session.read.schema(schema).parquet(*[str(p) for p in paths])

    def for_rows(self, rows_n: int) -> SparkEngine:
        """The engine for so many rows: for few it is a second session of the same Spark, which runs plans as they are.

        A session that the platform made is the only one: what was set in it while it ran would be lost. Settings of
        the profile win.
        """
        if rows_n > self.few_rows:
            return self
        session = self.session
        with self._lock:
            if self._is_given:
                return self
            if self._for_few is None:
                conf = {**_FOR_FEW_ROWS, **self._conf}
                self._for_few = SparkEngine(parallel=self.parallel, conf=conf, session=session.newSession(), few_rows=0)
            return self._for_few

    def version(self) -> str:
        """Name and version, for reports."""
        from pyspark import __version__

        return f"spark {__version__}"

    def stop(self) -> None:
        """End the session if it is our own."""
        with self._lock:
            session, self._session, self._for_few = self._session, None, None
        if session is not None and self._owned and self._given is None:
            session.stop()


def _silence_code_generator(session: SparkSession) -> None:
    """No pages of Java where generated code outgrows a method: Spark runs the plan without it all the same."""
    jvm = session.sparkContext._jvm
    logger = "org.apache.spark.sql.catalyst.expressions.codegen.CodeGenerator"
    jvm.org.apache.logging.log4j.core.config.Configurator.setLevel(logger, jvm.org.apache.logging.log4j.Level.OFF)


def _has_classic_spark() -> bool:
    import importlib.util

    spec = importlib.util.find_spec("pyspark")
    if spec is None or spec.origin is None:
        return False
    return (Path(spec.origin).parent / "jars").is_dir() or "SPARK_HOME" in os.environ


def _is_submitted() -> bool:
    """Whether `spark-submit` started this process: it owns the master and the session's life."""
    return "PYSPARK_GATEWAY_PORT" in os.environ


def _explain_start(error: Exception) -> str:
    text = f"{type(error).__name__}: {error}"
    if (
        "JAVA_GATEWAY_EXITED" in text
        or "Java gateway process exited" in text
        or "JAVA_HOME" in text
        or "java" in text[:200]
    ):
        return (
            "Spark could not start Java: install Java 17 (Debian: apt-get install openjdk-17-jre-headless) "
            f"and set JAVA_HOME if it is not on the PATH, or choose --engine sail{_about_archive()}"
        )
    if "UnsupportedClassVersionError" in text:
        return (
            "this Java is too old for Spark: Java 17 or 21 is needed (Debian: apt-get install openjdk-17-jre-headless)"
        )
    if "DeltaSparkSessionExtension" in text or "delta" in text.lower():
        return "the two Delta JARs are not in pyspark/jars: run make spark, or add --packages " + ",".join(JARS["4.1"])
    return f"Spark could not start: {text.splitlines()[0][:300]}"


def _about_archive() -> str:
    """A damaged archive of classes ends the JVM at once."""
    return f"; if Java is there, delete {archive_path()} and try again" if archive_options() else ""
