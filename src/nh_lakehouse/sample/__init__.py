"""A deterministic generator of files shaped like those of the Centers for Medicare & Medicaid Services (CMS).

`generate_sample` writes a landing folder of nursing-home files: names, headers, missing values, footnotes and
distributions are the real ones, homes and their names are made up. `nh_lakehouse.sample.dirt`, `.dirt_inspections` and
`.dirt_measures` list the faults put in on purpose. `generate_claims_sample` does the same for Medicare claims, see
`nh_lakehouse.sample.claims`, and `generate_hospital_sample` for hospital records, see `nh_lakehouse.sample.hospital`.
"""

from __future__ import annotations

from nh_lakehouse.sample.claims import ClaimsReport, generate_claims_delivery, generate_claims_sample
from nh_lakehouse.sample.damage import Dirt
from nh_lakehouse.sample.hospital import HospitalReport, generate_hospital_sample
from nh_lakehouse.sample.landing import SampleFile, SampleReport, generate_sample

__all__ = [
    "ClaimsReport",
    "Dirt",
    "HospitalReport",
    "SampleFile",
    "SampleReport",
    "generate_claims_delivery",
    "generate_claims_sample",
    "generate_hospital_sample",
    "generate_sample",
]
