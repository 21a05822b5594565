"""What a load makes of the faults of the sample of claims is what the generator says of each, and nothing else is wrong."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from nh_lakehouse import Lakehouse
from nh_lakehouse.sample.claims import ClaimsReport

pytestmark = pytest.mark.scenario


def told(report: ClaimsReport, *severities: str) -> Counter[tuple[str, str]]:
    """File and reason -> faults of these severities."""
    return Counter((item.file, item.reason) for item in report.dirt if item.severity in severities)


def ask(lake: Path, query: str) -> list[tuple[Any, ...]]:
    """Rows of a DuckDB query."""
    with Lakehouse(lake).duckdb() as connection:
        return connection.execute(query).fetchall()


@pytest.mark.parametrize("severity", ["row", "cell"])
def test_quarantine_holds_the_faulty_rows_and_cells(
    claims: Path, claims_generated: tuple[Path, ClaimsReport], severity: str
) -> None:
    expected = {(i.file, i.row, i.reason) for i in claims_generated[1].dirt if i.severity == severity}
    found = ask(
        claims,
        f"""SELECT file, source_row, split_part(unnest(reasons), ':', 1) AS reason
            FROM ops.quarantine WHERE severity = '{severity}'""",
    )
    found = [row for row in found if row[2] != "missing_key"]  # what a line that was cut lacks
    assert set(found) == expected and len(expected) >= 2


def test_flags_of_claims_are_those_told(claims: Path, claims_generated: tuple[Path, ClaimsReport]) -> None:
    found = ask(
        claims,
        "SELECT DISTINCT ON (claim_type, claim_id) _source_file, split_part(unnest(dq_flags), ':', 1) FROM silver.claim WHERE len(dq_flags) > 0",
    )
    assert Counter(found) == told(claims_generated[1], "warn", "cell")


def test_copies_are_counted_in_their_file(claims: Path, claims_generated: tuple[Path, ClaimsReport]) -> None:
    found = ask(
        claims, "SELECT DISTINCT file, duplicate_n FROM ops.loads WHERE target = 'silver.claim' AND duplicate_n > 0"
    )
    assert dict(found) == {file: n for (file, _), n in told(claims_generated[1], "duplicate").items()}


def test_people_in_no_beneficiary_file_are_told(claims: Path, claims_generated: tuple[Path, ClaimsReport]) -> None:
    expected = sum(told(claims_generated[1], "referential").values())
    found = ask(claims, "SELECT sum(rows_n)::int FROM ops.referential WHERE rule = 'orphan_beneficiary'")
    assert found == [(expected,)] and expected == 2 + 2 + 1  # carrier and fills of SynPUF, carrier of RIF


def test_claims_delivered_again_hold_what_came_last(claims: Path, claims_generated: tuple[Path, ClaimsReport]) -> None:
    adjusted = {file: n for (file, reason), n in told(claims_generated[1], "none").items() if reason == "superseded"}
    rows = ask(
        claims, "SELECT _source_file, count(*) FROM silver.claim WHERE _source_file LIKE '%_again.csv' GROUP BY ALL"
    )
    assert dict(rows).keys() == adjusted.keys() and dict(rows)["inpatient_again.csv"] == 6
    paid = "SELECT max(payment_usd)::text FROM silver.claim WHERE _source_file = 'inpatient_again.csv' AND payment_usd = 12345.67"
    assert ask(claims, paid) == [("12345.67",)]


def test_codes_have_all_their_digits(claims: Path) -> None:
    assert ask(claims, "SELECT DISTINCT length(ndc) FROM silver.drug_event") == [(11,)]
    assert ask(claims, "SELECT DISTINCT length(hcpcs) FROM silver.claim_line WHERE hcpcs IS NOT NULL") == [(5,)]
