-- Stays, episodes and readmissions once more, in the SQL of DuckDB, written from the model page.
-- Inputs: silver, and of gold claims_extent, patient_year and chronic_condition.

create macro age_on(born, d) as year(d) - year(born) - ((month(d), day(d)) < (month(born), day(born)))::int;

-- Claims in their order, each with the number of its stay among those of the person at the provider.
create table stay_claim as
with c as (
  select *, max(discharge_date) over (
      partition by source, claim_type, bene_id, provider_id_type, provider_id order by admit_date, discharge_date,
      claim_id
      rows between unbounded preceding and 1 preceding) as until
  from claim
  where claim_type in ('inpatient', 'snf') and bene_id is not null and admit_date <= discharge_date
)
select *, count(*) filter (until is null or admit_date > until) over (
    partition by source, claim_type, bene_id, provider_id_type, provider_id
    order by admit_date, discharge_date, claim_id) as stay_no
from c;

create table inpatient_stay as
with stay as (
  select source, claim_type as setting, bene_id, provider_id, provider_id_type,
    list(claim_id order by admit_date, discharge_date, claim_id) as ids,
    first(provider_state order by admit_date, discharge_date, claim_id) filter (provider_state is not null)
      as provider_state,
    first(attending_npi order by admit_date, discharge_date, claim_id) filter (attending_npi is not null)
      as attending_npi,
    min(admit_date) as admit_date, max(discharge_date) as discharge_date, sum(covered_days) as covered_days,
    last(discharge_status order by admit_date, discharge_date, claim_id) as discharge_status,
    first(admission_type order by admit_date, discharge_date, claim_id) as admission_type,
    first(admission_source order by admit_date, discharge_date, claim_id) as admission_source,
    last(drg order by admit_date, discharge_date, claim_id) filter (drg is not null) as drg,
    first(primary_dx order by admit_date, discharge_date, claim_id) filter (primary_dx is not null) as primary_dx,
    first(dx_code_system order by admit_date, discharge_date, claim_id) filter (primary_dx is not null)
      as dx_code_system,
    first(admit_dx order by admit_date, discharge_date, claim_id) filter (admit_dx is not null) as admit_dx,
    sum(payment_usd) as payment_usd, sum(total_charge_usd) as total_charge_usd, count(*) as claims_n,
    bool_and(is_denied) as is_denied
  from stay_claim group by source, claim_type, bene_id, provider_id, provider_id_type, stay_no
), ordered as (
  select *, setting || ':' || ids[1] as stay_id,
    coalesce(admit_date < max(discharge_date) over (
      partition by source, setting, bene_id order by admit_date, discharge_date, stay_id
      rows between unbounded preceding and 1 preceding), false) as overlapping
  from stay
), chained as (  -- the stays that overlap none, each with the one before; and beside them those that overlap
  select *, overlapping or not coalesce(
      admit_date - lag(discharge_date) over w in (0, 1)
        and (provider_id, provider_id_type) is distinct from (lag(provider_id) over w, lag(provider_id_type) over w),
      false) as opens
  from ordered
  window w as (partition by source, setting, bene_id, overlapping order by admit_date, discharge_date, stay_id)
), numbered as (
  select *, count(*) filter (opens) over (
      partition by source, setting, bene_id, overlapping order by admit_date, discharge_date, stay_id) as episode_no
  from chained
)
select source, stay_id, setting, bene_id, provider_id, provider_id_type, provider_state, attending_npi, admit_date,
  discharge_date, greatest(1, discharge_date - admit_date) as los_days, covered_days, discharge_status, admission_type,
  admission_source, drg, primary_dx, dx_code_system, admit_dx, payment_usd, total_charge_usd, claims_n,
  list_sort(ids) as claim_ids, is_denied, first_value(stay_id) over w as episode_id, row_number() over w as episode_seq,
  lead(stay_id) over w is null as is_episode_end, overlapping as overlaps_other_provider, year(discharge_date) as year,
  date_trunc('month', discharge_date)::date as month
from numbered
window w as (partition by source, setting, bene_id, overlapping, episode_no order by admit_date, discharge_date,
  stay_id);

