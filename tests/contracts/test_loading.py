"""Reading contracts and table declarations: errors name file, line and field, and come all together."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import write

from nh_lakehouse.contracts import loading
from nh_lakehouse.contracts.loading import load_contracts, load_tables, read_data_set, source_columns
from nh_lakehouse.errors import ContractError

GOOD = """\
name: things
domain: test
title: Things
publisher: nobody
files: ["Things_{Mon}{YYYY}.csv"]
rhythm: M
period: {column: day, grain: month}
key: [id]
columns:
  - {name: id, header: ID, required: true, description: which}
  - {name: beds, header: Beds, type: int, unit: beds, description: how many}
  - name: day
    header: Day
    type: date
    description: when
"""


def refused(path: Path) -> ContractError:
    """The error with which a contract is refused."""
    with pytest.raises(ContractError) as raised:
        read_data_set(path)
    return raised.value


def test_contract_is_read(tmp_path):
    data_set = read_data_set(write(tmp_path / "things.yaml", GOOD))
    assert data_set.name == "things"
    assert [c.name for c in data_set.columns] == ["id", "beds", "day"]


@pytest.mark.parametrize(
    ("old", "new", "line", "field"),
    [
        ("rhythm: M", "rhythm: monthly", 6, "rhythm"),
        ("grain: month}", "grain: week}", 7, "period.grain"),
        ("type: int", "type: integer", 11, "columns.1.type"),
        ("    type: date", "    type: day", 14, "columns.2.type"),
        ("    header: Day\n", "", 12, "columns.2.header"),
        ("required: true", "requird: true", 10, "columns.0.requird"),
        ("title: Things", "titel: Things", 1, "title"),
        ("title: Things", "title: [Things]", 3, "title"),
        ("key: [id]", "key: [id, x]", 1, "key names columns that are not declared: ['x']"),
    ],
)
def test_mistake_is_named_with_file_line_and_field(tmp_path, old, new, line, field):
    assert GOOD.count(old) == 1
    error = refused(write(tmp_path / "things.yaml", GOOD.replace(old, new)))
    assert error.message.startswith(f"things.yaml, line {line}: ")
    assert field in error.message
    assert (error.file, error.line) == (str(tmp_path / "things.yaml"), line)


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ("name: things\ncolumns: [a,\n  b: {\n", 4, "not valid YAML"),
        ("name: a: b\n", 1, "not valid YAML"),
        ("- a\n- b\n", 1, "expected a mapping, found list"),
        ("", 1, "expected a mapping, found NoneType"),
        ("just text", 1, "expected a mapping, found str"),
    ],
)
def test_text_that_is_no_mapping_is_refused_with_its_line(tmp_path, text, line, found):
    error = refused(write(tmp_path / "things.yaml", text))
    assert error.message.startswith(f"things.yaml, line {line}: ")
    assert found in error.message


def test_yaml_cannot_make_objects(tmp_path):
    body = GOOD.replace("title: Things", "title: !!python/object/apply:os.getcwd []")
    assert "not valid YAML" in refused(write(tmp_path / "things.yaml", body)).message


# --- all contracts and tables --------------------------------------------------------------------------------------


@pytest.fixture
def package(tmp_path, monkeypatch) -> Path:
    """An empty contracts folder in place of the package's."""
    monkeypatch.setattr(loading, "_HERE", tmp_path)
    # The functions below read the folder anew; what other tests have read stays in the caches.
    monkeypatch.setattr(loading, "load_contracts", load_contracts.__wrapped__)
    return tmp_path


def test_problems_of_all_contracts_are_told_together(package):
    write(package / "test" / "data_sets" / "good.yaml", GOOD)
    write(package / "test" / "data_sets" / "again.yaml", GOOD)
    write(package / "test" / "data_sets" / "wrong.yaml", GOOD.replace("rhythm: M", "rhythm: x"))
    write(package / "other" / "data_sets" / "broken.yaml", "a: [")
    with pytest.raises(ContractError) as raised:
        load_contracts.__wrapped__()
    problems = raised.value.message.splitlines()
    assert [p.split(",")[0].split(":")[0] for p in problems] == ["broken.yaml", "good.yaml", "wrong.yaml"]
    assert problems[1] == "good.yaml: the data set things is declared twice"


TABLES = """\
tables:
  silver.thing:
    title: Things
    of: things
    columns:
      - id
      - {name: beds, description: of all}
      - {name: rank, type: int, description: place}
      - common
"""


def test_declarations_take_what_they_leave_out_from_shared_columns_and_contracts(package):
    write(package / "test" / "data_sets" / "things.yaml", GOOD)
    write(package / "test" / "tables" / "silver.yaml", TABLES)
    write(package / "shared.yaml", "columns:\n  - {name: common, type: date, description: everywhere}\n")
    write(package / "test" / "shared.yaml", "columns:\n  - {name: id, type: bigint, description: here}\n")
    found = load_tables.__wrapped__()["silver.thing"]
    assert [(c.name, c.type, c.unit, c.description) for c in found.columns] == [
        ("id", "string", None, "which"),
        ("beds", "int", "beds", "of all"),
        ("rank", "int", None, "place"),
        ("common", "date", None, "everywhere"),
    ]


def test_problems_of_all_declarations_are_told_together(package):
    write(package / "test" / "data_sets" / "things.yaml", GOOD)
    bodies = {
        "gold.a": "title: A\n    columns: [nowhere]",
        "gold.b": "title: B\n    columns: [id, beds, id]",
        "gold.c": "title: C\n    columns: [{name: new, type: int}]",
        "gold.d": "title: D\n    colums: [id]",
        "gold.e": "title: E\n    columns: [[id]]",
        "gold.f": "title: F\n    columns: [{name: id, typ: int}]",
    }
    text = "tables:\n" + "".join(f"  {name}:\n    {body}\n" for name, body in bodies.items())
    write(package / "test" / "tables" / "gold.yaml", text)
    with pytest.raises(ContractError) as raised:
        load_tables.__wrapped__()
    problems = raised.value.message.splitlines()
    assert [p.split(": ")[:2] for p in problems] == [["gold.yaml", name] for name in bodies]
    told = ["'nowhere' is not defined", "declared twice: ['id']", "description: Field required", "colums: Extra inputs",
            "['id'] is not a column", "typ: Extra inputs"]  # fmt: skip
    for problem, text in zip(problems, told, strict=True):
        assert text in problem


def test_package_itself_is_sound():
    contracts, tables = load_contracts(), load_tables()
    assert {c.domain for c in contracts.values()} == {"claims", "hospital", "nursing_home"}
    assert all(name == c.name for name, c in contracts.items())
    assert all(t.title and t.columns for t in tables.values())
    assert all(c.description for t in tables.values() for c in t.columns)


def test_source_columns_of_no_data_set_are_none():
    assert source_columns(None) == source_columns("nobody") == {}
    assert source_columns("nh_penalties")["fine_usd"].type == "decimal(18,2)"
