"""Silver of the Medicare enrolments of nursing homes."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.declare import silver_table
from nh_lakehouse.silver.conform import six_character_ccn
from nh_lakehouse.silver.published import published

__all__ = ["nh_enrollment"]


@silver_table(
    "silver.nh_enrollment", of="snf_enrollments", key=["enrollment_id"], history="scd2", group="enrollment_state"
)
def nh_enrollment(snf_enrollments: DataFrame) -> DataFrame:
    """Who is enrolled in Medicare for a home, per enrolment and version.

    Args:
        snf_enrollments: one row per enrolment and version (enrollment_id, valid_from), or per enrolment and snapshot,
            where the history columns are absent and stay absent.
    Returns:
        One row per row. `ccn` is the six characters of `ccn_raw`: a lost leading zero restored (`15009` -> `015009`),
        a suffix cut (`245381B` -> `245381`), null for any other text. Several enrolments may share a `ccn` or an `npi`.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS, Skilled Nursing Facility Enrollments Data Dictionary.
    """
    return published(snf_enrollments, "silver.nh_enrollment", {"ccn": F.expr(six_character_ccn("ccn_raw"))})
