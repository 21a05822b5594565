"""The typed model of a data-set contract, and how file names and headers are matched against it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from nh_lakehouse.contracts.names import file_pattern, header_matches, header_pattern, normalize_header, snake_case

__all__ = [
    "COMMON_MISSING",
    "DOMAINS",
    "Check",
    "Column",
    "DataSet",
    "DerivedColumn",
    "HeaderMatch",
    "Layout",
    "NationalRow",
    "Period",
    "Shown",
    "TableDeclaration",
    "normalize_header",
    "snake_case",
]

#: Texts that mean "no value" in every column that does not keep them (MEASURES B1). Compared after trimming.
COMMON_MISSING = ("", ".", "-", "---", "Not Available", "Data Not Available", "N/A", "NA")

#: Contract types and the Spark type of their silver column.
SPARK_TYPES = {
    "string": "string",
    "ccn": "string",
    "zip5": "string",
    "quarter": "string",
    "int": "int",
    "bigint": "bigint",
    "double": "double",
    "usd": "decimal(18,2)",
    "date": "date",
    "timestamp": "timestamp",
    "boolean": "boolean",
    "footnote": "array<int>",
}

#: What the product covers; a domain may have no data sets yet.
DOMAINS = ("nursing_home", "claims", "hospital")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
#: Column of the period in silver, by its grain.
_PERIOD_COLUMNS = {"month": "snapshot_month", "quarter": "quarter", "year": "fiscal_year", "date": "release_date"}
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*\Z")


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Model):
    """One column of a data set: how the publisher writes it and what it is called and typed in the lakehouse.

    `header` is what the publisher writes now. `also` are headers of the same column in another layout that the
    publisher writes side by side with it: neither is a change. `aliases` are those of other years: a file that has one
    is reported as drift. The absence of an `optional` column, which some layouts do not have, is no drift either.

    `pad` is the width to which codes of digits that lost leading zeros in a spreadsheet are filled up again. `prefix`
    and `suffix` are texts around a value that are no part of it (`since` in `since 01/25/2012`, `%` in `5%`), in any
    case. `true_when` and `false_when` are the texts of a boolean, in lower case, in place of yes and no in their usual
    spellings.

    Columns that the publisher repeats with a number are written once in the YAML, with `slots` (see `slots.py`); to
    the model they are ordinary columns:

        - {name: "hcpcs_{n}", slots: 45, header: "HCPCS_CD_{n}", description: "Procedure of line {n}"}
    """

    name: str
    header: str
    also: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    type: Literal[
        "string", "ccn", "zip5", "quarter", "int", "bigint", "double", "usd", "date", "timestamp", "boolean", "footnote"
    ] = "string"
    unit: str | None = None
    description: str
    required: bool = False
    optional: bool = False
    sensitive: bool = False
    footnote: str | None = None
    missing: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    range: tuple[float | None, float | None] | None = None
    pattern: str | None = None
    pad: int | None = None
    true_when: tuple[str, ...] = ()
    false_when: tuple[str, ...] = ()
    prefix: str | None = None
    suffix: str | None = None
    since: str | None = None
    until: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Column:
        if not IDENTIFIER.match(self.name):
            raise ValueError(f"column name {self.name!r} is not lower-case snake_case")
        if bool(self.true_when) != bool(self.false_when):
            raise ValueError("true_when and false_when come together")
        return self

    @property
    def headers(self) -> tuple[str, ...]:
        """Every header under which the column comes."""
        return (self.header, *self.also, *self.aliases)

    def is_present_header(self, normal: str) -> bool:
        """Whether a normalised header is one that the publisher writes now, in whatever layout."""
        return any(header_matches(h, normal) for h in (self.header, *self.also))

    @property
    def spark_type(self) -> str:
        """Type of the silver column, in Spark's words."""
        return SPARK_TYPES[self.type]

    @property
    def missing_markers(self) -> tuple[str, ...]:
        """Texts read as null in this column."""
        return tuple(m for m in (*COMMON_MISSING, *self.missing) if m not in self.keep)


class Check(_Model):
    """A rule over the typed columns of one row; where `when` holds, `reason` is put into `dq_flags`."""

    reason: str = Field(pattern=r"^[a-z0-9_]+(:[a-z0-9_]+)?$")
    when: str
    description: str = ""
    severity: Literal["warn"] = "warn"


class Period(_Model):
    """Where the period of a row comes from: a column, else the file name.

    Claims (rhythm C) and reference data (R) are of the day of their release. `name` is the period's column in silver,
    where it is not that of its grain.
    """

    grain: Literal["month", "quarter", "year", "date"]
    column: str | None = None
    per_row: bool = False
    name: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]*$")

    @property
    def silver_column(self) -> str:
        """The period's column in silver."""
        return self.name or _PERIOD_COLUMNS[self.grain]


class Release(_Model):
    """The column that dates a release."""

    column: str


