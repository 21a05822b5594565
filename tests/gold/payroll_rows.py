"""Rows of silver.pbj_daily for tests: hours by job in, the columns of silver out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

Hours = str | float | None
JOBS = {
    "rn": ("rndon", "rnadmin", "rn_direct"),
    "lpn": ("lpnadmin", "lpn_direct"),
    "aide": ("cna", "natrn", "medaide"),
}
EVERY_JOB = [job for jobs in JOBS.values() for job in jobs]


def quarter_of(day: date) -> str:
    """The calendar quarter of a day, written 2023Q2."""
    return f"{day.year}Q{(day.month + 2) // 3}"


def silver_day(
    ccn: str,
    work_date: date,
    census: int | None,
    emp: Mapping[str, Hours],
    ctr: Mapping[str, Hours] | None = None,
    both: Mapping[str, Hours] | None = None,
    **other: Any,
) -> dict[str, Any]:
    """One row: hours of employees and of contract staff by job, 0 where not given; `both` is their sum by default."""
    row: dict[str, Any] = {
        "ccn": ccn,
        "work_date": work_date,
        "quarter": quarter_of(work_date),
        "state": "RI",
        "census": census,
        "census_zero": None if census is None else census == 0,
        "is_weekend": work_date.weekday() >= 5,
    }
    parts = {"_emp": _by_job(emp), "_ctr": _by_job(ctr or {})}
    parts[""] = _by_job(both) if both else {job: _add(parts["_emp"][job], parts["_ctr"][job]) for job in EVERY_JOB}
    for part, hours in parts.items():
        groups = {name: _add(*[hours[job] for job in jobs]) for name, jobs in JOBS.items()}
        sums = {**hours, **groups, "total": _add(*groups.values())}
        row |= {f"hrs_{name}{part}": None if value is None else float(value) for name, value in sums.items()}
    return row | other


def _by_job(hours: Mapping[str, Hours]) -> dict[str, Decimal | None]:
    given = {job: hours.get(job, 0) for job in EVERY_JOB}
    return {job: None if value is None else Decimal(str(value)) for job, value in given.items()}


def _add(*values: Decimal | None) -> Decimal | None:
    return None if None in values else sum((v for v in values if v is not None), Decimal(0))
