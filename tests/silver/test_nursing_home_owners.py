"""Owners of nursing homes: odd texts through the contract, and versions through real runs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from support import csv_text, load, rows_of, write

from nh_lakehouse import Lakehouse
from nh_lakehouse.contracts import load_contracts, load_tables
from nh_lakehouse.contracts.model import DerivedColumn
from nh_lakehouse.engines import Engine
from nh_lakehouse.lakehouse.schema import spark_schema
from nh_lakehouse.silver.conform import conform
from nh_lakehouse.silver.nursing_home_owners import nh_owner

CONTRACT = load_contracts()["nh_ownership"]
OWNERSHIP, OFFICER = "5% OR GREATER DIRECT OWNERSHIP INTEREST", "OFFICER"
SELECT = ["silver.nh_owner"]


def sent(spark: SparkSession, *rows: dict[str, str | None]) -> DataFrame:
    """Rows of the bronze table: text as in the file, null elsewhere."""
    names = [*[c.name for c in CONTRACT.columns], "_period", "_corrupt_record", "_absent_columns"]
    audit = {"_period": "2024-10", "_absent_columns": ""}
    schema = spark_schema([DerivedColumn(name=n, type="string", description="") for n in names])
    return spark.createDataFrame([tuple({**audit, **row}.get(n) for n in names) for row in rows], schema)


def owner(ccn: str, name: str | None = None, pct: str | None = None, since: str | None = None, **more: Any) -> dict:
    """One row of a file, texts as the publisher writes them."""
    row = {"ccn": ccn, "state": "AL", "role": OWNERSHIP, "owner_name": name, "ownership_pct": pct}
    return {**row, "association_date": since, "owner_type": "Individual" if name else None, **more}


def put(landing: Path, month: str, day: str, rows: Iterable[dict], *, cut_short: Iterable[dict] = ()) -> Path:
    """A file of owners; rows of `cut_short` end behind the association date."""
    columns = [c for c in CONTRACT.columns if c.name not in ("address", "city", "zip5")]
    lines = csv_text(
        [{c.header: {**row, "processing_date": day}.get(c.name) for c in columns} for row in rows],
        header=[c.header for c in columns],
    )
    for row in cut_short:
        lines += csv_text([{c.header: row.get(c.name) for c in columns[:-2]}]).split("\n")[1] + "\n"
    write(landing / f"NH_Ownership_{month}.csv", lines, modified=day)
    return landing


def versions(lake: Path, *names: str) -> list[tuple]:
    """Rows of silver.nh_owner: the named columns, months of validity and the reason of the end."""
    found = []
    for row in rows_of(lake, "silver.nh_owner"):
        begin, end = (None if row[c] is None else f"{row[c]:%m}" for c in ("valid_from", "valid_to"))
        assert row["is_current"] == (end is None)
        found.append((*[row[n] for n in names], begin, end, row["closed_reason"]))
    return sorted(found, key=str)


@pytest.mark.parametrize(
    ("text", "number", "flags"),
    [
        ("5%", 5.0, []),
        ("81 %", 81.0, []),
        ("100", 100.0, []),
        ("33.5%", 33.5, []),
        ("NOT APPLICABLE", None, []),
        ("NO PERCENTAGE PROVIDED", None, []),
        ("", None, []),
        (None, None, []),
        ("105%", None, ["out_of_range:ownership_pct"]),
        ("-5%", None, ["out_of_range:ownership_pct"]),
        ("half", None, ["bad_number:ownership_pct"]),
        ("5%%", None, ["bad_number:ownership_pct"]),
    ],
)
def test_ownership_pct_is_a_number_or_null(
    spark: SparkSession, text: str | None, number: float | None, flags: list[str]
) -> None:
    row = conform(sent(spark, owner("015009", "DEARMAN, CAMERON", text)), CONTRACT).collect()[0]
    assert (row.ownership_pct, row.dq_flags, row._reasons) == (number, flags, [])


@pytest.mark.parametrize(
    ("text", "day", "flags"),
    [
        ("since 01/25/2012", date(2012, 1, 25), []),
        ("Since  09/01/1969", date(1969, 9, 1), []),
        ("since 2012-01-25", date(2012, 1, 25), []),
        ("01/25/2012", date(2012, 1, 25), []),
        ("since 02/30/2012", None, ["bad_date:association_date"]),
        ("until 01/25/2012", None, ["bad_date:association_date"]),
        ("since", None, []),
        (None, None, []),
    ],
)
def test_association_date_is_read_behind_since(
    spark: SparkSession, text: str | None, day: date | None, flags: list[str]
) -> None:
    row = conform(sent(spark, owner("015009", "DEARMAN, CAMERON", "5%", text)), CONTRACT).collect()[0]
    assert (row.association_date, row.dq_flags, row._reasons) == (day, flags, [])


def test_an_owner_of_another_type_is_flagged(spark: SparkSession) -> None:
    row = conform(sent(spark, owner("015009", "X", owner_type="Trust")), CONTRACT).collect()[0]
    assert (row.owner_type, row.dq_flags) == ("Trust", ["unknown_code:owner_type"])


def test_nh_owner_publishes_its_declared_columns_in_order(spark: SparkSession) -> None:
    rows = conform(sent(spark, owner("015009")), CONTRACT).selectExpr("*", "1 AS occurrence_no").drop("_reasons")
    history = ["valid_from", "valid_to", "is_current", "closed_reason"]
    declared = [n for n in load_tables()["silver.nh_owner"].column_names if n not in history]
    result = nh_owner(rows)
    assert result.columns == [*declared, "_period", "_corrupt_record", "_absent_columns"]


def test_owners_have_versions(tmp_path: Path, engine: Engine) -> None:
    landing, lake = tmp_path / "in", tmp_path / "lake"
    steady = [owner("015009", f"STEADY {n}", "5%", "since 01/25/2012") for n in range(20)]
    nobody = owner("015010", role="Ownership Data Not Available yet")
    october = [
        owner("015009", "GROWS", "5%", "since 01/25/2012"),
        owner("015009", "LEAVES", "10%", "since 01/25/2012"),
        owner("015009", "OFFICER TOO", "NOT APPLICABLE", "since 12/26/2019", role=OFFICER),
        nobody,
    ]
    november = [
        owner("015009", "GROWS", "50%", "since 01/25/2012"),
        owner("015009", "OFFICER TOO", "NOT APPLICABLE", "since 12/26/2019", role=OFFICER),
        owner("015009", "OFFICER TOO", "NO PERCENTAGE PROVIDED", "since 12/26/2019"),
        nobody,
    ]
    put(landing, "Nov2024", "2024-11-01", [*november, *steady])
    assert load(lake, landing, engine, select=SELECT).exit_code == 0
    put(landing, "Oct2024", "2024-10-01", [*october, *steady])  # late
    assert load(lake, landing, engine, select=SELECT).exit_code == 0
    found = versions(lake, "owner_name", "role", "ownership_pct", "association_date")
    long, short = date(2012, 1, 25), date(2019, 12, 26)
    assert [v for v in found if not str(v[0]).startswith("STEADY")] == [
        ("GROWS", OWNERSHIP, 5.0, long, "10", "11", None),
        ("GROWS", OWNERSHIP, 50.0, long, "11", None, None),
        ("LEAVES", OWNERSHIP, 10.0, long, "10", "11", "absent"),
        ("OFFICER TOO", OWNERSHIP, None, short, "11", None, None),
        ("OFFICER TOO", OFFICER, None, short, "10", None, None),
        (None, "Ownership Data Not Available yet", None, None, "10", None, None),
    ]
    assert [v[-3:] for v in found if str(v[0]).startswith("STEADY")] == [("10", None, None)] * 20
    before = Lakehouse(lake).version("silver.nh_owner")
    assert load(lake, landing, engine, select=SELECT, full_refresh=True).exit_code == 0
    assert Lakehouse(lake).version("silver.nh_owner") == before


def test_a_sale_closes_all_owners_of_the_home_in_a_small_state_too(tmp_path: Path, engine: Engine) -> None:
    """Two homes: the sale replaces more than half of the state's owners, and is no incomplete file."""
    landing, lake = tmp_path / "in", tmp_path / "lake"
    kept = [owner("025009", f"KEPT {n}", "5%", "since 01/25/2012") for n in range(2)]
    sold = [owner("025010", f"OLD {n}", "5%", "since 01/25/2012") for n in range(3)]
    bought = [owner("025010", f"NEW {n}", "5%", "since 10/25/2024") for n in range(3)]
    put(landing, "Oct2024", "2024-10-01", [*kept, *sold])
    put(landing, "Nov2024", "2024-11-01", [*kept, *bought])
    # Half of the homes is an incomplete file: nothing closes.
    put(landing, "Dec2024", "2024-12-01", bought)
    report = load(lake, landing, engine, select=SELECT)
    assert report.exit_code == 0, report.errors
    assert versions(lake, "owner_name") == [
        *[(f"KEPT {n}", "10", None, None) for n in range(2)],
        *[(f"NEW {n}", "11", None, None) for n in range(3)],
        *[(f"OLD {n}", "10", "11", "absent") for n in range(3)],
    ]


