"""Citations, measures, vaccination, other payroll staff and enrolments: odd texts of real files, typed and published."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from nh_lakehouse.contracts import load_contracts, load_tables
from nh_lakehouse.lakehouse.schema import spark_type
from nh_lakehouse.silver.conform import conform
from nh_lakehouse.silver.enrollment import nh_enrollment
from nh_lakehouse.silver.measures import (
    nh_measure_long_claims,
    nh_measure_long_mds,
    nh_measure_long_qrp,
    nh_measure_long_swing,
    nh_measure_national,
)
from nh_lakehouse.silver.payroll import pbj_nonnurse_daily
from nh_lakehouse.silver.resolve import ACCEPTED, DISPOSITION, DUPLICATE, resolve
from nh_lakehouse.silver.vaccination import nh_vaccination_home, nh_vaccination_state

TABLES = [
    pbj_nonnurse_daily,
    nh_enrollment,
    nh_measure_national,
    nh_measure_long_mds,
    nh_measure_long_claims,
    nh_measure_long_qrp,
    nh_measure_long_swing,
    nh_vaccination_home,
    nh_vaccination_state,
]
HISTORY = ["valid_from", "valid_to", "is_current", "closed_reason"]
#: Audit columns of bronze that typing and resolving read.
AUDIT = {"_period": "2024-10", "_corrupt_record": None, "_released_at": None, "_modified_at": None}
AUDIT |= {"_source_file": "a.csv", "_source_sha256": "a"}
NATIONS = ["NATION", "Nation", "National", "US"]


def conformed(
    spark: SparkSession, data_set: str, rows: Sequence[Mapping[str, str | None]], period: str = "2024-10"
) -> DataFrame:
    """Rows of texts, as bronze has them, typed; columns that no row names count as absent from the file."""
    contract = load_contracts()[data_set]
    names = [c.name for c in contract.columns]
    given = {name for row in rows for name in row}
    assert given <= set(names), f"no columns of {data_set}: {given - set(names)}"
    audit = {**AUDIT, "_period": period, "_absent_columns": ",".join(n for n in names if n not in given)}
    cells = [[*[row.get(n) for n in names], *audit.values(), i] for i, row in enumerate(rows, 1)]
    schema = ", ".join(f"`{n}` string" for n in [*names, *audit]) + ", _source_row int"
    return conform(spark.createDataFrame([tuple(c) for c in cells], schema), contract)


def found(frame: DataFrame, *names: str) -> list[tuple[Any, ...]]:
    """The named columns of every row, in the order of the file."""
    return [tuple(row) for row in frame.orderBy("_source_row").select(*names).collect()]


# --- measures from assessments and claims --------------------------------------------------------------------------

MDS = {"ccn": "015009", "measure_code": "401", "period": "2023Q3-2024Q2", "resident_type": "Long Stay"}


def test_measures_from_assessments_keep_missing_quarters_beside_their_footnotes(spark: SparkSession) -> None:
    known = {**MDS, "q1": "4.347830", "q2": "6.666667", "q1_footnote": None, "q2_footnote": None}
    small = {**MDS, "measure_code": "405", "q1": "", "q2": None, "q1_footnote": "9", "q2_footnote": "9.0"}
    silent = {**MDS, "measure_code": "406", "q1": "Not Available", "q2": "101", "q1_footnote": None}
    rows = conformed(spark, "nh_quality_mds", [known, small, silent])
    assert found(rows, "measure_code", "q1", "q1_footnote", "q2", "q2_footnote", "dq_flags") == [
        ("401", 4.34783, None, 6.666667, None, []),
        ("405", None, [9], None, [9], []),
        ("406", None, None, None, None, ["footnote_mismatch:q1", "out_of_range:q2"]),
    ]


def test_measure_codes_stay_text_and_the_period_as_written(spark: SparkSession) -> None:
    rows = [{**MDS, "measure_code": "002", "used_in_five_star": "N", "score": "12.5", "footnotes": None}]
    typed = conformed(spark, "nh_quality_mds", [*rows, {**rows[0], "used_in_five_star": "Y", "score": "0"}])
    assert found(typed, "measure_code", "period", "used_in_five_star", "score", "snapshot_month", "_reasons") == [
        ("002", "2023Q3-2024Q2", False, 12.5, date(2024, 10, 1), []),
        ("002", "2023Q3-2024Q2", True, 0.0, date(2024, 10, 1), []),
    ]


def test_measures_from_claims_share_one_footnote(spark: SparkSession) -> None:
    scores = {"adjusted": "16.990363", "observed": "16.129032", "expected": "21.306542", "footnotes": None}
    none = {"adjusted": None, "observed": None, "expected": None, "footnotes": "9"}
    odd = {"adjusted": "1.4", "observed": None, "expected": None, "footnotes": "10"}
    key = {"ccn": "015009", "measure_code": "521"}
    rows = conformed(spark, "nh_quality_claims", [{**key, **scores}, {**key, **none}, {**key, **odd}])
    assert found(rows, "adjusted", "observed", "expected", "footnotes", "dq_flags") == [
        (16.990363, 16.129032, 21.306542, None, []),
        (None, None, None, [9], []),
        (1.4, None, None, [10], ["footnote_mismatch:adjusted"]),  # a value beside "not submitted"
    ]


# --- quality reporting program -------------------------------------------------------------------------------------

QRP = {
    "ccn": "015009",
    "measure_code": "S_004_01_PPR_PD_OBS",
    "period_start": "10/01/2021",
    "period_end": "09/30/2023",
    "measure_date_range": "-",
}
WORDS = "No Different than the National Rate"
SCORES = [
    # case, score, footnote; score_text, footnotes, flags
    ("a number", "5.38", "-", "5.38", None, []),
    ("words", WORDS, "-", WORDS, None, []),
    ("two footnotes", "Not Available", "9,13", None, [9, 13], []),
    ("two footnotes with a blank", "Not Available", "9, 13", None, [9, 13], []),
    ("a number on a shorter period", "71.2", "13", "71.2", [13], []),
    ("no score and no footnote", "-", "-", None, None, ["footnote_mismatch:score_text"]),
    ("dashes", "---", "1", None, [1], []),
    ("a score beside no data", "3", "10", "3", [10], ["footnote_mismatch:score_text"]),
    ("a footnote that is no code", "3", "9,x", "3", None, ["bad_number:footnotes"]),
]


@pytest.mark.parametrize("data_set", ["nh_qrp_provider", "nh_qrp_swing_bed"])
def test_scores_of_the_reporting_program_are_text_beside_footnote_codes(spark: SparkSession, data_set: str) -> None:
    rows = [{**QRP, "score_text": score, "footnotes": note} for _, score, note, *_ in SCORES]
    typed = conformed(spark, data_set, rows, period="2024Q4")
    assert found(typed, "score_text", "footnotes", "dq_flags") == [tuple(case[3:]) for case in SCORES]
    dates = (date(2021, 10, 1), date(2023, 9, 30), None, "2024Q4")
    assert found(typed, "period_start", "period_end", "measure_date_range", "quarter") == [dates] * len(SCORES)


def test_swing_beds_are_hospitals_whose_numbers_lost_a_zero(spark: SparkSession) -> None:
    score = {**QRP, "score_text": "16.67", "footnotes": "-", "address_2": "-", "zip5": "2554"}
    rows = [{**score, "ccn": ccn} for ccn in ("10007", "713026", "01U007", "1.4E+170")]
    typed = conformed(spark, "nh_qrp_swing_bed", rows, period="2024Q4")
    assert found(typed, "ccn", "address_2", "zip5", "dq_flags", "_reasons") == [
        ("010007", None, "02554", ["ccn_padded"], []),
        ("713026", None, "02554", [], []),
        ("01U007", None, "02554", [], []),
        (None, None, "02554", [], ["bad_key_format:ccn"]),
    ]


def test_a_row_of_the_reporting_program_without_its_dates_leaves_silver(spark: SparkSession) -> None:
    rows = [{**QRP, "score_text": "1", "period_end": None}, {**QRP, "score_text": "1", "period_end": "2023"}]
    typed = conformed(spark, "nh_qrp_provider", rows, period="2024Q4")
    assert found(typed, "_reasons") == [(["missing_key:period_end"],), (["bad_key_format:period_end"],)]


def test_the_nation_is_one_under_four_spellings(spark: SparkSession) -> None:
    national = {k: QRP[k] for k in ("measure_code", "period_start", "period_end")}
    rows = [{**national, "nation": text, "score": "12962.00", "footnotes": "-"} for text in [*NATIONS, "015009"]]
    typed = conformed(spark, "nh_qrp_national", rows, period="2024Q4")
    nation = ("US", True, 12962.0, [])
    assert found(typed, "nation", "is_national", "score", "dq_flags") == [
        *[nation] * 4,
        ("015009", False, 12962.0, ["unknown_code:nation"]),
    ]


def test_nh_measure_national_keeps_each_version_of_a_code_apart(spark: SparkSession) -> None:
    # May 2023 has S_007_02_NATL_RATE, October 2024 S_007_03_NATL_OBS_RATE: another version and another suffix.
    split = "07/01/2019-12/31/2019; 07/01/2020-06/30/2021"
    common = {"nation": "NATION", "period_start": "07/01/2021", "period_end": "06/30/2022", "footnotes": None}
    rows = [
        {**common, "measure_code": "S_007_02_NATL_RATE", "score": "91.4", "measure_date_range": None},
        {**common, "measure_code": "S_007_03_NATL_OBS_RATE", "score": "91.4", "measure_date_range": None},
        {**common, "measure_code": "S_004_01_PPR_PD_N_BETTER_NAT", "score": "0", "measure_date_range": split},
    ]
    table = nh_measure_national(conformed(spark, "nh_qrp_national", rows, period="2023Q2"))
    period = "07/01/2021-06/30/2022"
    assert found(table, "measure_code", "period", "quarter", "score", "measure_date_range") == [
        ("S_007_02_NATL_RATE", period, "2023Q2", 91.4, None),
        ("S_007_03_NATL_OBS_RATE", period, "2023Q2", 91.4, None),
        ("S_004_01_PPR_PD_N_BETTER_NAT", period, "2023Q2", 0.0, split),
    ]


# --- measures in one shape -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        pytest.param("2023Q3-2024Q2", date(2023, 7, 1), date(2024, 6, 30), id="four quarters"),
        pytest.param("2024Q1-2024Q1", date(2024, 1, 1), date(2024, 3, 31), id="one quarter"),
        pytest.param("2023Q5-2024Q2", None, None, id="no such quarter"),
        pytest.param("20230401-20240331", None, None, id="days"),
        pytest.param("0000Q1-0000Q4", None, None, id="year 0"),
        pytest.param(None, None, None, id="missing"),
    ],
)
def test_period_in_quarters(spark: SparkSession, period: str | None, start: date | None, end: date | None) -> None:
    rows = [{**MDS, "score": "6.5", "q1": "7", "period": period}]
    table = nh_measure_long_mds(conformed(spark, "nh_quality_mds", rows))
    names = ("source", "period", "period_start", "period_end", "score", "q1", "snapshot_month", "quarter")
    assert found(table, *names) == [("mds", period, start, end, 6.5, 7.0, date(2024, 10, 1), None)]


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        pytest.param("20230401-20240331", date(2023, 4, 1), date(2024, 3, 31), id="days"),
        pytest.param("20230230-20240331", None, date(2024, 3, 31), id="no such day"),
        pytest.param("2023Q3-2024Q2", None, None, id="quarters"),
        pytest.param("00000101-20240331", None, date(2024, 3, 31), id="year 0"),
        pytest.param(None, None, None, id="missing"),
    ],
)
def test_period_in_days(spark: SparkSession, period: str | None, start: date | None, end: date | None) -> None:
    rows = [{"ccn": "015009", "measure_code": "521", "period": period, "adjusted": "22.1", "observed": "20"}]
    table = nh_measure_long_claims(conformed(spark, "nh_quality_claims", rows))
    names = ("source", "period_start", "period_end", "score", "adjusted", "observed", "expected", "score_text")
    assert found(table, *names) == [("claims", start, end, 22.1, 22.1, 20.0, None, None)]


def test_score_of_the_program_is_the_number_in_its_text(spark: SparkSession) -> None:
    common = {"ccn": "015009", "period_start": "07/01/2021", "period_end": "06/30/2022", "footnotes": "9,13"}
    texts = {
        "A": "12.34",
        "B": "-0.5",
        "C": "1,234",
        "D": "No Different than the National Rate",
        "E": "5 of 7",
        "F": "9,13",
        "G": ".5",
    }
    rows = [{**common, "measure_code": code, "score_text": text} for code, text in texts.items()]
    table = nh_measure_long_qrp(conformed(spark, "nh_qrp_provider", rows, period="2024Q4"))
    assert found(table, "measure_code", "score", "score_text") == [
        ("A", 12.34, "12.34"),
        ("B", -0.5, "-0.5"),
        ("C", 1234.0, "1,234"),
        ("D", None, "No Different than the National Rate"),
        ("E", None, "5 of 7"),
        ("F", None, "9,13"),
        ("G", 0.5, ".5"),
    ]
    names = ("source", "period", "quarter", "snapshot_month", "footnotes")
    expected = ("qrp", "07/01/2021-06/30/2022", "2024Q4", date(2024, 10, 1), [9, 13])
    assert set(map(str, found(table, *names))) == {str(expected)}


def test_hospital_with_swing_beds_regains_its_zero(spark: SparkSession) -> None:
    row = {"ccn": "10001", "measure_code": "S_004_01_PPR_PD_RSRR", "score_text": "10.5", "footnotes": "-"}
    dates = {"period_start": "10/01/2021", "period_end": "09/30/2023"}
    table = nh_measure_long_swing(conformed(spark, "nh_qrp_swing_bed", [{**row, **dates}], period="2024Q4"))
    assert found(table, "source", "ccn", "score", "footnotes") == [("swing", "010001", 10.5, None)]


# --- vaccination ---------------------------------------------------------------------------------------------------


def test_vaccination_of_a_home_is_null_where_it_is_not_available(spark: SparkSession) -> None:
    day = {"as_of_date": "10/27/2024", "state": "AL"}
    rows = [
        {**day, "ccn": "015009", "residents_pct": "3.8", "staff_pct": "12.3"},
        {**day, "ccn": "15014", "residents_pct": "Not Available", "staff_pct": "100.1"},
    ]
    typed = conformed(spark, "nh_covid_vax_provider", rows)
    assert found(typed, "ccn", "residents_pct", "staff_pct", "as_of_date", "snapshot_month", "dq_flags") == [
        ("015009", 3.8, 12.3, date(2024, 10, 27), date(2024, 10, 1), []),
        ("015014", None, None, date(2024, 10, 27), date(2024, 10, 1), ["ccn_padded", "out_of_range:staff_pct"]),
    ]


def test_vaccination_averages_key_the_nation_us(spark: SparkSession) -> None:
    share = {"residents_pct": "23.7", "staff_pct": "5", "as_of_date": "10/27/2024"}
    typed = conformed(spark, "nh_covid_vax_averages", [{**share, "state": text} for text in [*NATIONS, "AK"]])
    assert found(typed, "state", "is_national", "residents_pct", "staff_pct", "_reasons") == [
        *[("US", True, 23.7, 5.0, [])] * 4,
        ("AK", False, 23.7, 5.0, []),
    ]
    table = nh_vaccination_state(typed)
    assert found(table, "level", "ccn", "state", "is_national")[-2:] == [
        ("state", None, "US", True),
        ("state", None, "AK", False),
    ]


# --- citations -----------------------------------------------------------------------------------------------------

HEALTH = {
    "ccn": "015009",
    "survey_date": "2023-03-02",
    "prefix": "F",
    "tag": "880",
    "scope_severity": "F",
    "correction_date": "2023-04-10",
    "cycle": "1",
    "standard": "Y",
    "complaint": "Y",
    "infection": "N",
}
FIRE = {**HEALTH, "prefix": "K", "tag": "226", "tag_version": "New"}


def test_a_citation_may_be_standard_and_complaint_at_once(spark: SparkSession) -> None:
    rows = [HEALTH, {**HEALTH, "tag": "0689", "complaint": "N", "correction_date": "", "scope_severity": "M"}]
    typed = conformed(spark, "nh_health_citations", rows)
    assert found(typed, "tag", "standard", "complaint", "infection", "correction_date", "cycle", "dq_flags") == [
        ("0880", True, True, False, date(2023, 4, 10), 1, []),
        ("0689", True, False, False, None, 1, ["unknown_code:scope_severity"]),
    ]


@pytest.mark.parametrize(
    ("prefix", "tag", "version", "expected"),
    [
        ("K", "226", "New", ("0226", [])),
        ("E", "1", "New", ("0001", [])),
        ("K", "0933", "Old", ("0933", [])),
        ("F", "226", "Newer", ("0226", ["unknown_code:prefix", "unknown_code:tag_version"])),
    ],
)
def test_tags_of_fire_citations_have_four_digits(
    spark: SparkSession, prefix: str, tag: str, version: str, expected: tuple[str, list[str]]
) -> None:
    row = {**FIRE, "prefix": prefix, "tag": tag, "tag_version": version}
    assert found(conformed(spark, "nh_fire_citations", [row]), "tag", "dq_flags") == [expected]


@pytest.mark.parametrize(("data_set", "citation"), [("nh_health_citations", HEALTH), ("nh_fire_citations", FIRE)])
def test_a_citation_that_occurs_twice_is_numbered_and_its_copy_collapses(
    spark: SparkSession, data_set: str, citation: dict[str, str]
) -> None:
    later = {**citation, "correction_date": "2023-05-01"}
    other = {**citation, "scope_severity": "D"}
    judged = resolve(conformed(spark, data_set, [citation, citation, later, other]), load_contracts()[data_set])
    facts = found(judged, DISPOSITION, "scope_severity", "correction_date", "occurrence_no")
    assert sorted(d for d, *_ in facts) == [ACCEPTED, ACCEPTED, ACCEPTED, DUPLICATE]
    accepted = [(scope, number) for d, scope, _, number in facts if d == ACCEPTED]
    assert sorted(accepted) == [("D", 1), ("F", 1), ("F", 2)]
    assert {day for d, scope, day, _ in facts if d == ACCEPTED and scope == "F"} == {
        date(2023, 4, 10),
        date(2023, 5, 1),
    }


def test_old_and_new_version_of_a_fire_tag_are_two_citations(spark: SparkSession) -> None:
    rows = conformed(spark, "nh_fire_citations", [FIRE, {**FIRE, "tag_version": "Old"}])
    judged = resolve(rows, load_contracts()["nh_fire_citations"])
    assert found(judged, "tag_version", "occurrence_no", DISPOSITION) == [("New", 1, ACCEPTED), ("Old", 1, ACCEPTED)]


# --- enrolments ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "ccn", "flags"),
    [
        ("245381", "245381", []),
        ("245381B", "245381", ["ccn_suffix"]),
        ("335506001", "335506", ["ccn_suffix"]),
        ("15009", "015009", ["ccn_padded"]),
        (" 01A193 ", "01A193", []),
        ("1.4E+170", None, ["unknown_code:ccn_raw"]),
        ("1234", None, ["unknown_code:ccn_raw"]),
        ("", None, []),
    ],
)
def test_nh_enrollment_makes_six_characters_of_the_number_as_sent(
    spark: SparkSession, sent: str, ccn: str | None, flags: list[str]
) -> None:
    rows = conformed(spark, "snf_enrollments", [{"enrollment_id": "O20040123000123", "ccn_raw": sent}])
    assert found(nh_enrollment(rows), "ccn", "ccn_raw", "dq_flags") == [(ccn, sent.strip() or None, flags)]


def test_enrolments_may_share_an_npi_and_a_home(spark: SparkSession) -> None:
    shared = {"npi": "1234567890", "ccn_raw": "245381", "has_several_npis": "N", "incorporation_date": "01/31/2005"}
    rows = [{**shared, "enrollment_id": i, "zip5": z} for i, z in (("O1", "554011234"), ("O2", "2554"))]
    typed = conformed(spark, "snf_enrollments", [*rows, {**shared, "enrollment_id": None, "zip5": None}])
    judged = resolve(typed, load_contracts()["snf_enrollments"])
    assert found(judged, DISPOSITION, "_reasons") == [
        (ACCEPTED, []),
        (ACCEPTED, []),
        ("quarantined", ["missing_key:enrollment_id"]),
    ]
    assert found(typed, "npi", "has_several_npis", "incorporation_date", "zip5")[:2] == [
        ("1234567890", False, date(2005, 1, 31), "55401"),
        ("1234567890", False, date(2005, 1, 31), "02554"),
    ]


# --- other payroll staff -------------------------------------------------------------------------------------------

PAYROLL = {"ccn": "015009", "cy_qtr": "2024Q2", "work_date": "20240401", "census": "57", "county_fips": "59"}


def test_pbj_nonnurse_daily_publishes_hours_as_sent(spark: SparkSession) -> None:
    rows = [
        {**PAYROLL, "hrs_pt": "8.25", "hrs_pt_emp": "0", "hrs_pt_ctr": "8.25"},
        {**PAYROLL, "hrs_pt": "8.25", "hrs_pt_emp": "1", "hrs_pt_ctr": "8.25", "census": "0"},
        {**PAYROLL, "hrs_pt": "-1", "work_date": "20240701"},
    ]
    table = pbj_nonnurse_daily(conformed(spark, "pbj_nonnurse_daily", rows, period="2024Q2"))
    day = date(2024, 4, 1)
    assert found(table, "work_date", "quarter", "county_fips", "census", "hrs_pt", "hrs_pt_ctr", "dq_flags") == [
        (day, "2024Q2", "059", 57, 8.25, 8.25, []),
        (day, "2024Q2", "059", 0, 8.25, 8.25, ["component_sum_mismatch:hrs_pt"]),
        (date(2024, 7, 1), "2024Q2", "059", 57, None, None, ["out_of_range:hrs_pt", "period_mismatch:work_date"]),
    ]


# --- tables --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", TABLES, ids=lambda f: f.__name__)
def test_a_table_publishes_its_declared_columns_in_order_and_type(
    spark: SparkSession, function: Callable[..., DataFrame]
) -> None:
    spec = function.__table__  # type: ignore[attr-defined]
    data_set = spec.inputs[0]
    result = function(conformed(spark, data_set, [{load_contracts()[data_set].columns[0].name: "x"}]))
    declared = [c for c in load_tables()[spec.name].columns if c.name not in HISTORY]
    published = [f for f in result.schema.fields if not f.name.startswith("_")]
    assert [(f.name, f.dataType.simpleString()) for f in published] == [
        (c.name, spark_type(c.type).simpleString()) for c in declared
    ]
    assert set(spec.key) <= set(result.columns)


def test_nh_enrollment_keeps_the_history_of_versions(spark: SparkSession) -> None:
    row = {"enrollment_id": "O1", "ccn_raw": "245381"}
    versions = conformed(spark, "snf_enrollments", [row]).withColumns(
        {
            "valid_from": F.lit(date(2024, 10, 1)),
            "valid_to": F.lit(None).cast("date"),
            "is_current": F.lit(True),
            "closed_reason": F.lit(None).cast("string"),
        }
    )
    result = nh_enrollment(versions)
    assert [c for c in result.columns if not c.startswith("_")] == load_tables()["silver.nh_enrollment"].column_names
    assert found(result, "ccn", *HISTORY) == [("245381", date(2024, 10, 1), None, True, None)]
