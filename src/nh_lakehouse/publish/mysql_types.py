"""A gold table in the words of MySQL and MariaDB: column types, key, indexes, comments."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nh_lakehouse.errors import ExtraMissingError, LoadError
from nh_lakehouse.publish.tables import Measured, OutColumn, OutTable

if TYPE_CHECKING:
    import sqlalchemy as sa

__all__ = [
    "DEFAULT_COLLATION",
    "Shape",
    "design",
    "old_name",
    "readable_dialect",
    "shape_of",
    "staging_name",
    "statements",
]

#: As Delta compares: by code points. Servers have stricter ones, which heed blanks at the end of a text.
DEFAULT_COLLATION = "utf8mb4_bin"
#: Lengths of VARCHAR; longer text is TEXT. Steps, so that a table keeps its shape while its texts grow a little.
LENGTHS = (8, 16, 32, 64, 128, 255, 512, 1_000)
HEAD_ROOM = 1.25
#: InnoDB: bytes of an index, bytes of a row by its declared lengths, characters of a name, of a comment.
INDEX_BYTES, ROW_BYTES = 3_072, 60_000
NAME_LENGTH, COLUMN_COMMENT, TABLE_COMMENT = 64, 1_024, 2_048
#: Bytes of a character of utf8mb4.
_WIDTH = 4
#: Indexes beside the key; each costs time at every load.
MOST_INDEXES = 6
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_FIXED_BYTES = {"integer": 4, "bigint": 8, "double": 8, "boolean": 1, "date": 4, "timestamp": 8, "decimal": 30}


@dataclass(frozen=True)
class Shape:
    """How a table stands in the database.

    Attributes:
        lengths: text column -> characters of its VARCHAR; TEXT where it is left out.
        key_kind: `primary`; `unique` where a part of the key is null in some row, which MySQL does not take in a
            primary key; `plain`, an index of beginnings, where the key is too long for an index; `none` without a key.
        prefixes: column of such a key -> characters that are indexed.
        indexes: columns with an index of their own.
    """

    lengths: Mapping[str, int]
    key_kind: str
    prefixes: Mapping[str, int]
    indexes: tuple[str, ...]


def shape_of(table: OutTable, measured: Measured) -> Shape:
    """Types, key and indexes that the rows of a table need.

    Raises:
        LoadError: a name that MySQL cannot have, or too many columns.
    """
    _check_names(table)
    texts = [c.name for c in table.columns if c.kind == "text"]
    lengths = {n: size for n in texts if (size := _length(measured.longest[n])) is not None}
    kind, prefixes = _key_kind(table, measured, lengths)
    by_name = {c.name: c for c in table.columns}
    for name in sorted((n for n in lengths if n not in table.key), key=lambda n: -lengths[n]):
        if _row_bytes(table.columns, lengths) <= ROW_BYTES:
            break
        del lengths[name]
    indexes = [c for c in table.filters if _is_indexable(by_name[c], lengths)]
    return Shape(lengths, kind, prefixes, tuple(indexes[:MOST_INDEXES]))


def _key_kind(table: OutTable, measured: Measured, lengths: dict[str, int]) -> tuple[str, dict[str, int]]:
    """Kind of the key; shortens the head-room of its texts where they would be too long for an index."""
    kinds = {c.name: c.kind for c in table.columns}
    if not table.key or any(kinds[c] in ("nested", "binary") for c in table.key):
        return "none", {}
    texts = [c for c in table.key if kinds[c] == "text"]
    fixed = sum(_FIXED_BYTES[kinds[c]] + 1 for c in table.key if c not in texts)
    room = INDEX_BYTES - fixed
    if sum(_WIDTH * lengths.get(c, INDEX_BYTES) for c in texts) > room:
        exact = {c: max(measured.longest[c], 1) for c in texts}
        if sum(_WIDTH * n for n in exact.values()) > room:
            each = room // _WIDTH // max(len(texts), 1)
            return "plain", {c: min(each, lengths.get(c, each)) for c in texts}
        lengths.update(exact)
    return ("unique" if any(c in measured.nulls for c in table.key) else "primary"), {}


def _length(longest: int) -> int | None:
    """Characters of the VARCHAR for texts of that length; None where TEXT is better."""
    return next((step for step in LENGTHS if step >= longest * HEAD_ROOM), None)


def _is_indexable(column: OutColumn, lengths: Mapping[str, int]) -> bool:
    if column.kind == "text":
        return lengths.get(column.name, INDEX_BYTES) * _WIDTH <= INDEX_BYTES
    return column.kind not in ("nested", "binary", "boolean")


def _row_bytes(columns: Iterable[OutColumn], lengths: Mapping[str, int]) -> int:
    """Bytes of a row as MySQL counts them: a TEXT counts as its pointer."""
    return sum(_FIXED_BYTES.get(c.kind, lengths[c.name] * _WIDTH + 2 if c.name in lengths else 12) for c in columns)


def _check_names(table: OutTable) -> None:
    for what, name in [("table", table.short_name), *(("column", c.name) for c in table.columns)]:
        if not _NAME.match(name) or len(name) > NAME_LENGTH:
            raise LoadError(
                f"{table.name}: {what} name {name!r}: expected letters, digits and underscores, at most {NAME_LENGTH}",
                table=table.name,
            )
    if len(table.columns) > 1_000:
        raise LoadError(f"{table.name}: {len(table.columns)} columns; MySQL takes 1,000", table=table.name)


# --- the table in SQLAlchemy's words ---------------------------------------------------------------------------------


def staging_name(table: str) -> str:
    """Name under which a table is loaded beside the one that readers see."""
    return f"_nhl_new_{_short(table)}"


def old_name(table: str) -> str:
    """Name that a replaced table has until it is dropped."""
    return f"_nhl_old_{_short(table)}"


def _short(table: str) -> str:
    """A name of at most 49 characters that no other table has."""
    return f"{table[:40]}_{hashlib.sha256(table.encode()).hexdigest()[:8]}"


def design(table: OutTable, shape: Shape, *, name: str, collation: str = DEFAULT_COLLATION) -> sa.Table:
    """The table as SQLAlchemy has it, every name quoted.

    Args:
        table: what is published.
        shape: types and keys.
        name: name in the database.
        collation: by which texts are compared.
    """
    import sqlalchemy as sa

    in_key = table.key if shape.key_kind == "primary" else ()
    columns = [
        sa.Column(_quoted(c.name), _type_of(c, shape), nullable=c.name not in in_key, comment=_comment(c))
        for c in table.columns
    ]
    made = sa.Table(
        _quoted(name),
        sa.MetaData(),
        *columns,
        *([sa.PrimaryKeyConstraint(*in_key)] if in_key else []),
        comment=_table_comment(table),
        mysql_engine="InnoDB",
        mysql_row_format="DYNAMIC",
        mysql_charset="utf8mb4",
        mysql_collate=collation,
    )
    _add_indexes(made, table, shape)
    return made


def _add_indexes(made: sa.Table, table: OutTable, shape: Shape) -> None:
    import sqlalchemy as sa

    if shape.key_kind in ("unique", "plain"):
        lengths: dict[str, Any] = {"mysql_length": dict(shape.prefixes)}
        sa.Index(
            _quoted("key_of_row"),
            *(made.c[c] for c in table.key),
            unique=shape.key_kind == "unique",
            **(lengths if shape.prefixes else {}),
        )
    for column in shape.indexes:
        sa.Index(_quoted(f"by_{column}"[:NAME_LENGTH]), made.c[column])


def _type_of(column: OutColumn, shape: Shape) -> Any:
    from sqlalchemy.dialects import mysql

    if column.kind == "text":
        length = shape.lengths.get(column.name)
        return mysql.VARCHAR(length) if length else mysql.LONGTEXT()
    simple: dict[str, Any] = {
        "integer": mysql.INTEGER(),
        "bigint": mysql.BIGINT(),
        "double": mysql.DOUBLE(asdecimal=False),
        "boolean": mysql.TINYINT(1),
        "date": mysql.DATE(),
        "timestamp": mysql.DATETIME(fsp=6),
        "nested": mysql.LONGTEXT(),
        "binary": mysql.LONGBLOB(),
    }
    return mysql.DECIMAL(column.precision, column.scale) if column.kind == "decimal" else simple[column.kind]


def statements(table: sa.Table, dialect: Any) -> list[str]:
    """The SQL that makes a table and its indexes, for people to read."""
    from sqlalchemy.schema import CreateIndex, CreateTable

    made: list[Any] = [CreateTable(table), *(CreateIndex(i) for i in sorted(table.indexes, key=lambda i: str(i.name)))]
    return [str(m.compile(dialect=dialect)).strip() + ";" for m in made]


def readable_dialect() -> Any:
    """MySQL as people write it: the driver's own form would double every percent sign.

    Raises:
        ExtraMissingError: SQLAlchemy is not installed.
    """
    try:
        from sqlalchemy.dialects import mysql
    except ImportError as error:
        raise ExtraMissingError(
            "publishing needs sqlalchemy, which is not installed: pip install 'nh-lakehouse[mysql]'"
        ) from error
    return mysql.dialect(paramstyle="named")


def _quoted(name: str) -> Any:
    from sqlalchemy.sql.elements import quoted_name

    return quoted_name(name, quote=True)


def _comment(column: OutColumn) -> str | None:
    text = f"{column.description} [{column.unit}]" if column.unit else column.description
    return _cut(text, COLUMN_COMMENT) or None


def _table_comment(table: OutTable) -> str:
    parts = [table.title, f"{table.name} version {table.version}", f"run {table.run_id}" if table.run_id else ""]
    head = "; ".join(p for p in parts if p)
    rest = " ".join(f"{p}." for p in (table.grain.rstrip("."), table.description.rstrip(".")) if p)
    return _cut(f"{head}. {rest}".strip(), TABLE_COMMENT)


def _cut(text: str, most: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 1]}…"