-- Diagnoses and procedures of hospital stays with the names of the lists that they are in.
create table listed_code as
with code as (
  select distinct 'dx' as code_kind, dx_code_system as code_system, primary_dx as code from inpatient_stay
  union select 'px', code_system, code from claim_procedure
)
select code_kind, code_system, code, ccs_category is not null as categorized,
  list(list_name) filter (
    (list_code_kind = 'ccs' and ccs_category = list_code)
    or (list_code_kind = lower(code_system) and starts_with(code, list_code))) as lists
from code left join clm_ccs using (code_kind, code_system, code) left join clm_hwr_list on true
group by all;

create table readmission_index as
with lists_loaded as (
  select (select count(*) from clm_hwr_list) > 0 and (select count(distinct code_kind) from clm_ccs) = 2 as loaded
), born as (
  select source, bene_id, arg_max(birth_date, valid_from) filter (birth_date is not null) as birth_date,
    max(death_date) as death_date
  from clm_beneficiary group by all
), episode as (
  select l.source, l.episode_id, l.bene_id, l.stay_id, a.stays_n, l.provider_id, l.provider_id_type, l.provider_state,
    a.admit_date, l.discharge_date, l.year, l.month, greatest(1, l.discharge_date - a.admit_date) as los_days,
    l.discharge_status, l.drg, l.primary_dx, l.dx_code_system,
    left(l.primary_dx, case when l.dx_code_system = 'ICD9' and l.primary_dx[1] = 'E' then 4 else 3 end) as dx_category,
    a.payment_usd, age_on(birth_date, l.discharge_date) as age_at_discharge, death_date,
    l.discharge_status is distinct from '20' and (death_date is null or death_date > l.discharge_date)
      as alive_at_discharge,
    coalesce(l.discharge_date + 30 <= inpatient_end_date, false) as readmit_observable
  from inpatient_stay l
  join (
    select source, episode_id, count(*) as stays_n, min(admit_date) as admit_date, sum(payment_usd) as payment_usd
    from inpatient_stay where setting = 'inpatient' group by all) a using (source, episode_id)
  left join born using (source, bene_id)
  left join claims_extent x on x.source = l.source
  where l.is_episode_end and l.setting = 'inpatient'
), elsewhere as (  -- in another hospital when this one discharged
  select distinct e.source, e.episode_id, true as still_in_hospital
  from episode e join episode o on o.source = e.source and o.bene_id = e.bene_id and o.admit_date < e.discharge_date
    and (o.discharge_date > e.discharge_date
      or o.discharge_date = e.discharge_date and o.episode_id > e.episode_id)
), next as (
  select e.source, e.episode_id, n.episode_id as next_episode_id, n.admit_date as next_admit_date
  from episode e join episode n on n.source = e.source and n.bene_id = e.bene_id and n.admit_date > e.discharge_date
  qualify row_number() over (
    partition by e.source, e.episode_id order by n.admit_date, n.discharge_date, n.episode_id) = 1
), indexed as (
  select * replace (coalesce(still_in_hospital, false) as still_in_hospital),
    alive_at_discharge and readmit_observable and still_in_hospital is null as is_index,
    next_admit_date - discharge_date as days_to_next,
    case when is_index then coalesce(days_to_next <= 30, false) end as readmitted
  from episode left join next using (source, episode_id) left join elsewhere using (source, episode_id)
), spent as (
  select i.source, i.episode_id, sum(c.payment_usd) as cost
  from indexed i join claim c on c.source = i.source and c.bene_id = i.bene_id
    and c.from_date between i.discharge_date + 1 and i.discharge_date + 30
  group by all
), enrolled as (  -- part A in the 14 months that end one month after the discharge; SynPUF: in all months of the year
  select i.source, i.episode_id,
    case i.source when 'rif' then (
        select count(*) from clm_enrollment_month m
        where m.source = i.source and m.bene_id = i.bene_id and m.part_a
          and m.month between i.month - interval 12 month and i.month + interval 1 month) = 14
      else exists (
        select 1 from clm_beneficiary_year y
        where y.source = i.source and y.bene_id = i.bene_id and y.year = i.year and y.a_months = 12) end as enrolled
  from indexed i
), operated as (  -- lists of the procedures of a stay
  select s.source, s.stay_id, flatten(list(lists) filter (lists is not null)) as px_lists
  from (select source, stay_id, setting, unnest(claim_ids) as claim_id from inpatient_stay) s
  join claim_procedure p on p.source = s.source and p.claim_type = s.setting and p.claim_id = s.claim_id
  join listed_code l on l.code_kind = 'px' and l.code_system = p.code_system and l.code = p.code
  group by all
), judged as (
  select i.*, case when readmitted then next_episode_id end as readmission_stay_id, r.payment_usd as r_payment,
    case
      when not is_index then 'no_index'
      when age_at_discharge is null or age_at_discharge < 65 then 'age'
      when not enrolled then 'enrollment'
      when i.discharge_status = '07' then 'against_advice'
      when i.primary_dx is null or not coalesce(d.categorized, false) then 'no_diagnosis'
      when list_contains(d.lists, 'excluded_cancer_dx') then 'cancer'
      when list_contains(d.lists, 'excluded_psychiatric_dx') then 'psychiatric'
      when list_contains(d.lists, 'excluded_rehabilitation_dx') then 'rehabilitation'
      else 'none' end as exclusion,
    coalesce(list_contains(px_lists, 'always_planned_px'), false)
      or coalesce(list_contains(rd.lists, 'always_planned_dx'), false)
      or (coalesce(list_contains(px_lists, 'potentially_planned_px'), false)
        and not coalesce(list_contains(rd.lists, 'acute_dx'), false)) as is_planned
  from indexed i
  left join enrolled e on e.source = i.source and e.episode_id = i.episode_id
  left join listed_code d on d.code_kind = 'dx' and d.code_system = i.dx_code_system and d.code = i.primary_dx
  left join inpatient_stay r on r.source = i.source and r.stay_id = i.next_episode_id
  left join listed_code rd on rd.code_kind = 'dx' and rd.code_system = r.dx_code_system and rd.code = r.primary_dx
  left join operated o on o.source = i.source and o.stay_id = i.next_episode_id
)
select source, episode_id, bene_id, stay_id, stays_n, provider_id, provider_id_type, provider_state, admit_date,
  discharge_date, year, month, los_days, discharge_status, drg, primary_dx, dx_code_system, dx_category, payment_usd,
  age_at_discharge, alive_at_discharge, still_in_hospital, readmit_observable, is_index, next_episode_id, next_admit_date, days_to_next,
  readmitted, readmission_stay_id, case when readmitted then r_payment end as readmission_payment_usd,
  exists (
    select 1 from indexed p where p.source = j.source and p.next_episode_id = j.episode_id and p.readmitted)
      as is_readmission,
  case when is_index then coalesce(cost, 0) end as cost_30d_usd,
  case when loaded then exclusion end as hwr_exclusion, case when loaded then exclusion = 'none' end as hwr_index,
  case when loaded and readmitted then is_planned end as planned,
  case when hwr_index then readmitted and not coalesce(planned, false) end as unplanned_readmitted
