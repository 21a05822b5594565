"""Deliveries of claims that correct each other: the newest release of a claim counts, as a whole, in every table."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from support import csv_text, load, rows_of, write

from nh_lakehouse.engines import Engine

pytestmark = pytest.mark.scenario
TABLES = ("silver.claim", "silver.claim_line", "silver.claim_diagnosis")
HEADER = (
    "DML_IND", "BENE_ID", "CLM_ID", "FINAL_ACTION", "CLM_FROM_DT", "CLM_THRU_DT", "CLM_PMT_AMT", "PRNCPAL_DGNS_CD",
    "LINE_NUM", "HCPCS_CD", "LINE_NCH_PMT_AMT",
)  # fmt: skip


def lines(*rows: tuple[str, str, str, int, str]) -> str:
    """Carrier lines: what the delivery does, claim, payment of the claim, number of the line, final action."""
    texts = [
        (do, "-1", claim, final, "03-Mar-2015", "03-Mar-2015", paid, "4280", number, "99213", "40.00")
        for do, claim, paid, number, final in rows
    ]
    return csv_text([dict(zip(HEADER, row)) for row in texts], delimiter="|")


FIRST = lines(
    ("INSERT", "adjusted", "100.00", 1, "F"),
    ("INSERT", "adjusted", "100.00", 2, "F"),
    ("INSERT", "deleted", "50.00", 1, "F"),
    ("INSERT", "same", "30.00", 1, "F"),
    ("INSERT", "replaced", "20.00", 1, "F"),
)
SECOND = lines(
    ("UPDATE", "adjusted", "80.00", 1, "F"),
    ("DELETE", "deleted", "50.00", 1, "F"),
    ("INSERT", "same", "30.00", 1, "F"),
    ("UPDATE", "replaced", "20.00", 1, "N"),
    ("INSERT", "-7", "10.00", 1, " "),
)


@pytest.mark.parametrize("order", [("first", "second"), ("second", "first")], ids=["in order", "late"])
def test_a_later_release_replaces_and_deletes_claims_in_any_order(tmp_path: Path, engine: Engine, order) -> None:
    released = {"first": (FIRST, "2024-01-01"), "second": (SECOND, "2024-02-01")}
    for name in order:
        text, day = released[name]
        write(tmp_path / "landing" / name / "carrier.csv", text, modified=day)
        load(tmp_path / "lake", tmp_path / "landing", engine, select=TABLES)
    claims = rows_of(tmp_path / "lake", "silver.claim", ["claim_id", "payment_usd", "line_n"])
    assert [(r["claim_id"], r["payment_usd"], r["line_n"]) for r in claims] == [
        ("-7", Decimal("10.00"), 1),
        ("adjusted", Decimal("80.00"), 1),  # the second line is gone with the first release
        ("same", Decimal("30.00"), 1),
    ]
    for table in TABLES[1:]:
        assert [r["claim_id"] for r in rows_of(tmp_path / "lake", table, ["claim_id"])] == ["-7", "adjusted", "same"]


def test_a_number_means_another_claim_in_another_type(tmp_path: Path, engine: Engine) -> None:
    write(tmp_path / "landing" / "carrier.csv", lines(("INSERT", "7", "100.00", 1, "F")))
    row = {"BENE_ID": "-2", "CLM_ID": "7", "CLM_LINE_NUM": 1, "CLM_PMT_AMT": "5.00"}
    write(tmp_path / "landing" / "hospice.csv", csv_text([row], delimiter="|"))
    load(tmp_path / "lake", tmp_path / "landing", engine, select=["silver.claim"])
    claims = rows_of(tmp_path / "lake", "silver.claim", ["claim_type", "claim_id", "bene_id", "payment_usd"])
    assert [tuple(r.values()) for r in claims] == [
        ("carrier", "7", "-1", Decimal("100.00")),
        ("hospice", "7", "-2", Decimal("5.00")),
    ]


@pytest.mark.parametrize("order", [("first", "second"), ("second", "first")], ids=["in order", "late"])
def test_a_beneficiary_that_is_taken_back_is_nowhere_in_that_year(tmp_path: Path, engine: Engine, order) -> None:
    """Of twelve people one is taken back in both years, another in the second: the first is nobody, the other closed."""

    def people(*rows: tuple[str, int, str, str]) -> str:
        names = ("DML_IND", "BENE_ID", "RFRNC_YR", "STATE_CODE")
        return csv_text([dict(zip(names, (do, bene, year, state))) for bene, year, do, state in rows], delimiter="|")

    both = [str(-n) for n in range(1, 13)]
    released = {
        "first": {y: people(*[(b, y, "INSERT", "22") for b in both]) for y in (2015, 2016)},
        "second": {
            2015: people(("-12", 2015, "DELETE", "22")),
            2016: people(("-12", 2016, "DELETE", "22"), ("-11", 2016, "DELETE", "22")),
        },
    }
    tables = ["gold.dim_patient", "silver.clm_beneficiary_year"]
    for day, name in enumerate(order, 1):
        for year, text in released[name].items():
            modified = "2024-01-01" if name == "first" else "2024-02-01"
            write(tmp_path / "landing" / name / f"beneficiary_{year}.csv", text, modified=modified)
        report = load(tmp_path / "lake", tmp_path / "landing", engine, select=tables)
        assert (report.exit_code, report.errors) == (0, []), day
    patients = rows_of(tmp_path / "lake", "gold.dim_patient", ["bene_id", "valid_from", "valid_to"])
    found = {r["bene_id"]: (str(r["valid_from"]), str(r["valid_to"])) for r in patients}
    del found[None]  # the unknown member
    assert found == dict.fromkeys(both[:10], ("2015-01-01", "None")) | {"-11": ("2015-01-01", "2016-01-01")}
    years = rows_of(tmp_path / "lake", "silver.clm_beneficiary_year", ["bene_id", "year"])
    assert len(years) == 11 + 10 and "-12" not in {r["bene_id"] for r in years}
