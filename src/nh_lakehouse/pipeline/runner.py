"""A run: landing to bronze, bronze to silver, silver to gold, and the record of it."""

from __future__ import annotations

import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from nh_lakehouse.bronze.load import BronzeRun, FileOutcome, load_bronze
from nh_lakehouse.contracts import load_contracts, load_tables
from nh_lakehouse.contracts.model import DOMAINS, DataSet
from nh_lakehouse.engines import Engine
from nh_lakehouse.errors import ConfigError, NhLakehouseError, first_line
from nh_lakehouse.lakehouse import Lakehouse
from nh_lakehouse.lakehouse.lock import RunLock
from nh_lakehouse.lakehouse.state import State, read_state
from nh_lakehouse.lakehouse.store import Published, Store
from nh_lakehouse.pipeline.derive import derive
from nh_lakehouse.pipeline.graph import Graph, build_graph
from nh_lakehouse.pipeline.plan import Plan, contracts_fingerprint, is_stale, make_plan
from nh_lakehouse.pipeline.quarantine import record_quarantine
from nh_lakehouse.pipeline.record import (
    bronze_load_row,
    failed_row,
    file_lines,
    file_row,
    joined_lines,
    joined_writes,
    run_row,
    silver_load_rows,
    table_line,
    table_row,
)
from nh_lakehouse.pipeline.report import NamesRun, Quiet, Reporter, RunReport, TableLine
from nh_lakehouse.pipeline.silver_load import SilverOutcome, load_silver
from nh_lakehouse.pipeline.take_back import take_back
from nh_lakehouse.sources import LandingFile, list_landing

__all__ = ["LAYERS", "RunOptions", "run"]

LAYERS = ("bronze", "silver", "gold")


@dataclass(frozen=True)
class RunOptions:
    """What to run.

    Attributes:
        lakehouse: folder of the tables; made if it does not exist.
        landing: folder of the files; not needed without the bronze layer.
        domains: only these domains; all if empty.
        select: only these tables (names or patterns) and what they are made from.
        layers: which layers to bring up to date.
        full_refresh: compute every table anew from bronze.
        dry_run: say what would be done, do nothing.
        wait_s: how long to wait for another run.
        forget: landing file whose rows are taken back first.
        rebuild: data sets whose silver tables are computed anew from bronze.
    """

    lakehouse: Path
    landing: Path | None = None
    domains: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    layers: tuple[str, ...] = LAYERS
    full_refresh: bool = False
    dry_run: bool = False
    wait_s: float = 0.0
    forget: str | None = None
    rebuild: tuple[str, ...] = ()


def run(
    options: RunOptions,
    open_engine: Callable[[], Engine],
    *,
    reporter: Reporter | None = None,
    after_commit: Callable[[str], None] | None = None,
    graph: Graph | None = None,
) -> RunReport:
    """Bring a lakehouse up to date with a landing folder.

    Args:
        options: what to run.
        open_engine: gives the engine; called only where there is something to do.
        reporter: told of the progress.
        after_commit: called with the table name after every commit (tests).
        graph: the tables; those of the package if None.
    Returns:
        The report; its `exit_code` is 0 only if everything went well and no rejected file lies in the landing folder.
    Raises:
        ConfigError: folders, domains or selections that cannot be used.
        ConflictError: another run writes this lakehouse.
        PlanError: the tables cannot be put in order.
    """
    return _Run(options, open_engine, reporter or Quiet(), after_commit, graph or build_graph()).execute()


@dataclass
class _Results:
    """What the phases hand on to the record."""

    outcomes: list[FileOutcome] = field(default_factory=list)
    silver: dict[str, SilverOutcome] = field(default_factory=dict)
    tables: list[TableLine] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)


