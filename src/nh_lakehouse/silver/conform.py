"""From bronze text to typed values, with a reason for everything that did not fit.

`conform` is row-local: it shuffles nothing, so that a quarter of daily payroll costs one scan. It adds

- the period column (`snapshot_month`, `quarter`, `fiscal_year` or `release_date`);
- `dq_flags`: cell-level reasons (`bad_number:certified_beds`: the value became null) and warnings (the value stays);
- `_reasons`: row-level reasons (`short_row`, `missing_key:ccn`, ...): such a row leaves silver.

The expressions are SQL text: a wide file has some thousand of them, and on Spark each part of a `Column` built in
Python costs a call into the JVM (5 s for the 103 columns of provider information, 0.1 s as text).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame

from nh_lakehouse.contracts.model import Column as ContractColumn
from nh_lakehouse.contracts.model import DataSet

__all__ = [
    "CELL_REASONS",
    "FLAGS",
    "HISTORY_COLUMNS",
    "REASONS",
    "carried",
    "conform",
    "list_of",
    "period_column",
    "six_character_ccn",
]

FLAGS = "dq_flags"
#: Columns of a table with versions; the engine makes them out of snapshots, one snapshot has none.
HISTORY_COLUMNS = ("valid_from", "valid_to", "is_current", "closed_reason")
REASONS = "_reasons"
#: Reasons that made a value null; the text as sent goes to the quarantine.
CELL_REASONS = ("bad_number", "bad_date", "bad_boolean", "out_of_range")
#: A footnote that says "no data" beside a value (6 = not enough data, 10 = not available for this period).
_NO_DATA_FOOTNOTES = (6, 10)
_EARLIEST, _LATEST = "1900-01-01", "2100-01-01"
#: Beyond this a text such as 1e400 is infinite to both engines, which is no measure.
_LARGEST_DOUBLE = 1e300
#: A double holds every whole number below this one.
_LARGEST_WHOLE = 2**53
#: Texts of a boolean, in lower case, where the contract names none.
_TRUE, _FALSE = ("y", "yes", "true", "1"), ("n", "no", "false", "0")
#: What a condition says that asks for nulls, or passes over them.
_NULL_WORDS = ("is null", "filter(")
#: Blanks that `trim` leaves (tab, no-break space): alone in a cell they are a missing value.
_OTHER_BLANKS = ("\t", "\u00a0")


@dataclass(frozen=True)
class _Typed:
    """The SQL that makes one silver column; flags and reasons are (reason, condition) pairs."""

    value: str
    flags: tuple[tuple[str, str], ...] = ()
    row_reasons: tuple[tuple[str, str], ...] = ()


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
    cleaned = bronze.selectExpr(*[f"{_clean(c, data_set)} AS {_q(c.name)}" for c in chosen], *audit)
    parsed = cleaned.selectExpr(
        *[f"{_parse(c)} AS {_q(c.name)}" for c in chosen],
        *[f"{_q(c.name)} AS {_q('_t_' + c.name)}" for c in chosen if _needs_text(c)],
        *audit,
    )
    typed = {c.name: _check(c) for c in chosen}
    national = [] if data_set.national is None else [f"{_is_national(data_set)} AS is_national"]
    derived = [data_set.period.silver_column, *(["is_national"] if national else []), FLAGS, REASONS]
    result = parsed.selectExpr(
        *[f"{typed[c.name].value} AS {_q(c.name)}" for c in chosen],
        f"{period_column(data_set)} AS {_q(data_set.period.silver_column)}",
        *national,
        f"{list_of([f for c in chosen for f in typed[c.name].flags])} AS {FLAGS}",
        f"{_row_reasons(data_set, [r for c in chosen for r in typed[c.name].row_reasons])} AS {REASONS}",
        *audit,
    )
    # The names are known here: asking the frame for them would have the plan analysed once more.
    return _with_row_checks(result, data_set, chosen, [*[c.name for c in chosen], *derived, *audit])


def period_column(data_set: DataSet) -> str:
    """SQL of a row's period in silver's type: a date (month, date), text (quarter) or a whole number (year)."""
    return {
        "month": "to_date(concat(_period, '-01'))",
        "year": "CAST(substring(_period, 1, 4) AS int)",
        "date": "to_date(_period)",
        "quarter": "_period",
    }[data_set.period.grain]


def carried(frame: DataFrame) -> list[str]:
    """Columns that a silver function passes on untouched: where the row came from, and when its version held."""
    return [c for c in frame.columns if c.startswith("_") or c in HISTORY_COLUMNS]


def _q(name: str) -> str:
    return f"`{name}`"


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _texts(values: Iterable[str]) -> str:
    return ", ".join(_text(v) for v in values)


def _footnotes_of(data_set: DataSet, wanted: set[str]) -> set[str]:
    return {c.footnote for c in data_set.columns if c.name in wanted and c.footnote}


def _clean(column: ContractColumn, data_set: DataSet) -> str:
    """Trimmed text, null where it is a missing-value marker; national rows get their fixed key."""
    # Trimming more than the space costs a third more on Spark: done for identifiers alone.
    text = f"trim({_q(column.name)})"
    if column.type == "ccn":
        text = f"trim(BOTH {_text(' ' + ''.join(_OTHER_BLANKS))} FROM {_q(column.name)})"
    text = _without_affixes(column, text)
    value = _padded(text, column.pad) if column.pad else text
    cleaned = f"CASE WHEN {text} NOT IN ({_texts([*column.missing_markers, *_OTHER_BLANKS])}) THEN {value} END"
    national = data_set.national
    if national is not None and column.name in national.set:
        is_national = f"trim({_q(national.column)}) IN ({_texts(national.values)})"
        return f"CASE WHEN {is_national} THEN {_text(national.set[column.name])} ELSE {cleaned} END"
    return cleaned


def _padded(text: str, width: int) -> str:
    """Digits filled up with leading zeros; letters were never a number to a spreadsheet (drug codes hold OTHER)."""
    # lpad alone would cut longer texts.
    is_short = f"length({text}) < {width} AND {text} RLIKE '^[0-9]+\\\\z'"
    return f"CASE WHEN {is_short} THEN lpad({text}, {width}, '0') ELSE {text} END"


def _without_affixes(column: ContractColumn, text: str) -> str:
    """The text without the words that the publisher writes around the value."""
    if column.prefix:
        n = len(column.prefix)
        starts = f"lower(substring({text}, 1, {n})) = {_text(column.prefix.lower())}"
        text = f"CASE WHEN {starts} THEN trim(substring({text}, {n + 1})) ELSE {text} END"
    if column.suffix:
        n = len(column.suffix)
        ends = f"lower(substring({text}, -{n}, {n})) = {_text(column.suffix.lower())}"
        text = f"CASE WHEN {ends} THEN trim(substring({text}, 1, length({text}) - {n})) ELSE {text} END"
    return text


def _is_national(data_set: DataSet) -> str:
    national = data_set.national
    assert national is not None
    fixed = national.set.get(national.column)
    values = [*national.values, *([fixed] if fixed else [])]
    return f"coalesce({_q(national.column)} IN ({_texts(values)}), false)"


def _needs_text(column: ContractColumn) -> bool:
    """Types whose parsing can fail keep the text beside the value, to tell bad from missing."""
    return column.type not in ("string", "quarter")


# --- parsing -------------------------------------------------------------------------------------------------------


def _plain_number(name: str) -> str:
    """Text of a number without dollar sign and thousands separators, null where it is none."""
    shape = r"^[+-]?[$]?(([0-9]{1,3}(,[0-9]{3})+)|[0-9]+)([.][0-9]*)?\\z"
    return f"CASE WHEN {name} RLIKE '{shape}' THEN regexp_replace({name}, '[$,]', '') END"


def _parse_double(name: str) -> str:
    # A text that ends in a letter (1d, 1f, NaN, Infinity) is a number to Java and none to us.
    return (
        f"CASE WHEN substring({name}, -1, 1) <= '9' THEN "
        f"coalesce(try_cast({name} AS double), try_cast({_plain_number(name)} AS double)) END"
    )


def _parse_whole(name: str, spark_type: str) -> str:
    # Extracts written by statistics programs hold counts as 12.0, large ones as 1e+05. Said by the text: a condition
    # over the number it stands for would write the number four times, which is most of what planning a file costs.
    shape = r"^[+-]?[$]?(([0-9]{1,3}(,[0-9]{3})+)|[0-9]+)([.]0*)?\\z"
    digits = rf"CASE WHEN {name} RLIKE '{shape}' THEN regexp_replace({name}, '[$,]|[.]0*\\z', '') END"
    number = f"try_cast({name} AS double)"
    is_power = rf"{name} RLIKE '^[^a-zA-Z]+[eE][^a-zA-Z]+\\z' AND {number} = floor({number})"
    return (
        f"coalesce(try_cast({name} AS {spark_type}), try_cast({digits} AS {spark_type}), "
        f"CASE WHEN {is_power} AND abs({number}) < {_LARGEST_WHOLE} THEN try_cast({number} AS {spark_type}) END)"
    )


def _parse_usd(name: str) -> str:
    # Nearly every amount is plain: tried first and alone, as a condition around all costs Sail as much once more.
    return (
        f"coalesce(try_cast({name} AS decimal(18,2)), CASE WHEN substring({name}, -1, 1) <= '9' THEN "
        f"coalesce(try_cast({_plain_number(name)} AS decimal(18,2)), "
        # Sail reads no decimal with an exponent.
        f"try_cast(try_cast({name} AS double) AS decimal(18,2))) END)"
    )


def _parse_date(name: str) -> str:
    return (
        f"CASE WHEN length({name}) >= 10 AND substring({name}, 5, 1) = '-' AND substring({name}, 8, 1) = '-' "
        f"AND substring({name}, 11, 1) IN ('', ' ', 'T') THEN try_cast(substring({name}, 1, 10) AS date) "
        f"WHEN length({name}) = 8 AND try_cast({name} AS int) IS NOT NULL "
        f"THEN {_joined_date(name, 1, 5, 7)} "
        f"WHEN length({name}) = 10 AND substring({name}, 3, 1) = '/' AND substring({name}, 6, 1) = '/' "
        f"THEN {_joined_date(name, 7, 1, 4)} "
        f"WHEN {name} RLIKE '^[0-9]{{1,2}}/[0-9]{{1,2}}/[0-9]{{4}}\\\\z' THEN {_unpadded_date(name)} "
        f"WHEN length({name}) = 11 AND substring({name}, 3, 1) = '-' "
        f"THEN to_date(try_to_timestamp(initcap({name}), 'dd-MMM-yyyy')) "
        f"WHEN length({name}) = 9 AND substring({name}, 3, 1) = '-' THEN {_two_digit_year(name)} END"
    )


def _joined_date(name: str, year: int, month: int, day: int) -> str:
    """The date whose parts begin at these places of a text."""
    parts = f"substring({name}, {year}, 4), substring({name}, {month}, 2), substring({name}, {day}, 2)"
    return f"try_cast(concat_ws('-', {parts}) AS date)"


def _unpadded_date(name: str) -> str:
    """The date of a text such as 12/1/2024: spreadsheets drop the zeros."""
    month, day = f"substring_index({name}, '/', 1)", f"substring_index(substring_index({name}, '/', 2), '/', -1)"
    parts = f"substring({name}, -4, 4), lpad({month}, 2, '0'), lpad({day}, 2, '0')"
    return f"try_cast(concat_ws('-', {parts}) AS date)"


def _two_digit_year(name: str) -> str:
    """dd-MMM-yy: a birth or service date may not lie in the future, so 59 is 1959."""
    long = f"initcap(concat(substring({name}, 1, 7), '20', substring({name}, 8, 2)))"
    recent = f"to_date(try_to_timestamp({long}, 'dd-MMM-yyyy'))"
    return f"CASE WHEN {recent} > current_date() THEN add_months({recent}, -1200) ELSE {recent} END"


def _parse_timestamp(name: str) -> str:
    return f"try_cast({name} AS timestamp)"


def _parse_boolean(name: str, true: Iterable[str] = _TRUE, false: Iterable[str] = _FALSE) -> str:
    return (
        f"CASE WHEN lower({name}) IN ({_texts(true)}) THEN true WHEN lower({name}) IN ({_texts(false)}) THEN false END"
    )


def _parse_footnote(name: str) -> str:
    codes = f"split(regexp_replace({name}, '[.]0\\\\z', ''), '[,; ]+')"
    return f"CASE WHEN {name} IS NOT NULL THEN transform({codes}, x -> try_cast(x AS int)) END"


def six_character_ccn(name: str) -> str:
    """SQL of a CCN's six characters: a lost leading zero restored, a suffix cut; null for any other text."""
    return (
        f"CASE WHEN {name} RLIKE '^[0-9A-Za-z]{{6}}\\\\z' THEN {name} "
        f"WHEN {name} RLIKE '^[0-9]{{5}}\\\\z' THEN concat('0', {name}) "
        f"WHEN {name} RLIKE '^[0-9A-Za-z]{{7,9}}\\\\z' THEN substring({name}, 1, 6) END"
    )


