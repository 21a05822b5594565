"""A table of every type, with values that copies like to lose."""

from __future__ import annotations

from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

ODD = "gold.odd"
SCHEMA = pa.schema([
    ("code", pa.string()), ("name", pa.string()), ("amount_usd", pa.decimal128(18, 2)),
    ("fine", pa.decimal128(38, 10)), ("whole", pa.decimal128(38, 0)), ("count_n", pa.int64()), ("rank", pa.int32()),
    ("ratio", pa.float64()), ("is_open", pa.bool_()), ("valid_to", pa.date32()), ("at", pa.timestamp("us", tz="UTC")),
    ("flags", pa.list_(pa.string())), ("_row_hash", pa.int64()),
])  # fmt: skip


def _row(code: str, **values: Any) -> dict[str, Any]:
    return {**dict.fromkeys(SCHEMA.names), "code": code, "_row_hash": 1, **values}


ROWS = [
    _row("a", name="plain", amount_usd=Decimal("-0.01"), count_n=1, rank=1, ratio=0.1, is_open=True, valid_to=date(2024, 2, 29)),
    # keys that differ in case alone, or in a blank at the end
    _row("A", name="Ärzte für Müller", amount_usd=Decimal("9999999999999999.99"), is_open=False),
    _row("a ", name="𝔘𝔫𝔦𝔠𝔬𝔡𝔢 😀👩‍⚕️ 漢字", fine=Decimal("0.0000000001"), ratio=1e-300),
    _row("b", name="quote ' \" \\ percent % %s :x tab\tline\nend", fine=Decimal("-1234567890123456789012345678.0123456789")),
    _row("c", name="=1+1", whole=Decimal("99999999999999999999999999999999999999"), count_n=2**63 - 1, rank=-(2**31)),
    _row("d", name="", valid_to=date(9999, 12, 31), ratio=-1.7976931348623157e308, count_n=-(2**63)),
    _row("e", name="-2", at=datetime(2024, 11, 1, 8, 30, 0, 123456, tzinfo=timezone.utc), ratio=1 / 3, flags=["x", "y"]),
    _row("f", name="@cmd", at=datetime(1970, 1, 1, tzinfo=timezone.utc), flags=[], count_n=123456789012345678, valid_to=date(1850, 7, 1)),
    _row("g"),
]  # fmt: skip


def write_odd(root: Path, rows: list[dict[str, Any]] | None = None, mode: Any = "append") -> Path:
    """Write the table; it is not declared, so it has no key but the one a test gives it."""
    table = pa.Table.from_pylist(ROWS if rows is None else rows, schema=SCHEMA)
    write_deltalake(root / "gold" / "odd", table, mode=mode)
    return root
