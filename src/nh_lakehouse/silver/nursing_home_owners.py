"""Silver table of who owns, directs and manages a nursing home, with history.

| table    | data set     | grain                                            | history  |
|----------|--------------|--------------------------------------------------|----------|
| nh_owner | nh_ownership | home, role, owner, association date, occurrence  | versions |

The columns stand in `contracts/nursing_home/tables/silver_surveys.yaml`. Nothing of the home but its state (the group
within which a snapshot is judged complete) is a column: the occurrence number follows from the content of the rows, and
a home that changes its name would number its owners anew.
"""

from __future__ import annotations

from pyspark.sql import DataFrame

from nh_lakehouse.declare import silver_table
from nh_lakehouse.silver.published import published

__all__ = ["nh_owner"]


@silver_table(
    "silver.nh_owner",
    of="nh_ownership",
    key=["ccn", "role", "owner_name", "association_date", "occurrence_no"],
    history="scd2",
    group="state",
)
def nh_owner(nh_ownership: DataFrame) -> DataFrame:
    """Owners, officers, directors and managers of a home, per role, association date and version.

    Args:
        nh_ownership: one row per owner and version, or per owner and snapshot, where the history columns are absent
            and stay absent; numbered by `occurrence_no` where home, role, owner and date agree.
    Returns:
        One row per row. `owner_name`, `association_date` and `ownership_pct` (of 100) are null where the publisher
        tells none; a home without known owners keeps its row.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS Nursing Home Data Dictionary, October 2024, Ownership.
    """
    return published(nh_ownership, "silver.nh_owner")
