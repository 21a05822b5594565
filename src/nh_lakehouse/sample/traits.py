"""What a home is like, for as long as it exists: size, staffing, quality, readmissions, and how they go together.

Each measure is placed in its published distribution by a score that mixes the home's state, its quality (better in
non-profit and government homes), the hours of other jobs and chance. The homes of the first month are placed by rank,
so that mean and deviation are the published ones in small samples too; homes that open later are drawn freely.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from nh_lakehouse.sample import marginals
from nh_lakehouse.sample.randomness import Dice, Quantiles, cumulative, normal, ranked, stepped
from nh_lakehouse.sample.states import GUAM, STATES, measure_by_state

__all__ = [
    "LATE",
    "ORDINARY",
    "OWNERSHIP_TYPES",
    "PENALIZED",
    "SPECIAL_FOCUS",
    "TOO_NEW",
    "UNRATED",
    "Traits",
    "traits_of",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Ownership types with their shares of homes; the class is the text before the dash.
OWNERSHIP_TYPES = (
    ("For profit - Corporation", 0.382),
    ("For profit - Limited Liability company", 0.265),
    ("For profit - Partnership", 0.045),
    ("For profit - Individual", 0.033),
    ("Non profit - Corporation", 0.146),
    ("Non profit - Church related", 0.027),
    ("Non profit - Other", 0.038),
    ("Government - County", 0.0195),
    ("Government - Hospital district", 0.022),
    ("Government - State", 0.008),
    ("Government - City/county", 0.008),
    ("Government - City", 0.006),
    ("Government - Federal", 0.0005),
)
_BETTER = {"For profit": -0.3, "Non profit": 0.8, "Government": 0.5}

#: How a home stands in the publisher's files, with the shares of October 2024: hours and ratings published; open for
#: less than a year (footnote 1); in the special focus program (18); too little data (2); no usable staffing data, one
#: star (6 and 12); hours published, but one star for days without a registered nurse (12).
ORDINARY, TOO_NEW, SPECIAL_FOCUS, UNRATED, LATE, PENALIZED = range(6)
_STANDING = (0.93381, 0.00378, 0.00587, 0.00392, 0.01836, 0.03426)

_HOSPITAL_BASED = 0.0333
_RATED_BY_VBP, _NO_BASELINE = 0.717, 0.0476
#: Rows of the ownership file of October 2024, and the homes in it without a known owner (one row each).
_OWNER_ROWS, _NO_OWNER, _HOMES = 145_354, 543, 14_814


@dataclass(frozen=True)
class Traits:
    """One array per trait, indexed by the number of the home.

    Hours are per resident and day; `weekend_ratio` and `rn_weekend_ratio` are weekend hours over all hours; `occupancy`
    is residents per bed; `quality` and the `_score` traits are standard normal, higher is better but for
    `deficiency_score`; `rsrr` is 0 where the readmission programme does not score the home; `owners` counts
    owners and managers, 0 where the publisher knows none.
    """

    ownership: Ints
    in_hospital: NDArray[np.bool_]
    standing: Ints
    beds: Ints
    occupancy: Floats
    aide: Floats
    lpn: Floats
    rn: Floats
    weekend_ratio: Floats
    rn_weekend_ratio: Floats
    therapist: Floats
    case_mix: Floats
    turnover: Floats
    rn_turnover: Floats
    administrators_left: Ints
    quality: Floats
    long_stay_score: Floats
    short_stay_score: Floats
    deficiency_score: Floats
    fines: Ints
    denials: Ints
    fine_score: Floats
    rsrr: Floats
    baseline_rsrr: Floats
    owners: Ints

    def joined(self, later: Traits) -> Traits:
        """These homes followed by those that opened later."""
        return Traits(*(np.concatenate([getattr(self, f.name), getattr(later, f.name)]) for f in fields(self)))


def traits_of(dice: Dice, numbers: Ints, states: Ints, *, even: bool) -> Traits:
    """Traits of homes by their number and state; `even` spreads them over each distribution by rank."""
    return _Drawing(dice, numbers, states, even).traits()


def _blend(*parts: tuple[float, Floats]) -> Floats:
    """A weighted sum of independent standard normal scores, standard normal again."""
    size = math.sqrt(math.fsum(weight * weight for weight, _ in parts))
    total = parts[0][1] * (parts[0][0] / size)
    for weight, score in parts[1:]:
        total = total + score * (weight / size)
    return total


def _state_offsets(distribution: Quantiles, means: Floats) -> tuple[Floats, float]:
    """How far each state lies from the nation in standard deviations, and the deviation left within states."""
    scores = normal(np.clip(distribution.probability(means), 0.004, 0.996)).tolist()
    homes = [state.homes for state in STATES]
    centre = math.fsum(score * count for score, count in zip(scores, homes, strict=True)) / sum(homes)
    spread = math.fsum((score - centre) ** 2 * count for score, count in zip(scores, homes, strict=True)) / sum(homes)
    return np.array([score - centre for score in scores]), math.sqrt(max(0.3, 1 - spread))


@dataclass(frozen=True)
class _Drawing:
    """The draws behind the traits of a set of homes."""

    dice: Dice
    numbers: Ints
    states: Ints
    even: bool

    def chance(self, what: str) -> Floats:
        """A number in (0, 1) per home, spread evenly where the homes are placed by rank."""
        return self.dice.evenly(what, self.numbers) if self.even else self.dice.uniform(what, self.numbers)

    def noise(self, what: str) -> Floats:
        """A standard normal number per home."""
        return self.dice.normal(what, self.numbers)

    def level(self, score: Floats) -> Floats:
        """The place of a standard normal score among all homes, in (0, 1)."""
        return ranked(score) if self.even else cumulative(score)

    def in_state(self, distribution: Quantiles, means: Floats, score: Floats) -> Floats:
        """The score moved by how far the mean of the home's state lies from the nation's."""
        offsets, within = _state_offsets(distribution, means)
        return offsets[self.states] + score * within

    def traits(self) -> Traits:
        """Draw everything."""
        ownership = stepped(self.chance("ownership"), [share for _, share in OWNERSHIP_TYPES])
        better = np.array([_BETTER[name.split(" - ")[0]] for name, _ in OWNERSHIP_TYPES])[ownership]
        quality = self.noise("quality") * 0.9 + better
        in_hospital = (self.chance("hospital") < _HOSPITAL_BASED) | (measure_by_state("aide")[self.states] == 0)
        beds = self.in_state(marginals.BEDS, measure_by_state("residents") / 0.777, self.noise("beds"))
        scores = self._staffing_scores(quality, in_hospital)
        aide, lpn, rn = self._hours(scores)
        leaving = _blend((-0.35, quality), (-0.2, scores["aide"]), (0.9, self.noise("turnover")))
        turnover, rn_turnover, left = self._turnover(leaving)
        deficiency, fines, denials, fine_score = self._sanctions(quality)
        rsrr, baseline_rsrr = self._readmissions(scores, quality)
        return Traits(
            ownership=ownership,
            in_hospital=in_hospital,
            standing=self._standing(),
            beds=np.maximum(marginals.BEDS.whole(self.level(beds - in_hospital * 1.2)), 4),
            occupancy=marginals.OCCUPANCY(self.level(_blend((0.2, quality), (1.0, self.noise("occupancy"))))),
            aide=aide,
            lpn=lpn,
            rn=rn,
            weekend_ratio=np.clip(self.noise("weekend") * 0.0532 + 0.874, 0.55, 1.08),
            rn_weekend_ratio=np.clip(self.noise("rn weekend") * 0.17 + 0.662 + scores["rn"] * 0.03, 0.0, 1.1),
            therapist=marginals.THERAPIST(self.level(_blend((0.3, scores["rn"]), (1.0, self.noise("therapist"))))),
            case_mix=self._case_mix(scores["rn"]),
            turnover=turnover,
            rn_turnover=rn_turnover,
            administrators_left=left,
            quality=quality,
            long_stay_score=_blend((0.25, quality), (1.0, self.noise("long stay"))),
            short_stay_score=_blend((0.3, quality), (0.3, self.noise("long stay")), (0.9, self.noise("short stay"))),
            deficiency_score=deficiency,
            fines=fines,
            denials=denials,
            fine_score=fine_score,
            rsrr=rsrr,
            baseline_rsrr=baseline_rsrr,
            owners=self._owners(),
        )

    def _staffing_scores(self, quality: Floats, in_hospital: NDArray[np.bool_]) -> dict[str, Floats]:
        """Scores of the hours by job: homes with many nurses have many aides, large homes fewer of both."""
        nurses = _blend((0.4, quality), (0.9, self.noise("rn")), (-0.25, self.noise("beds")))
        aides = ((0.2, quality), (0.55, self.noise("rn")), (0.8, self.noise("aide")), (-0.12, self.noise("beds")))
        return {
            "rn": self.in_state(marginals.RN, measure_by_state("rn"), nurses) + in_hospital * 1.5,
            "aide": self.in_state(marginals.AIDE, measure_by_state("aide"), _blend(*aides)),
            "lpn": self.in_state(marginals.LPN, measure_by_state("lpn"), self.noise("lpn")),
        }

    def _hours(self, scores: dict[str, Floats]) -> tuple[Floats, Floats, Floats]:
        """Hours of aides, practical and registered nurses; homes placed by rank have the published totals, too."""
        aide = marginals.AIDE(self.level(scores["aide"]))
        lpn = marginals.LPN(self.level(scores["lpn"]))
        rn = marginals.RN(self.level(scores["rn"]))
        total = aide + lpn + rn
        scale = marginals.TOTAL(self.level(total)) / np.maximum(total, 0.001) if self.even else np.ones(len(total))
        return aide * scale, lpn * scale, rn * scale

    def _standing(self) -> Ints:
        standing = stepped(self.chance("standing"), _STANDING)
        return np.where(self.states == GUAM, LATE, standing)

    def _case_mix(self, nurses: Floats) -> Floats:
        score = _blend((0.25, nurses), (1.0, self.noise("case mix")))
        return marginals.CASE_MIX(self.level(self.in_state(marginals.CASE_MIX, measure_by_state("case_mix"), score)))

    def _turnover(self, leaving: Floats) -> tuple[Floats, Floats, Ints]:
        """Turnover of all nursing staff and of registered nurses, and administrators who left."""
        nurses = _blend((0.55, leaving), (0.8, self.noise("rn turnover")))
        everyone = self.in_state(marginals.TURNOVER, measure_by_state("turnover"), leaving)
        nurses = self.in_state(marginals.RN_TURNOVER, measure_by_state("rn_turnover"), nurses)
        heads = _blend((0.4, leaving), (0.9, self.noise("left")))
        return (
            marginals.TURNOVER(self.level(everyone)),
            marginals.RN_TURNOVER(self.level(nurses)),
            marginals.ADMINISTRATORS_LEFT.counts(self.level(heads)),
        )

    def _sanctions(self, quality: Floats) -> tuple[Floats, Ints, Ints, Floats]:
        """Deficiencies, fines, denials (more where quality is low and deficiencies are many) and the size of fines."""
        bad = _blend((-0.45, quality), (0.9, self.noise("deficiencies")))
        deficiency = self.in_state(marginals.DEFICIENCIES, measure_by_state("deficiencies"), bad)
        fined = _blend((0.45, bad), (0.9, self.noise("fines")))
        # The mean of a state is pulled towards the nation's 1.7: a few homes with very many fines make it.
        fined = self.in_state(marginals.FINES, measure_by_state("fines") * 0.7 + 0.51, fined)
        denied = _blend((0.5, bad), (0.9, self.noise("denials")))
        amounts, _ = _state_offsets(marginals.FINE_USD, measure_by_state("fine_usd") / measure_by_state("fines"))
        return (
            deficiency,
            marginals.FINES.counts(self.level(fined)),
            marginals.DENIALS.counts(self.level(denied)),
            amounts[self.states] * 0.45 + bad * 0.1 + self.noise("fine size") * 0.15,
        )

    def _readmissions(self, scores: dict[str, Floats], quality: Floats) -> tuple[Floats, Floats]:
        """Risk-standardized readmission rates, lower where hours are high, and earlier rates; 0 where there is none."""
        hours = _blend((0.55, scores["rn"]), (0.7, scores["aide"]), (0.35, scores["lpn"]))
        expected = 0.2021 + (measure_by_state("rehospitalized") - 23.15) * 0.0016
        score = _blend((-0.27, hours), (-0.1, quality), (0.9, self.noise("rsrr")))
        score = self.in_state(marginals.RSRR, expected, score)
        before = _blend((0.5, score), (0.85, self.noise("baseline")))
        chosen = ranked(self.noise("vbp") + self.noise("beds") * 0.5) if self.even else self.chance("vbp")
        scored = (chosen < _RATED_BY_VBP) & (self.states != GUAM)
        compared = scored & (self.chance("no baseline") >= _NO_BASELINE)
        # The national rate of the baseline period lies 0.0045 below that of the performance period.
        earlier = self._placed(marginals.RSRR, before, compared) - 0.0045
        return self._placed(marginals.RSRR, score, scored), np.where(compared, earlier, 0.0)

    def _owners(self) -> Ints:
        """Owners and managers told; the homes of the first month have as many together as the published file."""
        size = len(self.numbers)
        unknown = self.chance("owners unknown") * size < (size * _NO_OWNER + size // 2) // _HOMES
        thousandths = np.where(unknown, 0, marginals.OWNERS.whole(self.chance("owners"), 1_000))
        if not self.even:
            return thousandths // 1_000
        wanted = (size * _OWNER_ROWS + _HOMES // 2) // _HOMES - int(unknown.sum())
        upto = np.cumsum(thousandths)
        shared = upto * wanted // max(1, int(upto[-1]))
        return np.asarray(np.diff(shared, prepend=0), dtype=np.int64)

    def _placed(self, distribution: Quantiles, score: Floats, among: NDArray[np.bool_]) -> Floats:
        """Values of a distribution over some of the homes, 0 for the others."""
        values = np.zeros(len(score))
        values[among] = distribution(self.level(score[among]))
        return values
