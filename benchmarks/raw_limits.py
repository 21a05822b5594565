"""The raw limits: what the files cost before anything is done with their content."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.child import csv_files, kind_of, since_start, tell


def read_bytes(landing: Path) -> dict[str, float]:
    """All bytes of all files."""
    start = since_start()
    for path in csv_files(landing):
        with path.open("rb") as file:
            while file.read(4 << 20):
                pass
    return {"start_s": start}


def duckdb_count(landing: Path) -> dict[str, float]:
    """Every column counted, as text, by DuckDB."""
    import duckdb

    start = since_start()
    with duckdb.connect() as connection:
        for path in csv_files(landing):
            connection.execute(f"SELECT count(COLUMNS(*)) FROM read_csv('{path}', all_varchar = true)").fetchall()
    return {"start_s": start}


def spark_count(landing: Path, memory: str) -> dict[str, float]:
    """Every column counted, as text, by Spark."""
    from pyspark.sql import functions as F

    from benchmarks.peer_pyspark import jobs, start

    spark = start(memory)
    ready = since_start()
    for path in csv_files(landing):
        frame = spark.read.csv(str(path), header=True)
        frame.agg(*[F.count(f"`{name}`") for name in frame.columns]).collect()
    facts = {"start_s": ready, "jobs": jobs(spark)}
    spark.stop()
    return facts


def spark_plain(landing: Path, out: Path, memory: str) -> dict[str, float]:
    """Every file from CSV to Delta once, as text, by Spark with default settings."""
    from benchmarks.peer_pyspark import jobs, start
    from benchmarks.questions import clean_name

    spark = start(memory)
    ready = since_start()
    for path in csv_files(landing):
        frame = spark.read.csv(str(path), header=True)
        frame.toDF(*map(clean_name, frame.columns)).write.format("delta").save(str(out / kind_of(path)))
    facts = {"start_s": ready, "jobs": jobs(spark)}
    spark.stop()
    return facts


def main() -> None:
    """Measure one limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["read", "duckdb", "spark", "plain"])
    parser.add_argument("--landing", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--memory", default="4g")
    options = parser.parse_args()
    if options.what == "read":
        tell(read_bytes(options.landing))
    elif options.what == "duckdb":
        tell(duckdb_count(options.landing))
    elif options.what == "spark":
        tell(spark_count(options.landing, options.memory))
    else:
        tell(spark_plain(options.landing, options.out, options.memory))


if __name__ == "__main__":
    main()
