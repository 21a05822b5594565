"""Owners, enrolments and the payroll of other staff: what persists, and what must agree with other files."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path

import pytest
from landings import CCN, Landing

from nh_lakehouse.sample import generate_sample
from nh_lakehouse.sample.headers_measures import non_nurse_headers

ROLE = "Role played by Owner or Manager in Facility"
PERCENT, SINCE, OWNER = "Ownership Percentage", "Association Date", "Owner Name"
NURSES, OTHERS = "PBJ_Daily_Nurse_Staffing_Q2_2024.csv", "PBJ_Daily_Non_Nurse_Staffing_Q2_2024.csv"


def owners(landing: Landing, month: str) -> list[dict[str, str]]:
    return landing.rows(f"NH_Ownership_{month}.csv")


def places(rows: list[dict[str, str]]) -> dict[tuple[str, ...], str]:
    """The share by home, role, owner and day."""
    return {(row[CCN], row[ROLE], row[OWNER], row[SINCE]): row[PERCENT] for row in rows}


def test_owners_have_the_publishers_words(clean: Landing) -> None:
    rows = owners(clean, "Oct2024")
    assert len({row[ROLE] for row in rows}) == 10
    for row in rows:
        if row[OWNER] == "":
            assert (row[ROLE], row["Owner Type"], row[PERCENT], row[SINCE]) == (
                "Ownership Data Not Available", "", "", "",
            )  # fmt: skip
            continue
        assert row["Owner Type"] in ("Individual", "Organization")
        month, day, year = row[SINCE].removeprefix("since ").split("/")
        assert date(int(year), int(month), int(day)) < date(2024, 10, 1)
        interest = "INTEREST" in row[ROLE]
        assert interest == (row[PERCENT] != "NOT APPLICABLE")
        if row[PERCENT].endswith("%"):
            assert 1 <= int(row[PERCENT][:-1]) <= 100
    assert any(row[PERCENT] == "NO PERCENTAGE PROVIDED" for row in rows)
    assert sum(row[OWNER] == "" for row in rows) == 7  # 543 x 200 / 14,814
    assert len(rows) == 1_962  # 145,354 x 200 / 14,814


def test_owners_of_a_chain_home_name_the_chain(clean: Landing) -> None:
    homes = clean.rows("NH_ProviderInfo_Oct2024.csv")
    chain = {row[CCN]: row["Affiliated Entity Name"] for row in homes if row["Affiliated Entity ID"]}
    named, known = set(), set()
    for row in owners(clean, "Oct2024"):
        if row[OWNER]:
            known.add(row[CCN])
            if row[CCN] in chain and row[OWNER] == chain[row[CCN]]:
                named.add(row[CCN])
                assert row["Owner Type"] == "Organization"
    assert named == known & chain.keys()
    assert len(named) > 100


def test_owners_persist_but_for_a_few(clean: Landing) -> None:
    old, new = places(owners(clean, "Oct2024")), places(owners(clean, "Nov2024"))
    stayed = {ccn for ccn, *_ in old} & {ccn for ccn, *_ in new}
    gone = {key for key in old.keys() - new.keys() if key[0] in stayed}
    come = {key for key in new.keys() - old.keys() if key[0] in stayed}
    other = [key for key in old.keys() & new.keys() if old[key] != new[key]]
    assert 0 < len(gone) < 0.05 * len(old)
    assert 0 < len(come) < 0.05 * len(old)
    assert 0 < len(other) < 0.03 * len(old)


def test_a_home_that_is_sold_has_a_new_company_in_both_files(clean: Landing) -> None:
    before, after = (
        {row["CCN"]: row for row in clean.rows(f"SNF_Enrollments_{day}.csv")} for day in ("2024.10.02", "2025.01.02")
    )
    sold = [
        ccn
        for ccn in before.keys() & after.keys()
        if before[ccn]["ORGANIZATION NAME"] != after[ccn]["ORGANIZATION NAME"]
    ]
    assert sold
    old, new = places(owners(clean, "Oct2024")), places(owners(clean, "Jan2025"))
    for ccn in sold:
        days = {key[3] for key in new if key[0] == ccn} & {key[3] for key in old if key[0] == ccn}
        assert days <= {""}


def test_enrolments_have_every_home_under_its_legal_name(clean: Landing) -> None:
    homes = {row[CCN]: row for row in clean.rows("NH_ProviderInfo_Oct2024.csv")}
    rows = clean.rows("SNF_Enrollments_2024.10.02.csv")
    assert {row["CCN"] for row in rows} == homes.keys()
    for row in rows:
        home = homes[row["CCN"]]
        assert row["ORGANIZATION NAME"] == home["Legal Business Name"] or "Not Available" in home["Legal Business Name"]
        assert row["AFFILIATION ENTITY ID"] == home["Affiliated Entity ID"]
        assert row["ENROLLMENT STATE"] == home["State"]
        assert (len(row["ENROLLMENT ID"]), len(row["NPI"]), len(row["ASSOCIATE ID"])) == (15, 10, 10)
        assert row["PROPRIETARY_NONPROFIT"] == ("P" if home["Ownership Type"].startswith("For profit") else "N")


def test_enrolments_keep_their_numbers(clean: Landing) -> None:
    months = [clean.rows(f"SNF_Enrollments_{day}.csv") for day in ("2024.10.02", "2024.11.02")]
    numbers = [{row["ENROLLMENT ID"]: (row["CCN"], row["NPI"]) for row in rows if row["NPI"]} for rows in months]
    both = numbers[0].keys() & numbers[1].keys()
    assert len(both) > 190
    assert sum(numbers[0][key] != numbers[1][key] for key in both) <= 2


def test_other_staff_have_the_homes_days_and_residents_of_the_nurses(clean: Landing) -> None:
    header, rows = clean.records(OTHERS)
    assert tuple(header) == non_nurse_headers(2024 * 4 + 1)
    first = {(row[0], row[7]): (row[6], row[8]) for row in rows}
    _, nurses = clean.records(NURSES)
    assert first == {(row[0], row[7]): (row[6], row[8]) for row in nurses}


def test_hours_of_other_staff_add_up_and_therapists_match_provider_information(clean: Landing) -> None:
    therapist, residents = defaultdict(int), defaultdict(int)
    for row in clean.rows(OTHERS):
        for job in ("Admin", "PT", "OthActv"):
            parts = [round(100 * float(row[f"Hrs_{job}{end}"])) for end in ("", "_emp", "_ctr")]
            assert parts[0] == parts[1] + parts[2]
        if row["MDScensus"] != "0":
            therapist[row["PROVNUM"]] += round(100 * float(row["Hrs_PT"]))
            residents[row["PROVNUM"]] += int(row["MDScensus"])
    title = "Reported Physical Therapist Staffing Hours per Resident Per Day"
    told = {row[CCN]: float(row[title]) for row in clean.rows("NH_ProviderInfo_Oct2024.csv") if row[title]}
    apart = [abs(therapist[ccn] / residents[ccn] / 100 - told[ccn]) for ccn in told if told[ccn] > 0.02]
    assert len(apart) > 100
    assert max(apart) < 0.03


def test_headers_of_other_staff_are_those_of_their_quarter() -> None:
    fixtures = Path(__file__).parents[1] / "contracts" / "fixtures" / "headers"
    real = (fixtures / "PBJ_Daily_Non_Nurse_Staffing_Q1_2019.txt").read_text(encoding="utf-8").strip()
    assert list(non_nurse_headers(2019 * 4)) == next(csv.reader([real]))
    assert [name for name in non_nurse_headers(2023 * 4) if name not in non_nurse_headers(2019 * 4)] == ["Hrs_Admin_fn"]


def test_new_files_are_the_same_for_the_same_seed_and_others_for_another(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("two", 1), ("three", 2)):
        generate_sample(tmp_path / name, homes=60, months=2, seed=seed)
    one, two, three = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two", "three")
    )
    assert one == two
    same = [name for name in one if one[name] == three.get(name)]
    # The list of codes, the periods of the measures and the wages are of no home: no chance is in them.
    fixed = (".", "readme", "NH_CitationDescriptions", "NH_DataCollectionIntervals", "wages")
    assert {name for name in same if not name.startswith(fixed)} == set()


@pytest.mark.parametrize("first_month", [date(2023, 8, 1), date(2026, 3, 1)])
def test_files_of_other_months_are_sound(tmp_path: Path, first_month: date) -> None:
    report = generate_sample(tmp_path, homes=60, months=1, quarters=0, first_month=first_month, dirt=False)
    counts = Counter(file.name.split("_")[0] for file in report.files)
    assert counts["Skilled"] == 2
    landing = Landing(tmp_path, report)
    for file in report.files:
        header, rows = landing.records(file.name)
        assert {len(row) for row in rows} == {len(header)}, file.name
