"""Facts of the claims star."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import functions as F

from nh_lakehouse.contracts import load_tables
from nh_lakehouse.gold.claims_facts import fact_claim_lines, fact_claims, fact_prescriptions
from nh_lakehouse.gold.claims_keys import diagnosis_key, provider_key
from nh_lakehouse.pipeline.check_frame import check_columns

CLAIM, PATIENT, STAY = "silver.claim", "gold.dim_patient", "silver.inpatient_stay"

VERSIONS = [
    {"source": "rif", "bene_id": "A", "patient_key": 1, "valid_from": date(2008, 1, 1)},
    {"source": "rif", "bene_id": "A", "patient_key": 2, "valid_from": date(2009, 1, 1)},
    {"source": "unknown", "patient_key": -1},
]


def checked(function: Any, *frames: Any) -> Any:
    """The result, whose columns are as declared."""
    name = function.__table__.name
    result = function(*frames)
    check_columns(name, result, load_tables()[name].columns)
    return result


def _claim(claim_id: str, *, claim_type: str = "inpatient", **others: Any) -> dict[str, Any]:
    return {"source": "rif", "claim_type": claim_type, "claim_id": claim_id, "bene_id": "A", **others}


def test_claims_take_version_provider_diagnosis_and_days(spark: Any, frame: Any, values: Any) -> None:
    known = {"provider_id_type": "CCN", "provider_id": "220008", "dx_code_system": "ICD9", "primary_dx": "4280"}
    claims = [
        _claim("1", from_date=date(2009, 2, 3), thru_date=date(2009, 2, 9), year=2009, **known),
        _claim("2", claim_type="carrier", from_date=date(2007, 5, 5), provider_id="220008", primary_dx="4280"),
        _claim("3", claim_type="outpatient"),
        {**_claim("4", claim_type="outpatient", from_date=date(2009, 2, 3)), "bene_id": None},
    ]
    found = checked(fact_claims, frame(CLAIM, claims), frame(PATIENT, VERSIONS), frame(STAY, []))
    keys = [provider_key("'CCN'", "'220008'"), diagnosis_key("'ICD9'", "'4280'")]
    provider, diagnosis = spark.range(1).selectExpr("'rif' AS source").selectExpr(*keys).collect()[0]
    assert values(found, "claim_id patient_key provider_key primary_diagnosis_key from_date_key thru_date_key") == [
        ("1", 2, provider, diagnosis, 20090203, 20090209),
        ("2", 1, -1, -1, 20070505, None),
        ("3", 2, -1, -1, None, None),
        ("4", -1, -1, -1, 20090203, None),
    ]
    assert values(found, "claim_id claim_year from_date")[0] == ("1", 2009, date(2009, 2, 3))


@pytest.mark.parametrize(
    ("claim_type", "admitted", "discharged", "days"),
    [
        pytest.param("inpatient", date(2009, 2, 3), date(2009, 2, 9), 6, id="six-nights"),
        pytest.param("snf", date(2008, 12, 31), date(2009, 1, 1), 1, id="over-new-year"),
        pytest.param("inpatient", date(2009, 2, 3), date(2009, 2, 3), 1, id="same-day"),
        pytest.param("inpatient", date(2009, 2, 3), None, None, id="not-discharged"),
        pytest.param("inpatient", None, date(2009, 2, 3), None, id="no-admission"),
        pytest.param("hospice", date(2009, 2, 3), date(2009, 2, 9), None, id="no-stay"),
    ],
)
def test_length_of_stay_of_a_claim(
    frame: Any, values: Any, claim_type: str, admitted: date, discharged: date, days: int | None
) -> None:
    claims = [_claim("1", claim_type=claim_type, admit_date=admitted, discharge_date=discharged)]
    found = fact_claims(frame(CLAIM, claims), frame(PATIENT, []), frame(STAY, []))
    assert values(found, "los_days") == [(days,)]


def test_claims_of_a_stay_are_those_of_its_setting_and_source(frame: Any, values: Any) -> None:
    stays = [
        {"source": "rif", "setting": "inpatient", "stay_id": "inpatient:1", "claim_ids": ["1", "2"]},
        {"source": "rif", "setting": "snf", "stay_id": "snf:1", "claim_ids": ["1"]},
        {"source": "synpuf", "setting": "inpatient", "stay_id": "inpatient:3", "claim_ids": ["3"]},
    ]
    claims = [_claim("1"), _claim("2"), _claim("3"), _claim("1", claim_type="snf"), _claim("1", claim_type="carrier")]
    found = fact_claims(frame(CLAIM, claims), frame(PATIENT, []), frame(STAY, stays))
    assert values(found, "claim_type claim_id stay_id") == [
        ("carrier", "1", None),
        ("inpatient", "1", "inpatient:1"),
        ("inpatient", "2", "inpatient:1"),
        ("inpatient", "3", None),
        ("snf", "1", "snf:1"),
    ]


def test_amounts_add_up_to_those_of_silver(frame: Any) -> None:
    """300 claims of people with none, one and two versions, some of them of a stay; one payment is negative."""
    amounts = ["payment_usd", "primary_payer_usd", "bene_deductible_usd", "bene_coinsurance_usd", "total_charge_usd"]
    claims = [
        {
            **_claim(str(n), claim_type=("inpatient", "carrier")[n % 2], from_date=date(2008 + n % 3, 1, 1 + n % 28)),
            "bene_id": ("A", "B", None)[n % 3],
            **{name: None if n % 7 == 0 else Decimal(n * 37 % 1000 - 3) / 100 for name in amounts},
        }
        for n in range(300)
    ]
    stays = [{"source": "rif", "setting": "inpatient", "stay_id": "s", "claim_ids": [str(n) for n in range(0, 90, 2)]}]
    silver = frame(CLAIM, claims)
    found = fact_claims(silver, frame(PATIENT, VERSIONS), frame(STAY, stays))
    totals = [F.count(F.lit(1)), *[F.sum(name) for name in amounts]]
    assert found.agg(*totals).collect() == silver.agg(*totals).collect()


def test_lines_take_the_keys_of_their_claim_and_their_own_amounts(spark: Any, frame: Any, values: Any) -> None:
    claims = [
        {"source": "rif", "claim_type": "carrier", "claim_id": "1", "patient_key": 5, "provider_key": 6}
        | {"claim_year": 2009, "is_denied": True}
    ]
    line = {"source": "rif", "claim_type": "carrier", "claim_id": "1", "bene_id": "A"}
    lines = [
        {**line, "line_no": 1, "performing_npi": "9", "line_dx": "4280", "line_dx_code_system": "ICD9"}
        | {"line_date": date(2009, 2, 3), "line_payment_usd": Decimal("1.10")},
        {**line, "line_no": 2, "line_payment_usd": Decimal("2.20")},
        {**line, "claim_type": "outpatient", "line_no": 1},
    ]
    found = checked(fact_claim_lines, frame("silver.claim_line", lines), frame("gold.fact_claims", claims))
    keys = [provider_key("'NPI'", "'9'"), diagnosis_key("'ICD9'", "'4280'")]
    npi, diagnosis = spark.range(1).selectExpr("'rif' AS source").selectExpr(*keys).collect()[0]
    columns = "claim_type line_no patient_key provider_key performing_provider_key line_diagnosis_key line_date_key"
    assert values(found, columns) == [
        ("carrier", 1, 5, 6, npi, diagnosis, 20090203),
        ("carrier", 2, 5, 6, -1, -1, None),
        ("outpatient", 1, -1, -1, -1, -1, None),
    ]
    assert values(found, "claim_type line_no claim_year is_denied line_payment_usd") == [
        ("carrier", 1, 2009, True, Decimal("1.10")),
        ("carrier", 2, 2009, True, Decimal("2.20")),
        ("outpatient", 1, None, None, None),
    ]


def test_fills_take_version_product_name_and_both_providers(spark: Any, frame: Any, values: Any) -> None:
    fill = {"source": "rif", "bene_id": "A", "service_date": date(2008, 12, 31), "ndc": "00093721410"}
    fills = [
        {**fill, "event_id": "1", "prescriber": "9", "prescriber_id_type": "NPI", "pharmacy": "8"},
        {**fill, "event_id": "2", "ndc": "00000000001", "service_date": date(2009, 1, 1)},
        {**fill, "event_id": "3", "ndc": None, "bene_id": "B"},
    ]
    names = [{"ndc9": "000937214", "drug_name": "AMLODIPINE", "drug_class": "calcium"}]
    found = checked(
        fact_prescriptions, frame("silver.drug_event", fills), frame(PATIENT, VERSIONS), frame("silver.clm_ndc", names)
    )
    prescriber = spark.range(1).selectExpr("'rif' AS source").selectExpr(provider_key("'NPI'", "'9'")).collect()[0][0]
    assert values(found, "event_id patient_key ndc9 drug_name drug_class prescriber_key pharmacy_key") == [
        ("1", 1, "000937214", "AMLODIPINE", "calcium", prescriber, -1),
        ("2", 2, "000000000", None, None, -1, -1),
        ("3", -1, None, None, None, -1, -1),
    ]
    assert values(found, "event_id service_date_key")[0] == ("1", 20081231)
