"""Medicare claims, generated: the public use file (DE-SynPUF) and research files (RIF).

`generate_claims_sample` writes a landing folder, `generate_claims_delivery` what comes after it. Headers, formats and
marginals are those of the publishers' files, people and providers are made up. `nh_lakehouse.sample.claims.dirt` lists
the faults put in on purpose, `ClaimsReport.truth` what is known of a sample.
"""

from __future__ import annotations

from nh_lakehouse.sample.claims.landing import SOURCES, generate_claims_delivery, generate_claims_sample
from nh_lakehouse.sample.claims.truth import ClaimsReport, ClaimsTruth, Planted, StayTruth

__all__ = [
    "SOURCES",
    "ClaimsReport",
    "ClaimsTruth",
    "Planted",
    "StayTruth",
    "generate_claims_delivery",
    "generate_claims_sample",
]
