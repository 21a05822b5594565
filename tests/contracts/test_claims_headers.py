"""Claims files: both layouts of the research files and DE-SynPUF are understood, header by header and by their names."""

from __future__ import annotations

import re

import pytest
from editions import header_of

from nh_lakehouse.bronze.identify import candidates, drift_of_header
from nh_lakehouse.contracts import DataSet, HeaderMatch, load_contracts
from nh_lakehouse.contracts.model import normalize_header

#: header file -> data set, columns of the file
EDITIONS = {
    "rif_beneficiary_2015_public": ("rif_beneficiary", 185),
    "rif_beneficiary_2011": ("rif_beneficiary", 204),
    "rif_beneficiary_history": ("rif_beneficiary_history", 21),
    "rif_carrier": ("rif_carrier", 99),
    "rif_dme": ("rif_dme", 95),
    "rif_hha": ("rif_hha", 131),
    "rif_hha_public": ("rif_hha", 88),
    "rif_hospice": ("rif_hospice", 129),
    "rif_inpatient": ("rif_inpatient", 275),
    "rif_outpatient": ("rif_outpatient", 234),
    "rif_pde": ("rif_pde", 41),
    "rif_snf": ("rif_snf", 230),
    "rif_export_summary": ("rif_export_summary", 9),
    "DE1_0_2008_Beneficiary_Summary_File": ("syn_beneficiary", 32),
    "DE1_0_Inpatient_Claims": ("syn_inpatient", 81),
    "DE1_0_Outpatient_Claims": ("syn_outpatient", 76),
    "DE1_0_Carrier_Claims": ("syn_carrier", 142),
    "DE1_0_Prescription_Drug_Events": ("syn_pde", 8),
}
#: What the public release of 2023 lacks (MEASURES A2, and the files of it at hand).
NOT_PUBLIC = re.compile(r"DML_IND|CLM_GRP_ID|FINAL_ACTION|.*_VRSN_CD\d*|FI_(DOC|ORIG)_CLM_CNTL_NUM|CARR_CLM_CNTL_NUM")
CLAIM_TYPES = ("inpatient", "outpatient", "snf", "hha", "hospice", "carrier", "dme")


def match(edition: str) -> HeaderMatch:
    """The edition's header held against its contract."""
    return load_contracts()[EDITIONS[edition][0]].match_header(header_of(edition))


def public(claim_type: str) -> list[str]:
    """The header of a claim type in the public layout, made from the other one."""
    header = [h for h in header_of(f"rif_{claim_type}") if not NOT_PUBLIC.fullmatch(h)]
    if "CLAIM_QUERY_CODE" not in header and claim_type in ("hha", "hospice"):
        header.insert(header.index("CLM_LINE_NUM"), "CLAIM_QUERY_CODE")
    return ["CLM_LINE_NUM" if h == "LINE_NUM" else h for h in header]


@pytest.mark.parametrize("edition", EDITIONS)
def test_each_header_has_its_own_column_and_neither_layout_is_drift(edition: str) -> None:
    data_set, columns_n = EDITIONS[edition]
    found = match(edition)
    assert (len(found.columns), found.unknown, found.repeated, found.missing_required) == (columns_n, {}, (), ())
    assert drift_of_header(load_contracts()[data_set], found, header_of(edition)) == []


@pytest.mark.parametrize("edition", [e for e in EDITIONS if e != "rif_beneficiary_history"])
def test_a_header_fits_no_other_data_set_as_well(edition: str) -> None:
    scores = {name: c.match_header(header_of(edition)).score for name, c in load_contracts().items()}
    assert max(scores, key=lambda name: scores[name]) == EDITIONS[edition][0]
    assert sorted(scores.values())[-2] < scores[EDITIONS[edition][0]]


def test_the_public_layout_is_made_as_the_file_at_hand_has_it() -> None:
    assert public("hha") == header_of("rif_hha_public")


