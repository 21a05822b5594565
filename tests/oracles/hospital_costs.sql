-- Cost, patients and flow of hospital records once more, in the SQL of DuckDB, written from the definitions.
-- Inputs: silver; hosp_index_stay of gold.

create table cost as
with payer as (
  select source, payer_id, arg_max(name, valid_from) as payer_name, arg_max(payer_group, valid_from) as payer_group
  from hosp_payer group by all
)
select e.* exclude (encounter_class, payer_id), coalesce(encounter_class, 'unknown') as encounter_class,
  coalesce(payer_id, 'none') as payer_id, year(start_at)::int as year, payer_coverage_usd = 0 as is_zero,
  coalesce(payer_name, 'Unknown') as payer_name, coalesce(payer_group, 'Unknown') as payer_group,
  greatest(noncovered_usd, 0) as uncovered_usd
from hosp_encounter e left join payer using (source, payer_id);

create table hosp_cost_by_class as
select source, encounter_class, year, count(*) as encounters_n, sum(total_cost_usd)::decimal(18, 2) as total_cost_usd,
  sum(base_cost_usd)::decimal(18, 2) as base_cost_usd, sum(payer_coverage_usd)::decimal(18, 2) as payer_coverage_usd,
  sum(uncovered_usd)::decimal(18, 2) as noncovered_usd, count(total_cost_usd) as total_cost_n,
  avg(total_cost_usd::double) as total_cost_mean_usd,
  sum(total_cost_usd)::double / nullif(sum(sum(total_cost_usd)) over (partition by source, year), 0)::double as cost_share
from cost group by source, encounter_class, year;

create table hosp_cost_by_procedure as
select p.source, coalesce(e.encounter_class, 'unknown') as encounter_class, p.code, min(p.description) as description,
  count(*) as procedures_n, sum(p.base_cost_usd)::decimal(18, 2) as base_cost_usd, count(p.base_cost_usd) as base_cost_n,
  avg(p.base_cost_usd::double) as base_cost_mean_usd,
  sum(p.base_cost_usd)::double
    / sum(sum(p.base_cost_usd)) over (partition by p.source, coalesce(e.encounter_class, 'unknown'))::double as cost_share,
  rank() over (partition by p.source, coalesce(e.encounter_class, 'unknown') order by sum(p.base_cost_usd) desc nulls last)
    as cost_rank,
  count(*) filter (e.payer_coverage_usd = 0) as zero_coverage_n,
  (sum(p.base_cost_usd) filter (e.payer_coverage_usd = 0))::decimal(18, 2) as zero_coverage_base_cost_usd
from hosp_procedure p left join hosp_encounter e on e.source = p.source and e.encounter_id = p.encounter_id
group by p.source, coalesce(e.encounter_class, 'unknown'), p.code;

create table hosp_cost_by_encounter_code as
select source, encounter_class, coalesce(code, 'none') as code, min(description) as description, count(*) as encounters_n,
  sum(total_cost_usd)::decimal(18, 2) as total_cost_usd, count(total_cost_usd) as total_cost_n,
  avg(total_cost_usd::double) as total_cost_mean_usd,
  sum(total_cost_usd)::double / sum(sum(total_cost_usd)) over (partition by source, encounter_class)::double as cost_share,
  rank() over (partition by source, encounter_class order by sum(total_cost_usd) desc nulls last) as cost_rank,
  count(*) filter (is_zero) as zero_coverage_n, (sum(total_cost_usd) filter (is_zero))::decimal(18, 2) as zero_coverage_usd
from cost group by source, encounter_class, coalesce(code, 'none');

create table hosp_payer_mix as
select source, payer_id, year, min(payer_name) as payer_name, min(payer_group) as payer_group, count(*) as encounters_n,
  count(*) / sum(count(*)) over (partition by source, year) as encounters_share,
  sum(total_cost_usd)::decimal(18, 2) as total_cost_usd, sum(payer_coverage_usd)::decimal(18, 2) as payer_coverage_usd,
  sum(payer_coverage_usd)::double / nullif(sum(total_cost_usd), 0)::double as coverage_ratio,
  count(*) filter (is_zero) as zero_coverage_n, count(*) filter (is_zero) / nullif(count(payer_coverage_usd), 0) as zero_coverage_share
