"""Columns that a publisher repeats with a number, written once: what they stand for, and how mistakes are told."""

from __future__ import annotations

import pytest
from support import write

from nh_lakehouse.contracts.loading import read_data_set
from nh_lakehouse.contracts.slots import expand_columns
from nh_lakehouse.errors import ContractError

TEXT = """\
name: things
domain: test
title: Things
publisher: nobody
files: ["Things_{YYYY}.csv"]
rhythm: Y
period: {grain: year}
key: [id]
columns:
  - {name: id, header: ID, required: true, description: which}
  - {name: "code_{n}", slots: 2, header: "CODE{n}", pad: 5, description: "Code {n}"}
  - slots: 2
    columns:
      - {name: "px_{nn}", header: "PX_{nn}", also: ["PX_{mon}_CD"], description: "Procedure of {month}"}
      - {name: "px_date_{nn}", header: "PXDT{n}", type: date, description: "Day of {n}"}
"""


def test_columns_with_slots_stand_for_ordinary_columns_slot_by_slot(tmp_path):
    found = read_data_set(write(tmp_path / "things.yaml", TEXT)).columns
    assert [(c.name, c.header, c.also, c.description) for c in found[1:]] == [
        ("code_1", "CODE1", (), "Code 1"),
        ("code_2", "CODE2", (), "Code 2"),
        ("px_01", "PX_01", ("PX_JAN_CD",), "Procedure of January"),
        ("px_date_01", "PXDT1", (), "Day of 1"),
        ("px_02", "PX_02", ("PX_FEB_CD",), "Procedure of February"),
        ("px_date_02", "PXDT2", (), "Day of 2"),
    ]
    assert [c.pad for c in found] == [None, 5, 5, None, None, None, None]


def test_september_is_written_as_research_files_do():
    entry = {"name": "a_{nn}", "slots": 12, "header": "A_{mon}", "description": "d"}
    headers = [c["header"] for c in expand_columns([entry]).columns]
    assert headers == [f"A_{m}" for m in "JAN FEB MAR APR MAY JUN JUL AUG SEPT OCT NOV DEC".split()]


@pytest.mark.parametrize(
    ("old", "new", "line", "problem"),
    [
        ("slots: 2, header", "slots: 0, header", 11, "columns.1.slots: expected a whole number from 1 to 99, found 0"),
        ("slots: 2, header", "slots: two, header", 11, "columns.1.slots: expected a whole number"),
        ("slots: 2, header", "slots: true, header", 11, "columns.1.slots: expected a whole number"),
        ('"code_{n}"', "code", 11, "columns.1.name: a column with slots has {n} or {nn} in its name"),
        ('"CODE{n}"', '"CODE"', 11, "columns.1.header: a column with slots has {n} or {nn} or {mon}"),
        ("pad: 5", "pad: wide", 11, "columns.1.pad: Input should be a valid integer"),
        ("type: date", "type: day", 15, "columns.2.columns.1.type: Input should be"),
        ('"PX_{nn}"', '"PX"', 14, "columns.2.columns.0.header: a column with slots has"),
        ('also: ["PX_{mon}_CD"]', "slots: 3", 14, "columns.2.columns.0.slots: a column of a block has no slots of its own"),
        ("  - slots: 2\n", "  - slots: 13\n", 14, "columns.2.columns.0.also: months go to 12, slots to 13"),
        ("  - slots: 2\n", "  - slots: 2\n    type: date\n", 13, "columns.2.type: a block of columns has slots and columns alone"),
    ],
)  # fmt: skip
def test_mistake_in_a_template_is_told_once_with_file_line_and_field(tmp_path, old, new, line, problem):
    assert TEXT.count(old) == 1
    with pytest.raises(ContractError) as raised:
        read_data_set(write(tmp_path / "things.yaml", TEXT.replace(old, new)))
    assert raised.value.message.startswith(f"things.yaml, line {line}: {problem}")
    assert raised.value.message.count(problem.split(":")[0]) == 1
    assert raised.value.line == line


def test_columns_that_are_no_list_are_refused(tmp_path):
    body = TEXT[: TEXT.index("columns:")] + "columns: all\n"
    with pytest.raises(ContractError, match="columns: Input should be a valid tuple"):
        read_data_set(write(tmp_path / "things.yaml", body))


@pytest.mark.parametrize("inside", ["[]", "[a, b]", "none"])
def test_a_block_without_columns_is_refused(tmp_path, inside):
    body = TEXT[: TEXT.index("    columns:\n")] + f"    columns: {inside}\n"
    with pytest.raises(ContractError, match=r"line 13: columns\.2\.columns: expected a list of columns"):
        read_data_set(write(tmp_path / "things.yaml", body))
