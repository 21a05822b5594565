"""Benchmark at true October 2024 size: every case in its own process, ratios within one run.

    python benchmarks/bench.py --sail .venv/bin/python --spark .venv-spark/bin/python --out docs/benchmarks.md

Absolute times are noise on a shared machine; the ratios are what counts. Cases:

- plain: a Spark job that reads the same CSV files as text and writes them as Delta once, default settings;
- full: our whole load (bronze, silver, gold), on Spark and on Sail;
- nothing: the same run again, by the command line;
- month: the monthly files of a second month, in which 5 % of the homes changed;
- quarter: one more payroll quarter, as large as the first.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import threading
import time
from datetime import datetime, timezone
from pathlib import Path

HERE = Path(__file__).parent
HOMES = 14_814


def tree_memory(pid: int) -> int:
    """Resident bytes of a process and its descendants (Linux; 0 elsewhere)."""
    proc = Path("/proc")
    if not proc.is_dir():
        return 0
    parents: dict[int, int] = {}
    for entry in proc.iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError, ValueError):
                continue
    family, grown = {pid}, True
    while grown:
        more = {p for p, parent in parents.items() if parent in family} - family
        family |= more
        grown = bool(more)
    total = 0
    for member in family:
        try:
            total += int((proc / str(member) / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, IndexError, ValueError):
            continue
    return total


def measure(python: str, what: str, landing: Path, lakehouse: Path, memory: str) -> dict[str, float]:
    """Run one case in its own process; wall time from outside, peak memory of the process tree."""
    command = [
        python,
        str(HERE / "one_load.py"),
        what,
        "--landing",
        str(landing),
        "--lakehouse",
        str(lakehouse),
        "--memory",
        memory,
    ]
    if what == "nothing":
        program = str(Path(python).parent / "nh-lakehouse")
        command = [program, "run", "--landing", str(landing), "--lakehouse", str(lakehouse)]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(HERE.parent / "src"), os.environ.get("PYTHONPATH", "")]),
    }
    begin = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    peak = [0]
    stop = threading.Event()

    def sample() -> None:
        while not stop.wait(0.2):
            peak[0] = max(peak[0], tree_memory(child.pid))

    watcher = threading.Thread(target=sample, daemon=True)
    watcher.start()
    out, err = child.communicate()
    stop.set()
    wall = time.monotonic() - begin
    if child.returncode:
        raise SystemExit(f"{what} failed:\n{err[-3000:]}")
    result: dict[str, float] = {} if what == "nothing" else json.loads(out.strip().splitlines()[-1])
    print(f"  {what:6} {wall:7.1f} s  {peak[0] / 1e9:5.2f} GB", flush=True)
    return {**result, "wall_s": wall, "peak_gb": peak[0] / 1e9}


def folder_mb(folder: Path) -> float:
    """Size of a folder in MB."""
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 1e6


def prepare(work: Path, python: str, homes: int) -> tuple[Path, Path, Path]:
    """Generated files: the first month with one quarter, the monthly files of the second, the next quarter."""
    everything, first, month, quarter = (work / name for name in ("all", "first", "month", "quarter"))
    if not first.is_dir():
        code = (
            "from pathlib import Path; from nh_lakehouse.sample import generate_sample; "
            f"generate_sample(Path({str(everything)!r}), homes={homes}, months=2, quarters=2, seed=1)"
        )
        environment = {**os.environ, "PYTHONPATH": str(HERE.parent / "src")}
        subprocess.run([python, "-c", code], check=True, env=environment)
        quarters = sorted(everything.glob("PBJ_*"))
        for folder in (first, month, quarter):
            folder.mkdir()
        for path in everything.iterdir():
            folder = quarter if path == quarters[-1] else month if "Nov" in path.name else first
            shutil.move(str(path), str(folder / path.name))
    return first, month, quarter


def main() -> None:
    """Run all cases and write the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sail", default=".venv/bin/python", help="Python of the Sail environment")
    parser.add_argument("--spark", default=".venv-spark/bin/python", help="Python of the Spark environment")
    parser.add_argument("--work", type=Path, default=Path("build/bench"), help="scratch folder")
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks.md"), help="report to write")
    parser.add_argument("--homes", type=int, default=HOMES)
    parser.add_argument("--memory", default="4g", help="driver memory of Spark")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    first, month, quarter = prepare(options.work, options.sail, options.homes)
    csv_mb = folder_mb(first)
    results: dict[str, dict[str, float]] = {}
    sizes: dict[str, float] = {}
    for engine, python in (("sail", options.sail), ("spark", options.spark)):
        if not shutil.which(python):
            print(f"no {engine}: {python} is not there")
            continue
        lake, landing = options.work / f"lake_{engine}", options.work / f"landing_{engine}"
        for folder in (lake, landing, options.work / "lake_plain"):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(first, landing)
        if engine == "spark":
            results["plain"] = measure(python, "plain", first, options.work / "lake_plain", options.memory)
        results[f"{engine} full"] = measure(python, engine, landing, lake, options.memory)
        sizes[engine] = folder_mb(lake)
        results[f"{engine} nothing"] = measure(python, "nothing", landing, lake, options.memory)
        for case, folder in (("month", month), ("quarter", quarter)):
            for path in folder.iterdir():
                shutil.copy2(path, landing)
            results[f"{engine} {case}"] = measure(python, engine, landing, lake, options.memory)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(report(results, sizes, csv_mb, folder_mb(month), folder_mb(quarter)), encoding="utf-8")
    print(f"written to {options.out}")


