"""Quality measures, reporting program and vaccinations: shapes, shares and what must agree."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from statistics import correlation, mean

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pytest
from landings import CCN, Landing

from nh_lakehouse.sample import generate_sample

MDS, CLAIMS = "NH_QualityMsr_MDS_Oct2024.csv", "NH_QualityMsr_Claims_Oct2024.csv"
_PROGRAM = "Skilled_Nursing_Facility_Quality_Reporting_Program"
PROGRAM, NATIONAL = f"{_PROGRAM}_Provider_Data_Oct2024.csv", f"{_PROGRAM}_National_Data_Oct2024.csv"
SWING = "Swing_Bed_SNF_data_Oct2024.csv"
VACCINATION, VACCINATION_AVERAGES = "NH_CovidVaxProvider_20241027.csv", "NH_CovidVaxAverages_20241027.csv"
AVERAGE, AVERAGE_NOTE = "Four Quarter Average Score", "Footnote for Four Quarter Average Score"
RESIDENTS = "Percent of residents who are up-to-date on their vaccines"
STAFF = "Percent of staff who are up-to-date on their vaccines"
DATA_SETS = {
    "nh_quality_mds": MDS,
    "nh_quality_claims": CLAIMS,
    "nh_qrp_provider": PROGRAM,
    "nh_qrp_national": NATIONAL,
    "nh_qrp_swing_bed": SWING,
    "nh_covid_vax_provider": VACCINATION,
    "nh_covid_vax_averages": VACCINATION_AVERAGES,
    "nh_ownership": "NH_Ownership_Oct2024.csv",
    "snf_enrollments": "SNF_Enrollments_2024.10.02.csv",
}


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of one month at true size, without faults."""
    folder = tmp_path_factory.mktemp("full")
    generate_sample(folder, homes=14_814, months=1, quarters=0, seed=1, dirt=False, data_sets=DATA_SETS)
    return folder


def columns(folder: Path, name: str, *wanted: str) -> pa.Table:
    """Columns of a file as text."""
    types = dict.fromkeys(wanted, pa.string())
    convert = pacsv.ConvertOptions(column_types=types, include_columns=list(wanted), strings_can_be_null=False)
    return pacsv.read_csv(folder / name, convert_options=convert)


def numbers(column: pa.ChunkedArray) -> np.ndarray:
    """The cells of a column that are numbers."""
    shown = column.filter(pc.match_substring_regex(column, "^[0-9.]+$"))
    return shown.cast(pa.float64()).to_numpy()


@pytest.mark.parametrize(
    ("data_set", "rows"),
    [
        ("nh_quality_mds", 266_652),
        ("nh_quality_claims", 59_256),
        ("nh_qrp_provider", 711_072),
        ("nh_qrp_national", 24),
        ("nh_qrp_swing_bed", 38_064),
        ("nh_covid_vax_provider", 14_814),
        ("nh_covid_vax_averages", 54),
        ("nh_ownership", 145_354),
    ],
)
def test_files_of_true_size_have_the_published_number_of_rows(full: Path, data_set: str, rows: int) -> None:
    with (full / DATA_SETS[data_set]).open("rb") as file:
        assert sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 24), b"")) == rows + 1


def test_ownership_of_true_size_has_543_homes_without_an_owner(full: Path) -> None:
    table = columns(full, DATA_SETS["nh_ownership"], CCN, "Owner Name", "Ownership Percentage")
    silent = table.filter(pc.equal(table["Owner Name"], ""))
    assert len(silent) == len(set(silent[CCN].to_pylist())) == 543
    assert len(set(table[CCN].to_pylist())) == 14_814
    assert pc.sum(pc.equal(table["Ownership Percentage"], "NOT APPLICABLE")).as_py() == pytest.approx(95_909, rel=0.05)


@pytest.mark.parametrize(
    ("title", "missing"),
    [
        ("Q1 Measure Score", 38_835),
        ("Q4 Measure Score", 36_750),
        (AVERAGE, 10_751),
    ],
)
def test_missing_assessment_scores_are_as_many_as_published(full: Path, title: str, missing: int) -> None:
    table = columns(full, MDS, title, f"Footnote for {title}")
    empty = pc.equal(table[title], "")
    assert pc.sum(empty).as_py() == pytest.approx(missing, rel=0.2)
    assert empty == pc.not_equal(table[f"Footnote for {title}"], "")


