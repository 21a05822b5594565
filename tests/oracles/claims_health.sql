-- What is known of a patient's health once more, in the SQL of DuckDB, written from the model page: years of patients,
-- visits, comorbidity, chronic conditions and drugs. Inputs: silver and the shipped lists.

create table patient_spine as
select distinct s.source, s.bene_id, s.year, b.bene_id is not null as has_beneficiary_year
from (
  select source, bene_id, year from clm_beneficiary_year
  union select source, bene_id, year(from_date) from claim
  union select source, bene_id, year(service_date) from drug_event) as s(source, bene_id, year)
left join clm_beneficiary_year b using (source, bene_id, year)
where s.bene_id is not null and s.year is not null;

create table clm_visit as
with shown as (  -- the lines that show a visit; a line may show one of each kind
  select 'ed' as visit_type, null as visit_with, *,
    case when hcpcs between '99281' and '99285' then hcpcs end as visit_code
  from claim_line
  where hcpcs between '99281' and '99285'
    or (claim_type = 'outpatient' and (revenue_center between '0450' and '0459' or revenue_center = '0981'))
  union all
  select 'office', coalesce(performing_npi, 'claim:' || claim_id), *, hcpcs
  from claim_line where claim_type = 'carrier' and hcpcs between '99201' and '99215'
), smallest as (
  select *, row_number() over w as nth, max(visit_code) over p as highest,
    bool_or(visit_code in ('99205', '99215')) over p as top, count(*) over p as lines
  from shown where bene_id is not null and line_date is not null
  window p as (partition by source, visit_type, bene_id, line_date, visit_with),
    w as (partition by source, visit_type, bene_id, line_date, visit_with order by claim_type, claim_id, line_no)
)
select source, visit_type, bene_id, line_date as visit_date, visit_with, year(line_date) as year,
  date_trunc('month', line_date)::date as month, claim_type, claim_id, highest as hcpcs,
  case when visit_type = 'office' then top end as is_top_level, specialty, place_of_service,
  lines as visit_lines_n
from smallest where nth = 1;

