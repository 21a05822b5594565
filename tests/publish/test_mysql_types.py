"""A table in MySQL's words: lengths, keys, indexes, comments, quoting. No server."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from nh_lakehouse.errors import LoadError
from nh_lakehouse.publish.mysql_types import design, old_name, readable_dialect, shape_of, staging_name, statements
from nh_lakehouse.publish.tables import Measured, OutColumn, OutTable


def text(name: str, **more: Any) -> OutColumn:
    return OutColumn(name, "text", "string", **more)


def out_table(*columns: OutColumn, key: tuple[str, ...] = (), **more: Any) -> OutTable:
    return OutTable("gold.t", 3, "id", columns, key, **more)


def measured(nulls: tuple[str, ...] = (), **longest: int) -> Measured:
    return Measured(10, longest, frozenset(nulls), {})


def sql(table: OutTable, found: Measured) -> str:
    return "\n".join(statements(design(table, shape_of(table, found), name="t"), readable_dialect()))


@pytest.mark.parametrize(
    ("longest", "length"),
    # 1.25 x 6 = 7.5 fits 8; 1.25 x 7 = 8.75 does not; 1.25 x 800 = 1,000 is the last that is no TEXT
    [(0, 8), (6, 8), (7, 16), (204, 255), (800, 1_000), (801, None)],
)
def test_shape_gives_text_a_length_with_head_room(longest: int, length: int | None) -> None:
    shape = shape_of(out_table(text("a")), measured(a=longest))
    assert shape.lengths.get("a") == length


def test_types_are_those_of_delta() -> None:
    kinds = [
        OutColumn("amount", "decimal", "decimal(38,10)", precision=38, scale=10),
        OutColumn("n", "bigint", "long"), OutColumn("rank", "integer", "integer"), OutColumn("x", "double", "double"),
        OutColumn("ok", "boolean", "boolean"), OutColumn("day", "date", "date"),
        OutColumn("at", "timestamp", "timestamp"), OutColumn("flags", "nested", "array<string>"), text("memo"),
    ]  # fmt: skip
    made = sql(out_table(*kinds), measured(memo=5_000, flags=10))
    for line in (
        "`amount` DECIMAL(38, 10)", "`n` BIGINT", "`rank` INTEGER", "`x` DOUBLE", "`ok` TINYINT(1)",
        "`day` DATE", "`at` DATETIME(6)", "`flags` LONGTEXT", "`memo` LONGTEXT",
    ):  # fmt: skip
        assert line in made


def test_key_is_primary_in_its_own_order() -> None:
    made = sql(out_table(text("a"), text("b"), key=("b", "a")), measured(a=2, b=2))
    assert "PRIMARY KEY (`b`, `a`)" in made


def test_key_with_a_null_is_unique() -> None:
    table = out_table(text("a"), text("b"), key=("a", "b"))
    made = sql(table, measured(a=2, b=2, nulls=("b",)))
    assert "PRIMARY KEY" not in made
    assert "CREATE UNIQUE INDEX `key_of_row` ON `t` (`a`, `b`);" in made


def test_long_key_loses_its_head_room_then_is_indexed_by_its_beginning() -> None:
    table = out_table(text("a"), text("b"), key=("a", "b"))
    # with head-room 512 + 512 characters of 4 bytes are more than 3,072 bytes; 380 + 380 are 3,040
    assert shape_of(table, measured(a=380, b=380)).key_kind == "primary"
    shape = shape_of(table, measured(a=400, b=400))
    assert (shape.key_kind, shape.prefixes) == ("plain", {"a": 384, "b": 384})  # 3,072 / 4 / 2
    assert "CREATE INDEX `key_of_row` ON `t` (`a`(384), `b`(384));" in sql(table, measured(a=400, b=400))


def test_long_rows_keep_their_longest_texts_elsewhere() -> None:
    columns = [text(f"c{n}") for n in range(40)]
    # 40 x 512 characters x 4 bytes are 81,920 bytes; 29 of them 59,450 with their lengths
    shape = shape_of(out_table(*columns), measured(**{c.name: 400 for c in columns}))
    assert len(shape.lengths) == 29


def test_columns_that_are_asked_for_have_an_index() -> None:
    table = out_table(text("a"), text("state"), OutColumn("ok", "boolean", "boolean"), filters=("state", "ok"))
    assert "CREATE INDEX `by_state` ON `t` (`state`);" in sql(table, measured(a=2, state=2))
    assert "by_ok" not in sql(table, measured(a=2, state=2))


def test_descriptions_are_comments_whatever_is_in_them() -> None:
    table = out_table(text("a", description="50 % of :it, the owner's", unit="usd"), title="T", run_id="r-1")
    made = sql(table, measured(a=2))
    assert "COMMENT '50 % of :it, the owner''s [usd]'" in made
    assert "COMMENT='T; gold.t version 3; run r-1." in made


def test_long_comments_are_cut() -> None:
    made = design(
        out_table(text("a", description="x" * 2_000)), shape_of(out_table(text("a")), measured(a=1)), name="t"
    )
    assert len(str(made.c.a.comment)) == 1_024


@pytest.mark.parametrize("name", ["a b", "a`b", "1a", "x" * 65, "ä"])
def test_names_that_mysql_cannot_have_are_refused(name: str) -> None:
    with pytest.raises(LoadError, match="name"):
        shape_of(out_table(text(name)), measured(**{name: 1}))


def test_reserved_words_are_quoted() -> None:
    made = sql(out_table(text("select"), text("rank"), key=("select",)), measured(select=2, rank=2))
    assert "`select` VARCHAR(8)" in made and "PRIMARY KEY (`select`)" in made


def test_staging_names_are_short_and_of_one_table() -> None:
    long = ["x" * 60 + "a", "x" * 60 + "b"]
    names = {name(table) for table in long for name in (staging_name, old_name)}
    assert len(names) == 4
    assert max(len(n) for n in names) <= 64


def test_shape_of_a_table_with_other_rows_has_the_same_key() -> None:
    table = replace(out_table(text("a"), key=("a",)), version=4)
    assert shape_of(table, measured(a=3)).key_kind == "primary"
