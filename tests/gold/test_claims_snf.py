"""Readmissions from skilled nursing facilities."""

from __future__ import annotations

from typing import Any

from gold.stay_rows import day, stay

from nh_lakehouse.contracts import load_tables
from nh_lakehouse.gold.claims_snf import snf_readmission
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
