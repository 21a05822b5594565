"""What changes from month to month, and what stays."""

from __future__ import annotations

import pytest
from landings import CCN, Landing

MONTHS = ("Oct2024", "Nov2024", "Dec2024", "Jan2025")
CHANGING = (
    "Provider Name",
    "Number of Certified Beds",
    "Ownership Type",
    "Affiliated Entity ID",
)
HOURS = "Reported Total Nurse Staffing Hours per Resident per Day"


def homes(landing: Landing, month: str) -> dict[str, dict[str, str]]:
    return {row[CCN]: row for row in landing.rows(f"NH_ProviderInfo_{month}.csv")}


@pytest.mark.parametrize(("before", "after"), [MONTHS[:2], MONTHS[1:3], MONTHS[2:]])
def test_about_five_of_a_hundred_homes_change_and_a_few_come_and_go(clean: Landing, before: str, after: str) -> None:
    old, new = homes(clean, before), homes(clean, after)
    both = set(old) & set(new)
    changed = [ccn for ccn in both if any(old[ccn][name] != new[ccn][name] for name in CHANGING)]
    assert 0.03 < len(changed) / len(both) < 0.07
    assert len(set(old) - set(new)) == 2
    assert 2 <= len(set(new) - set(old)) <= 3


def test_a_closed_home_comes_back(clean: Landing) -> None:
    october, november, december = (set(homes(clean, month)) for month in MONTHS[:3])
    assert (october - november) & december


def test_homes_close_only_where_the_rest_of_the_state_remains(clean: Landing) -> None:
    old, new = homes(clean, "Oct2024"), homes(clean, "Nov2024")
    for ccn in set(old) - set(new):
        state = old[ccn]["State"]
        left = sum(row["State"] == state for row in new.values())
        assert left >= 0.9 * sum(row["State"] == state for row in old.values())


def test_hours_and_ratings_are_equal_within_a_quarter_and_move_at_its_turn(clean: Landing) -> None:
    october, december, january = (homes(clean, month) for month in ("Oct2024", "Dec2024", "Jan2025"))
    measures = [
        HOURS,
        "Overall Rating",
        "Staffing Rating",
        "Total nursing staff turnover",
        "Average Number of Residents per Day",
    ]
    stayed = set(october) & set(december)
    assert all(october[ccn][name] == december[ccn][name] for ccn in stayed for name in measures)
    stayed = {ccn for ccn in set(december) & set(january) if december[ccn][HOURS] and january[ccn][HOURS]}
    assert all(december[ccn][HOURS] != january[ccn][HOURS] for ccn in stayed)
    moves = [float(january[ccn][HOURS]) / float(december[ccn][HOURS]) for ccn in stayed]
    assert 0.6 < min(moves) < max(moves) < 1.6


def test_a_new_home_has_no_ratings_and_footnote_1(clean: Landing) -> None:
    old, new = homes(clean, "Oct2024"), homes(clean, "Nov2024")
    opened = [new[ccn] for ccn in set(new) - set(old)]
    assert opened
    assert {(row["Overall Rating"], row["Overall Rating Footnote"]) for row in opened} == {("", "1")}
    assert {(row[HOURS], row["Reported Staffing Footnote"]) for row in opened} == {("", "6")}


def test_penalties_roll_over_three_years_and_grow(clean: Landing) -> None:
    counts = []
    for month, begin in zip(MONTHS, ("2021-10-01", "2021-11-01", "2021-12-01", "2022-01-01"), strict=True):
        rows = clean.rows(f"NH_Penalties_{month}.csv")
        assert min(row["Penalty Date"] for row in rows) >= begin
        counts.append(len(rows))
    assert counts[-1] > counts[0]
    october = {tuple(row.values())[6:12] for row in clean.rows("NH_Penalties_Oct2024.csv")}
    november = {tuple(row.values())[6:12] for row in clean.rows("NH_Penalties_Nov2024.csv")}
    assert len(october & november) > 0.9 * len(october)
    assert november - october


def test_payroll_of_the_next_quarter_has_its_days_and_other_hours(clean: Landing) -> None:
    first = clean.rows("PBJ_Daily_Nurse_Staffing_Q2_2024.csv")
    second = clean.rows("PBJ_Daily_Nurse_Staffing_Q3_2024.csv")
    assert {row["CY_Qtr"] for row in second} == {"2024Q3"}
    assert (second[0]["WorkDate"], len({row["WorkDate"] for row in second})) == ("20240701", 92)
    assert {row["PROVNUM"] for row in first} != {row["PROVNUM"] for row in second}
