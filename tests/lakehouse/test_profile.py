"""Profiles of columns and correlations, on tables small enough to be worked out by hand."""

from __future__ import annotations

import math
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from nh_lakehouse import Lakehouse
from nh_lakehouse.errors import ConfigError
from nh_lakehouse.lakehouse import profile
from nh_lakehouse.lakehouse.profile import ProfiledTable, correlate, profile_table

TABLE = "silver.made_up"
OCTOBER, NOVEMBER = date(2024, 10, 1), date(2024, 11, 1)
EVENING = datetime(2024, 10, 31, 23, 30, tzinfo=timezone.utc)

#: Nine rows of one month. Hours without the null: 1, 2, 3, 4, 5, 6, 7, 100; their mean is 128 / 8 = 16.
NINE: dict[str, tuple[pa.DataType, list[Any]]] = {
    "hours": (pa.float64(), [3.0, 100.0, 1.0, None, 2.0, 7.0, 6.0, 5.0, 4.0]),
    "beds": (pa.int32(), [10, 20, 20, 30, 30, 40, 50, 60, 70]),
    "fines_usd": (pa.decimal128(18, 2), [Decimal("0.10")] * 8 + [None]),
    "empty": (pa.float64(), [None] * 9),
    "state": (pa.string(), ["TX", "AL", "TX", None, "VT", "AL", "NY", "OH", "DE"]),
    "surveyed": (pa.date32(), [date(2024, 1, d) for d in range(1, 10)]),
    "seen_at": (pa.timestamp("us", tz="UTC"), [EVENING] * 9),
    "is_chain": (pa.bool_(), [True, True, True, False, None, None, None, None, None]),
    "footnotes": (pa.list_(pa.int32()), [[6], [6], [10, 6], [], [], [], None, None, None]),
    "odd": (pa.float64(), [math.nan, math.inf, 1.0, 2.0, 3.0, None, None, None, None]),
    "_row_hash": (pa.int64(), list(range(9))),
}


def add(root: Path, month: date | None, columns: dict[str, tuple[pa.DataType, list[Any]]]) -> Path:
    rows_n = len(next(iter(columns.values()))[1])
    arrays = {n: pa.array(values, kind) for n, (kind, values) in columns.items()}
    data = pa.table({"snapshot_month": pa.array([month] * rows_n, pa.date32()), **arrays})
    write_deltalake(root / "silver" / "made_up", data, mode="append")
    return root


