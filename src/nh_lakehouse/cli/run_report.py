"""The report of a run, printed."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from typing import Any

from nh_lakehouse.cli.options import Format
from nh_lakehouse.cli.output import Sheet, plain_value, print_rows, put, say, title, warn
from nh_lakehouse.pipeline.progress import headline, warning_lines
from nh_lakehouse.pipeline.report import RunReport

__all__ = ["print_report"]

_FILE_COUNTS = ("rows_read_n", "accepted_n", "duplicate_n", "superseded_n", "quarantined_n", "warned_n")
_FILE_HEADERS = {
    "rows_read_n": "read",
    "accepted_n": "accepted",
    "duplicate_n": "duplicate",
    "superseded_n": "super-seded",
    "quarantined_n": "quaran-tined",
    "warned_n": "flagged",
}
_TABLE_COUNTS = ("inserted_n", "updated_n", "deleted_n", "unchanged_n")


def print_report(report: RunReport, form: Format) -> None:
    """Print the files, the tables and the outcome of a run, or its plan."""
    if form is Format.json:
        put(json.dumps(plain_value(report.as_dict()), ensure_ascii=False, indent=1))
    elif form is Format.csv:
        print_rows(_report_rows(report), form)
    elif report.planned is not None:
        _print_plan(report)
    else:
        _print_tables(report)


def _report_rows(report: RunReport) -> Sheet:
    names = [
        "kind",
        "name",
        "data_set",
        "status",
        "mode",
        "period",
        *_FILE_COUNTS,
        *_TABLE_COUNTS,
        "duration_s",
        "error",
    ]
    records: list[dict[str, Any]] = [{**asdict(f), "kind": "file", "name": f.file} for f in report.files]
    records += [{**asdict(t), "kind": "table", "name": t.table} for t in report.tables]
    return Sheet(names, [[r.get(n) for n in names] for r in records])


def _print_plan(report: RunReport) -> None:
    planned = report.planned or {}
    if unfinished := planned.get("take back"):
        say(f"would complete the taking back of {', '.join(unfinished)}")
    for what, verb in (("files", "load"), ("tables", "compute")):
        names = planned.get(what) or []
        say(f"would {verb} {len(names)} {what if len(names) != 1 else what[:-1]}" + (":" if names else ""))
        for name in names:
            say(f"  {name}")


def _print_tables(report: RunReport) -> None:
    files = [f for f in report.files if f.rows_read_n is not None]
    if files:
        title("Files")
        rows = [[f.file, *(getattr(f, c) for c in _FILE_COUNTS)] for f in sorted(files, key=lambda f: f.file)]
        print_rows(Sheet(["file", *_FILE_COUNTS], rows, shrink="file", headers=_headers()), Format.table)
    tables = [t for t in report.tables if t.status == "ok"]
    if tables:
        title("Tables")
        shown = [[t.table, *(getattr(t, c) for c in _TABLE_COUNTS), t.mode, f"{t.duration_s:.1f} s"] for t in tables]
        headers = {c: c.removesuffix("_n") for c in _TABLE_COUNTS}
        print_rows(
            Sheet(["table", *_TABLE_COUNTS, "mode", "time"], shown, shrink="table", headers=headers), Format.table
        )
    warnings = warning_lines(report)
    if files or tables or warnings:
        put()
    for line in warnings:
        warn(line)
    if report.drift_n:
        findings = f"{report.drift_n:,} differences between files and their contracts"
        say(f"{findings}: nh-lakehouse quality --section drift", dim=True)
    say(headline(report), bold=True)


def _headers() -> dict[str, str]:
    """Headers that a narrow terminal breaks at their hyphens."""
    narrow = shutil.get_terminal_size((120, 24)).columns < 110
    return {n: h if narrow else h.replace("-", "") for n, h in _FILE_HEADERS.items()}
