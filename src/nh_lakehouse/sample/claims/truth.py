"""What is known of a sample by construction, and the count that is kept while it is written."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal

import numpy as np

from nh_lakehouse.sample.claims.form import Columns
from nh_lakehouse.sample.claims.stays import LATER, NEXT_DAY_31, PLANTED, READMITTED, TRANSFERRED
from nh_lakehouse.sample.landing import SampleReport
from nh_lakehouse.sample.randomness import Ints

__all__ = ["ClaimsReport", "ClaimsTruth", "Planted", "StayTruth", "Tally"]


@dataclass(frozen=True)
class Planted:
    """An outlier that was put in on purpose.

    Attributes:
        source: `synpuf` or `rif`.
        indicator: the fraud indicator that it is for.
        subject: identifier of the physician or beneficiary.
        events: identifiers of the claims or fills that were put in; empty where claims were changed.
    """

    source: str
    indicator: str
    subject: str
    events: tuple[str, ...] = ()


@dataclass(frozen=True)
class StayTruth:
    """Hospital stays of a source, interim bills joined, outliers left out.

    Attributes:
        stays: all of them.
        transfers: stays that begin on the day of a discharge from another hospital or the day after.
        readmissions: episodes that begin 1 to 30 days after the end of the one before.
        after_31_days: episodes that begin on day 31.
        interim_bills: bills beyond the first of a stay.
        same_day: stays without a night.
        length_days: sum of the days from admission to discharge.
    """

    stays: int
    transfers: int
    readmissions: int
    after_31_days: int
    interim_bills: int
    same_day: int
    length_days: int


@dataclass(frozen=True)
class ClaimsTruth:
    """What a correct load finds in a sample, faults (`SampleReport.dirt`) left out.

    Attributes:
        people: people of each source.
        beneficiaries: people in the beneficiary file of each source and year (`synpuf/2008`).
        deaths: deaths published by the last of these files.
        claims: claims (or fills) of each data set that stand: no original that was adjusted, none that was deleted.
        lines: their lines.
        payment_usd: their payments, each claim once; of fills the total cost.
        stays: hospital stays of each source.
        cases: how often other special cases occur, such as `synpuf/outpatient_segment_2`.
        planted: the outliers.
    """

    people: Mapping[str, int]
    beneficiaries: Mapping[str, int]
    deaths: Mapping[str, int]
    claims: Mapping[str, int]
    lines: Mapping[str, int]
    payment_usd: Mapping[str, Decimal]
    stays: Mapping[str, StayTruth]
    cases: Mapping[str, int]
    planted: tuple[Planted, ...]

    def planted_for(self, source: str, indicator: str) -> tuple[Planted, ...]:
        """The outliers of one source and indicator."""
        return tuple(item for item in self.planted if (item.source, item.indicator) == (source, indicator))

    def to_json(self) -> str:
        """All of it as JSON, amounts as text."""
        return json.dumps(asdict(self), default=str, indent=2, sort_keys=True)


@dataclass(frozen=True)
class ClaimsReport(SampleReport):
    """What `generate_claims_sample` wrote: files, faults, and what is known of them."""

    truth: ClaimsTruth


@dataclass
class Tally:
    """Counts while a sample is written."""

    people: Counter[str] = field(default_factory=Counter)
    beneficiaries: Counter[str] = field(default_factory=Counter)
    deaths: Counter[str] = field(default_factory=Counter)
    claims: Counter[str] = field(default_factory=Counter)
    lines: Counter[str] = field(default_factory=Counter)
    cents: Counter[str] = field(default_factory=Counter)
    stays: dict[str, Counter[str]] = field(default_factory=dict)
    cases: Counter[str] = field(default_factory=Counter)
    planted: list[Planted] = field(default_factory=list)

    def add_claims(self, data_set: str, claims: int, lines: int, cents: Ints | int) -> None:
        """Count claims that stand."""
        self.claims[data_set] += claims
        self.lines[data_set] += lines
        self.cents[data_set] += int(np.sum(cents))

    def add_stays(self, source: str, bills: Columns) -> None:
        """Count hospital stays."""
        role, last = bills["role"], bills["bill"] != 1
        whole = last & (role != PLANTED)
        length = bills["discharge"] - bills["admit"]
        self.stays.setdefault(source, Counter()).update(
            stays=int(whole.sum()),
            transfers=int((whole & (role == TRANSFERRED)).sum()),
            readmissions=int((whole & np.isin(role, [READMITTED, LATER])).sum()),
            after_31_days=int((whole & (role == NEXT_DAY_31)).sum()),
            interim_bills=int((bills["bill"] == 2).sum()),
            same_day=int((whole & (length == 0)).sum()),
            length_days=int(length[whole].sum()),
        )

    def plant(self, source: str, indicator: str, subject: str, events: Sequence[str] = ()) -> None:
        """Note an outlier."""
        self.planted.append(Planted(source, indicator, subject, tuple(events)))

    def truth(self) -> ClaimsTruth:
        """All that was counted."""
        return ClaimsTruth(
            people=dict(self.people),
            beneficiaries=dict(sorted(self.beneficiaries.items())),
            deaths=dict(self.deaths),
            claims=dict(self.claims),
            lines=dict(self.lines),
            payment_usd={name: Decimal(cents) / 100 for name, cents in self.cents.items()},
            stays={source: StayTruth(**counts) for source, counts in self.stays.items()},
            cases=dict(sorted(self.cases.items())),
            planted=tuple(self.planted),
        )
