"""The graph of tables, read from the signatures of the table functions."""

from __future__ import annotations

import fnmatch
import importlib
import pkgutil
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType

from nh_lakehouse.contracts import load_contracts, load_tables
from nh_lakehouse.contracts.model import DataSet, TableDeclaration
from nh_lakehouse.declare import TableSpec, join_parts
from nh_lakehouse.errors import PlanError

__all__ = ["PACKAGES", "Graph", "build_graph", "collect_specs", "fits"]

#: Packages that hold the table functions.
PACKAGES = ("nh_lakehouse.silver", "nh_lakehouse.gold")


@dataclass(frozen=True)
class Graph:
    """Table functions and what they read.

    Attributes:
        specs: table functions by full name.
        parents: full name -> full names of its inputs (`bronze.x` for silver tables), in the order of the signature.
        order: full names, inputs before what reads them.
    """

    specs: Mapping[str, TableSpec]
    parents: Mapping[str, tuple[str, ...]]
    order: tuple[str, ...]

    def children(self, name: str) -> list[str]:
        """Tables that read a table directly."""
        return [t for t in self.order if name in self.parents[t]]

    def ancestors(self, names: Iterable[str]) -> set[str]:
        """The tables and everything they are made from."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(self.parents.get(name, ()))
        return found

    def descendants(self, name: str) -> set[str]:
        """Everything that is made from a table."""
        found: set[str] = set()
        waiting = self.children(name)
        while waiting:
            child = waiting.pop()
            if child not in found:
                found.add(child)
                waiting.extend(self.children(child))
        return found

    def select(self, patterns: Sequence[str]) -> set[str]:
        """Tables that fit full names, short names or patterns such as `gold.nh_*`, with all they are made from.

        Raises:
            PlanError: a pattern fits no table.
        """
        chosen: set[str] = set()
        for pattern in patterns:
            fitting = [n for n in self.specs if fits(n, pattern)]
            if not fitting:
                raise PlanError(
                    f"--select {pattern}: no table of that name; tables: {', '.join(self.order)}", option="--select"
                )
            chosen.update(fitting)
        return self.ancestors(chosen)

    def domain(self, name: str) -> str:
        """Domain of a table, by its declaration; `ops` of what stands beside all domains."""
        return load_tables()[name].domain

    def is_of(self, name: str, domains: Sequence[str]) -> bool:
        """Whether a table belongs to one of the domains, or stands beside all (`ops`) and reads a table of one."""
        of = [name] if self.domain(name) != "ops" else [t for t in self.parents[name] if t in self.specs]
        return any(self.domain(table) in domains for table in of)


def collect_specs(packages: Sequence[str | ModuleType] = PACKAGES) -> list[TableSpec]:
    """All table functions in packages or modules."""
    specs: dict[int, TableSpec] = {}
    for package in packages:
        module = importlib.import_module(package) if isinstance(package, str) else package
        modules = [module]
        for info in pkgutil.iter_modules(getattr(module, "__path__", [])):
            modules.append(importlib.import_module(f"{module.__name__}.{info.name}"))
        for part in modules:
            for value in vars(part).values():
                spec = getattr(value, "__table__", None)
                if isinstance(spec, TableSpec) and spec.function.__module__ == part.__name__:
                    specs[id(spec)] = spec
    return join_parts(list(specs.values()))


def fits(name: str, pattern: str) -> bool:
    """Whether a table fits a full name, a short name or a pattern such as `gold.nh_*`."""
    return fnmatch.fnmatch(name, pattern) or fnmatch.fnmatch(name.split(".")[1], pattern)


def build_graph(
    specs: Sequence[TableSpec] | None = None,
    *,
    tables: Mapping[str, TableDeclaration] | None = None,
    contracts: Mapping[str, DataSet] | None = None,
) -> Graph:
    """Order the table functions and check the whole graph before anything runs.

    Args:
        specs: table functions; those of the package if None.
        tables: declarations; those of the package if None.
        contracts: data sets; those of the package if None.
    Raises:
        PlanError: cycles, unknown inputs, names twice, undeclared tables; all are listed together in `problems`.
    """
    specs = collect_specs() if specs is None else specs
    tables = load_tables() if tables is None else tables
    contracts = load_contracts() if contracts is None else contracts
    problems: list[str] = []
    by_name: dict[str, TableSpec] = {}
    shorts: dict[str, str] = {n.split(".")[1]: n for n in tables}
    own: dict[str, str] = {}
    for spec in specs:
        if spec.name in by_name or own.get(spec.short_name, spec.name) != spec.name:
            first = by_name[own[spec.short_name]]
            problems.append(
                f"two tables share the name {spec.short_name}: {first.name} in {first.function.__module__} and "
                f"{spec.name} in {spec.function.__module__}"
            )
            continue
        by_name[spec.name] = spec
        own[spec.short_name] = spec.name
        if spec.name not in tables:
            problems.append(f"{spec.name} has a function and no declaration of its columns")
            continue
        declared = tables[spec.name].column_names
        if stray := [c for c in dict.fromkeys((*spec.key, *spec.per, *spec.order)) if c not in declared]:
            problems.append(f"{spec.name}: key, per or order name columns that are not declared: {', '.join(stray)}")
        problems += _problems_of_history(spec, declared, contracts)
        problems += _problems_of_reach(spec, tables)
    shorts.update(own)
    parents: dict[str, tuple[str, ...]] = {}
    for name, spec in by_name.items():
        full: list[str] = []
        for parameter in spec.inputs:
            if not spec.is_derived and parameter in contracts:
                full.append(f"bronze.{parameter}")
            elif parameter in shorts:
                full.append(shorts[parameter])
            else:
                problems.append(
                    f"{name} reads {parameter}, which is no table; tables and data sets are named in its parameters"
                )
        parents[name] = tuple(full)
    order, cycles = _sort(by_name, parents)
    problems += [f"cycle: {' -> '.join(cycle)}" for cycle in cycles]
    if problems:
        raise PlanError("the tables cannot be put in order:\n  " + "\n  ".join(problems), problems=problems)
    return Graph(by_name, parents, tuple(order))


def _problems_of_history(spec: TableSpec, declared: Sequence[str], contracts: Mapping[str, DataSet]) -> list[str]:
    """Columns that the versions of a table need and do not have."""
    problems = []
    for made_by in spec.makers:
        if stray := [c for c in (*made_by.type_1, *made_by.computed) if c not in declared]:
            problems.append(f"{spec.name}: type_1 or computed name columns that are not declared: {', '.join(stray)}")
        main = contracts.get(made_by.inputs[0]) if made_by.taken_back else None
        if main and not set(re.findall(r"[a-z_][a-z0-9_]*", str(made_by.taken_back))) & set(main.column_by_name):
            problems.append(f"{spec.name}: taken_back names no column of {main.name}: {made_by.taken_back}")
        for data_set, column in made_by.refined_by.items():
            if data_set in contracts and column not in contracts[data_set].column_by_name:
                problems.append(f"{spec.name}: {data_set} has no column {column} to date its rows by")
    return problems


def _problems_of_reach(spec: TableSpec, tables: Mapping[str, TableDeclaration]) -> list[str]:
    """Why it could not be told which months a change of an input reaches."""
    if not spec.reach:
        return []
    problems, period = [], spec.per[0]
    columns = {name.split(".")[1]: {c.name: c.type for c in t.columns} for name, t in tables.items()}
    if columns[spec.short_name].get(period) != "date":
        problems.append(f"{spec.name}: reach needs a day in per, found {period}")
    if not any(period in columns.get(p, ()) for p in spec.inputs if p not in spec.reach):
        problems.append(
            f"{spec.name}: no input outside reach has the column {period}, which says what months there are"
        )
    for parameter, reach in spec.reach.items():
        kind = columns.get(parameter, {}).get(reach.since)
        if kind not in ("date", "int", None) or not reach.columns:
            problems.append(
                f"{spec.name}: reach of {parameter}: expected a day or a year in since and at least one more column, "
                f"found {reach.since} ({kind}) and {len(reach.columns)} columns"
            )
    return problems


def _sort(specs: Mapping[str, TableSpec], parents: Mapping[str, tuple[str, ...]]) -> tuple[list[str], list[list[str]]]:
    """Depth-first order, and the cycles."""
    done: set[str] = set()
    order: list[str] = []
    path: list[str] = []
    cycles: list[list[str]] = []

    def visit(name: str) -> None:
        if name in done:
            return
        if name in path:
            cycles.append([*path[path.index(name) :], name])
            return
        path.append(name)
        for parent in parents.get(name, ()):
            if parent in specs:
                visit(parent)
        path.pop()
        done.add(name)
        order.append(name)

    for name in sorted(specs):
        visit(name)
    return order, cycles
