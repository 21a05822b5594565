-- The facility and state tables once more, in the SQL of DuckDB, written from the definitions of the measures.
-- Inputs: silver; every statement makes one table, view or macro.

create macro correlation(x, y) as case when count(*) filter (x is not null and y is not null) >= 10 then corr(y, x) end;
create macro slope(x, y) as case when count(*) filter (x is not null and y is not null) >= 10 then regr_slope(y, x) end;
create macro intercept(x, y) as case when count(*) filter (x is not null and y is not null) >= 10 then regr_intercept(y, x) end;
create macro r2(x, y) as case when count(*) filter (x is not null and y is not null) >= 10 then regr_r2(y, x) end;
create macro pooled(hours, residents) as
  sum(hours * residents) / nullif(sum(residents) filter (hours is not null), 0);

create table nh_facility_metrics as
with m as (
  select *,
    (select max(fiscal_year) from nh_vbp where fiscal_year <= year(h.snapshot_month)) as fy,
    (select max(l.snapshot_month) from nh_measure_long l
      where source = 'claims' and l.snapshot_month <= h.snapshot_month) as claims_at,
    (select max(l.snapshot_month) from nh_measure_long l
      where source = 'qrp' and l.snapshot_month <= h.snapshot_month) as qrp_at,
    (select max(l.snapshot_month) from nh_vaccination l
      where ccn is not null and l.snapshot_month <= h.snapshot_month) as vaccination_at
  from nh_facility_month h
), score as (  -- the latest version of each measure: S_004_01_X and S_004_02_X are one
  select ccn, snapshot_month, source, regexp_replace(measure_code, '^S_(\d+)_\d+_', 'S_\1_') as stem,
    arg_max(struct_pack(score := score), measure_code).score as score
  from nh_measure_long group by all
), claims as (
  select ccn, snapshot_month, max(score) filter (stem = '521') as short_stay_rehosp_pct,
    max(score) filter (stem = '522') as short_stay_ed_pct, max(score) filter (stem = '551') as long_stay_hosp_per_1000,
    max(score) filter (stem = '552') as long_stay_ed_per_1000
  from score where source = 'claims' group by all
), qrp as (
  select ccn, snapshot_month, max(score) filter (stem = 'S_004_PPR_PD_RSRR') as ppr_rsrr_pct,
    max(score) filter (stem = 'S_005_DTC_RS_RATE') as dtc_pct, max(score) filter (stem = 'S_006_MSPB_SCORE') as mspb_snf,
    max(score) filter (stem = 'S_039_HAI_RS_RATE') as hai_pct
  from score where source = 'qrp' group by all
), j as (
  select m.* exclude (certified_beds), m.certified_beds as beds, residents_per_day / nullif(m.certified_beds, 0) as u,
    (7 * total_hprd - 2 * weekend_total_hprd) / 5 as weekday,
    v.performance_rsrr as rsrr, v.baseline_rsrr, v.performance_score, v.multiplier, x.residents_pct, x.staff_pct,
    c.* exclude (ccn, snapshot_month), q.* exclude (ccn, snapshot_month),
    f.city, f.county, f.zip5, f.lat, f.lon, f.ownership_type, f.ownership_class, f.provider_type, f.hospital_based,
    f.chain_id, f.chain_name, f.is_chain
  from m
  left join nh_facility f on f.ccn = m.ccn and f.valid_from <= m.snapshot_month
    and (f.valid_to is null or m.snapshot_month < f.valid_to)
  left join nh_vbp v on v.ccn = m.ccn and v.fiscal_year = m.fy
  left join claims c on c.ccn = m.ccn and c.snapshot_month = m.claims_at
  left join qrp q on q.ccn = m.ccn and q.snapshot_month = m.qrp_at
  left join nh_vaccination x on x.ccn = m.ccn and x.snapshot_month = m.vaccination_at
)
select ccn, snapshot_month, name, city, county, state, zip5, lat, lon, ownership_type, ownership_class, provider_type,
  hospital_based, chain_id, chain_name, is_chain, beds as certified_beds, residents_per_day, overall_rating,
  health_rating, qm_rating, staffing_rating,
  u as bed_utilization,
  case when u is null then 'unknown' when u < 0.7 then 'low' when u < 0.85 then 'medium' else 'high' end as occupancy_band,
  u > 1 as is_over_capacity, u >= 0.85 and u <= 0.9 as is_optimal, u < 0.6 as is_low_revenue,
  total_hprd, rn_hprd, lpn_hprd, aide_hprd, licensed_hprd, pt_hprd, weekend_total_hprd, weekend_rn_hprd,
  adjusted_total_hprd, case_mix_total_hprd, case_mix_index,
  total_hprd - 4.1 as gap_to_4_1_hprd, 100 * (4.1 - total_hprd) / 4.1 as gap_to_4_1_pct,
  total_hprd < 4.1 as below_4_1, total_hprd < 3.48 as below_3_48, total_hprd < 3.5 as below_3_5,
  case when total_hprd is not null then total_hprd >= 3.48 and rn_hprd >= 0.55 and aide_hprd >= 2.45 end as meets_rule_2024,
  case when total_hprd is null then 'unknown' when total_hprd < 3.0 then '<3.0' when total_hprd < 3.2 then '[3.0,3.2)'
    when total_hprd < 3.5 then '[3.2,3.5)' when total_hprd < 4.1 then '[3.5,4.1)' else '>=4.1' end as staffing_band,
  nursing_turnover_pct, rn_turnover_pct, administrators_left_n,
  case when nursing_turnover_pct is null then 'unknown' when nursing_turnover_pct < 40 then '<40'
    when nursing_turnover_pct < 60 then '[40,60)' when nursing_turnover_pct <= 75 then '[60,75]' else '>75' end as turnover_band,
  nursing_turnover_pct > 75 as high_turnover,
  fy as fiscal_year, rsrr, baseline_rsrr as rsrr_baseline, rsrr - baseline_rsrr as rsrr_change, performance_score,
  multiplier, 100 * (multiplier - 1) as payment_change_pct,
  case when multiplier is not null then 100 * greatest(0, 1 - multiplier) end as penalty_pct,
  short_stay_rehosp_pct, short_stay_ed_pct, long_stay_hosp_per_1000, long_stay_ed_per_1000,
  ppr_rsrr_pct, dtc_pct, mspb_snf, hai_pct,
  fines_n, fines_usd, denials_n, penalties_n, fines_usd::double / nullif(beds, 0) as fines_per_bed_usd,
  deficiencies_c1_n,
  list_sum([deficiencies_c1_n, deficiencies_c2_n, deficiencies_c3_n])::int as deficiencies_3c_n,
  weighted_score, residents_pct as vaccinated_residents_pct, staff_pct as vaccinated_staff_pct,
  total_hprd - weekend_total_hprd as weekend_deficit_hprd, weekday as weekday_hprd_est,
  100 * (weekday - weekend_total_hprd) / nullif(weekday, 0) as weekend_gap_pct,
  nursing_turnover_pct > 75 and total_hprd < 3.5 as overtime_risk,
  case when rsrr is null then 'unknown' when rsrr < 0.15 then 'low' when rsrr <= 0.2 then 'medium' else 'high' end as complexity_band
