-- The star of the claims and the providers it rests on once more, in the SQL of DuckDB, written from the model page.
-- Inputs: silver, inpatient_stay among it, and the shipped lists; every statement makes one table or macro.

create macro hash_key(text) as coalesce(('0x' || substr(sha256(text), 1, 15))::bigint, -1);
create macro provider_hash(source, kind, number) as hash_key(source || '|' || kind || '|' || number);
create macro day_key(d) as (year(d) * 10000 + month(d) * 100 + day(d))::int;
create macro category_of(system, code) as left(code, case when system = 'ICD9' and code[1] = 'E' then 4 else 3 end);

-- One row for each place where a provider number stands: a claim, a line or a fill, and the role.
create table provider_seen as
with of_claim as (
  select source, claim_type, claim_id, null::int as line_no, from_date as seen, provider_state as state,
    null as specialty,
    unnest([
      struct_pack(role := 'billing', kind := provider_id_type, number := provider_id),
      struct_pack(role := 'organization', kind := 'NPI', number := org_npi),
      struct_pack(role := 'attending', kind := 'NPI', number := attending_npi),
      struct_pack(role := 'attending', kind := 'UPIN', number := attending_upin),
      struct_pack(role := 'operating', kind := 'NPI', number := operating_npi),
      struct_pack(role := 'operating', kind := 'UPIN', number := operating_upin),
      struct_pack(role := 'other', kind := 'NPI', number := other_npi),
      struct_pack(role := 'other', kind := 'UPIN', number := other_upin),
      struct_pack(role := 'performing', kind := 'NPI', number := performing_npi),
      struct_pack(role := 'referring', kind := 'NPI', number := referring_npi),
      struct_pack(role := 'referring', kind := 'UPIN', number := referring_upin)], recursive := true)
  from claim
), of_line as (
  select source, claim_type, claim_id, line_no, line_date as seen, provider_state as state, specialty,
    unnest([
      struct_pack(role := 'performing', kind := 'NPI', number := performing_npi),
      struct_pack(role := 'performing', kind := 'UPIN', number := performing_upin),
      struct_pack(role := 'supplier', kind := 'SUPPLIER', number := supplier_id),
      struct_pack(role := 'tax', kind := 'TAX', number := tax_number)], recursive := true)
  from claim_line
), of_fill as (
  select source, 'pde' as claim_type, event_id as claim_id, null::int as line_no, service_date as seen, null as state,
    null as specialty,
    unnest([
      struct_pack(role := 'prescriber', kind := prescriber_id_type, number := prescriber),
      struct_pack(role := 'pharmacy', kind := pharmacy_id_type, number := pharmacy)], recursive := true)
  from drug_event
), everywhere as (
  select * from of_claim union all select * from of_line union all select * from of_fill
)
select * from everywhere where kind is not null and number is not null;

create table clm_provider as
with state_count as (  -- a claim or a line counts once, whatever the number of roles it shows the provider in
  select source, kind, number, state, count(*) as n
  from (
    select distinct source, kind, number, state, claim_type, claim_id, line_no from provider_seen
    where state is not null and role in ('billing', 'organization', 'performing', 'supplier'))
  group by all
), states as (
  select source, kind, number, arg_min(state, (-n, state)) as state from state_count group by all
), specialty_count as (
  select source, kind, number, specialty, count(*) as n
  from (
    select distinct source, kind, number, specialty, claim_type, claim_id, line_no from provider_seen
    where specialty is not null and line_no is not null and role in ('performing', 'supplier'))
  group by all
), specialties as (
  select source, kind, number, arg_min(specialty, (-n, specialty)) as specialty from specialty_count group by all
)
select source, kind as provider_id_type, number as provider_id,
  bool_or(role = 'organization' or (role = 'billing' and kind = 'CCN')) as is_facility,
  any_value(s.state) as state, any_value(p.specialty) as specialty, min(seen) as first_seen_date,
  max(seen) as last_seen_date, array_to_string(list_sort(list(distinct claim_type)), ' ') as claim_types,
  array_to_string(list_sort(list(distinct role)), ' ') as roles, count(distinct (claim_type, claim_id)) as claims_n
