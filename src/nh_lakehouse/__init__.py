"""nh_lakehouse: a lakehouse for public US health-care data."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "Lakehouse": "nh_lakehouse.lakehouse",
    "NhLakehouseError": "nh_lakehouse.errors",
    "RunOptions": "nh_lakehouse.pipeline.runner",
    "build_graph": "nh_lakehouse.pipeline.graph",
    "generate_claims_delivery": "nh_lakehouse.sample",
    "generate_claims_sample": "nh_lakehouse.sample",
    "generate_sample": "nh_lakehouse.sample",
    "load_contracts": "nh_lakehouse.contracts",
    "load_tables": "nh_lakehouse.contracts",
    "open_engine": "nh_lakehouse.engines",
    "run": "nh_lakehouse.pipeline.runner",
    "table": "nh_lakehouse.declare",
}

__all__ = sorted([*_PUBLIC, "__version__"])


def __getattr__(name: str) -> Any:
    """Public names, imported at first use: a bare import loads no engine and no PySpark."""
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
