"""Stays in hospitals and nursing facilities, and the episodes that transfers make of them.

Gaps and islands, each found by a running maximum of the days of discharge, in windows that many people share (decision
9: on Sail a window for each person costs more than all that is in it). What keeps people apart is a number line: a
person's hash, times 100,000, plus the days since 1900. The running maximum over it is never that of another person
behind which a day could lie, and the distance to another person's day is never 0 or 1.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import table

__all__ = ["inpatient_stay"]

#: Windows that all people share.
_WINDOWS = 64
_PERSON = ("source", "setting", "bene_id")
_PLACE = (*_PERSON, "provider_id_type", "provider_id")
_BEFORE = "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
_SO_FAR = "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"


@table("silver.inpatient_stay", key=["source", "stay_id"], per=["source", "bene_id"])
def inpatient_stay(claim: DataFrame) -> DataFrame:
    """Stays of people in hospitals (setting inpatient) and skilled nursing facilities (snf), built apart.

    Args:
        claim: one row per (source, claim_type, claim_id); claims of type inpatient and snf with a person and both days
            count. A claim that ends before it begins (flag date_order) makes no stay.
    Returns:
        One row per (source, stay_id). Claims of a person at one provider that share the day of admission, touch or
        overlap are one stay; providers compare null-safe. First and last claim are meant by admission, discharge and
        claim id. `discharge_status` is the last claim's, `admission_type` and `admission_source` the first's, null
        where that one has none; `drg` is of the last claim with one, state, attending physician and diagnoses are of
        the first with one. Sums leave nulls out and are null where all are.
        A stay that begins before any earlier one of the person ends (`overlaps_other_provider`) is an episode of its
        own. The others follow each other: one that begins on the day the one before ends or the day after, at another
        provider, continues its episode (a transfer).
    Source: CMS hospital-wide readmission measure (stays of transferred patients are one episode); length of stay as in
        the Medicare pipeline document, at least 1 day.
    """
    known = claim.where(
        "claim_type IN ('inpatient', 'snf') AND bene_id IS NOT NULL AND discharge_date >= admit_date"
    ).selectExpr("claim_type AS setting", "*")
    stays = _joined(_numbered(known, _PLACE))
    return _with_episodes(_numbered(stays, _PERSON)).selectExpr(
        "source",
        "stay_id",
        "setting",
        "bene_id",
        "provider_id",
        "provider_id_type",
        "provider_state",
        "attending_npi",
        "admit_date",
        "discharge_date",
        "CAST(greatest(1, datediff(discharge_date, admit_date)) AS int) AS los_days",
        "covered_days",
        "discharge_status",
        "admission_type",
        "admission_source",
        "drg",
        "primary_dx",
        "dx_code_system",
        "admit_dx",
        "payment_usd",
        "total_charge_usd",
        "claims_n",
        "claim_ids",
        "is_denied",
        "episode_id",
        "episode_seq",
        "is_episode_end",
        "overlaps_other_provider",
        "year(discharge_date) AS year",
        "CAST(trunc(discharge_date, 'MM') AS date) AS month",
    )


def _numbered(rows: DataFrame, key: Sequence[str]) -> DataFrame:
    """Places rows on the number line: `_admit` and `_discharge`; `_key` is the hash, `_window` the shared window."""
    parts = ", ".join(f"{name}, {name} IS NULL" for name in key)
    hashed = rows.selectExpr("*", f"xxhash64({parts}) AS _key")
    line = "CAST(_key AS decimal(20,0)) * 100000 + datediff({}, DATE'1900-01-01')"
    return hashed.selectExpr(
        "*",
        f"pmod(_key, {_WINDOWS}) AS _window",
        f"{line.format('admit_date')} AS _admit",
        f"{line.format('discharge_date')} AS _discharge",
    )


def _joined(claims: DataFrame) -> DataFrame:
    """One row per stay: a claim opens one unless its admission is not later than the latest discharge so far."""
    in_order = f"PARTITION BY _window ORDER BY _key, {', '.join(_PLACE)}, _order"
    order = "concat(CAST(admit_date AS string), '|', CAST(discharge_date AS string), '|', claim_id) AS _order"
    opening = claims.selectExpr("*", order).selectExpr(
        "*", f"coalesce(_admit > max(_discharge) OVER ({in_order} {_BEFORE}), true) AS _opens"
    )
    stays = opening.selectExpr("*", f"sum(CAST(_opens AS int)) OVER ({in_order} {_SO_FAR}) AS _stay")
    return stays.groupBy(*_PLACE, "_stay").agg(
        F.expr("concat(setting, ':', min_by(claim_id, _order)) AS stay_id"),
        F.expr("min(admit_date) AS admit_date"),
        F.expr("max(discharge_date) AS discharge_date"),
        F.expr("CAST(sum(covered_days) AS int) AS covered_days"),
        F.expr("max_by(discharge_status, _order) AS discharge_status"),
        *[F.expr(f"min_by({name}, _order) AS {name}") for name in ("admission_type", "admission_source")],
        F.expr("max_by(drg, CASE WHEN drg IS NOT NULL THEN _order END) AS drg"),
        *[_of_first_with(name, name) for name in ("provider_state", "attending_npi", "primary_dx", "admit_dx")],
        _of_first_with("primary_dx", "dx_code_system"),
        *[F.expr(f"CAST(sum({name}) AS decimal(18,2)) AS {name}") for name in ("payment_usd", "total_charge_usd")],
        F.expr("count(1) AS claims_n"),
        F.expr("sort_array(collect_list(claim_id)) AS claim_ids"),
        F.expr("bool_and(coalesce(is_denied, false)) AS is_denied"),
    )


def _of_first_with(present: str, name: str) -> Column:
    """The value of the first claim in which `present` is known."""
    return F.expr(f"min_by({name}, CASE WHEN {present} IS NOT NULL THEN _order END) AS {name}")


def _with_episodes(stays: DataFrame) -> DataFrame:
    """Adds `overlaps_other_provider`, `episode_id`, `episode_seq` and `is_episode_end`."""
    columns = f"_key, {', '.join(_PERSON)}, admit_date, discharge_date, stay_id"
    in_order = f"PARTITION BY _window ORDER BY {columns}"
    # After the joining it can only be another provider's stay that lasts beyond the admission.
    reached = f"coalesce(_admit < max(_discharge) OVER ({in_order} {_BEFORE}), false) AS overlaps_other_provider"
    chain = f"PARTITION BY _window, overlaps_other_provider ORDER BY {columns}"
    before = stays.selectExpr("*", reached).selectExpr(
        "*",
        f"row_number() OVER ({chain}) AS _position",
        *[f"lag({name}) OVER ({chain}) AS _last{name}" for name in ("_discharge", "provider_id_type", "provider_id")],
    )
    moved = "NOT (provider_id_type <=> _lastprovider_id_type AND provider_id <=> _lastprovider_id)"
    follows = f"coalesce(_admit - _last_discharge IN (0, 1), false) AND {moved}"
    opening = before.selectExpr("*", f"overlaps_other_provider OR NOT ({follows}) AS _opens")
    # The latest opening as one text: its position in the window, ten digits, and its stay.
    opened = "CASE WHEN _opens THEN concat(lpad(CAST(_position AS string), 10, '0'), stay_id) END"
    return opening.selectExpr(
        "*",
        f"max({opened}) OVER ({chain} {_SO_FAR}) AS _opened",
        f"coalesce(lead(_opens) OVER ({chain}), true) AS is_episode_end",
    ).selectExpr(
        "*",
        "substring(_opened, 11) AS episode_id",
        "CAST(_position - CAST(substring(_opened, 1, 10) AS bigint) + 1 AS int) AS episode_seq",
    )
