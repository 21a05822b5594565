"""How the claims of one kind of a person are numbered: ordinary ones first, then those of other origin."""

from __future__ import annotations

__all__ = ["EVENTS", "FAULTS", "LATE", "MOST_PEOPLE", "ORIGINALS", "PLANTED"]

#: Identifiers leave room for so many people, and so many events of each kind for one person.
MOST_PEOPLE, EVENTS = 200_000, 4_000
#: Claims of a later delivery, outliers, faults, and originals of claims that were adjusted begin here.
LATE, PLANTED, FAULTS, ORIGINALS = 1_000, 2_000, 2_200, 2_500
