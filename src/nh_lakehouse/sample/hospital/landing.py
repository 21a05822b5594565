"""Writing a hospital sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nh_lakehouse.errors import ConfigError
from nh_lakehouse.sample.hospital.form import Delivery
from nh_lakehouse.sample.hospital.people import add_patients, add_payers, add_places
from nh_lakehouse.sample.hospital.records import Records
from nh_lakehouse.sample.hospital.visits import Visits
from nh_lakehouse.sample.landing import SampleFile, SampleReport

__all__ = ["HospitalReport", "generate_hospital_sample"]

_FEWEST, _MOST = 20, 100_000
_DICTIONARY = (
    ("encounters", "", "Patient encounter data"),
    ("encounters", "Id", "Primary Key. Unique Identifier of the encounter."),
    ("patients", "", "Patient demographic data."),
)


@dataclass(frozen=True)
class HospitalReport(SampleReport):
    """What `generate_hospital_sample` wrote: files, faults, and how often each case occurs.

    Attributes:
        truth: case of a source, such as `maven/readmissions`, -> how often it was put in.
    """

    truth: Mapping[str, int]


def generate_hospital_sample(out: Path, *, patients: int = 300, seed: int = 1) -> HospitalReport:
    """Write hospital records of both layouts, the same bytes for the same arguments everywhere.

    `maven/` has `patients` people in the layout of the Massachusetts General set; `synthea/` has a quarter of them, 20
    at least, in that of a Synthea export with all its 18 files. What the real files do is in them: names in a wrong
    encoding, ZIP codes without zero, codes of 17 digits, encounters after death, stays that overlap or last five years,
    whole rows twice; and faults that a load must find. A person is the same in a larger sample.

    Args:
        out: folder to write to; it is made if it is missing. Files of the same names are replaced.
        patients: people in the first layout, from 20 to 100,000; 974 is the true size of the set.
        seed: another seed gives other people.
    Returns:
        The files with their rows, the faults with their rows, and the count of every case.
    Raises:
        ConfigError: an argument is out of its range.
    """
    if not _FEWEST <= patients <= _MOST:
        message = f"patients = {patients}: a hospital sample has {_FEWEST} to {_MOST:,}. Give a number in that range."
        raise ConfigError(message, option="patients", value=patients)
    maven, synthea = Delivery("maven"), Delivery("synthea")
    _fill(maven, patients, seed)
    _fill(synthea, max(_FEWEST, patients // 4), seed)
    maven.write(out, encoding="utf-8-sig", newlines={"organizations": "\r\n"})
    synthea.write(out, encoding="utf-8", newlines={})
    forms = [*maven.forms.values(), *synthea.forms.values()]
    return HospitalReport(
        files=tuple(SampleFile(form.name, len(form.rows)) for form in forms),
        dirt=tuple(item for form in forms for item in form.dirt),
        truth=dict(sorted((maven.cases + synthea.cases).items())),
    )


def _fill(delivery: Delivery, patients: int, seed: int) -> None:
    people = add_patients(delivery, patients, seed)
    add_payers(delivery)
    visits = Visits(delivery, add_places(delivery, seed))
    records = Records(delivery) if delivery.source == "synthea" else None
    for patient in people:
        visits.add(patient, seed)
        if records is not None:
            records.add(patient, visits.anchors[patient.id], seed)
    if records is None:
        form = delivery.form("data_dictionary", "Table,Field,Description")
        for row in _DICTIONARY:
            form.add(row)
