"""Frames for the tests of gold tables: rows given in part, typed as declared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest
from frames import frame_of
from pyspark.sql import DataFrame, SparkSession

from nh_lakehouse.contracts.loading import load_tables
from nh_lakehouse.lakehouse.schema import spark_schema

Frame = Callable[..., DataFrame]


@pytest.fixture(scope="session")
def frame(spark: SparkSession) -> Frame:
    """`frame("gold.nh_facility_metrics", [{"ccn": "015009"}])`: declared columns in order, null where not given."""

    def make(table: str, rows: Iterable[Mapping[str, Any]]) -> DataFrame:
        columns = load_tables()[table].columns
        given = list(rows)
        unknown = sorted({name for row in given for name in row} - {column.name for column in columns})
        assert not unknown, f"{table} declares no {unknown}"
        values = [tuple(row.get(column.name) for column in columns) for row in given]
        return frame_of(spark, values, spark_schema(columns))

    return make


@pytest.fixture
def values() -> Callable[..., list[tuple[Any, ...]]]:
    """`values(df, "ccn rsrr")`: those columns as a list of tuples, sorted by them in order, nulls first."""

    def collect(df: DataFrame, columns: str) -> list[tuple[Any, ...]]:
        names = columns.split()
        rows = [tuple(row[name] for name in names) for row in df.select(*names).collect()]
        return sorted(rows, key=lambda row: [(value is not None, value) for value in row])

    return collect


@pytest.fixture
def checked(frame: Frame, values: Callable[..., list[tuple[Any, ...]]]) -> Any:
    """`checked(referential, "key rule", claim=[...])`: columns of a check of these tables of silver alone."""

    def run(function: Any, columns: str, **tables: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        frames = [frame(f"silver.{name}", tables.get(name, [])) for name in function.__table__.inputs]
        return values(function(*frames), columns)

    return run
