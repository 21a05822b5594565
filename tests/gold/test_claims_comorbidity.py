"""Charlson and Elixhauser comorbidities of patients and years."""

from __future__ import annotations

from typing import Any

from nh_lakehouse.contracts import load_contracts, load_tables
from nh_lakehouse.gold.claims_comorbidity import ELIXHAUSER, charlson
from nh_lakehouse.pipeline.check_frame import check_columns

SPINE, DX, LIST, YEAR = (
    "gold.patient_spine", "silver.claim_diagnosis", "silver.clm_elixhauser", "silver.clm_beneficiary_year",
)  # fmt: skip


def _dx(code: str, year: int | None = 2009, *, claim_type: str = "inpatient", **others: Any) -> dict[str, Any]:
    row = {"source": "rif", "bene_id": "A", "claim_type": claim_type, "claim_id": "1", "dx_type": "principal"}
    return {**row, "code_system": "ICD9", "code": code, "year": year, **others}


def _scored(frame: Any, dx: list[Any], *, listed: Any = (), people: Any = ("A",), years: Any = (2009,)) -> Any:
    """Scores of people (where they are a mapping to whole numbers or null, their ages)."""
    spine = [{"source": "rif", "bene_id": bene_id, "year": year} for bene_id in people for year in years]
    given = people if isinstance(people, dict) else {}
    ages = [{**row, "age_end": age if isinstance(age := given.get(row["bene_id"]), int) else None} for row in spine]
    found = charlson(frame(SPINE, spine), frame(DX, dx), frame(LIST, listed), frame(YEAR, ages))
    check_columns("gold.charlson", found, load_tables()["gold.charlson"].columns)
    return found


INDEX = {
    "none": ([], 0),
    "infarction": (["41001"], 1),
    "infarction twice": (["41001", "412"], 1),
    "infarction 1, heart failure 1, plegia 2": (["41001", "4280", "3441"], 4),
    "diabetes": (["25000"], 1),
    "diabetes complicated": (["25040"], 2),
    "diabetes in both forms": (["25000", "25040"], 2),
    "liver mild": (["5712"], 1),
    "liver in both forms": (["5712", "5722"], 3),
    "cancer": (["1749"], 2),
    "cancer and metastatic": (["1749", "1970"], 6),
    "aids 6, metastatic 6, liver severe 3": (["042", "1970", "5722"], 15),
    "codes of no group": (["V1234", "OTHER"], 0),
}


def test_index_is_the_sum_of_weights_without_the_milder_form(frame: Any, values: Any) -> None:
    dx = [_dx(code, bene_id=case) for case, (codes, _) in INDEX.items() for code in codes]
    found = dict(values(_scored(frame, dx, people=INDEX), "bene_id charlson"))
    assert found == {case: index for case, (_, index) in INDEX.items()}


def test_both_flags_of_a_pair_stay(frame: Any, values: Any) -> None:
    found = _scored(frame, [_dx("25000"), _dx("25040")])
    assert values(found, "ch_diabetes ch_diabetes_complicated ch_mi") == [(True, True, False)]


COUNTED = {
    "inpatient": (_dx("412"), True),
    "outpatient secondary": (_dx("412", claim_type="outpatient", dx_type="secondary"), True),
    "carrier": (_dx("412", claim_type="carrier"), False),
    "snf": (_dx("412", claim_type="snf"), False),
    "admitting": (_dx("412", dx_type="admitting"), False),
    "line": (_dx("412", dx_type="line"), False),
    "year before": (_dx("412", year=2008), True),
    "two years before": (_dx("412", year=2007), False),
    "year after": (_dx("412", year=2010), False),
    "undated": (_dx("412", year=None), False),
    "icd10": (_dx("I252", code_system="ICD10"), True),
    "other system": (_dx("412", code_system="ICD10"), False),
    "other source": (_dx("412", source="synpuf"), False),
}


def test_which_diagnoses_count(frame: Any, values: Any) -> None:
    dx = [{**row, "bene_id": case} for case, (row, _) in COUNTED.items()] + [_dx("412", bene_id=None)]
    found = values(_scored(frame, dx, people=COUNTED), "bene_id ch_mi charlson")
    assert found == sorted((case, counts, int(counts)) for case, (_, counts) in COUNTED.items())


def test_age_points(frame: Any, values: Any) -> None:
    points = {"49": 0, "50": 1, "59": 1, "60": 2, "69": 2, "70": 3, "79": 3, "80": 4, "99": 4}
    ages = {**{age: int(age) for age in points}, "unknown": None}
    found = _scored(frame, [_dx("412", bene_id=age) for age in ages], people=ages)
    expected = {age: 1 + more for age, more in points.items()} | {"unknown": None}
    assert dict(values(found, "bene_id charlson_age_adjusted")) == expected


def _listed(*rows: tuple[str, str, int]) -> list[dict[str, Any]]:
    keys = ("comorbidity", "code_prefix", "comorbidity_weight")
    return [{**dict(zip(keys, row)), "code_system": "ICD9"} for row in rows]


def test_elixhauser_by_the_list_without_exclusions(frame: Any, values: Any) -> None:
    """Weights 7 - 4 + 0 of three comorbidities; a prefix may be longer or shorter than a category."""
    listed = _listed(("chf", "428", 7), ("obesity", "2780", -4), ("diabetes", "25", 0), ("drug", "305", -7))
    found = _scored(frame, [_dx("4280"), _dx("27801"), _dx("25000"), _dx("3048")], listed=listed)
    assert values(found, "elix_chf elix_obesity elix_diabetes elix_drug elix_aids elixhauser_n van_walraven") == [
        (True, True, True, False, False, 3, 3)
    ]


def test_elixhauser_counts_the_year_before_and_is_0_without_codes(frame: Any, values: Any) -> None:
    found = _scored(frame, [_dx("4280", year=2008)], listed=_listed(("chf", "428", 7)), years=(2009, 2010))
    assert values(found, "year elix_chf elixhauser_n van_walraven") == [(2009, True, 1, 7), (2010, False, 0, 0)]


def test_without_the_list_elixhauser_is_null(frame: Any, values: Any) -> None:
    found = _scored(frame, [_dx("4280")])
    assert values(found, "ch_chf elix_chf elixhauser_n van_walraven") == [(True, None, None, None)]


def test_comorbidities_are_those_of_the_list_and_of_the_columns() -> None:
    (accepted,) = [c.accepted for c in load_contracts()["ref_elixhauser"].columns if c.name == "comorbidity"]
    columns = load_tables()["gold.charlson"].column_names
    assert set(ELIXHAUSER) == set(accepted)
    assert [f"elix_{name}" for name in ELIXHAUSER] == [c for c in columns if c.startswith("elix_")]
