"""One declared type in the words of Arrow, Delta and Spark."""

from __future__ import annotations

import pyarrow as pa
import pytest

from nh_lakehouse.contracts import load_tables
from nh_lakehouse.contracts.model import DerivedColumn
from nh_lakehouse.errors import ContractError
from nh_lakehouse.lakehouse.schema import arrow_schema, delta_schema, spark_schema, spark_type

TYPES = [
    ("string", pa.string(), "string"),
    ("int", pa.int32(), "integer"),
    ("bigint", pa.int64(), "long"),
    ("double", pa.float64(), "double"),
    ("date", pa.date32(), "date"),
    ("timestamp", pa.timestamp("us", tz="UTC"), "timestamp"),
    ("boolean", pa.bool_(), "boolean"),
    ("decimal(18,2)", pa.decimal128(18, 2), "decimal(18,2)"),
    ("array<int>", pa.list_(pa.int32()), None),
    ("map<string,bigint>", pa.map_(pa.string(), pa.int64()), None),
]


def column(kind: str, **more) -> DerivedColumn:
    return DerivedColumn(name="c", type=kind, description="What it is", **more)


@pytest.mark.parametrize(("kind", "arrow", "delta"), TYPES, ids=[t[0] for t in TYPES])
def test_type_in_three_words(kind: str, arrow: pa.DataType, delta: str | None):
    assert arrow_schema([column(kind)]).field("c").type == arrow
    (field,) = delta_schema([column(kind)]).fields
    assert field.nullable and (delta is None or field.type.type == delta)
    assert spark_type(kind).simpleString() == kind.replace(", ", ",")


@pytest.mark.parametrize("kind", ["text", "decimal", "array<text>", "map<string>", "INT", ""])
def test_unknown_type_is_refused_by_all(kind: str):
    for make in (arrow_schema, delta_schema, spark_schema):
        with pytest.raises(ContractError, match="not known"):
            make([column(kind)])


def test_comment_holds_description_and_unit():
    (field,) = delta_schema([column("double", unit="hprd")]).fields
    assert field.metadata == {"comment": "What it is [hprd]"}


def test_every_declared_column_has_a_type_in_all_three():
    for declaration in load_tables().values():
        names = [f.name for f in delta_schema(declaration.columns).fields]
        assert (
            names
            == declaration.column_names
            == arrow_schema(declaration.columns).names
            == spark_schema(declaration.columns).names
        )
