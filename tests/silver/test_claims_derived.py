"""Silver made from silver: coverage month by month, and the providers that occur in claims."""

from __future__ import annotations

from datetime import date

import pytest
from claims_rows import declared, found

from nh_lakehouse.contracts import load_tables
from nh_lakehouse.lakehouse.schema import spark_type
from nh_lakehouse.silver.claims_enrollment import clm_enrollment_month
from nh_lakehouse.silver.claims_providers import clm_provider

YEAR, CLAIM = "silver.clm_beneficiary_year", "silver.claim"
BORN = date(1930, 5, 1)


def months(spark, *rows):
    return clm_enrollment_month(declared(spark, YEAR, *rows))


def synpuf(year: int = 2008, **other: object) -> dict:
    known = {"birth_date": BORN, "a_months": 12, "b_months": 12, "hmo_months": 0, "d_months": 0}
    return {"source": "synpuf", "bene_id": "P", "year": year, **known, **other}


def test_months_have_the_declared_columns(spark):
    result = months(spark, synpuf())
    expected = [
        (c.name, spark_type(c.type).simpleString()) for c in load_tables()["silver.clm_enrollment_month"].columns
    ]
    assert [(f.name, f.dataType.simpleString()) for f in result.schema.fields] == expected
    assert found(result, "month") == [date(2008, n, 1) for n in range(1, 13)]


@pytest.mark.parametrize(
    ("row", "covered"),
    [
        ({"a_months": 12}, range(1, 13)),
        ({"a_months": 0}, []),
        ({"a_months": None}, None),
        ({"a_months": 4}, range(1, 5)),  # leaves: the first four
        ({"a_months": 5, "birth_date": date(1943, 8, 1)}, range(8, 13)),  # 65 in August: the last five
        ({"a_months": 3, "birth_date": date(1943, 2, 1), "death_date": date(2008, 4, 1)}, range(2, 5)),  # up to April
        (
            {"a_months": 6, "birth_date": date(1943, 2, 1), "death_date": date(2008, 4, 1)},
            range(1, 7),
        ),  # more than fit: all six
        ({"a_months": 4, "death_date": date(2008, 4, 1)}, range(1, 5)),
        ({"a_months": 4, "birth_date": date(1943, 8, 1), "death_date": date(2009, 1, 1)}, range(9, 13)),
        ({"a_months": 4, "birth_date": None}, range(1, 5)),
    ],
    ids=str,
)
def test_months_of_synpuf_are_assigned(spark, row, covered):
    result = months(spark, synpuf(**row))
    if covered is None:
        assert set(found(result, "part_a")) == {None}
    else:
        assert found(result.where("part_a"), "month") == [date(2008, n, 1) for n in covered]
    assert set(found(result, "month_imputed")) == {row["a_months"] in range(1, 12)}


def test_who_has_no_year_before_enters(spark):
    # Q is there in 2008 and leaves in 2009; P comes in 2009; 2008 itself is no entry.
    rows = [synpuf(2009, a_months=2), synpuf(2008, bene_id="Q", a_months=2), synpuf(2009, bene_id="Q", a_months=3)]
    result = months(spark, *rows).where("part_a")
    assert found(result, "bene_id", "month") == [
        ("P", date(2009, 11, 1)),
        ("P", date(2009, 12, 1)),
        ("Q", date(2008, 1, 1)),
        ("Q", date(2008, 2, 1)),
        ("Q", date(2009, 1, 1)),
        ("Q", date(2009, 2, 1)),
        ("Q", date(2009, 3, 1)),
    ]


def test_months_of_rif_are_those_of_its_codes(spark):
    texts = {"part_a_by_month": "110000000000", "part_b_by_month": "101000000000", "part_c_by_month": "100000000000"}
    row = {"source": "rif", "bene_id": "-1", "year": 2015, "a_months": 5, "dual_by_month": "010000000000", **texts}
    result = months(spark, row).where("month < DATE'2015-05-01'")
    assert found(
        result, "month", "part_a", "part_b", "part_c", "part_d", "dual", "is_member", "is_ffs", "month_imputed"
    ) == [
        (date(2015, 1, 1), True, True, True, None, False, True, False, False),
        (date(2015, 2, 1), True, False, False, None, True, True, False, False),
        (date(2015, 3, 1), False, True, False, None, False, True, False, False),
        (date(2015, 4, 1), False, False, False, None, False, False, False, False),
    ]


