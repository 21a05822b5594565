"""`quality --profile`: what is printed, what is written, and when neither engine nor commit is needed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from command_line import call
from lake import MONTH, add_rows, small_lake

from nh_lakehouse import Lakehouse, build_graph, load_contracts
from nh_lakehouse.contracts.model import DataSet
from nh_lakehouse.engines import Engine
from nh_lakehouse.errors import ConfigError
from nh_lakehouse.lakehouse.lock import RunLock
from nh_lakehouse.pipeline.profile import make_profile, profiled_table

METRICS, STATES = "gold.nh_facility_metrics", "gold.nh_state_risk"
NOVEMBER = date(2024, 11, 1)


def profile(lake: Path, *more: Any) -> Any:
    result = call("quality", "--profile", "-l", lake, *more)
    assert result.exit_code == 0, result.output
    return result


def no_engine() -> Engine:
    raise AssertionError("no engine is needed")


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """Ten homes: residents are 0.8 of the beds, but for the last; sites of a small lakehouse."""
    root = small_lake(tmp_path / "lake")
    homes = [
        {"ccn": f"01500{n}", "snapshot_month": MONTH, "state": "AL" if n < 7 else "GA", "certified_beds": 10 * (n + 1),
         "residents_per_day": 8.0 * (n + 1) if n < 9 else 50.0, "fines_usd": Decimal(0) if n else None}
        for n in range(10)
    ]  # fmt: skip
    add_rows(root, METRICS, homes)
    return root


def versions(lake: Path) -> tuple[int, int]:
    found = Lakehouse(lake)
    return found.version("ops.column_profile"), found.version("ops.correlation")


def kept(lake: Path) -> dict[tuple[str, str, str | None], dict[str, Any]]:
    rows = Lakehouse(lake).arrow("ops.column_profile").to_pylist()
    return {(r["table"], r["column"], r["snapshot"]): r for r in rows}


# --- writing ---------------------------------------------------------------------------------------------------------


@pytest.mark.scenario
def test_profile_writes_two_tables_and_nothing_the_second_time(
    lake: Path, engine_kept: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile(lake)
    rows = kept(lake)
    assert {table for table, _, _ in rows} == {t for t in Lakehouse(lake).tables() if t[:4] in ("gold", "silv")}
    beds = rows[METRICS, "certified_beds", "2024-10-01"]
    # Beds 10, 20 to 100: the ranks 2.25, 4.5 and 6.75 counted from 0.
    assert (beds["q1"], beds["median"], beds["q3"], beds["iqr_outlier_n"]) == (32.5, 55.0, 77.5, 0)
    assert (beds["type"], beds["min"], beds["max"], beds["null_pct"]) == ("int", "10", "100", 0.0)
    assert rows[METRICS, "state", "2024-10-01"]["top_values"] == [("AL", 7), ("GA", 3)]
    assert rows[METRICS, "fines_usd", "2024-10-01"]["null_n"] == 1
    (pair,) = [
        r for r in Lakehouse(lake).arrow("ops.correlation").to_pylist()
        if (r["measure_x"], r["measure_y"]) == ("certified_beds", "residents_per_day")
    ]  # fmt: skip
    assert (pair["n"], pair["snapshot_month"]) == (10, MONTH)
    # Residents are 0.8 x beds, the last 30 too few: Sxy = 0.8 x 8250 - 30 x 45 = 5250 with Sxx = 8250.
    assert pair["ols_slope"] == pytest.approx(5250 / 8250, rel=1e-12)
    before = versions(lake)
    monkeypatch.setattr("nh_lakehouse.settings.Profile.open_engine", lambda self, wanted=None: no_engine())
    profile(lake)
    assert versions(lake) == before


@pytest.mark.scenario
def test_profile_replaces_the_rows_of_the_tables_it_looks_at(lake: Path, engine_kept: Engine) -> None:
    profile(lake)
    before, first = versions(lake), kept(lake)
    add_rows(lake, STATES, [{"state": "TX", "snapshot_month": NOVEMBER, "risk_score": 0.5}])
    add_rows(lake, "gold.nh_facility_risk", [{"ccn": "015001", "snapshot_month": NOVEMBER}])
    profile(lake, "nh_state_risk")
    assert versions(lake) == (before[0] + 1, before[1])
    second = kept(lake)
    # One more snapshot of the table asked for; the other rows are those of the first run still.
    assert {key[::2] for key in second.keys() - first.keys()} == {(STATES, "2024-11-01")}
    assert {key: second[key] for key in first} == first


@pytest.mark.scenario
def test_profile_forgets_tables_and_snapshots_that_are_gone(lake: Path, engine_kept: Engine) -> None:
    profile(lake)
    profile(lake, "ops.files")
    (lake / "gold" / "nh_state_risk").rename(lake.parent / "gone")
    profile(lake)
    found = {table for table, _, _ in kept(lake)}
    assert STATES not in found
    assert {METRICS, "ops.files"} <= found


@pytest.mark.scenario
def test_profile_tells_every_commit(lake: Path, engine: Engine) -> None:
    commits: list[str] = []
    found = make_profile(Lakehouse(lake), build_graph(), lambda: engine, after_commit=commits.append)
    assert found.written == ("ops.column_profile", "ops.correlation")
    # Each is made, then filled.
    assert commits == ["ops.column_profile"] * 2 + ["ops.correlation"] * 2
    assert not (lake / "_staging").exists() or not list((lake / "_staging").iterdir())
    assert not (lake / "_lock").exists()


# --- printing --------------------------------------------------------------------------------------------------------


@pytest.mark.scenario
def test_profile_is_printed_by_table_with_correlations_and_reconciliation(lake: Path, engine_kept: Engine) -> None:
    add_rows(lake, STATES, [{"state": "TX", "snapshot_month": NOVEMBER, "risk_score": 0.5}])
    text = profile(lake).stdout
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert f"{METRICS}, 2024-10-01: 10 rows" in lines
    assert "column type null % distinct min median max outliers" in lines
    assert f"{STATES}, 2024-11-01: 1 row" in lines
    assert any("1 earlier snapshot" in line for line in lines)
    assert any(line.endswith(f"more columns: use quality --profile {METRICS}") for line in lines)
    assert any(line.startswith("certified_beds residents_per_day 10 0.") for line in lines)
    assert lines[-1] == "not recorded yet"
    assert lines[-2].startswith("Figures of two files that should agree")
    # The tables named are shown whole.
    named = profile(lake, "nh_facility_metrics").stdout
    assert all(c.name in named for c in profile_columns())
    assert "certified_beds int 0 10 10 55 100 0" in [" ".join(line.split()) for line in named.splitlines()]
    assert len(profile(lake, "nh_facility_metrics", "--limit", 2).stdout.splitlines()) < 20


def profile_columns() -> list[Any]:
    from nh_lakehouse import load_tables

    return [c for c in load_tables()[METRICS].columns if c.name != "snapshot_month"]


@pytest.mark.scenario
def test_profile_for_programs_has_everything(lake: Path, engine_kept: Engine) -> None:
    whole = json.loads(profile(lake, "nh_facility_metrics", "-f", "json").stdout)
    assert list(whole) == ["profile", "correlation"]
    state = next(r for r in whole["profile"] if r["column"] == "state")
    assert (state["distinct_n"], state["top_values"], state["mean"]) == (2, {"AL": 7, "GA": 3}, None)
    assert len(whole["profile"]) == len(profile_columns())
    add_rows(lake, "ops.reconciliation", [{"rule": "fines", "measure": "fines_n", "diff": 1.0}])
    result = profile(lake, "nh_state_risk", "-f", "json")
    assert [r["rule"] for r in json.loads(result.stdout)["reconciliation"]] == ["fines"]
    rows = list(csv.DictReader(io.StringIO(profile(lake, "nh_facility_metrics", "-f", "csv").stdout)))
    assert next(r["top_values"] for r in rows if r["column"] == "state") == '{"AL": 7, "GA": 3}'
    assert rows[0]["table"] == METRICS


# --- wrong use -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--profile", "nh_facility_metrix"], "did you mean nh_facility_metrics"),
        (["--profile", "--section", "drift"], "--profile prints no sections"),
        (["nh_facility_metrics"], "tables are named with --profile alone"),
    ],
)
def test_wrong_use_exits_with_2(lake: Path, arguments: list[str], words: str) -> None:
    result = call("quality", "-l", lake, *arguments)
    assert result.exit_code == 2
    assert words in result.stderr


def test_lakehouse_without_tables_to_profile_says_so(tmp_path: Path) -> None:
    add_rows(tmp_path / "lake", "ops.files", [{"file": "a.csv"}])
    result = call("quality", "--profile", "-l", tmp_path / "lake")
    assert result.exit_code == 2
    assert "no silver and no gold table" in result.stderr
    assert "nh-lakehouse run --landing" in call("quality", "--profile", "-l", tmp_path / "nowhere").stderr


def test_profile_waits_for_nobody_unless_told(lake: Path) -> None:
    with RunLock(lake, "20241101T083000-aaaa"):
        result = call("quality", "--profile", "-l", lake)
    assert result.exit_code != 0
    assert "20241101T083000-aaaa" in result.stderr


# --- what is masked --------------------------------------------------------------------------------------------------


def with_sensitive(monkeypatch: pytest.MonkeyPatch, name: str, column: str) -> None:
    """The contracts, one column of one of them sensitive."""
    contract = load_contracts()[name]
    columns = tuple(c.model_copy(update={"sensitive": c.name == column}) for c in contract.columns)
    changed: Mapping[str, DataSet] = {**load_contracts(), name: contract.model_copy(update={"columns": columns})}
    monkeypatch.setattr("nh_lakehouse.pipeline.profile.load_contracts", lambda: changed)


def test_sensitive_column_is_masked_in_all_that_is_made_from_it(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_sensitive(monkeypatch, "nh_provider_info", "state")
    graph, found = build_graph(), Lakehouse(lake)
    for name in ("silver.nh_facility_month", METRICS, STATES):
        assert profiled_table(found, name, graph).masked == {"state"}
    assert profiled_table(found, "silver.nh_penalty", graph).masked == set()
    rows = make_profile_of(found, METRICS)
    assert [rows["state"][f] for f in ("min", "max", "top_values", "distinct_n")] == [None, None, None, 2]
    assert rows["ccn"]["min"] == "015000"


def make_profile_of(lake: Lakehouse, table: str) -> dict[str, dict[str, Any]]:
    from nh_lakehouse.lakehouse.profile import profile_table

    return {r["column"]: r for r in profile_table(lake, profiled_table(lake, table, build_graph()))}


def test_raw_columns_that_no_contract_knows_are_masked_beside_sensitive_ones(
    lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow as pa
    from deltalake import write_deltalake

    raw = pa.table({"ccn": ["1"], "certified_beds": ["9"], "new_column": ["x"], "_period": ["2024-10"]})
    write_deltalake(lake / "bronze" / "nh_provider_info", raw)
    name = "bronze.nh_provider_info"
    assert make_profile_of(Lakehouse(lake), name)["new_column"]["max"] == "x"
    with_sensitive(monkeypatch, "nh_provider_info", "ccn")
    rows = make_profile_of(Lakehouse(lake), name)
    assert {c: r["max"] for c, r in rows.items()} == {"ccn": None, "certified_beds": "9", "new_column": None}
    assert rows["ccn"]["snapshot"] == "2024-10"


def test_snapshots_are_those_of_the_key(lake: Path) -> None:
    graph, found = build_graph(), Lakehouse(lake)
    periods = {n: profiled_table(found, n, graph).period for n in graph.order}
    assert periods["silver.nh_facility"] is None
    assert periods["silver.nh_vbp"] == "fiscal_year"
    assert periods["gold.pbj_quarter"] == "period"
    assert periods["gold.pbj_day"] == "quarter"
    assert periods[METRICS] == "snapshot_month"


def test_nothing_to_profile_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no silver and no gold table"):
        make_profile(Lakehouse(tmp_path), build_graph(), no_engine)
