"""Files of inspections and owners: each header has a contract column, each file name a data set and a period."""

from __future__ import annotations

import pytest
from editions import header_of

from nh_lakehouse.contracts import load_contracts

#: header file -> data set, columns of the edition (October 2024)
EDITIONS = {
    "NH_SurveyDates_Oct2024": ("nh_survey_dates", 5),
    "NH_SurveySummary_Oct2024": ("nh_survey_summary", 41),
    "NH_HlthInspecCutpointsState_Oct2024": ("nh_inspection_cutpoints", 6),
    "NH_DataCollectionIntervals_Oct2024": ("nh_collection_intervals", 6),
    "NH_CitationDescriptions_Oct2024": ("nh_citation_codes", 5),
    "NH_Ownership_Oct2024": ("nh_ownership", 13),
}
#: Headers renamed in June 2023: contract column -> text before.
BEFORE_JUNE_2023 = {
    "ccn": "Federal Provider Number",
    "city": "Provider City",
    "state": "Provider State",
    "zip5": "Provider Zip Code",
}
#: Headers of the survey summary as the publisher's dictionary spells them, where the file differs.
IN_THE_DICTIONARY = {
    "freedom_from_abuse_and_neglect_and_exploitation_deficiencies_n": "Count of Freedom from Abuse, Neglect, and Exploitation Deficiencies",
    "gas_and_vacuum_and_electrical_systems_deficiencies_n": "Count of Gas, Vacuum, and Electrical Systems",
    "medical_gases_and_anaesthetizing_areas_deficiencies_n": "Count of Medical Gases and Anesthetizing Areas Deficiencies",
}


@pytest.mark.parametrize("edition", EDITIONS)
def test_the_header_is_the_contract_column_by_column(edition: str) -> None:
    data_set, width = EDITIONS[edition]
    found = load_contracts()[data_set].match_header(header_of(edition))
    assert len(found.columns) == width
    assert (found.unknown, found.missing, found.renamed, found.repeated) == ({}, (), {}, ())
    assert not found.reordered


@pytest.mark.parametrize("edition", EDITIONS)
def test_the_header_fits_no_other_data_set_as_well(edition: str) -> None:
    own = EDITIONS[edition][0]
    scores = {name: data_set.match_header(header_of(edition)).score for name, data_set in load_contracts().items()}
    assert sorted(scores, key=lambda name: scores[name])[-1] == own
    assert sorted(scores.values())[-2] < scores[own]


@pytest.mark.parametrize("data_set", ["nh_survey_dates", "nh_survey_summary", "nh_ownership"])
def test_headers_before_june_2023_keep_their_columns(data_set: str) -> None:
    contract = load_contracts()[data_set]
    renamed = {c: text for c, text in BEFORE_JUNE_2023.items() if c in contract.column_by_name}
    header = [renamed.get(c.name, c.header) for c in contract.columns]
    found = contract.match_header(header)
    assert (found.unknown, found.missing, found.renamed) == ({}, (), renamed)


def test_survey_summary_is_read_as_the_dictionary_spells_it() -> None:
    contract = load_contracts()["nh_survey_summary"]
    found = contract.match_header([IN_THE_DICTIONARY.get(c.name, c.header) for c in contract.columns])
    assert (found.unknown, found.missing, found.renamed) == ({}, (), IN_THE_DICTIONARY)


@pytest.mark.parametrize(
    ("name", "data_set", "period"),
    [
        ("NH_SurveyDates_Oct2024.csv", "nh_survey_dates", "2024-10"),
        ("NH_SurveySummary_Jun2024_head.csv", "nh_survey_summary", "2024-06"),
        ("NH_HlthInspecCutpointsState_Oct2024.csv", "nh_inspection_cutpoints", "2024-10"),
        ("NH_DataCollectionIntervals_May2021.csv", "nh_collection_intervals", "2021-05"),
        ("NH_QMDataCollectionPeriods_Apr2021.csv", "nh_collection_intervals", "2021-04"),
        ("NH_CitationDescriptions_Oct2024.csv", "nh_citation_codes", "2024-10-01"),
        ("nh_ownership_Oct2024 (1).csv", "nh_ownership", "2024-10"),
    ],
)
def test_file_name_tells_data_set_and_period(name: str, data_set: str, period: str) -> None:
    fitting = [c.name for c in load_contracts().values() if c.match_name(name) is not None]
    assert fitting == [data_set]
    assert load_contracts()[data_set].period_from_name(name) == period
