"""What `show` prints first is read off one declaration's text; it has to be what the checked declarations say."""

from __future__ import annotations

from nh_lakehouse.cli.shown import First, first_of
from nh_lakehouse.contracts import load_tables


def test_every_table_is_read_as_its_checked_declaration_says() -> None:
    tables = load_tables()
    wanted = {n: None if t.show is None else First(t.show.columns, t.show.order_by) for n, t in tables.items()}
    assert {name: first_of(name) for name in tables} == wanted
    assert sum(first is not None for first in wanted.values()) >= 1


def test_a_table_that_the_package_does_not_declare_has_none() -> None:
    assert first_of("gold.somebody_elses") is None


def test_a_name_is_no_pattern() -> None:
    assert first_of("gold.nh_state_ris.") is None
