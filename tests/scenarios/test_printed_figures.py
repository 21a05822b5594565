"""The page of printed figures: every query runs, and the committed page is what the declarations say."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from nh_lakehouse import Lakehouse

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def printed() -> Iterator[ModuleType]:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("printed_figures", ROOT / "scripts" / "printed_figures.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["printed_figures"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["printed_figures"]


@pytest.fixture(scope="module")
def page(printed: ModuleType) -> str:
    return printed.PAGE.read_text(encoding="utf-8")


@pytest.mark.scenario
def test_every_query_gives_one_value_on_the_sample(whole: Path, printed: ModuleType) -> None:
    values = printed.compute(Lakehouse(whole), printed.declared())
    assert list(values) == list(range(1, len(values) + 1))
    known = [number for number, value in values.items() if value != "null"]
    assert len(known) > 0.7 * len(values)  # small states and rare kinds are missing among 60 homes


def test_the_page_has_a_row_for_every_figure(printed: ModuleType, page: str) -> None:
    figures = [f for group in printed.declared() for f in group.figures]
    values = printed.values_in(page)
    assert [f.number for f in figures] == list(values)
    assert all(values.values())
    assert "null" not in values.values()


def test_the_page_is_that_of_the_declarations(printed: ModuleType, page: str) -> None:
    groups = printed.declared()
    assert printed.is_current(page, groups), "make printed"
    assert not printed.is_current(page.replace("73-74 %", "42 %"), groups)
    assert not printed.is_current(page.replace("\n| 9 |", "\n| 99 |"), groups)
    assert printed.is_current(page.replace("| 72.1 % |", "| 71.9 % |"), groups)  # computed values are not declared


def test_check_tells_an_old_page(printed: ModuleType, page: str, tmp_path: Path, capsys) -> None:
    assert printed.main(["--check"]) == 0
    old = tmp_path / "page.md"
    old.write_text(page.replace("Nursing homes", "Homes"), encoding="utf-8")
    assert printed.main(["--check", "--out", str(old)]) == 1
    assert "make printed" in capsys.readouterr().err


def test_figures_are_told_apart_and_say_why(printed: ModuleType) -> None:
    figures = [f for group in printed.declared() for f in group.figures]
    assert len({(f.figure, f.printed) for f in figures}) == len(figures)
    assert all(f.why.strip() and f.printed and f.official for f in figures)
    formula = [f.figure for f in figures if not f.tables]
    assert formula == ["Cost of the load a month"]
