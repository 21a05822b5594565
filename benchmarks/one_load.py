"""One load in its own process, measured: prints a line of JSON. Called by `bench.py`."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path


def plain_spark(landing: Path, lakehouse: Path, memory: str) -> dict[str, float]:
    """What anybody would write first: every CSV file as text to Delta, once, default settings."""
    from pyspark.sql import SparkSession

    start = time.monotonic()
    builder = SparkSession.builder.appName("plain").master("local[2]").config("spark.driver.memory", memory)
    builder = builder.config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
    builder = builder.config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
    # Delta refuses the blanks in the publishers' headers; mapped names keep them as they are.
    builder = builder.config("spark.databricks.delta.properties.defaults.columnMapping.mode", "name")
    spark = builder.config("spark.ui.enabled", "false").getOrCreate()
    started = time.monotonic()
    for path in sorted(landing.glob("*.csv")):
        if not path.name.startswith("."):
            spark.read.csv(str(path), header=True).write.format("delta").save(str(lakehouse / path.stem))
    spark.stop()
    return {"start_s": started - start, "total_s": time.monotonic() - start}


def ours(landing: Path, lakehouse: Path, engine_name: str, memory: str) -> dict[str, float]:
    """The library's own run: bronze, silver and all gold tables."""
    begin = time.monotonic()
    from nh_lakehouse import Lakehouse, RunOptions, open_engine, run

    conf = {"spark.driver.memory": memory, "spark.master": "local[2]"} if engine_name == "spark" else {}
    engine = open_engine(engine_name, conf=conf)
    start = time.monotonic()
    used: list[bool] = []

    def use():  # type: ignore[no-untyped-def]
        used.append(True)
        return engine

    report = run(RunOptions(lakehouse=lakehouse, landing=landing), use)
    end = time.monotonic()
    assert report.exit_code == 0, report.errors
    result = {"total_s": end - begin, "run_s": end - start, "engine_started": float(bool(used))}
    if used:
        lake = Lakehouse(lakehouse)
        tables = [t for t in lake.tables() if not t.startswith("ops.")]
        result["tables_n"] = len(tables)
        result["files_per_table"] = sum(len(lake.delta(t).file_uris()) for t in tables) / len(tables)
        if engine_name == "spark":
            scheduler = engine.session.sparkContext._jsc.sc().dagScheduler()
            result["jobs_per_table"] = scheduler.numTotalJobs() / max(1, len(report.tables))
        for line in report.tables:
            result[f"table:{line.table}"] = line.duration_s
        engine.stop()
    return result


def main() -> None:
    """Measure one load."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["plain", "sail", "spark"])
    parser.add_argument("--landing", type=Path, required=True)
    parser.add_argument("--lakehouse", type=Path, required=True)
    parser.add_argument("--memory", default="4g")
    options = parser.parse_args()
    if options.what == "plain":
        result = plain_spark(options.landing, options.lakehouse, options.memory)
    else:
        result = ours(options.landing, options.lakehouse, options.what, options.memory)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
