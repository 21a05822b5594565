-- The questions about people once more, in the SQL of DuckDB, written from the model page.
-- Inputs: of gold patient_summary, chronic_condition, clm_visit, fact_claims and dim_patient; of silver claim,
-- clm_enrollment_month, drug_event and inpatient_stay.

create table people as  -- the persons and years that a beneficiary file holds
select *, year::varchar as period from patient_summary where has_beneficiary_year;

create table q01_patients_by_sex as
with p as (
  select * from people union all select * replace ('all' as period, null as year) from people
)
select source, period, year, coalesce(sex, 'unknown') as sex, count(distinct bene_id) as people_n,
  count(*) as patient_years_n, sum(p.member_months) as member_months, sum(p.total_medical_usd) as total_medical_usd,
  sum(p.rx_cost_usd) as rx_cost_usd, sum(p.total_cost_usd) as total_cost_usd,
  sum(p.total_cost_usd) / count(*) as total_cost_usd_mean,
  sum(p.total_cost_usd) / nullif(sum(p.member_months), 0) as pmpm_usd
from p group by source, period, year, coalesce(p.sex, 'unknown');

create table q03_age_distribution as
select source, year, age_band,
  case when age_end >= 95 then '95+' when age_end >= 0 then (age_end // 5 * 5) || '-' || (age_end // 5 * 5 + 4)
    else 'unknown' end as age_5y,
  coalesce(sex, 'unknown') as sex, count(*) as people_n, count(*) filter (died_in_year) as deaths_n,
  sum(p.member_months) as member_months, sum(age_end) as age_sum, count(age_end) as age_mean_n,
  age_sum / nullif(age_mean_n, 0) as age_mean
from people p group by source, year, age_band, age_5y, coalesce(p.sex, 'unknown');

create table q04_location as
with lived as (
  select source, period, year, bene_id, coalesce(state, 'unknown') as state, coalesce(county, 'unknown') as county,
    member_months
  from people
  union all
  select source, 'all', null, bene_id, coalesce(state, 'unknown'), coalesce(county, 'unknown'),
    member_months from people
), paid as (
  select f.source, f.claim_year::varchar as period, f.claim_year as year, coalesce(state, 'unknown') as state,
    coalesce(county, 'unknown') as county, payment_usd
  from fact_claims f left join dim_patient using (patient_key)
), paid_in as (
  select * from paid where year is not null union all select * replace ('all' as period, null as year) from paid
), persons as (
  select source, period, year, state, county, grouping(county) as over_counties, count(distinct bene_id) as people_n,
    count(*) as patient_years_n, sum(member_months) as member_months
  from lived group by source, period, year, state, rollup (county)
), payments as (
  select source, period, year, state, county, grouping(county) as over_counties, count(*) as claims_n,
    sum(payment_usd) as payment_usd
  from paid_in group by source, period, year, state, rollup (county)
)
select coalesce(a.source, b.source) as source, coalesce(a.period, b.period) as period, coalesce(a.year, b.year) as year,
  case coalesce(a.over_counties, b.over_counties) when 1 then 'state' else 'county' end as group_by,
  coalesce(a.state, b.state) as state, coalesce(a.county, b.county) as county, coalesce(people_n, 0) as people_n,
  coalesce(a.patient_years_n, 0) as patient_years_n, coalesce(a.member_months, 0) as member_months,
  coalesce(b.claims_n, 0) as claims_n, coalesce(b.payment_usd, 0) as payment_usd,
  coalesce(b.payment_usd, 0) / nullif(a.patient_years_n, 0) as payment_per_person_usd
from persons a
full join payments b on a.source = b.source and a.period = b.period and a.state = b.state
  and a.county is not distinct from b.county;

create table q05_race_enrollment as
select source, year, race, dual, esrd, count(*) as people_n, sum(p.part_a_months) as part_a_months,
  sum(p.part_b_months) as part_b_months, sum(p.part_c_months) as part_c_months, sum(p.part_d_months) as part_d_months,
  sum(p.member_months) as member_months, sum(p.ffs_months) as ffs_months,
  sum(p.dual_member_months) as dual_member_months,
  sum(p.total_cost_usd) as total_cost_usd, sum(p.total_cost_usd) / nullif(sum(p.member_months), 0) as pmpm_usd
from people p group by source, year, race, dual, esrd;

create table counted_people as  -- each person and year in the populations it belongs to
select 'all' as population, * from people union all select 'ffs12', * from people where ffs_months = 12;

create table q06_chronic_prevalence as
with p as (
  select * from counted_people union all select * replace ('all' as age_band) from counted_people
), sizes as (
  select source, year, population, age_band, count(*) as people_n from p group by all
), conditions as (
  select distinct 'dx' as basis, "group" as condition from chronic_groups
  union all select 'dx', 'cancer'
  union all
  select 'sp', unnest(['alzheimer', 'heart_failure', 'kidney', 'cancer', 'copd', 'depression', 'diabetes',
    'ischemic_heart',
    'osteoporosis', 'arthritis', 'stroke'])
), flagged as (
  select source, year, population, age_band, condition, count(*) filter (dx_flag) as dx, count(*) filter (sp_flag) as sp
  from p join chronic_condition using (source, bene_id, year) group by all
)
select source, year, population, basis, age_band, condition, people_n,
  coalesce(case basis when 'dx' then dx else sp end, 0) as flagged_n, flagged_n / people_n as prevalence_share
from sizes join conditions on basis = 'dx' or source = 'synpuf'
left join flagged using (source, year, population, age_band, condition);

create table q07_multimorbidity as
with p as (
  select 'dx' as basis, chronic_n as n, * from counted_people
  union all select 'sp', sp_chronic_n, * from counted_people where source = 'synpuf'
), banded as (
  select *, case when n = 0 then '0' when n = 1 then '1' when n <= 3 then '2-3' when n <= 5 then '4-5' when n >= 6
    then '6+'
    else 'unknown' end as chronic_band
  from p
), summed as (
  select source, year, population, basis, chronic_band, count(*) as people_n, sum(b.member_months) as member_months,
    sum(b.total_cost_usd) as total_cost_usd
  from banded b group by source, year, population, basis, chronic_band
)
select source, year, population, basis, chronic_band, people_n, people_n / sum(people_n) over w as people_share,
  member_months, total_cost_usd, total_cost_usd / nullif(sum(total_cost_usd) over w, 0) as cost_share,
  total_cost_usd / people_n as total_cost_usd_mean, total_cost_usd / nullif(member_months, 0) as pmpm_usd
from summed
window w as (partition by source, year, population, basis);

create table q10_high_cost_patients as
with p as (
  select source, year, total_medical_usd as paid, row_number() over w as nth, ntile(100) over w as hundredth,
    count(*) over (partition by source, year) as n, sum(paid) over (partition by source, year) as total
  from people
  window w as (partition by source, year order by total_medical_usd, bene_id)
), cuts as (
  select source, year, 95 as level, quantile_cont(paid::double, 0.95) as threshold from p group by all
  union all
  select source, year, 99, quantile_cont(paid::double, 0.99) from p group by all
), answers as (
  select source, year, 'all' as group_by, 'all' as group_value, count(*) as people_n, null::double as threshold_usd,
    sum(paid) as total_medical_usd, any_value(n) as n, any_value(total) as total,
    case when any_value(total) > 0
      then 2 * sum(nth * paid) / (any_value(n) * any_value(total)) - (any_value(n) + 1) / any_value(n) end as gini
  from p group by source, year
  union all
  select source, year, 'top', level::varchar, count(*), any_value(threshold), sum(paid), any_value(n),
    any_value(total), null
  from p join cuts using (source, year) where paid >= threshold group by source, year, level
  union all
  select source, year, 'lorenz', lpad(hundredth::varchar, 3, '0'), count(*), max(paid)::double, sum(paid), any_value(n),
    any_value(total), null
  from p group by source, year, hundredth
)
select source, year, group_by, group_value, people_n, people_n / n as people_share, threshold_usd, total_medical_usd,
  total_medical_usd / nullif(total, 0) as payment_share,
  case when group_by = 'lorenz' then sum(people_n) over w / n end as cumulative_people_share,
  case when group_by = 'lorenz' then sum(total_medical_usd) over w / nullif(total, 0) end as cumulative_payment_share,
    gini
from answers
window w as (partition by source, year, group_by order by group_value);

create table patient_service as
with event as (
  select source, bene_id, discharge_date as day, if(setting = 'inpatient', 'admission', 'snf') as service
  from inpatient_stay
  union all select source, bene_id, visit_date, visit_type from clm_visit
  union all select source, bene_id, from_date, claim_type from claim where claim_type in ('hha', 'hospice')
  union all select source, bene_id, service_date, 'fill' from drug_event
)
select e.source, e.bene_id, year(day) as year, service, count(*) as events_n,
  count(*) filter (if(service = 'fill', part_d, is_ffs)) as covered_events_n
from event e
left join clm_enrollment_month m on m.source = e.source and m.bene_id = e.bene_id and m.month = date_trunc('month', day)
where e.bene_id is not null and day is not null
group by e.source, e.bene_id, year(day), service;

create table q12_utilization as
with p as (
  select * replace (coalesce(state, 'unknown') as state) from people union all select * replace ('all' as state)
    from people
), rated as (
  select p.source, p.year, p.state, s.service, sum(covered_events_n) as n
  from p join patient_service s using (source, bene_id, year) group by p.source, p.year, p.state, s.service
), events as (
  select source, year, state, unnest([
      struct_pack(service := 'admission', n := stays_n, months := ffs_months),
      struct_pack(service := 'ed', n := ed_visits_n, months := ffs_months),
      struct_pack(service := 'office', n := office_visits_n, months := ffs_months),
      struct_pack(service := 'snf', n := snf_stays_n, months := ffs_months),
      struct_pack(service := 'hha', n := hha_claims_n, months := ffs_months),
      struct_pack(service := 'hospice', n := hospice_claims_n, months := ffs_months),
      struct_pack(service := 'fill', n := fills_n, months := part_d_months)], recursive := true)
  from p
)
select e.source, e.year, e.state, e.service, sum(e.n) as events_n, count(*) filter (e.n > 0) as users_n,
  count(*) as people_n, coalesce(any_value(rated.n), 0) as rate_events_n, sum(e.months) as rate_months,
  12000 * rate_events_n / nullif(sum(e.months), 0) as per_1000
from events e
left join rated on rated.source = e.source and rated.year = e.year and rated.state = e.state
  and rated.service = e.service
group by e.source, e.year, e.state, e.service;

create table q18_mortality as
with p as (
  select * from people union all select * replace ('all' as age_band) from people
)
select source, year, age_band, count(*) as people_n, count(*) filter (died_in_year) as deaths_n,
  sum(p.member_months) as member_months, sum(p.member_months) / 12 as person_years,
  1000 * count(*) filter (died_in_year) / nullif(sum(p.member_months) / 12, 0) as deaths_per_1000,
  sum(p.last_180d_cost_usd) as last_180d_cost_usd, count(p.last_180d_cost_usd) as last_180d_cost_usd_n,
  sum(p.last_180d_cost_usd) / nullif(count(p.last_180d_cost_usd), 0) as last_180d_cost_usd_mean
from p group by source, year, age_band;