from judged j left join spent using (source, episode_id) cross join lists_loaded;

create table snf_readmission as
with followed as (
  select s.*, e.episode_id as hospital_episode, e.provider_id as hospital_provider_id,
    e.discharge_date as hospital_discharge_date, e.year as hospital_year, e.is_index, e.readmitted, e.planned,
    e.hwr_exclusion
  from inpatient_stay s
  join readmission_index e on e.source = s.source and e.bene_id = s.bene_id
    and s.admit_date - e.discharge_date in (0, 1)
  where s.setting = 'snf'
  qualify row_number() over (
    partition by s.source, s.stay_id order by e.discharge_date desc, e.episode_id desc) = 1
)
select source, stay_id, bene_id, provider_id, provider_id_type, provider_state, admit_date, los_days,
  hospital_episode as episode_id, hospital_provider_id, hospital_discharge_date, hospital_year as year, is_index,
  readmitted,
  planned, case when is_index and hwr_exclusion is not null then readmitted and not coalesce(planned, false) end
    as unplanned_readmitted
from followed
qualify row_number() over (partition by source, hospital_episode order by admit_date, stay_id) = 1;

create table snf_readmission_rate as
with dated as (
  select *, year::varchar as period from snf_readmission
  union all by name select * exclude (year), null::int as year, 'all' as period from snf_readmission
), grouped as (
  select *, 'all' as group_by, 'all' as group_value from dated
  union all select *, 'provider', coalesce(provider_id_type || ':' || provider_id, 'unknown') from dated
  union all select *, 'state', coalesce(provider_state, 'unknown') from dated
)
select g.source, period, year, group_by, group_value, any_value(n.provider_name) as group_label,
  count(*) as snf_stays_n, count(*) filter (is_index) as index_n, count(*) filter (readmitted) as readmitted_n,
  readmitted_n / nullif(index_n, 0) as readmit_rate,
  case when count(unplanned_readmitted) > 0 then count(*) filter (unplanned_readmitted) end as unplanned_n,
  unplanned_n / nullif(index_n, 0) as unplanned_readmit_rate
