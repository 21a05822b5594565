"""What `run --show` prints below its report: national figures, homes and states to look at, what to try next."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

from nh_lakehouse.cli.claims_answers import show_claims
from nh_lakehouse.cli.hospital_answers import show_hospital
from nh_lakehouse.cli.options import DEFAULT_LAKEHOUSE, Format
from nh_lakehouse.cli.output import Sheet, format_value, print_rows, say, title
from nh_lakehouse.lakehouse import Lakehouse

__all__ = ["command_name", "show_answers", "show_next_steps"]

_LABELS = {
    "facility_n": "Nursing homes",
    "bed_utilization_mean": "Beds in use, mean of homes",
    "bed_utilization_wtd": "Beds in use, all beds together",
    "total_hprd_mean": "Nurse hours per resident day, mean of homes",
    "total_hprd_wtd": "Nurse hours per resident day, all residents",
    "rsrr_mean": "Readmission rate, mean of homes",
    "rsrr_national_unadjusted": "Readmission rate, national, unadjusted",
    "below_4_1_share": "Homes below 4.1 nurse hours",
    "below_3_5_share": "Homes below 3.5 nurse hours",
    "below_3_48_share": "Homes below 3.48 nurse hours",
    "over_capacity_share": "Homes over capacity",
    "below_60_share": "Homes with under 60 % of beds in use",
    "nursing_turnover_pct_mean": "Nursing staff turnover, mean of homes",
    "rn_turnover_pct_mean": "Registered nurse turnover, mean of homes",
    "high_turnover_share": "Homes with turnover above 75 %",
    "payment_change_pct_mean": "Medicare payment change, mean of homes",
    "penalty_pct_mean": "Medicare payment cut, mean of homes",
    "fines_usd": "Fines of three years",
    "fines_usd_mean": "Fines of three years, mean of homes",
    "fined_n": "Homes fined",
    "high_risk_homes_n": "Homes at high risk",
    "critical_states_n": "States at critical risk",
    "critical_state_homes_n": "Homes in those states",
    "lowest_decile_hprd_mean": "Nurse hours of the lowest tenth of homes",
}
_HOMES = ["risk_rank", "ccn", "name", "state", "total_hprd", "rsrr", "penalty_pct", "fines_usd", "risk_score"]
_CITATIONS = ["category", "citations_n", "severity_3_n", "severity_4_n", "complaint_n"]
_CHAINS = ["chain_name", "facility_n", "overall_rating_mean", "total_hprd_wtd", "fines_mean"]
_STATES = ["state", "risk_score", "risk_tier", "total_hprd_mean", "rsrr_mean", "fines_musd", "matched_n"]
_HEADERS = {
    "risk_rank": "rank",
    "total_hprd": "nurse hours",
    "total_hprd_mean": "nurse hours",
    "rsrr": "readmit rate",
    "rsrr_mean": "readmit rate",
    "penalty_pct": "cut %",
    "fines_usd": "fines usd",
    "fines_musd": "fines m usd",
    "risk_score": "risk",
    "risk_tier": "tier",
    "matched_n": "homes",
    "citations_n": "citations",
    "severity_3_n": "actual harm",
    "severity_4_n": "immediate jeopardy",
    "complaint_n": "on complaint",
    "chain_name": "chain",
    "facility_n": "homes",
    "overall_rating_mean": "stars, mean",
    "total_hprd_wtd": "nurse hours, pooled",
    "fines_mean": "fines per home",
}


def show_answers(lake: Lakehouse) -> None:
    """Answers of the newest month: executive summary, homes and states by risk, citations by category, chains."""
    summary = _newest(lake, "gold.nh_executive_summary", ["metric", "value", "benchmark", "unit", "metric_no"])
    if summary:
        title(f"Executive summary, {_month(summary)}")
        rows = sorted(summary, key=lambda r: r["metric_no"])
        figures = Sheet(["", "value", "benchmark"], [_figure(r) for r in rows], right=("value", "benchmark"))
        print_rows(figures, Format.table)
    homes = _newest(lake, "gold.nh_facility_risk", [*_HOMES, "is_high_risk"])
    if homes:
        title(f"The ten homes with the highest risk, {_month(homes)}")
        ranked = sorted(homes, key=lambda r: (r["risk_rank"] is None, r["risk_rank"], r["ccn"]))
        whole_usd = [{**r, "fines_usd": None if r["fines_usd"] is None else round(r["fines_usd"])} for r in ranked[:10]]
        _print(_HOMES, [[r[c] for c in _HOMES] for r in whole_usd], shrink="name")
    states = [
        r
        for r in _newest(lake, "gold.nh_state_risk", [*_STATES, "risk_rank", "best_rank"])
        if r["risk_score"] is not None
    ]
    for rank, heading in (
        ("risk_rank", "Five states with the highest risk"),
        ("best_rank", "Five states with the lowest risk"),
    ):
        if states:
            title(f"{heading}, {_month(states)}")
            best = sorted(states, key=lambda r: (r[rank], r["state"]))[:5]
            _print(_STATES, [[r[c] for c in _STATES] for r in best])
    _show_citations(lake)
    _show_chains(lake)
    show_claims(lake)
    show_hospital(lake)


def _show_citations(lake: Lakehouse) -> None:
    wanted = ["level", "domain", "cycle", *_CITATIONS]
    found = _newest(lake, "gold.nh_citation_summary", wanted)
    rows = [r for r in found if (r["level"], r["domain"], r["cycle"]) == ("nation", "health", "all")]
    if rows:
        title(f"Health citations of three inspection cycles, {_month(found)}")
        most = sorted(rows, key=lambda r: (r["category"] != "all", -r["citations_n"], r["category"]))[:6]
        _print(_CITATIONS, [[r[c] for c in _CITATIONS] for r in most], shrink="category")


def _show_chains(lake: Lakehouse) -> None:
    rows = _newest(lake, "gold.nh_chain_benchmark", [*_CHAINS, "is_independent", "chain_id"])
    if rows:
        title(f"The five largest chains, and homes on their own, {_month(rows)}")
        largest = sorted(rows, key=lambda r: (not r["is_independent"], -r["facility_n"], r["chain_id"]))[:6]
        named = [{**r, "chain_name": "homes on their own" if r["is_independent"] else r["chain_name"]} for r in largest]
        _print(_CHAINS, [[r[c] for c in _CHAINS] for r in named], shrink="chain_name")


def show_next_steps(lake: Lakehouse) -> None:
    """Where the tables are, and three things to try."""
    title(f"The tables are in {_short(lake.root)}")
    where = "" if _short(lake.root) == str(DEFAULT_LAKEHOUSE) else f" --lakehouse {shlex.quote(_short(lake.root))}"
    command = command_name()
    say("Three things to try next:")
    say(f"  {command} tables{where}")
    say(f"  {command} show nh_facility_metrics --where \"state = 'TX'\" --order-by total_hprd --limit 10{where}")
    sql = "SELECT ownership_class, avg(total_hprd) AS hours FROM nh_facility_metrics GROUP BY 1 ORDER BY 2"
    say(f'  {command} query "{sql}"{where}')


def command_name() -> str:
    """How this program was called, so that what is shown can be typed as it is."""
    called = Path(sys.argv[0])
    if called.name == "nh-lakehouse" and shutil.which("nh-lakehouse") is None:
        return _short(called)
    return "nh-lakehouse"


def _newest(lake: Lakehouse, name: str, columns: list[str]) -> list[dict[str, Any]]:
    """Rows of the newest month of a table, none where it does not exist."""
    if not lake.exists(name):
        return []
    rows: list[dict[str, Any]] = lake.arrow(name, [*columns, "snapshot_month"]).to_pylist()
    newest = max((r["snapshot_month"] for r in rows), default=None)
    return [r for r in rows if r["snapshot_month"] == newest]


def _month(rows: list[dict[str, Any]]) -> str:
    return f"{rows[0]['snapshot_month']:%B %Y}"


def _figure(row: dict[str, Any]) -> list[str]:
    return [_LABELS.get(row["metric"], row["metric"]), _amount(row["value"], row["unit"]), _benchmark(row)]


def _benchmark(row: dict[str, Any]) -> str:
    if row["benchmark"] is None:
        return ""
    if row["unit"] != "fraction":
        return f"{row['benchmark']} %" if row["unit"] == "pct" else str(row["benchmark"])
    ends = [format_value(100 * float(part)) for part in str(row["benchmark"]).split("-") if part]
    return "-".join(ends) + " %"


def _amount(value: float | None, unit: str | None) -> str:
    """A figure with its unit; shares as percentages."""
    if value is None:
        return format_value(None)
    if unit == "fraction":
        return f"{100 * value:.1f} %"
    if unit == "pct":
        return f"{value:.1f} %"
    if unit == "usd":
        return f"{value:,.0f} usd"
    return f"{value:,.0f}" if unit == "count" else f"{value:,.2f}"


def _print(names: list[str], rows: list[list[Any]], shrink: str | None = None) -> None:
    print_rows(Sheet(names, rows, shrink, _HEADERS), Format.table)


def _short(path: Path) -> str:
    """A path from the working directory where that is shorter."""
    relative = os.path.relpath(path)
    return relative if len(relative) < len(str(path)) and not relative.startswith("../..") else str(path)
