"""Codes that lost their leading zeros in a spreadsheet get them back, and are never cut."""

from __future__ import annotations

from nh_lakehouse.contracts import load_contracts
from nh_lakehouse.silver.conform import conform


def test_conform_pads_county_codes_to_three_digits(spark):
    codes = ["30", "030", "410", "9", "1234", "-", None]
    rows = [(f"01500{i}", code, "2024-10", None, "") for i, code in enumerate(codes)]
    contract = load_contracts()["nh_provider_info"]
    others = ", ".join(f"null AS {c.name}" for c in contract.columns if c.name not in ("ccn", "ssa_county"))
    bronze = spark.createDataFrame(
        rows, "ccn string, ssa_county string, _period string, _corrupt_record string, _absent_columns string"
    ).selectExpr("*", *[f"CAST({o.split(' AS ')[0]} AS string) AS {o.split(' AS ')[1]}" for o in others.split(", ")])
    typed = conform(bronze, contract, columns=["ccn", "ssa_county"]).orderBy("ccn").select("ssa_county").collect()
    assert [r.ssa_county for r in typed] == ["030", "030", "410", "009", "1234", None, None]