@pytest.mark.parametrize("claim_type", CLAIM_TYPES)
def test_the_public_layout_of_every_claim_type_has_the_same_columns(claim_type: str) -> None:
    contract = load_contracts()[f"rif_{claim_type}"]
    found = contract.match_header(public(claim_type))
    assert drift_of_header(contract, found, public(claim_type)) == []
    lost = set(match(f"rif_{claim_type}").columns) - set(found.columns)
    assert lost and not [c for c in lost if not contract.column_by_name[str(c)].optional]


@pytest.mark.parametrize("month", [1, 9, 12])
def test_months_are_the_same_columns_in_both_layouts(month: int) -> None:
    mon = {1: "JAN", 9: "SEPT", 12: "DEC"}[month]
    headers = {
        f"buyin_{month:02d}": (f"MDCR_ENTLMT_BUYIN_IND_{month:02d}", f"MDCR_ENTLMT_BUYIN_{month}_IND"),
        f"hmo_{month:02d}": (f"HMO_IND_{month:02d}", f"HMO_{month}_IND"),
        f"dual_{month:02d}": (f"DUAL_STUS_CD_{month:02d}", f"META_DUAL_ELGBL_STUS_{mon}_CD"),
        f"part_d_contract_{month:02d}": (f"PTD_CNTRCT_ID_{month:02d}", f"PTD_CNTRCT_{mon}_ID"),
    }
    for name, (new, other) in headers.items():
        for edition, header in (("rif_beneficiary_2015_public", new), ("rif_beneficiary_2011", other)):
            place = header_of(edition).index(header)
            assert match(edition).columns[place] == name


def test_renames_of_the_beneficiary_files_meet_in_one_column() -> None:
    pairs = """COUNTY_CD BENE_COUNTY_CD county|ZIP_CD BENE_ZIP_CD zip|SEX_IDENT_CD BENE_SEX_IDENT_CD sex
        ESRD_IND BENE_ESRD_IND esrd|BENE_DEATH_DT DEATH_DT death_date|BENE_ENROLLMT_REF_YR RFRNC_YR reference_year
        ENTLMT_RSN_ORIG BENE_ENTLMT_RSN_ORIG orig_entitlement|ENTLMT_RSN_CURR BENE_ENTLMT_RSN_CURR curr_entitlement
        BENE_HI_CVRAGE_TOT_MONS A_MO_CNT a_months|BENE_SMI_CVRAGE_TOT_MONS B_MO_CNT b_months
        BENE_HMO_CVRAGE_TOT_MONS HMO_MO_CNT hmo_months|PTD_PLAN_CVRG_MONS PLAN_CVRG_MO_CNT d_months
        AGE_AT_END_REF_YR AGE age|DUAL_ELGBL_MONS DUAL_MO_CNT dual_months"""
    contract = load_contracts()["rif_beneficiary"]
    for public_name, other, column in (p.split() for p in re.split(r"[|\n]", pairs)):
        assert contract.match_header([public_name]).columns == contract.match_header([other]).columns == (column,)


def test_a_column_that_every_layout_has_is_missed() -> None:
    header = [h for h in header_of("rif_hha") if h != "CLM_TOT_CHRG_AMT"]
    contract = load_contracts()["rif_hha"]
    drift = drift_of_header(contract, contract.match_header(header), header)
    assert [(d.kind, d.column, d.expected) for d in drift] == [
        ("missing_column", "total_charge_usd", "CLM_TOT_CHRG_AMT")
    ]


SYN = "DE1_0_2008_to_2010"


