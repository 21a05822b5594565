"""What `run --show` prints of claims: what was paid by type, and what a readmission costs."""

from __future__ import annotations

from typing import Any

from nh_lakehouse.cli.options import Format
from nh_lakehouse.cli.output import Sheet, print_rows, title
from nh_lakehouse.lakehouse import Lakehouse

__all__ = ["show_claims"]

_PAID = ["source", "claim_type", "claims_n", "people_n", "payment_usd", "payment_usd_mean"]
_READMISSION = ["source", "index_n", "readmitted_n", "readmit_rate", "cost_per_readmission_usd", "excess"]
_HEADERS = {
    "claim_type": "type",
    "claims_n": "claims",
    "people_n": "people",
    "payment_usd": "paid usd",
    "payment_usd_mean": "usd per claim",
    "index_n": "stays",
    "readmitted_n": "back in 30 days",
    "readmit_rate": "readmit rate",
    "cost_per_readmission_usd": "usd per readmission",
    "excess": "30 days cost more, usd",
}


def show_claims(lake: Lakehouse) -> None:
    """Payments by source and claim type, and the cost of readmissions, of all years together."""
    paid = _of_all_years(lake, "gold.q02_claims_by_year_type", _PAID)
    if paid:
        title("Medicare claims, all years")
        ordered = sorted(paid, key=lambda r: (r["source"], r["claim_type"] != "all", -(r["payment_usd"] or 0)))
        _print(_PAID, [{**r, "payment_usd": _whole(r["payment_usd"])} for r in ordered])
    readmissions = _of_all_years(lake, "gold.readmission_cost", [*_READMISSION, "group_by"])
    rows = [r for r in readmissions if r["group_by"] == "all"]
    if rows:
        title("What a readmission costs: hospital stays watched for 30 days, all years")
        _print(_READMISSION, sorted(rows, key=lambda r: str(r["source"])))


def _of_all_years(lake: Lakehouse, name: str, columns: list[str]) -> list[dict[str, Any]]:
    if not lake.exists(name):
        return []
    rows: list[dict[str, Any]] = lake.arrow(name, [*columns, "period"]).to_pylist()
    return [r for r in rows if r["period"] == "all"]


def _whole(usd: Any) -> int | None:
    return None if usd is None else round(usd)


def _print(names: list[str], rows: list[dict[str, Any]]) -> None:
    print_rows(Sheet(names, [[r[n] for n in names] for r in rows], None, _HEADERS), Format.table)