class _Run:
    def __init__(
        self,
        options: RunOptions,
        open_engine: Callable[[], Engine],
        reporter: Reporter,
        after_commit: Callable[[str], None] | None,
        graph: Graph,
    ) -> None:
        self.options = options
        self.open_engine = open_engine
        self.reporter = reporter
        self.after_commit = after_commit
        self.graph = graph
        self.started_at = datetime.now(timezone.utc)
        self.run_id = f"{self.started_at:%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"
        self.lake = Lakehouse(options.lakehouse)
        self.results = _Results()
        if isinstance(reporter, NamesRun):
            reporter.started(self.run_id)

    # --- the whole -----------------------------------------------------------------------------------------------

    def execute(self) -> RunReport:
        """Plan, and where there is something to do: lock, load, compute, record."""
        self.lake.refuse_odd_path()
        start = time.monotonic()
        report = RunReport(self.run_id, str(self.lake.root))
        data_sets, tables = self._scope()
        plan = self._plan(data_sets, tables)
        if self.options.dry_run:
            report.planned = self._planned(plan)
        elif plan.is_empty and self.options.forget is None:
            report.status = "partial" if plan.rejected else "nothing_new"
        else:
            plan = self._work(data_sets, tables, report)
        report.files = file_lines(self.results.outcomes, self.results.silver, plan)
        report.tables = self.results.tables
        if not self.options.dry_run and report.status == "ok":
            report.status = self._status(report)
        report.duration_s = time.monotonic() - start
        return report

    def _work(self, data_sets: Mapping[str, DataSet], tables: Sequence[str], report: RunReport) -> Plan:
        """Do what is to be done under the lock; returns the plan that was found there."""
        with RunLock(self.lake.root, self.run_id, wait_s=self.options.wait_s, on_wait=self.reporter.say):
            # Another run may have done the work while this one waited.
            plan = self._plan(data_sets, tables)
            if plan.is_empty and self.options.forget is None:
                report.status = "partial" if plan.rejected else "nothing_new"
                return plan
            # What the run writes is written from here on: a restore to before it goes by this time.
            self.started_at = datetime.now(timezone.utc)
            engine = self.open_engine()
            staging = self.lake.root / "_staging"
            shutil.rmtree(staging, ignore_errors=True)
            store = Store(self.lake, engine, staging / self.run_id, self.after_commit)
            try:
                self._check_space()
                report.engine = engine.version()
                wrong = [*plan.unfinished, *([self.options.forget] if self.options.forget else [])]
                for file in dict.fromkeys(wrong):
                    take_back(store, file, self.run_id)
                plan = self._plan(data_sets, tables) if wrong else plan
                self._run_layers(plan, store, tables)
                report.drift_n = sum(len(o.drift) for o in self.results.outcomes)
                self._record_run(store, report)
            finally:
                shutil.rmtree(staging, ignore_errors=True)
            return plan

    def _run_layers(self, plan: Plan, store: Store, tables: Sequence[str]) -> None:
        warming = threading.Thread(target=_start_quietly, args=(store.engine,), daemon=True)
        warming.start()
        if self.options.full_refresh:
            self._drop_clashing(store, tables)
        self._forget_lost(store)
        if "bronze" in self.options.layers and plan.new_files:
            self._bronze(plan, store)
        warming.join()
        state = read_state(self.lake)
        if "silver" in self.options.layers:
            self._silver(plan, store, state, tables)
        if "gold" in self.options.layers:
            self._derived("gold", plan, store, state, tables)

    def _scope(self) -> tuple[dict[str, DataSet], list[str]]:
        """Data sets and tables of this run."""
        contracts, domains = load_contracts(), self.options.domains
        covered = {c.domain for c in contracts.values()}
        for domain in domains:
            if domain not in DOMAINS:
                raise ConfigError(f"--domain {domain}: there is no such domain; domains: {', '.join(DOMAINS)}")
            if domain not in covered:
                self.reporter.say(f"The domain {domain} has no data sets in this version: nothing to load.")
        chosen = self.graph.select(self.options.select) if self.options.select else None
        data_sets = {
            name: c
            for name, c in contracts.items()
            if (not domains or c.domain in domains) and (chosen is None or f"bronze.{name}" in chosen)
        }
        tables = [
            name
            for name in self.graph.order
            if (not domains or self.graph.is_of(name, domains)) and (chosen is None or name in chosen)
        ]
        return data_sets, tables

    def _plan(self, data_sets: Mapping[str, DataSet], tables: Sequence[str]) -> Plan:
        landing: Sequence[LandingFile] = []
        if "bronze" in self.options.layers:
            if self.options.landing is None:
                raise ConfigError("--landing is missing: give the folder that holds the CSV files")
            if self.options.landing.absolute() == self.lake.root.absolute():
                raise ConfigError(f"landing folder and lakehouse are both {self.lake.root}: give two folders")
            landing = list_landing(self.options.landing, lakehouse=self.lake.root)
        wanted = [t for t in tables if self._layer_of(t) in self.options.layers]
        state = read_state(self.lake)
        return make_plan(
            self.lake,
            state,
            landing,
            self.graph,
            data_sets,
            wanted,
            full_refresh=self.options.full_refresh,
            rebuild=self.options.rebuild,
        )

    def _layer_of(self, table: str) -> str:
        """Ops tables that have a function are computed with gold."""
        layer = table.split(".")[0]
        return "gold" if layer == "ops" else layer

    def _check_space(self) -> None:
        free = shutil.disk_usage(self.lake.root).free
        if free < 100 << 20:
            raise ConfigError(
                f"only {free >> 20} MB are free on the disk of {self.lake.root}: "
                "free some space or choose another --lakehouse"
            )

    # --- bronze --------------------------------------------------------------------------------------------------

    def _bronze(self, plan: Plan, store: Store) -> None:
        self.reporter.phase(f"bronze: {len(plan.new_files)} files")
        bronze = BronzeRun(
            self.run_id,
            self.started_at,
            store.staging / "landing",
            parallel=2,
            on_progress=lambda text: self.reporter.begin("bronze", text),
        )
        self.results.outcomes = load_bronze(plan.new_files, plan.data_sets, store, bronze)
        self._record_files(plan, store)
        loaded = [o for o in self.results.outcomes if o.status == "loaded"]
        rows = sum(o.rows_n for o in loaded)
        self.reporter.end("bronze", f"{len(loaded)} files, {rows:,} rows")

    def _record_files(self, plan: Plan, store: Store) -> None:
        now = datetime.now(timezone.utc)
        everything = contracts_fingerprint(load_contracts())
        files = [file_row(o, self.run_id, plan.data_sets, everything, now) for o in self.results.outcomes]
        drift = [
            {"run_id": self.run_id, "data_set": o.data_set, "file": o.landing.name, **asdict(d), "recorded_at": now}
            for o in self.results.outcomes
            for d in o.drift
            if o.status == "loaded"
        ]
        loads = [bronze_load_row(o, self.run_id, now) for o in self.results.outcomes if o.status == "loaded"]
        self._append_ops(store, {"ops.drift": drift, "ops.loads": loads, "ops.files": files})

    # --- silver --------------------------------------------------------------------------------------------------

    def _silver(self, plan: Plan, store: Store, state: State, tables: Sequence[str]) -> None:
        stale = self._stale_silver(plan, state, tables)
        if stale:
            self.reporter.phase(f"silver: {sum(len(v) for v in stale.values())} tables")
            started = time.monotonic()
            with ThreadPoolExecutor(max_workers=store.engine.parallel) as pool:
                since = {n: self._since(plan, state, names, n) for n, names in stale.items()}
                jobs = [pool.submit(self._one_data_set, n, names, since, store, state) for n, names in stale.items()]
                for job in jobs:
                    job.result()
            self._record_silver(plan, store, state)
            self.reporter.end("silver", f"{time.monotonic() - started:.1f} s")
        self._derived("silver", plan, store, state, tables)

    def _stale_silver(self, plan: Plan, state: State, tables: Sequence[str]) -> dict[str, list[str]]:
        """Data set -> its silver tables, where one of them is behind; largest bronze first."""
        found: dict[str, list[str]] = {}
        for name in tables:
            spec = self.graph.specs[name]
            if spec.is_derived:
                continue
            record = state.tables.get(name)
            current = record is not None and record.fingerprint == plan.fingerprints[name]
            current = current and record.version_after == self.lake.version(name)  # type: ignore[union-attr]
            for data_set, bronze in zip(spec.inputs, self.graph.parents[name], strict=True):
                version = self.lake.version(bronze)
                used = record.input_versions.get(bronze) if record is not None and current else None
                if version >= 0 and (self._is_rebuilt(data_set) or used != version):
                    found.setdefault(data_set, [])
        for data_set in found:
            found[data_set] = [
                n for n in tables if not self.graph.specs[n].is_derived and data_set in self.graph.specs[n].inputs
            ]
        size = {d: _folder_size(self.lake.folder(f"bronze.{d}")) for d in found}
        return dict(sorted(found.items(), key=lambda item: -size[item[0]]))

    def _is_rebuilt(self, data_set: str) -> bool:
        return self.options.full_refresh or data_set in self.options.rebuild

    def _one_data_set(
        self, data_set: str, names: Sequence[str], since: Mapping[str, int | None], store: Store, state: State
    ) -> None:
        self.reporter.begin(data_set, f"silver of {data_set}")
        started = time.monotonic()
        contract = load_contracts()[data_set]
        specs = [self.graph.specs[n].of(data_set) for n in names]
        try:
            outcome = load_silver(
                contract,
                specs,
                store,
                since=since,
                rows_read=state.rows_read(),
                now=self.started_at,
            )
        except Exception as error:  # engines raise classes of their own; other tables go on
            self._fail(names, error, time.monotonic() - started)
            self.reporter.end(data_set, f"silver of {data_set} failed", ok=False)
            return
        self.results.silver[data_set] = outcome
        duration = time.monotonic() - started
        for name in names:
            self.results.tables.append(
                table_line(
                    name,
                    outcome.published[name],
                    "full" if outcome.is_full else "incremental",
                    duration,
                    outcome,
                )
            )
        self.reporter.end(data_set, f"{', '.join(names)}  {duration:.1f} s")

    def _since(self, plan: Plan, state: State, names: Sequence[str], data_set: str) -> int | None:
        """Bronze version that all silver tables of a data set have used; None = start from nothing."""
        versions = []
        for name in names:
            record = state.tables.get(name)
            if record is None or record.fingerprint != plan.fingerprints[name]:
                return None
            if record.version_after != self.lake.version(name):
                return None  # written to by somebody else, or by a run that died before it could record it
            versions.append(record.input_versions.get(f"bronze.{data_set}", -1))
        return None if self._is_rebuilt(data_set) or min(versions) < 0 else min(versions)

    def _record_silver(self, plan: Plan, store: Store, state: State) -> None:
        now, outcomes = datetime.now(timezone.utc), self.results.silver
        loads = [row for outcome in outcomes.values() for row in silver_load_rows(outcome, self.run_id, now)]
        self.results.tables = joined_lines(self.results.tables)
        tables = self._silver_table_rows(plan, state, now)
        tables += [failed_row(t, self.run_id, now) for t in self.results.tables if t.status == "failed"]
        record_quarantine(outcomes, store, self.run_id)
        # ops.tables last: what it says is done needs no second look.
        self._append_ops(store, {"ops.loads": loads})
        self._append_ops(store, {"ops.tables": tables})

    def _silver_table_rows(self, plan: Plan, state: State, now: datetime) -> list[dict[str, Any]]:
        """One row for each silver table that was written; of a table of several data sets, their writes together."""
        rows = []
        failed = {t.table for t in self.results.tables if t.status == "failed"}
        for line in self.results.tables:
            name = line.table
            outcomes = [o for o in self.results.silver.values() if name in o.published]
            if line.status != "ok" or not outcomes:
                continue
            record = state.tables.get(name)
            known = record.input_versions if record and record.fingerprint == plan.fingerprints[name] else {}
            versions = {p: known.get(p, -1) for p in self.graph.parents[name]}
            versions |= {f"bronze.{o.data_set}": o.bronze_version for o in outcomes}
            published = joined_writes([o.published[name] for o in outcomes])
            if name in failed:
                published = replace(published, version_after=-1)  # looked at again, whatever the others did
            rows.append(table_row(line, published, plan.fingerprints[name], versions, self.run_id, now))
        return rows

    # --- tables made from tables ---------------------------------------------------------------------------------

    def _derived(self, layer: str, plan: Plan, store: Store, state: State, tables: Sequence[str]) -> None:
        """Bring the derived tables of a layer up to date."""
        names = [n for n in tables if self.graph.specs[n].is_derived and self._layer_of(n) == layer]
        stale = [n for n in names if self.options.full_refresh or n in plan.stale or self._may_be_stale(n, plan, state)]
        if not stale:
            return
        behind = ", made from others" if layer == "silver" else ""
        self.reporter.phase(f"{layer}: {len(names)} tables{behind}")
        started = time.monotonic()
        done: dict[str, tuple[TableLine, Published, Mapping[str, int]]] = {}
        self._schedule(names, plan, store, state, done)
        now = datetime.now(timezone.utc)
        rows = [
            table_row(line, published, plan.fingerprints[line.table], versions, self.run_id, now)
            for line, published, versions in done.values()
            if line.status == "ok" and not self._same_record(state, line.table, plan, versions, published)
        ]
        rows += [
            failed_row(t, self.run_id, now)
            for t in self.results.tables
            if t.status in ("failed", "blocked") and t.table in names
        ]
        self._append_ops(store, {"ops.tables": rows})
        self.reporter.end(layer, f"{time.monotonic() - started:.1f} s")

    def _may_be_stale(self, name: str, plan: Plan, state: State) -> bool:
        if is_stale(name, self.graph, self.lake, state, plan.fingerprints[name]):
            return True
        return any(p in plan.stale or p in self.results.failed for p in self.graph.ancestors([name]) - {name})

    def _same_record(
        self, state: State, name: str, plan: Plan, versions: Mapping[str, int], published: Published
    ) -> bool:
        record = state.tables.get(name)
        return (
            record is not None
            and record.fingerprint == plan.fingerprints[name]
            and dict(record.input_versions) == dict(versions)
            and record.version_after == published.version_after
        )

    def _schedule(
        self,
        names: Sequence[str],
        plan: Plan,
        store: Store,
        state: State,
        done: dict[str, tuple[TableLine, Published, Mapping[str, int]]],
    ) -> None:
        """Run tables side by side as soon as their inputs are done; a failure stops its descendants alone."""
        waiting = list(names)
        running: dict[Future[None], str] = {}
        finished: set[str] = set()
        with ThreadPoolExecutor(max_workers=store.engine.parallel) as pool:
            while waiting or running:
                for name in list(waiting):
                    parents = [p for p in self.graph.parents[name] if p in names]
                    blocking = [p for p in self.graph.parents[name] if p in self.results.failed]
                    if blocking:
                        waiting.remove(name)
                        self.results.failed.add(name)
                        self.results.tables.append(
                            TableLine(name, "blocked", "blocked", error=f"its input {blocking[0]} failed")
                        )
                    elif all(p in finished for p in parents) and len(running) < store.engine.parallel:
                        waiting.remove(name)
                        running[pool.submit(self._one_table, name, plan, store, state, done)] = name
                if running:
                    ended, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in ended:
                        name = running.pop(future)
                        future.result()
                        finished.add(name)

    def _one_table(
        self,
        name: str,
        plan: Plan,
        store: Store,
        state: State,
        done: dict[str, tuple[TableLine, Published, Mapping[str, int]]],
    ) -> None:
        self.reporter.begin(name, name)
        started = time.monotonic()
        spec = self.graph.specs[name]
        try:
            derived = derive(
                spec,
                dict(zip(spec.inputs, self.graph.parents[name], strict=True)),
                store,
                record=state.tables.get(name),
                fingerprint=plan.fingerprints[name],
                full=self.options.full_refresh,
            )
        except Exception as error:  # engines raise classes of their own; other tables go on
            self._fail([name], error, time.monotonic() - started)
            self.reporter.end(name, f"{name} failed", ok=False)
            return
        if derived is None:
            self.reporter.end(name, "")
            return
        line = table_line(name, derived.published, derived.mode, time.monotonic() - started, None)
        done[name] = (line, derived.published, derived.input_versions)
        if derived.mode != "skipped":
            self.results.tables.append(line)
        self.reporter.end(name, f"{name}  {line.duration_s:.1f} s")

    def _drop_clashing(self, store: Store, names: Iterable[str]) -> None:
        """A full refresh rebuilds a table whose declared types have changed."""
        from nh_lakehouse.lakehouse.schema import delta_schema

        for name in names:
            if not self.lake.exists(name):
                continue
            present = {f.name: str(f.type) for f in self.lake.snapshot(name).schema().fields}
            wanted = {f.name: str(f.type) for f in delta_schema(load_tables()[name].columns).fields}
            if any(present.get(n, t) != t for n, t in wanted.items()):
                # Moved in one step: a run killed here leaves a whole table or none.
                self.lake.folder(name).rename(store.scratch(f"{name}_dropped"))

    def _forget_lost(self, store: Store) -> None:
        """Strike the record of tables that are gone or were put back, and of all that is made from them.

        A table that is made anew counts its versions from 0: a recorded number would then mean other rows.
        """
        state = read_state(self.lake)
        lost = {
            table
            for name, record in state.tables.items()
            for table, version in [(name, record.version_after), *record.input_versions.items()]
            if self.lake.version(table) < version
        }
        readers = {t for name in lost for t in (name, *self.graph.descendants(name)) if t in state.tables}
        now = datetime.now(timezone.utc)
        rows = [failed_row(TableLine(name, "lost", "lost"), self.run_id, now) for name in sorted(readers)]
        self._append_ops(store, {"ops.tables": rows})

    # --- the record ----------------------------------------------------------------------------------------------

    def _fail(self, names: Sequence[str], error: Exception, duration: float) -> None:
        message = error.message if isinstance(error, NhLakehouseError) else first_line(error)
        for name in names:
            self.results.failed.add(name)
            self.results.tables.append(TableLine(name, "failed", "failed", duration_s=duration, error=message))

    def _append_ops(self, store: Store, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Write operations tables side by side."""
        jobs = [(name, load_tables()[name].columns, body) for name, body in rows.items() if body]
        with ThreadPoolExecutor(max_workers=max(1, len(jobs))) as pool:
            for future in [pool.submit(store.append_rows, *job) for job in jobs]:
                future.result()

    def _record_run(self, store: Store, report: RunReport) -> None:
        options = {k: str(v) for k, v in asdict(self.options).items() if v not in (None, (), False)}
        row = run_row(self.results.outcomes, self.results.tables, options, self.started_at, self.run_id, report.engine)
        self._append_ops(store, {"ops.runs": [row]})

    # --- the report ----------------------------------------------------------------------------------------------

    def _planned(self, plan: Plan) -> dict[str, list[str]]:
        tables = set(plan.stale)
        for name in plan.stale:
            tables |= self.graph.descendants(name)
        for data_set in plan.data_sets:
            if any(plan.data_sets[data_set].name_fit(f.base_name) >= 0 for f in plan.new_files):
                tables |= self.graph.descendants(f"bronze.{data_set}")
        reachable = self._reachable(plan)
        return {
            **({"take back": list(plan.unfinished)} if plan.unfinished else {}),
            "files": [f.name for f in plan.new_files],
            "tables": [t for t in self.graph.order if t in tables and t in plan.fingerprints and t in reachable],
        }

    def _reachable(self, plan: Plan) -> set[str]:
        """Tables whose required inputs are there, or will be once the new files are loaded."""
        fitting = {d for d, c in plan.data_sets.items() if any(c.name_fit(f.base_name) >= 0 for f in plan.new_files)}
        there = {f"bronze.{d}" for d in fitting}
        for name in self.graph.order:
            spec, parents = self.graph.specs[name], self.graph.parents[name]
            has = [p in there or self.lake.exists(p) for p in parents]
            required = [h for i, h in zip(spec.inputs, has, strict=True) if i not in spec.optional]
            if all(required) and any(has):
                there.add(name)
        return there

    def _status(self, report: RunReport) -> str:
        bad_files = any(f.status in ("rejected", "failed", "changing") for f in report.files)
        bad_tables = any(t.status in ("failed", "blocked") for t in report.tables)
        return "partial" if bad_files or bad_tables else "ok"


def _start_quietly(engine: Engine) -> None:
    """Start the engine while files are read; what goes wrong is told by the first real use."""
    try:
        _ = engine.session
    except Exception:
        return


def _folder_size(folder: Path) -> int:
    return sum(f.stat().st_size for f in folder.glob("*.parquet"))