def test_shares_of_one_owner_are_numbered_alike_in_every_month(tmp_path: Path, engine: Engine) -> None:
    """The number follows from what the row says of the owner: another processing date or home name changes nothing."""
    landing, lake = tmp_path / "in", tmp_path / "lake"
    shares = [owner("015009", "TWICE", pct, "since 01/25/2012") for pct in ("5%", "10%", "20%")]
    for month, day in (("Oct2024", "2024-10-01"), ("Nov2024", "2024-11-01"), ("Dec2024", "2024-12-01")):
        put(landing, month, day, [{**s, "name": f"HOME IN {month}"} for s in [*shares, shares[0]]])
    report = load(lake, landing, engine, select=SELECT)
    assert report.exit_code == 0, report.errors
    found = versions(lake, "ownership_pct", "occurrence_no")
    assert sorted(v[0] for v in found) == [5.0, 10.0, 20.0]
    assert sorted(v[1] for v in found) == [1, 2, 3]
    assert {v[2:] for v in found} == {("10", None, None)}
    loads = [r for r in rows_of(lake, "ops.loads") if r["target"] == "silver.nh_owner"]
    assert [(r["rows_read_n"], r["accepted_n"], r["duplicate_n"]) for r in loads] == [(4, 3, 1)] * 3


def test_an_owner_whose_row_is_quarantined_counts_as_present(tmp_path: Path, engine: Engine) -> None:
    landing, lake = tmp_path / "in", tmp_path / "lake"
    steady = [owner("015009", f"STEADY {n}", "5%", "since 01/25/2012") for n in range(20)]
    cut = [owner("015009", "CUT", "5%", "since 01/25/2012"), owner("015010")]
    put(landing, "Oct2024", "2024-10-01", [*steady, *cut, owner("015009", "GONE", "5%", "since 01/25/2012")])
    put(landing, "Nov2024", "2024-11-01", steady, cut_short=cut)
    report = load(lake, landing, engine, select=SELECT)
    assert report.exit_code == 0, report.errors
    found = [v for v in versions(lake, "owner_name", "ccn") if not str(v[0]).startswith("STEADY")]
    assert found == [
        ("CUT", "015009", "10", None, None),
        ("GONE", "015009", "10", "11", "absent"),
        (None, "015010", "10", None, None),
    ]
