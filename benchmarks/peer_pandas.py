"""Peer: the method of the nursing-home pipeline document: pandas, one Parquet file per kind of file.

Exact duplicates go, missing numbers become the median and missing text the commonest value, numbers are capped at one
and a half interquartile ranges beyond the quartiles, repetitive text becomes categories. A later month adds the rows
whose hash the old file does not have. Identifiers are read as text, as anyone finds out who joins by them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.child import csv_files, kind_of, peer_options, since_start, tell
from benchmarks.questions import write

_CCN = "CMS Certification Number (CCN)"
_TEXT = dict.fromkeys((_CCN, "PROVNUM", "ZIP Code"), "str")
_RATE = "Performance Period: FY 2022 Risk-Standardized Readmission Rate"
_HOURS = "Reported {} Staffing Hours per Resident per Day"
#: Names of the questions -> published columns.
_COLUMNS = {
    "ccn": _CCN,
    "state": "State",
    "beds": "Number of Certified Beds",
    "residents": "Average Number of Residents per Day",
    "total_hprd": _HOURS.format("Total Nurse"),
    "rn_hprd": _HOURS.format("RN"),
    "lpn_hprd": _HOURS.format("LPN"),
    "aide_hprd": _HOURS.format("Nurse Aide"),
    "nursing_turnover_pct": "Total nursing staff turnover",
    "rn_turnover_pct": "Registered Nurse turnover",
    "administrators_left_n": "Number of administrators who have left the nursing home",
    "overall_rating": "Overall Rating",
    "fines_usd": "Total Amount of Fines in Dollars",
    "penalties_n": "Total Number of Penalties",
}


def clean(frame: pd.DataFrame) -> pd.DataFrame:
    """The document's four steps: duplicates, missing values, outliers, categories."""
    frame = frame.drop_duplicates()
    numeric = frame.select_dtypes("number").columns
    filled: dict[str, pd.Series[Any]] = {}
    for name, column in frame.items():
        if name in numeric:
            column = column.fillna(column.median())
            low, high = column.quantile(0.25), column.quantile(0.75)
            reach = 1.5 * (high - low)
            column = column.clip(low - reach, high + reach)
        else:
            commonest = column.mode()
            column = column.fillna(commonest[0] if len(commonest) else "Unknown")
            if column.nunique() < 0.5 * len(column):
                column = column.astype("category")
        filled[str(name)] = column
    return pd.DataFrame(filled)


def load(path: Path, table: Path) -> None:
    """One file into its Parquet file; of a later month the rows that are new by their hash."""
    frame = clean(pd.read_csv(path, low_memory=False, dtype=_TEXT))  # type: ignore[arg-type]
    target = table / "part-0000.snappy.parquet"
    if target.is_file():
        old = pd.read_parquet(target)
        known = pd.util.hash_pandas_object(old, index=False)
        new = pd.util.hash_pandas_object(frame, index=False)
        frame = pd.concat([old, frame[~new.isin(known)]], ignore_index=True).drop_duplicates()
    table.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(target, compression="snappy", index=False)


def homes(out: Path) -> pd.DataFrame:
    """One row per home of the newest month."""
    provider = pd.read_parquet(out / "nh_providerinfo", columns=[*_COLUMNS.values(), "Processing Date"])
    vbp = pd.read_parquet(
        out / "fy_2024_snf_vbp_facility_performance", columns=[_CCN, _RATE, "Incentive Payment Multiplier"]
    )
    day = provider["Processing Date"].astype(str)
    provider = provider[day == day.max()].drop_duplicates(_CCN)
    for column in (_RATE, "Incentive Payment Multiplier"):
        vbp[column] = pd.to_numeric(vbp[column].astype(object), errors="coerce")
    both = provider.astype({_CCN: str}).merge(vbp.astype({_CCN: str}), on=_CCN, how="left")
    names = {published: name for name, published in _COLUMNS.items()}
    return both.rename(columns={**names, _RATE: "rsrr", "Incentive Payment Multiplier": "multiplier"})


def correlation(group: pd.DataFrame) -> float:
    """Pearson's correlation of hours and readmission over homes of 20 beds and more, from ten homes on."""
    large = group[group["beds"] >= 20]
    return float(large["total_hprd"].corr(large["rsrr"])) if len(large) >= 10 else float("nan")


def ask(frame: pd.DataFrame, question: str) -> Sequence[Sequence[Any]]:
    """The rows of a question."""
    matched = frame.dropna(subset=["total_hprd", "rsrr"]).astype({"state": str})
    by_state = matched.groupby("state")
    if question == "bed utilization":
        used = frame[frame["beds"] > 0]
        result = pd.DataFrame({"ccn": used["ccn"], "bed_utilization": used["residents"] / used["beds"]})
    elif question == "hours":
        result = frame[["ccn", "total_hprd", "rn_hprd", "lpn_hprd", "aide_hprd"]].dropna(subset="total_hprd")
    elif question == "turnover":
        names = ["ccn", "nursing_turnover_pct", "rn_turnover_pct", "administrators_left_n", "overall_rating"]
        result = frame[names].dropna(subset="nursing_turnover_pct")
    elif question == "readmission":
        result = frame[["ccn", "rsrr", "multiplier"]].dropna(subset="rsrr")
    elif question == "correlation by state":
        result = by_state.agg(n=("ccn", "size"), hours=("total_hprd", "mean"), rate=("rsrr", "mean"))
        with np.errstate(invalid="ignore", divide="ignore"):
            result.insert(1, "correlation", pd.Series({state: correlation(group) for state, group in by_state}))
        result = result.reset_index()
    elif question == "risk score":
        states = by_state.agg(
            n=("ccn", "size"), hours=("total_hprd", "mean"), rate=("rsrr", "mean"), fines=("fines_usd", "sum")
        )
        hours, rate = states["hours"], states["rate"]
        staffing_risk = (hours.max() - hours) / (hours.max() - hours.min())
        readmission_risk = (rate - rate.min()) / (rate.max() - rate.min())
        states["risk_score"] = (staffing_risk + readmission_risk) / 2
        result = states.reset_index()[["state", "n", "risk_score", "fines"]]
    else:
        names = ["ccn", "total_hprd", "fines_usd", "penalties_n", "overall_rating", "rsrr"]
        result = frame.loc[(frame["total_hprd"] < 3.5) & (frame["fines_usd"] > 0), names]
    return list(result.itertuples(index=False, name=None))


def main() -> None:
    """Load a step's files and answer."""
    options = peer_options(__doc__)
    start = since_start()
    for path in csv_files(options.landing):
        load(path, options.out / kind_of(path))
    frame = homes(options.out)
    write(options.answers, lambda question: ask(frame, question))
    tell({"start_s": start})


if __name__ == "__main__":
    main()
