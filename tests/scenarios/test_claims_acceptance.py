"""The publishers' real claims files, loaded as a user would, against the figures they must give (MEASURES, Acceptance I).

Two lakehouses: the SynPUF panel with the RIF files of three people, told apart by `source`; and the ten people of SynPUF
TestA, who share people and claims with the panel, with the heads of the public RIF files. Figures of the complete
samples (116,352 and 8,671 people) need files that are not shipped.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from support import engine_name

from nh_lakehouse import Lakehouse

pytestmark = pytest.mark.scenario
CONDITIONS = ("diabetes", "ischmcht", "chf", "chrnkidn", "cncr")
IN_YEARS = [
    (3_794, 4_180, 2_854, 1_619, 598),
    (4_153, 4_685, 3_406, 2_053, 774),
    (2_813, 3_632, 2_474, 1_356, 479),
]
"""People with these conditions by SynPUF's flags, in 2008, 2009 and 2010."""


@pytest.fixture(scope="module")
def panel(shipped_claims: Path) -> Lakehouse:
    """10,000 people of three years, 999 inpatient claims, 4,998 fills: rows of source synpuf."""
    return Lakehouse(shipped_claims)


@pytest.fixture(scope="module")
def rif(shipped_claims: Path) -> Lakehouse:
    """Three people of Synthea's RIF: rows of source rif."""
    return Lakehouse(shipped_claims)


@pytest.fixture(scope="module")
def few(shipped_few_claims: Path) -> Lakehouse:
    """Ten people of SynPUF with all their claims, and ten home health claims of the public release."""
    return Lakehouse(shipped_few_claims)


@pytest.fixture(scope="module")
def gold() -> None:
    """Gold of the publishers' files is made on one engine."""
    if engine_name() != "sail":
        pytest.skip("gold of the publishers' files is held on the embedded engine; the sample on both")


def ask(lake: Lakehouse, query: str) -> list[tuple]:
    """Rows of a DuckDB query over the lakehouse."""
    with lake.duckdb() as connection:
        return connection.execute(query).fetchall()


# --- the SynPUF panel ----------------------------------------------------------------------------------------------


def test_people_and_deaths_of_each_year(panel):
    found = ask(
        panel,
        """SELECT year, count(*), count(*) FILTER (year(death_date) = year) FROM silver.clm_beneficiary_year
           WHERE source = 'synpuf' GROUP BY year ORDER BY year""",
    )
    assert found == [(2008, 10_000, 144), (2009, 9_856, 146), (2010, 9_710, 150)]


def test_versions_of_the_people(panel):
    found = ask(
        panel,
        """SELECT count(*), count(*) FILTER (is_current), count(*) FILTER (closed_reason = 'absent'),
                  count(DISTINCT bene_id), count(DISTINCT bene_id) FILTER (death_date IS NOT NULL)
           FROM silver.clm_beneficiary WHERE source = 'synpuf'""",
    )
    # 144 people died in 2008, 146 in 2009: they are absent in the year after; 150 more died in 2010.
    assert found == [(12_426, 9_710, 290, 10_000, 144 + 146 + 150)]
    wrong = """SELECT count(*) FROM silver.clm_beneficiary
               WHERE NOT (is_current = (valid_to IS NULL)) OR valid_from >= valid_to OR sex IS NULL OR race IS NULL"""
    assert ask(panel, wrong) == [(0,)]


def test_ages_at_the_end_of_2008(panel):
    found = ask(
        panel,
        """SELECT CASE WHEN age_end < 65 THEN '<65' WHEN age_end < 75 THEN '65-74' WHEN age_end < 85 THEN '75-84'
                       ELSE '85+' END AS band, count(*)
           FROM silver.clm_beneficiary_year WHERE source = 'synpuf' AND year = 2008 GROUP BY band ORDER BY band""",
    )
    assert found == [("65-74", 4_203), ("75-84", 2_843), ("85+", 1_314), ("<65", 1_640)]


