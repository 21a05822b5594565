"""That the numbers are like the published ones, and that they agree with each other."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from statistics import correlation, mean, stdev

import numpy as np
import pytest
from landings import CCN, Landing

from nh_lakehouse.sample.vbp import multiplier_of

OCTOBER = "NH_ProviderInfo_Oct2024.csv"
TOTAL = "Reported Total Nurse Staffing Hours per Resident per Day"
LICENSED = "Reported Licensed Staffing Hours per Resident per Day"
AIDE = "Reported Nurse Aide Staffing Hours per Resident per Day"
LPN = "Reported LPN Staffing Hours per Resident per Day"
RN = "Reported RN Staffing Hours per Resident per Day"
WEEKEND = "Total number of nurse staff hours per resident per day on the weekend"
RESIDENTS = "Average Number of Residents per Day"
RSRR = "Performance Period: FY 2022 Risk-Standardized Readmission Rate"
BASELINE = "Baseline Period: FY 2019 Risk-Standardized Readmission Rate"
JOBS = ("Hrs_RNDON", "Hrs_RNadmin", "Hrs_RN", "Hrs_LPNadmin", "Hrs_LPN", "Hrs_CNA", "Hrs_NAtrn", "Hrs_MedAide")


def column(rows: list[dict[str, str]], name: str) -> list[float]:
    return [float(row[name]) for row in rows if row[name] not in ("", "---")]


def units(text: str, places: int = 5) -> int:
    """A number as a whole number of its last place."""
    return round(float(text) * 10**places)


@pytest.mark.parametrize(
    ("name", "published", "deviation"),
    [
        (TOTAL, 3.837369, 0.955322),
        (RN, 0.668070, 0.494368),
        (LPN, 0.877105, 0.367252),
        (AIDE, 2.292195, 0.573556),
        (LICENSED, 1.545174, 0.587505),
        (WEEKEND, 3.353147, 0.860815),
        ("Registered Nurse hours per resident per day on the weekend", 0.458250, 0.404049),
        ("Total nursing staff turnover", 48.759771, 15.147234),
        ("Registered Nurse turnover", 45.497262, 21.518145),
        ("Nursing Case-Mix Index", 1.348540, 0.222353),
        ("Number of Certified Beds", 106.823073, 59.255881),
        (RESIDENTS, 82.957050, 49.035132),
        ("Number of Fines", 1.710409, 3.385867),
        ("Number of Payment Denials", 0.213784, 0.562),
        ("Overall Rating", 2.846841, 1.432100),
        ("Health Inspection Rating", 2.782632, 1.276654),
        ("QM Rating", 3.406705, 1.290515),
        ("Staffing Rating", 2.717649, 1.275574),
    ],
)
def test_means_are_within_a_tenth_of_a_deviation_of_the_published_ones(
    wide: Landing, name: str, published: float, deviation: float
) -> None:
    found = column(wide.rows(OCTOBER), name)
    assert mean(found) == pytest.approx(published, abs=deviation / 10)
    assert stdev(found) == pytest.approx(deviation, rel=0.15)


@pytest.mark.parametrize(
    ("name", "published"),
    [
        (TOTAL, 386 / 14_814),
        ("Total nursing staff turnover", 1_473 / 14_814),
        ("Registered Nurse turnover", 2_467 / 14_814),
        ("Number of administrators who have left the nursing home", 2_384 / 14_814),
        ("Overall Rating", 143 / 14_814),
        ("Short-Stay QM Rating", 2_679 / 14_814),
        ("Affiliated Entity ID", 4_906 / 14_814),
        ("Special Focus Status", 14_287 / 14_814),
        ("Number of Citations from Infection Control Inspections", 7_499 / 14_814),
    ],
)
def test_shares_of_missing_values_are_the_published_ones(wide: Landing, name: str, published: float) -> None:
    rows = wide.rows(OCTOBER)
    assert sum(row[name] == "" for row in rows) / len(rows) == pytest.approx(published, abs=0.03)


def test_licensed_hours_are_rn_and_lpn_and_all_hours_are_licensed_and_aide(clean: Landing) -> None:
    rows = [row for row in clean.rows(OCTOBER) if row[TOTAL]]
    assert all(units(row[LICENSED]) == units(row[RN]) + units(row[LPN]) for row in rows)
    assert all(units(row[TOTAL]) == units(row[LICENSED]) + units(row[AIDE]) for row in rows)


def test_adjusted_hours_are_reported_over_case_mix_times_the_national_case_mix(clean: Landing) -> None:
    rows = [row for row in clean.rows(OCTOBER) if row["Adjusted RN Staffing Hours per Resident per Day"]]
    case_mix = column(clean.rows(OCTOBER), "Case-Mix RN Staffing Hours per Resident per Day")
    for row in rows:
        expected = float(row[RN]) / float(row["Case-Mix RN Staffing Hours per Resident per Day"]) * mean(case_mix)
        assert float(row["Adjusted RN Staffing Hours per Resident per Day"]) == pytest.approx(expected, abs=1e-4)


def test_a_missing_value_has_a_footnote_where_the_file_has_a_column_for_it(wide: Landing) -> None:
    pairs = {
        TOTAL: ("Reported Staffing Footnote", {"6"}),
        RESIDENTS: (f"{RESIDENTS} Footnote", {"10"}),
        "Total nursing staff turnover": ("Total nursing staff turnover footnote", {"6"}),
        "Overall Rating": ("Overall Rating Footnote", {"1", "18"}),
        "QM Rating": ("QM Rating Footnote", {"1", "2", "18", "20"}),
        "Short-Stay QM Rating": ("Short-Stay QM Rating Footnote", {"1", "2", "18", "20"}),
        "Staffing Rating": ("Staffing Rating Footnote", {"1", "2", "18"}),
    }
    for row in wide.rows(OCTOBER):
        for value, (footnote, codes) in pairs.items():
            assert row[value] != "" or row[footnote] in codes, (row[CCN], value)


def test_weighted_score_is_half_a_third_and_a_sixth_of_three_cycles(clean: Landing) -> None:
    for row in clean.rows(OCTOBER):
        cycles = [row[f"Rating Cycle {cycle} Total Health Score"] for cycle in (1, 2, 3)]
        if all(cycles):
            expected = int(cycles[0]) / 2 + int(cycles[1]) / 3 + int(cycles[2]) / 6
            assert float(row["Total Weighted Health Survey Score"]) == pytest.approx(expected, abs=0.0006)


@pytest.mark.parametrize("month", ["Oct2024", "Jan2025"])
def test_fines_and_denials_of_provider_information_are_those_of_the_penalties_file(clean: Landing, month: str) -> None:
    fines: dict[str, list[int]] = defaultdict(list)
    denials: dict[str, int] = defaultdict(int)
    for row in clean.rows(f"NH_Penalties_{month}.csv"):
        if row["Penalty Type"] == "Fine":
            assert row["Payment Denial Start Date"] == row["Payment Denial Length in Days"] == ""
            fines[row[CCN]].append(int(row["Fine Amount"]))
        else:
            assert row["Fine Amount"] == ""
            assert int(row["Payment Denial Length in Days"]) > 0
            denials[row[CCN]] += 1
    for row in clean.rows(f"NH_ProviderInfo_{month}.csv"):
        found = fines[row[CCN]]
        assert (int(row["Number of Fines"]), int(row["Number of Payment Denials"])) == (len(found), denials[row[CCN]])
        assert float(row["Total Amount of Fines in Dollars"]) == pytest.approx(sum(found), abs=0.5 * len(found) + 1e-6)


def test_averages_are_means_over_the_homes_of_the_same_month(clean: Landing) -> None:
    rows, averages = clean.rows(OCTOBER), clean.rows("NH_StateUSAverages_Oct2024.csv")
    assert [row["State or Nation"] for row in averages[:3]] == ["NATION", "AK", "AL"]
    assert len(averages) == 54
    for row in averages:
        homes = [home for home in rows if row["State or Nation"] in ("NATION", home["State"])]
        hours = column(homes, TOTAL)
        assert (row[TOTAL] == "") == (not hours)
        if hours:
            assert float(row[TOTAL]) == pytest.approx(mean(hours), abs=0.000006)
        assert float(row["Number of Fines"]) == pytest.approx(mean(column(homes, "Number of Fines")), abs=0.051)


def test_averages_of_guam_have_no_staffing(clean: Landing) -> None:
    guam = next(row for row in clean.rows("NH_StateUSAverages_Oct2024.csv") if row["State or Nation"] == "GU")
    assert (guam[TOTAL], guam["Total nursing staff turnover"]) == ("", "")
    assert guam[RESIDENTS] != ""


def test_chains_add_up_their_homes_behind_the_national_row(clean: Landing) -> None:
    rows = clean.rows(OCTOBER)
    chains = clean.rows("Nursing_Home_Chain_Performance_Measures_Oct_2024.csv")
    assert (chains[0]["Chain"], chains[0]["Chain ID"], chains[0]["Number of facilities"]) == ("National", "", "200")
    by_chain: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        by_chain[row["Affiliated Entity ID"]].append(row)
    assert {row["Chain ID"] for row in chains[1:]} == set(by_chain) - {""}
    for row in chains[1:]:
        homes = by_chain[row["Chain ID"]]
        assert {home["Affiliated Entity Name"] for home in homes} == {row["Chain"]}
        assert int(row["Number of facilities"]) == len(homes)
        assert int(row["Total number of fines"]) == sum(int(home["Number of Fines"]) for home in homes)
        hours = column(homes, TOTAL)
        published = row["Average total nurse hours per resident day"]
        assert (published == "") == (not hours)
        assert not hours or float(published) == pytest.approx(mean(hours), abs=0.051)


def test_payroll_hours_per_resident_are_those_of_provider_information(clean: Landing) -> None:
    hours: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0, 0.0])
    for row in clean.rows("PBJ_Daily_Nurse_Staffing_Q2_2024.csv"):
        day, census = row["WorkDate"], int(row["MDScensus"])
        weekend = date(int(day[:4]), int(day[4:6]), int(day[6:])).weekday() >= 5
        if census:
            worked = sum(float(row[job]) for job in JOBS)
            sums = hours[row["PROVNUM"]]
            sums[0], sums[1] = sums[0] + worked, sums[1] + census
            if weekend:
                sums[2], sums[3] = sums[2] + worked, sums[3] + census
    rows = {row[CCN]: row for row in clean.rows(OCTOBER)}
    compared = 0
    for ccn, (worked, census, at_weekends, weekend_census) in hours.items():
        if rows[ccn][TOTAL]:
            compared += 1
            rounding = 0.002 + 0.2 / (census / 91)  # some homes round to a quarter of an hour
            assert worked / census == pytest.approx(float(rows[ccn][TOTAL]), abs=rounding)
            assert at_weekends / weekend_census == pytest.approx(float(rows[ccn][WEEKEND]), abs=rounding)
    assert compared == sum(row[TOTAL] != "" for row in rows.values())


def test_payroll_has_every_day_and_employees_and_contractors_add_up(clean: Landing) -> None:
    days: dict[str, int] = defaultdict(int)
    contracted = worked = 0
    rows = clean.rows("PBJ_Daily_Nurse_Staffing_Q2_2024.csv")
    for row in rows:
        days[row["PROVNUM"]] += 1
        for job in JOBS:
            total, employed, contract = (units(row[job + kind], 2) for kind in ("", "_emp", "_ctr"))
            assert total == employed + contract
            assert min(total, employed, contract) >= 0
            worked, contracted = worked + total, contracted + contract
    assert set(days.values()) == {91}
    assert 0.03 < contracted / worked < 0.13  # 7 % of the hours in the second quarter of 2024
    assert any(int(row["MDScensus"]) == 0 for row in rows)
    assert any(all(units(row[job], 2) == 0 for job in JOBS[:3]) for row in rows)


def test_payroll_spells_counties_and_days_as_text(clean: Landing) -> None:
    row = clean.rows("PBJ_Daily_Nurse_Staffing_Q2_2024.csv")[0]
    assert (row["CY_Qtr"], row["WorkDate"], len(row["COUNTY_FIPS"]), len(row["PROVNUM"])) == (
        "2024Q2",
        "20240401",
        3,
        6,
    )


def test_readmission_scores_follow_the_published_formulas(clean: Landing) -> None:
    threshold, benchmark = 0.79271, 0.83033
    for row in clean.rows("FY_2024_SNF_VBP_Facility_Performance.csv"):
        rate = 1 - float(row[RSRR])
        between = 90 * (rate - threshold) / (benchmark - threshold) + 5
        achievement = 0 if rate < threshold else 100 if rate >= benchmark else between
        assert float(row["Achievement Score"]) == pytest.approx(achievement, abs=1e-4)
        improvement = 0.0
        if row[BASELINE] == "---":
            assert row["Improvement Score"] == "---"
            assert row[f"Footnote -- {BASELINE}"].startswith("This facility had fewer than 25 eligible stays")
        else:
            improvement = float(row["Improvement Score"])
            before = 1 - float(row[BASELINE])
            if before < rate < benchmark:
                expected = min(90.0, max(0.0, 100 * (rate - before) / (benchmark - before) - 5))
                assert improvement == pytest.approx(expected, abs=1e-4)
            assert before < rate or improvement == 0
        assert float(row["Performance Score"]) == pytest.approx(max(achievement, improvement), abs=1e-4)
        assert 0.980254 <= float(row["Incentive Payment Multiplier"]) <= 1.017679


def test_exchange_function_gives_the_multipliers_of_the_published_file() -> None:
    scores = np.array([0, 5_222_488, 8_655_502, 8_846_890, 9_253_589, 10_000_000])
    assert multiplier_of(scores).tolist() == [980_254, 1_001_067, 1_016_977, 1_017_140, 1_017_401, 1_017_679]


def test_readmission_rates_fall_where_hours_are_high(wide: Landing) -> None:
    hours = {row[CCN]: float(row[TOTAL]) for row in wide.rows(OCTOBER) if row[TOTAL]}
    rates = {row[CCN]: float(row[RSRR]) for row in wide.rows("FY_2024_SNF_VBP_Facility_Performance.csv")}
    both = sorted(set(hours) & set(rates))
    assert mean(rates.values()) == pytest.approx(0.202059, abs=0.001)
    assert stdev(rates.values()) == pytest.approx(0.021558, rel=0.05)
    assert -0.42 < correlation([hours[ccn] for ccn in both], [rates[ccn] for ccn in both]) < -0.22


def test_ratings_rise_with_hours_and_fall_with_turnover(wide: Landing) -> None:
    rows = [row for row in wide.rows(OCTOBER) if row[TOTAL] and row["Overall Rating"]]
    rows = [row for row in rows if row["Total nursing staff turnover"]]
    stars = column(rows, "Overall Rating")
    assert correlation(column(rows, TOTAL), stars) > 0.15
    assert correlation(column(rows, "Total nursing staff turnover"), stars) < -0.15


def test_some_homes_share_their_name(wide: Landing) -> None:
    names = [row["Provider Name"] for row in wide.rows(OCTOBER)]
    shared = sum(names.count(name) > 1 for name in names) / len(names)
    assert 0.02 < shared < 0.06
