"""A generated claims folder as the tests read it: every file is a table of text in DuckDB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from nh_lakehouse.sample import ClaimsReport

SYNPUF = {
    "syn_beneficiary": "DE1_0_*_Beneficiary_Summary_File_Sample_1.csv",
    "syn_inpatient": "DE1_0_2008_to_2010_Inpatient_Claims_Sample_1.csv",
    "syn_outpatient": "DE1_0_2008_to_2010_Outpatient_Claims_Sample_1.csv",
    "syn_carrier": "DE1_0_2008_to_2010_Carrier_Claims_Sample_1[AB].csv",
    "syn_pde": "DE1_0_2008_to_2010_Prescription_Drug_Events_Sample_1.csv",
}
RIF = {f"rif_{kind}": f"{kind}.csv" for kind in
       ("inpatient", "outpatient", "snf", "hha", "hospice", "carrier", "dme", "pde", "beneficiary_history")}  # fmt: skip
RIF |= {"rif_beneficiary": "beneficiary_20*.csv"}


class ClaimsLanding:
    """A generated folder, what the generator said of it, and its files as tables."""

    def __init__(self, folder: Path, report: ClaimsReport) -> None:
        self.folder, self.report = folder, report
        self.database = duckdb.connect()
        for separator, names in ((",", SYNPUF), ("|", RIF), (",", {"rif_export_summary": "export_summary.csv"})):
            for table, pattern in names.items():
                quote = '"' if separator == "," else ""
                self.database.execute(
                    f"CREATE TABLE {table} AS SELECT * FROM read_csv('{folder / pattern}', delim='{separator}', "
                    f"quote='{quote}', header=true, all_varchar=true, filename=true, nullstr='', "
                    "null_padding=true, strict_mode=false)"
                )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        return self.database.execute(query).fetchall()

    def one(self, query: str) -> Any:
        """The only value of a query."""
        ((value,),) = self.rows(query)
        return value


def slots(template: str, count: int, joined: str = "+") -> str:
    """An expression over numbered columns: `{n}` is the number."""
    return joined.join(template.replace("{n}", str(n)) for n in range(1, count + 1))
