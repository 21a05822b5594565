"""What a run would do, found out from the landing folder and the record alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest
from tables import visits
from tables.visits import DECLARED

from nh_lakehouse.contracts import load_contracts
from nh_lakehouse.errors import ConfigError
from nh_lakehouse.lakehouse import Lakehouse
from nh_lakehouse.lakehouse.state import KnownFile, State, TableRecord
from nh_lakehouse.pipeline import plan as plan_module
from nh_lakehouse.pipeline.graph import build_graph, collect_specs
from nh_lakehouse.pipeline.plan import Plan, contracts_fingerprint, make_plan
from nh_lakehouse.sources import LandingFile, list_landing

AT = datetime(2024, 10, 20, tzinfo=timezone.utc)
NAME = "NH_ProviderInfo_Oct2024.csv"
PROVIDER = load_contracts()["nh_provider_info"]


def landing(name: str = NAME, *, ignored: bool = False) -> LandingFile:
    return LandingFile(name, Path("/landing") / name, None, 100, AT, ignored)


def known(status: str, name: str = NAME, **changes) -> KnownFile:
    fingerprint = PROVIDER.fingerprint()
    found = KnownFile(name, status, 100, AT, "hash", "2024-10", "nh_provider_info", 5, None, fingerprint)
    return replace(found, **changes)


def planned(
    tmp_path: Path, files: list[LandingFile], *records: KnownFile, data_sets=(PROVIDER,), bronze: bool = True
) -> Plan:
    lake = Lakehouse(tmp_path)
    if bronze:
        write_version(lake, "bronze.nh_provider_info", 1)
    state = State({r.file: r for r in records}, {})
    graph = build_graph([], tables={}, contracts={})
    return make_plan(lake, state, files, graph, {d.name: d for d in data_sets}, [])


def write_version(lake: Lakehouse, name: str, version: int) -> None:
    log = lake.folder(name) / "_delta_log"
    log.mkdir(parents=True, exist_ok=True)
    (log / f"{version:020d}.json").write_text("{}")


NEW, KNOWN, REPEATED = ([NAME], []), ([], []), ([], [NAME])


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        pytest.param([], NEW, id="never seen"),
        pytest.param([known("loaded")], KNOWN, id="loaded"),
        pytest.param([known("duplicate")], KNOWN, id="duplicate"),
        pytest.param([known("accepted")], KNOWN, id="accepted"),
        pytest.param([known("loaded", size_bytes=99)], NEW, id="other size"),
        pytest.param([known("loaded", modified_at=AT.replace(day=21))], NEW, id="other time"),
        pytest.param([known("changing")], NEW, id="was still being written"),
        pytest.param([known("failed")], NEW, id="was not written"),
        pytest.param([known("rejected")], REPEATED, id="rejected"),
        pytest.param([known("rejected", size_bytes=99)], NEW, id="rejected and mended"),
        pytest.param([known("rejected", contract_fingerprint="old")], NEW, id="rejected under another contract"),
        pytest.param([known("loaded", contract_fingerprint="old")], KNOWN, id="loaded under another contract"),
    ],
)
def test_landing_file_is_new_known_or_repeated(tmp_path: Path, record: list[KnownFile], expected: tuple):
    plan = planned(tmp_path, [landing()], *record)
    assert ([f.name for f in plan.new_files], [f.file for f in plan.rejected]) == expected
    assert plan.is_empty == (expected[0] == [])


def test_file_whose_bronze_table_is_gone_is_read_again(tmp_path: Path):
    assert planned(tmp_path, [landing()], known("loaded"), bronze=False).new_files == (landing(),)


def test_hidden_file_is_ignored_and_unknown_file_is_looked_at_once_per_set_of_contracts(tmp_path: Path):
    odd = landing("readme.txt")
    plan = planned(tmp_path, [landing("._x.csv", ignored=True), odd])
    assert (plan.new_files, [f.name for f in plan.ignored]) == ((odd,), ["._x.csv"])
    everything = contracts_fingerprint(load_contracts())
    seen = known("unknown", odd.name, data_set=None, contract_fingerprint=everything)
    assert planned(tmp_path, [odd], seen).is_empty
    assert not planned(tmp_path, [odd], replace(seen, contract_fingerprint="fewer contracts")).is_empty


def test_file_of_a_data_set_outside_the_run_is_left_alone(tmp_path: Path):
    others = [load_contracts()["nh_penalties"]]
    assert planned(tmp_path, [landing()], data_sets=others).is_empty


# --- tables --------------------------------------------------------------------------------------------------------


VERSIONS = {"silver.visits": 3, "silver.homes": -1, "gold.visit_beds": 2, "gold.visit_share": 1}
GRAPH = build_graph(collect_specs([visits]), tables=DECLARED, contracts={})


def stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[dict], None] = lambda records: None, **options
) -> list[str]:
    """Stale tables of a lakehouse in which everything is current but for one change."""
    monkeypatch.setattr(plan_module, "load_tables", lambda: DECLARED)
    monkeypatch.setattr(plan_module, "table_fingerprint", lambda spec, declaration, data_set=None: "one")
    lake = Lakehouse(tmp_path)
    records = {
        "gold.visit_beds": TableRecord(2, "one", {"silver.visits": 3, "silver.homes": -1}),
        "gold.visit_share": TableRecord(1, "one", {"gold.visit_beds": 2}),
    }
    change(records)
    for name, version in {**VERSIONS, **options.pop("versions", {})}.items():
        if version >= 0:
            write_version(lake, name, version)
    names = ["gold.visit_beds", "gold.visit_share"]
    return list(make_plan(lake, State({}, records), [], GRAPH, {}, names, **options).stale)


BEDS, SHARE = "gold.visit_beds", "gold.visit_share"


def test_tables_are_current_when_inputs_function_and_version_are_those_recorded(tmp_path: Path, monkeypatch):
    assert stale(tmp_path, monkeypatch) == []
    assert stale(tmp_path, monkeypatch, full_refresh=True) == [BEDS, SHARE]


@pytest.mark.parametrize(
    ("change", "versions", "expected"),
    [
        pytest.param(lambda r: r.pop(BEDS), {}, [BEDS], id="never recorded"),
        pytest.param(lambda r: None, {"silver.visits": 4}, [BEDS], id="input went on"),
        pytest.param(lambda r: None, {"silver.homes": 0}, [BEDS], id="optional input arrived"),
        pytest.param(lambda r: None, {BEDS: 3}, [BEDS, SHARE], id="written to by somebody else"),
        pytest.param(lambda r: r.update({BEDS: replace(r[BEDS], fingerprint="two")}), {}, [BEDS], id="other function"),
    ],
)
def test_table_is_stale(tmp_path: Path, monkeypatch, change, versions, expected):
    assert stale(tmp_path, monkeypatch, change, versions=versions) == expected


def test_table_without_its_required_input_is_not_stale(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(plan_module, "load_tables", lambda: DECLARED)
    plan = make_plan(Lakehouse(tmp_path), State({}, {}), [], GRAPH, {}, list(GRAPH.order))
    assert plan.is_empty


def test_landing_folder_that_does_not_exist_is_told(tmp_path: Path):
    with pytest.raises(ConfigError, match="does not exist"):
        list_landing(tmp_path / "nowhere")
