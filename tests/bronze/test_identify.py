"""Whose file it is, which period it states, and how it drifts: by name, header and rows."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_contract import column, small_contract

from nh_lakehouse.bronze.identify import (
    Drift,
    candidates,
    choose_data_set,
    drift_of_header,
    find_periods,
    parse_period,
)
from nh_lakehouse.contracts import load_contracts
from nh_lakehouse.contracts.model import DataSet
from nh_lakehouse.errors import MissingColumnError, UnreadableFileError

SENT = datetime(2025, 1, 15, 8, tzinfo=timezone.utc)


def staged(folder: Path, *rows: tuple[str | None, ...], names: tuple[str, ...] = ("id", "day")) -> list[Path]:
    """Staged rows; a last field `corrupt` marks a malformed one."""
    table = pa.table(
        {
            **{n: pa.array([r[i] for r in rows], pa.string()) for i, n in enumerate(names)},
            "_corrupt_record": pa.array(["short_row: x" if r[-1] == "corrupt" else None for r in rows], pa.string()),
        }
    )
    pq.write_table(table, folder / "it's [1].parquet")
    return [folder / "it's [1].parquet"]


# --- whose file ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("NH_ProviderInfo_Oct2024.csv", ["nh_provider_info"]),
        ("nh_providerinfo_october2024.CSV", ["nh_provider_info"]),
        ("NH_ProviderInfo_Oct2024_it's [1] é.csv", ["nh_provider_info"]),
        ("NH_ProviderInfo_Oct2024.csv.part", []),
        ("NH_ProviderInfo_Oct24.csv", []),
        ("NH_ProviderInfo_Xyz2024.csv", []),
        ("my NH_ProviderInfo_Oct2024.csv", []),
        ("NH_ProviderInfo_Oct2024.csv\n", []),
        ("readme.txt", []),
    ],
)
def test_file_belongs_to_the_data_sets_whose_pattern_its_name_fits(name, found):
    assert [c.name for c in candidates(name, load_contracts().values())] == found


def test_two_data_sets_with_one_file_name_are_told_apart_by_header():
    first = small_contract(column("a"), column("b"), name="first")
    second = small_contract(column("c"), column("d"), name="second")
    assert choose_data_set([first, second], ["id", "C", "d", "day"])[0].name == "second"
    assert choose_data_set([first, second], ["id", "A", "b", "day"])[0].name == "first"


def test_data_set_that_has_its_required_columns_goes_before_one_that_lacks_them():
    strict = small_contract(column("a"), column("b", required=True), name="strict")
    loose = small_contract(name="loose")
    assert choose_data_set([strict, loose], ["ID", "A", "DAY"])[0].name == "loose"


def test_missing_required_columns_are_named_with_what_was_found():
    contract = small_contract(column("b", required=True))
    with pytest.raises(MissingColumnError, match="'ID', 'B'.*found 2 columns, the first are 'x', 'DAY'") as raised:
        choose_data_set([contract], ["x", "DAY"])
    assert (raised.value.code, raised.value.data_set) == ("missing_column", "things")
    assert raised.value.columns == ["id", "b"]


def test_first_line_of_a_sensitive_file_is_not_shown():
    contract = small_contract(column("ssn", sensitive=True))
    with pytest.raises(MissingColumnError) as raised:
        choose_data_set([contract], ["JOHN DOE", "1950-01-01"])
    assert "DOE" not in raised.value.message


@pytest.mark.parametrize("header", [["ID", "A", "a ", "DAY"], ["ID", "A", "old a", "DAY"], ["ID", "x y", "X_Y", "DAY"]])
def test_header_that_occurs_twice_rejects_the_file(header):
    contract = small_contract(column("a", aliases=["Old A"]))
    with pytest.raises(UnreadableFileError, match="more than once") as raised:
        choose_data_set([contract], header)
    assert (raised.value.code, raised.value.data_set) == ("bad_header", "things")


def test_unknown_header_never_takes_the_name_of_a_contract_column():
    contract = small_contract(column("name", header="Provider Name"))
    _, match = choose_data_set([contract], ["ID", "Name", "Provider Name", "DAY"])
    assert match.names == ["id", "name_2", "name", "day"]
    # Without the declared header the contract's column is absent: bronze does not fill it from another one.
    _, match = choose_data_set([contract], ["ID", "Name", "DAY"])
    assert (match.names, match.missing) == (["id", "name_2", "day"], ("name",))


@pytest.mark.parametrize(
    ("header", "drift"),
    [
        pytest.param(["ID", "A", "B", "DAY"], [], id="none"),
        pytest.param([" id ", "\ufeffA", "b\u00a0", "Day"], [], id="blanks and case"),
        pytest.param(["ID", "A", "B", "DAY", "Extra 1"], [Drift("new_column", "extra_1", "Extra 1", None)], id="new"),
        pytest.param(["ID", "B", "DAY"], [Drift("missing_column", "a", None, "A")], id="missing"),
        pytest.param(["ID", "Old  A", "B", "DAY"], [Drift("renamed_column", "a", "Old  A", "A")], id="renamed"),
        pytest.param(
            ["DAY", "B", "A", "ID"],
            [Drift("reordered_columns", None, None, "the order of the contract")],
            id="reordered",
        ),
        pytest.param(
            ["ID", "A", "", "B", "DAY", "日本"],
            [Drift("new_column", "column_3", "", None), Drift("new_column", "column_6", "日本", None)],
            id="without a name",
        ),
    ],
)
def test_drift_of_a_header(header, drift):
    contract = small_contract(column("a", aliases=["Old A"]), column("b"))
    assert drift_of_header(contract, contract.match_header(header), header) == drift


# --- periods -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "grain", "period"),
    [
        ("2024-10-01", "month", "2024-10"),
        (" 10/27/2024 ", "month", "2024-10"),
        ("12/1/2024", "month", "2024-12"),
        ("1/2/2024", "date", "2024-01-02"),
        ("20241001", "month", "2024-10"),
        ("01-Oct-2024", "month", "2024-10"),
        ("01-OCT-2024", "month", "2024-10"),
        ("2024-10-01T05:00:00Z", "month", "2024-10"),
        ("2024-10-27", "date", "2024-10-27"),
        ("2024-10-27", "quarter", "2024Q4"),
        ("2024-10-27", "year", "2024"),
        ("2023Q2", "quarter", "2023Q2"),
        ("2023q2", "quarter", "2023Q2"),
        ("2023", "year", "2023"),
        ("2023Q5", "quarter", None),
        ("2023Q2", "month", None),
        ("0023", "year", None),
        ("2024-13-01", "month", None),
        ("02/30/2024", "month", None),
        ("01-Okt-2024", "month", None),
        ("1899-12-31", "month", None),
        ("2100-01-01", "month", None),
        ("October 2024", "month", None),
        ("", "month", None),
    ],
)
def test_period_stated_by_a_value(text, grain, period):
    assert parse_period(text, grain) == period


@pytest.mark.parametrize(
    ("rows", "main", "drift"),
    [
        pytest.param([("2024-10-01",)], "2024-10", [], id="column and name agree"),
        pytest.param(
            [("2024-11-01",)], "2024-11", [Drift("period_mismatch", "day", "2024-11", "2024-10")], id="column wins"
        ),
        pytest.param([(None,)], "2024-10", [], id="column empty"),
        pytest.param([("soon",)], "2024-10", [], id="column unreadable"),
        pytest.param(
            [("2024-11-01",), ("2024-10-01",), ("2024-11-30",)],
            "2024-11",
            [Drift("period_mismatch", "day", "2024-11", "2024-10")],
            id="most rows win",
        ),
        pytest.param([("2024-12-01", "corrupt"), ("2024-10-01",)], "2024-10", [], id="malformed rows do not count"),
    ],
)
def test_period_of_a_file_is_the_columns_before_the_names(tmp_path, rows, main, drift):
    files = staged(tmp_path, *rows, names=("day",))
    periods, found = find_periods(small_contract(), "Things_Oct2024.csv", files, ["day"], SENT)
    assert (periods.main, periods.all, found) == (main, [main], drift)


def test_period_is_the_names_where_the_column_is_absent_or_not_declared(tmp_path):
    files = staged(tmp_path, ("1",), names=("id",))
    assert find_periods(small_contract(), "Things_Oct2024.csv", files, ["id"], SENT)[0].main == "2024-10"
    by_name = small_contract(period={"grain": "month"})
    assert find_periods(by_name, "Things_Sept2024.csv", files, ["id"], SENT)[0].main == "2024-09"


def test_file_that_states_no_period_is_refused_with_a_name_to_use(tmp_path):
    contract = small_contract(files=["Things_{n}.csv"])
    with pytest.raises(UnreadableFileError, match="no valid 'DAY' in its rows; expected a name like") as raised:
        find_periods(contract, "Things_x.csv", staged(tmp_path, ("1", "?")), ["id", "day"], SENT)
    assert raised.value.code == "no_period"


def quarterly() -> DataSet:
    """A data set whose rows state their quarter."""
    period = {"column": "q", "grain": "quarter", "per_row": True}
    return small_contract(column("q", "quarter"), period=period, files=["Things_Q{q}_{YYYY}.csv", "Things_all.csv"])


def test_rows_with_periods_of_their_own_are_told_by_value(tmp_path):
    files = staged(tmp_path, ("2023Q2",), ("2023Q2",), ("2023Q1 ",), ("?",), (None,), names=("q",))
    periods, drift = find_periods(quarterly(), "Things_all.csv", files, ["q"], SENT)
    assert periods.main == "2023Q2"
    assert dict(periods.by_value) == {"2023Q2": "2023Q2", "2023Q1 ": "2023Q1"}
    assert periods.all == ["2023Q1", "2023Q2"]
    assert drift == []


def test_quarter_of_the_name_that_no_row_has_is_a_mismatch(tmp_path):
    files = staged(tmp_path, ("2023Q2",), ("2023Q1",), names=("q",))
    _, drift = find_periods(quarterly(), "Things_Q1_2023.csv", files, ["q"], SENT)
    assert drift == []
    _, drift = find_periods(quarterly(), "Things_Q3_2023.csv", files, ["q"], SENT)
    assert drift == [Drift("period_mismatch", "q", "2023Q1, 2023Q2", "2023Q3")]


def test_release_time_is_the_declared_columns_and_dates_reference_data(tmp_path):
    contract = small_contract(release={"column": "day"}, rhythm="R", period={"grain": "date"})
    files = staged(tmp_path, ("1", "10/05/2024"))
    periods, _ = find_periods(contract, "Things_Oct2024.csv", files, ["id", "day"], SENT)
    assert (periods.main, periods.released_at) == ("2024-10-05", datetime(2024, 10, 5, tzinfo=timezone.utc))
    periods, _ = find_periods(contract, "Things_Oct2024.csv", files, ["id"], SENT)
    assert (periods.main, periods.released_at) == ("2025-01-15", None)
