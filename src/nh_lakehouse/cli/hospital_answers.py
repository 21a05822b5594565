"""What `run --show` prints of hospital records: the key figures beside those by the rule of the document."""

from __future__ import annotations

from typing import Any

from nh_lakehouse.cli.options import Format
from nh_lakehouse.cli.output import Sheet, format_value, print_rows, title
from nh_lakehouse.lakehouse import Lakehouse

__all__ = ["show_hospital"]

#: Label, column, unit, and the column of the same question by the rule of the document.
_FIGURES = (
    ("Encounters", "encounters_n", "count", None),
    ("Patients", "patients_n", "count", None),
    ("Length of stay, mean, days", "alos_days", "", None),
    ("Readmitted within 30 days", "readmit_rate", "share", "readmit_rate_doc"),
    ("Readmissions of chronic patients", "chronic_share_readmissions", "share", "chronic_share_doc"),
    ("Cost that no payer covers", "noncovered_usd", "usd", "zero_coverage_usd"),
    ("Of it, of people without insurance", "uninsured_share_of_noncovered", "share", "zero_coverage_share_doc"),
    ("Spending per Medicare episode", "avg_spend_per_episode_usd", "usd", "avg_spend_all_usd"),
    ("Total cost of care per patient", "tcoc_usd", "usd", None),
)


def show_hospital(lake: Lakehouse) -> None:
    """Key figures of all years, classes and payers, of each source."""
    if not lake.exists("gold.hosp_kpi"):
        return
    columns = [c for _, *names in _FIGURES for c in (names[0], names[2]) if c]
    rows = lake.arrow("gold.hosp_kpi", ["source", "year", "encounter_class", "payer_group", *columns]).to_pylist()
    whole = [r for r in rows if {r["year"], r["encounter_class"], r["payer_group"]} == {"all"}]
    for row in sorted(whole, key=lambda r: str(r["source"])):
        title(f"Hospital records ({row['source']}), all years")
        figures = [
            [label, _amount(row[name], unit), _amount(row[doc], unit) if doc else ""]
            for label, name, unit, doc in _FIGURES
        ]
        names = ["", "value", "document"]
        print_rows(Sheet(names, figures, right=tuple(names[1:])), Format.table)


def _amount(value: Any, unit: str) -> str:
    if value is None:
        return format_value(None)
    if unit == "share":
        return f"{100 * value:.1f} %"
    return f"{value:,.0f}{' usd' if unit == 'usd' else ''}" if unit else f"{value:,.2f}"
