-- Checks between tables, of all domains: MEASURES B5.

create view services as
select 'claim' as "table", source, bene_id, year, from_date as day from claim where bene_id is not null
union all
select 'drug_event', source, bene_id, year, service_date from drug_event where bene_id is not null;

create view records as
select 'hosp_procedure' as "table", source, encounter_id, start_at::date as day from hosp_procedure
union all select 'hosp_condition', source, encounter_id, start_date from hosp_condition
union all select 'hosp_medication', source, encounter_id, start_at::date from hosp_medication
union all select 'hosp_observation', source, encounter_id, observed_at::date from hosp_observation
union all select 'hosp_immunization', source, encounter_id, given_at::date from hosp_immunization
union all select 'hosp_allergy', source, encounter_id, start_date from hosp_allergy
union all select 'hosp_careplan', source, encounter_id, start_date from hosp_careplan
union all select 'hosp_device', source, encounter_id, start_at::date from hosp_device
union all select 'hosp_imaging_study', source, encounter_id, taken_at::date from hosp_imaging_study
union all select 'hosp_supply', source, encounter_id, used_on from hosp_supply
union all select 'hosp_claim', source, encounter_id, service_at::date from hosp_claim
union all select 'hosp_claim_transaction', source, encounter_id, from_at::date from hosp_claim_transaction;

create table referential as
with named as (
  select 'nh_penalty' as "table", ccn, strftime(snapshot_month, '%Y-%m') as period, snapshot_month as month, false as expected from nh_penalty
  union all
  select 'nh_vbp', ccn, fiscal_year::varchar, make_date(fiscal_year, 9, 1), not (substr(ccn, 3, 4) between '5000' and '6499') from nh_vbp
  union all
  select 'pbj_daily', ccn, quarter, make_date(substr(quarter, 1, 4)::int, 3 * substr(quarter, 6, 1)::int, 1), false from pbj_daily
  union all
  select 'nh_measure_long', ccn, strftime(snapshot_month, '%Y-%m'), snapshot_month, source = 'swing' from nh_measure_long
  union all
  select 'nh_vaccination', ccn, strftime(snapshot_month, '%Y-%m'), snapshot_month, false from nh_vaccination where ccn is not null
), months as (
  select distinct n.month, h.snapshot_month as loaded from named n, (select distinct snapshot_month from nh_facility_month) h
), nearest as (
  select month, arg_min(loaded, (abs(datediff('month', loaded, month)), loaded)) as loaded from months group by month
)
select "table", ccn as key, period, if(expected, 'not_in_provider_info', 'orphan_facility') as rule, count(*) as rows_n,
  'not in provider information of ' || strftime(loaded, '%Y-%m') as detail
from named join nearest using (month) anti join nh_facility_month h on h.ccn = named.ccn and h.snapshot_month = loaded
group by all
union all
select 'pbj_daily', ccn, quarter, 'days_not_calendar', n, n || ' of ' || days || ' days'
from (
  select ccn, quarter, count(distinct work_date) as n, make_date(left(quarter, 4)::int, right(quarter, 1)::int * 3 - 2, 1) as d,
    date_diff('day', d, d + interval 3 month) as days
  from pbj_daily group by all) where n <> days
union all
select 'nh_vbp', ccn, fiscal_year::varchar, 'score_mismatch', 1, said
from (
  select ccn, fiscal_year, achievement_threshold as t, benchmark as b, 1 - performance_rsrr as rate, 1 - baseline_rsrr as base,
    case when rate >= b then 100 when rate >= t then 90 * (rate - t) / (b - t) + 5 when rate < t then 0 end as a,
    case when base < b then least(90, greatest(0, 100 * (rate - base) / (b - base) - 5)) end as i,
    case when rate is null then null else i end as im,
    coalesce(greatest(achievement, improvement), achievement, improvement) as p,
    concat_ws('; ',
      case when abs(achievement - a) > 0.001 then printf('achievement is %.3f, expected %.3f', achievement, a) end,
      case when abs(improvement - im) > 0.001 then printf('improvement is %.3f, expected %.3f', improvement, im) end,
      case when abs(performance_score - p) > 0.001
        then printf('performance_score is %.3f, expected %.3f', performance_score, p) end) as said
  from nh_vbp join nh_vbp_national using (fiscal_year)
  where achievement_threshold is not null and benchmark is not null) where said <> ''
union all
select 'nh_citation', prefix || '-' || tag, strftime(snapshot_month, '%Y-%m'), 'orphan_tag', count(*),
  'no such citation code; cited in ' || count(distinct ccn) || if(count(distinct ccn) = 1, ' home', ' homes')
from nh_citation c
where prefix is not null and tag is not null and exists (from nh_citation_code)
  and not exists (from nh_citation_code l where l.prefix = c.prefix and l.number = c.tag)
group by prefix, tag, snapshot_month
union all  -- people of a source of which beneficiary files are loaded
select "table", source || ':' || bene_id, year::varchar, 'orphan_beneficiary', count(*), 'in no beneficiary file'
from services s
where exists (from clm_beneficiary b where b.source = s.source)
  and not exists (from clm_beneficiary b where b.source = s.source and b.bene_id = s.bene_id)
group by "table", source, bene_id, year
union all
select "table", source || ':' || bene_id, year::varchar, 'service_after_death', count(*),
  printf('up to %d day%s after death', max(day - died), if(max(day - died) = 1, '', 's'))
from services join (
  select source, bene_id, if(source = 'synpuf', last_day(max(death_date)), max(death_date)) as died
  from clm_beneficiary group by source, bene_id) using (source, bene_id)
