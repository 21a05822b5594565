"""Spark's classes as the JVM holds them, in a file that the next start maps in place of parsing thousands of classes.

It is made once, when an environment is set up: `python -m nh_lakehouse.engines.class_archive`. A start takes
7 seconds in place of 13. A JVM of another build, or with other JARs, passes over it without a word.
"""

from __future__ import annotations

import os
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["archive_options", "archive_path", "make_archive"]

#: Writing 190 MB takes seconds; a JVM that is not done by then is ended.
_PATIENCE_S = 180


def archive_path() -> Path | None:
    """Where the archive of this environment's Spark lies, or would; None where there is no Spark to have one."""
    spec = find_spec("pyspark")
    # The JVM's options are one text, cut at blanks.
    if spec is None or not spec.origin or " " in spec.origin:
        return None
    return Path(spec.origin).parent / "nh_lakehouse.jsa"


def archive_options() -> str:
    """Options of the JVM that use the archive, with a blank before them; empty where there is none."""
    path = archive_path()
    if path is None or not path.is_file():
        return ""
    return f" -XX:SharedArchiveFile={path} -Xlog:cds*=off"


def make_archive() -> Path | None:
    """Start Spark, use what every load uses, and keep the classes that were needed.

    Returns:
        The archive; None where the JVM wrote none, and nothing has changed.
    """
    from nh_lakehouse.engines.spark import JAVA_OPTIONS, SparkEngine

    path = archive_path()
    if path is None:
        return None
    for left in path.parent.glob(f"{path.name}.*"):
        left.unlink(missing_ok=True)
    # A JVM that maps half an archive crashes: it gets its name when it is whole.
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    conf = {
        "spark.driver.extraJavaOptions": f"{JAVA_OPTIONS} -XX:ArchiveClassesAtExit={draft} -Xlog:cds*=off",
        "spark.master": "local[1]",
    }
    engine = SparkEngine(conf=conf)
    gateway = engine.session.sparkContext._gateway
    try:
        with tempfile.TemporaryDirectory() as folder:
            _use(engine.session, folder)
        engine.stop()
        if _ended(gateway) and draft.is_file():
            with draft.open("rb") as file:
                os.fsync(file.fileno())
            draft.replace(path)
            return path
        return None
    finally:
        gateway.proc.kill()  # or it would write the draft when nobody waits for it
        gateway.proc.wait()
        draft.unlink(missing_ok=True)


def _ended(gateway: Any) -> bool:
    """End the JVM, which writes the archive then, and whether it ended well."""
    gateway.shutdown()
    gateway.proc.stdin.close()
    return bool(gateway.proc.wait(timeout=_PATIENCE_S) == 0)


def _use(session: SparkSession, folder: str) -> None:
    """A little of what loads do: text to types, a join, groups, a window, Parquet and Delta."""
    rows = session.sql(
        "SELECT CAST(id AS string) AS id, concat('2024-01-', lpad(id, 2, '0')) AS day, '1,5' AS amount FROM range(1, 9)"
    )
    typed = rows.selectExpr(
        "id", "try_cast(day AS date) AS day", "try_cast(regexp_replace(amount, ',', '.') AS decimal(18, 2)) AS amount"
    )
    typed.write.parquet(f"{folder}/parquet")
    session.read.parquet(f"{folder}/parquet").write.format("delta").save(f"{folder}/delta")
    read = session.read.format("delta").load(f"{folder}/delta")
    ranked = read.selectExpr("*", "row_number() OVER (PARTITION BY day ORDER BY id) AS rank")
    totals = read.groupBy("day").agg({"amount": "sum"})
    ranked.join(totals, on="day", how="left").selectExpr("*", "xxhash64(id, day, amount) AS hash").write.parquet(
        f"{folder}/joined"
    )


if __name__ == "__main__":
    make_archive()
