-- Trends, citations and the overtime proxy once more, in the SQL of DuckDB, written from the definitions of the measures.
-- Inputs: nh_citation (silver), nh_facility_metrics and pbj_quarter (gold); every statement makes one table or view.

-- The value of every metric, place and loaded month. A home without a state counts for the nation alone.
create view places as
select 'home' as level, ccn, state, ccn as place, * exclude (ccn, state) from nh_facility_metrics
union all
select 'state', ccn, state, state, * exclude (ccn, state) from nh_facility_metrics where state is not null
union all
select 'nation', ccn, 'US', 'US', * exclude (ccn, state) from nh_facility_metrics;

create view home_measures as
from (
  select level, ccn, state, place, snapshot_month,
    (columns(['overall_rating', 'total_hprd', 'rn_hprd', 'weekend_total_hprd', 'nursing_turnover_pct', 'bed_utilization',
      'fines_usd', 'deficiencies_c1_n', 'rsrr']))::double
  from places)
unpivot include nulls (value for name in (columns(* exclude (level, ccn, state, place, snapshot_month))));

create view named as
select * from (values
  ('overall_rating', 'stars'), ('total_hprd', 'hprd'), ('rn_hprd', 'hprd'), ('weekend_total_hprd', 'hprd'),
  ('nursing_turnover_pct', 'pct'), ('bed_utilization', 'fraction'), ('fines_usd', 'usd'),
  ('deficiencies_c1_n', 'count'), ('rsrr', 'fraction')) as t(name, unit);

create table measured as
select level, ccn, state, place, name as metric, unit, snapshot_month, value, (value is not null)::bigint as value_n
from home_measures join named using (name) where level = 'home'
union all
select level, null, place, place, regexp_replace(name, '_n$', '') || '_mean', unit, snapshot_month, avg(value), count(value)
from home_measures join named using (name) where level <> 'home' group by level, place, name, unit, snapshot_month
union all
select level, null, place, place, 'total_hprd_wtd', 'hprd', snapshot_month,
  sum(total_hprd * residents_per_day) / nullif(sum(residents_per_day) filter (total_hprd is not null), 0),
  count(total_hprd * residents_per_day)
from places where level <> 'home' group by level, place, snapshot_month
union all
select level, null, place, place, 'bed_utilization_wtd', 'fraction', snapshot_month,
  sum(residents_per_day) filter (certified_beds > 0) / sum(certified_beds) filter (certified_beds > 0 and residents_per_day is not null),
  count(residents_per_day) filter (certified_beds > 0)
from places where level <> 'home' group by level, place, snapshot_month;

create view lines as  -- least squares over the values of the twelve calendar months up to each month
with points as (
  select m.level, m.place, m.metric, m.snapshot_month,
    date_diff('month', m.snapshot_month, p.snapshot_month) as x, p.value as y
  from measured m join measured p on p.level = m.level and p.place = m.place and p.metric = m.metric
    and p.snapshot_month between m.snapshot_month - interval 11 month and m.snapshot_month and p.value is not null
), centres as (
  select level, place, metric, snapshot_month, favg(x) as mx, favg(y) as my, count(*) as n from points group by all
)
select level, place, metric, snapshot_month, n,
  case when n >= 3 then fsum((x - mx) * (y - my)) / fsum((x - mx) ^ 2) end as slope
from points join centres using (level, place, metric, snapshot_month)
group by level, place, metric, snapshot_month, n;

create table nh_trend as
select m.level, m.ccn, m.state, m.level = 'nation' as is_national, m.metric, m.unit, m.snapshot_month, m.value, m.value_n,
  a.value as previous, m.value - a.value as change, 100 * (m.value / nullif(a.value, 0) - 1) as change_pct,
  (m.value + a.value + b.value) / 3 as mean_3m, slope as slope_12m, coalesce(n, 0)::int as slope_12m_n
from measured m
left join measured a on a.level = m.level and a.place = m.place and a.metric = m.metric
  and a.snapshot_month = m.snapshot_month - interval 1 month
left join measured b on b.level = m.level and b.place = m.place and b.metric = m.metric
  and b.snapshot_month = m.snapshot_month - interval 2 month
left join lines l on l.level = m.level and l.place = m.place and l.metric = m.metric
  and l.snapshot_month = m.snapshot_month;

create table nh_citation_summary as
with c as (
  select * replace (coalesce(cycle::varchar, 'unknown') as cycle, coalesce(category, 'unknown') as category),
    correction_date - survey_date as days, lower(trim(coalesce(corrected, ''))) as said
  from nh_citation
), leveled as (
  select 'home' as level, ccn as place, * from c
  union all select 'state', state, * from c where state is not null
  union all select 'nation', 'US', * from c
)
select level, case when level = 'home' then place end as ccn, case when level = 'home' then max(state) else place end as state,
  level = 'nation' as is_national, domain, snapshot_month, coalesce(cycle, 'all') as cycle, coalesce(category, 'all') as category,
  count(*) as citations_n,
  count(*) filter (scope_severity in ('A', 'B', 'C')) as severity_1_n,
  count(*) filter (scope_severity in ('D', 'E', 'F')) as severity_2_n,
  count(*) filter (scope_severity in ('G', 'H', 'I')) as severity_3_n,
  count(*) filter (scope_severity in ('J', 'K', 'L')) as severity_4_n,
  count(*) filter (scope_severity in ('J', 'K', 'L')) as immediate_jeopardy_n,
  count(*) filter (infection) as infection_n, count(*) filter (complaint) as complaint_n,
  median(days)::double as days_to_correct_median, count(days) as days_to_correct_n,
  count(*) filter (said <> 'past non-compliance' and (correction_date is null or said like '%plan of correction')) as open_n
from leveled
group by level, place, domain, snapshot_month, cube (cycle, category);

create table pbj_overtime_proxy as
with s as (
  select state, period, favg(weekend_gap_pct) as gap, nullif(stddev_samp(weekend_gap_pct), 0) as gap_sd,
    count(weekend_gap_pct) as gap_n, favg(contract_share) as share, nullif(stddev_samp(contract_share), 0) as share_sd,
    count(contract_share) as share_n
  from pbj_quarter where aberrant is not true and state is not null group by all
)
select ccn, period as quarter, state, aberrant, weekend_gap_pct, contract_share,
  (weekend_gap_pct - gap) / gap_sd as weekend_gap_z, coalesce(gap_n, 0) as weekend_gap_z_n,
  (contract_share - share) / share_sd as contract_share_z, coalesce(share_n, 0) as contract_share_z_n,
  (weekend_gap_z + contract_share_z) / 2 as overtime_proxy
from pbj_quarter left join s using (state, period);
