"""Emergency and office visits, told from the lines of claims."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import table

__all__ = ["VisitCodes", "clm_visit"]

#: Between the parts of a text that sorts as they do: a character that no identifier has and that is below all others.
_MARK = "\x1f"
#: A line as such a text: its claim, its number, and what is taken from the smallest one.
_LINE = f", '{_MARK}', ".join(
    [
        "claim_type",
        "claim_id",
        "lpad(cast(line_no AS string), 9, '0')",
        "coalesce(specialty, '')",
        "coalesce(place_of_service, '')",
    ]
)


@dataclass(frozen=True)
class VisitCodes:
    """Codes that tell a visit.

    Attributes:
        emergency_hcpcs: first and last HCPCS of emergency department visits (CPT evaluation and management).
        emergency_revenue: first and last revenue centre of the emergency room.
        emergency_professional: revenue centre of professional fees in the emergency room.
        office_hcpcs: first and last HCPCS of office visits, of new (99201-99205) and established patients.
        top_level: the highest level of either.
    """

    emergency_hcpcs: tuple[str, str] = ("99281", "99285")
    emergency_revenue: tuple[str, str] = ("0450", "0459")
    emergency_professional: str = "0981"
    office_hcpcs: tuple[str, str] = ("99201", "99215")
    top_level: tuple[str, ...] = ("99205", "99215")


@table(
    "gold.clm_visit",
    key=["source", "visit_type", "bene_id", "visit_date", "visit_with"],
    per=["source", "bene_id"],
    order=["source", "bene_id", "visit_date"],
)
def clm_visit(claim_line: DataFrame, *, codes: VisitCodes = VisitCodes()) -> DataFrame:
    """Emergency visits, one per person and day, and office visits, one per person, provider and day.

    Args:
        claim_line: one row per (source, claim_type, claim_id, line_no).
        codes: HCPCS codes and revenue centres of visits.
    Returns:
        One row per visit. Emergency: a line of any claim type with such a HCPCS code, or an outpatient line with such a
        revenue centre; the physician's claim and the hospital's show the same visit, which counts once a day. Office:
        a carrier line; `visit_with` is the performing NPI, without one `claim:` and the claim id. Claim, specialty and
        place of service are those of the smallest line, by claim type, claim id and line number as texts. `hcpcs` is
        the highest code among those that make it a visit, null where revenue centres alone do; `is_top_level` (office)
        whether any line has the highest level. Lines without a day or a person make no visit.
    Source: ResDAC, How to identify hospital claims for emergency room visits; CPT evaluation and management codes.
    """
    visits = claim_line.filter("line_date IS NOT NULL AND bene_id IS NOT NULL").selectExpr(
        "source",
        "bene_id",
        "line_date AS visit_date",
        f"{_visit_type(codes)} AS visit_type",
        "claim_id",
        "performing_npi",
        f"CASE WHEN {_has_code(codes)} THEN hcpcs END AS hcpcs",
        f"concat({_LINE}) AS line",
    )
    top_level = ", ".join(f"'{code}'" for code in codes.top_level)
    with_whom = "CASE WHEN visit_type = 'office' THEN coalesce(performing_npi, concat('claim:', claim_id)) END"
    lines = visits.filter("visit_type IS NOT NULL").selectExpr(
        *("source", "visit_type", "bene_id", "visit_date"),
        f"{with_whom} AS visit_with",
        "hcpcs",
        "line",
        f"CASE WHEN visit_type = 'office' THEN hcpcs IN ({top_level}) END AS is_top_level",
    )
    # One text holds all of the smallest line: the smallest of structs takes Sail twenty times as long.
    grouped = lines.groupBy("source", "visit_type", "bene_id", "visit_date", "visit_with").agg(
        F.min("line").alias("line"),
        F.max("hcpcs").alias("hcpcs"),
        F.max("is_top_level").alias("is_top_level"),
        F.count(F.lit(1)).alias("n"),
    )
    part = f"split(line, '{_MARK}')"
    return grouped.selectExpr(
        *("source", "visit_type", "bene_id", "visit_date", "visit_with"),
        "year(visit_date) AS year",
        "trunc(visit_date, 'month') AS month",
        f"{part}[0] AS claim_type",
        f"{part}[1] AS claim_id",
        "hcpcs",
        "is_top_level",
        f"nullif({part}[3], '') AS specialty",
        f"nullif({part}[4], '') AS place_of_service",
        "cast(n AS int) AS visit_lines_n",
    )


def _visit_type(codes: VisitCodes) -> str:
    """SQL of the kind of visit that a line shows; null where none. No line shows both."""
    first, last = codes.emergency_revenue
    room = f"revenue_center BETWEEN '{first}' AND '{last}' OR revenue_center = '{codes.emergency_professional}'"
    emergency = f"{_between(codes.emergency_hcpcs)} OR (claim_type = 'outpatient' AND ({room}))"
    return f"CASE WHEN {_is_office(codes)} THEN 'office' WHEN {emergency} THEN 'ed' END"


def _has_code(codes: VisitCodes) -> str:
    return f"{_between(codes.emergency_hcpcs)} OR {_is_office(codes)}"


def _is_office(codes: VisitCodes) -> str:
    return f"(claim_type = 'carrier' AND {_between(codes.office_hcpcs)})"


def _between(limits: tuple[str, str]) -> str:
    return f"hcpcs BETWEEN '{limits[0]}' AND '{limits[1]}'"
