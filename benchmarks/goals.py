"""The goals that the library set itself, each held against what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .cases import (
    CLAIMS_MEMORY,
    CLAIMS_SHARES,
    GROWTH_MEMORY,
    GROWTH_QUARTERS,
    Results,
    claims_step,
    late_step,
)
from .data import HISTORY_MONTHS

__all__ = ["Goal", "goals", "grid"]

#: A correction counts as independent of the history if, start-up left out, 24 months cost no more than this over 3.
_SAME = 1.5
_FEW_PEOPLE, _ALL_PEOPLE = map(claims_step, CLAIMS_SHARES)
_LEAST, _MOST = f"growth {GROWTH_QUARTERS[0]:g}", f"growth {GROWTH_QUARTERS[-1]:g}"


@dataclass(frozen=True)
class Goal:
    """A goal and its outcome: `bound` is the limit of `value`, which has to stay below it (or above, if `at_least`)."""

    engine: str
    case: str
    text: str
    value: float | None
    bound: float
    unit: str = ""
    at_least: bool = False

    @property
    def is_met(self) -> bool | None:
        """Whether it is met; None where it was not measured."""
        if self.value is None:
            return None
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    @property
    def measured(self) -> str:
        return "not measured" if self.value is None else f"{self.value:.3g}{self.unit}"

    @property
    def verdict(self) -> str:
        """Met, or by how much it is missed."""
        if self.value is None or self.is_met:
            return "met" if self.value is not None else ""
        if not self.bound or not self.value:
            return "missed"
        off = self.bound / self.value if self.at_least else self.value / self.bound
        return f"missed by a factor of {off:.2f}"


def goals(results: Results) -> list[Goal]:
    """All goals, those of the embedded engine first."""
    return [*_sail(results), *_spark(results)]


def _sail(r: Results) -> list[Goal]:
    full = r.wall("sail/full")
    return [
        Goal(
            "Sail", "full load", "at most 1.5 times DuckDB and delta-rs", _over(full, r.wall("duckdb/first")), 1.5, "x"
        ),
        Goal("Sail", "full load", "faster than pandas", _over(full, r.wall("pandas/first")), 1.0, "x"),
        Goal(
            "Sail", "second month", "faster than DuckDB and delta-rs",
            _over(r.wall("sail/second"), r.wall("duckdb/second")), 1.0, "x",
        ),
        *_both(r, "sail", "Sail"),
        Goal(
            "Sail", "growth", "peak memory grows by less than 2 GB",
            _less(_peak(r, f"sail/{_MOST}"), _peak(r, f"sail/{_LEAST}")), 2.0, " GB",
        ),
        Goal("Sail", "claims", "all of them in at most 8 GB", _peak(r, f"sail/{_ALL_PEOPLE}"), 8.0, " GB"),
        Goal("Sail", "`query`", "under 1 s, start included", r.wall("sail/query"), 1.0, " s"),
        Goal("Sail", "`show`", "under 1 s, start included", r.wall("sail/show"), 1.0, " s"),
    ]  # fmt: skip


def _spark(r: Results) -> list[Goal]:
    full, second = r.wall("spark/full"), r.wall("spark/second")
    heap = f"the driver does with a heap of {GROWTH_MEMORY}"
    return [
        Goal(
            "Spark", "full load", "at least 4 times as fast as plain PySpark",
            _over(r.wall("pyspark/first"), full), 4.0, "x", True,
        ),
        Goal(
            "Spark", "full load", "at most 1.5 times one CSV-to-Delta pass",
            _over(full, r.wall("raw/plain")), 1.5, "x",
        ),
        Goal("Spark", "second month", "at most a quarter of the full load", _over(second, full), 0.25, "x"),
        Goal(
            "Spark", "second month", "faster than pandas, start-up left out",
            _over(r.wall("spark/second", without="spark/start"), r.wall("pandas/second")), 1.0, "x",
        ),
        *_both(r, "spark", "Spark"),
        Goal("Spark", "growth", heap, _failures(r, f"spark/{_MOST}"), 0.0, " failures"),
        Goal(
            "Spark", "claims", f"the driver does with a heap of {CLAIMS_MEMORY}", _failures(r, f"spark/{_ALL_PEOPLE}"),
            0.0, " failures",
        ),
    ]  # fmt: skip


def _both(r: Results, engine: str, title: str) -> list[Goal]:
    late, early, start = f"{engine}/late in {HISTORY_MONTHS}", f"{engine}/late in 3", f"{engine}/start"
    few, least = grid_extremes(r, engine)
    return [
        Goal(title, "nothing new", "under 1 s", r.wall(f"{engine}/nothing"), 1.0, " s"),
        Goal(
            title, "late correction",
            f"as long in {HISTORY_MONTHS} months as in 3, start-up left out (within {_SAME} times)",
            _over(r.wall(late, without=start), r.wall(early, without=start)), _SAME, "x",
        ),
        Goal(
            title, "MERGE", "at least 5 times as fast as a plain one, under 10 % of files touched", few, 5.0, "x", True
        ),
        Goal(title, "MERGE", "never slower than a plain one", least, 1.0, "x", True),
        Goal(
            title, "growth", "16 times the payroll rows: at most 16 times the time",
            _over(r.wall(f"{engine}/{_MOST}"), r.wall(f"{engine}/{_LEAST}")), 16.0, "x",
        ),
        Goal(
            title, "claims", "ten times the people: at most ten times the time",
            _over(r.wall(f"{engine}/{_ALL_PEOPLE}"), r.wall(f"{engine}/{_FEW_PEOPLE}")), 10.0, "x",
        ),
        Goal(
            title, "claims", "one more year and late claims: no greater share of the time than of the rows",
            _late_cost(r, engine), 1.0, "x",
        ),
        Goal(title, "lakehouse size", "at most 15 % of the CSV", _size(r, engine), 15.0, " %"),
    ]  # fmt: skip


def grid(results: Results, engine: str) -> list[dict[str, Any]]:
    """The cells of the MERGE grid, each with the median seconds of both ways over the rounds."""
    from statistics import median

    runs = [run.facts["cells"] for run in results.runs.get(f"{engine}/merge", []) if not run.error]
    cells = []
    for same in zip(*runs, strict=True):
        seconds = {way: median(cell[way]["s"] for cell in same) for way in ("publish", "plain_merge")}
        copied = {f"{way}_copied": same[-1][way]["copied_n"] for way in seconds}
        shares = {name: same[-1][name] for name in ("files", "matched", "rows_n")}
        cells.append({**shares, **seconds, **copied, "times": seconds["plain_merge"] / seconds["publish"]})
    return cells


def grid_extremes(results: Results, engine: str) -> tuple[float | None, float | None]:
    """The least gain where under a tenth of the files is touched, and the least of all."""
    cells = grid(results, engine)
    few = [cell["times"] for cell in cells if cell["files"] < 0.10]
    return min(few, default=None), min((cell["times"] for cell in cells), default=None)


def _late_cost(r: Results, engine: str) -> float | None:
    """The late delivery's share of the time over its share of the rows that came, beside those of the whole load.

    Rows that came and not rows that were written: copies would make the delivery look larger. Start-up is left out; of
    the largest share of the people of which both were measured.
    """
    start = f"{engine}/start"
    for share in reversed(CLAIMS_SHARES):
        whole, late = f"{engine}/{claims_step(share)}", f"{engine}/{late_step(share)}"
        time = _over(r.wall(late, without=start), r.wall(whole, without=start))
        runs = [run for run in (r.get(late), r.get(whole)) if run]
        rows = _over(*(run.facts.get("read_n") for run in runs)) if len(runs) == 2 else None
        if time is not None and rows is not None:
            return _over(time, rows)
    return None


def _failures(r: Results, name: str) -> float | None:
    """Rounds that ended badly; None where there was none."""
    return float(sum(bool(run.error) for run in r.runs[name])) if name in r.runs else None


def _over(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None or b <= 0 else a / b


def _less(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b


def _peak(r: Results, name: str) -> float | None:
    run = r.get(name)
    return run.peak_gb if run else None


def _size(r: Results, engine: str) -> float | None:
    run = r.get(f"{engine}/full")
    return 100 * run.kept_mb / r.csv_mb["first"] if run and run.kept_mb else None