from j;

-- Every home once for its state and once for the nation.
create view places as
select state as place, * from nh_facility_metrics union all select 'US', * from nh_facility_metrics;

create table nh_readmission_facility as
select ccn, snapshot_month, name, state, provider_type, ownership_class, certified_beds, overall_rating, total_hprd,
  staffing_band, fiscal_year, rsrr, rsrr_baseline, rsrr_change, performance_score, multiplier, payment_change_pct,
  penalty_pct,
  rsrr <= quantile_cont(rsrr, 0.1) over (partition by snapshot_month) as top_decile,
  rsrr >= quantile_cont(rsrr, 0.9) over (partition by snapshot_month) as bottom_decile,
  rsrr > 0.18 as above_0_18,
  rank() over (partition by snapshot_month order by rsrr desc)::int as rsrr_rank
from nh_facility_metrics where rsrr is not null;

create table nh_state_staffing_readmission as
with s as (
  select place as state, snapshot_month, place = 'US' as is_national, count(*) as matched_n,
    correlation(total_hprd, rsrr) as correlation, slope(total_hprd, rsrr) as ols_slope,
    intercept(total_hprd, rsrr) as ols_intercept, r2(total_hprd, rsrr) as r2,
    avg(total_hprd) as total_hprd_mean, count(total_hprd) as total_hprd_n,
    pooled(total_hprd, residents_per_day) as total_hprd_wtd, count(residents_per_day) as total_hprd_wtd_n,
    avg(rsrr) as rsrr_mean, count(rsrr) as rsrr_n, stddev_samp(rsrr) as rsrr_sd, stddev_samp(total_hprd) as total_hprd_sd,
    correlation(case when certified_beds >= 20 then total_hprd end, rsrr) as correlation_beds20,
    count(*) filter (certified_beds >= 20) as beds20_n,
    correlation(adjusted_total_hprd, rsrr) as correlation_adjusted, count(adjusted_total_hprd) as adjusted_n
  from places where total_hprd is not null and rsrr is not null group by place, snapshot_month
)
select *,
  case when matched_n >= 4 then tanh(atanh(correlation) - 1.959963984540054 / sqrt(greatest(matched_n - 3, 1))) end as correlation_ci_low,
  case when matched_n >= 4 then tanh(atanh(correlation) + 1.959963984540054 / sqrt(greatest(matched_n - 3, 1))) end as correlation_ci_high,
  100 * ols_slope * 0.5 as effect_0_5h_pp
