"""Missing and flagged values of a handful of rows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from nh_lakehouse.contracts.loading import load_tables
from nh_lakehouse.gold.claims_queries_quality import q21_data_quality

CLAIM, LINE, FILL, YEAR = "silver.claim", "silver.claim_line", "silver.drug_event", "silver.clm_beneficiary_year"


def _claim(claim: str, year: int | None, *flags: str, **others: Any) -> dict[str, Any]:
    row = {"source": "synpuf", "claim_type": "carrier", "claim_id": claim, "year": year, "dq_flags": list(flags)}
    return row | {"payment_usd": Decimal(1)} | others


def test_q21_missing_and_flagged_by_column(frame: Any, values: Any) -> None:
    claims = [
        _claim("1", 2008, "bad_number:payment_usd", "out_of_range:payment_usd", payment_usd=None),  # one row, two flags
        _claim("2", 2008, "unknown_code:drg", "line_total_mismatch", drg="470"),
        _claim("3", 2008, dq_flags=None),
        _claim("4", None, "bad_date:claim_id"),  # undated; a column of the key has no row of its own
    ]
    found = q21_data_quality(frame(CLAIM, claims), frame(LINE, []), frame(FILL, []), frame(YEAR, []))
    chosen = found.filter("column_name IN ('payment_usd', 'drg', '*')")
    assert values(chosen, "year column_name rows_n missing_n missing_share flagged_n flagged_share") == [
        (None, "*", 1, 0, 0.0, 1, 1.0), (None, "drg", 1, 1, 1.0, 0, 0.0), (None, "payment_usd", 1, 0, 0.0, 0, 0.0),
        (2008, "*", 3, 0, 0.0, 2, 2 / 3), (2008, "drg", 3, 2, 2 / 3, 1, 1 / 3),
        (2008, "payment_usd", 3, 1, 1 / 3, 1, 1 / 3),
    ]  # fmt: skip


def test_q21_has_every_column_but_key_year_and_flags(frame: Any, values: Any) -> None:
    line = {"source": "rif", "claim_type": "hha", "claim_id": "1", "line_no": 1, "year": 2015}
    fill = {"source": "rif", "event_id": "1", "year": 2015}
    person = {"source": "rif", "bene_id": "1", "year": 2015}
    found = q21_data_quality(frame(CLAIM, []), frame(LINE, [line]), frame(FILL, [fill]), frame(YEAR, [person]))
    keys = {"claim_line": line, "drug_event": fill, "clm_beneficiary_year": person}
    expected = [
        (name, "hha" if name == "claim_line" else "none", column.name)
        for name, key in keys.items()
        for column in load_tables()[f"silver.{name}"].columns
        if column.name not in {*key, "dq_flags"}
    ] + [("claim_line", "hha", "*"), ("drug_event", "none", "*"), ("clm_beneficiary_year", "none", "*")]
    assert values(found, "table_name claim_type column_name") == sorted(expected)
    assert values(found.filter("column_name <> '*'").select("missing_share").distinct(), "missing_share") == [(1.0,)]


def test_q21_keeps_types_apart_and_leaves_audit_columns_out(frame: Any, values: Any) -> None:
    claims = frame(CLAIM, [_claim("1", 2008), _claim("1", 2008, claim_type="hha")])
    audited = claims.selectExpr("*", "'a.csv' AS _source_file")
    found = q21_data_quality(audited, frame(LINE, []), frame(FILL, []), frame(YEAR, []))
    assert values(found.filter("column_name = '*'"), "claim_type rows_n") == [("carrier", 1), ("hha", 1)]
    assert found.filter("column_name LIKE '%source_file'").isEmpty()
