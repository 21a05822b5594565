"""Declaring a table: a plain function, its name, its key.

    @table("gold.pbj_month", key=["ccn", "period"], per=["ccn"])
    def pbj_month(pbj_totals: DataFrame, *, bands: StaffingBands = StaffingBands()) -> DataFrame: ...

The decorator returns the function itself, so that a notebook calls it on any DataFrame. What it records in
`__table__` is all the runner needs: the inputs are the names of the positional parameters, the thresholds are the
keyword-only ones. The columns stand in `contracts/<domain>/tables/*.yaml`.

    @silver_table("silver.claim", of="rif_snf", part={"source": "rif", "claim_type": "snf"}, key=KEY, history="latest")
    def claim_rif_snf(rif_snf: DataFrame) -> DataFrame: ...

A silver table is made from the rows of data sets. One data set may feed several tables, one table may come from several
data sets. The rows need not be those of the file one for one: a function may make one claim of many lines, or many
lines of one row. A silver function gets the accepted rows of its data set: the contract's columns, typed, the period
column, `dq_flags` and the audit columns. It must return

- the declared columns (`dq_flags` and the period column among them where they are declared);
- the audit columns `_source_file`, `_source_row`, `_load_id`, `_loaded_at` as they came (`conform.carried` lists them).
  A row made of several rows carries those of its first one, such as the line with the smallest number:
  `min_by(struct(_source_file, _source_row, _load_id, _loaded_at), line_no)`. Which row that is must follow from the
  contents alone, never from the order in which rows arrive;
- one row per key, with the part's columns at the part's values;
- the columns of the contract's unit (`replace_by`, else ccn or the key) under their own names and with their own
  values, and the period column where the data set is no accumulating one: the rows to replace are found by these.

Rows of one unit (a claim with all its lines) are always there together; other units may not be there at all, so no
result may depend on them. `_row_hash` is added by the engine.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass, replace
from typing import Any, TypeVar

from nh_lakehouse.errors import PlanError

__all__ = ["Reach", "TableSpec", "join_parts", "silver_table", "table"]

Function = TypeVar("Function", bound=Callable[..., Any])

TABLE_NAME = re.compile(r"(silver|gold|ops)\.[a-z][a-z0-9_]*\Z")


@dataclass(frozen=True)
class Reach:
    """How the rows of an input count for later months too. A table gets nothing else of that input than stands here.

    Attributes:
        since: column from which on a row counts: `valid_from` of versions (up to their `valid_to`), the day of an
            edition that stands until the next one, or a calendar year.
        columns: the others that the function reads, at least one.
        where: SQL condition of the rows that it reads, in words that Spark and DuckDB share; all of them if empty.
    """

    since: str
    columns: tuple[str, ...] = ()
    where: str = ""

    @property
    def until(self) -> str | None:
        """Column before which a row counts no more."""
        return "valid_to" if self.since == "valid_from" else None

    @property
    def all_columns(self) -> tuple[str, ...]:
        """Everything that the function gets."""
        return tuple(dict.fromkeys([*self.columns, self.since, *([self.until] if self.until else [])]))


@dataclass(frozen=True)
class TableSpec:
    """What the runner knows of a table function.

    Attributes:
        name: full name, `layer.table`.
        key: columns that identify a row.
        inputs: short names of the tables (or, for silver, the data set) it reads.
        per: columns such that output rows of a value depend on input rows of that value alone.
        lookback: for a period column of `per`, how many earlier periods an output also depends on.
        reach: inputs whose rows count for later periods too -> from when on, and what is read of them.
        optional: inputs that may be absent; they arrive as empty frames of their declared schema.
        history: silver only: `snapshot` (every period kept), `scd2` (versions) or `latest`.
        group: silver scd2 only: column within which completeness of a snapshot is judged (None = the whole set).
        untracked: silver scd2 only: columns whose change makes no version.
        type_1: silver scd2 only: columns whose latest known value stands on every version.
        computed: silver scd2 only: column -> SQL over the contract's columns, computed row by row before comparing.
        refined_by: silver scd2 only: data set -> its date column; rows that hold from a day of their own.
        taken_back: silver scd2 only: SQL over the contract's columns that is true of rows which take their key back.
        order: columns by which the rows lie in the table's files, so that a change touches few files.
        versions_of: columns that name what a row is a version of, where the key is a surrogate; empty = the key does.
        part: silver only: (column, value) pairs of the rows that this function makes, where several data sets feed one
            table; empty else.
        parts: data set -> the function's own spec, for a table of several data sets; empty else.
    """

    name: str
    key: tuple[str, ...]
    inputs: tuple[str, ...]
    function: Callable[..., Any] = field(compare=False)
    per: tuple[str, ...] = ()
    lookback: Mapping[str, int] = field(default_factory=dict)
    reach: Mapping[str, Reach] = field(default_factory=dict)
    optional: tuple[str, ...] = ()
    thresholds: Mapping[str, Any] = field(default_factory=dict)
    history: str | None = None
    group: str | None = None
    untracked: tuple[str, ...] = ()
    type_1: tuple[str, ...] = ()
    computed: Mapping[str, str] = field(default_factory=dict)
    refined_by: Mapping[str, str] = field(default_factory=dict)
    taken_back: str | None = None
    order: tuple[str, ...] = ()
    versions_of: tuple[str, ...] = ()
    part: tuple[tuple[str, str], ...] = ()
    parts: Mapping[str, TableSpec] = field(default_factory=dict)

    def of(self, data_set: str) -> TableSpec:
        """What makes the rows of one data set: itself, or its part for that data set."""
        return self.parts.get(data_set, self)

    @property
    def makers(self) -> tuple[TableSpec, ...]:
        """What makes its rows: one spec for each part, else itself."""
        return tuple({part.part: part for part in self.parts.values()}.values()) or (self,)

    @property
    def layer(self) -> str:
        """`silver`, `gold` or `ops`."""
        return self.name.split(".")[0]

    @property
    def is_derived(self) -> bool:
        """Whether it is made from other tables; else from the files of data sets."""
        return self.history is None

    @property
    def short_name(self) -> str:
        """The name without its layer: the name of the function and of the parameter that reads it."""
        return self.name.split(".")[1]


def table(
    name: str,
    *,
    key: Sequence[str],
    per: Sequence[str] = (),
    lookback: Mapping[str, int] | None = None,
    reach: Mapping[str, Reach] | None = None,
    optional: Sequence[str] = (),
    order: Sequence[str] = (),
    versions_of: Sequence[str] = (),
) -> Callable[[Function], Function]:
    """Declare a derived table: a function of the tables its positional parameters name.

    A derived table may stand in silver: it is made with that layer, behind the tables it reads. It has no
    `_source_file` and no history of its own.

    Args:
        name: `gold.<function name>`, `silver.<function name>` or `ops.<function name>`.
        key: columns that identify a row of the result.
        per: output rows of a value of these columns depend only on input rows of that value, in every input that has
            the columns; a change of an input without them means a full recompute. Held to by a property test.
        lookback: `{"quarter": 1}`: the output of a quarter depends on the input of that quarter and one before. Columns
            are quarters (`2024Q1`) or days that stand for months (`{"snapshot_month": 11}`).
        reach: with `per` a month: inputs whose rows count for later months too, and how (`Reach`). All months of them
            are read, and a change of theirs reaches the months alone for which a changed row counts.
        optional: inputs that may be absent; they arrive as empty frames of their declared schema. Where all are, the
            table is computed as soon as one of them is there.
        order: columns by which the rows lie in the table's files: where rows that change together stand together, few
            files are written again. It is worth it for tables of millions of rows.
        versions_of: of a table with versions (`valid_from`, `valid_to`) whose key is a surrogate: the columns that name
            what a row is a version of, by which `diff` holds two days against each other.
    Returns:
        A decorator that returns the function itself, with its `TableSpec` in `__table__`.
    Raises:
        PlanError: the name, the key or the signature is not usable.
    """

    def declare(function: Function) -> Function:
        inputs, thresholds = _read_signature(function, name)
        if name.split(".")[-1] != function.__name__:
            raise PlanError(f"{name}: the function is called {function.__name__}; table and function share one name")
        unknown = [o for o in optional if o not in inputs]
        if unknown:
            raise PlanError(f"{name}: optional inputs {unknown} are not among its parameters {list(inputs)}")
        spec = TableSpec(
            name=_checked_name(name),
            key=_checked_key(name, key),
            inputs=inputs,
            function=function,
            per=tuple(per),
            lookback=dict(lookback or {}),
            reach=dict(reach or {}),
            optional=tuple(optional),
            thresholds=thresholds,
            order=tuple(order),
            versions_of=tuple(versions_of),
        )
        stray = [c for c in spec.lookback if c not in spec.per]
        if stray:
            raise PlanError(f"{name}: lookback on {stray}, which are not in per={list(per)}")
        if spec.reach and (len(spec.per) != 1 or not set(spec.reach) <= set(inputs)):
            raise PlanError(f"{name}: reach={dict(spec.reach)}: expected inputs, and one month in per={list(per)}")
        function.__table__ = spec  # type: ignore[attr-defined]
        return function

    return declare


def silver_table(
    name: str,
    *,
    of: str,
    key: Sequence[str],
    history: str,
    group: str | None = None,
    untracked: Sequence[str] = (),
    type_1: Sequence[str] = (),
    computed: Mapping[str, str] | None = None,
    refined_by: Mapping[str, str] | None = None,
    taken_back: str | None = None,
    part: tuple[str, str] | Mapping[str, str] | None = None,
    order: Sequence[str] = (),
) -> Callable[[Function], Function]:
    """Declare a silver table: made from the accepted, typed rows of one data set.

    What the function must return stands at the head of this module. A table of several data sets has one function for
    each, with a `part`: columns of the key that hold these values in all rows of that function. It is named
    `<table>_<value>`, with several columns `<table>_<value>_<value>`.

    With scd2 the function gets versions in place of rows: the columns that the contract and the table share, those
    `computed`, and `valid_from` to `closed_reason`. It returns one row per version. What it adds follows from these
    columns, so that what a file does not tell stays unknown to it too.

    Args:
        name: `silver.<function name>`.
        of: the data set whose contract describes the input; the name of the function's only parameter.
        key: columns that identify a row (scd2: without `valid_from`).
        history: `snapshot` keeps every period, `scd2` keeps versions, `latest` keeps the newest release.
        group: scd2: column within which a snapshot is judged complete; None = the whole set.
        untracked: scd2: columns whose change makes no version.
        type_1: scd2: columns without a history: the value of the key's latest snapshot that has one (is not null)
            stands on every version. Such a column is untracked.
        computed: scd2: columns of the table that are no columns of the contract, and must be known before snapshots are
            compared: name -> SQL expression over the contract's columns of one row. Where a file lacks a column that
            the expression reads, the value is unknown. It is cast to the declared type.
        refined_by: scd2: further data sets of the same rows, and the column of each that dates a row: the row is a
            snapshot of its key alone, on that day, in the columns that it has; the others stay as they were. A row
            without that date says nothing. On a day that `of` has a row for, that one counts. Completeness is judged
            by the snapshots of `of` alone. Their unit has to be that of `of`.
        taken_back: scd2: SQL condition over the contract's columns of one row. A row of which it is true is accepted
            and makes no version: its key is not in the snapshot of that day. Null is not true; a data set that lacks a
            column of it takes nothing back.
        part: what tells the rows of this data set from those of the table's others: (column, value), or a mapping of
            columns to values. All parts of a table have the same columns.
        order: columns by which the rows lie in the table's files, as for `table`.
    Raises:
        PlanError: the name, the key, the part, the history or the signature is not usable.
    """
    if history not in ("snapshot", "scd2", "latest"):
        raise PlanError(f"{name}: history={history!r}; expected snapshot, scd2 or latest")
    if history != "scd2" and (group or untracked or type_1 or computed or refined_by or taken_back):
        raise PlanError(
            f"{name}: group, untracked, type_1, computed, refined_by and taken_back belong to history='scd2'"
        )
    pairs = _pairs(name, part, key)
    called = "_".join([name.split(".")[-1], *[value for _, value in pairs]])

    def declare(function: Function) -> Function:
        inputs, thresholds = _read_signature(function, name)
        if inputs != (of,) or called != function.__name__:
            raise PlanError(f"{name}: expected the function {called}({of}), found {function.__name__}{inputs}")
        function.__table__ = TableSpec(  # type: ignore[attr-defined]
            name=_checked_name(name),
            key=_checked_key(name, key),
            inputs=(of, *(refined_by or ())),
            function=function,
            optional=tuple(refined_by or ()),
            thresholds=thresholds,
            history=history,
            group=group,
            untracked=tuple(untracked),
            type_1=tuple(type_1),
            computed=dict(computed or {}),
            refined_by=dict(refined_by or {}),
            taken_back=taken_back,
            order=tuple(order),
            part=pairs,
        )
        return function

    return declare


def _pairs(
    name: str, part: tuple[str, str] | Mapping[str, str] | None, key: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """The part as (column, value) pairs."""
    if part is None:
        return ()
    found = tuple(part.items()) if isinstance(part, Mapping) else (part,)
    if not found or any(len(pair) != 2 or pair[0] not in key for pair in found):
        raise PlanError(f"{name}: part={part!r}: expected columns of the key and their values")
    return found


def join_parts(specs: Sequence[TableSpec]) -> list[TableSpec]:
    """The specs, those that are parts of one table made one: any of its data sets may be absent.

    Raises:
        PlanError: parts of a table differ in key, history or columns, or share a data set or values.
    """
    by_name: dict[str, list[TableSpec]] = {}
    for spec in specs:
        if spec.part:
            by_name.setdefault(spec.name, []).append(spec)
    joined = [spec for spec in specs if not spec.part]
    for name, found in by_name.items():
        parts = sorted(found, key=lambda s: s.inputs)
        made_by = {data_set: part for part in parts for data_set in part.inputs}
        alike = {(s.key, s.history, s.order, tuple(column for column, _ in s.part)) for s in parts}
        shared = len(made_by) < sum(len(part.inputs) for part in parts)
        if len(alike) > 1 or shared or len({part.part for part in parts}) < len(parts):
            raise PlanError(f"{name}: its parts need one key, history and order, and data sets and values of their own")
        inputs = tuple(made_by)
        joined.append(replace(parts[0], inputs=inputs, optional=inputs, part=(), parts=made_by))
    return joined


def _read_signature(function: Callable[..., Any], name: str) -> tuple[tuple[str, ...], dict[str, Any]]:
    inputs: list[str] = []
    thresholds: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
            inputs.append(parameter.name)
        elif parameter.kind is parameter.KEYWORD_ONLY and is_dataclass(parameter.default):
            thresholds[parameter.name] = parameter.default
        else:
            raise PlanError(
                f"{name}: parameter {parameter.name!r}: inputs are positional, thresholds are keyword-only "
                "dataclasses with a default"
            )
    return tuple(inputs), thresholds


def _checked_name(name: str) -> str:
    if not TABLE_NAME.match(name):
        raise PlanError(f"table name {name!r}: expected silver.x, gold.x or ops.x in lower-case snake_case")
    return name


def _checked_key(name: str, key: Sequence[str]) -> tuple[str, ...]:
    if not key or isinstance(key, str):
        raise PlanError(f"{name}: key must be a list of at least one column")
    return tuple(key)