@pytest.fixture(scope="module")
def nine(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Column -> its profile."""
    root = add(tmp_path_factory.mktemp("lake"), OCTOBER, NINE)
    return {r["column"]: r for r in profile_table(Lakehouse(root), ProfiledTable(TABLE, "snapshot_month"))}


def test_audit_columns_and_the_period_are_left_out(nine: dict[str, dict[str, Any]]) -> None:
    assert list(nine) == [c for c in NINE if c != "_row_hash"]
    assert {(r["table"], r["snapshot"], r["rows_n"]) for r in nine.values()} == {(TABLE, "2024-10-01", 9)}


def test_numbers(nine: dict[str, dict[str, Any]]) -> None:
    hours = nine["hours"]
    assert (hours["null_n"], hours["null_pct"], hours["distinct_n"]) == (1, 100 / 9, 8)
    assert (hours["min"], hours["max"]) == ("1.0", "100.0")
    # Ranks (8 - 1) x 0.25 = 1.75, 3.5 and 5.25 of 1, 2, 3, 4, 5, 6, 7, 100, counted from 0.
    assert (hours["q1"], hours["median"], hours["q3"]) == (2.75, 4.5, 6.25)
    # Bounds 2.75 - 1.5 x 3.5 = -2.5 and 6.25 + 5.25 = 11.5: only 100 is outside.
    assert hours["iqr_outlier_n"] == 1
    assert hours["mean"] == pytest.approx(16, rel=1e-14)
    # Squares of 15, 14, 13, 12, 11, 10, 9 and 84 add up to 225+196+169+144+121+100+81+7056 = 8092.
    assert hours["sd"] == pytest.approx(math.sqrt(8092 / 7), rel=1e-14)
    assert hours["top_values"] == [("1.0", 1), ("2.0", 1), ("3.0", 1), ("4.0", 1), ("5.0", 1)]


def test_most_frequent_values_come_first_and_ties_in_their_order(nine: dict[str, dict[str, Any]]) -> None:
    assert nine["beds"]["top_values"] == [("20", 2), ("30", 2), ("10", 1), ("40", 1), ("50", 1)]
    assert nine["state"]["top_values"] == [("AL", 2), ("TX", 2), ("DE", 1), ("NY", 1), ("OH", 1)]
    assert (nine["state"]["distinct_n"], nine["state"]["min"], nine["state"]["max"]) == (6, "AL", "VT")
    assert nine["state"]["mean"] is nine["state"]["median"] is nine["state"]["iqr_outlier_n"] is None


def test_amounts_keep_their_digits_and_equal_ones_do_not_vary(nine: dict[str, dict[str, Any]]) -> None:
    fines = nine["fines_usd"]
    assert (fines["min"], fines["max"], fines["mean"], fines["sd"]) == ("0.10", "0.10", 0.1, 0.0)
    assert (fines["q1"], fines["q3"], fines["iqr_outlier_n"], fines["top_values"]) == (0.1, 0.1, 0, [("0.10", 8)])


def test_column_without_a_value(nine: dict[str, dict[str, Any]]) -> None:
    figures = {k: v for k, v in nine["empty"].items() if k not in ("table", "column", "snapshot", "type", "rows_n")}
    assert {k for k, v in figures.items() if v is not None} == {"null_n", "null_pct", "distinct_n"}
    assert (figures["null_n"], figures["null_pct"], figures["distinct_n"]) == (9, 100.0, 0)


def test_days_times_and_truths(nine: dict[str, dict[str, Any]]) -> None:
    assert (nine["surveyed"]["min"], nine["surveyed"]["max"]) == ("2024-01-01", "2024-01-09")
    assert nine["seen_at"]["min"] == "2024-10-31 23:30:00"
    chain = nine["is_chain"]
    assert (chain["min"], chain["max"], chain["distinct_n"]) == ("false", "true", 2)
    assert chain["top_values"] == [("true", 3), ("false", 1)]


def test_arrays_are_counted_and_have_no_order(nine: dict[str, dict[str, Any]]) -> None:
    notes = nine["footnotes"]
    assert (notes["null_n"], notes["distinct_n"], notes["min"], notes["max"]) == (3, 3, None, None)
    assert notes["top_values"] == [("[]", 3), ("[6]", 2), ("[10, 6]", 1)]


def test_numbers_that_are_none_stand_in_no_quartile(nine: dict[str, dict[str, Any]]) -> None:
    odd = nine["odd"]
    assert (odd["null_n"], odd["distinct_n"], odd["min"], odd["median"], odd["max"]) == (4, 5, "1.0", 2.0, "3.0")


def test_one_row_has_no_deviation(tmp_path: Path) -> None:
    add(tmp_path, OCTOBER, {"hours": (pa.float64(), [3.5])})
    (row,) = profile_table(Lakehouse(tmp_path), ProfiledTable(TABLE, "snapshot_month"))
    assert (row["mean"], row["sd"], row["q1"], row["q3"], row["iqr_outlier_n"]) == (3.5, None, 3.5, 3.5, 0)


def test_snapshots_stand_apart_and_a_table_without_periods_is_one(tmp_path: Path) -> None:
    add(tmp_path, OCTOBER, {"hours": (pa.float64(), [1.0, 2.0])})
    add(tmp_path, NOVEMBER, {"hours": (pa.float64(), [4.0])})
    add(tmp_path, None, {"hours": (pa.float64(), [None])})
    lake = Lakehouse(tmp_path)
    rows = profile_table(lake, ProfiledTable(TABLE, "snapshot_month"))
    assert [(r["snapshot"], r["rows_n"], r["mean"]) for r in rows] == [
        (None, 1, None), ("2024-10-01", 2, 1.5), ("2024-11-01", 1, 4.0),
    ]  # fmt: skip
    whole = {r["column"]: r for r in profile_table(lake, ProfiledTable(TABLE))}
    assert (whole["hours"]["snapshot"], whole["hours"]["rows_n"], whole["hours"]["median"]) == (None, 4, 2.0)
    assert whole["snapshot_month"]["distinct_n"] == 2


def test_masked_columns_show_no_value_and_all_counts(tmp_path: Path) -> None:
    add(tmp_path, OCTOBER, NINE)
    masked = ProfiledTable(TABLE, "snapshot_month", {"state", "hours"})
    found = {r["column"]: r for r in profile_table(Lakehouse(tmp_path), masked)}
    for column in ("state", "hours"):
        assert [found[column][f] for f in ("min", "max", "top_values")] == [None] * 3
    assert (found["state"]["null_n"], found["state"]["distinct_n"], found["hours"]["median"]) == (1, 6, 4.5)
    assert found["beds"]["min"] == "10"


def test_figures_depend_neither_on_the_order_of_rows_nor_on_the_portions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = [n / 7 for n in range(1000)] + [1e9, -1e-9]
    rows = []
    for name, order, portion in (("a", values, 4_000_000), ("b", values[::-1], 1)):
        monkeypatch.setattr(profile, "_VALUES_AT_ONCE", portion)
        root = add(tmp_path / name, OCTOBER, {c: (pa.float64(), order) for c in ("x", "y")})
        rows.append(profile_table(Lakehouse(root), ProfiledTable(TABLE, "snapshot_month")))
    assert rows[0] == rows[1]


# --- correlation -----------------------------------------------------------------------------------------------------


def pairs(root: Path, **measures: list[float | None]) -> list[dict[str, Any]]:
    rows_n = len(next(iter(measures.values())))
    keys = {"ccn": (pa.string(), [f"{n:06d}" for n in range(rows_n)]), "year": (pa.int32(), [2024] * rows_n)}
    add(root, OCTOBER, {**keys, **{n: (pa.float64(), v) for n, v in measures.items()}})
    return correlate(Lakehouse(root), TABLE, key=["ccn"], period="snapshot_month", left_out=["year"])


def test_correlation_of_ten_homes(tmp_path: Path) -> None:
    # x = 0..9 twice null outside; y = 3x + 1 but for the last, which is 8 too high.
    x = [float(n) for n in range(10)]
    y = [3 * n + 1 for n in x[:9]] + [36.0]
    (row,) = pairs(tmp_path, x=[*x, None, 5.0], y=[*y, 7.0, None])
    # Means 4.5 and (1+4+7+10+13+16+19+22+25+36)/10 = 15.3. Sxx = 82.5. Sxy = 3 x 82.5 + 8 x 4.5 = 283.5.
    # Syy = 9 x 82.5 + 2 x 3 x 36 + 64 - 64 / 10 = 742.5 + 216 + 57.6 = 1016.1.
    assert (row["measure_x"], row["measure_y"], row["n"], row["snapshot_month"]) == ("x", "y", 10, OCTOBER)
    assert row["correlation"] == pytest.approx(283.5 / math.sqrt(82.5 * 1016.1), rel=1e-12)
    assert row["ols_slope"] == pytest.approx(283.5 / 82.5, rel=1e-12)
    assert row["ols_intercept"] == pytest.approx(15.3 - 4.5 * 283.5 / 82.5, rel=1e-12)
    assert row["r2"] == pytest.approx(283.5**2 / (82.5 * 1016.1), rel=1e-12)


def test_nine_pairs_and_measures_that_do_not_vary_correlate_with_nothing(tmp_path: Path) -> None:
    x: list[float | None] = [float(n) for n in range(10)]
    rows = pairs(tmp_path, x=x, nine=[*x[:9], None], constant=[0.1] * 10)
    assert [(r["measure_x"], r["measure_y"], r["n"]) for r in rows] == [
        ("x", "nine", 9), ("x", "constant", 10), ("nine", "constant", 9),
    ]  # fmt: skip
    assert {r[f] for r in rows for f in ("correlation", "ols_slope", "ols_intercept", "r2")} == {None}


def test_tiny_deviations_count(tmp_path: Path) -> None:
    (row,) = pairs(tmp_path, x=[n * 1e-170 for n in range(10)], y=[-2.0 * n for n in range(10)])
    assert row["correlation"] == pytest.approx(-1, rel=1e-12)


def test_correlation_of_columns_that_are_not_there(tmp_path: Path) -> None:
    add(tmp_path, OCTOBER, NINE)
    with pytest.raises(ConfigError, match="no column ccn"):
        correlate(Lakehouse(tmp_path), TABLE, key=["ccn"], period="snapshot_month")
