"""Delta tables of a lakehouse folder: locate, read, write, follow changes, maintain."""

from __future__ import annotations

from nh_lakehouse.lakehouse.lakehouse import LAYERS, Lakehouse

__all__ = ["LAYERS", "Lakehouse"]