from s;

create table nh_state_risk as
with s as (
  select state, snapshot_month, count(*) as facility_n,
    count(*) filter (total_hprd is not null and rsrr is not null) as matched_n,
    avg(total_hprd) filter (rsrr is not null) as s, avg(rsrr) filter (total_hprd is not null) as r,
    sum(fines_usd) as fines, sum(fines_usd) filter (total_hprd is not null and rsrr is not null) as fines_matched
  from nh_facility_metrics group by state, snapshot_month
), e as (
  select snapshot_month, min(s) as s0, max(s) as s1, min(r) as r0, max(r) as r1,
    min(s) filter (matched_n >= 10) as t0, max(s) filter (matched_n >= 10) as t1,
    min(r) filter (matched_n >= 10) as q0, max(r) filter (matched_n >= 10) as q1
  from s where matched_n >= 1 group by snapshot_month
), scored as (
  select *, (s1 - s) / nullif(s1 - s0, 0) as staffing_risk, (r - r0) / nullif(r1 - r0, 0) as readmission_risk,
    (staffing_risk + readmission_risk) / 2 as risk_score,
    case when matched_n >= 10 then ((t1 - s) / nullif(t1 - t0, 0) + (r - q0) / nullif(q1 - q0, 0)) / 2 end as risk_score_n10
  from s join e using (snapshot_month) where matched_n >= 1
)
select state, snapshot_month, facility_n, matched_n, s as total_hprd_mean, r as rsrr_mean, staffing_risk, readmission_risk,
  risk_score, case when risk_score >= 0.75 then 'CRITICAL' when risk_score >= 0.5 then 'HIGH'
    when risk_score >= 0.25 then 'MODERATE' when risk_score is not null then 'LOW' end as risk_tier,
  risk_score_n10, fines::decimal(18, 2) as fines_usd, fines::double / 1e6 as fines_musd,
  fines_matched::decimal(18, 2) as fines_matched_usd,
  rank() over (partition by snapshot_month order by risk_score desc)::int as risk_rank,
  rank() over (partition by snapshot_month order by risk_score)::int as best_rank
from scored;