class Layout(_Model):
    """A column that tells by which layout of the publisher a file came; no file holds it, the header says it.

    `values` are the layouts, each with the columns that its header has: the one of which most are there counts. A data
    set that comes in one layout alone has one value without columns.
    """

    column: str
    values: dict[str, tuple[str, ...]]

    def of_header(self, names: Sequence[str]) -> str:
        """The layout of a file whose columns have these contract names."""
        fitting = {value: len(has) for value, has in self.values.items() if set(has) <= set(names)}
        return max(fitting, key=lambda value: fitting[value])


class NationalRow(_Model):
    """Rows that stand for the whole country: recognised by a value, given a fixed key, flagged `is_national`."""

    column: str
    values: tuple[str, ...]
    set: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True)
class HeaderMatch:
    """A file's header held against a contract.

    Attributes:
        columns: for each header position the contract's column name, or None where the contract has none.
        unknown: header position -> bronze name of a column that the contract does not have.
        renamed: contract column -> the alias under which it came.
        missing: contract columns that the file lacks.
        missing_required: those of them without which the file cannot be loaded.
        repeated: headers that occur twice.
        reordered: the known columns do not stand in the contract's order.
    """

    columns: tuple[str | None, ...]
    unknown: dict[int, str]
    renamed: dict[str, str]
    missing: tuple[str, ...]
    missing_required: tuple[str, ...]
    repeated: tuple[str, ...]
    reordered: bool

    @property
    def names(self) -> list[str]:
        """Bronze column name of each header position."""
        return [name if name is not None else self.unknown[i] for i, name in enumerate(self.columns)]

    @property
    def score(self) -> int:
        """How many columns are known; tells two data sets with one file name apart."""
        return sum(name is not None for name in self.columns)