from cost group by source, payer_id, year;

create table hosp_patient_summary as
with person as (
  select source, patient_id, arg_max(gender, valid_from) as gender, arg_max(birth_date, valid_from) as birth_date,
    arg_max(death_date, valid_from) as death_date
  from hosp_patient group by all
), ed as (  -- of every emergency encounter those within the 365 days that end with it
  select source, patient_id, max(n) as n from (
    select a.source, a.patient_id, a.encounter_id, count(*) as n from cost a join cost b
      on a.source = b.source and a.patient_id = b.patient_id and a.encounter_class = 'emergency'
      and b.encounter_class = 'emergency' and b.start_at between a.start_at - interval 365 day and a.start_at
    group by all)
  group by all
), used as (
  select source, patient_id, count(*) as encounters_n,
    count(*) filter (encounter_class = 'ambulatory') as ambulatory_n,
    count(*) filter (encounter_class = 'outpatient') as outpatient_n,
    count(*) filter (encounter_class = 'emergency') as emergency_n,
    count(*) filter (encounter_class = 'inpatient') as inpatient_n,
    count(*) filter (encounter_class = 'urgentcare') as urgentcare_n,
    count(*) filter (encounter_class = 'wellness') as wellness_n,
    sum(total_cost_usd)::decimal(18, 2) as total_cost_usd, sum(payer_coverage_usd)::decimal(18, 2) as payer_coverage_usd,
    sum(uncovered_usd)::decimal(18, 2) as noncovered_usd, min(start_at)::date as first_seen_date,
    max(start_at)::date as last_seen_date,
    nullif(concat_ws(', ',
      max(case when reason ilike '%breast%' then 'breast cancer' end),
      max(case when reason ilike '%heart failure%' then 'heart failure' end),
      max(case when reason ilike '%hyperlipidemia%' then 'hyperlipidemia' end),
      max(case when reason ilike '%lung%' and reason not ilike 'suspected%' then 'lung cancer' end)), '')
      as chronic_conditions
  from cost group by all
), readmitted as (
  select source, patient_id, count(*) filter (is_readmitted) as n from hosp_index_stay group by all
), dear as (
  select source, quantile_cont(total_cost_usd::double, 0.95) as least_usd from used group by all
), known as (
  select source, patient_id from person union select source, patient_id from used
)
select k.source, k.patient_id, gender,
  date_sub('year', birth_date, least(last_seen_date, death_date))::int as age_years, death_date is not null as has_died,
  coalesce(encounters_n, 0) as encounters_n, coalesce(ambulatory_n, 0) as ambulatory_n,
  coalesce(outpatient_n, 0) as outpatient_n, coalesce(emergency_n, 0) as emergency_n,
  coalesce(inpatient_n, 0) as inpatient_n, coalesce(urgentcare_n, 0) as urgentcare_n,
  coalesce(wellness_n, 0) as wellness_n,
  coalesce(encounters_n - ambulatory_n - outpatient_n - emergency_n - inpatient_n - urgentcare_n - wellness_n, 0)
    as other_class_n,
  coalesce(ed.n, 0) as ed_12_months_n, coalesce(readmitted.n, 0) as readmissions_n, total_cost_usd, payer_coverage_usd,
  noncovered_usd, chronic_conditions, first_seen_date, last_seen_date,
  coalesce(readmitted.n, 0) >= 2 or coalesce(ed.n, 0) >= 4 or coalesce(total_cost_usd::double >= least_usd, false)
    as is_high_risk
from known k
left join person using (source, patient_id)
left join used using (source, patient_id)
left join ed using (source, patient_id)
left join readmitted using (source, patient_id)
left join dear using (source);

