"""The engines that compute and write rows: Apache Spark and Sail, behind one small protocol."""

from __future__ import annotations

from nh_lakehouse.engines.base import ENGINES, Engine, open_engine

__all__ = ["ENGINES", "Engine", "open_engine"]
