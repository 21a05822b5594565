"""Who counts in the unplanned measure, and which readmissions were planned.

Everybody has a hospital episode `<case>` and, where a readmission is looked at, a later stay `<case>+`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from gold.stay_rows import day, settled, stay

from nh_lakehouse.gold.claims_readmission import readmission_index

Measure = Callable[..., Any]
CCS = [
    {"code_kind": kind, "code_system": system, "code": code, "ccs_category": category}
    for kind, system, code, category in [
        ("dx", "ICD9", "4280", "108"),
        ("dx", "ICD9", "1749", "24"),
        ("dx", "ICD9", "29530", "659"),
        ("dx", "ICD9", "V5789", "254"),
        ("dx", "ICD9", "V581", "45"),
        ("dx", "ICD9", "99811", "238"),
        ("dx", "ICD10", "Z5111", "45"),
        ("px", "ICD9", "0066", "45"),
        ("px", "ICD9", "3761", "64"),
        ("px", "ICD9", "8154", "152"),
        ("px", "ICD9", "4280", "999"),
    ]
]
HWR = [
    {"list_name": name, "list_code_kind": kind, "list_code": code}
    for name, kind, code in [
        ("excluded_cancer_dx", "ccs", "24"),
        ("excluded_psychiatric_dx", "icd9", "295"),
        ("excluded_rehabilitation_dx", "ccs", "254"),
        ("always_planned_dx", "ccs", "45"),
        ("always_planned_px", "ccs", "64"),
        ("potentially_planned_px", "icd9", "815"),
        ("potentially_planned_px", "icd10", "00"),
        ("acute_dx", "ccs", "238"),
    ]
]


@pytest.fixture
def measure(spark: Any, frame: Any) -> Measure:
    """`measure([stay(...)])`: episodes with the lists and full part A; everybody is of age."""

    def make(
        stays: list[dict],
        years: list[dict] = (),  # type: ignore[assignment]
        months: list[dict] = (),  # type: ignore[assignment]
        px: list[dict] = (),  # type: ignore[assignment]
        kinds: tuple[str, ...] = ("dx", "px"),
        **born: date,
    ) -> Any:
        people = {(s["source"], s["bene_id"]) for s in stays}
        persons = [
            {"source": source, "bene_id": bene, "birth_date": born.get(bene, date(1930, 1, 1)), "valid_from": day(1)}
            for source, bene in people
        ]
        full = [{"source": source, "bene_id": bene, "year": 2009, "a_months": 12} for source, bene in people]
        found = readmission_index(
            frame("silver.inpatient_stay", stays),
            frame("gold.claims_extent", [{"source": s, "inpatient_end_date": day(1000)} for s in ("rif", "synpuf")]),
            frame("silver.clm_beneficiary", persons),
            frame("silver.claim", []),
            frame("silver.clm_beneficiary_year", years or full),
            frame("silver.clm_enrollment_month", months),
            frame("silver.claim_procedure", px),
            frame("silver.clm_ccs", [c for c in CCS if c["code_kind"] in kinds]),
            frame("silver.clm_hwr_list", HWR),
        )
        return settled(spark, "gold.readmission_index", found)

    return make


def syn(case: str, admit: int = 1, discharge: int = 10, dx: str | None = "4280", **other: Any) -> dict[str, Any]:
    person = {"source": "synpuf", "bene_id": case.rstrip("+"), "primary_dx": dx, "dx_code_system": dx and "ICD9"}
    return stay(case, admit, discharge, **{**person, **other})


def test_exclusions_by_age_departure_and_diagnosis_the_first_that_applies(measure: Measure, values: Any) -> None:
    stays = [
        syn("cancer", dx="1749"),
        syn("dead", discharge_status="20", dx=None),
        syn("inside"),
        syn("left", discharge_status="07", dx="1749"),
        syn("no category", dx="9999"),
        syn("no diagnosis", dx=None),
        syn("other system", dx="4280", dx_code_system="ICD10"),
        syn("psychiatric", dx="29530"),
        syn("rehabilitation", dx="V5789"),
        syn("unborn", discharge_status="07"),
        syn("young", discharge_status="07"),
    ]
    # day 10 is 10 January 2009: born a day too late to be 65
    found = measure(stays, unborn=None, young=date(1944, 1, 11))
    assert values(found, "episode_id hwr_exclusion hwr_index") == [
        ("cancer", "cancer", False),
        ("dead", "no_index", False),
        ("inside", "none", True),
        ("left", "against_advice", False),
        ("no category", "no_diagnosis", False),
        ("no diagnosis", "no_diagnosis", False),
        ("other system", "no_diagnosis", False),
        ("psychiatric", "psychiatric", False),
        ("rehabilitation", "rehabilitation", False),
        ("unborn", "age", False),
        ("young", "age", False),
    ]


@pytest.mark.parametrize("kind", ["dx", "px"])
def test_categories_of_one_kind_of_code_alone_are_no_list(measure: Measure, values: Any, kind: str) -> None:
    found = measure([syn("a"), syn("b", dx="1749")], kinds=(kind,))
    assert values(found, "episode_id hwr_exclusion hwr_index planned") == [
        ("a", None, None, None),
        ("b", None, None, None),
    ]


def test_synpuf_needs_part_a_in_all_months_of_the_year_of_discharge(measure: Measure, values: Any) -> None:
    years = [
        {"source": "synpuf", "bene_id": bene, "year": year, "a_months": months}
        for bene, year, months in [("full", 2009, 12), ("part", 2009, 11), ("part", 2008, 12), ("before", 2008, 12)]
    ]
    found = measure([syn(case) for case in ("full", "part", "before")], years=years)
    assert values(found, "episode_id hwr_exclusion") == [
        ("before", "enrollment"),
        ("full", "none"),
        ("part", "enrollment"),
    ]


def test_rif_needs_part_a_in_the_12_months_before_the_month_and_the_one_after(measure: Measure, values: Any) -> None:
    """Discharged in March 2009: March 2008 to April 2009 are 14 months."""
    needed = [date(2008, m, 1) for m in range(3, 13)] + [date(2009, m, 1) for m in range(1, 5)]
    missing = {"full": None, "first": needed[0], "month itself": needed[12], "after": needed[13]}
    months = [
        {"source": "rif", "bene_id": case, "month": month, "part_a": month != gap}
        for case, gap in missing.items()
        for month in [date(2008, 2, 1), *needed, date(2009, 5, 1)]
    ]
    found = measure([syn(case, 60, 70, source="rif") for case in missing], months=months)
    assert values(found, "episode_id hwr_exclusion") == [
        ("after", "enrollment"),
        ("first", "enrollment"),
        ("full", "none"),
        ("month itself", "enrollment"),
    ]


def test_planned_readmissions(measure: Measure, values: Any) -> None:
    def again(case: str, dx: str | None = "4280", **other: Any) -> list[dict[str, Any]]:
        return [syn(case), syn(f"{case}+", 20, 22, dx=dx, **other)]

    def procedure(stay_id: str, code: str, system: str = "ICD9", claim_type: str = "inpatient") -> dict[str, Any]:
        row = {"source": "synpuf", "claim_type": claim_type, "claim_id": stay_id, "code": code, "code_system": system}
        return row | {"px_seq": 1}

    stays = [
        *again("always by diagnosis", "V581"),
        *again("always by procedure", "99811"),
        *again("none"),
        *again("other claim type"),
        *again("other system"),
        *again("potentially"),
        *again("potentially but acute", "99811"),
        *again("potentially, no diagnosis", None),
        *again("second claim", claim_ids=["x", "y"]),
        syn("not readmitted"),
    ]
    px = [
        procedure("always by procedure+", "3761"),
        procedure("none+", "0066"),
        procedure("none", "3761"),  # of the index, not of the readmission
        procedure("other claim type+", "3761", claim_type="outpatient"),
        procedure("other system+", "8154", "ICD10"),
        procedure("potentially+", "8154"),
        procedure("potentially but acute+", "8154"),
        procedure("potentially, no diagnosis+", "8154"),
        procedure("y", "3761"),
    ]
    found = measure(stays, px=px).where("episode_id NOT LIKE '%+'")
    assert values(found, "episode_id planned unplanned_readmitted") == [
        ("always by diagnosis", True, False),
        ("always by procedure", True, False),
        ("none", False, True),
        ("not readmitted", None, False),
        ("other claim type", False, True),
        ("other system", False, True),
        ("potentially", True, False),
        ("potentially but acute", False, True),
        ("potentially, no diagnosis", True, False),
        ("second claim", True, False),
    ]


def test_planned_first_admission_ends_the_search(measure: Measure, values: Any) -> None:
    stays = [syn("a"), syn("a+", 15, 16, dx="V581"), syn("a++", 20, 25)]
    found = measure(stays)
    assert values(found, "episode_id readmission_stay_id planned unplanned_readmitted") == [
        ("a", "a+", True, False),
        ("a+", "a++", False, True),
        ("a++", None, None, False),
    ]


def test_unplanned_is_null_outside_of_the_measure(measure: Measure, values: Any) -> None:
    found = measure([syn("a", dx="1749"), syn("a+", 15, 16)])
    assert values(found, "episode_id readmitted planned hwr_index unplanned_readmitted") == [
        ("a", True, False, False, None),
        ("a+", False, None, True, False),
    ]
