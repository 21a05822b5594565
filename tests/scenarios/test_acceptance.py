"""The publishers' real files, loaded as a user would, against the figures they must give (MEASURES, Acceptance I)."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from nh_lakehouse import Lakehouse

pytestmark = pytest.mark.scenario
OCTOBER, JUNE = date(2024, 10, 1), date(2024, 6, 1)


@pytest.fixture(scope="module")
def lake(shipped: Path) -> Lakehouse:
    """A lakehouse of all shipped nursing-home files."""
    return Lakehouse(shipped)


def ask(lake: Lakehouse, query: str) -> list[tuple]:
    """Rows of a DuckDB query over the lakehouse."""
    with lake.duckdb() as connection:
        return connection.execute(query).fetchall()


def test_every_row_of_every_file_is_accounted_for(lake):
    rows = ask(
        lake,
        """SELECT file, rows_read_n, accepted_n + duplicate_n + superseded_n + quarantined_n
           FROM ops.loads WHERE target LIKE 'silver.%' ORDER BY file""",
    )
    assert rows and all(read == told for _, read, told in rows)
    assert {(f, n) for f, n, _ in rows} == {
        ("NH_ProviderInfo_Jun2024.csv", 189),
        ("NH_ProviderInfo_Oct2024.csv", 42),
        ("NH_StateUSAverages_Oct2024.csv", 54),
        ("NH_CovidVaxAverages_20241027.csv", 54),
        ("Nursing_Home_Chain_Performance_Measures_Feb_2026.csv", 619),
        ("Nursing_Home_Chain_Performance_Measures_Mar_2026.csv", 617),
        ("PBJ_Daily_Nurse_Staffing_Q2_2023.csv", 6825),
        ("PBJ_daily_one_facility_335513_2017Q1_on.csv", 3105),
        ("Skilled_Nursing_Facility_Quality_Reporting_Program_National_Data_May2023.csv", 25),
    }


def test_the_national_row_of_the_state_averages(lake):
    found = ask(
        lake,
        """SELECT total_hprd_mean, weekend_total_hprd_mean, rn_hprd_mean, nursing_turnover_pct_mean, rn_turnover_pct_mean,
                  residents_per_day_mean, fines_mean, fines_usd_mean, short_stay_rehosp_pct
           FROM silver.nh_state_month WHERE is_national""",
    )
    assert [tuple(float(v) for v in row) for row in found] == [
        (3.83737, 3.35315, 0.66807, 48.8, 45.5, 83.0, 1.7, 37827.0, 23.151112)
    ]
    assert ask(lake, "SELECT count(*) FROM silver.nh_state_month WHERE NOT is_national") == [(53,)]


@pytest.mark.parametrize(
    ("month", "metric", "value"),
    [
        (OCTOBER, "facility_n", 42),
        (OCTOBER, "total_hprd_mean", 3.661916),
        (OCTOBER, "below_4_1_share", 33 / 42),
        (OCTOBER, "below_3_5_share", 19 / 42),
        (OCTOBER, "bed_utilization_wtd", 0.832354),
        (OCTOBER, "bed_utilization_mean", 0.840777),
        (OCTOBER, "fines_usd", 759_208.03),
        (JUNE, "facility_n", 189),
        (JUNE, "total_hprd_mean", 3.946467),
        (JUNE, "below_4_1_share", 129 / 182),
        (JUNE, "below_3_5_share", 83 / 182),
        (JUNE, "fines_usd", 5_449_295.76),
    ],
    ids=str,
)
def test_the_executive_summary_of_provider_information(lake, month, metric, value):
    ((found,),) = ask(
        lake,
        f"SELECT value FROM gold.nh_executive_summary WHERE snapshot_month = DATE'{month}' AND metric = '{metric}'",
    )
    assert float(found) == pytest.approx(value, abs=5e-7)


def test_homes_with_hours_and_homes_over_capacity(lake):
    found = ask(
        lake,
        """SELECT snapshot_month, count(total_hprd), count(*) FILTER (below_4_1), count(*) FILTER (below_3_5),
                  count(*) FILTER (is_over_capacity)
           FROM gold.nh_facility_metrics GROUP BY 1 ORDER BY 1""",
    )
    assert found[0] == (JUNE, 182, 129, 83, 2)
    assert found[1][:4] == (OCTOBER, 42, 33, 19)


def test_rhode_island_payroll_to_the_last_printed_digit(lake):
    ((homes, days, hours, contract, total, rn, lpn, aide, direct, share, median),) = ask(
        lake,
        """SELECT s.facility_n, s.resident_days,
                  (SELECT round(sum(hrs_total), 2) FROM silver.pbj_daily WHERE state = 'RI' AND quarter = '2023Q2' AND census > 0),
                  (SELECT round(sum(hrs_total_ctr), 2) FROM silver.pbj_daily WHERE state = 'RI' AND quarter = '2023Q2' AND census > 0),
                  total_hprd_wtd, rn_hprd_wtd, lpn_hprd_wtd, aide_hprd_wtd, direct_care_hprd_wtd, contract_share,
                  total_hprd_median
           FROM gold.pbj_state_quarter AS s WHERE state = 'RI' AND period = '2023Q2'""",
    )
    assert (homes, float(days), hours, contract) == (75, 625_246.0, 2_301_390.54, 264_545.63)
    rounded = [round(v, 6) for v in (total, rn, lpn, aide, direct, median)]
    assert rounded == [3.680776, 0.742738, 0.522692, 2.415346, 3.466001, 3.666636]
    assert round(100 * share, 6) == 11.495034


def test_rhode_island_weekends_zero_census_days_and_days_without_nurses(lake):
    ((rows, homes, zero, mean, weekend, weekend_mean, no_rn),) = ask(
        lake,
        """SELECT (SELECT count(*) FROM silver.pbj_daily WHERE state = 'RI'),
                  (SELECT count(DISTINCT ccn) FROM silver.pbj_daily WHERE state = 'RI'),
                  (SELECT count(*) FROM silver.pbj_daily WHERE state = 'RI' AND census_zero),
                  s.total_hprd_mean, s.weekend_total_hprd_wtd, s.weekend_total_hprd_mean,
                  (SELECT count(*) FROM gold.pbj_day AS d SEMI JOIN silver.pbj_daily AS p
                   ON p.ccn = d.ccn AND p.work_date = d.work_date AND p.state = 'RI' WHERE no_rn_day)
           FROM gold.pbj_state_quarter AS s WHERE state = 'RI' AND period = '2023Q2'""",
    )
    assert (rows, homes, zero, no_rn) == (6825, 75, 11, 12)
    assert [round(v, 6) for v in (mean, weekend, weekend_mean)] == [3.687710, 3.190663, 3.199367]


def test_one_facility_over_34_quarters(lake):
    found = ask(lake, "SELECT count(*), count(DISTINCT quarter) FROM silver.pbj_daily WHERE ccn = '335513'")
    assert found == [(3105, 34)]
    assert ask(lake, "SELECT count(*) FROM silver.pbj_daily WHERE quarter = '2018Q1'") == [(0,)]
    drift = ask(lake, "SELECT \"column\" FROM ops.drift WHERE file LIKE '%335513%' AND kind = 'new_column'")
    assert drift == [("hrs_rndon_1",)]


def test_chains_of_two_months(lake):
    found = ask(lake, "SELECT snapshot_month, count(*) FROM silver.nh_chain GROUP BY 1 ORDER BY 1")
    assert found == [(date(2026, 2, 1), 619), (date(2026, 3, 1), 617)]
    ((new, gone),) = ask(
        lake,
        """WITH m AS (SELECT chain_id, month(snapshot_month) AS m FROM silver.nh_chain)
           SELECT count(*) FILTER (feb IS NULL), count(*) FILTER (mar IS NULL)
           FROM (SELECT chain_id FROM m WHERE m = 2) AS f(feb) FULL JOIN (SELECT chain_id FROM m WHERE m = 3) AS g(mar) ON feb = mar""",
    )
    assert (new, gone) == (8, 10)


def test_every_shipped_file_of_the_domain_is_known(lake):
    assert ask(lake, "SELECT file, status FROM ops.files WHERE status <> 'loaded'") == []
    assert ask(lake, "SELECT count(*) FROM bronze.nh_covid_vax_averages") == [(54,)]
