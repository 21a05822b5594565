"""From bronze text to typed values, with a reason for everything that did not fit.

`conform` is row-local: it shuffles nothing, so that a quarter of daily payroll costs one scan. It adds

- the period column (`snapshot_month`, `quarter`, `fiscal_year` or `release_date`);
- `dq_flags`: cell-level reasons (`bad_number:certified_beds`: the value became null) and warnings (the value stays);
- `_reasons`: row-level reasons (`short_row`, `missing_key:ccn`, ...): such a row leaves silver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.contracts.model import Column as ContractColumn
from nh_lakehouse.contracts.model import DataSet

__all__ = ["CELL_REASONS", "FLAGS", "REASONS", "carried", "conform", "period_column"]

FLAGS = "dq_flags"
REASONS = "_reasons"
#: Reasons that made a value null; the text as sent goes to the quarantine.
CELL_REASONS = ("bad_number", "bad_date", "bad_boolean", "out_of_range")
#: A footnote that says "no data" beside a value (6 = not enough data, 10 = not available for this period).
_NO_DATA_FOOTNOTES = (6, 10)
_EARLIEST, _LATEST = "1900-01-01", "2100-01-01"


@dataclass(frozen=True)
class _Typed:
    """The expressions that make one silver column."""

    value: Column
    flags: tuple[Column, ...] = ()
    row_reasons: tuple[Column, ...] = ()


def conform(bronze: DataFrame, data_set: DataSet, *, columns: Iterable[str] | None = None) -> DataFrame:
    """Type and check the rows of one data set.

    Args:
        bronze: rows of the data set's bronze table: text columns and the audit columns.
        data_set: the contract.
        columns: only these contract columns (the key always); all if None.
    Returns:
        One row per bronze row: typed contract columns, the period column, `is_national` where the contract tells
        national rows, `dq_flags`, `_reasons` and the audit columns as they came.
    """
    wanted = set(columns) if columns is not None else {c.name for c in data_set.columns}
    wanted |= set(data_set.key) | set(data_set.unit_columns) | ({data_set.group} if data_set.group else set())
    chosen = [c for c in data_set.columns if c.name in wanted or c.name in _footnotes_of(data_set, wanted)]
    audit = [c for c in bronze.columns if c.startswith("_")]
    cleaned = bronze.select(*[_clean(c, data_set).alias(c.name) for c in chosen], *audit)
    parsed = cleaned.select(
        *[_parse(c).alias(c.name) for c in chosen],
        *[F.col(c.name).alias(f"_t_{c.name}") for c in chosen if _needs_text(c)],
        *audit,
    )
    typed = {c.name: _check(c) for c in chosen}
    extra = [] if data_set.national is None else [_is_national(data_set).alias("is_national")]
    result = parsed.select(
        *[typed[c.name].value.alias(c.name) for c in chosen],
        period_column(data_set).alias(data_set.period.silver_column),
        *extra,
        _list_of([f for c in chosen for f in typed[c.name].flags]).alias(FLAGS),
        _row_reasons(data_set, [r for c in chosen for r in typed[c.name].row_reasons]).alias(REASONS),
        *audit,
    )
    return _with_row_checks(result, data_set, chosen)


def period_column(data_set: DataSet) -> Column:
    """The period of a row in silver's type: a date for months and dates, text for quarters, a whole number for years."""
    period = F.col("_period")
    if data_set.period.grain == "month":
        return F.to_date(F.concat(period, F.lit("-01")))
    if data_set.period.grain == "year":
        return F.substring(period, 1, 4).cast("int")
    if data_set.period.grain == "date":
        return F.to_date(period)
    return period


def carried(frame: DataFrame) -> list[str]:
    """Columns that a silver function passes on untouched: where the row came from, and when its version held."""
    history = ("valid_from", "valid_to", "is_current", "closed_reason")
    return [c for c in frame.columns if c.startswith("_") or c in history]


