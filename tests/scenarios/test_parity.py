"""Both engines give equal tables, row by row and type by type, also where one goes on where the other stopped."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from support import all_tables, load, rows_of, schemas

from nh_lakehouse import Lakehouse
from nh_lakehouse.engines import Engine

pytestmark = [pytest.mark.scenario, pytest.mark.slow]

LAYERS = ("bronze", "silver", "gold")
#: Operations tables that follow from the files alone.
RECORDS = ("ops.quarantine", "ops.drift", "ops.referential", "ops.reconciliation")


#: The embedded engine's environment: two engines never share one.
SAIL_PYTHON = Path(__file__).parents[2] / ".venv" / "bin" / "python"


def other_than(engine: Engine) -> str:
    """Name of the engine that is not under test; skips in the embedded half, and where only Spark is set up."""
    if engine.name == "sail":
        pytest.skip("parity is tried in the Spark half: make test-spark")
    if not SAIL_PYTHON.exists():
        pytest.skip("the embedded engine's environment .venv is missing: make test-spark makes it")
    return "sail"


def run_elsewhere(name: str, runs: list[tuple[Path, Path]]) -> None:
    script = Path(__file__).with_name("other_engine.py")
    command = [str(SAIL_PYTHON), str(script), name, json.dumps([[str(lake), str(landing)] for lake, landing in runs])]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=1800)
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-4000:]
    assert ended.stdout.count(name) >= len(runs)


@pytest.fixture(scope="module")
def lakes(engine: Engine, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sample by this engine, by the other, begun here and continued there, begun there and continued here."""
    name = other_than(engine)
    sample: Path = request.getfixturevalue("sample")
    whole: Path = request.getfixturevalue("whole")
    folder = tmp_path_factory.mktemp("parity")
    october = folder / "october"
    # The codes are the same bytes in both months: which copy is loaded shows in the times of bronze.
    later = ("Nov", "202411", "2024.11", "PBJ_", "CitationDescriptions")
    shutil.copytree(sample, october, ignore=lambda _, names: [n for n in names if any(part in n for part in later)])
    assert 0 < len(list(october.iterdir())) < len(list(sample.iterdir()))
    assert load(folder / "here_there", october, engine).exit_code == 0
    run_elsewhere(name, [(folder / "there", sample), (folder / "there_here", october), (folder / "here_there", sample)])
    assert load(folder / "there_here", sample, engine).exit_code == 0
    return {"here": whole, **{n: folder / n for n in ("there", "here_there", "there_here")}}


@pytest.mark.parametrize("which", ["there", "here_there", "there_here"])
def test_tables_are_equal_row_by_row(lakes: dict[str, Path], which: str) -> None:
    expected, found = all_tables(lakes["here"], LAYERS), all_tables(lakes[which], LAYERS)
    assert found.keys() == expected.keys()
    for name in expected:
        assert found[name] == expected[name], name


@pytest.mark.parametrize("which", ["there", "here_there", "there_here"])
def test_types_are_equal(lakes: dict[str, Path], which: str) -> None:
    assert schemas(lakes[which], ("silver", "gold", "ops")) == schemas(lakes["here"], ("silver", "gold", "ops"))
    # A column that the contract does not have stands where it was when it first came: last, if it came later.
    here, there = (schemas(lakes[n], ("bronze",)) for n in ("here", which))
    assert {n: sorted(t.split("; ")) for n, t in there.items()} == {n: sorted(t.split("; ")) for n, t in here.items()}
    for name in Lakehouse(lakes[which]).tables():
        assert Lakehouse(lakes[which]).delta(name).protocol().min_reader_version == 1, name


@pytest.mark.parametrize("which", ["there", "here_there", "there_here"])
@pytest.mark.parametrize("name", RECORDS)
def test_records_are_equal(lakes: dict[str, Path], which: str, name: str) -> None:
    assert rows_of(lakes[which], name) == rows_of(lakes["here"], name)
