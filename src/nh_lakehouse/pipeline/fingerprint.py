"""What a table is made by: its function's module, the package modules that one imports, thresholds and columns."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from nh_lakehouse.contracts.model import DataSet, TableDeclaration
from nh_lakehouse.declare import TableSpec

__all__ = ["table_fingerprint"]

_PACKAGE = "nh_lakehouse"
#: Modules that do not decide a table's content.
_NEUTRAL = (f"{_PACKAGE}.errors", f"{_PACKAGE}.declare")


def table_fingerprint(spec: TableSpec, declaration: TableDeclaration, data_sets: Sequence[DataSet] = ()) -> str:
    """Short hash that changes when the table would have to be computed anew.

    Args:
        spec: the table function.
        declaration: its declared columns (names and types count, descriptions do not).
        data_sets: for silver, the contracts of its sources; the steps of silver count as well.
    """
    parts = [repr(sorted((n, repr(v)) for n, v in spec.thresholds.items()))]
    parts += [f"{c.name}:{c.type}" for c in declaration.columns]
    parts += [repr((spec.key, spec.per, sorted(spec.lookback.items()), spec.history, spec.group, spec.untracked))]
    parts += [f"reach:{name}:{reach!r}" for name, reach in sorted(spec.reach.items())]
    parts += [part for made_by in spec.makers if (part := _of_history(made_by))]
    # Every row carries its hash: another way of hashing is another table.
    modules = set(_closure(f"{_PACKAGE}.silver.row_hash"))
    for made_by in spec.makers:
        modules |= _closure(made_by.function.__module__)
    if data_sets:
        parts += [d.fingerprint() for d in data_sets]
        modules |= _closure(f"{_PACKAGE}.silver.conform") | _closure(f"{_PACKAGE}.silver.resolve")
        if spec.history == "scd2":
            modules |= _closure(f"{_PACKAGE}.silver.history")
    parts += [f"{name}:{_source_hash(name)}" for name in sorted(modules)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _of_history(spec: TableSpec) -> str:
    """What decides versions, beside that which all tables have."""
    special = [spec.type_1, sorted(spec.computed.items()), sorted(spec.refined_by.items())]
    told = [*special, spec.taken_back] if spec.taken_back else special
    return repr((spec.part, spec.group, spec.untracked, *told)) if any(told) else ""


@cache
def _closure(module: str) -> frozenset[str]:
    """A module and the modules of the package that it imports, directly or not."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in found or name in _NEUTRAL or name.startswith(f"{_PACKAGE}.contracts"):
            continue
        path = _path(name)
        if path is None or (not name.startswith(_PACKAGE) and name != module):
            continue
        found.add(name)
        waiting.extend(_imports(path))
    return frozenset(found)


@cache
def _imports(path: Path) -> tuple[str, ...]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(_PACKAGE):
            names.append(node.module)
            names += [f"{node.module}.{alias.name}" for alias in node.names if _path(f"{node.module}.{alias.name}")]
        elif isinstance(node, ast.Import):
            names += [a.name for a in node.names if a.name.startswith(_PACKAGE)]
    return tuple(names)


@cache
def _path(module: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(module)
    except (ModuleNotFoundError, ValueError):
        return None
    return Path(spec.origin) if spec and spec.origin and spec.origin.endswith(".py") else None


@cache
def _source_hash(module: str) -> str:
    path = _path(module)
    return hashlib.sha256(path.read_bytes()).hexdigest() if path else ""
