"""Any order and any split of the same files gives the same silver and gold, and what the plain rules say."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path

import pytest
from deliveries import Delivery, batches_of, payroll_history, penalty_history, provider_history, put
from hypothesis import given
from hypothesis import strategies as st
from rules import Release, Snapshot, accepted_rows, expected_versions
from support import all_tables, load, rows_of
from thorough import embedded_unless_thorough, examples

from nh_lakehouse.engines import Engine

pytestmark = [pytest.mark.scenario, pytest.mark.slow, pytest.mark.usefixtures("narrow_contracts")]

SEEDS = st.integers(min_value=0, max_value=10**6)


def load_in(batches: list[list[Delivery]], folder: Path, engine: Engine, select: list[str]) -> Path:
    """One run per batch into one lakehouse; the landing folder keeps what came before."""
    for batch in batches:
        put(folder / "landing", batch)
        report = load(folder / "lake", folder / "landing", engine, select=select)
        assert report.exit_code == 0, report.errors
    return folder / "lake"


def compared(lake: Path) -> dict[str, list[dict]]:
    """Silver and gold, and the quarantine, which follows from the files as well."""
    return {**all_tables(lake), "ops.quarantine": rows_of(lake, "ops.quarantine")}


# --- provider information: snapshots and versions ------------------------------------------------------------------


def expected_months(releases: list[Release]) -> set[tuple]:
    """(ccn, month, beds) of every accepted row; a column that the file lacks is null in a snapshot."""
    return {
        (row.unit, month, None if "a" in release.absent else row.values[1])
        for month, rows in accepted_rows(releases).items()
        for release, row in rows
    }


def expected_history(releases: list[Release]) -> set[tuple]:
    """(ccn, valid_from, beds, phone, valid_to, closed_reason) of every version, state by state."""
    by_state: dict[str, Snapshot] = {}
    state_of = {row.unit: row.values[0] for release in releases for row in release.rows}
    accepted = {
        month: {row.unit: (row.values[1], row.values[2], ",".join(release.absent), False) for release, row in rows}
        for month, rows in accepted_rows(releases).items()
    }
    for release in releases:
        for row in release.rows:
            by_state.setdefault(state_of[row.unit], {}).setdefault(release.period, {})[row.unit] = accepted.get(
                release.period, {}
            ).get(row.unit, (None, None, "", True))
    return {version for snapshots in by_state.values() for version in expected_versions(snapshots)}


def check_provider_information(seed: int, folder: Path, engine: Engine) -> None:
    files, releases = provider_history(seed)
    select = ["silver.nh_facility", "silver.nh_facility_month"]
    whole = load_in([files], folder / "whole", engine, select)
    months = {(r["ccn"], r["snapshot_month"], r["certified_beds"]) for r in rows_of(whole, "silver.nh_facility_month")}
    assert months == expected_months(releases)
    columns = ["ccn", "valid_from", "certified_beds", "phone", "valid_to", "closed_reason"]
    history = {tuple(r[c] for c in columns) for r in rows_of(whole, "silver.nh_facility")}
    assert history == expected_history(releases)
    split = load_in(batches_of(files, random.Random(seed), most=2), folder / "split", engine, select)
    assert compared(split) == compared(whole)


@pytest.mark.spark35
@examples(1, 12)
@given(seed=SEEDS)
def test_provider_information_in_any_order_and_split_gives_the_same_months_and_versions(
    tmp_path_factory: pytest.TempPathFactory, engine: Engine, seed: int
) -> None:
    check_provider_information(seed, tmp_path_factory.mktemp("provider"), engine)


# --- payroll and penalties: rows replaced by unit, and gold kept current by what changed ---------------------------


def check_payroll_and_penalties(seed: int, folder: Path, engine: Engine) -> None:
    hours, hours_releases = payroll_history(seed)
    fines, fines_releases = penalty_history(seed)
    select = ["gold.pbj_*", "silver.nh_penalty"]
    whole = load_in([hours + fines], folder / "whole", engine, select)
    found = {(r["ccn"], r["work_date"], r["census"], r["hrs_cna"]) for r in rows_of(whole, "silver.pbj_daily")}
    assert found == {
        (ccn, date.fromisoformat(f"{day[:4]}-{day[4:6]}-{day[6:]}"), *row.values)
        for rows in accepted_rows(hours_releases).values()
        for _, row in rows
        for ccn, day in [row.key]
    }
    listed = [
        (r["ccn"], r["snapshot_month"], r["penalty_date"].isoformat(), r["penalty_type"])
        for r in rows_of(whole, "silver.nh_penalty")
    ]
    assert sorted(listed) == sorted(
        (row.key[0], month, row.key[1], row.key[2])
        for month, rows in accepted_rows(fines_releases, numbered=True).items()
        for _, row in rows
    )
    split = load_in(batches_of(hours + fines, random.Random(seed), most=3), folder / "split", engine, select)
    assert compared(split) == compared(whole)


@embedded_unless_thorough
@examples(1, 12)
@given(seed=SEEDS)
def test_payroll_and_penalties_in_any_order_and_split_give_the_same_tables(
    tmp_path_factory: pytest.TempPathFactory, engine: Engine, seed: int
) -> None:
    check_payroll_and_penalties(seed, tmp_path_factory.mktemp("payroll"), engine)
