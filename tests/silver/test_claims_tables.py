"""Every function of the claims domain that reads a file: what it is called, what it publishes, what it refuses."""

from __future__ import annotations

import pytest
from claims_rows import found, typed

from nh_lakehouse.contracts import load_tables
from nh_lakehouse.errors import MissingColumnError
from nh_lakehouse.lakehouse.schema import spark_type
from nh_lakehouse.silver import claims_drugs, claims_people, claims_reference, claims_tables

CLAIMS = claims_tables.CLAIM_FUNCTIONS
OTHERS = {
    name: getattr(module, name) for module in (claims_drugs, claims_people, claims_reference) for name in module.__all__
}
KEYS = {
    "claim_id": "-7", "event_id": "-7", "bene_id": "-1", "line_no": 1, "segment": 1, "dx_1": "4280", "px_1": "9904",
    "primary_dx": "4280", "hcpcs": "99213", "hcpcs_1": "99213", "inpatient_claims_n": 1, "code": "4280",
}  # fmt: skip


def test_every_file_of_claims_feeds_its_tables():
    parts = {(f.__table__.inputs[0], f.__table__.short_name) for f in CLAIMS.values()}
    files = {data_set for data_set, _ in parts}
    assert files == {
        "syn_inpatient", "syn_outpatient", "syn_carrier", "rif_inpatient", "rif_outpatient", "rif_carrier",
        "rif_snf", "rif_hha", "rif_hospice", "rif_dme",
    }  # fmt: skip
    for table in ("claim", "claim_line", "claim_diagnosis"):
        assert {data_set for data_set, name in parts if name == table} == files
    # Professionals, home health and hospices code their procedures in HCPCS.
    assert {data_set for data_set, name in parts if name == "claim_procedure"} == {
        "syn_inpatient", "syn_outpatient", "rif_inpatient", "rif_outpatient", "rif_snf",
    }  # fmt: skip


def test_a_function_is_called_as_its_part_and_says_what_it_makes():
    function = claims_tables.claim_line_rif_dme  # type: ignore[attr-defined]
    assert function is CLAIMS["claim_line_rif_dme"]
    assert function.__table__.part == (("source", "rif"), ("claim_type", "dme"))
    assert function.__table__.inputs == ("rif_dme",)
    assert "claims of type dme" in function.__doc__


@pytest.mark.parametrize("function", [*CLAIMS.values(), *OTHERS.values()], ids=lambda f: f.__name__)
def test_a_table_publishes_its_declared_columns_in_order_and_type(spark, function):
    spec = function.__table__
    row = typed(spark, spec.inputs[0])
    row = typed(spark, spec.inputs[0], {k: v for k, v in KEYS.items() if k in row.columns})
    result = function(row)
    # One year tells no history.
    declared = [
        c
        for c in load_tables()[spec.name].columns
        if c.name not in ("valid_from", "valid_to", "is_current", "closed_reason")
    ]
    audit = ["_source_file", "_source_row", "_load_id", "_loaded_at"]
    assert result.columns == [*[c.name for c in declared], *audit]
    types = [f.dataType.simpleString() for f in result.schema.fields[: len(declared)]]
    assert types == [spark_type(c.type).simpleString() for c in declared]
    assert found(result, *audit)[0][:3] == ("a.csv", 1, "l")


@pytest.mark.parametrize(
    "name", ["claim_rif_carrier", "claim_synpuf_inpatient", "clm_beneficiary_rif", "drug_event_rif"]
)
def test_a_missing_input_column_is_named(spark, name):
    function = {**CLAIMS, **OTHERS}[name]
    rows = typed(spark, function.__table__.inputs[0]).drop("bene_id")
    with pytest.raises(MissingColumnError) as raised:
        function(rows)
    assert (raised.value.table, raised.value.columns) == (function.__table__.name, ["bene_id"])
