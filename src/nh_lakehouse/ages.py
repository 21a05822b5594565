"""Ages in whole years, as SQL."""

from __future__ import annotations

__all__ = ["age_at"]


def age_at(day: str, birth_date: str = "birth_date") -> str:
    """SQL of the age in whole years on a day: 29 February is over on 1 March; null where either date is."""
    later = f"month({day}) * 100 + day({day}) < month({birth_date}) * 100 + day({birth_date})"
    return f"CAST(year({day}) - year({birth_date}) - CASE WHEN {later} THEN 1 ELSE 0 END AS int)"
