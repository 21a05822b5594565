"""Runs on a named engine in a process of its own: `python other_engine.py ENGINE RUNS`, RUNS being JSON of [lake, landing].

A process holds one engine: with classic PySpark in the environment, Connect and classic sessions do not mix.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def main(name: str, runs: list[list[str]]) -> int:
    """Do the runs one after the other on one engine; 0 if all went well."""
    if name == "sail":
        # With classic PySpark installed, its functions build Connect plans only where this is set.
        os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"
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