create table nh_facility_risk as
with r as (
  select *,
    case when total_hprd is not null then 1 - percent_rank() over (partition by snapshot_month, total_hprd is null order by total_hprd) end as staffing_pr,
    case when rsrr is not null then percent_rank() over (partition by snapshot_month, rsrr is null order by rsrr) end as readmission_pr,
    case when nursing_turnover_pct is not null then percent_rank() over (partition by snapshot_month, nursing_turnover_pct is null order by nursing_turnover_pct) end as turnover_pr,
    case when fines_usd is not null then percent_rank() over (partition by snapshot_month, fines_usd is null order by fines_usd) end as fines_pr,
    case when overall_rating is not null then 1 - percent_rank() over (partition by snapshot_month, overall_rating is null order by overall_rating) end as rating_pr,
    case when deficiencies_c1_n is not null then percent_rank() over (partition by snapshot_month, deficiencies_c1_n is null order by deficiencies_c1_n) end as deficiencies_pr,
    case when case_mix_index is not null then percent_rank() over (partition by snapshot_month, case_mix_index is null order by case_mix_index) end as case_mix_pr,
    quantile_cont(rsrr, 0.75) over (partition by snapshot_month) as p75
  from nh_facility_metrics
), s as (
  select *, [staffing_pr, readmission_pr, turnover_pr, fines_pr, rating_pr] as ranks,
    list_count(ranks)::int as risk_ranks_n, case when list_count(ranks) >= 3 then list_avg(ranks) end as risk_score,
    total_hprd < 3.5 and rsrr >= 0.18 and multiplier < 1 as is_high_risk,
    total_hprd < 3.5 and rsrr >= p75 and multiplier < 1 as is_high_risk_p75
  from r
)
select ccn, snapshot_month, name, state, staffing_pr, readmission_pr, turnover_pr, fines_pr, rating_pr, risk_ranks_n,
  risk_score,
  case when risk_score >= 2 / 3 then 'HIGH' when risk_score >= 1 / 3 then 'MEDIUM' when risk_score is not null then 'LOW' end as risk_tier,
  total_hprd, rsrr, multiplier, penalty_pct, fines_usd, is_high_risk, is_high_risk_p75,
  rank() over (partition by snapshot_month order by is_high_risk desc nulls last, penalty_pct desc nulls last,
    fines_usd desc nulls last)::int as risk_rank,
  deficiencies_pr, case_mix_pr, list_avg([deficiencies_pr, readmission_pr, case_mix_pr]) as los_proxy_rank
from s;

create table nh_low_staffing_fines as
select ccn, snapshot_month, name, state, provider_type, total_hprd, fines_usd, penalties_n, overall_rating, rsrr,
  rank() over (partition by snapshot_month order by fines_usd desc)::int as fines_rank
from nh_facility_metrics where total_hprd < 3.5 and fines_usd > 0;

create table nh_penalty_by_staffing_band as
select if(grouping(staffing_band) = 1, 'all', staffing_band) as staffing_band, snapshot_month,
  count(*) as facility_n, count(*) filter (multiplier < 1) as penalized_n,
  avg(100 * (multiplier - 1)) as payment_change_pct_mean, count(multiplier) as payment_change_pct_n,
  avg(penalty_pct) as penalty_pct_mean, count(penalty_pct) as penalty_pct_n,
  avg(penalty_pct) filter (multiplier < 1) as penalty_pct_mean_penalized, sum(penalty_pct) as penalty_index_pct_doc,
  sum(fines_usd)::decimal(18, 2) as fines_usd, avg(fines_usd::double) as fines_usd_mean, count(fines_usd) as fines_usd_n,
  count(*) filter (fines_usd > 0) as fined_n
from nh_facility_metrics where total_hprd is not null and rsrr is not null
group by grouping sets ((staffing_band, snapshot_month), (snapshot_month));

