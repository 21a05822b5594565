"""Readmissions from skilled nursing facilities."""

from __future__ import annotations

from typing import Any

from gold.stay_rows import day, stay

from nh_lakehouse.contracts import load_tables
from nh_lakehouse.gold.claims_snf import snf_readmission, snf_readmission_rate
from nh_lakehouse.pipeline.check_frame import check_columns


def nursing(stay_id: str, admit: int, discharge: int, **other: Any) -> dict[str, Any]:
    return stay(stay_id, admit, discharge, "S1", **{"setting": "snf", **other})


def episode(episode_id: str, discharge: int, **other: Any) -> dict[str, Any]:
    row = {"source": "rif", "bene_id": "P", "episode_id": episode_id, "provider_id": "H1"}
    return row | {"discharge_date": day(discharge), "is_index": True, "readmitted": False} | other


def found_of(frame: Any, stays: list[dict], episodes: list[dict]) -> Any:
    found = snf_readmission(frame("silver.inpatient_stay", stays), frame("gold.readmission_index", episodes))
    check_columns("gold.snf_readmission", found, load_tables()["gold.snf_readmission"].columns)
    return found


def test_nursing_stay_follows_a_discharge_of_the_day_or_the_day_before(frame: Any, values: Any) -> None:
    admitted = {"A": 9, "B": 10, "C": 11, "D": 12}
    stays = [nursing(f"snf:{bene}", at, at + 20, bene_id=bene) for bene, at in admitted.items()]
    stays += [stay("inpatient:B", 10, 30, bene_id="B"), nursing("snf:other", 10, 30, bene_id="B", source="synpuf")]
    found = found_of(frame, stays, [episode(f"e{bene}", 10, bene_id=bene) for bene in admitted])
    columns = "stay_id episode_id provider_id hospital_provider_id hospital_discharge_date admit_date los_days year"
    assert values(found, columns) == [
        ("snf:B", "eB", "S1", "H1", day(10), day(10), 20, 2009),
        ("snf:C", "eC", "S1", "H1", day(10), day(11), 20, 2009),
    ]


def test_nursing_stay_takes_the_latest_discharge_then_the_largest_episode(frame: Any, values: Any) -> None:
    stays = [nursing("snf:1", 11, 20), nursing("snf:2", 51, 60)]
    episodes = [episode("z", 10), episode("a", 11), episode("m", 50), episode("n", 50)]
    assert values(found_of(frame, stays, episodes), "stay_id episode_id") == [("snf:1", "a"), ("snf:2", "n")]


def test_hospital_episode_counts_once_with_its_first_nursing_stay(frame: Any, values: Any) -> None:
    stays = [nursing("snf:3", 10, 11), nursing("snf:2", 10, 12), nursing("snf:1", 11, 20)]
    assert values(found_of(frame, stays, [episode("e", 10)]), "stay_id episode_id") == [("snf:2", "e")]


def test_readmission_is_that_of_the_hospital_episode(frame: Any, values: Any) -> None:
    cases = {
        "A no index": {"is_index": False, "readmitted": None, "hwr_exclusion": "no_index"},
        "B home": {"hwr_exclusion": "none"},
        "C planned": {"readmitted": True, "planned": True, "hwr_exclusion": "none"},
        "D unplanned": {"readmitted": True, "planned": False, "hwr_exclusion": "age"},
        "E no lists": {"readmitted": True},
    }
    stays = [nursing(f"snf:{case}", 10, 20, bene_id=case) for case in cases]
    found = found_of(frame, stays, [episode(case, 10, bene_id=case, **columns) for case, columns in cases.items()])
    assert values(found, "episode_id is_index readmitted planned unplanned_readmitted") == [
        ("A no index", False, None, None, None),
        ("B home", True, False, None, False),
        ("C planned", True, True, True, False),
        ("D unplanned", True, True, False, True),
        ("E no lists", True, True, None, None),
    ]


def test_rates_count_each_index_once_by_year_facility_and_state(frame: Any, values: Any) -> None:
    """Of facility S1 in 2009: three stays, two of them an index, one readmitted, which was planned."""
    facts = [
        ("1", "S1", "MA", 2009, True, True, False),
        ("2", "S1", "MA", 2009, True, False, False),
        ("3", "S1", "MA", 2009, False, None, None),
        ("4", "S1", "MA", 2010, True, True, True),
        ("5", "S2", None, 2010, True, True, True),
    ]
    names = "stay_id provider_id provider_state year is_index readmitted unplanned_readmitted".split()
    stays = [{"source": "rif", "provider_id_type": "CCN", **dict(zip(names, row, strict=True))} for row in facts]
    home = {"provider_id_type": "CCN", "provider_id": "S1", "provider_name": "Home One"}
    found = snf_readmission_rate(frame("gold.snf_readmission", stays), frame("silver.clm_provider_name", [home]))
    check_columns("gold.snf_readmission_rate", found, load_tables()["gold.snf_readmission_rate"].columns)
    columns = "period year group_by group_value group_label snf_stays_n index_n readmitted_n readmit_rate unplanned_n"
    assert values(found, f"{columns} unplanned_readmit_rate") == [
        ("2009", 2009, "all", "all", None, 3, 2, 1, 0.5, 0, 0.0),
        ("2009", 2009, "provider", "CCN:S1", "Home One", 3, 2, 1, 0.5, 0, 0.0),
        ("2009", 2009, "state", "MA", None, 3, 2, 1, 0.5, 0, 0.0),
        ("2010", 2010, "all", "all", None, 2, 2, 2, 1.0, 2, 1.0),
        ("2010", 2010, "provider", "CCN:S1", "Home One", 1, 1, 1, 1.0, 1, 1.0),
        ("2010", 2010, "provider", "CCN:S2", None, 1, 1, 1, 1.0, 1, 1.0),
        ("2010", 2010, "state", "MA", None, 1, 1, 1, 1.0, 1, 1.0),
        ("2010", 2010, "state", "unknown", None, 1, 1, 1, 1.0, 1, 1.0),
        ("all", None, "all", "all", None, 5, 4, 3, 0.75, 2, 0.5),
        ("all", None, "provider", "CCN:S1", "Home One", 4, 3, 2, 2 / 3, 1, 1 / 3),
        ("all", None, "provider", "CCN:S2", None, 1, 1, 1, 1.0, 1, 1.0),
        ("all", None, "state", "MA", None, 4, 3, 2, 2 / 3, 1, 1 / 3),
        ("all", None, "state", "unknown", None, 1, 1, 1, 1.0, 1, 1.0),
    ]


def test_rates_without_an_index_or_the_lists_are_null(frame: Any, values: Any) -> None:
    stays = [
        {"source": "rif", "stay_id": "1", "year": 2009, "is_index": False},
        {"source": "rif", "stay_id": "2", "year": 2010, "is_index": True, "readmitted": False},
    ]
    found = snf_readmission_rate(frame("gold.snf_readmission", stays), frame("silver.clm_provider_name", []))
    rows = values(found.where("group_by = 'all'"), "period index_n readmit_rate unplanned_n unplanned_readmit_rate")
    assert rows == [("2009", 0, None, None, None), ("2010", 1, 0.0, None, None), ("all", 1, 0.0, None, None)]