create table hosp_sdoh as
with told as (
  select source, patient_id, start_date as day, description as said, code, true as is_finding from hosp_condition
  where description ilike '%(finding)'
  union all
  select source, patient_id, observed_at::date, value, code, false from hosp_observation
  where value is not null and value not ilike 'i choose not to answer%'
), topic as (
  select *, 'employment' as topic from told
  where is_finding and (said ilike '%employ%' or said ilike '%labor force%') or not is_finding and code = '67875-5'
  union all
  select *, 'housing' from told
  where is_finding and (said ilike '%housing%' or said ilike '%homeless%') or not is_finding and code = '71802-3'
  union all
  select *, 'transport' from told where is_finding and said ilike '%transport%' or not is_finding and code = '93030-5'
  union all
  select *, 'education' from told
  where is_finding and (said ilike '%education%' or said ilike '%school%') or not is_finding and code = '82589-3'
), latest as (
  select source, patient_id, topic, max({'day': day, 'said': said}) as last from topic group by all
), person as (
  select distinct source, patient_id from hosp_patient
)
select p.source, p.patient_id, e.last.said as employment, e.last.day as employment_date, h.last.said as housing,
  h.last.day as housing_date, t.last.said as transport, t.last.day as transport_date, s.last.said as education,
  s.last.day as education_date
from person p
left join latest e on e.source = p.source and e.patient_id = p.patient_id and e.topic = 'employment'
left join latest h on h.source = p.source and h.patient_id = p.patient_id and h.topic = 'housing'
left join latest t on t.source = p.source and t.patient_id = p.patient_id and t.topic = 'transport'
left join latest s on s.source = p.source and s.patient_id = p.patient_id and s.topic = 'education';

create table day_of_hospital as
with moved as (
  select * from hosp_encounter where start_at is not null and stop_at >= start_at or start_at is not null and stop_at is null
), span as (
  select source, min(day) as first_day, max(day) as last_day from (
    select source, start_at::date as day from moved where encounter_class in ('inpatient', 'emergency')
    union all select source, stop_at::date from moved where encounter_class = 'inpatient' and stop_at is not null)
  group by source
), calendar as (
  select source, unnest(generate_series(first_day, last_day, interval 1 day))::date as day from span
)
select source, day,
  (select count(*) from moved m where m.source = c.source and encounter_class = 'inpatient' and start_at::date = day) as admitted,
  (select count(*) from moved m where m.source = c.source and encounter_class = 'inpatient' and stop_at::date = day) as discharged,
  (select count(distinct coalesce(patient_id, encounter_id)) from moved m
    where m.source = c.source and encounter_class = 'inpatient' and start_at::date <= day
    and (stop_at is null or stop_at::date > day)) as census,
  (select count(*) from moved m where m.source = c.source and encounter_class = 'emergency' and start_at::date = day) as ed
from calendar c;

create table hosp_throughput as
select source, 'day' as period_type, day as period_start, admitted as admissions_n, discharged as discharges_n,
  census as census_n, census::double as census_mean, ed as ed_visits_n
from day_of_hospital
union all
select source, 'month', date_trunc('month', day)::date, sum(admitted)::bigint, sum(discharged)::bigint,
  arg_max(census, day), avg(census), sum(ed)::bigint
from day_of_hospital group by source, date_trunc('month', day)::date;

create table hosp_true_los as
select source, coalesce(encounter_class, 'unknown') as encounter_class, coalesce(reason, 'none') as reason,
  year(start_at)::int as year, count(*) as encounters_n, count(length_hours) as length_n,
  avg(length_hours) as length_hours_mean, quantile_cont(length_hours, 0.5) as length_hours_median,
  quantile_cont(length_hours, 0.9) as length_hours_p90, count(*) filter (length_hours = 0) as zero_length_n,
  count(*) filter (length_hours > 365 * 24) as over_365_days_n, count(*) - count(length_hours) as unknown_n
from hosp_encounter
group by source, coalesce(encounter_class, 'unknown'), coalesce(reason, 'none'), year(start_at)::int;
