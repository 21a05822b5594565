"""Silver of the nursing-home domain: tiny typed rows in, hand-made rows out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from support import values

from nh_lakehouse.contracts import load_contracts, load_tables
from nh_lakehouse.contracts.model import DerivedColumn
from nh_lakehouse.errors import MissingColumnError
from nh_lakehouse.gold.consistency import vbp_achievement, vbp_improvement
from nh_lakehouse.lakehouse.schema import spark_schema, spark_type
from nh_lakehouse.silver import nursing_home as silver

OCTOBER = date(2024, 10, 1)
TABLES = [
    silver.nh_facility,
    silver.nh_facility_month,
    silver.nh_state_month,
    silver.nh_penalty,
    silver.nh_vbp,
    silver.nh_vbp_national,
    silver.nh_chain,
    silver.pbj_daily,
]
HISTORY = ["valid_from", "valid_to", "is_current", "closed_reason"]
JOBS = ["rndon", "rnadmin", "rn_direct", "lpnadmin", "lpn_direct", "cna", "natrn", "medaide"]


def typed(spark: SparkSession, data_set: str, rows: Iterable[Mapping[str, Any]], **audit: str) -> DataFrame:
    """Typed rows of a data set: the given values, null elsewhere; `audit` names columns that follow, with their type."""
    contract = load_contracts()[data_set]
    types = {c.name: c.spark_type for c in contract.columns}
    types[contract.period.silver_column] = {"month": "date", "quarter": "string", "year": "int"}[contract.period.grain]
    if contract.national:
        types["is_national"] = "boolean"
    if contract.occurrence:
        types[contract.occurrence] = "int"
    types = {**types, "dq_flags": "array<string>", **audit}
    unknown = {name for row in rows for name in row} - set(types)
    assert not unknown, f"no columns of {data_set}: {unknown}"
    schema = spark_schema([DerivedColumn(name=n, type=t, description="") for n, t in types.items()])
    return spark.createDataFrame([tuple(row.get(name) for name in types) for row in rows], schema)


@pytest.mark.parametrize("function", TABLES, ids=lambda f: f.__name__)
def test_a_table_publishes_its_declared_columns_in_order_and_type(
    spark: SparkSession, function: Callable[..., DataFrame]
) -> None:
    spec = function.__table__  # type: ignore[attr-defined]
    result = function(typed(spark, spec.inputs[0], [{}], _source_row="int"))
    declared = [c for c in load_tables()[spec.name].columns if c.name not in HISTORY]
    assert result.columns == [*[c.name for c in declared], "_source_row"]
    assert [f.dataType for f in result.schema.fields[:-1]] == [spark_type(c.type) for c in declared]
    assert result.count() == 1
    assert set(spec.key) <= set(result.columns)


def test_a_missing_input_column_is_named(spark: SparkSession) -> None:
    rows = typed(spark, "nh_penalties", [{}]).drop("fine_usd", "state")
    with pytest.raises(MissingColumnError) as raised:
        silver.nh_penalty(rows)
    assert raised.value.table == "silver.nh_penalty"
    assert raised.value.columns == ["fine_usd", "state"]


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        ("For profit - Corporation", "For profit"),
        ("Non profit - Church related", "Non profit"),
        ("Government - City/county", "Government"),
        ("Cooperative", None),
        (None, None),
    ],
)
def test_nh_facility_owner_class_is_the_beginning_of_the_owner_type(
    spark: SparkSession, owner: str | None, expected: str | None
) -> None:
    rows = typed(spark, "nh_provider_info", [{"ccn": "015009", "ownership_type": owner}])
    assert values(silver.nh_facility(rows), "ccn", "ownership_class") == [("015009", expected)]


def test_nh_facility_belongs_to_a_chain_with_an_identifier(spark: SparkSession) -> None:
    rows = typed(
        spark,
        "nh_provider_info",
        [{"ccn": "015009", "chain_id": "372"}, {"ccn": "015010", "chain_id": None, "chain_name": "NHS MANAGEMENT"}],
    )
    assert values(silver.nh_facility(rows), "ccn", "is_chain") == [("015009", True), ("015010", False)]


def test_nh_facility_keeps_the_history_of_versions(spark: SparkSession) -> None:
    version = {"valid_from": OCTOBER, "valid_to": date(2024, 12, 1), "is_current": False, "closed_reason": "absent"}
    types = {"valid_from": "date", "valid_to": "date", "is_current": "boolean", "closed_reason": "string"}
    result = silver.nh_facility(typed(spark, "nh_provider_info", [{"ccn": "015009", **version}], **types))
    assert result.columns == load_tables()["silver.nh_facility"].column_names
    assert values(result, "ccn", *version) == [("015009", *version.values())]


def test_nh_facility_month_keeps_a_missing_value_beside_its_footnote(spark: SparkSession) -> None:
    rows = typed(
        spark,
        "nh_provider_info",
        [
            {"ccn": "015009", "snapshot_month": OCTOBER, "overall_rating": 4, "fines_usd": Decimal("23989.00")},
            {"ccn": "015010", "snapshot_month": OCTOBER, "overall_rating": None, "overall_rating_footnote": [1, 18]},
        ],
    )
    months = silver.nh_facility_month(rows)
    names = ("ccn", "snapshot_month", "overall_rating", "overall_rating_footnote", "fines_usd")
    assert values(months, *names) == [
        ("015009", OCTOBER, 4, None, Decimal("23989.00")),
        ("015010", OCTOBER, None, [1, 18], None),
    ]


def test_nh_state_month_flags_the_nation(spark: SparkSession) -> None:
    rows = typed(
        spark,
        "nh_state_us_averages",
        [
            {"state": "US", "is_national": True, "snapshot_month": OCTOBER, "total_hprd_mean": 3.83737},
            {"state": "GU", "is_national": False, "snapshot_month": OCTOBER, "total_hprd_mean": None},
        ],
    )
    assert values(silver.nh_state_month(rows), "state", "is_national", "total_hprd_mean") == [
        ("GU", False, None),
        ("US", True, 3.83737),
    ]


def test_nh_penalty_holds_both_record_shapes(spark: SparkSession) -> None:
    fine = {"ccn": "015009", "penalty_type": "Fine", "fine_usd": Decimal("650.00"), "occurrence_no": 2}
    denial = {"ccn": "015009", "penalty_type": "Payment Denial", "denial_start": date(2024, 6, 27), "denial_days": 31}
    rows = typed(spark, "nh_penalties", [fine, denial])
    facts = ("penalty_type", "fine_usd", "denial_start", "denial_days", "occurrence_no")
    assert values(silver.nh_penalty(rows), *facts) == [
        ("Fine", Decimal("650.00"), None, None, 2),
        ("Payment Denial", None, date(2024, 6, 27), 31, None),
    ]


def test_nh_vbp_national_reads_ranges_and_leaves_sentences_null(spark: SparkSession) -> None:
    later = "To be added after the end of FY 2024"
    open_year = {
        "fiscal_year": 2024,
        "performance_score_range": "0.00000-100.00000",
        "multiplier_range": "0.9802538758-1.0176785153",
        "incentive_usd_range": later,
        "incentive_usd_total": later,
    }
    final_year = {
        "fiscal_year": 2023,
        "performance_score_range": "0.5 - 97",
        "multiplier_range": None,
        "incentive_usd_range": "$12.50 - $1,234,567.89",
        "incentive_usd_total": "$ 525,000,000",
    }
    national = silver.nh_vbp_national(typed(spark, "nh_vbp_aggregate", [open_year, final_year]))
    scores = ("performance_score_min", "performance_score_max", "multiplier_min", "multiplier_max")
    assert values(national, "fiscal_year", *scores) == [
        (2023, 0.5, 97.0, None, None),
        (2024, 0.0, 100.0, 0.9802538758, 1.0176785153),
    ]
    assert values(national, "fiscal_year", "incentive_usd_min", "incentive_usd_max", "incentive_usd") == [
        (2023, Decimal("12.50"), Decimal("1234567.89"), Decimal("525000000.00")),
        (2024, None, None, None),
    ]


def test_pbj_daily_adds_jobs_to_groups(spark: SparkSession) -> None:
    hours = {f"hrs_{job}": 2.0**i for i, job in enumerate(JOBS)}  # 1, 2, 4 | 8, 16 | 32, 64, 128
    employees = {f"{name}_emp": value for name, value in hours.items()}
    contract = {f"{name}_ctr": 0.5 for name in hours}
    rows = typed(spark, "pbj_nurse_daily", [{"ccn": "415002", **hours, **employees, **contract}])
    day = silver.pbj_daily(rows)
    assert values(day, "hrs_rn", "hrs_lpn", "hrs_aide", "hrs_total") == [(7.0, 24.0, 224.0, 255.0)]
    assert values(day, "hrs_rn_emp", "hrs_lpn_emp", "hrs_aide_emp", "hrs_total_emp") == [(7.0, 24.0, 224.0, 255.0)]
    assert values(day, "hrs_rn_ctr", "hrs_lpn_ctr", "hrs_aide_ctr", "hrs_total_ctr") == [(1.5, 1.0, 1.5, 4.0)]
    assert values(day, "hrs_rn_direct", "hrs_lpn_direct") == [(4.0, 16.0)]


def test_pbj_daily_adds_hours_exactly_and_leaves_unknown_sums_null(spark: SparkSession) -> None:
    none = {f"hrs_{job}": 0.0 for job in JOBS}
    exact = {"ccn": "a", **none, "hrs_rndon": 0.1, "hrs_rnadmin": 0.2}  # as doubles 0.30000000000000004
    unknown = {"ccn": "b", **none, "hrs_natrn": None}
    days = silver.pbj_daily(typed(spark, "pbj_nurse_daily", [exact, unknown]))
    assert values(days, "ccn", "hrs_rn", "hrs_lpn", "hrs_aide", "hrs_total") == [
        ("a", 0.3, 0.0, 0.0, 0.3),
        ("b", 0.0, 0.0, None, None),
    ]


def test_pbj_daily_marks_weekends_and_days_without_residents(spark: SparkSession) -> None:
    days = [
        {"work_date": date(2023, 6, 30), "census": 55},  # a Friday
        {"work_date": date(2023, 7, 1), "census": 0},
        {"work_date": date(2023, 7, 2), "census": None},
        {"work_date": date(2023, 7, 3), "census": 1},
    ]
    result = silver.pbj_daily(typed(spark, "pbj_nurse_daily", days))
    assert values(result, "work_date", "is_weekend", "census_zero") == [
        (date(2023, 6, 30), False, False),
        (date(2023, 7, 1), True, True),
        (date(2023, 7, 2), True, None),
        (date(2023, 7, 3), False, False),
    ]


# First facilities of fiscal year 2024 with the year's threshold and benchmark: the publisher's scores follow the rule.
@pytest.mark.parametrize(
    ("baseline", "rsrr", "achievement", "improvement"),
    [
        (0.20018, 0.23768, 0.0, 0.0),
        (0.17051, 0.17070, 92.53589, 0.0),
        (0.18901, 0.17240, 88.46890, 80.88418),
        (0.18295, 0.18755, 52.22488, 0.0),
        (0.19672, 0.17320, 86.55502, 81.95009),
        (0.20000, 0.16967, 100.0, 90.0),  # at the benchmark
        (None, 0.17070, 92.53589, None),
        (0.17051, None, None, None),
    ],
)
def test_program_rules_give_the_published_scores(
    spark: SparkSession,
    baseline: float | None,
    rsrr: float | None,
    achievement: float | None,
    improvement: float | None,
) -> None:
    row = {"fiscal_year": 2024, "baseline_rsrr": baseline, "performance_rsrr": rsrr}
    threshold, benchmark = F.lit(0.79271), F.lit(0.83033)
    scores = typed(spark, "nh_vbp_facility", [row]).select(
        vbp_achievement(F.col("performance_rsrr"), threshold, benchmark),
        vbp_improvement(F.col("baseline_rsrr"), F.col("performance_rsrr"), benchmark),
    )
    found = tuple(scores.collect()[0])
    assert found == pytest.approx((achievement, improvement), abs=1e-4)


CHECKED = [
    # case, row of nh_provider_info, reasons
    ("sums fit", {"rn_hprd": 0.5, "lpn_hprd": 1.0, "licensed_hprd": 1.5, "aide_hprd": 2.0, "total_hprd": 3.50009}, []),
    (
        "licensed is off",
        {"rn_hprd": 0.5, "lpn_hprd": 1.0, "licensed_hprd": 1.5002},
        ["component_sum_mismatch:licensed_hprd"],
    ),
    (
        "total is off",
        {"licensed_hprd": 1.5, "aide_hprd": 2.0, "total_hprd": 3.4},
        ["component_sum_mismatch:total_hprd"],
    ),
    ("hours are missing", {"licensed_hprd": None, "aide_hprd": 2.0, "total_hprd": 3.4}, []),
    ("score fits", {"score_c1": 56.0, "score_c2": 8.0, "score_c3": 4.0, "weighted_score": 31.333}, []),
    (
        "score is off",
        {"score_c1": 56.0, "score_c2": 8.0, "score_c3": 4.0, "weighted_score": 31.4},
        ["component_sum_mismatch:weighted_score"],
    ),
    ("two cycles only", {"score_c1": 56.0, "score_c2": 8.0, "score_c3": None, "weighted_score": 36.8}, []),
    (
        "from July 2025 two cycles count",
        {
            "snapshot_month": date(2025, 7, 1),
            "score_c1": 56.0,
            "score_c2": 8.0,
            "score_c3": 4.0,
            "weighted_score": 44.0,
        },
        [],
    ),
    ("penalties fit", {"fines_n": 2, "denials_n": 1, "penalties_n": 3}, []),
    ("penalties are off", {"fines_n": 2, "denials_n": 1, "penalties_n": 2}, ["component_sum_mismatch:penalties_n"]),
    ("owner is known", {"ownership_type": "Government - State"}, []),
    ("owner is unknown", {"ownership_type": "Cooperative"}, ["unknown_code:ownership_type"]),
    ("no legal name", {"legal_business_name": None}, ["not_available:legal_business_name"]),
]
SHAPES = [
    ("a fine", {"penalty_type": "Fine", "fine_usd": Decimal("650.00")}, []),
    ("a denial", {"penalty_type": "Payment Denial", "denial_start": OCTOBER, "denial_days": 5}, []),
    ("a fine without amount", {"penalty_type": "Fine"}, ["record_shape:penalty_type"]),
    (
        "a fine with days",
        {"penalty_type": "Fine", "fine_usd": Decimal(1), "denial_days": 5},
        ["record_shape:penalty_type"],
    ),
    (
        "a denial with amount",
        {"penalty_type": "Payment Denial", "fine_usd": Decimal(1), "denial_start": OCTOBER, "denial_days": 5},
        ["record_shape:penalty_type"],
    ),
    (
        "a denial without length",
        {"penalty_type": "Payment Denial", "denial_start": OCTOBER},
        ["record_shape:penalty_type"],
    ),
]
PARTS = [
    ("parts fit", {"hrs_cna": 8.0, "hrs_cna_emp": 7.5, "hrs_cna_ctr": 0.495}, []),
    ("parts are off", {"hrs_cna": 8.0, "hrs_cna_emp": 7.5, "hrs_cna_ctr": 0.0}, ["component_sum_mismatch:hrs_cna"]),
]


@pytest.mark.parametrize(
    ("data_set", "row", "reasons"),
    [
        *[
            pytest.param("nh_provider_info", {"legal_business_name": "X", "snapshot_month": OCTOBER, **r}, e, id=c)
            for c, r, e in CHECKED
        ],
        *[pytest.param("nh_penalties", r, e, id=c) for c, r, e in SHAPES],
        *[pytest.param("pbj_nurse_daily", r, e, id=c) for c, r, e in PARTS],
    ],
)
def test_contract_checks_fire_on_what_they_name(
    spark: SparkSession, data_set: str, row: dict[str, Any], reasons: list[str]
) -> None:
    checks = load_contracts()[data_set].checks
    fired = (
        typed(spark, data_set, [row]).select(*[F.coalesce(F.expr(c.when), F.lit(False)) for c in checks]).collect()[0]
    )
    assert [c.reason for c, holds in zip(checks, fired) if holds] == reasons