def _parse_zip5(name: str) -> str:
    return (
        f"CASE WHEN {name} RLIKE '^[0-9]{{1,5}}\\\\z' THEN lpad({name}, 5, '0') "
        f"WHEN {name} RLIKE '^[0-9]{{5}}-?[0-9]{{4}}\\\\z' THEN substring({name}, 1, 5) ELSE {name} END"
    )


def _as_it_is(name: str) -> str:
    return name


_PARSERS: Mapping[str, Callable[[str], str]] = {
    "string": _as_it_is,
    "quarter": _as_it_is,
    "double": _parse_double,
    "int": lambda name: _parse_whole(name, "int"),
    "bigint": lambda name: _parse_whole(name, "bigint"),
    "usd": _parse_usd,
    "date": _parse_date,
    "timestamp": _parse_timestamp,
    "boolean": _parse_boolean,
    "footnote": _parse_footnote,
    "ccn": six_character_ccn,
    "zip5": _parse_zip5,
}


def _parse(column: ContractColumn) -> str:
    if column.type == "boolean" and column.true_when:
        return _parse_boolean(_q(column.name), column.true_when, column.false_when)
    return _PARSERS[column.type](_q(column.name))


# --- checking ------------------------------------------------------------------------------------------------------


def _check(column: ContractColumn) -> _Typed:
    name, value, text = column.name, _q(column.name), _q(f"_t_{column.name}")
    if column.type in ("string", "quarter"):
        return _Typed(value, _accepted_flags(column, value))
    unreadable = _unreadable(column)
    if column.type == "ccn":
        flags = (
            ("ccn_padded", f"{value} IS NOT NULL AND length({text}) = 5"),
            ("ccn_suffix", f"{value} IS NOT NULL AND length({text}) > 6"),
        )
        return _Typed(value, flags, ((f"bad_key_format:{name}", unreadable),))
    if column.type == "zip5":
        return _Typed(value)
    if column.type == "footnote":
        bad = f"{value} IS NOT NULL AND exists({value}, code -> code IS NULL)"
        return _Typed(f"CASE WHEN NOT ({bad}) THEN {value} END", ((f"bad_number:{name}", bad),))
    reason = {"date": "bad_date", "timestamp": "bad_date", "boolean": "bad_boolean"}.get(column.type, "bad_number")
    if column.type == "date":
        # Here and not where the text is parsed, which would write the long expression twice.
        return _Typed(f"CASE WHEN {_is_of_our_time(value)} THEN {value} END", ((f"{reason}:{name}", unreadable),))
    outside = _outside(column, value)
    if outside is None:
        return _Typed(value, ((f"{reason}:{name}", unreadable),))
    flags = ((f"{reason}:{name}", unreadable), (f"out_of_range:{name}", outside))
    return _Typed(f"CASE WHEN NOT ({outside}) THEN {value} END", flags)


