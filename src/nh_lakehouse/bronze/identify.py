"""Which data set a landing file belongs to, which period it states, and how it drifts from its contract."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

from nh_lakehouse.contracts.model import MONTHS, DataSet, HeaderMatch, month_start
from nh_lakehouse.errors import MissingColumnError, UnreadableFileError
from nh_lakehouse.lakehouse.duckdb_session import connect
from nh_lakehouse.lakehouse.duckdb_sql import parquet_rows

__all__ = [
    "Drift",
    "Periods",
    "candidates",
    "choose_data_set",
    "drift_of_header",
    "find_periods",
    "guess_periods",
    "parse_period",
    "without_other_editions",
]

_DATE_SHAPES = (
    (re.compile(r"(\d{4})-(\d{2})-(\d{2})"), ("y", "m", "d")),
    (re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})"), ("m", "d", "y")),
    (re.compile(r"(\d{4})(\d{2})(\d{2})\Z"), ("y", "m", "d")),
    (re.compile(r"(\d{2})-([A-Za-z]{3})-(\d{4})\Z"), ("d", "m", "y")),
)


@dataclass(frozen=True)
class Drift:
    """One way in which a file differs from what its contract expects."""

    kind: str
    column: str | None
    found: str | None
    expected: str | None


@dataclass(frozen=True)
class Periods:
    """The periods of a file.

    Attributes:
        main: the period of rows that state none of their own.
        by_value: text of the period column -> period, where each row states its own; else empty.
        released_at: release time from the contract's date column, None where it has none.
    """

    main: str
    by_value: Mapping[str, str]
    released_at: datetime | None

    @property
    def all(self) -> list[str]:
        """Every period of the file, sorted."""
        return sorted({self.main, *self.by_value.values()}) if self.by_value else [self.main]


def candidates(base_name: str, contracts: Iterable[DataSet]) -> list[DataSet]:
    """Data sets whose file-name patterns fit, of several those that spell out most of the name."""
    fits = [(c, fit) for c in contracts if (fit := c.name_fit(base_name)) >= 0]
    best = max((fit for _, fit in fits), default=-1)
    return [c for c, fit in fits if fit == best]


def choose_data_set(fitting: Sequence[DataSet], header: Sequence[str]) -> tuple[DataSet, HeaderMatch]:
    """The data set of a file, by its header where several fit its name.

    Raises:
        MissingColumnError: required columns are absent.
        UnreadableFileError: a header occurs twice.
    """
    matches = [(data_set, _named_apart(data_set, data_set.match_header(header))) for data_set in fitting]
    data_set, match = max(matches, key=lambda m: (not m[1].missing_required, m[1].score))
    if match.missing_required:
        wanted = [f"{data_set.column_by_name[n].header!r}" for n in match.missing_required]
        # A file without a header shows values where names should be: none of them where values may be sensitive.
        private = any(c.sensitive for c in data_set.columns)
        shown = "" if private else f", the first are {', '.join(repr(h[:40]) for h in header[:4])}"
        raise MissingColumnError(
            f"lacks the required column{'s' * (len(wanted) > 1)} {', '.join(wanted)}; "
            f"found {len(header)} columns{shown}; check that this is a {data_set.title} file, "
            f"or add the new header as an alias to the contract {data_set.name}",
            code="missing_column",
            data_set=data_set.name,
            columns=list(match.missing_required),
        )
    if match.repeated:
        raise UnreadableFileError(
            f"has the column {match.repeated[0]!r} more than once: it cannot be told which one holds the values",
            code="bad_header",
            data_set=data_set.name,
        )
    return data_set, match


def _named_apart(data_set: DataSet, match: HeaderMatch) -> HeaderMatch:
    """An unknown header (`Name`) never takes the name of a contract column (`name`, which is `Provider Name`)."""
    unknown = {i: f"{n}_{i + 1}" if n in data_set.column_by_name else n for i, n in match.unknown.items()}
    apart = replace(match, unknown=unknown)
    return replace(apart, repeated=tuple(sorted({n for n in apart.names if apart.names.count(n) > 1})))


def drift_of_header(data_set: DataSet, match: HeaderMatch, header: Sequence[str]) -> list[Drift]:
    """New, missing, renamed and reordered columns of a header; an optional column is not missed."""
    found = [Drift("new_column", match.unknown[i], header[i], None) for i in sorted(match.unknown)]
    missed = [data_set.column_by_name[name] for name in match.missing]
    found += [Drift("missing_column", c.name, None, c.header) for c in missed if not c.optional]
    found += [Drift("renamed_column", n, text, data_set.column_by_name[n].header) for n, text in match.renamed.items()]
    if match.reordered:
        found.append(Drift("reordered_columns", None, None, "the order of the contract"))
    return found


def without_other_editions(found: Sequence[Drift], data_set: DataSet, period: str) -> list[Drift]:
    """Leave out missing columns that the contract says the period's edition does not have."""
    month = month_start(period).strftime("%Y-%m")

    def expected(drift: Drift) -> bool:
        column = data_set.column_by_name.get(drift.column or "")
        if drift.kind != "missing_column" or column is None:
            return True
        return not (
            (column.since and month < column.since.removeprefix("FY ")[:7])
            or (column.until and month > column.until.removeprefix("FY ")[:7])
        )

    return [d for d in found if expected(d)]