create table charlson as
with dx as (  -- codes of a person's years, and the same codes for the year after
  select distinct source, bene_id, year + unnest([0, 1]) as year, code_system, code
  from claim_diagnosis
  where claim_type in ('inpatient', 'outpatient') and dx_type in ('principal', 'secondary')
), found as (
  select source, bene_id, year, list(distinct "group") as g
  from dx join charlson_quan_2005 q on q.code_system = dx.code_system and starts_with(dx.code, q.code_prefix)
  group by all
), comorbid as (
  select source, bene_id, year, list(distinct comorbidity) as e
  from dx join clm_elixhauser q on q.code_system = dx.code_system and starts_with(dx.code, q.code_prefix)
  group by all
), weights as (
  select comorbidity, min(comorbidity_weight) as points from clm_elixhauser group by comorbidity
), points as (
  select source, bene_id, year, sum(points) as van_walraven
  from (select source, bene_id, year, unnest(e) as comorbidity from comorbid) join weights using (comorbidity)
  group by all
), known as (
  select s.source, s.bene_id, s.year, coalesce(g, []) as g,
    case when (select count(*) from clm_elixhauser) > 0 then coalesce(e, []) end as e, coalesce(van_walraven, 0) as vw, age_end
  from patient_spine s
  left join found using (source, bene_id, year)
  left join comorbid using (source, bene_id, year)
  left join points using (source, bene_id, year)
  left join clm_beneficiary_year using (source, bene_id, year)
), flagged as (
  select *,
    list_contains(g, 'mi') as ch_mi, list_contains(g, 'chf') as ch_chf, list_contains(g, 'pvd') as ch_pvd,
    list_contains(g, 'cvd') as ch_cvd, list_contains(g, 'dementia') as ch_dementia, list_contains(g, 'copd') as ch_copd,
    list_contains(g, 'rheumatic') as ch_rheumatic, list_contains(g, 'ulcer') as ch_ulcer,
    list_contains(g, 'liver_mild') as ch_liver_mild, list_contains(g, 'diabetes') as ch_diabetes,
    list_contains(g, 'diabetes_complicated') as ch_diabetes_complicated, list_contains(g, 'plegia') as ch_plegia,
    list_contains(g, 'renal') as ch_renal, list_contains(g, 'cancer') as ch_cancer,
    list_contains(g, 'liver_severe') as ch_liver_severe, list_contains(g, 'metastatic') as ch_metastatic,
    list_contains(g, 'aids') as ch_aids
  from known
), indexed as (  -- the original weights; the mild form of a pair only without the severe one
  select *, ch_mi::int + ch_chf::int + ch_pvd::int + ch_cvd::int + ch_dementia::int + ch_copd::int + ch_rheumatic::int
    + ch_ulcer::int + (ch_liver_mild and not ch_liver_severe)::int + (ch_diabetes and not ch_diabetes_complicated)::int
    + 2 * (ch_diabetes_complicated::int + ch_plegia::int + ch_renal::int + (ch_cancer and not ch_metastatic)::int)
    + 3 * ch_liver_severe::int + 6 * (ch_metastatic::int + ch_aids::int) as charlson
  from flagged
)
select source, bene_id, year, charlson, ch_mi, ch_chf, ch_pvd, ch_cvd, ch_dementia, ch_copd, ch_rheumatic, ch_ulcer,
  ch_liver_mild, ch_diabetes, ch_diabetes_complicated, ch_plegia, ch_renal, ch_cancer, ch_liver_severe, ch_metastatic,
  ch_aids,
  charlson + case when age_end >= 80 then 4 when age_end >= 70 then 3 when age_end >= 60 then 2 when age_end >= 50 then 1
    when age_end is not null then 0 end as charlson_age_adjusted,
  list_contains(e, 'chf') as elix_chf, list_contains(e, 'arrhythmia') as elix_arrhythmia,
  list_contains(e, 'valvular') as elix_valvular, list_contains(e, 'pulmonary_circulation') as elix_pulmonary_circulation,
  list_contains(e, 'pvd') as elix_pvd, list_contains(e, 'hypertension') as elix_hypertension,
  list_contains(e, 'hypertension_complicated') as elix_hypertension_complicated,
  list_contains(e, 'paralysis') as elix_paralysis, list_contains(e, 'neurological') as elix_neurological,
  list_contains(e, 'pulmonary') as elix_pulmonary, list_contains(e, 'diabetes') as elix_diabetes,
  list_contains(e, 'diabetes_complicated') as elix_diabetes_complicated,
  list_contains(e, 'hypothyroidism') as elix_hypothyroidism, list_contains(e, 'renal') as elix_renal,
  list_contains(e, 'liver') as elix_liver, list_contains(e, 'ulcer') as elix_ulcer, list_contains(e, 'aids') as elix_aids,
  list_contains(e, 'lymphoma') as elix_lymphoma, list_contains(e, 'metastatic') as elix_metastatic,
  list_contains(e, 'solid_tumor') as elix_solid_tumor, list_contains(e, 'rheumatoid') as elix_rheumatoid,
  list_contains(e, 'coagulopathy') as elix_coagulopathy, list_contains(e, 'obesity') as elix_obesity,
  list_contains(e, 'weight_loss') as elix_weight_loss, list_contains(e, 'fluid_electrolyte') as elix_fluid_electrolyte,
  list_contains(e, 'blood_loss_anemia') as elix_blood_loss_anemia,
  list_contains(e, 'deficiency_anemia') as elix_deficiency_anemia, list_contains(e, 'alcohol') as elix_alcohol,
  list_contains(e, 'drug') as elix_drug, list_contains(e, 'psychosis') as elix_psychosis,
  list_contains(e, 'depression') as elix_depression, len(e) as elixhauser_n, case when e is not null then vw end as van_walraven
from indexed;

