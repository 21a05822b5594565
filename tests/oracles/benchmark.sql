-- The benchmark of chains and the scorecard of states once more, in the SQL of DuckDB, written from the definitions of
-- the measures. Inputs: silver, and the facility metrics, correlations and risks of gold, which facility.sql makes; every
-- statement makes one table, view or macro.

create macro pooled(hours, residents) as
  sum(hours * residents) / nullif(sum(residents) filter (hours is not null), 0);
create macro pairs(a, b) as count(*) filter (a is not null and b is not null);

create table nh_chain_benchmark as
with g as (
  select coalesce(chain_id, 'INDEPENDENT') as chain_id, snapshot_month, max(chain_name) as chain_name,
    chain_id is null as is_independent, count(*) as facility_n, count(distinct state) as states_n,
    avg(overall_rating) as overall_rating_mean, count(overall_rating) as overall_rating_n,
    avg(health_rating) as health_rating_mean, count(health_rating) as health_rating_n,
    avg(qm_rating) as qm_rating_mean, count(qm_rating) as qm_rating_n,
    avg(staffing_rating) as staffing_rating_mean, count(staffing_rating) as staffing_rating_n,
    avg(total_hprd) as total_hprd_mean, count(total_hprd) as total_hprd_n,
    pooled(total_hprd, residents_per_day) as total_hprd_wtd, pairs(total_hprd, residents_per_day) as total_hprd_wtd_n,
    avg(weekend_total_hprd) as weekend_total_hprd_mean, count(weekend_total_hprd) as weekend_total_hprd_n,
    pooled(weekend_total_hprd, residents_per_day) as weekend_total_hprd_wtd,
    pairs(weekend_total_hprd, residents_per_day) as weekend_total_hprd_wtd_n,
    avg(rn_hprd) as rn_hprd_mean, count(rn_hprd) as rn_hprd_n,
    pooled(rn_hprd, residents_per_day) as rn_hprd_wtd, pairs(rn_hprd, residents_per_day) as rn_hprd_wtd_n,
    avg(nursing_turnover_pct) as nursing_turnover_pct_mean, count(nursing_turnover_pct) as nursing_turnover_pct_n,
    avg(rn_turnover_pct) as rn_turnover_pct_mean, count(rn_turnover_pct) as rn_turnover_pct_n,
    avg(rsrr) as rsrr_mean, count(rsrr) as rsrr_n,
    sum(fines_n)::int as fines_n, avg(fines_n) as fines_mean, count(fines_n) as fines_mean_n,
    sum(fines_usd)::decimal(18, 2) as fines_usd, avg(fines_usd::double) as fines_usd_mean, count(fines_usd) as fines_usd_n,
    avg(bed_utilization) as bed_utilization_mean, count(bed_utilization) as bed_utilization_n,
    sum(residents_per_day) filter (certified_beds > 0)
      / sum(certified_beds) filter (certified_beds > 0 and residents_per_day is not null) as bed_utilization_wtd,
    count(*) filter (certified_beds > 0 and residents_per_day is not null) as bed_utilization_wtd_n
  from nh_facility_metrics where is_chain is not null group by chain_id, snapshot_month
), listed as (
  select *,
    case when overall_rating_mean is not null and not is_independent
      then rank() over (partition by snapshot_month, is_independent
        order by overall_rating_mean desc nulls last, total_hprd_mean desc nulls last) end::int as rank
  from g
  where (is_independent or facility_n >= 2)
    and snapshot_month in (select snapshot_month from nh_facility_metrics where chain_id is not null)
)
select l.*,
  l.overall_rating_mean - i.overall_rating_mean as vs_independent_overall_rating_mean,
  l.health_rating_mean - i.health_rating_mean as vs_independent_health_rating_mean,
  l.qm_rating_mean - i.qm_rating_mean as vs_independent_qm_rating_mean,
  l.staffing_rating_mean - i.staffing_rating_mean as vs_independent_staffing_rating_mean,
  l.total_hprd_mean - i.total_hprd_mean as vs_independent_total_hprd_mean,
  l.weekend_total_hprd_mean - i.weekend_total_hprd_mean as vs_independent_weekend_total_hprd_mean,
  l.rn_hprd_mean - i.rn_hprd_mean as vs_independent_rn_hprd_mean,
  l.nursing_turnover_pct_mean - i.nursing_turnover_pct_mean as vs_independent_nursing_turnover_pct_mean,
  l.rn_turnover_pct_mean - i.rn_turnover_pct_mean as vs_independent_rn_turnover_pct_mean,
  l.rsrr_mean - i.rsrr_mean as vs_independent_rsrr_mean,
  l.fines_mean - i.fines_mean as vs_independent_fines_mean,
  l.fines_usd_mean - i.fines_usd_mean as vs_independent_fines_usd_mean,
  l.bed_utilization_mean - i.bed_utilization_mean as vs_independent_bed_utilization_mean,
  p.facility_n as published_facility_n, abs(l.facility_n - p.facility_n) as abs_diff_facility_n,
  p.states_n as published_states_n, abs(l.states_n - p.states_n) as abs_diff_states_n,
  p.overall_rating_mean as published_overall_rating_mean,
  abs(l.overall_rating_mean - p.overall_rating_mean) as abs_diff_overall_rating_mean,
  p.health_rating_mean as published_health_rating_mean,
  abs(l.health_rating_mean - p.health_rating_mean) as abs_diff_health_rating_mean,
  p.qm_rating_mean as published_qm_rating_mean, abs(l.qm_rating_mean - p.qm_rating_mean) as abs_diff_qm_rating_mean,
  p.staffing_rating_mean as published_staffing_rating_mean,
  abs(l.staffing_rating_mean - p.staffing_rating_mean) as abs_diff_staffing_rating_mean,
  p.total_hprd_mean as published_total_hprd_mean, abs(l.total_hprd_mean - p.total_hprd_mean) as abs_diff_total_hprd_mean,
  p.weekend_total_hprd_mean as published_weekend_total_hprd_mean,
  abs(l.weekend_total_hprd_mean - p.weekend_total_hprd_mean) as abs_diff_weekend_total_hprd_mean,
  p.rn_hprd_mean as published_rn_hprd_mean, abs(l.rn_hprd_mean - p.rn_hprd_mean) as abs_diff_rn_hprd_mean,
  p.nursing_turnover_pct_mean as published_nursing_turnover_pct_mean,
  abs(l.nursing_turnover_pct_mean - p.nursing_turnover_pct_mean) as abs_diff_nursing_turnover_pct_mean,
  p.rn_turnover_pct_mean as published_rn_turnover_pct_mean,
  abs(l.rn_turnover_pct_mean - p.rn_turnover_pct_mean) as abs_diff_rn_turnover_pct_mean,
  p.fines_n as published_fines_n, abs(l.fines_n - p.fines_n) as abs_diff_fines_n,
  p.fines_mean as published_fines_mean, abs(l.fines_mean - p.fines_mean) as abs_diff_fines_mean,
  p.fines_usd as published_fines_usd, abs(l.fines_usd - p.fines_usd)::decimal(18, 2) as abs_diff_fines_usd,
  p.fines_usd_mean as published_fines_usd_mean, abs(l.fines_usd_mean - p.fines_usd_mean) as abs_diff_fines_usd_mean
