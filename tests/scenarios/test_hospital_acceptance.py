"""The publishers' real hospital files, loaded unchanged, against MEASURES, Acceptance I.

The figures of Acceptance II need the complete set of 974 patients, which is not shipped: they are tested by their rules
(`tests/gold/test_hospital_kpi.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support import load
from thorough import embedded_unless_thorough

from nh_lakehouse import Lakehouse
from nh_lakehouse.engines import Engine

pytestmark = [pytest.mark.scenario, embedded_unless_thorough]
Ask = Callable[[str], list[tuple[Any, ...]]]
SETS = ("hospital_maven_subset", "hospital_synthea")


@pytest.fixture(scope="module")
def hospital(real_data: Path, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Lakehouse:
    """Both sets in one lakehouse: every figure is of one source."""
    folder = tmp_path_factory.mktemp("hospital")
    for name in SETS:
        if not (real_data / name).is_dir():
            pytest.skip(f"the real hospital files are not at {real_data / name}")
        (folder / "landing" / name).mkdir(parents=True)
        for file in (real_data / name).glob("*.csv"):
            (folder / "landing" / name / file.name).symlink_to(file)
    report = load(folder / "lake", folder / "landing", engine, domains=("hospital",))
    assert report.exit_code == 0, report.errors
    return Lakehouse(folder / "lake")


@pytest.fixture(scope="module")
def ask(hospital: Lakehouse) -> Iterator[Ask]:
    """Rows of a DuckDB query; one connection for all, as each opens every table."""
    with hospital.duckdb() as connection:
        yield lambda query: connection.execute(query).fetchall()


def figures(lake: Lakehouse, encounter_class: str = "all") -> dict[str, Any]:
    rows = lake.arrow("gold.hosp_kpi").to_pylist()
    where = {"source": "maven", "year": "all", "encounter_class": encounter_class, "payer_group": "all"}
    return next(row for row in rows if where.items() <= row.items())


def test_every_row_of_every_file_is_accounted_for(hospital: Lakehouse, ask: Ask) -> None:
    assert {row["status"] for row in hospital.arrow("ops.files").to_pylist()} == {"loaded"}
    fates = "accepted_n + duplicate_n + superseded_n + quarantined_n"
    query = f"SELECT count(DISTINCT file), bool_and(rows_read_n = {fates}), sum(quarantined_n) FROM ops.loads"
    assert ask(f"{query} WHERE target LIKE 'silver.%'") == [(24, True, 0)]


def test_rows_of_the_massachusetts_general_set(ask: Ask) -> None:
    tables = ("hosp_patient", "hosp_encounter", "hosp_procedure")
    found = [ask(f"SELECT count(*) FROM silver.{t} WHERE source = 'maven'")[0][0] for t in tables]
    assert found == [281, 7_438, 13_101]


def test_cost_and_coverage(hospital: Lakehouse, ask: Ask) -> None:
    found = figures(hospital)
    assert found["tcoc_total_usd"] == Decimal("25147461.67")
    coverage = "SELECT sum(payer_coverage_usd) FROM silver.hosp_encounter WHERE source = 'maven'"
    assert ask(coverage)[0][0] == Decimal("10506975.59")
    assert (found["zero_coverage_n"], found["zero_coverage_usd"]) == (3_279, Decimal("12434840.40"))
    assert round(found["zero_coverage_share_doc"], 4) == 0.4945
    assert found["uninsured_noncovered_usd"] == Decimal("7074562.97")
    uninsured = (
        "SELECT sum(encounters_n) FROM gold.hosp_payer_mix WHERE source = 'maven' AND payer_name = 'NO_INSURANCE'"
    )
    assert ask(uninsured)[0][0] == 1_841


def test_stays_readmissions_and_episodes(hospital: Lakehouse) -> None:
    found = figures(hospital)
    assert [found[c] for c in ("stays_n", "readmit_eligible_n", "readmissions_n", "episodes_all_n")] == [
        557,
        501,
        154,
        189,
    ]
    assert round(100 * found["readmit_rate_doc"], 2) == 44.38
    assert round(100 * found["readmissions_n"] / found["readmit_eligible_n"], 2) == 30.74
    assert round(found["alos_days"], 6) == 1.267262
    assert round(found["avg_spend_all_usd"], 2) == 23_593.50
    assert found["episodes_n"] < found["episodes_all_n"]


def test_oddities_of_the_real_files(ask: Ask) -> None:
    codes = "SELECT max(length(code)) FROM silver.hosp_procedure WHERE source = 'maven'"
    assert ask(codes) == [(17,)]
    names = "SELECT \"first\", first_raw FROM silver.hosp_patient WHERE first_raw LIKE 'Ad%'"
    assert ask(names) == [("Adán600", "Ad√°n600")]
    assert ask("SELECT DISTINCT length(zip5) FROM silver.hosp_organization") == [(5,)]
    odd = "count(*) FILTER (after_death), count(*) FILTER (length_days_whole = 1872)"
    assert ask(f"SELECT {odd} FROM silver.hosp_encounter WHERE source = 'maven'") == [(18, 1)]
    blank = "SELECT count(*) FROM silver.hosp_observation WHERE encounter_id IS NULL"
    assert ask(blank) == [(426,)]
