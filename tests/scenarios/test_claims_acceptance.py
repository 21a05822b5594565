"""Silver of the publishers' real claims files, loaded as a user would, against MEASURES, Acceptance I."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from support import load

from nh_lakehouse import Lakehouse
from nh_lakehouse.engines import Engine

pytestmark = pytest.mark.scenario
TABLES = (
    "silver.claim", "silver.claim_line", "silver.claim_diagnosis", "silver.claim_procedure", "silver.drug_event",
    "silver.clm_beneficiary", "silver.clm_beneficiary_year", "silver.clm_enrollment_month", "silver.clm_export_count",
    "silver.clm_provider",
)  # fmt: skip
CONDITIONS = ("sp_diabetes", "sp_ischmcht", "sp_chf", "sp_chrnkidn", "sp_cncr")


def loaded(folder: Path, files: list[Path], engine: Engine) -> Lakehouse:
    """A lakehouse of these files alone."""
    landing = folder / "landing"
    landing.mkdir()
    for file in files:
        (landing / file.name).symlink_to(file)
    report = load(folder / "lake", landing, engine, select=TABLES)
    assert report.status == "ok", report
    return Lakehouse(folder / "lake")


@pytest.fixture(scope="module")
def panel(real_data: Path, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Lakehouse:
    """10,000 people of three years, 999 inpatient claims, 4,998 fills."""
    files = sorted((real_data / "synpuf").glob("*Sample_1*.csv"))
    return loaded(tmp_path_factory.mktemp("panel"), files, engine)


@pytest.fixture(scope="module")
def test_a(real_data: Path, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Lakehouse:
    """Ten people with all their claims."""
    files = sorted((real_data / "synpuf").glob("*Sample_TestA*.csv"))
    return loaded(tmp_path_factory.mktemp("test_a"), files, engine)


@pytest.fixture(scope="module")
def rif(real_data: Path, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Lakehouse:
    """Three people of Synthea's RIF."""
    files = sorted((real_data / "rif" / "synthea_3_beneficiaries").glob("*.csv"))
    return loaded(tmp_path_factory.mktemp("rif"), files, engine)


def ask(lake: Lakehouse, query: str) -> list[tuple]:
    """Rows of a DuckDB query over the lakehouse."""
    with lake.duckdb() as connection:
        return connection.execute(query).fetchall()


# --- the SynPUF panel ----------------------------------------------------------------------------------------------


def test_people_and_deaths_of_each_year(panel):
    found = ask(
        panel,
        """SELECT year, count(*), count(*) FILTER (year(death_date) = year) FROM silver.clm_beneficiary_year
           GROUP BY year ORDER BY year""",
    )
    assert found == [(2008, 10_000, 144), (2009, 9_856, 146), (2010, 9_710, 150)]


def test_versions_of_the_people(panel):
    found = ask(
        panel,
        """SELECT count(*), count(*) FILTER (is_current), count(*) FILTER (closed_reason = 'absent'),
                  count(DISTINCT bene_id), count(DISTINCT bene_id) FILTER (death_date IS NOT NULL)
           FROM silver.clm_beneficiary""",
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
           FROM silver.clm_beneficiary_year WHERE year = 2008 GROUP BY band ORDER BY band""",
    )
    assert found == [("65-74", 4_203), ("75-84", 2_843), ("85+", 1_314), ("<65", 1_640)]


def test_conditions_of_the_people(panel):
    counts = ", ".join(f"count(*) FILTER ({name})" for name in CONDITIONS)
    found = ask(panel, f"SELECT {counts} FROM silver.clm_beneficiary_year GROUP BY year ORDER BY year")
    assert found == [
        (3_794, 4_180, 2_854, 1_619, 598),
        (4_153, 4_685, 3_406, 2_053, 774),
        (2_813, 3_632, 2_474, 1_356, 479),
    ]


def test_months_of_coverage_are_those_of_the_files(panel):
    found = ask(
        panel,
        """SELECT (SELECT count(*) FROM silver.clm_enrollment_month), 12 * count(*),
                  (SELECT count(*) FROM silver.clm_enrollment_month WHERE part_d) - sum(d_months)
           FROM silver.clm_beneficiary_year""",
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
           FROM silver.claim""",
    )
    assert found == [(999, Decimal(9_439_690), 1, 5.632633, 16)]


