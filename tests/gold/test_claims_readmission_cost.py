"""What a readmission costs, by groups."""

from __future__ import annotations

from typing import Any

import pytest
from gold.stay_rows import usd

from nh_lakehouse.contracts import load_tables
from nh_lakehouse.gold.claims_readmission import readmission_cost
from nh_lakehouse.pipeline.check_frame import check_columns


def index(bene_id: str, cost_30d: float, readmission: float | None = None, year: int = 2009, **other: Any) -> dict:
    row = {"source": "rif", "episode_id": f"{bene_id}{year}", "bene_id": bene_id, "year": year, "is_index": True}
    row |= {"readmitted": readmission is not None, "cost_30d_usd": usd(cost_30d), "provider_id_type": "CCN"}
    row |= {"readmission_payment_usd": None if readmission is None else usd(readmission), "provider_id": "H1"}
    return row | other


def person(bene_id: str, year: int = 2009, **columns: Any) -> dict[str, Any]:
    return {"source": "rif", "bene_id": bene_id, "year": year, **columns}


@pytest.fixture
def cost(frame: Any) -> Any:
    def make(indexes: list[dict], people: Any = (), conditions: Any = (), drgs: Any = (), names: Any = ()) -> Any:
        found = readmission_cost(
            frame("gold.readmission_index", indexes),
            frame("gold.patient_year", people),
            frame("gold.chronic_condition", conditions),
            frame("silver.clm_drg", drgs),
            frame("silver.clm_provider_name", names),
        )
        check_columns("gold.readmission_cost", found, load_tables()["gold.readmission_cost"].columns)
        return found

    return make


def test_means_with_and_without_readmission_and_their_difference(cost: Any, values: Any) -> None:
    rows = [
        index("A", 1000, 800),
        index("B", 500, 200),
        index("C", 100),
        index("D", 40, year=2010),
        index("E", 9999, 9999, is_index=False, readmitted=None),
    ]
    found = cost(rows).where("group_by = 'all'")
    assert values(found, "period year group_value index_n readmitted_n readmit_rate") == [
        ("2009", 2009, "all", 3, 2, 2 / 3),
        ("2010", 2010, "all", 1, 0, 0.0),
        ("all", None, "all", 4, 2, 0.5),
    ]
    columns = "period readmission_cost_total cost_per_readmission_usd cost_30d_with_usd cost_30d_with_usd_mean"
    assert values(found, columns) == [
        ("2009", usd(1000), 500.0, usd(1500), 750.0),
        ("2010", usd(0), None, usd(0), None),
        ("all", usd(1000), 500.0, usd(1500), 750.0),
    ]
    # of all: with (1000 + 500) / 2 = 750, without (100 + 40) / 2 = 70
    columns = "period cost_30d_without_usd cost_30d_without_n cost_30d_without_usd_mean excess"
    assert values(found, columns) == [
        ("2009", usd(100), 1, 100.0, 650.0),
        ("2010", usd(40), 1, 40.0, None),
        ("all", usd(140), 2, 70.0, 680.0),
    ]


def test_groups_of_people_and_of_stays(cost: Any, values: Any) -> None:
    dx = {"dx_code_system": "ICD9", "dx_category": "428", "drg": "291"}
    rows = [index("A", 10, 5, **dx), index("B", 20, provider_id=None)]
    people = [
        person("A", age_band="65-74", sex="Female", race="White", state="AL", dual=True),
        person("B", year=2010, age_band="85+", sex="Male"),  # of another year
    ]
    conditions = [
        person("A", condition="diabetes", dx_flag=True),
        person("A", condition="copd", dx_flag=True),
        person("A", condition="cancer", dx_flag=False, sp_flag=True),
        person("B", condition="copd", dx_flag=True),
    ]
    names = [{"provider_id_type": "CCN", "provider_id": "H1", "provider_name": "ONE"}]
    found = cost(rows, people, conditions, [{"drg": "291", "drg_title": "HEART FAILURE"}], names)
    assert values(found.where("period = '2009'"), "group_by group_value group_label index_n readmitted_n") == [
        ("age_band", "65-74", None, 1, 1),
        ("age_band", "unknown", None, 1, 0),
        ("all", "all", None, 2, 1),
        ("condition", "copd", None, 2, 1),
        ("condition", "diabetes", None, 1, 1),
        ("drg", "291", "HEART FAILURE", 1, 1),
        ("drg", "unknown", None, 1, 0),
        ("dual", "true", None, 1, 1),
        ("dual", "unknown", None, 1, 0),
        ("dx_category", "ICD9:428", None, 1, 1),
        ("dx_category", "unknown", None, 1, 0),
        ("provider", "CCN:H1", "ONE", 1, 1),
        ("provider", "unknown", None, 1, 0),
        ("race", "White", None, 1, 1),
        ("race", "unknown", None, 1, 0),
        ("sex", "Female", None, 1, 1),
        ("sex", "unknown", None, 1, 0),
        ("state", "AL", None, 1, 1),
        ("state", "unknown", None, 1, 0),
    ]
