"""The command line, called as on a screen of 120 columns that is no terminal."""

from __future__ import annotations

from typing import Any

from typer.testing import CliRunner

from nh_lakehouse.cli.app import app

__all__ = ["call"]


def call(*arguments: Any, **environment: str) -> Any:
    """One call, with these environment variables; an empty one is not set."""
    settings = {"COLUMNS": "120", "NH_LAKEHOUSE": "", "NH_LAKEHOUSE_DEBUG": "", **environment}
    return CliRunner().invoke(app, [str(a) for a in arguments], env={k: v or None for k, v in settings.items()})
