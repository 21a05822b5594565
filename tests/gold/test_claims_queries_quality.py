"""Missing and flagged values of a handful of rows."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from nh_lakehouse.contracts.loading import load_tables
from nh_lakehouse.gold.claims_queries_quality import q21_data_quality

CLAIM = "silver.claim"


def _claim(claim: str, year: int | None, *flags: str, **others: Any) -> dict[str, Any]:
    row = {"source": "synpuf", "claim_type": "carrier", "claim_id": claim, "year": year, "dq_flags": list(flags)}
    return row | {"payment_usd": Decimal(1)} | others


@pytest.fixture
def quality(frame: Any) -> Callable[..., Any]:
    """`quality(claim=rows)`: the table of these rows alone; a frame is taken as it is."""

    def make(**rows: Any) -> Any:
        given = {name: rows.get(name, []) for name in q21_data_quality.__table__.inputs}
        return q21_data_quality(*[frame(f"silver.{n}", r) if isinstance(r, list) else r for n, r in given.items()])

    return make


def test_q21_missing_and_flagged_by_column(quality: Any, values: Any) -> None:
    claims = [
        _claim("1", 2008, "bad_number:payment_usd", "out_of_range:payment_usd", payment_usd=None),  # one row, two flags
        _claim("2", 2008, "unknown_code:drg", "line_total_mismatch", drg="470"),
        _claim("3", 2008, dq_flags=None),
        _claim("4", None, "bad_date:claim_id"),  # undated; a column of the key has no row of its own
    ]
    found = quality(claim=claims)
    chosen = found.filter("column_name IN ('payment_usd', 'drg', '*')")
    assert values(chosen, "year column_name rows_n missing_n missing_share flagged_n flagged_share") == [
        (None, "*", 1, 0, 0.0, 1, 1.0), (None, "drg", 1, 1, 1.0, 0, 0.0), (None, "payment_usd", 1, 0, 0.0, 0, 0.0),
        (2008, "*", 3, 0, 0.0, 2, 2 / 3), (2008, "drg", 3, 2, 2 / 3, 1, 1 / 3),
        (2008, "payment_usd", 3, 1, 1 / 3, 1, 1 / 3),
    ]  # fmt: skip


def test_q21_has_every_column_but_key_year_and_flags(quality: Any, values: Any) -> None:
    line = {"source": "rif", "claim_type": "hha", "claim_id": "1", "line_no": 1, "year": 2015}
    dx = {"source": "rif", "claim_type": "hha", "claim_id": "1", "dx_type": "diagnosis", "dx_seq": 1, "year": 2015}
    px = {"source": "rif", "claim_type": "hha", "claim_id": "1", "px_seq": 1, "year": 2015}
    fill = {"source": "rif", "event_id": "1", "year": 2015}
    person = {"source": "rif", "bene_id": "1", "year": 2015}
    coded = {"claim_line": line, "claim_diagnosis": dx, "claim_procedure": px}
    keys = {**coded, "drug_event": fill, "clm_beneficiary_year": person}
    found = quality(**{name: [key] for name, key in keys.items()})
    expected = [
        (name, "hha" if name in coded else "none", column.name)
        for name, key in keys.items()
        for column in load_tables()[f"silver.{name}"].columns
        if column.name not in {*key, "dq_flags"}
    ] + [(name, "hha" if name in coded else "none", "*") for name in keys]
    assert values(found, "table_name claim_type column_name") == sorted(expected)
    assert values(found.filter("column_name <> '*'").select("missing_share").distinct(), "missing_share") == [(1.0,)]


def test_q21_keeps_types_apart_and_leaves_audit_columns_out(frame: Any, quality: Any, values: Any) -> None:
    claims = frame(CLAIM, [_claim("1", 2008), _claim("1", 2008, claim_type="hha")])
    audited = claims.selectExpr("*", "'a.csv' AS _source_file")
    found = quality(claim=audited)
    assert values(found.filter("column_name = '*'"), "claim_type rows_n") == [("carrier", 1), ("hha", 1)]
    assert found.filter("column_name LIKE '%source_file'").isEmpty()
