"""Everything that is known of the homes in one month: what the monthly files are written from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nh_lakehouse.sample.citations import Citations, fire_citations, health_citations
from nh_lakehouse.sample.homes import Homes, published
from nh_lakehouse.sample.inspections import Inspections, inspections_of
from nh_lakehouse.sample.penalties import Penalties, Totals, penalty_totals
from nh_lakehouse.sample.periods import month_label, month_start, month_year, quarter_in_force
from nh_lakehouse.sample.randomness import Dice
from nh_lakehouse.sample.ratings import Ratings, ratings_of
from nh_lakehouse.sample.staffing import Staffing, staffing_of
from nh_lakehouse.sample.surveys import Surveys, surveys_of
from nh_lakehouse.sample.vbp import Vbp, vbp_of

__all__ = ["Snapshot"]


@dataclass(frozen=True)
class Snapshot:
    """One month of the sample.

    Attributes:
        dice: source of chance.
        homes: the homes, by number.
        penalties: the events that are public.
        members: homes that were open when the payroll quarter in force came into force.
        first: the first month of the sample.
    """

    dice: Dice
    homes: Homes
    penalties: Penalties
    members: NDArray[np.bool_]
    first: int

    @property
    def month(self) -> int:
        """The month, as a number."""
        return self.homes.month

    @property
    def start(self) -> int:
        """The payroll quarter in force in the first month of the sample."""
        return quarter_in_force(self.first)

    @property
    def label(self) -> str:
        """The month as it stands in file names."""
        return month_label(self.month)

    @property
    def processing_date(self) -> str:
        """The publisher's processing date: the first of the month."""
        return month_start(self.month).isoformat()

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Numbers of the open homes, in order of their certification numbers."""
        return published(self.homes)

    @cached_property
    def staffing(self) -> Staffing:
        """Hours, turnover, residents and case mix."""
        return staffing_of(self.dice, self.homes, self.members, quarter_in_force(self.month), self.start)

    @cached_property
    def surveys(self) -> Surveys:
        """Health inspections."""
        return surveys_of(self.dice, self.homes, self.staffing)

    @cached_property
    def inspections(self) -> Inspections:
        """Inspections of the open homes, health and fire safety."""
        return inspections_of(self.dice, self.homes, self.surveys, self.rows)

    @cached_property
    def health(self) -> Citations:
        """Citations of health inspections."""
        return health_citations(self.dice, self.inspections)

    @cached_property
    def fire(self) -> Citations:
        """Citations of fire safety inspections."""
        return fire_citations(self.dice, self.inspections)

    @cached_property
    def ratings(self) -> Ratings:
        """Star ratings."""
        return ratings_of(self.dice, self.homes, self.staffing, self.surveys, self.start)

    @cached_property
    def vbp(self) -> Vbp:
        """Results of the value-based purchasing programme in the fiscal year of the month's calendar year."""
        return vbp_of(self.dice, self.homes, self.rows, month_year(self.month), month_year(self.first))

    @cached_property
    def totals(self) -> Totals:
        """Fines and denials per home."""
        return penalty_totals(self.penalties, self.homes)