def test_conditions_of_the_people(panel):
    counts = ", ".join(f"count(*) FILTER (sp_{name})" for name in CONDITIONS)
    years = "silver.clm_beneficiary_year WHERE source = 'synpuf' GROUP BY year ORDER BY year"
    assert ask(panel, f"SELECT {counts} FROM {years}") == IN_YEARS


def test_months_of_coverage_are_those_of_the_files(panel):
    found = ask(
        panel,
        """WITH m AS (FROM silver.clm_enrollment_month WHERE source = 'synpuf')
           SELECT (SELECT count(*) FROM m), 12 * count(*), (SELECT count(*) FROM m WHERE part_d) - sum(d_months)
           FROM silver.clm_beneficiary_year WHERE source = 'synpuf'""",
    )
    ((months, expected, beyond),) = found
    # Fewer than stated only where more months are stated than there are up to the death of who enters.
    assert months == expected == 12 * (10_000 + 9_856 + 9_710)
    assert -50 < beyond <= 0


def test_inpatient_claims(panel):
    found = ask(
        panel,
        """SELECT count(*), sum(payment_usd), count(*) FILTER (payment_usd < 0),
                  round(avg(greatest(1, discharge_date - admit_date)), 6),
                  count(*) FILTER (discharge_date = admit_date)
           FROM silver.claim WHERE source = 'synpuf'""",
    )
    assert found == [(999, Decimal(9_439_690), 1, 5.632633, 16)]


def test_fills(panel):
    found = ask(
        panel,
        """SELECT count(*), count(DISTINCT bene_id), sum(total_cost_usd), sum(patient_pay_usd)
           FROM silver.drug_event WHERE source = 'synpuf'""",
    )
    assert found == [(4_998, 99, Decimal(298_860), Decimal(50_730))]


# --- ten people of SynPUF ------------------------------------------------------------------------------------------


def test_claims_of_ten_people(few):
    found = ask(
        few,
        """SELECT claim_type, count(*), sum(payment_usd), sum(segment_n), count(*) FILTER (from_date IS NULL)
           FROM silver.claim WHERE source = 'synpuf' GROUP BY claim_type ORDER BY claim_type""",
    )
    assert found == [
        ("carrier", 275, Decimal(24_180), 275, 0),
        ("inpatient", 5, Decimal(56_000), 5, 0),
        ("outpatient", 40, Decimal(5_750), 41, 0),  # 41 rows, 40 claims
    ]


def test_lines_of_carrier_claims_add_up(few):
    found = ask(
        few,
        """SELECT (SELECT sum(line_n) FROM silver.claim WHERE claim_type = 'carrier'), count(*), sum(line_payment_usd)
           FROM silver.claim_line WHERE claim_type = 'carrier'""",
    )
    # 563 of 275 x 13 slots hold something: 524 a HCPCS code, 39 none.
    assert found == [(563, 563, Decimal(24_180))]


# --- three people of RIF -------------------------------------------------------------------------------------------

RIF_CLAIMS = [
    ("carrier", 37, 221, "112165.91"),
    ("dme", 1, 1, "0.00"),
    ("hha", 14, 15, "7289.59"),
    ("hospice", 1, 8, "5314.33"),
    ("inpatient", 16, 16, "36386.46"),
    ("outpatient", 19, 19, "132056.09"),
    ("snf", 1, 67, "32052.84"),  # 67 lines would give 2,147,540.28
]


def test_claims_of_three_people_count_once(rif):
    found = ask(
        rif,
        """SELECT claim_type, count(*), sum(line_n), sum(payment_usd) FROM silver.claim WHERE source = 'rif'
           GROUP BY claim_type ORDER BY claim_type""",
    )
    assert found == [(t, n, lines, Decimal(paid)) for t, n, lines, paid in RIF_CLAIMS]
    lines = "SELECT claim_type, count(*) FROM silver.claim_line WHERE source = 'rif' GROUP BY claim_type ORDER BY claim_type"
    assert ask(rif, lines) == [(t, n) for t, _, n, _ in RIF_CLAIMS]


