-- Encounters and procedures of hospital records, and the stays behind the key figures, once more in the SQL of DuckDB,
-- written from the definitions of the measures. Inputs: the tables of silver as delivered.

create table hosp_encounter as
with death as (
  select source, patient_id, max(death_date) as died from hosp_patient group by all
)
select e.* exclude (dq_flags, _source_file, _source_row, _load_id, _loaded_at, _row_hash), e.dq_flags,
  (total_cost_usd - payer_coverage_usd)::decimal(18, 2) as noncovered_usd,
  case when stop_at >= start_at then epoch(stop_at - start_at) / 3600 end as length_hours,
  case when stop_at >= start_at then floor(epoch(stop_at - start_at) / 86400)::int end as length_days_whole,
  case when start_at is not null then coalesce(start_at::date > died, false) end as after_death,
  case when start_at is not null then exists (
    select 1 from hosp_encounter_record b
    where b.source = e.source and b.patient_id = e.patient_id and b.stop_at > e.start_at
      and (b.start_at, b.encounter_id) < (e.start_at, e.encounter_id)) end as overlaps_previous,
  case when stop_at >= start_at then stop_at - start_at > interval 365 day end as is_over_365_days
from hosp_encounter_record e left join death using (source, patient_id);

create table hosp_procedure as
select coalesce(
    (select min(source) from hosp_encounter_record e
      where e.encounter_id = p.encounter_id and e.patient_id = p.patient_id),
    (select min(source) from hosp_patient h where h.patient_id = p.patient_id),
    'unknown') as source,
  p.* exclude (_source_file, _source_row, _load_id, _loaded_at, _row_hash)
from hosp_procedure_record p;

create table visit as
with payer as (
  select source, payer_id, arg_max(name, valid_from) as payer_name, arg_max(payer_group, valid_from) as payer_group
  from hosp_payer group by all
)
select e.* exclude (encounter_class), coalesce(encounter_class, 'unknown') as encounter_class,
  year(start_at)::int as year, coalesce(payer_name, 'Unknown') as payer_name,
  coalesce(payer_group, 'Unknown') as payer_group,
  case
    when lower(reason) like 'suspected%' then null
    when lower(reason) like '%heart failure%' then 'heart failure'
    when regexp_matches(lower(reason), 'breast') and regexp_matches(lower(reason), 'neoplasm|cancer') then 'breast cancer'
    when lower(reason) like '%hyperlipidemia%' then 'hyperlipidemia'
    when regexp_matches(lower(reason), 'lung') and regexp_matches(lower(reason), 'cancer|carcinoma|neoplasm')
      then 'lung cancer' end as chronic,
  greatest(noncovered_usd, 0) as uncovered_usd
from hosp_encounter e left join payer using (source, payer_id);

create table hosp_index_stay as
with stay as (
  select *, row_number() over (partition by source, patient_id order by start_at, encounter_id) as n from visit
  where encounter_class = 'inpatient' and start_at is not null and coalesce(code, '') <> '410410006'
    and coalesce(description, '') not ilike '%hospice%'
), pair as (
  select a.*, b.encounter_id as next_encounter_id, b.code as next_code, b.start_at as next_start,
    floor(epoch(b.start_at - a.stop_at) / 86400)::int as days_to_next
  from stay a left join stay b on a.source = b.source and a.patient_id = b.patient_id and b.n = a.n + 1
), known as (
  select *, coalesce(days_to_next between 1 and 30, false) as is_readmitted from pair
)
select source, encounter_id, patient_id, year, payer_group, start_at, stop_at, code, description, next_encounter_id,
  days_to_next, is_readmitted,
  coalesce(stop_at + interval 30 day <= (select max(start_at) from visit v where v.source = k.source), false)
    and not exists (select 1 from hosp_patient p where p.source = k.source and p.patient_id = k.patient_id
      and p.death_date <= k.stop_at::date) as is_counted,
  is_readmitted and coalesce(next_code in ('183495009', '305408004', '310061009', '86013001', '56876005'), false)
    as needs_review,
  is_readmitted and exists (select 1 from visit v where v.source = k.source and v.patient_id = k.patient_id
    and v.chronic is not null and v.start_at <= k.next_start) as is_chronic
from known k;

create table hosp_episode as
with recursive stay as (
  select *, row_number() over (partition by source, patient_id order by start_at, stop_at, encounter_id) as n
  from visit where encounter_class = 'inpatient' and payer_group = 'Medicare' and stop_at >= start_at
), walk as (  -- stay by stay: until when the running episode reaches
  select source, patient_id, encounter_id, n, true as opens, stop_at + interval 30 day as until from stay where n = 1
  union all
  select s.source, s.patient_id, s.encounter_id, s.n, s.start_at > w.until,
    case when s.start_at > w.until then s.stop_at + interval 30 day else w.until end
  from walk w join stay s on s.source = w.source and s.patient_id = w.patient_id and s.n = w.n + 1
), spent as (
  select s.source, s.encounter_id, sum(v.total_cost_usd)::decimal(18, 2) as spend_usd, count(*) as encounters_n
  from stay s join visit v on v.source = s.source and v.patient_id = s.patient_id
    and v.start_at between s.start_at - interval 3 day and s.stop_at + interval 30 day
  group by all
)
select source, encounter_id, s.patient_id, year, start_at, stop_at, spend_usd, encounters_n, opens as opens_episode
from stay s join walk using (source, encounter_id) join spent using (source, encounter_id);