def _footnotes_of(data_set: DataSet, wanted: set[str]) -> set[str]:
    return {c.footnote for c in data_set.columns if c.name in wanted and c.footnote}


def _clean(column: ContractColumn, data_set: DataSet) -> Column:
    """Trimmed text, null where it is a missing-value marker; national rows get their fixed key."""
    text = F.trim(F.col(column.name))
    cleaned = F.when(~text.isin(*column.missing_markers), text)
    national = data_set.national
    if national is not None and column.name in national.set:
        is_national = F.trim(F.col(national.column)).isin(*national.values)
        return F.when(is_national, F.lit(national.set[column.name])).otherwise(cleaned)
    return cleaned


def _is_national(data_set: DataSet) -> Column:
    national = data_set.national
    assert national is not None
    value = national.set.get(national.column)
    values = [*national.values, *([value] if value else [])]
    return F.coalesce(F.col(national.column).isin(*values), F.lit(False))


def _needs_text(column: ContractColumn) -> bool:
    """Types whose parsing can fail keep the text beside the value, to tell bad from missing."""
    return column.type not in ("string", "quarter")


# --- parsing -------------------------------------------------------------------------------------------------------


def _plain_number(name: str) -> str:
    """Text of a number without dollar sign and thousands separators, null where it is none."""
    shape = r"^[+-]?[$]?(([0-9]{1,3}(,[0-9]{3})+)|[0-9]+)([.][0-9]*)?\\z"
    return f"CASE WHEN {name} RLIKE '{shape}' THEN regexp_replace({name}, '[$,]', '') END"


def _parse_double(name: str) -> Column:
    # A text that ends in a letter (1d, 1f, NaN, Infinity) is a number to Java and none to us.
    return F.expr(
        f"CASE WHEN substring({name}, -1, 1) <= '9' THEN "
        f"coalesce(try_cast({name} AS double), try_cast({_plain_number(name)} AS double)) END"
    )


def _parse_whole(name: str, spark_type: str) -> Column:
    # Extracts written by statistics programs hold counts as 12.0.
    number = f"coalesce(try_cast({name} AS double), try_cast({_plain_number(name)} AS double))"
    return F.expr(
        f"CASE WHEN substring({name}, -1, 1) <= '9' THEN coalesce(try_cast({name} AS {spark_type}), "
        f"CASE WHEN {number} = floor({number}) THEN try_cast({number} AS {spark_type}) END) END"
    )


def _parse_usd(name: str) -> Column:
    return F.expr(
        f"CASE WHEN substring({name}, -1, 1) <= '9' THEN "
        f"coalesce(try_cast({name} AS decimal(18,2)), try_cast({_plain_number(name)} AS decimal(18,2))) END"
    )


def _parse_date(name: str) -> Column:
    by_shape = (
        f"CASE WHEN length({name}) >= 10 AND substring({name}, 5, 1) = '-' AND substring({name}, 8, 1) = '-' "
        f"THEN try_cast(substring({name}, 1, 10) AS date) "
        f"WHEN length({name}) = 8 AND try_cast({name} AS int) IS NOT NULL "
        f"THEN try_cast(concat_ws('-', substring({name}, 1, 4), substring({name}, 5, 2), substring({name}, 7, 2)) AS date) "
        f"WHEN length({name}) = 10 AND substring({name}, 3, 1) = '/' AND substring({name}, 6, 1) = '/' "
        f"THEN try_cast(concat_ws('-', substring({name}, 7, 4), substring({name}, 1, 2), substring({name}, 4, 2)) AS date) "
        f"WHEN length({name}) = 11 AND substring({name}, 3, 1) = '-' "
        f"THEN to_date(try_to_timestamp(initcap({name}), 'dd-MMM-yyyy')) "
        f"WHEN length({name}) = 9 AND substring({name}, 3, 1) = '-' THEN {_two_digit_year(name)} END"
    )
    return F.expr(
        f"CASE WHEN {by_shape} BETWEEN DATE'{_EARLIEST}' AND DATE'{_LATEST}' THEN {by_shape} END"
    )


