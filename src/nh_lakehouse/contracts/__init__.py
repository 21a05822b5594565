"""Contracts: what a source data set looks like, and what every derived table publishes.

A contract is YAML under `<domain>/data_sets/`, a table declaration under `<domain>/tables/`. Both are read once into
the typed model of `model.py`.
"""

from __future__ import annotations

from nh_lakehouse.contracts.loading import load_contracts, load_tables, read_data_set
from nh_lakehouse.contracts.model import Column, DataSet, HeaderMatch, TableDeclaration

__all__ = ["Column", "DataSet", "HeaderMatch", "TableDeclaration", "load_contracts", "load_tables", "read_data_set"]
