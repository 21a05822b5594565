"""Lists of every optional kind for the generated sample of claims, small and made up: names, groups and weights."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from support import write

from nh_lakehouse.sample.claims.codes import DIAGNOSES_9, DIAGNOSES_10

#: Codes of the sample by system, and ICD procedures of its hospital stays.
DIAGNOSES = {"ICD9": set(DIAGNOSES_9.to_pylist()), "ICD10": set(DIAGNOSES_10.to_pylist())}
PROCEDURES = {"ICD9": ("0066", "3722", "3893", "8154", "8872", "9671"), "ICD10": ("0DB68ZX", "0SRC0J9")}

#: The list of each kind as rows. A category is the beginning of its codes; gastrointestinal bleeding has none.
LISTS: dict[str, list[dict[str, Any]]] = {
    "ref_ccs": [
        {"code_kind": "dx", "code_system": system, "code": code, "ccs_category": code[:3], "ccs_description": code[:3]}
        for system, codes in DIAGNOSES.items()
        for code in sorted(codes - {"5789", "K922"})
        if code[0] not in "OX"
    ]
    + [
        {"code_kind": "px", "code_system": system, "code": code, "ccs_category": code[:2], "ccs_description": code[:2]}
        for system, codes in PROCEDURES.items()
        for code in codes
    ],
    "ref_hwr_list": [
        {"list_name": name, "list_code_kind": kind, "list_code": code, "list_description": code}
        for name, kind, code in (
            ("always_planned_px", "icd9", "815"),
            ("always_planned_dx", "ccs", "V58"),
            ("potentially_planned_px", "ccs", "00"),
            ("potentially_planned_px", "icd9", "37"),
            ("acute_dx", "ccs", "486"),
            ("acute_dx", "icd9", "410"),
            ("excluded_cancer_dx", "icd9", "V5811"),
            ("excluded_psychiatric_dx", "ccs", "780"),
            ("excluded_rehabilitation_dx", "icd9", "V5789"),
        )
    ],
    "ref_icd": [
        {"code_kind": "dx", "code_system": "ICD9", "code": "4280", "description": "Congestive heart failure"},
        {"code_kind": "dx", "code_system": "ICD9", "code": "486", "description": "Pneumonia"},
        {"code_kind": "px", "code_system": "ICD9", "code": "3722", "description": "Left heart catheterization"},
    ],
    "ref_drg": [
        {"drg": drg, "drg_title": f"Group {drg}", "mdc": "05", "drg_type": "medical", "drg_weight": "1.5"}
        for drg in ("194", "470", "871")
    ],
    "ref_elixhauser": [
        {"comorbidity": name, "code_system": system, "code_prefix": prefix, "comorbidity_weight": weight}
        for name, system, prefix, weight in (
            ("chf", "ICD9", "428", 7),
            ("chf", "ICD10", "I50", 7),
            ("hypertension", "ICD9", "401", 0),
            ("hypertension", "ICD10", "I10", 0),
            ("obesity", "ICD9", "278", -4),
            ("diabetes", "ICD9", "250", 0),
            ("depression", "ICD9", "311", -3),
        )
    ],
    "ref_hcpcs": [
        {"hcpcs": "99213", "hcpcs_description": "Office visit, established patient", "unit_minutes": "20"},
        {"hcpcs": "99214", "hcpcs_description": "Office visit, established patient", "unit_minutes": ""},
    ],
}


def values_of(path: Path, header: str, delimiter: str = ",") -> list[str]:
    """The different values of a column of a file, sorted."""
    with path.open(encoding="utf-8") as lines:
        return sorted({row[header] for row in csv.DictReader(lines, delimiter=delimiter) if row[header]})


def write_lists(landing: Path) -> None:
    """Write the lists beside the sample, and names for half of its drugs and hospitals."""
    ndcs = values_of(landing / "DE1_0_2008_to_2010_Prescription_Drug_Events_Sample_1.csv", "PROD_SRVC_ID")
    ndcs += values_of(landing / "pde.csv", "PROD_SRVC_ID", "|")
    homes = values_of(landing / "snf.csv", "PRVDR_NUM", "|")
    hospitals = values_of(landing / "DE1_0_2008_to_2010_Inpatient_Claims_Sample_1.csv", "PRVDR_NUM")
    named = {
        "ref_ndc": [
            {"ndc9": ndc9, "drug_name": f"Drug {ndc9}", "drug_class": f"Class {number % 7}" if number % 8 else ""}
            for number, ndc9 in enumerate(sorted({ndc[:9] for ndc in ndcs})[::2])
        ],
        "ref_provider": [
            {"provider_id_type": "CCN", "provider_id": ccn, "provider_name": f"Hospital {ccn}"}
            for ccn in sorted({*hospitals[::2], *homes})
        ],
    }
    for name, rows in {**LISTS, **named}.items():
        write(landing / f"{name}.csv", rows)