def test_means_of_the_scores_are_the_published_ones(full: Path) -> None:
    scores = numbers(columns(full, MDS, AVERAGE)[AVERAGE])
    assert (scores.mean(), scores.std()) == (pytest.approx(31.32, abs=0.6), pytest.approx(36.64, abs=0.8))
    adjusted = columns(full, CLAIMS, "Adjusted Score")["Adjusted Score"]
    assert len(adjusted) - len(numbers(adjusted)) == pytest.approx(12_124, rel=0.15)
    assert numbers(adjusted).mean() == pytest.approx(9.783, abs=0.8)


def test_reporting_program_is_as_often_silent_as_published(full: Path) -> None:
    table = columns(full, PROGRAM, "Measure Code", "Score", "Footnote", "Start Date", "End Date")
    assert pc.sum(pc.equal(table["Score"], "Not Available")).as_py() == pytest.approx(95_258, rel=0.2)
    assert pc.sum(pc.equal(table["Footnote"], "-")).as_py() == pytest.approx(594_729, rel=0.05)
    assert set(table["Footnote"].unique().to_pylist()) == {"-", "1", "7", "9", "10", "13", "9,13", "14"}
    assert Counter(table["Start Date"].to_pylist())["01/01/2023"] == 281_466
    assert Counter(table["End Date"].to_pylist())["09/30/2023"] == 340_722
    swing = columns(full, SWING, "Score", "Footnote")
    assert pc.sum(pc.equal(swing["Score"], "Not Available")).as_py() == pytest.approx(34_355, rel=0.1)
    assert Counter(swing["Footnote"].to_pylist())["10"] == pytest.approx(29_378, rel=0.1)


def test_vaccinations_of_true_size_are_like_the_published_ones(full: Path) -> None:
    table = columns(full, VACCINATION, RESIDENTS, STAFF)
    for title, none, average in ((RESIDENTS, 4_935, 23.7), (STAFF, 7_025, 5.9)):
        assert Counter(table[title].to_pylist())["0.0"] == pytest.approx(none, rel=0.1)
        assert numbers(table[title]).mean() == pytest.approx(average, abs=1.2)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        (MDS, (CCN, "Measure Code")),
        (CLAIMS, (CCN, "Measure Code")),
        (PROGRAM, (CCN, "Measure Code", "Start Date", "End Date")),
        (SWING, (CCN, "Measure Code", "Start Date", "End Date")),
        (NATIONAL, ("Measure Code", "Start Date", "End Date")),
        (VACCINATION, (CCN,)),
        (VACCINATION_AVERAGES, ("State",)),
        ("SNF_Enrollments_2024.10.02.csv", ("ENROLLMENT ID",)),
        (
            "NH_Ownership_Oct2024.csv",
            (CCN, "Role played by Owner or Manager in Facility", "Owner Name", "Association Date"),
        ),
    ],
)
def test_keys_are_unique(full: Path, name: str, key: tuple[str, ...]) -> None:
    table = columns(full, name, *key)
    assert table.group_by(list(key)).aggregate([]).num_rows == len(table)


@pytest.mark.parametrize("name", sorted({*DATA_SETS.values()}))
def test_header_is_that_of_the_real_file(full: Path, name: str) -> None:
    fixtures = Path(__file__).parents[1] / "contracts" / "fixtures" / "headers"
    known = {"SNF_Enrollments_2024.10.02.csv": "SNF_Enrollments_2025.12.02"}.get(name, name.removesuffix(".csv"))
    with (full / name).open(encoding="utf-8") as file:
        made = file.readline().rstrip("\n").replace('"', "")
    assert made == (fixtures / f"{known}.txt").read_text(encoding="utf-8").strip().replace('"', "")


def test_four_quarters_average_to_the_score(clean: Landing) -> None:
    apart = []
    for row in clean.rows(MDS):
        quarters = [float(row[f"Q{n} Measure Score"]) for n in (1, 2, 3, 4) if row[f"Q{n} Measure Score"]]
        if len(quarters) == 4 and row[AVERAGE]:
            assert min(quarters) - 1e-6 <= float(row[AVERAGE]) <= max(quarters) + 1e-6
            apart.append(abs(mean(quarters) - float(row[AVERAGE])))
    assert len(apart) > 2_000
    assert mean(apart) < 0.2
    assert max(apart) > 0


