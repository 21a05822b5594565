"""Writing a claims sample, and a later delivery to it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np

from nh_lakehouse.errors import ConfigError
from nh_lakehouse.sample.claims.delivery import Delivery
from nh_lakehouse.sample.claims.dirt import spoil_rif, spoil_synpuf, strays
from nh_lakehouse.sample.claims.era import RIF, SYNPUF, Chance
from nh_lakehouse.sample.claims.numbering import MOST_PEOPLE
from nh_lakehouse.sample.claims.rif import rif_people, write_late_rif, write_rif, write_rif_year
from nh_lakehouse.sample.claims.synpuf import write_beneficiaries, write_late_claims, write_synpuf
from nh_lakehouse.sample.claims.truth import ClaimsReport, Tally
from nh_lakehouse.sample.randomness import Dice, Ints

__all__ = ["SOURCES", "generate_claims_delivery", "generate_claims_sample"]

#: The public use file of 2008 to 2010, and research files of 2015 to 2017.
SOURCES = ("synpuf", "rif")
_FEWEST = 20


def generate_claims_sample(
    out: Path,
    *,
    people: int = 2_000,
    seed: int = 1,
    dirt: bool = True,
    sources: Collection[str] = SOURCES,
    years: int = 3,
) -> ClaimsReport:
    """Write Medicare claims files that belong together, the same bytes for the same arguments everywhere.

    The public use file (DE-SynPUF) has `people` people, the research files (RIF, Synthea's layout) a tenth of them, at
    least 20. Each has beneficiary files, all types of claims and drug events, with names, headers, density and
    marginals of the publishers' files: 116,352 people are the true size of SynPUF Sample 1. People age, move, join
    managed care and die; conditions drive what they are treated for; stays have transfers, readmissions and interim
    bills; some physicians and beneficiaries are outliers of each kind that `fraud_indicators` looks for. A person is
    the same in a larger sample. People are written block by block: memory does not grow with their number.

    Args:
        out: folder to write to; it is made if it is missing. Files of the same names are replaced, others stay.
        people: people of the public use file, from 20 to 200,000.
        seed: another seed gives other people.
        dirt: put in the faults that `nh_lakehouse.sample.claims.dirt` lists.
        sources: `synpuf`, `rif` or both.
        years: beneficiary files of so many years, 1 to 3; claims are those of all years.
    Returns:
        The files with their rows, the faults with their rows, and what is known of the sample (`truth`).
    Raises:
        ConfigError: an argument is out of its range.
    Example:
        >>> import tempfile
        >>> report = generate_claims_sample(Path(tempfile.mkdtemp()), people=20, dirt=False)
        >>> report.truth.people
        {'synpuf': 20, 'rif': 20}
    """
    _check(people, years, 1, SYNPUF.years, sources)
    out.mkdir(parents=True, exist_ok=True)
    dice, tally = Dice(seed), Tally()
    with Delivery(out) as delivery:
        if "synpuf" in sources:
            write_synpuf(delivery, dice, people, years, tally)
            if dirt:
                spoil_synpuf(delivery)
        if "rif" in sources:
            write_rif(delivery, dice, rif_people(people), years, tally)
            if dirt:
                spoil_rif(delivery)
    if dirt:
        strays(delivery)
    return _report(delivery, tally)


def generate_claims_delivery(
    out: Path,
    *,
    people: int,
    seed: int = 1,
    sources: Collection[str] = SOURCES,
    years: int = 3,
    late_share: float = 0.02,
) -> ClaimsReport:
    """Write what comes after a sample: the beneficiary files of the next year, and late claims of a few people.

    The late claims are of that share of the people, as many again as they have, in files of their own (`_late`), so
    that they touch few people; research files also correct and delete claims of the first delivery. `truth` counts
    this delivery alone.

    Args:
        out: folder to write to, another one or that of the sample.
        people: as in the sample.
        seed: as in the sample.
        sources: as in the sample.
        years: years of beneficiary files that the sample has; the next year's is written (2011 and 2018 after three).
        late_share: share of people with late claims; 0 writes none.
    Returns:
        As `generate_claims_sample`.
    Raises:
        ConfigError: an argument is out of its range.
    """
    _check(people, years, 0, SYNPUF.years, sources)
    if not 0 <= late_share <= 1:
        message = f"late_share = {late_share}: a share is between 0 and 1. Give a number in that range."
        raise ConfigError(message, option="late_share", value=late_share)
    out.mkdir(parents=True, exist_ok=True)
    dice, tally = Dice(seed), Tally()
    with Delivery(out) as delivery:
        if "synpuf" in sources:
            write_beneficiaries(delivery, dice, people, years, tally)
            late = _late(dice, SYNPUF.source, people, late_share)
            if len(late):
                write_late_claims(delivery, dice, late, "_late", tally)
        if "rif" in sources:
            write_rif_year(delivery, dice, rif_people(people), years, tally)
            late = _late(dice, RIF.source, rif_people(people), late_share)
            if len(late):
                write_late_rif(delivery, dice, late, "_late", tally)
    return _report(delivery, tally)


def _late(dice: Dice, source: str, people: int, share: float) -> Ints:
    """The people with late claims."""
    numbers = np.arange(people)
    return numbers[Chance(dice, source).happens("late claims", share, numbers)]


def _report(delivery: Delivery, tally: Tally) -> ClaimsReport:
    order = sorted(delivery.dirt, key=lambda item: (item.file, item.row, item.reason))
    return ClaimsReport(delivery.files(), tuple(order), tally.truth())


def _check(people: int, years: int, fewest_years: int, most_years: int, sources: Collection[str]) -> None:
    bounds = (("people", people, _FEWEST, MOST_PEOPLE), ("years", years, fewest_years, most_years))
    for name, value, lowest, highest in bounds:
        if not lowest <= value <= highest:
            message = f"{name} = {value}: a claims sample needs between {lowest} and {highest}. Give such a number."
            raise ConfigError(message, option=name, value=value)
    for source in sources:
        if source not in SOURCES:
            message = f"sources = {source}: a claims sample has no such source; it has {', '.join(SOURCES)}."
            raise ConfigError(message, option="sources", value=source)
