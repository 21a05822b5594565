"""The small parts: states, names, periods, text of cells."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from nh_lakehouse.sample import names
from nh_lakehouse.sample.headers import vbp_headers
from nh_lakehouse.sample.periods import month_label, month_of, quarter_in_force, quarter_label, wanted_quarters
from nh_lakehouse.sample.states import STATES, homes_per_state
from nh_lakehouse.sample.writing import days, decimal, number, quoted, quoted_if_blank, quoted_if_needed, text


def test_states_are_53_and_hold_the_published_number_of_homes() -> None:
    assert len({state.code for state in STATES}) == 53
    assert sum(state.homes for state in STATES) == 14_814
    prefixes = [prefix for state in STATES for prefix in state.ccn]
    assert len(prefixes) == len(set(prefixes))


@pytest.mark.parametrize("homes", [53, 200, 600, 14_814])
def test_homes_per_state_gives_each_one_at_least(homes: int) -> None:
    counts = homes_per_state(homes)
    assert (counts.sum(), counts.min()) == (homes, 1)
    if homes == 14_814:
        assert counts.tolist() == [state.homes for state in STATES]


def test_names_are_different_for_every_number() -> None:
    assert len({names.home_name(number) for number in range(names.HOME_NAMES)}) == names.HOME_NAMES
    assert len({names.chain_name(number) for number in range(1, 700)}) == 699
    assert len({names.town_name(4, town) for town in range(400)}) == 400
    assert len({names.county_name(4, county) for county in range(95)}) == 95


@pytest.mark.parametrize(
    ("month", "quarter"),
    [
        (date(2024, 10, 1), "2024Q2"),
        (date(2024, 12, 31), "2024Q2"),
        (date(2025, 1, 1), "2024Q3"),
        (date(2025, 7, 15), "2025Q1"),
    ],
)
def test_quarter_in_force_lies_two_quarters_back(month: date, quarter: str) -> None:
    assert quarter_label(quarter_in_force(month_of(month))) == quarter


@pytest.mark.parametrize(
    ("months", "quarters", "expected"),
    [
        (2, 1, ["2024Q2"]),
        (2, 3, ["2023Q4", "2024Q1", "2024Q2"]),
        (4, 2, ["2024Q2", "2024Q3"]),
        (7, 2, ["2024Q2", "2024Q3"]),
        (4, 3, ["2024Q1", "2024Q2", "2024Q3"]),
        (1, 0, []),
    ],
)
def test_wanted_quarters_are_those_in_force_and_then_older_ones(
    months: int, quarters: int, expected: list[str]
) -> None:
    found = wanted_quarters(month_of(date(2024, 10, 1)), months, quarters)
    assert [quarter_label(quarter) for quarter in found] == expected


def test_month_label_is_the_publishers() -> None:
    assert month_label(month_of(date(2024, 10, 9))) == "Oct2024"


def test_vbp_headers_name_their_fiscal_years() -> None:
    assert vbp_headers(2024, 2019)[8] == "Baseline Period: FY 2019 Risk-Standardized Readmission Rate"
    assert vbp_headers(2024, 2019)[10] == "Performance Period: FY 2022 Risk-Standardized Readmission Rate"


def test_numbers_become_text_with_their_places() -> None:
    values, known = np.array([0, 5, 350_000, -86_736]), np.array([True, True, False, True])
    assert decimal(values, 5, known).to_pylist() == ["0.00000", "0.00005", "", "-0.86736"]
    assert decimal(np.array([3_600, 3_125, 0, 10]), 2, trimmed=True).to_pylist() == ["36", "31.25", "0", "0.1"]
    assert number(np.array([7, 8]), np.array([True, False]), ".").to_pylist() == ["7", "."]
    assert days(np.array(["2024-10-01"], dtype="datetime64[D]")).to_pylist() == ["2024-10-01"]


def test_cells_are_quoted_as_the_publisher_quotes_them() -> None:
    cells = text(["A", "B C", "D,E", 'F"G'])
    assert quoted(cells).to_pylist() == ['"A"', '"B C"', '"D,E"', '"F""G"']
    assert quoted_if_needed(cells).to_pylist() == ["A", "B C", '"D,E"', '"F""G"']
    assert quoted_if_blank(cells).to_pylist() == ["A", '"B C"', '"D,E"', '"F""G"']
