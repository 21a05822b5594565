"""Every edition of the publisher's files is understood: each header has a contract column, each file name a period."""

from __future__ import annotations

import pytest
from editions import header_of

from nh_lakehouse.contracts import DataSet, HeaderMatch, load_contracts, load_tables
from nh_lakehouse.contracts.model import normalize_header

#: header file -> data set, columns of the edition
EDITIONS = {
    "NH_ProviderInfo_Aug2021": ("nh_provider_info", 88),
    "NH_ProviderInfo_Jan2022": ("nh_provider_info", 96),
    "NH_ProviderInfo_Aug2022": ("nh_provider_info", 95),
    "NH_ProviderInfo_Jun2023": ("nh_provider_info", 97),
    "NH_ProviderInfo_Jun2024": ("nh_provider_info", 100),
    "NH_ProviderInfo_Oct2024": ("nh_provider_info", 103),
    "NH_ProviderInfo_Jul2025": ("nh_provider_info", 100),
    "NH_ProviderInfo_Feb2026": ("nh_provider_info", 99),
    "NH_StateUSAverages_Oct2024": ("nh_state_us_averages", 48),
    "NH_StateUSAverages_2026": ("nh_state_us_averages", 51),
    "NH_Penalties_Aug2021": ("nh_penalties", 13),
    "NH_Penalties_Oct2024": ("nh_penalties", 13),
    "NH_Penalties_2026": ("nh_penalties", 14),
    "FY_2024_SNF_VBP_Facility_Performance": ("nh_vbp_facility", 20),
    "FY_2026_SNF_VBP_Facility_Performance": ("nh_vbp_facility", 49),
    "FY_2024_SNF_VBP_Aggregate_Performance": ("nh_vbp_aggregate", 9),
    "FY_2026_SNF_VBP_Aggregate_Performance": ("nh_vbp_aggregate", 21),
    "PBJ_Daily_Nurse_Staffing_Q1_2019": ("pbj_nurse_daily", 33),
    "PBJ_Daily_Nurse_Staffing_Q2_2023": ("pbj_nurse_daily", 33),
    "Nursing_Home_Affiliated_Entity_Performance_Measures_Mar_2025": ("nh_chain_performance", 53),
    "Chain_Performance_20251101": ("nh_chain_performance", 51),
    "Nursing_Home_Chain_Performance_Measures_Feb_2026": ("nh_chain_performance", 51),
}


def match(edition: str) -> HeaderMatch:
    """The edition's header held against its contract."""
    return load_contracts()[EDITIONS[edition][0]].match_header(header_of(edition))


@pytest.mark.parametrize("edition", EDITIONS)
def test_each_header_of_an_edition_has_its_own_contract_column(edition: str) -> None:
    found = match(edition)
    assert len(found.columns) == EDITIONS[edition][1]
    assert found.unknown == {}
    assert found.repeated == ()
    assert found.missing_required == ()


@pytest.mark.parametrize("edition", EDITIONS)
def test_a_header_fits_no_other_data_set_as_well(edition: str) -> None:
    own = EDITIONS[edition][0]
    scores = {name: data_set.match_header(header_of(edition)).score for name, data_set in load_contracts().items()}
    assert max(scores, key=lambda name: scores[name]) == own
    assert sorted(scores.values())[-2] < scores[own]


def test_provider_columns_come_and_go_as_the_dictionary_says() -> None:
    def columns(edition: str) -> set[str | None]:
        return set(match(f"NH_ProviderInfo_{edition}").columns)

    turnover = {
        "weekend_total_hprd",
        "weekend_rn_hprd",
        "nursing_turnover_pct",
        "rn_turnover_pct",
        "administrators_left_n",
    }
    footnotes = {"nursing_turnover_pct_footnote", "rn_turnover_pct_footnote", "administrators_left_n_footnote"}
    assert columns("Jan2022") - columns("Aug2021") == turnover | footnotes
    assert columns("Jan2022") - columns("Aug2022") == {"rn_staffing_rating", "rn_staffing_rating_footnote"}
    assert columns("Aug2022") - columns("Jan2022") == {"adjusted_weekend_total_hprd"}
    assert columns("Jun2023") - columns("Aug2022") == {"chain_id", "chain_name"}
    assert columns("Jun2024") - columns("Jun2023") == {"lat", "lon", "geocoding_footnote"}
    case_mix = {"case_mix_index", "case_mix_index_ratio", "case_mix_weekend_total_hprd"}
    assert columns("Oct2024") - columns("Jun2024") == case_mix
    third_cycle = {c.name for c in load_contracts()["nh_provider_info"].columns if "_c3" in c.name}
    assert len(third_cycle) == 8
    assert columns("Oct2024") - columns("Jul2025") == third_cycle
    assert columns("Jul2025") - columns("Feb2026") == {"incidents_n", "complaints_n"}


def test_second_and_third_cycle_together_are_read_into_the_second() -> None:
    header = header_of("NH_ProviderInfo_Jul2025")
    columns = dict(zip(header, match("NH_ProviderInfo_Jul2025").columns))
    assert columns["Rating Cycle 2/3 Total Number of Health Deficiencies"] == "deficiencies_c2_n"
    assert columns["Rating Cycle 2/3 Total Health Score"] == "score_c2"


def test_renamed_headers_of_june_2023_keep_their_columns() -> None:
    renamed = match("NH_ProviderInfo_Aug2022").renamed
    assert renamed == {
        "ccn": "Federal Provider Number",
        "city": "Provider City",
        "state": "Provider State",
        "zip5": "Provider Zip Code",
        "phone": "Provider Phone Number",
        "county": "Provider County Name",
    }


