"""Peer: DuckDB reads the CSV files, delta-rs writes one Delta table per kind of file. No bronze, history or audit."""

from __future__ import annotations

from pathlib import Path

import duckdb
from deltalake import DeltaTable, write_deltalake

from benchmarks.child import csv_files, kind_of, peer_options, since_start, tell
from benchmarks.questions import HOMES_SQL, QUESTIONS, write

_BATCH_ROWS = 200_000


def load(connection: duckdb.DuckDBPyConnection, path: Path, table: Path) -> None:
    """One file into its table, without exact duplicates; a later month is appended in the types of the first."""
    columns = "*"
    exists = table.is_dir()
    if exists:
        connection.register("present", DeltaTable(table).to_pyarrow_dataset())
        types = connection.execute("DESCRIBE present").fetchall()
        columns = ", ".join(f'CAST("{name}" AS {kind}) AS "{name}"' for name, kind, *_ in types)
    rows = connection.sql(f"SELECT DISTINCT {columns} FROM read_csv('{path}', normalize_names = true)")
    write_deltalake(table, rows.to_arrow_reader(_BATCH_ROWS), mode="append" if exists else "overwrite")


def main() -> None:
    """Load a step's files and answer."""
    options = peer_options(__doc__)
    connection = duckdb.connect()
    start = since_start()
    for path in csv_files(options.landing):
        load(connection, path, options.out / kind_of(path))
    for name, kind in (("provider", "nh_providerinfo"), ("vbp", "fy_2024_snf_vbp_facility_performance")):
        connection.register(name, DeltaTable(options.out / kind).to_pyarrow_dataset())
    connection.execute(f"CREATE TEMP TABLE homes AS {HOMES_SQL}")
    write(options.answers, lambda question: connection.execute(QUESTIONS[question]).fetchall())
    tell({"start_s": start})


if __name__ == "__main__":
    main()
