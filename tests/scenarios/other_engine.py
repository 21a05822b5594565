"""Runs on a named engine in a process of its own: `python other_engine.py ENGINE RUNS`, RUNS being JSON of [lake, landing].

Each engine has an environment of its own: `pyspark` and `pyspark-client` own the same files.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

_FEW_ROWS = 100


def main(name: str, runs: list[list[str]]) -> int:
    """Do the runs one after the other on one engine; 0 if all went well."""
    from nh_lakehouse import RunOptions, open_engine, run

    engine = open_engine(name)
    asked: list[int] = []
    if name == "spark":
        # Some tables of the tests count as small and have the session for few rows, some do not.
        engine.few_rows, for_rows = _FEW_ROWS, engine.for_rows
        engine.for_rows = lambda rows_n: asked.append(rows_n) or for_rows(rows_n)  # type: ignore[method-assign,func-returns-value]
    try:
        reports = [run(RunOptions(lakehouse=Path(lake), landing=Path(land)), lambda: engine) for lake, land in runs]
    finally:
        engine.stop()
    for report in reports:
        print(report.engine, report.status, *report.errors)
    if name == "spark" and not min(asked) <= _FEW_ROWS < max(asked):
        print(f"one session did all: tables of {min(asked)} to {max(asked)} rows")
        return 1
    return max(report.exit_code for report in reports)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], json.loads(sys.argv[2])))