def report(
    results: dict[str, dict[str, float]], sizes: dict[str, float], csv_mb: float, month_mb: float, quarter_mb: float
) -> str:
    """The report as Markdown."""

    def wall(case: str) -> float | None:
        return results[case]["wall_s"] if case in results else None

    def ratio(a: str, b: str) -> str:
        x, y = wall(a), wall(b)
        return f"{x / y:.2f}" if x and y else "not run"

    lines = [
        "# Benchmark",
        "",
        f"Written by `make bench` on {datetime.now(timezone.utc):%Y-%m-%d}: {os.cpu_count()} cores, "
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}. Generated files of true",
        f"October 2024 size, {csv_mb:.0f} MB of CSV; the second month {month_mb:.0f} MB, the second quarter",
        f"{quarter_mb:.0f} MB. Every case is its own process.",
        "",
        "| Case | Wall s | Peak GB | Start-up s | Engine jobs per table | Files per table |",
        "|---|---|---|---|---|---|",
    ]
    for case, r in results.items():
        start = r.get("start_s", r["wall_s"] - r.get("run_s", r["wall_s"]))
        jobs, files = r.get("jobs_per_table"), r.get("files_per_table")
        lines.append(
            f"| {case} | {r['wall_s']:.1f} | {r['peak_gb']:.2f} | {start:.1f} "
            f"| {f'{jobs:.1f}' if jobs else ''} | {f'{files:.1f}' if files else ''} |"
        )
    lines += [
        "",
        "| Question | Measured | Goal |",
        "|---|---|---|",
        f"| Spark, full load against a plain CSV-to-Delta job | {ratio('spark full', 'plain')} | at most 2.5 |",
        f"| Sail, full load against our own on Spark | {ratio('sail full', 'spark full')} | at most 0.25 |",
        f"| Sail, nothing new, seconds | {wall('sail nothing') or 0:.1f} | under 2, no engine |",
        f"| Sail, second month against full load | {ratio('sail month', 'sail full')} | at most 0.33 |",
        f"| Sail, second quarter against full load | {ratio('sail quarter', 'sail full')} | |",
        f"| Spark, second month against full load | {ratio('spark month', 'spark full')} | at most 0.33 |",
        f"| Spark, second quarter against full load | {ratio('spark quarter', 'spark full')} | |",
    ]
    for engine, size in sizes.items():
        lines.append(f"| Lakehouse against CSV, {engine} | {size / csv_mb:.2f} | below 0.20 |")
    lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
