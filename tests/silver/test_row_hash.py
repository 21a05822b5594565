"""The row hash, held against xxHash64 computed in plain Python over texts written by hand."""

from __future__ import annotations

import random
from datetime import date, datetime, timezone
from decimal import ROUND_HALF_UP, Decimal
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


#: type, value, its text in the hash
TEXTS: list[tuple[str, Any, str | None]] = [
    ("string", "Ünï 日本", "Ünï 日本"),
    ("string", "", ""),
    ("string", " a ", " a "),
    ("int", -7, "-7"),
    ("bigint", 9_223_372_036_854_775_807, "9223372036854775807"),
    ("boolean", True, "true"),
    ("boolean", False, "false"),
    ("date", date(2024, 10, 1), "2024-10-01"),
    ("timestamp", datetime(2024, 10, 1, 5, 6, 7, 80, tzinfo=timezone.utc), "2024-10-01T05:06:07.000080"),
    ("decimal(18,2)", Decimal("-0.50"), "-0.50"),
    ("decimal(18,2)", Decimal("1234567.00"), "1234567.00"),
    ("double", 0.1 + 0.2, "0.3000000000"),
    ("double", 0.3, "0.3000000000"),
    ("double", -0.25, "-0.2500000000"),
    ("double", 1e15, "1000000000000000.0000000000"),
    ("double", 1e-12, "0.0000000000"),
    ("array<int>", [9, 13], "9\u001e13"),
    ("array<int>", [], ""),
    ("array<string>", ["a", "b c"], "a\u001eb c"),
    ("map<string,string>", {"k": "v"}, "k:v"),
    ("string", None, None),
    ("double", None, None),
    ("array<int>", None, None),
    ("map<string,string>", None, None),
]


def test_every_type_is_hashed_as_its_text(spark):
    types = {f"c{n:02d}": kind for n, (kind, _, _) in enumerate(TEXTS)}
    rows = [tuple(value if i == n else None for i in range(len(TEXTS))) for n, (_, value, _) in enumerate(TEXTS)]
    expected = [row_hash_of(**{f"c{n:02d}": text}) for n, (_, _, text) in enumerate(TEXTS)]
    declared = [DerivedColumn(name=n, type=t, description=n) for n, t in types.items()]
    numbered = [DerivedColumn(name="_n", type="int", description="order"), *declared]
    frame = spark.createDataFrame([(n, *row) for n, row in enumerate(rows)], spark_schema(numbered))
    found = {r._n: r.h for r in frame.select("_n", row_hash(declared).alias("h")).collect()}
    assert [found[n] for n in range(len(rows))] == expected


def test_columns_are_joined_by_name_whatever_their_order(spark):
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


def test_doubles_of_every_size_are_rounded_by_their_digits(spark):
    # Hours and money in cents up to a billion, quotients, and values half a unit of the tenth decimal away.
    chance = random.Random(5)
    values = [chance.randint(1, 10**11) / 100 for _ in range(500)]
    values += [chance.uniform(-1, 1) * 10 ** chance.randint(-9, 9) for _ in range(1_000)]
    values += [chance.randint(1, 10**9) / chance.randint(1, 10**5) for _ in range(500)]
    values += [(chance.randint(1, 10**8) + 0.5) / 1e10 for _ in range(200)]
    values += [9.22515e-06, -9.87875e-06, 1.32475e-06, -1.45735e-06, 1e17, 12345678901234568.0, -4e15]
    values += [0.0, 0.5, 1e-10, 5e-11, 4.9e-11, 123456.12345678905, 333333333.3333333, 2301390.55, 1e15, 9.1e15]
    tenth = Decimal(1).scaleb(-10)
    texts = [f"{Decimal(repr(v)).quantize(tenth, ROUND_HALF_UP):f}" for v in values]
    expected = [row_hash_of(a="0.0000000000" if text == "-0.0000000000" else text) for text in texts]
    assert hashes(spark, {"a": "double"}, *[(v,) for v in values]) == expected


def test_double_too_large_for_the_decimal_still_has_a_hash_of_its_own(spark):
    found = hashes(spark, {"a": "double"}, (1e30,), (2e30,), (None,), (1e30,))
    assert found[0] == found[3]
    assert len(set(found)) == 3


def test_nulls_inside_an_array_and_its_length_are_told_apart(spark):
    found = hashes(spark, {"a": "array<int>"}, ([1, 2],), ([12],), ([2, 1],), (None,), ([],))
    assert len(set(found)) == 5
