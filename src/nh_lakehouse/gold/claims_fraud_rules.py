"""Thresholds of the indicators of unusual billing, and the shape that all of them have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame

__all__ = ["BENEFICIARY", "COLUMNS", "PROVIDER", "FraudRules", "judged", "lines_with_provider", "typed_columns"]

BENEFICIARY, PROVIDER = "beneficiary", "provider"
"""Kinds of subjects."""

COLUMNS = {
    "source": "string",
    "subject_type": "string",
    "subject_id": "string",
    "year": "int",
    "indicator": "string",
    "peer_group": "string",
    "value": "double",
    "exposure_n": "bigint",
    "peer_n": "bigint",
    "peer_median": "double",
    "peer_mad": "double",
    "robust_z": "double",
    "threshold": "double",
    "is_flagged": "boolean",
}
"""Columns and types of an indicator's rows."""


@dataclass(frozen=True)
class FraudRules:
    """What the indicators compare with. A rule that is met says where to look, not what was done.

    Attributes:
        least_n: 1, claims, fills, pairs, lines or refills from which an indicator that counts them is flagged.
        death_fill_days: 1, days after death on which a fill may still be dated.
        overlap_days: 2, days that stays at two providers share.
        office_place: 11, place of service of a physician's office.
        day_hours: 24, hours of timed codes in a day.
        day_patients: 50, different patients with office visits in a day.
        robust_z: 3.5, deviations from the median of the peers (Iglewicz and Hoaglin 1993).
        least_events: 30, claims or office visits from which a provider is compared.
        least_peers: 30, compared providers from which a peer group is one.
        refill_share: 0.25, share of the last supply still at hand on the day of a refill.
        shopping_days: 90, days in which prescribers and pharmacies are counted.
        shopping_n: 4, prescribers, and as many pharmacies, of one class of drugs in these days.
        visit_days: 180, days before a claim for equipment in which a visit is looked for.
        allowed_factor: 1.01, payment of a line as a multiple of what is allowed.
    """

    least_n: int = 1
    death_fill_days: int = 1
    overlap_days: int = 2
    office_place: str = "11"
    day_hours: float = 24.0
    day_patients: int = 50
    robust_z: float = 3.5
    least_events: int = 30
    least_peers: int = 30
    refill_share: float = 0.25
    shopping_days: int = 90
    shopping_n: int = 4
    visit_days: int = 180
    allowed_factor: float = 1.01


def judged(
    found: DataFrame, *, subject_type: str, threshold: float, above: bool = False, unsure: str = "false"
) -> DataFrame:
    """Rows of indicators that compare a value with a threshold, and no subjects with each other.

    Args:
        found: source, subject_id, year, indicator, value and exposure_n; rows without exposure are left out.
        subject_type: beneficiary or provider.
        threshold: the value from which it is flagged, or that it has to pass.
        above: whether the value has to pass the threshold; else it may equal it.
        unsure: SQL condition under which a value that is not flagged may be too low: `is_flagged` is null then.
    Returns:
        `COLUMNS`; the peer group is `all` and what describes peers is null.
    """
    limit = f"CAST({float(threshold)} AS double)"
    meets = f"CAST(value AS double) {'>' if above else '>='} {limit}"
    given = {
        "subject_type": f"'{subject_type}'",
        "peer_group": "'all'",
        **dict.fromkeys(("peer_n", "peer_median", "peer_mad", "robust_z"), "NULL"),
        "threshold": limit,
        "is_flagged": f"CASE WHEN {meets} THEN true WHEN {unsure} THEN NULL ELSE false END",
    }
    return found.where("exposure_n > 0").selectExpr(*typed_columns(given))


def typed_columns(given: Mapping[str, str]) -> list[str]:
    """SQL of `COLUMNS`: of the given expressions, else of the columns of that name."""
    # Computed, if only so: Sail refuses the union of columns whose comments differ and which are taken as they are.
    computed = {name: f"CASE WHEN source IS NOT NULL THEN {name} END" for name in ("subject_id", "year")}
    expressions = {**computed, **given}
    return [f"CAST({expressions.get(name, name)} AS {kind}) AS {name}" for name, kind in COLUMNS.items()]


def lines_with_provider(claim_line: DataFrame, claim: DataFrame) -> DataFrame:
    """Dated lines with `subject_id`: who performed them (`NPI:...`), else who billed the claim; no lines without."""
    dated = claim_line.where("line_date IS NOT NULL")
    performed = dated.where("performing_npi IS NOT NULL").selectExpr(
        "*", "concat('NPI:', performing_npi) AS subject_id"
    )
    billing = claim.where("provider_id IS NOT NULL").selectExpr(
        "source", "claim_type", "claim_id", "concat(provider_id_type, ':', provider_id) AS subject_id"
    )
    billed = dated.where("performing_npi IS NULL").join(billing, ["source", "claim_type", "claim_id"], "inner")
    return performed.unionByName(billed)
