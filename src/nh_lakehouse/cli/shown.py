"""What `show` prints first of a table that nobody asked columns or an order for, read off its declaration alone.

The whole of the declarations takes half a second to read and check, which is longer than most answers take.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["First", "first_of"]

_CONTRACTS = Path(__file__).parent.parent / "contracts"


@dataclass(frozen=True)
class First:
    """Columns that come first, and the order of the rows: `column` or `column desc`."""

    columns: tuple[str, ...]
    order_by: tuple[str, ...]


def first_of(name: str) -> First | None:
    """The `show` of a table's declaration; None where it has none, or the package does not declare the table."""
    for path in sorted(_CONTRACTS.glob("*/tables/*.yaml")):
        # A table is a key of two blanks; what is deeper belongs to it.
        block = re.search(rf"^  {re.escape(name)}:\n(?:(?:    .*)?\n)*", path.read_text(encoding="utf-8"), re.MULTILINE)
        if block:
            if not re.search(r"^    show:", block[0], re.MULTILINE):
                return None
            import yaml

            try:
                # Not checked: the tests hold what stands here to what `load_tables` has checked.
                found = yaml.load(block[0], Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))[name]["show"]
            except yaml.YAMLError:  # it refers to an anchor of the rest of the file
                from nh_lakehouse.contracts import load_tables

                show = load_tables()[name].show
                return None if show is None else First(show.columns, show.order_by)
            return First(tuple(found["columns"]), tuple(found["order_by"]))
    return None