def _unreadable(column: ContractColumn) -> str:
    """SQL: there is a text, and it is no value of the column's type."""
    value, text = _q(column.name), _q(f"_t_{column.name}")
    no_value = f"{value} IS NULL"
    if column.type == "date":
        no_value = f"({no_value} OR NOT {_is_of_our_time(value)})"
    return f"{text} IS NOT NULL AND {no_value}"


def _is_of_our_time(value: str) -> str:
    return f"({value} BETWEEN DATE'{_EARLIEST}' AND DATE'{_LATEST}')"


def _outside(column: ContractColumn, value: str) -> str | None:
    low, high = column.range or (None, None)
    if column.type == "double":
        low, high = -_LARGEST_DOUBLE if low is None else low, _LARGEST_DOUBLE if high is None else high
    parts = [f"{value} < {_literal(low)}"] if low is not None else []
    parts += [f"{value} > {_literal(high)}"] if high is not None else []
    return f"{value} IS NOT NULL AND ({' OR '.join(parts)})" if parts else None


def _literal(number: float) -> str:
    return str(int(number)) if number == int(number) and abs(number) < _LARGEST_WHOLE else repr(float(number))


def _accepted_flags(column: ContractColumn, value: str) -> tuple[tuple[str, str], ...]:
    flags = []
    if column.accepted:
        flags.append((f"unknown_code:{column.name}", f"{value} NOT IN ({_texts(column.accepted)})"))
    if column.pattern:
        flags.append((f"unknown_code:{column.name}", f"NOT ({value} RLIKE {_text(column.pattern)})"))
    return tuple(flags)


