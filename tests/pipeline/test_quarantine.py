"""The quarantine: who is listed with which reasons, and what of sensitive values is shown. No engine."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake
from small_contract import column, small_contract

from nh_lakehouse.contracts.model import DataSet
from nh_lakehouse.lakehouse import Lakehouse
from nh_lakehouse.lakehouse.store import Store
from nh_lakehouse.pipeline.quarantine import MASK, quarantined_rows

NOW = datetime(2025, 1, 1, tzinfo=timezone.utc)
SHORT = "short_row: 2 fields, expected 5 | 4,DOE"

#: id, person, beds, extra (a column the contract does not know); row reasons, flags, malformed text
ROWS: list[tuple[list[str | None], list[str], list[str], str | None]] = [
    (["1", "A. Sound", "10", "e1"], [], [], None),
    (["2", "B. Cell", "many", "e2"], [], ["bad_number:beds", "unknown_code:person"], None),
    (["", "C. Row", "few", "e3"], ["missing_key:id"], ["bad_number:beds"], None),
    (["4", None, "DOE", None], ["short_row"], ["bad_number:beds"], SHORT),
    (["5", "E. Warned", "5", None], [], ["footnote_mismatch:beds"], None),
    (["6", "F. Loses", "6", None], [], [], None),
    (["6", "G. Wins", "?", None], [], ["bad_number:beds"], None),
    (["7", "H. Older", "?", None], [], ["bad_number:beds"], None),
    (["?", "I. Key", "x", None], ["bad_key_format:id"], ["bad_date:id", "bad_number:beds"], None),
]
#: row number -> verdict of the rows whose key is claimed twice
JUDGED = {6: "quarantined", 7: "accepted", 8: "superseded"}


def contract(*, sensitive: bool) -> DataSet:
    """A data set about people; who they are may be sensitive."""
    return small_contract(column("person", sensitive=sensitive), column("beds", "int"))


def quarantine(folder: Path, data_set: DataSet) -> dict[int, dict[str, Any]]:
    """The quarantine of the rows above, by row number."""
    lake = Lakehouse(folder / "it's a lake")
    audit = {
        "_source_file": ["x.csv"] * len(ROWS),
        "_source_sha256": ["abc"] * len(ROWS),
        "_source_row": pa.array(range(1, len(ROWS) + 1), pa.int32()),
        "_corrupt_record": pa.array([malformed for *_, malformed in ROWS], pa.string()),
    }
    texts = {n: pa.array([r[0][i] for r in ROWS], pa.string()) for i, n in enumerate(("id", "person", "beds", "extra"))}
    more = {
        "_source_line": pa.array(range(2, len(ROWS) + 2), pa.int32()),
        "_period": ["2024-10"] * len(ROWS),
        "_load_id": ["load"] * len(ROWS),
    }
    write_deltalake(lake.path("bronze.things"), pa.table({**texts, **audit, **more}))
    lists = pa.list_(pa.string())
    reasons, flags = (pa.array([r[i] for r in ROWS], lists) for i in (1, 2))
    typed = {"id": [r[0][0] or None for r in ROWS], "snapshot_month": ["2024-10-01"] * len(ROWS)}
    stage = pa.table({**typed, **audit, "_reasons": reasons, "dq_flags": flags})
    contested = pa.table({"id": ["6", "7"], "snapshot_month": ["2024-10-01"] * 2})
    judged = stage.take([n - 1 for n in JUDGED]).append_column("_disposition", pa.array(list(JUDGED.values())))
    changed = [["duplicate_key"] if fate == "quarantined" else [] for fate in JUDGED.values()]
    judged = judged.set_column(judged.column_names.index("_reasons"), "_reasons", pa.array(changed, lists))
    paths = [lake.root / f"{name}.parquet" for name in ("stage", "judged", "contested")]
    for path, table in zip(paths, (stage, judged, contested), strict=True):
        pq.write_table(table, path)
    store = Store(lake, None, lake.root / "_staging")  # type: ignore[arg-type]
    found = quarantined_rows(store, data_set, 0, *paths, NOW).to_pylist()
    return {r["source_row"]: {**r, "payload": dict(r["payload"])} for r in found}


@pytest.fixture(scope="module")
def open_rows(tmp_path_factory) -> dict[int, dict[str, Any]]:
    return quarantine(tmp_path_factory.mktemp("open"), contract(sensitive=False))


@pytest.fixture(scope="module")
def masked_rows(tmp_path_factory) -> dict[int, dict[str, Any]]:
    return quarantine(tmp_path_factory.mktemp("masked"), contract(sensitive=True))


def test_rows_that_left_and_rows_that_lost_a_value_are_listed_with_all_their_reasons(open_rows):
    assert {n: (r["severity"], r["reasons"]) for n, r in open_rows.items()} == {
        2: ("cell", ["bad_number:beds"]),
        3: ("row", ["missing_key:id", "bad_number:beds"]),
        4: ("row", ["short_row"]),
        6: ("row", ["duplicate_key"]),
        7: ("cell", ["bad_number:beds"]),
        9: ("row", ["bad_key_format:id", "bad_number:beds"]),
    }


def test_payload_is_the_row_or_the_cell_as_sent(open_rows):
    assert open_rows[2]["payload"] == {"beds": "many"}
    assert open_rows[3]["payload"] == {"id": "", "person": "C. Row", "beds": "few", "extra": "e3"}
    assert (open_rows[4]["payload"], open_rows[4]["raw_record"]) == ({"id": "4", "beds": "DOE"}, SHORT)
    assert open_rows[6]["payload"] == {"id": "6", "person": "F. Loses", "beds": "6"}


def test_place_of_a_row_is_told(open_rows):
    told = {
        k: open_rows[4][k] for k in ("data_set", "file", "source_sha256", "source_row", "line", "period", "load_id")
    }
    assert told == {
        "data_set": "things", "file": "x.csv", "source_sha256": "abc", "source_row": 4, "line": 5,
        "period": "2024-10", "load_id": "load",
    }  # fmt: skip


def test_sensitive_values_are_masked_and_the_others_shown(masked_rows):
    assert masked_rows[6]["payload"] == {"id": "6", "person": MASK, "beds": "6"}
    assert masked_rows[2]["payload"] == {"beds": "many"}


def test_unknown_column_beside_sensitive_ones_is_masked(masked_rows):
    assert masked_rows[3]["payload"] == {"id": "", "person": MASK, "beds": "few", "extra": MASK}


def test_malformed_row_is_masked_whole_as_a_name_may_stand_anywhere(masked_rows):
    assert masked_rows[4]["payload"] == {"id": MASK, "beds": MASK}
    assert masked_rows[4]["raw_record"] is None
    assert "DOE" not in str(masked_rows)
