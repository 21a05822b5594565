"""What holds in a loaded sample of claims: every dollar counts once, and what was planted is found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from thorough import THOROUGH
from typer.testing import CliRunner

from nh_lakehouse import Lakehouse
from nh_lakehouse.cli.app import app
from nh_lakehouse.sample.claims import ClaimsReport

pytestmark = pytest.mark.scenario

#: Comparisons with peers need 30 of them; the sample of 200 people has fewer, that of 2,000 has them.
OF_PEERS = set() if THOROUGH else {"payment_outlier", "upcoding"}


def ask(lake: Path, query: str) -> list[tuple[Any, ...]]:
    """Rows of a DuckDB query."""
    with Lakehouse(lake).duckdb() as connection:
        return connection.execute(query).fetchall()


def test_facts_hold_every_claim_line_and_fill_with_its_amounts(claims: Path) -> None:
    for silver, fact, amount in (
        ("claim", "fact_claims", "payment_usd"),
        ("claim_line", "fact_claim_lines", "line_payment_usd"),
        ("drug_event", "fact_prescriptions", "total_cost_usd"),
    ):
        sums = f"SELECT source, count(*), sum({amount}) FROM {{}} GROUP BY 1 ORDER BY 1"
        found = ask(claims, sums.format(f"gold.{fact}"))
        assert found == ask(claims, sums.format(f"silver.{silver}")) and len(found) == 2


def test_patients_have_the_payments_of_their_claims_once(claims: Path) -> None:
    people = ask(claims, "SELECT source, sum(total_medical_usd) FROM gold.patient_summary_all GROUP BY 1 ORDER BY 1")
    assert people == ask(claims, "SELECT source, sum(payment_usd) FROM silver.claim GROUP BY 1 ORDER BY 1")


def test_planted_outliers_are_flagged(claims: Path, claims_generated: tuple[Path, ClaimsReport]) -> None:
    rows = ask(
        claims,
        """SELECT source, indicator, split_part(subject_id, ':', -1) FROM gold.fraud_indicators
                          WHERE is_flagged""",
    )
    planted = {(p.source, p.indicator, p.subject) for p in claims_generated[1].truth.planted}
    assert {p for p in planted if p[1] not in OF_PEERS} - set(rows) == set()
    assert len({indicator for _, indicator, _ in planted}) == 11


def test_no_indicator_fires_on_every_row(claims: Path) -> None:
    counted = ask(
        claims,
        """SELECT source, indicator, count(*) FILTER (is_flagged), count(*) FILTER (NOT is_flagged)
           FROM gold.fraud_indicators WHERE indicator <> 'score' AND is_flagged IS NOT NULL GROUP BY ALL""",
    )
    assert [row for row in counted if row[3] == 0] == []
    looked_at = {indicator for _, indicator, _, _ in counted}
    assert (
        len(looked_at | OF_PEERS) == 11 and {i for _, i, flagged_n, _ in counted if flagged_n} >= looked_at - OF_PEERS
    )


def test_what_stands_behind_a_stay_are_the_rows_of_its_person(claims: Path) -> None:
    key, source, person = ask(claims, "SELECT episode_id, source, bene_id FROM gold.readmission_index ORDER BY ALL")[0]
    asked = ("--key", f"episode_id={key},source={source}", "--format", "json", "--lakehouse", str(claims))
    answer = CliRunner().invoke(app, ["explain", "readmission_index", *asked])
    assert answer.exit_code == 0, answer.output
    behind = {b["table"].split(".")[1]: b["rows_n"] for b in json.loads(answer.stdout)["behind"]}
    for table in ("claim", "inpatient_stay"):
        of_person = f"SELECT count(*) FROM silver.{table} WHERE bene_id = '{person}' AND source = '{source}'"
        assert behind[table] == ask(claims, of_person)[0][0] > 0


def test_what_changed_of_people_is_told_by_person(claims: Path) -> None:
    """A moved person is a changed one, though the new version has another patient_key."""
    asked = ("diff", "dim_patient", "--from", "2008", "--to", "2010", "--format", "json", "--lakehouse", str(claims))
    answer = CliRunner().invoke(app, asked)
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    on = """(SELECT source, bene_id, unnest([state, county, esrd::VARCHAR, sex, race, birth_date::VARCHAR]) AS value,
        generate_subscripts([1, 2, 3, 4, 5, 6], 1) AS place FROM silver.clm_beneficiary
        WHERE valid_from <= DATE '{0}' AND (valid_to IS NULL OR valid_to > DATE '{0}'))"""
    old, new = on.format("2008-01-01"), on.format("2010-01-01")
    ((added, removed, changed, values),) = ask(
        claims,
        f"""SELECT count(DISTINCT (source, bene_id)) FILTER (a.place IS NULL),
              count(DISTINCT (source, bene_id)) FILTER (b.place IS NULL),
              count(DISTINCT (source, bene_id)) FILTER (a.place = b.place AND a.value IS DISTINCT FROM b.value),
              count(*) FILTER (a.place = b.place AND a.value IS DISTINCT FROM b.value)
            FROM {old} AS a FULL JOIN {new} AS b USING (source, bene_id, place)""",
    )
    counts = (found["added_n"], found["removed_n"], found["changed_n"], found["values_n"])
    assert counts == (added, removed, changed, values) and removed > 0 and changed > 0
    assert set(found["changes"][0]) == {"source", "bene_id", "change", "column", "old", "new"}


def test_what_changed_of_a_rate_is_told_by_its_group(claims: Path) -> None:
    asked = ("diff", "q12_utilization", "--from", "2009", "--to", "2010", "--columns", "events_n", "--format", "json")
    found = json.loads(CliRunner().invoke(app, [*asked, "--lakehouse", str(claims)]).stdout)
    told = {(c["source"], c["state"], c["service"]): (c["old"], c["new"]) for c in found["changes"] if c["column"]}
    rows = ask(
        claims,
        """SELECT source, state, service, a.events_n, b.events_n FROM gold.q12_utilization AS a
            JOIN gold.q12_utilization AS b USING (source, state, service)
            WHERE a.year = 2009 AND b.year = 2010 AND a.events_n <> b.events_n""",
    )
    assert told == {tuple(row[:3]): tuple(row[3:]) for row in rows} and len(rows) > 10
