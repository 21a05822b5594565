"""A lakehouse of a few small tables that a test writes and derives as the runner does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from support import rows_of

from nh_lakehouse.contracts import TableDeclaration
from nh_lakehouse.declare import TableSpec
from nh_lakehouse.engines import Engine
from nh_lakehouse.lakehouse import Lakehouse
from nh_lakehouse.lakehouse.schema import spark_schema
from nh_lakehouse.lakehouse.state import TableRecord
from nh_lakehouse.lakehouse.store import Published, Store
from nh_lakehouse.pipeline.derive import GOLD_AUDIT, Derived, derive
from nh_lakehouse.silver.row_hash import ROW_HASH, row_hash

__all__ = ["Shelf", "World"]


@dataclass(frozen=True)
class World:
    """The tables.

    Attributes:
        specs: those that are derived.
        declared: the columns of all.
        keys: key of those that a test writes.
    """

    specs: Mapping[str, TableSpec]
    declared: Mapping[str, TableDeclaration]
    keys: Mapping[str, list[str]]
    inputs: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "inputs", {name.split(".")[1]: name for name in self.declared})


class Shelf:
    """Writes inputs, derives, remembers what it derived."""

    def __init__(self, root: Path, engine: Engine, world: World) -> None:
        self.root = root
        self.world = world
        self.store = Store(Lakehouse(root), engine, root / "_staging")
        self.records: dict[str, TableRecord] = {}

    def write(self, name: str, rows: list[tuple]) -> Published:
        """Make a silver table hold exactly these rows."""
        columns = self.world.declared[name].columns
        self.store.ensure(name, [*columns, *GOLD_AUDIT])
        frame = self.store.engine.session.createDataFrame(rows, spark_schema(columns))
        return self.store.publish(name, frame.select("*", row_hash(columns).alias(ROW_HASH)), key=self.world.keys[name])

    def derive(self, name: str, spec: TableSpec | None = None, fingerprint: str = "one", **options) -> Derived | None:
        """Bring one table up to date and remember it, as the runner does."""
        chosen = spec or self.world.specs[name]
        inputs = {p: self.world.inputs[p] for p in chosen.inputs}
        record = self.records.get(name)
        done = derive(chosen, inputs, self.store, record=record, fingerprint=fingerprint, **options)
        if done is not None:
            self.records[name] = TableRecord(done.published.version_after, fingerprint, done.input_versions)
        return done

    def modes(self) -> dict[str, str]:
        """Bring all tables up to date; how each was."""
        found = {name: self.derive(name) for name in self.world.specs}
        return {name.split(".")[1]: done.mode for name, done in found.items() if done is not None}

    def rows(self, name: str) -> list[tuple]:
        names = self.world.declared[name].column_names
        return sorted((tuple(r[c] for c in names) for r in rows_of(self.root, name)), key=str)

    def hold_to_full(self, told: object) -> None:
        """Computing everything anew finds nothing to change."""
        kept = {name: (self.rows(name), self.store.lake.version(name)) for name in self.world.specs}
        for name in self.world.specs:
            self.derive(name, full=True)
        assert {n: (self.rows(n), self.store.lake.version(n)) for n in self.world.specs} == kept, told
