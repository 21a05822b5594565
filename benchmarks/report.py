"""The page of results: the machine, the versions, the date, every case, and the goals."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path

from .cases import CLAIMS_MEMORY, CLAIMS_SHARES, GROWTH_QUARTERS, Options, Results, claims_step, late_step
from .data import HISTORY_MONTHS, HOMES, PEOPLE
from .goals import goals, grid
from .measure import ROOT, Measured, cpu, first_match
from .questions import Agreement

__all__ = ["page"]

_LIBRARIES = ("pysail", "pyspark", "pyspark-client", "delta-spark", "deltalake", "duckdb", "pandas", "pyarrow", "numpy")
_TITLES = {
    "duckdb": "DuckDB and delta-rs",
    "pandas": "pandas, the document's method",
    "pyspark": "plain PySpark and Delta",
    "sail": "this library on Sail",
    "spark": "this library on Spark",
}
_LIMITS = {
    "read": "reading all bytes",
    "duckdb": "DuckDB counts every column",
    "spark": "Spark counts every column",
    "plain": "Spark, one pass from CSV to Delta",
}
_BY_NATURE = {
    "duckdb": "",
    "pandas": "It fills missing numbers with medians and caps outliers, so rows differ by its own nature.",
    "pyspark": "",
}
_HEAD = (
    "",
    "Wall s",
    "Start-up s",
    "Peak GB",
    "MB kept",
    "MB to disk",
    "Rows written",
    "Copied by MERGE",
    "Spark jobs",
)


def page(results: Results, options: Options) -> str:
    """The whole page as Markdown."""
    parts = [
        _intro(results, options),
        _goals(results),
        _table("First month, empty folder", results, [f"{c}/first" for c in _PEERS] + _ours("full")),
        _table("Second month", results, [f"{c}/second" for c in _PEERS] + _ours("second")),
        _table("Raw limits", results, [f"raw/{what}" for what in _LIMITS]),
        _answers(results),
        _table("Starts, nothing new, looks", results, _ours("start", "nothing", "query", "show")),
        _table(
            f"One late correction (a tenth of the homes, months of 2 files: 3 and {HISTORY_MONTHS})", results, _late()
        ),
        _table("Growth of the payroll rows, in quarters", results, _ours(*(f"growth {q:g}" for q in GROWTH_QUARTERS))),
        *(_grid(results, engine) for engine in ("sail", "spark")),
        _claims(results),
        _rewritten(results),
        _slowest(results),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


_PEERS = ("duckdb", "pandas", "pyspark")


def _ours(*steps: str) -> list[str]:
    return [f"{engine}/{step}" for step in steps for engine in ("sail", "spark")]


def _late() -> list[str]:
    return _ours(*(f"{what} {months}" for months in (3, HISTORY_MONTHS) for what in ("history of", "late in")))


# --- the head --------------------------------------------------------------------------------------------------------


def _intro(results: Results, options: Options) -> str:
    size = "true October 2024 size" if options.homes == HOMES else "a small try, which says nothing of the true size"
    return f"""# Benchmark

Written by `make bench` on {datetime.now(timezone.utc):%Y-%m-%d}. Files: generated, {options.homes:,} homes ({size}); \
{results.csv_mb["first"]:,.0f} MB of CSV
in the first month, {results.csv_mb["second"]:,.0f} MB in the second. Every step is a process of its own.
{_rounds(results)}
Absolute times are noise on a shared machine: the ratios count.

- Machine: {_machine()}.{_parts(results)}
- Software: {_versions({**_others(results), **options.pythons})}.
- Spark, ours and the peers', runs on `local[2]` with a driver of {options.memory}; growth with less (see the goals).
- Peak GB: largest sum of resident memory over the process tree. MB kept: growth of the folder of tables. MB to disk:
  what the kernel counted, staged files included.
- Peers load and answer the seven questions; this library also keeps bronze, history and audit, and makes all its gold
  tables. The files were in the page cache for all.

