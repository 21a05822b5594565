"""Reading the YAML of contracts and table declarations, with errors that name file, line and field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from nh_lakehouse.contracts.model import DataSet, DerivedColumn, TableDeclaration, describe_problem
from nh_lakehouse.contracts.slots import Location, SlotError, expand_columns
from nh_lakehouse.errors import ContractError

__all__ = ["load_contracts", "load_tables", "read_data_set", "source_columns"]

_HERE = Path(__file__).parent
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def load_contracts() -> Mapping[str, DataSet]:
    """All data-set contracts of the package, by name.

    Raises:
        ContractError: a file is not valid; all problems are listed together.
    """
    contracts: dict[str, DataSet] = {}
    problems: list[str] = []
    for path in sorted(_HERE.glob("*/data_sets/*.yaml")):
        try:
            data_set = read_data_set(path)
        except ContractError as error:
            problems.append(error.message)
            continue
        if data_set.name in contracts:
            problems.append(f"{path.name}: the data set {data_set.name} is declared twice")
        contracts[data_set.name] = data_set
    if problems:
        raise ContractError("\n".join(problems))
    return contracts


def read_data_set(path: Path) -> DataSet:
    """The contract in one YAML file.

    Raises:
        ContractError: the YAML or a field is wrong; file, line and field are named.
    """
    document = _read_yaml(path)
    try:
        expanded = expand_columns(document.get("columns"))
    except SlotError as error:
        raise _refused(path, error.location, f"{_dotted(error.location)}: {error}") from error
    if "columns" in document:
        document["columns"] = expanded.columns
    try:
        return DataSet.model_validate(document)
    except ValidationError as error:
        first = expanded.written_at(error.errors()[0]["loc"])
        raise _refused(path, first, describe_problem(error, expanded.written_at)) from error


def _refused(path: Path, location: Location, problem: str) -> ContractError:
    line = _line_of(path, location)
    return ContractError(f"{path.name}, line {line}: {problem}", file=str(path), line=line)


def _dotted(location: Location) -> str:
    return ".".join(str(part) for part in location)


@cache
def load_tables() -> Mapping[str, TableDeclaration]:
    """All declared silver, gold and ops tables, by full name, their column definitions filled in.

    A bare column name takes its definition from the domain's `shared.yaml`, else from the contracts of the domain.

    Raises:
        ContractError: a declaration is not valid; all problems are listed together.
    """
    tables: dict[str, TableDeclaration] = {}
    problems: list[str] = []
    for folder in sorted(p for p in _HERE.iterdir() if (p / "tables").is_dir()):
        shared = _shared_columns(folder)
        for path in sorted((folder / "tables").glob("*.yaml")):
            for name, body in (_read_yaml(path).get("tables") or {}).items():
                try:
                    tables[name] = _declaration(name, folder.name, body, shared, path)
                except ContractError as error:
                    problems.append(error.message)
    if problems:
        raise ContractError("\n".join(problems))
    return tables


def _shared_columns(folder: Path) -> dict[str, DerivedColumn]:
    shared: dict[str, DerivedColumn] = {}
    for data_set in load_contracts().values():
        if data_set.domain == folder.name:
            for column in data_set.columns:
                shared.setdefault(
                    column.name,
                    DerivedColumn(
                        name=column.name, type=column.spark_type, unit=column.unit, description=column.description
                    ),
                )
    for path in (_HERE / "shared.yaml", folder / "shared.yaml"):
        if path.exists():
            for column in _read_yaml(path).get("columns") or []:
                shared[column["name"]] = DerivedColumn.model_validate(column)
    return shared


def _declaration(
    name: str, domain: str, body: Mapping[str, Any], shared: Mapping[str, DerivedColumn], path: Path
) -> TableDeclaration:
    columns: list[DerivedColumn] = []
    own = source_columns(body.get("of"))
    for entry in body.get("columns") or []:
        if isinstance(entry, str):
            found = own.get(entry) or shared.get(entry)
            if found is None:
                raise ContractError(
                    f"{path.name}: {name}: column {entry!r} is not defined here, in shared.yaml or in a contract"
                )
            columns.append(found)
        else:
            columns.append(_derived_column(entry, shared, name, path))
    names = [c.name for c in columns]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise ContractError(f"{path.name}: {name}: columns declared twice: {twice}")
    try:
        rest = {k: v for k, v in body.items() if k not in ("columns", "of")}
        return TableDeclaration(name=name, domain=domain, columns=tuple(columns), **rest)
    except ValidationError as error:
        raise ContractError(f"{path.name}: {name}: {describe_problem(error)}") from error


def _derived_column(entry: Any, shared: Mapping[str, DerivedColumn], name: str, path: Path) -> DerivedColumn:
    try:
        known = shared.get(entry.get("name", ""))
        base = known.model_dump() if known else {}
        return DerivedColumn.model_validate({**base, **entry})
    except (ValidationError, AttributeError) as error:
        detail = describe_problem(error) if isinstance(error, ValidationError) else f"{entry!r} is not a column"
        raise ContractError(f"{path.name}: {name}: column {entry!r}: {detail}") from error


def source_columns(data_set: str | None) -> dict[str, DerivedColumn]:
    """Definitions of a contract's columns as table columns (empty without a data set)."""
    if data_set is None or data_set not in load_contracts():
        return {}
    return {
        c.name: DerivedColumn(name=c.name, type=c.spark_type, unit=c.unit, description=c.description)
        for c in load_contracts()[data_set].columns
    }


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 0
        raise ContractError(f"{path.name}, line {line}: not valid YAML: {getattr(error, 'problem', error)}") from error
    if not isinstance(document, dict):
        raise ContractError(f"{path.name}, line 1: expected a mapping, found {type(document).__name__}")
    return document


def _line_of(path: Path, location: Iterable[Any]) -> int:
    """Line of the field that pydantic complains about, as near as the YAML tells."""
    node: Any = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    line = 1
    for step in location:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
        elif isinstance(node, yaml.MappingNode):
            found = [(k, v) for k, v in node.value if k.value == str(step)]
            if not found:
                break
            line = found[0][0].start_mark.line + 1
            node = found[0][1]
            continue
        else:
            break
        line = node.start_mark.line + 1
    return line