def test_fills(panel):
    found = ask(
        panel,
        "SELECT count(*), count(DISTINCT bene_id), sum(total_cost_usd), sum(patient_pay_usd) FROM silver.drug_event",
    )
    assert found == [(4_998, 99, Decimal(298_860), Decimal(50_730))]


# --- ten people of SynPUF ------------------------------------------------------------------------------------------


def test_claims_of_ten_people(test_a):
    found = ask(
        test_a,
        """SELECT claim_type, count(*), sum(payment_usd), sum(segment_n), count(*) FILTER (from_date IS NULL)
           FROM silver.claim GROUP BY claim_type ORDER BY claim_type""",
    )
    assert found == [
        ("carrier", 275, Decimal(24_180), 275, 0),
        ("inpatient", 5, Decimal(56_000), 5, 0),
        ("outpatient", 40, Decimal(5_750), 41, 0),  # 41 rows, 40 claims
    ]


def test_lines_of_carrier_claims_add_up(test_a):
    found = ask(
        test_a,
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
        """SELECT claim_type, count(*), sum(line_n), sum(payment_usd) FROM silver.claim
           GROUP BY claim_type ORDER BY claim_type""",
    )
    assert found == [(t, n, lines, Decimal(paid)) for t, n, lines, paid in RIF_CLAIMS]
    lines = ask(rif, "SELECT claim_type, count(*) FROM silver.claim_line GROUP BY claim_type ORDER BY claim_type")
    assert lines == [(t, n) for t, _, n, _ in RIF_CLAIMS]


def test_claims_are_as_many_as_the_exporter_counted(rif):
    found = ask(
        rif,
        """WITH here AS (SELECT bene_id, claim_type, count(*) AS n FROM silver.claim GROUP BY ALL
                         UNION ALL SELECT bene_id, 'pde', count(*) FROM silver.drug_event GROUP BY ALL)
           SELECT count(*), count(*) FILTER (coalesce(n, 0) <> exported_n), sum(n)
           FROM silver.clm_export_count LEFT JOIN here USING (bene_id, claim_type)""",
    )
    assert found == [(24, 0, 37 + 1 + 14 + 1 + 16 + 19 + 1 + 18)]  # 3 people x 8 types


def test_the_codes_of_three_people_are_icd10(rif):
    assert ask(rif, "SELECT DISTINCT code_system FROM silver.claim_diagnosis") == [("ICD10",)]
    doubled = """SELECT count(*) FROM silver.claim_diagnosis a JOIN silver.claim_diagnosis b
                 USING (source, claim_type, claim_id, code)
                 WHERE a.dx_type = 'principal' AND a.dx_seq = 0 AND b.dx_type = 'secondary' AND b.dx_seq = 1"""
    assert ask(rif, doubled) == [(0,)]


def test_years_and_months_of_three_people(rif):
    found = ask(
        rif,
        """SELECT count(*), count(DISTINCT bene_id), sum(a_months), sum(length(replace(part_a_by_month, '0', ''))),
                  count(*) FILTER (list_contains(dq_flags, 'age_mismatch:age'))
           FROM silver.clm_beneficiary_year""",
    )
    assert found == [(33, 3, 375, 375, 0)]  # 3 x (10 x 12 + 5)
    assert ask(rif, "SELECT count(*) FROM silver.clm_enrollment_month WHERE is_member") == [(375,)]


def test_home_health_claims_of_the_public_release(real_data, engine, tmp_path):
    source = real_data / "rif" / "hha_public_head.csv"
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing" / "hha.csv").symlink_to(source)
    load(tmp_path / "lake", tmp_path / "landing", engine, select=["silver.claim", "silver.claim_line"])
    lake = Lakehouse(tmp_path / "lake")
    assert ask(lake, "SELECT count(*), sum(line_n), count(payment_usd) FROM silver.claim") == [(10, 119, 10)]
    assert ask(lake, "SELECT count(*) FROM silver.claim_line") == [(119,)]
