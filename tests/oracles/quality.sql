-- Quality measures by quarter once more, in the SQL of DuckDB, written from the definitions of the measures.
-- Input: nh_measure_long (silver). Which measures are better when higher: CMS MDS 3.0 Quality Measures User's Manual.

create table directions as
select unnest(['415', '426', '430', '454', '471', '472']) as code, true as up  -- vaccines given, function improved
union all
select unnest(['401', '402', '404', '405', '406', '407', '408', '409', '410', '419', '424', '425', '434', '451', '452',
  '453', '479', '480', '481']), false;

-- Every score that a release gives to one of the four quarters of its period, dated by the quarter's first day.
create table sent as
select ccn, measure_code, state, resident_type, snapshot_month, period, value as score,
  (date_trunc('quarter', period_start) + to_months(3 * (name[2:2]::int - 1)))::date as starts
from nh_measure_long unpivot include nulls (value for name in (q1, q2, q3, q4))
where source = 'mds'
  and date_trunc('quarter', period_end) = date_trunc('quarter', period_start) + interval 9 month;

create table nh_quality_trend as
with newest as (
  select * from sent
  qualify row_number() over (partition by ccn, measure_code, starts order by snapshot_month desc, period desc) = 1
)
select n.ccn, n.measure_code, year(n.starts) || 'Q' || quarter(n.starts) as quarter, n.state, n.resident_type,
  n.snapshot_month, n.score, p.score as previous_score, n.score - p.score as qoq_change,
  case up when true then 'higher' when false then 'lower' end as better_when,
  case when up is null then null when up then n.score < p.score else n.score > p.score end as worsened
from newest n
left join newest p on p.ccn = n.ccn and p.measure_code = n.measure_code and p.starts = n.starts - interval 3 month
left join directions on code = n.measure_code
where n.score is not null;
