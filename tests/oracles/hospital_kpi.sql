-- Key figures of hospital records once more, in the SQL of DuckDB, written from the definitions of the measures.
-- Inputs: hosp_encounter of silver; hosp_index_stay and hosp_episode of gold.

create table fact as
with payer as (
  select source, payer_id, arg_max(payer_group, valid_from) as payer_group from hosp_payer group by all
)
select e.*, coalesce(encounter_class, 'unknown') as class, coalesce(year(e.start_at)::varchar, 'unknown') as own_year,
  coalesce(p.payer_group, 'Unknown') as own_payer_group, greatest(noncovered_usd, 0) as uncovered_usd,
  i.encounter_id is not null as eligible, coalesce(i.is_readmitted, false) as readmitted,
  coalesce(i.is_counted, false) as counted, coalesce(i.needs_review, false) as review,
  coalesce(i.is_chronic, false) as chronic, s.encounter_id is not null as episode,
  coalesce(s.opens_episode, false) as opens, s.spend_usd,
  reason is not null and exists (select 1 from hosp_index_stay r
    where r.source = e.source and r.patient_id = e.patient_id and r.is_readmitted) as reason_of_readmitted,
  case
    when reason ilike '%heart failure%' then 1
    when reason ilike '%breast%' then 2
    when reason ilike '%hyperlipidemia%' then 3
    when reason ilike '%lung%' and reason ilike '%small cell%' and reason not ilike '%non%small cell%' then 4
  end as doc_reason
from hosp_encounter e
left join payer p using (source, payer_id)
left join hosp_index_stay i on i.source = e.source and i.encounter_id = e.encounter_id
left join hosp_episode s on s.source = e.source and s.encounter_id = e.encounter_id;

create table in_rows as  -- each encounter once for every grouping
select source, case when y = 1 then 'all' else own_year end as year, case when c = 1 then 'all' else class end as encounter_class,
  case when p = 1 then 'all' else own_payer_group end as payer_group, fact.* exclude (source, encounter_class)
from fact, (values (0), (1)) a(y), (values (0), (1)) b(c), (values (0), (1)) d(p);

create table population as
with year_of_patient as (
  select source, patient_id, own_year,
    datediff('month', min(date_trunc('month', start_at)), max(date_trunc('month', start_at))) + 1 as months
  from fact group by all
)
select source, own_year as year, count(*) as people, sum(months) as months from year_of_patient group by all
union all
select source, 'all', count(distinct patient_id), sum(months) from year_of_patient group by all;

