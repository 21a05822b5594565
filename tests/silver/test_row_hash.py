"""The row hash, held against xxHash64 computed in plain Python over values written by hand."""

from __future__ import annotations

import math
import random
import struct
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import pytest
from xxh64 import row_hash_of, xxh64

from nh_lakehouse.contracts.model import DerivedColumn
from nh_lakehouse.lakehouse.schema import spark_schema
from nh_lakehouse.silver.row_hash import row_hash


def columns(**types: str) -> list[DerivedColumn]:
    """Declared columns."""
    return [DerivedColumn(name=n, type=t.replace("_", ","), description=n) for n, t in types.items()]


def hashes(spark, types: dict[str, str], *rows: tuple) -> list[int]:
    """Row hashes in the order of the rows."""
    declared = columns(**types)
    numbered = [DerivedColumn(name="_n", type="int", description="order"), *declared]
    frame = spark.createDataFrame([(n, *row) for n, row in enumerate(rows)], spark_schema(numbered))
    found = frame.select("_n", row_hash(declared).alias("h")).collect()
    return [r.h for r in sorted(found, key=lambda r: r._n)]


@pytest.mark.parametrize(
    ("data", "seed", "expected"),
    [
        (b"", 0, 0xEF46DB3751D8E999),
        (b"a", 0, 0xD24EC4F1A98C6E5B),
        (b"abc", 0, 0x44BC2CF5AD770999),
        (b"Nobody inspects the spammish repetition", 0, 0xFBCEA83C8A378BF1),
        (b"xxhash", 20141025, 13067679811253438005),
    ],
)
def test_plain_python_gives_the_published_values(data, seed, expected):
    assert xxh64(data, seed) == expected


def double(value: float) -> bytes:
    """The eight bytes of a double."""
    return struct.pack("<d", value)


#: type, value, the bytes that are hashed (of an array: those of each element)
VALUES: list[tuple[str, Any, bytes | list[bytes] | None]] = [
    ("string", "Ünï 日本", "Ünï 日本".encode()),
    ("string", "", b""),
    ("string", " a ", b" a "),
    ("int", -7, struct.pack("<i", -7)),
    ("bigint", 9_223_372_036_854_775_807, struct.pack("<q", 9_223_372_036_854_775_807)),
    ("boolean", True, struct.pack("<i", 1)),
    ("boolean", False, struct.pack("<i", 0)),
    ("date", date(1970, 1, 11), struct.pack("<i", 10)),
    ("timestamp", datetime(1970, 1, 1, 0, 0, 7, 80, tzinfo=timezone.utc), struct.pack("<q", 7_000_080)),
    ("decimal(18,2)", Decimal("-0.50"), struct.pack("<q", -50)),
    ("decimal(18,2)", Decimal("1234567.00"), struct.pack("<q", 123_456_700)),
    ("decimal(38,10)", Decimal("-0.5"), b"-0.5000000000"),
    ("double", 0.1 + 0.2, double(3e9)),
    ("double", 0.3, double(3e9)),
    ("double", -0.25, double(-2.5e9)),
    ("double", -0.0, double(0.0)),
    ("double", 1e15, double(1e25)),
    ("double", 1e-12, double(0.0)),
    ("array<int>", [9, 13], [struct.pack("<i", 9), struct.pack("<i", 13)]),
    ("array<int>", [], []),
    ("array<string>", ["a", "b c"], [b"a", b"b c"]),
    ("map<string,string>", {"k": "v"}, b"k:v"),
    ("string", None, None),
    ("double", None, None),
    ("array<int>", None, None),
    ("map<string,string>", None, None),
]


def test_every_type_is_hashed_as_its_value(spark):
    types = {f"c{n:02d}": kind for n, (kind, _, _) in enumerate(VALUES)}
    rows = [tuple(value if i == n else None for i in range(len(VALUES))) for n, (_, value, _) in enumerate(VALUES)]
    expected = [row_hash_of(**{f"c{n:02d}": content}) for n, (_, _, content) in enumerate(VALUES)]
    declared = [DerivedColumn(name=n, type=t, description=n) for n, t in types.items()]
    numbered = [DerivedColumn(name="_n", type="int", description="order"), *declared]
    frame = spark.createDataFrame([(n, *row) for n, row in enumerate(rows)], spark_schema(numbered))
    found = {r._n: r.h for r in frame.select("_n", row_hash(declared).alias("h")).collect()}
    assert [found[n] for n in range(len(rows))] == expected


def test_columns_are_hashed_by_name_whatever_their_order(spark):
    row = {"b": "2", "a": "1", "c": "x" * 40}
    expected = row_hash_of(**row)
    assert hashes(spark, dict.fromkeys("bac", "string"), tuple(row.values())) == [expected]
    assert hashes(spark, dict.fromkeys("abc", "string"), ("1", "2", "x" * 40)) == [expected]


def test_null_is_told_from_a_value_and_from_an_empty_text(spark):
    found = hashes(spark, {"a": "string", "b": "string"}, (None, "x"), ("x", None), ("", "x"), (None, None))
    assert found == [row_hash_of(b="x"), row_hash_of(a="x"), row_hash_of(a="", b="x"), row_hash_of()]
    assert len(set(found)) == 4


def test_new_column_that_is_all_null_changes_no_hash(spark):
    before = hashes(spark, {"b": "string"}, ("x",), (None,))
    kinds = {"a": "string", "b": "string", "c": "double", "d": "array<int>", "e": "date"}
    assert hashes(spark, kinds, (None, "x", None, None, None), (None,) * 5) == before


def test_last_bits_of_a_sum_do_not_make_a_row_new(spark):
    sums = [(0.1 + 0.2,), (0.3,), (0.3 + 1e-9,)]
    first, second, third = hashes(spark, {"a": "double"}, *sums)
    assert first == second != third


def test_doubles_of_every_size_are_rounded_to_ten_decimals(spark):
    # Hours and money in cents up to a billion, quotients, and values near the size from which on none is rounded.
    chance = random.Random(5)
    values = [chance.randint(1, 10**11) / 100 for _ in range(500)]
    values += [chance.uniform(-1, 1) * 10 ** chance.randint(-9, 9) for _ in range(1_000)]
    values += [chance.randint(1, 10**9) / chance.randint(1, 10**5) for _ in range(500)]
    values += [0.0, 0.5, 1e-10, 4.9e-11, 899_999.99, 900_000.0, -900_000.01, 2301390.55, 1e15, 9.1e15]
    rounded = [float(math.floor(v * 1e10 + 0.5)) if abs(v) < 9e5 else v * 1e10 for v in values]
    expected = [row_hash_of(a=double(v)) for v in rounded]
    assert hashes(spark, {"a": "double"}, *[(v,) for v in values]) == expected


def test_small_number_is_not_taken_for_a_large_one(spark):
    # 0.0001 stands as a million tenths of a billionth.
    first, second = hashes(spark, {"a": "double"}, (0.0001,), (1e6,))
    assert first != second


def test_double_too_large_for_the_decimal_still_has_a_hash_of_its_own(spark):
    found = hashes(spark, {"a": "double"}, (1e30,), (2e30,), (None,), (1e30,))
    assert found[0] == found[3]
    assert len(set(found)) == 3


def test_nulls_inside_an_array_and_its_length_are_told_apart(spark):
    found = hashes(spark, {"a": "array<int>"}, ([1, 2],), ([12],), ([2, 1],), (None,), ([],))
    assert len(set(found)) == 5