from grouped g
left join clm_provider_name n on group_by = 'provider' and group_value = n.provider_id_type || ':' || n.provider_id
group by g.source, period, year, group_by, group_value;

create table readmission_cost as
with i as (
  select r.*, age_band, sex, race, state, dual
  from readmission_index r left join patient_year p using (source, bene_id, year)
  where is_index
), grouped as (
  select i.* exclude (readmitted, cost_30d_usd, readmission_payment_usd), readmitted, cost_30d_usd,
    readmission_payment_usd,
    unnest([
      struct_pack(group_by := 'all', value := 'all', label := null::varchar),
      struct_pack(group_by := 'age_band', value := age_band, label := null),
      struct_pack(group_by := 'sex', value := sex, label := null),
      struct_pack(group_by := 'race', value := race, label := null),
      struct_pack(group_by := 'state', value := state, label := null),
      struct_pack(group_by := 'dual', value := dual::varchar, label := null),
      struct_pack(group_by := 'dx_category', value := dx_code_system || ':' || dx_category, label := null),
      struct_pack(group_by := 'drg', value := i.drg, label := d.drg_title),
      struct_pack(group_by := 'provider', value := provider_id_type || ':' || provider_id, label := provider_name)])
      as g
  from i
  left join clm_drg d on d.drg = i.drg
  left join clm_provider_name using (provider_id_type, provider_id)
), all_groups as (
  select source, year, g.group_by, coalesce(g.value, 'unknown') as group_value, g.label as group_label, readmitted,
    readmission_payment_usd, cost_30d_usd
  from grouped
  union all
  select i.source, i.year, 'condition', condition, null, readmitted, readmission_payment_usd, cost_30d_usd
  from i join chronic_condition c using (source, bene_id, year) where dx_flag
), periods as (
  select *, year::varchar as period, year as period_year from all_groups
  union all select *, 'all', null from all_groups
)
select source, period, period_year as year, group_by, group_value, max(group_label) as group_label, count(*) as index_n,
  count(*) filter (readmitted) as readmitted_n, readmitted_n / nullif(index_n, 0) as readmit_rate,
  coalesce(sum(readmission_payment_usd), 0) as readmission_cost_total,
  readmission_cost_total / nullif(readmitted_n, 0) as cost_per_readmission_usd,
  coalesce(sum(cost_30d_usd) filter (readmitted), 0) as cost_30d_with_usd,
  cost_30d_with_usd / nullif(readmitted_n, 0) as cost_30d_with_usd_mean,
  coalesce(sum(cost_30d_usd) filter (not readmitted), 0) as cost_30d_without_usd,
  count(*) filter (not readmitted) as cost_30d_without_n,
  cost_30d_without_usd / nullif(cost_30d_without_n, 0) as cost_30d_without_usd_mean,
  cost_30d_with_usd_mean - cost_30d_without_usd_mean as excess
from periods group by source, period, period_year, group_by, group_value;