def _two_digit_year(name: str) -> str:
    """dd-MMM-yy: a birth or service date may not lie in the future, so 59 is 1959."""
    recent = f"to_date(try_to_timestamp(initcap(concat(substring({name}, 1, 7), '20', substring({name}, 8, 2))), 'dd-MMM-yyyy'))"
    return f"CASE WHEN {recent} > current_date() THEN add_months({recent}, -1200) ELSE {recent} END"


def _parse_timestamp(name: str) -> Column:
    return F.expr(f"try_cast({name} AS timestamp)")


def _parse_boolean(name: str) -> Column:
    lower = F.lower(F.col(name))
    return F.when(lower.isin("y", "yes", "true", "1"), F.lit(True)).when(
        lower.isin("n", "no", "false", "0"), F.lit(False)
    )


def _parse_footnote(name: str) -> Column:
    return F.expr(
        f"CASE WHEN {name} IS NOT NULL THEN transform(split(regexp_replace({name}, '[.]0\\\\z', ''), '[,; ]+'), x -> try_cast(x AS int)) END"
    )


def _parse_ccn(name: str) -> Column:
    return F.expr(
        f"CASE WHEN {name} RLIKE '^[0-9A-Za-z]{{6}}\\\\z' THEN {name} "
        f"WHEN {name} RLIKE '^[0-9]{{5}}\\\\z' THEN concat('0', {name}) "
        f"WHEN {name} RLIKE '^[0-9A-Za-z]{{7,9}}\\\\z' THEN substring({name}, 1, 6) END"
    )


def _parse_zip5(name: str) -> Column:
    return F.expr(
        f"CASE WHEN {name} RLIKE '^[0-9]{{1,5}}\\\\z' THEN lpad({name}, 5, '0') "
        f"WHEN {name} RLIKE '^[0-9]{{5}}-?[0-9]{{4}}\\\\z' THEN substring({name}, 1, 5) ELSE {name} END"
    )


_PARSERS: Mapping[str, Callable[[str], Column]] = {
    "string": F.col,
    "quarter": F.col,
    "double": _parse_double,
    "int": lambda name: _parse_whole(name, "int"),
    "bigint": lambda name: _parse_whole(name, "bigint"),
    "usd": _parse_usd,
    "date": _parse_date,
    "timestamp": _parse_timestamp,
    "boolean": _parse_boolean,
    "footnote": _parse_footnote,
    "ccn": _parse_ccn,
    "zip5": _parse_zip5,
}


def _parse(column: ContractColumn) -> Column:
    return _PARSERS[column.type](column.name)


# --- checking ------------------------------------------------------------------------------------------------------


def _check(column: ContractColumn) -> _Typed:
    name, value = column.name, F.col(column.name)
    if column.type in ("string", "quarter"):
        return _Typed(value, _accepted_flags(column, value))
    text = F.col(f"_t_{name}")
    if column.type == "ccn":
        unreadable = text.isNotNull() & value.isNull()
        flags = (_flag("ccn_padded", F.length(text) == 5), _flag("ccn_suffix", F.length(text) > 6))
        return _Typed(value, tuple(F.when(~unreadable, f) for f in flags), (_flag(f"bad_key_format:{name}", unreadable),))
    if column.type == "zip5":
        return _Typed(value)
    if column.type == "footnote":
        bad = text.isNotNull() & F.exists(value, lambda code: code.isNull())
        return _Typed(F.when(~F.coalesce(bad, F.lit(False)), value), (_flag(f"bad_number:{name}", bad),))
    reason = {"date": "bad_date", "timestamp": "bad_date", "boolean": "bad_boolean"}.get(column.type, "bad_number")
    bad = text.isNotNull() & value.isNull()
    outside = _outside(column, value)
    if outside is None:
        return _Typed(value, (_flag(f"{reason}:{name}", bad),))
    return _Typed(F.when(~outside, value), (_flag(f"{reason}:{name}", bad), _flag(f"out_of_range:{name}", outside)))


