"""Where landing files come from."""

from __future__ import annotations

from nh_lakehouse.sources.local import LandingFile, list_landing

__all__ = ["LandingFile", "list_landing"]