create table nh_fines_summary as
with p as (
  select p.snapshot_month as m, p.ccn, p.state as s, coalesce(h.ownership_class, 'unknown') as o,
    coalesce(h.staffing_band, 'unknown') as b, coalesce(penalty_type, 'unknown') as t,
    coalesce(year(penalty_date)::varchar, 'unknown') as y, fine_usd, denial_days
  from nh_penalty p left join nh_facility_metrics h on h.ccn = p.ccn and h.snapshot_month = p.snapshot_month
)
select if(grouping(s) = 1, 'US', s) as state, if(grouping(o) = 1, 'all', o) as ownership_class,
  if(grouping(b) = 1, 'all', b) as staffing_band, if(grouping(t) = 1, 'all', t) as penalty_type,
  if(grouping(y) = 1, 'all', y) as year, m as snapshot_month, grouping(s) = 1 as is_national,
  count(*) as events_n, count(distinct ccn) as homes_n, sum(fine_usd)::decimal(18, 2) as fine_usd,
  avg(fine_usd::double) as fine_usd_mean, count(fine_usd) as fine_usd_n, median(fine_usd::double) as fine_usd_median,
  sum(denial_days)::bigint as denial_days, avg(denial_days) as denial_days_mean, count(denial_days) as denial_days_n
from p group by grouping sets (
  (m), (m, t), (m, o), (m, o, t), (m, b), (m, b, t), (m, y), (m, y, t), (m, o, b, t, y),
  (s, m), (s, m, t), (s, m, o), (s, m, o, t), (s, m, b), (s, m, b, t), (s, m, y), (s, m, y, t), (s, m, o, b, t, y));

create view ratios as
select place, snapshot_month,
  avg(rsrr) filter (bed_utilization >= 0.9 and total_hprd < 3.5)
    / avg(rsrr) filter (not (bed_utilization >= 0.9 and total_hprd < 3.5)) - 1 as rsrr_rel_diff,
  count(rsrr) filter (bed_utilization >= 0.9 and total_hprd < 3.5) as rsrr_rel_diff_n,
  avg(deficiencies_c1_n) filter (bed_utilization > 1)
    / nullif(avg(deficiencies_c1_n) filter (bed_utilization <= 1), 0) as deficiency_ratio_over_100,
  count(deficiencies_c1_n) filter (bed_utilization > 1) as deficiency_ratio_over_100_n,
  avg(total_hprd) filter (bed_utilization between 0.85 and 0.9) as hprd_at_optimal,
  count(total_hprd) filter (bed_utilization between 0.85 and 0.9) as hprd_at_optimal_n
from places group by place, snapshot_month;

create table nh_occupancy_bands as
with h as (
  select *, case when total_hprd is null then 'unknown' when total_hprd < 3.5 then 'true' else 'false' end as low from places
), g as (
  select place, snapshot_month, if(grouping(occupancy_band) = 1, 'all', occupancy_band) as occupancy_band,
    if(grouping(low) = 1, 'all', low) as staffing_low, place = 'US' as is_national,
    count(*) as facility_n, avg(total_hprd) as total_hprd_mean, count(total_hprd) as total_hprd_n,
    pooled(total_hprd, residents_per_day) as total_hprd_wtd, count(total_hprd * residents_per_day) as total_hprd_wtd_n,
    avg(rsrr) as rsrr_mean, count(rsrr) as rsrr_n, avg(deficiencies_c1_n) as deficiencies_c1_mean,
    count(deficiencies_c1_n) as deficiencies_c1_mean_n,
    correlation(bed_utilization, total_hprd) as correlation, count(bed_utilization * total_hprd) as correlation_n,
    slope(bed_utilization, total_hprd) as ols_slope, intercept(bed_utilization, total_hprd) as ols_intercept,
    r2(bed_utilization, total_hprd) as r2
  from h group by place, snapshot_month, cube (occupancy_band, low)
)
select place as state, * exclude (place) from g join ratios using (place, snapshot_month);

create table nh_turnover_bands as
with g as (
  select place, snapshot_month, if(grouping(turnover_band) = 1, 'all', turnover_band) as turnover_band,
    place = 'US' as is_national,
    count(*) as facility_n, avg(total_hprd) as total_hprd_mean, count(total_hprd) as total_hprd_n,
    pooled(total_hprd, residents_per_day) as total_hprd_wtd, count(total_hprd * residents_per_day) as total_hprd_wtd_n,
    avg(rsrr) as rsrr_mean, count(rsrr) as rsrr_n, avg(deficiencies_c1_n) as deficiencies_c1_mean,
    count(deficiencies_c1_n) as deficiencies_c1_mean_n,
    correlation(bed_utilization, total_hprd) as correlation, count(bed_utilization * total_hprd) as correlation_n,
    slope(bed_utilization, total_hprd) as ols_slope, intercept(bed_utilization, total_hprd) as ols_intercept,
    r2(bed_utilization, total_hprd) as r2,
    avg(overall_rating) as overall_rating_mean, count(overall_rating) as overall_rating_n
  from places group by place, snapshot_month, cube (turnover_band)
)
select place as state, * exclude (place) from g join ratios using (place, snapshot_month);

