"""The contract model: what is refused, how file names and headers are matched, periods, fingerprints."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError
from small_contract import column, small_contract

from nh_lakehouse.contracts import load_contracts
from nh_lakehouse.contracts.model import (
    COMMON_MISSING,
    SPARK_TYPES,
    Column,
    describe_problem,
    month_start,
    normalize_header,
    snake_case,
)

# --- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "changes", "message"),
    [
        ([column("Bad Name")], {}, "column name 'Bad Name' is not lower-case snake_case"),
        ([column("a", "money")], {}, "Input should be"),
        ([column("a", color="red")], {}, "Extra inputs are not permitted"),
        ([column("a"), column("a")], {}, r"columns declared twice: \['a'\]"),
        ([column("a"), column("b", header="A ")], {}, "header 'a' belongs to both a and b"),
        ([column("a"), column("b", aliases=["x", "a"])], {}, "header 'a' belongs to both a and b"),
        ([column("a", footnote="b")], {}, r"footnote names columns that are not declared: \['b'\]"),
        ([], {"name": "../../etc"}, "data-set name '../../etc' is not lower-case snake_case"),
        ([], {"name": "a;drop"}, "is not lower-case snake_case"),
        ([], {"key": ["id", "x"]}, r"key names columns that are not declared: \['x'\]"),
        ([], {"replace_by": ["x"]}, "replace_by names columns"),
        ([], {"group": "x"}, "group names columns"),
        ([], {"period": {"grain": "month", "column": "x"}}, "period.column names columns"),
        ([], {"period": {"grain": "week"}}, "Input should be"),
        ([], {"release": {"column": "x"}}, "release.column names columns"),
        ([], {"rhythm": "D"}, "Input should be"),
        ([], {"rythm": "M"}, "Extra inputs are not permitted"),
        ([], {"files": None}, "Input should be a valid tuple"),
        ([], {"checks": [{"reason": "x", "when": "1 = 1", "severity": "row"}]}, "Input should be 'warn'"),
    ],
)
def test_contract_with_a_mistake_is_refused(columns, changes, message):
    with pytest.raises(ValidationError, match=message):
        small_contract(*columns, **changes)


def test_problem_is_described_by_field_in_one_line():
    with pytest.raises(ValidationError) as raised:
        small_contract(column("a", "money"), column("b", required="perhaps"))
    problems = describe_problem(raised.value).split("; ")
    assert [p.split(":")[0] for p in problems] == ["columns.1.type", "columns.2.required"]


def test_contract_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        small_contract().title = "x"


# --- columns -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "spark_type"), SPARK_TYPES.items())
def test_column_of_every_type_has_a_silver_type(kind, spark_type):
    assert Column(**column("a", kind)).spark_type == spark_type


def test_missing_markers_are_the_common_ones_and_the_columns_less_those_it_keeps():
    assert Column(**column("a")).missing_markers == COMMON_MISSING
    own = Column(**column("a", missing=["Unknown"], keep=["NA", "-"])).missing_markers
    assert set(own) == {*COMMON_MISSING, "Unknown"} - {"NA", "-"}


@pytest.mark.parametrize(
    ("changes", "unit"),
    [
        ({}, ("id",)),
        ({"key": ["id", "a"]}, ("id", "a")),
        ({"key": ["a", "ccn"]}, ("ccn",)),
        ({"key": ["a", "ccn"], "replace_by": ["a"]}, ("a",)),
    ],
)
def test_newer_release_replaces_the_home_where_the_key_has_one_else_the_key(changes, unit):
    assert small_contract(column("a"), column("ccn"), **changes).unit_columns == unit


# --- file names ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "grain", "name", "period"),
    [
        ("T_{Mon}{YYYY}.csv", "month", "T_Oct2024.csv", "2024-10"),
        ("T_{Mon}{YYYY}.csv", "month", "t_october2024.CSV", "2024-10"),
        ("T_{Mon}{YYYY}.csv", "month", "T_Sept2024_public_head.csv", "2024-09"),
        ("T_{Mon}_{YYYY}.csv", "month", "T_Feb_2026.csv", "2026-02"),
        ("T_{YYYY}{MM}{DD}.csv", "month", "T_20251101.csv", "2025-11"),
        ("T_{YYYY}{MM}{DD}.csv", "date", "T_20251101.csv", "2025-11-01"),
        ("T_{YYYY}.{MM}.csv", "date", "T_2025.11.csv", "2025-11-01"),
        ("T_Q{q}_{YYYY}.csv", "quarter", "T_Q2_2023.csv", "2023Q2"),
        ("T_{Mon}{YYYY}.csv", "quarter", "T_May2023.csv", "2023Q2"),
        ("FY_{YYYY}_T.csv", "year", "FY_2024_T.csv", "2024"),
        ("T_{n}_{YYYY}.csv", "year", "T_any - text_2024.csv", "2024"),
        ("T_{n}.csv", "month", "T_x.csv", None),
        ("T_{YYYY}.csv", "month", "T_2024.csv", None),
    ],
)
def test_period_of_a_file_name(pattern, grain, name, period):
    contract = small_contract(files=[pattern], period={"grain": grain})
    assert contract.match_name(name) is not None
    assert contract.period_from_name(name) == period


@pytest.mark.parametrize(
    "name",
    ["T_Oct24.csv", "T_Okt2024.csv", "xT_Oct2024.csv", "T_Oct2024.csv.tmp", "T_Oct2024.txt", "T_Oct2024x.csv", "T-Oct2024.csv",
     "T_Oct1824.csv", "T_Oct2024csv", ""],
)  # fmt: skip
def test_name_that_fits_no_pattern(name):
    contract = small_contract(files=["T_{Mon}{YYYY}.csv"])
    assert contract.match_name(name) is None
    assert contract.period_from_name(name) is None


def test_first_pattern_that_fits_gives_the_tokens():
    contract = small_contract(files=["T_Q{q}_{YYYY}.csv", "T_{Mon}{YYYY}.csv"])
    assert contract.match_name("T_Q2_2023.csv") == {"q": "2", "yyyy": "2023"}
    assert contract.match_name("T_Oct2024.csv") == {"mon": "Oct", "yyyy": "2024"}


@pytest.mark.parametrize("character", list(".+()[]^$|?"))
def test_signs_of_a_pattern_stand_for_themselves(character):
    contract = small_contract(files=[f"T{character}_{{YYYY}}.csv"], period={"grain": "year"})
    assert contract.match_name(f"T{character}_2024.csv") is not None
    assert contract.match_name("Tx_2024.csv") is None
    assert contract.match_name("T_2024.csv") is None


@pytest.mark.parametrize(
    ("period", "start"),
    [("2024-10", date(2024, 10, 1)), ("2023Q2", date(2023, 4, 1)), ("2024", date(2024, 1, 1)), ("2024-10-27", date(2024, 10, 27))],
)  # fmt: skip
def test_first_day_of_a_period(period, start):
    assert month_start(period) == start


# --- headers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "normal"),
    [("Name", "name"), ("  A \t B\u00a0 C\n", "a b c"), ("\ufeffName", "name"), ("STRASSE ß", "strasse ss"), ("", "")],
)
def test_headers_are_compared_without_case_surplus_blanks_and_byte_order_mark(text, normal):
    assert normalize_header(text) == normal


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Hrs_RNDON.1", "hrs_rndon_1"),
        (" % of  Residents (x) ", "of_residents_x"),
        ("2024 Total", "c_2024_total"),
        ("Größe", "gr_sse"),
        ("日本", ""),
        ("a`; DROP TABLE x --", "a_drop_table_x"),
        ("../../etc/passwd", "etc_passwd"),
        ('"quoted"', "quoted"),
    ],
)
def test_unknown_header_becomes_a_safe_column_name(text, name):
    assert snake_case(text) == name


def match(*header: str, **changes: Any):
    """The header held against a contract with columns a, b (once called Old B) and c of any year."""
    columns = [column("a"), column("b", aliases=["Old B"]), column("c", header="C {YYYY}", required=True)]
    return small_contract(*columns, **changes).match_header(header)


def test_header_in_the_contracts_own_words_has_no_drift():
    found = match("ID", "A", "B", "C 2024", "DAY")
    assert found.columns == ("id", "a", "b", "c", "day")
    assert (found.unknown, found.renamed, found.missing, found.repeated) == ({}, {}, (), ())
    assert (found.reordered, found.score) == (False, 5)


def test_header_is_matched_by_name_and_never_by_position():
    found = match("DAY", "c 1999", "extra", "OLD b", "id")
    assert found.columns == ("day", "c", None, "b", "id")
    assert found.names == ["day", "c", "extra", "b", "id"]
    assert (found.unknown, found.renamed) == ({2: "extra"}, {"b": "OLD b"})
    assert (found.missing, found.missing_required) == (("a",), ())
    assert (found.reordered, found.score) == (True, 4)


def test_required_columns_that_are_missing_are_told_apart():
    found = match("A", "B", "C x", "C 3024")
    assert found.missing == ("id", "c", "day")
    assert found.missing_required == ("id", "c")
    assert found.unknown == {2: "c_x", 3: "c_3024"}


@pytest.mark.parametrize(
    ("header", "repeated"),
    [
        (("ID", "A", "a"), ("a",)),
        (("ID", "B", "Old B"), ("b",)),
        (("ID", "C 2023", "C 2024"), ("c",)),
        (("ID", "X y", "x.Y"), ("x_y",)),
        (("ID", "", " "), ()),
    ],
)
def test_header_that_occurs_twice_is_found_under_any_spelling(header, repeated):
    assert match(*header).repeated == repeated


def test_fingerprint_follows_the_whole_contract():
    first = small_contract(column("a")).fingerprint()
    assert first == small_contract(column("a")).fingerprint()
    others = [small_contract(column("a", aliases=["x"])), small_contract(column("a"), delimiter="|"), small_contract()]
    assert len({first, *(c.fingerprint() for c in others)}) == 4


def test_no_two_data_sets_of_the_package_claim_one_name():
    names = ["NH_ProviderInfo_Oct2024.csv", "NH_Penalties_Oct2024.csv", "FY_2024_SNF_VBP_Facility_Performance.csv",
             "PBJ_Daily_Nurse_Staffing_Q2_2023.csv", "NH_StateUSAverages_Oct2024.csv", "Chain_Performance_20251101.csv"]  # fmt: skip
    for name in names:
        assert sum(c.match_name(name) is not None for c in load_contracts().values()) == 1