def list_of(flags: Sequence[tuple[str, str]], *more: str) -> str:
    """SQL of the list of reasons whose condition holds, sorted by name; an empty list where none does.

    Args:
        flags: (reason, condition) pairs.
        more: SQL of further reasons, or null; they stand behind the others.
    """
    cases = [f"CASE WHEN {condition} THEN {_text(reason)} END" for reason, condition in sorted(flags)]
    if not cases and not more:
        return "CAST(array() AS array<string>)"
    # Joined and split again (the first part is empty): on Spark an array of mostly null cases costs a multiple.
    joined = f"concat_ws(',', '', {', '.join([*cases, *more])})"
    return f"slice(split({joined}, ','), 2, {len(cases) + len(more)})"


def _row_reasons(data_set: DataSet, from_cells: Sequence[tuple[str, str]]) -> str:
    malformed = "CASE WHEN _corrupt_record IS NOT NULL THEN substring_index(_corrupt_record, ':', 1) END"
    required = [c for c in (data_set.column_by_name[name] for name in data_set.key) if c.required]
    reasons = []
    for column in required:
        text = _q(f"_t_{column.name}" if _needs_text(column) else column.name)
        reasons.append((f"missing_key:{column.name}", f"{text} IS NULL"))
        if _needs_text(column) and column.type != "ccn":
            reasons.append((f"bad_key_format:{column.name}", _unreadable(column)))
    return list_of([*reasons, *from_cells], malformed)


