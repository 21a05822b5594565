"""The Excel workbook, read back by another library."""

from __future__ import annotations

import builtins
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lake import MONTH, add_rows
from odd_rows import ODD
from openpyxl import load_workbook

from nh_lakehouse import Lakehouse
from nh_lakehouse.errors import ConfigError, ExtraMissingError
from nh_lakehouse.publish.tables import OutColumn, OutTable, choose
from nh_lakehouse.publish.workbook import number_format, sheet_names, write_workbook


def keyed(lake: Lakehouse) -> tuple[OutTable, ...]:
    return (replace(choose(lake, [ODD]).tables[0], key=("code",)),)


def cells(sheet: Any) -> list[dict[str, Any]]:
    """Rows below the header, by column."""
    header, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(header, row)) for row in rows]


def test_sheets_hold_the_rows_typed(odd_lake: Lakehouse, tmp_path: Path) -> None:
    write_workbook(odd_lake, keyed(odd_lake), tmp_path / "a.xlsx")
    book = load_workbook(tmp_path / "a.xlsx")
    assert book.sheetnames == ["Contents", "Columns", "odd"]
    rows = {row["code"]: row for row in cells(book["odd"])}
    assert rows["a"]["amount_usd"] == -0.01 and rows["a"]["is_open"] is True
    assert rows["a"]["valid_to"] == datetime.fromisoformat("2024-02-29")
    assert rows["e"]["at"] == datetime.fromisoformat("2024-11-01T08:30:00.123")  # Excel keeps milliseconds
    assert rows["a "]["name"] == "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 😀👩‍⚕️ 漢字"
    assert all(v is None for n, v in rows["g"].items() if n != "code")


def test_numbers_of_more_than_15_digits_and_early_dates_are_text(odd_lake: Lakehouse, tmp_path: Path) -> None:
    write_workbook(odd_lake, keyed(odd_lake), tmp_path / "a.xlsx")
    rows = {row["code"]: row for row in cells(load_workbook(tmp_path / "a.xlsx")["odd"])}
    assert rows["A"]["amount_usd"] == "9999999999999999.99"
    assert rows["c"]["count_n"] == "9223372036854775807"
    assert rows["f"]["count_n"] == "123456789012345678" and rows["f"]["valid_to"] == "1850-07-01"


def test_no_text_becomes_a_formula(odd_lake: Lakehouse, tmp_path: Path) -> None:
    write_workbook(odd_lake, keyed(odd_lake), tmp_path / "a.xlsx")
    sheet = load_workbook(tmp_path / "a.xlsx")["odd"]
    found = {row[1].value: row[1].data_type for row in sheet.iter_rows(min_row=2)}
    assert {found[text] for text in ("=1+1", "-2", "@cmd")} <= {"s", "inlineStr"}
    assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)


def test_sheet_is_formatted_by_units(lake: Lakehouse, tmp_path: Path) -> None:
    write_workbook(lake, choose(lake, ["nh_state_risk"]).tables, tmp_path / "a.xlsx")
    sheet = load_workbook(tmp_path / "a.xlsx")["nh_state_risk"]
    names = [cell.value for cell in sheet[1]]
    formats = {name: cell.number_format for name, cell in zip(names, sheet[2])}
    assert formats["fines_usd"] == "$#,##0.00"
    assert formats["rsrr_mean"] == "0.00%"
    assert (formats["snapshot_month"], formats["facility_n"]) == ("yyyy-mm-dd", "#,##0")
    assert all(cell.font.bold for cell in sheet[1])
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:P7")


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (OutColumn("x", "double", "double", "pct"), '0.00"%"'),
        (OutColumn("x", "double", "double", "fraction"), "0.00%"),
        (OutColumn("x", "double", "double", "hprd"), "0.00"),
        (OutColumn("x", "double", "double"), "General"),
        (OutColumn("year", "integer", "integer"), "0"),
        (OutColumn("x", "text", "string", "usd"), "@"),
    ],
    ids=lambda v: v.unit or v.name if isinstance(v, OutColumn) else "",
)
def test_number_format(column: OutColumn, expected: str) -> None:
    assert number_format(column) == expected