create table nh_staffing_by_state_type as
with k as (
  select *, coalesce(hospital_based::varchar, 'unknown') as h, coalesce(provider_type, 'unknown') as p,
    coalesce(ownership_class, 'unknown') as o, coalesce(is_chain::varchar, 'unknown') as c,
    case when hospital_based then total_hprd end as hospital, case when not hospital_based then total_hprd end as freestanding,
    case when ownership_class = 'For profit' then total_hprd end as forprofit,
    case when ownership_class = 'Non profit' then total_hprd end as nonprofit,
    case when is_chain then total_hprd end as chain, case when not is_chain then total_hprd end as independent
  from places
)
select place as state, snapshot_month, if(grouping(h) = 1, 'all', h) as hospital_based,
  if(grouping(p) = 1, 'all', p) as provider_type, if(grouping(o) = 1, 'all', o) as ownership_class,
  if(grouping(c) = 1, 'all', c) as is_chain, place = 'US' as is_national,
  count(*) as facility_n, avg(total_hprd) as total_hprd_mean, count(total_hprd) as total_hprd_n,
  pooled(total_hprd, residents_per_day) as total_hprd_wtd, count(total_hprd * residents_per_day) as total_hprd_wtd_n,
  avg(rn_hprd) as rn_hprd_mean, count(rn_hprd) as rn_hprd_n,
  avg(nursing_turnover_pct) as nursing_turnover_pct_mean, count(nursing_turnover_pct) as nursing_turnover_pct_n,
  avg(overall_rating) as overall_rating_mean, count(overall_rating) as overall_rating_n,
  avg(rsrr) as rsrr_mean, count(rsrr) as rsrr_n,
  100 * (avg(hospital) / avg(freestanding) - 1) as hospital_vs_freestanding_pct_mean,
  100 * (pooled(hospital, residents_per_day) / pooled(freestanding, residents_per_day) - 1) as hospital_vs_freestanding_pct_wtd,
  100 * (avg(forprofit) / avg(nonprofit) - 1) as forprofit_vs_nonprofit_pct_mean,
  100 * (pooled(forprofit, residents_per_day) / pooled(nonprofit, residents_per_day) - 1) as forprofit_vs_nonprofit_pct_wtd,
  100 * (avg(chain) / avg(independent) - 1) as chain_vs_independent_pct_mean,
  100 * (pooled(chain, residents_per_day) / pooled(independent, residents_per_day) - 1) as chain_vs_independent_pct_wtd
from k group by place, snapshot_month, cube (h, p, o, c);

