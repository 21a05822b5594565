"""Hospital records, generated: the Massachusetts General layout and a Synthea export.

`generate_hospital_sample` writes a landing folder with one folder for each. Headers, codes and formats are those of the
publishers' files, people are made up. `nh_lakehouse.sample.hospital.people` and `.visits` put in the oddities of the
real files and some faults; `HospitalReport.truth` counts them.
"""

from __future__ import annotations

from nh_lakehouse.sample.hospital.landing import HospitalReport, generate_hospital_sample

__all__ = ["HospitalReport", "generate_hospital_sample"]
