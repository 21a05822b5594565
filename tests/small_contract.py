"""Contracts made for one test: a few columns, everything else by default."""

from __future__ import annotations

from typing import Any

from nh_lakehouse.contracts.model import DataSet, DerivedColumn, TableDeclaration


def column(name: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    """One column; its header is its name in capitals."""
    return {"name": name, "header": name.upper(), "type": kind, "description": name, **more}


def small_contract(*columns: dict[str, Any], **changes: Any) -> DataSet:
    """A monthly data set `things` with a required text key `id`, the columns given, and a date `day`."""
    document = {
        "name": "things",
        "domain": "test",
        "title": "Things",
        "publisher": "nobody",
        "files": ["Things_{Mon}{YYYY}.csv"],
        "rhythm": "M",
        "period": {"column": "day", "grain": "month"},
        "key": ["id"],
        "columns": [column("id", required=True), *columns, column("day", "date")],
    }
    return DataSet.model_validate({**document, **changes})


def declared_as(domain: str, name: str, columns: str) -> TableDeclaration:
    """A table of these columns, written `id string, n bigint`."""
    pairs = [column.strip().split(" ") for column in columns.split(", ")]
    described = tuple(DerivedColumn(name=n, type=t, description=n) for n, t in pairs)
    return TableDeclaration(name=name, domain=domain, title=name, columns=described)