def test_contents_and_columns_say_what_it_is(lake: Lakehouse, tmp_path: Path) -> None:
    write_workbook(lake, choose(lake).tables, tmp_path / "a.xlsx")
    book = load_workbook(tmp_path / "a.xlsx")
    contents = [row for row in book["Contents"].iter_rows(values_only=True) if row[0]]
    assert contents[1][:2] == ("Lakehouse", str(lake.root))
    risk = next(row for row in contents if row[0] == "gold.nh_state_risk")
    assert risk[1:3] == ("Risk scores of states", 6) and risk[6:] == ("not recorded", 0)
    columns = {(row["table"], row["column"]): row for row in cells(book["Columns"])}
    fines = columns["gold.nh_state_risk", "fines_usd"]
    assert (fines["type"], fines["unit"]) == ("decimal(18,2)", "usd")
    assert fines["description"].startswith("Fines of three years")
    assert columns["gold.nh_state_risk", "state"]["key"] == "yes"


def test_run_that_wrote_the_version_is_named(lake: Lakehouse, tmp_path: Path) -> None:
    row = {"run_id": "r-1", "table": "gold.nh_state_risk", "status": "ok", "version_after": 0}
    add_rows(lake.root, "ops.tables", [row, {**row, "run_id": "r-2", "version_after": 1}])
    assert choose(lake, ["nh_state_risk"]).tables[0].run_id == "r-1"


def test_long_table_goes_on_in_the_next_sheet(lake: Lakehouse, tmp_path: Path) -> None:
    write_workbook(lake, choose(lake, ["nh_facility_risk"]).tables, tmp_path / "a.xlsx", most_rows=6)
    book = load_workbook(tmp_path / "a.xlsx")
    # 12 rows, 5 below the header of each sheet
    assert book.sheetnames[2:] == ["nh_facility_risk", "nh_facility_risk (2)", "nh_facility_risk (3)"]
    found = [row["ccn"] for name in book.sheetnames[2:] for row in cells(book[name])]
    assert found == sorted(found) and len(found) == 12


def test_sheet_names_are_short_and_unique() -> None:
    names = sheet_names([("x" * 40, 1), ("x" * 41, 2), ("Contents", 1), ("a", 1)])
    flat = [n for found in names.values() for n in found]
    assert flat == ["x" * 31, "x" * 27 + " (2)", "x" * 27 + " (3)", "Contents (2)", "a"]


def test_empty_table_has_its_header(lake: Lakehouse, tmp_path: Path) -> None:
    add_rows(lake.root, "gold.pbj_quarter", [])
    write_workbook(lake, choose(lake, ["pbj_quarter"]).tables, tmp_path / "a.xlsx")
    assert cells(load_workbook(tmp_path / "a.xlsx")["pbj_quarter"]) == []


def test_interrupted_workbook_leaves_the_old_one(
    lake: Lakehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "a.xlsx"
    out.write_bytes(b"old")
    monkeypatch.setattr("nh_lakehouse.publish.workbook._Pen.columns", lambda self, tables: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_workbook(lake, choose(lake).tables, out)
    assert out.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir() if p.name != "lake"] == ["a.xlsx"]


def test_name_and_extra_are_asked_for(lake: Lakehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=".xlsx"):
        write_workbook(lake, choose(lake).tables, tmp_path / "a.xls")
    true_import = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("xlsxwriter"):
            raise ImportError("no", name="xlsxwriter")
        return true_import(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ExtraMissingError, match=r"nh-lakehouse\[export\]"):
        write_workbook(lake, choose(lake).tables, tmp_path / "a.xlsx")


def test_texts_longer_than_a_cell_are_cut(lake: Lakehouse, tmp_path: Path) -> None:
    add_rows(
        lake.root, "gold.nh_state_risk", [{"state": "A" * 40_000, "snapshot_month": MONTH, "fines_usd": Decimal("1")}]
    )
    write_workbook(lake, choose(lake, ["nh_state_risk"]).tables, tmp_path / "a.xlsx")
    texts = [row["state"] for row in cells(load_workbook(tmp_path / "a.xlsx")["nh_state_risk"])]
    assert max(map(len, texts)) == 32_767