from provider_seen e
left join states s using (source, kind, number)
left join specialties p using (source, kind, number)
group by source, kind, number;

create table claims_extent as
with c as (
  select source, min(from_date) as first_claim_date, max(thru_date) as last_claim_date,
    max(thru_date) filter (claim_type = 'inpatient') as inpatient_end_date, count(*) as claims_n
  from claim group by source
), f as (
  select source, min(service_date) as first_fill_date, max(service_date) as last_fill_date, count(*) as fills_n
  from drug_event group by source
), b as (
  select source, min(year) as beneficiary_first_year, max(year) as beneficiary_last_year,
    count(distinct bene_id) as people_n
  from clm_beneficiary_year group by source
), s as (
  select source from c union select source from f union select source from b
)
select source, first_claim_date, last_claim_date, inpatient_end_date, first_fill_date, last_fill_date,
  beneficiary_first_year, beneficiary_last_year, coalesce(claims_n, 0) as claims_n, coalesce(fills_n, 0) as fills_n,
  coalesce(people_n, 0) as people_n
from s left join c using (source) left join f using (source) left join b using (source);

create table dim_patient as
select hash_key(source || '|' || bene_id || '|' || strftime(valid_from, '%Y-%m-%d')) as patient_key, source, bene_id,
  birth_date, death_date, death_date is not null as is_deceased, sex, race, state, county, zip, esrd, dual,
  valid_from, valid_to, is_current
from clm_beneficiary
union all by name
select -1 as patient_key, 'unknown' as source;

create table dim_provider as
select provider_hash(source, provider_id_type, provider_id) as provider_key, source, provider_id_type, provider_id,
  provider_name, state, specialty, first_seen_date, last_seen_date, is_facility, claim_types
from clm_provider left join clm_provider_name using (provider_id_type, provider_id)
union all by name
select -1 as provider_key, 'unknown' as source;

create table dim_diagnosis as
with codes as (
  select distinct code_system, code, is_valid_code, category_of(code_system, code) as dx_category from claim_diagnosis
  where code_system is not null  -- a code of no known system is the unknown diagnosis
), chronic as (
  select code_system, code, array_to_string(list_sort(list(distinct "group")), ' ') as chronic_group
  from codes c join chronic_groups g using (code_system) where starts_with(code, g.code_prefix) group by all
), comorbid as (
  select code_system, code, array_to_string(list_sort(list(distinct "group")), ' ') as charlson_group
  from codes c join charlson_quan_2005 g using (code_system) where starts_with(code, g.code_prefix) group by all
)
select hash_key(code_system || '|' || code) as diagnosis_key, code_system, code, is_valid_code, description,
  dx_category,
  case when is_valid_code then chapter end as dx_chapter, ccs_category, ccs_description, chronic_group, charlson_group
from codes c
left join (select * from clm_icd where code_kind = 'dx') using (code_system, code)
left join (select * from clm_ccs where code_kind = 'dx') using (code_system, code)
left join icd_chapters i on i.code_system = c.code_system and dx_category between first_category and last_category
left join chronic using (code_system, code)
left join comorbid using (code_system, code)
union all by name
select -1 as diagnosis_key;

create table dim_date as
with span as (
  select least(min(first_claim_date), min(first_fill_date)) as first_day,
    greatest(max(last_claim_date), max(last_fill_date)) as last_day
  from claims_extent
), days as (
  select unnest(generate_series(date_trunc('year', first_day),
    date_trunc('year', last_day) + interval 1 year - interval 1 day,
    interval 1 day))::date as d
  from span
)
select day_key(d) as date_key, d as calendar_date, year(d) as year, year(d) || 'Q' || quarter(d) as quarter,
  month(d) as month_no, day(d) as day_of_month, isoyear(d) as iso_year, weekofyear(d) as iso_week, isodow(d) as weekday,
  dayname(d) as weekday_name, isodow(d) in (6, 7) as is_weekend, year(d) + (month(d) >= 10)::int as fiscal_year,
  date_trunc('month', d)::date as month_start_date, last_day(d) as month_end_date