@pytest.mark.parametrize(
    ("name", "data_set", "period"),
    [
        ("beneficiary_2015.csv", "rif_beneficiary", "2015"),
        ("beneficiary_2015_public_head.csv", "rif_beneficiary", "2015"),
        ("beneficiary_history.csv", "rif_beneficiary_history", None),
        *[(f"{t}.csv", f"rif_{t}", None) for t in (*CLAIM_TYPES, "pde")],
        ("hha_public_head.csv", "rif_hha", None),
        ("Carrier (1).csv", "rif_carrier", None),
        ("export_summary.csv", "rif_export_summary", None),
        ("DE1_0_2009_Beneficiary_Summary_File_Sample_20.csv", "syn_beneficiary", "2009"),
        ("DE1_0_2008_Beneficiary_Summary_File_Sample_TestA.csv", "syn_beneficiary", "2008"),
        (f"{SYN}_Inpatient_Claims_Sample_1_head999.csv", "syn_inpatient", None),
        (f"{SYN}_Outpatient_Claims_Sample_TestA.csv", "syn_outpatient", None),
        (f"{SYN}_Carrier_Claims_Sample_1A.csv", "syn_carrier", None),
        (f"{SYN}_Carrier_Claims_Sample_TestAB.csv", "syn_carrier", None),
        (f"{SYN}_Prescription_Drug_Events_Sample_1_small.csv", "syn_pde", None),
        ("DE1_0_2011_to_2013_Carrier_Claims_Sample_1B.csv", "syn_carrier", None),
    ],
)
def test_file_name_tells_data_set_and_period(name: str, data_set: str, period: str | None) -> None:
    assert [c.name for c in candidates(name, load_contracts().values())] == [data_set]
    assert load_contracts()[data_set].period_from_name(name) == period


@pytest.mark.parametrize("name", ["SNF_Enrollments_2025.12.02.csv", "snf_enrollments_2025.12.02_public_head.csv"])
def test_enrolments_of_nursing_homes_are_no_claims(name: str) -> None:
    assert load_contracts()["rif_snf"].match_name(name) is not None
    assert [c.name for c in candidates(name, load_contracts().values())] == ["snf_enrollments"]


# --- all contracts of files with people in them ----------------------------------------------------------------------


def _data_sets() -> list[DataSet]:
    return [load_contracts()[name] for name in sorted({data_set for data_set, _ in EDITIONS.values()})]


def test_one_name_has_one_type_in_all_files() -> None:
    types: dict[str, set[str]] = {}
    for data_set in _data_sets():
        for column in data_set.columns:
            types.setdefault(re.sub(r"_\d+\Z", "", column.name), set()).add(column.spark_type)
    assert {name: found for name, found in types.items() if len(found) > 1} == {}


@pytest.mark.parametrize("data_set", _data_sets(), ids=lambda data_set: data_set.name)
def test_columns_are_described_in_own_words_with_units(data_set: DataSet) -> None:
    for column in data_set.columns:
        assert len(column.description.split()) >= 3, column.name
        assert not column.description.endswith("."), column.name
        assert "{" not in column.description + column.name + column.header, column.name
        assert bool(column.unit) == (column.type in ("int", "double", "usd")), column.name
    texts = [normalize_header(h) for c in data_set.columns for h in c.headers]
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize("data_set", _data_sets(), ids=lambda data_set: data_set.name)
def test_people_are_sensitive_and_keys_required(data_set: DataSet) -> None:
    people = ("bene_id", "birth_date", "death_date", "surname", "given_name", "middle_name", "zip", "mbi", "hic_number")
    present = [data_set.column_by_name[n] for n in people if n in data_set.column_by_name]
    assert present and all(c.sensitive for c in present)
    optional_keys = {"effective_begin_date", "effective_end_date"}
    assert {c.name for c in data_set.columns if c.required} == set(data_set.key) - optional_keys


def test_claims_accumulate_as_whole_claims_and_may_come_empty() -> None:
    for data_set in _data_sets():
        if data_set.rhythm == "C":
            assert data_set.may_be_empty
            unit = {"rif_beneficiary_history": "bene_id", "rif_pde": "event_id", "syn_pde": "event_id"}
            assert data_set.unit_columns == (unit.get(data_set.name, "claim_id"),)


def test_code_columns_get_their_zeros_back() -> None:
    pads = {"ndc": 11, "drg": 3, "revenue_center": 4, "state_ssa": 2, "county": 3, "provider_state_ssa": 2, "hcpcs": 5}
    for data_set in _data_sets():
        for column in data_set.columns:
            name = re.sub(r"_\d+\Z", "", column.name)
            assert column.pad == pads.get(name, column.pad), f"{data_set.name}.{column.name}"