where day - died > if("table" = 'drug_event', 1, 0) group by "table", source, bene_id, year
union all  -- a collection of which encounters are loaded; a procedure of nobody known may be of any
select "table", source || ':' || encounter_id, year(day)::varchar, 'orphan_encounter', count(*), 'in no encounter file'
from records r
where encounter_id is not null and exists (from hosp_encounter e where e.source = r.source or r.source = 'unknown')
  and not exists (from hosp_encounter e where e.source = r.source and e.encounter_id = r.encounter_id)
group by "table", source, encounter_id, year(day)
union all
select "table", source || ':' || patient_id, year(day)::varchar, 'service_after_death', count(*),
  printf('up to %d day%s after death', max(day - died), if(max(day - died) = 1, '', 's'))
from (
  select 'hosp_encounter' as "table", source, patient_id, start_at::date as day from hosp_encounter
  union all select 'hosp_procedure', source, patient_id, start_at::date from hosp_procedure)
join (select source, patient_id, max(death_date) as died from hosp_patient group by all) using (source, patient_id)
where day > died group by "table", source, patient_id, year(day);

-- The measures of both files, one a row, under the name that provider information gives them.
create view averages as
select snapshot_month, measure, value from (
  unpivot (select snapshot_month, (columns('_mean$'))::double from nh_state_month where is_national)
  on columns(* exclude (snapshot_month)) into name measure value value);

create view home_values as
select snapshot_month, (columns(['fines_n', 'fines_usd', 'denials_n', 'residents_per_day', 'total_hprd', 'rn_hprd',
  'lpn_hprd', 'aide_hprd', 'licensed_hprd', 'pt_hprd', 'weekend_total_hprd', 'weekend_rn_hprd', 'case_mix_index',
  'case_mix_rn_hprd', 'case_mix_total_hprd', 'case_mix_weekend_total_hprd', 'nursing_turnover_pct', 'rn_turnover_pct',
  'administrators_left_n', 'deficiencies_c1_n', 'deficiencies_c2_n', 'deficiencies_c3_n', 'overall_rating',
  'health_rating', 'qm_rating', 'staffing_rating']))::double
from nh_facility_month;

create table reconciliation as
with l as (
  select snapshot_month, measure, avg(value) as mean, sum(value) as total, count(value) as n
  from home_values unpivot include nulls (value for measure in (columns(* exclude (snapshot_month))))
  group by all
), r as (
  select snapshot_month, 'fines_n' as measure, count(fine_usd)::double as v, count(fine_usd) as n from nh_penalty group by all
  union all select snapshot_month, 'fines_usd', sum(fine_usd)::double, count(fine_usd) from nh_penalty group by all
  union all select snapshot_month, 'denials_n', (count(*) - count(fine_usd))::double, count(*) - count(fine_usd) from nh_penalty group by all
), both_files as (
  select 'fines' as rule, snapshot_month, measure, l.total as left_value, l.n as left_n, 'nh_penalty' as right_table,
    r.v as right_value, r.n as right_n
  from l full join r using (snapshot_month, measure) where measure in ('fines_n', 'fines_usd', 'denials_n')
  union all
  select 'facility_mean', l.snapshot_month, l.measure, l.mean, l.n, 'nh_state_month', a.value,
    case when exists (select 1 from nh_state_month s where s.is_national and s.snapshot_month = l.snapshot_month) then 1 end
  from l left join averages a
    on a.snapshot_month = l.snapshot_month and a.measure = regexp_replace(l.measure, '_n$', '') || '_mean'
  where l.measure <> 'denials_n'
), stated as (  -- what Medicare paid for a person in a year, by the beneficiary file
  unpivot (select bene_id, year, ip_reimbursed_usd as inpatient, op_reimbursed_usd as outpatient,
    car_reimbursed_usd as carrier from clm_beneficiary_year where source = 'synpuf')
  on inpatient, outpatient, carrier into name claim_type value usd
), paid as (
  select year, claim_type, sum(payment_usd)::double as v, count(*) as n
  from claim c where source = 'synpuf' and exists (
    from clm_beneficiary_year y where y.source = 'synpuf' and y.bene_id = c.bene_id and y.year = c.year)
  group by all
), summary as (
  select claim_type, sum(exported_n)::double as v, count(exported_n) as n,
    if(claim_type = 'pde',
      (select count(*) from drug_event d where exists (from clm_export_count p where (p.source, p.bene_id) = (d.source, d.bene_id))),
      (select count(*) from claim c where c.claim_type = e.claim_type
        and exists (from clm_export_count p where (p.source, p.bene_id) = (c.source, c.bene_id)))) as here
  from clm_export_count e group by claim_type
), figures as (
  select *, 'nh_facility_month' as left_table from both_files
  union all by name
  select 'synpuf_year' as rule, make_date(year, 1, 1) as snapshot_month, claim_type || '_payment_usd' as measure,
    'claim' as left_table, p.v as left_value, p.n as left_n, 'clm_beneficiary_year' as right_table,
    s.v as right_value, s.n as right_n
  from (select year, claim_type, sum(usd)::double as v, count(*) as n from stated group by all) s
  full join paid p using (year, claim_type)
  union all by name
  select 'export_summary' as rule, if(claim_type = 'pde', 'fills_n', claim_type || '_claims_n') as measure,
    if(claim_type = 'pde', 'drug_event', 'claim') as left_table, here::double as left_value, here as left_n,
    'clm_export_count' as right_table, v as right_value, n as right_n from summary
)
select rule, snapshot_month, measure, left_table, left_value, left_n, right_table, right_value,
  right_n, left_value - right_value as diff, 100 * (left_value - right_value) / nullif(right_value, 0) as diff_pct
from figures;