def test_state_averages_lose_and_gain_measures_from_2024_to_2026() -> None:
    before, after = set(match("NH_StateUSAverages_Oct2024").columns), set(match("NH_StateUSAverages_2026").columns)
    assert before - after == {
        "long_stay_low_risk_incontinence_pct",
        "long_stay_mobility_decline_pct",
        "long_stay_high_risk_pressure_ulcer_pct",
        "short_stay_function_improved_pct",
    }
    assert after - before == {
        "overall_rating_mean",
        "health_rating_mean",
        "qm_rating_mean",
        "staffing_rating_mean",
        "long_stay_walking_decline_pct",
        "long_stay_pressure_ulcer_pct",
        "long_stay_incontinence_pct",
    }


def test_stray_column_of_the_one_facility_extract_stays_unknown() -> None:
    header = header_of("PBJ_daily_one_facility_335513_2017Q1_on")
    found = load_contracts()["pbj_nurse_daily"].match_header(header)
    assert found.unknown == {33: "hrs_rndon_1"}
    assert found.columns[9] == "hrs_rndon"
    assert found.repeated == ()


def test_any_year_fits_the_program_headers() -> None:
    header = [
        text.replace("2019", "2018").replace("2022", "2021")
        for text in header_of("FY_2024_SNF_VBP_Facility_Performance")
    ]
    calendar = [text.replace("Period: FY", "Period: CY") for text in header]
    contract = load_contracts()["nh_vbp_facility"]
    assert contract.match_header(header).unknown == {}
    assert contract.match_header(calendar).unknown == {}
    assert contract.match_header(header).columns == contract.match_header(calendar).columns


def test_lower_case_blanks_and_order_do_not_matter() -> None:
    header = header_of("NH_Penalties_Oct2024")
    untidy = [f"  {text.upper().replace(' ', '   ')} " for text in reversed(header)]
    found = load_contracts()["nh_penalties"].match_header(untidy)
    assert found.unknown == {}
    assert found.reordered
    assert not match("NH_Penalties_Oct2024").reordered


@pytest.mark.parametrize(
    ("name", "data_set", "period"),
    [
        ("NH_ProviderInfo_Oct2024.csv", "nh_provider_info", "2024-10"),
        ("nh_providerinfo_jun2024_SC.csv", "nh_provider_info", "2024-06"),
        ("NH_StateUSAverages_Oct2024.csv", "nh_state_us_averages", "2024-10"),
        ("NH_Penalties_Nov2021_public_head.csv", "nh_penalties", "2021-11"),
        ("FY_2024_SNF_VBP_Facility_Performance.csv", "nh_vbp_facility", "2024"),
        ("FY_2026_SNF_VBP_Aggregate_Performance.csv", "nh_vbp_aggregate", "2026"),
        ("PBJ_Daily_Nurse_Staffing_Q2_2023.csv", "pbj_nurse_daily", "2023Q2"),
        ("Payroll_Based_Journal_Daily_Nurse_Staffing_2023_Q2.csv", "pbj_nurse_daily", None),
        ("PBJ_daily_one_facility_335513_2017Q1_on.csv", "pbj_nurse_daily", None),
        ("PBJ_dailynursestaffing_CY2024Q3.csv", "pbj_nurse_daily", "2024Q3"),
        ("Nursing_Home_Chain_Performance_Measures_Feb_2026.csv", "nh_chain_performance", "2026-02"),
        ("Nursing_Home_Affiliated_Entity_Performance_Measures_Mar_2025.csv", "nh_chain_performance", "2025-03"),
        ("Chain_Performance_20251101.csv", "nh_chain_performance", "2025-11"),
    ],
)
def test_file_name_tells_data_set_and_period(name: str, data_set: str, period: str | None) -> None:
    fitting = [
        c.name for c in load_contracts().values() if c.domain == "nursing_home" and c.match_name(name) is not None
    ]
    assert fitting == [data_set]
    assert load_contracts()[data_set].period_from_name(name) == period


@pytest.mark.parametrize(
    "name", ["PBJ_Daily_Non_Nurse_Staffing_Q2_2023.csv", "NH_Ownership_Oct2024.csv", "NH_QualityMsr_MDS_Oct2024.csv"]
)
def test_files_of_other_data_sets_fit_none_of_these(name: str) -> None:
    slice_of = {data_set for data_set, _ in EDITIONS.values()}
    assert [n for n in slice_of if load_contracts()[n].match_name(name) is not None] == []


def _domain() -> list[DataSet]:
    return [c for c in load_contracts().values() if c.domain == "nursing_home"]


def test_one_name_has_one_type_in_files_and_silver() -> None:
    types: dict[str, set[str]] = {}
    for data_set in _domain():
        for column in data_set.columns:
            types.setdefault(column.name, set()).add(column.spark_type)
    for name, declared in load_tables().items():
        if name.startswith("silver.nh_") or name == "silver.pbj_daily":
            for published in declared.columns:
                types.setdefault(published.name, set()).add(published.type)
    assert {name: found for name, found in types.items() if len(found) > 1} == {}


def test_no_header_text_stands_twice_in_a_contract() -> None:
    for data_set in _domain():
        texts = [normalize_header(h) for c in data_set.columns for h in {c.header, *c.aliases}]
        assert len(texts) == len(set(texts)), data_set.name


@pytest.mark.parametrize("data_set", _domain(), ids=lambda data_set: data_set.name)
def test_columns_are_described_in_own_words_with_units(data_set: DataSet) -> None:
    for column in data_set.columns:
        assert len(column.description.split()) >= 3, column.name
        assert not column.description.endswith("."), column.name
        if column.type in ("int", "double", "usd"):
            assert column.unit, column.name
            assert column.range is not None, column.name
