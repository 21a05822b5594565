"""A table function's result against its declaration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nh_lakehouse.contracts.model import DerivedColumn
from nh_lakehouse.errors import LoadError
from nh_lakehouse.lakehouse.schema import spark_type

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["check_columns"]


def check_columns(name: str, frame: DataFrame, columns: Sequence[DerivedColumn]) -> None:
    """Hold the columns of a computed frame against the declared ones.

    Raises:
        LoadError: a column is missing, not declared, or of another type; all differences are listed.
    """
    found = {f.name: f.dataType for f in frame.schema.fields}
    declared = {c.name: spark_type(c.type) for c in columns}
    problems = [f"lacks {c}" for c in declared if c not in found]
    problems += [f"has {c}, which is not declared" for c in found if c not in declared]
    problems += [
        f"{c} is {found[c].simpleString()}, declared {declared[c].simpleString()}"
        for c in declared
        if c in found and found[c].simpleString() != declared[c].simpleString()
    ]
    if problems:
        raise LoadError(f"{name}: the function and its declaration differ: {'; '.join(problems)}", table=name)
