"""Small CMS-shaped files, runs on them, and tables read back for comparison."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from nh_lakehouse import Lakehouse, RunOptions, run
from nh_lakehouse.contracts import load_contracts
from nh_lakehouse.engines import Engine, open_engine
from nh_lakehouse.engines.class_archive import archive_options
from nh_lakehouse.pipeline.graph import Graph
from nh_lakehouse.pipeline.report import RunReport

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: Columns that may differ between two lakehouses made from the same files.
PROVENANCE = {"_load_id", "_loaded_at", "_source_file", "_source_row", "run_id", "load_id", "recorded_at"}

CCN = "CMS Certification Number (CCN)"


#: Spark settings of the tests: a handful of rows is planned for longer than it is computed, so that code is not
#: generated and nothing is split. Beside each the value of the product.
TEST_SETTINGS = {
    "spark.sql.codegen.wholeStage": ("false", "true"),
    "spark.sql.codegen.factoryMode": ("NO_CODEGEN", "FALLBACK"),
    "spark.sql.shuffle.partitions": ("1", "2"),
}
#: Those that a session starts with: a process of tests has one core, and what runs for seconds is compiled quickly.
TEST_START_SETTINGS = {
    "spark.master": "local[1]",
    "spark.driver.extraJavaOptions": (
        # The first compiler alone has room for a fifth of the code otherwise, which the plans of claims fill.
        f"-XX:+UseSerialGC -XX:-UsePerfData -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m{archive_options()}"
    ),
}


def engine_of_the_tests() -> Engine:
    """The engine under test, with the settings of the tests."""
    if engine_name() != "spark":
        return open_engine(engine_name())
    conf = {**TEST_START_SETTINGS, **{k: v for k, (v, _) in TEST_SETTINGS.items()}}
    return open_engine("spark", conf=conf, few_rows=0)  # one session: the settings above are those for few rows


@contextmanager
def settings_of_the_product(engine: Engine) -> Iterator[None]:
    """In here Spark runs as it does outside of the tests for many rows: it generates code, for few rows too."""
    settings = TEST_SETTINGS if engine.name == "spark" else {}
    for name, (_, of_the_product) in settings.items():
        engine.session.conf.set(name, of_the_product)
    yield
    for name, (of_the_tests, _) in settings.items():
        engine.session.conf.set(name, of_the_tests)


def engine_name() -> str:
    """The engine under test."""
    return os.environ.get("NHL_ENGINE") or ("sail" if find_spec("pysail") else "spark")


def keep_engine(engine: Engine, patch: pytest.MonkeyPatch) -> None:
    """This engine in place of one per call of the command line."""
    patch.setattr("nh_lakehouse.settings.Profile.open_engine", lambda self, wanted=None: engine)
    patch.setattr(type(engine), "stop", lambda self: None)


def values(frame: DataFrame, *names: str) -> list[tuple[Any, ...]]:
    """The rows as tuples of the named columns, sorted by text."""
    return sorted((tuple(row) for row in frame.select(*names).collect()), key=str)


def provider_row(ccn: str, month: str = "2024-10-01", **values: Any) -> dict[str, Any]:
    """One row of provider information with sound defaults; keywords are contract column names."""
    columns = load_contracts()["nh_provider_info"].column_by_name
    defaults = {
        "ccn": ccn,
        "name": f"HOME {ccn}",
        "state": "AL",
        "certified_beds": 100,
        "residents_per_day": "80.5",
        "total_hprd": "3.80000",
        "rn_hprd": "0.70000",
        "lpn_hprd": "0.80000",
        "licensed_hprd": "1.50000",
        "aide_hprd": "2.30000",
        "processing_date": month,
    }
    return {columns[k].header: v for k, v in {**defaults, **values}.items()}


def pbj_rows(
    ccn: str, days: Sequence[str], *, quarter: str = "2024Q2", census: int = 80, cna: float = 160.0, state: str = "AL"
) -> list[dict[str, Any]]:
    """Rows of daily payroll hours: all aides, the rest zero."""
    contract = load_contracts()["pbj_nurse_daily"]
    rows = []
    for day in days:
        row: dict[str, Any] = {c.header: 0 for c in contract.columns if c.name.startswith("hrs_")}
        row.update({"PROVNUM": ccn, "PROVNAME": f"HOME {ccn}", "CITY": "X", "STATE": state, "COUNTY_NAME": "Y"})
        row.update({"COUNTY_FIPS": "001", "CY_Qtr": quarter, "WorkDate": day, "MDScensus": census})
        row.update({"Hrs_CNA": cna, "Hrs_CNA_emp": cna})
        rows.append(row)
    return rows


def csv_text(
    rows: Sequence[Mapping[str, Any]], *, header: Sequence[str] | None = None, end: str = "\n", delimiter: str = ","
) -> str:
    """Rows as CSV text, header from the first row unless given."""
    names = list(header or rows[0])
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=end, delimiter=delimiter)
    writer.writerow(names)
    writer.writerows([["" if r.get(n) is None else r.get(n) for n in names] for r in rows])
    return out.getvalue()


def write(path: Path, content: str | bytes | Sequence[Mapping[str, Any]], *, modified: str | None = None) -> Path:
    """Write a landing file from rows, text or bytes; `modified` sets its release time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        text = content if isinstance(content, str) else csv_text(content)
        path.write_bytes(text.encode())
    if modified:
        moment = datetime.fromisoformat(modified).replace(tzinfo=timezone.utc).timestamp()
        os.utime(path, (moment, moment))
    return path


def load(
    lake: Path,
    landing: Path | None,
    engine: Engine,
    *,
    select: Iterable[str] = (),
    after_commit: Callable[[str], None] | None = None,
    graph: Graph | None = None,
    **options: Any,
) -> RunReport:
    """One run on the engine under test."""
    wanted = RunOptions(lakehouse=lake, landing=landing, select=tuple(select), **options)
    return run(wanted, lambda: engine, after_commit=after_commit, graph=graph)


def rows_of(lake: Path, table: str, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Rows of a table without provenance, doubles to 12 significant digits, sorted."""
    reader = Lakehouse(lake)
    if not reader.exists(table):
        return []
    found = reader.arrow(table)
    names = [c for c in found.column_names if c not in PROVENANCE and (columns is None or c in columns)]
    rows = [{n: rounded(v) for n, v in row.items()} for row in found.select(names).to_pylist()]
    return sorted(rows, key=repr)


def rounded(value: Any) -> Any:
    """Doubles to 12 significant digits, everything else as it is."""
    return float(f"{value:.11e}") if isinstance(value, float) else value


def all_tables(lake: Path, layers: Sequence[str] = ("silver", "gold")) -> dict[str, list[dict[str, Any]]]:
    """Every table of the layers, for comparing two lakehouses."""
    return {t: rows_of(lake, t) for t in Lakehouse(lake).tables() if t.split(".")[0] in layers}


def schemas(lake: Path, layers: Sequence[str] = ("silver", "gold")) -> dict[str, str]:
    """Delta schema of every table of the layers, without comments."""
    reader = Lakehouse(lake)
    return {
        t: "; ".join(f"{f.name}: {f.type}" for f in reader.delta(t).schema().fields)
        for t in reader.tables()
        if t.split(".")[0] in layers
    }
