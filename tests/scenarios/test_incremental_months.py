"""Month by month: the tables of nursing homes compute the months that a delivery reaches, and are then what one load
of all files gives."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from deliveries import BY_MONTH
from support import all_tables, load
from thorough import embedded_unless_thorough

from nh_lakehouse import generate_sample
from nh_lakehouse.declare import TableSpec
from nh_lakehouse.engines import Engine
from nh_lakehouse.pipeline import derive
from nh_lakehouse.pipeline.report import RunReport

pytestmark = pytest.mark.scenario

DATA_SETS = (
    "nh_provider_info nh_penalties nh_state_us_averages nh_chain_performance nh_vbp_facility nh_vbp_aggregate "
    "nh_quality_claims nh_covid_vax_provider"
).split()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 homes from November 2024 to February 2025, over a change of the fiscal year."""
    folder = tmp_path_factory.mktemp("months")
    wanted = set(DATA_SETS)
    generate_sample(folder, homes=60, months=4, quarters=0, first_month=date(2024, 11, 1), dirt=False, data_sets=wanted)
    return folder


def bring(files: Path, landing: Path, patterns: Iterable[str]) -> None:
    landing.mkdir(exist_ok=True)
    for pattern in patterns:
        for path in sorted(files.glob(pattern)):
            shutil.copy2(path, landing / path.name)


def again(folder: Path, landing: Path, engine: Engine, **options: object) -> RunReport:
    report = load(folder, landing, engine, select=BY_MONTH, **options)
    assert (report.exit_code, report.errors) == (0, [])
    return report


def modes(report: RunReport) -> dict[str, str]:
    return {t.table: t.mode for t in report.tables if t.table in BY_MONTH}


def corrected(path: Path, column: str, value: str, homes: int) -> str:
    """Write a file again with another value for its first homes."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    for row in rows[:homes]:
        row[header.index(column)] = value
    target = path.with_name(path.name.replace(".csv", "_corrected.csv"))
    with target.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return target.name


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[date]]:
    """Table -> the months that the last run computed anew; tables that it looked at alone."""
    found: dict[str, list[date]] = {}
    real = derive._affected

    def watched(spec: TableSpec, *rest: Any) -> Any:
        affected = real(spec, *rest)
        if affected is not None and affected.count and spec.per == ("snapshot_month",):
            found[spec.name] = sorted(pq.read_table(affected.output)["snapshot_month"].to_pylist())
        return affected

    monkeypatch.setattr(derive, "_affected", watched)
    return found


@embedded_unless_thorough
def test_months_that_come_are_corrected_and_go_cost_their_months_and_end_as_one_load(
    tmp_path: Path, files: Path, engine: Engine, computed: dict[str, list[date]]
) -> None:
    landing, lake = tmp_path / "landing", tmp_path / "lake"

    def next_run(**options: object) -> dict[str, str]:
        computed.clear()
        return modes(again(lake, landing, engine, **options))

    bring(files, landing, ["*Nov*2024*", "*Dec*2024*", "FY_2024*"])
    assert set(next_run().values()) == {"full"}

    # A new month, of another calendar year: every table computes that month alone.
    bring(files, landing, ["*Jan*2025*"])
    found = next_run()
    assert set(found) == set(BY_MONTH) and len(BY_MONTH) == 15
    assert set(found.values()) == {"incremental"}
    assert {len(months) for table, months in computed.items() if table != "gold.nh_trend"} == {1}

    # The rates of a fiscal year arrive late and reach the months from January on.
    bring(files, landing, ["FY_2025*", "*Feb*2025*"])
    assert set(next_run().values()) == {"incremental"}
    reached = [date(2025, 1, 1), date(2025, 2, 1)]
    assert computed["gold.nh_facility_metrics"] == computed["gold.nh_executive_summary"] == reached

    # Telephone numbers are another in the versions of all months, and in no table that is computed from them.
    corrected(landing / "NH_ProviderInfo_Feb2025.csv", "Telephone Number", "5550100", homes=9)
    assert next_run() == {} and computed == {}

    # Homes of the first month have fewer beds, those of December another owner: versions begin and end otherwise.
    corrected(landing / "NH_ProviderInfo_Nov2024.csv", "Number of Certified Beds", "31", homes=3)
    wrong = corrected(landing / "NH_ProviderInfo_Dec2024.csv", "Ownership Type", "Government - State", homes=2)
    found = next_run()
    assert set(found) >= {"gold.nh_facility_metrics", "gold.nh_trend"} and set(found.values()) == {"incremental"}
    assert computed["gold.nh_facility_metrics"] == [date(2024, 11, 1), date(2024, 12, 1)]
    whole = tmp_path / "whole"
    again(whole, landing, engine)
    assert all_tables(lake) == all_tables(whole)

    # Taken back: the correction of December, the claims measures of January, whose place those of December take, and
    # all homes of February: with the second of two files that say the same but for the telephone numbers.
    for name, how in (
        (wrong, {"incremental"}),
        ("NH_QualityMsr_Claims_Jan2025.csv", {"incremental"}),
        ("NH_ProviderInfo_Feb2025.csv", set()),
        ("NH_ProviderInfo_Feb2025_corrected.csv", {"incremental"}),
    ):
        assert set(next_run(forget=name).values()) == how, name
        (landing / name).unlink()
    again(tmp_path / "without", landing, engine)
    assert all_tables(lake) == all_tables(tmp_path / "without")