from listed l
left join listed i on i.snapshot_month = l.snapshot_month and i.is_independent and not l.is_independent
left join nh_chain p on p.chain_id = l.chain_id and p.snapshot_month = l.snapshot_month;

-- Every home once for its state and once for the nation; citations of homes that are not in the table are dropped.
create view places as
select state as place, * from nh_facility_metrics where state is not null
union all select 'US', * from nh_facility_metrics;

create table nh_state_scorecard as
with homes as (
  select place as state, snapshot_month, count(*) as facility_n, sum(certified_beds)::bigint as beds,
    sum(residents_per_day) as residents, avg(residents_per_day) as residents_per_day_mean,
    count(residents_per_day) as residents_per_day_n,
    avg(bed_utilization) as bed_utilization_mean, count(bed_utilization) as bed_utilization_n,
    sum(residents_per_day) filter (certified_beds > 0)
      / sum(certified_beds) filter (certified_beds > 0 and residents_per_day is not null) as bed_utilization_wtd,
    count(*) filter (certified_beds > 0 and residents_per_day is not null) as bed_utilization_wtd_n,
    avg(overall_rating) as overall_rating_mean, count(overall_rating) as overall_rating_n,
    avg(total_hprd) as total_hprd_mean, count(total_hprd) as total_hprd_n,
    pooled(total_hprd, residents_per_day) as total_hprd_wtd, pairs(total_hprd, residents_per_day) as total_hprd_wtd_n,
    avg(rn_hprd) as rn_hprd_mean, count(rn_hprd) as rn_hprd_n,
    pooled(rn_hprd, residents_per_day) as rn_hprd_wtd, pairs(rn_hprd, residents_per_day) as rn_hprd_wtd_n,
    avg(lpn_hprd) as lpn_hprd_mean, count(lpn_hprd) as lpn_hprd_n,
    pooled(lpn_hprd, residents_per_day) as lpn_hprd_wtd, pairs(lpn_hprd, residents_per_day) as lpn_hprd_wtd_n,
    avg(aide_hprd) as aide_hprd_mean, count(aide_hprd) as aide_hprd_n,
    pooled(aide_hprd, residents_per_day) as aide_hprd_wtd, pairs(aide_hprd, residents_per_day) as aide_hprd_wtd_n,
    avg(weekend_total_hprd) as weekend_total_hprd_mean, count(weekend_total_hprd) as weekend_total_hprd_n,
    pooled(weekend_total_hprd, residents_per_day) as weekend_total_hprd_wtd,
    pairs(weekend_total_hprd, residents_per_day) as weekend_total_hprd_wtd_n,
    avg(nursing_turnover_pct) as nursing_turnover_pct_mean, count(nursing_turnover_pct) as nursing_turnover_pct_n,
    avg(rn_turnover_pct) as rn_turnover_pct_mean, count(rn_turnover_pct) as rn_turnover_pct_n,
    avg(rsrr) as rsrr_mean, count(rsrr) as rsrr_n,
    count(*) filter (total_hprd is not null and rsrr is not null) as matched_n,
    sum(fines_n)::int as fines_n, avg(fines_n) as fines_mean, count(fines_n) as fines_mean_n,
    sum(fines_usd)::decimal(18, 2) as fines_usd, avg(fines_usd::double) as fines_usd_mean, count(fines_usd) as fines_usd_n,
    avg(deficiencies_c1_n) as deficiencies_c1_mean, count(deficiencies_c1_n) as deficiencies_c1_mean_n,
    avg(vaccinated_residents_pct) as vaccinated_residents_pct_mean,
    count(vaccinated_residents_pct) as vaccinated_residents_pct_n,
    avg(vaccinated_staff_pct) as vaccinated_staff_pct_mean, count(vaccinated_staff_pct) as vaccinated_staff_pct_n
  from places group by place, snapshot_month
), found as (
  select place as state, snapshot_month, domain, count(*) as n, count(*) filter (immediate_jeopardy) as jeopardy_n
  from nh_citation c join places p using (ccn, snapshot_month) group by all
), loaded as (select distinct snapshot_month, domain from nh_citation), cited as (
  select h.state, h.snapshot_month,
    max(coalesce(n, 0)) filter (l.domain = 'health') as health_citations_n,
    max(coalesce(jeopardy_n, 0)) filter (l.domain = 'health') as health_immediate_jeopardy_n,
    max(coalesce(n, 0)) filter (l.domain = 'fire') as fire_citations_n,
    max(coalesce(jeopardy_n, 0)) filter (l.domain = 'fire') as fire_immediate_jeopardy_n
  from homes h join loaded l using (snapshot_month)
  left join found f on f.state = h.state and f.snapshot_month = h.snapshot_month and f.domain = l.domain
  group by all
)
select h.*, state = 'US' as is_national, s.correlation, s.ols_slope, s.ols_intercept, s.r2,
  r.risk_score, r.risk_score_n10, r.risk_tier, r.risk_rank,
  health_citations_n + fire_citations_n as citations_n,
  (health_citations_n + fire_citations_n) / h.facility_n as citations_per_home,
  health_immediate_jeopardy_n + fire_immediate_jeopardy_n as immediate_jeopardy_n,
  health_citations_n, health_citations_n / h.facility_n as health_citations_per_home, health_immediate_jeopardy_n,
  fire_citations_n, fire_citations_n / h.facility_n as fire_citations_per_home, fire_immediate_jeopardy_n,
  p.residents_per_day_mean as residents_per_day_mean_published,
  h.residents_per_day_mean - p.residents_per_day_mean as residents_per_day_mean_diff,
  p.overall_rating_mean as overall_rating_mean_published,
  h.overall_rating_mean - p.overall_rating_mean as overall_rating_mean_diff,
  p.total_hprd_mean as total_hprd_mean_published, h.total_hprd_mean - p.total_hprd_mean as total_hprd_mean_diff,
  p.rn_hprd_mean as rn_hprd_mean_published, h.rn_hprd_mean - p.rn_hprd_mean as rn_hprd_mean_diff,
  p.lpn_hprd_mean as lpn_hprd_mean_published, h.lpn_hprd_mean - p.lpn_hprd_mean as lpn_hprd_mean_diff,
  p.aide_hprd_mean as aide_hprd_mean_published, h.aide_hprd_mean - p.aide_hprd_mean as aide_hprd_mean_diff,
  p.weekend_total_hprd_mean as weekend_total_hprd_mean_published,
  h.weekend_total_hprd_mean - p.weekend_total_hprd_mean as weekend_total_hprd_mean_diff,
  p.nursing_turnover_pct_mean as nursing_turnover_pct_mean_published,
  h.nursing_turnover_pct_mean - p.nursing_turnover_pct_mean as nursing_turnover_pct_mean_diff,
  p.rn_turnover_pct_mean as rn_turnover_pct_mean_published,
  h.rn_turnover_pct_mean - p.rn_turnover_pct_mean as rn_turnover_pct_mean_diff,
  p.fines_mean as fines_mean_published, h.fines_mean - p.fines_mean as fines_mean_diff,
  p.fines_usd_mean as fines_usd_mean_published, h.fines_usd_mean - p.fines_usd_mean as fines_usd_mean_diff,
  p.deficiencies_c1_mean as deficiencies_c1_mean_published,
  h.deficiencies_c1_mean - p.deficiencies_c1_mean as deficiencies_c1_mean_diff
from homes h
left join cited using (state, snapshot_month)
left join nh_state_staffing_readmission s using (state, snapshot_month)
left join nh_state_risk r using (state, snapshot_month)
left join nh_state_month p using (state, snapshot_month);
