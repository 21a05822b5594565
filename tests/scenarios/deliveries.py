"""Landing files for the scenarios: small hand-made ones, and histories of many cases generated in bulk.

A generated file set holds many cases at once: every case has homes of its own and, as completeness is judged per
state, a state of its own. So one load tries hundreds of histories.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from rules import Release, Row
from support import csv_text, pbj_rows, provider_row, write

from nh_lakehouse import build_graph
from nh_lakehouse.contracts import load_contracts

MONTHS = ("Oct2024", "Nov2024", "Dec2024", "Jan2025", "Feb2025")
FIRST_DAYS = dict(zip(MONTHS, ("2024-10-01", "2024-11-01", "2024-12-01", "2025-01-01", "2025-02-01"), strict=True))

#: Tables of nursing homes whose months are computed one by one, the trend from those of the year before as well;
#: citations are tried on their own.
BY_MONTH = sorted(
    name
    for name, spec in build_graph().specs.items()
    if spec.per == ("snapshot_month",) and name != "gold.nh_citation_summary"
)


@dataclass(frozen=True)
class Delivery:
    """One landing file; `modified` is its release time."""

    name: str
    body: str
    modified: str = "2025-03-01"


def put(landing: Path, deliveries: Iterable[Delivery]) -> Path:
    """Write deliveries into a landing folder."""
    landing.mkdir(parents=True, exist_ok=True)
    for delivery in deliveries:
        write(landing / delivery.name, delivery.body, modified=delivery.modified)
    return landing


def provider(
    month: str,
    homes: Iterable[dict[str, Any]],
    *,
    label: str = "",
    modified: str = "2025-03-01",
    without: Sequence[str] = (),
) -> Delivery:
    """Provider information of a month; a home is a dictionary of contract columns, `short=True` cuts its row."""
    columns = load_contracts()["nh_provider_info"].column_by_name
    names = ["ccn", "state", "name", "phone", "certified_beds", "residents_per_day", "total_hprd", "rn_hprd"]
    names += ["lpn_hprd", "licensed_hprd", "aide_hprd", "case_mix_total_hprd", "processing_date"]
    header = [columns[n].header for n in names if n not in without]
    lines = csv_text([], header=header)
    for home in homes:
        values = {k: v for k, v in home.items() if k != "short"}
        row = provider_row(**{"phone": "5550100", "month": FIRST_DAYS[month], **values})
        line = csv_text([row], header=header).split("\n")[1]
        lines += (f"{home['ccn']},{home.get('state', 'AL')}" if home.get("short") else line) + "\n"
    return Delivery(f"NH_ProviderInfo_{month}{label}.csv", lines, modified)


def payroll(name: str, days: Iterable[dict[str, Any]], *, modified: str = "2025-03-01") -> Delivery:
    """Daily payroll hours: each day a dictionary of ccn, day, quarter, and census or cna; `short=True` cuts its row."""
    header = list(pbj_rows("000001", ["20240401"])[0])
    lines = csv_text([], header=header)
    for day in days:
        values = {k: v for k, v in day.items() if k not in ("short", "ccn", "day")}
        row = pbj_rows(day["ccn"], [day["day"]], **values)[0]
        line = csv_text([row], header=header).split("\n")[1]
        lines += (f"{day['ccn']},HOME" if day.get("short") else line) + "\n"
    return Delivery(name, lines, modified)


def penalties(month: str, rows: Iterable[dict[str, Any]], *, label: str = "", modified: str = "2025-03-01") -> Delivery:
    """Penalties of a month; a row is a dictionary of contract columns, fines by default."""
    columns = load_contracts()["nh_penalties"].column_by_name
    names = ["ccn", "name", "city", "state", "penalty_date", "penalty_type", "fine_usd", "denial_start", "denial_days"]
    names.append("processing_date")
    defaults = {"name": "HOME", "city": "X", "state": "AL", "penalty_date": "2024-01-05", "penalty_type": "Fine"}
    defaults["processing_date"] = FIRST_DAYS[month]
    header = [columns[n].header for n in names]
    filled = [{columns[k].header: v for k, v in {**defaults, **row}.items()} for row in rows]
    return Delivery(f"NH_Penalties_{month}{label}.csv", csv_text(filled, header=header), modified)


def chains(name: str, sizes: dict[str, int], *, modified: str = "2025-03-01") -> Delivery:
    """Chain measures: number of homes by chain. The file states its month in its name alone."""
    columns = load_contracts()["nh_chain_performance"].column_by_name
    header = [columns[n].header for n in ("chain_name", "chain_id", "facility_n")]
    rows = [dict(zip(header, (f"CHAIN {c}", c, n), strict=True)) for c, n in sizes.items()]
    return Delivery(name, csv_text(rows, header=header), modified)


# --- histories in bulk ---------------------------------------------------------------------------------------------


def provider_history(seed: int, cases: int = 40) -> tuple[list[Delivery], list[Release]]:
    """Months of provider information of many cases, each a state, with all that may befall a home.

    New, changed, unchanged, vanished and returning homes, nulls, duplicate keys, rows cut short, columns that a file
    lacks, corrected re-releases of a month, older releases, one part of a month.

    Returns:
        The files, and the same as the plain rules read them: `values` of a row are (state, beds, phone).
    """
    chance = random.Random(seed)
    sizes = [1, 3, 11, 12]  # of eleven homes one may be missing from a complete snapshot, of three none
    states = {f"S{case:02d}": [f"{case:03d}{n:03d}" for n in range(chance.choice(sizes))] for case in range(cases)}
    months = sorted(chance.sample(MONTHS, 4), key=MONTHS.index)
    files: list[Delivery] = []
    releases: list[Release] = []
    for month in months:
        labels = ["", *[label for label in ("_corrected", "_older", "_part") if chance.random() < 0.45]]
        for label in labels:
            at = FIRST_DAYS[month]
            released = f"{'2024-06' if label == '_older' else '2025-03'}-{10 + chance.randrange(18):02d}T{chance.randrange(24):02d}:00"
            absent = chance.choice(["", "", "", "certified_beds", "phone"])
            rows = _homes_of(states, label, chance)
            homes = [
                {
                    "ccn": r.unit,
                    "state": r.values[0],
                    "certified_beds": r.values[1],
                    "phone": r.values[2],
                    "short": not r.usable,
                }
                for r in rows
            ]
            files.append(provider(month, homes, label=label, modified=released, without=[absent] if absent else []))
            letters = {"certified_beds": "a", "phone": "b"}.get(absent, "")
            releases.append(Release(files[-1].name, date.fromisoformat(at), released, rows, letters))
    return files, releases


def _homes_of(states: dict[str, list[str]], label: str, chance: random.Random) -> list[Row]:
    """The rows of one file: most homes of most states; a part or a correction holds few."""
    rows = []
    for state, homes in states.items():
        if chance.random() < {"": 0.05, "_corrected": 0.7, "_older": 0.7, "_part": 0.7}[label]:
            continue
        missing = chance.choice([0, 0, 1, 1, len(homes) // 2])
        for ccn in sorted(chance.sample(homes, len(homes) - min(missing, len(homes) - 1))):
            for _ in range(1 + (chance.random() < 0.05)):
                beds, phone = chance.choice([100, 100, 100, 120, None]), chance.choice(["5550100", "5550101", None])
                rows.append(Row(ccn, ccn, (state, beds, phone), usable=chance.random() > 0.05))
            if chance.random() < 0.03:
                rows.append(rows[-1])
    return rows or [Row("999001", "999001", ("ZZ", 100, None))]


def payroll_history(seed: int, homes: int = 40) -> tuple[list[Delivery], list[Release]]:
    """Quarters of daily payroll of many homes: corrections with fewer and more days, late files, files of one home.

    Returns:
        The files, and the same as the plain rules read them: `values` of a row are (census, hours of aides).
    """
    chance = random.Random(seed)
    every = [f"{number:03d}PBJ"[:6] for number in range(homes)]
    files: list[Delivery] = []
    releases: list[Release] = []
    quarters = {"2024Q1": date(2024, 3, 29), "2024Q2": date(2024, 4, 1), "2024Q3": date(2024, 7, 1)}
    wanted = [(f"PBJ_Daily_Nurse_Staffing_Q{q[-1]}_{q[:4]}{label}.csv", [q], part)
              for q in quarters for label, part in (("", 0.9), ("_corrected", 0.4), ("_older", 0.3)) if not label or chance.random() < 0.6]  # fmt: skip
    wanted.append(("PBJ_daily_one_facility_000PBJ_2024.csv", ["2024Q1", "2024Q2"], 0.2))
    for name, held, part in wanted:
        month = "2024-06" if "_older" in name else "2025-03"
        released = f"{month}-{10 + chance.randrange(18):02d}T{chance.randrange(24):02d}:00"
        days: list[dict[str, Any]] = []
        for quarter in held:
            rows = []
            for ccn in chance.sample(every, max(1, int(part * homes))):
                for number in chance.sample(range(3), chance.randint(1, 3)):
                    day = (quarters[quarter] + timedelta(days=number)).strftime("%Y%m%d")
                    row = Row(ccn, (ccn, day), (chance.choice([0, 80, 90]), chance.choice([0.0, 160.25, 200.1])))
                    rows.append(row)
                    if chance.random() < 0.04:
                        rows.append(chance.choice([row, Row(ccn, (ccn, day), (70, 100.0))]))
            days += [
                {"ccn": r.unit, "day": r.key[1], "quarter": quarter, "census": r.values[0], "cna": r.values[1]}
                for r in rows
            ]
            releases.append(Release(name, quarter, released, rows))
        files.append(payroll(name, days, modified=released))
    return files, releases


def penalty_history(seed: int, homes: int = 40) -> tuple[list[Delivery], list[Release]]:
    """Months of penalties of many homes: equal rows, rows of one key, re-releases with fewer and more rows.

    Returns:
        The files, and the same as the plain rules read them: `values` of a row are (name, city).
    """
    chance = random.Random(seed)
    every = [f"{number:03d}FIN" for number in range(homes)]
    files: list[Delivery] = []
    releases: list[Release] = []
    for month in ("Oct2024", "Nov2024"):
        for label in ("", *[label for label in ("_corrected", "_older") if chance.random() < 0.7]):
            released = f"{'2024-06' if label == '_older' else '2025-03'}-{10 + chance.randrange(18):02d}T{chance.randrange(24):02d}:00"
            rows = []
            for ccn in chance.sample(every, int(homes * (0.4 if label else 0.9))):
                for _ in range(chance.randint(1, 3)):
                    fine = chance.choice(["1000.00", "2500.50", None])
                    key = (ccn, chance.choice(["2024-01-05", "2024-02-06"]), "Fine" if fine else "Payment Denial", fine)
                    rows.append(Row(ccn, key, ("HOME", chance.choice(["X", "Y"]))))
            described = [
                {"ccn": r.unit, "penalty_date": r.key[1], "penalty_type": r.key[2], "fine_usd": r.key[3], "city": r.values[1],
                 **({} if r.key[3] else {"denial_start": "2024-01-09", "denial_days": 7})}
                for r in rows
            ]  # fmt: skip
            files.append(penalties(month, described, label=label, modified=released))
            releases.append(Release(files[-1].name, date.fromisoformat(FIRST_DAYS[month]), released, rows))
    return files, releases


def batches_of(files: Sequence[Delivery], chance: random.Random, most: int = 3) -> list[list[Delivery]]:
    """The files in random order, cut into at most that many batches."""
    shuffled = chance.sample(list(files), len(files))
    cuts = sorted(chance.sample(range(1, len(shuffled)), min(most - 1, len(shuffled) - 1)))
    return [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]