def test_claims_are_as_many_as_the_exporter_counted(rif):
    found = ask(
        rif,
        """WITH here AS (SELECT source, bene_id, claim_type, count(*) AS n FROM silver.claim GROUP BY ALL
                         UNION ALL SELECT source, bene_id, 'pde', count(*) FROM silver.drug_event GROUP BY ALL)
           SELECT count(*), count(*) FILTER (coalesce(n, 0) <> exported_n), sum(n)
           FROM silver.clm_export_count LEFT JOIN here USING (source, bene_id, claim_type)""",
    )
    assert found == [(24, 0, 37 + 1 + 14 + 1 + 16 + 19 + 1 + 18)]  # 3 people x 8 types


def test_the_codes_of_three_people_are_icd10(rif):
    assert ask(rif, "SELECT DISTINCT code_system FROM silver.claim_diagnosis WHERE source = 'rif'") == [("ICD10",)]
    doubled = """SELECT count(*) FROM silver.claim_diagnosis a JOIN silver.claim_diagnosis b
                 USING (source, claim_type, claim_id, code)
                 WHERE source = 'rif' AND a.dx_type = 'principal' AND a.dx_seq = 0 AND b.dx_type = 'secondary' AND b.dx_seq = 1"""
    assert ask(rif, doubled) == [(0,)]


def test_years_and_months_of_three_people(rif):
    found = ask(
        rif,
        """SELECT count(*), count(DISTINCT bene_id), sum(a_months), sum(length(replace(part_a_by_month, '0', ''))),
                  count(*) FILTER (list_contains(dq_flags, 'age_mismatch:age'))
           FROM silver.clm_beneficiary_year WHERE source = 'rif'""",
    )
    assert found == [(33, 3, 375, 375, 0)]  # 3 x (10 x 12 + 5)
    assert ask(rif, "SELECT count(*) FROM silver.clm_enrollment_month WHERE is_member AND source = 'rif'") == [(375,)]


def test_home_health_claims_of_the_public_release(few):
    claims = "SELECT count(*), sum(line_n), count(payment_usd) FROM silver.claim WHERE source = 'rif'"
    assert ask(few, claims) == [(10, 119, 10)]
    assert ask(few, "SELECT count(*) FROM silver.claim_line WHERE source = 'rif'") == [(119,)]


# --- gold ----------------------------------------------------------------------------------------------------------


def test_versions_of_the_people_are_the_patients_of_the_star(panel, gold):
    found = ask(
        panel,
        """SELECT count(*), count(*) FILTER (is_current), count(DISTINCT bene_id), count(DISTINCT patient_key)
                          FROM gold.dim_patient WHERE source = 'synpuf'""",
    )
    assert found == [(12_426, 9_710, 10_000, 12_426)]


def test_people_deaths_and_ages_of_the_years(panel, gold):
    people = "SELECT year, people_n, deaths_n FROM gold.q18_mortality WHERE source = 'synpuf' AND age_band = 'all' ORDER BY year"
    assert ask(panel, people) == [(2008, 10_000, 144), (2009, 9_856, 146), (2010, 9_710, 150)]
    ages = """SELECT age_band, sum(people_n)::int FROM gold.q03_age_distribution
              WHERE source = 'synpuf' AND year = 2008 GROUP BY age_band ORDER BY age_band"""
    assert ask(panel, ages) == [("65-74", 4_203), ("75-84", 2_843), ("85+", 1_314), ("<65", 1_640)]


def test_prevalence_by_the_flags_of_synpuf(panel, gold):
    names = ("diabetes", "ischemic_heart", "heart_failure", "kidney", "cancer")
    counts = ", ".join(f"sum(flagged_n) FILTER (condition = '{name}')::int" for name in names)
    found = ask(
        panel,
        f"""SELECT {counts} FROM gold.q06_chronic_prevalence
                           WHERE source = 'synpuf' AND population = 'all' AND basis = 'sp' AND age_band = 'all'
                           GROUP BY year ORDER BY year""",
    )
    assert found == IN_YEARS


