"""A column that the header of a file tells: by which of two layouts the publisher wrote it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from nh_lakehouse.contracts import load_contracts
from nh_lakehouse.contracts.model import DataSet

MAVEN = "Id START STOP PATIENT ORGANIZATION PAYER ENCOUNTERCLASS CODE DESCRIPTION".split()


def data_set(**layout: list[str]) -> dict[str, object]:
    column = {"name": "source", "header": "(layout)", "description": "Layout"}
    other = {"name": "extra", "header": "EXTRA", "description": "A column of one layout", "optional": True}
    return {
        "name": "things",
        "domain": "hospital",
        "title": "Things",
        "publisher": "A publisher",
        "files": ["things.csv"],
        "rhythm": "R",
        "period": {"grain": "date"},
        "key": ["source"],
        "layout": {"column": "source", "values": layout},
        "columns": [column, other],
    }


def test_header_tells_the_layout_and_does_not_miss_its_column() -> None:
    encounters = load_contracts()["hosp_encounters"]
    assert encounters.layout is not None
    for header, layout in ((MAVEN, "maven"), ([*MAVEN, "PROVIDER"], "synthea")):
        match = encounters.match_header(header)
        assert encounters.layout.of_header(match.names) == layout
        assert "source" not in match.missing


def test_file_that_holds_a_column_of_that_header_has_one_unknown_column_more() -> None:
    match = load_contracts()["hosp_encounters"].match_header([*MAVEN, "(layout)"])
    assert match.unknown == {9: "layout"}


def test_layouts_need_one_for_files_without_their_columns() -> None:
    assert DataSet.model_validate(data_set(plain=[], wide=["extra"])).layout is not None
    with pytest.raises(ValidationError, match="without columns"):
        DataSet.model_validate(data_set(wide=["extra"]))


def test_layout_names_columns_that_are_declared() -> None:
    with pytest.raises(ValidationError, match="not declared"):
        DataSet.model_validate(data_set(plain=[], wide=["nowhere"]))
