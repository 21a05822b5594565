"""That the headers of claims files are the published ones, word for word."""

from __future__ import annotations

from pathlib import Path

import pytest

from nh_lakehouse.sample.claims.headers import header_of

PUBLISHED = {
    "syn_beneficiary": (32, "synpuf/DE1_0_2009_Beneficiary_Summary_File_Sample_1.csv"),
    "syn_inpatient": (81, "synpuf/DE1_0_2008_to_2010_Inpatient_Claims_Sample_1_head999.csv"),
    "syn_outpatient": (76, "synpuf/DE1_0_2008_to_2010_Outpatient_Claims_Sample_TestA.csv"),
    "syn_carrier": (142, "synpuf/DE1_0_2008_to_2010_Carrier_Claims_Sample_TestAA.csv"),
    "syn_pde": (8, "synpuf/DE1_0_2008_to_2010_Prescription_Drug_Events_Sample_1_small.csv"),
    "rif_beneficiary": (204, "rif/synthea_3_beneficiaries/beneficiary_2015.csv"),
    "rif_beneficiary_history": (21, "rif/synthea_3_beneficiaries/beneficiary_history.csv"),
    "rif_inpatient": (275, "rif/synthea_3_beneficiaries/inpatient.csv"),
    "rif_outpatient": (234, "rif/synthea_3_beneficiaries/outpatient.csv"),
    "rif_snf": (230, "rif/synthea_3_beneficiaries/snf.csv"),
    "rif_hha": (131, "rif/synthea_3_beneficiaries/hha.csv"),
    "rif_hospice": (129, "rif/synthea_3_beneficiaries/hospice.csv"),
    "rif_carrier": (99, "rif/synthea_3_beneficiaries/carrier.csv"),
    "rif_dme": (95, "rif/synthea_3_beneficiaries/dme.csv"),
    "rif_pde": (41, "rif/synthea_3_beneficiaries/pde.csv"),
}


@pytest.mark.parametrize("data_set", PUBLISHED)
def test_header_has_the_published_number_of_columns(data_set: str) -> None:
    header = header_of(data_set)
    assert len(header) == len(set(header)) == PUBLISHED[data_set][0]


@pytest.mark.parametrize("data_set", PUBLISHED)
def test_header_is_that_of_the_real_file(data_set: str, real_data: Path) -> None:
    with (real_data / PUBLISHED[data_set][1]).open(encoding="utf-8") as file:
        published = file.readline().rstrip("\r\n").replace('"', "")
    assert published.split("," if data_set.startswith("syn") else "|") == list(header_of(data_set))


def test_export_summary_header_is_that_of_the_real_file(claims, real_data: Path) -> None:
    def first(path: Path) -> str:
        return path.read_text(encoding="utf-8").splitlines()[0]

    real = real_data / "rif" / "synthea_3_beneficiaries" / "export_summary.csv"
    assert first(claims.folder / "export_summary.csv") == first(real)