def test_payments_and_length_of_stay_of_the_inpatient_claims(panel, gold):
    claims = """SELECT claims_n, payment_usd, negative_payment_n FROM gold.q02_claims_by_year_type
                WHERE source = 'synpuf' AND period = 'all' AND claim_type = 'inpatient'"""
    assert ask(panel, claims) == [(999, Decimal(9_439_690), 1)]
    lengths = """SELECT stay_claims_n, round(claim_alos_days, 6), stays_n, round(alos_days, 6) FROM gold.q14_alos
                 WHERE source = 'synpuf' AND period = 'all' AND setting = 'inpatient' AND group_by = 'all'"""
    # 16 stays of one day count 1. Twelve claims continue another of the same hospital: 987 stays.
    assert ask(panel, lengths) == [(999, 5.632633, 987, 5.661601)]


def test_fills_and_what_the_patients_paid(panel, gold):
    found = ask(
        panel,
        """SELECT fills_n, people_n, rx_cost_usd, patient_pay_usd FROM gold.q16_drug_cost
                          WHERE source = 'synpuf' AND period = 'all' AND group_by = 'all'""",
    )
    assert found == [(4_998, 99, Decimal(298_860), Decimal(50_730))]
    assert ask(panel, "SELECT count(*), sum(total_cost_usd) FROM gold.fact_prescriptions WHERE source = 'synpuf'") == [
        (4_998, Decimal(298_860))
    ]


def test_facts_of_ten_people(few, gold):
    found = ask(
        few,
        """SELECT claim_type, count(*), sum(payment_usd) FROM gold.fact_claims
                        WHERE source = 'synpuf' GROUP BY ALL ORDER BY ALL""",
    )
    assert found == [
        ("carrier", 275, Decimal(24_180)), ("inpatient", 5, Decimal(56_000)), ("outpatient", 40, Decimal(5_750)),
    ]  # fmt: skip
    assert ask(few, "SELECT count(*) FROM gold.fact_claims WHERE claim_type = 'hha'") == [(10,)]


def test_payments_of_three_people_count_once_in_facts_and_answers(rif, gold):
    facts = """SELECT claim_type, count(*), sum(line_n), sum(payment_usd) FROM gold.fact_claims
               WHERE source = 'rif' GROUP BY ALL ORDER BY 1"""
    expected = [(claim_type, n, lines, Decimal(paid)) for claim_type, n, lines, paid in RIF_CLAIMS]
    assert ask(rif, facts) == expected
    answers = """SELECT claim_type, claims_n, lines_n, payment_usd FROM gold.q02_claims_by_year_type
                 WHERE source = 'rif' AND period = 'all' AND claim_type <> 'all' ORDER BY 1"""
    assert ask(rif, answers) == expected
    assert ask(rif, "SELECT count(*) FROM gold.fact_prescriptions WHERE source = 'rif'") == [(18,)]
    whole = "SELECT sum(total_medical_usd) FROM gold.patient_summary_all WHERE source = 'rif'"
    assert ask(rif, whole) == [(sum(Decimal(paid) for *_, paid in RIF_CLAIMS),)]


def test_loaded_claims_are_those_of_the_export_summary(rif, gold):
    found = ask(
        rif,
        """SELECT measure, left_value::int, right_value::int, diff FROM ops.reconciliation
                        WHERE rule = 'export_summary' ORDER BY ALL""",
    )
    counts = {f"{claim_type}_claims_n": n for claim_type, n, *_ in RIF_CLAIMS} | {"fills_n": 18}
    assert found == [(measure, n, n, 0.0) for measure, n in sorted(counts.items())]


def test_amounts_of_the_years_are_told_and_no_person_of_rif_is_unknown(panel, gold):
    years = """SELECT year(snapshot_month), count(*), count(left_value) FROM ops.reconciliation
               WHERE rule = 'synpuf_year' GROUP BY ALL ORDER BY 1"""
    assert ask(panel, years) == [(2008, 3, 1), (2009, 3, 1), (2010, 3, 1)]  # inpatient claims alone are shipped
    assert ask(
        panel, "SELECT count(*) FROM ops.referential WHERE rule = 'orphan_beneficiary' AND key LIKE 'rif:%'"
    ) == [(0,)]
