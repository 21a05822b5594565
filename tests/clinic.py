"""A small world of claims: accumulating files of two sources, in two shapes, that feed the same tables.

The laboratory writes one row per line of a claim, the desk one row per claim with three slots for its lines. Both make
claims and lines; what people spend is made of claims, one silver and one gold table. Both list their people once a
year; the desk also notes on which day somebody moved. All tests that need claims and no width go by these.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from small_contract import column, declared_as
from support import csv_text, load, write

import nh_lakehouse
from nh_lakehouse.contracts import DataSet, load_contracts, load_tables
from nh_lakehouse.declare import silver_table, table
from nh_lakehouse.engines import Engine
from nh_lakehouse.pipeline.graph import Graph, build_graph, collect_specs
from nh_lakehouse.pipeline.report import RunReport
from nh_lakehouse.silver.conform import carried

CLAIM, LINE = "silver.cln_claim", "silver.cln_line"
PERSON = "silver.cln_person"
LAB, DESK = {"source": "lab", "kind": "test"}, {"source": "desk", "kind": "visit"}
CLAIM_KEY = ["source", "kind", "claim_id"]
LINE_KEY = [*CLAIM_KEY, "line_no"]
ORDER = ["source", "person"]


# --- contracts -------------------------------------------------------------------------------------------------------


def _contract(name: str, file: str, key: Sequence[str], *columns: dict[str, Any], **more: Any) -> DataSet:
    document = {
        "name": name, "domain": "clinic", "title": name, "publisher": "nobody", "files": [file], "rhythm": "C",
        "period": {"grain": "date"}, "key": key, "may_be_empty": True, "columns": columns, **more,
    }  # fmt: skip
    return DataSet.model_validate(document)


CONTRACTS = {
    c.name: c
    for c in (
        _contract(
            "cln_lab", "Lab_{n}.csv", ["claim_id", "line_no"],
            column("claim_id", required=True), column("line_no", "int", required=True), column("person"),
            column("day", "date"), column("paid_usd", "usd"), replace_by=["claim_id"],
        ),
        _contract(
            "cln_desk", "Desk_{n}.csv", ["claim_id"],
            column("claim_id", required=True), column("person"), column("day", "date"),
            *[column(f"paid_{n}_usd", "usd") for n in (1, 2, 3)],
        ),
        _contract(
            "cln_roll", "Roll_{YYYY}_{n}.csv", ["person"],
            column("person", required=True), column("town"), column("died", "date"),
            column("help_1"), column("help_2"), rhythm="Y", period={"grain": "year", "name": "year"},
        ),
        _contract(
            "cln_list", "List_{YYYY}_{n}.csv", ["person"],
            column("person", required=True), column("town"), column("died", "date"), column("action", optional=True),
            rhythm="Y", period={"grain": "year", "name": "year"},
        ),
        _contract(
            "cln_moves", "Moves_{n}.csv", ["person", "moved_on"],
            column("person", required=True), column("town"), column("moved_on", "date"),
            column("action", optional=True), replace_by=["person"],
        ),
    )
}  # fmt: skip


# --- tables ----------------------------------------------------------------------------------------------------------


_OF_CLAIM = "source string, kind string, claim_id string"
DECLARED = {
    t.name: t
    for t in (
        declared_as("clinic", CLAIM, f"{_OF_CLAIM}, person string, day date, paid_usd decimal(18,2), line_n bigint"),
        declared_as("clinic", LINE, f"{_OF_CLAIM}, line_no int, person string, paid_usd decimal(18,2)"),
        declared_as(
            "clinic",
            PERSON,
            "source string, person string, town string, died date, helped boolean, valid_from date, "
            "valid_to date, is_current boolean, closed_reason string, dq_flags array<string>",
        ),
        declared_as(
            "clinic", "silver.cln_spell", "source string, person string, first_day date, last_day date, claims_n bigint"
        ),
        declared_as("clinic", "gold.cln_spend", "source string, person string, paid_usd decimal(18,2), days int"),
    )
}


@silver_table(CLAIM, of="cln_lab", part=LAB, key=CLAIM_KEY, history="latest", order=ORDER)
def cln_claim_lab_test(cln_lab: DataFrame) -> DataFrame:
    """Claims of the laboratory: the sum of their lines, everything else of the first one."""
    first = [c for c in (*carried(cln_lab), "person", "day") if c != "line_no"]
    one = cln_lab.groupBy("claim_id").agg(
        F.min_by(F.struct(*first), "line_no").alias("_first"),
        F.sum("paid_usd").cast("decimal(18,2)").alias("paid_usd"),
        F.count("*").alias("line_n"),
    )
    return one.select(*_of_part(LAB), "claim_id", "paid_usd", "line_n", *[F.col("_first")[c].alias(c) for c in first])


@silver_table(CLAIM, of="cln_desk", part=DESK, key=CLAIM_KEY, history="latest", order=ORDER)
def cln_claim_desk_visit(cln_desk: DataFrame) -> DataFrame:
    """Claims of the desk: the sum of their slots."""
    slots = [F.col(f"paid_{n}_usd") for n in (1, 2, 3)]
    filled = sum((F.when(s.isNotNull(), 1).otherwise(0) for s in slots), F.lit(0)).cast("bigint")
    paid = sum((F.coalesce(s, F.lit(0)) for s in slots), F.lit(0)).cast("decimal(18,2)")
    rest = ["claim_id", "person", "day", *carried(cln_desk)]
    return cln_desk.select(*_of_part(DESK), *rest, paid.alias("paid_usd"), filled.alias("line_n"))


@silver_table(LINE, of="cln_lab", part=LAB, key=LINE_KEY, history="latest", order=ORDER)
def cln_line_lab_test(cln_lab: DataFrame) -> DataFrame:
    """Lines of the laboratory, as they come."""
    return cln_lab.select(*_of_part(LAB), "claim_id", "line_no", "person", "paid_usd", *carried(cln_lab))


@silver_table(LINE, of="cln_desk", part=DESK, key=LINE_KEY, history="latest", order=ORDER)
def cln_line_desk_visit(cln_desk: DataFrame) -> DataFrame:
    """Lines of the desk: a slot with an amount is one."""
    slots = F.array(*[F.struct(F.lit(n).alias("n"), F.col(f"paid_{n}_usd").alias("usd")) for n in (1, 2, 3)])
    lines = cln_desk.withColumn("_slot", F.explode(slots)).where("_slot.usd IS NOT NULL")
    number, paid = F.col("_slot.n").alias("line_no"), F.col("_slot.usd").alias("paid_usd")
    return lines.select(*_of_part(DESK), "claim_id", number, "person", paid, *carried(cln_desk))


_HELPED = "coalesce(help_1 = 'Y', false) OR coalesce(help_2 = 'Y', false)"


@silver_table(
    PERSON, of="cln_roll", part=("source", "lab"), key=["source", "person"], history="scd2",
    type_1=["died"], computed={"helped": _HELPED},
)  # fmt: skip
def cln_person_lab(cln_roll: DataFrame) -> DataFrame:
    """People of the laboratory; whether they get help changes over time, the day of death does not."""
    return cln_roll.withColumn("source", F.lit("lab"))


@silver_table(
    PERSON, of="cln_list", part=("source", "desk"), key=["source", "person"], history="scd2",
    type_1=["died"], refined_by={"cln_moves": "moved_on"}, taken_back="action = 'GONE'",
)  # fmt: skip
def cln_person_desk(cln_list: DataFrame) -> DataFrame:
    """People of the desk; where it is known on which day they moved, the town changes on that day."""
    return cln_list.withColumn("source", F.lit("desk")).withColumn("helped", F.lit(None).cast("boolean"))


@table("silver.cln_spell", key=["source", "person"], per=["source", "person"], order=ORDER)
def cln_spell(cln_claim: DataFrame) -> DataFrame:
    """From the first to the last claim of a person."""
    return cln_claim.groupBy("source", "person").agg(
        F.min("day").alias("first_day"), F.max("day").alias("last_day"), F.count("*").alias("claims_n")
    )


@table("gold.cln_spend", key=["source", "person"], per=["source", "person"], optional=["cln_spell"], order=ORDER)
def cln_spend(cln_line: DataFrame, cln_spell: DataFrame) -> DataFrame:
    """What was paid for a person, and over how many days."""
    paid = cln_line.groupBy("source", "person").agg(F.sum("paid_usd").cast("decimal(18,2)").alias("paid_usd"))
    same = ["source", "person"]
    days = cln_spell.select(*same, (F.datediff("last_day", "first_day") + 1).cast("int").alias("days"))
    left, right = paid.alias("p"), days.alias("d")
    on = F.expr("p.source <=> d.source AND p.person <=> d.person")
    return left.join(right, on=on, how="left").select("p.source", "p.person", "paid_usd", "days")


def _of_part(part: Mapping[str, str]) -> list[Any]:
    return [F.lit(value).alias(name) for name, value in part.items()]


# --- runs ------------------------------------------------------------------------------------------------------------


def clinic_graph() -> Graph:
    """The tables of this module."""
    return build_graph(collect_specs([sys.modules[__name__]]), tables=DECLARED, contracts=CONTRACTS)


@contextmanager
def clinic() -> Iterator[None]:
    """In here the package knows the contracts and tables of this module alone, and its own operations tables."""
    for module in pkgutil.walk_packages(nh_lakehouse.__path__, "nh_lakehouse."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    tables = {**{n: t for n, t in load_tables().items() if n.startswith("ops.")}, **DECLARED}
    with pytest.MonkeyPatch.context() as patch:
        for name, module in list(sys.modules.items()):
            if name.startswith("nh_lakehouse."):
                if vars(module).get("load_contracts") is load_contracts:
                    patch.setattr(module, "load_contracts", lambda: CONTRACTS)
                if vars(module).get("load_tables") is load_tables:
                    patch.setattr(module, "load_tables", lambda: tables)
        yield


def arrive(lake: Path, landing: Path, engine: Engine, **options: Any) -> RunReport:
    """One run over the landing folder; it has to go well."""
    report = load(lake, landing, engine, graph=clinic_graph(), **options)
    assert report.exit_code == 0, report.errors
    return report


def lab(landing: Path, number: Any, rows: Iterable[tuple], *, modified: str = "2025-03-01") -> Path:
    """A file of the laboratory: rows of claim, line, person, day, amount."""
    names = ("CLAIM_ID", "LINE_NO", "PERSON", "DAY", "PAID_USD")
    return _file(landing / f"Lab_{number}.csv", names, rows, modified)


def desk(landing: Path, number: Any, rows: Iterable[tuple], *, modified: str = "2025-03-01") -> Path:
    """A file of the desk: rows of claim, person, day and three amounts."""
    names = ("CLAIM_ID", "PERSON", "DAY", "PAID_1_USD", "PAID_2_USD", "PAID_3_USD")
    return _file(landing / f"Desk_{number}.csv", names, rows, modified)


def roll(landing: Path, year: int, rows: Iterable[tuple], *, label: str = "1", modified: str = "2025-03-01") -> Path:
    """The laboratory's people of a year: rows of person, town, day of death, and two marks of help."""
    names = ("PERSON", "TOWN", "DIED", "HELP_1", "HELP_2")
    return _file(landing / f"Roll_{year}_{label}.csv", names, rows, modified)


def listed(landing: Path, year: int, rows: Iterable[tuple], *, label: str = "1", modified: str = "2025-03-01") -> Path:
    """The desk's people of a year: rows of person, town, day of death and, in all of them or none, an action."""
    filled, names = list(rows), ("PERSON", "TOWN", "DIED", "ACTION")
    return _file(landing / f"List_{year}_{label}.csv", names[: max(map(len, filled), default=3)], filled, modified)


def moves(landing: Path, number: Any, rows: Iterable[tuple], *, modified: str = "2025-03-01") -> Path:
    """The desk's notes: rows of person, town, the day since when and, in all of them or none, an action."""
    filled, names = list(rows), ("PERSON", "TOWN", "MOVED_ON", "ACTION")
    return _file(landing / f"Moves_{number}.csv", names[: max(map(len, filled), default=3)], filled, modified)


def _file(path: Path, names: Sequence[str], rows: Iterable[tuple], modified: str) -> Path:
    filled = [dict(zip(names, row, strict=True)) for row in rows]
    return write(path, csv_text(filled, header=names), modified=modified)