class DataSet(_Model):
    """The contract of one source data set.

    `replace_by` names the unit that a newer release replaces as a whole (a home, a claim with all its lines).
    `layout` names a column that the header tells. With rhythm R, `group` tells apart what is released apart: the newest
    release of a day is that of its group.
    `may_be_empty`: a file that has a header and no rows is a delivery without news, not an error.
    """

    name: str
    domain: str
    title: str
    publisher: str
    page: str | None = None
    description: str = ""
    grain: str = ""
    files: tuple[str, ...]
    rhythm: Literal["M", "Q", "Y", "C", "R"]
    period: Period
    release: Release | None = None
    key: tuple[str, ...]
    replace_by: tuple[str, ...] = ()
    occurrence: str | None = None
    group: str | None = None
    delimiter: str = ","
    may_be_empty: bool = False
    national: NationalRow | None = None
    layout: Layout | None = None
    columns: tuple[Column, ...]
    checks: tuple[Check, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> DataSet:
        if not IDENTIFIER.match(self.name):
            raise ValueError(f"data-set name {self.name!r} is not lower-case snake_case")
        names = [c.name for c in self.columns]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"columns declared twice: {twice}")
        if self.period.silver_column in names:
            raise ValueError(f"the period and a column are both called {self.period.silver_column}; see period.name")
        mentioned = {
            "key": self.key,
            "replace_by": self.replace_by,
            "group": (self.group,) if self.group else (),
            "layout": (self.layout.column, *sum(self.layout.values.values(), ())) if self.layout else (),
            "period.column": (self.period.column,) if self.period.column else (),
            "release.column": (self.release.column,) if self.release else (),
            "footnote": tuple(c.footnote for c in self.columns if c.footnote),
        }
        for where, wanted in mentioned.items():
            absent = [w for w in wanted if w not in names]
            if absent:
                raise ValueError(f"{where} names columns that are not declared: {absent}")
        if self.layout and all(self.layout.values.values()):
            raise ValueError(
                "layout: one of the values has to be without columns, for the files that have none of them"
            )
        headers: dict[str, str] = {}
        for column in self.columns:
            for text in {normalize_header(h) for h in column.headers}:
                if text in headers:
                    raise ValueError(f"header {text!r} belongs to both {headers[text]} and {column.name}")
                headers[text] = column.name
        return self

    @cached_property
    def column_by_name(self) -> dict[str, Column]:
        """Contract columns by name."""
        return {c.name: c for c in self.columns}

    def is_told_by_header(self, column: str) -> bool:
        """Whether it is the column of the layout, which no file holds."""
        return self.layout is not None and self.layout.column == column

    @property
    def unit_columns(self) -> tuple[str, ...]:
        """Columns of the unit that a newer release replaces as a whole: `replace_by`, else the ccn, else the key."""
        if self.replace_by:
            return self.replace_by
        return ("ccn",) if "ccn" in self.key else self.key

    def match_name(self, file_name: str) -> dict[str, str] | None:
        """Tokens found in a file name (`mon`, `yyyy`, `q`, ...), or None if it fits no pattern of this data set."""
        for pattern in self.files:
            found = file_pattern(pattern).match(file_name)
            if found:
                return {k: v for k, v in found.groupdict().items() if v is not None}
        return None

    def name_fit(self, file_name: str) -> int:
        """Letters of a file name that the fitting pattern spells out; -1 where none fits.

        `SNF_Enrollments_2025.csv` also fits the pattern of `snf.csv`, but says more to that of the enrolments.
        """
        fitting = [p for p in self.files if file_pattern(p).match(file_name)]
        return max((len(re.sub(r"\{\w+\}|\*", "", p)) for p in fitting), default=-1)

    def period_from_name(self, file_name: str) -> str | None:
        """Period that a file name states (`2024-10`, `2024Q2`, `2024`), or None."""
        tokens = self.match_name(file_name) or {}
        year = tokens.get("yyyy")
        if year is None:
            return None
        month = f"{MONTHS.index(tokens['mon'][:3].lower()) + 1:02d}" if "mon" in tokens else tokens.get("mm")
        grain = self.period.grain
        if grain == "year":
            return year
        if grain == "quarter":
            quarter = tokens.get("q") or (str((int(month) + 2) // 3) if month else None)
            return f"{year}Q{quarter}" if quarter else None
        if month is None:
            return None
        if grain == "month":
            return f"{year}-{month}"
        return f"{year}-{month}-{tokens.get('dd', '01')}"

    def match_header(self, header: Sequence[str]) -> HeaderMatch:
        """Hold a file's header against the contract, by normalised name and never by position."""
        exact, patterns = self._header_index
        columns: list[str | None] = []
        unknown: dict[int, str] = {}
        renamed: dict[str, str] = {}
        for position, text in enumerate(header):
            normal = normalize_header(text)
            name = exact.get(normal)
            if name is None:
                name = next((n for regex, n in patterns if regex.match(normal)), None)
            columns.append(name)
            if name is None:
                unknown[position] = snake_case(text) or f"column_{position + 1}"
            elif not self.column_by_name[name].is_present_header(normal):
                renamed[name] = text
        known = [c for c in columns if c is not None]
        order = [c.name for c in self.columns if c.name in known]
        names = [c if c is not None else unknown[i] for i, c in enumerate(columns)]
        repeated = sorted({n for n in names if names.count(n) > 1})
        missing = [c for c in self.columns if c.name not in known and not self.is_told_by_header(c.name)]
        return HeaderMatch(
            columns=tuple(columns),
            unknown=unknown,
            renamed=renamed,
            missing=tuple(c.name for c in missing),
            missing_required=tuple(c.name for c in missing if c.required),
            repeated=tuple(repeated),
            reordered=known != order,
        )

    @cached_property
    def _header_index(self) -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
        exact: dict[str, str] = {}
        patterns: list[tuple[re.Pattern[str], str]] = []
        for column in self.columns:
            for text in () if self.is_told_by_header(column.name) else column.headers:
                normal = normalize_header(text)
                if "{yyyy}" in normal:
                    patterns.append((header_pattern(normal), column.name))
                else:
                    exact[normal] = column.name
        return exact, patterns

    def names_before(self, column: str) -> list[str]:
        """Bronze names under which a column's headers were kept before the contract knew them."""
        known = self.column_by_name[column]
        names = (snake_case(text) for text in known.headers if "{yyyy}" not in text)
        return [n for n in dict.fromkeys(names) if n and n not in self.column_by_name]

    def fingerprint(self) -> str:
        """Short hash of the whole contract: a mended contract looks again at the files it rejected."""
        import hashlib

        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


class DerivedColumn(_Model):
    """One published column of a silver, gold or ops table.

    `sensitive` is for columns that hold what a contract marks as sensitive under another name.
    """

    name: str
    type: str
    unit: str | None = None
    description: str
    sensitive: bool = False


class Shown(_Model):
    """How `show` prints a wide table where it is not asked for columns or an order: what people look for comes first.

    The other columns follow; `order_by` is that of the command: `column` or `column desc`.
    """

    columns: tuple[str, ...]
    order_by: tuple[str, ...]


class TableDeclaration(_Model):
    """What is published of a table: its grain, its source and its columns."""

    name: str
    domain: str
    title: str
    grain: str = ""
    description: str = ""
    source: str = ""
    show: Shown | None = None
    columns: tuple[DerivedColumn, ...]

    @property
    def column_names(self) -> list[str]:
        """Names of the published columns in their order."""
        return [c.name for c in self.columns]


def month_start(period: str) -> date:
    """First day of a period written `2024-10`, `2024Q2`, `2024` or `2024-10-27`."""
    if "Q" in period:
        return date(int(period[:4]), 3 * int(period[5]) - 2, 1)
    parts = [int(p) for p in period.split("-")]
    return date(parts[0], parts[1] if len(parts) > 1 else 1, parts[2] if len(parts) > 2 else 1)


def describe_problem(error: Any, written_at: Callable[[tuple[Any, ...]], tuple[Any, ...]] = lambda place: place) -> str:
    """A pydantic error in one line per field; `written_at` tells where in the YAML a field of the model stands."""
    lines = []
    for item in error.errors():
        where = ".".join(str(p) for p in written_at(item["loc"])) or "the document"
        lines.append(f"{where}: {item['msg']}")
    # A template that is wrong is wrong in each of its columns: told once.
    return "; ".join(dict.fromkeys(lines))
