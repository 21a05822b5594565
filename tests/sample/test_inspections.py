"""That the inspection files have the published size and shape, and agree with each other and with provider information."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from landings import CCN, Landing

from nh_lakehouse.sample import generate_sample
from nh_lakehouse.sample.tags import FIRE, HEALTH, all_tags

FIXTURES = Path(__file__).parent.parent / "contracts" / "fixtures" / "headers"
#: File, data set, records in October 2024.
FILES = [
    ("NH_HealthCitations", "nh_health_citations", 402_424),
    ("NH_FireSafetyCitations", "nh_fire_citations", 200_003),
    ("NH_SurveyDates", "nh_survey_dates", 159_723),
    ("NH_SurveySummary", "nh_survey_summary", 44_243),
    ("NH_CitationDescriptions", "nh_citation_codes", 641),
    ("NH_HlthInspecCutpointsState", "nh_inspection_cutpoints", 53),
    ("NH_DataCollectionIntervals", "nh_collection_intervals", 45),
]
MONTHS = ("Oct2024", "Nov2024", "Dec2024", "Jan2025")
YES = "Y"
HEALTH_TEXT, FIRE_TEXT = "Total Number of Health Deficiencies", "Total Number of Fire Safety Deficiencies"
STANDARD, COMPLAINT = "Standard Deficiency", "Complaint Deficiency"
INFECTION = "Infection Control Inspection Deficiency"

Rows = list[dict[str, str]]


def health(landing: Landing, month: str = "Oct2024") -> Rows:
    return landing.rows(f"NH_HealthCitations_{month}.csv")


def fire(landing: Landing, month: str = "Oct2024") -> Rows:
    return landing.rows(f"NH_FireSafetyCitations_{month}.csv")


def citation_key(row: dict[str, str]) -> tuple[str, ...]:
    names = (CCN, "Survey Date", "Deficiency Prefix", "Deficiency Tag Number", "Scope Severity Code")
    return tuple(row[name] for name in names)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Landing:
    """The inspection files of all homes in October 2024."""
    folder = tmp_path_factory.mktemp("full")
    wanted = [data_set for _, data_set, _ in FILES]
    options = {"homes": 14_814, "months": 1, "quarters": 0, "seed": 1, "dirt": False, "data_sets": wanted}
    return Landing(folder, generate_sample(folder, **options))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def cited(full: Landing) -> Rows:
    """Health citations of all homes."""
    return health(full)


def test_files_of_all_homes_have_as_many_records_as_the_real_ones(full: Landing) -> None:
    assert {file.name: file.rows for file in full.report.files} == {f"{name}_Oct2024.csv": n for name, _, n in FILES}


def test_shares_of_all_homes_are_about_the_real_ones(cited: Rows) -> None:
    found = cited
    flags = {flag: sum(row[flag] == YES for row in found) for flag in (STANDARD, COMPLAINT, INFECTION)}
    assert flags[STANDARD] == pytest.approx(306_669, rel=0.01)
    assert flags[COMPLAINT] == pytest.approx(124_522, rel=0.03)
    assert flags[INFECTION] == pytest.approx(7_079, rel=0.01)
    assert sum(row["Correction Date"] == "" for row in found) == pytest.approx(1_353, rel=0.1)
    letters = Counter(row["Scope Severity Code"] for row in found)
    assert set(letters) == set("BCDEFGHIJKL")  # 11 letters
    assert letters["D"] == pytest.approx(248_907, rel=0.01)
    categories = Counter(row["Deficiency Category"] for row in found)
    assert len(categories) == 10
    assert categories["Quality of Life and Care Deficiencies"] == pytest.approx(105_912, rel=0.01)
    assert sum(row["Deficiency Tag Number"] == "0880" for row in found) == pytest.approx(22_539, rel=0.05)
    assert len({row["Deficiency Tag Number"] for row in found}) == pytest.approx(314, abs=5)
    assert len({row[CCN] for row in found}) == pytest.approx(14_719, abs=10)
    twice = sum(number - 1 for number in Counter(map(citation_key, found)).values())
    assert 50 < twice < 600


def test_summary_of_all_homes_has_the_real_means(full: Landing) -> None:
    rows = full.rows("NH_SurveySummary_Oct2024.csv")
    with_fire = [row for row in rows if row["Fire Safety Survey Date"]]
    assert len(rows) - len(with_fire) == 33
    assert all(row[FIRE_TEXT] == "" for row in rows if not row["Fire Safety Survey Date"])
    means = {
        HEALTH_TEXT: 6.931469,
        "Count of Quality of Life and Care Deficiencies": 1.742897,
        "Count of Resident Rights Deficiencies": 1.050946,
        "Count of Nutrition and Dietary Deficiencies": 0.718306,
        FIRE_TEXT: 4.500927,
        "Count of Smoke Deficiencies": 1.743293,
        "Count of Emergency Preparedness Deficiencies": 0.54119,
    }
    for name, published in means.items():
        values = [int(row[name]) for row in with_fire]
        assert sum(values) / len(values) == pytest.approx(published, rel=0.02), name


def test_kinds_of_inspection_of_all_homes(full: Landing) -> None:
    kinds = Counter(row["Type of Survey"] for row in full.rows("NH_SurveyDates_Oct2024.csv"))
    assert (kinds["Health Standard"], kinds["Fire Safety Standard"]) == (44_243, 44_210)
    assert kinds["Health Complaint"] == pytest.approx(54_640, rel=0.02)
    assert set(kinds) == {
        "Health Standard", "Fire Safety Standard", "Health Complaint", "Fire Safety Complaint", "Infection Control",
    }  # fmt: skip


@pytest.mark.parametrize("name", [name for name, _, _ in FILES])
def test_header_line_is_the_published_one(clean: Landing, name: str) -> None:
    published = (FIXTURES / f"{name}_Oct2024.txt").read_text(encoding="utf-8").splitlines()[0]
    assert (clean.folder / f"{name}_Oct2024.csv").read_text(encoding="utf-8").splitlines()[0] == published


@pytest.mark.parametrize("month", ["Oct2024", "Jan2025"])
def test_citations_of_a_cycle_are_the_deficiencies_of_provider_information(clean: Landing, month: str) -> None:
    found: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    infections: Counter[str] = Counter()
    for row in health(clean, month):
        standard, complaint = row[STANDARD] == YES, row[COMPLAINT] == YES
        infections[row[CCN]] += row[INFECTION] == YES
        assert standard or complaint or row[INFECTION] == YES
        if standard or complaint:
            counts = found[row[CCN], row["Inspection Cycle"]]
            counts[:] = counts[0] + 1, counts[1] + standard, counts[2] + complaint
    compared = 0
    for home in clean.rows(f"NH_ProviderInfo_{month}.csv"):
        for cycle in "123":
            names = (HEALTH_TEXT, "Number of Standard Health Deficiencies", "Number of Complaint Health Deficiencies")
            published = [home[f"Rating Cycle {cycle} {name}"] for name in names]
            if published[0]:
                compared += 1
                assert found[home[CCN], cycle] == [int(value) for value in published]
        if home["Number of Citations from Infection Control Inspections"]:
            assert infections[home[CCN]] == int(home["Number of Citations from Infection Control Inspections"])
        else:
            assert infections[home[CCN]] == 0
    assert compared > 580


@pytest.mark.parametrize("month", ["Oct2024", "Jan2025"])
def test_summary_counts_the_citations_of_standard_inspections(clean: Landing, month: str) -> None:
    counts: Counter[tuple[str, str, str]] = Counter()
    for row in (*health(clean, month), *fire(clean, month)):
        if row[STANDARD] == YES:
            name = row["Deficiency Category"].replace(", and ", " and ").replace(", ", " and ")
            counts[row[CCN], row["Inspection Cycle"], f"Count of {name.replace('Anesth', 'Anaesth')}"] += 1
            counts[row[CCN], row["Inspection Cycle"], HEALTH_TEXT if row["Survey Type"] == "Health" else FIRE_TEXT] += 1
    rows = clean.rows(f"NH_SurveySummary_{month}.csv")
    told: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        for name, value in row.items():
            if name.startswith(("Count of", "Total Number")):
                told[row[CCN], row["Inspection Cycle"], name] += int(value or 0)
    assert +told == +counts
    assert len({(row[CCN], row["Inspection Cycle"]) for row in rows}) == len(rows)


def test_every_citation_has_its_inspection_among_the_dates(clean: Landing) -> None:
    rows = clean.rows("NH_SurveyDates_Oct2024.csv")
    visits = {(row[CCN], row["Survey Date"], row["Type of Survey"]) for row in rows}
    assert len(visits) == len(rows)
    for row in health(clean):
        for flag, kind in (
            (STANDARD, "Health Standard"),
            (COMPLAINT, "Health Complaint"),
            (INFECTION, "Infection Control"),
        ):
            assert row[flag] != YES or (row[CCN], row["Survey Date"], kind) in visits
    for row in fire(clean):
        kind = "Fire Safety Standard" if row[STANDARD] == YES else "Fire Safety Complaint"
        assert (row[CCN], row["Survey Date"], kind) in visits
    complaints = {(row[CCN], row["Survey Date"]) for row in health(clean) if row[COMPLAINT] == YES}
    assert complaints == {visit[:2] for visit in visits if visit[2] == "Health Complaint"}
    for row in clean.rows("NH_SurveySummary_Oct2024.csv"):
        assert (row[CCN], row["Health Survey Date"], "Health Standard") in visits
    assert {row["Survey Cycle"] for row in rows} == {"1", "2", "3"}
    assert max(row["Survey Date"] for row in rows) < "2024-10-01"


def test_tags_of_citations_are_described_by_the_codes_of_the_same_month(clean: Landing) -> None:
    codes = {row["Deficiency Prefix and Number"]: row for row in clean.rows("NH_CitationDescriptions_Oct2024.csv")}
    assert Counter(code[0] for code in codes) == {"F": 391, "K": 221, "E": 29}
    for row in (*health(clean), *fire(clean)):
        code = codes[f"{row['Deficiency Prefix']}-{row['Deficiency Tag Number']}"]
        assert code["Deficiency Description"] == row["Deficiency Description"]
        assert code["Deficiency Category"] == row["Deficiency Category"]
    assert len({row["Deficiency Category"] for row in codes.values()}) == 28
    assert {tag.category for tag in all_tags(HEALTH).tags}.isdisjoint(tag.category for tag in all_tags(FIRE).tags)


def test_a_key_that_occurs_twice_has_different_contents(cited: Rows) -> None:
    rows: dict[tuple[str, ...], list[dict[str, str]]] = defaultdict(list)
    for row in cited:
        rows[citation_key(row)].append(row)
    twice = [group for group in rows.values() if len(group) > 1]
    assert all(len({tuple(row.values()) for row in group}) == len(group) for group in twice)
    assert all(len({row["Correction Date"] for row in group}) == len(group) for group in twice)


def test_citations_stay_as_long_as_their_inspection_is_public(clean: Landing) -> None:
    def told(month: str) -> dict[tuple[str, ...], str]:
        return {citation_key(row): row["Correction Date"] for row in health(clean, month)}

    october, november, january = (told(month) for month in ("Oct2024", "Nov2024", "Jan2025"))
    kept = october.keys() & november.keys()
    assert len(kept) > 0.97 * len(october)  # only homes that closed are gone
    assert all(october[key] == november[key] for key in kept)
    assert 0.75 * len(october) < len(october.keys() & january.keys()) < 0.97 * len(october)  # a new quarter
    assert len(january.keys() - november.keys()) > 50


def test_corrections_follow_the_inspection_unless_the_fault_was_past(clean: Landing) -> None:
    gaps: dict[str, list[timedelta]] = defaultdict(list)
    for row in (*health(clean), *fire(clean)):
        text = row["Deficiency Corrected"]
        if row["Correction Date"]:
            gaps[text].append(date.fromisoformat(row["Correction Date"]) - date.fromisoformat(row["Survey Date"]))
        else:
            assert text in (
                "Deficient, Provider has plan of correction",
                "Deficient, Provider has no plan of correction",
                "No revisit needed",
            )
    assert max(gaps.pop("Past Non-Compliance")) < timedelta(0)
    assert min(gap for found in gaps.values() for gap in found) > timedelta(0)


def test_scores_lie_in_the_range_of_their_stars(wide: Landing) -> None:
    cuts = {row["State"]: row for row in wide.rows("NH_HlthInspecCutpointsState_Oct2024.csv")}
    assert list(cuts) == sorted(cuts)
    right = wrong = 0
    for home in wide.rows("NH_ProviderInfo_Oct2024.csv"):
        stars, score = home["Health Inspection Rating"], home["Total Weighted Health Survey Score"]
        if not stars or home["Abuse Icon"] == YES:
            continue  # no rating, or one that the icon caps
        text = cuts[home["State"]]["1 Star" if stars == "1" else f"{stars} Stars"]
        low, _, high = text.removeprefix(">").partition("-")
        if float(low) <= float(score) <= float(high or "inf"):
            right += 1
        else:
            wrong += 1
    assert right > 1_200
    assert wrong < 0.02 * right  # homes of one score on both sides of a cut


def test_ranges_of_a_state_follow_each_other(wide: Landing) -> None:
    for row in wide.rows("NH_HlthInspecCutpointsState_Oct2024.csv"):
        ranges = [row[f"{star} Stars"].split("-") for star in (5, 4, 3, 2)]
        assert ranges[0][0] == "0.000"
        for (low, high), (following, _) in pairwise(ranges):
            assert float(low) <= float(high)
            assert round(float(following) * 1_000) == round(float(high) * 1_000) + 1
        assert row["1 Star"] == f">{ranges[3][1]}"


def test_intervals_have_the_codes_of_the_quality_measures(clean: Landing) -> None:
    rows = clean.rows("NH_DataCollectionIntervals_Oct2024.csv")
    codes = [row["Measure Code"] for row in rows]
    assert len(set(codes)) == len(codes) == 45
    quality = [int(code) for code in codes if code.startswith("4")]
    # 18 measures with the mean of the official file.
    assert (len(quality), sum(quality) / 18) == (18, pytest.approx(427.833333, abs=1e-6))
    assert {"004", "521", "522", "551", "552", "STAFFING_LEVELS"} <= set(codes)
    staffing = next(row for row in rows if row["Measure Code"] == "STAFFING_LEVELS")
    days = [staffing[f"Data Collection Period {name} Date"] for name in ("From", "Through")]
    assert days == ["04/01/2024", "06/30/2024"]  # the payroll quarter in force
    assert {row["Processing Date"] for row in rows} == {"20241001"}


def test_averages_of_fire_safety_are_those_of_the_summary(clean: Landing) -> None:
    rows = [row for row in clean.rows("NH_SurveySummary_Oct2024.csv") if row[FIRE_TEXT]]
    nation = clean.rows("NH_StateUSAverages_Oct2024.csv")[0]
    for cycle in "123":
        found = [int(row[FIRE_TEXT]) for row in rows if row["Inspection Cycle"] == cycle]
        assert float(nation[f"Cycle {cycle} {FIRE_TEXT}"]) == pytest.approx(sum(found) / len(found), abs=0.051)


def test_faults_of_the_inspection_files_stand_in_the_reported_rows(dirty: Landing) -> None:
    cells = {
        ("NH_HealthCitations_Oct2024.csv", "bad_key_format"): "13/45/2024",
        ("NH_HealthCitations_Oct2024.csv", "bad_date"): "13/45/2024",
        ("NH_HealthCitations_Oct2024.csv", "unknown_code"): "M",
        ("NH_FireSafetyCitations_Nov2024.csv", "unknown_code"): "X",
        ("NH_SurveyDates_Oct2024.csv", "out_of_range"): "4",
        ("NH_SurveySummary_Oct2024.csv", "bad_number"): "abc",
        ("NH_HlthInspecCutpointsState_Oct2024.csv", "unknown_code"): "over 150",
    }
    for (file, reason), text in cells.items():
        (fault,) = [item for item in dirty.report.dirt_of(file) if item.reason == reason]
        header, rows = dirty.records(file)
        assert rows[fault.row - 1][header.index(fault.column)] == text
