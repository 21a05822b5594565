"""Peer: PySpark and Delta as most people write it: inferred types, dropDuplicates, overwrite, default settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.child import csv_files, kind_of, peer_options, since_start, tell
from benchmarks.questions import HOMES_SQL, QUESTIONS, clean_name, write

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def start(memory: str) -> SparkSession:
    """A session with what Delta needs and nothing else."""
    from pyspark.sql import SparkSession

    return (
        SparkSession.builder.appName("plain")
        .master("local[2]")
        .config("spark.driver.memory", memory)
        .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
        .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
        .config("spark.ui.enabled", "false")
        .getOrCreate()
    )


def jobs(spark: SparkSession) -> int:
    """Spark jobs so far."""
    return int(spark.sparkContext._jsc.sc().dagScheduler().numTotalJobs())


def load(spark: SparkSession, path: Path, table: Path) -> None:
    """One file into its table; a later month is put to what is there, and the table is written anew."""
    frame: DataFrame = spark.read.csv(str(path), header=True, inferSchema=True)
    frame = frame.toDF(*[clean_name(name) for name in frame.columns])
    if table.is_dir():
        frame = spark.read.format("delta").load(str(table)).unionByName(frame, allowMissingColumns=True)
    writer = frame.dropDuplicates().write.format("delta").mode("overwrite")
    writer.option("overwriteSchema", "true").save(str(table))


def main() -> None:
    """Load a step's files and answer."""
    options = peer_options(__doc__)
    spark = start(options.memory)
    ready = since_start()
    for path in csv_files(options.landing):
        load(spark, path, options.out / kind_of(path))
    for name, kind in (("provider", "nh_providerinfo"), ("vbp", "fy_2024_snf_vbp_facility_performance")):
        spark.read.format("delta").load(str(options.out / kind)).createOrReplaceTempView(name)
    spark.sql(HOMES_SQL).cache().createOrReplaceTempView("homes")
    write(options.answers, lambda question: spark.sql(QUESTIONS[question]).collect())
    tell({"start_s": ready, "jobs": jobs(spark)})
    spark.stop()


if __name__ == "__main__":
    main()