def find_periods(
    data_set: DataSet, base_name: str, staged: Sequence[Path], names: Sequence[str], modified_at: datetime
) -> tuple[Periods, list[Drift]]:
    """Periods of a file: those of the contract's column where it has one, else that of the name.

    Claims and reference data are of the day of their release.


    Returns:
        The periods, and drift where column and name disagree.
    Raises:
        UnreadableFileError: neither column nor name states a period.
    """
    return _periods(data_set, base_name, lambda column: _value_counts(staged, column), names, modified_at)


def guess_periods(
    data_set: DataSet, base_name: str, records: Sequence[Sequence[str]], names: Sequence[str], modified_at: datetime
) -> Periods | None:
    """Periods of a file as its first records tell them; None where they tell none."""

    def counts(column: str) -> list[tuple[str, int]]:
        place = names.index(column)
        values = Counter(r[place] for r in records if len(r) > place and r[place])
        return sorted(values.items(), key=lambda item: (-item[1], item[0]))

    try:
        return _periods(data_set, base_name, counts, names, modified_at)[0]
    except UnreadableFileError:
        return None


def _periods(
    data_set: DataSet,
    base_name: str,
    value_counts: Callable[[str], list[tuple[str, int]]],
    names: Sequence[str],
    modified_at: datetime,
) -> tuple[Periods, list[Drift]]:
    from_name = data_set.period_from_name(base_name)
    column = data_set.period.column
    by_value: dict[str, str] = {}
    from_column = None
    if column is not None and column in names:
        counts = value_counts(column)
        for value, _ in counts:
            period = parse_period(value, data_set.period.grain)
            if period is not None:
                by_value[value] = period
        totals: dict[str, int] = {}
        for value, n in counts:
            if value in by_value:
                totals[by_value[value]] = totals.get(by_value[value], 0) + n
        from_column = max(totals, key=lambda p: (totals[p], p)) if totals else None
    released_at = _release_time(data_set, value_counts, names)
    if data_set.rhythm in ("R", "C"):
        main: str | None = (released_at or modified_at).strftime("%Y-%m-%d")
    else:
        main = from_column or from_name
    if main is None:
        raise UnreadableFileError(
            f"states no {data_set.period.grain} in its name"
            + (f" and no valid {data_set.column_by_name[column].header!r} in its rows" if column else "")
            + f"; expected a name like {data_set.files[0]}",
            code="no_period",
        )
    drift = []
    periods = Periods(main, by_value if data_set.period.per_row else {}, released_at)
    if from_name and from_column and from_name not in periods.all:
        drift.append(Drift("period_mismatch", column, ", ".join(periods.all[:5]), from_name))
    return periods, drift


def parse_period(text: str, grain: str) -> str | None:
    """Period stated by one value (`2024-10-01`, `10/27/2024`, `20241001`, `2023Q2`, `2023`), or None."""
    value = text.strip()
    if grain == "quarter" and (found := re.fullmatch(r"(\d{4})[Qq]([1-4])", value)):
        return f"{found[1]}Q{found[2]}"
    if grain == "year" and re.fullmatch(r"(19|20)\d{2}", value):
        return value
    moment = _parse_date(value)
    if moment is None:
        return None
    if grain == "month":
        return moment.strftime("%Y-%m")
    if grain == "quarter":
        return f"{moment.year}Q{(moment.month + 2) // 3}"
    return str(moment.year) if grain == "year" else moment.strftime("%Y-%m-%d")


def _parse_date(value: str) -> datetime | None:
    for shape, order in _DATE_SHAPES:
        if found := shape.match(value):
            parts = dict(zip(order, (_number(g) for g in found.groups()), strict=True))
            try:
                moment = datetime(parts["y"], parts["m"], parts["d"], tzinfo=timezone.utc)
            except ValueError:
                return None
            return moment if 1900 <= moment.year < 2100 else None
    return None


def _number(text: str) -> int:
    """A number, or the number of the month of that name (0, which is no month, for another word)."""
    if text.isdigit():
        return int(text)
    return MONTHS.index(text.lower()) + 1 if text.lower() in MONTHS else 0


def _value_counts(staged: Sequence[Path], column: str) -> list[tuple[str, int]]:
    with connect() as connection:
        return connection.execute(
            f"""SELECT "{column}", count(*) AS n FROM {parquet_rows(staged)}
                WHERE "{column}" IS NOT NULL AND _corrupt_record IS NULL GROUP BY 1 ORDER BY n DESC, 1 LIMIT 2000"""
        ).fetchall()


def _release_time(
    data_set: DataSet, value_counts: Callable[[str], list[tuple[str, int]]], names: Sequence[str]
) -> datetime | None:
    if data_set.release is None or data_set.release.column not in names:
        return None
    for value, _ in value_counts(data_set.release.column):
        moment = _parse_date(value.strip())
        if moment is not None:
            return moment
    return None
