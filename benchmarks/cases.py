"""What is measured, in which order: every round goes through all contestants in turn, so that noise hits all alike."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path

from . import data, questions
from .child import csv_files
from .measure import Measured, cpu, folder_mb, measure, middle, rows_written

__all__ = ["CASES", "Bench", "Options", "Results"]

#: Names for `--only`.
CASES = (
    "raw",
    "duckdb",
    "pandas",
    "pyspark",
    "full",
    "nothing",
    "look",
    "second",
    "correction",
    "growth",
    "merge",
    "claims",
)
#: What runs in a lakehouse that `full` has made.
_AFTER_FULL = {"nothing", "look", "second"}
_NEED_SPARK = {"pyspark"}
GROWTH_QUARTERS = (0.25, 1.0, 4.0)
#: The driver heap that has to do for sixteen times the rows.
GROWTH_MEMORY = "2g"
#: Shares of the people of a full DE-SynPUF sample, and the driver heap that has to do for all of them.
CLAIMS_SHARES = (0.1, 1.0)
CLAIMS_MEMORY = "6g"
_QUERY = "SELECT state, avg(total_hprd) AS hours FROM nh_facility_metrics GROUP BY state ORDER BY hours"
_SHOW = ("nh_state_risk", "--order-by", "risk_score desc", "--limit", "5")


@dataclass(frozen=True)
class Options:
    """How to measure.

    Attributes:
        pythons: engine -> Python of its environment; only engines that are there.
        work: folder for files and tables.
        homes: nursing homes in the files.
        times: rounds of the cases beside peers; the others are measured once, against themselves.
        only: names of the cases.
        memory: driver memory of Spark, for us and for the peers.
        data_sets: kinds of files to generate; all if empty.
        select: our tables to bring up to date, with what they are made from; all if empty.
    """

    pythons: dict[str, str]
    work: Path
    homes: int = data.HOMES
    times: int = 3
    only: frozenset[str] = frozenset(CASES)
    memory: str = "4g"
    data_sets: frozenset[str] = frozenset()
    select: tuple[str, ...] = ()
    claims: tuple[float, ...] = CLAIMS_SHARES


def claims_step(share: float) -> str:
    """Name of the load of claims of a share of the people."""
    return f"claims {share:.0%}"


def late_step(share: float) -> str:
    """Name of the late delivery into them."""
    return f"claims late into {share:.0%}"


@dataclass
class Results:
    """What was measured: `contestant/step` -> its runs, and the answers by `contestant/step`.

    Attributes:
        runs: what each step cost.
        answers: what it answered; not kept for later runs, as they are millions of values.
        csv_mb: size of the files of the two months.
        parts: the cases of every run that the results are of.
        agreements: how the answers of another compare with ours: question -> the comparison.
    """

    runs: dict[str, list[Measured]] = field(default_factory=dict)
    answers: dict[str, questions.Answers] = field(default_factory=dict)
    csv_mb: dict[str, float] = field(default_factory=dict)
    parts: list[str] = field(default_factory=list)
    agreements: dict[str, dict[str, questions.Agreement]] = field(default_factory=dict)

    def compare_answers(self) -> None:
        """Compare the answers that are there with ours of the same month: those of the first of our engines."""
        for step in ("first", "second"):
            ours = [f"{engine}/{step}" for engine in ("sail", "spark") if f"{engine}/{step}" in self.answers]
            others = [n for n in self.answers if n.endswith(f"/{step}") and n not in ours[:1]] if ours else []
            for name in others:
                self.agreements[name] = questions.compare(self.answers[ours[0]], self.answers[name])

    def add(self, name: str, run: Measured) -> None:
        self.runs.setdefault(name, []).append(run)
        told = f"{run.wall_s:8.1f} s  {run.peak_gb:5.2f} GB" if not run.error else run.error
        print(f"  {name:28} {told}", flush=True)

    def get(self, name: str) -> Measured | None:
        """The median of a step; None where it was not measured or failed."""
        found = middle(self.runs.get(name, []))
        return found if found and not found.error else None

    def wall(self, name: str, *, without: str | None = None) -> float | None:
        """Median wall time of a step, less that of another (an engine's start)."""
        run, less = self.get(name), self.get(without) if without else None
        if run is None or (without and less is None):
            return None
        return run.wall_s - (less.wall_s if less else 0.0)


class Bench:
    """All cases on the files of one size."""

    def __init__(self, options: Options) -> None:
        self.options = options
        cases = ", ".join(c for c in CASES if c in options.only)
        when = ", ".join(filter(None, [f"{datetime.now(timezone.utc):%Y-%m-%d}", cpu()]))
        self.results = Results(parts=[f"{cases} on {' and '.join(options.pythons)} ({when})"])
        self.first, self.second = data.two_months(options.work, options.homes, options.data_sets)
        self.results.csv_mb = {"first": folder_mb(self.first), "second": folder_mb(self.second)}

    @property
    def scratch(self) -> Path:
        return self.options.work / "run"

    def execute(self, after: Callable[[Results], None] = lambda _: None) -> Results:
        """The cases beside peers as often as asked for, the others once.

        Ctrl-C ends it, and what was measured by then counts.

        Args:
            after: called with the results so far behind every case, so that a fault loses none of them.
        """
        try:
            for number in range(self.options.times):
                print(f"round {number + 1} of {self.options.times}", flush=True)
                for chain in [*self._beside_peers(), *([] if number else self._alone())]:
                    shutil.rmtree(self.scratch, ignore_errors=True)
                    self.scratch.mkdir(parents=True)
                    chain()
                    self.results.compare_answers()
                    after(self.results)
        except KeyboardInterrupt:
            print("interrupted: the page tells what was measured until now", flush=True)
        shutil.rmtree(self.scratch, ignore_errors=True)
        return self.results

    def _beside_peers(self) -> list[Callable[[], None]]:
        """Cases whose time is held against that of a peer, in turn."""
        only = self.options.only
        chains: list[Callable[[], None]] = [self._raw if "raw" in only else self._warm]
        here = [p for p in ("duckdb", "pandas", "pyspark") if p in only]
        chains += [_bound(self._peer, p) for p in here if p not in _NEED_SPARK or "spark" in self.options.pythons]
        for engine in self.options.pythons:
            if only & {"full", *_AFTER_FULL}:
                chains.append(_bound(self._months, engine))
        return chains

    def _alone(self) -> list[Callable[[], None]]:
        """Cases that are held against themselves: a small one against a large one, one way against another."""
        only = self.options.only
        chains: list[Callable[[], None]] = []
        if "growth" in only:
            chains += [_bound(self._growth, e, q) for q in GROWTH_QUARTERS for e in self.options.pythons]
        if "correction" in only:
            chains += [_bound(self._correction, e, m) for m in (3, data.HISTORY_MONTHS) for e in self.options.pythons]
        if "merge" in only:
            chains += [_bound(self._merge, e) for e in self.options.pythons]
        if "claims" in only:
            chains += [_bound(self._claims, e, share) for share in self.options.claims for e in self.options.pythons]
        return chains

    # --- peers and limits ----------------------------------------------------------------------------------------

    def _warm(self) -> None:
        """All files once, so that the first contestant does not pay for the disk."""
        for folder in (self.first, self.second):
            for path in csv_files(folder):
                path.read_bytes()

    def _raw(self) -> None:
        self._warm()
        limits = {"read": "sail", "duckdb": "sail", "spark": "spark", "plain": "spark"}
        for what, engine in limits.items():
            if python := self._python(engine):
                out = self.scratch / "raw"
                command = [python, "-m", "benchmarks.raw_limits", what, "--landing", str(self.first)]
                command += ["--out", str(out), "--memory", self.options.memory]
                self.results.add(f"raw/{what}", measure(command, folder=out))

    def _peer(self, peer: str) -> None:
        python = self._python("spark" if peer in _NEED_SPARK else "sail")
        if python is None:
            return
        out, versions = self.scratch / peer, dict[str, int]()
        for step, landing in (("first", self.first), ("second", self.second)):
            answers = self.scratch / f"{peer}_{step}.json"
            command = [python, "-m", f"benchmarks.peer_{peer}", step, "--landing", str(landing)]
            command += ["--out", str(out), "--answers", str(answers), "--memory", self.options.memory]
            run = measure(command, folder=out)
            if not run.error:
                self.results.answers[f"{peer}/{step}"] = questions.read(answers)
                versions, run = _with_rows(run, out, versions)
            self.results.add(f"{peer}/{step}", run)

    def _python(self, engine: str) -> str | None:
        """The Python of an engine; peers that need none take the first that is there."""
        pythons = self.options.pythons
        return pythons.get(engine) if engine == "spark" else pythons.get(engine, next(iter(pythons.values()), None))

    # --- ours ------------------------------------------------------------------------------------------------------

    def _ours(self, engine: str, what: str, *arguments: str, memory: str | None = None) -> list[str]:
        memory = memory or self.options.memory
        python = self.options.pythons[engine]
        return [python, "-m", "benchmarks.ours", what, "--engine", engine, "--memory", memory, *arguments]

    def _start_once(self, engine: str) -> None:
        """The engine's start, for the cases that leave it out of a time, unless it was measured."""
        if f"{engine}/start" not in self.results.runs:
            self.results.add(f"{engine}/start", measure(self._ours(engine, "start")))

    def _selected(self) -> list[str]:
        return [word for table in self.options.select for word in ("--select", table)]

    def _load(self, name: str, engine: str, landing: Path, lake: Path, memory: str | None = None) -> Measured:
        arguments = ("--landing", str(landing), "--lakehouse", str(lake), *self._selected())
        run = measure(self._ours(engine, "load", *arguments, memory=memory), folder=lake)
        self.results.add(name, run)
        return run

    def _months(self, engine: str) -> None:
        """Full load, nothing new, a look, the second month."""
        only, python = self.options.only, self.options.pythons[engine]
        lake, landing = self.scratch / f"lake_{engine}", self.scratch / f"landing_{engine}"
        data.link(csv_files(self.first), landing)
        self.results.add(f"{engine}/start", measure(self._ours(engine, "start")))
        if self._load(f"{engine}/full", engine, landing, lake).error:
            return
        versions = self._count(f"{engine}/full", lake, {})
        self.results.answers[f"{engine}/first"] = questions.ours(lake)
        program = [python, "-m", "nh_lakehouse.cli"]
        if "nothing" in only:
            command = [*program, "run", "--engine", engine, "--landing", str(landing), "--lakehouse", str(lake)]
            command += self._selected()
            # A run of the command line remembers at its end that all is done; the load above was the library's.
            measure(command, folder=lake, tells=False)
            self.results.add(f"{engine}/nothing", measure(command, folder=lake, tells=False))
        if "look" in only and engine == "sail":
            for step, arguments in (("query", (_QUERY,)), ("show", _SHOW)):
                command = [*program, step, *arguments, "--lakehouse", str(lake)]
                self.results.add(f"{engine}/{step}", measure(command, tells=False))
        if "second" in only:
            data.link(csv_files(self.second), landing)
            if not self._load(f"{engine}/second", engine, landing, lake).error:
                self._count(f"{engine}/second", lake, versions)
                self.results.answers[f"{engine}/second"] = questions.ours(lake)

    def _count(self, name: str, lake: Path, versions: dict[str, int]) -> dict[str, int]:
        versions, run = _with_rows(self.results.runs[name][-1], lake, versions)
        self.results.runs[name][-1] = run
        return versions

    def _correction(self, engine: str, months: int) -> None:
        """A lakehouse of some months, then one corrected file of its first month."""
        homes = _tenth(self.options.homes)
        files = csv_files(data.history(self.options.work, homes, data.HISTORY_MONTHS))
        early = [p for p in files if months == data.HISTORY_MONTHS or p.stem[-7:-4] in ("Oct", "Nov", "Dec")]
        files = [p for p in early if months == data.HISTORY_MONTHS or p.stem.endswith("2024")]
        lake, landing = self.scratch / "lake", data.link(files, self.scratch / "landing")
        self._start_once(engine)
        if self._load(f"{engine}/history of {months}", engine, landing, lake).error:
            return
        versions = self._count(f"{engine}/history of {months}", lake, {})
        late = landing / "NH_ProviderInfo_Oct2024.csv"
        data.correct(next(p for p in files if p.name == late.name), late)
        if not self._load(f"{engine}/late in {months}", engine, landing, lake).error:
            self._count(f"{engine}/late in {months}", lake, versions)

    def _growth(self, engine: str, quarters: float) -> None:
        """Payroll alone: a quarter of the homes, all homes, four quarters of them."""
        homes = max(53, round(self.options.homes * min(1.0, quarters)))
        files = csv_files(data.growth(self.options.work, homes, max(1, round(quarters))))
        lake, landing = self.scratch / "lake", data.link(files, self.scratch / "landing")
        name = f"{engine}/growth {quarters:g}"
        if not self._load(name, engine, landing, lake, GROWTH_MEMORY).error:
            self._count(name, lake, {})

    def _claims(self, engine: str, share: float) -> None:
        """Claims of a share of the people, and into them the next year and late claims of a few."""
        people = max(20, round(data.PEOPLE * share * self.options.homes / data.HOMES))
        lake, landing = self.scratch / "lake", self.scratch / "landing"
        data.link(csv_files(data.claims(self.options.work, people)), landing)
        self._start_once(engine)
        name, late = f"{engine}/{claims_step(share)}", f"{engine}/{late_step(share)}"
        if self._load(name, engine, landing, lake, CLAIMS_MEMORY).error:
            return
        versions = self._count(name, lake, {})
        data.link(csv_files(data.claims_delivery(self.options.work, people)), landing)
        if not self._load(late, engine, landing, lake, CLAIMS_MEMORY).error:
            self._count(late, lake, versions)

    def _merge(self, engine: str) -> None:
        rows = max(10_000, round(1_300_000 * self.options.homes / data.HOMES))
        command = [self.options.pythons[engine], "-m", "benchmarks.merge_grid", "--engine", engine]
        command += ["--work", str(self.scratch / "grid"), "--rows", str(rows), "--memory", self.options.memory]
        self.results.add(f"{engine}/merge", measure(command))


def _bound(step: Callable[..., None], *arguments: object) -> Callable[[], None]:
    return lambda: step(*arguments)


def _tenth(homes: int) -> int:
    return max(53, round(homes / 10))


def _with_rows(run: Measured, folder: Path, versions: dict[str, int]) -> tuple[dict[str, int], Measured]:
    versions, rows, copied = rows_written(folder, versions)
    facts = {**run.facts, "rows_n": rows, "copied_n": copied} if versions else run.facts
    return versions, replace(run, facts=facts)


def missing(only: Sequence[str]) -> list[str]:
    """Names that are no cases."""
    return [name for name in only if name not in CASES]