create table hosp_kpi as
with stage as (
  select source, year, encounter_class, payer_group, count(*) as encounters_n, count(distinct patient_id) as patients_n,
    count(*) filter (class = 'inpatient') as stays_n,
    avg(length_hours) filter (class = 'inpatient') / 24 as alos_days,
    count(length_hours) filter (class = 'inpatient') as alos_n,
    count(length_hours) filter (class in ('emergency', 'urgentcare')) as avg_minutes_n,
    count(spend_usd) filter (opens) as avg_spend_per_episode_n, count(spend_usd) as avg_spend_all_n,
    count(total_cost_usd) filter (class = 'inpatient') as avg_cost_per_stay_n,
    count(*) filter (class = 'inpatient' and length_hours > 24) / nullif(count(length_hours) filter (class = 'inpatient'), 0)
      as over_24h_share,
    avg(length_hours * 60) filter (class in ('emergency', 'urgentcare')) as avg_minutes,
    count(*) filter (eligible) as readmit_eligible_n, count(*) filter (readmitted) as readmissions_n,
    count(*) filter (counted) as readmit_index_n, count(*) filter (counted and readmitted) as readmit_index_readmitted_n,
    count(*) filter (review) as readmit_planned_review_n, count(*) filter (chronic) as chronic_n,
    count(*) filter (reason_of_readmitted) as reasons_n,
    count(*) filter (reason_of_readmitted and doc_reason = 1) as doc_1,
    count(*) filter (reason_of_readmitted and doc_reason = 2) as doc_2,
    count(*) filter (reason_of_readmitted and doc_reason = 3) as doc_3,
    count(*) filter (reason_of_readmitted and doc_reason = 4) as doc_4,
    count(*) filter (opens) as episodes_n, avg(spend_usd::double) filter (opens) as avg_spend_per_episode_usd,
    count(*) filter (episode) as episodes_all_n, avg(spend_usd::double) as avg_spend_all_usd,
    sum(total_cost_usd)::decimal(18, 2) as tcoc_total_usd, sum(uncovered_usd)::decimal(18, 2) as noncovered_usd,
    count(*) filter (payer_coverage_usd = 0) as zero_coverage_n,
    sum(case when payer_coverage_usd = 0 then total_cost_usd when total_cost_usd is not null then 0 end)::decimal(18, 2)
      as zero_coverage_usd,
    sum(case when own_payer_group = 'Uninsured' then uncovered_usd when uncovered_usd is not null then 0 end)::decimal(18, 2)
      as uninsured_noncovered_usd,
    avg(total_cost_usd::double) filter (class = 'inpatient') as avg_cost_per_stay_usd
  from in_rows group by all
)
select s.source, s.year, s.encounter_class, s.payer_group, s.encounters_n, s.patients_n,
  s.encounters_n / s.patients_n as per_patient_n, s.stays_n, s.alos_days, s.over_24h_share, s.alos_n, s.avg_minutes,
  s.avg_minutes_n,
  s.readmit_eligible_n, s.readmissions_n, s.readmit_index_n, s.readmit_index_readmitted_n,
  s.readmit_index_readmitted_n / nullif(s.readmit_index_n, 0) as readmit_rate,
  s.readmissions_n / nullif(s.readmit_eligible_n - s.readmissions_n, 0) as readmit_rate_doc,
  0.1456::double as readmit_national, s.readmit_planned_review_n,
  s.chronic_n / nullif(s.readmissions_n, 0) as chronic_share_readmissions,
  (floor(100 * s.doc_1 / nullif(s.reasons_n, 0) + 0.5) + floor(100 * s.doc_2 / nullif(s.reasons_n, 0) + 0.5)
    + floor(100 * s.doc_3 / nullif(s.reasons_n, 0) + 0.5) + floor(100 * s.doc_4 / nullif(s.reasons_n, 0) + 0.5)) / 100
    as chronic_share_doc,
  s.episodes_n, s.avg_spend_per_episode_usd, s.avg_spend_per_episode_n, s.avg_spend_per_episode_usd / 16698 as mspb_ratio,
  16698::double as mspb_national_usd, s.episodes_all_n, s.avg_spend_all_usd, s.avg_spend_all_n, p.people as tcoc_patients_n,
  p.months as tcoc_months_n, s.tcoc_total_usd::double / p.people as tcoc_usd, s.tcoc_total_usd,
  s.tcoc_total_usd::double / p.months as tcoc_pmpm_usd, s.noncovered_usd, s.zero_coverage_n, s.zero_coverage_usd,
  s.zero_coverage_usd::double / nullif(s.tcoc_total_usd, 0)::double as zero_coverage_share_doc,
  s.zero_coverage_n / nullif(w.zero_coverage_n, 0) as zero_coverage_class_share,
  s.zero_coverage_usd::double / nullif(w.zero_coverage_usd, 0)::double as zero_coverage_class_usd_share,
  s.uninsured_noncovered_usd,
  s.uninsured_noncovered_usd::double / nullif(s.noncovered_usd, 0)::double as uninsured_share_of_noncovered,
  s.avg_cost_per_stay_usd, s.avg_cost_per_stay_n
from stage s
join stage w on w.source = s.source and w.year = s.year and w.payer_group = s.payer_group and w.encounter_class = 'all'
join population p on p.source = s.source and p.year = s.year;