create table nh_executive_summary as
with m as (
  select *, quantile_cont(total_hprd, 0.1) over (partition by snapshot_month) as p10 from nh_facility_metrics
), f as (
  select snapshot_month, count(*) as facility_n, avg(bed_utilization) as bed_utilization_mean,
    sum(residents_per_day) filter (certified_beds > 0) / sum(certified_beds) filter (residents_per_day is not null) as bed_utilization_wtd,
    avg(total_hprd) as total_hprd_mean, pooled(total_hprd, residents_per_day) as total_hprd_wtd, avg(rsrr) as rsrr_mean,
    count(*) filter (total_hprd < 4.1) / count(total_hprd) as below_4_1_share,
    count(*) filter (total_hprd < 3.5) / count(total_hprd) as below_3_5_share,
    count(*) filter (total_hprd < 3.48) / count(total_hprd) as below_3_48_share,
    count(*) filter (bed_utilization > 1) / count(bed_utilization) as over_capacity_share,
    count(*) filter (bed_utilization < 0.6) / count(bed_utilization) as below_60_share,
    avg(nursing_turnover_pct) as nursing_turnover_pct_mean, avg(rn_turnover_pct) as rn_turnover_pct_mean,
    count(*) filter (nursing_turnover_pct > 75) / count(nursing_turnover_pct) as high_turnover_share,
    avg(100 * (multiplier - 1)) as payment_change_pct_mean,
    avg(100 * greatest(0, 1 - multiplier)) filter (multiplier is not null) as penalty_pct_mean,
    sum(fines_usd) as fines_usd, avg(fines_usd::double) as fines_usd_mean,
    case when count(fines_usd) > 0 then count(*) filter (fines_usd > 0) end as fined_n,
    case when count(rsrr) > 0 then count(*) filter (total_hprd < 3.5 and rsrr >= 0.18 and multiplier < 1) end
      as high_risk_homes_n,
    avg(total_hprd) filter (total_hprd <= p10) as lowest_decile_hprd_mean
  from m group by snapshot_month
), c as (  -- no state with a score: not known, not none
  select snapshot_month, count(*) filter (risk_score >= 0.75) as critical_states_n,
    coalesce(sum(facility_n) filter (risk_score >= 0.75), 0) as critical_state_homes_n
  from nh_state_risk where risk_score is not null group by snapshot_month
), v as (
  select f.*, (select arg_max(struct_pack(rate := performance_rate), fiscal_year).rate from nh_vbp_national
      where fiscal_year <= year(f.snapshot_month)) as rsrr_national_unadjusted,
    c.critical_states_n, c.critical_state_homes_n
  from f left join c using (snapshot_month)
), page(metric_no, metric, unit, benchmark, benchmark_low, benchmark_high) as (values
  (1, 'facility_n', 'count', null, null, null), (2, 'bed_utilization_mean', 'fraction', '0.85-0.90', 0.85, 0.9),
  (3, 'bed_utilization_wtd', 'fraction', '0.85-0.90', 0.85, 0.9), (4, 'total_hprd_mean', 'hprd', '4.1', 4.1, 4.1),
  (5, 'total_hprd_wtd', 'hprd', '4.1', 4.1, 4.1), (6, 'rsrr_mean', 'fraction', '0.15', 0.15, 0.15),
  (7, 'rsrr_national_unadjusted', 'fraction', '0.15', 0.15, 0.15), (8, 'below_4_1_share', 'fraction', '0', 0, 0),
  (9, 'below_3_5_share', 'fraction', '0', 0, 0), (10, 'below_3_48_share', 'fraction', '0', 0, 0),
  (11, 'over_capacity_share', 'fraction', null, null, null), (12, 'below_60_share', 'fraction', null, null, null),
  (13, 'nursing_turnover_pct_mean', 'pct', null, null, null), (14, 'rn_turnover_pct_mean', 'pct', null, null, null),
  (15, 'high_turnover_share', 'fraction', null, null, null),
  (16, 'payment_change_pct_mean', 'pct', '-1.3 to -1.2', -1.3, -1.2), (17, 'penalty_pct_mean', 'pct', '1.2-1.3', 1.2, 1.3),
  (18, 'fines_usd', 'usd', null, null, null), (19, 'fines_usd_mean', 'usd', null, null, null),
  (20, 'fined_n', 'count', null, null, null), (21, 'high_risk_homes_n', 'count', null, null, null),
  (22, 'critical_states_n', 'count', null, null, null), (23, 'critical_state_homes_n', 'count', null, null, null),
  (24, 'lowest_decile_hprd_mean', 'hprd', '2.8', 2.8, 2.8))
select snapshot_month, metric, value, benchmark, unit, metric_no, benchmark_low::double as benchmark_low,
  benchmark_high::double as benchmark_high
from (from (select snapshot_month, (columns(* exclude (snapshot_month)))::double from v)
      unpivot include nulls (value for metric in (columns(* exclude (snapshot_month)))))
join page using (metric);
