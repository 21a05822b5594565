"""Contracts of a few columns in place of a hundred, for tests of what the width has no part in.

The small files of these tests have those columns alone: of the others a table would hold nulls, and planning a hundred
typed columns is what a run over three homes spends its time on. The real width is tried by the scenarios of the sample.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import pytest

import nh_lakehouse
from nh_lakehouse.contracts import DataSet, TableDeclaration, load_contracts, load_tables
from nh_lakehouse.contracts.model import Column

#: Data set -> the columns that stay: those of `deliveries.provider`, and what the functions of its tables read.
COLUMNS = {
    "nh_provider_info": (
        "ccn name state phone ownership_type certified_beds residents_per_day total_hprd rn_hprd lpn_hprd licensed_hprd "
        "aide_hprd case_mix_total_hprd nursing_turnover_pct chain_id processing_date"
    ).split(),
    "nh_chain_performance": ["chain_name", "chain_id", "facility_n"],
}
#: Tables whose declared columns follow, and their data set.
TABLES = {
    "silver.nh_facility": "nh_provider_info",
    "silver.nh_facility_month": "nh_provider_info",
    "silver.nh_chain": "nh_chain_performance",
}


def with_columns(data_set: DataSet, columns: Iterable[Column]) -> DataSet:
    """The contract with other columns. Built anew: a copy would keep what the original had looked up."""
    fields = {f: getattr(data_set, f) for f in type(data_set).model_fields}
    return type(data_set)(**{**fields, "columns": tuple(columns)})


def narrowed(data_set: DataSet) -> DataSet:
    """The contract with the columns that stay, and their footnotes."""
    keep = {*COLUMNS.get(data_set.name, data_set.column_by_name)}
    keep |= {c.footnote for c in data_set.columns if c.name in keep and c.footnote}
    narrow = with_columns(data_set, [c for c in data_set.columns if c.name in keep])
    gone = re.compile("|".join(rf"\b{c.name}\b" for c in data_set.columns if c.name not in keep))
    checks = tuple(c for c in narrow.checks if not gone.search(c.when))
    return narrow.model_copy(update={"checks": checks})


def narrow_contracts() -> dict[str, DataSet]:
    """All contracts of the package, wide ones narrowed."""
    return {name: narrowed(d) if name in COLUMNS else d for name, d in load_contracts().items()}


def narrow_tables() -> dict[str, TableDeclaration]:
    """All declarations of the package, with what is left of the narrowed contracts."""
    contracts, found = narrow_contracts(), dict(load_tables())
    for name, data_set in TABLES.items():
        gone = set(load_contracts()[data_set].column_by_name) - set(contracts[data_set].column_by_name)
        columns = tuple(c for c in found[name].columns if c.name not in gone)
        found[name] = found[name].model_copy(update={"columns": columns})
    return found


@contextmanager
def narrow() -> Iterator[Mapping[str, DataSet]]:
    """In here the package knows the narrowed contracts alone."""
    for module in pkgutil.walk_packages(nh_lakehouse.__path__, "nh_lakehouse."):
        # Whatever is imported later would keep the narrowed ones.
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    contracts, tables = narrow_contracts(), narrow_tables()
    with pytest.MonkeyPatch.context() as patch:
        for name, module in list(sys.modules.items()):
            if name.startswith("nh_lakehouse."):
                if vars(module).get("load_contracts") is load_contracts:
                    patch.setattr(module, "load_contracts", lambda: contracts)
                if vars(module).get("load_tables") is load_tables:
                    patch.setattr(module, "load_tables", lambda: tables)
        yield contracts
