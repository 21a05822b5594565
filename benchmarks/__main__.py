"""Run the benchmark and write its page.

python -m benchmarks --only duckdb,full,nothing --engines sail --homes 300 --times 1 --out build/bench/try.md
python -m benchmarks --only claims --add     # a part of an hour of its own, on the page of the others
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from .cases import CASES, CLAIMS_SHARES, Bench, Options, Results, missing
from .data import HOMES
from .kept import added, keep, kept
from .measure import ROOT
from .report import page


def main() -> None:
    """Run all cases and write the page."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default=",".join(CASES), metavar="CASE,...", help=f"of {', '.join(CASES)}")
    parser.add_argument("--engines", default="sail,spark", metavar="ENGINE,...", help="of sail, spark")
    parser.add_argument("--times", type=int, default=3, help="rounds beside the peers; the page gives the median")
    parser.add_argument("--homes", type=int, default=HOMES, help="a few hundred make a try of minutes")
    parser.add_argument("--data-sets", default="", metavar="NAME,...", help="generate these kinds of files alone")
    parser.add_argument(
        "--claims",
        default=",".join(f"{share:g}" for share in CLAIMS_SHARES),
        metavar="SHARE,...",
        help=f"shares of the people of a full sample, of {', '.join(f'{share:g}' for share in CLAIMS_SHARES)}",
    )
    parser.add_argument("--memory", default="4g", help="driver memory of Spark")
    parser.add_argument("--sail", default=str(ROOT / ".venv/bin/python"), help="Python of the Sail environment")
    parser.add_argument("--spark", default=str(ROOT / ".venv-spark/bin/python"), help="Python of the Spark environment")
    parser.add_argument("--add", action="store_true", help="to what an earlier run with the same files measured")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "bench", help="folder for files and tables")
    parser.add_argument(
        "--out",
        type=Path,
        default=ROOT / "docs" / "benchmarks.md",
        help="page to write; what was measured is kept beside it, as JSON",
    )
    chosen = parser.parse_args()
    only, engines = chosen.only.split(","), chosen.engines.split(",")
    if unknown := missing(only) + [e for e in engines if e not in ("sail", "spark")]:
        parser.error(f"unknown: {', '.join(unknown)}")
    claims = {share: f"{share:g}" for share in CLAIMS_SHARES}
    if unknown := set(chosen.claims.split(",")) - set(claims.values()):
        parser.error(f"--claims: expected some of {', '.join(claims.values())}, found {', '.join(sorted(unknown))}")
    pythons = {engine: getattr(chosen, engine) for engine in engines}
    for engine in [e for e in engines if not shutil.which(pythons[e])]:
        print(f"no {engine}: {pythons.pop(engine)} is not there")
    if not pythons:
        parser.error("no engine is there: make sail or make spark")
    options = Options(
        pythons=pythons,
        work=chosen.work.absolute(),
        homes=chosen.homes,
        times=chosen.times,
        only=frozenset(only),
        memory=chosen.memory,
        claims=tuple(share for share, text in claims.items() if text in chosen.claims.split(",")),
        data_sets=frozenset(filter(None, chosen.data_sets.split(","))),
    )
    file = chosen.out.with_suffix(".json")
    before = kept(file, options.homes) if chosen.add else Results()
    results = added(before, Bench(options).execute(lambda so_far: keep(added(before, so_far), options.homes, file)))
    keep(results, options.homes, file)  # with what a case had measured that was interrupted
    chosen.out.write_text(page(results, options), encoding="utf-8")
    print(f"written to {chosen.out}")
    if failed := sorted(name for name, runs in results.runs.items() if any(run.error for run in runs)):
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
