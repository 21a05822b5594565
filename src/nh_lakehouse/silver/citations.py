"""Silver of citations: health and fire safety deficiencies in one shape, each from its own file."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import silver_table
from nh_lakehouse.silver.published import published

__all__ = ["nh_citation_fire", "nh_citation_health"]

TABLE = "silver.nh_citation"
KEY = (
    "domain", "ccn", "snapshot_month", "survey_date", "prefix", "tag", "tag_version", "scope_severity", "occurrence_no"
)  # fmt: skip
#: Letters of the scope and severity grid: four severities of three scopes each (CMS State Operations Manual, 7410).
_GRID = "ABCDEFGHIJKL"
_SCOPES = ("isolated", "pattern", "widespread")


@silver_table(TABLE, of="nh_health_citations", part=("domain", "health"), key=KEY, history="snapshot")
def nh_citation_health(nh_health_citations: DataFrame) -> DataFrame:
    """Health citations of the last inspections, as each month's file lists them.

    Args:
        nh_health_citations: one row per citation and snapshot.
    Returns:
        One row per row. `severity_level` (1 to 4), `scope_level` and `immediate_jeopardy` follow from the letter of
        scope and severity; null where it is none of A to L. Health tags have no version: `tag_version` is null.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS Nursing Home Data Dictionary, October 2024, Health Deficiencies; State Operations Manual, chapter 7.
    """
    return _citations(nh_health_citations, "health", {"tag_version": F.lit(None).cast("string")})


@silver_table(TABLE, of="nh_fire_citations", part=("domain", "fire"), key=KEY, history="snapshot")
def nh_citation_fire(nh_fire_citations: DataFrame) -> DataFrame:
    """Fire safety and emergency preparedness citations, as each month's file lists them.

    Args:
        nh_fire_citations: one row per citation and snapshot.
    Returns:
        One row per row, in the columns of `nh_citation_health`; `tag_version` is New or Old.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS Nursing Home Data Dictionary, October 2024, Fire Safety Deficiencies.
    """
    return _citations(nh_fire_citations, "fire", {})


def _citations(rows: DataFrame, domain: str, computed: dict[str, Column]) -> DataFrame:
    letter = F.col("scope_severity")
    place = F.expr(f"instr('{_GRID}', scope_severity)")
    known = place.between(1, len(_GRID)) & (F.length(letter) == 1)
    scopes = [F.when((place - 1) % 3 == number, F.lit(scope)) for number, scope in enumerate(_SCOPES)]
    grid = {
        "domain": F.lit(domain),
        "severity_level": F.when(known, F.floor((place - 1) / 3) + 1).cast("int"),
        "scope_level": F.when(known, F.coalesce(*scopes)),
        "immediate_jeopardy": F.when(known, letter.isin("J", "K", "L")),
    }
    return published(rows, TABLE, grid | computed)
