"""How rows look: to people, to programs, on a narrow terminal."""

from __future__ import annotations

import json
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import pytest

from nh_lakehouse.cli.options import Format
from nh_lakehouse.cli.output import Sheet, format_value, layout, plain_value, print_rows


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (1234567, "1,234,567"),
        (0.0, "0"),
        (3.680776, "3.6808"),
        (0.0713349, "0.07133"),
        (0.00001234567, "0.00001235"),
        (0.00000001234567, "1.235e-08"),
        (12345.678, "12,345.68"),
        (1234567.89, "1,234,567.9"),
        (-0.5, "-0.5"),
        (float("inf"), "inf"),
        (Decimal("1234.50"), "1,234.50"),
        (True, "yes"),
        (date(2024, 10, 1), "2024-10-01"),
        (datetime(2024, 10, 1, 8, 5, 9, 123, tzinfo=timezone.utc), "2024-10-01 08:05:09"),
        (["a", "b"], "a, b"),
        ([("k", 1)], "k=1"),
        ("two\nlines \x1b[31mred", "two lines  [31mred"),
    ],
)
def test_format_value_is_for_people(value: Any, text: str) -> None:
    assert format_value(value) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [("fiscal_year", "2024"), ("date_key", "2024"), ("chain_id", "2024"), ("version", "2024"), ("beds", "2,024")],
)
def test_format_value_names_are_no_quantities(name: str, text: str) -> None:
    assert format_value(2024, name) == text


def test_layout_puts_points_below_each_other() -> None:
    lines, dropped = layout(Sheet(["k", "v"], [["a", 1.5], ["b", 10.25], ["c", 3.0], ["d", None]]), 80)
    assert lines == ["k      v", "-  -----", "a   1.5", "b  10.25", "c   3", "d      –"]
    assert dropped == 0


def test_layout_leaves_out_columns_from_the_right() -> None:
    lines, dropped = layout(Sheet(["a", "b", "c"], [["x" * 10, "y" * 10, "z" * 10]]), 24)
    assert lines[-1] == "xxxxxxxxxx  yyyyyyyyyy"
    assert dropped == 1


def test_layout_keeps_the_first_column_on_the_narrowest_terminal() -> None:
    lines, dropped = layout(Sheet(["ccn", "name"], [["015009", "HOME"]]), 3)
    assert (lines[-1], dropped) == ("015009", 1)


def test_layout_folds_long_headers_at_underscores() -> None:
    lines, _ = layout(Sheet(["nursing_turnover_pct"], [[48.5]]), 80)
    assert lines == [" nursing_", "turnover_", "      pct", "---------", "     48.5"]


@pytest.mark.parametrize("header", ["quarantined", "a_quarantined", "x quarantined"])
def test_layout_breaks_no_word_of_a_header(header: str) -> None:
    lines, _ = layout(Sheet(["n"], [[1]], headers={"n": header}), 80)
    assert lines[-3].strip() == "quarantined"


def test_layout_breaks_the_column_that_may_shrink() -> None:
    rows = [["NH_ProviderInfo_Oct2024.csv", 1], ["short.csv", 2]]
    lines, dropped = layout(Sheet(["file", "rows_n"], rows, shrink="file"), 26)
    assert lines[2:] == ["NH_ProviderInfo_         1", "Oct2024.csv", "short.csv                2"]
    assert dropped == 0


@pytest.mark.parametrize("width", [20, 40, 80, 140])
def test_layout_never_exceeds_the_width(width: int) -> None:
    names = [f"a_rather_long_column_{n}" for n in range(40)]
    lines, dropped = layout(Sheet(names, [[n * 1000.5 for n in range(40)]]), width)
    assert max(map(len, lines)) <= width
    assert dropped > 0


def test_layout_counts_wide_characters() -> None:
    lines, _ = layout(Sheet(["name", "n"], [["日本", 1], ["ab", 2]]), 80)
    assert lines[2:] == ["日本  1", "ab    2"]


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Decimal("1.50"), 1.5),
        (Decimal("3"), 3),
        (float("nan"), None),
        (datetime(2024, 1, 1, tzinfo=timezone.utc), "2024-01-01T00:00:00Z"),
        (date(2024, 1, 1), "2024-01-01"),
        ([("a", 1), ("b", 2)], {"a": 1, "b": 2}),
        ([1, 2], [1, 2]),
        ([], []),
    ],
)
def test_plain_value_is_for_programs(value: Any, plain: Any) -> None:
    assert plain_value(value) == plain


def test_print_rows_json_is_one_array(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(Sheet(["a", "b"], [[1, None], [2, "x"]]), Format.json)
    assert json.loads(capsys.readouterr().out) == [{"a": 1, "b": None}, {"a": 2, "b": "x"}]


def test_print_rows_json_of_nothing_is_an_empty_array(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(Sheet(["a"], []), Format.json)
    assert json.loads(capsys.readouterr().out) == []


def test_print_rows_csv_keeps_every_digit(capsys: pytest.CaptureFixture[str]) -> None:
    row = [Decimal("10.50"), 0.1 + 0.2, True, [1], 'a"b,c']
    print_rows(Sheet(["usd", "x", "flag", "list", "text"], [row]), Format.csv)
    assert capsys.readouterr().out == 'usd,x,flag,list,text\n10.50,0.30000000000000004,true,[1],"a""b,c"\n'


def test_print_rows_without_terminal_has_no_colour_and_no_lines_of_a_box(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(Sheet(["a"], [["x"]]), Format.table, more="more")
    assert capsys.readouterr().out == "a\n-\nx\nmore\n"


def test_layout_gives_what_is_left_over_to_the_column_that_shrank() -> None:
    sheet = Sheet(["name", "a", "b"], [["one two three four five", 1, "y" * 30]], shrink="name")
    lines, dropped = layout(sheet, 30)
    assert (lines[2:], dropped) == (["one two three four five  1"], 1)