def _with_row_checks(
    frame: DataFrame, data_set: DataSet, chosen: Sequence[ContractColumn], columns: Sequence[str]
) -> DataFrame:
    """Warnings that need several typed columns: the contract's checks and values against their footnotes."""
    names = {c.name for c in chosen}
    flags = [(c.reason, _where_known(c.when, data_set)) for c in data_set.checks if _uses_only(c.when, names, data_set)]
    flags += [_footnote_mismatch(c, data_set) for c in chosen if c.footnote in names and c.type != "footnote"]
    if not flags:
        return frame
    merged = f"sort_array(array_distinct(concat({FLAGS}, {list_of(flags)})))"
    return frame.selectExpr(*[_q(c) if c != FLAGS else f"{merged} AS {FLAGS}" for c in columns])


def _uses_only(expression: str, names: set[str], data_set: DataSet) -> bool:
    return not _columns_of(expression, data_set) - names


def _columns_of(expression: str, data_set: DataSet) -> set[str]:
    return {c.name for c in data_set.columns} & set(re.findall(r"[a-z_][a-z0-9_]*", expression))


def _where_known(expression: str, data_set: DataSet) -> str:
    """A condition that asks for nulls holds of no file that lacks the column: there it is unknown, not missing."""
    if not any(word in expression.lower() for word in _NULL_WORDS):
        return expression
    return f"({expression}) AND {_known(*sorted(_columns_of(expression, data_set)))}"


def _known(*names: str) -> str:
    """SQL: the row's file has these columns."""
    return " AND ".join(f"instr(concat(',', coalesce(_absent_columns, ''), ','), ',{name},') = 0" for name in names)


def _footnote_mismatch(column: ContractColumn, data_set: DataSet) -> tuple[str, str]:
    """No value and no footnote, or a value beside a footnote that says there is none."""
    value, footnote = _q(column.name), _q(str(column.footnote))
    known = _known(column.name, str(column.footnote))
    lost = " OR ".join(f"array_contains({FLAGS}, '{reason}:{column.name}')" for reason in CELL_REASONS)
    no_data = " OR ".join(f"array_contains({footnote}, {code})" for code in _NO_DATA_FOOTNOTES)
    unexplained = f"{value} IS NULL AND {footnote} IS NULL AND NOT ({lost})"
    contradicted = f"{value} IS NOT NULL AND {footnote} IS NOT NULL AND ({no_data})"
    if data_set.column_by_name[str(column.footnote)].type != "footnote":
        # Footnotes that are sentences: only a missing value without one is told.
        contradicted = "false"
    return f"footnote_mismatch:{column.name}", f"{known} AND (({unexplained}) OR ({contradicted}))"