from days;

-- The versions of a person with the days on which each is taken: a day before the first belongs to the first, and a day
-- after the last to the last.
create table versions as
select source, bene_id, patient_key,
  case when row_number() over w = 1 then date '0001-01-01' else valid_from end as taken_from,
  coalesce(lead(valid_from) over w, date '9999-12-31') as taken_before
from dim_patient where patient_key <> -1
window w as (partition by source, bene_id order by valid_from);

create table fact_claims as
with stays as (
  select source, setting as claim_type, unnest(claim_ids) as claim_id, stay_id from inpatient_stay
)
select c.source, c.claim_type, c.claim_id, c.bene_id, coalesce(v.patient_key, -1) as patient_key,
  provider_hash(c.source, provider_id_type, provider_id) as provider_key,
  hash_key(dx_code_system || '|' || primary_dx) as primary_diagnosis_key,
  day_key(from_date) as from_date_key, day_key(thru_date) as thru_date_key, day_key(admit_date) as admit_date_key,
  day_key(discharge_date) as discharge_date_key, from_date, year(from_date) as claim_year,
  date_trunc('month', from_date)::date as month, drg, payment_usd, primary_payer_usd, bene_deductible_usd,
  bene_coinsurance_usd, total_charge_usd, allowed_usd, covered_days, line_n, segment_n,
  case when c.claim_type in ('inpatient', 'snf') and discharge_date >= admit_date
    then greatest(1, discharge_date - admit_date) end as los_days,
  stay_id, is_high_cost, is_denied
from claim c
left join versions v on v.source = c.source and v.bene_id = c.bene_id
  and coalesce(c.from_date, date '9999-12-30') >= taken_from and coalesce(c.from_date, date '9999-12-30') < taken_before
left join stays s on s.source = c.source and s.claim_type = c.claim_type and s.claim_id = c.claim_id;

create table fact_claim_lines as
select l.source, l.claim_type, l.claim_id, line_no, l.bene_id, coalesce(patient_key, -1) as patient_key,
  coalesce(provider_key, -1) as provider_key, provider_hash(l.source, 'NPI', performing_npi) as performing_provider_key,
  hash_key(line_dx_code_system || '|' || line_dx) as line_diagnosis_key, day_key(line_date) as line_date_key, line_date,
  claim_year, hcpcs, modifiers, revenue_center, place_of_service, specialty, units, line_payment_usd, line_allowed_usd,
  line_deductible_usd, line_coinsurance_usd, line_primary_payer_usd, line_charge_usd, line_noncovered_usd,
  processing_code,
  is_denied
from claim_line l left join fact_claims f using (source, claim_type, claim_id);

create table fact_prescriptions as
select e.source, event_id, e.bene_id, coalesce(patient_key, -1) as patient_key,
  provider_hash(e.source, prescriber_id_type, prescriber) as prescriber_key,
  provider_hash(e.source, pharmacy_id_type, pharmacy) as pharmacy_key, day_key(service_date) as service_date_key,
  service_date, year(service_date) as year, date_trunc('month', service_date)::date as month, ndc, left(ndc, 9) as ndc9,
  drug_name, drug_class, quantity, days_supply, total_cost_usd, patient_pay_usd, plan_pay_usd, lics_usd, other_usd,
  plro_usd,
  total_cost_usd / nullif(days_supply, 0) as cost_per_day_usd, fill_no, brand_generic, prescriber, pharmacy
from drug_event e
left join versions v on v.source = e.source and v.bene_id = e.bene_id
  and coalesce(service_date, date '9999-12-30') >= taken_from
    and coalesce(service_date, date '9999-12-30') < taken_before
left join clm_ndc n on n.ndc9 = left(e.ndc, 9);