def _outside(column: ContractColumn, value: Column) -> Column | None:
    if column.range is None:
        return None
    low, high = column.range
    below = value < F.lit(low) if low is not None else F.lit(False)
    above = value > F.lit(high) if high is not None else F.lit(False)
    return F.coalesce(below | above, F.lit(False))


def _accepted_flags(column: ContractColumn, value: Column) -> tuple[Column, ...]:
    flags = []
    if column.accepted:
        flags.append(_flag(f"unknown_code:{column.name}", ~value.isin(*column.accepted)))
    if column.pattern:
        flags.append(_flag(f"unknown_code:{column.name}", ~value.rlike(column.pattern)))
    return tuple(flags)


def _flag(reason: str, condition: Column) -> Column:
    return F.when(condition, F.lit(reason))


def _list_of(flags: Sequence[Column]) -> Column:
    """Sorted list of the reasons that fired; an empty list where none did."""
    if not flags:
        return F.expr("CAST(array() AS array<string>)")
    return F.array_sort(F.array_compact(F.array(*flags)))


def _row_reasons(data_set: DataSet, from_cells: Sequence[Column]) -> Column:
    corrupt = F.col("_corrupt_record")
    malformed = F.when(corrupt.isNotNull(), F.substring_index(corrupt, ":", 1))
    missing = [
        _flag(f"missing_key:{name}", F.col(f"_t_{name}" if _needs_text(c) else name).isNull())
        for name in data_set.key
        if (c := data_set.column_by_name[name]).required
    ]
    unreadable = [
        _flag(f"bad_key_format:{name}", F.col(f"_t_{name}").isNotNull() & F.col(name).isNull())
        for name in data_set.key
        if (c := data_set.column_by_name[name]).required and _needs_text(c) and c.type != "ccn"
    ]
    return _list_of([malformed, *missing, *unreadable, *from_cells])


def _with_row_checks(frame: DataFrame, data_set: DataSet, chosen: Sequence[ContractColumn]) -> DataFrame:
    """Warnings that need several typed columns: the contract's checks and values against their footnotes."""
    names = {c.name for c in chosen}
    flags = [F.when(F.expr(c.when), F.lit(c.reason)) for c in data_set.checks if _uses_only(c.when, names, data_set)]
    flags += [_footnote_mismatch(c) for c in chosen if c.footnote in names and c.type != "footnote"]
    if not flags:
        return frame
    merged = F.array_sort(F.array_distinct(F.concat(F.col(FLAGS), F.array_compact(F.array(*flags)))))
    return frame.withColumn(FLAGS, merged)


def _uses_only(expression: str, names: set[str], data_set: DataSet) -> bool:
    import re

    words = set(re.findall(r"[a-z_][a-z0-9_]*", expression))
    return not ({c.name for c in data_set.columns} & words) - names


def _footnote_mismatch(column: ContractColumn) -> Column:
    value, footnote = F.col(column.name), F.col(str(column.footnote))
    absent = F.split(F.coalesce(F.col("_absent_columns"), F.lit("")), ",")
    both_there = ~F.array_contains(absent, column.name) & ~F.array_contains(absent, str(column.footnote))
    lost_here = F.exists(F.col(FLAGS), lambda flag: flag.endswith(f":{column.name}"))
    unexplained = value.isNull() & footnote.isNull() & ~lost_here
    says_no_data = F.lit(False)
    for code in _NO_DATA_FOOTNOTES:
        says_no_data = says_no_data | F.coalesce(F.array_contains(footnote, code), F.lit(False))
    contradicted = value.isNotNull() & says_no_data
    return _flag(f"footnote_mismatch:{column.name}", both_there & (unexplained | contradicted))
