"""Silver of inspections: tiny typed rows in, hand-made rows out; odd texts through the contract."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from support import csv_text, load, rows_of, values, write

from nh_lakehouse.contracts import load_contracts, load_tables
from nh_lakehouse.contracts.model import DerivedColumn
from nh_lakehouse.engines import Engine
from nh_lakehouse.errors import MissingColumnError
from nh_lakehouse.lakehouse.schema import spark_schema, spark_type
from nh_lakehouse.silver import nursing_home_surveys as silver
from nh_lakehouse.silver.conform import conform

OCTOBER = date(2024, 10, 1)
TABLES = [
    silver.nh_survey,
    silver.nh_survey_cycle,
    silver.nh_cutpoint,
    silver.nh_interval,
    silver.nh_citation_code,
]


def sent(spark: SparkSession, data_set: str, *rows: dict[str, str | None]) -> DataFrame:
    """Rows of a bronze table of October 2024: text as in the file, null elsewhere."""
    names = [c.name for c in load_contracts()[data_set].columns]
    audit = {"_period": "2024-10", "_corrupt_record": None, "_absent_columns": ""}
    schema = spark_schema([DerivedColumn(name=n, type="string", description="") for n in [*names, *audit]])
    return spark.createDataFrame([tuple({**audit, **row}.get(n) for n in [*names, *audit]) for row in rows], schema)


def conformed(spark: SparkSession, data_set: str, *rows: dict[str, str | None]) -> DataFrame:
    """The same, typed and checked."""
    return conform(sent(spark, data_set, *rows), load_contracts()[data_set])


@pytest.mark.parametrize("function", TABLES, ids=lambda f: f.__name__)
def test_a_table_publishes_its_declared_columns_in_order_and_type(
    spark: SparkSession, function: Callable[..., DataFrame]
) -> None:
    spec = function.__table__  # type: ignore[attr-defined]
    result = function(conformed(spark, spec.inputs[0], {}))
    declared = load_tables()[spec.name].columns
    audit = [c for c in result.columns if c.startswith("_")]
    assert result.columns == [*[c.name for c in declared], *audit]
    # Whether an array may hold nulls follows from the engine's plan; the table says that it may.
    found = [f.dataType.simpleString() for f in result.schema.fields[: len(declared)]]
    assert found == [spark_type(c.type).simpleString() for c in declared]
    assert set(spec.key) <= set(result.columns)


def test_a_missing_input_column_is_named(spark: SparkSession) -> None:
    rows = conformed(spark, "nh_survey_dates", {}).drop("cycle")
    with pytest.raises(MissingColumnError) as raised:
        silver.nh_survey(rows)
    assert (raised.value.table, raised.value.columns) == ("silver.nh_survey", ["cycle"])


def test_nh_survey_types_the_published_rows(spark: SparkSession) -> None:
    row = {"ccn": "015009", "survey_date": "2023-03-02", "processing_date": "2024-10-01"}
    rows = conformed(
        spark,
        "nh_survey_dates",
        {**row, "type_of_survey": "Health Complaint", "survey_date": "2023-03-02", "cycle": "2"},
        {**row, "type_of_survey": "Health Standard", "cycle": "1.0"},  # as a statistics program writes it
        {**row, "type_of_survey": "Emergency Visit", "cycle": "4"},
    )
    names = ("ccn", "snapshot_month", "survey_date", "type_of_survey", "cycle", "dq_flags")
    inspected = date(2023, 3, 2)
    assert values(silver.nh_survey(rows), *names) == [
        ("015009", OCTOBER, inspected, "Emergency Visit", None, ["out_of_range:cycle", "unknown_code:type_of_survey"]),
        ("015009", OCTOBER, inspected, "Health Complaint", 2, []),
        ("015009", OCTOBER, inspected, "Health Standard", 1, []),
    ]


@pytest.mark.parametrize(
    ("row", "reasons"),
    [
        ({"ccn": "1.4E+170"}, ["bad_key_format:ccn"]),
        ({"ccn": "15009"}, []),  # a lost zero comes back
        ({"ccn": None}, ["missing_key:ccn"]),
        ({"survey_date": "02/30/2023"}, ["bad_key_format:survey_date"]),
        ({"survey_date": "03/02/2023"}, []),
        ({"type_of_survey": "-"}, ["missing_key:type_of_survey"]),
    ],
)
def test_nh_survey_rows_without_a_usable_key_leave(
    spark: SparkSession, row: dict[str, str | None], reasons: list[str]
) -> None:
    whole = {"ccn": "015009", "survey_date": "2023-03-02", "type_of_survey": "Health Standard", "cycle": "1"}
    assert values(conformed(spark, "nh_survey_dates", {**whole, **row}), "_reasons") == [(reasons,)]


def test_nh_survey_cycle_without_a_fire_safety_inspection_has_no_counts_of_it(spark: SparkSession) -> None:
    rows = conformed(
        spark,
        "nh_survey_summary",
        {
            "ccn": "015009",
            "inspection_cycle": "1",
            "health_survey_date": "2023-03-02",
            "fire_safety_survey_date": "2023-02-15",
            "health_deficiencies_n": "4",
            "fire_safety_deficiencies_n": "6",
            "smoke_deficiencies_n": "3",
        },
        {"ccn": "015010", "inspection_cycle": "1", "health_survey_date": "2022-04-09", "health_deficiencies_n": "0"},
        {"ccn": "015011", "inspection_cycle": "2", "health_deficiencies_n": "-1", "smoke_deficiencies_n": "1.5"},
    )
    names = ("ccn", "fire_safety_survey_date", "health_deficiencies_n", "fire_safety_deficiencies_n")
    cycles = silver.nh_survey_cycle(rows)
    assert values(cycles, *names, "smoke_deficiencies_n", "dq_flags") == [
        ("015009", date(2023, 2, 15), 4, 6, 3, []),
        ("015010", None, 0, None, None, []),
        ("015011", None, None, None, None, ["bad_number:smoke_deficiencies_n", "out_of_range:health_deficiencies_n"]),
    ]


@pytest.mark.parametrize(
    ("text", "bounds", "flagged"),
    [
        ("0.000-19.333", (0.0, 19.333), False),
        ("19.334 - 37.333", (19.334, 37.333), False),
        (">105.583", (105.583, None), False),
        (">= 105.583", (105.583, None), False),
        ("<19.334", (None, 19.334), False),
        ("<=19.334", (None, 19.334), False),
        ("12.000", (12.0, 12.0), False),
        ("1,005.5-1,200", (1005.5, 1200.0), False),
        ("not calculated", (None, None), True),
        ("10.0-20.0 points", (None, None), True),
        ("-", (None, None), False),
        ("Not Available", (None, None), False),
        (None, (None, None), False),
    ],
)
def test_nh_cutpoint_reads_the_bounds_inside_a_text(
    spark: SparkSession, text: str | None, bounds: tuple[float | None, float | None], flagged: bool
) -> None:
    cuts = silver.nh_cutpoint(conformed(spark, "nh_inspection_cutpoints", {"state": "AK", "star_2_range": text}))
    flags = ["unknown_code:star_2_range"] if flagged else []
    assert values(cuts, "state", "star_2_min", "star_2_max", "dq_flags") == [("AK", *bounds, flags)]


def test_nh_cutpoint_gives_each_star_its_own_range(spark: SparkSession) -> None:
    alaska = {
        "state": "AK",
        "star_5_range": "0.000-19.333",
        "star_4_range": "19.334-37.333",
        "star_3_range": "37.334-75.833",
        "star_2_range": "75.834-105.583",
        "star_1_range": ">105.583",
    }
    cuts = silver.nh_cutpoint(conformed(spark, "nh_inspection_cutpoints", alaska))
    bounds = [f"star_{star}_{end}" for star in (5, 4, 3, 2, 1) for end in ("min", "max")]
    expected = (0.0, 19.333, 19.334, 37.333, 37.334, 75.833, 75.834, 105.583, 105.583, None)
    assert values(cuts, "snapshot_month", *bounds) == [(OCTOBER, *expected)]


def test_nh_interval_keeps_codes_as_text_and_reads_the_dates(spark: SparkSession) -> None:
    period = {"period_start": "10/01/2021", "period_end": "09/30/2023", "processing_date": "20241001"}
    rows = conformed(
        spark,
        "nh_collection_intervals",
        {"measure_code": "004", **period},
        {"measure_code": "5", **period},  # its zeros were lost in a spreadsheet
        {"measure_code": "STAFFING_LEVELS", **period, "measure_date_range": "01/01/2020-12/31/2020 and 2022"},
        {"measure_code": "S_backwards", **period, "period_start": "10/01/2023"},
        {"measure_code": "S_unreadable", **period, "period_end": "09/31/2023"},
    )
    start, end = date(2021, 10, 1), date(2023, 9, 30)
    names = ("measure_code", "period_start", "period_end", "measure_date_range", "dq_flags")
    assert values(silver.nh_interval(rows), *names) == [
        ("004", start, end, None, []),
        ("005", start, end, None, []),
        ("STAFFING_LEVELS", start, end, "01/01/2020-12/31/2020 and 2022", []),
        ("S_backwards", date(2023, 10, 1), end, None, ["date_order:period_end"]),
        ("S_unreadable", start, None, None, ["bad_date:period_end"]),
    ]
    assert values(rows.where(F.col("measure_code") == "004"), "processing_date") == [(OCTOBER,)]


def test_nh_citation_code_keeps_numbers_as_four_digits(spark: SparkSession) -> None:
    rows = conformed(
        spark,
        "nh_citation_codes",
        {"prefix": "E", "number": "1", "prefix_and_number": "E-0001"},
        {"prefix": "F", "number": "0880", "prefix_and_number": "F-0880"},
        {"prefix": "Z", "number": "9211", "prefix_and_number": "Z-9211"},
    )
    names = ("prefix_and_number", "prefix", "number", "dq_flags")
    assert values(silver.nh_citation_code(rows), *names) == [
        ("E-0001", "E", "0001", []),
        ("F-0880", "F", "0880", []),
        ("Z-9211", "Z", "9211", ["unknown_code:prefix"]),
    ]


def test_the_newest_citation_codes_are_valid_as_a_whole(tmp_path: Path, engine: Engine) -> None:
    header = [c.header for c in load_contracts()["nh_citation_codes"].columns]

    def codes(month: str, modified: str, **texts: str) -> None:
        rows = [dict(zip(header, ("F", n[1:], f"F-{n[1:]}", text, "Resident Rights"))) for n, text in texts.items()]
        write(tmp_path / f"in/NH_CitationDescriptions_{month}.csv", csv_text(rows, header=header), modified=modified)

    def present() -> list[tuple[str, str]]:
        report = load(tmp_path / "lake", tmp_path / "in", engine, select=["silver.nh_citation_code"])
        assert report.exit_code == 0, report.errors
        rows = rows_of(tmp_path / "lake", "silver.nh_citation_code", ["prefix_and_number", "description"])
        return [(r["prefix_and_number"], r["description"]) for r in rows]

    codes("Oct2024", "2024-10-30", f0880="Infections.", f0221="Restraints.")
    assert present() == [("F-0221", "Restraints."), ("F-0880", "Infections.")]
    codes("Nov2024", "2024-11-30", f0880="Prevent infections.")
    assert present() == [("F-0880", "Prevent infections.")]
    codes("Sep2024", "2024-09-30", f0880="Old.", f0001="Old.")
    assert present() == [("F-0880", "Prevent infections.")]


def test_files_as_published_arrive_in_their_tables(tmp_path: Path, engine: Engine) -> None:
    home = '015009,"BURNS NURSING HOME, INC.",701 MONROE STREET NW,RUSSELLVILLE,AL,35653'
    texts = {
        "nh_survey_dates": ("NH_SurveyDates_Oct2024.csv", "015009,2023-03-02,Health Standard,1,2024-10-01"),
        "nh_survey_summary": (
            "NH_SurveySummary_Oct2024.csv",
            f'{home},1,2023-03-02,,4,{"," * 29}"701 MONROE STREET NW,RUSSELLVILLE,AL,35653",2024-10-01',
        ),
        "nh_inspection_cutpoints": (
            "NH_HlthInspecCutpointsState_Oct2024.csv",
            "AK,0.000-19.333,19.334-37.333,37.334-75.833,75.834-105.583,>105.583",
        ),
        "nh_collection_intervals": (
            "NH_QMDataCollectionPeriods_Mar2021.csv",
            "STAFFING,Staffing measures,10/01/2019,09/30/2020,,20210301",
        ),
    }
    for data_set, (file, line) in texts.items():
        header = ",".join(f'"{c.header}"' for c in load_contracts()[data_set].columns)
        write(tmp_path / "in" / file, f"{header}\n{line}\n")
    wanted = ["silver.nh_survey", "silver.nh_survey_cycle", "silver.nh_cutpoint", "silver.nh_interval"]
    report = load(tmp_path / "lake", tmp_path / "in", engine, select=wanted)
    assert report.exit_code == 0, report.errors
    survey, cycle, cuts, interval = (rows_of(tmp_path / "lake", table) for table in wanted)
    assert [(r["snapshot_month"], r["type_of_survey"], r["cycle"]) for r in survey] == [(OCTOBER, "Health Standard", 1)]
    assert [(r["health_deficiencies_n"], r["fire_safety_deficiencies_n"], r["dq_flags"]) for r in cycle] == [
        (4, None, [])
    ]
    assert [(r["snapshot_month"], r["star_5_max"], r["star_1_min"]) for r in cuts] == [(OCTOBER, 19.333, 105.583)]
    assert [(r["snapshot_month"], r["period_start"]) for r in interval] == [(date(2021, 3, 1), date(2019, 10, 1))]
    assert rows_of(tmp_path / "lake", "ops.quarantine") == []