def test_every_missing_score_has_a_footnote_and_no_other(clean: Landing) -> None:
    for row in clean.rows(MDS):
        for title in ("Q1 Measure Score", "Q2 Measure Score", "Q3 Measure Score", "Q4 Measure Score", AVERAGE):
            assert (row[title] == "") == (row[f"Footnote for {title}"] in ("9", "10", "21"))
    for row in clean.rows(CLAIMS):
        scores = {row[f"{name} Score"] == "" for name in ("Adjusted", "Observed", "Expected")}
        assert scores == {row["Footnote for Score"] in ("9", "10")}
    for row in clean.rows(PROGRAM):
        assert (row["Score"] == "Not Available") <= (row["Footnote"] in ("1", "7", "9", "10", "9,13", "14"))


def test_measures_follow_the_stars_of_the_home(wide: Landing) -> None:
    stars = {row[CCN]: row for row in wide.rows("NH_ProviderInfo_Oct2024.csv")}
    for code, rating, sign in (("410", "Long-Stay QM Rating", -1), ("471", "Short-Stay QM Rating", 1)):
        pairs = [
            (float(stars[row[CCN]][rating]), float(row[AVERAGE]))
            for row in wide.rows(MDS)
            if row["Measure Code"] == code and row[AVERAGE] and stars[row[CCN]][rating]
        ]
        assert sign * correlation(*zip(*pairs, strict=True)) > 0.25


def test_adjusted_claims_scores_are_observed_over_expected_times_the_nation(clean: Landing) -> None:
    nation = {"521": 22.4449, "522": 11.1284, "551": 1.72495, "552": 1.6181}
    for row in clean.rows(CLAIMS):
        if row["Adjusted Score"]:
            made = float(row["Observed Score"]) / float(row["Expected Score"]) * nation[row["Measure Code"]]
            assert float(row["Adjusted Score"]) == pytest.approx(made, abs=2e-6)


def test_rehospitalized_residents_are_near_the_average_of_the_state(wide: Landing) -> None:
    title = "Percentage of short stay residents who were rehospitalized after a nursing home admission"
    rows = wide.rows("NH_StateUSAverages_Oct2024.csv")
    published = {row["State or Nation"]: float(row[title]) for row in rows if row[title]}
    by_state = defaultdict(list)
    for row in wide.rows(CLAIMS):
        if row["Measure Code"] == "521" and row["Adjusted Score"]:
            by_state[row["State"]].append(float(row["Adjusted Score"]))
    everyone = [score for scores in by_state.values() for score in scores]
    assert mean(everyone) == pytest.approx(published["NATION"], abs=0.7)
    large = {state: mean(scores) for state, scores in by_state.items() if len(scores) >= 20}
    assert len(large) >= 15
    assert all(abs(score - published[state]) < 3 for state, score in large.items())
    assert correlation(list(large.values()), [published[state] for state in large]) > 0.5


def test_scores_stay_within_a_quarter_and_move_slowly_at_its_turn(clean: Landing) -> None:
    def scores(month: str, title: str) -> dict[tuple[str, str], str]:
        rows = clean.rows(f"NH_QualityMsr_MDS_{month}.csv")
        return {(row[CCN], row["Measure Code"]): row[title] for row in rows if row[title]}

    october, december, january = (scores(month, AVERAGE) for month in ("Oct2024", "Dec2024", "Jan2025"))
    assert all(october[key] == december[key] for key in october.keys() & december.keys())
    pairs = [(float(october[key]), float(january[key])) for key in october.keys() & january.keys() if key[1] == "419"]
    assert correlation(*zip(*pairs, strict=True)) > 0.9
    assert any(before != after for before, after in pairs)
    # What was the second quarter is the first one now, to the digit.
    second, first = scores("Oct2024", "Q2 Measure Score"), scores("Jan2025", "Q1 Measure Score")
    moving = [key for key in second.keys() & first.keys() if key[1] in ("404", "410", "419", "434")]
    assert moving and all(second[key] == first[key] for key in moving)


def test_periods_move_with_the_payroll_quarter(clean: Landing) -> None:
    def periods(name: str) -> dict[str, str]:
        return {row["Measure Code"]: row["Measure Period"] for row in clean.rows(name)}

    october, january = periods(MDS), periods("NH_QualityMsr_MDS_Jan2025.csv")
    assert (october["401"], october["410"]) == ("2022Q4-2023Q3", "2023Q3-2024Q2")
    assert (january["401"], january["410"]) == ("2022Q4-2023Q3", "2023Q4-2024Q3")
    assert Counter(october.values())["2022Q4-2023Q3"] == 5
    assert set(periods(CLAIMS).values()) == {"20230401-20240331"}


