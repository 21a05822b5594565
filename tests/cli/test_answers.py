"""The figures that a first run shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from lake import add_rows, small_lake, state_rows

from nh_lakehouse import Lakehouse
from nh_lakehouse.cli.answers import show_answers, show_next_steps

pytestmark = pytest.mark.usefixtures("narrow_contracts")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_lake(tmp_path_factory.mktemp("lake"))


def test_show_answers_prints_figures_homes_and_states(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_answers(Lakehouse(lake))
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "Executive summary, October 2024" in lines
    assert "Nursing homes 14,814" in lines
    assert "Beds in use, mean of homes 77.1 % 85-90 %" in lines
    assert "Fines of three years 1,234,568 usd" in lines
    homes = [line for line in lines if "HOME" in line]
    assert [line.split()[0] for line in homes] == [str(n) for n in range(1, 11)]
    states = [line.split()[0] for line in lines if line[:2].isupper() and "HIGH" in line]
    assert states == ["TX", "LA", "OH", "NY", "VT", "DE", "VT", "NY", "OH", "LA"]


def test_show_answers_prints_citations_of_the_nation_and_the_largest_chains(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    month = state_rows()[0]["snapshot_month"]
    cited = {"level": "nation", "domain": "health", "cycle": "all", "snapshot_month": month, "severity_3_n": 1,
             "severity_4_n": 0, "complaint_n": 2}  # fmt: skip
    others = ({"level": "state"}, {"domain": "fire"}, {"cycle": "1"})
    rows = [{**cited, "category": "all", "citations_n": 30}, {**cited, "category": "Nutrition", "citations_n": 9}]
    rows += [{**cited, "category": "wrong", "citations_n": 99, **other} for other in others]
    rows += [{**cited, "category": f"Category {n}", "citations_n": n} for n in range(10, 17)]
    add_rows(tmp_path, "gold.nh_citation_summary", rows)
    chain = {"snapshot_month": month, "is_independent": False, "overall_rating_mean": 3.5, "total_hprd_wtd": 3.75,
             "fines_mean": 1.5}  # fmt: skip
    chains = [{**chain, "chain_id": str(n), "chain_name": f"CHAIN {n}", "facility_n": n} for n in range(2, 9)]
    chains.append({**chain, "chain_id": "INDEPENDENT", "is_independent": True, "facility_n": 40})
    add_rows(tmp_path, "gold.nh_chain_benchmark", chains)
    show_answers(Lakehouse(tmp_path))
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert [line for line in lines if line.endswith("1 0 2")] == [
        "all 30 1 0 2", *(f"Category {n} {n} 1 0 2" for n in range(16, 11, -1))
    ]  # fmt: skip
    assert [line for line in lines if line.endswith("3.5 3.75 1.5")] == [
        "homes on their own 40 3.5 3.75 1.5", *(f"CHAIN {n} {n} 3.5 3.75 1.5" for n in range(8, 3, -1))
    ]  # fmt: skip


def test_show_answers_takes_the_newest_month(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = state_rows()[0], {**state_rows()[1], "risk_rank": 1}
    add_rows(tmp_path, "gold.nh_state_risk", [{**old, "snapshot_month": old["snapshot_month"].replace(month=9)}, new])
    show_answers(Lakehouse(tmp_path))
    out = capsys.readouterr().out
    assert "October 2024" in out
    assert "TX" not in out


def test_show_answers_of_a_lakehouse_without_these_tables_is_silent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show_answers(Lakehouse(tmp_path))
    assert capsys.readouterr().out == ""


def test_show_next_steps_names_three_commands(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_next_steps(Lakehouse(lake))
    assert capsys.readouterr().out.count("  nh-lakehouse ") == 3
