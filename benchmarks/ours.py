"""This library's own runs, measured: an engine's start alone, or a run of a landing folder."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.child import since_start, tell
from nh_lakehouse import RunOptions, open_engine, run


def engine_of(name: str, memory: str) -> Any:
    """The engine as a user opens it, on two cores."""
    return open_engine(
        name, conf={"spark.driver.memory": memory, "spark.master": "local[2]"} if name == "spark" else {}
    )


def start(name: str, memory: str) -> dict[str, Any]:
    """Imports, a session, one trivial query."""
    engine = engine_of(name, memory)
    engine.session.sql("SELECT 1").collect()
    ready = since_start()
    engine.stop()
    return {"start_s": ready, "engine": engine.version()}


def load(landing: Path, lakehouse: Path, name: str, memory: str, select: Sequence[str] = ()) -> dict[str, Any]:
    """Bring a lakehouse up to date with a landing folder."""
    engine = engine_of(name, memory)
    used: list[bool] = []

    def use() -> Any:
        used.append(True)
        return engine

    report = run(RunOptions(lakehouse=lakehouse, landing=landing, select=tuple(select)), use)
    if report.exit_code:
        raise SystemExit(f"the run ended with {report.exit_code}: {report.errors}")
    facts: dict[str, Any] = {
        "tables_n": len(report.tables),
        "read_n": sum(f.rows_read_n or 0 for f in report.files if f.status == "loaded"),
        "changed": [(t.table, t.inserted_n, t.updated_n, t.deleted_n) for t in report.tables],
        "slowest": sorted(((t.table, t.duration_s) for t in report.tables), key=lambda pair: -pair[1])[:8],
    }
    if used:
        if name == "spark":
            facts["jobs"] = int(engine.session.sparkContext._jsc.sc().dagScheduler().numTotalJobs())
        engine.stop()
    return facts


def main() -> None:
    """Measure one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["start", "load"])
    parser.add_argument("--engine", choices=["sail", "spark"], required=True)
    parser.add_argument("--landing", type=Path)
    parser.add_argument("--lakehouse", type=Path)
    parser.add_argument("--select", action="append", default=[], help="only this table and what it is made from")
    parser.add_argument("--memory", default="4g", help="driver memory of Spark")
    options = parser.parse_args()
    if options.what == "start":
        tell(start(options.engine, options.memory))
    else:
        tell(load(options.landing, options.lakehouse, options.engine, options.memory, options.select))


if __name__ == "__main__":
    main()