def test_fee_for_service_is_a_and_b_and_not_c(spark):
    result = months(spark, synpuf(hmo_months=9)).where("is_ffs")
    assert found(result, "month", "part_c", "is_member", "dual") == [
        (date(2008, n, 1), False, True, None) for n in (10, 11, 12)
    ]
    # What is not known is not covered.
    unknown = months(spark, synpuf(b_months=None, hmo_months=None))
    assert set(found(unknown, "part_b", "is_member", "is_ffs")) == {(None, True, False)}


# --- providers -----------------------------------------------------------------------------------------------------


def claim(claim_id: str, day: int, **other: object) -> dict:
    row = {"source": "rif", "claim_type": "carrier", "claim_id": claim_id, "from_date": date(2015, 1, day)}
    return row | other


def providers(spark, claims=(), lines=(), fills=()):
    return clm_provider(
        declared(spark, CLAIM, *claims),
        declared(spark, "silver.claim_line", *[{"line_no": n, **row} for n, row in enumerate(lines)]),
        declared(spark, "silver.drug_event", *fills),
    )


def test_providers_have_the_declared_columns(spark):
    result = providers(spark, [claim("A", 1, org_npi="1")])
    expected = [(c.name, spark_type(c.type).simpleString()) for c in load_tables()["silver.clm_provider"].columns]
    assert [(f.name, f.dataType.simpleString()) for f in result.schema.fields] == expected


def test_a_number_is_counted_once_per_claim_whatever_its_roles(spark):
    claims = [
        claim("A", 5, provider_id="1", provider_id_type="NPI", referring_npi="1"),
        claim(
            "A", 9, claim_type="inpatient", provider_id="220008", provider_id_type="CCN", attending_npi="1", org_npi="7"
        ),
        claim("B", 1, provider_id=None, operating_upin="U1", from_date=None),
    ]
    lines = [
        {
            "source": "rif",
            "claim_type": "carrier",
            "claim_id": "A",
            "line_date": date(2015, 1, d),
            "performing_npi": "1",
            "tax_number": "T",
        }
        for d in (4, 6)
    ]
    fill = {
        "source": "rif",
        "event_id": "A",
        "service_date": date(2015, 3, 1),
        "prescriber": "1",
        "prescriber_id_type": "NPI",
    }
    fill |= {"pharmacy": "2", "pharmacy_id_type": "PHARMACY"}
    result = providers(spark, claims, lines, [fill])
    names = ("provider_id_type", "provider_id", "claims_n", "claim_types", "roles", "is_facility")
    assert found(result, *names) == [
        ("CCN", "220008", 1, "inpatient", "billing", True),
        ("NPI", "1", 3, "carrier inpatient pde", "attending billing performing prescriber referring", False),
        ("NPI", "7", 1, "inpatient", "organization", True),
        ("PHARMACY", "2", 1, "pde", "pharmacy", False),
        ("TAX", "T", 1, "carrier", "tax", False),
        ("UPIN", "U1", 1, "carrier", "operating", False),
    ]
    days = ("provider_id", "first_seen_date", "last_seen_date")
    assert found(result.where("provider_id IN ('1', 'U1')"), *days) == [
        ("1", date(2015, 1, 4), date(2015, 3, 1)),
        ("U1", None, None),
    ]


def test_state_and_specialty_are_the_most_frequent(spark):
    line = {"source": "rif", "claim_type": "carrier", "performing_npi": "1"}
    lines = [
        line | {"claim_id": "A", "provider_state": "RI", "specialty": "11"},
        line | {"claim_id": "B", "provider_state": "MA", "specialty": "11"},
        line | {"claim_id": "C", "provider_state": "MA", "specialty": "08"},
        # A claim that the number attended lies elsewhere: no place of its own.
        line | {"claim_id": "D", "provider_state": "RI", "specialty": "08", "performing_npi": "2"},
        line | {"claim_id": "E", "provider_state": "CT", "specialty": "99", "performing_npi": "2"},
    ]
    claims = [claim(c, 1, attending_npi="1", provider_state="NH") for c in "FGH"]
    result = providers(spark, claims, lines)
    assert found(result, "provider_id", "state", "specialty") == [
        ("1", "MA", "11"),  # 2 of 3; 2 of 3
        ("2", "CT", "08"),  # one each: the smallest
    ]


def test_sources_are_kept_apart(spark):
    rows = [claim("A", 1, org_npi="1"), claim("A", 2, org_npi="1", source="synpuf")]
    assert found(providers(spark, rows), "source", "provider_id", "claims_n") == [("rif", "1", 1), ("synpuf", "1", 1)]