def test_program_counts_rates_and_limits_agree(clean: Landing) -> None:
    by_home: dict[str, dict[str, str]] = defaultdict(dict)
    for row in clean.rows(PROGRAM):
        by_home[row[CCN]][row["Measure Code"]] = row["Score"]
    checked = 0
    for scores in by_home.values():
        assert len(scores) == 48
        if scores["S_005_02_DTC_RS_RATE"] != "Not Available":
            low, rate, high = (float(scores[f"S_005_02_DTC_RS_RATE{end}"]) for end in ("_2_5", "", "_97_5"))
            assert low < rate < high
            category = scores["S_005_02_DTC_COMP_PERF"].split()[0]
            assert category == ("Better" if low > 52.8 else "Worse" if high < 52.8 else "No")
            checked += 1
        for prefix in ("S_007_02", "S_024_05", "S_040_02"):
            if scores[f"{prefix}_OBS_RATE"] != "Not Available":
                share = int(scores[f"{prefix}_NUMERATOR"]) / int(scores[f"{prefix}_DENOMINATOR"])
                assert float(scores[f"{prefix}_OBS_RATE"]) == pytest.approx(share * 100, abs=0.0501)
        if scores["S_004_01_PPR_PD_COMP_PERF"] == "Number of Cases Too Small":
            assert scores["S_004_01_PPR_PD_RSRR"] == "Not Available"
    assert checked > 100


def test_national_figures_are_those_of_homes_and_hospitals(clean: Landing) -> None:
    rows = [*clean.rows(PROGRAM), *clean.rows(SWING)]
    nation = {row["Measure Code"]: row["Score"] for row in clean.rows(NATIONAL)}
    categories = Counter(row["Score"] for row in rows if row["Measure Code"] == "S_005_02_DTC_COMP_PERF")
    assert int(nation["S_005_02_DTC_N_BETTER_NAT"]) == categories["Better than the National Rate"]
    assert int(nation["S_005_02_DTC_N_TOO_SMALL"]) == categories["Number of Cases Too Small"]

    def total(code: str) -> int:
        return sum(int(row["Score"]) for row in rows if row["Measure Code"] == code and row["Score"].isdigit())

    rate = 100 * total("S_013_02_NUMERATOR") / total("S_013_02_DENOMINATOR")
    assert float(nation["S_013_02_NATL_OBS_RATE"]) == pytest.approx(rate, abs=0.0501)
    assert {row[CCN] for row in clean.rows(NATIONAL)} == {"NATION"}


def test_hospitals_with_swing_beds_are_no_homes_but_stand_in_the_readmission_programme(clean: Landing) -> None:
    hospitals = {row[CCN] for row in clean.rows(SWING)}
    assert len(hospitals) == 11  # 200 homes x 793 / 14,814
    assert not hospitals & {row[CCN] for row in clean.rows("NH_ProviderInfo_Oct2024.csv")}
    assert hospitals & {row[CCN] for row in clean.rows("FY_2024_SNF_VBP_Facility_Performance.csv")}


@pytest.mark.parametrize("title", [RESIDENTS, STAFF])
@pytest.mark.parametrize("day", ["20241027", "20241124", "20241229", "20250126"])
def test_vaccination_averages_are_means_over_the_homes(clean: Landing, title: str, day: str) -> None:
    groups = defaultdict(list)
    for row in clean.rows(f"NH_CovidVaxProvider_{day}.csv"):
        if row[title] != "Not Available":
            groups["US"].append(round(float(row[title]) * 10))
            groups[row["State"]].append(round(float(row[title]) * 10))
    for row in clean.rows(f"NH_CovidVaxAverages_{day}.csv"):
        found = groups[row["State"]]
        if not found:
            assert row[title] == "Not Available"
            continue
        tenths = (2 * sum(found) + len(found)) // (2 * len(found))  # rounded half up
        assert row[title] == f"{tenths // 10}.{tenths % 10}".removesuffix(".0")
        assert row["Date vaccination data last updated"] == f"{day[4:6]}/{day[6:]}/{day[:4]}"


def test_vaccinations_move_slowly_from_month_to_month(clean: Landing) -> None:
    months = []
    for day in ("20241027", "20241124"):
        rows = clean.rows(f"NH_CovidVaxProvider_{day}.csv")
        months.append({row[CCN]: float(row[RESIDENTS]) for row in rows if row[RESIDENTS] != "Not Available"})
    pairs = [(months[0][ccn], months[1][ccn]) for ccn in months[0].keys() & months[1].keys()]
    assert correlation(*zip(*pairs, strict=True)) > 0.85
    assert any(before != after for before, after in pairs)