create table chronic_condition as
with rules as (
  select distinct "group" as condition, "group" as part, lookback_years::int as years, rule from chronic_groups
), shown as (  -- claims that show a group, with the day and whether they are a facility's
  select distinct source, bene_id, "group" as part, claim_type, claim_id, from_date, claim_diagnosis.year as dx_year,
    claim_type in ('inpatient', 'snf', 'hha') as ip
  from claim_diagnosis
  join chronic_groups g on g.code_system = claim_diagnosis.code_system and starts_with(code, g.code_prefix)
  where dx_type in ('principal', 'secondary', 'line') and claim_type in ('inpatient', 'snf', 'hha', 'outpatient', 'carrier')
), counted as (
  select s.source, s.bene_id, s.year, r.condition, r.rule, count(*) filter (ip) as ip_claims_n,
    count(*) filter (not ip) as op_claims_n, min(from_date) as first_dx_date, max(from_date) as last_dx_date,
    max(from_date) filter (not ip) - min(from_date) filter (not ip) as op_days, last_dx_date - first_dx_date as days
  from patient_spine s
  join shown d using (source, bene_id)
  join rules r using (part)
  where d.dx_year between s.year - (r.years - 1) and s.year
  group by all
), ruled as (
  select *, case rule when 'any1' then true when 'any2' then days >= 1
    when 'ip1_op2' then ip_claims_n >= 1 or coalesce(op_days >= 1, false) end as dx_flag
  from counted
), cancers as (  -- claims of any of the four, each once
  select s.source, s.bene_id, s.year, count(distinct (claim_type, claim_id)) filter (ip) as ip_claims_n,
    count(distinct (claim_type, claim_id)) filter (not ip) as op_claims_n, min(from_date) as first_dx_date,
    max(from_date) as last_dx_date
  from patient_spine s
  join shown d using (source, bene_id)
  join rules r using (part)
  where part like 'cancer\_%' escape '\' and d.dx_year between s.year - (r.years - 1) and s.year
  group by all
), by_dx as (
  select source, bene_id, year, condition, dx_flag, ip_claims_n, op_claims_n, first_dx_date, last_dx_date from ruled
  union all
  select source, bene_id, year, 'cancer', (source, bene_id, year) in (
      select (source, bene_id, year) from ruled where dx_flag and condition like 'cancer\_%' escape '\'),
    ip_claims_n, op_claims_n, first_dx_date, last_dx_date
  from cancers
), by_flag as (
  select source, bene_id, year, f.condition, f.flag as sp_flag
  from (
    select source, bene_id, year, unnest([
      struct_pack(condition := 'alzheimer', flag := sp_alzhdmta), struct_pack(condition := 'heart_failure', flag := sp_chf),
      struct_pack(condition := 'kidney', flag := sp_chrnkidn), struct_pack(condition := 'cancer', flag := sp_cncr),
      struct_pack(condition := 'copd', flag := sp_copd), struct_pack(condition := 'depression', flag := sp_depressn),
      struct_pack(condition := 'diabetes', flag := sp_diabetes),
      struct_pack(condition := 'ischemic_heart', flag := sp_ischmcht),
      struct_pack(condition := 'osteoporosis', flag := sp_osteoprs), struct_pack(condition := 'arthritis', flag := sp_ra_oa),
      struct_pack(condition := 'stroke', flag := sp_strketia)]) as f
    from clm_beneficiary_year)
)
select source, bene_id, year, condition, coalesce(dx_flag, false) as dx_flag, sp_flag,
  coalesce(ip_claims_n, 0) as ip_claims_n, coalesce(op_claims_n, 0) as op_claims_n, first_dx_date, last_dx_date
from by_dx full join by_flag using (source, bene_id, year, condition)
where dx_flag or sp_flag;

create table drug_adherence as
with fills as (
  select *, left(ndc, 9) as ndc9, make_date(year, 12, 31) as year_end
  from drug_event where bene_id is not null and ndc is not null and year is not null
), covered as (
  select source, bene_id, year, ndc9, count(distinct day) as days
  from (
    select source, bene_id, year, ndc9,
      unnest(generate_series(service_date, least(service_date + days_supply - 1, year_end), interval 1 day)) as day
    from fills where days_supply > 0)
  group by all
)
select source, bene_id, year, ndc9, any_value(drug_name) as drug_name, any_value(drug_class) as drug_class,
  count(*) as fills_n, min(service_date) as first_fill_date, max(service_date) as last_fill_date,
  coalesce(sum(days_supply), 0) as supply_days_sum, coalesce(any_value(days), 0) as covered_drug_days,
  any_value(year_end) - first_fill_date + 1 as observed_drug_days,
  case when count(days_supply) > 0 then covered_drug_days / observed_drug_days end as pdc,
  sum(total_cost_usd) as rx_cost_usd, sum(patient_pay_usd) as patient_pay_usd
from fills
left join covered using (source, bene_id, year, ndc9)
left join clm_ndc using (ndc9)
group by source, bene_id, year, ndc9;
