"""What a run would do, found out without an engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nh_lakehouse.bronze.identify import candidates
from nh_lakehouse.contracts import load_contracts, load_tables
from nh_lakehouse.contracts.model import DataSet
from nh_lakehouse.errors import NO_PERMISSION
from nh_lakehouse.lakehouse import Lakehouse
from nh_lakehouse.lakehouse.state import KnownFile, State
from nh_lakehouse.pipeline.derive import is_current
from nh_lakehouse.pipeline.fingerprint import table_fingerprint
from nh_lakehouse.pipeline.graph import Graph
from nh_lakehouse.sources import LandingFile

__all__ = ["Plan", "contracts_fingerprint", "is_stale", "make_plan"]


@dataclass(frozen=True)
class Plan:
    """What is to be done.

    Attributes:
        new_files: landing files to read.
        ignored: hidden files, listed but never read.
        rejected: files that were rejected before and lie there still, unchanged.
        stale: tables that are not current (before the new files are loaded).
        fingerprints: present fingerprint of every table in the run.
        data_sets: data sets in the run, by name.
        unfinished: files that were being taken back when the process was killed.
    """

    new_files: tuple[LandingFile, ...]
    ignored: tuple[LandingFile, ...]
    rejected: tuple[KnownFile, ...]
    stale: tuple[str, ...]
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    data_sets: Mapping[str, DataSet] = field(default_factory=dict)
    unfinished: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Nothing to load, nothing to compute and nothing to take back."""
        return not self.new_files and not self.stale and not self.unfinished


def contracts_fingerprint(contracts: Mapping[str, DataSet]) -> str:
    """Fingerprint of all contracts together: a new contract looks again at unknown files."""
    import hashlib

    return hashlib.sha256("".join(c.fingerprint() for _, c in sorted(contracts.items())).encode()).hexdigest()[:16]


def make_plan(
    lake: Lakehouse,
    state: State,
    landing: Sequence[LandingFile],
    graph: Graph,
    data_sets: Mapping[str, DataSet],
    tables: Sequence[str],
    *,
    full_refresh: bool = False,
    rebuild: Sequence[str] = (),
) -> Plan:
    """Compare the landing folder and the tables with what earlier runs recorded.

    Args:
        lake: the lakehouse.
        state: its recorded state.
        landing: files in the landing folder.
        graph: the tables.
        data_sets: data sets that belong to the run.
        tables: tables that belong to the run, inputs first.
        full_refresh: every table counts as stale.
        rebuild: the silver tables of these data sets count as stale.
    """
    everything = contracts_fingerprint(load_contracts())
    new, rejected, known_names = [], [], set()
    for file in landing:
        if file.ignored:
            continue
        meant = candidates(file.base_name, {**load_contracts(), **data_sets}.values())
        fitting = [c for c in meant if c.name in data_sets]
        if meant and not fitting:
            continue  # of a data set outside this run's domains and selection: neither unknown nor new
        known = state.files.get(file.name)
        expected = fitting[0].fingerprint() if len(fitting) == 1 else everything
        if known is not None and _is_known(known, file, expected) and not _is_lost(known, lake):
            known_names.add(file.name)
            if known.status == "rejected":
                rejected.append(known)
        else:
            new.append(file)
    fingerprints = {name: _fingerprint(name, graph, data_sets) for name in tables}
    stale = [
        name
        for name in tables
        if full_refresh
        or (not graph.specs[name].is_derived and not set(rebuild).isdisjoint(graph.specs[name].inputs))
        or is_stale(name, graph, lake, state, fingerprints[name])
    ]
    ignored = [f for f in landing if f.ignored]
    unfinished = tuple(sorted(name for name, known in state.files.items() if known.status == "forgetting"))
    return Plan(tuple(new), tuple(ignored), tuple(rejected), tuple(stale), fingerprints, data_sets, unfinished)


def _is_known(known: KnownFile, file: LandingFile, fingerprint: str) -> bool:
    same = known.size_bytes == file.size_bytes and known.modified_at == file.modified_at
    if known.status in ("changing", "failed", "waiting"):
        return False
    if known.status == "rejected" and NO_PERMISSION in (known.error or "") and file.is_readable:
        return False
    if known.status in ("rejected", "unknown"):
        return same and known.contract_fingerprint == fingerprint
    if known.status in ("accepted", "forgotten", "forgetting") and not same:
        return known.size_bytes == file.size_bytes and known.sha256 is not None and known.sha256 == file.sha256()
    return same


def _is_lost(known: KnownFile, lake: Lakehouse) -> bool:
    """Whether a file was loaded into a bronze table that is there no longer."""
    return known.status in ("loaded", "duplicate") and not lake.exists(f"bronze.{known.data_set}")


def _fingerprint(name: str, graph: Graph, data_sets: Mapping[str, DataSet]) -> str:
    spec = graph.specs[name]
    sources = [] if spec.is_derived else [data_sets[i] for i in spec.inputs if i in data_sets]
    return table_fingerprint(spec, load_tables()[name], sources)


def is_stale(name: str, graph: Graph, lake: Lakehouse, state: State, fingerprint: str) -> bool:
    """Whether a table's last write used other inputs or another function than the present ones."""
    versions = {parent: lake.version(parent) for parent in graph.parents[name]}
    spec = graph.specs[name]
    required = [v for p, v in zip(spec.inputs, versions.values(), strict=True) if p not in spec.optional]
    if any(v < 0 for v in required) or all(v < 0 for v in versions.values()):
        return False
    return not is_current(state.tables.get(name), fingerprint, versions, lake.version(name))
