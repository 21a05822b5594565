"""The worked examples run from top to bottom and give an answer."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from thorough import embedded_unless_thorough

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))

#: What the outputs of each must hold.
ANSWERS = {
    "staffing_and_readmission": ["correlation"],
    "what_a_readmission_costs": ["by hand: the same", "readmit_rate"],
    "two_years_of_a_chain": ["('ok', 69)", "nothing_new", "slope_12m", "('silver.nh_penalty', 'incremental', "],
}


def test_every_notebook_is_held_to_its_answers() -> None:
    assert {p.stem for p in NOTEBOOKS} == set(ANSWERS)


@pytest.mark.scenario
@embedded_unless_thorough
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine) -> None:
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed: pip install 'nh-lakehouse[notebook]'")
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed: pip install 'nh-lakehouse[notebook]'")
    monkeypatch.setenv("NH_NOTEBOOK_WORK", str(tmp_path))
    monkeypatch.setenv("NHL_ENGINE", engine.name)
    monkeypatch.setenv("MPLBACKEND", "agg")
    source = str(Path(__file__).parents[1] / "src")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([source, os.environ.get("PYTHONPATH", "")]))
    notebook = nbformat.read(path, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells), "commit notebooks without outputs"
    nbclient.NotebookClient(notebook, timeout=1800, kernel_name="python3").execute()
    results = [str(o.get("data", {})) for c in notebook.cells for o in c.get("outputs", []) if "data" in o]
    for answer in ANSWERS[path.stem]:
        assert any(answer in r for r in results), (answer, results)
