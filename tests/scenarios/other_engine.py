"""Runs on a named engine in a process of its own: `python other_engine.py ENGINE RUNS`, RUNS being JSON of [lake, landing].

Each engine has an environment of its own: `pyspark` and `pyspark-client` own the same files.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(name: str, runs: list[list[str]]) -> int:
    """Do the runs one after the other on one engine; 0 if all went well."""
    from nh_lakehouse import RunOptions, open_engine, run

    engine = open_engine(name)
    try:
        reports = [run(RunOptions(lakehouse=Path(lake), landing=Path(land)), lambda: engine) for lake, land in runs]
    finally:
        engine.stop()
    for report in reports:
        print(report.engine, report.status, *report.errors)
    return max(report.exit_code for report in reports)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], json.loads(sys.argv[2])))
