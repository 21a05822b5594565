"""Text to typed values: every type with good, missing, bad and impossible texts; checks, footnotes, national rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import pytest
from small_contract import column, small_contract

from nh_lakehouse.contracts.model import COMMON_MISSING, DataSet
from nh_lakehouse.silver.conform import carried, conform

Found = dict[str, Any]


def conformed(
    spark, contract: DataSet, rows: Sequence[Mapping[str, str | None]], columns: Sequence[str] | None = None
) -> list[Found]:
    """The rows conformed, in their order; each is a mapping of texts, key and period by default."""
    names = [c.name for c in contract.columns]
    audit = ["_period", "_absent_columns", "_corrupt_record"]
    defaults = {"id": "1", "ccn": "015009", "_period": "2024-10", "_absent_columns": ""}
    texts = [[{**defaults, **row}.get(n) for n in [*names, *audit]] for row in rows]
    schema = ", ".join(f"`{n}` string" for n in [*names, *audit]) + ", _source_row int"
    frame = spark.createDataFrame([(*t, n) for n, t in enumerate(texts)], schema)
    found = conform(frame, contract, columns=columns).toArrow().to_pylist()
    return sorted(found, key=lambda r: r["_source_row"])


# --- every type ----------------------------------------------------------------------------------------------------

TYPES = ["double", "int", "bigint", "usd", "date", "timestamp", "boolean", "footnote", "zip5", "string", "quarter"]

#: type, text, value, reason
CASES: list[tuple[str, str, Any, str | None]] = [
    # numbers as publishers, spreadsheets and statistics programs write them
    ("double", "12.5", 12.5, None),
    ("double", " 12.5 ", 12.5, None),
    ("double", "-0.5", -0.5, None),
    ("double", "+3", 3.0, None),
    ("double", "5.", 5.0, None),
    ("double", ".5", 0.5, None),
    ("double", "007", 7.0, None),
    ("double", "1,234.5", 1234.5, None),
    ("double", "$1,234", 1234.0, None),
    ("double", "-$5", -5.0, None),
    ("double", "1,234,567.25", 1234567.25, None),
    ("double", "1.5E+05", 150000.0, None),
    ("double", "1e-3", 0.001, None),
    ("double", "12 5", None, "bad_number"),
    ("double", "1,23", None, "bad_number"),
    ("double", "1.2.3", None, "bad_number"),
    ("double", "$-5", None, "bad_number"),
    ("double", "(5)", None, "bad_number"),
    ("double", "5%", None, "bad_number"),
    ("double", "5-", None, "bad_number"),
    ("double", "--5", None, "bad_number"),
    ("double", "1d", None, "bad_number"),
    ("double", "1e", None, "bad_number"),
    ("double", "e5", None, "bad_number"),
    ("double", "1_0", None, "bad_number"),
    ("double", "0x10", None, "bad_number"),
    ("double", "１２", None, "bad_number"),
    ("double", "NaN", None, "bad_number"),
    ("double", "Infinity", None, "bad_number"),
    ("double", "1e400", None, "out_of_range"),
    ("double", "-1e400", None, "out_of_range"),
    ("double", "many", None, "bad_number"),
    ("int", "12", 12, None),
    ("int", "12.0", 12, None),
    ("int", "1,234", 1234, None),
    ("int", "$1,234.00", 1234, None),
    ("int", "1e3", 1000, None),
    ("int", "-526", -526, None),
    ("int", "2147483647", 2147483647, None),
    ("int", "2147483648", None, "bad_number"),
    ("int", "12.5", None, "bad_number"),
    ("int", "twelve", None, "bad_number"),
    ("bigint", "3000000000", 3_000_000_000, None),
    ("bigint", "3000000000.0", 3_000_000_000, None),
    ("bigint", "9223372036854775807", 9_223_372_036_854_775_807, None),
    ("bigint", "9223372036854775808", None, "bad_number"),
    ("bigint", "99999999999999999.5", None, "bad_number"),
    ("usd", "1234.5", Decimal("1234.50"), None),
    ("usd", "$1,234.56", Decimal("1234.56"), None),
    ("usd", "1234.565", Decimal("1234.57"), None),
    ("usd", "1.5E+05", Decimal("150000.00"), None),
    ("usd", "-650", Decimal("-650.00"), None),
    ("usd", "9999999999999999.99", Decimal("9999999999999999.99"), None),
    ("usd", "10000000000000000", None, "bad_number"),
    ("usd", "1.2.3", None, "bad_number"),
    ("usd", "a lot", None, "bad_number"),
    # dates in every shape of MEASURES B1, and impossible ones
    ("date", "2024-10-01", date(2024, 10, 1), None),
    ("date", "10/01/2024", date(2024, 10, 1), None),
    ("date", "12/1/2024", date(2024, 12, 1), None),
    ("date", "1/12/2024", date(2024, 1, 12), None),
    ("date", "1/2/2024", date(2024, 1, 2), None),
    ("date", "20241001", date(2024, 10, 1), None),
    ("date", "01-Oct-2024", date(2024, 10, 1), None),
    ("date", "01-OCT-2024", date(2024, 10, 1), None),
    ("date", "17-MAR-59", date(1959, 3, 17), None),
    ("date", "17-mar-24", date(2024, 3, 17), None),
    ("date", "29-FEB-24", date(2024, 2, 29), None),
    ("date", "2024-10-01T05:00:00Z", date(2024, 10, 1), None),
    ("date", "2024-10-01 05:00:00.123", date(2024, 10, 1), None),
    ("date", "1900-01-01", date(1900, 1, 1), None),
    ("date", "2100-01-01", date(2100, 1, 1), None),
    ("date", "2024-02-30", None, "bad_date"),
    ("date", "02/30/2024", None, "bad_date"),
    ("date", "20240230", None, "bad_date"),
    ("date", "31-Feb-2024", None, "bad_date"),
    ("date", "29-FEB-23", None, "bad_date"),
    ("date", "13/01/2024", None, "bad_date"),
    ("date", "13/1/2024", None, "bad_date"),
    ("date", "2/30/2024", None, "bad_date"),
    ("date", "12/1/24", None, "bad_date"),
    ("date", "1//2024", None, "bad_date"),
    ("date", "/1/2024", None, "bad_date"),
    ("date", "+1/2/2024", None, "bad_date"),
    ("date", "1/2/12024", None, "bad_date"),
    ("date", "1/2/1899", None, "bad_date"),
    ("date", "2024-13-01", None, "bad_date"),
    ("date", "2024-10-00", None, "bad_date"),
    ("date", "00000000", None, "bad_date"),
    ("date", "0001-01-01", None, "bad_date"),
    ("date", "1899-12-31", None, "bad_date"),
    ("date", "2100-01-02", None, "bad_date"),
    ("date", "9999-12-31", None, "bad_date"),
    ("date", "2024-10-01-02", None, "bad_date"),
    ("date", "2O24-10-01", None, "bad_date"),
    ("date", "01-Okt-2024", None, "bad_date"),
    ("date", "45566", None, "bad_date"),
    ("date", "soon", None, "bad_date"),
    ("timestamp", "2024-10-01T05:06:07Z", datetime(2024, 10, 1, 5, 6, 7, tzinfo=timezone.utc), None),
    ("timestamp", "2024-10-01 05:06:07", datetime(2024, 10, 1, 5, 6, 7, tzinfo=timezone.utc), None),
    ("timestamp", "2024-10-01T25:00:00", None, "bad_date"),
    ("timestamp", "noon", None, "bad_date"),
    # the rest
    *[("boolean", t, True, None) for t in ("Y", "yes", "TRUE", "1")],
    *[("boolean", t, False, None) for t in ("n", "No", "false", "0")],
    ("boolean", "maybe", None, "bad_boolean"),
    ("boolean", "2", None, "bad_boolean"),
    ("footnote", "9", [9], None),
    ("footnote", "9.0", [9], None),
    ("footnote", "9,13", [9, 13], None),
    ("footnote", "6; 10", [6, 10], None),
    ("footnote", "x", None, "bad_number"),
    ("footnote", "9,x", None, "bad_number"),
    ("zip5", "35630", "35630", None),
    ("zip5", "501", "00501", None),
    ("zip5", "02138-1234", "02138", None),
    ("zip5", "021381234", "02138", None),
    ("zip5", "A1B 2C3", "A1B 2C3", None),
    ("string", " St. Mary’s – X\u00a0Y ", "St. Mary’s – X\u00a0Y", None),
    ("string", "None", "None", None),
    ("string", "null", "null", None),
    ("quarter", "2023Q2", "2023Q2", None),
    *[
        (kind, marker, None, None)
        for kind in TYPES
        for marker in (*COMMON_MISSING, " ", "   ", "\t", "\u00a0", " N/A ")
    ],
]


@pytest.fixture(scope="module")
def typed(spark) -> list[Found]:
    """All cases in one frame: each row holds one text, in the column of its type."""
    contract = small_contract(*[column(f"a_{kind}", kind) for kind in TYPES])
    return conformed(spark, contract, [{f"a_{kind}": text} for kind, text, _, _ in CASES])


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{kind} {text!r}" for kind, text, _, _ in CASES])
def test_text_of_a_type_has_a_value_or_a_reason(typed, number):
    kind, _, value, reason = CASES[number]
    assert typed[number][f"a_{kind}"] == value
    assert typed[number]["dq_flags"] == ([] if reason is None else [f"{reason}:a_{kind}"])
    assert typed[number]["_reasons"] == []


def test_a_text_changes_no_column_but_its_own(typed):
    for row, (kind, _, _, _) in zip(typed, CASES, strict=True):
        assert [k for k in TYPES if k != kind and row[f"a_{k}"] is not None] == []


def test_two_digit_year_lies_in_the_past(spark):
    contract = small_contract(column("born", "date"))
    this_year = date.today().year  # noqa: DTZ011 - the year is what counts
    ahead = this_year % 100 + 2
    (row,) = conformed(spark, contract, [{"born": f"01-JAN-{ahead:02d}"}])
    assert row["born"] == date(1900 + ahead, 1, 1)


# --- identifiers ---------------------------------------------------------------------------------------------------

#: text, ccn, flags, row reasons
CCNS = [
    ("015009", "015009", [], []),
    (" 015009 ", "015009", [], []),
    ("\u00a0015009\t", "015009", [], []),
    ("01A193", "01A193", [], []),
    ("01a193", "01a193", [], []),
    ("04E090", "04E090", [], []),
    ("15009", "015009", ["ccn_padded"], []),
    ("245381B", "245381", ["ccn_suffix"], []),
    ("12345678", "123456", ["ccn_suffix"], []),
    ("335506001", "335506", ["ccn_suffix"], []),
    ("4E+90", None, [], ["bad_key_format:ccn"]),
    ("1.4E+170", None, [], ["bad_key_format:ccn"]),
    ("15009.0", None, [], ["bad_key_format:ccn"]),
    ("4E090", None, [], ["bad_key_format:ccn"]),
    ("1509", None, [], ["bad_key_format:ccn"]),
    ("3355060012", None, [], ["bad_key_format:ccn"]),
    ("01 5009", None, [], ["bad_key_format:ccn"]),
    ("é15009", None, [], ["bad_key_format:ccn"]),
    ("015009\n", None, [], ["bad_key_format:ccn"]),
    ("", None, [], ["missing_key:ccn"]),
    ("  ", None, [], ["missing_key:ccn"]),
    ("N/A", None, [], ["missing_key:ccn"]),
    (None, None, [], ["missing_key:ccn"]),
]


def test_ccn_is_six_characters_or_the_row_is_set_aside(spark):
    contract = small_contract(key=["ccn"], columns=[column("ccn", "ccn", required=True), column("day", "date")])
    found = conformed(spark, contract, [{"ccn": text} for text, *_ in CCNS])
    assert [(r["ccn"], r["dq_flags"], r["_reasons"]) for r in found] == [tuple(rest) for _, *rest in CCNS]


def test_codes_that_lost_their_zeros_are_filled_up(spark):
    contract = small_contract(column("county", pad=3))
    found = conformed(spark, contract, [{"county": t} for t in ("7", " 70 ", "700", "7000", "NA")])
    assert [r["county"] for r in found] == ["007", "070", "700", "7000", None]


def test_markers_of_a_column_are_added_and_kept(spark):
    contract = small_contract(column("a", missing=["Unknown"]), column("b", keep=["NA", "."]))
    texts = ["Unknown", "unknown", "NA", "."]
    found = conformed(spark, contract, [{"a": t, "b": t} for t in texts])
    assert [r["a"] for r in found] == [None, "unknown", None, None]
    assert [r["b"] for r in found] == ["Unknown", "unknown", "NA", "."]


# --- rows that leave silver ----------------------------------------------------------------------------------------


def test_row_carries_all_its_reasons_sorted(spark):
    contract = small_contract(
        column("at", "date", required=True),
        column("n", "int", required=True),
        column("x", "int"),
        key=["id", "at", "n"],
    )
    found = conformed(
        spark,
        contract,
        [
            {"at": "2024-10-01", "n": "1", "x": "?"},
            {"id": "-", "at": "2024-02-30", "n": "one", "_corrupt_record": "short_row: 2 fields, expected 5 | a,b"},
            {"at": None, "n": "1", "_corrupt_record": "unclosed_quote: unexpected end: of data | a"},
        ],
    )
    assert [r["_reasons"] for r in found] == [
        [],
        ["bad_key_format:at", "bad_key_format:n", "missing_key:id", "short_row"],
        ["missing_key:at", "unclosed_quote"],
    ]
    assert found[0]["dq_flags"] == ["bad_number:x"]


def test_key_column_that_is_not_required_may_be_null(spark):
    contract = small_contract(column("kind"), key=["id", "kind"])
    (row,) = conformed(spark, contract, [{"kind": ""}])
    assert (row["kind"], row["_reasons"]) == (None, [])


# --- ranges, codes, checks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "limits", "inside", "outside"),
    [
        ("int", [1, 5], ["1", "5"], ["0", "6", "-1"]),
        ("int", [0, None], ["0", "2147483647"], ["-1", "-526"]),
        ("int", [None, 1_048_575], ["-5", "1048575"], ["1048576"]),
        ("double", [0, 100], ["0", "-0.0", "100", "99.999"], ["-0.001", "100.001", "1e400"]),
        ("double", [0, None], ["0.0", "1e299"], ["-1e-9", "1e301"]),
        ("usd", [0, None], ["0.00", "$5"], ["-0.01", "-650"]),
        ("bigint", [None, 9_007_199_254_740_991], ["9007199254740991"], ["9007199254740992"]),
    ],
)
def test_value_outside_its_range_becomes_null_with_a_reason(spark, kind, limits, inside, outside):
    contract = small_contract(column("x", kind, range=limits))
    found = conformed(spark, contract, [{"x": text} for text in [*inside, *outside]])
    flags = [r["dq_flags"] for r in found]
    assert flags == [[]] * len(inside) + [["out_of_range:x"]] * len(outside)
    assert [r["x"] is None for r in found] == [False] * len(inside) + [True] * len(outside)


def test_unknown_code_stays_and_is_flagged(spark):
    contract = small_contract(column("kind", accepted=["Fine", "it's"]), column("code", pattern=r"^\d+'\\?\z"))
    texts = [("Fine", "12'"), ("it's", "3'\\"), ("fine", "x'"), (None, None)]
    found = conformed(spark, contract, [{"kind": kind, "code": code} for kind, code in texts])
    assert [r["dq_flags"] for r in found] == [[], [], ["unknown_code:code", "unknown_code:kind"], []]
    assert [(r["kind"], r["code"]) for r in found] == texts


def test_check_over_typed_columns_warns_and_null_passes(spark):
    check = {"reason": "sum_mismatch", "when": "abs(total - (a + b)) > 0.01"}
    columns = [column(n, "double") for n in ("a", "b", "total")]
    contract = small_contract(*columns, checks=[check, {"reason": "big:a", "when": "a > 10"}])
    texts = [("1", "2", "3"), ("1", "2", "3.5"), ("11", "1", "5"), ("1", "x", "3")]
    found = conformed(spark, contract, [dict(zip("ab", t[:2], strict=True), total=t[2]) for t in texts])
    assert [r["dq_flags"] for r in found] == [[], ["sum_mismatch"], ["big:a", "sum_mismatch"], ["bad_number:b"]]
    assert [r["total"] for r in found] == [3.0, 3.5, 5.0, 3.0]


def test_check_whose_columns_are_not_wanted_is_left_out(spark):
    contract = small_contract(column("a", "int"), column("b", "int"), checks=[{"reason": "differ", "when": "a <> b"}])
    (row,) = conformed(spark, contract, [{"a": "1", "b": "2"}], columns=["a"])
    assert (row["dq_flags"], "b" in row) == ([], False)


def test_check_for_nulls_says_nothing_of_a_file_that_lacks_the_column(spark):
    contract = small_contract(column("a"), column("b"), checks=[{"reason": "no_a", "when": "a is null"}])
    rows = [{"a": None}, {"a": "x"}, {"a": None, "_absent_columns": "b"}, {"a": None, "_absent_columns": "b,a"}]
    assert [row["dq_flags"] for row in conformed(spark, contract, rows)] == [["no_a"], [], ["no_a"], []]


#: value, footnote, absent columns, flags
FOOTNOTES = [
    ("4.5", None, "", []),
    (None, "9", "", []),
    ("4.5", "9", "", []),
    (None, None, "", ["footnote_mismatch:x"]),
    ("4.5", "6", "", ["footnote_mismatch:x"]),
    ("4.5", "9,10", "", ["footnote_mismatch:x"]),
    (None, "6", "", []),
    ("?", None, "", ["bad_number:x"]),
    ("-1", None, "", ["out_of_range:x"]),
    (None, None, "x_note", []),
    (None, None, "a,x", []),
    (None, None, "other_x,x_", ["footnote_mismatch:x"]),
]


def test_footnote_explains_a_missing_value_and_contradicts_a_present_one(spark):
    contract = small_contract(column("x", "double", range=[0, None], footnote="x_note"), column("x_note", "footnote"))
    found = conformed(spark, contract, [{"x": v, "x_note": f, "_absent_columns": a} for v, f, a, _ in FOOTNOTES])
    assert [r["dq_flags"] for r in found] == [flags for *_, flags in FOOTNOTES]


def test_footnote_that_is_a_sentence_contradicts_nothing(spark):
    contract = small_contract(column("x", "double", footnote="x_note"), column("x_note"))
    found = conformed(spark, contract, [{"x": "1", "x_note": "6"}, {"x": None, "x_note": "closed"}, {"x": None}])
    assert [r["dq_flags"] for r in found] == [[], [], ["footnote_mismatch:x"]]


# --- national rows, periods, columns -------------------------------------------------------------------------------


def test_national_row_gets_its_key_and_its_flag(spark):
    national = {"column": "id", "values": ["NATION", "National"], "set": {"id": "US"}}
    contract = small_contract(national=national)
    found = conformed(spark, contract, [{"id": t} for t in ("NATION", " National ", "US", "AL", "nation", "")])
    assert [(r["id"], r["is_national"]) for r in found] == [
        ("US", True), ("US", True), ("US", True), ("AL", False), ("nation", False), (None, False),
    ]  # fmt: skip


def test_national_row_is_told_by_one_column_and_keyed_in_another(spark):
    national = {"column": "name", "values": ["National"], "set": {"id": "US"}}
    contract = small_contract(column("name"), national=national)
    found = conformed(
        spark, contract, [{"id": "", "name": "National"}, {"id": "7", "name": "A"}, {"id": "", "name": ""}]
    )
    assert [(r["id"], r["is_national"], r["_reasons"]) for r in found] == [
        ("US", True, []), ("7", False, []), (None, False, ["missing_key:id"]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("grain", "text", "name", "value"),
    [
        ("month", "2024-10", "snapshot_month", date(2024, 10, 1)),
        ("quarter", "2023Q2", "quarter", "2023Q2"),
        ("year", "2024", "fiscal_year", 2024),
        ("date", "2024-10-27", "release_date", date(2024, 10, 27)),
    ],
)
def test_period_has_the_name_and_type_of_its_grain(spark, grain, text, name, value):
    contract = small_contract(period={"grain": grain})
    assert conformed(spark, contract, [{"_period": text}])[0][name] == value


def test_wanted_columns_come_with_key_unit_group_footnote_and_audit(spark):
    columns = [
        column("a", "int", footnote="a_note"),
        column("a_note", "footnote"),
        column("b"),
        column("g"),
        column("u"),
    ]
    contract = small_contract(*columns, group="g", replace_by=["u"])
    (row,) = conformed(spark, contract, [{"a": "1", "b": "2"}], columns=["a"])
    audit = ["_period", "_absent_columns", "_corrupt_record", "_source_row"]
    assert list(row) == ["id", "a", "a_note", "g", "u", "snapshot_month", "dq_flags", "_reasons", *audit]


def test_carried_columns_are_audit_and_history(spark):
    frame = spark.createDataFrame([(1, 2, 3)], "a int, valid_from int, _x int")
    assert carried(frame) == ["valid_from", "_x"]