What stands in the way of the goals that are missed: [decision 13](decisions/0013-where-the-time-goes.md)."""


def _rounds(results: Results) -> str:
    """How often the contestants ran; all else is measured once."""
    steps = {f"{who}/{'full' if who in ('sail', 'spark') else 'first'}": title for who, title in _TITLES.items()}
    found = {title: len(results.runs[step]) for step, title in steps.items() if step in results.runs}
    most = max(found.values(), default=1)
    if most == 1:
        return "Every case ran once."
    fewer = [f"{name} {'once' if n == 1 else f'{n} times'}" for name, n in found.items() if n < most]
    but = f" ({', '.join(fewer)})" if fewer else ""
    return f"All contestants ran in turn, {most} times{but}, and the median is told; what has no peer ran once."


def _parts(results: Results) -> str:
    """In which runs the cases were measured, where it was not one."""
    if len(results.parts) < 2:
        return ""
    return f"\n- Measured in {len(results.parts)} runs, one behind the other: {'; '.join(results.parts)}."


def _others(results: Results) -> dict[str, str]:
    """The Python of each engine that an earlier run measured."""
    usual = {"sail": ROOT / ".venv/bin/python", "spark": ROOT / ".venv-spark/bin/python"}
    return {
        engine: str(python)
        for engine, python in usual.items()
        if python.is_file() and any(name.startswith(f"{engine}/") for name in results.runs)
    }


def _machine() -> str:
    memory = first_match(r"MemTotal:\s*(\d+)", Path("/proc/meminfo"))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parts = [f"{cores} cores", cpu(), f"{int(memory) / 1e6:.0f} GB" if memory else "", platform.platform(terse=True)]
    return ", ".join([*filter(None, parts), platform.machine(), f"Python {platform.python_version()}"])


def _versions(pythons: Mapping[str, str]) -> str:
    code = (
        "from importlib.metadata import version, PackageNotFoundError\n"
        f"for n in {_LIBRARIES!r}:\n"
        "    try: print(n, version(n))\n"
        "    except PackageNotFoundError: pass"
    )
    lines: list[str] = []
    for python in pythons.values():
        lines += subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
    if "spark" in pythons:
        home = os.environ.get("JAVA_HOME")
        java = subprocess.run(
            [f"{home}/bin/java" if home else "java", "-version"], capture_output=True, text=True, check=False
        )
        found = re.search(r'version "([^"]+)"', java.stderr)
        lines += [f"Java {found[1]}"] if found else []
    return ", ".join(dict.fromkeys(lines))


# --- tables ----------------------------------------------------------------------------------------------------------


def _markdown(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join([f"## {title}", "", *lines]) if rows else ""


def _goals(results: Results) -> str:
    rows = [(g.engine, g.case, g.text, g.measured, g.verdict) for g in goals(results)]
    return _markdown("Goals", ("Engine", "Case", "Goal", "Measured", ""), rows)


def _table(title: str, results: Results, names: Sequence[str]) -> str:
    rows = [_row(name, results) for name in names if name in results.runs]
    used = [0, *(i for i in range(1, len(_HEAD)) if any(row[i] for row in rows))]
    return _markdown(title, [_HEAD[i] for i in used], [[row[i] for i in used] for row in rows])


def _row(name: str, results: Results) -> list[str]:
    contestant, step = name.split("/", 1)
    title = _LIMITS[step] if contestant == "raw" else _TITLES[contestant]
    if step not in ("first", "second", "full") and contestant != "raw":
        title = f"{title}: {step}"
    run = results.get(name)
    if run is None:
        return [title, f"failed ({results.runs[name][-1].error})", *[""] * (len(_HEAD) - 2)]
    return [title, *_numbers(run, results.get(f"{contestant}/start"), step)]


def _numbers(run: Measured, start: Measured | None, step: str) -> list[str]:
    # The engine of our own runs starts somewhere within them: its start is measured by itself.
    begun = (
        run.start_s if run.start_s is not None else start.wall_s if start and step not in ("query", "show") else None
    )
    if step in ("nothing", "start"):
        begun = None
    facts = run.facts
    return [
        f"{run.wall_s:.2f}" if run.wall_s < 10 else f"{run.wall_s:.1f}",
        "" if begun is None else f"{begun:.1f}",
        f"{run.peak_gb:.2f}",
        f"{run.kept_mb:,.0f}" if run.kept_mb else "",
        f"{run.disk_mb:,.0f}" if run.disk_mb else "",
        *(f"{facts[n]:,}" if facts.get(n) else "" for n in ("rows_n", "copied_n", "jobs")),
    ]


def _answers(results: Results) -> str:
    rows, notes = [], []
    for name, found in sorted(results.agreements.items(), key=lambda item: item[0].split("/")[1]):
        other, step = name.split("/")
        differ = {question: one for question, one in found.items() if not one.is_full}
        same = [one for question, one in found.items() if question not in differ]
        if same:
            n = f"{sum(one.ours_n for one in same):,}"
            rows.append((step, _TITLES[other], f"{len(same)} of {len(found)}: all rows agree", n, n, n, ""))
        for question, one in differ.items():
            rows.append((step, _TITLES[other], question, f"{one.ours_n:,}", f"{one.theirs_n:,}", *_off(one)))
        if note := _BY_NATURE.get(other):
            notes.append(f"{_TITLES[other]}: {note}")
    head = ("Month", "Against", "Question", "Our rows", "Their rows", "Agree", "Largest difference of a column")
    text = _markdown("The seven answers, ours against theirs", head, rows)
    return "\n\n".join([text, *dict.fromkeys(notes)]) if text else ""


def _off(found: Agreement) -> tuple[str, str]:
    worst = [f"{name} {value:,.3g}" for name, value in sorted(found.worst.items())]
    worst += [f"{found.only_one_knows_n:,} values known to one alone"] if found.only_one_knows_n else []
    return f"{found.agree_n:,}", "; ".join(worst)


def _grid(results: Results, engine: str) -> str:
    cells = grid(results, engine)
    head = (
        "Files touched",
        "Rows matched in them",
        "Rows",
        "Ours s",
        "Plain MERGE s",
        "Times as fast",
        "Copied, ours",
        "Copied, plain",
    )
    rows = [
        (
            f"{c['files']:.0%}",
            f"{c['matched']:.0%}",
            f"{c['rows_n']:,}",
            f"{c['publish']:.2f}",
            f"{c['plain_merge']:.2f}",
            f"{c['times']:.2f}",
            *("" if c[f"{way}_copied"] is None else f"{c[f'{way}_copied']:,}" for way in ("publish", "plain_merge")),
        )
        for c in cells
    ]
    return _markdown(f"MERGE, 100 files, {_TITLES[engine].split()[-1]}", head, rows)


def _claims(results: Results) -> str:
    rows = []
    for name in _ours(*map(claims_step, CLAIMS_SHARES), *map(late_step, CLAIMS_SHARES)):
        if name not in results.runs:
            continue
        engine, run = name.split("/")[0], results.get(name)
        title = f"{_TITLES[engine]}: {name.split('/')[1].removeprefix('claims ')}"
        if run is None:
            rows.append([title, f"failed ({results.runs[name][-1].error})", *[""] * 6])
            continue
        read, begun = run.facts.get("read_n") or 0, results.wall(f"{engine}/start") or 0.0
        rows.append(
            [
                title,
                f"{read:,}",
                f"{run.wall_s:.1f}",
                f"{read / max(run.wall_s - begun, 1e-9):,.0f}",
                f"{run.peak_gb:.2f}",
                f"{run.kept_mb:,.0f}",
                *(f"{run.facts.get(n) or 0:,}" for n in ("rows_n", "copied_n")),
            ]
        )
    if not rows:
        return ""
    head = ("", "Rows read", "Wall s", "Rows a second", "Peak GB", "MB kept", "Rows written", "Copied")
    text = _markdown(f"Medicare claims, as shares of a full DE-SynPUF sample ({PEOPLE:,} people)", head, rows)
    return (
        f"{text}\n\nA tenth as many people again have research files. `late` brings the beneficiary files of one more\n"
        "year and claims of two people in a hundred into them. Rows a second leave start-up out. Spark has a\n"
        f"driver of {CLAIMS_MEMORY}."
    )


def _rewritten(results: Results) -> str:
    """What the late delivery changed, table by table."""
    for engine in ("sail", "spark"):
        if run := results.get(f"{engine}/{late_step(CLAIMS_SHARES[-1])}"):
            changed = [line for line in run.facts.get("changed", []) if sum(line[1:])]
            rows = [
                (table, *(f"{n:,}" for n in counts)) for table, *counts in sorted(changed, key=lambda c: -sum(c[1:]))
            ]
            return _markdown(
                f"Rows that the late claims and the next year change, {_TITLES[engine]}",
                ("Table", "Inserted", "Updated", "Deleted"),
                [[str(cell) for cell in row] for row in rows if row[0].startswith(("silver.", "gold."))][:20],
            )
    return ""


def _slowest(results: Results) -> str:
    rows = []
    claims = [step(CLAIMS_SHARES[-1]) for step in (claims_step, late_step)]
    for step in ("full", "second", f"late in {HISTORY_MONTHS}", *claims):
        for engine in ("sail", "spark"):
            run = results.get(f"{engine}/{step}")
            if run and run.facts.get("slowest"):
                tables = ", ".join(f"{table} {seconds:.1f} s" for table, seconds in run.facts["slowest"])
                rows.append((f"{_TITLES[engine]}: {step}", tables))
    return _markdown("Where the loads spend their time (tables run side by side)", ("", "Slowest tables"), rows)
